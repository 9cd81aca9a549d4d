//! Percentiles as a picture: the usual axis on which p99, p99.9 and p99.99 lie equally far apart.

use hdrhistogram::Histogram;
use std::fmt::Write;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 420.0;
const MARGIN: f64 = 70.0;
/// Powers of ten of 1/(1-percentile) that are shown.
const DECADES: u32 = 5;
const COLOURS: [&str; 4] = ["#0b6e4f", "#c84c09", "#555555", "#1f4e9e"];

/// An SVG of several histograms in nanoseconds.
pub fn svg(title: &str, lines: &[(&str, &Histogram<u64>)]) -> String {
    let top = lines.iter().map(|(_, h)| h.value_at_quantile(0.99999)).max().unwrap_or(1).max(10) as f64;
    let (low, high) = (1.0f64, top.log10().ceil());
    let x = |q: f64| {
        let decade = (1.0 / (1.0 - q)).log10().min(f64::from(DECADES));
        MARGIN + (WIDTH - 2.0 * MARGIN) * decade / f64::from(DECADES)
    };
    let y = |ns: f64| {
        HEIGHT - MARGIN - (HEIGHT - 2.0 * MARGIN) * (ns.max(10.0).log10() - low) / (high - low).max(1.0)
    };
    let mut out = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#ffffff"/><text x="{MARGIN}" y="30" font-size="16">{title}</text>"##
    );
    // Writing to a string cannot fail.
    for power in 1..=high as i32 {
        let at = y(10f64.powi(power));
        let label = label(10f64.powi(power));
        let _ = write!(
            out,
            r##"<line x1="{MARGIN}" x2="{}" y1="{at}" y2="{at}" stroke="#dddddd"/><text x="{}" y="{}" text-anchor="end">{label}</text>"##,
            WIDTH - MARGIN,
            MARGIN - 8.0,
            at + 4.0
        );
    }
    for (name, q) in
        [("0", 0.0), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999), ("p99.999", 0.99999)]
    {
        let at = x(q);
        let _ = write!(
            out,
            r##"<line x1="{at}" x2="{at}" y1="{}" y2="{}" stroke="#eeeeee"/><text x="{at}" y="{}" text-anchor="middle">{name}</text>"##,
            MARGIN,
            HEIGHT - MARGIN,
            HEIGHT - MARGIN + 18.0
        );
    }
    for (at, (name, h)) in lines.iter().enumerate() {
        let colour = COLOURS[at % COLOURS.len()];
        let points: String = (0..=DECADES * 20)
            .map(|step| 1.0 - 10f64.powf(-f64::from(step) / 20.0))
            .map(|q| format!("{:.1},{:.1} ", x(q), y(h.value_at_quantile(q) as f64)))
            .collect();
        let _ = write!(
            out,
            r##"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2"/><text x="{}" y="{}" fill="{colour}">{name}</text>"##,
            points.trim_end(),
            MARGIN + 10.0 + 190.0 * at as f64,
            50.0
        );
    }
    out + "</svg>\n"
}

fn label(ns: f64) -> String {
    match ns {
        ns if ns >= 1e9 => format!("{} s", ns / 1e9),
        ns if ns >= 1e6 => format!("{} ms", ns / 1e6),
        ns if ns >= 1e3 => format!("{} us", ns / 1e3),
        ns => format!("{ns} ns"),
    }
}
