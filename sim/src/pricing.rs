//! Slippage, impact and fees of the paper venue, in integers with the rounding against the order.

use crate::market::Touch;
use pinion_engine::plan::{EnginePlan, FeeCurrency, FeeSchedule};
use pinion_model::instrument::{CurrencyId, Instrument};
use pinion_model::number::{Money, Price, Qty, Ratio, mul_div_floor};
use pinion_model::order::{Liquidity, Side};
use pinion_plan::{PaperPlan, Slippage};

/// Notional, in whole units of the settlement currency, at which impact reaches its factor once.
const IMPACT_NOTIONAL: i128 = 100_000;

/// How far the price of a market order moves away from the touch.
///
/// With `r = qty / size at the touch` (1 where the size is unknown): fixed `base`, linear
/// `base * (1 + r)`, square root `base * (1 + sqrt(r))`; plus `impact * notional / 100,000`.
pub fn slipped(
    plan: &PaperPlan,
    instrument: &Instrument,
    settle_scale: u8,
    side: Side,
    touch: Price,
    touch_qty: Qty,
    qty: Qty,
) -> Price {
    let base = i128::from(plan.base_slippage.0);
    let one = i128::from(Ratio::SCALE);
    let size = if touch_qty > Qty::ZERO { mul_div_floor(qty.0.into(), one, touch_qty.0.into()) } else { one };
    let mut fraction = match plan.slippage {
        Slippage::None => 0,
        Slippage::Fixed => base,
        Slippage::Linear => mul_div_floor(base, one + size, one),
        Slippage::Sqrt => mul_div_floor(base, one + (size * one).unsigned_abs().isqrt() as i128, one),
    };
    if plan.impact.0 > 0 {
        let notional = instrument.notional(touch, qty).0;
        let unit = 10i128.pow(u32::from(settle_scale)) * IMPACT_NOTIONAL;
        fraction += mul_div_floor(notional, plan.impact.0.into(), unit);
    }
    // Half the price is beyond any market; more would be a mistake of the model, not a fill.
    let fraction = Ratio(fraction.clamp(0, one / 2) as i64);
    let away = touch.mul_ceil(fraction);
    match side {
        Side::Buy => touch + away,
        Side::Sell => touch - away,
    }
}

/// The fee of a fill and its currency. A third asset pays only while what is `left` of it lasts, as venues do
/// it; then the fee is taken in money.
#[allow(clippy::too_many_arguments, reason = "the fill, the market and the wallet")]
pub fn fee(
    plan: &EnginePlan,
    index: usize,
    side: Side,
    price: Price,
    qty: Qty,
    liquidity: Liquidity,
    touches: &[Touch],
    left: &mut [Money],
) -> (Money, CurrencyId) {
    let (instrument, schedule) = (&plan.instruments[index], &plan.fees[index]);
    let rate = if liquidity == Liquidity::Maker { schedule.maker } else { schedule.taker };
    let scale = |id: CurrencyId| plan.currencies[id.index()].scale;
    let in_settle = settle_fee(schedule, instrument, scale(instrument.settle), price, qty, rate);
    match schedule.charged_in {
        FeeCurrency::Settle => (in_settle, instrument.settle),
        FeeCurrency::Received if side == Side::Buy && instrument.kind.pays_notional() => {
            let unit = 10i128.pow(u32::from(scale(instrument.base) - instrument.qty_exponent));
            let taken = fee_in_kind(plan, index, side, qty, liquidity);
            (Money(i128::from(taken.0) * unit), instrument.base)
        }
        FeeCurrency::Received => (in_settle, instrument.settle),
        FeeCurrency::Asset(asset) => match asset_price(plan, asset, touches) {
            // fee * 10^-from = result * 10^-to * price * 10^-exponent, rounded up.
            Some((price, exponent)) => {
                let (from, to) = (u32::from(scale(instrument.settle)), u32::from(scale(asset)));
                let up = 10i128.pow(to.saturating_sub(from) + u32::from(exponent));
                let down = 10i128.pow(from.saturating_sub(to)) * i128::from(price.0);
                let fee = Money(-mul_div_floor(-in_settle.0, up, down));
                let wallet = &mut left[asset.index()];
                if fee > *wallet {
                    return (in_settle, instrument.settle);
                }
                *wallet -= fee;
                (fee, asset)
            }
            // Nobody has quoted the asset yet.
            None => (in_settle, instrument.settle),
        },
    }
}

/// What a fee asset is worth now, with the decimals of that price.
fn asset_price(plan: &EnginePlan, asset: CurrencyId, touches: &[Touch]) -> Option<(Price, u8)> {
    let at = plan.conversions[asset.index()].filter(|c| !c.inverse)?.instrument.index();
    let price = touches[at].bid;
    (price > Price::ZERO).then_some((price, plan.instruments[at].price_exponent))
}

/// Quantity of the base asset that the fee of a fill takes, rounded up to a unit; zero where fees are paid
/// in money.
pub fn fee_in_kind(plan: &EnginePlan, index: usize, side: Side, qty: Qty, liquidity: Liquidity) -> Qty {
    let (instrument, schedule) = (&plan.instruments[index], &plan.fees[index]);
    let in_kind =
        schedule.charged_in == FeeCurrency::Received && side == Side::Buy && instrument.kind.pays_notional();
    if !in_kind {
        return Qty::ZERO;
    }
    let rate = if liquidity == Liquidity::Maker { schedule.maker } else { schedule.taker };
    -(-qty).mul_floor(rate)
}

fn settle_fee(
    s: &FeeSchedule,
    instrument: &Instrument,
    scale: u8,
    price: Price,
    qty: Qty,
    rate: Ratio,
) -> Money {
    let notional = instrument.notional(price, qty);
    let mut fee = notional.mul_ceil(rate);
    if s.per_unit.mantissa() > 0 {
        // per_unit * qty, in units of the currency: mantissa * qty * 10^(scale - per_unit.scale - qty_exponent).
        let product = s.per_unit.mantissa() * i128::from(qty.0);
        let shift = i32::from(scale) - i32::from(s.per_unit.scale()) - i32::from(instrument.qty_exponent);
        let power = 10i128.pow(shift.unsigned_abs());
        let scaled = if shift >= 0 { product * power } else { -mul_div_floor(-product, 1, power) };
        fee += Money(scaled);
    }
    fee = fee.max(s.minimum);
    match s.cap {
        Some(cap) => fee.min(notional.mul_ceil(cap)),
        None => fee,
    }
}
