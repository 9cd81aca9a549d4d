//! Wrong configurations: each mistake is one error, at its own place, with a reason and a remedy.

use pinion_plan::{Diagnostics, Severity, compile, read};
use std::path::Path;

const GOOD: &str = "\
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
fn found(text: &str) -> Diagnostics {
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
fn is_one(severity: Severity, text: &str, want: &str) {
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
fn changed(from: &str, to: &str, want: &str) {
    assert!(GOOD.contains(from), "{from}");
    is_one(Severity::Error, &GOOD.replacen(from, to, 1), want);
}

/// As `is_one` for errors, in the good configuration with more behind it.
fn with(more: &str, want: &str) {
    is_one(Severity::Error, &format!("{GOOD}{more}"), want);
}

#[test]
fn the_good_configuration_is_good() {
    let found = found(GOOD);
    assert!(found.found.is_empty(), "{found}");
}

#[test]
fn a_key_without_a_value_says_what_is_wanted() {
    changed("cash: 10000", "§cash:", "`cash` has no value");
    changed("cash: 10000", "cash: 10000\n  §type:", "`type` has no value");
    changed("cash: 10000", "cash: 10000\n  §type: ~", "`type` has no value");
    changed("cash: 10000", "cash: 10000\n  §type: null\n  trading_mode: paper", "`type` has no value");
    changed("cash: 10000", "cash: §\"\"", "must be a number");
    changed("cash: 10000", "cash: 10000\n  currency: §\"\"", "`currency` is empty");
    changed("exit_mixins: [ATR]", "§exit_mixins:", "`exit_mixins` has no value");
    changed("rsi_period: 14", "§rsi_period:", "not nothing");
    changed(
        "- name: RSIOrBB\n      parameters:\n        rsi_period: 14",
        "-§",
        "an item of `entry_mixins` is empty",
    );
    with("§risk_management:\n", "`risk_management` has no value");
    let text = found(&GOOD.replace("cash: 10000", "cash:")).to_string();
    assert!(text.contains("give it a number of 0 or more, or remove the key: Opening cash."), "{text}");
}

#[test]
fn what_is_given_twice_names_both_lines() {
    let rsi = "rsi_period: 14\n        §e_rsi_period: 10";
    changed("rsi_period: 14", rsi, "`rsi_period` is given twice, in line 7 and line 8");
    changed("rsi_period: 14", "rsi_period: 14\n        §rsi_period: 10", "in line 7 and line 8");
    changed("bars: trades", "bars: trades\n  parameters: {§e_rsi_period: 9}", "in line 7 and line 11");
    changed("cash: 10000", "cash: 9000\n  §cash: 2", "`cash` is given twice, in line 12 and line 13");
    changed("[ATR]", "[{name: ATR, §name: ATR}]", "at column 18 and column 29 of this line");
    changed("parameters:", "params: {rsi_period: 9}\n      §parameters:", "given twice");
    changed(
        "min_notional: 5}",
        "min_notional: 5}\n  - {symbol: §btcusdt, tick: 1, lot: 1}",
        "in line 2 and line 3",
    );
    changed("timeframe: 1m", "timeframe: 1m\n  instruments: [BTCUSDT, §BTCUSDT]", "is given twice");
    with(
        "risk_management:\n  groups: {a: [BTCUSDT], b: [§BTCUSDT]}\n",
        "in the group `b` and, in line 14, in `a`",
    );
    with("risk_management:\n  groups: {a: [BTCUSDT, §BTCUSDT]}\n", "is given twice");
}

#[test]
fn lists_that_name_nothing_are_mistakes() {
    changed("exit_mixins: [ATR]", "exit_mixins: §[]", "names no rule");
    changed("timeframe: 1m", "timeframe: 1m\n  instruments: §[]", "names nothing");
    changed("- {symbol: BTCUSDT, tick: 0.01, lot: 0.001, min_notional: 5}", "§[]", "names nothing");
    with("data: {files: §[]}\n", "names nothing");
    with("risk_management: {groups: {a: §[]}}\n", "names nothing");
}

#[test]
fn a_rule_that_cannot_fire_is_a_mistake() {
    changed("[ATR]", "\n    - {name: TimeBased, parameters: {§max_bars: 0}}", "never closes");
    let rsi = "- name: RSIBB\n      parameters:\n        §rsi_oversold: 0";
    changed("- name: RSIOrBB\n      parameters:\n        rsi_period: 14", rsi, "never fires");
    let warned = GOOD.replace("[ATR]", "\n    - {name: TimeBased, parameters: {§session_end: true}}");
    is_one(Severity::Warning, &warned, "it has no `session`");
}

#[test]
fn sizes_and_limits_that_no_order_can_meet_are_mistakes() {
    let size = |size: &str| format!("timeframe: 1m\n  position_size: §{size}");
    changed("timeframe: 1m", &size("{quantity: \"0.0001\"}"), "below the lot of BTCUSDT, 0.001");
    changed("timeframe: 1m", &size("{notional: 1}"), "below the smallest of BTCUSDT, 5");
    changed("timeframe: 1m", "timeframe: 1m\n  position_size: {quantity: §0}", "is zero");
    changed("timeframe: 1m", &size("{}"), "says nothing");
    changed("timeframe: 1m", &size("{quantity: 1, notional: 2}"), "more than one size");
    changed(
        "timeframe: 1m",
        "timeframe: 1m\n  position_size: {fraction: §1e3}",
        "outside 0.000000001 to 100",
    );
    changed("min_notional: 5", "min_notional: §1e15", "allow at most 1000");
    changed("min_notional: 5", "max_qty: §0.0001", "below the smallest quantity");
    with("risk_management: {max_order_quantity: §0.0001}\n", "below the smallest quantity");
    with("risk_management: {max_order_notional: §1}\n", "below the smallest notional");
    with("risk_management: {max_gross_exposure: §0}\n", "is zero");
    with("risk_management: {leverage_limit: §126}\n", "outside 0.000001 to 125");
    changed("cash: 10000", "cash: §0", "without cash");
    let odd = GOOD.replace("timeframe: 1m", "timeframe: 1m\n  position_size: §{quantity: 0.0015}");
    is_one(Severity::Warning, &odd, "not a multiple of the lot");
}

#[test]
fn a_misspelt_key_is_one_error() {
    changed("entry_mixins", "§entry_mixin", "unknown key `entry_mixin`");
    changed("exit_mixins", "§exit_mixin", "unknown key `exit_mixin`");
    changed("symbol", "§symbl", "unknown key `symbl`");
    changed("- name", "- §nam", "unknown key `nam`");
    changed("RSIOrBB", "§RSIOrBBB", "there is no entry rule `RSIOrBBB`");
    changed("RSIOrBB\n", "§AdvancedATR\n", "there is no entry rule `AdvancedATR`");
    let flat = "{\"strategy_name\": \"A\", §\"entry_mixin\": [\"RSIBB\"], \"exit_mixins\": [\"ATR\"], \
                \"parameters\": {\"e_rsi_period\": 14}}";
    is_one(Severity::Error, flat, "unknown key `entry_mixin`");
    changed("cash: 10000", "cash: 9000\n  §side: long", "unknown key `side`");
    let moved = found(&GOOD.replace("cash: 10000", "cash: 9000\n  side: long")).to_string();
    assert!(moved.contains("it belongs to `strategy`"), "{moved}");
    with("timeframe: §5m\n", "`timeframe` stands beside the strategy's own section");
}

#[test]
fn errors_stand_at_their_key() {
    let targets = |more: &str| format!("[{{name: AdvancedATR, parameters: {{{more}}}}}]");
    changed("[ATR]", &targets("pt_levels_r: [1], §pt_sizes: [0.5, 0.5]"), "has 1 values");
    changed("[ATR]", &targets("§pt_levels_r: [1, 2], pt_sizes: [0.5]"), "has 2 values");
    changed("[ATR]", &targets("pt_levels_r: [1, 2], §pt_sizes: [0.6, 0.5]"), "more than 1");
    changed("[ATR]", &targets("§pt_levels_r: [2, 1], pt_sizes: [0.5, 0.5]"), "does not rise");
    changed("[ATR]", &targets("pt_levels_r: [1, §x], pt_sizes: [0.5]"), "must be a number");
    changed("timeframe: 1m", "side: §short\n  timeframe: 1m", "cannot be short");
    with("risk_management: {groups: {a: [§ETHUSDT]}}\n", "there is no instrument `ETHUSDT`");
    with("risk_management:\n  groups: §[BTCUSDT]\n", "must be a group of keys");
    changed("timeframe: 1m", "timeframe: 1m\n  instruments: [BTCUSDT, §BTCUSD]", "there is no instrument");
    changed("timeframe: 1m", "timeframe: §1y", "not a timeframe");
    let timed = GOOD.replace("[ATR]", "§[TimeBased]") + "risk_management: {stop_loss_required: true}\n";
    is_one(Severity::Error, &timed, "no exit rule has a stop");
}

#[test]
fn instruments_are_checked_as_a_whole() {
    let i = |keys: &str, want: &str| changed("min_notional: 5", keys, want);
    i("kind: §future", "has no `expiry`");
    i("kind: §option, expiry: 2026-12-25", "has no `strike`");
    i("expiry: §2026-12-25", "no meaning for the kind spot");
    i("kind: future, expiry: §2026-02-30", "not a day");
    i("session: §21:00-14:30", "ends before it begins");
    i("session: §all day", "is not a session");
    i("multiplier: §0", "is zero");
    i("tick_bands: §[{from: 0, tick: 1}]", "stands beside `tick`");
    i("base: §btc", "not the code of a currency");
    changed("tick: 0.01", "tick_bands: §[{from: 1, tick: 1}]", "do not rise from 0");
    changed("tick: 0.01", "tick_bands: §[{from: 0, tick: 1}, {from: 0, tick: 2}]", "do not rise");
    changed("tick: 0.01", "tick_bands: [§{from: 0}]", "a tick band needs `tick`");
    changed("tick: 0.01", "tick_bands: [{§frm: 0, tick: 1}]", "unknown key `frm`");
    changed("tick: 0.01", "tick_bands: [§3]", "must be a group of keys");
    changed("tick: 0.01", "price_decimals: 1, tick: §0.01", "more than its 1 decimals");
    changed("tick: 0.01", "tick: §0", "is zero");
    changed("tick: 0.01", "tick: §1e-15", "would need 15 decimals");
    changed("tick: 0.01", "tick: §1e18, price_decimals: 4", "too large");
    changed("BTCUSDT", "§FOOTUSD", "FOOT in USD");
}

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
    with("runtime: {hot_core: 1, cold_core: §1}\n", "pinned to one core");
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
