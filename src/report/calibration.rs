//! The reliability curve as people read it: the bins that hold anything.

use super::grid::{Align, Grid};
use super::number::percent;
use super::style::thousands;
use crate::metrics::ReliabilityBin;

/// Bins shown at most; JSON has all.
const MOST_BINS: usize = 20;

/// The headings of a curve's columns.
pub const HEADINGS: [&str; 5] = ["confidence", "samples", "mean", "right", "gap"];

/// One line for each bin with predictions in it, as far as they are shown, and how many such bins are left out. The gap
/// is in points: above 0 the scores were surer than they were right.
pub fn curve_lines(curve: Option<&[ReliabilityBin]>) -> (Vec<[String; 5]>, usize) {
    let filled = curve.unwrap_or_default().iter().filter_map(|bin| {
        let (mean, right) = (bin.avg_confidence?, bin.accuracy?);
        let gap = format!("{:+.1}", (mean - right) * 100.0);
        let range = format!("{:?} to {:?}", bin.lo, bin.hi);
        Some([range, thousands(bin.count), percent(mean), percent(right), gap])
    });
    let mut lines: Vec<_> = filled.collect();
    let more = lines.len().saturating_sub(MOST_BINS);
    lines.truncate(MOST_BINS);
    (lines, more)
}

/// The curve in columns; none where no bin holds anything.
pub fn curve_grid(curve: Option<&[ReliabilityBin]>, faint: impl Fn(&str) -> String) -> Option<Grid> {
    let (lines, more) = curve_lines(curve);
    if lines.is_empty() {
        return None;
    }
    let mut grid = Grid::new(&[Align::Left, Align::Right, Align::Right, Align::Right, Align::Right]);
    grid.row(HEADINGS.map(&faint));
    lines.into_iter().for_each(|line| grid.row(line));
    if more > 0 {
        let rest = faint(&format!("... and {more} more"));
        grid.row([rest, String::new(), String::new(), String::new(), String::new()]);
    }
    Some(grid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::reliability_curve;

    #[test]
    fn only_bins_that_hold_anything_have_a_line() {
        let curve = reliability_curve(&[0.55, 0.6, 1.0], &[true, false, true], 10);
        let (lines, more) = curve_lines(curve.as_deref());
        assert_eq!(
            lines,
            [["0.5 to 0.6", "2", "57.5%", "50.0%", "+7.5"], ["0.9 to 1.0", "1", "100.0%", "100.0%", "+0.0"]]
        );
        assert_eq!((more, curve_lines(None).0.len()), (0, 0));
    }

    #[test]
    fn of_very_many_bins_the_first_are_shown() {
        let probabilities: Vec<f64> = (0..50).map(|i| 0.5 + f64::from(i) / 100.0).collect();
        let curve = reliability_curve(&probabilities, &[true; 50], 1000);
        let grid = curve_grid(curve.as_deref(), str::to_owned).unwrap();
        assert_eq!((grid.rows.len(), grid.rows[21][0].as_str()), (22, "... and 30 more"));
    }
}
