//! Counts of outcomes by label, and the rates that follow.

use super::confusion::BinaryConfusion;
use super::interval::wilson;
use super::keyed::entry;
use super::label::Label;
use super::round::{ratio, round_to, round4};
use crate::api::{Actual, Decision};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

const LABELS: usize = Decision::ALL.len();
/// Row of the samples without a label, column of those that failed.
const LAST: usize = LABELS;

/// How often each outcome came of each label: everything the core rates need, in fixed memory but for words that are
/// no decisions.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    cells: [[u64; LABELS + 1]; LABELS + 1],
    /// The samples of which a word is none of the engine's; there are none in its own runs.
    odd: Option<Box<OddWords>>,
}

#[derive(Clone, Debug, Default)]
struct OddWords {
    labelled: WordCounts<WordCounts<u64>>,
    /// By outcome.
    unlabelled: WordCounts<u64>,
}

type WordCounts<T> = IndexMap<Box<str>, T>;

impl Tally {
    /// Counts one sample.
    pub fn add(&mut self, expected: Option<Label<'_>>, actual: Label<'_>) {
        let row = expected.map_or(Some(LAST), |label| label.decision().map(|d| d as usize));
        let column = match actual {
            Label::Error => Some(LAST),
            actual => actual.decision().map(|d| d as usize),
        };
        if let (Some(row), Some(column)) = (row, column) {
            self.cells[row][column] += 1;
            return;
        }
        let odd = self.odd.get_or_insert_default();
        let outcomes = expected.map_or(&mut odd.unlabelled, |label| entry(&mut odd.labelled, label.text()));
        *entry(outcomes, actual.text()) += 1;
    }

    /// Counts everything the other has counted.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.cells.iter_mut().flatten().zip(other.cells.iter().flatten()) {
            *mine += theirs;
        }
        let Some(theirs) = &other.odd else { return };
        let mine = self.odd.get_or_insert_default();
        for (expected, outcomes) in &theirs.labelled {
            let row = entry(&mut mine.labelled, expected);
            outcomes.iter().for_each(|(actual, n)| *entry(row, actual) += n);
        }
        theirs.unlabelled.iter().for_each(|(actual, n)| *entry(&mut mine.unlabelled, actual) += n);
    }

    /// (label, outcome, count) of everything that was counted, without a label too.
    fn counted(&self) -> impl Iterator<Item = (Option<Label<'_>>, Label<'_>, u64)> {
        let rows = Decision::ALL.into_iter().map(Some).chain([None]).zip(&self.cells);
        let cells = rows.flat_map(|(expected, row)| {
            outcomes().zip(row).map(move |(actual, &n)| (expected.map(Label::from), actual.into(), n))
        });
        let labelled = self.odd.iter().flat_map(|odd| &odd.labelled).flat_map(|(expected, outcomes)| {
            outcomes.iter().map(|(actual, &n)| (Some(Label::of(expected)), Label::of(actual), n))
        });
        let unlabelled = self.odd.iter().flat_map(|odd| &odd.unlabelled);
        cells.chain(labelled).chain(unlabelled.map(|(actual, &n)| (None, Label::of(actual), n)))
    }

    /// Samples with a label for which this holds.
    fn count_where(&self, wanted: impl Fn(Label<'_>, Label<'_>) -> bool) -> u64 {
        self.counted().filter(|&(e, a, _)| e.is_some_and(|e| wanted(e, a))).map(|(_, _, n)| n).sum()
    }

    fn with_outcome(&self, wanted: impl Fn(Label<'_>) -> bool) -> u64 {
        self.counted().filter(|&(_, actual, _)| wanted(actual)).map(|(_, _, n)| n).sum()
    }

    /// Label -> outcome -> count, for the labels that occur, mildest first; each row has all six outcomes. Words that
    /// are no decisions follow.
    #[must_use]
    pub fn confusion(&self) -> IndexMap<String, IndexMap<String, u64>> {
        let mut confusion = IndexMap::new();
        for expected in Decision::ALL {
            let row = &self.cells[expected as usize];
            if row.iter().any(|&n| n > 0) {
                let row = outcomes().zip(row).map(|(actual, &n)| (actual.name().to_owned(), n)).collect();
                confusion.insert(expected.name().to_owned(), row);
            }
        }
        for (expected, odd) in self.odd.iter().flat_map(|odd| &odd.labelled) {
            let row: &mut IndexMap<String, u64> = confusion
                .entry(expected.to_string())
                .or_insert_with(|| outcomes().map(|actual| (actual.name().to_owned(), 0)).collect());
            for (actual, n) in odd {
                *row.entry(actual.to_string()).or_default() += n;
            }
        }
        confusion
    }

    /// The counts and rates of what was counted.
    #[must_use]
    pub fn rates(&self) -> Rates {
        let mut binary = BinaryConfusion::default();
        for (expected, actual, n) in self.counted() {
            if let Some(expected) = expected {
                binary.add(expected.is_positive(), actual.is_flagged(), n);
            }
        }
        let classification = binary.classification();
        let decided = |decision: Decision| self.with_outcome(|actual| actual == decision.into());
        let decisions = DecisionCounts {
            allow: decided(Decision::Allow),
            warn: decided(Decision::Warn),
            transform: decided(Decision::Transform),
            redact: decided(Decision::Redact),
            block: decided(Decision::Block),
            other: self.with_outcome(|actual| actual.is_evaluated() && actual.decision().is_none()),
        };
        let evaluated = decisions.total();
        let errors = self.with_outcome(|actual| !actual.is_evaluated());
        let labelled = self.count_where(|_, _| true);
        let correct = self.count_where(|e, a| a == e && a.is_evaluated());
        let flagged = evaluated - decisions.allow;
        let own = |part, whole| ratio(part, whole).map(|r| round_to(r, 6));
        Rates {
            accuracy: own(correct, labelled),
            precision: classification.precision,
            recall: classification.recall,
            f1: classification.f1,
            fp_rate: classification.fp_rate,
            fn_rate: ratio(binary.r#fn, binary.r#fn + binary.tp).map(round4),
            block_rate: own(decisions.block, evaluated),
            flag_rate: own(flagged, evaluated),
            total: evaluated + errors,
            evaluated,
            errors,
            labelled,
            correct,
            decisions,
            false_positives: binary.fp,
            false_negatives: binary.r#fn,
            false_positives_blocked: self.count_where(|e, a| !e.is_positive() && a.decision() == Some(Decision::Block)),
            binary_confusion: binary,
            intervals: Intervals {
                accuracy: wilson(correct, labelled),
                precision: wilson(binary.tp, binary.tp + binary.fp),
                recall: wilson(binary.tp, binary.tp + binary.r#fn),
                fp_rate: wilson(binary.fp, binary.fp + binary.tn),
                fn_rate: wilson(binary.r#fn, binary.r#fn + binary.tp),
                block_rate: wilson(decisions.block, evaluated),
                flag_rate: wilson(flagged, evaluated),
            },
        }
    }
}

/// The outcomes in the order of the cells' columns.
fn outcomes() -> impl Iterator<Item = Actual> {
    Decision::ALL.into_iter().map(Actual::Decided).chain([Actual::Error])
}

/// Counts and rates over a set of samples. A rate whose denominator is 0 is null.
///
/// `precision`, `recall`, `f1`, `fp_rate` and `fn_rate` have the four decimals of the reference, the runner's own rates
/// six. A gate that must notice a single sample among many compares the counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rates {
    /// Labelled samples whose decision is exactly the label, over labelled samples. A failed evaluation is wrong.
    pub accuracy: Option<f64>,
    /// Of what was flagged, the share that should be.
    pub precision: Option<f64>,
    /// Of what should be flagged, the share that was.
    pub recall: Option<f64>,
    /// Harmonic mean of precision and recall; null when either is null or 0.
    pub f1: Option<f64>,
    /// Of what should be allowed, the share that was flagged.
    pub fp_rate: Option<f64>,
    /// Of what should be flagged, the share that was not.
    pub fn_rate: Option<f64>,
    /// BLOCK over evaluated samples.
    pub block_rate: Option<f64>,
    /// Anything but ALLOW over evaluated samples.
    pub flag_rate: Option<f64>,
    /// Samples, failed ones included.
    pub total: u64,
    /// Samples with a decision.
    pub evaluated: u64,
    /// Samples that could not be evaluated.
    pub errors: u64,
    /// Samples with a label, failed ones included.
    pub labelled: u64,
    /// Labelled samples whose decision is exactly the label.
    pub correct: u64,
    /// Evaluated samples by decision.
    pub decisions: DecisionCounts,
    /// Labelled ALLOW and flagged.
    pub false_positives: u64,
    /// Labelled otherwise and not flagged.
    pub false_negatives: u64,
    /// Labelled ALLOW and blocked.
    pub false_positives_blocked: u64,
    /// Flagged or not, whatever the kind of flag.
    pub binary_confusion: BinaryConfusion,
    /// Wilson's 95 per cent interval of each rate.
    pub intervals: Intervals,
}

/// Evaluated samples by decision; every key of the engine's decisions is always there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "UPPERCASE")]
pub struct DecisionCounts {
    /// Nothing to object.
    pub allow: u64,
    /// Let through with a warning.
    pub warn: u64,
    /// Let through rewritten.
    pub transform: u64,
    /// Let through with parts blotted out.
    pub redact: u64,
    /// Stopped.
    pub block: u64,
    /// Decided in words of another system, each a flag; the engine has none, and without any the key is absent.
    #[serde(skip_serializing_if = "is_zero")]
    pub other: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde gives a reference
fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl DecisionCounts {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.allow + self.warn + self.transform + self.redact + self.block + self.other
    }
}

/// 95 per cent intervals `[lo, hi]` of the rates, four decimals; null where the rate is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Intervals {
    /// Of the accuracy.
    pub accuracy: Option<[f64; 2]>,
    /// Of the precision.
    pub precision: Option<[f64; 2]>,
    /// Of the recall.
    pub recall: Option<[f64; 2]>,
    /// Of the false-positive rate.
    pub fp_rate: Option<[f64; 2]>,
    /// Of the false-negative rate.
    pub fn_rate: Option<[f64; 2]>,
    /// Of the block rate.
    pub block_rate: Option<[f64; 2]>,
    /// Of the flag rate.
    pub flag_rate: Option<[f64; 2]>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use Decision::{Allow, Block, Redact, Warn};

    fn tally(samples: &[(Option<Decision>, Option<Decision>)]) -> Tally {
        let mut tally = Tally::default();
        for &(expected, actual) in samples {
            tally.add(expected.map(Label::from), actual.map_or(Actual::Error, Actual::Decided).into());
        }
        tally
    }

    #[test]
    fn a_failed_sample_is_wrong_but_counts_in_no_rate_over_evaluated_samples() {
        let r = tally(&[(Some(Allow), None), (Some(Allow), Some(Allow)), (Some(Block), Some(Block))]).rates();
        assert_eq!((r.total, r.evaluated, r.errors, r.labelled, r.correct), (3, 2, 1, 3, 2));
        assert_eq!(r.accuracy, Some(0.666_667));
        assert_eq!(r.block_rate, Some(0.5));
        assert_eq!(r.fp_rate, Some(0.0));
    }

    #[test]
    fn unlabelled_samples_count_in_rates_and_not_in_accuracy() {
        let r = tally(&[(None, Some(Block)), (None, Some(Warn)), (None, Some(Allow)), (None, Some(Allow))]).rates();
        assert_eq!((r.labelled, r.accuracy, r.precision, r.recall, r.fp_rate), (0, None, None, None, None));
        assert_eq!((r.block_rate, r.flag_rate), (Some(0.25), Some(0.5)));
        assert_eq!(r.intervals.accuracy, None);
    }

    #[test]
    fn another_flag_than_the_expected_is_found_but_not_correct() {
        let t = tally(&[(Some(Block), Some(Redact)), (Some(Allow), Some(Block)), (Some(Allow), Some(Warn))]);
        let r = t.rates();
        assert_eq!((r.recall, r.correct, r.false_positives, r.false_positives_blocked), (Some(1.0), 0, 2, 1));
        let confusion = t.confusion();
        assert_eq!(confusion.keys().collect::<Vec<_>>(), ["ALLOW", "BLOCK"]);
        assert_eq!(confusion["BLOCK"]["REDACT"], 1);
        assert_eq!(confusion["BLOCK"]["ERROR"], 0);
    }

    #[test]
    fn words_of_other_systems_are_flags_and_nothing_decided_is_none() {
        let rows = [(Some("BLOCK"), "deny"), (Some("ALLOW"), "NONE"), (Some("spam"), "spam"), (None, "deny")];
        let (mut tally, mut parts) = (Tally::default(), [Tally::default(), Tally::default()]);
        for (i, (expected, actual)) in rows.into_iter().enumerate() {
            tally.add(expected.map(Label::of), Label::of(actual));
            parts[i / 2].add(expected.map(Label::of), Label::of(actual));
        }
        let [mut merged, later] = parts;
        merged.merge(&later);
        let r = tally.rates();
        assert_eq!(merged.rates(), r);
        assert_eq!(merged.confusion(), tally.confusion());
        assert_eq!((r.total, r.evaluated, r.errors, r.decisions.other), (4, 3, 1, 3));
        assert_eq!((r.labelled, r.correct, r.flag_rate, r.recall, r.fp_rate), (3, 1, Some(1.0), Some(1.0), Some(0.0)));
        assert_eq!(tally.confusion()["spam"]["spam"], 1);
        assert_eq!(tally.confusion()["ALLOW"]["NONE"], 1);
    }

    #[test]
    fn no_samples_have_no_rates() {
        let r = Tally::default().rates();
        assert_eq!((r.total, r.block_rate, r.f1), (0, None, None));
    }
}
