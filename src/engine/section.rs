//! Reading a detector's section of the policy the way the reference reads it.

use super::detector::EvalError;
use crate::api::Stage;
use crate::value::{Map, Value, python_float, python_int};

/// The stages a section runs at: its own `stages` when truthy, else the default set.
pub(super) fn stages(section: &Map, default: u8) -> Result<u8, EvalError> {
    let Some(named) = section.get("stages").filter(|v| v.truthy()) else { return Ok(default) };
    Stage::ALL
        .into_iter()
        .try_fold(0, |set, stage| Ok(if admits(named, stage.name(), "stages")? { set | stage.bit() } else { set }))
}

/// Whether a container holds a name, as Python's `in` tests it: a list its items, an object its keys, a string any
/// name that is part of it; a number cannot be tested.
pub(super) fn admits(container: &Value, name: &str, key: &str) -> Result<bool, EvalError> {
    match container {
        Value::List(names) => Ok(names.iter().any(|n| n.as_str() == Some(name))),
        Value::Str(names) => Ok(names.contains(name)),
        Value::Map(names) => Ok(names.contains_key(name)),
        other => Err(EvalError::config(key, other, "a list of names")),
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
    section.get(key).filter(|v| v.truthy()).map_or(Ok(Vec::new()), |value| items_of(key, value))
}

/// What Python iterates over in the value of `key`: a list's items, a string's characters, an object's keys.
///
/// # Errors
/// When it cannot be iterated over.
pub fn items_of(key: &str, value: &Value) -> Result<Vec<Value>, EvalError> {
    match value {
        Value::List(items) => Ok(items.clone()),
        Value::Str(text) => Ok(text.chars().map(|c| Value::Str(c.to_string())).collect()),
        Value::Map(map) => Ok(map.iter().map(|(k, _)| Value::Str(k.as_text().to_owned())).collect()),
        other => Err(EvalError::config(key, other, "a list")),
    }
}

/// Python's `text in value` for the value of `key`: a list's items, an object's keys, a string's substrings.
///
/// # Errors
/// When the value can hold nothing.
pub fn holds(key: &str, value: &Value, text: &str) -> Result<bool, EvalError> {
    match value {
        Value::List(items) => Ok(items.iter().any(|item| item.as_str() == Some(text))),
        Value::Map(map) => Ok(map.contains_key(text)),
        Value::Str(whole) => Ok(whole.contains(text)),
        other => Err(EvalError::config(key, other, "a list of names")),
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
