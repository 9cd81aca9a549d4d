//! The decision digest: BLAKE3 over the decisions of a run, as (kind, body); the body begins with the
//! number of the input that caused it.

use pinion_model::record::{BODY_BYTES, Class, Record};

/// Bytes that are gathered before they are hashed: BLAKE3 is several times faster in large pieces, and
/// fastest when each ends where a subtree of its does.
const BATCH: usize = 64 * 1024;

/// The digest of what was decided so far.
#[derive(Clone)]
pub struct Digest {
    hasher: blake3::Hasher,
    batch: Vec<u8>,
}

impl Default for Digest {
    fn default() -> Self {
        Digest { hasher: blake3::Hasher::new(), batch: Vec::with_capacity(BATCH + 2 + BODY_BYTES) }
    }
}

impl Digest {
    /// Takes a record; records that are no decisions leave the digest as it is.
    #[inline]
    pub fn add(&mut self, record: &Record) {
        if record.kind().is_none_or(|k| k.class() != Class::Decision) {
            return;
        }
        self.batch.extend_from_slice(&record.kind.to_le_bytes());
        self.batch.extend_from_slice(&record.body);
        if self.batch.len() >= BATCH {
            self.hash_batch();
        }
    }

    #[cold]
    fn hash_batch(&mut self) {
        self.hasher.update(&self.batch[..BATCH]);
        self.batch.drain(..BATCH);
    }

    /// The digest as hexadecimal.
    pub fn finish(mut self) -> String {
        self.hasher.update(&self.batch);
        self.hasher.finalize().to_hex().to_string()
    }
}
