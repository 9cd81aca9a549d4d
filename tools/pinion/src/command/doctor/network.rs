//! What stands between the wire and the socket, as far as files tell.

use super::row::{Finding, Row, Subject};
use crate::host::Host;
use crate::host::cpus::Cpus;

const NET: &str = "sys/class/net";

/// Cards with a device behind them: not loopback, bridges or tunnels.
pub fn cards(host: &Host) -> Vec<String> {
    host.names(NET).into_iter().filter(|n| host.has(&format!("{NET}/{n}/device"))).collect()
}

/// The rows of this group.
pub fn rows(subject: &Subject) -> Vec<Row> {
    let cards = cards(&subject.host);
    vec![queues(subject, &cards), coalescing(subject, &cards), busy_poll(subject)]
}

fn queues(subject: &Subject, cards: &[String]) -> Row {
    let host = &subject.host;
    let (mut shown, mut steered) = (Vec::new(), Vec::new());
    for card in cards {
        let queues = host.names(&format!("{NET}/{card}/queues"));
        let count = |prefix| queues.iter().filter(|q| q.starts_with(prefix)).count();
        shown.push(format!("{card} {} rx {} tx", count("rx-"), count("tx-")));
        let masks = queues.iter().filter_map(|q| host.mask(&format!("{NET}/{card}/queues/{q}/rps_cpus")));
        steered.extend(masks.flat_map(|m| m.common(&subject.hot).iter().collect::<Vec<_>>()));
    }
    let steered: Cpus = steered.into_iter().collect();
    let (finding, found) = match (shown.is_empty(), steered.is_empty()) {
        (true, _) => (Finding::Unknown, "no network card is shown".into()),
        (false, true) => (Finding::Good, shown.join(", ")),
        (false, false) => (Finding::Serious, format!("{}; RPS to {steered}", shown.join(", "))),
    };
    Row {
        name: "NIC queues",
        finding,
        found,
        wanted: "packets not steered to hot cores".into(),
        why: "RPS hands a packet to another core by interrupt: 2-10 us there, and a cold cache",
        mend: format!("{}; ethtool -l and -g show the rest", subject.stage("network")),
    }
}

fn coalescing(subject: &Subject, cards: &[String]) -> Row {
    let host = &subject.host;
    // A card with deferred interrupts waits for the program's own polling; its timer matters no more.
    let setting = |card: &String, file: &str| host.number(&format!("{NET}/{card}/{file}")).unwrap_or(0);
    let deferred =
        |card: &&String| setting(card, "napi_defer_hard_irqs") > 0 && setting(card, "gro_flush_timeout") > 0;
    let polled = cards.iter().filter(deferred).count();
    let (finding, found) = match (cards.len(), polled) {
        (0, _) => (Finding::Unknown, "no network card is shown".into()),
        (all, polled) if all == polled => (Finding::Good, "interrupts deferred to polling".into()),
        _ => (Finding::Unknown, "no file tells: see ethtool -c".into()),
    };
    let card = cards.first().map_or("DEV", String::as_str);
    Row {
        name: "NIC coalescing",
        finding,
        found,
        wanted: "rx-usecs 0, adaptive off, LRO off".into(),
        why: "the card holds a packet back for up to rx-usecs (often 8-50 us) to save interrupts",
        mend: format!("{}; look: ethtool -c {card}; ethtool -k {card}", subject.stage("network")),
    }
}

fn busy_poll(subject: &Subject) -> Row {
    let (finding, found) = match subject.host.number("proc/sys/net/core/busy_read") {
        None => (Finding::Unknown, "not shown here".into()),
        Some(0) => (Finding::Minor, "off".into()),
        Some(us) => (Finding::Good, format!("{us} us")),
    };
    Row {
        name: "socket busy poll",
        finding,
        found,
        wanted: "net.core.busy_read=50, or Onload".into(),
        why: "a read that polls the card itself saves the interrupt and the wake-up: 5-30 us",
        mend: format!("{} (or onload --profile=tuning/pinion.opf)", subject.stage("network")),
    }
}
