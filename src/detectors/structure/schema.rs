//! The reference's schema dialect: a subset of draft 7, evaluated literally.
//!
//! Only whether a value fits matters, and whether the reference would raise on the way. So evaluation goes on after a
//! keyword that does not fit, as the reference does to collect its list, and stops only where the reference stops: at a
//! wrong type, and at the first success of `anyOf` and `contains`.

use super::format::has_format;
use super::number::leaves_a_rest;
use crate::engine::EvalError;
use crate::text::{PythonRegex, PythonRegexError};
use crate::value::{Map, Number, Value, canonical_json};
use std::collections::{HashMap, HashSet};

/// A schema with its patterns compiled.
pub(super) struct Schema {
    root: Value,
    patterns: HashMap<String, Result<PythonRegex, PythonRegexError>>,
}

type Outcome = Result<bool, EvalError>;

impl Schema {
    /// Takes any value: what is no schema fails when a value reaches it.
    pub(super) fn new(root: Value) -> Self {
        let mut patterns = HashMap::new();
        collect_patterns(&root, &mut patterns);
        Schema { root, patterns }
    }

    /// Whether a value fits.
    ///
    /// # Errors
    /// When a part of the schema that is reached is of a kind that the reference cannot use.
    pub(super) fn fits(&self, value: &Value) -> Outcome {
        self.check(value, &self.root)
    }

    fn check(&self, value: &Value, schema: &Value) -> Outcome {
        let schema = schema.as_map().ok_or_else(|| EvalError::config("schema", schema, "an object"))?;
        if let Some(kind) = schema.get("type").filter(|v| v.truthy())
            && !has_type(value, kind)?
        {
            return Ok(false);
        }
        let mut fits = true;
        if let Some(allowed) = schema.get("enum") {
            fits &= is_among(value, allowed)?;
        }
        if let Some(constant) = schema.get("const") {
            fits &= value.python_eq(constant);
        }
        fits &= match value {
            Value::Map(map) => self.check_object(map, value, schema)?,
            Value::List(items) => self.check_array(items, schema)?,
            Value::Str(text) => self.check_text(text, schema)?,
            Value::Int(_) | Value::BigInt(_) | Value::Float(_) => check_number(value, schema)?,
            _ => true,
        };
        Ok(fits & self.check_combinations(value, schema)?)
    }

    fn check_combinations(&self, value: &Value, schema: &Map) -> Outcome {
        let mut fits = true;
        if let Some(all) = schema.get("allOf") {
            for member in members("allOf", all)? {
                fits &= self.check(value, &member)?;
            }
        }
        if let Some(any) = schema.get("anyOf") {
            let mut one_fits = false;
            for member in members("anyOf", any)? {
                one_fits = self.check(value, &member)?;
                if one_fits {
                    break;
                }
            }
            fits &= one_fits;
        }
        if let Some(one) = schema.get("oneOf") {
            let mut fitting = 0usize;
            for member in members("oneOf", one)? {
                fitting += usize::from(self.check(value, &member)?);
            }
            fits &= fitting == 1;
        }
        if let Some(other) = schema.get("not") {
            fits &= !self.check(value, other)?;
        }
        if let Some(condition) = schema.get("if") {
            let branch = if self.check(value, condition)? { "then" } else { "else" };
            if let Some(branch) = schema.get(branch) {
                fits &= self.check(value, branch)?;
            }
        }
        Ok(fits)
    }

    fn check_object(&self, object: &Map, value: &Value, schema: &Map) -> Outcome {
        let mut fits = true;
        if let Some(required) = schema.get("required") {
            for key in members("required", required)? {
                fits &= has_key(object, &key)?;
            }
        }
        let none = Map::new();
        let properties = object_or("properties", schema, &none)?;
        for (key, property) in properties.text_entries() {
            if let Some(value) = object.get(key) {
                fits &= self.check(value, property)?;
            }
        }
        let patterns = object_or("patternProperties", schema, &none)?;
        for (pattern, property) in patterns.text_entries() {
            for (key, value) in object.text_entries() {
                if self.begins_with(pattern, key)? {
                    fits &= self.check(value, property)?;
                }
            }
        }
        match schema.get("additionalProperties") {
            Some(Value::Bool(false)) => {
                for (key, _) in object.text_entries().filter(|(key, _)| !properties.contains_key(key)) {
                    fits &= self.any_pattern(patterns, key)?;
                }
            }
            Some(additional @ Value::Map(_)) => {
                for (_, value) in object.text_entries().filter(|(key, _)| !properties.contains_key(key)) {
                    fits &= self.check(value, additional)?;
                }
            }
            _ => {}
        }
        fits &= within_sizes(object.len(), schema, "minProperties", "maxProperties", SKIPS_NULL)?;
        for (key, dependency) in object_or("dependencies", schema, &none)?.text_entries() {
            if !object.contains_key(key) {
                continue;
            }
            match dependency {
                Value::List(required) => {
                    for key in required {
                        fits &= has_key(object, key)?;
                    }
                }
                Value::Map(_) => fits &= self.check(value, dependency)?,
                _ => {}
            }
        }
        Ok(fits)
    }

    fn check_array(&self, items: &[Value], schema: &Map) -> Outcome {
        let mut fits = within_sizes(items.len(), schema, "minItems", "maxItems", SKIPS_NULL)?;
        if schema.get("uniqueItems").is_some_and(Value::truthy) {
            let mut seen = HashSet::new();
            fits &= items.iter().all(|item| seen.insert(canonical_json(item)));
        }
        match schema.get("items").filter(|v| v.truthy()) {
            Some(schema @ Value::Map(_)) => {
                for item in items {
                    fits &= self.check(item, schema)?;
                }
            }
            Some(Value::List(schemas)) => {
                for (item, schema) in items.iter().zip(schemas) {
                    fits &= self.check(item, schema)?;
                }
            }
            _ => {}
        }
        if let Some(wanted) = schema.get("contains").filter(|v| v.truthy()) {
            let mut found = false;
            for item in items {
                found = self.check(item, wanted)?;
                if found {
                    break;
                }
            }
            fits &= found;
        }
        Ok(fits)
    }

    fn check_text(&self, text: &str, schema: &Map) -> Outcome {
        let mut fits = within_sizes(text.chars().count(), schema, "minLength", "maxLength", TAKES_NULL)?;
        match schema.get("pattern") {
            None => {}
            Some(Value::Str(pattern)) => fits &= self.pattern(pattern)?.is_match(text),
            Some(other) => return Err(EvalError::config("pattern", other, "a regular expression")),
        }
        if let Some(Value::Str(format)) = schema.get("format") {
            fits &= has_format(text, format);
        }
        Ok(fits)
    }

    fn pattern(&self, pattern: &str) -> Result<&PythonRegex, EvalError> {
        match self.patterns.get(pattern) {
            Some(Ok(regex)) => Ok(regex),
            Some(Err(message)) => Err(EvalError::new(format!("pattern {pattern:?}: {message}"))),
            // All strings that may stand for a pattern were collected.
            None => Err(EvalError::new(format!("pattern {pattern:?} is not compiled"))),
        }
    }

    /// Whether the pattern matches at the start of a key.
    fn begins_with(&self, pattern: &str, key: &str) -> Outcome {
        // The leftmost match is at the start if there is any there.
        Ok(self.pattern(pattern)?.find_iter(key).first().is_some_and(|span| span.start == 0))
    }

    fn any_pattern(&self, patterns: &Map, key: &str) -> Outcome {
        for (pattern, _) in patterns.text_entries() {
            if self.begins_with(pattern, key)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Compiles what stands under `pattern` and the keys under `patternProperties`, at any depth.
fn collect_patterns(schema: &Value, patterns: &mut HashMap<String, Result<PythonRegex, PythonRegexError>>) {
    let mut add = |pattern: &str| {
        patterns.entry(pattern.to_owned()).or_insert_with(|| PythonRegex::compile(pattern, false));
    };
    match schema {
        Value::Map(map) => {
            if let Some(Value::Str(pattern)) = map.get("pattern") {
                add(pattern);
            }
            if let Some(Value::Map(keys)) = map.get("patternProperties") {
                keys.text_entries().for_each(|(pattern, _)| add(pattern));
            }
            map.iter().for_each(|(_, value)| collect_patterns(value, patterns));
        }
        Value::List(items) => items.iter().for_each(|item| collect_patterns(item, patterns)),
        _ => {}
    }
}

fn has_type(value: &Value, kind: &Value) -> Outcome {
    let kind = match kind {
        Value::Str(kind) => kind.as_str(),
        Value::List(_) | Value::Map(_) => return Err(EvalError::config("type", kind, "a string")),
        _ => return Ok(true),
    };
    Ok(match kind {
        "string" => matches!(value, Value::Str(_)),
        "number" => matches!(value, Value::Int(_) | Value::BigInt(_) | Value::Float(_)),
        "integer" => matches!(value, Value::Int(_) | Value::BigInt(_)),
        "boolean" => matches!(value, Value::Bool(_)),
        "array" => matches!(value, Value::List(_)),
        "object" => matches!(value, Value::Map(_)),
        "null" => value.is_null(),
        _ => true,
    })
}

/// Python's `value in allowed`.
fn is_among(value: &Value, allowed: &Value) -> Outcome {
    let is_container = matches!(value, Value::List(_) | Value::Map(_));
    match allowed {
        Value::List(allowed) => Ok(allowed.iter().any(|other| value.is_or_equals(other))),
        Value::Str(text) => match value {
            Value::Str(part) => Ok(text.contains(part.as_str())),
            other => Err(EvalError::config("enum", other, "a string to look for")),
        },
        Value::Map(keys) if !is_container => Ok(value.as_str().is_some_and(|key| keys.contains_key(key))),
        other => Err(EvalError::config("enum", other, "a list")),
    }
}

/// What Python iterates over: a list's items, a string's characters, an object's keys.
fn members(key: &str, value: &Value) -> Result<Vec<Value>, EvalError> {
    match value {
        Value::List(items) => Ok(items.clone()),
        Value::Str(text) => Ok(text.chars().map(|c| Value::Str(c.to_string())).collect()),
        Value::Map(map) => Ok(map.iter().map(|(key, _)| Value::from(key.as_text())).collect()),
        other => Err(EvalError::config(key, other, "a list")),
    }
}

fn has_key(object: &Map, key: &Value) -> Outcome {
    match key {
        Value::Str(key) => Ok(object.contains_key(key)),
        Value::List(_) | Value::Map(_) => Err(EvalError::config("required", key, "a string")),
        _ => Ok(false),
    }
}

/// The object under a key, `none` when it is absent.
fn object_or<'s>(key: &str, schema: &'s Map, none: &'s Map) -> Result<&'s Map, EvalError> {
    match schema.get(key) {
        None => Ok(none),
        Some(Value::Map(map)) => Ok(map),
        Some(other) => Err(EvalError::config(key, other, "an object")),
    }
}

const SKIPS_NULL: bool = true;
const TAKES_NULL: bool = false;

fn within_sizes(size: usize, schema: &Map, least: &str, most: &str, skips_null: bool) -> Outcome {
    let limit = |key: &str| match schema.get(key) {
        None => Ok(None),
        Some(Value::Null) if skips_null => Ok(None),
        Some(value) => Number::of(value).map(Some).ok_or_else(|| EvalError::config(key, value, "a number")),
    };
    let size = Number::from(size);
    let too_small = limit(least)?.is_some_and(|least| size < least);
    let too_large = limit(most)?.is_some_and(|most| size > most);
    Ok(!too_small && !too_large)
}

fn check_number(value: &Value, schema: &Map) -> Outcome {
    let Some(number) = Number::of(value) else { return Ok(true) };
    let mut fits = true;
    for key in ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"] {
        let Some(limit) = schema.get(key) else { continue };
        let limit = Number::of(limit).ok_or_else(|| EvalError::config(key, limit, "a number"))?;
        // A NaN exceeds no limit.
        let exceeds = match key {
            "minimum" => number < limit,
            "maximum" => number > limit,
            "exclusiveMinimum" => number <= limit,
            _ => number >= limit,
        };
        fits &= !exceeds;
    }
    if let Some(divisor) = schema.get("multipleOf") {
        let wrong = || EvalError::config("multipleOf", divisor, "a number other than 0");
        fits &= !leaves_a_rest(&number, &Number::of(divisor).ok_or_else(wrong)?).ok_or_else(wrong)?;
    }
    Ok(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse_json;

    fn fits(schema: &str, value: &str) -> Outcome {
        Schema::new(parse_json(schema).unwrap()).fits(&parse_json(value).unwrap())
    }

    #[test]
    fn each_keyword_fits_and_fails_on_its_examples() {
        for (schema, fitting, failing) in [
            (r#"{"type": "integer"}"#, "1", "1.0"),
            (r#"{"type": "number"}"#, "1e2", "true"),
            (r#"{"enum": [1, [true]]}"#, "[1.0]", "2"),
            (r#"{"enum": "abc"}"#, "\"bc\"", "\"ac\""),
            (r#"{"const": {"a": 1}}"#, r#"{"a": true}"#, r#"{"a": 2}"#),
            (r#"{"required": "ab"}"#, r#"{"b": 1, "a": 1}"#, r#"{"ab": 1}"#),
            (r#"{"properties": {"a": {"type": "null"}}}"#, r#"{"b": 1}"#, r#"{"a": 1}"#),
            (r#"{"patternProperties": {"x": {"type": "null"}}}"#, r#"{"ax": 1}"#, r#"{"xa": 1}"#),
            (
                r#"{"properties": {"a": {}}, "patternProperties": {"x_": {}}, "additionalProperties": false}"#,
                r#"{"a": 1, "x_1": 2}"#,
                r#"{"b": 1}"#,
            ),
            (
                r#"{"patternProperties": {"x_": {}}, "additionalProperties": {"type": "null"}}"#,
                r#"{"x_1": null}"#,
                r#"{"x_1": 2}"#,
            ),
            (r#"{"minProperties": 1, "maxProperties": 1.5}"#, r#"{"a": 1}"#, r#"{"a": 1, "b": 2}"#),
            (
                r#"{"dependencies": {"a": ["b"], "c": {"maxProperties": 1}, "d": 5}}"#,
                r#"{"a": 1, "b": 1, "d": 1}"#,
                r#"{"c": 1, "b": 1}"#,
            ),
            (r#"{"minItems": 1, "maxItems": null}"#, "[1]", "[]"),
            (r#"{"uniqueItems": 1}"#, "[1, 1.0, true, 0.0, -0.0]", "[1e2, 100.0]"),
            (r#"{"items": [{"type": "null"}]}"#, "[null, 1]", "[1]"),
            (r#"{"items": {"type": "null"}}"#, "[null]", "[null, 1]"),
            (r#"{"contains": {"type": "null"}}"#, "[1, null]", "[]"),
            (r#"{"minLength": 2, "maxLength": 2}"#, "\"é😀\"", "\"abc\""),
            (r#"{"pattern": "(?<=a)b$"}"#, r#""xab\n""#, "\"abc\""),
            (r#"{"format": "email"}"#, "\"a@b.c\"", "\"a\""),
            (r#"{"minimum": 9007199254740993}"#, "9007199254740993", "9007199254740992.0"),
            (r#"{"exclusiveMaximum": true}"#, "NaN", "1"),
            (r#"{"multipleOf": 0.5}"#, "1.5", "Infinity"),
            (r#"{"allOf": [{"type": "integer"}, {"minimum": 1}]}"#, "1", "0"),
            (r#"{"anyOf": [{"type": "integer"}, {"type": "null"}]}"#, "null", "\"\""),
            (r#"{"oneOf": [{"type": "integer"}, {"minimum": 1}]}"#, "0", "1"),
            (r#"{"not": {"type": "null"}}"#, "1", "null"),
            (r#"{"if": {"type": "null"}, "then": {"type": "string"}, "else": {"minimum": 1}}"#, "1", "0"),
        ] {
            assert!(fits(schema, fitting).unwrap(), "{schema} {fitting}");
            assert!(!fits(schema, failing).unwrap(), "{schema} {failing}");
        }
    }

    #[test]
    fn what_is_reached_must_be_usable() {
        for (schema, value) in [
            ("true", "1"),
            (r#"{"type": ["string"]}"#, "1"),
            (r#"{"enum": null}"#, "1"),
            (r#"{"enum": {"a": 1}}"#, "[]"),
            (r#"{"required": [[]]}"#, "{}"),
            (r#"{"required": ["b"], "minProperties": "1"}"#, "{}"),
            (r#"{"properties": null}"#, "{}"),
            (r#"{"minLength": null}"#, "\"\""),
            (r#"{"pattern": "("}"#, "\"\""),
            (r#"{"items": ["x"]}"#, "[1]"),
            (r#"{"contains": true}"#, "[1]"),
            (r#"{"multipleOf": 0}"#, "1"),
            (r#"{"anyOf": [{"type": "null"}, 5]}"#, "1"),
            (r#"{"if": {}, "then": null}"#, "1"),
        ] {
            assert!(fits(schema, value).is_err(), "{schema} {value}");
        }
        for (schema, value) in [
            (r#"{"type": [], "minimum": "1"}"#, "\"x\""),
            (r#"{"pattern": "("}"#, "1"),
            (r#"{"anyOf": [{}, 5]}"#, "1"),
            (r#"{"contains": {"type": "integer"}, "items": false}"#, "[1]"),
            (r#"{"if": {"type": "null"}, "then": null}"#, "1"),
            (r#"{"minItems": null}"#, "[]"),
        ] {
            assert!(fits(schema, value).unwrap(), "{schema} {value}");
        }
    }
}
