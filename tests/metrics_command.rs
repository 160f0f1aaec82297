//! The reference's metric vectors through the commands: a dataset and a policy that produce each vector's scores and
//! decisions, and the figures that the summary then shows; for percentiles, rows with the vector's times.
//!
//! Left to the tests of the functions: what no command shows (stability index, reliability curve, other numbers of
//! bins), and labels and decisions that no run can have.

mod common;

use common::{Scene, json};
use serde_json::{Value, json};

const ACTIONS: [&str; 5] = ["ALLOW", "WARN", "TRANSFORM", "REDACT", "BLOCK"];

/// A policy that gives the text `risk 37` the risk 37 and the text `decide BLOCK` the decision BLOCK.
fn policy() -> Value {
    let rule = |pattern: String, score: u64| json!({"id": "test.rule", "pattern": pattern, "score": score});
    let scores: Vec<Value> = (0..=100).map(|score| rule(format!("^risk {score}$"), score)).collect();
    let entry =
        |action: &str, rules: Vec<Value>| json!({"name": "regex", "config": {"action": action, "rules": rules}});
    let mut entries = vec![entry("ALLOW", scores)];
    entries.extend(ACTIONS.map(|action| entry(action, vec![rule(format!("^decide {action}$"), 1)])));
    json!({ "custom_detectors": entries })
}

fn summary(samples: &[(String, String)]) -> Value {
    let scene = Scene::new();
    scene.file("policy.json", policy().to_string());
    let row = |(text, label): &(String, String)| match text.as_str() {
        // A hook that looks at no text is an ERROR row.
        "decide ERROR" => json!({"input_text": text, "expected_decision": label, "context": "policy_publish"}),
        _ => json!({"input_text": text, "expected_decision": label}),
    };
    let mut rows: Vec<String> = samples.iter().map(|sample| row(sample).to_string()).collect();
    if samples.is_empty() {
        // A run needs a sample; without a label it counts in none of these figures.
        rows.push(json!({"input_text": "risk 0"}).to_string());
    }
    scene.file("d.jsonl", rows.join("\n"));
    scene.run(&["--summary", "s.json", "--quiet", "--no-timing", "--threads", "1"]).success();
    json(&scene.read("s.json"))
}

fn figures(document: &Value) -> &Value {
    if document["results_summary"].is_object() { &document["results_summary"] } else { document }
}

/// The scores as whole risks 0..=100 that stand for exactly these numbers.
fn risks(values: &Value, scale: f64) -> Option<Vec<u64>> {
    let whole = |value: &Value| {
        let score = (value.as_f64()? * scale).round();
        ((0.0..=100.0).contains(&score) && score / scale == value.as_f64()?).then_some(score as u64)
    };
    values.as_array()?.iter().map(whole).collect()
}

fn labels(values: &Value) -> Option<Vec<&'static str>> {
    let label = |value: &Value| match value.as_i64()? {
        0 => Some("ALLOW"),
        1 => Some("BLOCK"),
        _ => None,
    };
    values.as_array()?.iter().map(label).collect()
}

#[test]
fn scores_in_a_dataset_give_the_reference_s_auroc_auprc_and_ece() {
    let vectors = json(include_str!("data/vectors/metrics.json"));
    let mut checked = 0;
    for vector in vectors["vectors"].as_array().unwrap() {
        let args = &vector["args"];
        let (key, scores, scale) = match vector["fn"].as_str().unwrap() {
            "roc_auc" => ("auroc", &args["scores"], 1.0),
            "pr_auc" => ("auprc", &args["scores"], 1.0),
            "expected_calibration_error" if args["bins"].is_null() => ("ece", &args["probs"], 100.0),
            _ => continue,
        };
        let (Some(risks), Some(labels)) = (risks(scores, scale), labels(&args["labels"])) else { continue };
        let samples: Vec<(String, String)> =
            risks.iter().zip(labels).map(|(risk, label)| (format!("risk {risk}"), label.to_owned())).collect();
        assert_eq!(figures(&summary(&samples))[key], vector["result"], "{vector}");
        checked += 1;
    }
    assert_eq!(checked, 18 + 18 + 13);
}

#[test]
fn decisions_in_a_dataset_give_the_reference_s_classification_figures() {
    let vectors = json(include_str!("data/vectors/metrics.json"));
    let mut checked = 0;
    for vector in vectors["vectors"].as_array().unwrap().iter().filter(|v| v["fn"] == "classification_metrics") {
        let mut samples = Vec::new();
        let mut possible = true;
        for (expected, row) in vector["args"]["confusion"].as_object().unwrap() {
            for (actual, count) in row.as_object().unwrap() {
                possible &= ACTIONS.contains(&expected.as_str());
                possible &= ACTIONS.contains(&actual.as_str()) || actual == "ERROR";
                let count = count.as_u64().unwrap_or(0);
                possible &= count <= 500;
                samples.extend((0..count.min(500)).map(|_| (format!("decide {actual}"), expected.clone())));
            }
        }
        if !possible {
            continue;
        }
        let summary = summary(&samples);
        for key in ["precision", "recall", "f1", "fp_rate"] {
            assert_eq!(figures(&summary)[key], vector["result"][key], "{key}: {vector}");
        }
        assert_eq!(figures(&summary)["binary_confusion"], vector["result"]["binary_confusion"], "{vector}");
        checked += 1;
    }
    assert_eq!(checked, 9);
}

#[test]
fn risks_in_a_dataset_give_the_reference_s_histogram() {
    let vectors = json(include_str!("data/vectors/metrics.json"));
    let mut checked = 0;
    for vector in vectors["vectors"].as_array().unwrap().iter().filter(|v| v["fn"] == "score_histogram") {
        let scores = &vector["args"]["scores_0_100"];
        let Some(risks) = risks(scores, 1.0).filter(|r| !r.is_empty() && vector["args"]["bins"].is_null()) else {
            continue;
        };
        let samples: Vec<(String, String)> =
            risks.iter().map(|risk| (format!("risk {risk}"), "ALLOW".to_owned())).collect();
        assert_eq!(figures(&summary(&samples))["risk_histogram"], vector["result"], "{vector}");
        checked += 1;
    }
    assert_eq!(checked, 1);
}

#[test]
fn times_in_rows_give_the_reference_s_percentiles() {
    let vectors = json(include_str!("data/vectors/metrics.json"));
    let mut checked = 0;
    for vector in vectors["vectors"].as_array().unwrap().iter().filter(|v| v["fn"] == "percentiles") {
        let times = vector["args"]["values"].as_array().unwrap();
        let row = |(id, ms): (usize, &Value)| {
            let row = json!({"sample_id": id.to_string(), "input_text": "x", "context": "input",
                "actual_decision": "ALLOW", "actual_risk_score": 0, "actual_rule_hits": [], "latency_ms": ms});
            row.to_string()
        };
        if times.is_empty() {
            continue;
        }
        let scene = Scene::new();
        scene.file("rows.jsonl", times.iter().enumerate().map(row).collect::<Vec<_>>().join("\n"));
        let run = scene.command(&["compare", "rows.jsonl", "rows.jsonl", "--format", "json"]).assert().success();
        let comparison = json(&String::from_utf8(run.get_output().stdout.clone()).unwrap());
        for key in ["p50", "p95", "p99"] {
            let got = comparison["b"]["summary"]["latency_ms"][key].as_f64().unwrap_or_else(|| panic!("{comparison}"));
            // The command shows microseconds, the vector has one decimal.
            assert!((got - vector["result"][key].as_f64().unwrap()).abs() <= 0.05 + 1e-9, "{key} {got}: {vector}");
        }
        checked += 1;
    }
    assert_eq!(checked, 12);
}
