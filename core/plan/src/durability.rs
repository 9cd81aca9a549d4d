//! How much of the journal outlives what: the levels, and each in words.

use crate::runtime::{JournalConfig, Layout};

/// What happens to the records that a session has made when something dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The journal follows behind: its thread copies the ring, and a sync follows the copies.
    Behind,
    /// As `behind`, and the ring lies in shared memory, which outlives the process.
    Staged,
    /// As `behind`, and an order leaves only when its record is kept; see [`Gate`].
    Gated,
}

impl Durability {
    /// Names, in the order of configuration's choice.
    pub const ALL: [(Durability, &'static str); 3] =
        [(Durability::Behind, "behind"), (Durability::Staged, "staged"), (Durability::Gated, "gated")];

    /// The word for it.
    pub fn label(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// Where an order's record must be before the order leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// In the journal's mapping: it outlives the process.
    Mapped,
    /// On disk: it outlives the machine.
    Disk,
}

impl Gate {
    /// Names, in the order of configuration's choice.
    pub const ALL: [(Gate, &'static str); 2] = [(Gate::Mapped, "mapped"), (Gate::Disk, "disk")];

    /// The word for it.
    pub fn label(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

impl Layout {
    /// Its trading thread and its journal have a ring between them.
    pub fn has_journal_ring(self) -> bool {
        !matches!(self, Layout::Invoker | Layout::Solo)
    }
}

impl JournalConfig {
    /// The gate, where orders wait at one.
    pub fn order_gate(&self) -> Option<Gate> {
        (self.durability == Durability::Gated).then_some(self.gate)
    }

    /// The level, what is lost by which death, and what it costs, in a layout with a ring of that many records.
    pub(crate) fn explain(&self, layout: Layout, ring: usize) -> Vec<(&'static str, String)> {
        let name = match self.order_gate() {
            Some(gate) => format!("gated, {}", gate.label()),
            None => self.durability.label().to_string(),
        };
        let level = match (self.durability, layout.has_journal_ring()) {
            (Durability::Staged, false) => {
                format!("{name}: this layout has no ring, so nothing is staged; it is as behind")
            }
            _ => name,
        };
        vec![
            ("durability", level),
            ("  a kill loses", self.lost_by_kill(layout, ring)),
            ("  a kernel crash or power cut loses", self.lost_by_crash(layout)),
            ("  costs", self.cost(layout)),
        ]
    }

    fn lost_by_kill(&self, layout: Layout, ring: usize) -> String {
        let in_ring = format!("what the journal's thread has not taken from the ring, up to {ring} records");
        match self.durability {
            _ if !layout.has_journal_ring() => {
                "the records of the input in work: all others are in the journal's mapping".into()
            }
            Durability::Behind => format!("{in_ring}; orders that left may be among them"),
            Durability::Staged => format!(
                "the records of the input in work: the ring outlives the process in {}, and the next start drains it",
                self.staged_dir
            ),
            Durability::Gated => format!("{in_ring}, but no order that left within the time-out"),
        }
    }

    fn lost_by_crash(&self, layout: Layout) -> String {
        let young = format!(
            "what is younger than the last durable mark, {} ms and the time of a sync",
            self.msync_ms
        );
        match (self.durability, self.gate) {
            (Durability::Gated, Gate::Disk) => {
                format!("{young}, but no order that left within the time-out")
            }
            (Durability::Staged, _) if layout.has_journal_ring() => {
                format!(
                    "{young}, and what is in the ring, whose memory goes too; orders that left may be among them"
                )
            }
            _ => format!("{young}; orders that left may be among them"),
        }
    }

    fn cost(&self, layout: Layout) -> String {
        let ring = layout.has_journal_ring();
        match (self.durability, self.gate) {
            (Durability::Behind, _) => "no order waits for the journal".into(),
            (Durability::Staged, _) if ring => {
                format!("no order waits for the journal; the ring takes memory of {}", self.staged_dir)
            }
            (Durability::Staged, _) => "no order waits for the journal".into(),
            (Durability::Gated, gate) => {
                let wait = match gate {
                    Gate::Mapped if !ring => "an order leaves after its input's records are in the mapping",
                    Gate::Mapped => "an order waits for the journal's thread to take its records",
                    Gate::Disk => "an order waits for a sync of the disk",
                };
                format!(
                    "{wait}; after {} ms entries are refused, and exits and cancels leave without",
                    self.gate_timeout_ms
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(durability: Durability, gate: Gate, layout: Layout) -> String {
        let journal = JournalConfig {
            archive_after_segments: 0,
            retain_segments: 0,
            segment_mb: 1,
            msync_ms: 200,
            msync_records: 0,
            snapshot_events: 0,
            durability,
            staged_dir: "/dev/shm".into(),
            gate,
            gate_timeout_ms: 250,
        };
        let rows = journal.explain(layout, 777);
        rows.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
    }

    #[test]
    fn each_level_says_what_it_loses_and_costs() {
        let behind = said(Durability::Behind, Gate::Mapped, Layout::Shared);
        assert!(behind.contains("up to 777 records; orders that left may be among them"), "{behind}");
        assert!(behind.contains("200 ms") && behind.contains("no order waits"), "{behind}");
        let staged = said(Durability::Staged, Gate::Mapped, Layout::Fused);
        assert!(staged.contains("in /dev/shm, and the next start drains it"), "{staged}");
        assert!(staged.contains("whose memory goes too"), "{staged}");
        let solo = said(Durability::Staged, Gate::Mapped, Layout::Solo);
        assert!(solo.contains("nothing is staged") && solo.contains("the input in work"), "{solo}");
        assert!(!solo.contains("/dev/shm"), "{solo}");
        let mapped = said(Durability::Gated, Gate::Mapped, Layout::Dedicated);
        assert!(
            mapped.contains("durability: gated, mapped\n") && mapped.contains("no order that left"),
            "{mapped}"
        );
        assert!(
            mapped.contains("sync; orders that left may be among them"),
            "the machine is another matter: {mapped}"
        );
        let disk = said(Durability::Gated, Gate::Disk, Layout::Solo);
        assert!(disk.contains("a sync of the disk; after 250 ms entries are refused"), "{disk}");
        assert!(disk.contains("of a sync, but no order that left"), "{disk}");
    }
}
