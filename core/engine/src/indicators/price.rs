//! One price for a bar.

use super::define::declare::*;
use super::define::{Indicator, IndicatorDef, Input, Source};
use super::fx::Fx;
use super::moving::WMA;
use super::real::quotient;
use pinion_model::event::Bar;
use serde::{Deserialize, Serialize};

/// A weighted sum of a bar's prices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BarPrice {
    /// Of open, high, low and close.
    weights: [i64; 4],
    sum: Option<i64>,
}

impl BarPrice {
    fn new(weights: [i64; 4]) -> BarPrice {
        BarPrice { weights, sum: None }
    }
}

impl Indicator for BarPrice {
    fn on_bar(&mut self, bar: &Bar) {
        let prices = [bar.open, bar.high, bar.low, bar.close];
        self.sum = Some(prices.iter().zip(self.weights).map(|(price, weight)| price.0 * weight).sum());
    }
    fn value(&self, _: usize) -> Option<Fx> {
        quotient(self.sum?.into(), self.weights.iter().sum::<i64>().into())
    }
}

/// AVGPRICE.
pub const AVGPRICE: IndicatorDef = IndicatorDef {
    name: "AVGPRICE",
    aliases: &["OHLC4"],
    params: &[],
    inputs: &[Input::Open, Input::High, Input::Low, Input::Close],
    source: Source::TaLib("AVGPRICE"),
    doc: "Mean of open, high, low and close.",
    build: |_| BarPrice::new([1, 1, 1, 1]).into(),
    warm_up: |_| 1,
    ..WMA
};

/// MEDPRICE.
pub const MEDPRICE: IndicatorDef = IndicatorDef {
    name: "MEDPRICE",
    aliases: &["HL2"],
    inputs: HL,
    source: Source::TaLib("MEDPRICE"),
    doc: "Middle of high and low.",
    build: |_| BarPrice::new([0, 1, 1, 0]).into(),
    ..AVGPRICE
};

/// TYPPRICE.
pub const TYPPRICE: IndicatorDef = IndicatorDef {
    name: "TYPPRICE",
    aliases: &["HLC3"],
    inputs: HLC,
    source: Source::TaLib("TYPPRICE"),
    doc: "Mean of high, low and close.",
    build: |_| BarPrice::new([0, 1, 1, 1]).into(),
    ..AVGPRICE
};

/// WCLPRICE.
pub const WCLPRICE: IndicatorDef = IndicatorDef {
    name: "WCLPRICE",
    aliases: &["HLCC4"],
    inputs: HLC,
    source: Source::TaLib("WCLPRICE"),
    doc: "Mean of high, low and twice the close.",
    build: |_| BarPrice::new([0, 1, 1, 2]).into(),
    ..AVGPRICE
};
