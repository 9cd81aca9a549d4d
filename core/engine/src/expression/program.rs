//! The flat form of an expression: tests with a target for either answer, and postfix code for what is
//! calculated. It is made once, when rules are compiled; running it touches nothing but it and what is read.
//!
//! Negations are gone: they are pushed down to the comparisons. A comparison of a missing value does not hold
//! whichever way it is written, so that a condition never fires for want of a value, not even behind `not`.

use super::ast::{Operator, Relation};
use super::seen::read_by;
use super::tree::{Condition, Field, Number};
use super::values::ONE;
use crate::indicators::Set;
use crate::indicators::Spec;
use crate::indicators::call::Call;
use crate::indicators::fx::Fx;
use crate::indicators::history::{BarValue, Past, Source};
use crate::indicators::shared::Reading;
use crate::indicators::wilder::RsiThreshold;
use pinion_model::decimal::pow10_i128;
use pinion_model::number::Ratio;
use pinion_model::order::Side;
use serde::{Deserialize, Serialize};

/// Targets that end the evaluation.
pub(super) const FIRES: u16 = u16::MAX;
pub(super) const RESTS: u16 = u16::MAX - 1;

/// A compiled expression.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    pub(super) steps: Vec<Step>,
    pub(super) start: u16,
    pub(super) code: Vec<Code>,
    pub(super) readings: Vec<(Call, Reading)>,
    pub(super) warm_up: u64,
    /// What it reads, in the order of the text, each with the decimals of its unit.
    pub(super) operands: Vec<(Operand, u8)>,
}

/// A test and where to go on when it holds and when not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Step {
    pub test: Test,
    pub yes: u16,
    pub no: u16,
}

/// A question about now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Test {
    Side(Side),
    Compare {
        left: Operand,
        is: Relation,
        right: Operand,
    },
    /// An RSI with a number that was written out: exact, and without a division.
    Rsi {
        reading: u16,
        is: Relation,
        threshold: RsiThreshold,
    },
    /// A price of the bar with a Bollinger band: exact, and without a square root.
    Band {
        value: BarValue,
        is: Relation,
        reading: u16,
        upper: bool,
    },
}

/// A number of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Operand {
    Constant(Fx),
    Bar(BarValue),
    Output {
        reading: u16,
        output: u8,
    },
    Past {
        past: Past,
        back: u16,
    },
    Extreme {
        past: Past,
        back: u16,
        bars: u16,
        highest: bool,
    },
    Field(Field),
    /// The result of this part of the code.
    Code {
        from: u16,
        to: u16,
    },
}

/// A step of a calculation over a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Code {
    Push(Operand),
    Magnitude,
    Calculate(Operator),
}

/// Arithmetic of the language: a result that is too large, or no number, is missing.
pub(super) fn calculate(operator: Operator, left: Fx, right: Fx) -> Option<Fx> {
    match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide => left.checked_div(right),
        Operator::Smaller => Some(left.min(right)),
        Operator::Larger => Some(left.max(right)),
    }
}

/// Makes a program of a condition and declares in `set` what it reads.
pub(super) fn compile(condition: &Condition, set: &mut Set) -> Program {
    let program = Program {
        steps: Vec::new(),
        start: RESTS,
        code: Vec::new(),
        readings: Vec::new(),
        warm_up: 1,
        operands: Vec::new(),
    };
    let mut compiler = Compiler { set, program };
    compiler.program.start = compiler.condition(condition, false, FIRES, RESTS);
    for number in read_by(condition) {
        let decimals = compiler.set.decimals();
        let (price, qty) = number.powers();
        let exponent =
            i32::from(price) * i32::from(decimals.price) + i32::from(qty) * i32::from(decimals.qty);
        let operand = compiler.operand(number);
        compiler.program.operands.push((operand, exponent.clamp(0, 30) as u8));
    }
    compiler.program
}

struct Compiler<'a> {
    set: &'a mut Set,
    program: Program,
}

impl Compiler<'_> {
    /// Lays out a condition from its end, and returns where it begins.
    fn condition(&mut self, condition: &Condition, negated: bool, yes: u16, no: u16) -> u16 {
        match condition {
            Condition::Always(holds) => {
                if *holds != negated {
                    yes
                } else {
                    no
                }
            }
            Condition::Side(side) => {
                let side = if negated { side.opposite() } else { *side };
                self.step(Test::Side(side), yes, no)
            }
            Condition::Compare { left, is, right } => {
                let test = self.compare(left, if negated { is.negated() } else { *is }, right);
                self.step(test, yes, no)
            }
            Condition::Not(inner) => self.condition(inner, !negated, yes, no),
            Condition::All(left, right) | Condition::Any(left, right) => {
                let second = self.condition(right, negated, yes, no);
                match matches!(condition, Condition::All(..)) != negated {
                    true => self.condition(left, negated, second, no),
                    false => self.condition(left, negated, yes, second),
                }
            }
        }
    }

    fn step(&mut self, test: Test, yes: u16, no: u16) -> u16 {
        // A text of bounded length has far fewer tests than a u16 counts.
        let at = self.program.steps.len() as u16;
        self.program.steps.push(Step { test, yes, no });
        at
    }

    fn compare(&mut self, left: &Number, is: Relation, right: &Number) -> Test {
        if let Some(test) = self.exactly(left, is, right).or_else(|| self.exactly(right, is.swapped(), left))
        {
            return test;
        }
        let (left, right) = (self.operand(left), self.operand(right));
        Test::Compare { left, is, right }
    }

    /// The comparisons that indicators answer themselves.
    fn exactly(&mut self, left: &Number, is: Relation, right: &Number) -> Option<Test> {
        match (left, right) {
            (
                Number::Output { call, back: 0, .. },
                Number::Written { billionths: index @ 0..=100_000_000_000, .. },
            ) if matches!(call.spec(), Spec::Rsi(_)) => {
                let threshold = RsiThreshold::new(Ratio(*index as i64));
                Some(Test::Rsi { reading: self.reading(*call), is, threshold })
            }
            (Number::Bar { value, back: 0 }, Number::Output { call, output, back: 0 })
                if matches!(call.spec(), Spec::Bollinger(_)) =>
            {
                let upper = match call.def().outputs[*output].name {
                    "upper" => true,
                    "lower" => false,
                    _ => return None,
                };
                Some(Test::Band { value: *value, is, reading: self.reading(*call), upper })
            }
            _ => None,
        }
    }

    fn needs(&mut self, bars: usize) {
        self.program.warm_up = self.program.warm_up.max(bars as u64);
    }

    fn reading(&mut self, call: Call) -> u16 {
        self.needs(call.warm_up());
        let known = self.program.readings.iter().position(|(known, _)| *known == call);
        let at = known.unwrap_or_else(|| {
            self.program.readings.push((call, self.set.call(call)));
            self.program.readings.len() - 1
        });
        at as u16
    }

    /// Where the history of a price or an indicator is kept, and how long ago its newest value was.
    fn past(&mut self, number: &Number, bars: usize) -> Option<(Past, u16)> {
        let (source, back, warm_up) = match number {
            Number::Bar { value, back } => (Source::Bar(*value), *back, 1),
            Number::Output { call, output, back } => {
                let reading = usize::from(self.reading(*call));
                (Source::Output(self.program.readings[reading].1, *output), *back, call.warm_up())
            }
            _ => return None,
        };
        let oldest = back + bars - 1;
        self.needs(warm_up + oldest);
        Some((self.set.keep(source, oldest), back as u16))
    }

    fn operand(&mut self, number: &Number) -> Operand {
        match number {
            Number::Written { billionths, powers } => Operand::Constant(self.constant(*billionths, *powers)),
            Number::Bar { value, back: 0 } => Operand::Bar(*value),
            Number::Output { call, output, back: 0 } => {
                Operand::Output { reading: self.reading(*call), output: *output as u8 }
            }
            Number::Field(field) => Operand::Field(*field),
            Number::Extreme { of, bars, highest } => match self.past(of, *bars) {
                Some((past, back)) => Operand::Extreme { past, back, bars: *bars as u16, highest: *highest },
                None => self.calculated(number),
            },
            Number::Magnitude(_) | Number::Calculate(..) => self.calculated(number),
            Number::Bar { .. } | Number::Output { .. } => match self.past(number, 1) {
                Some((past, back)) => Operand::Past { past, back },
                None => self.calculated(number),
            },
        }
    }

    /// A part of the code; what is known beforehand is calculated now.
    fn calculated(&mut self, number: &Number) -> Operand {
        let from = self.program.code.len();
        self.emit(number);
        if let [Code::Push(operand)] = self.program.code[from..] {
            self.program.code.truncate(from);
            return operand;
        }
        Operand::Code { from: from as u16, to: self.program.code.len() as u16 }
    }

    fn emit(&mut self, number: &Number) {
        match number {
            Number::Magnitude(of) => {
                self.emit(of);
                self.program.code.push(Code::Magnitude);
            }
            Number::Calculate(operator, left, right) => {
                self.emit(left);
                self.emit(right);
                let code = &mut self.program.code;
                let known = match code[..] {
                    [.., Code::Push(Operand::Constant(a)), Code::Push(Operand::Constant(b))] => {
                        calculate(*operator, a, b)
                    }
                    _ => None,
                };
                match known {
                    Some(result) => {
                        code.truncate(code.len() - 2);
                        code.push(Code::Push(Operand::Constant(result)));
                    }
                    None => code.push(Code::Calculate(*operator)),
                }
            }
            _ => {
                let operand = self.operand(number);
                self.program.code.push(Code::Push(operand));
            }
        }
    }

    /// A written number in the units of the series, towards zero; what is beyond an [`Fx`] is its end.
    fn constant(&self, billionths: i128, powers: (i8, i8)) -> Fx {
        const END: i128 = 1 << 125;
        let decimals = self.set.decimals();
        let shift =
            i32::from(powers.0) * i32::from(decimals.price) + i32::from(powers.1) * i32::from(decimals.qty);
        let factor = pow10_i128(shift.unsigned_abs().min(38));
        let scaled = if shift >= 0 { billionths.checked_mul(factor) } else { Some(billionths / factor) };
        let bits = scaled.and_then(|value| {
            // In two steps, so that large numbers keep their place.
            let (whole, part) = (value / ONE, value % ONE);
            whole.checked_mul(1 << 32)?.checked_add((part << 32) / ONE)
        });
        let end = if billionths < 0 { -END } else { END };
        Fx::from_bits(bits.map_or(end, |bits| bits.clamp(-END, END)))
    }
}
