//! The sources of the hot path name no lock, no print, no file, no socket, and allocate in constructors only.
//!
//! The kernel's filter (`pinion prove system-calls`) finds a lock that is contended; one that is not makes no
//! system call, so the sources are read for it. `tests/hot_modules.txt` lists them. What comes after
//! `#[cfg(test)]` is not looked at. Words that allocate may stand in a constructor, or in a function above which
//! a comment `// cold: why` says when it runs; words that wait or print may stand nowhere.

use std::path::{Path, PathBuf};

/// They wait, print, or reach outside: nowhere.
const NEVER: &[&str] = &[
    "Mutex",
    "RwLock",
    "Condvar",
    "Barrier",
    "mpsc",
    "OnceLock",
    "LazyLock",
    "println!",
    "eprintln!",
    "print!(",
    "dbg!",
    "HashMap",
    "std::net",
    "thread::sleep",
];
/// They allocate: before the seal only.
const BEFORE_THE_SEAL: &[&str] = &[
    "format!",
    ".to_string(",
    ".to_owned(",
    ".to_vec(",
    "String::from",
    ".into_owned(",
    ".to_uppercase(",
    ".to_lowercase(",
    ".join(",
    "vec!",
    "Box::new",
    "Rc::new",
    "Arc::new",
    "std::fs",
    "std::process",
    ".collect(",
    ".collect::<",
    "with_capacity(",
    ".reserve(",
    "Histogram::new",
];
/// Functions that make what they are named after, before the thread is sealed.
const CONSTRUCTORS: &[&str] = &["new", "default", "compile", "build", "open", "of"];
/// What a comment above a function begins with that runs before the seal, or after it was lifted.
const COLD: &str = "// cold: ";

/// A banned word at a line.
#[derive(Debug, PartialEq)]
struct Finding {
    line: usize,
    word: &'static str,
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The name of the function that a line begins.
fn function(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let words = before.split_whitespace().all(|w| {
        w.starts_with("pub") || matches!(w, "const" | "unsafe" | "async" | "extern") || w.ends_with("crate)")
    });
    let name = after.split(|c: char| !(c.is_alphanumeric() || c == '_')).next()?;
    (words && !name.is_empty()).then_some(name)
}

/// The banned words of a source. It is formatted, so a function ends at the first closing brace that stands
/// as far to the right as it began.
fn findings(source: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut cold_until: Option<usize> = None;
    let mut marked = false;
    for (at, line) in source.lines().enumerate() {
        if line.trim_start().starts_with("#[cfg(test)]") {
            break;
        }
        let code = line.trim_start();
        marked |= code.starts_with(COLD) && code.len() > COLD.len() + 10;
        if code.starts_with("//") || code.starts_with("#[") {
            continue;
        }
        if cold_until.is_none()
            && let Some(name) = function(line)
        {
            let one_line = line.trim_end().ends_with('}');
            if (marked || CONSTRUCTORS.contains(&name)) && !one_line {
                cold_until = Some(indent(line));
            }
            let allowed = marked || CONSTRUCTORS.contains(&name);
            marked = false;
            if allowed && one_line {
                found.extend(words(line, NEVER, at));
                continue;
            }
        }
        found.extend(words(line, NEVER, at));
        if cold_until.is_none() {
            found.extend(words(line, BEFORE_THE_SEAL, at));
        }
        if cold_until == Some(indent(line)) && code == "}" {
            cold_until = None;
        }
    }
    found
}

fn words(line: &str, banned: &'static [&'static str], at: usize) -> Vec<Finding> {
    let code = line.split(" // ").next().unwrap_or_default();
    banned.iter().filter(|word| code.contains(**word)).map(|word| Finding { line: at + 1, word }).collect()
}

/// Every source that the list names.
fn hot_sources() -> Vec<PathBuf> {
    let root = pinion_tests::project_root();
    let list = std::fs::read_to_string(root.join("tests/hot_modules.txt")).unwrap();
    let (mut sources, mut taken_out) = (Vec::new(), Vec::new());
    for line in list.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        match line.strip_prefix("- ") {
            Some(path) => taken_out.push(root.join(path)),
            None => gather(&root.join(line), &mut sources),
        }
    }
    for path in &taken_out {
        assert!(sources.contains(path), "{} is taken out and is not there", path.display());
    }
    sources.retain(|path| !taken_out.contains(path));
    sources
}

fn gather(path: &Path, sources: &mut Vec<PathBuf>) {
    assert!(path.exists(), "{} is listed in tests/hot_modules.txt and is not there", path.display());
    if path.is_file() {
        sources.push(path.to_path_buf());
        return;
    }
    for entry in std::fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() || path.extension().is_some_and(|e| e == "rs") {
            gather(&path, sources);
        }
    }
}

#[test]
fn hot_modules_neither_wait_nor_print_nor_allocate_after_their_construction() {
    let sources = hot_sources();
    assert!(sources.len() > 80, "{} sources", sources.len());
    let root = pinion_tests::project_root();
    let mut all = String::new();
    for path in sources {
        for Finding { line, word } in findings(&std::fs::read_to_string(&path).unwrap()) {
            all += &format!("{}:{line}: {word}\n", path.strip_prefix(&root).unwrap().display());
        }
    }
    assert!(all.is_empty(), "in hot modules:\n{all}");
}

/// The control: each banned word in a hot function is found, and none where it may stand.
#[test]
fn every_banned_word_is_found_where_it_is_planted() {
    let planted = |word: &str, head: &str| {
        format!("impl Book {{\n    {head}    fn apply(&mut self) {{\n        let x = {word};\n    }}\n}}\n")
    };
    let cold = "// cold: a reason that can be read\n";
    for word in NEVER.iter().chain(BEFORE_THE_SEAL) {
        let found = findings(&planted(word, ""));
        assert!(found.iter().any(|f| f.word == *word), "{word} was not found");
        let never = NEVER.contains(word);
        let as_cold = findings(&planted(word, cold));
        assert_eq!(as_cold.iter().any(|f| f.word == *word), never, "{word} in a function marked cold");
        let in_constructor =
            findings(&planted(word, "").replace("fn apply(&mut self)", "pub fn new() -> Self"));
        assert_eq!(in_constructor.iter().any(|f| f.word == *word), never, "{word} in a constructor");
    }
}

#[test]
fn what_is_cold_ends_where_its_function_ends() {
    let source = "\
impl Book {
    pub fn new(levels: usize) -> Book {
        if levels == 0 {
            return Book { levels: vec![] };
        }
        Book { levels: vec![] }
    }

    // cold: because
    fn too_short_a_reason(&self) {
        let a = vec![];
    }

    fn apply(&mut self) {
        let b = self.levels.to_vec(); // vec! in a comment
    }
}

#[cfg(test)]
mod tests {
    fn anything() -> String {
        format!()
    }
}
";
    let found = findings(source);
    assert_eq!(found, [Finding { line: 11, word: "vec!" }, Finding { line: 15, word: ".to_vec(" }]);
}
