//! A claim or requirement: one of our phrase patterns, or a policy's own expression.

use crate::engine::EvalError;
use crate::text::{FoldedPattern, Gate, NeedleSet, PythonRegex, Text};

/// A pattern of which only yes or no is asked.
pub(super) enum Claim {
    /// A phrase of the specification.
    Phrase(FoldedPattern),
    /// An expression of the policy, in either case.
    Own(Box<PythonRegex>, Gate),
}

impl Claim {
    /// A policy's expression; `None` where its syntax is wrong.
    ///
    /// # Errors
    /// When Python refuses it otherwise, which the reference does not expect.
    pub(super) fn own(pattern: &str, needles: &mut NeedleSet) -> Result<Option<Self>, EvalError> {
        let regex = match PythonRegex::compile(pattern, true) {
            Ok(regex) => regex,
            Err(e) if e.is_syntax() => return Ok(None),
            Err(e) => return Err(EvalError::new(format!("the pattern {pattern:?}: {e}"))),
        };
        let gate = needles.gate_all(regex.needs());
        Ok(Some(Claim::Own(Box::new(regex), gate)))
    }

    /// Whether it occurs in the text, in either case.
    pub(super) fn occurs_in(&self, text: &Text<'_>) -> bool {
        match self {
            Claim::Phrase(pattern) => pattern.is_match(text),
            Claim::Own(regex, gate) => text.is_open(*gate) && regex.is_match(text.raw()),
        }
    }

    /// Whether it occurs in the lowered text, still in either case.
    pub(super) fn occurs_in_lower(&self, text: &Text<'_>) -> bool {
        match self {
            Claim::Phrase(pattern) if text.is_lowered_by_folding() => pattern.is_match(text),
            Claim::Phrase(pattern) => pattern.occurs_in(text.lower_folded()),
            Claim::Own(regex, _) => regex.is_match(text.lower()),
        }
    }
}
