//! kand and yata on the same bars. Their numbers are floats: prices are given to them in the unit of ours.
//! After a thousand bars, when every way of beginning has faded, their values must be ours.

use super::Three;
use crate::clock::ns_each;
use crate::contest::Contender;
use kand::ohlcv::{atr, bbands, rsi};
use pinion_model::event::Bar;
use std::hint::black_box;
use yata::core::{Candle, Method};
use yata::methods::{RMA, SMA, StDev, TR};

/// Takes a bar; gives RSI, upper and lower band, ATR.
trait Peer {
    fn next(&mut self, bar: &Bar) -> [f64; 4];
}

/// Bars after which values are compared, and how near they must be: a part of the price.
const FADED: usize = 1_000;
const NEAR: f64 = 1e-7;

const BANDS: usize = 20;

/// kand's incremental functions; the caller keeps their state.
struct Kand {
    window: [f64; BANDS],
    at: usize,
    close: f64,
    gain: f64,
    loss: f64,
    sma: f64,
    sum: f64,
    squares: f64,
    atr: f64,
}

impl Kand {
    /// As if the first price had always been there.
    fn new(first: f64) -> Kand {
        let n = BANDS as f64;
        Kand {
            window: [first; BANDS],
            at: 0,
            close: first,
            gain: 0.0,
            loss: 0.0,
            sma: first,
            sum: n * first,
            squares: n * first * first,
            atr: 0.0,
        }
    }
}

impl Peer for Kand {
    #[inline]
    fn next(&mut self, bar: &Bar) -> [f64; 4] {
        let (high, low, close) = (bar.high.0 as f64, bar.low.0 as f64, bar.close.0 as f64);
        let sound = "the parameters are allowed";
        let (value, gain, loss) = rsi::rsi_inc(close, self.close, self.gain, self.loss, 14).expect(sound);
        (self.gain, self.loss) = (gain, loss);
        let old = std::mem::replace(&mut self.window[self.at], close);
        self.at = if self.at + 1 == BANDS { 0 } else { self.at + 1 };
        let (upper, _, lower, sma, sum, squares) =
            bbands::bbands_inc(close, self.sma, self.sum, self.squares, old, BANDS, 2.0, 2.0).expect(sound);
        (self.sma, self.sum, self.squares) = (sma, sum, squares);
        self.atr = atr::atr_inc(high, low, self.close, self.atr, 14).expect(sound);
        self.close = close;
        [value, upper, lower, self.atr]
    }
}

/// yata's methods put together: its ready-made indicators compute signals besides.
struct Yata {
    close: f64,
    gain: RMA,
    loss: RMA,
    sma: SMA,
    deviation: StDev,
    range: TR,
    atr: RMA,
    /// From its deviation of a sample to that of a population, times two.
    width: f64,
}

impl Yata {
    fn new(bar: &Bar) -> Yata {
        let (first, sound) = (bar.close.0 as f64, "the parameters are allowed");
        Yata {
            close: first,
            gain: RMA::new(14, &0.0).expect(sound),
            loss: RMA::new(14, &0.0).expect(sound),
            sma: SMA::new(BANDS as u8, &first).expect(sound),
            deviation: StDev::new(BANDS as u8, &first).expect(sound),
            range: TR::new(&candle(bar)).expect(sound),
            atr: RMA::new(14, &0.0).expect(sound),
            width: 2.0 * ((BANDS - 1) as f64 / BANDS as f64).sqrt(),
        }
    }
}

#[inline]
fn candle(bar: &Bar) -> Candle {
    let [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map(|p| p.0 as f64);
    Candle { open, high, low, close, volume: 0.0 }
}

impl Peer for Yata {
    #[inline]
    fn next(&mut self, bar: &Bar) -> [f64; 4] {
        let candle = candle(bar);
        let change = candle.close - std::mem::replace(&mut self.close, candle.close);
        let (gain, loss) = (self.gain.next(&change.max(0.0)), self.loss.next(&(-change).max(0.0)));
        let rsi = if gain + loss > 0.0 { 100.0 * gain / (gain + loss) } else { 50.0 };
        let (middle, half) = (self.sma.next(&candle.close), self.width * self.deviation.next(&candle.close));
        let range = self.range.next(&candle);
        [rsi, middle + half, middle - half, self.atr.next(&range)]
    }
}

/// Panics when the peer's values are not ours.
fn check(name: &str, bars: &[Bar], peer: &mut impl Peer) {
    let mut ours = Three::default();
    for (at, bar) in bars.iter().enumerate() {
        ours.set.update(bar);
        let theirs = peer.next(bar);
        if at >= FADED {
            let ours = ours.values().expect("warm after a thousand bars").map(|value| value.to_num::<f64>());
            let scale = bar.close.0 as f64;
            for (our, their) in ours.iter().zip(theirs) {
                let near = (our - their).abs() <= NEAR * scale;
                assert!(near, "{name}, bar {at}: ours {ours:?}, theirs {theirs:?}");
            }
            assert!(
                (ours[0] - theirs[0]).abs() < 1e-6,
                "{name}, bar {at}: RSI {} and {}",
                ours[0],
                theirs[0]
            );
        }
    }
}

fn contender<'a>(name: &'static str, bars: &'a [Bar], mut peer: impl Peer + 'a) -> Contender<'a> {
    check(name, bars, &mut peer);
    Contender::new(name, move || {
        ns_each(bars.len(), || {
            for bar in bars {
                black_box(peer.next(black_box(bar)));
            }
        })
    })
}

/// kand and yata, ns a bar.
pub(super) fn contenders(bars: &[Bar]) -> Vec<Contender<'_>> {
    let first = &bars[0];
    vec![contender("kand", bars, Kand::new(first.close.0 as f64)), contender("yata", bars, Yata::new(first))]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A peer with another length would be seen.
    struct Other(Kand);

    impl Peer for Other {
        fn next(&mut self, bar: &Bar) -> [f64; 4] {
            let mut values = self.0.next(bar);
            values[3] *= 1.01;
            values
        }
    }

    #[test]
    fn both_peers_do_our_work() {
        assert_eq!(contenders(&super::super::course(20_000)).len(), 2);
    }

    #[test]
    #[should_panic(expected = "ours")]
    fn other_work_is_seen() {
        let bars = super::super::course(2_000);
        check("other", &bars, &mut Other(Kand::new(bars[0].close.0 as f64)));
    }
}
