//! A claim or requirement: one of our phrase patterns, or a policy's own expression.

use crate::text::{FoldedPattern, Text};

/// A pattern of which only yes or no is asked.
pub(super) enum Claim {
    /// A phrase of the specification.
    Phrase(FoldedPattern),
}

impl Claim {
    /// Whether it occurs in the text, in either case.
    pub(super) fn occurs_in(&self, text: &Text<'_>) -> bool {
        match self {
            Claim::Phrase(pattern) => pattern.is_match(text),
        }
    }

    /// Whether it occurs in the lowered text, still in either case.
    pub(super) fn occurs_in_lower(&self, text: &Text<'_>) -> bool {
        match self {
            Claim::Phrase(pattern) => pattern.regex().is_match(text.lower_folded()),
        }
    }
}
