//! The paper venue, as a plan keeps it.

use pinion_model::number::Ratio;

/// How the paper venue fills. Integers only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaperPlan {
    /// Fill at once and exactly; the rest is off.
    pub basic: bool,
    /// How slippage grows with size.
    pub slippage: Slippage,
    /// Slippage of a market order, fraction of price.
    pub base_slippage: Ratio,
    /// Impact per 100,000 units of notional, fraction of price; zero is off.
    pub impact: Ratio,
    /// Shortest delay of an order, ns.
    pub min_latency_ns: i64,
    /// Longest delay of an order, ns.
    pub max_latency_ns: i64,
    /// How often an order fills in parts.
    pub partial_probability: Ratio,
    /// How often an order is refused.
    pub reject_probability: Ratio,
    /// Seed of everything random.
    pub seed: u64,
}

/// How slippage grows with the order's size against what stands at the touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slippage {
    /// None.
    None,
    /// Always the base.
    Fixed,
    /// Base times (1 + size / touch).
    Linear,
    /// Base times (1 + square root of size / touch).
    Sqrt,
}

impl Slippage {
    /// Names, in the order of configuration's choice.
    pub(crate) const ALL: [(Slippage, &'static str); 4] = [
        (Slippage::None, "none"),
        (Slippage::Fixed, "fixed"),
        (Slippage::Linear, "linear"),
        (Slippage::Sqrt, "sqrt"),
    ];
}
