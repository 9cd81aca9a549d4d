//! A stop that trails the highest close by a fraction of price or by ATRs.

use super::params::{RuleDef, RuleKind, Values, flag, int, ratio};
use super::{Arming, ExitSignal, Holding, Oriented, View};
use crate::indicators::fx::{Factor, Fx, fraction_of, fx};
use crate::indicators::{Set, Slot, Spec};
use pinion_model::number::Ratio;
use pinion_model::order::Reason;
use serde::{Deserialize, Serialize};

/// The declaration.
pub const TRAILING_STOP: RuleDef = RuleDef {
    name: "TrailingStop",
    aliases: &[],
    kind: RuleKind::Exit,
    doc: "The close falls below the highest close since entry by trail_pct (or by atr_multiplier x ATR).",
    params: &[
        ratio("trail_pct", 20_000, 1, 1_000_000, "fraction", "Distance of the stop."),
        ratio(
            "activation_pct",
            0,
            0,
            1_000_000_000,
            "fraction",
            "Profit that must once be reached before the stop works.",
        ),
        flag("use_atr", false, "Trail by ATRs instead of a fraction."),
        ratio(
            "atr_multiplier",
            2_000_000,
            1_000,
            100_000_000,
            "ATR",
            "Distance of the stop when use_atr is set.",
        ),
        int("atr_period", 14, 1, 500, "bars", "Length of the ATR."),
        super::INTRABAR,
    ],
};

/// The compiled rule and the state of its position; prices are oriented.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrailingStop {
    trail: Ratio,
    activation: Ratio,
    /// The ATR and its factor, when the distance is one of ATRs.
    atr: Option<(Slot, Factor)>,
    intrabar: bool,
    distance: Fx,
    state: Option<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    highest_close: Fx,
    stop: Fx,
    active: bool,
}

impl TrailingStop {
    pub(super) fn compile(v: &Values<'_>, set: &mut Set) -> TrailingStop {
        let atr = v
            .flag("use_atr")
            .then(|| (set.declare(Spec::Atr(v.int("atr_period"))), Factor::new(v.ratio("atr_multiplier"))));
        TrailingStop {
            trail: v.ratio("trail_pct"),
            activation: v.ratio("activation_pct"),
            atr,
            intrabar: v.flag("intrabar"),
            distance: Fx::ZERO,
            state: None,
        }
    }

    /// Distance of the stop from `anchor`, an oriented price.
    fn distance(&self, anchor: Fx, view: &View<'_>) -> Option<Fx> {
        match self.atr {
            Some((slot, factor)) => view.set.atr(slot).times(factor),
            None => Some(fraction_of(anchor.abs(), self.trail)),
        }
    }

    pub(super) fn arm(&mut self, view: &View<'_>) -> Arming {
        match self.distance(fx(view.bar.close), view) {
            None => Arming::NotReady,
            Some(distance) => {
                self.distance = distance;
                Arming::Stop(distance)
            }
        }
    }

    pub(super) fn open(&mut self, holding: &Holding) {
        let entry = holding.oriented_entry();
        let active = self.activation.0 == 0;
        self.state = Some(State { highest_close: entry, stop: entry - self.distance, active });
    }

    pub(super) fn clear(&mut self) {
        self.state = None;
    }

    pub(super) fn levels(&self) -> (Option<Fx>, Option<Fx>) {
        (self.state.filter(|s| self.intrabar && s.active).map(|s| s.stop), None)
    }

    pub(super) fn stop(&self) -> Option<Fx> {
        self.state.map(|s| s.stop)
    }

    pub(super) fn on_bar(
        &mut self,
        holding: &Holding,
        bar: &Oriented,
        view: &View<'_>,
    ) -> Option<ExitSignal> {
        let anchor = self.state?.highest_close.max(bar.close());
        let distance = self.distance(anchor, view)?;
        let profit_needed = fraction_of(holding.entry, self.activation);
        let state = self.state.as_mut()?;
        state.highest_close = anchor;
        state.stop = state.stop.max(anchor - distance);
        state.active |= anchor - holding.oriented_entry() >= profit_needed;
        (!self.intrabar && state.active && bar.close() < state.stop)
            .then_some(ExitSignal::all(Reason::TrailingStop))
    }
}
