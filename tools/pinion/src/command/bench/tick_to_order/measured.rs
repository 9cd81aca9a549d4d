//! Times of a run as a histogram in nanoseconds, and the shapes in which people want them.

use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// Longest time that is told apart: a minute.
const LONGEST_NS: u64 = 60_000_000_000;

/// The quantiles that are shown.
pub const QUANTILES: [(&str, f64); 5] =
    [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999)];

/// A histogram that never grows.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_NS, 3).expect("constant bounds are valid")
}

/// A line of the table: count, least, quantiles, largest.
pub fn row(name: &str, h: &Histogram<u64>) -> String {
    let mut line = format!("  {name:<24} {:>9}", h.min());
    for (_, q) in QUANTILES {
        line += &format!(" {:>9}", h.value_at_quantile(q));
    }
    line + &format!(" {:>10} {:>9}", h.max(), h.len())
}

/// The table's head.
pub fn head() -> String {
    let mut line = format!("  {:<24} {:>9}", "ns", "min");
    for (name, _) in QUANTILES {
        line += &format!(" {name:>9}");
    }
    line + &format!(" {:>10} {:>9}", "max", "count")
}

/// The figures as JSON.
pub fn figures(h: &Histogram<u64>) -> Value {
    let mut value = json!({"count": h.len(), "min": h.min(), "max": h.max(), "mean": h.mean()});
    for (name, q) in QUANTILES {
        value[name] = json!(h.value_at_quantile(q));
    }
    value
}

/// HdrHistogram's text form (`.hgrm`), which its plotter reads: value, percentile, count, 1/(1-percentile).
pub fn distribution(h: &Histogram<u64>) -> String {
    let mut text = String::from("       Value     Percentile TotalCount 1/(1-Percentile)\n\n");
    for at in h.iter_quantiles(5) {
        let q = at.quantile_iterated_to();
        let inverse = if q < 1.0 { format!("{:.2}", 1.0 / (1.0 - q)) } else { "inf".into() };
        text += &format!(
            "{:12} {q:2.12} {:10} {inverse:>14}\n",
            at.value_iterated_to(),
            at.count_since_last_iteration()
        );
    }
    text + &format!("#[Mean = {:.3}, Max = {}, Total count = {}]\n", h.mean(), h.max(), h.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_ends_with_everything() {
        let mut h = histogram();
        (1..=1000u64).for_each(|ns| h.record(ns).unwrap());
        let text = distribution(&h);
        let counts = text.lines().filter(|l| l.starts_with(' ')).filter_map(|l| l.split_whitespace().nth(2));
        let total: u64 = counts.filter_map(|c| c.parse::<u64>().ok()).sum();
        assert_eq!(total, 1000, "{text}");
        assert!(text.contains("inf"));
    }
}
