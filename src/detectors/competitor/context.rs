//! In what context a competitor is mentioned: the clause around its name decides how grave the mention is.

use crate::api::Severity;
use crate::text::{FoldedPattern, Gate, Prefilter, Text, chars, phrase};
use memchr::memmem;

/// The contexts, in the order in which they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    Technical,
    Negative,
    Comparison,
    Partnership,
    Neutral,
}

impl Context {
    /// Its name in policies.
    pub(super) fn name(self) -> &'static str {
        match self {
            Context::Technical => "technical",
            Context::Negative => "negative",
            Context::Comparison => "comparison",
            Context::Partnership => "partnership",
            Context::Neutral => "neutral",
        }
    }

    /// How grave a mention in it is.
    pub(super) fn severity(self) -> Severity {
        match self {
            Context::Negative => Severity::High,
            Context::Comparison | Context::Neutral => Severity::Medium,
            Context::Technical | Context::Partnership => Severity::Low,
        }
    }
}

/// What makes a context, in the notation of [`phrase`]. The misspelt ones are the reference's.
const TERMS: [(Context, &str); 4] = [
    (
        Context::Technical,
        "#{api, standard, standards, format, formats, protocol, protocols, specification, specifications, \
     implementation, implementations, architecture, design, interoperable, interoperablity}#",
    ),
    (
        Context::Negative,
        "#{worse, inferior, bad, terrible, awful, horrible, avoid, stay_away, don't_use, dont_use, problem, \
     problems, issue, issues, bug, bugs, broken, failed}#",
    ),
    (
        Context::Comparison,
        "#{vs, versus, compared_to, better_than, faster_than, superior_to, unlike, different_from, \
     alternative_to, similar_to, like}#",
    ),
    (
        Context::Partnership,
        "#{partner, partners, partnership, partnering, partnered, integrate, integrates, integrated, \
     integrating, integration, compatible, compatiblity, work_with, works_with, collaborate, \
     collaborates, collaborated, collaborating, collaboration, along_with, together_with, \
     in_conjunction_with, support, supports, supported, supporting}#",
    ),
];

/// What separates clauses.
const SEPARATORS: [&str; 5] = [" but ", " and ", " or ", ", ", "; "];

/// How many words of the clause on either side of the name count.
const REACH: usize = 5;

/// Tells contexts apart.
pub(super) struct Contexts {
    patterns: [(Context, FoldedPattern); 4],
    /// Clauses are searched for no needles.
    no_needles: Prefilter,
}

impl Contexts {
    pub(super) fn new() -> Self {
        let patterns = TERMS.map(|(context, line)| {
            let pattern = phrase::source(line).and_then(|source| FoldedPattern::with_gate(&source, Gate::ALWAYS));
            // The lines are constants that the tests compile.
            (context, pattern.unwrap_or_else(|e| panic!("{e}")))
        });
        Contexts { patterns, no_needles: Prefilter::none() }
    }

    /// The context of a name's first occurrence in a lowered text, as a plain substring; neutral when it has none.
    pub(super) fn of(&self, name: &str, lower: &str) -> Context {
        let Some(at) = memmem::find(lower.as_bytes(), name.as_bytes()) else { return Context::Neutral };
        let clause = clause(&lower[..at], name, &lower[at + name.len()..]);
        let clause = Text::new(clause, &self.no_needles);
        let found = self.patterns.iter().find(|(_, pattern)| pattern.occurs_in(clause.folded()));
        found.map_or(Context::Neutral, |&(context, _)| context)
    }
}

/// The clause around a name: at most five words on either side, up to a separator.
fn clause(before: &str, name: &str, after: &str) -> String {
    let mut start = 0;
    for separator in SEPARATORS {
        // A separator at the very start counts for nothing.
        if let Some(at) = memmem::rfind(before.as_bytes(), separator.as_bytes()).filter(|&at| at > start) {
            start = at + separator.len();
        }
    }
    let mut end = after.len();
    for separator in SEPARATORS {
        end = memmem::find(after.as_bytes(), separator.as_bytes()).map_or(end, |at| at.min(end));
    }
    let mut words: Vec<&str> = before[start..].rsplit(chars::is_space).filter(|w| !w.is_empty()).take(REACH).collect();
    words.reverse();
    words.push(name);
    words.extend(after[..end].split(chars::is_space).filter(|w| !w.is_empty()).take(REACH));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clause_ends_at_a_separator_or_after_five_words() {
        assert_eq!(clause("a b and one two three four five six ", "n", " x, y"), "two three four five six n x");
        assert_eq!(clause(", bad ", "n", "'s own; z"), ", bad n 's own");
        assert_eq!(clause("a or b and c ", "n", ""), "c n");
    }

    #[test]
    fn the_first_context_with_a_term_wins() {
        let contexts = Contexts::new();
        for (text, context) in [
            ("acme api is bad", Context::Technical),
            ("acme is ınferior to us", Context::Negative),
            ("unlike acme", Context::Comparison),
            ("we work with acme", Context::Partnership),
            ("apis of acme, bad", Context::Neutral),
            ("nothing bad", Context::Neutral),
        ] {
            assert_eq!(contexts.of("acme", text), context, "{text}");
        }
    }
}
