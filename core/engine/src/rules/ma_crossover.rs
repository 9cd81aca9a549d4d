//! Close when the fast average crosses the slow one.

use super::context::orient;
use super::filters::Declaring;
use super::params::{ParamDef, ParamKind, RuleDef, RuleKind, Values, int};
use super::signal::Condition;
use super::{Noted, View};
use crate::indicators::fx::Fx;
use crate::indicators::shared::Reading;
use pinion_model::order::Side;
use serde::{Deserialize, Serialize};

/// The declaration.
pub const MA_CROSSOVER: RuleDef = RuleDef {
    name: "MACrossover",
    aliases: &[],
    kind: RuleKind::Exit,
    doc: "The fast moving average crosses below the slow one.",
    params: &[
        int("fast_period", 10, 1, 999, "bars", "Length of the fast average; shorter than the slow one."),
        int("slow_period", 20, 2, 1_000, "bars", "Length of the slow average."),
        ParamDef {
            name: "ma_type",
            kind: ParamKind::Choice { default: 0, options: &["SMA", "EMA"] },
            unit: "",
            doc: "Simple or exponential averages.",
        },
    ],
};

/// The compiled rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaCrossover {
    fast: Reading,
    slow: Reading,
    /// Fast less slow at the bar before.
    previous: Option<Fx>,
}

impl MaCrossover {
    pub(super) fn compile(v: &Values<'_>, to: &mut Declaring<'_>) -> MaCrossover {
        let name = ["SMA", "EMA"][v.choice("ma_type")];
        let mut average = |period| to.call(name, &[("period", v.int(period) as i64)]);
        MaCrossover { fast: average("fast_period"), slow: average("slow_period"), previous: None }
    }

    fn difference(&self, view: &View<'_>) -> Option<Fx> {
        Some(view.set.read(self.fast, 0)? - view.set.read(self.slow, 0)?)
    }
}

impl Condition for MaCrossover {
    fn holds(&self, side: Side, view: &View<'_>) -> Option<bool> {
        let (before, now) = (orient(side, self.previous?), orient(side, self.difference(view)?));
        Some(before <= Fx::ZERO && now > Fx::ZERO)
    }
    fn after_bar(&mut self, view: &View<'_>) {
        self.previous = self.difference(view);
    }
    fn explain(&self, _: Side, view: &View<'_>, note: &mut Noted) {
        note.level_of("ma_fast", view.set.read(self.fast, 0));
        note.level_of("ma_slow", view.set.read(self.slow, 0));
    }
}
