//! The rates that table and Markdown show, with what they are made of.

use super::RunReport;
use super::number::counted;
use super::style::thousands;
use crate::api::{Actual, Decision, Run, RunStatus};
use crate::metrics::{DetectorFigures, Rates, RuleFigures, Summary};
use crate::runner::Kind;

/// One rate.
pub struct Rate {
    /// Its name.
    pub name: &'static str,
    /// Its value; none where it is undefined.
    pub value: Option<f64>,
    /// 95% interval.
    pub interval: Option<[f64; 2]>,
    /// What it is a share of: part and whole.
    pub counts: (u64, u64),
    /// What the counts leave out.
    pub note: String,
}

/// The rates of a run, those that need labels only where there are any.
pub fn rates(summary: &Summary) -> Vec<Rate> {
    let r = &summary.rates;
    let b = &r.binary_confusion;
    let i = &r.intervals;
    let flagged = r.evaluated - r.decisions.allow;
    let rate = |name, value, interval, counts| Rate { name, value, interval, counts, note: String::new() };
    let mut rates = Vec::new();
    if r.labelled > 0 {
        let blocked = match r.false_positives_blocked {
            0 => String::new(),
            n => format!("{} blocked", thousands(n)),
        };
        // A sample that could not be evaluated was not flagged either.
        let positives = summary.confusion.iter().filter(|(label, _)| *label != Decision::Allow.name());
        let failed = match positives.filter_map(|(_, row)| row.get(Actual::Error.name())).sum() {
            0 => String::new(),
            n => counted(n, "error among them", "errors among them"),
        };
        rates.extend([
            rate("accuracy", r.accuracy, i.accuracy, (r.correct, r.labelled)),
            rate("precision", r.precision, i.precision, (b.tp, b.tp + b.fp)),
            rate("recall", r.recall, i.recall, (b.tp, b.tp + b.r#fn)),
            Rate { note: blocked, ..rate("false positives", r.fp_rate, i.fp_rate, (b.fp, b.fp + b.tn)) },
            Rate { note: failed, ..rate("false negatives", r.fn_rate, i.fn_rate, (b.r#fn, b.r#fn + b.tp)) },
        ]);
    }
    rates.extend([
        rate("block rate", r.block_rate, i.block_rate, (r.decisions.block, r.evaluated)),
        rate("flag rate", r.flag_rate, i.flag_rate, (flagged, r.evaluated)),
    ]);
    rates
}

/// The verdict in one word and the rest of its line.
pub fn verdict(report: &RunReport<'_>) -> (Verdict, String) {
    let run: &Run<Summary> = report.run;
    let samples = counted(run.completed_samples, "sample", "samples");
    if run.status == RunStatus::Failed {
        return (Verdict::Unfinished, format!("{samples} evaluated"));
    }
    let (gates, failed) = (report.gates.len() as u64, report.failed_gates() as u64);
    let gates = match (gates, failed) {
        (0, _) => None,
        (n, 0) => Some(counted(n, "gate", "gates")),
        (n, failed) => Some(format!("{failed} of {}", counted(n, "gate", "gates"))),
    };
    let wrong = run.results_summary.as_ref().map(|s| wrong(&s.rates)).unwrap_or_default();
    let verdict = match (report.gates.is_empty(), failed) {
        (true, _) => Verdict::Done,
        (false, 0) => Verdict::Passed,
        (false, _) => Verdict::Failed,
    };
    let parts: Vec<String> = gates.into_iter().chain([samples]).chain(wrong).collect();
    (verdict, parts.join(", "))
}

/// What is wrong, counted.
pub fn wrong(rates: &Rates) -> Vec<String> {
    let mut parts = Vec::new();
    if rates.labelled > 0 {
        parts.push(counted(rates.false_positives, "false positive", "false positives"));
        parts.push(counted(rates.false_negatives, "false negative", "false negatives"));
    }
    if rates.errors > 0 {
        parts.push(counted(rates.errors, "error", "errors"));
    }
    parts
}

/// What a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every gate passed.
    Passed,
    /// A gate failed.
    Failed,
    /// There was no gate.
    Done,
    /// The run stopped early.
    Unfinished,
}

impl Verdict {
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Passed => "PASSED",
            Verdict::Failed => "FAILED",
            Verdict::Done => "DONE",
            Verdict::Unfinished => "NOT COMPLETED",
        }
    }
}

/// Heading of a kind's samples.
pub fn heading(kind: Kind) -> &'static str {
    match kind {
        Kind::FalsePositive => "False positives",
        Kind::FalseNegative => "False negatives",
        Kind::Mismatch => "Flagged with another decision than expected",
        Kind::Error => "Errors",
        Kind::All => "All samples",
    }
}

/// Rules that are worth a look: those that fired on samples labelled ALLOW, the worst first, then the busiest.
pub fn worst_rules(summary: &Summary) -> Vec<&RuleFigures> {
    let mut rules: Vec<&RuleFigures> = summary.rules.iter().collect();
    rules.sort_by(|a, b| {
        (b.alone_on_allow, b.on_allow, b.samples, &a.id).cmp(&(a.alone_on_allow, a.on_allow, a.samples, &b.id))
    });
    rules
}

/// Detectors that flagged anything, then those that cost most; the ones with most false positives first.
pub fn worst_detectors(summary: &Summary) -> Vec<&DetectorFigures> {
    let mut detectors: Vec<&DetectorFigures> = summary.detectors.iter().collect();
    detectors.sort_by_key(|d| std::cmp::Reverse((d.false_positives, d.flagged, d.hits)));
    detectors
}
