//! Two runs side by side: what changed, for better or worse, and by more than chance or not.

mod ahead;
mod comparison;
mod csv_rows;
mod deltas;
mod detector_lists;
mod diff;
mod in_place;
mod load;
mod pair;
mod part;
mod row;
mod split;
mod vocabulary;

pub use comparison::{
    Changes, Comparison, Drift, ErrorChange, Flip, FlipKind, LatencyDrift, NameChange, Pairing, RiskShift, SideInfo,
    Significance, Verdict,
};
pub use load::{LoadError, RowFigures};

use crate::metrics::{Gate, GateError, WantedBins};
use in_place::load_in_step;
use load::{Opened, Reading};
use part::Purpose;
use serde_json::Value;
use std::path::Path;
use vocabulary::Vocabulary;

/// Ids that an error names at most.
const MOST_NAMED: usize = 5;

/// Why two runs could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// A file is wrong.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The same ids stand for different texts.
    #[error(
        "not comparable: {count} sample id{} for another text (or stage) in b than in a: {}; compare runs over one dataset, or give samples ids that stay",
        if *count == 1 { " stands" } else { "s stand" },
        quoted(ids, *count)
    )]
    OtherTexts {
        /// The first few.
        ids: Vec<String>,
        /// How many there are.
        count: usize,
    },
    /// The runs are over different datasets and share nothing.
    #[error("not comparable: the runs are over different datasets and have no common sample")]
    OtherDataset,
    /// No sample of one is in the other.
    #[error("no common sample: no id and no text of a is in b")]
    NoCommonSample,
}

fn quoted(ids: &[String], count: usize) -> String {
    let named: Vec<String> = ids.iter().map(|id| format!("{id:?}")).collect();
    let more = if count > ids.len() { ", ..." } else { "" };
    format!("{}{more}", named.join(", "))
}

/// Compares the run in file `b` (the candidate) with that in file `a` (the baseline). Either may be a run file, a
/// summary, a rows file (JSONL, JSON, CSV) or pages of API results, plain or compressed.
///
/// # Errors
/// A file is wrong, or the two cannot be compared.
pub fn compare_files(a: &Path, b: &Path) -> Result<Comparison, CompareError> {
    compare_binned(a, b, WantedBins::default())
}

/// Compares as [`compare_files`] does, with figures of the risk score in bins of these numbers: they are counted anew
/// where a file has rows.
///
/// # Errors
/// A file is wrong, or the two cannot be compared.
pub fn compare_binned(a: &Path, b: &Path, bins: WantedBins) -> Result<Comparison, CompareError> {
    let mut vocabulary = Vocabulary::default();
    let reading = Reading { purpose: Purpose::Pairing, bins };
    match (Opened::at(a, reading)?, Opened::at(b, reading)?) {
        (Opened::Lines(a, lines_a), Opened::Lines(b, lines_b)) => {
            let (a, b, in_place) = load_in_step((a, lines_a), (b, lines_b), &mut vocabulary)?;
            diff::diff(a, b, &vocabulary, Some(in_place))
        }
        (a, b) => {
            let a = a.load(&mut vocabulary)?;
            let b = b.load(&mut vocabulary)?;
            diff::diff(a, b, &vocabulary, None)
        }
    }
}

/// Counts the rows of a file, which may be those of another system: a run file, a rows file (JSONL, JSON, CSV) or pages
/// of API results, plain or compressed. Rows need `expected_decision`, `actual_decision` and `actual_risk_score`; labels
/// and decisions may be any words, scores any numbers. A file without a row has figures of nothing.
///
/// # Errors
/// The file cannot be read, or holds something else.
pub fn count_rows(path: &Path, bins: WantedBins) -> Result<RowFigures, LoadError> {
    Opened::at(path, Reading { purpose: Purpose::Counting, bins })?.count()
}

impl Comparison {
    /// Measures the gates and notes their outcomes.
    ///
    /// # Errors
    /// A gate names a figure that is unknown, null or no number.
    pub fn apply_gates(&mut self, gates: &[Gate]) -> Result<(), GateError> {
        let figures = self.gate_figures();
        self.gates = gates.iter().map(|gate| gate.evaluate(&figures)).collect::<Result<_, _>>()?;
        self.passed = self.gates.iter().all(|outcome| !outcome.failed);
        Ok(())
    }

    /// What a gate can name: the candidate's figures and the top-level deltas by their own names, everything of the
    /// comparison but its lists of samples, and both summaries as `a` and `b`.
    #[must_use]
    pub fn gate_figures(&self) -> Value {
        let mut figures = self.b.summary.as_object().cloned().unwrap_or_default();
        if let Value::Object(deltas) = &self.deltas {
            figures.extend(deltas.iter().filter(|(_, delta)| !delta.is_object()).map(|(k, v)| (k.clone(), v.clone())));
        }
        let own = Comparison {
            block_rate_delta: self.block_rate_delta,
            pairing: self.pairing,
            changes: self.changes,
            significance: self.significance,
            latency: self.latency,
            risk_psi: self.risk_psi,
            risk_shift: self.risk_shift,
            deltas: self.deltas.clone(),
            rule_changes: self.rule_changes.clone(),
            detector_changes: self.detector_changes.clone(),
            ..Comparison::default()
        };
        if let Ok(Value::Object(own)) = serde_json::to_value(own) {
            const NO_FIGURES: [&str; 10] =
                ["verdict", "risk_shift", "passed", "gates", "a", "b", "flips", "only_in_a", "only_in_b", "notes"];
            figures.extend(own.into_iter().filter(|(key, _)| !NO_FIGURES.contains(&key.as_str())));
        }
        figures.insert("a".to_owned(), self.a.summary.clone());
        figures.insert("b".to_owned(), self.b.summary.clone());
        Value::Object(figures)
    }
}
