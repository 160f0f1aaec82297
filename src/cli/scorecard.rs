//! `znyx-bench scorecard`: measure one detector over labelled samples, judge it, and stamp the verdict into the policy.

use super::bins::bins;
use super::judge;
use super::terminal::{ColorChoice, Terminal};
use crate::metrics::{CALIBRATION_BINS, Tier};
use crate::policy::{BundleKey, PolicySource, Shape};
use crate::report::counted;
use crate::report::scorecard::write_scorecard;
use crate::report::style::visible;
use crate::runner::Staged;
use crate::scorecard::{Measurement, Stamp, Subject, measure, read_samples, write_stamp};
use anyhow::{Context as _, bail};
use jiff::Timestamp;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The exit codes of this subcommand, which are those of the reference's `benchmark` command.
pub const SCORECARD_EXIT_CODES: &str = "\
Exit codes (those of the reference's benchmark command; without --stamp a gate that fails is no failure):
  0  done; with --stamp, the enforcement gate passed
  1  something given is wrong or refused (detector, scope, dataset, key, a stamp without a model behind it), or a file
     cannot be read or written
  2  the command line is wrong
  3  --stamp was given and the enforcement gate is not met; the failing verdict is written. Or --judge and --tier were
     given and the scorecard does not pass that tier";

/// Done; with `--stamp` the enforcement gate passed.
pub const DONE: u8 = 0;
/// Something given is wrong or refused.
pub const REFUSED: u8 = 1;
/// The stamp that was asked for says that the gate is not met.
pub const NOT_CERTIFIED: u8 = 3;

/// Failed samples that are listed; the rest are counted.
const LISTED: usize = 10;

/// Arguments of `scorecard`.
#[derive(Clone, Debug, clap::Args)]
pub struct ScorecardArgs {
    /// The policy file: JSON or YAML, of any shape. Nothing is merged or validated: of a file with `default` that
    /// object is taken
    #[arg(long, value_name = "FILE", alias = "policy", required_unless_present = "judge")]
    pub bundle: Option<PathBuf>,

    /// Policy key of the detector to measure; only it runs
    #[arg(long, value_name = "KEY", required_unless_present = "judge")]
    pub detector: Option<String>,

    /// Labelled samples: .csv, .jsonl, or one JSON document. Fields: text (or input_text, prompt), expected_decision
    /// (or expected, label), language (or lang), and output_text, which replaces the text at stage output
    #[arg(long, value_name = "FILE", required_unless_present = "judge")]
    pub dataset: Option<PathBuf>,

    /// Evaluate nothing: judge this scorecard, which --out wrote earlier, by the gate as it stands now. Validations
    /// grow old: CI can ask whether one still holds
    #[arg(long, value_name = "FILE", conflicts_with_all = ["bundle", "detector", "dataset", "stamp", "signing_key"])]
    pub judge: Option<PathBuf>,

    /// With --judge: exit with 3 unless the scorecard passes this tier (advisory or enforcement)
    #[arg(long, value_name = "TIER", requires = "judge", value_parser = judge::tier)]
    pub tier: Option<Tier>,

    /// The moment at which the scorecard is made or judged, in ISO 8601; without it that of SOURCE_DATE_EPOCH (seconds
    /// since 1970) in the environment, else the clock's
    #[arg(long, value_name = "TIME", value_parser = judge::moment)]
    pub now: Option<Timestamp>,

    /// The stage at which samples are evaluated
    #[arg(long, value_name = "STAGE", default_value = "input")]
    pub stage: String,

    /// Judge by the bounds of healthcare, legal or finance; any other name changes nothing
    #[arg(long, value_name = "NAME")]
    pub category: Option<String>,

    /// Take this part of the policy file, a dotted path such as `tenants.acme` or, in a bundle, `policies`
    #[arg(long, value_name = "PATH")]
    pub scope: Option<String>,

    /// The language of samples that name none
    #[arg(long, value_name = "LANGUAGE", default_value = "en")]
    pub default_language: String,

    /// Write the verdict into the detector's section of the policy file, so that a detector that passed may enforce.
    /// Only for detectors that lean on a model, and only when that layer fired
    #[arg(long)]
    pub stamp: bool,

    /// Sign the stamp with this Ed25519 private key (PEM file)
    #[arg(long, value_name = "FILE")]
    pub signing_key: Option<PathBuf>,

    /// Write detector, scorecard and both verdicts to this file as JSON
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Bins of the reliability curve, 1 to 1000. The ece, for which the gates have bounds, always has the reference's ten
    #[arg(long, value_name = "N", value_parser = bins, default_value_t = CALIBRATION_BINS, conflicts_with = "judge")]
    pub calibration_bins: usize,

    /// How to print the scorecard
    #[arg(long, value_enum, default_value_t = ScorecardFormat::Table)]
    pub format: ScorecardFormat,

    /// When to use colours
    #[arg(long, value_enum, default_value_t, overrides_with = "color")]
    pub color: ColorChoice,
}

impl ScorecardArgs {
    // The command line is refused without these three unless it has --judge, which looks at none.
    fn bundle(&self) -> &Path {
        self.bundle.as_deref().unwrap_or(Path::new(""))
    }

    fn dataset(&self) -> &Path {
        self.dataset.as_deref().unwrap_or(Path::new(""))
    }

    fn detector(&self) -> &str {
        self.detector.as_deref().unwrap_or("")
    }
}

/// Output formats of `scorecard`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ScorecardFormat {
    /// For people.
    Table,
    /// What --out writes.
    Json,
}

/// Measures, prints, writes, stamps, and says how to exit. What is wrong is printed on `err`.
///
/// # Errors
/// `out` or `err` cannot be written.
pub fn run(args: &ScorecardArgs, out: &mut dyn Write, err: &mut dyn Write) -> anyhow::Result<u8> {
    let done = match &args.judge {
        Some(file) => judge::run(args, file, out),
        None => certified(args, out, err),
    };
    match done {
        Ok(code) => Ok(code),
        Err(e) if e.downcast_ref::<Unprintable>().is_some() => Err(e),
        Err(e) => {
            let message = format!("{e:#}");
            let lines: Vec<String> = message.lines().map(visible).collect();
            writeln!(err, "error: {}", lines.join("\n"))?;
            Ok(REFUSED)
        }
    }
}

/// Standard output or standard error is gone.
#[derive(Debug, thiserror::Error)]
#[error("writing the scorecard")]
struct Unprintable(#[source] std::io::Error);

fn certified(args: &ScorecardArgs, out: &mut dyn Write, err: &mut dyn Write) -> anyhow::Result<u8> {
    let now = judge::now(args)?;
    let source = PolicySource::File(args.bundle().to_owned());
    let document = source.read()?;
    let policy = args.bundle().display();
    let subject =
        Subject::find(&document.value, args.scope.as_deref(), args.detector()).with_context(|| policy.to_string())?;
    let key = signing_key(args, err)?;
    if args.stamp && !subject.model_backed {
        bail!(
            "{policy}: --stamp refused: `{}` leans on no model (its strategy names no model mode), so it enforces \
             without a stamp; leave --stamp out for the report",
            args.detector()
        );
    }
    not_an_input(args)?;
    let samples = read_samples(args.dataset(), &args.stage, &args.default_language)?;
    let measurement =
        measure(&subject, &samples, &args.stage, args.category.as_deref(), args.calibration_bins, || now)?;
    say_what_failed(args, &measurement, err).map_err(Unprintable)?;
    print(args, &subject, &measurement, out).map_err(Unprintable)?;
    if measurement.looked_at == 0 && measurement.failed.is_empty() {
        writeln!(
            err,
            "warning: {} does not look at texts of the stage {}: nothing was measured",
            args.detector(),
            args.stage
        )
        .map_err(Unprintable)?;
    }
    let asleep = subject.model_backed && measurement.fired == 0;
    if asleep && !args.stamp {
        writeln!(
            err,
            "warning: the model layer never fired: these figures are those of the deterministic layer, as nothing is \
             ever sent to a model from here"
        )
        .map_err(Unprintable)?;
    }
    if let Some(path) = &args.out {
        write_file(path, &json(&measurement)?)?;
    }
    if !args.stamp {
        return Ok(DONE);
    }
    if asleep {
        bail!(
            "{policy}: --stamp refused: the model layer never fired (0/{} samples), so these figures say nothing about \
             {}; nothing was stamped",
            samples.len(),
            measurement.report.scorecard.model_version
        );
    }
    stamp(args, &subject, &measurement, key.as_ref(), out, err)
}

fn signing_key(args: &ScorecardArgs, err: &mut dyn Write) -> anyhow::Result<Option<BundleKey>> {
    let Some(path) = &args.signing_key else { return Ok(None) };
    if !args.stamp {
        writeln!(err, "warning: --signing-key does nothing without --stamp").map_err(Unprintable)?;
        return Ok(None);
    }
    let place = path.display();
    let pem = std::fs::read_to_string(path).with_context(|| format!("{place}: the signing key cannot be read"))?;
    Ok(Some(BundleKey::from_pem(&pem).with_context(|| place.to_string())?))
}

/// The report must not replace what it is made from.
///
/// # Errors
/// It would.
pub fn not_an_input(args: &ScorecardArgs) -> anyhow::Result<()> {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let Some(out) = args.out.as_deref().and_then(real) else { return Ok(()) };
    if [args.bundle.as_ref(), args.dataset.as_ref(), args.signing_key.as_ref(), args.judge.as_ref()]
        .into_iter()
        .flatten()
        .any(|p| real(p).as_ref() == Some(&out))
    {
        bail!("{}: --out would replace a file that is read; give another name", out.display());
    }
    Ok(())
}

fn say_what_failed(args: &ScorecardArgs, measurement: &Measurement, err: &mut dyn Write) -> std::io::Result<()> {
    let dataset = args.dataset().display();
    for failed in measurement.failed.iter().take(LISTED) {
        writeln!(err, "error: {dataset}:{}: row {}: {}", failed.line, failed.index, visible(&failed.reason))?;
    }
    let more = measurement.failed.len().saturating_sub(LISTED);
    if more > 0 {
        writeln!(err, "error: {} could not be evaluated either", counted(more as u64, "more sample", "more samples"))?;
    }
    Ok(())
}

fn json(measurement: &Measurement) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(&measurement.report)? + "\n")
}

fn print(
    args: &ScorecardArgs,
    subject: &Subject,
    measurement: &Measurement,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    match args.format {
        ScorecardFormat::Json => out.write_all(json(measurement).map_err(std::io::Error::other)?.as_bytes())?,
        ScorecardFormat::Table => {
            let style = Terminal::new(args.color).style();
            write_scorecard(measurement, subject.model_backed, style, out)?;
        }
    }
    out.flush()
}

/// Writes a file that appears whole.
///
/// # Errors
/// It cannot be written there.
pub fn write_file(path: &Path, text: &str) -> anyhow::Result<()> {
    let name = path.to_str().with_context(|| format!("{}: the name is not UTF-8", path.display()))?;
    let mut file = Staged::for_path(name).context("cannot write")?;
    file.write_all(text.as_bytes()).context("cannot write")?;
    file.persist().context("cannot write")?;
    Ok(())
}

fn stamp(
    args: &ScorecardArgs,
    subject: &Subject,
    measurement: &Measurement,
    key: Option<&BundleKey>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<u8> {
    let policy = args.bundle().display();
    let dataset = args.dataset().file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let stamp = Stamp::new(&measurement.report, &dataset, key);
    // Read again: the file may have been changed while samples were evaluated.
    let text = std::fs::read_to_string(args.bundle()).with_context(|| format!("{policy}: cannot be read again"))?;
    let document = PolicySource::File(args.bundle().to_owned()).read()?;
    let edited = write_stamp(&text, &document, subject, &stamp).with_context(|| policy.to_string())?;
    keep_permissions(args.bundle(), &edited.text)?;
    if edited.rewritten {
        writeln!(
            err,
            "warning: {policy}: the section of {} could not be changed where it stands, so the whole file is written \
             anew, without its comments and layout",
            args.detector()
        )
        .map_err(Unprintable)?;
    }
    if document.value.as_map().is_some_and(|map| Shape::of(map) == Shape::Bundle) {
        writeln!(
            err,
            "warning: {policy}: this is a published bundle, whose policy_hash and signatures do not cover the stamp: \
             publish it again"
        )
        .map_err(Unprintable)?;
    }
    let passed = measurement.report.enforcement.passed;
    if args.format == ScorecardFormat::Table {
        let verdict = match passed {
            true => "may enforce (BLOCK and REDACT)",
            false => "only advises: the enforcement gate is not met, BLOCK and REDACT become WARN",
        };
        writeln!(out, "\nStamped into {policy}: {} {verdict}", visible(args.detector())).map_err(Unprintable)?;
    }
    Ok(if passed { DONE } else { NOT_CERTIFIED })
}

/// Replaces a file at once, with its permissions.
fn keep_permissions(path: &Path, text: &str) -> anyhow::Result<()> {
    let permissions = std::fs::metadata(path).map(|about| about.permissions());
    write_file(path, text)?;
    if let Ok(permissions) = permissions {
        std::fs::set_permissions(path, permissions).with_context(|| format!("{}: permissions", path.display()))?;
    }
    Ok(())
}
