//! Which figures a run can have, known before it is run.

use super::figure::{FigurePath, Lookup, entry_name, kind};
use crate::metrics::{
    Bins, DetectorFigures, ExecutionModes, Intervals, LatencySummary, ModeFigures, QualityFigures, Rates,
    ReliabilityBin, RuleAgreement, RuleFigures, Summary,
};
use serde_json::Value;

/// Stands for any name at its place.
const ANY: &str = "*";

/// The figures that can exist: a summary in which every name that depends on policy or dataset is left open.
#[derive(Clone, Debug)]
pub struct Catalogue {
    template: Value,
    open: Vec<String>,
}

impl Catalogue {
    /// The figures of a run's summary with these bins; without `timing`, those of latency and speed are unknown.
    #[must_use]
    pub fn of_summary(timing: bool, bins: Bins) -> Self {
        let latency = timing.then(LatencySummary::default);
        let rates = Rates { intervals: filled_intervals(), ..Rates::default() };
        let any = || ANY.to_owned();
        let any_bin = ReliabilityBin { lo: 0.0, hi: 0.0, avg_confidence: None, accuracy: None, count: 0 };
        let summary = Summary {
            rates: rates.clone(),
            confusion: [(any(), [(any(), 0)].into_iter().collect())].into_iter().collect(),
            rule_hits: Some(RuleAgreement::default()),
            reliability_curve: Some(vec![any_bin; bins.calibration]),
            risk_histogram: vec![0; bins.score],
            latency_ms: latency,
            samples_per_second: timing.then_some(0.0),
            detectors: vec![DetectorFigures { name: any(), latency_ms: latency, ..DetectorFigures::default() }],
            execution_modes: vec![ExecutionModes {
                name: any(),
                modes: vec![ModeFigures {
                    name: any(),
                    fallback_paths: [(any(), 0)].into_iter().collect(),
                    ..ModeFigures::default()
                }],
                ..ExecutionModes::default()
            }],
            rules: vec![RuleFigures { id: any(), ..RuleFigures::default() }],
            by: [(any(), [(any(), rates)].into_iter().collect())].into_iter().collect(),
            quality: [(any(), QualityFigures::default())].into_iter().collect(),
            ..Summary::default()
        };
        // A summary holds nothing that JSON cannot; were it otherwise, no figure would be known.
        Self { template: serde_json::to_value(summary).unwrap_or_default(), open: Vec::new() }
    }

    /// Adds a key at the top below which any figure may exist.
    #[must_use]
    pub fn with_open_key(mut self, key: &str) -> Self {
        self.open.push(key.to_owned());
        self
    }

    pub(super) fn template(&self) -> &Value {
        &self.template
    }

    pub(super) fn look_up(&self, path: &FigurePath) -> Lookup<'_> {
        if path.0.first().is_some_and(|first| self.open.contains(first)) {
            return Lookup::Null;
        }
        let mut at = &self.template;
        for name in &path.0 {
            let next = match at {
                Value::Object(map) => map.get(name).or_else(|| map.get(ANY)),
                Value::Array(list) => match list.first() {
                    Some(entry @ Value::Object(_)) if entry_name(entry).is_some() => Some(entry),
                    _ => name.parse::<usize>().ok().and_then(|i| list.get(i)),
                },
                _ => None,
            };
            match next {
                Some(next) => at = next,
                None => return Lookup::Missing,
            }
        }
        kind(at)
    }
}

fn filled_intervals() -> Intervals {
    let any = Some([0.0; 2]);
    Intervals {
        accuracy: any,
        precision: any,
        recall: any,
        fp_rate: any,
        fn_rate: any,
        block_rate: any,
        flag_rate: any,
    }
}
