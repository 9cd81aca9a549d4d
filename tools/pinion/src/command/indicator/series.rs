//! An indicator over a data file: bars, quotes or trades of one instrument and what the indicator makes of
//! them, in the instrument's own decimals.

use crate::failure::Failure;
use pinion_engine::bars::BarBuilder;
use pinion_engine::indicators::call::Call;
use pinion_engine::indicators::catalog::State;
use pinion_engine::indicators::define::{Indicator, Input};
use pinion_engine::plan::{BarCut, BarSource, BarSpec};
use pinion_model::event::{Bar, Market, NO_TIME, Quote, Trade};
use pinion_model::number::{Price, Qty};
use pinion_recorded::survey::{InstrumentSurvey, Visitor, visit};
use std::collections::BTreeMap;
use std::path::Path;

/// Decimals of the prices and quantities that a survey gives.
const PRICE_DECIMALS: u8 = 9;
const QTY_DECIMALS: u8 = 8;

/// One bar, quote or trade with the indicator's outputs after it.
pub struct Point {
    pub time_ns: i64,
    pub high: f64,
    pub low: f64,
    /// Close, middle of the quote, or price of the trade.
    pub price: f64,
    pub outputs: Vec<Option<f64>>,
}

/// What is drawn.
pub struct Series {
    pub symbol: String,
    /// `bars`, `quotes` or `trades`.
    pub kind: &'static str,
    pub points: Vec<Point>,
}

enum Event {
    Bar(Bar),
    Quote(Quote),
    Trade(Trade),
}

#[derive(Default)]
struct Collected(BTreeMap<usize, Vec<Event>>);

impl Visitor for Collected {
    fn visit(&mut self, instrument: usize, market: &Market<'_>) {
        let event = match market {
            Market::Bar { bar, .. } => Event::Bar(*bar),
            Market::Quote(quote) => Event::Quote(*quote),
            Market::Trade(trade) => Event::Trade(*trade),
            Market::Depth(_) => return,
        };
        self.0.entry(instrument).or_default().push(event);
    }
}

/// The units of one instrument: as many decimals as its numbers need. Nine decimals, as a survey has
/// them, are more than large prices leave room for in an indicator.
#[derive(Clone, Copy)]
struct Units {
    price_decimals: u8,
    qty_decimals: u8,
}

impl Units {
    fn of(instrument: &InstrumentSurvey) -> Units {
        Units { price_decimals: instrument.price_decimals, qty_decimals: instrument.qty_decimals }
    }

    fn price(self, price: Price) -> Price {
        Price(price.0 / 10i64.pow((PRICE_DECIMALS - self.price_decimals.min(PRICE_DECIMALS)).into()))
    }

    fn qty(self, qty: Qty) -> Qty {
        Qty(qty.0 / 10i64.pow((QTY_DECIMALS - self.qty_decimals.min(QTY_DECIMALS)).into()))
    }

    fn cut(self, event: Event) -> Event {
        match event {
            Event::Bar(b) => Event::Bar(Bar {
                open_ns: b.open_ns,
                open: self.price(b.open),
                high: self.price(b.high),
                low: self.price(b.low),
                close: self.price(b.close),
                volume: self.qty(b.volume),
            }),
            Event::Quote(q) => Event::Quote(Quote {
                bid: self.price(q.bid),
                ask: self.price(q.ask),
                bid_qty: self.qty(q.bid_qty),
                ask_qty: self.qty(q.ask_qty),
                ..q
            }),
            Event::Trade(t) => Event::Trade(Trade { price: self.price(t.price), qty: self.qty(t.qty), ..t }),
        }
    }

    fn number(self, price: Price) -> f64 {
        price.0 as f64 / 10f64.powi(self.price_decimals.into())
    }
}

/// What the indicator is fed with.
fn kind_of(call: &Call) -> &'static str {
    let inputs = call.def().inputs;
    match () {
        () if inputs.contains(&Input::Quote) => "quotes",
        () if inputs.contains(&Input::Trade) => "trades",
        () => "bars",
    }
}

/// Reads a file and runs the indicator over it; the last `last` points.
pub fn read(
    file: &Path,
    symbol: Option<&str>,
    interval_ns: Option<i64>,
    call: &Call,
    last: usize,
) -> Result<Series, Failure> {
    if !file.is_file() {
        return Err(Failure::Usage(format!("error: there is no file {}", file.display())));
    }
    let mut collected = Collected::default();
    let found = visit(&[file], &mut collected)?;
    let at = match symbol {
        None => 0,
        Some(wanted) => {
            found.instruments.iter().position(|i| i.symbol.eq_ignore_ascii_case(wanted)).ok_or_else(|| {
                let known: Vec<&str> = found.instruments.iter().map(|i| i.symbol.as_str()).collect();
                Failure::Usage(format!(
                    "error: {} has no {wanted}; it has {}",
                    file.display(),
                    known.join(", ")
                ))
            })?
        }
    };
    let (Some(instrument), Some(events)) = (found.instruments.get(at), collected.0.remove(&at)) else {
        return Err(Failure::Usage(format!("error: {} holds no market data", file.display())));
    };
    let (units, kind) = (Units::of(instrument), kind_of(call));
    let mut events: Vec<Event> = events.into_iter().map(|event| units.cut(event)).collect();
    if found.descending {
        events.reverse();
    }
    if let (Some(interval_ns), "bars") = (interval_ns, kind) {
        events = built(&events, interval_ns).into_iter().map(Event::Bar).collect();
    }
    let points = run(call, &events, units, last);
    if points.is_empty() {
        let hint = if kind == "bars" { "; build them with --bars 1m" } else { "" };
        return Err(Failure::Usage(format!(
            "error: {} is made of {kind}, and {} has none of {}{hint}",
            call.def().name,
            file.display(),
            instrument.symbol
        )));
    }
    Ok(Series { symbol: instrument.symbol.clone(), kind, points })
}

/// Bars of trades, or of bids where there are no trades.
fn built(events: &[Event], interval_ns: i64) -> Vec<Bar> {
    let cut = BarCut::Time { interval_ns };
    let mut builder = BarBuilder::new(BarSpec { cut, source: BarSource::Trades, close_delay_ns: 0 });
    let trades = events.iter().any(|event| matches!(event, Event::Trade(_)));
    let mut bars = Vec::new();
    for event in events {
        let (recv_ns, venue_ns, price, qty) = match event {
            Event::Trade(t) => (t.recv_ns, t.venue_ns, t.price, t.qty),
            Event::Quote(q) if !trades => (q.recv_ns, q.venue_ns, q.bid, Qty::ZERO),
            _ => continue,
        };
        if price > Price::ZERO {
            let time_ns = if venue_ns == NO_TIME { recv_ns } else { venue_ns };
            bars.extend(builder.roll(time_ns));
            bars.extend(builder.add(time_ns, price, qty));
        }
    }
    bars.extend(builder.finish());
    bars
}

/// Feeds the indicator with all events and keeps the last points.
fn run(call: &Call, events: &[Event], units: Units, last: usize) -> Vec<Point> {
    let (mut state, kind) = (call.build(), kind_of(call));
    let fits = |event: &&Event| {
        matches!(
            (kind, event),
            ("bars", Event::Bar(_)) | ("quotes", Event::Quote(_)) | ("trades", Event::Trade(_))
        )
    };
    let fed: Vec<&Event> = events.iter().filter(fits).collect();
    let first = fed.len().saturating_sub(last);
    let mut points = Vec::with_capacity(fed.len() - first);
    for (at, event) in fed.into_iter().enumerate() {
        let (time_ns, high, low, price) = match event {
            Event::Bar(bar) => {
                state.on_bar(bar);
                (bar.open_ns, units.number(bar.high), units.number(bar.low), units.number(bar.close))
            }
            Event::Quote(quote) => {
                state.on_quote(quote);
                let (bid, ask) = (units.number(quote.bid), units.number(quote.ask));
                (quote.recv_ns, ask, bid, (bid + ask) / 2.0)
            }
            Event::Trade(trade) => {
                state.on_trade(trade);
                let price = units.number(trade.price);
                (trade.recv_ns, price, price, price)
            }
        };
        if at >= first {
            points.push(Point { time_ns, high, low, price, outputs: outputs(call, &state, units) });
        }
    }
    points
}

fn outputs(call: &Call, state: &State, units: Units) -> Vec<Option<f64>> {
    let value = |(at, output): (usize, &pinion_engine::indicators::define::Output)| {
        let decimals = output.unit.decimals(units.price_decimals, units.qty_decimals);
        state.value(at).map(|value| value.to_num::<f64>() / 10f64.powi(decimals))
    };
    call.def().outputs.iter().enumerate().map(value).collect()
}
