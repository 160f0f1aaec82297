//! JSON lines: one row a line, blank lines skipped.

use super::batch::{Batch, Form};
use super::error::DatasetError;
use super::reader::{RowSource, SourceFile};
use std::io::{BufRead as _, ErrorKind, Read as _};
use std::sync::Arc;

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
        // Where the line that is being read starts. It can be as long as memory allows.
        let mut start = 0;
        let name = Arc::clone(&self.file.name);
        let io = |source| DatasetError::Io { file: Arc::clone(&name), source };
        while !batch.is_full_at(start) {
            let part = match self.file.input.fill_buf() {
                Ok(part) => part,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) => return Err(io(e)),
            };
            if part.is_empty() {
                // The last line need not end.
                if start < batch.data.len() {
                    self.line += 1;
                    batch.take_line(start, batch.data.len(), self.line);
                }
                break;
            }
            let mut used = 0;
            while let Some(len) = memchr::memchr(b'\n', &part[used..]) {
                batch.extend(&part[used..=used + len]).map_err(io)?;
                used += len + 1;
                self.line += 1;
                batch.take_line(start, batch.data.len() - 1, self.line);
                start = batch.data.len();
                if batch.is_full_at(start) {
                    break;
                }
            }
            if !batch.is_full_at(start) {
                batch.extend(&part[used..]).map_err(io)?;
                used = part.len();
            }
            self.file.input.consume(used);
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
