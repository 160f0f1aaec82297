//! From the detectors' findings to one response.

use super::response::{DetectorOutcome, Response};
use crate::api::Decision;

/// Joins the outcomes of one request, in run order. `chained` is the text as the rewriting detectors left it, when it
/// differs from the request's.
pub(super) fn aggregate(detectors: Vec<DetectorOutcome>, chained: Option<&str>) -> Response {
    let mut selected: Option<&DetectorOutcome> = None;
    for outcome in &detectors {
        let worse = outcome.finding.decision > selected.and_then(|s| s.finding.decision);
        if worse {
            selected = Some(outcome);
        }
    }
    let decision = selected.and_then(|s| s.finding.decision).unwrap_or(Decision::Allow);
    let risk_score = detectors.iter().map(|d| d.finding.risk).max().unwrap_or(0);
    // The reference starts from the selected detector's text, whatever its decision, lets every later rewrite
    // overwrite it, and the chained text overwrite them all.
    let mut sanitized = selected.and_then(|s| s.finding.sanitized.as_deref());
    for outcome in &detectors {
        if matches!(outcome.finding.decision, Some(Decision::Redact | Decision::Transform))
            && let Some(text) = outcome.finding.sanitized.as_deref().filter(|t| !t.is_empty())
        {
            sanitized = Some(text);
        }
    }
    let sanitized_text = chained.or(sanitized).map(str::to_owned);
    Response { decision, risk_score, detectors, sanitized_text, quality: None }
}
