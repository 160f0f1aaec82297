//! Expressions of a policy that Python refuses other than by a syntax error: the reference skips faulty ones, but fails
//! on these.

use serde_json::{Value, json};
use znyx_bench::api::Stage;
use znyx_bench::engine::{Engine, EngineOptions, EvalError, Request, Response};
use znyx_bench::value::parse_json;

fn evaluate(policy: &Value, text: &str) -> Result<Response, EvalError> {
    let policy = parse_json(&policy.to_string()).unwrap();
    let engine = Engine::compile(policy.as_map().unwrap(), EngineOptions::default());
    engine.evaluate(&Request::new(text, Stage::Input))
}

/// Whether a text is evaluated at all under a policy with this pattern.
fn is_evaluated(policy: impl Fn(&str) -> Value, text: &str) -> [bool; 3] {
    let nested = format!("{}a{}", "(".repeat(600), ")".repeat(600));
    ["a{4294967296}", &nested, "("].map(|pattern| evaluate(&policy(pattern), text).is_ok())
}

const FAILS_UNLESS_FAULTY: [bool; 3] = [false, false, true];

#[test]
fn a_pattern_of_bias_fails_every_evaluation() {
    let bias = |pattern: &str| json!({"bias": {"enabled": true, "custom_patterns": [{"pattern": pattern}]}});
    assert_eq!(is_evaluated(bias, ""), FAILS_UNLESS_FAULTY);
    let unknown = |p: &str| json!({"bias": {"enabled": true, "custom_patterns": [{"pattern": p, "severity": "none"}]}});
    assert_eq!(is_evaluated(unknown, "aaa"), FAILS_UNLESS_FAULTY);
}

#[test]
fn a_pattern_of_compliance_fails_every_evaluation() {
    let claims = |pattern: &str| json!({"compliance": {"enabled": true, "prohibited_claims": [pattern]}});
    assert_eq!(is_evaluated(claims, ""), FAILS_UNLESS_FAULTY);
    let rule = |more: Value| {
        let mut rule = json!({"name": "x", "topic_keywords": ["zebra"]});
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"compliance": {"enabled": true, "custom_rules": [rule]}})
    };
    let off_topic = "The lion walked over the street.";
    assert_eq!(
        is_evaluated(|p| rule(json!({"prohibited_patterns": [{"pattern": p}]})), off_topic),
        FAILS_UNLESS_FAULTY
    );
    assert_eq!(is_evaluated(|p| rule(json!({"required_text": [p]})), off_topic), FAILS_UNLESS_FAULTY);
}

#[test]
fn a_pattern_of_a_fix_fails_only_what_is_to_be_fixed() {
    let fix = |pattern: &str| {
        let config = json!({"strip_patterns": ["(a)", pattern], "replacement": "\\9"});
        json!({"pii": {"enabled": true, "on_fail": "fix", "on_fail_config": config}})
    };
    assert_eq!(is_evaluated(fix, "mail joe@mail.example aaa"), FAILS_UNLESS_FAULTY);
    assert_eq!(is_evaluated(fix, "nothing"), [true; 3]);
}
