//! `znyx-bench compare`: two runs side by side, and whether the second may replace the first.

use super::bins::BinArgs;
use super::terminal::ColorChoice;
use crate::compare::{CompareError, Comparison, compare_binned};
use crate::metrics::{Gate, max_block_rate_delta, max_fn, max_fp_rate, min_accuracy};
use crate::report::compare::{CompareFormat, measured, write_comparison};
use crate::report::style::{Style, visible};
use anyhow::Context as _;
use std::io::{IsTerminal as _, Write};
use std::path::{Path, PathBuf};

/// Exit code: done, every gate passed.
pub const DONE: u8 = 0;
/// Exit code: done, outputs complete, a gate failed.
pub const GATE_FAILED: u8 = 1;
/// Exit code: a file, a gate or the command line is wrong; nothing was written.
pub const WRONG_INPUT: u8 = 2;
/// Exit code: the runs have no sample in common.
pub const NOTHING_COMPARED: u8 = 4;
/// Exit code: the runs cannot be compared.
pub const NOT_COMPARABLE: u8 = 5;

/// Arguments of `compare`.
#[derive(Clone, Debug, clap::Args)]
pub struct CompareArgs {
    /// The baseline: a run file, a summary, a rows file (JSONL, JSON, CSV) or pages of API results; .gz and .zst too
    #[arg(value_name = "A")]
    pub a: PathBuf,

    /// The candidate, in any of these forms
    #[arg(value_name = "B")]
    pub b: PathBuf,

    /// Fail (exit 1) when this holds, e.g. `block_rate_delta > 0.02`, `changes.regressions > 0`,
    /// `rules["pii.email"].on_allow > 3`. Figures are the candidate's; `a.` and `b.` reach either summary. May be
    /// repeated
    #[arg(long, value_name = "EXPRESSION")]
    pub fail_on: Vec<Gate>,

    /// Fail when the block rate rises by more than X (0.02 is two points)
    #[arg(long, value_name = "X", value_parser = finite, allow_negative_numbers = true)]
    pub max_block_rate_delta: Option<f64>,

    /// Fail when the candidate's accuracy is below X
    #[arg(long, value_name = "X", value_parser = finite)]
    pub min_accuracy: Option<f64>,

    /// Fail when the candidate's false-positive rate is above X
    #[arg(long, value_name = "X", value_parser = finite)]
    pub max_fp_rate: Option<f64>,

    /// Fail when the candidate misses more than N samples that should be flagged
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub max_fn: Option<u64>,

    /// Output format; by default that of the --out file's extension, else table
    #[arg(long, value_enum)]
    pub format: Option<CompareFormat>,

    /// Write the report to this file instead; standard output then has the table
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Changed samples, rules and detectors that table and Markdown show
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub max_show: usize,

    /// Bins of the figures of the risk score.
    #[command(flatten)]
    pub bins: BinArgs,

    /// When to use colours
    #[arg(long, value_enum, default_value_t = ColorChoice::Auto, overrides_with = "color")]
    pub color: ColorChoice,

    /// Print nothing on standard output but what --format asks for without --out
    #[arg(long, short)]
    pub quiet: bool,
}

fn finite(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "expected a number such as 0.02".to_owned())?;
    if number.is_finite() { Ok(number) } else { Err("expected a finite number such as 0.02".to_owned()) }
}

impl CompareArgs {
    /// The gates of `--fail-on` and of the short forms.
    #[must_use]
    pub fn gates(&self) -> Vec<Gate> {
        let short = [
            self.max_block_rate_delta.map(max_block_rate_delta),
            self.min_accuracy.map(min_accuracy),
            self.max_fp_rate.map(max_fp_rate),
            self.max_fn.map(max_fn),
        ];
        self.fail_on.iter().cloned().chain(short.into_iter().flatten()).collect()
    }

    fn format(&self) -> CompareFormat {
        let extension = self.out.as_deref().and_then(Path::extension).and_then(|e| e.to_str());
        let of_file = match extension {
            Some("json") => CompareFormat::Json,
            Some("jsonl" | "ndjson") => CompareFormat::Jsonl,
            Some("csv") => CompareFormat::Csv,
            Some("md" | "markdown") => CompareFormat::Markdown,
            _ => CompareFormat::Table,
        };
        self.format.unwrap_or(of_file)
    }

    fn style(&self) -> Style {
        let terminal = std::io::stdout().is_terminal();
        let color = match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        };
        let width = comfy_table::Table::new().width().filter(|_| terminal).map_or(120, usize::from);
        Style { color, width }
    }
}

/// Compares, writes the report, and says how to exit. What is wrong with the input is printed on `err`.
///
/// # Errors
/// The report could not be written.
pub fn run(args: &CompareArgs, out: &mut dyn Write, err: &mut dyn Write) -> anyhow::Result<u8> {
    let mut comparison = match compare_binned(&args.a, &args.b, args.bins.wanted()) {
        Ok(comparison) => comparison,
        Err(error) => {
            writeln!(err, "error: {}", visible(&error.to_string()))?;
            return Ok(exit_code(&error));
        }
    };
    if let Err(error) = comparison.apply_gates(&args.gates()) {
        let lines: Vec<String> = error.to_string().lines().map(visible).collect();
        writeln!(err, "error: {}", lines.join("\n"))?;
        return Ok(WRONG_INPUT);
    }
    report(args, &comparison, out)?;
    for gate in comparison.gates.iter().filter(|gate| gate.failed) {
        writeln!(err, "gate failed: {} ({})", visible(&gate.expression), visible(&measured(gate)))?;
    }
    Ok(if comparison.passed { DONE } else { GATE_FAILED })
}

fn exit_code(error: &CompareError) -> u8 {
    match error {
        CompareError::Load(_) => WRONG_INPUT,
        CompareError::OtherTexts { .. } | CompareError::OtherDataset => NOT_COMPARABLE,
        CompareError::NoCommonSample => NOTHING_COMPARED,
    }
}

fn report(args: &CompareArgs, comparison: &Comparison, out: &mut dyn Write) -> anyhow::Result<()> {
    let write = |format, style, out: &mut dyn Write| write_comparison(comparison, format, args.max_show, style, out);
    let Some(path) = &args.out else {
        if !(args.quiet && args.format.is_none()) {
            write(args.format(), args.style(), out).context("writing the comparison")?;
        }
        return out.flush().context("writing the comparison");
    };
    replace_file(path, |file| write(args.format(), Style::default(), file))
        .with_context(|| format!("writing {}", path.display()))?;
    if !args.quiet {
        write(CompareFormat::Table, args.style(), out).context("writing the comparison")?;
    }
    out.flush().context("writing the comparison")
}

/// Writes a file beside its target and renames it into place, so that a reader never sees half of it.
fn replace_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> std::io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As for any new file; what the user's umask forbids is taken away.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = std::io::BufWriter::new(builder.prefix(".znyx-bench-").tempfile_in(folder)?);
    write(&mut file)?;
    let file = file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    file.persist(path)?;
    Ok(())
}
