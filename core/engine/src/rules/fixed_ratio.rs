//! A stop and a target at fixed fractions of the entry price.

use super::params::{RuleDef, RuleKind, Values, ratio};
use super::{Arming, ExitSignal, Holding, Oriented, View};
use crate::indicators::fx::{Fx, fraction_of, fx};
use pinion_model::number::Ratio;
use pinion_model::order::Reason;
use serde::{Deserialize, Serialize};

/// The declaration.
pub const FIXED_RATIO: RuleDef = RuleDef {
    name: "FixedRatio",
    aliases: &[],
    kind: RuleKind::Exit,
    doc: "The loss reaches stop_loss_pct, or the gain reaches risk_reward x stop_loss_pct (or take_profit_pct).",
    params: &[
        ratio("stop_loss_pct", 50_000, 1, 1_000_000, "fraction", "Loss at which to close."),
        ratio(
            "risk_reward",
            2_000_000,
            1_000,
            1_000_000_000,
            "",
            "Gain at which to close, in multiples of the stop.",
        ),
        ratio(
            "take_profit_pct",
            0,
            0,
            1_000_000_000,
            "fraction",
            "Gain at which to close; 0 uses risk_reward.",
        ),
        super::INTRABAR,
    ],
};

/// The compiled rule and the state of its position; prices are oriented.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixedRatio {
    loss: Ratio,
    gain: Ratio,
    intrabar: bool,
    /// Stop and target.
    state: Option<(Fx, Fx)>,
}

impl FixedRatio {
    pub(super) fn compile(v: &Values<'_>) -> FixedRatio {
        let loss = v.ratio("stop_loss_pct");
        let given = v.ratio("take_profit_pct");
        let multiple = i128::from(loss.0) * i128::from(v.ratio("risk_reward").0) / i128::from(Ratio::SCALE);
        // Both ranges are bounded by the declaration: at most 1,000 times the whole price.
        let gain = if given.0 > 0 { given } else { Ratio(multiple as i64) };
        FixedRatio { loss, gain, intrabar: v.flag("intrabar"), state: None }
    }

    pub(super) fn arm(&mut self, view: &View<'_>) -> Arming {
        Arming::Stop(fraction_of(fx(view.bar.close), self.loss))
    }

    pub(super) fn open(&mut self, holding: &Holding) {
        let (entry, price) = (holding.oriented_entry(), holding.entry);
        self.state = Some((entry - fraction_of(price, self.loss), entry + fraction_of(price, self.gain)));
    }

    pub(super) fn clear(&mut self) {
        self.state = None;
    }

    pub(super) fn levels(&self) -> (Option<Fx>, Option<Fx>) {
        let state = self.state.filter(|_| self.intrabar);
        (state.map(|(stop, _)| stop), state.map(|(_, target)| target))
    }

    pub(super) fn noted(&self) -> (Option<Fx>, Option<Fx>) {
        (self.state.map(|(stop, _)| stop), self.state.map(|(_, target)| target))
    }

    pub(super) fn on_bar(&mut self, bar: &Oriented) -> Option<ExitSignal> {
        let (stop, target) = self.state.filter(|_| !self.intrabar)?;
        if bar.close() <= stop {
            return Some(ExitSignal::all(Reason::StopLoss));
        }
        (bar.close() >= target).then_some(ExitSignal::all(Reason::TakeProfit))
    }
}
