//! Who gives how much to whom when free cash is evened out.

use pinion_model::number::Money;

/// A shard's equity and what of its cash is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purse {
    /// Equity.
    pub equity: Money,
    /// Free cash.
    pub free: Money,
}

/// Less than this part of a shard's share of the account is not moved.
const LEAST_PART: i128 = 100;

/// What each shard is asked for: what it has above an equal share, as far as it is free and others lack it.
pub fn asks(purses: &[Purse]) -> Vec<Money> {
    let target = target(purses);
    let lacking = lacks(purses).into_iter().fold(Money::ZERO, |sum, lack| sum + lack);
    let mut left = lacking;
    let ask = |purse: &Purse| {
        let most = (purse.equity - target).min(purse.free).min(left);
        let ask = if most.0 > 0 && most.0 >= target.0 / LEAST_PART { most } else { Money::ZERO };
        left -= ask;
        ask
    };
    purses.iter().map(ask).collect()
}

/// How `given` is divided among those who have less than an equal share: the first is filled first.
pub fn gifts(purses: &[Purse], given: Money) -> Vec<Money> {
    let mut left = given;
    let gift = |lack: Money| {
        let gift = lack.min(left);
        left -= gift;
        gift
    };
    lacks(purses).into_iter().map(gift).collect()
}

fn target(purses: &[Purse]) -> Money {
    let sum = purses.iter().fold(Money::ZERO, |sum, purse| sum + purse.equity);
    Money(sum.0.div_euclid(purses.len().max(1) as i128))
}

fn lacks(purses: &[Purse]) -> Vec<Money> {
    let target = target(purses);
    purses.iter().map(|purse| (target - purse.equity).max(Money::ZERO)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn purse(equity: i128, free: i128) -> Purse {
        Purse { equity: Money(equity), free: Money(free) }
    }

    #[test]
    fn what_is_free_above_an_equal_share_goes_to_who_has_less() {
        let purses = [purse(1500, 200), purse(900, 900), purse(600, 0)];
        assert_eq!(asks(&purses), [200, 0, 0].map(Money));
        assert_eq!(gifts(&purses, Money(200)), [0, 100, 100].map(Money));
        assert_eq!(asks(&[purse(1005, 1005), purse(995, 995)]), [0, 0].map(Money), "too little to move");
    }

    proptest! {
        #[test]
        fn nobody_is_asked_for_more_than_is_free_and_all_that_is_given_arrives(
            purses in prop::collection::vec((0i128..1_000_000, 0i128..1_000_000), 1..9),
            part in 0i128..=100,
        ) {
            let purses: Vec<Purse> = purses.into_iter().map(|(equity, free)| purse(equity, free)).collect();
            let asks = asks(&purses);
            for (ask, purse) in asks.iter().zip(&purses) {
                prop_assert!(ask.0 >= 0 && *ask <= purse.free);
            }
            let given = Money(asks.iter().map(|a| a.0).sum::<i128>() * part / 100);
            let gifts = gifts(&purses, given);
            prop_assert_eq!(Money(gifts.iter().map(|g| g.0).sum()), given);
            for (ask, gift) in asks.iter().zip(&gifts) {
                prop_assert!(ask.is_zero() || gift.is_zero(), "nobody gives and gets");
            }
        }
    }
}
