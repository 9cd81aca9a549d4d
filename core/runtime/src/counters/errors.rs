//! Each distinct error once, with its first and last time and how often it came.
//!
//! An area of the counters file has one writer, on any thread: noting an error takes no lock, no system call
//! and no allocation, so a hot thread may do it too. When an area is full further distinct errors are counted
//! and not described.

use super::layout::{ERROR_BYTES, ERROR_HEADER_BYTES, ERRORS, error};
use super::map::Map;
use std::sync::Arc;

/// The writer of one area.
#[derive(Debug)]
pub struct ErrorLog {
    map: Arc<Map>,
    at: usize,
    used: usize,
}

impl ErrorLog {
    pub(super) fn new(map: Arc<Map>, at: usize) -> ErrorLog {
        ErrorLog { map, at, used: 0 }
    }

    fn entry(&self, index: usize) -> usize {
        self.at + ERROR_HEADER_BYTES + index * ERROR_BYTES
    }

    /// Notes that the error with this key came `count` times, the last time at `ticks`. The text is stored at
    /// the first time; later ones only count.
    pub fn note(&mut self, key: u64, ticks: u64, count: u64, text: &str) {
        let known = (0..self.used).find(|&n| self.map.get(self.entry(n) + error::KEY) == key);
        if let Some(known) = known {
            let entry = self.entry(known);
            let before = self.map.get(entry + error::COUNT);
            self.map.set(entry + error::LAST_TICKS, ticks);
            self.map.set(entry + error::COUNT, before + count);
            return;
        }
        if self.used == ERRORS {
            let lost = self.at + error::AREA_LOST;
            self.map.set(lost, self.map.get(lost) + count);
            return;
        }
        let entry = self.entry(self.used);
        self.map.set(entry + error::COUNT, count);
        self.map.set(entry + error::FIRST_TICKS, ticks);
        self.map.set(entry + error::LAST_TICKS, ticks);
        self.map.set(entry + error::KEY, key);
        let text = if text.is_empty() { "an error without words" } else { text };
        let length = self.map.set_text(entry + error::TEXT, error::TEXT_BYTES, text);
        self.map.publish(entry + error::LENGTH, length as u64);
        self.used += 1;
    }
}
