//! Threads held against the machine that they are to run on.

use crate::config::Config;
use crate::diagnostic::Diagnostics;
use crate::runtime::{Agent, Idle, Layout};
use crate::shards;
use std::collections::BTreeSet;

/// The processors of a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Processors that are there and on.
    pub online: BTreeSet<usize>,
    /// Processors that the scheduler leaves alone.
    pub isolated: BTreeSet<usize>,
}

impl Machine {
    /// A machine with that many processors, none of them isolated.
    pub fn of(processors: usize) -> Machine {
        Machine { online: (0..processors).collect(), isolated: BTreeSet::new() }
    }

    pub(crate) fn processors(&self) -> String {
        list(&self.online)
    }

    /// What a thread's core is, in words.
    pub(crate) fn core_text(&self, core: Option<usize>) -> String {
        match core {
            None => "not pinned".into(),
            Some(core) if !self.online.contains(&core) => {
                format!("core {core}, which this machine does not have (it has {})", self.processors())
            }
            Some(core) if self.isolated.contains(&core) => format!("core {core}, isolated"),
            Some(core) => format!("core {core}, not isolated"),
        }
    }
}

/// Numbers as ranges: `0-3,6`.
fn list(numbers: &BTreeSet<usize>) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let text = |(first, last): &(usize, usize)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    ranges.iter().map(text).collect::<Vec<_>>().join(",")
}

/// Holds the threads of a configuration against a machine: cores that it does not have, and threads that spin
/// on one core, are errors; a hot thread on a core that is not isolated is a warning.
pub fn check_threads(config: &Config, machine: &Machine, found: &mut Diagnostics) {
    let runtime = &config.runtime;
    shards::check_cores(config, machine, found);
    let threads = runtime.layout.threads();
    let spins = |agent: Agent| runtime.idle_of(agent, machine).0 == Idle::Spin;
    for agent in Agent::ALL.into_iter().filter(|agent| !threads.contains(agent)) {
        if runtime.agent(agent).core.is_some() {
            let (name, layout) = (agent.label(), runtime.layout.label());
            let known: Vec<&str> = threads.iter().map(|agent| agent.label()).collect();
            let reason = format!("layout `{layout}` has no {name} thread: its core has no effect");
            let remedy = match &known[..] {
                [] => "it has no threads of its own; remove the key".to_string(),
                known => format!("its threads are {}", known.join(", ")),
            };
            found.warn(config.thread_places[agent as usize], reason, remedy);
        }
    }
    for (at, &agent) in threads.iter().enumerate() {
        let (name, place) = (agent.label(), config.thread_places[agent as usize]);
        let Some(core) = runtime.agent(agent).core else {
            // The hot threads of shards have their cores elsewhere.
            if spins(agent) && (runtime.layout, agent) != (Layout::Fused, Agent::Hot) {
                let reason = format!(
                    "the {name} thread spins and is not pinned: it takes a core from whoever needs it"
                );
                found.warn(place, reason, "give it a `core`, or let it `yield`");
            }
            continue;
        };
        if !machine.online.contains(&core) {
            let reason =
                format!("the {name} thread is to run on core {core}, which this machine does not have");
            found.error(place, reason, format!("its processors are {}", machine.processors()));
            continue;
        }
        let sharing = threads[..at].iter().find(|other| runtime.agent(**other).core == Some(core));
        if let Some(other) = sharing {
            let (one, two) = (other.label(), name);
            if spins(agent) || spins(*other) {
                let reason = format!("the {one} and the {two} thread have one core, {core}, and spin");
                found.error(place, reason, "give each a core of its own, or let both `yield`: a thread that spins holds the other up for whole time slices");
            } else {
                let reason = format!("the {one} and the {two} thread have one core, {core}");
                found.warn(place, reason, "they take turns; give each a core of its own");
            }
        }
        if agent != Agent::Cold && !machine.isolated.contains(&core) {
            let reason = format!(
                "the {name} thread runs on core {core}, which is not isolated: other work interrupts it"
            );
            found.warn(place, reason, format!("start the kernel with isolcpus=managed_irq,domain,{core} nohz_full={core} rcu_nocbs={core}; see `pinion doctor`"));
        }
    }
}
