//! Remediation: what a policy's `on_fail` makes of a response that is not ALLOW.

use super::detector::EvalError;
use super::response::Response;
use super::section::iterated;
use crate::api::Decision;
use crate::text::PythonRegex;
use crate::text::python_regex::Template;
use crate::value::{Map, Value, parse_json, python_int, python_json};

/// What a refusal says unless the policy says otherwise.
const REFUSAL: &str = "I'm unable to provide that response.";
/// What `fix` writes for what it strips.
const REMOVED: &str = "[REMOVED]";

/// A policy's reactions, in its own order.
pub(super) struct Remediation {
    /// Section key, which must equal the first segment of a fired rule's id, and reaction.
    sections: Vec<(String, Reaction)>,
    global: Option<Reaction>,
}

/// An action with its configuration; an error where the reference fails to read it.
type Reaction = Result<Action, EvalError>;

enum Action {
    /// Ends the search and does nothing.
    Noop,
    /// Answers outside the verdict: a prompt to ask again, an error, a handler that nobody registered.
    Outside,
    /// Strips patterns from the rewritten text.
    Fix(Vec<Strip>),
    /// Removes fields from the rewritten text, where it is a JSON object.
    FilterField(Vec<String>),
    /// Refuses with a message.
    Refrain(String),
    /// Stops the response until somebody has looked at it.
    AskHuman,
}

struct Strip {
    pattern: PythonRegex,
    with: Template,
}

impl Remediation {
    pub(super) fn compile(policy: &Map) -> Self {
        let sections = policy.text_entries().filter_map(|(key, section)| {
            let section = section.as_map()?;
            Some((key.to_owned(), reaction(section)?))
        });
        Remediation { sections: sections.collect(), global: reaction(policy) }
    }

    /// Applies the first reaction that the response calls for.
    ///
    /// # Errors
    /// When that reaction's configuration is one that the reference cannot use.
    pub(super) fn apply(&self, response: &mut Response) -> Result<(), EvalError> {
        if response.decision == Decision::Allow || self.sections.is_empty() && self.global.is_none() {
            return Ok(());
        }
        let fired = |key: &str| {
            response.hits().any(|hit| {
                let id = hit.id.as_str();
                id.split([':', '.']).next().unwrap_or(id) == key
            })
        };
        let reaction = self.sections.iter().find(|(key, _)| fired(key)).map(|(_, reaction)| reaction);
        match reaction.or(self.global.as_ref()) {
            None => Ok(()),
            Some(Ok(action)) => {
                action.apply(response);
                Ok(())
            }
            Some(Err(e)) => Err(e.clone()),
        }
    }
}

/// The reaction that `on_fail` of a section (or of the policy) names; none for unknown names.
fn reaction(section: &Map) -> Option<Reaction> {
    let read: fn(&Map) -> Reaction = match section.get("on_fail")?.as_str()? {
        "noop" => return Some(Ok(Action::Noop)),
        "reask" => reask,
        "exception" => exception,
        "custom" => |_| Ok(Action::Outside),
        "fix" => fix,
        "filter_field" => filter_field,
        "refrain" => refrain,
        "ask_human" => |_| Ok(Action::AskHuman),
        _ => return None,
    };
    Some(match section.get("on_fail_config") {
        None => read(&Map::new()),
        Some(Value::Map(config)) => read(config),
        Some(other) => Err(EvalError::config("on_fail_config", other, "an object")),
    })
}

fn reask(config: &Map) -> Reaction {
    if let Some(attempts) = config.get("max_attempts")
        && !is_whole(attempts)
    {
        return Err(EvalError::config("max_attempts", attempts, "a whole number"));
    }
    // With the violations the prompt is always a text.
    if config.get("include_violations").is_some_and(|v| !v.truthy()) {
        optional_text(config, "prompt")?;
    }
    Ok(Action::Outside)
}

/// Whether the reference's response can hold this as a whole number.
fn is_whole(value: &Value) -> bool {
    match value {
        Value::Float(f) => f.fract() == 0.0 && f.abs() < 9.0e18,
        Value::Str(text) => {
            let whole = text.trim_end().strip_suffix(".0").unwrap_or(text);
            python_int(&Value::from(whole)).is_some()
        }
        other => python_int(other).is_some(),
    }
}

fn exception(config: &Map) -> Reaction {
    optional_text(config, "message").map(|_| Action::Outside)
}

fn refrain(config: &Map) -> Reaction {
    let message = optional_text(config, "message")?.filter(|m| !m.is_empty());
    Ok(Action::Refrain(message.unwrap_or(REFUSAL).to_owned()))
}

fn optional_text<'c>(config: &'c Map, key: &str) -> Result<Option<&'c str>, EvalError> {
    match config.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Str(text)) => Ok(Some(text)),
        Some(other) => Err(EvalError::config(key, other, "a string")),
    }
}

fn filter_field(config: &Map) -> Reaction {
    let fields = match config.get("fields") {
        None => return Ok(Action::FilterField(Vec::new())),
        Some(Value::List(fields)) => fields,
        Some(other) => return Err(EvalError::config("fields", other, "a list of names")),
    };
    let names: Option<Vec<String>> = fields.iter().map(|f| f.as_str().map(str::to_owned)).collect();
    names.map(Action::FilterField).ok_or_else(|| EvalError::new("`fields` must hold only strings"))
}

/// Patterns that Python cannot compile, or whose replacement names a group they lack, are skipped as the reference
/// skips them; what is no text at all fails.
fn fix(config: &Map) -> Reaction {
    if let Some(patterns) = config.get("strip_patterns")
        && !matches!(patterns, Value::List(_) | Value::Str(_) | Value::Map(_))
    {
        return Err(EvalError::config("strip_patterns", patterns, "a list of patterns"));
    }
    let mut strips = Vec::new();
    for pattern in iterated(config, "strip_patterns")? {
        let Value::Str(source) = &pattern else {
            return Err(EvalError::config("strip_patterns", &pattern, "a pattern"));
        };
        let compiled = match PythonRegex::compile(source, false) {
            Ok(compiled) => compiled,
            Err(e) if e.is_syntax() => continue,
            Err(e) => return Err(EvalError::new(format!("the pattern {source:?}: {e}"))),
        };
        let template = match config.get("replacement") {
            None => REMOVED,
            Some(Value::Str(template)) => template,
            Some(other) => return Err(EvalError::config("replacement", other, "a string")),
        };
        if let Ok(with) = compiled.template(template) {
            strips.push(Strip { pattern: compiled, with });
        }
    }
    Ok(Action::Fix(strips))
}

impl Action {
    fn apply(&self, response: &mut Response) {
        match self {
            Action::Noop | Action::Outside => {}
            Action::Fix(strips) => {
                let text = response.sanitized_text.take().unwrap_or_default();
                let stripped = strips.iter().fold(text, |text, strip| strip.pattern.replace_all(&text, &strip.with));
                response.sanitized_text = Some(stripped);
                response.decision = Decision::Transform;
            }
            Action::FilterField(fields) if fields.is_empty() => {}
            Action::FilterField(fields) => {
                let text = response.sanitized_text.take().unwrap_or_default();
                response.sanitized_text = Some(without_fields(text, fields));
                response.decision = Decision::Transform;
            }
            Action::Refrain(message) => {
                response.decision = Decision::Block;
                response.sanitized_text = Some(message.clone());
            }
            Action::AskHuman => response.decision = Decision::Block,
        }
    }
}

/// A JSON object without these members, rewritten as Python writes it; any other text as it is.
fn without_fields(text: String, fields: &[String]) -> String {
    let Ok(Value::Map(mut object)) = parse_json(&text) else { return text };
    for field in fields {
        object.remove(field);
    }
    python_json(&Value::Map(object), true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Severity;
    use crate::engine::aggregate::aggregate;
    use crate::engine::{DetectorOutcome, Finding, RuleHit};
    use std::time::Duration;

    fn apply(policy: &str, sanitized: Option<&str>) -> Result<(Decision, Option<String>), EvalError> {
        let Value::Map(policy) = parse_json(policy).unwrap() else { panic!("an object") };
        let mut finding = Finding::of(Decision::Warn, vec![RuleHit::new("pii.email", Severity::High)]);
        finding.sanitized = sanitized.map(str::to_owned);
        let outcome = DetectorOutcome::new("pii".into(), finding, false, Duration::ZERO);
        let mut response = aggregate(None, vec![outcome], None);
        Remediation::compile(&policy).apply(&mut response)?;
        Ok((response.decision, response.sanitized_text))
    }

    fn of_action(action: &str, config: &str, sanitized: &str) -> Result<(Decision, Option<String>), EvalError> {
        let policy = format!(r#"{{"pii": {{"on_fail": "{action}", "on_fail_config": {config}}}}}"#);
        apply(&policy, Some(sanitized))
    }

    #[test]
    fn the_first_fired_section_with_a_known_action_decides() {
        let refused = |message: &str| Ok((Decision::Block, Some(message.to_owned())));
        let held = r#""on_fail": "refrain", "on_fail_config": {"message": "held"}"#;
        let untouched = Ok((Decision::Warn, None));
        assert_eq!(apply(r#"{"bias": {"on_fail": "fix"}, "pii": {"on_fail": "refrain"}}"#, None), refused(REFUSAL));
        assert_eq!(apply(&format!(r#"{{"pii": {{"on_fail": "bogus"}}, {held}}}"#), None), refused("held"));
        assert_eq!(apply(&format!(r#"{{"pii": {{"on_fail": "noop"}}, {held}}}"#), None), untouched);
        assert_eq!(apply(r#"{"pii": {"on_fail": ["refrain"]}}"#, None), untouched);
    }

    #[test]
    fn fixing_strips_pattern_after_pattern() {
        let fixed = |config, text| of_action("fix", config, text).map(|(_, text)| text.unwrap());
        assert_eq!(fixed(r#"{"strip_patterns": ["m", "\\[R", "("]}"#, "mail").as_deref(), Ok("[REMOVED]EMOVED]ail"));
        assert_eq!(
            fixed(r#"{"strip_patterns": ["(m)a"], "replacement": "<\\1>"}"#, "mail mail").as_deref(),
            Ok("<m>il <m>il")
        );
        assert_eq!(fixed(r#"{"strip_patterns": ["m"], "replacement": "\\1"}"#, "mail").as_deref(), Ok("mail"));
        assert!(fixed(r#"{"strip_patterns": [5]}"#, "mail").is_err());
        assert!(fixed(r#"{"strip_patterns": null}"#, "mail").is_err());
        assert_eq!(apply(r#"{"on_fail": "fix"}"#, None), Ok((Decision::Transform, Some(String::new()))));
    }

    #[test]
    fn fields_are_removed_from_objects_only() {
        let config = r#"{"fields": ["a"]}"#;
        assert_eq!(
            of_action("filter_field", config, r#"{"a":1,"b":"é"}"#),
            Ok((Decision::Transform, Some(r#"{"b": "\u00e9"}"#.to_owned())))
        );
        assert_eq!(of_action("filter_field", config, "[1]"), Ok((Decision::Transform, Some("[1]".to_owned()))));
        assert_eq!(of_action("filter_field", "{}", "x"), Ok((Decision::Warn, Some("x".to_owned()))));
        assert!(of_action("filter_field", r#"{"fields": "a"}"#, "x").is_err());
    }

    #[test]
    fn what_is_asked_elsewhere_leaves_the_verdict() {
        for action in ["reask", "exception", "custom"] {
            assert_eq!(of_action(action, "{}", "x"), Ok((Decision::Warn, Some("x".to_owned()))), "{action}");
            assert!(of_action(action, "null", "x").is_err(), "{action}");
        }
        assert_eq!(of_action("ask_human", "{}", "x"), Ok((Decision::Block, Some("x".to_owned()))));
        for attempts in ["\"x\"", "null", "2.5", "1e20"] {
            assert!(of_action("reask", &format!(r#"{{"max_attempts": {attempts}}}"#), "x").is_err());
        }
    }
}
