//! Quality scores of outputs: deterministic measures of how an answer relates to its question and sources.
//!
//! They inform and never change a verdict. The reference can ask a model to judge; without one it uses the measures
//! here, one file each.

mod adherence;
mod coherence;
mod fluency;
mod groundedness;
mod intent;
mod relevance;
mod words;

use super::detector::EvalError;
use super::request::Request;
use super::section::iterated;
use crate::api::{QualityReport, QualityScore, Stage};
use crate::metrics::round_to;
use crate::value::{Map, Value, python_float};
use indexmap::IndexMap;

/// What a metric scores when it can: the score, and its parts where it has any.
type Scored = (f64, Option<Vec<(&'static str, f64)>>);

/// A metric: the answer and what is known about it to a score, or nothing where the reference fails to score it.
type Metric = fn(&Answer<'_>) -> Option<Scored>;

/// The metrics that need no model, with their weights in the overall score.
const METRICS: &[(&str, f64, Metric)] = &[
    ("groundedness", 0.25, groundedness::score),
    ("relevance", 0.25, relevance::score),
    ("coherence", 0.15, coherence::score),
    ("fluency", 0.10, fluency::score),
    ("intent_resolution", 0.15, intent::score),
    ("task_adherence", 0.10, adherence::score),
    // Judges calls of tools, which texts do not carry: nothing to object to.
    ("tool_call_accuracy", 0.0, |_| Some((1.0, None))),
];
/// Scored unless the policy lists others.
const DEFAULT: &[&str] = &["groundedness", "relevance", "coherence", "fluency", "intent_resolution", "task_adherence"];
/// What a judge is asked unless its configuration lists others.
const JUDGED: &[&str] = &["groundedness", "relevance", "task_adherence", "tool_call_accuracy"];
/// Scores have three decimals.
const DECIMALS: usize = 3;

/// An answer under measurement.
struct Answer<'a> {
    output: &'a str,
    /// The question; `None` when something else than a text stands there.
    input: Option<&'a str>,
    metadata: Option<&'a Map>,
}

/// A policy's `quality_scoring`, compiled; `None` where it is off.
pub(super) struct Quality(Result<Option<Scoring>, EvalError>);

struct Scoring {
    /// Name, weight as the policy gives it, metric; in scoring order.
    metrics: Vec<(&'static str, Value, Metric)>,
}

impl Quality {
    pub(super) fn compile(policy: &Map) -> Self {
        Quality(match policy.get("quality_scoring") {
            None => Ok(None),
            Some(Value::Map(section)) if section.get("enabled").is_some_and(Value::truthy) => {
                Scoring::read(section).map(Some)
            }
            Some(Value::Map(_)) => Ok(None),
            Some(other) => Err(EvalError::config("quality_scoring", other, "an object")),
        })
    }

    /// The scores of an output; none for other stages.
    ///
    /// # Errors
    /// When the configuration is one that the reference cannot use.
    pub(super) fn score(&self, request: &Request<'_>) -> Result<Option<QualityReport>, EvalError> {
        if request.stage != Stage::Output {
            return Ok(None);
        }
        match &self.0 {
            Err(e) => Err(e.clone()),
            Ok(None) => Ok(None),
            Ok(Some(scoring)) => scoring.score(request).map(Some),
        }
    }
}

impl Scoring {
    fn read(section: &Map) -> Result<Self, EvalError> {
        let listed = match section.get("metrics") {
            None => DEFAULT.iter().map(|&name| Value::from(name)).collect(),
            Some(Value::List(_) | Value::Str(_) | Value::Map(_)) => iterated(section, "metrics")?,
            Some(other) => return Err(EvalError::config("metrics", other, "a list of metrics")),
        };
        let mut names: Vec<&str> = listed.iter().filter_map(Value::as_str).collect();
        let judged;
        if section.get("judge_mode").is_some_and(Value::truthy)
            && let Some(judge) = section.get("judge").and_then(Value::as_map)
        {
            judged = iterated(judge, "metrics")?;
            let asked = judged.iter().filter_map(Value::as_str);
            let asked: Vec<&str> =
                if judge.get("metrics").is_some_and(Value::truthy) { asked.collect() } else { JUDGED.to_vec() };
            for name in asked.into_iter().filter(|name| JUDGED.contains(name)) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        let empty = Map::new();
        let weights = match section.get("weights") {
            None => &empty,
            Some(Value::Map(weights)) => weights,
            Some(other) => return Err(EvalError::config("weights", other, "an object")),
        };
        let metrics = names.into_iter().filter_map(|name| {
            let &(name, weight, metric) = METRICS.iter().find(|(known, ..)| *known == name)?;
            Some((name, weights.get(name).cloned().unwrap_or(Value::Float(weight)), metric))
        });
        Ok(Scoring { metrics: metrics.collect() })
    }

    fn score(&self, request: &Request<'_>) -> Result<QualityReport, EvalError> {
        let metadata = request.metadata.map();
        let input = metadata.and_then(|m| m.get("original_input"));
        let answer = Answer { output: request.text, input: input.map_or(Some(""), Value::as_str), metadata };
        let mut scores = Vec::with_capacity(self.metrics.len());
        let (mut weighted, mut total) = (0.0, 0.0);
        for (name, weight, metric) in &self.metrics {
            let Some((score, parts)) = metric(&answer) else { continue };
            let score = rounded(score.clamp(0.0, 1.0));
            let weight = (!matches!(weight, Value::Str(_))).then(|| python_float(weight)).flatten();
            let weight = weight.ok_or_else(|| EvalError::new(format!("the weight of `{name}` must be a number")))?;
            weighted += score * weight;
            total += weight;
            let sub_scores = parts.map(|parts| {
                let parts = parts.into_iter().map(|(part, value)| (part.to_owned(), rounded(value)));
                parts.collect::<IndexMap<_, _>>()
            });
            scores.push(QualityScore { metric: (*name).to_owned(), score, sub_scores });
        }
        let overall_score = if total > 0.0 { rounded(weighted / total) } else { 0.0 };
        Ok(QualityReport { overall_score, scores })
    }
}

fn rounded(score: f64) -> f64 {
    round_to(score, DECIMALS)
}

/// The share of `part` in `whole`.
#[allow(clippy::cast_precision_loss)]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

/// The mean of some values; 0 of none.
fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / share(values.len(), 1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Metadata;
    use crate::value::parse_json;

    fn report(section: &str, text: &str, metadata: &str) -> Result<Option<QualityReport>, EvalError> {
        let (Value::Map(policy), Value::Map(metadata)) =
            (parse_json(&format!(r#"{{"quality_scoring": {section}}}"#)).unwrap(), parse_json(metadata).unwrap())
        else {
            panic!("objects")
        };
        let metadata = Metadata::from_map(metadata);
        Quality::compile(&policy).score(&Request { metadata, ..Request::new(text, Stage::Output) })
    }

    #[test]
    fn metrics_are_scored_in_the_policys_order_and_weighed() {
        let config = r#"{"enabled": true, "metrics": ["fluency", "nope", "coherence"], "weights": {"fluency": 1}}"#;
        let report = report(config, "The ferry leaves at nine. It is late.", "{}").unwrap().unwrap();
        assert_eq!(
            report.scores.iter().map(|s| (&*s.metric, s.score)).collect::<Vec<_>>(),
            [("fluency", 1.0), ("coherence", 0.6)]
        );
        assert_eq!(report.overall_score, 0.948);
    }

    #[test]
    fn a_judge_adds_its_metrics() {
        let names = |section: &str| {
            let report = report(section, "Yes.", "{}").unwrap().unwrap();
            report.scores.into_iter().map(|s| s.metric).collect::<Vec<_>>()
        };
        assert_eq!(
            names(r#"{"enabled": 1, "metrics": ["relevance"], "judge_mode": 1, "judge": {}}"#),
            ["relevance", "groundedness", "task_adherence", "tool_call_accuracy"]
        );
        assert_eq!(names(r#"{"enabled": 1, "metrics": "fluency", "judge_mode": 1, "judge": 5}"#), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_text_cannot_be_a_question() {
        let report = report(r#"{"enabled": true}"#, "It is late.", r#"{"original_input": null}"#).unwrap().unwrap();
        assert_eq!(report.scores.len(), 3);
    }

    #[test]
    fn unusable_configurations_fail_on_outputs_only() {
        for section in ["5", r#"{"enabled": true, "metrics": null}"#, r#"{"enabled": true, "weights": []}"#] {
            assert!(report(section, "x", "{}").is_err(), "{section}");
        }
        assert!(report(r#"{"enabled": true, "weights": {"fluency": "1"}}"#, "x", "{}").is_err());
        let Value::Map(policy) = parse_json(r#"{"quality_scoring": 5}"#).unwrap() else { panic!("an object") };
        assert_eq!(Quality::compile(&policy).score(&Request::new("x", Stage::Input)), Ok(None));
    }
}
