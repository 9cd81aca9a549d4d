//! Bars from trades, quotes or shorter bars, without look-ahead.
//!
//! A time bar covers `[start, start + interval)` of venue time (receive time where the venue gives
//! none), aligned to 1970-01-01 UTC. It ends when something of a later interval arrives, or when the
//! engine's timer passes its end plus `close_delay_ns`. What arrives for an ended bar is counted as
//! late, not applied. An interval in which nothing traded has no bar.

use crate::plan::{BarCut, BarSpec};
use pinion_model::event::Bar;
use pinion_model::number::{Price, Qty};
use serde::{Deserialize, Serialize};

/// Builds the bars of one series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BarBuilder {
    cut: BarCut,
    close_delay_ns: i64,
    bar: Bar,
    /// Things in the open bar; 0 when none is open.
    items: u32,
    /// Interval of the open bar, or of the last one: `[start_ns, end_ns)`.
    start_ns: i64,
    end_ns: i64,
    late: u64,
}

impl BarBuilder {
    /// A builder with no open bar.
    pub fn new(spec: BarSpec) -> BarBuilder {
        BarBuilder {
            cut: spec.cut,
            close_delay_ns: spec.close_delay_ns,
            bar: Bar::default(),
            items: 0,
            start_ns: i64::MIN,
            end_ns: i64::MIN,
            late: 0,
        }
    }

    /// Things that came after their bar had ended.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// When the open bar ends if nothing else happens, engine time in ns; `i64::MAX` without a bar that
    /// ends by the clock.
    #[inline]
    pub fn deadline_ns(&self) -> i64 {
        match self.cut {
            BarCut::Time { .. } if self.items > 0 => self.end_ns.saturating_add(self.close_delay_ns),
            _ => i64::MAX,
        }
    }

    /// Ends the open bar if something at `time_ns` belongs to a later one. Call it before `add`.
    #[inline]
    pub fn roll(&mut self, time_ns: i64) -> Option<Bar> {
        if self.items > 0 && time_ns >= self.end_ns && matches!(self.cut, BarCut::Time { .. }) {
            return self.finish();
        }
        None
    }

    /// The clock reached `now_ns`.
    pub fn on_timer(&mut self, now_ns: i64) -> Option<Bar> {
        if now_ns >= self.deadline_ns() { self.finish() } else { None }
    }

    /// True when a price at `time_ns` is one more of the open time bar: it ends nothing and opens nothing.
    #[inline(always)]
    pub fn absorbs(&self, time_ns: i64) -> bool {
        self.items > 0
            && self.start_ns <= time_ns
            && time_ns < self.end_ns
            && matches!(self.cut, BarCut::Time { .. })
    }

    /// One more price of the open time bar. Only where [`BarBuilder::absorbs`] says so.
    #[inline(always)]
    pub fn absorb(&mut self, price: Price, qty: Qty) {
        self.bar.high = self.bar.high.max(price);
        self.bar.low = self.bar.low.min(price);
        self.bar.close = price;
        self.bar.volume += qty;
        self.items = self.items.saturating_add(1);
    }

    /// Adds a price; returns the bar that it completes (tick and volume bars).
    pub fn add(&mut self, time_ns: i64, price: Price, qty: Qty) -> Option<Bar> {
        self.add_bar(
            &Bar { open_ns: time_ns, open: price, high: price, low: price, close: price, volume: qty },
            0,
        )
    }

    /// Adds a shorter bar of `interval_ns`; returns the bar that it completes.
    pub fn add_bar(&mut self, part: &Bar, interval_ns: i64) -> Option<Bar> {
        if self.items == 0 {
            if !self.open(part.open_ns) {
                self.late += 1;
                return None;
            }
            self.bar = Bar { open_ns: self.start_ns, ..*part };
        } else {
            if part.open_ns < self.start_ns {
                self.late += 1;
                return None;
            }
            self.bar.high = self.bar.high.max(part.high);
            self.bar.low = self.bar.low.min(part.low);
            self.bar.close = part.close;
            self.bar.volume += part.volume;
        }
        self.items = self.items.saturating_add(1);
        let complete = match self.cut {
            BarCut::Time { .. } => interval_ns > 0 && part.open_ns + interval_ns >= self.end_ns,
            BarCut::Ticks { count } => self.items >= count,
            BarCut::Volume { qty } => self.bar.volume >= qty,
        };
        if complete { self.finish() } else { None }
    }

    /// Finds the interval of a new bar; false when it has ended already.
    fn open(&mut self, time_ns: i64) -> bool {
        match self.cut {
            BarCut::Time { interval_ns } => {
                let start_ns = time_ns.div_euclid(interval_ns) * interval_ns;
                if start_ns < self.end_ns {
                    return false;
                }
                self.start_ns = start_ns;
                self.end_ns = start_ns + interval_ns;
            }
            BarCut::Ticks { .. } | BarCut::Volume { .. } => self.start_ns = time_ns,
        }
        true
    }

    /// Ends the open bar, for the last one of a file.
    pub fn finish(&mut self) -> Option<Bar> {
        if self.items == 0 {
            return None;
        }
        self.items = 0;
        Some(self.bar)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::BarSource;

    fn builder(cut: BarCut) -> BarBuilder {
        BarBuilder::new(BarSpec { cut, source: BarSource::Trades, close_delay_ns: 5 })
    }

    fn feed(b: &mut BarBuilder, time_ns: i64, price: i64) -> Option<Bar> {
        let ended = b.roll(time_ns);
        let completed = b.add(time_ns, Price(price), Qty(1));
        assert!(ended.is_none() || completed.is_none());
        ended.or(completed)
    }

    #[test]
    fn a_later_price_ends_a_time_bar_and_opens_the_next() {
        let mut b = builder(BarCut::Time { interval_ns: 60 });
        assert_eq!(feed(&mut b, 61, 10), None);
        assert_eq!(feed(&mut b, 119, 8), None);
        let bar = feed(&mut b, 240, 9).unwrap();
        assert_eq!(
            (bar.open_ns, bar.open, bar.low, bar.close, bar.volume),
            (60, Price(10), Price(8), Price(8), Qty(2))
        );
        assert_eq!(b.deadline_ns(), 305, "the empty intervals between have no bar");
    }

    #[test]
    fn the_timer_waits_for_late_trades_and_what_is_later_still_is_counted() {
        let mut b = builder(BarCut::Time { interval_ns: 60 });
        feed(&mut b, 10, 1);
        assert_eq!(b.on_timer(64), None);
        feed(&mut b, 59, 3);
        assert_eq!(b.on_timer(65).unwrap().close, Price(3));
        assert_eq!(feed(&mut b, 59, 9), None);
        assert_eq!((b.late(), b.deadline_ns()), (1, i64::MAX));
    }

    #[test]
    fn tick_and_volume_bars_end_by_count_and_volume() {
        let mut ticks = builder(BarCut::Ticks { count: 3 });
        assert!(
            feed(&mut ticks, 1, 1).is_none()
                && feed(&mut ticks, 2, 1).is_none()
                && feed(&mut ticks, 3, 1).is_some()
        );
        let mut volume = builder(BarCut::Volume { qty: Qty(2) });
        assert!(feed(&mut volume, 1, 1).is_none() && feed(&mut volume, 1, 1).is_some());
    }

    #[test]
    fn shorter_bars_complete_a_longer_one_without_waiting_for_the_next() {
        let mut b = builder(BarCut::Time { interval_ns: 120 });
        let part = |open_ns, close| Bar {
            open_ns,
            open: Price(1),
            high: Price(9),
            low: Price(1),
            close: Price(close),
            volume: Qty(1),
        };
        assert_eq!(b.add_bar(&part(0, 2), 60), None);
        assert_eq!(b.add_bar(&part(60, 3), 60).unwrap().close, Price(3));
        assert_eq!(b.add_bar(&part(120, 2), 60), None);
        assert_eq!(b.roll(240).unwrap().volume, Qty(1), "its second half is missing");
    }

    #[test]
    fn a_restored_builder_continues_identically() {
        let mut b = builder(BarCut::Time { interval_ns: 60 });
        assert!((0..100).filter_map(|i| feed(&mut b, i * 7, i % 13)).count() > 5);
        let mut copy: BarBuilder = postcard::from_bytes(&postcard::to_stdvec(&b).unwrap()).unwrap();
        assert!((100..300).all(|i| feed(&mut b, i * 7, i % 17) == feed(&mut copy, i * 7, i % 17)));
    }
}
