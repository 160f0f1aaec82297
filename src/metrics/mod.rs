//! Figures: how right, how calibrated and how fast a policy is over a dataset, how sure that is, and whether it
//! passes.

mod accumulator;
mod bins;
mod bootstrap;
mod calibration;
mod confusion;
pub mod gate;
mod histogram;
mod interval;
mod isodate;
mod keyed;
mod label;
mod latency;
mod mcnemar;
mod modes;
mod outcome;
mod owasp;
mod percentile;
mod ranking;
mod round;
mod rules;
mod scorecard;
mod scores;
mod summary;
mod tally;
mod tier;

pub use accumulator::{Accumulator, CONTEXT_KEY, MOST_GROUP_VALUES, OTHER_VALUES, OVERALL_QUALITY};
pub use bins::{Bins, MOST_BINS, WantedBins};
pub use bootstrap::{LatencyIntervals, bootstrap_latency};
pub use calibration::{
    CALIBRATION_BINS, CalibrationBins, ReliabilityBin, expected_calibration_error, reliability_curve,
};
pub use confusion::{BinaryConfusion, Classification, LabelConfusion, classification_metrics};
pub use gate::{
    Catalogue, Gate, GateError, GateOutcome, Measured, max_block_rate_delta, max_fn, max_fp_rate, min_accuracy,
};
pub use histogram::{SCORE_BINS, population_stability_index, score_bin, score_histogram};
pub use interval::{PairedOutcomes, Z95, newcombe_paired, wilson};
pub use isodate::{parse_iso, python_iso};
pub use label::Label;
pub use latency::{LatencyCounts, LatencySummary};
pub use mcnemar::mcnemar_exact;
pub use modes::{DETERMINISTIC_MODE, ExecutionModes, ModeFigures};
pub use outcome::{SampleOutcome, micros};
pub use owasp::{
    CategoryCoverage, Coverage, CoverageStatus, CoverageSummary, OwaspCategoryFigures, OwaspFigures, OwaspTally,
    owasp_categories_of, owasp_coverage,
};
pub use percentile::{Percentiles, percentiles};
pub use ranking::{average_precision, pr_auc, roc_auc};
pub use round::{ratio, round_to, round4};
pub use rules::{rule_meets, rules_match};
pub use scorecard::{
    DEFAULT_MODEL, LanguageSamples, MODEL_MODES, ModelIdentity, Scorecard, ScorecardBuilder, ScoredSample,
    is_model_backed, model_versions,
};
pub use scores::{ScoreMetrics, ScoreSequence};
pub use summary::{DetectorFigures, QualityFigures, RuleAgreement, RuleFigures, Summary};
pub use tally::{DecisionCounts, Intervals, Rates, Tally};
pub use tier::{Bounds, ScorecardError, Tier, TierFailure, TierVerdict, gated_action, judge};
