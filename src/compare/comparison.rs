//! What a comparison says.

use crate::api::{Actual, Decision};
use crate::metrics::GateOutcome;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Two runs side by side. `a` is the baseline, `b` the candidate; every delta is b minus a.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Comparison {
    /// The outcome in one word.
    pub verdict: Verdict,
    /// Whether every gate passed.
    pub passed: bool,
    /// Every gate with what it measured.
    pub gates: Vec<GateOutcome>,
    /// The candidate's block rate minus the baseline's; null when either is unknown.
    pub block_rate_delta: Option<f64>,
    /// The baseline.
    pub a: SideInfo,
    /// The candidate.
    pub b: SideInfo,
    /// How samples were paired; null when a side has no rows.
    pub pairing: Option<Pairing>,
    /// Flips by kind; null when a side has no rows.
    pub changes: Option<Changes>,
    /// Whether correctness differs by more than chance; null without labelled pairs.
    pub significance: Option<Significance>,
    /// Drift of the latency over paired samples; null where either side was not timed.
    pub latency: Option<LatencyDrift>,
    /// Population stability index of the risk scores, a's histogram the expected one; null where either has none.
    pub risk_psi: Option<f64>,
    /// How that index is read by custom; null where it is.
    pub risk_shift: Option<RiskShift>,
    /// b minus a of every figure of the summaries: the summaries' shape, each number's key with `_delta` after it,
    /// entries of lists by their id or name. Null where a figure is undefined on a side.
    pub deltas: Value,
    /// Rules whose set of samples changed, most changed first.
    pub rule_changes: Vec<NameChange>,
    /// Detectors whose set of flagged samples changed, most changed first.
    pub detector_changes: Vec<NameChange>,
    /// Ids of the baseline's samples that the candidate does not have.
    pub only_in_a: Vec<String>,
    /// Ids of the candidate's samples that the baseline does not have.
    pub only_in_b: Vec<String>,
    /// Samples whose decision or rules changed, gravest kind first, then in the baseline's order.
    pub flips: Vec<Flip>,
    /// What the reader should know: incomplete runs, other datasets, other labels.
    pub notes: Vec<String>,
}

/// The outcome of a comparison in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing differs but time.
    #[default]
    Unchanged,
    /// Something differs; the labels do not say whether for the better.
    Changed,
    /// Fixes and no regressions.
    Better,
    /// Regressions and no fixes.
    Worse,
    /// Both.
    Mixed,
}

impl Verdict {
    /// The word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Unchanged => "unchanged",
            Verdict::Changed => "changed",
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            Verdict::Mixed => "mixed",
        }
    }
}

/// How far the risk scores of two runs have shifted, by the bounds that are customary for the population stability index
/// in credit scoring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RiskShift {
    /// Below 0.1.
    Stable,
    /// From 0.1 to 0.25.
    Moderate,
    /// Above 0.25.
    Major,
}

impl RiskShift {
    /// The reading of an index.
    #[must_use]
    pub fn of(psi: f64) -> Self {
        match psi {
            psi if psi < 0.1 => Self::Stable,
            psi if psi <= 0.25 => Self::Moderate,
            _ => Self::Major,
        }
    }

    /// The reading in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Moderate => "moderate shift",
            Self::Major => "major shift",
        }
    }
}

/// One side of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SideInfo {
    /// The file as given.
    pub file: String,
    /// The run's id, where the file holds a run.
    pub run_id: Option<String>,
    /// The dataset's id.
    pub dataset_id: Option<String>,
    /// The policy's version.
    pub policy_version: Option<String>,
    /// The bundle's id.
    pub bundle_id: Option<String>,
    /// How far the run got.
    pub status: Option<String>,
    /// Hash of the samples that were evaluated.
    pub dataset_hash: Option<String>,
    /// Hash of the policy that ran.
    pub policy_hash: Option<String>,
    /// Version of the reference whose verdicts the engine reproduces.
    pub engine_version: Option<String>,
    /// Rows in the file, or samples in the summary.
    pub samples: Option<u64>,
    /// Whether the summary was computed from the rows because the file has none.
    pub summary_computed: bool,
    /// The figures.
    pub summary: Value,
}

/// How the samples of two runs found each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pairing {
    /// Pairs.
    pub paired: u64,
    /// Pairs with the same id.
    pub by_id: u64,
    /// Pairs with the same text under other ids.
    pub by_text: u64,
    /// Pairs with a label.
    pub labelled: u64,
    /// Pairs whose labels differ; the candidate's counts.
    pub labels_changed: u64,
    /// Samples of the baseline alone.
    pub only_in_a: u64,
    /// Samples of the candidate alone.
    pub only_in_b: u64,
}

/// Changed samples, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Changes {
    /// Samples whose decision or rules changed.
    pub total: u64,
    /// Samples whose decision changed.
    pub decisions: u64,
    /// Right before, wrong now.
    pub regressions: u64,
    /// Wrong before, right now.
    pub fixes: u64,
    /// Right before and now, by other rules.
    pub changed_still_right: u64,
    /// Wrong before and now, in another way.
    pub changed_still_wrong: u64,
    /// Changed and not labelled.
    pub unlabelled_changes: u64,
    /// Labelled ALLOW, flagged now and not before.
    pub new_false_positives: u64,
    /// Labelled ALLOW, flagged before and not now.
    pub fixed_false_positives: u64,
    /// Labelled otherwise, flagged before and not now.
    pub new_false_negatives: u64,
    /// Labelled otherwise, flagged now and not before.
    pub fixed_false_negatives: u64,
}

/// How a sample changed. Right means the decision is exactly the label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlipKind {
    /// Right before, wrong now.
    Regression,
    /// Wrong before, right now.
    Fix,
    /// Wrong before and now, in another way.
    ChangedStillWrong,
    /// Not labelled.
    UnlabelledChange,
    /// Right before and now, by other rules.
    ChangedStillRight,
}

impl FlipKind {
    /// The kind as JSON and CSV have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            FlipKind::Regression => "regression",
            FlipKind::Fix => "fix",
            FlipKind::ChangedStillWrong => "changed_still_wrong",
            FlipKind::UnlabelledChange => "unlabelled_change",
            FlipKind::ChangedStillRight => "changed_still_right",
        }
    }
}

/// What a flip does to the errors that count flags only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorChange {
    /// Labelled ALLOW and flagged now.
    NewFalsePositive,
    /// Labelled ALLOW and no longer flagged.
    FixedFalsePositive,
    /// Labelled otherwise and no longer flagged.
    NewFalseNegative,
    /// Labelled otherwise and flagged now.
    FixedFalseNegative,
}

impl ErrorChange {
    /// The change as JSON and CSV have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ErrorChange::NewFalsePositive => "new_false_positive",
            ErrorChange::FixedFalsePositive => "fixed_false_positive",
            ErrorChange::NewFalseNegative => "new_false_negative",
            ErrorChange::FixedFalseNegative => "fixed_false_negative",
        }
    }
}

/// One sample whose decision or rules changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flip {
    /// The sample's id (the baseline's, where it was paired by text).
    pub sample_id: String,
    /// The candidate's id, where it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_id_b: Option<String>,
    /// How it changed.
    pub kind: FlipKind,
    /// What that does to false positives and negatives.
    pub error_change: Option<ErrorChange>,
    /// The label.
    pub expected_decision: Option<Decision>,
    /// The baseline's decision.
    pub a: Actual,
    /// The candidate's decision.
    pub b: Actual,
    /// The baseline's risk score.
    pub a_risk_score: u8,
    /// The candidate's risk score.
    pub b_risk_score: u8,
    /// Rules that fire now and did not before.
    pub rules_gained: Vec<String>,
    /// Rules that fired before and do not now.
    pub rules_lost: Vec<String>,
}

/// Whether the two runs' correctness differs by more than chance, over labelled pairs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Significance {
    /// Labelled pairs.
    pub pairs: u64,
    /// Right in the baseline alone.
    pub only_a_right: u64,
    /// Right in the candidate alone.
    pub only_b_right: u64,
    /// Exact two-sided p-value of McNemar's test, six significant digits.
    pub mcnemar_p: f64,
    /// Accuracy of the candidate minus the baseline's, six decimals.
    pub accuracy_difference: f64,
    /// Newcombe's 95 per cent interval of that difference.
    pub interval: Option<[f64; 2]>,
}

/// Drift of the latency over paired samples that both sides timed; milliseconds, three decimals.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatencyDrift {
    /// Pairs both sides timed.
    pub pairs: u64,
    /// The mean.
    pub avg_ms: Drift,
    /// The 99th percentile.
    pub p99_ms: Drift,
}

/// One figure on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// The baseline's.
    pub a: f64,
    /// The candidate's.
    pub b: f64,
    /// b minus a.
    pub delta: f64,
    /// Bootstrap 95 per cent interval of the difference; null with fewer than ten pairs.
    pub interval: Option<[f64; 2]>,
}

/// A rule or detector whose samples changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameChange {
    /// The rule's id or the detector's name.
    pub id: String,
    /// Samples it fires on (detectors: flags) now and did not before.
    pub gained: u64,
    /// Samples it fired on before and does not now.
    pub lost: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_of_a_moderate_shift_belong_to_it() {
        let readings = [0.0, 0.0999, 0.1, 0.25, 0.2501, 27.6].map(|psi| RiskShift::of(psi).words());
        assert_eq!(readings, ["stable", "stable", "moderate shift", "moderate shift", "major shift", "major shift"]);
    }
}
