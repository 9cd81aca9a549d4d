//! Going through a journal on two threads, in order.
//!
//! Owns the cutting of a range of positions into pieces, and their results in order again. The workers read;
//! what they make of a record is theirs, what is done with it is the caller's. A caller that has enough stops them.

use super::at_rest::AtRest;
use crate::failure::Failure;
use pinion_journal::Cursor;
use pinion_model::record::Record;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Records of a piece: 8 MB.
const PIECE: u64 = 1 << 16;
/// Pieces that a worker may be ahead.
const AHEAD: usize = 4;
const WORKERS: u64 = 2;

/// Makes something of each record from `from` until before `end`, and hands it over in order.
pub fn sweep<T: Send>(
    journal: &AtRest,
    from: u64,
    end: u64,
    make: impl Fn(&Record, &mut Vec<T>) + Sync,
    mut take: impl FnMut(Vec<T>) -> Result<ControlFlow<()>, Failure>,
) -> Result<(), Failure> {
    let pieces = end.saturating_sub(from).div_ceil(PIECE);
    let done = std::thread::scope(|scope| {
        let make = &make;
        let workers: Vec<Receiver<Result<Vec<T>, Failure>>> = (0..WORKERS.min(pieces))
            .map(|first| {
                let (send, receive) = sync_channel(AHEAD);
                scope.spawn(move || work(journal, (from, end), (first, pieces), make, &send));
                receive
            })
            .collect();
        for piece in 0..pieces {
            let Ok(made) = workers[(piece % WORKERS) as usize].recv() else { return Ok(()) };
            if take(made?)?.is_break() {
                return Ok(());
            }
        }
        Ok(())
    });
    done.map_err(|failure| journal.explained(failure))
}

fn work<T>(
    journal: &AtRest,
    (from, end): (u64, u64),
    (first, pieces): (u64, u64),
    make: &impl Fn(&Record, &mut Vec<T>),
    send: &SyncSender<Result<Vec<T>, Failure>>,
) {
    for piece in (first..pieces).step_by(WORKERS as usize) {
        let start = from + piece * PIECE;
        let made = read(journal, start, end.min(start + PIECE), make);
        let failed = made.is_err();
        // A receiver that is gone wants no more.
        if send.send(made).is_err() || failed {
            return;
        }
    }
}

fn read<T>(
    journal: &AtRest,
    start: u64,
    end: u64,
    make: &impl Fn(&Record, &mut Vec<T>),
) -> Result<Vec<T>, Failure> {
    let mut made = Vec::new();
    let mut cursor: Cursor = journal.reader().cursor(start)?.until(end);
    while let Some(record) = cursor.next_record()? {
        make(record, &mut made);
    }
    if cursor.position() < end { Err(journal.missing(cursor.position())) } else { Ok(made) }
}
