//! A claim or requirement: one of our phrase patterns, or a policy's own expression.

use crate::text::{FoldedPattern, Gate, NeedleSet, PythonRegex, Text};

/// A pattern of which only yes or no is asked.
pub(super) enum Claim {
    /// A phrase of the specification.
    Phrase(FoldedPattern),
    /// An expression of the policy, in either case.
    Own(Box<PythonRegex>, Gate),
}

impl Claim {
    /// A policy's expression; `None` where Python refuses it.
    pub(super) fn own(pattern: &str, needles: &mut NeedleSet) -> Option<Self> {
        let regex = PythonRegex::compile(pattern, true).ok()?;
        let gate = needles.gate_all(regex.clauses());
        Some(Claim::Own(Box::new(regex), gate))
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
            Claim::Phrase(pattern) => pattern.regex().is_match(text.lower_folded()),
            Claim::Own(regex, _) => regex.is_match(text.lower()),
        }
    }
}
