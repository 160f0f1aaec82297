//! Labelled samples as the reference's benchmark command reads them.
//!
//! Its rules are narrower than those of `run`: a text, a label and a language a row, nothing else, and the first row that
//! is no sample ends the reading.

use crate::api::Decision;
use crate::text::chars::trim;
use crate::value::{JsonError, JsonReader, Map, Value, python_str};
use std::path::Path;

const TEXT: [&str; 3] = ["text", "input_text", "prompt"];
const LABEL: [&str; 3] = ["expected_decision", "expected", "label"];
const LANGUAGE: [&str; 2] = ["language", "lang"];
const OUTPUT_TEXT: &str = "output_text";

/// One sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelledSample {
    /// What is evaluated.
    pub text: String,
    /// What should come of it.
    pub expected: Decision,
    /// The language it is counted under.
    pub language: String,
    /// 1-based line of the file at which its row begins.
    pub line: u64,
}

/// Why a dataset cannot be used. The message names the file, the line, and the row by its number from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    /// The file cannot be read.
    #[error("{file}: the dataset cannot be read: {reason}")]
    Unreadable {
        /// As the user named it.
        file: String,
        /// The system's reason.
        reason: String,
    },
    /// The text is not what the file's ending promises.
    #[error("{file}:{line}: {message}")]
    Malformed {
        /// As the user named it.
        file: String,
        /// 1-based.
        line: u64,
        /// What was found and what was expected.
        message: String,
    },
    /// A row is no sample.
    #[error("{file}:{line}: row {index}: {message}")]
    BadRow {
        /// As the user named it.
        file: String,
        /// 1-based.
        line: u64,
        /// 0-based, as the reference counts.
        index: usize,
        /// What was found and what was expected.
        message: String,
    },
    /// There is no row.
    #[error("{file}: the dataset is empty; expected at least one labelled sample")]
    Empty {
        /// As the user named it.
        file: String,
    },
}

/// Reads a dataset. The file's ending decides on its format, in any casing: `.csv`, `.jsonl`, and anything else is one
/// JSON document, a list of rows or a single row. `stage` is where the samples are to be evaluated: at `output` a
/// row's `output_text` stands in for its text.
///
/// # Errors
/// [`SampleError`], at the first row that is no sample.
pub fn read_samples(path: &Path, stage: &str, default_language: &str) -> Result<Vec<LabelledSample>, SampleError> {
    let file = path.display().to_string();
    let bytes =
        std::fs::read(path).map_err(|e| SampleError::Unreadable { file: file.clone(), reason: e.to_string() })?;
    let text = std::str::from_utf8(&bytes).map_err(|e| SampleError::Malformed {
        file: file.clone(),
        line: lines_before(&bytes[..e.valid_up_to()]) + 1,
        message: "invalid UTF-8; save the dataset as UTF-8".to_owned(),
    })?;
    let mut rows = Rows { file: &file, stage, default_language, samples: Vec::new() };
    match path.extension().map(|e| e.to_ascii_lowercase()).as_ref().and_then(|e| e.to_str()) {
        Some("csv") => rows.csv(text)?,
        Some("jsonl") => rows.jsonl(text)?,
        _ => rows.json(text)?,
    }
    let samples = rows.samples;
    if samples.is_empty() { Err(SampleError::Empty { file }) } else { Ok(samples) }
}

fn lines_before(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

struct Rows<'d> {
    file: &'d str,
    stage: &'d str,
    default_language: &'d str,
    samples: Vec<LabelledSample>,
}

impl Rows<'_> {
    fn malformed(&self, line: u64, message: String) -> SampleError {
        SampleError::Malformed { file: self.file.to_owned(), line, message }
    }

    fn bad_json(&self, first_line: u64, text: &str, e: &JsonError) -> SampleError {
        let message = if text.starts_with(BOM) {
            "the file begins with a byte-order mark, which JSON does not allow; save it without".to_owned()
        } else {
            format!("not valid JSON: column {}: {}", e.column, e.message)
        };
        self.malformed(first_line + e.line as u64 - 1, message)
    }

    fn jsonl(&mut self, text: &str) -> Result<(), SampleError> {
        for (i, line) in text.lines().enumerate().filter(|(_, line)| !trim(line).is_empty()) {
            let number = i as u64 + 1;
            let row = crate::value::parse_json(line).map_err(|e| self.bad_json(number, line, &e))?;
            self.add(row, number, "")?;
        }
        Ok(())
    }

    fn json(&mut self, text: &str) -> Result<(), SampleError> {
        let mut reader = JsonReader::new(text);
        let mut rows = Vec::new();
        let (mut seen, mut line) = (0, 1);
        let mut take = |reader: &mut JsonReader<'_>| {
            reader.peek();
            let at = reader.offset();
            line += lines_before(&text.as_bytes()[seen..at]);
            seen = at;
            rows.push((line, reader.value()?));
            Ok(())
        };
        let read = match reader.peek() {
            Some(b'[') => reader.array(&mut take),
            _ => take(&mut reader),
        };
        read.and_then(|()| reader.end()).map_err(|e| self.bad_json(1, text, &e))?;
        rows.into_iter().try_for_each(|(line, row)| self.add(row, line, ""))
    }

    fn csv(&mut self, text: &str) -> Result<(), SampleError> {
        // The reader of records would pass over the mark, which for the reference is part of the first name.
        let (mark, body) = match text.strip_prefix(BOM) {
            Some(body) => (text.split_at(BOM.len_utf8()).0, body),
            None => ("", text),
        };
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(body.as_bytes());
        let mut records = reader.records();
        let (mut seen, mut line) = (0, 1);
        let mut next = |rows: &Self| match records.next() {
            None => Ok(None),
            Some(Ok(record)) => {
                // A record's place is where the one before it ended: blank lines come first.
                let at = record.position().and_then(|p| usize::try_from(p.byte()).ok()).unwrap_or(0).min(body.len());
                let blank = body.as_bytes()[at..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
                line += lines_before(&body.as_bytes()[seen..at + blank]);
                seen = at + blank;
                Ok(Some((line, record)))
            }
            Some(Err(e)) => Err(rows.malformed(e.position().map_or(0, csv::Position::line), e.to_string())),
        };
        let Some((_, header)) = next(self)? else { return Ok(()) };
        let names: Vec<String> = header
            .iter()
            .enumerate()
            .map(|(i, name)| if i == 0 { mark.to_owned() + name } else { name.into() })
            .collect();
        let hint = match header.get(0).filter(|_| !mark.is_empty()) {
            Some(name) => format!(
                "; the file begins with a byte-order mark, which is part of the first column's name (so that it is \
                 not {name:?}): save it without"
            ),
            None => String::new(),
        };
        while let Some((line, record)) = next(self)? {
            let mut row = Map::new();
            for (name, field) in names.iter().zip(&record) {
                row.insert(name.as_str(), field.into());
            }
            self.add(Value::Map(row), line, &hint)?;
        }
        Ok(())
    }

    /// Adds a row; `hint` is said with whatever is wrong with it.
    fn add(&mut self, row: Value, line: u64, hint: &str) -> Result<(), SampleError> {
        let sample = self.sample(&row, line).map_err(|message| SampleError::BadRow {
            file: self.file.to_owned(),
            line,
            index: self.samples.len(),
            message: message + hint,
        })?;
        self.samples.push(sample);
        Ok(())
    }

    fn sample(&self, row: &Value, line: u64) -> Result<LabelledSample, String> {
        let Value::Map(row) = row else { return Err(format!("found {}, expected an object", row.kind())) };
        let Some((key, text)) = first(row, &TEXT) else { return Err(format!("no text; expected {}", any_of(&TEXT))) };
        let text = as_text(key, text)?;
        let output = match row.get(OUTPUT_TEXT).filter(|v| self.stage == "output" && v.truthy()) {
            Some(output) => Some(as_text(OUTPUT_TEXT, output)?),
            None => None,
        };
        let expected = match first(row, &LABEL) {
            None => return Err(format!("no label; expected {}", any_of(&LABEL))),
            Some((key, label)) => decision(label).ok_or_else(|| {
                let label = python_str(label);
                let shown: String = label.chars().take(40).collect();
                format!("`{key}` is {shown:?}; expected ALLOW, WARN, BLOCK, REDACT or TRANSFORM")
            })?,
        };
        let language = match first(row, &LANGUAGE) {
            None => self.default_language.to_owned(),
            Some((key, Value::List(_) | Value::Map(_))) => {
                return Err(format!("`{key}` must be a text such as \"en\""));
            }
            // A key of a JSON object is text, whatever stood in the dataset.
            Some((_, Value::Bool(b))) => b.to_string(),
            Some((_, language)) => python_str(language),
        };
        Ok(LabelledSample { text: output.unwrap_or(text), expected, language, line })
    }
}

const BOM: char = '\u{feff}';

/// The first of the keys whose value is truthy.
fn first<'r>(row: &'r Map, keys: &[&'static str]) -> Option<(&'static str, &'r Value)> {
    keys.iter().find_map(|key| row.get(key).filter(|v| v.truthy()).map(|v| (*key, v)))
}

fn any_of(keys: &[&str]) -> String {
    format!("a non-empty `{}`", keys.join("`, `"))
}

fn as_text(key: &str, value: &Value) -> Result<String, String> {
    match value {
        Value::Str(text) => Ok(text.clone()),
        other => Err(format!("`{key}` is {}, expected a string", other.kind())),
    }
}

fn decision(label: &Value) -> Option<Decision> {
    Decision::from_name(&trim(&python_str(label)).to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, content: &str, stage: &str) -> Result<Vec<LabelledSample>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let place = format!("{}/", folder.path().display());
        read_samples(&path, stage, "en").map_err(|e| e.to_string().replace(&place, ""))
    }

    fn sample(text: &str, expected: Decision, language: &str, line: u64) -> LabelledSample {
        LabelledSample { text: text.into(), expected, language: language.into(), line }
    }

    #[test]
    fn the_first_alias_that_is_not_empty_wins() {
        let rows = concat!(
            r#"{"text": "", "prompt": "p", "expected_decision": null, "label": " block ", "lang": "de"}"#,
            "\n \n",
            r#"{"text": "t", "input_text": "i", "expected": "Allow", "language": 5, "id": [1], "metadata": 7}"#,
        );
        assert_eq!(
            read("d.JSONL", rows, "input").unwrap(),
            [sample("p", Decision::Block, "de", 1), sample("t", Decision::Allow, "5", 3)]
        );
    }

    #[test]
    fn output_text_stands_in_only_at_the_output_stage() {
        let rows = r#"[{"text": "t", "output_text": "o", "expected": "WARN"},
                       {"text": "t", "output_text": "", "expected": "WARN"}]"#;
        let texts =
            |stage| -> Vec<String> { read("d.json", rows, stage).unwrap().into_iter().map(|s| s.text).collect() };
        assert_eq!(texts("output"), ["o", "t"]);
        assert_eq!(texts("Output"), ["t", "t"]);
        let alone = r#"{"output_text": "o", "expected": "WARN"}"#;
        assert!(read("d.json", alone, "output").unwrap_err().contains("row 0: no text"));
    }

    #[test]
    fn a_json_document_is_a_list_or_a_single_row() {
        assert_eq!(
            read("d.txt", "\n{\"text\": \"a\", \"label\": \"redact\"}", "input").unwrap(),
            [sample("a", Decision::Redact, "en", 2)]
        );
        let rows = "[\n {\"text\": \"a\",\n  \"label\": \"redact\"},\n {\"text\": \"b\", \"label\": \"x\"}]";
        assert_eq!(
            read("d.json", rows, "input").unwrap_err(),
            "d.json:4: row 1: `label` is \"x\"; expected ALLOW, WARN, BLOCK, REDACT or TRANSFORM"
        );
    }

    #[test]
    fn csv_has_a_header_and_rows_on_several_lines() {
        let rows = "id,text,label,lang\n\n1,\"two\nlines\",allow,\n2,b,BLOCK,fr,more\n3,c\n";
        assert_eq!(
            read("d.csv", rows, "input").unwrap_err(),
            "d.csv:6: row 2: no label; expected a non-empty `expected_decision`, `expected`, `label`"
        );
        let rows = rows.trim_end_matches("3,c\n");
        assert_eq!(
            read("d.csv", rows, "input").unwrap(),
            [sample("two\nlines", Decision::Allow, "en", 3), sample("b", Decision::Block, "fr", 5)]
        );
    }

    #[test]
    fn a_byte_order_mark_spoils_the_first_column_and_is_named() {
        let error = read("d.csv", "\u{feff}text,label\na,allow\n", "input").unwrap_err();
        assert!(error.starts_with("d.csv:2: row 0: no text;") && error.contains("byte-order mark"), "{error}");
        assert!(read("d.csv", "\u{feff}id,text,label\n1,a,allow\n", "input").is_ok());
        let error = read("d.json", "\u{feff}[]", "input").unwrap_err();
        assert_eq!(
            error,
            "d.json:1: the file begins with a byte-order mark, which JSON does not allow; save it without"
        );
    }

    #[test]
    fn what_is_no_sample_is_named_with_its_line_and_number() {
        let error = |row: &str| read("d.jsonl", row, "input").unwrap_err();
        assert_eq!(error("5"), "d.jsonl:1: row 0: found an integer, expected an object");
        assert_eq!(
            error(r#"{"text": 5, "label": "WARN"}"#),
            "d.jsonl:1: row 0: `text` is an integer, expected a string"
        );
        assert!(error(r#"{"text": "a", "label": true}"#).contains("`label` is \"True\"; expected ALLOW"));
        assert!(error(r#"{"text": "a", "label": 0}"#).contains("no label"));
        assert!(error(r#"{"text": "a", "label": "allow", "lang": ["en"]}"#).contains("`lang` must be a text"));
        assert!(error("{\"text\": \"a\",").starts_with("d.jsonl:1: not valid JSON: column"));
        for (name, nothing) in [("d.json", "[]"), ("d.jsonl", " \n"), ("d.csv", "text,label\n"), ("d.csv", "")] {
            assert!(read(name, nothing, "input").unwrap_err().contains("the dataset is empty"), "{name}");
        }
    }
}
