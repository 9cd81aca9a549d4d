//! How an indicator is declared, once: name, parameters, outputs, inputs, source, how it is built and how
//! long it warms up. The catalogue, the reference, the tests and the command line read the declaration.

use super::Spec;
use super::catalog::State;
use super::fx::Fx;
use crate::rules::params::ParamDef;
use pinion_model::event::{Bar, Quote, Trade};
use std::fmt;

/// Most parameters that an indicator has.
pub const MAX_PARAMS: usize = 4;

/// Longest window, in bars, quotes or trades. The bounds in the indicators' comments rest on it.
pub const MAX_PERIOD: i64 = 1000;

/// Largest volume that indicators accept, in quantity units; more counts as this much, less than nothing
/// as nothing.
pub const MAX_VOLUME: i64 = (1 << 60) - 1;

/// What every indicator does. One that reads bars ignores quotes and trades, and the other way round.
pub trait Indicator {
    /// Takes a finished bar. Prices lie within [`super::fx::MAX_PRICE`].
    fn on_bar(&mut self, _bar: &Bar) {}
    /// Takes a quote.
    fn on_quote(&mut self, _quote: &Quote) {}
    /// Takes a trade.
    fn on_trade(&mut self, _trade: &Trade) {}
    /// The output of this number, in the order of the declaration; `None` until it is warm, and where the
    /// declaration says so.
    fn value(&self, output: usize) -> Option<Fx>;
}

/// What an indicator reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// First price of a bar.
    Open,
    /// Highest price of a bar.
    High,
    /// Lowest price of a bar.
    Low,
    /// Last price of a bar.
    Close,
    /// Volume of a bar.
    Volume,
    /// Start time of a bar.
    Time,
    /// Best bid and offer.
    Quote,
    /// Trades.
    Trade,
}

impl Input {
    /// The input's name in lists.
    pub fn name(self) -> &'static str {
        match self {
            Input::Open => "open",
            Input::High => "high",
            Input::Low => "low",
            Input::Close => "close",
            Input::Volume => "volume",
            Input::Time => "time",
            Input::Quote => "quote",
            Input::Trade => "trade",
        }
    }
}

/// What the number of an output means. Every output is an [`Fx`]: a plain number with 32 binary decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Price units, on the scale of prices.
    Price,
    /// Price units, as a distance or a change.
    PriceChange,
    /// Price units squared.
    PriceSquared,
    /// Quantity units.
    Volume,
    /// Price units times quantity units.
    PriceVolume,
    /// Price units squared over quantity units.
    PriceSquaredPerVolume,
    /// Of a hundred.
    Percent,
    /// Ten-thousandths.
    BasisPoints,
    /// Of one, or a plain number.
    Number,
    /// Degrees.
    Degrees,
    /// A count or a number of bars.
    Bars,
    /// 1 up, -1 down.
    Direction,
}

impl Unit {
    /// The unit's name in lists.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Price => "price",
            Unit::PriceChange => "price change",
            Unit::PriceSquared => "price squared",
            Unit::Volume => "volume",
            Unit::PriceVolume => "price x volume",
            Unit::PriceSquaredPerVolume => "price squared / volume",
            Unit::Percent => "percent",
            Unit::BasisPoints => "basis points",
            Unit::Number => "number",
            Unit::Degrees => "degrees",
            Unit::Bars => "bars",
            Unit::Direction => "direction",
        }
    }
}

impl Unit {
    /// How many decimals a number of this unit has on an instrument whose price unit is `10^-price` and
    /// whose quantity unit is `10^-qty`: an output of 12,345 price units with two decimals is 123.45.
    pub fn decimals(self, price: u8, qty: u8) -> i32 {
        let (price, qty) = (i32::from(price), i32::from(qty));
        match self {
            Unit::Price | Unit::PriceChange => price,
            Unit::PriceSquared => 2 * price,
            Unit::Volume => qty,
            Unit::PriceVolume => price + qty,
            Unit::PriceSquaredPerVolume => 2 * price - qty,
            Unit::Percent | Unit::BasisPoints | Unit::Number | Unit::Degrees => 0,
            Unit::Bars | Unit::Direction => 0,
        }
    }
}

/// One output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// Name, unique within the indicator.
    pub name: &'static str,
    /// Unit.
    pub unit: Unit,
    /// How it is drawn.
    pub drawn: Drawn,
}

/// How an output is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawn {
    /// As a line.
    Line,
    /// As bars from zero.
    Bars,
    /// As a line moved back in time by as many bars as the parameter of this number says.
    LineBack(usize),
}

/// Where the formula comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// TA-Lib's function of this name, with the same parameters in the same order (its moving-average
    /// types left at their defaults) and the same outputs in the same order, of which ours may have more.
    TaLib(&'static str),
    /// A publication or a convention, as the text says.
    Text(&'static str),
}

/// An indicator of the catalogue.
pub struct IndicatorDef {
    /// Canonical name, upper case.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// Parameters.
    pub params: &'static [ParamDef],
    /// Outputs.
    pub outputs: &'static [Output],
    /// What it reads.
    pub inputs: &'static [Input],
    /// Where the formula comes from.
    pub source: Source,
    /// What it is and what it gives where its formula has no answer, one to three sentences.
    pub doc: &'static str,
    /// A fresh one, of parameters that a [`Call`](super::call::Call) has checked.
    pub build: fn(&[i64]) -> State,
    /// Bars, quotes or trades until the first output has a value.
    pub warm_up: fn(&[i64]) -> usize,
    /// The form in which rules read it too, where they do.
    pub shared: Option<fn(&[i64]) -> Spec>,
}

impl fmt::Debug for IndicatorDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for IndicatorDef {
    fn eq(&self, other: &IndicatorDef) -> bool {
        self.name == other.name
    }
}

impl IndicatorDef {
    /// True for what is made of bars; the others follow quotes or trades.
    pub fn reads_bars(&self) -> bool {
        !self.inputs.iter().any(|i| matches!(i, Input::Quote | Input::Trade))
    }

    /// The number of the output of this name.
    pub fn output(&self, name: &str) -> Option<usize> {
        self.outputs.iter().position(|o| o.name == name)
    }
}

/// A volume within [`MAX_VOLUME`].
#[inline]
pub(super) fn volume(bar: &Bar) -> i64 {
    bar.volume.0.clamp(0, MAX_VOLUME)
}

/// Shorthands for declarations.
pub(super) mod declare {
    use super::{Drawn, Input, MAX_PERIOD, Output, ParamDef, Unit};
    pub(in super::super) use crate::rules::params::{int, ratio};

    /// A number of bars, at least `min`.
    pub(in super::super) const fn bars(name: &'static str, default: i64, min: i64) -> ParamDef {
        int(name, default, min, MAX_PERIOD, "bars", "Length of the window or of the average.")
    }

    /// The usual single parameter.
    pub(in super::super) const fn period(default: i64, min: i64) -> ParamDef {
        bars("period", default, min)
    }

    pub(in super::super) const fn output(name: &'static str, unit: Unit) -> Output {
        Output { name, unit, drawn: Drawn::Line }
    }

    pub(in super::super) const CLOSE: &[Input] = &[Input::Close];
    pub(in super::super) const HL: &[Input] = &[Input::High, Input::Low];
    pub(in super::super) const HLC: &[Input] = &[Input::High, Input::Low, Input::Close];
    pub(in super::super) const CV: &[Input] = &[Input::Close, Input::Volume];
    pub(in super::super) const HLCV: &[Input] = &[Input::High, Input::Low, Input::Close, Input::Volume];

    pub(in super::super) const PRICE: &[Output] = &[output("value", Unit::Price)];
    pub(in super::super) const CHANGE: &[Output] = &[output("value", Unit::PriceChange)];
    pub(in super::super) const PERCENT: &[Output] = &[output("value", Unit::Percent)];
    pub(in super::super) const NUMBER: &[Output] = &[output("value", Unit::Number)];
}
