//! The budget of a shard: money that comes and goes, and the shard's share of the account's absolute limits.
//!
//! A transfer is neither profit nor loss: the day's start and the peak move with it. What is asked for is given
//! only as far as it is free: bound in no position, margin or working entry, and not so much that what is left
//! would cross a loss limit. What was really given is an output, so that the other side of the transfer can be
//! told exactly that.

use crate::desk::Desk;
use crate::remote::DeskStep;
use crate::risk::Share;
use crate::sink::Sink;
use pinion_model::body::{BudgetBody, GrantBody};
use pinion_model::instrument::CurrencyId;
use pinion_model::number::Money;

impl Desk {
    /// Takes a budget; returns what moved.
    pub fn on_budget<S: Sink>(&mut self, budget: &BudgetBody, sink: &mut S) -> GrantBody {
        self.tell(DeskStep::Budget(*budget), sink);
        let currency = CurrencyId(budget.currency);
        let given = self.transfer(currency, budget.delta);
        let (risk, cx) = self.risk_and_context();
        let share = risk.set_share(Share { parts: budget.parts, of: budget.of }, &cx);
        let known = self.portfolio.has_currency(currency);
        let grant = GrantBody {
            cause: self.seq,
            time_ns: self.now_ns,
            asked: budget.delta,
            given,
            balance: if known { self.portfolio.balance(currency) } else { Money::ZERO },
            equity: self.portfolio.equity().unwrap_or_default(),
            parts: share.parts,
            of: share.of,
            currency: budget.currency,
            shard: budget.shard,
            reserved: 0,
        };
        sink.emit(&grant);
        grant
    }

    /// Moves money as far as it can be moved; returns how much.
    fn transfer(&mut self, currency: CurrencyId, delta: Money) -> Money {
        if !self.portfolio.has_currency(currency) {
            return Money::ZERO;
        }
        let given = if delta < Money::ZERO { -(-delta).min(self.free(currency)) } else { delta };
        let before = self.portfolio.equity();
        let priced = self.portfolio.to_base_floor(currency, given).is_some();
        if given.is_zero() || !(priced || self.account.is_untouched()) {
            return Money::ZERO;
        }
        self.portfolio.transfer(currency, given);
        match (before, self.portfolio.equity()) {
            (Some(before), Some(now)) => self.account.transfer(now, now - before),
            // The account opens once the rate of what it holds is known.
            (Some(_), None) => self.account.reopen(),
            (None, _) => {}
        }
        given
    }

    /// What may be taken out of a balance now. Only the base currency moves between shards.
    pub fn free(&self, currency: CurrencyId) -> Money {
        if currency != self.portfolio.base_currency() || self.account.daily_halt || self.account.drawdown_halt
        {
            return Money::ZERO;
        }
        let cx = self.context();
        let (Some(equity), Some(needed)) = (self.portfolio.equity(), self.risk.needed_equity(&cx)) else {
            return Money::ZERO;
        };
        let cash = self.portfolio.balance(currency) - self.risk.bound_cash(&cx, currency);
        cash.min(equity - needed).min(self.account.room(equity)).max(Money::ZERO)
    }
}
