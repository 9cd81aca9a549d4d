//! Entry and exit rules: one file each, declared once.

pub mod catalog;
pub mod params;

pub mod advanced_atr;
pub mod atr;
pub mod fixed_ratio;
pub mod rsi_bb;
pub mod time_based;
pub mod trailing_stop;

/// Parameter of every exit that has a stop.
pub(crate) const INTRABAR: params::ParamDef = params::flag(
    "intrabar",
    false,
    "Test stop and target within the bar (stop first) by resting orders instead of on the close.",
);
