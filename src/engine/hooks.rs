//! Lifecycle hooks: what is looked at outside a request.

use super::pipeline::HOOKS;
use super::{DetectorOutcome, Engine, EvalError, Response, aggregate};
use crate::detectors::mcp_manifest_scanner::ManifestScanner;
use crate::value::{Map, Value};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const MANIFEST_SCANNER: &str = "mcp_manifest_scanner";

/// A moment in an application's life that is no stage of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hook {
    /// A tool or an MCP server is registered; its declaration is looked at.
    ToolRegistration,
    /// A policy is published.
    PolicyPublish,
}

impl Hook {
    /// All hooks.
    pub const ALL: [Hook; 2] = [Hook::ToolRegistration, Hook::PolicyPublish];

    /// The hook's name in datasets.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Hook::ToolRegistration => "tool_registration",
            Hook::PolicyPublish => "policy_publish",
        }
    }

    /// The hook with exactly this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|h| h.name() == name)
    }
}

/// The detectors of the hooks, compiled when the first declaration comes: most runs have none.
#[derive(Debug)]
pub(super) struct Hooks {
    /// The policy's sections of the hooks' detectors.
    sections: Map,
    scanner: OnceLock<Result<ManifestScanner, EvalError>>,
}

impl Hooks {
    pub(super) fn new(policy: &Map) -> Self {
        let section = |key: &&'static str| Some(((*key).into(), policy.get(key)?.clone()));
        Hooks { sections: HOOKS.iter().filter_map(section).collect(), scanner: OnceLock::new() }
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
}

impl Engine {
    /// Evaluates a tool declaration at a lifecycle hook; `manifest` is none where the sample has only a text. The
    /// hook takes its configuration from the policy's section, and runs also where that is missing.
    ///
    /// # Errors
    /// When the hook looks at no declaration, there is none, or the section is one that the reference cannot use.
    pub fn evaluate_hook(&self, hook: Hook, manifest: Option<&Value>) -> Result<Response, EvalError> {
        match (hook, manifest) {
            (Hook::ToolRegistration, Some(manifest)) => {
                let started = self.options.timing.then(Instant::now);
                let finding = self.hooks.scanner()?.inspect_manifest(manifest)?;
                let latency = started.map_or(Duration::ZERO, |s| s.elapsed());
                let outcome = DetectorOutcome::new(MANIFEST_SCANNER.into(), finding, false, latency);
                Ok(aggregate::aggregate(None, vec![outcome], None))
            }
            (Hook::ToolRegistration, None) => Err(EvalError::new(
                "tool_registration looks at a tool declaration under `manifest`, and this sample has none",
            )),
            (Hook::PolicyPublish, _) => Err(EvalError::new("policy_publish is a lifecycle hook that looks at no text")),
        }
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
        Engine::compile(&policy, EngineOptions::default()).evaluate_hook(hook, manifest.as_ref())
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
    fn without_a_declaration_there_is_nothing_to_scan() {
        assert!(evaluate("{}", Hook::ToolRegistration, None).is_err());
        assert!(evaluate("{}", Hook::PolicyPublish, Some("{}")).is_err());
    }
}
