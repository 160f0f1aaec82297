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

/// Numbers of bins that are asked for; none leaves what there is, and else the reference's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WantedBins {
    /// Of the calibration error and the reliability curve.
    pub calibration: Option<usize>,
    /// Of the histogram of risk scores, and so of their population stability index.
    pub score: Option<usize>,
}

impl WantedBins {
    /// The numbers asked for, else the reference's.
    #[must_use]
    pub fn bins(self) -> Bins {
        let Bins { calibration, score } = Bins::default();
        Bins { calibration: self.calibration.unwrap_or(calibration), score: self.score.unwrap_or(score) }
    }
}
