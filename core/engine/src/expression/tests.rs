//! Grammar, names and units: what is accepted, and where and how the rest is refused.

use super::check;
use crate::rules::params::RuleKind::{self, Entry, Exit};

/// The faults as the text at their place, their reason and their remedy.
fn faults(text: &str, kind: RuleKind) -> Vec<(String, String, String)> {
    let rest = |at: usize| text.chars().skip(at).collect();
    check(text, kind).into_iter().map(|f| (rest(f.at), f.reason, f.remedy)).collect()
}

#[test]
fn what_people_write_is_accepted() {
    let entries = [
        "rsi(14) < 30 and close crosses above ema(50) and hour() in 8..20 and not in_position",
        "close <= bb(20, 2).lower or rsi < 30",
        "close > close[3] * (1 + 2%) and volume > 2 * sma(20) / sma(20) * volume[1]",
        "bb(period=20, deviations: 2.5).upper[1] > high and MACD(12, 26, 9).histogram > 0",
        "(high + low) / 2 > close and (close - open) / open > 0.5%",
        "highest(high, 20)[1] < close and lowest(rsi(14), 5) > 20",
        "min(open, close, low) >= lowest(low, 3) and max(rsi(7), 50) > 60 and abs(close - open) < atr(14)",
        "max(20) <= close and min(20) < high",
        "weekday() in 1..6 and hour() in 22..4 and hour() * 60 + minute() >= 8 * 60 + 30",
        "side == long and rsi(14) < 30 or side != long and rsi(14) > 70",
        "close * 2% > atr(14) and -atr(14) < close - open and close > 30_000.5",
        "not (rsi(14) < 30) and true or false",
        "bars_since_entry > 5 and 100 * volume > 5 and obv() > obv[1] and natr(14) > 2",
        "(high - low)[1] > (high - low) and supertrend(10, 3).direction > 0",
    ];
    for text in entries {
        assert_eq!(faults(text, Entry), [], "{text}");
    }
    let exits = [
        "profit_r >= 1.5 and in_position",
        "unrealized_pct < -2% or unrealized_pct > 0 or bars_held >= 20",
        "close < entry_price * 99% and close - entry_price < atr(14)",
        "side == short and close > sma(20)",
    ];
    for text in exits {
        assert_eq!(faults(text, Exit), [], "{text}");
    }
}

#[test]
fn the_examples_of_the_description_are_right() {
    let text = include_str!("../../EXPRESSIONS.md");
    for (fence, kind) in [("```entry\n", Entry), ("```exit\n", Exit)] {
        let block = text.split(fence).nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        assert!(block.lines().count() >= 4);
        for line in block.lines() {
            assert_eq!(faults(line, kind), [], "{line}");
        }
    }
}

#[test]
fn a_mistake_is_found_at_its_character_with_what_was_meant() {
    let cases = [
        ("close > 2%", "2%", "a price is not compared with a percentage", "close > close[1] * (1 + 2%)"),
        ("close > atr(14)", "atr(14)", "a price is not compared with a change of price", "close - open"),
        ("rsi(14) < 30%", "30%", "a plain number is not compared with a percentage", "write `30` without"),
        ("close > volume", "volume", "a price is not compared with a quantity", "one unit"),
        ("close > rsi(14)", "rsi(14)", "a price is not compared with a plain number", "one unit"),
        ("close + 2% > open", "+ 2% > open", "a price and a percentage do not add up", "(1 + 2%)"),
        ("volume / close > 5", "/ close > 5", "a quantity by a price means nothing", "one unit"),
        ("clsoe > open", "clsoe > open", "`clsoe` is not known", "did you mean `close`?"),
        ("rsj(14) > 5", "rsj(14) > 5", "`rsj` is not known", "did you mean `rsi`?"),
        ("close > bb(20, 2)", "bb(20, 2)", "BBANDS has several outputs", "`.lower`"),
        ("close > bb(20, 2).lowr", "lowr", "no output `lowr`", "did you mean `.lower`?"),
        ("rsi(perod=14) > 5", "perod=14) > 5", "no parameter `perod`", "did you mean `period`?"),
        ("rsi(1) > 5", "1) > 5", "`period` of RSI is 1", "2 to 1000"),
        ("rsi(14, 3) > 5", "3) > 5", "RSI takes 1 parameters", "period"),
        ("rsi(close) > 5", "close) > 5", "must be known beforehand", "a whole number"),
        ("close", "close", "this is a price, not a condition", "compare it"),
        ("close = open", "= open", "`=` compares nothing", "write `==`"),
        ("close > open && true", "&& true", "`&&` is not known", "write `and`"),
        ("close > open adn true", "adn true", "`adn` is not expected here", "did you mean `and`?"),
        ("close >", "", "ends too early", "a value"),
        ("(close > open", "", "ends too early", "`)` is missing"),
        ("close < high < 5", "< 5", "comparisons do not chain", "a < b and b < c"),
        ("hour() in 8..25", "25", "no time has this number", "24 at most"),
        ("hour() < 24", "24", "no time has this number", "0 to 23"),
        ("weekday() == 0", "0", "no time has this number", "1 is Monday"),
        ("hour > 8", "hour > 8", "`hour` is a function", "hour()"),
        ("profit_r > 1", "profit_r > 1", "an entry has no position yet", "in an exit"),
        ("hour()[1] > 3", "hour()[1] > 3", "have no history", "go back"),
        ("rsi(14) in 70..30", "70..30", "the range is empty", "smaller bound first"),
        ("spread > 5", "spread > 5", "made of quotes or trades", "when a bar ends"),
        ("side > long", "> long", "a side is not larger", "`==`"),
        ("side == 5", "5", "a side is `long` or `short`", "side == long"),
        ("close[1.5] > 5", "1.5] > 5", "whole bars", "0 to 1000"),
        ("close[600][600] > 5", "close[600][600] > 5", "history ends 1000 bars ago", "1000"),
        ("highest(close - open, 5) > 0", "close - open, 5) > 0", "have a highest value", "give a price"),
        ("highest(close, 501) > 0", "501) > 0", "known beforehand", "1 to 500"),
        ("5 crosses above 6", "crosses above 6", "never cross", "indicator"),
        ("1 / 0 > close", "/ 0 > close", "no result", "write the number out"),
        ("close ? 5", "? 5", "the character `?` has no meaning", "remove"),
        ("(close > open) > 5", "> open) > 5", "a condition is not a number", "`and`"),
        ("close > 1234567890123", "1234567890123", "too long", "12 digits"),
    ];
    for (text, place, reason, remedy) in cases {
        let found = faults(text, Entry);
        let Some((at, why, what)) = found.first() else { panic!("{text} is accepted") };
        assert!(at == place && why.contains(reason) && what.contains(remedy), "{text}: {found:#?}");
    }
    let found = faults("unrealized_pct > 2", Exit);
    assert!(found[0].0 == "2" && found[0].2.contains("write `2%`"), "{found:?}");
    assert!(faults("bars_since_entry > 2", Exit)[0].2.contains("bars_held"));
}

#[test]
fn all_mistakes_are_found_at_once() {
    let found = faults("clsoe > 5 and close > 2% or rsj(14) < 30 and hour() == 24", Entry);
    assert_eq!(found.len(), 4, "{found:#?}");
    assert_eq!(faults("close # 5 $ 6", Entry).len(), 2, "characters that mean nothing");
}

#[test]
fn texts_of_any_length_and_depth_end() {
    assert!(faults(&"(".repeat(1999), Entry)[0].1.contains("nested too deeply"));
    assert!(faults(&"-".repeat(1999), Entry)[0].1.contains("nested too deeply"));
    assert!(faults(&"not ".repeat(400), Entry)[0].1.contains("nested too deeply"));
    assert!(faults(&"x".repeat(2001), Entry)[0].1.contains("longer than 2000"));
    assert_eq!(faults(&format!("{}1 < close", "1+".repeat(900)), Entry), []);
    assert_eq!(faults(&format!("close{} > 0", "+atr".repeat(400)), Entry), []);
    assert_eq!(faults(&format!("{}1<2", "1<2or ".repeat(300)), Entry), []);
    let deep = format!("{}close{} > 0", "close + 2 * (".repeat(20), ")".repeat(20));
    assert!(faults(&deep, Entry).iter().any(|f| f.1.contains("nested too deeply")), "{deep}");
}

proptest::proptest! {
    #[test]
    fn no_text_stops_the_reader(text in "[ -~]{0,60}", words in "(rsi|close|bb|\\(|\\)|14|\\.\\.|\\.|lower|in|>|<|and|not|,|2%|\\[|\\]|hour| ){0,30}") {
        for text in [text, words] {
            for fault in check(&text, Exit) {
                proptest::prop_assert!(fault.at <= text.chars().count());
            }
        }
    }
}
