//! Latency of the stages that an input goes through. Histograms are sized at the start and record ticks;
//! they are turned into nanoseconds when they are shown.

use hdrhistogram::Histogram;

macro_rules! stages {
    ($($(#[$doc:meta])* $name:ident = $label:literal;)*) => {
        /// A stage of the way from an input to an order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Stage { $($(#[$doc])* $name,)* }

        impl Stage {
            /// Every stage, in the order of the way.
            pub const ALL: &'static [Stage] = &[$(Stage::$name,)*];

            /// The word for it.
            pub fn label(self) -> &'static str { match self { $(Stage::$name => $label,)* } }
        }
    };
}

stages! {
    /// An input from beginning to end, whatever it causes.
    Input = "input";
    /// From the input to an intent.
    Decide = "decide";
    /// From the intent to risk's verdict.
    Check = "check";
    /// From the verdict to the order's hand-over.
    Send = "send";
    /// From the input to the order's hand-over.
    InputToOrder = "input to order";
}

/// A histogram per stage.
#[derive(Clone, Debug)]
pub struct Latency {
    stages: Vec<Histogram<u32>>,
}

/// Figures of one stage, nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// How many were measured.
    pub count: u64,
    /// Median.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
    /// 99.9th percentile.
    pub p999: f64,
    /// Largest.
    pub max: f64,
}

/// Longest time that is told apart, in ticks: about ten seconds.
const LONGEST_TICKS: u64 = 1 << 35;

impl Default for Latency {
    fn default() -> Self {
        // Two digits: 3 % of error at a tenth of the memory of three. The bounds are valid constants.
        let one = || Histogram::new_with_bounds(1, LONGEST_TICKS, 2).expect("constant bounds are valid");
        Latency { stages: Stage::ALL.iter().map(|_| one()).collect() }
    }
}

impl Latency {
    /// Records the ticks of a stage.
    #[inline]
    pub fn record(&mut self, stage: Stage, ticks: u64) {
        self.stages[stage as usize].saturating_record(ticks.max(1));
    }

    /// Adds what another thread recorded.
    pub fn add(&mut self, other: &Latency) {
        for (stage, more) in self.stages.iter_mut().zip(&other.stages) {
            // All have the same bounds, so there is room for every value.
            let _ = stage.add(more);
        }
    }

    /// The figures of a stage.
    pub fn figures(&self, stage: Stage, ns_per_tick: f64) -> Figures {
        let h = &self.stages[stage as usize];
        if h.is_empty() {
            return Figures::default();
        }
        let at = |q| h.value_at_quantile(q) as f64 * ns_per_tick;
        Figures {
            count: h.len(),
            p50: at(0.5),
            p99: at(0.99),
            p999: at(0.999),
            max: h.max() as f64 * ns_per_tick,
        }
    }
}
