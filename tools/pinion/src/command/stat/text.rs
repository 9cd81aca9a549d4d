//! Draws a view in 80 columns: what runs, whether something is wrong, then the figures with their headings
//! and what is normal.

use super::findings::{Finding, Severity};
use super::units::{count, duration, share, short};
use super::view::{AgentView, SystemView, View};

/// Columns of a terminal.
const COLUMNS: usize = 80;

/// How to draw.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// With colours.
    pub colour: bool,
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }

    fn heading(self, left: &str, normal: &str) -> String {
        let gap = COLUMNS.saturating_sub(left.len() + normal.len()).max(2);
        format!("\n{}{}{}\n", self.paint("1", left), " ".repeat(gap), self.paint("2", normal))
    }
}

/// A view as text. With an earlier view of the same file, shares and rates are of the time since then.
pub fn draw(view: &View, before: Option<&View>, findings: &[Finding], style: Style) -> String {
    let mut out = title(view, style);
    out += &verdict(findings, style);
    out += &times(view, before, style);
    out += &system(view, style);
    out += &links(view, style);
    out += &feeds(view, style);
    out += &errors(view, style);
    let kind = match (view.in_memory, view.locked) {
        (true, true) => "in memory, locked",
        (true, false) => "in memory, not locked",
        _ => "on a disk's file system: a store to it may wait",
    };
    let kind = if view.state == "ended" || view.state == "failed" { "kept after the end" } else { kind };
    out + &style.paint("2", &format!("\nCounters: {} ({kind})", view.file)) + "\n"
}

fn title(view: &View, style: Style) -> String {
    let lasted = duration(view.elapsed_ns);
    let (code, state) = match view.state {
        "live" => ("32", format!("running for {lasted}")),
        "ended" => ("32", format!("ended after {lasted}")),
        "failed" => ("31", format!("ended by an error after {lasted}")),
        _ => ("31;1", format!("CRASHED after {lasted}")),
    };
    let started = time(view.started_ns.cast_signed(), "%Y-%m-%d %H:%M:%S UTC");
    let first = format!("{}: {}", style.paint("1", &view.run), style.paint(code, &state));
    let second = format!("process {}, started {started}, {}", view.pid, view.build);
    format!("{first}\n{}\n", style.paint("2", &second))
}

fn verdict(findings: &[Finding], style: Style) -> String {
    let mut out = String::new();
    if findings.iter().all(|f| f.severity == Severity::Note) {
        out += &format!("\n{}\n", style.paint("32;1", "Nothing is wrong."));
    } else {
        out += &format!("\n{}\n", style.paint("31;1", "Something is wrong:"));
    }
    for finding in findings {
        let (code, word) = match finding.severity {
            Severity::Wrong => ("31;1", "WRONG  "),
            Severity::Note => ("33", "note   "),
        };
        for (n, line) in wrap(&finding.text, COLUMNS - 9).iter().enumerate() {
            let lead = if n == 0 { style.paint(code, word) } else { " ".repeat(word.len()) };
            out += &format!("  {lead}{line}\n");
        }
    }
    out
}

/// Breaks text at spaces into lines of at most `columns`; a word that is longer stays whole.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line += word;
    }
    lines.push(line);
    lines
}

fn times(view: &View, before: Option<&View>, style: Style) -> String {
    let mut out = style.heading("Threads: what they do with their time", "normal: blocked 0%, slow 0");
    out += "              busy  idle blocked upkeep   items items/s longest  slow last input\n";
    for agent in &view.agents {
        let earlier = before.and_then(|v| v.agents.iter().find(|a| a.name == agent.name));
        out += &time_row(view, agent, earlier);
    }
    let slow = view.agents.iter().map(|a| a.slow_from_ns).max().unwrap_or(0);
    let legend = format!(
        "blocked: waited for another thread. upkeep: durable marks, new segments. longest, slow: a turn of its \
         loop; slow from {} on.{}",
        duration(slow.cast_signed()),
        if before.is_some() { " Shares and items/s are of the time since the last drawing." } else { "" }
    );
    out + &legend_lines(&legend, style)
}

fn legend_lines(text: &str, style: Style) -> String {
    wrap(text, COLUMNS - 2).iter().map(|line| format!("  {}\n", style.paint("2", line))).collect()
}

fn time_row(view: &View, agent: &AgentView, before: Option<&AgentView>) -> String {
    if !agent.started {
        return format!("  {:<11} has not started\n", agent.name);
    }
    let since = |now: u64, then: fn(&AgentView) -> u64| now - before.map_or(0, then).min(now);
    let total = since(agent.total_ns(), AgentView::total_ns);
    let part = |now: u64, then: fn(&AgentView) -> u64| share(since(now, then), total);
    let items = since(agent.items, |a| a.items);
    let rate = if total == 0 { 0.0 } else { items as f64 * 1e9 / total as f64 };
    let last = if view.state == "live" && !agent.ended {
        format!("{} ago", duration(agent.since_work_ns))
    } else if agent.ended {
        "ended".into()
    } else {
        format!("-{}", duration(agent.since_work_ns))
    };
    format!(
        "  {:<11} {:>4} {:>5} {:>7} {:>6} {:>7} {:>7} {:>7} {:>5} {:>10}\n",
        agent.name,
        part(agent.busy_ns, |a| a.busy_ns),
        part(agent.idle_ns, |a| a.idle_ns),
        part(agent.blocked_ns, |a| a.blocked_ns),
        part(agent.housekeeping_ns, |a| a.housekeeping_ns),
        short(agent.items as f64),
        short(rate),
        duration(agent.longest_ns.cast_signed()),
        short(agent.slow as f64),
        last
    )
}

fn system(view: &View, style: Style) -> String {
    let mut out =
        style.heading("Threads: what the system did to them", "normal on a hot thread: 0 after the start");
    out += "                 page faults    from disk       gave up core    taken off core\n";
    out += "               start    after start   after    start    after    start    after\n";
    for agent in view.agents.iter().filter(|a| a.started) {
        let after = agent.system_after_start;
        let pair = |of: fn(&SystemView) -> u64| match &after {
            Some(after) => [of(&agent.system) - of(after), of(after)].map(|n| short(n as f64)),
            None => [short(of(&agent.system) as f64), "-".into()],
        };
        let [minor, major] = [pair(|s| s.minor_faults), pair(|s| s.major_faults)];
        let [gave, taken] = [pair(|s| s.voluntary_switches), pair(|s| s.involuntary_switches)];
        out += &format!(
            "  {:<11} {:>6} {:>8} {:>5} {:>7} {:>8} {:>8} {:>8} {:>8}\n",
            agent.name, minor[0], minor[1], major[0], major[1], gave[0], gave[1], taken[0], taken[1]
        );
    }
    let mut legend = String::from("start: the first second, after: since then. Read about once a second.");
    legend += &match view.hot_allocations {
        Some(n) => format!(" Allocations on hot threads: {} (normal: 0).", count(n)),
        None => " Allocations on hot threads are not counted in this build.".into(),
    };
    out + &legend_lines(&legend, style)
}

fn links(view: &View, style: Style) -> String {
    if view.links.is_empty() {
        return style.heading("Links between threads", "") + "  none in this layout\n";
    }
    let mut out = style.heading("Links between threads", "normal: refused 0, lost 0");
    out += "                           holds             in use  most in use  refused   lost\n";
    for link in &view.links {
        let (used, most) = (share(link.in_use, link.depth), share(link.high_water, link.depth));
        out += &format!(
            "  {:<22} {:>7} {:<11} {:>6} {:>12} {:>8} {:>6}\n",
            link.name,
            count(link.depth),
            link.items,
            used,
            most,
            short(link.refused as f64),
            short(link.lost as f64)
        );
    }
    let legend = "refused: times that the sender asked for room and had to wait. most in use: the highest of the \
                  sender's looks, one a turn at most.";
    out + &legend_lines(legend, style)
}

fn feeds(view: &View, style: Style) -> String {
    let mut out = style.heading("Feed: lines that could not be read", "normal: none");
    for feed in &view.feeds {
        if feed.refused == 0 {
            out += &format!("  {}: none\n", feed.name);
        }
        for (reason, n) in feed.by_reason.iter().filter_map(|(name, n)| Some((name, n.as_u64()?))) {
            if n > 0 {
                out += &format!("  {:>11}  {reason}\n", count(n));
            }
        }
    }
    out
}

fn errors(view: &View, style: Style) -> String {
    let mut out = style.heading("Errors, each kind once", "normal: none");
    if view.errors.is_empty() {
        return out + "  none\n";
    }
    out += "        times  first     last      what (times are UTC)\n";
    for error in &view.errors {
        let (first, last) = (time(error.first_ns, "%H:%M:%S"), time(error.last_ns, "%H:%M:%S"));
        let lines = wrap(&format!("{}: {}", error.source, error.text), COLUMNS - 35);
        out += &format!("  {:>11}  {first}  {last}  {}\n", count(error.count), lines[0]);
        lines.iter().skip(1).for_each(|line| out += &format!("{:35}{line}\n", ""));
    }
    if view.errors_not_kept > 0 {
        out += &format!(
            "  {:>11}  more of other kinds, for which there was no place\n",
            count(view.errors_not_kept)
        );
    }
    out
}

fn time(ns: i64, format: &str) -> String {
    let time = jiff::Timestamp::from_nanosecond(i128::from(ns));
    time.map_or("-".into(), |time| time.strftime(format).to_string())
}
