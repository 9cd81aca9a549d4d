//! Oracles on recorded data: books, bars, indicators, signals, file counts.

use pinion_engine::bars::BarBuilder;
use pinion_engine::indicators::bollinger::BandWidth;
use pinion_engine::indicators::{Set, Spec};
use pinion_engine::plan::{BarCut, BarSource, BarSpec};
use pinion_engine::rules::params::{ParamValue, RuleKind, RuleSpec};
use pinion_engine::rules::{EntryRule, View, catalog};
use pinion_model::decimal::parse_scaled;
use pinion_model::event::{Bar, Market};
use pinion_model::instrument::Calendar;
use pinion_model::number::{Price, Qty, Ratio};
use pinion_model::order::Side;
use pinion_recorded::survey::{Visitor, survey, visit};
use pinion_tests::{recorded_data, recorded_file};
use std::collections::BTreeMap;
use std::path::Path;

#[test]
fn rebuilt_books_agree_with_the_quotes_of_the_same_id() {
    let Some(dir) = recorded_data() else { return };
    let spot = ["binance/raw/spot_btcusdt_20240808.gz", "binance/raw/spot_btcusdt_20240809.gz"];
    let found = survey(&spot.map(|f| recorded_file(&dir, f))).unwrap();
    let btc = &found.instruments[0];
    assert_eq!((btc.quotes, btc.trades, btc.depth_updates, btc.depth_snapshots), (73_174, 19_904, 6_495, 1));
    assert_eq!((btc.gaps, found.broken, btc.crossed_books), (0, 0, 0));
    assert_eq!((found.book_agree, found.book_states), (6_491, 6_493));
    assert_eq!(btc.last_update_id, 50_093_696_318);
    assert_eq!(
        (btc.final_bid.as_str(), btc.final_ask.as_str()),
        ("61602.01 x 1.67177", "61602.02 x 2.66795")
    );
    let found = survey(&[recorded_file(&dir, "binance/raw/usdm_btcusdt_20240808.gz")]).unwrap();
    assert_eq!((found.book_agree, found.book_states, found.instruments[0].gaps), (6_547, 6_547, 0));
}

#[test]
fn a_lost_update_is_seen_as_a_gap() {
    let Some(dir) = recorded_data() else { return };
    let path = recorded_file(&dir, "binance/raw/spot_btcusdt_20240808.gz");
    let mut text = String::new();
    std::io::Read::read_to_string(
        &mut flate2::read::MultiGzDecoder::new(std::fs::File::open(path).unwrap()),
        &mut text,
    )
    .unwrap();
    let updates: Vec<usize> =
        text.lines().enumerate().filter(|(_, l)| l.contains("depthUpdate")).map(|(i, _)| i).collect();
    let kept: Vec<&str> =
        text.lines().enumerate().filter(|(i, _)| *i != updates[500]).map(|(_, l)| l).collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), kept.join("\n")).unwrap();
    assert_eq!(survey(&[file.path()]).unwrap().instruments[0].gaps, 1);
}

#[test]
fn files_hold_what_their_description_says() {
    let Some(dir) = recorded_data() else { return };
    let counts = [
        ("bars/btcusd_1h_2018_2022.csv.gz", 33_259),
        ("bars/btcperp_1m_202201.csv.gz", 45_031),
        ("equity/ibm_tick_20131007_trade.zip", 24_293),
        ("equity/ibm_tick_20131007_quote.zip", 109_067),
        ("forex/eurusd_tick_20140507.zip", 41_367),
        ("forex/eurusd_minute_20140507.zip", 1_406),
        ("indicators/ohlcv_seed42.csv", 3_000),
        ("indicators/spy_502d_quotes.csv", 502),
        ("equity/spy_hour.zip", 40_832),
    ];
    for (name, want) in counts {
        let found = survey(&[recorded_file(&dir, name)]).unwrap();
        let i = &found.instruments[0];
        assert_eq!((i.bars + i.quotes + i.trades, found.broken), (want, 0), "{name}");
    }
    assert!(survey(&[recorded_file(&dir, counts[0].0)]).unwrap().descending);
}

/// Builds bid and ask bars while a survey goes by.
struct MinuteBars {
    builders: [BarBuilder; 2],
    bars: [Vec<Bar>; 2],
}

impl Visitor for MinuteBars {
    fn visit(&mut self, _: usize, market: &Market<'_>) {
        let Market::Quote(q) = market else { return };
        for (at, price) in [q.bid, q.ask].into_iter().enumerate() {
            self.bars[at].extend(self.builders[at].roll(q.recv_ns));
            self.bars[at].extend(self.builders[at].add(q.recv_ns, price, Qty::ZERO));
        }
    }
}

struct Collected(Vec<Bar>);

impl Visitor for Collected {
    fn visit(&mut self, _: usize, market: &Market<'_>) {
        if let Market::Bar { bar, .. } = market {
            self.0.push(*bar);
        }
    }
}

#[test]
fn ticks_rebuild_the_days_minute_bars_exactly() {
    let Some(dir) = recorded_data() else { return };
    let cut = BarCut::Time { interval_ns: 60_000_000_000 };
    let builder = || BarBuilder::new(BarSpec { cut, source: BarSource::Bid, close_delay_ns: 0 });
    let mut made = MinuteBars { builders: [builder(), builder()], bars: Default::default() };
    visit(&[recorded_file(&dir, "forex/eurusd_tick_20140507.zip")], &mut made).unwrap();
    for (builder, bars) in made.builders.iter_mut().zip(&mut made.bars) {
        bars.extend(builder.finish());
    }
    // The reference file's lines: ms, bid open high low close, size, ask open high low close, size.
    let file = std::fs::File::open(recorded_file(&dir, "forex/eurusd_minute_20140507.zip")).unwrap();
    let mut archive = pinion_tests_zip::open(file);
    let midnight_ns = made.bars[0][0].open_ns / 86_400_000_000_000 * 86_400_000_000_000;
    let mut minutes = 0;
    for (line, at) in archive.lines().zip(0..) {
        let fields: Vec<&str> = line.split(',').collect();
        let open_ns = midnight_ns + fields[0].parse::<i64>().unwrap() * 1_000_000;
        for (side, first) in [(0, 1), (1, 6)] {
            let bar = &made.bars[side][at];
            let want = [0, 1, 2, 3].map(|i| Price(parse_scaled(fields[first + i].as_bytes(), 9).unwrap()));
            assert_eq!(
                (bar.open_ns, [bar.open, bar.high, bar.low, bar.close]),
                (open_ns, want),
                "minute {at}"
            );
        }
        minutes += 1;
    }
    assert_eq!((minutes, made.bars[0].len(), made.bars[1].len()), (1_406, 1_406, 1_406));
}

/// Reads the single file of a zip without a dependency of its own: `unzip -p` would need a program.
mod pinion_tests_zip {
    use std::io::Read;

    pub struct Text(String);

    impl Text {
        pub fn lines(&mut self) -> std::str::Lines<'_> {
            self.0.lines()
        }
    }

    /// The first entry, found by its local header; such archives hold one deflated file.
    pub fn open(mut file: std::fs::File) -> Text {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        let short = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
        let start = 30 + short(26) + short(28);
        let mut text = String::new();
        flate2::read::DeflateDecoder::new(&bytes[start..]).read_to_string(&mut text).unwrap();
        Text(text)
    }
}

fn bars_of(path: &Path) -> Vec<Bar> {
    let mut bars = Collected(Vec::new());
    visit(&[path], &mut bars).unwrap();
    // Two decimals of price, three of volume: what the files hold.
    let price = |p: Price| Price(p.0 / 10_000_000);
    let cut = |b: Bar| Bar {
        open: price(b.open),
        high: price(b.high),
        low: price(b.low),
        close: price(b.close),
        ..b
    };
    bars.0.into_iter().map(cut).collect()
}

/// Within 1e-6 of the reference, plus 1e-9 of the price's size.
fn close_to(ours: f64, reference: f64, scale: f64) -> bool {
    (ours - reference).abs() <= 1e-6 * reference.abs() + 1e-9 * scale
}

#[test]
fn indicators_agree_with_the_golden_columns() {
    let Some(dir) = recorded_data() else { return };
    let bars = bars_of(&recorded_file(&dir, "indicators/ohlcv_seed42.csv"));
    let text = std::fs::read_to_string(recorded_file(&dir, "indicators/indicators_seed42.csv")).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let golden: BTreeMap<usize, Vec<f64>> = lines
        .map(|l| l.split(',').map(|f| f.parse().unwrap_or(f64::NAN)).collect::<Vec<f64>>())
        .map(|row| (row[0] as usize, row))
        .collect();
    let mut set = Set::default();
    let rsi = set.declare(Spec::Rsi(14));
    let bands = set.declare(Spec::Bollinger(20));
    let atr = set.declare(Spec::Atr(14));
    let macd = set.declare(Spec::Macd(12, 26, 9));
    let ema = set.declare(Spec::Ema(20));
    let width = BandWidth::new(Ratio(2 * Ratio::SCALE));
    let mut compared = 0;
    for (at, bar) in bars.iter().enumerate() {
        set.update(bar);
        let Some(row) = golden.get(&at) else { continue };
        let column = |name: &str| row[names.iter().position(|n| *n == name).unwrap()];
        let lines = set.bollinger(bands).value(width).unwrap();
        let m = set.macd(macd).unwrap();
        // In the file's units: prices have two decimals.
        let price = |v: pinion_engine::indicators::fx::Fx| v.to_num::<f64>() / 100.0;
        let ours = [
            ("rsi14", set.rsi(rsi).value().unwrap().to_num::<f64>()),
            ("bb_u", price(lines.upper)),
            ("bb_m", price(lines.middle)),
            ("bb_l", price(lines.lower)),
            ("atr14", price(set.atr(atr).value().unwrap())),
            ("ema20", price(set.ema(ema).unwrap())),
            ("macd", price(m.macd)),
            ("macd_sig", price(m.signal)),
            ("macd_hist", price(m.histogram)),
        ];
        for (name, ours) in ours {
            assert!(
                close_to(ours, column(name), 2_000.0),
                "{name} at bar {at}: {ours} against {}",
                column(name)
            );
            compared += 1;
        }
    }
    assert!(compared > 25_000, "only {compared} values were compared");
}

#[test]
fn indicators_agree_with_the_published_values_of_502_days() {
    let Some(dir) = recorded_data() else { return };
    let mut set = Set::default();
    let rsi = set.declare(Spec::Rsi(14));
    let (ema, sma) = (set.declare(Spec::Ema(20)), set.declare(Spec::Sma(20)));
    let atr = set.declare(Spec::Atr(14));
    let macd = set.declare(Spec::Macd(12, 26, 9));
    let bands = set.declare(Spec::Bollinger(20));
    bars_of(&recorded_file(&dir, "indicators/spy_502d_quotes.csv")).iter().for_each(|b| set.update(b));
    let price = |v: pinion_engine::indicators::fx::Fx| v.to_num::<f64>() / 100.0;
    let lines = set.bollinger(bands).value(BandWidth::new(Ratio(2 * Ratio::SCALE))).unwrap();
    let m = set.macd(macd).unwrap();
    let pairs = [
        (set.rsi(rsi).value().unwrap().to_num::<f64>(), 42.07732356600684),
        (price(set.ema(ema).unwrap()), 249.35189668034732),
        (price(set.sma(sma).unwrap()), 251.86),
        (price(set.atr(atr).value().unwrap()), 6.149748287843303),
        (price(m.macd), -6.2197702562027075),
        (price(m.signal), -5.856891653610954),
        (price(lines.upper), 273.7004230728253),
        (price(lines.lower), 230.01957692717437),
    ];
    for (ours, reference) in pairs {
        assert!(close_to(ours, reference, 250.0), "{ours} against {reference}");
    }
}

#[test]
fn entries_fire_on_the_golden_bars() {
    let Some(dir) = recorded_data() else { return };
    let bars = bars_of(&recorded_file(&dir, "indicators/ohlcv_seed42.csv"));
    let text = std::fs::read_to_string(recorded_file(&dir, "indicators/entry_signals_seed42.json")).unwrap();
    let golden: BTreeMap<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    let cases = [
        ("EOMMACDBreakout", "", "EOMMAcdBreakoutEntryMixin"),
        ("RSIOrBB", "", "RSIOrBBEntryMixin"),
        ("RSIBB", "", "RSIBBEntryMixin"),
        ("Expression", "rsi(14) < 30 or close <= bb(20, 2).lower", "RSIOrBBEntryMixin"),
        ("Expression", "rsi(14) < 30 and close <= bb(20, 2).lower", "RSIBBEntryMixin"),
    ];
    for (name, when, mixin) in cases {
        let def = catalog::find(RuleKind::Entry, name).unwrap();
        let values = def.params.iter().map(|p| match p.name {
            "cooldown_bars" => ParamValue::Int(0),
            "when" => ParamValue::Text(when.into()),
            _ => p.default_value(),
        });
        let spec = RuleSpec { rule: name.into(), values: values.collect(), bars: None, weight: Ratio::ONE };
        let mut set = Set::default();
        let mut rule = EntryRule::compile(&spec, &mut set).unwrap();
        let mut fired = Vec::new();
        for (at, bar) in bars.iter().enumerate() {
            set.update(bar);
            let view = View {
                bar,
                bars: at as u64 + 1,
                set: &set,
                time_ns: 0,
                cut: BarCut::Time { interval_ns: 60_000_000_000 },
                calendar: &Calendar::Always,
            };
            if rule.fires(Side::Buy, &view, None) {
                fired.push(at as u64);
            }
            rule.after_bar(&view);
        }
        let want: Vec<u64> = golden[mixin].as_array().unwrap().iter().map(|v| v.as_u64().unwrap()).collect();
        // The reference begins where all of its columns are warm.
        let fired: Vec<u64> = fired.into_iter().filter(|at| *at >= 77).collect();
        assert_eq!(fired, want, "{name}");
    }
}

#[test]
fn the_shipped_recording_is_whole() {
    let path = pinion_tests::project_root().join("examples/data/binance_spot_20250325.capture.gz");
    let found = survey(&[path]).unwrap();
    let counts: Vec<(String, u64, u64)> =
        found.instruments.iter().map(|i| (i.symbol.clone(), i.quotes, i.trades)).collect();
    let total: u64 = counts.iter().map(|(_, q, t)| q + t).sum();
    assert_eq!((found.lines, found.broken, total), (50_000, 0, 50_000), "{counts:?}");
    assert_eq!(counts.len(), 3);
}
