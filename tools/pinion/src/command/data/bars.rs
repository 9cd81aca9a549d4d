//! Bars built from what a recording holds: from trades, from quotes, or from shorter bars.

use crate::failure::Failure;
use pinion_engine::bars::BarBuilder;
use pinion_engine::plan::{BarCut, BarSource, BarSpec};
use pinion_model::event::{Bar, Market, NO_TIME};
use pinion_model::number::{Price, Qty};
use pinion_recorded::survey::{InstrumentSurvey, Survey, Visitor};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// Bars of trades, of bids and of offers.
const TRADES: usize = 0;
const BIDS: usize = 1;
const OFFERS: usize = 2;

/// What was written.
pub struct Written {
    /// Bars.
    pub count: usize,
    /// Symbols of which there are none, though there are of others.
    pub without: Vec<String>,
}

/// Builders of one instrument and the bars that they finished.
struct Building {
    builders: [BarBuilder; 3],
    done: [Vec<Bar>; 3],
    /// Bars of the data, and those of offers where it has them beside those of bids.
    parts: [Vec<Bar>; 2],
}

impl Building {
    fn new(interval_ns: i64) -> Building {
        let cut = BarCut::Time { interval_ns };
        let spec = BarSpec { cut, source: BarSource::Trades, close_delay_ns: 0 };
        Building {
            builders: std::array::from_fn(|_| BarBuilder::new(spec)),
            done: Default::default(),
            parts: Default::default(),
        }
    }

    fn add(&mut self, at: usize, time_ns: i64, price: Price, qty: Qty) {
        if price > Price::ZERO {
            self.done[at].extend(self.builders[at].roll(time_ns));
            self.done[at].extend(self.builders[at].add(time_ns, price, qty));
        }
    }

    /// Joins the data's own bars, whichever way round they came.
    fn join(&mut self, part_ns: i64) {
        let [bars, offers] = std::mem::take(&mut self.parts);
        let bids = if offers.is_empty() { TRADES } else { BIDS };
        for (at, mut parts) in [(bids, bars), (OFFERS, offers)] {
            parts.sort_by_key(|bar| bar.open_ns);
            for part in &parts {
                self.done[at].extend(self.builders[at].roll(part.open_ns));
                self.done[at].extend(self.builders[at].add_bar(part, part_ns));
            }
        }
        for (builder, done) in self.builders.iter_mut().zip(&mut self.done) {
            done.extend(builder.finish());
        }
    }
}

/// Builds bars while the survey goes by.
pub struct Bars {
    interval_ns: i64,
    instruments: BTreeMap<usize, Building>,
}

impl Visitor for Bars {
    fn visit(&mut self, instrument: usize, market: &Market<'_>) {
        let interval_ns = self.interval_ns;
        let building = self.instruments.entry(instrument).or_insert_with(|| Building::new(interval_ns));
        match market {
            Market::Trade(t) => {
                let time_ns = if t.venue_ns == NO_TIME { t.recv_ns } else { t.venue_ns };
                building.add(TRADES, time_ns, t.price, t.qty);
            }
            Market::Quote(q) => {
                let time_ns = if q.venue_ns == NO_TIME { q.recv_ns } else { q.venue_ns };
                building.add(BIDS, time_ns, q.bid, Qty::ZERO);
                building.add(OFFERS, time_ns, q.ask, Qty::ZERO);
            }
            Market::Bar { bar, .. } => building.parts[0].push(*bar),
            Market::Depth(_) => {}
        }
    }

    fn visit_offers(&mut self, instrument: usize, bar: &Bar) {
        if let Some(building) = self.instruments.get_mut(&instrument) {
            building.parts[1].push(*bar);
        }
    }
}

impl Bars {
    /// Nothing built yet.
    pub fn new(interval_ns: i64) -> Bars {
        Bars { interval_ns, instruments: BTreeMap::new() }
    }

    /// Writes what was built; quotes give bid and ask bars side by side where there are no trades.
    pub fn write(mut self, found: &Survey, length: &str, out: &Path) -> Result<Written, Failure> {
        for (at, building) in &mut self.instruments {
            let i = &found.instruments[*at];
            check(self.interval_ns, i, length)?;
            building.join(i.bar_interval_ns);
        }
        let trades = self.instruments.values().any(|b| !b.done[TRADES].is_empty());
        let mut text = String::from("ts_ms,symbol,");
        text += if trades {
            "open,high,low,close,volume\n"
        } else {
            "bid_open,bid_high,bid_low,bid_close,ask_open,ask_high,ask_low,ask_close\n"
        };
        let mut written = Written { count: 0, without: Vec::new() };
        for (at, building) in &self.instruments {
            let i = &found.instruments[*at];
            let rows = &building.done[if trades { TRADES } else { BIDS }];
            let offers: BTreeMap<i64, &Bar> = building.done[OFFERS].iter().map(|b| (b.open_ns, b)).collect();
            for bar in rows {
                let _ = write!(text, "{},{},{}", bar.open_ns / 1_000_000, i.symbol, ohlc(i, bar));
                let _ = match offers.get(&bar.open_ns) {
                    _ if trades => writeln!(text, ",{}", number(bar.volume.0, 8, i.qty_decimals)),
                    Some(offer) => writeln!(text, ",{}", ohlc(i, offer)),
                    None => writeln!(text, ",,,,"),
                };
            }
            written.count += rows.len();
            if rows.is_empty() {
                written.without.push(i.symbol.clone());
            }
        }
        if written.count == 0 {
            let reason = "error: the data has no trades, quotes or bars to make bars of; nothing is written";
            return Err(Failure::Usage(reason.into()));
        }
        std::fs::write(out, text).map_err(|e| Failure::Run(format!("error: {}: {e}", out.display())))?;
        Ok(written)
    }
}

/// Bars can be joined to longer ones that they fill evenly.
fn check(interval_ns: i64, i: &InstrumentSurvey, length: &str) -> Result<(), Failure> {
    let refuse = |reason: String| Err(Failure::Usage(format!("error: {}: {reason}", i.symbol)));
    match i.bar_interval_ns {
        _ if i.bars == 0 => Ok(()),
        0 => refuse("the length of its bars cannot be told from the data".into()),
        have if interval_ns % have != 0 => refuse(format!(
            "bars of {length} cannot be made from bars of {0} s; choose a multiple of {0} s",
            have as f64 / 1e9
        )),
        _ => Ok(()),
    }
}

/// A survey's number in the decimals that its instrument needs.
fn number(value: i64, exponent: u8, decimals: u8) -> String {
    let cut = 10i64.pow(u32::from(exponent.saturating_sub(decimals)));
    pinion_model::decimal::Scaled { value: (value / cut).into(), exponent: decimals }.to_string()
}

fn ohlc(i: &InstrumentSurvey, bar: &Bar) -> String {
    let prices = [bar.open, bar.high, bar.low, bar.close].map(|p| number(p.0, 9, i.price_decimals));
    prices.join(",")
}
