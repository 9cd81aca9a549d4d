//! Entry and exit rules: one file each, declared once, compiled into typed programs at the start.
//!
//! A rule sees a [`View`] of the bar that just ended and, for exits, the [`Holding`]. It never sees the
//! bar that is being made. To add a rule: write its file with its declaration and its compiled form, list
//! it in [`catalog::RULES`], and add its variant to [`EntryRule`] or [`ExitRule`]; a condition of the market
//! alone is one line in `signal` instead.

pub mod catalog;
pub mod params;

pub mod advanced_atr;
pub mod atr;
pub mod eom_breakout;
pub mod eom_macd;
pub mod eom_pullback;
pub mod expression;
pub mod fixed_ratio;
pub mod ma_crossover;
pub mod multi_level_atr;
pub mod rsi_bb;
pub mod rsi_bb_volume;
pub mod rsi_ichimoku;
pub mod signal;
pub mod simple_atr;
pub mod supertrend;
pub mod time_based;
pub mod trailing_stop;

mod common;
mod context;
mod dispatch;
mod filters;

pub use context::{
    Arming, ExitSignal, Holding, Noted, NotedValue, OPERAND, Oriented, ToClose, VALUE_NAMES, View,
};
pub use dispatch::{EntryRule, ExitRule, UnknownRule};
pub use multi_level_atr::longer_bars_ns;

/// Parameter of every exit that has a stop.
pub(crate) const INTRABAR: params::ParamDef = params::flag(
    "intrabar",
    false,
    "Test stop and target within the bar (stop first) by resting orders instead of on the close.",
);

/// Length of the longer bars that an exit reads beside its own, ns; `None` for one that reads one series.
pub(crate) fn longer_bars_of(spec: &params::RuleSpec) -> Option<i64> {
    longer_bars_ns(catalog::find(params::RuleKind::Exit, &spec.rule)?, &spec.values)
}

/// True for an exit whose stop and target are kept by resting orders.
pub(crate) fn is_intrabar(spec: &params::RuleSpec) -> bool {
    let def = catalog::find(params::RuleKind::Exit, &spec.rule);
    let at = def.and_then(|d| d.params.iter().position(|p| p.name == INTRABAR.name));
    at.is_some_and(|at| spec.values[at] == params::ParamValue::Bool(true))
}
