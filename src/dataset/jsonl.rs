//! JSON lines: one row a line, blank lines skipped.

use super::batch::{Batch, Form, RowSpan};
use super::error::DatasetError;
use super::reader::{RowSource, SourceFile};
use std::io::{BufRead, Read};

/// A JSONL file being read.
pub(super) struct JsonLines {
    file: SourceFile,
    line: u64,
}

impl JsonLines {
    pub fn new(file: SourceFile) -> Self {
        JsonLines { file, line: 0 }
    }
}

impl RowSource for JsonLines {
    fn fill(&mut self, batch: &mut Batch, first_row: u64) -> Result<(), DatasetError> {
        batch.start(&self.file.name, first_row, Form::Json);
        while !batch.is_full() {
            let start = batch.data.len();
            // A line can be as long as memory allows; what is kept is the batch's own buffer.
            let read = self.file.input.read_until(b'\n', &mut batch.data).map_err(|e| self.file.io(e))?;
            if read == 0 {
                break;
            }
            self.line += 1;
            let line = &batch.data[start..];
            if line.iter().all(u8::is_ascii_whitespace) {
                batch.data.truncate(start);
                continue;
            }
            let end = batch.data.len() - usize::from(line.ends_with(b"\n"));
            batch.rows.push(RowSpan { start, end, line: self.line, column: 1 });
        }
        Ok(())
    }
}

/// Reads a file's rest into memory.
pub(super) fn read_whole(file: &mut SourceFile) -> Result<String, DatasetError> {
    let mut bytes = Vec::new();
    file.input.read_to_end(&mut bytes).map_err(|e| file.io(e))?;
    String::from_utf8(bytes).map_err(|e| DatasetError::Unusable {
        file: file.name.clone(),
        message: format!("byte {} is not UTF-8; save the file as UTF-8", e.utf8_error().valid_up_to() + 1),
    })
}
