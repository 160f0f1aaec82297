//! Python's `str()` of a value: what the reference makes of a source that is not text.

use super::write::float_repr;
use super::{Map, Value, surrogate};
use regex_syntax::hir::{Class, HirKind};
use std::fmt::Write as _;
use std::sync::OnceLock;

/// The text that Python's `str()` gives: a string is itself, everything else is written as a literal (`True`, `None`,
/// `1e+20`, `{'key': ['x']}`).
#[must_use]
pub fn python_str(value: &Value) -> String {
    if let Value::Str(text) = value {
        return text.clone();
    }
    let mut out = String::new();
    write_repr(value, &mut out);
    out
}

fn write_repr(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Int(i) => {
            let _ = write!(out, "{i}");
        }
        Value::BigInt(digits) => out.push_str(digits),
        Value::Float(f) if f.is_nan() => out.push_str("nan"),
        Value::Float(f) if f.is_infinite() => out.push_str(if *f > 0.0 { "inf" } else { "-inf" }),
        Value::Float(f) => out.push_str(&float_repr(*f)),
        Value::Str(text) => write_text(text, out),
        Value::Date(text) => out.push_str(text),
        Value::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                write_repr(item, out);
            }
            out.push(']');
        }
        Value::Map(map) => write_map(map, out),
    }
}

fn write_map(map: &Map, out: &mut String) {
    out.push('{');
    for (i, (key, value)) in map.iter().enumerate() {
        out.push_str(if i > 0 { ", " } else { "" });
        if key.is_odd() {
            out.push_str(key.as_text());
        } else {
            write_text(key.as_text(), out);
        }
        out.push_str(": ");
        write_repr(value, out);
    }
    out.push('}');
}

/// A string literal: single quotes unless the text has only single ones, escapes for what does not print.
fn write_text(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            _ if c == quote => out.extend(['\\', c]),
            _ if is_printable(c) => out.push(c),
            _ => {
                let point = surrogate::original(c).map_or(u32::from(c), u32::from);
                let _ = match point {
                    0..=0xFF => write!(out, "\\x{point:02x}"),
                    0x100..=0xFFFF => write!(out, "\\u{point:04x}"),
                    _ => write!(out, "\\U{point:08x}"),
                };
            }
        }
    }
    out.push(quote);
}

/// Python's `str.isprintable` for one character: in Unicode 14, and neither control, format, private nor blank (the
/// space alone excepted).
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return (' '..='~').contains(&c);
    }
    static RANGES: OnceLock<Vec<(char, char)>> = OnceLock::new();
    let ranges = RANGES.get_or_init(|| {
        let hir = regex_syntax::parse(r"[\p{Age=14.0}--[\p{C}\p{Z}]]").expect("a constant class parses");
        let HirKind::Class(Class::Unicode(class)) = hir.kind() else { return Vec::new() };
        class.ranges().iter().map(|r| (r.start(), r.end())).collect()
    });
    let at = ranges.partition_point(|&(_, last)| last < c);
    ranges.get(at).is_some_and(|&(first, _)| first <= c)
}

#[cfg(test)]
mod tests {
    use super::super::parse_json;
    use super::*;

    fn display(json: &str) -> String {
        python_str(&parse_json(json).unwrap())
    }

    #[test]
    fn a_string_is_itself_and_the_rest_are_literals() {
        for (json, text) in [
            (r#""it's""#, "it's"),
            ("null", "None"),
            ("[true, 1.0, 1e20, 1e-5, NaN, -Infinity]", "[True, 1.0, 1e+20, 1e-05, nan, -inf]"),
            (r#"{"a": ["x'y", "\"", "'\""], "b": {}}"#, r#"{'a': ["x'y", '"', '\'"'], 'b': {}}"#),
            (r#"["\n\t\\\u0001\u007f"]"#, r"['\n\t\\\x01\x7f']"),
            ("[123456789012345678901234567890]", "[123456789012345678901234567890]"),
        ] {
            assert_eq!(display(json), text);
        }
    }

    #[test]
    fn characters_that_do_not_print_are_escaped() {
        assert_eq!(
            display("[\"é\u{a0}\u{ad}\u{200b}\u{2028}\u{3000}\u{e000}\u{e0001}😀\"]"),
            r"['é\xa0\xad\u200b\u2028\u3000\ue000\U000e0001😀']"
        );
        assert_eq!(display(r#"["\ud800"]"#), r"['\ud800']");
        // Assigned after Unicode 14.
        assert_eq!(display("[\"\u{1FAE8}\"]"), r"['\U0001fae8']");
    }
}
