//! The risk checks by number. The number is the bit in a verdict's masks and never changes its meaning.

macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $label:literal, $unit:ident $measured:literal, $limit:literal;)*) => {
        /// A risk check.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Check { $($(#[$doc])* $name = $bit,)* }

        impl Check {
            /// Every check, by number.
            pub const ALL: &'static [Check] = &[$(Check::$name,)*];

            /// The word that configuration and people use.
            pub fn label(self) -> &'static str { match self { $(Check::$name => $label,)* } }

            /// What its operands are counted in.
            pub fn unit(self) -> OperandUnit { match self { $(Check::$name => OperandUnit::$unit,)* } }

            /// What its operands are: what was measured, and what it was held against.
            pub fn operands(self) -> (&'static str, &'static str) {
                match self { $(Check::$name => ($measured, $limit),)* }
            }
        }
    };
}

/// What the operands of a check are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperandUnit {
    /// Things.
    Count,
    /// The instrument's price units.
    Price,
    /// The instrument's quantity units.
    Qty,
    /// The settlement currency.
    Settle,
    /// The base currency.
    Base,
    /// A length of time.
    Nanoseconds,
    /// An instant.
    Time,
}

checks! {
    /// Trading is stopped by an operator or a kill switch.
    KillSwitch = 0, "kill_switch", Count "stopping level", "allowed";
    /// The drawdown halt is latched.
    Drawdown = 1, "max_drawdown", Base "equity", "floor";
    /// The day's loss limit was reached.
    DailyLoss = 2, "max_daily_loss", Base "equity", "floor";
    /// The last price is too old.
    StaleData = 3, "stale_after", Nanoseconds "age of the price", "limit";
    /// A price or an exchange rate is missing.
    MissingMark = 4, "missing_mark", Price "price", "least";
    /// The instrument's own rules: lot, quantity range, minimum notional at the stop.
    Instrument = 5, "instrument_rules", Settle "notional at the stop", "least";
    /// Notional of the position against a fraction of equity.
    PositionSize = 6, "max_position_size", Qty "wanted", "largest";
    /// Loss at the stop against a fraction of equity.
    RiskPerTrade = 7, "risk_per_trade", Qty "wanted", "largest";
    /// Sum of absolute notionals.
    GrossExposure = 8, "max_gross_exposure", Qty "wanted", "largest";
    /// Absolute sum of signed notionals.
    NetExposure = 9, "max_net_exposure", Qty "wanted", "largest";
    /// Sum of absolute notionals against a multiple of equity.
    Leverage = 10, "leverage_limit", Qty "wanted", "largest";
    /// Notional of the concentration group against a fraction of equity.
    Concentration = 11, "position_concentration", Qty "wanted", "largest";
    /// An entry needs a stop.
    StopRequired = 12, "stop_loss_required", Price "distance of the stop", "least";
    /// Distance of the price from the mark, price units.
    PriceCollar = 13, "price_collar", Price "distance from the middle", "limit";
    /// Quantity of one order, quantity units.
    OrderQty = 14, "max_order_quantity", Qty "wanted", "largest";
    /// Notional of one order.
    OrderNotional = 15, "max_order_notional", Qty "wanted", "largest";
    /// Orders within the window.
    OrderRate = 16, "order_rate", Count "orders in the window", "limit";
    /// Equal to an order that was just sent.
    Duplicate = 17, "duplicate_order", Nanoseconds "age of an equal order", "least";
    /// Cash for the notional and its fee.
    Cash = 18, "cash", Qty "wanted", "largest";
    /// The instrument cannot be sold short in this account.
    ShortSale = 19, "short_sale", Count "short sales", "allowed";
    /// Places in the order table.
    Capacity = 20, "order_capacity", Count "open orders", "places";
    /// Nothing is left to reduce.
    Reducible = 21, "reducible", Qty "wanted", "reducible";
    /// The contract has expired.
    Expired = 22, "expired", Time "now", "expiry";
    /// The instrument's session is closed, or ends before what an entry opens could be closed.
    Session = 23, "session", Nanoseconds "time to the close", "more than";
}

impl Check {
    /// Bit in a mask.
    pub fn bit(self) -> u32 {
        1 << self as u32
    }

    /// The checks of a mask.
    pub fn of_mask(mask: u32) -> impl Iterator<Item = Check> {
        Check::ALL.iter().copied().filter(move |c| mask & c.bit() != 0)
    }
}
