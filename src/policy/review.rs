//! Everything there is to say about a policy file: all policies in it, whatever its shape.

use super::advice::{raw_values, similar_keys};
use super::bundle::{Bundle, BundleError, SignatureRules};
use super::issue::Issue;
use super::lint::lint;
use super::load::{LoadOptions, Loaded, NOT_A_BUNDLE, PolicyError, load_document_with};
use super::resolve::{SCOPE_WORDS, check_hashable, merge};
use super::shape::{Shape, flatten_detectors};
use super::source::Document;
use super::validate::validate;
use crate::value::{Map, Value};

/// The words that hold the next level, by depth.
const LEVEL_WORDS: [&str; 4] = ["tenants", "apps", "agents", "envs"];

/// Findings about one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Review {
    /// What makes the file unusable under strict validation.
    pub blockers: Vec<Issue>,
    /// Unknown keys and doubtful structure.
    pub warnings: Vec<Issue>,
    /// Advice: the reference's lint, near misses of known keys, values that do not do what they say.
    pub lint: Vec<Issue>,
}

impl Review {
    /// Whether nothing blocks.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.blockers.is_empty()
    }

    /// A review that consists of one error.
    #[must_use]
    pub fn of_error(error: &PolicyError) -> Self {
        let mut review = Review::default();
        match error {
            PolicyError::Blocked { blockers, .. } => review.blockers.clone_from(blockers),
            PolicyError::Unreadable { reason, .. } => review.block("unreadable", "", reason.clone()),
            PolicyError::Syntax { language, line, column, message, .. } => {
                review.block("syntax", "", format!("line {line}, column {column}: not valid {language}: {message}"));
            }
            PolicyError::Structure { error, .. } => review.block("structure", &error.path, error.message.clone()),
            PolicyError::Bundle { error, .. } => review.block(bundle_code(error), "", error.to_string()),
        }
        review
    }

    /// A review of a file that was given as a bundle and is none.
    #[must_use]
    pub fn of_non_bundle() -> Self {
        let mut review = Review::default();
        review.block("bundle_field", "", NOT_A_BUNDLE);
        review
    }

    /// Reviews only what the options select; a bundle must also satisfy `rules`.
    #[must_use]
    pub fn of_selection(document: &Document, rules: &SignatureRules, options: &LoadOptions) -> Self {
        match load_document_with(document, rules, options) {
            Err(error) => Self::of_error(&error),
            Ok(Loaded { policy, warnings, .. }) => {
                let policy = Value::Map(policy);
                let mut lint = lint(&policy);
                lint.extend(similar_keys(&policy));
                Review { blockers: Vec::new(), warnings, lint }
            }
        }
    }

    /// Reviews every policy in the file: all levels of a hierarchical one, all scopes of a bundle, which must also
    /// satisfy `rules`.
    #[must_use]
    pub fn of_document(document: &Document, rules: &SignatureRules) -> Self {
        let mut review = Review::default();
        match &document.value {
            Value::Null => review.policy("", &Value::Map(Map::new()), true),
            Value::Map(map) => review.shaped(map, rules),
            other => review.policy("", other, true),
        }
        review
    }

    fn block(&mut self, code: &'static str, path: &str, message: impl Into<String>) {
        self.blockers.push(Issue::new(code, path, message));
    }

    fn shaped(&mut self, map: &Map, rules: &SignatureRules) {
        match Shape::of(map) {
            Shape::Bundle => self.bundle(map, rules),
            Shape::Unversioned => {
                let message = "there is no `version`, so the runtime would not see a bundle here";
                self.warnings.push(Issue::new("bundle_without_version", "version", message));
                self.policy("policies", map.get("policies").unwrap_or(&Value::Null), true);
            }
            Shape::Hierarchical => self.hierarchical(map),
            Shape::DetectorList => {
                match flatten_detectors(map.get("detectors").and_then(Value::as_list).unwrap_or_default()) {
                    Ok(flat) => self.policy("", &Value::Map(flat), true),
                    Err(e) => self.block("structure", &e.path, e.message),
                }
            }
            Shape::Flat => self.policy("", &Value::Map(map.clone()), true),
        }
    }

    /// One flat policy found under `prefix`; `raw` when it reaches the engine unconverted.
    fn policy(&mut self, prefix: &str, policy: &Value, raw: bool) {
        let under = |issues: Vec<Issue>| issues.into_iter().map(|i| i.under(prefix)).collect::<Vec<_>>();
        let report = validate(policy);
        self.blockers.extend(under(report.blockers));
        self.warnings.extend(under(report.warnings));
        if let Value::Map(map) = policy {
            if map.is_empty() && prefix.is_empty() {
                let message = "the policy is empty: nothing is checked, everything is allowed";
                self.warnings.push(Issue::new("empty_policy", "", message));
            }
            if let Err(e) = check_hashable(map, prefix) {
                self.block("structure", &e.path, e.message);
            }
        }
        if raw {
            self.lint.extend(under(raw_values(policy)));
        }
        self.lint.extend(under(similar_keys(policy)));
        self.lint.extend(under(lint(policy)));
    }

    fn bundle(&mut self, map: &Map, rules: &SignatureRules) {
        let bundle = match Bundle::parse(map) {
            Ok(bundle) => bundle,
            Err(e) => return self.block(bundle_code(&e), "", e.to_string()),
        };
        match bundle.validate(rules) {
            Ok(notes) => self.warnings.extend(notes.into_iter().map(|note| Issue::new("bundle", "", note))),
            Err(e) => self.block(bundle_code(&e), "", e.to_string()),
        }
        if bundle.is_empty() {
            self.block("empty_policy", "policies", "the bundle holds no policy at all; the runtime refuses it");
        }
        let name = if map.contains_key("policies_json") { "policies_json" } else { "policies" };
        self.policy(name, &Value::Map(bundle.policies().clone()), true);
        for (key, policy) in bundle.scope_policies().iter() {
            self.policy(&format!("scope_policies.{}", key.as_text()), policy, true);
        }
    }

    fn hierarchical(&mut self, tree: &Map) {
        let mut base = Map::new();
        match tree.get("default") {
            None => {}
            Some(Value::Map(default)) => {
                self.policy("default", &Value::Map(default.clone()), false);
                base.clone_from(default);
            }
            Some(other) => self.block("structure", "default", format!("found {}, expected an object", other.kind())),
        }
        for (key, _) in tree.iter().filter(|(k, _)| !matches!(k.as_text(), "default" | "tenants")) {
            let message = "nothing reads a key beside `default` and `tenants`; move it into `default`";
            self.warnings.push(Issue::new("unknown_key", key.as_text(), message));
        }
        self.group("", tree, 0, &base);
    }

    /// The entries of the next level under `holder`; `base` is what they are merged over.
    fn group(&mut self, path: &str, holder: &Map, depth: usize, base: &Map) {
        let Some((word, group)) = LEVEL_WORDS.get(depth).and_then(|word| Some((*word, holder.get(word)?))) else {
            return;
        };
        let path = if path.is_empty() { word.to_owned() } else { format!("{path}.{word}") };
        let Value::Map(group) = group else {
            return self.block("structure", &path, format!("found {}, expected an object by name", group.kind()));
        };
        for (name, entry) in group.iter() {
            let path = format!("{path}.{}", name.as_text());
            match entry {
                Value::Map(level) => self.level(&path, level, depth, base),
                other => self.block("structure", &path, format!("found {}, expected an object", other.kind())),
            }
        }
    }

    fn level(&mut self, path: &str, level: &Map, depth: usize, base: &Map) {
        let own = Value::Map(without_scope_words(level, false));
        let report = validate(&own);
        self.blockers.extend(report.blockers.into_iter().map(|i| i.under(path)));
        self.warnings.extend(report.warnings.into_iter().map(|i| i.under(path)));
        if depth > 0 {
            self.lint.extend(raw_values(&own).into_iter().map(|i| i.under(path)));
        }
        self.lint.extend(similar_keys(&own).into_iter().map(|i| i.under(path)));
        // Strategies are judged merged, since a level may bring the backend that a wider one lacks; what a wider level
        // was already told is not repeated.
        let known = lint(&Value::Map(base.clone()));
        let mut merged = base.clone();
        merge(&mut merged, level);
        let new = lint(&Value::Map(merged.clone())).into_iter().filter(|i| !known.contains(i));
        self.lint.extend(new.map(|i| i.under(path)));
        self.group(path, level, depth + 1, &merged);
    }
}

/// A level without the keys that hold deeper levels; `default` keeps them, there they are keys like any other.
pub(super) fn without_scope_words(level: &Map, keep: bool) -> Map {
    let kept = level.iter().filter(|(key, _)| keep || key.is_odd() || !SCOPE_WORDS.contains(&key.as_text()));
    kept.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn bundle_code(error: &BundleError) -> &'static str {
    match error {
        BundleError::Field { .. } => "bundle_field",
        BundleError::Version { .. } => "bundle_version",
        BundleError::Hash { .. } => "bundle_hash",
        BundleError::Unsigned { .. } | BundleError::NoKey | BundleError::Signature { .. } => "bundle_signature",
    }
}
