//! Where the bodies of records keep what filters ask for, so that a frame is judged before anything of it
//! is made into text.
//!
//! Owns a table of byte offsets by kind; reads of a body at such an offset, and nothing else.

use pinion_model::body::*;
use pinion_model::event::NO_TIME;
use pinion_model::instrument::InstrumentId;
use pinion_model::record::{Kind, Record};
use std::mem::offset_of;

/// Offsets of a kind's fields in its body; `NONE` where it has no such field.
#[derive(Clone, Copy)]
struct Offsets {
    instrument: u8,
    order: u8,
    strategy: u8,
    time: u8,
    intent: u8,
    /// `seq` of an input, `cause` of what follows from one.
    input: u8,
}

const NONE: u8 = u8::MAX;
const NOTHING: Offsets =
    Offsets { instrument: NONE, order: NONE, strategy: NONE, time: NONE, intent: NONE, input: NONE };

macro_rules! of {
    ($body:ident $($fact:ident = $field:ident),*) => {
        {
            let mut offsets = NOTHING;
            $(offsets.$fact = offset_of!($body, $field) as u8;)*
            offsets
        }
    };
}

const fn offsets(kind: Kind) -> Offsets {
    match kind {
        Kind::Quote => of!(QuoteBody input = seq, time = recv_ns, instrument = instrument),
        Kind::Trade => of!(TradeBody input = seq, time = recv_ns, instrument = instrument),
        Kind::Bar => of!(BarBody input = seq, time = recv_ns, instrument = instrument),
        Kind::Depth => of!(DepthBody input = seq, time = recv_ns, instrument = instrument),
        Kind::Execution => {
            of!(ExecutionBody input = seq, time = time_ns, instrument = instrument, order = order)
        }
        Kind::Timer => of!(TimerBody input = seq, time = time_ns),
        Kind::Command => of!(CommandBody input = seq, time = time_ns),
        Kind::Budget => of!(BudgetBody input = seq, time = time_ns),
        Kind::Intent => {
            of!(IntentBody input = cause, time = time_ns, instrument = instrument, strategy = strategy, intent = number)
        }
        Kind::Verdict => {
            of!(VerdictBody input = cause, time = time_ns, instrument = instrument, order = order, intent = intent)
        }
        Kind::Order => {
            of!(OrderBody input = cause, time = time_ns, instrument = instrument, order = order, strategy = strategy, intent = intent)
        }
        Kind::Cancel => of!(CancelBody input = cause, time = time_ns, instrument = instrument, order = order),
        Kind::OrderState => {
            of!(OrderStateBody input = cause, time = time_ns, instrument = instrument, order = order)
        }
        Kind::Position => {
            of!(PositionBody input = cause, time = time_ns, instrument = instrument, order = order, strategy = strategy)
        }
        Kind::Account => of!(AccountBody input = cause, time = time_ns),
        Kind::Grant => of!(GrantBody input = cause, time = time_ns),
        Kind::Signal => {
            of!(SignalBody input = cause, time = time_ns, instrument = instrument, strategy = strategy, intent = intent)
        }
        Kind::RiskCheck => Offsets {
            instrument: (offset_of!(RiskCheckBody, checks) + offset_of!(CheckOperands, instrument)) as u8,
            ..of!(RiskCheckBody input = cause, intent = intent)
        },
        _ => NOTHING,
    }
}

/// Offsets by a kind's number.
static TABLE: [Offsets; NUMBERS] = {
    let mut table = [NOTHING; NUMBERS];
    let mut at = 0;
    while at < Kind::ALL.len() {
        table[Kind::ALL[at] as usize] = offsets(Kind::ALL[at]);
        at += 1;
    }
    table
};

/// Kinds have smaller numbers.
pub const NUMBERS: usize = 0x400;

fn of(record: &Record) -> Offsets {
    TABLE.get(usize::from(record.kind)).copied().unwrap_or(NOTHING)
}

fn word<const N: usize>(record: &Record, offset: u8) -> Option<[u8; N]> {
    let at = usize::from(offset);
    record.body.get(at..at + N)?.try_into().ok()
}

/// The instrument that a record is about.
pub fn instrument(record: &Record) -> Option<InstrumentId> {
    Some(InstrumentId(u32::from_le_bytes(word(record, of(record).instrument)?)))
}

/// The order that a record is about; 0 in the verdict on a refused intent.
pub fn order(record: &Record) -> Option<u64> {
    Some(u64::from_le_bytes(word(record, of(record).order)?))
}

/// The strategy behind a record, as its number in the plan.
pub fn strategy(record: &Record) -> Option<u16> {
    Some(u16::from_le_bytes(word(record, of(record).strategy)?))
}

/// The intent that a record belongs to.
pub fn intent(record: &Record) -> Option<u64> {
    Some(u64::from_le_bytes(word(record, of(record).intent)?))
}

/// Number of the input that a record is or follows from.
pub fn input(record: &Record) -> Option<u64> {
    Some(u64::from_le_bytes(word(record, of(record).input)?))
}

/// Engine time of a record, ns.
pub fn time_ns(record: &Record) -> Option<i64> {
    let time_ns = i64::from_le_bytes(word(record, of(record).time)?);
    (time_ns != NO_TIME).then_some(time_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_from_where_the_bodies_keep_them() {
        let mut body = OrderBody::from_bytes(&[0; 96]);
        (body.cause, body.time_ns, body.order, body.intent) = (1, 2, 3, 4);
        (body.instrument, body.strategy) = (InstrumentId(5), 6);
        let record = Record::new(Kind::Order, 0, 0, body.to_bytes());
        assert_eq!((input(&record), time_ns(&record), order(&record)), (Some(1), Some(2), Some(3)));
        let ids = (intent(&record), instrument(&record), strategy(&record));
        assert_eq!(ids, (Some(4), Some(InstrumentId(5)), Some(6)));
        let unknown = Record { kind: 0xffff, ..record };
        assert_eq!((order(&unknown), instrument(&unknown)), (None, None));
        assert!(Kind::ALL.iter().all(|k| (*k as usize) < NUMBERS));
    }
}
