//! Progress of a long run on a terminal: events, rate, time left. Silent in a pipe.

use crate::session::trading::Shared;
use std::cell::Cell;
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Nothing is shown before a run has taken this long, and then only so often.
const EVERY: Duration = Duration::from_millis(250);

/// A line of progress.
pub struct Progress {
    on: bool,
    total: u64,
    shared: Arc<Shared>,
    began: Instant,
    shown: Cell<Instant>,
    drawn: Cell<bool>,
}

impl Progress {
    /// For a run over `total` lines, 0 where that is not known.
    pub fn new(wanted: bool, total: u64, shared: Arc<Shared>) -> Progress {
        let now = Instant::now();
        let on = wanted && std::io::stderr().is_terminal();
        Progress { on, total, shared, began: now, shown: Cell::new(now), drawn: Cell::new(false) }
    }

    /// Shows it when it is time.
    pub fn show(&self) {
        if !self.on || self.shown.get().elapsed() < EVERY {
            return;
        }
        self.shown.set(Instant::now());
        self.drawn.set(true);
        let events = self.shared.events.load(Ordering::Relaxed);
        let rate = events as f64 / self.began.elapsed().as_secs_f64();
        let left = match self.total.checked_sub(events) {
            Some(left) if self.total > 0 && rate > 0.0 => {
                format!(
                    ", {:.0} %, {:.0} s left",
                    100.0 * events as f64 / self.total as f64,
                    left as f64 / rate
                )
            }
            _ => String::new(),
        };
        let _ = write!(std::io::stderr(), "\r\x1b[K{events} events, {rate:.0} a second{left}");
    }

    /// Removes the line.
    pub fn clear(&self) {
        if self.drawn.get() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
