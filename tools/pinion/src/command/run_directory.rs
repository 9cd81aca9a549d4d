//! The directory of a run: what must hold before it is used, and what goes when the run's data fails.

use crate::failure::Failure;
use crate::session::fused::shard_directory;
use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A run's directory as it was before the run.
pub struct RunDirectory {
    path: PathBuf,
    /// Directories that the run makes, the outermost first.
    made: Vec<PathBuf>,
    /// What was in it before.
    entries: HashSet<OsString>,
}

impl RunDirectory {
    /// Refuses what cannot hold a journal, or holds one already that the run does not go on from.
    pub fn open(path: &Path, resume: bool) -> Result<RunDirectory, Failure> {
        let shown = path.display();
        if path.exists() && !path.is_dir() {
            return Err(Failure::Usage(format!(
                "error: {shown} is a file; --journal takes a directory, which is made when it is not there, or `off`"
            )));
        }
        let entries = names_in(path);
        let in_shards = shards_of(path).into_iter().flat_map(|shard| names_in(&shard));
        let segments: Vec<OsString> = entries.iter().cloned().chain(in_shards).collect();
        if let Some(segment) = segments.iter().find(|name| is_segment(name))
            && !resume
        {
            return Err(Failure::Usage(format!(
                "error: {shown} already holds a journal ({}); add --resume to go on from it, or choose another \
                 directory. `pinion replay {shown}` and `pinion journal info {shown}` read what is there",
                segment.to_string_lossy()
            )));
        }
        let mut made: Vec<PathBuf> = path
            .ancestors()
            .take_while(|p| !p.as_os_str().is_empty() && !p.exists())
            .map(Path::to_path_buf)
            .collect();
        made.reverse();
        Ok(RunDirectory { path: path.to_path_buf(), made, entries })
    }

    /// Takes away what the run has left, and tells so; what was there before stays.
    pub fn remove_traces(&self) -> String {
        let left = names_in(&self.path);
        if left.is_empty() && !self.path.exists() {
            return String::new();
        }
        for name in left.difference(&self.entries) {
            // What cannot be removed is named below by being there still.
            let path = self.path.join(name);
            let _ = if is_shard(name) { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        }
        for dir in self.made.iter().rev() {
            if std::fs::remove_dir(dir).is_err() {
                break;
            }
        }
        match names_in(&self.path).difference(&self.entries).next() {
            None => format!("\nnothing of the run is kept in {}", self.path.display()),
            Some(_) => format!("\nremove {}: it is incomplete", self.path.display()),
        }
    }
}

fn names_in(dir: &Path) -> HashSet<OsString> {
    std::fs::read_dir(dir)
        .map_or_else(|_| HashSet::new(), |all| all.flatten().map(|e| e.file_name()).collect())
}

/// The directories of a fused run's shards, in their order.
pub fn shards_of(run: &Path) -> Vec<PathBuf> {
    let shard = |k: usize| shard_directory(run, k);
    (0..).map(shard).take_while(|path| path.is_dir()).collect()
}

/// Refuses the directory of a fused run, which holds a journal for each shard and none of its own.
pub fn one_journal(dir: &Path) -> Result<(), Failure> {
    let shards = shards_of(dir);
    let (Some(first), Some(last)) = (shards.first(), shards.last()) else { return Ok(()) };
    Err(Failure::Usage(format!(
        "error: {} is a fused run of {} shards, each with a journal of its own; name one of {} to {}",
        dir.display(),
        shards.len(),
        first.display(),
        last.display()
    )))
}

fn is_shard(name: &OsString) -> bool {
    name.to_string_lossy().starts_with("shard-")
}

fn is_segment(name: &OsString) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("journal-") && (name.ends_with(".seg") || name.ends_with(".seg.zst"))
}
