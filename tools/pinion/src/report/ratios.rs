//! Ratios of daily returns.

use pinion_model::number::Money;

/// Fewest daily returns from which a ratio says anything.
pub const FEWEST_DAYS: usize = 30;
const DAY_NS: f64 = 86_400e9;
const YEAR_DAYS: f64 = 365.0;

/// Ratios of daily returns.
pub struct Ratios {
    /// Daily returns that there are.
    pub days: usize,
    /// Mean over standard deviation.
    pub sharpe: Option<f64>,
    /// Mean over downside deviation.
    pub sortino: Option<f64>,
}

/// Sharpe and Sortino of equity at the end of each day, annualised by the mean distance of the days. The
/// risk-free rate is zero; Sortino's downside deviation is over all days.
pub fn ratios(daily: &[(i64, Money)]) -> Ratios {
    let daily = whole_days(daily);
    let returns: Vec<f64> = daily.windows(2).map(|w| w[1].1.0 as f64 / w[0].1.0 as f64 - 1.0).collect();
    let days = returns.len();
    if days < FEWEST_DAYS {
        return Ratios { days, sharpe: None, sortino: None };
    }
    let span = (daily[days].0 - daily[0].0) as f64 / DAY_NS;
    let per_year = (YEAR_DAYS * days as f64 / span).sqrt();
    let n = days as f64;
    let mean = returns.iter().sum::<f64>() / n;
    let variance = returns.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let downside = returns.iter().map(|r| r.min(0.0).powi(2)).sum::<f64>() / n;
    let over = |risk: f64| (risk > 0.0).then(|| mean / risk.sqrt() * per_year);
    Ratios { days, sharpe: over(variance), sortino: over(downside) }
}

/// The values that are a day apart: a run begins and ends within a day, and what is left of one joins the day
/// beside it.
fn whole_days(daily: &[(i64, Money)]) -> Vec<(i64, Money)> {
    const HALF_DAY_NS: i64 = 43_200_000_000_000;
    let mut days: Vec<(i64, Money)> = Vec::with_capacity(daily.len());
    for (at, &(time_ns, equity)) in daily.iter().enumerate() {
        match days.last() {
            Some((last_ns, _)) if time_ns - last_ns < HALF_DAY_NS => {
                if at + 1 == daily.len() && days.len() > 1 {
                    days.pop();
                    days.push((time_ns, equity));
                }
            }
            _ => days.push((time_ns, equity)),
        }
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_need_thirty_days_and_use_the_real_interval() {
        let day = 86_400_000_000_000i64;
        let curve = |n: i64, step: i64| -> Vec<(i64, Money)> {
            (0..n).map(|i| (i * step, Money(1_000_000 + i128::from(i * 1000 + (i % 3) * 700)))).collect()
        };
        assert!(ratios(&curve(30, day)).sharpe.is_none());
        let daily = ratios(&curve(40, day)).sharpe.unwrap();
        let weekly = ratios(&curve(40, 7 * day)).sharpe.unwrap();
        assert!((daily / weekly - 7f64.sqrt()).abs() < 1e-9);
    }

    #[test]
    fn parts_of_a_day_are_no_daily_returns() {
        let hour = 3_600_000_000_000i64;
        let days = |hours: &[i64]| {
            let daily: Vec<(i64, Money)> =
                hours.iter().map(|h| (h * hour, Money(1000 + i128::from(*h)))).collect();
            ratios(&daily).days
        };
        assert_eq!(days(&[10, 10]), 0, "three minutes");
        assert_eq!(days(&[23, 24, 25]), 0, "over midnight");
        assert_eq!(days(&[10, 24, 48, 49]), 2, "the last hour joins the day before");
        assert_eq!(days(&[0, 24, 48, 72]), 3);
        assert_eq!(whole_days(&[(0, Money(1)), (24 * hour, Money(2)), (25 * hour, Money(3))])[1].1, Money(3));
    }
}
