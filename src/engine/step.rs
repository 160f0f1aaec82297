//! One enabled section of a policy: when it runs, what runs, and what its strategy and scorecard make of the result.

use super::EngineOptions;
use super::detector::{Detector, EvalError, Finding};
use super::laps::Laps;
use super::pipeline::Entry;
use super::request::Request;
use super::response::DetectorOutcome;
use super::scorecard::Enforcement;
use super::section;
use super::strategy::{DETERMINISTIC, Escalated, Strategy};
use crate::api::Stage;
use crate::text::{NeedleSet, Text};
use crate::value::{Map, Value};
use std::borrow::Cow;

/// The stages of a model-backed section that is no detector of the pipeline.
const STANDALONE_STAGES: u8 = Stage::Input.bit() | Stage::Output.bit();

/// A section that the policy enables.
pub(super) struct Step {
    /// Its key, the name of its rows.
    pub key: Cow<'static, str>,
    /// Whether its rewritten text replaces the text for those after it.
    pub rewrites: bool,
    stages: Result<u8, EvalError>,
    detector: Result<Box<dyn Detector>, EvalError>,
    strategy: Result<Option<Strategy>, EvalError>,
    enforcement: Enforcement,
}

impl Step {
    /// A detector of the pipeline.
    pub(super) fn of_pipeline(
        entry: &'static Entry,
        section: &Map,
        runtime: Option<&Value>,
        needles: &mut NeedleSet,
        options: &EngineOptions,
    ) -> Self {
        let strategy = Strategy::read(section, runtime);
        let model_backed = matches!(&strategy, Ok(Some(strategy)) if strategy.is_model_backed());
        Step {
            key: entry.key.into(),
            rewrites: entry.rewrites,
            stages: section::stages(section, entry.stages),
            detector: (entry.build)(section, needles),
            strategy,
            enforcement: Enforcement::of(entry.key, section, model_backed, options),
        }
    }

    /// A section of another key, which only a strategy makes more than data.
    ///
    /// # Errors
    /// When its strategy cannot be read: that fails every evaluation.
    pub(super) fn standalone(
        key: &str,
        section: &Map,
        runtime: Option<&Value>,
        options: &EngineOptions,
    ) -> Result<Option<Self>, EvalError> {
        let Some(strategy) = Strategy::read(section, runtime)? else { return Ok(None) };
        Ok(Some(Step {
            key: key.to_owned().into(),
            rewrites: false,
            stages: section::stages(section, STANDALONE_STAGES),
            detector: Ok(Box::new(PassThrough)),
            enforcement: Enforcement::of(key, section, strategy.is_model_backed(), options),
            strategy: Ok(Some(strategy)),
        }))
    }

    /// Whether its BLOCK and REDACT become WARN.
    pub(super) fn is_advisory(&self) -> bool {
        self.enforcement == Enforcement::Advisory
    }

    /// Whether it looks at texts of the stage.
    pub(super) fn runs_at(&self, stage: Stage) -> Result<bool, EvalError> {
        match &self.stages {
            Ok(set) => Ok(set & stage.bit() != 0),
            Err(e) => Err(e.clone()),
        }
    }

    /// Adds what it makes of the text: the detector's finding after strategy and scorecard gate.
    pub(super) fn run(
        &self,
        text: &Text<'_>,
        request: &Request<'_>,
        laps: &mut Laps,
        outcomes: &mut Vec<DetectorOutcome>,
    ) -> Result<(), EvalError> {
        let detector = self.detector.as_ref().map_err(Clone::clone)?;
        let finding = detector.inspect(text, request)?;
        let escalated = match &self.strategy {
            Ok(None) => Escalated { finding, mode: DETERMINISTIC, path: None },
            Ok(Some(strategy)) => strategy.apply(finding)?,
            Err(e) => return Err(e.clone()),
        };
        outcomes.push(DetectorOutcome {
            name: self.key.clone(),
            finding: Finding { decision: self.enforcement.apply(escalated.finding.decision), ..escalated.finding },
            transformed: false,
            latency: laps.lap(),
            execution_mode: escalated.mode,
            fallback_path: escalated.path,
        });
        Ok(())
    }
}

/// The start of a strategy that has no detector.
struct PassThrough;

impl Detector for PassThrough {
    fn inspect(&self, _text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        Ok(Finding::clean())
    }
}
