//! Python's numbers: whole numbers of any size beside doubles, compared exactly, and the conversions `int()` and
//! `float()` that configuration values go through.

use super::Value;
use crate::text::chars;
use std::cmp::Ordering;

/// More decimal digits than this the reference refuses to convert to a whole number.
const MAX_INT_DIGITS: usize = 4300;

/// A number as Python compares it: a whole number with a double exactly, not after rounding.
#[derive(Clone, Debug)]
pub enum Number {
    /// A whole number that fits 64 bits.
    Int(i64),
    /// A whole number beyond 64 bits: decimal digits with an optional leading `-`, no leading zeros.
    Big(Box<str>),
    /// A double.
    Float(f64),
}

impl Number {
    /// The number that `value` is: `true` is 1, `false` is 0; `None` for what Python would not compare with a number.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(b) => Some(Number::Int(i64::from(*b))),
            Value::Int(i) => Some(Number::Int(*i)),
            Value::BigInt(digits) => Some(Number::Big(digits.clone())),
            Value::Float(f) => Some(Number::Float(*f)),
            _ => None,
        }
    }

    /// The nearest double; infinite where a whole number is too large for one.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        match self {
            #[allow(clippy::cast_precision_loss)]
            Number::Int(i) => *i as f64,
            // Decimal digits always parse.
            Number::Big(digits) => digits.parse().unwrap_or(f64::INFINITY),
            Number::Float(f) => *f,
        }
    }

    /// The decimal digits of the whole part.
    fn whole_digits(&self) -> String {
        match self {
            Number::Int(i) => i.to_string(),
            Number::Big(digits) => digits.to_string(),
            Number::Float(f) => format!("{:.0}", f.trunc()),
        }
    }
}

impl From<usize> for Number {
    fn from(n: usize) -> Self {
        i64::try_from(n).map_or_else(|_| Number::Big(n.to_string().into()), Number::Int)
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Number::Int(a), Number::Int(b)) => Some(a.cmp(b)),
            (Number::Float(a), Number::Float(b)) => a.partial_cmp(b),
            // An infinity compares with any whole number by its sign, NaN with none.
            (Number::Float(a), _) if !a.is_finite() => a.partial_cmp(&0.0),
            (_, Number::Float(b)) if !b.is_finite() => other.partial_cmp(self).map(Ordering::reverse),
            (&Number::Int(a), &Number::Float(b)) if is_exact(a) => as_double(a).partial_cmp(&b),
            (&Number::Float(a), &Number::Int(b)) if is_exact(b) => a.partial_cmp(&as_double(b)),
            (a, b) => compare_written(a, b),
        }
    }
}

/// Order of two finite numbers by their decimal digits.
fn compare_written(a: &Number, b: &Number) -> Option<Ordering> {
    let whole = compare_digits(&a.whole_digits(), &b.whole_digits());
    let fraction = |n: &Number| if let Number::Float(f) = n { f.fract() } else { 0.0 };
    if whole == Ordering::Equal { fraction(a).partial_cmp(&fraction(b)) } else { Some(whole) }
}

/// Whether a whole number is small enough for every double to be told from it by comparing doubles.
fn is_exact(n: i64) -> bool {
    n.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS
}

#[allow(clippy::cast_precision_loss)] // Asked of exact ones only.
fn as_double(n: i64) -> f64 {
    n as f64
}

/// Order of two whole numbers in decimal digits.
fn compare_digits(a: &str, b: &str) -> Ordering {
    let parts = |s: &str| match s.strip_prefix('-') {
        Some("0") | None => (false, s.trim_start_matches('-').to_owned()),
        Some(digits) => (true, digits.to_owned()),
    };
    let ((a_negative, a), (b_negative, b)) = (parts(a), parts(b));
    let size = a.len().cmp(&b.len()).then_with(|| a.cmp(&b));
    match (a_negative, b_negative) {
        (false, false) => size,
        (true, true) => size.reverse(),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}

/// Python's `int(value)`, at most the bounds of 64 bits: floats truncate toward zero, strings hold decimal digits of
/// any script with single underscores between them. `None` where Python raises.
#[must_use]
pub fn python_int(value: &Value) -> Option<i64> {
    let saturated = |negative: bool| if negative { i64::MIN } else { i64::MAX };
    match value {
        Value::Bool(b) => Some(i64::from(*b)),
        Value::Int(i) => Some(*i),
        Value::BigInt(digits) => Some(saturated(digits.starts_with('-'))),
        // Casts from finite doubles truncate and saturate.
        #[allow(clippy::cast_possible_truncation)]
        Value::Float(f) => f.is_finite().then_some(*f as i64),
        Value::Str(text) => {
            let plain = plain_digits(text)?;
            let (negative, digits) = match plain.strip_prefix(['+', '-']) {
                Some(digits) => (plain.starts_with('-'), digits),
                None => (false, plain.as_str()),
            };
            if digits.is_empty() || digits.len() > MAX_INT_DIGITS || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            Some(plain.trim_start_matches('+').parse().unwrap_or_else(|_| saturated(negative)))
        }
        _ => None,
    }
}

/// Python's `float(value)`: numbers, and strings in decimal or scientific notation, `inf`, `infinity` or `nan` in
/// either case. `None` where Python raises.
#[must_use]
pub fn python_float(value: &Value) -> Option<f64> {
    match value {
        Value::Str(text) => {
            let plain = plain_digits(text)?;
            let shaped = plain.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
                || ["inf", "infinity", "nan"]
                    .iter()
                    .any(|name| plain.trim_start_matches(['+', '-']).eq_ignore_ascii_case(name));
            if shaped { plain.parse().ok() } else { None }
        }
        _ => Number::of(value).map(|n| n.to_f64()).filter(|f| f.is_finite() || matches!(value, Value::Float(_))),
    }
}

/// The text without blanks around it, digits of any script as ASCII ones, underscores between digits removed.
/// `None` for an underscore elsewhere.
fn plain_digits(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = chars::trim(text).chars().peekable();
    let mut after_digit = false;
    while let Some(c) = chars.next() {
        if c == '_' {
            if !after_digit || !chars.peek().is_some_and(|&c| chars::is_digit(c)) {
                return None;
            }
            after_digit = false;
            continue;
        }
        let digit = chars::digit_value(c).and_then(|d| char::from_digit(d, 10));
        after_digit = digit.is_some();
        out.push(digit.unwrap_or(c));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(json: &str) -> Number {
        Number::of(&super::super::parse_json(json).unwrap()).unwrap()
    }

    #[test]
    fn whole_numbers_and_doubles_compare_exactly() {
        for (small, large) in [
            ("9007199254740992.0", "9007199254740993"),
            ("-100000000000000000000", "-99999999999999999999"),
            ("99999999999999999999", "1e20"),
            ("1e300", "Infinity"),
            ("-Infinity", "-100000000000000000000"),
            ("-0.5", "0"),
            ("-2", "-1.5"),
            ("3", "3.25"),
        ] {
            assert!(number(small) < number(large), "{small} < {large}");
            assert!(number(large) > number(small), "{large} > {small}");
        }
        assert_eq!(number("100000000000000000000"), number("1e20"));
        assert_eq!(number("-0.0"), number("0"));
        assert_eq!(number("true"), number("1.0"));
        assert!(number("NaN").partial_cmp(&number("1")).is_none());
    }

    proptest! {
        #[test]
        fn small_whole_numbers_compare_with_doubles_as_they_are_written(
            near in prop_oneof![Just(0i64), Just(1 << 53), Just(-1 << 53), Just(1000)],
            step in -4i64..4,
            double in prop_oneof![Just(0.0), Just(-0.5), Just(1000.0), Just(9_007_199_254_740_992.0), any::<f64>()],
        ) {
            prop_assume!(double.is_finite());
            for double in [double, -double, double.next_up()] {
                let (whole, double) = (Number::Int(near + step), Number::Float(double));
                prop_assert_eq!(whole.partial_cmp(&double), compare_written(&whole, &double));
                prop_assert_eq!(double.partial_cmp(&whole), compare_written(&double, &whole));
            }
        }
    }

    #[test]
    fn conversions_follow_python() {
        let int = |json: &str| python_int(&super::super::parse_json(json).unwrap());
        assert_eq!(int("2.9"), Some(2));
        assert_eq!(int("-2.9"), Some(-2));
        assert_eq!(int("\" +1_0 \""), Some(10));
        assert_eq!(int("\"٣\""), Some(3));
        assert_eq!(int("\"-99999999999999999999\""), Some(i64::MIN));
        for bad in ["\"2.5\"", "\"1__0\"", "\"_1\"", "\"\"", "\"+ 1\"", "null", "[]", "NaN", "1e999", "\"0x1\""] {
            assert_eq!(int(bad), None, "{bad}");
        }
        let float = |json: &str| python_float(&super::super::parse_json(json).unwrap());
        assert_eq!(float("\" 1_0.5e1 \""), Some(105.0));
        assert_eq!(float("\".5\""), Some(0.5));
        assert_eq!(float("\"-Infinity\""), Some(f64::NEG_INFINITY));
        assert_eq!(float("true"), Some(1.0));
        for bad in ["\"1e\"", "\".\"", "\"1_.0\"", "\"infin\"", "\"0x1p3\"", "null", "{}"] {
            assert_eq!(float(bad), None, "{bad}");
        }
    }
}
