//! What is kept of a result row, and how it may come.

use super::part::Purpose;
use crate::api::{Actual, Decision, DetectorRow, QualityReport};
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

/// A result row as it may come: from this runner, from the API, or from an older worker that leaves keys out. The
/// types are those of a row to be paired; [`AnyRow`] has others.
#[derive(Debug, Deserialize)]
pub(super) struct RowIn<
    'a,
    Id = IdIn<'a>,
    Expected = Option<Decision>,
    Outcome = Actual,
    Risk = Option<u8>,
    Ms = u64,
    Detectors = DetectorsIn<'a>,
> {
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
    #[serde(default)]
    pub detector_results: Detectors,
    pub latency_ms: Option<Ms>,
    #[serde(default)]
    pub latency_us: Option<u64>,
    #[serde(default)]
    pub rule_hits_match: Option<bool>,
    #[serde(default)]
    pub quality: Option<QualityReport>,
}

/// A row to be paired.
pub(super) type PairedRow<'a, Detectors = DetectorsIn<'a>> =
    RowIn<'a, IdIn<'a>, Option<Decision>, Actual, Option<u8>, u64, Detectors>;

/// A row of any system: no id is needed, decisions may be any words, scores and times any numbers. Label, decision and
/// score must be there, if only as null, so that a misspelt key is noticed.
pub(super) type AnyRow<'a, Detectors = DetectorsIn<'a>> =
    RowIn<'a, Option<IgnoredAny>, Given<Text<'a>>, Given<Text<'a>>, Given<Number>, Number, Detectors>;

/// What the detectors of a row found, if it says.
pub(super) type DetectorsIn<'a> = Option<Vec<DetectorIn<'a>>>;

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
    pub(super) fn into_row(self) -> DetectorRow<'a> {
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
