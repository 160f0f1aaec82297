//! Bundles against the reference's hashes, signed texts, verification and look-up results.

use std::path::PathBuf;
use znyx_bench::policy::{Bundle, BundleError, BundleKey, Format, Identity, Scope, SignatureRules};
use znyx_bench::value::{Map, Value, parse_json, python_json};

fn file(name: &str) -> Value {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/data/vectors/bundles", name].iter().collect();
    parse_json(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_list).unwrap()
}

/// Runs `check` on every bundle of the index, with the index entry and the public keys.
fn for_each_bundle(check: impl Fn(&Bundle, &Value, &Map)) {
    let index = file("index.json");
    let keys = index.get("public_keys").and_then(Value::as_map).unwrap();
    assert_eq!(list(&index, "bundles").len(), 22);
    for expected in list(&index, "bundles") {
        let content = file(text(expected, "file"));
        check(&Bundle::parse(content.as_map().unwrap()).unwrap(), expected, keys);
    }
}

#[test]
fn shapes_hashes_and_signed_texts_match() {
    for_each_bundle(|bundle, expected, _| {
        let name = text(expected, "file");
        let format = if text(expected, "loads_as") == "bundle" { Format::Runtime } else { Format::Plain };
        assert_eq!(bundle.format(), format, "{name}");
        assert_eq!(bundle.computed_hash(), text(expected, "computed_hash"), "{name}");
        assert_eq!(bundle.stored_hash(), text(expected, "stored_hash"), "{name}");
        assert_eq!(bundle.hash_payload(), text(expected, "hash_payload"), "{name}");
        assert_eq!(bundle.v2_payload(), text(expected, "v2_payload"), "{name}");
    });
}

#[test]
fn signatures_verify_under_the_right_key_only() {
    for_each_bundle(|bundle, expected, keys| {
        for (key, pem) in keys.text_entries() {
            let pem = pem.as_str().unwrap();
            for (field, found) in [("verify_v1", bundle.verify_v1(pem)), ("verify_v2", bundle.verify_v2(pem))] {
                let wanted = expected.get(field).and_then(|v| v.get(key));
                assert_eq!(Some(&Value::Bool(found)), wanted, "{} {field} {key}", text(expected, "file"));
            }
        }
    });
}

#[test]
fn validation_follows_the_options() {
    for_each_bundle(|bundle, expected, keys| {
        for case in list(expected, "validate") {
            let flag = |name: &str| case.get(name) == Some(&Value::Bool(true));
            let key = case.get("key").and_then(Value::as_str);
            let rules = SignatureRules {
                public_key: key.map(|k| keys.get(k).and_then(Value::as_str).unwrap().to_owned()),
                require_signature: flag("require_signature"),
                require_signature_v2: flag("require_signature_v2"),
            };
            let outcome = bundle.validate(&rules);
            assert_eq!(outcome.is_ok(), flag("valid"), "{} {case:?}: {outcome:?}", text(expected, "file"));
        }
    });
}

#[test]
fn look_up_finds_the_nearest_scope() {
    for_each_bundle(|bundle, expected, _| {
        let part = |case: &Value| {
            let p = |name| text(case, name).to_owned();
            Scope { tenant: p("tenant"), app: p("app"), agent: p("agent"), env: p("env") }
        };
        for case in list(expected, "resolve") {
            let (policy, _) = bundle.look_up(&part(case)).unwrap();
            assert_eq!(Some(policy), case.get("policy").unwrap().as_map(), "{} {case:?}", text(expected, "file"));
        }
        for case in list(expected, "runtime_policy") {
            let policy = bundle.runtime_policy(&part(case)).unwrap();
            assert_eq!(Some(&policy), case.get("policy").unwrap().as_map(), "{} {case:?}", text(expected, "file"));
        }
    });
}

const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n";

fn signed() -> (Bundle, BundleKey) {
    let policy = parse_json(r#"{"pii": {"enabled": true, "threshold": 1.0}}"#).unwrap();
    let key = BundleKey::from_pem(PRIVATE).unwrap();
    let identity = Identity { bundle_id: "b-1".into(), org_id: "acme".into(), ..Identity::default() };
    let mut bundle = Bundle::create(policy.as_map().unwrap().clone(), Map::new(), &identity);
    bundle.sign(&key);
    (bundle, key)
}

#[test]
fn a_signed_bundle_survives_its_json_and_verifies() {
    let (bundle, key) = signed();
    let json = python_json(&bundle.to_value(), true);
    let read = Bundle::parse(parse_json(&json).unwrap().as_map().unwrap()).unwrap();
    let rules =
        SignatureRules { public_key: Some(key.public_pem()), require_signature: true, require_signature_v2: true };
    assert_eq!(read, bundle);
    assert_eq!(read.validate(&rules), Ok(Vec::new()));
    assert_eq!(signed().0, bundle, "signing is deterministic");
}

#[test]
fn a_changed_identity_breaks_v2_and_a_changed_policy_the_hash() {
    let (bundle, key) = signed();
    let change = |field: &str, value: Value| {
        let Value::Map(mut object) = bundle.to_value() else { unreachable!() };
        object.insert(field, value);
        Bundle::parse(&object).unwrap()
    };
    let rules = SignatureRules { public_key: Some(key.public_pem()), require_signature: true, ..Default::default() };
    let moved = change("org_id", "other".into()).validate(&rules);
    assert!(matches!(moved, Err(BundleError::Signature { field: "signature_v2", .. })), "{moved:?}");
    let emptied = change("policies", Value::Map(Map::new())).validate(&rules);
    assert!(matches!(emptied, Err(BundleError::Hash { .. })), "{emptied:?}");
    let unsigned = change("signature", Value::Null).validate(&rules);
    assert_eq!(unsigned, Err(BundleError::Unsigned { field: "signature" }));
    let without_v2 = change("signature_v2", Value::Null).validate(&rules).unwrap();
    assert_eq!(without_v2.len(), 1);
}

#[test]
fn the_api_shape_is_a_bundle_too() {
    let listed = parse_json(
        r#"{"id": 7, "version": 12, "policy_hash": "sha256:00", "is_active": true, "published_by": "u", "published_at": "t",
            "policies_json": {"pii": {"enabled": true}}}"#,
    )
    .unwrap();
    let bundle = Bundle::parse(listed.as_map().unwrap()).unwrap();
    assert_eq!(bundle.format(), Format::Api);
    assert_eq!(bundle.policy_version(), "7");
    assert_eq!(bundle.policies().len(), 1);
    assert_eq!(bundle.validate(&SignatureRules::default()).unwrap().len(), 1, "the hash is only warned about");
}

#[test]
fn a_field_of_the_wrong_type_is_named() {
    for (json, words) in [
        (r#"{"version": 1, "policies": []}"#, "`policies` is an array"),
        (r#"{"version": 1, "policies": {}, "signature": 5}"#, "`signature` is an integer"),
        (r#"{"policies_json": "x"}"#, "`policies_json` is a string"),
    ] {
        let e = Bundle::parse(parse_json(json).unwrap().as_map().unwrap()).unwrap_err();
        assert!(e.to_string().contains(words), "{e}");
    }
}
