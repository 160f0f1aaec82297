//! What changed from one run to the other.

use super::comparison::{
    Changes, Comparison, Drift, ErrorChange, Flip, FlipKind, LatencyDrift, NameChange, Pairing, RiskShift,
    Significance, Verdict,
};
use super::deltas::deltas;
use super::in_place::InPlace;
use super::load::Side;
use super::pair::{Pairs, pair, pair_rest};
use super::row::{NO_LATENCY, Row, Rows};
use super::vocabulary::Vocabulary;
use super::{CompareError, MOST_NAMED};
use crate::api::{Actual, Decision};
use crate::metrics::{
    Label, LatencyCounts, LatencyIntervals, PairedOutcomes, bootstrap_latency, mcnemar_exact, newcombe_paired,
    population_stability_index, ratio, round_to,
};
use serde_json::Value;
use std::collections::HashMap;

/// Compares two sides whose names come from one vocabulary. Rows in `in_place` are no longer among theirs.
pub(super) fn diff(
    a: Side,
    b: Side,
    vocabulary: &Vocabulary,
    in_place: Option<InPlace>,
) -> Result<Comparison, CompareError> {
    let mut comparison = Comparison {
        passed: true,
        block_rate_delta: block_rate_delta(&a.info.summary, &b.info.summary),
        deltas: deltas(&a.info.summary, &b.info.summary),
        risk_psi: risk_psi(&a, &b),
        notes: a.notes.iter().chain(&b.notes).cloned().collect(),
        ..Comparison::default()
    };
    comparison.risk_shift = comparison.risk_psi.map(RiskShift::of);
    comparison.notes.extend(other_bins(&a, &b));
    let other_dataset = known_to_differ(a.info.dataset_hash.as_ref(), b.info.dataset_hash.as_ref());
    match (&a.rows, &b.rows) {
        (Some(rows_a), Some(rows_b)) => {
            let pairs = if in_place.is_some() { pair_rest(rows_a, rows_b) } else { pair(rows_a, rows_b) };
            let InPlace { mut tally, places, .. } = in_place.unwrap_or_default();
            check_pairs(&pairs, rows_a, other_dataset, (tally.pairs, rows_a.len() + rows_b.len()))?;
            for &(i, j) in &pairs.pairs {
                let place = places.get(i as usize).copied().unwrap_or(i.into());
                let (i, j) = (i as usize, j as usize);
                let (a, b) = ((rows_a.id(i), &rows_a.rows[i]), (rows_b.id(j), &rows_b.rows[j]));
                tally.add(place, a, b, vocabulary);
            }
            tally.fill(rows_a, rows_b, &pairs, vocabulary, &mut comparison);
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

fn check_pairs(
    pairs: &Pairs,
    a: &Rows,
    other_dataset: bool,
    (in_place, rows): (u64, usize),
) -> Result<(), CompareError> {
    if !pairs.conflicts.is_empty() {
        let named = pairs.conflicts.iter().take(MOST_NAMED).map(|&i| a.id(i as usize).to_owned());
        return Err(CompareError::OtherTexts { ids: named.collect(), count: pairs.conflicts.len() });
    }
    if in_place > 0 || !pairs.pairs.is_empty() {
        return Ok(());
    }
    if other_dataset && rows > 0 {
        return Err(CompareError::OtherDataset);
    }
    Err(CompareError::NoCommonSample)
}

fn block_rate_delta(a: &Value, b: &Value) -> Option<f64> {
    let rate = |summary: &Value| summary["block_rate"].as_f64();
    Some(round_to(rate(b)? - rate(a)?, 6))
}

/// Over the first bins that both sides have.
fn risk_psi(a: &Side, b: &Side) -> Option<f64> {
    let mut both = a.risk_histograms.iter().flat_map(|a| b.risk_histograms.iter().map(move |b| (a, b)));
    let (a, b) = both.find(|(a, b)| a.len() == b.len())?;
    population_stability_index(a, b)
}

/// Notes on figures that do not compare because they have other bins.
fn other_bins(a: &Side, b: &Side) -> Vec<String> {
    let lengths = |key: &str| {
        let of = |side: &Side| side.info.summary[key].as_array().map(Vec::len);
        Some((of(a)?, of(b)?)).filter(|(a, b)| a != b)
    };
    let mut notes = Vec::new();
    if let Some((a, b)) = lengths("reliability_curve") {
        notes.push(format!(
            "ece is over {a} bins in a and {b} in b; --calibration-bins counts it alike in files with rows"
        ));
    }
    let no_bins_in_common = |(a, b)| {
        format!(
            "no PSI: the histograms of risk scores have {a} and {b} bins; --score-bins counts them alike in files with rows"
        )
    };
    let (of_a, of_b) = (&a.risk_histograms, &b.risk_histograms);
    if !of_a.iter().any(|a| of_b.iter().any(|b| a.len() == b.len())) {
        notes.extend(lengths("risk_histogram").map(no_bins_in_common));
    }
    notes
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

/// What pairs of rows add up to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pairs: u64,
    labelled: u64,
    labels_changed: u64,
    changes: Changes,
    outcomes: PairedOutcomes,
    rules: NameCounts,
    detectors: NameCounts,
    latency_a: LatencyCounts,
    latency_b: LatencyCounts,
    /// Flips with the number of the baseline's row.
    flips: Vec<(u64, Flip)>,
}

/// How often each name was gained and lost.
#[derive(Debug, Default)]
struct NameCounts(HashMap<u32, (u64, u64)>);

impl Tally {
    /// Adds a pair; `place` is the number of the baseline's row.
    pub(super) fn add(&mut self, place: u64, a: (&str, &Row), b: (&str, &Row), vocabulary: &Vocabulary) {
        let ((id_a, a), (id_b, b)) = (a, b);
        self.pairs += 1;
        self.labels_changed += u64::from(a.expected != b.expected);
        let expected = b.expected.or(a.expected);
        if let Some(expected) = expected {
            self.labelled += 1;
            self.outcomes.add(right(expected, a.actual), right(expected, b.actual));
        }
        if a.latency_us != NO_LATENCY && b.latency_us != NO_LATENCY {
            self.latency_a.add(a.latency_us.into());
            self.latency_b.add(b.latency_us.into());
        }
        self.rules.count(vocabulary, a.rules, b.rules);
        self.detectors.count(vocabulary, a.detectors, b.detectors);
        if a.actual != b.actual || a.rules != b.rules {
            let flip = flip((id_a, a), (id_b, b), expected, vocabulary);
            self.changes.count(&flip);
            self.flips.push((place, flip));
        }
    }

    fn fill(
        mut self,
        rows_a: &Rows,
        rows_b: &Rows,
        rest: &Pairs,
        vocabulary: &Vocabulary,
        comparison: &mut Comparison,
    ) {
        // By kind, each in the baseline's order.
        self.flips.sort_by_key(|(place, flip)| (flip.kind, *place));
        comparison.latency = self.latency();
        comparison.flips = self.flips.into_iter().map(|(_, flip)| flip).collect();
        comparison.significance = significance(&self.outcomes);
        comparison.rule_changes = self.rules.named(vocabulary);
        comparison.detector_changes = self.detectors.named(vocabulary);
        comparison.only_in_a = rest.only_in_a.iter().map(|&i| rows_a.id(i as usize).to_owned()).collect();
        comparison.only_in_b = rest.only_in_b.iter().map(|&j| rows_b.id(j as usize).to_owned()).collect();
        if self.labels_changed > 0 {
            let n = self.labels_changed;
            comparison.notes.push(format!("{n} paired samples have another label in b than in a; b's label counts"));
        }
        comparison.pairing = Some(Pairing {
            paired: self.pairs,
            by_id: self.pairs - rest.by_text,
            by_text: rest.by_text,
            labelled: self.labelled,
            labels_changed: self.labels_changed,
            only_in_a: rest.only_in_a.len() as u64,
            only_in_b: rest.only_in_b.len() as u64,
        });
        comparison.changes = Some(self.changes);
    }

    fn latency(&self) -> Option<LatencyDrift> {
        let (a, b) = (&self.latency_a, &self.latency_b);
        let intervals = bootstrap_latency(a, b);
        let drift = |of: fn(&LatencyCounts) -> Option<f64>, interval: fn(LatencyIntervals) -> [f64; 2]| {
            let (a, b) = (of(a)?, of(b)?);
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

fn flip((id_a, a): (&str, &Row), (id_b, b): (&str, &Row), expected: Option<Decision>, vocabulary: &Vocabulary) -> Flip {
    let names = |from, without| -> Vec<String> {
        let mut names: Vec<String> = vocabulary.minus(from, without).map(|n| vocabulary.name(n).to_owned()).collect();
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
    match (Label::from(expected?).is_positive(), Label::from(a).is_flagged(), Label::from(b).is_flagged()) {
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
