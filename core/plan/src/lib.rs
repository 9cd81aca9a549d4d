//! Configuration text to an immutable plan: every error at once, nothing left to decide at run time.
//!
//! This room reads YAML and JSON, accepts the shapes of the system that Pinion re-implements, and turns
//! them into the plan from which every array is sized. It runs before any hot thread exists. It may read
//! the text that it is given and nothing else (the existence of data files excepted); it never panics on
//! bad text. What is wrong comes back as [`Diagnostics`]: place, reason and remedy of each mistake.
//!
//! ```text
//!   text -> tree (places) -> Config (typed, defaults) -> + facts about the data -> Plan, canonical text
//! ```

mod calendar;
mod canonical;
mod check;
mod compile;
mod config;
mod diagnostic;
mod durability;
mod explain;
mod fields;
mod keys;
mod machine;
mod migrate;
mod paper;
mod parts;
mod places;
mod read;
mod resolve;
mod room;
mod runtime;
mod schema;
mod shards;
mod symbol;
mod table;
mod text;
mod timeframe;
mod tree;
mod values;
mod within;

pub use compile::Plan;
pub use config::{BrokerType, Config, DataConfig, Fact, TradingMode};
pub use diagnostic::{Diagnostic, Diagnostics, Place, Severity};
pub use durability::{Durability, Gate};
pub use explain::{Explanation, explain};
pub use machine::{Machine, check_threads};
pub use migrate::{Change, Migration, migrate};
pub use paper::{PaperPlan, Slippage};
pub use parts::{Part, check_part, only_part};
pub use room::{BETWEEN_RECORDS, DEPTH_LEVELS, burst_records, least_depth};
pub use runtime::{Agent, AgentConfig, Idle, JournalConfig, Layout, LockMemory, Ring, RuntimeConfig};
pub use schema::schema;
pub use shards::{Shard, Shards, ShardsConfig};
pub use text::{MOST_BYTES, decode};

use std::path::Path;

/// Reads a configuration. `file` names it in messages; its data files are relative to `base`.
pub fn read(file: &str, text: &str, base: &Path) -> Result<(Config, Diagnostics), Diagnostics> {
    let mut found = Diagnostics::new(file, text);
    let Some(node) = tree::parse(text, &mut found) else { return Err(found) };
    let config = read::config(&node, base, &mut found);
    if found.has_errors() { Err(found) } else { Ok((config, found)) }
}

/// Compiles a configuration with what is known about its data. Warnings are added to `found`.
pub fn compile(config: &Config, facts: &[Fact], found: &mut Diagnostics) -> Result<Plan, Diagnostics> {
    let mut config = config.clone();
    resolve::resolve(&mut config, facts, found);
    check::config(&config, found);
    check::kinds(&config, facts, found);
    if found.has_errors() {
        return Err(found.clone());
    }
    let plan = compile::compile(&config, canonical::text(&config), found);
    match plan {
        Some(plan) if !found.has_errors() => Ok(plan),
        _ => Err(found.clone()),
    }
}

/// The plan of a canonical text, as the journal keeps it.
pub fn from_canonical(text: &str) -> Result<Plan, Diagnostics> {
    let (config, mut found) = read("the journal's plan", text, Path::new("."))?;
    compile(&config, &[], &mut found)
}

impl Plan {
    /// Why this plan cannot run in this build, if it cannot.
    pub fn refusal(&self) -> Option<&'static str> {
        if self.runtime.layout == Layout::Fused && self.shard().is_some() {
            return Some(
                "`shard` runs one shard alone: write `layout: solo`, or remove `shard` to run them all",
            );
        }
        match self.mode {
            TradingMode::Paper => None,
            TradingMode::Testnet | TradingMode::Shadow | TradingMode::Live => {
                Some("this build trades on paper only: write `trading_mode: paper` to run on recorded data")
            }
        }
    }
}
