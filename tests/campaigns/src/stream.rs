//! The known stream: what a child appends, item by item, as a function of the seed alone.
//!
//! Owns the definition that both sides share: the child appends items, the parent knows what every frame
//! must hold. An item is one record, a chained group, or a text. Pure functions, no I/O.

use pinion_journal::system::TEXT_FIRST_BYTES;
use pinion_journal::{JournalError, Writer};
use pinion_model::record::{BODY_BYTES, FLAG_MORE, Kind, Record};

use crate::random::Random;

/// Source number of records and groups; texts carry the journal's own.
const SOURCE: u32 = 7;

/// Everything that a child of this seed appends, in order.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    seed: u64,
}

/// What one call of the writer appends.
#[derive(Clone, Debug)]
pub enum Item {
    /// `append`
    One(Record),
    /// `append_batch`, one chained group.
    Group(Vec<Record>),
    /// `append_text`
    Text(Kind, Vec<u8>),
}

/// What a frame of an item must hold. A text's ticks are those of the record before it, so they are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Ticks and source, unless the journal chose them.
    pub own: Option<(u64, u32)>,
    /// The kind.
    pub kind: u16,
    /// Body version.
    pub version: u8,
    /// More follows, or not.
    pub flags: u8,
    /// The body.
    pub body: [u8; BODY_BYTES],
}

impl Expected {
    /// True if the frame holds what was appended.
    pub fn fits(&self, frame: &Record) -> bool {
        let own = self.own.is_none_or(|own| own == (frame.ticks, frame.source));
        own && (self.kind, self.version, self.flags, self.body)
            == (frame.kind, frame.version, frame.flags, frame.body)
    }

    fn of(record: &Record, own: bool) -> Self {
        Expected {
            own: own.then_some((record.ticks, record.source)),
            kind: record.kind,
            version: record.version,
            flags: record.flags,
            body: record.body,
        }
    }
}

impl Stream {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Stream { seed }
    }

    /// The seed.
    pub fn seed(self) -> u64 {
        self.seed
    }

    /// The item with this number.
    pub fn item(self, number: u64) -> Item {
        let mut random = Random::new(self.seed, number + 1);
        match random.below(16) {
            0..10 => Item::One(record(&mut random, number, Kind::Quote)),
            10..14 => {
                let frames = 2 + random.below(8);
                let group = (0..frames).map(|index| {
                    let kind = if index == 0 { Kind::Depth } else { Kind::DepthLevels };
                    let mut frame = record(&mut random, number, kind);
                    frame.flags = if index + 1 < frames { FLAG_MORE } else { 0 };
                    frame
                });
                Item::Group(group.collect())
            }
            kind => {
                let kind = if kind == 14 { snapshot_kind() } else { Kind::Summary };
                let bytes = random.below(1_000) as usize;
                let text = (0..bytes).map(|_| b'a' + random.below(26) as u8).collect();
                Item::Text(kind, text)
            }
        }
    }
}

/// Snapshots are texts of a kind of their own where the format has it.
fn snapshot_kind() -> Kind {
    Kind::from_u16(0x309).unwrap_or(Kind::Plan)
}

fn record(random: &mut Random, number: u64, kind: Kind) -> Record {
    let mut body = [0; BODY_BYTES];
    for piece in body.chunks_mut(8) {
        piece.copy_from_slice(&random.next().to_le_bytes());
    }
    body[..8].copy_from_slice(&number.to_le_bytes());
    Record::new(kind, 1_000 + number, SOURCE, body)
}

impl Item {
    /// The frames that the item takes.
    pub fn frames(&self) -> u64 {
        match self {
            Item::One(_) => 1,
            Item::Group(records) => records.len() as u64,
            Item::Text(_, text) => text_frames(text.len()),
        }
    }

    /// What each of them must hold.
    pub fn expected(&self) -> Vec<Expected> {
        match self {
            Item::One(record) => vec![Expected::of(record, true)],
            Item::Group(records) => records.iter().map(|record| Expected::of(record, true)).collect(),
            Item::Text(kind, text) => text_bodies(text)
                .into_iter()
                .map(|(flags, body)| Expected { own: None, kind: *kind as u16, version: 1, flags, body })
                .collect(),
        }
    }
}

fn text_frames(bytes: usize) -> u64 {
    1 + bytes.saturating_sub(TEXT_FIRST_BYTES).div_ceil(BODY_BYTES) as u64
}

/// A writer that takes whole items.
pub trait AppendItem {
    /// Appends an item and gives the position of its first frame.
    fn append_item(&mut self, item: &Item) -> Result<u64, JournalError>;
}

impl AppendItem for Writer {
    fn append_item(&mut self, item: &Item) -> Result<u64, JournalError> {
        match item {
            Item::One(record) => self.append(record),
            Item::Group(records) => {
                self.append_batch(records)?;
                // The writer may have put a Checkpoint before them.
                Ok(self.position() - records.len() as u64)
            }
            Item::Text(kind, text) => self.append_text(*kind, text),
        }
    }
}

/// The cutting of a text as `FORMAT.md` has it.
fn text_bodies(text: &[u8]) -> Vec<(u8, [u8; BODY_BYTES])> {
    let mut whole = (text.len() as u32).to_le_bytes().to_vec();
    whole.extend_from_slice(text);
    let pieces: Vec<&[u8]> = whole.chunks(BODY_BYTES).collect();
    let last = pieces.len() - 1;
    let body_of = |(index, piece): (usize, &&[u8])| {
        let mut body = [0; BODY_BYTES];
        body[..piece.len()].copy_from_slice(piece);
        (if index < last { FLAG_MORE } else { 0 }, body)
    };
    pieces.iter().enumerate().map(body_of).collect()
}

/// Walks the stream frame by frame.
#[derive(Debug)]
pub struct Walk {
    stream: Stream,
    item: u64,
    within: u64,
    expected: Vec<Expected>,
}

impl Walk {
    /// From the first frame of the first item.
    pub fn new(stream: Stream) -> Self {
        Walk { stream, item: 0, within: 0, expected: stream.item(0).expected() }
    }

    /// The next frame's contents, the item it is of, and its place in it.
    pub fn next_frame(&mut self) -> (&Expected, u64, u64) {
        if self.within == self.expected.len() as u64 {
            self.item += 1;
            self.within = 0;
            self.expected = self.stream.item(self.item).expected();
        }
        self.within += 1;
        (&self.expected[self.within as usize - 1], self.item, self.within - 1)
    }

    /// Items that were handed out whole; `None` inside one.
    pub fn whole_items(&self) -> Option<u64> {
        match self.within {
            0 => Some(self.item),
            within if within == self.expected.len() as u64 => Some(self.item + 1),
            _ => None,
        }
    }
}

/// The item that begins with a caller's frame of this number; `None` if the frame is inside one.
pub fn item_at_frame(stream: Stream, frames: u64) -> Option<u64> {
    let (mut item, mut seen) = (0, 0);
    while seen < frames {
        seen += stream.item(item).frames();
        item += 1;
    }
    (seen == frames).then_some(item)
}
