//! Which tools may be called.

use super::{DENIED, NOT_ALLOWED};
use crate::engine::EvalError;
use crate::text::{CasedPattern, NeedleSet, Text, chars};
use crate::value::{Map, Value};

/// The allow and deny lists. Entries that are no text never equal a name.
pub(super) struct Names {
    allowed: Option<Vec<String>>,
    denied: Vec<String>,
    /// The denied names as words in free text.
    words: Vec<CasedPattern>,
    /// A denied entry that is no text: the reference fails when it looks for it in free text.
    odd: Option<EvalError>,
}

impl Names {
    pub(super) fn new(section: &Map, needles: &mut NeedleSet) -> Result<Self, EvalError> {
        let allowed = list(section, "allowed", "allowed_tools")?;
        let denied_values = list(section, "denied", "blocked_tools")?;
        let texts = |values: &[Value]| values.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();
        let denied = texts(&denied_values);
        let word = |name: &String| CasedPattern::new(&format!(r"\b{}\b", regex::escape(name)), needles);
        let words = denied.iter().map(word).collect::<Result<_, _>>().map_err(|e| EvalError::new(e.to_string()))?;
        let odd = denied_values.iter().find(|value| value.as_str().is_none());
        Ok(Names {
            allowed: (!allowed.is_empty()).then(|| texts(&allowed)),
            odd: odd.map(|value| EvalError::config("denied", value, "a list of strings")),
            denied,
            words,
        })
    }

    /// The rule that a name breaks. A name with a blank in it is free text, in which denied names are sought as words.
    pub(super) fn check(&self, name: &Text<'_>) -> Result<Option<&'static str>, EvalError> {
        if name.raw().contains(chars::is_space) {
            if self.words.iter().any(|word| word.is_match(name)) {
                return Ok(Some(DENIED));
            }
            return self.odd.clone().map_or(Ok(None), Err);
        }
        let name_is = |other: &String| other == name.raw();
        if self.denied.iter().any(name_is) {
            return Ok(Some(DENIED));
        }
        let refused = self.allowed.as_ref().is_some_and(|allowed| !allowed.iter().any(name_is));
        Ok(refused.then_some(NOT_ALLOWED))
    }
}

/// The entries under `key`, or under `other` when that is absent or falsy, as Python makes a set of them: of a string
/// its characters, of an object its keys; lists and objects cannot be entries.
fn list(section: &Map, key: &str, other: &str) -> Result<Vec<Value>, EvalError> {
    match section.get(key).filter(|v| v.truthy()) {
        Some(value) => set_of(key, value),
        None => section.get(other).map_or(Ok(Vec::new()), |value| set_of(other, value)),
    }
}

/// The entries that Python's `set()` takes from a value.
pub(super) fn set_of(key: &str, value: &Value) -> Result<Vec<Value>, EvalError> {
    match value {
        Value::Str(text) => Ok(text.chars().map(|c| Value::Str(c.to_string())).collect()),
        Value::Map(map) => Ok(map.iter().map(|(k, _)| Value::from(k.as_text())).collect()),
        Value::List(items) => match items.iter().find(|item| matches!(item, Value::List(_) | Value::Map(_))) {
            Some(item) => Err(EvalError::config(key, item, "a string")),
            None => Ok(items.clone()),
        },
        other => Err(EvalError::config(key, other, "a list")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse_json;

    fn check(section: &str, name: &str) -> Result<Option<&'static str>, EvalError> {
        let Ok(Value::Map(section)) = parse_json(section) else { panic!("{section}") };
        let mut needles = NeedleSet::new();
        let names = Names::new(&section, &mut needles)?;
        let prefilter = needles.build();
        names.check(&Text::new(name, &prefilter))
    }

    #[test]
    fn names_are_compared_exactly() {
        assert_eq!(check(r#"{"denied": ["f"], "allowed": ["f", "g"]}"#, "f").unwrap(), Some(DENIED));
        assert_eq!(check(r#"{"allowed": ["f"]}"#, "F").unwrap(), Some(NOT_ALLOWED));
        assert_eq!(check(r#"{"allowed": [], "allowed_tools": "fg"}"#, "g").unwrap(), None);
        assert_eq!(check(r#"{"allowed": [5]}"#, "5").unwrap(), Some(NOT_ALLOWED));
    }

    #[test]
    fn free_text_is_searched_for_denied_words_and_always_allowed() {
        assert_eq!(check(r#"{"denied": ["rm"], "allowed": ["x"]}"#, "run rm now").unwrap(), Some(DENIED));
        assert_eq!(check(r#"{"denied": ["rm"], "allowed": ["x"]}"#, "run rmé RM").unwrap(), None);
        assert_eq!(check(r#"{"denied": ["-rm"]}"#, "x-rm y").unwrap(), Some(DENIED));
        assert_eq!(check(r#"{"denied": ["-rm"]}"#, "run -rm").unwrap(), None);
        assert_eq!(check(r#"{"denied": [""]}"#, "- é").unwrap(), Some(DENIED));
        assert_eq!(check(r#"{"denied": [""]}"#, "- -").unwrap(), None);
    }

    #[test]
    fn entries_of_other_kinds_fail_where_python_fails() {
        assert_eq!(check(r#"{"denied": [5, "x"]}"#, "a x").unwrap(), Some(DENIED));
        assert!(check(r#"{"denied": [5]}"#, "a x").is_err());
        assert!(check(r#"{"denied": [5]}"#, "ax").is_ok());
        for section in
            [r#"{"denied": [[]]}"#, r#"{"allowed": 5}"#, r#"{"allowed_tools": null}"#, r#"{"allowed": [{}]}"#]
        {
            assert!(check(section, "ax").is_err(), "{section}");
        }
        assert!(check(r#"{"allowed": null}"#, "ax").is_ok());
    }
}
