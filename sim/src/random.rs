//! SplitMix64 (Steele, Lea and Flood, 2014): 64 bits of state, enough to draw latencies and coin flips,
//! and trivially saved. Not for secrets.

use pinion_model::number::Ratio;
use serde::{Deserialize, Serialize};

/// The generator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Random {
    state: u64,
}

impl Random {
    /// From a seed.
    pub fn new(seed: u64) -> Random {
        Random { state: seed }
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = (high - low).max(0) as u64 + 1;
        low + ((u128::from(self.next_u64()) * u128::from(span)) >> 64) as i64
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: Ratio) -> bool {
        probability.0 > 0 && self.between(0, Ratio::SCALE - 1) < probability.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_stay_in_range_and_reach_both_ends() {
        let mut random = Random::new(7);
        let draws: Vec<i64> = (0..1000).map(|_| random.between(10, 13)).collect();
        assert_eq!((draws.iter().min(), draws.iter().max()), (Some(&10), Some(&13)));
        assert!(!random.chance(Ratio(0)) && random.chance(Ratio::ONE));
    }
}
