//! Quality scores of a run: in the rows, as distributions in the summary and the reports, and in gates.

mod common;

use common::{Scene, json, lines};
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::{Value, json};

const POLICY: &str = r#"{"quality_scoring": {"enabled": true, "metrics": ["groundedness", "fluency"],
    "weights": {"groundedness": 3, "fluency": 1}}}"#;

/// Outputs of which 4, 3, 2, 1 and 0 of four sentences are in the source, each in faultless prose.
fn dataset() -> String {
    let known = ["The invoice falls due on Friday.", "Our shop opens at nine every morning."];
    let source = format!("{} {} The warranty lasts two years. Parcels leave within a day.", known[0], known[1]);
    let facts = [known[0], known[1], "The warranty lasts two years.", "Parcels leave within a day."];
    let fiction = [
        "Bananas like humid valleys.",
        "Quiet rivers freeze slowly.",
        "Violins need rosin.",
        "Owls hunt mice nightly.",
    ];
    let row = |grounded: usize| {
        let text = [&facts[..grounded], &fiction[grounded..]].concat().join(" ");
        let metadata = json!({"original_input": "Tell me about the shop.", "source_context": source});
        json!({"input_text": text, "context": "output", "expected_decision": "ALLOW", "metadata": metadata}).to_string()
    };
    let mut rows: Vec<String> = (0..=4).rev().map(row).collect();
    rows.push(r#"{"input_text": "hello", "context": "input"}"#.to_owned());
    rows.join("\n")
}

fn scene() -> Scene {
    let scene = Scene::new();
    scene.file("policy.json", POLICY);
    scene.file("d.jsonl", dataset());
    scene
}

#[test]
fn rows_have_scores_and_the_summary_their_distribution() {
    let scene = scene();
    scene.run(&["--quiet", "--results", "r.jsonl", "--summary", "s.json", "--threads", "2"]).success();
    let rows = lines(&scene.read("r.jsonl"));
    let of = |row: &Value, i: usize| row["quality"]["scores"][i]["score"].as_f64().unwrap();
    let grounded: Vec<f64> = rows[..5].iter().map(|row| of(row, 0)).collect();
    assert_eq!(grounded, [1.0, 0.75, 0.5, 0.25, 0.0]);
    let sub_scores = json!({"grounded_sentences": 3.0, "total_sentences": 4.0});
    assert_eq!(rows[1]["quality"]["scores"][0]["sub_scores"], sub_scores);
    assert_eq!(rows[5]["quality"], Value::Null, "only outputs are scored");

    let quality = json(&scene.read("s.json"))["results_summary"]["quality"].take();
    let expected = json!({"count": 5, "mean": 0.5, "p10": 0.1, "p50": 0.5, "p90": 0.9, "min": 0.0, "max": 1.0});
    assert_eq!(quality["groundedness"], expected);
    let keys: Vec<&str> = quality.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["overall", "groundedness", "fluency"]);
    // The weighted mean of both, row by row, and then over the rows.
    let overall: Vec<f64> = rows[..5].iter().map(|row| (of(row, 0) * 3.0 + of(row, 1)) / 4.0).collect();
    let mean = overall.iter().sum::<f64>() / 5.0;
    assert!((quality["overall"]["mean"].as_f64().unwrap() - mean).abs() < 0.001, "{quality}: {mean}");
    let lowest = overall.iter().copied().fold(1.0, f64::min);
    assert!((quality["overall"]["min"].as_f64().unwrap() - lowest).abs() < 0.001, "{quality}: {lowest}");
}

#[test]
fn gates_stand_on_the_distribution() {
    let scene = scene();
    for (gate, code) in [
        ("quality.groundedness.mean < 0.5", 0),
        ("quality.groundedness.mean < 0.501", 1),
        ("quality.groundedness.p10 < 0.1", 0),
        ("quality.groundedness.p10 <= 0.1", 1),
        ("quality.groundedness.min < 0.25 and quality.overall.max <= 1", 1),
        ("quality.fluency.count != 5", 0),
        ("quality.relevance.mean < 0.5", 2),
        ("quality.groundedness.p11 < 0.5", 2),
    ] {
        scene.run(&["--quiet", "--fail-on", gate]).code(code);
    }
}

#[test]
fn reports_show_mean_lowest_and_median() {
    let scene = scene();
    for format in ["table", "markdown"] {
        let shown = contains("quality: groundedness").and(contains("lowest 0.000, median 0.500"));
        scene.run(&["--format", format]).success().stdout(shown);
    }
}
