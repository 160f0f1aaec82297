//! The stamp: what a measurement leaves in the policy, so that the engine lets the detector enforce.

use super::measure::ScorecardReport;
use crate::engine::stamp_payload;
use crate::policy::BundleKey;
use crate::value::{Map, Value};

/// The entries that a stamp sets in a detector's section.
#[derive(Clone, Debug, PartialEq)]
pub struct Stamp {
    /// `_scorecard_gate`: what the engine reads.
    pub gate: Value,
    /// `_scorecard`: what people read.
    pub scorecard: Value,
}

/// The key of the gate in a section.
pub const GATE_KEY: &str = "_scorecard_gate";
/// The key of the figures in a section.
pub const SCORECARD_KEY: &str = "_scorecard";

impl Stamp {
    /// The stamp of a measurement over the file `dataset`; with a key it is signed, and then says which model was
    /// measured when.
    #[must_use]
    pub fn new(report: &ScorecardReport, dataset: &str, key: Option<&BundleKey>) -> Self {
        let card = &report.scorecard;
        let number = |n: Option<f64>| n.map_or(Value::Null, Value::Float);
        let mut gate = Map::new();
        gate.insert("enforcement_passed", Value::Bool(report.enforcement.passed));
        if let Some(key) = key {
            gate.insert("model_version", card.model_version.as_str().into());
            gate.insert("validated_at", card.validated_at.as_str().into());
            let signature = key.sign(stamp_payload(&report.detector, &gate).as_bytes());
            gate.insert("sig", Value::Str(signature));
        }
        let mut scorecard = Map::new();
        scorecard.insert("model_version", card.model_version.as_str().into());
        scorecard.insert("validated_at", card.validated_at.as_str().into());
        scorecard.insert("sample_count", Value::integer(false, &card.sample_count.to_string()));
        scorecard.insert("dataset", dataset.into());
        scorecard.insert("f1", number(card.f1));
        scorecard.insert("auroc", number(card.auroc));
        scorecard.insert("ece", number(card.ece));
        scorecard.insert("fp_rate", number(card.fp_rate));
        scorecard.insert("p95_latency_ms", Value::Float(card.p95_latency_ms));
        scorecard.insert("category", card.category.as_deref().map_or(Value::Null, Value::from));
        Stamp { gate: Value::Map(gate), scorecard: Value::Map(scorecard) }
    }

    /// The entries in the order in which they are set.
    pub(super) fn entries(&self) -> [(&'static str, &Value); 2] {
        [(GATE_KEY, &self.gate), (SCORECARD_KEY, &self.scorecard)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::verify;
    use crate::value::parse_json;

    // A key made for this test; it guards nothing.
    const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n";

    #[test]
    fn every_stamp_of_the_reference_is_read_as_the_reference_reads_it() {
        let file = parse_json(include_str!("../../tests/data/vectors/stamps.json")).unwrap();
        let public = file.get("public_key").and_then(Value::as_str).unwrap();
        let cases = file.get("cases").and_then(Value::as_list).unwrap();
        let mut signed = 0;
        for case in cases {
            let detector = case.get("detector").and_then(Value::as_str).unwrap();
            let Some(stamp) = case.get("stamp").and_then(Value::as_map) else { continue };
            let payload = stamp_payload(detector, stamp);
            if let Some(expected) = case.get("payload").and_then(Value::as_str) {
                assert_eq!(payload, expected);
            }
            let sig = stamp.get("sig").and_then(Value::as_str).unwrap_or_default();
            let valid = verify(public, payload.as_bytes(), sig);
            assert_eq!(
                Some(&Value::Bool(valid)),
                case.get("signature_valid"),
                "{}",
                case.get("note").unwrap().as_str().unwrap()
            );
            signed += u64::from(valid);
        }
        assert!(signed > 0 && cases.len() > 5);
    }

    #[test]
    fn a_signature_covers_the_verdict_the_model_the_time_and_the_detector() {
        let key = BundleKey::from_pem(PRIVATE).unwrap();
        let report = super::super::edit::tests::report(true);
        let stamp = Stamp::new(&report, "d.jsonl", Some(&key));
        let gate = stamp.gate.as_map().unwrap();
        let sig = gate.get("sig").and_then(Value::as_str).unwrap();
        let holds =
            |detector: &str, gate: &Map| verify(&key.public_pem(), stamp_payload(detector, gate).as_bytes(), sig);
        assert!(holds("toxicity", gate));
        assert!(!holds("bias", gate));
        for (key, value) in [("enforcement_passed", Value::Bool(false)), ("model_version", "other".into())] {
            let mut changed = gate.clone();
            changed.insert(key, value);
            assert!(!holds("toxicity", &changed), "{key}");
        }
        let unsigned = Stamp::new(&report, "d.jsonl", None);
        assert_eq!(crate::value::python_json(&unsigned.gate, true), r#"{"enforcement_passed": true}"#);
    }
}
