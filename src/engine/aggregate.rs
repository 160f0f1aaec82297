//! From the detectors' findings to one response.

use super::detector::Finding;
use super::response::{DetectorOutcome, Response};
use crate::api::Decision;

/// Joins the findings of one request: of a tool call itself, if it is one, and the outcomes in run order. `chained` is
/// the text as the rewriting detectors left it, when it differs from the request's.
pub(super) fn aggregate(call: Option<Finding>, detectors: Vec<DetectorOutcome>, chained: Option<&str>) -> Response {
    let findings = || call.iter().chain(detectors.iter().map(|d| &d.finding));
    let mut selected: Option<&Finding> = None;
    for finding in findings() {
        if finding.decision > selected.and_then(|s| s.decision) {
            selected = Some(finding);
        }
    }
    let decision = selected.and_then(|s| s.decision).unwrap_or(Decision::Allow);
    let risk_score = findings().map(|f| f.risk).max().unwrap_or(0);
    // The reference starts from the selected detector's text, whatever its decision, lets every later rewrite
    // overwrite it, and the chained text overwrite them all.
    let mut sanitized = selected.and_then(|s| s.sanitized.as_deref());
    for finding in findings() {
        if matches!(finding.decision, Some(Decision::Redact | Decision::Transform))
            && let Some(text) = finding.sanitized.as_deref().filter(|t| !t.is_empty())
        {
            sanitized = Some(text);
        }
    }
    let sanitized_text = chained.or(sanitized).map(str::to_owned);
    Response { decision, risk_score, call, detectors, sanitized_text, quality: None }
}
