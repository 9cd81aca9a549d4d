//! Simple and exponential moving averages, and MACD, which is made of them. TA-Lib's conventions: an
//! EMA is seeded with the simple mean of its first `n` values; MACD's fast average is seeded over the
//! window that ends where the slow one's does.

use super::fx::{Fx, Weight, fx};
use pinion_model::number::Price;
use serde::{Deserialize, Serialize};

/// Mean of the last `n` closes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sma {
    window: Box<[i64]>,
    at: usize,
    count: usize,
    sum: i128,
}

impl Sma {
    /// Over `n` values, at least 1.
    pub fn new(n: usize) -> Sma {
        Sma { window: vec![0; n].into(), at: 0, count: 0, sum: 0 }
    }

    /// Takes a close.
    #[inline(never)]
    pub fn update(&mut self, close: Price) {
        self.sum += i128::from(close.0) - i128::from(self.window[self.at]);
        self.window[self.at] = close.0;
        self.at = if self.at + 1 == self.window.len() { 0 } else { self.at + 1 };
        self.count += usize::from(self.count < self.window.len());
    }

    /// The mean, once warm.
    pub fn value(&self) -> Option<Fx> {
        let n = self.window.len();
        (self.count == n).then(|| Fx::from_bits((self.sum << 32).div_euclid(n as i128)))
    }
}

/// Exponential moving average, `alpha = 2 / (n + 1)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ema {
    n: usize,
    weight: Weight,
    count: usize,
    seed: Fx,
    average: Fx,
}

impl Ema {
    /// Over `n` values, at least 1.
    pub fn new(n: usize) -> Ema {
        Ema { n, weight: Weight::new(2, n as u64 + 1), count: 0, seed: Fx::ZERO, average: Fx::ZERO }
    }

    /// Takes a value.
    #[inline(never)]
    pub fn update(&mut self, value: Fx) {
        if self.count >= self.n {
            self.average = self.weight.step(self.average, value);
            return;
        }
        self.seed += value;
        self.count += 1;
        if self.count == self.n {
            self.average = Fx::from_bits(self.seed.to_bits().div_euclid(self.n as i128));
        }
    }

    /// The average, once warm.
    pub fn value(&self) -> Option<Fx> {
        (self.count >= self.n).then_some(self.average)
    }
}

/// Moving average convergence and divergence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Macd {
    fast: Ema,
    slow: Ema,
    signal: Ema,
    skip: usize,
}

/// The three outputs of MACD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MacdValue {
    /// Fast average less slow average.
    pub macd: Fx,
    /// Average of `macd`.
    pub signal: Fx,
    /// `macd` less `signal`.
    pub histogram: Fx,
}

impl Macd {
    /// With these lengths; `fast` is shorter than `slow`.
    pub fn new(fast: usize, slow: usize, signal: usize) -> Macd {
        Macd { fast: Ema::new(fast), slow: Ema::new(slow), signal: Ema::new(signal), skip: slow - fast }
    }

    /// Takes a close.
    #[inline(never)]
    pub fn update(&mut self, close: Price) {
        let value = fx(close);
        self.slow.update(value);
        // The fast average starts late, so that both seeds end on the same bar.
        if self.skip > 0 {
            self.skip -= 1;
        } else {
            self.fast.update(value);
        }
        if let (Some(fast), Some(slow)) = (self.fast.value(), self.slow.value()) {
            self.signal.update(fast - slow);
        }
    }

    /// The outputs, once the signal line is warm.
    pub fn value(&self) -> Option<MacdValue> {
        let macd = self.fast.value()? - self.slow.value()?;
        let signal = self.signal.value()?;
        Some(MacdValue { macd, signal, histogram: macd - signal })
    }
}
