//! What the summary needs to know of one evaluated sample.

use super::label::Label;
use crate::api::{DetectorRow, QualityReport, ResultRow};
use std::borrow::Cow;

/// One evaluated sample, borrowed from the row that is being written or read.
#[derive(Clone, Copy, Debug)]
pub struct SampleOutcome<'a> {
    /// The stage or lifecycle hook.
    pub context: &'a str,
    /// The label; none when unlabelled.
    pub expected: Option<Label<'a>>,
    /// Rule ids that should fire; none when not given.
    pub expected_rule_hits: Option<&'a [String]>,
    /// Whether they did; computed from the rule ids when not given.
    pub rule_hits_match: Option<bool>,
    /// What came of it.
    pub actual: Label<'a>,
    /// 0..=100, of other systems any number; none when not given. Where evaluation failed it counts as 0.
    pub risk: Option<f64>,
    /// Rule ids in the engine's order, repeats included.
    pub rule_ids: &'a [Cow<'a, str>],
    /// One row for each detector that ran.
    pub detectors: &'a [DetectorRow<'a>],
    /// Whole microseconds; none with timing off.
    pub latency_us: Option<u64>,
    /// The sample's value for each metadata key the summary is grouped by, in the order of the keys.
    pub groups: &'a [(&'a str, &'a str)],
    /// Quality scores, where there are any.
    pub quality: Option<&'a QualityReport>,
    /// The OWASP category that the sample's metadata names under `owasp`.
    pub owasp: Option<&'a str>,
}

impl<'a> SampleOutcome<'a> {
    /// The outcome that a result row records. Where the row has milliseconds only, those are taken.
    #[must_use]
    pub fn of_row(row: &'a ResultRow<'a>, groups: &'a [(&'a str, &'a str)]) -> Self {
        Self {
            context: &row.context,
            expected: row.expected_decision.map(Label::from),
            expected_rule_hits: row.expected_rule_hits.as_deref(),
            rule_hits_match: row.rule_hits_match,
            actual: row.actual_decision.into(),
            risk: Some(f64::from(row.actual_risk_score)),
            rule_ids: &row.actual_rule_hits,
            detectors: row.detector_results.as_deref().unwrap_or_default(),
            latency_us: micros(row.latency_us, row.latency_ms),
            groups,
            quality: row.quality.as_ref(),
            owasp: None,
        }
    }

    /// An unlabelled sample of a stage on which nothing ran.
    #[cfg(test)]
    pub(super) fn none(context: &'a str) -> Self {
        Self {
            context,
            expected: None,
            expected_rule_hits: None,
            rule_hits_match: None,
            actual: Label::Decision(crate::api::Decision::Allow),
            risk: Some(0.0),
            rule_ids: &[],
            detectors: &[],
            latency_us: None,
            groups: &[],
            quality: None,
            owasp: None,
        }
    }
}

/// Microseconds of a row that may only have milliseconds.
#[must_use]
pub fn micros(latency_us: Option<u64>, latency_ms: Option<u64>) -> Option<u64> {
    latency_us.or_else(|| latency_ms.map(|ms| ms.saturating_mul(1000)))
}
