//! The catalogue of rules: every name, parameter, range and default, in one place for configuration,
//! schema and reference. Each rule's file holds its own declaration.

use super::params::{RuleDef, RuleKind};
use super::{
    advanced_atr, atr, eom_breakout, eom_macd, eom_pullback, expression, fixed_ratio, ma_crossover,
    multi_level_atr, rsi_bb, rsi_bb_volume, rsi_ichimoku, simple_atr, supertrend, time_based, trailing_stop,
};

/// Every rule of the engine.
pub const RULES: &[&RuleDef] = &[
    &rsi_bb::RSI_OR_BB,
    &rsi_bb::RSI_BB,
    &rsi_bb_volume::RSI_BB_VOLUME,
    &rsi_ichimoku::RSI_ICHIMOKU,
    &supertrend::RSI_VOLUME_SUPERTREND,
    &supertrend::BB_VOLUME_SUPERTREND,
    &eom_breakout::EOM_BREAKOUT,
    &eom_pullback::EOM_PULLBACK,
    &eom_macd::EOM_MACD_BREAKOUT,
    &advanced_atr::ADVANCED_ATR,
    &atr::ATR,
    &simple_atr::SIMPLE_ATR,
    &multi_level_atr::MULTI_LEVEL_ATR,
    &trailing_stop::TRAILING_STOP,
    &fixed_ratio::FIXED_RATIO,
    &time_based::TIME_BASED,
    &ma_crossover::MA_CROSSOVER,
    &rsi_bb::RSI_OR_BB_EXIT,
    &rsi_bb::RSI_BB_EXIT,
    &eom_breakout::EOM_BREAKDOWN,
    &eom_pullback::EOM_REJECTION,
    &eom_macd::EOM_MACD_BREAKDOWN,
    &expression::ENTRY,
    &expression::EXIT,
];

/// The rule of this kind and canonical name.
pub fn find(kind: RuleKind, name: &str) -> Option<&'static RuleDef> {
    RULES.iter().copied().find(|r| r.kind == kind && r.name == name)
}
