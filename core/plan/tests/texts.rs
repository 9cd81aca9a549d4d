//! What a configuration is written with: numbers of every kind, YAML beyond JSON, marks and line ends.

mod marked;

use marked::{GOOD, changed, found, is_one, with};
use pinion_plan::{Severity, compile, read};
use std::path::Path;

#[test]
fn milliseconds_are_exact_to_the_nanosecond() {
    let paper = |keys: &str| format!("{GOOD}  paper_trading_config: {{latency_simulation: true, {keys}}}\n");
    let plan = |text: &str| {
        let (config, mut found) = read("c.yaml", text, Path::new(".")).unwrap_or_else(|e| panic!("{e}"));
        compile(&config, &[], &mut found).unwrap_or_else(|e| panic!("{e}"))
    };
    let text = paper("min_latency_ms: 0.5, max_latency_ms: 0.500001");
    let text = text.replace("timeframe: 1m", "timeframe: 1.5s\n  bar_close_delay_ms: 0.25");
    let made = plan(&text);
    assert_eq!((made.paper.min_latency_ns, made.paper.max_latency_ns), (500_000, 500_001));
    assert_eq!(made.engine.strategies[0].bars.close_delay_ns, 250_000);
    let again = pinion_plan::from_canonical(&made.canonical).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((again.paper, &again.engine), (made.paper, &made.engine));
    is_one(Severity::Error, &paper("min_latency_ms: §0.0000005"), "finer than a nanosecond");
    is_one(Severity::Error, &paper("min_latency_ms: §101"), "is above");
    is_one(Severity::Error, &paper("max_latency_ms: §5"), "is above");
    is_one(Severity::Error, &paper("min_latency_ms: §-1"), "outside 0 to 600000");
    let still = format!("{GOOD}  paper_trading_config: {{max_latency_ms: §20}}\n");
    is_one(Severity::Warning, &still, "no effect without `latency_simulation: true`");
    let still = format!("{GOOD}  paper_trading_config: {{mode: basic, reject_probability: §0.1}}\n");
    is_one(Severity::Warning, &still, "no effect without `mode: realistic`");
}

#[test]
fn values_of_the_wrong_kind_are_refused() {
    for value in [".nan", ".inf", "-.inf", "[1]", "{a: 1}", "true", "0x10", "1_000", "1,5", "ten", "١٤"] {
        changed("cash: 10000", &format!("cash: §{value}"), "must be a number");
        changed("rsi_period: 14", &format!("rsi_period: §{value}"), "`rsi_period` must be");
    }
    for value in ["-1", "201", "1e400", "99999999999999999999999999999999999999999"] {
        changed("rsi_period: 14", &format!("rsi_period: §{value}"), "outside 2 to 200");
    }
    changed("rsi_period: 14", "rsi_period: §14.5", "a whole number");
    changed("cash: 10000", "cash: §-1", "is negative");
    for value in ["1e19", "1e400", "1e-19", "1e-400"] {
        changed("cash: 10000", &format!("cash: §{value}"), "too large or too fine");
    }
    changed("cash: 10000", "cash: §9000.000000001", "more than the 8 decimals of USDT");
    changed(
        "instruments:\n  - {symbol",
        "instruments: \n  - §BTCUSDT\n  - {symbol",
        "must be a group of keys",
    );
    changed("[ATR]", "§ATR", "`exit_mixins` must be a list");
    changed("[ATR]", "[§[ATR]]", "must be a group of keys");
    changed("[ATR]", "[{name: §[ATR]}]", "must be the name of a rule");
    changed("timeframe: 1m", "side: §{long: true}\n  timeframe: 1m", "must be a single value");
    changed("timeframe: 1m", "side: §Lang\n  timeframe: 1m", "one of long, short, both");
    changed("cash: 10000", "cash: 9000\n  port: §99999", "outside 0 to 65535");
    changed("cash: 10000", "cash: 9000\n  balances: {§btc: 1}", "not the code of a currency");
    changed("cash: 10000", "cash: 9000\n  balances: {§USDT: 1}", "whose balance is `cash`");
    changed("cash: 10000", "cash: 9000\n  balances: {§DOGE: 1}", "nothing turns DOGE");
    changed("cash: 10000", "cash: 9000\n  currency: §EUR", "nothing turns USDT");
    changed("cash: 10000", "cash: 9000\n  fee_currency: §BNB", "fees in BNB");
    with("risk_management: {reset_at: §\"25:00\"}\n", "not a time of day");
    with("runtime: {lock_memory: §maybe}\n", "one of auto, on, off");
    with("name: §\"a\\u0007b\"\n", "control character");
    with("data: {files: [§/nowhere]}\n", "there is no file");
}

#[test]
fn all_mistakes_are_found_at_once() {
    let text = "instruments:\n  - {symbol: &lots A, tick: 0}\n  - {symbol: A}\nstrategy:\n  entry_mixins: [RSIB]\n  \
                exit_mixins: []\n  sid: long\n  timeframe: 1y\nbroker:\n  cash: *lots\n  cash: 1\n  type: x\n\
                <<: *lots\n? [a]\n: b\n";
    let found = found(text);
    let lines: Vec<usize> = found.found.iter().map(|d| d.place.line).collect();
    assert_eq!(lines, [2, 3, 5, 6, 7, 8, 10, 11, 12, 13, 14], "{found}");
}

#[test]
fn what_yaml_has_beyond_json_is_refused() {
    changed("cash: 10000", "cash: §!!str 10000", "tags");
    changed("rsi_period: 14", "rsi_period: §!x 14", "tags");
    changed("cash: 10000", "cash: 9000\n  §<<: {type: paper}", "merge keys");
    changed("cash: 10000", "cash: 9000\n  §: paper", "a key without a name");
    changed("cash: 10000", "cash: 9000\n  §{a: b}: paper", "a key must be a plain word");
    with("§---\nname: x\n", "a second document");
    changed("cash: 10000", "cash: §10000\n\tname: x", "a tab");
    with("name: §*who\n", "aliases");
    let anchored = GOOD.replace("cash: 10000", "cash: &c 10000\n  commission_minimum: §*c");
    is_one(Severity::Error, &anchored, "aliases");
}

#[test]
fn texts_of_any_making_are_read() {
    for text in [
        format!("\u{feff}{GOOD}"),
        GOOD.replace('\n', "\r\n"),
        format!("\u{feff}{}", GOOD.replace('\n', "\r\n")),
        format!("---\n{GOOD}...\n"),
        format!("# ü\n{GOOD}"),
    ] {
        let found = found(&text);
        assert!(found.found.is_empty(), "{found}");
    }
    let json = "{\n\t\"strategy\": {\n\t\t\"entry_mixins\": [\"RSIBB\"],\n\t\t\"exit_mixins\": [\"ATR\"],\n\
                \t\t\"timeframe\": \"1m\"\n\t},\n\t\"broker\": {\"cash\": 1e4, \"§kash\": \"\\u00fc\\/\"}\n}";
    is_one(Severity::Error, &json.replace("\"§kash", "§\"kash"), "unknown key `kash`");
    is_one(Severity::Error, &format!("\u{feff}{}", GOOD.replace("cash", "§cach")), "unknown key `cach`");
    is_one(Severity::Error, &GOOD.replace("cash", "§cach").replace('\n', "\r\n"), "unknown key `cach`");
    is_one(Severity::Error, "§", "the file is empty");
    is_one(Severity::Error, "§# nothing\n", "the file is empty");
    is_one(Severity::Error, "§{}", "the file is empty");
    is_one(Severity::Error, "§hello", "must be a group of keys");
    is_one(Severity::Error, "§[1, 2]", "must be a group of keys");
}
