//! What prices and indicators were some bars ago: rings that are sized when rules are compiled.

use super::Set;
use super::define::volume;
use super::fx::{Fx, fx};
use super::shared::Reading;
use pinion_model::event::Bar;
use pinion_model::number::Price;
use serde::{Deserialize, Serialize};

/// A number of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BarValue {
    /// First price.
    Open,
    /// Highest price.
    High,
    /// Lowest price.
    Low,
    /// Last price.
    Close,
    /// Volume, in quantity units.
    Volume,
}

impl BarValue {
    /// The number in price or quantity units.
    #[inline(always)]
    pub fn units(self, bar: &Bar) -> i64 {
        match self {
            BarValue::Open => bar.open.0,
            BarValue::High => bar.high.0,
            BarValue::Low => bar.low.0,
            BarValue::Close => bar.close.0,
            BarValue::Volume => volume(bar),
        }
    }

    /// The number as indicators have it.
    #[inline(always)]
    pub fn of(self, bar: &Bar) -> Fx {
        fx(Price(self.units(bar)))
    }
}

/// Whose history is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// Of a number of the bars.
    Bar(BarValue),
    /// Of an output of an indicator.
    Output(Reading, usize),
}

/// Decimals of the prices and quantities of a series, for numbers that people write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decimals {
    /// Of prices.
    pub price: u8,
    /// Of quantities.
    pub qty: u8,
}

/// The last values of one source, the newest at `at`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct History {
    source: Source,
    ring: Vec<Option<Fx>>,
    at: usize,
}

/// Place of a history in a [`Set`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past(u16);

impl Set {
    /// An empty set for a series with these decimals.
    pub fn with_decimals(decimals: Decimals) -> Set {
        Set { decimals, ..Set::default() }
    }

    /// Decimals of the series.
    pub fn decimals(&self) -> Decimals {
        self.decimals
    }

    /// Keeps the last `back` values of a source and the current one. For use before the first bar.
    pub fn keep(&mut self, source: Source, back: usize) -> Past {
        self.has_more = true;
        let at = self.histories.iter().position(|h| h.source == source).unwrap_or(self.histories.len());
        if at == self.histories.len() {
            self.histories.push(History { source, ring: Vec::new(), at: 0 });
        }
        let ring = &mut self.histories[at].ring;
        ring.resize(ring.len().max(back + 1), None);
        // A rule has at most a few hundred sources, and a series a few rules.
        Past(u16::try_from(at).unwrap_or(u16::MAX))
    }

    /// The value `back` bars ago, no more than what is kept.
    #[inline]
    pub fn past(&self, past: Past, back: usize) -> Option<Fx> {
        let History { ring, at, .. } = &self.histories[usize::from(past.0)];
        let at = if *at >= back { at - back } else { at + ring.len() - back };
        ring[at]
    }

    /// The highest or the lowest of `bars` values of which the newest is `back` bars old; `None` while one of
    /// them is missing.
    pub fn extreme(&self, past: Past, back: usize, bars: usize, highest: bool) -> Option<Fx> {
        let History { ring, at, .. } = &self.histories[usize::from(past.0)];
        let newest = (at + ring.len() - back) % ring.len();
        // Backwards from the newest: down to the front of the ring, then from its end.
        let (front, behind) = (ring[..=newest].iter().rev(), ring[newest + 1..].iter().rev());
        let mut values = front.chain(behind).take(bars);
        let first = (*values.next()?)?;
        values.try_fold(first, |best, value| {
            let value = (*value)?;
            Some(if highest { best.max(value) } else { best.min(value) })
        })
    }

    /// Takes the values of a bar that the indicators have seen.
    pub(super) fn remember(&mut self, bar: &Bar) {
        for i in 0..self.histories.len() {
            let value = match self.histories[i].source {
                Source::Bar(value) => Some(value.of(bar)),
                Source::Output(reading, output) => self.signal(reading, output),
            };
            let History { ring, at, .. } = &mut self.histories[i];
            *at = if *at + 1 == ring.len() { 0 } else { *at + 1 };
            ring[*at] = value;
        }
    }
}
