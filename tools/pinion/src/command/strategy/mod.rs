//! `pinion strategy`: the rules that strategies are made of.

mod reference;

use crate::failure::Failure;
use crate::output::Output;
use clap::{Args, Subcommand, ValueEnum};
use pinion_engine::rules::catalog::RULES;
use pinion_engine::rules::params::{RuleDef, RuleKind};
use serde_json::json;

/// Look at the rules of strategies: what there is, and what one means
#[derive(Subcommand)]
pub enum StrategyCommand {
    /// Every entry and exit rule
    #[command(
        after_help = "Example: pinion strategy list\n         pinion strategy list --kind exit\n         pinion strategy list --json=rules.json"
    )]
    List(ListArgs),
    /// One rule: when it fires, and its parameters with range, default and unit
    #[command(
        after_help = "Example: pinion strategy show AdvancedATR\n         pinion strategy show RSIBB --kind exit\n         pinion strategy show EOMBreakout --json   # with the search space for optimisers"
    )]
    Show(ShowArgs),
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Entry,
    Exit,
}

impl Kind {
    fn takes(kind: Option<Kind>, def: &RuleDef) -> bool {
        match kind {
            None => true,
            Some(Kind::Entry) => def.kind == RuleKind::Entry,
            Some(Kind::Exit) => def.kind == RuleKind::Exit,
        }
    }
}

#[derive(Args)]
pub struct ListArgs {
    /// Only entries or only exits
    #[arg(long)]
    kind: Option<Kind>,
    /// Print the reference page of the repository
    #[arg(long, hide = true, conflicts_with = "kind")]
    markdown: bool,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
pub struct ShowArgs {
    /// Name as in a configuration, in capital or small letters
    name: String,
    /// The entry or the exit, where both have the name; both otherwise
    #[arg(long)]
    kind: Option<Kind>,
    #[command(flatten)]
    output: Output,
}

/// `pinion strategy`.
pub fn strategy(command: StrategyCommand) -> Result<(), Failure> {
    match command {
        StrategyCommand::List(args) if args.markdown => {
            print!("{}", reference::markdown());
            Ok(())
        }
        StrategyCommand::List(args) => {
            let all: Vec<&RuleDef> =
                RULES.iter().copied().filter(|def| Kind::takes(args.kind, def)).collect();
            let json: Vec<_> = all.iter().map(|def| reference::json(def)).collect();
            args.output.put(&json!({ "rules": json }), &reference::list(&all))
        }
        StrategyCommand::Show(args) => {
            let all: Vec<&RuleDef> = named(&args.name).filter(|def| Kind::takes(args.kind, def)).collect();
            if all.is_empty() {
                return Err(unknown(&args.name));
            }
            let json: Vec<_> = all.iter().map(|def| reference::json(def)).collect();
            let texts: Vec<String> = all.iter().map(|def| reference::describe(def)).collect();
            args.output.put(&json!({ "rules": json }), &texts.join("\n"))
        }
    }
}

/// The rules that a name stands for, with or without the endings of the original system.
fn named(name: &str) -> impl Iterator<Item = &'static RuleDef> + use<> {
    let plain = name.strip_suffix("Mixin").unwrap_or(name).to_string();
    RULES.iter().copied().filter(move |def| {
        let ending = if def.kind == RuleKind::Entry { "Entry" } else { "Exit" };
        let bare = plain.strip_suffix(ending).unwrap_or(&plain);
        def.names().any(|n| n.eq_ignore_ascii_case(bare))
    })
}

fn unknown(name: &str) -> Failure {
    let wanted = name.to_lowercase();
    let mut near: Vec<&str> = RULES.iter().map(|def| def.name).collect();
    near.retain(|n| n.to_lowercase().contains(&wanted));
    near.dedup();
    let hint = if near.is_empty() { String::new() } else { format!("; near: {}", near.join(", ")) };
    Failure::Usage(format!("error: there is no such rule as {name}{hint}; `pinion strategy list` shows them"))
}
