//! The shared prefilter: the literals that all enabled rules need, searched together in one pass over a text.
//!
//! Each rule registers the literals of which at least one must occur (in the folded view) for the rule to match at
//! all, and receives a [`Gate`]. One automaton finds which gates a text opens; only rules behind open gates run.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use std::collections::HashMap;

/// A rule's place in the prefilter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate(u32);

impl Gate {
    /// A gate that is open for every text: for rules without a literal to look for.
    pub const ALWAYS: Gate = Gate(u32::MAX);
}

/// Collects needles while detectors are compiled.
#[derive(Debug, Default)]
pub struct NeedleSet {
    gates: u32,
    needles: Vec<Vec<u8>>,
    openers: Vec<Vec<u32>>,
    index: HashMap<Vec<u8>, usize>,
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
        Gate(gate)
    }

    /// Builds the automaton over everything registered.
    #[must_use]
    pub fn build(self) -> Prefilter {
        let automaton = (!self.needles.is_empty()).then(|| {
            AhoCorasick::builder()
                .match_kind(MatchKind::Standard)
                .kind(Some(AhoCorasickKind::DFA))
                .build(&self.needles)
                .or_else(|_| AhoCorasick::builder().match_kind(MatchKind::Standard).build(&self.needles))
                // Only a set of needles beyond 2^31 states cannot be built; policies are far smaller.
                .expect("the needles of a policy fit an automaton")
        });
        Prefilter { automaton, openers: self.openers, gates: self.gates as usize }
    }
}

/// The compiled prefilter of an engine.
#[derive(Debug)]
pub struct Prefilter {
    automaton: Option<AhoCorasick>,
    openers: Vec<Vec<u32>>,
    gates: usize,
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
}

impl OpenGates {
    /// Which of the `count` gates from `first` on are open, as places counted from `first`, in order. `first` must
    /// not be [`Gate::ALWAYS`].
    pub fn iter_from(&self, first: Gate, count: usize) -> impl Iterator<Item = usize> + '_ {
        let first = first.0 as usize;
        let end = first.saturating_add(count);
        let word = move |at: usize| {
            let mut word = self.bits.get(at).copied().unwrap_or(0);
            if at == first / 64 {
                word &= u64::MAX << (first % 64);
            }
            word
        };
        let words = first / 64..end.div_ceil(64).min(self.bits.len());
        words
            .flat_map(move |at| {
                let mut left = word(at);
                std::iter::from_fn(move || {
                    let bit = left.trailing_zeros() as usize;
                    (left != 0).then(|| {
                        left &= left - 1;
                        at * 64 + bit
                    })
                })
            })
            .take_while(move |&gate| gate < end)
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
        let mut bits = vec![0u64; self.gates.div_ceil(64)];
        // A common word may open a hundred gates: once is enough.
        let mut seen = vec![0u64; self.openers.len().div_ceil(64)];
        if let Some(automaton) = &self.automaton {
            for found in automaton.find_overlapping_iter(folded) {
                let needle = found.pattern().as_usize();
                let mask = 1 << (needle % 64);
                if seen[needle / 64] & mask != 0 {
                    continue;
                }
                seen[needle / 64] |= mask;
                for &gate in &self.openers[needle] {
                    bits[gate as usize / 64] |= 1 << (gate % 64);
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
    fn open_gates_of_a_range_come_in_order() {
        let mut set = NeedleSet::new();
        let gates: Vec<Gate> = (0..200).map(|i| set.gate([format!("<{i}>")])).collect();
        let open = set.build().scan(b"<199><0><64><63><130><131>");
        let from = |first: usize, count| open.iter_from(gates[first], count).collect::<Vec<_>>();
        assert_eq!(from(0, 200), [0, 63, 64, 130, 131, 199]);
        assert_eq!(from(64, 67), [0, 66]);
        assert_eq!(from(131, 68), [0]);
        assert_eq!(from(132, 68), [67]);
        assert_eq!(from(1, 62), Vec::<usize>::new());
    }
}
