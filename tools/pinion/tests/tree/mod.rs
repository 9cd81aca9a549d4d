//! Machines for tests: trees of `/proc` and `/sys`, each kept as one readable file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A machine's files in a folder of its own.
pub struct Tree(TempDir);

impl Tree {
    /// A machine of which nothing can be read.
    pub fn empty() -> Tree {
        Tree(tempfile::tempdir().unwrap())
    }

    /// Unpacks `fixtures/doctor/NAME.tree`.
    pub fn of(name: &str) -> Tree {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/doctor/{name}.tree"));
        let text = fs::read_to_string(file).unwrap();
        let tree = Tree::empty();
        for part in text.split("\n== ").skip(1) {
            let (path, content) = part.split_once('\n').unwrap_or((part, ""));
            if path.ends_with('/') {
                fs::create_dir_all(tree.path(path)).unwrap();
            } else {
                tree.put(path, content);
            }
        }
        tree
    }

    pub fn root(&self) -> &Path {
        self.0.path()
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    /// Writes a file, with the end of its last line.
    pub fn put(&self, path: &str, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{}\n", content.trim_end_matches('\n'))).unwrap();
    }

    /// Every file with its text, every folder without.
    pub fn contents(&self) -> BTreeMap<PathBuf, Option<String>> {
        let (mut found, mut folders) = (BTreeMap::new(), vec![self.root().to_path_buf()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let text = if path.is_dir() { None } else { Some(fs::read_to_string(&path).unwrap()) };
                if text.is_none() {
                    folders.push(path.clone());
                }
                found.insert(path, text);
            }
        }
        found
    }
}
