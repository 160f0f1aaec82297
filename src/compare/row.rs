//! What is kept of a result row, and reading it from JSON or CSV.

use super::vocabulary::Vocabulary;
use crate::api::{Actual, Decision, DetectorRow, QualityReport};
use crate::metrics::{Accumulator, Bins, Label, SampleOutcome, micros};
use crate::value::{Key, Value, parse_json_bytes, python_json, surrogate};
use serde::Deserialize;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{Deserializer, Error, IgnoredAny, IntoDeserializer as _, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::marker::PhantomData;

/// One row without its texts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// Hash of text and stage; 0 when the row has no text.
    pub text: u64,
    /// The set of rules that fired.
    pub rules: u32,
    /// The set of detectors that flagged.
    pub detectors: u32,
    /// Microseconds; [`NO_LATENCY`] when not recorded.
    pub latency_us: u32,
    /// The label.
    pub expected: Option<Decision>,
    /// The outcome.
    pub actual: Actual,
    /// 0..=100.
    pub risk: u8,
}

pub(super) const NO_LATENCY: u32 = u32::MAX;

/// Rows in file order, with their ids in one string.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub rows: Vec<Row>,
    ids: String,
    id_ends: Vec<usize>,
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn id(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.id_ends[index - 1] };
        &self.ids[start..self.id_ends[index]]
    }

    pub(super) fn push(&mut self, id: &str, row: Row) {
        self.ids.push_str(id);
        self.id_ends.push(self.ids.len());
        self.rows.push(row);
    }

    /// Appends some rows of another list with the same vocabulary.
    pub(super) fn append_from(&mut self, other: &Rows, range: std::ops::Range<usize>) {
        for i in range {
            self.push(other.id(i), other.rows[i]);
        }
    }

    /// Drops the first `count` rows.
    pub(super) fn drop_first(&mut self, count: usize) {
        let Some(last) = count.checked_sub(1) else { return };
        let end = self.id_ends[last];
        self.ids.drain(..end);
        self.id_ends.drain(..count);
        self.id_ends.iter_mut().for_each(|e| *e -= end);
        self.rows.drain(..count);
    }

    /// Appends the rows of a later part, whose sets of names have been given new numbers.
    pub(super) fn append(&mut self, part: &Rows, set_numbers: &[u32]) {
        let base = self.ids.len();
        self.ids.push_str(&part.ids);
        self.id_ends.extend(part.id_ends.iter().map(|end| base + end));
        self.rows.extend(part.rows.iter().map(|row| Row {
            rules: set_numbers[row.rules as usize],
            detectors: set_numbers[row.detectors as usize],
            ..*row
        }));
    }
}

/// A hash that is the same in every run of the program.
pub(super) fn stable_hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What rows are read for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To be paired with those of another run: each has an id, and words and scores are those of the engine.
    #[default]
    Pairing,
    /// To be counted alone: rows may be those of another system, with words and scores of its own.
    Counting,
}

/// Which figures are counted of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Figures {
    /// All.
    All,
    /// Those of the risk score: the others stand in the side's summary.
    OfScores,
}

/// Rows that one thread has read, with a vocabulary of their own.
#[derive(Debug)]
pub(super) struct Part {
    purpose: Purpose,
    wanted: Figures,
    /// Rows that were read.
    pub count: u64,
    /// Those to be paired.
    pub rows: Rows,
    pub vocabulary: Vocabulary,
    pub figures: Accumulator,
}

impl Part {
    pub(super) fn new(purpose: Purpose, wanted: Figures, bins: Bins) -> Self {
        Self {
            purpose,
            wanted,
            count: 0,
            rows: Rows::default(),
            vocabulary: Vocabulary::default(),
            figures: Accumulator::with_bins(bins),
        }
    }

    pub(super) fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Adds the row that this JSON is.
    pub(super) fn add_json(&mut self, json: &[u8]) -> serde_json::Result<()> {
        match self.purpose {
            Purpose::Pairing => self.add(from_json(json)?),
            Purpose::Counting => self.add_any(from_json(json)?),
        }
        Ok(())
    }

    /// Adds a row to be paired.
    pub(super) fn add(&mut self, row: RowIn<'_>) {
        let context = row.context.as_ref().map_or("input", |c| &*c.0);
        let text = row.input_text.as_ref().map_or(0, |text| stable_hash((&*text.0, context)).max(1));
        let latency_us = micros(row.latency_us, row.latency_ms);
        let rule_ids = row.actual_rule_hits.unwrap_or_default();
        let detectors = row.detector_results.unwrap_or_default();
        let flagged = detectors.iter().filter(|d| d.decision.is_some_and(|d| d != Decision::Allow));
        self.rows.push(
            &row.sample_id.0,
            Row {
                text,
                rules: self.vocabulary.set(rule_ids.iter().map(|id| &*id.0)),
                detectors: self.vocabulary.set(flagged.map(|d| &*d.detector_name.0)),
                latency_us: latency_us.map_or(NO_LATENCY, |us| u32::try_from(us).unwrap_or(NO_LATENCY - 1)),
                expected: row.expected_decision,
                actual: row.actual_decision,
                risk: row.actual_risk_score.unwrap_or(0),
            },
        );
        let sample = SampleOutcome {
            context,
            expected: row.expected_decision.map(Label::from),
            expected_rule_hits: row.expected_rule_hits.as_deref(),
            rule_hits_match: row.rule_hits_match,
            actual: row.actual_decision.into(),
            risk: Some(f64::from(row.actual_risk_score.unwrap_or(0))),
            latency_us,
            quality: row.quality.as_ref(),
            rule_ids: &[],
            detectors: &[],
            groups: &[],
            owasp: None,
        };
        self.figure(sample, rule_ids, detectors);
    }

    /// Adds a row of any system, to be counted only.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub(super) fn add_any(&mut self, row: AnyRow<'_>) {
        let rule_ids = row.actual_rule_hits.unwrap_or_default();
        let detectors = row.detector_results.unwrap_or_default();
        // The cast saturates; no time is negative.
        let us = row.latency_ms.filter(|ms| ms.0 >= 0.0).map(|ms| (ms.0 * 1000.0).round() as u64);
        let sample = SampleOutcome {
            context: row.context.as_ref().map_or("input", |c| &*c.0),
            expected: row.expected_decision.0.as_ref().map(|word| Label::of(&word.0)),
            expected_rule_hits: row.expected_rule_hits.as_deref(),
            rule_hits_match: row.rule_hits_match,
            actual: row.actual_decision.0.as_ref().map_or(Label::Undecided, |word| Label::of(&word.0)),
            risk: row.actual_risk_score.0.map(|score| score.0),
            latency_us: row.latency_us.or(us),
            quality: row.quality.as_ref(),
            rule_ids: &[],
            detectors: &[],
            groups: &[],
            owasp: None,
        };
        self.figure(sample, rule_ids, detectors);
    }

    /// Counts a sample that these rules and detectors belong to.
    fn figure(&mut self, sample: SampleOutcome<'_>, rule_ids: Vec<Text<'_>>, detectors: Vec<DetectorIn<'_>>) {
        self.count += 1;
        if self.wanted == Figures::OfScores {
            self.figures.add_score(sample.expected, sample.actual, sample.risk);
            return;
        }
        let rule_ids: Vec<Cow<'_, str>> = rule_ids.into_iter().map(|id| id.0).collect();
        let detectors: Vec<DetectorRow<'_>> = detectors.into_iter().map(DetectorIn::into_row).collect();
        self.figures.add(&SampleOutcome { rule_ids: &rule_ids, detectors: &detectors, ..sample });
    }
}

fn from_json<'j, T: Deserialize<'j>>(json: &'j [u8]) -> serde_json::Result<T> {
    // Checked once for the whole row, UTF-8 need not be checked for each string of it.
    match std::str::from_utf8(json) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(json),
    }
}

/// A result row as it may come: from this runner, from the API, or from an older worker that leaves keys out. The
/// types are those of a row to be paired; [`AnyRow`] has others.
#[derive(Debug, Deserialize)]
pub(super) struct RowIn<'a, Id = IdIn<'a>, Expected = Option<Decision>, Outcome = Actual, Risk = Option<u8>, Ms = u64> {
    pub sample_id: Id,
    #[serde(borrow, default)]
    pub input_text: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub context: Option<Text<'a>>,
    pub expected_decision: Expected,
    #[serde(default)]
    pub expected_rule_hits: Option<Vec<String>>,
    pub actual_decision: Outcome,
    pub actual_risk_score: Risk,
    #[serde(borrow, default)]
    pub actual_rule_hits: Option<Vec<Text<'a>>>,
    #[serde(borrow, default)]
    pub detector_results: Option<Vec<DetectorIn<'a>>>,
    pub latency_ms: Option<Ms>,
    #[serde(default)]
    pub latency_us: Option<u64>,
    #[serde(default)]
    pub rule_hits_match: Option<bool>,
    #[serde(default)]
    pub quality: Option<QualityReport>,
}

/// A row of any system: no id is needed, decisions may be any words, scores and times any numbers. Label, decision and
/// score must be there, if only as null, so that a misspelt key is noticed.
pub(super) type AnyRow<'a> = RowIn<'a, Option<IgnoredAny>, Given<Text<'a>>, Given<Text<'a>>, Given<Number>, Number>;

/// A number, whole or not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number(pub f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(NumberVisitor).map(Number)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_f64<E: Error>(self, n: f64) -> Result<f64, E> {
        Ok(n)
    }

    #[allow(clippy::cast_precision_loss)]
    fn visit_u64<E: Error>(self, n: u64) -> Result<f64, E> {
        Ok(n as f64)
    }

    #[allow(clippy::cast_precision_loss)]
    fn visit_i64<E: Error>(self, n: i64) -> Result<f64, E> {
        Ok(n as f64)
    }
}

/// A value that may be null but must be there.
#[derive(Debug)]
pub(super) struct Given<T>(pub Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        // A missing key answers to nothing but a question for an option, which this is not.
        d.deserialize_any(GivenVisitor(PhantomData)).map(Given)
    }
}

struct GivenVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for GivenVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number or null")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        T::deserialize(BorrowedStrDeserializer::new(text)).map(Some)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        T::deserialize(text.into_deserializer()).map(Some)
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<Self::Value, E> {
        T::deserialize(n.into_deserializer()).map(Some)
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<Self::Value, E> {
        T::deserialize(n.into_deserializer()).map(Some)
    }

    fn visit_f64<E: Error>(self, n: f64) -> Result<Self::Value, E> {
        T::deserialize(n.into_deserializer()).map(Some)
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct DetectorIn<'a> {
    #[serde(borrow)]
    detector_name: Text<'a>,
    #[serde(default)]
    decision: Option<Decision>,
    #[serde(default)]
    latency_ms: Option<u64>,
    #[serde(default)]
    latency_us: Option<u64>,
    #[serde(borrow, default)]
    rule_hits: Option<Vec<Text<'a>>>,
}

impl<'a> DetectorIn<'a> {
    fn into_row(self) -> DetectorRow<'a> {
        DetectorRow {
            detector_name: self.detector_name.0,
            decision: self.decision,
            risk_score: 0,
            latency_ms: self.latency_ms,
            latency_us: self.latency_us,
            execution_mode: Cow::Borrowed(""),
            fallback_path: None,
            rule_hits: self.rule_hits.unwrap_or_default().into_iter().map(|id| id.0).collect(),
            transformed: false,
        }
    }
}

/// Text that stays borrowed inside options and lists, where serde would copy a `Cow`.
#[derive(Debug)]
pub(super) struct Text<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_str(TextVisitor { numbers: false }).map(Text)
    }
}

/// A sample's id: text, or a number that is taken as text.
#[derive(Debug)]
pub(super) struct IdIn<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for IdIn<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(TextVisitor { numbers: true }).map(IdIn)
    }
}

struct TextVisitor {
    numbers: bool,
}

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.numbers { "text or a whole number" } else { "text" })
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<Self::Value, E> {
        if self.numbers {
            Ok(n.to_string().into())
        } else {
            Err(E::invalid_type(serde::de::Unexpected::Unsigned(n), &self))
        }
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<Self::Value, E> {
        if self.numbers {
            Ok(n.to_string().into())
        } else {
            Err(E::invalid_type(serde::de::Unexpected::Signed(n), &self))
        }
    }
}

/// Whether the text is a JSON object with the keys that every row has.
pub(super) fn is_row(json: &[u8], purpose: Purpose) -> bool {
    #[derive(Deserialize)]
    struct Keys {
        #[serde(default)]
        sample_id: Present,
        #[serde(default)]
        actual_decision: Present,
    }
    let has_keys = |keys: Keys| keys.actual_decision.0 && (keys.sample_id.0 || purpose == Purpose::Counting);
    match serde_json::from_slice::<Keys>(json) {
        Ok(keys) => has_keys(keys),
        Err(_) => strict_json(json).is_some_and(|json| serde_json::from_slice(&json).is_ok_and(has_keys)),
    }
}

/// Whether a key is there, whatever its value.
#[derive(Default)]
struct Present(bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(d).map(|_| Present(true))
    }
}

/// What Python writes and serde refuses, as strict JSON: `NaN` and infinities become null, lone surrogates U+FFFD.
/// `None` when it is no JSON to Python either.
pub(super) fn strict_json(json: &[u8]) -> Option<Vec<u8>> {
    fn mend(value: Value) -> Value {
        match value {
            Value::Float(f) if !f.is_finite() => Value::Null,
            Value::Str(text) => Value::Str(mend_text(&text)),
            Value::List(items) => Value::List(items.into_iter().map(mend).collect()),
            Value::Map(map) => {
                let key = |key: Key| Key::from(mend_text(key.as_text()).as_str());
                Value::Map(map.into_iter().map(|(k, v)| (key(k), mend(v))).collect())
            }
            other => other,
        }
    }
    fn mend_text(text: &str) -> String {
        text.chars().map(|c| if surrogate::original(c).is_some() { char::REPLACEMENT_CHARACTER } else { c }).collect()
    }
    let value = parse_json_bytes(json).ok()?;
    Some(python_json(&mend(value), false).into_bytes())
}
