//! Decimal rounding as the reference does it.

/// `value` rounded to `decimals` places: the exact binary value is rounded, ties go to the even digit, as Python's
/// `round` does. Values that are not finite come back as they are.
#[must_use]
pub fn round_to(value: f64, decimals: usize) -> f64 {
    if !value.is_finite() {
        return value;
    }
    // The formatter works on the exact binary expansion, which is what makes 0.15 (really 0.1499...) round down.
    let rounded: f64 = format!("{value:.decimals$}").parse().unwrap_or(value);
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// Rounded to the four decimals of the reference's metrics.
#[must_use]
pub fn round4(value: f64) -> f64 {
    round_to(value, 4)
}

/// `part / whole`, or nothing when `whole` is 0.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_of_the_exact_value_go_to_the_even_digit() {
        assert_eq!(round_to(0.125, 2), 0.12);
        assert_eq!(round_to(0.375, 2), 0.38);
        assert_eq!(round_to(2.5, 0), 2.0);
        assert_eq!(round_to(3.5, 0), 4.0);
        assert_eq!(round_to(-2.5, 0), -2.0);
    }

    #[test]
    fn a_decimal_that_is_really_below_the_tie_rounds_down() {
        assert_eq!(round_to(2.675, 2), 2.67);
        assert_eq!(round_to(0.15, 1), 0.1);
        assert_eq!(round_to(0.25, 1), 0.2);
    }

    #[test]
    fn what_is_not_finite_is_left_alone_and_zero_has_no_sign() {
        assert!(round_to(f64::NAN, 3).is_nan());
        assert_eq!(round_to(f64::INFINITY, 3), f64::INFINITY);
        assert!(round_to(-0.000_01, 3).is_sign_positive());
    }

    #[test]
    fn a_ratio_over_nothing_is_undefined() {
        assert_eq!(ratio(0, 0), None);
        assert_eq!(ratio(1, 4), Some(0.25));
    }
}
