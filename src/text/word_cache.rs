//! What words mean to the prefilter, remembered: texts consist of a few thousand words over and over.

use std::ops::Range;

/// Bytes of the longest word that is remembered.
pub const LONGEST: usize = 16;

/// Bytes of the longest word that has little room to itself, as most have.
const SHORT: usize = 8;

/// Pairs of words that are remembered of each kind, a power of two. Each word has one pair to be in.
const PAIRS: usize = 8192;

/// Places of the largest set whose bits are remembered.
pub const MOST_PLACES: usize = u16::MAX as usize;

/// Bits to set in one place of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Which 64 bits; or [`EACH_TIME`].
    pub place: u32,
    /// The bits.
    pub bits: u64,
}

/// In place of a place: what the bits mean depends on where the word stands, so they count whenever it comes. Such
/// effects stand before others.
pub const EACH_TIME: u32 = u32::MAX;

/// Beyond so many effects of all words everything is forgotten: words that give way leave most of theirs behind.
const MOST_EFFECTS: usize = 1 << 17;

/// A word of at most so many times eight bytes. Small, to stay in the processor's caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot<const EIGHTS: usize> {
    /// The bytes, zeros behind them; no word is all zeros.
    word: [u64; EIGHTS],
    /// The effects.
    first: u32,
    len: u16,
    /// The last stretch of text that had it; 0 for none.
    stretch: u16,
}

impl<const EIGHTS: usize> Slot<EIGHTS> {
    const FREE: Self = Slot { word: [0; EIGHTS], first: 0, len: 0, stretch: 0 };

    /// Whether it is the word's. The eights are compared one by one: they have just been written one by one, and are
    /// not to be waited for.
    #[inline]
    fn is(&self, word: [u64; EIGHTS]) -> bool {
        self.word.iter().zip(word).fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
    }

    /// Where the effects lie, and whether the last stretch that had the word was another.
    #[inline]
    fn look(&mut self, stretch: u16) -> (Range<usize>, bool) {
        let first = self.first as usize;
        (first..first + usize::from(self.len), std::mem::replace(&mut self.stretch, stretch) != stretch)
    }
}

type Pairs<const EIGHTS: usize> = Box<[[Slot<EIGHTS>; 2]]>;

fn pairs<const EIGHTS: usize>() -> Pairs<EIGHTS> {
    vec![[Slot::FREE; 2]; PAIRS].into_boxed_slice()
}

/// Words and their effects, of one thread.
#[derive(Debug)]
pub struct WordCache {
    short: Pairs<1>,
    long: Pairs<2>,
    effects: Vec<Effect>,
    stretch: u16,
}

impl WordCache {
    /// Remembers nothing yet.
    #[must_use]
    pub fn new() -> Self {
        WordCache { short: pairs(), long: pairs(), effects: Vec::new(), stretch: 0 }
    }

    /// To be called before the words of each text, and of each stretch of one.
    pub fn begin_stretch(&mut self) {
        if self.effects.len() > MOST_EFFECTS {
            self.short.fill([Slot::FREE; 2]);
            self.long.fill([Slot::FREE; 2]);
            self.effects.clear();
        }
        self.stretch = self.stretch.checked_add(1).unwrap_or_else(|| {
            self.short.as_flattened_mut().iter_mut().for_each(|slot| slot.stretch = 0);
            self.long.as_flattened_mut().iter_mut().for_each(|slot| slot.stretch = 0);
            1
        });
    }

    /// The effects, on a set of at most [`MOST_PLACES`], of the word at `start..end` of a text (not longer than
    /// [`LONGEST`]); none when the stretch has had it before. `learn` adds those of a word that is not known.
    #[inline]
    pub fn effects_of(
        &mut self,
        text: &[u8],
        start: usize,
        end: usize,
        learn: impl FnOnce(&[u8], &mut Vec<Effect>),
    ) -> &[Effect] {
        let learn = |effects: &mut Vec<Effect>| learn(&text[start..end], effects);
        let word = word_at(text, start, end);
        let WordCache { short, long, effects, stretch } = self;
        let (place, is_new) = if end - start <= SHORT {
            let [word, _] = word;
            slot_of([word], mixed([word, 0]), short, *stretch, effects, learn).look(*stretch)
        } else {
            slot_of(word, mixed(word), long, *stretch, effects, learn).look(*stretch)
        };
        if place.is_empty() {
            return &[];
        }
        let effects = &effects[place];
        if is_new || effects[0].place == EACH_TIME { effects } else { &[] }
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

#[allow(clippy::cast_possible_truncation)] // A few bits are left.
fn pair_of(mixed: u64) -> usize {
    (mixed >> (64 - PAIRS.ilog2())) as usize
}

/// The slot of a word, which `learn` fills where it is new: instead of the word of the pair that has not come for
/// longer. Which one of the pair it is must not be guessed by the processor.
#[inline]
fn slot_of<'p, const EIGHTS: usize>(
    word: [u64; EIGHTS],
    mixed: u64,
    pairs: &'p mut Pairs<EIGHTS>,
    stretch: u16,
    effects: &mut Vec<Effect>,
    learn: impl FnOnce(&mut Vec<Effect>),
) -> &'p mut Slot<EIGHTS> {
    let pair = &mut pairs[pair_of(mixed)];
    let mut at = usize::from(!pair[0].is(word));
    if !pair[at].is(word) {
        let age = |slot: &Slot<EIGHTS>| stretch.wrapping_sub(slot.stretch);
        at = usize::from(age(&pair[1]) > age(&pair[0]));
        replace(&mut pair[at], word, effects, learn);
    }
    &mut pair[at]
}

/// Gives the place of a word to another.
#[cold]
#[inline(never)]
fn replace<const EIGHTS: usize>(
    slot: &mut Slot<EIGHTS>,
    word: [u64; EIGHTS],
    effects: &mut Vec<Effect>,
    learn: impl FnOnce(&mut Vec<Effect>),
) {
    let new = effects.len();
    learn(effects);
    let (first, len) = room(effects, new, slot);
    *slot = Slot { word, first, len, stretch: 0 };
}

/// Where the effects from `new` on are to be found: in the place of those of a word that gives way, where they fit.
#[allow(clippy::cast_possible_truncation)] // So many effects are not kept, and a word has one for a place.
fn room<const EIGHTS: usize>(effects: &mut Vec<Effect>, new: usize, old: &Slot<EIGHTS>) -> (u32, u16) {
    let len = effects.len() - new;
    if len > usize::from(old.len) {
        return (new as u32, len as u16);
    }
    effects.copy_within(new.., old.first as usize);
    effects.truncate(new);
    (old.first, len as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_learnt_once_and_counts_once_in_a_text() {
        let mut cache = WordCache::new();
        let effect = Effect { place: 3, bits: 5 };
        let mut learnt = Vec::new();
        let mut look = |cache: &mut WordCache, text: &[u8], start, end| {
            let effects = cache.effects_of(text, start, end, |word, effects| {
                learnt.push(word.to_vec());
                effects.push(effect);
            });
            effects.to_vec()
        };
        cache.begin_stretch();
        assert_eq!(look(&mut cache, b"word and a word behind", 0, 4), [effect]);
        assert_eq!(look(&mut cache, b"word and a word behind", 11, 15), []);
        assert_eq!(look(&mut cache, b"sword", 0, 5), [effect]);
        cache.begin_stretch();
        assert_eq!(look(&mut cache, b"sword", 1, 5), [effect]);
        assert_eq!(look(&mut cache, b"words", 0, 4), []);
        assert_eq!(look(&mut cache, b"sixteen_bytes_xy", 0, 16), [effect]);
        assert_eq!(learnt, [&b"word"[..], b"sword", b"sixteen_bytes_xy"]);
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

    #[test]
    fn effects_do_not_pile_up() {
        let mut cache = WordCache::new();
        for number in 0..2 * MOST_EFFECTS as u64 {
            cache.begin_stretch();
            let word = (number | 1 << 63).to_le_bytes();
            let expected = vec![Effect { place: 7, bits: number }; number as usize % 4];
            let effects = cache.effects_of(&word, 0, 8, |_, effects| effects.extend(&expected));
            assert_eq!(effects, expected);
        }
        assert!(cache.effects.len() <= MOST_EFFECTS + 3);
    }

    #[test]
    fn words_of_one_pair_do_not_mix_up_their_effects() {
        let mut cache = WordCache::new();
        let words: Vec<[u8; 8]> =
            (1..).filter(|&n| pair_of(mixed([n, 0])) == 5).take(3).map(u64::to_le_bytes).collect();
        for turn in [0, 1, 0, 2, 1, 0, 0, 2, 1, 1] {
            cache.begin_stretch();
            let expected = vec![Effect { place: 0, bits: turn as u64 }; 3 - turn];
            let effects = cache.effects_of(&words[turn], 0, 8, |_, effects| effects.extend(&expected));
            assert_eq!(effects, expected);
        }
    }
}
