//! Equity over time, in bounded memory: daily values for ratios, and a thinned-out line for the eye.

use pinion_engine::Engine;
use pinion_model::number::Money;
use serde::{Deserialize, Serialize};

/// Points of the line; when there are more, every second one goes.
const POINTS: usize = 512;
/// Days for which there is room from the start, a century: the curve grows on the trading thread, which may
/// not allocate. A longer run does, and it is counted.
const DAYS: usize = 36_600;

/// The curve.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EquityCurve {
    /// Time and equity at the beginning of each of the account's days, and at the end of the run.
    pub daily: Vec<(i64, Money)>,
    /// A sample every so many events.
    pub line: Vec<Money>,
    stride: u64,
    count: u64,
    next_day_ns: i64,
}

impl Default for EquityCurve {
    fn default() -> Self {
        let (daily, line) = (Vec::with_capacity(DAYS), Vec::with_capacity(POINTS + 1));
        EquityCurve { daily, line, stride: 1, count: 0, next_day_ns: i64::MIN }
    }
}

impl EquityCurve {
    /// Makes room for what may come: a curve that was read back from bytes has none to spare.
    // cold: before a run goes on
    pub fn reserve(&mut self) {
        self.daily.reserve(DAYS.saturating_sub(self.daily.len()));
        self.line.reserve((POINTS + 1).saturating_sub(self.line.len()));
    }

    /// After `events`.
    #[inline(always)]
    pub fn observe(&mut self, engine: &Engine, events: u64) {
        self.count += events;
        if let Some((next_day_ns, day_start)) = engine.day()
            && next_day_ns != self.next_day_ns
        {
            self.next_day_ns = next_day_ns;
            self.daily.push((engine.now_ns(), day_start));
        }
        if self.count >= self.stride {
            self.look(engine);
        }
    }

    /// Of an account whose engines are looked at together: a day's beginning, where one began, and a sample.
    pub fn observe_account(&mut self, day: Option<(i64, Money)>, equity: Money) {
        self.daily.extend(day);
        self.count += 1;
        if self.count >= self.stride {
            self.count = 0;
            self.sample(equity);
        }
    }

    #[cold]
    fn look(&mut self, engine: &Engine) {
        if let Some(equity) = engine.equity() {
            self.count = 0;
            self.sample(equity);
        }
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
        if let (Some(equity), false) = (engine.equity(), self.daily.is_empty()) {
            self.daily.push((engine.now_ns(), equity));
            self.line.push(equity);
        }
    }
}
