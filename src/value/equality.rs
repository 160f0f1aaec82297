//! Python's `==` between values: numbers by their value whatever their kind, containers by their content.

use super::{Map, Number, Value};

impl Value {
    /// Python's `self == other`. A NaN equals nothing, but is taken for itself inside a container.
    #[must_use]
    pub fn python_eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_or_equals(b)),
            (Value::Map(a), Value::Map(b)) => maps_equal(a, b),
            (Value::Null, Value::Null) => true,
            (Value::Str(a), Value::Str(b)) => a == b,
            (Value::Date(a), Value::Date(b)) => a == b,
            _ => match (Number::of(self), Number::of(other)) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
        }
    }

    /// Python's membership test: identity, which the one NaN of its JSON reader has, or equality.
    #[must_use]
    pub fn is_or_equals(&self, other: &Value) -> bool {
        let is_nan = |value: &Value| matches!(value, Value::Float(f) if f.is_nan());
        is_nan(self) && is_nan(other) || self.python_eq(other)
    }
}

fn maps_equal(a: &Map, b: &Map) -> bool {
    a.len() == b.len()
        && a.iter().all(|(key, value)| {
            let other = if key.is_odd() { None } else { b.get(key.as_text()) };
            other.is_some_and(|other| value.is_or_equals(other))
        })
}

#[cfg(test)]
mod tests {
    use super::super::parse_json;

    #[test]
    fn kinds_of_numbers_do_not_matter_and_order_of_keys_neither() {
        for (a, b, equal) in [
            ("1", "1.0", true),
            ("true", "1", true),
            ("0", "false", true),
            ("0", "-0.0", true),
            ("0", "null", false),
            ("1", "\"1\"", false),
            ("[1, [true]]", "[1.0, [1]]", true),
            ("[1]", "[1, 2]", false),
            (r#"{"a": 1, "b": 2}"#, r#"{"b": 2.0, "a": true}"#, true),
            (r#"{"a": 1}"#, r#"{"b": 1}"#, false),
            ("9007199254740993", "9007199254740992.0", false),
            ("NaN", "NaN", false),
            ("[NaN]", "[NaN]", true),
        ] {
            assert_eq!(parse_json(a).unwrap().python_eq(&parse_json(b).unwrap()), equal, "{a} {b}");
        }
    }
}
