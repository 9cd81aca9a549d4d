//! What quotes and trades say between bars. A quote with an empty side tells nothing and is passed over.

use super::define::declare::*;
use super::define::{Indicator, IndicatorDef, Input, MAX_VOLUME, Output, Source, Unit};
use super::fx::Fx;
use super::moving::WMA;
use super::real::{Real, quotient};
use super::window::Window;
use pinion_model::event::{Quote, Trade};
use pinion_model::number::{Price, Qty};
use pinion_model::order::Side;
use serde::{Deserialize, Serialize};

/// Prices and sizes of a quote with both sides.
fn both_sides(quote: &Quote) -> Option<(i128, i128, i128, i128)> {
    let size = |qty: Qty| i128::from(qty.0.clamp(0, MAX_VOLUME));
    if quote.bid <= Price::ZERO || quote.ask <= Price::ZERO {
        return None;
    }
    Some((quote.bid.0.into(), quote.ask.0.into(), size(quote.bid_qty), size(quote.ask_qty)))
}

/// What is read from one quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum QuoteView {
    Microprice,
    Spread,
    SpreadBps,
    Imbalance,
}

/// Something of the last quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastQuote {
    quote: Option<Quote>,
    view: QuoteView,
}

impl Indicator for LastQuote {
    fn on_quote(&mut self, quote: &Quote) {
        if both_sides(quote).is_some() {
            self.quote = Some(*quote);
        }
    }
    fn value(&self, _: usize) -> Option<Fx> {
        let (bid, ask, bid_size, ask_size) = both_sides(&self.quote?)?;
        match self.view {
            QuoteView::Spread => Some(Fx::from_bits((ask - bid) << 32)),
            QuoteView::SpreadBps => quotient(20_000 * (ask - bid), ask + bid),
            QuoteView::Imbalance => quotient(bid_size - ask_size, bid_size + ask_size),
            QuoteView::Microprice => {
                // Without sizes the middle is the best that can be said.
                let weighted = quotient(bid * ask_size + ask * bid_size, bid_size + ask_size);
                weighted.or_else(|| quotient(bid + ask, 2))
            }
        }
    }
}

const QUOTE: &[Input] = &[Input::Quote];

/// MICROPRICE.
pub const MICROPRICE: IndicatorDef = IndicatorDef {
    name: "MICROPRICE",
    params: &[],
    inputs: QUOTE,
    source: Source::Text(
        "J. Gatheral, R. Oomen, Zero-intelligence realized variance estimation (2010): \
         (bid * ask size + ask * bid size) / (bid size + ask size)",
    ),
    doc: "Middle of the quote, weighted by the size on the other side. Without sizes the plain middle.",
    build: |_| LastQuote { quote: None, view: QuoteView::Microprice }.into(),
    warm_up: |_| 1,
    ..WMA
};

/// SPREAD.
pub const SPREAD: IndicatorDef = IndicatorDef {
    name: "SPREAD",
    outputs: CHANGE,
    source: Source::Text("Quoted spread: ask - bid"),
    doc: "Distance between bid and ask; negative in a crossed market.",
    build: |_| LastQuote { quote: None, view: QuoteView::Spread }.into(),
    ..MICROPRICE
};

/// SPREAD_BPS.
pub const SPREAD_BPS: IndicatorDef = IndicatorDef {
    name: "SPREAD_BPS",
    outputs: &[output("value", Unit::BasisPoints)],
    source: Source::Text("Quoted spread over the middle of the quote"),
    doc: "Distance between bid and ask, of the middle.",
    build: |_| LastQuote { quote: None, view: QuoteView::SpreadBps }.into(),
    ..MICROPRICE
};

/// QUOTE_IMBALANCE.
pub const QUOTE_IMBALANCE: IndicatorDef = IndicatorDef {
    name: "QUOTE_IMBALANCE",
    aliases: &["QI"],
    outputs: NUMBER,
    source: Source::Text("Queue imbalance: (bid size - ask size) / (bid size + ask size)"),
    doc: "Size at the bid against size at the ask, -1 to 1. No value without sizes.",
    build: |_| LastQuote { quote: None, view: QuoteView::Imbalance }.into(),
    ..MICROPRICE
};

/// Order-flow imbalance at the best prices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowImbalance {
    /// Each below 2^62.
    flows: Window<i64>,
    sum: i128,
    previous: Option<Quote>,
}

impl FlowImbalance {
    /// What a quote adds: sizes that came at the same or a better price count, those that left or got
    /// worse count against.
    fn flow(previous: &Quote, quote: &Quote) -> Option<i64> {
        let (old_bid, old_ask, old_bid_size, old_ask_size) = both_sides(previous)?;
        let (bid, ask, bid_size, ask_size) = both_sides(quote)?;
        let when = |condition: bool, size: i128| if condition { size } else { 0 };
        let flow = when(bid >= old_bid, bid_size)
            - when(bid <= old_bid, old_bid_size)
            - when(ask <= old_ask, ask_size)
            + when(ask >= old_ask, old_ask_size);
        // Four sizes below 2^60, two with each sign.
        i64::try_from(flow).ok()
    }
}

impl Indicator for FlowImbalance {
    fn on_quote(&mut self, quote: &Quote) {
        if both_sides(quote).is_none() {
            return;
        }
        let Some(previous) = self.previous.replace(*quote) else { return };
        if let Some(flow) = FlowImbalance::flow(&previous, quote) {
            self.sum += i128::from(flow) - i128::from(self.flows.push(flow));
        }
    }
    fn value(&self, _: usize) -> Option<Fx> {
        self.flows.is_full().then(|| Real::new(self.sum).to_fx())
    }
}

const VOLUME: &[Output] = &[output("value", Unit::Volume)];

/// OFI.
pub const OFI: IndicatorDef = IndicatorDef {
    name: "OFI",
    aliases: &["ORDER_FLOW_IMBALANCE"],
    params: &[int(
        "quotes",
        50,
        1,
        super::define::MAX_PERIOD,
        "quotes",
        "Changes of the quote that are summed.",
    )],
    outputs: VOLUME,
    source: Source::Text("R. Cont, A. Kukanov, S. Stoikov, The Price Impact of Order Book Events (2014)"),
    doc: "Order-flow imbalance: size that came to the best bid less size that came to the best ask, over \
          the last changes of the quote.",
    build: |p| FlowImbalance { flows: Window::new(p[0] as usize), sum: 0, previous: None }.into(),
    warm_up: |p| p[0] as usize + 1,
    ..MICROPRICE
};

/// Bought against sold volume of the last trades.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeImbalance {
    /// Signed volume.
    trades: Window<i64>,
    signed: i128,
    total: i128,
    last: Option<Price>,
    /// Direction of the last change of price, for venues that do not tell who crossed the spread.
    tick: i64,
}

impl Indicator for TradeImbalance {
    fn on_trade(&mut self, trade: &Trade) {
        if let Some(last) = self.last.replace(trade.price)
            && last != trade.price
        {
            self.tick = if trade.price > last { 1 } else { -1 };
        }
        let sign = match trade.aggressor {
            Some(Side::Buy) => 1,
            Some(Side::Sell) => -1,
            None => self.tick,
        };
        let size = trade.qty.0.clamp(0, MAX_VOLUME);
        let old = self.trades.push(sign * size);
        self.signed += i128::from(sign * size) - i128::from(old);
        // A trade that nobody is known to have begun, before the first change of price, counts for nothing.
        self.total += i128::from((sign * size).abs()) - i128::from(old.abs());
    }
    fn value(&self, _: usize) -> Option<Fx> {
        if !self.trades.is_full() {
            return None;
        }
        Some(quotient(self.signed, self.total).unwrap_or(Fx::ZERO))
    }
}

/// TRADE_IMBALANCE.
pub const TRADE_IMBALANCE: IndicatorDef = IndicatorDef {
    name: "TRADE_IMBALANCE",
    aliases: &["TRADE_SIGN_IMBALANCE"],
    params: &[int("trades", 100, 1, super::define::MAX_PERIOD, "trades", "Trades in the window.")],
    outputs: NUMBER,
    inputs: &[Input::Trade],
    source: Source::Text(
        "Signed over total volume; without the venue's word a trade has the sign of the last \
         change of price (tick rule of C. Lee, M. Ready, 1991)",
    ),
    doc: "Volume of buyers less that of sellers who crossed the spread, of both; -1 to 1. 0 without any \
          volume.",
    build: |p| {
        TradeImbalance { trades: Window::new(p[0] as usize), signed: 0, total: 0, last: None, tick: 0 }.into()
    },
    warm_up: |p| p[0] as usize,
    ..WMA
};
