//! Old segments of a running session's journal: archived and pruned as the plan says.
//!
//! Owns a thread of its own, which does nothing else: neither the thread that trades nor the one that appends
//! ever waits for it. A failure leaves the files as they are and is told when the run ends.

use pinion_journal::{JournalError, Policy, maintain};
use pinion_plan::JournalConfig;
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Time between two looks at the segments.
const EVERY: Duration = Duration::from_secs(1);

/// The thread, while the session runs; dropping it ends it and waits for what it is at.
pub struct Retention {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<Option<JournalError>>>,
}

impl Retention {
    /// Starts the thread for these journals, if the plan keeps less than everything as it is.
    pub fn start(dirs: Vec<PathBuf>, config: &JournalConfig) -> std::io::Result<Retention> {
        let some = |count: u64| (count > 0).then_some(count);
        let policy = Policy {
            archive_after_segments: some(config.archive_after_segments),
            retain_segments: some(config.retain_segments),
        };
        if dirs.is_empty() || policy == Policy::default() {
            return Ok(Retention { end: None, thread: None });
        }
        let (end, ended) = channel::<()>();
        let work = move || {
            let mut failure = None;
            while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                for dir in &dirs {
                    failure = maintain(dir, policy, now_ns()).err().or(failure);
                }
            }
            failure
        };
        let thread = Builder::new().name("retention".into()).spawn(work)?;
        Ok(Retention { end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Retention {
    fn drop(&mut self) {
        self.end = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(Some(error))) => {
                eprintln!("warning: old segments of the journal stay as they are: {error}")
            }
            Some(Err(_)) => eprintln!("warning: the thread that archives the journal ended by a panic"),
            Some(Ok(None)) | None => {}
        }
    }
}

fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}
