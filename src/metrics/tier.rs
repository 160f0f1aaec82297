//! The scorecard gate: whether a detector that leans on a model may enforce or only advise.

use super::isodate::parse_iso;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

/// How far a detector may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// It may warn.
    Advisory,
    /// It may block and redact.
    Enforcement,
}

impl Tier {
    /// The tier with exactly this name.
    ///
    /// # Errors
    /// [`ScorecardError::UnknownTier`].
    pub fn from_name(name: &str) -> Result<Self, ScorecardError> {
        match name {
            "advisory" => Ok(Tier::Advisory),
            "enforcement" => Ok(Tier::Enforcement),
            _ => Err(ScorecardError::UnknownTier(name.to_owned())),
        }
    }

    /// The tier an action needs: enforcement for BLOCK and REDACT in any casing.
    #[must_use]
    pub fn required_for(action: &str) -> Self {
        let action = action.to_uppercase();
        if matches!(action.as_str(), "BLOCK" | "REDACT") { Tier::Enforcement } else { Tier::Advisory }
    }
}

/// The action a detector may take, upper-cased, and whether it was softened: an action that needs enforcement becomes
/// WARN where that tier is not passed.
#[must_use]
pub fn gated_action(action: &str, enforcement_passed: bool) -> (String, bool) {
    if Tier::required_for(action) == Tier::Enforcement && !enforcement_passed {
        ("WARN".to_owned(), true)
    } else {
        (action.to_uppercase(), false)
    }
}

/// Why a scorecard could not be judged at all (as opposed to failing).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScorecardError {
    /// Only two tiers exist.
    #[error("unknown tier {0:?}; expected \"advisory\" or \"enforcement\"")]
    UnknownTier(String),
    /// A key holds a value of the wrong kind.
    #[error("scorecard: {key} is {found}; expected {expected}")]
    WrongValue {
        /// The key, dotted.
        key: String,
        /// What is there.
        found: String,
        /// What should be.
        expected: &'static str,
    },
}

/// What a scorecard must reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// Lowest f1.
    pub min_f1: f64,
    /// Lowest area under the ROC curve.
    pub min_auroc: f64,
    /// Highest expected calibration error.
    pub max_ece: f64,
    /// Highest false-positive rate.
    pub max_fp_rate: f64,
    /// Highest 95th percentile of the latency, in milliseconds.
    pub max_p95_latency_ms: u32,
    /// Fewest samples in the language with the fewest.
    pub min_samples_per_language: u32,
    /// Highest age of the validation in days.
    pub max_validation_age_days: u32,
}

impl Bounds {
    /// The bounds of a tier in a category. Healthcare, legal and finance have bounds of their own that replace those
    /// of either tier; any other category changes nothing.
    #[must_use]
    pub fn of(tier: Tier, category: Option<&str>) -> Self {
        let tier = match tier {
            Tier::Advisory => Self {
                min_f1: 0.60,
                min_auroc: 0.70,
                max_ece: 0.15,
                max_fp_rate: 0.15,
                max_p95_latency_ms: 1500,
                min_samples_per_language: 50,
                max_validation_age_days: 365,
            },
            Tier::Enforcement => Self {
                min_f1: 0.80,
                min_auroc: 0.85,
                max_ece: 0.10,
                max_fp_rate: 0.05,
                max_p95_latency_ms: 1000,
                min_samples_per_language: 100,
                max_validation_age_days: 180,
            },
        };
        match category {
            Some("healthcare") => Self { min_f1: 0.88, min_auroc: 0.92, max_ece: 0.07, max_fp_rate: 0.02, ..tier },
            Some("legal" | "finance") => {
                Self { min_f1: 0.85, min_auroc: 0.90, max_ece: 0.08, max_fp_rate: 0.03, ..tier }
            }
            _ => tier,
        }
    }
}

/// A bound that was not met.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TierFailure {
    /// The metric's name.
    pub metric: String,
    /// The bound.
    pub required: Number,
    /// The value; null when missing or no finite number.
    pub actual: Option<Number>,
    /// `>=`, `<=` or `0<=age<=max`.
    pub op: String,
}

/// Whether a scorecard passes a tier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TierVerdict {
    /// No failures.
    pub passed: bool,
    /// The tier that was judged.
    pub tier: Tier,
    /// Bounds that were not met: f1, auroc, ece, fp_rate, p95_latency_ms, samples_per_language, validation_age_days.
    pub failures: Vec<TierFailure>,
    /// The bounds in force.
    pub gate: Bounds,
}

/// Judges a scorecard (any JSON) for a tier at the time `now`. A metric that is missing or no finite number fails.
///
/// # Errors
/// `per_language`, a language's `samples` or `validated_at` holds a value that cannot be read as what it should be.
pub fn judge(
    scorecard: &Value,
    tier: Tier,
    category: Option<&str>,
    now: Timestamp,
) -> Result<TierVerdict, ScorecardError> {
    let bounds = Bounds::of(tier, category);
    let mut failures = Vec::new();
    let mut at_least = |metric: &str, required: f64| {
        let actual = scorecard[metric].as_f64();
        if actual.is_none_or(|a| a < required) {
            failures.push(failure(metric, float(required), actual.and_then(Number::from_f64), ">="));
        }
    };
    at_least("f1", bounds.min_f1);
    at_least("auroc", bounds.min_auroc);
    let mut at_most = |metric: &str, required: Number| {
        let actual = scorecard[metric].as_f64();
        let limit = required.as_f64().unwrap_or(f64::NAN);
        if actual.is_none_or(|a| a > limit) {
            failures.push(failure(metric, required, actual.and_then(Number::from_f64), "<="));
        }
    };
    at_most("ece", float(bounds.max_ece));
    at_most("fp_rate", float(bounds.max_fp_rate));
    at_most("p95_latency_ms", bounds.max_p95_latency_ms.into());
    let fewest = fewest_samples(&scorecard["per_language"])?;
    if fewest.is_none_or(|n| n < i64::from(bounds.min_samples_per_language)) {
        let required = bounds.min_samples_per_language.into();
        failures.push(failure("samples_per_language", required, fewest.map(Number::from), ">="));
    }
    let age = validation_age_days(&scorecard["validated_at"], now)?;
    // A day of slack for clocks that run ahead.
    if age.is_none_or(|a| a > f64::from(bounds.max_validation_age_days) || a < -1.0) {
        let required = bounds.max_validation_age_days.into();
        failures.push(failure("validation_age_days", required, age.and_then(Number::from_f64), "0<=age<=max"));
    }
    Ok(TierVerdict { passed: failures.is_empty(), tier, failures, gate: bounds })
}

fn failure(metric: &str, required: Number, actual: Option<Number>, op: &str) -> TierFailure {
    TierFailure { metric: metric.to_owned(), required, actual, op: op.to_owned() }
}

fn float(value: f64) -> Number {
    // The bounds are finite constants.
    Number::from_f64(value).unwrap_or_else(|| Number::from(0))
}

/// The fewest samples of any language; entries that are neither object nor number are passed over.
fn fewest_samples(per_language: &Value) -> Result<Option<i64>, ScorecardError> {
    let languages = match per_language {
        Value::Null => return Ok(None),
        Value::Object(languages) => languages,
        other => return Err(wrong("per_language", other, "an object of language to samples")),
    };
    let mut fewest: Option<i64> = None;
    for (language, entry) in languages {
        let samples = match entry {
            Value::Object(entry) => entry.get("samples").map_or(Some(0), as_integer),
            Value::Number(_) | Value::Bool(_) => as_integer(entry),
            _ => continue,
        };
        let Some(samples) = samples else {
            return Err(wrong(&format!("per_language.{language}.samples"), &entry["samples"], "a number"));
        };
        fewest = Some(fewest.map_or(samples, |f| f.min(samples)));
    }
    Ok(fewest)
}

/// What Python's `int()` makes of a JSON value; none where it raises.
#[allow(clippy::cast_possible_truncation)]
fn as_integer(value: &Value) -> Option<i64> {
    match value {
        Value::Bool(b) => Some(i64::from(*b)),
        // The cast saturates, and a count beyond 2^63 is as good as any large one.
        Value::Number(n) => n.as_i64().or_else(|| n.as_f64().map(|f| f.trunc() as i64)),
        Value::String(s) => {
            let digits = s.trim();
            let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
            let grouped = !unsigned.starts_with('_') && !unsigned.ends_with('_') && !unsigned.contains("__");
            digits.replace('_', "").parse().ok().filter(|_| grouped)
        }
        _ => None,
    }
}

fn validation_age_days(validated_at: &Value, now: Timestamp) -> Result<Option<f64>, ScorecardError> {
    let text = match validated_at {
        Value::Null => return Ok(None),
        Value::String(text) => text,
        other => return Err(wrong("validated_at", other, "an ISO 8601 time as text")),
    };
    #[allow(clippy::cast_precision_loss)]
    let age = parse_iso(text).map(|at| {
        let micros = now.as_microsecond() - at.as_microsecond();
        micros as f64 / 1e6 / 86_400.0
    });
    Ok(age)
}

fn wrong(key: &str, found: &Value, expected: &'static str) -> ScorecardError {
    ScorecardError::WrongValue { key: key.to_owned(), found: found.to_string(), expected }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn now() -> Timestamp {
        "2026-06-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_named() {
        let error = |card: Value| judge(&card, Tier::Advisory, None, now()).unwrap_err().to_string();
        assert_eq!(
            error(json!({"per_language": {"en": {"samples": "many"}}})),
            "scorecard: per_language.en.samples is \"many\"; expected a number"
        );
        assert_eq!(
            error(json!({"per_language": [1]})),
            "scorecard: per_language is [1]; expected an object of language to samples"
        );
        assert_eq!(
            error(json!({"validated_at": 5})),
            "scorecard: validated_at is 5; expected an ISO 8601 time as text"
        );
        assert_eq!(
            Tier::from_name("gold").unwrap_err().to_string(),
            "unknown tier \"gold\"; expected \"advisory\" or \"enforcement\""
        );
    }

    #[test]
    fn an_empty_scorecard_fails_every_bound() {
        let verdict = judge(&json!({}), Tier::Enforcement, None, now()).unwrap();
        assert_eq!(verdict.failures.len(), 7);
        assert!(!verdict.passed && verdict.failures.iter().all(|f| f.actual.is_none()));
    }
}
