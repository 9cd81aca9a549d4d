//! `journal stat`: how much of what a journal holds, how fast it came, and where inputs were missing.

use super::at_rest::AtRest;
use super::facts;
use super::filter::FilterArgs;
use super::latency::put;
use super::look::{Look, LookArgs};
use super::sweep::sweep;
use super::view::View;
use super::when::{length, shown};
use crate::failure::Failure;
use crate::output::Output;
use clap::Args;
use pinion_journal::system::Mark;
use pinion_model::body::{Body, ExecutionBody, VerdictBody};
use pinion_model::order::ReportKind;
use pinion_model::record::{Class, Kind, RECORD_BYTES, Record};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

#[derive(Args)]
pub struct StatArgs {
    /// Directory of the journal
    dir: PathBuf,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    look: LookArgs,
    #[command(flatten)]
    output: Output,
}

/// What a frame adds to the statistics.
#[derive(Clone, Copy)]
struct Seen {
    position: u64,
    kind: u16,
    instrument: u32,
    time_ns: Option<i64>,
    /// A verdict that refused, or a report of that kind.
    refused: bool,
    report: u8,
    durable: u64,
}

/// Longest stretches without an input that are shown.
const GAPS: usize = 5;
const NO_INSTRUMENT: u32 = u32::MAX;

#[derive(Default)]
struct Totals {
    records: u64,
    by: BTreeMap<(u32, u16), u64>,
    first_ns: Option<i64>,
    last_ns: Option<i64>,
    last_input: Option<i64>,
    /// Length, ns, and the position of the input that ended it.
    gaps: Vec<(i64, u64)>,
    refused: u64,
    fills: u64,
    rejects: u64,
    marks: u64,
    durable: u64,
}

impl Seen {
    fn of(record: &Record) -> Seen {
        let kind = record.kind();
        let report = match kind {
            Some(Kind::Execution) => ExecutionBody::from_bytes(&record.body).kind,
            _ => 0,
        };
        Seen {
            position: record.position,
            kind: record.kind,
            instrument: facts::instrument(record).map_or(NO_INSTRUMENT, |id| id.0),
            time_ns: facts::time_ns(record),
            refused: kind == Some(Kind::Verdict) && VerdictBody::from_bytes(&record.body).failed != 0,
            report,
            durable: Mark::read(record).map_or(0, |m| m.durable_position),
        }
    }
}

impl Totals {
    fn add(&mut self, seen: &Seen) {
        self.records += 1;
        *self.by.entry((seen.instrument, seen.kind)).or_default() += 1;
        self.refused += u64::from(seen.refused);
        self.fills += u64::from(seen.report == ReportKind::Fill.code());
        self.rejects += u64::from(seen.report == ReportKind::Rejected.code());
        self.marks += u64::from(seen.kind == Kind::Mark as u16);
        self.durable = self.durable.max(seen.durable);
        let Some(at) = seen.time_ns else { return };
        self.first_ns.get_or_insert(at);
        self.last_ns = self.last_ns.max(Some(at));
        if Kind::from_u16(seen.kind).is_none_or(|k| k.class() != Class::Input) {
            return;
        }
        if let Some(before) = self.last_input.replace(at) {
            self.gap(at.saturating_sub(before), seen.position);
        }
    }

    fn gap(&mut self, gap: i64, position: u64) {
        if gap > 0 && (self.gaps.len() < GAPS || self.gaps.last().is_some_and(|g| g.0 < gap)) {
            self.gaps.push((gap, position));
            self.gaps.sort_by_key(|(length, position)| (-length, *position));
            self.gaps.truncate(GAPS);
        }
    }

    /// Records of a kind, of all instruments.
    fn of_kind(&self, kind: Kind) -> u64 {
        self.by.iter().filter(|((_, k), _)| *k == kind as u16).map(|(_, n)| n).sum()
    }
}

/// `journal stat`.
pub fn stat(args: &StatArgs) -> Result<(), Failure> {
    let look = args.look.look()?;
    let journal = AtRest::open_quick(&args.dir)?;
    let filter = args.filter.over(&journal, &look.zone)?;
    let view = &journal.view;
    let plain = Look { colour: false, ..look.clone() };
    let mut totals = Totals::default();
    let make = |record: &Record, seen: &mut Vec<Seen>| {
        if filter.takes_frame(record)
            && (!filter.has_pattern() || filter.takes_line(&plain.row(view, record)))
        {
            seen.push(Seen::of(record));
        }
    };
    sweep(&journal, filter.from.max(journal.first_position()), filter.end, make, |seen| {
        seen.iter().for_each(|one| totals.add(one));
        Ok(ControlFlow::Continue(()))
    })?;
    let json = totals.json(&journal);
    let text = totals.text(&journal, &look);
    put(&args.output, &look, &json, &text)?;
    journal.nothing_lost()
}

/// Files of the journal and their bytes on the disk.
fn files(journal: &AtRest) -> (u64, u64) {
    let names = std::fs::read_dir(journal.dir()).into_iter().flatten().flatten();
    let ours = names.filter(|e| {
        let name = e.file_name().to_string_lossy().into_owned();
        name.starts_with("journal-") && (name.ends_with(".seg") || name.ends_with(".seg.zst"))
    });
    ours.fold((0, 0), |(n, bytes), e| (n + 1, bytes + e.metadata().map_or(0, |m| m.len())))
}

fn symbol(view: &View, number: u32) -> String {
    if number == NO_INSTRUMENT {
        "-".into()
    } else {
        view.symbol(pinion_model::instrument::InstrumentId(number))
    }
}

fn label(kind: u16) -> String {
    Kind::from_u16(kind).map_or_else(|| format!("unknown {kind:#05x}"), |k| k.label().into())
}

impl Totals {
    fn seconds(&self) -> f64 {
        self.last_ns.zip(self.first_ns).map_or(0.0, |(last, first)| (last - first) as f64 / 1e9)
    }

    fn rate(&self, count: u64) -> Option<f64> {
        (self.seconds() > 0.0).then(|| count as f64 / self.seconds())
    }

    fn json(&self, journal: &AtRest) -> Value {
        let view = &journal.view;
        let (segments, bytes) = files(journal);
        let row = |((id, kind), n): (&(u32, u16), &u64)| json!({"kind": label(*kind), "instrument": symbol(view, *id), "records": n, "per_second": self.rate(*n)});
        json!({
            "records": self.records,
            "bytes": self.records * RECORD_BYTES as u64,
            "segments": segments,
            "bytes_of_files": bytes,
            "first": self.first_ns.map(super::view::time),
            "last": self.last_ns.map(super::view::time),
            "seconds": self.seconds(),
            "records_per_second": self.rate(self.records),
            "orders": self.of_kind(Kind::Order),
            "fills": self.fills,
            "refused": self.refused,
            "rejected": self.rejects,
            "marks": self.marks,
            "durable_position": self.durable.max(if journal.end.closed { journal.end.durable_position } else { 0 }),
            "closed": journal.end.closed,
            "gaps": self.gaps.iter().map(|(ns, position)| json!({"ns": ns, "before_position": position})).collect::<Vec<_>>(),
            "rows": self.by.iter().map(row).collect::<Vec<_>>(),
        })
    }

    fn text(&self, journal: &AtRest, look: &Look) -> String {
        let view = &journal.view;
        let (segments, bytes) = files(journal);
        let mb = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
        let time = |ns: Option<i64>| ns.map_or("-".into(), |ns| shown(ns, &look.zone));
        let state = if journal.end.closed {
            "closed".to_string()
        } else {
            format!("not closed; {} durable", self.durable)
        };
        let mut text = format!(
            "{}: {} records, {}, in {segments} segments of {}, {} marks, {state}\n",
            view.plan.name,
            self.records,
            mb(self.records * RECORD_BYTES as u64),
            mb(bytes),
            self.marks
        );
        text += &format!(
            "from {} to {} ({}), {}; {} records a second\n",
            time(self.first_ns),
            time(self.last_ns),
            look.zone_name,
            length(self.seconds() * 1e9),
            self.rate(self.records).map_or("-".into(), |r| format!("{r:.1}"))
        );
        text += &format!(
            "{} orders, {} fills; {} intents refused by risk, {} orders rejected by the venue\n\n",
            self.of_kind(Kind::Order),
            self.fills,
            self.refused,
            self.rejects
        );
        text += &look.paint(
            "1",
            &format!(
                "{:<14} {:<12} {:>12} {:>12} {:>10}",
                "kind", "instrument", "records", "a second", "bytes"
            ),
        );
        text.push('\n');
        let mut rows: Vec<_> = self.by.iter().collect();
        rows.sort_by_key(|((id, kind), n)| (std::cmp::Reverse(**n), *kind, *id));
        for ((id, kind), n) in rows {
            let rate = self.rate(*n).map_or("-".into(), |r| format!("{r:.2}"));
            text += &format!(
                "{:<14} {:<12} {n:>12} {rate:>12} {:>10}\n",
                label(*kind),
                symbol(view, *id),
                mb(n * RECORD_BYTES as u64)
            );
        }
        if !self.gaps.is_empty() {
            text += &format!("\n{}\n", look.paint("1", "longest gaps between inputs"));
            for (ns, position) in &self.gaps {
                text += &format!("{:>16}  before position {position}\n", length(*ns as f64));
            }
        }
        text + &journal.unclosed().map_or(String::new(), |end| format!("\n{end}\n"))
    }
}
