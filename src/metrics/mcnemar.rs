//! Whether two runs over the same samples differ by more than chance.

/// Exact two-sided p-value of McNemar's test: with `only_a` samples right in a alone and `only_b` right in b alone,
/// the probability under a fair coin of a split at least as uneven. 1 when no sample changed sides.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn mcnemar_exact(only_a: u64, only_b: u64) -> f64 {
    let n = only_a.saturating_add(only_b);
    let k = only_a.min(only_b);
    if n == 0 || only_a == only_b {
        return 1.0;
    }
    // The largest term of the tail is C(n, k) / 2^n; the others follow downwards by the ratio of neighbours.
    let mut sum = 1.0;
    let mut term = 1.0;
    let mut i = k;
    while i > 0 && term > 1e-18 {
        term *= i as f64 / (n - i + 1) as f64;
        sum += term;
        i -= 1;
    }
    let log_tail = ln_choose(n, k) - n as f64 * std::f64::consts::LN_2 + f64::ln(sum);
    (2.0 * log_tail.exp()).min(1.0)
}

/// ln of the binomial coefficient.
fn ln_choose(n: u64, k: u64) -> f64 {
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
}

/// ln n!, summed for small n and by Stirling's series beyond.
#[allow(clippy::cast_precision_loss)]
fn ln_factorial(n: u64) -> f64 {
    if n < 256 {
        return (2..=n).map(|i| (i as f64).ln()).sum();
    }
    let x = n as f64;
    x * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI * x).ln() + 1.0 / (12.0 * x) - 1.0 / (360.0 * x * x * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-10 * b.abs().max(1e-300) + 1e-15
    }

    #[test]
    fn small_tables_agree_with_the_binomial_tail() {
        assert!(close(mcnemar_exact(0, 5), 2.0 / 32.0));
        assert!(close(mcnemar_exact(1, 5), 2.0 * 7.0 / 64.0));
        assert!(close(mcnemar_exact(2, 12), 2.0 * (1.0 + 14.0 + 91.0) / 16384.0));
        assert!(close(mcnemar_exact(12, 2), mcnemar_exact(2, 12)));
    }

    #[test]
    fn no_change_and_an_even_split_are_no_evidence() {
        assert_eq!(mcnemar_exact(0, 0), 1.0);
        assert_eq!(mcnemar_exact(7, 7), 1.0);
    }

    #[test]
    fn large_tables_neither_overflow_nor_lose_their_value() {
        // Binomial tail at one standard deviation below the mean: normal approximation with continuity 0.3174...
        let p = mcnemar_exact(499_500, 500_500);
        assert!((0.31..0.33).contains(&p), "{p}");
        assert_eq!(mcnemar_exact(0, 100_000), 0.0);
    }

    #[test]
    fn the_series_meets_the_sum_where_they_change_over() {
        let summed: f64 = (2..=256u64).map(|i| (i as f64).ln()).sum();
        assert!((ln_factorial(256) - summed).abs() < 1e-9);
    }
}
