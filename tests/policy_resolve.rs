//! Hierarchical resolution and file shapes against the reference's results.

use znyx_bench::policy::{Levels, Scope, benchmark_base, resolve};
use znyx_bench::value::{Key, Map, Value, canonical_json, parse_json, parse_yaml};

fn cases() -> Vec<Value> {
    let path = format!("{}/tests/data/vectors/policy_resolve.json", env!("CARGO_MANIFEST_DIR"));
    let file = parse_json(&std::fs::read_to_string(path).unwrap()).unwrap();
    file.get("cases").and_then(Value::as_list).unwrap().to_vec()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap()
}

#[test]
fn every_scope_resolves_to_the_same_policy_version_and_key_order() {
    let mut compared = 0;
    for case in cases() {
        let yaml = text(&case, "yaml");
        for expected in case.get("results").and_then(Value::as_list).unwrap() {
            let scope = expected.get("scope").and_then(Value::as_list).unwrap();
            let part = |i: usize| scope[i].as_str().unwrap();
            let scope = Scope::new(part(0), part(1), part(2), part(3));
            let outcome = parse_yaml(yaml)
                .map_err(|e| e.to_string())
                .and_then(|document| resolve(&document, &scope, Levels::Converted).map_err(|e| e.to_string()));
            match (outcome, expected.get("policy")) {
                (Ok(mut found), Some(policy)) => {
                    // The vectors leave out what the runtime overwrites afterwards.
                    found.policy.remove("policy_version");
                    let order: Vec<Value> = found.policy.iter().map(|(k, _)| k.as_text().into()).collect();
                    assert_eq!(Some(&Value::List(order)), expected.get("key_order"), "{yaml}");
                    assert_eq!(found.policy_version, text(expected, "policy_version"), "{yaml}");
                    assert_eq!(canonical_json(&Value::Map(found.policy)), canonical_json(policy), "{yaml}");
                }
                (Err(_), None) => {}
                (found, policy) => panic!("{yaml}\n{found:?}\nexpected {policy:?}"),
            }
            compared += 1;
        }
    }
    assert!(compared > 40);
}

/// The vectors spell every key as JSON text.
fn with_text_keys(value: &Value) -> Value {
    match value {
        Value::Map(map) => Value::Map(
            map.iter()
                .map(|(key, value)| {
                    let name = if key.as_text() == "True" && key.is_odd() { "true" } else { key.as_text() };
                    (Key::Str(name.into()), with_text_keys(value))
                })
                .collect::<Map>(),
        ),
        Value::List(items) => Value::List(items.iter().map(with_text_keys).collect()),
        other => other.clone(),
    }
}

#[test]
fn the_benchmark_commands_reading_is_the_same() {
    for case in cases() {
        let yaml = text(&case, "yaml");
        let base = parse_yaml(yaml)
            .map_err(|e| e.to_string())
            .and_then(|d| benchmark_base(&d, None).map_err(|e| e.to_string()));
        match (base, case.get("benchmark_base")) {
            (Ok(found), Some(expected)) => assert_eq!(&with_text_keys(&Value::Map(found)), expected, "{yaml}"),
            (Err(_), None) => {}
            // The vectors could not print this result; reading it is not the error.
            (Ok(found), None) if yaml.contains("2024-01-01") => assert_eq!(found.len(), 1),
            (found, expected) => panic!("{yaml}\n{found:?}\nexpected {expected:?}"),
        }
    }
}
