//! Bars that move like a market's: returns whose variance clusters (GARCH) and follows the hour, two decimals;
//! the same ones on every machine that computes floats as IEEE 754 says.

use pinion_model::event::Bar;
use pinion_model::number::{Price, Qty};
use pinion_sim::random::Random;

/// Length of a bar, ns.
pub const MINUTE_NS: i64 = 60_000_000_000;
/// Start of the first bar, ns since 1970 UTC.
const BEGIN_NS: i64 = 1_600_000_020_000_000_000;
/// Price at which the walk begins and to which it is drawn, in units of 0.01.
const MIDDLE: f64 = 3_000_000.0;
/// Variance of a minute's return in the long run, and how much of it the last return and the last variance are.
const BASE: f64 = 0.0006 * 0.0006;
const LAST_RETURN: f64 = 0.06;
const LAST_VARIANCE: f64 = 0.93;

/// A walk of bars, one a minute.
pub struct Walk {
    random: Random,
    variance: f64,
    close: i64,
    minute: i64,
}

impl Walk {
    /// A walk; the same seed gives the same bars.
    pub fn new(seed: u64) -> Walk {
        Walk { random: Random::new(seed), variance: BASE, close: MIDDLE as i64, minute: 0 }
    }

    /// Near to a normal draw of variance one: the sum of twelve uniform ones.
    fn draw(&mut self) -> f64 {
        let uniform = |random: &mut Random| (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        (0..12).map(|_| uniform(&mut self.random)).sum::<f64>() - 6.0
    }
}

impl Iterator for Walk {
    type Item = Bar;

    fn next(&mut self) -> Option<Bar> {
        let hour = (self.minute % 1440) as f64 / 1440.0;
        // Busy in the middle of the day: a parabola instead of a sine, which libraries round differently.
        let season = 0.75 + 2.4 * hour * (1.0 - hour);
        let shock = self.variance.sqrt() * self.draw();
        // A weak pull to the middle keeps long walks within their decimals.
        let pull = 1e-5 * (MIDDLE - self.close as f64) / MIDDLE;
        let change = season * shock + pull;
        let deviation = self.variance.sqrt() * season;
        let base = BASE * (1.0 - LAST_RETURN - LAST_VARIANCE);
        self.variance = (base + LAST_RETURN * shock * shock + LAST_VARIANCE * self.variance).min(1e-4);
        let open = self.close;
        self.close = ((open as f64 * (1.0 + change)).round() as i64).max(100_000);
        let mut wick = || (0.5 * deviation * self.draw().abs() * open as f64) as i64;
        let (up, down) = (wick(), wick());
        let volume = self.random.between(500, 9_000);
        let bar = Bar {
            open_ns: BEGIN_NS + self.minute * MINUTE_NS,
            open: Price(open),
            high: Price(open.max(self.close) + up),
            low: Price((open.min(self.close) - down).max(1)),
            close: Price(self.close),
            volume: Qty(volume),
        };
        self.minute += 1;
        Some(bar)
    }
}

/// The first bars of the walk that everything here uses.
pub fn bars(count: usize) -> Vec<Bar> {
    Walk::new(20_261_123).take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_sound_and_the_same_each_time() {
        let made = bars(20_000);
        assert_eq!(made, bars(20_000));
        for pair in made.windows(2) {
            let bar = pair[1];
            assert_eq!((bar.open, bar.open_ns), (pair[0].close, pair[0].open_ns + MINUTE_NS));
            assert!(bar.low <= bar.open.min(bar.close) && bar.high >= bar.open.max(bar.close), "{bar:?}");
            assert!(bar.low > Price::ZERO && bar.volume > Qty::ZERO, "{bar:?}");
        }
        let closes = made.iter().map(|bar| bar.close.0);
        let (low, high) = (closes.clone().min().unwrap(), closes.max().unwrap());
        assert!(low > 1_000_000 && high < 9_000_000 && high > low + low / 100, "{low} to {high}");
    }
}
