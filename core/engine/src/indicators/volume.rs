//! Where volume goes: into rising or falling prices. Sums over windows are exact integers; a volume counts
//! as at most [`MAX_VOLUME`](super::define::MAX_VOLUME), 2^60.

use super::define::declare::*;
use super::define::{Indicator, IndicatorDef, Input, Output, Source, Unit, volume};
use super::fx::Fx;
use super::moving::WMA;
use super::real::{Real, percent};
use super::wide::Share;
use super::window::Window;
use pinion_model::event::Bar;
use pinion_model::number::{Price, Ratio};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// On-balance volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obv {
    /// Below 2^60 for each bar.
    sum: i128,
    previous: Option<Price>,
}

impl Indicator for Obv {
    fn on_bar(&mut self, bar: &Bar) {
        let volume = i128::from(volume(bar));
        self.sum += match self.previous.replace(bar.close) {
            Some(previous) if bar.close < previous => -volume,
            Some(previous) if bar.close == previous => 0,
            _ => volume,
        };
    }
    fn value(&self, _: usize) -> Option<Fx> {
        self.previous.map(|_| Real::new(self.sum).to_fx())
    }
}

/// OBV.
pub const OBV: IndicatorDef = IndicatorDef {
    name: "OBV",
    params: &[],
    outputs: VOLUME,
    inputs: CV,
    source: Source::TaLib("OBV"),
    doc: "On-balance volume: volume added in rising bars and taken away in falling ones, beginning with \
          the first bar's.",
    build: |_| Obv::default().into(),
    warm_up: |_| 1,
    ..WMA
};

const VOLUME: &[Output] = &[output("value", Unit::Volume)];

/// A bar's volume times where its close lies in its range (-1 to 1), with [`LOCATED_BITS`] after the
/// point: below 2^92, so that a sum of 2^34 bars stays in range. 0 in a bar without a range.
fn located_volume(bar: &Bar) -> i128 {
    let range = (bar.high - bar.low).0;
    if range <= 0 {
        return 0;
    }
    let place = ((bar.close - bar.low) - (bar.high - bar.close)).0.clamp(-range, range);
    let (product, range) = (i128::from(volume(bar)) * i128::from(place), i128::from(range));
    (product.div_euclid(range) << LOCATED_BITS) + (product.rem_euclid(range) << LOCATED_BITS) / range
}

const LOCATED_BITS: i32 = 32;

/// Accumulation/distribution line, and its oscillator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ad {
    sum: i128,
    warm: bool,
}

impl Indicator for Ad {
    fn on_bar(&mut self, bar: &Bar) {
        self.sum += located_volume(bar);
        self.warm = true;
    }
    fn value(&self, _: usize) -> Option<Fx> {
        self.warm.then(|| Real::scaled(self.sum, -LOCATED_BITS).to_fx())
    }
}

/// AD.
pub const AD: IndicatorDef = IndicatorDef {
    name: "AD",
    aliases: &["ADL"],
    inputs: HLCV,
    source: Source::TaLib("AD"),
    doc: "Accumulation/distribution: volume times where the close lies in the bar's range, summed. A bar \
          without a range adds 0.",
    build: |_| Ad::default().into(),
    ..OBV
};

/// Chaikin's oscillator: two averages of the accumulation/distribution line, both seeded with its first
/// value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdOscillator {
    line: Ad,
    fast_share: Share,
    slow_share: Share,
    fast: i128,
    slow: i128,
    count: usize,
    warm_up: usize,
}

impl Indicator for AdOscillator {
    fn on_bar(&mut self, bar: &Bar) {
        self.line.on_bar(bar);
        let sum = self.line.sum;
        if self.count == 0 {
            (self.fast, self.slow) = (sum, sum);
        }
        self.count += usize::from(self.count < self.warm_up);
        self.fast += self.fast_share.of_bits(sum - self.fast);
        self.slow += self.slow_share.of_bits(sum - self.slow);
    }
    fn value(&self, _: usize) -> Option<Fx> {
        let difference = Real::scaled(self.fast - self.slow, -LOCATED_BITS);
        (self.count == self.warm_up).then(|| difference.to_fx())
    }
}

/// ADOSC.
pub const ADOSC: IndicatorDef = IndicatorDef {
    name: "ADOSC",
    aliases: &["CHAIKIN_OSC"],
    params: &[bars("fast_period", 3, 2), bars("slow_period", 10, 2)],
    source: Source::TaLib("ADOSC"),
    doc: "Chaikin oscillator: fast EMA less slow EMA of the accumulation/distribution line, both seeded \
          with its first value.",
    build: |p| {
        AdOscillator {
            line: Ad::default(),
            fast_share: Share::new(2, p[0] as u64 + 1),
            slow_share: Share::new(2, p[1] as u64 + 1),
            fast: 0,
            slow: 0,
            count: 0,
            warm_up: p[0].max(p[1]) as usize,
        }
        .into()
    },
    warm_up: |p| p[0].max(p[1]) as usize,
    ..AD
};

/// Money flow index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mfi {
    /// Flow into and out of the market in price times volume, each below 2^109.
    bars: Window<(i128, i128)>,
    inflow: i128,
    outflow: i128,
    previous: Option<i64>,
}

impl Indicator for Mfi {
    fn on_bar(&mut self, bar: &Bar) {
        let price = (bar.high + bar.low + bar.close).0;
        let Some(previous) = self.previous.replace(price) else { return };
        let flow = i128::from(price) * i128::from(volume(bar));
        let new = match price.cmp(&previous) {
            std::cmp::Ordering::Greater => (flow, 0),
            std::cmp::Ordering::Less => (0, flow),
            std::cmp::Ordering::Equal => (0, 0),
        };
        let old = self.bars.push(new);
        self.inflow += new.0 - old.0;
        self.outflow += new.1 - old.1;
    }
    fn value(&self, _: usize) -> Option<Fx> {
        self.bars.is_full().then(|| percent(self.inflow, self.inflow + self.outflow))
    }
}

/// MFI.
pub const MFI: IndicatorDef = IndicatorDef {
    name: "MFI",
    params: &[period(14, 2)],
    outputs: PERCENT,
    inputs: HLCV,
    source: Source::TaLib("MFI"),
    doc: "Money flow index: typical price times volume of rising bars, of that of rising and falling \
          ones. 0 without any flow.",
    build: |p| Mfi { bars: Window::new(p[0] as usize), inflow: 0, outflow: 0, previous: None }.into(),
    warm_up: |p| p[0] as usize + 1,
    ..WMA
};

/// Chaikin's money flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cmf {
    bars: Window<(i128, i64)>,
    located: i128,
    volume: i128,
}

impl Indicator for Cmf {
    fn on_bar(&mut self, bar: &Bar) {
        let new = (located_volume(bar), volume(bar));
        let old = self.bars.push(new);
        self.located += new.0 - old.0;
        self.volume += i128::from(new.1) - i128::from(old.1);
    }
    fn value(&self, _: usize) -> Option<Fx> {
        if !self.bars.is_full() {
            return None;
        }
        let share = Real::scaled(self.located, -LOCATED_BITS).over(Real::new(self.volume));
        Some(share.map_or(Fx::ZERO, Real::to_fx))
    }
}

/// CMF.
pub const CMF: IndicatorDef = IndicatorDef {
    name: "CMF",
    params: &[period(20, 2)],
    outputs: NUMBER,
    inputs: HLCV,
    source: Source::TaLib("CMF"),
    doc: "Chaikin money flow: volume times where the close lies in the bar's range, of the window's \
          volume. 0 without any volume.",
    build: |p| Cmf { bars: Window::new(p[0] as usize), located: 0, volume: 0 }.into(),
    ..WMA
};

/// Mean of volumes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeMean {
    window: Window<i64>,
    /// Below 2^70.
    sum: i128,
}

impl VolumeMean {
    /// How the last volume compares with `ratio` (at most 100) times the mean: exact, without a division.
    pub fn compare(&self, ratio: Ratio) -> Option<Ordering> {
        let last = self.window.ago(0).filter(|_| self.window.is_full())?;
        // Below 2^101 and 2^108.
        let volumes = i128::from(last) * self.window.len() as i128 * i128::from(Ratio::SCALE);
        Some(volumes.cmp(&(self.sum * i128::from(ratio.0))))
    }

    /// The last volume, of the mean; `None` where nothing was traded.
    pub fn of_mean(&self) -> Option<Fx> {
        let last = self.window.ago(0).filter(|_| self.window.is_full() && self.sum > 0)?;
        let volumes = i128::from(last) * self.window.len() as i128;
        Some(Fx::from_bits((volumes << 32) / self.sum))
    }
}

impl Indicator for VolumeMean {
    fn on_bar(&mut self, bar: &Bar) {
        let new = volume(bar);
        self.sum += i128::from(new) - i128::from(self.window.push(new));
    }
    fn value(&self, _: usize) -> Option<Fx> {
        let n = self.window.len() as i128;
        self.window.is_full().then(|| Fx::from_bits((self.sum << 32).div_euclid(n)))
    }
}

/// VOLUME_SMA.
pub const VOLUME_SMA: IndicatorDef = IndicatorDef {
    name: "VOLUME_SMA",
    aliases: &["VOLUME_MA", "VMA"],
    params: &[period(20, 1)],
    outputs: VOLUME,
    inputs: &[Input::Volume],
    source: Source::Text("Simple moving average of volume"),
    doc: "Mean volume of the last n bars, this one included.",
    build: |p| VolumeMean { window: Window::new(p[0] as usize), sum: 0 }.into(),
    ..WMA
};
