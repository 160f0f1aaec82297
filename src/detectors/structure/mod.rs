//! Whether an answer is well-formed JSON (and fits a schema) or XML (and has a given root).
//!
//! * [`fence`]: the JSON inside a fenced code block.
//! * [`schema`]: the reference's schema dialect, with [`number`] and [`format`] for its finer points.
//! * [`xml`]: well-formedness with namespaces.

mod fence;
mod format;
mod number;
mod schema;
mod xml;

use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit};
use crate::text::{NeedleSet, Text, chars};
use crate::value::{Map, Value, parse_json_within, surrogate};
use schema::Schema;

const JSON_INVALID: &str = "structure.json_invalid";
const SCHEMA_INVALID: &str = "structure.json_schema_invalid";
const XML_INVALID: &str = "structure.xml_invalid";
const ROOT_MISMATCH: &str = "structure.xml_root_mismatch";

/// Nested containers that the reference's reader takes here before it gives up.
const MAX_DEPTH: usize = 984;

struct Structure {
    decision: Decision,
    expected: Expected,
}

enum Expected {
    /// A format that nothing is known about: everything passes.
    Anything,
    Json(Option<Schema>),
    /// With the root's expanded name, if it matters.
    Xml(Option<Value>),
}

/// Makes the detector from its section of the policy.
///
/// # Errors
/// Never: what the reference cannot use fails when a text reaches it.
pub fn build(section: &Map, _needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let given = |key: &str| section.get(key).filter(|v| v.truthy());
    let schema = given("json_schema").or_else(|| given("schema"));
    let json = || Expected::Json(schema.map(|schema| Schema::new(schema.clone())));
    let xml = || Expected::Xml(given("xml_root").cloned());
    let expected = match given("expected_format") {
        Some(Value::Str(format)) if format == "json" => json(),
        Some(Value::Str(format)) if format == "xml" => xml(),
        Some(_) => Expected::Anything,
        None if schema.is_none() && given("schema_name").is_none() && given("xml_root").is_some() => xml(),
        None => json(),
    };
    let blocks = section.get("action").is_none_or(|action| action.as_str() == Some("BLOCK"));
    Ok(Box::new(Structure { decision: if blocks { Decision::Block } else { Decision::Warn }, expected }))
}

impl Detector for Structure {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        let broken = match &self.expected {
            Expected::Anything => None,
            Expected::Json(schema) => check_json(text.raw(), schema.as_ref())?,
            Expected::Xml(root) => check_xml(text.raw(), root.as_ref())?,
        };
        Ok(broken
            .map_or(Finding::clean(), |rule| Finding::of(self.decision, vec![RuleHit::new(rule, Severity::Medium)])))
    }
}

/// The rule that a text breaks as JSON.
fn check_json(text: &str, schema: Option<&Schema>) -> Result<Option<&'static str>, EvalError> {
    let trimmed = chars::trim(text);
    let body = fence::body(trimmed).map_or(trimmed, chars::trim);
    let value = match parse_json_within(body, MAX_DEPTH) {
        Ok(value) => value,
        Err(e) if e.too_deep => return Err(EvalError::new(e.to_string())),
        Err(_) => return Ok(Some(JSON_INVALID)),
    };
    let fits = schema.map_or(Ok(true), |schema| schema.fits(&value))?;
    Ok((!fits).then_some(SCHEMA_INVALID))
}

/// The rule that a text breaks as XML.
fn check_xml(text: &str, root: Option<&Value>) -> Result<Option<&'static str>, EvalError> {
    if text.chars().any(|c| surrogate::original(c).is_some()) {
        // The reference hands its parser UTF-8, which these do not have.
        return Err(EvalError::new("the text has a lone surrogate, which XML cannot hold"));
    }
    let Some(found) = xml::root_name(text) else { return Ok(Some(XML_INVALID)) };
    match root {
        None => Ok(None),
        Some(Value::Str(root)) => Ok((*root != found).then_some(ROOT_MISMATCH)),
        Some(other) => Err(EvalError::config("xml_root", other, "a string")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;
    use crate::text::Prefilter;
    use crate::value::parse_json;

    fn inspect(section: &str, text: &str) -> Result<Finding, EvalError> {
        let Ok(Value::Map(section)) = parse_json(section) else { panic!("{section}") };
        let detector = build(&section, &mut NeedleSet::new())?;
        let prefilter = Prefilter::none();
        detector.inspect(&Text::new(text, &prefilter), &Request::new(text, Stage::Output))
    }

    fn rule(section: &str, text: &str) -> String {
        inspect(section, text).unwrap().hits.first().map_or(String::new(), |hit| hit.id.to_string())
    }

    #[test]
    fn the_format_is_inferred() {
        assert_eq!(rule("{}", "<a/>"), JSON_INVALID);
        assert_eq!(rule(r#"{"xml_root": "a"}"#, "<a/>"), "");
        assert_eq!(rule(r#"{"xml_root": "b"}"#, "<a/>"), ROOT_MISMATCH);
        assert_eq!(rule(r#"{"xml_root": "a", "schema_name": "x"}"#, "<a/>"), JSON_INVALID);
        assert_eq!(rule(r#"{"expected_format": "xml"}"#, "{}"), XML_INVALID);
        assert_eq!(rule(r#"{"expected_format": "JSON"}"#, "x"), "");
    }

    #[test]
    fn json_may_be_fenced_and_is_pythons() {
        assert_eq!(rule("{}", "Here:\n```json\n[NaN, 1e400]\n```\n"), "");
        assert_eq!(rule("{}", " \u{3000}{}\u{1C}"), "");
        assert_eq!(rule("{}", "\u{FEFF}{}"), JSON_INVALID);
        assert_eq!(rule("{}", &"9".repeat(4301)), JSON_INVALID);
        assert_eq!(rule("{}", &"[".repeat(MAX_DEPTH)), JSON_INVALID);
        assert!(inspect("{}", &"[".repeat(MAX_DEPTH + 1)).is_err());
    }

    #[test]
    fn only_the_exact_action_block_blocks() {
        assert_eq!(inspect("{}", "x").unwrap().decision, Some(Decision::Block));
        assert_eq!(inspect(r#"{"action": "block"}"#, "x").unwrap().decision, Some(Decision::Warn));
        assert_eq!(inspect(r#"{"action": null}"#, "x").unwrap().decision, Some(Decision::Warn));
    }

    #[test]
    fn what_the_reference_cannot_use_fails_when_it_is_reached() {
        assert!(inspect(r#"{"json_schema": [1]}"#, "1").is_err());
        assert_eq!(rule(r#"{"json_schema": [1]}"#, "x"), JSON_INVALID);
        assert_eq!(rule(r#"{"json_schema": {}, "schema": {"type": "string"}}"#, "1"), SCHEMA_INVALID);
        assert!(inspect(r#"{"xml_root": 5}"#, "<a/>").is_err());
        assert_eq!(rule(r#"{"xml_root": 5}"#, "x"), XML_INVALID);
    }
}
