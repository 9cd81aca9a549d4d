//! `journal cat`, `grep` and `tail`: records one by one.

use super::at_rest::AtRest;
use super::facts;
use super::filter::{Filter, FilterArgs};
use super::look::{Look, LookArgs};
use super::pager::Pages;
use super::sweep::sweep;
use super::view::View;
use crate::failure::Failure;
use clap::Args;
use pinion_journal::recover::Verdict;
use pinion_journal::{Cursor, ReaderCursor};
use pinion_model::record::{Class, Kind, Record};
use std::collections::VecDeque;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[derive(Args)]
pub struct CatArgs {
    /// Directory of the journal
    dir: PathBuf,
    #[command(flatten)]
    listing: Listing,
}

#[derive(Args)]
pub struct GrepArgs {
    /// Directory of the journal
    dir: PathBuf,
    /// Regular expression over the line as `cat` prints it
    pattern: Option<String>,
    #[command(flatten)]
    listing: Listing,
}

/// Which records, and how.
#[derive(Args)]
struct Listing {
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    look: LookArgs,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Print only how many there are
    #[arg(short, long)]
    count: bool,
    /// End after so many
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<u64>,
    /// Print so many records after each
    #[arg(short = 'A', long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    after: u64,
    /// Print so many records before each
    #[arg(short = 'B', long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    before: u64,
    /// Print so many records before and after each
    #[arg(short = 'C', long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    context: u64,
    /// Print the input that caused each as well
    #[arg(long)]
    input: bool,
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
    #[arg(long, value_name = "NAME", conflicts_with = "number")]
    cursor: Option<String>,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    look: LookArgs,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

fn shown(look: &Look, view: &View, record: &Record, json: bool) -> String {
    if json { view.json(record).to_string() } else { look.row(view, record) }
}

/// A record's line if it passes.
fn passed(filter: &Filter, look: &Look, view: &View, record: &Record, json: bool) -> Option<String> {
    if !filter.takes_frame(record) {
        return None;
    }
    // A pattern is held against what people see, without colour, whatever is printed.
    if filter.has_pattern() && !filter.takes_line(&Look { colour: false, ..look.clone() }.row(view, record)) {
        return None;
    }
    Some(shown(look, view, record, json))
}

/// Says on standard error how a journal that a crash left torn ends; fails when frames are lost.
pub fn told(journal: &AtRest) -> Result<(), Failure> {
    if let Some(end) = journal.unclosed().filter(|_| journal.end.verdict != Verdict::CleanTail) {
        eprintln!("{end}");
    }
    if journal.end.verdict == Verdict::CleanTail {
        // A file that was cut there is told of.
        journal.cursor(journal.end_position())?.next_record()?;
    }
    journal.nothing_lost()
}

/// `journal cat`.
pub fn cat(args: &CatArgs) -> Result<(), Failure> {
    let journal = AtRest::open_quick(&args.dir)?;
    list(&journal, &args.listing, &args.listing.filter)?;
    told(&journal)
}

/// `journal grep`.
pub fn grep(args: &GrepArgs) -> Result<(), Failure> {
    let mut asked = args.listing.filter.clone();
    asked.and_pattern(args.pattern.clone())?;
    if asked.takes_all() {
        let said =
            "error: grep needs a pattern or a filter, such as --kind order; `journal cat` prints everything";
        return Err(Failure::Usage(said.into()));
    }
    let journal = AtRest::open_quick(&args.dir)?;
    let found = list(&journal, &args.listing, &asked)?;
    told(&journal)?;
    if found == 0 {
        return Err(Failure::Run("no record matches".into()));
    }
    Ok(())
}

/// Prints what passes; how many did.
fn list(journal: &AtRest, listing: &Listing, asked: &FilterArgs) -> Result<u64, Failure> {
    let look = listing.look.look()?;
    let (view, json) = (&journal.view, listing.json);
    let filter = asked.over(journal, &look.zone)?;
    let limit = listing.limit.unwrap_or(u64::MAX);
    let (before, after) = (listing.before.max(listing.context), listing.after.max(listing.context));
    let around = before > 0 || after > 0 || listing.input;
    let mut pages = Pages::open(&look);
    if !json && !listing.count {
        pages.line(&look.header(view))?;
    }
    let mut found = 0u64;
    // What is only counted is made into a line only where a pattern asks for one.
    let bare = listing.count && !filter.has_pattern();
    let make = |record: &Record, lines: &mut Vec<(u64, String)>| {
        if bare {
            lines.extend(filter.takes_frame(record).then(|| (record.position, String::new())));
        } else {
            lines.extend(passed(&filter, &look, view, record, json).map(|line| (record.position, line)));
        }
    };
    let mut neighbours =
        Neighbours { journal, look: &look, json, before, after, input: listing.input, next: 0 };
    sweep(journal, filter.from.max(journal.first_position()), filter.end, make, |lines| {
        for (position, line) in lines {
            if found == limit {
                return Ok(ControlFlow::Break(()));
            }
            found += 1;
            let goes_on = match (listing.count, around) {
                (true, _) => true,
                (false, false) => pages.line(&line)?,
                (false, true) => neighbours.print(position, &line, &mut pages)?,
            };
            if !goes_on {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if listing.count {
        pages.line(&if json { format!("{{\"count\":{found}}}") } else { found.to_string() })?;
    }
    pages.finish()?;
    Ok(found)
}

/// Records around those that match.
struct Neighbours<'a> {
    journal: &'a AtRest,
    look: &'a Look,
    json: bool,
    before: u64,
    after: u64,
    input: bool,
    /// The first position that was not printed yet.
    next: u64,
}

impl Neighbours<'_> {
    fn print(&mut self, position: u64, line: &str, pages: &mut Pages) -> Result<bool, Failure> {
        let journal = self.journal;
        let start = position.saturating_sub(self.before).max(journal.first_position());
        if self.input && start >= self.next {
            self.print_input(position, start, pages)?;
        }
        let gap = self.next > 0 && start > self.next && !self.json;
        if gap && (self.before > 0 || self.after > 0) {
            pages.line("--")?;
        }
        let from = start.max(self.next);
        let end = (position + 1).saturating_add(self.after).min(journal.end_position());
        let mut cursor = journal.reader().cursor(from)?.until(end);
        while let Some(record) = cursor.next_record()? {
            let text = if record.position == position {
                line.to_string()
            } else {
                let text = shown(self.look, &journal.view, record, self.json);
                if self.json { text } else { self.look.paint("2", &text) }
            };
            if !pages.line(&text)? {
                return Ok(false);
            }
        }
        self.next = self.next.max(end);
        Ok(true)
    }

    /// The input that a record follows from stands before it: whatever followed from earlier ones is between.
    fn print_input(&self, position: u64, start: u64, pages: &mut Pages) -> Result<(), Failure> {
        let Some(record) = self.journal.reader().get(position)? else { return Ok(()) };
        let Some(cause) = facts::input(&record).filter(|_| !is_input(&record)) else { return Ok(()) };
        let mut until = position;
        while until > self.journal.first_position() {
            let from = until.saturating_sub(256).max(self.journal.first_position());
            let mut cursor = self.journal.reader().cursor(from)?.until(until);
            while let Some(input) = cursor.next_record()? {
                if is_input(input) && facts::input(input) == Some(cause) {
                    if input.position < start && input.position >= self.next {
                        pages.line(&shown(self.look, &self.journal.view, input, self.json))?;
                    }
                    return Ok(());
                }
            }
            until = from;
        }
        Ok(())
    }
}

/// A record with a number of its own among the inputs.
pub fn is_input(record: &Record) -> bool {
    record.kind().is_some_and(|k| k.class() == Class::Input && k != Kind::DepthLevels)
}

/// `journal tail --cursor`: each record once, over any number of runs of the command.
fn tail_from_place(args: &TailArgs, journal: &AtRest, name: &str) -> Result<(), Failure> {
    let look = args.look.look()?;
    let filter = args.filter.over(journal, &look.zone)?;
    let mut place = ReaderCursor::open(&args.dir, name)?;
    let mut cursor = journal.reader().cursor(place.position())?;
    if !args.follow {
        cursor = cursor.until(journal.end.valid_until);
    }
    let mut out = std::io::stdout().lock();
    loop {
        let mut seen = false;
        while let Some(record) = cursor.next_record()? {
            seen = true;
            if let Some(line) = passed(&filter, &look, &journal.view, record, args.json) {
                writeln!(out, "{line}")?;
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
    if let Some(name) = &args.cursor {
        return tail_from_place(args, &AtRest::open(&args.dir)?, name);
    }
    let journal = AtRest::open(&args.dir)?;
    let mut look = args.look.look()?;
    look.pager &= !args.follow;
    let view = &journal.view;
    let filter = args.filter.over(&journal, &look.zone)?;
    let mut last = VecDeque::with_capacity(args.number.min(1 << 16));
    let (first, mut until) = (filter.from.max(journal.first_position()), filter.end);
    // From the end backwards, until enough is found.
    while until > first && last.len() < args.number {
        let from = until.saturating_sub(1 << 16).max(first);
        let mut cursor = journal.reader().cursor(from)?.until(until);
        let mut found = Vec::new();
        while let Some(record) = cursor.next_record().map_err(|e| journal.explained(e.into()))? {
            found.extend(passed(&filter, &look, view, record, args.json));
        }
        if cursor.position() < until {
            return Err(journal.missing(cursor.position()));
        }
        let room = args.number - last.len();
        found.drain(..).rev().take(room).for_each(|line| last.push_front(line));
        until = from;
    }
    let mut pages = Pages::open(&look);
    if !args.json {
        pages.line(&look.header(view))?;
    }
    for line in last {
        if !pages.line(&line)? {
            break;
        }
    }
    pages.finish()?;
    if !args.follow || journal.end.closed {
        return told(&journal);
    }
    follow(args, (&filter, &look), view, &mut journal.reader().cursor(journal.end_position())?)
}

/// Prints what comes, until the journal's End or Ctrl-C.
fn follow(
    args: &TailArgs,
    (filter, look): (&Filter, &Look),
    view: &View,
    cursor: &mut Cursor,
) -> Result<(), Failure> {
    const LOOK_EVERY: Duration = Duration::from_millis(20);
    let interrupted = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGINT, interrupted.clone())?;
    let mut out = std::io::stdout();
    while !interrupted.load(Ordering::Relaxed) {
        while let Some(record) = cursor.next_record()? {
            if let Some(line) = passed(filter, look, view, record, args.json) {
                writeln!(out, "{line}")?;
            }
            if interrupted.load(Ordering::Relaxed) {
                break;
            }
        }
        out.flush()?;
        if cursor.at_end() {
            return Ok(());
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
}
