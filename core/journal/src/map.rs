//! Memory mappings of segments: the only `unsafe` code of the journal.
//!
//! Owns the two mappings: the writer's, which publishes frames, and the readers', which see them.
//! [`WriteMap`] belongs to the cold journal thread; its [`Flusher`] to whoever has it on disk, also while frames
//! are stored; [`ReadMap`] to whoever reads. None may be used on a hot thread: a store to a page that write-back
//! has cleaned faults. Offsets outside a mapping panic before memory is touched; every caller computes them
//! from the mapped length.
//!
//! Proof obligations, for every `unsafe` block below:
//! 1. *In bounds and aligned.* Mappings start on a page; `check` has tested offset and length.
//! 2. *One writer.* The directory's lock admits one writer process, only a [`WriteMap`] stores, there is one for
//!    a file, and `publish` takes `&mut self`. A [`Flusher`] of the same mapping touches no memory: it makes a
//!    system call on the range, and the kernel takes stores of other threads meanwhile as it does from any
//!    process that has the file mapped. A frame's bytes are stored before its commit word (release) and never changed afterwards, so a
//!    reader that has loaded a non-zero commit word (acquire) may hold a plain reference to them.
//! 3. *The file keeps its length while mapped.* The writer trims a file only behind its End record and
//!    after dropping its own mapping; a [`crate::Cursor`] never looks behind an End. Whoever truncates
//!    a segment from outside while it is mapped causes SIGBUS: judging a journal whose files may be
//!    damaged (`verify`, `scan`) therefore reads instead of mapping.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use memmap2::{Advice, Mmap, MmapOptions, MmapRaw};
use pinion_model::record::{RECORD_BYTES, Record};
use zerocopy::IntoBytes;

use crate::layout::{HEADER_BYTES, SegmentHeader};

const COMMIT_BYTES: usize = size_of::<u32>();

/// The writer's mapping of one segment.
#[derive(Debug)]
pub(crate) struct WriteMap {
    map: Arc<MmapRaw>,
}

impl WriteMap {
    /// Maps `bytes` of a file that is at least that long, pages writable at once where possible.
    pub(crate) fn new(file: &File, bytes: u64) -> io::Result<Self> {
        let length = usize::try_from(bytes).map_err(io::Error::other)?;
        let map = MmapOptions::new().len(length).map_raw(file)?;
        // Saves a fault per page later. Kernels before 5.14 do not know it: then the faults happen.
        let _ = map.advise(Advice::PopulateWrite);
        Ok(WriteMap { map: Arc::new(map) })
    }

    /// What has this mapping on disk.
    pub(crate) fn flusher(&self) -> Flusher {
        Flusher { map: self.map.clone() }
    }

    /// Stores the segment's header.
    pub(crate) fn put_header(&mut self, header: &SegmentHeader) {
        check(0, HEADER_BYTES, self.map.len());
        // SAFETY: obligations 1 and 2: no reader looks at the file before it has its name.
        unsafe {
            std::ptr::copy_nonoverlapping(header.as_bytes().as_ptr(), self.map.as_mut_ptr(), HEADER_BYTES);
        }
    }

    /// Stores a sealed frame: its bytes first, its commit word last.
    #[inline]
    pub(crate) fn publish(&mut self, offset: usize, frame: &Record) {
        check(offset, RECORD_BYTES, self.map.len());
        let bytes = frame.as_bytes();
        // SAFETY: obligations 1 and 2. The commit word is only ever accessed as an atomic while another
        // process may look at it; 128-byte alignment makes it aligned.
        unsafe {
            let slot = self.map.as_mut_ptr().add(offset);
            let rest = RECORD_BYTES - COMMIT_BYTES;
            std::ptr::copy_nonoverlapping(bytes.as_ptr().add(COMMIT_BYTES), slot.add(COMMIT_BYTES), rest);
            AtomicU32::from_ptr(slot.cast::<u32>()).store(frame.commit, Ordering::Release);
        }
    }

    /// Frames that this writer has published.
    pub(crate) fn frames(&self, offset: usize, count: usize) -> &[Record] {
        check(offset, count * RECORD_BYTES, self.map.len());
        // SAFETY: obligations 1 and 2: only this object stores here, and `&self` excludes that.
        unsafe { std::slice::from_raw_parts(self.map.as_ptr().add(offset).cast::<Record>(), count) }
    }
}

/// Has parts of a writer's mapping on disk, from any thread.
#[derive(Clone, Debug)]
pub(crate) struct Flusher {
    map: Arc<MmapRaw>,
}

impl Flusher {
    /// Waits until the bytes are on disk (`msync` with `MS_SYNC`, which is `fdatasync` of a range). The range
    /// matters: the pages behind it are dirty from being made ready, and would all be written again.
    pub(crate) fn flush(&self, offset: usize, bytes: usize) -> io::Result<()> {
        self.map.flush_range(offset, bytes)
    }
}

/// A reader's mapping of one segment.
#[derive(Debug)]
pub(crate) struct ReadMap {
    map: Mmap,
}

impl ReadMap {
    /// Maps the first `bytes` of a file, which must be that long.
    pub(crate) fn new(file: &File, bytes: u64) -> io::Result<Self> {
        let length = usize::try_from(bytes).map_err(io::Error::other)?;
        // SAFETY: obligations 2 and 3.
        let map = unsafe { MmapOptions::new().len(length).map(file)? };
        // Only a hint for read-ahead; without it reading is slower, not different.
        let _ = map.advise(Advice::Sequential);
        Ok(ReadMap { map })
    }

    /// Bytes that are mapped.
    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }

    /// The frame in a slot; `None` while its commit word is 0.
    #[inline]
    pub(crate) fn frame(&self, offset: usize) -> Option<&Record> {
        check(offset, RECORD_BYTES, self.map.len());
        // SAFETY: obligations 1 and 2; the pointer is only read through.
        unsafe {
            let slot = self.map.as_ptr().add(offset);
            let commit = AtomicU32::from_ptr(slot.cast_mut().cast::<u32>()).load(Ordering::Acquire);
            (commit != 0).then(|| &*slot.cast::<Record>())
        }
    }
}

#[inline]
fn check(offset: usize, bytes: usize, length: usize) {
    let inside = offset.checked_add(bytes).is_some_and(|end| end <= length);
    assert!(
        inside && offset.is_multiple_of(RECORD_BYTES),
        "frame at {offset} is outside {length} mapped bytes"
    );
}

/// Reserves a file's blocks, so that a full disk shows here and not as SIGBUS at a store.
pub(crate) fn allocate(file: &File, bytes: u64) -> io::Result<()> {
    let length = libc::off_t::try_from(bytes).map_err(io::Error::other)?;
    // SAFETY: the descriptor is open for the duration of the call; no memory is passed.
    match unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, length) } {
        0 => Ok(()),
        // The zeros written next reserve the blocks on file systems that do not know the call.
        libc::EOPNOTSUPP | libc::EINVAL => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

/// A file that is in memory alone and holds `bytes` bytes, which `fill` writes: the content of an archive.
pub(crate) fn memory_file(bytes: u64, fill: impl FnOnce(&mut [u8]) -> io::Result<()>) -> io::Result<File> {
    let length = usize::try_from(bytes).map_err(io::Error::other)?;
    // SAFETY: the name is a constant with its zero; no other memory is passed.
    let descriptor = unsafe { libc::memfd_create(c"pinion-archive".as_ptr(), libc::MFD_CLOEXEC) };
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was made above and belongs to nothing else.
    let file = unsafe { File::from_raw_fd(descriptor) };
    file.set_len(bytes)?;
    // SAFETY: obligations 2 and 3: nobody else has this file yet.
    let mut map = unsafe { MmapOptions::new().len(length).map_mut(&file)? };
    fill(&mut map)?;
    Ok(file)
}
