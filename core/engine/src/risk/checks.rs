//! The risk checks by number. The number is the bit in a verdict's masks and never changes its meaning.

macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $label:literal;)*) => {
        /// A risk check.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Check { $($(#[$doc])* $name = $bit,)* }

        impl Check {
            /// Every check, by number.
            pub const ALL: &'static [Check] = &[$(Check::$name,)*];

            /// The word that configuration and people use.
            pub fn label(self) -> &'static str { match self { $(Check::$name => $label,)* } }
        }
    };
}

checks! {
    /// Trading is stopped by an operator or a kill switch. Measured: the stopping level.
    KillSwitch = 0, "kill_switch";
    /// The drawdown halt is latched. Measured: equity, limit: its floor.
    Drawdown = 1, "max_drawdown";
    /// The day's loss limit was reached. Measured: equity, limit: its floor.
    DailyLoss = 2, "max_daily_loss";
    /// The last price is too old. Measured and limit: nanoseconds.
    StaleData = 3, "stale_after";
    /// A price or an exchange rate is missing.
    MissingMark = 4, "missing_mark";
    /// The instrument's own rules: lot, quantity range, minimum notional at the stop.
    Instrument = 5, "instrument_rules";
    /// Notional of the position against a fraction of equity.
    PositionSize = 6, "max_position_size";
    /// Loss at the stop against a fraction of equity.
    RiskPerTrade = 7, "risk_per_trade";
    /// Sum of absolute notionals.
    GrossExposure = 8, "max_gross_exposure";
    /// Absolute sum of signed notionals.
    NetExposure = 9, "max_net_exposure";
    /// Sum of absolute notionals against a multiple of equity.
    Leverage = 10, "leverage_limit";
    /// Notional of the concentration group against a fraction of equity.
    Concentration = 11, "position_concentration";
    /// An entry needs a stop. Measured: its distance in price units.
    StopRequired = 12, "stop_loss_required";
    /// Distance of the price from the mark, price units.
    PriceCollar = 13, "price_collar";
    /// Quantity of one order, quantity units.
    OrderQty = 14, "max_order_quantity";
    /// Notional of one order.
    OrderNotional = 15, "max_order_notional";
    /// Orders within the window.
    OrderRate = 16, "order_rate";
    /// Equal to an order that was just sent. Measured: its age in nanoseconds.
    Duplicate = 17, "duplicate_order";
    /// Cash for the notional and its fee.
    Cash = 18, "cash";
    /// The instrument cannot be sold short in this account.
    ShortSale = 19, "short_sale";
    /// Places in the order table.
    Capacity = 20, "order_capacity";
    /// Nothing is left to reduce. Measured: the quantity that other reducing orders leave.
    Reducible = 21, "reducible";
    /// The contract has expired. Measured: now, limit: expiry.
    Expired = 22, "expired";
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
