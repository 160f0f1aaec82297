//! From a source and the caller's options to the flat policy that is evaluated.

use super::advice;
use super::bundle::{Bundle, BundleError, Format, SignatureRules, sha256};
use super::issue::Issue;
use super::resolve::{self, Level, Levels, ResolveError, levels_of, policy_version};
use super::scope::Scope;
use super::shape::{Shape, flatten_detectors, walk};
use super::source::{Document, PolicySource};
use super::validate::{Report, validate, validate_lenient};
use crate::value::{Map, Value, canonical_json};
use std::fmt::Write as _;
use std::str::FromStr;

/// How many blockers a message lists.
const LISTED: usize = 20;

/// How much a policy is checked before it is evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Validation {
    /// Violations of the schema are errors. Flat policies and bundles reach the engine as written.
    #[default]
    Strict,
    /// Values are converted and sections with a violation left out, as the runtime does for hierarchical files.
    Lenient,
    /// Nothing is checked or converted. A JSON object with `default` and no `tenants` is one flat policy then, as the
    /// runtime takes it.
    None,
}

impl FromStr for Validation {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "strict" => Ok(Validation::Strict),
            "lenient" => Ok(Validation::Lenient),
            "none" => Ok(Validation::None),
            other => Err(format!("found {other:?}, expected strict, lenient or none")),
        }
    }
}

/// What to take from a policy file and how to check it.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// A dotted key path into the file. In a hierarchical file `tenants.acme.apps.bot` merges the levels on its way;
    /// elsewhere the path is walked to an object that is taken as the policy file.
    pub scope: Option<String>,
    /// Tenant of the requests; excludes `scope`.
    pub tenant: Option<String>,
    /// App of the requests; excludes `scope`.
    pub app: Option<String>,
    /// Agent of the requests (`default` when any part is given); excludes `scope`.
    pub agent: Option<String>,
    /// Environment of the requests (`prod` when any part is given); excludes `scope`.
    pub env: Option<String>,
    /// How much is checked.
    pub validation: Validation,
}

impl LoadOptions {
    /// The request scope, if any part is given.
    fn request(&self) -> Option<Scope> {
        let parts = [&self.tenant, &self.app, &self.agent, &self.env];
        parts.iter().any(|p| p.is_some()).then(|| Scope {
            tenant: self.tenant.clone().unwrap_or_default(),
            app: self.app.clone().unwrap_or_default(),
            agent: self.agent.clone().unwrap_or_else(|| "default".to_owned()),
            env: self.env.clone().unwrap_or_else(|| "prod".to_owned()),
        })
    }
}

/// A policy ready for the engine.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The flat policy to evaluate.
    pub policy: Map,
    /// The version that the runtime would report: computed for hierarchical files, a bundle's identifier or hash, the
    /// policy's own `policy_version` text otherwise.
    pub policy_version: Option<String>,
    /// `sha256:` and the SHA-256 of the policy's canonical JSON, before a computed version is put in.
    pub policy_hash: String,
    /// What was selected: the dotted path as given, the key path of the deepest merged level, or a bundle's scope key.
    pub scope: Option<String>,
    /// A bundle's identifier.
    pub bundle_id: Option<String>,
    /// What is doubtful but does not stop the evaluation.
    pub warnings: Vec<Issue>,
    /// Path as given, or `inline`.
    pub origin: String,
}

/// Why a policy cannot be used. The message names the file, the place, what was found, and what to do.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// The file cannot be read.
    #[error("{origin}: the policy file cannot be read: {reason}")]
    Unreadable {
        /// Path as given.
        origin: String,
        /// What the system says.
        reason: String,
    },
    /// The text is neither JSON nor YAML.
    #[error("{origin}:{line}:{column}: not valid {language}: {message}")]
    Syntax {
        /// Path as given, or `inline`.
        origin: String,
        /// `JSON` or `YAML`.
        language: &'static str,
        /// 1-based line.
        line: usize,
        /// 1-based column in characters.
        column: usize,
        /// What was found and what was expected.
        message: String,
    },
    /// The structure around the policies is wrong, or a scope does not exist.
    #[error("{origin}: {error}")]
    Structure {
        /// Path as given, or `inline`.
        origin: String,
        /// Key path and what is wrong there.
        error: ResolveError,
    },
    /// The bundle is refused.
    #[error("{origin}: {error}")]
    Bundle {
        /// Path as given, or `inline`.
        origin: String,
        /// The check that failed.
        error: BundleError,
    },
    /// Strict validation found violations.
    #[error("{}", blocked(origin, blockers))]
    Blocked {
        /// Path as given, or `inline`.
        origin: String,
        /// All violations, in schema order.
        blockers: Vec<Issue>,
    },
}

impl PolicyError {
    pub(super) fn syntax(origin: &str, language: &'static str, line: usize, column: usize, message: String) -> Self {
        PolicyError::Syntax { origin: origin.to_owned(), language, line, column, message }
    }
}

fn blocked(origin: &str, blockers: &[Issue]) -> String {
    let mut out = format!("{origin}: the policy breaks the schema in {} place(s):", blockers.len());
    for issue in blockers.iter().take(LISTED) {
        let _ = write!(out, "\n  {issue}");
    }
    if blockers.len() > LISTED {
        let _ = write!(out, "\n  ... and {} more", blockers.len() - LISTED);
    }
    out.push_str("\nFix them, or use --validation lenient to leave the affected sections out");
    out
}

/// Loads a policy of any shape.
///
/// Bundles are checked for version and hash, not for signatures (see [`load_bundle`]).
///
/// # Errors
/// [`PolicyError`], for everything from an unreadable file to a schema violation.
pub fn load(source: &PolicySource, options: &LoadOptions) -> Result<Loaded, PolicyError> {
    load_document(&source.read()?, options)
}

/// Loads an already parsed policy; see [`load`].
///
/// # Errors
/// As [`load`], without the ones of reading.
pub fn load_document(document: &Document, options: &LoadOptions) -> Result<Loaded, PolicyError> {
    load_document_with(document, &SignatureRules::default(), options)
}

/// As [`load_document`], with rules that a bundle must satisfy.
pub(super) fn load_document_with(
    document: &Document,
    rules: &SignatureRules,
    options: &LoadOptions,
) -> Result<Loaded, PolicyError> {
    let loader = Loader { origin: &document.origin, options, rules, is_json: document.is_json, warnings: Vec::new() };
    loader.document(&document.value)
}

/// What to say to a file that was given as a bundle and is none.
pub(super) const NOT_A_BUNDLE: &str = "expected a bundle: an object with `version` and `policies`, or with `policies_json`; a plain policy is given without --bundle";

/// Loads a bundle, checking version, hash and, as `rules` say, signatures.
///
/// Without request parts the runtime's own look-up for a request of agent `default` is made; parts that are given are
/// looked up literally and the rest comes from the bundle's identity.
///
/// # Errors
/// [`PolicyError`]; a file that is no bundle is one.
pub fn load_bundle(
    source: &PolicySource,
    rules: &SignatureRules,
    options: &LoadOptions,
) -> Result<Loaded, PolicyError> {
    let document = source.read()?;
    let refuse = |message: &str| PolicyError::Structure {
        origin: document.origin.clone(),
        error: ResolveError::new("", message),
    };
    if !document.is_bundle() {
        return Err(refuse(NOT_A_BUNDLE));
    }
    if options.scope.is_some() {
        return Err(refuse("a bundle has no dotted scopes; select with tenant, app, agent and env"));
    }
    load_document_with(&document, rules, options)
}

struct Loader<'o> {
    origin: &'o str,
    options: &'o LoadOptions,
    rules: &'o SignatureRules,
    is_json: bool,
    warnings: Vec<Issue>,
}

/// The parts of [`Loaded`] that depend on the shape.
#[derive(Default)]
struct Provenance {
    policy_version: Option<String>,
    scope: Option<String>,
    bundle_id: Option<String>,
}

impl Loader<'_> {
    fn structure(&self, path: &str, message: impl Into<String>) -> PolicyError {
        self.at(ResolveError::new(path, message))
    }

    fn at(&self, error: ResolveError) -> PolicyError {
        PolicyError::Structure { origin: self.origin.to_owned(), error }
    }

    fn document(mut self, value: &Value) -> Result<Loaded, PolicyError> {
        let empty = Value::Map(Map::new());
        let value = if value.is_null() { &empty } else { value };
        let Value::Map(map) = value else {
            return Err(self.structure("", format!("found {}, expected an object of detector sections", value.kind())));
        };
        match (&self.options.scope, self.options.request()) {
            (Some(_), Some(_)) => {
                Err(self.structure("", "give either a dotted scope or tenant, app, agent and env, not both"))
            }
            (Some(path), None) => self.dotted(map, value, path.clone()),
            (None, request) => {
                let shape = self.shape(map, request.is_some());
                self.shaped(map, shape, None)
            }
        }
    }

    /// Without validation a JSON object with a lone `default` object is a flat policy with an unknown key, which is what
    /// the runtime and its evaluator make of it.
    fn shape(&mut self, map: &Map, selecting: bool) -> Shape {
        let shape = Shape::of(map);
        let literal = self.options.validation == Validation::None && self.is_json && !selecting;
        if !literal || shape != Shape::Hierarchical || map.contains_key("tenants") {
            return shape;
        }
        let message = "without validation a JSON policy with `default` is evaluated as it stands and `default` is ignored; use --scope default to evaluate what is in it";
        self.warnings.push(Issue::new("taken_as_flat", "default", message));
        Shape::Flat
    }

    fn shaped(mut self, map: &Map, shape: Shape, scope: Option<String>) -> Result<Loaded, PolicyError> {
        match shape {
            Shape::Bundle => self.bundle(map),
            Shape::Unversioned => {
                let message = "there is no `version`, so the runtime would not see a bundle here; its `policies` are used unchecked";
                self.warnings.push(Issue::new("bundle_without_version", "version", message));
                // Recognised by `policies` being an object.
                let policies = map.get("policies").and_then(Value::as_map).cloned().unwrap_or_default();
                self.flat(policies, Provenance { scope, ..Default::default() })
            }
            Shape::Hierarchical => {
                let request = self.options.request().unwrap_or_default();
                self.hierarchical(map, &request, scope)
            }
            Shape::DetectorList => {
                let list = map.get("detectors").and_then(Value::as_list).unwrap_or_default();
                let flat = flatten_detectors(list).map_err(|e| self.at(e))?;
                self.flat(flat, Provenance { scope, ..Default::default() })
            }
            Shape::Flat => self.flat(map.clone(), Provenance { scope, ..Default::default() }),
        }
    }

    fn dotted(mut self, map: &Map, value: &Value, path: String) -> Result<Loaded, PolicyError> {
        if Shape::of(map) == Shape::Hierarchical
            && let Some(scope) = hierarchical_path(&path)
        {
            // Unlike a request for an unknown tenant, a path that was typed must exist.
            walk(value, &path).map_err(|e| self.at(e))?;
            return self.hierarchical(map, &scope, Some(path));
        }
        let node = walk(value, &path).map_err(|e| self.at(e))?;
        let Value::Map(node) = node else {
            return Err(
                self.structure(&path, format!("found {}, expected an object of detector sections", node.kind()))
            );
        };
        let shape = self.shape(node, false);
        self.shaped(node, shape, Some(path))
    }

    fn hierarchical(mut self, tree: &Map, request: &Scope, scope: Option<String>) -> Result<Loaded, PolicyError> {
        let document = Value::Map(tree.clone());
        let levels = levels_of(tree, request).map_err(|e| self.at(e))?;
        let deepest = levels.last().filter(|l| l.path != "default").map(|l| l.path.clone());
        self.warn_about_unmatched(request, &levels);
        let mode = match self.options.validation {
            Validation::None => Levels::Raw,
            Validation::Lenient => Levels::Converted,
            Validation::Strict => {
                self.check_levels(&levels)?;
                Levels::Converted
            }
        };
        let resolved = resolve::resolve(&document, request, mode).map_err(|e| self.at(e))?;
        self.warnings.extend(resolved.dropped);
        let hash = hash_of(&resolved.policy);
        let mut policy = resolved.policy;
        policy.insert("policy_version", resolved.policy_version.as_str().into());
        let provenance = Provenance {
            policy_version: Some(resolved.policy_version),
            scope: scope.or(deepest),
            ..Default::default()
        };
        Ok(self.loaded(policy, hash, provenance))
    }

    /// A name that no level carries is skipped silently by the runtime; here it is most likely a typing error.
    fn warn_about_unmatched(&mut self, request: &Scope, levels: &[Level<'_>]) {
        let matched = levels.iter().filter(|l| l.path != "default").count();
        for (i, (word, name)) in [("tenant", &request.tenant), ("app", &request.app)].into_iter().enumerate() {
            if !name.is_empty() && matched <= i {
                let message = format!("the file has no {word} `{name}` here; the wider levels apply");
                self.warnings.push(Issue::new("unmatched_scope", "", message));
                break;
            }
        }
    }

    fn check_levels(&mut self, levels: &[Level<'_>]) -> Result<(), PolicyError> {
        let mut blockers = Vec::new();
        for level in levels {
            let own = Value::Map(super::review::without_scope_words(level.raw, level.path == "default"));
            let Report { blockers: b, warnings: w } = validate(&own);
            blockers.extend(b.into_iter().map(|i| i.under(&level.path)));
            self.warnings.extend(w.into_iter().map(|i| i.under(&level.path)));
            if !level.converted {
                self.warnings.extend(advice::raw_values(&own).into_iter().map(|i| i.under(&level.path)));
            }
        }
        self.unless_blocked(blockers)
    }

    fn unless_blocked(&self, blockers: Vec<Issue>) -> Result<(), PolicyError> {
        if blockers.is_empty() {
            return Ok(());
        }
        Err(PolicyError::Blocked { origin: self.origin.to_owned(), blockers })
    }

    fn bundle(mut self, map: &Map) -> Result<Loaded, PolicyError> {
        let refuse = |error| PolicyError::Bundle { origin: self.origin.to_owned(), error };
        let bundle = Bundle::parse(map).map_err(refuse)?;
        let notes = bundle.validate(self.rules).map_err(refuse)?;
        if bundle.is_empty() {
            return Err(self.structure("policies", "the bundle holds no policy at all; the runtime refuses it"));
        }
        let runtime = bundle.runtime_scope(&Scope { agent: "default".to_owned(), ..Default::default() });
        let asked = self.bundle_scope(&runtime);
        let (policy, key) = bundle.look_up(&asked).map_err(refuse)?;
        let policy = policy.clone();
        self.warnings.extend(notes.into_iter().map(|note| Issue::new("bundle", "", note)));
        if bundle.format() == Format::Runtime && asked != runtime && !bundle.scope_policies().is_empty() {
            let message = format!(
                "the scope {} was looked up as asked; the runtime would look up {} for every request, because the bundle's identity wins",
                asked.key(),
                runtime.key()
            );
            self.warnings.push(Issue::new("scope_override", "", message));
        }
        let non_empty = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let provenance = Provenance {
            policy_version: non_empty(bundle.policy_version()),
            scope: key,
            bundle_id: non_empty(bundle.bundle_id()),
        };
        self.flat(policy, provenance)
    }

    /// Parts that the caller gave, the bundle's identity for the rest.
    fn bundle_scope(&self, runtime: &Scope) -> Scope {
        let or = |given: &Option<String>, own: &str| given.clone().unwrap_or_else(|| own.to_owned());
        Scope {
            tenant: or(&self.options.tenant, &runtime.tenant),
            app: or(&self.options.app, &runtime.app),
            agent: or(&self.options.agent, &runtime.agent),
            env: or(&self.options.env, &runtime.env),
        }
    }

    fn flat(mut self, policy: Map, mut provenance: Provenance) -> Result<Loaded, PolicyError> {
        let mut policy = match self.options.validation {
            Validation::None => policy,
            Validation::Strict => self.strict(policy)?,
            Validation::Lenient => {
                let lenient = validate_lenient(&policy).map_err(|e| self.structure(&e.loc, e.message))?;
                self.warnings.extend(lenient.dropped);
                lenient.policy
            }
        };
        if self.options.validation != Validation::None {
            // What Python cannot hash, the engine's detectors cannot use either (dates, mixed keys).
            policy_version(&policy).map_err(|e| self.at(e))?;
        }
        let hash = hash_of(&policy);
        match &provenance.policy_version {
            Some(version) => drop(policy.insert("policy_version", version.as_str().into())),
            None => provenance.policy_version = policy.get("policy_version").and_then(Value::as_str).map(str::to_owned),
        }
        Ok(self.loaded(policy, hash, provenance))
    }

    fn strict(&mut self, policy: Map) -> Result<Map, PolicyError> {
        let value = Value::Map(policy);
        let Report { blockers, warnings } = validate(&value);
        self.unless_blocked(blockers)?;
        self.warnings.extend(warnings);
        self.warnings.extend(advice::raw_values(&value));
        let Value::Map(policy) = value else { return Ok(Map::new()) };
        if policy.is_empty() {
            self.warnings.push(Issue::new(
                "empty_policy",
                "",
                "the policy is empty: nothing is checked, everything is allowed",
            ));
        }
        Ok(policy)
    }

    fn loaded(&mut self, policy: Map, policy_hash: String, provenance: Provenance) -> Loaded {
        Loaded {
            policy,
            policy_version: provenance.policy_version,
            policy_hash,
            scope: provenance.scope,
            bundle_id: provenance.bundle_id,
            warnings: std::mem::take(&mut self.warnings),
            origin: self.origin.to_owned(),
        }
    }
}

fn hash_of(policy: &Map) -> String {
    sha256(canonical_json(&Value::Map(policy.clone())).as_bytes())
}

/// `default` or `tenants.T[.apps.A[.agents.G[.envs.E]]]` as a scope.
fn hierarchical_path(path: &str) -> Option<Scope> {
    let steps: Vec<&str> = path.split('.').collect();
    if steps == ["default"] {
        return Some(Scope::default());
    }
    let mut scope = Scope::default();
    let parts = [&mut scope.tenant, &mut scope.app, &mut scope.agent, &mut scope.env];
    if steps.is_empty() || !steps.len().is_multiple_of(2) || steps.len() > 8 {
        return None;
    }
    for ((pair, word), part) in steps.chunks(2).zip(["tenants", "apps", "agents", "envs"]).zip(parts) {
        if pair[0] != word || pair[1].is_empty() {
            return None;
        }
        *part = pair[1].to_owned();
    }
    Some(scope)
}
