//! Runs and their results.

use super::{Actual, Decision};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// How far a run got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// Not begun.
    Pending,
    /// Under way.
    Running,
    /// Every sample was evaluated.
    Completed,
    /// Stopped early; what is there is complete in itself.
    Failed,
}

/// One benchmark run (the API's Run object). `S` is the type of the summary: the runner's own when it is written,
/// any JSON when it is read back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run<S = serde_json::Value> {
    /// Identifies the run.
    pub id: String,
    /// Identifies the dataset.
    pub dataset_id: String,
    /// Version of the policy, where the policy has one.
    pub policy_version: Option<String>,
    /// The bundle's id, where a bundle was given.
    pub bundle_id: Option<String>,
    /// How far the run got.
    pub status: RunStatus,
    /// Samples in the dataset (after filters).
    pub total_samples: u64,
    /// Samples evaluated, failed ones included.
    pub completed_samples: u64,
    /// Figures over all samples; null until the run ended.
    pub results_summary: Option<S>,
    /// ISO 8601, UTC; null where times are left out.
    pub started_at: Option<String>,
    /// ISO 8601, UTC; null where times are left out.
    pub completed_at: Option<String>,
    /// ISO 8601, UTC; null where times are left out.
    pub created_at: Option<String>,
    /// (+) What the run was made from, so that it can be repeated and told apart from others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Manifest>,
}

/// (+) What a run was made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the runner.
    pub runner_version: String,
    /// Version of the reference whose verdicts the engine reproduces.
    pub engine_version: String,
    /// `sha256:` over the texts, stages, labels and metadata that were evaluated, in order.
    pub dataset_hash: String,
    /// `sha256:` over the canonical JSON of the policy that ran.
    pub policy_hash: String,
    /// The scope that was selected in the policy file or bundle, as the user wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// How the policy was validated: strict, lenient or none.
    pub validation: String,
    /// Flags that change what is evaluated (filters, limit, default context, mappings), as given.
    #[serde(default)]
    pub flags: Vec<String>,
}

/// One evaluated sample (the API's Result object). Borrowed where it is written, owned where it is read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResultRow<'a> {
    /// The sample's id.
    #[serde(borrow)]
    pub sample_id: Cow<'a, str>,
    /// The text as in the dataset.
    #[serde(borrow)]
    pub input_text: Cow<'a, str>,
    /// The stage (or lifecycle hook) it was evaluated in.
    #[serde(borrow, default = "input_context")]
    pub context: Cow<'a, str>,
    /// The label; null when unlabelled.
    #[serde(default)]
    pub expected_decision: Option<Decision>,
    /// Rule ids (or detector names) that should fire; null when not given.
    #[serde(default)]
    pub expected_rule_hits: Option<Vec<String>>,
    /// What the engine decided.
    pub actual_decision: Actual,
    /// 0..=100.
    #[serde(default)]
    pub actual_risk_score: u8,
    /// Rule ids in the engine's order, repeats included.
    #[serde(borrow, default)]
    pub actual_rule_hits: Vec<Cow<'a, str>>,
    /// One row for each detector that ran; null when none did.
    #[serde(borrow, default)]
    pub detector_results: Option<Vec<DetectorRow<'a>>>,
    /// Whether the actual decision is the expected one; null when unlabelled.
    #[serde(default)]
    pub is_correct: Option<bool>,
    /// Whole milliseconds; absent with `--no-timing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// (+) Whole microseconds; absent with `--no-timing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_us: Option<u64>,
    /// As in the dataset.
    #[serde(default)]
    pub metadata: Option<Cow<'a, RawValue>>,
    /// (+) Whether the expected rules fired, and none fired when none should; null when not given.
    #[serde(default)]
    pub rule_hits_match: Option<bool>,
    /// (+) Quality scores, where the policy asks for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<QualityReport>,
    /// (+) The rewritten text: outer `None` when not asked for, inner `None` when nothing was rewritten.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "nested_option")]
    pub sanitized_text: Option<Option<Cow<'a, str>>>,
    /// (+) Why the sample could not be evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Cow<'a, str>>,
}

fn input_context() -> Cow<'static, str> {
    Cow::Borrowed("input")
}

/// What one detector found in one sample.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DetectorRow<'a> {
    /// Policy key of the detector (`custom:NAME` for plugins).
    #[serde(borrow)]
    pub detector_name: Cow<'a, str>,
    /// Its own decision; null where it has none.
    pub decision: Option<Decision>,
    /// 0..=100.
    pub risk_score: u8,
    /// Whole milliseconds; absent with `--no-timing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// (+) Whole microseconds; absent with `--no-timing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_us: Option<u64>,
    /// `local_deterministic` for the rules engine; the failed mode where a model's fallback decided.
    #[serde(borrow)]
    pub execution_mode: Cow<'a, str>,
    /// (+) Why a model-backed strategy fell back, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_path: Option<Cow<'a, str>>,
    /// Its rule ids in order.
    #[serde(borrow)]
    pub rule_hits: Vec<Cow<'a, str>>,
    /// Whether it rewrote the text for the detectors after it.
    pub transformed: bool,
}

/// Quality scores of one sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QualityReport {
    /// Weighted mean of the scores, 0..=1, three decimals.
    pub overall_score: f64,
    /// One entry a metric, in the policy's order.
    pub scores: Vec<QualityScore>,
}

/// One metric of one sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QualityScore {
    /// The metric's name.
    pub metric: String,
    /// 0..=1, three decimals.
    pub score: f64,
    /// Parts of the score, where the metric has any.
    pub sub_scores: Option<indexmap::IndexMap<String, f64>>,
}

/// A page of results as the API returns it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResultsPage<'a> {
    /// Results in the whole run.
    pub total: u64,
    /// Page size.
    pub limit: u64,
    /// First result of the page.
    pub offset: u64,
    /// The page's results.
    #[serde(borrow)]
    pub results: Vec<ResultRow<'a>>,
}

/// `Option<Option<T>>` whose inner `None` is JSON null.
mod nested_option {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[allow(clippy::ref_option)]
    pub fn serialize<T: Serialize, S: Serializer>(value: &Option<Option<T>>, s: S) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(s)
    }

    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(d: D) -> Result<Option<Option<T>>, D::Error> {
        Option::<T>::deserialize(d).map(Some)
    }
}
