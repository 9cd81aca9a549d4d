//! A stop that trails the close by the ATR of the day, with a floor at break-even.

use super::common::ATR_PERIOD;
use super::params::{RuleDef, RuleKind, Values, flag, ratio};
use super::{Arming, ExitSignal, Holding, Noted, Oriented, View};
use crate::indicators::fx::{Factor, Fx};
use crate::indicators::{Set, Slot, Spec};
use pinion_model::order::Reason;
use serde::{Deserialize, Serialize};

/// The declaration.
pub const SIMPLE_ATR: RuleDef = RuleDef {
    name: "SimpleATR",
    aliases: &[],
    kind: RuleKind::Exit,
    doc: "The close is at or below a stop that follows the close by atr_multiplier x ATR, never falls, and is \
          at least the entry once the close has earned breakeven_atr x ATR.",
    params: &[
        ATR_PERIOD,
        ratio("atr_multiplier", 2_000_000, 1_000, 100_000_000, "ATR", "Distance of the stop from the close."),
        ratio("breakeven_atr", 1_000_000, 0, 100_000_000, "ATR", "Profit that moves the stop to the entry."),
        flag("use_breakeven", true, "Move the stop to the entry once the position earned breakeven_atr."),
        super::INTRABAR,
    ],
};

/// The compiled rule and the state of its position; prices are oriented.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimpleAtr {
    atr: Slot,
    multiplier: Factor,
    breakeven: Option<Factor>,
    intrabar: bool,
    /// Distance of the stop at the signal bar.
    distance: Fx,
    state: Option<(Fx, Reason)>,
}

impl SimpleAtr {
    pub(super) fn compile(v: &Values<'_>, set: &mut Set) -> SimpleAtr {
        SimpleAtr {
            atr: set.declare(Spec::Atr(v.int("atr_period"))),
            multiplier: Factor::new(v.ratio("atr_multiplier")),
            breakeven: v.flag("use_breakeven").then(|| Factor::new(v.ratio("breakeven_atr"))),
            intrabar: v.flag("intrabar"),
            distance: Fx::ZERO,
            state: None,
        }
    }

    pub(super) fn arm(&mut self, view: &View<'_>) -> Arming {
        match view.set.atr(self.atr).times(self.multiplier) {
            None => Arming::NotReady,
            Some(distance) => {
                self.distance = distance;
                Arming::Stop(distance)
            }
        }
    }

    pub(super) fn open(&mut self, holding: &Holding) {
        self.state = Some((holding.oriented_entry() - self.distance, Reason::StopLoss));
    }

    pub(super) fn reprice(&mut self, holding: &Holding) {
        if let Some((stop, _)) = &mut self.state {
            *stop = (*stop).max(holding.oriented_entry() - self.distance);
        }
    }

    pub(super) fn clear(&mut self) {
        self.state = None;
    }

    pub(super) fn levels(&self) -> (Option<Fx>, Option<Fx>) {
        (self.stop().filter(|_| self.intrabar), None)
    }

    fn stop(&self) -> Option<Fx> {
        self.state.map(|(stop, _)| stop)
    }

    pub(super) fn stop_reason(&self) -> Reason {
        self.state.map_or(Reason::StopLoss, |(_, kind)| kind)
    }

    pub(super) fn noted(&self, view: &View<'_>, note: &mut Noted) -> (Option<Fx>, Option<Fx>) {
        note.level_of("atr", view.set.atr(self.atr).value());
        (self.stop(), None)
    }

    #[inline(never)]
    pub(super) fn on_bar(
        &mut self,
        holding: &Holding,
        bar: &Oriented,
        view: &View<'_>,
    ) -> Option<ExitSignal> {
        let atr = view.set.atr(self.atr).value()?;
        let (close, entry) = (bar.close(), holding.oriented_entry());
        let (stop, kind) = self.state.as_mut()?;
        let mut raise = |level: Fx, why: Reason| {
            if level > *stop {
                (*stop, *kind) = (level, why);
            }
        };
        raise(close - self.multiplier.of(atr), Reason::TrailingStop);
        if self.breakeven.is_some_and(|factor| close - entry >= factor.of(atr)) {
            raise(entry, Reason::BreakEven);
        }
        (!self.intrabar && close <= *stop).then_some(ExitSignal::all(*kind))
    }
}
