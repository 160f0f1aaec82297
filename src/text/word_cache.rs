//! What words mean to the prefilter, remembered: texts consist of a few thousand words over and over.
//!
//! Most words mean nothing where they stand: they are no part of what is searched for, or only of phrases that have
//! something else next to them. Those are sifted out first, all in one loop that writes nothing about them and has no
//! branch that depends on which word it is, so the processor need not wait for one before it looks up the next.

use crate::blocks::around;

/// Bytes of the longest word that is remembered.
pub const LONGEST: usize = 16;

/// Bytes of the longest word that is sifted: of the usual length.
const SHORT: usize = 8;

/// Pairs of short words that are remembered, a power of two; of longer ones there are as many.
const PAIRS: usize = 16384;

/// A word that is remembered and what is next to it: [`BEFORE`] bytes before it, and as many behind it.
pub type Around = [u8; AROUND];

/// Bytes before a word that count.
pub const BEFORE: usize = 4;

/// A power of two, for quick access.
pub const AROUND: usize = (LONGEST + 2 * BEFORE).next_power_of_two();

/// Bits to set in one place of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Which 64 bits; or [`EACH_TIME`].
    pub place: u32,
    /// The bits.
    pub bits: u64,
}

/// In place of a place: what the bits mean depends on where the word stands, so they count whenever it comes.
pub const EACH_TIME: u32 = u32::MAX;

impl Effect {
    /// No effect, but how many come behind it.
    fn count_of(effects: usize) -> Self {
        Effect { place: EACH_TIME, bits: effects as u64 }
    }
}

/// Beyond so many effects of all words everything is forgotten: words that give way leave theirs behind.
const MOST_EFFECTS: usize = 1 << 17;

/// What a word means. In the lower half what must be next to it for its effects to count, as bits of which one suffices;
/// in the upper one where the effects are, behind another that tells how many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Meaning(u64);

impl Meaning {
    /// Nothing: no bit suffices.
    const NONE: Self = Meaning(0);
    /// Not known: every bit suffices.
    const UNKNOWN: Self = Meaning(u64::MAX);

    #[inline]
    #[allow(clippy::cast_possible_truncation)] // The lower half is meant.
    fn awaited(self) -> u32 {
        self.0 as u32
    }

    #[inline]
    fn place(self) -> usize {
        (self.0 >> 32) as usize
    }
}

/// Words of so many eights of bytes at most, less one, and what they mean. A slot without a word holds zeros. A word's
/// holds its bytes, with zeros behind them (no word is all zeros), and then its [`Meaning`].
#[derive(Debug)]
struct Slots<const SIZE: usize> {
    /// Zeros at first, of which memory is taken only for those that change.
    pairs: Box<[[[u64; SIZE]; 2]; PAIRS]>,
    /// Which slot gives way next when all that a word may have are taken.
    turn: usize,
}

impl<const SIZE: usize> Default for Slots<SIZE> {
    fn default() -> Self {
        let pairs = vec![[[0; SIZE]; 2]; PAIRS].into_boxed_slice().try_into();
        Slots { pairs: pairs.unwrap_or_else(|_| unreachable!("so many pairs")), turn: 0 }
    }
}

impl<const SIZE: usize> Slots<SIZE> {
    /// Where in a slot the meaning is.
    const MEANING: usize = SIZE - 1;

    fn clear(&mut self) {
        self.pairs.fill([[0; SIZE]; 2]);
    }

    /// What a word means; `learn` tells it when it is not known. A word is looked for first in its pair, and then in that
    /// next to it.
    #[inline(never)]
    fn meaning(&mut self, word: [u64; 2], learn: impl FnOnce() -> Meaning) -> Meaning {
        let pair = pair_of(mixed(word));
        let slots = [pair, pair ^ 1].map(|pair| [(pair, 0), (pair, 1)]);
        let mut slots = slots.as_flattened().iter();
        let of = |word: &[u64; 2], &&(pair, slot): &&(usize, usize)| {
            self.pairs[pair][slot][..Self::MEANING] == word[..Self::MEANING]
        };
        if let Some(&(pair, slot)) = slots.clone().find(|slot| of(&word, slot)) {
            return Meaning(self.pairs[pair][slot][Self::MEANING]);
        }
        let free = slots.clone().find(|slot| of(&[0; 2], slot));
        self.turn = (self.turn + 1) % slots.len();
        let &(pair, slot) = free.or(slots.nth(self.turn)).unwrap_or(&(pair, 0));
        let meaning = learn();
        self.pairs[pair][slot][..Self::MEANING].copy_from_slice(&word[..Self::MEANING]);
        self.pairs[pair][slot][Self::MEANING] = meaning.0;
        meaning
    }
}

/// A word that may have an effect where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    meaning: Meaning,
}

/// Words that are sifted together at most.
pub const MOST_WORDS: usize = 512;

/// Room for the words that are left.
#[derive(Debug)]
pub struct Candidates(Box<[Candidate; MOST_WORDS]>);

impl Default for Candidates {
    fn default() -> Self {
        Candidates(Box::new([Candidate { start: 0, end: 0, meaning: Meaning::NONE }; MOST_WORDS]))
    }
}

/// Words and their effects, of one thread.
#[derive(Debug)]
pub struct WordCache {
    short: Slots<2>,
    long: Slots<3>,
    /// The effects of words, one word's after the other's, behind one that tells how many there are; the first is
    /// nobody's.
    effects: Vec<Effect>,
}

impl Default for WordCache {
    fn default() -> Self {
        WordCache { short: Slots::default(), long: Slots::default(), effects: vec![Effect::count_of(0)] }
    }
}

impl WordCache {
    /// Forgets everything when it has become too much; to be called now and then.
    pub fn make_room(&mut self) {
        if self.effects.len() > MOST_EFFECTS {
            self.short.clear();
            self.long.clear();
            self.effects.truncate(1);
        }
    }

    /// The words, given where each begins and ends, that may have an effect: at most [`MOST_WORDS`]. `near` tells what is
    /// next to a word of so many bytes, as bits: of those that an effect waits for one must be among them.
    #[inline]
    pub fn sift<'c>(
        &self,
        text: &[u8],
        words: &[[usize; 2]],
        near: impl Fn(&Around, usize) -> u32,
        candidates: &'c mut Candidates,
    ) -> &'c [Candidate] {
        let (mut count, mut room) = (0, [0; AROUND]);
        for &[start, end] in words {
            let len = end - start;
            let around = around(text, start, BEFORE, &mut room);
            let word = around[BEFORE..].first_chunk().map_or(0, |&bytes| u64::from_le_bytes(bytes));
            let word = word & BYTES_OF[len.min(SHORT)][0];
            let pair = &self.short.pairs[pair_of(mixed([word, 0]))];
            // Which one of the pair it is, or none, must not be guessed by the processor.
            let [known, meaning] = pair[usize::from(pair[0][0] != word)];
            let is_unknown = (len > SHORT) | (known != word);
            let meaning = Meaning(meaning | (Meaning::UNKNOWN.0 & u64::from(is_unknown).wrapping_neg()));
            // Noted for each, and kept for those that have an effect.
            candidates.0[count % MOST_WORDS] = Candidate { start, end, meaning };
            count += usize::from(meaning.awaited() & near(around, len) != 0);
        }
        &candidates.0[..count]
    }

    /// The effects of a word that is not longer than [`LONGEST`], since room was made. `learn` adds those of a word that is
    /// not known, and tells what they wait for, as bits of which one suffices.
    #[inline]
    pub fn effects(
        &mut self,
        text: &[u8],
        candidate: Candidate,
        learn: impl FnOnce(&[u8], &mut Vec<Effect>) -> u32,
    ) -> &[Effect] {
        let Candidate { start, end, mut meaning } = candidate;
        if meaning == Meaning::UNKNOWN {
            let effects = &mut self.effects;
            let learn = || learnt(effects, |effects| learn(&text[start..end], effects));
            let word = word_at(text, start, end);
            meaning =
                if end - start <= SHORT { self.short.meaning(word, learn) } else { self.long.meaning(word, learn) };
        }
        let first = meaning.place();
        &self.effects[first + 1..][..self.effects[first].bits as usize]
    }
}

/// For a word of each length the bits that are its bytes'.
const BYTES_OF: [[u64; 2]; LONGEST + 1] = {
    let mut masks = [[0; 2]; LONGEST + 1];
    let mut len = 0;
    while len < LONGEST {
        len += 1;
        masks[len] = masks[len - 1];
        masks[len][(len - 1) / 8] |= 0xFF << (8 * ((len - 1) % 8));
    }
    masks
};

/// The bytes of a word of at most [`LONGEST`], and zeros behind them.
#[inline]
pub(super) fn word_at(text: &[u8], start: usize, end: usize) -> [u64; 2] {
    let bytes = match text.get(start..).and_then(<[u8]>::first_chunk) {
        Some(&bytes) => u128::from_le_bytes(bytes),
        None => {
            let mut bytes = [0; LONGEST];
            bytes[..end - start].copy_from_slice(&text[start..end]);
            u128::from_le_bytes(bytes)
        }
    };
    let of_word = &BYTES_OF[end - start];
    #[allow(clippy::cast_possible_truncation)] // The halves are what is wanted.
    [bytes as u64 & of_word[0], (bytes >> 64) as u64 & of_word[1]]
}

/// A hash of a word's bytes: its upper half depends on all of them. By the golden ratio in 64 bits, which is odd and
/// whose bits are well mixed.
#[inline]
pub(super) fn mixed(word: [u64; 2]) -> u64 {
    (word[0] ^ word[1].rotate_left(29)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The pair where a word is looked for first.
#[inline]
#[allow(clippy::cast_possible_truncation)] // A few bits are left.
fn pair_of(mixed: u64) -> usize {
    (mixed >> (64 - PAIRS.ilog2())) as usize
}

/// The meaning of a word of which `learn` adds the effects and tells what they wait for.
#[cold]
#[inline(never)]
fn learnt(effects: &mut Vec<Effect>, learn: impl FnOnce(&mut Vec<Effect>) -> u32) -> Meaning {
    let first = effects.len();
    effects.push(Effect::count_of(0));
    let awaited = learn(effects);
    let count = effects.len() - first - 1;
    if count == 0 {
        effects.truncate(first);
        return Meaning::NONE;
    }
    effects[first] = Effect::count_of(count);
    Meaning(u64::from(awaited) | (first as u64) << 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(place: u32) -> Effect {
        Effect { place, bits: 5 }
    }

    /// The effects of the words of a text that have any, learnt if need be: those of a word wait for nothing, or, for its
    /// length, to stand at the beginning.
    fn effects_of(
        cache: &mut WordCache,
        text: &[u8],
        words: &[[usize; 2]],
        mut learn: impl FnMut(&[u8]) -> (Vec<Effect>, u32),
    ) -> Vec<(usize, Vec<Effect>)> {
        let near = |around: &Around, _: usize| if around[BEFORE - 1] == 0 { 3 } else { 1 };
        let mut candidates = Candidates::default();
        let candidates = cache.sift(text, words, near, &mut candidates);
        let effects = candidates.iter().map(|&candidate| {
            let effects = cache.effects(text, candidate, |word, effects| {
                let (learnt, awaited) = learn(word);
                effects.extend(learnt);
                awaited
            });
            (candidate.start, effects.to_vec())
        });
        effects.filter(|(_, effects)| !effects.is_empty()).collect()
    }

    #[test]
    fn a_word_is_learnt_once() {
        let mut cache = WordCache::default();
        let mut learnt = Vec::new();
        let mut look = |text: &[u8], words: &[[usize; 2]]| {
            let effects = effects_of(&mut cache, text, words, |word| {
                learnt.push(word.to_vec());
                (vec![effect(3), effect(4)], 1)
            });
            let expected: Vec<_> = words.iter().map(|&[start, _]| (start, vec![effect(3), effect(4)])).collect();
            assert_eq!(effects, expected);
        };
        look(b"word and a word behind", &[[0, 4], [11, 15]]);
        look(b"sword", &[[0, 5], [1, 5]]);
        look(b"words", &[[0, 4]]);
        for _ in 0..2 {
            look(b"sixteen_bytes_xy", &[[0, 16], [0, 8], [0, 9]]);
        }
        assert_eq!(learnt, [&b"word"[..], b"sword", b"sixteen_bytes_xy", b"sixteen_", b"sixteen_b"]);
    }

    #[test]
    fn effects_that_wait_for_something_else_are_sifted_out() {
        let mut cache = WordCache::default();
        let words = [[0, 2], [3, 5], [6, 8], [9, 11]];
        let learn = |word: &[u8]| match word {
            b"no" => (vec![], 0),
            b"at" => (vec![effect(1)], 2),
            _ => (vec![effect(2)], 1),
        };
        let mut candidates = 0;
        for text in [b"at no at ok", b"no at ok no", b"ok ok no at"] {
            let _ = effects_of(&mut cache, text, &words, learn);
            let found = effects_of(&mut cache, text, &words, |word| panic!("{word:?} is known"));
            let expected = words.iter().filter_map(|&[start, end]| match learn(&text[start..end]) {
                (effects, 1) => Some((start, effects)),
                (effects, 2) if start == 0 => Some((start, effects)),
                _ => None,
            });
            candidates += found.len();
            assert_eq!(found, expected.collect::<Vec<_>>());
        }
        assert_eq!(candidates, 5);
    }

    #[test]
    fn a_word_is_its_bytes_wherever_it_stands() {
        let text: Vec<u8> = (1..=3 * LONGEST as u8).collect();
        for start in 0..text.len() {
            for end in start..=text.len().min(start + LONGEST) {
                let [first, last] = word_at(&text, start, end);
                let bytes = [first.to_le_bytes(), last.to_le_bytes()].concat();
                assert_eq!(bytes[..end - start], text[start..end]);
                assert!(bytes[end - start..].iter().all(|&b| b == 0));
            }
        }
    }

    /// The effects of a word that is a whole text.
    fn all_effects_of(cache: &mut WordCache, word: &[u8], learnt: &[Effect]) -> Vec<Effect> {
        cache.make_room();
        let effects = effects_of(cache, word, &[[0, word.len()]], |_| (learnt.to_vec(), 1));
        effects.into_iter().flat_map(|(_, effects)| effects).collect()
    }

    #[test]
    fn effects_do_not_pile_up() {
        let mut cache = WordCache::default();
        for number in 0..2 * MOST_EFFECTS as u64 {
            let expected = vec![Effect { place: 7, bits: number }; number as usize % 4];
            let word = (number | 1 << 63).to_le_bytes();
            assert_eq!(all_effects_of(&mut cache, &word, &expected), expected);
        }
        assert!(cache.effects.len() <= MOST_EFFECTS + 3);
    }

    /// Words that are looked for first in one pair, short or long ones.
    fn of_one_pair(long: bool) -> impl Iterator<Item = Vec<u8>> {
        let words = (1..).map(move |n: u64| [n | 1 << 63, if long { 7 << 56 | n } else { 0 }]);
        let of_pair = words.filter(|&word| pair_of(mixed(word)) == 5);
        of_pair.map(move |[first, last]| {
            [first, last].map(u64::to_le_bytes).concat()[..if long { 16 } else { 8 }].to_vec()
        })
    }

    #[test]
    fn words_of_one_pair_do_not_mix_up_their_effects() {
        for long in [false, true] {
            let mut cache = WordCache::default();
            let words: Vec<Vec<u8>> = of_one_pair(long).take(7).collect();
            for turn in [0, 1, 0, 2, 1, 0, 3, 4, 5, 0, 2, 1, 6, 5, 4, 3, 2, 1, 0, 1] {
                let expected = vec![effect(turn as u32); 7 - turn];
                assert_eq!(all_effects_of(&mut cache, &words[turn], &expected), expected);
            }
        }
    }

    #[test]
    fn as_many_words_as_have_room_are_kept() {
        for long in [false, true] {
            let mut cache = WordCache::default();
            let words: Vec<Vec<u8>> = of_one_pair(long).take(4).collect();
            let mut learnt = 0;
            for word in words.iter().cycle().take(12) {
                let _ = effects_of(&mut cache, word, &[[0, word.len()]], |_| {
                    learnt += 1;
                    (vec![effect(1)], 1)
                });
            }
            assert_eq!(learnt, 4);
        }
    }
}
