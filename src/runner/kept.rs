//! Samples that a report shows: the wrong ones, as many as asked for.

use super::row::Evaluated;
use crate::api::{Actual, Decision};
use crate::metrics::Label;

/// A kind of sample that a report can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Should be allowed and was flagged.
    FalsePositive,
    /// Should be flagged and was allowed.
    FalseNegative,
    /// Flagged as it should be, but with another decision than expected.
    Mismatch,
    /// Could not be evaluated.
    Error,
    /// Every sample.
    All,
}

impl Kind {
    /// All kinds, in the order of reports.
    pub const ALL: [Kind; 5] = [Kind::FalsePositive, Kind::FalseNegative, Kind::Mismatch, Kind::Error, Kind::All];

    /// The kinds that a sample is of, [`Kind::All`] aside.
    fn of(expected: Option<Decision>, actual: Actual) -> Option<Kind> {
        match (expected, actual) {
            (_, Actual::Error) => Some(Kind::Error),
            (None, _) => None,
            (Some(expected), actual) => match (Label::from(expected).is_positive(), Label::from(actual).is_flagged()) {
                (false, true) => Some(Kind::FalsePositive),
                (true, false) => Some(Kind::FalseNegative),
                (true, true) if actual != Actual::Decided(expected) => Some(Kind::Mismatch),
                _ => None,
            },
        }
    }
}

/// What a report needs of a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptSample {
    /// The sample's id.
    pub id: String,
    /// Stage or hook.
    pub context: &'static str,
    /// The label.
    pub expected: Option<Decision>,
    /// What came.
    pub actual: Actual,
    /// 0..=100.
    pub risk: u8,
    /// Distinct rules that fired, in order.
    pub rules: Vec<String>,
    /// The beginning of the text.
    pub text: String,
    /// Why it could not be evaluated.
    pub error: Option<String>,
}

/// Characters of a text that are kept for a report.
const KEPT_TEXT: usize = 2000;

/// Which samples to keep, and how many of each kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// The kinds.
    pub kinds: Vec<Kind>,
    /// The most of each kind.
    pub most: usize,
}

/// Kept samples by kind, each in dataset order.
#[derive(Clone, Debug, Default)]
pub struct KeptSamples {
    lists: [Vec<KeptSample>; Kind::ALL.len()],
    counts: [u64; Kind::ALL.len()],
}

impl KeptSamples {
    /// Counts a sample, and keeps it where it is of a wanted kind, not of one of the `full` ones, and there is room.
    pub fn add(&mut self, row: &Evaluated<'_>, keep: &Keep, full: u8) {
        let kind = Kind::of(row.sample.expected_decision, row.actual);
        for kind in kind.into_iter().chain([Kind::All]) {
            self.counts[kind as usize] += 1;
            let list = &mut self.lists[kind as usize];
            if list.len() < keep.most && full >> kind as u8 & 1 == 0 && keep.kinds.contains(&kind) {
                list.push(KeptSample::of(row));
            }
        }
    }

    /// Adds those of the part of the dataset that follows.
    pub fn append(&mut self, later: KeptSamples, keep: &Keep) {
        for (mine, theirs) in self.counts.iter_mut().zip(later.counts) {
            *mine += theirs;
        }
        for (mine, theirs) in self.lists.iter_mut().zip(later.lists) {
            let room = keep.most.saturating_sub(mine.len());
            mine.extend(theirs.into_iter().take(room));
        }
    }

    /// The kinds of which no more can be kept, as bits by their number.
    #[must_use]
    pub fn full(&self, keep: &Keep) -> u8 {
        Kind::ALL
            .iter()
            .filter(|kind| self.list(**kind).len() >= keep.most)
            .fold(0, |bits, kind| bits | 1 << *kind as u8)
    }

    /// The kept samples of a kind.
    #[must_use]
    pub fn list(&self, kind: Kind) -> &[KeptSample] {
        &self.lists[kind as usize]
    }

    /// How many samples there are of a kind, kept or not.
    #[must_use]
    pub fn count(&self, kind: Kind) -> u64 {
        self.counts[kind as usize]
    }
}

impl KeptSample {
    fn of(row: &Evaluated<'_>) -> Self {
        let mut rules: Vec<String> = Vec::new();
        for id in &row.rule_ids {
            if rules.len() < 8 && !rules.iter().any(|r| r == id) {
                rules.push(id.to_string());
            }
        }
        KeptSample {
            id: row.sample.id.to_string(),
            context: row.sample.context.name(),
            expected: row.sample.expected_decision,
            actual: row.actual,
            risk: row.risk,
            rules,
            text: row.sample.text.chars().take(KEPT_TEXT).collect(),
            error: row.error.clone(),
        }
    }
}
