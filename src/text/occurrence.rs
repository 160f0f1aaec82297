//! Whether an expression occurs in folded bytes, and nothing else.
//!
//! One automaton, built while it runs, and a search for the literals that the expression begins with. The `regex` crate
//! makes three automata, to tell where a match begins and ends; most expressions behind the prefilter meet few texts,
//! and making them would take longer than running them.

use super::pattern::count_compiled;
use regex_automata::hybrid::dfa::{Cache, Config, DFA};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::util::pool::{Pool, PoolGuard};
use regex_automata::util::prefilter::Prefilter;
use regex_automata::{Input, MatchKind, PatternSet};
use regex_syntax::hir::Hir;
use std::ops::Range;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::slice::from_ref;

pub(super) type NewCache = Box<dyn Fn() -> Cache + Send + Sync + UnwindSafe + RefUnwindSafe>;

/// An automaton that is built while it runs.
#[derive(Debug)]
pub(super) struct Automaton {
    /// Boxed: it is large, and most patterns never have one.
    pub dfa: Box<DFA>,
    /// What has been built so far, one for each thread that runs it at the same time.
    caches: Pool<Cache, NewCache>,
}

impl Automaton {
    fn new(dfa: DFA) -> Self {
        let cached = dfa.clone();
        Automaton { dfa: Box::new(dfa), caches: Pool::new(Box::new(move || cached.create_cache())) }
    }

    /// What a run needs and leaves for the next.
    pub(super) fn cache(&self) -> PoolGuard<'_, Cache, NewCache> {
        self.caches.get()
    }
}

/// An automaton of an expression over bytes, forwards or backwards, that reports all matches.
pub(super) fn automaton(expression: &Hir, reverse: bool) -> Automaton {
    Automaton::new(built(from_ref(expression), DFA::config().match_kind(MatchKind::All), reverse))
}

/// An expression that is only asked whether it occurs.
#[derive(Debug)]
pub(super) struct Occurrence(Automaton);

impl Occurrence {
    /// Compiles an expression over bytes.
    pub(super) fn new(expression: &Hir) -> Self {
        const KIND: MatchKind = MatchKind::LeftmostFirst;
        let literals = Prefilter::from_hir_prefix(KIND, expression);
        Occurrence(Automaton::new(built(
            from_ref(expression),
            DFA::config().match_kind(KIND).prefilter(literals),
            false,
        )))
    }

    /// Whether the expression occurs in a part of the bytes; at its ends the bytes around it are seen.
    pub(super) fn is_in(&self, bytes: &[u8], part: Range<usize>) -> bool {
        let input = Input::new(bytes).range(part).earliest(true);
        let found = self.0.dfa.try_search_fwd(&mut self.0.cache(), &input);
        // The cache starts over when it is full and never gives up; bytes that quit are not configured.
        found.expect("the automaton neither gives up nor quits").is_some()
    }
}

/// Several expressions, of which one search tells those that occur.
#[derive(Debug)]
pub(super) struct Occurrences {
    automaton: Automaton,
    expressions: usize,
}

impl Occurrences {
    /// Compiles expressions over bytes.
    pub(super) fn new(expressions: &[Hir]) -> Self {
        let dfa = built(expressions, DFA::config().match_kind(MatchKind::All), false);
        Occurrences { automaton: Automaton::new(dfa), expressions: expressions.len() }
    }

    /// The places, in the list of expressions, of those that occur in the bytes.
    pub(super) fn in_all(&self, bytes: &[u8]) -> PatternSet {
        let mut found = PatternSet::new(self.expressions);
        let Automaton { dfa, .. } = &self.automaton;
        let searched = dfa.try_which_overlapping_matches(&mut self.automaton.cache(), &Input::new(bytes), &mut found);
        // As above.
        searched.expect("the automaton neither gives up nor quits");
        found
    }
}

fn built(expressions: &[Hir], config: Config, reverse: bool) -> DFA {
    count_compiled();
    DFA::builder()
        .configure(config.skip_cache_capacity_check(true))
        .build_from_nfa(states(expressions, reverse))
        // No capacity is too small, and word edges are ASCII ones.
        .unwrap_or_else(|e| panic!("expressions {expressions:?}: {e}"))
}

/// The states of expressions over bytes.
pub(super) fn states(expressions: &[Hir], reverse: bool) -> NFA {
    thompson::Compiler::new()
        .configure(thompson::Config::new().utf8(false).reverse(reverse).which_captures(WhichCaptures::None))
        .build_many_from_hir(expressions)
        // No limit is set, and expressions are our own or small: the states can be counted.
        .unwrap_or_else(|e| panic!("expressions {expressions:?}: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex_automata::PatternID;

    fn parsed(source: &str) -> Hir {
        regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(source).unwrap()
    }

    #[test]
    fn word_edges_and_ends_are_seen() {
        let occurs = |source: &str, text: &str| Occurrence::new(&parsed(source)).is_in(text.as_bytes(), 0..text.len());
        assert!(occurs(r"\bab+\b", "x abb.") && !occurs(r"\bab+\b", "xabb abx"));
        assert!(occurs(r"\Aa\n?\z", "a\n") && !occurs(r"\Aa\n?\z", "a\n\n") && occurs("", ""));
    }

    proptest! {
        #[test]
        fn it_answers_as_the_regex_crate_does(
            parts in prop::collection::vec(r"a|b|\[ab\]|\(\?:a\|bc\)|\\b|[ab]\{2,4\}|\\s\+|c\*|\\xff", 1..7),
            text in r"[abc \xff]{0,20}"
        ) {
            let source = parts.concat();
            let slow = regex::bytes::RegexBuilder::new(&source).unicode(false).build().unwrap();
            let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap_or(0xFF)).collect();
            prop_assert_eq!(Occurrence::new(&parsed(&source)).is_in(&bytes, 0..bytes.len()), slow.is_match(&bytes), "{}", source);
            let each: Vec<Hir> = parts.iter().chain([&source]).map(|part| parsed(part)).collect();
            let found: Vec<bool> = each.iter().map(|part| Occurrence::new(part).is_in(&bytes, 0..bytes.len())).collect();
            let together = Occurrences::new(&each).in_all(&bytes);
            prop_assert_eq!(each.iter().enumerate().map(|(at, _)| together.contains(PatternID::must(at))).collect::<Vec<_>>(), found);
        }
    }
}
