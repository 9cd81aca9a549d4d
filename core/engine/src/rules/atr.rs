//! A trailing stop whose distance is the ATR of the signal bar, frozen.

use super::params::{RuleDef, RuleKind, Values, int, ratio};
use super::{Arming, ExitSignal, Holding, Oriented, View};
use crate::indicators::fx::{Factor, Fx};
use crate::indicators::{Set, Slot, Spec};
use pinion_model::order::Reason;
use serde::{Deserialize, Serialize};

/// The declaration.
pub const ATR: RuleDef = RuleDef {
    name: "ATR",
    aliases: &[],
    kind: RuleKind::Exit,
    doc: "The close is at or below the highest high since entry - sl_multiplier x ATR, the ATR frozen at entry.",
    params: &[
        int("atr_period", 14, 1, 500, "bars", "Length of the ATR."),
        ratio("sl_multiplier", 2_000_000, 1_000, 100_000_000, "ATR", "Distance of the stop."),
        super::INTRABAR,
    ],
};

/// The compiled rule and the state of its position; prices are oriented.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtrStop {
    atr: Slot,
    sl: Factor,
    intrabar: bool,
    distance: Fx,
    /// Highest high since entry and the stop below it.
    state: Option<(Fx, Fx)>,
}

impl AtrStop {
    pub(super) fn compile(v: &Values<'_>, set: &mut Set) -> AtrStop {
        AtrStop {
            atr: set.declare(Spec::Atr(v.int("atr_period"))),
            sl: Factor::new(v.ratio("sl_multiplier")),
            intrabar: v.flag("intrabar"),
            distance: Fx::ZERO,
            state: None,
        }
    }

    pub(super) fn arm(&mut self, view: &View<'_>) -> Arming {
        match view.set.atr(self.atr).times(self.sl) {
            None => Arming::NotReady,
            Some(distance) => {
                self.distance = distance;
                Arming::Stop(distance)
            }
        }
    }

    pub(super) fn open(&mut self, holding: &Holding) {
        let entry = holding.oriented_entry();
        self.state = Some((entry, entry - self.distance));
    }

    pub(super) fn reprice(&mut self, holding: &Holding) {
        if let Some((_, stop)) = &mut self.state {
            *stop = (*stop).max(holding.oriented_entry() - self.distance);
        }
    }

    pub(super) fn clear(&mut self) {
        self.state = None;
    }

    pub(super) fn levels(&self) -> (Option<Fx>, Option<Fx>) {
        (self.state.filter(|_| self.intrabar).map(|(_, stop)| stop), None)
    }

    pub(super) fn stop(&self) -> Option<Fx> {
        self.state.map(|(_, stop)| stop)
    }

    pub(super) fn on_bar(&mut self, bar: &Oriented) -> Option<ExitSignal> {
        let (highest, stop) = self.state.as_mut()?;
        *highest = (*highest).max(bar.high());
        *stop = (*stop).max(*highest - self.distance);
        (!self.intrabar && bar.close() <= *stop).then_some(ExitSignal::all(Reason::TrailingStop))
    }
}
