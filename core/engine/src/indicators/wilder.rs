//! Wilder's indicators: RSI and ATR. Both are averages with `alpha = 1 / n` that are seeded with the
//! simple mean of their first `n` inputs (TA-Lib's convention).

use super::fx::{Factor, Fx, Weight, fx};
use pinion_model::event::Bar;
use pinion_model::number::{Price, Ratio};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Average {
    n: usize,
    weight: Weight,
    value: Fx,
}

impl Average {
    fn new(n: usize) -> Average {
        Average { n, weight: Weight::new(1, n as u64), value: Fx::ZERO }
    }

    /// `count` inputs came before this one.
    #[inline]
    fn update(&mut self, count: usize, input: Fx) {
        if count >= self.n {
            self.value = self.weight.step(self.value, input);
            return;
        }
        self.value += input;
        if count + 1 == self.n {
            self.value = Fx::from_bits(self.value.to_bits().div_euclid(self.n as i128));
        }
    }
}

/// Relative strength index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rsi {
    gain: Average,
    loss: Average,
    changes: usize,
    previous: Option<Price>,
}

impl Rsi {
    /// Over `n` changes, at least 1.
    pub fn new(n: usize) -> Rsi {
        Rsi { gain: Average::new(n), loss: Average::new(n), changes: 0, previous: None }
    }

    /// Takes a close.
    #[inline]
    pub fn update(&mut self, close: Price) {
        if let Some(previous) = self.previous.replace(close) {
            let change = close.0 - previous.0;
            self.gain.update(self.changes, fx(Price(change.max(0))));
            self.loss.update(self.changes, fx(Price((-change).max(0))));
            self.changes += usize::from(self.changes < self.gain.n);
        }
    }

    /// True once it has a value.
    #[inline]
    pub fn is_ready(&self) -> bool {
        self.changes >= self.gain.n
    }

    /// The index, 0 to 100. Without losses it is 100, without any movement 0, as in TA-Lib.
    pub fn value(&self) -> Option<Fx> {
        if !self.is_ready() {
            return None;
        }
        let (gain, total) = (self.gain.value.to_bits(), self.total());
        if total == 0 {
            return Some(Fx::ZERO);
        }
        // 100 * gain * 2^32 is below 2^119 (see `fx`).
        Some(Fx::from_bits(((gain * 100) << 32) / total))
    }

    #[inline]
    fn total(&self) -> i128 {
        self.gain.value.to_bits() + self.loss.value.to_bits()
    }

    /// How the index compares with `threshold` (an index of 0 to 100), without a division. `None` while
    /// it has no value, and in a market that does not move: a flat index is no signal.
    #[inline]
    pub fn compare(&self, threshold: RsiThreshold) -> Option<std::cmp::Ordering> {
        let total = self.total();
        if !self.is_ready() || total == 0 {
            return None;
        }
        // Both sides stay below 2^80 * 2^37.
        let gain = self.gain.value.to_bits().wrapping_mul(RsiThreshold::SCALE);
        Some(gain.cmp(&total.wrapping_mul(i128::from(threshold.0))))
    }
}

/// A threshold of the RSI, as a fraction of 100 in billionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RsiThreshold(i64);

impl RsiThreshold {
    const SCALE: i128 = 100_000_000_000;

    /// From an index of 0 to 100.
    pub fn new(index: Ratio) -> RsiThreshold {
        RsiThreshold(index.0)
    }

    /// The same distance from the other end: 30 becomes 70.
    pub fn mirrored(self) -> RsiThreshold {
        RsiThreshold(100 * Ratio::SCALE - self.0)
    }
}

/// Average true range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Atr {
    average: Average,
    ranges: usize,
    previous_close: Option<Price>,
}

impl Atr {
    /// Over `n` ranges, at least 1. The first bar's range is not used: it has no previous close.
    pub fn new(n: usize) -> Atr {
        Atr { average: Average::new(n), ranges: 0, previous_close: None }
    }

    /// Takes a bar.
    #[inline]
    pub fn update(&mut self, bar: &Bar) {
        if let Some(previous) = self.previous_close.replace(bar.close) {
            let range = bar.high.max(previous) - bar.low.min(previous);
            self.average.update(self.ranges, fx(range));
            self.ranges += usize::from(self.ranges < self.average.n);
        }
    }

    /// The average, once warm.
    #[inline]
    pub fn value(&self) -> Option<Fx> {
        (self.ranges >= self.average.n).then_some(self.average.value)
    }

    /// `factor` averages, once warm.
    #[inline]
    pub fn times(&self, factor: Factor) -> Option<Fx> {
        self.value().map(|v| factor.of(v))
    }
}
