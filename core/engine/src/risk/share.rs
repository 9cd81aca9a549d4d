//! The share of the account's absolute limits that an engine may use.
//!
//! Each engine of an account takes its part of a limit rounded down, so that the parts together never exceed
//! the limit. A share falls only as far as what is in use allows: what one engine gives up, another may use at
//! once.

use super::{Context, Risk};
use crate::plan::RiskLimits;
use pinion_model::instrument::{CurrencyId, InstrumentId};
use pinion_model::number::{Money, Ratio, mul_div_floor};
use serde::{Deserialize, Serialize};

/// `parts` of `of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Parts that the engine has.
    pub parts: u32,
    /// Parts that there are; more than zero.
    pub of: u32,
}

impl Share {
    /// All of it.
    pub const WHOLE: Share = Share { parts: 1, of: 1 };

    /// This share of a limit, rounded down.
    pub fn floor(self, limit: i128) -> i128 {
        mul_div_floor(limit, self.parts.into(), self.of.into())
    }

    /// Fewest parts whose share of `limit` holds `used`; all when none does.
    fn parts_for(self, used: i128, limit: i128) -> u32 {
        let needed = if limit > 0 { -mul_div_floor(-used.max(0), self.of.into(), limit) } else { 0 };
        u32::try_from(needed).map_or(self.of, |parts| parts.min(self.of))
    }
}

/// The account's absolute limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Absolute {
    gross: Option<Money>,
    net: Option<Money>,
    rate: Option<u32>,
}

impl Absolute {
    pub fn of(limits: &RiskLimits) -> Absolute {
        Absolute { gross: limits.max_gross_exposure, net: limits.max_net_exposure, rate: limits.order_rate }
    }
}

impl Risk {
    /// The share in force.
    pub fn share(&self) -> Share {
        self.share
    }

    /// The absolute limits in force: gross and net exposure, orders in the window.
    pub fn absolute_limits(&self) -> (Option<Money>, Option<Money>, Option<u32>) {
        (self.limits.max_gross_exposure, self.limits.max_net_exposure, self.limits.order_rate)
    }

    /// Takes a new share; one that does not hold what is in use is enlarged until it does, though not beyond the
    /// share that is in force. Returns what is in force then.
    pub fn set_share(&mut self, wanted: Share, cx: &Context<'_>) -> Share {
        if wanted.of == 0 || wanted.parts > wanted.of {
            return self.share;
        }
        let before = self.share;
        // In parts of the new size, the old share rounded down: no more than there was.
        let most = u32::try_from(before.floor(wanted.of.into())).unwrap_or(wanted.of);
        let needed = self.parts_in_use(wanted, cx).min(most);
        self.share = Share { parts: wanted.parts.max(needed), ..wanted };
        let cut = |limit: Option<Money>| limit.map(|limit| Money(self.share.floor(limit.0)));
        self.limits.max_gross_exposure = cut(self.account.gross);
        self.limits.max_net_exposure = cut(self.account.net);
        self.limits.order_rate = self.account.rate.map(|rate| self.share.floor(rate.into()) as u32);
        self.share
    }

    /// Parts that exposure, working entries and the orders of the window take; all while that is not known.
    fn parts_in_use(&self, share: Share, cx: &Context<'_>) -> u32 {
        let Some(((gross, net), reserved)) = cx.portfolio.exposure().zip(self.reserved_base(cx)) else {
            return share.of;
        };
        let recent = self.account.rate.map(|rate| (self.recent_orders(cx.now_ns) as i128, rate.into()));
        let gross = self.account.gross.map(|limit| ((gross + reserved).0, limit.0));
        let net = self.account.net.map(|limit| ((net.abs() + reserved).0, limit.0));
        let used = [recent, gross, net].into_iter().flatten();
        used.map(|(used, limit)| share.parts_for(used, limit)).max().unwrap_or(0)
    }

    /// What working entries bind of a currency's balance, fees included.
    pub(crate) fn bound_cash(&self, cx: &Context<'_>, currency: CurrencyId) -> Money {
        let own = cx.portfolio.instruments().iter().enumerate().filter(|(_, i)| i.settle == currency);
        own.fold(Money::ZERO, |sum, (at, _)| {
            let [buys, sells] = self.reserved.of(InstrumentId(at as u32));
            let reserved = buys + sells;
            sum + reserved + reserved.mul_ceil(self.terms[at].dearest_fee)
        })
    }

    /// Equity that positions and working entries need under the leverage limit, or in full where there is none;
    /// `None` while a price or rate is missing.
    pub(crate) fn needed_equity(&self, cx: &Context<'_>) -> Option<Money> {
        let ((gross, _), reserved) = cx.portfolio.exposure().zip(self.reserved_base(cx))?;
        let one = i128::from(Ratio::SCALE);
        let leverage = self.limits.leverage_limit.map_or(one, |l| i128::from(l.0).max(1));
        Some(Money(-mul_div_floor(-(gross + reserved).0, one, leverage)))
    }
}
