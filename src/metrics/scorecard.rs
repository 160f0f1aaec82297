//! The scorecard of one model-backed detector, as the reference's benchmark command records it.

use super::calibration::{CALIBRATION_BINS, ReliabilityBin, expected_calibration_error, reliability_curve};
use super::confusion::BinaryConfusion;
use super::isodate::python_iso;
use super::label::Label;
use super::percentile::percentiles;
use super::ranking::{pr_auc, roc_auc};
use super::tier::{ScorecardError, Tier, TierVerdict, judge};
use crate::api::{Actual, Decision};
use crate::value::Value;
use indexmap::IndexMap;
use jiff::Timestamp;
use serde::Serialize;

/// The execution modes that run a model.
pub const MODEL_MODES: [&str; 5] = ["local_ml", "local_embedding", "local_llm", "remote_llm", "remote_api"];
/// The model version of a mode that pins none.
pub const DEFAULT_MODEL: &str = "default";

/// What is recorded of one sample. A failed evaluation has risk 0 and latency 0.
#[derive(Clone, Copy, Debug)]
pub struct ScoredSample<'a> {
    /// The label; the reference takes no sample without one.
    pub expected: Decision,
    /// What came of it.
    pub actual: Actual,
    /// 0..=100.
    pub risk: u8,
    /// Whole milliseconds.
    pub latency_ms: u64,
    /// The sample's language.
    pub language: &'a str,
}

/// Samples of one language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LanguageSamples {
    /// How many.
    pub samples: u64,
}

/// Which model the scorecard speaks about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelIdentity {
    /// The section's pinned versions joined with `, `, or `default`.
    pub model_version: String,
    /// First `task` over the modes of the order.
    pub task: Option<serde_json::Value>,
    /// First `threshold` over the modes of the order.
    pub threshold: Option<serde_json::Value>,
}

/// The figures a detector is certified by.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scorecard {
    /// Four decimals; null when undefined.
    pub f1: Option<f64>,
    /// Area under the ROC curve of the risk score.
    pub auroc: Option<f64>,
    /// Expected calibration error of risk / 100.
    pub ece: Option<f64>,
    /// False-positive rate.
    pub fp_rate: Option<f64>,
    /// 95th percentile, one decimal.
    pub p95_latency_ms: f64,
    /// Language -> samples, in order of appearance.
    pub per_language: IndexMap<String, LanguageSamples>,
    /// When it was measured, ISO 8601 with offset.
    pub validated_at: String,
    /// Informative.
    pub precision: Option<f64>,
    /// Informative.
    pub recall: Option<f64>,
    /// Informative: average precision.
    pub auprc: Option<f64>,
    /// Informative.
    pub binary_confusion: BinaryConfusion,
    /// Samples, failed ones included.
    pub sample_count: u64,
    /// Which model was measured.
    pub model_version: String,
    /// The model's task, where the policy names one.
    pub task: Option<serde_json::Value>,
    /// The category whose bounds apply, where one was given.
    pub category: Option<String>,
    /// The model's threshold, where the policy names one.
    pub threshold: Option<serde_json::Value>,
}

impl Scorecard {
    /// Judges the scorecard for a tier at the time `now`, in its own category.
    ///
    /// # Errors
    /// None in practice: a scorecard that was built here holds values of the right kinds.
    pub fn judge(&self, tier: Tier, now: Timestamp) -> Result<TierVerdict, ScorecardError> {
        let json = serde_json::to_value(self).unwrap_or_default();
        judge(&json, tier, self.category.as_deref(), now)
    }
}

/// Gathers samples into a scorecard.
#[derive(Clone, Debug, Default)]
pub struct ScorecardBuilder {
    confusion: BinaryConfusion,
    scores: Vec<f64>,
    labels: Vec<bool>,
    latencies: Vec<f64>,
    languages: IndexMap<String, LanguageSamples>,
    errors: u64,
}

impl ScorecardBuilder {
    /// Adds the next sample.
    #[allow(clippy::cast_precision_loss)]
    pub fn add(&mut self, sample: &ScoredSample<'_>) {
        let positive = Label::from(sample.expected).is_positive();
        self.confusion.add(positive, Label::from(sample.actual).is_flagged(), 1);
        self.scores.push(f64::from(sample.risk.min(100)));
        self.labels.push(positive);
        self.latencies.push(sample.latency_ms as f64);
        self.languages.entry(sample.language.to_owned()).or_default().samples += 1;
        self.errors += u64::from(sample.actual == Actual::Error);
    }

    /// Samples that could not be evaluated.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.errors
    }

    /// The bins behind the calibration error, or as many others: how sure the scores were, and how often right. None
    /// without samples.
    #[must_use]
    pub fn curve(&self, bins: usize) -> Option<Vec<ReliabilityBin>> {
        reliability_curve(&self.probabilities(), &self.labels, bins)
    }

    fn probabilities(&self) -> Vec<f64> {
        self.scores.iter().map(|s| s / 100.0).collect()
    }

    /// The scorecard of everything added so far, measured at `now`.
    #[must_use]
    pub fn finish(&self, model: ModelIdentity, category: Option<&str>, now: Timestamp) -> Scorecard {
        let classification = self.confusion.classification();
        Scorecard {
            f1: classification.f1,
            auroc: roc_auc(&self.scores, &self.labels),
            ece: expected_calibration_error(&self.probabilities(), &self.labels, CALIBRATION_BINS),
            fp_rate: classification.fp_rate,
            p95_latency_ms: percentiles(&self.latencies).p95,
            per_language: self.languages.clone(),
            validated_at: python_iso(now),
            precision: classification.precision,
            recall: classification.recall,
            auprc: pr_auc(&self.scores, &self.labels),
            binary_confusion: self.confusion,
            sample_count: self.labels.len() as u64,
            model_version: model.model_version,
            task: model.task,
            category: category.map(str::to_owned),
            threshold: model.threshold,
        }
    }
}

/// The modes of a section's `strategy.order` that run a model.
fn model_modes(section: &Value) -> impl Iterator<Item = &str> {
    let order = section.get("strategy").and_then(|s| s.get("order")).and_then(Value::as_list);
    order.unwrap_or_default().iter().filter_map(Value::as_str).filter(|mode| MODEL_MODES.contains(mode))
}

/// Whether a detector's section leans on a model: its `strategy.order` names a mode that runs one.
#[must_use]
pub fn is_model_backed(section: &Value) -> bool {
    model_modes(section).next().is_some()
}

/// The model versions a section pins: for each model mode of its order `model_id@revision`, `model_id` or `default`;
/// repeats left out.
#[must_use]
pub fn model_versions(section: &Value) -> Vec<String> {
    let mut versions = Vec::new();
    for mode in model_modes(section) {
        let backend = section.get("backends").and_then(|b| b.get(mode));
        let text = |key| backend.and_then(|b| b.get(key)).filter(|v| v.truthy()).and_then(Value::as_str);
        let version = match (text("model_id"), text("revision")) {
            (Some(id), Some(revision)) => format!("{id}@{revision}"),
            (Some(id), None) => id.to_owned(),
            (None, _) => DEFAULT_MODEL.to_owned(),
        };
        if !versions.contains(&version) {
            versions.push(version);
        }
    }
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(expected: Decision, actual: Actual, risk: u8, latency_ms: u64) -> ScoredSample<'static> {
        ScoredSample { expected, actual, risk, latency_ms, language: "en" }
    }

    fn built(category: Option<&str>) -> Scorecard {
        let mut builder = ScorecardBuilder::default();
        builder.add(&sample(Decision::Block, Actual::Decided(Decision::Warn), 90, 10));
        builder.add(&sample(Decision::Block, Actual::Error, 0, 0));
        builder.add(&sample(Decision::Allow, Actual::Decided(Decision::Allow), 0, 20));
        builder
            .add(&ScoredSample { language: "de", ..sample(Decision::Allow, Actual::Decided(Decision::Block), 50, 30) });
        assert_eq!(builder.errors(), 1);
        let model = ModelIdentity { model_version: "m@r".into(), ..ModelIdentity::default() };
        builder.finish(model, category, "2026-06-01T12:00:00.5Z".parse().unwrap())
    }

    #[test]
    fn a_scorecard_has_the_keys_and_values_of_the_reference() {
        let card = built(None);
        assert_eq!(
            serde_json::to_string(&card).unwrap(),
            concat!(
                r#"{"f1":0.5,"auroc":0.625,"ece":0.4,"fp_rate":0.5,"p95_latency_ms":28.5,"#,
                r#""per_language":{"en":{"samples":3},"de":{"samples":1}},"#,
                r#""validated_at":"2026-06-01T12:00:00.500000+00:00","precision":0.5,"recall":0.5,"auprc":0.8333,"#,
                r#""binary_confusion":{"tp":1,"fp":1,"fn":1,"tn":1},"sample_count":4,"model_version":"m@r","#,
                r#""task":null,"category":null,"threshold":null}"#
            )
        );
    }

    #[test]
    fn a_scorecard_is_judged_in_its_category() {
        let card = built(Some("legal"));
        let verdict = card.judge(Tier::Advisory, "2026-06-02T12:00:00.5Z".parse().unwrap()).unwrap();
        assert_eq!(verdict.gate.min_f1, 0.85);
        let failed: Vec<&str> = verdict.failures.iter().map(|f| f.metric.as_str()).collect();
        assert_eq!(failed, ["f1", "auroc", "ece", "fp_rate", "samples_per_language"]);
    }
}
