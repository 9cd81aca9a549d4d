//! What holds for every indicator of the catalogue; a new one is covered by being listed.

use pinion_engine::indicators::call::{Call, range};
use pinion_engine::indicators::catalog::{INDICATORS, State, find};
use pinion_engine::indicators::define::{Indicator, IndicatorDef, MAX_PARAMS, MAX_VOLUME, Source};
use pinion_engine::indicators::fx::{Fx, MAX_PRICE};
use pinion_engine::indicators::{Set, Spec};
use pinion_model::event::{Bar, NO_TIME, Quote, Trade};
use pinion_model::number::{Price, Qty};
use pinion_model::order::Side;
use proptest::prelude::*;

const MINUTE_NS: i64 = 60_000_000_000;

/// Indicators whose first value waits for the market, not only for bars: the declared warm-up is the
/// earliest.
const DEPENDS_ON_DATA: [&str; 3] = ["SWING", "PIVOT", "VWAP_ANCHORED"];

/// Numbers that look random and are the same in every run.
struct Noise(u64);

impl Noise {
    fn below(&mut self, n: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as i64 % n
    }
}

/// A walk with trends, ranges and volumes.
fn walk(count: usize) -> Vec<Bar> {
    let (mut noise, mut close) = (Noise(7), 100_000);
    (0..count as i64)
        .map(|at| {
            let open = close;
            close = (close + noise.below(401) - 200 + at / 97 % 3 * 20 - 20).max(1_000);
            let (high, low) = (open.max(close) + noise.below(90), open.min(close) - noise.below(90));
            let prices = [open, high, low, close].map(Price);
            bar(at, prices, noise.below(5_000) + 1)
        })
        .collect()
}

fn bar(at: i64, [open, high, low, close]: [Price; 4], volume: i64) -> Bar {
    Bar { open_ns: at * MINUTE_NS, open, high, low, close, volume: Qty(volume) }
}

/// The quote and the trade that go with a bar, so that one loop serves every indicator.
fn ticks(bar: &Bar) -> (Quote, Trade) {
    let quote = Quote {
        recv_ns: bar.open_ns,
        venue_ns: NO_TIME,
        update_id: 0,
        bid: bar.low,
        ask: bar.high,
        bid_qty: bar.volume,
        ask_qty: Qty(bar.volume.0 / 2 + 1),
    };
    let aggressor = match bar.close.0 % 3 {
        0 => None,
        1 => Some(Side::Buy),
        _ => Some(Side::Sell),
    };
    let (venue_ns, price, qty) = (NO_TIME, bar.close, bar.volume);
    (quote, Trade { recv_ns: bar.open_ns, venue_ns, trade_id: 0, price, qty, aggressor })
}

fn feed(state: &mut State, bar: &Bar) {
    let (quote, trade) = ticks(bar);
    state.on_bar(bar);
    state.on_quote(&quote);
    state.on_trade(&trade);
}

fn outputs(state: &State, def: &IndicatorDef) -> Vec<Option<Fx>> {
    (0..def.outputs.len()).map(|output| state.value(output)).collect()
}

/// Defaults, smallest and largest parameters (periods no longer than 60), and something between.
fn calls(def: &'static IndicatorDef) -> Vec<Call> {
    let of = |pick: fn((i64, i64, i64)) -> i64| {
        let values: Vec<i64> = def.params.iter().map(|p| pick(range(p))).collect();
        Call::of(def, &values).unwrap()
    };
    let mut calls =
        vec![of(|r| r.0), of(|r| r.1), of(|r| r.2.min(r.1.max(60))), of(|r| (r.0 / 2 + 1).clamp(r.1, r.2))];
    calls.dedup();
    calls
}

fn every_call() -> impl Iterator<Item = Call> {
    INDICATORS.iter().flat_map(|def| calls(def))
}

#[test]
fn declarations_are_whole() {
    assert!(INDICATORS.len() >= 60, "{} indicators", INDICATORS.len());
    let mut names: Vec<&str> =
        INDICATORS.iter().flat_map(|d| d.aliases.iter().chain([&d.name])).copied().collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(twice, None, "a name or alias stands for two indicators");
    for def in INDICATORS {
        assert!(
            def.params.len() <= MAX_PARAMS && !def.outputs.is_empty() && !def.inputs.is_empty(),
            "{def:?}"
        );
        assert!(def.doc.ends_with('.') && def.name == def.name.to_uppercase(), "{def:?}");
        assert_eq!(find(&def.name.to_lowercase()), Some(*def));
        for param in def.params {
            let (default, min, max) = range(param);
            assert!((min..=max).contains(&default) && param.doc.ends_with('.'), "{def:?} {}", param.name);
        }
        if let Source::Text(text) = def.source {
            assert!(!text.is_empty());
        }
    }
}

#[test]
fn the_first_value_comes_when_declared() {
    let bars = walk(1_500);
    for call in every_call() {
        let (mut state, mut first) = (call.build(), None);
        for (at, bar) in bars.iter().enumerate() {
            feed(&mut state, bar);
            if first.is_none() && state.value(0).is_some() {
                first = Some(at + 1);
            }
        }
        let first = first.unwrap_or_else(|| panic!("{call} has no value after {} bars", bars.len()));
        if DEPENDS_ON_DATA.contains(&call.def().name) {
            assert!(first >= call.warm_up(), "{call}: {first}");
        } else {
            assert_eq!(first, call.warm_up(), "{call}");
        }
    }
}

#[test]
fn a_restored_copy_continues_identically() {
    let bars = walk(400);
    for call in every_call() {
        let mut state = call.build();
        for (at, bar) in bars.iter().enumerate() {
            feed(&mut state, bar);
            if at % 23 == 0 {
                let bytes = postcard::to_stdvec(&state).unwrap();
                let restored: State = postcard::from_bytes(&bytes).unwrap();
                assert_eq!(restored, state, "{call}");
                state = restored;
            }
        }
        let mut straight = call.build();
        bars.iter().for_each(|bar| feed(&mut straight, bar));
        assert_eq!(straight, state, "{call}");
        let bytes = postcard::to_stdvec(&call.spec()).unwrap();
        assert_eq!(postcard::from_bytes::<Spec>(&bytes).unwrap(), call.spec());
    }
}

/// A value depends on what came before it and on nothing else: asking for it changes nothing, and bars
/// that come later do not change it.
#[test]
fn asking_or_not_asking_makes_no_difference() {
    let bars = walk(300);
    for call in every_call() {
        let (mut asked, mut silent) = (call.build(), call.build());
        let mut seen = Vec::new();
        for bar in &bars {
            feed(&mut asked, bar);
            seen.push(outputs(&asked, call.def()));
        }
        for (bar, seen) in bars.iter().zip(&seen).take(200) {
            feed(&mut silent, bar);
            assert_eq!(*seen, outputs(&silent, call.def()), "{call}");
        }
    }
}

#[test]
fn a_set_gives_what_the_indicator_alone_gives_and_computes_it_once() {
    let bars = walk(400);
    let calls: Vec<Call> = every_call().filter(|c| c.def().reads_bars()).collect();
    let mut set = Set::default();
    let readings: Vec<_> = calls.iter().map(|c| set.call(*c)).collect();
    let declared = set.specs().count();
    let again: Vec<_> = calls.iter().map(|c| set.call(*c)).collect();
    assert_eq!((readings.clone(), declared), (again, set.specs().count()));
    let mut states: Vec<State> = calls.iter().map(Call::build).collect();
    for bar in &bars {
        set.update(bar);
        for ((state, call), reading) in states.iter_mut().zip(&calls).zip(&readings) {
            state.on_bar(bar);
            for output in 0..call.def().outputs.len() {
                assert_eq!(set.read(*reading, output), state.value(output), "{call}");
            }
        }
    }
}

#[test]
fn a_flat_series_without_volume_stops_nothing() {
    for call in every_call() {
        let mut state = call.build();
        for at in 0..300 {
            feed(&mut state, &bar(at, [Price(7); 4], 0));
            outputs(&state, call.def());
        }
    }
}

/// Extremes of price and volume, in bars that are as wide as can be and bars that have no range.
fn extreme_bar() -> impl Strategy<Value = Bar> {
    let price = prop_oneof![Just(MAX_PRICE), Just(1), Just(0), Just(-MAX_PRICE), 1..=MAX_PRICE];
    let volume = prop_oneof![Just(i64::MAX), Just(0), Just(MAX_VOLUME), Just(-1), 0..=i64::MAX];
    (price.clone(), price.clone(), price.clone(), price, volume, any::<i64>()).prop_map(
        |(a, b, c, d, v, t)| {
            let mut sorted = [a, b, c, d];
            sorted.sort_unstable();
            let prices = [b, sorted[3], sorted[0], c].map(Price);
            Bar { open_ns: t, ..bar(0, prices, v) }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn extreme_prices_and_volumes_stop_nothing(bars in prop::collection::vec(extreme_bar(), 1..150)) {
        for call in every_call() {
            let mut state = call.build();
            for bar in &bars {
                feed(&mut state, bar);
                outputs(&state, call.def());
            }
        }
    }
}

/// The longest windows, full of the widest bars: where the bounds in the comments are reached.
#[test]
fn the_longest_windows_hold_the_largest_values() {
    for def in INDICATORS {
        let values: Vec<i64> = def.params.iter().map(|p| range(p).2).collect();
        let call = Call::of(def, &values).unwrap();
        for (a, b) in
            [(MAX_PRICE, 1), (MAX_PRICE, -MAX_PRICE), (MAX_PRICE, MAX_PRICE), (-MAX_PRICE, -MAX_PRICE)]
        {
            let mut state = call.build();
            for at in 0..3_300 {
                let (open, close) = if at % 2 == 0 { (a, b) } else { (b, a) };
                let prices = [open, a.max(b), a.min(b), close].map(Price);
                feed(&mut state, &bar(at, prices, i64::MAX));
                if at % 64 == 0 || at > 3_290 {
                    outputs(&state, def);
                }
            }
        }
    }
}

#[test]
fn calls_say_what_is_wrong() {
    let error = |name, values: &[(&str, i64)]| Call::named(name, values).unwrap_err().to_string();
    assert_eq!(error("RSJ", &[]), "there is no indicator RSJ; `pinion indicator list` shows them");
    assert_eq!(error("rsi", &[("len", 3)]), "RSI has no parameter len; it has period");
    assert_eq!(error("rsi", &[("period", 1)]), "period of RSI is 1; it must be 2 to 1000");
    assert_eq!(error("obv", &[("n", 1)]), "OBV has no parameter n; it has none");
    let bands = Call::named("bb", &[("deviations", 2_500_000_000)]).unwrap();
    assert_eq!((bands.to_string(), bands.warm_up()), ("BBANDS(20, 2.5)".to_string(), 20));
    assert_eq!(
        Call::of(bands.def(), &[1, 2, 3]).unwrap_err().to_string(),
        "BBANDS takes 2 parameters at most"
    );
}
