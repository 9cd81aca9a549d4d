//! Every indicator that TA-Lib has, against TA-Lib, on every recorded series of bars, a flat one, one of
//! extreme prices and one of small prices. A value must lie within 1e-6 of the reference plus 1e-9 of the
//! column's scale; where TA-Lib's running sums are off, a high-precision evaluation decides.
//!
//! `PINION_PYTHON` names the interpreter; `tests/run` makes one with TA-Lib in it.

use pinion_engine::indicators::call::{Call, range};
use pinion_engine::indicators::catalog::INDICATORS;
use pinion_engine::indicators::define::{Indicator, IndicatorDef, Source, Unit};
use pinion_engine::rules::params::ParamKind;
use pinion_model::event::{Bar, Market};
use pinion_model::number::{Price, Qty};
use pinion_recorded::survey::{Visitor, visit};
use pinion_tests::{project_root, recorded_data, recorded_file};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

struct Series {
    name: String,
    bars: Vec<Bar>,
}

#[derive(Default)]
struct Collected(Vec<Bar>);

impl Visitor for Collected {
    fn visit(&mut self, _: usize, market: &Market<'_>) {
        if let Market::Bar { bar, .. } = market {
            self.0.push(*bar);
        }
    }
}

/// The bars of a file in the units of its own decimals, oldest first.
fn recorded(dir: &Path, name: &str) -> Series {
    let mut collected = Collected::default();
    let found = visit(&[recorded_file(dir, name)], &mut collected).unwrap();
    let instrument = &found.instruments[0];
    let cut = |value: i64, exponent: u32, decimals: u8| value / 10i64.pow(exponent - u32::from(decimals));
    let price = |p: Price| Price(cut(p.0, 9, instrument.price_decimals));
    let mut bars: Vec<Bar> = collected
        .0
        .iter()
        .map(|b| Bar {
            open_ns: b.open_ns,
            open: price(b.open),
            high: price(b.high),
            low: price(b.low),
            close: price(b.close),
            volume: Qty(cut(b.volume.0, 8, instrument.qty_decimals)),
        })
        .collect();
    bars.sort_by_key(|b| b.open_ns);
    Series { name: name.to_string(), bars }
}

/// A walk whose steps are about a hundredth of `level`, with a volume of about `volume`.
fn walk(name: &str, level: i64, volume: i64) -> Series {
    let (mut seed, mut close) = (11u64, level);
    let mut below = |n: i64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((i128::from(seed >> 1) * i128::from(n)) >> 63) as i64
    };
    let step = (level / 100).max(2);
    let bars = (0..2_000)
        .map(|at| {
            let open = close;
            close = (close + below(2 * step + 1) - step).clamp(level / 2, level + level / 4);
            let (high, low) = (open.max(close) + below(step), open.min(close) - below(step));
            let [open, high, low, close] = [open, high, low, close].map(Price);
            Bar { open_ns: at, open, high, low, close, volume: Qty(volume + below(volume)) }
        })
        .collect();
    Series { name: name.to_string(), bars }
}

fn flat() -> Series {
    let price = Price(12_345);
    let bar = Bar { open_ns: 0, open: price, high: price, low: price, close: price, volume: Qty::ZERO };
    Series { name: "flat".to_string(), bars: vec![bar; 500] }
}

fn every_series(dir: &Path) -> Vec<Series> {
    let mut names: Vec<String> = std::fs::read_dir(dir.join("equity"))
        .unwrap()
        .map(|entry| format!("equity/{}", entry.unwrap().file_name().to_string_lossy()))
        .filter(|name| name.ends_with("_daily.zip") || name.ends_with("spy_hour.zip"))
        .collect();
    names.sort();
    names.extend(["bars/btcusd_1h_2018_2022.csv.gz", "bars/btcperp_1m_202201.csv.gz"].map(String::from));
    names.extend(["indicators/ohlcv_seed42.csv", "indicators/spy_502d_quotes.csv"].map(String::from));
    let mut series: Vec<Series> = names.iter().map(|name| recorded(dir, name)).collect();
    series.push(flat());
    series.push(walk("extreme prices", 1 << 46, 1 << 40));
    series.push(walk("small prices", 300, 7));
    series
}

/// The interpreter that has TA-Lib. Where the recorded data is, it must be too.
fn python() -> String {
    let python = std::env::var("PINION_PYTHON").unwrap_or_else(|_| "python3".to_string());
    let has = Command::new(&python).args(["-c", "import talib, numpy"]).output();
    let pins = std::fs::read_to_string(project_root().join("tests/oracle/requirements.txt")).unwrap();
    assert!(
        has.is_ok_and(|o| o.status.success()),
        "{python} has no TA-Lib, the oracle of the indicators: run `tests/run`, which makes an interpreter with it, or `pip install {}` and name the interpreter in PINION_PYTHON",
        pins.split_whitespace().collect::<Vec<_>>().join(" ")
    );
    python
}

/// Runs the oracle; its doubles.
fn ask(python: &str, mode: &str, request: &Value) -> Vec<f64> {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("request.json"), dir.path().join("out.bin"));
    std::fs::write(&input, request.to_string()).unwrap();
    let script = project_root().join("tests/oracle/talib_columns.py");
    let ran = Command::new(python).arg(script).arg(mode).arg(&input).arg(&output).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let bytes = std::fs::read(output).unwrap();
    bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect()
}

fn ta_function(def: &IndicatorDef) -> Option<&'static str> {
    match def.source {
        Source::TaLib(name) => Some(name),
        Source::Text(_) => None,
    }
}

/// Defaults, short ones, long ones and the shortest of all.
fn calls(def: &'static IndicatorDef) -> Vec<Call> {
    let scaled = |numerator: i64, denominator: i64| {
        let value =
            |(default, min, max): (i64, i64, i64)| (default * numerator / denominator).clamp(min, max);
        let values: Vec<i64> = def.params.iter().map(|p| value(range(p))).collect();
        Call::of(def, &values).unwrap()
    };
    let mut calls = vec![scaled(1, 1), scaled(1, 4), scaled(2, 5), scaled(5, 2), scaled(0, 1)];
    calls.dedup();
    calls
}

fn request_of(call: &Call, function: &str) -> Value {
    let values = call.def().params.iter().zip(call.params());
    let params: Vec<Value> = values
        .map(|(param, value)| match param.kind {
            ParamKind::Ratio { .. } => json!(*value as f64 / 1e9),
            _ => json!(value),
        })
        .collect();
    json!({ "function": function, "params": params })
}

/// Our column of every output: not-a-number where there is no value.
fn ours(call: &Call, bars: &[Bar]) -> Vec<Vec<f64>> {
    let mut state = call.build();
    let mut columns = vec![Vec::with_capacity(bars.len()); call.def().outputs.len()];
    for bar in bars {
        state.on_bar(bar);
        for (output, column) in columns.iter_mut().enumerate() {
            column.push(state.value(output).map_or(f64::NAN, |v| v.to_num::<f64>()));
        }
    }
    columns
}

/// The size of what a column holds: of the prices or volumes that it is made of, or of the unit itself.
fn scale(unit: Unit, bars: &[Bar]) -> f64 {
    let price = bars.iter().map(|b| b.high.0).max().unwrap_or(0) as f64;
    let volume = bars.iter().map(|b| b.volume.0).max().unwrap_or(0) as f64;
    match unit {
        Unit::Price | Unit::PriceChange => price,
        Unit::PriceSquared => price * price,
        Unit::Volume => volume,
        Unit::PriceVolume => price * volume,
        Unit::PriceSquaredPerVolume => price * price / volume.max(1.0),
        Unit::Percent | Unit::Degrees => 100.0,
        Unit::BasisPoints => 10_000.0,
        Unit::Number | Unit::Bars | Unit::Direction => 1.0,
    }
}

fn close_to(ours: f64, reference: f64, scale: f64) -> bool {
    ours.is_nan() && reference.is_nan() || (ours - reference).abs() <= 1e-6 * reference.abs() + 1e-9 * scale
}

fn table(bars: &[Bar]) -> Value {
    let row = |b: &Bar| [b.open.0, b.high.0, b.low.0, b.close.0, b.volume.0];
    json!(bars.iter().map(row).collect::<Vec<_>>())
}

/// What one output of one call differed in.
struct Doubt {
    call: Call,
    function: &'static str,
    output: usize,
    at: Vec<usize>,
    ours: Vec<f64>,
    reference: Vec<f64>,
}

/// Compares every call on one series; how many values were compared, and what TA-Lib does not confirm.
fn compare(python: &str, series: &Series) -> (usize, Vec<Doubt>) {
    let defs = INDICATORS.iter().filter_map(|def| Some((*def, ta_function(def)?)));
    let calls: Vec<(Call, &str)> =
        defs.flat_map(|(def, function)| calls(def).into_iter().map(move |call| (call, function))).collect();
    let requests: Vec<Value> = calls.iter().map(|(call, function)| request_of(call, function)).collect();
    let reference = ask(python, "columns", &json!({ "bars": table(&series.bars), "calls": requests }));
    let mut columns = reference.chunks_exact(series.bars.len());
    let (mut compared, mut doubts) = (0, Vec::new());
    for (call, function) in calls {
        let outputs = call.def().outputs;
        // Where a function has fewer outputs than ours, the further ones have no reference.
        let known = if outputs.len() == 2 && function.ends_with("INDEX") { 1 } else { outputs.len() };
        for (output, ours) in ours(&call, &series.bars).into_iter().enumerate().take(known) {
            let reference = columns.next().expect("a column for each output");
            let scale = scale(outputs[output].unit, &series.bars);
            let at: Vec<usize> =
                (0..ours.len()).filter(|&at| !close_to(ours[at], reference[at], scale)).collect();
            compared += ours.len();
            if !at.is_empty() {
                let pick = |column: &[f64]| at.iter().map(|&at| column[at]).collect();
                let (ours, reference) = (pick(&ours), pick(reference));
                doubts.push(Doubt { call, function, output, at, ours, reference });
            }
        }
    }
    assert!(columns.next().is_none(), "TA-Lib has more outputs than are compared");
    (compared, doubts)
}

/// Lets the high-precision evaluation decide; what it does not confirm either, as text.
fn judge(python: &str, series: &Series, doubts: &[Doubt]) -> (usize, Vec<String>) {
    let requests: Vec<Value> = doubts
        .iter()
        .map(|d| {
            let mut request = request_of(&d.call, d.function);
            (request["output"], request["at"]) = (json!(d.output), json!(d.at));
            request
        })
        .collect();
    let exact = ask(python, "judge", &json!({ "bars": table(&series.bars), "calls": requests }));
    let (mut exact, mut decided, mut wrong) = (exact.into_iter(), 0, Vec::new());
    for doubt in doubts {
        let output = &doubt.call.def().outputs[doubt.output];
        let scale = scale(output.unit, &series.bars);
        let mut bad = 0;
        for ((at, ours), reference) in doubt.at.iter().zip(&doubt.ours).zip(&doubt.reference) {
            let exact = exact.next().expect("a value for each doubt");
            if close_to(*ours, exact, scale) {
                decided += 1;
            } else {
                bad += 1;
                if bad == 1 {
                    wrong.push(format!(
                        "{}: {} {} at bar {at}: {ours}, TA-Lib {reference}, exactly {exact} ({} of {} doubts)",
                        series.name, doubt.call, output.name, bad, doubt.at.len()
                    ));
                }
            }
        }
    }
    (decided, wrong)
}

/// The control: where TA-Lib is sound, both oracles say the same.
#[test]
fn high_precision_agrees_with_ta_lib_where_that_is_sound() {
    let Some(dir) = recorded_data() else { return };
    let python = python();
    let series = recorded(&dir, "indicators/spy_502d_quotes.csv");
    let (at, count) = ([100, 250, 501], series.bars.len());
    let functions =
        ["SMA", "VAR", "STDDEV", "BBANDS", "LINEARREG", "TSF", "CORREL", "BETA", "CCI", "EMA", "MACD"];
    for function in functions {
        let def = INDICATORS.iter().find(|def| ta_function(def) == Some(function)).unwrap();
        let request = request_of(&Call::of(def, &[]).unwrap(), function);
        let columns = ask(&python, "columns", &json!({ "bars": table(&series.bars), "calls": [request] }));
        for (output, column) in columns.chunks_exact(count).enumerate() {
            let mut judged = request.clone();
            (judged["output"], judged["at"]) = (json!(output), json!(at));
            let exact = ask(&python, "judge", &json!({ "bars": table(&series.bars), "calls": [judged] }));
            for (at, exact) in at.iter().zip(exact) {
                assert!(close_to(column[*at], exact, 1.0), "{function} at {at}: {} {exact}", column[*at]);
            }
        }
    }
}

#[test]
fn indicators_agree_with_ta_lib() {
    let Some(dir) = recorded_data() else { return };
    let python = python();
    let (mut compared, mut decided, mut wrong) = (0, 0, Vec::new());
    for series in every_series(&dir) {
        let (count, doubts) = compare(&python, &series);
        let (by_judge, bad) = judge(&python, &series, &doubts);
        eprintln!("{}: {count} values, {by_judge} decided by high precision", series.name);
        compared += count;
        decided += by_judge;
        wrong.extend(bad);
    }
    eprintln!("{compared} values, {decided} decided by high precision");
    assert!(wrong.is_empty(), "{} columns differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 20_000_000, "only {compared} values were compared");
}
