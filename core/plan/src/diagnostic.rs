//! Errors and warnings about a configuration: all of them, each with its place, reason and remedy.

use serde::Serialize;
use std::fmt;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
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
    /// What to do about it; may be empty.
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
        Diagnostics {
            file: file.into(),
            found: Vec::new(),
            lines: text.lines().map(str::to_string).collect(),
        }
    }

    pub(crate) fn error(&mut self, place: Place, reason: impl Into<String>, remedy: impl Into<String>) {
        self.push(Severity::Error, place, reason.into(), remedy.into());
    }

    pub(crate) fn warn(&mut self, place: Place, reason: impl Into<String>, remedy: impl Into<String>) {
        self.push(Severity::Warning, place, reason.into(), remedy.into());
    }

    fn push(&mut self, severity: Severity, place: Place, reason: String, remedy: String) {
        let diagnostic = Diagnostic { severity, place, reason, remedy };
        if !self.found.contains(&diagnostic) {
            self.found.push(diagnostic);
            self.found.sort_by_key(|d| (d.place.line, d.place.column));
        }
    }

    /// True when something must be mended before anything runs.
    pub fn has_errors(&self) -> bool {
        self.found.iter().any(|d| d.severity == Severity::Error)
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
                let shown: String = line.chars().take(160).collect();
                let indent: String = shown.chars().take(d.place.column - 1).map(|_| ' ').collect();
                writeln!(f, "{:>5} | {shown}\n      | {indent}^", d.place.line)?;
            }
            if !d.remedy.is_empty() {
                writeln!(f, "      = {}", d.remedy)?;
            }
        }
        Ok(())
    }
}

/// The word of `words` that is most likely meant by `typed`, if one is near enough.
pub(crate) fn suggest<'a>(typed: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed_lower = typed.to_lowercase();
    let near =
        words.into_iter().map(|w| (distance(&typed_lower, &w.to_lowercase()), w)).min_by_key(|(d, _)| *d)?;
    (near.0 <= 1 + typed.chars().count() / 4).then_some(near.1)
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
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
}
