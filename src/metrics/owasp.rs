//! How much of the OWASP Top 10 for LLM applications a policy covers.

use super::round::{ratio, round_to};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
