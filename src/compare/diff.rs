//! What changed from one run to the other.

use super::comparison::{
    Changes, Comparison, Drift, ErrorChange, Flip, FlipKind, LatencyDrift, NameChange, Pairing, Significance, Verdict,
};
use super::deltas::deltas;
use super::load::Side;
use super::pair::{Pairs, pair};
use super::row::{NO_LATENCY, Row, Rows};
use super::vocabulary::Vocabulary;
use super::{CompareError, MOST_NAMED};
use crate::api::{Actual, Decision};
use crate::metrics::{
    LatencyCounts, LatencyIntervals, PairedOutcomes, bootstrap_latency, is_flagged, is_positive, mcnemar_exact,
    newcombe_paired, population_stability_index, ratio, round_to,
};
use serde_json::Value;
use std::collections::HashMap;

/// Compares two sides whose names come from one vocabulary.
pub(super) fn diff(a: Side, b: Side, vocabulary: &Vocabulary) -> Result<Comparison, CompareError> {
    let mut comparison = Comparison {
        passed: true,
        block_rate_delta: block_rate_delta(&a.info.summary, &b.info.summary),
        deltas: deltas(&a.info.summary, &b.info.summary),
        risk_psi: risk_psi(&a.info.summary, &b.info.summary),
        notes: a.notes.iter().chain(&b.notes).cloned().collect(),
        ..Comparison::default()
    };
    let other_dataset = known_to_differ(a.info.dataset_hash.as_ref(), b.info.dataset_hash.as_ref());
    match (&a.rows, &b.rows) {
        (Some(rows_a), Some(rows_b)) => {
            let pairs = pair(rows_a, rows_b);
            check_pairs(&pairs, rows_a, other_dataset, rows_a.len() + rows_b.len())?;
            RowDiff { a: rows_a, b: rows_b, pairs: &pairs, vocabulary }.fill(&mut comparison);
        }
        _ => {
            let other_id = a.info.dataset_hash.is_none()
                && b.info.dataset_hash.is_none()
                && known_to_differ(a.info.dataset_id.as_ref(), b.info.dataset_id.as_ref());
            if other_dataset || other_id {
                return Err(CompareError::OtherDataset);
            }
            comparison.notes.push(
                "a side has no rows, so single samples could not be compared: give two run or rows files for flips"
                    .to_owned(),
            );
        }
    }
    if other_dataset {
        comparison.notes.push(
            "the runs are over different datasets; they are compared over their common samples, the summaries over all"
                .to_owned(),
        );
    }
    if known_to_differ(a.info.engine_version.as_ref(), b.info.engine_version.as_ref()) {
        comparison.notes.push("the runs are from different versions of the engine".to_owned());
    }
    comparison.a = a.info;
    comparison.b = b.info;
    comparison.verdict = verdict(&comparison);
    Ok(comparison)
}

fn known_to_differ(a: Option<&String>, b: Option<&String>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if a != b)
}

fn check_pairs(pairs: &Pairs, a: &Rows, other_dataset: bool, rows: usize) -> Result<(), CompareError> {
    if !pairs.conflicts.is_empty() {
        let named = pairs.conflicts.iter().take(MOST_NAMED).map(|&i| a.id(i as usize).to_owned());
        return Err(CompareError::OtherTexts { ids: named.collect(), count: pairs.conflicts.len() });
    }
    if pairs.pairs.is_empty() && other_dataset && rows > 0 {
        return Err(CompareError::OtherDataset);
    }
    if pairs.pairs.is_empty() {
        return Err(CompareError::NoCommonSample);
    }
    Ok(())
}

fn block_rate_delta(a: &Value, b: &Value) -> Option<f64> {
    let rate = |summary: &Value| summary["block_rate"].as_f64();
    Some(round_to(rate(b)? - rate(a)?, 6))
}

fn risk_psi(a: &Value, b: &Value) -> Option<f64> {
    let histogram = |summary: &Value| -> Option<Vec<u64>> {
        summary["risk_histogram"].as_array()?.iter().map(Value::as_u64).collect()
    };
    population_stability_index(&histogram(a)?, &histogram(b)?)
}

fn verdict(comparison: &Comparison) -> Verdict {
    match &comparison.changes {
        Some(changes) => match (changes.regressions, changes.fixes) {
            (0, 0) if changes.total == 0 => Verdict::Unchanged,
            (0, 0) => Verdict::Changed,
            (0, _) => Verdict::Better,
            (_, 0) => Verdict::Worse,
            _ => Verdict::Mixed,
        },
        None if all_zero(&comparison.deltas) => Verdict::Unchanged,
        None => Verdict::Changed,
    }
}

/// Whether no figure but time and speed differs.
fn all_zero(deltas: &Value) -> bool {
    match deltas {
        Value::Number(n) => n.as_f64() == Some(0.0),
        Value::Array(list) => list.iter().all(all_zero),
        Value::Object(map) => map
            .iter()
            .filter(|(key, _)| *key != "latency_ms" && *key != "samples_per_second_delta")
            .all(|(_, below)| all_zero(below)),
        _ => true,
    }
}

/// The paired rows of two runs.
struct RowDiff<'d> {
    a: &'d Rows,
    b: &'d Rows,
    pairs: &'d Pairs,
    vocabulary: &'d Vocabulary,
}

/// How often each name was gained and lost.
#[derive(Default)]
struct NameCounts(HashMap<u32, (u64, u64)>);

impl RowDiff<'_> {
    fn fill(&self, comparison: &mut Comparison) {
        let mut pairing = Pairing {
            paired: self.pairs.pairs.len() as u64,
            by_id: self.pairs.pairs.len() as u64 - self.pairs.by_text,
            by_text: self.pairs.by_text,
            only_in_a: self.pairs.only_in_a.len() as u64,
            only_in_b: self.pairs.only_in_b.len() as u64,
            ..Pairing::default()
        };
        let mut changes = Changes::default();
        let mut outcomes = PairedOutcomes::default();
        let (mut rules, mut detectors) = (NameCounts::default(), NameCounts::default());
        for &(i, j) in &self.pairs.pairs {
            let (a, b) = (&self.a.rows[i as usize], &self.b.rows[j as usize]);
            pairing.labels_changed += u64::from(a.expected != b.expected);
            let expected = b.expected.or(a.expected);
            if let Some(expected) = expected {
                pairing.labelled += 1;
                outcomes.add(right(expected, a.actual), right(expected, b.actual));
            }
            rules.count(self.vocabulary, a.rules, b.rules);
            detectors.count(self.vocabulary, a.detectors, b.detectors);
            if a.actual != b.actual || a.rules != b.rules {
                let flip = self.flip((i, j), (a, b), expected);
                changes.count(&flip);
                comparison.flips.push(flip);
            }
        }
        // Stable, so that each kind stays in the baseline's order.
        comparison.flips.sort_by_key(|flip| flip.kind);
        comparison.significance = significance(&outcomes);
        comparison.latency = self.latency();
        comparison.rule_changes = rules.named(self.vocabulary);
        comparison.detector_changes = detectors.named(self.vocabulary);
        comparison.only_in_a = self.pairs.only_in_a.iter().map(|&i| self.a.id(i as usize).to_owned()).collect();
        comparison.only_in_b = self.pairs.only_in_b.iter().map(|&j| self.b.id(j as usize).to_owned()).collect();
        if pairing.labels_changed > 0 {
            let n = pairing.labels_changed;
            comparison.notes.push(format!("{n} paired samples have another label in b than in a; b's label counts"));
        }
        comparison.pairing = Some(pairing);
        comparison.changes = Some(changes);
    }

    fn flip(&self, (i, j): (u32, u32), (a, b): (&Row, &Row), expected: Option<Decision>) -> Flip {
        let (id_a, id_b) = (self.a.id(i as usize), self.b.id(j as usize));
        let names = |from, without| -> Vec<String> {
            let mut names: Vec<String> =
                self.vocabulary.minus(from, without).map(|n| self.vocabulary.name(n).to_owned()).collect();
            names.sort_unstable();
            names
        };
        Flip {
            sample_id: id_a.to_owned(),
            sample_id_b: (id_a != id_b).then(|| id_b.to_owned()),
            kind: kind(expected, a.actual, b.actual),
            error_change: error_change(expected, a.actual, b.actual),
            expected_decision: expected,
            a: a.actual,
            b: b.actual,
            a_risk_score: a.risk,
            b_risk_score: b.risk,
            rules_gained: names(b.rules, a.rules),
            rules_lost: names(a.rules, b.rules),
        }
    }

    fn latency(&self) -> Option<LatencyDrift> {
        let (mut a, mut b) = (LatencyCounts::default(), LatencyCounts::default());
        for &(i, j) in &self.pairs.pairs {
            let (us_a, us_b) = (self.a.rows[i as usize].latency_us, self.b.rows[j as usize].latency_us);
            if us_a != NO_LATENCY && us_b != NO_LATENCY {
                a.add(us_a.into());
                b.add(us_b.into());
            }
        }
        let intervals = bootstrap_latency(&a, &b);
        let drift = |of: fn(&LatencyCounts) -> Option<f64>, interval: fn(LatencyIntervals) -> [f64; 2]| {
            let (a, b) = (of(&a)?, of(&b)?);
            let ms = |us: f64| round_to(us / 1000.0, 3);
            Some(Drift { a: ms(a), b: ms(b), delta: ms(b - a), interval: intervals.map(interval) })
        };
        Some(LatencyDrift {
            pairs: a.count(),
            avg_ms: drift(LatencyCounts::mean_us, |i| i.avg)?,
            p99_ms: drift(|c| c.percentile_us(0.99), |i| i.p99)?,
        })
    }
}

fn right(expected: Decision, actual: Actual) -> bool {
    actual == Actual::Decided(expected)
}

fn kind(expected: Option<Decision>, a: Actual, b: Actual) -> FlipKind {
    let Some(expected) = expected else { return FlipKind::UnlabelledChange };
    match (right(expected, a), right(expected, b)) {
        (true, true) => FlipKind::ChangedStillRight,
        (true, false) => FlipKind::Regression,
        (false, true) => FlipKind::Fix,
        (false, false) => FlipKind::ChangedStillWrong,
    }
}

fn error_change(expected: Option<Decision>, a: Actual, b: Actual) -> Option<ErrorChange> {
    match (is_positive(expected?), is_flagged(a), is_flagged(b)) {
        (false, false, true) => Some(ErrorChange::NewFalsePositive),
        (false, true, false) => Some(ErrorChange::FixedFalsePositive),
        (true, true, false) => Some(ErrorChange::NewFalseNegative),
        (true, false, true) => Some(ErrorChange::FixedFalseNegative),
        _ => None,
    }
}

fn significance(outcomes: &PairedOutcomes) -> Option<Significance> {
    let pairs = outcomes.total();
    let accuracy = |right| ratio(right, pairs);
    let difference = accuracy(outcomes.both + outcomes.only_b)? - accuracy(outcomes.both + outcomes.only_a)?;
    Some(Significance {
        pairs,
        only_a_right: outcomes.only_a,
        only_b_right: outcomes.only_b,
        mcnemar_p: six_digits(mcnemar_exact(outcomes.only_a, outcomes.only_b)),
        accuracy_difference: round_to(difference, 6),
        interval: newcombe_paired(outcomes),
    })
}

/// Six significant digits: what lies behind them differs between platforms' logarithms.
fn six_digits(p: f64) -> f64 {
    format!("{p:.5e}").parse().unwrap_or(p)
}

impl Changes {
    fn count(&mut self, flip: &Flip) {
        self.total += 1;
        self.decisions += u64::from(flip.a != flip.b);
        *match flip.kind {
            FlipKind::Regression => &mut self.regressions,
            FlipKind::Fix => &mut self.fixes,
            FlipKind::ChangedStillRight => &mut self.changed_still_right,
            FlipKind::ChangedStillWrong => &mut self.changed_still_wrong,
            FlipKind::UnlabelledChange => &mut self.unlabelled_changes,
        } += 1;
        match flip.error_change {
            Some(ErrorChange::NewFalsePositive) => self.new_false_positives += 1,
            Some(ErrorChange::FixedFalsePositive) => self.fixed_false_positives += 1,
            Some(ErrorChange::NewFalseNegative) => self.new_false_negatives += 1,
            Some(ErrorChange::FixedFalseNegative) => self.fixed_false_negatives += 1,
            None => {}
        }
    }
}

impl NameCounts {
    fn count(&mut self, vocabulary: &Vocabulary, a: u32, b: u32) {
        if a == b {
            return;
        }
        for name in vocabulary.minus(b, a) {
            self.0.entry(name).or_default().0 += 1;
        }
        for name in vocabulary.minus(a, b) {
            self.0.entry(name).or_default().1 += 1;
        }
    }

    fn named(&self, vocabulary: &Vocabulary) -> Vec<NameChange> {
        let mut named: Vec<NameChange> = self
            .0
            .iter()
            .map(|(&name, &(gained, lost))| NameChange { id: vocabulary.name(name).to_owned(), gained, lost })
            .collect();
        named.sort_by(|x, y| (y.gained + y.lost).cmp(&(x.gained + x.lost)).then_with(|| x.id.cmp(&y.id)));
        named
    }
}
