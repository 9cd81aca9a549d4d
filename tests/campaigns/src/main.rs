//! Campaigns over the journal: crashes, corruption and faults by the thousand, with defects to be found.
//!
//! `campaigns kill | truncate | flip | shuffle | pages | faults | places | recovery | session`, each with `--seed`, `--rounds`
//! and `--defect`. Exit codes: 0 every invariant held, 1 one did not (the output says which, keeps the
//! directory and gives the command to have it again), 2 the host did not let it work. See
//! `tests/CAMPAIGNS.md`.

mod campaign;
mod check;
mod child;
mod damage;
mod disk;
mod faults;
mod kill;
mod oracle;
mod pages;
mod places;
mod progress;
mod random;
mod recovery;
mod session;
mod stream;
mod subject;
mod trace;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use campaign::{Report, Settings, Stop};

#[derive(Parser)]
#[command(name = "campaigns", about = "Crash, corruption and fault campaigns over the journal")]
struct Arguments {
    #[command(subcommand)]
    campaign: Campaign,
}

#[derive(Subcommand)]
enum Campaign {
    /// Kill -9 at random and at chosen moments, and go on with the same files.
    Kill(Run<kill::Defect>),
    /// Cut files to every length.
    Truncate(Run<damage::Defect>),
    /// Flip every bit.
    Flip(Run<damage::Defect>),
    /// Swap, remove, double, rename, blank and replace frames and segments.
    Shuffle(Run<damage::Defect>),
    /// Keep any part of what was not synced, as a power cut may.
    Pages {
        #[command(flatten)]
        run: Run<pages::Defect>,
        /// The most states of one moment; up to 12 undecided pieces need 4096 for all of them.
        #[arg(long, default_value_t = 64)]
        each: u64,
    },
    /// Refuse every call of the writer that can be refused.
    Faults(Run<faults::Defect>),
    /// Crash twice in a row: during the recovery from the first crash.
    Recovery(Run<recovery::Defect>),
    /// Full disks, read-only mounts, missing directories, a clock going back.
    Places(Run<places::Defect>),
    /// Kill whole runs of the program and go on with them.
    Session {
        #[command(flatten)]
        run: Run<session::Defect>,
        #[command(flatten)]
        program: session::Program,
    },
    /// The process that the others kill.
    #[command(hide = true)]
    Child(child::Job),
}

#[derive(clap::Args)]
struct Run<D: ValueEnum + Send + Sync + 'static> {
    /// Seed of everything that is random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Rounds to run.
    #[arg(long, default_value_t = 40)]
    rounds: u64,
    /// The unit to begin with; a failure names it.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Where to work; memory-backed by default, so that nothing waits for a disk.
    #[arg(long)]
    place: Option<PathBuf>,
    /// One line of JSON instead of sentences.
    #[arg(long)]
    json: bool,
    /// A defect to plant: the campaign must then fail.
    #[arg(long, value_enum)]
    defect: Option<D>,
}

impl<D: ValueEnum + Send + Sync + 'static> Run<D> {
    fn go(
        self,
        name: &'static str,
        run: impl FnOnce(&Settings, Option<D>, &mut Report) -> Result<(), Stop>,
    ) -> std::io::Result<u8> {
        let mut again = format!("campaigns {name}");
        if let Some(value) = self.defect.as_ref().and_then(|defect| defect.to_possible_value()) {
            again.push_str(&format!(" --defect {}", value.get_name()));
        }
        let memory = Path::new("/dev/shm");
        let place = self
            .place
            .unwrap_or_else(|| if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() });
        let settings = Settings {
            seed: self.seed,
            first: self.first,
            rounds: self.rounds,
            program: std::env::current_exe()?,
            place,
            json: self.json,
        };
        let mut report = Report::new(name, &settings);
        let outcome = run(&settings, self.defect, &mut report);
        Ok(report.finish(&settings, outcome, &again))
    }
}

fn main() -> std::io::Result<ExitCode> {
    let code = match Arguments::parse().campaign {
        Campaign::Kill(run) => run.go("kill", kill::run)?,
        Campaign::Truncate(run) => run.go("truncate", damage::truncate)?,
        Campaign::Flip(run) => run.go("flip", damage::flip)?,
        Campaign::Shuffle(run) => run.go("shuffle", damage::shuffle)?,
        Campaign::Pages { run, each } => {
            run.go("pages", |settings, defect, report| pages::run(settings, each, defect, report))?
        }
        Campaign::Faults(run) => run.go("faults", faults::run)?,
        Campaign::Recovery(run) => run.go("recovery", recovery::run)?,
        Campaign::Places(run) => run.go("places", places::run)?,
        Campaign::Session { run, program } => {
            run.go("session", |settings, defect, report| session::run(settings, &program, defect, report))?
        }
        Campaign::Child(job) => u8::try_from(child::run(&job)?).unwrap_or(u8::MAX),
    };
    Ok(ExitCode::from(code))
}
