//! What values a position and what an entry may trust: quotes before the book before trades, and equity only
//! once every rate that it needs is known.

use pinion_engine::Engine;
use pinion_engine::sink::Sink;
use pinion_model::body::Body;
use pinion_model::event::*;
use pinion_model::instrument::InstrumentId;
use pinion_model::number::{Price, Qty};
use std::path::Path;

struct Nobody;

impl Sink for Nobody {
    const INPUTS: bool = false;
    const EVIDENCE: bool = false;
    fn emit<B: Body>(&mut self, _: &B) {}
    fn levels(&mut self, _: &[Level], _: &[Level]) {}
}

fn engine(broker: &str) -> Engine {
    let text = format!(
        "
instruments: [{{symbol: BTCUSDT, tick: 0.01, lot: 0.00001}}]
strategy: {{entry_mixins: [RSIBB], exit_mixins: [ATR], timeframe: 1m, bars: trades}}
broker: {broker}
risk_management: {{max_daily_loss: 0.05}}
"
    );
    let (config, mut found) = pinion_plan::read("test", &text, Path::new(".")).unwrap();
    Engine::new(&pinion_plan::compile(&config, &[], &mut found).unwrap().engine).unwrap()
}

fn on(engine: &mut Engine, market: Market<'_>) {
    engine.on_market(&MarketEvent { instrument: InstrumentId(0), cursor: 1, market }, &mut Nobody);
}

fn trade(engine: &mut Engine, recv_ns: i64, price: i64) {
    let (price, qty) = (Price(price), Qty(1));
    on(engine, Market::Trade(Trade { recv_ns, venue_ns: NO_TIME, trade_id: 1, price, qty, aggressor: None }));
}

fn depth(engine: &mut Engine, recv_ns: i64, first_id: u64, last_id: u64, snapshot: bool) {
    let level = |price| [Level { price: Price(price), qty: Qty(5) }];
    let (bids, asks) = (level(9_990), level(10_010));
    let (bids, asks) = (&bids[..], &asks[..]);
    let prev_id = 0;
    let depth = Depth { recv_ns, venue_ns: NO_TIME, first_id, last_id, prev_id, snapshot, bids, asks };
    on(engine, Market::Depth(depth));
}

fn mark(engine: &Engine) -> (i64, i64, bool) {
    let mark = engine.portfolio().mark(InstrumentId(0));
    (mark.bid.0, mark.ask.0, mark.time_ns != pinion_engine::portfolio::Mark::LOST)
}

#[test]
fn a_book_marks_better_than_trades_and_its_loss_is_not_hidden_by_them() {
    let mut e = engine("{cash: 1000}");
    trade(&mut e, 1, 10_000);
    assert_eq!(mark(&e), (10_000, 10_000, true), "nothing better is known");
    depth(&mut e, 2, 0, 10, true);
    depth(&mut e, 3, 11, 12, false);
    assert_eq!(mark(&e), (9_990, 10_010, true));
    trade(&mut e, 4, 10_010);
    assert_eq!(mark(&e), (9_990, 10_010, true), "the executable side, not the last trade");
    depth(&mut e, 5, 20, 21, false);
    assert_eq!(e.inputs().book_gaps, 1);
    assert_eq!(mark(&e), (9_990, 10_010, false), "a gap: no entry may trust it");
    trade(&mut e, 6, 9_000);
    assert_eq!(mark(&e), (9_000, 9_000, false), "it values what is held, and is still not trusted");
    depth(&mut e, 7, 0, 30, true);
    depth(&mut e, 8, 31, 31, false);
    assert_eq!(mark(&e), (9_990, 10_010, true), "a snapshot brings it back");
}

#[test]
fn what_was_held_at_the_start_is_no_profit_and_the_first_day_has_its_limit() {
    let mut e = engine("{cash: 1000, balances: {BTC: 1}}");
    assert_eq!((e.equity(), e.opening_equity()), (None, None));
    trade(&mut e, 1, 10_000_000);
    let opening = e.opening_equity().unwrap();
    assert_eq!(opening, e.equity().unwrap());
    assert_eq!(e.halts(), (0, false, false));
    trade(&mut e, 2, 9_000_000);
    assert!(e.equity().unwrap() < opening);
    assert_eq!(e.halts(), (0, true, false), "equity fell by more than a twentieth on the first day");
}
