//! Errors and warnings about a configuration: all of them, each with its place, reason and remedy.

use crate::tree::without_mark;
use crate::within::place_within;
pub(crate) use pinion_engine::expression::nearest::suggest;
use serde::Serialize;
use std::fmt;

/// More than this is not shown: whoever made so many mistakes gave the wrong file.
const MOST: usize = 1000;

/// Characters of a line that are shown around the caret.
const WIDTH: usize = 160;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing runs.
    Error,
    /// It runs, but not as someone may think.
    Warning,
}

/// A place in the text: line and column from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Place {
    /// The beginning of a file.
    pub(crate) const START: Place = Place { line: 1, column: 1 };
}

/// One error or warning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
}

/// Everything that was found in one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Diagnostics {
    /// Name of the file, as given.
    pub file: String,
    /// What was found, in the order of the text.
    pub found: Vec<Diagnostic>,
    #[serde(skip)]
    lines: Vec<String>,
}

impl Diagnostics {
    /// Nothing found yet in `text`.
    pub fn new(file: &str, text: &str) -> Diagnostics {
        Diagnostics { file: file.into(), found: Vec::new(), lines: lines_of(text) }
    }

    pub(crate) fn error(&mut self, place: Place, reason: impl Into<String>, remedy: impl Into<String>) {
        self.push(Severity::Error, place, reason.into(), remedy.into());
    }

    pub(crate) fn warn(&mut self, place: Place, reason: impl Into<String>, remedy: impl Into<String>) {
        self.push(Severity::Warning, place, reason.into(), remedy.into());
    }

    /// An error about character `at` of a text that begins at `place`.
    pub(crate) fn error_within(
        &mut self,
        place: Place,
        text: &str,
        at: usize,
        reason: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let place = place_within(&self.lines, place, text, at);
        self.error(place, reason, remedy);
    }

    /// An error about `what`, which stands at both places.
    pub(crate) fn error_twice(&mut self, one: Place, other: Place, what: &str) {
        let (first, place) = (one.min(other), one.max(other));
        let before = if first.line == place.line {
            format!("at column {} and column {} of this line", first.column, place.column)
        } else {
            format!("in line {} and line {}", first.line, place.line)
        };
        self.error(place, format!("{what} is given twice, {before}"), "keep one of them");
    }

    fn push(&mut self, severity: Severity, place: Place, reason: String, remedy: String) {
        let place = self.within(place);
        let diagnostic = Diagnostic { severity, place, reason, remedy };
        let at = self.found.partition_point(|d| d.place <= place);
        let mut here = self.found[..at].iter().rev().take_while(|d| d.place == place);
        if self.is_full() || here.any(|d| *d == diagnostic) {
            return;
        }
        if self.found.len() == MOST {
            self.found.push(Diagnostic {
                severity: Severity::Error,
                place: self.found.last().map_or(place, |d| d.place),
                reason: format!("there are more than {MOST} errors and warnings; the others are not shown"),
                remedy: "is this the right file?".into(),
            });
        } else {
            self.found.insert(at, diagnostic);
        }
    }

    /// The nearest place that the text has: a parser's idea of the end may lie behind it.
    fn within(&self, place: Place) -> Place {
        let columns = |line: usize| self.lines.get(line - 1).map_or(0, |l| l.chars().count()) + 1;
        let last = self.lines.len().max(1);
        match place.line {
            line if line > last => Place { line: last, column: columns(last) },
            line => Place { line: line.max(1), column: place.column.clamp(1, columns(line.max(1))) },
        }
    }

    /// True when nothing more is taken in.
    pub(crate) fn is_full(&self) -> bool {
        self.found.len() > MOST
    }

    /// True when something must be mended before anything runs.
    pub fn has_errors(&self) -> bool {
        self.found.iter().any(|d| d.severity == Severity::Error)
    }

    /// Errors so far.
    pub(crate) fn error_count(&self) -> usize {
        self.found.iter().filter(|d| d.severity == Severity::Error).count()
    }

    /// True when an error stands there already, so that what follows from it need not be said.
    pub(crate) fn has_error_at(&self, place: Place) -> bool {
        self.found.iter().any(|d| d.severity == Severity::Error && d.place == place)
    }

    /// Errors, then warnings.
    pub fn counts(&self) -> (usize, usize) {
        let errors = self.found.iter().filter(|d| d.severity == Severity::Error).count();
        (errors, self.found.len() - errors)
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for d in &self.found {
            let word = if d.severity == Severity::Error { "error" } else { "warning" };
            writeln!(f, "{word}: {}", d.reason)?;
            writeln!(f, "  --> {}:{}:{}", self.file, d.place.line, d.place.column)?;
            if let Some(line) = self.lines.get(d.place.line - 1) {
                let (line, caret) = excerpt(line, d.place.column);
                writeln!(f, "{:>5} | {line}\n      | {caret}", d.place.line)?;
            }
            writeln!(f, "      = {}", d.remedy)?;
        }
        Ok(())
    }
}

/// The lines of a text as YAML counts them: a carriage return ends one as well, alone or before a line feed.
pub(crate) fn lines_of(text: &str) -> Vec<String> {
    let text = without_mark(text).replace("\r\n", "\n").replace('\r', "\n");
    text.lines().map(str::to_string).collect()
}

/// The part of a line around a column, and a line with a caret under that column. Tabs are kept in both,
/// so that they line up; what a terminal could take for a command is not printed.
fn excerpt(line: &str, column: usize) -> (String, String) {
    let start = column.saturating_sub(WIDTH * 3 / 4);
    let part: Vec<char> = line.chars().skip(start).take(WIDTH).collect();
    let printable = |c: &char| if *c == '\t' || is_printable(*c) { *c } else { '\u{fffd}' };
    let indent = part.iter().take(column - 1 - start).map(|c| if *c == '\t' { '\t' } else { ' ' });
    (part.iter().map(printable).collect(), indent.chain(['^']).collect())
}

fn is_printable(c: char) -> bool {
    matches!(c, '\'' | '"' | '\\') || c.escape_debug().count() == 1
}

/// Someone else's text in a message: short, and without anything that a terminal could take for a command.
pub(crate) fn shown(text: &str) -> String {
    const MOST_SHOWN: usize = 80;
    let mut out = String::new();
    for c in text.chars().take(MOST_SHOWN) {
        if is_printable(c) {
            out.push(c);
        } else {
            out.extend(c.escape_debug());
        }
    }
    if text.chars().nth(MOST_SHOWN).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_is_near_and_nothing_else() {
        let words = ["entry_mixins", "exit_mixins", "cash"];
        assert_eq!(suggest("entry_mixin", words), Some("entry_mixins"));
        assert_eq!(suggest("Csah", words), Some("cash"));
        assert_eq!(suggest("leverage", words), None);
        assert_eq!(suggest("max_drawdon", ["max_drawdown"]), Some("max_drawdown"));
    }

    #[test]
    fn the_caret_stands_under_its_column_and_terminals_are_safe() {
        let text = format!("\tcash: x\n{}here\n\u{1b}[2Jx", " ".repeat(1000));
        let mut found = Diagnostics::new("f", &text);
        found.error(Place { line: 1, column: 8 }, "one", "r");
        found.error(Place { line: 2, column: 1001 }, "two", "r");
        found.error(Place { line: 9, column: 9 }, "three", "r");
        let text = found.to_string();
        assert!(text.contains("    1 | \tcash: x\n      | \t      ^\n"), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        let at = lines.iter().position(|l| l.contains("here")).unwrap();
        assert_eq!(lines[at].find("here"), lines[at + 1].find('^'), "{text}");
        assert!(text.contains("f:3:6") && !text.contains('\u{1b}'), "{text}");
        assert_eq!(shown("a\u{202e}b\n'\\"), "a\\u{202e}b\\n'\\");
    }

    #[test]
    fn a_flood_of_mistakes_is_cut_and_stays_an_error() {
        let mut found = Diagnostics::new("f", &"x\n".repeat(3000));
        (1..3000).for_each(|line| found.warn(Place { line, column: 1 }, "odd", "r"));
        assert_eq!(found.found.len(), MOST + 1);
        assert!(found.has_errors());
    }
}
