//! What the tests share: where the recorded data is, a way to say that it is not there, and the program.

pub mod drive;

use std::path::PathBuf;
use std::process::{Command, Output};

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

/// The program that was built.
pub fn program() -> PathBuf {
    // The runner builds the program before the tests; cargo puts it beside them.
    let mut exe = std::env::current_exe().unwrap();
    exe.pop();
    exe.pop();
    let exe = exe.join("pinion");
    assert!(exe.is_file(), "{} is missing; run `tests/run`, or `cargo build -p pinion` first", exe.display());
    exe
}

/// Runs the program in the project's root.
pub fn pinion(args: &[&str]) -> Output {
    Command::new(program()).args(args).current_dir(project_root()).output().unwrap()
}

/// What it printed.
pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// What it printed, when it must succeed.
pub fn ok(args: &[&str]) -> String {
    let output = pinion(args);
    assert!(output.status.success(), "{args:?}: {}", text(&output));
    String::from_utf8(output.stdout).unwrap()
}
