//! The paper venue: when and at which price orders fill.

use pinion_engine::book::Book;
use pinion_model::body::{Body, CancelBody, ExecutionBody, OrderBody};
use pinion_model::event::{Bar, Depth, Level, Market, MarketEvent, NO_TIME, Quote, Trade};
use pinion_model::instrument::InstrumentId;
use pinion_model::number::{Price, Qty};
use pinion_model::order::*;
use pinion_plan::Plan;
use pinion_sim::paper::PaperVenue;
use std::path::Path;

const MS: i64 = 1_000_000;

fn plan(paper: &str) -> Plan {
    let text = format!(
        "
instruments: [{{symbol: BTCUSDT, tick: 0.01, lot: 0.001}}]
strategy: {{entry_mixins: [RSIBB], exit_mixins: [ATR], timeframe: 1m, bars: trades}}
broker: {{cash: 1000000, commission_rate: 0.001, paper_trading_config: {paper}}}
"
    );
    let (config, mut found) = pinion_plan::read("test", &text, Path::new(".")).unwrap();
    pinion_plan::compile(&config, &[], &mut found).unwrap()
}

fn venue(paper: &str) -> PaperVenue {
    let plan = plan(paper);
    PaperVenue::new(&plan.engine, plan.paper)
}

fn quote(venue: &mut PaperVenue, recv_ns: i64, bid: i64, ask: i64) {
    let (bid, ask, bid_qty, ask_qty) = (Price(bid), Price(ask), Qty(1_000), Qty(1_000));
    let quote = Quote { recv_ns, venue_ns: NO_TIME, update_id: 0, bid, ask, bid_qty, ask_qty };
    venue.on_market(&MarketEvent { instrument: InstrumentId(0), cursor: 1, market: Market::Quote(quote) });
}

fn trade(venue: &mut PaperVenue, recv_ns: i64, price: i64, qty: i64) {
    let trade = Trade {
        recv_ns,
        venue_ns: NO_TIME,
        trade_id: 1,
        price: Price(price),
        qty: Qty(qty),
        aggressor: None,
    };
    venue.on_market(&MarketEvent { instrument: InstrumentId(0), cursor: 1, market: Market::Trade(trade) });
}

fn order(
    number: u64,
    side: Side,
    order_type: OrderType,
    qty: i64,
    price: i64,
    reduce_only: bool,
) -> OrderBody {
    let mut body = OrderBody::from_bytes(&[0; 96]);
    (body.order, body.side, body.order_type, body.tif) =
        (number, side.code(), order_type.code(), TimeInForce::Gtc.code());
    (body.qty, body.reduce_only) = (Qty(qty), u8::from(reduce_only));
    match order_type {
        OrderType::Stop => body.trigger = Price(price),
        _ => body.limit = Price(price),
    }
    body
}

/// Reports until `until_ns`: what, when, price, quantity.
fn reports(venue: &mut PaperVenue, until_ns: i64) -> Vec<(ReportKind, i64, i64, i64)> {
    let mut found = Vec::new();
    while let Some(r) = venue.poll(until_ns) {
        found.push((ReportKind::from_code(r.kind).unwrap(), r.time_ns, r.price.0, r.qty.0));
    }
    found
}

fn fills(venue: &mut PaperVenue, until_ns: i64) -> Vec<(i64, i64)> {
    let all = reports(venue, until_ns);
    all.into_iter().filter(|r| r.0 == ReportKind::Fill).map(|(_, _, price, qty)| (price, qty)).collect()
}

const PLAIN: &str = "{mode: realistic, slippage_model: none}";

#[test]
fn nothing_fills_before_its_latency_has_passed_and_the_market_of_that_moment_counts() {
    let mut v = venue(
        "{mode: realistic, slippage_model: none, latency_simulation: true, min_latency_ms: 10, max_latency_ms: 20}",
    );
    quote(&mut v, 0, 10_000, 10_001);
    v.submit(&order(1, Side::Buy, OrderType::Market, 5, 0, false), 0);
    assert!(reports(&mut v, 10 * MS - 1).is_empty());
    quote(&mut v, 5 * MS, 10_050, 10_051);
    let all = reports(&mut v, 60 * MS);
    let fill = all.iter().find(|r| r.0 == ReportKind::Fill).unwrap();
    assert_eq!((fill.2, fill.3), (10_051, 5), "the offer when the order arrived, not when it was sent");
    assert!(fill.1 >= 20 * MS, "there and back at the least");
}

#[test]
fn a_later_message_never_overtakes_an_earlier_one() {
    let mut v = venue(
        "{mode: realistic, slippage_model: none, latency_simulation: true, min_latency_ms: 0, max_latency_ms: 100}",
    );
    quote(&mut v, 0, 10_000, 10_010);
    for number in 1..=50 {
        v.submit(&order(number, Side::Buy, OrderType::Limit, 1, 9_000, false), number as i64);
        let mut cancel = CancelBody::from_bytes(&[0; 96]);
        cancel.order = number;
        v.cancel(&cancel, number as i64);
    }
    let all = reports(&mut v, 1_000 * MS);
    assert_eq!(
        all.iter().filter(|r| r.0 == ReportKind::Cancelled).count(),
        50,
        "no cancel came before its order"
    );
    assert!(all.windows(2).all(|w| w[0].1 <= w[1].1), "reports come in order of time");
}

#[test]
fn slippage_starts_at_the_opposite_touch_and_never_passes_the_limit() {
    for (model, want) in [("none", 10_001), ("fixed", 10_012), ("linear", 10_022), ("sqrt", 10_022)] {
        let mut v = venue(&format!("{{mode: realistic, slippage_model: {model}, base_slippage: 0.001}}"));
        quote(&mut v, 0, 10_000, 10_001);
        // As much as stands at the touch: linear and root both double the base.
        v.submit(&order(1, Side::Buy, OrderType::Market, 1_000, 0, false), 0);
        assert_eq!(fills(&mut v, MS), [(want, 1_000)], "{model}");
        v.submit(&order(2, Side::Buy, OrderType::Limit, 1_000, 10_005, false), MS);
        let limit = fills(&mut v, 2 * MS);
        assert_eq!(limit, [(want.min(10_005), 1_000)], "{model}");
    }
}

#[test]
fn impact_grows_with_notional() {
    let mut v = venue(
        "{mode: realistic, slippage_model: none, market_impact_enabled: true, market_impact_factor: 0.01}",
    );
    quote(&mut v, 0, 1_000_000, 1_000_000);
    v.submit(&order(1, Side::Buy, OrderType::Market, 10_000, 0, false), 0);
    // 10 at 10,000.00 is 100,000 of notional: one per cent.
    assert_eq!(fills(&mut v, MS), [(1_010_000, 10_000)]);
}

#[test]
fn a_resting_limit_waits_for_what_stood_ahead_or_for_a_trade_through() {
    let mut v = venue(PLAIN);
    quote(&mut v, 0, 10_000, 10_010);
    v.submit(&order(1, Side::Buy, OrderType::Limit, 500, 10_000, false), 0);
    assert!(fills(&mut v, MS).is_empty());
    trade(&mut v, 2 * MS, 10_000, 900);
    assert!(fills(&mut v, 3 * MS).is_empty(), "1,000 stood ahead");
    trade(&mut v, 4 * MS, 10_000, 300);
    assert_eq!(fills(&mut v, 5 * MS), [(10_000, 200)], "100 were still ahead");
    trade(&mut v, 6 * MS, 9_999, 1);
    assert_eq!(fills(&mut v, 7 * MS), [(10_000, 300)], "the market traded through");
}

#[test]
fn stops_fill_when_the_touch_reaches_them() {
    let mut v = venue(PLAIN);
    quote(&mut v, 0, 10_000, 10_010);
    v.submit(&order(1, Side::Buy, OrderType::Market, 10, 0, false), 0);
    v.submit(&order(2, Side::Sell, OrderType::Stop, 10, 9_950, true), 0);
    fills(&mut v, MS);
    quote(&mut v, 2 * MS, 9_951, 9_960);
    assert!(fills(&mut v, 3 * MS).is_empty());
    quote(&mut v, 4 * MS, 9_940, 9_960);
    assert_eq!(fills(&mut v, 5 * MS), [(9_940, 10)], "at the bid, below the trigger");
}

#[test]
fn reduce_only_never_increases_and_what_is_left_expires() {
    let mut v = venue(PLAIN);
    quote(&mut v, 0, 10_000, 10_010);
    v.submit(&order(1, Side::Sell, OrderType::Market, 5, 0, true), 0);
    assert_eq!(reports(&mut v, MS)[0].0, ReportKind::Rejected, "there is nothing to reduce");
    v.submit(&order(2, Side::Buy, OrderType::Market, 3, 0, false), MS);
    v.submit(&order(3, Side::Sell, OrderType::Market, 5, 0, true), MS);
    let all = reports(&mut v, 2 * MS);
    let kinds: Vec<ReportKind> = all.iter().map(|r| r.0).collect();
    assert_eq!(fills_of(&all), [3, 3]);
    assert_eq!(kinds.last(), Some(&ReportKind::Expired));
}

fn fills_of(all: &[(ReportKind, i64, i64, i64)]) -> Vec<i64> {
    all.iter().filter(|r| r.0 == ReportKind::Fill).map(|r| r.3).collect()
}

#[test]
fn rejections_and_partial_fills_come_as_often_as_configured() {
    let mut v = venue(
        "{mode: realistic, slippage_model: none, reject_probability: 0.25, partial_fill_probability: 0.5}",
    );
    quote(&mut v, 0, 10_000, 10_010);
    let (mut rejected, mut whole, mut parts) = (0, 0, 0);
    for number in 1..=2_000u64 {
        v.submit(&order(number, Side::Buy, OrderType::Market, 100, 0, false), number as i64 * MS);
        quote(&mut v, number as i64 * MS, 10_000, 10_010);
        let all = reports(&mut v, number as i64 * MS + 1);
        match fills_of(&all)[..] {
            [] => rejected += 1,
            [100] => whole += 1,
            _ => parts += 1,
        }
        // The rest of a partial fill comes with the next market.
        quote(&mut v, number as i64 * MS + 2, 10_000, 10_010);
        let rest = fills_of(&reports(&mut v, number as i64 * MS + 3));
        let total: i64 = fills_of(&all).iter().chain(&rest).sum();
        assert!(total == 0 || total == 100);
    }
    assert!((400..600).contains(&rejected) && (650..850).contains(&parts), "{rejected} {parts} {whole}");
}

#[test]
fn on_bars_orders_fill_at_the_next_open_and_the_stop_is_tested_before_the_target() {
    let mut v = venue("{mode: basic}");
    let bar = |open_ns, open, high, low, close| Bar {
        open_ns,
        open: Price(open),
        high: Price(high),
        low: Price(low),
        close: Price(close),
        volume: Qty(1),
    };
    let step = |v: &mut PaperVenue, b: &Bar| {
        v.before_bar(b.open_ns);
        v.on_bar(InstrumentId(0), b);
        fills(v, b.open_ns + 59)
    };
    step(&mut v, &bar(0, 100, 110, 90, 105));
    v.submit(&order(1, Side::Buy, OrderType::Market, 5, 0, false), 60);
    assert_eq!(step(&mut v, &bar(60, 106, 120, 100, 110)), [(106, 5)]);
    v.submit(&order(2, Side::Sell, OrderType::Limit, 5, 130, true), 120);
    v.submit(&order(3, Side::Sell, OrderType::Stop, 5, 95, true), 120);
    assert_eq!(
        step(&mut v, &bar(120, 110, 130, 96, 110)),
        [],
        "touching the limit is not trading through it"
    );
    assert_eq!(
        step(&mut v, &bar(180, 90, 140, 80, 100)),
        [(90, 5)],
        "the stop, at the worse of trigger and open"
    );
    assert_eq!(step(&mut v, &bar(240, 100, 200, 90, 100)), [], "the target has nothing left to reduce");
}

#[test]
fn fees_are_a_fraction_of_notional_rounded_up() {
    let mut v = venue(PLAIN);
    quote(&mut v, 0, 10_000, 10_001);
    v.submit(&order(1, Side::Buy, OrderType::Market, 3, 0, false), 0);
    let fill: ExecutionBody =
        std::iter::from_fn(|| v.poll(MS)).find(|r| r.kind == ReportKind::Fill.code()).unwrap();
    // 0.003 at 100.01 is 0.30003; a thousandth of it in units of 10^-8 is 30,003.
    assert_eq!((fill.fee.0, fill.liquidity), (30_003, Liquidity::Taker.code()));
}

#[test]
fn a_large_order_takes_level_after_level_and_never_passes_its_limit() {
    let plan = plan("{base_slippage: 0, slippage_model: fixed, min_latency_ms: 0, max_latency_ms: 0}");
    let mut book = Book::new(16);
    let level = |price, qty| Level { price: Price(price), qty: Qty(qty) };
    let (bids, asks) = ([level(9_999, 5)], [level(10_000, 3), level(10_001, 4), level(10_003, 5)]);
    let (bids, asks) = (&bids[..], &asks[..]);
    let (recv_ns, venue_ns, last_id) = (0, NO_TIME, 7);
    let snapshot = Depth { recv_ns, venue_ns, first_id: 7, last_id, prev_id: 0, snapshot: true, bids, asks };
    book.apply(&snapshot);
    book.apply(&Depth { first_id: 8, last_id: 8, snapshot: false, ..snapshot });
    let run = |order_type, qty, limit| {
        let mut v = PaperVenue::new(&plan.engine, plan.paper);
        v.follow_book(InstrumentId(0), &book, 0);
        v.submit(&order(1, Side::Buy, order_type, qty, limit, false), 0);
        let reports = std::iter::from_fn(|| v.poll(MS)).map(|r| (r.kind, r.price.0, r.qty.0)).skip(1);
        reports.collect::<Vec<_>>()
    };
    let (fill, expired) = (ReportKind::Fill.code(), ReportKind::Expired.code());
    assert_eq!(run(OrderType::Market, 5, 0), [(fill, 10_000, 3), (fill, 10_001, 2)]);
    let all = [(fill, 10_000, 3), (fill, 10_001, 4), (fill, 10_003, 5), (expired, 0, 0)];
    assert_eq!(run(OrderType::Market, 20, 0), all, "nobody sells the rest");
    assert_eq!(run(OrderType::Limit, 20, 10_001), all[..2], "the rest waits at its limit");
}

#[test]
fn a_fee_in_a_third_asset_is_taken_at_its_price_while_the_asset_lasts() {
    let text = "
instruments: [{symbol: BTCUSDT, tick: 0.01, lot: 0.001}, {symbol: BNBUSDT, tick: 0.01, lot: 0.001}]
strategy: {entry_mixins: [RSIBB], exit_mixins: [ATR], timeframe: 1m, bars: trades}
broker: {cash: 1000000, balances: {BNB: 0.0003}, commission_rate: 0.001, fee_currency: BNB, paper_trading_config: {mode: basic}}
";
    let (config, mut found) = pinion_plan::read("test", text, Path::new(".")).unwrap();
    let plan = pinion_plan::compile(&config, &[], &mut found).unwrap();
    let mut v = PaperVenue::new(&plan.engine, plan.paper);
    let bnb = Quote {
        recv_ns: 0,
        venue_ns: NO_TIME,
        update_id: 0,
        bid: Price(50_000),
        ask: Price(50_001),
        bid_qty: Qty(1),
        ask_qty: Qty(1),
    };
    v.on_market(&MarketEvent { instrument: InstrumentId(1), cursor: 1, market: Market::Quote(bnb) });
    quote(&mut v, 0, 10_000, 10_000);
    let mut fee_of = |number| {
        v.submit(&order(number, Side::Buy, OrderType::Market, 1_000, 0, false), 0);
        let fill = std::iter::from_fn(|| v.poll(MS)).find(|r| r.kind == ReportKind::Fill.code()).unwrap();
        (fill.fee.0, plan.engine.currencies[usize::from(fill.fee_currency)].code.clone())
    };
    // A thousandth of 100.00 is 0.10; at 500.00 that is 0.0002 of the asset, in units of 10^-8.
    assert_eq!(fee_of(1), (20_000, "BNB".into()));
    // What is left of the asset does not pay for a second one: no balance falls below zero for a fee.
    assert_eq!(fee_of(2), (10_000_000, "USDT".into()));
}
