//! What the checks of a verdict saw, in the smallest form; records are made of it after the order has left.
//!
//! Nearly every operand fits 64 bits. The two of a check that has a wider one lie in a list beside.

use super::checks::Check;
use super::figures::{Figure, Of, Operands};
use arrayvec::ArrayVec;

/// Most checks of a verdict.
const MOST: usize = 24;

/// The operands of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Note {
    /// What was measured, or where both operands lie in the list of wide ones.
    measured: i64,
    limit: i64,
    /// From the lowest byte: check, outcome, what was measured is, what the limit is, whether they are wide. One
    /// word, because five are five stores.
    what: u64,
}

impl Note {
    #[inline(always)]
    fn new((measured, limit): (i64, i64), check: Check, outcome: u16, of: (Of, Of), is_wide: bool) -> Note {
        let what = check as u64
            | u64::from(outcome) << 8
            | (of.0 as u64) << 16
            | (of.1 as u64) << 24
            | u64::from(is_wide) << 32;
        Note { measured, limit, what }
    }

    fn byte(&self, at: usize) -> u8 {
        self.what.to_le_bytes()[at]
    }

    fn is_wide(&self) -> bool {
        self.byte(4) != 0
    }
}

/// The operands of the checks that were made, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Notes {
    notes: ArrayVec<Note, MOST>,
    wide: ArrayVec<[i128; 2], MOST>,
}

impl Notes {
    /// Notes a check. What is beyond [`MOST`] is left out: there are fewer checks.
    #[inline(always)]
    pub(super) fn push(&mut self, check: Check, outcome: u16, measured: Figure, limit: Figure) {
        let (Ok(measured_value), Ok(limit_value)) =
            (i64::try_from(measured.value), i64::try_from(limit.value))
        else {
            return self.push_wide(check, outcome, measured, limit);
        };
        let values = (measured_value, limit_value);
        let _ = self.notes.try_push(Note::new(values, check, outcome, (measured.of, limit.of), false));
    }

    #[cold]
    #[inline(never)]
    fn push_wide(&mut self, check: Check, outcome: u16, measured: Figure, limit: Figure) {
        let at = self.wide.len() as i64;
        let note = Note::new((at, 0), check, outcome, (measured.of, limit.of), true);
        if self.notes.try_push(note).is_ok() {
            self.wide.push([measured.value, limit.value]);
        }
    }

    /// Operands in full.
    #[inline(always)]
    pub(super) fn add(&mut self, operands: &Operands) {
        let (measured, limit) = operands.figures();
        self.push(operands.check(), operands.outcome(), measured, limit);
    }

    /// How many there are.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.notes.len()
    }

    /// Forgets all but the first `len`.
    pub(super) fn truncate(&mut self, len: usize) {
        self.notes.truncate(len);
        self.wide.truncate(self.notes.iter().filter(|note| note.is_wide()).count());
    }

    /// All of them in full.
    pub(super) fn iter(&self) -> impl Iterator<Item = Operands> {
        self.notes.iter().map(|note| {
            let [measured, limit] = match note.is_wide() {
                true => self.wide[note.measured as usize],
                false => [note.measured.into(), note.limit.into()],
            };
            let figure = |value, of: u8| Figure { value, of: Of::ALL[usize::from(of)] };
            let check = Check::ALL[usize::from(note.byte(0))];
            let (measured, limit) = (figure(measured, note.byte(2)), figure(limit, note.byte(3)));
            Operands::new(check, note.byte(1).into(), measured, limit)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_noted_is_what_is_read(
            values in prop::collection::vec((any::<[i128; 2]>(), 0u32..128, 0u16..3, 0..Check::ALL.len()), 0..MOST),
            keep in 0..MOST,
        ) {
            let mut notes = Notes::default();
            let mut all: Vec<Operands> = Vec::new();
            for ([measured, limit], shift, outcome, check) in values {
                let measured = Figure { value: measured >> shift, of: Of::Price };
                let limit = Figure { value: limit >> (127 - shift), of: Of::Cash };
                notes.push(Check::ALL[check], outcome, measured, limit);
                all.push(Operands::new(Check::ALL[check], outcome, measured, limit));
            }
            prop_assert_eq!(notes.iter().collect::<Vec<_>>(), all.clone());
            notes.truncate(keep);
            all.truncate(keep);
            // What comes after a cut lies where it belongs.
            let last = Operands::new(Check::Cash, 2, Figure::of(i128::MAX), Figure::of(-1));
            notes.add(&last);
            all.push(last);
            prop_assert_eq!(notes.iter().collect::<Vec<_>>(), all);
        }
    }
}
