//! What was said to a run from outside its recording, to be said again at the same places: an operator's commands
//! and the end of a session that was stopped.

use pinion_model::body::{Body, CommandBody, CommandKind};
use pinion_model::record::{Kind, Record};
use std::collections::VecDeque;

/// Whom a fused run's coordinator calls itself; what it says follows from the data and comes by itself.
pub const COORDINATOR: &str = "coordinator";

/// Commands by the number of inputs before them.
#[derive(Clone, Debug, Default)]
pub struct Script {
    commands: VecDeque<(u64, CommandBody)>,
}

impl Script {
    /// Notes a record, if it is a command that does not come by itself.
    pub fn note(&mut self, record: &Record) {
        if record.kind() != Some(Kind::Command) {
            return;
        }
        let command = CommandBody::from_bytes(&record.body);
        let operator = command.operator.split(|byte| *byte == 0).next().unwrap_or_default();
        if operator != COORDINATOR.as_bytes() {
            self.commands.push_back((command.seq - 1, command));
        }
    }

    /// Forgets what was noted: a snapshot holds what came of it.
    pub fn clear(&mut self) {
        self.commands.clear();
    }

    /// Inputs before the next command; `u64::MAX` when there is none.
    #[inline]
    pub fn next_at(&self) -> u64 {
        self.commands.front().map_or(u64::MAX, |(at, _)| *at)
    }

    /// The next command, if it stands right behind `inputs` inputs.
    pub fn take(&mut self, inputs: u64) -> Option<CommandBody> {
        (self.next_at() == inputs).then(|| self.commands.pop_front()).flatten().map(|(_, command)| command)
    }

    /// The next command is the last, and ends a session.
    pub fn is_last_shutdown(&self) -> bool {
        let mut commands = self.commands.iter();
        matches!((commands.next(), commands.next()), (Some((_, c)), None) if c.command == CommandKind::Shutdown.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(seq: u64, kind: CommandKind, operator: &str) -> Record {
        let body = CommandBody { seq, ..CommandBody::new(kind, operator, "") };
        Record::new(Kind::Command, 0, 0, body.to_bytes())
    }

    #[test]
    fn commands_come_at_their_places_and_the_coordinators_are_left_out() {
        let mut script = Script::default();
        script.note(&record(4, CommandKind::Flatten, "ana"));
        script.note(&record(5, CommandKind::HaltDay, COORDINATOR));
        script.note(&record(9, CommandKind::Shutdown, "pinion"));
        assert_eq!(script.next_at(), 3);
        assert!(script.take(2).is_none() && !script.is_last_shutdown());
        assert_eq!(script.take(3).map(|c| c.command), Some(CommandKind::Flatten.code()));
        assert_eq!(script.next_at(), 8);
        assert!(script.is_last_shutdown() && script.take(8).is_some());
        assert_eq!(script.next_at(), u64::MAX);
    }
}
