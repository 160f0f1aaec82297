//! CSV: a header row, then one record a sample.

use super::batch::{Batch, Form, RowSpan};
use super::columns::{Column, Columns, Target};
use super::error::{DatasetError, Place};
use super::reader::{Input, RowSource, SourceFile};
use super::row::Header;
use std::sync::Arc;

/// A CSV file being read.
pub(super) struct Records {
    name: Arc<str>,
    reader: csv::Reader<Input>,
    record: csv::ByteRecord,
    header: Arc<Header>,
}

impl Records {
    /// Reads the header.
    ///
    /// # Errors
    /// When the file cannot be read, or no column of it can be the text.
    pub fn new(file: SourceFile, delimiter: u8, columns: &Columns) -> Result<Self, DatasetError> {
        let SourceFile { name, input } = file;
        let mut reader = csv::ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(input);
        let names = reader.byte_headers().map_err(|e| failure(&name, e))?.clone();
        let mut header = Vec::with_capacity(names.len());
        for field in &names {
            let key = String::from_utf8_lossy(field).trim().to_owned();
            let target = columns.target(&key);
            header.push((key.into_boxed_str(), target));
        }
        let has_text = |(_, target): &(Box<str>, Option<Target>)| {
            matches!(
                target,
                Some(Target::Column(
                    Column::InputText
                        | Column::OutputText
                        | Column::Chunks
                        | Column::ToolName
                        | Column::ToolResult
                        | Column::Plan
                        | Column::Action
                        | Column::MemoryValue
                        | Column::Manifest,
                    _
                ))
            )
        };
        // An empty file has no header, and no rows that would need one.
        let empty = names.is_empty() || (names.len() == 1 && names[0].is_empty());
        if !empty && !header.iter().any(has_text) {
            let found: Vec<&str> = header.iter().map(|(key, _)| &**key).collect();
            let hint = match found[..] {
                [only] if only.contains(';') => "; the fields seem to be separated by semicolons, expected commas",
                [only] if only.contains('\t') => "; the fields seem to be separated by tabs: name the file .tsv",
                _ => "",
            };
            return Err(DatasetError::Malformed {
                place: Place::Line { file: name, line: 1, column: 0 },
                message: format!(
                    "no column holds the text: found the headers {}, expected `{}` (--map input_text=HEADER reads it \
                     from another){hint}",
                    found.iter().map(|f| format!("`{f}`")).collect::<Vec<_>>().join(", "),
                    columns.keys_of(Column::InputText).join("`, `"),
                ),
            });
        }
        Ok(Records { name, reader, record: csv::ByteRecord::new(), header: Arc::new(Header { columns: header }) })
    }
}

impl RowSource for Records {
    fn fill(&mut self, batch: &mut Batch, first_row: u64) -> Result<(), DatasetError> {
        batch.start(&self.name, first_row, Form::Csv(Arc::clone(&self.header)));
        while !batch.is_full() {
            if !self.reader.read_byte_record(&mut self.record).map_err(|e| failure(&self.name, e))? {
                break;
            }
            let start = batch.field_ends.len();
            for field in &self.record {
                batch.data.extend_from_slice(field);
                batch.field_ends.push(batch.data.len());
            }
            let line = self.record.position().map_or(0, csv::Position::line);
            batch.rows.push(RowSpan { start, end: batch.field_ends.len(), line, column: 0 });
        }
        Ok(())
    }
}

fn failure(name: &Arc<str>, error: csv::Error) -> DatasetError {
    let place = error.position().map(|p| Place::Line { file: Arc::clone(name), line: p.line(), column: 0 });
    match (error.into_kind(), place) {
        (csv::ErrorKind::Io(source), _) => DatasetError::Io { file: Arc::clone(name), source },
        (kind, Some(place)) => DatasetError::Malformed { place, message: format!("{kind:?}") },
        (kind, None) => DatasetError::Unusable { file: Arc::clone(name), message: format!("{kind:?}") },
    }
}
