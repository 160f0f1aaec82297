//! Phrases with a "not": exact and in linear time, without a backtracking matcher.
//!
//! `A not(X) B` occurs when there is a place where an A ends, no X begins and a B begins. The places where an A ends
//! are one pass of an automaton, the places where an X (or B) begins one pass from the end with the automaton of the
//! reversed expression; the rest is set arithmetic. A "not" inside a choice is spread over the choice first, so that
//! a phrase becomes a few [`Chain`]s. What stands between two "not"s is followed from the places that are left, all
//! of them at once: a set of automaton states, of which there are a fixed number.

use super::{GrammarError, LINE_FEED, Node, class, sequence};
use crate::text::occurrence::{Automaton, automaton, states};
use crate::text::pattern::count_compiled;
use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::{Anchored, MatchKind, util::start};
use std::slice::from_ref;
use std::sync::OnceLock;

/// Sets of places in a text: one for each byte and one for the end.
type Places = Vec<bool>;

/// The chains of a phrase; it occurs when one of them does.
#[derive(Debug)]
pub(super) struct Barred {
    chains: Vec<Chain>,
}

/// A link is followed, then no bar may begin, then the next link.
#[derive(Debug)]
struct Chain {
    links: Vec<Link>,
}

/// A stretch of expression without "not" and the bars after it. Automata are built when they are first needed.
#[derive(Debug, Default)]
struct Link {
    parts: Vec<Node>,
    bars: Vec<Bar>,
    /// Of a first link: where matches end.
    ends: OnceLock<Automaton>,
    /// Of a last link: where matches begin.
    starts: OnceLock<Automaton>,
    /// Of a link in between: where matches end that begin at given places.
    between: OnceLock<dense::DFA<Vec<u32>>>,
}

/// What must not begin at a place, or within a distance of it.
#[derive(Debug)]
struct Bar {
    parts: Vec<Node>,
    /// `Some` when the expression began with "up to so many characters but a line feed": how many (no limit: `None`).
    window: Option<Option<usize>>,
    starts: OnceLock<Automaton>,
}

impl Barred {
    pub(super) fn new(node: &Node) -> Result<Self, GrammarError> {
        Ok(Barred { chains: spread(node)?.iter().map(|items| Chain::new(items)).collect() })
    }

    /// Whether the phrase occurs in a folded text.
    pub(super) fn occurs(&self, folded: &[u8]) -> bool {
        self.chains.iter().any(|chain| chain.occurs(folded))
    }
}

/// The phrase as a choice of sequences in which every "not" stands by itself.
fn spread(node: &Node) -> Result<Vec<Vec<Node>>, GrammarError> {
    if !node.looks_ahead() {
        return Ok(vec![vec![node.clone()]]);
    }
    match node {
        Node::Seq(parts) => parts.iter().try_fold(vec![Vec::new()], |chains, part| {
            let tails = spread(part)?;
            Ok(chains
                .iter()
                .flat_map(|head| tails.iter().map(move |tail| [head.as_slice(), tail.as_slice()].concat()))
                .collect())
        }),
        Node::Any(parts) => {
            let mut plain = Vec::new();
            let mut chains = Vec::new();
            for part in parts {
                if part.looks_ahead() {
                    chains.extend(spread(part)?);
                } else {
                    plain.push(part.clone());
                }
            }
            if !plain.is_empty() {
                chains.push(vec![Node::Any(plain)]);
            }
            Ok(chains)
        }
        Node::Rep { min: 0, max: Some(1), of } => {
            let mut chains = spread(of)?;
            chains.push(Vec::new());
            Ok(chains)
        }
        Node::Not(inner) if !inner.looks_ahead() => Ok(vec![vec![node.clone()]]),
        _ => Err(GrammarError("a \"not\" may stand neither in a repetition nor in another \"not\"".into())),
    }
}

impl Chain {
    fn new(items: &[Node]) -> Self {
        let mut links = Vec::new();
        let mut link = Link::default();
        for item in items {
            if let Node::Not(inner) = item {
                link.bars.push(Bar::new(inner));
                continue;
            }
            if !link.bars.is_empty() {
                links.push(std::mem::take(&mut link));
            }
            link.parts.push(item.clone());
        }
        links.push(link);
        Chain { links }
    }

    fn occurs(&self, text: &[u8]) -> bool {
        let mut places: Option<Places> = None;
        for (i, link) in self.links.iter().enumerate() {
            let is_last = i + 1 == self.links.len() && link.bars.is_empty();
            let mut reached = match places.take() {
                Some(from) if is_last => return meet(&from, &starts(link.starts(), text)),
                Some(from) => follow(link.between(), text, &from),
                None => ends(link.ends(), text),
            };
            for bar in &link.bars {
                for (place, barred) in reached.iter_mut().zip(bar.begins(text)) {
                    *place &= !barred;
                }
            }
            if !reached.contains(&true) {
                return false;
            }
            places = Some(reached);
        }
        true
    }
}

fn meet(a: &Places, b: &Places) -> bool {
    a.iter().zip(b).any(|(a, b)| *a && *b)
}

impl Link {
    fn ends(&self) -> &Automaton {
        self.ends.get_or_init(|| automaton(&sequence(&self.parts), false))
    }

    fn starts(&self) -> &Automaton {
        self.starts.get_or_init(|| automaton(&sequence(&self.parts), true))
    }

    fn between(&self) -> &dense::DFA<Vec<u32>> {
        self.between.get_or_init(|| {
            count_compiled();
            let expression = sequence(&self.parts);
            dense::Builder::new()
                .configure(dense::Config::new().match_kind(MatchKind::All).start_kind(StartKind::Anchored))
                .build_from_nfa(&states(from_ref(&expression), false))
                // Vocabulary is fixed and small; the tests build every automaton.
                .unwrap_or_else(|e| panic!("phrase {expression}: {e}"))
        })
    }
}

impl Bar {
    fn new(node: &Node) -> Self {
        let any = Node::Set(class(LINE_FEED, true));
        if let Node::Seq(parts) = node
            && let Some((Node::Rep { min: 0, max, of }, rest)) = parts.split_first()
            && **of == any
        {
            let max = max.map(|m| usize::try_from(m).unwrap_or(usize::MAX));
            return Bar { parts: rest.to_vec(), window: Some(max), starts: OnceLock::new() };
        }
        Bar { parts: vec![node.clone()], window: None, starts: OnceLock::new() }
    }

    /// The places from which the bar is in the way.
    fn begins(&self, text: &[u8]) -> Places {
        let mut begun = starts(self.starts.get_or_init(|| automaton(&sequence(&self.parts), true)), text);
        if let Some(window) = self.window {
            let mut next: Option<usize> = None;
            for place in (0..begun.len()).rev() {
                if text.get(place) == Some(&b'\n') {
                    next = None;
                }
                if begun[place] {
                    next = Some(place);
                }
                begun[place] = next.is_some_and(|n| window.is_none_or(|w| n - place <= w));
            }
        }
        begun
    }
}

/// Runs a lazy automaton over bytes, from any place on, and marks where a match is complete: before which byte of
/// the order given. A match shows one byte late, so that its edge can be checked.
fn run(automaton: &Automaton, bytes: impl Iterator<Item = u8>, mut mark: impl FnMut(usize)) {
    let (dfa, mut cache) = (&automaton.dfa, automaton.cache());
    // The cache starts over when it is full and never gives up; bytes that quit are not configured.
    const NEVER: &str = "the automaton neither gives up nor quits";
    let mut state = dfa.start_state(&mut cache, &start::Config::new().anchored(Anchored::No)).expect(NEVER);
    let mut seen = 0;
    for b in bytes {
        state = dfa.next_state(&mut cache, state, b).expect(NEVER);
        if state.is_match() {
            mark(seen);
        }
        seen += 1;
    }
    if dfa.next_eoi_state(&mut cache, state).expect(NEVER).is_match() {
        mark(seen);
    }
}

fn ends(automaton: &Automaton, text: &[u8]) -> Places {
    let mut places = vec![false; text.len() + 1];
    run(automaton, text.iter().copied(), |place| places[place] = true);
    places
}

/// Where matches begin; `reversed` is the automaton of the reversed expression.
fn starts(reversed: &Automaton, text: &[u8]) -> Places {
    let mut places = vec![false; text.len() + 1];
    run(reversed, text.iter().rev().copied(), |place| places[text.len() - place] = true);
    places
}

/// Where matches end that begin at one of the places `from`.
fn follow(dfa: &dense::DFA<Vec<u32>>, text: &[u8], from: &Places) -> Places {
    let mut places = vec![false; text.len() + 1];
    let mut states: Vec<StateID> = Vec::new();
    let mut stepped: Vec<StateID> = Vec::new();
    for at in 0..=text.len() {
        if from[at] {
            let behind = at.checked_sub(1).map(|i| text[i]);
            let start = dfa
                .start_state(&start::Config::new().anchored(Anchored::Yes).look_behind(behind))
                // Built with anchored starts, and no byte quits.
                .expect("an anchored start");
            if !states.contains(&start) {
                states.push(start);
            }
        }
        stepped.clear();
        for &state in &states {
            let next = match text.get(at) {
                Some(&b) => dfa.next_state(state, b),
                None => dfa.next_eoi_state(state),
            };
            if dfa.is_match_state(next) {
                places[at] = true;
            }
            if !dfa.is_dead_state(next) && !stepped.contains(&next) {
                stepped.push(next);
            }
        }
        std::mem::swap(&mut states, &mut stepped);
    }
    places
}
