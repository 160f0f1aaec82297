//! The scores of labelled samples in dataset order, a bit each where they are whole.

use super::calibration::{CALIBRATION_BINS, CalibrationBins};
use super::ranking::{average_precision, roc_auc_of_groups};

/// Samples that are kept as they came before they are counted.
const RECENT: usize = 1 << 16;
/// Whole scores: 0..=100.
const SCORES: usize = 101;
/// Stands among the recent samples for a score that is none of these.
const OTHER: u8 = 127;

/// Risk score and label of each labelled sample. Order matters: average precision breaks ties by it, and the
/// calibration error sums doubles in it. But among samples of one score only, so that in the long run a bit a sample is
/// enough (1.25 MB for ten million). Scores that are no whole numbers 0..=100, which other systems give, take 16 bytes.
#[derive(Clone, Debug)]
pub struct ScoreSequence {
    bins: usize,
    counted: Option<Box<Counted>>,
    /// The samples behind the counted ones: the score or [`OTHER`], and the label in the lowest bit.
    recent: Vec<u8>,
    /// The scores of those that have [`OTHER`].
    recent_others: Vec<f64>,
}

/// What the figures need of samples, in their order.
#[derive(Clone, Debug)]
struct Counted {
    by_score: Vec<Labels>,
    /// Score and label of samples whose score is not whole.
    others: Vec<(f64, bool)>,
    calibration: CalibrationBins,
}

impl Counted {
    fn new(bins: usize) -> Self {
        Counted {
            by_score: vec![Labels::default(); SCORES],
            others: Vec::new(),
            calibration: CalibrationBins::new(bins),
        }
    }

    fn add(&mut self, samples: &[u8], others: &[f64]) {
        let mut others = others.iter();
        for packed in samples {
            let (whole, positive) = (packed >> 1, packed & 1 == 1);
            let score = match self.by_score.get_mut(usize::from(whole)) {
                Some(labels) => {
                    labels.push(positive);
                    f64::from(whole)
                }
                None => {
                    // Each OTHER was pushed with its score.
                    let score = others.next().copied().unwrap_or_default();
                    self.others.push((score, positive));
                    score
                }
            };
            self.calibration.add(score.clamp(0.0, 100.0) / 100.0, positive);
        }
    }

    /// The samples by score, lowest first; those of one score in their order.
    fn groups(&mut self) -> Vec<Group<'_>> {
        self.others.sort_by(|a, b| a.0.total_cmp(&b.0));
        let whole = (0u8..).zip(&self.by_score).filter(|(_, labels)| labels.len > 0);
        let whole = whole.map(|(score, labels)| Group { score: score.into(), labels: Some(labels), others: &[] });
        let others = self.others.chunk_by(|a, b| a.0 == b.0);
        let others = others.map(|others| Group { score: others[0].0, labels: None, others });
        let mut groups: Vec<Group<'_>> = whole.chain(others).collect();
        groups.sort_by(|a, b| a.score.total_cmp(&b.score));
        groups
    }

    fn append(&mut self, later: &Self) {
        for (mine, theirs) in self.by_score.iter_mut().zip(&later.by_score) {
            mine.append(theirs);
        }
        self.others.extend_from_slice(&later.others);
        self.calibration.merge(&later.calibration);
    }
}

/// Samples of one score.
struct Group<'c> {
    score: f64,
    /// The samples of a whole score.
    labels: Option<&'c Labels>,
    /// The samples of any other.
    others: &'c [(f64, bool)],
}

impl Group<'_> {
    /// Positives and negatives.
    fn counts(&self) -> (u64, u64) {
        match self.labels {
            Some(labels) => (labels.positives, labels.len - labels.positives),
            None => {
                let positives = self.others.iter().filter(|(_, positive)| *positive).count() as u64;
                (positives, self.others.len() as u64 - positives)
            }
        }
    }

    fn labels(&self) -> impl Iterator<Item = bool> {
        self.labels.into_iter().flat_map(Labels::iter).chain(self.others.iter().map(|(_, positive)| *positive))
    }
}

impl Default for ScoreSequence {
    fn default() -> Self {
        Self::with_bins(CALIBRATION_BINS)
    }
}

impl ScoreSequence {
    /// An empty sequence whose calibration is measured over `bins` bins (at least one).
    #[must_use]
    pub fn with_bins(bins: usize) -> Self {
        Self { bins, counted: None, recent: Vec::new(), recent_others: Vec::new() }
    }

    /// Appends one sample. Any score ranks; as a probability one below 0 counts as 0 and one above 100 as 100.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn push(&mut self, score: f64, positive: bool) {
        if self.recent.len() == RECENT {
            self.count();
        }
        // The cast saturates, and what it changes is no whole number up to 100.
        let whole = score as u8;
        let is_whole = usize::from(whole) < SCORES && f64::from(whole) == score;
        if !is_whole {
            self.recent_others.push(score);
        }
        self.recent.push(if is_whole { whole } else { OTHER } << 1 | u8::from(positive));
    }

    /// Appends the samples of a later part of the dataset, binned alike. With up to 65,536 samples in that part the
    /// outcome is that of pushing them here; of a longer one the sums of the calibration error may differ in their last
    /// bits.
    pub fn append(&mut self, later: &Self) {
        if let Some(counted) = &later.counted {
            self.count().append(counted);
        }
        if self.recent.len() + later.recent.len() > RECENT {
            self.count();
        }
        self.recent.extend_from_slice(&later.recent);
        self.recent_others.extend_from_slice(&later.recent_others);
    }

    fn count(&mut self) -> &mut Counted {
        let counted = self.counted.get_or_insert_with(|| Box::new(Counted::new(self.bins)));
        counted.add(&self.recent, &self.recent_others);
        self.recent.clear();
        self.recent_others.clear();
        counted
    }

    /// Area under the ROC curve, average precision and calibration error of the sequence.
    #[must_use]
    pub fn metrics(&self) -> ScoreMetrics {
        let mut all = self.clone();
        let counted = all.count();
        let calibration = counted.calibration.clone();
        let groups = counted.groups();
        let positives = groups.iter().map(|group| group.counts().0).sum();
        ScoreMetrics {
            auroc: roc_auc_of_groups(groups.iter().map(Group::counts)),
            auprc: average_precision(groups.iter().rev().flat_map(Group::labels), positives),
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

    fn sample(n: u64) -> Vec<(f64, bool)> {
        (0..n).map(|i| ((i * i * 31 % 101) as f64, (i * 7 + i / 3) % 5 < 2)).collect()
    }

    /// The same with every third score halved, shifted out of the range or repeated as it is.
    fn fractional(n: u64) -> Vec<(f64, bool)> {
        let mut samples = sample(n);
        for (i, (score, _)) in samples.iter_mut().enumerate().filter(|(i, _)| i % 3 > 0) {
            *score = if i % 3 == 1 { *score / 2.0 } else { *score * 1.5 - 20.0 };
        }
        samples
    }

    #[test]
    fn the_sequence_gives_what_the_plain_functions_give() {
        for samples in [0, 1, 2, 63, 64, 65, 1000].into_iter().flat_map(|n| [sample(n), fractional(n)]) {
            let n = samples.len();
            let mut sequence = ScoreSequence::default();
            samples.iter().for_each(|&(s, l)| sequence.push(s, l));
            let scores: Vec<f64> = samples.iter().map(|(s, _)| *s).collect();
            let probabilities: Vec<f64> = scores.iter().map(|s| s.clamp(0.0, 100.0) / 100.0).collect();
            let labels: Vec<bool> = samples.iter().map(|(_, l)| *l).collect();
            let m = sequence.metrics();
            assert_eq!(m.auroc, roc_auc(&scores, &labels), "{n}");
            assert_eq!(m.auprc, pr_auc(&scores, &labels), "{n}");
            assert_eq!(m.ece, expected_calibration_error(&probabilities, &labels, 10), "{n}");
        }
    }

    #[test]
    fn appending_parts_keeps_the_order() {
        appending_in_parts(&sample(3 * RECENT as u64 + 1000));
        appending_in_parts(&fractional(3 * RECENT as u64 + 1000));
    }

    fn appending_in_parts(samples: &[(f64, bool)]) {
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
