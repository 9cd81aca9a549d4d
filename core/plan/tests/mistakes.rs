//! Wrong configurations: each mistake is one error, at its own place, with a reason and a remedy.

mod marked;

use marked::{GOOD, changed, found, is_one, with};
use pinion_plan::Severity;

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
fn a_symbol_that_is_not_listed_shows_beside_other_mistakes() {
    let text = GOOD.replace("timeframe: 1m", "timeframe: 1y\n  instruments: [BTCUSD]");
    let text = found(&format!("{text}risk_management: {{groups: {{a: [ETHUSDT]}}}}\n")).to_string();
    for want in ["c.yaml:9:14", "c.yaml:10:17", "did you mean `BTCUSDT`?", "c.yaml:14:32"] {
        assert!(text.contains(want), "{want} is missing in\n{text}");
    }
}

#[test]
fn parameters_of_a_misspelt_rule_are_checked_as_well() {
    let places = |text: &str| -> Vec<(usize, String)> {
        found(text).found.iter().map(|d| (d.place.line, d.reason.clone())).collect()
    };
    let nested = GOOD.replace("RSIOrBB", "RSIOrBBB").replace("rsi_period: 14", "rsi_period: -3");
    let flat =
        "entry_mixins: [RSIOrBBB]\nexit_mixins: [ATR]\nparameters:\n  e_rsi_period: -3\n  e_rsi_perod: 3\n";
    for (text, lines) in [(nested, vec![5, 7]), (flat.to_string(), vec![1, 4])] {
        let shown = places(&text);
        let at: Vec<usize> = shown.iter().map(|(line, _)| *line).filter(|line| *line < 8).collect();
        assert!(lines.iter().all(|line| at.contains(line)), "{shown:?}");
        assert!(shown.iter().any(|(_, reason)| reason.contains("outside 2 to 200")), "{shown:?}");
    }
    // What another rule has may be meant for that one.
    let other = GOOD.replace("RSIOrBB", "RSIOrBBB").replace("rsi_period: 14", "bb_perod: 14");
    assert!(places(&other).iter().any(|(_, reason)| reason.contains("no parameter `bb_perod`")));
}

#[test]
fn an_instrument_that_looks_like_another_kind_is_warned_about() {
    use pinion_model::instrument::InstrumentKind;
    use pinion_plan::{Fact, compile, read};
    let data = |symbol: &str, venue: Option<&str>, kind| Fact {
        symbol: symbol.into(),
        venue: venue.map(Into::into),
        kind,
        price_decimals: 2,
        ..Fact::default()
    };
    let cases = [
        ("BTCUSDT", data("BTCUSDT", Some("binance"), Some(InstrumentKind::Perpetual)), Some("perpetual")),
        ("AAPL", data("AAPL", None, Some(InstrumentKind::Equity)), Some("equity")),
        ("EURUSD", data("EURUSD", None, None), Some("fx")),
        ("BTCUSDT", data("BTCUSDT", Some("binance"), None), None),
        ("BTCUSD", data("BTCUSD", None, None), None),
    ];
    for (symbol, fact, want) in cases {
        let kinds = |text: &str| {
            let (config, mut found) =
                read("f", text, std::path::Path::new(".")).unwrap_or_else(|e| panic!("{e}"));
            let plan =
                compile(&config, std::slice::from_ref(&fact), &mut found).unwrap_or_else(|e| panic!("{e}"));
            (found, plan.engine.instruments[0].kind.to_string())
        };
        let text = GOOD.replace("BTCUSDT", symbol);
        let (found, kind) = kinds(&text);
        let warned = found.found.iter().find(|d| d.reason.contains("looks like"));
        assert_eq!(
            warned.map(|d| d.remedy.contains(&format!("kind: {}", want.unwrap_or("?")))),
            want.map(|_| true),
            "{found}"
        );
        assert_eq!(kind, "spot", "the text is followed");
        let (found, _) = kinds(&text.replace("tick:", "kind: spot, tick:"));
        assert!(found.found.is_empty(), "who says spot means it: {found}");
        // Nothing is said where the data names the instruments: it is what it looks like.
        let open: String = text
            .lines()
            .filter(|l| !l.contains("instruments:") && !l.contains("symbol:"))
            .map(|l| format!("{l}\n"))
            .collect();
        let (found, kind) = kinds(&open);
        assert_eq!((found.found.len(), kind.as_str()), (0, want.unwrap_or("spot")), "{found}");
    }
}

#[test]
fn decimals_that_the_data_exceeds_are_raised_with_a_word() {
    use pinion_plan::{Fact, compile, read};
    let text = GOOD.replace("tick:", "price_decimals: 2, qty_decimals: 3, tick:");
    let (config, mut found) = read("f", &text, std::path::Path::new(".")).unwrap();
    let fact = Fact { symbol: "BTCUSDT".into(), price_decimals: 4, qty_decimals: 6, ..Fact::default() };
    let plan = compile(&config, &[fact], &mut found).unwrap();
    let i = &plan.engine.instruments[0];
    assert_eq!((i.price_exponent, i.qty_exponent, i.lot), (4, 6, 1000));
    assert_eq!(found.counts(), (0, 2), "{found}");
    assert!(found.to_string().contains("needs 6 decimals, not 3"), "{found}");
}

/// The good configuration with an expression as its entry.
fn expression(when: &str, reason: &str) {
    let good = "- name: RSIOrBB\n      parameters:\n        rsi_period: 14";
    changed(good, &format!("- name: Expression\n      parameters:\n        when: {when}"), reason);
}

#[test]
fn mistakes_of_an_expression_stand_at_their_characters() {
    expression("close > §2%", "a price is not compared with a percentage");
    expression("\"close > §2%\"", "a price is not compared with a percentage");
    expression("'rsi(14) < 30 and §clsoe > 5'", "`clsoe` is not known");
    expression(">-\n          rsi(14) < 30 and\n          close > §emma(5)", "`emma` is not known");
    expression("|\n          rsi(14) < 30\n          and §clsoe > 5", "`clsoe` is not known");
    expression("\"close >§\"", "ends too early");
    expression("§\"\"", "`when` is empty");
    expression("§[1]", "`when` must be a single value");
    changed("- name: RSIOrBB\n      parameters:\n        rsi_period: 14", "- §Expression", "has no `when`");
    changed(
        "exit_mixins: [ATR]",
        "exit_mixins:\n    - name: Expression\n      parameters:\n        §when: profit_r > 1",
        "no exit rule has a stop",
    );
}

#[test]
fn all_mistakes_of_an_expression_are_named_at_once() {
    let when = "clsoe > 5 and close > 2% or rsi(1) < 3";
    let text = GOOD
        .replace("- name: RSIOrBB", "- name: Expression")
        .replace("rsi_period: 14", &format!("when: {when}"));
    let found = found(&text);
    assert_eq!(found.counts(), (3, 0), "{found}");
    assert!(found.to_string().contains("did you mean `close`?"), "{found}");
}
