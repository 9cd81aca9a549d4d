//! RSI, Bollinger bands and ATR on each bar, by our indicators and by others; and each of the catalogue alone.

#[cfg(feature = "peers")]
mod peers;

use crate::bars::{MINUTE_NS, bars};
use crate::clock::ns_each;
use crate::contest::Contender;
use pinion_engine::indicators::bollinger::BandWidth;
use pinion_engine::indicators::call::Call;
use pinion_engine::indicators::catalog::INDICATORS;
use pinion_engine::indicators::define::{Indicator, IndicatorDef};
use pinion_engine::indicators::fx::{Factor, Fx};
use pinion_engine::indicators::wilder::RsiThreshold;
use pinion_engine::indicators::{Set, Slot, Spec};
use pinion_model::event::{Bar, NO_TIME, Quote, Trade};
use pinion_model::number::{Price, Ratio};
use pinion_model::order::Side;
use std::cmp::Ordering;
use std::hint::black_box;

/// Name of ours as rules use it: updated on each bar, values compared where a rule asks.
pub const OURS: &str = "update";
/// Name of ours with the questions that a rule asks of it on every bar: comparisons, not values.
pub const OURS_ASKED: &str = "update, and a rule's questions";
/// Name of ours with every value computed on every bar, which is what the others do.
pub const OURS_WITH_VALUES: &str = "update, and the four values";

/// RSI(14), Bollinger(20, 2) and ATR(14).
struct Three {
    set: Set,
    slots: [Slot; 3],
    width: BandWidth,
    oversold: RsiThreshold,
    stop: Factor,
}

impl Default for Three {
    fn default() -> Self {
        let mut set = Set::default();
        let slots = [Spec::Rsi(14), Spec::Bollinger(20), Spec::Atr(14)].map(|spec| set.declare(spec));
        let whole = |n: i64| Ratio(n * Ratio::SCALE);
        let (width, oversold) = (BandWidth::new(whole(2)), RsiThreshold::new(whole(30)));
        Three { set, slots, width, oversold, stop: Factor::new(whole(2)) }
    }
}

impl Three {
    /// RSI, upper and lower band, ATR; `None` while one of them is not warm.
    #[inline(always)]
    fn values(&self) -> Option<[Fx; 4]> {
        let rsi = self.set.rsi(self.slots[0]).value()?;
        let bands = self.set.bollinger(self.slots[1]).value(self.width)?;
        let atr = self.set.atr(self.slots[2]).value()?;
        Some([rsi, bands.upper, bands.lower, atr])
    }

    /// Is the RSI below 30, is the close at or below the lower band, how far away is a stop of two ATR.
    #[inline(always)]
    fn answers(&self, bar: &Bar) -> (Option<Ordering>, Option<Ordering>, Option<Fx>) {
        (
            self.set.rsi(self.slots[0]).compare(self.oversold),
            self.set.bollinger(self.slots[1]).compare_lower(bar.close, self.width),
            self.set.atr(self.slots[2]).times(self.stop),
        )
    }
}

/// The bars that are gone through.
pub fn course(count: usize) -> Vec<Bar> {
    bars(count.max(200))
}

/// Everyone on these bars, ns a bar.
pub fn contenders(bars: &[Bar]) -> Vec<Contender<'_>> {
    let (mut plain, mut asked, mut valued) = (Three::default(), Three::default(), Three::default());
    let plain = move || ns_each(bars.len(), || bars.iter().for_each(|bar| plain.set.update(black_box(bar))));
    let asked = move || {
        ns_each(bars.len(), || {
            for bar in bars {
                asked.set.update(black_box(bar));
                black_box(asked.answers(bar));
            }
        })
    };
    let valued = move || {
        ns_each(bars.len(), || {
            for bar in bars {
                valued.set.update(black_box(bar));
                if let Some(values) = valued.values() {
                    black_box(values);
                }
            }
        })
    };
    let mut all = vec![
        Contender::new(OURS, plain),
        Contender::new(OURS_ASKED, asked),
        Contender::new(OURS_WITH_VALUES, valued),
    ];
    add_peers(bars, &mut all);
    all
}

#[cfg(not(feature = "peers"))]
fn add_peers(_: &[Bar], _: &mut Vec<Contender<'_>>) {}

#[cfg(feature = "peers")]
fn add_peers<'a>(bars: &'a [Bar], all: &mut Vec<Contender<'a>>) {
    all.extend(peers::contenders(bars));
}

/// Each indicator of the catalogue with its default parameters, ns an update with its first value.
pub fn catalogue(bars: &[Bar]) -> Vec<Contender<'_>> {
    let contender = |def: &'static IndicatorDef| {
        let call = Call::of(def, &[]).expect("defaults are allowed");
        let mut state = call.build();
        Contender::new(call.to_string(), move || {
            ns_each(bars.len(), || {
                for (at, bar) in bars.iter().enumerate() {
                    state.on_bar(black_box(bar));
                    if def.inputs.iter().any(|input| matches!(input.name(), "quote" | "trade")) {
                        state.on_quote(&quote(bar, at));
                        state.on_trade(&trade(bar, at));
                    }
                    black_box(state.value(0));
                }
            })
        })
    };
    INDICATORS.iter().copied().map(contender).collect()
}

fn quote(bar: &Bar, at: usize) -> Quote {
    Quote {
        recv_ns: bar.open_ns + MINUTE_NS,
        venue_ns: NO_TIME,
        update_id: at as u64,
        bid: bar.close,
        ask: Price(bar.close.0 + 1),
        bid_qty: bar.volume,
        ask_qty: bar.volume,
    }
}

fn trade(bar: &Bar, at: usize) -> Trade {
    Trade {
        recv_ns: bar.open_ns + MINUTE_NS,
        venue_ns: NO_TIME,
        trade_id: at as u64,
        price: bar.close,
        qty: bar.volume,
        aggressor: Some(if at.is_multiple_of(2) { Side::Buy } else { Side::Sell }),
    }
}
