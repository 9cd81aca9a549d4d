//! Whether time is cheap to read, steady, and right.

use super::row::{Finding, Row, Subject};

const DAEMONS: [&str; 6] = ["chronyd", "ntpd", "systemd-timesyn", "ptp4l", "phc2sys", "openntpd"];
const TSC: [&str; 2] = ["constant_tsc", "nonstop_tsc"];

/// The rows of this group.
pub fn rows(subject: &Subject) -> Vec<Row> {
    vec![source(subject), flags(subject), synchronised(subject)]
}

fn source(subject: &Subject) -> Row {
    let (finding, found) = match subject.host.clocksource() {
        None => (Finding::Unknown, "not shown here".into()),
        Some(name) => match name.as_str() {
            "tsc" | "arch_sys_counter" => (Finding::Good, name),
            "kvm-clock" | "hyperv_clocksource_tsc_page" => (Finding::Minor, name),
            _ => (Finding::Serious, name),
        },
    };
    Row {
        name: "clocksource",
        finding,
        found,
        wanted: "tsc".into(),
        why: "reading the time costs 20 ns by TSC, 40 by a hypervisor's page, 300-1000 by a device",
        mend: "tuning/clock apply (kernel: tsc=reliable, if the TSC is)".into(),
    }
}

fn flags(subject: &Subject) -> Row {
    let flags = subject.host.cpu_field("flags");
    let (finding, found) = match flags {
        None => (Finding::Unknown, "not shown here".into()),
        Some(flags) => {
            let lacking: Vec<&str> =
                TSC.into_iter().filter(|f| !flags.split_whitespace().any(|w| w == *f)).collect();
            if lacking.is_empty() {
                (Finding::Good, TSC.join(" "))
            } else {
                (Finding::Serious, format!("without {}", lacking.join(" ")))
            }
        }
    };
    Row {
        name: "TSC flags",
        finding,
        found,
        wanted: TSC.join(" "),
        why: "Pinion reads the TSC (10 ns); one that stops or changes speed falsifies every figure",
        mend: "no setting: another processor; in a guest, pass the host's flags through".into(),
    }
}

fn synchronised(subject: &Subject) -> Row {
    let host = &subject.host;
    let daemon = host.process(&DAEMONS);
    let by = daemon.as_ref().map_or(String::new(), |d| format!(", {d} runs"));
    let (finding, found) = match host.kernel_clock() {
        Some(clock) if clock.synchronized => (Finding::Good, format!("within {} us{by}", clock.max_error_us)),
        Some(_) => (Finding::Serious, format!("the kernel says not{by}")),
        None if daemon.is_some() => (Finding::Good, daemon.unwrap_or_default()),
        None if host.has("run/systemd/timesync/synchronized") => (Finding::Good, "systemd-timesyncd".into()),
        None if host.has("proc/1/comm") => (Finding::Serious, "no daemon for it is seen".into()),
        None => (Finding::Unknown, "not shown here".into()),
    };
    Row {
        name: "clock sync",
        finding,
        found,
        wanted: "held by chrony or PTP".into(),
        why: "a free clock drifts up to 4 s a day: venues refuse orders, ages of data are wrong",
        mend: "tuning/clock apply (apt install chrony)".into(),
    }
}
