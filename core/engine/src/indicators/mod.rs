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
pub mod extremes;
pub mod force;
mod functions;
pub mod fx;
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

    fn build(self) -> State {
        match self {
            Spec::Sma(n) => State::Sma(Sma::new(n)),
            Spec::Ema(n) => State::Ema(Ema::new(n)),
            Spec::Rsi(n) => State::Rsi(Rsi::new(n)),
            Spec::Bollinger(n) => State::Bollinger(Bollinger::new(n)),
            Spec::Atr(n) => State::Atr(Atr::new(n)),
            Spec::Macd(fast, slow, signal) => State::Macd(Box::new(Macd::new(fast, slow, signal))),
            Spec::Listed(call) => State::Listed(call.build()),
        }
    }
}

/// Place of an indicator in its [`Set`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot(usize);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Sma(Sma),
    Ema(Ema),
    Rsi(Rsi),
    Bollinger(Bollinger),
    Atr(Atr),
    Macd(Box<Macd>),
    Listed(catalog::State),
}

/// The indicators of one series of bars.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Set {
    specs: Vec<Spec>,
    states: Vec<State>,
}

macro_rules! getter {
    ($(#[$doc:meta])* $name:ident -> $variant:ident($ty:ty)) => {
        $(#[$doc])*
        #[inline]
        pub fn $name(&self, slot: Slot) -> &$ty {
            match &self.states[slot.0] {
                State::$variant(state) => state,
                other => unreachable!("the slot was made for another indicator: {other:?}"),
            }
        }
    };
}

impl Set {
    /// The slot of `spec`, made when it is new.
    pub fn declare(&mut self, spec: Spec) -> Slot {
        if let Some(at) = self.specs.iter().position(|s| *s == spec) {
            return Slot(at);
        }
        self.specs.push(spec);
        self.states.push(spec.build());
        Slot(self.specs.len() - 1)
    }

    /// What was declared, in the order of the slots.
    pub fn specs(&self) -> &[Spec] {
        &self.specs
    }

    /// Takes a finished bar.
    #[inline]
    pub fn update(&mut self, bar: &Bar) {
        for state in &mut self.states {
            match state {
                State::Sma(s) => s.update(bar.close),
                State::Ema(s) => s.update(fx(bar.close)),
                State::Rsi(s) => s.update(bar.close),
                State::Bollinger(s) => s.update(bar.close),
                State::Atr(s) => s.update(bar),
                State::Macd(s) => s.update(bar.close),
                State::Listed(s) => define::Indicator::on_bar(s, bar),
            }
        }
    }

    getter! {
        /// The RSI at `slot`.
        rsi -> Rsi(Rsi)
    }
    getter! {
        /// The Bollinger bands at `slot`.
        bollinger -> Bollinger(Bollinger)
    }
    getter! {
        /// The ATR at `slot`.
        atr -> Atr(Atr)
    }

    /// The simple average at `slot`, once warm.
    pub fn sma(&self, slot: Slot) -> Option<Fx> {
        match &self.states[slot.0] {
            State::Sma(s) => s.value(),
            _ => None,
        }
    }

    /// The exponential average at `slot`, once warm.
    pub fn ema(&self, slot: Slot) -> Option<Fx> {
        match &self.states[slot.0] {
            State::Ema(s) => s.value(),
            _ => None,
        }
    }

    /// MACD at `slot`, once warm.
    pub fn macd(&self, slot: Slot) -> Option<MacdValue> {
        match &self.states[slot.0] {
            State::Macd(s) => s.value(),
            _ => None,
        }
    }
}
