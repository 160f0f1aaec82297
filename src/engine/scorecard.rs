//! The scorecard gate: model-backed detectors advise until a scorecard has certified them.

use super::EngineOptions;
use crate::api::Decision;
use crate::policy::verify;
use crate::value::{Map, Value, canonical_json};

/// Whether a section's own BLOCK and REDACT stand, or become warnings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Enforcement {
    /// They stand.
    Enforced,
    /// They become WARN; risk, hits and text stay.
    Advisory,
}

impl Enforcement {
    /// What the section's stamp says, or, without one, whether it is model-backed.
    pub(super) fn of(detector: &str, section: &Map, model_backed: bool, options: &EngineOptions) -> Self {
        let enforced = options.certify
            || match section.get("_scorecard_gate") {
                None | Some(Value::Null) => !model_backed,
                Some(Value::Map(stamp)) => is_certified(detector, stamp, options.scorecard_key.as_deref()),
                Some(_) => false,
            };
        if enforced { Enforcement::Enforced } else { Enforcement::Advisory }
    }

    /// The decision as the gate lets it through.
    pub(super) fn apply(self, decision: Option<Decision>) -> Option<Decision> {
        match decision {
            Some(Decision::Block | Decision::Redact) if self == Enforcement::Advisory => Some(Decision::Warn),
            other => other,
        }
    }
}

/// Whether a stamp certifies the detector: it says exactly so and, where a key is configured, is signed by it.
fn is_certified(detector: &str, stamp: &Map, key: Option<&str>) -> bool {
    if stamp.get("enforcement_passed") != Some(&Value::Bool(true)) {
        return false;
    }
    let Some(key) = key else { return true };
    let Some(signature) = stamp.get("sig").and_then(Value::as_str) else { return false };
    verify(key, payload(detector, stamp).as_bytes(), signature)
}

/// What a stamp's signature covers.
pub(crate) fn payload(detector: &str, stamp: &Map) -> String {
    let mut covered = Map::new();
    covered.insert("detector", Value::from(detector));
    covered.insert("enforcement_passed", Value::Bool(stamp.get("enforcement_passed").is_some_and(Value::truthy)));
    for key in ["model_version", "validated_at"] {
        covered.insert(key, stamp.get(key).cloned().unwrap_or(Value::Null));
    }
    canonical_json(&Value::Map(covered))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse_json;

    #[test]
    fn signed_stamps_certify_what_they_name() {
        let vectors = parse_json(include_str!("../../tests/data/vectors/stamps.json")).unwrap();
        let key = vectors.get("public_key").and_then(Value::as_str).unwrap();
        let cases = vectors.get("cases").and_then(Value::as_list).unwrap();
        assert!(cases.len() >= 10);
        for case in cases {
            let text = |key: &str| case.get(key).and_then(Value::as_str).unwrap_or("");
            let mut section = Map::new();
            section.insert("_scorecard_gate", case.get("stamp").unwrap().clone());
            if let Some(Value::Map(stamp)) = case.get("stamp") {
                let payload_of = payload(text("detector"), stamp);
                assert!(text("payload").is_empty() || text("payload") == payload_of, "{}", text("note"));
            }
            for (scorecard_key, expected) in
                [(Some(key.to_owned()), "block_becomes_with_key"), (None, "block_becomes_without_key")]
            {
                let options = EngineOptions { scorecard_key, ..EngineOptions::default() };
                let gate = Enforcement::of(text("detector"), &section, false, &options);
                let decision = gate.apply(Some(Decision::Block)).map(Decision::name);
                assert_eq!(decision, case.get(expected).and_then(Value::as_str), "{}: {expected}", text("note"));
            }
        }
    }

    #[test]
    fn warnings_and_rewrites_pass_the_gate() {
        for decision in [Decision::Allow, Decision::Warn, Decision::Transform] {
            assert_eq!(Enforcement::Advisory.apply(Some(decision)), Some(decision));
        }
        assert_eq!(Enforcement::Advisory.apply(None), None);
    }
}
