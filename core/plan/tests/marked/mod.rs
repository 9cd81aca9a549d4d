//! One good configuration, and a way to say where a change to it is wrong.

// Each test uses its part.
#![allow(dead_code)]

use pinion_plan::{Diagnostics, Severity, compile, read};
use std::path::Path;

/// A configuration without a mistake.
pub const GOOD: &str = "\
instruments:
  - {symbol: BTCUSDT, tick: 0.01, lot: 0.001, min_notional: 5}
strategy:
  entry_mixins:
    - name: RSIOrBB
      parameters:
        rsi_period: 14
  exit_mixins: [ATR]
  timeframe: 1m
  bars: trades
broker:
  cash: 10000
";

/// Everything that reading and compiling find, without any data.
pub fn found(text: &str) -> Diagnostics {
    match read("c.yaml", text, Path::new(".")) {
        Err(found) => found,
        Ok((config, mut found)) => {
            let _ = compile(&config, &[], &mut found);
            found
        }
    }
}

/// Takes out the `§` that stands where an error is expected, and gives its line and column.
fn marked(text: &str) -> (String, (usize, usize)) {
    let at = text.find('§').unwrap_or_else(|| panic!("no place is marked in\n{text}"));
    let line = text[..at].matches('\n').count() + 1;
    let column = text[..at].chars().rev().take_while(|c| *c != '\n').count() + 1;
    (text.replacen('§', "", 1), (line, column))
}

fn of_severity(found: &Diagnostics, severity: Severity) -> Vec<((usize, usize), &str)> {
    let all = found.found.iter().filter(|d| d.severity == severity);
    all.map(|d| ((d.place.line, d.place.column), d.reason.as_str())).collect()
}

/// One mistake at the marked place, whose reason has `want` in it.
pub fn is_one(severity: Severity, text: &str, want: &str) {
    let (text, place) = marked(text);
    let found = found(&text);
    match of_severity(&found, severity)[..] {
        [(at, reason)] => {
            assert!(reason.contains(want), "{want:?} is wanted in\n{found}\n{text}");
            assert_eq!(at, place, "{found}\n{text}");
        }
        _ => panic!("one {severity:?} with {want:?} is wanted:\n{found}\n{text}"),
    }
    assert!(found.found.iter().all(|d| !d.remedy.is_empty()), "a remedy is missing:\n{found}");
}

/// As `is_one` for errors, in the good configuration with `from` replaced by `to`.
pub fn changed(from: &str, to: &str, want: &str) {
    assert!(GOOD.contains(from), "{from}");
    is_one(Severity::Error, &GOOD.replacen(from, to, 1), want);
}

/// As `is_one` for errors, in the good configuration with more behind it.
pub fn with(more: &str, want: &str) {
    is_one(Severity::Error, &format!("{GOOD}{more}"), want);
}
