//! From samples to a summary, one at a time and in flat memory.

use super::bins::Bins;
use super::histogram::score_bin;
use super::keyed::entry;
use super::label::Label;
use super::latency::LatencyCounts;
use super::modes::ModeCounts;
use super::outcome::{SampleOutcome, micros};
use super::owasp::{OwaspFigures, OwaspTally};
use super::percentile::{interpolate, rank_of};
use super::round::{ratio, round_to, round4};
use super::rules::{rule_meets, rules_match};
use super::scores::ScoreSequence;
use super::summary::{DetectorFigures, QualityFigures, RuleAgreement, RuleFigures, Summary};
use super::tally::Tally;
use crate::api::{Decision, DetectorRow, QualityReport};
use indexmap::IndexMap;
use std::collections::BTreeMap;
use std::time::Duration;

/// Distinct values of a group key that are kept apart; samples with further values are gathered under
/// [`OTHER_VALUES`], so that grouping by a key such as a session id cannot exhaust memory.
pub const MOST_GROUP_VALUES: usize = 10_000;
/// The value under which a group key's values beyond [`MOST_GROUP_VALUES`] are gathered.
pub const OTHER_VALUES: &str = "(other)";
/// The group key that is always there: the stage.
pub const CONTEXT_KEY: &str = "context";
/// The entry of the overall quality score among the metrics.
pub const OVERALL_QUALITY: &str = "overall";

/// Gathers a run's figures. Samples are added in dataset order; accumulators of consecutive parts merge, in order, to
/// what one accumulator over all would hold. Memory grows with the number of detectors, rules and group values, and by
/// one bit a labelled sample.
#[derive(Clone, Debug)]
pub struct Accumulator {
    samples: u64,
    tally: Tally,
    agreement: Agreement,
    scores: ScoreSequence,
    risk: Vec<u64>,
    latency: LatencyCounts,
    detectors: IndexMap<Box<str>, DetectorCounts>,
    rules: IndexMap<Box<str>, RuleCounts>,
    groups: IndexMap<Box<str>, IndexMap<Box<str>, Tally>>,
    quality: IndexMap<Box<str>, QualityCounts>,
    owasp: OwaspTally,
}

impl Default for Accumulator {
    fn default() -> Self {
        Self::with_bins(Bins::default())
    }
}

impl Accumulator {
    /// An accumulator that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with other numbers of bins (of each at least one).
    #[must_use]
    pub fn with_bins(bins: Bins) -> Self {
        Self {
            samples: 0,
            tally: Tally::default(),
            agreement: Agreement::default(),
            scores: ScoreSequence::with_bins(bins.calibration),
            risk: vec![0; bins.score.max(1)],
            latency: LatencyCounts::default(),
            detectors: IndexMap::new(),
            rules: IndexMap::new(),
            groups: IndexMap::new(),
            quality: IndexMap::new(),
            owasp: OwaspTally::default(),
        }
    }

    /// Adds the next sample of the dataset.
    pub fn add(&mut self, sample: &SampleOutcome<'_>) {
        self.tally.add(sample.expected, sample.actual);
        self.add_score(sample.expected, sample.actual, sample.risk);
        if let Some(us) = sample.latency_us {
            self.latency.add(us);
        }
        self.add_detectors(sample);
        self.add_rules(sample);
        for (i, (key, value)) in [(CONTEXT_KEY, sample.context)].iter().chain(sample.groups).enumerate() {
            let group = entry_near(&mut self.groups, i, key);
            group_entry(group, value).add(sample.expected, sample.actual);
        }
        if let Some(quality) = sample.quality {
            self.add_quality(quality);
        }
        self.owasp.add(sample);
    }

    /// Adds the next sample to the figures of the risk score alone: for a dataset whose other figures are known.
    pub fn add_score(&mut self, expected: Option<Label<'_>>, actual: Label<'_>, risk: Option<f64>) {
        let evaluated = actual.is_evaluated();
        let Some(risk) = (if evaluated { risk } else { Some(0.0) }) else { return };
        if let Some(expected) = expected {
            self.scores.push(risk, expected.is_positive());
        }
        if evaluated {
            let bins = self.risk.len();
            self.risk[score_bin(risk, bins)] += 1;
        }
    }

    /// Adds what was gathered, in as many bins, over the part of the dataset that follows this one's.
    pub fn merge(&mut self, later: &Self) {
        self.samples += later.samples;
        self.tally.merge(&later.tally);
        self.agreement.merge(&later.agreement);
        self.scores.append(&later.scores);
        for (mine, theirs) in self.risk.iter_mut().zip(&later.risk) {
            *mine += theirs;
        }
        self.latency.merge(&later.latency);
        for (name, counts) in &later.detectors {
            entry(&mut self.detectors, name).merge(counts);
        }
        for (id, counts) in &later.rules {
            entry(&mut self.rules, id).merge(counts);
        }
        for (key, values) in &later.groups {
            let group = entry(&mut self.groups, key);
            for (value, tally) in values {
                group_entry(group, value).merge(tally);
            }
        }
        for (metric, counts) in &later.quality {
            entry(&mut self.quality, metric).merge(counts);
        }
        self.owasp.merge(&later.owasp);
    }

    /// Samples added so far.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.samples
    }

    /// Latencies of the samples so far.
    #[must_use]
    pub fn latency(&self) -> &LatencyCounts {
        &self.latency
    }

    /// Coverage of the OWASP categories by the detectors that the policy enables, and how the samples that exercise
    /// each category fared.
    #[must_use]
    pub fn owasp<'a>(&self, enabled: impl IntoIterator<Item = &'a str>) -> OwaspFigures {
        self.owasp.figures(enabled)
    }

    /// The figures of everything added so far. `elapsed` is the wall-clock time of the evaluation; none with timing
    /// off, and then no speed is given.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn finish(&self, elapsed: Option<Duration>) -> Summary {
        let rates = self.tally.rates();
        let scores = self.scores.metrics();
        let seconds = elapsed.map(|e| e.as_secs_f64()).filter(|s| *s > 0.0);
        let samples_per_second = seconds.map(|s| round_to(rates.total as f64 / s, 1));
        let mut rules: Vec<RuleFigures> = self.rules.iter().map(|(id, counts)| counts.figures(id)).collect();
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        Summary {
            rates,
            confusion: self.tally.confusion(),
            rule_hits: self.agreement.figures(),
            auroc: scores.auroc,
            auprc: scores.auprc,
            ece: scores.ece,
            reliability_curve: scores.calibration.curve(),
            risk_histogram: self.risk.clone(),
            latency_ms: self.latency.summary(),
            samples_per_second,
            detectors: self.detectors.iter().map(|(name, counts)| counts.figures(name)).collect(),
            execution_modes: self.detectors.iter().filter_map(|(name, counts)| counts.modes.figures(name)).collect(),
            rules,
            by: self.groups.iter().map(|(key, values)| (key.to_string(), group_figures(values))).collect(),
            quality: self.quality.iter().map(|(metric, counts)| (metric.to_string(), counts.figures())).collect(),
            extra: serde_json::Map::new(),
        }
    }

    fn add_detectors(&mut self, sample: &SampleOutcome<'_>) {
        let flagged = sample.actual.is_flagged();
        let positive = sample.expected.map(Label::is_positive);
        let false_positive = flagged && positive == Some(false);
        let true_positive = flagged && positive == Some(true);
        for (i, row) in sample.detectors.iter().enumerate() {
            let counts = entry_near(&mut self.detectors, i, &row.detector_name);
            counts.add(row, false_positive, true_positive);
        }
    }

    fn add_rules(&mut self, sample: &SampleOutcome<'_>) {
        self.samples += 1;
        let alone = sample.rule_ids.iter().all(|id| *id == sample.rule_ids[0]);
        let mut distinct: Vec<&str> = Vec::new();
        for id in sample.rule_ids {
            let counts = entry(&mut self.rules, id);
            counts.hits += 1;
            // Stamping the rule with the sample's number finds repeats without searching the list.
            if counts.last_sample == self.samples {
                continue;
            }
            counts.last_sample = self.samples;
            distinct.push(id);
            counts.samples += 1;
            match sample.expected.map(Label::is_positive) {
                Some(false) => {
                    counts.on_allow += 1;
                    counts.alone_on_allow += u64::from(alone);
                }
                Some(true) => counts.on_positive += 1,
                None => {}
            }
        }
        if let Some(expected) = sample.expected_rule_hits {
            self.agreement.add(expected, &distinct, sample.rule_hits_match);
        }
    }

    fn add_quality(&mut self, quality: &QualityReport) {
        entry(&mut self.quality, OVERALL_QUALITY).add(quality.overall_score);
        for score in &quality.scores {
            entry(&mut self.quality, &score.metric).add(score.score);
        }
    }
}

/// What is counted under a key that mostly comes in the same place: it is looked for there first.
fn entry_near<'m, T: Default>(map: &'m mut IndexMap<Box<str>, T>, near: usize, key: &str) -> &'m mut T {
    if map.get_index(near).is_some_and(|(k, _)| **k == *key) {
        return &mut map[near];
    }
    entry(map, key)
}

fn group_entry<'m>(group: &'m mut IndexMap<Box<str>, Tally>, value: &str) -> &'m mut Tally {
    let full = group.len() >= MOST_GROUP_VALUES && !group.contains_key(value);
    // Most samples of a dataset are of one stage.
    entry_near(group, 0, if full { OTHER_VALUES } else { value })
}

fn group_figures(values: &IndexMap<Box<str>, Tally>) -> IndexMap<String, super::Rates> {
    let mut figures: IndexMap<String, super::Rates> =
        values.iter().map(|(value, tally)| (value.to_string(), tally.rates())).collect();
    figures.sort_unstable_keys();
    figures
}

#[derive(Clone, Copy, Debug, Default)]
struct Agreement {
    samples: u64,
    matched: u64,
    expected_ids: u64,
    met_ids: u64,
    fired: u64,
    fired_expected: u64,
}

impl Agreement {
    fn add(&mut self, expected: &[String], fired: &[&str], matched: Option<bool>) {
        self.samples += 1;
        self.matched += u64::from(matched.unwrap_or_else(|| rules_match(expected, fired)));
        self.expected_ids += expected.len() as u64;
        self.met_ids += expected.iter().filter(|e| fired.iter().any(|id| rule_meets(e, id))).count() as u64;
        self.fired += fired.len() as u64;
        self.fired_expected += fired.iter().filter(|id| expected.iter().any(|e| rule_meets(e, id))).count() as u64;
    }

    fn merge(&mut self, other: &Self) {
        self.samples += other.samples;
        self.matched += other.matched;
        self.expected_ids += other.expected_ids;
        self.met_ids += other.met_ids;
        self.fired += other.fired;
        self.fired_expected += other.fired_expected;
    }

    fn figures(&self) -> Option<RuleAgreement> {
        (self.samples > 0).then(|| RuleAgreement {
            expected: self.samples,
            matched: self.matched,
            rate: ratio(self.matched, self.samples).map(|r| round_to(r, 6)),
            precision: ratio(self.fired_expected, self.fired).map(round4),
            recall: ratio(self.met_ids, self.expected_ids).map(round4),
        })
    }
}

#[derive(Clone, Debug, Default)]
struct DetectorCounts {
    samples_run: u64,
    flagged: u64,
    hits: u64,
    false_positives: u64,
    true_positives: u64,
    latency: LatencyCounts,
    modes: ModeCounts,
}

impl DetectorCounts {
    fn add(&mut self, row: &DetectorRow<'_>, false_positive: bool, true_positive: bool) {
        let flagged = row.decision.is_some_and(|d| d != Decision::Allow);
        self.samples_run += 1;
        self.flagged += u64::from(flagged);
        self.hits += row.rule_hits.len() as u64;
        self.false_positives += u64::from(flagged && false_positive);
        self.true_positives += u64::from(flagged && true_positive);
        if let Some(us) = micros(row.latency_us, row.latency_ms) {
            self.latency.add(us);
        }
        self.modes.add(row);
    }

    fn merge(&mut self, other: &Self) {
        self.samples_run += other.samples_run;
        self.flagged += other.flagged;
        self.hits += other.hits;
        self.false_positives += other.false_positives;
        self.true_positives += other.true_positives;
        self.latency.merge(&other.latency);
        self.modes.merge(&other.modes);
    }

    fn figures(&self, name: &str) -> DetectorFigures {
        DetectorFigures {
            name: name.to_owned(),
            samples_run: self.samples_run,
            flagged: self.flagged,
            hits: self.hits,
            false_positives: self.false_positives,
            true_positives: self.true_positives,
            latency_ms: self.latency.summary(),
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct RuleCounts {
    /// Number (from 1) of the last sample it fired on, in the accumulator that counts.
    last_sample: u64,
    hits: u64,
    samples: u64,
    on_allow: u64,
    on_positive: u64,
    alone_on_allow: u64,
}

impl RuleCounts {
    fn merge(&mut self, other: &Self) {
        self.hits += other.hits;
        self.samples += other.samples;
        self.on_allow += other.on_allow;
        self.on_positive += other.on_positive;
        self.alone_on_allow += other.alone_on_allow;
    }

    fn figures(&self, id: &str) -> RuleFigures {
        RuleFigures {
            id: id.to_owned(),
            hits: self.hits,
            samples: self.samples,
            on_allow: self.on_allow,
            on_positive: self.on_positive,
            alone_on_allow: self.alone_on_allow,
        }
    }
}

/// Scores by thousandth: quality scores have three decimals.
#[derive(Clone, Debug, Default)]
struct QualityCounts {
    counts: BTreeMap<u16, u64>,
}

impl QualityCounts {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn add(&mut self, score: f64) {
        if score.is_nan() {
            return;
        }
        // 0..=1000 after the clamp.
        let thousandths = (score.clamp(0.0, 1.0) * 1000.0).round() as u16;
        *self.counts.entry(thousandths).or_default() += 1;
    }

    fn merge(&mut self, other: &Self) {
        for (&score, n) in &other.counts {
            *self.counts.entry(score).or_default() += n;
        }
    }

    #[allow(clippy::cast_precision_loss)]
    fn figures(&self) -> QualityFigures {
        let count: u64 = self.counts.values().sum();
        let sum: u64 = self.counts.iter().map(|(&score, n)| u64::from(score) * n).sum();
        let unit = |thousandths: f64| round_to(thousandths / 1000.0, 3);
        let edge = |score: Option<(&u16, &u64)>| unit(score.map_or(0.0, |(&s, _)| f64::from(s)));
        QualityFigures {
            count,
            mean: ratio(sum, count).map_or(0.0, unit),
            p10: unit(self.quantile(count, 0.1)),
            p50: unit(self.quantile(count, 0.5)),
            p90: unit(self.quantile(count, 0.9)),
            min: edge(self.counts.first_key_value()),
            max: edge(self.counts.last_key_value()),
        }
    }

    fn quantile(&self, count: u64, share: f64) -> f64 {
        let (low, high, fraction) = rank_of(count, share);
        let at = |rank: u64| {
            let mut seen = 0;
            let found = self.counts.iter().find(|(_, n)| {
                seen += **n;
                seen > rank
            });
            found.map_or(0.0, |(&score, _)| f64::from(score))
        };
        interpolate(at(low), at(high), fraction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::QualityScore;
    use std::borrow::Cow;

    fn outcome<'a>(expected: Option<Decision>, actual: Decision, risk: u8) -> SampleOutcome<'a> {
        let (expected, risk) = (expected.map(Label::from), Some(f64::from(risk)));
        SampleOutcome { expected, actual: actual.into(), risk, ..SampleOutcome::none("input") }
    }

    fn detector(name: &'static str, decision: Decision, us: Option<u64>) -> DetectorRow<'static> {
        DetectorRow {
            detector_name: Cow::Borrowed(name),
            decision: Some(decision),
            risk_score: 0,
            latency_ms: None,
            latency_us: us,
            execution_mode: Cow::Borrowed("local_deterministic"),
            fallback_path: None,
            rule_hits: vec![Cow::Borrowed("pii.email"); 2],
            transformed: false,
        }
    }

    /// Adds `n` samples that exercise every figure.
    fn feed(accumulators: &mut [Accumulator], pick: impl Fn(usize) -> usize, n: usize) {
        let ids = [Cow::Borrowed("pii.email"), Cow::Borrowed("pii.email"), Cow::Borrowed("secrets.key")];
        let expected_ids = ["pii".to_owned()];
        for i in 0..n {
            let detectors = [
                detector("pii", Decision::ALL[i % 5], Some(i as u64 * 37 % 9000)),
                detector("secrets", Decision::Allow, Some(3)),
            ];
            let value = format!("v{}", i % 7);
            let groups = [("lang", value.as_str())];
            let report = QualityReport {
                overall_score: (i % 11) as f64 / 10.0,
                scores: vec![QualityScore { metric: "clarity".into(), score: 0.333, sub_scores: None }],
            };
            let sample = SampleOutcome {
                context: if i % 3 == 0 { "output" } else { "input" },
                expected_rule_hits: (i % 2 == 0).then_some(&expected_ids[..]),
                rule_ids: &ids[..i % 4],
                detectors: &detectors[..i % 3],
                latency_us: Some(i as u64 * 7919 % 100_000),
                groups: &groups,
                quality: (i % 4 == 0).then_some(&report),
                actual: if i % 19 == 0 { Label::Error } else { Decision::ALL[i * 3 % 5].into() },
                ..outcome((i % 6 < 5).then(|| Decision::ALL[i % 5]), Decision::Allow, (i * 31 % 101) as u8)
            };
            accumulators[pick(i)].add(&sample);
        }
    }

    #[test]
    fn merging_the_parts_in_order_gives_the_summary_of_the_whole() {
        let mut whole = [Accumulator::new()];
        feed(&mut whole, |_| 0, 500);
        let mut parts = vec![Accumulator::new(); 3];
        feed(&mut parts, |i| if i < 10 { 0 } else { 1 + i / 300 }, 500);
        let mut merged = Accumulator::new();
        parts.iter().for_each(|part| merged.merge(part));
        let elapsed = Some(Duration::from_millis(250));
        assert_eq!(merged.finish(elapsed), whole[0].finish(elapsed));
        assert_eq!(merged.total(), 500);
    }

    #[test]
    fn a_rule_that_repeats_in_a_sample_counts_the_sample_once() {
        let ids = ["a.x", "b.y", "a.x"].map(Cow::Borrowed);
        let mut acc = Accumulator::new();
        acc.add(&SampleOutcome { rule_ids: &ids, ..outcome(Some(Decision::Allow), Decision::Block, 50) });
        acc.add(&SampleOutcome { rule_ids: &ids[..1], ..outcome(Some(Decision::Allow), Decision::Block, 50) });
        let rules = acc.finish(None).rules;
        let a = &rules[0];
        assert_eq!((a.id.as_str(), a.hits, a.samples, a.on_allow, a.alone_on_allow), ("a.x", 3, 2, 2, 1));
        assert_eq!((rules[1].hits, rules[1].samples, rules[1].alone_on_allow), (1, 1, 0));
    }

    #[test]
    fn a_repeat_right_after_a_merge_is_not_mistaken_for_the_same_sample() {
        let ids = ["a.x"].map(Cow::Borrowed);
        let one = SampleOutcome { rule_ids: &ids, ..outcome(None, Decision::Block, 50) };
        let mut later = Accumulator::new();
        later.add(&one);
        later.add(&one);
        let mut acc = Accumulator::new();
        acc.add(&one);
        acc.merge(&later);
        acc.add(&one);
        assert_eq!(acc.finish(None).rules[0].samples, 4);
    }

    #[test]
    fn a_detector_takes_part_in_a_false_positive_only_where_it_flagged() {
        let rows = [detector("pii", Decision::Redact, None), detector("secrets", Decision::Allow, None)];
        let mut acc = Accumulator::new();
        acc.add(&SampleOutcome { detectors: &rows, ..outcome(Some(Decision::Allow), Decision::Redact, 40) });
        let detectors = acc.finish(None).detectors;
        assert_eq!((detectors[0].flagged, detectors[0].false_positives, detectors[0].hits), (1, 1, 2));
        assert_eq!((detectors[1].flagged, detectors[1].false_positives, detectors[1].samples_run), (0, 0, 1));
    }

    #[test]
    fn without_timing_no_latency_key_is_written() {
        let rows = [detector("pii", Decision::Redact, None)];
        let mut acc = Accumulator::new();
        acc.add(&SampleOutcome { detectors: &rows, ..outcome(None, Decision::Redact, 40) });
        let json = serde_json::to_string(&acc.finish(None)).unwrap();
        assert!(!json.contains("latency") && !json.contains("per_second"), "{json}");
        acc.add(&SampleOutcome { latency_us: Some(1500), ..outcome(None, Decision::Allow, 0) });
        let json = serde_json::to_value(acc.finish(Some(Duration::from_secs(1)))).unwrap();
        assert_eq!(json["latency_ms"]["p99"], 1.5);
        assert_eq!(json["samples_per_second"], 2.0);
    }

    #[test]
    fn a_summary_survives_being_written_and_read_and_keeps_its_key_order() {
        let mut acc = [Accumulator::new()];
        feed(&mut acc, |_| 0, 60);
        let mut summary = acc[0].finish(Some(Duration::from_secs(2)));
        summary.extra.insert("unsupported".into(), serde_json::json!({"samples": 3}));
        let text = serde_json::to_string(&summary).unwrap();
        assert!(text.starts_with(r#"{"accuracy":"#), "{text}");
        let read: Summary = serde_json::from_str(&text).unwrap();
        assert_eq!(read, summary);
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }

    #[test]
    fn rule_agreement_counts_ids_and_samples() {
        let expected = ["pii".to_owned(), "toxicity.insult".to_owned()];
        let ids = ["pii.email", "secrets.key"].map(Cow::Borrowed);
        let mut acc = Accumulator::new();
        assert_eq!(acc.finish(None).rule_hits, None);
        acc.add(&SampleOutcome {
            expected_rule_hits: Some(&expected),
            rule_ids: &ids,
            ..outcome(None, Decision::Block, 1)
        });
        acc.add(&SampleOutcome { expected_rule_hits: Some(&[]), ..outcome(None, Decision::Allow, 0) });
        let r = acc.finish(None).rule_hits.unwrap();
        assert_eq!((r.expected, r.matched, r.rate, r.precision, r.recall), (2, 1, Some(0.5), Some(0.5), Some(0.5)));
    }

    #[test]
    fn values_beyond_the_limit_are_gathered() {
        let mut acc = Accumulator::new();
        for i in 0..MOST_GROUP_VALUES + 5 {
            let value = i.to_string();
            acc.add(&SampleOutcome { groups: &[("session", &value)], ..outcome(None, Decision::Allow, 0) });
        }
        let by = acc.finish(None).by;
        assert_eq!(by["session"][OTHER_VALUES].total, 5);
        assert_eq!(by["session"].len(), MOST_GROUP_VALUES + 1);
    }

    #[test]
    fn quality_is_a_distribution_for_each_metric() {
        let mut acc = Accumulator::new();
        for overall in [0.1, 0.2, 0.9, 1.0] {
            let report = QualityReport { overall_score: overall, scores: vec![] };
            acc.add(&SampleOutcome { quality: Some(&report), ..outcome(None, Decision::Allow, 0) });
        }
        let q = acc.finish(None).quality[OVERALL_QUALITY].clone();
        assert_eq!((q.count, q.mean, q.min, q.max), (4, 0.55, 0.1, 1.0));
        assert_eq!((q.p10, q.p50, q.p90), (0.13, 0.55, 0.97));
    }
}
