//! Tool governance: one tool call against allow and deny lists, argument schemas, a URL allowlist, exfiltration phrases.
//!
//! Checks run in a fixed order and the first that fires ends the check: a call has at most one hit. As a stage of the
//! pipeline the call is read from the text; tool evaluation hands it over directly.

mod arguments;
mod names;
mod urls;

use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit};
use crate::text::{FoldedPattern, Gate, NeedleSet, Text};
use crate::value::{Map, Number, Value, parse_json_within, python_json};
use names::Names;
use urls::Domains;

const DENIED: &str = "tools.denied";
const NOT_ALLOWED: &str = "tools.not_allowed";
const ARGS_INVALID: &str = "tools.args_invalid";
const DOMAIN_BLOCKED: &str = "tools.domain_blocked";
const EXFIL_ATTEMPT: &str = "tools.exfil_attempt";

/// Whatever fires, the risk is the same.
const RISK: u8 = 40;
/// Longest top-level text argument, in code points.
const MAX_ARG_SIZE: i64 = 10_000;
/// Nested containers that the reference's reader takes here before it gives up.
const MAX_DEPTH: usize = 986;

/// Requests for everything, searched in the arguments as JSON text: there, a blank between words is a space, and every
/// other control or non-ASCII character is spelled out and joins the word after it.
const EXFILTRATION: &str = concat!(
    r"\b(?:(?:all|entire|complete|full) +(?:chat|conversation|history|memory|message)",
    r"|(?:system|developer|hidden) +(?:prompt|instruction)",
    r"|(?:dump|export|reveal) +(?:all|entire|complete))",
);

/// The detector; also used directly by tool evaluation.
pub(crate) struct Tools {
    names: Names,
    schemas: Value,
    domains: Domains,
    max_arg_size: Value,
    exfiltration: FoldedPattern,
}

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When a list of names or domains is no list, or holds lists or objects.
pub fn build(section: &Map, needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    Ok(Box::new(Tools::new(section, needles)?))
}

impl Tools {
    /// Reads a section.
    pub(crate) fn new(section: &Map, needles: &mut NeedleSet) -> Result<Self, EvalError> {
        Ok(Tools {
            names: Names::new(section, needles)?,
            schemas: section.get("schemas").cloned().unwrap_or(Value::Map(Map::new())),
            domains: Domains::new(section)?,
            max_arg_size: section.get("max_arg_size").cloned().unwrap_or(Value::Int(MAX_ARG_SIZE)),
            exfiltration: FoldedPattern::with_gate(EXFILTRATION, Gate::ALWAYS)
                .map_err(|e| EvalError::new(e.to_string()))?,
        })
    }

    /// Checks one call. `name` is a text that the prefilter this detector registered with can scan.
    pub(crate) fn check(&self, name: &Text<'_>, arguments: &Value) -> Result<Finding, EvalError> {
        let hit = self.first_hit(name, arguments)?;
        Ok(hit.map_or(Finding::clean(), |(rule, severity)| Finding {
            decision: Some(Decision::Block),
            risk: RISK,
            hits: vec![RuleHit::new(rule, severity)],
            sanitized: None,
        }))
    }

    fn first_hit(&self, name: &Text<'_>, args: &Value) -> Result<Option<(&'static str, Severity)>, EvalError> {
        if let Some(rule) = self.names.check(name)? {
            return Ok(Some((rule, Severity::High)));
        }
        if let Some(schema) = arguments::schema_of(&self.schemas, name.raw())?
            && let Some(severity) = arguments::violation(schema, args)?
        {
            return Ok(Some((ARGS_INVALID, severity)));
        }
        if self.domains.block(args) {
            return Ok(Some((DOMAIN_BLOCKED, Severity::High)));
        }
        if self.asks_for_everything(args) {
            return Ok(Some((EXFIL_ATTEMPT, Severity::High)));
        }
        let too_long = self.has_oversized_text(args)?;
        Ok(too_long.then_some((EXFIL_ATTEMPT, Severity::Medium)))
    }

    fn asks_for_everything(&self, args: &Value) -> bool {
        if args.as_map().is_some_and(Map::is_empty) {
            return false;
        }
        let mut json = python_json(args, true);
        json.make_ascii_lowercase();
        self.exfiltration.occurs_in(json.as_bytes())
    }

    fn has_oversized_text(&self, args: &Value) -> Result<bool, EvalError> {
        let args = args.as_map().ok_or_else(|| EvalError::config("arguments", args, "an object"))?;
        let limit = Number::of(&self.max_arg_size);
        for (_, arg) in args.iter() {
            if let Value::Str(text) = arg {
                let limit =
                    limit.as_ref().ok_or_else(|| EvalError::config("max_arg_size", &self.max_arg_size, "a number"))?;
                if Number::from(text.chars().count()) > *limit {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

impl Detector for Tools {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        let none = Value::Map(Map::new());
        let call = match parse_json_within(text.raw(), MAX_DEPTH) {
            Ok(Value::Map(call)) => call,
            Err(e) if e.too_deep => return Err(EvalError::new(e.to_string())),
            // Anything but an object is taken for the name of a tool.
            _ => return self.check(text, &none),
        };
        let arguments = call.get("arguments").or_else(|| call.get("args")).unwrap_or(&none);
        match call.get("tool_name") {
            None => self.check(&text.derive(""), arguments),
            Some(Value::Str(name)) => self.check(&text.derive(name.as_str()), arguments),
            Some(other) => Err(EvalError::config("tool_name", other, "a string")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;
    use crate::value::parse_json;

    fn hit(section: &str, text: &str) -> Result<Option<(String, Severity)>, EvalError> {
        let Ok(Value::Map(section)) = parse_json(section) else { panic!("{section}") };
        let mut needles = NeedleSet::new();
        let detector = build(&section, &mut needles)?;
        let prefilter = needles.build();
        let finding = detector.inspect(&Text::new(text, &prefilter), &Request::new(text, Stage::Input))?;
        assert_eq!(finding.risk, if finding.hits.is_empty() { 0 } else { RISK });
        Ok(finding.hits.first().map(|h| (h.id.to_string(), h.severity)))
    }

    fn rule(section: &str, text: &str) -> String {
        hit(section, text).unwrap().map_or(String::new(), |(rule, _)| rule)
    }

    #[test]
    fn phrases_are_sought_in_the_arguments_as_json() {
        for arguments in [
            r#"{"q": "dump all"}"#,
            r#"["dump all"]"#,
            r#"{"Full  Memoryless": 1}"#,
            r#"{"q": "\"hidden prompt"}"#,
            r#""reveal allies""#,
        ] {
            assert_eq!(rule("{}", &format!(r#"{{"arguments": {arguments}}}"#)), EXFIL_ATTEMPT, "{arguments}");
        }
        for arguments in [r#"{"q": "see\nall history"}"#, r#"{"q": "éall history"}"#, r#"{"q": "all\thistory"}"#] {
            assert_eq!(rule("{}", &format!(r#"{{"args": {arguments}}}"#)), "", "{arguments}");
        }
    }

    #[test]
    fn long_top_level_texts_are_suspicious() {
        let call = |n: usize| format!(r#"{{"arguments": {{"q": "{}", "r": [1]}}}}"#, "é".repeat(n));
        assert_eq!(rule("{}", &call(10_000)), "");
        assert_eq!(hit("{}", &call(10_001)).unwrap(), Some((EXFIL_ATTEMPT.into(), Severity::Medium)));
        assert!(hit(r#"{"max_arg_size": null}"#, &call(1)).is_err());
        assert!(hit(r#"{"max_arg_size": null}"#, r#"{"arguments": {"q": 1}}"#).is_ok());
    }

    #[test]
    fn calls_that_cannot_be_read_fail_and_other_texts_are_names() {
        for text in [r#"{"tool_name": 5}"#, r#"{"arguments": null}"#, r#"{"arguments": ["x"]}"#] {
            assert!(hit("{}", text).is_err(), "{text}");
        }
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(hit("{}", &nested(MAX_DEPTH)).is_ok());
        assert!(hit("{}", &nested(MAX_DEPTH + 1)).is_err());
        assert_eq!(rule(r#"{"allowed": ["f"]}"#, "[1]"), NOT_ALLOWED);
        assert_eq!(rule(r#"{"allowed": ["f"]}"#, ""), NOT_ALLOWED);
        assert_eq!(rule(r#"{"allowed": ["f"]}"#, r#"{"tool_name": "f", "args": {}}"#), "");
    }

    #[test]
    fn the_first_check_that_fires_ends_the_check() {
        let section = r#"{"denied": ["f"], "schemas": null, "domain_allowlist": ["b"]}"#;
        assert_eq!(rule(section, r#"{"tool_name": "f"}"#), DENIED);
        assert!(hit(section, r#"{"tool_name": "g"}"#).is_err());
    }
}
