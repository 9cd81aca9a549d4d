//! The audit as a table for people, at most 100 columns wide.

use super::Audit;
use super::row::{Row, Status};
use std::io::IsTerminal;

const WIDTH: usize = 100;
const STATUS: usize = 8;
const NAME: usize = 18;
const FOUND: usize = 33;
const WANTED: usize = 36;
/// Where the explanation of a row begins: under its name.
const INDENT: usize = STATUS + 1;
/// Room for `why:` and `mend:`.
const LABEL: usize = 6;

const _: () = assert!(STATUS + NAME + FOUND + WANTED + 3 < WIDTH);

/// True when standard output is a terminal whose owner wants colour.
pub fn coloured() -> bool {
    let set = |name| std::env::var_os(name).filter(|v| !v.is_empty());
    std::io::stdout().is_terminal() && set("NO_COLOR").is_none() && set("TERM").is_none_or(|t| t != "dumb")
}

/// The whole report.
pub fn draw(audit: &Audit, colour: bool) -> String {
    let mut text = audit.title();
    text += &line("STATUS", "SETTING", "FOUND", "WANTED");
    for (group, rows) in &audit.groups {
        text += &format!("\n{}\n", paint(&group.to_uppercase(), "1", colour));
        for row in rows {
            text += &block(row, row.status(audit.claims_isolation), colour);
        }
    }
    text + &format!("\n{}", audit.summary())
}

fn block(row: &Row, status: Status, colour: bool) -> String {
    let (found, wanted) = (wrap(&row.found, FOUND), wrap(&row.wanted, WANTED));
    let mut text = String::new();
    for at in 0..found.len().max(wanted.len()) {
        let cell = |lines: &[String]| lines.get(at).cloned().unwrap_or_default();
        let (word, name) = if at == 0 { (status.label(), row.name) } else { ("", "") };
        let line = line(word, name, &cell(&found), &cell(&wanted));
        // Painted after it was laid out: the codes take no room on the screen.
        text +=
            &if word.is_empty() { line } else { line.replacen(word, &paint(word, code(status), colour), 1) };
    }
    text += &explanation("why", row.why);
    if status != Status::Good {
        text += &explanation("mend", &row.mend);
    }
    text
}

fn line(status: &str, name: &str, found: &str, wanted: &str) -> String {
    let line = format!("{status:<STATUS$} {name:<NAME$} {found:<FOUND$} {wanted}");
    format!("{}\n", line.trim_end())
}

fn explanation(label: &str, text: &str) -> String {
    let lines = wrap(text, WIDTH - INDENT - LABEL);
    let labels = std::iter::once(format!("{label}:")).chain(std::iter::repeat(String::new()));
    lines.iter().zip(labels).map(|(l, label)| format!("{:INDENT$}{label:<LABEL$}{l}\n", "")).collect()
}

/// Breaks text between words; a word longer than a line is cut.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        for piece in letters.chunks(width) {
            let last = lines.last().map_or(0, |l| l.chars().count());
            if last > 0 && last + 1 + piece.len() > width {
                lines.push(String::new());
            }
            if let Some(line) = lines.last_mut() {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.extend(piece);
            }
        }
    }
    lines
}

fn code(status: Status) -> &'static str {
    match status {
        Status::Good => "32",
        Status::Degraded => "33",
        Status::Bad => "1;31",
        Status::Unknown => "2",
    }
}

fn paint(text: &str, code: &str, colour: bool) -> String {
    if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn text_is_broken_between_words_and_long_words_are_cut() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrap("", 4), [""]);
    }
}
