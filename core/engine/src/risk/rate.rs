//! Orders within a window of time: a ring with the times of the last ones, as many as the limit allows.

use serde::{Deserialize, Serialize};

/// Times of the last orders. Engine time never runs backwards, so from the oldest on they rise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sent {
    times_ns: Box<[i64]>,
    /// Where the next one goes: the place of the oldest.
    next: usize,
    /// Of the newest ones, so many were within the window when the last one came.
    recent: usize,
}

impl Sent {
    /// Room for `limit` orders, none of which was sent.
    pub(super) fn new(limit: usize) -> Sent {
        Sent { times_ns: vec![i64::MIN; limit].into(), next: 0, recent: 0 }
    }

    /// Orders after `since_ns`, which never falls.
    pub(super) fn after(&self, since_ns: i64) -> usize {
        self.recent - self.gone(since_ns)
    }

    /// An order leaves at `now_ns`, when the window reaches back to `since_ns`.
    pub(super) fn push(&mut self, now_ns: i64, since_ns: i64) {
        let length = self.times_ns.len();
        if length == 0 {
            return;
        }
        self.recent = (self.after(since_ns) + 1).min(length);
        self.times_ns[self.next] = now_ns;
        self.next = if self.next + 1 == length { 0 } else { self.next + 1 };
    }

    /// How many of the recent ones are not after `since_ns`: the first ones, in strides that double, because
    /// it is mostly none or one.
    fn gone(&self, since_ns: i64) -> usize {
        let stale = |at: usize| self.time_ns(at) <= since_ns;
        let mut reach = 1;
        while reach <= self.recent && stale(reach - 1) {
            reach *= 2;
        }
        let (mut from, mut to) = (reach / 2, self.recent.min(reach - 1));
        while from < to {
            let middle = from.midpoint(to);
            if stale(middle) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        from
    }

    /// Time of the recent one at `at`, the oldest first.
    fn time_ns(&self, at: usize) -> i64 {
        let place = self.next + (self.times_ns.len() - self.recent) + at;
        let length = self.times_ns.len();
        self.times_ns[if place >= length { place - length } else { place }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against counting, for windows that every order or none fits into.
        #[test]
        fn agrees_with_counting(
            limit in 0usize..20,
            window_ns in prop_oneof![Just(0i64), 1i64..60, 1_000i64..2_000],
            steps in prop::collection::vec((prop_oneof![Just(0i64), 0i64..5, 0i64..300], any::<bool>()), 0..200),
        ) {
            let (mut sent, mut all, mut now_ns) = (Sent::new(limit), Vec::new(), 0i64);
            for (step_ns, order) in steps {
                now_ns += step_ns;
                let since_ns = now_ns.saturating_sub(window_ns);
                let held = &all[all.len().saturating_sub(limit)..];
                let want = held.iter().filter(|t| **t > since_ns).count();
                prop_assert_eq!(sent.after(since_ns), want);
                if order {
                    sent.push(now_ns, since_ns);
                    all.push(now_ns);
                }
            }
        }
    }
}
