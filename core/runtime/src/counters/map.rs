//! The mapping of a counters file: words of 64 bits that several processes may look at, and the only
//! `unsafe` of the counters.
//!
//! Everything in the file is read and written as relaxed or release/acquire atomics, text too: no access can
//! be a data race, whoever else has the file open.
#![allow(unsafe_code)]

use memmap2::{Advice, MmapOptions, MmapRaw};
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

/// A file's words.
#[derive(Debug)]
pub(crate) struct Map {
    map: MmapRaw,
}

impl Map {
    /// Maps a file of `bytes` for writing, its pages present.
    pub(crate) fn writable(file: &File, bytes: usize) -> io::Result<Map> {
        let map = MmapOptions::new().len(bytes).map_raw(file)?;
        // Saves a fault per page later. Kernels before 5.14 do not know it: making the file touches all pages.
        let _ = map.advise(Advice::PopulateWrite);
        Ok(Map { map })
    }

    /// Maps a file of `bytes` for reading.
    pub(crate) fn read_only(file: &File, bytes: usize) -> io::Result<Map> {
        Ok(Map { map: MmapOptions::new().len(bytes).map_raw_read_only(file)? })
    }

    /// Locks it in memory; false where the limit of locked memory does not allow it.
    pub(crate) fn lock(&self) -> bool {
        self.map.lock().is_ok()
    }

    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }

    /// The word at byte `offset`. A read-only mapping may only be loaded from.
    #[inline(always)]
    fn word(&self, offset: usize) -> &AtomicU64 {
        assert!(offset.is_multiple_of(8) && offset + 8 <= self.map.len(), "no word at {offset}");
        // SAFETY: in bounds and aligned as asserted (mappings start on a page); the mapping lives as long as
        // `self`, and its file keeps its length: the writer never cuts it, readers map what is there. All
        // access is atomic. A read-only mapping is never stored to: `set` is private to the writer's side.
        unsafe { AtomicU64::from_ptr(self.map.as_mut_ptr().add(offset).cast::<u64>()) }
    }

    #[inline(always)]
    pub(crate) fn get(&self, offset: usize) -> u64 {
        self.word(offset).load(Ordering::Relaxed)
    }

    #[inline(always)]
    pub(crate) fn set(&self, offset: usize, value: u64) {
        self.word(offset).store(value, Ordering::Relaxed);
    }

    /// As `get`; what was published before the value is seen.
    pub(crate) fn get_published(&self, offset: usize) -> u64 {
        self.word(offset).load(Ordering::Acquire)
    }

    /// As `set`; whoever sees the value sees everything stored before it.
    pub(crate) fn publish(&self, offset: usize, value: u64) {
        self.word(offset).store(value, Ordering::Release);
    }

    /// Stores text into `bytes` bytes, cut to fit at a character, the rest zero; returns its length.
    pub(crate) fn set_text(&self, offset: usize, bytes: usize, text: &str) -> usize {
        let text = &text.as_bytes()[..text.floor_char_boundary(bytes)];
        for at in (0..bytes).step_by(8) {
            let mut word = [0; 8];
            let part = text.get(at..).unwrap_or_default();
            let part = &part[..part.len().min(8)];
            word[..part.len()].copy_from_slice(part);
            self.set(offset + at, u64::from_le_bytes(word));
        }
        text.len()
    }

    /// Text of at most `bytes` bytes, to its first zero.
    pub(crate) fn text(&self, offset: usize, bytes: usize) -> String {
        let words = (0..bytes).step_by(8).map(|at| self.get(offset + at).to_le_bytes());
        let all: Vec<u8> = words.flatten().take_while(|b| *b != 0).collect();
        String::from_utf8_lossy(&all).into_owned()
    }

    /// All bytes, word by word.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        (0..self.len() / 8).flat_map(|at| self.get(8 * at).to_le_bytes()).collect()
    }
}
