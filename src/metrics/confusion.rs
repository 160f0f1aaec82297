//! Confusion counts and the rates that follow from them.

use super::label::Label;
use super::round::{ratio, round4};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Expected label -> actual label -> count, with labels as they were written.
pub type LabelConfusion = IndexMap<String, IndexMap<String, u64>>;

/// The confusion of "flagged or not", whatever the kind of flag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BinaryConfusion {
    /// Should be flagged and was.
    pub tp: u64,
    /// Should be allowed and was flagged.
    pub fp: u64,
    /// Should be flagged and was not (failed evaluations included).
    pub r#fn: u64,
    /// Should be allowed and was not flagged (failed evaluations included).
    pub tn: u64,
}

impl BinaryConfusion {
    /// Counts `n` samples of one kind.
    pub fn add(&mut self, expected_positive: bool, flagged: bool, n: u64) {
        let cell = match (expected_positive, flagged) {
            (true, true) => &mut self.tp,
            (true, false) => &mut self.r#fn,
            (false, true) => &mut self.fp,
            (false, false) => &mut self.tn,
        };
        *cell = cell.saturating_add(n);
    }

    /// The confusion of labels as they were written. Anything but `ALLOW` is a positive expectation; anything but
    /// `ALLOW`, `ERROR` and `NONE` is a flag, so `WARN` is one and so is an unknown label.
    #[must_use]
    pub fn of_labels(confusion: &LabelConfusion) -> Self {
        let mut binary = Self::default();
        for (expected, row) in confusion {
            for (actual, &n) in row {
                binary.add(Label::of(expected).is_positive(), Label::of(actual).is_flagged(), n);
            }
        }
        binary
    }

    /// Precision, recall, f1 and false-positive rate.
    #[must_use]
    pub fn classification(&self) -> Classification {
        let precision = ratio(self.tp, self.tp.saturating_add(self.fp));
        let recall = ratio(self.tp, self.tp.saturating_add(self.r#fn));
        // The reference treats a zero like an undefined value here, so a recall of 0 leaves f1 undefined.
        let f1 = match (precision, recall) {
            (Some(p), Some(r)) if p > 0.0 && r > 0.0 => Some(2.0 * p * r / (p + r)),
            _ => None,
        };
        Classification {
            precision: precision.map(round4),
            recall: recall.map(round4),
            f1: f1.map(round4),
            fp_rate: ratio(self.fp, self.fp.saturating_add(self.tn)).map(round4),
            binary_confusion: *self,
        }
    }
}

/// The reference's classification metrics, four decimals each, undefined (null) where a denominator is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Classification {
    /// tp / (tp + fp).
    pub precision: Option<f64>,
    /// tp / (tp + fn).
    pub recall: Option<f64>,
    /// Harmonic mean of both before rounding; null when either is null or 0.
    pub f1: Option<f64>,
    /// fp / (fp + tn).
    pub fp_rate: Option<f64>,
    /// The counts behind them.
    pub binary_confusion: BinaryConfusion,
}

/// Classification metrics of a confusion with labels as written.
#[must_use]
pub fn classification_metrics(confusion: &LabelConfusion) -> Classification {
    BinaryConfusion::of_labels(confusion).classification()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f1_is_undefined_when_nothing_was_found() {
        let none_found = BinaryConfusion { tp: 0, fp: 2, r#fn: 3, tn: 1 }.classification();
        assert_eq!(none_found.precision, Some(0.0));
        assert_eq!(none_found.recall, Some(0.0));
        assert_eq!(none_found.f1, None);
    }

    #[test]
    fn f1_is_computed_before_rounding() {
        let c = BinaryConfusion { tp: 1, fp: 2, r#fn: 0, tn: 0 }.classification();
        assert_eq!((c.precision, c.recall, c.f1), (Some(0.3333), Some(1.0), Some(0.5)));
    }
}
