use super::*;
use std::io::Write;

const ROW: &str = r#"{"sample_id": "s1", "input_text": "one", "context": "input", "expected_decision": "ALLOW", "actual_decision": "BLOCK", "actual_risk_score": 90, "actual_rule_hits": ["pii.email", "pii.email"], "detector_results": [{"detector_name": "pii", "decision": "BLOCK", "risk_score": 90, "latency_ms": 1, "execution_mode": "local_deterministic"}], "latency_ms": 2}"#;

fn load_bytes(name: &str, bytes: &[u8]) -> Result<Side, LoadError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let side = load(&path, &mut Vocabulary::default());
    let shorten = |text: String| text.replace(&dir.path().display().to_string(), "DIR");
    match side {
        Ok(mut side) => {
            side.notes = side.notes.into_iter().map(shorten).collect();
            Ok(side)
        }
        Err(LoadError::Content { file, place, message }) => {
            Err(LoadError::Content { file: shorten(file), place, message })
        }
        Err(LoadError::Io { file, source }) => Err(LoadError::Io { file: shorten(file), source }),
    }
}

fn message(name: &str, text: &str) -> String {
    load_bytes(name, text.as_bytes()).unwrap_err().to_string()
}

/// Everything the comparison keeps of the one row.
fn assert_has_the_row(side: &Side) {
    let rows = side.rows.as_ref().unwrap();
    assert_eq!((rows.len(), rows.id(0)), (1, "s1"));
    let row = rows.rows[0];
    assert_eq!((row.latency_us, row.risk, row.actual.name()), (2000, 90, "BLOCK"));
    assert_ne!((row.text, row.rules, row.detectors), (0, 0, 0));
    assert_eq!(side.info.summary["block_rate"], 1.0);
    assert_eq!(side.info.summary["false_positives"], 1);
    assert_eq!(side.info.summary["rules"][0]["hits"], 2);
}

#[test]
fn rows_are_read_from_every_kind_of_file() {
    let csv = concat!(
        "sample_id,input_text,context,expected_decision,expected_rule_hits,actual_decision,actual_risk_score,",
        "actual_rule_hits,detector_results,is_correct,latency_ms,metadata\n",
        r#"s1,one,input,ALLOW,,BLOCK,90,"[""pii.email"",""pii.email""]","[{""detector_name"":""pii"",""decision"":""BLOCK""}]",false,2,"#,
        "\n"
    );
    for (name, text) in [
        ("one line", ROW.to_owned()),
        ("lines", format!("\u{feff}{ROW}\r\n\n")),
        ("pretty", ROW.replace(", ", ",\n")),
        ("array", format!(" [\n{ROW}]\n")),
        ("page", format!(r#"{{"total": 1, "limit": 100, "offset": 0, "results": [{ROW}]}}"#)),
        (
            "run",
            format!(
                r#"{{"id": "r", "dataset_id": "d", "status": "completed", "results_summary": null, "results": [{ROW}]}}"#
            ),
        ),
        ("csv", csv.to_owned()),
        ("csv with a mark", format!("\u{feff}{csv}")),
    ] {
        let side = load_bytes(name, text.as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_has_the_row(&side);
        assert!(side.info.summary_computed && side.notes.is_empty(), "{name}");
    }
}

#[test]
fn compressed_files_are_told_by_their_content() {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(ROW.as_bytes()).unwrap();
    assert_has_the_row(&load_bytes("rows", &gz.finish().unwrap()).unwrap());
    let zst = zstd::encode_all(ROW.as_bytes(), 1).unwrap();
    assert_has_the_row(&load_bytes("rows.jsonl", &zst).unwrap());
}

#[test]
fn a_recorded_summary_is_taken_as_it_is() {
    let run = format!(
        r#"{{"id": "r1", "dataset_id": "d", "policy_version": "7", "bundle_id": null, "status": "completed", "results_summary": {{"accuracy": 0.25, "total": 9}}, "manifest": {{"dataset_hash": "sha256:1"}}, "results": [{ROW}]}}"#
    );
    let side = load_bytes("run.json", run.as_bytes()).unwrap();
    assert_eq!(side.info.summary, serde_json::json!({"accuracy": 0.25, "total": 9}));
    assert_eq!((side.info.run_id.as_deref(), side.info.policy_version.as_deref()), (Some("r1"), Some("7")));
    assert_eq!((side.info.dataset_hash.as_deref(), side.info.samples), (Some("sha256:1"), Some(1)));
    assert!(!side.info.summary_computed);
    let bare = load_bytes("summary.json", br#"{"accuracy": 0.5, "block_rate": 0.1, "total": 4}"#).unwrap();
    assert!(bare.rows.is_none() && bare.info.samples == Some(4));
}

#[test]
fn pages_in_one_file_are_joined_and_missing_ones_are_noted() {
    let page = |offset: u32| {
        format!(
            r#"{{"total": 3, "limit": 1, "offset": {offset}, "results": [{}]}}"#,
            ROW.replace("s1", &format!("s{offset}"))
        )
    };
    let side = load_bytes("pages.json", format!("{}\n{}\n", page(0), page(1)).as_bytes()).unwrap();
    assert_eq!(side.rows.as_ref().unwrap().len(), 2);
    assert_eq!(side.notes, ["DIR/pages.json: holds 2 of the run's 3 results"]);
}

#[test]
fn an_unfinished_run_is_noted() {
    let run = r#"{"id": "r", "dataset_id": "d", "status": "failed", "results_summary": {"accuracy": 1.0}}"#;
    assert_eq!(load_bytes("r.json", run.as_bytes()).unwrap().notes, ["DIR/r.json: the run is failed, not completed"]);
}

#[test]
fn many_rows_keep_their_order_over_blocks_and_threads() {
    let padding = "x".repeat(300);
    let line = |i: usize| ROW.replace("\"s1\"", &format!("{i}")).replace("one", &format!("{i} {padding}"));
    let n = 2 * BLOCK / line(0).len();
    let text: String = (0..n).map(|i| line(i) + "\n").collect();
    let array = format!("[{}]", (0..n).map(line).collect::<Vec<_>>().join(","));
    for text in [text, array] {
        let side = load_bytes("rows", text.as_bytes()).unwrap();
        let rows = side.rows.unwrap();
        assert_eq!(rows.len(), n);
        assert!((0..n).all(|i| rows.id(i) == i.to_string()));
        assert_eq!(side.info.summary["total"], n);
    }
}

#[test]
fn a_thread_of_a_pool_can_load() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_has_the_row(&one.install(|| load_bytes("rows", ROW.as_bytes())).unwrap());
}

#[test]
fn what_python_writes_and_serde_refuses_is_read() {
    let row = ROW.replace("one", "one \\ud800 \\\\ud800 \\ud83d\\ude00");
    assert_has_the_row(&load_bytes("rows", row.as_bytes()).unwrap());
    let row = row.replacen('{', "{\"metadata\": {\"n\": [NaN, -Infinity, 1]}, ", 1);
    assert_has_the_row(&load_bytes("rows", row.as_bytes()).unwrap());
    assert_eq!(
        strict_json(br#"{"a": ["\ud83d\ude00", "\udc00x\\ud800", NaN]}"#).unwrap(),
        "{\"a\": [\"\u{1F600}\", \"\u{FFFD}x\\\\ud800\", null]}".as_bytes()
    );
    assert_eq!(strict_json(b"{\"a\""), None);
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    assert_eq!(message("e.json", " \n"), "DIR/e.json: the file is empty; expected a run, a summary or result rows");
    assert_eq!(
        message("r.jsonl", &format!("{ROW}\n\n{}\n", ROW.replace("\"BLOCK\", \"actual", "\"STOP\", \"actual"))),
        "DIR/r.jsonl:3: not a result row: unknown decision \"STOP\" (column 116)"
    );
    assert_eq!(
        message("r.jsonl", &format!("{ROW}\n{{\"sample_id\": 1}}\n")),
        "DIR/r.jsonl:2: not a result row: missing field `actual_decision` (column 16)"
    );
    assert_eq!(
        message("r.json", &format!("{{\"id\": \"r\", \"results\": [{ROW}, {{\"sample_id\": true}}]}}")),
        "DIR/r.json: results[1]: not a result row: invalid type: boolean `true`, expected text or a whole number (column 18)"
    );
    assert_eq!(
        message("r.json", "{\"id\": \"r\", \"results\": [{\"a\""),
        "DIR/r.json: the file ends in the middle of a JSON value; is it complete?"
    );
    assert_eq!(
        message("r.json", "{\"foo\": 1, \"bar\": 2}"),
        "DIR/r.json: found an object with the keys \"foo\", \"bar\"; expected a run, a summary, result rows or a page of results"
    );
    assert_eq!(
        message("r.json", "{\"total\": 1, \"runs\": []}"),
        "DIR/r.json: this is a list of runs; expected a run, a summary, result rows or a page of results"
    );
    assert_eq!(
        message("r.json", "{\"id\": \"r\", \"status\": \"running\", \"results_summary\": null}"),
        "DIR/r.json: the run has neither a results_summary nor results; was it finished?"
    );
    assert!(message("r.json", "{\"id\": tru}").starts_with("DIR/r.json: not JSON: "));
    assert!(
        load(Path::new("/nowhere/run.json"), &mut Vocabulary::default())
            .unwrap_err()
            .to_string()
            .starts_with("/nowhere/run.json: No such file")
    );
}

#[test]
fn what_is_wrong_in_a_csv_is_named_with_its_line() {
    assert_eq!(
        message("r.csv", "id,text\n1,x\n"),
        "DIR/r.csv:1: no column \"sample_id\", so these are not result rows; the first line has \"id\", \"text\""
    );
    assert_eq!(
        message("r.csv", "sample_id,actual_decision\na,BLOCK\nb,STOP\n"),
        "DIR/r.csv:3: column actual_decision: unknown decision \"STOP\""
    );
    assert_eq!(
        message("r.csv", "sample_id,actual_decision\na\n"),
        "DIR/r.csv:2: this row has 1 cells, the header has 2"
    );
    assert_eq!(
        message("r.csv", "sample_id,actual_decision\na,\n"),
        "DIR/r.csv:2: actual_decision is empty; expected a decision or ERROR"
    );
    assert!(
        message("r.csv", "sample_id,actual_decision,actual_rule_hits\na,BLOCK,pii.email\n")
            .starts_with("DIR/r.csv:2: column actual_rule_hits: \"pii.email\" cannot be read: ")
    );
}
