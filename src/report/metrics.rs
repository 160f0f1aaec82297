//! Reports of figures that were counted anew from rows.

use super::grid::{Align, Grid};
use super::markdown::{cell, code, detectors, figures, groups, rules};
use super::number::counted;
use super::rates::wrong;
use super::style::{Style, cut, thousands};
use super::table::TableReport;
use crate::api::{Actual, Decision};
use crate::metrics::Summary;
use std::io::{self, Write};

/// Output formats of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum MetricsFormat {
    /// For people
    Table,
    /// The figures under the keys of a run's summary, as one JSON object; `compare` reads it
    Json,
    /// For comments on pull requests
    Markdown,
}

/// Labels and outcomes that a confusion shows at most.
const MOST_WORDS: usize = 12;
/// Columns of a label or outcome at most.
const WORD_WIDTH: usize = 16;

/// Writes the figures of the rows in `file`.
///
/// # Errors
/// Those of `out`.
pub fn write_metrics(
    summary: &Summary,
    file: &str,
    format: MetricsFormat,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        MetricsFormat::Table => table(summary, file, style, out),
        MetricsFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, summary)?;
            out.write_all(b"\n")
        }
        MetricsFormat::Markdown => markdown(summary, file, out),
    }
}

/// What came of it in a line.
fn outcome(summary: &Summary) -> String {
    let rows = counted(summary.rates.total, "row", "rows");
    std::iter::once(rows).chain(wrong(&summary.rates)).collect::<Vec<_>>().join(", ")
}

fn table(summary: &Summary, file: &str, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let report = TableReport { style };
    writeln!(out, "{}  {}", report.strong("FIGURES"), outcome(summary))?;
    writeln!(out, "{}\n", report.faint(&cut(file, style.width)))?;
    report.decisions(summary, 0, out)?;
    if let Some(confusion) = Confusion::of(summary) {
        report.section("Expected by actual", out)?;
        let aligns: Vec<Align> =
            std::iter::once(Align::Left).chain(confusion.outcomes.iter().map(|_| Align::Right)).collect();
        let mut grid = Grid::new(&aligns);
        let header = confusion.outcomes.iter().map(|word| report.faint(&cut(word, WORD_WIDTH)));
        grid.rows.push(std::iter::once(String::new()).chain(header).collect());
        for (label, counts) in &confusion.rows {
            let counts = counts.iter().map(|n| if *n == 0 { report.faint("0") } else { thousands(*n) });
            grid.rows.push(std::iter::once(cut(label, WORD_WIDTH)).chain(counts).collect());
        }
        grid.write(out)?;
        if let Some(line) = confusion.left_out() {
            writeln!(out, "  {}", report.faint(&line))?;
        }
        writeln!(out)?;
    }
    report.figures(summary, out)?;
    report.groups(summary, out)?;
    report.detectors(summary, out)?;
    report.rules(summary, out)
}

fn markdown(summary: &Summary, file: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "### znyx-bench: figures of {}\n", outcome(summary))?;
    writeln!(out, "{}\n", code(file))?;
    if let Some(confusion) = Confusion::of(summary) {
        let outcomes: Vec<String> = confusion.outcomes.iter().map(|word| cell(word, WORD_WIDTH)).collect();
        writeln!(out, "| expected | {} |", outcomes.join(" | "))?;
        writeln!(out, "|---|{}", "---:|".repeat(outcomes.len()))?;
        for (label, counts) in &confusion.rows {
            let counts: Vec<String> = counts.iter().map(|n| thousands(*n)).collect();
            writeln!(out, "| {} | {} |", cell(label, WORD_WIDTH), counts.join(" | "))?;
        }
        if let Some(line) = confusion.left_out() {
            writeln!(out, "\n{line}")?;
        }
        writeln!(out)?;
    }
    figures(summary, 0, out)?;
    groups(summary, out)?;
    detectors(summary, out)?;
    rules(summary, out)
}

/// Labels by outcomes, those outcomes only that occur.
struct Confusion<'s> {
    outcomes: Vec<&'s str>,
    rows: Vec<(&'s str, Vec<u64>)>,
    /// Labels and outcomes beyond what is shown.
    more: (usize, usize),
}

impl<'s> Confusion<'s> {
    /// None where nothing is labelled.
    fn of(summary: &'s Summary) -> Option<Self> {
        let confusion = &summary.confusion;
        let mut outcomes: Vec<&str> = Vec::new();
        let mut left_out = std::collections::HashSet::new();
        let occurring = confusion.values().flatten().filter(|(_, n)| **n > 0).map(|(outcome, _)| outcome);
        let known = Decision::ALL.map(Decision::name).into_iter().chain([Actual::Error.name()]);
        let known = known.filter(|word| confusion.values().any(|row| row.get(*word).is_some_and(|n| *n > 0)));
        for outcome in known.chain(occurring.map(String::as_str)) {
            if outcomes.contains(&outcome) {
                continue;
            }
            if outcomes.len() < MOST_WORDS {
                outcomes.push(outcome);
            } else {
                left_out.insert(outcome);
            }
        }
        let rows: Vec<(&str, Vec<u64>)> = (confusion.iter().take(MOST_WORDS))
            .map(|(label, row)| (label.as_str(), outcomes.iter().map(|o| row.get(*o).copied().unwrap_or(0)).collect()))
            .collect();
        let more = (confusion.len() - rows.len(), left_out.len());
        (!rows.is_empty()).then_some(Self { outcomes, rows, more })
    }

    fn left_out(&self) -> Option<String> {
        let (labels, outcomes) = self.more;
        let parts = [(labels, "more label", "more labels"), (outcomes, "more outcome", "more outcomes")];
        let said: Vec<String> =
            parts.into_iter().filter(|(n, ..)| *n > 0).map(|(n, one, many)| counted(n as u64, one, many)).collect();
        (!said.is_empty()).then(|| format!("... and {} (--format json has all)", said.join(" and ")))
    }
}
