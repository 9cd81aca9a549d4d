//! One strategy in one instrument: when to enter, when to leave, and the protection in between.
//!
//! It evaluates its rules when a bar of its series has ended, never before. Entries are looked for only
//! when it is flat with nothing working. An exit that was decided stays decided until the position is
//! closed: a refused or partly filled exit is sent again for what is left.

use crate::desk::{Desk, Origin, Update};
use crate::indicators::fx::{Fx, price_ceil, price_floor};
use crate::orders::table::Order;
use crate::plan::{BarCut, BarSpec, Combine, Direction, EntryOrder, Protection, Sizing, StrategyPlan};
use crate::portfolio::Applied;
use crate::portfolio::position::Position;
use crate::risk::Request;
use crate::rules::{Arming, EntryRule, ExitRule, ExitSignal, Holding, Noted, Oriented, View};
use crate::series::Series;
use crate::sink::Sink;
use pinion_model::body::PositionBody;
use pinion_model::event::Bar;
use pinion_model::instrument::InstrumentId;
use pinion_model::number::{Money, Price, Qty, Ratio};
use pinion_model::order::*;
use serde::{Deserialize, Serialize};

/// How long a refused exit waits before it is sent again, ns of engine time.
const EXIT_RETRY_NS: i64 = 1_000_000_000;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    series: usize,
    rule: EntryRule,
    weight: Ratio,
    /// Bars of its series that had ended when its last accepted entry was signalled.
    last_entry: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Exit {
    series: usize,
    rule: ExitRule,
    weight: Ratio,
    /// The series of longer bars that the rule reads beside its own.
    longer: Option<usize>,
}

impl Entry {
    #[inline(always)]
    fn fires(&self, side: Side, view: &View<'_>) -> bool {
        self.rule.fires(side, view, self.last_entry.map(|last| view.bars - last))
    }
}

impl Exit {
    /// `since_fill` are the best and worst price since the fill, where it happened within this bar: what
    /// traded before is no part of "since entry".
    #[inline(always)]
    fn on_bar(
        &mut self,
        holding: &Holding,
        since_fill: Option<(Price, Price)>,
        view: &View<'_>,
    ) -> Option<ExitSignal> {
        let bar = match since_fill {
            None => Oriented::new(holding.side, view.bar),
            Some((high, low)) => {
                let close = view.bar.close;
                let bar = Bar { high: high.max(close), low: low.min(close), ..*view.bar };
                Oriented::new(holding.side, &bar)
            }
        };
        self.rule.on_bar(holding, &bar, view)
    }
}

/// An exit that was decided and is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Closing {
    reason: Reason,
    rule: u16,
    retry_ns: i64,
}

/// What the rules of a strategy ask for at the end of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// An entry, named after one of the entry rules.
    Entry {
        /// Side.
        side: Side,
        /// Place in the list of entries.
        rule: usize,
    },
    /// An exit, of all or of a part.
    Exit {
        /// Place in the list of exits.
        rule: usize,
        /// What it said.
        signal: ExitSignal,
    },
}

/// A resting protective order and the level that it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Resting {
    order: u64,
    level: Price,
}

/// A finished trade, for reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeStats {
    /// Trades, flat to flat.
    pub trades: u64,
    /// With a net profit.
    pub wins: u64,
    /// With a net loss; a trade that nets zero is neither.
    pub losses: u64,
    /// Sum of net profits, settlement currency.
    pub gross_profit: Money,
    /// Sum of net losses, as a positive amount.
    pub gross_loss: Money,
    /// Trades that left a remainder too small to sell.
    pub dust: u64,
}

/// A strategy's state in one instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trader {
    strategy: u16,
    instrument: InstrumentId,
    /// Series on whose bars it decides.
    pub series: usize,
    /// Bars of it that were looked at.
    bars_seen: u64,
    direction: Direction,
    entries: Vec<Entry>,
    combine_entries: Combine,
    exits: Vec<Exit>,
    combine_exits: Combine,
    sizing: Sizing,
    entry_order: EntryOrder,
    protection: Protection,
    /// Some exit keeps its levels by resting orders.
    rests: bool,
    /// Some rule compares a bar with the one before.
    looks_back: bool,
    /// Some exit reads longer bars beside its own.
    looks_longer: bool,
    position: Position,
    holding: Option<Holding>,
    /// Best and worst price since the fill, while the bar of the fill is being made from ticks.
    since_fill: Option<(Price, Price)>,
    trade_net: Money,
    entry: Option<u64>,
    entry_age_bars: u32,
    exit: Option<u64>,
    /// The exit rule whose partial target `exit` closes.
    part: Option<usize>,
    stop: Option<Resting>,
    target: Option<Resting>,
    closing: Option<Closing>,
    /// Finished trades.
    pub stats: TradeStats,
}

impl Trader {
    /// Compiles a strategy for one instrument; `series_of` finds or makes the series of a bar spec.
    pub fn compile(
        strategy: u16,
        plan: &StrategyPlan,
        instrument: InstrumentId,
        series: &mut Vec<Series>,
        series_of: impl Fn(&mut Vec<Series>, InstrumentId, BarSpec) -> usize,
    ) -> Result<Trader, crate::EngineError> {
        let own = series_of(series, instrument, plan.bars);
        let mut place = |bars: Option<BarSpec>| bars.map_or(own, |bars| series_of(series, instrument, bars));
        let places: Vec<usize> = plan.entries.iter().chain(&plan.exits).map(|r| place(r.bars)).collect();
        let (for_entries, for_exits) = places.split_at(plan.entries.len());
        let mut entries = Vec::with_capacity(plan.entries.len());
        for (spec, &at) in plan.entries.iter().zip(for_entries) {
            let rule = EntryRule::compile(spec, &mut series[at].indicators)?;
            entries.push(Entry { series: at, rule, weight: spec.weight, last_entry: None });
        }
        let mut exits = Vec::with_capacity(plan.exits.len());
        for (spec, &at) in plan.exits.iter().zip(for_exits) {
            let mut rule = ExitRule::compile(spec, &mut series[at].indicators)?;
            let longer = crate::rules::longer_bars_of(spec).map(|interval_ns| {
                let bars = BarSpec { cut: BarCut::Time { interval_ns }, ..spec.bars.unwrap_or(plan.bars) };
                series_of(series, instrument, bars)
            });
            if let Some(longer) = longer {
                rule.declare_longer(&mut series[longer].indicators);
            }
            exits.push(Exit { series: at, rule, weight: spec.weight, longer });
        }
        Ok(Trader {
            looks_back: entries.iter().any(|e| e.rule.looks_back())
                || exits.iter().any(|e| e.rule.looks_back()),
            looks_longer: exits.iter().any(|e| e.longer.is_some()),
            strategy,
            instrument,
            series: own,
            bars_seen: 0,
            direction: plan.direction,
            entries,
            combine_entries: plan.combine_entries,
            exits,
            combine_exits: plan.combine_exits,
            sizing: plan.sizing,
            entry_order: plan.entry_order,
            protection: plan.protection,
            rests: plan.exits.iter().any(crate::rules::is_intrabar),
            position: Position::default(),
            holding: None,
            since_fill: None,
            trade_net: Money::ZERO,
            entry: None,
            entry_age_bars: 0,
            exit: None,
            part: None,
            stop: None,
            target: None,
            closing: None,
            stats: TradeStats::default(),
        })
    }

    /// Strategy and instrument.
    pub fn key(&self) -> (u16, InstrumentId) {
        (self.strategy, self.instrument)
    }

    /// The strategy's own position.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// A price traded or was quoted; remembered only within the bar of an entry's fill.
    #[inline]
    pub fn on_price(&mut self, price: Price) {
        if let Some((high, low)) = &mut self.since_fill {
            *high = (*high).max(price);
            *low = (*low).min(price);
        }
    }

    /// It must see prices between bars.
    #[inline]
    pub fn watches(&self) -> bool {
        self.closing.is_some() || self.since_fill.is_some()
    }

    /// An exit was decided and is not done.
    #[inline]
    pub fn is_closing(&self) -> bool {
        self.closing.is_some()
    }

    /// A bar of the strategy's series ended since it last decided.
    #[inline(always)]
    pub fn has_news(&self, series: &[Series]) -> bool {
        series[self.series].bars != self.bars_seen
    }

    /// A bar of the strategy's series ended.
    #[inline]
    pub fn on_bar<S: Sink>(&mut self, series: &[Series], desk: &mut Desk, sink: &mut S) {
        let now_ns = desk.now_ns;
        if self.looks_longer {
            for exit in &mut self.exits {
                exit.longer.iter().for_each(|&at| exit.rule.see_longer(&series[at].indicators));
            }
        }
        let found = if desk.level < 4 { self.look(|at| series[at].view(now_ns)) } else { None };
        self.act(found, series, desk, sink);
    }

    /// Nothing of its orders is open: until its rules find something, a bar changes nothing but them.
    #[inline]
    pub fn is_settled(&self) -> bool {
        self.entry.is_none() && self.exit.is_none() && self.closing.is_none() && !self.rests
    }

    /// The bars that ended so far were looked at.
    #[inline]
    pub fn note_seen(&mut self, series: &[Series]) {
        self.bars_seen = series[self.series].bars;
    }

    /// It has a position.
    #[inline]
    pub fn is_holding(&self) -> bool {
        self.holding.is_some()
    }

    /// What the rules say about the bar that just ended; `view` gives what they see of a series.
    #[inline]
    fn look<'a>(&mut self, view: impl Fn(usize) -> View<'a>) -> Option<Found> {
        if self.holding.is_some() {
            self.look_for_exit(view)
        } else if self.entry.is_none() && self.closing.is_none() {
            self.look_for_entry(view)
        } else {
            None
        }
    }

    /// Does what the bar that just ended asks for.
    #[inline]
    pub fn act<S: Sink>(&mut self, found: Option<Found>, series: &[Series], desk: &mut Desk, sink: &mut S) {
        self.note_seen(series);
        if desk.level < 4 {
            match found {
                Some(Found::Entry { side, rule }) => self.enter(side, rule, series, desk, sink),
                Some(Found::Exit { rule, signal }) => self.leave(rule, signal, series, desk, sink),
                None => {}
            }
            if self.closing.is_some() {
                self.pursue_close(series, desk, sink);
            } else if self.rests && self.holding.is_some() {
                self.protect(series, desk, sink);
            }
            if self.entry.is_some() {
                self.age_entry(desk, sink);
            }
        }
        let now_ns = desk.now_ns;
        self.look_back(|at| series[at].view(now_ns));
    }

    /// Lets rules that compare a bar with the one before remember this one.
    #[inline(always)]
    pub fn look_back<'a>(&mut self, view: impl Fn(usize) -> View<'a>) {
        if self.looks_back {
            self.remember(view);
        }
    }

    /// A call of its own: few rules look back, and the loop over bars is for those that do not.
    #[inline(never)]
    fn remember<'a>(&mut self, view: impl Fn(usize) -> View<'a>) {
        self.entries.iter_mut().for_each(|entry| entry.rule.after_bar(&view(entry.series)));
        self.exits.iter_mut().for_each(|exit| exit.rule.after_bar(&view(exit.series)));
    }

    /// What the entries say, of a trader that is flat with nothing working.
    #[inline(always)]
    pub fn look_for_entry<'a>(&self, view: impl Fn(usize) -> View<'a>) -> Option<Found> {
        let entry = |side| self.entry_signal(side, &view).map(|rule| Found::Entry { side, rule });
        match self.direction {
            Direction::Long => entry(Side::Buy),
            Direction::Short => entry(Side::Sell),
            Direction::Both => entry(Side::Buy).or_else(|| entry(Side::Sell)),
        }
    }

    /// The rule that gives the entry its name, when the list as a whole fires.
    #[inline(always)]
    fn entry_signal<'a>(&self, side: Side, view: &impl Fn(usize) -> View<'a>) -> Option<usize> {
        match &self.entries[..] {
            [] => None,
            [only] => only.fires(side, &view(only.series)).then_some(0),
            entries => self.combined(entries, side, view),
        }
    }

    fn combined<'a>(
        &self,
        entries: &[Entry],
        side: Side,
        view: &impl Fn(usize) -> View<'a>,
    ) -> Option<usize> {
        let mut fires = entries.iter().map(|entry| entry.fires(side, &view(entry.series)));
        match self.combine_entries {
            Combine::All => fires.all(|fires| fires).then_some(0),
            Combine::Any => fires.position(|fires| fires),
            Combine::Vote { at_least } => {
                let (mut first, mut votes) = (None, Ratio(0));
                for (at, (fires, entry)) in fires.zip(entries).enumerate() {
                    if fires {
                        first = first.or(Some(at));
                        votes.0 += entry.weight.0;
                    }
                }
                first.filter(|_| votes >= at_least)
            }
        }
    }

    /// The first exit that fires, when the list as a whole does.
    #[inline(always)]
    pub fn look_for_exit<'a>(&mut self, view: impl Fn(usize) -> View<'a>) -> Option<Found> {
        let holding = self.holding.as_mut()?;
        holding.bars_held += 1;
        let since_fill = self.since_fill.take();
        match &mut self.exits[..] {
            [] => None,
            [only] => {
                let signal = only.on_bar(holding, since_fill, &view(only.series))?;
                Some(Found::Exit { rule: 0, signal })
            }
            exits => {
                let (mut first, mut all, mut votes) = (None, true, Ratio(0));
                // Every rule sees every bar, whether another has fired or not.
                for (rule, exit) in exits.iter_mut().enumerate() {
                    match exit.on_bar(holding, since_fill, &view(exit.series)) {
                        Some(signal) => {
                            first = first.or(Some(Found::Exit { rule, signal }));
                            votes.0 += exit.weight.0;
                        }
                        None => all = false,
                    }
                }
                first.filter(|_| match self.combine_exits {
                    Combine::All => all,
                    Combine::Any => true,
                    Combine::Vote { at_least } => votes >= at_least,
                })
            }
        }
    }

    /// An exit rule fired.
    fn leave<S: Sink>(
        &mut self,
        rule: usize,
        signal: ExitSignal,
        series: &[Series],
        desk: &mut Desk,
        sink: &mut S,
    ) {
        if self.closing.is_some() {
            return;
        }
        match signal.share {
            None => {
                let rule = (self.entries.len() + rule) as u16;
                self.closing = Some(Closing { reason: signal.reason, rule, retry_ns: i64::MIN });
            }
            Some(share) => self.exit_part(rule, signal.reason, share, series, desk, sink),
        }
    }

    fn enter<S: Sink>(&mut self, side: Side, rule: usize, series: &[Series], desk: &mut Desk, sink: &mut S) {
        let mut nearest: Option<Fx> = None;
        for exit in &mut self.exits {
            match exit.rule.arm(&series[exit.series].view(desk.now_ns)) {
                // An exit that cannot work yet would leave the position without it.
                Arming::NotReady => return,
                Arming::NoStop => {}
                Arming::Stop(distance) => nearest = Some(nearest.map_or(distance, |n| n.min(distance))),
            }
        }
        self.exits.iter_mut().for_each(|exit| exit.rule.note_risk(nearest));
        let reference = series[self.series].last.close;
        let instrument = desk.portfolio.instrument(self.instrument);
        let (order_type, limit) = match self.entry_order {
            EntryOrder::Market => (OrderType::Market, Price::ZERO),
            EntryOrder::Limit { offset, .. } => {
                let away = reference.mul_floor(offset);
                let limit = match side {
                    Side::Buy => instrument.tick_floor(reference - away, desk.now_ns),
                    Side::Sell => instrument.tick_ceil(reference + away, desk.now_ns),
                };
                (OrderType::Limit, limit)
            }
        };
        let request = Request {
            instrument: self.instrument,
            side,
            action: Action::Enter,
            order_type,
            limit,
            trigger: Price::ZERO,
            stop_distance: nearest.map_or(Price::ZERO, price_ceil),
            sizing: self.sizing,
            qty: Qty::ZERO,
            reducible: Qty::ZERO,
        };
        let origin = Origin { strategy: self.strategy, rule: rule as u16, reason: Reason::Entry, reference };
        let entries = &self.entries;
        let explain = |desk: &Desk, note: &mut Noted| {
            // A record has room for a few values: those of the rule that names the entry come first.
            let named = std::iter::once(&entries[rule]);
            let others = entries.iter().enumerate().filter(|(at, _)| *at != rule).map(|(_, e)| e);
            named.chain(others).for_each(|e| {
                e.rule.explain(side, &series[e.series].view(desk.now_ns), note);
            });
        };
        self.entry = desk.submit(&request, origin, TimeInForce::Gtc, false, explain, sink);
        if self.entry.is_some() {
            self.entry_age_bars = 0;
            for entry in &mut self.entries {
                entry.last_entry = Some(series[entry.series].bars);
            }
        }
    }

    /// Cancels a limit entry that has waited long enough.
    fn age_entry<S: Sink>(&mut self, desk: &mut Desk, sink: &mut S) {
        let (Some(number), EntryOrder::Limit { cancel_bars, .. }) = (self.entry, self.entry_order) else {
            return;
        };
        self.entry_age_bars += 1;
        if self.entry_age_bars > cancel_bars {
            desk.cancel(number, Reason::TimeLimit, sink);
        }
    }

    fn exit_part<S: Sink>(
        &mut self,
        rule: usize,
        reason: Reason,
        share: Ratio,
        series: &[Series],
        desk: &mut Desk,
        sink: &mut S,
    ) {
        let Some(holding) = self.holding else { return };
        let part = desk.portfolio.instrument(self.instrument).lot_floor(holding.opened_qty.mul_floor(share));
        if part <= Qty::ZERO {
            self.exits[rule].rule.part_sent();
        } else if self.exit.is_none() {
            let place = (self.entries.len() + rule) as u16;
            self.exit = self.send_exit(part, reason, place, series, desk, sink);
            if self.exit.is_some() {
                self.exits[rule].rule.part_sent();
                self.part = Some(rule);
            }
        }
    }

    /// Sends what is left of a decided exit, unless it is on its way or was refused a moment ago.
    pub fn pursue_close<S: Sink>(&mut self, series: &[Series], desk: &mut Desk, sink: &mut S) {
        let Some(closing) = self.closing else { return };
        if let Some(number) = self.entry {
            desk.cancel(number, closing.reason, sink);
        }
        if self.exit.is_some() || desk.now_ns < closing.retry_ns || self.position.qty.is_zero() {
            return;
        }
        self.drop_protection(Reason::Replaced, desk, sink);
        let qty = self.position.qty.abs();
        self.closing = Some(Closing { retry_ns: desk.now_ns.saturating_add(EXIT_RETRY_NS), ..closing });
        self.exit = self.send_exit(qty, closing.reason, closing.rule, series, desk, sink);
    }

    fn send_exit<S: Sink>(
        &mut self,
        qty: Qty,
        reason: Reason,
        rule: u16,
        series: &[Series],
        desk: &mut Desk,
        sink: &mut S,
    ) -> Option<u64> {
        let at = &series[self.series];
        let origin = Origin { strategy: self.strategy, rule, reason, reference: at.last.close };
        let request = self.reducing(OrderType::Market, Action::Exit, qty);
        let exit = self.exits.get(usize::from(rule) - self.entries.len());
        let seen = self.holding.as_ref().zip(exit);
        let explain = |desk: &Desk, note: &mut Noted| {
            if let Some((holding, exit)) = seen {
                exit.rule.explain(holding, &series[exit.series].view(desk.now_ns), note);
            }
        };
        desk.submit(&request, origin, TimeInForce::Gtc, false, explain, sink)
    }

    /// A request that closes `qty` of the position.
    fn reducing(&self, order_type: OrderType, action: Action, qty: Qty) -> Request {
        Request {
            instrument: self.instrument,
            side: if self.position.qty > Qty::ZERO { Side::Sell } else { Side::Buy },
            action,
            order_type,
            limit: Price::ZERO,
            trigger: Price::ZERO,
            stop_distance: Price::ZERO,
            sizing: self.sizing,
            qty,
            reducible: self.position.qty.abs(),
        }
    }

    /// Moves the resting stop and target to where the rules want them.
    fn protect<S: Sink>(&mut self, series: &[Series], desk: &mut Desk, sink: &mut S) {
        let Some(holding) = self.holding else { return };
        let (mut stop, mut target): (Option<(Fx, usize)>, Option<Fx>) = (None, None);
        for (at, exit) in self.exits.iter().enumerate() {
            let (s, t) = exit.rule.levels();
            // The stop that is reached first, and the target that is reached first.
            stop = s.map(|s| stop.filter(|(old, _)| *old >= s).unwrap_or((s, at))).or(stop);
            target = t.map(|t| target.map_or(t, |old| old.min(t))).or(target);
        }
        let side = holding.side;
        let unoriented = |level: Fx| if side == Side::Buy { price_floor(level) } else { price_ceil(-level) };
        let instrument = desk.portfolio.instrument(self.instrument);
        let (now_ns, long) = (desk.now_ns, side == Side::Buy);
        let on_tick = |price: Price, up: bool| {
            if up { instrument.tick_ceil(price, now_ns) } else { instrument.tick_floor(price, now_ns) }
        };
        let stop = stop.map(|(level, at)| (on_tick(unoriented(level), !long), at));
        let target = target.map(|level| on_tick(unoriented(level), long));
        if let Some((level, at)) = stop {
            self.rest_stop(level, at, series, desk, sink);
        }
        if let Some(level) = target {
            self.rest_target(level, series, desk, sink);
        }
    }

    fn rest_stop<S: Sink>(
        &mut self,
        level: Price,
        rule: usize,
        series: &[Series],
        desk: &mut Desk,
        sink: &mut S,
    ) {
        if self.stop.is_some_and(|s| s.level == level && self.covers(s, desk)) {
            return;
        }
        if let Some(old) = self.stop.take() {
            desk.cancel(old.order, Reason::Replaced, sink);
        }
        let reason = self.exits[rule].rule.stop_reason();
        let request = Request {
            trigger: level,
            ..self.reducing(OrderType::Stop, Action::Protect, self.position.qty.abs())
        };
        let hold = self.protection == Protection::Engine;
        let rule = (self.entries.len() + rule) as u16;
        self.stop =
            self.rest(request, reason, rule, hold, series, desk, sink).map(|order| Resting { order, level });
    }

    fn rest_target<S: Sink>(&mut self, level: Price, series: &[Series], desk: &mut Desk, sink: &mut S) {
        if self.target.is_some_and(|t| t.level == level && self.covers(t, desk)) {
            return;
        }
        if let Some(old) = self.target.take() {
            desk.cancel(old.order, Reason::Replaced, sink);
        }
        let request = Request {
            limit: level,
            ..self.reducing(OrderType::Limit, Action::Protect, self.position.qty.abs())
        };
        let rule = self.entries.len() as u16;
        let order = self.rest(request, Reason::TakeProfit, rule, false, series, desk, sink);
        self.target = order.map(|order| Resting { order, level });
    }

    #[allow(clippy::too_many_arguments, reason = "one call site each for stop and target, all of it needed")]
    fn rest<S: Sink>(
        &mut self,
        request: Request,
        reason: Reason,
        rule: u16,
        hold: bool,
        series: &[Series],
        desk: &mut Desk,
        sink: &mut S,
    ) -> Option<u64> {
        let at = &series[self.series];
        let origin = Origin { strategy: self.strategy, rule, reason, reference: at.last.close };
        desk.submit(&request, origin, TimeInForce::Gtc, hold, |_, _| {}, sink)
    }

    /// The resting order still stands for the whole position.
    fn covers(&self, resting: Resting, desk: &Desk) -> bool {
        desk.orders.get(resting.order).is_some_and(|o| {
            let lots = desk.portfolio.instrument(self.instrument).lot_floor(self.position.qty.abs());
            o.leaves() == lots
        })
    }

    fn drop_protection<S: Sink>(&mut self, reason: Reason, desk: &mut Desk, sink: &mut S) {
        for resting in [self.stop.take(), self.target.take()].into_iter().flatten() {
            desk.cancel(resting.order, reason, sink);
        }
    }

    /// Closes the position, whatever the rules say.
    pub fn flatten<S: Sink>(&mut self, reason: Reason, series: &[Series], desk: &mut Desk, sink: &mut S) {
        if self.holding.is_some() && self.closing.is_none() {
            self.closing = Some(Closing { reason, rule: self.entries.len() as u16, retry_ns: i64::MIN });
        }
        self.pursue_close(series, desk, sink);
    }

    /// One of the strategy's orders changed.
    pub fn on_update<S: Sink>(&mut self, update: &Update, series: &[Series], desk: &mut Desk, sink: &mut S) {
        let order = &update.order;
        if let Some((price, qty, applied)) = &update.fill {
            self.on_fill(order, *price, *qty, applied, series, desk, sink);
        }
        if order.status.is_final() {
            if self.exit == Some(order.number)
                && let Some(rule) = self.part.take()
                && order.filled.is_zero()
            {
                self.exits[rule].rule.part_failed();
            }
            for slot in [&mut self.entry, &mut self.exit] {
                slot.take_if(|number| *number == order.number);
            }
            for slot in [&mut self.stop, &mut self.target] {
                slot.take_if(|resting| resting.order == order.number);
            }
        }
        if self.closing.is_some() && update.fill.is_some() {
            // A slice of an exit is done: the next one need not wait.
            if let Some(closing) = &mut self.closing {
                closing.retry_ns = i64::MIN;
            }
            self.pursue_close(series, desk, sink);
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one fill")]
    fn on_fill<S: Sink>(
        &mut self,
        order: &Order,
        price: Price,
        qty: Qty,
        applied: &Applied,
        series: &[Series],
        desk: &mut Desk,
        sink: &mut S,
    ) {
        let instrument = desk.portfolio.instrument(self.instrument);
        let mut realised = self.position.trade(instrument, order.side, price, qty);
        if applied.paid_in_kind > Qty::ZERO {
            realised += self.position.pay_in_kind(instrument, price, applied.paid_in_kind);
        }
        let fee = applied.fee_settled;
        self.trade_net += realised - fee;
        let tradable = instrument.lot_floor(self.position.qty.abs());
        let flat = tradable < instrument.min_qty || tradable.is_zero();
        let net = self.trade_net;
        sink.emit(&PositionBody {
            cause: desk.seq,
            time_ns: desk.now_ns,
            instrument: self.instrument,
            strategy: self.strategy,
            closed: u16::from(flat),
            qty: self.position.qty,
            order: order.number,
            trade_net: if flat { i64::try_from(net.0).unwrap_or(i64::MAX) } else { 0 },
            cost: self.position.cost,
            realised,
            fee,
        });
        if flat {
            self.finish_trade(desk, sink);
        } else if order.action == Action::Enter {
            self.grow(order.side, price, series, desk, sink);
        }
    }

    /// The position was opened or enlarged.
    fn grow<S: Sink>(&mut self, side: Side, price: Price, series: &[Series], desk: &mut Desk, sink: &mut S) {
        let instrument = desk.portfolio.instrument(self.instrument);
        let qty = self.position.qty.abs();
        // Average cost in price units with 32 fractional bits; cost is below 2^95 for any sane account.
        let unit = i128::from(self.position.qty.0) * i128::from(instrument.factor);
        let entry = Fx::from_bits((self.position.cost.0 << 32) / unit);
        match &mut self.holding {
            Some(holding) => {
                holding.entry = entry;
                holding.opened_qty = holding.opened_qty.max(qty);
                let holding = *holding;
                self.exits.iter_mut().for_each(|e| e.rule.reprice(&holding));
            }
            None => {
                let holding = Holding { side, entry, opened_ns: desk.now_ns, bars_held: 0, opened_qty: qty };
                self.holding = Some(holding);
                self.since_fill = series[self.series].is_made_from_ticks().then_some((price, price));
                self.exits.iter_mut().for_each(|e| e.rule.open(&holding));
            }
        }
        if self.rests {
            self.protect(series, desk, sink);
        }
    }

    fn finish_trade<S: Sink>(&mut self, desk: &mut Desk, sink: &mut S) {
        let net = self.trade_net;
        self.stats.trades += 1;
        match net.0.signum() {
            1 => {
                self.stats.wins += 1;
                self.stats.gross_profit += net;
            }
            -1 => {
                self.stats.losses += 1;
                self.stats.gross_loss -= net;
            }
            _ => {}
        }
        self.stats.dust += u64::from(!self.position.qty.is_zero());
        self.trade_net = Money::ZERO;
        (self.holding, self.since_fill, self.closing, self.part) = (None, None, None, None);
        self.exits.iter_mut().for_each(|e| e.rule.clear());
        self.drop_protection(Reason::PositionClosed, desk, sink);
    }
}
