//! How well a score ranks what should be flagged above what should not.

use super::round::round4;

/// Area under the ROC curve by the rank-sum (Mann-Whitney) formula, equal scores sharing their average rank; four
/// decimals. Undefined unless both classes are present. `labels[i]` says whether score `i` belongs to a positive;
/// a slice longer than the other is cut.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn roc_auc(scores: &[f64], labels: &[bool]) -> Option<f64> {
    let mut ranked: Vec<(f64, bool)> = scores.iter().copied().zip(labels.iter().copied()).collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    let groups = ranked.chunk_by(|a, b| a.0 == b.0).map(|tied| {
        let positives = tied.iter().filter(|(_, label)| *label).count() as u64;
        (positives, tied.len() as u64 - positives)
    });
    roc_auc_of_groups(groups)
}

/// The same from groups of equal score in ascending order: (positives, negatives) of each.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn roc_auc_of_groups(groups: impl Iterator<Item = (u64, u64)>) -> Option<f64> {
    let (mut positives, mut negatives, mut rank_sum) = (0u64, 0u64, 0f64);
    for (p, n) in groups {
        let below = positives + negatives;
        // Ranks below+1 ..= below+p+n, each replaced by their mean: a multiple of one half, exact in a double.
        let mean_rank = below as f64 + (p + n + 1) as f64 / 2.0;
        rank_sum += p as f64 * mean_rank;
        positives += p;
        negatives += n;
    }
    if positives == 0 || negatives == 0 {
        return None;
    }
    let p = positives as f64;
    Some(round4((rank_sum - p * (p + 1.0) / 2.0) / (p * negatives as f64)))
}

/// Average precision: samples by descending score, equal scores in their input order, one step a sample; four
/// decimals. Undefined without positives. Because ties are not grouped the value depends on the order of the samples.
#[must_use]
pub fn pr_auc(scores: &[f64], labels: &[bool]) -> Option<f64> {
    let mut ranked: Vec<(f64, bool)> = scores.iter().copied().zip(labels.iter().copied()).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let positives = ranked.iter().filter(|(_, label)| *label).count() as u64;
    average_precision(ranked.iter().map(|(_, label)| *label), positives)
}

/// Average precision of labels that are already in rank order, best score first.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn average_precision(ranked: impl Iterator<Item = bool>, positives: u64) -> Option<f64> {
    if positives == 0 {
        return None;
    }
    let (mut found, mut recall_before, mut area) = (0u64, 0f64, 0f64);
    for (seen, label) in (1u64..).zip(ranked) {
        if label {
            found += 1;
            let recall = found as f64 / positives as f64;
            area += (recall - recall_before) * (found as f64 / seen as f64);
            recall_before = recall;
        }
    }
    Some(round4(area))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_count_half_for_the_roc_and_by_input_order_for_precision() {
        assert_eq!(roc_auc(&[50.0, 50.0], &[false, true]), Some(0.5));
        assert_eq!(pr_auc(&[50.0, 50.0], &[false, true]), Some(0.5));
        assert_eq!(pr_auc(&[50.0, 50.0], &[true, false]), Some(1.0));
    }

    #[test]
    fn one_class_alone_has_no_roc_area() {
        assert_eq!(roc_auc(&[1.0, 2.0], &[true, true]), None);
        assert_eq!(pr_auc(&[1.0, 2.0], &[false, false]), None);
    }
}
