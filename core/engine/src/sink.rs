//! Where the engine's outputs go. The engine does not know whether they are journalled, hashed, sent
//! to a venue or compared with an earlier run.

use crate::remote::DeskMessage;
use crate::risk::Verdict;
use pinion_model::body::{Body, OrderBody};
use pinion_model::event::Level;

/// A moment on the way from an input to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A rule wants to trade.
    Decided,
    /// Risk has made its checks.
    Checked,
}

/// Takes records in the order in which the engine makes them.
pub trait Sink {
    /// False when nobody reads input records; the engine then does not make them.
    const INPUTS: bool;
    /// False when nobody reads evidence (signals, operands of checks).
    const EVIDENCE: bool;

    /// True when the orders are checked by a desk on another thread. That desk is told of everything that
    /// moves this one, and its verdict is waited for.
    const REMOTE_RISK: bool = false;

    /// The moment is now; its record follows once the order has left.
    #[inline(always)]
    fn reach(&mut self, _: Moment) {}

    /// An order leaves for the venue; its record follows.
    #[inline(always)]
    fn send(&mut self, _: &OrderBody) {}

    /// Takes one record.
    fn emit<B: Body>(&mut self, body: &B);

    /// Takes the levels of the depth update whose head came just before, bids first.
    fn levels(&mut self, bids: &[Level], asks: &[Level]);

    /// Takes what moved the desk; called only where risk is remote.
    fn tell(&mut self, _: &DeskMessage) {}

    /// Waits for the verdict on the request that was told last; called only where risk is remote.
    fn wait_for_verdict(&mut self, _: &mut Verdict) {}

    /// Sees each verdict once its order, if it has one, has been emitted.
    #[inline(always)]
    fn judged(&mut self, _: &Verdict) {}
}
