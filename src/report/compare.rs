//! Reports of a comparison.

use super::compare_markdown::markdown;
use super::compare_table::table;
use super::style::Style;
use crate::compare::{Comparison, Flip};
use crate::metrics::GateOutcome;
use serde::Serialize;
use std::io::{self, Write};

/// Output formats of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum CompareFormat {
    /// For people: verdict, figures, gates, flips
    Table,
    /// Everything, as one JSON object
    Json,
    /// A first line with verdict, gates and counts, then one changed sample a line
    Jsonl,
    /// One changed sample a row, gates as the last rows
    Csv,
    /// For comments on pull requests
    Markdown,
}

/// Writes a comparison. `most` is the number of changed samples, rules and detectors that table and Markdown show; the
/// other formats hold all.
///
/// # Errors
/// Writing failed.
pub fn write_comparison(
    comparison: &Comparison,
    format: CompareFormat,
    most: usize,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        CompareFormat::Table => out.write_all(table(comparison, most, style).as_bytes()),
        CompareFormat::Markdown => out.write_all(markdown(comparison, most).as_bytes()),
        CompareFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, comparison)?;
            out.write_all(b"\n")
        }
        CompareFormat::Jsonl => json_lines(comparison, out),
        CompareFormat::Csv => csv(comparison, out),
    }
}

/// The first line of the JSONL report: everything small.
#[derive(Serialize)]
struct Head<'c> {
    verdict: crate::compare::Verdict,
    passed: bool,
    gates: &'c [GateOutcome],
    block_rate_delta: Option<f64>,
    pairing: Option<crate::compare::Pairing>,
    changes: Option<crate::compare::Changes>,
    significance: Option<crate::compare::Significance>,
    latency: Option<crate::compare::LatencyDrift>,
    risk_psi: Option<f64>,
    risk_shift: Option<crate::compare::RiskShift>,
    notes: &'c [String],
}

fn json_lines(c: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let head = Head {
        verdict: c.verdict,
        passed: c.passed,
        gates: &c.gates,
        block_rate_delta: c.block_rate_delta,
        pairing: c.pairing,
        changes: c.changes,
        significance: c.significance,
        latency: c.latency,
        risk_psi: c.risk_psi,
        risk_shift: c.risk_shift,
        notes: &c.notes,
    };
    serde_json::to_writer(&mut *out, &serde_json::json!({ "comparison": head }))?;
    out.write_all(b"\n")?;
    for flip in &c.flips {
        serde_json::to_writer(&mut *out, flip)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

const COLUMNS: [&str; 13] = [
    "kind",
    "sample_id",
    "sample_id_b",
    "error_change",
    "expected_decision",
    "a",
    "b",
    "a_risk_score",
    "b_risk_score",
    "rules_gained",
    "rules_lost",
    "gate",
    "measured",
];

fn csv(c: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(COLUMNS)?;
    for flip in &c.flips {
        writer.write_record(flip_record(flip)?)?;
    }
    for gate in &c.gates {
        let mut record = vec![String::new(); COLUMNS.len()];
        record[0] = if gate.failed { "gate_failed" } else { "gate_passed" }.to_owned();
        record[11].clone_from(&gate.expression);
        record[12] = measured(gate);
        writer.write_record(record)?;
    }
    writer.flush()
}

fn flip_record(flip: &Flip) -> io::Result<[String; COLUMNS.len()]> {
    Ok([
        flip.kind.name().to_owned(),
        flip.sample_id.clone(),
        flip.sample_id_b.clone().unwrap_or_default(),
        flip.error_change.map_or_else(String::new, |c| c.name().to_owned()),
        flip.expected_decision.map_or_else(String::new, |d| d.name().to_owned()),
        flip.a.name().to_owned(),
        flip.b.name().to_owned(),
        flip.a_risk_score.to_string(),
        flip.b_risk_score.to_string(),
        serde_json::to_string(&flip.rules_gained)?,
        serde_json::to_string(&flip.rules_lost)?,
        String::new(),
        String::new(),
    ])
}

/// The measured figures of a gate in one line.
#[must_use]
pub fn measured(gate: &GateOutcome) -> String {
    let values: Vec<String> = gate.values.iter().map(|m| format!("{} = {}", m.figure, m.value)).collect();
    values.join(", ")
}

/// The outcome in a sentence: the counts that the verdict rests on.
pub(super) fn verdict_sentence(c: &Comparison) -> String {
    use super::style::thousands;
    let plural = |n: u64, one: &str, many: &str| format!("{} {}", thousands(n), if n == 1 { one } else { many });
    let mut parts = Vec::new();
    if let Some(changes) = &c.changes {
        if changes.regressions + changes.fixes > 0 {
            parts.push(plural(changes.regressions, "regression", "regressions"));
            parts.push(plural(changes.fixes, "fix", "fixes"));
        }
        let others = changes.total - changes.regressions - changes.fixes;
        if others > 0 {
            parts.push(plural(others, "other change", "other changes"));
        }
        if changes.total == 0 {
            parts.push("no sample changed".to_owned());
        }
    }
    let mut sentence = parts.join(", ");
    if let Some(pairing) = &c.pairing {
        sentence += &format!(" in {}", plural(pairing.paired, "paired sample", "paired samples"));
    }
    if let Some(s) = c.significance.filter(|s| s.only_a_right + s.only_b_right > 0) {
        sentence += &format!(" (McNemar p = {})", short_p(s.mcnemar_p));
    }
    if let Some(delta) = c.block_rate_delta {
        let points = format!("block rate {} points", signed(delta * 100.0, 2));
        sentence = if sentence.is_empty() { points } else { format!("{sentence}; {points}") };
    }
    if sentence.is_empty() { "only summaries were compared".to_owned() } else { sentence }
}

/// What became of the errors that count flags only; none when no such error came or went.
pub(super) fn error_sentence(c: &Comparison) -> Option<String> {
    use super::style::thousands;
    let changes = c.changes?;
    let part = |what: &str, new: u64, fixed: u64| {
        (new + fixed > 0).then(|| format!("{what}: {} new, {} fixed", thousands(new), thousands(fixed)))
    };
    let parts = [
        part("false positives", changes.new_false_positives, changes.fixed_false_positives),
        part("false negatives", changes.new_false_negatives, changes.fixed_false_negatives),
    ];
    let said: Vec<String> = parts.into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// The decision before and after, once where it stayed.
pub(super) fn decision_change(flip: &Flip) -> String {
    if flip.a == flip.b { flip.a.to_string() } else { format!("{} -> {}", flip.a, flip.b) }
}

/// A p-value as people write it.
fn short_p(p: f64) -> String {
    match p {
        1.0 => "1".to_owned(),
        p if p < 0.0001 => format!("{p:.1e}"),
        p => format!("{p:.4}"),
    }
}

/// A figure of both summaries, ready to print.
pub(super) struct FigureRow {
    pub name: &'static str,
    pub a: String,
    pub b: String,
    pub delta: String,
}

/// The figures a person looks at first, those that either side has.
pub(super) fn figure_rows(c: &Comparison) -> Vec<FigureRow> {
    const FIGURES: [(&str, &str, usize); 20] = [
        ("total", "/total", 0),
        ("errors", "/errors", 0),
        ("accuracy", "/accuracy", 4),
        ("precision", "/precision", 4),
        ("recall", "/recall", 4),
        ("f1", "/f1", 4),
        ("fp_rate", "/fp_rate", 4),
        ("fn_rate", "/fn_rate", 4),
        ("block_rate", "/block_rate", 4),
        ("flag_rate", "/flag_rate", 4),
        ("false_positives", "/false_positives", 0),
        ("false_negatives", "/false_negatives", 0),
        ("rule_hits.rate", "/rule_hits/rate", 4),
        ("auroc", "/auroc", 4),
        ("auprc", "/auprc", 4),
        ("ece", "/ece", 4),
        ("latency_ms.avg", "/latency_ms/avg", 3),
        ("latency_ms.p50", "/latency_ms/p50", 3),
        ("latency_ms.p99", "/latency_ms/p99", 3),
        ("samples_per_second", "/samples_per_second", 1),
    ];
    let mut rows = Vec::new();
    for (name, pointer, decimals) in FIGURES {
        let of = |side: &crate::compare::SideInfo| side.summary.pointer(pointer).and_then(serde_json::Value::as_f64);
        let (a, b) = (of(&c.a), of(&c.b));
        if a.is_none() && b.is_none() {
            continue;
        }
        let shown = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.decimals$}"));
        let delta = match (a, b) {
            (Some(a), Some(b)) => signed(b - a, decimals),
            _ => "-".to_owned(),
        };
        rows.push(FigureRow { name, a: shown(a), b: shown(b), delta });
    }
    rows
}

/// The population stability index of the risk scores, and how it is read.
pub(super) fn psi_reading(c: &Comparison) -> Option<(String, &'static str)> {
    Some((format!("{:.4}", c.risk_psi?), c.risk_shift?.words()))
}

/// A difference with its sign; what rounds to nothing is `0`.
fn signed(delta: f64, decimals: usize) -> String {
    let text = format!("{delta:+.decimals$}");
    if text.chars().any(|c| matches!(c, '1'..='9')) { text } else { "0".to_owned() }
}

/// What changed among a flip's rules: `+gained -lost`.
pub(super) fn rule_changes(flip: &Flip) -> String {
    let gained = flip.rules_gained.iter().map(|id| format!("+{id}"));
    let lost = flip.rules_lost.iter().map(|id| format!("-{id}"));
    gained.chain(lost).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
