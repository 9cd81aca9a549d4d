//! `pages`: a power cut keeps any part of what was not synced.
//!
//! Owns the moments of the cut: every system call of a small life of the writer, its recovery included. At
//! each the child stands still while the states that a disk may hold are made and judged: all of them
//! when they are few, seeded ones otherwise. What the writer had called durable must be there, nothing
//! false may be, and recovery may not refuse: no byte was damaged.

use std::path::PathBuf;

use crate::campaign::{Place, Report, Settings, Stop};
use crate::check::{self, Keep, Must, Violation};
use crate::child::Job;
use crate::disk::{self, Disk, Left};
use crate::kill;
use crate::progress::{Progress, Seen, Word};
use crate::random::Random;
use crate::stream::Stream;
use crate::subject::Subject;
use crate::trace::{self, Answer, Call, Ended, Watcher};

/// Up to so many undecided pieces, all combinations are tried where the rounds allow.
const EXHAUSTIVE: usize = 12;

/// What can be wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Defect {
    /// The writer's syncs of segments do nothing and say that they did.
    MarkBeforeSync,
    /// The writer's syncs of the directory do nothing and say that they did.
    NoFsyncDir,
    /// Recovery goes on behind a hole.
    AcceptHole,
}

/// Runs the campaign; `each` is the most states of one moment.
pub fn run(settings: &Settings, each: u64, defect: Option<Defect>, report: &mut Report) -> Result<(), Stop> {
    let mut unit = settings.first;
    while report.wants_more() {
        let place = Place::new(settings)?;
        let mut random = Random::new(settings.seed, unit);
        let stream = Stream::new(random.next());
        for life in 0..3 {
            let (items, frames) = (8 + random.below(24), 16 + random.below(50));
            let job = Job {
                salt: random.next(),
                mark_every: 2 + random.below(8),
                gated: random.one_in(4),
                beacons: true,
                leave: life < 2 || random.one_in(2),
                ..Job::new(&place, stream.seed(), items, frames)
            };
            let crash = place.beside("crash")?;
            let mut power = Power {
                disk: Disk::new(&place.journal())?,
                random: random.clone(),
                report: &mut *report,
                defect,
                each,
                stream,
                first_life: life == 0,
                progress: place.progress(),
                crash,
                found: None,
            };
            let ended = trace::run(kill::command(settings, &place, &job)?, &mut power)?;
            match power.found.take() {
                Some(Found::Violation(violation)) => return Err(place.violated(unit, violation)),
                Some(Found::Host(error)) => return Err(Stop::Host(error)),
                None if ended != Ended::Exited(0) => {
                    let violation = kill::unexpected(&place, ended);
                    return Err(place.violated(unit, violation));
                }
                None => {}
            }
            // The next life begins with what a cut at the end of this one left.
            power.disk.observe()?;
            let left = power.disk.left_by_chance(&mut random);
            disk::lay(&place.journal(), &left)?;
            // What was told of records that the cut took away is told of nothing.
            Progress::open(&place.progress())?.set(Word::HeadRecords, 0);
            report.count("lives");
            if !report.wants_more() {
                break;
            }
        }
        unit += 1;
    }
    Ok(())
}

enum Found {
    Violation(Violation),
    Host(std::io::Error),
}

struct Power<'a> {
    disk: Disk,
    random: Random,
    report: &'a mut Report,
    defect: Option<Defect>,
    each: u64,
    stream: Stream,
    first_life: bool,
    progress: PathBuf,
    crash: PathBuf,
    found: Option<Found>,
}

impl Power<'_> {
    /// What a cut now may leave, judged.
    fn cut(&mut self) -> std::io::Result<Option<Violation>> {
        let before = Seen::read(&self.progress)?;
        if !self.disk.observe()? || !self.report.wants_more() {
            return Ok(None);
        }
        let undecided = self.disk.undecided();
        let all = if undecided <= EXHAUSTIVE { 1u64 << undecided } else { u64::MAX };
        let exhaustive = all <= self.each;
        self.report.count(if exhaustive { "moments in full" } else { "moments by chance" });
        let must = self.must(&before)?;
        for number in 0..all.min(self.each) {
            let left = if exhaustive {
                self.disk.left_by_bits(number, &mut self.random)
            } else {
                self.disk.left_by_chance(&mut self.random)
            };
            if let Some(violation) = self.judge(&left, &must)? {
                let detail = format!("{undecided} pieces undecided: {}", violation.detail);
                return Ok(Some(Violation { detail, ..violation }));
            }
        }
        Ok(None)
    }

    fn must(&self, before: &Seen) -> std::io::Result<Must> {
        // Other threads of the child run on: durable is what was promised before the look at the files.
        let mut seen = Seen::read(&self.progress)?;
        seen.set(Word::Durable, before.get(Word::Durable));
        let unborn = self.first_life && before.get(Word::Opened) == 0;
        Ok(Must { stream: self.stream, seen, keep: Keep::Durable, may_refuse: unborn })
    }

    fn judge(&mut self, left: &Left, must: &Must) -> std::io::Result<Option<Violation>> {
        disk::lay(&self.crash, left)?;
        self.report.round();
        let subject = match self.defect {
            Some(Defect::AcceptHole) => Subject::AcceptsHoles,
            _ => Subject::Journal,
        };
        Ok(match check::state(subject, &self.crash, must) {
            Ok(judged) => {
                self.report.count(judged.verdict.clone());
                let goes_on = subject == Subject::Journal && self.random.one_in(4) && !must.may_refuse;
                goes_on.then(|| check::resumes(&self.crash, must, &judged).err()).flatten()
            }
            Err(violation) => Some(violation),
        })
    }
}

impl Watcher for Power<'_> {
    fn entry(&mut self, call: &Call) -> Answer {
        match self.cut() {
            Ok(None) => {}
            Ok(Some(violation)) => self.found = Some(Found::Violation(violation)),
            Err(error) => self.found = Some(Found::Host(error)),
        }
        if self.found.is_some() {
            return Answer::Kill;
        }
        let syncs = [libc::SYS_fsync, libc::SYS_fdatasync, libc::SYS_msync].contains(&call.number);
        let of_dir = self.disk.syncs_directory(call);
        match self.defect {
            Some(Defect::NoFsyncDir) if of_dir => Answer::Pretend(0),
            Some(Defect::MarkBeforeSync) if syncs && !of_dir => Answer::Pretend(0),
            _ => {
                self.disk.entry(call);
                Answer::Pass
            }
        }
    }

    fn exit(&mut self, call: &Call, result: i64) -> bool {
        self.disk.exit(call, result);
        false
    }
}
