//! `reasoning_trace_disclosure`: reasoning traces, token log-probabilities and raw tool arguments that travel in the
//! metadata next to an answer.

use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, action_or, int_or, iterated, truthy_or};
use crate::text::{NeedleSet, Text, chars};
use crate::value::{Map, Value};
use std::borrow::Cow;

/// Where a trace may stand, in order of precedence.
const TRACES: &[&str] =
    &["reasoning_trace", "thinking", "reasoning", "reasoning_content", "trace", "chain_of_thought", "thought"];
/// Flags that say the trace was evaluated too.
const SCANNED: &[&str] = &["trace_scanned", "reasoning_scanned", "trace_evaluated"];
/// What redaction leaves in an answer.
const MARKERS: &[&str] = &[
    "[REDACTED]",
    "[PII]",
    "[EMAIL]",
    "[PHONE]",
    "[SSN]",
    "[CARD]",
    "[SECRET]",
    "[MASKED]",
    "\u{2588}\u{2588}\u{2588}",
];
/// Objects in the metadata that may carry a model's raw response.
const RESPONSES: &[&str] = &["response", "raw_response", "completion", "usage"];
const TOP_CHANNELS: &[&str] = &["top_logprobs", "top_k_logprobs"];
const OTHER_CHANNELS: &[&str] =
    &["logprobs", "log_probs", "logprob", "token_logprobs", "token_timings", "per_token_latency", "token_latencies"];
const CALLS: &[&str] = &["tool_calls", "function_calls", "tool_invocations"];
const ARGUMENTS: &[&str] = &["arguments", "input", "parameters"];
/// Environments whose log-probabilities are nobody's business unless the policy lists others.
const GATED: &[&str] = &["prod", "production", "live"];
/// No more choices, or calls of one list, are looked at.
const MAX_CHOICES: usize = 8;
const MAX_CALLS: usize = 32;

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When `action` is no text, `min_trace_chars` no whole number, or `logprob_gated_envs` no list.
pub fn build(section: &Map, _needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let gated = if section.get("logprob_gated_envs").is_some_and(Value::truthy) {
        let names = iterated(section, "logprob_gated_envs")?;
        let names = names.iter().filter_map(|name| name.as_filled_str().map(|n| chars::lower(n).into_owned()));
        names.collect()
    } else {
        GATED.iter().map(|&name| name.to_owned()).collect()
    };
    Ok(Box::new(ReasoningTrace {
        blocks: action_or(section, "WARN")? == "BLOCK",
        require_scanned: truthy_or(section, "require_trace_scanned", true),
        flag_arguments: truthy_or(section, "flag_tool_arguments", true),
        min_chars: usize::try_from(int_or(section, "min_trace_chars", 40)?.max(0)).unwrap_or(usize::MAX),
        flag_logprobs: truthy_or(section, "flag_logprobs", true),
        gated,
    }))
}

struct ReasoningTrace {
    blocks: bool,
    require_scanned: bool,
    flag_arguments: bool,
    /// Code points.
    min_chars: usize,
    flag_logprobs: bool,
    gated: Vec<String>,
}

impl Detector for ReasoningTrace {
    fn inspect(&self, text: &Text<'_>, request: &Request<'_>) -> Result<Finding, EvalError> {
        let Some(metadata) = request.metadata.map() else { return Ok(Finding::clean()) };
        let mut hits = Vec::new();
        let mut hit = |id: &'static str, severity| hits.push(RuleHit::new(id, severity));
        if let Some(trace) = metadata.first(TRACES, trace_text)
            && !trace.is_empty()
            && trace.chars().count() >= self.min_chars
        {
            let scanned = SCANNED.iter().any(|key| metadata.get(key).is_some_and(Value::truthy));
            if self.require_scanned && !scanned {
                hit("reasoning_trace_disclosure.unscanned_trace", Severity::High);
            }
            if is_redacted(text.raw()) && !is_redacted(&trace) {
                hit("reasoning_trace_disclosure.trace_exceeds_answer", Severity::High);
            }
        }
        let env = chars::lower(chars::trim(request.identity.env)).into_owned();
        if self.flag_logprobs
            && self.gated.contains(&env)
            && let Some(severity) = logprobs(metadata)
        {
            hit("reasoning_trace_disclosure.logprobs_exposed", severity);
        }
        if self.flag_arguments && has_arguments(metadata) {
            hit("reasoning_trace_disclosure.raw_tool_arguments", Severity::Medium);
        }
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        Ok(Finding::of(if self.blocks { Decision::Block } else { Decision::Warn }, hits))
    }
}

/// The trace that a value holds: a string of more than blanks as it stands, or a list's strings joined by line feeds.
fn trace_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Str(text) => value.as_filled_str().map(|_| Cow::Borrowed(text.as_str())),
        Value::List(items) => {
            let parts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            (!parts.is_empty()).then(|| Cow::Owned(parts.join("\n")))
        }
        _ => None,
    }
}

fn is_redacted(text: &str) -> bool {
    MARKERS.iter().any(|marker| memchr::memmem::find(text.as_bytes(), marker.as_bytes()).is_some())
}

/// How grave the exposed log-probabilities or token timings are, if there are any.
fn logprobs(metadata: &Map) -> Option<Severity> {
    let responses = RESPONSES.iter().filter_map(|key| metadata.get(key).and_then(Value::as_map));
    let scopes: Vec<&Map> = std::iter::once(metadata).chain(responses).collect();
    let choices = scopes.iter().filter_map(|scope| scope.get("choices").and_then(Value::as_list));
    let choices = choices.flat_map(|list| list.iter().take(MAX_CHOICES).filter_map(Value::as_map));
    let mut found = None;
    for scope in scopes.iter().copied().chain(choices) {
        let has = |keys: &[&str]| keys.iter().any(|key| scope.get(key).is_some_and(is_present));
        if has(TOP_CHANNELS) {
            return Some(Severity::High);
        }
        if has(OTHER_CHANNELS) {
            found = Some(Severity::Medium);
        }
    }
    found
}

/// Anything but null and what is empty.
fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Str(text) => !text.is_empty(),
        Value::List(items) => !items.is_empty(),
        Value::Map(map) => !map.is_empty(),
        _ => true,
    }
}

fn has_arguments(metadata: &Map) -> bool {
    let given = |call: &Map| {
        ARGUMENTS.iter().any(|key| {
            // An empty list of arguments counts as arguments, an empty object or string does not.
            call.get(key).is_some_and(|v| matches!(v, Value::List(_)) || is_present(v))
        })
    };
    CALLS.iter().filter_map(|key| metadata.get(key).and_then(Value::as_list)).any(|calls| {
        calls
            .iter()
            .take(MAX_CALLS)
            .filter_map(Value::as_map)
            .any(|call| given(call) || call.get("function").and_then(Value::as_map).is_some_and(given))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;
    use crate::engine::Metadata;
    use crate::text::Prefilter;
    use crate::value::parse_json;

    fn hits(config: &str, text: &str, metadata: &str) -> Vec<(String, Severity)> {
        let (Value::Map(section), Value::Map(metadata)) = (parse_json(config).unwrap(), parse_json(metadata).unwrap())
        else {
            panic!("objects")
        };
        let detector = build(&section, &mut NeedleSet::new()).unwrap();
        let none = Prefilter::none();
        let request = Request { metadata: Metadata::from_map(metadata), ..Request::new(text, Stage::Output) };
        let finding = detector.inspect(&Text::new(text, &none), &request).unwrap();
        let rule =
            |h: &RuleHit| (h.id.as_str().trim_start_matches("reasoning_trace_disclosure.").to_owned(), h.severity);
        finding.hits.iter().map(rule).collect()
    }

    #[test]
    fn the_first_usable_trace_is_the_trace() {
        let config = r#"{"min_trace_chars": 5}"#;
        let unscanned = [("unscanned_trace".to_owned(), Severity::High)];
        assert_eq!(hits(config, "", r#"{"reasoning_trace": "", "thinking": ["long", 5, "enough"]}"#), unscanned);
        assert!(hits(config, "", r#"{"reasoning_trace": "abc", "thinking": "long enough"}"#).is_empty());
        assert!(hits(config, "", r#"{"thinking": "long enough", "trace_scanned": "false"}"#).is_empty());
    }

    #[test]
    fn a_redacted_answer_with_an_unredacted_trace_says_too_much() {
        let metadata = r#"{"trace": "write to nils", "trace_scanned": true}"#;
        let config = r#"{"min_trace_chars": 5}"#;
        assert_eq!(hits(config, "write to [EMAIL]", metadata), [("trace_exceeds_answer".to_owned(), Severity::High)]);
        assert!(hits(config, "write to [email]", metadata).is_empty());
    }

    #[test]
    fn top_channels_are_graver() {
        let exposed = |severity| vec![("logprobs_exposed".to_owned(), severity)];
        assert_eq!(hits("{}", "", r#"{"response": {"choices": [{"logprobs": 0}]}}"#), exposed(Severity::Medium));
        assert_eq!(hits("{}", "", r#"{"choices": [{"top_logprobs": " "}]}"#), exposed(Severity::High));
        assert!(hits("{}", "", r#"{"choices": [1,2,3,4,5,6,7,8,{"logprobs": 1}], "logprobs": []}"#).is_empty());
        assert!(hits(r#"{"logprob_gated_envs": [" "]}"#, "", r#"{"logprobs": 1}"#).is_empty());
    }

    #[test]
    fn arguments_of_calls_are_seen_in_their_function_too() {
        let raw = [("raw_tool_arguments".to_owned(), Severity::Medium)];
        assert_eq!(hits("{}", "", r#"{"tool_calls": [{"function": {"arguments": []}}]}"#), raw);
        assert!(hits("{}", "", r#"{"tool_calls": [{"arguments": {}, "input": "", "args": 1}]}"#).is_empty());
    }
}
