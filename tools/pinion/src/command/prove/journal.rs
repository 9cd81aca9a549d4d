//! What a slow or stopped cold thread does to the hot one: nothing but what the design says.
//!
//! First the invariants, without threads and therefore the same in every run: the cold side takes records only
//! when this proof lets it. As the link fills up entries stop and exits go on, as inputs of the engine; without
//! room no input is taken; when the cold side is back entries go on; and every record that was pushed arrives,
//! in order. Then the times, with threads, for the eye: the same frames beside a prompt, a slow and a stopped
//! cold thread. No time decides whether the proof holds.

use super::inputs::usual;
use super::rig::Rig;
use crate::command::bench::tick_to_order::pipeline::Pipeline;
use crate::command::replay::difference;
use crate::failure::Failure;
use crate::output::Output;
use crate::session::keeper::{Keeper, Out};
use clap::{Args, ValueEnum};
use pinion_model::body::{Body, CommandBody, CommandKind, OrderBody};
use pinion_model::record::{Class, Entry, Kind, Record};
use pinion_runtime::agent::{Agent, Runner};
use pinion_runtime::idle::{Idle, IdleKind};
use pinion_runtime::link::{Rx, Tx, link};
use serde_json::json;

#[derive(Args)]
pub struct JournalArgs {
    /// Break the property on purpose: the proof must fail
    #[arg(long = "break", value_enum)]
    fault: Option<Fault>,
    #[command(flatten)]
    output: Output,
}

/// A planted defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Fault {
    /// The hot thread does not heed its link
    Deaf,
    /// A record is lost on its way
    Lose,
}

/// What the cold side sees in the records.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    records: u64,
    inputs: u64,
    /// Inputs whose number is not the one after the last.
    out_of_order: u64,
    degraded: bool,
    degradations: u64,
    recoveries: u64,
    /// Orders that open or enlarge a position, and all others, while entries are stopped; and entries before
    /// and after.
    entries_degraded: u64,
    exits_degraded: u64,
    entries: u64,
}

impl Seen {
    fn take(&mut self, entry: &Entry) {
        self.records += 1;
        let Some(kind) = Record::of(entry).kind() else { return };
        if kind.class() == Class::Input {
            self.inputs += 1;
            let seq = u64::from_le_bytes(std::array::from_fn(|at| entry.body[at]));
            self.out_of_order += u64::from(seq != self.inputs);
        }
        match kind {
            Kind::Command => {
                let command = CommandKind::from_code(CommandBody::from_bytes(&entry.body).command);
                self.degradations += u64::from(command == Some(CommandKind::Degraded));
                self.recoveries += u64::from(command == Some(CommandKind::Recovered));
                self.degraded = command == Some(CommandKind::Degraded);
            }
            Kind::Order => {
                let exits = OrderBody::from_bytes(&entry.body).reduce_only != 0;
                self.exits_degraded += u64::from(self.degraded && exits);
                self.entries_degraded += u64::from(self.degraded && !exits);
                self.entries += u64::from(!self.degraded && !exits);
            }
            _ => {}
        }
    }
}

/// The hot side's end of the link, counted.
struct Counted {
    tx: Tx<Entry>,
    pushed: u64,
}

impl Out for Counted {
    fn has_credits(&mut self, count: usize) -> bool {
        self.tx.has_credits(count)
    }

    fn put(&mut self, entry: &Entry) {
        self.pushed += 1;
        self.tx.put(entry);
    }

    fn records(&self) -> u64 {
        self.pushed
    }

    fn is_kept(&self) -> bool {
        self.tx.is_kept()
    }
}

/// The hot and the cold side, one step at a time.
struct Walk {
    pipeline: Pipeline<Counted>,
    rx: Rx<Entry>,
    seen: Seen,
    keeper: Keeper,
    fault: Option<Fault>,
    /// Frames that were not taken because there was no room.
    not_taken: u64,
    taken: u64,
}

impl Walk {
    fn step(&mut self, frame: &[u8], cold_takes: usize) {
        if self.pipeline.has_room() {
            if self.fault != Some(Fault::Deaf) {
                self.pipeline.heed_link();
            }
            self.pipeline.frame(frame);
            self.taken += 1;
        } else {
            self.not_taken += 1;
        }
        // Reports need room as well; without it they come later.
        if self.pipeline.has_room() {
            self.pipeline.settle();
        }
        self.drain(cold_takes);
    }

    fn drain(&mut self, most: usize) {
        let (seen, keeper, fault) = (&mut self.seen, &mut self.keeper, self.fault);
        self.rx.read_batch(most, |entry, _| {
            let is_input = Record::of(entry).kind().is_some_and(|kind| kind.class() == Class::Input);
            if fault == Some(Fault::Lose) && is_input && seen.inputs == 1_000 {
                seen.inputs += 1;
            } else {
                seen.take(entry);
                keeper.put(entry);
            }
        });
    }
}

/// The cold side's paces in turn: records that it takes after each frame, and frames for which it does so. It
/// is slow, stops until nothing more is taken, and is prompt again.
const PACES: [(usize, usize); 3] = [(2, 1_000), (0, 6_000), (usize::MAX, 1_000)];
/// How often all of them come.
const TURNS: usize = 12;

/// `pinion prove journal`.
pub fn run(args: &JournalArgs) -> Result<(), Failure> {
    let rig = Rig::new()?;
    let frames = usual();
    let (walk, pushed) = walk(&rig, &frames, args.fault)?;
    let Walk { seen, keeper, taken, not_taken, .. } = walk;
    if let Some(error) = keeper.finish("{}").error {
        return Err(Failure::Run(error.to_string()));
    }
    let difference = difference(rig.journal())?;
    let times = times(&rig, &frames)?;
    let mut text = format!(
        "entries {} with room, {} while the link was filling up; exits and protection meanwhile {}\n\
         entries stopped {} times and went on {} times; frames taken {}, not taken for want of room {}\n\
         records pushed {pushed}, arrived {}; inputs out of order {}\n",
        seen.entries,
        seen.entries_degraded,
        seen.exits_degraded,
        seen.degradations,
        seen.recoveries,
        taken,
        not_taken,
        seen.records,
        seen.out_of_order
    );
    for (pace, p50_ns) in &times {
        text += &format!("p50 of a frame beside a cold thread that is {pace:<8} {p50_ns:>7.0} ns\n");
    }
    let value = json!({
        "entries": seen.entries, "entries_degraded": seen.entries_degraded, "exits_degraded": seen.exits_degraded,
        "degradations": seen.degradations, "recoveries": seen.recoveries, "taken": taken,
        "not_taken": not_taken, "replay_difference": difference, "pushed": pushed, "arrived": seen.records, "out_of_order": seen.out_of_order,
        "p50_ns": times.iter().map(|(pace, ns)| ((*pace).to_string(), json!(ns))).collect::<serde_json::Map<_, _>>(),
    });
    args.output.put(&value, &text)?;
    let held = [
        ("entries stop as the link fills up", seen.degradations > 0 && seen.entries_degraded == 0),
        ("exits go on meanwhile", seen.exits_degraded > 0),
        ("no input is taken without room", not_taken > 0),
        (
            "entries go on when there is room again",
            seen.recoveries == seen.degradations && seen.entries > 100,
        ),
        ("every record that was pushed arrives, in order", pushed == seen.records && seen.out_of_order == 0),
        ("a replay of the journal stops and goes on at the same places", difference.is_none()),
    ];
    match held.iter().find(|(_, held)| !held) {
        Some((what, _)) => Err(Failure::Run(format!("FAIL: this does not hold: {what}"))),
        None => Ok(()),
    }
}

/// Every pace of the cold side, several times. Returns also how much was pushed.
fn walk(rig: &Rig, frames: &[Vec<u8>], fault: Option<Fault>) -> Result<(Walk, u64), Failure> {
    let (tx, _) = link(1);
    let depth = rig.pipeline(tx, false)?.link_records();
    let (tx, rx) = link(depth);
    let pipeline = rig.pipeline(Counted { tx, pushed: 0 }, false)?;
    let mut walk =
        Walk { pipeline, rx, keeper: rig.keeper()?, seen: Seen::default(), fault, not_taken: 0, taken: 0 };
    let mut frames = frames.iter().cycle();
    for (cold_takes, count) in PACES.iter().cycle().take(TURNS * PACES.len()) {
        frames.by_ref().take(*count).for_each(|frame| walk.step(frame, *cold_takes));
    }
    walk.drain(usize::MAX);
    let pushed = walk.pipeline.out().pushed;
    Ok((walk, pushed))
}

/// How promptly a cold thread works.
#[derive(Clone, Copy)]
enum Pace {
    Prompt,
    Slow,
    Stopped,
}

/// Takes records at its pace and looks at them.
struct Cold {
    rx: Rx<Entry>,
    pace: Pace,
    seen: Seen,
}

impl Agent for Cold {
    fn do_work(&mut self) -> usize {
        let most = match self.pace {
            Pace::Prompt => 1024,
            Pace::Slow => 16,
            Pace::Stopped => 0,
        };
        let seen = &mut self.seen;
        let work = self.rx.read_batch(most, |entry, _| seen.take(entry));
        // The slow one sleeps after each piece, as it does beside a slow disk.
        if matches!(self.pace, Pace::Prompt) { work } else { 0 }
    }

    fn is_done(&self) -> bool {
        self.rx.is_finished()
    }
}

/// Rounds of each pace; the paces take turns, so that what the machine does beside hits all of them.
const ROUNDS: usize = 5;

/// The median p50 of a frame by pace, ns. The link is deep enough that it never fills up.
fn times(rig: &Rig, frames: &[Vec<u8>]) -> Result<Vec<(&'static str, f64)>, Failure> {
    let paces = [("prompt", Pace::Prompt), ("slow", Pace::Slow), ("stopped", Pace::Stopped)];
    let mut rounds: Vec<Vec<f64>> = vec![Vec::new(); paces.len()];
    for _ in 0..ROUNDS {
        for ((_, pace), rounds) in paces.iter().zip(&mut rounds) {
            rounds.push(p50_ticks(rig, frames, *pace)?);
        }
    }
    let ns_per_tick = rig.ns_per_tick();
    let median = |rounds: &mut Vec<f64>| {
        rounds.sort_by(f64::total_cmp);
        rounds[rounds.len() / 2] * ns_per_tick
    };
    Ok(paces.iter().zip(&mut rounds).map(|((name, _), rounds)| (*name, median(rounds))).collect())
}

fn p50_ticks(rig: &Rig, frames: &[Vec<u8>], pace: Pace) -> Result<f64, Failure> {
    let (tx, rx) = link(rig.plan.runtime.journal_ring_records);
    let mut pipeline = rig.pipeline(tx, false)?;
    let cold =
        Runner::start("cold", None, Idle::new(IdleKind::Backoff), Cold { rx, pace, seen: Seen::default() })?;
    let mut taken: Vec<u64> = Vec::with_capacity(frames.len());
    for frame in frames {
        let began = rig.ticks.now();
        if !pipeline.has_room() {
            break;
        }
        pipeline.heed_link();
        pipeline.frame(frame);
        pipeline.settle();
        taken.push(rig.ticks.now() - began);
    }
    drop(pipeline);
    cold.finish().map_err(|panic| Failure::Run(format!("error: the cold thread fell: {panic}")))?;
    taken.sort_unstable();
    Ok(taken.get(taken.len() / 2).copied().unwrap_or_default() as f64)
}
