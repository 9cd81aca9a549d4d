//! What holds for every rule of the catalogue; a new one is covered by being listed.

mod driver;

use driver::{EntryRun, ExitRun, MINUTE_NS, rules, spec, walk};
use pinion_engine::rules::catalog::{RULES, find};
use pinion_engine::rules::params::{ParamKind, ParamValue, RuleDef, RuleKind};
use pinion_model::event::{Bar, Market};
use pinion_model::number::{Price, Qty, Ratio};
use pinion_model::order::{Reason, Side};
use pinion_recorded::survey::{Visitor, visit};
use pinion_tests::{recorded_data, recorded_file};

/// Distances in fractions of the price are not the same on both sides of the walk's middle; these values make
/// rules look at levels alone.
fn level_values() -> Vec<(&'static str, ParamValue)> {
    let ratio = |millionths: i64| ParamValue::Ratio(Ratio(millionths * 1_000));
    let zero = ["breakout_threshold", "breakdown_threshold", "support_threshold", "resistance_threshold"];
    let mut values: Vec<_> = zero.map(|name| (name, ratio(0))).into();
    for side in
        [["resistance_range_low", "resistance_range_high"], ["support_range_low", "support_range_high"]]
    {
        values.extend([(side[0], ratio(500_000)), (side[1], ratio(1_500_000))]);
    }
    // The usual pullback: thirty is rare in a walk that returns to its middle.
    values.push(("rsi_oversold", ratio(50_000_000)));
    values.push(("htf_timeframe", ParamValue::Choice(1)));
    values
}

/// Exits at a fraction of the price; hand-made bars show both of their sides.
const BY_FRACTION: [&str; 2] = ["FixedRatio", "TrailingStop"];

#[test]
fn declarations_are_whole() {
    for kind in [RuleKind::Entry, RuleKind::Exit] {
        let mut names: Vec<&str> = rules(kind).flat_map(RuleDef::names).collect();
        names.sort_unstable();
        assert_eq!(names.windows(2).find(|pair| pair[0] == pair[1]), None, "a name stands for two rules");
    }
    for def in RULES {
        assert_eq!(find(def.kind, def.name), Some(*def));
        assert!(def.doc.ends_with('.'), "{}", def.name);
        for (at, param) in def.params.iter().enumerate() {
            let context = format!("{} {}", def.name, param.name);
            assert!(param.doc.ends_with('.'), "{context}");
            assert!(def.params[..at].iter().all(|p| p.name != param.name), "{context} twice");
            match param.kind {
                ParamKind::Int { default, min, max } => assert!((min..=max).contains(&default), "{context}"),
                ParamKind::Ratio { default, min, max } => {
                    assert!((min..=max).contains(&default), "{context}")
                }
                ParamKind::Choice { default, options } => assert!(default < options.len(), "{context}"),
                ParamKind::Bool { .. } | ParamKind::RatioList { .. } | ParamKind::Text { .. } => {}
            }
        }
        assert_eq!(
            def.params.iter().any(|p| p.name == "cooldown_bars"),
            def.kind == RuleKind::Entry && def.name != "Expression",
            "{}: every entry cools down; an expression says so itself",
            def.name
        );
    }
}

#[derive(Default)]
struct Collected(Vec<Bar>);

impl Visitor for Collected {
    fn visit(&mut self, _: usize, market: &Market<'_>) {
        if let Market::Bar { bar, .. } = market {
            // Two decimals of price and three of volume, which is what the files hold.
            let price = |p: Price| Price(p.0 / 10_000_000);
            let [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map(price);
            let volume = Qty(bar.volume.0 / 1_000_000);
            self.0.push(Bar { open_ns: bar.open_ns, open, high, low, close, volume });
        }
    }
}

/// Real bars with their length.
fn recorded_bars() -> Option<Vec<(&'static str, i64, Vec<Bar>)>> {
    let dir = recorded_data()?;
    let files = [
        ("bars/btcusd_1h_2018_2022.csv.gz", 60 * MINUTE_NS),
        ("bars/btcperp_1m_202201.csv.gz", MINUTE_NS),
        ("equity/spy_hour.zip", 60 * MINUTE_NS),
    ];
    let read = |(name, interval_ns)| {
        let mut bars = Collected::default();
        visit(&[recorded_file(&dir, name)], &mut bars).unwrap();
        bars.0.sort_by_key(|bar| bar.open_ns);
        (name, interval_ns, bars.0)
    };
    Some(files.map(read).into())
}

#[test]
fn every_rule_fires_on_real_data_on_both_sides() {
    let Some(data) = recorded_bars() else { return };
    for def in RULES {
        let spec = spec(def, &[]);
        let mut fired = [0; 2];
        for (_, interval_ns, bars) in &data {
            if def.kind == RuleKind::Entry {
                let mut run = EntryRun::new(&spec);
                for bar in bars {
                    let now = run.step(bar);
                    fired = [0, 1].map(|at| fired[at] + u32::from(now[at]));
                }
            } else {
                let mut run = ExitRun::new(def, &spec, *interval_ns, Side::Buy, 100);
                for (side, _) in bars.iter().filter_map(|bar| run.step(bar)) {
                    fired[usize::from(side == Side::Sell)] += 1;
                }
            }
        }
        println!("{:?} {}: {fired:?}", def.kind, def.name);
        assert!(fired.iter().all(|n| *n > 0), "{:?} {} fired {fired:?} times", def.kind, def.name);
    }
}

/// Where the rule fires on the walk or its mirror: bar, side, and the reason of an exit.
fn signals(
    def: &RuleDef,
    bars: &[Bar],
    first: Side,
    restore_every: usize,
) -> Vec<(usize, Side, Option<Reason>)> {
    let spec = spec(def, &level_values());
    let due = |at: usize| restore_every > 0 && at.is_multiple_of(restore_every);
    let mut signals = Vec::new();
    if def.kind == RuleKind::Entry {
        let mut run = EntryRun::new(&spec);
        for (at, bar) in bars.iter().enumerate() {
            for (side, fires) in driver::SIDES.into_iter().zip(run.step(bar)) {
                signals.extend(fires.then_some((at, side, None)));
            }
            if due(at) {
                run.restore();
            }
        }
    } else {
        let mut run = ExitRun::new(def, &spec, MINUTE_NS, first, 50);
        for (at, bar) in bars.iter().enumerate() {
            signals.extend(run.step(bar).map(|(side, reason)| (at, side, Some(reason))));
            if due(at) {
                run.restore();
            }
        }
    }
    signals
}

#[test]
fn mirrored_series_give_mirrored_signals() {
    let (bars, mirrored) = (walk(40_000, 1), walk(40_000, -1));
    for def in RULES.iter().filter(|def| !BY_FRACTION.contains(&def.name)) {
        // SuperTrend begins up on either side: the first turns are not mirrored.
        let late = |(at, ..): &(usize, Side, Option<Reason>)| *at > 300;
        let here: Vec<_> = signals(def, &bars, Side::Buy, 0).into_iter().filter(late).collect();
        let there = signals(def, &mirrored, Side::Sell, 0);
        let mut there: Vec<_> =
            there.into_iter().map(|(at, side, why)| (at, side.opposite(), why)).filter(late).collect();
        there.sort_by_key(|(at, side, _)| (*at, *side == Side::Sell));
        assert!(here.len() > 1, "{:?} {}: only {} signals", def.kind, def.name, here.len());
        assert_eq!(here, there, "{:?} {}", def.kind, def.name);
    }
}

#[test]
fn a_restored_copy_continues_identically() {
    let bars = walk(1_500, 1);
    for def in RULES {
        assert_eq!(signals(def, &bars, Side::Buy, 0), signals(def, &bars, Side::Buy, 37), "{}", def.name);
    }
}

#[test]
fn nothing_fires_in_a_dead_market_or_before_the_indicators_are_warm() {
    let walk = walk(400, 1);
    let dead = Bar { high: walk[0].close, low: walk[0].close, open: walk[0].close, ..walk[0] };
    for def in RULES {
        let spec = spec(def, &level_values());
        if def.kind == RuleKind::Entry {
            let mut run = EntryRun::new(&spec);
            assert!((0..400).all(|_| run.step(&dead) == [false; 2]), "{} in a dead market", def.name);
            let first = |bars: &[Bar]| {
                let mut run = EntryRun::new(&spec);
                bars.iter().position(|bar| run.step(bar) != [false; 2])
            };
            // The shortest warm-up of an entry is the RSI's or the bands'.
            assert!(first(&walk).is_none_or(|at| at >= 14), "{} is early", def.name);
        } else if !def.has_stop() && def.name != "TimeBased" {
            let mut run = ExitRun::new(def, &spec, MINUTE_NS, Side::Buy, 50);
            assert!((0..400).all(|_| run.step(&dead).is_none()), "{} in a dead market", def.name);
        }
    }
}

/// The largest prices and volumes, bars without range or volume, and jumps between them.
#[test]
fn extreme_bars_stop_nothing() {
    const TOP: i64 = pinion_engine::indicators::fx::MAX_PRICE;
    // Five of them make a longer bar.
    const MOST: i64 = i64::MAX / 5;
    let mut noise = driver::Noise(3);
    let bars: Vec<Bar> = (0..2_000)
        .map(|at| {
            let mut pick = || [1, 2, TOP / 2, TOP - 1, TOP][noise.below(5) as usize];
            let (open, close) = (Price(pick()), Price(pick()));
            let (high, low) = (open.max(close), open.min(close));
            let volume = Qty([0, 1, MOST][noise.below(3) as usize]);
            Bar { open_ns: at * MINUTE_NS, open, high, low, close, volume }
        })
        .collect();
    for def in RULES {
        signals(def, &bars, Side::Buy, 0);
        signals(def, &bars, Side::Sell, 0);
    }
}

/// A rule that is shown longer bars is blind until they are warm: it would have to make them up.
#[test]
fn multi_level_atr_waits_for_its_longer_bars() {
    let def = find(RuleKind::Exit, "MultiLevelATR").unwrap();
    let of = |choice| {
        let spec = spec(def, &[("htf_timeframe", ParamValue::Choice(choice))]);
        let mut run = ExitRun::new(def, &spec, MINUTE_NS, Side::Buy, 1_000);
        walk(2_000, 1).iter().position(|bar| run.step(bar).is_some())
    };
    // 15 bars of five minutes, of an hour.
    assert!(of(1).is_some_and(|at| at > 15 * 5));
    assert!(of(4).is_some_and(|at| at > 15 * 60));
}
