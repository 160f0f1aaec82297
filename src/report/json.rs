//! The run as one JSON document: the API's Run object and, as its last key, all rows.

use super::{Rows, RunFormat, RunReport};
use crate::api::Run;
use crate::metrics::Summary;
use crate::runner::join_lines;
use std::io::{self, Write};

/// The Run object, with or without its rows. Rows are copied through, never held.
#[derive(Clone, Copy, Debug)]
pub struct JsonDocument {
    /// Whether the rows stand in it, under `results`.
    pub results: bool,
}

impl RunFormat for JsonDocument {
    fn write(&self, report: &RunReport<'_>, rows: Rows<'_>, out: &mut dyn Write) -> io::Result<()> {
        let head = head(report.run)?;
        if !self.results {
            return out.write_all(head.as_bytes()).and_then(|()| out.write_all(b"\n}\n"));
        }
        out.write_all(head.as_bytes())?;
        out.write_all(b",\n  \"results\": [")?;
        if report.run.completed_samples > 0
            && let Some(rows) = rows.json
        {
            out.write_all(b"\n")?;
            join_lines(rows, "    ", ",\n", out)?;
            out.write_all(b"\n  ")?;
        }
        out.write_all(b"]\n}\n")
    }
}

/// The object without its closing brace.
fn head(run: &Run<Summary>) -> io::Result<String> {
    let mut text = serde_json::to_string_pretty(run)?;
    let open = text.trim_end_matches(['}', '\n']).len();
    // Only the outermost brace goes: every object before it closes on a line of its own.
    let last = text.rfind("\n}").unwrap_or(open);
    text.truncate(last);
    Ok(text)
}
