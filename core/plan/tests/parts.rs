//! Parts of a configuration by themselves: recognised by their keys, or asked about.

use pinion_plan::{Diagnostics, Part, check_part, migrate, only_part};
use std::path::Path;

fn taken(text: &str) -> (Part, Diagnostics) {
    check_part("f", text, Path::new("."), None)
}

#[test]
fn a_part_is_recognised_by_any_of_its_keys() {
    let cases = [
        (r#"{"mode": "basic"}"#, Part::Paper),
        (r#"{"seed": 7}"#, Part::Paper),
        (r#"{"rsi_cross": true}"#, Part::Entry),
        (r#"{"cooldown_bars": 5, "bb_dev": 2}"#, Part::Entry),
        (r#"{"e_rsi_period": 14}"#, Part::Entry),
        (r#"{"max_bars": 5}"#, Part::Exit),
        (r#"{"x_atr_period": 14}"#, Part::Exit),
        (r#"{"leverage_limit": 2}"#, Part::Risk),
        (r#"{"reset_at": "17:00"}"#, Part::Risk),
        (r#"{"cash": 5}"#, Part::Broker),
        ("paper_trading_config: {mode: basic}", Part::Broker),
        (r#"{"performance_reports": true}"#, Part::Notifications),
        ("{entry_mixins: [RSIBB], side: long, timeframe: 1m}", Part::Strategy),
        ("{entry_mixins: [RSIBB], timeframe: 1m}", Part::Config),
        ("risk_management: {leverage_limit: 2}", Part::Config),
        // Misspelt, but not unrecognisable.
        (r#"{"leverage_limt": 2}"#, Part::Risk),
        (r#"{"e_rsi_perod": 14}"#, Part::Entry),
        (r#"{"slipage_model": "linear"}"#, Part::Paper),
        ("strateg: {entry_mixins: [RSIBB]}", Part::Config),
    ];
    for (text, part) in cases {
        assert_eq!(taken(text).0, part, "{text}\n{}", taken(text).1);
    }
    for text in [r#"{"mode": "basic"}"#, r#"{"rsi_cross": true}"#, r#"{"leverage_limit": 2}"#] {
        assert!(taken(text).1.found.is_empty(), "{}", taken(text).1);
    }
    for (text, want) in [
        (r#"{"e_rsi_perod": 14}"#, "did you mean `rsi_period`?"),
        (r#"{"leverage_limt": 2}"#, "did you mean `leverage_limit`?"),
        (r#"{"rsi_period": 14, "e_rsi_period": 14}"#, "given twice"),
        (r#"{"e_rsi_period": 1}"#, "outside 2 to 200"),
        (r#"{"telegram_enabled": "often"}"#, "true or false"),
    ] {
        let found = taken(text).1;
        assert_eq!(found.counts().0, 1, "{found}");
        assert!(found.to_string().contains(want), "{found}");
    }
}

#[test]
fn what_is_not_recognised_is_asked_about() {
    let (_, found) = taken(r#"{"florb": 1}"#);
    assert_eq!(found.counts(), (1, 0), "{found}");
    assert!(found.to_string().contains("--part strategy or --part broker"), "{found}");
    // Entries and exits have it: only its prefix tells.
    let (_, found) = taken(r#"{"rsi_period": 14}"#);
    assert!(found.to_string().contains("say what it is: --part entry or --part exit"), "{found}");
    let (_, found) = taken(r#"{"leverage_limit": 2, "cash": 5}"#);
    assert!(found.to_string().contains("say what it is: --part broker or --part risk"), "{found}");
    let refused = migrate("f", r#"{"florb": 1}"#, Path::new("."), None).unwrap_err();
    assert!(refused.to_string().contains("say what it is"), "{refused}");
}

#[test]
fn a_part_is_rewritten_as_that_part() {
    let cases = [
        (r#"{"leverage_limit": 2}"#, "risk", "risk_management:", "leverage_limit: 2"),
        (r#"{"e_rsi_period": 14, "e_bb_dev": 2.0}"#, "entry", "rsi_period: 14", "bb_dev: 2.0"),
        (r#"{"x_atr_period": 14, "x_pt_levels_r": [1, 2]}"#, "exit", "atr_period: 14", "pt_levels_r: [1, 2]"),
        (r#"{"slippage_model": "linear"}"#, "paper", "paper_trading_config:", "slippage_model: linear"),
        (r#"{"type": "ibkr", "cash": 5}"#, "broker", "broker:", "type: ibkr"),
        ("{entry_mixins: [RSIBBEntryMixin], side: long}", "strategy", "strategies:", "- name: RSIBB"),
        ("risk_management: {leverage_limit: 2}", "config", "risk_management:", "leverage_limit: 2"),
    ];
    for (text, part, head, line) in cases {
        let (migration, _) =
            migrate("f", text, Path::new("."), None).unwrap_or_else(|e| panic!("{text}\n{e}"));
        assert_eq!(migration.part, part, "{text}");
        assert!(migration.text.contains(head) && migration.text.contains(line), "{}", migration.text);
        // What was written is read as the same part, and stays as it is.
        let word = Part::ALL.iter().find(|(_, word)| *word == part).map(|(part, _)| *part);
        let (again, _) =
            migrate("f", &migration.text, Path::new("."), word).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(again.text, migration.text);
    }
    let risk = migrate("f", r#"{"leverage_limit": 2}"#, Path::new("."), Some(Part::Risk));
    assert!(risk.is_ok_and(|(m, _)| m.text.starts_with("risk_management:")));
    let (notes, _) = migrate("f", r#"{"telegram_enabled": true}"#, Path::new("."), None).unwrap();
    assert!(notes.text.contains("leave it out") && notes.changes.len() == 1, "{notes:?}");
    assert_eq!(only_part(r#"{"leverage_limit": 2}"#), Some(Part::Risk));
    assert_eq!(only_part("risk_management: {leverage_limit: 2}"), None);
}

#[test]
fn a_section_under_its_own_name_is_read_as_part_of_the_whole() {
    let (part, found) =
        check_part("f", "broker: {cash: 5}\nbrokr: {cash: 5}", Path::new("."), Some(Part::Broker));
    assert_eq!((part, found.counts().0), (Part::Broker, 1), "{found}");
    let (_, found) =
        check_part("f", "paper_trading_config: {mode: basic}", Path::new("."), Some(Part::Paper));
    assert!(!found.has_errors(), "{found}");
}
