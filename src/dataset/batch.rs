//! A part of a dataset, small enough to hold and large enough to be worth a task.

use super::error::BadRow;
use super::row::{Header, RowPlace, RowReader};
use super::sample::Sample;
use std::sync::Arc;

/// A batch is full at this many bytes (a single larger row is a batch of its own)...
pub const BATCH_BYTES: usize = 128 << 10;
/// ...or at this many rows: result rows can be many times as long as short samples.
pub const BATCH_ROWS: usize = 256;

/// Consecutive rows of one file, unparsed. Parsing them is the worker's part of the work.
#[derive(Debug, Default)]
pub struct Batch {
    file: Arc<str>,
    first_row: u64,
    form: Form,
    /// The rows' bytes, one after the other.
    pub(super) data: Vec<u8>,
    /// Where each row lies in `data` and in the file.
    pub(super) rows: Vec<RowSpan>,
    /// End of each CSV field in `data`.
    pub(super) field_ends: Vec<usize>,
}

/// What the rows are.
#[derive(Clone, Debug, Default)]
pub(super) enum Form {
    /// JSON texts.
    #[default]
    Json,
    /// CSV records; a row's span counts fields.
    Csv(Arc<Header>),
    /// JSON texts made from the items of a list; a row's line is the item's number.
    Items(Arc<str>),
}

/// Where a row lies: bytes of the batch's data (fields, for CSV) and place in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowSpan {
    pub start: usize,
    pub end: usize,
    pub line: u64,
    pub column: u64,
}

impl Batch {
    /// Empties the batch for rows of `file` from the dataset's row `first_row` on.
    pub(super) fn start(&mut self, file: &Arc<str>, first_row: u64, form: Form) {
        self.file = Arc::clone(file);
        self.first_row = first_row;
        self.form = form;
        self.data.clear();
        // One enormous row must not be held for good.
        self.data.shrink_to(8 * BATCH_BYTES);
        self.rows.clear();
        self.field_ends.clear();
    }

    pub(super) fn is_full(&self) -> bool {
        self.is_full_at(self.data.len())
    }

    /// Adds to the data.
    ///
    /// # Errors
    /// When memory does not hold it: a row may be as long as it likes to be.
    pub(super) fn extend(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.data.try_reserve(bytes.len()).map_err(|_| {
            let message = format!("a row of more than {} bytes does not fit into memory", self.data.len());
            std::io::Error::new(std::io::ErrorKind::OutOfMemory, message)
        })?;
        self.data.extend_from_slice(bytes);
        Ok(())
    }

    /// Whether the batch is full with `bytes` of its data; what lies behind is a row that has not ended.
    pub(super) fn is_full_at(&self, bytes: usize) -> bool {
        bytes >= BATCH_BYTES || self.rows.len() >= BATCH_ROWS
    }

    /// Makes the data from `start` to `end` a row, or drops it when it is blank.
    pub(super) fn take_line(&mut self, start: usize, end: usize, line: u64) {
        if self.data[start..end].iter().all(u8::is_ascii_whitespace) {
            self.data.truncate(start);
        } else {
            self.rows.push(RowSpan { start, end, line, column: 1 });
        }
    }

    /// Keeps the first `rows` rows.
    pub(crate) fn truncate(&mut self, rows: usize) {
        self.rows.truncate(rows);
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The samples of the rows, in order, each with its place; a row that is no sample is a [`BadRow`].
    pub fn samples<'b>(
        &'b self,
        reader: &'b RowReader,
    ) -> impl Iterator<Item = (Line, Result<Sample<'b>, BadRow>)> + 'b {
        (0u64..).zip(&self.rows).map(move |(i, span)| (Line(span.line), self.sample(reader, self.first_row + i, span)))
    }

    /// The file the rows are of.
    #[must_use]
    pub fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// The place of a row that [`Self::samples`] gave this line, for messages.
    #[must_use]
    pub fn place(&self, line: Line) -> super::Place {
        match &self.form {
            Form::Items(list) => {
                super::Place::Item { file: Arc::clone(&self.file), list: Arc::clone(list), index: line.0 }
            }
            _ => super::Place::Line { file: Arc::clone(&self.file), line: line.0, column: 0 },
        }
    }

    fn sample<'b>(&'b self, reader: &'b RowReader, number: u64, span: &RowSpan) -> Result<Sample<'b>, BadRow> {
        let file = || Arc::clone(&self.file);
        let place = match &self.form {
            Form::Json => RowPlace::Text { file: file(), line: span.line, column: span.column },
            Form::Csv(_) => RowPlace::Record { file: file(), line: span.line },
            Form::Items(list) => RowPlace::Item { file: file(), list: Arc::clone(list), index: span.line },
        };
        let bad = |message: String| BadRow { place: self.place(Line(span.line)), message };
        if let Form::Csv(header) = &self.form {
            let fields = span.end - span.start;
            if fields != header.columns.len() {
                return Err(bad(format!(
                    "the record has {fields} {}, the header has {}; a text with commas, quotes or line breaks must \
                     stand in double quotes",
                    if fields == 1 { "field" } else { "fields" },
                    header.columns.len()
                )));
            }
            for (i, (name, _)) in (span.start..span.end).zip(&header.columns) {
                if std::str::from_utf8(self.field(i)).is_err() {
                    return Err(bad(format!("column `{name}` is not UTF-8; save the file as UTF-8")));
                }
            }
            let cells = (span.start..span.end).map(|i| std::str::from_utf8(self.field(i)).unwrap_or_default());
            return reader.csv_row(cells, header, number, &place);
        }
        match std::str::from_utf8(&self.data[span.start..span.end]) {
            Ok(text) => reader.json_row(text, number, &place),
            Err(e) => {
                Err(bad(format!("the row is not UTF-8 (byte {} of it); save the file as UTF-8", e.valid_up_to() + 1)))
            }
        }
    }

    fn field(&self, i: usize) -> &[u8] {
        let start = if i == 0 { 0 } else { self.field_ends[i - 1] };
        &self.data[start..self.field_ends[i]]
    }
}

/// 1-based line of a row in its file, or the number of an item in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line(pub u64);
