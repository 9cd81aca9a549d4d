//! The coordinator: the caller's thread. It lets the shards go on together, looks at them while all of them
//! rest, turns one shard's halt into a command to the others, moves free cash, and hands the operator's commands
//! to all.
//!
//! Shards rest at the end of each step of data time, so what it sends depends on the data alone: a run with
//! transfers or halts can be repeated, operators excepted. A shard that ends early, fails or panics holds nobody
//! up: the others go on, or are stopped where the run has failed.

use super::account::Account;
use super::board::{Board, Standing};
use super::rebalance::{Purse, asks, gifts};
use super::shard::Order;
use crate::session::past::script::COORDINATOR;
use crate::session::run::Watch;
use crate::session::trading::Shared;
use pinion_engine::portfolio::account::Breach;
use pinion_model::body::{BudgetBody, CommandBody, CommandKind};
use pinion_model::number::Money;
use pinion_plan::Shards;
use pinion_runtime::idle::{Idle, IdleKind};
use pinion_runtime::link::{Rx, Tx};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Data time between looks at the shards where nothing is rebalanced: as long may a halt take to reach the others.
const STEP_NS: i64 = 1_000_000_000;

/// Time between looks at the operator.
const LOOK: Duration = Duration::from_millis(20);

/// The coordinator's side of a shard.
pub struct Member {
    /// What the shard shows.
    pub board: Arc<Board>,
    /// The link to it.
    pub orders: Tx<Order>,
    /// Its progress and its stop.
    pub shared: Arc<Shared>,
    sent: u64,
    /// Day of its last daily halt that the others know of.
    known_day_ns: Option<i64>,
    /// The others know of its drawdown halt.
    known_drawdown: bool,
}

impl Member {
    /// A shard that has been sent nothing.
    pub fn new(board: Arc<Board>, orders: Tx<Order>, shared: Arc<Shared>) -> Member {
        Member { board, orders, shared, sent: 0, known_day_ns: None, known_drawdown: false }
    }

    /// False when the shard has come to its end, or does not take what it was sent.
    fn send(&mut self, order: Order) -> bool {
        let can = !self.board.is_done() && self.orders.has_credits(1);
        if can {
            self.orders.push(order);
            self.sent += 1;
        }
        can
    }
}

/// The coordinator.
pub struct Coordinator<'a> {
    members: Vec<Member>,
    /// The account as it was seen last.
    pub account: Account,
    /// The session's own stop, which the operator sets, and progress.
    shared: Arc<Shared>,
    commands: Rx<CommandBody>,
    shards: &'a Shards,
    base_currency: u16,
    step_ns: i64,
    next_rebalance_ns: Option<i64>,
    /// Transfers made.
    pub transfers: u64,
    looked: Instant,
}

impl<'a> Coordinator<'a> {
    /// A coordinator of shards that have not begun.
    pub fn new(
        members: Vec<Member>,
        account: Account,
        shared: Arc<Shared>,
        commands: Rx<CommandBody>,
        shards: &'a Shards,
        base_currency: u16,
    ) -> Coordinator<'a> {
        Coordinator {
            members,
            account,
            shared,
            commands,
            shards,
            base_currency,
            step_ns: shards.rebalance_ns.map_or(STEP_NS, |ns| ns.min(STEP_NS)),
            next_rebalance_ns: None,
            transfers: 0,
            looked: Instant::now(),
        }
    }

    /// Until every shard is done; `is_finished` says whether a shard's thread has ended.
    pub fn run(&mut self, watch: &mut Watch, is_finished: impl Fn(usize) -> bool) {
        let mut idle = Idle::new(IdleKind::Backoff);
        while !self.is_over(&is_finished) {
            self.look(watch);
            self.heed_the_fallen(&is_finished);
            let rests = self.all_rest();
            if rests {
                self.at_rest(&is_finished);
            }
            idle.idle(usize::from(rests));
        }
        self.observe(i64::MAX);
        self.account.finish();
    }

    /// A shard whose thread ended without having come to its end never rests again: the others are stopped, so
    /// that they do not wait for it.
    fn heed_the_fallen(&self, is_finished: &impl Fn(usize) -> bool) {
        // In this order: a thread that has ended has said before whether it came to its end.
        let fell = |k: usize| is_finished(k) && !self.members[k].board.is_done();
        if (0..self.members.len()).any(fell) {
            self.shared.stop.store(true, Ordering::Relaxed);
        }
    }

    fn is_over(&self, is_finished: &impl Fn(usize) -> bool) -> bool {
        (0..self.members.len()).all(|k| self.members[k].board.is_done() || is_finished(k))
    }

    /// Looks at the operator and at what has failed, now and then.
    fn look(&mut self, watch: &mut Watch) {
        if self.looked.elapsed() >= LOOK {
            self.looked = Instant::now();
            watch.look();
            let events = self.members.iter().map(|m| m.shared.events.load(Ordering::Relaxed)).sum();
            self.shared.events.store(events, Ordering::Relaxed);
        }
        // What is said while shards repeat what they did waits until it is new to all of them.
        let repeats = |m: &Member| m.shared.repeats.load(Ordering::Relaxed);
        while !self.members.iter().any(repeats)
            && let Some(command) = self.commands.read()
        {
            self.command_all(command);
        }
        let broke = |m: &Member| m.shared.journal_failed.load(Ordering::Relaxed) || m.board.has_failed();
        let stopped = |m: &Member| m.shared.stop.load(Ordering::Relaxed);
        let stop = self.shared.stop.load(Ordering::Relaxed);
        if stop || self.members.iter().any(|m| broke(m) || stopped(m)) {
            self.members.iter().for_each(|m| m.shared.stop.store(true, Ordering::Relaxed));
        }
    }

    fn command_all(&mut self, command: CommandBody) {
        if command.command == CommandKind::Arm.code() {
            self.account.arm();
            for member in &mut self.members {
                (member.known_day_ns, member.known_drawdown) = (None, false);
            }
        }
        let mut missed = false;
        for member in &mut self.members {
            missed |= !member.send(Order::Command(command)) && !member.board.is_done();
        }
        if missed {
            // A shard that takes no orders any more cannot be trusted to stop by one.
            self.shared.stop.store(true, Ordering::Relaxed);
        }
    }

    fn all_rest(&self) -> bool {
        self.members.iter().all(|m| m.board.next_ns(m.sent).is_some())
    }

    /// Waits until every shard has taken what it was sent; false when one has ended instead.
    fn settle(&self, is_finished: &impl Fn(usize) -> bool) -> bool {
        let mut idle = Idle::new(IdleKind::Backoff);
        while !self.all_rest() {
            if (0..self.members.len()).any(|k| is_finished(k) && !self.members[k].board.is_done()) {
                return false;
            }
            idle.idle(0);
        }
        true
    }

    /// Every shard rests: halts, transfers, and the next step.
    fn at_rest(&mut self, is_finished: &impl Fn(usize) -> bool) {
        let next = self.members.iter().filter_map(|m| m.board.next_ns(m.sent)).min();
        let Some(next_ns) = next.filter(|ns| *ns < i64::MAX) else { return };
        self.observe(next_ns);
        self.spread_halts();
        if self.settle(is_finished) && self.is_rebalance_due(next_ns) {
            self.rebalance(is_finished);
        }
        let gate_ns = next_ns.div_euclid(self.step_ns).saturating_add(1).saturating_mul(self.step_ns);
        self.members.iter().for_each(|m| m.board.raise_gate(gate_ns));
    }

    /// Holds the sum of the shards against the account's own limits. While each shard is within its own the sum
    /// is, too; should that ever be wrong, the account halts all the same.
    fn observe(&mut self, now_ns: i64) {
        let equities = self.members.iter().map(|m| m.board.standing().equity);
        let kind = match self.account.observe(now_ns, equities) {
            None => return,
            Some(Breach::DailyLoss) => CommandKind::HaltDay,
            Some(Breach::Drawdown) => CommandKind::HaltDrawdown,
        };
        let standing: Vec<Standing> = self.members.iter().map(|m| m.board.standing()).collect();
        for (member, standing) in self.members.iter_mut().zip(standing) {
            let known =
                if kind == CommandKind::HaltDay { standing.daily_halt } else { standing.drawdown_halt };
            if !known {
                member.send(Order::Command(CommandBody::new(kind, COORDINATOR, "the account's limit")));
            }
        }
    }

    /// One shard's halt halts all, and its stopping level is the others' at least.
    fn spread_halts(&mut self) {
        let standings: Vec<Standing> = self.members.iter().map(|m| m.board.standing()).collect();
        let live: Vec<bool> = self.members.iter().map(|m| !m.board.is_done()).collect();
        for k in 0..self.members.len() {
            let from = standings[k];
            let is_new = from.daily_halt && self.members[k].known_day_ns != Some(from.next_day_ns);
            if is_new {
                self.members[k].known_day_ns = Some(from.next_day_ns);
                self.tell_others(k, CommandKind::HaltDay, |to| {
                    // A shard that is in the next day already would not be halted in a single account either.
                    !to.daily_halt && to.next_day_ns <= from.next_day_ns
                });
            }
            if from.drawdown_halt && !self.members[k].known_drawdown {
                self.members[k].known_drawdown = true;
                self.tell_others(k, CommandKind::HaltDrawdown, |to| !to.drawdown_halt);
            }
            let level = match from.level {
                1 => CommandKind::NoEntries,
                2 => CommandKind::CancelEntries,
                3 => CommandKind::Flatten,
                4 => CommandKind::HardStop,
                _ => continue,
            };
            // A shard that is done was stopped by its own end.
            if live[k] {
                self.tell_others(k, level, |to| to.level < from.level);
            }
        }
    }

    /// Sends a command because of shard `k` to those others that need it, and takes them as knowing.
    fn tell_others(&mut self, k: usize, kind: CommandKind, needs: impl Fn(&Standing) -> bool) {
        let note = format!("shard {k}");
        for other in (0..self.members.len()).filter(|other| *other != k) {
            let member = &mut self.members[other];
            let standing = member.board.standing();
            if needs(&standing) && member.send(Order::Command(CommandBody::new(kind, COORDINATOR, &note))) {
                match kind {
                    CommandKind::HaltDay => member.known_day_ns = Some(standing.next_day_ns),
                    CommandKind::HaltDrawdown => member.known_drawdown = true,
                    _ => {}
                }
            }
        }
    }

    fn is_rebalance_due(&mut self, next_ns: i64) -> bool {
        let Some(every_ns) = self.shards.rebalance_ns else { return false };
        let due = self.next_rebalance_ns.is_some_and(|due_ns| next_ns >= due_ns);
        if due || self.next_rebalance_ns.is_none() {
            let after = next_ns.div_euclid(every_ns).saturating_add(1).saturating_mul(every_ns);
            self.next_rebalance_ns = Some(after);
        }
        due
    }

    /// Evens out free cash: who has more than an equal share gives first, who has less gets exactly what was given.
    fn rebalance(&mut self, is_finished: &impl Fn(usize) -> bool) {
        let live: Vec<usize> =
            (0..self.members.len()).filter(|k| !self.members[*k].board.is_done()).collect();
        let standings: Vec<Standing> = live.iter().map(|k| self.members[*k].board.standing()).collect();
        let purse = |s: &Standing| {
            let halted = s.daily_halt || s.drawdown_halt || s.level > 0;
            s.equity.filter(|_| !halted).map(|equity| Purse { equity, free: s.free })
        };
        let Some(purses) = standings.iter().map(purse).collect::<Option<Vec<Purse>>>() else { return };
        let mut pot = Money::ZERO;
        for (k, ask) in live.iter().zip(asks(&purses)).filter(|(_, ask)| !ask.is_zero()) {
            self.transfers += 1;
            if self.transfer(*k, -ask) && self.settle(is_finished) {
                pot += -self.members[*k].board.given();
            }
        }
        for (k, gift) in live.iter().zip(gifts(&purses, pot)).filter(|(_, gift)| !gift.is_zero()) {
            self.transfer(*k, gift);
        }
        self.settle(is_finished);
    }

    fn transfer(&mut self, k: usize, delta: Money) -> bool {
        let of = self.members.len() as u32;
        let (currency, transfer, shard) = (self.base_currency, self.transfers, k as u16);
        self.members[k].send(Order::Budget(BudgetBody {
            delta,
            transfer,
            currency,
            shard,
            parts: 1,
            of,
            ..BudgetBody::default()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Control;
    use crate::progress::Progress;
    use crate::session::meters::Meters;
    use pinion_plan::Plan;
    use pinion_runtime::link::link;
    use pinion_runtime::ticks::Ticks;

    fn plan() -> Plan {
        let examples = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples"));
        let text = std::fs::read_to_string(examples.join("paper.yaml")).unwrap();
        let text = text.replace("layout: shared", "layout: fused\n  shards: 2");
        let (config, mut found) = pinion_plan::read("paper.yaml", &text, examples).unwrap();
        pinion_plan::compile(&config, &[], &mut found).unwrap()
    }

    #[test]
    fn a_shard_that_falls_holds_nobody_up() {
        let plan = plan();
        let boards = [(); 2].map(|()| Arc::new(Board::default()));
        let stops = [(); 2].map(|()| Arc::new(Shared::default()));
        let (members, _orders): (Vec<_>, Vec<_>) = (0..2)
            .map(|k| {
                let (tx, rx) = link(8);
                (Member::new(boards[k].clone(), tx, stops[k].clone()), rx)
            })
            .unzip();
        // The other shard rests at the gate, where it would stay, until it is told to stop.
        let (board, stop) = (boards[1].clone(), stops[1].clone());
        let standing = board.standing();
        let other = std::thread::spawn(move || {
            board.rest(&standing, 0, 0);
            let began = Instant::now();
            while !stop.stop.load(Ordering::Relaxed) && began.elapsed() < Duration::from_secs(20) {
                std::thread::yield_now();
            }
            let told = stop.stop.load(Ordering::Relaxed);
            board.rest(&standing, i64::MAX, 0);
            told
        });
        let shared = Arc::new(Shared::default());
        let (control, commands) = Control::start(None, &shared).unwrap();
        let progress = Progress::new(false, 0, shared.clone());
        let mut watch = Watch::new(control, progress, Meters::none(&Ticks::default()));
        let (account, shards) = (Account::new(&plan.engine.risk), plan.shards.as_ref().unwrap());
        let mut coordinator = Coordinator::new(members, account, shared, commands, shards, 0);
        coordinator.run(&mut watch, |k| k == 0);
        assert!(other.join().unwrap(), "the other shard was told to stop");
    }
}
