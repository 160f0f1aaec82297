//! The reference's gate verdicts and coverage results, recomputed.

use jiff::Timestamp;
use serde_json::{Value, json};
use znyx_bench::metrics::{Tier, gated_action, is_model_backed, judge, model_versions, owasp_coverage, parse_iso};

fn file(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn every_gate_verdict_equals_the_reference() {
    let file = file(include_str!("data/vectors/gate.json"));
    let cases = file["gate"].as_array().unwrap();
    for case in cases {
        let now: Timestamp = parse_iso(case["now"].as_str().unwrap()).unwrap();
        let verdict = Tier::from_name(case["tier"].as_str().unwrap())
            .and_then(|tier| judge(&case["scorecard"], tier, case["category"].as_str(), now));
        match verdict {
            Ok(verdict) => {
                let mut got = serde_json::to_value(verdict).unwrap();
                // 1000 and 1000.0 are the same bound; the failures below are compared to the letter.
                for (key, bound) in case["result"]["gate"].as_object().unwrap() {
                    assert_eq!(got["gate"][key].as_f64(), bound.as_f64(), "{}", case["note"]);
                }
                got["gate"] = case["result"]["gate"].clone();
                assert_eq!(got, case["result"], "{}", case["note"]);
            }
            Err(_) => assert!(case["result"]["error"].is_string(), "{case}"),
        }
    }
    assert_eq!(cases.len(), 123);
}

#[test]
fn every_gate_question_is_answered_as_by_the_reference() {
    let file = file(include_str!("data/vectors/gate.json"));
    let cases = file["helpers"].as_array().unwrap();
    for case in cases {
        let action = case["action"].as_str().unwrap_or("");
        let section = || znyx_bench::value::parse_json(&case["config"].to_string()).unwrap();
        let got = match case["fn"].as_str().unwrap() {
            "resolve_gated_action" => json!(gated_action(action, case["enforcement_passed"].as_bool().unwrap())),
            "required_tier_for_action" => json!(Tier::required_for(action)),
            "is_model_backed" => json!(is_model_backed(&section())),
            "model_versions_for" => json!(model_versions(&section())),
            other => panic!("no such function: {other}"),
        };
        assert_eq!(got, case["result"], "{case}");
    }
    assert_eq!(cases.len(), 50);
}

#[test]
fn every_coverage_result_equals_the_reference() {
    let file = file(include_str!("data/vectors/owasp_coverage.json"));
    let cases = file["cases"].as_array().unwrap();
    for case in cases {
        let names = |key: &str| -> Vec<String> { serde_json::from_value(case[key].clone()).unwrap() };
        let (enabled, lifecycle) = (names("enabled"), names("lifecycle_active"));
        let coverage = owasp_coverage(enabled.iter().map(String::as_str), lifecycle.iter().map(String::as_str));
        let mut got = serde_json::to_value(coverage).unwrap();
        for category in got["categories"].as_array_mut().unwrap() {
            let category = category.as_object_mut().unwrap();
            category.remove("name");
            category.remove("missing");
        }
        assert_eq!(got["categories"], case["categories"], "{enabled:?}");
        assert_eq!(got["summary"], case["summary"], "{enabled:?}");
    }
    assert_eq!(cases.len(), 6);
}
