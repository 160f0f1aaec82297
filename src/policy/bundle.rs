//! Published bundles: one or many policies with a hash, an identity and signatures.

use super::scope::Scope;
use super::signature::{self, BundleKey};
use crate::value::{Map, Value, canonical_json};
use sha2::{Digest as _, Sha256};

/// What a v2 signature's message starts with, before one NUL byte.
const V2_DOMAIN: &str = "znyx-policy-bundle-sig-v2";

/// Which of the three JSON shapes a bundle came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// What the runtime fetches: `version`, `policies`, identity, hash, signatures.
    Runtime,
    /// What the management API lists: `id`, a publication number as `version`, `policies_json`.
    Api,
    /// No bundle: one plain policy, which counts as a bundle that is intact and unsigned.
    Plain,
}

/// Why a bundle is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BundleError {
    /// A field of the wrong type.
    #[error("`{field}` is {found}, expected {expected}")]
    Field {
        /// The field's key path.
        field: String,
        /// What it is.
        found: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// A format version this reader does not know.
    #[error("`version` is {found}, expected 1; publish the bundle in format 1")]
    Version {
        /// The version as JSON.
        found: String,
    },
    /// The content is not what was published.
    #[error("`policy_hash` is {stored}, but the policies hash to {computed}: the content changed after publishing")]
    Hash {
        /// The hash written in the bundle.
        stored: String,
        /// The hash of its content.
        computed: String,
    },
    /// A signature is required and absent.
    #[error("a signature is required and the bundle has no `{field}`; publish it signed, or do not require one")]
    Unsigned {
        /// `signature` or `signature_v2`.
        field: &'static str,
    },
    /// A signature is required and there is no key to check it with.
    #[error("a signature is required but no public key was given; add --public-key FILE")]
    NoKey,
    /// A signature that the key did not make.
    #[error("`{field}` is not the signature of this bundle under the given public key{reason}")]
    Signature {
        /// `signature` or `signature_v2`.
        field: &'static str,
        /// A hint, or nothing.
        reason: &'static str,
    },
}

/// What a bundle must prove.
#[derive(Clone, Debug, Default)]
pub struct SignatureRules {
    /// The publisher's public key as PEM.
    pub public_key: Option<String>,
    /// Whether an unsigned or wrongly signed bundle is refused.
    pub require_signature: bool,
    /// Whether only a v2 signature counts (implies `require_signature`).
    pub require_signature_v2: bool,
}

/// A policy bundle. Its fields are kept as written, since hash and signatures cover their exact form.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    format: Format,
    version: Value,
    bundle_id: Value,
    org_id: Value,
    project_id: Value,
    environment: Value,
    published_at: Value,
    scope: Value,
    policies: Map,
    scope_policies: Map,
    policy_hash: String,
    signature: Option<String>,
    signature_v2: Option<String>,
}

/// The publisher's description of a bundle that is about to be made.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// Identifier of the publication.
    pub bundle_id: String,
    /// Organisation, the tenant of its requests.
    pub org_id: String,
    /// Project, the app of its requests.
    pub project_id: String,
    /// Environment, usually `prod`.
    pub environment: String,
    /// ISO 8601 time of publication.
    pub published_at: String,
}

impl Bundle {
    /// Whether the object has the look of a bundle (of either shape).
    #[must_use]
    pub fn looks_like(object: &Map) -> bool {
        is_runtime(object) || is_api(object)
    }

    /// Reads a bundle; an object of no bundle shape becomes a [`Format::Plain`] one.
    ///
    /// # Errors
    /// [`BundleError::Field`] when a field that must be an object or text is neither.
    pub fn parse(object: &Map) -> Result<Self, BundleError> {
        if is_runtime(object) {
            Self::parse_runtime(object)
        } else if is_api(object) {
            Self::parse_api(object)
        } else {
            Ok(Self::plain(object.clone()))
        }
    }

    /// A plain policy as a bundle: intact and unsigned.
    #[must_use]
    pub fn plain(policy: Map) -> Self {
        let scope = ["tenant_id", "app_id", "agent_id", "env"].map(|k| (k.into(), "".into()));
        let mut bundle = Self::create(policy, Map::new(), &Identity::default());
        bundle.environment = "prod".into();
        bundle.scope = Value::Map(scope.into_iter().collect());
        bundle.format = Format::Plain;
        bundle
    }

    /// A new unsigned bundle of format 1 with its hash.
    #[must_use]
    pub fn create(policies: Map, scope_policies: Map, identity: &Identity) -> Self {
        let mut bundle = Bundle {
            format: Format::Runtime,
            version: Value::Int(1),
            bundle_id: identity.bundle_id.as_str().into(),
            org_id: identity.org_id.as_str().into(),
            project_id: identity.project_id.as_str().into(),
            environment: identity.environment.as_str().into(),
            published_at: identity.published_at.as_str().into(),
            scope: Value::Map(Map::new()),
            policies,
            scope_policies,
            policy_hash: String::new(),
            signature: None,
            signature_v2: None,
        };
        bundle.policy_hash = bundle.computed_hash();
        bundle
    }

    fn parse_runtime(object: &Map) -> Result<Self, BundleError> {
        let or = |key: &str, default: Value| object.get(key).cloned().unwrap_or(default);
        let scope = match object.get("scope") {
            None | Some(Value::Null) => Value::Map(Map::new()),
            Some(scope) => scope.clone(),
        };
        Ok(Bundle {
            format: Format::Runtime,
            version: or("version", Value::Int(1)),
            bundle_id: or("bundle_id", "".into()),
            org_id: or("org_id", "".into()),
            project_id: or("project_id", "".into()),
            environment: or("environment", "prod".into()),
            published_at: or("published_at", "".into()),
            scope,
            policies: object_field(object, "policies")?,
            scope_policies: object_field(object, "scope_policies")?,
            policy_hash: text_field(object, "policy_hash")?.unwrap_or_default(),
            signature: text_field(object, "signature")?,
            signature_v2: text_field(object, "signature_v2")?,
        })
    }

    fn parse_api(object: &Map) -> Result<Self, BundleError> {
        let mut bundle = Self::create(object_field(object, "policies_json")?, Map::new(), &Identity::default());
        bundle.format = Format::Api;
        bundle.bundle_id = match object.get("id") {
            Some(Value::Int(id)) => id.to_string().as_str().into(),
            Some(id @ Value::Str(_)) => id.clone(),
            _ => "".into(),
        };
        bundle.published_at = object.get("published_at").cloned().unwrap_or_else(|| "".into());
        bundle.policy_hash = text_field(object, "policy_hash")?.unwrap_or_default();
        Ok(bundle)
    }

    /// Which shape it was read from.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Identifier of the publication; empty when it has none.
    #[must_use]
    pub fn bundle_id(&self) -> &str {
        text(&self.bundle_id)
    }

    /// The top-level policy: the only one, or the last resort of the look-up.
    #[must_use]
    pub fn policies(&self) -> &Map {
        &self.policies
    }

    /// Policies by scope key; empty in single-scope bundles.
    #[must_use]
    pub fn scope_policies(&self) -> &Map {
        &self.scope_policies
    }

    /// The hash as written in the bundle.
    #[must_use]
    pub fn stored_hash(&self) -> &str {
        &self.policy_hash
    }

    /// The text that the hash covers: canonical JSON of the policies.
    #[must_use]
    pub fn hash_payload(&self) -> String {
        let parts = [("policies", &self.policies), ("scope_policies", &self.scope_policies)];
        canonical_json(&Value::Map(parts.map(|(key, map)| (key.into(), Value::Map(map.clone()))).into_iter().collect()))
    }

    /// `sha256:` and the SHA-256 of [`Self::hash_payload`] in hexadecimal.
    #[must_use]
    pub fn computed_hash(&self) -> String {
        sha256(self.hash_payload().as_bytes())
    }

    /// The canonical JSON that a v2 signature covers, without its domain prefix.
    #[must_use]
    pub fn v2_payload(&self) -> String {
        let published_at = match &self.published_at {
            Value::Null => "".into(),
            other => other.clone(),
        };
        let envelope = [
            ("bundle_format_version", self.version.clone()),
            ("bundle_id", self.bundle_id.clone()),
            ("org_id", self.org_id.clone()),
            ("project_id", self.project_id.clone()),
            ("environment", self.environment.clone()),
            ("published_at", published_at),
            ("scope", self.scope.clone()),
            ("policies", Value::Map(self.policies.clone())),
            ("scope_policies", Value::Map(self.scope_policies.clone())),
        ];
        canonical_json(&Value::Map(envelope.map(|(key, value)| (key.into(), value)).into_iter().collect()))
    }

    fn v2_message(&self) -> Vec<u8> {
        [V2_DOMAIN.as_bytes(), b"\0", self.v2_payload().as_bytes()].concat()
    }

    /// Whether `signature` signs the stored hash under this public key.
    #[must_use]
    pub fn verify_v1(&self, public_key: &str) -> bool {
        self.signature.as_deref().is_some_and(|s| signature::verify(public_key, self.policy_hash.as_bytes(), s))
    }

    /// Whether `signature_v2` signs identity, scope and policies under this public key.
    #[must_use]
    pub fn verify_v2(&self, public_key: &str) -> bool {
        self.signature_v2.as_deref().is_some_and(|s| signature::verify(public_key, &self.v2_message(), s))
    }

    /// Checks version, hash and, if required, signatures, in the reference's order. Returns warnings.
    ///
    /// An empty stored hash skips the hash check. When nothing is required signatures are not looked at. A bundle in the
    /// API's shape has no format version, and since that shape may leave out scoped policies its hash is only warned about.
    ///
    /// # Errors
    /// [`BundleError`] for the first check that fails.
    pub fn validate(&self, rules: &SignatureRules) -> Result<Vec<String>, BundleError> {
        let mut warnings = Vec::new();
        if self.version.as_number() != Some(1.0) {
            return Err(BundleError::Version { found: canonical_json(&self.version) });
        }
        let computed = self.computed_hash();
        if !self.policy_hash.is_empty() && self.policy_hash != computed {
            if self.format != Format::Api {
                return Err(BundleError::Hash { stored: self.policy_hash.clone(), computed });
            }
            warnings.push(format!("the policies hash to {computed}, not to the `policy_hash` {}", self.policy_hash));
        }
        if rules.require_signature || rules.require_signature_v2 {
            self.check_signatures(rules, &mut warnings)?;
        }
        Ok(warnings)
    }

    fn check_signatures(&self, rules: &SignatureRules, warnings: &mut Vec<String>) -> Result<(), BundleError> {
        if self.signature.as_deref().is_none_or(str::is_empty) {
            return Err(BundleError::Unsigned { field: "signature" });
        }
        let Some(key) = rules.public_key.as_deref().filter(|key| !key.is_empty()) else {
            return Err(BundleError::NoKey);
        };
        let reason = if signature::is_public_key(key) { "" } else { " (which is no Ed25519 public key in PEM form)" };
        if !self.verify_v1(key) {
            return Err(BundleError::Signature { field: "signature", reason });
        }
        match self.signature_v2.as_deref() {
            None | Some("") if rules.require_signature_v2 => Err(BundleError::Unsigned { field: "signature_v2" }),
            None | Some("") => {
                warnings.push(
                    "only the hash is signed (v1): identity and scope can be changed unnoticed; publish with a v2 signature"
                        .to_owned(),
                );
                Ok(())
            }
            Some(_) if self.verify_v2(key) => Ok(()),
            Some(_) => Err(BundleError::Signature { field: "signature_v2", reason }),
        }
    }

    /// The policy of exactly this scope or the nearest wider one, and the scope key it was found under (`None` for the
    /// top-level policy). Levels are not merged.
    ///
    /// # Errors
    /// [`BundleError::Field`] when the policy found is not an object.
    pub fn look_up(&self, scope: &Scope) -> Result<(&Map, Option<String>), BundleError> {
        for key in scope.lookup_keys() {
            if let Some(found) = self.scope_policies.get(&key) {
                return match found.as_map() {
                    Some(policy) => Ok((policy, Some(key))),
                    None => Err(BundleError::Field {
                        field: format!("scope_policies.{key}"),
                        found: found.kind(),
                        expected: "an object",
                    }),
                };
            }
        }
        Ok((&self.policies, None))
    }

    /// The scope that the runtime looks up for a request: the bundle's identity wins over the request's wherever it is
    /// not empty; the agent is always the request's.
    #[must_use]
    pub fn runtime_scope(&self, request: &Scope) -> Scope {
        let own = |field: &Value, asked: &str| {
            let field = text(field);
            if field.is_empty() { asked.to_owned() } else { field.to_owned() }
        };
        Scope {
            tenant: own(&self.org_id, &request.tenant),
            app: own(&self.project_id, &request.app),
            agent: request.agent.clone(),
            env: own(&self.environment, &request.env),
        }
    }

    /// What the runtime reports as policy version: the identifier, or the stored hash without one.
    #[must_use]
    pub fn policy_version(&self) -> &str {
        if self.bundle_id().is_empty() { &self.policy_hash } else { self.bundle_id() }
    }

    /// The policy that the runtime evaluates for a request, with its `policy_version`.
    ///
    /// # Errors
    /// [`BundleError::Field`] when the policy found is not an object.
    pub fn runtime_policy(&self, request: &Scope) -> Result<Map, BundleError> {
        let (found, _) = self.look_up(&self.runtime_scope(request))?;
        let mut policy = found.clone();
        policy.insert("policy_version", self.policy_version().into());
        Ok(policy)
    }

    /// Whether there is no policy in it at all, which the runtime treats as a failure.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty() && self.scope_policies.is_empty()
    }

    /// Recomputes the hash and signs it (v1) and the whole envelope (v2).
    pub fn sign(&mut self, key: &BundleKey) {
        self.policy_hash = self.computed_hash();
        self.signature = Some(key.sign(self.policy_hash.as_bytes()));
        self.signature_v2 = Some(key.sign(&self.v2_message()));
    }

    /// The bundle as the runtime's JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let text = |signature: &Option<String>| signature.as_deref().map_or(Value::Null, Value::from);
        let fields = [
            ("version", self.version.clone()),
            ("bundle_id", self.bundle_id.clone()),
            ("org_id", self.org_id.clone()),
            ("project_id", self.project_id.clone()),
            ("environment", self.environment.clone()),
            ("published_at", self.published_at.clone()),
            ("policies", Value::Map(self.policies.clone())),
            ("policy_hash", self.policy_hash.as_str().into()),
            ("signature", text(&self.signature)),
            ("signature_v2", text(&self.signature_v2)),
            ("scope", self.scope.clone()),
            ("scope_policies", Value::Map(self.scope_policies.clone())),
        ];
        Value::Map(fields.map(|(key, value)| (key.into(), value)).into_iter().collect())
    }
}

/// `sha256:` and the digest in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold("sha256:".to_owned(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn is_runtime(object: &Map) -> bool {
    object.contains_key("policies") && object.contains_key("version")
}

fn is_api(object: &Map) -> bool {
    object.contains_key("policies_json")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn object_field(object: &Map, field: &str) -> Result<Map, BundleError> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Map(map)) => Ok(map.clone()),
        Some(other) => Err(BundleError::Field { field: field.to_owned(), found: other.kind(), expected: "an object" }),
    }
}

fn text_field(object: &Map, field: &str) -> Result<Option<String>, BundleError> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Str(text)) => Ok(Some(text.clone())),
        Some(other) => Err(BundleError::Field { field: field.to_owned(), found: other.kind(), expected: "text" }),
    }
}
