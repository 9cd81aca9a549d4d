//! Money: the cash identity over random fills, with fees in quote, base and a third asset.

use pinion_engine::plan::EnginePlan;
use pinion_engine::portfolio::{Mark, Portfolio};
use pinion_model::body::{Body, ExecutionBody};
use pinion_model::instrument::{CurrencyId, InstrumentId};
use pinion_model::number::{Money, Price, Qty};
use pinion_model::order::Side;
use proptest::prelude::*;
use std::path::Path;

/// A spot coin, a perpetual and the coin that fees are paid in.
fn plan() -> EnginePlan {
    let text = "
instruments:
  - {symbol: BTCUSDT, tick: 0.01, lot: 0.00000001}
  - {symbol: ETHPERP, kind: perpetual, base: ETH, quote: USDT, tick: 0.01, lot: 0.001}
  - {symbol: BNBUSDT, tick: 0.01, lot: 0.00000001}
strategy: {entry_mixins: [RSIBB], exit_mixins: [ATR], timeframe: 1m, bars: trades}
broker: {cash: 1000000, currency: USDT, balances: {BNB: 100}}
";
    let (config, mut found) = pinion_plan::read("test", text, Path::new(".")).unwrap();
    pinion_plan::compile(&config, &[], &mut found).unwrap().engine
}

#[derive(Clone, Debug)]
struct Fill {
    instrument: u32,
    side: Side,
    price: i64,
    qty: i64,
    fee_ppm: i64,
    /// 0 quote, 1 base, 2 third asset.
    fee_in: u8,
}

fn fills() -> impl Strategy<Value = Vec<Fill>> {
    let one = (0u32..2, any::<bool>(), 100i64..10_000_000, 1i64..1_000_000_000, 0i64..5_000, 0u8..3);
    let one = one.prop_map(|(instrument, buy, price, qty, fee_ppm, fee_in)| Fill {
        instrument,
        side: if buy { Side::Buy } else { Side::Sell },
        price,
        qty,
        fee_ppm,
        fee_in,
    });
    prop::collection::vec(one, 1..60)
}

proptest! {
    #[test]
    fn every_unit_of_every_currency_is_accounted_for(fills in fills(), marks in prop::collection::vec(100i64..10_000_000, 3)) {
        let plan = plan();
        let mut portfolio = Portfolio::new(&plan);
        for (i, price) in marks.iter().enumerate() {
            portfolio.set_mark(InstrumentId(i as u32), Mark { bid: Price(*price), ask: Price(*price), time_ns: 1 });
        }
        let mut base_fees = Qty::ZERO;
        let mut traded = [Qty::ZERO; 2];
        for fill in &fills {
            let id = InstrumentId(fill.instrument);
            let instrument = &plan.instruments[id.index()];
            // A cash account sells only what it has.
            let held = portfolio.position(id).qty;
            let qty = match (fill.side, instrument.kind.can_be_short()) {
                (Side::Sell, false) => fill.qty.min(held.0),
                _ => fill.qty,
            };
            if qty <= 0 { continue }
            let notional = instrument.notional(Price(fill.price), Qty(qty)).0;
            let (fee, currency) = match fill.fee_in {
                1 if fill.side == Side::Buy && fill.instrument == 0 => {
                    let units = qty * fill.fee_ppm / 1_000_000;
                    base_fees += Qty(units);
                    let unit = 10i128.pow(u32::from(plan.currencies[instrument.base.index()].scale - instrument.qty_exponent));
                    (i128::from(units) * unit, instrument.base)
                }
                2 => (i128::from(fill.fee_ppm) * 1000, plan.instruments[2].base),
                _ => (notional * i128::from(fill.fee_ppm) / 1_000_000, instrument.settle),
            };
            let mut body = ExecutionBody::from_bytes(&[0; 96]);
            (body.instrument, body.price, body.qty) = (id, Price(fill.price), Qty(qty));
            (body.fee, body.fee_currency) = (Money(fee), currency.0);
            portfolio.apply_fill(&body, fill.side);
            traded[id.index()] += Qty(fill.side.sign() * qty);
            let all = || (0..plan.instruments.len() as u32).map(InstrumentId);
            prop_assert_eq!(portfolio.is_flat(), all().all(|id| portfolio.position(id).qty.is_zero()));
            let exposure = all().fold((Money::ZERO, Money::ZERO), |(gross, net), id| {
                let value = portfolio.position_notional(id).unwrap();
                (gross + value.abs(), net + value)
            });
            prop_assert_eq!(portfolio.exposure(), Some(exposure));
        }
        prop_assert_eq!(portfolio.position(InstrumentId(0)).qty, traded[0] - base_fees, "position = fills - base fees");
        prop_assert_eq!(portfolio.position(InstrumentId(1)).qty, traded[1]);
        for c in (0..plan.currencies.len() as u16).map(CurrencyId) {
            let (mut realised, mut cost) = (Money::ZERO, Money::ZERO);
            for (i, instrument) in plan.instruments.iter().enumerate().filter(|(_, i)| i.settle == c) {
                let position = portfolio.position(InstrumentId(i as u32));
                realised += position.realised;
                if instrument.kind.pays_notional() { cost += position.cost }
            }
            let want = plan.balances[c.index()] + realised - portfolio.fees(c) - cost;
            prop_assert_eq!(portfolio.balance(c), want, "{}", portfolio.currency(c).code);
        }
        // Equity added up from nothing equals the running sum.
        let mut equity = portfolio.balance(plan.base_currency);
        for (i, instrument) in plan.instruments.iter().enumerate() {
            let position = portfolio.position(InstrumentId(i as u32));
            let value = instrument.notional(Price(marks[i]), position.qty);
            equity += if instrument.kind.pays_notional() { value } else { value - position.cost };
        }
        let bnb = plan.instruments[2].base;
        equity += portfolio.to_base_floor(bnb, portfolio.balance(bnb)).unwrap();
        prop_assert_eq!(portfolio.equity(), Some(equity));
    }
}

#[test]
fn a_partial_close_takes_its_share_of_the_cost_and_losses_are_losses() {
    let plan = plan();
    let mut portfolio = Portfolio::new(&plan);
    let fill = |portfolio: &mut Portfolio, side, price, qty| {
        let mut body = ExecutionBody::from_bytes(&[0; 96]);
        (body.instrument, body.price, body.qty) = (InstrumentId(1), Price(price), Qty(qty));
        body.fee_currency = plan.instruments[1].settle.0;
        portfolio.apply_fill(&body, side).realised
    };
    // Short 2.000 at 100.00, cover 0.500 at 90.00, flip through zero at 110.00.
    assert_eq!(fill(&mut portfolio, Side::Sell, 10_000, 2_000), Money::ZERO);
    let unit = i128::from(plan.instruments[1].factor);
    assert_eq!(fill(&mut portfolio, Side::Buy, 9_000, 500), Money(500 * 1_000 * unit));
    assert_eq!(fill(&mut portfolio, Side::Buy, 11_000, 2_000), Money(-1_500 * 1_000 * unit));
    let position = portfolio.position(InstrumentId(1));
    assert_eq!((position.qty, position.average_price_floor(&plan.instruments[1])), (Qty(500), Price(11_000)));
}
