//! The detector under measurement: where its section stands in the policy file, and the policy it is evaluated under.

use crate::engine::pipeline::{ALIASES, HOOKS, PIPELINE};
use crate::metrics::{DEFAULT_MODEL, MODEL_MODES, ModelIdentity, is_model_backed, model_versions};
use crate::policy::{ResolveError, benchmark_base};
use crate::value::{Key, Map, Value};

/// One step into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The value under a key.
    Key(String),
    /// The item of a list.
    Item(usize),
}

/// A detector of a policy file.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its policy key.
    pub detector: String,
    /// Its section, `enabled` as in the file.
    pub section: Map,
    /// Whether its strategy names a mode that runs a model. Only such a detector can be stamped.
    pub model_backed: bool,
    /// The policy it is evaluated under.
    pub policy: Map,
    /// Where in the file its section stands.
    pub path: Vec<Step>,
}

/// Why a detector cannot be measured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// The file or scope holds no policy.
    #[error("{0}")]
    Scope(#[from] ResolveError),
    /// The policy has no such section.
    #[error("the policy has no section `{detector}`{hint}")]
    Missing {
        /// The key that was asked for.
        detector: String,
        /// What is there instead.
        hint: String,
    },
    /// Something else stands where the section should.
    #[error("`{detector}` is {found}, expected an object")]
    NoSection {
        /// The key.
        detector: String,
        /// What is there.
        found: &'static str,
    },
    /// A key without a strategy that no detector has.
    #[error("`{detector}` {reason}")]
    Inert {
        /// The key.
        detector: String,
        /// Why it does nothing.
        reason: &'static str,
    },
}

impl Subject {
    /// Finds a detector in a policy document, under a dotted scope where one is given.
    ///
    /// The policy that it is evaluated under holds its section, enabled; the runtime policy, which may forbid calls; and
    /// the sections of pii and secrets, switched off.
    ///
    /// # Errors
    /// [`SubjectError`] where the scope or the section does not exist, or nothing would run.
    pub fn find(document: &Value, scope: Option<&str>, detector: &str) -> Result<Self, SubjectError> {
        let base = benchmark_base(document, scope)?;
        let section = match base.get(detector) {
            Some(Value::Map(section)) => section.clone(),
            Some(other) => {
                return Err(SubjectError::NoSection { detector: detector.to_owned(), found: other.kind() });
            }
            None => return Err(missing(detector, &base)),
        };
        let model_backed = is_model_backed(&Value::Map(section.clone()));
        if !model_backed && let Some(reason) = inert(detector) {
            return Err(SubjectError::Inert { detector: detector.to_owned(), reason });
        }
        let mut policy = Map::new();
        for key in ["pii", "secrets"] {
            if let Some(Value::Map(off)) = base.get(key) {
                policy.insert(key, switched(off, false));
            }
        }
        policy.insert(detector, switched(&section, true));
        if let Some(runtime @ Value::Map(_)) = base.get("runtime_policy") {
            policy.insert("runtime_policy", runtime.clone());
        }
        let path = path_of(document, scope, detector);
        Ok(Subject { detector: detector.to_owned(), section, model_backed, policy, path })
    }

    /// Which model the section pins.
    #[must_use]
    pub fn model(&self) -> ModelIdentity {
        let section = Value::Map(self.section.clone());
        let versions = model_versions(&section);
        let order = section.get("strategy").and_then(|s| s.get("order")).and_then(Value::as_list).unwrap_or_default();
        let modes = || order.iter().filter_map(Value::as_str).filter(|mode| MODEL_MODES.contains(mode));
        let setting = |key: &str, counts: fn(&Value) -> bool| {
            let value = modes()
                .filter_map(|mode| section.get("backends").and_then(|b| b.get(mode)).and_then(|b| b.get(key)))
                .find(|value| counts(value))?;
            serde_json::from_str(&crate::value::python_json(value, true)).ok()
        };
        ModelIdentity {
            model_version: if versions.is_empty() { DEFAULT_MODEL.to_owned() } else { versions.join(", ") },
            task: setting("task", Value::truthy),
            threshold: setting("threshold", |value| !value.is_null()),
        }
    }
}

fn switched(section: &Map, enabled: bool) -> Value {
    let mut section = section.clone();
    section.insert("enabled", Value::Bool(enabled));
    Value::Map(section)
}

fn missing(detector: &str, base: &Map) -> SubjectError {
    const SHOWN: usize = 20;
    let sections = base.iter().filter(|(_, v)| v.as_map().is_some());
    let mut keys: Vec<&str> = sections.map(|(key, _)| key.as_text()).take(SHOWN + 1).collect();
    if keys.len() > SHOWN {
        keys[SHOWN] = "...";
    }
    let hint = if base.get("policies").is_some_and(|p| p.as_map().is_some()) {
        "; this is a bundle: --scope policies selects its policy".to_owned()
    } else if keys.is_empty() {
        "; it has no section at all".to_owned()
    } else {
        format!("; its sections are {}", keys.join(", "))
    };
    SubjectError::Missing { detector: detector.to_owned(), hint }
}

/// Why a key without a strategy does nothing, if so.
fn inert(detector: &str) -> Option<&'static str> {
    let known = PIPELINE.iter().any(|e| e.key == detector) || ALIASES.iter().any(|(alias, _)| *alias == detector);
    match known {
        true => None,
        false if HOOKS.contains(&detector) => {
            Some("looks at tool declarations when they are registered, not at texts; measure it with `znyx-bench run`")
        }
        false => Some("is no detector, and without a strategy that names a model mode its section does nothing"),
    }
}

/// Where the section stands. Of several items of a `detectors` list the last is the one that is evaluated.
fn path_of(document: &Value, scope: Option<&str>, detector: &str) -> Vec<Step> {
    let mut path: Vec<Step> = scope.into_iter().flat_map(|s| s.split('.')).map(|key| Step::Key(key.into())).collect();
    let node = path.iter().try_fold(document, |node, step| step.of(node));
    let item = |node: &Value| {
        let items = node.get("detectors").and_then(Value::as_list)?;
        items.iter().rposition(|item| item.get("name").and_then(Value::as_str) == Some(detector))
    };
    let key = |key: &str| Step::Key(key.to_owned());
    let is_hierarchical = node.and_then(|node| node.get("default")).is_some_and(|d| d.as_map().is_some());
    match node.and_then(item) {
        _ if is_hierarchical => path.extend([key("default"), key(detector)]),
        Some(index) => path.extend([key("detectors"), Step::Item(index), key("config")]),
        None => path.push(key(detector)),
    }
    path
}

impl Step {
    /// What the step leads to.
    #[must_use]
    pub fn of<'v>(&self, node: &'v Value) -> Option<&'v Value> {
        match self {
            Step::Key(key) => node.get(key),
            Step::Item(index) => node.as_list().and_then(|items| items.get(*index)),
        }
    }

    /// The same, to be changed.
    pub fn of_mut<'v>(&self, node: &'v mut Value) -> Option<&'v mut Value> {
        match (self, node) {
            (Step::Key(key), Value::Map(map)) => map.get_key_mut(&Key::from(key.as_str())),
            (Step::Item(index), Value::List(items)) => items.get_mut(*index),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{canonical_json, parse_yaml};

    fn find(yaml: &str, scope: Option<&str>, detector: &str) -> Result<Subject, String> {
        Subject::find(&parse_yaml(yaml).unwrap(), scope, detector).map_err(|e| e.to_string())
    }

    fn keys(path: &[Step]) -> String {
        let text = |step: &Step| match step {
            Step::Key(key) => key.clone(),
            Step::Item(index) => index.to_string(),
        };
        path.iter().map(text).collect::<Vec<_>>().join("/")
    }

    const BACKED: &str = "{strategy: {order: [local_deterministic, local_ml, local_llm]}, backends: \
                          {local_ml: {model_id: m, revision: r, task: '', threshold: 0}, local_llm: {task: t}}}";

    #[test]
    fn only_the_detector_runs_and_what_guards_its_calls_stays() {
        let yaml = "toxicity: {enabled: false, action: BLOCK}\njailbreak: {enabled: true}\npii: {enabled: true}\n\
                    secrets: 5\non_fail: refrain\nruntime_policy: {no_external_calls: true}";
        let subject = find(yaml, None, "toxicity").unwrap();
        assert!(!subject.model_backed);
        assert_eq!(
            canonical_json(&Value::Map(subject.policy)),
            r#"{"pii":{"enabled":false},"runtime_policy":{"no_external_calls":true},"toxicity":{"action":"BLOCK","enabled":true}}"#
        );
        let subject = find(yaml, None, "pii").unwrap();
        assert_eq!(subject.policy.get("pii").unwrap().get("enabled"), Some(&Value::Bool(true)));
    }

    #[test]
    fn a_section_is_found_in_every_shape_of_file() {
        let path = |yaml: &str, scope| keys(&find(yaml, scope, "bias").unwrap().path);
        assert_eq!(path("bias: {}", None), "bias");
        assert_eq!(path("default: {bias: {}}\ntenants: {}", None), "default/bias");
        assert_eq!(path("tenants: {a: {bias: {}}}", Some("tenants.a")), "tenants/a/bias");
        let list = "detectors:\n- name: bias\n- name: pii\n- {name: bias, config: {action: BLOCK}}";
        assert_eq!(path(list, None), "detectors/2/config");
        assert_eq!(find(list, None, "bias").unwrap().section.get("action"), Some(&"BLOCK".into()));
    }

    #[test]
    fn the_model_is_named_by_what_the_modes_of_the_order_pin() {
        let subject = find(&format!("anything: {BACKED}"), None, "anything").unwrap();
        assert!(subject.model_backed);
        let model = subject.model();
        assert_eq!(model.model_version, "m@r, default");
        assert_eq!((model.task, model.threshold), (Some("t".into()), Some(0.into())));
        assert_eq!(find("pii: {}", None, "pii").unwrap().model().model_version, "default");
    }

    #[test]
    fn what_cannot_be_measured_is_explained() {
        let error = |yaml: &str, detector| find(yaml, None, detector).unwrap_err();
        assert_eq!(
            error("pii: {}\nbias: {}\nx: 5", "toxicity"),
            "the policy has no section `toxicity`; its sections are pii, bias"
        );
        assert!(error("version: 1\npolicies: {pii: {}}", "pii").contains("--scope policies"));
        assert!(error("", "pii").contains("no section at all"));
        assert_eq!(error("pii: [1]", "pii"), "`pii` is an array, expected an object");
        assert!(error("other: {enabled: true}", "other").contains("is no detector"));
        assert!(error("mcp_manifest_scanner: {}", "mcp_manifest_scanner").contains("registered"));
        assert_eq!(find("pii: {}", Some("a.b"), "pii").unwrap_err(), "there is no key `a` here; the keys are pii");
    }
}
