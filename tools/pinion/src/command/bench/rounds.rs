//! What the measurements share: how many rounds, how scores are shown, and where two threads run.

use crate::failure::Failure;
use crate::output::Output;
use clap::Args;
use pinion_benches::contest::Score;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Rounds and output.
#[derive(Args)]
pub struct Rounds {
    /// Rounds; the median and the best of them are shown
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// Print one closing line RESULT bench=... value=... unit=...
    #[arg(long)]
    pub result: bool,
    #[command(flatten)]
    pub output: Output,
}

impl Rounds {
    /// How many.
    pub fn count(&self) -> usize {
        self.rounds as usize
    }

    /// Puts out a result, and the closing line where it is asked for.
    pub fn put(&self, json: &Value, text: &str, line: &str) -> Result<(), Failure> {
        self.output.put(json, text)?;
        if self.result {
            println!("RESULT {line}");
        }
        Ok(())
    }
}

/// How to see other libraries beside ours, where they are not built in.
pub fn peers_note(command: &str) -> String {
    if cfg!(feature = "peers") {
        return String::new();
    }
    format!("\nOther libraries in the same run: cargo run --release --features peers -- bench {command}\n")
}

/// The score of this name.
pub fn score<'a>(scores: &'a [Score], name: &str) -> &'a Score {
    scores.iter().find(|score| score.name == name).unwrap_or_else(|| panic!("{name} took part"))
}

/// A table with a line for each score; every number is multiplied by `factor`.
pub fn table(title: &str, scores: &[Score], factor: f64, decimals: usize) -> String {
    let mut text = format!("  {title:<34} {:>12} {:>12} {:>12}\n", "median", "least", "greatest");
    for s in scores {
        let [median, least, greatest] = [s.median, s.least, s.greatest].map(|v| v * factor);
        text += &format!(
            "  {:<34} {median:>12.decimals$} {least:>12.decimals$} {greatest:>12.decimals$}\n",
            s.name
        );
    }
    text
}

/// The scores as JSON.
pub fn as_json(scores: &[Score]) -> Value {
    let one =
        |s: &Score| json!({"name": s.name, "median": s.median, "least": s.least, "greatest": s.greatest});
    scores.iter().map(one).collect()
}

/// Processors of two threads: those that were asked for, else the first two. Pins the caller.
pub fn pin_two(core: Option<usize>, other: Option<usize>) -> Result<Option<usize>, Failure> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    if processors < 2 && core.is_none() && other.is_none() {
        eprintln!("warning: one processor for two threads: the figures are the scheduler's");
        return Ok(None);
    }
    let core = core.unwrap_or(0);
    if !pinion_runtime::agent::pin(core) {
        return Err(Failure::Usage(format!("error: this process may not run on processor {core}")));
    }
    let other = other.unwrap_or((core + 1) % processors);
    if other == core {
        let reason = format!(
            "error: two threads that wait for each other cannot share processor {core}; name another one"
        );
        return Err(Failure::Usage(reason));
    }
    Ok(Some(other))
}

/// Where files are made and removed again: as asked for, else in memory, which leaves the disk out.
pub fn scratch(asked: Option<&PathBuf>) -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    let default = || if memory.is_dir() { memory.clone() } else { std::env::temp_dir() };
    asked.cloned().unwrap_or_else(default)
}
