//! What expressions say about the position, the clock, crossings, and numbers that are missing.

use pinion_engine::expression::{Subject, compile};
use pinion_engine::indicators::Set;
use pinion_engine::indicators::fx::fx;
use pinion_engine::indicators::history::Decimals;
use pinion_engine::plan::BarCut;
use pinion_engine::rules::params::RuleKind;
use pinion_engine::rules::{Holding, View};
use pinion_model::event::Bar;
use pinion_model::instrument::Calendar;
use pinion_model::number::{Price, Qty};
use pinion_model::order::Side;

fn view<'a>(bar: &'a Bar, bars: u64, set: &'a Set, time_ns: i64) -> View<'a> {
    let cut = BarCut::Time { interval_ns: 60_000_000_000 };
    View { bar, bars, set, time_ns, cut, calendar: &Calendar::Always }
}

const ENTRY: Subject<'_> = Subject::Entry { side: Side::Buy, since: None };

/// Whether a text holds on one bar that closes at 110, for this subject.
fn says(text: &str, kind: RuleKind, subject: &Subject<'_>, time_ns: i64) -> bool {
    let mut set = Set::default();
    let program = compile(text, kind, &mut set).unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
    let at = |p| Price(p);
    let bar = Bar { open_ns: 0, open: at(100), high: at(120), low: at(90), close: at(110), volume: Qty(7) };
    set.update(&bar);
    program.holds(&view(&bar, 1, &set, time_ns), subject)
}

#[test]
fn the_position_is_seen_from_its_own_side() {
    let holding =
        |side| Holding { side, entry: fx(Price(100)), opened_ns: 0, bars_held: 3, opened_qty: Qty(1) };
    let (long, short) = (holding(Side::Buy), holding(Side::Sell));
    let risk = Some(fx(Price(5)));
    let exit = |text: &str, holding| says(text, RuleKind::Exit, &Subject::Exit { holding, risk }, 0);
    for text in
        ["profit_r == 2", "unrealized_pct == 10%", "bars_held == 3", "entry_price == 100", "side == long"]
    {
        assert!(exit(text, &long), "{text}");
    }
    assert!(exit("in_position and profit_r == -2 and unrealized_pct == -10% and side == short", &short));
    let unknown = Subject::Exit { holding: &long, risk: None };
    assert!(!says("profit_r > 0 or not (profit_r > 0)", RuleKind::Exit, &unknown, 0), "no stop, no R");
    let entry =
        |text: &str, since| says(text, RuleKind::Entry, &Subject::Entry { side: Side::Sell, since }, 0);
    assert!(entry("side == short and not in_position and bars_since_entry == 4", Some(4)));
    assert!(entry("bars_since_entry > 1_000_000 and volume == 7 and not (side == long)", None));
}

#[test]
fn the_clock_is_utc_and_ranges_go_round() {
    // Friday, 9 August 2024, 23:05:10.
    let friday = 1_723_244_710_000_000_000;
    let entry = |text: &str| says(text, RuleKind::Entry, &ENTRY, friday);
    assert!(entry("hour() == 23 and minute() == 5 and weekday() == 5"));
    assert!(entry("hour() in 22..4 and minute() in 0..6 and weekday() in 5..2"));
    assert!(!entry("hour() in 8..23") && entry("hour() in 8..24") && !entry("hour() in 0..23"));
    assert!(entry("hour() * 60 + minute() == 1385"));
}

#[test]
fn what_is_too_large_or_no_number_is_missing() {
    let entry = |text: &str| says(text, RuleKind::Entry, &ENTRY, 0);
    for text in ["close / (open - open) > 0", "rsi(2) > 0"] {
        assert!(!entry(text) && !entry(&format!("not ({text})")), "{text}");
    }
    let power = format!("close{} > 0", " * 999999999999".repeat(12));
    assert!(!entry(&power) && !entry(&format!("not ({power})")));
    assert!(entry(&format!("{power} or close > open")), "what is missing does not hide what is known");
    assert!(entry("close < 999999999999 and close * 50% == 55 and 2 * 3 + close == 116"));
}

#[test]
fn written_prices_and_quantities_have_the_decimals_of_the_series() {
    let mut set = Set::with_decimals(Decimals { price: 2, qty: 3 });
    let text = "close == 1.1 and volume == 0.007 and close * volume == 0.0077 and close - open == 0.1";
    let program = compile(text, RuleKind::Entry, &mut set).unwrap();
    let p = |price| Price(price);
    let bar = Bar { open_ns: 0, open: p(100), high: p(120), low: p(90), close: p(110), volume: Qty(7) };
    set.update(&bar);
    assert!(program.holds(&view(&bar, 1, &set, 0), &ENTRY));
}

/// The bars, from 0, on which a text holds while the close goes through these prices.
fn fires(text: &str, closes: &[i64]) -> Vec<usize> {
    let mut set = Set::default();
    let program = compile(text, RuleKind::Entry, &mut set).unwrap();
    let mut fired = Vec::new();
    for (at, &close) in closes.iter().enumerate() {
        let p = Price(close);
        let bar = Bar { open_ns: 0, open: p, high: p, low: p, close: p, volume: Qty(1) };
        set.update(&bar);
        if program.holds(&view(&bar, at as u64 + 1, &set, 0), &ENTRY) {
            fired.push(at);
        }
    }
    fired
}

#[test]
fn a_crossing_begins_at_or_beyond_the_line_and_ends_on_the_other_side() {
    let closes = [5, 10, 10, 11, 12, 10, 9, 11];
    assert_eq!(fires("close crosses above 10", &closes), [3, 7]);
    assert_eq!(fires("close crosses below 10", &closes), [6]);
    assert_eq!(fires("10 crosses below close", &closes), [3, 7]);
    assert_eq!(fires("close crosses above close[2]", &[1, 2, 1, 3, 3]), [3], "with its own past");
}

#[test]
fn the_past_and_extremes_are_those_of_the_bars() {
    let closes = [5, 3, 8, 8, 2, 9, 9];
    assert_eq!(fires("close > highest(close, 3)[1]", &closes), [5], "the first window is not full before");
    assert_eq!(fires("close == lowest(close, 2) and close < close[1]", &closes), [1, 4]);
    assert_eq!(fires("close[2] == 5", &closes), [2]);
    assert_eq!(fires("sma(2)[1] == 4", &closes), [2]);
}

#[test]
fn nothing_fires_before_everything_is_warm() {
    let closes = [9, 8, 7, 6, 5, 4];
    assert_eq!(fires("close > 0 or sma(4) > 0", &closes), [3, 4, 5]);
    assert_eq!(fires("not (sma(4)[1] < 0)", &closes), [4, 5]);
    assert_eq!(fires("false and sma(4) > 0 or true", &closes), [3, 4, 5]);
}

#[test]
fn a_market_that_does_not_move_is_no_signal() {
    for text in ["close <= bb(3).lower", "close >= bb(3).upper[1]", "rsi(2) < 30", "rsi(2) + 0 <= 0"] {
        assert!(fires(text, &[7; 8]).is_empty(), "{text}");
        assert!(fires(&format!("not ({text})"), &[7; 8]).is_empty(), "{text}");
    }
    assert_eq!(fires("close <= bb(3).middle", &[7; 4]), [2, 3], "the mean of what stands still is known");
}
