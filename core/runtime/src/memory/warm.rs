//! Pages are there before they are needed, touched by the thread that will use them.
//!
//! [`touch_stack`] writes to the stack of the calling thread; [`populate`] has the kernel make every page of
//! the process's own memory present and writable (rings, books, tables, windows, histograms), large pieces
//! as huge pages where asked for. It fails on kernels before 5.14, which a caller reports and lives with:
//! the first touch of a page then costs a fault, as it would have anyway.

use std::io;

/// Stack that a hot thread may need.
pub const STACK_BYTES: usize = 256 * 1024;
const PAGE_BYTES: usize = 4096;
const HUGE_PAGE_BYTES: usize = 2 << 20;

/// Writes to each page of the next [`STACK_BYTES`] of the calling thread's stack.
#[inline(never)]
pub fn touch_stack() {
    let mut pages = [0u8; STACK_BYTES];
    for page in pages.chunks_mut(PAGE_BYTES) {
        page[0] = 1;
        std::hint::black_box(&mut page[0]);
    }
}

/// What [`populate`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Populated {
    /// Bytes whose pages are present.
    pub bytes: u64,
    /// Bytes of them for which huge pages were asked.
    pub huge_bytes: u64,
}

/// A piece of the address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    start: usize,
    end: usize,
}

/// Makes every page of the process's private anonymous memory present and writable. `huge` asks for huge
/// pages first, in pieces that hold one; the kernel gives them where
/// `/sys/kernel/mm/transparent_hugepage/enabled` is not `never`.
pub fn populate(huge: bool) -> io::Result<Populated> {
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    let mut done = Populated::default();
    for piece in maps.lines().filter_map(own_memory) {
        let bytes = piece.end - piece.start;
        if huge && bytes >= HUGE_PAGE_BYTES && advise(piece, libc::MADV_HUGEPAGE).is_ok() {
            done.huge_bytes += bytes as u64;
        }
        match advise(piece, libc::MADV_POPULATE_WRITE) {
            Ok(()) => done.bytes += bytes as u64,
            // Another thread unmapped it meanwhile: it is nobody's hot memory.
            Err(e) if e.raw_os_error() == Some(libc::ENOMEM) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}

/// A line of `/proc/self/maps` that is private, writable and of no file. Stacks that grow by themselves are
/// left alone: [`touch_stack`] is for them.
fn own_memory(line: &str) -> Option<Piece> {
    let mut words = line.split_ascii_whitespace();
    let (range, rights) = (words.next()?, words.next()?);
    let inode = words.nth(2)?;
    let name = words.next().unwrap_or_default();
    if rights != "rw-p" || inode != "0" || !(name.is_empty() || name == "[heap]") {
        return None;
    }
    let (start, end) = range.split_once('-')?;
    let hex = |text| usize::from_str_radix(text, 16).ok();
    Some(Piece { start: hex(start)?, end: hex(end)? })
}

#[allow(unsafe_code)]
fn advise(piece: Piece, advice: libc::c_int) -> io::Result<()> {
    // SAFETY: the range was mapped, private and writable when it was looked up; both advices that are used
    // keep the contents of pages, and on a range that is gone the kernel refuses.
    let result = unsafe { libc::madvise(piece.start as *mut libc::c_void, piece.end - piece.start, advice) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Page faults of the calling thread so far that needed no disk.
#[allow(unsafe_code)]
pub fn minor_faults() -> u64 {
    // SAFETY: all zeroes are a value of this structure of integers, and the kernel fills it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_THREAD, &mut usage);
        usage
    };
    usage.ru_minflt as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_private_writable_memory_of_no_file_is_ours() {
        let ours = own_memory("7f00-7f80 rw-p 00000000 00:00 0 ");
        assert_eq!(ours, Some(Piece { start: 0x7f00, end: 0x7f80 }));
        assert!(own_memory("7f00-7f80 rw-p 00000000 00:00 0    [heap]").is_some());
        for other in [
            "7f00-7f80 r--p 00000000 00:00 0",
            "7f00-7f80 rw-s 00000000 00:19 77 /dev/shm/x",
            "7f00-7f80 rw-p 00001000 08:01 99 /usr/lib/x.so",
            "7f00-7f80 rw-p 00000000 00:00 0  [stack]",
            "nonsense",
        ] {
            assert_eq!(own_memory(other), None, "{other}");
        }
    }

    /// The control is the same memory before it was populated.
    #[test]
    fn populated_memory_costs_no_fault_and_other_memory_does() {
        const BYTES: usize = 32 << 20;
        let touch = |memory: &mut Vec<u8>| {
            let before = minor_faults();
            for at in (0..BYTES).step_by(PAGE_BYTES) {
                memory.spare_capacity_mut()[at].write(1);
            }
            std::hint::black_box(&memory);
            minor_faults() - before
        };
        let mut cold: Vec<u8> = Vec::with_capacity(BYTES);
        assert!(touch(&mut cold) >= 15, "huge pages at most: one fault for each");
        let mut warm: Vec<u8> = Vec::with_capacity(BYTES);
        match populate(false) {
            Ok(done) => {
                assert!(done.bytes >= BYTES as u64);
                assert_eq!(touch(&mut warm), 0);
            }
            Err(e) => assert_eq!(e.raw_os_error(), Some(libc::EINVAL), "only an old kernel refuses: {e}"),
        }
    }

    #[test]
    fn the_stack_is_touched_once() {
        std::thread::spawn(|| {
            touch_stack();
            let before = minor_faults();
            touch_stack();
            assert_eq!(minor_faults(), before);
        })
        .join()
        .unwrap();
    }
}
