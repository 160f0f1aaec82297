//! The search of many literals at once in folded bytes.
//!
//! Each literal is represented by its rarest four neighbouring bytes (or by all of a shorter one). A table of bits says
//! of every four bytes of a text whether they may be some literal's; what passes is looked up and compared. An automaton
//! of as many literals makes a warm pass in a third less time, but takes ten megabytes and long to make; these tables are
//! made at once and stay in the processor's first two caches. The prefilter searches words that it has not met before.

use super::byte_set::ByteSet;
use super::frequency;

/// Literals, known by their place in the list.
#[derive(Debug, Default)]
pub struct Literals {
    /// All literals, one after the other.
    bytes: Vec<u8>,
    /// Where each ends in `bytes`.
    ends: Vec<u32>,
}

impl Literals {
    /// Adds one.
    #[allow(clippy::cast_possible_truncation)] // Policies are far below 2^32 bytes.
    pub fn push(&mut self, literal: &[u8]) {
        self.bytes.extend_from_slice(literal);
        self.ends.push(self.bytes.len() as u32);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// A literal's bytes.
    #[must_use]
    pub fn get(&self, at: usize) -> &[u8] {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.bytes[start..self.ends[at] as usize]
    }

    /// Hands on those of the literals that are in the text with their group of bytes at `place`, where it was found.
    pub(super) fn compare(&self, owners: &[Owner], text: &[u8], place: usize, found: &mut impl FnMut(usize, usize)) {
        for owner in owners {
            let at = owner.literal as usize;
            let Some(start) = place.checked_sub(owner.before as usize) else { continue };
            let Some(bytes) = text.get(start..start + owner.len as usize) else { continue };
            // A literal of four bytes and less is its group.
            if bytes.len() <= 4 || bytes == self.get(at) {
                found(at, start);
            }
        }
    }
}

/// Literals to look for.
#[derive(Debug, Default)]
pub struct LiteralSearch {
    literals: Literals,
    quads: Grams<4, 2048>,
    triples: Grams<3, 256>,
    pairs: Grams<2, 256>,
    /// Literals of one byte.
    singles: Singles,
    /// Literals of no bytes.
    empties: Vec<u32>,
}

/// Literals of one byte.
#[derive(Debug, Default)]
struct Singles {
    /// Those that are a literal.
    bytes: ByteSet,
    /// Each byte and its literal.
    owners: Vec<(u8, u32)>,
}

impl Singles {
    fn add(&mut self, byte: u8, literal: u32) {
        self.bytes.insert(byte);
        self.owners.push((byte, literal));
    }

    /// The literals that are this byte.
    fn of(&self, byte: u8) -> impl Iterator<Item = u32> + '_ {
        let owners = if self.bytes.has(byte) { self.owners.as_slice() } else { &[] };
        owners.iter().filter(move |owner| owner.0 == byte).map(|owner| owner.1)
    }
}

/// A set of groups of `N` bytes (4 at the most) that may hold a few more: 64 bits in each of `WORDS` words (a power of
/// two), one for a group's hash.
#[derive(Debug)]
pub struct GroupFilter<const N: usize, const WORDS: usize>(Box<[u64; WORDS]>);

impl<const N: usize, const WORDS: usize> Default for GroupFilter<N, WORDS> {
    fn default() -> Self {
        GroupFilter(Box::new([0; WORDS]))
    }
}

impl<const N: usize, const WORDS: usize> GroupFilter<N, WORDS> {
    /// The bits of a hash.
    const BITS: u32 = WORDS.ilog2() + 6;

    /// Adds the group that begins a window of four bytes.
    pub fn add(&mut self, window: u32) {
        let hash = Self::hash(window);
        self.0[hash >> 6] |= 1 << (hash & 63);
    }

    /// 1 when the set may have the group that begins the window, else 0.
    #[must_use]
    #[inline(always)]
    pub fn may_have(&self, window: u32) -> u64 {
        let hash = Self::hash(window);
        self.0[(hash >> 6) & (WORDS - 1)] >> (hash & 63) & 1
    }

    /// The group that begins a window of four.
    fn group(window: u32) -> u32 {
        if N == 4 { window } else { window & ((1 << (8 * N)) - 1) }
    }

    fn hash(window: u32) -> usize {
        (Self::group(window).wrapping_mul(0x9E37_79B1) >> (32 - Self::BITS)) as usize
    }
}

/// The window of up to four bytes, with zeros behind them.
#[must_use]
#[inline]
pub fn window(bytes: &[u8]) -> u32 {
    if let Some(&window) = bytes.first_chunk() {
        return u32::from_le_bytes(window);
    }
    bytes.iter().rev().fold(0, |window, &byte| window << 8 | u32::from(byte))
}

/// Groups of `N` bytes of which each stands for some literals.
#[derive(Debug)]
pub(super) struct Grams<const N: usize, const WORDS: usize> {
    filter: GroupFilter<N, WORDS>,
    /// Open addressing; a slot without owners is free.
    slots: Vec<Slot>,
    owners: Vec<Owner>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    gram: u32,
    first: u32,
    count: u32,
}

/// A literal that has the group of bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner {
    pub literal: u32,
    /// How many bytes it has before the group.
    pub before: u32,
    /// How many bytes it has.
    pub len: u32,
}

impl<const N: usize, const WORDS: usize> Default for Grams<N, WORDS> {
    fn default() -> Self {
        Grams { filter: GroupFilter::default(), slots: Vec::new(), owners: Vec::new() }
    }
}

impl<const N: usize, const WORDS: usize> Grams<N, WORDS> {
    pub fn build(mut grams: Vec<(u32, Owner)>) -> Self {
        if grams.is_empty() {
            return Self::default();
        }
        grams.sort_by_key(|(gram, owner)| (*gram, owner.literal));
        let mut filter = GroupFilter::default();
        let mut slots = vec![Slot::default(); (grams.len() * 2).next_power_of_two()];
        let mut owners = Vec::with_capacity(grams.len());
        for group in grams.chunk_by(|a, b| a.0 == b.0) {
            let gram = group[0].0;
            filter.add(gram);
            let mut at = Self::slot(gram, slots.len());
            while slots[at].count != 0 {
                at = (at + 1) & (slots.len() - 1);
            }
            #[allow(clippy::cast_possible_truncation)] // Owners are counted in u32 throughout.
            let slot = Slot { gram, first: owners.len() as u32, count: group.len() as u32 };
            slots[at] = slot;
            owners.extend(group.iter().map(|(_, owner)| *owner));
        }
        Grams { filter, slots, owners }
    }

    fn slot(gram: u32, slots: usize) -> usize {
        (gram.wrapping_mul(0x85EB_CA6B) >> 7) as usize & (slots - 1)
    }

    /// The literals whose group begins the window.
    #[inline(always)]
    pub fn owners(&self, window: u32) -> &[Owner] {
        if self.filter.may_have(window) == 0 { &[] } else { self.look_up(window) }
    }

    #[inline(never)]
    fn look_up(&self, window: u32) -> &[Owner] {
        let gram = GroupFilter::<N, WORDS>::group(window);
        let mut at = Self::slot(gram, self.slots.len());
        loop {
            let slot = self.slots[at];
            if slot.count == 0 {
                return &[];
            }
            if slot.gram == gram {
                return &self.owners[slot.first as usize..(slot.first + slot.count) as usize];
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }
}

impl LiteralSearch {
    /// Prepares the search. Literals are known by their place in the list; of equal ones each is found.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // Policies are far below 2^32 bytes.
    pub fn new<L: AsRef<[u8]>>(literals: &[L]) -> Self {
        let mut search = LiteralSearch::default();
        let (mut quads, mut triples, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
        for (at, literal) in literals.iter().enumerate() {
            let (at, literal) = (at as u32, literal.as_ref());
            search.literals.push(literal);
            let whole = Owner { literal: at, before: 0, len: literal.len() as u32 };
            match *literal {
                [] => search.empties.push(at),
                [b] => search.singles.add(b, at),
                [_, _] => pairs.push((window(literal), whole)),
                [_, _, _] => triples.push((window(literal), whole)),
                _ => {
                    let rarest = literal.windows(4).enumerate().max_by_key(|(_, gram)| frequency::bits(gram));
                    if let Some((before, gram)) = rarest {
                        quads.push((window(gram), Owner { before: before as u32, ..whole }));
                    }
                }
            }
        }
        search.quads = Grams::build(quads);
        search.triples = Grams::build(triples);
        search.pairs = Grams::build(pairs);
        search
    }

    /// The literals.
    #[must_use]
    pub fn literals(&self) -> &Literals {
        &self.literals
    }

    /// Hands on every literal and the byte where it begins, as often as it occurs, in no order to rely on; an empty
    /// literal once, at the start.
    pub fn each(&self, text: &[u8], found: &mut impl FnMut(usize, usize)) {
        for &at in &self.empties {
            found(at as usize, 0);
        }
        if !self.singles.owners.is_empty() {
            for (place, &byte) in text.iter().enumerate() {
                self.singles.of(byte).for_each(|literal| found(literal as usize, place));
            }
        }
        if [self.quads.owners.len(), self.triples.owners.len(), self.pairs.owners.len()] == [0, 0, 0] {
            return;
        }
        match (self.triples.owners.is_empty(), self.pairs.owners.is_empty()) {
            (true, true) => self.pass::<false, false>(text, found),
            (true, false) => self.pass::<false, true>(text, found),
            (false, true) => self.pass::<true, false>(text, found),
            (false, false) => self.pass::<true, true>(text, found),
        }
    }

    fn pass<const TRIPLES: bool, const PAIRS: bool>(&self, text: &[u8], found: &mut impl FnMut(usize, usize)) {
        for (place, window) in text.windows(4).enumerate() {
            let window = u32::from_le_bytes([window[0], window[1], window[2], window[3]]);
            if self.may_begin::<TRIPLES, PAIRS>(window) {
                self.at(text, window, place, found);
            }
        }
        // The last three bytes, with zeros after them: what ends beyond the text is not found by comparing.
        let last = text.len().saturating_sub(3);
        let mut windows = window(&text[last..]);
        for place in last..text.len() {
            let window = windows;
            windows >>= 8;
            if self.may_begin::<TRIPLES, PAIRS>(window) {
                self.at(text, window, place, found);
            }
        }
    }

    /// Whether the group of any literal may begin the window.
    #[inline(always)]
    fn may_begin<const TRIPLES: bool, const PAIRS: bool>(&self, window: u32) -> bool {
        let triple = if TRIPLES { self.triples.filter.may_have(window) } else { 0 };
        let pair = if PAIRS { self.pairs.filter.may_have(window) } else { 0 };
        self.quads.filter.may_have(window) | triple | pair != 0
    }

    /// Compares the literals whose group begins the window.
    #[inline(never)]
    fn at(&self, text: &[u8], window: u32, place: usize, found: &mut impl FnMut(usize, usize)) {
        let owners = [self.quads.owners(window), self.triples.owners(window), self.pairs.owners(window)];
        owners.iter().for_each(|owners| self.literals.compare(owners, text, place, found));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every literal and the byte where it begins, in order.
    pub fn occurrences(literals: &[&str], text: &str) -> Vec<(usize, usize)> {
        let of = |(at, literal): (usize, &&str)| {
            let literal = *literal;
            (0..text.len()).filter(move |&i| text[i..].starts_with(literal)).map(move |i| (at, i)).collect::<Vec<_>>()
        };
        literals.iter().enumerate().flat_map(of).collect()
    }

    fn found(literals: &[&str], text: &str) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        LiteralSearch::new(literals).each(text.as_bytes(), &mut |at, start| found.push((at, start)));
        found.sort_unstable();
        found
    }

    #[test]
    fn literals_of_every_length_are_found_wherever_they_are() {
        let literals = ["", "x", "ab", "abc", "abcd", "bcdef", "abcd", "zzzzz"];
        assert_eq!(found(&literals, "abcdef"), [(0, 0), (2, 0), (3, 0), (4, 0), (5, 1), (6, 0)]);
        assert_eq!(found(&literals, "abx"), [(0, 0), (1, 2), (2, 0)]);
        assert_eq!(found(&literals, "abc"), [(0, 0), (2, 0), (3, 0)]);
        assert_eq!(found(&literals, ""), [(0, 0)]);
        assert_eq!(found(&literals, "zzzzzzz"), [(0, 0), (7, 0), (7, 1), (7, 2)]);
        assert_eq!(found(&["a\0"], "a"), []);
        assert_eq!(found(&[], "abc"), []);
    }

    proptest! {
        #[test]
        fn every_occurrence_is_found_and_nothing_else(
            literals in prop::collection::vec("[abc]{1,6}", 0..20), text in "[abcd]{0,60}"
        ) {
            let literals: Vec<&str> = literals.iter().map(String::as_str).collect();
            prop_assert_eq!(found(&literals, &text), occurrences(&literals, &text));
        }
    }
}
