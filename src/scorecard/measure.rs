//! The measurement: every sample through the engine, in order, into a scorecard and two verdicts.

use super::dataset::LabelledSample;
use super::subject::Subject;
use crate::api::{Actual, Stage};
use crate::engine::{Engine, EngineOptions, EvalError, Identity, Metadata, Request, Response};
use crate::metrics::{ReliabilityBin, Scorecard, ScorecardBuilder, ScorecardError, ScoredSample, Tier, TierVerdict};
use jiff::Timestamp;
use serde::Serialize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

/// The execution mode of a row that no model and no model's failure decided.
const DETERMINISTIC: &str = "local_deterministic";

/// A sample that could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Line of its row in the dataset.
    pub line: u64,
    /// Number of its row, from 0.
    pub index: usize,
    /// Why.
    pub reason: String,
}

/// What `--out` and `--format json` write, key by key as the reference; what the runner adds stands last.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScorecardReport {
    /// The detector's policy key.
    pub detector: String,
    /// Its figures.
    pub scorecard: Scorecard,
    /// Whether it may warn.
    pub advisory: TierVerdict,
    /// Whether it may block and redact.
    pub enforcement: TierVerdict,
    /// The runner's own: the bins behind the calibration error, how sure the scores were and how often right.
    pub reliability_curve: Option<Vec<ReliabilityBin>>,
}

/// A finished measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// Figures and verdicts.
    pub report: ScorecardReport,
    /// Samples that could not be evaluated, in order.
    pub failed: Vec<Failed>,
    /// Samples on which the detector's row names another execution mode than the deterministic one. Without models
    /// only the fallbacks `fail_open` and `fail_closed` do that; the reference counts these too.
    pub fired: u64,
    /// Samples that anything looked at. None where the detector does not run at the stage.
    pub looked_at: u64,
}

/// Evaluates the samples one after the other and judges the detector. `stage` is any text: at what is no stage every
/// evaluation fails.
///
/// The curve has `curve_bins` bins; the calibration error has the reference's ten whatever these are, as the gates' bounds
/// are for those.
///
/// Scorecard stamps are not looked at, so that what would be enforced is recorded. Samples are evaluated as if each
/// were the first request; the reference's rate limits see one tenant throughout.
///
/// # Errors
/// [`ScorecardError`], never in practice.
pub fn measure(
    subject: &Subject,
    samples: &[LabelledSample],
    stage: &str,
    category: Option<&str>,
    curve_bins: usize,
    now: impl FnOnce() -> Timestamp,
) -> Result<Measurement, ScorecardError> {
    let engine = Engine::compile(&subject.policy, EngineOptions { certify: true, ..EngineOptions::default() });
    let mut builder = ScorecardBuilder::default();
    let mut failed = Vec::new();
    let (mut fired, mut looked_at) = (0, 0);
    for (index, sample) in samples.iter().enumerate() {
        let started = Instant::now();
        let response = evaluate(&engine, &sample.text, stage);
        let elapsed = started.elapsed();
        let mut scored = ScoredSample {
            expected: sample.expected,
            actual: Actual::Error,
            risk: 0,
            latency_ms: 0,
            language: &sample.language,
        };
        match response {
            Ok(response) => {
                scored.actual = Actual::Decided(response.decision);
                scored.risk = response.risk_score;
                scored.latency_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
                looked_at += u64::from(!response.detectors.is_empty());
                let mut rows = response.detectors.iter().filter(|row| row.name == subject.detector);
                fired += u64::from(rows.any(|row| row.execution_mode != DETERMINISTIC));
            }
            Err(e) => failed.push(Failed { line: sample.line, index, reason: e.to_string() }),
        }
        builder.add(&scored);
    }
    let now = now();
    let scorecard = builder.finish(subject.model(), category, now);
    let report = ScorecardReport {
        detector: subject.detector.clone(),
        advisory: scorecard.judge(Tier::Advisory, now)?,
        enforcement: scorecard.judge(Tier::Enforcement, now)?,
        scorecard,
        reliability_curve: builder.curve(curve_bins),
    };
    Ok(Measurement { report, failed, fired, looked_at })
}

fn evaluate(engine: &Engine, text: &str, stage: &str) -> Result<Response, EvalError> {
    let Some(stage) = Stage::from_name(stage) else {
        let names: Vec<&str> = Stage::ALL.iter().map(|s| s.name()).collect();
        return Err(EvalError::new(format!("there is no stage {stage:?}; expected one of {}", names.join(", "))));
    };
    let identity =
        Identity { tenant_id: "scorecard-cli", app_id: "scorecard", session_id: None, ..Identity::default() };
    let request = Request { text, stage, metadata: Metadata::none(), identity };
    // A fault in the engine must cost one sample, not the measurement.
    catch_unwind(AssertUnwindSafe(|| engine.evaluate(&request)))
        .unwrap_or_else(|_| Err(EvalError::new("the engine failed on this sample; please report it with the text")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Decision;
    use crate::value::parse_yaml;

    fn measured(yaml: &str, detector: &str, stage: &str) -> Measurement {
        let subject = Subject::find(&parse_yaml(yaml).unwrap(), None, detector).unwrap();
        let sample = |text: &str, expected, line| LabelledSample {
            text: text.to_owned(),
            expected,
            language: "en".to_owned(),
            line,
        };
        let samples =
            [sample("mail me at a.b@example.com", Decision::Redact, 1), sample("good morning", Decision::Allow, 3)];
        measure(&subject, &samples, stage, None, 10, || "2026-06-01T00:00:00Z".parse().unwrap()).unwrap()
    }

    #[test]
    fn an_uncertified_detector_is_recorded_with_what_it_would_enforce() {
        let m = measured("pii: {action: REDACT, strategy: {order: [local_ml]}}", "pii", "input");
        assert_eq!((m.fired, m.failed.len(), m.looked_at), (0, 0, 2));
        let card = m.report.scorecard;
        assert_eq!((card.f1, card.auroc, card.sample_count), (Some(1.0), Some(1.0), 2));
        assert_eq!(card.model_version, "default");
    }

    #[test]
    fn a_fallback_that_fails_open_or_closed_counts_as_fired() {
        let m = measured("pii: {strategy: {order: [local_ml], fallback: fail_closed}}", "pii", "input");
        assert_eq!(m.fired, 2);
        let c = m.report.scorecard.binary_confusion;
        assert_eq!((c.tp, c.fp), (1, 1));
        assert!(!m.report.enforcement.passed);
    }

    #[test]
    fn a_detector_that_skips_the_stage_looks_at_nothing() {
        let m = measured("pii: {stages: [output]}", "pii", "input");
        assert_eq!((m.looked_at, m.failed.len()), (0, 0));
    }

    #[test]
    fn at_an_unknown_stage_every_sample_fails() {
        let m = measured("pii: {}", "pii", "imput");
        assert_eq!(m.failed.len(), 2);
        assert_eq!((m.failed[1].line, m.failed[1].index), (3, 1));
        assert!(m.failed[0].reason.contains("no stage \"imput\"; expected one of input, output, retrieval"));
        let card = m.report.scorecard;
        assert_eq!((card.f1, card.recall, card.p95_latency_ms), (None, Some(0.0), 0.0));
    }
}
