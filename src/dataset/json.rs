//! JSON documents of any size: the items of an array (or of an API page's `samples`) are cut out one by one as the file
//! streams by, so that a dataset of gigabytes needs the memory of a batch.

use super::batch::{Batch, Form, RowSpan};
use super::error::{DatasetError, Place};
use super::reader::{RowSource, SourceFile};
use super::suite::Suite;
use crate::api::Decision;
use crate::value::{JsonReader, parse_json};
use std::io::BufRead;
use std::sync::Arc;

/// A JSON file being read.
pub(super) struct JsonValues {
    file: SourceFile,
    /// What was read and not yet used starts at `at`.
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
    /// Place of the byte at `at`.
    line: u64,
    column: u64,
    state: State,
    positive: Option<Decision>,
}

/// What the next token may be.
enum State {
    /// Between documents. One file holds one, but several objects one after the other are taken as rows too.
    Document,
    /// In a list: an item, or the end where no comma stands before.
    Item { after_comma: bool, page: bool },
    /// In a list after an item: a comma or the end.
    Comma { page: bool },
    /// In a page after its list: everything up to the page's end is passed over.
    PageEnd,
    /// A document that is a suite.
    Suite(Box<Suite>),
}

impl JsonValues {
    pub fn new(file: SourceFile, positive: Option<Decision>) -> Self {
        JsonValues {
            file,
            buffer: Vec::new(),
            at: 0,
            ended: false,
            line: 1,
            column: 1,
            state: State::Document,
            positive,
        }
    }

    /// Reads more of the file behind what is there; false at its end.
    fn more(&mut self) -> Result<bool, DatasetError> {
        if self.ended {
            return Ok(false);
        }
        if self.at > 0 && self.at >= self.buffer.len() / 2 {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        // A row longer than the buffer doubles it, so that scanning it again from its start stays linear overall.
        let wanted = (self.buffer.len() - self.at).max(256 << 10);
        let before = self.buffer.len();
        while self.buffer.len() - before < wanted {
            let part = self
                .file
                .input
                .fill_buf()
                .map_err(|e| DatasetError::Io { file: Arc::clone(&self.file.name), source: e })?;
            if part.is_empty() {
                self.ended = true;
                break;
            }
            let n = part.len().min(wanted);
            self.buffer.extend_from_slice(&part[..n]);
            self.file.input.consume(n);
        }
        Ok(self.buffer.len() > before)
    }

    /// The next byte that is no blank; none at the end of the file.
    fn peek(&mut self) -> Result<Option<u8>, DatasetError> {
        loop {
            let rest = &self.buffer[self.at..];
            if let Some(blanks) = rest.iter().position(|b| !matches!(b, b' ' | b'\t' | b'\n' | b'\r')) {
                let byte = rest[blanks];
                self.pass(blanks);
                return Ok(Some(byte));
            }
            let blanks = rest.len();
            self.pass(blanks);
            if !self.more()? {
                return Ok(None);
            }
        }
    }

    /// Moves past `n` bytes.
    fn pass(&mut self, n: usize) {
        let passed = &self.buffer[self.at..self.at + n];
        let characters = |bytes: &[u8]| bytes.iter().filter(|b| **b & 0xC0 != 0x80).count() as u64;
        match memchr::memrchr(b'\n', passed) {
            None => self.column += characters(passed),
            Some(last) => {
                self.line += memchr::memchr_iter(b'\n', passed).count() as u64;
                self.column = characters(&passed[last + 1..]) + 1;
            }
        }
        self.at += n;
    }

    /// Length of the value at `at`, reading as much as it takes.
    fn value_len(&mut self) -> Result<usize, DatasetError> {
        let mut scan = ValueScan::default();
        let mut scanned = 0;
        loop {
            if let Some(len) = scan.advance(&self.buffer[self.at..], scanned) {
                return Ok(len);
            }
            scanned = self.buffer.len() - self.at;
            if !self.more()? {
                // A scalar may end with the file.
                if scan.is_scalar() && scanned > 0 {
                    return Ok(scanned);
                }
                return Err(self.unclosed());
            }
        }
    }

    /// The value at `at` runs to the end of the file. What a JSON reader says of it tells more than that.
    fn unclosed(&self) -> DatasetError {
        let rest = String::from_utf8_lossy(&self.buffer[self.at..]);
        let mut reader = JsonReader::new(&rest);
        let (place, message) = match reader.skip() {
            Err(e) => (self.place_of(e.line as u64, e.column as u64), e.message),
            Ok(_) => (self.place(), "the value that starts here is not closed".to_owned()),
        };
        DatasetError::Malformed { place, message }
    }

    fn place(&self) -> Place {
        self.place_of(1, 1)
    }

    /// The place of a line and column counted from `at`.
    fn place_of(&self, line: u64, column: u64) -> Place {
        Place::Line {
            file: Arc::clone(&self.file.name),
            line: self.line + line - 1,
            column: column + if line == 1 { self.column - 1 } else { 0 },
        }
    }

    fn unexpected(&self, found: Option<u8>, expected: &str) -> DatasetError {
        let rest = String::from_utf8_lossy(&self.buffer[self.at..self.buffer.len().min(self.at + 16)]);
        let found = match found.and(rest.chars().next()) {
            None => "the end of the file".to_owned(),
            Some(c) => format!("{c:?}"),
        };
        DatasetError::Malformed { place: self.place(), message: format!("expected {expected}, found {found}") }
    }

    fn take_row(&mut self, batch: &mut Batch) -> Result<(), DatasetError> {
        let len = self.value_len()?;
        let start = batch.data.len();
        batch.data.extend_from_slice(&self.buffer[self.at..self.at + len]);
        batch.rows.push(RowSpan { start, end: start + len, line: self.line, column: self.column });
        self.pass(len);
        Ok(())
    }

    /// What a document that starts with `{` is: a page, a suite or a row.
    fn object(&mut self, batch: &mut Batch) -> Result<State, DatasetError> {
        loop {
            match find_list(&self.buffer[self.at..], b"samples") {
                ListSearch::Found(offset) => {
                    self.pass(offset);
                    return Ok(State::Item { after_comma: false, page: true });
                }
                ListSearch::Absent => break,
                ListSearch::Unfinished => {
                    if !self.more()? {
                        break;
                    }
                }
            }
        }
        let len = self.value_len()?;
        if let Some(suite) = self.suite(len) {
            self.pass(len);
            return Ok(State::Suite(Box::new(suite)));
        }
        self.take_row(batch)?;
        Ok(State::Document)
    }

    fn suite(&self, len: usize) -> Option<Suite> {
        let bytes = &self.buffer[self.at..self.at + len];
        let lists: [&[u8]; 3] = [b"benchmark_baseline", b"positive_samples", b"negative_samples"];
        if !lists.iter().any(|key| memchr::memmem::find(bytes, key).is_some()) {
            return None;
        }
        let document = parse_json(std::str::from_utf8(bytes).ok()?).ok()?;
        Suite::new(&self.file.name, &document, self.positive)
    }
}

impl RowSource for JsonValues {
    fn fill(&mut self, batch: &mut Batch, first_row: u64) -> Result<(), DatasetError> {
        batch.start(&self.file.name, first_row, Form::Json);
        while !batch.is_full() {
            if let State::Suite(suite) = &mut self.state {
                suite.fill(batch, first_row)?;
                if !batch.is_empty() {
                    return Ok(());
                }
                self.state = State::Document;
                batch.start(&self.file.name, first_row, Form::Json);
            }
            let next = self.peek()?;
            self.state = match (&self.state, next) {
                (State::Document, None) => break,
                (State::Document, Some(b'[')) => {
                    self.pass(1);
                    State::Item { after_comma: false, page: false }
                }
                (State::Document, Some(b'{')) => {
                    let state = self.object(batch)?;
                    if matches!(state, State::Suite(_)) && !batch.is_empty() {
                        self.state = state;
                        return Ok(());
                    }
                    state
                }
                (State::Document, found) => return Err(self.unexpected(found, "an array or an object")),
                (State::Item { after_comma: false, page }, Some(b']')) => {
                    let page = *page;
                    self.pass(1);
                    if page { State::PageEnd } else { State::Document }
                }
                (State::Item { .. }, found @ (None | Some(b',' | b']' | b'}' | b':'))) => {
                    return Err(self.unexpected(found, "a row"));
                }
                (State::Item { page, .. }, Some(_)) => {
                    let page = *page;
                    self.take_row(batch)?;
                    State::Comma { page }
                }
                (State::Comma { page }, Some(b',')) => {
                    let page = *page;
                    self.pass(1);
                    State::Item { after_comma: true, page }
                }
                (State::Comma { page }, Some(b']')) => {
                    let page = *page;
                    self.pass(1);
                    if page { State::PageEnd } else { State::Document }
                }
                (State::Comma { .. }, found) => return Err(self.unexpected(found, "',' or ']' after a row")),
                (State::PageEnd, Some(b'}')) => {
                    self.pass(1);
                    State::Document
                }
                (State::PageEnd, Some(b',' | b':')) => {
                    self.pass(1);
                    State::PageEnd
                }
                (State::PageEnd, Some(b']')) => return Err(self.unexpected(Some(b']'), "the rest of the page")),
                (State::PageEnd, Some(_)) => {
                    let len = self.value_len()?;
                    self.pass(len);
                    State::PageEnd
                }
                (State::PageEnd, None) => return Err(self.unexpected(None, "'}' at the end of the page")),
                (State::Suite(_), _) => State::Document,
            };
        }
        Ok(())
    }
}

/// Finds the end of one value without looking at what is in it.
#[derive(Default)]
struct ValueScan {
    depth: u32,
    in_string: bool,
    escaped: bool,
    started: bool,
    scalar: bool,
}

impl ValueScan {
    fn is_scalar(&self) -> bool {
        self.scalar
    }

    /// Continues at byte `from` of a value that starts at byte 0; its length when its end is reached.
    fn advance(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
        let mut i = from;
        while i < bytes.len() {
            if self.in_string {
                if self.escaped {
                    self.escaped = false;
                    i += 1;
                    continue;
                }
                i += memchr::memchr2(b'"', b'\\', &bytes[i..])?;
                if bytes[i] == b'\\' {
                    self.escaped = true;
                } else {
                    self.in_string = false;
                    if self.depth == 0 {
                        return Some(i + 1);
                    }
                }
                i += 1;
                continue;
            }
            match bytes[i] {
                b'"' if !self.scalar => self.in_string = true,
                b'{' | b'[' if !self.scalar => self.depth += 1,
                b'}' | b']' if self.depth > 0 => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Some(i + 1);
                    }
                }
                b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r' if self.scalar => return Some(i),
                _ if !self.started => self.scalar = true,
                _ => {}
            }
            self.started = true;
            i += 1;
        }
        None
    }
}

/// Whether an object has a list under a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ListSearch {
    /// Its items start at this offset.
    Found(usize),
    /// There is none.
    Absent,
    /// The object goes on behind what is there.
    Unfinished,
}

/// Looks for a list under `key` in the object that `bytes` start with.
pub(super) fn find_list(bytes: &[u8], key: &[u8]) -> ListSearch {
    let blanks =
        |from: usize| from + bytes[from..].iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')).count();
    let mut at = 1;
    loop {
        at = blanks(at);
        match bytes.get(at) {
            None => return ListSearch::Unfinished,
            Some(b'"') => {}
            Some(_) => return ListSearch::Absent,
        }
        let Some(len) = ValueScan::default().advance(&bytes[at..], 0) else { return ListSearch::Unfinished };
        let found = &bytes[at + 1..at + len - 1] == key;
        at = blanks(at + len);
        match bytes.get(at) {
            None => return ListSearch::Unfinished,
            Some(b':') => at = blanks(at + 1),
            Some(_) => return ListSearch::Absent,
        }
        match bytes.get(at) {
            None => return ListSearch::Unfinished,
            Some(b'[') if found => return ListSearch::Found(at + 1),
            Some(_) => {}
        }
        let Some(len) = ValueScan::default().advance(&bytes[at..], 0) else { return ListSearch::Unfinished };
        at = blanks(at + len);
        match bytes.get(at) {
            None => return ListSearch::Unfinished,
            Some(b',') => at += 1,
            Some(_) => return ListSearch::Absent,
        }
    }
}
