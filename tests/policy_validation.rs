//! Strict and lenient validation and lint against the reference's results.

use znyx_bench::policy::{Issue, lint, validate, validate_lenient};
use znyx_bench::value::{Map, Value, parse_json, parse_yaml, python_json};

fn vectors(name: &str) -> Value {
    let path = format!("{}/tests/data/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    parse_json(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn cases(file: &Value) -> &[Value] {
    file.get("cases").and_then(Value::as_list).unwrap()
}

/// Issues as the vectors write them: code and place.
fn pairs(issues: &[Issue]) -> Value {
    Value::List(issues.iter().map(|i| Value::List(vec![i.code.into(), i.loc.as_str().into()])).collect())
}

#[test]
fn strict_validation_reports_the_same_issues_in_the_same_order() {
    let file = vectors("policy_validation.json");
    assert!(cases(&file).len() > 150);
    for case in cases(&file) {
        let policy = case.get("policy").unwrap();
        let report = validate(policy);
        let shown = python_json(policy, false);
        assert_eq!(Some(&pairs(&report.blockers)), case.get("blockers"), "{shown}");
        assert_eq!(Some(&pairs(&report.warnings)), case.get("warnings"), "{shown}");
        assert_eq!(Some(&Value::Bool(report.is_valid())), case.get("valid"), "{shown}");
    }
}

#[test]
fn lenient_validation_serves_the_same_policy_in_the_same_order() {
    for case in cases(&vectors("policy_validation.json")) {
        if let (Some(Value::Map(policy)), Some(expected)) = (case.get("policy"), case.get("lenient")) {
            let served = python_json(&Value::Map(validate_lenient(policy).unwrap().policy), false);
            if case.get("lenient_note").is_some() {
                // The vectors leave out results with a number that is not finite.
                assert!(served.contains("Infinity") || served.contains("NaN"), "{served}");
                continue;
            }
            // Compared as text, so that key order and the int/float difference count.
            assert_eq!(served, python_json(expected, false));
        }
    }
}

/// Wraps a value into nested one-key objects along a dotted path, outermost first.
fn nested(path: &str, value: Value) -> Value {
    path.rsplit('.').fold(value, |inner, key| {
        if key == "0" {
            return Value::List(vec![inner]);
        }
        Value::Map([(key.into(), inner)].into_iter().collect::<Map>())
    })
}

/// The value with one more key in the object at `path`.
fn with(value: &Value, path: &str, key: &str, content: Value) -> Value {
    match (value, path.split_once('.').unwrap_or((path, ""))) {
        (Value::List(items), _) if path.is_empty() || path == "0" => {
            Value::List(vec![with(&items[0], "", key, content)])
        }
        (Value::Map(map), ("", _)) => {
            let mut map = map.clone();
            map.insert(key, content);
            Value::Map(map)
        }
        (Value::Map(map), (first, rest)) => {
            let mut map = map.clone();
            let inner = with(map.get(first).unwrap(), rest, key, content);
            map.insert(first, inner);
            Value::Map(map)
        }
        _ => panic!("no object at {path}"),
    }
}

/// Checks one typed key with every probe value of the matrix.
fn check_key(path: &str, type_id: &str, matrix: &Value, siblings: impl Fn(Value) -> Value) {
    let probes = matrix.get("probes").and_then(Value::as_map).unwrap();
    let errors = matrix.get("types").and_then(|t| t.get(type_id)).and_then(|t| t.get("errors")).unwrap();
    for (name, probe) in probes.text_entries() {
        let report = validate(&siblings(nested(path, probe.clone())));
        let found: Vec<String> = report
            .blockers
            .iter()
            .map(|i| match i.loc.strip_prefix(path).unwrap().strip_prefix('.') {
                Some(below) => format!("{}@{below}", i.code),
                None => i.code.to_owned(),
            })
            .collect();
        let expected = errors.get(name).and_then(Value::as_str).unwrap_or_default();
        assert_eq!(found.join(";"), expected, "{path} with {name}");
    }
}

#[test]
fn every_typed_key_of_every_section_accepts_and_refuses_the_same_probes() {
    let matrix = vectors("schema_matrix.json");
    let sections = matrix.get("sections").and_then(Value::as_map).unwrap();
    assert!(sections.len() > 40);
    for (section, keys) in sections.text_entries() {
        for (key, type_id) in keys.as_map().unwrap().text_entries() {
            let path = match key {
                "(section itself)" | "(value)" => section.to_owned(),
                _ => format!("{section}.{key}"),
            };
            check_key(&path, type_id.as_str().unwrap(), &matrix, |v| v);
        }
    }
}

#[test]
fn every_nested_key_accepts_and_refuses_the_same_probes() {
    let matrix = vectors("schema_matrix.json");
    for (model, keys) in matrix.get("nested").and_then(Value::as_map).unwrap().text_entries() {
        let parent = match model {
            "strategy" => "pii.strategy",
            "escalate_when" => "pii.strategy.escalate_when",
            "backends" => "pii.backends",
            "backend_mode" => "pii.backends.local_ml",
            "redact_before_egress" => "pii.redact_before_egress",
            "fingerprint_entry" => "system_prompt_leakage.fingerprints.0",
            "custom_detector" => "custom_detectors.0",
            other => panic!("unknown model {other}"),
        };
        for (key, type_id) in keys.as_map().unwrap().text_entries() {
            // The models with a required key get it, so that only the probed key can be wrong.
            let complete = |policy: Value| match model {
                "fingerprint_entry" if key != "hashes" => {
                    with(&policy, parent, "hashes", Value::List(vec!["x".into()]))
                }
                "custom_detector" if key != "name" => with(&policy, parent, "name", "regex".into()),
                _ => policy,
            };
            check_key(&format!("{parent}.{key}"), type_id.as_str().unwrap(), &matrix, complete);
        }
    }
}

#[test]
fn lint_finds_the_same() {
    for case in cases(&vectors("policy_lint.json")) {
        let policy = case.get("policy").unwrap();
        assert_eq!(Some(&pairs(&lint(policy))), case.get("issues"), "{}", python_json(policy, false));
    }
}

#[test]
fn keys_that_are_not_text_block_and_fail_lenient_loading() {
    let policy = parse_yaml("on: {enabled: true}\npii: {enabled: true, 1: a, types: {2: {}}}\n").unwrap();
    let report = validate(&policy);
    assert_eq!(
        python_json(&pairs(&report.blockers), true),
        r#"[["invalid_key", "pii.types.2"], ["invalid_key", "pii.1"], ["invalid_key", "True"]]"#
    );
    assert_eq!(validate_lenient(policy.as_map().unwrap()).unwrap_err().loc, "True");
}

#[test]
fn messages_say_what_was_found_and_what_to_write() {
    let policy = parse_json(
        r#"{"pii": {"enabled": "maybe", "strategy": {"ordr": []}}, "jailbraek": {}, "citation_integrity": {"action": "block", "block_threshold": 101},
            "system_prompt_leakage": {"fingerprint_key": "secretsecret"}}"#,
    )
    .unwrap();
    let report = validate(&policy);
    let text: Vec<String> = report.blockers.iter().chain(&report.warnings).map(ToString::to_string).collect();
    let text = text.join("\n");
    for part in [
        "pii.enabled: found \"maybe\", expected true or false",
        "did you mean `order`?",
        "found \"block\", expected one of BLOCK, WARN",
        "found 101, expected a whole number up to 100",
        "did you mean `jailbreak`?",
        "found 12 characters",
    ] {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
    assert!(!text.contains("secretsecret"), "a key is never printed");
}
