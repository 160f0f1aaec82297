//! The shared prefilter: the literals that all enabled rules need, searched together in one pass over a text.
//!
//! Each rule registers clauses, sets of literals of which at least one must occur (in the folded view) for the rule
//! to match at all, and receives a [`Gate`]. One search finds which clauses a text satisfies; only rules whose
//! clauses are all satisfied run.

use super::fold::{is_blank, is_word};
use super::frequency;
use super::gates::{Gate, GateList, GateRun, OpenGates, Reading, set};
use super::hash::QuickHash;
use super::joints::JointSearch;
use super::literals::{Clause, Needs};
use super::needle_words::{Beside, Phrase, Sides, Within};
use super::search::LiteralSearch;
use super::word_cache::{Candidate, Effect, Room, WordCache};
use super::words::word_bits;
use crate::blocks::{BLOCK, Edges, bits, each_block, places, within};
use indexmap::IndexMap;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use thread_local::ThreadLocal;

/// A question about a word of the folded view.
pub type WordTest = Box<dyn Fn(&[u8]) -> bool + Send + Sync>;

/// What is searched for.
#[derive(PartialEq, Eq, Hash)]
struct Needle {
    bytes: Vec<u8>,
    /// Whether blanks count as what they are: rules of runs look no further.
    whole: bool,
}

/// Collects needles while detectors are compiled.
#[derive(Default)]
pub struct NeedleSet {
    clauses: u32,
    /// The clauses that each needle satisfies.
    needles: IndexMap<Needle, Vec<u32>, QuickHash>,
    /// Clauses that several rules may have, by the places of their needles.
    shared: HashMap<Vec<usize>, u32, QuickHash>,
    always: Vec<u32>,
    /// Clauses that certain words satisfy.
    tests: Vec<(WordTest, Vec<u32>)>,
    /// Clauses, and others that are satisfied with them.
    followers: Vec<(u32, u32)>,
}

impl NeedleSet {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a rule that can match only where one of `needles` occurs in the folded view, and returns its gate. A
    /// blank of a needle stands for any blanks, and at either end for the end of a word, whatever ends it.
    ///
    /// Needles must be written as the folded view holds them (lower case). No needles, or an empty one, means the
    /// rule cannot be ruled out.
    pub fn gate<N: AsRef<[u8]>>(&mut self, needles: impl IntoIterator<Item = N>) -> Gate {
        let clause = needles.into_iter().map(|n| n.as_ref().to_vec()).collect();
        self.gate_all(Needs { clauses: vec![clause], tokens: None })
    }

    /// As [`NeedleSet::gate`] for a rule that needs one needle of each clause, near to each other.
    pub fn gate_all(&mut self, needs: Needs) -> Gate {
        let told = needs.clauses.into_iter().filter(|clause| !clause.is_empty() && !clause.iter().any(Vec::is_empty));
        let clauses: Vec<u32> = told.map(|clause| self.shared(clause)).collect();
        Gate::new(clauses, needs.tokens)
    }

    fn shared(&mut self, clause: Clause) -> u32 {
        let mut needles: Vec<usize> = clause.into_iter().map(|bytes| self.place_of(bytes, false)).collect();
        needles.sort_unstable();
        if let Some(&known) = self.shared.get(&needles) {
            return known;
        }
        let new = self.next_clause();
        needles.iter().for_each(|&needle| self.satisfied_by(new, needle));
        self.shared.insert(needles, new);
        new
    }

    /// Registers a rule that can match only where a word (a maximal run of word characters of the folded view) passes
    /// the test. The answer for a word is remembered, so the test may take its time.
    pub fn gate_words(&mut self, test: impl Fn(&[u8]) -> bool + Send + Sync + 'static) -> Gate {
        let clause = self.next_clause();
        self.tests.push((Box::new(test), vec![clause]));
        Gate::new([clause], None)
    }

    fn next_clause(&mut self) -> u32 {
        self.clauses += 1;
        self.clauses - 1
    }

    /// Registers one rule for each item, in order, that needs this needle in the folded view, or, for an empty
    /// needle, cannot be ruled out. Its gate is open exactly where the needle is.
    pub fn run<N: AsRef<[u8]>>(&mut self, needles: impl IntoIterator<Item = N>) -> GateRun {
        self.run_of(needles.into_iter().map(|needle| vec![needle.as_ref().to_vec()]), true)
    }

    /// Gates that are registered already, as a list that a text is asked for at once.
    pub fn list(&mut self, gates: Vec<Gate>) -> GateList {
        let first = self.clauses;
        for gate in &gates {
            let clause = self.next_clause();
            match gate.first() {
                Some(leader) => self.followers.push((leader, clause)),
                None => self.always.push(clause),
            }
        }
        GateList { run: GateRun { first, len: self.clauses - first }, gates }
    }

    fn run_of(&mut self, rules: impl IntoIterator<Item = Clause>, whole: bool) -> GateRun {
        let first = self.clauses;
        for needles in rules {
            let clause = self.next_clause();
            if needles.is_empty() || needles.iter().any(Vec::is_empty) {
                self.always.push(clause);
                continue;
            }
            for bytes in needles {
                let needle = self.place_of(bytes, whole);
                self.satisfied_by(clause, needle);
            }
        }
        GateRun { first, len: self.clauses - first }
    }

    /// The place of a needle, a new one for one that is not known yet.
    fn place_of(&mut self, bytes: Vec<u8>, whole: bool) -> usize {
        debug_assert!(bytes.iter().all(|b| !b.is_ascii_uppercase() || matches!(b, b'L' | b'D')));
        // Of others there is one sort only.
        let whole = whole && bytes.iter().any(|&b| is_blank(b));
        let needle = self.needles.entry(Needle { bytes, whole });
        let place = needle.index();
        needle.or_default();
        place
    }

    fn satisfied_by(&mut self, clause: u32, needle: usize) {
        let clauses = &mut self.needles[needle];
        if clauses.last() != Some(&clause) {
            clauses.push(clause);
        }
    }

    /// Lets clauses be satisfied with those that they follow.
    fn follow(&mut self) {
        let mut followers: HashMap<u32, Vec<u32>, QuickHash> = HashMap::default();
        for &(leader, follower) in &self.followers {
            followers.entry(leader).or_default().push(follower);
        }
        for opens in self.needles.values_mut().chain(self.tests.iter_mut().map(|(_, clauses)| clauses)) {
            for at in 0..opens.len() {
                opens.extend(followers.get(&opens[at]).into_iter().flatten());
            }
        }
    }

    /// Prepares the search for everything registered.
    #[must_use]
    pub fn build(mut self) -> Prefilter {
        self.follow();
        let mut satisfied = vec![0u64; (self.clauses as usize).div_ceil(64)];
        for clause in self.always {
            set(&mut satisfied, clause as usize);
        }
        // Room for more than come: what is not used costs nothing, growing does.
        let most = self.needles.len();
        let mut inner: IndexMap<Within, Vec<Effect>, QuickHash> =
            IndexMap::with_capacity_and_hasher(most, QuickHash::default());
        let mut phrases = Vec::with_capacity(most);
        let (mut joint, mut joint_openers) = (Vec::new(), Vec::new());
        for (needle, opens) in self.needles {
            if let Some(within) = needle.within_word() {
                inner.entry(within).or_default().extend(Effect::all_of(&opens));
            } else if let Some(word) = needle.rarest_word() {
                let phrase = Phrase { bytes: needle.bytes, whole: needle.whole, word, opens };
                let effect = Effect::Phrase(Beside::of(&phrase, phrases.len()));
                inner.entry(phrase.within_word()).or_default().push(effect);
                phrases.push(phrase);
            } else {
                joint.push(needle.bytes);
                joint_openers.push(opens);
            }
        }
        let tests = self.tests.into_iter().map(|(test, opens)| (test, Effect::all_of(&opens))).collect();
        let words: Vec<&[u8]> = inner.keys().map(|within| within.part.as_slice()).collect();
        let search = LiteralSearch::new(&words);
        let inner = inner.into_iter().map(|(Within { begins, ends, .. }, effects)| Inner { begins, ends, effects });
        Prefilter {
            words: Words { search, inner: inner.collect(), tests },
            phrases,
            joints: JointSearch::new(&joint),
            joint_openers,
            satisfied,
            memories: ThreadLocal::new(),
        }
    }
}

impl Needle {
    /// What a word must have; `None` for a needle of other characters too. A blank at either end is too frequent to be
    /// looked at: that the word ends says nearly as much.
    fn within_word(&self) -> Option<Within> {
        let blank = |b: Option<&u8>| !self.whole && b.is_some_and(|&b| is_blank(b));
        let (begins, ends) = (blank(self.bytes.first()), blank(self.bytes.last()));
        let part = self.bytes.get(usize::from(begins)..self.bytes.len() - usize::from(ends))?;
        let is_part = !part.is_empty() && part.iter().all(|&b| is_word(b));
        is_part.then(|| Within { part: part.to_vec(), begins, ends })
    }

    /// Of a needle of several words with blanks between them, the place of the least common word, of such the longest.
    fn rarest_word(&self) -> Option<Range<usize>> {
        if !self.bytes.iter().any(|&b| is_blank(b)) {
            return None;
        }
        let starts =
            (0..self.bytes.len()).filter(|&at| is_word(self.bytes[at]) && (at == 0 || !is_word(self.bytes[at - 1])));
        let words = starts.map(|at| at..at + self.bytes[at..].iter().take_while(|&&b| is_word(b)).count());
        words.max_by_key(|word| {
            // With the blanks that are behind and before it.
            let around = word.start.saturating_sub(1)..self.bytes.len().min(word.end + 1);
            (frequency::halvings(&self.bytes[around]), word.len())
        })
    }
}

/// The compiled prefilter of an engine.
///
/// Needles of word characters alone lie within words, and what is in a word is remembered, for each thread, as long as
/// it keeps coming. Those of several words are looked for around the rarest. All others have a joint and are looked for
/// where such a character stands.
pub struct Prefilter {
    words: Words,
    phrases: Vec<Phrase>,
    joints: JointSearch,
    /// For each needle with a joint, the clauses it satisfies.
    joint_openers: Vec<Vec<u32>>,
    /// The clauses before any needle was found: only those of rules that cannot be ruled out.
    satisfied: Vec<u64>,
    memories: ThreadLocal<RefCell<Memory>>,
}

impl fmt::Debug for Prefilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prefilter").field("needles", &self.needles().len()).finish_non_exhaustive()
    }
}

/// What follows from a word that has a part, see [`Within`].
struct Inner {
    begins: bool,
    ends: bool,
    effects: Vec<Effect>,
}

impl Effect {
    /// Those of satisfying these clauses.
    fn all_of(clauses: &[u32]) -> Vec<Self> {
        let mut effects = Vec::new();
        for clause in clauses {
            Effect::Bits { place: clause / 64, bits: 1 << (clause % 64) }.join(&mut effects);
        }
        effects
    }

    /// Adds it to the others, of which there is one for each place.
    fn join(self, effects: &mut Vec<Effect>) {
        for other in effects.iter_mut() {
            if let (Effect::Bits { place, bits }, Effect::Bits { place: own_place, bits: own }) = (other, self)
                && *place == own_place
            {
                *bits |= own;
                return;
            }
        }
        effects.push(self);
    }
}

/// What single words satisfy.
struct Words {
    search: LiteralSearch,
    /// Of each literal of the search.
    inner: Vec<Inner>,
    tests: Vec<(WordTest, Vec<Effect>)>,
}

impl Words {
    /// Hands on the effects of a word, some of them more than once.
    fn each(&self, word: &[u8], mut effect: impl FnMut(Effect)) {
        self.search.each(word, &mut |needle: usize, start: usize| {
            let Inner { begins, ends, effects } = &self.inner[needle];
            let ends_word = || start + self.search.literals().get(needle).len() == word.len();
            if (!begins || start == 0) && (!ends || ends_word()) {
                effects.iter().for_each(|&e| effect(e));
            }
        });
        let passed = self.tests.iter().filter(|(test, _)| test(word));
        passed.flat_map(|(_, effects)| effects).for_each(|&e| effect(e));
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
        if self.satisfied.is_empty() {
            return OpenGates::default();
        }
        let mut memory = self.memories.get_or(Default::default).borrow_mut();
        // Some are left if a test of words failed in an earlier text.
        memory.words.clear();
        let mut pass = Pass { prefilter: self, folded, reading: Reading::new(&self.satisfied, folded.len()) };
        // Blanks are most of what could be a joint, and hardly ever one.
        let passes_blanks = !self.joints.may_be_at(b' ');
        each_block(folded, |block_at, block| {
            let members = word_bits(block);
            let blanks = bits(|at| block[at] == b' ');
            let joints = !(members | if passes_blanks { blanks } else { 0 }) & within(folded, block_at);
            places(joints).for_each(|at| pass.read_joint(block_at + at));
            memory.words.note(block_at, members);
            // Of the tokens only those count that are words right behind a blank: a few too few do no harm.
            let ends_stretch = pass.reading.has_read_tokens((members & blanks << 1).count_ones());
            if ends_stretch || memory.words.are_many() {
                pass.read_words(&mut memory);
            }
            if ends_stretch {
                pass.reading.next_stretch(block_at + BLOCK);
            }
        });
        pass.read_words(&mut memory);
        pass.reading.done()
    }

    /// The different literals that are searched for, of those of several words the rarest.
    pub fn needles(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        let lists = [self.words.search.literals(), self.joints.literals()];
        let first = lists[0].len();
        (0..first + lists[1].len()).map(move |at| match at.checked_sub(first) {
            Some(at) => lists[1].get(at),
            None => lists[0].get(at),
        })
    }
}

/// Phrases that are enough to be looked for together.
const MANY_PHRASES: usize = 1024;

/// What a thread remembers of words, and room for those of a stretch.
#[derive(Default)]
struct Memory {
    cache: WordCache,
    /// Where each begins and ends.
    words: Edges,
    room: Room,
    /// Phrases that may be around words, and which of the candidates the word is.
    phrases: Vec<(Beside, usize)>,
}

/// The pass over one text.
struct Pass<'p> {
    prefilter: &'p Prefilter,
    folded: &'p [u8],
    reading: Reading,
}

impl Pass<'_> {
    /// Reads a byte that is no word character.
    #[inline]
    fn read_joint(&mut self, at: usize) {
        let classes = self.prefilter.joints.classes_at(self.folded, at);
        if classes != 0 {
            self.search_joint(at, classes);
        }
    }

    #[inline(never)]
    fn search_joint(&mut self, at: usize, classes: u16) {
        let bits = self.reading.bits();
        self.prefilter.joints.at(self.folded, at, classes, &mut |needle: usize, _| {
            self.prefilter.joint_openers[needle].iter().for_each(|&clause| set(bits, clause as usize));
        });
    }

    /// Reads the words so far, of one stretch.
    #[inline(never)]
    fn read_words(&mut self, Memory { cache, words, room, phrases }: &mut Memory) {
        let (text, prefilter) = (self.folded, self.prefilter);
        let learn = |word: &[u8], effects: &mut Vec<Effect>| prefilter.words.each(word, |effect| effect.join(effects));
        let pass_on = |start, end| self.search_word(start, end);
        let candidates = cache.read(text, words.runs(), learn, pass_on, room);
        let mut count = 0;
        for (word, candidate) in candidates.iter().enumerate() {
            let sides = Sides::of(text, candidate.start, candidate.end);
            for effects in cache.effects(candidate) {
                self.reading.bits()[effects.place as usize] |= effects.bits;
                let besides = cache.phrases(effects);
                if phrases.len() < count + besides.len() {
                    phrases.resize(count + besides.len(), (Beside::NONE, 0));
                }
                for &beside in besides {
                    // Noted for each, and kept for those that may be there: no branch on which may.
                    phrases[count] = (beside, word);
                    count += usize::from(sides.may_have(beside));
                }
            }
            if count >= MANY_PHRASES {
                self.search_phrases(&phrases[..count], candidates);
                count = 0;
            }
        }
        self.search_phrases(&phrases[..count], candidates);
        words.clear_runs();
    }

    /// Looks for phrases around their words.
    fn search_phrases(&mut self, phrases: &[(Beside, usize)], words: &[Candidate]) {
        for &(beside, word) in phrases {
            let Candidate { start, end, .. } = words[word];
            self.search_around(beside, start, end);
        }
    }

    /// Reads a word that is not remembered.
    #[inline(never)]
    fn search_word(&mut self, start: usize, end: usize) {
        let sides = Sides::of(self.folded, start, end);
        self.prefilter.words.each(&self.folded[start..end], |effect| match effect {
            Effect::Bits { place, bits } => self.reading.bits()[place as usize] |= bits,
            Effect::Phrase(beside) if sides.may_have(beside) => self.search_around(beside, start, end),
            Effect::Phrase(_) => {}
        });
    }

    #[inline(never)]
    fn search_around(&mut self, beside: Beside, start: usize, end: usize) {
        let phrase = &self.prefilter.phrases[beside.phrase()];
        if phrase.is_around(self.folded, start, end) {
            let bits = self.reading.bits();
            phrase.opens.iter().for_each(|&clause| set(bits, clause as usize));
        }
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
        let mut gate = |clauses| set.gate_all(Needs { clauses, tokens: None });
        let both = gate(vec![clause(&["make", "build"]), clause(&["some"])]);
        let told = gate(vec![clause(&["", "x"]), clause(&["some"]), clause(&[])]);
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
    fn blanks_between_words_are_any_blanks_but_for_runs() {
        let mut set = NeedleSet::new();
        let gates = [set.gate([" how to make "]), set.gate(["zyx to"]), set.gate(["to zyx "]), set.gate([" a  zyx"])];
        let run = set.run(["to zyx"]);
        let prefilter = set.build();
        let open = |text: &[u8]| {
            let open = prefilter.scan(text);
            (gates.map(|gate| open.is_open(gate)), open.open_in(run).count())
        };
        assert_eq!(open(b"how to make"), ([true, false, false, false], 0));
        assert_eq!(open(b"how\n \xA0to\tmake, axzyx to"), ([true, true, false, false], 0));
        assert_eq!(open(b"how to makes; show to make; how tomake; how-to make"), ([false; 4], 0));
        assert_eq!(open(b"into  zyx (a zyxw toto"), ([false, false, true, true], 0));
        assert_eq!(open(b"to zyx"), ([false, false, true, false], 1));
        assert_eq!(open(b"to zyx to"), ([false, true, true, false], 1));
        assert_eq!(open(b"a\x1Czyx"), ([false, false, false, true], 0));
    }

    proptest! {
        /// What a text has by its words opens the gates of phrases, whatever the blanks between them.
        #[test]
        fn phrases_open_where_their_words_follow_one_another(
            phrases in prop::collection::vec(prop::collection::vec("[ab]{1,4}|of", 2..4), 1..9),
            words in prop::collection::vec(("[ab]{1,4}|of", prop::sample::select(vec![" ", "  ", "\n", ", ", "\t \t"])), 0..40),
        ) {
            let mut set = NeedleSet::new();
            let gates: Vec<Gate> = phrases.iter().map(|words| set.gate([format!(" {} ", words.join(" "))])).collect();
            let prefilter = set.build();
            let text: String = words.iter().map(|(word, behind)| format!("{word}{behind}")).collect();
            let open = prefilter.scan(text.as_bytes());
            let follow = |phrase: &[String]| words.windows(phrase.len()).any(|window| {
                let between = &window[..phrase.len() - 1];
                window.iter().map(|(word, _)| word).eq(phrase) && between.iter().all(|(_, blanks)| *blanks != ", ")
            });
            for (gate, phrase) in gates.iter().zip(&phrases) {
                prop_assert_eq!(open.is_open(*gate), follow(phrase), "{:?} in {:?}", phrase, text);
            }
        }
    }

    #[test]
    fn many_phrases_around_one_word_are_all_found() {
        let words: Vec<String> = ('a'..='z').flat_map(|a| ('a'..='z').map(move |b| format!("{a}{b}"))).collect();
        let mut set = NeedleSet::new();
        let gates: Vec<Gate> = words.iter().map(|word| set.gate([format!("qxqzq {word} ")])).collect();
        let prefilter = set.build();
        for blank in [" ", "  "] {
            let text: String = words.iter().step_by(3).map(|word| format!("qxqzq{blank}{word} ")).collect();
            let open = prefilter.scan(text.as_bytes());
            for (at, &gate) in gates.iter().enumerate() {
                assert_eq!(open.is_open(gate), at % 3 == 0, "{at}");
            }
        }
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
