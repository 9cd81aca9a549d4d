//! A shard's hot thread: feed, engine and venue of its instruments, up to the gate; between events it takes what
//! the coordinator sends. It waits for nobody: at the gate it has no work.

use super::board::{Board, Standing};
use crate::session::keeper::Out;
use crate::session::layouts::Paper;
use pinion_model::body::{BudgetBody, CommandBody};
use pinion_runtime::agent::Agent;
use pinion_runtime::link::Rx;
use std::sync::Arc;

/// What the coordinator sends.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// Money moves.
    Budget(BudgetBody),
    /// An operator's command, or another shard's halt.
    Command(CommandBody),
}

/// Orders that may be on their way to a shard.
pub const ORDERS: usize = 256;

/// The agent.
pub struct ShardAgent<O, const FULL: bool> {
    /// What it works with.
    pub trading: Paper<O, FULL>,
    orders: Rx<Order>,
    board: Arc<Board>,
    taken: u64,
    /// Gate and orders taken when it last said that it rests.
    rested: Option<(i64, u64)>,
}

impl<O: Out, const FULL: bool> ShardAgent<O, FULL> {
    /// An agent at the start of its feed.
    pub fn new(trading: Paper<O, FULL>, orders: Rx<Order>, board: Arc<Board>) -> Self {
        ShardAgent { trading, orders, board, taken: 0, rested: None }
    }

    fn take_orders(&mut self) -> usize {
        let before = self.taken;
        while let Some(order) = self.orders.read() {
            match order {
                Order::Budget(budget) => self.board.set_given(self.trading.on_budget(&budget).given),
                Order::Command(command) => self.trading.on_command(command),
            }
            self.taken += 1;
        }
        (self.taken - before) as usize
    }

    /// Says that it rests, where it does and has not said so.
    fn rest(&mut self, gate_ns: i64) {
        let next_ns = if self.trading.is_done() {
            i64::MAX
        } else {
            match self.trading.next_event_ns().filter(|ns| *ns >= gate_ns) {
                // The last of all times is kept for the end.
                Some(next_ns) => next_ns.min(i64::MAX - 1),
                None => return,
            }
        };
        let now = (gate_ns, self.taken);
        if self.rested == Some(now) && next_ns < i64::MAX {
            return;
        }
        self.rested = Some(now);
        if self.trading.error.is_some() {
            self.board.fail();
        }
        self.board.rest(&self.standing(), next_ns, self.taken);
    }

    fn standing(&self) -> Standing {
        let engine = &self.trading.engine;
        let (level, daily_halt, drawdown_halt) = engine.halts();
        let base = engine.portfolio().base_currency();
        Standing {
            level,
            daily_halt,
            drawdown_halt,
            next_day_ns: engine.desk().account.next_day_ns(),
            equity: engine.equity(),
            free: engine.desk().free(base),
        }
    }
}

impl<O: Out, const FULL: bool> Agent for ShardAgent<O, FULL> {
    fn do_work(&mut self) -> usize {
        // The gate is read before the orders: those that were sent before it was raised come before its events.
        let gate_ns = self.board.gate_ns();
        self.trading.until_ns = gate_ns;
        let orders = self.take_orders();
        let work = orders + self.trading.do_work();
        self.rest(gate_ns);
        work
    }

    fn is_done(&self) -> bool {
        self.trading.is_done()
    }
}
