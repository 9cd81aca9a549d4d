//! Indicators: streaming, deterministic fixed point, bounded work and no allocation per update.
//!
//! A [`Set`] belongs to one series of bars. Rules declare what they read when they are compiled and get
//! a [`Slot`]; the same indicator asked for twice is computed once.
//!
//! The [`catalog`] has them all, [`define`] says how one is declared. To add one: a file or a place in a
//! file of its family, with the declaration beside the state, and a line in the catalogue.

pub mod average;
pub mod bollinger;
pub mod call;
pub mod catalog;
pub mod chained;
pub mod change;
pub mod channel;
pub mod define;
pub mod directional;
mod exact;
pub mod extremes;
pub mod force;
mod functions;
pub mod fx;
pub mod history;
pub mod levels;
pub mod momentum;
pub mod moving;
pub mod price;
mod real;
pub mod regression;
pub mod sar;
pub mod shared;
pub mod statistics;
pub mod stochastic;
pub mod ticks;
pub mod volatility;
pub mod volume;
pub mod vwap;
mod wide;
pub mod wilder;
mod window;

use average::{Ema, Macd, MacdValue, Sma};
use bollinger::Bollinger;
use fx::{Fx, fx};
use history::{Decimals, History};
use pinion_model::event::Bar;
use serde::{Deserialize, Serialize};
use wilder::{Atr, Rsi};

/// Which indicator, with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Spec {
    /// Simple moving average of closes.
    Sma(usize),
    /// Exponential moving average of closes.
    Ema(usize),
    /// Relative strength index.
    Rsi(usize),
    /// Bollinger bands of any width.
    Bollinger(usize),
    /// Average true range.
    Atr(usize),
    /// MACD with fast, slow and signal length.
    Macd(usize, usize, usize),
    /// Any other indicator of the catalogue.
    Listed(call::Call),
}

impl Spec {
    /// Bars until it has a value.
    pub fn warm_up_bars(self) -> usize {
        match self {
            Spec::Sma(n) | Spec::Ema(n) | Spec::Bollinger(n) => n,
            Spec::Rsi(n) | Spec::Atr(n) => n + 1,
            Spec::Macd(_, slow, signal) => slow + signal - 1,
            Spec::Listed(call) => call.warm_up(),
        }
    }
}

/// Place of an indicator among those of its kind in a [`Set`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot(usize);

/// The indicators of one series of bars, kind by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Set {
    specs: Vec<(Spec, Slot)>,
    rsis: Vec<Rsi>,
    atrs: Vec<Atr>,
    bollingers: Vec<Bollinger>,
    smas: Vec<Sma>,
    emas: Vec<Ema>,
    macds: Vec<Macd>,
    listed: Vec<catalog::State>,
    histories: Vec<History>,
    decimals: Decimals,
    /// There are others than the first three kinds.
    has_more: bool,
    /// Some price has reached 2^31 units: products of two no longer fit 64 bits.
    large: bool,
}

/// Adds a state to those of its kind.
fn add<T>(states: &mut Vec<T>, state: T) -> Slot {
    states.push(state);
    Slot(states.len() - 1)
}

impl Set {
    /// The slot of `spec`, made when it is new.
    pub fn declare(&mut self, spec: Spec) -> Slot {
        if let Some((_, slot)) = self.specs.iter().find(|(s, _)| *s == spec) {
            return *slot;
        }
        let slot = match spec {
            Spec::Sma(n) => add(&mut self.smas, Sma::new(n)),
            Spec::Ema(n) => add(&mut self.emas, Ema::new(n)),
            Spec::Rsi(n) => add(&mut self.rsis, Rsi::new(n)),
            Spec::Bollinger(n) => add(&mut self.bollingers, Bollinger::new(n)),
            Spec::Atr(n) => add(&mut self.atrs, Atr::new(n)),
            Spec::Macd(fast, slow, signal) => add(&mut self.macds, Macd::new(fast, slow, signal)),
            Spec::Listed(call) => add(&mut self.listed, call.build()),
        };
        self.has_more |= !matches!(spec, Spec::Rsi(_) | Spec::Bollinger(_) | Spec::Atr(_));
        self.specs.push((spec, slot));
        slot
    }

    /// What was declared, in that order.
    pub fn specs(&self) -> impl Iterator<Item = Spec> {
        self.specs.iter().map(|(spec, _)| *spec)
    }

    /// Takes a finished bar.
    #[inline(always)]
    pub fn update(&mut self, bar: &Bar) {
        if ((bar.high.0 | bar.low.0 | bar.close.0) as u64) >> 31 != 0 {
            self.large = true;
        }
        if self.large {
            self.update_large(bar);
        } else {
            self.update_first(bar, true);
        }
        if self.has_more {
            self.update_more(bar);
        }
    }

    /// The kinds that rules ask for most.
    #[inline(always)]
    fn update_first(&mut self, bar: &Bar, small: bool) {
        for rsi in &mut self.rsis {
            rsi.update(bar.close, small);
        }
        for bands in &mut self.bollingers {
            bands.update(bar.close, small);
        }
        for atr in &mut self.atrs {
            atr.update(bar, small);
        }
    }

    #[inline(never)]
    fn update_large(&mut self, bar: &Bar) {
        self.update_first(bar, false);
    }

    /// The kinds that are asked for less often.
    fn update_more(&mut self, bar: &Bar) {
        self.smas.iter_mut().for_each(|s| s.update(bar.close));
        self.emas.iter_mut().for_each(|s| s.update(fx(bar.close)));
        self.macds.iter_mut().for_each(|s| s.update(bar.close));
        self.listed.iter_mut().for_each(|s| define::Indicator::on_bar(s, bar));
        self.remember(bar);
    }

    /// The RSI at `slot`.
    #[inline(always)]
    pub fn rsi(&self, slot: Slot) -> &Rsi {
        &self.rsis[slot.0]
    }

    /// The Bollinger bands at `slot`.
    #[inline(always)]
    pub fn bollinger(&self, slot: Slot) -> &Bollinger {
        &self.bollingers[slot.0]
    }

    /// The ATR at `slot`.
    #[inline(always)]
    pub fn atr(&self, slot: Slot) -> &Atr {
        &self.atrs[slot.0]
    }

    /// The simple average at `slot`, once warm.
    pub fn sma(&self, slot: Slot) -> Option<Fx> {
        self.smas[slot.0].value()
    }

    /// The exponential average at `slot`, once warm.
    pub fn ema(&self, slot: Slot) -> Option<Fx> {
        self.emas[slot.0].value()
    }

    /// MACD at `slot`, once warm.
    pub fn macd(&self, slot: Slot) -> Option<MacdValue> {
        self.macds[slot.0].value()
    }
}
