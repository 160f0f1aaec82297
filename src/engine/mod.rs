//! The engine: a policy compiled once, then any number of texts evaluated against it.
//!
//! Detectors run in the fixed order of [`pipeline`]; some rewrite the text for those after them; the worst decision
//! wins. Nothing is remembered between requests, so the same request always gets the same response.

mod aggregate;
mod blocking;
mod custom;
mod detector;
mod hooks;
mod laps;
pub mod pipeline;
mod quality;
mod remediation;
mod request;
mod response;
mod scorecard;
mod section;
mod step;
mod strategy;
mod tool_calls;

pub use blocking::Blocking;
pub use detector::{Build, Detector, EvalError, Finding, RuleHit, RuleId, severity_sum};
pub use hooks::Hook;
use laps::Laps;
pub use request::{Identity, Metadata, Request};
pub use response::{DetectorOutcome, Response};
pub(crate) use scorecard::payload as stamp_payload;
pub use section::{
    TextSet, action_or, float_or, holds, int_or, items_of, iterated, list_or_empty, number_or, text_or, text_set,
    truthy_or,
};

use crate::api::{Decision, Stage};
use crate::text::{NeedleSet, Prefilter, Text};
use crate::value::{Map, Value};
use pipeline::{ALIASES, PIPELINE};
use quality::Quality;
use remediation::Remediation;
use std::borrow::Cow;
use step::Step;
use tool_calls::CallCheck;

/// How an engine runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineOptions {
    /// Measure each detector's time. Off, no clock is read.
    pub timing: bool,
    /// Record what uncertified model-backed detectors would enforce, as the reference's own benchmark tools do.
    pub certify: bool,
    /// Ed25519 public key (PEM) that scorecard stamps must be signed with; `None` takes unsigned stamps.
    pub scorecard_key: Option<String>,
}

/// A compiled policy. Shared by all threads; evaluation locks nothing.
pub struct Engine {
    steps: Vec<Step>,
    custom: Result<Vec<custom::CustomStep>, EvalError>,
    prefilter: Prefilter,
    policy_version: Result<String, EvalError>,
    /// What makes every evaluation of a text fail, whatever the stage.
    fatal: Option<EvalError>,
    hooks: hooks::Hooks,
    call_check: CallCheck,
    quality: Quality,
    remediation: Remediation,
    options: EngineOptions,
}

/// Keys of a policy that configure the engine rather than a detector.
const SETTINGS: &[&str] =
    &["runtime_policy", "custom_detectors", "output_contract", "quality_scoring", "_multilingual", "_scorecard_gate"];

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("detectors", &self.detectors().collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

impl Engine {
    /// Compiles a flat policy. Never fails: what the reference refuses at evaluation time is reported then.
    #[must_use]
    pub fn compile(policy: &Map, options: EngineOptions) -> Self {
        let mut needles = NeedleSet::new();
        let mut steps = Vec::new();
        let mut fatal = None;
        let runtime = policy.get("runtime_policy");
        let is_enabled = |section: &Map| section.get("enabled").is_some_and(Value::truthy);
        for entry in PIPELINE {
            match section_of(policy, entry.key) {
                None => {}
                Some(Value::Map(section)) if is_enabled(section) => {
                    steps.push(Step::of_pipeline(entry, section, runtime, &mut needles, &options));
                }
                Some(Value::Map(_)) => {}
                Some(other) => {
                    fatal.get_or_insert_with(|| EvalError::config(entry.key, other, "an object"));
                }
            }
        }
        for (key, section) in policy.text_entries().filter(|(key, _)| is_standalone(key)) {
            let Some(section) = section.as_map().filter(|s| is_enabled(s)) else { continue };
            match Step::standalone(key, section, runtime, &options) {
                Ok(step) => steps.extend(step),
                Err(e) => {
                    fatal.get_or_insert(e);
                }
            }
        }
        let call_check = CallCheck::compile(policy, &mut needles);
        let policy_version = match policy.get("policy_version") {
            None => Ok("unknown".to_owned()),
            Some(Value::Str(version)) => Ok(version.clone()),
            Some(other) => Err(EvalError::config("policy_version", other, "a string")),
        };
        let custom = custom::compile(policy, &mut needles);
        Engine {
            steps,
            custom,
            prefilter: needles.build(),
            policy_version,
            fatal,
            hooks: hooks::Hooks::new(policy),
            call_check,
            quality: Quality::compile(policy),
            remediation: Remediation::compile(policy),
            options,
        }
    }

    /// The policy's version, `unknown` when it has none.
    #[must_use]
    pub fn policy_version(&self) -> &str {
        self.policy_version.as_deref().unwrap_or("unknown")
    }

    /// Keys of what the policy enables, in the order in which it runs.
    pub fn detectors(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|s| &*s.key)
    }

    /// Keys of what the policy enables and no scorecard certifies: their BLOCK and REDACT count as WARN.
    pub fn advisory(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter(|s| s.is_advisory()).map(|s| &*s.key)
    }

    /// Whether the enabled detector `key` looks at texts of `stage`.
    #[must_use]
    pub fn runs_at(&self, key: &str, stage: Stage) -> bool {
        // A tool call is checked by `tools` itself, whatever the section's stages.
        (key == "tools" && stage == Stage::Tool)
            || self.steps.iter().any(|s| s.key == key && s.runs_at(stage) == Ok(true))
    }

    /// Evaluates one request.
    ///
    /// # Errors
    /// When the reference refuses to evaluate: a section, configuration or metadata value of the wrong kind.
    pub fn evaluate(&self, request: &Request<'_>) -> Result<Response, EvalError> {
        self.policy_version.as_ref().map_err(Clone::clone)?;
        let (outcomes, chained) = self.run(request)?;
        let mut response = aggregate::aggregate(None, outcomes, chained.as_deref());
        response.quality = self.quality.score(request)?;
        self.remediation.apply(&mut response)?;
        Ok(response)
    }

    /// Runs what looks at the request's stage: the outcomes in order, and the text as the rewriting detectors left
    /// it, when it is not the request's.
    fn run(&self, request: &Request<'_>) -> Result<(Vec<DetectorOutcome>, Option<String>), EvalError> {
        if let Some(fatal) = &self.fatal {
            return Err(fatal.clone());
        }
        let mut text = Text::new(request.text, &self.prefilter);
        let mut laps = Laps::new(self.options.timing);
        let mut rewritten = false;
        let mut outcomes = Vec::with_capacity(self.steps.len());
        let chains = matches!(request.stage, Stage::Input | Stage::Output);
        for step in &self.steps {
            if !step.runs_at(request.stage)? {
                continue;
            }
            step.run(&text, request, &mut laps, &mut outcomes)?;
            if chains
                && step.rewrites
                && let Some(outcome) = outcomes.last_mut()
                && matches!(outcome.finding.decision, Some(Decision::Redact | Decision::Transform))
                && let Some(sanitized) = outcome.finding.sanitized.as_deref().filter(|s| !s.is_empty())
            {
                text = Text::new(Cow::Owned(sanitized.to_owned()), &self.prefilter);
                rewritten = true;
                outcome.transformed = true;
            }
        }
        let custom = self.custom.as_ref().map_err(Clone::clone)?;
        custom::run(custom, &text, request.stage, &mut laps, &mut outcomes)?;
        let chained = rewritten.then(|| text.raw()).filter(|t| *t != request.text).map(str::to_owned);
        Ok((outcomes, chained))
    }
}

/// A pipeline key's section: under its own name or, when that is absent, under its alias.
fn section_of<'p>(policy: &'p Map, key: &str) -> Option<&'p Value> {
    policy.get(key).or_else(|| {
        let alias = ALIASES.iter().find(|(_, canonical)| *canonical == key)?.0;
        policy.get(alias)
    })
}

/// Whether a key is neither a detector's, nor an alias, nor one of the engine's settings.
fn is_standalone(key: &str) -> bool {
    !PIPELINE.iter().any(|entry| entry.key == key)
        && !ALIASES.iter().any(|(alias, _)| *alias == key)
        && !SETTINGS.contains(&key)
}
