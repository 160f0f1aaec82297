//! Reading one side of a comparison from whatever file it is in.

use super::ahead::{Ahead, PIECE, Pending};
use super::comparison::SideInfo;
use super::csv_rows::read_csv;
use super::part::{Figures, Part, Purpose, RowParser};
use super::row::{Rows, is_row, strict_json};
use super::split::Splitter;
use super::vocabulary::Vocabulary;
use crate::metrics::{Accumulator, Summary, WantedBins};
use rayon::prelude::*;
use serde_json::Value;
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use thread_local::ThreadLocal;

/// Bytes that are read and parsed at a time; a piece of it goes to each thread.
pub(super) const BLOCK: usize = 4 << 20;
/// Bytes that are read at a time to find the end of the first line.
const BEGINNING: usize = 64 << 10;

/// Why a file could not be taken as a side of a comparison.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It could not be read.
    #[error("{file}: {source}")]
    Io {
        /// The file as given.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// A place in it is wrong.
    #[error("{file}{place}: {message}")]
    Content {
        /// The file as given.
        file: String,
        /// `:line`, `:line:column` or `: results[n]`; empty for the whole file.
        place: String,
        /// What was found and what was expected.
        message: String,
    },
}

impl LoadError {
    pub(super) fn content(file: &str, place: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Content { file: file.to_owned(), place: place.into(), message: message.into() }
    }

    fn io(file: &str, source: io::Error) -> Self {
        Self::Io { file: file.to_owned(), source }
    }
}

/// One side of a comparison: what ran, its figures, and its rows where the file has any.
#[derive(Debug)]
pub struct Side {
    pub(super) info: SideInfo,
    pub(super) rows: Option<Rows>,
    /// Histograms of the risk scores: that of the summary, and that of the rows where it has other bins.
    pub(super) risk_histograms: Vec<Vec<u64>>,
    /// Things the reader of the comparison should know.
    pub(super) notes: Vec<String>,
}

/// How a file is read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reading {
    pub purpose: Purpose,
    /// Bins that are asked for; else those of the file's summary count.
    pub bins: WantedBins,
}

impl Reading {
    fn part(self, wanted: Figures) -> Part {
        Part::new(self.purpose, wanted, self.bins.bins())
    }
}

/// What a file has been found to hold so far.
pub(super) struct Loading {
    file: String,
    reading: Reading,
    /// Rows that nobody has taken away yet.
    pub(super) rows: Option<Rows>,
    count: u64,
    figures: Accumulator,
    documents: Vec<Value>,
    parsers: Arc<Parsers>,
}

/// What each thread remembers of the rows that it has read.
type Parsers = ThreadLocal<RefCell<RowParser>>;

/// An open file whose kind is known.
pub(super) enum Opened {
    /// Rows as JSON lines, which may be taken block by block.
    Lines(Loading, Lines),
    /// Anything else.
    Other(Loading, Other),
}

/// JSON lines being read.
pub(super) struct Lines {
    ahead: Ahead<PartOfLines>,
    /// The block that comes next.
    block: Option<Vec<Pending<PartOfLines>>>,
    /// Lines before the block.
    before: usize,
}

/// The rows of some lines and the number of line ends, or the number of the first wrong line and why.
type PartOfLines = Result<(Part, usize), (usize, String)>;

/// A file that is read whole.
pub(super) struct Other {
    input: Input,
    block: Vec<u8>,
    more: bool,
    json: bool,
}

type Input = Box<dyn Read + Send>;

/// Reads a run file, a summary, a rows file (JSONL, JSON or CSV) or pages of API results, plain or compressed with
/// gzip or Zstandard; the kind is told by the content. Memory holds a few dozen bytes a row, no texts.
///
/// # Errors
/// The file cannot be read, or is none of these.
#[cfg(test)]
pub(super) fn load(path: &Path, vocabulary: &mut Vocabulary) -> Result<Side, LoadError> {
    Opened::at(path, Reading::default())?.load(vocabulary)
}

impl Opened {
    /// Opens the file and reads its beginning.
    ///
    /// # Errors
    /// When it cannot be read, or is empty and there is nothing to pair.
    pub(super) fn at(path: &Path, reading: Reading) -> Result<Self, LoadError> {
        let file = path.display().to_string();
        let mut input = File::open(path).and_then(decompressed).map_err(|e| LoadError::io(&file, e))?;
        let mut block = Vec::new();
        begin(&mut input, &mut block).map_err(|e| LoadError::io(&file, e))?;
        let figures = Accumulator::with_bins(reading.bins.bins());
        let mut loading =
            Loading { file, reading, rows: None, count: 0, figures, documents: Vec::new(), parsers: Arc::default() };
        let first = block.iter().position(|b| !b.is_ascii_whitespace());
        Ok(match first.map(|at| (block[at], &block[at..])) {
            None if reading.purpose == Purpose::Counting => {
                loading.rows = Some(Rows::default());
                let lines = loading.lines(io::empty())?;
                Opened::Lines(loading, lines)
            }
            None => return Err(loading.error("", "the file is empty; expected a run, a summary or result rows")),
            Some((b'{', rest)) if is_row(first_line(rest), reading.purpose) => {
                let lines = loading.lines(io::Cursor::new(block).chain(input))?;
                Opened::Lines(loading, lines)
            }
            Some((first, _)) => {
                let more = fill(&mut input, &mut block).map_err(|e| loading.io_error(e))?;
                Opened::Other(loading, Other { input, block, more, json: matches!(first, b'{' | b'[') })
            }
        })
    }

    /// Reads the rest, and keeps every row.
    ///
    /// # Errors
    /// The file cannot be read, or is none of these.
    pub(super) fn load(self, vocabulary: &mut Vocabulary) -> Result<Side, LoadError> {
        self.read(vocabulary)?.finish()
    }

    /// Reads the rest and counts every row.
    ///
    /// # Errors
    /// The file cannot be read, or has no rows.
    pub(super) fn count(self) -> Result<RowFigures, LoadError> {
        self.read(&mut Vocabulary::default())?.figures()
    }

    fn read(self, vocabulary: &mut Vocabulary) -> Result<Loading, LoadError> {
        match self {
            Opened::Lines(mut loading, mut lines) => {
                while loading.next_lines(&mut lines, vocabulary)? {}
                Ok(loading)
            }
            Opened::Other(mut loading, other) => {
                if other.json {
                    loading.documents(other, vocabulary)?;
                } else {
                    loading.csv(io::Cursor::new(other.block).chain(other.input), vocabulary)?;
                }
                Ok(loading)
            }
        }
    }
}

/// The reader of the file's content, whatever it is compressed with.
fn decompressed(mut file: File) -> io::Result<Input> {
    let mut magic = Vec::new();
    (&mut file).take(4).read_to_end(&mut magic)?;
    let whole = io::Cursor::new(magic.clone()).chain(file);
    Ok(match magic.as_slice() {
        [0x1F, 0x8B, ..] => Box::new(flate2::read::MultiGzDecoder::new(whole)),
        [0x28, 0xB5, 0x2F, 0xFD] => Box::new(zstd::stream::read::Decoder::new(whole)?),
        _ => Box::new(whole),
    })
}

/// Reads the first line, or a block of it, without a mark of the byte order.
fn begin(input: &mut impl Read, block: &mut Vec<u8>) -> io::Result<()> {
    while input.by_ref().take(BEGINNING as u64).read_to_end(block)? > 0 {
        if block.starts_with(b"\xEF\xBB\xBF") {
            block.drain(..3);
        }
        if block.len() >= BLOCK || block.trim_ascii_start().contains(&b'\n') {
            break;
        }
    }
    Ok(())
}

/// Reads on until there is a block; whether there may be more.
fn fill(input: &mut impl Read, block: &mut Vec<u8>) -> io::Result<bool> {
    let missing = BLOCK.saturating_sub(block.len());
    input.by_ref().take(missing as u64).read_to_end(block)?;
    Ok(block.len() >= BLOCK)
}

fn first_line(text: &[u8]) -> &[u8] {
    &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())]
}

impl Loading {
    fn error(&self, place: impl Into<String>, message: impl Into<String>) -> LoadError {
        LoadError::content(&self.file, place, message)
    }

    fn io_error(&self, source: io::Error) -> LoadError {
        LoadError::io(&self.file, source)
    }

    /// Begins to read lines.
    fn lines(&self, input: impl Read + Send + 'static) -> Result<Lines, LoadError> {
        let (reading, parsers) = (self.reading, Arc::clone(&self.parsers));
        let work = move |lines: &[u8]| part_of_lines(lines, reading, &mut parsers.get_or_default().borrow_mut());
        let mut ahead = Ahead::start(input, BLOCK, work).map_err(|e| self.io_error(e))?;
        let block = ahead.next_block().map_err(|e| self.io_error(e))?;
        Ok(Lines { ahead, block, before: 0 })
    }

    /// Takes in the rows of the next block; false when there was none.
    pub(super) fn next_lines(&mut self, lines: &mut Lines, vocabulary: &mut Vocabulary) -> Result<bool, LoadError> {
        let Some(block) = lines.block.take() else { return Ok(false) };
        for piece in block {
            match piece.wait() {
                Ok((part, count)) => {
                    self.absorb(&part, vocabulary);
                    lines.before += count;
                }
                Err((line, message)) => {
                    return Err(self.error(format!(":{}", lines.before + line + 1), message));
                }
            }
        }
        lines.block = lines.ahead.next_block().map_err(|e| self.io_error(e))?;
        Ok(true)
    }

    fn documents(&mut self, whole: Other, vocabulary: &mut Vocabulary) -> Result<(), LoadError> {
        let Other { mut input, mut block, mut more, .. } = whole;
        let mut splitter = Splitter::default();
        let mut wanted = None;
        let mut taken = 0;
        loop {
            splitter.feed(&block);
            if splitter.in_results() || !splitter.elements.ends.is_empty() {
                self.rows.get_or_insert_default();
            }
            if splitter.elements.bytes.len() >= BLOCK || !more || !splitter.in_results() {
                let wanted = *wanted.get_or_insert_with(|| self.wanted(&splitter));
                taken += self.elements(&splitter, taken, wanted, vocabulary)?;
                splitter.elements.clear();
            }
            for envelope in std::mem::take(&mut splitter.envelopes) {
                self.envelope(&envelope, vocabulary)?;
            }
            if !more {
                break;
            }
            block.clear();
            more = fill(&mut input, &mut block).map_err(|e| self.io_error(e))?;
        }
        if splitter.unfinished() {
            return Err(self.error("", "the file ends in the middle of a JSON value; is it complete?"));
        }
        Ok(())
    }

    /// The figures to count of rows that stand in a document of which this much is known.
    fn wanted(&self, splitter: &Splitter) -> Figures {
        let in_summary =
            self.reading.purpose == Purpose::Pairing && has_summary(&splitter.envelopes, splitter.open_envelope());
        if in_summary { Figures::OfScores } else { Figures::All }
    }

    /// Parses the completed elements as rows; returns how many.
    fn elements(
        &mut self,
        splitter: &Splitter,
        taken: usize,
        wanted: Figures,
        vocabulary: &mut Vocabulary,
    ) -> Result<usize, LoadError> {
        let elements: Vec<&[u8]> = splitter.elements.iter().collect();
        let bytes = splitter.elements.bytes.len();
        let chunk = (elements.len() * PIECE / bytes.max(1)).clamp(1, elements.len().max(1));
        let parts: Vec<Result<Part, (usize, String)>> = elements
            .par_chunks(chunk)
            .map(|chunk| {
                let mut part = self.reading.part(wanted);
                let mut parser = self.parsers.get_or_default().borrow_mut();
                for (i, element) in chunk.iter().enumerate() {
                    add_json(&mut part, element, &mut parser).map_err(|message| (i, message))?;
                }
                Ok(part)
            })
            .collect();
        for (i, part) in parts.into_iter().enumerate() {
            match part {
                Ok(part) => self.absorb(&part, vocabulary),
                Err((at, message)) => {
                    let place = format!(": results[{}]", taken + i * chunk + at);
                    return Err(self.error(place, message));
                }
            }
        }
        Ok(elements.len())
    }

    /// Takes a top-level value: a row, or a document to look at in the end.
    fn envelope(&mut self, envelope: &[u8], vocabulary: &mut Vocabulary) -> Result<(), LoadError> {
        if is_row(envelope, self.reading.purpose) {
            let mut part = self.reading.part(Figures::All);
            let number = self.count + 1;
            add_json(&mut part, envelope, &mut RowParser::default())
                .map_err(|message| self.error(format!(": row {number}"), message))?;
            self.absorb(&part, vocabulary);
            return Ok(());
        }
        let document = serde_json::from_slice(envelope)
            .or_else(|e| strict_json(envelope).and_then(|json| serde_json::from_slice(&json).ok()).ok_or(e))
            .map_err(|e| self.error("", format!("not JSON: {e}")))?;
        self.documents.push(document);
        Ok(())
    }

    fn csv(&mut self, input: impl Read, vocabulary: &mut Vocabulary) -> Result<(), LoadError> {
        let file = self.file.clone();
        self.rows.get_or_insert_default();
        let reading = self.reading;
        read_csv(&file, input, || reading.part(Figures::All), |part| self.absorb(&part, vocabulary))
    }

    fn absorb(&mut self, part: &Part, vocabulary: &mut Vocabulary) {
        let numbers = vocabulary.absorb(&part.vocabulary);
        self.count += part.count;
        self.rows.get_or_insert_default().append(&part.rows, &numbers);
        self.figures.merge(&part.figures);
    }

    /// Looks at the documents: what ran, and notes on what is missing.
    fn about(&self) -> Result<(SideInfo, Vec<String>), LoadError> {
        let mut info = SideInfo { file: self.file.clone(), ..SideInfo::default() };
        let mut notes = Vec::new();
        let mut promised = None;
        for document in &self.documents {
            if document.is_array() {
                continue;
            }
            if is_run(document) {
                read_run(document, &mut info);
            } else if is_summary(document) {
                info.summary = document.clone();
            } else if let Some(total) = document.get("total").and_then(Value::as_u64).filter(|_| self.rows.is_some()) {
                promised = Some(total);
            } else {
                return Err(self.error("", unknown_document(document, self.reading.purpose)));
            }
        }
        if let (Some(total), Some(_)) = (promised, &self.rows)
            && total != self.count
        {
            notes.push(format!("{}: holds {} of the run's {total} results", self.file, self.count));
        }
        if let Some(status) = info.status.as_deref().filter(|s| *s != "completed") {
            notes.push(format!("{}: the run is {status}, not completed", self.file));
        }
        Ok((info, notes))
    }

    /// The side, with the rows that are still here.
    pub(super) fn finish(self) -> Result<Side, LoadError> {
        let (mut info, mut notes) = self.about()?;
        let count = self.rows.as_ref().map(|_| self.count);
        let counted = self.rows.is_some().then(|| self.figures.finish(None));
        match &counted {
            Some(counted) if info.summary.is_null() => {
                // A summary holds nothing that JSON cannot.
                info.summary = serde_json::to_value(counted).unwrap_or_default();
                info.summary_computed = true;
            }
            Some(counted) => rebin(&mut info.summary, counted, self.reading),
            None if info.summary.is_null() => {
                return Err(self.error("", "the run has neither a results_summary nor results; was it finished?"));
            }
            None => notes.extend(kept_bins(&info, self.reading)),
        }
        info.samples = count.or_else(|| info.summary["total"].as_u64());
        let stored = info.summary["risk_histogram"].as_array();
        let stored = stored.and_then(|bins| bins.iter().map(Value::as_u64).collect());
        let mut risk_histograms: Vec<Vec<u64>> =
            stored.into_iter().chain(counted.map(|counted| counted.risk_histogram)).collect();
        risk_histograms.dedup_by_key(|histogram| histogram.len());
        Ok(Side { info, rows: self.rows, risk_histograms, notes })
    }

    /// The figures of all rows, whatever a summary in the file says.
    fn figures(mut self) -> Result<RowFigures, LoadError> {
        // A list of rows without any is never met as rows.
        if self.documents.iter().any(|document| document.is_array() || document["results"].is_array()) {
            self.rows.get_or_insert_default();
        }
        let (_, notes) = self.about()?;
        if self.rows.is_none() {
            return Err(self.error("", "holds no result rows, and figures are computed from rows alone"));
        }
        Ok(RowFigures { summary: self.figures.finish(None), notes })
    }
}

/// The figures of the rows in a file.
#[derive(Debug)]
pub struct RowFigures {
    /// The figures, computed anew.
    pub summary: Summary,
    /// Things their reader should know: rows that are missing, a run that was not completed.
    pub notes: Vec<String>,
}

/// Puts figures with the numbers of bins that were asked for into a summary that may have others.
fn rebin(summary: &mut Value, counted: &Summary, reading: Reading) {
    let Value::Object(summary) = summary else { return };
    let mut put = |key: &str, value| summary.insert(key.to_owned(), value);
    if reading.bins.calibration.is_some() {
        put("ece", counted.ece.into());
        // A curve holds nothing that JSON cannot.
        put("reliability_curve", serde_json::to_value(&counted.reliability_curve).unwrap_or_default());
    }
    if reading.bins.score.is_some() {
        put("risk_histogram", counted.risk_histogram.clone().into());
    }
}

/// Notes on figures that stay in bins of which others were asked for.
fn kept_bins(info: &SideInfo, reading: Reading) -> Vec<String> {
    let asked = [
        ("reliability_curve", "--calibration-bins", reading.bins.calibration),
        ("risk_histogram", "--score-bins", reading.bins.score),
    ];
    let kept = asked.into_iter().filter_map(|(key, flag, bins)| {
        let bins = bins?;
        let stored = info.summary[key].as_array().map(Vec::len).filter(|n| *n != bins)?;
        let file = &info.file;
        Some(format!("{file}: has no rows to count anew, so its {key} keeps {stored} bins, not the {bins} of {flag}"))
    });
    kept.collect()
}

fn part_of_lines(piece: &[u8], reading: Reading, parser: &mut RowParser) -> PartOfLines {
    let mut part = reading.part(Figures::All);
    let (mut start, mut ends) = (0, 0);
    for end in memchr::memchr_iter(b'\n', piece).chain([piece.len()]) {
        let line = &piece[start..end];
        if !line.iter().all(u8::is_ascii_whitespace) {
            add_json(&mut part, line, parser).map_err(|message| (ends, message))?;
        }
        start = end + 1;
        ends += usize::from(end < piece.len());
    }
    Ok((part, ends))
}

fn add_json(part: &mut Part, json: &[u8], parser: &mut RowParser) -> Result<(), String> {
    part.add_json(json, parser).or_else(|error| {
        let said = || row_error(&error, part.purpose());
        let strict = strict_json(json).ok_or_else(said)?;
        part.add_json(&strict, parser).map_err(|_| row_error(&error, part.purpose()))
    })
}

fn row_error(error: &serde_json::Error, purpose: Purpose) -> String {
    let text = error.to_string();
    // The parser's own place is within the row; the line is the caller's to say.
    let what = text.split_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    let column = error.column();
    let hint = match purpose {
        Purpose::Counting if what.starts_with("missing field") => "; it may be null, but must be there",
        _ => "",
    };
    format!("not a result row: {what} (column {column}){hint}")
}

fn has_summary(envelopes: &[Vec<u8>], open: &[u8]) -> bool {
    let closed = [open, b"]}"].concat();
    let documents = envelopes.iter().map(Vec::as_slice).chain([closed.as_slice()]);
    documents.filter_map(|d| serde_json::from_slice::<Value>(d).ok()).any(|d| d["results_summary"].is_object())
}

fn is_run(document: &Value) -> bool {
    document.get("results_summary").is_some() || (document.get("id").is_some() && document.get("status").is_some())
}

fn is_summary(document: &Value) -> bool {
    ["accuracy", "block_rate", "decisions", "precision"].into_iter().any(|key| document.get(key).is_some())
}

fn read_run(run: &Value, info: &mut SideInfo) {
    let text = |key: &str| run[key].as_str().map(str::to_owned);
    let of_manifest = |key: &str| run["manifest"][key].as_str().map(str::to_owned);
    info.run_id = text("id");
    info.dataset_id = text("dataset_id");
    info.policy_version = text("policy_version");
    info.bundle_id = text("bundle_id");
    info.status = text("status");
    info.dataset_hash = of_manifest("dataset_hash");
    info.policy_hash = of_manifest("policy_hash");
    info.engine_version = of_manifest("engine_version");
    if run["results_summary"].is_object() {
        info.summary = run["results_summary"].clone();
    }
}

fn unknown_document(document: &Value, purpose: Purpose) -> String {
    let expected = match purpose {
        Purpose::Pairing => "expected a run, a summary, result rows or a page of results",
        Purpose::Counting => {
            "expected result rows with actual_decision, expected_decision and actual_risk_score, a run with results, or \
             a page of results"
        }
    };
    match document {
        Value::Object(map) if map.contains_key("runs") => format!("this is a list of runs; {expected}"),
        Value::Object(map) => {
            let keys: Vec<String> = map.keys().take(5).map(|k| format!("{k:?}")).collect();
            format!("found an object with the keys {}; {expected}", keys.join(", "))
        }
        _ => format!("found JSON that is no object; {expected}"),
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
