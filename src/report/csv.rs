//! The rows as CSV with a header.

use super::{Rows, RunFormat, RunReport};
use std::io::{self, Write};

/// One record a sample.
#[derive(Clone, Copy, Debug)]
pub struct CsvRows;

impl RunFormat for CsvRows {
    fn write(&self, _: &RunReport<'_>, rows: Rows<'_>, out: &mut dyn Write) -> io::Result<()> {
        match rows.csv {
            Some(rows) => io::copy(rows, out).map(drop),
            None => Ok(()),
        }
    }
}
