//! Bodies of records: one `repr(C)` struct of exactly 96 bytes for each kind, little-endian, without
//! padding the compiler chose. Fields of inputs begin with `seq`, those of outputs with `cause`, the
//! `seq` of the input that led to them. Codes are the numbers of [`crate::order`]; units are those of
//! the instrument (prices, quantities) and of the currency (money).
//!
//! ```text
//!  quote       seq recv venue update bid ask bidqty askqty | instrument cursor            (8-byte words)
//!  trade       seq recv venue id price qty | instrument aggressor cursor
//!  bar         seq recv open_ns o h l c volume | interval instrument cursor
//!  depth       seq recv venue U u pu | instrument bids asks snapshot cursor, then depth-levels x6
//!  execution   seq time venue order price qty fee:16 | codes cumulative id
//!  intent      cause time | ids codes | reference limit trigger stop qty number
//!  verdict     cause time intent order | masks | qty price equity:16 exposure:16
//!  order       cause time order intent | codes | qty limit trigger replaces
//!  order-state cause time order | from to event reason | filled leaves
//!  position    cause time | instrument | qty order | cost:16 realised:16 fee:16
//!  account     cause time | event level | equity:16 peak:16 day_start:16 cash:16
//! ```

use crate::event::{Bar, Depth, Level, NO_TIME, Quote, Trade};
use crate::instrument::InstrumentId;
use crate::number::{Money, Price, Qty};
use crate::order::{Side, codes};
use crate::record::{BODY_BYTES, Kind};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A body and the kind of record that it belongs to.
pub trait Body: FromBytes + IntoBytes + Immutable + KnownLayout + Copy {
    /// The kind of record that carries it.
    const KIND: Kind;

    /// As bytes.
    fn to_bytes(&self) -> [u8; BODY_BYTES] {
        let mut bytes = [0; BODY_BYTES];
        bytes.copy_from_slice(self.as_bytes());
        bytes
    }

    /// From bytes.
    fn from_bytes(bytes: &[u8; BODY_BYTES]) -> Self {
        Self::read_from_bytes(bytes).expect("bodies are 96 bytes; the compile-time checks say so")
    }
}

macro_rules! bodies {
    ($($(#[$doc:meta])* $name:ident: $kind:ident { $($(#[$fdoc:meta])* $field:ident: $ty:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
        #[repr(C)]
        pub struct $name { $($(#[$fdoc])* pub $field: $ty,)* }

        const _: () = assert!(size_of::<$name>() == BODY_BYTES);

        impl Body for $name { const KIND: Kind = Kind::$kind; }
    )*};
}

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

    /// A rule wants to trade.
    IntentBody: Intent {
        /// Input that led to it.
        cause: u64,
        /// Engine time, ns.
        time_ns: i64,
        /// Instrument.
        instrument: InstrumentId,
        /// Strategy of the plan.
        strategy: u16,
        /// Rule of the strategy that fired, entries first.
        rule: u16,
        /// Code of a [`Side`].
        side: u8,
        /// Code of an [`crate::order::Action`].
        action: u8,
        /// Code of an [`crate::order::OrderType`].
        order_type: u8,
        /// Code of a [`crate::order::TimeInForce`].
        tif: u8,
        /// Code of a [`crate::order::Reason`].
        reason: u16,
        /// 1 when the order may only reduce the position.
        reduce_only: u16,
        /// Price that the rule saw: the bar's close, or the touch.
        reference: Price,
        /// Limit price, or 0.
        limit: Price,
        /// Trigger price of a stop, or 0.
        trigger: Price,
        /// Distance from entry to stop, in price units; 0 where there is no stop.
        stop_distance: Price,
        /// Quantity wanted; 0 leaves it to sizing.
        qty: Qty,
        /// Number of the intent, from 1.
        number: u64,
        /// Zero.
        reserved: u128,
    }

    /// What risk made of an intent.
    VerdictBody: Verdict {
        /// Input that led to it.
        cause: u64,
        /// Engine time, ns.
        time_ns: i64,
        /// Number of the intent.
        intent: u64,
        /// Number of the order that leaves, 0 when refused.
        order: u64,
        /// Bit per failed check; see the engine's list of checks.
        failed: u32,
        /// Bit per check that changed the order instead of refusing it.
        adjusted: u32,
        /// Quantity that passed.
        qty: Qty,
        /// Price that the checks used.
        price: Price,
        /// Instrument, in whose units quantity and price are.
        instrument: InstrumentId,
        /// 1 when the order only reduces.
        reducing: u16,
        /// The limit that bound the size, as bit number + 1; 0 where none did.
        binding: u16,
        /// Equity that the checks used, base currency.
        equity: Money,
        /// Sum of absolute notionals with working entries, base currency.
        exposure: Money,
    }

    /// An order leaves for the venue, or is held by the engine when `held` is 1.
    OrderBody: Order {
        /// Input that led to it.
        cause: u64,
        /// Engine time, ns.
        time_ns: i64,
        /// Number of the order, from 1; with bot and epoch it makes the client order id.
        order: u64,
        /// Number of the intent.
        intent: u64,
        /// Instrument.
        instrument: InstrumentId,
        /// Strategy of the plan.
        strategy: u16,
        /// Code of a [`crate::order::Reason`].
        reason: u16,
        /// Code of a [`Side`].
        side: u8,
        /// Code of an [`crate::order::OrderType`].
        order_type: u8,
        /// Code of a [`crate::order::TimeInForce`].
        tif: u8,
        /// 1 when the order may only reduce the position.
        reduce_only: u8,
        /// 1 when the engine holds it until its trigger trades.
        held: u32,
        /// Quantity.
        qty: Qty,
        /// Limit price, or 0.
        limit: Price,
        /// Trigger price, or 0.
        trigger: Price,
        /// Price the engine saw when it decided.
        reference: Price,
        /// Zero.
        reserved: u128,
    }

    /// A cancel leaves for the venue, or removes an order that the engine holds.
    CancelBody: Cancel {
        /// Input that led to it.
        cause: u64,
        /// Engine time, ns.
        time_ns: i64,
        /// Number of the order.
        order: u64,
        /// Instrument.
        instrument: InstrumentId,
        /// Code of a [`crate::order::Reason`].
        reason: u16,
        /// 1 when the engine held the order and nothing leaves.
        held: u16,
        /// Zero.
        reserved: [u64; 8],
    }

    /// An order changed state.
    OrderStateBody: OrderState {
        /// Input that led to it.
        cause: u64,
        /// Engine time, ns.
        time_ns: i64,
        /// Number of the order.
        order: u64,
        /// Instrument.
        instrument: InstrumentId,
        /// Code of the [`crate::order::OrderStatus`] before.
        from: u8,
        /// Code of the [`crate::order::OrderStatus`] after.
        to: u8,
        /// Code of a [`crate::order::Reason`].
        reason: u16,
        /// Filled so far.
        filled: Qty,
        /// Still open.
        leaves: Qty,
        /// Zero.
        reserved: [u64; 6],
    }

    /// A fill was applied to a position.
    PositionBody: Position {
        /// Input that led to it.
        cause: u64,
        /// Engine time, ns.
        time_ns: i64,
        /// Instrument.
        instrument: InstrumentId,
        /// Strategy of the plan.
        strategy: u16,
        /// 1 when the position became flat and a trade ended.
        closed: u16,
        /// Position after the fill; negative is short.
        qty: Qty,
        /// Order that was filled.
        order: u64,
        /// Net result of the trade that ended, fees included, settlement currency; 0 otherwise. 64 bits.
        trade_net: i64,
        /// What the open position cost, settlement currency.
        cost: Money,
        /// Profit or loss that this fill realised, before its fee.
        realised: Money,
        /// Fee of this fill, in its own currency.
        fee: Money,
    }

    /// The account changed state.
    AccountBody: Account {
        /// Input that led to it.
        cause: u64,
        /// Engine time, ns.
        time_ns: i64,
        /// Code of an [`AccountEvent`].
        event: u8,
        /// Stopping level after the event: 0 trading, 1 no entries, 2 own entries cancelled, 3 flatten, 4 hard stop.
        level: u8,
        /// Code of a [`crate::order::Reason`].
        reason: u16,
        /// Instrument that it concerns, or `u32::MAX`.
        instrument: u32,
        /// Zero.
        reserved: u64,
        /// Equity, base currency.
        equity: Money,
        /// Highest equity so far.
        peak: Money,
        /// Equity when the day began.
        day_start: Money,
        /// Cash in the base currency.
        cash: Money,
    }

    /// Up to four values that a rule saw when it fired.
    SignalBody: Signal {
        /// Input that led to it.
        cause: u64,
        /// Engine time, ns.
        time_ns: i64,
        /// Number of the intent.
        intent: u64,
        /// Instrument.
        instrument: InstrumentId,
        /// Strategy of the plan.
        strategy: u16,
        /// Rule that fired.
        rule: u16,
        /// The values; unused ones have name 0.
        values: [SignalValue; 4],
    }

    /// Operands of two risk checks; a check with code 0 is unused.
    RiskCheckBody: RiskCheck {
        /// Input that led to it.
        cause: u64,
        /// Number of the intent.
        intent: u64,
        /// The checks.
        checks: [CheckOperands; 2],
    }
}

/// One value that a rule saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SignalValue {
    /// Number of the indicator's output in the plan, from 1.
    pub output: u16,
    /// The value is `value * 10^-exponent`.
    pub exponent: u16,
    /// Zero.
    pub reserved: u32,
    /// The scaled value.
    pub value: i64,
}

/// Measured value and limit of one risk check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct CheckOperands {
    /// What was measured, an `i128` as two words, low one first.
    pub measured: [u64; 2],
    /// What it was held against, likewise.
    pub limit: [u64; 2],
    /// Number of the check + 1; 0 marks an unused slot.
    pub check: u16,
    /// 0 passed, 1 failed, 2 adjusted the order.
    pub outcome: u16,
    /// Instrument, in whose units quantities and prices among the operands are.
    pub instrument: InstrumentId,
}

impl CheckOperands {
    /// Operands of check number `check` on an order for `instrument`.
    pub fn new(check: u16, outcome: u16, instrument: InstrumentId, measured: i128, limit: i128) -> Self {
        CheckOperands {
            measured: split(measured),
            limit: split(limit),
            check: check + 1,
            outcome,
            instrument,
        }
    }

    /// What was measured, and the limit.
    pub fn values(&self) -> (i128, i128) {
        (join(self.measured), join(self.limit))
    }
}

fn split(value: i128) -> [u64; 2] {
    [value as u64, (value >> 64) as u64]
}

fn join([low, high]: [u64; 2]) -> i128 {
    (i128::from(high as i64) << 64) | i128::from(low)
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
    }
}

codes! {
    /// What happened to the account.
    AccountEvent: u8 {
        /// A new trading day began.
        DayStart = 1, "day-start";
        /// The daily loss limit was reached; entries stop until the next day.
        DailyLossHalt = 2, "daily-loss-halt";
        /// The drawdown limit was reached; entries stop until an operator arms.
        DrawdownHalt = 3, "drawdown-halt";
        /// An operator or a kill switch stopped trading.
        Stopped = 4, "stopped";
        /// An operator armed trading.
        Armed = 5, "armed";
        /// An instrument's data went stale.
        DataStale = 6, "data-stale";
        /// An instrument's book was resynchronised.
        DataFresh = 7, "data-fresh";
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

impl Default for ExecutionBody {
    fn default() -> Self {
        let mut body = Self::from_bytes(&[0; BODY_BYTES]);
        body.venue_ns = NO_TIME;
        body
    }
}

/// Copies as much of `text` as fits, on a character boundary, padded with zeros.
pub fn padded<const N: usize>(text: &str) -> [u8; N] {
    let mut end = text.len().min(N);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut bytes = [0; N];
    bytes[..end].copy_from_slice(&text.as_bytes()[..end]);
    bytes
}

/// Reads back what [`padded`] wrote.
pub fn unpadded(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn market_bodies_hold_what_was_put_in() {
        let q = Quote {
            recv_ns: 1,
            venue_ns: NO_TIME,
            update_id: 3,
            bid: Price(4),
            ask: Price(5),
            bid_qty: Qty(6),
            ask_qty: Qty(7),
        };
        let bytes = QuoteBody::new(9, InstrumentId(2), 11, &q).to_bytes();
        assert_eq!(QuoteBody::from_bytes(&bytes).quote(), q);
        let t = Trade {
            recv_ns: 1,
            venue_ns: 2,
            trade_id: 3,
            price: Price(4),
            qty: Qty(5),
            aggressor: Some(Side::Sell),
        };
        assert_eq!(TradeBody::from_bytes(&TradeBody::new(1, InstrumentId(0), 1, &t).to_bytes()).trade(), t);
        let bar = Bar {
            open_ns: 60,
            open: Price(1),
            high: Price(4),
            low: Price(1),
            close: Price(2),
            volume: Qty(9),
        };
        let body = BarBody::new(1, InstrumentId(0), 1, &bar, 60);
        assert_eq!((body.bar(), body.recv_ns), (bar, 120));
    }

    #[test]
    fn depth_with_fewer_levels_than_it_says_is_refused() {
        let levels = [Level { price: Price(1), qty: Qty(1) }; 3];
        let d = Depth {
            recv_ns: 0,
            venue_ns: 0,
            first_id: 1,
            last_id: 2,
            prev_id: 0,
            snapshot: false,
            bids: &levels[..2],
            asks: &levels[2..],
        };
        let body = DepthBody::new(1, InstrumentId(0), 1, &d);
        assert_eq!(body.depth(&levels), Some(d));
        assert_eq!(body.depth(&levels[..2]), None);
    }

    #[test]
    fn check_operands_keep_all_their_bits() {
        for value in [0, -1, i128::MAX, i128::MIN, 1 << 64, -(1 << 64)] {
            assert_eq!(CheckOperands::new(3, 1, InstrumentId(0), value, !value).values().0, value);
        }
    }

    #[test]
    fn padded_text_is_cut_between_characters() {
        assert_eq!(unpadded(&padded::<4>("a\u{20ac}\u{20ac}")), "a\u{20ac}");
        assert_eq!(unpadded(&padded::<8>("short")), "short");
    }
}
