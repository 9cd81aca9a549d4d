//! A stop at the highest of three levels: below the best price by the ATR of longer bars, by that of the
//! rule's own bars, and, once the position has earned enough, just beyond the entry.
//!
//! The longer bars are a series of their own, made of the same market data. The trader shows it to the rule
//! before each look, so that the rule sees the last longer bar that has ended and never the one being made.

use super::params::{ParamDef, ParamKind, ParamValue, RuleDef, RuleKind, Values, int, ratio};
use super::{Arming, ExitSignal, Holding, Noted, Oriented, View};
use crate::indicators::fx::{Factor, Fx};
use crate::indicators::{Set, Slot, Spec};
use pinion_model::order::Reason;
use serde::{Deserialize, Serialize};

const MINUTE_NS: i64 = 60_000_000_000;

/// What the longer bars may be, and their minutes.
const TIMEFRAMES: &[&str] = &["1m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "12h", "1d", "7d"];
const MINUTES: [i64; TIMEFRAMES.len()] = [1, 5, 15, 30, 60, 120, 240, 480, 720, 1440, 10_080];

const HTF_TIMEFRAME: ParamDef = ParamDef {
    name: "htf_timeframe",
    kind: ParamKind::Choice { default: 6, options: TIMEFRAMES },
    unit: "",
    doc: "Length of the longer bars; a multiple of the rule's own.",
};

/// The declaration.
pub const MULTI_LEVEL_ATR: RuleDef = RuleDef {
    name: "MultiLevelATR",
    aliases: &[],
    kind: RuleKind::Exit,
    doc: "The close is at or below the highest of three levels, which never fall: the highest high since entry \
          less htf_multiplier x ATR of longer bars, the same less ltf_multiplier x ATR of the rule's bars, and, \
          once the highest high has earned be_activation_atr x ATR, the entry plus be_buffer_multiplier x ATR.",
    params: &[
        HTF_TIMEFRAME,
        int("htf_period", 14, 1, 500, "bars", "Length of the ATR of the longer bars."),
        int("ltf_period", 14, 1, 500, "bars", "Length of the ATR of the rule's own bars."),
        int("micro_period", 14, 1, 500, "bars", "Length of the ATR of break-even, in the rule's own bars."),
        ratio("htf_multiplier", 2_500_000, 1_000, 100_000_000, "ATR", "Distance by the longer bars' ATR."),
        ratio("ltf_multiplier", 2_000_000, 1_000, 100_000_000, "ATR", "Distance by the own bars' ATR."),
        ratio("be_activation_atr", 1_000_000, 0, 100_000_000, "ATR", "Profit that activates break-even."),
        ratio("be_buffer_multiplier", 300_000, 0, 100_000_000, "ATR", "How far beyond the entry it stands."),
        super::INTRABAR,
    ],
};

/// Length of the longer bars that a rule with these values reads beside its own, ns; `None` for rules that
/// read one series.
pub fn longer_bars_ns(def: &RuleDef, values: &[ParamValue]) -> Option<i64> {
    let at = def.params.iter().position(|p| p.name == HTF_TIMEFRAME.name)?;
    match values.get(at) {
        Some(ParamValue::Choice(choice)) => Some(MINUTES[*choice] * MINUTE_NS),
        _ => None,
    }
}

/// The compiled rule and the state of its position; prices are oriented.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MultiLevelAtr {
    htf_period: usize,
    htf: Option<Slot>,
    /// ATR of the longer bars that have ended.
    htf_atr: Option<Fx>,
    ltf: Slot,
    micro: Slot,
    htf_multiplier: Factor,
    ltf_multiplier: Factor,
    be_activation: Factor,
    be_buffer: Factor,
    intrabar: bool,
    /// Distance of the stop at the signal bar.
    distance: Fx,
    state: Option<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    stop: Fx,
    kind: Reason,
    highest: Fx,
}

impl MultiLevelAtr {
    pub(super) fn compile(v: &Values<'_>, set: &mut Set) -> MultiLevelAtr {
        MultiLevelAtr {
            htf_period: v.int("htf_period"),
            htf: None,
            htf_atr: None,
            ltf: set.declare(Spec::Atr(v.int("ltf_period"))),
            micro: set.declare(Spec::Atr(v.int("micro_period"))),
            htf_multiplier: Factor::new(v.ratio("htf_multiplier")),
            ltf_multiplier: Factor::new(v.ratio("ltf_multiplier")),
            be_activation: Factor::new(v.ratio("be_activation_atr")),
            be_buffer: Factor::new(v.ratio("be_buffer_multiplier")),
            intrabar: v.flag("intrabar"),
            distance: Fx::ZERO,
            state: None,
        }
    }

    /// Declares what it reads of the longer bars.
    pub(super) fn declare_longer(&mut self, set: &mut Set) {
        self.htf = Some(set.declare(Spec::Atr(self.htf_period)));
    }

    /// The longer bars as they are now.
    pub(super) fn see_longer(&mut self, set: &Set) {
        self.htf_atr = self.htf.and_then(|slot| set.atr(slot).value());
    }

    pub(super) fn arm(&mut self, view: &View<'_>) -> Arming {
        let distances = self.htf_atr.map(|atr| self.htf_multiplier.of(atr));
        let own = view.set.atr(self.ltf).times(self.ltf_multiplier);
        match (distances, own, view.set.atr(self.micro).value()) {
            (Some(longer), Some(own), Some(_)) => {
                self.distance = longer.min(own);
                Arming::Stop(self.distance)
            }
            _ => Arming::NotReady,
        }
    }

    pub(super) fn open(&mut self, holding: &Holding) {
        let entry = holding.oriented_entry();
        let kind = Reason::StopLoss;
        self.state = Some(State { stop: entry - self.distance, kind, highest: entry });
    }

    pub(super) fn reprice(&mut self, holding: &Holding) {
        if let Some(state) = &mut self.state {
            state.stop = state.stop.max(holding.oriented_entry() - self.distance);
        }
    }

    pub(super) fn clear(&mut self) {
        self.state = None;
    }

    pub(super) fn levels(&self) -> (Option<Fx>, Option<Fx>) {
        (self.state.filter(|_| self.intrabar).map(|s| s.stop), None)
    }

    pub(super) fn stop_reason(&self) -> Reason {
        self.state.map_or(Reason::StopLoss, |s| s.kind)
    }

    pub(super) fn noted(&self, view: &View<'_>, note: &mut Noted) -> (Option<Fx>, Option<Fx>) {
        note.level_of("atr", view.set.atr(self.ltf).value());
        note.level_of("htf_atr", self.htf_atr);
        (self.state.map(|s| s.stop), None)
    }

    #[inline(never)]
    pub(super) fn on_bar(
        &mut self,
        holding: &Holding,
        bar: &Oriented,
        view: &View<'_>,
    ) -> Option<ExitSignal> {
        let (htf, ltf) = (self.htf_atr?, view.set.atr(self.ltf).value()?);
        let micro = view.set.atr(self.micro).value()?;
        let entry = holding.oriented_entry();
        let state = self.state.as_mut()?;
        state.highest = state.highest.max(bar.high());
        let highest = state.highest;
        let mut raise = |level: Fx, kind: Reason| {
            if level > state.stop {
                (state.stop, state.kind) = (level, kind);
            }
        };
        raise(highest - self.htf_multiplier.of(htf), Reason::TrailingStop);
        raise(highest - self.ltf_multiplier.of(ltf), Reason::TrailingStop);
        if highest - entry >= self.be_activation.of(micro) {
            raise(entry + self.be_buffer.of(micro), Reason::BreakEven);
        }
        (!self.intrabar && bar.close() <= state.stop).then_some(ExitSignal::all(state.kind))
    }
}
