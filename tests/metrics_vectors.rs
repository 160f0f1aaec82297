//! The reference's metric results, recomputed.

use serde_json::Value;
use znyx_bench::metrics::{
    CALIBRATION_BINS, LabelConfusion, SCORE_BINS, classification_metrics, expected_calibration_error, percentiles,
    population_stability_index, pr_auc, reliability_curve, roc_auc, score_histogram,
};

fn numbers(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect()
}

fn counts(v: &Value) -> Vec<u64> {
    v.as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect()
}

fn labels(v: &Value) -> Vec<bool> {
    numbers(v).into_iter().map(|n| n == 1.0).collect()
}

fn compute(function: &str, args: &Value) -> Value {
    let bins = |default| args["bins"].as_u64().map_or(default, |n| n as usize);
    let to_value = |v: Option<f64>| serde_json::to_value(v).unwrap();
    match function {
        "roc_auc" => to_value(roc_auc(&numbers(&args["scores"]), &labels(&args["labels"]))),
        "pr_auc" => to_value(pr_auc(&numbers(&args["scores"]), &labels(&args["labels"]))),
        "expected_calibration_error" => to_value(expected_calibration_error(
            &numbers(&args["probs"]),
            &labels(&args["labels"]),
            bins(CALIBRATION_BINS),
        )),
        "reliability_curve" => serde_json::to_value(reliability_curve(
            &numbers(&args["probs"]),
            &labels(&args["labels"]),
            bins(CALIBRATION_BINS),
        ))
        .unwrap(),
        "score_histogram" => {
            serde_json::to_value(score_histogram(&numbers(&args["scores_0_100"]), bins(SCORE_BINS))).unwrap()
        }
        "population_stability_index" => {
            to_value(population_stability_index(&counts(&args["expected"]), &counts(&args["actual"])))
        }
        "percentiles" => serde_json::to_value(percentiles(&numbers(&args["values"]))).unwrap(),
        "classification_metrics" => {
            let confusion: LabelConfusion = serde_json::from_value(args["confusion"].clone()).unwrap();
            serde_json::to_value(classification_metrics(&confusion)).unwrap()
        }
        other => panic!("no such function: {other}"),
    }
}

#[test]
fn every_metric_equals_the_reference() {
    let file: Value = serde_json::from_str(include_str!("data/vectors/metrics.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    let wrong: Vec<String> = vectors
        .iter()
        .filter_map(|v| {
            let got = compute(v["fn"].as_str().unwrap(), &v["args"]);
            (got != v["result"]).then(|| format!("{}: {} gives {got}, not {}", v["fn"], v["args"], v["result"]))
        })
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(vectors.len(), 97);
}
