//! Price and indicator as a picture: what is on the scale of prices is drawn over the price, the rest in
//! panels of its own below, one for each unit.

use super::series::{Point, Series};
use pinion_engine::indicators::call::Call;
use pinion_engine::indicators::define::{Drawn, Unit};
use std::fmt::Write;

const WIDTH: f64 = 1100.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 70.0;
const PRICE_HEIGHT: f64 = 330.0;
const PANEL_HEIGHT: f64 = 170.0;
const GAP: f64 = 36.0;
const BOTTOM: f64 = 40.0;
const PRICE_COLOUR: &str = "#333333";
const COLOURS: [&str; 6] = ["#1f4e9e", "#c84c09", "#0b6e4f", "#8e2a8b", "#9a7400", "#5b6770"];

/// A panel with its place and scale.
struct Panel {
    top: f64,
    height: f64,
    low: f64,
    high: f64,
}

impl Panel {
    /// Around these values, with a little air.
    fn around(top: f64, height: f64, values: impl Iterator<Item = f64>) -> Panel {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values {
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        let air = if high > low { (high - low) * 0.06 } else { high.abs().max(1.0) * 0.01 };
        Panel { top, height, low: low - air, high: high + air }
    }

    fn y(&self, value: f64) -> f64 {
        self.top + self.height * (self.high - value) / (self.high - self.low)
    }
}

/// The horizontal place of a point.
struct Across {
    count: usize,
}

impl Across {
    fn x(&self, at: usize) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * (at as f64 + 0.5) / self.count as f64
    }

    fn step(&self) -> f64 {
        (WIDTH - LEFT - RIGHT) / self.count as f64
    }
}

/// The picture.
pub fn svg(call: &Call, series: &Series) -> String {
    let outputs = call.def().outputs;
    let mut units: Vec<Unit> = outputs.iter().map(|o| o.unit).filter(|unit| *unit != Unit::Price).collect();
    units.dedup();
    let across = Across { count: series.points.len() };
    let height = TOP + PRICE_HEIGHT + units.len() as f64 * (GAP + PANEL_HEIGHT) + BOTTOM;
    let mut out = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#ffffff"/>"##
    );
    title(&mut out, call, series);
    let priced = |p: &Point| {
        let lines = outputs.iter().zip(&p.outputs).filter(|(o, _)| o.unit == Unit::Price);
        let lines = lines.filter_map(|(_, value)| *value);
        [p.high, p.low].into_iter().chain(lines).collect::<Vec<_>>()
    };
    let panel = Panel::around(TOP, PRICE_HEIGHT, series.points.iter().flat_map(priced));
    axes(&mut out, &panel, &across, series, "price");
    price(&mut out, &panel, &across, series);
    lines(&mut out, &panel, &across, call, series, Unit::Price);
    for (at, unit) in units.iter().enumerate() {
        let top = TOP + PRICE_HEIGHT + GAP + at as f64 * (PANEL_HEIGHT + GAP);
        let values = series.points.iter().flat_map(|p| {
            outputs.iter().zip(&p.outputs).filter(|(o, _)| o.unit == *unit).filter_map(|(_, value)| *value)
        });
        let panel = Panel::around(top, PANEL_HEIGHT, values);
        axes(&mut out, &panel, &across, series, unit.name());
        lines(&mut out, &panel, &across, call, series, *unit);
    }
    times(&mut out, &across, series, height - BOTTOM + 18.0);
    out + "</svg>\n"
}

/// Writes to the picture; writing to a string cannot fail.
macro_rules! put {
    ($out:expr, $($text:tt)*) => { let _ = write!($out, $($text)*); };
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The heading, and a legend with the last value of every line.
fn title(out: &mut String, call: &Call, series: &Series) {
    let (symbol, count, kind) = (escaped(&series.symbol), series.points.len(), series.kind);
    put!(
        out,
        r##"<text x="{LEFT}" y="26" font-size="17" font-weight="bold">{call}</text><text x="{}" y="26" text-anchor="end" fill="#555555">{symbol}, last {count} {kind}</text>"##,
        WIDTH - RIGHT
    );
    let last = series.points.last();
    let price = (PRICE_COLOUR, "price", last.map(|p| p.price));
    let outputs = call.def().outputs.iter().enumerate();
    // The only output of an indicator goes by the indicator's name.
    let name = |output: &'static str| if output == "value" { call.def().name } else { output };
    let named =
        outputs.map(|(at, o)| (COLOURS[at % COLOURS.len()], name(o.name), last.and_then(|p| p.outputs[at])));
    let mut x = LEFT;
    for (colour, name, value) in std::iter::once(price).chain(named) {
        let text = format!("{name} {}", value.map_or("-".to_string(), number));
        put!(
            out,
            r##"<line x1="{x:.1}" x2="{:.1}" y1="46" y2="46" stroke="{colour}" stroke-width="3"/><text x="{:.1}" y="50" fill="{colour}">{text}</text>"##,
            x + 18.0,
            x + 23.0
        );
        x += 44.0 + 7.0 * text.len() as f64;
    }
}

/// Frame, horizontal lines with their values, and the panel's name.
fn axes(out: &mut String, panel: &Panel, across: &Across, series: &Series, name: &str) {
    let (right, bottom) = (WIDTH - RIGHT, panel.top + panel.height);
    for tick in ticks(panel.low, panel.high, panel.height / 42.0) {
        let y = panel.y(tick);
        let stroke = if tick == 0.0 { "#999999" } else { "#e4e4e4" };
        put!(
            out,
            r##"<line x1="{LEFT}" x2="{right}" y1="{y:.1}" y2="{y:.1}" stroke="{stroke}"/><text x="{}" y="{:.1}" text-anchor="end" fill="#444444">{}</text>"##,
            LEFT - 6.0,
            y + 4.0,
            number(tick)
        );
    }
    for at in time_ticks(series.points.len()) {
        let x = across.x(at);
        put!(out, r##"<line x1="{x:.1}" x2="{x:.1}" y1="{}" y2="{bottom}" stroke="#f0f0f0"/>"##, panel.top);
    }
    put!(
        out,
        r##"<rect x="{LEFT}" y="{}" width="{}" height="{}" fill="none" stroke="#bbbbbb"/><text x="{}" y="{}" fill="#666666" font-style="italic">{name}</text>"##,
        panel.top,
        right - LEFT,
        panel.height,
        LEFT + 6.0,
        panel.top + 15.0
    );
}

/// The price: a line, with each point's range behind it.
fn price(out: &mut String, panel: &Panel, across: &Across, series: &Series) {
    let width = (across.step() * 0.6).clamp(0.6, 5.0);
    for (at, p) in series.points.iter().enumerate().filter(|(_, p)| p.high > p.low) {
        let (x, high, low) = (across.x(at), panel.y(p.high), panel.y(p.low));
        put!(
            out,
            r##"<line x1="{x:.1}" x2="{x:.1}" y1="{high:.1}" y2="{low:.1}" stroke="#d3d3d3" stroke-width="{width:.1}"/>"##
        );
    }
    let prices = series.points.iter().map(|p| Some(p.price));
    path(out, panel, across, prices, PRICE_COLOUR, 1.2);
}

/// The outputs of one unit.
fn lines(out: &mut String, panel: &Panel, across: &Across, call: &Call, series: &Series, unit: Unit) {
    for (output, declared) in call.def().outputs.iter().enumerate().filter(|(_, o)| o.unit == unit) {
        let colour = COLOURS[output % COLOURS.len()];
        let values = series.points.iter().map(|p| p.outputs[output]);
        match declared.drawn {
            Drawn::Line => path(out, panel, across, values, colour, 1.6),
            Drawn::Bars => bars(out, panel, across, values, colour),
            Drawn::LineBack(param) => {
                let moved = values.skip(call.params()[param] as usize);
                path(out, panel, across, moved, colour, 1.6);
            }
        }
    }
}

fn bars(
    out: &mut String,
    panel: &Panel,
    across: &Across,
    values: impl Iterator<Item = Option<f64>>,
    colour: &str,
) {
    let (width, zero) = ((across.step() * 0.6).clamp(0.6, 8.0), panel.y(0.0));
    for (at, value) in values.enumerate() {
        let Some(value) = value else { continue };
        let (x, y) = (across.x(at), panel.y(value));
        put!(
            out,
            r##"<line x1="{x:.1}" x2="{x:.1}" y1="{zero:.1}" y2="{y:.1}" stroke="{colour}" stroke-opacity="0.55" stroke-width="{width:.1}"/>"##
        );
    }
}

/// A line that is broken where there is no value.
fn path(
    out: &mut String,
    panel: &Panel,
    across: &Across,
    values: impl Iterator<Item = Option<f64>>,
    colour: &str,
    width: f64,
) {
    let (mut points, mut pen_down) = (String::new(), false);
    for (at, value) in values.enumerate() {
        if let Some(value) = value {
            let command = if pen_down { 'L' } else { 'M' };
            put!(points, "{command}{:.1} {:.1}", across.x(at), panel.y(value));
        }
        pen_down = value.is_some();
    }
    if !points.is_empty() {
        put!(
            out,
            r##"<path d="{points}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round"/>"##
        );
    }
}

/// The points that have their time written below.
fn time_ticks(count: usize) -> impl Iterator<Item = usize> {
    let marks = count.min(6);
    (0..marks).map(move |mark| (mark * 2 + 1) * count / (marks * 2))
}

fn times(out: &mut String, across: &Across, series: &Series, y: f64) {
    let points = &series.points;
    let span_ns = points.last().map_or(0, |l| l.time_ns) - points.first().map_or(0, |f| f.time_ns);
    let length = match span_ns {
        // Days, minutes, or seconds with three decimals.
        86_400_000_000_000_000.. => 10,
        3_600_000_000_000.. => 16,
        _ => 23,
    };
    for at in time_ticks(points.len()) {
        let time = crate::command::journal::view::time(points[at].time_ns).replace('T', " ");
        let time = time.trim_end_matches('Z');
        put!(
            out,
            r##"<text x="{:.1}" y="{y}" text-anchor="middle" fill="#444444">{}</text>"##,
            across.x(at),
            &time[..time.len().min(length)]
        );
    }
    put!(
        out,
        r##"<text x="{}" y="{}" text-anchor="end" fill="#888888">UTC</text>"##,
        WIDTH - RIGHT,
        y + 14.0
    );
}

/// Round values between two bounds, about `count` of them.
fn ticks(low: f64, high: f64, count: f64) -> impl Iterator<Item = f64> {
    let rough = (high - low) / count.max(2.0);
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= rough).unwrap_or(power);
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last).map(move |at| at as f64 * step)
}

/// A number with as many decimals as its size asks for; millions and more with their letter.
fn number(value: f64) -> String {
    let size = value.abs();
    let (scaled, letter) = match () {
        () if size >= 1e15 => return format!("{value:.2e}"),
        () if size >= 1e12 => (value / 1e12, "T"),
        () if size >= 1e9 => (value / 1e9, "G"),
        () if size >= 1e6 => (value / 1e6, "M"),
        () => (value, ""),
    };
    let text = match () {
        () if scaled.abs() >= 1e5 => format!("{scaled:.0}"),
        () if scaled.abs() >= 100.0 => format!("{scaled:.2}"),
        () if scaled.abs() >= 0.01 || scaled == 0.0 => format!("{scaled:.4}"),
        () => return format!("{value:.2e}"),
    };
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{letter}")
}
