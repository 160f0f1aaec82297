//! Explicit equations `a op b = c` whose result is wrong.
//!
//! The reference seeks the equation from the left and backtracks. The same matches are found here in one pass: an
//! equation has exactly one `=`, no number or operator holds one, and what stands left of an `=` can be read backwards
//! in one way only. So each `=` is visited in order, looking back no further than the one before it.

use crate::api::Severity;
use crate::engine::{Blocking, Detector, EvalError, Finding, Request, RuleHit};
use crate::text::fold::is_blank;
use crate::text::{NeedleSet, Text, chars, fold};
use crate::value::Map;

const RULE: &str = "numerical_consistency.bad_equation";
/// Risk from which `action: BLOCK` blocks.
const BLOCK_THRESHOLD: i64 = 60;

struct NumericalConsistency {
    blocking: Blocking,
}

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When `action` is truthy and no text.
pub fn build(section: &Map, _needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    Ok(Box::new(NumericalConsistency { blocking: Blocking::read(section, BLOCK_THRESHOLD)? }))
}

impl Detector for NumericalConsistency {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        let shape = text.shape();
        if shape.digits < 3 || !shape.has(b'=') {
            return Ok(Finding::clean());
        }
        let wrong = equations(text.folded()).filter(|equation| equation.is_wrong(text));
        self.blocking.decide(wrong.map(|_| RuleHit::new(RULE, Severity::High)).collect())
    }
}

/// Where the parts of an equation stand in the folded view.
#[derive(Debug, PartialEq)]
struct Equation {
    left: Token,
    operator: u8,
    right: Token,
    result: Token,
}

/// A number: an optional sign, an optional `$`, digits with commas, an optional fraction, an optional `%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Token {
    start: usize,
    end: usize,
}

/// The equations of a folded text, left to right, not overlapping.
fn equations(folded: &[u8]) -> impl Iterator<Item = Equation> + '_ {
    // No equation reaches back over an earlier `=` or into an earlier equation.
    let mut floor = 0;
    memchr::memchr_iter(b'=', folded).filter_map(move |equals| {
        let equation = left_side(folded, floor, equals).and_then(|(left, operator, right)| {
            let result = token_from(folded, skip_blanks(folded, equals + 1))?;
            Some(Equation { left, operator, right, result })
        });
        floor = equation.as_ref().map_or(equals + 1, |equation| equation.result.end);
        equation
    })
}

/// Reads `a op b` backwards from an `=`, not below `floor`.
fn left_side(folded: &[u8], floor: usize, equals: usize) -> Option<(Token, u8, Token)> {
    let window = &folded[floor..equals];
    let mut right = token_up_to(window, skip_blanks_back(window, window.len()))?;
    // A sign belongs to the number only where an operator stands before it; else it is the operator.
    let signed = matches!(window[right.start], b'+' | b'-');
    let mut operator_end = skip_blanks_back(window, right.start);
    if signed && !operator_end.checked_sub(1).is_some_and(|at| is_operator(window[at])) {
        operator_end = right.start + 1;
        right.start += 1;
    }
    let operator_at = operator_end.checked_sub(1).filter(|&at| is_operator(window[at]))?;
    let left = token_up_to(window, skip_blanks_back(window, operator_at))?;
    let place = |token: Token| Token { start: token.start + floor, end: token.end + floor };
    Some((place(left), window[operator_at], place(right)))
}

/// The number that ends at `end`, with the leftmost start it can have.
fn token_up_to(window: &[u8], end: usize) -> Option<Token> {
    let head = &window[..end];
    let mut at = end;
    if head[..at].ends_with(b"%") {
        at -= 1;
    }
    let fraction = back_while(head, at, is_digit);
    let whole = |at: usize| {
        // Digits and commas, of which the first must be a digit.
        let run = back_while(head, at, |b| is_digit(b) || b == b',');
        head[run..at].iter().position(|&b| is_digit(b)).map(|digit| run + digit)
    };
    let mut start = if fraction < at && head[..fraction].ends_with(b".") {
        whole(fraction - 1).unwrap_or(fraction)
    } else {
        whole(at)?
    };
    if head[..start].ends_with(b"$") {
        start -= 1;
    }
    if head[..start].ends_with(b"+") || head[..start].ends_with(b"-") {
        start -= 1;
    }
    Some(Token { start, end })
}

/// The longest number that starts at `start`.
fn token_from(folded: &[u8], start: usize) -> Option<Token> {
    let is = |at: usize, set: &[u8]| folded.get(at).is_some_and(|b| set.contains(b));
    let digits = |at: usize| folded[at..].iter().take_while(|&&b| is_digit(b)).count();
    let mut at = start + usize::from(is(start, b"+-"));
    at += usize::from(is(at, b"$"));
    if !folded.get(at).is_some_and(|&b| is_digit(b)) {
        return None;
    }
    at += folded[at..].iter().take_while(|&&b| is_digit(b) || b == b',').count();
    if is(at, b".") && digits(at + 1) > 0 {
        at += 1 + digits(at + 1);
    }
    at += usize::from(is(at, b"%"));
    Some(Token { start, end: at })
}

/// The first place up to which everything before `end` satisfies `accept`.
fn back_while(window: &[u8], end: usize, accept: impl Fn(u8) -> bool) -> usize {
    end - window[..end].iter().rev().take_while(|&&b| accept(b)).count()
}

fn skip_blanks_back(window: &[u8], end: usize) -> usize {
    back_while(window, end, is_blank)
}

fn skip_blanks(folded: &[u8], start: usize) -> usize {
    start + folded[start..].iter().take_while(|&&b| is_blank(b)).count()
}

const fn is_digit(b: u8) -> bool {
    b.is_ascii_digit() || b == fold::DIGIT
}

/// `x` stands for the letter in either case, the last two bytes for the signs of multiplication and division.
const fn is_operator(b: u8) -> bool {
    matches!(b, b'-' | b'+' | b'x' | b'*' | b'/' | 0xD7 | 0xF7)
}

impl Equation {
    /// Whether the result is further off than a hundredth and a thousandth of what it should be.
    fn is_wrong(&self, text: &Text<'_>) -> bool {
        let (left, right, result) = (self.left.value(text), self.right.value(text), self.result.value(text));
        let expected = match self.operator {
            b'+' => left + right,
            b'-' => left - right,
            b'/' | 0xF7 if right == 0.0 => return false,
            b'/' | 0xF7 => left / right,
            _ => left * right,
        };
        // Python's max keeps its first argument when the second is NaN, as `f64::max` does.
        (expected - result).abs() > 0.01_f64.max(0.001 * expected.abs())
    }
}

impl Token {
    /// The number as a double; infinite where it is too large for one.
    fn value(self, text: &Text<'_>) -> f64 {
        let written = text.slice(crate::text::CharSpan { start: self.start, end: self.end });
        let plain: String = written
            .chars()
            .filter(|c| !matches!(c, ',' | '$' | '%'))
            .map(|c| chars::digit_value(c).and_then(|d| char::from_digit(d, 10)).unwrap_or(c))
            .collect();
        // What is left is an optional sign, digits and at most one dot between digits.
        plain.parse().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Decision, Stage};
    use crate::text::Prefilter;

    fn wrong(text: &str) -> usize {
        let detector = build(&Map::new(), &mut NeedleSet::new()).unwrap();
        let prefilter = Prefilter::none();
        detector.inspect(&Text::new(text, &prefilter), &Request::new(text, Stage::Output)).unwrap().hits.len()
    }

    #[test]
    fn a_wrong_result_is_found_wherever_it_stands() {
        for text in [
            "so 2 + 2 = 5.",
            "x1x1=2",
            "1X2=3",
            "6÷2=4",
            "1\u{D7}2=3",
            "-1-1=2",
            "1--1=3",
            "1- -1=3",
            "1+-$1=3",
            "+$1+1=3",
            "$ 1+1=3",
            "1,,,2+1=3",
            "1.5.5+1=3",
            "1..5+1=3",
            "1\n+\n1\u{1C}=\u{3000}3",
            "٢+٢=٥",
            "50% * 200 = 100",
            "10 - 2 - 3 = 5",
            "1+2+3=6",
            "2+2=4,5",
            "10+0=10.02",
        ] {
            assert_eq!(wrong(text), 1, "{text:?}");
        }
    }

    #[test]
    fn right_results_and_broken_patterns_are_clean() {
        for text in [
            "2 + 2 = 4",
            "1*2*3=6",
            "0.1+0.2=0.31",
            "1000+0=1001",
            "1 - 1 = 0.01",
            "6/0=4",
            "1.+1=3",
            "1%%+1=3",
            "1+$-1=3",
            "1---1=3",
            "1+1\u{200B}=3",
            "1\u{301}+1=3",
            "²+2=5",
            "1+,1=3",
            "1+1=,3",
            "2*.5=3",
            "1**2=3",
            "1+1==3",
            "",
            "===",
        ] {
            assert_eq!(wrong(text), 0, "{text:?}");
        }
        let huge = "9".repeat(400);
        assert_eq!(wrong(&format!("{huge} - {huge} = 1, {huge}*1=1")), 0);
    }

    #[test]
    fn equations_follow_one_another_without_overlap() {
        assert_eq!(wrong("0+1=1.2.3+1=5"), 2);
        assert_eq!(wrong("1+1=3=4+1=2"), 2);
        assert_eq!(wrong("2*3=6*1=7"), 0);
        assert_eq!(wrong("1+1=32+2=5"), 1);
        assert_eq!(wrong("1+1=3 2+2=5"), 2);
    }

    #[test]
    fn two_wrong_equations_block_where_the_policy_blocks() {
        let section = Map::from_iter([("action".into(), "block".into())]);
        let detector = build(&section, &mut NeedleSet::new()).unwrap();
        let prefilter = Prefilter::none();
        let decide = |text: &'static str| {
            detector.inspect(&Text::new(text, &prefilter), &Request::new(text, Stage::Output)).unwrap().decision
        };
        assert_eq!(decide("1+1=3"), Some(Decision::Warn));
        assert_eq!(decide("1+1=3 1+1=4"), Some(Decision::Block));
    }
}
