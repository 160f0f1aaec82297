//! Python's remainder, for `multipleOf`.

use crate::value::Number;

/// Whether Python's `value % divisor` is not zero; `None` where Python raises: division by zero, or a whole number too
/// large to meet a double.
pub(super) fn leaves_a_rest(value: &Number, divisor: &Number) -> Option<bool> {
    if *divisor == Number::Int(0) {
        return None;
    }
    match (value, divisor) {
        (Number::Float(_), _) | (_, Number::Float(_)) => {
            let double = |n: &Number| match n {
                Number::Float(f) => Some(*f),
                whole => Some(whole.to_f64()).filter(|f| f.is_finite()),
            };
            // The sign of a rest depends on the language, its being zero does not.
            Some(double(value)? % double(divisor)? != 0.0)
        }
        (Number::Int(value), Number::Int(divisor)) => Some(value.wrapping_rem(*divisor) != 0),
        _ => Some(big_rest(&digits(value), &digits(divisor))),
    }
}

fn digits(n: &Number) -> String {
    match n {
        Number::Int(i) => i.unsigned_abs().to_string(),
        Number::Big(digits) => digits.trim_start_matches('-').to_owned(),
        Number::Float(_) => String::new(),
    }
}

/// Whether the first decimal number is no multiple of the second: school division, at most 4,300 digits each.
fn big_rest(value: &str, divisor: &str) -> bool {
    let divisor: Vec<u8> = divisor.bytes().map(|b| b - b'0').collect();
    // The rest so far, most significant digit first, without leading zeros.
    let mut rest: Vec<u8> = Vec::new();
    for digit in value.bytes() {
        if !(rest.is_empty() && digit == b'0') {
            rest.push(digit - b'0');
        }
        while rest.len() > divisor.len() || rest.len() == divisor.len() && rest >= divisor {
            subtract(&mut rest, &divisor);
        }
    }
    !rest.is_empty()
}

/// `from - what`, leading zeros dropped; `from` is not smaller.
fn subtract(from: &mut Vec<u8>, what: &[u8]) {
    let mut borrow = 0;
    let offset = from.len() - what.len();
    for i in (0..from.len()).rev() {
        let take = borrow + i.checked_sub(offset).map_or(0, |i| what[i]);
        borrow = u8::from(from[i] < take);
        from[i] = from[i] + 10 * borrow - take;
        if borrow == 0 && i <= offset {
            break;
        }
    }
    let zeros = from.iter().take_while(|&&digit| digit == 0).count();
    from.drain(..zeros);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse_json;

    fn rest(value: &str, divisor: &str) -> Option<bool> {
        let number = |json: &str| Number::of(&parse_json(json).unwrap()).unwrap();
        leaves_a_rest(&number(value), &number(divisor))
    }

    #[test]
    fn whole_numbers_divide_exactly_and_doubles_as_doubles() {
        for (value, divisor, expected) in [
            ("5", "-1", Some(false)),
            ("5", "2.5", Some(false)),
            ("0.3", "0.1", Some(true)),
            ("1", "0.1", Some(true)),
            ("-4", "3", Some(true)),
            ("5", "0", None),
            ("5", "-0.0", None),
            ("NaN", "1", Some(true)),
            ("1", "Infinity", Some(true)),
            ("0", "Infinity", Some(false)),
            ("Infinity", "2", Some(true)),
            ("100000000000000000000", "3", Some(true)),
            ("99999999999999999999", "3", Some(false)),
            ("-99999999999999999999", "33333333333333333333", Some(false)),
            ("7", "99999999999999999999", Some(true)),
            ("0", "99999999999999999999", Some(false)),
            ("121932631112635269", "123456789", Some(false)),
            ("-9223372036854775808", "-1", Some(false)),
        ] {
            assert_eq!(rest(value, divisor), expected, "{value} {divisor}");
        }
        assert_eq!(rest(&"9".repeat(400), "0.5"), None);
    }
}
