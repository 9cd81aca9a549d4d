//! Bodies of inputs: what the market, the venue, the clock and the operator said.

use super::{Body, bodies, padded};
use crate::event::{Bar, Depth, Level, NO_TIME, Quote, Trade};
use crate::instrument::InstrumentId;
use crate::number::{Money, Price, Qty};
use crate::order::{Side, codes};
use crate::record::BODY_BYTES;

bodies! {
    /// Best bid and offer; see [`Quote`].
    QuoteBody: Quote {
        /// Number of the input.
        seq: u64,
        /// Receive time, ns.
        recv_ns: i64,
        /// Venue time, ns, or `i64::MIN`.
        venue_ns: i64,
        /// Update id.
        update_id: u64,
        /// Best bid.
        bid: Price,
        /// Best offer.
        ask: Price,
        /// Size at the bid.
        bid_qty: Qty,
        /// Size at the offer.
        ask_qty: Qty,
        /// Instrument.
        instrument: InstrumentId,
        /// Zero.
        reserved: u32,
        /// Line or message number at the source.
        cursor: u64,
        /// Zero.
        reserved2: u128,
    }

    /// A trade; see [`Trade`].
    TradeBody: Trade {
        /// Number of the input.
        seq: u64,
        /// Receive time, ns.
        recv_ns: i64,
        /// Venue time, ns, or `i64::MIN`.
        venue_ns: i64,
        /// Trade id.
        trade_id: u64,
        /// Price.
        price: Price,
        /// Quantity.
        qty: Qty,
        /// Instrument.
        instrument: InstrumentId,
        /// Code of the aggressor's [`Side`], 0 where unknown.
        aggressor: u8,
        /// Zero.
        reserved: [u8; 3],
        /// Line or message number at the source.
        cursor: u64,
        /// Zero.
        reserved2: [u64; 4],
    }

    /// A finished bar; see [`Bar`].
    BarBody: Bar {
        /// Number of the input.
        seq: u64,
        /// When the engine learns of it, ns: the end of the interval.
        recv_ns: i64,
        /// Start of the interval, ns.
        open_ns: i64,
        /// First price.
        open: Price,
        /// Highest price.
        high: Price,
        /// Lowest price.
        low: Price,
        /// Last price.
        close: Price,
        /// Volume.
        volume: Qty,
        /// Length of the interval, ns.
        interval_ns: i64,
        /// Instrument.
        instrument: InstrumentId,
        /// Zero.
        reserved: u32,
        /// Line or message number at the source.
        cursor: u64,
        /// Zero.
        reserved2: u64,
    }

    /// Head of a depth update; `bids + asks` levels follow in [`DepthLevelsBody`], bids first.
    DepthBody: Depth {
        /// Number of the input.
        seq: u64,
        /// Receive time, ns.
        recv_ns: i64,
        /// Venue time, ns, or `i64::MIN`.
        venue_ns: i64,
        /// First update id.
        first_id: u64,
        /// Last update id.
        last_id: u64,
        /// Last id of the previous update, or 0.
        prev_id: u64,
        /// Instrument.
        instrument: InstrumentId,
        /// Bid levels that follow.
        bids: u32,
        /// Offer levels that follow.
        asks: u32,
        /// 1 for a snapshot.
        snapshot: u32,
        /// Line or message number at the source.
        cursor: u64,
        /// Zero.
        reserved: [u64; 3],
    }

    /// Six levels of a depth update; unused ones are zero.
    DepthLevelsBody: DepthLevels {
        /// The levels.
        levels: [Level; 6],
    }

    /// A venue's answer to an order.
    ExecutionBody: Execution {
        /// Number of the input.
        seq: u64,
        /// When the engine learns of it, ns.
        time_ns: i64,
        /// When it happened at the venue, ns.
        venue_ns: i64,
        /// Order number.
        order: u64,
        /// Price of the fill.
        price: Price,
        /// Quantity of the fill.
        qty: Qty,
        /// Fee of the fill in `fee_currency`; negative for a rebate.
        fee: Money,
        /// Currency of the fee.
        fee_currency: u16,
        /// Code of a [`crate::order::ReportKind`].
        kind: u8,
        /// Code of a [`crate::order::Liquidity`].
        liquidity: u8,
        /// Instrument.
        instrument: InstrumentId,
        /// Filled so far, this fill included.
        cumulative: Qty,
        /// The venue's id of the fill; 0 for other reports.
        exec_id: u64,
        /// Code of a [`crate::order::Reason`].
        reason: u16,
        /// Zero.
        reserved: [u16; 3],
    }

    /// The clock reached an instant that the engine had asked for.
    TimerBody: Timer {
        /// Number of the input.
        seq: u64,
        /// The instant, ns.
        time_ns: i64,
        /// Zero.
        reserved: [u64; 10],
    }

    /// An operator's command.
    CommandBody: Command {
        /// Number of the input.
        seq: u64,
        /// When the engine learns of it, ns.
        time_ns: i64,
        /// Code of a [`CommandKind`].
        command: u8,
        /// Zero.
        reserved: [u8; 3],
        /// Instrument that it concerns, or `u32::MAX` for all.
        instrument: u32,
        /// Who asked, UTF-8, padded with zeros.
        operator: [u8; 32],
        /// What for, UTF-8, padded with zeros.
        note: [u8; 40],
    }

    /// A shard's budget changes. Money that moves between shards is neither profit nor loss.
    BudgetBody: Budget {
        /// Number of the input.
        seq: u64,
        /// When the engine learns of it, ns, or `i64::MIN` before its first market event.
        time_ns: i64,
        /// What is added to the balance; when negative, what is asked for.
        delta: Money,
        /// Number of the transfer; 0 gives the shard what it opens with.
        transfer: u64,
        /// Currency of `delta`.
        currency: u16,
        /// The shard.
        shard: u16,
        /// The shard may use `parts` of `of` of each absolute limit of the account.
        parts: u32,
        /// See `parts`.
        of: u32,
        /// Zero.
        reserved: u32,
        /// Zero.
        reserved2: [u64; 5],
    }
}

codes! {
    /// What an operator can ask of a running engine.
    CommandKind: u8 {
        /// Level 1: no new entries.
        NoEntries = 1, "no-entries";
        /// Level 2: cancel own entries, keep protection. What a kill switch does unless it says more.
        CancelEntries = 2, "cancel-entries";
        /// Level 3: close every position.
        Flatten = 3, "flatten";
        /// Level 4: cancel all orders, touch nothing else.
        HardStop = 4, "hard-stop";
        /// Trade again after a halt.
        Arm = 5, "arm";
        /// The run is ending: cancel own entries and stop.
        Shutdown = 6, "shutdown";
        /// Of the engine's own surroundings: the journal's link is filling up, so no new entries.
        Degraded = 7, "degraded";
        /// Likewise: the link has room again.
        Recovered = 8, "recovered";
        /// As if the day's loss limit had been reached: no entries until the account's next day.
        HaltDay = 9, "halt-day";
        /// As if the drawdown limit had been reached: no entries until an operator arms.
        HaltDrawdown = 10, "halt-drawdown";
        /// A run that was shut down goes on: the stopping level is again what it was before.
        Resumed = 11, "resumed";
    }
}

impl CommandKind {
    /// An operator may ask for it; the others are notes of the program to itself.
    pub fn is_for_operators(self) -> bool {
        !matches!(self, CommandKind::Degraded | CommandKind::Recovered | CommandKind::Resumed)
    }
}

impl QuoteBody {
    /// The body of input `seq`.
    pub fn new(seq: u64, instrument: InstrumentId, cursor: u64, q: &Quote) -> Self {
        QuoteBody {
            seq,
            recv_ns: q.recv_ns,
            venue_ns: q.venue_ns,
            update_id: q.update_id,
            bid: q.bid,
            ask: q.ask,
            bid_qty: q.bid_qty,
            ask_qty: q.ask_qty,
            instrument,
            reserved: 0,
            cursor,
            reserved2: 0,
        }
    }

    /// The event that the body holds.
    pub fn quote(&self) -> Quote {
        Quote {
            recv_ns: self.recv_ns,
            venue_ns: self.venue_ns,
            update_id: self.update_id,
            bid: self.bid,
            ask: self.ask,
            bid_qty: self.bid_qty,
            ask_qty: self.ask_qty,
        }
    }
}

impl TradeBody {
    /// The body of input `seq`.
    pub fn new(seq: u64, instrument: InstrumentId, cursor: u64, t: &Trade) -> Self {
        TradeBody {
            seq,
            recv_ns: t.recv_ns,
            venue_ns: t.venue_ns,
            trade_id: t.trade_id,
            price: t.price,
            qty: t.qty,
            instrument,
            aggressor: t.aggressor.map_or(0, Side::code),
            reserved: [0; 3],
            cursor,
            reserved2: [0; 4],
        }
    }

    /// The event that the body holds.
    pub fn trade(&self) -> Trade {
        Trade {
            recv_ns: self.recv_ns,
            venue_ns: self.venue_ns,
            trade_id: self.trade_id,
            price: self.price,
            qty: self.qty,
            aggressor: Side::from_code(self.aggressor),
        }
    }
}

impl BarBody {
    /// The body of input `seq`.
    pub fn new(seq: u64, instrument: InstrumentId, cursor: u64, bar: &Bar, interval_ns: i64) -> Self {
        BarBody {
            seq,
            recv_ns: bar.open_ns + interval_ns,
            open_ns: bar.open_ns,
            open: bar.open,
            high: bar.high,
            low: bar.low,
            close: bar.close,
            volume: bar.volume,
            interval_ns,
            instrument,
            reserved: 0,
            cursor,
            reserved2: 0,
        }
    }

    /// The event that the body holds.
    pub fn bar(&self) -> Bar {
        Bar {
            open_ns: self.open_ns,
            open: self.open,
            high: self.high,
            low: self.low,
            close: self.close,
            volume: self.volume,
        }
    }
}

impl DepthBody {
    /// The head of input `seq`.
    pub fn new(seq: u64, instrument: InstrumentId, cursor: u64, d: &Depth<'_>) -> Self {
        DepthBody {
            seq,
            recv_ns: d.recv_ns,
            venue_ns: d.venue_ns,
            first_id: d.first_id,
            last_id: d.last_id,
            prev_id: d.prev_id,
            instrument,
            bids: d.bids.len() as u32,
            asks: d.asks.len() as u32,
            snapshot: u32::from(d.snapshot),
            cursor,
            reserved: [0; 3],
        }
    }

    /// The event, given its levels (bids first, then asks).
    pub fn depth<'a>(&self, levels: &'a [Level]) -> Option<Depth<'a>> {
        let bids = self.bids as usize;
        let end = bids.checked_add(self.asks as usize)?;
        Some(Depth {
            recv_ns: self.recv_ns,
            venue_ns: self.venue_ns,
            first_id: self.first_id,
            last_id: self.last_id,
            prev_id: self.prev_id,
            snapshot: self.snapshot != 0,
            bids: levels.get(..bids)?,
            asks: levels.get(bids..end)?,
        })
    }
}

impl CommandBody {
    /// A command to the whole session; its number and time are set when it is taken.
    pub fn new(kind: CommandKind, operator: &str, note: &str) -> Self {
        CommandBody {
            seq: 0,
            time_ns: NO_TIME,
            command: kind.code(),
            reserved: [0; 3],
            instrument: u32::MAX,
            operator: padded(operator),
            note: padded(note),
        }
    }
}

impl Default for BudgetBody {
    fn default() -> Self {
        let mut body = Self::from_bytes(&[0; BODY_BYTES]);
        body.time_ns = NO_TIME;
        body
    }
}

impl Default for ExecutionBody {
    fn default() -> Self {
        let mut body = Self::from_bytes(&[0; BODY_BYTES]);
        body.venue_ns = NO_TIME;
        body
    }
}
