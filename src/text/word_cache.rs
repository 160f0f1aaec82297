//! What words mean to the prefilter, remembered: texts consist of a few thousand words over and over.

/// Bytes of the longest word that is remembered.
pub const LONGEST: usize = 16;

/// Pairs of words that are remembered, a power of two. Each word has one pair to be in.
const PAIRS: usize = 16384;

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

impl Effect {
    /// That of a word without any.
    const NONE: Self = Effect { place: 0, bits: 0 };
}

/// Beyond so many effects of all words everything is forgotten: words that give way leave theirs behind.
const MOST_EFFECTS: usize = 1 << 17;

/// A word and what it means. Most words have one effect at most, which is always at hand: whether there is one need not
/// be asked.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// The bytes, zeros behind them; no word is all zeros.
    word: Word,
    /// The one effect's bits.
    bits: u64,
    /// Where the other effects are, of which the first tells how many there are; 0 for none.
    others: u32,
    /// The one effect's place.
    place: u16,
    /// The last stretch of text that had the word; 0 for none.
    stretch: u16,
}

/// The bytes of a word.
type Word = [u64; 2];

impl Slot {
    const FREE: Self = Slot { word: [0; 2], bits: 0, others: 0, place: 0, stretch: 0 };

    /// Whether it is the word's. The eights are compared one by one: they have just been written one by one, and are
    /// not to be waited for.
    #[inline]
    fn is(&self, word: Word) -> bool {
        (self.word[0] ^ word[0]) | (self.word[1] ^ word[1]) == 0
    }
}

/// Two slots: as much as the processor fetches at once.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Pair([Slot; 2]);

/// Words and their effects, of one thread.
#[derive(Debug)]
pub struct WordCache {
    pairs: Box<[Pair]>,
    /// The other effects of words; the first is nobody's.
    others: Vec<Effect>,
    stretch: u16,
}

impl WordCache {
    /// Remembers nothing yet.
    #[must_use]
    pub fn new() -> Self {
        WordCache { pairs: vec![Pair([Slot::FREE; 2]); PAIRS].into(), others: vec![Effect::NONE], stretch: 0 }
    }

    /// To be called before the words of each text, and of each stretch of one.
    pub fn begin_stretch(&mut self) {
        if self.others.len() > MOST_EFFECTS {
            self.pairs.fill(Pair([Slot::FREE; 2]));
            self.others.truncate(1);
        }
        self.stretch = self.stretch.checked_add(1).unwrap_or_else(|| {
            self.pairs.iter_mut().flat_map(|pair| &mut pair.0).for_each(|slot| slot.stretch = 0);
            1
        });
    }

    /// The effects, on a set of at most [`MOST_PLACES`], of the word at `start..end` of a text (not longer than
    /// [`LONGEST`]): one, which may be [none](Effect::NONE), and others, which are left out when they count once and the
    /// stretch has had the word before. `learn` adds those of a word that is not known.
    #[inline]
    pub fn effects_of(
        &mut self,
        text: &[u8],
        start: usize,
        end: usize,
        learn: impl FnOnce(&[u8], &mut Vec<Effect>),
    ) -> (Effect, &[Effect]) {
        let word = word_at(text, start, end);
        let WordCache { pairs, others, stretch } = self;
        let Pair(pair) = &mut pairs[pair_of(mixed(word))];
        // Which one of the pair it is must not be guessed by the processor.
        let mut at = usize::from(!pair[0].is(word));
        if !pair[at].is(word) {
            // In place of the word that has not come for longer.
            let age = |slot: &Slot| stretch.wrapping_sub(slot.stretch);
            at = usize::from(age(&pair[1]) > age(&pair[0]));
            replace(&mut pair[at], word, others, |effects| learn(&text[start..end], effects));
        }
        let slot = &mut pair[at];
        let is_new = std::mem::replace(&mut slot.stretch, *stretch) != *stretch;
        let one = Effect { place: slot.place.into(), bits: slot.bits };
        if slot.others == 0 {
            return (one, &[]);
        }
        let first = slot.others as usize;
        let effects = &others[first + 1..][..others[first].bits as usize];
        (one, if is_new || effects[0].place == EACH_TIME { effects } else { &[] })
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

/// Gives the place of a word to another.
#[cold]
#[inline(never)]
#[allow(clippy::cast_possible_truncation)] // So many effects are not kept, and a set has no more places.
fn replace(slot: &mut Slot, word: Word, others: &mut Vec<Effect>, learn: impl FnOnce(&mut Vec<Effect>)) {
    let new = others.len();
    others.push(Effect::NONE);
    learn(others);
    let one = others.pop_if(|effect| effect.place != EACH_TIME && effect.bits != 0).unwrap_or(Effect::NONE);
    let count = others.len() - new - 1;
    others[new].bits = count as u64;
    if count == 0 {
        others.truncate(new);
    }
    let others = if count == 0 { 0 } else { new as u32 };
    *slot = Slot { word, bits: one.bits, others, place: one.place as u16, stretch: 0 };
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHRASE: Effect = Effect { place: EACH_TIME, bits: 0 };

    fn effect(place: u32) -> Effect {
        Effect { place, bits: 5 }
    }

    #[test]
    fn a_word_is_learnt_once_and_counts_once_in_a_stretch() {
        let mut cache = WordCache::new();
        let mut learnt = Vec::new();
        let mut look = |cache: &mut WordCache, text: &[u8], start, end| {
            let (one, others) = cache.effects_of(text, start, end, |word, effects| {
                learnt.push(word.to_vec());
                effects.extend([effect(3), effect(4)]);
            });
            assert_eq!(one, effect(4));
            others.to_vec()
        };
        cache.begin_stretch();
        assert_eq!(look(&mut cache, b"word and a word behind", 0, 4), [effect(3)]);
        assert_eq!(look(&mut cache, b"word and a word behind", 11, 15), []);
        assert_eq!(look(&mut cache, b"sword", 0, 5), [effect(3)]);
        cache.begin_stretch();
        assert_eq!(look(&mut cache, b"sword", 1, 5), [effect(3)]);
        assert_eq!(look(&mut cache, b"words", 0, 4), []);
        assert_eq!(look(&mut cache, b"sixteen_bytes_xy", 0, 16), [effect(3)]);
        assert_eq!(learnt, [&b"word"[..], b"sword", b"sixteen_bytes_xy"]);
    }

    #[test]
    fn phrases_count_each_time() {
        let mut cache = WordCache::new();
        cache.begin_stretch();
        for _ in 0..2 {
            let mut of = |word: &[u8], learnt: &[Effect]| {
                let (one, others) = cache.effects_of(word, 0, word.len(), |_, effects| effects.extend(learnt));
                (one, others.first().copied())
            };
            assert_eq!(of(b"phrase", &[PHRASE]), (Effect::NONE, Some(PHRASE)));
            assert_eq!(of(b"and_more", &[PHRASE, effect(1)]), (effect(1), Some(PHRASE)));
            assert_eq!(of(b"one", &[effect(1)]), (effect(1), None));
            assert_eq!(of(b"none", &[]), (Effect::NONE, None));
        }
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

    /// The effects of a word that a new stretch begins with.
    fn effects_in_a_new_stretch(cache: &mut WordCache, word: [u8; 8], learnt: &[Effect]) -> Vec<Effect> {
        cache.begin_stretch();
        let (one, others) = cache.effects_of(&word, 0, 8, |_, effects| effects.extend(learnt));
        others.iter().copied().chain((one != Effect::NONE).then_some(one)).collect()
    }

    #[test]
    fn effects_do_not_pile_up() {
        let mut cache = WordCache::new();
        for number in 0..2 * MOST_EFFECTS as u64 {
            let expected = vec![Effect { place: 7, bits: number }; number as usize % 4];
            let word = (number | 1 << 63).to_le_bytes();
            assert_eq!(effects_in_a_new_stretch(&mut cache, word, &expected), expected);
        }
        assert!(cache.others.len() <= MOST_EFFECTS + 3);
    }

    #[test]
    fn words_of_one_pair_do_not_mix_up_their_effects() {
        let mut cache = WordCache::new();
        let words: Vec<[u8; 8]> =
            (1..).filter(|&n| pair_of(mixed([n, 0])) == 5).take(3).map(u64::to_le_bytes).collect();
        for turn in [0, 1, 0, 2, 1, 0, 0, 2, 1, 1] {
            let expected = vec![effect(turn as u32); 3 - turn];
            assert_eq!(effects_in_a_new_stretch(&mut cache, words[turn], &expected), expected);
        }
    }
}
