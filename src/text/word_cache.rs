//! What words mean to the prefilter, remembered: texts consist of a few thousand words over and over.
//!
//! Most words mean nothing where they stand: they are no part of what is searched for, or only of phrases that have
//! something else next to them. Those are sifted out first, all in one loop that writes nothing about them and has no
//! branch that depends on which word it is, so the processor need not wait for one before it looks up the next.

use super::needle_words::{ANYTHING, AROUND, BEFORE, Beside, near};
use super::word_bytes::{BYTES_OF, LONGEST, mixed, word_at};
use crate::blocks::{Edges, around};

/// Bytes of the longest word that is sifted: of the usual length.
const SHORT: usize = 8;

/// Pairs of short words that are remembered, a power of two; of longer ones there are as many.
const PAIRS: usize = 16384;

/// What follows from a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Bits to set in one place of a set: which 64 of them.
    Bits { place: u32, bits: u64 },
    /// A phrase may be around the word, for all that is next to it.
    Phrase(Beside),
}

/// Effects of a word that are taken together: most words have no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Effects {
    /// Bits to set, in that place.
    pub bits: u64,
    pub place: u32,
    /// How many more of these the word has, behind this one.
    more: u32,
    /// Which phrases may be around the word.
    phrases: [u32; 2],
}

impl Effects {
    /// Those of a word without any.
    const NONE: Self = Effects { bits: 0, place: 0, more: 0, phrases: [0; 2] };
}

/// The effects of words, one word's after the other's; the first are nobody's.
#[derive(Debug)]
struct Known {
    effects: Vec<Effects>,
    phrases: Vec<Beside>,
}

impl Default for Known {
    fn default() -> Self {
        Known { effects: vec![Effects::NONE], phrases: Vec::new() }
    }
}

impl Known {
    /// Adds those of a word and returns their place.
    #[allow(clippy::cast_possible_truncation)] // So many are not kept.
    fn add(&mut self, effects: &[Effect]) -> usize {
        let Known { effects: known, phrases } = self;
        let (place, start) = (known.len(), phrases.len() as u32);
        for &effect in effects {
            match effect {
                Effect::Phrase(beside) => phrases.push(beside),
                Effect::Bits { place, bits } => known.push(Effects { bits, place, ..Effects::NONE }),
            }
        }
        if known.len() == place {
            known.push(Effects::NONE);
        }
        known[place].phrases = [start, phrases.len() as u32];
        (0..).zip(known[place..].iter_mut().rev()).for_each(|(more, effects)| effects.more = more);
        place
    }
}

/// Beyond so many effects of all words everything is forgotten: words that give way leave theirs behind.
const MOST_EFFECTS: usize = 1 << 17;

/// What a word means. In the lower half what must be next to it for its effects to count, as bits of which one suffices;
/// in the upper one where the effects are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Meaning(u64);

impl Meaning {
    /// Nothing: no bit suffices.
    const NONE: Self = Meaning(0);

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

/// Words and what they mean. A slot is that many numbers: but for the last the word's bytes, eight in each, with zeros
/// behind them, then its [`Meaning`]. One without a word holds zeros: no word is all zeros.
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

    /// Whether a word is where it is looked for first, and what it means if so.
    #[inline(always)]
    fn first_look(&self, word: [u64; 2]) -> (bool, Meaning) {
        // The eights are compared one by one: they have just been written one by one, and are not to be waited for.
        let is = |slot: &[u64; SIZE]| (0..Self::MEANING).fold(0, |others, at| others | (slot[at] ^ word[at])) == 0;
        let pair = &self.pairs[pair_of(mixed(word))];
        // Which one of the pair it is, or none, must not be guessed by the processor.
        let slot = &pair[usize::from(!is(&pair[0]))];
        (is(slot), Meaning(slot[Self::MEANING]))
    }

    /// What a word means; `learn` tells it when it is not known. A word is looked for first in its pair, and then in that
    /// next to it.
    fn meaning(&mut self, word: [u64; 2], learn: impl FnOnce() -> Meaning) -> Meaning {
        match self.first_look(word) {
            (true, meaning) => meaning,
            _ => self.second_look(word, learn),
        }
    }

    /// As [`Slots::meaning`] of a word that is not where it is looked for first, or not known.
    #[cold]
    #[inline(never)]
    fn second_look(&mut self, word: [u64; 2], learn: impl FnOnce() -> Meaning) -> Meaning {
        let pair = pair_of(mixed(word));
        let slots = [pair, pair ^ 1].map(|pair| [(pair, 0), (pair, 1)]);
        let slots = slots.as_flattened();
        let is = |word: [u64; 2], &(pair, slot): &(usize, usize)| {
            self.pairs[pair][slot][..Self::MEANING] == word[..Self::MEANING]
        };
        if let Some(&(pair, slot)) = slots.iter().find(|slot| is(word, slot)) {
            return Meaning(self.pairs[pair][slot][Self::MEANING]);
        }
        let free = slots.iter().find(|slot| is([0; 2], slot));
        self.turn = (self.turn + 1) % slots.len();
        let (pair, slot) = *free.unwrap_or(&slots[self.turn]);
        let meaning = learn();
        self.pairs[pair][slot][..Self::MEANING].copy_from_slice(&word[..Self::MEANING]);
        self.pairs[pair][slot][Self::MEANING] = meaning.0;
        meaning
    }
}

/// A word that may have an effect where it stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Candidate {
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// Where its effects are.
    effects: usize,
}

/// Words that are read together at most, as a power of two: so no place in the [`Room`] need be checked.
const MOST_WORDS: usize = Edges::MOST_RUNS.next_power_of_two();

/// Room for words that are sifted.
#[derive(Debug)]
pub(super) struct Room {
    /// Those that may have an effect.
    candidates: Box<[Candidate; MOST_WORDS]>,
    /// Those that are long or not known.
    others: Box<[[usize; 2]; MOST_WORDS]>,
}

impl Default for Room {
    fn default() -> Self {
        Room { candidates: Box::new([Candidate::default(); MOST_WORDS]), others: Box::new([[0; 2]; MOST_WORDS]) }
    }
}

/// Words and their effects, of one thread.
#[derive(Debug, Default)]
pub(super) struct WordCache {
    short: Slots<2>,
    long: Slots<3>,
    known: Known,
}

impl WordCache {
    /// Those words, given where each begins and ends, that may have an effect: in any order, of at most
    /// [`Edges::MOST_RUNS`].
    ///
    /// `learn` adds the effects of a word that is not known. Words longer than [`LONGEST`] are not remembered but handed on.
    #[inline]
    pub(super) fn read<'r>(
        &mut self,
        text: &[u8],
        words: &[[usize; 2]],
        mut learn: impl FnMut(&[u8], &mut Vec<Effect>),
        mut pass_on: impl FnMut(usize, usize),
        room: &'r mut Room,
    ) -> &'r [Candidate] {
        assert!(words.len() <= MOST_WORDS, "more words than there is room for");
        self.make_room();
        let (mut count, other_count) = self.sift(text, words, room);
        let Room { candidates, others } = room;
        for &[start, end] in &others[..other_count] {
            let len = end - start;
            if len > LONGEST {
                pass_on(start, end);
                continue;
            }
            let word = word_at(text, start, end);
            let WordCache { short, long, known } = self;
            let learn = || learnt(known, |effects| learn(&text[start..end], effects));
            let meaning = if len > SHORT { long.meaning(word, learn) } else { short.meaning(word, learn) };
            candidates[count] = Candidate { start, end, effects: meaning.place() };
            let near = near(around(text, start, BEFORE, &mut [0; AROUND]), len);
            count += usize::from(meaning.awaited() & near != 0);
        }
        &candidates[..count]
    }

    /// Finds candidates among the short words that are known, and those that are long or not known: how many of each.
    #[inline(always)]
    fn sift(&self, text: &[u8], words: &[[usize; 2]], room: &mut Room) -> (usize, usize) {
        let Room { candidates, others } = room;
        let (mut count, mut other_count, mut gathered) = (0, 0, [0; AROUND]);
        for &[start, end] in words {
            let len = end - start;
            let around = around(text, start, BEFORE, &mut gathered);
            let word = around[BEFORE..].first_chunk().map_or(0, |&bytes| u64::from_le_bytes(bytes));
            let (is_there, meaning) = self.short.first_look([word & BYTES_OF[len.min(SHORT)][0], 0]);
            let is_known = is_there & (len <= SHORT);
            // Noted for each, and kept for those of the kind.
            candidates[count % MOST_WORDS] = Candidate { start, end, effects: meaning.place() };
            others[other_count % MOST_WORDS] = [start, end];
            count += usize::from(is_known & (meaning.awaited() & near(around, len) != 0));
            other_count += usize::from(!is_known);
        }
        (count, other_count)
    }

    /// The effects of a word that was read last.
    #[inline(always)]
    pub(super) fn effects(&self, candidate: &Candidate) -> &[Effects] {
        let effects = &self.known.effects[candidate.effects..];
        &effects[..=effects[0].more as usize]
    }

    /// The phrases that may be around a word that has these effects.
    #[inline(always)]
    pub(super) fn phrases(&self, Effects { phrases: [start, end], .. }: &Effects) -> &[Beside] {
        &self.known.phrases[*start as usize..*end as usize]
    }

    /// Forgets everything when it has become too much.
    fn make_room(&mut self) {
        if self.known.effects.len() + self.known.phrases.len() > MOST_EFFECTS {
            self.short.clear();
            self.long.clear();
            self.known = Known::default();
        }
    }
}

/// The pair where a word is looked for first.
#[inline]
#[allow(clippy::cast_possible_truncation)] // A few bits are left.
fn pair_of(mixed: u64) -> usize {
    (mixed >> (64 - PAIRS.ilog2())) as usize
}

/// The meaning of a word of which `learn` adds the effects.
#[cold]
#[inline(never)]
fn learnt(known: &mut Known, learn: impl FnOnce(&mut Vec<Effect>)) -> Meaning {
    let mut effects = Vec::new();
    learn(&mut effects);
    if effects.is_empty() {
        return Meaning::NONE;
    }
    let awaited = effects.iter().map(|effect| match effect {
        Effect::Bits { .. } => ANYTHING,
        Effect::Phrase(beside) => beside.awaits(),
    });
    let awaited = awaited.fold(0, |all, bits| all | bits);
    Meaning(u64::from(awaited) | (known.add(&effects) as u64) << 32)
}

#[cfg(test)]
mod tests {
    use super::super::needle_words::Phrase;
    use super::*;

    fn effect(place: u32) -> Effect {
        Effect::Bits { place, bits: 5 }
    }

    /// The effects of the words of a text that may have any, learnt if need be.
    fn effects_of(
        cache: &mut WordCache,
        text: &[u8],
        words: &[[usize; 2]],
        mut learn: impl FnMut(&[u8]) -> Vec<Effect>,
    ) -> Vec<(usize, Vec<Effect>)> {
        let mut room = Room::default();
        let learn = |word: &[u8], effects: &mut Vec<Effect>| effects.extend(learn(word));
        let candidates = cache.read(text, words, learn, |_, _| panic!("a word is too long"), &mut room);
        let effects = candidates.iter().map(|candidate| {
            let mut all = Vec::new();
            for effects in cache.effects(candidate) {
                let &Effects { place, bits, .. } = effects;
                all.extend((bits != 0).then_some(Effect::Bits { place, bits }));
                all.extend(cache.phrases(effects).iter().map(|&beside| Effect::Phrase(beside)));
            }
            (candidate.start, all)
        });
        let mut effects: Vec<_> = effects.collect();
        effects.sort_by_key(|&(start, _)| start);
        effects
    }

    #[test]
    fn a_word_is_learnt_once() {
        let mut cache = WordCache::default();
        let mut learnt = Vec::new();
        let mut look = |text: &[u8], words: &[[usize; 2]]| {
            let effects = effects_of(&mut cache, text, words, |word| {
                learnt.push(word.to_vec());
                vec![effect(3), effect(4)]
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
    fn words_that_have_no_effect_where_they_stand_are_sifted_out() {
        let mut cache = WordCache::default();
        let phrase = Phrase { bytes: b"at ok".to_vec(), whole: false, word: 0..2, opens: Vec::new() };
        let learn = |word: &[u8]| match word {
            b"no" => vec![],
            b"at" => vec![Effect::Phrase(Beside::of(&phrase, 3))],
            b"both" => vec![Effect::Phrase(Beside::of(&phrase, 3)), effect(1)],
            _ => vec![effect(2)],
        };
        let text = b"at no at ok, both no ok at";
        let words = [[0, 2], [3, 5], [6, 8], [9, 11], [13, 17], [18, 20], [21, 23], [24, 26]];
        let _ = effects_of(&mut cache, text, &words, learn);
        let found = effects_of(&mut cache, text, &words, |word| panic!("{word:?} is known"));
        let [phrase, own] = [learn(b"at"), learn(b"ok")];
        let both = vec![effect(1), phrase[0]];
        assert_eq!(found, [(6, phrase), (9, own.clone()), (13, both), (21, own)]);
    }

    /// The effects of a word that is a whole text.
    fn all_effects_of(cache: &mut WordCache, word: &[u8], learnt: &[Effect]) -> Vec<Effect> {
        let effects = effects_of(cache, word, &[[0, word.len()]], |_| learnt.to_vec());
        effects.into_iter().flat_map(|(_, effects)| effects).collect()
    }

    #[test]
    fn effects_do_not_pile_up() {
        let mut cache = WordCache::default();
        for number in 0..MOST_EFFECTS as u64 {
            let expected = vec![Effect::Bits { place: 7, bits: number | 1 }; number as usize % 11];
            let word = (number | 1 << 63).to_le_bytes();
            assert_eq!(all_effects_of(&mut cache, &word, &expected), expected);
        }
        assert!(cache.known.effects.len() <= MOST_EFFECTS + 11);
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
                    vec![effect(1)]
                });
            }
            assert_eq!(learnt, 4);
        }
    }
}
