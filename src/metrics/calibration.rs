//! Whether a score of 80 means "right in 80 of 100 cases".

use super::round::{round_to, round4};
use serde::{Deserialize, Serialize};

/// Bins of the calibration error and of the reliability curve, unless another number is asked for.
pub const CALIBRATION_BINS: usize = 10;

/// One bin of a reliability curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Confidence above this, three decimals.
    pub lo: f64,
    /// Confidence up to and including this, three decimals.
    pub hi: f64,
    /// Mean confidence, four decimals; null when the bin is empty.
    pub avg_confidence: Option<f64>,
    /// Share of right predictions, four decimals; null when the bin is empty.
    pub accuracy: Option<f64>,
    /// Predictions in the bin.
    pub count: u64,
}

/// Predictions sorted into bins of confidence, fed in sample order. A probability of 0.5 or more predicts a positive;
/// the confidence is that of the prediction, so it is never below one half.
#[derive(Clone, Debug)]
pub struct CalibrationBins {
    bins: Vec<Bin>,
    /// Upper edge of each bin.
    edges: Vec<f64>,
    total: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bin {
    confidence: f64,
    correct: u64,
    count: u64,
}

impl CalibrationBins {
    /// `bins` empty bins of equal width (at least one).
    #[must_use]
    pub fn new(bins: usize) -> Self {
        let bins = bins.max(1);
        #[allow(clippy::cast_precision_loss)]
        let edges = (1..=bins).map(|b| b as f64 / bins as f64).collect();
        Self { bins: vec![Bin::default(); bins], edges, total: 0 }
    }

    /// The bins of probabilities 0..=1 and their labels.
    #[must_use]
    pub fn of(probabilities: &[f64], labels: &[bool], bins: usize) -> Self {
        let mut filled = Self::new(bins);
        for (&p, &label) in probabilities.iter().zip(labels) {
            filled.add(p, label);
        }
        filled
    }

    /// Adds one prediction.
    pub fn add(&mut self, probability: f64, label: bool) {
        let predicted = probability >= 0.5;
        let confidence = if predicted { probability } else { 1.0 - probability };
        let index = self.bin_of(confidence);
        let bin = &mut self.bins[index];
        bin.confidence += confidence;
        bin.correct += u64::from(predicted == label);
        bin.count += 1;
        self.total += 1;
    }

    /// Adds the predictions of another part, bin by bin: as if they had been added here, but for the rounding of the sums.
    pub(super) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.bins.iter_mut().zip(&other.bins) {
            mine.confidence += theirs.confidence;
            mine.correct += theirs.correct;
            mine.count += theirs.count;
        }
        self.total += other.total;
    }

    /// The bin `b` with edge(b) < confidence <= edge(b + 1), the edges being the doubles b/n; bin 0 also holds 0.
    fn bin_of(&self, confidence: f64) -> usize {
        let inner = &self.edges[..self.edges.len() - 1];
        inner.partition_point(|edge| confidence > *edge)
    }

    fn edge(&self, b: usize) -> f64 {
        if b == 0 { 0.0 } else { self.edges[b - 1] }
    }

    /// Expected calibration error: the mean gap between confidence and accuracy, weighted by bin, four decimals;
    /// undefined without samples.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn error(&self) -> Option<f64> {
        if self.total == 0 {
            return None;
        }
        let mut error = 0.0;
        for bin in self.bins.iter().filter(|b| b.count > 0) {
            let n = bin.count as f64;
            error += (n / self.total as f64) * (bin.confidence / n - bin.correct as f64 / n).abs();
        }
        Some(round4(error))
    }

    /// The reliability curve; undefined without samples.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn curve(&self) -> Option<Vec<ReliabilityBin>> {
        if self.total == 0 {
            return None;
        }
        let curve = self.bins.iter().enumerate().map(|(b, bin)| {
            let n = bin.count as f64;
            let filled = bin.count > 0;
            ReliabilityBin {
                lo: round_to(self.edge(b), 3),
                hi: round_to(self.edge(b + 1), 3),
                avg_confidence: filled.then(|| round4(bin.confidence / n)),
                accuracy: filled.then(|| round4(bin.correct as f64 / n)),
                count: bin.count,
            }
        });
        Some(curve.collect())
    }
}

/// Expected calibration error of probabilities 0..=1 over `bins` bins.
#[must_use]
pub fn expected_calibration_error(probabilities: &[f64], labels: &[bool], bins: usize) -> Option<f64> {
    CalibrationBins::of(probabilities, labels, bins).error()
}

/// Reliability curve of probabilities 0..=1 over `bins` bins.
#[must_use]
pub fn reliability_curve(probabilities: &[f64], labels: &[bool], bins: usize) -> Option<Vec<ReliabilityBin>> {
    CalibrationBins::of(probabilities, labels, bins).curve()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bin_holds_its_upper_edge() {
        let curve = reliability_curve(&[0.6], &[true], 10).unwrap();
        assert_eq!(curve[5].count, 1);
    }

    #[test]
    fn one_half_predicts_a_positive() {
        assert_eq!(expected_calibration_error(&[0.5], &[false], 10), Some(0.5));
        assert_eq!(expected_calibration_error(&[0.49], &[false], 10), Some(0.49));
    }

    #[test]
    fn no_bins_asked_for_means_one() {
        assert_eq!(expected_calibration_error(&[1.0], &[true], 0), Some(0.0));
    }
}
