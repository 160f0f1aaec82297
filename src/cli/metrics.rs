//! `znyx-bench metrics`: the figures of result rows, this runner's or another system's.

use super::bins::BinArgs;
use super::exit::Exit;
use super::scorecard::write_file;
use super::terminal::{ColorChoice, Terminal};
use crate::api::{Actual, Decision};
use crate::compare::count_rows;
use crate::metrics::{Label, Summary};
use crate::report::counted;
use crate::report::metrics::{MetricsFormat, write_metrics};
use crate::report::style::{Style, visible};
use anyhow::Context as _;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Words that a warning names at most.
const MOST_NAMED: usize = 5;

/// Arguments of `metrics`.
#[derive(Clone, Debug, clap::Args)]
pub struct MetricsArgs {
    /// Result rows: those of `run --results` (JSONL, CSV) or `run --out`, pages of API results, or rows that another
    /// guardrail wrote; .gz and .zst too. A row has expected_decision (null: unlabelled), actual_decision and
    /// actual_risk_score (0 to 100, fractions too; null: none). Of decisions, ERROR and NONE are no flag, any word but
    /// ALLOW is one
    #[arg(value_name = "ROWS")]
    pub rows: PathBuf,

    /// Bins of the figures of the risk score.
    #[command(flatten)]
    pub bins: BinArgs,

    /// Output format; by default that of the --out file's extension, else table
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub format: Option<MetricsFormat>,

    /// Write the report to this file instead; standard output then has the table
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// When to use colours
    #[arg(long, value_enum, value_name = "WHEN", default_value_t, overrides_with = "color")]
    pub color: ColorChoice,

    /// No warnings, and nothing on standard output but what --format asks for without --out
    #[arg(long, short)]
    pub quiet: bool,
}

impl MetricsArgs {
    fn format(&self) -> MetricsFormat {
        let extension = self.out.as_deref().and_then(Path::extension).and_then(|e| e.to_str());
        let of_file = match extension {
            Some("json") => MetricsFormat::Json,
            Some("md" | "markdown") => MetricsFormat::Markdown,
            _ => MetricsFormat::Table,
        };
        self.format.unwrap_or(of_file)
    }
}

/// Counts, writes the report, and says how to exit. What is wrong or doubtful is printed on standard error.
///
/// # Errors
/// The report could not be written.
pub fn run(args: &MetricsArgs, out: &mut dyn Write) -> anyhow::Result<u8> {
    let terminal = Terminal::new(args.color);
    let file = args.rows.display().to_string();
    if let Some(path) = args.out.as_deref().filter(|path| is_same(path, &args.rows)) {
        terminal.error(&format!("{}: --out would replace the rows; give another name", path.display()));
        return Ok(Exit::Refused.code());
    }
    let counted = match count_rows(&args.rows, args.bins.wanted()) {
        Ok(counted) => counted,
        Err(error) => {
            terminal.error(&error.to_string());
            return Ok(Exit::Refused.code());
        }
    };
    let summary = &counted.summary;
    if !args.quiet {
        counted.notes.iter().cloned().chain(doubts(summary, &file)).for_each(|doubt| terminal.warn(&doubt));
    }
    let name = args.rows.file_name().map_or_else(|| file.clone(), |name| name.to_string_lossy().into_owned());
    report(args, summary, &name, terminal.style(), out)?;
    if summary.rates.evaluated > 0 {
        return Ok(Exit::Success.code());
    }
    let why = match summary.rates.total {
        0 => "the file has no rows".to_owned(),
        n => format!("none of {} has a decision", counted_rows(n)),
    };
    terminal.error(&format!("{file}: nothing was evaluated: {why}"));
    Ok(Exit::NothingEvaluated.code())
}

fn is_same(a: &Path, b: &Path) -> bool {
    matches!((std::fs::canonicalize(a), std::fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

fn report(args: &MetricsArgs, summary: &Summary, name: &str, style: Style, out: &mut dyn Write) -> anyhow::Result<()> {
    let Some(path) = &args.out else {
        if !(args.quiet && args.format.is_none()) {
            write_metrics(summary, name, args.format(), style, out).context("writing the figures")?;
        }
        return out.flush().context("writing the figures");
    };
    let mut text = Vec::new();
    write_metrics(summary, name, args.format(), Style::default(), &mut text).context("writing the figures")?;
    write_file(path, &String::from_utf8_lossy(&text))?;
    if !args.quiet {
        write_metrics(summary, name, MetricsFormat::Table, style, out).context("writing the figures")?;
    }
    out.flush().context("writing the figures")
}

fn counted_rows(n: u64) -> String {
    counted(n, "row", "rows")
}

/// What a reader of the figures may not expect of these rows.
fn doubts(summary: &Summary, file: &str) -> Vec<String> {
    let known = Decision::ALL.map(Decision::name).join(", ");
    let mut doubts = Vec::new();
    let labels: Vec<&str> =
        summary.confusion.keys().map(String::as_str).filter(|word| Label::of(word).decision().is_none()).collect();
    if !labels.is_empty() {
        let rows: u64 =
            labels.iter().filter_map(|word| summary.confusion.get(*word)).flat_map(|row| row.values()).sum();
        doubts.push(format!(
            "{file}: {} labelled with a word that is none of {known} (case matters), which asks for a flag: {}",
            counted(rows, "row is", "rows are"),
            named(&labels)
        ));
    }
    if summary.rates.decisions.other > 0 {
        let is_odd = |word: &str| matches!(Label::of(word), Label::Other(_));
        let mut words: Vec<&str> = Vec::new();
        for word in summary.confusion.values().flat_map(|row| row.keys()).filter(|word| is_odd(word)) {
            if words.len() <= MOST_NAMED && !words.contains(&word.as_str()) {
                words.push(word);
            }
        }
        let named = if words.is_empty() { String::new() } else { format!(", such as {}", named(&words)) };
        doubts.push(format!(
            "{file}: {} decided with a word that is none of {known}, {} or NONE (case matters), which is a flag{named}",
            counted(summary.rates.decisions.other, "row is", "rows are"),
            Actual::Error
        ));
    }
    let unscored = summary.rates.evaluated - summary.risk_histogram.iter().sum::<u64>();
    if unscored > 0 {
        doubts.push(format!(
            "{file}: {} no actual_risk_score: the figures of the score (auroc, auprc, ece, reliability_curve, \
             risk_histogram) are those of the other rows",
            counted(unscored, "row has", "rows have")
        ));
    }
    doubts
}

fn named(words: &[&str]) -> String {
    let shown: Vec<String> = words.iter().take(MOST_NAMED).map(|word| format!("{:?}", visible(word))).collect();
    let more = if words.len() > MOST_NAMED { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}
