//! Reading a detector's section of the policy the way the reference reads it.

use super::detector::EvalError;
use crate::api::Stage;
use crate::value::{Map, Value, python_float, python_int};

/// The stages a section runs at: its own `stages` when truthy, else the default set.
///
/// The reference tests membership of the stage's name in whatever value stands there: a string admits the names that
/// are substrings of it, an object its keys; a number cannot be tested and fails the evaluation.
pub(super) fn stages(section: &Map, default: u8) -> Result<u8, EvalError> {
    let set = |admits: &dyn Fn(&str) -> bool| {
        Stage::ALL.into_iter().filter(|s| admits(s.name())).fold(0, |set, s| set | s.bit())
    };
    match section.get("stages").filter(|v| v.truthy()) {
        None => Ok(default),
        Some(Value::List(names)) => Ok(set(&|stage| names.iter().any(|n| n.as_str() == Some(stage)))),
        Some(Value::Str(names)) => Ok(set(&|stage| names.contains(stage))),
        Some(Value::Map(names)) => Ok(set(&|stage| names.contains_key(stage))),
        Some(other) => Err(EvalError::config("stages", other, "a list of stage names")),
    }
}

/// The truth of `key`, or `default` when it is absent.
#[must_use]
pub fn truthy_or(section: &Map, key: &str, default: bool) -> bool {
    section.get(key).map_or(default, Value::truthy)
}

/// The number under `key` (true counts as 1), or `default` when it is absent.
///
/// # Errors
/// When something else than a number stands there.
pub fn number_or(section: &Map, key: &str, default: f64) -> Result<f64, EvalError> {
    match section.get(key) {
        None => Ok(default),
        Some(value) => value.as_number().ok_or_else(|| EvalError::config(key, value, "a number")),
    }
}

/// The text under `key`, or `default` when it is absent or no text.
#[must_use]
pub fn text_or<'s>(section: &'s Map, key: &str, default: &'s str) -> &'s str {
    section.get(key).map_or(default, |v| v.as_str().unwrap_or(""))
}

/// The list under `key`, empty when it is absent.
///
/// # Errors
/// When something else than a list stands there.
pub fn list_or_empty<'s>(section: &'s Map, key: &str) -> Result<&'s [Value], EvalError> {
    match section.get(key) {
        None => Ok(&[]),
        Some(Value::List(items)) => Ok(items),
        Some(other) => Err(EvalError::config(key, other, "a list")),
    }
}

/// The whole number that Python's `int()` makes of `key`, or `default` when it is absent; at most the bounds of 64
/// bits.
///
/// # Errors
/// When the value does not convert.
pub fn int_or(section: &Map, key: &str, default: i64) -> Result<i64, EvalError> {
    section
        .get(key)
        .map_or(Ok(default), |value| python_int(value).ok_or_else(|| EvalError::config(key, value, "a whole number")))
}

/// The double that Python's `float()` makes of `key`, or `default` when it is absent.
///
/// # Errors
/// When the value does not convert.
pub fn float_or(section: &Map, key: &str, default: f64) -> Result<f64, EvalError> {
    section
        .get(key)
        .map_or(Ok(default), |value| python_float(value).ok_or_else(|| EvalError::config(key, value, "a number")))
}

/// The section's `action` in capitals, or `default` when it is falsy.
///
/// # Errors
/// When it is truthy and no text.
pub fn action_or(section: &Map, default: &str) -> Result<String, EvalError> {
    match section.get("action").filter(|v| v.truthy()) {
        None => Ok(default.to_owned()),
        Some(Value::Str(action)) => Ok(action.to_uppercase()),
        Some(other) => Err(EvalError::config("action", other, "a string")),
    }
}

/// What Python iterates over as texts where a list is expected: a list's items, a string's characters, an object's
/// keys; nothing for what is falsy or absent.
///
/// # Errors
/// When it cannot be iterated over.
pub fn iterated(section: &Map, key: &str) -> Result<Vec<Value>, EvalError> {
    match section.get(key).filter(|v| v.truthy()) {
        None => Ok(Vec::new()),
        Some(Value::List(items)) => Ok(items.clone()),
        Some(Value::Str(text)) => Ok(text.chars().map(|c| Value::Str(c.to_string())).collect()),
        Some(Value::Map(map)) => Ok(map.iter().map(|(k, _)| Value::Str(k.as_text().to_owned())).collect()),
        Some(other) => Err(EvalError::config(key, other, "a list")),
    }
}

/// The texts of a set that the reference makes of a configuration value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextSet {
    /// The texts, in the order given.
    pub texts: Vec<String>,
    /// Whether there is anything else in the set, which fails where the reference compares it as text.
    pub has_others: bool,
}

/// The set that the reference makes of what stands under `key`: a list's items, a string's characters, an object's
/// keys; `None` when the key is absent.
///
/// # Errors
/// When it cannot be iterated over, or holds a list or an object, which no Python set can.
pub fn text_set(section: &Map, key: &str) -> Result<Option<TextSet>, EvalError> {
    let mut set = TextSet::default();
    match section.get(key) {
        None => return Ok(None),
        Some(Value::List(items)) => {
            for item in items {
                match item {
                    Value::Str(text) => set.texts.push(text.clone()),
                    Value::List(_) | Value::Map(_) => return Err(EvalError::config(key, item, "a text")),
                    _ => set.has_others = true,
                }
            }
        }
        Some(Value::Str(text)) => set.texts = text.chars().map(String::from).collect(),
        Some(Value::Map(map)) => {
            set.texts = map.text_entries().map(|(key, _)| key.to_owned()).collect();
            set.has_others = map.has_odd_keys();
        }
        Some(other) => return Err(EvalError::config(key, other, "a list")),
    }
    Ok(Some(set))
}
