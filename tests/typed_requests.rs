//! Typed stage requests become the text and metadata that the reference was measured to make of them.

use std::io::Write as _;
use znyx_bench::dataset::{Batch, DatasetOptions, Reader, RowReader, Subject};
use znyx_bench::value::{Value, canonical_json, parse_json, python_json};

const VECTORS: &str = include_str!("data/vectors/stages.json");

/// A request of the vectors as a dataset row: the stage is called context there, and the typed fields stand beside it.
fn row(request: &Value) -> Value {
    let mut row = request.as_map().expect("a request is an object").clone();
    let stage = row.remove("stage").expect("a request has a stage");
    row.insert("context", stage);
    Value::Map(row)
}

/// Text and metadata of the one sample in `row`, or what is wrong with it.
fn read(row: &Value) -> Result<(String, Option<Value>), String> {
    let mut file = tempfile::Builder::new().suffix(".jsonl").tempfile().unwrap();
    file.write_all(python_json(row, false).as_bytes()).unwrap();
    let sources = [file.path().to_str().unwrap().to_owned()];
    let mut reader = Reader::open(&sources, DatasetOptions::default()).unwrap();
    let mut batch = Batch::default();
    assert!(reader.next_batch(&mut batch).unwrap());
    let rows = RowReader::default();
    let (_, sample) = batch.samples(&rows).next().expect("one row");
    let sample = sample.map_err(|bad| bad.message)?;
    let metadata = match sample.subject {
        Subject::Enriched(metadata) => Some(Value::Map(metadata)),
        _ => sample.metadata.as_deref().map(|raw| parse_json(raw).unwrap()),
    };
    Ok((sample.text.into_owned(), metadata))
}

#[test]
fn every_measured_request_has_its_text_and_metadata() {
    let vectors = parse_json(VECTORS).unwrap();
    let requests = vectors.get("stage_requests").and_then(Value::as_list).unwrap();
    assert!(requests.len() >= 20);
    for vector in requests {
        let id = vector.get("id").and_then(Value::as_str).unwrap();
        let expect = vector.get("expect").unwrap();
        let found = read(&row(vector.get("stage_request").unwrap()));
        if expect.get("error").is_some() {
            assert!(found.is_err(), "{id}: expected a refusal, found {found:?}");
            continue;
        }
        let (text, metadata) = found.unwrap_or_else(|message| panic!("{id}: {message}"));
        assert_eq!(Some(&*text), expect.get("eval_text").and_then(Value::as_str), "{id}");
        let expected = expect.get("eval_metadata").filter(|m| !m.is_null());
        assert_eq!(metadata.as_ref(), expected, "{id}");
    }
}

#[test]
fn a_shape_that_does_not_fit_is_refused_in_words() {
    for (row, message) in [
        (r#"{"chunks":[{"content":"x"}]}"#, "`chunks` belongs to the context retrieval, and this row's is input"),
        (r#"{"context":"retrieval","chunks":[{"content":"x"}],"input_text":"y"}"#, "both `input_text` and `chunks`"),
        (r#"{"context":"retrieval","chunks":[{"text":"x"}]}"#, "chunks[0].content to be a string"),
        (r#"{"context":"retrieval","chunks":[{"content":"x","score_kind":"cosine"}]}"#, "chunks[0].score_kind to be"),
        (r#"{"context":"retrieval","chunks":"x"}"#, "a list of chunks"),
        (r#"{"context":"retrieval","scope_enforced_in_query":true}"#, "`chunks` is missing"),
        (r#"{"context":"agent_loop","action":"x","iteration":1.5}"#, "an integer, 0 or more"),
        (r#"{"context":"memory_write","memory_key":"k"}"#, "`memory_value` is missing"),
        (r#"{"context":"tool","tool_args":{}}"#, "`tool_name` is missing"),
        (r#"{"context":"tool","tool_name":"t","tool_args":[]}"#, "expected an object"),
    ] {
        let found = read(&parse_json(row).unwrap()).expect_err(row);
        assert!(found.contains(message), "{row}: {found}");
    }
}

#[test]
fn a_plain_text_may_stand_for_the_typed_one() {
    let (text, metadata) =
        read(&parse_json(r#"{"context":"agent_loop","input_text":"read","iteration":3}"#).unwrap()).unwrap();
    assert_eq!(text, "read");
    assert_eq!(
        canonical_json(&metadata.unwrap()),
        r#"{"agent_step":{"action":"read","iteration":3,"max_iterations":null}}"#
    );
    let (text, metadata) =
        read(&parse_json(r#"{"context":"input","input_text":"x","action":"BLOCK","plan":1}"#).unwrap()).unwrap();
    assert_eq!((text.as_str(), metadata), ("x", None), "keys of other stages beside a text mean nothing");
}

#[test]
fn a_tool_call_is_shown_as_its_json() {
    let row = r#"{"context":"tool","tool_name":"fetch","tool_args":{"u":"é"},"tool_result":"done"}"#;
    let (text, _) = read(&parse_json(row).unwrap()).unwrap();
    assert_eq!(text, r#"{"tool_name": "fetch", "tool_args": {"u": "é"}, "tool_result": "done"}"#);
}
