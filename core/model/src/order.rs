//! Sides, order types, states and the reasons that travel with them.
//!
//! Each enum has a fixed number for records and a label for people; an unknown number decodes to
//! `None` instead of a guess.

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident: $repr:ty { $($(#[$vdoc:meta])* $variant:ident = $value:literal, $label:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[repr($repr)]
        pub enum $name { $($(#[$vdoc])* $variant = $value,)* }

        impl $name {
            /// Every value.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];
            /// The number that records carry.
            pub fn code(self) -> $repr { self as $repr }
            /// The value with this number.
            pub fn from_code(code: $repr) -> Option<$name> { match code { $($value => Some($name::$variant),)* _ => None } }
            /// The word that people read.
            pub fn label(self) -> &'static str { match self { $($name::$variant => $label,)* } }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.pad(self.label()) }
        }
    };
}
pub(crate) use codes;

codes! {
    /// Which way an order trades.
    Side: u8 {
        /// Adds to a long position.
        Buy = 1, "buy";
        /// Adds to a short position.
        Sell = 2, "sell";
    }
}

impl Side {
    /// +1 for a buy, -1 for a sell.
    pub fn sign(self) -> i64 {
        match self {
            Side::Buy => 1,
            Side::Sell => -1,
        }
    }

    /// The other side.
    pub fn opposite(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }
}

codes! {
    /// How an order seeks its price.
    OrderType: u8 {
        /// At once, at the best price there is.
        Market = 1, "market";
        /// At the limit or better.
        Limit = 2, "limit";
        /// A market order once the trigger price trades.
        Stop = 3, "stop";
    }
}

codes! {
    /// How long an order lives.
    TimeInForce: u8 {
        /// Until it is cancelled.
        Gtc = 1, "gtc";
        /// What fills at once fills; the rest expires.
        Ioc = 2, "ioc";
        /// All at once or nothing.
        Fok = 3, "fok";
    }
}

codes! {
    /// Where an order stands.
    OrderStatus: u8 {
        /// Made, not yet checked.
        Created = 1, "created";
        /// Risk let it pass.
        RiskPassed = 2, "risk-passed";
        /// Risk refused it.
        RiskRejected = 3, "risk-rejected";
        /// Held by the engine until its trigger trades.
        Held = 4, "held";
        /// On its way to the venue.
        Sent = 5, "sent";
        /// The venue has it.
        Accepted = 6, "accepted";
        /// The venue refused it.
        Rejected = 7, "rejected";
        /// Part of it traded.
        PartiallyFilled = 8, "partially-filled";
        /// All of it traded.
        Filled = 9, "filled";
        /// A cancel is on its way.
        PendingCancel = 10, "pending-cancel";
        /// Cancelled.
        Cancelled = 11, "cancelled";
        /// Expired at the venue.
        Expired = 12, "expired";
        /// The venue's answer is missing; its exposure counts until the venue itself says otherwise.
        Unknown = 13, "unknown";
        /// A replacement is on its way.
        PendingReplace = 14, "pending-replace";
    }
}

impl OrderStatus {
    /// Nothing more can happen to the order.
    pub fn is_final(self) -> bool {
        use OrderStatus::*;
        match self {
            RiskRejected | Rejected | Filled | Cancelled | Expired => true,
            Created | RiskPassed | Held | Sent | Accepted | PartiallyFilled | PendingCancel
            | PendingReplace | Unknown => false,
        }
    }
}

codes! {
    /// What a venue reports about an order.
    ReportKind: u8 {
        /// The venue has the order.
        Accepted = 1, "accepted";
        /// The venue refused it.
        Rejected = 2, "rejected";
        /// Part or all of it traded.
        Fill = 3, "fill";
        /// It was cancelled.
        Cancelled = 4, "cancelled";
        /// It expired.
        Expired = 5, "expired";
        /// The cancel was refused.
        CancelRejected = 6, "cancel-rejected";
        /// No answer came within the time-out, or the connection was lost.
        NoAnswer = 7, "no-answer";
        /// The venue says that it does not know the order.
        NotFound = 8, "not-found";
        /// It was replaced by an amended order.
        Replaced = 9, "replaced";
        /// The amendment was refused.
        ReplaceRejected = 10, "replace-rejected";
    }
}

codes! {
    /// Which side of the book a fill took.
    Liquidity: u8 {
        /// Not told, or not a fill.
        None = 0, "none";
        /// The order rested.
        Maker = 1, "maker";
        /// The order crossed the spread.
        Taker = 2, "taker";
    }
}

codes! {
    /// What an intent is for.
    Action: u8 {
        /// Open a position.
        Enter = 1, "enter";
        /// Reduce or close one.
        Exit = 2, "exit";
        /// Rest a stop that protects one.
        Protect = 3, "protect";
    }
}

codes! {
    /// Why an order was wanted, refused, cancelled or closed. 1-99 are reasons to trade, 100-199 are
    /// refusals of a venue, 200 and up are the engine's own.
    Reason: u16 {
        /// No reason is needed.
        None = 0, "none";
        /// An entry rule fired.
        Entry = 1, "entry";
        /// The stop was reached.
        StopLoss = 2, "stop_loss";
        /// The trailing stop was reached.
        TrailingStop = 3, "trailing_stop";
        /// The stop stood at break-even.
        BreakEven = 4, "breakeven";
        /// The target was reached.
        TakeProfit = 5, "take_profit";
        /// A partial target was reached.
        PartialTarget = 6, "partial_target";
        /// The position was held long enough.
        TimeLimit = 7, "time_limit";
        /// The session ended.
        SessionEnd = 8, "session_end";
        /// An operator asked.
        Operator = 9, "operator";
        /// The position is flattened by a kill switch.
        Flatten = 10, "flatten";
        /// An engine-held stop was triggered.
        Triggered = 11, "triggered";
        /// An exit rule saw in the market what it waits for.
        Signal = 12, "signal";
        /// The condition of an exit held.
        Condition = 13, "condition";
        /// Not enough of the currency.
        InsufficientFunds = 101, "insufficient_funds";
        /// Below the minimum notional.
        MinNotional = 102, "min_notional";
        /// Off the tick or the lot.
        OffIncrement = 103, "off_increment";
        /// A simulated rejection.
        SimulatedReject = 104, "simulated_reject";
        /// There is no market to trade against.
        NoMarket = 105, "no_market";
        /// The venue does not know the order.
        UnknownOrder = 106, "unknown_order";
        /// The order was already done.
        TooLate = 107, "too_late";
        /// A risk check refused it; the verdict says which.
        Risk = 201, "risk";
        /// The position it protected is gone.
        PositionClosed = 202, "position_closed";
        /// Trading was halted.
        Halted = 203, "halted";
        /// It was replaced by another order.
        Replaced = 204, "replaced";
        /// The run ended.
        RunEnded = 205, "run_ended";
        /// Its record was not kept in time, so it did not leave.
        NotJournalled = 206, "not_journalled";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip() {
        for &status in OrderStatus::ALL {
            assert_eq!(OrderStatus::from_code(status.code()), Some(status));
        }
        for &reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
        }
        assert_eq!(Side::from_code(0), None);
        assert_eq!(Side::Buy.opposite().sign(), -1);
    }
}
