//! The scores of labelled samples in dataset order, one byte each.

use super::calibration::{CALIBRATION_BINS, CalibrationBins};
use super::ranking::{average_precision, roc_auc_of_groups};

const CHUNK: usize = 1 << 20;
/// Distinct scores: 0..=100.
const SCORES: usize = 101;

/// Risk score and label of each labelled sample. Order matters: average precision breaks ties by it, and the
/// calibration error sums doubles in it. One byte a sample (10 MB for ten million), in chunks so that growing never
/// copies.
#[derive(Clone, Debug, Default)]
pub struct ScoreSequence {
    chunks: Vec<Vec<u8>>,
}

impl ScoreSequence {
    /// Appends one sample; scores above 100 count as 100.
    pub fn push(&mut self, score: u8, positive: bool) {
        let packed = score.min(100) << 1 | u8::from(positive);
        match self.chunks.last_mut() {
            // Small accumulators of a batch stay small; only a chunk that is full starts the next.
            Some(chunk) if chunk.len() < CHUNK => chunk.push(packed),
            _ => self.chunks.push(vec![packed]),
        }
    }

    /// Appends the samples of a later part of the dataset.
    pub fn append(&mut self, later: &Self) {
        for chunk in &later.chunks {
            let mut rest = chunk.as_slice();
            while !rest.is_empty() {
                if self.chunks.last().is_none_or(|c| c.len() >= CHUNK) {
                    self.chunks.push(Vec::new());
                }
                let Some(last) = self.chunks.last_mut() else { return };
                let (fits, more) = rest.split_at(rest.len().min(CHUNK - last.len()));
                last.extend_from_slice(fits);
                rest = more;
            }
        }
    }

    fn iter(&self) -> impl Iterator<Item = (u8, bool)> {
        self.chunks.iter().flatten().map(|packed| (packed >> 1, packed & 1 == 1))
    }

    /// Area under the ROC curve, average precision and calibration error of the sequence.
    #[must_use]
    pub fn metrics(&self) -> ScoreMetrics {
        let mut by_score: Vec<Labels> = vec![Labels::default(); SCORES];
        let mut calibration = CalibrationBins::new(CALIBRATION_BINS);
        for (score, positive) in self.iter() {
            by_score[usize::from(score)].push(positive);
            calibration.add(f64::from(score) / 100.0, positive);
        }
        let positives = by_score.iter().map(|l| l.positives).sum();
        ScoreMetrics {
            auroc: roc_auc_of_groups(by_score.iter().map(|l| (l.positives, l.len - l.positives))),
            auprc: average_precision(by_score.iter().rev().flat_map(Labels::iter), positives),
            ece: calibration.error(),
            calibration,
        }
    }
}

/// What the scores of labelled samples are worth.
#[derive(Clone, Debug)]
pub struct ScoreMetrics {
    /// Area under the ROC curve; undefined unless both classes are present.
    pub auroc: Option<f64>,
    /// Average precision; undefined without positives.
    pub auprc: Option<f64>,
    /// Expected calibration error; undefined without labelled samples.
    pub ece: Option<f64>,
    /// The bins behind the calibration error.
    pub calibration: CalibrationBins,
}

/// Labels of equal score in dataset order, a bit each.
#[derive(Clone, Debug, Default)]
struct Labels {
    words: Vec<u64>,
    len: u64,
    positives: u64,
}

impl Labels {
    fn push(&mut self, positive: bool) {
        let bit = self.len % 64;
        if bit == 0 {
            self.words.push(0);
        }
        if let Some(word) = self.words.last_mut() {
            *word |= u64::from(positive) << bit;
        }
        self.len += 1;
        self.positives += u64::from(positive);
    }

    fn iter(&self) -> impl Iterator<Item = bool> {
        let bits = self.words.iter().flat_map(|word| (0..64).map(move |bit| word >> bit & 1 == 1));
        // The last word may be part full; len counts what was pushed, and no chunk holds usize::MAX labels.
        bits.take(usize::try_from(self.len).unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::super::calibration::expected_calibration_error;
    use super::super::ranking::{pr_auc, roc_auc};
    use super::*;

    fn sample(n: u64) -> Vec<(u8, bool)> {
        (0..n).map(|i| ((i * i * 31 % 101) as u8, (i * 7 + i / 3) % 5 < 2)).collect()
    }

    #[test]
    fn the_sequence_gives_what_the_plain_functions_give() {
        for n in [0, 1, 2, 63, 64, 65, 1000] {
            let samples = sample(n);
            let mut sequence = ScoreSequence::default();
            samples.iter().for_each(|&(s, l)| sequence.push(s, l));
            let scores: Vec<f64> = samples.iter().map(|(s, _)| f64::from(*s)).collect();
            let probabilities: Vec<f64> = scores.iter().map(|s| s / 100.0).collect();
            let labels: Vec<bool> = samples.iter().map(|(_, l)| *l).collect();
            let m = sequence.metrics();
            assert_eq!(m.auroc, roc_auc(&scores, &labels), "{n}");
            assert_eq!(m.auprc, pr_auc(&scores, &labels), "{n}");
            assert_eq!(m.ece, expected_calibration_error(&probabilities, &labels, 10), "{n}");
        }
    }

    #[test]
    fn appending_parts_keeps_the_order_across_chunks() {
        let samples = sample(CHUNK as u64 + 1000);
        let mut whole = ScoreSequence::default();
        let (mut first, mut second) = (ScoreSequence::default(), ScoreSequence::default());
        for (i, &(s, l)) in samples.iter().enumerate() {
            whole.push(s, l);
            if i < 700 { first.push(s, l) } else { second.push(s, l) }
        }
        first.append(&second);
        assert!(first.iter().eq(whole.iter()));
        assert!(first.chunks.iter().rev().skip(1).all(|c| c.len() == CHUNK));
    }
}
