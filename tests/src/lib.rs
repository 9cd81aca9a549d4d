//! What the tests share: where the recorded data is, and a way to say that it is not there.

use std::path::PathBuf;

/// The recorded data, from `PINION_DATA`. `None`, with a line that says so, where it is not set (a clone
/// without the data). Where it is set, a file that is missing is a failure.
pub fn recorded_data() -> Option<PathBuf> {
    match std::env::var_os("PINION_DATA") {
        Some(dir) => Some(PathBuf::from(dir)),
        None => {
            eprintln!("PINION_DATA is not set: tests on recorded data were not run");
            None
        }
    }
}

/// A file of the recorded data; its absence is a failure.
pub fn recorded_file(dir: &std::path::Path, name: &str) -> PathBuf {
    let path = dir.join(name);
    assert!(path.is_file(), "{} is missing, though PINION_DATA is set", path.display());
    path
}

/// The project's root.
pub fn project_root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
