//! A snapshot: engine, venue and equity curve between two inputs, as the bytes of a text group in the journal.
//!
//! It is made on the trading thread, outside of what is timed, and read before a run goes on. The state's layout is
//! that of the build which wrote it: another build does not read it and begins at the journal's start.

use crate::equity::EquityCurve;
use crate::failure::Failure;
use pinion_engine::Engine;
use pinion_sim::paper::PaperVenue;
use serde::{Deserialize, Serialize};

/// Layout of [`Image`] itself.
const FORMAT: u16 = 1;

/// A snapshot, each part as bytes of its own.
#[derive(Debug, Serialize, Deserialize)]
pub struct Image<'a> {
    format: u16,
    /// The build that wrote it.
    pub build: &'a str,
    /// Market events that were taken before it.
    pub events: u64,
    /// The engine, which follows from the journal's inputs alone.
    pub engine: &'a [u8],
    venue: &'a [u8],
    curve: &'a [u8],
}

/// What a run goes on with.
pub struct Restored {
    /// Market events that were taken before it.
    pub events: u64,
    /// The engine.
    pub engine: Engine,
    /// The venue's bytes, for [`Restored::restore_venue`].
    venue: Vec<u8>,
    /// Equity up to there.
    pub curve: EquityCurve,
}

/// The engine's bytes.
pub fn engine_bytes(engine: &Engine) -> Vec<u8> {
    postcard::to_stdvec(engine).expect("an engine is plain data")
}

/// The venue's bytes.
pub fn venue_bytes(venue: &PaperVenue) -> Vec<u8> {
    let mut bytes = postcard::Serializer { output: postcard::ser_flavors::StdVec::new() };
    venue.save(&mut bytes).expect("a venue's state is plain data");
    postcard::ser_flavors::Flavor::finalize(bytes.output).expect("memory takes it")
}

/// A snapshot's bytes.
pub fn image(engine: &Engine, venue: &[u8], curve: &EquityCurve, events: u64) -> Vec<u8> {
    let curve = postcard::to_stdvec(curve).expect("a curve is plain data");
    let engine = engine_bytes(engine);
    let image = Image { format: FORMAT, build: crate::BUILD, events, engine: &engine, venue, curve: &curve };
    postcard::to_stdvec(&image).expect("bytes are plain data")
}

impl<'a> Image<'a> {
    /// Reads a snapshot of this build; `None` for one of another build or layout.
    pub fn read(bytes: &'a [u8]) -> Option<Image<'a>> {
        let image: Image<'a> = postcard::from_bytes(bytes).ok()?;
        (image.format == FORMAT && image.build == crate::BUILD).then_some(image)
    }

    /// The engine, with room for what comes.
    pub fn engine(&self) -> Result<Engine, Failure> {
        let mut engine: Engine = postcard::from_bytes(self.engine).map_err(unreadable)?;
        engine.reserve();
        Ok(engine)
    }

    /// All of it.
    pub fn restore(&self) -> Result<Restored, Failure> {
        let mut curve: EquityCurve = postcard::from_bytes(self.curve).map_err(unreadable)?;
        curve.reserve();
        Ok(Restored { events: self.events, engine: self.engine()?, venue: self.venue.to_vec(), curve })
    }
}

impl Restored {
    /// Puts the venue into the state of the snapshot.
    pub fn restore_venue(&self, venue: &mut PaperVenue) -> Result<(), Failure> {
        venue.restore(&mut postcard::Deserializer::from_bytes(&self.venue)).map_err(unreadable)
    }
}

fn unreadable(error: postcard::Error) -> Failure {
    Failure::Run(format!(
        "error: a snapshot in the journal cannot be read: {error}; `pinion replay` checks each of them"
    ))
}
