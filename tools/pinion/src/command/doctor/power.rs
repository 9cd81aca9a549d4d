//! Whether the hot cores run at one speed and never sleep.

use super::row::{Finding, Row, Subject};

/// Waking from deeper states than this is felt, in microseconds; C1 is at 1 or 2.
const WAKE_US: i64 = 2;
const CPU: &str = "sys/devices/system/cpu";

/// The rows of this group.
pub fn rows(subject: &Subject) -> Vec<Row> {
    vec![governor(subject), sleep_states(subject), turbo(subject)]
}

fn governor(subject: &Subject) -> Row {
    let governors = subject.watched().iter().filter_map(|cpu| Some((cpu, subject.host.governor(cpu)?)));
    let governors: Vec<(usize, String)> = governors.collect();
    let slow = governors.iter().find(|(_, governor)| governor != "performance");
    let (finding, found) = match (governors.first(), slow) {
        (None, _) => (Finding::Unknown, "not shown (usual in a virtual machine)".into()),
        (_, Some((cpu, governor))) => (Finding::Serious, format!("{governor} on core {cpu}")),
        (Some(_), None) => (Finding::Good, "performance".into()),
    };
    Row {
        name: "governor",
        finding,
        found,
        wanted: "performance".into(),
        why: "the core slows down while it waits, and takes 10 us to 10 ms to speed up again",
        mend: subject.stage("frequency"),
    }
}

/// The deepest state that a core may enter: its name and the time to wake from it.
fn deepest(subject: &Subject, cpu: usize) -> Option<(String, i64)> {
    let host = &subject.host;
    let folder = format!("{CPU}/cpu{cpu}/cpuidle");
    let states = host.names(&folder).into_iter().filter_map(|state| {
        let at = format!("{folder}/{state}");
        let off = host.number(&format!("{at}/disable")).is_some_and(|d| d != 0);
        let wake = host.number(&format!("{at}/latency"))?;
        (!off).then(|| (host.line(&format!("{at}/name")).unwrap_or(state), wake))
    });
    states.max_by_key(|(_, wake_us)| *wake_us)
}

fn sleep_states(subject: &Subject) -> Row {
    let host = &subject.host;
    let asked = host.bytes("dev/cpu_dma_latency").and_then(|b| Some(i32::from_ne_bytes(b.try_into().ok()?)));
    let states = subject.watched().iter().filter_map(|cpu| deepest(subject, cpu).map(|(n, us)| (cpu, n, us)));
    let deepest = states.max_by_key(|(_, _, us)| *us);
    let polls = host.parameter("idle").is_some_and(|idle| idle == "poll");
    let (finding, found) = match (deepest, asked) {
        _ if polls => (Finding::Good, "idle=poll: never asleep".into()),
        (_, Some(us)) if i64::from(us) <= WAKE_US => {
            (Finding::Good, format!("cpu_dma_latency held at {us} us"))
        }
        (None, _) => (Finding::Unknown, "no cpuidle states are shown".into()),
        (Some((_, name, us)), _) if us <= WAKE_US => {
            (Finding::Good, format!("no deeper than {name}, {us} us"))
        }
        (Some((cpu, name, us)), _) => (Finding::Serious, format!("core {cpu} to {name}, {us} us to wake")),
    };
    Row {
        name: "C-states",
        finding,
        found,
        wanted: format!("none that takes over {WAKE_US} us to wake"),
        why: "a core that slept wakes in 10-200 us, with cold caches",
        mend: format!("{} (kernel: intel_idle.max_cstate=1)", subject.stage("c-states")),
    }
}

fn turbo(subject: &Subject) -> Row {
    let host = &subject.host;
    let on = host.number(&format!("{CPU}/intel_pstate/no_turbo")).map(|off| off == 0);
    let on = on.or_else(|| host.number(&format!("{CPU}/cpufreq/boost")).map(|on| on != 0));
    let (finding, found) = match on {
        None => (Finding::Unknown, "not shown (usual in a virtual machine)".into()),
        Some(true) => (Finding::Minor, "on".into()),
        Some(false) => (Finding::Good, "off".into()),
    };
    Row {
        name: "turbo",
        finding,
        found,
        wanted: "off, or on after measuring jitter".into(),
        why: "each change of speed halts the core for 10-30 us, when heat or neighbours ask for it",
        mend: format!("{} --turbo off", subject.stage("frequency")),
    }
}
