//! Configuration: the canonical form is a fixpoint, the schema names everything, and nothing panics.

use pinion_plan::{Part, check_part, explain, from_canonical, schema};
use proptest::prelude::*;
use std::path::Path;

fn example(name: &str) -> String {
    std::fs::read_to_string(pinion_tests::project_root().join("examples").join(name)).unwrap()
}

fn plan_of(text: &str) -> pinion_plan::Plan {
    let base = pinion_tests::project_root().join("examples");
    let (config, mut found) = pinion_plan::read("test", text, &base).unwrap_or_else(|e| panic!("{e}"));
    let fact = pinion_plan::Fact {
        symbol: "BARS".into(),
        price_decimals: 2,
        qty_decimals: 3,
        bar_interval_ns: Some(60_000_000_000),
        ..Default::default()
    };
    let facts = if config.is_explicit() { vec![] } else { vec![fact] };
    pinion_plan::compile(&config, &facts, &mut found).unwrap_or_else(|e| panic!("{e}"))
}

/// Why a configuration is refused, without any data.
fn refusal(text: &str) -> pinion_plan::Diagnostics {
    let base = pinion_tests::project_root().join("examples");
    match pinion_plan::read("test", text, &base) {
        Ok((config, mut found)) => pinion_plan::compile(&config, &[], &mut found).unwrap_err(),
        Err(found) => found,
    }
}

#[test]
fn the_canonical_text_gives_the_same_plan_without_any_data() {
    let full = example("paper.yaml")
        .replace("rsi_oversold: 30", "rsi_oversold: 29.5")
        .replace(
            "trailing_enabled: true",
            "pt_levels_r: [1, 2.5]\n        pt_sizes: [0.25, 0.5]\n        anchor: close",
        )
        .replace(
            "  leverage_limit: 1.0",
            "  leverage_limit: 1.0\n  groups: {majors: [BTCUSDT, ETHUSDT]}\n  reset_at: \"17:30\"",
        );
    for text in [example("paper.yaml"), example("bar_oracle.yaml"), example("expression.yaml"), full] {
        let plan = plan_of(&text);
        let again = from_canonical(&plan.canonical).unwrap_or_else(|e| panic!("{e}\n{}", plan.canonical));
        assert_eq!((&again.engine, again.paper, &again.runtime), (&plan.engine, plan.paper, &plan.runtime));
        assert_eq!((again.hash, &again.canonical), (plan.hash, &plan.canonical));
    }
}

#[test]
fn an_explicit_zero_is_a_value() {
    let text = example("paper.yaml").replace("cooldown_bars: 30", "cooldown_bars: 0");
    assert!(plan_of(&text).canonical.contains("cooldown_bars: 0"));
}

#[test]
fn shapes_of_the_original_system_are_accepted() {
    let cases = [
        (r#"{"e_rsi_period": 14, "e_rsi_oversold": 30, "e_bb_dev": 2.0}"#, Part::Entry),
        (r#"{"x_atr_period": 14, "x_tp_multiplier": 3.0, "x_trailing_enabled": true}"#, Part::Exit),
        (
            r#"{"type": "ibkr", "trading_mode": "paper", "host": "127.0.0.1", "commission_per_share": 0.005}"#,
            Part::Broker,
        ),
        (
            r#"{"slippage_model": "linear", "min_latency_ms": 10, "max_latency_ms": 100, "realistic_fills": true}"#,
            Part::Paper,
        ),
        (r#"{"telegram_enabled": true, "position_opened": true}"#, Part::Notifications),
        ("risk_management:\n  max_drawdown: 0.15\n", Part::Config),
        (
            r#"{"strategy_name": "C", "entry_mixins": ["RSIOrBBEntryMixin"], "exit_mixins": ["AdvancedATRExitMixin"],
                "parameters": {"e_rsi_period": 14, "x_atr_period": 14}, "position_size": 0.1}"#,
            Part::Config,
        ),
    ];
    for (text, part) in cases {
        let (taken, found) = check_part("test", text, Path::new("."), None);
        assert_eq!(taken, part, "{text}");
        assert!(!found.has_errors(), "{found}");
    }
}

#[test]
fn unknown_keys_are_errors_wherever_they_stand_and_parameters_belong_to_a_rule() {
    let bad = [
        r#"{"e_rsi_perod": 14}"#,
        r#"{"entry_mixins": ["RSIBB"], "parameters": {"e_nothing": 1}}"#,
        "broker: {cashh: 1}",
        "risk_management: {max_drawdwn: 0.1}",
        "strategy: {entry_mixins: [{name: RSIBB, parameter: {}}]}",
        "instruments: [{symbol: A, tik: 1}]",
    ];
    for text in bad {
        let (_, found) = check_part("test", text, Path::new("."), None);
        assert!(found.has_errors(), "{text}");
        assert!(found.found.iter().any(|d| !d.remedy.is_empty()), "{found}");
    }
}

#[test]
fn a_cash_account_is_not_short_and_a_required_stop_needs_a_rule_that_has_one() {
    let short = example("paper.yaml").replace("  timeframe: 1s", "  side: short\n  timeframe: 1s");
    let timed = example("paper.yaml").replace("name: AdvancedATR", "name: TimeBased");
    let timed: Vec<&str> = timed
        .lines()
        .filter(|l| !l.contains("_multiplier") && !l.contains("atr_") && !l.contains("_enabled: true # "))
        .collect();
    let timed = timed.join("\n").replace(
        "        trailing_enabled: true\n        breakeven_enabled: true\n",
        "        max_bars: 5\n",
    );
    for (text, want) in [(short, "cannot be short"), (timed, "no exit rule has a stop")] {
        let refused = refusal(&text);
        assert!(refused.to_string().contains(want), "{refused}");
    }
}

#[test]
fn amounts_are_never_cut_or_misread() {
    let paper = example("paper.yaml");
    let cases = [
        (paper.replace("cash: 100000", "cash: 100000.1234567891234"), "decimals of USDT"),
        (paper.replace("lot: 0.00001", "lot: 0"), "is zero"),
        (paper.replace("timeframe: 1s", "timeframe: 2.5v"), "different decimals"),
        (paper.replace("  currency: USDT", "  currency: USDT\n  fee_currency: BNB"), "fees in BNB"),
    ];
    for (text, want) in cases {
        let refused = refusal(&text);
        assert!(refused.to_string().contains(want), "{want}: {refused}");
    }
}

#[test]
fn schema_and_explanation_name_every_rule_and_limit() {
    let schema = schema().to_string();
    for rule in pinion_engine::rules::catalog::RULES {
        assert!(schema.contains(rule.name));
        assert!(rule.params.iter().all(|p| schema.contains(p.name)));
    }
    let text = explain(&plan_of(&example("paper.yaml")), &pinion_plan::Machine::of(2)).to_string();
    let written = explain(&plan_of(&example("expression.yaml")), &pinion_plan::Machine::of(2)).to_string();
    assert!(written.contains("Expression(when=\"bars_since_entry >= 10 and"), "{written}");
    for part in [
        "BTCUSDT",
        "lot 0.00001",
        "max_drawdown",
        "AdvancedATR",
        "ring hot to cold",
        "durability",
        "GB a day",
    ] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[ -~\n]{0,300}") {
        let _ = check_part("test", &text, Path::new("."), None);
    }
}
