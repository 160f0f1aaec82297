//! A scorecard for people.

use super::calibration::curve_grid;
use super::style::{Style, Tone, thousands, visible};
use crate::metrics::{TierFailure, TierVerdict};
use crate::scorecard::Measurement;
use std::io::{self, Write};

/// Writes a measurement: the figures, then each tier with what it lacks.
///
/// # Errors
/// Those of `out`.
pub fn write_scorecard(
    measurement: &Measurement,
    model_backed: bool,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let report = &measurement.report;
    let card = &report.scorecard;
    let of_model = if model_backed { format!(", model {}", visible(&card.model_version)) } else { String::new() };
    let title = format!("Scorecard of {}{of_model}", visible(&report.detector));
    writeln!(out, "{}", style.paint(Tone::Strong, &title))?;
    write!(
        out,
        "  samples: {}   errors: {}",
        thousands(card.sample_count),
        thousands(measurement.failed.len() as u64)
    )?;
    if model_backed {
        write!(out, "   model layer fired: {}/{}", measurement.fired, card.sample_count)?;
    }
    writeln!(out)?;
    let figures = [
        ("precision", card.precision),
        ("recall", card.recall),
        ("f1", card.f1),
        ("fp_rate", card.fp_rate),
        ("auroc", card.auroc),
        ("auprc", card.auprc),
        ("ece", card.ece),
        ("p95_latency_ms", Some(card.p95_latency_ms)),
    ];
    for (name, value) in figures {
        writeln!(out, "  {name:<15} {}", decimals(value))?;
    }
    let c = card.binary_confusion;
    writeln!(out, "  {:<15} tp={} fp={} fn={} tn={}", "confusion", c.tp, c.fp, c.r#fn, c.tn)?;
    let languages: Vec<String> =
        card.per_language.iter().map(|(language, l)| format!("{}={}", visible(language), l.samples)).collect();
    writeln!(out, "  {:<15} {}", "languages", languages.join(", "))?;
    if let Some(curve) = curve_grid(report.reliability_curve.as_deref(), |h| style.paint(Tone::Dim, h)) {
        writeln!(out)?;
        curve.write(out)?;
    }
    write_tiers(&report.advisory, &report.enforcement, style, out)
}

/// Writes both verdicts, each with what it lacks.
///
/// # Errors
/// Those of `out`.
pub fn write_tiers(
    advisory: &TierVerdict,
    enforcement: &TierVerdict,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    write_tier("ADVISORY", advisory, style, out)?;
    write_tier("ENFORCEMENT", enforcement, style, out)
}

fn write_tier(tier: &str, verdict: &TierVerdict, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let result = if verdict.passed { style.paint(Tone::Good, "PASS") } else { style.paint(Tone::Bad, "FAIL") };
    writeln!(out, "\n  {tier} gate: {result}")?;
    for failure in &verdict.failures {
        writeln!(out, "    {}: is {}, must be {} {}", failure.metric, actual(failure), failure.op, failure.required)?;
    }
    Ok(())
}

fn actual(failure: &TierFailure) -> String {
    match &failure.actual {
        Some(number) if number.is_f64() => decimals(number.as_f64()),
        Some(number) => number.to_string(),
        None => DASH.to_owned(),
    }
}

/// What stands for a figure that is undefined.
const DASH: &str = "—";

fn decimals(value: Option<f64>) -> String {
    value.map_or_else(|| DASH.to_owned(), |v| format!("{v:.4}"))
}
