//! Indicators that TA-Lib does not have, against reference columns on recorded data; and the commands that
//! show indicators.

use pinion_engine::indicators::call::Call;
use pinion_engine::indicators::catalog::State;
use pinion_engine::indicators::define::Indicator;
use pinion_model::event::{Bar, Market};
use pinion_model::number::{Price, Qty};
use pinion_recorded::survey::{Visitor, visit};
use pinion_tests::{project_root, recorded_data, recorded_file};
use serde_json::Value;
use std::process::{Command, Output};

/// Two decimals of price and three of volume, which is what the file holds.
struct Collected(Vec<Bar>);

impl Visitor for Collected {
    fn visit(&mut self, _: usize, market: &Market<'_>) {
        if let Market::Bar { bar, .. } = market {
            let [open, high, low, close] =
                [bar.open, bar.high, bar.low, bar.close].map(|p| Price(p.0 / 10_000_000));
            let volume = Qty(bar.volume.0 / 100_000);
            self.0.push(Bar { open_ns: bar.open_ns, open, high, low, close, volume });
        }
    }
}

/// A column, the indicator and the output that are compared with it, and how many of our units one of
/// its own is.
struct Compared {
    column: &'static str,
    call: Call,
    output: &'static str,
    units: f64,
}

fn compared() -> Vec<Compared> {
    let of = |column, name, values: &[(&str, i64)], output, units| Compared {
        column,
        call: Call::named(name, values).unwrap(),
        output,
        units,
    };
    let line = |column, output| of(column, "ICHIMOKU", &[], output, 100.0);
    vec![
        // Price squared over volume: 10^4 over 10^3.
        of("eom14", "EOM", &[("period", 14)], "value", 10.0),
        of("res2", "SWING", &[("strength", 2)], "resistance", 100.0),
        of("sup2", "SWING", &[("strength", 2)], "support", 100.0),
        of("st", "SUPERTREND_SMA", &[("period", 10)], "line", 100.0),
        of("st_dir", "SUPERTREND_SMA", &[("period", 10)], "direction", 1.0),
        line("tenkan", "tenkan"),
        line("kijun", "kijun"),
        line("span_a", "span_a"),
        line("span_b", "span_b"),
        of("rsi14", "RSI", &[("period", 14)], "value", 1.0),
        of("bb_u", "BBANDS", &[("period", 20)], "upper", 100.0),
        of("bb_l", "BBANDS", &[("period", 20)], "lower", 100.0),
        of("atr14", "ATR", &[("period", 14)], "value", 100.0),
        of("macd_hist", "MACD", &[], "histogram", 100.0),
        of("ema20", "EMA", &[("period", 20)], "value", 100.0),
    ]
}

#[test]
fn indicators_agree_with_the_reference_columns() {
    let Some(dir) = recorded_data() else { return };
    let mut bars = Collected(Vec::new());
    visit(&[recorded_file(&dir, "indicators/ohlcv_seed42.csv")], &mut bars).unwrap();
    let text = std::fs::read_to_string(recorded_file(&dir, "indicators/indicators_seed42.csv")).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let names = lines.next().unwrap();
    let rows: Vec<Vec<&str>> = lines.collect();
    for compared in compared() {
        let column = names.iter().position(|name| *name == compared.column).unwrap();
        let output = compared.call.def().output(compared.output).unwrap();
        let (mut state, mut row) = (compared.call.build(), rows.iter().peekable());
        for (at, bar) in bars.0.iter().enumerate() {
            State::on_bar(&mut state, bar);
            let Some(fields) = row.next_if(|fields| fields[0].parse() == Ok(at)) else { continue };
            let reference = fields[column].parse::<f64>().ok().filter(|value| !value.is_nan());
            let ours = state.value(output).map(|value| value.to_num::<f64>() / compared.units);
            let close = match (ours, reference) {
                (Some(ours), Some(reference)) => {
                    (ours - reference).abs() <= 1e-6 * reference.abs() + 1e-9 * 2_000.0
                }
                (ours, reference) => ours == reference,
            };
            assert!(close, "{} at bar {at}: {ours:?} against {reference:?}", compared.column);
        }
        assert!(row.next().is_none(), "{}: rows were left over", compared.column);
    }
}

fn pinion(args: &[&str]) -> Output {
    // The runner builds the program before the tests; cargo puts it beside them.
    let exe = std::env::current_exe().unwrap();
    let exe = exe.parent().unwrap().parent().unwrap().join("pinion");
    assert!(exe.is_file(), "{} is missing; run `tests/run`, or `cargo build -p pinion` first", exe.display());
    Command::new(exe).arg("indicator").args(args).current_dir(project_root()).output().unwrap()
}

fn ok(args: &[&str]) -> String {
    let output = pinion(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_reference_shows_every_indicator() {
    let list: Value = serde_json::from_str(&ok(&["list", "--json"])).unwrap();
    let all = list["indicators"].as_array().unwrap();
    assert!(all.len() >= 60, "{} indicators", all.len());
    let text = ok(&["list"]);
    for indicator in all {
        let name = indicator["name"].as_str().unwrap();
        assert!(text.contains(name) && ok(&["show", name]).contains(indicator["doc"].as_str().unwrap()));
    }
    let shown: Value = serde_json::from_str(&ok(&["show", "bb", "--json"])).unwrap();
    let macd = all.iter().find(|i| i["name"] == "MACD").unwrap();
    assert_eq!((&shown["name"], &macd["warm_up"]), (&Value::from("BBANDS"), &Value::from(34)));
    assert_eq!(shown["params"][1]["default"], "2");
}

#[test]
fn every_indicator_can_be_drawn() {
    let data = "examples/data/binance_spot_20250325.capture.gz";
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("indicator.svg");
    let out = out.to_str().unwrap();
    for def in pinion_engine::indicators::catalog::INDICATORS {
        let made = ok(&["plot", def.name, "--data", data, "--bars", "1s", "--out", out, "--json"]);
        let made: Value = serde_json::from_str(&made).unwrap();
        assert!(made["points"].as_u64() >= Some(100) && made["last"].is_object(), "{made}");
        let picture = std::fs::read_to_string(out).unwrap();
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
        assert!(!picture.contains("NaN") && !picture.contains("inf"), "{}: {picture}", def.name);
        assert!(picture.contains(def.name) && picture.contains("<path "));
    }
}

#[test]
fn what_cannot_be_drawn_is_refused_with_the_reason() {
    let data = "examples/data/binance_spot_20250325.capture.gz";
    let refused = |args: &[&str], reason: &str| {
        let all: Vec<&str> = [&["plot"], args, &["--out", "/dev/null"]].concat();
        let output = pinion(&all);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && text.contains(reason), "{args:?}: {text}");
    };
    refused(&["rsj", "--data", data], "there is no indicator rsj");
    refused(&["rsi", "--data", data], "RSI is made of bars");
    refused(&["rsi", "--data", "nowhere.csv"], "there is no file nowhere.csv");
    refused(&["rsi", "--data", data, "--params", "period"], "is not name=value");
    refused(&["rsi", "--data", data, "--params", "period=1"], "period of RSI is 1; it must be 2 to 1000");
    refused(&["rsi", "--data", data, "--params", "n=1"], "RSI has no parameter n; it has period");
    refused(&["spread", "--data", data, "--symbol", "DOGE"], "has no DOGE; it has");
}
