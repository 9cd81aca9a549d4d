//! Whether the hot cores belong to the hot threads alone: scheduler, tick, RCU, siblings, kernel workers.

use super::row::{Finding, Row, Subject};
use crate::host::cpus::Cpus;

/// The rows of this group.
pub fn rows(subject: &Subject) -> Vec<Row> {
    vec![
        isolated(subject),
        rest(subject),
        tick(subject),
        rcu(subject),
        siblings(subject),
        workers(subject),
        watchdogs(subject),
        real_time(subject),
    ]
}

fn boot(subject: &Subject) -> String {
    format!("{}, then reboot", subject.stage("boot-isolation"))
}

fn isolated(subject: &Subject) -> Row {
    let (mut finding, mut found) = subject.covered(subject.host.isolated());
    let booted = subject.host.parameter("isolcpus");
    if finding == Finding::Good && booted.is_some_and(|p| !p.contains("managed_irq")) {
        // Queue interrupts of disks and NICs are spread by the kernel itself, over every core that is not
        // isolated from them by name.
        finding = Finding::Minor;
        found += ", without managed_irq";
    }
    Row {
        name: "isolated cores",
        finding,
        found,
        wanted: if subject.claims_isolation() {
            format!("{} for hot threads alone", subject.hot)
        } else {
            "cores for hot threads alone, if any".into()
        },
        why: "on a shared core another thread may run for up to some ms before the hot one goes on",
        mend: format!(
            "{} (kernel: isolcpus=managed_irq,domain,{})",
            subject.stage("boot-isolation"),
            subject.cores()
        ),
    }
}

fn rest(subject: &Subject) -> Row {
    let rest = subject.online.without(&subject.hot);
    let finding = match (subject.online.is_empty(), rest.is_empty()) {
        (true, _) => Finding::Unknown,
        (false, true) => Finding::Serious,
        (false, false) => Finding::Good,
    };
    Row {
        name: "cores for the rest",
        finding,
        found: if subject.online.is_empty() { "not shown here".into() } else { rest.to_string() },
        wanted: "at least one that is not hot".into(),
        why: "interrupts, kernel work and cold threads need a core, or they run on a hot one",
        mend: "name fewer cores as hot, or use a larger machine".into(),
    }
}

fn tick(subject: &Subject) -> Row {
    let have = subject.host.cpus("sys/devices/system/cpu/nohz_full");
    let (finding, found) = if have.is_none() && !subject.online.is_empty() {
        (Finding::Serious, "not built into this kernel: it takes another".into())
    } else {
        subject.covered(have)
    };
    Row {
        name: "tick (nohz_full)",
        finding,
        found,
        wanted: format!("stopped on {}", subject.named()),
        why: "the scheduler's tick costs 2-5 us, 100 to 1000 times a second on each core",
        mend: format!("{} (kernel: nohz_full={})", boot(subject), subject.cores()),
    }
}

fn rcu(subject: &Subject) -> Row {
    let host = &subject.host;
    // Cores without the tick are offloaded as if they were named.
    let tickless = host.cpus("sys/devices/system/cpu/nohz_full").unwrap_or_default();
    let named = host.parameter("rcu_nocbs").map(|p| match p.as_str() {
        "all" => subject.online.clone(),
        list => Cpus::parse_list(list).unwrap_or_default(),
    });
    let have =
        host.command_line().map(|_| tickless.iter().chain(named.iter().flat_map(Cpus::iter)).collect());
    let (finding, found) = subject.covered(have);
    Row {
        name: "RCU callbacks",
        finding,
        found: format!("offloaded: {found}"),
        wanted: format!("offloaded from {}", subject.named()),
        why: "the kernel frees memory in softirqs on the core itself: bursts of 10-100 us",
        mend: format!("{} (kernel: rcu_nocbs={})", boot(subject), subject.cores()),
    }
}

fn siblings(subject: &Subject) -> Row {
    let list = |cpu: usize| {
        let path = format!("sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list");
        Some((cpu, subject.host.cpus(&path)?))
    };
    let lists: Vec<(usize, Cpus)> = subject.watched().iter().filter_map(list).collect();
    let awake = |(cpu, siblings): &(usize, Cpus)| {
        siblings.common(&subject.online).iter().filter(|s| s != cpu).collect::<Vec<_>>()
    };
    let shared: Cpus = lists.iter().flat_map(awake).collect();
    let (finding, found) = if lists.is_empty() {
        (Finding::Unknown, "not shown here".into())
    } else if shared.is_empty() {
        (Finding::Good, "every watched core is whole".into())
    } else if subject.claims_isolation() {
        (Finding::Serious, format!("{shared} share them and are online"))
    } else {
        (Finding::Minor, "two threads to a core".into())
    };
    Row {
        name: "SMT siblings",
        finding,
        found,
        wanted: "siblings of hot cores offline".into(),
        why: "a busy sibling takes up to half of the core and its caches: 1.3-2x on every step",
        mend: subject.stage("smt"),
    }
}

fn workers(subject: &Subject) -> Row {
    let (finding, found) = subject.kept_off(subject.host.mask("sys/devices/virtual/workqueue/cpumask"));
    Row {
        name: "kernel workers",
        finding,
        found,
        wanted: "unbound workqueues off hot cores".into(),
        why: "a kernel worker that is queued on a hot core preempts it for 5-50 us",
        mend: subject.stage("workqueues"),
    }
}

fn watchdogs(subject: &Subject) -> Row {
    let host = &subject.host;
    let [on, nmi] = ["watchdog", "nmi_watchdog"].map(|n| host.number(&format!("proc/sys/kernel/{n}")));
    let hit = subject.hot.common(&host.cpus("proc/sys/kernel/watchdog_cpumask").unwrap_or_default());
    let (finding, found) = match (on, nmi) {
        (None, None) => (Finding::Unknown, "not shown here".into()),
        (_, Some(1)) => (Finding::Minor, "NMI watchdog on".into()),
        (Some(1), _) if !hit.is_empty() => (Finding::Minor, format!("soft lockup watchdog on {hit}")),
        _ => (Finding::Good, "none on a hot core".into()),
    };
    Row {
        name: "lockup watchdogs",
        finding,
        found,
        wanted: "off, or off the hot cores".into(),
        why: "they wake every core each few seconds (some us), and hold a performance counter",
        mend: subject.stage("workqueues"),
    }
}

fn real_time(subject: &Subject) -> Row {
    let runtime = subject.host.number("proc/sys/kernel/sched_rt_runtime_us");
    let (finding, found) = match runtime {
        None => (Finding::Unknown, "not shown here".into()),
        Some(-1) if !subject.claims_isolation() => (Finding::Minor, "off, with no core isolated".into()),
        Some(-1) => (Finding::Good, "off".into()),
        Some(us) => (Finding::Good, format!("{us} us of each second")),
    };
    Row {
        name: "RT throttling",
        finding,
        found,
        wanted: "on, unless cores are isolated".into(),
        why: "off, a SCHED_FIFO thread that spins hangs its core; Pinion's have normal policy",
        mend: "sysctl kernel.sched_rt_runtime_us=950000".into(),
    }
}
