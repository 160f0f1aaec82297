//! What is kept of a result row, and reading it from JSON or CSV.

use super::vocabulary::Vocabulary;
use crate::api::{Actual, Decision, DetectorRow, QualityReport};
use crate::metrics::{Accumulator, SampleOutcome, micros};
use crate::value::{Key, Value, parse_json_bytes, python_json, surrogate};
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

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

/// Rows that one thread has read, with a vocabulary of their own.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub rows: Rows,
    pub vocabulary: Vocabulary,
    /// Figures of the rows, where the side has no summary.
    pub figures: Option<Accumulator>,
}

impl Part {
    pub(super) fn new(with_figures: bool) -> Self {
        Self { figures: with_figures.then(Accumulator::new), ..Self::default() }
    }

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
        let Some(figures) = &mut self.figures else { return };
        let rule_ids: Vec<Cow<'_, str>> = rule_ids.into_iter().map(|id| id.0).collect();
        let detectors: Vec<DetectorRow<'_>> = detectors.into_iter().map(DetectorIn::into_row).collect();
        figures.add(&SampleOutcome {
            context,
            expected: row.expected_decision,
            expected_rule_hits: row.expected_rule_hits.as_deref(),
            rule_hits_match: row.rule_hits_match,
            actual: row.actual_decision,
            risk: row.actual_risk_score.unwrap_or(0),
            rule_ids: &rule_ids,
            detectors: &detectors,
            latency_us,
            groups: &[],
            quality: row.quality.as_ref(),
            owasp: None,
        });
    }
}

/// A result row as it may come: from this runner, from the API, or from an older worker that leaves keys out.
#[derive(Debug, Deserialize)]
pub(super) struct RowIn<'a> {
    #[serde(borrow)]
    pub sample_id: IdIn<'a>,
    #[serde(borrow, default)]
    pub input_text: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub context: Option<Text<'a>>,
    #[serde(default)]
    pub expected_decision: Option<Decision>,
    #[serde(default)]
    pub expected_rule_hits: Option<Vec<String>>,
    pub actual_decision: Actual,
    #[serde(default)]
    pub actual_risk_score: Option<u8>,
    #[serde(borrow, default)]
    pub actual_rule_hits: Option<Vec<Text<'a>>>,
    #[serde(borrow, default)]
    pub detector_results: Option<Vec<DetectorIn<'a>>>,
    #[serde(default)]
    pub latency_ms: Option<u64>,
    #[serde(default)]
    pub latency_us: Option<u64>,
    #[serde(default)]
    pub rule_hits_match: Option<bool>,
    #[serde(default)]
    pub quality: Option<QualityReport>,
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
pub(super) fn is_row(json: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Keys {
        sample_id: Option<IgnoredAny>,
        actual_decision: Option<IgnoredAny>,
    }
    let has_keys = |keys: Keys| keys.sample_id.is_some() && keys.actual_decision.is_some();
    match serde_json::from_slice::<Keys>(json) {
        Ok(keys) => has_keys(keys),
        Err(_) => strict_json(json).is_some_and(|json| serde_json::from_slice(&json).is_ok_and(has_keys)),
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
