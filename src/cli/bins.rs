//! Flags for the bins of the figures of the risk score.

use crate::metrics::{MOST_BINS, WantedBins};
use clap::Args;

/// Numbers of bins, where another than the reference's ten is asked for.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct BinArgs {
    /// Bins of the calibration error (ece) and of the reliability curve, 1 to 1000; ten by default, as in the reference
    #[arg(long, value_name = "N", value_parser = bins, help_heading = "Bins")]
    pub calibration_bins: Option<usize>,

    /// Bins of the histogram of risk scores, 1 to 1000; ten by default, as in the reference
    #[arg(long, value_name = "N", value_parser = bins, help_heading = "Bins")]
    pub score_bins: Option<usize>,
}

impl BinArgs {
    /// The numbers asked for.
    #[must_use]
    pub fn wanted(self) -> WantedBins {
        WantedBins { calibration: self.calibration_bins, score: self.score_bins }
    }
}

/// A number of bins.
///
/// # Errors
/// It is none, or out of range.
pub fn bins(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|n| (1..=MOST_BINS).contains(n));
    number.ok_or_else(|| format!("expected a whole number of bins from 1 to {MOST_BINS}"))
}
