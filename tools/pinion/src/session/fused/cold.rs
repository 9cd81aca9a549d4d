//! The cold thread of a fused run: the keepers of all shards, one after the other.

use crate::session::keeper::{Keeper, KeeperAgent};
use pinion_runtime::agent::{Agent, Spent};

/// Every shard's keeper.
pub struct Keepers(Vec<KeeperAgent>);

impl Keepers {
    /// By shard.
    pub fn new(agents: Vec<KeeperAgent>) -> Keepers {
        Keepers(agents)
    }

    /// The keepers, once the thread has stopped.
    pub fn into_keepers(self) -> Vec<Keeper> {
        self.0.into_iter().map(KeeperAgent::into_keeper).collect()
    }
}

impl Agent for Keepers {
    fn do_work(&mut self) -> usize {
        self.0.iter_mut().map(Agent::do_work).sum()
    }

    fn is_done(&self) -> bool {
        self.0.iter().all(Agent::is_done)
    }

    fn take_spent(&mut self) -> Spent {
        self.0.iter_mut().map(Agent::take_spent).fold(Spent::default(), |sum, spent| Spent {
            blocked: sum.blocked + spent.blocked,
            housekeeping: sum.housekeeping + spent.housekeeping,
            is_blocked: sum.is_blocked || spent.is_blocked,
        })
    }
}
