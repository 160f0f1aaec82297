//! The seam between the engine and its detectors.

use super::request::Request;
use crate::api::{Decision, Severity};
use crate::text::{NeedleSet, Text};
use crate::value::Map;
use std::fmt;
use std::sync::Arc;

/// Looks at texts for one kind of trouble.
///
/// Built once from its section of the policy, shared by all threads, without state: one sample never influences
/// another. Cost is linear in the text.
pub trait Detector: Send + Sync {
    /// What the detector makes of a text.
    ///
    /// # Errors
    /// When the reference would refuse to evaluate: a configuration or metadata value of the wrong kind.
    fn inspect(&self, text: &Text<'_>, request: &Request<'_>) -> Result<Finding, EvalError>;
}

/// Builds a detector from its policy section, registering the literals of its rules with the prefilter.
///
/// An error is what the reference raises on a configuration it cannot use; the engine reports it for every sample
/// that the detector would have looked at.
pub type Build = fn(&Map, &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError>;

/// Why a sample could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvalError {
    message: String,
}

impl EvalError {
    /// An error with its message: what was found, what was expected.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        EvalError { message: message.into() }
    }

    /// A configuration value of the wrong kind.
    #[must_use]
    pub fn config(key: &str, found: &crate::value::Value, expected: &str) -> Self {
        Self::new(format!("`{key}` is {}, expected {expected}", found.kind()))
    }
}

/// The id of a rule, `detector.rule`: a constant or made once when the policy was compiled. Cheap to clone.
#[derive(Clone)]
pub struct RuleId(Id);

#[derive(Clone)]
enum Id {
    Static(&'static str),
    Shared(Arc<str>),
}

impl RuleId {
    /// The id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Id::Static(s) => s,
            Id::Shared(s) => s,
        }
    }
}

impl PartialEq for RuleId {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for RuleId {}

impl From<&'static str> for RuleId {
    fn from(id: &'static str) -> Self {
        RuleId(Id::Static(id))
    }
}

impl From<String> for RuleId {
    fn from(id: String) -> Self {
        RuleId(Id::Shared(id.into()))
    }
}

impl fmt::Debug for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A rule that fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleHit {
    /// Which rule.
    pub id: RuleId,
    /// How grave.
    pub severity: Severity,
}

impl RuleHit {
    /// A hit of the rule `id`.
    #[must_use]
    pub fn new(id: impl Into<RuleId>, severity: Severity) -> Self {
        RuleHit { id: id.into(), severity }
    }
}

/// What a detector found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The detector's own decision; `None` where it abstains (only model layers and plugins do).
    pub decision: Option<Decision>,
    /// 0..=100. An ALLOW may carry a risk.
    pub risk: u8,
    /// Rules that fired, in the detector's order, repeats included.
    pub hits: Vec<RuleHit>,
    /// The rewritten text, where the detector rewrites.
    pub sanitized: Option<String>,
}

impl Finding {
    /// Nothing found: ALLOW, risk 0.
    #[must_use]
    pub const fn clean() -> Self {
        Finding { decision: Some(Decision::Allow), risk: 0, hits: Vec::new(), sanitized: None }
    }

    /// A decision over hits, at their summed risk.
    #[must_use]
    pub fn of(decision: Decision, hits: Vec<RuleHit>) -> Self {
        Finding { decision: Some(decision), risk: severity_sum(&hits), hits, sanitized: None }
    }

    /// The decision's usual form in many detectors: nothing hit is clean, else BLOCK at or above `block_at`, else WARN.
    #[must_use]
    pub fn block_or_warn(hits: Vec<RuleHit>, block_at: f64) -> Self {
        if hits.is_empty() {
            return Self::clean();
        }
        let blocks = f64::from(severity_sum(&hits)) >= block_at;
        Self::of(if blocks { Decision::Block } else { Decision::Warn }, hits)
    }
}

/// The risk of a list of hits: low 10, medium 30, high 50 each, at most 100.
#[must_use]
pub fn severity_sum(hits: &[RuleHit]) -> u8 {
    let sum: u32 = hits.iter().map(|h| h.severity.points()).fold(0, u32::saturating_add);
    #[allow(clippy::cast_possible_truncation)]
    let capped = sum.min(100) as u8;
    capped
}
