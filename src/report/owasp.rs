//! The OWASP LLM Top 10 in reports for people: what covers each risk, and how the samples that exercise it fared.

use super::RunReport;
use crate::metrics::{CoverageStatus, OwaspCategoryFigures};

/// The risks, none where no sample exercises any: then the section would say nothing of the run.
pub fn exercised<'r>(report: &RunReport<'r>) -> &'r [OwaspCategoryFigures] {
    let categories = report.owasp.map_or(&[][..], |owasp| &owasp.categories);
    if categories.iter().any(|c| c.samples > 0) { categories } else { &[] }
}

/// Ids of the risks that no sample exercises and that the policy does, or does not, cover.
pub fn without_samples(categories: &[OwaspCategoryFigures], covered: bool) -> String {
    let idle = |c: &&OwaspCategoryFigures| c.samples == 0 && (c.status != CoverageStatus::Uncovered) == covered;
    categories.iter().filter(idle).map(|c| c.id.as_str()).collect::<Vec<_>>().join(", ")
}

/// The status in a word.
pub fn status(status: CoverageStatus) -> &'static str {
    match status {
        CoverageStatus::Full => "full",
        CoverageStatus::Partial => "partial",
        CoverageStatus::Uncovered => "none",
    }
}
