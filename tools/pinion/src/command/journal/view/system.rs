//! What the journal says of itself as named fields.

use super::*;

/// Adds the fields of a record of the journal's own.
pub(super) fn system(kind: Kind, r: &Record, f: &mut Fields) {
    use pinion_journal::system::{Anchor, Checkpoint, End, Mark};
    match kind {
        Kind::Mark => {
            if let Some(m) = Mark::read(r) {
                put(f, "durable_position", m.durable_position);
                put(f, "wall", time(m.wall_ns as i64));
            }
        }
        Kind::Anchor => {
            if let Some(a) = Anchor::read(r) {
                put(f, "anchor_ticks", a.ticks);
                put(f, "wall", time(a.wall_ns as i64));
            }
        }
        Kind::Checkpoint => {
            if let Some(c) = Checkpoint::read(r) {
                put(f, "chain", hex(&c.chain));
            }
        }
        Kind::End => {
            if let Some(e) = End::read(r) {
                put(f, "records", e.records);
                put(f, "chain", hex(&e.chain));
            }
        }
        _ => {}
    }
}
