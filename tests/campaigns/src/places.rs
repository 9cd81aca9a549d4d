//! `places`: disks and directories that say no by themselves, without anything between.
//!
//! Owns the real counterparts of the faults: a full tmpfs, a read-only mount, a directory that is missing or
//! none, a clock that goes back. Mounting needs root: without it those rounds are left out and it is said.

use std::path::Path;

use nix::mount::{MsFlags, mount, umount};

use crate::campaign::{Place, Report, Settings, Stop};
use crate::check::{self, Keep, Must, Violation};
use crate::child::{EXIT_REFUSED, Job};
use crate::kill;
use crate::progress::{Seen, Word};
use crate::random::Random;
use crate::stream::Stream;
use crate::subject::Subject;
use crate::trace::Ended;

/// What can be wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Defect {
    /// Recovery drops the last record.
    LostTail,
}

/// Runs each place once for every round.
pub fn run(settings: &Settings, defect: Option<Defect>, report: &mut Report) -> Result<(), Stop> {
    let subject = if defect.is_some() { Subject::LosesTail } else { Subject::Journal };
    let mut unit = settings.first;
    while report.wants_more() {
        let mut random = Random::new(settings.seed, unit);
        let (seed, frames) = (random.next(), 16 + random.below(20));
        let rounds: [(&str, Round); 5] = [
            ("missing directory", missing),
            ("not a directory", file_in_place),
            ("clock going back", clock_back),
            ("full disk", full_disk),
            ("read-only mount", read_only),
        ];
        for (name, round) in rounds {
            let place = Place::new(settings)?;
            let job = Job { salt: unit, ..Job::new(&place, seed, 60, frames) };
            match round(settings, subject, &place, &job)? {
                Ok(true) => report.count(name),
                Ok(false) => report.count(format!("{name}: left out, mounting needs root")),
                Err(violation) => {
                    let detail = format!("{name}: {}", violation.detail);
                    return Err(place.violated(unit, Violation { detail, ..violation }));
                }
            }
        }
        report.round();
        unit += 1;
    }
    Ok(())
}

type Round = fn(&Settings, Subject, &Place, &Job) -> Result<Result<bool, Violation>, Stop>;

/// The child must refuse with a sentence that has these words.
fn refuses(
    settings: &Settings,
    place: &Place,
    job: &Job,
    words: &str,
) -> Result<Result<bool, Violation>, Stop> {
    let ended = kill::spared(settings, place, job)?;
    let said = std::fs::read_to_string(place.errors())?;
    let fits = ended == Ended::Exited(EXIT_REFUSED) && said.contains(words) && said.contains("journal");
    let wrong =
        || Violation::new("every fault has its verdict", format!("{ended:?} and not \"{words}\": {said}"));
    Ok(if fits { Ok(true) } else { Err(wrong()) })
}

fn missing(
    settings: &Settings,
    _: Subject,
    place: &Place,
    job: &Job,
) -> Result<Result<bool, Violation>, Stop> {
    std::fs::remove_dir(place.journal())?;
    let refused = refuses(settings, place, job, "Create the directory")?;
    std::fs::create_dir(place.journal())?;
    Ok(refused)
}

fn file_in_place(
    settings: &Settings,
    _: Subject,
    place: &Place,
    job: &Job,
) -> Result<Result<bool, Violation>, Stop> {
    std::fs::remove_dir(place.journal())?;
    std::fs::write(place.journal(), b"not a directory")?;
    refuses(settings, place, job, "Give a directory")
}

/// Positions order the journal, not clocks: nothing is refused, nothing lost.
fn clock_back(
    settings: &Settings,
    subject: Subject,
    place: &Place,
    job: &Job,
) -> Result<Result<bool, Violation>, Stop> {
    let ended = kill::spared(settings, place, &Job { clock_back: true, ..job.clone() })?;
    if ended != Ended::Exited(0) {
        return Ok(Err(kill::unexpected(place, ended)));
    }
    Ok(whole(subject, place, job).map(|()| true))
}

fn whole(subject: Subject, place: &Place, job: &Job) -> Result<(), Violation> {
    let seen =
        Seen::read(&place.progress()).map_err(|error| Violation::new("progress", error.to_string()))?;
    let must = Must { stream: Stream::new(job.seed), seen, keep: Keep::Acknowledged, may_refuse: false };
    let judged = check::state(subject, &place.journal(), &must)?;
    check::proved(&place.journal(), judged.records.len() as u64).map(drop)
}

fn mounted(at: &Path, size: &str) -> nix::Result<()> {
    mount(Some("campaign"), at, Some("tmpfs"), MsFlags::empty(), Some(size))
}

/// The disk fills up while the writer works, and is given room again.
fn full_disk(
    settings: &Settings,
    subject: Subject,
    place: &Place,
    job: &Job,
) -> Result<Result<bool, Violation>, Stop> {
    if !nix::unistd::geteuid().is_root() || mounted(&place.journal(), "size=64k").is_err() {
        return Ok(Ok(false));
    }
    let job = Job { items: 200, ..job.clone() };
    let work = || -> Result<Result<bool, Violation>, Stop> {
        if let Err(violation) = refuses(settings, place, &job, "Free space")? {
            return Ok(Err(violation));
        }
        let seen = Seen::read(&place.progress())?;
        if seen.get(Word::Opened) != 1 {
            return Ok(Err(Violation::new(
                "every fault has its verdict",
                "the disk was full from the start",
            )));
        }
        let must = Must { stream: Stream::new(job.seed), seen, keep: Keep::Acknowledged, may_refuse: false };
        if let Err(violation) = check::state(subject, &place.journal(), &must) {
            return Ok(Err(violation));
        }
        mount(None::<&str>, place.journal().as_path(), None::<&str>, MsFlags::MS_REMOUNT, Some("size=4m"))?;
        let ended = kill::spared(settings, place, &job)?;
        if ended != Ended::Exited(0) {
            return Ok(Err(kill::unexpected(place, ended)));
        }
        Ok(whole(subject, place, &job).map(|()| true))
    };
    let outcome = work();
    umount(place.journal().as_path())?;
    outcome
}

/// The file system is read-only when the next process comes.
fn read_only(
    settings: &Settings,
    _: Subject,
    place: &Place,
    job: &Job,
) -> Result<Result<bool, Violation>, Stop> {
    if !nix::unistd::geteuid().is_root() || mounted(&place.journal(), "size=4m").is_err() {
        return Ok(Ok(false));
    }
    let work = || -> Result<Result<bool, Violation>, Stop> {
        let ended = kill::spared(settings, place, job)?;
        if ended != Ended::Exited(0) {
            return Ok(Err(kill::unexpected(place, ended)));
        }
        let flags = MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
        mount(None::<&str>, place.journal().as_path(), None::<&str>, flags, None::<&str>)?;
        refuses(settings, place, job, "writable file system")
    };
    let outcome = work();
    umount(place.journal().as_path())?;
    outcome
}
