//! `pinion doctor`: audits a machine for low latency.
//!
//! It reads and never changes anything; each row names the command of `tuning/` that does. Exit code 0 when
//! nothing is bad, 1 when something is, and only a machine that keeps cores for hot threads can be bad.

mod clocks;
mod cores;
mod disk;
mod interrupts;
mod memory;
mod network;
mod power;
mod row;
mod table;

use crate::failure::Failure;
use crate::host::Host;
use crate::host::cpus::Cpus;
use crate::output::Output;
use clap::Args;
use row::{Row, Status, Subject};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Audit this machine for low latency: what it has, what is wanted, why, and what mends it
#[derive(Args)]
#[command(
    after_help = "Example: pinion doctor --cores 2-3 --dir runs\n         pinion doctor --json | jq '.rows[] | select(.status == \"bad\")'\n\nExit codes: 0 nothing is bad, 1 something is, 2 it could not be run as asked. Without --cores and without\nisolated cores a machine is given advice and is never bad."
)]
pub struct DoctorArgs {
    /// Cores meant for hot threads alone, e.g. 2-3 or 2,3; without it those that the kernel isolates
    #[arg(long, value_name = "LIST")]
    cores: Option<String>,
    /// Measure what a flush costs in the journal's directory (writes one page there, and removes it)
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Read /proc, /sys, /dev and /run under DIR: a copy of another machine's
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,
    #[command(flatten)]
    output: Output,
}

type Group = fn(&Subject) -> Vec<Row>;

const GROUPS: [(&str, Group); 7] = [
    ("cores", cores::rows),
    ("interrupts", interrupts::rows),
    ("power", power::rows),
    ("clocks", clocks::rows),
    ("memory", memory::rows),
    ("network", network::rows),
    ("disk", disk::rows),
];

/// What was found.
struct Audit {
    groups: Vec<(&'static str, Vec<Row>)>,
    claims_isolation: bool,
    cores: Cpus,
    /// Cores that this machine could spare.
    example: Cpus,
    machine: String,
}

/// `pinion doctor`.
pub fn doctor(args: DoctorArgs) -> Result<(), Failure> {
    let audit = Audit::of(&subject(&args)?);
    args.output.put(&audit.json(), &table::draw(&audit, table::coloured()))?;
    match audit.count(Status::Bad) {
        0 => Ok(()),
        1 => Err(Failure::Run("error: 1 row is bad".into())),
        bad => Err(Failure::Run(format!("error: {bad} rows are bad"))),
    }
}

/// Settles what is audited, and refuses what cannot be meant.
fn subject(args: &DoctorArgs) -> Result<Subject, Failure> {
    let usage = |text: String| Failure::Usage(format!("error: {text}"));
    for (option, dir) in [("--root", Some(&args.root)), ("--dir", args.dir.as_ref())] {
        if let Some(dir) = dir.filter(|d| !d.is_dir()) {
            return Err(usage(format!("{option}: there is no directory {}", dir.display())));
        }
    }
    let host = if args.root.as_os_str() == "/" { Host::live() } else { Host::copied(&args.root) };
    let online = host.online().unwrap_or_default();
    let hot = match &args.cores {
        None => host.isolated().unwrap_or_default(),
        Some(text) => Cpus::parse_list(text)
            .filter(|c| !c.is_empty())
            .ok_or_else(|| usage(format!("--cores: `{text}` is not a list of cores; write 2-3 or 2,3")))?,
    };
    let missing = hot.without(&online);
    if args.cores.is_some() && !online.is_empty() && !missing.is_empty() {
        return Err(usage(format!("--cores: there is no core {missing}; this machine has {online}")));
    }
    Ok(Subject { host, online, hot, dir: args.dir.clone() })
}

impl Audit {
    fn of(subject: &Subject) -> Audit {
        let (host, unknown) = (&subject.host, || "unknown".to_string());
        let machine = format!(
            "{}, {} cores online, kernel {}",
            host.cpu_model().unwrap_or_else(unknown),
            subject.online.count(),
            host.kernel().unwrap_or_else(unknown)
        );
        Audit {
            groups: GROUPS.iter().map(|(name, rows)| (*name, rows(subject))).collect(),
            claims_isolation: subject.claims_isolation(),
            cores: subject.hot.clone(),
            example: subject.example(),
            machine,
        }
    }

    fn rows(&self) -> impl Iterator<Item = (&'static str, &Row)> {
        self.groups.iter().flat_map(|(group, rows)| rows.iter().map(|r| (*group, r)))
    }

    fn count(&self, status: Status) -> usize {
        self.rows().filter(|(_, r)| r.status(self.claims_isolation) == status).count()
    }

    /// What the reader looks at, and what `hot` means.
    fn title(&self) -> String {
        let kept = if self.claims_isolation {
            format!("Hot cores, meant for the threads that trade and nothing else: {}.", self.cores)
        } else {
            format!(
                "No core is kept for hot threads (the threads that trade), so what follows is advice.\n\
                 Say which are meant for them with --cores, e.g. --cores {}.",
                self.example
            )
        };
        format!("Low-latency audit of {}\n{kept}\n\n", self.machine)
    }

    fn summary(&self) -> String {
        let counts: Vec<String> =
            Status::ALL.iter().map(|s| format!("{} {}", self.count(*s), s.label())).collect();
        let open = self.count(Status::Degraded) + self.count(Status::Unknown);
        let verdict = match (self.claims_isolation, self.count(Status::Bad), open) {
            (false, _, _) => "advice only: Pinion runs here, its worst cases are the machine's",
            (true, 0, 0) => "fit for hot threads on these cores",
            (true, 0, _) => "nothing is bad; look at what is degraded or unknown",
            (true, _, _) => "not fit yet: mend what is bad first",
        };
        format!(
            "{}: {verdict}.\nThe commands of tuning/ are dry runs until --yes is added; see tuning/README.md.\n",
            counts.join(", ")
        )
    }

    fn json(&self) -> Value {
        let rows: Vec<Value> = self.rows().map(|(group, r)| r.json(group, self.claims_isolation)).collect();
        let counts = Status::ALL.iter().map(|s| (s.label().to_string(), json!(self.count(*s))));
        json!({
            "machine": self.machine,
            "cores": self.cores.iter().collect::<Vec<_>>(),
            "claims_isolation": self.claims_isolation,
            "rows": rows,
            "summary": Value::Object(counts.collect()),
        })
    }
}
