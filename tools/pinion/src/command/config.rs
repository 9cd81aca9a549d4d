//! `pinion config`: check, explain, migrate, schema.

use crate::failure::Failure;
use crate::output::Output;
use crate::setup::{read_text, set_up};
use clap::{Args, Subcommand};
use pinion_plan::{Part, check_part};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Check, explain and rewrite configurations
#[derive(Subcommand)]
pub enum ConfigCommand {
    /// Check a configuration, or a part of one; every mistake is shown at once
    #[command(after_help = "Example: pinion config check --part strategy strategy.yaml")]
    Check(CheckArgs),
    /// Show the compiled plan: instruments, limits, threads, memory
    #[command(after_help = "Example: pinion config explain examples/paper.yaml")]
    Explain(ExplainArgs),
    /// Rewrite an old configuration, or a part of one, in the canonical form and list what changed
    #[command(
        after_help = "Example: pinion config migrate old.json --out new.yaml\n         pinion config migrate --part risk limits.json"
    )]
    Migrate(MigrateArgs),
    /// Print the JSON schema of a configuration
    #[command(after_help = "Example: pinion config schema > pinion.schema.json")]
    Schema(SchemaArgs),
}

#[derive(Args)]
pub struct SchemaArgs {
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
pub struct CheckArgs {
    /// Configuration file
    file: PathBuf,
    /// Check it as this part: config, strategy, broker, paper, risk, entry, exit, notifications
    #[arg(long)]
    part: Option<String>,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
pub struct ExplainArgs {
    /// Configuration file
    file: PathBuf,
    /// Data files, instead of those of the configuration
    #[arg(long, value_name = "FILE", num_args = 1..)]
    data: Vec<PathBuf>,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
pub struct MigrateArgs {
    /// Configuration file, or a part of one
    file: PathBuf,
    /// Take it as this part: config, strategy, broker, paper, risk, entry, exit, notifications
    #[arg(long)]
    part: Option<String>,
    /// Write the new text here instead of printing it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// `pinion config`.
pub fn config(command: ConfigCommand) -> Result<(), Failure> {
    match command {
        ConfigCommand::Check(args) => check(&args),
        ConfigCommand::Explain(args) => explain(&args),
        ConfigCommand::Migrate(args) => migrate(&args),
        ConfigCommand::Schema(args) => schema(&args),
    }
}

fn schema(args: &SchemaArgs) -> Result<(), Failure> {
    let schema = pinion_plan::schema();
    args.output.put(&schema, &format!("{schema:#}\n"))
}

fn base(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new("."))
}

fn part_named(name: Option<&str>) -> Result<Option<Part>, Failure> {
    let Some(name) = name else { return Ok(None) };
    let found = Part::ALL.iter().find(|(_, word)| *word == name).map(|(part, _)| *part);
    found.map(Some).ok_or_else(|| {
        let words = Part::ALL.iter().map(|(_, word)| *word).collect::<Vec<_>>().join(", ");
        Failure::Usage(format!("error: unknown part `{name}`; the parts are {words}"))
    })
}

fn check(args: &CheckArgs) -> Result<(), Failure> {
    let part = part_named(args.part.as_deref())?;
    let text = read_text(&args.file)?;
    let name = args.file.display().to_string();
    let (taken, mut found) = check_part(&name, &text, base(&args.file), part);
    // A whole configuration is compiled as well, with its data or when it needs none: some mistakes show
    // only then.
    if taken == Part::Config && !found.has_errors() {
        let (config, mut more) =
            pinion_plan::read(&name, &text, base(&args.file)).map_err(|d| Failure::Usage(d.to_string()))?;
        if !config.data.files.is_empty() {
            let setup = set_up(&args.file, &[], |_| ())?;
            setup.notes.iter().for_each(|note| eprintln!("warning: {note}"));
            more = setup.warnings;
        } else if config.is_explicit() {
            // What is wrong is added to `more`.
            let _ = pinion_plan::compile(&config, &[], &mut more);
        }
        found = more;
    }
    let word = taken.label();
    let (errors, warnings) = found.counts();
    if errors > 0 {
        if args.output.is_json() {
            println!("{:#}", json!({ "ok": false, "part": word, "diagnostics": found }));
        }
        return Err(Failure::Usage(format!("{found}{name}: {errors} errors, {warnings} warnings")));
    }
    let json = json!({ "ok": true, "part": word, "diagnostics": found });
    args.output.put(&json, &format!("{found}{name}: good ({word}, {warnings} warnings)\n"))
}

fn explain(args: &ExplainArgs) -> Result<(), Failure> {
    let setup = set_up(&args.file, &args.data, |_| ())?;
    if !args.output.is_json() {
        eprint!("{}", setup.warnings);
        setup.notes.iter().for_each(|note| eprintln!("warning: {note}"));
    }
    let explanation = pinion_plan::explain(&setup.plan, &setup.machine);
    let mut json = json!(explanation);
    json["canonical"] = json!(setup.plan.canonical);
    args.output.put(&json, &explanation.to_string())
}

fn migrate(args: &MigrateArgs) -> Result<(), Failure> {
    let text = read_text(&args.file)?;
    let name = args.file.display().to_string();
    let part = part_named(args.part.as_deref())?;
    let (migration, _) = pinion_plan::migrate(&name, &text, base(&args.file), part)
        .map_err(|found| Failure::Usage(found.to_string()))?;
    let mut listed = String::new();
    for c in &migration.changes {
        listed += &format!("# {name}:{}:{}: {} -> {}\n", c.place.line, c.place.column, c.was, c.now);
    }
    match &args.out {
        Some(file) => {
            if file.exists() {
                return Err(Failure::Usage(format!("error: {} exists; choose another name", file.display())));
            }
            std::fs::write(file, format!("{listed}{}", migration.text))
                .map_err(|e| Failure::Run(format!("error: {}: {e}", file.display())))?;
            args.output.put(&json!(migration), &format!("{listed}written to {}\n", file.display()))
        }
        None => args.output.put(&json!(migration), &format!("{listed}{}", migration.text)),
    }
}
