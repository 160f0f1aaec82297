//! The choice between BLOCK and WARN that many sections make with `action` and `block_threshold`.

use super::detector::{EvalError, Finding, RuleHit, severity_sum};
use super::section::action_or;
use crate::api::Decision;
use crate::value::{Map, Value};

/// Blocks at and above a risk when the section's `action` says BLOCK; warns otherwise.
///
/// The threshold is compared only when there is something to block: until then any value may stand there.
#[derive(Clone, Debug)]
pub struct Blocking {
    /// `None`: the section never blocks.
    threshold: Option<Value>,
}

impl Blocking {
    /// Reads `action` (default WARN) and `block_threshold` (default `threshold`).
    ///
    /// # Errors
    /// When `action` is truthy and no text.
    pub fn read(section: &Map, threshold: i64) -> Result<Self, EvalError> {
        Self::read_or(section, "WARN", threshold)
    }

    /// As [`Blocking::read`], with another default action.
    ///
    /// # Errors
    /// When `action` is truthy and no text.
    pub fn read_or(section: &Map, action: &str, threshold: i64) -> Result<Self, EvalError> {
        let blocks = action_or(section, action)? == "BLOCK";
        let threshold = || section.get("block_threshold").cloned().unwrap_or(Value::Int(threshold));
        Ok(Blocking { threshold: blocks.then(threshold) })
    }

    /// What follows from the hits, at their summed risk: nothing hit is clean.
    ///
    /// # Errors
    /// When the threshold must be compared and is no number.
    pub fn decide(&self, hits: Vec<RuleHit>) -> Result<Finding, EvalError> {
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        let blocks = match &self.threshold {
            None => false,
            Some(threshold) => {
                let at =
                    threshold.as_number().ok_or_else(|| EvalError::config("block_threshold", threshold, "a number"))?;
                f64::from(severity_sum(&hits)) >= at
            }
        };
        Ok(Finding::of(if blocks { Decision::Block } else { Decision::Warn }, hits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Severity;
    use crate::value::parse_json;

    fn decide(section: &str, hits: usize) -> Result<Finding, EvalError> {
        let Ok(Value::Map(section)) = parse_json(section) else { panic!("{section}") };
        Blocking::read(&section, 60)?.decide(vec![RuleHit::new("a.b", Severity::High); hits])
    }

    #[test]
    fn only_the_action_block_blocks_and_only_from_the_threshold_on() {
        let of = |section, hits| decide(section, hits).unwrap().decision;
        assert_eq!(of("{}", 2), Some(Decision::Warn));
        assert_eq!(of(r#"{"action": "block"}"#, 1), Some(Decision::Warn));
        assert_eq!(of(r#"{"action": "block"}"#, 2), Some(Decision::Block));
        assert_eq!(of(r#"{"action": "BLOCK", "block_threshold": 50.0}"#, 1), Some(Decision::Block));
        assert_eq!(of(r#"{"action": "BLOCK", "block_threshold": NaN}"#, 2), Some(Decision::Warn));
        assert_eq!(of(r#"{"action": "REDACT"}"#, 2), Some(Decision::Warn));
    }

    #[test]
    fn a_threshold_of_the_wrong_kind_harms_only_when_it_is_compared() {
        assert!(decide(r#"{"action": "BLOCK", "block_threshold": null}"#, 0).is_ok());
        assert!(decide(r#"{"action": "WARN", "block_threshold": null}"#, 1).is_ok());
        assert!(decide(r#"{"action": "BLOCK", "block_threshold": "60"}"#, 1).is_err());
        assert!(decide(r#"{"action": 5}"#, 0).is_err());
    }
}
