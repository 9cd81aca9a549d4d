//! A series: the bars of one instrument cut in one way, with the indicators that rules read from them.

use crate::bars::BarBuilder;
use crate::indicators::Set;
use crate::indicators::history::Decimals;
use crate::plan::BarSpec;
use crate::rules::View;
use pinion_model::event::Bar;
use pinion_model::instrument::{Calendar, Instrument, InstrumentId};
use serde::{Deserialize, Serialize};

/// One series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// Instrument.
    pub instrument: InstrumentId,
    /// When the instrument trades.
    pub calendar: Calendar,
    /// How its bars are cut.
    pub spec: BarSpec,
    /// The bar that is being made.
    pub builder: BarBuilder,
    /// Indicators of the bars that ended.
    pub indicators: Set,
    /// Bars that ended.
    pub bars: u64,
    /// The last one.
    pub last: Bar,
    /// Length of the bars that it was fed, ns; 0 while it is made from ticks.
    pub fed_interval_ns: i64,
}

impl Series {
    /// An empty series.
    pub fn new(id: InstrumentId, instrument: &Instrument, spec: BarSpec) -> Series {
        Series {
            instrument: id,
            calendar: instrument.calendar.clone(),
            spec,
            builder: BarBuilder::new(spec),
            indicators: Set::with_decimals(Decimals {
                price: instrument.price_exponent,
                qty: instrument.qty_exponent,
            }),
            bars: 0,
            last: Bar::default(),
            fed_interval_ns: 0,
        }
    }

    /// Takes a bar that ended.
    #[inline(always)]
    pub fn push(&mut self, bar: &Bar) {
        self.indicators.update(bar);
        self.bars += 1;
        self.last = *bar;
    }

    /// Takes a shorter bar into the one that is being made; returns how many ended.
    pub fn gather(&mut self, bar: &Bar, interval_ns: i64) -> u64 {
        // A bar with a hole in it ends when the next one begins.
        let early = self.builder.roll(bar.open_ns);
        let complete = self.builder.add_bar(bar, interval_ns);
        let ended = early.iter().chain(&complete);
        ended.map(|bar| self.push(bar)).count() as u64
    }

    /// True when its bars come from trades or quotes, so that a fill falls within a bar.
    pub fn is_made_from_ticks(&self) -> bool {
        self.fed_interval_ns == 0
    }

    /// What rules see at engine time `time_ns`.
    #[inline(always)]
    pub fn view(&self, time_ns: i64) -> View<'_> {
        self.view_of(&self.last, time_ns)
    }

    /// The same with the last bar from where it came.
    #[inline(always)]
    pub fn view_of<'a>(&'a self, bar: &'a Bar, time_ns: i64) -> View<'a> {
        View {
            bar,
            bars: self.bars,
            set: &self.indicators,
            time_ns,
            cut: self.spec.cut,
            calendar: &self.calendar,
        }
    }
}
