//! How large an entry may be: the least of what the strategy wants and what every limit leaves, floored
//! to the lot. Limits are turned into amounts of the base currency, and amounts into quantities by the
//! value of one whole unit, rounded against the order.
//!
//! An amount that leaves more than is wanted is not turned into a quantity before the record is written: amounts
//! are compared instead, which comes to the same and needs no division.

use super::checks::Check;
use super::figures::{CashPricing, Figure, Of, Pricing};
use super::{Context, Request, Risk, Verdict};
use crate::plan::Sizing;
use pinion_model::decimal::Decimal;
use pinion_model::instrument::{Instrument, InstrumentId};
use pinion_model::number::{Money, Price, Qty, Ratio};
use pinion_model::order::Side;

/// A configured quantity in an instrument's units, towards zero.
pub(super) fn qty_floor(qty: Decimal, exponent: u8) -> Qty {
    if qty.scale() <= exponent {
        return qty.to_scaled(exponent).map_or(Qty::MAX, Qty);
    }
    let cut = qty.mantissa() / 10i128.pow(u32::from(qty.scale() - exponent));
    Qty(i64::try_from(cut).unwrap_or(i64::MAX))
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
        let terms = &self.terms[request.instrument.index()];
        let in_base = instrument.settle == cx.portfolio.base_currency();
        let pricing = |price: Price| {
            let mut value = terms.whole_notional(instrument, price);
            if !in_base {
                // The negative makes the rounding go up.
                value = -cx.portfolio.to_base_floor(instrument.settle, -value)?;
            }
            Some(Pricing::new(value, terms.whole))
        };
        let exposure = cx.portfolio.exposure().zip(self.reserved_base(cx));
        let (Some(at_price), Some(((gross, net), reserved))) = (pricing(v.price), exposure) else {
            v.refuse_if(true, Check::MissingMark, 0, 1);
            return;
        };
        v.pricings.price = at_price;
        v.exposure = gross + reserved;
        let wanted = match request.sizing {
            Sizing::Quantity(qty) => Wanted::Exactly(qty_floor(qty, instrument.qty_exponent)),
            Sizing::Notional(amount) => {
                let amount = self.reserved.settle_amount_floor(instrument, amount);
                Wanted::Exactly(instrument.qty_for_notional_floor(amount, v.price))
            }
            Sizing::Fraction(fraction) => Wanted::Worth(v.equity.mul_floor(fraction), fraction),
        };
        let mut size = Size { wanted, binding: None };
        if let (Some(risk), true) = (self.limits.risk_per_trade, request.stop_distance > Price::ZERO) {
            let cost = v.price.mul_ceil(terms.round_trip);
            if let Some(at_loss) = pricing(request.stop_distance + cost) {
                v.pricings.loss = at_loss;
                let room = v.equity.mul_floor(risk);
                size.limit_worth(v, Check::RiskPerTrade, Of::Loss, room);
            }
        }
        self.limit_by_exposure(request, cx, (gross, net, reserved), v, &mut size);
        let largest = terms.largest_order(instrument, v.price);
        let exceeds = size.exceeds(v, largest);
        if exceeds || self.limits.max_order_qty.is_some() {
            size.limit(v, Check::OrderQty, (largest, exceeds), Money(largest.0.into()));
        }
        if instrument.kind.pays_notional() && request.side == Side::Buy {
            self.limit_by_cash(request, cx, instrument, v, &mut size);
        }
        v.qty = instrument.lot_floor(size.qty(v));
        v.binding = size.binding;
        self.check_minimum(request, instrument, v);
    }

    fn limit_by_exposure(
        &self,
        request: &Request,
        cx: &Context<'_>,
        (gross, net, reserved): (Money, Money, Money),
        v: &mut Verdict,
        size: &mut Size,
    ) {
        let limits = &self.limits;
        let idle = cx.portfolio.is_flat() && self.reserved.is_empty();
        let own = if idle { Money::ZERO } else { self.used(request.instrument, cx) };
        let mut share = |check, share: Ratio, used: Money| {
            if used.is_zero() && size.fits_share(share) {
                size.take(v, check, Figure { value: share.0.into(), of: Of::Share }, None);
            } else {
                size.limit_worth(v, check, Of::Price, v.equity.mul_floor(share) - used);
            }
        };
        if let Some(limit) = limits.max_position_size {
            share(Check::PositionSize, limit, own);
        }
        if let Some(limit) = limits.position_concentration {
            let alone = idle || self.terms[request.instrument.index()].is_alone;
            share(Check::Concentration, limit, if alone { own } else { self.used_by_group(request, cx) });
        }
        if let Some(limit) = limits.leverage_limit {
            share(Check::Leverage, limit, gross + reserved);
        }
        let mut room = |check, limit: Money, used: Money| size.limit_worth(v, check, Of::Price, limit - used);
        if let Some(limit) = limits.max_gross_exposure {
            room(Check::GrossExposure, limit, gross + reserved);
        }
        if let Some(limit) = limits.max_net_exposure {
            // Worst case: only the working entries of this side fill.
            let toward = if request.side == Side::Buy { net } else { -net };
            room(Check::NetExposure, limit, toward + reserved);
        }
    }

    /// Absolute notionals of an instrument's group with their working entries, base currency.
    fn used_by_group(&self, request: &Request, cx: &Context<'_>) -> Money {
        let group = self.groups[request.instrument.index()];
        let members = (0..self.groups.len()).filter(|&i| self.groups[i] == group);
        members.fold(Money::ZERO, |sum, i| sum + self.used(InstrumentId(i as u32), cx))
    }

    /// Absolute notional of a position with its working entries, base currency.
    fn used(&self, id: InstrumentId, cx: &Context<'_>) -> Money {
        let [buys, sells] = self.reserved.of(id);
        if cx.portfolio.position(id).qty.is_zero() && buys.is_zero() && sells.is_zero() {
            return Money::ZERO;
        }
        let settle = cx.portfolio.instrument(id).settle;
        let held = cx.portfolio.position_notional(id).unwrap_or_default().abs();
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
        let free = cx.portfolio.balance(instrument.settle) - self.reserved_cash(instrument, cx);
        let fee = self.terms[request.instrument.index()].fee;
        let unit = i128::from(v.price.0) * i128::from(instrument.factor);
        if let Some(cash) = CashPricing::new(unit, fee) {
            let cost = match size.wanted {
                Wanted::Exactly(qty) => cash.cost(qty),
                // What is wanted costs no more than this.
                Wanted::Worth(amount, _) if instrument.settle == cx.portfolio.base_currency() => {
                    i64::try_from(amount.0).ok()
                }
                Wanted::Worth(..) => None,
            };
            if cost.is_some_and(|cost| cost > 0 && cash.covers(free, cost)) {
                v.pricings.cash = cash;
                return size.take(v, Check::Cash, Figure { value: free.0, of: Of::Cash }, None);
            }
        }
        let spendable = CashPricing::spendable(free, fee);
        let largest = instrument.qty_for_notional_floor(spendable, v.price);
        size.limit(v, Check::Cash, (largest, size.exceeds(v, largest)), free);
    }

    /// What working purchases reserve of an instrument's settlement currency.
    fn reserved_cash(&self, instrument: &Instrument, cx: &Context<'_>) -> Money {
        if self.reserved.is_empty() {
            return Money::ZERO;
        }
        let same =
            cx.portfolio.instruments().iter().enumerate().filter(|(_, i)| i.settle == instrument.settle);
        same.fold(Money::ZERO, |sum, (i, _)| sum + self.reserved.of(InstrumentId(i as u32))[0])
    }

    /// The order must be valid, and its exit at the stop still at least 1.1 times the minimum notional.
    fn check_minimum(&self, request: &Request, instrument: &Instrument, v: &mut Verdict) {
        let at_stop = match request.side {
            Side::Buy => v.price - request.stop_distance,
            Side::Sell => v.price,
        };
        let needed = self.terms[request.instrument.index()].needed_notional;
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
    wanted: Wanted,
    binding: Option<Check>,
}

/// A quantity, or what it is worth at the order's price as long as nothing has cut it.
#[derive(Clone, Copy)]
enum Wanted {
    Exactly(Qty),
    /// The amount, and what share of equity it is.
    Worth(Money, Ratio),
}

impl Size {
    fn qty(&self, v: &Verdict) -> Qty {
        match self.wanted {
            Wanted::Exactly(qty) => qty,
            Wanted::Worth(amount, _) => v.pricings.price.qty(amount),
        }
    }

    fn figure(&self) -> Figure {
        match self.wanted {
            Wanted::Exactly(qty) => Figure::of(qty.0.into()),
            Wanted::Worth(amount, _) => Figure { value: amount.0, of: Of::Price },
        }
    }

    fn exceeds(&self, v: &Verdict, largest: Qty) -> bool {
        match self.wanted {
            Wanted::Exactly(qty) => largest < qty,
            Wanted::Worth(amount, _) => v.pricings.price.exceeds(amount, largest),
        }
    }

    /// This share of equity is surely enough, and more than nothing.
    #[inline(always)]
    fn fits_share(&self, share: Ratio) -> bool {
        matches!(self.wanted, Wanted::Worth(amount, wanted) if amount > Money::ZERO && wanted <= share)
    }

    /// A limit that leaves an amount.
    #[inline]
    fn limit_worth(&mut self, v: &mut Verdict, check: Check, of: Of, room: Money) {
        let pricing = v.pricings.get(of);
        let enough = match self.wanted {
            Wanted::Worth(amount, _) if of == Of::Price => room >= amount,
            Wanted::Worth(amount, _) => pricing.covers(room, amount, &v.pricings.price),
            // As much as is wanted is more than one less.
            Wanted::Exactly(qty) => qty > Qty::ZERO && pricing.exceeds(room, qty - Qty(1)),
        };
        let largest = if enough { None } else { Some(pricing.qty(room)) };
        let cut = largest.filter(|largest| self.exceeds(v, *largest));
        self.take(v, check, Figure { value: room.0, of }, cut);
        refuse_without(v, check, room);
    }

    /// A limit that leaves a quantity, and whether more is wanted.
    fn limit(&mut self, v: &mut Verdict, check: Check, (largest, exceeds): (Qty, bool), room: Money) {
        let cut = exceeds.then_some(largest);
        self.take(v, check, Figure::of(largest.0.into()), cut);
        refuse_without(v, check, room);
    }

    #[inline]
    fn take(&mut self, v: &mut Verdict, check: Check, limit: Figure, cut: Option<Qty>) {
        v.note_figures(check, if cut.is_some() { 2 } else { 0 }, self.figure(), limit);
        if let Some(largest) = cut {
            self.wanted = Wanted::Exactly(largest.max(Qty::ZERO));
            self.binding = Some(check);
        }
    }
}

/// A limit without room at all refuses by itself.
fn refuse_without(v: &mut Verdict, check: Check, room: Money) {
    if room <= Money::ZERO {
        v.failed |= check.bit();
    }
}
