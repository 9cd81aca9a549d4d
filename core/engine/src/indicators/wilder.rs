//! Wilder's indicators: RSI and ATR. Both are averages with `alpha = 1 / n` that are seeded with the
//! simple mean of their first `n` inputs (TA-Lib's convention).

use super::fx::{Factor, Fx, Weight, fx};
use pinion_model::event::Bar;
use pinion_model::number::{Price, Ratio};
use serde::{Deserialize, Serialize};

/// An input below this many price units keeps an average in 63 bits.
const NARROW: u64 = 1 << 31;

/// How far a set of averages is, and whether 64 bits still hold them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    /// No price was seen.
    Empty,
    /// The first inputs are being summed.
    Seeding,
    /// Warm, and no input has ever reached [`NARROW`].
    Narrow,
    /// Warm.
    Wide,
}

/// `N` averages of the same length that are fed together, with inputs of zero and more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(serialize = "[Fx; N]: Serialize", deserialize = "[Fx; N]: Deserialize<'de>"))]
struct Averages<const N: usize> {
    weight: Weight,
    phase: Phase,
    narrow: bool,
    n: u32,
    inputs: u32,
    /// The close before, for the input of the next bar.
    previous: Price,
    values: [Fx; N],
}

impl<const N: usize> Averages<N> {
    fn new(n: usize) -> Averages<N> {
        Averages {
            weight: Weight::new(1, n as u64),
            phase: Phase::Empty,
            narrow: true,
            n: n as u32,
            inputs: 0,
            previous: Price::ZERO,
            values: [Fx::ZERO; N],
        }
    }

    #[inline(always)]
    fn is_ready(&self) -> bool {
        matches!(self.phase, Phase::Narrow | Phase::Wide)
    }

    /// Takes the next close; `inputs` makes the inputs from the close before, in price units.
    #[inline(always)]
    fn update(&mut self, close: Price, inputs: impl FnOnce(Price) -> [i64; N]) {
        let inputs = inputs(std::mem::replace(&mut self.previous, close));
        if self.phase == Phase::Narrow && inputs.iter().fold(0, |all, &i| all | i as u64) < NARROW {
            for (value, input) in self.values.iter_mut().zip(inputs) {
                let stepped = self.weight.step_narrow(value.to_bits() as i64, input << 32);
                *value = Fx::from_bits(i128::from(stepped as u64));
            }
        } else {
            self.update_slowly(inputs);
        }
    }

    #[cold]
    fn update_slowly(&mut self, inputs: [i64; N]) {
        if self.phase == Phase::Empty {
            self.phase = Phase::Seeding;
            return;
        }
        self.narrow &= inputs.iter().all(|&i| (i as u64) < NARROW);
        let inputs = inputs.map(|input| fx(Price(input)));
        if self.is_ready() {
            self.values = std::array::from_fn(|i| self.weight.step(self.values[i], inputs[i]));
        } else {
            self.inputs += 1;
            self.values = std::array::from_fn(|i| self.values[i] + inputs[i]);
            if self.inputs < self.n {
                return;
            }
            self.values = self.values.map(|sum| Fx::from_bits(sum.to_bits().div_euclid(self.n.into())));
        }
        self.phase = if self.narrow { Phase::Narrow } else { Phase::Wide };
    }
}

/// Relative strength index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rsi(Averages<2>);

impl Rsi {
    /// Over `n` changes, at least 1.
    pub fn new(n: usize) -> Rsi {
        Rsi(Averages::new(n))
    }

    /// Takes a close.
    #[inline(always)]
    pub fn update(&mut self, close: Price) {
        self.0.update(close, |previous| {
            let change = close.0 - previous.0;
            [change.max(0), -change.min(0)]
        });
    }

    /// True once it has a value.
    #[inline]
    pub fn is_ready(&self) -> bool {
        self.0.is_ready()
    }

    /// The index, 0 to 100. Without losses it is 100, without any movement 0, as in TA-Lib.
    pub fn value(&self) -> Option<Fx> {
        if !self.is_ready() {
            return None;
        }
        let (gain, total) = (self.0.values[0].to_bits(), self.total());
        if total == 0 {
            return Some(Fx::ZERO);
        }
        // 100 * gain * 2^32 is below 2^119 (see `fx`).
        Some(Fx::from_bits(((gain * 100) << 32) / total))
    }

    #[inline]
    fn total(&self) -> i128 {
        self.0.values[0].to_bits() + self.0.values[1].to_bits()
    }

    /// How the index compares with `threshold` (an index of 0 to 100), without a division. `None` while
    /// it has no value, and in a market that does not move: a flat index is no signal.
    #[inline(always)]
    pub fn compare(&self, threshold: RsiThreshold) -> Option<std::cmp::Ordering> {
        let total = self.total();
        if !self.is_ready() || total == 0 {
            return None;
        }
        let gain = self.0.values[0].to_bits();
        if let (Ok(gain), Ok(total)) = (u64::try_from(gain), u64::try_from(total)) {
            let gain = i128::from(gain).wrapping_mul(RsiThreshold::SCALE);
            return Some(gain.cmp(&i128::from(total).wrapping_mul(i128::from(threshold.0))));
        }
        // Both sides stay below 2^80 * 2^37.
        let gain = gain.wrapping_mul(RsiThreshold::SCALE);
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
pub struct Atr(Averages<1>);

impl Atr {
    /// Over `n` ranges, at least 1. The first bar's range is not used: it has no previous close.
    pub fn new(n: usize) -> Atr {
        Atr(Averages::new(n))
    }

    /// Takes a bar.
    #[inline(always)]
    pub fn update(&mut self, bar: &Bar) {
        self.0.update(bar.close, |previous| [(bar.high.max(previous) - bar.low.min(previous)).0]);
    }

    /// The average, once warm.
    #[inline(always)]
    pub fn value(&self) -> Option<Fx> {
        self.0.is_ready().then_some(self.0.values[0])
    }

    /// `factor` averages, once warm.
    #[inline(always)]
    pub fn times(&self, factor: Factor) -> Option<Fx> {
        self.value().map(|v| factor.of(v))
    }
}
