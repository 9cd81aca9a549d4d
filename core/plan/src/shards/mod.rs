//! Shards: the instruments of an account divided among engines, each with a budget of its own.
//!
//! A shard trades its instruments and watches those whose prices turn its currencies into the base currency. It
//! opens with an equal part of every balance, rounded down (what is left over is shard 0's), and with an equal
//! share of each absolute limit of the account; limits that are fractions of equity hold for its own equity. So
//! the parts never exceed the whole: a limit may bind early, never late.

mod check;
mod explain;
mod own;

pub(crate) use check::{check_cores, resolve};
pub(crate) use explain::explain;
pub(crate) use own::{is_one, own};

use crate::compile::Plan;
use crate::config::Config;
use crate::diagnostic::{Diagnostics, Place};
use crate::places::Places;
use crate::runtime::{Agent, Idle, Layout, LockMemory};
use pinion_engine::plan::EnginePlan;
use pinion_model::body::BudgetBody;
use pinion_model::instrument::CurrencyId;
use pinion_model::number::Money;
use std::borrow::Cow;
use std::path::Path;

/// How the instruments are sharded, as it is configured.
#[derive(Clone, Debug)]
pub struct ShardsConfig {
    pub(crate) cut: Cut,
    /// Time between rebalances, ns of data time.
    pub rebalance_ns: Option<i64>,
    /// Processor of each shard's hot thread; empty when they are not pinned.
    pub hot_cores: Vec<usize>,
    /// The plan is to be that of one shard.
    pub only: Option<usize>,
    /// The plan is to be that of the account first, from which that of `only` is cut out.
    pub(crate) whole_first: bool,
    pub(crate) places: Places,
}

impl ShardsConfig {
    /// Has the plan of the whole account made; returns the shard that is wanted of it.
    pub fn whole_first(&mut self) -> Option<usize> {
        self.whole_first = true;
        self.only
    }

    /// The shard that the plan is made for.
    pub(crate) fn one(&self) -> Option<usize> {
        self.only.filter(|_| !self.whole_first)
    }
}

/// How the instruments are divided.
#[derive(Clone, Debug)]
pub(crate) enum Cut {
    /// Into so many shards.
    Into(usize),
    /// Into these, with where each list stands.
    Lists(Vec<List>),
}

/// The instruments of a shard, and where they stand.
pub(crate) type List = (Vec<(String, Place)>, Place);

/// The shards of a plan.
#[derive(Clone, Debug)]
pub struct Shards {
    /// By number.
    pub all: Vec<Shard>,
    /// Time between rebalances, ns of data time; `None` for never.
    pub rebalance_ns: Option<i64>,
    /// Processor of each shard's hot thread; empty when they are not pinned.
    pub hot_cores: Vec<usize>,
    /// The plan is that of this shard alone.
    pub only: Option<usize>,
}

/// One shard.
#[derive(Clone, Debug)]
pub struct Shard {
    /// Symbols of the instruments that it trades.
    pub instruments: Vec<String>,
    /// Symbols of those whose prices it needs besides.
    pub watched: Vec<String>,
    /// What it opens with: currencies with a balance, the base currency last and always.
    pub opening: Vec<(CurrencyId, Money)>,
}

/// The shards of a resolved configuration.
pub(crate) fn compile(config: &Config, opening: &[Money], base: CurrencyId) -> Option<Shards> {
    let shards = config.shards.as_ref()?;
    let Cut::Lists(lists) = &shards.cut else { return None };
    let symbols = |k: usize| lists[k].0.iter().map(|(symbol, _)| symbol.clone()).collect();
    let all = (0..lists.len()).map(|k| Shard {
        instruments: symbols(k),
        watched: own::watched(config, k),
        opening: part(opening, base, k, lists.len()),
    });
    Some(Shards {
        all: all.collect(),
        rebalance_ns: shards.rebalance_ns,
        hot_cores: shards.hot_cores.clone(),
        only: shards.one(),
    })
}

/// The part of each balance that shard `k` of `count` opens with.
fn part(opening: &[Money], base: CurrencyId, k: usize, count: usize) -> Vec<(CurrencyId, Money)> {
    let ids = (0..opening.len() as u16).map(CurrencyId);
    let others = ids.filter(|id| *id != base && !opening[id.index()].is_zero());
    let part = |id: CurrencyId| {
        let (whole, count) = (opening[id.index()].0, count as i128);
        let rest = if k == 0 { whole % count } else { 0 };
        (id, Money(whole / count + rest))
    };
    others.chain([base]).map(part).collect()
}

impl Shards {
    /// What shard `k`'s engine takes as its first inputs.
    pub fn opening_budgets(&self, k: usize) -> Vec<BudgetBody> {
        let (shard, of) = (k as u16, self.all.len() as u32);
        let budget = |(currency, delta): &(CurrencyId, Money)| BudgetBody {
            delta: *delta,
            currency: currency.0,
            shard,
            parts: 1,
            of,
            ..BudgetBody::default()
        };
        self.all[k].opening.iter().map(budget).collect()
    }
}

impl Plan {
    /// The number of the only shard that the plan is of.
    pub fn shard(&self) -> Option<usize> {
        self.shards.as_ref()?.only
    }

    /// What its engine takes as its first inputs: the budget of the shard that it is of.
    pub fn opening_budgets(&self) -> Vec<BudgetBody> {
        match (&self.shards, self.shard()) {
            (Some(shards), Some(k)) => shards.opening_budgets(k),
            _ => Vec::new(),
        }
    }

    /// The plan of one shard of it. Its canonical text is that of the account with the shard's number, so that
    /// a journal that holds it is enough to build the shard's engine again.
    pub fn for_shard(&self, k: usize) -> Result<Plan, Diagnostics> {
        let (mut config, mut found) = crate::read("the plan", &self.canonical, Path::new("."))?;
        if let Some(shards) = &mut config.shards {
            shards.only = Some(k);
        }
        let mut plan = crate::compile(&config, &[], &mut found)?;
        let core = plan.shards.as_ref().and_then(|s| s.hot_cores.get(k).copied());
        if core.is_some() {
            plan.runtime.agents[Agent::Hot as usize].core = core;
        }
        Ok(plan)
    }

    /// What a venue is built from: the engine's plan with what the account, or the shard, opens with.
    pub fn venue(&self) -> Cow<'_, EnginePlan> {
        let Some((shards, k)) = self.shards.as_ref().zip(self.shard()) else {
            return Cow::Borrowed(&self.engine);
        };
        let mut engine = self.engine.clone();
        for (id, amount) in &shards.all[k].opening {
            engine.balances[id.index()] = *amount;
        }
        Cow::Owned(engine)
    }

    /// What a shard's hot thread does without work: it spins only where every shard owns a core and another one
    /// is left for everything else.
    pub fn shard_idle(&self, machine: &crate::Machine) -> (Idle, &'static str) {
        let (shards, cores) = self.shards.as_ref().map_or((0, 0), |s| (s.all.len(), s.hot_cores.len()));
        self.runtime.agent(Agent::Hot).idle.of_hot(cores > 0, shards, machine)
    }

    /// Shards that run side by side: each has a ring and a journal of its own.
    pub fn side_by_side(&self) -> usize {
        match &self.shards {
            Some(shards) if self.runtime.layout == Layout::Fused => shards.all.len(),
            _ => 1,
        }
    }

    /// Whether locking is tried at all: a run whose hot threads own no core is not about latency.
    pub fn locks_memory(&self) -> bool {
        match self.runtime.lock_memory {
            LockMemory::Auto => {
                let shards = self.shards.as_ref().filter(|_| self.runtime.layout == Layout::Fused);
                self.runtime.owns_core() || shards.is_some_and(|s| !s.hot_cores.is_empty())
            }
            LockMemory::On => true,
            LockMemory::Off => false,
        }
    }
}
