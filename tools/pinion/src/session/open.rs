//! The journal that a session writes: a new one, or the one that is there, which the run goes on from.

use super::past::Past;
use super::staged;
use crate::command::journal::view::View;
use crate::failure::Failure;
use pinion_journal::{Anchor, JournalError, Reader, Recovery, Resumed, Upkeep, Writer, never_began, scan};
use pinion_model::record::Kind;
use pinion_plan::{Layout, Plan};
use pinion_runtime::ticks::Anchors;
use std::path::Path;
use std::time::Duration;

/// The journal of a session.
#[derive(Default)]
pub struct Opened {
    /// Its writable end; `None` for a run whose journal is complete already.
    pub writer: Option<Writer>,
    /// What it has, where the run goes on.
    pub past: Option<Past>,
}

impl Opened {
    /// Makes the directory and a journal in it, beginning with the plan's text; or, with `resume`, opens the journal
    /// that is there. One whose run has ended by itself is only read.
    pub fn open(dir: &Path, plan: &Plan, anchors: &Anchors, resume: bool) -> Result<Opened, Failure> {
        if resume && dir.exists() && !never_began(dir)? {
            return Opened::go_on(dir, &Reader::open(dir)?, plan, anchors);
        }
        Ok(Opened { writer: Some(create(dir, plan, anchors)?), past: None })
    }

    fn go_on(dir: &Path, reader: &Reader, plan: &Plan, anchors: &Anchors) -> Result<Opened, Failure> {
        // Threads that share their state with none that a snapshot holds begin at the start.
        let by_snapshot = matches!(plan.runtime.layout, Layout::Invoker | Layout::Solo | Layout::Shared);
        if reader.is_closed()? && reader.header().plan_hash == plan.hash {
            let end = scan(dir)?;
            let past = Past::read(dir, plan, end.valid_until, by_snapshot)?;
            if end.closed && past.is_complete {
                return Ok(Opened { writer: None, past: Some(past) });
            }
        }
        let (mut writer, resumed) =
            Writer::resume(dir, options(plan, anchors)).map_err(|error| refused(error, dir, plan))?;
        drain(dir, plan, &mut writer)?;
        let past = Past::read(dir, plan, writer.position(), by_snapshot)?;
        if !past.has_plan {
            writer.append_text(Kind::Plan, plan.canonical.as_bytes())?;
        }
        tell(dir, &resumed, &past);
        Ok(Opened { writer: Some(writer), past: Some(past) })
    }
}

/// A run that was asked for with another configuration is the caller's mistake, not the journal's.
fn refused(error: JournalError, dir: &Path, plan: &Plan) -> Failure {
    match error {
        JournalError::OtherPlan { .. } => Failure::Usage(format!("error: {error}{}", differences(dir, plan))),
        other => other.into(),
    }
}

/// The lines of the two plans that are not in both, the first few.
fn differences(dir: &Path, plan: &Plan) -> String {
    const MOST: usize = 6;
    let Ok(then) = View::open(dir) else { return String::new() };
    let only = |sign, of: &str, not_of: &str| -> Vec<String> {
        let lines = of.lines().filter(|line| !not_of.lines().any(|other| other == *line));
        lines.take(MOST).map(|line| format!("\n  {sign} {}", line.trim())).collect()
    };
    let (then, now) = (&then.plan.canonical, &plan.canonical);
    [only("then", then, now), only("now ", now, then)].concat().concat()
}

/// What a killed session had handed to its journal and the journal had not taken.
fn drain(dir: &Path, plan: &Plan, writer: &mut Writer) -> Result<(), Failure> {
    let path = staged::link_path(Path::new(&plan.journal.staged_dir), writer.epoch(), plan.shard());
    if let Some(drained) = staged::drain(&path, dir, writer)? {
        eprintln!("{}: {} records more, from {}", dir.display(), drained.appended, drained.path.display());
        if drained.left_out > 0 {
            eprintln!("warning: {} records of a group that was never whole do not count", drained.left_out);
        }
    }
    Ok(())
}

/// What was found, on standard error: the run's own output is for what it does.
fn tell(dir: &Path, resumed: &Resumed, past: &Past) {
    let Recovery { verdict, valid_until, lost, .. } = &resumed.found;
    let from = match &past.trading.restored {
        Some(restored) => format!("the snapshot behind event {}", restored.events),
        None => "its start".into(),
    };
    eprintln!(
        "{}: {valid_until} records count ({}), {} inputs; the run goes on from {from}",
        dir.display(),
        verdict.label(),
        past.trading.inputs
    );
    if *lost > 0 {
        eprintln!("warning: {lost} sound records behind a damaged place do not count any more");
    }
    resumed
        .evidence
        .iter()
        .for_each(|path| eprintln!("warning: what was damaged is kept in {}", path.display()));
    if let Some(holder) = &resumed.stale {
        eprintln!("the process that wrote it last ({}) ended without closing it", holder.pid);
    }
}

/// Makes the directory and a journal in it, beginning with the plan's text.
pub fn create(dir: &Path, plan: &Plan, anchors: &Anchors) -> Result<Writer, Failure> {
    std::fs::create_dir_all(dir).map_err(|e| Failure::Run(format!("{}: {e}", dir.display())))?;
    let mut writer = Writer::create(dir, options(plan, anchors))?;
    writer.append_text(Kind::Plan, plan.canonical.as_bytes())?;
    Ok(writer)
}

/// What a journal of this run is begun, or gone on, with.
fn options(plan: &Plan, anchors: &Anchors) -> pinion_journal::Options {
    let first = anchors.first();
    let mut options = pinion_journal::Options::new(first.wall_ns ^ (u64::from(std::process::id()) << 40));
    options.plan_hash = plan.hash;
    options.build = crate::BUILD.into();
    options.anchor = Anchor { ticks: first.ticks, wall_ns: first.wall_ns, mono_ns: first.mono_ns };
    options.segment_bytes = (plan.journal.segment_mb as u64) << 20;
    options.upkeep = Upkeep::Thread;
    options.sync_every = Duration::from_millis(plan.journal.msync_ms);
    options.sync_records = plan.journal.msync_records;
    options
}
