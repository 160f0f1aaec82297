//! An automaton that is built while it runs, for an expression that many texts ask for.

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::pool::Pool;
use regex_automata::util::prefilter::Prefilter;
use regex_automata::{Input, MatchKind};
use regex_syntax::hir::Hir;
use std::ops::Range;
use std::panic::{RefUnwindSafe, UnwindSafe};

type NewCache = Box<dyn Fn() -> Cache + Send + Sync + UnwindSafe + RefUnwindSafe>;

/// One automaton, and a search for the literals that the expression begins with. The `regex` crate makes three, to tell
/// where a match begins and ends.
#[derive(Debug)]
pub(super) struct Automaton {
    dfa: DFA,
    /// What has been built so far, one for each thread that runs it at the same time.
    caches: Pool<Cache, NewCache>,
}

impl Automaton {
    /// Of an expression over bytes.
    pub fn new(expression: &Hir) -> Self {
        const KIND: MatchKind = MatchKind::LeftmostFirst;
        let states = thompson::Compiler::new()
            .configure(thompson::Config::new().utf8(false).which_captures(WhichCaptures::None))
            .build_from_hir(expression)
            // No limit is set, and expressions are our own or small: the states can be counted.
            .unwrap_or_else(|e| panic!("expression {expression}: {e}"));
        let literals = Prefilter::from_hir_prefix(KIND, expression);
        let dfa = DFA::builder()
            .configure(DFA::config().match_kind(KIND).prefilter(literals).skip_cache_capacity_check(true))
            .build_from_nfa(states)
            // No capacity is too small, and word edges are ASCII ones.
            .unwrap_or_else(|e| panic!("expression {expression}: {e}"));
        let cached = dfa.clone();
        Automaton { dfa, caches: Pool::new(Box::new(move || cached.create_cache())) }
    }

    /// Whether the expression occurs in a part of the bytes; at its ends the bytes around it are seen.
    pub fn is_in(&self, bytes: &[u8], part: Range<usize>) -> bool {
        let input = Input::new(bytes).range(part).earliest(true);
        let found = self.dfa.try_search_fwd(&mut self.caches.get(), &input);
        // The cache starts over when it is full and never gives up; bytes that quit are not configured.
        found.expect("the automaton neither gives up nor quits").is_some()
    }
}
