//! What the numbers of an expression mean, and which of them go together.

use crate::indicators::define::Unit;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// It has a mistake that is noted already.
    Wrong,
    /// A plain number that was written out: it takes the unit of what it stands beside.
    Written,
    Price,
    /// A distance between two prices.
    Change,
    /// A price times a plain number: near one it is a price again, near zero a distance, and which of them is
    /// meant only its author knows.
    Multiple,
    Quantity,
    /// Price times quantity.
    Turnover,
    PriceSquared,
    PriceSquaredPerQuantity,
    /// A percentage: `2%` is 0.02.
    Ratio,
    /// A plain number or an index.
    Number,
    Hour,
    Minute,
    Weekday,
    Side,
    Condition,
}

/// Powers of price and quantity in a unit.
pub(super) type Powers = (i8, i8);

impl Type {
    /// The type of an indicator's output.
    pub fn of(unit: Unit) -> Type {
        match unit {
            Unit::Price => Type::Price,
            Unit::PriceChange => Type::Change,
            Unit::PriceSquared => Type::PriceSquared,
            Unit::Volume => Type::Quantity,
            Unit::PriceVolume => Type::Turnover,
            Unit::PriceSquaredPerVolume => Type::PriceSquaredPerQuantity,
            Unit::Percent
            | Unit::BasisPoints
            | Unit::Number
            | Unit::Degrees
            | Unit::Bars
            | Unit::Direction => Type::Number,
        }
    }

    /// What it is called in messages.
    pub fn name(self) -> &'static str {
        match self {
            Type::Wrong => "a mistake",
            Type::Written | Type::Number => "a plain number",
            Type::Price => "a price",
            Type::Change => "a change of price",
            Type::Multiple => "a multiple of a price",
            Type::Quantity => "a quantity",
            Type::Turnover => "a price times a quantity",
            Type::PriceSquared => "a squared price",
            Type::PriceSquaredPerQuantity => "a squared price per quantity",
            Type::Ratio => "a percentage",
            Type::Hour | Type::Minute | Type::Weekday => "a time",
            Type::Side => "a side",
            Type::Condition => "a condition",
        }
    }

    /// True for what can be calculated with.
    pub fn is_number(self) -> bool {
        !matches!(self, Type::Side | Type::Condition | Type::Wrong)
    }

    /// The smallest value of a part of time, and the one behind the largest.
    pub fn clock_range(self) -> Option<(i64, i64)> {
        match self {
            Type::Hour => Some((0, 24)),
            Type::Minute => Some((0, 60)),
            Type::Weekday => Some((1, 8)),
            _ => None,
        }
    }

    /// Powers of price and quantity.
    pub fn powers(self) -> Powers {
        match self {
            Type::Price | Type::Change | Type::Multiple => (1, 0),
            Type::Quantity => (0, 1),
            Type::Turnover => (1, 1),
            Type::PriceSquared => (2, 0),
            Type::PriceSquaredPerQuantity => (2, -1),
            _ => (0, 0),
        }
    }

    fn from_powers(powers: Powers) -> Option<Type> {
        Some(match powers {
            (0, 0) => Type::Number,
            (1, 0) => Type::Change,
            (0, 1) => Type::Quantity,
            (1, 1) => Type::Turnover,
            (2, 0) => Type::PriceSquared,
            (2, -1) => Type::PriceSquaredPerQuantity,
            _ => return None,
        })
    }

    /// Parts of time are plain numbers once they are calculated with.
    fn plain(self) -> Type {
        if self.clock_range().is_some() { Type::Number } else { self }
    }

    fn multiple(self) -> Type {
        if self == Type::Price { Type::Multiple } else { self }
    }

    fn is_plain(self) -> bool {
        self.powers() == (0, 0)
    }

    /// The type of a sum, or of a difference; `None` where there is none.
    pub fn plus(self, other: Type, minus: bool) -> Option<Type> {
        use Type::{Change, Multiple, Price, Ratio, Written};
        Some(match (self.plain(), other.plain()) {
            (Price, Price) if minus => Change,
            (Price, Change | Written) | (Change, Price) | (Written, Price) => Price,
            (Multiple, Multiple | Price | Change | Written) | (Price | Change | Written, Multiple) => {
                Multiple
            }
            (Ratio, Written) | (Written, Ratio) => Ratio,
            (Written, typed) | (typed, Written) => typed,
            (one, two) if one == two => one,
            _ => return None,
        })
    }

    /// The type of a product.
    pub fn times(self, other: Type) -> Option<Type> {
        let (one, two) = (self.plain(), other.plain());
        Some(match (one, two) {
            (Type::Written, typed) | (typed, Type::Written) => typed.multiple(),
            (Type::Number, Type::Ratio) | (Type::Ratio, Type::Number) => Type::Number,
            _ if one.is_plain() => two.multiple(),
            _ if two.is_plain() => one.multiple(),
            _ => Type::from_powers((one.powers().0 + two.powers().0, one.powers().1 + two.powers().1))?,
        })
    }

    /// The type of a quotient.
    pub fn over(self, other: Type) -> Option<Type> {
        let (one, two) = (self.plain(), other.plain());
        Some(match (one, two) {
            (Type::Change, Type::Price) => Type::Ratio,
            (Type::Written, Type::Written) => Type::Written,
            (Type::Ratio, Type::Ratio) => Type::Number,
            (Type::Written, typed) if typed.is_plain() => Type::Number,
            (typed, _) if two.is_plain() => typed.multiple(),
            _ => Type::from_powers((one.powers().0 - two.powers().0, one.powers().1 - two.powers().1))?,
        })
    }

    /// What both are when they are compared; `None` for what is not compared. Only zero is a percentage
    /// without its sign.
    pub fn beside(self, other: Type, is_zero: bool) -> Option<Type> {
        Some(match (self, other) {
            (one, two) if one == two => one,
            (Type::Ratio, Type::Written) | (Type::Written, Type::Ratio) if !is_zero => return None,
            (Type::Multiple, typed @ (Type::Price | Type::Change))
            | (typed @ (Type::Price | Type::Change), Type::Multiple) => typed,
            (Type::Written, typed) | (typed, Type::Written) if typed.is_number() => typed,
            _ => return None,
        })
    }
}
