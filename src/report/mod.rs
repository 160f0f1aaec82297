//! Reports of runs and comparisons: one format a file. Those of runs are all behind [`RunFormat`].

mod calibration;
pub mod compare;
mod compare_markdown;
mod compare_table;
mod csv;
mod grid;
mod json;
mod jsonl;
mod markdown;
pub mod metrics;
mod modes;
mod number;
mod owasp;
mod rates;
pub mod scorecard;
pub mod style;
mod table;

pub use csv::CsvRows;
pub use json::JsonDocument;
pub use jsonl::JsonRows;
pub use markdown::MarkdownReport;
pub use number::counted;
pub use table::TableReport;

use crate::api::Run;
use crate::metrics::{GateOutcome, OwaspFigures, Summary};
use crate::runner::{Keep, KeptSamples};
use std::io::{self, Read, Write};

/// Everything a report of a run can show.
#[derive(Clone, Copy, Debug)]
pub struct RunReport<'r> {
    /// The run, with its figures.
    pub run: &'r Run<Summary>,
    /// Outcome of each gate, in the order given.
    pub gates: &'r [GateOutcome],
    /// Samples to show.
    pub kept: &'r KeptSamples,
    /// Which these are.
    pub keep: &'r Keep,
    /// The policy as the user named it.
    pub policy: &'r str,
    /// Coverage of the OWASP Top 10, where it was worked out.
    pub owasp: Option<&'r OwaspFigures>,
    /// Rows that were no samples and were passed over.
    pub skipped_rows: u64,
    /// Files that the run was written to.
    pub written: &'r [String],
}

impl RunReport<'_> {
    /// The figures; there is always a summary in a run that ended.
    fn summary(&self) -> Option<&Summary> {
        self.run.results_summary.as_ref()
    }

    /// Gates whose condition held.
    fn failed_gates(&self) -> usize {
        self.gates.iter().filter(|g| g.failed).count()
    }
}

/// The run's rows, where a format needs them.
#[derive(Default)]
pub struct Rows<'r> {
    /// JSON lines.
    pub json: Option<&'r mut dyn Read>,
    /// CSV records, with their header.
    pub csv: Option<&'r mut dyn Read>,
}

/// A way of writing a run.
pub trait RunFormat {
    /// Writes the run.
    ///
    /// # Errors
    /// Those of `out`, and of reading the rows back.
    fn write(&self, report: &RunReport<'_>, rows: Rows<'_>, out: &mut dyn Write) -> io::Result<()>;
}
