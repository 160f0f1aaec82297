//! Percentiles by linear interpolation.

use super::round::round_to;
use serde::{Deserialize, Serialize};

/// The three percentiles of the reference's scorecard.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// The median.
    pub p50: f64,
    /// 95 of 100 are at or below.
    pub p95: f64,
    /// 99 of 100 are at or below.
    pub p99: f64,
}

/// Where percentile `p` (0..=1) of `n` sorted values lies: between the values at `.0` and `.1`, at the fraction `.2`.
#[must_use]
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn rank_of(n: u64, p: f64) -> (u64, u64, f64) {
    let last = n.saturating_sub(1);
    let k = last as f64 * p.clamp(0.0, 1.0);
    let below = (k.floor() as u64).min(last);
    (below, (below + 1).min(last), k - below as f64)
}

/// The value at a fraction of the way from `low` to `high`.
#[must_use]
pub fn interpolate(low: f64, high: f64, fraction: f64) -> f64 {
    low + (high - low) * fraction
}

/// p50, p95 and p99 of `values`, one decimal. No values give zeros; a single value is given back as it is.
#[must_use]
#[allow(clippy::cast_possible_truncation)]
pub fn percentiles(values: &[f64]) -> Percentiles {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |p| match sorted.as_slice() {
        [] => 0.0,
        [only] => *only,
        sorted => {
            let (low, high, fraction) = rank_of(sorted.len() as u64, p);
            round_to(interpolate(sorted[low as usize], sorted[high as usize], fraction), 1)
        }
    };
    Percentiles { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_two_values_the_percentile_is_interpolated() {
        assert_eq!(percentiles(&[1.0, 2.0]), Percentiles { p50: 1.5, p95: 1.9, p99: 2.0 });
    }

    #[test]
    fn nothing_and_one_value_are_special() {
        assert_eq!(percentiles(&[]).p99, 0.0);
        assert_eq!(percentiles(&[7.123]).p50, 7.123);
    }
}
