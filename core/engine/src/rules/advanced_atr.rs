//! A stop and a target in multiples of the ATR, with trailing, break-even, structure, stagnation and
//! partial targets.

use super::params::{ParamDef, ParamKind, RuleDef, RuleKind, flag, int, ratio};
use pinion_model::number::Ratio;

const LIST: ParamKind = ParamKind::RatioList { min: Ratio(1_000), max: Ratio(100_000_000_000), max_len: 8 };
const SIZES: ParamKind = ParamKind::RatioList { min: Ratio(1_000), max: Ratio(1_000_000_000), max_len: 8 };

/// The declaration.
pub const ADVANCED_ATR: RuleDef = RuleDef {
    name: "AdvancedATR",
    kind: RuleKind::Exit,
    doc: "Stop at entry - sl_multiplier x ATR of the signal bar, target at entry + tp_multiplier x ATR; the stop \
          trails, moves to break-even and tightens, and never moves away from price.",
    params: &[
        int("atr_period", 14, 1, 500, "bars", "Length of the ATR."),
        ratio("sl_multiplier", 2_000_000, 1_000, 100_000_000, "ATR", "Distance of the stop."),
        ratio("tp_multiplier", 3_000_000, 0, 1_000_000_000, "ATR", "Distance of the target; 0 for none."),
        flag("trailing_enabled", true, "Trail the stop behind the anchor."),
        flag("breakeven_enabled", true, "Move the stop to the entry once the position earned arm_at_r."),
        ratio("arm_at_r", 1_000_000, 0, 1_000_000_000, "R", "Profit that arms break-even."),
        ratio(
            "breakeven_offset_atr",
            0,
            0,
            100_000_000,
            "ATR",
            "How far beyond the entry break-even stands.",
        ),
        ratio("phase2_at_r", 2_000_000, 0, 1_000_000_000, "R", "Profit from which the trail uses k_phase2."),
        ratio("k_phase2", 1_500_000, 1_000, 100_000_000, "ATR", "Distance of the trail in phase 2."),
        int("swing_lookback", 0, 0, 500, "bars", "Bars whose lowest low supports the stop; 0 is off."),
        ratio("struct_buffer_atr", 250_000, 0, 100_000_000, "ATR", "Room below that low."),
        int(
            "tighten_if_stagnant_bars",
            0,
            0,
            100_000,
            "bars",
            "Bars without a new extreme that tighten the trail; 0 is off.",
        ),
        ratio(
            "tighten_k_factor",
            800_000,
            1_000,
            1_000_000,
            "fraction",
            "What the trail's distance is multiplied by then.",
        ),
        ParamDef { name: "pt_levels_r", kind: LIST, unit: "R", doc: "Profits at which a part is closed." },
        ParamDef {
            name: "pt_sizes",
            kind: SIZES,
            unit: "fraction",
            doc: "Share of the opening quantity closed at each.",
        },
        ParamDef {
            name: "anchor",
            kind: ParamKind::Choice { default: 0, options: &["highest_high", "highest_close", "close"] },
            unit: "",
            doc: "What the stop trails: the highest high or close since entry, or this close.",
        },
        super::INTRABAR,
    ],
};
