//! A distribution of latencies in bounded memory.

use super::percentile::{interpolate, rank_of};
use super::round::round_to;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Values below this many microseconds have a counter each.
const DENSE: u64 = 4096;
/// Distinct values above that before precision is given up. With the fewest bits kept (see [`FEWEST_BITS`]) 64-bit
/// values have at most 57 * 128 distinct forms, so this bound always holds in the end.
const MOST_DISTINCT: usize = 8192;
/// Significant bits kept of a value at the least: an error below 0.8 per cent.
const FEWEST_BITS: u32 = 8;

/// Counts of latencies by microsecond. Exact while there are at most 8192 distinct values from 4.096 ms on; beyond
/// that their lowest bits are dropped, one at a time, down to a precision of 0.8 per cent. Mean and maximum are always
/// exact. What is stored does not depend on the order of the values nor on how they were merged.
#[derive(Clone, Debug)]
pub struct LatencyCounts {
    dense: Vec<u64>,
    sparse: BTreeMap<u64, u64>,
    bits: u32,
    count: u64,
    sum: u128,
    max: u64,
}

impl Default for LatencyCounts {
    fn default() -> Self {
        Self { dense: Vec::new(), sparse: BTreeMap::new(), bits: 64, count: 0, sum: 0, max: 0 }
    }
}

impl LatencyCounts {
    /// Counts one latency in microseconds.
    pub fn add(&mut self, us: u64) {
        self.count += 1;
        self.sum += u128::from(us);
        self.max = self.max.max(us);
        self.add_times(us, 1);
    }

    /// Counts everything the other has counted.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
        self.coarsen(other.bits);
        for (us, n) in other.values() {
            self.add_times(us, n);
        }
    }

    fn add_times(&mut self, us: u64, n: u64) {
        if us < DENSE {
            // The index is below 4096, so it fits any usize.
            #[allow(clippy::cast_possible_truncation)]
            let index = us as usize;
            if index >= self.dense.len() {
                self.dense.resize((index + 1).next_power_of_two(), 0);
            }
            self.dense[index] += n;
            return;
        }
        *self.sparse.entry(keep_bits(us, self.bits)).or_default() += n;
        while self.sparse.len() > MOST_DISTINCT && self.bits > FEWEST_BITS {
            self.coarsen(self.bits.min(32) - 1);
        }
    }

    fn coarsen(&mut self, bits: u32) {
        if bits >= self.bits {
            return;
        }
        self.bits = bits;
        let mut coarse = BTreeMap::new();
        for (&us, &n) in &self.sparse {
            *coarse.entry(keep_bits(us, bits)).or_default() += n;
        }
        self.sparse = coarse;
    }

    /// How many latencies were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// (microseconds, count), ascending, no zero counts.
    pub fn values(&self) -> impl Iterator<Item = (u64, u64)> {
        let dense = (0u64..).zip(self.dense.iter().copied()).filter(|(_, n)| *n > 0);
        dense.chain(self.sparse.iter().map(|(&us, &n)| (us, n)))
    }

    /// Mean in microseconds.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn mean_us(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// Percentile `p` (0..=1) in microseconds by linear interpolation.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn percentile_us(&self, p: f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let (low, high, fraction) = rank_of(self.count, p);
        let (mut seen, mut at_low) = (0, None);
        for (us, n) in self.values() {
            seen += n;
            if at_low.is_none() && seen > low {
                at_low = Some(us);
            }
            if seen > high {
                let low = at_low.unwrap_or(us) as f64;
                return Some(interpolate(low, us as f64, fraction));
            }
        }
        Some(self.max as f64)
    }

    /// The distribution in milliseconds; none when nothing was counted.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn summary(&self) -> Option<LatencySummary> {
        let ms = |us: f64| round_to(us / 1000.0, 3);
        Some(LatencySummary {
            avg: ms(self.mean_us()?),
            p50: ms(self.percentile_us(0.50)?),
            p95: ms(self.percentile_us(0.95)?),
            p99: ms(self.percentile_us(0.99)?),
            max: ms(self.max as f64),
        })
    }
}

/// The value without all but its highest `bits` bits.
fn keep_bits(us: u64, bits: u32) -> u64 {
    let drop = (64 - us.leading_zeros()).saturating_sub(bits);
    us >> drop << drop
}

/// Latencies in milliseconds, three decimals (microseconds).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LatencySummary {
    /// Mean.
    pub avg: f64,
    /// Median.
    pub p50: f64,
    /// 95 of 100 are at or below.
    pub p95: f64,
    /// 99 of 100 are at or below.
    pub p99: f64,
    /// The slowest.
    pub max: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(values: impl IntoIterator<Item = u64>) -> LatencyCounts {
        let mut counts = LatencyCounts::default();
        values.into_iter().for_each(|us| counts.add(us));
        counts
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_values() {
        let c = counts([5, 5, 5, 5, 5, 5, 5, 5, 5, 500_000]);
        let s = c.summary().unwrap();
        // k = 9 * 0.95 = 8.55: 55 hundredths of the way from 5 us to 500 ms.
        assert_eq!((s.p50, s.p95, s.max, s.avg), (0.005, 275.002, 500.0, 50.005));
    }

    #[test]
    fn nothing_counted_has_no_summary() {
        assert_eq!(LatencyCounts::default().summary(), None);
    }

    #[test]
    fn many_distinct_values_stay_within_bounds_and_one_per_cent() {
        let c = counts((0..200_000u64).map(|i| 5_000 + i * 7_919));
        assert!(c.sparse.len() <= MOST_DISTINCT);
        let exact = 5_000.0 + 99_999.5 * 7_919.0;
        let p50 = c.percentile_us(0.5).unwrap();
        assert!((p50 - exact).abs() / exact < 0.01, "{p50} {exact}");
        assert_eq!(c.max, 5_000 + 199_999 * 7_919);
    }

    #[test]
    fn merging_equals_counting_in_one_go() {
        let values: Vec<u64> = (0..60_000u64).map(|i| i * i % 1_000_003 + i % 17).collect();
        let whole = counts(values.iter().copied());
        let mut merged = counts(values[..100].iter().copied());
        merged.merge(&counts(values[100..50_000].iter().copied()));
        merged.merge(&counts(values[50_000..].iter().copied()));
        assert_eq!(merged.values().collect::<Vec<_>>(), whole.values().collect::<Vec<_>>());
        assert_eq!(merged.summary(), whole.summary());
    }

    #[test]
    fn the_largest_value_is_counted_without_overflow() {
        let c = counts([u64::MAX, u64::MAX, 0]);
        assert_eq!(c.count(), 3);
        assert!(c.summary().unwrap().max > 1e15);
    }
}
