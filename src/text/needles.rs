//! The shared prefilter: the literals that all enabled rules need, searched together in one pass over a text.
//!
//! Each rule registers clauses, sets of literals of which at least one must occur (in the folded view) for the rule
//! to match at all, and receives a [`Gate`]. One search finds which clauses a text satisfies; only rules whose
//! clauses are all satisfied run.

use super::blocks::places;
use super::fold::{is_blank, is_word};
use super::joints::JointSearch;
use super::literals::{Clause, MAX_CLAUSES};
use super::search::LiteralSearch;
use super::word_cache::{Effect, LONGEST, MOST_PLACES, WordCache};
use super::words::each_word;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use thread_local::ThreadLocal;

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

/// A question about a word of the folded view.
pub type WordTest = Box<dyn Fn(&[u8]) -> bool + Send + Sync>;

/// What is searched for.
#[derive(Default)]
struct Needle {
    bytes: Vec<u8>,
    /// The clauses it satisfies.
    opens: Vec<u32>,
    /// Whether a blank at an end counts as what it is: rules of runs look no further.
    whole: bool,
}

/// Collects needles while detectors are compiled.
#[derive(Default)]
pub struct NeedleSet {
    clauses: u32,
    needles: Vec<Needle>,
    /// By bytes and whether they are looked for whole.
    index: HashMap<(Vec<u8>, bool), usize>,
    /// Clauses that several rules may have.
    shared: HashMap<Clause, u32>,
    always: Vec<u32>,
    /// Clauses that certain words satisfy.
    tests: Vec<(WordTest, u32)>,
}

impl NeedleSet {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a rule that can match only where one of `needles` occurs in the folded view, and returns its gate. A
    /// blank at either end of a needle stands for the end of a word, whatever ends it.
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
                    self.satisfied_by(new, &clause, false);
                    self.shared.insert(clause, new);
                    new
                }
            };
        }
        gate
    }

    /// Registers a rule that can match only where a word (a maximal run of word characters of the folded view) passes
    /// the test. The answer for a word is remembered, so the test may take its time.
    pub fn gate_words(&mut self, test: impl Fn(&[u8]) -> bool + Send + Sync + 'static) -> Gate {
        let mut gate = Gate::ALWAYS;
        gate.0[0] = self.next_clause();
        self.tests.push((Box::new(test), gate.0[0]));
        gate
    }

    fn next_clause(&mut self) -> u32 {
        self.clauses += 1;
        self.clauses - 1
    }

    /// Registers one rule for each item, in order, that needs this needle in the folded view, or, for an empty
    /// needle, cannot be ruled out. Its gate is open exactly where the needle is.
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
                self.satisfied_by(clause, &needles, true);
            }
        }
        GateRun { first, len: self.clauses - first }
    }

    fn satisfied_by(&mut self, clause: u32, needles: &[Vec<u8>], whole: bool) {
        debug_assert!(needles.iter().flatten().all(|b| !b.is_ascii_uppercase() || matches!(b, b'L' | b'D')));
        let is_blank = |b: Option<&u8>| b.is_some_and(|&b| is_blank(b));
        for bytes in needles {
            // Of others there is one sort only.
            let whole = whole && (is_blank(bytes.first()) || is_blank(bytes.last()));
            let at = *self.index.entry((bytes.clone(), whole)).or_insert_with(|| {
                self.needles.push(Needle { bytes: bytes.clone(), whole, ..Needle::default() });
                self.needles.len() - 1
            });
            let needle = &mut self.needles[at];
            if needle.opens.last() != Some(&clause) {
                needle.opens.push(clause);
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
        let mut words = Vec::new();
        let (mut inner, mut joint, mut joint_openers) = (Vec::new(), Vec::new(), Vec::new());
        for needle in self.needles {
            match Inner::of(&needle) {
                Some((part, inside)) => {
                    words.push(part.to_vec());
                    inner.push(Inner { opens: needle.opens, ..inside });
                }
                None => {
                    joint.push(needle.bytes);
                    joint_openers.push(needle.opens);
                }
            }
        }
        Prefilter {
            words: Words { search: LiteralSearch::new(&words), inner, tests: self.tests },
            joints: JointSearch::new(&joint),
            joint_openers,
            satisfied,
            caches: ThreadLocal::new(),
        }
    }
}

fn set(bits: &mut [u64], at: usize) {
    bits[at / 64] |= 1 << (at % 64);
}

fn has(bits: &[u64], at: usize) -> bool {
    bits.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
}

/// The compiled prefilter of an engine.
///
/// Needles of word characters alone lie within words, and what is in a word is remembered, for each thread, as long as
/// it keeps coming. All others have a joint and are looked for where such a character stands.
pub struct Prefilter {
    words: Words,
    joints: JointSearch,
    /// For each needle with a joint, the clauses it satisfies.
    joint_openers: Vec<Vec<u32>>,
    /// The clauses before any needle was found: only those of rules that cannot be ruled out.
    satisfied: Vec<u64>,
    caches: ThreadLocal<RefCell<WordCache>>,
}

impl fmt::Debug for Prefilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prefilter").field("needles", &self.needles().len()).finish_non_exhaustive()
    }
}

/// A needle that lies within a word.
#[derive(Default)]
struct Inner {
    /// Whether it must begin the word.
    begins: bool,
    /// Whether it must end the word.
    ends: bool,
    /// The clauses it satisfies.
    opens: Vec<u32>,
}

impl Inner {
    /// The part of a needle that lies within a word, and where in it; `None` for a needle of other characters too. A
    /// blank at either end is too frequent to be looked at: that the word ends says nearly as much.
    fn of(needle: &Needle) -> Option<(&[u8], Self)> {
        let blank = |b: Option<&u8>| !needle.whole && b.is_some_and(|&b| is_blank(b));
        let (begins, ends) = (blank(needle.bytes.first()), blank(needle.bytes.last()));
        let part = needle.bytes.get(usize::from(begins)..needle.bytes.len() - usize::from(ends))?;
        let within = !part.is_empty() && part.iter().all(|&b| is_word(b));
        within.then_some((part, Inner { begins, ends, opens: Vec::new() }))
    }
}

/// What single words satisfy.
struct Words {
    search: LiteralSearch,
    /// Of each literal of the search.
    inner: Vec<Inner>,
    tests: Vec<(WordTest, u32)>,
}

impl Words {
    /// Hands on the clauses that a word satisfies, some of them more than once.
    fn each_clause(&self, word: &[u8], mut take: impl FnMut(u32)) {
        self.search.each(word, &mut |needle: usize, start: usize| {
            let Inner { begins, ends, opens } = &self.inner[needle];
            let ends_word = || start + self.search.literals().get(needle).len() == word.len();
            if (!begins || start == 0) && (!ends || ends_word()) {
                opens.iter().for_each(|&clause| take(clause));
            }
        });
        self.tests.iter().filter(|(test, _)| test(word)).for_each(|&(_, clause)| take(clause));
    }

    /// Adds the bits of a word's clauses.
    fn learn(&self, word: &[u8], effects: &mut Vec<Effect>) {
        let first = effects.len();
        self.each_clause(word, |clause| {
            let (place, bits) = (clause / 64, 1 << (clause % 64));
            match effects[first..].iter_mut().find(|effect| effect.place == place) {
                Some(effect) => effect.bits |= bits,
                None => effects.push(Effect { place, bits }),
            }
        });
    }
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
            .flat_map(move |w| places(self.bits.get(w).copied().unwrap_or(0)).map(move |bit| w * 64 + bit))
            .filter(move |clause| (first..end).contains(clause))
            .map(move |clause| clause - first)
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
        let mut bits = self.satisfied.clone();
        if bits.is_empty() {
            return OpenGates { bits };
        }
        let mut cache = self.caches.get_or(|| RefCell::new(WordCache::new())).borrow_mut();
        cache.begin_text();
        let mut gap = 0;
        each_word(folded, |start, end| {
            self.scan_joints(folded, gap, start, &mut bits);
            gap = end;
            if end - start > LONGEST || bits.len() > MOST_PLACES {
                self.words.each_clause(&folded[start..end], |clause| set(&mut bits, clause as usize));
                return;
            }
            for effect in cache.effects_of(folded, start, end, |word, effects| self.words.learn(word, effects)) {
                bits[effect.place as usize] |= effect.bits;
            }
        });
        self.scan_joints(folded, gap, folded.len(), &mut bits);
        OpenGates { bits }
    }

    /// Looks for the needles with a joint from `start` to `end`, where no word characters are.
    fn scan_joints(&self, folded: &[u8], start: usize, end: usize, bits: &mut [u64]) {
        for at in start..end {
            self.joints.at(folded, at, &mut |needle: usize, _| {
                self.joint_openers[needle].iter().for_each(|&clause| set(bits, clause as usize));
            });
        }
    }

    /// The different literals that are searched for.
    pub fn needles(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        let lists = [self.words.search.literals(), self.joints.literals()];
        let first = lists[0].len();
        (0..first + lists[1].len()).map(move |at| match at.checked_sub(first) {
            Some(at) => lists[1].get(at),
            None => lists[0].get(at),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
    fn a_blank_at_an_end_is_looked_at_only_for_runs() {
        let mut set = NeedleSet::new();
        let gates = [set.gate(["only "]), set.gate([" left"]), set.gate([" mid "]), set.gate([" "])];
        let run = set.run(["now ", " now", "only", "only "]);
        let prefilter = set.build();
        let open = |text: &[u8]| {
            let open = prefilter.scan(text);
            (gates.map(|gate| open.is_open(gate)), open.open_in(run).collect::<Vec<_>>())
        };
        assert_eq!(open(b"only,left;mid"), ([true, true, true, false], vec![2]));
        assert_eq!(open(b"onlyxleft xmidx"), ([false, false, false, true], vec![2]));
        assert_eq!(open(b"now,xnow,x now"), ([false, false, false, true], vec![1]));
    }

    #[test]
    fn words_open_the_gates_of_their_tests_however_long_they_are() {
        let mut set = NeedleSet::new();
        let long = set.gate_words(|word| word.len() > 20);
        let capital = set.gate_words(|word| word.contains(&b'L'));
        let prefilter = set.build();
        for _ in 0..2 {
            let open = |text: &[u8]| [long, capital].map(|gate| prefilter.scan(text).is_open(gate));
            assert_eq!(open(b"a short text"), [false, false]);
            assert_eq!(open(b"aaaaaaaaaaaaaaaaaaaaaaaaa xLx"), [true, true]);
            assert_eq!(open(b""), [false, false]);
        }
    }

    proptest! {
        #[test]
        fn gates_open_where_their_needles_are(
            needles in prop::collection::vec("[ab .-]{1,6}", 1..20), texts in prop::collection::vec("[ab .-]{0,90}", 1..5)
        ) {
            let mut set = NeedleSet::new();
            let gates: Vec<Gate> = needles.iter().map(|needle| set.gate([needle])).collect();
            let run = set.run(&needles);
            let prefilter = set.build();
            // Twice: what words satisfy is remembered.
            for text in texts.iter().chain(&texts) {
                let open = prefilter.scan(text.as_bytes());
                let contained: Vec<usize> = (0..needles.len()).filter(|&at| text.contains(&needles[at])).collect();
                prop_assert!(contained.iter().all(|&at| open.is_open(gates[at])));
                prop_assert_eq!(open.open_in(run).collect::<Vec<_>>(), contained);
            }
        }
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
