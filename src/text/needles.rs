//! The shared prefilter: the literals that all enabled rules need, searched together in one pass over a text.
//!
//! Each rule registers clauses, sets of literals of which at least one must occur (in the folded view) for the rule
//! to match at all, and receives a [`Gate`]. One search finds which clauses a text satisfies; only rules whose
//! clauses are all satisfied run.

use super::literals::{Clause, MAX_CLAUSES};
use super::search::{Finds, LiteralSearch};
use std::collections::HashMap;

/// The clauses of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate([u32; MAX_CLAUSES]);

/// In place of a clause: satisfied by every text.
const NO_CLAUSE: u32 = u32::MAX;

impl Gate {
    /// A gate that is open for every text: for rules without a literal to look for.
    pub const ALWAYS: Gate = Gate([NO_CLAUSE; MAX_CLAUSES]);
}

/// Clauses that were registered one after another: for long lists of terms, of which a text satisfies few.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateRun {
    first: u32,
    len: u32,
}

/// Collects needles while detectors are compiled.
#[derive(Debug, Default)]
pub struct NeedleSet {
    clauses: u32,
    needles: Vec<Vec<u8>>,
    /// For each needle, the clauses it satisfies.
    openers: Vec<Vec<u32>>,
    index: HashMap<Vec<u8>, usize>,
    /// Clauses that several rules may have.
    shared: HashMap<Clause, u32>,
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
        self.gate_all([needles.into_iter().map(|n| n.as_ref().to_vec()).collect()])
    }

    /// As [`NeedleSet::gate`] for a rule that needs one needle of each clause. Of more than [`MAX_CLAUSES`] the
    /// first count.
    pub fn gate_all(&mut self, clauses: impl IntoIterator<Item = Clause>) -> Gate {
        let mut gate = Gate::ALWAYS;
        let told = clauses.into_iter().filter(|clause| !clause.is_empty() && !clause.iter().any(Vec::is_empty));
        for (place, mut clause) in gate.0.iter_mut().zip(told) {
            clause.sort();
            *place = match self.shared.get(&clause) {
                Some(&known) => known,
                None => {
                    let new = self.next_clause();
                    self.satisfied_by(new, &clause);
                    self.shared.insert(clause, new);
                    new
                }
            };
        }
        gate
    }

    fn next_clause(&mut self) -> u32 {
        self.clauses += 1;
        self.clauses - 1
    }

    /// Registers one rule for each item, in order, that needs this needle in the folded view, or, for an empty
    /// needle, cannot be ruled out.
    pub fn run<N: AsRef<[u8]>>(&mut self, needles: impl IntoIterator<Item = N>) -> GateRun {
        self.run_any(needles.into_iter().map(|needle| vec![needle.as_ref().to_vec()]))
    }

    /// As [`NeedleSet::run`] for rules of which each needs one of several needles; no needles, or an empty one, means
    /// that the rule cannot be ruled out.
    pub fn run_any(&mut self, rules: impl IntoIterator<Item = Clause>) -> GateRun {
        let first = self.clauses;
        for needles in rules {
            let clause = self.next_clause();
            if needles.is_empty() || needles.iter().any(Vec::is_empty) {
                self.always.push(clause);
            } else {
                self.satisfied_by(clause, &needles);
            }
        }
        GateRun { first, len: self.clauses - first }
    }

    fn satisfied_by(&mut self, clause: u32, needles: &[Vec<u8>]) {
        debug_assert!(needles.iter().flatten().all(|b| !b.is_ascii_uppercase() || matches!(b, b'L' | b'D')));
        for needle in needles {
            let at = match self.index.get(needle) {
                Some(&at) => at,
                None => {
                    self.index.insert(needle.clone(), self.needles.len());
                    self.needles.push(needle.clone());
                    self.openers.push(Vec::new());
                    self.needles.len() - 1
                }
            };
            if self.openers[at].last() != Some(&clause) {
                self.openers[at].push(clause);
            }
        }
    }

    /// Prepares the search for everything registered.
    #[must_use]
    pub fn build(self) -> Prefilter {
        let mut satisfied = vec![0u64; (self.clauses as usize).div_ceil(64)];
        for clause in self.always {
            set(&mut satisfied, clause as usize);
        }
        Prefilter { search: LiteralSearch::new(&self.needles), openers: self.openers, satisfied }
    }
}

fn set(bits: &mut [u64], at: usize) {
    bits[at / 64] |= 1 << (at % 64);
}

fn has(bits: &[u64], at: usize) -> bool {
    bits.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
}

/// The compiled prefilter of an engine.
#[derive(Debug)]
pub struct Prefilter {
    search: LiteralSearch,
    openers: Vec<Vec<u32>>,
    /// The clauses before any needle was found: only those of rules that cannot be ruled out.
    satisfied: Vec<u64>,
}

/// Which clauses a text satisfies.
#[derive(Clone, Debug, Default)]
pub struct OpenGates {
    /// A bit for each clause; what stands behind them is of no interest any more.
    bits: Vec<u64>,
}

impl OpenGates {
    /// Whether the rule behind `gate` may match.
    #[must_use]
    pub fn is_open(&self, gate: Gate) -> bool {
        gate.0.iter().all(|&clause| clause == NO_CLAUSE || has(&self.bits, clause as usize))
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
            .filter(move |clause| (first..end).contains(clause))
            .map(move |clause| clause - first)
    }
}

/// A scan in progress.
struct Scan<'p> {
    openers: &'p [Vec<u32>],
    /// A bit for each clause, then one for each needle found: a common word satisfies a hundred clauses, once is
    /// enough.
    bits: Vec<u64>,
    /// Where the bits of needles begin.
    seen: usize,
}

impl Finds for Scan<'_> {
    fn wants(&self, needle: usize) -> bool {
        !has(&self.bits, self.seen + needle)
    }

    fn found(&mut self, needle: usize, _start: usize) {
        if self.wants(needle) {
            set(&mut self.bits, self.seen + needle);
            for &clause in &self.openers[needle] {
                set(&mut self.bits, clause as usize);
            }
        }
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
        let clauses = self.satisfied.len();
        let mut bits = vec![0; clauses + self.openers.len().div_ceil(64)];
        bits[..clauses].copy_from_slice(&self.satisfied);
        let mut scan = Scan { openers: &self.openers, bits, seen: clauses * 64 };
        self.search.each(folded, &mut scan);
        OpenGates { bits: scan.bits }
    }

    /// The different literals that are searched for.
    pub fn needles(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (0..self.search.len()).map(|at| self.search.literal(at))
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
    fn a_gate_of_several_clauses_needs_one_needle_of_each() {
        let clause = |needles: &[&str]| needles.iter().map(|n| n.as_bytes().to_vec()).collect::<Clause>();
        let mut set = NeedleSet::new();
        let both = set.gate_all([clause(&["make", "build"]), clause(&["some"])]);
        let told = set.gate_all([clause(&["", "x"]), clause(&["some"]), clause(&[])]);
        let prefilter = set.build();
        let open = |text: &[u8], gate| prefilter.scan(text).is_open(gate);
        assert!(open(b"build some", both) && open(b"some make", both));
        assert!(!open(b"some", both) && !open(b"make build", both));
        assert!(open(b"some", told) && !open(b"x", told));
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
