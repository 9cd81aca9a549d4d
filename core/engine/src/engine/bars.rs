//! Finished bars from bar files: one by one, or scanned in runs where nothing but the rules looks at them.

use super::*;

impl Engine {
    /// Finished bars from a bar file, one input each. It stops after a bar on which a strategy asked for
    /// something, so that the venue hears of it, and returns how many were taken. `cursor` is the first
    /// one's.
    #[inline]
    pub fn on_bars<S: Sink>(
        &mut self,
        id: InstrumentId,
        cursor: u64,
        bars: &[Bar],
        interval_ns: i64,
        sink: &mut S,
    ) -> usize {
        let before = self.desk.activity;
        // A desk on another thread is told of every bar.
        let alone = if S::REMOTE_RISK { None } else { self.alone(id, interval_ns) };
        let mut taken = 0;
        while taken < bars.len() && self.desk.activity == before {
            if let Some((series, trader)) = alone {
                let cursor = cursor + taken as u64;
                let rest = &bars[taken..];
                taken += match self.traders[trader].is_holding() {
                    true => self.scan::<S, true>(series, trader, cursor, rest, interval_ns, sink),
                    false => self.scan::<S, false>(series, trader, cursor, rest, interval_ns, sink),
                };
                if taken == bars.len() || self.desk.activity != before {
                    break;
                }
            }
            let cursor = cursor + taken as u64;
            self.on_bar(id, cursor, &bars[taken], interval_ns, sink);
            taken += 1;
        }
        if self.desk.activity != before {
            self.note_watched(id);
        }
        taken
    }

    /// The series and the trader of an instrument that has one of each, where the series is cut as its bars
    /// are and the trader waits for nothing but its rules.
    pub(super) fn alone(&mut self, id: InstrumentId, interval_ns: i64) -> Option<(usize, usize)> {
        let place = &self.places[id.index()];
        let (&[series], &[trader]) = (&place.series[..], &place.traders[..]) else { return None };
        let direct = self.series[series].spec.cut == (BarCut::Time { interval_ns });
        if !direct || !self.desk.is_calm() || !self.traders[trader].is_settled() {
            return None;
        }
        self.series[series].fed_interval_ns = interval_ns;
        Some((series, trader))
    }

    /// Takes bars, up to the first on which the rules find something and with it. It stops before a bar that
    /// does more than move prices: one that begins a day, reaches a limit or cannot be held. Whether the
    /// trader holds something cannot change in between, and each case has a loop of its own.
    #[inline(never)]
    pub(super) fn scan<S: Sink, const HOLDING: bool>(
        &mut self,
        series: usize,
        trader: usize,
        cursor: u64,
        bars: &[Bar],
        interval_ns: i64,
        sink: &mut S,
    ) -> usize {
        let (desk, trader) = (&mut self.desk, &mut self.traders[trader]);
        let id = trader.key().1;
        // Nothing below changes what a day is or what is held.
        let day_end_ns = desk.account.next_day_ns();
        let Some(equity) = desk.portfolio.equity_line(id) else { return 0 };
        let own = &mut self.series[series];
        let (mut taken, mut found) = (0, None);
        for bar in bars {
            let time_ns = desk.now_ns.max(bar.open_ns + interval_ns);
            if time_ns >= day_end_ns || bar.high.0 > MAX_PRICE {
                break;
            }
            if (HOLDING || !equity.is_flat()) && !desk.account.absorbs(equity.at(bar.close)) {
                break;
            }
            desk.seq += 1;
            desk.now_ns = time_ns;
            if S::INPUTS {
                sink.emit(&BarBody::new(desk.seq, id, cursor + taken as u64, bar, interval_ns));
            }
            own.indicators.update(bar);
            own.bars += 1;
            taken += 1;
            let view = |_| own.view_of(bar, time_ns);
            found = if HOLDING { trader.look_for_exit(view) } else { trader.look_for_entry(view) };
            if found.is_some() {
                break;
            }
            trader.look_back(|_| own.view_of(bar, time_ns));
        }
        let Some(last) = bars[..taken].last() else { return 0 };
        own.last = *last;
        let mark = Mark { bid: last.close, ask: last.close, time_ns: desk.now_ns };
        desk.portfolio.set_mark(id, mark);
        self.inputs.events += taken as u64;
        self.inputs.bars += taken as u64;
        trader.note_seen(&self.series);
        if found.is_some() {
            trader.act(found, &self.series, desk, sink);
        }
        taken
    }

    pub(super) fn on_bar<S: Sink>(
        &mut self,
        id: InstrumentId,
        cursor: u64,
        bar: &Bar,
        interval_ns: i64,
        sink: &mut S,
    ) {
        self.inputs.events += 1;
        let seq = self.begin(bar.open_ns + interval_ns);
        if S::INPUTS {
            sink.emit(&BarBody::new(seq, id, cursor, bar, interval_ns));
        }
        self.desk.roll_day(sink);
        if bar.high.0 > MAX_PRICE {
            self.inputs.out_of_range += 1;
            return;
        }
        self.desk.trigger_held(id, bar.low, bar.high, sink);
        let mark = Mark { bid: bar.close, ask: bar.close, time_ns: self.desk.now_ns };
        self.desk.set_mark(id, mark, sink);
        for &at in &self.places[id.index()].series {
            let series = &mut self.series[at];
            series.fed_interval_ns = interval_ns;
            if series.spec.cut == (BarCut::Time { interval_ns }) {
                series.push(bar);
                self.inputs.bars += 1;
            } else {
                self.inputs.bars += series.gather(bar, interval_ns);
            }
        }
        self.run_traders(id, sink);
    }
}
