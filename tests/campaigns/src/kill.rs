//! `kill`: kill -9 at any moment, on the same files, again and again.
//!
//! Owns the choice of the moment. The page cache survives a process, so everything whose append returned
//! must be there at every level, and nothing else; then a new process goes on with the files. Moments are
//! uniform in time, at a system call, some instructions behind one, and at a system call of a chosen
//! phase (recovery, roll, mark, text, close), so that the short ones are met as well.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::campaign::{Place, Report, Settings, Stop};
use crate::check::{self, Keep, Must, Violation};
use crate::child::Job;
use crate::progress::{Phase, Seen, Word};
use crate::random::Random;
use crate::stream::Stream;
use crate::subject::Subject;
use crate::trace::{self, Answer, Call, Ended, Watcher};

/// Kills of one journal before a new one is begun.
const KILLS: u64 = 25;

/// What can be wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Defect {
    /// The child acknowledges items that are only in its own memory.
    AcknowledgedEarly,
    /// Recovery drops the last record.
    LostTail,
}

/// When a child dies.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    /// So long after its start.
    After(Duration),
    /// So long after the writer was had.
    Working(Duration),
    /// At its n-th system call.
    Call(u64),
    /// So many instructions behind it.
    Instruction(u64, u64),
    /// At the n-th system call of a phase.
    Phase(Phase, u64),
    /// Never.
    Spared,
}

/// Runs the campaign.
pub fn run(settings: &Settings, defect: Option<Defect>, report: &mut Report) -> Result<(), Stop> {
    let mut unit = settings.first;
    while report.wants_more() {
        let place = Place::new(settings)?;
        if let Err(violation) = journal(settings, defect, report, unit, &place)? {
            return Err(place.violated(unit, violation));
        }
        unit += 1;
    }
    Ok(())
}

/// One journal's life: killed, continued, killed, and closed at last.
fn journal(
    settings: &Settings,
    defect: Option<Defect>,
    report: &mut Report,
    unit: u64,
    place: &Place,
) -> Result<Result<(), Violation>, Stop> {
    let mut random = Random::new(settings.seed, unit);
    let stream = Stream::new(random.next());
    let subject = if defect == Some(Defect::LostTail) { Subject::LosesTail } else { Subject::Journal };
    let (items, frames) = (60 + random.below(400), 16 + random.below(80));
    let base = Job {
        mark_every: 1 + random.below(40),
        gated: random.one_in(4),
        acknowledge_early: defect == Some(Defect::AcknowledgedEarly),
        ..Job::new(place, stream.seed(), items, frames)
    };
    let mut usual = Usual { time: Duration::from_millis(4), working: Duration::from_millis(2), calls: 300 };
    let mut begun = false;
    for kill in 0..=KILLS {
        let last = kill == KILLS || !report.wants_more();
        let job = Job { salt: random.next(), leave: !last && random.one_in(4), ..base.clone() };
        let moment = if last { Moment::Spared } else { usual.moment(&mut random) };
        let (ended, seen) = live(settings, place, &job, moment, &mut usual)?;
        if !last {
            report.round();
        }
        match ended {
            Ended::Signalled(Signal::SIGKILL) => report.count(format!("killed in {}", seen.phase().label())),
            Ended::Exited(0) => report.count("ended first"),
            other => return Ok(Err(unexpected(place, other))),
        }
        if seen.get(Word::Opened) == 0 && !begun {
            // Nothing was promised yet; the next child begins in the same directory.
            report.count("killed before the journal was");
            continue;
        }
        begun = true;
        let must = Must { stream, seen, keep: Keep::Acknowledged, may_refuse: false };
        if let Err(violation) = settle(subject, place, &must, last) {
            return Ok(Err(violation));
        }
    }
    report.count("journals closed and proved");
    Ok(Ok(()))
}

fn settle(subject: Subject, place: &Place, must: &Must, last: bool) -> Result<(), Violation> {
    let judged = check::state(subject, &place.journal(), must)?;
    if last {
        check::proved(&place.journal(), judged.records.len() as u64)?;
    }
    Ok(())
}

/// The child fell by itself.
pub fn unexpected(place: &Place, ended: Ended) -> Violation {
    let errors = std::fs::read_to_string(place.errors()).unwrap_or_default();
    Violation::new("the writer goes on", format!("the child ended with {ended:?}: {}", errors.trim()))
}

/// How long a life is, learned from those that ended by themselves.
struct Usual {
    time: Duration,
    working: Duration,
    calls: u64,
}

impl Usual {
    fn moment(&self, random: &mut Random) -> Moment {
        match random.below(10) {
            0 => Moment::After(Duration::from_nanos(random.below(1 + self.time.as_nanos() as u64))),
            1..5 => Moment::Working(Duration::from_nanos(random.below(1 + self.working.as_nanos() as u64))),
            5..7 => Moment::Call(random.below(self.calls)),
            7 => Moment::Instruction(random.below(self.calls), 1 + random.below(2_000)),
            8 => Moment::Phase(Phase::Open, random.below(120)),
            _ => {
                let phase = Phase::ALL[random.below(Phase::ALL.len() as u64) as usize];
                Moment::Phase(phase, random.below(30))
            }
        }
    }
}

/// The command of a child.
pub fn command(settings: &Settings, place: &Place, job: &Job) -> std::io::Result<Command> {
    let mut command = Command::new(&settings.program);
    command.args(job.arguments()).stdout(Stdio::null()).stderr(File::create(place.errors())?);
    Ok(command)
}

/// Runs a child to its own end.
pub fn spared(settings: &Settings, place: &Place, job: &Job) -> std::io::Result<Ended> {
    let mut usual = Usual { time: Duration::ZERO, working: Duration::ZERO, calls: 1 };
    timed(command(settings, place, job)?, place, Moment::Spared, &mut usual)
}

/// Runs a child up to its moment and gives what it said.
pub fn live_until(
    settings: &Settings,
    place: &Place,
    job: &Job,
    moment: Moment,
) -> Result<(Ended, Seen, u64), Stop> {
    let mut usual = Usual { time: Duration::ZERO, working: Duration::ZERO, calls: 0 };
    let (ended, seen) = live(settings, place, job, moment, &mut usual)?;
    Ok((ended, seen, usual.calls))
}

fn live(
    settings: &Settings,
    place: &Place,
    job: &Job,
    moment: Moment,
    usual: &mut Usual,
) -> Result<(Ended, Seen), Stop> {
    let command = command(settings, place, job)?;
    let ended = match moment {
        Moment::After(_) | Moment::Working(_) | Moment::Spared => timed(command, place, moment, usual)?,
        at => {
            let mut executioner =
                Executioner { at, progress: File::open(place.progress())?, met: 0, calls: 0 };
            let ended = trace::run(command, &mut executioner)?;
            if matches!(ended, Ended::Exited(_)) {
                usual.calls = executioner.calls;
            }
            ended
        }
    };
    Ok((ended, Seen::read(&place.progress())?))
}

/// Runs a child at full speed, nobody looking on.
fn timed(mut command: Command, place: &Place, moment: Moment, usual: &mut Usual) -> std::io::Result<Ended> {
    use std::os::unix::process::ExitStatusExt;
    let progress = File::open(place.progress())?;
    let mut child = command.stdin(Stdio::piped()).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(b"\n")?;
    }
    let begun = Instant::now();
    let mut opened = None;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if opened.is_none() && word(&progress, Word::Opened) == 1 {
            opened = Some(Instant::now());
        }
        let due = match (moment, opened) {
            (Moment::After(after), _) => begun.elapsed() >= after,
            (Moment::Working(after), Some(opened)) => opened.elapsed() >= after,
            _ => false,
        };
        if due {
            child.kill()?;
            break child.wait()?;
        }
        std::hint::spin_loop();
    };
    match (status.code(), status.signal()) {
        (Some(code), _) => {
            usual.time = begun.elapsed();
            usual.working = opened.map_or(usual.working, |opened| opened.elapsed());
            Ok(Ended::Exited(code))
        }
        (None, signal) => Ok(Ended::Signalled(Signal::try_from(signal.unwrap_or(0))?)),
    }
}

/// A counter of the child's, read while it runs.
fn word(progress: &File, word: Word) -> u64 {
    let mut bytes = [0; 8];
    progress.read_exact_at(&mut bytes, word as u64 * 8).map_or(u64::MAX, |()| u64::from_le_bytes(bytes))
}

/// Kills at a system call.
struct Executioner {
    at: Moment,
    progress: File,
    met: u64,
    calls: u64,
}

impl Watcher for Executioner {
    fn entry(&mut self, call: &Call) -> Answer {
        self.calls = call.index + 1;
        match self.at {
            Moment::Call(index) if call.index >= index => Answer::Kill,
            Moment::Instruction(index, steps) if call.index >= index => Answer::KillAfter(steps),
            Moment::Phase(phase, nth) if word(&self.progress, Word::Phase) == phase as u64 => {
                self.met += 1;
                if self.met > nth { Answer::Kill } else { Answer::Pass }
            }
            _ => Answer::Pass,
        }
    }
}
