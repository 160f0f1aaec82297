//! Confidence intervals for shares.

use super::round::round4;

/// Two-sided 95 per cent quantile of the normal distribution.
pub const Z95: f64 = 1.959_963_984_540_054;

/// Wilson's 95 per cent score interval for `hits` of `n`, four decimals (Wilson 1927); undefined without trials.
#[must_use]
pub fn wilson(hits: u64, n: u64) -> Option<[f64; 2]> {
    let [lo, hi] = wilson_exact(hits, n)?;
    Some([round4(lo), round4(hi)])
}

#[allow(clippy::cast_precision_loss)]
fn wilson_exact(hits: u64, n: u64) -> Option<[f64; 2]> {
    if n == 0 {
        return None;
    }
    let (hits, n) = (hits.min(n), n as f64);
    let p = hits as f64 / n;
    let z2 = Z95 * Z95;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z95 / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    // At the ends the formula gives exactly 0 and 1 but for the last bits.
    let lo = if hits == 0 { 0.0 } else { (centre - half).max(0.0) };
    let hi = if hits as f64 == n { 1.0 } else { (centre + half).min(1.0) };
    Some([lo, hi])
}

/// What two runs over the same labelled samples got right, sample by sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PairedOutcomes {
    /// Right in both.
    pub both: u64,
    /// Right in a only.
    pub only_a: u64,
    /// Right in b only.
    pub only_b: u64,
    /// Right in neither.
    pub neither: u64,
}

impl PairedOutcomes {
    /// Counts one pair.
    pub fn add(&mut self, a: bool, b: bool) {
        let cell = match (a, b) {
            (true, true) => &mut self.both,
            (true, false) => &mut self.only_a,
            (false, true) => &mut self.only_b,
            (false, false) => &mut self.neither,
        };
        *cell += 1;
    }

    /// Number of pairs.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.both + self.only_a + self.only_b + self.neither
    }
}

/// 95 per cent interval for the difference b minus a of two paired shares, four decimals (Newcombe 1998, method 10:
/// Wilson intervals of both shares, joined with their correlation); undefined without pairs.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn newcombe_paired(pairs: &PairedOutcomes) -> Option<[f64; 2]> {
    let n = pairs.total();
    let (right_b, right_a) = (pairs.both + pairs.only_b, pairs.both + pairs.only_a);
    let [l1, u1] = wilson_exact(right_b, n)?;
    let [l2, u2] = wilson_exact(right_a, n)?;
    let total = n as f64;
    let (p1, p2) = (right_b as f64 / total, right_a as f64 / total);
    let (e, f, g, h) = (pairs.both as f64, pairs.only_b as f64, pairs.only_a as f64, pairs.neither as f64);
    let margins = (e + f) * (g + h) * (e + g) * (f + h);
    let phi = if margins == 0.0 {
        0.0
    } else {
        let cross = e * h - f * g;
        // The continuity correction applies to a positive association only.
        let corrected = if cross > 0.0 { (cross - total / 2.0).max(0.0) } else { cross };
        corrected / margins.sqrt()
    };
    let (dl1, du1, dl2, du2) = (p1 - l1, u1 - p1, p2 - l2, u2 - p2);
    let lower = (dl1 * dl1 - 2.0 * phi * dl1 * du2 + du2 * du2).max(0.0).sqrt();
    let upper = (du1 * du1 - 2.0 * phi * du1 * dl2 + dl2 * dl2).max(0.0).sqrt();
    let difference = p1 - p2;
    Some([round4(difference - lower), round4(difference + upper)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_gives_the_published_values() {
        // Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
        assert_eq!(wilson(81, 263), Some([0.2553, 0.3662]));
        assert_eq!(wilson(15, 148), Some([0.0624, 0.1605]));
        assert_eq!(wilson(0, 20), Some([0.0, 0.1611]));
        assert_eq!(wilson(1, 29), Some([0.0061, 0.1718]));
    }

    #[test]
    fn wilson_stays_inside_zero_and_one() {
        assert_eq!(wilson(20, 20), Some([0.8389, 1.0]));
        assert_eq!(wilson(0, 0), None);
    }

    #[test]
    fn newcombe_gives_the_published_values() {
        // Newcombe 1998, "Improved confidence intervals for the difference between binomial proportions based on
        // paired data", table III, method 10: 36, 12, 2, 0 of 50 -> (0.0569, 0.3404).
        let pairs = PairedOutcomes { both: 36, only_b: 12, only_a: 2, neither: 0 };
        let [lo, hi] = newcombe_paired(&pairs).unwrap();
        assert_eq!((lo, hi), (0.0569, 0.3404));
    }

    #[test]
    fn equal_runs_have_an_interval_around_zero() {
        let pairs = PairedOutcomes { both: 90, only_a: 0, only_b: 0, neither: 10 };
        let [lo, hi] = newcombe_paired(&pairs).unwrap();
        assert!(lo <= 0.0 && 0.0 <= hi, "{lo} {hi}");
    }
}
