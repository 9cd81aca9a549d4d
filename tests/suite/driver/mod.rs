//! Rules over bars without an engine: an entry asked for both sides on every bar, an exit in positions that
//! are opened as soon as the one before is closed.

// Each test uses its part.
#![allow(dead_code)]

use pinion_engine::bars::BarBuilder;
use pinion_engine::indicators::Set;
use pinion_engine::indicators::fx::fx;
use pinion_engine::plan::{BarCut, BarSource, BarSpec};
use pinion_engine::rules::params::{ParamDef, ParamKind, ParamValue, RuleDef, RuleKind, RuleSpec};
use pinion_engine::rules::{Arming, EntryRule, ExitRule, Holding, Noted, Oriented, View};
use pinion_engine::rules::{catalog, longer_bars_ns};
use pinion_model::event::Bar;
use pinion_model::instrument::Calendar;
use pinion_model::number::{Price, Qty, Ratio};
use pinion_model::order::{Reason, Side};

pub const MINUTE_NS: i64 = 60_000_000_000;
pub const SIDES: [Side; 2] = [Side::Buy, Side::Sell];

/// The rules of one kind.
pub fn rules(kind: RuleKind) -> impl Iterator<Item = &'static RuleDef> {
    catalog::RULES.iter().copied().filter(move |def| def.kind == kind)
}

/// What a parameter holds when a test says nothing of it: its default, and for a condition, which has none, one
/// that is its own mirror.
pub fn usual_value(param: &ParamDef) -> ParamValue {
    match param.kind {
        ParamKind::Text { .. } => ParamValue::Text("rsi(14) < 30 or rsi(14) > 70".into()),
        _ => param.default_value(),
    }
}

/// A rule with these values and the usual ones for the rest.
pub fn spec(def: &RuleDef, values: &[(&str, ParamValue)]) -> RuleSpec {
    let value = |p: &ParamDef| {
        values.iter().find(|(name, _)| *name == p.name).map_or(usual_value(p), |(_, v)| v.clone())
    };
    let values = def.params.iter().map(value).collect();
    RuleSpec { rule: def.name.into(), values, bars: None, weight: Ratio::ONE }
}

fn view<'a>(bar: &'a Bar, bars: u64, set: &'a Set) -> View<'a> {
    let cut = BarCut::Time { interval_ns: MINUTE_NS };
    View { bar, bars, set, time_ns: bar.open_ns, cut, calendar: &Calendar::Always }
}

/// Saved and read back.
fn restored<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) -> T {
    let copy = postcard::from_bytes(&postcard::to_stdvec(value).unwrap()).unwrap();
    assert_eq!(&copy, value);
    copy
}

/// An entry and its indicators.
#[derive(Clone)]
pub struct EntryRun {
    set: Set,
    pub rule: EntryRule,
    bars: u64,
}

impl EntryRun {
    pub fn new(spec: &RuleSpec) -> EntryRun {
        let mut set = Set::default();
        let rule = EntryRule::compile(spec, &mut set).unwrap();
        EntryRun { set, rule, bars: 0 }
    }

    /// Takes a bar; whether the rule fires, long and short.
    pub fn step(&mut self, bar: &Bar) -> [bool; 2] {
        self.set.update(bar);
        self.bars += 1;
        let view = view(bar, self.bars, &self.set);
        let fires = SIDES.map(|side| self.rule.fires(side, &view, None));
        for (side, fires) in SIDES.into_iter().zip(fires) {
            if fires {
                let mut note = Noted::new(2);
                self.rule.explain(side, &view, &mut note);
                assert!(note.values().len() > 1, "{side}: {:?}", note.values());
            }
        }
        self.rule.after_bar(&view);
        fires
    }

    pub fn restore(&mut self) {
        (self.set, self.rule) = (restored(&self.set), restored(&self.rule));
    }
}

/// An exit, its indicators, and the position that it has to close.
#[derive(Clone)]
pub struct ExitRun {
    pub set: Set,
    pub rule: ExitRule,
    bars: u64,
    longer: Option<(BarBuilder, Set)>,
    interval_ns: i64,
    holding: Option<Holding>,
    /// Side of the next position.
    side: Side,
    /// Bars after which a position is closed without the rule.
    most_bars: u64,
}

impl ExitRun {
    pub fn new(def: &RuleDef, spec: &RuleSpec, interval_ns: i64, side: Side, most_bars: u64) -> ExitRun {
        let mut set = Set::default();
        let mut rule = ExitRule::compile(spec, &mut set).unwrap();
        let longer = longer_bars_ns(def, &spec.values).map(|interval_ns| {
            let cut = BarCut::Time { interval_ns };
            let mut longer = Set::default();
            rule.declare_longer(&mut longer);
            (BarBuilder::new(BarSpec { cut, source: BarSource::Trades, close_delay_ns: 0 }), longer)
        });
        ExitRun { set, rule, bars: 0, longer, interval_ns, holding: None, side, most_bars }
    }

    /// Takes a bar; side and reason where the rule closes the position.
    pub fn step(&mut self, bar: &Bar) -> Option<(Side, Reason)> {
        self.set.update(bar);
        self.bars += 1;
        if let Some((builder, longer)) = &mut self.longer {
            let early = builder.roll(bar.open_ns);
            let complete = builder.add_bar(bar, self.interval_ns);
            early.iter().chain(&complete).for_each(|bar| longer.update(bar));
            self.rule.see_longer(longer);
        }
        let view = view(bar, self.bars, &self.set);
        let mut closed = None;
        if let Some(holding) = &mut self.holding {
            holding.bars_held += 1;
            let oriented = Oriented::new(holding.side, bar);
            let signal = self.rule.on_bar(holding, &oriented, &view);
            closed = signal.map(|signal| (holding.side, signal.reason));
            if closed.is_some() {
                let mut note = Noted::new(2);
                self.rule.explain(holding, &view, &mut note);
                assert!(note.values().len() > 2, "{:?}", note.values());
            }
            if closed.is_some() || holding.bars_held >= self.most_bars {
                self.rule.clear();
                self.side = holding.side.opposite();
                self.holding = None;
            }
        } else if self.rule.arm(&view) != Arming::NotReady {
            let (side, entry) = (self.side, fx(bar.close));
            let holding =
                Holding { side, entry, opened_ns: bar.open_ns, bars_held: 0, opened_qty: Qty(1_000) };
            self.rule.open(&holding);
            self.holding = Some(holding);
        }
        self.rule.after_bar(&view);
        closed
    }

    pub fn restore(&mut self) {
        (self.set, self.rule) = (restored(&self.set), restored(&self.rule));
    }
}

/// Numbers that look random and are the same in every run.
pub struct Noise(pub u64);

impl Noise {
    pub fn below(&mut self, n: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as i64 % n
    }
}

/// A walk around fifteen billion with trends, ranges and volumes that rise with the move; `sign` mirrors it.
/// Prices lie on a grid on which it is clear what is within 0.01 % of a price, in the mirror too.
pub fn walk(count: i64, sign: i64) -> Vec<Bar> {
    const CENTRE: i64 = 15_000_000_000;
    const GRID: i64 = 1_000_000;
    let (mut noise, mut close) = (Noise(7), 0);
    (0..count)
        .map(|at| {
            let open = close;
            let trend = [0, 2_000_000, 0, -2_000_000][(at / 60 % 4) as usize];
            close += noise.below(20_000_001) - 10_000_000 + trend - close / 200;
            let (high, low) =
                (open.max(close) + noise.below(4_000_000), open.min(close) - noise.below(4_000_000));
            let volume = Qty(1_000 + noise.below(2_000) + (close - open).abs() / 5_000);
            let [open, high, low, close] =
                [open, high, low, close].map(|p| Price(CENTRE + sign * (p / GRID * GRID)));
            let (high, low) = (high.max(low), high.min(low));
            Bar { open_ns: at * MINUTE_NS, open, high, low, close, volume }
        })
        .collect()
}
