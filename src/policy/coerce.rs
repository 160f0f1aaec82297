//! Which values count as a boolean, an integer or a number, and what they become.
//!
//! The rules are those of pydantic's lax mode, measured: `"70"` is 70, `"no"` is false, `true` is 1, `" 5 "` is 5.0.

use crate::value::Value;

/// Longest digit string that becomes an integer.
const MAX_DIGITS: usize = 4300;
/// Doubles of this size and beyond are not converted to integers.
const INT_LIMIT: f64 = 9_223_372_036_854_775_808.0;

/// An outcome: the converted value or the error code.
pub(super) type Coerced<T> = Result<T, &'static str>;

pub(super) fn bool(value: &Value) -> Coerced<bool> {
    let from_number = |n: f64| match n {
        0.0 => Ok(false),
        1.0 => Ok(true),
        _ => Err("bool_parsing"),
    };
    match value {
        Value::Bool(b) => Ok(*b),
        Value::Int(0) => Ok(false),
        Value::Int(1) => Ok(true),
        Value::Int(_) => Err("bool_parsing"),
        Value::Float(f) if f.fract() == 0.0 && f.abs() < INT_LIMIT => from_number(*f),
        Value::Str(text) => match text.to_ascii_lowercase().as_str() {
            "1" | "t" | "true" | "y" | "yes" | "on" => Ok(true),
            "0" | "f" | "false" | "n" | "no" | "off" => Ok(false),
            _ => Err("bool_parsing"),
        },
        _ => Err("bool_type"),
    }
}

pub(super) fn int(value: &Value) -> Coerced<Value> {
    match value {
        Value::Bool(b) => Ok(Value::Int(i64::from(*b))),
        Value::Int(_) | Value::BigInt(_) => Ok(value.clone()),
        Value::Float(f) if !f.is_finite() => Err("finite_number"),
        Value::Float(f) if f.fract() != 0.0 => Err("int_from_float"),
        Value::Float(f) if f.abs() >= INT_LIMIT => Err("int_parsing_size"),
        #[allow(clippy::cast_possible_truncation)]
        Value::Float(f) => Ok(Value::Int(*f as i64)),
        Value::Str(text) => int_from_text(text.trim()),
        _ => Err("int_type"),
    }
}

fn int_from_text(text: &str) -> Coerced<Value> {
    let failed = Err("int_parsing");
    let negative = text.starts_with('-');
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = match body.split_once('.') {
        None => body,
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => whole,
        Some(_) => return failed,
    };
    let digits = if whole.starts_with('0') {
        // Zeros in front may carry any underscores; what follows may not.
        let rest = whole.trim_start_matches(['0', '_']);
        if rest.is_empty() && whole.ends_with('0') {
            return Ok(Value::Int(0));
        }
        rest
    } else {
        whole
    };
    if digits.is_empty()
        || digits.split('_').any(|group| group.is_empty() || !group.bytes().all(|b| b.is_ascii_digit()))
    {
        return failed;
    }
    let compact = digits.replace('_', "");
    if compact.len() > MAX_DIGITS {
        return Err("int_parsing_size");
    }
    Ok(Value::integer(negative, &compact))
}

pub(super) fn float(value: &Value) -> Coerced<f64> {
    match value {
        Value::Float(f) => Ok(*f),
        Value::Bool(_) | Value::Int(_) | Value::BigInt(_) => {
            value.as_number().filter(|f| f.is_finite()).ok_or("float_type")
        }
        Value::Str(text) => {
            let text = text.trim();
            if text.starts_with('_') || text.ends_with('_') || text.contains("__") {
                return Err("float_parsing");
            }
            text.replace('_', "").parse().map_err(|_| "float_parsing")
        }
        _ => Err("float_type"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_integers_as_pydantic_reads_them() {
        for (text, wanted) in [
            ("007", Ok(7)),
            (" +5 ", Ok(5)),
            ("-5.00", Ok(-5)),
            ("1_000", Ok(1000)),
            ("0__1", Ok(1)),
            ("0_0", Ok(0)),
            ("-0_1", Ok(-1)),
            ("00.0", Ok(0)),
            ("\u{a0}5", Ok(5)),
            ("0_", Err("int_parsing")),
            ("1__0", Err("int_parsing")),
            ("_5", Err("int_parsing")),
            ("5_", Err("int_parsing")),
            ("5.", Err("int_parsing")),
            ("60.5", Err("int_parsing")),
            ("5e1", Err("int_parsing")),
            ("0x10", Err("int_parsing")),
            ("\u{663}", Err("int_parsing")),
            ("- 5", Err("int_parsing")),
            ("", Err("int_parsing")),
        ] {
            assert_eq!(int(&text.into()), wanted.map(Value::Int), "{text:?}");
        }
        assert_eq!(int(&"9".repeat(4301).as_str().into()), Err("int_parsing_size"));
        assert!(matches!(int(&"9".repeat(4300).as_str().into()), Ok(Value::BigInt(_))));
    }

    #[test]
    fn texts_become_numbers_as_pydantic_reads_them() {
        for (text, wanted) in [
            ("5.", Ok(5.0)),
            (".5", Ok(0.5)),
            ("1e3", Ok(1000.0)),
            ("1_0.5", Ok(10.5)),
            ("-_1", Ok(-1.0)),
            ("in_f", Ok(f64::INFINITY)),
            ("0__1", Err("float_parsing")),
            ("e5", Err("float_parsing")),
            ("0x1", Err("float_parsing")),
        ] {
            assert_eq!(float(&text.into()), wanted, "{text:?}");
        }
    }

    #[test]
    fn numbers_are_converted_only_without_loss() {
        assert_eq!(int(&Value::Float(60.0)), Ok(Value::Int(60)));
        assert_eq!(int(&Value::Float(0.5)), Err("int_from_float"));
        assert_eq!(int(&Value::Float(1e30)), Err("int_parsing_size"));
        assert_eq!(int(&Value::Float(f64::NAN)), Err("finite_number"));
        assert_eq!(bool(&Value::Float(1.0)), Ok(true));
        assert_eq!(bool(&Value::Float(2.0)), Err("bool_parsing"));
        assert_eq!(bool(&Value::Float(0.5)), Err("bool_type"));
        assert_eq!(float(&Value::integer(false, &"9".repeat(400))), Err("float_type"));
    }
}
