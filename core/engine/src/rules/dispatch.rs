//! From a rule of the plan to its compiled form, and one call for all of them.

use super::params::{RuleKind, RuleSpec, Values};
use super::{Arming, ExitSignal, Holding, Noted, Oriented, View, catalog};
use super::{
    advanced_atr::AdvancedAtr, atr::AtrStop, expression::Expression, fixed_ratio::FixedRatio,
    multi_level_atr::MultiLevelAtr, rsi_bb::RsiBb, signal::SignalEntry, signal::SignalExit,
    simple_atr::SimpleAtr, time_based::TimeBased, trailing_stop::TrailingStop,
};
use crate::indicators::Set;
use crate::indicators::fx::Fx;
use pinion_model::order::{Reason, Side};
use serde::{Deserialize, Serialize};

/// A compiled entry rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryRule {
    /// RSIOrBB and RSIBB.
    RsiBb(RsiBb),
    /// Expression.
    Expression(Box<Expression>),
    /// Any other: a condition of the market.
    Signal(Box<SignalEntry>),
}

/// A compiled exit rule with the state of its position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExitRule {
    /// AdvancedATR.
    AdvancedAtr(Box<AdvancedAtr>),
    /// ATR.
    Atr(AtrStop),
    /// FixedRatio.
    FixedRatio(FixedRatio),
    /// TrailingStop.
    TrailingStop(TrailingStop),
    /// TimeBased.
    TimeBased(TimeBased),
    /// Expression.
    Expression(Box<Expression>),
    /// SimpleATR.
    SimpleAtr(Box<SimpleAtr>),
    /// MultiLevelATR.
    MultiLevelAtr(Box<MultiLevelAtr>),
    /// A condition of the market.
    Signal(Box<SignalExit>),
}

/// A rule of the plan that the engine does not have. The plan compiler refuses such a plan with a line
/// number; this is the engine's own check.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the engine has no {kind:?} rule named {name}")]
pub struct UnknownRule {
    /// Name in the plan.
    pub name: String,
    /// Where it stood.
    pub kind: RuleKind,
}

/// Compiles an expression; one with a mistake is a rule that the engine does not have.
// cold: when the plan is compiled
fn expression(values: &Values<'_>, kind: RuleKind, set: &mut Set) -> Result<Box<Expression>, UnknownRule> {
    let refused = |fault| UnknownRule { name: format!("Expression with {fault}"), kind };
    Expression::compile(values, kind, set).map(Box::new).map_err(refused)
}

impl EntryRule {
    /// Compiles a rule and declares the indicators that it reads.
    pub fn compile(spec: &RuleSpec, set: &mut Set) -> Result<EntryRule, UnknownRule> {
        let unknown = || UnknownRule { name: spec.rule.clone(), kind: RuleKind::Entry };
        let def = catalog::find(RuleKind::Entry, &spec.rule).ok_or_else(unknown)?;
        let values = Values::new(def, spec);
        match spec.rule.as_str() {
            "RSIOrBB" => Ok(EntryRule::RsiBb(RsiBb::compile(&values, false, set))),
            "RSIBB" => Ok(EntryRule::RsiBb(RsiBb::compile(&values, true, set))),
            "Expression" => Ok(EntryRule::Expression(expression(&values, RuleKind::Entry, set)?)),
            name => {
                let signal = SignalEntry::compile(name, &values, set).ok_or_else(unknown)?;
                Ok(EntryRule::Signal(Box::new(signal)))
            }
        }
    }

    /// Whether the rule fires; `bars_since_entry` counts from the signal bar of its last accepted entry.
    #[inline(always)]
    pub fn fires(&self, side: Side, view: &View<'_>, bars_since_entry: Option<u64>) -> bool {
        match self {
            EntryRule::RsiBb(rule) => rule.fires(side, view, bars_since_entry),
            EntryRule::Expression(rule) => rule.fires(side, view, bars_since_entry),
            EntryRule::Signal(rule) => rule.fires(side, view, bars_since_entry),
        }
    }

    /// True for a rule that compares a bar with the one before.
    #[inline]
    pub fn looks_back(&self) -> bool {
        match self {
            EntryRule::RsiBb(rule) => rule.looks_back(),
            // Its series remembers for it.
            EntryRule::Expression(_) => false,
            EntryRule::Signal(rule) => rule.looks_back(),
        }
    }

    /// Remembers the bar that ended, after the evaluation.
    #[inline]
    pub fn after_bar(&mut self, view: &View<'_>) {
        match self {
            EntryRule::RsiBb(rule) => rule.after_bar(view),
            EntryRule::Expression(_) => {}
            EntryRule::Signal(rule) => rule.after_bar(view),
        }
    }

    /// Notes what the rule saw.
    pub fn explain(&self, side: Side, view: &View<'_>, note: &mut Noted) {
        match self {
            EntryRule::RsiBb(rule) => rule.explain(side, view, note),
            EntryRule::Expression(rule) => {
                note.price("close", view.bar.close);
                rule.explain_entry(side, view, note);
            }
            EntryRule::Signal(rule) => rule.explain(side, view, note),
        }
    }
}

impl ExitRule {
    /// Compiles a rule and declares the indicators that it reads.
    pub fn compile(spec: &RuleSpec, set: &mut Set) -> Result<ExitRule, UnknownRule> {
        let unknown = || UnknownRule { name: spec.rule.clone(), kind: RuleKind::Exit };
        let def = catalog::find(RuleKind::Exit, &spec.rule).ok_or_else(unknown)?;
        let values = Values::new(def, spec);
        Ok(match spec.rule.as_str() {
            "AdvancedATR" => ExitRule::AdvancedAtr(Box::new(AdvancedAtr::compile(&values, set))),
            "ATR" => ExitRule::Atr(AtrStop::compile(&values, set)),
            "FixedRatio" => ExitRule::FixedRatio(FixedRatio::compile(&values)),
            "TrailingStop" => ExitRule::TrailingStop(TrailingStop::compile(&values, set)),
            "TimeBased" => ExitRule::TimeBased(TimeBased::compile(&values)),
            "Expression" => ExitRule::Expression(expression(&values, RuleKind::Exit, set)?),
            "SimpleATR" => ExitRule::SimpleAtr(Box::new(SimpleAtr::compile(&values, set))),
            "MultiLevelATR" => ExitRule::MultiLevelAtr(Box::new(MultiLevelAtr::compile(&values, set))),
            name => {
                let signal = SignalExit::compile(name, &values, set).ok_or_else(unknown)?;
                ExitRule::Signal(Box::new(signal))
            }
        })
    }

    /// It closes on the last bar of the session, whatever else it does.
    pub fn leaves_at_close(&self) -> bool {
        matches!(self, ExitRule::TimeBased(rule) if rule.leaves_at_close())
    }

    /// An entry is about to be sent; the rule takes what it needs from the signal bar.
    pub fn arm(&mut self, view: &View<'_>) -> Arming {
        match self {
            ExitRule::AdvancedAtr(rule) => rule.arm(view),
            ExitRule::Atr(rule) => rule.arm(view),
            ExitRule::FixedRatio(rule) => rule.arm(view),
            ExitRule::TrailingStop(rule) => rule.arm(view),
            ExitRule::SimpleAtr(rule) => rule.arm(view),
            ExitRule::MultiLevelAtr(rule) => rule.arm(view),
            ExitRule::Signal(rule) => rule.arm(view),
            ExitRule::TimeBased(_) => Arming::NoStop,
            ExitRule::Expression(rule) => rule.arm(view),
        }
    }

    /// The entry is sent; `risk` is the distance to the nearest stop of all exits.
    pub fn note_risk(&mut self, risk: Option<Fx>) {
        if let ExitRule::Expression(rule) = self {
            rule.note_risk(risk);
        }
    }

    /// The first fill of an entry: a fresh state.
    pub fn open(&mut self, holding: &Holding) {
        match self {
            ExitRule::AdvancedAtr(rule) => rule.open(holding),
            ExitRule::Atr(rule) => rule.open(holding),
            ExitRule::FixedRatio(rule) => rule.open(holding),
            ExitRule::TrailingStop(rule) => rule.open(holding),
            ExitRule::SimpleAtr(rule) => rule.open(holding),
            ExitRule::MultiLevelAtr(rule) => rule.open(holding),
            ExitRule::TimeBased(_) | ExitRule::Signal(_) | ExitRule::Expression(_) => {}
        }
    }

    /// A further fill of the same entry moved the average price.
    pub fn reprice(&mut self, holding: &Holding) {
        match self {
            ExitRule::AdvancedAtr(rule) => rule.reprice(holding),
            ExitRule::Atr(rule) => rule.reprice(holding),
            ExitRule::FixedRatio(rule) => rule.open(holding),
            ExitRule::SimpleAtr(rule) => rule.reprice(holding),
            ExitRule::MultiLevelAtr(rule) => rule.reprice(holding),
            // The first trails closes, not the entry; the others do not know it.
            ExitRule::TrailingStop(_)
            | ExitRule::TimeBased(_)
            | ExitRule::Signal(_)
            | ExitRule::Expression(_) => {}
        }
    }

    /// The position is closed.
    pub fn clear(&mut self) {
        match self {
            ExitRule::AdvancedAtr(rule) => rule.clear(),
            ExitRule::Atr(rule) => rule.clear(),
            ExitRule::FixedRatio(rule) => rule.clear(),
            ExitRule::TrailingStop(rule) => rule.clear(),
            ExitRule::SimpleAtr(rule) => rule.clear(),
            ExitRule::MultiLevelAtr(rule) => rule.clear(),
            ExitRule::TimeBased(_) | ExitRule::Signal(_) | ExitRule::Expression(_) => {}
        }
    }

    /// A bar ended while the position is open.
    #[inline(always)]
    pub fn on_bar(&mut self, holding: &Holding, bar: &Oriented, view: &View<'_>) -> Option<ExitSignal> {
        match self {
            ExitRule::AdvancedAtr(rule) => rule.on_bar(holding, bar, view),
            ExitRule::Atr(rule) => rule.on_bar(bar),
            ExitRule::FixedRatio(rule) => rule.on_bar(bar),
            ExitRule::TrailingStop(rule) => rule.on_bar(holding, bar, view),
            ExitRule::TimeBased(rule) => rule.on_bar(holding, view),
            ExitRule::Expression(rule) => rule.on_bar(holding, view),
            ExitRule::SimpleAtr(rule) => rule.on_bar(holding, bar, view),
            ExitRule::MultiLevelAtr(rule) => rule.on_bar(holding, bar, view),
            ExitRule::Signal(rule) => rule.on_bar(holding, view),
        }
    }

    /// True for a rule that compares a bar with the one before.
    pub fn looks_back(&self) -> bool {
        matches!(self, ExitRule::Signal(rule) if rule.looks_back())
    }

    /// Remembers the bar that ended, after the evaluation, with or without a position.
    pub fn after_bar(&mut self, view: &View<'_>) {
        if let ExitRule::Signal(rule) = self {
            rule.after_bar(view);
        }
    }

    /// Declares what the rule reads of the series of [`longer_bars_ns`](super::longer_bars_ns).
    pub fn declare_longer(&mut self, set: &mut Set) {
        if let ExitRule::MultiLevelAtr(rule) = self {
            rule.declare_longer(set);
        }
    }

    /// Shows the rule that series as it is now; call before each look and before arming.
    pub fn see_longer(&mut self, set: &Set) {
        if let ExitRule::MultiLevelAtr(rule) = self {
            rule.see_longer(set);
        }
    }

    /// The part that the rule asked for is on its way, or is too small to trade.
    pub fn part_sent(&mut self) {
        if let ExitRule::AdvancedAtr(rule) = self {
            rule.part_sent();
        }
    }

    /// The order for the last part ended without a fill.
    pub fn part_failed(&mut self) {
        if let ExitRule::AdvancedAtr(rule) = self {
            rule.part_failed();
        }
    }

    /// Oriented stop and target to be kept by resting orders; nothing unless the rule is `intrabar`.
    pub fn levels(&self) -> (Option<Fx>, Option<Fx>) {
        match self {
            ExitRule::AdvancedAtr(rule) => rule.levels(),
            ExitRule::Atr(rule) => rule.levels(),
            ExitRule::FixedRatio(rule) => rule.levels(),
            ExitRule::TrailingStop(rule) => rule.levels(),
            ExitRule::SimpleAtr(rule) => rule.levels(),
            ExitRule::MultiLevelAtr(rule) => rule.levels(),
            ExitRule::TimeBased(_) | ExitRule::Signal(_) | ExitRule::Expression(_) => (None, None),
        }
    }

    /// The reason that a fill of the rule's stop has.
    pub fn stop_reason(&self) -> Reason {
        match self {
            ExitRule::AdvancedAtr(rule) => rule.stop_reason(),
            ExitRule::FixedRatio(_) => Reason::StopLoss,
            ExitRule::Atr(_) | ExitRule::TrailingStop(_) => Reason::TrailingStop,
            ExitRule::SimpleAtr(rule) => rule.stop_reason(),
            ExitRule::MultiLevelAtr(rule) => rule.stop_reason(),
            ExitRule::TimeBased(_) => Reason::TimeLimit,
            ExitRule::Expression(_) => Reason::Condition,
            ExitRule::Signal(_) => Reason::Signal,
        }
    }

    /// Notes what the rule saw.
    pub fn explain(&self, holding: &Holding, view: &View<'_>, note: &mut Noted) {
        note.price("close", view.bar.close);
        note.level("entry", holding.entry);
        let (stop, target) = match self {
            ExitRule::AdvancedAtr(rule) => rule.noted(view, note),
            ExitRule::Atr(rule) => (rule.stop(), None),
            ExitRule::FixedRatio(rule) => rule.noted(),
            ExitRule::TrailingStop(rule) => (rule.stop(), None),
            ExitRule::SimpleAtr(rule) => rule.noted(view, note),
            ExitRule::MultiLevelAtr(rule) => rule.noted(view, note),
            ExitRule::TimeBased(_) => (None, None),
            ExitRule::Expression(rule) => {
                rule.explain_exit(holding, view, note);
                (None, None)
            }
            ExitRule::Signal(rule) => {
                rule.explain(holding, view, note);
                (None, None)
            }
        };
        for (name, level) in [("stop", stop), ("target", target)] {
            if let Some(level) = level {
                note.level(name, if holding.side == Side::Buy { level } else { -level });
            }
        }
        note.count("bars_held", holding.bars_held);
    }
}
