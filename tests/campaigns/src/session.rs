//! `session`: a whole run is killed any number of times and gone on with, and ends as if nothing had happened.
//!
//! Owns nothing of the session: the `pinion` program is a black box here. A run over an example that was not
//! disturbed gives the figures; one that is killed at random moments and taken up with `--resume` until it
//! is complete must give the same decision digest, trades and equity. Each layout in turn.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::campaign::{Place, Report, Settings, Stop};
use crate::check::Violation;
use crate::random::Random;

const LAYOUTS: [&str; 5] = ["invoker", "solo", "shared", "dedicated", "fused"];
/// Kills of one run; the next life is spared.
const KILLS: u64 = 12;
const FIGURES: [&str; 9] = [
    "decision_digest",
    "events",
    "orders",
    "fills",
    "trades",
    "fees",
    "final_equity",
    "net_pnl",
    "positions",
];

/// What can be wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Defect {
    /// The run goes on with another plan than it began with.
    OtherPlan,
}

/// Where the program and its examples are.
#[derive(Clone, Debug, clap::Args)]
pub struct Program {
    /// The `pinion` program.
    #[arg(long)]
    pinion: PathBuf,
    /// Directory of the examples.
    #[arg(long, default_value = "examples")]
    examples: PathBuf,
    /// Durability levels to go through; the configuration's own if none is given.
    #[arg(long, value_delimiter = ',')]
    levels: Vec<String>,
}

/// Runs the campaign; a round is a kill.
pub fn run(
    settings: &Settings,
    program: &Program,
    defect: Option<Defect>,
    report: &mut Report,
) -> Result<(), Stop> {
    let mut unit = settings.first;
    while report.wants_more() {
        let place = Place::new(settings)?;
        if let Err(violation) = one(settings, program, defect, report, unit, &place)? {
            return Err(place.violated(unit, violation));
        }
        unit += 1;
    }
    Ok(())
}

fn one(
    settings: &Settings,
    program: &Program,
    defect: Option<Defect>,
    report: &mut Report,
    unit: u64,
    place: &Place,
) -> Result<Result<(), Violation>, Stop> {
    let mut random = Random::new(settings.seed, unit);
    let layout = LAYOUTS[unit as usize % LAYOUTS.len()];
    let level = match program.levels.len() {
        0 => None,
        count => Some(program.levels[(unit as usize / LAYOUTS.len()) % count].as_str()),
    };
    let dir = place.beside("run")?;
    let config = config(program, level, &dir, "config.yaml", "")?;
    let other = self::config(program, level, &dir, "other.yaml", "\nname: another\n")?;
    let begun = Instant::now();
    let whole = match finished(program, &config, layout, &dir.join("whole"))? {
        Ok(figures) => figures,
        Err(violation) => return Ok(Err(violation)),
    };
    let life = begun.elapsed();
    let journal = dir.join("killed");
    for _ in 0..KILLS {
        if !report.wants_more() {
            break;
        }
        let mut child = command(program, &config, layout, &journal)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        std::thread::sleep(Duration::from_nanos(random.below(1 + life.as_nanos() as u64)));
        child.kill()?;
        let ended = child.wait()?.code().is_some();
        report.round();
        report.count(if ended { "ended first" } else { "killed" });
    }
    let config = if defect == Some(Defect::OtherPlan) { other } else { config };
    let outcome = match finished(program, &config, layout, &journal)? {
        Ok(figures) if figures == whole => Ok(()),
        Ok(figures) => {
            let detail = format!("{layout}: {figures:?} instead of {whole:?}");
            Err(Violation::new("a killed run ends as an undisturbed one", detail))
        }
        Err(violation) => Err(violation),
    };
    report.count(format!("runs completed in {layout}"));
    Ok(outcome)
}

/// An example with short segments and many snapshots.
fn config(program: &Program, level: Option<&str>, dir: &Path, name: &str, more: &str) -> io::Result<PathBuf> {
    let examples = std::fs::canonicalize(&program.examples)?;
    let text = std::fs::read_to_string(examples.join("paper.yaml"))?;
    let mut text = text.replace("[data/", &format!("[{}/", examples.join("data").display()));
    if !more.is_empty() {
        let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("name:")).collect();
        text = kept.join("\n") + more;
    }
    text.push_str("\njournal:\n  segment_mb: 1\n  snapshot_events: 8192\n");
    if let Some(level) = level {
        text.push_str(&format!("  durability: {level}\n"));
    }
    let path = dir.join(name);
    std::fs::write(&path, text)?;
    Ok(path)
}

fn command(program: &Program, config: &Path, layout: &str, journal: &Path) -> Command {
    let mut command = Command::new(&program.pinion);
    command.arg("run").arg(config).args(["--layout", layout, "--resume", "--json", "--journal"]).arg(journal);
    command
}

/// Lets a run come to its end and gives its figures.
fn finished(
    program: &Program,
    config: &Path,
    layout: &str,
    journal: &Path,
) -> io::Result<Result<Vec<Value>, Violation>> {
    let output = command(program, config, layout, journal).output()?;
    let report: Option<Value> = serde_json::from_slice(&output.stdout).ok();
    Ok(match report.filter(|_| output.status.success()) {
        Some(report) => Ok(FIGURES.iter().map(|key| report[*key].clone()).collect()),
        None => {
            let said = String::from_utf8_lossy(&output.stderr);
            let detail = format!("{layout}: {}: {}", output.status, said.trim());
            Err(Violation::new("a killed run can be gone on with", detail))
        }
    })
}
