//! The shared prefilter: the literals that all enabled rules need, searched together in one pass over a text.
//!
//! Each rule registers the literals of which at least one must occur (in the folded view) for the rule to match at
//! all, and receives a [`Gate`]. One automaton finds which gates a text opens; only rules behind open gates run.

use aho_corasick::automaton::Automaton;
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, MatchKind, StartKind};
use std::collections::HashMap;

/// A rule's place in the prefilter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate(u32);

impl Gate {
    /// A gate that is open for every text: for rules without a literal to look for.
    pub const ALWAYS: Gate = Gate(u32::MAX);
}

/// Gates that were registered one after another: for long lists of terms, of which a text opens few.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateRun {
    first: u32,
    len: u32,
}

/// Collects needles while detectors are compiled.
#[derive(Debug, Default)]
pub struct NeedleSet {
    gates: u32,
    needles: Vec<Vec<u8>>,
    openers: Vec<Vec<u32>>,
    index: HashMap<Vec<u8>, usize>,
    always: Vec<u32>,
}

impl NeedleSet {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a rule that can match only where one of `needles` occurs in the folded view, and returns its gate.
    ///
    /// Needles must be written as the folded view holds them (lower case). No needles, or an empty one, means the
    /// rule cannot be ruled out.
    pub fn gate<N: AsRef<[u8]>>(&mut self, needles: impl IntoIterator<Item = N>) -> Gate {
        let needles: Vec<Vec<u8>> = needles.into_iter().map(|n| n.as_ref().to_vec()).collect();
        if needles.is_empty() || needles.iter().any(Vec::is_empty) {
            return Gate::ALWAYS;
        }
        debug_assert!(needles.iter().flatten().all(|b| !b.is_ascii_uppercase() || matches!(b, b'L' | b'D')));
        let gate = self.gates;
        self.gates += 1;
        self.open_by(gate, needles);
        Gate(gate)
    }

    /// Registers one gate for each item, in order: a rule that needs its needle in the folded view, or, for an empty
    /// needle, a rule that cannot be ruled out.
    pub fn run<N: AsRef<[u8]>>(&mut self, needles: impl IntoIterator<Item = N>) -> GateRun {
        let first = self.gates;
        for needle in needles {
            let gate = self.gates;
            self.gates += 1;
            match needle.as_ref() {
                [] => self.always.push(gate),
                needle => self.open_by(gate, [needle.to_vec()]),
            }
        }
        GateRun { first, len: self.gates - first }
    }

    /// As [`NeedleSet::run`] for rules of which each needs one of several needles; no needles, or an empty one, means
    /// that the rule cannot be ruled out.
    pub fn run_any(&mut self, rules: impl IntoIterator<Item = Vec<Vec<u8>>>) -> GateRun {
        let first = self.gates;
        for needles in rules {
            let gate = self.gates;
            self.gates += 1;
            if needles.is_empty() || needles.iter().any(Vec::is_empty) {
                self.always.push(gate);
            } else {
                self.open_by(gate, needles);
            }
        }
        GateRun { first, len: self.gates - first }
    }

    fn open_by(&mut self, gate: u32, needles: impl IntoIterator<Item = Vec<u8>>) {
        for needle in needles {
            let at = *self.index.entry(needle).or_insert_with_key(|needle| {
                self.needles.push(needle.clone());
                self.openers.push(Vec::new());
                self.needles.len() - 1
            });
            if self.openers[at].last() != Some(&gate) {
                self.openers[at].push(gate);
            }
        }
    }

    /// Builds the automaton over everything registered.
    #[must_use]
    pub fn build(self) -> Prefilter {
        let automaton = (!self.needles.is_empty()).then(|| {
            DFA::builder()
                .match_kind(MatchKind::Standard)
                .start_kind(StartKind::Unanchored)
                .prefilter(false)
                .build(&self.needles)
                // Only needles beyond 2^31 states cannot be built; those of a policy are a few thousand.
                .expect("the needles of a policy fit an automaton")
        });
        let mut closed = vec![0u64; (self.gates as usize).div_ceil(64)];
        for gate in self.always {
            closed[gate as usize / 64] |= 1 << (gate % 64);
        }
        Prefilter { automaton, openers: self.openers, closed }
    }
}

/// The compiled prefilter of an engine.
#[derive(Debug)]
pub struct Prefilter {
    automaton: Option<DFA>,
    openers: Vec<Vec<u32>>,
    /// The gates before any needle was found: only those of runs that are always open.
    closed: Vec<u64>,
}

/// Which gates a text opens.
#[derive(Clone, Debug, Default)]
pub struct OpenGates {
    bits: Vec<u64>,
}

impl OpenGates {
    /// Whether the rule behind `gate` may match.
    #[must_use]
    pub fn is_open(&self, gate: Gate) -> bool {
        gate == Gate::ALWAYS || self.bits.get(gate.0 as usize / 64).is_some_and(|word| word >> (gate.0 % 64) & 1 == 1)
    }

    /// The open gates of a run, as places in it, in order.
    pub fn open_in(&self, run: GateRun) -> impl Iterator<Item = usize> + '_ {
        let (first, end) = (run.first as usize, (run.first + run.len) as usize);
        let words = if run.len == 0 { 0..0 } else { first / 64..end.div_ceil(64) };
        words
            .flat_map(move |w| {
                let mut word = self.bits.get(w).copied().unwrap_or(0);
                std::iter::from_fn(move || {
                    let bit = (word != 0).then(|| word.trailing_zeros() as usize)?;
                    word &= word - 1;
                    Some(w * 64 + bit)
                })
            })
            .filter(move |gate| (first..end).contains(gate))
            .map(move |gate| gate - first)
    }
}

impl Prefilter {
    /// A prefilter with no rules.
    #[must_use]
    pub fn none() -> Self {
        NeedleSet::new().build()
    }

    /// One pass over a folded text.
    #[must_use]
    pub fn scan(&self, folded: &[u8]) -> OpenGates {
        let mut bits = self.closed.clone();
        // A common word may open a hundred gates: once is enough.
        let mut seen = vec![0u64; self.openers.len().div_ceil(64)];
        if let Some(automaton) = &self.automaton {
            // Stepped by hand: the crate's overlapping search starts over at every match, and matches are many.
            // An automaton built for unanchored searches has that start state.
            let mut state = automaton.start_state(Anchored::No).expect("an unanchored start");
            for &byte in folded {
                state = automaton.next_state(Anchored::No, state, byte);
                if !(automaton.is_special(state) && automaton.is_match(state)) {
                    continue;
                }
                for i in 0..automaton.match_len(state) {
                    let needle = automaton.match_pattern(state, i).as_usize();
                    let mask = 1 << (needle % 64);
                    if seen[needle / 64] & mask == 0 {
                        seen[needle / 64] |= mask;
                        for &gate in &self.openers[needle] {
                            bits[gate as usize / 64] |= 1 << (gate % 64);
                        }
                    }
                }
            }
        }
        OpenGates { bits }
    }

    /// How many different literals are searched for.
    #[must_use]
    pub fn needle_count(&self) -> usize {
        self.openers.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_needles_open_all_their_gates() {
        let mut set = NeedleSet::new();
        let a = set.gate(["sk-"]);
        let b = set.gate(["sk-ant-"]);
        let c = set.gate(["ant", "bee"]);
        let d = set.gate(["nowhere"]);
        let always = set.gate(Vec::<&str>::new());
        let open = set.build().scan(b"x sk-ant-1");
        assert!([a, b, c, always].into_iter().all(|g| open.is_open(g)));
        assert!(!open.is_open(d));
    }

    #[test]
    fn a_run_lists_its_open_gates_in_order() {
        let mut set = NeedleSet::new();
        set.gate(["term"]);
        let run = set.run((0..150).map(|i| if i == 77 { String::new() } else { format!("t{i:03}") }));
        let empty = set.run(Vec::<&str>::new());
        let after = set.gate(["t149"]);
        let open = set.build().scan(b"t149 t000 t064 term");
        assert_eq!(open.open_in(run).collect::<Vec<_>>(), [0, 64, 77, 149]);
        assert_eq!(open.open_in(empty).count(), 0);
        assert!(open.is_open(after));
    }
}
