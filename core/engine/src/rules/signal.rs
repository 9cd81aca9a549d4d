//! Rules that are conditions of the market alone: the same condition opens a position on one side or closes
//! one on the other. None of them is part of the loop over bars of a trader alone: their methods are calls,
//! so that they cost the rules that are part of it nothing.

use super::filters::Declaring;
use super::params::Values;
use super::{Arming, ExitSignal, Holding, Noted, View};
use super::{
    eom_breakout, eom_macd, eom_pullback, ma_crossover, rsi_bb, rsi_bb_volume, rsi_ichimoku, supertrend,
};
use crate::indicators::Set;
use pinion_model::order::{Reason, Side};
use serde::{Deserialize, Serialize};

/// What is met or not at the end of a bar, for longs or mirrored for shorts.
pub(super) trait Condition {
    /// Whether it is met; `None` where something has no value. Asked only once every indicator is warm.
    fn holds(&self, side: Side, view: &View<'_>) -> Option<bool>;

    /// Remembers the bar that ended, after the evaluation.
    fn after_bar(&mut self, _view: &View<'_>) {}

    /// True for one that compares a bar with those before.
    fn looks_back(&self) -> bool {
        true
    }

    /// Notes what it saw.
    fn explain(&self, side: Side, view: &View<'_>, note: &mut Noted);
}

macro_rules! conditions {
    ($($variant:ident($state:ty) { $($name:literal => $compile:expr,)+ })*) => {
        /// A condition of any kind.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        enum Any {
            $($variant($state),)*
        }

        impl Any {
            /// The condition of an entry (`entry:`) or exit (`exit:`) rule.
            fn compile(name: &str, v: &Values<'_>, to: &mut Declaring<'_>) -> Option<Any> {
                match name {
                    $($($name => {
                        let compile: fn(&Values<'_>, &mut Declaring<'_>) -> $state = $compile;
                        Some(Any::$variant(compile(v, to)))
                    })+)*
                    _ => None,
                }
            }

            fn inner(&self) -> &dyn Condition {
                match self {
                    $(Any::$variant(condition) => condition,)*
                }
            }

            fn inner_mut(&mut self) -> &mut dyn Condition {
                match self {
                    $(Any::$variant(condition) => condition,)*
                }
            }
        }
    };
}

conditions! {
    RsiBb(rsi_bb::RsiBb) {
        "exit: RSIBB" => |v, to| rsi_bb::RsiBb::compile_exit(v, true, to),
        "exit: RSIOrBB" => |v, to| rsi_bb::RsiBb::compile_exit(v, false, to),
    }
    RsiBbVolume(rsi_bb_volume::RsiBbVolume) {
        "entry: RSIBBVolume" => rsi_bb_volume::RsiBbVolume::compile,
    }
    RsiIchimoku(rsi_ichimoku::RsiIchimoku) {
        "entry: RSIIchimoku" => rsi_ichimoku::RsiIchimoku::compile,
    }
    SuperTrend(supertrend::SuperTrendPullback) {
        "entry: RSIVolumeSuperTrend" => supertrend::SuperTrendPullback::with_rsi,
        "entry: BBVolumeSuperTrend" => supertrend::SuperTrendPullback::with_bands,
    }
    EomBreakout(eom_breakout::EomBreakout) {
        "entry: EOMBreakout" => eom_breakout::EomBreakout::entry,
        "exit: EOMBreakdown" => eom_breakout::EomBreakout::exit,
    }
    EomPullback(eom_pullback::EomPullback) {
        "entry: EOMPullback" => eom_pullback::EomPullback::entry,
        "exit: EOMRejection" => eom_pullback::EomPullback::exit,
    }
    EomMacd(eom_macd::EomMacd) {
        "entry: EOMMACDBreakout" => eom_macd::EomMacd::entry,
        "exit: EOMMACDBreakdown" => eom_macd::EomMacd::exit,
    }
    MaCrossover(ma_crossover::MaCrossover) {
        "exit: MACrossover" => ma_crossover::MaCrossover::compile,
    }
}

/// A compiled condition with its warm-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Signal {
    condition: Any,
    /// Bars of the series until every indicator that it reads is warm.
    warm_up: u64,
}

impl Signal {
    fn compile(kind: &str, name: &str, v: &Values<'_>, set: &mut Set) -> Option<Signal> {
        let mut to = Declaring { set, warm_up: 0 };
        let condition = Any::compile(&format!("{kind}: {name}"), v, &mut to)?;
        Some(Signal { condition, warm_up: to.warm_up })
    }

    fn is_ready(&self, view: &View<'_>) -> bool {
        view.bars >= self.warm_up
    }

    fn holds(&self, side: Side, view: &View<'_>) -> bool {
        self.is_ready(view) && self.condition.inner().holds(side, view) == Some(true)
    }
}

/// An entry that is a condition of the market.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalEntry {
    signal: Signal,
    cooldown_bars: u64,
}

impl SignalEntry {
    /// `None` for a name that is no such entry.
    pub(super) fn compile(name: &str, v: &Values<'_>, set: &mut Set) -> Option<SignalEntry> {
        let signal = Signal::compile("entry", name, v, set)?;
        Some(SignalEntry { signal, cooldown_bars: v.int("cooldown_bars") as u64 })
    }

    #[inline(never)]
    pub(super) fn fires(&self, side: Side, view: &View<'_>, bars_since_entry: Option<u64>) -> bool {
        let cool = bars_since_entry.is_none_or(|bars| bars >= self.cooldown_bars);
        cool && self.signal.holds(side, view)
    }

    pub(super) fn looks_back(&self) -> bool {
        self.signal.condition.inner().looks_back()
    }

    #[inline(never)]
    pub(super) fn after_bar(&mut self, view: &View<'_>) {
        self.signal.condition.inner_mut().after_bar(view);
    }

    pub(super) fn explain(&self, side: Side, view: &View<'_>, note: &mut Noted) {
        note.price("close", view.bar.close);
        self.signal.condition.inner().explain(side, view, note);
    }
}

/// An exit that is a condition of the market: what would open a position on the other side closes this one.
/// It has no state of its position; what it remembers is the market's last bar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalExit(Signal);

impl SignalExit {
    /// `None` for a name that is no such exit.
    pub(super) fn compile(name: &str, v: &Values<'_>, set: &mut Set) -> Option<SignalExit> {
        Signal::compile("exit", name, v, set).map(SignalExit)
    }

    pub(super) fn arm(&self, view: &View<'_>) -> Arming {
        if self.0.is_ready(view) { Arming::NoStop } else { Arming::NotReady }
    }

    #[inline(never)]
    pub(super) fn on_bar(&self, holding: &Holding, view: &View<'_>) -> Option<ExitSignal> {
        self.0.holds(holding.side.opposite(), view).then_some(ExitSignal::all(Reason::Signal))
    }

    pub(super) fn looks_back(&self) -> bool {
        self.0.condition.inner().looks_back()
    }

    #[inline(never)]
    pub(super) fn after_bar(&mut self, view: &View<'_>) {
        self.0.condition.inner_mut().after_bar(view);
    }

    pub(super) fn explain(&self, holding: &Holding, view: &View<'_>, note: &mut Noted) {
        self.0.condition.inner().explain(holding.side.opposite(), view, note);
    }
}
