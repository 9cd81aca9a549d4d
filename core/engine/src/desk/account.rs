//! Prices, limits of the account, its day, and what an operator says of it.

use super::*;

impl Desk {
    /// New prices of an instrument; checks the account's limits when they move equity.
    #[inline(always)]
    pub fn set_mark<S: Sink>(&mut self, id: InstrumentId, mark: Mark, sink: &mut S) {
        self.tell(DeskStep::Mark { id, mark }, sink);
        if self.portfolio.set_mark(id, mark) {
            self.hold_equity_against_limits(sink);
        }
    }

    /// No stop is held and strategies may act: a price does nothing but move equity.
    pub fn is_calm(&self) -> bool {
        self.held.is_empty() && self.level < 4
    }

    /// Holds the present equity against the account's limits.
    #[inline(always)]
    pub fn observe_equity<S: Sink>(&mut self, sink: &mut S) {
        self.tell(DeskStep::Observe, sink);
        self.hold_equity_against_limits(sink);
    }

    #[inline(always)]
    fn hold_equity_against_limits<S: Sink>(&mut self, sink: &mut S) {
        let Some(equity) = self.portfolio.equity() else { return };
        if let Some(breach) = self.account.observe(equity) {
            self.halt(breach, sink);
        }
    }

    #[cold]
    fn halt<S: Sink>(&mut self, breach: Breach, sink: &mut S) {
        let event = match breach {
            Breach::DailyLoss => AccountEvent::DailyLossHalt,
            Breach::Drawdown => AccountEvent::DrawdownHalt,
        };
        self.emit_account(event, Reason::Halted, sink);
        self.cancel_where(Reason::Halted, sink, |o| o.action == Action::Enter);
    }

    /// An operator's command: the stopping level, and what it says of the account.
    pub fn on_command<S: Sink>(&mut self, kind: CommandKind, sink: &mut S) {
        self.tell(DeskStep::Command(kind), sink);
        match kind {
            CommandKind::NoEntries => self.level = self.level.max(1),
            CommandKind::CancelEntries => self.level = self.level.max(2),
            CommandKind::Shutdown => {
                self.level_before_end.get_or_insert(self.level);
                self.level = self.level.max(2);
            }
            CommandKind::Resumed => self.leave_shutdown(),
            CommandKind::Flatten => self.level = self.level.max(3),
            CommandKind::HardStop => self.level = 4,
            CommandKind::HaltDay => self.account.daily_halt = true,
            CommandKind::HaltDrawdown => self.account.drawdown_halt = true,
            CommandKind::Arm => {
                self.level = 0;
                let equity = self.portfolio.equity().unwrap_or(self.account.peak());
                self.account.arm(equity);
            }
            CommandKind::Degraded => self.degraded = true,
            CommandKind::Recovered => self.degraded = false,
        }
        let event = match kind {
            CommandKind::Arm => AccountEvent::Armed,
            CommandKind::Degraded => AccountEvent::Degraded,
            CommandKind::Recovered => AccountEvent::Recovered,
            CommandKind::Resumed => AccountEvent::Resumed,
            CommandKind::HaltDay => AccountEvent::DailyLossHalt,
            CommandKind::HaltDrawdown => AccountEvent::DrawdownHalt,
            _ => AccountEvent::Stopped,
        };
        self.emit_account(event, reason_of(kind), sink);
        match kind {
            CommandKind::NoEntries
            | CommandKind::Arm
            | CommandKind::Degraded
            | CommandKind::Recovered
            | CommandKind::Resumed => {}
            CommandKind::CancelEntries
            | CommandKind::Shutdown
            | CommandKind::Flatten
            | CommandKind::HaltDay
            | CommandKind::HaltDrawdown => {
                self.cancel_where(reason_of(kind), sink, |o| o.action == Action::Enter);
            }
            CommandKind::HardStop => self.cancel_where(reason_of(kind), sink, |_| true),
        }
    }

    /// The level that the shutdown itself set goes; one that was set otherwise stays.
    fn leave_shutdown(&mut self) {
        if let Some(before) = self.level_before_end.take()
            && self.level == before.max(2)
        {
            self.level = before;
        }
    }

    /// The run was shut down and has not been taken up again.
    pub fn is_shut_down(&self) -> bool {
        self.level_before_end.is_some()
    }

    /// Starts a new day when it is time.
    #[inline(always)]
    pub fn roll_day<S: Sink>(&mut self, sink: &mut S) {
        if self.now_ns >= self.account.next_day_ns() {
            self.start_day(sink);
        }
    }

    #[cold]
    fn start_day<S: Sink>(&mut self, sink: &mut S) {
        let portfolio = &self.portfolio;
        let start = self.account.day_start();
        if self.account.roll_day(self.now_ns, || portfolio.equity().unwrap_or(start)) {
            self.emit_account(AccountEvent::DayStart, Reason::None, sink);
        }
    }

    /// Records a change of the account.
    pub fn emit_account<S: Sink>(&self, event: AccountEvent, reason: Reason, sink: &mut S) {
        sink.emit(&AccountBody {
            cause: self.seq,
            time_ns: self.now_ns,
            event: event.code(),
            level: self.level,
            reason: reason.code(),
            instrument: u32::MAX,
            reserved: 0,
            equity: self.portfolio.equity().unwrap_or_default(),
            peak: self.account.peak(),
            day_start: self.account.day_start(),
            cash: self.portfolio.balance(self.portfolio.base_currency()),
        });
    }
}

fn reason_of(kind: CommandKind) -> Reason {
    match kind {
        CommandKind::Shutdown => Reason::RunEnded,
        CommandKind::HaltDay | CommandKind::HaltDrawdown => Reason::Halted,
        _ => Reason::Operator,
    }
}
