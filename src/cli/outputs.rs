//! Where a run goes: files that appear whole, and standard output.

use super::exit::Failure;
use super::run_args::{OutputFormat, RunArgs};
use crate::report::style::Style;
use crate::report::{CsvRows, JsonDocument, JsonRows, MarkdownReport, Rows, RunFormat, RunReport, TableReport};
use crate::runner::{RowColumns, RowSinks, Staged, csv_header};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The files of a run, and what standard output gets.
pub struct Outputs {
    /// JSON rows: the results file, or a temporary one that others are made from.
    json: Option<Staged>,
    csv: Option<Staged>,
    out: Option<Staged>,
    summary: Option<Staged>,
    stdout: Option<Box<dyn RunFormat>>,
}

impl Outputs {
    /// Prepares everything, so that what cannot be written is known before any work is done.
    ///
    /// # Errors
    /// When flags contradict each other, a file would replace an input, or a place cannot be written.
    pub fn open(args: &RunArgs, style: Style) -> Result<Self, Failure> {
        distinct(args)?;
        let stdout = on_stdout(args)?;
        let staged = |path: &str| Staged::for_path(path).map_err(|e| Failure::unfinished(format!("cannot write {e}")));
        let file = |path: &Option<String>| path.as_deref().filter(|p| *p != "-").map(staged).transpose();
        let (out, summary) = (file(&args.out)?, file(&args.summary)?);
        let mut json = None;
        let mut csv = None;
        for path in args.results.iter().filter(|p| *p != "-") {
            let slot = if is_csv(path) { &mut csv } else { &mut json };
            if slot.replace(staged(path)?).is_some() {
                return Err(Failure::refused(
                    "--results was given twice in one format; give one .jsonl and one .csv file",
                ));
            }
        }
        let temporary = |beside: Option<&Staged>| {
            Staged::temporary(beside).map_err(|e| Failure::unfinished(format!("cannot make a temporary file: {e}")))
        };
        let rows_in_document = out.is_some() || matches!(stdout, Some(Printed::Document | Printed::JsonRows));
        if json.is_none() && rows_in_document {
            json = Some(temporary(out.as_ref())?);
        }
        if csv.is_none() && matches!(stdout, Some(Printed::CsvRows)) {
            csv = Some(temporary(None)?);
        }
        if let Some(csv) = &mut csv {
            let columns = RowColumns { timing: !args.no_timing, sanitized: args.include_sanitized };
            csv.write_all(csv_header(columns).as_bytes()).map_err(Failure::unfinished)?;
        }
        let stdout = stdout.map(|printed| printed.format(style));
        Ok(Outputs { json, csv, out, summary, stdout })
    }

    /// Whether JSON rows and CSV rows are wanted.
    #[must_use]
    pub fn wanted(&self) -> (bool, bool) {
        (self.json.is_some(), self.csv.is_some())
    }

    /// Where rows go.
    pub fn sinks(&mut self) -> RowSinks<'_> {
        RowSinks {
            json: self.json.as_mut().map(|s| s as &mut dyn Write),
            csv: self.csv.as_mut().map(|s| s as &mut dyn Write),
        }
    }

    /// Writes and places the files, then prints.
    ///
    /// # Errors
    /// When something cannot be written; files that were not placed yet do not appear.
    pub fn write(mut self, report: &RunReport<'_>) -> io::Result<()> {
        if let Some(out) = &mut self.out {
            let mut rows = self.json.as_mut().map(Staged::reader).transpose()?;
            let rows = Rows { json: rows.as_mut().map(|r| r as &mut dyn Read), csv: None };
            JsonDocument { results: true }.write(report, rows, out)?;
        }
        if let Some(summary) = &mut self.summary {
            JsonDocument { results: false }.write(report, Rows::default(), summary)?;
        }
        // The readers stay valid when their files are moved.
        let mut json = self.json.as_mut().map(Staged::reader).transpose()?;
        let mut csv = self.csv.as_mut().map(Staged::reader).transpose()?;
        // A disk that is full is to be noticed before the first file is in its place.
        let mut files: Vec<Staged> = [self.json, self.csv, self.out, self.summary].into_iter().flatten().collect();
        files.iter_mut().try_for_each(Staged::flush)?;
        let mut written = Vec::new();
        for file in files {
            written.extend(file.persist()?);
        }
        let Some(format) = self.stdout else { return Ok(()) };
        let report = RunReport { written: &written, ..*report };
        let rows =
            Rows { json: json.as_mut().map(|r| r as &mut dyn Read), csv: csv.as_mut().map(|r| r as &mut dyn Read) };
        let mut stdout = io::BufWriter::with_capacity(64 << 10, io::stdout().lock());
        match format.write(&report, rows, &mut stdout).and_then(|()| stdout.flush()) {
            // Whoever reads has seen enough.
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(e) => Err(io::Error::new(e.kind(), format!("standard output: {e}"))),
            Ok(()) => Ok(()),
        }
    }
}

fn is_csv(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"))
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Printed {
    Table,
    Markdown,
    Document,
    Summary,
    JsonRows,
    CsvRows,
}

impl Printed {
    fn format(self, style: Style) -> Box<dyn RunFormat> {
        match self {
            Printed::Table => Box::new(TableReport { style }),
            Printed::Markdown => Box::new(MarkdownReport),
            Printed::Document => Box::new(JsonDocument { results: true }),
            Printed::Summary => Box::new(JsonDocument { results: false }),
            Printed::JsonRows => Box::new(JsonRows),
            Printed::CsvRows => Box::new(CsvRows),
        }
    }
}

fn on_stdout(args: &RunArgs) -> Result<Option<Printed>, Failure> {
    let dashes = [
        (args.results.iter().any(|p| p == "-"), Printed::JsonRows),
        (args.out.as_deref() == Some("-"), Printed::Document),
        (args.summary.as_deref() == Some("-"), Printed::Summary),
    ];
    let mut asked: Vec<Printed> = dashes.into_iter().filter(|(dash, _)| *dash).map(|(_, p)| p).collect();
    asked.extend(args.format.map(|format| match format {
        OutputFormat::Table => Printed::Table,
        OutputFormat::Markdown => Printed::Markdown,
        OutputFormat::Json => Printed::Document,
        OutputFormat::Jsonl => Printed::JsonRows,
        OutputFormat::Csv => Printed::CsvRows,
    }));
    match asked[..] {
        [] if args.quiet => Ok(None),
        [] => Ok(Some(Printed::Table)),
        [printed] => Ok(Some(printed)),
        _ => Err(Failure::refused(
            "standard output can hold one thing: use `-` for one of --results, --out and --summary, without --format",
        )),
    }
}

/// No two outputs may be one file, and none may replace what the run reads.
fn distinct(args: &RunArgs) -> Result<(), Failure> {
    let real = |path: &str| std::fs::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path));
    let inputs = args.dataset.iter().chain(&args.bundle).chain(args.policy.iter().filter(|p| !p.starts_with('{')));
    let inputs: Vec<PathBuf> = inputs.map(|p| real(p)).collect();
    let mut seen: Vec<PathBuf> = Vec::new();
    for path in args.results.iter().chain(&args.out).chain(&args.summary).filter(|p| *p != "-") {
        let place = real(path);
        if std::fs::metadata(&place).is_ok_and(|about| !about.is_file()) {
            continue;
        }
        if inputs.contains(&place) {
            return Err(Failure::refused(format!("{path}: this file is read by the run, so it cannot be written too")));
        }
        if seen.contains(&place) {
            return Err(Failure::refused(format!("{path}: this file was given for two outputs")));
        }
        seen.push(place);
    }
    Ok(())
}
