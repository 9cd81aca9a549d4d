//! The catalogue of rules: every name, parameter, range and default, in one place for configuration,
//! schema and reference. Each rule's file holds its own declaration.

use super::params::{RuleDef, RuleKind};
use super::{advanced_atr, atr, expression, fixed_ratio, rsi_bb, time_based, trailing_stop};

/// Every rule of the engine.
pub const RULES: &[&RuleDef] = &[
    &rsi_bb::RSI_OR_BB,
    &rsi_bb::RSI_BB,
    &advanced_atr::ADVANCED_ATR,
    &atr::ATR,
    &fixed_ratio::FIXED_RATIO,
    &trailing_stop::TRAILING_STOP,
    &time_based::TIME_BASED,
    &expression::ENTRY,
    &expression::EXIT,
];

/// The rule of this kind and canonical name.
pub fn find(kind: RuleKind, name: &str) -> Option<&'static RuleDef> {
    RULES.iter().copied().find(|r| r.kind == kind && r.name == name)
}
