//! Where counters files are: in memory while a session lives, in its directory afterwards.
//!
//! ```text
//!   /dev/shm/pinion-UID-PID-START.counters    of a live session, or of one that crashed
//!   RUN/counters.path                         names it, as long as it is there
//!   RUN/counters                              its last state, after an end
//!   RUN/live.counters                         instead of the first, where there is no tmpfs
//! ```
//! PINION_SHM names another directory than /dev/shm.

use pinion_runtime::counters::process::is_in_memory;
use std::io;
use std::path::{Path, PathBuf};

/// The file that names the live one.
const POINTER: &str = "counters.path";
/// The file of a session that ended.
const KEPT: &str = "counters";

/// The directory of live files, where there is one on tmpfs.
pub fn live_directory() -> Option<PathBuf> {
    let named = std::env::var_os("PINION_SHM").map(PathBuf::from);
    let dir = named.clone().unwrap_or_else(|| "/dev/shm".into());
    (dir.is_dir() && (named.is_some() || is_in_memory(&dir))).then_some(dir)
}

/// Where a session that starts now puts its file; `None` without any place for it.
pub fn fresh(run: Option<&Path>, started_ns: u64) -> Option<PathBuf> {
    let name = || {
        let (user, pid) = (owner_of(Path::new("/proc/self")).unwrap_or(0), std::process::id());
        format!("pinion-{user}-{pid}-{started_ns:x}.counters")
    };
    let in_memory = live_directory().map(|dir| dir.join(name()));
    in_memory.or_else(|| run.map(|run| run.join("live.counters")))
}

fn owner_of(path: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|meta| meta.uid())
}

/// Notes in a run's directory where its live file is.
pub fn point(run: &Path, live: &Path) -> io::Result<()> {
    std::fs::write(run.join(POINTER), format!("{}\n", live.display()))
}

/// Keeps the last state of a live file, in the run's directory or as `file`, and removes the live one.
pub fn keep(run: Option<&Path>, file: Option<&Path>, live: &Path, bytes: &[u8]) -> io::Result<()> {
    let in_run = run.map(|run| run.join(KEPT));
    for path in in_run.iter().map(PathBuf::as_path).chain(file) {
        // Whoever finds the name finds the whole file.
        let part = path.with_extension("part");
        std::fs::write(&part, bytes)?;
        std::fs::rename(&part, path)?;
    }
    if let Some(run) = run {
        let _ = std::fs::remove_file(run.join(POINTER));
    }
    std::fs::remove_file(live)
}

/// The counters file of a run's directory.
pub fn of_run(run: &Path) -> Option<PathBuf> {
    let pointed = std::fs::read_to_string(run.join(POINTER)).ok();
    let pointed = pointed.map(|text| PathBuf::from(text.trim_end())).filter(|path| path.is_file());
    let kept = run.join(KEPT);
    // The live one is gone a moment before the pointer is.
    pointed.or_else(|| kept.is_file().then_some(kept))
}

/// Files of sessions that live or crashed, the newest first.
pub fn live_files() -> Vec<PathBuf> {
    let entries = live_directory().and_then(|dir| std::fs::read_dir(dir).ok()).into_iter().flatten();
    let ours = |name: &str| name.starts_with("pinion-") && name.ends_with(".counters");
    let named = entries.flatten().filter(|e| e.file_name().to_str().is_some_and(ours));
    let mut dated: Vec<_> =
        named.filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path()))).collect();
    dated.sort_by(|a, b| b.cmp(a));
    dated.into_iter().map(|(_, path)| path).collect()
}
