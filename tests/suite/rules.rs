//! Exits on hand-made bars, long and short, and fresh for each position.

mod driver;

use pinion_engine::indicators::Set;
use pinion_engine::indicators::fx::fx;
use pinion_engine::plan::BarCut;
use pinion_engine::rules::params::{ParamValue, RuleKind, RuleSpec};
use pinion_engine::rules::{Arming, ExitRule, Holding, Oriented, View, catalog};
use pinion_model::event::Bar;
use pinion_model::instrument::Calendar;
use pinion_model::number::{Price, Qty, Ratio};
use pinion_model::order::{Reason, Side};

const ONE: i64 = Ratio::SCALE;

fn spec(name: &str, set: &[(&str, ParamValue)]) -> RuleSpec {
    let def = catalog::find(RuleKind::Exit, name).unwrap();
    let value = |p: &pinion_engine::rules::params::ParamDef| {
        set.iter().find(|(n, _)| *n == p.name).map_or(driver::usual_value(p), |(_, v)| v.clone())
    };
    RuleSpec {
        rule: name.into(),
        values: def.params.iter().map(value).collect(),
        bars: None,
        weight: Ratio::ONE,
    }
}

/// A rule with its indicators, and a market that has moved 10 a bar for long enough to warm them.
struct Bench {
    set: Set,
    bars: u64,
    rule: ExitRule,
    holding: Holding,
}

fn bar(high: i64, low: i64, close: i64) -> Bar {
    Bar {
        open_ns: 0,
        open: Price(close),
        high: Price(high),
        low: Price(low),
        close: Price(close),
        volume: Qty(1),
    }
}

const DAYS: Calendar = Calendar::Session { days: 0b111_1111, open_s: 0, close_s: 86_400 };
const MINUTES: BarCut = BarCut::Time { interval_ns: 60_000_000_000 };

impl Bench {
    /// Enters at 1,000 on `side`; the ATR of the signal bar is 10.
    fn new(spec: &RuleSpec, side: Side) -> Bench {
        let mut set = Set::default();
        let mut rule = ExitRule::compile(spec, &mut set).unwrap();
        // The same bars serve as the longer ones.
        rule.declare_longer(&mut set);
        let holding =
            Holding { side, entry: fx(Price(1_000)), opened_ns: 0, bars_held: 0, opened_qty: Qty(100) };
        let mut bench = Bench { set, bars: 200, rule, holding };
        (0..200).for_each(|_| bench.set.update(&bar(1_005, 995, 1_000)));
        bench.reopen();
        bench
    }

    fn view<'a>(&'a self, bar: &'a Bar) -> View<'a> {
        View { bar, bars: self.bars, set: &self.set, time_ns: 0, cut: MINUTES, calendar: &DAYS }
    }

    fn reopen(&mut self) {
        let flat = bar(1_005, 995, 1_000);
        self.rule.see_longer(&self.set);
        let mut rule = self.rule.clone();
        assert_ne!(rule.arm(&self.view(&flat)), Arming::NotReady);
        rule.clear();
        rule.after_bar(&self.view(&flat));
        self.rule = rule;
        self.holding.bars_held = 0;
        self.rule.open(&self.holding);
    }

    fn step(&mut self, bar: &Bar) -> Option<Reason> {
        self.step_at(bar, 0, false)
    }

    fn step_at(&mut self, bar: &Bar, time_ns: i64, last: bool) -> Option<Reason> {
        self.set.update(bar);
        self.bars += 1;
        self.rule.see_longer(&self.set);
        self.holding.bars_held += 1;
        // Two bars of a day do not fit into a day: such a bar is its session's last.
        let interval_ns = if last { 86_400_000_000_000 } else { 60_000_000_000 };
        let view = View {
            bar,
            bars: self.bars,
            set: &self.set,
            time_ns,
            cut: BarCut::Time { interval_ns },
            calendar: &DAYS,
        };
        let oriented = Oriented::new(self.holding.side, bar);
        let signal = self.rule.on_bar(&self.holding, &oriented, &view);
        self.rule.after_bar(&view);
        signal.map(|signal| signal.reason)
    }

    /// Steps through bars with a range of 10 around these closes, mirrored for a short; where it exits.
    fn closes(&mut self, closes: &[i64]) -> Option<(usize, Reason)> {
        for (at, &close) in closes.iter().enumerate() {
            let close = if self.holding.side == Side::Buy { close } else { 2_000 - close };
            if let Some(reason) = self.step(&bar(close + 5, close - 5, close)) {
                return Some((at, reason));
            }
        }
        None
    }
}

const SIDES: [Side; 2] = [Side::Buy, Side::Sell];

#[test]
fn fixed_ratio_stops_and_takes_profit_on_the_close() {
    let params = [
        ("stop_loss_pct", ParamValue::Ratio(Ratio(ONE / 20))),
        ("risk_reward", ParamValue::Ratio(Ratio(2 * ONE))),
    ];
    for side in SIDES {
        let spec = spec("FixedRatio", &params);
        assert_eq!(Bench::new(&spec, side).closes(&[1_099, 951, 950]), Some((2, Reason::StopLoss)));
        assert_eq!(Bench::new(&spec, side).closes(&[1_099, 1_100]), Some((1, Reason::TakeProfit)));
    }
}

#[test]
fn atr_freezes_its_distance_at_entry_and_trails_the_highest_high() {
    for side in SIDES {
        // Stop 20 below the highest high: 1,040 + 5 - 20.
        let mut bench = Bench::new(&spec("ATR", &[]), side);
        assert_eq!(bench.closes(&[1_010, 1_040, 1_026, 1_025]), Some((3, Reason::TrailingStop)), "{side}");
    }
}

#[test]
fn trailing_stop_needs_its_activation_once_and_a_close_below() {
    let params = [
        ("trail_pct", ParamValue::Ratio(Ratio(ONE / 50))),
        ("activation_pct", ParamValue::Ratio(Ratio(ONE / 20))),
    ];
    let mut bench = Bench::new(&spec("TrailingStop", &params), Side::Buy);
    assert_eq!(
        bench.closes(&[1_040, 1_000, 1_049, 1_050, 1_030, 1_029, 1_028]),
        Some((6, Reason::TrailingStop))
    );
    assert_eq!(
        Bench::new(&spec("TrailingStop", &params), Side::Buy).closes(&[1_049, 900, 800]),
        None,
        "never active"
    );
}

#[test]
fn time_based_counts_bars_minutes_and_the_sessions_end() {
    let bars = spec("TimeBased", &[("max_bars", ParamValue::Int(3))]);
    assert_eq!(Bench::new(&bars, Side::Buy).closes(&[1_000; 5]), Some((2, Reason::TimeLimit)));
    let minutes = spec("TimeBased", &[("max_bars", ParamValue::Int(0)), ("max_minutes", ParamValue::Int(2))]);
    let mut bench = Bench::new(&minutes, Side::Buy);
    let flat = bar(1_005, 995, 1_000);
    assert_eq!(bench.step_at(&flat, 119_999_999_999, false), None);
    assert_eq!(bench.step_at(&flat, 120_000_000_000, false), Some(Reason::TimeLimit));
    let session =
        spec("TimeBased", &[("max_bars", ParamValue::Int(0)), ("session_end", ParamValue::Bool(true))]);
    assert_eq!(Bench::new(&session, Side::Buy).step_at(&flat, 0, true), Some(Reason::SessionEnd));
}

#[test]
fn advanced_atr_has_stop_target_trail_and_breakeven() {
    let off = [("trailing_enabled", ParamValue::Bool(false)), ("breakeven_enabled", ParamValue::Bool(false))];
    for side in SIDES {
        // R0 is 2 x 10; the target 3 x 10.
        let plain = spec("AdvancedATR", &off);
        assert_eq!(Bench::new(&plain, side).closes(&[981, 980]), Some((1, Reason::StopLoss)), "{side}");
        assert_eq!(Bench::new(&plain, side).closes(&[1_029, 1_030]), Some((1, Reason::TakeProfit)), "{side}");
        let far = ("tp_multiplier", ParamValue::Ratio(Ratio(0)));
        let breakeven = spec("AdvancedATR", &[off[0].clone(), far.clone()]);
        // Profit of one R (20) at the high of the second bar arms it.
        assert_eq!(
            Bench::new(&breakeven, side).closes(&[1_010, 1_015, 1_001, 1_000]),
            Some((3, Reason::BreakEven)),
            "{side}"
        );
        let trail = spec("AdvancedATR", &[off[1].clone(), far]);
        assert_eq!(
            Bench::new(&trail, side).closes(&[1_010, 1_012, 995, 980]),
            Some((2, Reason::TrailingStop)),
            "{side}"
        );
    }
}

#[test]
fn advanced_atr_closes_parts_at_their_levels_once_each() {
    let list = |v: &[i64]| ParamValue::RatioList(v.iter().map(|r| Ratio(r * ONE / 10)).collect());
    let params = [
        ("pt_levels_r", list(&[10, 20])),
        ("pt_sizes", list(&[5, 3])),
        ("tp_multiplier", ParamValue::Ratio(Ratio(0))),
        ("trailing_enabled", ParamValue::Bool(false)),
        ("breakeven_enabled", ParamValue::Bool(false)),
    ];
    let part = Some(Reason::PartialTarget);
    let mut bench = Bench::new(&spec("AdvancedATR", &params), Side::Buy);
    let mut step = |close: i64, sent: bool| {
        let said = bench.step(&bar(close + 5, close - 5, close));
        if sent && said == part {
            bench.rule.part_sent();
        }
        said
    };
    assert_eq!(
        [step(1_019, true), step(1_020, false), step(1_025, true)],
        [None, part, part],
        "until it was sent"
    );
    assert_eq!([step(1_026, true), step(1_040, true), step(1_050, true)], [None, part, None]);
    bench.rule.part_failed();
    assert_eq!(
        bench.step(&bar(1_055, 1_045, 1_050)),
        part,
        "an order that came to nothing is asked for again"
    );
}

#[test]
fn simple_atr_follows_the_close_and_has_a_floor() {
    for side in SIDES {
        // The stop is two ATRs (20) below the highest close; at a profit of one ATR it is at least the entry.
        let plain = spec("SimpleATR", &[("use_breakeven", ParamValue::Bool(false))]);
        assert_eq!(
            Bench::new(&plain, side).closes(&[1_004, 990, 984]),
            Some((2, Reason::TrailingStop)),
            "{side}"
        );
        let mut first = Bench::new(&plain, side);
        assert_eq!(first.closes(&[996, 978]), Some((1, Reason::StopLoss)), "{side}");
        let floor = spec("SimpleATR", &[]);
        let mut bench = Bench::new(&floor, side);
        assert_eq!(bench.closes(&[1_006, 1_012, 1_006, 1_000]), Some((3, Reason::BreakEven)), "{side}");
    }
}

#[test]
fn multi_level_atr_takes_the_highest_of_its_levels() {
    let no_breakeven = ("be_activation_atr", ParamValue::Ratio(Ratio(100 * ONE)));
    let ratio = |tenths: i64| ParamValue::Ratio(Ratio(tenths * ONE / 10));
    for side in SIDES {
        let closes = [1_004, 1_008, 993, 992];
        // Both ATRs are near 10, the highest high is 1,013: the nearer of the two distances counts.
        for (htf, ltf) in [(25, 18), (18, 25)] {
            let values =
                [no_breakeven.clone(), ("htf_multiplier", ratio(htf)), ("ltf_multiplier", ratio(ltf))];
            let mut bench = Bench::new(&spec("MultiLevelATR", &values), side);
            assert_eq!(bench.closes(&closes), Some((2, Reason::TrailingStop)), "{side}");
        }
        // Once 10 are earned, the stop stands 3 beyond the entry.
        let mut bench = Bench::new(&spec("MultiLevelATR", &[]), side);
        assert_eq!(bench.closes(&[1_004, 1_008, 1_004, 1_003]), Some((3, Reason::BreakEven)), "{side}");
    }
}

#[test]
fn averages_that_cross_close_once_they_have() {
    let params = [("fast_period", ParamValue::Int(2)), ("slow_period", ParamValue::Int(4))];
    for side in SIDES {
        let mut bench = Bench::new(&spec("MACrossover", &params), side);
        assert_eq!(bench.closes(&[1_010, 1_020, 1_015, 1_012, 1_002]), Some((3, Reason::Signal)), "{side}");
    }
}

#[test]
fn no_state_leaks_into_the_next_position() {
    for def in catalog::RULES.iter().filter(|def| def.kind == RuleKind::Exit) {
        let spec = spec(def.name, &[]);
        for side in SIDES {
            let mut used = Bench::new(&spec, side);
            used.closes(&[1_010, 1_020, 1_025, 1_019]);
            // The same indicators, for a comparison of the rule's own state.
            used.reopen();
            let mut fresh = Bench::new(&spec, side);
            (fresh.set, fresh.bars) = (used.set.clone(), used.bars);
            fresh.reopen();
            assert_eq!(used.rule, fresh.rule, "{} {side}", def.name);
            let path = [1_001, 1_003, 999, 990, 985, 979, 970, 940];
            assert_eq!(used.closes(&path), fresh.closes(&path), "{} {side}", def.name);
        }
    }
}
