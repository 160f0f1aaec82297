//! What an evaluation answers.

use super::detector::{Finding, RuleHit};
use crate::api::Decision;
use std::borrow::Cow;
use std::time::Duration;

/// What one detector did to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetectorOutcome {
    /// Policy key (`custom:NAME` for plugins).
    pub name: Cow<'static, str>,
    /// What it found; the decision is the final one, after strategy and scorecard gate.
    pub finding: Finding,
    /// Whether its text replaced the text for the detectors after it.
    pub transformed: bool,
    /// Time spent in it; zero when the engine does not measure.
    pub latency: Duration,
    /// `local_deterministic`, or the model mode whose fallback decided.
    pub execution_mode: &'static str,
    /// Why a model-backed strategy fell back, where it did.
    pub fallback_path: Option<String>,
}

impl DetectorOutcome {
    /// The outcome of a deterministic detector.
    #[must_use]
    pub fn new(name: Cow<'static, str>, finding: Finding, transformed: bool, latency: Duration) -> Self {
        DetectorOutcome {
            name,
            finding,
            transformed,
            latency,
            execution_mode: "local_deterministic",
            fallback_path: None,
        }
    }
}

/// The engine's answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// The worst decision of all detectors, after remediation.
    pub decision: Decision,
    /// The highest risk of all detectors, 0..=100.
    pub risk_score: u8,
    /// What the check of a tool call itself found; it has no outcome of its own.
    pub call: Option<Finding>,
    /// One outcome for each detector that ran, in order.
    pub detectors: Vec<DetectorOutcome>,
    /// The rewritten text, if anything rewrote it.
    pub sanitized_text: Option<String>,
    /// Quality scores, where the policy asks for them.
    pub quality: Option<crate::api::QualityReport>,
}

impl Response {
    /// All rule hits, in order, repeats included.
    pub fn hits(&self) -> impl Iterator<Item = &RuleHit> {
        let findings = self.call.iter().chain(self.detectors.iter().map(|d| &d.finding));
        findings.flat_map(|finding| &finding.hits)
    }
}
