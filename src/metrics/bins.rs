//! Into how many bins scores are sorted.

use super::calibration::CALIBRATION_BINS;
use super::histogram::SCORE_BINS;

/// The most bins that can be asked for: a bin narrower than a tenth of a point says nothing.
pub const MOST_BINS: usize = 1000;

/// Numbers of bins of the figures of the risk score; ten each by default, as in the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bins {
    /// Of the calibration error and the reliability curve, 1..=[`MOST_BINS`].
    pub calibration: usize,
    /// Of the histogram, 1..=[`MOST_BINS`].
    pub score: usize,
}

impl Default for Bins {
    fn default() -> Self {
        Self { calibration: CALIBRATION_BINS, score: SCORE_BINS }
    }
}
