//! Bodies of decisions: what the engine asked for, what risk made of it, and what became of its orders. The
//! decision digest is over these.

use super::bodies;
use crate::instrument::InstrumentId;
use crate::number::{Money, Price, Qty};
use crate::order::codes;

bodies! {
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
        /// Code of a [`Side`](crate::order::Side).
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
        /// Code of a [`Side`](crate::order::Side).
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

    /// What a budget moved.
    GrantBody: Grant {
        /// Input that led to it.
        cause: u64,
        /// Engine time, ns.
        time_ns: i64,
        /// What the budget said.
        asked: Money,
        /// What was added to the balance; when negative, what was taken from it: never more than was free.
        given: Money,
        /// The balance afterwards.
        balance: Money,
        /// Equity afterwards, base currency.
        equity: Money,
        /// The shard may use `parts` of `of` of each absolute limit of the account.
        parts: u32,
        /// See `parts`.
        of: u32,
        /// Currency of the amounts.
        currency: u16,
        /// The shard.
        shard: u16,
        /// Zero.
        reserved: u32,
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
        /// The journal's link is filling up; entries stop, exits and cancels go on.
        Degraded = 8, "degraded";
        /// The journal's link has room again.
        Recovered = 9, "recovered";
        /// The run goes on after it had been shut down.
        Resumed = 10, "resumed";
    }
}
