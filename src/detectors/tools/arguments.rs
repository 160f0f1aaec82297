//! The light argument schema: required keys, types, text length, unknown keys. Nothing else of a schema is read.

use super::names::set_of;
use crate::api::Severity;
use crate::engine::EvalError;
use crate::value::{Map, Number, Value};

/// The schema of a tool, if there is one.
///
/// # Errors
/// When `schemas` is no object and the reference fails on looking the name up, or the schema itself is no object.
pub(super) fn schema_of<'s>(schemas: &'s Value, name: &str) -> Result<Option<&'s Map>, EvalError> {
    let wrong = || EvalError::config("schemas", schemas, "an object");
    match schemas {
        Value::Map(schemas) => match schemas.get(name) {
            None => Ok(None),
            Some(Value::Map(schema)) => Ok(Some(schema)),
            Some(other) => Err(EvalError::config(&format!("schemas.{name}"), other, "an object")),
        },
        // Python asks whether the name is in it before it takes it for an object.
        Value::Str(text) if !text.contains(name) => Ok(None),
        Value::List(items) if !items.iter().any(|item| item.as_str() == Some(name)) => Ok(None),
        _ => Err(wrong()),
    }
}

/// How grave the first violation of the schema is; `None` when there is none.
///
/// # Errors
/// When a part of the schema that is reached, or the arguments, are of a kind that the reference cannot use.
pub(super) fn violation(schema: &Map, args: &Value) -> Result<Option<Severity>, EvalError> {
    if let Some(required) = schema.get("required") {
        for key in entries("required", required)? {
            if !holds(args, key.as_ref())? {
                return Ok(Some(Severity::Medium));
            }
        }
    }
    let none = Map::new();
    let properties = match schema.get("properties") {
        None => &none,
        Some(Value::Map(properties)) => properties,
        Some(other) => return Err(EvalError::config("properties", other, "an object")),
    };
    for (key, property) in properties.text_entries() {
        if holds(args, &Value::from(key))? {
            let arg = args.get(key).ok_or_else(|| EvalError::config("arguments", args, "an object"))?;
            if !fits(property, arg)? {
                return Ok(Some(Severity::Medium));
            }
        }
    }
    if schema.get("additionalProperties").is_some_and(|v| v.as_number() == Some(0.0)) {
        let args = args.as_map().ok_or_else(|| EvalError::config("arguments", args, "an object"))?;
        if args.text_entries().any(|(key, _)| !properties.contains_key(key)) {
            return Ok(Some(Severity::Low));
        }
    }
    Ok(None)
}

/// The required keys; entries are compared as they are.
fn entries<'v>(key: &str, value: &'v Value) -> Result<Vec<std::borrow::Cow<'v, Value>>, EvalError> {
    match value {
        Value::List(items) => Ok(items.iter().map(std::borrow::Cow::Borrowed).collect()),
        other => Ok(set_of(key, other)?.into_iter().map(std::borrow::Cow::Owned).collect()),
    }
}

/// Python's `key in args`.
fn holds(args: &Value, key: &Value) -> Result<bool, EvalError> {
    match (args, key) {
        (Value::Map(_), Value::List(_) | Value::Map(_)) => Err(EvalError::config("required", key, "a string")),
        (Value::Map(args), _) => Ok(key.as_str().is_some_and(|key| args.contains_key(key))),
        (Value::List(items), _) => Ok(items.iter().any(|item| item.is_or_equals(key))),
        (Value::Str(text), Value::Str(key)) => Ok(text.contains(key.as_str())),
        _ => Err(EvalError::config("arguments", args, "an object")),
    }
}

fn fits(property: &Value, arg: &Value) -> Result<bool, EvalError> {
    let property = property.as_map().ok_or_else(|| EvalError::config("properties", property, "objects"))?;
    let kind = match property.get("type") {
        Some(Value::Str(kind)) => kind.as_str(),
        Some(other @ (Value::List(_) | Value::Map(_))) => return Err(EvalError::config("type", other, "a string")),
        _ => return Ok(true),
    };
    let integer = matches!(arg, Value::Int(_) | Value::BigInt(_) | Value::Bool(_));
    let right = match kind {
        "string" => matches!(arg, Value::Str(_)),
        "number" => integer || matches!(arg, Value::Float(_)),
        "integer" => integer,
        "boolean" => matches!(arg, Value::Bool(_)),
        "object" => matches!(arg, Value::Map(_)),
        "array" => matches!(arg, Value::List(_)),
        _ => true,
    };
    match (arg, property.get("maxLength")) {
        (Value::Str(text), Some(limit)) if kind == "string" => {
            let limit = Number::of(limit).ok_or_else(|| EvalError::config("maxLength", limit, "a number"))?;
            // Written so that NaN, which nothing exceeds, fits.
            let exceeds = Number::from(text.chars().count()) > limit;
            Ok(!exceeds)
        }
        _ => Ok(right),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse_json;

    fn of(schema: &str, args: &str) -> Result<Option<Severity>, EvalError> {
        let Ok(Value::Map(schema)) = parse_json(schema) else { panic!("{schema}") };
        violation(&schema, &parse_json(args).unwrap())
    }

    #[test]
    fn the_first_violation_decides_how_grave_it_is() {
        let schema = r#"{"required": ["a"], "properties": {"a": {"type": "string", "maxLength": 2}}, "additionalProperties": 0}"#;
        assert_eq!(of(schema, r#"{"a": "éé"}"#).unwrap(), None);
        assert_eq!(of(schema, r#"{"a": "xxx", "b": 1}"#).unwrap(), Some(Severity::Medium));
        assert_eq!(of(schema, r#"{"a": "", "b": 1}"#).unwrap(), Some(Severity::Low));
        assert_eq!(of(schema, r#"{"b": 1}"#).unwrap(), Some(Severity::Medium));
    }

    #[test]
    fn types_are_pythons() {
        for (kind, fits, fails) in [
            ("string", r#""""#, "null"),
            ("number", "[1, 1.5, true]", "[\"1\", null]"),
            ("integer", "[1, true, 99999999999999999999]", "[1.0, 1e2, \"1\"]"),
            ("boolean", "[true]", "[1, 0, null]"),
            ("object", "[{}]", "[[]]"),
            ("array", "[[]]", "[{}]"),
        ] {
            let schema = format!(r#"{{"properties": {{"a": {{"type": "{kind}"}}}}}}"#);
            let each = |values: &str| match parse_json(values).unwrap() {
                Value::List(items) => items,
                other => vec![other],
            };
            let check = |value: &Value| {
                of(&schema, &format!(r#"{{"a": {}}}"#, crate::value::python_json(value, true))).unwrap().is_none()
            };
            assert!(each(fits).iter().all(check), "{kind} {fits}");
            assert!(!each(fails).iter().any(check), "{kind} {fails}");
        }
        assert_eq!(of(r#"{"properties": {"a": {"type": "odd"}}}"#, r#"{"a": null}"#).unwrap(), None);
    }

    #[test]
    fn what_python_cannot_look_into_fails() {
        for (schema, args) in [
            (r#"{"required": null}"#, "{}"),
            (r#"{"required": [[]]}"#, "{}"),
            (r#"{"properties": null}"#, "{}"),
            (r#"{"properties": {"a": 5}}"#, r#"{"a": 1}"#),
            (r#"{"properties": {"a": {"type": []}}}"#, r#"{"a": 1}"#),
            (r#"{"properties": {"a": {"type": "string", "maxLength": null}}}"#, r#"{"a": "x"}"#),
            (r#"{"properties": {"a": {}}}"#, r#"["a"]"#),
            (r#"{"required": ["a"]}"#, "null"),
            (r#"{"additionalProperties": false}"#, "[]"),
        ] {
            assert!(of(schema, args).is_err(), "{schema} {args}");
        }
        assert_eq!(of(r#"{"required": [5]}"#, "{}").unwrap(), Some(Severity::Medium));
        assert_eq!(of(r#"{"required": "ab"}"#, r#""xaby""#).unwrap(), None);
        assert_eq!(of(r#"{"properties": {"a": 5}}"#, "{}").unwrap(), None);
    }

    #[test]
    fn schemas_that_are_no_object_fail_only_on_names_in_them() {
        assert!(schema_of(&Value::from("fetch"), "zz").unwrap().is_none());
        assert!(schema_of(&Value::from("fetch"), "f").is_err());
        assert!(schema_of(&Value::List(vec!["f".into()]), "f").is_err());
        assert!(schema_of(&Value::Null, "f").is_err());
    }
}
