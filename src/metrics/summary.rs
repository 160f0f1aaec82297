//! The figures of a run: the API's `results_summary` and what the runner adds.

use super::calibration::ReliabilityBin;
use super::latency::LatencySummary;
use super::modes::ExecutionModes;
use super::tally::Rates;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Figures over all samples of a run. `accuracy`, `precision`, `recall` and `f1` stand at the top; what is undefined
/// is null, never 0; with timing off every latency and speed is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// Counts and rates over all samples.
    #[serde(flatten)]
    pub rates: Rates,
    /// Label -> outcome (`ERROR` included) -> count, for the labels that occur.
    pub confusion: IndexMap<String, IndexMap<String, u64>>,
    /// Whether the expected rules fired; null when no sample names any.
    pub rule_hits: Option<RuleAgreement>,
    /// Area under the ROC curve of the risk score; null unless both classes are present.
    pub auroc: Option<f64>,
    /// Average precision of the risk score, ties in dataset order; null without positives.
    pub auprc: Option<f64>,
    /// Expected calibration error of risk / 100, over ten bins unless asked otherwise; null without labelled samples.
    pub ece: Option<f64>,
    /// The bins behind it: how sure the scores were, and how often right; null without labelled samples.
    pub reliability_curve: Option<Vec<ReliabilityBin>>,
    /// Evaluated samples by risk score, in bins of equal width: 0..10, 10..20, ... 90..=100 unless asked otherwise.
    pub risk_histogram: Vec<u64>,
    /// Time a sample took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<LatencySummary>,
    /// Samples a second of wall-clock time, all threads together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples_per_second: Option<f64>,
    /// One entry a detector that ran, in pipeline order.
    pub detectors: Vec<DetectorFigures>,
    /// One entry a detector that ran: in which modes, and how often a fallback stood in for a model.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub execution_modes: Vec<ExecutionModes>,
    /// One entry a rule that fired, by id.
    pub rules: Vec<RuleFigures>,
    /// Key (`context` or a metadata key) -> value -> core rates.
    pub by: IndexMap<String, IndexMap<String, Rates>>,
    /// Quality metric -> distribution, `overall` first; absent when nothing was scored.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub quality: IndexMap<String, QualityFigures>,
    /// Figures that other parts of the runner add at the top level, in the order they are added.
    #[serde(flatten)]
    pub extra: serde_json::Map<String, serde_json::Value>,
}

/// Agreement of fired with expected rule ids, over the samples that name any (an empty list counts as naming).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleAgreement {
    /// Samples with expected rule ids.
    pub expected: u64,
    /// Those where every expected id was met and, where none is expected, none fired.
    pub matched: u64,
    /// matched / expected, six decimals.
    pub rate: Option<f64>,
    /// Of the distinct rules that fired on these samples, the share that meets an expected id; four decimals.
    pub precision: Option<f64>,
    /// Of the expected ids, the share that was met; four decimals.
    pub recall: Option<f64>,
}

/// What one detector did over the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DetectorFigures {
    /// Policy key, or `custom:NAME`.
    pub name: String,
    /// Samples it ran on.
    pub samples_run: u64,
    /// Samples it decided anything but ALLOW on.
    pub flagged: u64,
    /// Rules that fired, repeats included.
    pub hits: u64,
    /// False positives of the run in which it flagged.
    pub false_positives: u64,
    /// True positives of the run in which it flagged.
    pub true_positives: u64,
    /// Time it took a sample, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<LatencySummary>,
}

/// What one rule did over the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleFigures {
    /// The rule's id.
    pub id: String,
    /// How often it fired, repeats in one sample included.
    pub hits: u64,
    /// Samples it fired on.
    pub samples: u64,
    /// Of these, labelled ALLOW.
    pub on_allow: u64,
    /// Of these, labelled anything else.
    pub on_positive: u64,
    /// Labelled ALLOW and no other rule fired.
    pub alone_on_allow: u64,
}

/// Distribution of one quality metric over the samples it was computed for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct QualityFigures {
    /// Samples scored.
    pub count: u64,
    /// Mean, three decimals.
    pub mean: f64,
    /// Tenth percentile, three decimals.
    pub p10: f64,
    /// Median, three decimals.
    pub p50: f64,
    /// Ninetieth percentile, three decimals.
    pub p90: f64,
    /// The lowest score.
    pub min: f64,
    /// The highest score.
    pub max: f64,
}
