//! One input, one set of decisions, whichever threads the agents run on; and threads that do not fit the
//! machine are refused or warned of.

use pinion_plan::{Diagnostics, Machine, check_threads, compile, explain, read};
use pinion_tests::{ok, pinion, project_root, text};
use serde_json::Value;
use std::path::Path;

const LAYOUTS: [&str; 4] = ["invoker", "solo", "shared", "dedicated"];

/// Runs a configuration in every layout; the journals must hold the same records, byte for byte but for ticks.
fn alike(config: &Path, least_fills: u64) {
    let tmp = tempfile::tempdir().unwrap();
    let mut first: Option<(Value, String)> = None;
    for layout in LAYOUTS {
        let dir = tmp.path().join(layout);
        let dir = dir.to_str().unwrap();
        let config = config.to_str().unwrap();
        let run: Value =
            serde_json::from_str(&ok(&["run", config, "--layout", layout, "--journal", dir, "--json"]))
                .unwrap();
        assert!(run["fills"].as_u64() >= Some(least_fills), "{layout}: {run}");
        let replay: Value = serde_json::from_str(&ok(&["replay", dir, "--json"])).unwrap();
        let seen = serde_json::json!({
            "digest": run["decision_digest"], "events": run["events"], "trades": run["trades"],
            "net": run["net_pnl"], "inputs": replay["inputs"], "outputs": replay["outputs"],
        });
        assert_eq!((&replay["identical"], &replay["decision_digest"]), (&Value::Bool(true), &seen["digest"]));
        match &first {
            None => first = Some((seen, dir.into())),
            Some((expected, other)) => {
                assert_eq!(*expected, seen, "{layout}");
                ok(&["journal", "diff", other, dir]);
            }
        }
    }
}

/// The paper example with changes, in a directory of its own that sees the recordings.
fn changed(dir: &Path, changes: &[(&str, &str)]) -> std::path::PathBuf {
    let examples = project_root().join("examples");
    let mut text = std::fs::read_to_string(examples.join("paper.yaml")).unwrap();
    for (was, now) in changes {
        assert!(text.contains(was), "{was}");
        text = text.replace(was, now);
    }
    let data = examples.join("data");
    text = text.replace("files: [data/", &format!("files: [{}/", data.display()));
    let path = dir.join("changed.yaml");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn every_layout_decides_alike_on_a_recording() {
    alike(&project_root().join("examples/paper.yaml"), 2);
}

#[test]
fn every_layout_decides_alike_with_resting_entries_and_held_stops() {
    let tmp = tempfile::tempdir().unwrap();
    let config = changed(
        tmp.path(),
        &[
            (
                "  position_size: 0.1 ",
                "  entry_order: limit\n  limit_offset: 0\n  cancel_bars: 20\n  position_size: 0.1 ",
            ),
            ("        breakeven_enabled: true", "        breakeven_enabled: true\n        intrabar: true"),
            ("partial_fill_probability: 0.1", "partial_fill_probability: 0.6"),
        ],
    );
    alike(&config, 2);
}

#[test]
fn every_layout_decides_alike_when_a_limit_halts_the_account() {
    let tmp = tempfile::tempdir().unwrap();
    let config = changed(
        tmp.path(),
        &[
            ("max_daily_loss: 0.05", "max_daily_loss: 0.00002"),
            ("max_drawdown: 0.15", "max_drawdown: 0.00001"),
        ],
    );
    alike(&config, 1);
}

#[test]
fn every_layout_decides_alike_on_bars() {
    let tmp = tempfile::tempdir().unwrap();
    let mut rows = String::from("ts_ms,open,high,low,close,volume\n");
    let (mut state, mut price) = (1u64, 10_000i64);
    let mut next = |span: i64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as i64 % span
    };
    for at in 0..4_000i64 {
        let open = price;
        price += next(41) - 20;
        let (high, low) = (open.max(price) + next(10), open.min(price) - next(10));
        let cents = |p: i64| format!("{}.{:02}", p / 100, p % 100);
        let time = 1_699_999_980_000 + at * 60_000;
        rows += &format!("{time},{},{},{},{},1\n", cents(open), cents(high), cents(low), cents(price));
    }
    let data = tmp.path().join("X.csv");
    std::fs::write(&data, rows).unwrap();
    let oracle = std::fs::read_to_string(project_root().join("examples/bar_oracle.yaml")).unwrap();
    let config = tmp.path().join("bars.yaml");
    std::fs::write(&config, format!("data: {{files: [{}]}}\n{oracle}", data.display())).unwrap();
    alike(&config, 50);
}

/// What a machine with these isolated processors says of a `runtime` section.
fn judged(runtime: &str, processors: usize, isolated: &[usize]) -> (Diagnostics, Option<String>) {
    let examples = project_root().join("examples");
    let paper = std::fs::read_to_string(examples.join("paper.yaml")).unwrap();
    let (config, mut found) =
        read("paper.yaml", &paper.replace("runtime:\n  layout: shared", runtime), &examples)
            .map_err(|found| found.to_string())
            .unwrap();
    let machine = Machine { isolated: isolated.iter().copied().collect(), ..Machine::of(processors) };
    found.found.clear();
    check_threads(&config, &machine, &mut found);
    let explained = compile(&config, &[], &mut found.clone()).ok().map(|p| explain(&p, &machine).to_string());
    (found, explained)
}

#[test]
fn threads_that_do_not_fit_the_machine_are_named() {
    let text = |(found, _): (Diagnostics, Option<String>)| found.to_string();
    let missing = text(judged("runtime: {layout: shared, hot_core: 6}", 4, &[]));
    assert!(
        missing.contains("error") && missing.contains("core 6, which this machine does not have"),
        "{missing}"
    );
    assert!(missing.contains("paper.yaml:") && missing.contains("its processors are 0-3"), "{missing}");
    let spun =
        "runtime: {layout: dedicated, agents: {risk: {core: 2, idle: spin}, gateway: {core: 2, idle: spin}}}";
    let spun = text(judged(spun, 8, &[2]));
    assert!(spun.contains("error") && spun.contains("have one core, 2, and spin"), "{spun}");
    let shared = "runtime: {layout: dedicated, agents: {risk: {core: 2}, gateway: {core: 2}}}";
    let (found, _) = judged(shared, 8, &[2]);
    assert!(!found.has_errors() && found.to_string().contains("they take turns"), "{found}");
    let (found, _) = judged("runtime: {layout: shared, hot_core: 1}", 4, &[]);
    assert!(
        !found.has_errors()
            && found.to_string().contains("not isolated")
            && found.to_string().contains("isolcpus"),
        "{found}"
    );
    let (found, explained) = judged("runtime: {layout: shared, hot_core: 1, cold_core: 0}", 4, &[1]);
    assert_eq!(found.found, [], "an isolated core of its own is what is wanted");
    let explained = explained.unwrap();
    assert!(explained.contains("core 1, isolated, spin: pinned, alone on its core"), "{explained}");
    assert!(explained.contains("core 0, not isolated, backoff"), "{explained}");
}

#[test]
fn every_thread_and_ring_of_the_layout_is_explained() {
    let runtime = "runtime: {layout: dedicated, feed_ring_messages: 1000, agents: {feed: {core: 1}, risk: {core: 3, idle: yield}}}";
    let explained = judged(runtime, 4, &[]).1.unwrap();
    for expected in [
        "feed: data, decoding",
        "strategy: books, bars, rules",
        "risk: checks of orders",
        "gateway: orders out, reports in",
        "cold: journal, digest",
    ] {
        assert!(explained.contains(expected), "{expected}: {explained}");
    }
    assert!(explained.contains("1000 messages, 128 KiB; full: no input is taken"), "{explained}");
    assert!(explained.contains("core 3, not isolated, yield: as configured"), "{explained}");
    assert!(explained.contains("there are not more processors than hot threads"), "{explained}");
}

#[test]
fn a_core_that_is_not_there_is_refused_before_anything_runs() {
    let tmp = tempfile::tempdir().unwrap();
    let config = changed(tmp.path(), &[("  layout: shared", "  layout: shared\n  hot_core: 1023")]);
    let journal = tmp.path().join("j");
    let refused = pinion(&["run", config.to_str().unwrap(), "--journal", journal.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused).contains("core 1023, which this machine does not have"), "{}", text(&refused));
    assert!(!journal.exists());
    ok(&["backtest", config.to_str().unwrap(), "--result"]);
}
