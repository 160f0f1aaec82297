//! The reference's metric vectors through the commands, 96 of the 97:
//!
//! * `run`, 69: a dataset and a policy that produce each vector's scores and decisions, and the figures that the summary
//!   then shows, in as many bins as the vector has.
//! * `metrics`, the 6 that no run can have: rows as another system may write them, with fractional scores, scores out of
//!   range, odd words and `NONE`, or no row at all. The others that rows can hold go through it again.
//! * `compare`, 21: stability indices of rows whose scores fill the vector's two histograms, or of two summaries where
//!   these are empty or of different lengths; percentiles of rows with the vector's times.
//!
//! The one that stays with the test of the function is the percentiles of no times: the reference says 0 ms, the commands
//! leave the latency out where nothing was timed, as 0 ms of nothing would pass every gate.

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

fn summary(samples: &[(String, String)], flags: &[String]) -> Value {
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
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    scene.run(&[&["--summary", "s.json", "--quiet", "--no-timing", "--threads", "1"], &flags[..]].concat()).success();
    json(&scene.read("s.json"))["results_summary"].take()
}

/// What `metrics` shows of these rows. Without a decision in them it says so by its exit code.
fn counted(rows: &[Value], flags: &[String]) -> Value {
    let scene = Scene::new();
    scene.file("rows.jsonl", rows.iter().map(|row| row.to_string() + "\n").collect::<String>());
    let evaluated = rows.iter().any(|row| !["ERROR", "NONE"].contains(&row["actual_decision"].as_str().unwrap()));
    let mut command = scene.command(&["metrics", "rows.jsonl", "--format", "json", "--quiet"]);
    let done = command.args(flags).assert().code(if evaluated { 0 } else { 4 });
    json(std::str::from_utf8(&done.get_output().stdout).unwrap())
}

/// The row of another system.
fn row(expected: &str, actual: &str, score: f64) -> Value {
    json!({"expected_decision": expected, "actual_decision": actual, "actual_risk_score": score})
}

/// The vectors of these functions.
fn vectors<'v>(all: &'v Value, functions: &'v [&str]) -> impl Iterator<Item = &'v Value> {
    let wanted = |vector: &&Value| functions.contains(&vector["fn"].as_str().unwrap());
    all["vectors"].as_array().unwrap().iter().filter(wanted)
}

fn all_vectors() -> Value {
    json(include_str!("data/vectors/metrics.json"))
}

/// Where a vector's figure stands in a summary, what its scores are called and what they are multiplied by to be risks.
fn figure_of(function: &str) -> (&'static str, &'static str, f64) {
    match function {
        "roc_auc" => ("auroc", "scores", 1.0),
        "pr_auc" => ("auprc", "scores", 1.0),
        "expected_calibration_error" => ("ece", "probs", 100.0),
        "reliability_curve" => ("reliability_curve", "probs", 100.0),
        "score_histogram" => ("risk_histogram", "scores_0_100", 1.0),
        other => panic!("no figure of scores: {other}"),
    }
}

/// The flag that asks for the vector's number of bins.
fn bin_flags(vector: &Value) -> Vec<String> {
    let flag = if vector["fn"] == "score_histogram" { "--score-bins" } else { "--calibration-bins" };
    vector["args"]["bins"].as_u64().map_or_else(Vec::new, |bins| vec![flag.to_owned(), bins.to_string()])
}

/// The scores as whole risks 0..=100 that stand for exactly these numbers.
fn risks(values: &Value, scale: f64) -> Option<Vec<u64>> {
    let whole = |value: &Value| {
        let score = (value.as_f64()? * scale).round();
        ((0.0..=100.0).contains(&score) && score / scale == value.as_f64()?).then_some(score as u64)
    };
    values.as_array()?.iter().map(whole).collect()
}

/// As many labels as there are scores; a histogram's have none, so any will do.
fn labels(vector: &Value, scores: usize) -> Vec<&'static str> {
    let label = |value: &Value| match value.as_i64() {
        Some(0) => "ALLOW",
        Some(1) => "BLOCK",
        _ => panic!("{vector}"),
    };
    match vector["args"]["labels"].as_array() {
        Some(labels) => labels.iter().map(label).collect(),
        None => vec!["ALLOW"; scores],
    }
}

const OF_SCORES: [&str; 5] =
    ["roc_auc", "pr_auc", "expected_calibration_error", "reliability_curve", "score_histogram"];

#[test]
fn scores_in_a_dataset_give_the_reference_s_figures() {
    let mut checked = 0;
    for vector in vectors(&all_vectors(), &OF_SCORES) {
        let (key, scores, scale) = figure_of(vector["fn"].as_str().unwrap());
        let Some(risks) = risks(&vector["args"][scores], scale) else { continue };
        if key == "risk_histogram" && risks.is_empty() {
            continue;
        }
        let samples: Vec<(String, String)> = (risks.iter().zip(labels(vector, risks.len())))
            .map(|(risk, label)| (format!("risk {risk}"), label.to_owned()))
            .collect();
        assert_eq!(summary(&samples, &bin_flags(vector))[key], vector["result"], "{vector}");
        checked += 1;
    }
    assert_eq!(checked, 18 + 18 + 15 + 5 + 4);
}

#[test]
fn scores_in_rows_of_any_system_give_the_reference_s_figures() {
    let mut checked = 0;
    for vector in vectors(&all_vectors(), &OF_SCORES) {
        let (key, scores, scale) = figure_of(vector["fn"].as_str().unwrap());
        let scores: Vec<f64> =
            vector["args"][scores].as_array().unwrap().iter().map(|n| n.as_f64().unwrap() * scale).collect();
        let labels = labels(vector, scores.len());
        let rows: Vec<Value> = scores.iter().zip(labels).map(|(score, label)| row(label, "WARN", *score)).collect();
        assert_eq!(counted(&rows, &bin_flags(vector))[key], vector["result"], "{vector}");
        checked += 1;
    }
    assert_eq!(checked, 18 + 18 + 15 + 5 + 7);
}

/// (expected, actual, how often) of a confusion.
fn cells(vector: &Value) -> Vec<(String, String, u64)> {
    let mut cells = Vec::new();
    for (expected, row) in vector["args"]["confusion"].as_object().unwrap() {
        let counts = row.as_object().unwrap().iter();
        cells.extend(counts.map(|(actual, n)| (expected.clone(), actual.clone(), n.as_u64().unwrap())));
    }
    cells
}

fn assert_classified(summary: &Value, vector: &Value) {
    for key in ["precision", "recall", "f1", "fp_rate", "binary_confusion"] {
        assert_eq!(summary[key], vector["result"][key], "{key}: {vector}");
    }
}

#[test]
fn decisions_in_a_dataset_give_the_reference_s_classification_figures() {
    let mut checked = 0;
    for vector in vectors(&all_vectors(), &["classification_metrics"]) {
        let cells = cells(vector);
        let is_known = |(expected, actual, _): &(String, String, u64)| {
            ACTIONS.contains(&expected.as_str()) && (ACTIONS.contains(&actual.as_str()) || actual == "ERROR")
        };
        if !cells.iter().all(is_known) {
            continue;
        }
        let samples: Vec<(String, String)> = (cells.iter())
            .flat_map(|(expected, actual, n)| (0..*n).map(move |_| (format!("decide {actual}"), expected.clone())))
            .collect();
        assert_classified(&summary(&samples, &[]), vector);
        checked += 1;
    }
    assert_eq!(checked, 9);
}

#[test]
fn words_in_rows_of_any_system_give_the_reference_s_classification_figures() {
    let mut checked = 0;
    for vector in vectors(&all_vectors(), &["classification_metrics"]) {
        let rows: Vec<Value> = (cells(vector).iter())
            .flat_map(|(expected, actual, n)| (0..*n).map(move |_| row(expected, actual, 0.0)))
            .collect();
        let summary = counted(&rows, &[]);
        assert_classified(&summary, vector);
        for (expected, actual, n) in cells(vector) {
            assert_eq!(summary["confusion"][&expected][&actual], n, "{vector}");
        }
        checked += 1;
    }
    assert_eq!(checked, 12);
}

/// Rows of a run whose histogram of as many bins is this one.
fn rows_that_fill(histogram: &[u64]) -> String {
    let width = 100.0 / histogram.len() as f64;
    let mut rows = String::new();
    for (bin, n) in histogram.iter().enumerate() {
        for _ in 0..*n {
            let id = rows.lines().count();
            let risk = (bin as f64 * width + width / 2.0).floor();
            let row =
                json!({"sample_id": format!("{id}"), "actual_decision": "WARN", "actual_risk_score": risk as u64});
            rows += &(row.to_string() + "\n");
        }
    }
    if rows.is_empty() {
        // A sample that could not be evaluated has no place in a histogram.
        rows = json!({"sample_id": "0", "actual_decision": "ERROR", "actual_risk_score": 0}).to_string() + "\n";
    }
    rows
}

#[test]
fn scores_of_two_runs_give_the_reference_s_stability_index() {
    let mut checked = [0, 0];
    for vector in vectors(&all_vectors(), &["population_stability_index"]) {
        let side = |key: &str| -> Vec<u64> {
            vector["args"][key].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect()
        };
        let (expected, actual) = (side("expected"), side("actual"));
        let scene = Scene::new();
        let by_rows = expected.len() == actual.len() && !expected.is_empty();
        if by_rows {
            scene.file("a", rows_that_fill(&expected));
            scene.file("b", rows_that_fill(&actual));
        } else {
            scene.file("a", json!({"accuracy": null, "risk_histogram": expected}).to_string());
            scene.file("b", json!({"accuracy": null, "risk_histogram": actual}).to_string());
        }
        let bins = expected.len().max(1).to_string();
        let run = scene.command(&["compare", "a", "b", "--format", "json", "--score-bins", &bins]).assert().success();
        let comparison = json(std::str::from_utf8(&run.get_output().stdout).unwrap());
        assert_eq!(comparison["risk_psi"], vector["result"], "{vector}");
        checked[usize::from(by_rows)] += 1;
    }
    assert_eq!(checked, [2, 7]);
}

#[test]
fn times_in_rows_give_the_reference_s_percentiles() {
    let mut checked = 0;
    for vector in vectors(&all_vectors(), &["percentiles"]) {
        let times = vector["args"]["values"].as_array().unwrap();
        let row = |(id, ms): (usize, &Value)| {
            let row = json!({"sample_id": id.to_string(), "input_text": "x", "context": "input",
                "actual_decision": "ALLOW", "actual_risk_score": 0, "actual_rule_hits": [], "latency_ms": ms});
            row.to_string()
        };
        let scene = Scene::new();
        scene.file("rows.jsonl", times.iter().enumerate().map(row).collect::<Vec<_>>().join("\n"));
        let foreign: Vec<Value> = (times.iter())
            .map(|ms| json!({"expected_decision": null, "actual_decision": "ok", "actual_risk_score": null, "latency_ms": ms}))
            .collect();
        let counted = counted(&foreign, &[]);
        if times.is_empty() {
            assert_eq!(counted.get("latency_ms"), None);
            continue;
        }
        let run = scene.command(&["compare", "rows.jsonl", "rows.jsonl", "--format", "json"]).assert().success();
        let comparison = json(&String::from_utf8(run.get_output().stdout.clone()).unwrap());
        for key in ["p50", "p95", "p99"] {
            for summary in [&comparison["b"]["summary"], &counted] {
                let got = summary["latency_ms"][key].as_f64().unwrap_or_else(|| panic!("{summary}"));
                // The command shows microseconds, the vector has one decimal.
                assert!((got - vector["result"][key].as_f64().unwrap()).abs() <= 0.05 + 1e-9, "{key} {got}: {vector}");
            }
        }
        checked += 1;
    }
    assert_eq!(checked, 12);
}
