//! Data that comes twice: the same file, files of one instrument whose times overlap, and bars beside the
//! trades that they were made of. Merged, they would count every price double.

use crate::failure::Failure;
use pinion_engine::plan::BarSource;
use pinion_plan::Plan;
use pinion_recorded::source::Input;
use pinion_recorded::survey::{InstrumentSurvey, Survey};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Refuses a file that is named twice, by whatever path, and a copy of another one.
pub fn check_files(files: &[PathBuf]) -> Result<(), Failure> {
    for (at, file) in files.iter().enumerate() {
        if let Some(first) = files[..at].iter().find(|first| is_same(first, file)) {
            return Err(Failure::Usage(format!(
                "error: {} and {} are the same data: every price would count twice; give it once",
                first.display(),
                file.display()
            )));
        }
    }
    Ok(())
}

/// True for one file, or two of the same bytes. What cannot be read is told when it is opened.
fn is_same(one: &Path, other: &Path) -> bool {
    let canonical = |p: &Path| p.canonicalize().ok();
    if canonical(one).is_some() && canonical(one) == canonical(other) {
        return true;
    }
    let length = |p: &Path| std::fs::metadata(p).map(|m| m.len()).ok();
    length(one) == length(other) && same_bytes(one, other).unwrap_or(false)
}

fn same_bytes(one: &Path, other: &Path) -> std::io::Result<bool> {
    const BLOCK: u64 = 1 << 20;
    let (mut one, mut other) = (std::fs::File::open(one)?, std::fs::File::open(other)?);
    let (mut a, mut b) = (Vec::new(), Vec::new());
    loop {
        a.clear();
        b.clear();
        (&mut one).take(BLOCK).read_to_end(&mut a)?;
        (&mut other).take(BLOCK).read_to_end(&mut b)?;
        if a != b || a.is_empty() {
            return Ok(a == b);
        }
    }
}

/// What a file holds of an instrument.
struct Held<'a> {
    file: &'a Path,
    found: &'a InstrumentSurvey,
    /// A capture's times are of its recorder, and its streams may be in several files.
    is_table: bool,
}

impl Held<'_> {
    /// The one kind of a table.
    fn kind(&self) -> &'static str {
        if self.found.bars > 0 {
            "bars"
        } else if self.found.trades > 0 {
            "trades"
        } else {
            "quotes"
        }
    }
}

/// Refuses tables of one kind and instrument whose times overlap, and bars beside what bars are made of.
pub fn check(plan: &Plan, inputs: &[Input], surveys: &[Option<Survey>]) -> Result<(), Failure> {
    for (at, instrument) in plan.engine.instruments.iter().enumerate() {
        let symbol = &instrument.symbol;
        let held = inputs.iter().zip(surveys).flat_map(|(input, survey)| {
            let survey = survey.as_ref();
            let is_table = !survey.is_some_and(crate::setup::is_capture);
            let own = move |found: &&InstrumentSurvey| match is_table {
                true => input.instrument.index() == at,
                false => found.symbol.eq_ignore_ascii_case(symbol),
            };
            let found = survey.into_iter().flat_map(|s| &s.instruments).filter(own);
            found.map(move |found| Held { file: &input.path, found, is_table })
        });
        let held: Vec<Held<'_>> = held.collect();
        overlapping(symbol, &held)?;
        let traded = plan.engine.strategies.iter().filter(|s| s.instruments.iter().any(|i| i.index() == at));
        beside_bars(symbol, &held, traded.map(|s| s.bars.source).collect())?;
    }
    Ok(())
}

fn overlapping(symbol: &str, held: &[Held<'_>]) -> Result<(), Failure> {
    let tables: Vec<&Held<'_>> = held.iter().filter(|h| h.is_table).collect();
    for (at, later) in tables.iter().enumerate() {
        for earlier in &tables[..at] {
            let (a, b) = (earlier.found, later.found);
            // A bar has its time alone; trades and quotes of one instant may be in two files.
            let apart = match later.kind() {
                "bars" => a.last_ns < b.first_ns || b.last_ns < a.first_ns,
                _ => a.last_ns <= b.first_ns || b.last_ns <= a.first_ns,
            };
            if earlier.kind() == later.kind() && !apart {
                return Err(Failure::Usage(format!(
                    "error: {} ({}) and {} ({}) both hold {} of {symbol}, and their times overlap: prices would \
                     count twice; give each time once",
                    earlier.file.display(),
                    span(a),
                    later.file.display(),
                    span(b),
                    later.kind(),
                )));
            }
        }
    }
    Ok(())
}

fn span(found: &InstrumentSurvey) -> String {
    let shown = |ns: i64| jiff::Timestamp::from_nanosecond(ns.into()).unwrap_or_default().to_string();
    format!("{} to {}", shown(found.first_ns), shown(found.last_ns))
}

fn beside_bars(symbol: &str, held: &[Held<'_>], sources: Vec<BarSource>) -> Result<(), Failure> {
    let Some(bars) = held.iter().find(|h| h.found.bars > 0) else { return Ok(()) };
    let of_quotes = sources.iter().any(|s| *s != BarSource::Trades);
    let also = held.iter().find_map(|h| match (h.found.trades, h.found.quotes) {
        (1.., _) => Some((h, "trades")),
        (_, 1..) if of_quotes => Some((h, "quotes")),
        _ => None,
    });
    let Some((other, what)) = also else { return Ok(()) };
    Err(Failure::Usage(format!(
        "error: {} holds bars of {symbol} and {} its {what}: each would be added to the same bars; give one of them",
        bars.file.display(),
        other.file.display(),
    )))
}
