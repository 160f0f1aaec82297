//! One finding about a policy: a code, a place, a sentence.

use serde::Serialize;
use std::fmt;

/// What is wrong or doubtful at one place of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// A stable word for the kind of finding (`bool_parsing`, `unknown_key`, ...).
    pub code: &'static str,
    /// The key path, segments joined with dots, list items by index; empty for the whole policy.
    pub loc: String,
    /// What was found, what was expected and what to do.
    pub message: String,
}

impl Issue {
    pub(crate) fn new(code: &'static str, loc: impl Into<String>, message: impl Into<String>) -> Self {
        Issue { code, loc: loc.into(), message: message.into() }
    }

    /// The same finding seen from an outer object: `prefix` is put before its place.
    pub(crate) fn under(mut self, prefix: &str) -> Self {
        if !prefix.is_empty() {
            self.loc = if self.loc.is_empty() { prefix.to_owned() } else { format!("{prefix}.{}", self.loc) };
        }
        self
    }
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.loc.is_empty() {
            write!(f, "{}: {}", self.code, self.message)
        } else {
            write!(f, "{}: {}: {}", self.code, self.loc, self.message)
        }
    }
}
