//! The engine: a policy compiled once, then any number of texts evaluated against it.
//!
//! Detectors run in the fixed order of [`pipeline`]; some rewrite the text for those after them; the worst decision
//! wins. Nothing is remembered between requests, so the same request always gets the same response.

mod aggregate;
mod blocking;
mod detector;
mod hooks;
pub mod pipeline;
mod request;
mod response;
mod section;
mod tool_calls;

pub use blocking::Blocking;
pub use detector::{Build, Detector, EvalError, Finding, RuleHit, RuleId, severity_sum};
pub use hooks::Hook;
pub use request::{Identity, Metadata, Request};
pub use response::{DetectorOutcome, Response};
pub use section::{
    TextSet, action_or, float_or, int_or, iterated, list_or_empty, number_or, text_or, text_set, truthy_or,
};

use crate::api::{Decision, Stage};
use crate::text::{NeedleSet, Prefilter, Text};
use crate::value::{Map, Value};
use pipeline::{ALIASES, Entry, PIPELINE};
use std::time::{Duration, Instant};

/// How an engine runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EngineOptions {
    /// Measure each detector's time. Off, no clock is read.
    pub timing: bool,
    /// Record what uncertified model-backed detectors would enforce, as the reference's own benchmark tools do.
    pub certify: bool,
}

/// A compiled policy. Shared by all threads; evaluation locks nothing.
pub struct Engine {
    steps: Vec<Step>,
    prefilter: Prefilter,
    policy_version: Result<String, EvalError>,
    /// What makes every evaluation fail, whatever the stage.
    fatal: Option<EvalError>,
    hooks: hooks::Hooks,
    options: EngineOptions,
}

/// A detector that the policy enables.
struct Step {
    entry: &'static Entry,
    stages: Result<u8, EvalError>,
    detector: Result<Box<dyn Detector>, EvalError>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("detectors", &self.steps.iter().map(|s| s.entry.key).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Compiles a flat policy. Never fails: what the reference refuses at evaluation time is reported then.
    #[must_use]
    pub fn compile(policy: &Map, options: EngineOptions) -> Self {
        let mut needles = NeedleSet::new();
        let mut steps = Vec::new();
        let mut fatal = None;
        for entry in PIPELINE {
            let section = match section_of(policy, entry.key) {
                None => continue,
                Some(Value::Map(section)) => section,
                Some(other) => {
                    fatal.get_or_insert_with(|| EvalError::config(entry.key, other, "an object"));
                    continue;
                }
            };
            if section.get("enabled").is_some_and(Value::truthy) {
                steps.push(Step {
                    entry,
                    stages: section::stages(section, entry.stages),
                    detector: (entry.build)(section, &mut needles),
                });
            }
        }
        let policy_version = match policy.get("policy_version") {
            None => Ok("unknown".to_owned()),
            Some(Value::Str(version)) => Ok(version.clone()),
            Some(other) => Err(EvalError::config("policy_version", other, "a string")),
        };
        Engine { steps, prefilter: needles.build(), policy_version, fatal, hooks: hooks::Hooks::new(policy), options }
    }

    /// The policy's version, `unknown` when it has none.
    #[must_use]
    pub fn policy_version(&self) -> &str {
        self.policy_version.as_deref().unwrap_or("unknown")
    }

    /// Keys of the enabled detectors, in pipeline order.
    pub fn detectors(&self) -> impl Iterator<Item = &'static str> {
        self.steps.iter().map(|s| s.entry.key)
    }

    /// Keys of enabled detectors that this version does not have.
    pub fn unsupported(&self) -> impl Iterator<Item = &'static str> {
        self.steps.iter().filter(|s| s.detector.as_ref().is_err_and(EvalError::is_unbuilt)).map(|s| s.entry.key)
    }

    /// Whether the enabled detector `key` looks at texts of `stage`.
    #[must_use]
    pub fn runs_at(&self, key: &str, stage: Stage) -> bool {
        self.steps.iter().any(|s| s.entry.key == key && s.stages.as_ref().is_ok_and(|set| set & stage.bit() != 0))
    }

    /// Evaluates one request.
    ///
    /// # Errors
    /// When the reference refuses to evaluate: a section, configuration or metadata value of the wrong kind.
    pub fn evaluate(&self, request: &Request<'_>) -> Result<Response, EvalError> {
        if let Some(fatal) = &self.fatal {
            return Err(fatal.clone());
        }
        if let Err(e) = &self.policy_version {
            return Err(e.clone());
        }
        let mut text = Text::new(request.text, &self.prefilter);
        let mut rewritten = false;
        let mut outcomes = Vec::new();
        let chains = matches!(request.stage, Stage::Input | Stage::Output);
        for step in &self.steps {
            if step.stages.as_ref().map_err(Clone::clone)? & request.stage.bit() == 0 {
                continue;
            }
            let detector = match &step.detector {
                Ok(detector) => detector,
                Err(e) if e.is_unbuilt() => continue,
                Err(e) => return Err(e.clone()),
            };
            let started = self.options.timing.then(Instant::now);
            let finding = detector.inspect(&text, request)?;
            let latency = started.map_or(Duration::ZERO, |s| s.elapsed());
            let chained = chains
                && step.entry.rewrites
                && matches!(finding.decision, Some(Decision::Redact | Decision::Transform))
                && finding.sanitized.as_ref().is_some_and(|s| !s.is_empty());
            if chained && let Some(sanitized) = &finding.sanitized {
                text = Text::new(sanitized.clone(), &self.prefilter);
                rewritten = true;
            }
            outcomes.push(DetectorOutcome::new(step.entry.key.into(), finding, chained, latency));
        }
        let chained = rewritten.then(|| text.raw()).filter(|t| *t != request.text);
        Ok(aggregate::aggregate(outcomes, chained))
    }
}

/// A pipeline key's section: under its own name or, when that is absent, under its alias.
fn section_of<'p>(policy: &'p Map, key: &str) -> Option<&'p Value> {
    policy.get(key).or_else(|| {
        let alias = ALIASES.iter().find(|(_, canonical)| *canonical == key)?.0;
        policy.get(alias)
    })
}
