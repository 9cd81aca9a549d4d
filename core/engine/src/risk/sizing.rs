//! How large an entry may be: the least of what the strategy wants and what every limit leaves, floored
//! to the lot. Limits are turned into amounts of the base currency, and amounts into quantities by the
//! value of one whole unit, rounded against the order.

use super::checks::Check;
use super::{Context, Request, Risk, Verdict};
use crate::plan::Sizing;
use pinion_model::decimal::Decimal;
use pinion_model::instrument::{Instrument, InstrumentId};
use pinion_model::number::{Money, Price, Qty, Ratio, mul_div_floor};
use pinion_model::order::Side;

/// A configured quantity in an instrument's units, towards zero.
pub(super) fn qty_floor(qty: Decimal, exponent: u8) -> Qty {
    if qty.scale() <= exponent {
        return qty.to_scaled(exponent).map_or(Qty::MAX, Qty);
    }
    let cut = qty.mantissa() / 10i128.pow(u32::from(qty.scale() - exponent));
    Qty(i64::try_from(cut).unwrap_or(i64::MAX))
}

/// Turns amounts of the base currency into quantities at one price.
struct Pricing {
    /// Base currency per `10^qty_exponent` quantity units, rounded up.
    per_whole: i128,
    whole: i128,
}

impl Pricing {
    fn qty(&self, amount: Money) -> Qty {
        if amount.0 <= 0 {
            return Qty::ZERO;
        }
        Qty(i64::try_from(mul_div_floor(amount.0, self.whole, self.per_whole)).unwrap_or(i64::MAX))
    }
}

impl Risk {
    /// Sizes an entry; fills in the quantity, what bound it, and the size checks.
    pub(super) fn size_entry(
        &self,
        request: &Request,
        cx: &Context<'_>,
        instrument: &Instrument,
        v: &mut Verdict,
    ) {
        let whole = Qty(10i64.pow(u32::from(instrument.qty_exponent)));
        let pricing = |price: Price| {
            // The negative makes the rounding go up.
            let value = cx.portfolio.to_base_floor(instrument.settle, -instrument.notional(price, whole))?;
            Some(Pricing { per_whole: (-value.0).max(1), whole: whole.0.into() })
        };
        let exposure = cx.portfolio.exposure().zip(self.reserved_base(cx));
        let (Some(at_price), Some(((gross, net), reserved))) = (pricing(v.price), exposure) else {
            v.refuse_if(true, Check::MissingMark, 0, 1);
            return;
        };
        v.exposure = gross + reserved;
        let wanted = match request.sizing {
            Sizing::Quantity(qty) => qty_floor(qty, instrument.qty_exponent),
            Sizing::Notional(amount) => {
                let amount = self.reserved.settle_amount_floor(instrument, amount);
                instrument.qty_for_notional_floor(amount, v.price)
            }
            Sizing::Fraction(fraction) => at_price.qty(v.equity.mul_floor(fraction)),
        };
        let mut size = Size { qty: wanted, binding: None };
        if let (Some(risk), true) = (self.limits.risk_per_trade, request.stop_distance > Price::ZERO) {
            let fee = self.fees[request.instrument.index()].taker;
            let cost = v.price.mul_ceil(Ratio((2 * fee.0).max(0)));
            if let Some(at_loss) = pricing(request.stop_distance + cost) {
                let room = v.equity.mul_floor(risk);
                size.limit(v, Check::RiskPerTrade, at_loss.qty(room), room);
            }
        }
        self.limit_by_exposure(request, cx, &at_price, (gross, net, reserved), v, &mut size);
        let largest = self.largest_order(instrument, v.price);
        if self.limits.max_order_qty.is_some() || largest < size.qty {
            size.limit(v, Check::OrderQty, largest, Money(largest.0.into()));
        }
        if instrument.kind.pays_notional() && request.side == Side::Buy {
            self.limit_by_cash(request, cx, instrument, v, &mut size);
        }
        v.qty = instrument.lot_floor(size.qty);
        v.binding = size.binding;
        self.check_minimum(request, instrument, v);
    }

    fn limit_by_exposure(
        &self,
        request: &Request,
        cx: &Context<'_>,
        at_price: &Pricing,
        (gross, net, reserved): (Money, Money, Money),
        v: &mut Verdict,
        size: &mut Size,
    ) {
        let limits = &self.limits;
        let equity = v.equity;
        let mut room = |check, limit: Money, used: Money| {
            size.limit(v, check, at_price.qty(limit - used), limit - used);
        };
        if let Some(limit) = limits.max_position_size {
            room(Check::PositionSize, equity.mul_floor(limit), self.used(request.instrument, cx));
        }
        if let Some(limit) = limits.position_concentration {
            let group = self.groups[request.instrument.index()];
            let members = (0..self.groups.len()).filter(|&i| self.groups[i] == group);
            let used = members.fold(Money::ZERO, |sum, i| sum + self.used(InstrumentId(i as u32), cx));
            room(Check::Concentration, equity.mul_floor(limit), used);
        }
        if let Some(limit) = limits.leverage_limit {
            room(Check::Leverage, equity.mul_floor(limit), gross + reserved);
        }
        if let Some(limit) = limits.max_gross_exposure {
            room(Check::GrossExposure, limit, gross + reserved);
        }
        if let Some(limit) = limits.max_net_exposure {
            // Worst case: only the working entries of this side fill.
            let toward = if request.side == Side::Buy { net } else { -net };
            room(Check::NetExposure, limit, toward + reserved);
        }
    }

    /// Absolute notional of a position with its working entries, base currency.
    fn used(&self, id: InstrumentId, cx: &Context<'_>) -> Money {
        let settle = cx.portfolio.instrument(id).settle;
        let held = cx.portfolio.position_notional(id).unwrap_or_default().abs();
        let [buys, sells] = self.reserved.of(id);
        held + cx.portfolio.to_base_floor(settle, buys + sells).unwrap_or_default()
    }

    /// All reservations in the base currency; `None` without a rate that it needs.
    pub(super) fn reserved_base(&self, cx: &Context<'_>) -> Option<Money> {
        if self.reserved.is_empty() {
            return Some(Money::ZERO);
        }
        let mut sum = Money::ZERO;
        for (i, instrument) in cx.portfolio.instruments().iter().enumerate() {
            let [buys, sells] = self.reserved.of(InstrumentId(i as u32));
            sum += cx.portfolio.to_base_floor(instrument.settle, buys + sells)?;
        }
        Some(sum)
    }

    fn limit_by_cash(
        &self,
        request: &Request,
        cx: &Context<'_>,
        instrument: &Instrument,
        v: &mut Verdict,
        size: &mut Size,
    ) {
        let reserved =
            cx.portfolio.instruments().iter().enumerate().filter(|(_, i)| i.settle == instrument.settle);
        let reserved =
            reserved.fold(Money::ZERO, |sum, (i, _)| sum + self.reserved.of(InstrumentId(i as u32))[0]);
        let free = cx.portfolio.balance(instrument.settle) - reserved;
        let fee = self.fees[request.instrument.index()].taker.0.max(0);
        // free / (1 + fee)
        let spendable =
            mul_div_floor(free.0.max(0), Ratio::SCALE.into(), i128::from(Ratio::SCALE) + i128::from(fee));
        size.limit(v, Check::Cash, instrument.qty_for_notional_floor(Money(spendable), v.price), free);
    }

    /// The order must be valid, and its exit at the stop still at least 1.1 times the minimum notional.
    fn check_minimum(&self, request: &Request, instrument: &Instrument, v: &mut Verdict) {
        let at_stop = match request.side {
            Side::Buy => v.price - request.stop_distance,
            Side::Sell => v.price,
        };
        let needed = instrument.min_notional.mul_ceil(Ratio(1_100_000_000));
        let notional = instrument.notional(at_stop.max(Price::ZERO), v.qty);
        let small = v.qty < instrument.min_qty || v.qty <= Qty::ZERO || notional < needed;
        v.refuse_if(small, Check::Instrument, notional.0, needed.0);
        // What cut the order below the minimum is named as well.
        if let (true, Some(binding)) = (small, v.binding) {
            v.failed |= binding.bit();
        }
    }
}

/// The quantity while limits cut it.
struct Size {
    qty: Qty,
    binding: Option<Check>,
}

impl Size {
    fn limit(&mut self, v: &mut Verdict, check: Check, largest: Qty, room: Money) {
        let cuts = largest < self.qty;
        v.note(check, if cuts { 2 } else { 0 }, self.qty.0.into(), largest.0.into());
        if cuts {
            self.qty = largest.max(Qty::ZERO);
            self.binding = Some(check);
        }
        // A limit without room at all refuses by itself.
        if room.0 <= 0 {
            v.failed |= check.bit();
        }
    }
}
