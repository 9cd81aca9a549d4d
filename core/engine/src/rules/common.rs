//! Parameters that several rules declare.

use super::params::{ParamDef, int, ratio};

pub(super) const COOLDOWN: ParamDef =
    int("cooldown_bars", 0, 0, 100_000, "bars", "Bars that must pass after the last accepted entry.");
pub(super) const RSI_PERIOD: ParamDef = int("rsi_period", 14, 2, 200, "bars", "Length of the RSI.");
pub(super) const BB_PERIOD: ParamDef = int("bb_period", 20, 2, 500, "bars", "Length of the Bollinger bands.");
pub(super) const BB_DEV: ParamDef =
    ratio("bb_dev", 2_000_000, 1_000, 10_000_000, "standard deviations", "Half width of the bands.");
pub(super) const VOL_MA_PERIOD: ParamDef =
    int("vol_ma_period", 20, 2, 500, "bars", "Length of the average of volume.");
pub(super) const ST_PERIOD: ParamDef = int("st_period", 10, 2, 500, "bars", "Length of SuperTrend's ATR.");
pub(super) const ST_MULTIPLIER: ParamDef =
    ratio("st_multiplier", 3_000_000, 1_000, 100_000_000, "ATR", "Distance of SuperTrend's bands.");
pub(super) const SWING_LOOKBACK: ParamDef =
    int("swing_lookback", 2, 1, 50, "bars", "Bars on each side that a swing is above or below.");
pub(super) const EOM_PERIOD: ParamDef =
    int("eom_period", 14, 1, 500, "bars", "Length of the ease of movement.");
pub(super) const ATR_PERIOD: ParamDef = int("atr_period", 14, 1, 500, "bars", "Length of the ATR.");
pub(super) const ATR_MA_PERIOD: ParamDef =
    int("atr_ma_period", 100, 1, 1_000, "bars", "Length of the average of the ATR.");
pub(super) const MACD_FAST: ParamDef = int("macd_fast", 12, 2, 500, "bars", "Length of MACD's fast average.");
pub(super) const MACD_SLOW: ParamDef = int("macd_slow", 26, 2, 500, "bars", "Length of MACD's slow average.");
pub(super) const MACD_SIGNAL: ParamDef =
    int("macd_signal", 9, 1, 500, "bars", "Length of MACD's signal line.");

/// How much of the average the volume must exceed.
pub(super) const fn min_volume_ratio(default_millionths: i64) -> ParamDef {
    let doc = "The volume must be above this much of its average.";
    ratio("min_volume_ratio", default_millionths, 0, 100_000_000, "of the average", doc)
}

/// The threshold of an entry that needs an oversold market; the mirrored one for shorts.
pub(super) const fn rsi_oversold(default_millionths: i64, doc: &'static str) -> ParamDef {
    ratio("rsi_oversold", default_millionths, 0, 100_000_000, "RSI", doc)
}

/// The threshold of a rule that looks at an overbought market; the mirrored one for shorts.
pub(super) const fn rsi_overbought(default_millionths: i64, doc: &'static str) -> ParamDef {
    ratio("rsi_overbought", default_millionths, 0, 100_000_000, "RSI", doc)
}
