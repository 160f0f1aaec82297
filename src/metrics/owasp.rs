//! How much of the OWASP Top 10 for LLM applications a policy covers.

use super::label::Label;
use super::outcome::SampleOutcome;
use super::round::{ratio, round_to, round4};
use crate::api::Decision;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

#[derive(Debug, Deserialize)]
struct Vocabulary {
    categories: Vec<Category>,
    detectors: IndexMap<String, DetectorEntry>,
    scoring: Scoring,
}

#[derive(Debug, Deserialize)]
struct Category {
    id: String,
    name: String,
    dedicated: Vec<String>,
    adjacent: Vec<String>,
    lifecycle: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct DetectorEntry {
    categories: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Scoring {
    adjacent_credit: f64,
    bands: Vec<Band>,
}

#[derive(Debug, Deserialize)]
struct Band {
    min_score: i64,
    key: String,
}

static VOCABULARY: LazyLock<Vocabulary> =
    // The file is part of the program and a test reads it.
    LazyLock::new(|| serde_json::from_str(include_str!("owasp.json")).expect("the built-in OWASP table is valid"));

/// How far one category is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CoverageStatus {
    /// Everything the category requires is enabled.
    Full,
    /// Something is, or a neighbouring detector.
    Partial,
    /// Nothing is.
    Uncovered,
}

/// Coverage of one category.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoryCoverage {
    /// `LLM01` to `LLM10`.
    pub id: String,
    /// The category's title.
    pub name: String,
    /// How far it is covered.
    pub status: CoverageStatus,
    /// 0..=1, three decimals.
    pub coverage_ratio: f64,
    /// 0..=100.
    pub score: i64,
    /// Required detectors and lifecycle controls that are enabled or evidenced.
    pub dedicated_enabled: u64,
    /// Required detectors and lifecycle controls.
    pub dedicated_total: u64,
    /// The same.
    pub required_total: u64,
    /// Required detectors and lifecycle controls that are not.
    pub missing: Vec<String>,
}

/// Coverage over all categories.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageSummary {
    /// 0..=100, credit for neighbouring detectors included.
    pub score: i64,
    /// `strong`, `moderate`, `limited` or `critical`.
    pub band: String,
    /// 0..=100, required detectors and controls only.
    pub deployment_score: i64,
    /// Band of the deployment score.
    pub deployment_band: String,
    /// Categories fully covered.
    pub categories_full: u64,
}

/// A policy's coverage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// One entry a category, in the list's order.
    pub categories: Vec<CategoryCoverage>,
    /// Over all categories.
    pub summary: CoverageSummary,
}

/// Coverage by the enabled detectors and the evidenced lifecycle controls; unknown names count for nothing.
#[must_use]
pub fn owasp_coverage<'a>(
    enabled: impl IntoIterator<Item = &'a str>,
    lifecycle: impl IntoIterator<Item = &'a str>,
) -> Coverage {
    let enabled: HashSet<&str> = enabled.into_iter().collect();
    let lifecycle: HashSet<&str> = lifecycle.into_iter().collect();
    let categories: Vec<CategoryCoverage> =
        VOCABULARY.categories.iter().map(|category| cover(category, &enabled, &lifecycle)).collect();
    let score = mean_score(categories.iter().map(|c| c.coverage_ratio));
    let deployment = mean_score(categories.iter().map(|c| ratio(c.dedicated_enabled, c.required_total).unwrap_or(0.0)));
    let full = categories.iter().filter(|c| c.status == CoverageStatus::Full).count() as u64;
    let summary = CoverageSummary {
        score,
        band: band(score),
        deployment_score: deployment,
        deployment_band: band(deployment),
        categories_full: full,
    };
    Coverage { categories, summary }
}

/// Ids of the categories a detector belongs to, dedicated and adjacent; empty for a detector outside the list.
#[must_use]
pub fn owasp_categories_of(detector: &str) -> &'static [String] {
    VOCABULARY.detectors.get(detector).map_or(&[], |entry| &entry.categories)
}

fn cover(category: &Category, enabled: &HashSet<&str>, lifecycle: &HashSet<&str>) -> CategoryCoverage {
    let detectors = category.dedicated.iter().filter(|d| !enabled.contains(d.as_str()));
    let controls = category.lifecycle.iter().filter(|c| !lifecycle.contains(c.as_str()));
    let missing: Vec<String> = detectors.chain(controls).cloned().collect();
    let required = (category.dedicated.len() + category.lifecycle.len()) as u64;
    let met = required - missing.len() as u64;
    let adjacent = category.adjacent.iter().any(|d| enabled.contains(d.as_str()));
    let (status, exact) = match (met, ratio(met, required)) {
        (_, Some(1.0)) => (CoverageStatus::Full, 1.0),
        (1.., Some(share)) => (CoverageStatus::Partial, share),
        _ if adjacent => (CoverageStatus::Partial, VOCABULARY.scoring.adjacent_credit),
        _ => (CoverageStatus::Uncovered, 0.0),
    };
    let coverage_ratio = round_to(exact, 3);
    CategoryCoverage {
        id: category.id.clone(),
        name: category.name.clone(),
        status,
        coverage_ratio,
        score: hundredths(coverage_ratio),
        dedicated_enabled: met,
        dedicated_total: required,
        required_total: required,
        missing,
    }
}

#[allow(clippy::cast_precision_loss)]
fn mean_score(ratios: impl ExactSizeIterator<Item = f64>) -> i64 {
    let n = ratios.len().max(1) as f64;
    hundredths(ratios.sum::<f64>() / n)
}

#[allow(clippy::cast_possible_truncation)]
fn hundredths(share: f64) -> i64 {
    // A share lies in 0..=1, so the result fits.
    round_to(share * 100.0, 0) as i64
}

fn band(score: i64) -> String {
    let bands = &VOCABULARY.scoring.bands;
    bands.iter().find(|b| score >= b.min_score).or(bands.last()).map_or_else(String::new, |b| b.key.clone())
}

/// A set of categories, the first of the list in the lowest bit.
type CategorySet = u16;

struct Places {
    /// Detector -> its categories.
    detectors: HashMap<&'static str, CategorySet>,
    /// Category id -> itself.
    ids: HashMap<&'static str, CategorySet>,
}

static PLACES: LazyLock<Places> = LazyLock::new(|| {
    let ids: HashMap<&str, CategorySet> =
        VOCABULARY.categories.iter().enumerate().map(|(i, c)| (c.id.as_str(), 1 << i)).collect();
    let set = |entry: &'static DetectorEntry| entry.categories.iter().filter_map(|id| ids.get(id.as_str())).sum();
    let detectors = VOCABULARY.detectors.iter().map(|(name, entry)| (name.as_str(), set(entry))).collect();
    Places { detectors, ids }
});

/// First segments of rule ids that are not their detector's key.
pub(crate) const RULE_PREFIXES: &[(&str, &str)] = &[
    ("topic", "topic_restriction"),
    ("url", "malicious_url"),
    ("code", "code_safety"),
    ("output_control_char", "output_control_char_sanitizer"),
];

fn categories_of_rule(id: &str) -> CategorySet {
    let prefix = id.split(['.', ':']).next().unwrap_or(id);
    let key = RULE_PREFIXES.iter().find(|(short, _)| *short == prefix).map_or(prefix, |(_, key)| key);
    PLACES.detectors.get(key).copied().unwrap_or(0)
}

/// How the run fared on the samples that exercise each category. A sample exercises a category when one of the
/// category's detectors (dedicated or adjacent) fired on it, when it expects a rule of one to, or when its metadata
/// names the category under `owasp`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwaspTally([Exercised; 10]);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Exercised {
    samples: u64,
    flagged: u64,
    true_positives: u64,
    false_negatives: u64,
    false_positives: u64,
}

impl OwaspTally {
    /// Adds a sample.
    pub fn add(&mut self, sample: &SampleOutcome<'_>) {
        let fired = sample.detectors.iter().filter(|row| {
            !row.rule_hits.is_empty() || row.decision.is_some_and(|decision| decision != Decision::Allow)
        });
        let mut set = fired.fold(0, |set, row| set | PLACES.detectors.get(&*row.detector_name).copied().unwrap_or(0));
        for id in sample.expected_rule_hits.unwrap_or_default() {
            set |= categories_of_rule(id);
        }
        if let Some(id) = sample.owasp {
            set |= PLACES.ids.get(id).copied().unwrap_or(0);
        }
        if set == 0 {
            return;
        }
        let flagged = sample.actual.is_flagged();
        for (_, exercised) in self.0.iter_mut().enumerate().filter(|(i, _)| set & (1 << i) != 0) {
            exercised.samples += 1;
            exercised.flagged += u64::from(flagged);
            let positive = sample.expected.is_some_and(Label::is_positive);
            exercised.true_positives += u64::from(flagged && positive);
            exercised.false_negatives += u64::from(!flagged && positive);
            exercised.false_positives +=
                u64::from(flagged && sample.expected.is_some_and(|label| !label.is_positive()));
        }
    }

    /// Adds what was counted elsewhere.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            mine.samples += theirs.samples;
            mine.flagged += theirs.flagged;
            mine.true_positives += theirs.true_positives;
            mine.false_negatives += theirs.false_negatives;
            mine.false_positives += theirs.false_positives;
        }
    }

    /// The counts beside what the enabled detectors cover. Lifecycle controls leave no trace in a policy, so none
    /// counts as evidenced.
    #[must_use]
    pub fn figures<'a>(&self, enabled: impl IntoIterator<Item = &'a str>) -> OwaspFigures {
        let enabled: HashSet<&str> = enabled.into_iter().collect();
        let coverage = owasp_coverage(enabled.iter().copied(), []);
        let categories = (coverage.categories.into_iter().zip(&VOCABULARY.categories).zip(&self.0))
            .map(|((covered, category), exercised)| OwaspCategoryFigures {
                id: covered.id,
                name: covered.name,
                status: covered.status,
                ratio: covered.coverage_ratio,
                detectors: (category.dedicated.iter().chain(&category.adjacent))
                    .filter(|d| enabled.contains(d.as_str()))
                    .cloned()
                    .collect(),
                samples: exercised.samples,
                flagged: exercised.flagged,
                true_positives: exercised.true_positives,
                false_negatives: exercised.false_negatives,
                false_positives: exercised.false_positives,
                recall: ratio(exercised.true_positives, exercised.true_positives + exercised.false_negatives)
                    .map(round4),
            })
            .collect();
        OwaspFigures { score: coverage.summary.score, band: coverage.summary.band, categories }
    }
}

/// The `owasp` part of a run's summary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwaspFigures {
    /// 0..=100, credit for neighbouring detectors included.
    pub score: i64,
    /// `strong`, `moderate`, `limited` or `critical`.
    pub band: String,
    /// One entry a category, in the list's order.
    pub categories: Vec<OwaspCategoryFigures>,
}

/// Coverage of one category and the outcomes of the samples that exercise it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwaspCategoryFigures {
    /// `LLM01` to `LLM10`.
    pub id: String,
    /// The category's title.
    pub name: String,
    /// How far the policy covers it.
    pub status: CoverageStatus,
    /// 0..=1, three decimals.
    pub ratio: f64,
    /// The enabled detectors that cover it, dedicated ones first.
    pub detectors: Vec<String>,
    /// Samples that exercise it.
    pub samples: u64,
    /// Of these, flagged by the run (by any detector).
    pub flagged: u64,
    /// Of these, labelled anything but ALLOW and flagged.
    pub true_positives: u64,
    /// Of these, labelled anything but ALLOW and not flagged.
    pub false_negatives: u64,
    /// Of these, labelled ALLOW and flagged.
    pub false_positives: u64,
    /// Share of those labelled anything but ALLOW that was flagged, four decimals; null where there is none.
    pub recall: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::DetectorRow;

    #[test]
    fn the_table_names_ten_categories_and_places_detectors_in_them() {
        assert_eq!(VOCABULARY.categories.len(), 10);
        assert_eq!(owasp_categories_of("exfiltration"), ["LLM01", "LLM08"]);
        assert!(owasp_categories_of("nobody").is_empty());
    }

    #[test]
    fn what_is_missing_is_named() {
        let coverage = owasp_coverage(["pii"], []);
        assert_eq!(coverage.categories[1].missing[0], "secrets");
        assert_eq!(coverage.categories[1].dedicated_enabled, 1);
    }

    #[test]
    fn rule_prefixes_are_those_of_the_pipeline() {
        let renamed: Vec<(&str, &str)> = crate::engine::pipeline::PIPELINE
            .iter()
            .filter(|entry| entry.prefix != entry.key)
            .map(|entry| (entry.prefix, entry.key))
            .collect();
        assert!(renamed.iter().all(|pair| RULE_PREFIXES.contains(pair)) && renamed.len() == RULE_PREFIXES.len());
    }

    fn sample<'a>(expected: Decision, actual: Decision) -> SampleOutcome<'a> {
        SampleOutcome { expected: Some(expected.into()), actual: actual.into(), ..SampleOutcome::none("input") }
    }

    fn row(name: &'static str, decision: Decision) -> DetectorRow<'static> {
        DetectorRow {
            detector_name: name.into(),
            decision: Some(decision),
            risk_score: 0,
            latency_ms: None,
            latency_us: None,
            execution_mode: "local_deterministic".into(),
            fallback_path: None,
            rule_hits: Vec::new(),
            transformed: false,
        }
    }

    fn category(tally: &OwaspTally, id: &str) -> (u64, u64, u64, u64) {
        let figures = tally.figures(["pii", "jailbreak", "exfiltration"]);
        let c = figures.categories.iter().find(|c| c.id == id).unwrap();
        (c.samples, c.flagged, c.false_negatives, c.false_positives)
    }

    #[test]
    fn a_sample_counts_where_a_detector_fired_a_rule_was_expected_or_metadata_says_so() {
        let mut tally = OwaspTally::default();
        let rows = [row("exfiltration", Decision::Block), row("pii", Decision::Allow)];
        tally.add(&SampleOutcome { detectors: &rows, ..sample(Decision::Allow, Decision::Block) });
        assert_eq!(category(&tally, "LLM01"), (1, 1, 0, 1));
        assert_eq!(category(&tally, "LLM08"), (1, 1, 0, 1));
        assert_eq!(category(&tally, "LLM02"), (0, 0, 0, 0));
        let expected = ["url.shortener".to_owned(), "nobody.x".to_owned()];
        let missed = SampleOutcome { expected_rule_hits: Some(&expected), ..sample(Decision::Warn, Decision::Allow) };
        tally.add(&missed);
        assert_eq!(category(&tally, "LLM10"), (1, 0, 1, 0));
        tally.add(&SampleOutcome { owasp: Some("LLM06"), ..sample(Decision::Block, Decision::Warn) });
        tally.add(&SampleOutcome { owasp: Some("LLM66"), ..sample(Decision::Block, Decision::Warn) });
        assert_eq!(category(&tally, "LLM06"), (1, 1, 0, 0));
        let recall = |i: usize| tally.figures([]).categories[i].recall;
        assert_eq!((recall(0), recall(5), recall(9)), (None, Some(1.0), Some(0.0)));
        let mut twice = tally;
        twice.merge(&tally);
        assert_eq!(category(&twice, "LLM10"), (2, 0, 2, 0));
    }

    #[test]
    fn figures_name_the_enabled_detectors_of_a_category() {
        let figures = OwaspTally::default().figures(["exfiltration", "pii", "nobody"]);
        assert_eq!(figures.categories[0].detectors, ["exfiltration"]);
        assert_eq!(figures.categories[7].detectors, ["exfiltration"]);
        assert_eq!(figures.categories[7].status, CoverageStatus::Partial);
        assert_eq!((figures.categories[0].ratio, figures.band.as_str()), (0.167, "critical"));
        let json = serde_json::to_value(&figures).unwrap();
        let keys: Vec<&str> = json["categories"][0].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            [
                "id",
                "name",
                "status",
                "ratio",
                "detectors",
                "samples",
                "flagged",
                "true_positives",
                "false_negatives",
                "false_positives",
                "recall"
            ]
        );
    }
}
