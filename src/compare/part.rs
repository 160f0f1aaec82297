//! Rows that one thread has read, and reading them from JSON.

use super::detector_lists::DetectorLists;
use super::row::{AnyRow, DetectorIn, DetectorsIn, NO_LATENCY, PairedRow, Row, Rows, stable_hash};
use super::vocabulary::Vocabulary;
use crate::api::{Decision, DetectorRow};
use crate::metrics::{Accumulator, Bins, Label, SampleOutcome, micros};
use memchr::memmem::Finder;
use serde::Deserialize;
use std::borrow::Cow;

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
    pub(super) fn add_json(&mut self, json: &[u8], parser: &mut RowParser) -> serde_json::Result<()> {
        if parser.shorten(json).is_some_and(|short| self.add_shortened(&short).is_some()) {
            return Ok(());
        }
        self.add_whole(json)
    }

    fn add_whole(&mut self, json: &[u8]) -> serde_json::Result<()> {
        match self.purpose {
            Purpose::Pairing => self.add(from_json(json)?),
            Purpose::Counting => self.add_any(from_json(json)?),
        }
        Ok(())
    }

    /// Adds the row that was shortened; none, and nothing is added, where that may be another row than the whole one.
    fn add_shortened(&mut self, short: &Shortened<'_>) -> Option<()> {
        match self.purpose {
            Purpose::Pairing => {
                let row: PairedRow<'_, Option<&str>> = from_json(short.json).ok()?;
                short.stands_for_list(row.detector_results?).then(|| self.pair(row, short.detectors))
            }
            Purpose::Counting => {
                let row: AnyRow<'_, Option<&str>> = from_json(short.json).ok()?;
                short.stands_for_list(row.detector_results?).then(|| self.count_any(row, short.detectors))
            }
        }
    }

    /// Adds a row to be paired.
    pub(super) fn add(&mut self, mut row: PairedRow<'_>) {
        let detectors = detector_rows(row.detector_results.take());
        self.pair(row, &detectors);
    }

    /// Adds a row of any system, to be counted only.
    pub(super) fn add_any(&mut self, mut row: AnyRow<'_>) {
        let detectors = detector_rows(row.detector_results.take());
        self.count_any(row, &detectors);
    }

    fn pair<T>(&mut self, row: PairedRow<'_, T>, detectors: &[DetectorRow<'_>]) {
        let context = row.context.as_ref().map_or("input", |c| &*c.0);
        let text = row.input_text.as_ref().map_or(0, |text| stable_hash((&*text.0, context)).max(1));
        let latency_us = micros(row.latency_us, row.latency_ms);
        let rule_ids: Vec<Cow<'_, str>> = row.actual_rule_hits.unwrap_or_default().into_iter().map(|id| id.0).collect();
        let flagged = detectors.iter().filter(|d| d.decision.is_some_and(|d| d != Decision::Allow));
        self.rows.push(
            &row.sample_id.0,
            Row {
                text,
                rules: self.vocabulary.set(rule_ids.iter().map(|id| &**id)),
                detectors: self.vocabulary.set(flagged.map(|d| &*d.detector_name)),
                latency_us: latency_us.map_or(NO_LATENCY, |us| u32::try_from(us).unwrap_or(NO_LATENCY - 1)),
                expected: row.expected_decision,
                actual: row.actual_decision,
                risk: row.actual_risk_score.unwrap_or(0),
            },
        );
        self.figure(&SampleOutcome {
            context,
            expected: row.expected_decision.map(Label::from),
            expected_rule_hits: row.expected_rule_hits.as_deref(),
            rule_hits_match: row.rule_hits_match,
            actual: row.actual_decision.into(),
            risk: Some(f64::from(row.actual_risk_score.unwrap_or(0))),
            latency_us,
            quality: row.quality.as_ref(),
            rule_ids: &rule_ids,
            detectors,
            groups: &[],
            owasp: None,
        });
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn count_any<T>(&mut self, row: AnyRow<'_, T>, detectors: &[DetectorRow<'_>]) {
        let rule_ids: Vec<Cow<'_, str>> = row.actual_rule_hits.unwrap_or_default().into_iter().map(|id| id.0).collect();
        // The cast saturates; no time is negative.
        let us = row.latency_ms.filter(|ms| ms.0 >= 0.0).map(|ms| (ms.0 * 1000.0).round() as u64);
        self.figure(&SampleOutcome {
            context: row.context.as_ref().map_or("input", |c| &*c.0),
            expected: row.expected_decision.0.as_ref().map(|word| Label::of(&word.0)),
            expected_rule_hits: row.expected_rule_hits.as_deref(),
            rule_hits_match: row.rule_hits_match,
            actual: row.actual_decision.0.as_ref().map_or(Label::Undecided, |word| Label::of(&word.0)),
            risk: row.actual_risk_score.0.map(|score| score.0),
            latency_us: row.latency_us.or(us),
            quality: row.quality.as_ref(),
            rule_ids: &rule_ids,
            detectors,
            groups: &[],
            owasp: None,
        });
    }

    fn figure(&mut self, sample: &SampleOutcome<'_>) {
        self.count += 1;
        match self.wanted {
            Figures::All => self.figures.add(sample),
            Figures::OfScores => self.figures.add_score(sample.expected, sample.actual, sample.risk),
        }
    }
}

fn detector_rows(detectors: DetectorsIn<'_>) -> Vec<DetectorRow<'_>> {
    detectors.unwrap_or_default().into_iter().map(DetectorIn::into_row).collect()
}

fn from_json<'j, T: Deserialize<'j>>(json: &'j [u8]) -> serde_json::Result<T> {
    // Checked once for the whole row, UTF-8 need not be checked for each string of it.
    match std::str::from_utf8(json) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(json),
    }
}

const LIST_KEY: &[u8] = br#""detector_results":"#;
/// Stands in a shortened row for its list. It is text, which no list is.
const STAND_IN: &[u8] = br#""-""#;

/// Reads rows whose lists of detectors, which make up most of a row, are like those of rows before.
#[derive(Debug)]
pub(super) struct RowParser {
    list_key: Finder<'static>,
    lists: DetectorLists,
    shortened: Vec<u8>,
}

impl Default for RowParser {
    fn default() -> Self {
        Self { list_key: Finder::new(LIST_KEY), lists: DetectorLists::default(), shortened: Vec::new() }
    }
}

impl RowParser {
    /// Cuts a list out of the row that looks like its list of detectors, and reads it apart.
    fn shorten(&mut self, json: &[u8]) -> Option<Shortened<'_>> {
        let start = self.list_key.find(json)? + LIST_KEY.len();
        let (detectors, length) = self.lists.read(&json[start..])?;
        self.shortened.clear();
        self.shortened.extend_from_slice(&json[..start]);
        self.shortened.extend_from_slice(STAND_IN);
        self.shortened.extend_from_slice(&json[start + length..]);
        Some(Shortened { json: &self.shortened, start, detectors })
    }
}

/// A row of which a list was cut out.
struct Shortened<'p> {
    /// The row with a stand-in for the list.
    json: &'p [u8],
    /// Where the stand-in begins.
    start: usize,
    /// The list.
    detectors: &'p [DetectorRow<'static>],
}

impl Shortened<'_> {
    /// Whether this text, found where the row's list of detectors belongs, is the stand-in. If so, whatever else the
    /// row holds, JSON has it that the list was the value of the same key. What only looked like it may be within the
    /// row's metadata, say.
    fn stands_for_list(&self, text: &str) -> bool {
        let stand_in = self.json[self.start..].strip_prefix(b"\"").unwrap_or_default();
        std::ptr::eq(text.as_ptr(), stand_in.as_ptr())
    }
}

#[cfg(test)]
#[path = "part_tests.rs"]
mod tests;
