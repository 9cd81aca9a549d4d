//! Whether memory is where it should be and stays there; and what kernel protections cost.

use super::row::{Finding, Row, Subject};

const THP: &str = "sys/kernel/mm/transparent_hugepage";
/// What a run of a few instruments locks, with room: beside it a limit is no matter.
const LOCK_BYTES: u64 = 1 << 30;
/// May lock what it likes, whatever the limit.
const CAP_IPC_LOCK: u32 = 14;

/// The rows of this group.
pub fn rows(subject: &Subject) -> Vec<Row> {
    vec![
        transparent(subject),
        huge(subject),
        swap(subject),
        memlock(subject),
        statistics(subject),
        balancing(subject),
        numa(subject),
        mitigations(subject),
    ]
}

fn transparent(subject: &Subject) -> Row {
    let (enabled, defrag) =
        (subject.host.choice(&format!("{THP}/enabled")), subject.host.choice(&format!("{THP}/defrag")));
    let (finding, found) = match (enabled, defrag) {
        (None, _) => (Finding::Unknown, "not shown here".into()),
        (Some(enabled), defrag) => {
            let defrag = defrag.unwrap_or_else(|| "unknown".into());
            let stalls = enabled == "always" || (enabled != "never" && defrag == "always");
            let finding = if stalls { Finding::Minor } else { Finding::Good };
            (finding, format!("{enabled}, defrag {defrag}"))
        }
    };
    Row {
        name: "THP",
        finding,
        found,
        wanted: "madvise or never, defrag not always".into(),
        why: "the kernel stops a thread for 100 us to some ms to collect or to split a huge page",
        mend: "tuning/memory apply".into(),
    }
}

fn huge(subject: &Subject) -> Row {
    let host = &subject.host;
    let meminfo = host.text("proc/meminfo");
    let reserved = meminfo.as_deref().and_then(|text| {
        let line = text.lines().find_map(|l| l.strip_prefix("HugePages_Total:"))?;
        line.trim().parse::<u64>().ok()
    });
    let on_request = host.choice(&format!("{THP}/enabled")).map(|c| c != "never");
    let (finding, found) = match (reserved, on_request) {
        (Some(pages), _) if pages > 0 => (Finding::Good, format!("{pages} reserved")),
        (_, Some(true)) => (Finding::Good, "none reserved; THP on request".into()),
        (None, None) => (Finding::Unknown, "not shown here".into()),
        _ => (Finding::Minor, "none reserved, THP never".into()),
    };
    Row {
        name: "huge pages",
        finding,
        found,
        wanted: "some reserved, or THP on request".into(),
        why: "with 4 KiB pages large tables miss the TLB: 10-40 ns for each miss",
        mend: "tuning/memory apply (or vm.nr_hugepages=64)".into(),
    }
}

fn swap(subject: &Subject) -> Row {
    let areas = subject.host.text("proc/swaps").map(|text| text.lines().skip(1).count());
    let (finding, found) = match areas {
        None => (Finding::Unknown, "not shown here".into()),
        Some(0) => (Finding::Good, "none".into()),
        Some(n) => (Finding::Serious, format!("{n} in use, swappiness {}", swappiness(subject))),
    };
    Row {
        name: "swap",
        finding,
        found,
        wanted: "none".into(),
        why: "a page that was swapped out costs 100 us to 10 ms when it is touched again",
        mend: "tuning/memory apply".into(),
    }
}

fn swappiness(subject: &Subject) -> String {
    subject.host.line("proc/sys/vm/swappiness").unwrap_or_else(|| "unknown".into())
}

/// The soft limit on locked memory, in bytes.
fn lock_limit(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|l| l.strip_prefix("Max locked memory"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        bytes => bytes.parse().ok(),
    }
}

fn memlock(subject: &Subject) -> Row {
    let host = &subject.host;
    let limit = host.text("proc/self/limits").as_deref().and_then(lock_limit);
    let capable = host.text("proc/self/status").is_some_and(|text| {
        let mask = text.lines().find_map(|l| l.strip_prefix("CapEff:"));
        mask.and_then(|m| u64::from_str_radix(m.trim(), 16).ok()).is_some_and(|m| m >> CAP_IPC_LOCK & 1 == 1)
    });
    let (finding, found) = match limit {
        None => (Finding::Unknown, "not shown here".into()),
        Some(u64::MAX) => (Finding::Good, "unlimited".into()),
        Some(bytes) => {
            let size = format!("{} KiB", bytes >> 10);
            match (capable, bytes >= LOCK_BYTES) {
                (true, _) => (Finding::Good, format!("{size}, but CAP_IPC_LOCK")),
                (false, true) => (Finding::Good, size),
                (false, false) => (Finding::Serious, size),
            }
        }
    };
    Row {
        name: "memlock limit",
        finding,
        found,
        wanted: "unlimited, or 1 GiB and more".into(),
        why: "memory that is not locked may be taken away: a fault costs 1.5 us, from disk 1 ms",
        mend: "tuning/memory apply (or LimitMEMLOCK= in tuning/pinion.service)".into(),
    }
}

fn statistics(subject: &Subject) -> Row {
    let (finding, found) = match subject.host.number("proc/sys/vm/stat_interval") {
        None => (Finding::Unknown, "not shown here".into()),
        Some(seconds) if seconds >= 10 => (Finding::Good, format!("{seconds} s")),
        Some(seconds) => (Finding::Minor, format!("{seconds} s")),
    };
    Row {
        name: "vm.stat_interval",
        finding,
        found,
        wanted: "10 s and more".into(),
        why: "a kernel worker wakes on every core at this interval to add up counters: 1-5 us",
        mend: "tuning/memory apply".into(),
    }
}

fn balancing(subject: &Subject) -> Row {
    let (finding, found) = match subject.host.number("proc/sys/kernel/numa_balancing") {
        None if subject.online.is_empty() => (Finding::Unknown, "not shown here".into()),
        None => (Finding::Good, "not built into this kernel".into()),
        Some(0) => (Finding::Good, "off".into()),
        Some(_) => (Finding::Minor, "on".into()),
    };
    Row {
        name: "NUMA balancing",
        finding,
        found,
        wanted: "off".into(),
        why: "the kernel unmaps pages to see who uses them: a fault of 1-2 us each, and moves them",
        mend: "tuning/memory apply".into(),
    }
}

fn numa(subject: &Subject) -> Row {
    let host = &subject.host;
    const NODES: &str = "sys/devices/system/node";
    let number = |name: &String| name.strip_prefix("node")?.parse::<i64>().ok();
    let nodes: Vec<i64> = host.names(NODES).iter().filter_map(number).collect();
    let of_hot = |node: &&i64| {
        let cpus = host.cpus(&format!("{NODES}/node{node}/cpulist")).unwrap_or_default();
        !cpus.common(&subject.hot).is_empty()
    };
    let hot: Vec<i64> = nodes.iter().filter(of_hot).copied().collect();
    let far = super::network::cards(host).into_iter().find(|card| {
        let node = host.number(&format!("sys/class/net/{card}/device/numa_node")).filter(|n| *n >= 0);
        node.is_some_and(|n| !hot.contains(&n))
    });
    let (finding, found) = match (nodes.len(), hot.len(), far) {
        (0, _, _) => (Finding::Unknown, "not shown here".into()),
        (1, _, _) => (Finding::Good, "one node".into()),
        (n, 0, _) => (Finding::Minor, format!("{n} nodes, no core chosen")),
        (_, 1, None) => (Finding::Good, format!("hot cores and cards on node {}", hot[0])),
        (_, 1, Some(card)) => (Finding::Serious, format!("hot cores on node {}, {card} not", hot[0])),
        (_, n, _) => (Finding::Serious, format!("hot cores on {n} nodes")),
    };
    Row {
        name: "NUMA placement",
        finding,
        found,
        wanted: "hot cores and NIC on one node".into(),
        why: "memory and lines of another node cost 60-150 ns more for each miss",
        mend: "choose --cores from the NIC's node: cat /sys/class/net/*/device/numa_node".into(),
    }
}

fn mitigations(subject: &Subject) -> Row {
    let host = &subject.host;
    const FOLDER: &str = "sys/devices/system/cpu/vulnerabilities";
    let lines: Vec<String> =
        host.names(FOLDER).iter().filter_map(|n| host.line(&format!("{FOLDER}/{n}"))).collect();
    let [open, active] =
        ["Vulnerable", "Mitigation"].map(|w| lines.iter().filter(|l| l.starts_with(w)).count());
    let chosen = host.parameter("mitigations");
    let counts = format!("{active} active, {open} open");
    let (finding, found) = match (lines.is_empty(), chosen) {
        (true, _) => (Finding::Unknown, "not shown here".into()),
        (false, Some(choice)) => (Finding::Good, format!("{counts}; mitigations={choice}")),
        (false, None) if active + open == 0 => (Finding::Good, "none needed".into()),
        (false, None) => (Finding::Minor, format!("{counts}; nobody decided")),
    };
    Row {
        name: "CPU mitigations",
        finding,
        found,
        wanted: "a decision: mitigations= at boot".into(),
        why: "each system call pays 50-300 ns; switch them off only where all code is your own",
        mend: "kernel: mitigations=auto or mitigations=off (see tuning/cmdline.md)".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::lock_limit;

    #[test]
    fn the_soft_limit_is_read() {
        let limits =
            |soft| format!("Limit  Soft  Hard  Units\nMax locked memory         {soft}   x  bytes\n");
        assert_eq!(lock_limit(&limits("unlimited")), Some(u64::MAX));
        assert_eq!(lock_limit(&limits("8388608")), Some(8_388_608));
        assert_eq!(lock_limit("nothing"), None);
    }
}
