//! `journal latency`: how long each stage of the way from an input to an order took, and when.

use super::at_rest::AtRest;
use super::facts;
use super::heat::Heat;
use super::look::{Look, LookArgs};
use super::pager::{Pages, size};
use super::when::length;
use crate::failure::Failure;
use crate::output::Output;
use clap::Args;
use pinion_journal::Anchor;
use pinion_model::record::{Class, Kind, Record};
use pinion_runtime::latency::Stage;
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Args)]
pub struct LatencyArgs {
    /// Directory of the journal
    dir: PathBuf,
    /// Draw a heat map of time and latency into FILE
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// The stage of the heat maps
    #[arg(long, default_value = "input to order")]
    stage: String,
    #[command(flatten)]
    look: LookArgs,
    #[command(flatten)]
    output: Output,
}

/// Stages that a journal tells of.
const STAGES: [Stage; 4] = [Stage::Decide, Stage::Check, Stage::Send, Stage::InputToOrder];

/// One stage: the engine time of each measurement, ns, and its length in ticks.
#[derive(Default)]
struct Samples {
    taken: Vec<(i64, u64)>,
}

/// What a journal says of times.
#[derive(Default)]
struct Measured {
    stages: [Samples; 4],
    first: Option<Anchor>,
    last: Option<Anchor>,
    input: u64,
    intent: u64,
    verdict: u64,
}

impl Measured {
    fn note(&mut self, record: &Record) {
        let (ticks, at) = (record.ticks, facts::time_ns(record).unwrap_or(0));
        let mut took = |stage: usize, since: u64| {
            self.stages[stage].taken.push((at, ticks.saturating_sub(since).max(1)));
        };
        match record.kind() {
            Some(Kind::Anchor) => {
                let anchor = Anchor::read(record);
                self.first = self.first.or(anchor);
                self.last = anchor.or(self.last);
            }
            Some(k) if k.class() == Class::Input && k != Kind::DepthLevels => self.input = ticks,
            Some(Kind::Intent) => {
                took(0, self.input);
                self.intent = ticks;
            }
            Some(Kind::Verdict) => {
                took(1, self.intent);
                self.verdict = ticks;
            }
            // An order that a stop released has no verdict of its own here.
            Some(Kind::Order) if self.verdict >= self.input => {
                took(2, self.verdict);
                took(3, self.input);
            }
            _ => {}
        }
    }

    /// Nanoseconds of a tick between the first and the last anchor.
    fn ns_per_tick(&self) -> Option<f64> {
        let (a, b) = self.first.zip(self.last).filter(|(a, b)| b.ticks > a.ticks)?;
        Some(b.mono_ns.saturating_sub(a.mono_ns) as f64 / (b.ticks - a.ticks) as f64)
    }
}

/// Figures of a stage, in ticks.
struct Figures {
    count: usize,
    /// Least, p50, p90, p99, p99.9, most.
    at: [u64; 6],
}

const NAMES: [&str; 6] = ["min", "p50", "p90", "p99", "p99.9", "max"];

impl Samples {
    fn figures(&self) -> Figures {
        let mut sorted: Vec<u64> = self.taken.iter().map(|(_, ticks)| *ticks).collect();
        sorted.sort_unstable();
        // The smallest value that so many per mille of all do not exceed.
        let rank = |per_mille: usize| (sorted.len() * per_mille).div_ceil(1000).saturating_sub(1);
        let value = |at: usize| sorted.get(at).copied().unwrap_or(0);
        let most = sorted.len().saturating_sub(1);
        let at = [0, rank(500), rank(900), rank(990), rank(999), most].map(value);
        Figures { count: sorted.len(), at }
    }
}

/// `journal latency`.
pub fn latency(args: &LatencyArgs) -> Result<(), Failure> {
    let look = args.look.look()?;
    let labels = STAGES.map(Stage::label);
    let stage = labels.iter().position(|label| *label == args.stage.replace('-', " "));
    let stage = stage.ok_or_else(|| super::filter::unknown("stage", &args.stage, &labels))?;
    let journal = AtRest::open(&args.dir)?;
    let mut measured = Measured::default();
    let mut cursor = journal.cursor(journal.first_position())?;
    while let Some(record) = cursor.next_record()? {
        measured.note(record);
    }
    let scale = measured.ns_per_tick();
    let (unit, factor) = scale.map_or(("ticks", 1.0), |ns| ("ns", ns));
    let shown =
        |ticks: f64| if scale.is_some() { length(ticks * factor) } else { format!("{ticks:.0} ticks") };
    let samples = &measured.stages[stage].taken;
    let (json, mut text) = table(&measured, unit, factor, &shown);
    let columns = size().1.clamp(40, 200) - 14;
    let scaled = || samples.iter().map(|(at, ticks)| (*at, *ticks as f64 * factor));
    match Heat::of(scaled(), columns, 12) {
        Some(heat) => text += &format!("\n{}", heat.text(labels[stage], unit, &look)),
        None => text += "\nno order was sent: there is nothing to draw\n",
    }
    if let Some(file) = &args.svg {
        let title = format!("{}: {}", journal.view.plan.name, labels[stage]);
        let heat = Heat::of(scaled(), 160, 48)
            .ok_or_else(|| Failure::Run("no order was sent: there is nothing to draw".into()))?;
        let written = std::fs::write(file, heat.svg(&title, unit, &look));
        written.map_err(|e| Failure::Run(format!("error: {}: {e}", file.display())))?;
        text += &format!("\nheat map written to {}\n", file.display());
    }
    text += &journal.unclosed().map_or(String::new(), |end| format!("{end}\n"));
    let json = json!({ "unit": unit, "stages": json, "end": journal.json() });
    put(&args.output, &look, &json, &text)?;
    journal.nothing_lost()
}

/// Puts out text through the pager, or JSON.
pub fn put(output: &Output, look: &Look, json: &Value, text: &str) -> Result<(), Failure> {
    if output.is_json() {
        return output.put(json, "");
    }
    output.put(json, "")?;
    let mut pages = Pages::open(look);
    pages.text(text)?;
    pages.finish()
}

fn table(
    measured: &Measured,
    unit: &str,
    factor: f64,
    shown: &impl Fn(f64) -> String,
) -> (serde_json::Map<String, Value>, String) {
    let mut json = serde_json::Map::new();
    let mut text = format!("{:<16}", "stage");
    NAMES.iter().for_each(|name| text += &format!(" {name:>11}"));
    text += &format!(" {:>10}\n", "count");
    for (stage, samples) in STAGES.iter().zip(&measured.stages) {
        let figures = samples.figures();
        text += &format!("{:<16}", stage.label());
        let mut one = serde_json::Map::new();
        one.insert("count".into(), json!(figures.count));
        for (name, ticks) in NAMES.iter().zip(figures.at) {
            text += &format!(" {:>11}", shown(ticks as f64));
            one.insert(name.replace('.', ""), json!(ticks as f64 * factor));
        }
        text += &format!(" {:>10}\n", figures.count);
        json.insert(stage.label().replace(' ', "_"), Value::Object(one));
    }
    if unit == "ticks" {
        text += "in ticks of the counter: the journal has too few anchors to tell nanoseconds\n";
    }
    (json, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_measured_values_by_rank() {
        let samples = Samples { taken: (1..=1000).rev().map(|n| (0, n)).collect() };
        let figures = samples.figures();
        assert_eq!((figures.count, figures.at), (1000, [1, 500, 900, 990, 999, 1000]));
        assert_eq!(Samples::default().figures().at, [0; 6]);
        assert_eq!(Samples { taken: vec![(0, 7)] }.figures().at, [7; 6]);
    }
}
