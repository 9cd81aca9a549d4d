//! A position at average cost, in exact integers.
//!
//! Cost is kept as an amount, not as a price, so nothing is lost to rounding: what a partial close takes
//! out of the cost is rounded once and the rest stays.

use pinion_model::instrument::Instrument;
use pinion_model::number::{Money, Price, Qty, mul_div_floor};
use pinion_model::order::Side;
use serde::{Deserialize, Serialize};

/// Position in one instrument. Amounts are in its settlement currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Quantity; negative is short.
    pub qty: Qty,
    /// What the open quantity cost; negative for a short (what it brought).
    pub cost: Money,
    /// Profit and loss of closed quantity, before fees.
    pub realised: Money,
    /// Fees charged in the settlement currency or in kind (valued at the fill).
    pub fees: Money,
}

impl Position {
    /// Trades `qty` at `price`; returns what this realised.
    pub fn trade(&mut self, instrument: &Instrument, side: Side, price: Price, qty: Qty) -> Money {
        let signed = Qty(side.sign() * qty.0);
        let closing =
            if self.qty.0.signum() * signed.0.signum() < 0 { qty.min(self.qty.abs()) } else { Qty::ZERO };
        let mut realised = Money::ZERO;
        if closing > Qty::ZERO {
            let share = if closing == self.qty.abs() {
                self.cost
            } else {
                Money(mul_div_floor(self.cost.0, closing.0.into(), self.qty.abs().0.into()))
            };
            let proceeds = instrument.notional(price, Qty(-side.sign() * closing.0));
            realised = proceeds - share;
            self.cost -= share;
            self.qty += Qty(side.sign() * closing.0);
            self.realised += realised;
        }
        let opening = qty - closing;
        self.cost += instrument.notional(price, Qty(side.sign() * opening.0));
        self.qty += Qty(side.sign() * opening.0);
        realised
    }

    /// Pays `qty` of the base asset as a fee, as if it had been sold at `price` and the proceeds paid.
    pub fn pay_in_kind(&mut self, instrument: &Instrument, price: Price, qty: Qty) -> Money {
        let value = instrument.notional(price, qty);
        let realised = self.trade(instrument, Side::Sell, price, qty);
        self.fees += value;
        realised
    }

    /// Average price of the open quantity, towards minus infinity; zero when flat.
    pub fn average_price_floor(&self, instrument: &Instrument) -> Price {
        instrument.average_price_floor(self.cost, self.qty)
    }

    /// Profit or loss of the open quantity at `mark`.
    pub fn unrealised(&self, instrument: &Instrument, mark: Price) -> Money {
        instrument.notional(mark, self.qty) - self.cost
    }
}
