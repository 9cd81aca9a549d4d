//! From market events to books and bars, and what rules make of a bar.

use super::{Nowhere, Step, warmed};
use crate::bars::{MINUTE_NS, bars};
use crate::desk::PLAN;
use pinion_engine::Engine;
use pinion_engine::book::{Book, BookChange};
use pinion_engine::indicators::Set;
use pinion_engine::indicators::fx::fx;
use pinion_engine::plan::BarCut;
use pinion_engine::rules::params::{ParamDef, ParamValue, RuleKind, RuleSpec};
use pinion_engine::rules::{EntryRule, ExitRule, Holding, Oriented, View, catalog};
use pinion_model::event::{Depth, Level, NO_TIME, Quote, Trade};
use pinion_model::instrument::{Calendar, InstrumentId};
use pinion_model::number::{Price, Qty, Ratio};
use pinion_model::order::Side;
use std::hint::black_box;

const ID: InstrumentId = InstrumentId(0);
const BEGIN_NS: i64 = 1_700_000_040_000_000_000;
/// Different bars that a step goes through.
const BARS: usize = 4_096;

fn engine() -> Engine {
    Engine::new(&crate::plan(PLAN).engine).expect("the rules are known")
}

/// Best bid and offer into the engine: marks, and series of quotes where there are some.
pub(super) fn book_quote() -> Step {
    let (mut engine, mut at) = (engine(), 0i64);
    warmed(move || {
        at += 1;
        let bid = Price(6_183_763 + at % 16);
        let quote = Quote {
            recv_ns: BEGIN_NS + at * 1_000,
            venue_ns: NO_TIME,
            update_id: at as u64,
            bid,
            ask: Price(bid.0 + 1),
            bid_qty: Qty(378_826),
            ask_qty: Qty(154_698),
        };
        engine.on_quote(ID, at as u64, black_box(&quote), &mut Nowhere);
    })
}

fn depth<'a>(last_id: u64, snapshot: bool, bids: &'a [Level], asks: &'a [Level]) -> Depth<'a> {
    Depth {
        recv_ns: BEGIN_NS,
        venue_ns: NO_TIME,
        first_id: last_id,
        last_id,
        prev_id: 0,
        snapshot,
        bids,
        asks,
    }
}

/// Twenty changed levels a side into a book of a thousand.
pub(super) fn book_depth() -> Step {
    let side = |best: i64, step: i64, count: i64, qty: i64| -> Vec<Level> {
        (0..count).map(|n| Level { price: Price(best + n * step), qty: Qty(qty + n) }).collect()
    };
    let mut book = Book::new(1_000);
    let (bids, asks) = (side(6_183_700, -1, 1_000, 500), side(6_183_701, 1, 1_000, 500));
    book.apply(&depth(1, true, &bids, &asks));
    // A level in three; now with one size and now with another, so that every update changes all of them.
    let changes = [700, 900].map(|qty| (side(6_183_700, -3, 20, qty), side(6_183_701, 3, 20, qty)));
    let mut id = 1;
    warmed(move || {
        id += 1;
        let (bids, asks) = &changes[id as usize % 2];
        let change = book.apply(black_box(&depth(id, false, bids, asks)));
        assert_eq!(black_box(change), BookChange::Applied);
    })
}

/// A trade that is one more of the open bar, or the first of the next.
fn trades(step_ns: i64) -> Step {
    let (mut engine, bars) = (engine(), bars(BARS));
    let (mut at, mut time_ns) = (0, BEGIN_NS);
    warmed(move || {
        let price = bars[at % BARS].close;
        let trade = Trade {
            recv_ns: time_ns,
            venue_ns: NO_TIME,
            trade_id: at as u64,
            price,
            qty: Qty(1_000),
            aggressor: Some(Side::Buy),
        };
        engine.on_trade(ID, at as u64, black_box(&trade), &mut Nowhere);
        (at, time_ns) = (at + 1, time_ns + step_ns);
    })
}

/// A trade into the open bar: its high, low, close and volume, and the mark.
pub(super) fn trade_into_bar() -> Step {
    // The clock moves by a nanosecond: the bar stays open.
    trades(1)
}

/// A trade that ends a bar: the indicators take it and the rules look at it.
pub(super) fn trade_ends_bar() -> Step {
    trades(MINUTE_NS)
}

/// A rule with these values and defaults for the rest.
fn spec(kind: RuleKind, name: &str, values: &[(&str, ParamValue)]) -> RuleSpec {
    let def = catalog::find(kind, name).expect("a rule of the catalogue");
    let value = |p: &ParamDef| {
        let given = values.iter().find(|(name, _)| *name == p.name).map(|(_, value)| value.clone());
        given.unwrap_or_else(|| p.default_value())
    };
    let values = def.params.iter().map(value).collect();
    RuleSpec { rule: name.into(), values, bars: None, weight: Ratio::ONE }
}

/// A bar into the indicators, the entry asked for a long position, and AdvancedATR asked in an open one.
fn rules(entry: &RuleSpec) -> Step {
    let mut set = Set::default();
    let entry = EntryRule::compile(entry, &mut set).expect("a rule of the catalogue");
    let exit = spec(RuleKind::Exit, "AdvancedATR", &[]);
    let mut exit = ExitRule::compile(&exit, &mut set).expect("a rule of the catalogue");
    let bars = bars(BARS);
    // Bought far below the market, so that the position stays open whatever the walk does.
    let holding =
        Holding { side: Side::Buy, entry: fx(Price(1)), opened_ns: 0, bars_held: 1, opened_qty: Qty(100) };
    bars.iter().take(200).for_each(|bar| set.update(bar));
    exit.open(&holding);
    let mut at = 200;
    let cut = BarCut::Time { interval_ns: MINUTE_NS };
    warmed(move || {
        let bar = &bars[at % BARS];
        set.update(black_box(bar));
        at += 1;
        let bars_so_far = at as u64;
        let view = View {
            bar,
            bars: bars_so_far,
            set: &set,
            time_ns: bar.open_ns,
            cut,
            calendar: &Calendar::Always,
        };
        black_box(entry.fires(Side::Buy, &view, None));
        black_box(exit.on_bar(&holding, &Oriented::new(Side::Buy, bar), &view).is_some());
        exit.after_bar(&view);
    })
}

pub(super) fn rules_on_bar() -> Step {
    rules(&spec(RuleKind::Entry, "RSIOrBB", &[]))
}

pub(super) fn expression_on_bar() -> Step {
    let condition = "bars_since_entry >= 5 and (rsi(14) < 30 or close <= bb(20, 2).lower)";
    let param = catalog::find(RuleKind::Entry, "Expression").expect("a rule of the catalogue").params[0].name;
    rules(&spec(RuleKind::Entry, "Expression", &[(param, ParamValue::Text(condition.into()))]))
}
