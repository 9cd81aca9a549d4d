//! Ticks into the series of bars that are made from them, and the strategies that wait for those.

use super::*;

impl Engine {
    /// True when something at `time_ns` is one more price of every open bar that it belongs to: no bar
    /// ends or begins by it.
    #[inline(always)]
    pub(super) fn absorbs(&self, id: InstrumentId, time_ns: i64, trades: bool) -> bool {
        self.places[id.index()].series.iter().all(|&at| {
            let series = &self.series[at];
            (series.spec.source == BarSource::Trades) != trades || series.builder.absorbs(time_ns)
        })
    }

    /// Ends the bars that something at `time_ns` comes after.
    pub(super) fn roll_series<S: Sink>(
        &mut self,
        id: InstrumentId,
        time_ns: i64,
        trades: bool,
        sink: &mut S,
    ) {
        let mut ended = false;
        for &at in &self.places[id.index()].series {
            let series = &mut self.series[at];
            if (series.spec.source == BarSource::Trades) != trades {
                continue;
            }
            if let Some(bar) = series.builder.roll(time_ns) {
                series.push(&bar);
                self.inputs.bars += 1;
                ended = true;
            }
        }
        if ended {
            self.run_traders(id, sink);
            self.find_deadline();
        }
    }

    /// Adds a price to the series that are made from it.
    #[inline(always)]
    pub(super) fn add_to_series<S: Sink>(
        &mut self,
        id: InstrumentId,
        time_ns: i64,
        qty: Qty,
        usual: bool,
        price_of: impl Fn(BarSource) -> Option<Price>,
        sink: &mut S,
    ) {
        let place = &self.places[id.index()];
        if place.watched {
            for &t in &place.traders {
                let trader = &mut self.traders[t];
                if let Some(price) = price_of(self.series[trader.series].spec.source) {
                    trader.on_price(price);
                }
            }
        }
        if !usual {
            return self.add_slowly(id, time_ns, qty, price_of, sink);
        }
        for &at in &place.series {
            let series = &mut self.series[at];
            if let Some(price) = price_of(series.spec.source) {
                series.builder.absorb(price, qty);
            }
        }
    }

    #[inline(never)]
    pub(super) fn add_slowly<S: Sink>(
        &mut self,
        id: InstrumentId,
        time_ns: i64,
        qty: Qty,
        price_of: impl Fn(BarSource) -> Option<Price>,
        sink: &mut S,
    ) {
        let mut ended = false;
        for &at in &self.places[id.index()].series {
            let series = &mut self.series[at];
            let Some(price) = price_of(series.spec.source) else { continue };
            if let Some(bar) = series.builder.add(time_ns, price, qty) {
                series.push(&bar);
                self.inputs.bars += 1;
                ended = true;
            }
            self.next_deadline_ns = self.next_deadline_ns.min(series.builder.deadline_ns());
        }
        if ended {
            self.run_traders(id, sink);
        }
    }

    /// Lets the strategies decide whose series ended a bar that they have not seen, after all series of
    /// the instrument took theirs.
    #[inline(always)]
    pub(super) fn run_traders<S: Sink>(&mut self, id: InstrumentId, sink: &mut S) {
        let mut watched = false;
        for &at in &self.places[id.index()].traders {
            let trader = &mut self.traders[at];
            if trader.has_news(&self.series) {
                trader.on_bar(&self.series, &mut self.desk, sink);
            }
            watched |= trader.watches();
        }
        self.places[id.index()].watched = watched;
    }

    /// Call after a trader may have begun or stopped to look at prices between bars.
    pub(super) fn note_watched(&mut self, id: InstrumentId) {
        let place = &mut self.places[id.index()];
        place.watched = place.traders.iter().any(|&t| self.traders[t].watches());
    }

    pub(super) fn find_deadline(&mut self) {
        self.next_deadline_ns = self.series.iter().map(|s| s.builder.deadline_ns()).min().unwrap_or(i64::MAX);
    }
}
