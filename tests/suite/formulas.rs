//! Indicators that TA-Lib does not have, against their formulas in plain floating point over whole windows:
//! what streams through fixed point must be what a batch gives.

use pinion_engine::indicators::call::Call;
use pinion_engine::indicators::define::Indicator;
use pinion_model::event::{Bar, NO_TIME, Quote, Trade};
use pinion_model::number::{Price, Qty};
use pinion_model::order::Side;

const HOUR_NS: i64 = 3_600_000_000_000;

/// Numbers that look random and are the same in every run.
struct Noise(u64);

impl Noise {
    fn below(&mut self, n: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as i64 % n
    }
}

/// Four weeks of hours.
fn bars() -> Vec<Bar> {
    let (mut noise, mut close) = (Noise(3), 250_000);
    (0..672)
        .map(|at| {
            let open = close;
            close += noise.below(4_001) - 2_000;
            let (high, low) = (open.max(close) + noise.below(900), open.min(close) - noise.below(900));
            let [open, high, low, close] = [open, high, low, close].map(Price);
            Bar { open_ns: at * HOUR_NS, open, high, low, close, volume: Qty(noise.below(9_000)) }
        })
        .collect()
}

fn float(price: Price) -> f64 {
    price.0 as f64
}

fn closes(bars: &[Bar]) -> Vec<f64> {
    bars.iter().map(|b| float(b.close)).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn deviation(values: &[f64]) -> f64 {
    let middle = mean(values);
    mean(&values.iter().map(|v| (v - middle).powi(2)).collect::<Vec<_>>()).sqrt()
}

fn returns(bars: &[Bar]) -> Vec<f64> {
    closes(bars).windows(2).map(|pair| (pair[1] / pair[0]).ln()).collect()
}

/// The last `n` bars of a history that is long enough.
fn last(bars: &[Bar], n: usize) -> Option<&[Bar]> {
    bars.len().checked_sub(n).map(|first| &bars[first..])
}

/// Holds an output at every bar against a formula of all bars up to it.
fn check(name: &str, params: &[(&str, i64)], output: usize, formula: impl Fn(&[Bar]) -> Option<f64>) {
    let (bars, call) = (bars(), Call::named(name, params).unwrap());
    let (mut state, mut compared) = (call.build(), 0);
    for end in 1..=bars.len() {
        state.on_bar(&bars[end - 1]);
        let ours = state.value(output).map(|v| v.to_num::<f64>());
        match (ours, formula(&bars[..end])) {
            (Some(ours), Some(want)) => {
                let close = (ours - want).abs() <= 1e-6 * want.abs() + 1e-9;
                assert!(close, "{call} output {output} at bar {end}: {ours} against {want}");
                compared += 1;
            }
            (ours, want) => assert_eq!(ours, want, "{call} output {output} at bar {end}"),
        }
    }
    assert!(compared > 500, "{call}: only {compared} values");
}

#[test]
fn scores_and_bands() {
    check("ZSCORE", &[("period", 20)], 0, |bars| {
        let window = closes(last(bars, 20)?);
        Some((window[19] - mean(&window)) / deviation(&window))
    });
    check("PERCENT_B", &[("period", 20)], 0, |bars| {
        let window = closes(last(bars, 20)?);
        let half = 2.0 * deviation(&window);
        Some((window[19] - (mean(&window) - half)) / (2.0 * half))
    });
    check("BANDWIDTH", &[("period", 20)], 0, |bars| {
        let window = closes(last(bars, 20)?);
        Some(4.0 * deviation(&window) / mean(&window))
    });
}

#[test]
fn volatility_and_roughness() {
    check("REALIZED_VOL", &[("period", 24), ("bars_per_year", 8_760)], 0, |bars| {
        let squares: Vec<f64> = returns(last(bars, 25)?).iter().map(|r| r * r).collect();
        Some((mean(&squares) * 8_760.0).sqrt())
    });
    check("CHOP", &[("period", 14)], 0, |bars| {
        let window = last(bars, 15)?;
        let range = |pair: &[Bar]| pair[1].high.max(pair[0].close) - pair[1].low.min(pair[0].close);
        let sum: f64 = window.windows(2).map(|pair| float(range(pair))).sum();
        let high = window[1..].iter().map(|b| b.high.0).max()? as f64;
        let low = window[1..].iter().map(|b| b.low.0).min()? as f64;
        Some(100.0 * (sum / (high - low)).log10() / 14f64.log10())
    });
    check("HURST", &[("period", 64)], 0, |bars| {
        let window = returns(last(bars, 65)?);
        let (middle, mut path, mut high, mut low) = (mean(&window), 0.0, 0f64, 0f64);
        for change in &window {
            path += change - middle;
            (high, low) = (high.max(path), low.min(path));
        }
        Some(((high - low) / deviation(&window)).ln() / 32f64.ln())
    });
}

/// Volume-weighted mean of the typical prices of these bars; 0 without any volume.
fn vwap(bars: &[Bar]) -> f64 {
    let volume: i64 = bars.iter().map(|b| b.volume.0).sum();
    let sum: f64 = bars.iter().map(|b| (b.high + b.low + b.close).0 as f64 / 3.0 * b.volume.0 as f64).sum();
    if volume == 0 { 0.0 } else { sum / volume as f64 }
}

/// Number of the day of a bar, which begins `offset` hours after midnight.
fn day(bar: &Bar, offset: i64) -> i64 {
    (bar.open_ns / HOUR_NS - offset).div_euclid(24)
}

#[test]
fn averages_since_a_beginning() {
    for offset in [0, 9, -5] {
        check("VWAP_SESSION", &[("offset_minutes", offset * 60)], 0, |bars| {
            let today = day(bars.last()?, offset);
            Some(vwap(&bars[bars.iter().position(|b| day(b, offset) == today)?..]))
        });
    }
    check("VWAP_ANCHORED", &[("anchor", 100 * 3600 - 1)], 0, |bars| {
        (bars.len() > 100).then(|| vwap(&bars[100..]))
    });
}

#[test]
fn pivots_of_the_day_before() {
    for output in 0..5 {
        check("PIVOT", &[], output, |bars| {
            let today = day(bars.last()?, 0);
            let before: Vec<&Bar> = bars.iter().filter(|b| day(b, 0) == today - 1).collect();
            let high = before.iter().map(|b| b.high.0).max()? as f64;
            let low = before.iter().map(|b| b.low.0).min()? as f64;
            let pivot = (high + low + float(before.last()?.close)) / 3.0;
            let range = high - low;
            Some([pivot, 2.0 * pivot - low, 2.0 * pivot - high, pivot + range, pivot - range][output])
        });
    }
}

#[test]
fn extremes_and_where_they_are() {
    check("MAXINDEX", &[("period", 12)], 1, |bars| {
        let window = last(bars, 12)?;
        let top = window.iter().map(|b| b.close.0).max()?;
        Some(window.iter().rev().position(|b| b.close.0 == top)? as f64)
    });
}

fn quotes() -> Vec<Quote> {
    let (mut noise, mut bid) = (Noise(5), 100_000);
    (0..400)
        .map(|at| {
            bid += noise.below(5) - 2;
            let (ask, bid_qty, ask_qty) =
                (bid + 1 + noise.below(3), noise.below(90) + 1, noise.below(90) + 1);
            let (bid, ask, bid_qty, ask_qty) = (Price(bid), Price(ask), Qty(bid_qty), Qty(ask_qty));
            Quote { recv_ns: at, venue_ns: NO_TIME, update_id: 0, bid, ask, bid_qty, ask_qty }
        })
        .collect()
}

/// Size at a side with its sign, as an event of the order book counts it.
fn event(previous: &Quote, quote: &Quote) -> f64 {
    let size = |counts: bool, qty: Qty| if counts { qty.0 as f64 } else { 0.0 };
    size(quote.bid >= previous.bid, quote.bid_qty)
        - size(quote.bid <= previous.bid, previous.bid_qty)
        - size(quote.ask <= previous.ask, quote.ask_qty)
        + size(quote.ask >= previous.ask, previous.ask_qty)
}

#[test]
fn quotes_tell_what_their_formulas_say() {
    let names = ["MICROPRICE", "SPREAD", "SPREAD_BPS", "QUOTE_IMBALANCE", "OFI"];
    let mut states = names.map(|name| Call::named(name, &[]).unwrap().build());
    let quotes = quotes();
    for (at, q) in quotes.iter().enumerate() {
        let ours = states.each_mut().map(|state| {
            state.on_quote(q);
            state.value(0).map(|v| v.to_num::<f64>())
        });
        let (bid, ask) = (float(q.bid), float(q.ask));
        let (bid_qty, ask_qty) = (q.bid_qty.0 as f64, q.ask_qty.0 as f64);
        let flow = at
            .checked_sub(50)
            .map(|first| quotes[first..=at].windows(2).map(|pair| event(&pair[0], &pair[1])).sum::<f64>());
        let want = [
            Some((bid * ask_qty + ask * bid_qty) / (bid_qty + ask_qty)),
            Some(ask - bid),
            Some((ask - bid) / ((ask + bid) / 2.0) * 10_000.0),
            Some((bid_qty - ask_qty) / (bid_qty + ask_qty)),
            flow,
        ];
        for ((name, ours), want) in names.iter().zip(ours).zip(want) {
            let close = match (ours, want) {
                (Some(ours), Some(want)) => (ours - want).abs() <= 1e-6 * want.abs() + 1e-9,
                (ours, want) => ours == want,
            };
            assert!(close, "{name} at quote {at}: {ours:?} against {want:?}");
        }
    }
    // A side that is gone changes nothing.
    let before = states.each_ref().map(|state| state.value(0));
    let gone = Quote { bid: Price::ZERO, bid_qty: Qty::ZERO, ..quotes[0] };
    states.iter_mut().for_each(|state| state.on_quote(&gone));
    assert_eq!(states.each_ref().map(|state| state.value(0)), before);
}

#[test]
fn trades_count_for_who_crossed_the_spread() {
    let mut state = Call::named("TRADE_IMBALANCE", &[("trades", 3)]).unwrap().build();
    // Sixteenths, which are exact in fixed point.
    let mut trade = |price, qty, aggressor| {
        let (price, qty) = (Price(price), Qty(qty));
        state.on_trade(&Trade { recv_ns: 0, venue_ns: NO_TIME, trade_id: 0, price, qty, aggressor });
        state.value(0).map(|v| v.to_num::<f64>())
    };
    assert_eq!(trade(100, 5, Some(Side::Buy)), None);
    assert_eq!(trade(100, 3, Some(Side::Sell)), None);
    assert_eq!(trade(101, 8, None), Some(10.0 / 16.0), "a rise without the venue's word is a buyer");
    assert_eq!(trade(101, 5, None), Some(10.0 / 16.0), "and stays one at the same price");
    assert_eq!(trade(100, 3, None), Some(10.0 / 16.0), "until the price falls");
}
