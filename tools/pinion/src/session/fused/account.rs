//! The account of a fused run: the sum of its shards, looked at while all of them rest at one time of the data.

use crate::equity::EquityCurve;
use pinion_engine::plan::RiskLimits;
use pinion_engine::portfolio::account::{Account as Measures, Breach};
use pinion_model::number::{Money, Ratio};

/// Measures of the sum.
pub struct Account {
    measures: Measures,
    equity: Option<Money>,
    now_ns: i64,
    /// Equity over time.
    pub curve: EquityCurve,
}

impl Account {
    /// An account whose equity is not known yet.
    pub fn new(limits: &RiskLimits) -> Account {
        Account {
            measures: Measures::new(limits, None),
            equity: None,
            now_ns: i64::MIN,
            curve: EquityCurve::default(),
        }
    }

    /// Takes the shards' equities at one time; a limit of the account that their sum crossed. Where one of them is
    /// unknown the sum is, too.
    pub fn observe(&mut self, now_ns: i64, equities: impl Iterator<Item = Option<Money>>) -> Option<Breach> {
        let equity = sum(equities)?;
        self.equity = Some(equity);
        let breach = self.measures.observe(equity);
        if now_ns < i64::MAX && now_ns > i64::MIN {
            self.now_ns = now_ns;
            let began = self.measures.roll_day(now_ns, || equity);
            self.curve.observe_account(began.then_some((now_ns, equity)), equity);
        }
        breach
    }

    /// An operator lifted the halts.
    pub fn arm(&mut self) {
        if let Some(equity) = self.equity {
            self.measures.arm(equity);
        }
    }

    /// The run is over.
    pub fn finish(&mut self) {
        if let (Some(equity), false) = (self.equity, self.curve.daily.is_empty()) {
            self.curve.daily.push((self.now_ns, equity));
            self.curve.line.push(equity);
        }
    }

    /// Equity when it was first known, and now.
    pub fn equities(&self) -> (Option<Money>, Option<Money>) {
        (self.measures.opening(), self.equity)
    }

    /// Deepest fall from a peak.
    pub fn max_drawdown(&self) -> Ratio {
        self.measures.worst().ratio()
    }
}

fn sum(mut equities: impl Iterator<Item = Option<Money>>) -> Option<Money> {
    equities.try_fold(Money::ZERO, |sum, equity| Some(sum + equity?))
}
