//! `journal why` and `journal latency`: orders with what led to them, and how long each stage took.

use super::DirArgs;
use super::view::{View, plain};
use crate::command::run_directory::one_journal;
use crate::failure::Failure;
use crate::output::Output;
use clap::Args;
use pinion_journal::{Anchor, Reader};
use pinion_model::body::*;
use pinion_model::record::{Class, Kind, Record};
use pinion_runtime::latency::{Latency, Stage};
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Args)]
pub struct WhyArgs {
    /// Number of the order
    order: u64,
    /// Directory of the journal
    dir: PathBuf,
    #[command(flatten)]
    output: Output,
}

/// Everything that belongs to one order.
#[derive(Default)]
struct Chain {
    input: Option<Record>,
    intent: Option<Record>,
    signals: Vec<Record>,
    checks: Vec<Record>,
    verdict: Option<Record>,
    order: Option<Record>,
    after: Vec<Record>,
}

impl Chain {
    /// This chain when it is the intent's, else the one that is being gathered.
    fn of_intent<'a>(&'a mut self, pending: &'a mut Chain, intent: u64) -> &'a mut Chain {
        let own = self.intent.is_some_and(|r| IntentBody::from_bytes(&r.body).number == intent);
        if own { self } else { pending }
    }
}

/// Nanoseconds of a tick between the journal's first and last anchor; `None` with fewer than two.
fn ns_per_tick(dir: &std::path::Path) -> Result<Option<f64>, Failure> {
    let reader = Reader::open(dir)?;
    let mut cursor = reader.cursor(0)?;
    let (mut first, mut last) = (None::<(u64, u64)>, None::<(u64, u64)>);
    let start = reader_anchor(&mut cursor)?;
    for (ticks, mono_ns) in start {
        first.get_or_insert((ticks, mono_ns));
        last = Some((ticks, mono_ns));
    }
    let pair = first.zip(last).filter(|(a, b)| b.0 > a.0);
    Ok(pair.map(|(a, b)| (b.1 - a.1) as f64 / (b.0 - a.0) as f64))
}

fn reader_anchor(cursor: &mut pinion_journal::Cursor) -> Result<Vec<(u64, u64)>, Failure> {
    let mut found = Vec::new();
    while let Some(record) = cursor.next_record()? {
        if let Some(anchor) = Anchor::read(record).filter(|_| record.kind() == Some(Kind::Anchor)) {
            found.push((anchor.ticks, anchor.mono_ns));
        }
    }
    Ok(found)
}

fn gather(args: &WhyArgs) -> Result<Chain, Failure> {
    let mut cursor = Reader::open(&args.dir)?.cursor(0)?;
    let (mut chain, mut current, mut pending) = (Chain::default(), None, Chain::default());
    while let Some(record) = cursor.next_record()? {
        let record = *record;
        let Some(kind) = record.kind() else { continue };
        if kind.class() == Class::Input && kind != Kind::DepthLevels {
            current = Some(record);
        }
        match kind {
            Kind::Intent => {
                pending = Chain { input: current, intent: Some(record), ..Chain::default() };
            }
            // Evidence follows its order; it names the intent that they share.
            Kind::Signal => {
                let intent = SignalBody::from_bytes(&record.body).intent;
                chain.of_intent(&mut pending, intent).signals.push(record);
            }
            Kind::RiskCheck => {
                let intent = RiskCheckBody::from_bytes(&record.body).intent;
                chain.of_intent(&mut pending, intent).checks.push(record);
            }
            Kind::Verdict => pending.verdict = Some(record),
            Kind::Order if OrderBody::from_bytes(&record.body).order == args.order => {
                if chain.order.is_none() {
                    chain = std::mem::take(&mut pending);
                    chain.order = Some(record);
                } else {
                    chain.after.push(record);
                }
            }
            Kind::Execution if ExecutionBody::from_bytes(&record.body).order == args.order => {
                chain.after.push(record)
            }
            Kind::OrderState if OrderStateBody::from_bytes(&record.body).order == args.order => {
                chain.after.push(record)
            }
            Kind::Cancel if CancelBody::from_bytes(&record.body).order == args.order => {
                chain.after.push(record)
            }
            Kind::Position if PositionBody::from_bytes(&record.body).order == args.order => {
                chain.after.push(record)
            }
            _ => {}
        }
    }
    if chain.order.is_none() {
        return Err(Failure::Run(format!(
            "error: the journal holds no order {}; `pinion journal cat --kind order` lists them",
            args.order
        )));
    }
    Ok(chain)
}

/// `journal why`.
pub fn why(args: &WhyArgs) -> Result<(), Failure> {
    let view = View::open(&args.dir)?;
    let chain = gather(args)?;
    let scale = ns_per_tick(&args.dir)?;
    let parts: [(&str, Vec<&Record>); 7] = [
        ("input", chain.input.iter().collect()),
        ("the rule fired", chain.intent.iter().collect()),
        ("what it saw", chain.signals.iter().collect()),
        ("risk", chain.verdict.iter().collect()),
        ("risk checks", chain.checks.iter().collect()),
        ("the order", chain.order.iter().collect()),
        ("what came of it", chain.after.iter().collect()),
    ];
    let mut json = serde_json::Map::new();
    let mut text = format!("order {}\n", args.order);
    for (title, records) in &parts {
        let values: Vec<Value> = records.iter().map(|r| view.json(r)).collect();
        json.insert(title.replace(' ', "_"), json!(values));
        text += &format!("\n{title}\n");
        for record in records {
            text += &lines(&view, record);
        }
    }
    let stages = stages(&chain, scale);
    text += "\ntime per stage\n";
    stages.iter().for_each(|(name, value, unit)| text += &format!("  {name:<22} {value:>10.0} {unit}\n"));
    let stages: serde_json::Map<_, _> = stages
        .into_iter()
        .map(|(name, value, unit)| (name.to_string(), json!({ "value": value, "unit": unit })))
        .collect();
    json.insert("stages".into(), Value::Object(stages));
    args.output.put(&Value::Object(json), &text)
}

/// A record as an indented block.
fn lines(view: &View, record: &Record) -> String {
    let fields = view.fields(record);
    let kind = record.kind().map_or("unknown", Kind::label);
    let shown: Vec<String> = fields.iter().map(|(k, v)| format!("{k} {}", plain(v))).collect();
    if record.kind() == Some(Kind::RiskCheck) {
        let checks = fields.iter().filter(|(k, _)| *k != "cause" && *k != "intent");
        return checks.map(|(k, v)| format!("  {k:<22} {}\n", plain(v))).collect();
    }
    format!("  [{}] {kind}: {}\n", record.position, shown.join(", "))
}

/// Time from the input to intent, verdict and order; in ticks where the journal has too few anchors.
fn stages(chain: &Chain, scale: Option<f64>) -> Vec<(&'static str, f64, &'static str)> {
    let ticks = |r: &Option<Record>| r.map(|r| r.ticks).filter(|t| *t > 0);
    let (unit, factor) = scale.map_or(("ticks", 1.0), |ns| ("ns", ns));
    let steps = [
        ("input to intent", ticks(&chain.input), ticks(&chain.intent)),
        ("intent to verdict", ticks(&chain.intent), ticks(&chain.verdict)),
        ("verdict to order", ticks(&chain.verdict), ticks(&chain.order)),
        ("input to order", ticks(&chain.input), ticks(&chain.order)),
    ];
    let known = steps.into_iter().filter_map(|(name, a, b)| Some((name, a?, b?)));
    known.map(|(name, a, b)| (name, b.saturating_sub(a) as f64 * factor, unit)).collect()
}

/// `journal latency`.
pub fn latency(args: &DirArgs) -> Result<(), Failure> {
    one_journal(&args.dir)?;
    let scale = ns_per_tick(&args.dir)?;
    let mut latency = Latency::default();
    let mut cursor = Reader::open(&args.dir)?.cursor(0)?;
    let (mut input, mut intent, mut verdict) = (0u64, 0u64, 0u64);
    while let Some(record) = cursor.next_record()? {
        let ticks = record.ticks;
        match record.kind() {
            Some(k) if k.class() == Class::Input && k != Kind::DepthLevels => input = ticks,
            Some(Kind::Intent) => {
                latency.record(Stage::Decide, ticks.saturating_sub(input));
                intent = ticks;
            }
            Some(Kind::Verdict) => {
                latency.record(Stage::Check, ticks.saturating_sub(intent));
                verdict = ticks;
            }
            // An order that a stop released has no verdict of its own here.
            Some(Kind::Order) if verdict >= input => {
                latency.record(Stage::Send, ticks.saturating_sub(verdict));
                latency.record(Stage::InputToOrder, ticks.saturating_sub(input));
            }
            _ => {}
        }
    }
    let (unit, factor) = scale.map_or(("ticks", 1.0), |ns| ("ns", ns));
    let mut json = serde_json::Map::new();
    let mut text = format!(
        "{:<16} {:>10} {:>10} {:>10} {:>10} {:>9}\n",
        format!("stage, {unit}"),
        "p50",
        "p99",
        "p99.9",
        "max",
        "count"
    );
    for stage in [Stage::Decide, Stage::Check, Stage::Send, Stage::InputToOrder] {
        let f = latency.figures(stage, factor);
        text += &format!(
            "{:<16} {:>10.0} {:>10.0} {:>10.0} {:>10.0} {:>9}\n",
            stage.label(),
            f.p50,
            f.p99,
            f.p999,
            f.max,
            f.count
        );
        let figures = json!({ "count": f.count, "p50": f.p50, "p99": f.p99, "p999": f.p999, "max": f.max });
        json.insert(stage.label().replace(' ', "_"), figures);
    }
    args.output.put(&json!({ "unit": unit, "stages": json }), &text)
}
