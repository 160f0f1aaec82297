//! How sure a difference of latencies is.

use super::latency::LatencyCounts;
use super::percentile::{interpolate, rank_of};
use super::round::round_to;

/// Resamples behind an interval.
const RESAMPLES: usize = 1000;
/// Fewer latencies than this on a side say nothing about their spread.
const FEWEST: u64 = 10;

/// 95 per cent intervals for b minus a, in milliseconds with three decimals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LatencyIntervals {
    /// Of the difference of the means.
    pub avg: [f64; 2],
    /// Of the difference of the 99th percentiles.
    pub p99: [f64; 2],
}

/// Percentile-bootstrap intervals for the difference of mean and 99th percentile. Each resample draws how often every
/// distinct latency occurs from a Poisson distribution around its count, which for counts is what drawing with
/// replacement is for lists, at a cost that does not grow with the number of samples. The two runs are resampled
/// independently: over the same texts that overstates the spread, so the interval errs on the wide side. The same
/// latencies give the same interval, always. None with fewer than ten latencies on a side.
#[must_use]
pub fn bootstrap_latency(a: &LatencyCounts, b: &LatencyCounts) -> Option<LatencyIntervals> {
    if a.count() < FEWEST || b.count() < FEWEST {
        return None;
    }
    let (a, b) = (Resampler::new(a), Resampler::new(b));
    let mut random = Random(0x005E_ED0F_5A3B_1E00);
    let mut weights = Vec::new();
    let (mut means, mut p99s) = (Vec::with_capacity(RESAMPLES), Vec::with_capacity(RESAMPLES));
    for _ in 0..RESAMPLES {
        let (mean_a, p99_a) = a.draw(&mut random, &mut weights);
        let (mean_b, p99_b) = b.draw(&mut random, &mut weights);
        means.push(mean_b - mean_a);
        p99s.push(p99_b - p99_a);
    }
    Some(LatencyIntervals { avg: middle_95(&mut means), p99: middle_95(&mut p99s) })
}

fn middle_95(differences_us: &mut [f64]) -> [f64; 2] {
    differences_us.sort_by(f64::total_cmp);
    let at = |p| {
        let (low, high, fraction) = rank_of(differences_us.len() as u64, p);
        // Ranks of a slice fit usize.
        #[allow(clippy::cast_possible_truncation)]
        let us = interpolate(differences_us[low as usize], differences_us[high as usize], fraction);
        round_to(us / 1000.0, 3)
    };
    [at(0.025), at(0.975)]
}

struct Resampler {
    /// (microseconds, count, exp(-count)), ascending.
    values: Vec<(f64, f64, f64)>,
}

impl Resampler {
    #[allow(clippy::cast_precision_loss)]
    fn new(counts: &LatencyCounts) -> Self {
        Self { values: counts.values().map(|(us, n)| (us as f64, n as f64, (-(n as f64)).exp())).collect() }
    }

    /// Mean and 99th percentile of one resample.
    #[allow(clippy::cast_precision_loss)]
    fn draw(&self, random: &mut Random, weights: &mut Vec<u64>) -> (f64, f64) {
        loop {
            weights.clear();
            weights.extend(self.values.iter().map(|&(_, mean, exp)| random.poisson(mean, exp)));
            let total: u64 = weights.iter().sum();
            if total > 0 {
                let sum: f64 = self.values.iter().zip(weights.iter()).map(|((us, ..), &w)| us * w as f64).sum();
                return (sum / total as f64, self.percentile(weights, total, 0.99));
            }
        }
    }

    fn percentile(&self, weights: &[u64], total: u64, p: f64) -> f64 {
        let (low, high, fraction) = rank_of(total, p);
        let (mut seen, mut at_low) = (0, None);
        for (&(us, ..), &w) in self.values.iter().zip(weights) {
            seen += w;
            if at_low.is_none() && seen > low {
                at_low = Some(us);
            }
            if seen > high {
                return interpolate(at_low.unwrap_or(us), us, fraction);
            }
        }
        at_low.unwrap_or(0.0)
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014): small, fast, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in 0..1.
    #[allow(clippy::cast_precision_loss)]
    fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Knuth's product of uniforms for small means; beyond, the normal approximation, its deviate being the sum of
    /// twelve uniforms, which needs no function that differs between platforms.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn poisson(&mut self, mean: f64, exp_of_minus_mean: f64) -> u64 {
        if mean < 16.0 {
            let (mut n, mut product) = (0, self.uniform());
            while product > exp_of_minus_mean {
                n += 1;
                product *= self.uniform();
            }
            return n;
        }
        let deviate = (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0;
        (mean + deviate * mean.sqrt()).round().max(0.0) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(values: impl Iterator<Item = u64>) -> LatencyCounts {
        let mut counts = LatencyCounts::default();
        values.for_each(|us| counts.add(us));
        counts
    }

    #[test]
    fn an_interval_covers_the_true_shift_and_excludes_zero() {
        let a = counts((0..2000).map(|i| 100 + i * 37 % 50));
        let b = counts((0..2000).map(|i| 300 + i * 37 % 50));
        let intervals = bootstrap_latency(&a, &b).unwrap();
        for [lo, hi] in [intervals.avg, intervals.p99] {
            assert!(lo > 0.19 && lo <= 0.2 && (0.2..0.21).contains(&hi), "{lo} {hi}");
        }
    }

    #[test]
    fn equal_runs_have_an_interval_around_zero_and_always_the_same() {
        let a = counts((0..500).map(|i| i * i % 977));
        let first = bootstrap_latency(&a, &a.clone()).unwrap();
        assert!(first.avg[0] < 0.0 && first.avg[1] > 0.0, "{first:?}");
        assert_eq!(bootstrap_latency(&a, &a), Some(first));
    }

    #[test]
    fn too_few_latencies_have_no_interval() {
        assert_eq!(bootstrap_latency(&counts(0..9), &counts(0..500)), None);
    }

    #[test]
    fn the_spread_of_the_mean_is_that_of_theory() {
        // Standard error of a difference of two means of n uniform values 0..1000: sqrt(2 * 1000^2 / 12 / n).
        let a = counts((0..3000).map(|i| i * 617 % 1000));
        let [lo, hi] = bootstrap_latency(&a, &a).unwrap().avg;
        let half_width_us = (hi - lo) * 500.0;
        let theory = 1.96 * (2.0 * 1e6 / 12.0 / 3000.0f64).sqrt();
        assert!((half_width_us / theory - 1.0).abs() < 0.15, "{half_width_us} {theory}");
    }
}
