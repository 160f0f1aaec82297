//! Lists of detectors that are read by comparing them with earlier ones.
//!
//! The rows of a run name the same detectors in the same order, and the entries of a detector mostly differ in their
//! times alone. So what stands around the times of an entry is remembered, and where the same bytes come again there is
//! nothing to parse but two numbers. Any other entry is parsed.

use super::row::DetectorIn;
use crate::api::DetectorRow;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Entries of a longer list are not remembered; no policy has as many detectors.
const MOST_PLACES: usize = 128;
/// Shapes that are remembered for a place.
const MOST_SHAPES: usize = 32;
/// Bytes of an entry that is remembered.
const LONGEST_ENTRY: usize = 1024;
/// Shapes that a place learns before any is met again, and how often each further one must have been met.
const FIRST_SHAPES: u64 = 64;
const MEETINGS: u64 = 8;
/// Digits of a number that surely fits 64 bits.
const MOST_DIGITS: usize = 19;

/// Reads lists of detectors; remembers entries by their place in the list.
#[derive(Debug, Default)]
pub(super) struct DetectorLists {
    places: Vec<Place>,
    /// The entries that were read last, one for each place.
    rows: Vec<DetectorRow<'static>>,
}

impl DetectorLists {
    /// Reads the list that the JSON begins with; gives its entries, and its length in bytes. None where it is no list,
    /// where an entry is wrong, and where the list is very long.
    pub(super) fn read(&mut self, json: &[u8]) -> Option<(&[DetectorRow<'static>], usize)> {
        let mut rest = after(b'[', json)?;
        let mut count = 0;
        let end = loop {
            if count == 0
                && let Some(end) = after(b']', rest)
            {
                break end;
            }
            let entry = without_blanks(rest);
            rest = &entry[self.read_entry(count, entry)?..];
            count += 1;
            match after(b',', rest) {
                Some(next) => rest = next,
                None => break after(b']', rest)?,
            }
        };
        Some((&self.rows[..count], json.len() - end.len()))
    }

    fn read_entry(&mut self, place: usize, json: &[u8]) -> Option<usize> {
        if place == self.places.len() {
            if place == MOST_PLACES {
                return None;
            }
            self.places.push(Place::default());
            self.rows.push(NO_ROW);
        }
        self.places[place].read(json, &mut self.rows[place])
    }
}

/// What JSON has between its parts.
fn without_blanks(json: &[u8]) -> &[u8] {
    let blanks = json.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
    &json[blanks..]
}

/// What follows this byte, if it comes next.
fn after(byte: u8, json: &[u8]) -> Option<&[u8]> {
    without_blanks(json).strip_prefix(&[byte])
}

const NO_ROW: DetectorRow<'static> = DetectorRow {
    detector_name: Cow::Borrowed(""),
    decision: None,
    risk_score: 0,
    latency_ms: None,
    latency_us: None,
    execution_mode: Cow::Borrowed(""),
    fallback_path: None,
    rule_hits: Vec::new(),
    transformed: false,
};

/// What is known of the entries at one place of the list.
#[derive(Debug, Default)]
struct Place {
    /// The one that was met last comes first; boxed, so that it takes little to move it there.
    #[allow(clippy::vec_box)]
    shapes: Vec<Box<Shape>>,
    /// Whether the entry that was read last has the first of the shapes.
    has_first: bool,
    met: u64,
    learned: u64,
}

impl Place {
    /// Reads the entry that the JSON begins with; `row` is the entry that was read last, and becomes this one.
    fn read(&mut self, json: &[u8], row: &mut DetectorRow<'static>) -> Option<usize> {
        let known = self.shapes.iter().enumerate().find_map(|(i, shape)| Some((i, shape.read(json)?)));
        let Some((i, (times, length))) = known else { return self.parse(json, row) };
        self.met += 1;
        if i > 0 || !self.has_first {
            self.shapes[..=i].rotate_right(1);
            self.has_first = true;
            row.clone_from(&self.shapes[0].row);
        }
        row.latency_ms = times.ms;
        row.latency_us = times.us;
        Some(length)
    }

    fn parse(&mut self, json: &[u8], row: &mut DetectorRow<'static>) -> Option<usize> {
        let mut entries = serde_json::Deserializer::from_slice(json).into_iter::<DetectorIn<'_>>();
        *row = owned(entries.next()?.ok()?.into_row());
        let length = entries.byte_offset();
        self.has_first = false;
        // Where no two entries are alike, remembering them is work for nothing.
        if self.learned < FIRST_SHAPES + self.met / MEETINGS
            && let Some(shape) = Shape::of(&json[..length], row)
        {
            self.learned += 1;
            self.has_first = true;
            self.shapes.truncate(MOST_SHAPES - 1);
            self.shapes.insert(0, Box::new(shape));
        }
        Some(length)
    }
}

fn owned(row: DetectorRow<'_>) -> DetectorRow<'static> {
    DetectorRow {
        detector_name: row.detector_name.into_owned().into(),
        rule_hits: row.rule_hits.into_iter().map(|id| id.into_owned().into()).collect(),
        execution_mode: row.execution_mode.into_owned().into(),
        fallback_path: row.fallback_path.map(|path| path.into_owned().into()),
        ..row
    }
}

/// The times of an entry.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    ms: Option<u64>,
    us: Option<u64>,
}

/// An entry but for its times.
#[derive(Debug)]
struct Shape {
    /// What comes before each time.
    before: Vec<(Box<[u8]>, Unit)>,
    /// What follows the last one.
    end: Box<[u8]>,
    row: DetectorRow<'static>,
}

#[derive(Clone, Copy, Debug)]
enum Unit {
    Ms,
    Us,
}

impl Shape {
    /// The shape of the entry that was read as this row, if it can be told.
    fn of(json: &[u8], row: &DetectorRow<'static>) -> Option<Self> {
        #[derive(Deserialize)]
        struct RawTimes<'a> {
            #[serde(borrow, default)]
            latency_ms: Option<&'a RawValue>,
            #[serde(borrow, default)]
            latency_us: Option<&'a RawValue>,
        }
        // An entry may be written as a list too, which has the times elsewhere.
        if json.len() > LONGEST_ENTRY || !json.starts_with(b"{") {
            return None;
        }
        let raw: RawTimes<'_> = serde_json::from_slice(json).ok()?;
        let times = [(raw.latency_ms, Unit::Ms), (raw.latency_us, Unit::Us)];
        let mut times: Vec<(&str, Unit)> =
            times.into_iter().filter_map(|(raw, unit)| Some((raw?.get(), unit))).collect();
        times.sort_by_key(|(digits, _)| digits.as_ptr());
        let (mut before, mut start) = (Vec::with_capacity(times.len()), 0);
        for (digits, unit) in times {
            let at = digits.as_ptr().addr() - json.as_ptr().addr();
            before.push((json[start..at].into(), unit));
            let (_, rest) = whole_number(&json[at..])?;
            start = json.len() - rest.len();
        }
        Some(Self { before, end: json[start..].into(), row: row.clone() })
    }

    /// Reads the entry that the JSON begins with, if it has this shape: its times and its length.
    fn read(&self, json: &[u8]) -> Option<(Times, usize)> {
        let (mut times, mut rest) = (Times::default(), json);
        for (before, unit) in &self.before {
            let (number, after) = whole_number(rest.strip_prefix(&**before)?)?;
            match unit {
                Unit::Ms => times.ms = Some(number),
                Unit::Us => times.us = Some(number),
            }
            rest = after;
        }
        let rest = rest.strip_prefix(&*self.end)?;
        Some((times, json.len() - rest.len()))
    }
}

/// The whole number that the JSON begins with, and what follows its digits.
fn whole_number(json: &[u8]) -> Option<(u64, &[u8])> {
    let count = json.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = json.split_at(count);
    // JSON writes no zero in front.
    if digits.is_empty() || count > MOST_DIGITS || (count > 1 && digits[0] == b'0') {
        return None;
    }
    Some((digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')), rest))
}

#[cfg(test)]
#[path = "detector_lists_tests.rs"]
mod tests;
