//! Equity over time, in bounded memory: daily values for ratios, and a thinned-out line for the eye.

use pinion_engine::Engine;
use pinion_model::number::Money;

const DAY_NS: i64 = 86_400_000_000_000;
/// Points of the line; when there are more, every second one goes.
const POINTS: usize = 512;

/// The curve.
#[derive(Clone, Debug)]
pub struct EquityCurve {
    /// Equity at the end of each day that had events.
    pub daily: Vec<(i64, Money)>,
    /// A sample every so many events.
    pub line: Vec<Money>,
    stride: u64,
    count: u64,
    next_day_ns: i64,
    last_ns: i64,
    last: Option<Money>,
}

impl Default for EquityCurve {
    fn default() -> Self {
        EquityCurve {
            daily: Vec::with_capacity(1024),
            line: Vec::with_capacity(POINTS),
            stride: 1,
            count: 0,
            next_day_ns: i64::MIN,
            last_ns: i64::MIN,
            last: None,
        }
    }
}

impl EquityCurve {
    /// After an event.
    #[inline]
    pub fn observe(&mut self, engine: &Engine) {
        self.count += 1;
        let now_ns = engine.now_ns();
        if now_ns >= self.next_day_ns {
            self.new_day(now_ns);
        }
        self.last_ns = now_ns;
        if let Some(equity) = engine.equity() {
            self.last = Some(equity);
            if self.count >= self.stride {
                self.count = 0;
                self.sample(equity);
            }
        }
    }

    #[cold]
    fn new_day(&mut self, now_ns: i64) {
        if let Some(equity) = self.last {
            self.daily.push((self.last_ns, equity));
        }
        self.next_day_ns = (now_ns.div_euclid(DAY_NS) + 1) * DAY_NS;
    }

    fn sample(&mut self, equity: Money) {
        if self.line.len() == POINTS {
            let mut keep = false;
            self.line.retain(|_| {
                keep = !keep;
                keep
            });
            self.stride *= 2;
        }
        self.line.push(equity);
    }

    /// The last day ends with the run.
    pub fn finish(&mut self, engine: &Engine) {
        if let Some(equity) = engine.equity().or(self.last)
            && self.last_ns > i64::MIN
        {
            self.daily.push((self.last_ns, equity));
            self.line.push(equity);
        }
    }
}
