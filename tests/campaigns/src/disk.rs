//! A model of what a power cut may leave of a directory: what was synced, and any part of what was not.
//!
//! Owns the difference between the files as the kernel shows them and the files as a disk may hold them.
//! It is fed with the child's system calls. What `msync`, `fsync` or `fdatasync` covered when it was
//! called is on disk once it returned; a directory's entries are on disk once the directory was synced;
//! everything else is kept or lost page by page, in any version that was ever there since, and one page
//! may be torn at 512 bytes. Reads small files whole; the parent's thread.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::random::Random;
use crate::trace::{Call, inode_of, mapping_at};

/// Bytes that a disk keeps or loses as one, unless it tears them.
pub const PAGE: usize = 4096;
/// Bytes that no disk tears.
pub const SECTOR: usize = 512;
/// Versions of a file that are remembered beside the synced one.
const VERSIONS: usize = 5;

/// One file, by inode.
#[derive(Clone, Debug, Default)]
struct Inode {
    synced: Vec<u8>,
    /// What was seen since, oldest first; the last is what the kernel shows.
    since: Vec<Vec<u8>>,
}

/// A sync that was called and has not returned.
#[derive(Debug)]
enum Pending {
    Directory(BTreeMap<String, u64>),
    File { inode: u64, from: usize, to: usize, bytes: Vec<u8> },
}

/// The disk under one directory.
#[derive(Debug)]
pub struct Disk {
    dir: PathBuf,
    dir_inode: u64,
    inodes: BTreeMap<u64, Inode>,
    names: BTreeMap<String, u64>,
    synced_names: BTreeMap<String, u64>,
    pending: BTreeMap<i32, Pending>,
}

/// Something that a crash decides.
#[derive(Clone, Debug)]
enum Choice {
    Name(String),
    Length(u64),
    Page(u64, usize),
}

/// What a crash left: file names and bytes.
pub type Left = Vec<(String, Vec<u8>)>;

impl Disk {
    /// A directory that is on disk as it is.
    pub fn new(dir: &Path) -> io::Result<Self> {
        let mut disk = Disk {
            dir: dir.to_path_buf(),
            dir_inode: fs::metadata(dir)?.ino(),
            inodes: BTreeMap::new(),
            names: BTreeMap::new(),
            synced_names: BTreeMap::new(),
            pending: BTreeMap::new(),
        };
        disk.observe()?;
        disk.synced_names = disk.names.clone();
        for inode in disk.inodes.values_mut() {
            inode.synced = inode.since.pop().unwrap_or_default();
        }
        Ok(disk)
    }

    /// Looks at what the kernel shows. True if that is new.
    pub fn observe(&mut self) -> io::Result<bool> {
        let mut names = BTreeMap::new();
        let mut news = false;
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            // A file may go between the listing and the look.
            let Ok(metadata) = entry.metadata() else { continue };
            let Ok(bytes) = fs::read(entry.path()) else { continue };
            names.insert(entry.file_name().to_string_lossy().into_owned(), metadata.ino());
            news |= self.inodes.entry(metadata.ino()).or_default().seen(bytes);
        }
        news |= names != self.names;
        self.names = names;
        Ok(news)
    }

    /// A call is about to be made: what a sync would cover is what is there now.
    pub fn entry(&mut self, call: &Call) {
        let pending = match call.number {
            libc::SYS_fsync | libc::SYS_fdatasync => inode_of(call, call.arguments[0]).and_then(|inode| {
                if inode == self.dir_inode {
                    return Some(Pending::Directory(self.names.clone()));
                }
                self.pending_file(inode, 0, usize::MAX)
            }),
            libc::SYS_msync => mapping_at(call, call.arguments[0]).and_then(|at| {
                let from = at.offset as usize / PAGE * PAGE;
                let to = (at.offset as usize + call.arguments[1] as usize).next_multiple_of(PAGE);
                self.pending_file(at.inode, from, to)
            }),
            _ => None,
        };
        if let Some(pending) = pending {
            self.pending.insert(call.thread.as_raw(), pending);
        }
    }

    fn pending_file(&self, inode: u64, from: usize, to: usize) -> Option<Pending> {
        let bytes = self.inodes.get(&inode)?.shown().to_vec();
        Some(Pending::File { inode, from, to, bytes })
    }

    /// A call returned.
    pub fn exit(&mut self, call: &Call, result: i64) {
        match self.pending.remove(&call.thread.as_raw()) {
            Some(Pending::Directory(names)) if result == 0 => self.synced_names = names,
            Some(Pending::File { inode, from, to, bytes }) if result == 0 => {
                if let Some(inode) = self.inodes.get_mut(&inode) {
                    inode.sync(from, to, &bytes);
                }
            }
            _ => {}
        }
    }

    /// True if the call syncs the directory itself.
    pub fn syncs_directory(&self, call: &Call) -> bool {
        call.number == libc::SYS_fsync && inode_of(call, call.arguments[0]) == Some(self.dir_inode)
    }

    /// Everything that a crash now would decide.
    fn choices(&self) -> Vec<Choice> {
        let mut choices = Vec::new();
        let both = self.names.keys().chain(self.synced_names.keys());
        let names: std::collections::BTreeSet<&String> = both.collect();
        for name in names {
            if self.names.get(name) != self.synced_names.get(name) {
                choices.push(Choice::Name(name.clone()));
            }
        }
        let reachable: std::collections::BTreeSet<&u64> =
            self.names.values().chain(self.synced_names.values()).collect();
        for id in reachable {
            let inode = &self.inodes[id];
            let shown = inode.shown();
            if shown.len() != inode.synced.len() {
                choices.push(Choice::Length(*id));
            }
            let pages = shown.len().max(inode.synced.len()).div_ceil(PAGE);
            let dirty = (0..pages).filter(|index| inode.is_dirty(*index));
            choices.extend(dirty.map(|index| Choice::Page(*id, index)));
        }
        choices
    }

    /// Dirty pages, lengths and names.
    pub fn undecided(&self) -> usize {
        self.choices().len()
    }

    /// What one crash leaves, by bits: a set bit keeps the newest version. One page may be torn.
    pub fn left_by_bits(&self, bits: u64, random: &mut Random) -> Left {
        let tear = random.one_in(2).then(|| random.next());
        self.left(|index, _| if bits >> index & 1 == 1 { usize::MAX } else { 0 }, tear)
    }

    /// What one crash leaves, any version of everything.
    pub fn left_by_chance(&self, random: &mut Random) -> Left {
        let tear = random.one_in(2).then(|| random.next());
        // Mostly kept, mostly lost, or mixed: the first two find what even odds hardly ever make.
        let odds = 1 + random.below(3) * 4;
        let mut random = random.clone();
        self.left(
            |_, versions| match random.below(10) {
                n if n < odds => usize::MAX,
                9 => random.below(versions as u64 + 1) as usize,
                _ => 0,
            },
            tear,
        )
    }

    /// `pick` gives a version for each choice: 0 for what is synced, 1.. for what was seen since.
    fn left(&self, mut pick: impl FnMut(usize, usize) -> usize, tear: Option<u64>) -> Left {
        let mut names = self.synced_names.clone();
        let mut contents: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
        for (id, inode) in &self.inodes {
            contents.insert(*id, inode.synced.clone());
        }
        let choices = self.choices();
        let pages = choices.iter().filter(|choice| matches!(choice, Choice::Page(..))).count();
        let torn = tear.filter(|_| pages > 0).map(|number| (number as usize % pages, number >> 32));
        let mut page_number = 0;
        for (index, choice) in choices.iter().enumerate() {
            match choice {
                Choice::Name(name) => match self.names.get(name) {
                    Some(inode) if pick(index, 1) > 0 => drop(names.insert(name.clone(), *inode)),
                    None if pick(index, 1) > 0 => drop(names.remove(name)),
                    _ => {}
                },
                Choice::Length(id) => {
                    let inode = &self.inodes[id];
                    let length = inode.version(pick(index, inode.since.len())).len();
                    contents.entry(*id).or_default().resize(length, 0);
                }
                Choice::Page(id, page) => {
                    let inode = &self.inodes[id];
                    let chosen = inode.version(pick(index, inode.since.len()));
                    let content = contents.entry(*id).or_default();
                    let mask = match torn {
                        Some((number, mask)) if number == page_number => mask,
                        _ => u64::MAX,
                    };
                    put_page(content, chosen, *page, mask);
                    page_number += 1;
                }
            }
        }
        names.into_iter().map(|(name, id)| (name, contents.get(&id).cloned().unwrap_or_default())).collect()
    }
}

impl Inode {
    fn shown(&self) -> &[u8] {
        self.since.last().unwrap_or(&self.synced)
    }

    fn version(&self, number: usize) -> &[u8] {
        match number.min(self.since.len()).checked_sub(1) {
            None => &self.synced,
            Some(index) => &self.since[index],
        }
    }

    fn seen(&mut self, bytes: Vec<u8>) -> bool {
        if self.shown() == bytes {
            return false;
        }
        self.since.push(bytes);
        if self.since.len() > VERSIONS {
            self.since.remove(0);
        }
        true
    }

    fn is_dirty(&self, page: usize) -> bool {
        let synced = piece(&self.synced, page * PAGE, PAGE);
        self.since.iter().any(|version| piece(version, page * PAGE, PAGE) != synced)
    }

    fn sync(&mut self, from: usize, to: usize, bytes: &[u8]) {
        // The file's length goes with it, as every sync of data behind the old end must.
        self.synced.resize(bytes.len(), 0);
        let to = to.min(bytes.len());
        if from < to {
            self.synced[from..to].copy_from_slice(&bytes[from..to]);
        }
        // Older versions of what was synced cannot come back; what was not synced stays undecided.
        let shown = self.since.pop();
        self.since.retain_mut(|version| {
            version.resize(bytes.len(), 0);
            version[from.min(to)..to].copy_from_slice(&bytes[from.min(to)..to]);
            true
        });
        self.since.extend(shown);
        let synced = &self.synced;
        if self.since.iter().all(|version| version == synced) {
            self.since.clear();
        }
    }
}

fn piece(bytes: &[u8], from: usize, length: usize) -> &[u8] {
    let from = from.min(bytes.len());
    &bytes[from..(from + length).min(bytes.len())]
}

/// Puts the sectors of a page that `mask` names, as far as the file is long.
fn put_page(content: &mut [u8], chosen: &[u8], page: usize, mask: u64) {
    for sector in 0..PAGE / SECTOR {
        let from = page * PAGE + sector * SECTOR;
        let bytes = piece(chosen, from, SECTOR);
        let to = (from + bytes.len()).min(content.len());
        if mask >> sector & 1 == 1 && from < to {
            content[from..to].copy_from_slice(&bytes[..to - from]);
        }
    }
}

/// Makes a directory hold exactly what is left.
pub fn lay(dir: &Path, left: &Left) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        fs::remove_file(entry?.path())?;
    }
    left.iter().try_for_each(|(name, bytes)| fs::write(dir.join(name), bytes))
}
