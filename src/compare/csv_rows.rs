//! Result rows from CSV: one column a key, lists and objects as JSON in the cell, an empty cell for null.

use super::load::LoadError;
use super::part::{Part, Purpose};
use super::row::{AnyRow, DetectorIn, Given, IdIn, RowIn, Text};
use csv::StringRecord;
use rayon::prelude::*;
use serde::Deserialize;
use std::borrow::Cow;
use std::io::Read;

/// Records parsed at a time, and by one thread.
const BATCH: usize = 16_384;
const PIECE: usize = 1024;

/// Where each key's column is.
struct Columns {
    /// None where rows need no id.
    sample_id: Option<usize>,
    actual_decision: usize,
    others: [Option<usize>; OTHERS.len()],
}

const OTHERS: [&str; 11] = [
    "input_text",
    "context",
    "expected_decision",
    "expected_rule_hits",
    "actual_risk_score",
    "actual_rule_hits",
    "detector_results",
    "latency_ms",
    "latency_us",
    "rule_hits_match",
    "quality",
];

/// Reads rows into parts as `new_part` makes them, and hands these over in order.
pub(super) fn read_csv(
    file: &str,
    input: impl Read,
    new_part: impl Fn() -> Part + Sync,
    mut take: impl FnMut(Part),
) -> Result<(), LoadError> {
    let mut reader = csv::ReaderBuilder::new().from_reader(input);
    let headers = reader.headers().map_err(|e| csv_error(file, &e))?.clone();
    let columns = Columns::of(file, &headers, new_part().purpose())?;
    let mut batch = Vec::with_capacity(BATCH);
    let mut records = reader.into_records();
    loop {
        batch.clear();
        for record in records.by_ref().take(BATCH) {
            batch.push(record.map_err(|e| csv_error(file, &e))?);
        }
        if batch.is_empty() {
            return Ok(());
        }
        let parts: Vec<Result<Part, LoadError>> =
            batch.par_chunks(PIECE).map(|records| columns.part(file, records, new_part())).collect();
        for part in parts {
            take(part?);
        }
    }
}

fn csv_error(file: &str, error: &csv::Error) -> LoadError {
    let place = error.position().map_or_else(String::new, |p| format!(":{}", p.line()));
    let message = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("this row has {len} cells, the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "the row is not UTF-8".to_owned(),
        _ => error.to_string(),
    };
    LoadError::content(file, place, message)
}

impl Columns {
    fn of(file: &str, headers: &StringRecord, purpose: Purpose) -> Result<Self, LoadError> {
        let column = |name: &str| headers.iter().position(|h| h.trim() == name);
        let required = |name: &str| {
            column(name).ok_or_else(|| {
                let found: Vec<String> = headers.iter().take(8).map(|h| format!("{h:?}")).collect();
                let why = match purpose {
                    Purpose::Pairing => "so these are not result rows",
                    Purpose::Counting => "which rows need (cells of it may be empty)",
                };
                let message = format!("no column {name:?}, {why}; the first line has {}", found.join(", "));
                LoadError::content(file, ":1", message)
            })
        };
        if purpose == Purpose::Counting {
            required("expected_decision")?;
            required("actual_risk_score")?;
        }
        Ok(Self {
            sample_id: if purpose == Purpose::Pairing { Some(required("sample_id")?) } else { None },
            actual_decision: required("actual_decision")?,
            others: OTHERS.map(column),
        })
    }

    fn part(&self, file: &str, records: &[StringRecord], mut part: Part) -> Result<Part, LoadError> {
        for record in records {
            let added = match part.purpose() {
                Purpose::Pairing => self.row_to_pair(record).map(|row| part.add(row)),
                Purpose::Counting => self.any_row(record).map(|row| part.add_any(row)),
            };
            added.map_err(|message| {
                let line = record.position().map_or(0, csv::Position::line);
                LoadError::content(file, format!(":{line}"), message)
            })?;
        }
        Ok(part)
    }

    fn row_to_pair<'r>(&self, record: &'r StringRecord) -> Result<RowIn<'r>, String> {
        let id = self.sample_id.and_then(|column| record.get(column)).unwrap_or_default();
        let label = |cell| word("expected_decision", cell);
        let outcome = |cell| {
            word("actual_decision", cell)?
                .ok_or_else(|| "actual_decision is empty; expected a decision or ERROR".to_owned())
        };
        self.row(record, IdIn(Cow::Borrowed(id)), label, outcome, |cell| json("actual_risk_score", cell))
    }

    fn any_row<'r>(&self, record: &'r StringRecord) -> Result<AnyRow<'r>, String> {
        let label = |cell| word("expected_decision", cell).map(Given);
        let outcome = |cell| word("actual_decision", cell).map(Given);
        self.row(record, None, label, outcome, |cell| json("actual_risk_score", cell).map(Given))
    }

    /// The row, with what is kept of its filled cells for label, outcome and score.
    fn row<'r, Id, Expected, Outcome, Risk, Ms: Deserialize<'r>>(
        &self,
        record: &'r StringRecord,
        id: Id,
        label: impl Fn(Option<&'r str>) -> Result<Expected, String>,
        outcome: impl Fn(Option<&'r str>) -> Result<Outcome, String>,
        score: impl Fn(Option<&'r str>) -> Result<Risk, String>,
    ) -> Result<RowIn<'r, Id, Expected, Outcome, Risk, Ms>, String> {
        let [text, context, expected, expected_rules, risk, rules, detectors, ms, us, rules_match, quality] =
            self.others;
        let raw = |column: Option<usize>| column.and_then(|c| record.get(c));
        let filled = |column: Option<usize>| raw(column).filter(|cell| !cell.is_empty());
        Ok(RowIn {
            sample_id: id,
            input_text: raw(text).map(|t| Text(Cow::Borrowed(t))),
            context: filled(context).map(|t| Text(Cow::Borrowed(t))),
            expected_decision: label(filled(expected))?,
            expected_rule_hits: json("expected_rule_hits", filled(expected_rules))?,
            actual_decision: outcome(filled(Some(self.actual_decision)))?,
            actual_risk_score: score(filled(risk))?,
            actual_rule_hits: json("actual_rule_hits", filled(rules))?,
            detector_results: json::<Option<Vec<DetectorIn<'_>>>>("detector_results", filled(detectors))?.flatten(),
            latency_ms: json("latency_ms", filled(ms))?,
            latency_us: json("latency_us", filled(us))?,
            rule_hits_match: json("rule_hits_match", filled(rules_match).map(lower_bool))?,
            quality: json("quality", filled(quality))?,
        })
    }
}

/// Spreadsheets write TRUE and FALSE.
fn lower_bool(cell: &str) -> &str {
    match cell {
        "TRUE" | "True" => "true",
        "FALSE" | "False" => "false",
        other => other,
    }
}

fn json<'r, T: Deserialize<'r>>(column: &str, cell: Option<&'r str>) -> Result<Option<T>, String> {
    let Some(cell) = cell.filter(|c| *c != "null") else { return Ok(None) };
    serde_json::from_str(cell).map(Some).map_err(|e| format!("column {column}: {cell:.60?} cannot be read: {e}"))
}

fn word<'r, T: Deserialize<'r>>(column: &str, cell: Option<&'r str>) -> Result<Option<T>, String> {
    use serde::de::value::{BorrowedStrDeserializer, Error};
    let Some(cell) = cell.filter(|c| !c.is_empty() && *c != "null") else { return Ok(None) };
    T::deserialize(BorrowedStrDeserializer::<Error>::new(cell)).map(Some).map_err(|e| format!("column {column}: {e}"))
}
