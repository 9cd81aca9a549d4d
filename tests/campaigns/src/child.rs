//! The process that is killed: the production writer, fed with the known stream.
//!
//! Owns the child's side of every campaign. It waits for a line on standard input (so that the parent can
//! take hold of it), creates or resumes the journal, appends from where the journal ends, with marks,
//! anchors, texts, prepared segments and whatever else runs beside, and says in the progress file what
//! returned. Exit codes: 0 closed, 3 the writer reported a failed sync, 4 it refused, with the reason
//! on standard error.

use std::io;
use std::path::PathBuf;

use pinion_journal::{Anchor, JournalError, Options, Writer};

use crate::campaign::Place;
use crate::oracle::segment_files;
use crate::progress::{Phase, Progress, Word};
use crate::random::Random;
use crate::stream::{AppendItem, Item, Stream, item_at_frame};

/// Epoch of every journal of the campaigns.
pub const EPOCH: u64 = 0x00c0_ffee_0bad_cafe;
/// Plan hash of every journal of the campaigns.
pub const PLAN: [u8; 32] = [0xc3; 32];
/// The writer reported a failed sync.
pub const EXIT_SYNC_FAILED: i32 = 3;
/// The writer refused to go on.
pub const EXIT_REFUSED: i32 = 4;

/// What a child is to do.
#[derive(Clone, Debug, clap::Args)]
pub struct Job {
    /// Directory of the journal.
    #[arg(long)]
    pub dir: PathBuf,
    /// Progress file, made by the parent.
    #[arg(long)]
    pub progress: PathBuf,
    /// Seed of the stream.
    #[arg(long)]
    pub seed: u64,
    /// Seed of what happens beside it.
    #[arg(long)]
    pub salt: u64,
    /// Items to append before closing.
    #[arg(long)]
    pub items: u64,
    /// Frames in a segment.
    #[arg(long)]
    pub frames: u64,
    /// A mark after so many items, on the average.
    #[arg(long, default_value_t = 12)]
    pub mark_every: u64,
    /// Wait for the disk after every item, as level `gated` may.
    #[arg(long)]
    pub gated: bool,
    /// Make a system call after every item, so that the parent sees each.
    #[arg(long)]
    pub beacons: bool,
    /// Leave without closing.
    #[arg(long)]
    pub leave: bool,
    /// Wall time goes backwards.
    #[arg(long)]
    pub clock_back: bool,
    /// Defect: items are acknowledged when they are in a buffer of this process.
    #[arg(long)]
    pub acknowledge_early: bool,
    /// Defect: before it resumes, the last segment is rewritten in place.
    #[arg(long)]
    pub careless_recovery: bool,
}

impl Job {
    /// A job with these files and this seed, and nothing beside the appending.
    pub fn new(place: &Place, seed: u64, items: u64, frames: u64) -> Self {
        Job {
            dir: place.journal(),
            progress: place.progress(),
            seed,
            salt: 0,
            items,
            frames,
            mark_every: 12,
            gated: false,
            beacons: false,
            leave: false,
            clock_back: false,
            acknowledge_early: false,
            careless_recovery: false,
        }
    }

    /// The arguments that make this job.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["child".to_string()];
        let mut value = |name: &str, value: String| arguments.extend([format!("--{name}"), value]);
        value("dir", self.dir.display().to_string());
        value("progress", self.progress.display().to_string());
        value("seed", self.seed.to_string());
        value("salt", self.salt.to_string());
        value("items", self.items.to_string());
        value("frames", self.frames.to_string());
        value("mark-every", self.mark_every.to_string());
        let flags = [
            ("gated", self.gated),
            ("beacons", self.beacons),
            ("leave", self.leave),
            ("clock-back", self.clock_back),
            ("acknowledge-early", self.acknowledge_early),
            ("careless-recovery", self.careless_recovery),
        ];
        arguments.extend(flags.iter().filter(|(_, set)| *set).map(|(name, _)| format!("--{name}")));
        arguments
    }
}

/// Options of a campaign's journal.
pub fn options(frames: u64) -> Options {
    let mut options = Options::new(EPOCH);
    options.plan_hash = PLAN;
    options.build = "pinion campaigns".into();
    options.segment_bytes = 4096 + 128 * frames;
    options.anchor = Anchor { ticks: 1, wall_ns: 1_700_000_000_000_000_000, mono_ns: 1 };
    options.source = 9;
    options
}

/// Does the job and gives the exit code.
pub fn run(job: &Job) -> io::Result<i32> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    let mut progress = Progress::open(&job.progress)?;
    progress.enter(Phase::Open);
    progress.set(Word::Closed, 0);
    progress.set(Word::Opened, 0);
    if job.careless_recovery
        && let Some(last) = segment_files(&job.dir)?.last()
    {
        let bytes = std::fs::read(last)?;
        std::fs::write(last, bytes)?;
    }
    match Worker::new(job, progress).and_then(Worker::work) {
        Ok(()) => Ok(0),
        Err((error, code)) => {
            eprintln!("{error}");
            Ok(code)
        }
    }
}

type Outcome<T> = Result<T, (JournalError, i32)>;

struct Worker<'a> {
    job: &'a Job,
    progress: Progress,
    writer: Writer,
    random: Random,
    wall_ns: u64,
    buffered: Vec<u64>,
}

impl<'a> Worker<'a> {
    fn new(job: &'a Job, mut progress: Progress) -> Outcome<Self> {
        let opened = attempt(&mut progress, || crate::subject::open_writer(&job.dir, options(job.frames)))?;
        let item = match opened.caller_frames {
            0 => 0,
            frames => item_at_frame(Stream::new(job.seed), frames).unwrap_or_else(|| {
                panic!("resume says that {frames} frames of the stream count, which is inside an item")
            }),
        };
        progress.set(Word::ResumedAt, opened.valid_until);
        progress.set(Word::Items, item);
        progress.set(Word::Durable, opened.writer.durable_position());
        progress.set(Word::Opened, 1);
        let random = Random::new(job.salt, 99);
        let wall_ns = 1_700_000_000_000_000_000;
        Ok(Worker { job, progress, writer: opened.writer, random, wall_ns, buffered: Vec::new() })
    }

    fn work(mut self) -> Outcome<()> {
        let from = self.progress.get(Word::Items);
        for number in from..from + self.job.items {
            self.item(number)?;
            self.beside()?;
            if self.job.beacons {
                std::thread::yield_now();
            }
        }
        self.flush_buffer()?;
        if self.job.leave {
            return Ok(());
        }
        self.progress.enter(Phase::Close);
        let wall_ns = self.now();
        // Closing takes the writer: what fails there is final for this process.
        match self.writer.close(wall_ns, b"") {
            Ok(head) => {
                self.progress.head(head.records, &head.chain);
                self.progress.set(Word::Durable, head.records);
                self.progress.set(Word::Closed, 1);
                Ok(())
            }
            Err(error) => Err(exit_of(error, &mut self.progress)),
        }
    }

    fn item(&mut self, number: u64) -> Outcome<()> {
        if self.job.acknowledge_early {
            // Where it will stand is not known yet.
            self.progress.appended(number, 0);
            self.buffered.push(number);
            return if self.buffered.len() == 8 { self.flush_buffer() } else { Ok(()) };
        }
        let position = self.append(number)?;
        self.progress.appended(number, position);
        Ok(())
    }

    fn append(&mut self, number: u64) -> Outcome<u64> {
        let item = Stream::new(self.job.seed).item(number);
        let phase = if matches!(item, Item::Text(..)) { Phase::Text } else { Phase::Append };
        self.progress.enter(phase);
        let writer = &mut self.writer;
        attempt(&mut self.progress, || writer.append_item(&item))
    }

    fn flush_buffer(&mut self) -> Outcome<()> {
        for number in std::mem::take(&mut self.buffered) {
            self.append(number)?;
        }
        Ok(())
    }

    /// What happens between two items.
    fn beside(&mut self) -> Outcome<()> {
        if self.job.gated || self.random.one_in(self.job.mark_every) {
            self.mark()?;
        }
        if self.random.one_in(9) {
            self.progress.enter(Phase::Prepare);
            let writer = &mut self.writer;
            if attempt(&mut self.progress, || writer.prepare_next())? {
                let rolls = self.progress.get(Word::Rolls);
                self.progress.set(Word::Rolls, rolls + 1);
            }
        }
        if self.random.one_in(40) {
            let wall_ns = self.now();
            let anchor = Anchor { ticks: wall_ns - 1_600_000_000_000_000_000, wall_ns, mono_ns: wall_ns / 2 };
            let writer = &mut self.writer;
            attempt(&mut self.progress, || writer.anchor(anchor))?;
        }
        Ok(())
    }

    fn mark(&mut self) -> Outcome<()> {
        self.progress.enter(Phase::Mark);
        let wall_ns = self.now();
        let writer = &mut self.writer;
        attempt(&mut self.progress, || writer.mark(wall_ns))?;
        self.progress.set(Word::Durable, self.writer.durable_position());
        let head = self.writer.head();
        self.progress.head(head.records, &head.chain);
        Ok(())
    }

    fn now(&mut self) -> u64 {
        let step = self.random.below(1_000_000);
        self.wall_ns = if self.job.clock_back { self.wall_ns - step } else { self.wall_ns + step };
        self.wall_ns
    }
}

/// Makes a call again as long as it says that nothing was lost, a bounded number of times.
fn attempt<T>(progress: &mut Progress, mut call: impl FnMut() -> Result<T, JournalError>) -> Outcome<T> {
    for _ in 0..3 {
        match call() {
            Ok(value) => return Ok(value),
            Err(error @ JournalError::Io { .. }) => {
                eprintln!("tried again: {error}");
                let retried = progress.get(Word::Retried);
                progress.set(Word::Retried, retried + 1);
            }
            Err(error) => return Err(exit_of(error, progress)),
        }
    }
    call().map_err(|error| exit_of(error, progress))
}

fn exit_of(error: JournalError, progress: &mut Progress) -> (JournalError, i32) {
    let sync = matches!(error, JournalError::Durability { .. } | JournalError::Failed { .. });
    if sync {
        progress.set(Word::SyncFailed, 1);
    }
    (error, if sync { EXIT_SYNC_FAILED } else { EXIT_REFUSED })
}
