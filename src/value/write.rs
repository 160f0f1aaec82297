//! Writing values as Python's `json.dumps` does, in the forms the reference hashes, signs and shows.

use super::{Key, Map, Value, surrogate};
use std::fmt::Write as _;

/// Compact JSON with keys sorted by code point and non-ASCII characters escaped: the form that policy hashes and
/// bundle signatures cover.
#[must_use]
pub fn canonical_json(value: &Value) -> String {
    let mut out = String::new();
    Style { item: ",", key: ":", sorted: true, ascii: true }.write(value, &mut out);
    out
}

/// Python's default layout (`", "` and `": "`, key order kept); `ascii` escapes everything beyond ASCII.
#[must_use]
pub fn python_json(value: &Value, ascii: bool) -> String {
    let mut out = String::new();
    Style { item: ", ", key: ": ", sorted: false, ascii }.write(value, &mut out);
    out
}

/// Python's default layout with keys sorted by code point, non-ASCII characters kept.
#[must_use]
pub fn python_json_sorted(value: &Value) -> String {
    let mut out = String::new();
    Style { item: ", ", key: ": ", sorted: true, ascii: false }.write(value, &mut out);
    out
}

struct Style {
    item: &'static str,
    key: &'static str,
    sorted: bool,
    ascii: bool,
}

impl Style {
    fn write(&self, value: &Value, out: &mut String) {
        match value {
            Value::Null => out.push_str("null"),
            Value::Bool(true) => out.push_str("true"),
            Value::Bool(false) => out.push_str("false"),
            Value::Int(i) => {
                let _ = write!(out, "{i}");
            }
            Value::BigInt(digits) => out.push_str(digits),
            Value::Float(f) => out.push_str(&float_repr(*f)),
            Value::Str(s) => write_json_str(s, self.ascii, out),
            Value::Date(text) => write_json_str(text, self.ascii, out),
            Value::List(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push_str(self.item);
                    }
                    self.write(item, out);
                }
                out.push(']');
            }
            Value::Map(map) => self.map(map, out),
        }
    }

    fn map(&self, map: &Map, out: &mut String) {
        let mut entries: Vec<_> = map.iter().collect();
        if self.sorted {
            entries.sort_by(|a, b| compare_keys(a.0, b.0));
        }
        out.push('{');
        for (i, (key, value)) in entries.into_iter().enumerate() {
            if i > 0 {
                out.push_str(self.item);
            }
            write_json_str(json_key(key), self.ascii, out);
            out.push_str(self.key);
            self.write(value, out);
        }
        out.push('}');
    }
}

/// A key as `json.dumps` writes it: an odd key by its JSON word.
fn json_key(key: &Key) -> &str {
    match key {
        Key::Str(text) => text,
        Key::Odd(text) => match &**text {
            "None" => "null",
            "True" => "true",
            "False" => "false",
            "nan" => "NaN",
            "inf" => "Infinity",
            "-inf" => "-Infinity",
            other => other,
        },
    }
}

/// Python sorts keys before it turns them into text, so numbers sort by value.
fn compare_keys(a: &Key, b: &Key) -> std::cmp::Ordering {
    let number = |key: &Key| match key {
        Key::Str(_) => None,
        Key::Odd(text) => match &**text {
            "False" => Some(0.0),
            "True" => Some(1.0),
            other => other.parse::<f64>().ok(),
        },
    };
    match (number(a), number(b)) {
        (Some(x), Some(y)) => x.total_cmp(&y),
        _ => compare_code_points(a.as_text(), b.as_text()),
    }
}

/// Order by code point, with stand-ins of lone surrogates at the place of the surrogate.
fn compare_code_points(a: &str, b: &str) -> std::cmp::Ordering {
    let key = |c: char| surrogate::original(c).map_or(u32::from(c), u32::from);
    a.chars().map(key).cmp(b.chars().map(key))
}

/// Appends `text` as a JSON string. With `ascii`, everything outside U+0020..U+007E is escaped; without, only quotes,
/// backslashes, control characters and lone surrogates are.
pub fn write_json_str(text: &str, ascii: bool, out: &mut String) {
    out.push('"');
    let mut plain = 0;
    for (i, c) in text.char_indices() {
        let lone = surrogate::original(c);
        let escape =
            matches!(c, '"' | '\\' | '\0'..='\u{1f}') || lone.is_some() || (ascii && !(' '..='~').contains(&c));
        if !escape {
            continue;
        }
        out.push_str(&text[plain..i]);
        plain = i + c.len_utf8();
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            _ => match lone {
                Some(unit) => {
                    let _ = write!(out, "\\u{unit:04x}");
                }
                None => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        let _ = write!(out, "\\u{unit:04x}");
                    }
                }
            },
        }
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

/// A double as Python's `repr` writes it: the shortest text that reads back, fixed for exponents -4..=15.
pub(crate) fn float_repr(f: f64) -> String {
    if f.is_nan() {
        return "NaN".to_owned();
    }
    if f.is_infinite() {
        return if f > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    // Rust's `{:e}` prints the shortest digits that read back, as d.ddde±x.
    let scientific = format!("{f:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let fixed = format!("{f}");
        return if fixed.contains('.') { fixed } else { fixed + ".0" };
    }
    format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::super::parse_json;
    use super::*;

    #[test]
    fn floats_read_as_python_prints_them() {
        for (f, text) in [
            (1.0, "1.0"),
            (100.0, "100.0"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e22, "1.5e+22"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (-2.5e-10, "-2.5e-10"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
        ] {
            assert_eq!(float_repr(f), text);
        }
    }

    #[test]
    fn canonical_form_sorts_and_escapes() {
        let v = parse_json("{\"b\": [1, 1.0], \"10\": \"é\u{7f}\u{1F600}/\", \"9\": null}").unwrap();
        assert_eq!(canonical_json(&v), r#"{"10":"\u00e9\u007f\ud83d\ude00/","9":null,"b":[1,1.0]}"#);
        assert_eq!(python_json(&v, false), "{\"b\": [1, 1.0], \"10\": \"é\u{7f}\u{1F600}/\", \"9\": null}");
    }

    #[test]
    fn lone_surrogates_are_written_back() {
        let text = r#""\ud800a""#;
        assert_eq!(canonical_json(&parse_json(text).unwrap()), text);
    }
}
