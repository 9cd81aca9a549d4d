//! What others may see of an engine.

use super::*;

impl Engine {
    /// Orders, account, risk and positions.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Positions, balances and marks.
    pub fn portfolio(&self) -> &Portfolio {
        &self.desk.portfolio
    }

    /// Equity in the base currency, while every rate that it needs is known.
    pub fn equity(&self) -> Option<Money> {
        self.desk.portfolio.equity()
    }

    /// Equity when it was first known.
    pub fn opening_equity(&self) -> Option<Money> {
        self.desk.account.opening()
    }

    /// When the account's next day begins, ns, and its equity when this one did; `None` before equity is known.
    #[inline]
    pub fn day(&self) -> Option<(i64, Money)> {
        let account = &self.desk.account;
        account.opening().map(|_| (account.next_day_ns(), account.day_start()))
    }

    /// Deepest fall of equity from its peak.
    pub fn max_drawdown(&self) -> Ratio {
        self.desk.account.worst().ratio()
    }

    /// Stopping level, and whether the daily and the drawdown halt stand.
    pub fn halts(&self) -> (u8, bool, bool) {
        (self.desk.level, self.desk.account.daily_halt, self.desk.account.drawdown_halt)
    }

    /// Orders that may be open at once.
    pub fn order_places(&self) -> usize {
        self.desk.orders.capacity()
    }

    /// Strategies, each counted once for every instrument that it trades.
    pub fn trader_count(&self) -> usize {
        self.traders.len()
    }

    /// New entries are stopped because the journal's link is filling up.
    pub fn is_degraded(&self) -> bool {
        self.desk.degraded
    }

    /// Orders that are not final.
    pub fn open_orders(&self) -> usize {
        self.desk.orders.open_count()
    }

    /// Counters of orders.
    pub fn counters(&self) -> &Counters {
        &self.desk.counters
    }

    /// Counters of inputs.
    pub fn inputs(&self) -> InputCounters {
        self.inputs
    }

    /// Number of the last input.
    pub fn seq(&self) -> u64 {
        self.desk.seq
    }

    /// Engine time, ns.
    pub fn now_ns(&self) -> i64 {
        self.desk.now_ns
    }

    /// Trades that came too late for their bar, over all series.
    pub fn late(&self) -> u64 {
        self.series.iter().map(|s| s.builder.late()).sum()
    }

    /// Each strategy's finished trades by instrument.
    pub fn trade_stats(&self) -> impl Iterator<Item = (u16, InstrumentId, &TradeStats)> {
        self.traders.iter().map(|t| (t.key().0, t.key().1, &t.stats))
    }

    /// The book of an instrument.
    pub fn book(&self, id: InstrumentId) -> &Book {
        &self.books[id.index()]
    }

    /// Working entries' reservations equal what the order table implies; for tests.
    pub fn reservations_agree(&self) -> bool {
        let implied = self.desk.orders.open_orders().fold(Money::ZERO, |sum, o| sum + o.reserved);
        let ids = (0..self.places.len() as u32).map(InstrumentId);
        let kept = ids.fold(Money::ZERO, |sum, id| {
            let [buys, sells] = self.desk.risk.reserved.of(id);
            sum + buys + sells
        });
        implied == kept
    }
}
