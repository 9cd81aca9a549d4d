//! One line of the audit, and how much it matters.

use crate::host::Host;
use crate::host::cpus::Cpus;
use serde_json::{Value, json};
use std::path::PathBuf;

/// How a setting compares with what is wanted, whoever's machine it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// As wanted.
    Good,
    /// Costs some latency.
    Minor,
    /// Spoils what isolated cores are for.
    Serious,
    /// Cannot be read here.
    Unknown,
}

/// A finding as it is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Good,
    Degraded,
    Bad,
    Unknown,
}

impl Status {
    /// Every status, in the order of the summary.
    pub const ALL: [Status; 4] = [Status::Good, Status::Degraded, Status::Bad, Status::Unknown];

    /// Its word.
    pub fn label(self) -> &'static str {
        match self {
            Status::Good => "good",
            Status::Degraded => "degraded",
            Status::Bad => "bad",
            Status::Unknown => "unknown",
        }
    }
}

/// One thing that was looked at.
pub struct Row {
    /// What it is called.
    pub name: &'static str,
    /// How it stands.
    pub finding: Finding,
    /// What is there.
    pub found: String,
    /// What should be there.
    pub wanted: String,
    /// What the difference costs.
    pub why: &'static str,
    /// The command or kernel parameter that changes it.
    pub mend: String,
}

impl Row {
    /// Only a host that keeps cores for hot threads can be bad: any other is given advice.
    pub fn status(&self, claims_isolation: bool) -> Status {
        match self.finding {
            Finding::Good => Status::Good,
            Finding::Serious if claims_isolation => Status::Bad,
            Finding::Minor | Finding::Serious => Status::Degraded,
            Finding::Unknown => Status::Unknown,
        }
    }

    /// The row for scripts.
    pub fn json(&self, group: &str, claims_isolation: bool) -> Value {
        json!({
            "group": group,
            "name": self.name,
            "status": self.status(claims_isolation).label(),
            "found": self.found,
            "wanted": self.wanted,
            "why": self.why,
            "mend": self.mend,
        })
    }
}

/// What is audited.
pub struct Subject {
    /// Where it is read from.
    pub host: Host,
    /// Processors that are there; empty when that cannot be read.
    pub online: Cpus,
    /// Cores kept for hot threads: those that were named, else those that the kernel isolates.
    pub hot: Cpus,
    /// Where the journal will lie.
    pub dir: Option<PathBuf>,
}

impl Subject {
    /// True when some cores are meant for hot threads alone.
    pub fn claims_isolation(&self) -> bool {
        !self.hot.is_empty()
    }

    /// The cores whose settings matter: the hot ones, or all when none are.
    pub fn watched(&self) -> &Cpus {
        if self.claims_isolation() { &self.hot } else { &self.online }
    }

    /// The hot cores as an argument.
    pub fn cores(&self) -> String {
        if self.claims_isolation() { self.hot.to_string() } else { "LIST".into() }
    }

    /// One or two cores that could be hot: the last ones, and at most half of all.
    pub fn example(&self) -> Cpus {
        let spare = (self.online.count() / 2).clamp(1, 2);
        let last = self.online.count().saturating_sub(spare);
        if self.online.is_empty() {
            [2, 3].into_iter().collect()
        } else {
            self.online.iter().skip(last).collect()
        }
    }

    /// The hot cores in a sentence.
    pub fn named(&self) -> String {
        if self.claims_isolation() { self.hot.to_string() } else { "hot cores".into() }
    }

    /// The command of a stage of `tuning/` that needs to know the hot cores; it is a dry run until `--yes` is
    /// added.
    pub fn stage(&self, stage: &str) -> String {
        format!("tuning/{stage} apply --cores {}", self.cores())
    }

    /// How a set that should hold every hot core does: what is there, and how bad that is.
    pub fn covered(&self, have: Option<Cpus>) -> (Finding, String) {
        let Some(have) = have else { return (Finding::Unknown, "not shown here".into()) };
        let missing = self.hot.without(&have);
        match (self.claims_isolation(), missing.is_empty()) {
            (false, _) => (Finding::Minor, have.to_string()),
            (true, true) => (Finding::Good, have.to_string()),
            (true, false) => (Finding::Serious, format!("{have}; not {missing}")),
        }
    }

    /// How a set that should hold no hot core does.
    pub fn kept_off(&self, have: Option<Cpus>) -> (Finding, String) {
        let Some(have) = have else { return (Finding::Unknown, "not shown here".into()) };
        let hit = self.hot.common(&have);
        match (self.claims_isolation(), hit.is_empty()) {
            (false, _) => (Finding::Minor, format!("{have}: no core is kept free")),
            (true, true) => (Finding::Good, have.to_string()),
            (true, false) => (Finding::Serious, format!("{have}; {hit} among them")),
        }
    }
}
