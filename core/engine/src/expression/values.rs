//! From what is written to what is meant: numbers and their units.

use super::ast::{Node, Operator, What};
use super::check::Checker;
use super::tree::Number;
use super::units::Type;

/// Billionths in one.
pub(super) const ONE: i128 = 1_000_000_000;

/// Most numbers that are held at once; the evaluation's stack.
pub(super) const STACK: usize = 16;

/// A number with its type and the place that messages point at.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub of: Type,
    pub number: Number,
    pub at: usize,
}

impl Value {
    pub fn new(of: Type, number: Number, at: usize) -> Value {
        Value { of, number, at }
    }

    /// In place of one with a mistake.
    pub fn wrong(at: usize) -> Value {
        Value::written(Type::Wrong, 0, at)
    }

    pub fn written(of: Type, billionths: i128, at: usize) -> Value {
        Value { of, number: Number::Written { billionths, powers: (0, 0) }, at }
    }

    fn is_zero(&self) -> bool {
        matches!(self.number, Number::Written { billionths: 0, .. })
    }

    /// A written number takes the unit of what it stands beside.
    fn with_unit(mut self, of: Type) -> Value {
        if let (Type::Written, Number::Written { powers, .. }) = (self.of, &mut self.number) {
            *powers = of.powers();
            self.of = of;
        }
        self
    }
}

impl Checker<'_> {
    /// The number that a node states.
    pub fn value(&mut self, node: &Node) -> Value {
        let at = node.at;
        match &node.what {
            What::Number { billionths, percent } => {
                Value::written(if *percent { Type::Ratio } else { Type::Written }, *billionths, at)
            }
            What::Name(name) => self.named(name, at),
            What::Call { name, arguments } => self.called(name, arguments, at),
            What::Output { of, name, name_at } => self.output(of, name, *name_at),
            What::Back { of, bars } => {
                let value = self.value(of);
                if !value.of.is_number() {
                    if value.of != Type::Wrong {
                        self.fault(at, format!("{} has no history", value.of.name()), "remove the `[...]`");
                    }
                    return Value::wrong(at);
                }
                match value.number.ago(*bars, at) {
                    Ok(number) => Value { number, ..value },
                    Err(fault) => {
                        self.faults.push(fault);
                        Value::wrong(at)
                    }
                }
            }
            What::Negative(inner) => {
                let inner = self.value(inner);
                let zero = Value::written(Type::Written, 0, at);
                if inner.of == Type::Price {
                    self.fault(at, "a price has no negative", "subtract it from another price");
                    return Value::wrong(at);
                }
                Value { at, ..self.calculate(Operator::Subtract, zero.with_unit_of(&inner), inner, at) }
            }
            What::Calculate(operator, left, right) => {
                let (left, right) = (self.value(left), self.value(right));
                self.calculate(*operator, left, right, at)
            }
            _ => {
                self.condition(node);
                self.fault(at, "a condition is not a number", "conditions go together with `and` and `or`");
                Value::wrong(at)
            }
        }
    }

    /// Two numbers to one; messages point at `at`.
    pub fn calculate(&mut self, operator: Operator, left: Value, right: Value, at: usize) -> Value {
        for value in [&left, &right] {
            if value.of != Type::Wrong && !value.of.is_number() {
                self.fault(value.at, format!("{} is not a number", value.of.name()), "compare it by itself");
                return Value::wrong(value.at);
            }
        }
        if left.of == Type::Wrong || right.of == Type::Wrong {
            return Value::wrong(left.at);
        }
        if let Some(folded) = self.fold(operator, &left, &right, at) {
            return folded;
        }
        let of = match operator {
            Operator::Add => left.of.plus(right.of, false),
            Operator::Subtract => left.of.plus(right.of, true),
            Operator::Multiply => left.of.times(right.of),
            Operator::Divide => left.of.over(right.of),
            Operator::Smaller | Operator::Larger => left.of.beside(right.of, false),
        };
        let Some(of) = of else {
            let (reason, remedy) = mismatch(operator, left.of, right.of);
            self.fault(at, reason, remedy);
            return Value::wrong(left.at);
        };
        let place = left.at;
        let (left, right) = match operator {
            Operator::Multiply | Operator::Divide => (left, right),
            _ => (left.with_unit(of), right.with_unit(of)),
        };
        let number = Number::Calculate(operator, left.number.into(), right.number.into());
        if number.depth() > STACK {
            let remedy = "calculate the inner parts first: `a * (b + c)` as `(b + c) * a`";
            self.fault(at, "the calculation is nested too deeply", remedy);
        }
        Value::new(of, number, place)
    }

    /// Two written numbers are one.
    fn fold(&mut self, operator: Operator, left: &Value, right: &Value, at: usize) -> Option<Value> {
        let (Number::Written { billionths: a, .. }, Number::Written { billionths: b, .. }) =
            (&left.number, &right.number)
        else {
            return None;
        };
        if left.of != Type::Written || right.of != Type::Written {
            return None;
        }
        let result = match operator {
            Operator::Add => a.checked_add(*b),
            Operator::Subtract => a.checked_sub(*b),
            Operator::Multiply => a.checked_mul(*b).map(|product| product / ONE),
            Operator::Divide => a.checked_mul(ONE).and_then(|a| a.checked_div(*b)),
            Operator::Smaller => Some(*a.min(b)),
            Operator::Larger => Some(*a.max(b)),
        };
        // As large as what can be written out, which later steps rest on.
        const LARGEST: i128 = 1_000_000_000_000 * ONE;
        match result.filter(|value| value.abs() <= LARGEST) {
            Some(value) => Some(Value::written(Type::Written, value, left.at)),
            None => {
                self.fault(at, "this has no result of at most twelve digits", "write the number out");
                Some(Value::wrong(left.at))
            }
        }
    }

    /// Two numbers that are compared, in one unit; `None` with a fault when they are not of one kind.
    pub fn side_by_side(&mut self, left: Value, right: Value) -> Option<(Value, Value)> {
        if left.of == Type::Wrong || right.of == Type::Wrong {
            return None;
        }
        let is_zero = left.is_zero() || right.is_zero();
        match left.of.beside(right.of, is_zero).filter(|of| of.is_number()) {
            Some(of) => Some((left.with_unit(of), right.with_unit(of))),
            None => {
                let at = if left.of == Type::Written { left.at } else { right.at };
                let (reason, remedy) = incomparable(&left, &right);
                self.fault(at, reason, remedy);
                None
            }
        }
    }
}

impl Value {
    /// Written out beside `other`.
    fn with_unit_of(self, other: &Value) -> Value {
        match other.of {
            // Minus two percent is a percentage, and minus two is written out.
            Type::Ratio => Value { of: Type::Ratio, ..self },
            Type::Written | Type::Wrong => self,
            of => self.with_unit(of),
        }
    }
}

fn mismatch(operator: Operator, left: Type, right: Type) -> (String, String) {
    let (one, two) = (left.name(), right.name());
    let percent_of = "write `close * (1 + 2%)` for two percent more".to_string();
    match operator {
        Operator::Add | Operator::Subtract if left == Type::Ratio || right == Type::Ratio => {
            (format!("{one} and {two} do not add up"), percent_of)
        }
        Operator::Add | Operator::Subtract => {
            (format!("{one} and {two} do not add up"), "both must be of one unit".into())
        }
        Operator::Multiply => {
            (format!("{one} times {two} means nothing here"), "divide one of them first".into())
        }
        Operator::Divide => (format!("{one} by {two} means nothing here"), "both must be of one unit".into()),
        Operator::Smaller | Operator::Larger => {
            (format!("of {one} and {two} neither is the larger"), "both must be of one unit".into())
        }
    }
}

/// Why two numbers are not compared, and what may have been meant.
fn incomparable(left: &Value, right: &Value) -> (String, String) {
    let reason = format!("{} is not compared with {}", left.of.name(), right.of.name());
    let written = |value: &Value| match value.number {
        Number::Written { billionths, .. } => Some(billionths),
        _ => None,
    };
    let both = [left.of, right.of];
    let has = |of| both.contains(&of);
    let remedy = if (has(Type::Price) || has(Type::Multiple)) && has(Type::Ratio) {
        "compare prices, as in `close > close[1] * (1 + 2%)`, or changes, as in `(close - close[1]) / close[1] > 2%`".into()
    } else if has(Type::Price) && has(Type::Change) {
        "subtract a price first, as in `close - open > atr(14)`".into()
    } else if has(Type::Ratio) && has(Type::Written) {
        let number = if left.of == Type::Written { left } else { right };
        format!("a percentage has its sign: write `{}%`", plain(written(number).unwrap_or(0)))
    } else if has(Type::Ratio) && has(Type::Number) {
        let number = if left.of == Type::Ratio { left } else { right };
        match written(number) {
            Some(ratio) => format!("an index is a plain number: write `{}` without `%`", plain(ratio * 100)),
            None => "an index is a plain number, and a percentage a part of one".into(),
        }
    } else if has(Type::Condition) || has(Type::Side) {
        "compare numbers with each other; conditions go together with `and` and `or`".into()
    } else {
        "both must be of one unit: two prices, two quantities, or an index and a number".into()
    };
    (reason, remedy)
}

/// A number as it is written.
fn plain(billionths: i128) -> String {
    let sign = if billionths < 0 { "-" } else { "" };
    let (whole, part) = (billionths.abs() / ONE, billionths.abs() % ONE);
    match format!("{part:09}").trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        part => format!("{sign}{whole}.{part}"),
    }
}
