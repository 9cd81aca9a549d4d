//! How large an entry may be: the least of what the strategy wants and what every limit leaves, floored
//! to the lot. Limits are turned into amounts of the base currency, and amounts into quantities by the
//! value of one whole unit, rounded against the order.
//!
//! An amount that leaves more than is wanted is not turned into a quantity before the record is written: amounts
//! are compared instead, which comes to the same and needs no division.
//!
//! Everything is worked out in 64 bits. What does not fit is worked out anew, from the beginning, in 128: the
//! same code over the other [`Amount`].

use super::amount::Amount;
use super::checks::Check;
use super::figures::{CashPricing, Figure, Of, Pricing};
use super::terms::Terms;
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
    #[inline(always)]
    pub(super) fn size_entry(
        &self,
        request: &Request,
        cx: &Context<'_>,
        instrument: &Instrument,
        v: &mut Verdict,
    ) {
        let before = v.so_far();
        if self.size_entry_in::<i64>(request, cx, instrument, v).is_none() {
            v.back_to(before);
            self.size_entry_wide(request, cx, instrument, v);
        }
    }

    /// The same in 128 bits; what does not fit them stops the program.
    #[cold]
    #[inline(never)]
    fn size_entry_wide(&self, request: &Request, cx: &Context<'_>, instrument: &Instrument, v: &mut Verdict) {
        let sized = self.size_entry_in::<i128>(request, cx, instrument, v);
        debug_assert!(sized.is_some(), "128 bits hold every amount");
    }

    /// `None` when an amount does not fit; the verdict is unfinished then.
    #[inline(always)]
    fn size_entry_in<A: Amount>(
        &self,
        request: &Request,
        cx: &Context<'_>,
        instrument: &Instrument,
        v: &mut Verdict,
    ) -> Option<()> {
        let terms = &self.terms[request.instrument.index()];
        let in_base = instrument.settle == cx.portfolio.base_currency();
        let pricing = |price: Price| {
            if in_base {
                return Some(Pricing::of_unit(price, instrument.factor));
            }
            let value = terms.whole_notional(instrument, price);
            // The negative makes the rounding go up.
            let value = -cx.portfolio.to_base_floor(instrument.settle, -value)?;
            Some(Pricing::new(value, terms.whole))
        };
        let exposure = cx.portfolio.exposure().zip(self.reserved_base(cx));
        let (Some(at_price), Some(((gross, net), reserved))) = (pricing(v.price), exposure) else {
            v.refuse_if(true, Check::MissingMark, 0, 1);
            return Some(());
        };
        v.pricings.price = A::fitting(at_price)?;
        v.exposure = gross + reserved;
        let (equity, reserved) = (A::of(v.equity)?, A::of(reserved)?);
        let used = Used { gross: A::of(v.exposure)?, net: A::of(net)?, reserved };
        let wanted = match request.sizing {
            Sizing::Quantity(qty) => Wanted::Exactly(qty_floor(qty, instrument.qty_exponent)),
            Sizing::Notional(amount) => {
                let amount = self.reserved.settle_amount_floor(instrument, amount);
                Wanted::Exactly(instrument.qty_for_notional_floor(amount, v.price))
            }
            Sizing::Fraction(fraction) => Wanted::Worth(equity.share_floor(fraction)?, fraction),
        };
        let mut size = Size { wanted, binding: None };
        if let (Some(risk), true) = (self.limits.risk_per_trade, request.stop_distance > Price::ZERO) {
            let cost = v.price.mul_ceil(terms.round_trip);
            if let Some(at_loss) = pricing(request.stop_distance + cost) {
                v.pricings.loss = A::fitting(at_loss)?;
                let room = equity.share_floor(risk)?;
                size.limit_worth(v, Check::RiskPerTrade, Of::Loss, room);
            }
        }
        self.limit_by_exposure(request, cx, equity, &used, v, &mut size)?;
        if self.limits.max_order_qty.is_some() || !(in_base && size.fits_order(terms, &v.pricings.price)) {
            let largest = terms.largest_order(instrument, v.price);
            let exceeds = size.exceeds(v, largest);
            if exceeds || self.limits.max_order_qty.is_some() {
                size.limit(v, Check::OrderQty, (largest, exceeds), Money(largest.0.into()));
            }
        }
        if instrument.kind.pays_notional() && request.side == Side::Buy {
            self.limit_by_cash(request, cx, instrument, v, &mut size);
        }
        v.qty = instrument.lot_floor(size.qty(v));
        v.binding = size.binding;
        self.check_minimum(request, instrument, v);
        Some(())
    }

    #[inline(always)]
    fn limit_by_exposure<A: Amount>(
        &self,
        request: &Request,
        cx: &Context<'_>,
        equity: A,
        all: &Used<A>,
        v: &mut Verdict,
        size: &mut Size<A>,
    ) -> Option<()> {
        let limits = &self.limits;
        let idle = cx.portfolio.is_flat() && self.reserved.is_empty();
        let own = if idle { A::ZERO } else { A::of(self.used(request.instrument, cx))? };
        if let Some(limit) = limits.max_position_size {
            size.limit_share(v, Check::PositionSize, (equity, limit), own)?;
        }
        if let Some(limit) = limits.position_concentration {
            let alone = idle || self.terms[request.instrument.index()].is_alone;
            let used = if alone { own } else { A::of(self.used_by_group(request, cx))? };
            size.limit_share(v, Check::Concentration, (equity, limit), used)?;
        }
        if let Some(limit) = limits.leverage_limit {
            size.limit_share(v, Check::Leverage, (equity, limit), all.gross)?;
        }
        if let Some(limit) = limits.max_gross_exposure {
            size.limit_worth(v, Check::GrossExposure, Of::Price, A::of(limit)?.less(all.gross)?);
        }
        if let Some(limit) = limits.max_net_exposure {
            // Worst case: only the working entries of this side fill.
            let toward = if request.side == Side::Buy { all.net } else { A::ZERO.less(all.net)? };
            let used = toward.less(A::ZERO.less(all.reserved)?)?;
            size.limit_worth(v, Check::NetExposure, Of::Price, A::of(limit)?.less(used)?);
        }
        Some(())
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

    #[inline(always)]
    fn limit_by_cash<A: Amount>(
        &self,
        request: &Request,
        cx: &Context<'_>,
        instrument: &Instrument,
        v: &mut Verdict,
        size: &mut Size<A>,
    ) {
        let free = cx.portfolio.balance(instrument.settle) - self.reserved_cash(instrument, cx);
        let fee = self.terms[request.instrument.index()].fee;
        let unit = i128::from(v.price.0) * i128::from(instrument.factor);
        if let Some(cash) = CashPricing::new(unit, fee) {
            let cost = match size.wanted {
                Wanted::Exactly(qty) => cash.cost(qty),
                // What is wanted costs no more than this.
                Wanted::Worth(amount, _) if instrument.settle == cx.portfolio.base_currency() => {
                    i64::try_from(amount.money().0).ok()
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

/// What positions and working entries use of the base currency.
struct Used<A> {
    /// Absolute notionals, with working entries.
    gross: A,
    /// Signed notionals, without them.
    net: A,
    /// What working entries reserve.
    reserved: A,
}

/// The quantity while limits cut it.
struct Size<A> {
    wanted: Wanted<A>,
    binding: Option<Check>,
}

/// A quantity, or what it is worth at the order's price as long as nothing has cut it.
#[derive(Clone, Copy)]
enum Wanted<A> {
    Exactly(Qty),
    /// The amount, and what share of equity it is.
    Worth(A, Ratio),
}

impl<A: Amount> Size<A> {
    #[inline(always)]
    fn qty(&self, v: &Verdict) -> Qty {
        match self.wanted {
            Wanted::Exactly(qty) => qty,
            Wanted::Worth(amount, _) => amount.qty(&v.pricings.price),
        }
    }

    #[inline(always)]
    fn figure(&self) -> Figure {
        match self.wanted {
            Wanted::Exactly(qty) => Figure::of(qty.0.into()),
            Wanted::Worth(amount, _) => Figure { value: amount.money().0, of: Of::Price },
        }
    }

    #[inline(always)]
    fn exceeds(&self, v: &Verdict, largest: Qty) -> bool {
        match self.wanted {
            Wanted::Exactly(qty) => largest < qty,
            Wanted::Worth(amount, _) => amount.exceeds(&v.pricings.price, largest),
        }
    }

    /// An order of this size, in the base currency, is surely not too large.
    #[inline(always)]
    fn fits_order(&self, terms: &Terms, pricing: &Pricing) -> bool {
        let Wanted::Worth(amount, _) = self.wanted else { return false };
        terms.largest_notional().is_none_or(|most| amount.money() <= most)
            && !amount.exceeds(pricing, terms.largest_qty())
    }

    /// This share of equity is surely enough, and more than nothing.
    #[inline(always)]
    fn fits_share(&self, share: Ratio) -> bool {
        matches!(self.wanted, Wanted::Worth(amount, wanted) if amount > A::ZERO && wanted <= share)
    }

    /// A limit that is a share of equity, of which some is used.
    #[inline(always)]
    fn limit_share(
        &mut self,
        v: &mut Verdict,
        check: Check,
        (equity, share): (A, Ratio),
        used: A,
    ) -> Option<()> {
        if used == A::ZERO && self.fits_share(share) {
            self.take(v, check, Figure { value: share.0.into(), of: Of::Share }, None);
        } else {
            self.limit_worth(v, check, Of::Price, equity.share_floor(share)?.less(used)?);
        }
        Some(())
    }

    /// A limit that leaves an amount.
    #[inline(always)]
    fn limit_worth(&mut self, v: &mut Verdict, check: Check, of: Of, room: A) {
        let pricing = v.pricings.get(of);
        let enough = match self.wanted {
            Wanted::Worth(amount, _) if of == Of::Price => room >= amount,
            Wanted::Worth(amount, _) => room.covers(pricing, amount, &v.pricings.price),
            // As much as is wanted is more than one less.
            Wanted::Exactly(qty) => qty > Qty::ZERO && room.exceeds(pricing, qty - Qty(1)),
        };
        let cut = if enough { None } else { self.cut_to(v, room.qty(pricing)) };
        self.take(v, check, Figure { value: room.money().0, of }, cut);
        v.refuse_without(check, room > A::ZERO);
    }

    /// The largest quantity, when more is wanted.
    fn cut_to(&self, v: &Verdict, largest: Qty) -> Option<Qty> {
        self.exceeds(v, largest).then_some(largest)
    }

    /// A limit that leaves a quantity, and whether more is wanted.
    #[inline(always)]
    fn limit(&mut self, v: &mut Verdict, check: Check, (largest, exceeds): (Qty, bool), room: Money) {
        let cut = exceeds.then_some(largest);
        self.take(v, check, Figure::of(largest.0.into()), cut);
        v.refuse_without(check, room > Money::ZERO);
    }

    #[inline(always)]
    fn take(&mut self, v: &mut Verdict, check: Check, limit: Figure, cut: Option<Qty>) {
        v.note_figures(check, if cut.is_some() { 2 } else { 0 }, self.figure(), limit);
        if let Some(largest) = cut {
            self.wanted = Wanted::Exactly(largest.max(Qty::ZERO));
            self.binding = Some(check);
        }
    }
}
