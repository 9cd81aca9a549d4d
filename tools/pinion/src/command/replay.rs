//! `pinion replay`: runs the engine over a journal's inputs and compares every output, byte for byte.

use crate::command::journal::at_rest::AtRest;
use crate::command::run_directory::shards_of;
use crate::failure::Failure;
use crate::output::Output;
use crate::session::digest::Digest;
use crate::session::fused::combined;
use crate::session::past::snapshot::{Image, engine_bytes};
use clap::Args;
use pinion_engine::Engine;
use pinion_engine::sink::Sink;
use pinion_journal::system::text_of;
use pinion_model::body::*;
use pinion_model::event::{Depth, Level, Market, MarketEvent};
use pinion_model::record::{Class, FLAG_MORE, Kind, Record};
use serde_json::json;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// Run the engine over a journal's inputs again; succeeds only if every output is byte-identical
#[derive(Args)]
#[command(
    after_help = "Each snapshot on the way is compared with the state that the replay has reached.\n\n\
                  Examples: pinion replay runs/paper-20250325T230700Z\n          \
                  pinion replay runs/paper-20250325T230700Z --from-snapshot"
)]
pub struct ReplayArgs {
    /// Directory of the journal
    dir: PathBuf,
    /// Begin in the state of the newest snapshot, not at the start
    #[arg(long)]
    from_snapshot: bool,
    #[command(flatten)]
    output: Output,
}

/// What the engine makes now, to be compared with what it made then.
#[derive(Default)]
pub struct Made {
    /// Records, in order, that nobody has taken yet.
    pub records: VecDeque<Record>,
}

impl Sink for Made {
    const INPUTS: bool = true;
    const EVIDENCE: bool = true;

    fn emit<B: Body>(&mut self, body: &B) {
        self.records.push_back(Record::new(B::KIND, 0, 0, body.to_bytes()));
    }

    fn levels(&mut self, bids: &[Level], asks: &[Level]) {
        let mut levels = bids.iter().chain(asks).copied();
        let groups = (bids.len() + asks.len()).div_ceil(6);
        if let Some(head) = self.records.back_mut() {
            head.flags = if groups > 0 { FLAG_MORE } else { 0 };
        }
        for at in 0..groups {
            let body = DepthLevelsBody { levels: std::array::from_fn(|_| levels.next().unwrap_or_default()) };
            let mut record = Record::new(Kind::DepthLevels, 0, 0, body.to_bytes());
            record.flags = if at + 1 < groups { FLAG_MORE } else { 0 };
            self.records.push_back(record);
        }
    }
}

/// What a replay found.
struct Found {
    inputs: u64,
    outputs: u64,
    digest: String,
    /// Snapshots that were the state which the replay had reached.
    snapshots: u64,
    /// Where it began.
    from: u64,
    difference: Option<String>,
    /// In a journal without an end: the first output of its last input that is not in it.
    cut: Option<String>,
}

/// `pinion replay`: of a journal, or of the journal of each shard of a fused run.
pub fn replay(args: ReplayArgs) -> Result<(), Failure> {
    let shards = shards_of(&args.dir);
    if shards.is_empty() {
        let (json, text) = replay_one(&args.dir, &args)?;
        return args.output.put(&json, &text);
    }
    let (mut all, mut text) = (Vec::new(), String::new());
    for dir in &shards {
        let (json, one) =
            replay_one(dir, &args).map_err(|failure| failure.in_context(&dir.display().to_string()))?;
        all.push(json);
        text += &format!("{}\n{one}", dir.display());
    }
    let digest = combined(all.iter().filter_map(|shard| shard["decision_digest"].as_str()));
    text += &format!("decision digest {digest} (over those of the shards)\n");
    args.output.put(&json!({ "identical": true, "decision_digest": digest, "shards": all }), &text)
}

fn replay_one(dir: &Path, args: &ReplayArgs) -> Result<(serde_json::Value, String), Failure> {
    let is_json = args.output.is_json();
    let journal = AtRest::open(dir)?;
    let found = compare(&journal, args.from_snapshot)?;
    let build = journal.reader().header().build().to_string();
    let mut json = json!({
        "identical": found.difference.is_none(),
        "inputs": found.inputs,
        "outputs": found.outputs,
        "decision_digest": found.digest,
        "snapshots": found.snapshots,
        "from": found.from,
        "difference": found.difference,
        "build": build,
    });
    json["valid_until"] = json!(journal.end.valid_until);
    json["closed"] = json!(journal.end.closed);
    json["end"] = journal.json();
    json["cut"] = json!(found.cut);
    if let Some(difference) = found.difference {
        if is_json {
            println!("{json:#}");
        }
        let other = if build == crate::BUILD {
            String::new()
        } else {
            format!("; the journal was written by {build}, this is {}", crate::BUILD)
        };
        return Err(Failure::Run(format!("error: the replay differs: {difference}{other}")));
    }
    let mut text = format!(
        "identical: {} inputs, {} outputs\ndecision digest {}\n",
        found.inputs, found.outputs, found.digest
    );
    if found.from > 0 {
        text += &format!("from the snapshot before position {}\n", found.from);
    }
    if found.snapshots > 0 {
        text += &format!("{} snapshots are the state that was reached\n", found.snapshots);
    }
    text += &journal.unclosed().map_or(String::new(), |end| format!("{end}\n"));
    if let Some(cut) = &found.cut {
        text += &format!("its last input's outputs are incomplete; the first one missing: {cut}\n");
    }
    if let Err(lost) = journal.nothing_lost() {
        if is_json {
            println!("{json:#}");
        } else {
            print!("{text}");
        }
        return Err(lost);
    }
    Ok((json, text))
}

/// The first difference between a closed journal and its replay, if there is one.
pub fn difference(dir: &Path) -> Result<Option<String>, Failure> {
    Ok(compare(&AtRest::open(dir)?, false)?.difference)
}

/// Where a replay begins.
struct Beginning {
    engine: Engine,
    /// Over the decisions before it.
    digest: Digest,
    from: u64,
}

impl Beginning {
    fn start(journal: &AtRest) -> Result<Beginning, Failure> {
        let engine = Engine::new(&journal.view.plan.engine);
        let engine = engine.map_err(|e| Failure::Run(format!("error: {e}")))?;
        Ok(Beginning { engine, digest: Digest::default(), from: 0 })
    }

    /// The newest snapshot that this build reads; the start, where there is none.
    fn newest_snapshot(journal: &AtRest) -> Result<Beginning, Failure> {
        let (mut newest, mut digest, mut group) = (Beginning::start(journal)?, Digest::default(), Vec::new());
        let mut cursor = journal.cursor(0)?;
        while cursor.next_group(&mut group)? {
            group.iter().for_each(|record| digest.add(record));
            if group[0].kind() == Some(Kind::Snapshot)
                && let Some(bytes) = text_of(&group)
                && let Some(image) = Image::read(&bytes)
            {
                newest =
                    Beginning { engine: image.engine()?, digest: digest.clone(), from: cursor.position() };
            }
        }
        Ok(newest)
    }
}

/// Whether a snapshot of this build is the state of the engine; `None` for another build's.
fn is_state(group: &[Record], engine: &Engine) -> Option<bool> {
    let bytes = text_of(group)?;
    Some(Image::read(&bytes)?.engine == engine_bytes(engine))
}

fn compare(journal: &AtRest, from_snapshot: bool) -> Result<Found, Failure> {
    let view = &journal.view;
    let beginning = if from_snapshot { Beginning::newest_snapshot } else { Beginning::start };
    let Beginning { mut engine, mut digest, from } = beginning(journal)?;
    if let Some(gone) = journal.reader().pruned()?.filter(|gone| from < gone.to) {
        let (first, last) = (gone.from, gone.to - 1);
        return Err(Failure::Run(format!(
            "error: records {first} to {last} were pruned, so the journal cannot be replayed from its start; replay it \
             from the newest snapshot that is left with --from-snapshot"
        )));
    }
    let mut cursor = journal.cursor(from)?;
    let (mut made, mut group) = (Made::default(), Vec::new());
    let mut found = Found {
        inputs: 0,
        outputs: 0,
        digest: String::new(),
        snapshots: 0,
        from,
        difference: None,
        cut: None,
    };
    'groups: while cursor.next_group(&mut group)? {
        let Some(class) = group[0].kind().map(Kind::class) else { continue };
        if class == Class::System {
            let state =
                if group[0].kind() == Some(Kind::Snapshot) { is_state(&group, &engine) } else { None };
            found.snapshots += u64::from(state == Some(true));
            if state == Some(false) {
                found.difference = Some(format!(
                    "the snapshot at position {} is not the state that its inputs lead to",
                    group[0].position
                ));
                break;
            }
            continue;
        }
        if class == Class::Input {
            if let Some(extra) = made.records.pop_front() {
                found.difference = Some(format!(
                    "at position {} an input comes, but the engine now also makes: {}",
                    group[0].position,
                    view.line(&extra)
                ));
                break;
            }
            if !feed(&mut engine, &group, &mut made) {
                found.difference =
                    Some(format!("the input at position {} cannot be read", group[0].position));
                break;
            }
            found.inputs += 1;
        } else {
            found.outputs += 1;
        }
        for then in &group {
            let now = made.records.pop_front();
            digest.add(then);
            if now.is_none_or(|now| (now.kind, now.flags, now.body) != (then.kind, then.flags, then.body)) {
                let now = now.map_or("nothing".to_string(), |now| view.line(&now));
                found.difference =
                    Some(format!("at position {}\n  then {}\n  now  {now}", then.position, view.line(then)));
                break 'groups;
            }
        }
    }
    if let (None, Some(extra)) = (&found.difference, made.records.front()) {
        let line = view.line(extra);
        if journal.end.closed {
            found.difference = Some(format!("the journal ends, but the engine now also makes: {line}"));
        } else {
            found.cut = Some(line);
        }
    }
    found.digest = digest.finish();
    Ok(found)
}

/// Gives the engine an input record; false when it is not one that can be read.
pub fn feed(engine: &mut Engine, group: &[Record], made: &mut Made) -> bool {
    let body = &group[0].body;
    let event = |instrument, cursor, market| MarketEvent { instrument, cursor, market };
    match group[0].kind() {
        Some(Kind::Quote) => {
            let b = QuoteBody::from_bytes(body);
            engine.on_market(&event(b.instrument, b.cursor, Market::Quote(b.quote())), made);
        }
        Some(Kind::Trade) => {
            let b = TradeBody::from_bytes(body);
            engine.on_market(&event(b.instrument, b.cursor, Market::Trade(b.trade())), made);
        }
        Some(Kind::Bar) => {
            let b = BarBody::from_bytes(body);
            let market = Market::Bar { bar: b.bar(), interval_ns: b.interval_ns };
            engine.on_market(&event(b.instrument, b.cursor, market), made);
        }
        Some(Kind::Depth) => {
            let b = DepthBody::from_bytes(body);
            let levels: Vec<Level> =
                group[1..].iter().flat_map(|r| DepthLevelsBody::from_bytes(&r.body).levels).collect();
            let Some(depth): Option<Depth<'_>> = b.depth(&levels) else { return false };
            engine.on_market(&event(b.instrument, b.cursor, Market::Depth(depth)), made);
        }
        Some(Kind::Execution) => engine.on_execution(&ExecutionBody::from_bytes(body), made),
        Some(Kind::Timer) => engine.on_timer(TimerBody::from_bytes(body).time_ns, made),
        Some(Kind::Budget) => {
            engine.on_budget(&BudgetBody::from_bytes(body), made);
        }
        Some(Kind::Command) => engine.on_command(&CommandBody::from_bytes(body), made),
        _ => return false,
    }
    true
}
