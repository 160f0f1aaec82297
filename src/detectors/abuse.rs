//! `abuse`: payload size, rate limit, identical-prompt flood, and repetition inside one text.
//!
//! Every sample is a first-seen request: its token bucket is full and no earlier prompt is remembered, so the rate and
//! flood checks depend on the configuration alone.

use crate::api::{Decision, Severity, Stage};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit};
use crate::text::{NeedleSet, Text, chars};
use crate::value::{Map, Number, Value, python_float, surrogate};
use std::borrow::Cow;
use std::collections::HashMap;

/// Makes the detector from its section of the policy.
///
/// # Errors
/// Never: limits of the wrong kind fail only where a text makes the reference compare them.
pub fn build(section: &Map, _needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let limit = |key, default| Limit { key, value: section.get(key).cloned().unwrap_or(Value::Int(default)) };
    Ok(Box::new(Abuse {
        max_input: limit("max_chars_input", 100_000),
        max_output: limit("max_chars_output", 100_000),
        rate: limit("rate_limit_per_minute", 60),
        flood_threshold: limit("prompt_flood_threshold", 3),
        repetition: limit("repetitive_content_threshold", 10),
    }))
}

struct Abuse {
    max_input: Limit,
    max_output: Limit,
    rate: Limit,
    flood_threshold: Limit,
    repetition: Limit,
}

/// A limit as the policy gives it.
struct Limit {
    key: &'static str,
    value: Value,
}

impl Limit {
    fn number(&self) -> Result<Number, EvalError> {
        Number::of(&self.value).ok_or_else(|| EvalError::config(self.key, &self.value, "a number"))
    }
}

impl Detector for Abuse {
    fn inspect(&self, text: &Text<'_>, request: &Request<'_>) -> Result<Finding, EvalError> {
        let mut hits = Vec::new();
        let mut hit = |id: &'static str| hits.push(RuleHit::new(id, Severity::Medium));
        // The reference remembers prompts by their UTF-8 hash.
        if surrogate::is_in(text.raw()) {
            return Err(EvalError::new("the text has a lone surrogate, which UTF-8 cannot write"));
        }
        let max = if request.stage == Stage::Output { &self.max_output } else { &self.max_input };
        if Number::from(text.char_len()) > max.number()? {
            hit(too_large(request.stage));
        }
        // A full bucket holds as many tokens as the limit, as a double; NaN tokens are not enough for one request.
        let tokens = python_float(&self.rate.value).filter(|_| !matches!(self.rate.value, Value::Str(_)));
        let tokens = tokens.ok_or_else(|| EvalError::config(self.rate.key, &self.rate.value, "a number"))?;
        if tokens.is_nan() || tokens < 1.0 {
            hit("abuse.rate_limited");
        }
        if Number::Int(0) >= self.flood_threshold.number()? {
            hit("abuse.prompt_flood");
        }
        if repeats(text, &self.repetition)? {
            hit("abuse.repetitive_content");
        }
        if hits.is_empty() { Ok(Finding::clean()) } else { Ok(Finding::of(Decision::Block, hits)) }
    }
}

fn too_large(stage: Stage) -> &'static str {
    match stage {
        Stage::Input => "abuse.payload_too_large_input",
        Stage::Output => "abuse.payload_too_large_output",
        Stage::Retrieval => "abuse.payload_too_large_retrieval",
        Stage::Tool => "abuse.payload_too_large_tool",
        Stage::AgentPlan => "abuse.payload_too_large_agent_plan",
        Stage::AgentLoop => "abuse.payload_too_large_agent_loop",
        Stage::MemoryWrite => "abuse.payload_too_large_memory_write",
    }
}

/// Whether some sentence-like part of the text occurs as often as the threshold.
fn repeats(text: &Text<'_>, threshold: &Limit) -> Result<bool, EvalError> {
    let ends = |c: char| matches!(c, '.' | '!' | '?' | '\n');
    let mut parts = text.raw().split(ends).map(chars::trim).filter(|p| !p.is_empty());
    let Some(first) = parts.next() else { return Ok(false) };
    let threshold = threshold.number()?;
    let separators = text.raw().bytes().filter(|b| matches!(b, b'.' | b'!' | b'?' | b'\n')).count();
    if threshold > Number::from(separators + 1) {
        return Ok(false);
    }
    let mut counts: HashMap<Cow<'_, str>, usize> = HashMap::new();
    let mut most = 0;
    for part in std::iter::once(first).chain(parts) {
        let count = counts.entry(chars::lower(part)).or_default();
        *count += 1;
        most = most.max(*count);
    }
    Ok(Number::from(most) >= threshold)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Prefilter;
    use crate::value::parse_json;

    fn rules(config: &str, text: &str, stage: Stage) -> Result<Vec<String>, EvalError> {
        let Value::Map(section) = parse_json(config).unwrap() else { panic!("an object") };
        let detector = build(&section, &mut NeedleSet::new()).unwrap();
        let none = Prefilter::none();
        let finding = detector.inspect(&Text::new(text, &none), &Request::new(text, stage))?;
        Ok(finding.hits.iter().map(|h| h.id.to_string()).collect())
    }

    #[test]
    fn a_version_string_is_ten_equal_parts() {
        assert_eq!(rules("{}", "1.1.1.1.1.1.1.1.1.1", Stage::Input).unwrap(), ["abuse.repetitive_content"]);
        assert!(rules("{}", "1.1.1.1.1.1.1.1.1", Stage::Input).unwrap().is_empty());
    }

    #[test]
    fn parts_are_lowered_fully_but_not_case_folded() {
        let config = r#"{"repetitive_content_threshold": 2}"#;
        assert_eq!(rules(config, "Go ON! go on", Stage::Input).unwrap().len(), 1);
        assert!(rules(config, "STRASSE. straße", Stage::Input).unwrap().is_empty());
    }

    #[test]
    fn limits_count_characters_and_name_the_stage() {
        let config = r#"{"max_chars_input": 2, "rate_limit_per_minute": 0.5, "prompt_flood_threshold": 0}"#;
        assert_eq!(
            rules(config, "日本語", Stage::Tool).unwrap(),
            ["abuse.payload_too_large_tool", "abuse.rate_limited", "abuse.prompt_flood"]
        );
    }

    #[test]
    fn a_lone_surrogate_cannot_be_remembered() {
        let Value::Str(text) = parse_json(r#""a\ud800""#).unwrap() else { panic!("a string") };
        assert!(rules("{}", &text, Stage::Input).is_err());
        assert!(rules("{}", "a\u{10F7FF}", Stage::Input).is_ok());
    }

    #[test]
    fn a_limit_of_the_wrong_kind_fails_only_where_it_is_compared() {
        assert!(rules(r#"{"max_chars_output": "9"}"#, "a", Stage::Input).is_ok());
        assert!(rules(r#"{"max_chars_output": "9"}"#, "a", Stage::Output).is_err());
        assert!(rules(r#"{"repetitive_content_threshold": null}"#, " ", Stage::Input).is_ok());
        assert!(rules(r#"{"repetitive_content_threshold": null}"#, "a", Stage::Input).is_err());
    }
}
