//! What every campaign has in common: its settings, its report, its place to work, and how it fails.
//!
//! Owns the directories of a run and the words on the terminal. A failure keeps the damaged directory and
//! says how to have it again. One thread.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::check::Violation;

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Seed of everything.
    pub seed: u64,
    /// First unit (journal) of the run.
    pub first: u64,
    /// Rounds to run.
    pub rounds: u64,
    /// This program, for the children.
    pub program: PathBuf,
    /// Where to work.
    pub place: PathBuf,
    /// Lines of JSON instead of sentences.
    pub json: bool,
}

/// Why a campaign stopped.
#[derive(Debug)]
pub enum Stop {
    /// An invariant did not hold in this unit; the directory is kept.
    Violated {
        /// The unit.
        unit: u64,
        /// What did not hold.
        violation: Violation,
        /// The damaged directory.
        kept: PathBuf,
    },
    /// The host did not let it work.
    Host(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Stop::Host(error)
    }
}

impl From<nix::Error> for Stop {
    fn from(error: nix::Error) -> Self {
        Stop::Host(error.into())
    }
}

/// What a campaign did.
#[derive(Debug)]
pub struct Report {
    name: &'static str,
    json: bool,
    wanted: u64,
    /// Rounds that were run.
    pub rounds: u64,
    /// How often each thing worth counting happened.
    pub counts: BTreeMap<String, u64>,
    shown: std::time::Instant,
}

impl Report {
    /// A report of nothing yet.
    pub fn new(name: &'static str, settings: &Settings) -> Self {
        Report {
            name,
            json: settings.json,
            wanted: settings.rounds,
            rounds: 0,
            counts: BTreeMap::new(),
            shown: std::time::Instant::now(),
        }
    }

    /// Counts a round.
    pub fn round(&mut self) {
        self.rounds += 1;
        let terminal = io::stderr().is_terminal() && !self.json;
        if terminal && self.shown.elapsed().as_millis() > 200 {
            self.shown = std::time::Instant::now();
            eprint!("\r{}: round {} of {}", self.name, self.rounds, self.wanted);
        }
    }

    /// Counts something.
    pub fn count(&mut self, what: impl Into<String>) {
        *self.counts.entry(what.into()).or_default() += 1;
    }

    /// True while there are rounds left.
    pub fn wants_more(&self) -> bool {
        self.rounds < self.wanted
    }

    /// Says how it went and gives the exit code: 0 held, 1 violated, 2 the host did not let it work.
    pub fn finish(&self, settings: &Settings, outcome: Result<(), Stop>, again: &str) -> u8 {
        let counts = || {
            let pairs: Vec<String> = self.counts.iter().map(|(what, n)| format!("{n} {what}")).collect();
            pairs.join(", ")
        };
        let mut line = json!({
            "campaign": self.name, "seed": settings.seed, "rounds": self.rounds, "counts": self.counts,
        });
        let (code, text) = match outcome {
            Ok(()) => {
                line["held"] = json!(true);
                (
                    0,
                    format!(
                        "{}: {} rounds held with seed {}: {}",
                        self.name,
                        self.rounds,
                        settings.seed,
                        counts()
                    ),
                )
            }
            Err(Stop::Violated { unit, violation, kept }) => {
                let again = format!("{again} --seed {} --first {unit}", settings.seed);
                line["held"] = json!(false);
                line["invariant"] = json!(violation.invariant);
                line["detail"] = json!(violation.detail);
                line["kept"] = json!(kept);
                line["again"] = json!(again);
                let text = format!(
                    "{}: VIOLATED in round {} with seed {}: {violation}\n  kept: {}\n  again: {again}\n  so far: {}",
                    self.name,
                    self.rounds,
                    settings.seed,
                    kept.display(),
                    counts()
                );
                (1, text)
            }
            Err(Stop::Host(error)) => {
                line["error"] = json!(error.to_string());
                (2, format!("{}: the host did not let it work: {error}", self.name))
            }
        };
        if io::stderr().is_terminal() && !self.json {
            eprint!("\r");
        }
        let text = if self.json { line.to_string() } else { text };
        // A closed pipe is the reader's decision.
        let _ = writeln!(io::stdout(), "{text}");
        code
    }
}

/// One journal's place: the journal, the progress file beside it.
#[derive(Debug)]
pub struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    /// A new one.
    pub fn new(settings: &Settings) -> io::Result<Self> {
        let dir = tempfile::Builder::new().prefix("pinion-campaign-").tempdir_in(&settings.place)?;
        let place = Place { dir };
        std::fs::create_dir(place.journal())?;
        crate::progress::create(&place.progress())?;
        Ok(place)
    }

    /// The journal's directory.
    pub fn journal(&self) -> PathBuf {
        self.dir.path().join("journal")
    }

    /// The progress file.
    pub fn progress(&self) -> PathBuf {
        self.dir.path().join("progress")
    }

    /// What the child wrote to standard error.
    pub fn errors(&self) -> PathBuf {
        self.dir.path().join("errors")
    }

    /// A directory for something else.
    pub fn beside(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.dir.path().join(name);
        if path.exists() {
            std::fs::remove_dir_all(&path)?;
        }
        std::fs::create_dir(&path)?;
        Ok(path)
    }

    /// Keeps everything and says where.
    pub fn violated(self, unit: u64, violation: Violation) -> Stop {
        Stop::Violated { unit, violation, kept: self.dir.keep() }
    }
}

/// Copies the files of a flat directory into an empty one.
pub fn copy_files(from: &Path, to: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
