//! Which of several expressions occur in bytes: one search, by an automaton that is built while it runs.

use crate::text::pattern::count_compiled;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::util::pool::Pool;
use regex_automata::{Input, MatchKind, PatternSet};
use regex_syntax::hir::Hir;
use std::panic::{RefUnwindSafe, UnwindSafe};

type NewCache = Box<dyn Fn() -> Cache + Send + Sync + UnwindSafe + RefUnwindSafe>;

/// Several expressions, of which one search tells those that occur.
#[derive(Debug)]
pub(in crate::text) struct Occurrences {
    dfa: DFA,
    /// What has been built so far, one for each thread that searches at the same time.
    caches: Pool<Cache, NewCache>,
    expressions: usize,
}

impl Occurrences {
    /// Compiles expressions over bytes.
    pub(in crate::text) fn new(expressions: &[Hir]) -> Self {
        count_compiled();
        let dfa = DFA::builder()
            .configure(DFA::config().match_kind(MatchKind::All).skip_cache_capacity_check(true))
            .build_from_nfa(states(expressions))
            // No capacity is too small, and word edges are ASCII ones.
            .unwrap_or_else(|e| panic!("expressions {expressions:?}: {e}"));
        let cached = dfa.clone();
        let caches = Pool::new(Box::new(move || cached.create_cache()) as NewCache);
        Occurrences { dfa, caches, expressions: expressions.len() }
    }

    /// The places, in the list of expressions, of those that occur in the bytes.
    pub(in crate::text) fn in_all(&self, bytes: &[u8]) -> PatternSet {
        let mut found = PatternSet::new(self.expressions);
        let searched = self.dfa.try_which_overlapping_matches(&mut self.caches.get(), &Input::new(bytes), &mut found);
        // The cache starts over when it is full and never gives up; bytes that quit are not configured.
        searched.expect("the automaton neither gives up nor quits");
        found
    }
}

/// The states of expressions over bytes.
fn states(expressions: &[Hir]) -> NFA {
    thompson::Compiler::new()
        .configure(thompson::Config::new().utf8(false).which_captures(WhichCaptures::None))
        .build_many_from_hir(expressions)
        // No limit is set, and expressions are our own or small: the states can be counted.
        .unwrap_or_else(|e| panic!("expressions {expressions:?}: {e}"))
}
