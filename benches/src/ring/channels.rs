//! Our link, rtrb, and the channel of the standard library.

use super::{BATCH, DEPTH, Item, Receiving, Ring, Sending};
use pinion_runtime::link::{Rx, Tx, link};
use rtrb::chunks::ChunkError;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Our link.
pub struct Link;

impl Ring for Link {
    type Tx = Tx<Item>;
    type Rx = Rx<Item>;
    fn make() -> (Self::Tx, Self::Rx) {
        link(DEPTH)
    }
}

impl Sending for Tx<Item> {
    #[inline]
    fn send(&mut self, item: Item) -> bool {
        let fits = self.has_credits(1);
        if fits {
            self.push(item);
        }
        fits
    }
}

impl Receiving for Rx<Item> {
    #[inline]
    fn receive(&mut self, mut take: impl FnMut(&Item)) -> usize {
        self.read_batch(BATCH, |item, _| take(item))
    }
}

/// Our link with items that share a cache line with their sequence: seven words; the eighth repeats one.
pub struct LinkInALine;

/// Its sending end.
pub struct LineTx(Tx<[u64; 7]>);
/// Its receiving end.
pub struct LineRx(Rx<[u64; 7]>);

impl Ring for LinkInALine {
    type Tx = LineTx;
    type Rx = LineRx;
    fn make() -> (Self::Tx, Self::Rx) {
        let (tx, rx) = link(DEPTH);
        (LineTx(tx), LineRx(rx))
    }
}

impl Sending for LineTx {
    #[inline]
    fn send(&mut self, item: Item) -> bool {
        let [seven @ .., _] = item;
        let fits = self.0.has_credits(1);
        if fits {
            self.0.push(seven);
        }
        fits
    }
}

impl Receiving for LineRx {
    #[inline]
    fn receive(&mut self, mut take: impl FnMut(&Item)) -> usize {
        self.0.read_batch(BATCH, |&[a, b, c, d, e, f, g], _| take(&[a, b, c, d, e, f, g, g]))
    }
}

/// rtrb, item by item.
pub struct Rtrb;

impl Ring for Rtrb {
    type Tx = rtrb::Producer<Item>;
    type Rx = rtrb::Consumer<Item>;
    fn make() -> (Self::Tx, Self::Rx) {
        rtrb::RingBuffer::new(DEPTH)
    }
}

impl Sending for rtrb::Producer<Item> {
    #[inline]
    fn send(&mut self, item: Item) -> bool {
        self.push(item).is_ok()
    }
}

impl Receiving for rtrb::Consumer<Item> {
    #[inline]
    fn receive(&mut self, mut take: impl FnMut(&Item)) -> usize {
        self.pop().map_or(0, |item| {
            take(&item);
            1
        })
    }
}

/// rtrb, as many items at once as there are.
pub struct RtrbChunks;

/// Its sending end.
pub struct ChunkTx(rtrb::Producer<Item>);
/// Its receiving end.
pub struct ChunkRx(rtrb::Consumer<Item>);

impl Ring for RtrbChunks {
    type Tx = ChunkTx;
    type Rx = ChunkRx;
    fn make() -> (Self::Tx, Self::Rx) {
        let (tx, rx) = rtrb::RingBuffer::new(DEPTH);
        (ChunkTx(tx), ChunkRx(rx))
    }
}

impl Sending for ChunkTx {
    #[inline]
    fn send(&mut self, item: Item) -> bool {
        self.0.push(item).is_ok()
    }

    #[inline]
    fn send_some(&mut self, first: u64, most: usize) -> usize {
        let most = most.min(BATCH);
        let chunk = match self.0.write_chunk_uninit(most) {
            Ok(chunk) => chunk,
            Err(ChunkError::TooFewSlots(0)) => return 0,
            Err(ChunkError::TooFewSlots(room)) => match self.0.write_chunk_uninit(room) {
                Ok(chunk) => chunk,
                Err(_) => return 0,
            },
        };
        chunk.fill_from_iter((first..).map(|n| [n; 8]))
    }
}

impl Receiving for ChunkRx {
    #[inline]
    fn receive(&mut self, mut take: impl FnMut(&Item)) -> usize {
        let count = self.0.slots().min(BATCH);
        let Ok(chunk) = self.0.read_chunk(count) else { return 0 };
        let (first, second) = chunk.as_slices();
        first.iter().chain(second).for_each(&mut take);
        chunk.commit_all();
        count
    }
}

/// The standard library's bounded channel, looked at without blocking.
pub struct StdBounded;

impl Ring for StdBounded {
    type Tx = SyncSender<Item>;
    type Rx = Receiver<Item>;
    fn make() -> (Self::Tx, Self::Rx) {
        sync_channel(DEPTH)
    }
}

impl Sending for SyncSender<Item> {
    #[inline]
    fn send(&mut self, item: Item) -> bool {
        self.try_send(item).is_ok()
    }
}

impl Receiving for Receiver<Item> {
    #[inline]
    fn receive(&mut self, mut take: impl FnMut(&Item)) -> usize {
        self.try_recv().map_or(0, |item| {
            take(&item);
            1
        })
    }
}
