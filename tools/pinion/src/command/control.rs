//! `pinion control` and `pinion arm`: commands to a running session.

use crate::control::tell;
use crate::failure::Failure;
use crate::output::Output;
use clap::Args;
use pinion_model::body::CommandKind;
use serde_json::Value;
use std::path::PathBuf;

/// Send a command to a running session: no-entries, cancel-entries, flatten, hard-stop, shutdown
#[derive(Args)]
#[command(
    after_help = "Example: pinion control flatten runs/paper-20250325T230700Z\n         pinion control shutdown runs/paper-20250325T230700Z --operator ana"
)]
pub struct ControlArgs {
    /// The command
    command: String,
    /// Directory of the run
    dir: PathBuf,
    /// Who asks, for the journal; stopping needs no name
    #[arg(long, default_value = "")]
    operator: String,
    /// What for
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    output: Output,
}

/// Let a halted session trade again
#[derive(Args)]
#[command(
    after_help = "Example: pinion arm runs/paper-20250325T230700Z --operator ana --note \"limits reviewed\""
)]
pub struct ArmArgs {
    /// Directory of the run
    dir: PathBuf,
    /// Who takes the responsibility
    #[arg(long)]
    operator: String,
    /// Why
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    output: Output,
}

/// `pinion control`.
pub fn control(args: ControlArgs) -> Result<(), Failure> {
    let known = CommandKind::ALL.iter().copied().filter(|k| *k != CommandKind::Arm && k.is_for_operators());
    let words: Vec<&str> = known.clone().map(CommandKind::label).collect();
    let kind = known.clone().find(|k| k.label() == args.command);
    let kind = kind.ok_or_else(|| {
        Failure::Usage(format!(
            "error: unknown command `{}`; the commands are {}",
            args.command,
            words.join(", ")
        ))
    })?;
    answer(&tell(&args.dir, kind, &args.operator, &args.note)?, &args.output)
}

/// `pinion arm`.
pub fn arm(args: ArmArgs) -> Result<(), Failure> {
    answer(&tell(&args.dir, CommandKind::Arm, &args.operator, &args.note)?, &args.output)
}

fn answer(text: &str, output: &Output) -> Result<(), Failure> {
    let value: Value = serde_json::from_str(text)
        .map_err(|e| Failure::Run(format!("error: the session answered what is no JSON ({e}): {text}")))?;
    output.put(&value, &format!("{text}\n"))?;
    if value["ok"] == true {
        Ok(())
    } else {
        Err(Failure::Run("error: the session refused the command".into()))
    }
}
