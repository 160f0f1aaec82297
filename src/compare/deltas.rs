//! Differences of figures.

use crate::metrics::round_to;
use serde_json::{Map, Number, Value};

/// Figures whose difference says nothing: bounds of intervals do not subtract.
const SKIPPED: [&str; 1] = ["intervals"];

/// b minus a of every number, in the shape of the figures, with `_delta` after each number's key. Entries of lists are
/// told apart by their id or name. A count that one side lacks is 0 there; any other figure that a side lacks, or has
/// as null, has a null delta.
pub(super) fn deltas(a: &Value, b: &Value) -> Value {
    let empty = Map::new();
    Value::Object(object_deltas(a.as_object().unwrap_or(&empty), b.as_object().unwrap_or(&empty)))
}

fn object_deltas(a: &Map<String, Value>, b: &Map<String, Value>) -> Map<String, Value> {
    let mut found = Map::new();
    let of_b_alone = b.keys().filter(|key| !a.contains_key(*key));
    for key in a.keys().chain(of_b_alone) {
        if SKIPPED.contains(&key.as_str()) {
            continue;
        }
        if let Some((suffix, delta)) = delta(a.get(key), b.get(key)) {
            found.insert(format!("{key}{suffix}"), delta);
        }
    }
    found
}

/// The delta of two values and what to put behind their key; none where neither holds a number.
fn delta(a: Option<&Value>, b: Option<&Value>) -> Option<(&'static str, Value)> {
    let empty = Map::new();
    match (a, b) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => Some(("", Value::Object(object_deltas(a, b)))),
        (Some(Value::Object(a)), _) => Some(("", Value::Object(object_deltas(a, &empty)))),
        (_, Some(Value::Object(b))) => Some(("", Value::Object(object_deltas(&empty, b)))),
        (Some(Value::Array(a)), Some(Value::Array(b))) => list_delta(a, b),
        (Some(Value::Array(a)), None) => list_delta(a, &[]),
        (None, Some(Value::Array(b))) => list_delta(&[], b),
        (Some(Value::Number(a)), Some(Value::Number(b))) => Some(("_delta", difference(a, b))),
        (Some(Value::Number(a)), None) => {
            Some(("_delta", a.as_u64().map_or(Value::Null, |n| difference(&n.into(), &0.into()))))
        }
        (None, Some(Value::Number(b))) => {
            Some(("_delta", b.as_u64().map_or(Value::Null, |n| difference(&0.into(), &n.into()))))
        }
        (Some(Value::Number(_) | Value::Null), Some(Value::Number(_) | Value::Null)) => Some(("_delta", Value::Null)),
        (Some(Value::Null), None) | (None, Some(Value::Null)) => Some(("_delta", Value::Null)),
        _ => None,
    }
}

fn list_delta(a: &[Value], b: &[Value]) -> Option<(&'static str, Value)> {
    let named = |list: &[Value]| -> Option<Map<String, Value>> {
        list.iter().map(|entry| Some((entry_name(entry)?.to_owned(), entry.clone()))).collect()
    };
    if let (Some(a), Some(b)) = (named(a), named(b)) {
        return Some(("", Value::Object(object_deltas(&a, &b))));
    }
    let numbers = |list: &[Value]| list.iter().all(Value::is_number);
    if a.len() == b.len() && numbers(a) && numbers(b) {
        let differences = a.iter().zip(b).filter_map(|(a, b)| delta(Some(a), Some(b)).map(|(_, d)| d));
        return Some(("_delta", differences.collect()));
    }
    None
}

fn entry_name(entry: &Value) -> Option<&str> {
    ["id", "name"].into_iter().find_map(|key| entry.get(key)).and_then(Value::as_str)
}

fn difference(a: &Number, b: &Number) -> Value {
    if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
        return b.checked_sub(a).map_or(Value::Null, Value::from);
    }
    let float = |n: &Number| n.as_f64().unwrap_or(f64::NAN);
    // The figures have at most six decimals, so what lies behind them in the difference is noise.
    Number::from_f64(round_to(float(b) - float(a), 6)).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_become_differences_in_the_same_shape() {
        let a = json!({"accuracy": 0.1, "total": 3, "decisions": {"BLOCK": 1}, "intervals": {"accuracy": [0.0, 1.0]},
            "risk_histogram": [1, 2], "rules": [{"id": "a.x", "hits": 2}], "name": "p"});
        let b = json!({"accuracy": 0.3, "total": 5, "decisions": {"BLOCK": 4}, "intervals": {"accuracy": [0.0, 1.0]},
            "risk_histogram": [3, 1], "rules": [{"id": "b.y", "hits": 7}], "name": "q"});
        assert_eq!(
            deltas(&a, &b),
            json!({"accuracy_delta": 0.2, "total_delta": 2, "decisions": {"BLOCK_delta": 3},
                "risk_histogram_delta": [2, -1], "rules": {"a.x": {"hits_delta": -2}, "b.y": {"hits_delta": 7}}})
        );
    }

    #[test]
    fn an_undefined_figure_has_an_undefined_delta() {
        let a = json!({"recall": null, "f1": 0.5, "auroc": null});
        let b = json!({"recall": 0.5, "f1": null, "auroc": null, "ece": 0.1});
        assert_eq!(
            deltas(&a, &b),
            json!({"recall_delta": null, "f1_delta": null, "auroc_delta": null, "ece_delta": null})
        );
    }

    #[test]
    fn a_group_of_one_side_counts_from_nothing() {
        let a = json!({"by": {"context": {"input": {"total": 2, "recall": 0.5}}}});
        let b = json!({"by": {"context": {"output": {"total": 3, "recall": 0.5}}}});
        assert_eq!(
            deltas(&a, &b)["by"]["context"],
            json!({"input": {"total_delta": -2, "recall_delta": null}, "output": {"total_delta": 3, "recall_delta": null}})
        );
    }
}
