//! One strategy in one instrument: when to enter, when to leave, and the protection in between.
//!
//! It evaluates its rules when a bar of its series has ended, never before. Entries are looked for only
//! when it is flat with nothing working. An exit that was decided stays decided until the position is
//! closed: a refused or partly filled exit is sent again for what is left.

mod enter;
mod fill;
mod leave;
mod look;
mod protect;

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
    /// Some exit closes on the last bar of the session.
    leaves_at_close: bool,
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
    /// Exits that voted for the exit that was decided last, as bits by place, and the sum of their weights.
    exit_votes: (u32, Ratio),
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
            leaves_at_close: exits.iter().any(|e| e.rule.leaves_at_close()),
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
            exit_votes: (0, Ratio(0)),
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
}
