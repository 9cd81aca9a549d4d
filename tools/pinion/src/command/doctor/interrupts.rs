//! Who else may interrupt a hot core, and who was seen to: devices, the balancer, the platform.

use super::row::{Finding, Row, Subject};
use std::time::{Duration, Instant};

/// How long the machine is watched.
const WATCH: Duration = Duration::from_millis(250);
/// Interrupts a second that a well kept core may still see: the kernel's own housekeeping once a second.
const QUIET_PER_SECOND: f64 = 20.0;

/// The rows of this group; they take as long as the watch.
pub fn rows(subject: &Subject) -> Vec<Row> {
    let host = &subject.host;
    let before = (host.text("proc/interrupts"), host.processor_ticks());
    let began = Instant::now();
    if host.is_live() {
        std::thread::sleep(WATCH);
    }
    let seconds = began.elapsed().as_secs_f64();
    let after = (host.text("proc/interrupts"), host.processor_ticks());
    let counts = before.0.zip(after.0).filter(|_| host.is_live());
    vec![
        affinity(subject),
        balancer(subject),
        seen(subject, counts.as_ref().map(|(b, a)| (b.as_str(), a.as_str(), seconds))),
        steal(before.1.zip(after.1)),
    ]
}

/// How an interrupt and the hot cores stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// It goes to one.
    Goes,
    /// It goes elsewhere, and may move to one.
    May,
    /// It belongs to one, and comes only when that one does input or output.
    Own,
    /// It stays elsewhere.
    Never,
}

/// `None` when its aim cannot be read. A new aim takes effect with the next interrupt, so that what the kernel
/// says of the present counts only together with what is allowed.
fn reach(subject: &Subject, irq: &str, managed: bool) -> Option<Reach> {
    let aim = |file| subject.host.cpus(&format!("proc/irq/{irq}/{file}")).filter(|c| !c.is_empty());
    let allowed = aim("smp_affinity_list")?;
    let goes = aim("effective_affinity_list").is_none_or(|now| !now.common(&subject.hot).is_empty());
    Some(if allowed.common(&subject.hot).is_empty() {
        Reach::Never
    } else if managed && allowed.without(&subject.hot).is_empty() {
        Reach::Own
    } else if goes {
        Reach::Goes
    } else if managed {
        Reach::Never
    } else {
        Reach::May
    })
}

fn affinity(subject: &Subject) -> Row {
    let host = &subject.host;
    let irqs: Vec<String> = host.names("proc/irq").into_iter().filter(|n| n.parse::<u32>().is_ok()).collect();
    // Those without a handler's folder cannot fire.
    let live = irqs.iter().filter(|n| host.has_folder_in(&format!("proc/irq/{n}")));
    // Told to, the kernel keeps those that it spreads itself away, whatever their aim says, but for those whose
    // aim is hot cores alone: queues that serve what these cores read and write, and silent while they do not.
    let managed = host.parameter("isolcpus").is_some_and(|p| p.contains("managed_irq"));
    let aims: Vec<(&str, Reach)> =
        live.filter_map(|n| Some((n.as_str(), reach(subject, n, managed)?))).collect();
    let (all, count) = (aims.len(), |reach| aims.iter().filter(|(_, r)| *r == reach).count());
    let (finding, found) = if aims.is_empty() {
        (Finding::Unknown, "not shown here".into())
    } else if !subject.claims_isolation() {
        (Finding::Minor, format!("{all} interrupts, on any core"))
    } else if count(Reach::Goes) > 0 {
        let hits = aims.iter().filter(|(_, r)| *r == Reach::Goes).map(|(n, _)| *n);
        let some = hits.take(6).collect::<Vec<_>>().join(" ");
        let more = if count(Reach::Goes) > 6 { " ..." } else { "" };
        (Finding::Serious, format!("{} of {all} go to hot cores: {some}{more}", count(Reach::Goes)))
    } else if count(Reach::May) > 0 {
        (Finding::Minor, format!("{all} elsewhere, {} may move to hot cores", count(Reach::May)))
    } else if count(Reach::Own) > 0 {
        (Finding::Minor, format!("{} of {all} serve hot cores' own I/O", count(Reach::Own)))
    } else {
        (Finding::Good, format!("{all} interrupts, none on {}", subject.hot))
    };
    Row {
        name: "IRQ affinity",
        finding,
        found,
        wanted: "every device's off the hot cores".into(),
        why: "a device's interrupt with its softirq takes 2-20 us from whatever ran there",
        mend: subject.stage("irq-affinity"),
    }
}

fn balancer(subject: &Subject) -> Row {
    let (finding, found) = match (subject.host.has("proc/1/comm"), subject.host.process(&["irqbalance"])) {
        (_, Some(_)) => (Finding::Minor, "running".into()),
        (true, None) => (Finding::Good, "no such process is seen".into()),
        (false, None) => (Finding::Unknown, "processes are not shown here".into()),
    };
    Row {
        name: "irqbalance",
        finding,
        found,
        wanted: "not running".into(),
        why: "it moves interrupts every 10 s, also onto cores that were cleared by hand",
        mend: subject.stage("irq-affinity"),
    }
}

fn seen(subject: &Subject, counts: Option<(&str, &str, f64)>) -> Row {
    let busiest = counts.and_then(|(before, after, seconds)| {
        let rate = |cpu| Some(per_cpu(after, cpu)?.saturating_sub(per_cpu(before, cpu)?) as f64 / seconds);
        let rates = subject.watched().iter().filter_map(|cpu| Some((cpu, rate(cpu)?)));
        rates.max_by(|a, b| a.1.total_cmp(&b.1))
    });
    let (finding, found) = match busiest {
        None if subject.host.is_live() => (Finding::Unknown, "not shown here".into()),
        None => (Finding::Unknown, "a copy cannot be watched".into()),
        Some((cpu, rate)) if rate <= QUIET_PER_SECOND => {
            (Finding::Good, format!("core {cpu}: {rate:.0} a second"))
        }
        Some((cpu, rate)) => (Finding::Minor, format!("core {cpu}: {rate:.0} a second")),
    };
    Row {
        name: "interrupts seen",
        finding,
        found,
        wanted: format!("at most {QUIET_PER_SECOND:.0} a second on a hot core"),
        why: "each one takes 1-20 us; this is what all settings above come to, watched for 0.25 s",
        mend: "watch -d cat /proc/interrupts, then the stage of whichever line moves".into(),
    }
}

/// All interrupts that a processor has had. Lines without a column for each (`ERR`, `MIS`) are no processor's.
fn per_cpu(interrupts: &str, cpu: usize) -> Option<u64> {
    let mut lines = interrupts.lines();
    let head: Vec<&str> = lines.next()?.split_whitespace().collect();
    let name = format!("CPU{cpu}");
    let column = head.iter().position(|h| *h == name)?;
    let count = |line: &str| {
        let cells: Vec<&str> = line.split_whitespace().skip(1).take(head.len()).collect();
        if cells.len() < head.len() { None } else { cells[column].parse::<u64>().ok() }
    };
    Some(lines.filter_map(count).sum())
}

fn steal(readings: Option<((u64, u64), (u64, u64))>) -> Row {
    let share = |(all, stolen): (u64, u64)| if all == 0 { 0.0 } else { 100.0 * stolen as f64 / all as f64 };
    let (finding, found) = match readings {
        None => (Finding::Unknown, "not shown here".into()),
        Some((before, after)) => {
            let now = share((after.0.saturating_sub(before.0), after.1.saturating_sub(before.1)));
            let since_boot = share(after);
            let finding = match now.max(since_boot) {
                most if most > 5.0 => Finding::Serious,
                most if most > 0.01 => Finding::Minor,
                _ => Finding::Good,
            };
            (finding, format!("{since_boot:.2} % since boot, {now:.1} % now"))
        }
    };
    Row {
        name: "steal time",
        finding,
        found,
        wanted: "none".into(),
        why: "what a hypervisor gives to another guest is a pause of up to some ms, at any time",
        mend: "no setting: use bare metal, or a guest with processors of its own".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Finding, per_cpu, steal};

    const TEXT: &str = "           CPU0       CPU2\n 24:          1          7  IO-APIC   5-edge  x\nLOC:     100        50   Local timer interrupts\nERR:          9\n";

    #[test]
    fn interrupts_are_summed_by_the_name_of_the_column() {
        assert_eq!(per_cpu(TEXT, 0), Some(101));
        assert_eq!(per_cpu(TEXT, 2), Some(57));
        assert_eq!(per_cpu(TEXT, 1), None);
    }

    #[test]
    fn steal_counts_since_boot_and_now() {
        assert_eq!(steal(Some(((1_000_000, 0), (1_000_100, 0)))).finding, Finding::Good);
        assert_eq!(steal(Some(((1_000_000, 500), (1_000_100, 500)))).finding, Finding::Minor);
        assert_eq!(steal(Some(((1_000_000, 0), (1_000_100, 9)))).finding, Finding::Serious);
    }
}
