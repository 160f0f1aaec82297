//! Policies that name models, run without any: what the summary and the reports say about it.

mod common;

use common::{Scene, json};
use serde_json::{Value, json};

const POLICY: &str = r#"{
    "toxicity": {"enabled": true, "action": "BLOCK", "strategy": {"order": ["local_ml"], "fallback": "fail_closed",
        "escalate_when": {"deterministic_score_between": [1, 100]}}},
    "jailbreak": {"enabled": true, "strategy": {"order": ["remote_llm"]},
        "backends": {"remote_llm": {"endpoint_url": "https://models.example/"}}},
    "exfiltration": {"enabled": true}
}"#;
const SAMPLES: &str = r#"{"input_text":"you stupid idiot","expected_decision":"BLOCK"}
{"input_text":"good morning","expected_decision":"ALLOW"}
{"input_text":"what a lovely garden"}
"#;

fn scene(policy: &str) -> Scene {
    let scene = Scene::new();
    scene.file("d.jsonl", SAMPLES);
    scene.file("policy.json", policy);
    scene
}

fn printed(scene: &Scene, flags: &[&str]) -> String {
    String::from_utf8(scene.run(flags).success().get_output().stdout.clone()).unwrap()
}

fn modes(scene: &Scene, flags: &[&str]) -> Value {
    json(&printed(scene, &[&["--summary", "-", "--no-timing"], flags].concat()))["results_summary"]["execution_modes"]
        .take()
}

#[test]
fn the_summary_counts_modes_and_fallbacks_of_each_detector() {
    let scene = scene(POLICY);
    let expected = json!([
        {"name": "toxicity", "fell_back": 1, "advisory": true, "modes": [
            {"name": "local_deterministic", "samples": 2},
            {"name": "local_ml", "samples": 1, "fallback_paths": {"fail_closed:local_ml": 1}}]},
        {"name": "jailbreak", "fell_back": 3, "advisory": true, "modes": [
            {"name": "local_deterministic", "samples": 3, "fallback_paths": {"egress_audit_unconfigured": 3}}]},
        {"name": "exfiltration", "fell_back": 0, "advisory": false, "modes": [
            {"name": "local_deterministic", "samples": 3}]},
    ]);
    let by_key = |mut list: Value| {
        list.as_array_mut().unwrap().sort_by_key(|d| d["name"].to_string());
        list
    };
    assert_eq!(by_key(modes(&scene, &[])), by_key(expected));
    assert!(modes(&scene, &["--certify"]).as_array().unwrap().iter().all(|d| d["advisory"] == false));
}

#[test]
fn reports_say_first_that_nothing_was_sent_and_then_what_decided() {
    let scene = scene(POLICY);
    for (format, lines) in [
        (
            "table",
            [
                "toxicity 1 of 3 fail_closed in place of local_ml: BLOCK",
                "jailbreak 3 its rules in place of a model (egress_audit_unconfigured)",
            ],
        ),
        (
            "markdown",
            [
                "| `toxicity` | 1 of 3 | fail\\_closed in place of local\\_ml\\: BLOCK |",
                "| `jailbreak` | 3 | its rules in place of a model (egress\\_audit\\_unconfigured) |",
            ],
        ),
    ] {
        // Widths of columns are no matter here.
        let text =
            printed(&scene, &["--format", format]).split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
        let at = |line: &str| text.find(line).unwrap_or_else(|| panic!("{line}\n{text}"));
        let first = at("No model was asked and nothing was sent anywhere.");
        assert!(lines.iter().all(|line| at(line) > first), "{text}");
        assert!(text.contains("BLOCK and REDACT count as WARN"), "{text}");
    }
}

#[test]
fn a_policy_without_models_says_nothing_of_them() {
    let scene = scene(common::POLICY);
    for format in ["table", "markdown"] {
        let text = printed(&scene, &["--format", format]);
        assert!(!text.contains("model"), "{text}");
    }
}

#[test]
fn gates_reach_the_modes() {
    let scene = scene(POLICY);
    scene.run(&["--quiet", "--fail-on", "execution_modes.toxicity.modes.local_ml.samples > 1"]).code(0);
    scene.run(&["--quiet", "--fail-on", "execution_modes.toxicity.modes.local_ml.samples > 0"]).code(1);
    scene.run(&["--quiet", "--fail-on", "execution_modes.exfiltration.fell_back > 0"]).code(0);
    scene.run(&["--quiet", "--fail-on", "execution_modes.jailbreak.fell_back > 2"]).code(1);
}
