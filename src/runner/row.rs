//! One evaluated sample, and how it is written: a JSON line or a CSV record. Hot: each sample writes one, and with many
//! detectors a row is many times as long as its text.

use crate::api::{Actual, Decision, DetectorRow, QualityReport};
use crate::blocks::{BLOCK, each_block, places, within};
use crate::dataset::Sample;
use crate::metrics::DETERMINISTIC_MODE;
use crate::value::{Stops, write_json_str};
use std::borrow::Cow;

/// A sample and what came of it.
#[derive(Debug)]
pub struct Evaluated<'s> {
    /// The sample.
    pub sample: &'s Sample<'s>,
    /// The decision, or ERROR.
    pub actual: Actual,
    /// 0..=100; 0 on ERROR.
    pub risk: u8,
    /// Rule ids in the engine's order, repeats included.
    pub rule_ids: Vec<Cow<'s, str>>,
    /// One row for each detector that ran.
    pub detectors: Vec<DetectorRow<'s>>,
    /// Whole microseconds; none with timing off.
    pub latency_us: Option<u64>,
    /// Whether the expected rules fired; none when not given.
    pub rule_hits_match: Option<bool>,
    /// Quality scores.
    pub quality: Option<QualityReport>,
    /// The rewritten text: outer `None` when not asked for.
    pub sanitized: Option<Option<String>>,
    /// Why the sample could not be evaluated.
    pub error: Option<String>,
}

impl Evaluated<'_> {
    /// Whether the decision is exactly the label; none when unlabelled.
    #[must_use]
    pub fn is_correct(&self) -> Option<bool> {
        self.sample.expected_decision.map(|e| self.actual == Actual::Decided(e))
    }
}

/// Which columns a run's CSV rows have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowColumns {
    /// Latencies.
    pub timing: bool,
    /// The rewritten text.
    pub sanitized: bool,
}

/// Appends the row as one line of JSON, keys in the order of the API.
pub fn write_json(row: &Evaluated<'_>, heads: &mut CleanHeads, out: &mut Vec<u8>) {
    let sample = row.sample;
    out.reserve(512 + sample.text.len() + 192 * row.detectors.len());
    out.extend_from_slice(b"{\"sample_id\":");
    string(&sample.id, out);
    out.extend_from_slice(b",\"input_text\":");
    string(&sample.text, out);
    out.extend_from_slice(b",\"context\":");
    string(sample.context.name(), out);
    out.extend_from_slice(b",\"expected_decision\":");
    decision(sample.expected_decision, out);
    out.extend_from_slice(b",\"expected_rule_hits\":");
    match &sample.expected_rule_hits {
        None => out.extend_from_slice(b"null"),
        Some(ids) => strings(ids.iter().map(String::as_str), out),
    }
    out.extend_from_slice(b",\"actual_decision\":");
    string(row.actual.name(), out);
    out.extend_from_slice(b",\"actual_risk_score\":");
    number(u64::from(row.risk), out);
    out.extend_from_slice(b",\"actual_rule_hits\":");
    strings(row.rule_ids.iter().map(|id| &**id), out);
    out.extend_from_slice(b",\"detector_results\":");
    detectors(&row.detectors, heads, out);
    out.extend_from_slice(b",\"is_correct\":");
    boolean(row.is_correct(), out);
    latency(row.latency_us, out);
    out.extend_from_slice(b",\"metadata\":");
    out.extend_from_slice(sample.metadata.as_deref().unwrap_or("null").as_bytes());
    out.extend_from_slice(b",\"rule_hits_match\":");
    boolean(row.rule_hits_match, out);
    if let Some(report) = &row.quality {
        out.extend_from_slice(b",\"quality\":");
        quality(report, out);
    }
    if let Some(sanitized) = &row.sanitized {
        out.extend_from_slice(b",\"sanitized_text\":");
        match sanitized {
            None => out.extend_from_slice(b"null"),
            Some(text) => string(text, out),
        }
    }
    if let Some(error) = &row.error {
        out.extend_from_slice(b",\"error\":");
        string(error, out);
    }
    out.extend_from_slice(b"}\n");
}

/// How the rows of detectors that found nothing begin, up to their times, by the place of the detector: most rows are
/// such ones, over and over.
#[derive(Debug, Default)]
pub struct CleanHeads(Vec<(Box<str>, Vec<u8>)>);

impl CleanHeads {
    /// That of the detector's row.
    fn of(&mut self, place: usize, row: &DetectorRow<'_>) -> &[u8] {
        if self.0.len() <= place {
            self.0.resize_with(place + 1, Default::default);
        }
        let (name, written) = &mut self.0[place];
        if **name != *row.detector_name || written.is_empty() {
            *name = (&*row.detector_name).into();
            written.clear();
            head(row, written);
        }
        written
    }
}

/// How the rows of detectors that ran by their rules and found nothing end.
const CLEAN_TAIL: &[u8] = b",\"execution_mode\":\"local_deterministic\",\"rule_hits\":[],\"transformed\":false}";

fn is_clean(row: &DetectorRow<'_>) -> bool {
    let found_nothing = row.decision == Some(Decision::Allow) && row.risk_score == 0 && row.rule_hits.is_empty();
    found_nothing && row.execution_mode == DETERMINISTIC_MODE && row.fallback_path.is_none() && !row.transformed
}

/// The detectors that ran; null when none did.
fn detectors(rows: &[DetectorRow<'_>], heads: &mut CleanHeads, out: &mut Vec<u8>) {
    if rows.is_empty() {
        return out.extend_from_slice(b"null");
    }
    for (i, row) in rows.iter().enumerate() {
        out.push(if i == 0 { b'[' } else { b',' });
        let is_clean = is_clean(row);
        if is_clean {
            out.extend_from_slice(heads.of(i, row));
        } else {
            head(row, out);
        }
        latency(row.latency_us, out);
        if is_clean {
            out.extend_from_slice(CLEAN_TAIL);
        } else {
            tail(row, out);
        }
    }
    out.push(b']');
}

/// A detector's row up to its times.
fn head(row: &DetectorRow<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"detector_name\":");
    string(&row.detector_name, out);
    out.extend_from_slice(b",\"decision\":");
    decision(row.decision, out);
    out.extend_from_slice(b",\"risk_score\":");
    number(u64::from(row.risk_score), out);
}

/// A detector's row behind its times.
fn tail(row: &DetectorRow<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"execution_mode\":");
    string(&row.execution_mode, out);
    if let Some(path) = &row.fallback_path {
        out.extend_from_slice(b",\"fallback_path\":");
        string(path, out);
    }
    out.extend_from_slice(b",\"rule_hits\":");
    strings(row.rule_hits.iter().map(|id| &**id), out);
    out.extend_from_slice(if row.transformed { b",\"transformed\":true}" } else { b",\"transformed\":false}" });
}

fn latency(us: Option<u64>, out: &mut Vec<u8>) {
    if let Some(us) = us {
        out.extend_from_slice(b",\"latency_ms\":");
        number(us / 1000, out);
        out.extend_from_slice(b",\"latency_us\":");
        number(us, out);
    }
}

fn quality(report: &QualityReport, out: &mut Vec<u8>) {
    // Numbers and texts only: cannot fail.
    if let Ok(json) = serde_json::to_vec(report) {
        out.extend_from_slice(&json);
    }
}

fn decision(decision: Option<Decision>, out: &mut Vec<u8>) {
    match decision {
        None => out.extend_from_slice(b"null"),
        Some(decision) => plain(decision.name(), out),
    }
}

/// A JSON string of a text that has nothing to escape.
fn plain(text: &str, out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

fn boolean(value: Option<bool>, out: &mut Vec<u8>) {
    out.extend_from_slice(match value {
        None => b"null",
        Some(true) => b"true",
        Some(false) => b"false",
    });
}

fn strings<'i>(items: impl Iterator<Item = &'i str>, out: &mut Vec<u8>) {
    out.push(b'[');
    for (i, item) in items.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        string(item, out);
    }
    out.push(b']');
}

/// A JSON string. Most texts need few escapes, so runs between them are copied whole.
fn string(text: &str, out: &mut Vec<u8>) {
    // 0xF4 begins the characters from U+100000 on, among which the stand-ins of lone surrogates are.
    const SPECIAL: Stops<3> = Stops { bytes: [b'"', b'\\', 0xF4], below: 0x20 };
    let bytes = text.as_bytes();
    if bytes.len() < BLOCK && SPECIAL.run_length(bytes) == bytes.len() {
        return plain(text, out);
    }
    out.push(b'"');
    let mut done = 0;
    each_block(bytes, |start, block| {
        for at in places(SPECIAL.places(block) & within(bytes, start)).map(|at| start + at) {
            out.extend_from_slice(&bytes[done..at]);
            done = at + escape(text, at, out);
        }
    });
    out.extend_from_slice(&bytes[done..]);
    out.push(b'"');
}

/// Writes what stands for a special character, which begins at `at`; its length in bytes.
fn escape(text: &str, at: usize, out: &mut Vec<u8>) -> usize {
    let byte = text.as_bytes()[at];
    let short = match byte {
        b'"' => b"\\\"",
        b'\\' => b"\\\\",
        b'\n' => b"\\n",
        b'\t' => b"\\t",
        b'\r' => b"\\r",
        _ => {
            let len = if byte == 0xF4 { 4 } else { 1 };
            let mut escaped = String::new();
            write_json_str(&text[at..at + len], false, &mut escaped);
            out.extend_from_slice(&escaped.as_bytes()[1..escaped.len() - 1]);
            return len;
        }
    };
    out.extend_from_slice(short);
    1
}

fn number(mut n: u64, out: &mut Vec<u8>) {
    match u8::try_from(n) {
        Ok(digit @ 0..=9) => return out.push(b'0' + digit),
        Ok(two @ 10..=99) => return out.extend_from_slice(&[b'0' + two / 10, b'0' + two % 10]),
        _ => {}
    }
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        #[allow(clippy::cast_possible_truncation)]
        let digit = (n % 10) as u8;
        digits[at] = b'0' + digit;
        n /= 10;
        if n == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// The header of CSV rows.
#[must_use]
pub fn csv_header(columns: RowColumns) -> String {
    let mut names = vec![
        "sample_id",
        "input_text",
        "context",
        "expected_decision",
        "expected_rule_hits",
        "actual_decision",
        "actual_risk_score",
        "actual_rule_hits",
        "detector_results",
        "is_correct",
    ];
    if columns.timing {
        names.extend(["latency_ms", "latency_us"]);
    }
    names.extend(["metadata", "rule_hits_match", "quality"]);
    if columns.sanitized {
        names.push("sanitized_text");
    }
    names.push("error");
    names.join(",") + "\n"
}

/// Appends the row as a CSV record: null is empty, lists and objects are JSON.
pub fn write_csv(row: &Evaluated<'_>, columns: RowColumns, heads: &mut CleanHeads, out: &mut Vec<u8>) {
    let sample = row.sample;
    let mut scratch = Vec::new();
    let mut json = |write: &mut dyn FnMut(&mut Vec<u8>), out: &mut Vec<u8>| {
        scratch.clear();
        write(&mut scratch);
        if scratch != b"null" {
            csv_field(&scratch, out);
        }
        out.push(b',');
    };
    csv_text(&sample.id, out);
    csv_text(&sample.text, out);
    csv_text(sample.context.name(), out);
    csv_text(sample.expected_decision.map_or("", Decision::name), out);
    json(
        &mut |out| match &sample.expected_rule_hits {
            None => out.extend_from_slice(b"null"),
            Some(ids) => strings(ids.iter().map(String::as_str), out),
        },
        out,
    );
    csv_text(row.actual.name(), out);
    number(u64::from(row.risk), out);
    out.push(b',');
    json(&mut |out| strings(row.rule_ids.iter().map(|id| &**id), out), out);
    json(&mut |out| detectors(&row.detectors, heads, out), out);
    json(&mut |out| boolean(row.is_correct(), out), out);
    if columns.timing {
        for n in [row.latency_us.map(|us| us / 1000), row.latency_us] {
            if let Some(n) = n {
                number(n, out);
            }
            out.push(b',');
        }
    }
    json(&mut |out| out.extend_from_slice(sample.metadata.as_deref().unwrap_or("null").as_bytes()), out);
    json(&mut |out| boolean(row.rule_hits_match, out), out);
    json(
        &mut |out| match &row.quality {
            None => out.extend_from_slice(b"null"),
            Some(report) => quality(report, out),
        },
        out,
    );
    if columns.sanitized {
        csv_text(row.sanitized.as_ref().and_then(Option::as_deref).unwrap_or(""), out);
    }
    csv_text(row.error.as_deref().unwrap_or(""), out);
    out.pop();
    out.push(b'\n');
}

/// A text field and the comma after it. CSV has no escapes: a lone surrogate becomes U+FFFD.
fn csv_text(text: &str, out: &mut Vec<u8>) {
    if memchr::memchr(0xF4, text.as_bytes()).is_some() {
        let text: String =
            text.chars().map(|c| if crate::value::surrogate::original(c).is_some() { '\u{FFFD}' } else { c }).collect();
        csv_field(text.as_bytes(), out);
    } else {
        csv_field(text.as_bytes(), out);
    }
    out.push(b',');
}

fn csv_field(field: &[u8], out: &mut Vec<u8>) {
    const QUOTED: Stops<4> = Stops { bytes: [b'"', b',', b'\n', b'\r'], below: 0 };
    if QUOTED.run_length(field) == field.len() {
        return out.extend_from_slice(field);
    }
    out.push(b'"');
    let mut rest = field;
    while let Some(i) = memchr::memchr(b'"', rest) {
        out.extend_from_slice(&rest[..=i]);
        out.push(b'"');
        rest = &rest[i + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json_string(text: &str) -> String {
        let mut out = Vec::new();
        string(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_are_escaped_as_the_value_writer_escapes_them() {
        let lone = crate::value::surrogate::stand_in(0xD83D);
        for text in
            ["", "plain", "a\"b\\c\nd\te\rf\u{8}\u{c}\u{1}g", "é\u{7f}\u{1F600}\u{100000}", &format!("x{lone}y")]
        {
            let mut expected = String::new();
            write_json_str(text, false, &mut expected);
            assert_eq!(json_string(text), expected);
        }
        assert_eq!(json_string(&format!("x{lone}y")), "\"x\\ud83dy\"");
    }

    #[test]
    fn a_clean_row_is_written_as_every_other() {
        let clean = |name: &'static str, us| DetectorRow {
            detector_name: Cow::Borrowed(name),
            decision: Some(Decision::Allow),
            risk_score: 0,
            latency_ms: None,
            latency_us: us,
            execution_mode: Cow::Borrowed(DETERMINISTIC_MODE),
            fallback_path: None,
            rule_hits: Vec::new(),
            transformed: false,
        };
        let blocked = DetectorRow { decision: Some(Decision::Block), ..clean("pii", None) };
        let mut heads = CleanHeads::default();
        for rows in [
            vec![clean("pii", Some(7)), clean("\"", None), blocked, clean("topics", Some(1234))],
            vec![clean("pii", None)],
            vec![clean("other", None), clean("\"", Some(11)), clean("", None)],
        ] {
            let (mut written, mut expected) = (Vec::new(), Vec::new());
            detectors(&rows, &mut heads, &mut written);
            for (i, row) in rows.iter().enumerate() {
                expected.push(if i == 0 { b'[' } else { b',' });
                head(row, &mut expected);
                latency(row.latency_us, &mut expected);
                tail(row, &mut expected);
            }
            expected.push(b']');
            assert_eq!(String::from_utf8(written).unwrap(), String::from_utf8(expected).unwrap());
        }
    }

    #[test]
    fn special_characters_are_escaped_wherever_they_stand() {
        for at in 0..140 {
            for special in ["\"", "\n", "\u{1}", "\u{100000}", "é", "\\\\"] {
                let text = format!("{}{special}{}", "x".repeat(at), "y".repeat(140 - at));
                let mut expected = String::new();
                write_json_str(&text, false, &mut expected);
                assert_eq!(json_string(&text), expected);
            }
        }
    }

    #[test]
    fn numbers_are_written_in_full() {
        for n in [0, 7, 10, 42, 99, 100, 255, 256, 99_999, u64::MAX] {
            let mut out = Vec::new();
            number(n, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), n.to_string());
        }
    }

    #[test]
    fn csv_fields_are_quoted_where_they_must_be() {
        let mut out = Vec::new();
        for text in ["plain", "a,b", "say \"hi\"", "two\nlines"] {
            csv_text(text, &mut out);
        }
        assert_eq!(String::from_utf8(out).unwrap(), "plain,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",");
    }
}
