//! Records over a link, and into the journal.

use super::{Step, warmed};
use pinion_journal::{Options, Writer};
use pinion_model::record::{BODY_BYTES, Entry, Kind, Record};
use pinion_runtime::link::link;
use std::hint::black_box;

/// A record's part that crosses the link, pushed and read again.
pub(super) fn ring_push_read() -> Step {
    let (mut tx, mut rx) = link(1024);
    let entry = Entry::new(Kind::Quote, 1, 0, [7; BODY_BYTES]);
    warmed(move || {
        assert!(tx.has_credits(1));
        tx.push(black_box(entry));
        assert_eq!(rx.read_batch(64, |entry, _| _ = black_box(*entry)), 1);
    })
}

/// A record with checksum and position into a segment. The chain is computed where a checkpoint is due,
/// every 4096 records. The files go with the step.
pub(super) fn frame_append() -> Step {
    let dir = tempfile::tempdir().expect("a directory for the journal");
    let mut writer = Writer::create(dir.path(), Options::new(1)).expect("a new journal");
    let record = Record::new(Kind::Quote, 1, 0, [7; BODY_BYTES]);
    warmed(move || {
        // The directory lives as long as what is written into it.
        black_box(&dir);
        assert!(writer.append(black_box(&record)).is_ok());
    })
}
