//! The rows as JSON lines, one Result object of the API a line.

use super::{Rows, RunFormat, RunReport};
use std::io::{self, Write};

/// One row a line.
#[derive(Clone, Copy, Debug)]
pub struct JsonRows;

impl RunFormat for JsonRows {
    fn write(&self, _: &RunReport<'_>, rows: Rows<'_>, out: &mut dyn Write) -> io::Result<()> {
        match rows.json {
            Some(rows) => io::copy(rows, out).map(drop),
            None => Ok(()),
        }
    }
}
