//! `unbounded_consumption`: budgets and depth caps over the usage that the caller reports in the metadata.
//!
//! Every sample is a first-seen session, so a session's totals are this request's own figures and every state was
//! seen once.

use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, action_or};
use crate::text::{NeedleSet, Text, chars};
use crate::value::{Map, Number, Value, python_float};

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When `action` is no text. Limits of the wrong kind fail where they are compared.
pub fn build(section: &Map, _needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let limit = |key, default| Limit { key, value: section.get(key).cloned().unwrap_or(default) };
    Ok(Box::new(Consumption {
        blocks: action_or(section, "BLOCK")? == "BLOCK",
        session_tokens: limit("max_session_tokens", Value::Int(200_000)),
        session_cost: limit("max_session_cost_usd", Value::Float(10.0)),
        request_thinking: limit("max_thinking_tokens_per_request", Value::Int(32_000)),
        session_thinking: limit("max_session_thinking_tokens", Value::Int(200_000)),
        ratio: limit("max_thinking_to_input_ratio", Value::Float(50.0)),
        ratio_from: limit("ratio_min_thinking_tokens", Value::Int(4000)),
        iterations: limit("max_iterations", Value::Int(50)),
        tool_depth: limit("max_tool_depth", Value::Int(25)),
        repeated_states: limit("max_repeated_states", Value::Int(3)),
        tracked_states: limit("max_tracked_states", Value::Int(64)),
    }))
}

struct Consumption {
    blocks: bool,
    session_tokens: Limit,
    session_cost: Limit,
    request_thinking: Limit,
    session_thinking: Limit,
    ratio: Limit,
    ratio_from: Limit,
    iterations: Limit,
    tool_depth: Limit,
    repeated_states: Limit,
    tracked_states: Limit,
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

impl Detector for Consumption {
    fn inspect(&self, text: &Text<'_>, request: &Request<'_>) -> Result<Finding, EvalError> {
        let empty = Map::new();
        let metadata = request.metadata.map().unwrap_or(&empty);
        let tokens = count(metadata, ["tokens", "total_tokens"])?;
        let cost = amount(metadata.get("cost_usd"), "cost_usd")?;
        let thinking = count(metadata, ["thinking_tokens", "reasoning_tokens"])?;
        let step = metadata.get("agent_step").and_then(Value::as_map).unwrap_or(&empty);

        let mut hits = Vec::new();
        let mut hit = |fires: bool, id: &'static str| {
            if fires {
                hits.push(RuleHit::new(id, Severity::High));
            }
        };
        let (tokens_number, thinking_number) = (Number::Float(tokens), Number::Float(thinking));
        hit(tokens_number > self.session_tokens.number()?, "unbounded_consumption.token_budget_exceeded");
        hit(Number::Float(cost) > self.session_cost.number()?, "unbounded_consumption.cost_budget_exceeded");
        hit(
            thinking_number > self.request_thinking.number()?,
            "unbounded_consumption.thinking_tokens_per_request_exceeded",
        );
        hit(thinking_number > self.session_thinking.number()?, "unbounded_consumption.thinking_token_budget_exceeded");
        if thinking_number >= self.ratio_from.number()? && tokens > 0.0 {
            let limit = self.ratio.number()?;
            hit(
                limit > Number::Int(0) && Number::Float(thinking / tokens) > limit,
                "unbounded_consumption.thinking_to_input_ratio_exceeded",
            );
        }
        if let Some(iteration) = whole(step, metadata, "iteration") {
            let mut cap = self.iterations.number();
            if let Some(reported) = whole(step, metadata, "max_iterations").filter(|n| *n > Number::Int(0)) {
                cap = cap.map(|cap| if reported < cap { reported } else { cap });
            }
            hit(iteration >= cap?, "unbounded_consumption.iteration_cap_exceeded");
        }
        if let Some(depth) = whole(step, metadata, "tool_depth") {
            hit(depth > self.tool_depth.number()?, "unbounded_consumption.tool_depth_exceeded");
        }
        if !step.is_empty() && has_identity(request, metadata) {
            let state = step.get("state").and_then(Value::as_filled_str).unwrap_or_else(|| chars::trim(text.raw()));
            if !state.is_empty() {
                hit(self.first_state_repeats()?, "unbounded_consumption.agent_loop_state_repeat");
            }
        }
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        Ok(Finding::of(if self.blocks { Decision::Block } else { Decision::Warn }, hits))
    }
}

impl Consumption {
    /// Whether a state seen for the first time counts as repeated. The reference makes room in its (empty) table
    /// first, which fails when the table may not hold anything.
    fn first_state_repeats(&self) -> Result<bool, EvalError> {
        if Number::Int(0) >= self.tracked_states.number()? {
            return Err(EvalError::config(self.tracked_states.key, &self.tracked_states.value, "a positive number"));
        }
        Ok(Number::Int(1) >= self.repeated_states.number()?)
    }
}

/// A reported count under the first key that is present: truncated, at least 0; 0 for what is no finite number.
fn count(metadata: &Map, [key, other]: [&'static str; 2]) -> Result<f64, EvalError> {
    let value = metadata.get(key).or_else(|| metadata.get(other));
    amount(value, key).map(f64::trunc)
}

/// A reported amount, at least 0; 0 for what is no finite number. A whole number beyond the doubles fails.
fn amount(value: Option<&Value>, key: &str) -> Result<f64, EvalError> {
    let Some(value) = value else { return Ok(0.0) };
    match python_float(value) {
        Some(amount) => Ok(if amount.is_finite() { amount.max(0.0) } else { 0.0 }),
        None if matches!(value, Value::BigInt(_)) => Err(EvalError::config(key, value, "one that fits a double")),
        None => Ok(0.0),
    }
}

/// A whole number of the step where it has the key, else of the metadata; other kinds of value are ignored.
fn whole(step: &Map, metadata: &Map, key: &str) -> Option<Number> {
    let value = step.get(key).or_else(|| metadata.get(key))?;
    matches!(value, Value::Int(_) | Value::BigInt(_)).then(|| Number::of(value)).flatten()
}

/// Whether the request belongs to a session or user, whose states could be remembered.
fn has_identity(request: &Request<'_>, metadata: &Map) -> bool {
    request.identity.session_id.is_some_and(|id| !id.is_empty())
        || ["session_id", "conversation_id", "user_id"].iter().any(|key| metadata.get(key).is_some_and(Value::truthy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;
    use crate::engine::{Identity, Metadata};
    use crate::text::Prefilter;
    use crate::value::parse_json;

    fn rules(config: &str, metadata: &str) -> Result<Vec<String>, EvalError> {
        rules_of(config, metadata, None)
    }

    fn rules_of(config: &str, metadata: &str, session_id: Option<&str>) -> Result<Vec<String>, EvalError> {
        let (Value::Map(section), Value::Map(metadata)) = (parse_json(config).unwrap(), parse_json(metadata).unwrap())
        else {
            panic!("objects")
        };
        let detector = build(&section, &mut NeedleSet::new()).unwrap();
        let none = Prefilter::none();
        let identity = Identity { session_id, ..Identity::default() };
        let metadata = Metadata::from_map(metadata);
        let request = Request { metadata, identity, ..Request::new("go", Stage::AgentLoop) };
        let finding = detector.inspect(&Text::new("go", &none), &request)?;
        let rule = |h: &RuleHit| h.id.as_str().trim_start_matches("unbounded_consumption.").to_owned();
        Ok(finding.hits.iter().map(rule).collect())
    }

    #[test]
    fn a_present_key_hides_its_other_name() {
        let config = r#"{"max_session_tokens": 5}"#;
        assert_eq!(rules(config, r#"{"total_tokens": " 6.1 "}"#).unwrap(), ["token_budget_exceeded"]);
        assert!(rules(config, r#"{"tokens": null, "total_tokens": 6}"#).unwrap().is_empty());
    }

    #[test]
    fn only_json_integers_are_iterations() {
        assert_eq!(rules("{}", r#"{"iteration": 100000000000000000000}"#).unwrap(), ["iteration_cap_exceeded"]);
        assert_eq!(
            rules("{}", r#"{"agent_step": {"iteration": 3, "max_iterations": 3}}"#).unwrap(),
            ["iteration_cap_exceeded"]
        );
        for iteration in ["50.0", "\"50\"", "true", "null"] {
            assert!(rules("{}", &format!(r#"{{"iteration": {iteration}}}"#)).unwrap().is_empty());
        }
    }

    #[test]
    fn the_loop_check_needs_a_step_and_someone_to_remember_it_for() {
        let config = r#"{"max_repeated_states": 1}"#;
        assert_eq!(
            rules(config, r#"{"agent_step": {"note": null}, "user_id": 1}"#).unwrap(),
            ["agent_loop_state_repeat"]
        );
        assert!(rules(config, r#"{"agent_step": {"note": null}}"#).unwrap().is_empty());
        assert!(rules(config, r#"{"agent_step": {}, "user_id": 1}"#).unwrap().is_empty());
        assert_eq!(rules_of(config, r#"{"agent_step": {"state": "a"}}"#, Some("s")).unwrap().len(), 1);
    }

    #[test]
    fn limits_of_the_wrong_kind_fail_where_they_are_compared() {
        assert!(rules(r#"{"max_session_tokens": null}"#, "{}").is_err());
        assert!(rules(r#"{"max_iterations": null}"#, "{}").is_ok());
        assert!(rules(r#"{"max_iterations": null}"#, r#"{"iteration": 1}"#).is_err());
        assert!(rules(r#"{"max_tracked_states": 0}"#, r#"{"agent_step": {"state": "a"}, "user_id": 1}"#).is_err());
    }
}
