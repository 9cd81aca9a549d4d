//! `faults`: the kernel says no, at every call of the writer that can be refused.
//!
//! Owns the table of faults and what each must lead to. A dry run counts the calls; then each fault is
//! given at each of them, once or from there on. The writer either goes on with nothing lost, or stops
//! with a sentence that names the file; a failed sync of published records is always told. Afterwards
//! the journal holds everything that was acknowledged, and a new process goes on with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::campaign::{Place, Report, Settings, Stop};
use crate::check::{self, Keep, Must, Violation};
use crate::child::{EXIT_REFUSED, EXIT_SYNC_FAILED, Job};
use crate::kill;
use crate::progress::{Seen, Word};
use crate::random::Random;
use crate::stream::Stream;
use crate::subject::Subject;
use crate::trace::{self, Answer, Call, Ended, Watcher, inode_of, mapping_at, path_argument, path_of};

/// What can be wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Defect {
    /// The writer does not look at what its syncs return.
    DeafSync,
    /// Recovery drops the last record.
    LostTail,
}

/// A call of the writer's that can be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Site {
    /// Reserving the blocks of a new segment.
    Allocate,
    /// Writing to a file.
    Write,
    /// Syncing a mapping.
    SyncMapping,
    /// Syncing a file or the directory.
    Sync,
    /// Creating a file.
    Create,
    /// Giving a file its name.
    Link,
    /// Taking a name away.
    Unlink,
    /// Cutting a file to its length.
    Truncate,
    /// Mapping a file.
    Map,
    /// Asking for pages.
    Advise,
    /// Locking.
    Lock,
}

/// Every fault, at one site each.
const FAULTS: &[(Site, Answer, &str)] = &[
    (Site::Allocate, Answer::Fail(libc::ENOSPC), "ENOSPC"),
    (Site::Allocate, Answer::Fail(libc::EIO), "EIO"),
    (Site::Allocate, Answer::Fail(libc::EOPNOTSUPP), "EOPNOTSUPP"),
    (Site::Write, Answer::Fail(libc::ENOSPC), "ENOSPC"),
    (Site::Write, Answer::Fail(libc::EIO), "EIO"),
    (Site::Write, Answer::Fail(libc::EINTR), "EINTR"),
    (Site::Write, Answer::Short(100), "short"),
    (Site::SyncMapping, Answer::Fail(libc::EIO), "EIO"),
    (Site::SyncMapping, Answer::Fail(libc::ENOSPC), "ENOSPC"),
    (Site::Sync, Answer::Fail(libc::EIO), "EIO"),
    (Site::Sync, Answer::Fail(libc::ENOSPC), "ENOSPC"),
    (Site::Create, Answer::Fail(libc::ENOSPC), "ENOSPC"),
    (Site::Create, Answer::Fail(libc::EROFS), "EROFS"),
    (Site::Create, Answer::Fail(libc::EMFILE), "EMFILE"),
    (Site::Create, Answer::Fail(libc::EACCES), "EACCES"),
    (Site::Link, Answer::Fail(libc::ENOSPC), "ENOSPC"),
    (Site::Link, Answer::Fail(libc::EIO), "EIO"),
    (Site::Unlink, Answer::Fail(libc::EIO), "EIO"),
    (Site::Unlink, Answer::Fail(libc::EROFS), "EROFS"),
    (Site::Truncate, Answer::Fail(libc::EIO), "EIO"),
    (Site::Map, Answer::Fail(libc::ENOMEM), "ENOMEM"),
    (Site::Advise, Answer::Fail(libc::EINVAL), "EINVAL"),
    (Site::Lock, Answer::Fail(libc::ENOLCK), "ENOLCK"),
];

/// Runs the campaign: a sweep over all faults and calls for each unit, then the faults of a real disk.
pub fn run(settings: &Settings, defect: Option<Defect>, report: &mut Report) -> Result<(), Stop> {
    let mut unit = settings.first;
    while report.wants_more() {
        let sites = count(settings, unit)?;
        let mut all = Vec::new();
        for (fault, (site, answer, _)) in FAULTS.iter().enumerate() {
            let calls = sites.get(site).copied().unwrap_or(0);
            all.extend((0..calls).map(|nth| (fault, nth, false)));
            // A call that is interrupted for ever is made again for ever: that is no fault of a disk.
            if *answer != Answer::Fail(libc::EINTR) {
                all.extend((0..calls).map(|nth| (fault, nth, true)));
            }
        }
        // In an order of chance, so that few rounds see a bit of everything.
        let mut random = Random::new(settings.seed, 7_000 + unit);
        for index in (1..all.len()).rev() {
            all.swap(index, random.below(index as u64 + 1) as usize);
        }
        for (fault, nth, lasting) in all {
            if !report.wants_more() {
                return Ok(());
            }
            let (site, answer, name) = FAULTS[fault];
            let place = Place::new(settings)?;
            let plan = Plan { site, answer, nth, lasting };
            let outcome = one(settings, defect, report, unit, &place, plan)?;
            report.round();
            if let Err(violation) = outcome {
                let how = if lasting { "from" } else { "at" };
                let detail = format!("{name} {how} call {nth} of {site:?}: {}", violation.detail);
                return Err(place.violated(unit, Violation { detail, ..violation }));
            }
        }
        unit += 1;
    }
    Ok(())
}

#[derive(Clone, Copy, Debug)]
struct Plan {
    site: Site,
    answer: Answer,
    nth: u64,
    lasting: bool,
}

fn job(settings: &Settings, place: &Place, unit: u64) -> Job {
    let mut random = Random::new(settings.seed, unit);
    let (seed, salt) = (random.next(), random.next());
    let frames = 16 + random.below(24);
    Job { salt, mark_every: 5, clock_back: unit % 2 == 1, ..Job::new(place, seed, 40, frames) }
}

/// How often a life makes each call.
fn count(settings: &Settings, unit: u64) -> Result<BTreeMap<Site, u64>, Stop> {
    let place = Place::new(settings)?;
    let mut counter = Refusal::new(&place, None, None);
    let command = kill::command(settings, &place, &job(settings, &place, unit))?;
    match trace::run(command, &mut counter)? {
        Ended::Exited(0) => Ok(counter.calls),
        other => Err(place.violated(unit, kill::unexpected(&Place::new(settings)?, other))),
    }
}

fn one(
    settings: &Settings,
    defect: Option<Defect>,
    report: &mut Report,
    unit: u64,
    place: &Place,
    plan: Plan,
) -> Result<Result<(), Violation>, Stop> {
    let job = job(settings, place, unit);
    let mut refusal = Refusal::new(place, Some(plan), defect);
    let ended = trace::run(kill::command(settings, place, &job)?, &mut refusal)?;
    let said = std::fs::read_to_string(place.errors())?;
    let seen = Seen::read(&place.progress())?;
    let subject = if defect == Some(Defect::LostTail) { Subject::LosesTail } else { Subject::Journal };
    let outcome = verdict(&refusal, ended, &said, &seen, &place.journal()).and_then(|word| {
        report.count(word);
        if seen.get(Word::Opened) == 0 {
            return Ok(());
        }
        let must = Must { stream: Stream::new(job.seed), seen, keep: Keep::Acknowledged, may_refuse: false };
        check::state(subject, &place.journal(), &must).map(drop)
    });
    Ok(outcome)
}

/// What the child made of the fault.
fn verdict(
    refusal: &Refusal,
    ended: Ended,
    said: &str,
    seen: &Seen,
    dir: &Path,
) -> Result<&'static str, Violation> {
    let wrong = |what: String| Err(Violation::new("every fault has its verdict", what));
    let code = match ended {
        Ended::Exited(code @ (0 | EXIT_SYNC_FAILED | EXIT_REFUSED)) => code,
        other => return wrong(format!("the child ended with {other:?}: {said}")),
    };
    if refusal.published_sync_failed && code != EXIT_SYNC_FAILED {
        return wrong(format!("a sync of published records failed and the child ended with {code}: {said}"));
    }
    if !refusal.published_sync_failed && code == EXIT_SYNC_FAILED && refusal.given == 0 {
        return wrong(format!("no sync failed, but the writer says so: {said}"));
    }
    if code != 0 && !said.contains(&dir.display().to_string()) {
        return wrong(format!("the sentence does not name the place: {said}"));
    }
    if code == 0 && seen.get(Word::Closed) != 1 {
        return wrong("the child is done and the journal is not closed".into());
    }
    Ok(match (code, refusal.given, seen.get(Word::Retried)) {
        (_, 0, _) => "not reached",
        (0, _, 0) => "harmless",
        (0, ..) => "tried again",
        (EXIT_SYNC_FAILED, ..) => "stopped by a failed sync",
        _ => "refused",
    })
}

/// Counts the calls of each site, and refuses what the plan says.
struct Refusal {
    dir: PathBuf,
    progress: PathBuf,
    plan: Option<Plan>,
    deaf: bool,
    calls: BTreeMap<Site, u64>,
    given: u64,
    published_sync_failed: bool,
}

impl Refusal {
    fn new(place: &Place, plan: Option<Plan>, defect: Option<Defect>) -> Self {
        let deaf = defect == Some(Defect::DeafSync);
        let (dir, progress) = (place.journal(), place.progress());
        Refusal { dir, progress, plan, deaf, calls: BTreeMap::new(), given: 0, published_sync_failed: false }
    }

    /// Which site a call is of, if it touches the journal's directory.
    fn site(&self, call: &Call) -> Option<Site> {
        let a = &call.arguments;
        let ours = |descriptor| path_of(call, descriptor).is_some_and(|path| path.starts_with(&self.dir));
        let names = |address| path_argument(call, address).is_some_and(|path| path.starts_with(&self.dir));
        match call.number {
            libc::SYS_fallocate if ours(a[0]) => Some(Site::Allocate),
            libc::SYS_write | libc::SYS_pwrite64 if ours(a[0]) => Some(Site::Write),
            libc::SYS_msync => Some(Site::SyncMapping),
            libc::SYS_fsync | libc::SYS_fdatasync if ours(a[0]) => Some(Site::Sync),
            libc::SYS_openat if a[2] as i32 & libc::O_CREAT != 0 && names(a[1]) => Some(Site::Create),
            libc::SYS_linkat if names(a[1]) => Some(Site::Link),
            libc::SYS_link if names(a[0]) => Some(Site::Link),
            libc::SYS_renameat | libc::SYS_renameat2 if names(a[1]) => Some(Site::Link),
            libc::SYS_rename if names(a[0]) => Some(Site::Link),
            libc::SYS_unlinkat if names(a[1]) => Some(Site::Unlink),
            libc::SYS_unlink if names(a[0]) => Some(Site::Unlink),
            libc::SYS_ftruncate if ours(a[0]) => Some(Site::Truncate),
            libc::SYS_mmap if (a[4] as i32) >= 0 && ours(a[4]) => Some(Site::Map),
            libc::SYS_madvise
                if mapping_at(call, a[0]).is_some_and(|at| self.is_published_or_next(at.inode)) =>
            {
                Some(Site::Advise)
            }
            libc::SYS_flock if ours(a[0]) => Some(Site::Lock),
            _ => None,
        }
    }

    /// Whether a sync covers records that the journal already holds.
    fn covers_published(&self, call: &Call) -> bool {
        let inode = match call.number {
            libc::SYS_msync => mapping_at(call, call.arguments[0]).map(|at| at.inode),
            _ => inode_of(call, call.arguments[0]),
        };
        let is_dir = |inode| std::fs::metadata(&self.dir).is_ok_and(|dir| ino(&dir) == inode);
        inode.is_some_and(|inode| is_dir(inode) || self.named(inode, |name| name.ends_with(".seg")))
    }

    fn is_published_or_next(&self, inode: u64) -> bool {
        self.named(inode, |_| true)
    }

    fn named(&self, inode: u64, fits: impl Fn(&str) -> bool) -> bool {
        let Ok(entries) = std::fs::read_dir(&self.dir) else { return false };
        entries.flatten().any(|entry| {
            let same = entry.metadata().is_ok_and(|metadata| ino(&metadata) == inode);
            same && fits(&entry.file_name().to_string_lossy())
        })
    }
}

fn ino(metadata: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

impl Watcher for Refusal {
    fn entry(&mut self, call: &Call) -> Answer {
        let Some(site) = self.site(call) else { return Answer::Pass };
        let calls = self.calls.entry(site).or_default();
        let index = *calls;
        *calls += 1;
        let Some(plan) = self.plan else { return Answer::Pass };
        let due = plan.site == site && (index == plan.nth || (plan.lasting && index > plan.nth));
        if !due {
            return Answer::Pass;
        }
        self.given += 1;
        if matches!(site, Site::Sync | Site::SyncMapping) {
            // Before the writer was had, a failure is an error of opening, which may be tried again.
            let had = Seen::read(&self.progress).is_ok_and(|seen| seen.get(Word::Opened) == 1);
            self.published_sync_failed |= had && self.covers_published(call);
            if self.deaf {
                return Answer::Pretend(0);
            }
        }
        plan.answer
    }
}
