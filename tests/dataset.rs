//! Datasets in every format, and what is said of those that are wrong.

use std::io::Write as _;
use std::path::PathBuf;
use znyx_bench::api::Decision;
use znyx_bench::dataset::{Batch, Columns, DatasetError, DatasetOptions, Format, Labels, Reader, RowReader};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path: PathBuf = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// One sample in short: id, text, context, label, rules, metadata.
type Row = (String, String, &'static str, Option<Decision>, Option<Vec<String>>, Option<String>);

fn read_with(sources: &[String], options: DatasetOptions, rows: &RowReader) -> (Vec<Row>, Vec<String>, Option<String>) {
    let (mut samples, mut bad) = (Vec::new(), Vec::new());
    let mut reader = match Reader::open(sources, options) {
        Ok(reader) => reader,
        Err(e) => return (samples, bad, Some(e.to_string())),
    };
    let mut batch = Batch::default();
    loop {
        match reader.next_batch(&mut batch) {
            Ok(false) => return (samples, bad, None),
            Err(e) => return (samples, bad, Some(e.to_string())),
            Ok(true) => {}
        }
        for (_, row) in batch.samples(rows) {
            match row {
                Err(row) => bad.push(row.to_string()),
                Ok(s) => samples.push((
                    s.id.into_owned(),
                    s.text.into_owned(),
                    s.context.name(),
                    s.expected_decision,
                    s.expected_rule_hits,
                    s.metadata.map(|m| m.into_owned()),
                )),
            }
        }
    }
}

fn read(source: &str) -> (Vec<Row>, Vec<String>, Option<String>) {
    read_with(&[source.to_owned()], DatasetOptions::default(), &RowReader::default())
}

fn texts(source: &str) -> Vec<String> {
    let (samples, bad, error) = read(source);
    assert_eq!((bad, error), (vec![], None));
    samples.into_iter().map(|s| s.1).collect()
}

const TWO: &str = "{\"input_text\":\"one\"}\n\n  \n{\"input_text\":\"two\",\"context\":\"output\"}";

#[test]
fn json_lines_skip_blanks_and_number_rows() {
    let folder = Folder::new();
    let (samples, bad, error) = read(&folder.file("d.jsonl", TWO));
    assert_eq!((bad.len(), error), (0, None));
    let short: Vec<_> = samples.iter().map(|s| (s.0.as_str(), s.1.as_str(), s.2)).collect();
    assert_eq!(short, [("0", "one", "input"), ("1", "two", "output")]);
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_do_no_harm() {
    let folder = Folder::new();
    let content = format!("\u{feff}{}\r\n", TWO.replace('\n', "\r\n"));
    assert_eq!(texts(&folder.file("d.jsonl", &content)), ["one", "two"]);
    assert_eq!(
        texts(&folder.file("d.csv", "\u{feff}input_text,id\r\none,a\r\n\"tw\"\"o\nlines\",b\r\n")),
        ["one", "tw\"o\nlines"]
    );
}

#[test]
fn compressed_files_are_read_whatever_they_are_called() {
    let folder = Folder::new();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(TWO.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    // Two members one after the other, as `cat a.gz b.gz` makes them.
    let twice = [gzip.clone(), gzip.clone()].concat();
    let zstd = zstd::encode_all(TWO.as_bytes(), 1).unwrap();
    assert_eq!(texts(&folder.file("d.jsonl.gz", &gzip)), ["one", "two"]);
    assert_eq!(texts(&folder.file("d.jsonl", &zstd)), ["one", "two"]);
    for (name, whole) in [("cut.jsonl.gz", &gzip), ("cut.jsonl.zst", &zstd)] {
        let (_, _, error) = read(&folder.file(name, &whole[..whole.len() - 12]));
        let error = error.unwrap();
        assert!(error.contains(name) && error.contains("data is damaged or cut off"), "{error}");
    }
    let (_, bad, _) = read(&folder.file("twice.jsonl.gz", &twice));
    assert_eq!(bad.len(), 1, "without a line break between them the members' rows run together: {bad:?}");
    let (_, _, error) = read(&folder.file("fake.jsonl.zst", TWO));
    assert!(error.unwrap().contains("the name ends in .zst, but the content is not Zstandard"));
}

#[test]
fn json_documents_are_arrays_pages_single_objects_or_several() {
    let folder = Folder::new();
    let row = |t: &str| format!("{{\"input_text\": \"{t}\",\n \"metadata\": {{\"a\": [1,\n2]}}}}");
    let (a, b) = (row("a"), row("b"));
    for (name, document) in [
        ("array", format!(" [\n{a} ,\n{b}\n]\n")),
        ("page", format!("{{\"total\": 2, \"note\": \"x\", \"samples\": [{a},{b}], \"next\": {{\"y\": [1]}}}}")),
        ("several", format!("{a}\n{b}")),
        ("pages", format!("{{\"samples\":[{a}]}}{{\"samples\":[{b}],\"offset\":1}}")),
    ] {
        let (samples, bad, error) = read(&folder.file(&format!("{name}.json"), document));
        assert_eq!((bad.len(), error), (0, None), "{name}");
        let short: Vec<_> = samples.iter().map(|s| (s.0.as_str(), s.1.as_str())).collect();
        assert_eq!(short, [("0", "a"), ("1", "b")], "{name}");
        assert_eq!(samples[0].5.as_deref(), Some("{\"a\": [1, 2]}"), "{name}: metadata stands on one line");
    }
    assert_eq!(texts(&folder.file("one.json", &a)), ["a"]);
    assert!(texts(&folder.file("none.json", "[]")).is_empty());
    assert!(texts(&folder.file("nothing.json", "")).is_empty());
}

#[test]
fn a_document_larger_than_any_buffer_is_cut_into_the_same_rows() {
    let folder = Folder::new();
    let texts_in: Vec<String> = (0..4000)
        .map(|i| format!("{i} \"quoted\" \\ [brackets}} {{é漢\u{1F600}}}, {}", "x".repeat(i * 7 % 900)))
        .collect();
    let rows: Vec<serde_json::Value> =
        texts_in.iter().map(|t| serde_json::json!({"input_text": t, "metadata": {"k": [t.len(), "]}\\\""]}})).collect();
    for document in [serde_json::to_string(&rows).unwrap(), serde_json::to_string_pretty(&rows).unwrap()] {
        assert!(document.len() > 2 << 20);
        assert_eq!(texts(&folder.file("big.json", document)), texts_in);
    }
    let long = "y".repeat(3 << 20);
    let document = serde_json::json!({"samples": [{"input_text": long}, {"input_text": "z"}]}).to_string();
    assert_eq!(texts(&folder.file("long.json", document)), [long, "z".to_owned()]);
}

#[test]
fn broken_documents_are_reported_at_the_place() {
    let folder = Folder::new();
    for (document, message) in [
        ("[{\"input_text\":\"a\"}\n {\"input_text\":\"b\"}]", "b.json:2:2: expected ',' or ']' after a row, found '{'"),
        ("[{\"input_text\":\"a\"},]", "b.json:1:21: expected a row, found ']'"),
        ("[{\"input_text\":\"a\"}", "b.json:1:20: expected ',' or ']' after a row, found the end of the file"),
        ("[\n {\"input_text\": \"a}]", "b.json:2:17: a string that starts here is not closed"),
        ("hello", "b.json:1:1: expected an array or an object, found 'h'"),
        ("{\"samples\": [], \"x\": 1", "b.json:1:23: expected '}' at the end of the page, found the end of the file"),
    ] {
        let (_, _, error) = read(&folder.file("b.json", document));
        let error = error.unwrap_or_else(|| panic!("{document} was read"));
        assert!(error.ends_with(message), "{document}: {error}");
    }
    let (_, bad, _) = read(&folder.file("r.json", "[1,\n  {\"input_text\": tru}]"));
    assert!(bad[0].ends_with("r.json:1:2: the row is a number, expected an object"), "{bad:?}");
    assert!(bad[1].contains("r.json:2:18: expected a value"), "{bad:?}");
}

#[test]
fn csv_takes_the_api_s_columns_and_json_in_cells() {
    let folder = Folder::new();
    let content = "id,input_text,context,expected_decision,expected_rule_hits,metadata,unknown\n\
                   a,\"hi, you\",output,redact,\"[\"\"pii.email\"\"]\",\"{\"\"k\"\": 1}\",zzz\n\
                   ,,,,,,\n";
    let (samples, bad, error) = read(&folder.file("d.csv", content));
    assert_eq!((bad.len(), error), (0, None));
    assert_eq!(
        samples[0],
        (
            "a".into(),
            "hi, you".into(),
            "output",
            Some(Decision::Redact),
            Some(vec!["pii.email".into()]),
            Some("{\"k\": 1}".into())
        )
    );
    assert_eq!(samples[1], ("1".into(), String::new(), "input", None, None, None));
}

#[test]
fn csv_faults_name_line_and_column() {
    let folder = Folder::new();
    let content = "input_text,label,metadata\n\"two\nlines\",MAYBE,\nx,ALLOW\ny,ALLOW,[1]\nz,,,\n";
    let (_, bad, _) = read(&folder.file("d.csv", content));
    assert!(bad[0].contains("d.csv:2: column `label` holds \"MAYBE\", expected ALLOW, WARN"), "{bad:?}");
    assert!(bad[1].contains("d.csv:4: the record has 2 fields, the header has 3"), "{bad:?}");
    assert!(bad[2].contains("d.csv:5: column `metadata` holds \"[1]\", expected a JSON object or nothing"), "{bad:?}");
    assert!(bad[3].contains("d.csv:6: the record has 4 fields"), "{bad:?}");
    let (_, _, error) = read(&folder.file("semi.csv", "input_text;label\na;ALLOW\n"));
    let error = error.unwrap();
    assert!(
        error.contains("semi.csv:1: no column holds the text") && error.contains("separated by semicolons"),
        "{error}"
    );
}

#[test]
fn rows_that_are_no_samples_say_what_was_found_and_expected() {
    let folder = Folder::new();
    let rows = [
        ("{\"input_text\": 5}", ":1:16: `input_text` is a number (5), expected a string"),
        ("{\"id\": \"a\"}", ":1:1: the row has no text: expected `input_text`"),
        (
            "{\"input_text\":\"x\",\"context\":\"inputs\"}",
            ":1:29: `context` is \"inputs\", expected one of input, output",
        ),
        ("{\"input_text\":\"x\",\"label\":1}", ":1:27: `label` is a number (1), expected ALLOW, WARN"),
        ("{\"input_text\":\"x\",\"label\":true}", "`label` is a boolean (true), expected ALLOW"),
        ("{\"input_text\":\"x\",\"metadata\":[]}", "`metadata` is an array ([]), expected an object or null"),
        ("{\"input_text\":\"x\",\"expected_rule_hits\":\"pii\"}", "expected a list of rule ids"),
        ("{\"input_text\":\"x\",\"expected_rule_hits\":[1]}", "expected a list of rule ids"),
        ("{\"input_text\":\"x\",\"id\":1.5}", "`id` is a number (1.5), expected a string or an integer"),
        ("{\"input_text\":\"x\",\"tenant_id\":7}", "`tenant_id` is a number (7), expected a string"),
        ("{\"input_text\":\"x\"", "expected ',' or '}', found the end of the text"),
        ("\"input_text\"", "the row is a string, expected an object"),
    ];
    for (row, message) in rows {
        let (samples, bad, error) = read(&folder.file("d.jsonl", row));
        assert!(samples.is_empty() && error.is_none(), "{row}");
        assert!(bad[0].contains(message), "{row}: {}", bad[0]);
    }
    let (_, bad, _) = read(&folder.file("latin.jsonl", b"{\"input_text\":\"caf\xe9\"}"));
    assert!(bad[0].contains("latin.jsonl:1: the row is not UTF-8 (byte 19 of it)"), "{bad:?}");
    let (_, _, error) = read(&folder.file("wide.jsonl", b"\xFF\xFE{\0"));
    assert!(error.unwrap().contains("the file is UTF-16; save it as UTF-8"));
}

#[test]
fn aliases_are_read_and_the_api_s_name_comes_first() {
    let folder = Folder::new();
    let rows = "{\"prompt\":\"p\",\"text\":\"t\",\"expected\":\" block \"}\n\
                {\"text\":\"\",\"prompt\":\"p\",\"label\":\"warn\",\"lang\":\"de\"}\n\
                {\"input_text\":\"i\",\"text\":\"t\",\"output_text\":\"o\",\"context\":\"output\"}\n\
                {\"input_text\":\"i\",\"output_text\":\"o\",\"expected_rules\":[\"jailbreak\"],\"language\":\"fr\",\"metadata\":{\"language\":\"own\"}}\n\
                {\"id\":17,\"input_text\":\"\",\"expected_decision\":null,\"metadata\":null}\n";
    let (samples, bad, error) = read(&folder.file("d.jsonl", rows));
    assert_eq!((bad, error), (vec![], None));
    let texts: Vec<_> = samples.iter().map(|s| s.1.as_str()).collect();
    assert_eq!(texts, ["t", "p", "o", "i", ""]);
    assert_eq!(samples[0].3, Some(Decision::Block));
    assert_eq!(samples[1].5.as_deref(), Some("{\"language\": \"de\"}"));
    assert_eq!(samples[3].4, Some(vec!["jailbreak".to_owned()]));
    assert_eq!(samples[3].5.as_deref(), Some("{\"language\":\"own\"}"), "the row's own metadata wins");
    assert_eq!((samples[4].0.as_str(), samples[4].3), ("17", None));
}

#[test]
fn foreign_columns_and_labels_are_mapped() {
    let folder = Folder::new();
    let rows = RowReader {
        columns: Columns::mapped(["input_text=question", "expected_decision=verdict", "metadata.tier=plan", "id="])
            .unwrap(),
        labels: Labels::mapped(["safe=ALLOW", "1=BLOCK", "true=WARN", "unsure=NONE"]).unwrap(),
        ..RowReader::default()
    };
    let content = "{\"id\":\"x\",\"question\":\"q\",\"text\":\"no\",\"verdict\":\"safe\",\"plan\":\"gold\"}\n\
                   {\"id\":\"x\",\"question\":\"r\",\"verdict\":1,\"metadata\":{ }, \"plan\":[1, \"a\"]}\n\
                   {\"question\":\"s\",\"verdict\":true,\"metadata\":{\"a\":1},\"plan\":2}\n\
                   {\"question\":\"t\",\"verdict\":\"unsure\",\"plan\":null}\n";
    let source = folder.file("d.jsonl", content);
    let (samples, bad, error) = read_with(&[source], DatasetOptions::default(), &rows);
    assert_eq!((bad, error), (vec![], None));
    let short: Vec<_> = samples.iter().map(|s| (s.0.as_str(), s.1.as_str(), s.3, s.5.as_deref())).collect();
    assert_eq!(
        short,
        [
            ("0", "q", Some(Decision::Allow), Some("{\"tier\": \"gold\"}")),
            ("1", "r", Some(Decision::Block), Some("{ \"tier\": [1, \"a\"]}")),
            ("2", "s", Some(Decision::Warn), Some("{\"a\":1, \"tier\": 2}")),
            ("3", "t", None, None),
        ]
    );
}

#[test]
fn suites_are_read_with_what_their_lists_mean() {
    let folder = Folder::new();
    let vendor = "positive_samples:\n  - id: aws-1\n    vendor: aws\n    text: AKIA...\nnegative_samples:\n  - {id: n-1, vendor: aws, text: none}\n";
    let (samples, bad, error) = read(&folder.file("vendor_secrets.yaml", vendor));
    assert_eq!((bad, error), (vec![], None));
    assert_eq!((samples[0].3, samples[0].4.clone()), (Some(Decision::Block), Some(vec!["secrets".to_owned()])));
    assert_eq!((samples[1].3, samples[1].4.clone()), (Some(Decision::Allow), Some(vec![])));
    assert_eq!(samples[0].5.as_deref(), Some("{\"vendor\": \"aws\"}"));

    let regional = "positive_samples:\n- {id: a, text: '1', identifier_types: [nhs, iban]}\n- {id: b, text: '2', expected_decision: WARN}\n";
    let path = folder.file("regional.yml", regional);
    let (samples, _, _) = read(&path);
    assert_eq!((samples[0].3, samples[1].3), (Some(Decision::Redact), Some(Decision::Warn)));
    let options = DatasetOptions { positive_decision: Some(Decision::Transform), ..DatasetOptions::default() };
    let (samples, _, _) = read_with(&[path], options, &RowReader::default());
    assert_eq!((samples[0].3, samples[1].3), (Some(Decision::Transform), Some(Decision::Warn)));

    let pack = "detectors: []\nbenchmark_baseline:\n  dataset_name: x\n  samples:\n    - {id: p, text: hi, expected_decision: ALLOW, expected_rules: []}\n    - {id: q, text: 5, expected_decision: BLOCK}\n";
    let (samples, bad, _) = read(&folder.file("pack.yaml", pack));
    assert_eq!((samples[0].0.as_str(), samples[0].4.clone()), ("p", Some(vec![])));
    assert!(
        bad[0].contains("pack.yaml: benchmark_baseline.samples[1]: `text` is a number (5), expected a string"),
        "{bad:?}"
    );

    let (_, _, error) = read(&folder.file("policy.yaml", "default: {}\n"));
    assert!(error.unwrap().contains("no samples: found an object, expected a list under `samples`"));
    let (_, _, error) = read(&folder.file("broken.yaml", "a: [1\n"));
    assert!(error.unwrap().contains("broken.yaml:"));
    let json =
        folder.file("suite.json", "{\"positive_samples\":[{\"text\":\"x\"}],\"negative_samples\":[{\"text\":\"y\"}]}");
    let (samples, _, error) = read(&json);
    assert_eq!(error, None);
    assert_eq!(samples.iter().map(|s| s.3).collect::<Vec<_>>(), [Some(Decision::Block), Some(Decision::Allow)]);
}

#[test]
fn several_files_and_globs_are_one_dataset() {
    let folder = Folder::new();
    folder.file("a.jsonl", "{\"text\":\"1\"}\n");
    folder.file("b.csv", "text\n2\n3\n");
    folder.file("c.txt", "not of it");
    let glob = format!("{}/[ab].*", folder.0.path().display());
    let (samples, _, error) = read(&glob);
    assert_eq!(error, None);
    assert_eq!(
        samples.iter().map(|s| (s.0.as_str(), s.1.as_str())).collect::<Vec<_>>(),
        [("0", "1"), ("1", "2"), ("2", "3")]
    );
    let (_, _, error) = read(&format!("{}/*.nothing", folder.0.path().display()));
    assert!(error.unwrap().ends_with("no file matches"));
    let (_, _, error) = read(folder.0.path().to_str().unwrap());
    assert!(error.unwrap().contains("this is a directory"));
    let (_, _, error) = read("/no/such/file.jsonl");
    assert!(error.unwrap().starts_with("/no/such/file.jsonl: "));
}

#[test]
fn the_format_is_told_by_flag_name_or_beginning() {
    let folder = Folder::new();
    assert_eq!(texts(&folder.file("data", TWO)), ["one", "two"]);
    assert_eq!(texts(&folder.file("data.txt", "[{\"text\":\"a\"}]")), ["a"]);
    assert_eq!(texts(&folder.file("page.txt", "{\"total\":1,\"samples\":[{\"text\":\"a\"}]}")), ["a"]);
    assert_eq!(texts(&folder.file("pretty.txt", "{\n \"text\": \"a\"\n}")), ["a"]);
    assert_eq!(texts(&folder.file("d.tsv", "id\ttext\nx\ta,b\n")), ["a,b"]);
    let (_, _, error) = read(&folder.file("data.txt", "id,text\n"));
    assert!(error.unwrap().contains("say --dataset-format"));
    let options = DatasetOptions { format: Some(Format::Csv), ..DatasetOptions::default() };
    let (samples, _, _) = read_with(&[folder.file("data.txt", "id,text\nx,y\n")], options, &RowReader::default());
    assert_eq!(samples[0].1, "y");
}

#[test]
fn python_s_json_is_accepted() {
    let folder = Folder::new();
    let row = "{\"text\":\"a\\ud800b\",\"metadata\":{\"x\":NaN,\"y\":[1e999,123456789012345678901234567890]},\"text\":\"last \\ud83d\"}";
    let (samples, bad, _) = read(&folder.file("d.jsonl", row));
    assert_eq!(bad, Vec::<String>::new());
    assert!(samples[0].1.starts_with("last "), "of a repeated key the last counts");
    assert!(samples[0].5.as_deref().unwrap().contains("NaN"));
}

#[test]
fn standard_input_is_read_only_once() {
    let error = Reader::open(&["-".to_owned(), "-".to_owned()], DatasetOptions::default()).unwrap_err();
    assert!(matches!(&error, DatasetError::Usage(m) if m.contains("only once")), "{error}");
}

/// Whatever the bytes, reading ends, and with a verdict on every row.
#[test]
fn hostile_files_end_in_rows_or_messages() {
    let folder = Folder::new();
    let deep = "[".repeat(100_000);
    let deep_row = format!("{{\"text\":\"x\",\"metadata\":{}", "{\"a\":".repeat(50_000));
    for (name, content) in [
        ("deep.json", deep.as_bytes()),
        ("deep.jsonl", deep_row.as_bytes()),
        ("quotes.csv", b"text\n\"never closed, \n\n\n"),
        ("zero.jsonl", b"\0\0\0\n{\"text\":\"ok\"}"),
        ("cut.jsonl", b"{\"text\":\"a\\"),
        ("cut.json", b"[{\"text\":\"a\\"),
        ("bad.jsonl.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03broken"),
    ] {
        let (samples, bad, error) = read(&folder.file(name, content));
        assert!(samples.len() <= 1 && (!bad.is_empty() || error.is_some() || !samples.is_empty()), "{name}");
    }
}
