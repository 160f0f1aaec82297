//! The suites that Znyx users have: a pack's `benchmark_baseline`, and lists of positive and negative samples.

use super::batch::{Batch, Form, RowSpan};
use super::error::DatasetError;
use super::reader::RowSource;
use crate::api::Decision;
use crate::value::{Map, Value, python_json};
use std::sync::Arc;

/// A suite file, its rows made into JSON.
pub(super) struct Suite {
    file: Arc<str>,
    lists: std::vec::IntoIter<List>,
    current: Option<List>,
}

/// Key path of a list, and its rows with their numbers.
type List = (Arc<str>, std::vec::IntoIter<(u64, String)>);

impl Suite {
    /// The suite in a document; none when it is of no known shape.
    pub fn new(file: &Arc<str>, document: &Value, positive: Option<Decision>) -> Option<Self> {
        let mut lists = Vec::new();
        let mut add = |path: &str, items: &[Value], row: &dyn Fn(&Value) -> Value| {
            let rows: Vec<_> = (0..).zip(items).map(|(i, item)| (i, python_json(&row(item), false))).collect();
            lists.push((Arc::from(path), rows.into_iter()));
        };
        let list = |value: Option<&Value>| value.and_then(Value::as_list).map(<[Value]>::to_vec);
        if let Some(items) = document.as_list() {
            add("", items, &Value::clone);
        }
        if let Some(items) = list(document.get("samples")) {
            add("samples", &items, &Value::clone);
        }
        if let Some(items) = list(document.get("benchmark_baseline").and_then(|b| b.get("samples"))) {
            add("benchmark_baseline.samples", &items, &Value::clone);
        }
        if let Some(items) = list(document.get("positive_samples")) {
            add("positive_samples", &items, &|item| labelled(item, Some(positive)));
        }
        if let Some(items) = list(document.get("negative_samples")) {
            add("negative_samples", &items, &|item| labelled(item, None));
        }
        (!lists.is_empty()).then(|| Suite { file: Arc::clone(file), lists: lists.into_iter(), current: None })
    }

    /// The keys under which a document may hold samples, for messages.
    pub const KEYS: &str = "`samples`, `benchmark_baseline.samples`, `positive_samples` or `negative_samples`";
}

impl RowSource for Suite {
    fn fill(&mut self, batch: &mut Batch, first_row: u64) -> Result<(), DatasetError> {
        loop {
            let Some((path, rows)) = &mut self.current else {
                self.current = self.lists.next();
                match self.current {
                    None => {
                        batch.start(&self.file, first_row, Form::Json);
                        return Ok(());
                    }
                    Some(_) => continue,
                }
            };
            batch.start(&self.file, first_row, Form::Items(Arc::clone(path)));
            while !batch.is_full()
                && let Some((index, row)) = rows.next()
            {
                let start = batch.data.len();
                batch.data.extend_from_slice(row.as_bytes());
                batch.rows.push(RowSpan { start, end: batch.data.len(), line: index, column: 0 });
            }
            if batch.is_empty() {
                self.current = None;
                continue;
            }
            return Ok(());
        }
    }
}

/// A sample of a positive list (with the decision asked for) or a negative one, with the label that its list means
/// unless it has its own. On a negative any hit is wrong. On a positive any flag is right: every figure but the accuracy
/// counts it so, and the label is what the detector does unless told otherwise: credentials are blocked, personal data
/// redacted.
fn labelled(item: &Value, positive: Option<Option<Decision>>) -> Value {
    let Value::Map(item) = item else { return item.clone() };
    let mut row = item.clone();
    let identifier = ["identifier_type", "identifier_types"].into_iter().find(|k| item.contains_key(k));
    let kind = match (item.contains_key("vendor"), identifier) {
        (true, _) => Some(("secrets", Decision::Block)),
        (_, Some(_)) => Some(("pii", Decision::Redact)),
        _ => None,
    };
    let (decision, hits) = match positive {
        None => (Decision::Allow, Some(Vec::new())),
        Some(asked) => (
            asked.or(kind.map(|(_, decision)| decision)).unwrap_or(Decision::Block),
            kind.map(|(detector, _)| vec![Value::from(detector)]),
        ),
    };
    if !["expected_decision", "expected", "label"].iter().any(|k| item.contains_key(k)) {
        row.insert("expected_decision", Value::from(decision.name()));
    }
    if let Some(hits) = hits
        && !["expected_rule_hits", "expected_rules"].iter().any(|k| item.contains_key(k))
    {
        row.insert("expected_rule_hits", Value::List(hits));
    }
    let mut metadata = item.get("metadata").and_then(Value::as_map).cloned().unwrap_or_else(Map::new);
    for key in ["vendor", "identifier_type", "identifier_types"] {
        if let Some(value) = item.get(key) {
            metadata.insert(key, value.clone());
        }
    }
    if !metadata.is_empty() && item.get("metadata").is_none_or(|m| m.is_null() || m.as_map().is_some()) {
        row.insert("metadata", Value::Map(metadata));
    }
    Value::Map(row)
}
