//! Counts over time and latency as a picture: shades in a terminal, colours in SVG. Latency is on a scale of
//! logarithms.

use super::look::Look;
use super::when::{length, shown};
use std::fmt::Write;

/// Counts in cells; row 0 holds the shortest times.
pub struct Heat {
    cells: Vec<Vec<u64>>,
    first_ns: i64,
    last_ns: i64,
    low: f64,
    high: f64,
}

const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];

impl Heat {
    /// Counts samples (time in ns, latency) in so many columns and rows; `None` without any.
    pub fn of(samples: impl Iterator<Item = (i64, f64)>, columns: usize, rows: usize) -> Option<Heat> {
        let samples: Vec<(i64, f64)> = samples.map(|(at, value)| (at, value.max(1.0))).collect();
        let (first_ns, last_ns) = (samples.iter().map(|s| s.0).min()?, samples.iter().map(|s| s.0).max()?);
        let low = samples.iter().map(|s| s.1).fold(f64::INFINITY, f64::min);
        let high = samples.iter().map(|s| s.1).fold(0.0, f64::max);
        // Whole steps of 1, 2, 5 around what was measured, and never a scale of no height.
        let low = nice_below(low);
        // A step above the low end, where all samples are alike.
        let high = nice_above((high * 1.000_001).max(low * 1.1));
        let mut heat = Heat { cells: vec![vec![0; columns]; rows], first_ns, last_ns, low, high };
        for (at, value) in samples {
            let (row, column) = (heat.row(value), heat.column(at));
            heat.cells[row][column] += 1;
        }
        Some(heat)
    }

    fn row(&self, value: f64) -> usize {
        let share = (value / self.low).ln() / (self.high / self.low).ln();
        ((share * self.cells.len() as f64) as usize).min(self.cells.len() - 1)
    }

    fn column(&self, at: i64) -> usize {
        let (span, columns) = (i128::from(self.last_ns - self.first_ns).max(1), self.cells[0].len());
        ((i128::from(at - self.first_ns) * columns as i128 / span) as usize).min(columns - 1)
    }

    /// The latency at the lower edge of a row.
    fn edge(&self, row: usize) -> f64 {
        self.low * (self.high / self.low).powf(row as f64 / self.cells.len() as f64)
    }

    fn most(&self) -> u64 {
        self.cells.iter().flatten().copied().max().unwrap_or(0).max(1)
    }

    /// For a terminal.
    pub fn text(&self, what: &str, unit: &str, look: &Look) -> String {
        let most = self.most();
        let mut text = format!(
            "{what} over time; a cell is {} of up to {most} orders\n",
            SHADES[1..].iter().collect::<String>()
        );
        for (row, counts) in self.cells.iter().enumerate().rev() {
            let cells: String = counts.iter().map(|n| shade(*n, most)).collect();
            let _ =
                writeln!(text, "{:>11} │{}", said(self.edge(row), unit), look.paint("36", cells.trim_end()));
        }
        let width = self.cells[0].len();
        let _ = writeln!(text, "{:>11} └{}", "", "─".repeat(width));
        let (first, last) = (clock(self.first_ns, look), clock(self.last_ns, look));
        let gap = width.saturating_sub(first.len() + last.len());
        let _ = writeln!(text, "{:>12}{first}{:gap$}{last} ({})", "", "", look.zone_name);
        text
    }

    /// As a picture of its own.
    pub fn svg(&self, title: &str, unit: &str, look: &Look) -> String {
        const WIDTH: f64 = 1000.0;
        const HEIGHT: f64 = 520.0;
        const LEFT: f64 = 90.0;
        const TOP: f64 = 60.0;
        const ACROSS: f64 = 800.0;
        const DOWN: f64 = 390.0;
        let (rows, columns, most) = (self.cells.len() as f64, self.cells[0].len() as f64, self.most());
        let (w, h) = (ACROSS / columns, DOWN / rows);
        let mut out = format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12" fill="#333333"><rect width="100%" height="100%" fill="#ffffff"/><text x="{LEFT}" y="30" font-size="16">{}</text>"##,
            escaped(title)
        );
        for (row, counts) in self.cells.iter().enumerate() {
            for (column, count) in counts.iter().enumerate().filter(|(_, n)| **n > 0) {
                let (x, y) = (LEFT + column as f64 * w, TOP + DOWN - (row + 1) as f64 * h);
                let colour = colour(*count, most);
                let _ = write!(
                    out,
                    r##"<rect x="{x:.1}" y="{y:.1}" width="{:.1}" height="{:.1}" fill="{colour}"/>"##,
                    w + 0.2,
                    h + 0.2
                );
            }
        }
        let _ = write!(
            out,
            r##"<rect x="{LEFT}" y="{TOP}" width="{ACROSS}" height="{DOWN}" fill="none" stroke="#888888"/>"##
        );
        for value in steps(self.low, self.high) {
            let y = TOP + DOWN * (1.0 - (value / self.low).ln() / (self.high / self.low).ln());
            let label = said(value, unit);
            let _ = write!(
                out,
                r##"<line x1="{LEFT}" x2="{}" y1="{y:.1}" y2="{y:.1}" stroke="#888888" stroke-opacity="0.25"/><text x="{}" y="{:.1}" text-anchor="end">{label}</text>"##,
                LEFT + ACROSS,
                LEFT - 8.0,
                y + 4.0
            );
        }
        for part in 0..=4 {
            let x = LEFT + ACROSS * f64::from(part) / 4.0;
            let at =
                self.first_ns + ((i128::from(self.last_ns - self.first_ns) * i128::from(part)) / 4) as i64;
            let _ = write!(
                out,
                r##"<line x1="{x:.1}" x2="{x:.1}" y1="{}" y2="{}" stroke="#888888"/><text x="{x:.1}" y="{}" text-anchor="middle">{}</text>"##,
                TOP + DOWN,
                TOP + DOWN + 5.0,
                TOP + DOWN + 20.0,
                clock(at, look)
            );
        }
        let _ = write!(
            out,
            r##"<text x="{}" y="{}" text-anchor="middle">time ({})</text><text x="20" y="{}" text-anchor="middle" transform="rotate(-90 20 {})">latency, log scale</text>"##,
            LEFT + ACROSS / 2.0,
            TOP + DOWN + 42.0,
            escaped(&look.zone_name),
            TOP + DOWN / 2.0,
            TOP + DOWN / 2.0
        );
        legend(&mut out, most, LEFT + ACROSS + 20.0, TOP);
        out + "</svg>\n"
    }
}

fn legend(out: &mut String, most: u64, x: f64, top: f64) {
    let _ = write!(out, r##"<text x="{x}" y="{}">orders</text>"##, top - 10.0);
    let mut counts = vec![most];
    while let Some(more) = counts.last().map(|n| n / 4).filter(|n| *n > 0) {
        counts.push(more);
    }
    if counts.last() != Some(&1) {
        counts.push(1);
    }
    for (at, count) in counts.iter().take(12).enumerate() {
        let y = top + at as f64 * 20.0;
        let colour = colour(*count, most);
        let _ = write!(
            out,
            r##"<rect x="{x}" y="{y}" width="14" height="14" fill="{colour}"/><text x="{}" y="{}">{count}</text>"##,
            x + 22.0,
            y + 12.0
        );
    }
}

/// How full a cell is, 0 to 1, by its logarithm: single orders are seen beside thousands.
fn fullness(count: u64, most: u64) -> f64 {
    if most <= 1 { 1.0 } else { ((count as f64).ln() / (most as f64).ln()).clamp(0.0, 1.0) }
}

fn shade(count: u64, most: u64) -> char {
    if count == 0 {
        return SHADES[0];
    }
    SHADES[1 + (fullness(count, most) * 3.0).round() as usize]
}

/// From a light to a dark blue.
fn colour(count: u64, most: u64) -> String {
    let (from, to, t) = ([190.0, 215.0, 240.0], [8.0, 35.0, 90.0], fullness(count, most));
    let mix = |i: usize| (from[i] + (to[i] - from[i]) * t) as u8;
    format!("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2))
}

fn said(value: f64, unit: &str) -> String {
    if unit == "ns" { length(value).replace(".00 ", " ") } else { format!("{value:.0}") }
}

fn clock(ns: i64, look: &Look) -> String {
    let time = shown(ns, &look.zone);
    time.get(11..19).unwrap_or(&time).to_string()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// 1, 2 and 5 times powers of ten.
fn steps(low: f64, high: f64) -> impl Iterator<Item = f64> {
    let powers = (0..18).map(|p| 10f64.powi(p));
    let all = powers.flat_map(|p| [p, 2.0 * p, 5.0 * p]);
    all.filter(move |v| *v >= low * 0.999 && *v <= high * 1.001)
}

fn nice_below(value: f64) -> f64 {
    steps(1.0, value).last().unwrap_or(1.0)
}

fn nice_above(value: f64) -> f64 {
    steps(value, f64::INFINITY).next().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_in_one_cell_of_its_time_and_latency() {
        let samples = [(0, 150.0), (50, 1_500.0), (100, 90_000.0), (100, 90_000.0)];
        let heat = Heat::of(samples.into_iter(), 10, 6).unwrap();
        assert_eq!((heat.low, heat.high), (100.0, 100_000.0));
        assert_eq!(heat.cells.iter().flatten().sum::<u64>(), 4);
        assert_eq!((heat.cells[0][0], heat.cells[2][5], heat.cells[5][9]), (1, 1, 2));
        assert!(Heat::of(std::iter::empty(), 10, 6).is_none());
        let one = Heat::of([(5, 1_000.0)].into_iter(), 10, 6).unwrap();
        assert!(one.low < one.high);
    }

    #[test]
    fn fuller_cells_are_darker() {
        assert_eq!((shade(0, 9), shade(1, 9), shade(9, 9), shade(1, 1)), (' ', '░', '█', '█'));
        assert_ne!(colour(1, 100), colour(100, 100));
    }
}
