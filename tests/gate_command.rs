//! The reference's gate vectors through `znyx-bench scorecard --judge`, and what is ours of that command.

mod common;

use common::{Scene, json};
use predicates::str::contains;
use serde_json::{Value, json};

const NOW: &str = "2026-06-01T00:00:00Z";

fn card() -> Value {
    json!({
        "f1": 0.9, "auroc": 0.95, "ece": 0.05, "fp_rate": 0.01, "p95_latency_ms": 200, "category": null,
        "per_language": {"en": {"samples": 150}}, "validated_at": "2026-01-01T00:00:00+00:00",
    })
}

fn scene(card: &Value) -> Scene {
    let scene = Scene::new();
    scene.file("card.json", card.to_string());
    scene
}

fn verdicts(scene: &Scene, flags: &[&str]) -> Value {
    let run = scene.command(&["scorecard", "--judge", "card.json", "--format", "json"]).args(flags).assert().success();
    json(&String::from_utf8(run.get_output().stdout.clone()).unwrap())
}

#[test]
fn every_gate_vector_gets_the_reference_s_verdict() {
    let vectors = json(include_str!("data/vectors/gate.json"));
    let cases = vectors["gate"].as_array().unwrap();
    for case in cases {
        let (note, tier) = (&case["note"], case["tier"].as_str().unwrap());
        let scene = scene(&case["scorecard"]);
        let mut command = scene.command(&["scorecard", "--judge", "card.json", "--format", "json", "--tier", tier]);
        command.args(["--now", case["now"].as_str().unwrap()]);
        if let Some(category) = case["category"].as_str() {
            command.args(["--category", category]);
        }
        let run = command.assert();
        let expected = &case["result"];
        if expected["error"].is_string() {
            // A tier that does not exist is a wrong command line; a value of the wrong kind is a wrong file.
            run.code(if tier == "gold" { 2 } else { 1 }).stdout("");
            continue;
        }
        let run = run.code(if expected["passed"] == true { 0 } else { 3 });
        let mut got = json(&String::from_utf8(run.get_output().stdout.clone()).unwrap())[tier].take();
        // 1000 and 1000.0 are the same bound; the failures are compared to the letter.
        for (key, bound) in expected["gate"].as_object().unwrap() {
            assert_eq!(got["gate"][key].as_f64(), bound.as_f64(), "{note}");
        }
        got["gate"] = expected["gate"].clone();
        assert_eq!(got, *expected, "{note}");
    }
    assert_eq!(cases.len(), 123);
}

#[test]
fn a_validation_grows_old() {
    let scene = scene(&card());
    let age = |flags: &[&str]| verdicts(&scene, flags)["enforcement"]["failures"].clone();
    assert_eq!(age(&["--now", "2026-06-01"]), json!([]));
    let old = json!([{"metric": "validation_age_days", "required": 180, "actual": 181.0, "op": "0<=age<=max"}]);
    assert_eq!(age(&["--now", "2026-07-01"]), old);
    let judge = |seconds: &str, code: i32| {
        let args = ["scorecard", "--judge", "card.json", "--tier", "enforcement"];
        scene.command(&args).env("SOURCE_DATE_EPOCH", seconds).assert().code(code)
    };
    judge("1782864000", 3).stdout(contains("validation_age_days: is 181.0000, must be 0<=age<=max 180"));
    judge("1780272000", 0).stdout(contains("ENFORCEMENT gate: PASS"));
    judge("yesterday", 1).stderr(contains("SOURCE_DATE_EPOCH is \"yesterday\", expected seconds since 1970"));
    // What the command line says outweighs the environment.
    let args = ["scorecard", "--judge", "card.json", "--tier", "enforcement", "--now", NOW];
    scene.command(&args).env("SOURCE_DATE_EPOCH", "1782864000").assert().code(0);
}

#[test]
fn a_whole_report_is_judged_in_the_category_it_was_made_for() {
    let mut healthcare = card();
    healthcare["category"] = "healthcare".into();
    healthcare["f1"] = 0.85.into();
    let scene = scene(&json!({"detector": "toxicity", "scorecard": healthcare, "advisory": {}, "enforcement": {}}));
    let failed = |flags: &[&str]| verdicts(&scene, flags)["advisory"]["failures"][0]["required"].clone();
    assert_eq!(failed(&["--now", NOW]), 0.88);
    assert_eq!(failed(&["--now", NOW, "--category", "retail"]), Value::Null);
}

#[test]
fn what_is_no_scorecard_is_explained() {
    let scene = Scene::new();
    let judge = |text: &str| {
        scene.file("card.json", text);
        scene.command(&["scorecard", "--judge", "card.json"]).assert().code(1)
    };
    judge("[1]").stderr(contains("card.json: expected a scorecard, which is an object"));
    judge("{\n \"f1\": }").stderr(contains("card.json:2:8: this is no JSON"));
    judge(r#"{"validated_at": 5}"#).stderr(contains("validated_at is 5; expected an ISO 8601 time as text"));
    scene.file("card.json", card().to_string());
    let judge = |flags: &[&str]| scene.command(&["scorecard", "--judge", "card.json"]).args(flags).assert();
    judge(&["--now", "noon"]).code(2).stderr(contains("expected an ISO 8601 time"));
    judge(&["--stamp"]).code(2).stderr(contains("cannot be used with"));
    judge(&["--out", "card.json"]).code(1).stderr(contains("would replace a file that is read"));
    scene.command(&["scorecard", "--judge", "none.json"]).assert().code(1).stderr(contains("cannot be read"));
    scene.command(&["scorecard", "--detector", "pii"]).assert().code(2).stderr(contains("--bundle"));
}

#[test]
fn a_measurement_carries_the_moment_that_is_given() {
    let scene = Scene::new();
    scene.file("p.yaml", "pii: {}\n");
    scene.file("d.jsonl", "{\"text\": \"good morning\", \"label\": \"ALLOW\"}\n");
    let args = ["scorecard", "--bundle", "p.yaml", "--detector", "pii", "--dataset", "d.jsonl", "--format", "json"];
    let at = |command: &mut assert_cmd::Command| {
        let output = command.assert().success().get_output().stdout.clone();
        json(&String::from_utf8(output).unwrap())["scorecard"]["validated_at"].clone()
    };
    assert_eq!(at(scene.command(&args).args(["--now", NOW])), "2026-06-01T00:00:00+00:00");
    assert_eq!(at(scene.command(&args).env("SOURCE_DATE_EPOCH", "0")), "1970-01-01T00:00:00+00:00");
}
