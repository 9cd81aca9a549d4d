//! The account's measures over time: the day's loss and the fall from the peak, each against its limit.
//!
//! Limits are turned into floors of equity whenever the day starts or the peak rises, so that the check
//! on every tick is one comparison.

use crate::plan::RiskLimits;
use pinion_model::number::{Money, Ratio, mul_div_floor};
use serde::{Deserialize, Serialize};

const DAY_NS: i64 = 86_400_000_000_000;

/// A fall of equity as a fraction: `(from - to) / from`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawdown {
    /// The peak.
    pub from: Money,
    /// The lowest equity after it.
    pub to: Money,
}

impl Drawdown {
    /// The fraction in billionths, towards zero.
    pub fn ratio(&self) -> Ratio {
        if self.from.0 <= 0 {
            return Ratio(0);
        }
        let fall = (self.from - self.to).0.max(0);
        Ratio(i64::try_from(mul_div_floor(fall, Ratio::SCALE.into(), self.from.0)).unwrap_or(i64::MAX))
    }
}

/// What a new equity crossed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
    /// The day's loss limit.
    DailyLoss,
    /// The drawdown limit.
    Drawdown,
}

/// The measures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    max_daily_loss: Option<Ratio>,
    max_drawdown: Option<Ratio>,
    reset_at_ns: i64,
    next_day_ns: i64,
    /// Equity when it was first known.
    opening: Option<Money>,
    day_start: Money,
    /// Below any equity until the first one is known.
    peak: Money,
    trough: Money,
    worst: Drawdown,
    daily_floor: Money,
    drawdown_floor: Money,
    /// The higher of the two floors.
    alarm: Money,
    /// Entries stop until the next day.
    pub daily_halt: bool,
    /// Entries stop until an operator arms.
    pub drawdown_halt: bool,
}

impl Account {
    /// An account that opens with `equity`; where that needs a rate that nobody has quoted yet, with the first
    /// equity that it observes.
    pub fn new(limits: &RiskLimits, equity: Option<Money>) -> Account {
        let mut account = Account {
            max_daily_loss: limits.max_daily_loss,
            max_drawdown: limits.max_drawdown,
            reset_at_ns: i64::from(limits.reset_at_s) * 1_000_000_000,
            next_day_ns: i64::MIN,
            opening: None,
            day_start: Money::ZERO,
            peak: Money(i128::MIN),
            trough: Money::ZERO,
            worst: Drawdown::default(),
            daily_floor: Money(i128::MIN),
            drawdown_floor: Money(i128::MIN),
            alarm: Money(i128::MIN),
            daily_halt: false,
            drawdown_halt: false,
        };
        if let Some(equity) = equity {
            account.open(equity);
        }
        account
    }

    fn open(&mut self, equity: Money) {
        self.opening = Some(equity);
        (self.day_start, self.peak, self.trough) = (equity, equity, equity);
        self.worst = Drawdown { from: equity, to: equity };
        self.set_floors();
    }

    /// Equity when it was first known.
    pub fn opening(&self) -> Option<Money> {
        self.opening
    }

    fn set_floors(&mut self) {
        let floor = |from: Money, limit: Option<Ratio>| match limit {
            Some(limit) => from - from.mul_floor(limit),
            None => Money(i128::MIN),
        };
        self.daily_floor = floor(self.day_start, self.max_daily_loss);
        self.drawdown_floor = floor(self.peak, self.max_drawdown);
        self.alarm = self.daily_floor.max(self.drawdown_floor);
    }

    /// Starts a new day when `now_ns` has reached it; true when it did.
    #[inline]
    pub fn roll_day(&mut self, now_ns: i64, equity: impl FnOnce() -> Money) -> bool {
        if now_ns < self.next_day_ns {
            return false;
        }
        let since = (now_ns - self.reset_at_ns).div_euclid(DAY_NS);
        self.next_day_ns = (since + 1) * DAY_NS + self.reset_at_ns;
        self.daily_halt = false;
        if self.opening.is_some() {
            self.day_start = equity();
            self.set_floors();
        }
        true
    }

    /// Takes a new equity; returns a limit that it crossed for the first time.
    #[inline(always)]
    pub fn observe(&mut self, equity: Money) -> Option<Breach> {
        self.follow(equity);
        if equity > self.alarm { None } else { self.breach(equity) }
    }

    /// Takes a new equity unless it is one that may cross a limit.
    #[inline(always)]
    pub fn absorbs(&mut self, equity: Money) -> bool {
        let above = equity > self.alarm;
        if above {
            self.follow(equity);
        }
        above
    }

    #[inline(always)]
    fn follow(&mut self, equity: Money) {
        if equity > self.peak {
            self.rise(equity);
        }
        self.trough = self.trough.min(equity);
    }

    #[cold]
    fn rise(&mut self, equity: Money) {
        if self.opening.is_none() {
            return self.open(equity);
        }
        self.worst = self.worst();
        (self.peak, self.trough) = (equity, equity);
        self.set_floors();
    }

    #[cold]
    fn breach(&mut self, equity: Money) -> Option<Breach> {
        if equity <= self.drawdown_floor && !self.drawdown_halt {
            self.drawdown_halt = true;
            return Some(Breach::Drawdown);
        }
        if equity <= self.daily_floor && !self.daily_halt {
            self.daily_halt = true;
            return Some(Breach::DailyLoss);
        }
        None
    }

    /// The deepest fall so far.
    pub fn worst(&self) -> Drawdown {
        let current = Drawdown { from: self.peak, to: self.trough };
        if current.ratio() > self.worst.ratio() { current } else { self.worst }
    }

    /// An operator lifts the halts; the drawdown is measured from the present equity on.
    pub fn arm(&mut self, equity: Money) {
        if self.opening.is_none() {
            return;
        }
        self.worst = self.worst();
        (self.peak, self.trough) = (equity, equity);
        self.day_start = if self.daily_halt { equity } else { self.day_start };
        (self.daily_halt, self.drawdown_halt) = (false, false);
        self.set_floors();
    }

    /// Money came in or went out: what later equities are measured against moves with it, so that it is neither
    /// profit nor loss.
    pub fn transfer(&mut self, equity: Money, delta: Money) {
        let Some(opening) = self.opening else { return };
        self.worst = self.worst();
        self.opening = Some(opening + delta);
        self.day_start += delta;
        self.peak += delta;
        self.trough = equity;
        self.set_floors();
    }

    /// Nothing was ever gained, lost or held: an equity that becomes unknown is one that is not known yet.
    pub fn is_untouched(&self) -> bool {
        self.opening.is_none_or(|opening| opening.is_zero() && self.peak.is_zero() && self.trough.is_zero())
    }

    /// Opens with the next equity that is observed; for an account that is untouched.
    pub fn reopen(&mut self) {
        (self.opening, self.peak) = (None, Money(i128::MIN));
    }

    /// How much can be taken out before what is left would cross a limit.
    pub fn room(&self, equity: Money) -> Money {
        let limits = [(self.max_daily_loss, self.daily_floor), (self.max_drawdown, self.drawdown_floor)];
        let rooms = limits.into_iter().filter_map(|(limit, floor)| Some((limit.filter(|l| l.0 > 0)?, floor)));
        // A floor sinks by less than what is taken; it is rounded up, so two units stay between.
        rooms.fold(Money::MAX, |room, (limit, floor)| {
            let above = (equity - floor - Money(2)).0.max(0);
            room.min(Money(mul_div_floor(above, Ratio::SCALE.into(), limit.0.into())))
        })
    }

    /// When the next day begins, ns.
    #[inline]
    pub fn next_day_ns(&self) -> i64 {
        self.next_day_ns
    }

    /// Equity when the day began.
    pub fn day_start(&self) -> Money {
        self.day_start
    }

    /// Highest equity since the start or the last arming.
    pub fn peak(&self) -> Money {
        self.opening.map_or(Money::ZERO, |_| self.peak)
    }

    /// The equity below which entries stop: the day's floor and the drawdown's.
    pub fn floors(&self) -> (Money, Money) {
        (self.daily_floor, self.drawdown_floor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Account {
        let limits = RiskLimits {
            max_daily_loss: Some(Ratio(50_000_000)),
            max_drawdown: Some(Ratio(150_000_000)),
            ..RiskLimits::default()
        };
        Account::new(&limits, Some(Money(1000)))
    }

    #[test]
    fn the_daily_halt_ends_with_the_day_and_the_drawdown_halt_does_not() {
        let mut a = account();
        assert!(a.roll_day(5, || Money(1000)));
        assert_eq!(a.observe(Money(951)), None);
        assert_eq!(a.observe(Money(950)), Some(Breach::DailyLoss));
        assert_eq!(a.observe(Money(850)), Some(Breach::Drawdown));
        assert!(!a.roll_day(DAY_NS - 1, || Money(850)));
        assert!(a.roll_day(DAY_NS, || Money(850)));
        assert_eq!((a.daily_halt, a.drawdown_halt), (false, true));
        a.arm(Money(850));
        assert!(!a.drawdown_halt);
        assert_eq!(a.observe(Money(849)), None, "measured from the equity at arming");
        assert_eq!(a.worst().ratio(), Ratio(150_000_000));
    }

    #[test]
    fn an_account_opens_with_the_first_equity_that_is_known() {
        let limits = RiskLimits { max_daily_loss: Some(Ratio(50_000_000)), ..RiskLimits::default() };
        let mut a = Account::new(&limits, None);
        assert!(a.roll_day(5, || Money(7)));
        assert_eq!((a.opening(), a.peak(), a.day_start()), (None, Money::ZERO, Money::ZERO));
        assert_eq!(a.observe(Money(1000)), None);
        assert_eq!((a.opening(), a.peak(), a.day_start()), (Some(Money(1000)), Money(1000), Money(1000)));
        assert_eq!(a.observe(Money(950)), Some(Breach::DailyLoss), "of the day on which it opened");
    }

    #[test]
    fn the_worst_drawdown_is_the_deepest_fraction_not_the_largest_amount() {
        let mut a = Account::new(&RiskLimits::default(), Some(Money(100)));
        [60, 1000, 900].into_iter().for_each(|e| assert_eq!(a.observe(Money(e)), None));
        assert_eq!(a.worst(), Drawdown { from: Money(100), to: Money(60) });
    }
}
