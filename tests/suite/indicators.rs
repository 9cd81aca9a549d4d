//! Indicators that TA-Lib does not have, against reference columns on recorded data.

use pinion_engine::indicators::catalog::State;
use pinion_engine::indicators::define::{Call, Indicator};
use pinion_model::event::{Bar, Market};
use pinion_model::number::{Price, Qty};
use pinion_recorded::survey::{Visitor, visit};
use pinion_tests::{recorded_data, recorded_file};

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
