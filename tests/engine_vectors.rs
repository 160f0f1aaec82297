//! What the reference engine answered in certification mode, to typed stage requests and to tool calls is reproduced
//! exactly.

use std::io::Write as _;
use znyx_bench::api::Stage;
use znyx_bench::dataset::{Batch, Context, DatasetOptions, Reader, RowReader, Subject};
use znyx_bench::engine::{Engine, EngineOptions, EvalError, Identity, Metadata, Request, Response};
use znyx_bench::value::{Map, Value, parse_json, python_json};

fn vectors(file: &str) -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/vectors").join(file);
    parse_json(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

fn engine(case: &Value, certify: bool) -> Engine {
    let policy = case.get("policy").and_then(Value::as_map).unwrap();
    Engine::compile(policy, EngineOptions { certify, ..EngineOptions::default() })
}

/// A verdict in the vectors' own form.
fn shown(response: &Result<Response, EvalError>) -> Map {
    let mut shown = Map::new();
    match response {
        Err(_) => {
            shown.insert("error", Value::Bool(true));
        }
        Ok(response) => {
            shown.insert("decision", Value::from(response.decision.name()));
            shown.insert("risk_score", Value::Int(response.risk_score.into()));
            shown.insert("rule_ids", Value::List(response.hits().map(|h| Value::from(h.id.as_str())).collect()));
            shown.insert("sanitized_text", response.sanitized_text.as_deref().map_or(Value::Null, Value::from));
            let rows = response.detectors.iter().map(|d| Value::from(&*d.name));
            shown.insert("detectors", Value::List(rows.collect()));
        }
    }
    shown
}

fn assert_verdict(case: &Value, response: &Result<Response, EvalError>) {
    let id = text(case, "id").unwrap_or("");
    let expect = case.get("expect").unwrap();
    let shown = shown(response);
    if expect.get("error").is_some() {
        assert!(response.is_err(), "{id}: {shown:?}");
        return;
    }
    for (key, got) in shown.text_entries() {
        let names = |v: &Value| {
            v.as_list()
                .map(|l| l.iter().map(|d| text(d, "name").or(d.as_str()).unwrap_or("").to_owned()).collect::<Vec<_>>())
        };
        let want = expect.get(key).unwrap_or_else(|| panic!("{id}: no {key} expected, got {got:?}"));
        if key == "detectors" {
            assert_eq!(names(want), names(got), "{id}");
        } else {
            assert_eq!(want, got, "{id}: {key}");
        }
    }
}

#[test]
fn certification_records_what_uncertified_detectors_would_enforce() {
    let vectors = vectors("certify.json");
    let mut compared = 0;
    for case in vectors.get("cases").and_then(Value::as_list).unwrap() {
        let engine = engine(case, case.get("certify") == Some(&Value::Bool(true)));
        compared += 1;
        let stage = text(case, "context").and_then(Stage::from_name).unwrap();
        let response = engine.evaluate(&Request::new(text(case, "text").unwrap(), stage));
        assert_verdict(case, &response);
        let rows = case.get("expect").and_then(|e| e.get("detectors")).and_then(Value::as_list).unwrap();
        for (want, got) in rows.iter().zip(&response.unwrap().detectors) {
            let id = text(case, "id").unwrap();
            assert_eq!(text(want, "decision"), got.finding.decision.map(znyx_bench::api::Decision::name), "{id}");
            assert_eq!(text(want, "execution_mode").unwrap_or("local_deterministic"), got.execution_mode, "{id}");
            assert_eq!(text(want, "fallback_path"), got.fallback_path.as_deref(), "{id}");
            assert_eq!(want.get("transformed"), Some(&Value::Bool(got.transformed)), "{id}");
        }
    }
    assert!(compared >= 20, "{compared} cases compared");
}

/// A typed request as a dataset row; what the row must state to be typed at all is stated.
fn row(request: &Map) -> String {
    let mut row = request.clone();
    let stage = row.remove("stage").unwrap();
    if stage.as_str() == Some("agent_loop") && !row.contains_key("action") {
        row.insert("action", Value::from(""));
    }
    row.insert("context", stage);
    python_json(&Value::Map(row), true)
}

#[test]
fn typed_stage_requests_become_the_references_text_metadata_and_verdict() {
    let vectors = vectors("stages.json");
    let mut compared = 0;
    for case in vectors.get("stage_requests").and_then(Value::as_list).unwrap() {
        let id = text(case, "id").unwrap();
        let mut file = tempfile::Builder::new().suffix(".jsonl").tempfile().unwrap();
        writeln!(file, "{}", row(case.get("stage_request").and_then(Value::as_map).unwrap())).unwrap();
        let path = file.path().to_string_lossy().into_owned();
        let mut reader = Reader::open(&[path], DatasetOptions::default()).unwrap();
        let mut batch = Batch::default();
        assert!(reader.next_batch(&mut batch).unwrap(), "{id}");
        let rows = RowReader::default();
        let (_, sample) = batch.samples(&rows).next().unwrap();
        let expect = case.get("expect").unwrap();
        if expect.get("error").is_some() {
            assert!(sample.is_err(), "{id}");
            continue;
        }
        let sample = sample.unwrap_or_else(|e| panic!("{id}: {e:?}"));
        let metadata = match sample.subject {
            Subject::Enriched(metadata) => Some(metadata),
            _ => sample.metadata.as_deref().and_then(|raw| parse_json(raw).ok()).and_then(|v| v.as_map().cloned()),
        };
        assert_eq!(expect.get("eval_text").and_then(Value::as_str), Some(&*sample.text), "{id}");
        let shown = metadata.clone().map_or(Value::Null, Value::Map);
        assert_eq!(expect.get("eval_metadata"), Some(&shown), "{id}");
        let engine = engine(case, false);
        compared += 1;
        let Context::Stage(stage) = sample.context else { panic!("{id}: a stage") };
        let benchmark = Identity::default();
        let identity =
            Identity { tenant_id: sample.identity.tenant_id.as_deref().unwrap_or(benchmark.tenant_id), ..benchmark };
        let metadata = metadata.map_or_else(Metadata::none, Metadata::from_map);
        assert_verdict(case, &engine.evaluate(&Request { text: &sample.text, stage, metadata, identity }));
    }
    assert!(compared >= 10, "{compared} cases compared");
}

#[test]
fn tool_calls_are_checked_before_their_results() {
    let vectors = vectors("stages.json");
    let mut compared = 0;
    for case in vectors.get("tool_requests").and_then(Value::as_list).unwrap() {
        let engine = engine(case, false);
        compared += 1;
        let call = case.get("tool").unwrap();
        let request = Request::new(text(call, "tool_result").unwrap_or(""), Stage::Tool);
        let args = call.get("tool_args").and_then(Value::as_map).unwrap();
        let response = engine.evaluate_tool_call(text(call, "tool_name").unwrap(), args, &request);
        assert_verdict(case, &response);
        assert!(response.is_err() || response.unwrap().quality.is_none());
    }
    assert!(compared >= 10, "{compared} cases compared");
}
