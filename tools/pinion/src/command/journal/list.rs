//! `journal cat`, `tail` and `export`: records one by one.

use super::at_rest::AtRest;
use super::view::{View, plain};
use crate::failure::Failure;
use crate::output::Output;
use clap::Args;
use pinion_journal::recover::Verdict;
use pinion_journal::{Cursor, ReaderCursor};
use pinion_model::record::{Kind, Record};
use serde_json::json;
use std::collections::VecDeque;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Args)]
pub struct CatArgs {
    /// Directory of the journal
    dir: PathBuf,
    #[command(flatten)]
    filter: Filter,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct TailArgs {
    /// Directory of the journal
    dir: PathBuf,
    /// How many records
    #[arg(short, long, default_value_t = 20)]
    number: usize,
    /// Go on with new records until interrupted or the journal is closed
    #[arg(short, long)]
    follow: bool,
    /// Begin where the reader of this name stopped, print every record, and keep the place: prune respects it
    #[arg(long, value_name = "NAME", conflicts_with_all = ["number", "from", "to"])]
    cursor: Option<String>,
    #[command(flatten)]
    filter: Filter,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct ExportArgs {
    /// Directory of the journal
    dir: PathBuf,
    /// jsonl, or csv (one kind)
    #[arg(long, default_value = "jsonl")]
    format: String,
    /// File to write
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    output: Output,
}

/// Which records.
#[derive(Args, Clone)]
struct Filter {
    /// Kinds, separated by commas
    #[arg(long, value_delimiter = ',')]
    kind: Vec<String>,
    /// Records of this instrument
    #[arg(long)]
    instrument: Option<String>,
    /// Records of this order
    #[arg(long)]
    order: Option<u64>,
    /// First position
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Last position
    #[arg(long, default_value_t = u64::MAX)]
    to: u64,
}

impl Filter {
    fn check(&self) -> Result<(), Failure> {
        let known = |name: &String| Kind::ALL.iter().any(|k| k.label() == name);
        match self.kind.iter().find(|k| !known(k)) {
            None => Ok(()),
            Some(name) => {
                let words: Vec<&str> = Kind::ALL.iter().map(|k| k.label()).collect();
                Err(Failure::Usage(format!(
                    "error: unknown kind `{name}`; the kinds are {}",
                    words.join(", ")
                )))
            }
        }
    }

    fn takes(&self, view: &View, record: &Record) -> bool {
        let label = record.kind().map_or("unknown", Kind::label);
        if !self.kind.is_empty() && !self.kind.iter().any(|k| k == label) {
            return false;
        }
        if self.instrument.is_none() && self.order.is_none() {
            return true;
        }
        let fields = view.fields(record);
        let symbol = |s: &String| fields.get("instrument").is_some_and(|v| plain(v).eq_ignore_ascii_case(s));
        let order = |n: u64| fields.get("order").and_then(serde_json::Value::as_u64) == Some(n);
        self.instrument.as_ref().is_none_or(symbol) && self.order.is_none_or(order)
    }
}

fn shown(view: &View, record: &Record, json: bool) -> String {
    if json { view.json(record).to_string() } else { view.line(record) }
}

/// Says on standard error how a journal that a crash left torn ends; fails when frames are lost.
fn told(journal: &AtRest) -> Result<(), Failure> {
    if let Some(end) = journal.unclosed().filter(|_| journal.end.verdict != Verdict::CleanTail) {
        eprintln!("{end}");
    }
    journal.nothing_lost()
}

/// `journal cat`.
pub fn cat(args: &CatArgs) -> Result<(), Failure> {
    args.filter.check()?;
    let journal = AtRest::open(&args.dir)?;
    let view = &journal.view;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut cursor = journal.cursor(args.filter.from)?;
    while let Some(record) = cursor.next_record()? {
        if record.position > args.filter.to {
            return Ok(out.flush()?);
        }
        if args.filter.takes(view, record) {
            writeln!(out, "{}", shown(view, record, args.json))?;
        }
    }
    out.flush()?;
    told(&journal)
}

/// `journal tail --cursor`: each record once, over any number of runs of the command.
fn tail_from_place(args: &TailArgs, journal: &AtRest, name: &str) -> Result<(), Failure> {
    let mut place = ReaderCursor::open(&args.dir, name)?;
    let reader = journal.reader();
    let mut cursor = reader.cursor(place.position())?.across_pruned();
    if !args.follow {
        cursor = cursor.until(journal.end.valid_until);
    }
    let mut out = std::io::stdout().lock();
    loop {
        let mut seen = false;
        while let Some(record) = cursor.next_record()? {
            seen = true;
            if args.filter.takes(&journal.view, record) {
                writeln!(out, "{}", shown(&journal.view, record, args.json))?;
            }
        }
        if seen {
            // The place moves only behind what has left this process.
            out.flush()?;
            place.save(cursor.position())?;
        }
        if !args.follow || cursor.at_end() {
            return told(journal);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// `journal tail`.
pub fn tail(args: &TailArgs) -> Result<(), Failure> {
    args.filter.check()?;
    let journal = AtRest::open(&args.dir)?;
    if let Some(name) = &args.cursor {
        return tail_from_place(args, &journal, name);
    }
    let view = &journal.view;
    let mut cursor = journal.cursor(args.filter.from)?;
    let mut last = VecDeque::with_capacity(args.number);
    let mut closed = false;
    while let Some(record) = cursor.next_record()? {
        closed = record.kind() == Some(Kind::End);
        if args.filter.takes(view, record) {
            if last.len() == args.number {
                last.pop_front();
            }
            last.push_back(shown(view, record, args.json));
        }
    }
    last.iter().for_each(|line| println!("{line}"));
    if !args.follow || closed {
        return told(&journal);
    }
    follow(args, view, &mut journal.reader().cursor(cursor.position())?)
}

fn follow(args: &TailArgs, view: &View, cursor: &mut Cursor) -> Result<(), Failure> {
    loop {
        while let Some(record) = cursor.next_record()? {
            if args.filter.takes(view, record) {
                println!("{}", shown(view, record, args.json));
            }
            if record.kind() == Some(Kind::End) {
                return Ok(());
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// `journal export`.
pub fn export(args: &ExportArgs) -> Result<(), Failure> {
    args.filter.check()?;
    let csv = match args.format.as_str() {
        "jsonl" => false,
        "csv" => true,
        other => {
            return Err(Failure::Usage(format!(
                "error: unknown format `{other}`; the formats are jsonl and csv"
            )));
        }
    };
    if csv && args.filter.kind.len() != 1 {
        return Err(Failure::Usage(
            "error: a CSV table has one kind of record; add --kind position, for example".into(),
        ));
    }
    if args.out.exists() {
        return Err(Failure::Usage(format!("error: {} exists; choose another name", args.out.display())));
    }
    let journal = AtRest::open(&args.dir)?;
    let view = &journal.view;
    let mut out = BufWriter::new(std::fs::File::create(&args.out)?);
    let mut cursor = journal.cursor(args.filter.from)?;
    let (mut count, mut columns) = (0u64, Vec::new());
    while let Some(record) = cursor.next_record()? {
        if record.position > args.filter.to {
            break;
        }
        if !args.filter.takes(view, record) {
            continue;
        }
        count += 1;
        let value = view.json(record);
        if !csv {
            writeln!(out, "{value}")?;
            continue;
        }
        let Some(fields) = value.as_object() else { continue };
        if columns.is_empty() {
            columns = fields.keys().cloned().collect();
            writeln!(out, "{}", columns.join(","))?;
        }
        let cells: Vec<String> =
            columns.iter().map(|c| fields.get(c).map_or(String::new(), |v| cell(plain(v)))).collect();
        writeln!(out, "{}", cells.join(","))?;
    }
    out.flush()?;
    let text = format!("{count} records written to {}\n", args.out.display());
    args.output.put(&json!({"records": count, "file": args.out.display().to_string()}), &text)?;
    told(&journal)
}

/// A cell of a CSV table: in quotes where it holds what separates (RFC 4180).
fn cell(text: String) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
