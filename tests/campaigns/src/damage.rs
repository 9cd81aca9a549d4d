//! `truncate`, `flip`, `shuffle`: what an outsider, a bad disk or a bad copy does to files at rest.
//!
//! Owns the damage. Of small journals, closed and not, every length, every bit, and seeded mixtures of
//! frames and segments swapped, removed, doubled, renamed, blanked and foreign. The journal answers with
//! an exact prefix that holds what the remaining Marks vouch for, or refuses; verify names it; a resumed
//! journal is proved whole.

use std::fs;
use std::path::{Path, PathBuf};

use pinion_journal::{Head, VerifyReport, verify};

use crate::campaign::{Place, Report, Settings, Stop};
use crate::check::{self, Keep, Must, Violation};
use crate::child::Job;
use crate::kill;
use crate::oracle::segment_files;
use crate::progress::Seen;
use crate::random::Random;
use crate::stream::Stream;
use crate::subject::Subject;
use crate::trace::Ended;

const HEADER_BYTES: usize = 4096;
const FRAME_BYTES: usize = 128;

/// What can be wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Defect {
    /// Recovery does not look at checksums.
    SkipCrc,
    /// Recovery goes on behind a hole.
    AcceptHole,
    /// Recovery drops the last record.
    LostTail,
    /// Recovery takes damage below a Mark for the end.
    IgnoreMarks,
}

impl Defect {
    fn subject(defect: Option<Defect>) -> Subject {
        match defect {
            None => Subject::Journal,
            Some(Defect::SkipCrc) => Subject::SkipsCrc,
            Some(Defect::AcceptHole) => Subject::AcceptsHoles,
            Some(Defect::LostTail) => Subject::LosesTail,
            Some(Defect::IgnoreMarks) => Subject::IgnoresMarks,
        }
    }
}

/// A small journal and what is known of it.
struct Sample {
    stream: Stream,
    seen: Seen,
    files: Vec<(PathBuf, Vec<u8>)>,
    head: Head,
}

/// Every length of every file.
pub fn truncate(settings: &Settings, defect: Option<Defect>, report: &mut Report) -> Result<(), Stop> {
    campaign(settings, defect, report, |sample, round, files| {
        let total: usize = sample.files.iter().map(|(_, bytes)| bytes.len()).sum();
        let (file, byte) = sample.locate(round.at(total as u64)?);
        files[file].1.truncate(byte);
        Some(format!("file {file} cut to {byte} bytes"))
    })
}

/// Every bit of every file.
pub fn flip(settings: &Settings, defect: Option<Defect>, report: &mut Report) -> Result<(), Stop> {
    campaign(settings, defect, report, |sample, round, files| {
        let total: usize = sample.files.iter().map(|(_, bytes)| bytes.len()).sum();
        let bit = round.at(total as u64 * 8)?;
        let (file, byte) = sample.locate(bit / 8);
        files[file].1[byte] ^= 1 << (bit % 8);
        Some(format!("bit {} of byte {byte} of file {file} flipped", bit % 8))
    })
}

/// Frames and segments in the wrong places.
pub fn shuffle(settings: &Settings, defect: Option<Defect>, report: &mut Report) -> Result<(), Stop> {
    campaign(settings, defect, report, |_, round, files| {
        round.at(u64::MAX)?;
        let mut random = Random::new(settings.seed, 1_000_000 + round.number);
        let times = 1 + random.below(2);
        let done: Vec<String> = (0..times).map(|_| disorder(&mut random, files)).collect();
        Some(done.join(", "))
    })
}

/// Which of the possible damages a round does.
struct Round {
    /// Counts over the whole campaign, over all samples.
    number: u64,
    within: u64,
    share: u64,
}

impl Round {
    /// The damage's number below `total`: all of them where the rounds suffice, evenly spread otherwise.
    /// `None` when this sample has no more.
    fn at(&self, total: u64) -> Option<u64> {
        if self.within >= self.share.min(total) {
            return None;
        }
        if self.share >= total {
            return Some(self.within);
        }
        Some((u128::from(self.within) * u128::from(total) / u128::from(self.share)) as u64)
    }
}

type Files = Vec<(PathBuf, Vec<u8>)>;

fn campaign(
    settings: &Settings,
    defect: Option<Defect>,
    report: &mut Report,
    mut damage: impl FnMut(&Sample, &Round, &mut Files) -> Option<String>,
) -> Result<(), Stop> {
    let subject = Defect::subject(defect);
    let share = settings.rounds.div_ceil(2);
    // A journal whose writer vanished, and one that was closed.
    for unit in settings.first..2 {
        let place = Place::new(settings)?;
        let sample = sample(settings, &place, unit)?;
        for within in 0.. {
            let round = Round { number: unit * share + within, within, share };
            let mut files = sample.files.clone();
            let Some(what) = damage(&sample, &round, &mut files) else { break };
            lay(&place.journal(), &files)?;
            report.round();
            let before = fs::read_dir(place.journal())?.count();
            if let Err(violation) = look(subject, &place, &sample, &files, report) {
                let detail = format!("{what} ({before} files): {}", violation.detail);
                return Err(place.violated(unit, Violation { detail, ..violation }));
            }
        }
    }
    Ok(())
}

fn sample(settings: &Settings, place: &Place, unit: u64) -> Result<Sample, Stop> {
    let mut random = Random::new(settings.seed, unit);
    let stream = Stream::new(random.next());
    let job = Job {
        salt: random.next(),
        mark_every: 6,
        leave: unit % 2 == 0,
        ..Job::new(place, stream.seed(), 22, 18)
    };
    let ended = kill::spared(settings, place, &job)?;
    if ended != Ended::Exited(0) {
        return Err(Stop::Host(std::io::Error::other(kill::unexpected(place, ended).detail)));
    }
    let mut files = Vec::new();
    for path in segment_files(&place.journal())? {
        let bytes = fs::read(&path)?;
        files.push((path, bytes));
    }
    let sound = |report: VerifyReport| Head {
        records: report.records,
        position: report.records - 1,
        chain: report.chain_head,
        segments: report.segments,
    };
    let head = verify(place.journal()).map(sound).map_err(std::io::Error::other)?;
    Ok(Sample { stream, seen: Seen::read(&place.progress())?, files, head })
}

impl Sample {
    /// File and byte of a byte of the whole journal.
    fn locate(&self, byte: u64) -> (usize, usize) {
        let mut left = byte as usize;
        for (index, (_, bytes)) in self.files.iter().enumerate() {
            if left < bytes.len() {
                return (index, left);
            }
            left -= bytes.len();
        }
        (0, 0)
    }
}

/// Makes a directory hold exactly these files.
fn lay(dir: &Path, files: &Files) -> std::io::Result<()> {
    for entry in fs::read_dir(dir)? {
        fs::remove_file(entry?.path())?;
    }
    files.iter().try_for_each(|(path, bytes)| fs::write(path, bytes))
}

fn look(
    subject: Subject,
    place: &Place,
    sample: &Sample,
    files: &Files,
    report: &mut Report,
) -> Result<(), Violation> {
    let must =
        Must { stream: sample.stream, seen: sample.seen.clone(), keep: Keep::Marked, may_refuse: true };
    let dir = place.journal();
    let judged = check::state(subject, &dir, &must)?;
    report.count(judged.verdict.clone());
    if files != &sample.files {
        told(&dir, sample)?;
    }
    // The directory is laid anew for the next round.
    if subject == Subject::Journal { check::resumes(&dir, &must, &judged) } else { Ok(()) }
}

/// The damage is told: by verify, or, where only an unclosed end is missing, by a head kept elsewhere.
fn told(dir: &Path, sample: &Sample) -> Result<(), Violation> {
    let silent = |what: &str| Err(Violation::new("damage is named", what.to_string()));
    let Ok(Ok(report)) = std::panic::catch_unwind(|| verify(dir)) else {
        // No segment is left, or none can be read: that is said as well, but a panic is not an answer.
        return if segment_files(dir).is_ok_and(|files| files.is_empty()) {
            Ok(())
        } else {
            silent("verify failed")
        };
    };
    if report.agrees_with(&sample.head) {
        return silent("verify and the head find nothing");
    }
    if report.is_sound() && (report.closed || report.records >= sample.head.records) {
        return silent("verify finds nothing, and the journal has not merely lost its unclosed end");
    }
    Ok(())
}

/// One piece of disorder, in words.
fn disorder(random: &mut Random, files: &mut Files) -> String {
    let file = random.below(files.len() as u64) as usize;
    let frames = files[file].1.len().saturating_sub(HEADER_BYTES) / FRAME_BYTES;
    let at = |index: usize| HEADER_BYTES + index * FRAME_BYTES..HEADER_BYTES + (index + 1) * FRAME_BYTES;
    let mut pick = || random.below(frames.max(1) as u64) as usize;
    let (a, b) = (pick(), pick());
    let bytes = &mut files[file].1;
    match random.below(if frames < 2 { 4 } else { 10 }) {
        0 => {
            let path = files.remove(file).0;
            if files.is_empty() {
                files.push((path.with_file_name("journal-none"), Vec::new()));
            }
            format!("segment {file} removed")
        }
        1 => {
            let other = random.below(files.len() as u64) as usize;
            let moved = std::mem::take(&mut files[file].1);
            let moved = std::mem::replace(&mut files[other].1, moved);
            if file != other {
                files[file].1 = moved;
            }
            format!("segments {file} and {other} swapped")
        }
        2 => {
            let copy = files[file].1.clone();
            let name = format!("journal-{:016x}-{:020}.seg", crate::child::EPOCH, 3 + random.below(200));
            let path = files[file].0.with_file_name(&name);
            if files.iter().all(|(taken, _)| *taken != path) {
                files.push((path, copy));
            }
            format!("segment {file} doubled as {name}")
        }
        3 => {
            // Another run's file in this place: another epoch, with its own sound checksums.
            foreign(bytes);
            format!("segment {file} is of another run")
        }
        4 => {
            let moved = bytes[at(a)].to_vec();
            bytes.copy_within(at(b), at(a).start);
            bytes[at(b)].copy_from_slice(&moved);
            format!("frames {a} and {b} of segment {file} swapped")
        }
        5 => {
            bytes.drain(at(a));
            bytes.extend_from_slice(&[0; FRAME_BYTES]);
            format!("frame {a} of segment {file} removed")
        }
        6 => {
            bytes.copy_within(at(a), at(b).start);
            format!("frame {b} of segment {file} overwritten with frame {a}")
        }
        7 => {
            let double = bytes[at(a)].to_vec();
            bytes.splice(at(a).end..at(a).end, double);
            bytes.truncate(HEADER_BYTES + frames * FRAME_BYTES);
            format!("frame {a} of segment {file} inserted again")
        }
        8 => {
            bytes[at(a.min(b)).start..at(a.max(b)).end].fill(0);
            format!("frames {} to {} of segment {file} blanked", a.min(b), a.max(b))
        }
        _ => {
            let from = at(a).start / 512 * 512;
            let to = (from + 512).min(bytes.len());
            bytes[from..to].iter_mut().for_each(|byte| *byte = random.next() as u8);
            format!("sector at byte {from} of segment {file} is noise")
        }
    }
}

/// Gives every checksum of a segment another epoch.
fn foreign(bytes: &mut [u8]) {
    let epoch = crate::child::EPOCH + 1;
    let header = HEADER_BYTES.min(bytes.len());
    for slot in bytes[header..].chunks_exact_mut(FRAME_BYTES) {
        if slot[..4] != [0; 4] {
            let crc = crate::oracle::crc(slot, epoch);
            slot[4..8].copy_from_slice(&crc.to_le_bytes());
        }
    }
    if bytes.len() >= HEADER_BYTES {
        bytes[16..24].copy_from_slice(&epoch.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..4092]);
        bytes[4092..4096].copy_from_slice(&crc.to_le_bytes());
    }
}
