//! `journal export`: records as JSON lines, CSV or Parquet, in memory that does not grow with the journal.
//!
//! Owns the file: it is written beside its name and takes it when it is whole, so nobody reads a part.

use super::at_rest::AtRest;
use super::columns::{Column, cells, columns, text};
use super::filter::{Filter, FilterArgs};
use super::list::told;
use super::look::{Look, LookArgs};
use super::parquet::Table;
use super::sweep::sweep;
use crate::failure::Failure;
use crate::output::Output;
use clap::{Args, ValueEnum};
use pinion_model::record::{Kind, Record};
use serde_json::{Value, json};
use std::io::{BufWriter, IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object a line, any kinds; numbers are exact text
    Jsonl,
    /// A table of one kind; numbers are exact text
    Csv,
    /// A typed table of one kind: times in ns UTC, prices, quantities and money as 64-bit floats
    Parquet,
}

#[derive(Args)]
pub struct ExportArgs {
    /// Directory of the journal
    dir: PathBuf,
    /// What is written; CSV and Parquet hold one kind
    #[arg(long, value_enum, default_value = "jsonl")]
    format: Format,
    /// File to write
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    look: LookArgs,
    #[command(flatten)]
    output: Output,
}

/// A record as its line of JSON, or as its cells.
enum Row {
    Line(String),
    Cells(Vec<Option<Value>>),
}

/// A file that is being written.
enum Sink<'a> {
    Lines(BufWriter<&'a std::fs::File>),
    Table(Box<Table<&'a std::fs::File>>),
}

impl Sink<'_> {
    fn put(&mut self, row: &Row) -> Result<(), Failure> {
        match (self, row) {
            (Sink::Lines(out), Row::Line(line)) => writeln!(out, "{line}")?,
            (Sink::Lines(out), Row::Cells(cells)) => {
                let cells: Vec<String> = cells.iter().map(|c| quoted(text(c))).collect();
                writeln!(out, "{}", cells.join(","))?;
            }
            (Sink::Table(table), Row::Cells(cells)) => table.put(cells)?,
            (Sink::Table(_), Row::Line(_)) => {}
        }
        Ok(())
    }
}

/// `journal export`.
pub fn export(args: &ExportArgs) -> Result<(), Failure> {
    let look = args.look.look()?;
    let kind = match (args.format, args.filter.kinds()) {
        (Format::Jsonl, _) => None,
        (_, [one]) => Kind::ALL.iter().find(|k| k.label() == one).copied(),
        _ => {
            let said = "error: a table has one kind of record; add --kind position, for example";
            return Err(Failure::Usage(said.into()));
        }
    };
    if args.out.exists() {
        return Err(Failure::Usage(format!("error: {} exists; choose another name", args.out.display())));
    }
    let journal = AtRest::open_quick(&args.dir)?;
    let filter = args.filter.over(&journal, &look.zone)?;
    let columns = kind.map(columns).unwrap_or_default();
    let parent = args.out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = |e| Failure::Run(format!("error: {}: {e}", args.out.display()));
    let part = tempfile::Builder::new().prefix(".pinion-export-").tempfile_in(parent).map_err(failed)?;
    let count = write(&journal, (&filter, &look), args.format, &columns, part.as_file())?;
    part.as_file().sync_all().map_err(failed)?;
    let kept = part.persist_noclobber(&args.out).map_err(|e| failed(e.error))?;
    readable(&kept).map_err(failed)?;
    let said = format!("{count} records written to {}\n", args.out.display());
    args.output.put(&json!({"records": count, "file": args.out.display().to_string()}), &said)?;
    told(&journal)
}

fn write(
    journal: &AtRest,
    (filter, look): (&Filter, &Look),
    format: Format,
    columns: &[Column],
    file: &std::fs::File,
) -> Result<u64, Failure> {
    let mut sink = match format {
        Format::Parquet => Sink::Table(Box::new(Table::new(file, columns)?)),
        Format::Jsonl | Format::Csv => Sink::Lines(BufWriter::with_capacity(1 << 20, file)),
    };
    if let (Format::Csv, Sink::Lines(out)) = (format, &mut sink) {
        let names: Vec<&str> = columns.iter().map(|c| c.name).collect();
        writeln!(out, "{}", names.join(","))?;
    }
    let view = &journal.view;
    let plain = Look { colour: false, ..look.clone() };
    let make = |record: &Record, rows: &mut Vec<(u64, Row)>| {
        let passes = filter.takes_frame(record)
            && (!filter.has_pattern() || filter.takes_line(&plain.row(view, record)));
        if passes {
            rows.push((
                record.position,
                match format {
                    Format::Jsonl => Row::Line(view.json(record).to_string()),
                    Format::Csv | Format::Parquet => Row::Cells(cells(view, columns, record)),
                },
            ));
        }
    };
    let mut progress = Progress { end: filter.end, shown: Instant::now() };
    let mut count = 0u64;
    sweep(journal, filter.from.max(journal.first_position()), filter.end, make, |rows| {
        for (_, row) in &rows {
            sink.put(row)?;
        }
        count += rows.len() as u64;
        progress.show(rows.last().map(|(position, _)| *position), count);
        Ok(ControlFlow::Continue(()))
    })?;
    progress.clear();
    match sink {
        Sink::Lines(mut out) => out.flush()?,
        Sink::Table(table) => table.finish()?,
    }
    Ok(count)
}

/// A new file is readable as others are; a temporary one is its owner's alone.
fn readable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

/// A cell of a CSV table: in quotes where it holds what separates (RFC 4180).
fn quoted(text: String) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// How far it is, on a terminal.
struct Progress {
    end: u64,
    shown: Instant,
}

impl Progress {
    fn show(&mut self, position: Option<u64>, count: u64) {
        const EVERY: Duration = Duration::from_millis(250);
        let Some(position) = position.filter(|_| self.shown.elapsed() >= EVERY) else { return };
        if std::io::stderr().is_terminal() {
            self.shown = Instant::now();
            let share = 100 * position / self.end.max(1);
            // Whoever closed the terminal does not look any more.
            let _ = write!(std::io::stderr(), "\r\x1b[K{share} %, {count} records");
        }
    }

    fn clear(&self) {
        if std::io::stderr().is_terminal() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
