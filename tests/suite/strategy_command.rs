//! `pinion strategy`, and the reference page that is made by it.

use pinion_engine::rules::catalog::RULES;
use pinion_engine::rules::params::RuleKind;
use pinion_tests::project_root;
use serde_json::Value;
use std::process::{Command, Output};

fn pinion(args: &[&str]) -> Output {
    // The runner builds the program before the tests; cargo puts it beside them.
    let exe = std::env::current_exe().unwrap();
    let exe = exe.parent().unwrap().parent().unwrap().join("pinion");
    assert!(exe.is_file(), "{} is missing; run `tests/run`, or `cargo build -p pinion` first", exe.display());
    Command::new(exe).args(args).current_dir(project_root()).output().unwrap()
}

fn ok(args: &[&str]) -> String {
    let output = pinion(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&ok(args)).unwrap()
}

#[test]
fn the_reference_shows_every_rule_and_parameter() {
    let list = json(&["strategy", "list", "--json"]);
    let rules = list["rules"].as_array().unwrap();
    assert_eq!(rules.len(), RULES.len());
    let plain = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = plain(ok(&["strategy", "list"]));
    for (def, shown) in RULES.iter().zip(rules) {
        assert!(text.contains(def.name) && text.contains(def.doc));
        assert_eq!((&shown["name"], &shown["doc"]), (&Value::from(def.name), &Value::from(def.doc)));
        let one = ok(&["strategy", "show", def.name]);
        assert!(def.params.iter().all(|p| one.contains(p.name) && one.contains(p.doc)), "{one}");
        let names = shown["params"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap());
        assert!(names.eq(def.params.iter().map(|p| p.name)));
        assert!(shown["search_space"].as_array().unwrap().len() + 2 >= def.params.len());
    }
}

#[test]
fn names_are_found_in_any_spelling_and_by_kind() {
    let both = json(&["strategy", "show", "rsibb", "--json"]);
    assert_eq!(both["rules"].as_array().unwrap().len(), 2);
    let exit = json(&["strategy", "show", "RSIBB", "--kind", "exit", "--json"]);
    let keys =
        |space: &Value| space.as_array().unwrap().iter().map(|d| d["name"].clone()).collect::<Vec<_>>();
    let rule = &exit["rules"][0];
    assert_eq!(rule["kind"], "exit");
    assert_eq!(keys(&rule["search_space"]), ["x_rsi_period", "x_rsi_overbought", "x_bb_period", "x_bb_dev"]);
    assert_eq!(rule["params"][3]["default"], "2");
    assert_eq!(
        json(&["strategy", "show", "EOMMAcdBreakoutEntryMixin", "--json"])["rules"][0]["name"],
        "EOMMACDBreakout"
    );
    let exits = json(&["strategy", "list", "--kind", "exit", "--json"]);
    let count = RULES.iter().filter(|def| def.kind == RuleKind::Exit).count();
    assert_eq!(exits["rules"].as_array().unwrap().len(), count);
    let file = tempfile::NamedTempFile::new().unwrap();
    let written = format!("--json={}", file.path().display());
    assert!(ok(&["strategy", "show", "ATR", &written]).starts_with("ATR (exit)"));
    let written: Value = serde_json::from_str(&std::fs::read_to_string(file.path()).unwrap()).unwrap();
    assert_eq!(written["rules"][0]["params"][0]["type"], "int");
}

#[test]
fn what_is_not_there_is_refused_with_what_is_near() {
    let output = pinion(&["strategy", "show", "pullback"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && text.contains("near: EOMPullback"), "{text}");
}

/// Every parameter by its own key loads in the flat form: the search space is what a configuration takes.
#[test]
fn the_search_space_is_made_of_keys_that_a_configuration_takes() {
    for def in RULES {
        let shown = json(&["strategy", "show", def.name, "--json"]);
        let is_entry = def.kind == RuleKind::Entry;
        let kind = if is_entry { "entry" } else { "exit" };
        let rule = shown["rules"].as_array().unwrap().iter().find(|r| r["kind"] == kind).unwrap();
        let parameters: Vec<String> = rule["params"]
            .as_array()
            .unwrap()
            .iter()
            // What has no default must be given.
            .map(|p| match &p["default"] {
                serde_json::Value::Null => format!("{}: rsi(14) < 30", p["key"].as_str().unwrap()),
                default => format!("{}: {default}", p["key"].as_str().unwrap()),
            })
            .collect();
        let (entry, exit) = if is_entry { (def.name, "TimeBased") } else { ("RSIBB", def.name) };
        let text = format!(
            "strategy_name: s\nentry_mixins: [{entry}]\nexit_mixins: [{exit}]\nparameters: {{{}}}\n",
            parameters.join(", ")
        );
        let (_, found) = pinion_plan::check_part("s.yaml", &text, std::path::Path::new("."), None);
        assert!(!found.has_errors(), "{found}\n{text}");
    }
}

#[test]
fn the_reference_page_is_current() {
    let page = std::fs::read_to_string(project_root().join("core/engine/RULES.md")).unwrap();
    let made = ok(&["strategy", "list", "--markdown"]);
    assert!(page == made, "run `pinion strategy list --markdown > core/engine/RULES.md`");
}
