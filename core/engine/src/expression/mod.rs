//! The expression language: conditions over prices, indicators, the clock and the position, as people write
//! them. `core/engine/EXPRESSIONS.md` describes it for its users.
//!
//! A text becomes a flat [`Program`] when rules are compiled; from then on nothing allocates and the work for
//! a bar is bounded by the program's length. Its only state is the history that the series'
//! [`Set`] keeps, so a program is saved and restored as it is.
//!
//! | file | one idea |
//! |---|---|
//! | `lexer`, `parser`, `ast` | what is written |
//! | `check`, `values`, `calls`, `units`, `tree` | what it means: names, types, units |
//! | `program` | the flat form |
//! | `run` | looking at it on a bar |
//! | `seen` | the names of what it reads |
//! | `fault`, `nearest` | what is wrong, and what was meant |

mod ast;
mod calls;
mod check;
mod fault;
mod lexer;
pub mod nearest;
mod parser;
mod program;
mod run;
mod seen;
#[cfg(test)]
mod tests;
mod tree;
mod units;
mod values;

pub use fault::Fault;
pub use program::Program;
pub use run::{NEVER, Subject};

use crate::indicators::Set;
use crate::rules::params::RuleKind;
use check::Checker;
use tree::Condition;

/// Longest text of an expression, in characters.
pub const LONGEST: usize = 2000;

/// Every mistake of an expression that stands in a rule of this kind, in the order of the text.
pub fn check(text: &str, kind: RuleKind) -> Vec<Fault> {
    read(text, kind).err().unwrap_or_default()
}

/// True for an exit that measures the profit by the distance to a stop, which another exit must give.
pub fn needs_stop(text: &str) -> bool {
    let tokens = lexer::tokens(text, &mut Vec::new());
    tokens.iter().any(|token| matches!(&token.kind, lexer::Kind::Name(name) if name == calls::PROFIT_R))
}

/// Compiles an expression and declares in `set` what it reads.
pub fn compile(text: &str, kind: RuleKind, set: &mut Set) -> Result<Program, Vec<Fault>> {
    read(text, kind).map(|condition| program::compile(&condition, set))
}

/// The names of what an expression reads, as a record numbers them; empty for a text with mistakes.
pub fn operands(text: &str, kind: RuleKind) -> Vec<String> {
    let condition = read(text, kind);
    condition.map_or_else(|_| Vec::new(), |c| seen::read_by(&c).iter().map(ToString::to_string).collect())
}

fn read(text: &str, kind: RuleKind) -> Result<Condition, Vec<Fault>> {
    if text.chars().count() > LONGEST {
        let reason = format!("the expression is longer than {LONGEST} characters");
        return Err(vec![Fault::new(LONGEST, reason, "split it into several rules")]);
    }
    let mut faults = Vec::new();
    let tokens = lexer::tokens(text, &mut faults);
    let node = match parser::parse(&tokens) {
        Ok(node) => node,
        Err(fault) => {
            // What follows from a character that was left out need not be said.
            if faults.is_empty() {
                faults.push(fault);
            }
            return Err(faults);
        }
    };
    let condition = Checker { kind, faults: &mut faults }.condition(&node);
    faults.sort_by_key(|fault| fault.at);
    faults.dedup();
    if faults.is_empty() { Ok(condition) } else { Err(faults) }
}
