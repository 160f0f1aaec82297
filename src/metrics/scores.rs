//! The scores of labelled samples in dataset order, a bit each.

use super::calibration::{CALIBRATION_BINS, CalibrationBins};
use super::ranking::{average_precision, roc_auc_of_groups};

/// Samples that are kept as they came before they are counted.
const RECENT: usize = 1 << 16;
/// Distinct scores: 0..=100.
const SCORES: usize = 101;

/// Risk score and label of each labelled sample. Order matters: average precision breaks ties by it, and the
/// calibration error sums doubles in it. But among samples of one score only, so that in the long run a bit a sample is
/// enough (1.25 MB for ten million).
#[derive(Clone, Debug, Default)]
pub struct ScoreSequence {
    counted: Option<Box<Counted>>,
    /// The samples behind the counted ones: the score, and the label in the lowest bit.
    recent: Vec<u8>,
}

/// What the figures need of samples, in their order.
#[derive(Clone, Debug)]
struct Counted {
    by_score: Vec<Labels>,
    calibration: CalibrationBins,
}

impl Default for Counted {
    fn default() -> Self {
        Counted { by_score: vec![Labels::default(); SCORES], calibration: CalibrationBins::new(CALIBRATION_BINS) }
    }
}

impl Counted {
    fn add(&mut self, samples: &[u8]) {
        for packed in samples {
            let (score, positive) = (packed >> 1, packed & 1 == 1);
            self.by_score[usize::from(score)].push(positive);
            self.calibration.add(f64::from(score) / 100.0, positive);
        }
    }

    fn append(&mut self, later: &Self) {
        for (mine, theirs) in self.by_score.iter_mut().zip(&later.by_score) {
            mine.append(theirs);
        }
        self.calibration.merge(&later.calibration);
    }
}

impl ScoreSequence {
    /// Appends one sample; scores above 100 count as 100.
    pub fn push(&mut self, score: u8, positive: bool) {
        if self.recent.len() == RECENT {
            self.count();
        }
        self.recent.push(score.min(100) << 1 | u8::from(positive));
    }

    /// Appends the samples of a later part of the dataset. With up to 65,536 samples in that part the outcome is that of
    /// pushing them here; of a longer one the sums of the calibration error may differ in their last bits.
    pub fn append(&mut self, later: &Self) {
        if let Some(counted) = &later.counted {
            self.count().append(counted);
        }
        if self.recent.len() + later.recent.len() > RECENT {
            self.count();
        }
        self.recent.extend_from_slice(&later.recent);
    }

    fn count(&mut self) -> &mut Counted {
        let counted = self.counted.get_or_insert_default();
        counted.add(&self.recent);
        self.recent.clear();
        counted
    }

    /// Area under the ROC curve, average precision and calibration error of the sequence.
    #[must_use]
    pub fn metrics(&self) -> ScoreMetrics {
        let mut all = self.clone();
        let Counted { by_score, calibration } = all.count();
        let positives = by_score.iter().map(|l| l.positives).sum();
        ScoreMetrics {
            auroc: roc_auc_of_groups(by_score.iter().map(|l| (l.positives, l.len - l.positives))),
            auprc: average_precision(by_score.iter().rev().flat_map(Labels::iter), positives),
            ece: calibration.error(),
            calibration: calibration.clone(),
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

    fn append(&mut self, later: &Self) {
        later.iter().for_each(|positive| self.push(positive));
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
    fn appending_parts_keeps_the_order() {
        let samples = sample(3 * RECENT as u64 + 1000);
        for part in [1, 700, RECENT - 1, RECENT, RECENT + 1, 2 * RECENT + 5] {
            let mut whole = ScoreSequence::default();
            let mut joined = ScoreSequence::default();
            for samples in samples.chunks(part) {
                let mut later = ScoreSequence::default();
                for &(score, label) in samples {
                    whole.push(score, label);
                    later.push(score, label);
                }
                joined.append(&later);
            }
            let (whole, joined) = (whole.metrics(), joined.metrics());
            assert_eq!((whole.auroc, whole.auprc, whole.ece), (joined.auroc, joined.auprc, joined.ece), "{part}");
        }
    }
}
