//! The engine's part of the plan: everything that a run decides before its first input. It is made once,
//! by the plan compiler, and never changes; the engine sizes every array from it.

use crate::rules::params::RuleSpec;
use pinion_model::decimal::Decimal;
use pinion_model::instrument::{Currency, CurrencyId, Instrument, InstrumentId};
use pinion_model::number::{Money, Qty, Ratio};
use serde::{Deserialize, Serialize};

/// What the engine is built from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnginePlan {
    /// Currencies, by [`CurrencyId`].
    pub currencies: Vec<Currency>,
    /// Currency in which equity is measured.
    pub base_currency: CurrencyId,
    /// Opening balances, by [`CurrencyId`].
    pub balances: Vec<Money>,
    /// Instruments, by [`InstrumentId`].
    pub instruments: Vec<Instrument>,
    /// Fees, by [`InstrumentId`].
    pub fees: Vec<FeeSchedule>,
    /// Concentration group of each instrument, by [`InstrumentId`].
    pub groups: Vec<u16>,
    /// Names of the groups.
    pub group_names: Vec<String>,
    /// For each currency the instrument whose price turns it into the base currency; `None` for the base
    /// currency itself and for currencies without one.
    pub conversions: Vec<Option<Conversion>>,
    /// Strategies.
    pub strategies: Vec<StrategyPlan>,
    /// Limits.
    pub risk: RiskLimits,
    /// Most orders that can be open at once.
    pub max_open_orders: u32,
    /// Levels kept on each side of an order book.
    pub book_levels: u32,
}

/// How a currency is turned into the base currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversion {
    /// Its mark is the rate.
    pub instrument: InstrumentId,
    /// Divide by the mark instead of multiplying.
    pub inverse: bool,
}

/// Fees of one instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeSchedule {
    /// Fraction of notional for resting orders; negative is a rebate.
    pub maker: Ratio,
    /// Fraction of notional for orders that cross.
    pub taker: Ratio,
    /// Amount per unit of quantity (share or contract), settlement currency.
    pub per_unit: Decimal,
    /// Smallest fee of an order's fill, settlement currency.
    pub minimum: Money,
    /// Largest fee as a fraction of notional; `None` for no cap.
    pub cap: Option<Ratio>,
    /// Currency in which it is charged.
    pub charged_in: FeeCurrency,
}

/// Currency of a fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FeeCurrency {
    /// The settlement currency.
    Settle,
    /// What is bought: base for a buy, quote for a sell (Binance spot without a discount asset).
    Received,
    /// A third asset, converted at the mark of `conversions`.
    Asset(CurrencyId),
}

/// How bars are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BarSpec {
    /// When a bar ends.
    pub cut: BarCut,
    /// Which prices it is made of.
    pub source: BarSource,
    /// How long after its end a time bar waits for late trades, ns.
    pub close_delay_ns: i64,
}

/// When a bar ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BarCut {
    /// After a length of time, aligned to 1970-01-01 UTC.
    Time {
        /// The length, ns.
        interval_ns: i64,
    },
    /// After a number of events.
    Ticks {
        /// How many.
        count: u32,
    },
    /// Once this much has traded (in the instrument's quantity units).
    Volume {
        /// How much.
        qty: Qty,
    },
}

/// Which prices make a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BarSource {
    /// Trades.
    Trades,
    /// The middle of bid and offer.
    Mid,
    /// Best bids.
    Bid,
    /// Best offers.
    Ask,
}

/// How rules of one list combine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Combine {
    /// Every rule must fire on the same bar.
    All,
    /// One is enough; the first in the list gives the reason.
    Any,
    /// The weights of the rules that fire on the same bar must reach a sum; the first of them gives the reason.
    Vote {
        /// The sum.
        at_least: Ratio,
    },
}

/// Which positions a strategy opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// Long only.
    Long,
    /// Short only.
    Short,
    /// Either.
    Both,
}

/// How large an entry is before limits cut it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sizing {
    /// Always this quantity.
    Quantity(Decimal),
    /// Always this notional, settlement currency.
    Notional(Decimal),
    /// A fraction of equity, further cut by `risk_per_trade`.
    Fraction(Ratio),
}

/// How an entry is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryOrder {
    /// At market.
    Market,
    /// As a limit order this far behind the reference price (a fraction), cancelled after `cancel_bars`
    /// bars of the strategy.
    Limit {
        /// Fraction of the price; 0 rests at the reference.
        offset: Ratio,
        /// Bars after which it is cancelled.
        cancel_bars: u32,
    },
}

/// Who keeps a protective stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Protection {
    /// The engine watches the market and sends a market order when the stop is reached.
    Engine,
    /// The stop rests at the venue.
    Venue,
}

/// One strategy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StrategyPlan {
    /// Name.
    pub name: String,
    /// Instruments, each with a position of its own.
    pub instruments: Vec<InstrumentId>,
    /// Bars on which the rules are evaluated.
    pub bars: BarSpec,
    /// Long, short or both.
    pub direction: Direction,
    /// Entry rules.
    pub entries: Vec<RuleSpec>,
    /// How entry rules combine.
    pub combine_entries: Combine,
    /// Exit rules.
    pub exits: Vec<RuleSpec>,
    /// How exit rules combine.
    pub combine_exits: Combine,
    /// Size of an entry.
    pub sizing: Sizing,
    /// How entries are sent.
    pub entry_order: EntryOrder,
    /// Who keeps the stops of rules that are `intrabar`.
    pub protection: Protection,
}

/// Limits. A `None` limit is off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskLimits {
    /// Largest notional of one position, fraction of equity.
    pub max_position_size: Option<Ratio>,
    /// Largest loss of one position at its stop, fraction of equity.
    pub risk_per_trade: Option<Ratio>,
    /// Largest notional of one concentration group, fraction of equity.
    pub position_concentration: Option<Ratio>,
    /// Largest sum of absolute notionals with working entries, multiple of equity.
    pub leverage_limit: Option<Ratio>,
    /// As `leverage_limit`, as an absolute amount in the base currency.
    pub max_gross_exposure: Option<Money>,
    /// Largest absolute sum of signed notionals with working entries, base currency.
    pub max_net_exposure: Option<Money>,
    /// Loss of the day at which entries stop, fraction of the day's opening equity.
    pub max_daily_loss: Option<Ratio>,
    /// Seconds after midnight UTC at which the day begins.
    pub reset_at_s: u32,
    /// Fall from the peak at which entries stop until an operator arms, fraction of the peak.
    pub max_drawdown: Option<Ratio>,
    /// Refuse entries without a stop.
    pub stop_loss_required: bool,
    /// Largest distance of an order's price from the mark, fraction of the mark.
    pub price_collar: Option<Ratio>,
    /// Largest quantity of one order, in the instrument's own decimals.
    pub max_order_qty: Option<Decimal>,
    /// Largest notional of one order, settlement currency.
    pub max_order_notional: Option<Decimal>,
    /// Most orders within `order_rate_window_ns`.
    pub order_rate: Option<u32>,
    /// Window of `order_rate`, ns.
    pub order_rate_window_ns: i64,
    /// An order equal to one this recent is a duplicate, ns.
    pub duplicate_window_ns: Option<i64>,
    /// Entries need market data at most this old, ns.
    pub stale_after_ns: Option<i64>,
}
