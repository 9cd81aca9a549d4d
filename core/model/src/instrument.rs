//! Instruments: what can be traded, in which units, and which orders are valid.
//!
//! An instrument is (venue, symbol). Everything that differs between spot, futures, equities and
//! options is data here, so that the rest of the engine treats them alike.

use crate::decimal::{Decimal, pow10_i128};
use crate::number::{Money, Price, Qty, mul_div_floor, narrow};
use crate::order::codes;
use serde::{Deserialize, Serialize};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Dense index of an instrument in the plan.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    FromBytes,
    IntoBytes,
    Immutable,
    KnownLayout,
)]
#[repr(transparent)]
pub struct InstrumentId(pub u32);

impl InstrumentId {
    /// As an array index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Dense index of a currency in the plan.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    FromBytes,
    IntoBytes,
    Immutable,
    KnownLayout,
)]
#[repr(transparent)]
pub struct CurrencyId(pub u16);

impl CurrencyId {
    /// As an array index.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A currency or asset and the unit in which its amounts are counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Currency {
    /// Code as the venue writes it: `USDT`, `EUR`, `BTC`.
    pub code: String,
    /// Amounts are integers of `10^-scale`.
    pub scale: u8,
}

codes! {
    /// What kind of thing an instrument is.
    InstrumentKind: u8 {
        /// Exchange of one asset for another, settled at once.
        Spot = 1, "spot";
        /// Future without expiry, with funding.
        Perpetual = 2, "perpetual";
        /// Future with expiry.
        Future = 3, "future";
        /// Share.
        Equity = 4, "equity";
        /// Option.
        Option = 5, "option";
        /// Currency pair on margin.
        Fx = 6, "fx";
    }
}

impl InstrumentKind {
    /// Buying pays the whole notional from cash (spot, equity, option premium); otherwise only the
    /// profit or loss moves cash.
    pub fn pays_notional(self) -> bool {
        use InstrumentKind::*;
        match self {
            Spot | Equity | Option => true,
            Perpetual | Future | Fx => false,
        }
    }

    /// A negative position may be opened. A spot or cash-equity account cannot.
    pub fn can_be_short(self) -> bool {
        use InstrumentKind::*;
        match self {
            Spot | Equity => false,
            Perpetual | Future | Option | Fx => true,
        }
    }
}

codes! {
    /// Right of an option.
    OptionRight: u8 {
        /// To buy.
        Call = 1, "call";
        /// To sell.
        Put = 2, "put";
    }
}

/// Expiry of a future or option, and strike and right of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    /// Last instant of trading, ns since 1970 UTC.
    pub expiry_ns: i64,
    /// Strike and right, for options.
    pub option: Option<(Price, OptionRight)>,
}

/// When an instrument trades. Times are seconds of the UTC day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Calendar {
    /// Around the clock.
    Always,
    /// One session a day on the days whose bit is set (bit 0 = Monday).
    Session {
        /// Bits of the trading days.
        days: u8,
        /// Start of the session, seconds after midnight UTC.
        open_s: u32,
        /// End of the session, seconds after midnight UTC.
        close_s: u32,
    },
}

const DAY_NS: i64 = 86_400_000_000_000;

impl Calendar {
    /// End of the session that `time_ns` falls in, or `None` outside a session or around the clock.
    pub fn session_end_ns(&self, time_ns: i64) -> Option<i64> {
        let Calendar::Session { days, open_s, close_s } = self else { return None };
        let day = time_ns.div_euclid(DAY_NS);
        let second = time_ns.rem_euclid(DAY_NS) / 1_000_000_000;
        // 1970-01-01 was a Thursday: day 0 is weekday 3 when Monday is 0.
        let trades = days & (1 << (day + 3).rem_euclid(7)) != 0;
        let inside = second >= i64::from(*open_s) && second < i64::from(*close_s);
        (trades && inside).then(|| day * DAY_NS + i64::from(*close_s) * 1_000_000_000)
    }
}

/// Tick sizes by price, valid from an instant on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickTable {
    /// First instant at which the table holds, ns since 1970 UTC.
    pub from_ns: i64,
    /// Bands by rising lower bound; the first starts at zero.
    pub bands: Vec<TickBand>,
}

/// One price band of a [`TickTable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickBand {
    /// Lowest price of the band.
    pub from: Price,
    /// Increment in the band, in price units.
    pub tick: i64,
}

/// Why an order is not valid for its instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderInvalid {
    /// The price is not a multiple of the tick.
    #[error("price is off the tick")]
    OffTick,
    /// The quantity is not a multiple of the lot.
    #[error("quantity is off the lot")]
    OffLot,
    /// Below the smallest quantity.
    #[error("quantity is below the minimum")]
    BelowMinQty,
    /// Above the largest quantity.
    #[error("quantity is above the maximum")]
    AboveMaxQty,
    /// Price times quantity is too small.
    #[error("notional is below the minimum")]
    BelowMinNotional,
}

/// An instrument of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instrument {
    /// Venue, as configuration names it.
    pub venue: String,
    /// Symbol at the venue.
    pub symbol: String,
    /// Kind.
    pub kind: InstrumentKind,
    /// What is traded.
    pub base: CurrencyId,
    /// What prices are stated in.
    pub quote: CurrencyId,
    /// What profit and loss are paid in.
    pub settle: CurrencyId,
    /// Prices are integers of `10^-price_exponent`.
    pub price_exponent: u8,
    /// Quantities are integers of `10^-qty_exponent`.
    pub qty_exponent: u8,
    /// Units of the underlying in one contract.
    pub multiplier: Decimal,
    /// Expiry and strike, where it has them.
    pub contract: Option<Contract>,
    /// Trading hours.
    pub calendar: Calendar,
    /// Tick tables by rising `from_ns`; at least one.
    pub ticks: Vec<TickTable>,
    /// Quantity increment of an order, in quantity units.
    pub lot: i64,
    /// Smallest quantity of an order.
    pub min_qty: Qty,
    /// Largest quantity of an order.
    pub max_qty: Qty,
    /// Smallest notional of an order, in the settlement currency.
    pub min_notional: Money,
    /// Money units of the settlement currency per (price unit x quantity unit); see [`notional_factor`].
    pub factor: i64,
}

/// How many money units one price unit times one quantity unit makes: `multiplier * 10^(scale -
/// price_exponent - qty_exponent)`. `None` when that is not a whole number that fits, in which case
/// the currency's scale is too small for exact money.
pub fn notional_factor(multiplier: Decimal, scale: u8, price_exponent: u8, qty_exponent: u8) -> Option<i64> {
    let spare = i32::from(scale)
        - i32::from(price_exponent)
        - i32::from(qty_exponent)
        - i32::from(multiplier.scale());
    if !(0..=18).contains(&spare) || multiplier.mantissa() <= 0 {
        return None;
    }
    i64::try_from(multiplier.mantissa().checked_mul(pow10_i128(spare.unsigned_abs()))?).ok()
}

impl Instrument {
    /// Price times quantity in the settlement currency, exactly. The sign is the quantity's.
    #[inline]
    pub fn notional(&self, price: Price, qty: Qty) -> Money {
        let product = i128::from(price.0) * i128::from(qty.0);
        // Two products of 64 bits cannot overflow; the general one must look.
        match i64::try_from(product) {
            Ok(product) => Money(i128::from(product) * i128::from(self.factor)),
            Err(_) => Money(product * i128::from(self.factor)),
        }
    }

    /// The largest quantity whose notional at `price` is at most `money`, not rounded to lots.
    pub fn qty_for_notional_floor(&self, money: Money, price: Price) -> Qty {
        if let (Ok(money), Some(unit)) = (i64::try_from(money.0), price.0.checked_mul(self.factor)) {
            return if unit <= 0 || money <= 0 { Qty::ZERO } else { Qty(money / unit) };
        }
        let unit = i128::from(price.0) * i128::from(self.factor);
        if unit <= 0 || money.0 <= 0 {
            return Qty::ZERO;
        }
        Qty(i64::try_from(money.0 / unit).unwrap_or(i64::MAX))
    }

    /// Tick size at `price` and `time_ns`, in price units.
    pub fn tick_at(&self, price: Price, time_ns: i64) -> i64 {
        let table = self.ticks.iter().rev().find(|t| t.from_ns <= time_ns).unwrap_or(&self.ticks[0]);
        table.bands.iter().rev().find(|b| b.from <= price).unwrap_or(&table.bands[0]).tick
    }

    /// `price` moved down onto the tick.
    pub fn tick_floor(&self, price: Price, time_ns: i64) -> Price {
        let tick = self.tick_at(price, time_ns);
        Price(price.0.div_euclid(tick) * tick)
    }

    /// `price` moved up onto the tick.
    pub fn tick_ceil(&self, price: Price, time_ns: i64) -> Price {
        let tick = self.tick_at(price, time_ns);
        Price(-((-price.0).div_euclid(tick) * tick))
    }

    /// `qty` moved down onto the lot.
    #[inline]
    pub fn lot_floor(&self, qty: Qty) -> Qty {
        if self.lot == 1 {
            return qty;
        }
        Qty(qty.0.div_euclid(self.lot) * self.lot)
    }

    /// Whether an order of `qty` at `price` (for a market order: its expected price) is valid. The tick
    /// is checked only for `priced` orders.
    pub fn check_order(
        &self,
        price: Price,
        qty: Qty,
        priced: bool,
        time_ns: i64,
    ) -> Result<(), OrderInvalid> {
        if priced && price.0 % self.tick_at(price, time_ns) != 0 {
            return Err(OrderInvalid::OffTick);
        }
        if qty.0 % self.lot != 0 {
            return Err(OrderInvalid::OffLot);
        }
        if qty < self.min_qty || qty.0 <= 0 {
            return Err(OrderInvalid::BelowMinQty);
        }
        if qty > self.max_qty {
            return Err(OrderInvalid::AboveMaxQty);
        }
        if self.notional(price, qty) < self.min_notional {
            return Err(OrderInvalid::BelowMinNotional);
        }
        Ok(())
    }

    /// The average price of `qty` bought for `cost`, rounded towards minus infinity.
    pub fn average_price_floor(&self, cost: Money, qty: Qty) -> Price {
        if qty.is_zero() {
            return Price::ZERO;
        }
        let unit = i128::from(qty.0.abs()) * i128::from(self.factor);
        Price(narrow(mul_div_floor(cost.0 * i128::from(qty.0.signum()), 1, unit)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn btcusdt() -> Instrument {
        Instrument {
            venue: "binance".into(),
            symbol: "BTCUSDT".into(),
            kind: InstrumentKind::Spot,
            base: CurrencyId(0),
            quote: CurrencyId(1),
            settle: CurrencyId(1),
            price_exponent: 2,
            qty_exponent: 5,
            multiplier: Decimal::new(1, 0),
            contract: None,
            calendar: Calendar::Always,
            ticks: vec![TickTable {
                from_ns: i64::MIN,
                bands: vec![
                    TickBand { from: Price(0), tick: 1 },
                    TickBand { from: Price(10_000_000), tick: 10 },
                ],
            }],
            lot: 1,
            min_qty: Qty(1),
            max_qty: Qty(900_000_000),
            min_notional: Money(500_000_000),
            factor: notional_factor(Decimal::new(1, 0), 8, 2, 5).unwrap(),
        }
    }

    #[test]
    fn notional_is_exact() {
        let i = btcusdt();
        assert_eq!(i.notional(Price(6_173_763), Qty(378_826)), Money(23_387_819_422_380));
        assert_eq!(i.qty_for_notional_floor(Money(23_387_819_422_379), Price(6_173_763)), Qty(378_825));
        assert_eq!(i.average_price_floor(Money(23_387_819_422_380), Qty(378_826)), Price(6_173_763));
    }

    #[test]
    fn orders_off_the_increments_are_refused() {
        let i = btcusdt();
        assert_eq!(i.check_order(Price(6_000_001), Qty(100_000), true, 0), Ok(()));
        assert_eq!(i.check_order(Price(10_000_001), Qty(100_000), true, 0), Err(OrderInvalid::OffTick));
        assert_eq!(i.check_order(Price(10_000_001), Qty(100_000), false, 0), Ok(()));
        assert_eq!(i.check_order(Price(6_000_001), Qty(0), true, 0), Err(OrderInvalid::BelowMinQty));
        assert_eq!(i.check_order(Price(100), Qty(1), true, 0), Err(OrderInvalid::BelowMinNotional));
        assert_eq!(i.tick_floor(Price(10_000_009), 0), Price(10_000_000));
        assert_eq!(i.tick_ceil(Price(10_000_001), 0), Price(10_000_010));
    }

    #[test]
    fn sessions_end_on_trading_days_only() {
        let c = Calendar::Session { days: 0b1_1111, open_s: 14 * 3600, close_s: 21 * 3600 };
        let monday = 4 * DAY_NS;
        assert_eq!(c.session_end_ns(monday + 15 * 3_600_000_000_000), Some(monday + 21 * 3_600_000_000_000));
        assert_eq!(c.session_end_ns(monday + 22 * 3_600_000_000_000), None);
        assert_eq!(c.session_end_ns(monday - DAY_NS + 15 * 3_600_000_000_000), None, "a Sunday");
    }
}
