//! The JSON-like value that policies, metadata and manifests are made of, with Python's semantics.
//!
//! The reference engine is written in Python, and its verdicts depend on Python's idea of a value: `0`, `""` and `[]`
//! are false, `1` and `1.0` are equal but hash differently as policy text, integers have any size, `NaN` is legal JSON,
//! duplicate keys keep the last value, and a lone surrogate is a character like any other. [`Value`] keeps all of that;
//! `serde_json::Value` cannot.
//!
//! Lone surrogates: Rust strings cannot hold U+D800..U+DFFF, so the reader stores them shifted into the last
//! private-use block (see [`surrogate`]) and the writer shifts them back. Neither range is a letter, digit, blank
//! or symbol that any detector names, so matching is unaffected.

mod display;
mod equality;
mod json;
mod number;
mod scan;
mod write;
mod yaml;

pub use display::python_str;
pub use json::{JsonError, JsonReader, parse_json, parse_json_bytes, parse_json_within};
pub use number::{Number, python_float, python_int};
pub(crate) use scan::Stops;
pub use write::{canonical_json, python_json, python_json_sorted, write_json_str};
pub use yaml::{YamlError, parse_yaml, write_yaml};

use indexmap::{Equivalent, IndexMap};
use std::hash::{Hash, Hasher};

/// A value read from JSON or YAML. Objects keep the order of their keys.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer that fits 64 bits.
    Int(i64),
    /// An integer beyond 64 bits: canonical decimal digits with an optional leading `-`.
    BigInt(Box<str>),
    /// A number with a fraction or an exponent, `NaN` or an infinity.
    Float(f64),
    /// Text.
    Str(String),
    /// An array.
    List(Vec<Value>),
    /// An object.
    Map(Map),
    /// A YAML value that JSON lacks: a date or timestamp as Python's `str()` prints it, or binary data or a set as
    /// YAML with its tag (`!!binary aGk=`, `!!set {"a"}`).
    Date(Box<str>),
}

/// An object: insertion-ordered, a repeated key keeps its first place and its last value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map(IndexMap<Key, Value>);

/// An object's key. JSON has only text keys; YAML may have others (`on:` is the key `true`).
#[derive(Clone, Debug, Eq)]
pub enum Key {
    /// Text.
    Str(Box<str>),
    /// A key of another type, known by the text Python's `str()` gives for it.
    Odd(Box<str>),
}

impl Key {
    /// The key as text; for a non-string key what Python's `str()` prints.
    #[must_use]
    pub fn as_text(&self) -> &str {
        match self {
            Key::Str(s) | Key::Odd(s) => s,
        }
    }

    /// Whether the key is not a string.
    #[must_use]
    pub fn is_odd(&self) -> bool {
        matches!(self, Key::Odd(_))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.is_odd() == other.is_odd() && self.as_text() == other.as_text()
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_text().hash(state);
    }
}

impl Equivalent<Key> for str {
    fn equivalent(&self, key: &Key) -> bool {
        matches!(key, Key::Str(s) if &**s == self)
    }
}

impl From<&str> for Key {
    fn from(s: &str) -> Self {
        Key::Str(s.into())
    }
}

/// Objects up to this size are searched entry by entry, which takes less time than hashing a key.
const FEW: usize = 8;

impl Map {
    /// An empty object.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value under a text key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        if self.len() > FEW {
            return self.0.get(key);
        }
        self.0.iter().find(|(known, _)| key.equivalent(*known)).map(|(_, value)| value)
    }

    /// What `pick` makes of the value under the first of `keys` that is present and that it accepts.
    pub fn first<'m, T>(&'m self, keys: &[&str], mut pick: impl FnMut(&'m Value) -> Option<T>) -> Option<T> {
        keys.iter().find_map(|key| self.get(key).and_then(&mut pick))
    }

    /// A mutable reference to the value under a text key.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.0.get_mut(key)
    }

    /// A mutable reference to the value under any key.
    pub fn get_key_mut(&mut self, key: &Key) -> Option<&mut Value> {
        self.0.get_mut(key)
    }

    /// Whether the text key is present (its value may be null).
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Sets a key; an existing key keeps its place.
    pub fn insert(&mut self, key: impl Into<Key>, value: Value) -> Option<Value> {
        self.0.insert(key.into(), value)
    }

    /// Removes a text key, closing the gap (the order of the others stays).
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.0.shift_remove(key)
    }

    /// Entries in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Key, &Value)> + ExactSizeIterator {
        self.0.iter()
    }

    /// Entries in order whose key is text.
    pub fn text_entries(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().filter(|(k, _)| !k.is_odd()).map(|(k, v)| (k.as_text(), v))
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any key of this object (not of nested ones) is not text.
    #[must_use]
    pub fn has_odd_keys(&self) -> bool {
        self.0.keys().any(Key::is_odd)
    }
}

impl FromIterator<(Key, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Key, Value)>>(iter: I) -> Self {
        Map(iter.into_iter().collect())
    }
}

impl IntoIterator for Map {
    type Item = (Key, Value);
    type IntoIter = indexmap::map::IntoIter<Key, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Value {
    /// The integer with these decimal digits (leading zeros allowed; no digits at all is zero), of any size.
    #[must_use]
    pub fn integer(negative: bool, digits: &str) -> Self {
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() {
            return Value::Int(0);
        }
        let text = if negative { format!("-{digits}") } else { digits.to_owned() };
        text.parse().map_or_else(|_| Value::BigInt(text.into()), Value::Int)
    }

    /// Python's truthiness: null, false, 0, 0.0, "", [] and {} are false.
    #[must_use]
    pub fn truthy(&self) -> bool {
        match self {
            Value::Null => false,
            Value::Bool(b) => *b,
            Value::Int(i) => *i != 0,
            Value::Float(f) => *f != 0.0,
            Value::Str(s) => !s.is_empty(),
            Value::List(l) => !l.is_empty(),
            Value::Map(m) => !m.is_empty(),
            Value::BigInt(_) => true,
            Value::Date(text) => !matches!(&**text, "!!binary " | "!!set {}"),
        }
    }

    /// The text, if this is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Value::Str(s) = self { Some(s) } else { None }
    }

    /// The text without blanks around it, if this is a string of more than blanks.
    #[must_use]
    pub fn as_filled_str(&self) -> Option<&str> {
        self.as_str().map(crate::text::chars::trim).filter(|s| !s.is_empty())
    }

    /// The object, if this is one.
    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        if let Value::Map(m) = self { Some(m) } else { None }
    }

    /// The items, if this is an array.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Value]> {
        if let Value::List(l) = self { Some(l) } else { None }
    }

    /// The number as a double where Python would compare it as one: int, float or bool (true is 1).
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Value::Bool(b) => Some(f64::from(u8::from(*b))),
            #[allow(clippy::cast_precision_loss)]
            Value::Int(i) => Some(*i as f64),
            Value::BigInt(s) => s.parse().ok(),
            Value::Float(f) => Some(*f),
            _ => None,
        }
    }

    /// Whether this is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The value under `key`, if this is an object that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map().and_then(|m| m.get(key))
    }

    /// The kind of value in JSON's words, for messages ("an object", "a string", "null", ...).
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Int(_) | Value::BigInt(_) => "an integer",
            Value::Float(_) => "a number",
            Value::Str(_) => "a string",
            Value::List(_) => "an array",
            Value::Map(_) => "an object",
            Value::Date(text) if text.starts_with("!!binary") => "binary data",
            Value::Date(text) if text.starts_with("!!set") => "a set",
            Value::Date(_) => "a date",
        }
    }
}

impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Value::Str(s.to_owned())
    }
}

/// Lone surrogates in Rust strings: U+D800+k is stored as U+10F800+k.
pub mod surrogate {
    const SHIFTED: u32 = 0x10_F800;

    /// The stand-in for the lone surrogate `unit` (0xD800..=0xDFFF).
    #[must_use]
    pub fn stand_in(unit: u16) -> char {
        char::from_u32(SHIFTED + u32::from(unit) - 0xD800).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    /// Whether a text holds a lone surrogate, which UTF-8 cannot write: the reference fails where it has to.
    #[must_use]
    pub fn is_in(text: &str) -> bool {
        // The shifted block is F4 8F A0 80 and above.
        memchr::memchr_iter(0xF4, text.as_bytes())
            .any(|at| text.as_bytes().get(at + 1..at + 3).is_some_and(|rest| rest >= [0x8F, 0xA0].as_slice()))
    }

    /// The lone surrogate that `c` stands for, if any.
    #[must_use]
    pub fn original(c: char) -> Option<u16> {
        let c = u32::from(c);
        #[allow(clippy::cast_possible_truncation)]
        (c >= SHIFTED).then(|| (c - SHIFTED + 0xD800) as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_in_objects_of_any_size() {
        for size in 0..2 * FEW {
            let key = |n: usize| "k".repeat(n);
            let mut map: Map = (0..size).map(|n| (Key::from(&*key(n)), Value::from(&*n.to_string()))).collect();
            for n in 0..size {
                assert_eq!(map.get(&key(n)), Some(&Value::from(&*n.to_string())));
            }
            assert!(map.get("x").is_none() && !map.contains_key(&key(size)));
            map.insert(Key::Odd("x".into()), Value::Null);
            assert!(map.get("x").is_none(), "a key of another type is no text");
        }
    }
}
