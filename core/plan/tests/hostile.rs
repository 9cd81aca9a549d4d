//! Texts that nobody would write on purpose: reading ends, in reasonable time, without a panic, and every
//! error stands within the file and says what to do.

use pinion_plan::{Diagnostics, Fact, Part, check_part, compile, explain, from_canonical, migrate, read};
use proptest::prelude::*;
use std::path::Path;
use std::time::{Duration, Instant};

/// The shapes of the original system, and one of Pinion's own that has every section.
const GOOD: [&str; 8] = [
    include_str!("../../../examples/paper.yaml"),
    include_str!("../../../examples/bar_oracle.yaml"),
    "broker:\n  type: \"binance\"\n  trading_mode: \"paper\"\n  cash: 10000.0\n  commission_rate: 0.001\n  paper_trading_config:\n    \
     mode: \"realistic\"\n    slippage_model: \"linear\"\n    base_slippage: 0.0005\n    latency_simulation: true\n    min_latency_ms: 0.5\n",
    r#"{"type": "ibkr", "trading_mode": "paper", "host": "127.0.0.1", "commission_per_share": 0.005,
 "paper_trading_config": {"mode": "advanced", "partial_fill_probability": 0.1}}"#,
    r#"{"e_rsi_period": 14, "e_rsi_oversold": 30, "e_bb_period": 20, "e_bb_dev": 2.0, "e_cooldown_bars": 5}"#,
    r#"{"strategy_name": "C", "entry_mixins": ["RSIOrBBEntryMixin"], "exit_mixins": ["AdvancedATRExitMixin"],
 "parameters": {"e_rsi_period": 14, "x_atr_period": 14, "x_pt_levels_r": [1, 2], "x_pt_sizes": [0.5, 0.5]}, "timeframe": "1m",
 "position_size": 0.1, "risk_management": {"max_position_size": 0.2, "stop_loss_required": true}}"#,
    "risk_management:\n  max_position_size: 0.2\n  leverage_limit: 2.0\n  reset_at: \"17:30\"\n  groups: {a: [BTCUSDT], b: [X]}\n",
    "instruments:\n- {symbol: BTCUSDT, tick_bands: [{from: 0, tick: 0.01}, {from: 10, tick: 0.1}], lot: 0.001}\n\
     - {symbol: ES, kind: future, expiry: 2026-12-25, tick: 0.25, lot: 1, multiplier: 50, quote: USDT, session: \"14:30-21:00\"}\n\
     - {symbol: C, kind: option, expiry: 2026-12-25, strike: 100, right: put, tick: 0.05, lot: 1, quote: USDT}\n\
     strategies:\n- {entry_mixins: [RSIBB], exit_mixins: [{name: TimeBased, parameters: {session_end: true}}], timeframe: 5v}\n\
     - {entry_mixins: [{name: RSIBB, timeframe: 1h}], timeframe: 100t, side: long, position_size: {quantity: 2}}\n\
     broker: {cash: 1e5, balances: {BTC: 1}, fee_currency: received}\nruntime: {hot_core: 1}\njournal: {msync_ms: 5}\n",
];

/// Words that change what a text means.
const PIECES: [&str; 40] = [
    "",
    " ",
    "\n",
    "\t",
    "\r",
    "\u{feff}",
    ":",
    ": ",
    "-",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "#",
    "&a ",
    "*a",
    "<<: ",
    "!!str ",
    "|\n",
    ">\n",
    "\"",
    "'",
    "\\",
    "?",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "~",
    ".nan",
    ".inf",
    "-1",
    "0",
    "1e400",
    "99999999999999999999999999999999999999999",
    "ü",
    "\u{202e}",
    "\u{2028}",
    "\0",
];

/// Every error stands within the text, and has a reason and a remedy.
fn holds(text: &str, found: &Diagnostics) -> Result<(), TestCaseError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<usize> = text.lines().map(|l| l.chars().count()).collect();
    for d in &found.found {
        let within = d.place.line <= lines.len().max(1);
        let length = lines.get(d.place.line - 1).copied().unwrap_or(0);
        prop_assert!(within && (1..=length + 1).contains(&d.place.column), "{found}\n{text:?}");
        prop_assert!(!d.reason.is_empty() && !d.remedy.is_empty(), "{d:?}");
        prop_assert!(d.reason.chars().chain(d.remedy.chars()).all(|c| !c.is_control()), "{d:?}");
    }
    Ok(())
}

/// Reads, compiles, explains and rewrites a text in every way there is.
fn survives(text: &str) -> Result<(), TestCaseError> {
    let examples = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples"));
    for part in Part::ALL.iter().map(|(part, _)| Some(*part)).chain([None]) {
        holds(text, &check_part("f", text, examples, part).1)?;
    }
    match migrate("f", text, examples, None) {
        Ok((migration, _)) => {
            // What a part became is a part again; of one nothing is left but a remark.
            let part = Part::ALL.iter().find(|(_, word)| *word == migration.part).map(|(part, _)| *part);
            if part != Some(Part::Notifications) {
                let (_, again) = check_part("f", &migration.text, examples, part);
                prop_assert!(!again.has_errors(), "{again}\n{}\n{text}", migration.text);
            }
            if part == Some(Part::Config) {
                let again = read("f", &migration.text, examples);
                prop_assert!(again.is_ok(), "{}\n{}\n{text}", again.unwrap_err(), migration.text);
            }
        }
        Err(found) => holds(text, &found)?,
    }
    let (config, found) = match read("f", text, examples) {
        Ok(read) => read,
        Err(found) => return holds(text, &found),
    };
    let bars = Fact {
        symbol: "BARS".into(),
        price_decimals: 2,
        qty_decimals: 3,
        bar_interval_ns: Some(60_000_000_000),
        ..Fact::default()
    };
    let quotes = Fact { symbol: "BTCUSDT".into(), has_quotes: true, bar_interval_ns: None, ..bars.clone() };
    for facts in [vec![], vec![bars.clone()], vec![quotes, bars]] {
        match compile(&config, &facts, &mut found.clone()) {
            Err(found) => {
                prop_assert!(found.has_errors(), "refused without a reason: {text}");
                holds(text, &found)?;
            }
            Ok(plan) => {
                let _ = explain(&plan, &pinion_plan::Machine::of(2)).to_string();
                let again = from_canonical(&plan.canonical);
                prop_assert!(again.is_ok(), "{}\n{}", again.unwrap_err(), plan.canonical);
                let again = again.unwrap();
                prop_assert_eq!((&again.canonical, again.hash), (&plan.canonical, plan.hash));
                prop_assert_eq!((&again.engine, again.paper), (&plan.engine, plan.paper));
            }
        }
    }
    Ok(())
}

/// The byte of a text at or before `at` where a character begins.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at % (text.len() + 1)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[derive(Clone, Debug)]
enum Change {
    /// Put a piece in.
    Insert(usize, usize),
    /// Put a piece in place of the next characters.
    Replace(usize, usize, usize),
    /// Take characters out.
    Remove(usize, usize),
    /// Copy characters elsewhere.
    Copy(usize, usize, usize),
    /// Put a digit in place of a digit.
    Digit(usize, u8),
    /// Cut the end off.
    Cut(usize),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let at = 0usize..5000;
    let length = 1usize..40;
    let one = prop_oneof![
        (at.clone(), 0..PIECES.len()).prop_map(|(at, piece)| Change::Insert(at, piece)),
        (at.clone(), 1usize..8, 0..PIECES.len()).prop_map(|(at, n, piece)| Change::Replace(at, n, piece)),
        (at.clone(), length.clone()).prop_map(|(at, n)| Change::Remove(at, n)),
        (at.clone(), length, at.clone()).prop_map(|(from, n, to)| Change::Copy(from, n, to)),
        (at.clone(), 0u8..10).prop_map(|(at, digit)| Change::Digit(at, digit)),
        at.prop_map(Change::Cut),
    ];
    prop::collection::vec(one, 1..5)
}

fn apply(text: &str, change: &Change) -> String {
    let span = |at: usize, n: usize| {
        let start = boundary(text, at);
        let end = text[start..].char_indices().nth(n).map_or(text.len(), |(i, _)| start + i);
        start..end
    };
    let replaced = |span: std::ops::Range<usize>, new: &str| {
        format!("{}{new}{}", &text[..span.start], &text[span.end..])
    };
    match *change {
        Change::Insert(at, piece) => replaced(span(at, 0), PIECES[piece]),
        Change::Replace(at, n, piece) => replaced(span(at, n), PIECES[piece]),
        Change::Remove(at, n) => replaced(span(at, n), ""),
        Change::Copy(from, n, to) => replaced(span(to, 0), &text[span(from, n)]),
        Change::Digit(at, digit) => {
            let digits: Vec<usize> =
                text.char_indices().filter(|(_, c)| c.is_ascii_digit()).map(|(i, _)| i).collect();
            match digits.get(at % digits.len().max(1)) {
                Some(at) => replaced(*at..at + 1, &digit.to_string()),
                None => text.to_string(),
            }
        }
        Change::Cut(at) => text[..boundary(text, at)].to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_change_of_a_good_configuration_makes_it_panic(which in 0..GOOD.len(), changes in changes()) {
        let text = changes.iter().fold(GOOD[which].to_string(), |text, change| apply(&text, change));
        survives(&text)?;
    }

    #[test]
    fn no_text_makes_it_panic(pieces in prop::collection::vec((0..PIECES.len(), "[ -~\n]{0,8}"), 0..40)) {
        let text: String = pieces.iter().map(|(piece, more)| format!("{}{more}", PIECES[*piece])).collect();
        survives(&text)?;
    }
}

#[test]
fn good_configurations_survive_and_come_back() {
    for text in GOOD {
        survives(text).unwrap();
    }
}

#[test]
fn what_is_deep_long_or_many_is_refused_quickly() {
    let many = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<String>();
    let head = "strategy: {entry_mixins: [RSIBB], exit_mixins: [ATR], timeframe: 1m, bars: trades}\n";
    let texts = [
        "[".repeat(1_000_000),
        "{a: ".repeat(200_000),
        "- ".repeat(500_000),
        "? ".repeat(500_000),
        "a: &a [*a, *a]\n".repeat(60_000),
        "x".repeat(1_000_000),
        format!("cash: {}", "9".repeat(1_000_000)),
        format!("\"{}", "x".repeat(1_000_000)),
        format!("{}: 1", "k".repeat(1000)),
        many(60_000, &|i| format!("k{i}: 1\n")),
        many(90_000, &|_| "k: 1\n".to_string()),
        many(60_000, &|i| format!("cash{i}:\n")),
        format!("{head}instruments:\n{}", many(40_000, &|i| format!("- {{symbol: S{i}}}\n"))),
        format!(
            "instruments: [{{symbol: A, tick: 1, lot: 1}}]\nstrategies:\n{}",
            "- {entry_mixins: [RSIBB]}\n".repeat(30_000)
        ),
        format!("{head}broker:\n  balances:\n{}", many(60_000, &|i| format!("    C{i}: 1\n"))),
        format!("{head}risk_management:\n  groups:\n{}", many(40_000, &|i| format!("    g{i}: [S{i}]\n"))),
        format!("strategy:\n  entry_mixins:\n{}", "  - RSIBB\n".repeat(90_000)),
        format!(
            "strategy:\n  entry_mixins: [RSIBB]\n  parameters:\n{}",
            many(60_000, &|i| format!("    e_{i}: 1\n"))
        ),
        "a".repeat(10 << 20),
        "\n".repeat(10 << 20),
    ];
    for text in texts {
        let begin = Instant::now();
        let (_, found) = check_part("f", &text, Path::new("."), None);
        let read = read("f", &text, Path::new("."));
        let shown = found.to_string();
        let start: String = text.chars().take(80).collect();
        assert!(found.has_errors() && read.is_err(), "{start}");
        assert!(shown.len() < 1 << 20, "{start}: {} bytes of errors", shown.len());
        assert!(begin.elapsed() < Duration::from_secs(5), "{start}: {:?}", begin.elapsed());
    }
}
