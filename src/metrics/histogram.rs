//! Histograms of scores, and how far two of them have drifted apart.

use super::round::round4;

/// Bins of a score histogram, unless another number is asked for.
pub const SCORE_BINS: usize = 10;

/// Counts of scores in `bins` equal bins over 0..=100. Scores outside are pulled in; 100 falls into the last bin.
#[must_use]
pub fn score_histogram(scores: &[f64], bins: usize) -> Vec<u64> {
    let mut counts = vec![0; bins.max(1)];
    for &score in scores {
        counts[score_bin(score, bins)] += 1;
    }
    counts
}

/// The bin of one score.
#[must_use]
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn score_bin(score: f64, bins: usize) -> usize {
    let bins = bins.max(1);
    let width = 100.0 / bins as f64;
    // A NaN stays one through the clamp, and the cast makes it 0.
    ((score.clamp(0.0, 100.0) / width).floor() as usize).min(bins - 1)
}

/// Population stability index of two histograms with the same bins, four decimals: sum over bins of
/// (a - e) * ln(a / e) with shares floored at one millionth. Undefined when they are empty, differ in length or either
/// has no samples.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn population_stability_index(expected: &[u64], actual: &[u64]) -> Option<f64> {
    let (e_total, a_total) = (expected.iter().sum::<u64>(), actual.iter().sum::<u64>());
    if expected.is_empty() || expected.len() != actual.len() || e_total == 0 || a_total == 0 {
        return None;
    }
    let mut index = 0.0;
    for (&e, &a) in expected.iter().zip(actual) {
        let e = (e as f64 / e_total as f64).max(1e-6);
        let a = (a as f64 / a_total as f64).max(1e-6);
        index += (a - e) * (a / e).ln();
    }
    Some(round4(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_on_an_edge_belongs_to_the_bin_above() {
        assert_eq!(score_bin(10.0, 10), 1);
        assert_eq!(score_bin(100.0, 10), 9);
        assert_eq!(score_bin(f64::NAN, 10), 0);
    }

    #[test]
    fn equal_shapes_have_not_drifted() {
        assert_eq!(population_stability_index(&[10, 20], &[1, 2]), Some(0.0));
        assert_eq!(population_stability_index(&[1], &[1, 2]), None);
    }
}
