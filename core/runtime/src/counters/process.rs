//! Which process wrote a file, and whether it is still there. A number alone does not name a process: numbers
//! come again. Number, time of start and the machine's boot do.

use std::path::Path;

/// A process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u64,
    /// When it started, in the kernel's clock ticks since boot.
    pub start: u64,
    /// The machine's boot.
    pub boot: [u64; 2],
}

impl Process {
    /// The calling one.
    pub fn this() -> Process {
        let pid = u64::from(std::process::id());
        Process { pid, start: start_of(pid).unwrap_or(0), boot: boot_id() }
    }

    /// It is still there, on this machine since this boot.
    pub fn is_alive(&self) -> bool {
        self.boot == boot_id() && start_of(self.pid) == Some(self.start)
    }
}

/// The 128 bits of this boot; zeros where the kernel does not tell.
fn boot_id() -> [u64; 2] {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let hex: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    let half = |part: Option<&str>| part.and_then(|h| u64::from_str_radix(h, 16).ok()).unwrap_or(0);
    [half(hex.get(..16)), half(hex.get(16..32))]
}

/// When a process started; `None` when there is none, or only what is left of a dead one.
fn start_of(pid: u64) -> Option<u64> {
    let fields = fields_of(Path::new(&format!("/proc/{pid}/stat")))?;
    (fields.first()? != "Z" && fields.first()? != "X").then_some(())?;
    fields.get(19)?.parse().ok()
}

/// Fields of a `stat` file from the third on; the second may hold any character.
pub(super) fn fields_of(path: &Path) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(path).ok()?;
    let rest = &text[text.rfind(')')? + 1..];
    Some(rest.split_whitespace().map(str::to_string).collect())
}

/// The path lies on tmpfs.
#[allow(unsafe_code)]
pub fn is_in_memory(path: &Path) -> bool {
    use std::os::unix::ffi::OsStrExt;
    let Ok(name) = std::ffi::CString::new(path.as_os_str().as_bytes()) else { return false };
    // SAFETY: all zeros is a valid `statfs`, which the call fills; the name is a live C string.
    unsafe {
        let mut found: libc::statfs = std::mem::zeroed();
        libc::statfs(name.as_ptr(), &raw mut found) == 0 && found.f_type == libc::TMPFS_MAGIC
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_more_than_its_number() {
        let this = Process::this();
        assert!(this.is_alive() && this.start > 0 && this.boot != [0, 0]);
        let dead = [
            Process { start: this.start + 1, ..this },
            Process { boot: [this.boot[0] ^ 1, 0], ..this },
            Process { pid: u64::from(u32::MAX), ..this },
        ];
        dead.iter().for_each(|process| assert!(!process.is_alive(), "{process:?}"));
    }
}
