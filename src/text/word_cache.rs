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

/// What a word means. Most words have one effect at most, which is always at hand: whether there is one need not be
/// asked.
#[derive(Clone, Copy, Debug)]
pub struct Effects {
    /// The one effect's bits.
    bits: u64,
    /// In the lower half where the other effects are, behind another that tells how many there are; 0 for none. Beyond
    /// it the one effect's place, and [`IS_USED`].
    rest: u64,
}

/// Set when the word has come again, lately: of no interest but here.
const IS_USED: u64 = 1 << 48;

#[allow(clippy::cast_possible_truncation)] // The parts are what is wanted.
impl Effects {
    /// The one effect; [none](Effect::NONE) for a word without any.
    #[inline]
    pub fn one(self) -> Effect {
        Effect { place: ((self.rest >> 32) as u16).into(), bits: self.bits }
    }

    /// Whether there are others.
    #[inline]
    pub fn are_more(self) -> bool {
        self.others() != 0
    }

    fn others(self) -> u32 {
        self.rest as u32
    }
}

/// The bytes of a word.
type Word = [u64; 2];

/// Numbers of a slot: the word's bytes, with zeros behind them (no word is all zeros), and its [`Effects`].
const SLOT: usize = 4;
/// Where in a slot the effects' numbers are.
const BITS: usize = 2;
const REST: usize = 3;

/// Two slots: as much as the processor fetches at once, where the allocator begins at a multiple of that.
type Pair = [u64; 2 * SLOT];

/// Whether the slot that begins there is the word's. The eights are compared one by one: they have just been written one
/// by one, and are not to be waited for.
#[inline]
fn is_at(pair: &Pair, at: usize, word: Word) -> bool {
    (pair[at] ^ word[0]) | (pair[at + 1] ^ word[1]) == 0
}

/// Where the slot for a new word is: that of a word that has not come again.
fn free(pair: &mut Pair) -> usize {
    let used = [REST, SLOT + REST].map(|at| pair[at] & IS_USED != 0);
    if used == [true; 2] {
        pair[REST] &= !IS_USED;
        pair[SLOT + REST] &= !IS_USED;
        return 0;
    }
    SLOT * usize::from(used[0])
}

/// Words and their effects, of one thread.
#[derive(Debug)]
pub struct WordCache {
    /// Zeros at first, of which memory is taken only for those that change.
    pairs: Box<[Pair; PAIRS]>,
    /// The other effects of words; the first is nobody's.
    others: Vec<Effect>,
}

impl Default for WordCache {
    fn default() -> Self {
        let pairs = vec![[0; 2 * SLOT]; PAIRS].into_boxed_slice().try_into();
        WordCache { pairs: pairs.unwrap_or_else(|_| unreachable!("so many pairs")), others: vec![Effect::NONE] }
    }
}

impl WordCache {
    /// Forgets everything when it has become too much; to be called now and then.
    pub fn make_room(&mut self) {
        if self.others.len() > MOST_EFFECTS {
            self.pairs.fill([0; 2 * SLOT]);
            self.others.truncate(1);
        }
    }

    /// The effects, on a set of at most [`MOST_PLACES`], of the word at `start..end` of a text (not longer than
    /// [`LONGEST`]). `learn` adds those of a word that is not known.
    ///
    /// Nothing is written for a word that is known, and no branch depends on which it is: while the processor waits for
    /// one word, it looks up the next ones.
    #[inline]
    pub fn look_up(
        &mut self,
        text: &[u8],
        start: usize,
        end: usize,
        learn: impl FnOnce(&[u8], &mut Vec<Effect>),
    ) -> Effects {
        let word = word_at(text, start, end);
        let pair = &mut self.pairs[pair_of(mixed(word))];
        // Which one of the pair it is must not be guessed by the processor.
        let mut at = SLOT * usize::from(!is_at(pair, 0, word));
        if !is_at(pair, at, word) {
            at = free(pair);
            let effects = learnt(&mut self.others, |effects| learn(&text[start..end], effects));
            pair[at..][..SLOT].copy_from_slice(&[word[0], word[1], effects.bits, effects.rest]);
            return effects;
        }
        let effects = Effects { bits: pair[at + BITS], rest: pair[at + REST] };
        if effects.rest & IS_USED == 0 {
            pair[at + REST] |= IS_USED;
        }
        effects
    }

    /// The other effects of a word that was looked up since room was made.
    #[inline]
    pub fn others(&self, effects: Effects) -> &[Effect] {
        let first = effects.others() as usize;
        &self.others[first + 1..][..self.others[first].bits as usize]
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

/// The effects of a word that `learn` adds.
#[cold]
#[inline(never)]
fn learnt(others: &mut Vec<Effect>, learn: impl FnOnce(&mut Vec<Effect>)) -> Effects {
    let new = others.len();
    others.push(Effect::NONE);
    learn(others);
    let one = others.pop_if(|effect| effect.place != EACH_TIME && effect.bits != 0).unwrap_or(Effect::NONE);
    let count = others.len() - new - 1;
    others[new].bits = count as u64;
    if count == 0 {
        others.truncate(new);
    }
    // So many effects are not kept, and a set has no more places.
    let others = if count == 0 { 0 } else { new as u64 };
    Effects { bits: one.bits, rest: others | u64::from(one.place) << 32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHRASE: Effect = Effect { place: EACH_TIME, bits: 0 };

    fn effect(place: u32) -> Effect {
        Effect { place, bits: 5 }
    }

    /// The effects of a word that is a whole text.
    fn effects_of(cache: &mut WordCache, word: &[u8], learnt: &[Effect]) -> (Effect, Vec<Effect>) {
        let effects = cache.look_up(word, 0, word.len(), |_, effects| effects.extend(learnt));
        let others = cache.others(effects).to_vec();
        assert_eq!(effects.are_more(), !others.is_empty());
        (effects.one(), others)
    }

    #[test]
    fn a_word_is_learnt_once() {
        let mut cache = WordCache::default();
        let mut learnt = Vec::new();
        let mut look = |text: &[u8], start, end| {
            let effects = cache.look_up(text, start, end, |word, effects| {
                learnt.push(word.to_vec());
                effects.extend([effect(3), effect(4)]);
            });
            assert_eq!((effects.one(), cache.others(effects)), (effect(4), &[effect(3)][..]));
        };
        look(b"word and a word behind", 0, 4);
        look(b"word and a word behind", 11, 15);
        look(b"sword", 0, 5);
        look(b"sword", 1, 5);
        look(b"words", 0, 4);
        look(b"sixteen_bytes_xy", 0, 16);
        assert_eq!(learnt, [&b"word"[..], b"sword", b"sixteen_bytes_xy"]);
    }

    #[test]
    fn a_phrase_is_never_the_one_effect() {
        let mut cache = WordCache::default();
        for _ in 0..2 {
            let mut of = |word: &[u8], learnt: &[Effect]| effects_of(&mut cache, word, learnt);
            assert_eq!(of(b"phrase", &[PHRASE]), (Effect::NONE, vec![PHRASE]));
            assert_eq!(of(b"and_more", &[PHRASE, effect(1)]), (effect(1), vec![PHRASE]));
            assert_eq!(of(b"one", &[effect(1)]), (effect(1), vec![]));
            assert_eq!(of(b"none", &[]), (Effect::NONE, vec![]));
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

    fn all_effects_of(cache: &mut WordCache, word: [u8; 8], learnt: &[Effect]) -> Vec<Effect> {
        cache.make_room();
        let (one, others) = effects_of(cache, &word, learnt);
        others.into_iter().chain((one != Effect::NONE).then_some(one)).collect()
    }

    #[test]
    fn effects_do_not_pile_up() {
        let mut cache = WordCache::default();
        for number in 0..2 * MOST_EFFECTS as u64 {
            let expected = vec![Effect { place: 7, bits: number }; number as usize % 4];
            let word = (number | 1 << 63).to_le_bytes();
            assert_eq!(all_effects_of(&mut cache, word, &expected), expected);
        }
        assert!(cache.others.len() <= MOST_EFFECTS + 3);
    }

    #[test]
    fn words_of_one_pair_do_not_mix_up_their_effects() {
        let mut cache = WordCache::default();
        let words: Vec<[u8; 8]> =
            (1..).filter(|&n| pair_of(mixed([n, 0])) == 5).take(3).map(u64::to_le_bytes).collect();
        for turn in [0, 1, 0, 2, 1, 0, 0, 2, 1, 1] {
            let expected = vec![effect(turn as u32); 3 - turn];
            assert_eq!(all_effects_of(&mut cache, words[turn], &expected), expected);
        }
    }

    #[test]
    fn a_word_that_keeps_coming_stays() {
        let mut cache = WordCache::default();
        let mut words = (1..).filter(|&n| pair_of(mixed([n, 0])) == 5).map(u64::to_le_bytes);
        let frequent = words.next().expect("one word of many");
        let mut learnt = 0;
        let mut look = |word: &[u8]| {
            let _ = cache.look_up(word, 0, 8, |word, _| learnt += usize::from(word == frequent));
        };
        for rare in words.take(100) {
            [frequent, rare, frequent].iter().for_each(|word| look(word));
        }
        assert!(learnt <= 2, "{learnt}");
    }
}
