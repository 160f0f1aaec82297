//! What a YAML 1.1 scalar means: the implicit types of plain text and the constructors behind the `!!` tags.
//!
//! The grammar is the one of yaml.org/type (2005) as PyYAML's safe loader reads it, deviations included: a float needs
//! a dot and a signed exponent, `y` and `n` are text, `-.5` is text, a leading zero means octal.

use super::super::{Value, write::float_repr};
use base64::Engine as _;
use std::fmt::Write as _;

/// The type of a scalar, by tag or by the look of plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool,
    Int,
    Float,
    Timestamp,
    Binary,
    Str,
    /// `<<`, which is only meaningful as a key.
    Merge,
    /// `=`, which is only meaningful as a key.
    Default,
}

/// The type plain (unquoted, untagged) text has.
pub(super) fn implicit(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "<<" => Kind::Merge,
        "=" => Kind::Default,
        _ if boolean(text).is_some() && uniform_case(text) => Kind::Bool,
        _ if looks_float(text) => Kind::Float,
        _ if looks_int(text) => Kind::Int,
        _ if timestamp(text).is_some() => Kind::Timestamp,
        _ => Kind::Str,
    }
}

/// The value of `text` read as `kind`.
///
/// # Errors
/// What was found and what was expected, without a place.
pub(super) fn construct(kind: Kind, text: &str) -> Result<Value, String> {
    let bad = |expected: &str| {
        let shown: String = text.chars().take(60).collect();
        Err(format!("found {shown:?}{}, expected {expected}", if shown.len() < text.len() { "..." } else { "" }))
    };
    match kind {
        Kind::Null => Ok(Value::Null),
        Kind::Str => Ok(Value::Str(text.to_owned())),
        Kind::Bool => boolean(text).map(Value::Bool).map_or_else(|| bad("yes/no, true/false or on/off"), Ok),
        Kind::Int => int(text).map_or_else(|| bad("an integer"), Ok),
        Kind::Float => float(text).map(Value::Float).map_or_else(|| bad("a number"), Ok),
        Kind::Timestamp => match timestamp(text) {
            Some(Some(date)) => Ok(Value::Date(date.into())),
            _ => bad("a date that exists (quote it if it is meant as text)"),
        },
        Kind::Binary => match decode_base64(text) {
            Some(bytes) => {
                let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
                Ok(Value::Date(format!("!!binary {encoded}").into()))
            }
            None => bad("base64"),
        },
        Kind::Merge | Kind::Default => {
            Err(format!("the mark {text} stands only before a colon; quote it if it is meant as text"))
        }
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "on" => Some(true),
        "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

/// `word`, `Word` or `WORD`.
fn uniform_case(text: &str) -> bool {
    let tail = text.get(1..).unwrap_or_default();
    let upper = |b: u8| b.is_ascii_uppercase();
    let first_upper = text.bytes().next().is_some_and(upper);
    !tail.bytes().any(upper) || (first_upper && tail.bytes().all(upper))
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

fn is_digits(text: &str, extra: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(|b| b == b'_' || extra(b))
}

/// Decimal digits and underscores, starting with a digit.
fn starts_decimal(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && is_digits(text, |b| b.is_ascii_digit())
}

/// `:5`, `:05`, `:59` groups of a base-60 number.
fn is_sixty_group(part: &str) -> bool {
    match part.as_bytes() {
        [d] => d.is_ascii_digit(),
        [t, d] => (b'0'..=b'5').contains(t) && d.is_ascii_digit(),
        _ => false,
    }
}

fn looks_int(text: &str) -> bool {
    let body = unsigned(text);
    if body == "0" {
        return true;
    }
    if let Some(rest) = body.strip_prefix('0') {
        return match rest.as_bytes()[0] {
            b'b' => is_digits(&rest[1..], |b| matches!(b, b'0' | b'1')),
            b'x' => is_digits(&rest[1..], |b| b.is_ascii_hexdigit()),
            _ => is_digits(rest, |b| (b'0'..=b'7').contains(&b)),
        };
    }
    let mut parts = body.split(':');
    parts.next().is_some_and(starts_decimal) && parts.all(is_sixty_group)
}

/// A fraction after the dot, with an optional signed exponent.
fn is_fraction(text: &str) -> bool {
    let (digits, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    digits.bytes().all(|b| b == b'_' || b.is_ascii_digit())
        && exponent.is_none_or(|e| {
            e.strip_prefix(['-', '+']).is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()))
        })
}

fn looks_float(text: &str) -> bool {
    let body = unsigned(text);
    if matches!(body, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let Some((whole, fraction)) = body.split_once('.') else { return false };
    if whole.is_empty() {
        return body == text && fraction.starts_with(|c: char| c.is_ascii_digit()) && is_fraction(fraction);
    }
    match whole.split_once(':') {
        None => starts_decimal(whole) && is_fraction(fraction),
        Some((first, rest)) => {
            starts_decimal(first)
                && rest.split(':').all(is_sixty_group)
                && fraction.bytes().all(|b| b == b'_' || b.is_ascii_digit())
        }
    }
}

fn int(text: &str) -> Option<Value> {
    let compact: String = text.trim().chars().filter(|&c| c != '_').collect();
    let negative = compact.starts_with('-');
    let body = unsigned(&compact);
    let digits = if body.len() > 1 && body.starts_with('0') {
        match body.as_bytes()[1] {
            b'b' => from_radix(&body[2..], 2)?,
            b'x' => from_radix(&body[2..], 16)?,
            _ => from_radix(&body[1..], 8)?,
        }
    } else if body.contains(':') {
        let mut value = 0i128;
        for part in body.split(':') {
            part.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
            value = value.checked_mul(60)?.checked_add(part.parse().ok()?)?;
        }
        value.to_string()
    } else if !body.is_empty() && body.bytes().all(|b| b.is_ascii_digit()) {
        body.to_owned()
    } else {
        return None;
    };
    Some(Value::integer(negative, &digits))
}

/// Decimal digits of an unsigned number of any size written in base 2, 8 or 16.
fn from_radix(digits: &str, radix: u32) -> Option<String> {
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    if let Ok(small) = u128::from_str_radix(digits, radix) {
        return Some(small.to_string());
    }
    // Conversion of the rest is quadratic, so its length is bounded; no policy number is near this.
    if digits.len() > 4096 {
        return None;
    }
    let mut limbs = vec![0u64];
    for digit in digits.chars().filter_map(|c| c.to_digit(radix)) {
        let mut carry = u64::from(digit);
        for limb in &mut limbs {
            let value = *limb * u64::from(radix) + carry;
            *limb = value % 1_000_000_000;
            carry = value / 1_000_000_000;
        }
        if carry > 0 {
            limbs.push(carry);
        }
    }
    let mut out = String::new();
    for (i, limb) in limbs.iter().rev().enumerate() {
        let _ = if i == 0 { write!(out, "{limb}") } else { write!(out, "{limb:09}") };
    }
    Some(out)
}

fn float(text: &str) -> Option<f64> {
    let compact: String = text.trim().chars().filter(|&c| c != '_').collect::<String>().to_ascii_lowercase();
    let sign = if compact.starts_with('-') { -1.0 } else { 1.0 };
    let body = unsigned(&compact);
    match body {
        ".inf" => return Some(sign * f64::INFINITY),
        ".nan" => return Some(f64::NAN),
        _ => {}
    }
    if body.contains(':') {
        let (mut value, mut base) = (0.0, 1.0);
        for part in body.rsplit(':') {
            value += part.parse::<f64>().ok()? * base;
            base *= 60.0;
        }
        return Some(sign * value);
    }
    body.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.').then_some(())?;
    body.parse::<f64>().ok().map(|f| sign * f)
}

/// `None` when `text` does not look like a date; `Some(None)` when it looks like one that does not exist; else the date
/// as Python's `str()` prints it.
fn timestamp(text: &str) -> Option<Option<String>> {
    let mut cursor = Cursor(text.as_bytes());
    let year = cursor.digits(4, 4)?;
    cursor.byte(b'-')?;
    let (month, month_len) = cursor.counted_digits(1, 2)?;
    cursor.byte(b'-')?;
    let (day, day_len) = cursor.counted_digits(1, 2)?;
    let date = real_date(year, month, day).then(|| format!("{year:04}-{month:02}-{day:02}"));
    if cursor.0.is_empty() {
        return (month_len == 2 && day_len == 2).then_some(date);
    }
    if cursor.byte(b'T').is_none() && cursor.byte(b't').is_none() && !cursor.blanks() {
        return None;
    }
    let hour = cursor.digits(1, 2)?;
    cursor.byte(b':')?;
    let minute = cursor.digits(2, 2)?;
    cursor.byte(b':')?;
    let second = cursor.digits(2, 2)?;
    let fraction = if cursor.byte(b'.').is_some() { cursor.take_digits() } else { "" };
    let zone = cursor.zone()?;
    let (Some(date), true) = (date, hour < 24 && minute < 60 && second < 60) else { return Some(None) };
    let mut out = format!("{date} {hour:02}:{minute:02}:{second:02}");
    let micros = &fraction[..fraction.len().min(6)];
    if micros.bytes().any(|b| b != b'0') {
        let _ = write!(out, ".{micros:0<6}");
    }
    if let Some((negative, hours, minutes)) = zone {
        let total = hours * 60 + minutes;
        // Python's timezone refuses a day or more.
        if total >= 24 * 60 {
            return Some(None);
        }
        let sign = if negative && total > 0 { '-' } else { '+' };
        let _ = write!(out, "{sign}{:02}:{:02}", total / 60, total % 60);
    }
    Some(Some(out))
}

fn real_date(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    year >= 1 && (1..=length).contains(&day)
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn byte(&mut self, expected: u8) -> Option<()> {
        let (first, rest) = self.0.split_first()?;
        (*first == expected).then(|| self.0 = rest)
    }

    fn blanks(&mut self) -> bool {
        let n = self.0.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        self.0 = &self.0[n..];
        n > 0
    }

    fn take_digits(&mut self) -> &'a str {
        let n = self.0.iter().take_while(|b| b.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(n);
        self.0 = rest;
        std::str::from_utf8(digits).unwrap_or_default()
    }

    fn counted_digits(&mut self, least: usize, most: usize) -> Option<(u32, usize)> {
        let n = self.0.iter().take(most).take_while(|b| b.is_ascii_digit()).count();
        if n < least {
            return None;
        }
        let value = self.0[..n].iter().fold(0, |v, b| v * 10 + u32::from(b - b'0'));
        self.0 = &self.0[n..];
        Some((value, n))
    }

    fn digits(&mut self, least: usize, most: usize) -> Option<u32> {
        self.counted_digits(least, most).map(|(value, _)| value)
    }

    /// The rest: nothing, or blanks and a zone as (negative, hours, minutes).
    fn zone(&mut self) -> Option<Option<(bool, u32, u32)>> {
        if self.0.is_empty() {
            return Some(None);
        }
        self.blanks();
        if self.byte(b'Z').is_some() {
            return self.0.is_empty().then_some(Some((false, 0, 0)));
        }
        let negative = self.byte(b'-').is_some();
        if !negative {
            self.byte(b'+')?;
        }
        let hours = self.digits(1, 2)?;
        let minutes = if self.byte(b':').is_some() { self.digits(2, 2)? } else { 0 };
        self.0.is_empty().then_some(Some((negative, hours, minutes)))
    }
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let compact: Vec<u8> =
        text.bytes().filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')).collect();
    base64::engine::general_purpose::STANDARD.decode(compact).ok()
}

/// A float as Python's `str()` prints it (`inf` and `nan`, not JSON's words).
pub(super) fn python_float(f: f64) -> String {
    if f.is_nan() {
        "nan".to_owned()
    } else if f.is_infinite() {
        if f > 0.0 { "inf" } else { "-inf" }.to_owned()
    } else {
        float_repr(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Value {
        construct(implicit(text), text).unwrap()
    }

    #[test]
    fn integers_have_five_spellings() {
        for (text, value) in [
            ("0", 0),
            ("-0", 0),
            ("010", 8),
            ("0x1F", 31),
            ("-0b101", -5),
            ("+1_000", 1000),
            ("1:30", 90),
            ("1:30:15", 5415),
            ("0_7", 7),
        ] {
            assert_eq!(read(text), Value::Int(value), "{text}");
        }
        for text in ["08", "0o10", "_1", "1:60", "1 000", "0b", "0x", "1e3", "+", "-"] {
            assert_eq!(read(text), Value::from(text), "{text}");
        }
    }

    #[test]
    fn integers_of_any_size_keep_their_digits() {
        assert_eq!(read("0xFFFFFFFFFFFFFFFFFFFF"), Value::BigInt("1208925819614629174706175".into()));
        let wide = format!("0x1{}", "0".repeat(64));
        assert_eq!(
            read(&wide),
            Value::BigInt("115792089237316195423570985008687907853269984665640564039457584007913129639936".into())
        );
    }

    #[test]
    fn floats_need_a_dot_and_a_signed_exponent() {
        for (text, value) in [
            ("1.0e+3", 1000.0),
            ("1.e+3", 1000.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("1_0.5_0", 10.5),
            ("1:30.5", 90.5),
            ("-.inf", f64::NEG_INFINITY),
        ] {
            assert_eq!(read(text), Value::Float(value), "{text}");
        }
        for text in ["1.0e3", "1E5", "-.nan", "inf", ".", "1.2.3", "-.5"] {
            assert_eq!(read(text), Value::from(text), "{text}");
        }
    }

    #[test]
    fn dates_read_as_python_prints_them() {
        for (text, date) in [
            ("2024-01-01", "2024-01-01"),
            ("2024-01-01 10:00:00", "2024-01-01 10:00:00"),
            ("2024-1-1T1:02:03.5Z", "2024-01-01 01:02:03.500000+00:00"),
            ("2024-01-01 10:00:00 -5:30", "2024-01-01 10:00:00-05:30"),
        ] {
            assert_eq!(read(text), Value::Date(date.into()), "{text}");
        }
        assert_eq!(read("2024-1-1"), Value::from("2024-1-1"));
        assert!(construct(Kind::Timestamp, "2023-02-29").is_err());
    }
}
