//! The feed of a session: the recording's current chunk and how far it has been worked off.

use super::meters::FeedMeter;
use pinion_recorded::DataError;
use pinion_recorded::source::{Chunk, Source};

/// The feed.
#[derive(Default)]
pub struct Feed {
    source: Option<Source>,
    /// Items of the chunk that have been done.
    pub position: usize,
    items: usize,
    /// Shows what is refused.
    pub meter: Option<FeedMeter>,
}

impl Feed {
    /// A feed from recorded files.
    pub fn new(source: Source) -> Feed {
        Feed { source: Some(source), position: 0, items: 0, meter: None }
    }

    /// Reads the next chunk; false at the end.
    pub fn load(&mut self) -> Result<bool, DataError> {
        self.position = 0;
        self.items = 0;
        let Some(source) = &mut self.source else { return Ok(false) };
        let items = source.next_chunk().map(|chunk| chunk.map_or(0, |chunk| chunk.len()));
        if let Some(meter) = &mut self.meter {
            meter.show(source);
        }
        self.items = items?;
        Ok(self.items > 0)
    }

    /// Leaves out the first `events`; false when there are not so many.
    pub fn skip(&mut self, events: u64) -> Result<bool, DataError> {
        let mut left = events;
        while left > 0 {
            if self.is_worked_off() && !self.load()? {
                return Ok(false);
            }
            let here = (self.items - self.position).min(usize::try_from(left).unwrap_or(usize::MAX));
            self.position += here;
            left -= here as u64;
        }
        Ok(true)
    }

    /// Every item of the chunk has been done.
    pub fn is_worked_off(&self) -> bool {
        self.position == self.items
    }

    /// Items in the chunk.
    pub fn len(&self) -> usize {
        self.items
    }

    /// The chunk that was read last.
    pub fn chunk(&self) -> Option<Chunk<'_>> {
        self.source.as_ref().map(Source::current)
    }

    /// When the engine learns of an item of the chunk, ns; `None` beyond its end.
    pub fn time_ns(&self, at: usize) -> Option<i64> {
        match self.chunk()? {
            Chunk::Bars { interval_ns, bars, .. } => bars.get(at).map(|bar| bar.open_ns + interval_ns),
            Chunk::Quotes { quotes, .. } => quotes.get(at).map(|quote| quote.recv_ns),
            Chunk::Mixed { events, .. } => events.get(at).map(|event| event.time_ns()),
        }
    }

    /// The recording.
    pub fn source(&self) -> Option<&Source> {
        self.source.as_ref()
    }
}
