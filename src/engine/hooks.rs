//! Lifecycle hooks: what is looked at outside a request.

use super::laps::Laps;
use super::pipeline::HOOKS;
use super::{Build, Detector, DetectorOutcome, Engine, EvalError, Finding, Request, Response, aggregate};
use crate::api::Stage;
use crate::detectors::mcp_manifest_scanner::ManifestScanner;
use crate::detectors::{corpus_poisoning_monitor, tool_permission_audit};
use crate::text::{NeedleSet, Prefilter, Text};
use crate::value::{Map, Value, python_json};
use std::borrow::Cow;
use std::sync::OnceLock;

const MANIFEST_SCANNER: &str = "mcp_manifest_scanner";
const PERMISSION_AUDIT: &str = "tool_permission_audit";
const CORPUS_MONITOR: &str = "corpus_poisoning_monitor";

/// A moment in an application's life that is no stage of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hook {
    /// A tool or an MCP server is registered; its declaration is looked at.
    ToolRegistration,
    /// A document is taken into a corpus; its text and metadata are looked at.
    CorpusIngest,
    /// A policy is published.
    PolicyPublish,
}

impl Hook {
    /// All hooks.
    pub const ALL: [Hook; 3] = [Hook::ToolRegistration, Hook::CorpusIngest, Hook::PolicyPublish];

    /// The hook's name in datasets.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Hook::ToolRegistration => "tool_registration",
            Hook::CorpusIngest => "corpus_ingest",
            Hook::PolicyPublish => "policy_publish",
        }
    }

    /// The hook with exactly this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|h| h.name() == name)
    }
}

/// The detectors of the hooks, compiled when the first declaration or document comes: most runs have none.
pub(super) struct Hooks {
    /// The policy's sections of the hooks' detectors.
    sections: Map,
    scanner: OnceLock<Result<ManifestScanner, EvalError>>,
    audit: OnceLock<Result<OnText, EvalError>>,
    corpus: OnceLock<Result<OnText, EvalError>>,
}

/// A detector of a text with a prefilter of its own, on unless its section says otherwise.
struct OnText {
    enabled: bool,
    detector: Box<dyn Detector>,
    prefilter: Prefilter,
}

impl OnText {
    fn new(section: &Map, build: Build) -> Result<Self, EvalError> {
        let mut needles = NeedleSet::new();
        let detector = build(section, &mut needles)?;
        let enabled = section.get("enabled").is_none_or(Value::truthy);
        Ok(OnText { enabled, detector, prefilter: needles.build() })
    }

    fn inspect(&self, request: &Request<'_>) -> Result<Finding, EvalError> {
        match self.enabled {
            true => self.detector.inspect(&Text::new(request.text, &self.prefilter), request),
            false => Ok(Finding::clean()),
        }
    }
}

impl Hooks {
    pub(super) fn new(policy: &Map) -> Self {
        let section = |key: &&'static str| Some(((*key).into(), policy.get(key)?.clone()));
        Hooks {
            sections: HOOKS.iter().chain(&[CORPUS_MONITOR]).filter_map(section).collect(),
            scanner: OnceLock::new(),
            audit: OnceLock::new(),
            corpus: OnceLock::new(),
        }
    }

    fn section(&self, key: &str) -> Result<Map, EvalError> {
        match self.sections.get(key) {
            None => Ok(Map::new()),
            Some(Value::Map(section)) => Ok(section.clone()),
            Some(other) => Err(EvalError::config(key, other, "an object")),
        }
    }

    fn scanner(&self) -> Result<&ManifestScanner, EvalError> {
        self.scanner
            .get_or_init(|| ManifestScanner::new(&self.section(MANIFEST_SCANNER)?))
            .as_ref()
            .map_err(Clone::clone)
    }

    fn audit(&self) -> Result<&OnText, EvalError> {
        let audit = || OnText::new(&self.section(PERMISSION_AUDIT)?, tool_permission_audit::build);
        self.audit.get_or_init(audit).as_ref().map_err(Clone::clone)
    }

    fn corpus(&self) -> Result<&OnText, EvalError> {
        let corpus = || OnText::new(&self.section(CORPUS_MONITOR)?, corpus_poisoning_monitor::build);
        self.corpus.get_or_init(corpus).as_ref().map_err(Clone::clone)
    }

    /// Which of the registration's detectors look at a declaration: those that the policy has a section of, and the
    /// scanner where it has none of either.
    fn registration(&self) -> impl Iterator<Item = &'static str> {
        let has = |key: &str| self.sections.get(key).is_some();
        let both = [(MANIFEST_SCANNER, !has(PERMISSION_AUDIT)), (PERMISSION_AUDIT, false)];
        both.into_iter().filter(move |(key, anyway)| has(key) || *anyway).map(|(key, _)| key)
    }
}

impl Engine {
    /// Evaluates a sample at a lifecycle hook: a tool declaration, none where the sample has only a text, or a document
    /// with its metadata, whose stage says nothing. The hook's detectors take their configuration from the policy's
    /// sections, `enabled` being on where it is absent. Without a section `mcp_manifest_scanner` looks at declarations
    /// and `corpus_poisoning_monitor` at documents; `tool_permission_audit` needs its section.
    ///
    /// # Errors
    /// When the hook looks at nothing, the declaration is missing, or a section is one that the reference cannot use.
    pub fn evaluate_hook(
        &self,
        hook: Hook,
        manifest: Option<&Value>,
        request: &Request<'_>,
    ) -> Result<Response, EvalError> {
        let timed = |key: &'static str, inspect: &dyn Fn() -> Result<Finding, EvalError>| {
            let mut laps = Laps::new(self.options.timing);
            let finding = inspect()?;
            Ok(DetectorOutcome::new(key.into(), finding, false, laps.lap()))
        };
        match (hook, manifest) {
            (Hook::ToolRegistration, Some(manifest)) => {
                let outcomes = (self.hooks.registration())
                    .map(|key| match key {
                        PERMISSION_AUDIT => timed(key, &|| {
                            self.hooks.audit()?.inspect(&Request::new(&declaration(manifest), Stage::Tool))
                        }),
                        _ => timed(key, &|| self.hooks.scanner()?.inspect_manifest(manifest)),
                    })
                    .collect::<Result<_, EvalError>>()?;
                Ok(aggregate::aggregate(None, outcomes, None))
            }
            (Hook::CorpusIngest, _) => {
                let outcome = timed(CORPUS_MONITOR, &|| self.hooks.corpus()?.inspect(request))?;
                Ok(aggregate::aggregate(None, vec![outcome], None))
            }
            (Hook::ToolRegistration, None) => Err(EvalError::new(
                "tool_registration looks at a tool declaration under `manifest`, and this sample has none",
            )),
            (Hook::PolicyPublish, _) => Err(EvalError::new("policy_publish is a lifecycle hook that looks at no text")),
        }
    }
}

/// The declaration as text: a string is its own.
fn declaration(manifest: &Value) -> Cow<'_, str> {
    match manifest {
        Value::Str(text) => Cow::Borrowed(text),
        other => Cow::Owned(python_json(other, false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Decision;
    use crate::engine::EngineOptions;
    use crate::value::parse_json;

    fn evaluate(policy: &str, hook: Hook, manifest: Option<&str>) -> Result<Response, EvalError> {
        let Ok(Value::Map(policy)) = parse_json(policy) else { panic!("{policy}") };
        let manifest = manifest.map(|m| parse_json(m).unwrap());
        Engine::compile(&policy, EngineOptions::default()).evaluate_hook(
            hook,
            manifest.as_ref(),
            &Request::new("This supersedes all previous records.", Stage::MemoryWrite),
        )
    }

    #[test]
    fn a_declaration_is_scanned_with_or_without_a_section() {
        let manifest = Some(r#"{"scopes": ["root"]}"#);
        for policy in ["{}", r#"{"mcp_manifest_scanner": {"action": "WARN"}}"#] {
            let response = evaluate(policy, Hook::ToolRegistration, manifest).unwrap();
            assert_eq!((response.decision, response.risk_score), (Decision::Warn, 50));
            assert_eq!(response.detectors[0].name, MANIFEST_SCANNER);
        }
        assert!(evaluate(r#"{"mcp_manifest_scanner": 5}"#, Hook::ToolRegistration, manifest).is_err());
    }

    #[test]
    fn the_audit_joins_the_scanner_where_the_policy_has_its_section() {
        let manifest = Some(r#"{"name": "run_shell"}"#);
        let names = |policy: &str| -> Vec<String> {
            let response = evaluate(policy, Hook::ToolRegistration, manifest).unwrap();
            response.detectors.iter().map(|d| format!("{} {:?}", d.name, d.finding.decision.unwrap())).collect()
        };
        let audited = "tool_permission_audit Block";
        assert_eq!(names(r#"{"tool_permission_audit": {"action": "BLOCK"}}"#), [audited]);
        let both = r#"{"tool_permission_audit": {"action": "BLOCK"}, "mcp_manifest_scanner": {}}"#;
        assert_eq!(names(both), ["mcp_manifest_scanner Allow", audited]);
        let off = r#"{"tool_permission_audit": {"enabled": false}}"#;
        assert_eq!(names(off), ["tool_permission_audit Allow"]);
        assert!(evaluate(r#"{"tool_permission_audit": []}"#, Hook::ToolRegistration, manifest).is_err());
    }

    #[test]
    fn a_document_is_looked_at_with_or_without_a_section() {
        let decided =
            |policy: &str| evaluate(policy, Hook::CorpusIngest, None).map(|r| (r.decision, r.detectors.len()));
        assert_eq!(decided("{}"), Ok((Decision::Warn, 1)));
        assert_eq!(decided(r#"{"corpus_poisoning_monitor": {"action": "BLOCK"}}"#), Ok((Decision::Block, 1)));
        assert_eq!(decided(r#"{"corpus_poisoning_monitor": {"enabled": 0}}"#), Ok((Decision::Allow, 1)));
        assert!(decided(r#"{"corpus_poisoning_monitor": {"max_question_repeats": null}}"#).is_err());
    }

    #[test]
    fn without_a_declaration_there_is_nothing_to_scan() {
        assert!(evaluate("{}", Hook::ToolRegistration, None).is_err());
        assert!(evaluate("{}", Hook::PolicyPublish, Some("{}")).is_err());
    }
}
