//! A stop and a target in multiples of the ATR, with trailing, break-even, structure, stagnation and
//! partial targets.

use super::params::{ParamDef, ParamKind, RuleDef, RuleKind, Values, flag, int, ratio};
use super::{Arming, ExitSignal, Holding, Noted, Oriented, View};
use crate::indicators::fx::{Factor, Fx};
use crate::indicators::{Set, Slot, Spec};
use pinion_model::number::Ratio;
use pinion_model::order::Reason;
use serde::{Deserialize, Serialize};

const LIST: ParamKind = ParamKind::RatioList { min: Ratio(1_000), max: Ratio(100_000_000_000), max_len: 8 };
const SIZES: ParamKind = ParamKind::RatioList { min: Ratio(1_000), max: Ratio(1_000_000_000), max_len: 8 };

/// The declaration.
pub const ADVANCED_ATR: RuleDef = RuleDef {
    name: "AdvancedATR",
    aliases: &[],
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

/// What the stop trails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Anchor {
    HighestHigh,
    HighestClose,
    Close,
}

/// A partial target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Target {
    at_r: Factor,
    share: Ratio,
}

/// The compiled rule and the state of its position. Prices are oriented: those of a short are negated,
/// so that higher is always better.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvancedAtr {
    atr: Slot,
    sl: Factor,
    tp: Factor,
    trailing: bool,
    breakeven: bool,
    arm_at_r: Factor,
    breakeven_offset: Factor,
    phase2_at_r: Factor,
    k_phase2: Factor,
    struct_buffer: Factor,
    stagnant_bars: u64,
    tighten: Factor,
    targets: Vec<Target>,
    anchor: Anchor,
    intrabar: bool,
    /// Lows of the last `swing_lookback` bars, a ring.
    lows: Box<[Fx]>,
    lows_seen: usize,
    /// ATR of the signal bar.
    signal_atr: Fx,
    state: Option<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    stop: Fx,
    kind: Reason,
    target: Option<Fx>,
    /// Price at which the position has earned `arm_at_r`.
    armed_from: Fx,
    /// Price at which it has earned `phase2_at_r`.
    phase2_from: Fx,
    breakeven: Fx,
    highest: Fx,
    highest_close: Fx,
    stagnant: u64,
    targets_hit: usize,
}

impl AdvancedAtr {
    pub(super) fn compile(v: &Values<'_>, set: &mut Set) -> AdvancedAtr {
        let targets = v.list("pt_levels_r").iter().zip(v.list("pt_sizes"));
        AdvancedAtr {
            atr: set.declare(Spec::Atr(v.int("atr_period"))),
            sl: Factor::new(v.ratio("sl_multiplier")),
            tp: Factor::new(v.ratio("tp_multiplier")),
            trailing: v.flag("trailing_enabled"),
            breakeven: v.flag("breakeven_enabled"),
            arm_at_r: Factor::new(v.ratio("arm_at_r")),
            breakeven_offset: Factor::new(v.ratio("breakeven_offset_atr")),
            phase2_at_r: Factor::new(v.ratio("phase2_at_r")),
            k_phase2: Factor::new(v.ratio("k_phase2")),
            struct_buffer: Factor::new(v.ratio("struct_buffer_atr")),
            stagnant_bars: v.int("tighten_if_stagnant_bars") as u64,
            tighten: Factor::new(v.ratio("tighten_k_factor")),
            targets: targets.map(|(&r, &share)| Target { at_r: Factor::new(r), share }).collect(),
            anchor: match v.choice("anchor") {
                0 => Anchor::HighestHigh,
                1 => Anchor::HighestClose,
                _ => Anchor::Close,
            },
            intrabar: v.flag("intrabar"),
            lows: vec![Fx::ZERO; v.int("swing_lookback")].into(),
            lows_seen: 0,
            signal_atr: Fx::ZERO,
            state: None,
        }
    }

    pub(super) fn arm(&mut self, view: &View<'_>) -> Arming {
        match view.set.atr(self.atr).value() {
            None => Arming::NotReady,
            Some(atr) => {
                self.signal_atr = atr;
                Arming::Stop(self.sl.of(atr))
            }
        }
    }

    pub(super) fn open(&mut self, holding: &Holding) {
        let entry = holding.oriented_entry();
        self.lows_seen = 0;
        let mut state = State {
            stop: entry - self.sl.of(self.signal_atr),
            kind: Reason::StopLoss,
            target: None,
            armed_from: entry,
            phase2_from: entry,
            breakeven: entry,
            highest: entry,
            highest_close: entry,
            stagnant: 0,
            targets_hit: 0,
        };
        self.set_levels(&mut state, entry);
        self.state = Some(state);
    }

    pub(super) fn reprice(&mut self, holding: &Holding) {
        let entry = holding.oriented_entry();
        if let Some(mut state) = self.state {
            state.stop = state.stop.max(entry - self.sl.of(self.signal_atr));
            self.set_levels(&mut state, entry);
            self.state = Some(state);
        }
    }

    /// The levels that stand at a distance from the entry.
    fn set_levels(&self, state: &mut State, entry: Fx) {
        let r0 = self.sl.of(self.signal_atr);
        state.target = (!self.tp.is_zero()).then(|| entry + self.tp.of(self.signal_atr));
        state.armed_from = entry + self.arm_at_r.of(r0);
        state.phase2_from = entry + self.phase2_at_r.of(r0);
        state.breakeven = entry + self.breakeven_offset.of(self.signal_atr);
    }

    pub(super) fn clear(&mut self) {
        self.state = None;
    }

    /// Stop and target, oriented.
    pub(super) fn levels(&self) -> (Option<Fx>, Option<Fx>) {
        match &self.state {
            Some(state) if self.intrabar => (Some(state.stop), state.target),
            _ => (None, None),
        }
    }

    pub(super) fn noted(&self, view: &View<'_>, note: &mut Noted) -> (Option<Fx>, Option<Fx>) {
        if let Some(atr) = view.set.atr(self.atr).value() {
            note.level("atr", atr);
        }
        (self.state.map(|s| s.stop), self.state.and_then(|s| s.target))
    }

    pub(super) fn stop_reason(&self) -> Reason {
        self.state.map_or(Reason::StopLoss, |s| s.kind)
    }

    #[inline(always)]
    pub(super) fn on_bar(
        &mut self,
        holding: &Holding,
        bar: &Oriented,
        view: &View<'_>,
    ) -> Option<ExitSignal> {
        let atr = view.set.atr(self.atr).value()?;
        self.note_low(bar.low());
        self.raise_stop(bar, atr);
        let state = self.state.as_mut()?;
        if !self.intrabar {
            if bar.close() <= state.stop {
                return Some(ExitSignal::all(state.kind));
            }
            if state.target.is_some_and(|target| bar.close() >= target) {
                return Some(ExitSignal::all(Reason::TakeProfit));
            }
        }
        let next = self.targets.get(state.targets_hit)?;
        let r0 = self.sl.of(self.signal_atr);
        if bar.close() - holding.oriented_entry() < next.at_r.of(r0) {
            return None;
        }
        Some(ExitSignal { reason: Reason::PartialTarget, share: Some(next.share) })
    }

    /// The order of the next partial target is on its way, or its share is too small to trade.
    pub(super) fn part_sent(&mut self) {
        if let Some(state) = &mut self.state {
            state.targets_hit += 1;
        }
    }

    /// The order of the last partial target ended without a fill: it is still to be closed.
    pub(super) fn part_failed(&mut self) {
        if let Some(state) = &mut self.state {
            state.targets_hit = state.targets_hit.saturating_sub(1);
        }
    }

    fn note_low(&mut self, low: Fx) {
        if !self.lows.is_empty() {
            let at = self.lows_seen % self.lows.len();
            self.lows[at] = low;
            self.lows_seen += 1;
        }
    }

    /// Moves the stop by each enabled step; it never moves away from price.
    #[inline(always)]
    fn raise_stop(&mut self, bar: &Oriented, atr: Fx) {
        let Some(state) = &mut self.state else { return };
        let advanced = bar.high() > state.highest;
        state.highest = state.highest.max(bar.high());
        state.highest_close = state.highest_close.max(bar.close());
        // Without branches where it goes up and down at random: they cost more than the arithmetic.
        state.stagnant = state.stagnant.saturating_add(1) * u64::from(!advanced);
        let (highest, highest_close, stagnant) = (state.highest, state.highest_close, state.stagnant);
        let mut raise = |level: Fx, kind: Reason| {
            state.kind = if level > state.stop { kind } else { state.kind };
            state.stop = state.stop.max(level);
        };
        if self.trailing {
            let k = if highest >= state.phase2_from { self.k_phase2 } else { self.sl };
            let mut distance = k.of(atr);
            if self.stagnant_bars > 0 && stagnant >= self.stagnant_bars {
                distance = self.tighten.of(distance);
            }
            let anchor = match self.anchor {
                Anchor::HighestHigh => highest,
                Anchor::HighestClose => highest_close,
                Anchor::Close => bar.close(),
            };
            raise(anchor - distance, Reason::TrailingStop);
        }
        if self.breakeven && highest >= state.armed_from {
            raise(state.breakeven, Reason::BreakEven);
        }
        if !self.lows.is_empty()
            && self.lows_seen >= self.lows.len()
            && let Some(&lowest) = self.lows.iter().min()
        {
            raise(lowest - self.struct_buffer.of(atr), Reason::TrailingStop);
        }
    }
}
