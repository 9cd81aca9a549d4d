//! What the machine says about itself under `/proc`, `/sys`, `/dev` and `/run`.
//!
//! Every reading goes through one [`Host`], whose root can be a copy of those trees: of another machine, or of
//! a machine that a test made up. What cannot be read is `None`; nothing here writes.

pub mod cpus;
mod kernel;

pub use kernel::KernelClock;

use cpus::Cpus;
use std::fs::{read, read_dir};
use std::path::{Path, PathBuf};

const CPU: &str = "sys/devices/system/cpu";

/// A machine, or a copy of what it says.
pub struct Host {
    root: PathBuf,
}

impl Host {
    /// The machine that this program runs on.
    pub fn live() -> Host {
        Host { root: PathBuf::from("/") }
    }

    /// A copy of `/proc`, `/sys` and the rest under `root`.
    pub fn copied(root: &Path) -> Host {
        Host { root: root.to_path_buf() }
    }

    /// True when asking twice can give two answers, and when the kernel can be asked at all.
    pub fn is_live(&self) -> bool {
        self.root == Path::new("/")
    }

    /// The bytes of a file; `path` is without its leading slash.
    pub fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        read(self.root.join(path)).ok()
    }

    /// The text of a file.
    pub fn text(&self, path: &str) -> Option<String> {
        Some(String::from_utf8_lossy(&self.bytes(path)?).into_owned())
    }

    /// The first line of a file, when it says anything.
    pub fn line(&self, path: &str) -> Option<String> {
        let text = self.text(path)?;
        text.lines().next().map(|l| l.trim().to_string()).filter(|l| !l.is_empty())
    }

    /// The number that a file holds.
    pub fn number(&self, path: &str) -> Option<i64> {
        self.line(path)?.parse().ok()
    }

    /// The word in brackets of a file like `always [madvise] never`.
    pub fn choice(&self, path: &str) -> Option<String> {
        let line = self.line(path)?;
        let (_, after) = line.split_once('[')?;
        after.split_once(']').map(|(chosen, _)| chosen.to_string())
    }

    /// Processors listed in a file; an empty file and `(null)` list none.
    pub fn cpus(&self, path: &str) -> Option<Cpus> {
        Cpus::parse_list(self.text(path)?.trim())
    }

    /// Processors of a file's hexadecimal mask.
    pub fn mask(&self, path: &str) -> Option<Cpus> {
        Cpus::parse_mask(&self.line(path)?)
    }

    /// True when there is such a file or folder.
    pub fn has(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    /// Names in a folder, in order of numbers where they end in one.
    pub fn names(&self, path: &str) -> Vec<String> {
        let entries = read_dir(self.root.join(path)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
        let number = |n: &String| n.trim_start_matches(|c: char| !c.is_ascii_digit()).parse::<u64>().ok();
        names.sort_by_cached_key(|n| (number(n), n.clone()));
        names
    }

    /// True when a folder holds a folder.
    pub fn has_folder_in(&self, path: &str) -> bool {
        let entries = read_dir(self.root.join(path)).into_iter().flatten().flatten();
        entries.into_iter().any(|e| e.path().is_dir())
    }

    /// What the kernel was started with, word by word.
    pub fn command_line(&self) -> Option<Vec<String>> {
        Some(self.text("proc/cmdline")?.split_whitespace().map(str::to_string).collect())
    }

    /// The value of a kernel parameter: empty when it is there without one.
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.command_line()?.iter().rev().find_map(|word| {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            (key == name).then(|| value.to_string())
        })
    }

    /// Processors that are there and on.
    pub fn online(&self) -> Option<Cpus> {
        self.cpus(&format!("{CPU}/online")).filter(|c| !c.is_empty())
    }

    /// Processors that the scheduler leaves alone: since boot, or as a partition of cgroups.
    pub fn isolated(&self) -> Option<Cpus> {
        let booted = self.cpus(&format!("{CPU}/isolated"))?;
        let partitions = self.cpus("sys/fs/cgroup/cpuset.cpus.isolated").unwrap_or_default();
        Some(booted.iter().chain(partitions.iter()).collect())
    }

    /// How a processor's frequency is chosen.
    pub fn governor(&self, cpu: usize) -> Option<String> {
        self.line(&format!("{CPU}/cpu{cpu}/cpufreq/scaling_governor"))
    }

    /// What the kernel takes the time from.
    pub fn clocksource(&self) -> Option<String> {
        self.line("sys/devices/system/clocksource/clocksource0/current_clocksource")
    }

    /// The kernel's release.
    pub fn kernel(&self) -> Option<String> {
        self.line("proc/sys/kernel/osrelease")
    }

    /// The processor's name.
    pub fn cpu_model(&self) -> Option<String> {
        self.cpu_field("model name")
    }

    /// The first processor's line of that name in `/proc/cpuinfo`.
    pub fn cpu_field(&self, name: &str) -> Option<String> {
        let text = self.text("proc/cpuinfo")?;
        let found = text.lines().filter_map(|l| l.split_once(':')).find(|(key, _)| key.trim() == name);
        found.map(|(_, value)| value.trim().to_string())
    }

    /// Time since boot of all processors, and the part that the platform took away, in ticks of the kernel.
    pub fn processor_ticks(&self) -> Option<(u64, u64)> {
        let line = self.line("proc/stat")?;
        // The last two columns, guest time, are already in the first two.
        let ticks: Vec<u64> =
            line.split_whitespace().skip(1).take(8).filter_map(|w| w.parse().ok()).collect();
        Some((ticks.iter().sum(), *ticks.get(7)?))
    }

    /// Steal time since boot, in ticks of the kernel's clock.
    pub fn steal_ticks(&self) -> Option<u64> {
        self.processor_ticks().map(|(_, stolen)| stolen)
    }

    /// The first process of one of those names; `None` also when processes cannot be seen.
    pub fn process(&self, wanted: &[&str]) -> Option<String> {
        let processes = self.names("proc").into_iter().filter(|n| n.bytes().all(|b| b.is_ascii_digit()));
        let mut names = processes.filter_map(|n| self.line(&format!("proc/{n}/comm")));
        names.find(|name| wanted.contains(&name.as_str()))
    }

    /// The kernel's opinion of its clock; only a live machine has one.
    pub fn kernel_clock(&self) -> Option<KernelClock> {
        if self.is_live() { kernel::kernel_clock() } else { None }
    }
}
