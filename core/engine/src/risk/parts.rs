//! A verdict in parts that fit a ring.

use super::figures::{Operands, Pricings};
use super::notes::Notes;
use super::*;

/// A part of a verdict.
#[derive(Clone, Copy, Debug)]
pub enum VerdictPart {
    /// Everything but the operands, which follow, one to a part.
    Head(Head),
    /// Operands of one check.
    Operands(CheckPart),
}

/// Operands of one check.
#[derive(Clone, Copy, Debug)]
pub struct CheckPart(Operands);

/// A verdict without its operands.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    instrument: InstrumentId,
    failed: u32,
    adjusted: u32,
    binding: Option<Check>,
    qty: Qty,
    price: Price,
    limit: Price,
    reducing: bool,
    operands: u8,
    equity: Money,
    exposure: Money,
    pricings: Pricings,
}

impl Verdict {
    /// Puts the verdict into parts.
    pub fn take_apart(&self, mut put: impl FnMut(VerdictPart)) {
        put(VerdictPart::Head(Head {
            instrument: self.instrument,
            failed: self.failed,
            adjusted: self.adjusted,
            binding: self.binding,
            qty: self.qty,
            price: self.price,
            limit: self.limit,
            reducing: self.reducing,
            operands: self.operands.len() as u8,
            equity: self.equity,
            exposure: self.exposure,
            pricings: self.pricings,
        }));
        self.operands.iter().for_each(|operands| put(VerdictPart::Operands(CheckPart(operands))));
    }

    /// Puts a verdict together from its parts; `next` is `None` when no more will come, and so is the answer.
    pub fn put_together(mut next: impl FnMut() -> Option<VerdictPart>) -> Option<Verdict> {
        let VerdictPart::Head(head) = next()? else { return None };
        let mut verdict = Verdict {
            instrument: head.instrument,
            failed: head.failed,
            adjusted: head.adjusted,
            binding: head.binding,
            qty: head.qty,
            price: head.price,
            limit: head.limit,
            reducing: head.reducing,
            equity: head.equity,
            exposure: head.exposure,
            operands: Notes::default(),
            pricings: head.pricings,
        };
        while verdict.operands.len() < usize::from(head.operands) {
            let VerdictPart::Operands(CheckPart(operands)) = next()? else { return None };
            verdict.operands.add(&operands);
        }
        Some(verdict)
    }
}
