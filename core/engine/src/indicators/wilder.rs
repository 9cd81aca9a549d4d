//! Wilder's indicators: RSI and ATR. Both are averages with `alpha = 1 / n` that are seeded with the
//! simple mean of their first `n` inputs (TA-Lib's convention).

use super::exact::percentage;
use super::fx::{Factor, Fx, Weight, fx, step_narrow};
use pinion_model::event::Bar;
use pinion_model::number::{Price, Ratio};
use serde::{Deserialize, Serialize};

/// `N` averages of the same length that are fed together, with inputs of zero and more.
///
/// They are kept twice: in 64 bits while every input was below 2^31 units, which is the usual case and the
/// fast one, and else in 128. Both give the same values to the last bit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(
    serialize = "[i64; N]: Serialize, [Fx; N]: Serialize",
    deserialize = "[i64; N]: Deserialize<'de>, [Fx; N]: Deserialize<'de>"
))]
struct Averages<const N: usize> {
    weight: Weight,
    /// The weight as the narrow averages want it.
    upper: i64,
    phase: Phase,
    /// The close before, for the input of the next bar.
    previous: Price,
    /// Bits of the averages in phase `Narrow`, else zero.
    narrow: [i64; N],
    wide: Wide<N>,
}

/// How far a set of averages is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    /// No price was seen.
    Empty,
    /// The first inputs are being summed.
    Seeding,
    /// Warm, and every input was small.
    Narrow,
    /// Warm.
    Wide,
}

/// The averages while they are not narrow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(serialize = "[Fx; N]: Serialize", deserialize = "[Fx; N]: Deserialize<'de>"))]
struct Wide<const N: usize> {
    n: u32,
    inputs: u32,
    small: bool,
    /// Sums while seeding, then averages.
    values: [Fx; N],
}

impl<const N: usize> Averages<N> {
    fn new(n: usize) -> Averages<N> {
        let weight = Weight::new(1, n as u64);
        Averages {
            weight,
            upper: weight.upper().unwrap_or_default(),
            phase: Phase::Empty,
            previous: Price::ZERO,
            narrow: [0; N],
            wide: Wide { n: n as u32, inputs: 0, small: weight.upper().is_some(), values: [Fx::ZERO; N] },
        }
    }

    #[inline(always)]
    fn is_ready(&self) -> bool {
        matches!(self.phase, Phase::Narrow | Phase::Wide)
    }

    #[inline(always)]
    fn values(&self) -> [Fx; N] {
        match self.phase {
            Phase::Narrow => self.narrow.map(|bits| Fx::from_bits(bits.into())),
            _ => self.wide.values,
        }
    }

    /// Takes the next close; `inputs` makes the inputs from the close before, in price units. `small` says
    /// that they are below 2^31.
    #[inline(always)]
    fn update(&mut self, close: Price, small: bool, inputs: impl FnOnce(Price) -> [i64; N]) {
        let inputs = inputs(std::mem::replace(&mut self.previous, close));
        if self.phase == Phase::Narrow && small {
            for (value, input) in self.narrow.iter_mut().zip(inputs) {
                *value = step_narrow(self.upper, *value, input << 32);
            }
        } else {
            self.update_slowly(inputs, small);
        }
    }

    #[cold]
    #[inline(never)]
    fn update_slowly(&mut self, inputs: [i64; N], small: bool) {
        if self.phase == Phase::Empty {
            self.phase = Phase::Seeding;
            return;
        }
        self.wide.values = self.values();
        self.narrow = [0; N];
        let wide = &mut self.wide;
        wide.small &= small;
        let inputs = inputs.map(|input| fx(Price(input)));
        if matches!(self.phase, Phase::Narrow | Phase::Wide) {
            wide.values = std::array::from_fn(|i| self.weight.step(wide.values[i], inputs[i]));
        } else {
            wide.inputs += 1;
            wide.values = std::array::from_fn(|i| wide.values[i] + inputs[i]);
            if wide.inputs < wide.n {
                return;
            }
            wide.values = wide.values.map(|sum| Fx::from_bits(sum.to_bits().div_euclid(wide.n.into())));
        }
        self.phase = if wide.small { Phase::Narrow } else { Phase::Wide };
        if wide.small {
            self.narrow = std::mem::replace(&mut wide.values, [Fx::ZERO; N]).map(|v| v.to_bits() as i64);
        }
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

    /// Takes a close; `small` says that no price so far has reached 2^31 units.
    #[inline(always)]
    pub fn update(&mut self, close: Price, small: bool) {
        self.0.update(close, small, |previous| {
            let change = close.0.wrapping_sub(previous.0);
            let gain = change.max(0);
            [gain, gain.wrapping_sub(change)]
        });
    }

    /// True once it has a value.
    #[inline]
    pub fn is_ready(&self) -> bool {
        self.0.is_ready()
    }

    /// The index, 0 to 100. Without losses it is 100, without any movement 0, as in TA-Lib.
    #[inline(always)]
    pub fn value(&self) -> Option<Fx> {
        // Where they are not narrow, both are zero, of which there is no percentage.
        let [gain, loss] = self.0.narrow.map(|bits| bits as u64);
        match percentage(gain, loss) {
            Some(bits) => Some(Fx::from_bits(bits.into())),
            None => self.value_wide(),
        }
    }

    #[cold]
    #[inline(never)]
    fn value_wide(&self) -> Option<Fx> {
        if !self.is_ready() {
            return None;
        }
        let [gain, loss] = self.0.values().map(Fx::to_bits);
        let total = gain + loss;
        if total == 0 {
            return Some(Fx::ZERO);
        }
        // 100 * gain * 2^32 is below 2^119 (see `fx`).
        Some(Fx::from_bits(((gain * 100) << 32) / total))
    }

    /// How the index compares with `threshold` (an index of 0 to 100), without a division. `None` while
    /// it has no value, and in a market that does not move: a flat index is no signal.
    #[inline(always)]
    pub fn compare(&self, threshold: RsiThreshold) -> Option<std::cmp::Ordering> {
        if self.0.phase != Phase::Narrow {
            return self.compare_wide(threshold);
        }
        // Both are below 2^63.
        let [gain, loss] = self.0.narrow.map(|bits| bits as u64);
        let total = gain.wrapping_add(loss);
        if total == 0 {
            return None;
        }
        let (gain, total) = (u128::from(gain), u128::from(total));
        let scaled = gain.wrapping_mul(RsiThreshold::SCALE as u128);
        Some(scaled.cmp(&total.wrapping_mul(u128::from(threshold.0 as u64))))
    }

    #[cold]
    #[inline(never)]
    fn compare_wide(&self, threshold: RsiThreshold) -> Option<std::cmp::Ordering> {
        let [gain, loss] = self.0.values().map(Fx::to_bits);
        let total = gain + loss;
        if !self.is_ready() || total == 0 {
            return None;
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

    /// Takes a bar; `small` as for [`Rsi::update`].
    #[inline(always)]
    pub fn update(&mut self, bar: &Bar, small: bool) {
        self.0.update(bar.close, small, |previous| {
            [bar.high.max(previous).0.wrapping_sub(bar.low.min(previous).0)]
        });
    }

    /// The average, once warm.
    #[inline(always)]
    pub fn value(&self) -> Option<Fx> {
        match self.0.phase {
            Phase::Narrow => Some(Fx::from_bits(self.0.narrow[0].into())),
            _ => self.value_wide(),
        }
    }

    #[cold]
    #[inline(never)]
    fn value_wide(&self) -> Option<Fx> {
        self.0.is_ready().then(|| self.0.values()[0])
    }

    /// `factor` averages, once warm.
    #[inline(always)]
    pub fn times(&self, factor: Factor) -> Option<Fx> {
        self.value().map(|v| factor.of(v))
    }
}
