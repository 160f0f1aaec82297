//! Writing values as block-style YAML that any YAML 1.1 or 1.2 reader reads back the same.

use super::scalar::{self, Kind};
use crate::value::write::float_repr;
use crate::value::{Key, Map, Value};
use std::fmt::Write as _;

/// Keys whose text is longer get YAML's explicit `? key` form, since readers bound the length of the short form.
const LONGEST_SHORT_KEY: usize = 120;

/// The value as a YAML document: block style, key order kept, two-blank steps, lists at the level of their key.
///
/// Text is quoted only where it would read as something else. The document reads back equal to `value`.
#[must_use]
pub fn write_yaml(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Map(map) if !map.is_empty() => write_map(map, 0, false, &mut out),
        Value::List(items) if !items.is_empty() => write_list(items, 0, false, &mut out),
        scalar => {
            write_scalar(scalar, &mut out);
            out.push('\n');
        }
    }
    out
}

fn indent(level: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', level));
}

/// `inline` means the first entry continues a line that already has its `- `.
fn write_map(map: &Map, level: usize, inline: bool, out: &mut String) {
    for (i, (key, value)) in map.iter().enumerate() {
        if i > 0 || !inline {
            indent(level, out);
        }
        let key = key_text(key);
        if key.len() > LONGEST_SHORT_KEY {
            let _ = writeln!(out, "? {key}");
            indent(level, out);
        } else {
            out.push_str(&key);
        }
        out.push(':');
        match value {
            Value::Map(inner) if !inner.is_empty() => {
                out.push('\n');
                write_map(inner, level + 2, false, out);
            }
            Value::List(items) if !items.is_empty() => {
                out.push('\n');
                write_list(items, level, false, out);
            }
            scalar => {
                out.push(' ');
                write_scalar(scalar, out);
                out.push('\n');
            }
        }
    }
}

fn write_list(items: &[Value], level: usize, inline: bool, out: &mut String) {
    for (i, item) in items.iter().enumerate() {
        if i > 0 || !inline {
            indent(level, out);
        }
        out.push_str("- ");
        match item {
            Value::Map(inner) if !inner.is_empty() => write_map(inner, level + 2, true, out),
            Value::List(inner) if !inner.is_empty() => write_list(inner, level + 2, true, out),
            scalar => {
                write_scalar(scalar, out);
                out.push('\n');
            }
        }
    }
}

fn write_scalar(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Int(i) => {
            let _ = write!(out, "{i}");
        }
        Value::BigInt(digits) => out.push_str(digits),
        Value::Float(f) => out.push_str(&yaml_float(*f)),
        Value::Str(text) => write_text(text, out),
        Value::Date(text) => out.push_str(text),
        Value::List(_) => out.push_str("[]"),
        Value::Map(_) => out.push_str("{}"),
    }
}

/// YAML 1.1 reads `1e+16` as text, so the mantissa gets its dot.
fn yaml_float(f: f64) -> String {
    if f.is_nan() {
        return ".nan".to_owned();
    }
    if f.is_infinite() {
        return if f > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let text = float_repr(f);
    match text.split_once('e') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0e{exponent}"),
        _ => text,
    }
}

/// A key as it stands before its colon. An odd key is known by Python's text for it, which YAML spells differently
/// for a few values.
pub(super) fn key_text(key: &Key) -> String {
    let mut out = String::new();
    match key {
        Key::Str(text) => write_text(text, &mut out),
        Key::Odd(text) => match &**text {
            "None" => out.push_str("null"),
            "True" => out.push_str("true"),
            "False" => out.push_str("false"),
            "inf" | "-inf" | "nan" => out.push_str(&yaml_float(text.parse().unwrap_or(f64::NAN))),
            other => match other.parse::<f64>() {
                Ok(f) if other.contains('e') => out.push_str(&yaml_float(f)),
                _ => out.push_str(other),
            },
        },
    }
    out
}

fn write_text(text: &str, out: &mut String) {
    if needs_escapes(text) {
        write_double_quoted(text, out);
    } else if reads_as_text(text) {
        out.push_str(text);
    } else {
        out.push('\'');
        out.push_str(&text.replace('\'', "''"));
        out.push('\'');
    }
}

fn is_invisible(c: char) -> bool {
    c.is_control() || matches!(c, '\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn needs_escapes(text: &str) -> bool {
    text.chars().any(is_invisible)
}

/// Whether the text may stand without quotes in block context.
fn reads_as_text(text: &str) -> bool {
    let starts_well =
        text.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '/' | '(' | '$' | '^' | '\\'));
    starts_well
        && scalar::implicit(text) == Kind::Str
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
}

pub(super) fn write_double_quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_invisible(c) => {
                let code = u32::from(c);
                let _ = if code < 0x100 { write!(out, "\\x{code:02x}") } else { write!(out, "\\u{code:04x}") };
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
