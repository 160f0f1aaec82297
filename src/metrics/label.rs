//! Labels and outcomes as a row has them: the engine's decisions, failures, and words of other systems.

use crate::api::{Actual, Decision};

/// The outcome of a sample for which nothing was decided.
const NONE: &str = "NONE";

/// What a row says should have been decided, or was. Case matters: `allow` is another word than `ALLOW`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label<'a> {
    /// One of the engine's decisions.
    Decision(Decision),
    /// `ERROR`: the sample could not be evaluated.
    Error,
    /// `NONE`: nothing was decided.
    Undecided,
    /// Any other word.
    Other(&'a str),
}

impl<'a> Label<'a> {
    /// The label of this text.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        match text {
            NONE => Self::Undecided,
            _ if text == Actual::Error.name() => Self::Error,
            _ => Decision::from_name(text).map_or(Self::Other(text), Self::Decision),
        }
    }

    /// The text.
    #[must_use]
    pub fn text(self) -> &'a str {
        match self {
            Self::Decision(decision) => decision.name(),
            Self::Error => Actual::Error.name(),
            Self::Undecided => NONE,
            Self::Other(text) => text,
        }
    }

    /// The engine's decision, if it is one.
    #[must_use]
    pub fn decision(self) -> Option<Decision> {
        match self {
            Self::Decision(decision) => Some(decision),
            Self::Error | Self::Undecided | Self::Other(_) => None,
        }
    }

    /// As an expectation: whether it asks for a flag. Anything but `ALLOW` does, an unknown word too.
    #[must_use]
    pub fn is_positive(self) -> bool {
        self != Self::Decision(Decision::Allow)
    }

    /// As an outcome: whether anything was decided, which `ERROR` and `NONE` deny.
    #[must_use]
    pub fn is_evaluated(self) -> bool {
        !matches!(self, Self::Error | Self::Undecided)
    }

    /// As an outcome: whether it is a flag. Anything decided but `ALLOW` is, an unknown word too.
    #[must_use]
    pub fn is_flagged(self) -> bool {
        self.is_evaluated() && self.is_positive()
    }
}

impl From<Decision> for Label<'_> {
    fn from(decision: Decision) -> Self {
        Self::Decision(decision)
    }
}

impl From<Actual> for Label<'_> {
    fn from(actual: Actual) -> Self {
        actual.decision().map_or(Self::Error, Self::Decision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_word_is_a_flag_and_asks_for_one() {
        for (text, positive, flagged) in [
            ("ALLOW", false, false),
            ("WARN", true, true),
            ("allow", true, true),
            ("ERROR", true, false),
            ("NONE", true, false),
            ("", true, true),
        ] {
            let label = Label::of(text);
            assert_eq!((label.text(), label.is_positive(), label.is_flagged()), (text, positive, flagged));
        }
        assert_eq!(Label::from(Actual::Error), Label::of("ERROR"));
        assert_eq!(Label::from(Actual::Decided(Decision::Block)), Label::of("BLOCK"));
    }
}
