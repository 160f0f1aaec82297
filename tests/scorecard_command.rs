//! `znyx-bench scorecard` as its users meet it, against the reference's own command and in what is ours.

mod common;

use common::{Scene, json};
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::{Value, json};
use znyx_bench::policy::{BundleKey, verify};
use znyx_bench::value::{parse_yaml, python_json};

/// A detector whose fallback decides on every text that the rules find doubtful.
const POLICY: &str = "\
# who owns this: the support team
toxicity:
  action: BLOCK   # the product owner's wish
  strategy: {order: [local_ml], fallback: fail_closed, escalate_when: {deterministic_score_between: [1, 100]}}
  backends:
    local_ml: {model_id: m, revision: '7'}

pii: {enabled: true}   # not measured
";

// A key made for this test; it guards nothing.
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n";

/// 200 samples that the detector gets right.
fn samples() -> String {
    let row = |i: usize| match i % 2 {
        0 => format!("{{\"text\": \"good morning {i}\", \"label\": \"ALLOW\"}}\n"),
        _ => format!("{{\"text\": \"you stupid idiot {i}\", \"label\": \"BLOCK\"}}\n"),
    };
    (0..200).map(row).collect()
}

fn scene() -> Scene {
    let scene = Scene::new();
    scene.file("p.yaml", POLICY);
    scene.file("d.jsonl", samples());
    scene.file("key.pem", PRIVATE);
    scene
}

fn scorecard(scene: &Scene, flags: &[&str]) -> assert_cmd::assert::Assert {
    let given = ["scorecard", "--bundle", "p.yaml", "--detector", "toxicity", "--dataset", "d.jsonl"];
    scene.command(&given).args(flags).assert()
}

fn policy(scene: &Scene, name: &str) -> Value {
    json(&python_json(&parse_yaml(&scene.read(name)).unwrap(), true))
}

/// Predictions in a reliability curve.
fn counted(curve: &Value) -> u64 {
    curve.as_array().unwrap().iter().map(|bin| bin["count"].as_u64().unwrap()).sum()
}

/// Takes out what no two measurements share.
fn without_time(mut value: Value) -> Value {
    match &mut value {
        Value::Object(map) => {
            map.remove("p95_latency_ms");
            map.remove("validated_at");
            map.values_mut().for_each(|v| *v = without_time(v.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|v| *v = without_time(v.take())),
        _ => {}
    }
    value
}

#[test]
fn whole_files_give_what_the_reference_s_command_gives() {
    let vectors = json(include_str!("data/vectors/scorecard_command.json"));
    let cases = vectors["cases"].as_array().unwrap();
    for case in cases {
        let text = |key: &str| case[key].as_str().unwrap();
        let scene = Scene::new();
        scene.file(text("policy_name"), text("policy"));
        scene.file(text("dataset_name"), vectors["datasets"][text("dataset")].as_str().unwrap());
        let mut args = vec!["scorecard", "--bundle", text("policy_name"), "--dataset", text("dataset_name")];
        args.extend(["--out", "out.json"]);
        args.extend(case["args"].as_array().unwrap().iter().map(|a| a.as_str().unwrap()));
        let code = i32::try_from(case["exit"].as_i64().unwrap()).unwrap();
        let note = text("note");
        // Deterministic detectors are measured here, too; the reference knows model-backed ones only.
        scene.command(&args).assert().code(predicate::function(|c: &i32| {
            assert_eq!(*c, code, "{note}");
            true
        }));
        assert_eq!(scene.has("out.json"), case["out"].is_object(), "{note}");
        if case["out"].is_object() {
            let mut out = json(&scene.read("out.json"));
            // The runner's own key, which the reference lacks.
            let curve = out.as_object_mut().unwrap().remove("reliability_curve").unwrap();
            assert_eq!(counted(&curve), out["scorecard"]["sample_count"], "{note}");
            assert_eq!(without_time(out), without_time(case["out"].clone()), "{note}");
        }
        if case["stamped"] == true {
            let after = without_time(policy(&scene, text("policy_name")));
            let expected = without_time(case["policy_after"].clone());
            assert_eq!(after, expected, "{note}");
            assert_eq!(after.to_string(), expected.to_string(), "{note}: the order of keys");
        } else {
            assert_eq!(scene.read(text("policy_name")), text("policy"), "{note}");
        }
    }
    assert_eq!(cases.len(), 38);
}

#[test]
fn the_curve_has_as_many_bins_as_asked_for_and_the_gated_error_ten() {
    let scene = scene();
    let report = |flags: &[&str]| {
        let done = scorecard(&scene, &[&["--format", "json"], flags].concat()).success();
        json(std::str::from_utf8(&done.get_output().stdout).unwrap())
    };
    let (ten, three) = (report(&[]), report(&["--calibration-bins", "3"]));
    assert_eq!(ten["reliability_curve"].as_array().unwrap().len(), 10);
    assert_eq!(three["reliability_curve"].as_array().unwrap().len(), 3);
    assert_eq!(counted(&ten["reliability_curve"]), counted(&three["reliability_curve"]));
    assert_eq!(ten["scorecard"]["ece"], three["scorecard"]["ece"]);
    scorecard(&scene, &["--calibration-bins", "0"]).code(2).stderr(contains("whole number of bins from 1 to 1000"));
}

#[test]
fn a_stamp_keeps_the_file_as_its_author_wrote_it() {
    let scene = scene();
    scorecard(&scene, &["--stamp"]).success().stdout(contains("Stamped into p.yaml: toxicity may enforce"));
    let text = scene.read("p.yaml");
    let (before, after) = POLICY.split_at(POLICY.find("\n\npii").unwrap());
    assert!(
        text.starts_with(&format!("{before}\n  _scorecard_gate:\n    enforcement_passed: true\n  _scorecard:\n")),
        "{text}"
    );
    assert!(text.ends_with(after), "{text}");
    assert_eq!(scene.names(), ["d.jsonl", "key.pem", "p.yaml"]);
    // Once more: the stamp is replaced, not repeated.
    scorecard(&scene, &["--stamp"]).success();
    assert_eq!(scene.read("p.yaml").lines().count(), text.lines().count());
}

#[test]
fn the_engine_honours_the_stamp() {
    let scene = scene();
    scene.file("one.jsonl", r#"{"text": "you stupid idiot", "expected_decision": "BLOCK"}"#);
    let decision = || {
        let args = ["run", "--policy", "p.yaml", "--dataset", "one.jsonl", "--results", "r.jsonl", "--quiet"];
        scene.command(&args).assert().success();
        json(&scene.read("r.jsonl"))["actual_decision"].clone()
    };
    scene.file("p.yaml", POLICY.replace("action:", "enabled: true\n  action:"));
    assert_eq!(decision(), "WARN");
    scorecard(&scene, &["--stamp"]).success();
    assert_eq!(decision(), "BLOCK");
}

#[test]
fn a_signed_stamp_verifies_with_the_public_key() {
    let scene = scene();
    scorecard(&scene, &["--stamp", "--signing-key", "key.pem"]).success();
    let gate = policy(&scene, "p.yaml")["toxicity"]["_scorecard_gate"].clone();
    let keys: Vec<&str> = gate.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["enforcement_passed", "model_version", "validated_at", "sig"]);
    let payload = format!(
        r#"{{"detector":"toxicity","enforcement_passed":true,"model_version":"m@7","validated_at":{}}}"#,
        gate["validated_at"]
    );
    let public = BundleKey::from_pem(PRIVATE).unwrap().public_pem();
    assert!(verify(&public, payload.as_bytes(), gate["sig"].as_str().unwrap()), "{gate}");
}

#[test]
fn a_failing_verdict_is_written_and_told_by_the_exit_code() {
    let scene = scene();
    scene.file(
        "d.jsonl",
        r#"{"text": "good morning", "label": "BLOCK"}
{"text": "you stupid idiot", "label": "ALLOW"}"#,
    );
    scorecard(&scene, &["--stamp"]).code(3).stdout(contains("toxicity only advises"));
    assert_eq!(policy(&scene, "p.yaml")["toxicity"]["_scorecard_gate"], json!({"enforcement_passed": false}));
    // Without a stamp a gate that fails is a finding, not a failure.
    scorecard(&scene, &[]).code(0).stdout(contains("ENFORCEMENT gate: FAIL"));
}

#[test]
fn a_deterministic_detector_gets_a_report_and_no_stamp() {
    let scene = scene();
    let rules_only = POLICY.lines().filter(|l| !l.contains("strategy")).collect::<Vec<_>>().join("\n");
    scene.file("p.yaml", &rules_only);
    let shown = contains("Scorecard of toxicity\n").and(contains("model layer").not());
    scorecard(&scene, &[]).code(0).stdout(shown).stderr("");
    scorecard(&scene, &["--stamp"])
        .code(1)
        .stdout("")
        .stderr(contains("p.yaml: --stamp refused: `toxicity` leans on no model"));
    assert_eq!(scene.read("p.yaml"), rules_only);
}

#[test]
fn json_is_printed_as_it_is_written_and_the_policy_flag_may_be_named_either_way() {
    let scene = scene();
    let args = ["scorecard", "--policy", "p.yaml", "--detector", "toxicity", "--dataset", "d.jsonl"];
    let flags = ["--format", "json", "--out", "o.json", "--category", "finance"];
    let output = scene.command(&args).args(flags).assert().success().get_output().stdout.clone();
    assert_eq!(String::from_utf8(output).unwrap(), scene.read("o.json"));
    let report = json(&scene.read("o.json"));
    let keys: Vec<&str> = report.as_object().unwrap().keys().map(String::as_str).collect();
    // The reference's keys, and then the runner's own.
    assert_eq!(keys, ["detector", "scorecard", "advisory", "enforcement", "reliability_curve"]);
    assert_eq!(report["enforcement"]["gate"]["min_f1"], 0.85);
    assert!(scene.read("o.json").starts_with("{\n  \"detector\": \"toxicity\",\n  \"scorecard\": {\n    \"f1\": 1.0,"));
}

#[test]
fn what_is_wrong_is_named_with_its_place_and_changes_nothing() {
    let refused = |files: &[(&str, &str)], flags: &[&str], expected: &str| {
        let scene = scene();
        for (name, content) in files {
            scene.file(name, content);
        }
        let before = scene.read("p.yaml");
        scorecard(&scene, flags).code(1).stdout("").stderr(contains(expected));
        assert_eq!(scene.read("p.yaml"), before);
        assert!(!scene.has("o.json"), "{flags:?}");
    };
    refused(&[("p.yaml", "a: [\n")], &[], "p.yaml:");
    refused(&[("p.yaml", "bias: {}\n")], &[], "p.yaml: the policy has no section `toxicity`; its sections are bias");
    refused(&[], &["--scope", "tenants.a"], "p.yaml: there is no key `tenants` here");
    refused(&[], &["--dataset", "no.jsonl", "--out", "o.json"], "no.jsonl: the dataset cannot be read");
    refused(&[("d.jsonl", "{\"text\": \"a\"}\n")], &["--out", "o.json"], "d.jsonl:1: row 0: no label");
    refused(&[], &["--stamp", "--signing-key", "no.pem"], "no.pem: the signing key cannot be read");
    refused(&[("key.pem", "x")], &["--stamp", "--signing-key", "key.pem"], "key.pem: no `-----BEGIN PRIVATE KEY-----`");
    refused(&[], &["--out", "p.yaml"], "p.yaml: --out would replace a file that is read");
    refused(&[], &["--bundle", "no.yaml"], "no.yaml: the policy file cannot be read");
}

#[test]
fn the_command_line_itself_ends_with_two() {
    let scene = scene();
    scene.command(&["scorecard", "--bundle", "p.yaml"]).assert().code(2).stderr(contains("--detector"));
    scorecard(&scene, &["--format", "pdf"]).code(2);
}

#[test]
fn samples_that_fail_are_reported_and_do_not_end_the_run() {
    let scene = scene();
    scorecard(&scene, &["--stage", "imput"])
        .code(0)
        .stdout(contains("samples: 200   errors: 200"))
        .stderr(contains("d.jsonl:1: row 0: there is no stage \"imput\"").and(contains("190 more samples")));
}

#[test]
fn a_stage_at_which_the_detector_does_not_run_is_warned_of() {
    let scene = scene();
    scorecard(&scene, &["--stage", "tool"]).code(0).stderr(contains("does not look at").not());
    scene.file("p.yaml", "toxicity: {stages: [output]}\n");
    scorecard(&scene, &[]).code(0).stderr(contains("toxicity does not look at texts of the stage input"));
}

#[test]
fn a_stamp_in_a_published_bundle_warns_that_its_hash_is_now_wrong() {
    let scene = scene();
    let inner = python_json(&parse_yaml(POLICY).unwrap(), true);
    scene.file("p.yaml", format!("{{\"version\": 1, \"policies\": {inner}, \"policy_hash\": \"sha256:0\"}}\n"));
    scorecard(&scene, &["--scope", "policies", "--stamp"]).code(0).stderr(contains("publish it again"));
    assert!(scene.read("p.yaml").ends_with(", \"policy_hash\": \"sha256:0\"}\n"));
}

#[cfg(unix)]
#[test]
fn a_stamped_file_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let scene = scene();
    let path = scene.path().join("p.yaml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    scorecard(&scene, &["--stamp"]).success();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
}
