//! Looking at a program on a bar.

use super::ast::Relation;
use super::program::{Code, FIRES, Operand, Program, Test, calculate};
use super::tree::Field;
use super::values::STACK;
use crate::indicators::fx::{Fx, fx};
use crate::rules::{Holding, View};
use pinion_model::number::Price;
use pinion_model::order::Side;

/// What `bars_since_entry` is before the first entry.
pub const NEVER: u64 = 1_000_000_000;

/// The position that an expression looks at, or is to open.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// An entry.
    Entry {
        /// Of the position that it would open.
        side: Side,
        /// Bars since the signal of the last accepted entry.
        since: Option<u64>,
    },
    /// An exit.
    Exit {
        /// The position.
        holding: &'a Holding,
        /// Distance from the entry's signal to the nearest stop.
        risk: Option<Fx>,
    },
}

impl Subject<'_> {
    fn side(&self) -> Side {
        match self {
            Subject::Entry { side, .. } => *side,
            Subject::Exit { holding, .. } => holding.side,
        }
    }
}

impl Program {
    /// Bars until everything that it reads has a value; before, it does not hold.
    pub fn warm_up(&self) -> u64 {
        self.warm_up
    }

    /// Whether the condition holds on the bar that ended.
    #[inline(never)]
    pub fn holds(&self, view: &View<'_>, subject: &Subject<'_>) -> bool {
        if view.bars < self.warm_up {
            return false;
        }
        let run = Run { program: self, view, subject };
        let mut at = self.start;
        while let Some(step) = self.steps.get(usize::from(at)) {
            at = if run.test(&step.test) { step.yes } else { step.no };
        }
        at == FIRES
    }

    /// The values of [`operands`](super::operands) now, each with the decimals of its unit.
    pub(crate) fn operands<'a>(
        &'a self,
        view: &'a View<'_>,
        subject: &'a Subject<'_>,
    ) -> impl Iterator<Item = (Option<Fx>, u8)> + 'a {
        let run = Run { program: self, view, subject };
        self.operands.iter().map(move |(operand, decimals)| (run.number(operand), *decimals))
    }
}

struct Run<'a> {
    program: &'a Program,
    view: &'a View<'a>,
    subject: &'a Subject<'a>,
}

impl Run<'_> {
    #[inline(always)]
    fn test(&self, test: &Test) -> bool {
        let readings = &self.program.readings;
        match test {
            Test::Side(side) => self.subject.side() == *side,
            Test::Rsi { reading, is, threshold } => {
                let order = self.view.set.rsi_order(&readings[usize::from(*reading)].1, *threshold);
                order.is_some_and(|order| is.holds(order))
            }
            Test::Band { value, is, reading, upper } => {
                let price = Price(value.units(self.view.bar));
                let order = self.view.set.band_order(&readings[usize::from(*reading)].1, price, *upper);
                order.is_some_and(|order| is.holds(order))
            }
            Test::Compare { left, is, right } => self.compare(left, *is, right),
        }
    }

    #[inline]
    fn compare(&self, left: &Operand, is: Relation, right: &Operand) -> bool {
        match (self.number(left), self.number(right)) {
            (Some(left), Some(right)) => is.holds(left.cmp(&right)),
            _ => false,
        }
    }

    /// An operand's value; `None` when it is missing.
    #[inline]
    fn number(&self, operand: &Operand) -> Option<Fx> {
        match *operand {
            Operand::Code { from, to } => self.calculated(usize::from(from), usize::from(to)),
            _ => self.plain(operand),
        }
    }

    /// The value of anything but code: code holds none, so that this ends.
    #[inline]
    fn plain(&self, operand: &Operand) -> Option<Fx> {
        let set = self.view.set;
        match *operand {
            Operand::Constant(value) => Some(value),
            Operand::Bar(value) => Some(value.of(self.view.bar)),
            Operand::Output { reading, output } => {
                set.signal(self.program.readings[usize::from(reading)].1, usize::from(output))
            }
            Operand::Past { past, back } => set.past(past, usize::from(back)),
            Operand::Extreme { past, back, bars, highest } => {
                set.extreme(past, usize::from(back), usize::from(bars), highest)
            }
            Operand::Field(field) => self.field(field),
            Operand::Code { .. } => None,
        }
    }

    #[inline(never)]
    fn calculated(&self, from: usize, to: usize) -> Option<Fx> {
        let mut stack = [Fx::ZERO; STACK];
        let mut held = 0;
        for code in &self.program.code[from..to] {
            match code {
                Code::Push(operand) => {
                    stack[held] = self.plain(operand)?;
                    held += 1;
                }
                Code::Magnitude => stack[held - 1] = stack[held - 1].checked_abs()?,
                Code::Calculate(operator) => {
                    held -= 1;
                    stack[held - 1] = calculate(*operator, stack[held - 1], stack[held])?;
                }
            }
        }
        Some(stack[0])
    }

    fn field(&self, field: Field) -> Option<Fx> {
        let whole = |count: u64| Some(fx(Price(count.min(NEVER) as i64)));
        let minutes = self.view.time_ns.div_euclid(60_000_000_000);
        let clock = |value: i64| Some(fx(Price(value)));
        match field {
            Field::Hour => clock(minutes.rem_euclid(1440) / 60),
            Field::Minute => clock(minutes.rem_euclid(60)),
            // The first of January 1970 was a Thursday.
            Field::Weekday => clock((minutes.div_euclid(1440) + 3).rem_euclid(7) + 1),
            Field::BarsSinceEntry => match self.subject {
                Subject::Entry { since, .. } => whole(since.unwrap_or(NEVER)),
                Subject::Exit { .. } => None,
            },
            _ => {
                let Subject::Exit { holding, risk } = self.subject else { return None };
                let gain = fx(self.view.bar.close) - holding.entry;
                let gain = if holding.side == Side::Buy { gain } else { -gain };
                match field {
                    Field::BarsHeld => whole(holding.bars_held),
                    Field::EntryPrice => Some(holding.entry),
                    Field::ProfitR => gain.checked_div((*risk)?),
                    _ => gain.checked_div(holding.entry),
                }
            }
        }
    }
}
