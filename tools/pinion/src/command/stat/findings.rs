//! Says in words whether something is wrong, and what to do about it.

use super::units::{count, duration};
use super::view::{AgentView, View};
use serde::Serialize;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Note,
    /// Something is wrong.
    Wrong,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What it says.
    pub text: String,
}

/// A live process whose main thread has not looked for so long does not come round to it.
const SILENT_NS: i64 = 5_000_000_000;
/// A live thread without a turn for so long hangs, or waits for something that does not come.
const STUCK_NS: i64 = 5_000_000_000;
/// Times in a second that a thread may lose its processor before it is worth a word.
const TAKEN_OFF_PER_SECOND: u64 = 20;

/// All findings, the worst first.
pub fn findings(view: &View) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut add = |severity, text: String| found.push(Finding { severity, text });
    of_session(view, &mut add);
    of_links(view, &mut add);
    view.agents.iter().for_each(|agent| of_agent(view, agent, &mut add));
    of_feeds(view, &mut add);
    found.sort_by_key(|f| std::cmp::Reverse(f.severity));
    found
}

fn of_session(view: &View, add: &mut dyn FnMut(Severity, String)) {
    if view.state == "crashed" {
        let verify = match view.directory.as_str() {
            "" => String::new(),
            dir => format!(" `pinion journal verify {dir}` says how far its journal goes."),
        };
        let text = format!(
            "crashed: process {} is gone without an end; what stands here is what it had counted until then.{verify}",
            view.pid
        );
        add(Severity::Wrong, text);
    }
    if view.state == "live" && view.since_look_ns > SILENT_NS {
        let text = format!(
            "session: its main thread was last heard of {} ago: the process is stopped, or gets no processor",
            duration(view.since_look_ns)
        );
        add(Severity::Wrong, text);
    }
    if let Some(allocations @ 1..) = view.hot_allocations {
        let text =
            format!("session: {} allocations on hot threads: a defect, please report it", count(allocations));
        add(Severity::Wrong, text);
    }
    for error in view.errors.iter().filter(|e| e.source != "feed") {
        add(Severity::Wrong, format!("{}: {}", error.source, error.text));
    }
}

fn of_links(view: &View, add: &mut dyn FnMut(Severity, String)) {
    for link in &view.links {
        let (from, to) = link.name.split_once(" -> ").unwrap_or((&link.name, "its receiver"));
        if link.lost > 0 {
            let text = format!(
                "{from}: {} {} were dropped: {to} did not keep up, what it holds was stale",
                count(link.lost),
                link.items
            );
            add(Severity::Wrong, text);
        }
        if link.refused == 0 {
            continue;
        }
        let what = if to == "cold" { "the journal" } else { to };
        let refused = count(link.refused);
        let waited = view.agents.iter().find(|a| a.name == from).map_or(0, |a| a.blocked_ns.cast_signed());
        let said = format!(
            "{to}: {refused} credits refused: {what} did not keep up and {from} waited {} in all",
            duration(waited)
        );
        if view.recorded {
            let text = format!("{said}. From a recording, which comes as fast as it can, that is normal");
            add(Severity::Note, text);
        } else {
            let remedy = "a deeper ring bridges short waits, a faster disk or a core for it longer ones";
            add(Severity::Wrong, format!("{said}: {remedy}"));
        }
    }
}

fn of_agent(view: &View, agent: &AgentView, add: &mut dyn FnMut(Severity, String)) {
    let name = &agent.name;
    if view.state == "live" && agent.is_at_work() && agent.since_turn_ns > STUCK_NS {
        let text = format!(
            "{name}: has not come back from its work for {}: it hangs, or waits for a disk or another thread",
            duration(agent.since_turn_ns)
        );
        add(Severity::Wrong, text);
    }
    if agent.slow > 0 {
        let text = format!(
            "{name}: {} of {} turns took {} or longer, the longest {}: it waited for a disk or for its processor",
            count(agent.slow),
            count(agent.duty_cycles),
            duration(agent.slow_from_ns.cast_signed()),
            duration(agent.longest_ns.cast_signed())
        );
        add(Severity::Note, text);
    }
    let Some(after) = agent.system_after_start else { return };
    if after.major_faults > 0 {
        let text = format!(
            "{name}: {} page faults read a disk after the start: memory was swapped out or mapped late",
            count(after.major_faults)
        );
        add(if name == "cold" { Severity::Note } else { Severity::Wrong }, text);
    }
    let seconds = view.elapsed_ns.max(1).cast_unsigned() / 1_000_000_000;
    if name != "cold" && after.involuntary_switches > TAKEN_OFF_PER_SECOND * seconds.max(1) {
        let text = format!(
            "{name}: taken off its processor {} times: other programs share it; `pinion doctor` says how to give \
             it a core of its own",
            count(after.involuntary_switches)
        );
        add(Severity::Note, text);
    }
}

fn of_feeds(view: &View, add: &mut dyn FnMut(Severity, String)) {
    for feed in view.feeds.iter().filter(|feed| feed.refused > 0) {
        let reasons =
            feed.by_reason.iter().filter_map(|(name, n)| Some((name, n.as_u64().filter(|n| *n > 0)?)));
        let reasons: Vec<String> = reasons.map(|(name, n)| format!("{name} ({})", count(n))).collect();
        let lines = if feed.refused == 1 { "line was" } else { "lines were" };
        let text = format!(
            "{}: {} {lines} refused and skipped: {}",
            feed.name,
            count(feed.refused),
            reasons.join(", ")
        );
        add(Severity::Note, text);
    }
}
