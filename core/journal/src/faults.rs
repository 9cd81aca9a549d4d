//! Faults by script: what the tests of the writer have the disk do.
//!
//! Owns one script for a directory, for as long as its [`Faults`] lives; any thread of the process may be the one
//! whose call fails. Not in a build without the feature `faults`.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

pub use crate::disk::Call;

/// Which calls fail, and how.
#[derive(Clone, Copy, Debug)]
struct Rule {
    call: Option<Call>,
    skip: u64,
    errno: i32,
}

#[derive(Debug, Default)]
struct Script {
    rules: Vec<Rule>,
    short: bool,
    calls: u64,
}

static SCRIPTS: LazyLock<Mutex<HashMap<PathBuf, Script>>> = LazyLock::new(Mutex::default);

fn scripts() -> MutexGuard<'static, HashMap<PathBuf, Script>> {
    SCRIPTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The script of one directory.
#[derive(Debug)]
pub struct Faults {
    dir: PathBuf,
}

impl Faults {
    /// Counts the calls on files in a directory, which fail as soon as that is asked for.
    pub fn in_dir(dir: impl AsRef<Path>) -> Faults {
        let dir = dir.as_ref().to_path_buf();
        scripts().insert(dir.clone(), Script::default());
        Faults { dir }
    }

    fn change(&self, change: impl FnOnce(&mut Script)) {
        if let Some(script) = scripts().get_mut(&self.dir) {
            change(script);
        }
    }

    /// From now on, calls of this sort fail with this error number, after `skip` that do not.
    pub fn fail(&self, call: Call, skip: u64, errno: i32) {
        self.change(|script| script.rules.push(Rule { call: Some(call), skip, errno }));
    }

    /// From now on, after `skip` calls no call does anything any more, as if the process had ended.
    pub fn stop_after(&self, skip: u64) {
        self.change(|script| script.rules.push(Rule { call: None, skip, errno: libc::EIO }));
    }

    /// From now on, a write takes half of what it is given.
    pub fn shorten_writes(&self) {
        self.change(|script| script.short = true);
    }

    /// Nothing fails any more.
    pub fn clear(&self) {
        self.change(|script| *script = Script { calls: script.calls, ..Script::default() });
    }

    /// Calls so far.
    pub fn calls(&self) -> u64 {
        scripts().get(&self.dir).map_or(0, |script| script.calls)
    }
}

impl Drop for Faults {
    fn drop(&mut self) {
        scripts().remove(&self.dir);
    }
}

/// What the script says to a call on a path; the path may be the directory itself.
pub(crate) fn step(call: Call, path: &Path) -> io::Result<()> {
    with_script(path, |script| {
        script.calls += 1;
        for rule in script.rules.iter_mut().filter(|rule| rule.call.is_none_or(|other| other == call)) {
            if rule.skip == 0 {
                return Err(io::Error::from_raw_os_error(rule.errno));
            }
            rule.skip -= 1;
        }
        Ok(())
    })
    .unwrap_or(Ok(()))
}

/// How many of this many bytes one write takes.
pub(crate) fn taken(path: &Path, bytes: usize) -> usize {
    let short = with_script(path, |script| script.short).unwrap_or(false);
    if short { bytes.div_ceil(2) } else { bytes }
}

fn with_script<T>(path: &Path, act: impl FnOnce(&mut Script) -> T) -> Option<T> {
    let mut scripts = scripts();
    let dir = path.ancestors().find(|dir| scripts.contains_key(*dir))?;
    scripts.get_mut(dir).map(act)
}
