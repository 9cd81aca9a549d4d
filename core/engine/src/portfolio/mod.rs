//! Positions, balances, fees and equity: exact integers, and the one place that turns fills into money.
//!
//! For every currency `c` the cash identity holds at all times, to the last unit (a property test):
//!
//! ```text
//! balance(c) = opening(c) + realised(c) - fees(c) - cost of open positions that paid their notional in c
//! ```
//! A fee in the base asset is treated as that much of the base sold at the fill's price and paid away, so
//! the position is fills less such fees. Equity is marked at the executable side: longs at the bid,
//! shorts at the offer.

pub mod account;
pub mod position;

use crate::plan::{Conversion, EnginePlan};
use pinion_model::body::ExecutionBody;
use pinion_model::instrument::{Currency, CurrencyId, Instrument, InstrumentId};
use pinion_model::number::{Money, Price, Qty, mul_div_floor};
use pinion_model::order::Side;
use position::Position;
use serde::{Deserialize, Serialize};

/// Prices at which a position could be closed now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// What a seller gets; zero while unknown.
    pub bid: Price,
    /// What a buyer pays; zero while unknown.
    pub ask: Price,
    /// When it was last seen, ns; [`Mark::LOST`] when its source broke off.
    pub time_ns: i64,
}

impl Mark {
    /// The time of a mark whose source is known to be gone: it values positions, and no entry may trust it.
    pub const LOST: i64 = i64::MIN;

    /// Price at which a position of this sign would be closed.
    #[inline]
    pub fn closing(&self, qty: Qty) -> Price {
        if qty.0 >= 0 { self.bid } else { self.ask }
    }

    /// Price that an order on this side would pay.
    pub fn paying(&self, side: Side) -> Price {
        match side {
            Side::Buy => self.ask,
            Side::Sell => self.bid,
        }
    }

    /// Both sides are known.
    pub fn is_known(&self) -> bool {
        self.bid > Price::ZERO && self.ask > Price::ZERO
    }
}

/// Equity over the price of one instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EquityLine {
    at_zero: Money,
    slope: i64,
}

impl EquityLine {
    /// Prices do not move it.
    #[inline]
    pub fn is_flat(&self) -> bool {
        self.slope == 0
    }

    /// Equity at `price`.
    #[inline(always)]
    pub fn at(&self, price: Price) -> Money {
        // Two factors of 64 bits: the product cannot leave 128.
        self.at_zero + Money(i128::from(self.slope).wrapping_mul(i128::from(price.0)))
    }
}

/// What one fill did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Position afterwards.
    pub position: Position,
    /// Realised by this fill, before its fee.
    pub realised: Money,
    /// The fee in the settlement currency: itself, its value when paid in kind, or its value at the mark
    /// of a third asset (zero where that is unknown).
    pub fee_settled: Money,
    /// Quantity of the base asset that the fee took.
    pub paid_in_kind: Qty,
}

/// The portfolio of an engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portfolio {
    instruments: Vec<Instrument>,
    currencies: Vec<Currency>,
    conversions: Vec<Option<Conversion>>,
    base: CurrencyId,
    balances: Vec<Money>,
    /// Fees paid out of each currency's balance.
    fees: Vec<Money>,
    positions: Vec<Position>,
    marks: Vec<Mark>,
    /// What each position adds to equity, in its settlement currency.
    values: Vec<Money>,
    /// Sum of `values` that are settled in the base currency, with the base balance.
    base_equity: Money,
    /// True when some balance or position needs a conversion.
    has_foreign: bool,
    /// Positions that are not flat.
    held: usize,
}

impl Portfolio {
    /// The opening portfolio.
    pub fn new(plan: &EnginePlan) -> Portfolio {
        let count = plan.instruments.len();
        let mut portfolio = Portfolio {
            instruments: plan.instruments.clone(),
            currencies: plan.currencies.clone(),
            conversions: plan.conversions.clone(),
            base: plan.base_currency,
            balances: plan.balances.clone(),
            fees: vec![Money::ZERO; plan.currencies.len()],
            positions: vec![Position::default(); count],
            marks: vec![Mark::default(); count],
            values: vec![Money::ZERO; count],
            base_equity: plan.balances[plan.base_currency.index()],
            has_foreign: false,
            held: 0,
        };
        portfolio.sum_up();
        portfolio
    }

    /// The position in an instrument.
    #[inline]
    pub fn position(&self, id: InstrumentId) -> &Position {
        &self.positions[id.index()]
    }

    /// The mark of an instrument.
    #[inline]
    pub fn mark(&self, id: InstrumentId) -> &Mark {
        &self.marks[id.index()]
    }

    /// The instrument.
    #[inline]
    pub fn instrument(&self, id: InstrumentId) -> &Instrument {
        &self.instruments[id.index()]
    }

    /// All instruments.
    pub fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }

    /// The balance of a currency.
    pub fn balance(&self, id: CurrencyId) -> Money {
        self.balances[id.index()]
    }

    /// Fees paid out of a currency's balance.
    pub fn fees(&self, id: CurrencyId) -> Money {
        self.fees[id.index()]
    }

    /// A currency.
    pub fn currency(&self, id: CurrencyId) -> &Currency {
        &self.currencies[id.index()]
    }

    /// The currency of equity.
    pub fn base_currency(&self) -> CurrencyId {
        self.base
    }

    /// Equity as a function of one price (more than zero) of an instrument, both sides of its market at that
    /// price and all else as it is; `None` where that is no line of 64-bit slope, or a rate is involved.
    #[inline]
    pub fn equity_line(&self, id: InstrumentId) -> Option<EquityLine> {
        let (instrument, position) = (&self.instruments[id.index()], &self.positions[id.index()]);
        if self.has_foreign || (instrument.settle != self.base && !position.qty.is_zero()) {
            return None;
        }
        let paid = if instrument.kind.pays_notional() { Money::ZERO } else { position.cost };
        let at_zero = self.base_equity - self.values[id.index()] - paid;
        let slope = if position.qty.is_zero() { 0 } else { position.qty.0.checked_mul(instrument.factor)? };
        Some(EquityLine { at_zero, slope })
    }

    /// New prices; returns true when equity may have changed.
    #[inline(always)]
    pub fn set_mark(&mut self, id: InstrumentId, mark: Mark) -> bool {
        let i = id.index();
        self.marks[i] = mark;
        if self.positions[i].qty.is_zero() {
            return self.has_foreign;
        }
        let value = self.value(id);
        if self.instruments[i].settle == self.base {
            self.base_equity += value - self.values[i];
        }
        self.values[i] = value;
        true
    }

    /// Applies a fill and its fee.
    pub fn apply_fill(&mut self, fill: &ExecutionBody, side: Side) -> Applied {
        let id = fill.instrument;
        let instrument = &self.instruments[id.index()];
        let position = &mut self.positions[id.index()];
        let settle = instrument.settle;
        let mut realised = position.trade(instrument, side, fill.price, fill.qty);
        let cash = if instrument.kind.pays_notional() {
            -instrument.notional(fill.price, Qty(side.sign() * fill.qty.0))
        } else {
            realised
        };
        let (mut fee_settled, mut paid_in_kind) = (Money::ZERO, Qty::ZERO);
        let fee_currency = CurrencyId(fill.fee_currency);
        if fee_currency == settle {
            fee_settled = fill.fee;
            position.fees += fill.fee;
            self.balances[settle.index()] -= fill.fee;
            self.fees[settle.index()] += fill.fee;
        } else if fee_currency == instrument.base && instrument.kind.pays_notional() {
            let (units, dust) = fee_units(&self.currencies, instrument, fill.fee);
            fee_settled = instrument.notional(fill.price, units);
            paid_in_kind = units;
            realised += position.pay_in_kind(instrument, fill.price, units);
            self.fees[settle.index()] += fee_settled;
            self.balances[fee_currency.index()] -= dust;
            self.fees[fee_currency.index()] += dust;
        } else {
            self.balances[fee_currency.index()] -= fill.fee;
            self.fees[fee_currency.index()] += fill.fee;
        }
        self.balances[settle.index()] += cash;
        let position = *position;
        if fee_currency != settle && paid_in_kind.is_zero() && settle == self.base {
            fee_settled = self.to_base_floor(fee_currency, fill.fee).unwrap_or_default();
        }
        self.values[id.index()] = self.value(id);
        self.sum_up();
        Applied { position, realised, fee_settled, paid_in_kind }
    }

    /// What one position adds to equity, settlement currency.
    #[inline(always)]
    fn value(&self, id: InstrumentId) -> Money {
        let i = id.index();
        let (instrument, position) = (&self.instruments[i], &self.positions[i]);
        let price = self.marks[i].closing(position.qty);
        if position.qty.is_zero() || price <= Price::ZERO {
            // Without a price a position stands at its cost.
            if instrument.kind.pays_notional() { position.cost } else { Money::ZERO }
        } else if instrument.kind.pays_notional() {
            instrument.notional(price, position.qty)
        } else {
            position.unrealised(instrument, price)
        }
    }

    /// Money comes in, or goes out where it is negative.
    pub fn transfer(&mut self, id: CurrencyId, delta: Money) {
        self.balances[id.index()] += delta;
        self.sum_up();
    }

    /// The account has this currency.
    pub fn has_currency(&self, id: CurrencyId) -> bool {
        id.index() < self.balances.len()
    }

    /// Adds up equity from nothing, after balances changed.
    fn sum_up(&mut self) {
        let based = self.instruments.iter().zip(&self.values).filter(|(i, _)| i.settle == self.base);
        self.base_equity = based.fold(self.balances[self.base.index()], |sum, (_, &value)| sum + value);
        let balance = self.balances.iter().enumerate().any(|(c, b)| !b.is_zero() && c != self.base.index());
        let held = self
            .positions
            .iter()
            .zip(&self.instruments)
            .any(|(p, i)| !p.qty.is_zero() && i.settle != self.base);
        self.has_foreign = balance || held;
        self.held = self.positions.iter().filter(|p| !p.qty.is_zero()).count();
    }

    /// No position is open.
    #[inline]
    pub fn is_flat(&self) -> bool {
        self.held == 0
    }

    /// Equity in the base currency, or `None` while a rate that it needs is unknown.
    #[inline]
    pub fn equity(&self) -> Option<Money> {
        if self.has_foreign { self.equity_with_foreign() } else { Some(self.base_equity) }
    }

    fn equity_with_foreign(&self) -> Option<Money> {
        let mut sum = self.base_equity;
        for (c, &balance) in self.balances.iter().enumerate() {
            if c != self.base.index() && !balance.is_zero() {
                sum += self.to_base_floor(CurrencyId(c as u16), balance)?;
            }
        }
        for (instrument, &value) in self.instruments.iter().zip(&self.values) {
            if instrument.settle != self.base && !value.is_zero() {
                sum += self.to_base_floor(instrument.settle, value)?;
            }
        }
        Some(sum)
    }

    /// `amount` of a currency in the base currency at the executable side, towards minus infinity; `None`
    /// without a rate.
    #[inline]
    pub fn to_base_floor(&self, currency: CurrencyId, amount: Money) -> Option<Money> {
        if currency == self.base { Some(amount) } else { self.convert_floor(currency, amount) }
    }

    #[inline(never)]
    fn convert_floor(&self, currency: CurrencyId, amount: Money) -> Option<Money> {
        let conversion = self.conversions[currency.index()]?;
        let i = conversion.instrument.index();
        let (instrument, mark) = (&self.instruments[i], &self.marks[i]);
        if !mark.is_known() {
            return None;
        }
        let from = u32::from(self.currencies[currency.index()].scale);
        let to = u32::from(self.currencies[self.base.index()].scale);
        let price_unit = 10i128.pow(u32::from(instrument.price_exponent));
        // amount * 10^-from * rate = result * 10^-to
        let (times, over) = if conversion.inverse {
            let price = if amount.0 >= 0 { mark.ask } else { mark.bid };
            (price_unit, i128::from(price.0))
        } else {
            (i128::from(mark.closing(Qty(amount.0.signum() as i64)).0), price_unit)
        };
        let (up, down) = (10i128.pow(to.saturating_sub(from)), 10i128.pow(from.saturating_sub(to)));
        Some(Money(mul_div_floor(amount.0, times * up, over * down)))
    }

    /// Sum of absolute notionals of positions, and their signed sum, in the base currency; `None` without
    /// a price or rate that they need.
    #[inline(always)]
    pub fn exposure(&self) -> Option<(Money, Money)> {
        let (mut gross, mut net) = (Money::ZERO, Money::ZERO);
        if self.is_flat() {
            return Some((gross, net));
        }
        for (i, position) in self.positions.iter().enumerate() {
            if !position.qty.is_zero() {
                let value = self.position_notional(InstrumentId(i as u32))?;
                gross += value.abs();
                net += value;
            }
        }
        Some((gross, net))
    }

    /// Signed notional of a position at its mark, base currency.
    #[inline]
    pub fn position_notional(&self, id: InstrumentId) -> Option<Money> {
        let i = id.index();
        let (instrument, position) = (&self.instruments[i], &self.positions[i]);
        if position.qty.is_zero() {
            return Some(Money::ZERO);
        }
        let price = self.marks[i].closing(position.qty);
        if price <= Price::ZERO {
            return None;
        }
        self.to_base_floor(instrument.settle, instrument.notional(price, position.qty))
    }
}

/// A fee in the base asset as quantity units and what is finer than a unit.
fn fee_units(currencies: &[Currency], instrument: &Instrument, fee: Money) -> (Qty, Money) {
    let scale = currencies[instrument.base.index()].scale;
    let unit = 10i128.pow(u32::from(scale.saturating_sub(instrument.qty_exponent)));
    (Qty((fee.0 / unit) as i64), Money(fee.0 % unit))
}
