//! `journal why`: an order with what led to it, what came of it, and how long each stage took.

use super::at_rest::AtRest;
use super::facts;
use super::latency::put;
use super::list::is_input;
use super::look::LookArgs;
use super::sweep::sweep;
use super::view::{View, plain};
use crate::failure::Failure;
use crate::output::Output;
use clap::Args;
use pinion_journal::Anchor;
use pinion_model::body::*;
use pinion_model::record::{Kind, Record};
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::path::PathBuf;

#[derive(Args)]
pub struct WhyArgs {
    /// Number of the order
    order: u64,
    /// Directory of the journal
    dir: PathBuf,
    #[command(flatten)]
    look: LookArgs,
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

/// Nanoseconds of a tick between the journal's first and last anchor; `None` with fewer than two.
fn ns_per_tick(anchors: &[Anchor]) -> Option<f64> {
    let (a, b) = anchors.first().zip(anchors.last()).filter(|(a, b)| b.ticks > a.ticks)?;
    Some(b.mono_ns.saturating_sub(a.mono_ns) as f64 / (b.ticks - a.ticks) as f64)
}

/// The records of a journal that are wanted.
fn find(journal: &AtRest, wanted: impl Fn(&Record) -> bool + Sync) -> Result<Vec<Record>, Failure> {
    let mut found = Vec::new();
    let make = |record: &Record, some: &mut Vec<Record>| some.extend(wanted(record).then_some(*record));
    sweep(journal, journal.first_position(), journal.end_position(), make, |some| {
        found.extend(some);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

fn gather(args: &WhyArgs, journal: &AtRest) -> Result<(Chain, Vec<Anchor>), Failure> {
    let number = Some(args.order);
    let is_anchor = |r: &Record| r.kind() == Some(Kind::Anchor);
    let own = find(journal, |r| facts::order(r) == number || is_anchor(r))?;
    let anchors = own.iter().filter_map(Anchor::read).collect();
    let of_kind = |kind| move |r: &&Record| r.kind() == Some(kind);
    let Some(order) = own.iter().find(of_kind(Kind::Order)).copied() else {
        // What is lost may have held it.
        journal.nothing_lost()?;
        return Err(Failure::Run(format!(
            "error: the journal holds no order {}; `pinion journal cat --kind order` lists them",
            args.order
        )));
    };
    let (intent, cause) = (facts::intent(&order), facts::input(&order));
    // Evidence follows its order; it names the intent that they share.
    let is_cause = |r: &Record| is_input(r) && facts::input(r) == cause;
    let led = find(journal, |r| is_cause(r) || (intent.is_some() && facts::intent(r) == intent))?;
    let all = |kind| led.iter().filter(of_kind(kind)).copied().collect::<Vec<_>>();
    let after = own
        .iter()
        .filter(|r| r.position > order.position && !is_anchor(r) && r.kind() != Some(Kind::Verdict));
    let chain = Chain {
        input: led.iter().find(|r| is_input(r)).copied(),
        intent: led.iter().find(of_kind(Kind::Intent)).copied(),
        signals: all(Kind::Signal),
        checks: all(Kind::RiskCheck),
        verdict: own.iter().find(of_kind(Kind::Verdict)).copied(),
        order: Some(order),
        after: after.copied().collect(),
    };
    Ok((chain, anchors))
}

/// `journal why`.
pub fn why(args: &WhyArgs) -> Result<(), Failure> {
    let look = args.look.look()?;
    let journal = AtRest::open_quick(&args.dir)?;
    let view = &journal.view;
    let (chain, anchors) = gather(args, &journal)?;
    let scale = ns_per_tick(&anchors);
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
    let title_of = |title: &str| look.paint("1", title);
    for (title, records) in &parts {
        let values: Vec<Value> = records.iter().map(|r| view.json(r)).collect();
        json.insert(title.replace(' ', "_"), json!(values));
        text += &format!("\n{}\n", title_of(title));
        for record in records {
            text += &lines(view, record);
        }
        if let (&"the rule fired", Some(intent)) = (title, &chain.intent) {
            let b = IntentBody::from_bytes(&intent.body);
            for (name, value) in view.decided_by(b.strategy, b.rule) {
                text += &format!("  {name:<22} {}\n", plain(&value));
                json.insert(name.into(), value);
            }
        }
    }
    let stages = stages(&chain, scale);
    text += &format!("\n{}\n", title_of("time per stage"));
    stages.iter().for_each(|(name, value, unit)| text += &format!("  {name:<22} {value:>10.0} {unit}\n"));
    let stages: serde_json::Map<_, _> = stages
        .into_iter()
        .map(|(name, value, unit)| (name.to_string(), json!({ "value": value, "unit": unit })))
        .collect();
    json.insert("stages".into(), Value::Object(stages));
    json.insert("end".into(), journal.json());
    text += &journal.unclosed().map_or(String::new(), |end| format!("\n{end}\n"));
    if let Some(order) = &chain.order {
        let (dir, at) = (args.dir.display(), order.position.saturating_sub(1));
        text += &format!("\nwhat was known then: pinion journal state {dir} --at {at}\n");
        json.insert("order_bytes".into(), json!(super::view::hex(&order.body)));
    }
    put(&args.output, &look, &Value::Object(json), &text)?;
    journal.nothing_lost()
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
