//! Loading policies of every shape through the public API.

use std::path::Path;
use znyx_bench::policy::{
    Bundle, BundleKey, Identity, LoadOptions, Loaded, PolicyError, PolicySource, SignatureRules, Validation, load,
    load_bundle,
};
use znyx_bench::value::{Map, Value, parse_json, python_json};

const HIERARCHICAL: &str = "
default:
  pii: {enabled: 'false', action: REDACT}
  jailbreak: {enabled: true, threshold: '70'}
tenants:
  acme:
    pii: {enabled: true}
    apps:
      bot:
        jailbreak: {threshold: 20}
        agents:
          default:
            envs:
              prod: {toxicity: {enabled: true}}
";

fn write(dir: &Path, name: &str, text: &str) -> PolicySource {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    PolicySource::File(path)
}

fn inline(json: &str) -> PolicySource {
    PolicySource::from_arg(json)
}

fn policy_json(loaded: &Loaded) -> String {
    python_json(&Value::Map(loaded.policy.clone()), false)
}

fn codes(loaded: &Loaded) -> Vec<&str> {
    loaded.warnings.iter().map(|w| w.code).collect()
}

fn options(validation: Validation) -> LoadOptions {
    LoadOptions { validation, ..Default::default() }
}

#[test]
fn a_flat_policy_reaches_the_engine_as_written() {
    let json =
        r#"{"zeta": 1, "pii": {"enabled": true, "min": 1.0, "big": 123456789012345678901234567890}, "name": "x"}"#;
    for validation in [Validation::Strict, Validation::None] {
        let loaded = load(&inline(json), &options(validation)).unwrap();
        assert_eq!(policy_json(&loaded), json);
        assert_eq!(loaded.origin, "inline");
        assert_eq!((loaded.policy_version, loaded.scope, loaded.bundle_id), (None, None, None));
    }
}

#[test]
fn without_validation_a_flat_policy_arrives_whatever_it_contains() {
    for json in [
        r#"{"default": {"pii": {"enabled": true}}}"#,
        r#"{"default": false, "pii": {"enabled": "no", "stages": 5}, "policy_version": null}"#,
        r#"{"detectors": {"pii": {}}, "tenants": [], "policies": null, "pii": null}"#,
        "{}",
    ] {
        let loaded = load(&inline(json), &options(Validation::None)).unwrap();
        assert_eq!(policy_json(&loaded), json);
    }
}

#[test]
fn without_validation_other_shapes_are_still_resolved() {
    for json in [
        r#"{"detectors": [{"name": "pii"}]}"#,
        r#"{"policies": {"pii": {"enabled": true}}}"#,
        r#"{"version": 1, "policies": {"pii": {"enabled": true}}}"#,
        r#"{"default": {"pii": {"enabled": true}}, "tenants": {}}"#,
    ] {
        let loaded = load(&inline(json), &options(Validation::None)).unwrap();
        assert!(policy_json(&loaded).starts_with(r#"{"pii": {"enabled": true}"#), "{json}");
    }
    let scoped = LoadOptions { scope: Some("default".into()), validation: Validation::None, ..Default::default() };
    let loaded = load(&inline(r#"{"default": {"pii": {"enabled": "no"}}}"#), &scoped).unwrap();
    assert!(policy_json(&loaded).starts_with(r#"{"pii": {"enabled": "no"}"#));
}

#[test]
fn the_hash_is_that_of_the_canonical_policy() {
    let loaded = load(&inline("{}"), &LoadOptions::default()).unwrap();
    assert_eq!(loaded.policy_hash, "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    assert_eq!(codes(&loaded), ["empty_policy"]);
    let one = load(&inline(r#"{"a": {"x": 1}, "b": 2}"#), &options(Validation::None)).unwrap();
    let same = load(&inline(r#"{"b":2,"a":{"x":1}}"#), &options(Validation::None)).unwrap();
    let other = load(&inline(r#"{"b":2,"a":{"x":1.0}}"#), &options(Validation::None)).unwrap();
    assert_eq!(one.policy_hash, same.policy_hash);
    assert_ne!(one.policy_hash, other.policy_hash);
}

#[test]
fn a_hierarchical_file_is_merged_for_the_request() {
    let dir = tempfile::tempdir().unwrap();
    let file = write(dir.path(), "policy.yaml", HIERARCHICAL);
    let default = load(&file, &LoadOptions::default()).unwrap();
    assert_eq!(
        policy_json(&default),
        format!(
            r#"{{"pii": {{"enabled": false, "action": "REDACT"}}, "jailbreak": {{"enabled": true, "threshold": 70}}, "policy_version": "{}"}}"#,
            default.policy_version.as_deref().unwrap()
        )
    );
    assert!(default.policy_hash["sha256:".len()..].starts_with(default.policy_version.as_deref().unwrap()));
    assert_eq!(default.scope, None);

    let request = LoadOptions { tenant: Some("acme".into()), app: Some("bot".into()), ..LoadOptions::default() };
    let bot = load(&file, &request).unwrap();
    assert!(policy_json(&bot).contains(r#""threshold": 20}, "toxicity": {"enabled": true}"#));
    assert_eq!(bot.scope.as_deref(), Some("tenants.acme.apps.bot.agents.default.envs.prod"));

    let unknown = load(&file, &LoadOptions { tenant: Some("acmee".into()), ..Default::default() }).unwrap();
    assert_eq!(codes(&unknown), ["unmatched_scope"]);
}

#[test]
fn a_dotted_scope_merges_the_levels_on_its_way_and_must_exist() {
    let dir = tempfile::tempdir().unwrap();
    let file = write(dir.path(), "policy.yaml", HIERARCHICAL);
    let at = |scope: &str| load(&file, &LoadOptions { scope: Some(scope.into()), ..Default::default() });
    let bot = at("tenants.acme.apps.bot").unwrap();
    assert!(policy_json(&bot).starts_with(
        r#"{"pii": {"enabled": true, "action": "REDACT"}, "jailbreak": {"enabled": true, "threshold": 20}, "policy_version""#
    ));
    assert_eq!(bot.scope.as_deref(), Some("tenants.acme.apps.bot"));
    assert!(at("tenants.acme.apps.bot.agents.default.envs.prod").unwrap().policy.contains_key("toxicity"));
    assert!(at("default").unwrap().policy.contains_key("pii"));
    let e = at("tenants.acme.apps.bat").unwrap_err().to_string();
    assert!(e.contains("`tenants.acme.apps`: there is no key `bat` here; the keys are bot"), "{e}");
}

#[test]
fn a_dotted_scope_walks_other_files() {
    let json =
        r#"{"version": 1, "policies": {"pii": {"enabled": true}}, "packs": {"a": {"detectors": [{"name": "bias"}]}}}"#;
    let at = |scope: &str| load(&inline(json), &LoadOptions { scope: Some(scope.into()), ..Default::default() });
    assert_eq!(policy_json(&at("policies").unwrap()), r#"{"pii": {"enabled": true}}"#);
    assert_eq!(policy_json(&at("packs.a").unwrap()), r#"{"bias": {"enabled": true}}"#);
    assert!(at("version").unwrap_err().to_string().contains("an integer"));
}

#[test]
fn a_list_of_detectors_is_flattened() {
    let dir = tempfile::tempdir().unwrap();
    let file = write(
        dir.path(),
        "pack.yml",
        "detectors:\n- {name: pii, config: {action: BLOCK}}\n- {name: bias, enabled: false}\n- plain\n",
    );
    let loaded = load(&file, &LoadOptions::default()).unwrap();
    assert_eq!(policy_json(&loaded), r#"{"pii": {"enabled": true, "action": "BLOCK"}, "bias": {"enabled": false}}"#);
}

#[test]
fn strict_validation_lists_what_blocks() {
    let sections: Vec<String> = ["secrets", "pii", "jailbreak", "toxicity", "competitor", "tools", "abuse", "bias"]
        .iter()
        .map(|s| format!(r#""{s}": {{"enabled": "x", "stages": [], "timeout_ms": -1}}"#))
        .collect();
    let json = format!("{{{}}}", sections.join(", "));
    let e = load(&inline(&json), &LoadOptions::default()).unwrap_err();
    let PolicyError::Blocked { blockers, .. } = &e else { panic!("{e}") };
    assert_eq!(blockers.len(), 24);
    let text = e.to_string();
    assert!(
        text.starts_with("inline: the policy breaks the schema in 24 place(s):\n  bool_parsing: secrets.enabled: ")
    );
    assert!(text.contains("... and 4 more"), "{text}");
    let lenient = load(&inline(&json), &options(Validation::Lenient)).unwrap();
    assert!(lenient.policy.is_empty());
    assert_eq!(lenient.warnings.len(), 24);
}

#[test]
fn strict_blockers_of_a_level_carry_its_path() {
    let dir = tempfile::tempdir().unwrap();
    let file = write(dir.path(), "p.yaml", &HIERARCHICAL.replace("threshold: 20", "threshold: many"));
    let options = LoadOptions { scope: Some("tenants.acme.apps.bot".into()), ..Default::default() };
    let e = load(&file, &options).unwrap_err().to_string();
    assert!(e.contains("int_parsing: tenants.acme.apps.bot.jailbreak.threshold: found \"many\""), "{e}");
    assert!(load(&file, &LoadOptions::default()).is_ok(), "other scopes are not judged");
}

#[test]
fn values_that_mislead_the_engine_are_warned_about() {
    let loaded =
        load(&inline(r#"{"pii": {"enabled": "no"}, "bias": null, "my": 1}"#), &LoadOptions::default()).unwrap();
    assert_eq!(codes(&loaded), ["unknown_key", "text_as_boolean", "null_section"]);
    assert_eq!(policy_json(&loaded), r#"{"pii": {"enabled": "no"}, "bias": null, "my": 1}"#);
    let lenient = load(&inline(r#"{"pii": {"enabled": "no"}}"#), &options(Validation::Lenient)).unwrap();
    assert_eq!(policy_json(&lenient), r#"{"pii": {"enabled": false}}"#);
}

fn example_bundle() -> (Bundle, BundleKey) {
    let map = |json: &str| parse_json(json).unwrap().as_map().unwrap().clone();
    let key = BundleKey::from_pem(
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n",
    )
    .unwrap();
    let scoped =
        map(r#"{"acme:bot:*:prod": {"pii": {"enabled": true}}, "beta:*:*:*": {"secrets": {"enabled": true}}}"#);
    let identity = Identity {
        bundle_id: "b-7".into(),
        org_id: "acme".into(),
        project_id: "bot".into(),
        environment: "prod".into(),
        ..Default::default()
    };
    let mut bundle = Bundle::create(map(r#"{"toxicity": {"enabled": true}}"#), scoped, &identity);
    bundle.sign(&key);
    (bundle, key)
}

#[test]
fn a_bundle_serves_what_the_runtime_would_look_up() {
    let (bundle, key) = example_bundle();
    let json = python_json(&bundle.to_value(), false);
    let loaded = load(&inline(&json), &LoadOptions::default()).unwrap();
    assert_eq!(policy_json(&loaded), r#"{"pii": {"enabled": true}, "policy_version": "b-7"}"#);
    assert_eq!(loaded.scope.as_deref(), Some("acme:bot:*:prod"));
    assert_eq!((loaded.policy_version.as_deref(), loaded.bundle_id.as_deref()), (Some("b-7"), Some("b-7")));

    let other = LoadOptions { tenant: Some("beta".into()), ..Default::default() };
    let loaded = load(&inline(&json), &other).unwrap();
    assert!(loaded.policy.contains_key("secrets"));
    assert_eq!(codes(&loaded), ["scope_override"]);

    let rules =
        SignatureRules { public_key: Some(key.public_pem()), require_signature: true, require_signature_v2: true };
    assert!(load_bundle(&inline(&json), &rules, &LoadOptions::default()).is_ok());
    let tampered = json.replace("\"org_id\": \"acme\"", "\"org_id\": \"beta\"");
    let e = load_bundle(&inline(&tampered), &rules, &LoadOptions::default()).unwrap_err();
    assert!(e.to_string().contains("`signature_v2` is not the signature"), "{e}");
}

#[test]
fn a_bundle_with_changed_policies_or_without_any_is_refused() {
    let (bundle, _) = example_bundle();
    let json = python_json(&bundle.to_value(), false).replace("toxicity", "bias");
    let e = load(&inline(&json), &LoadOptions::default()).unwrap_err().to_string();
    assert!(e.contains("the content changed after publishing"), "{e}");
    let e = load(&inline(r#"{"version": 1, "policies": {}}"#), &LoadOptions::default()).unwrap_err().to_string();
    assert!(e.contains("no policy at all"), "{e}");
    let plain = load_bundle(&inline("{}"), &SignatureRules::default(), &LoadOptions::default()).unwrap_err();
    assert!(plain.to_string().contains("expected a bundle"), "{plain}");
}

#[test]
fn policies_without_a_version_are_used_with_a_warning() {
    let loaded = load(&inline(r#"{"policies": {"pii": {"enabled": true}}}"#), &LoadOptions::default()).unwrap();
    assert_eq!(policy_json(&loaded), r#"{"pii": {"enabled": true}}"#);
    assert_eq!(codes(&loaded), ["bundle_without_version"]);
}

#[test]
fn errors_name_file_line_and_column() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text, words) in [
        ("a.json", "{\"pii\": {\"enabled\": tru}}", "a.json:1:21: not valid JSON"),
        ("a.yaml", "pii:\n  enabled: [1\n", "a.yaml:2:14: not valid YAML"),
        ("b.yaml", "just text", "b.yaml: found a string, expected an object"),
        ("c.yaml", "default: {pii: {since: 2024-01-01}}", "c.yaml: `pii.since`: 2024-01-01 is a date"),
        ("d.yaml", "default: [1]\ntenants: {}", "d.yaml: `default`: found an array"),
    ] {
        let e = load(&write(dir.path(), name, text), &LoadOptions::default()).unwrap_err().to_string();
        assert!(e.contains(words), "{e}");
    }
    let missing = load(&PolicySource::from_arg("/no/such/policy.json"), &LoadOptions::default()).unwrap_err();
    assert!(missing.to_string().starts_with("/no/such/policy.json: the policy file cannot be read"));
    let both = LoadOptions { scope: Some("a".into()), tenant: Some("b".into()), ..Default::default() };
    assert!(load(&inline("{}"), &both).unwrap_err().to_string().contains("not both"));
}

#[test]
fn an_empty_file_is_an_empty_policy() {
    let dir = tempfile::tempdir().unwrap();
    let loaded = load(&write(dir.path(), "empty.yaml", ""), &LoadOptions::default()).unwrap();
    assert_eq!(loaded.policy, Map::new());
}
