//! What everything around the engine costs: reading datasets, writing result rows, comparing runs.
//!
//! `cargo bench --bench input_output`, or `cargo bench --bench input_output -- compare` for one group.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::TempDir;
use znyx_bench::api::{Actual, Decision, DetectorRow, Stage};
use znyx_bench::compare::compare_files;
use znyx_bench::dataset::{Batch, Context, DatasetOptions, Reader, RowReader, Sample, SampleIdentity, Subject};
use znyx_bench::runner::{CleanHeads, Evaluated, RowColumns, write_csv, write_json};

fn main() {
    divan::main();
}

/// Samples of a dataset or rows of a run.
const ROWS: usize = 20_000;

/// The text of a sample: some 500 bytes with a few characters that every format must escape.
fn text(i: usize) -> String {
    const SENTENCES: [&str; 8] = [
        "The parcel was supposed to arrive on the third of May, but the tracking page has not moved since Tuesday. ",
        "Could you check whether the address on the order is \"14 Harbour Street, third floor\"? ",
        "Das Angebot gilt bis Ende des Monats, danach ändern sich die Preise.\n",
        "I tried to sign in twice and the page only says that something went wrong. ",
        "Our team compared the two plans and the yearly one seems to be the better fit for twelve people. ",
        "Please note that refunds can take between five and ten working days. ",
        "We walked along the coast for most of the day and found a small café near the lighthouse. ",
        "In the second chapter the author explains why the bridge was built where the river is widest. ",
    ];
    (0..6).map(|j| SENTENCES[(i * 3 + j * (1 + i % 3)) % SENTENCES.len()]).collect()
}

/// A folder that lives as long as the program.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER.get_or_init(|| tempfile::tempdir().expect("a temporary folder can be made")).path()
}

fn written(name: &str, content: &str) -> PathBuf {
    let path = folder().join(name);
    std::fs::write(&path, content).expect("the temporary folder can be written");
    path
}

fn json(text: &str) -> String {
    serde_json::to_string(text).expect("a string is JSON")
}

fn dataset(format: &str) -> PathBuf {
    let rows = (0..ROWS).map(|i| {
        let metadata = r#"{"language": "en", "channel": "chat"}"#;
        let text = text(i);
        match format {
            "csv" => {
                format!("row-{i},\"{}\",input,ALLOW,\"{}\"\n", text.replace('"', "\"\""), metadata.replace('"', "\"\""))
            }
            _ => format!(
                r#"{{"id": "row-{i}", "input_text": {}, "context": "input", "expected_decision": "ALLOW", "metadata": {metadata}}}"#,
                json(&text)
            ),
        }
    });
    let content = match format {
        "csv" => std::iter::once("id,input_text,context,expected_decision,metadata\n".to_owned()).chain(rows).collect(),
        "json" => format!("[{}]", rows.collect::<Vec<_>>().join(",\n")),
        _ => rows.map(|row| row + "\n").collect::<String>(),
    };
    written(&format!("dataset.{format}"), &content)
}

/// From the file to typed samples.
#[divan::bench(args = ["jsonl", "json", "csv"])]
fn read(bencher: Bencher<'_, '_>, format: &str) {
    let path = dataset(format);
    let source = [path.to_str().expect("a temporary folder has a UTF-8 name").to_owned()];
    let bytes = std::fs::metadata(&path).expect("it was just written").len();
    let rows = RowReader::default();
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        let mut reader = Reader::open(&source, DatasetOptions::default()).expect("the dataset can be opened");
        let mut batch = Batch::default();
        let mut samples = 0;
        while reader.next_batch(&mut batch).expect("the dataset can be read") {
            samples += batch.samples(&rows).filter(|(_, sample)| black_box(sample).is_ok()).count();
        }
        assert_eq!(samples, ROWS);
    });
}

fn samples() -> Vec<Sample<'static>> {
    (0..1000)
        .map(|i| Sample {
            id: Cow::Owned(format!("row-{i}")),
            text: Cow::Owned(text(i)),
            context: Context::Stage(Stage::Input),
            subject: Subject::Text,
            expected_decision: Some(Decision::Allow),
            expected_rule_hits: None,
            metadata: Some(Cow::Borrowed(r#"{"language": "en", "channel": "chat"}"#)),
            identity: SampleIdentity::default(),
        })
        .collect()
}

/// A row as eight detectors leave it, one of which found something.
fn evaluated<'s>(sample: &'s Sample<'s>) -> Evaluated<'s> {
    let names = ["abuse", "secrets", "exfiltration", "toxicity", "competitor", "jailbreak", "pii", "malicious_url"];
    let hit = || vec![Cow::Borrowed("pii.email")];
    Evaluated {
        sample,
        actual: Actual::Decided(Decision::Redact),
        risk: 40,
        rule_ids: hit(),
        detectors: (names.into_iter())
            .map(|name| DetectorRow {
                detector_name: Cow::Borrowed(name),
                decision: Some(if name == "pii" { Decision::Redact } else { Decision::Allow }),
                risk_score: if name == "pii" { 40 } else { 0 },
                latency_ms: None,
                latency_us: Some(12),
                execution_mode: Cow::Borrowed("local"),
                fallback_path: None,
                rule_hits: if name == "pii" { hit() } else { Vec::new() },
                transformed: name == "pii",
            })
            .collect(),
        latency_us: Some(103),
        rule_hits_match: None,
        quality: None,
        sanitized: None,
        error: None,
    }
}

/// From evaluated samples to bytes.
#[divan::bench(args = ["jsonl", "csv"])]
fn write(bencher: Bencher<'_, '_>, format: &str) {
    let samples = samples();
    let rows: Vec<Evaluated<'_>> = samples.iter().map(evaluated).collect();
    let columns = RowColumns { timing: true, sanitized: false };
    let mut heads = CleanHeads::default();
    let mut write = |out: &mut Vec<u8>| {
        out.clear();
        for row in &rows {
            match format {
                "csv" => write_csv(black_box(row), columns, &mut heads, out),
                _ => write_json(black_box(row), &mut heads, out),
            }
        }
    };
    let mut out = Vec::new();
    write(&mut out);
    bencher.counter(BytesCount::new(out.len())).bench_local(|| write(&mut out));
}

/// A run's rows; in the candidate's every hundredth decision is another.
fn run_rows(candidate: bool) -> Vec<String> {
    let mut rows = Vec::with_capacity(ROWS);
    for i in 0..ROWS {
        let blocked = i % 7 == 0 || (candidate && i % 100 == 0);
        let (decision, rules) = if blocked { ("BLOCK", r#"["secrets.github_pat"]"#) } else { ("ALLOW", "[]") };
        let mut row = format!(r#"{{"sample_id":"row-{i}","input_text":{},"context":"input""#, json(&text(i)));
        let _ = write!(
            row,
            r#","expected_decision":"ALLOW","expected_rule_hits":null,"actual_decision":"{decision}","actual_risk_score":{}"#,
            if blocked { 90 } else { 0 }
        );
        let _ = write!(
            row,
            r#","actual_rule_hits":{rules},"detector_results":[{{"detector_name":"secrets","decision":"{decision}","risk_score":0,"latency_ms":0,"latency_us":9,"execution_mode":"local","rule_hits":{rules},"transformed":false}}],"is_correct":{},"latency_ms":0,"latency_us":{},"metadata":null,"rule_hits_match":null}}"#,
            !blocked,
            20 + i % 50
        );
        rows.push(row);
    }
    rows
}

/// Two runs: read, paired, and every figure of the comparison.
#[divan::bench(args = ["jsonl rows", "run files"], sample_count = 20)]
fn compare(bencher: Bencher<'_, '_>, form: &str) {
    let file = |name: &str, candidate: bool| {
        let rows = run_rows(candidate);
        if form == "jsonl rows" {
            return written(&format!("{name}.jsonl"), &(rows.join("\n") + "\n"));
        }
        let head = format!(r#"{{"id": "{name}", "status": "completed", "results_summary": null, "results": ["#);
        written(&format!("{name}.json"), &format!("{head}\n{}\n]}}\n", rows.join(",\n")))
    };
    let (a, b) = (file("a", false), file("b", true));
    bencher.counter(ItemsCount::new(ROWS)).bench(|| compare_files(black_box(&a), black_box(&b)).expect("comparable"));
}
