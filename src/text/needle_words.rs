//! Needles as words see them: what a word must have for a needle, and needles of several words, which are looked for
//! around one of them.

use super::fold::{is_blank, is_word};
use super::word_cache::{AROUND, Around, BEFORE, EACH_TIME, Effect};
use crate::blocks::around;
use std::ops::Range;

/// What a needle has within a word: all of it, or one of its words.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Within {
    pub part: Vec<u8>,
    /// Whether it must begin the word.
    pub begins: bool,
    /// Whether it must end the word.
    pub ends: bool,
}

/// A needle of several words.
pub(super) struct Phrase {
    pub bytes: Vec<u8>,
    /// Whether blanks count as what they are.
    pub whole: bool,
    /// Which part of it is looked for as a word.
    pub word: Range<usize>,
    /// The clauses that the needle satisfies.
    pub opens: Vec<u32>,
}

impl Phrase {
    /// What is looked for within a word.
    pub(super) fn within_word(&self) -> Within {
        let Phrase { bytes, word, .. } = self;
        Within { part: bytes[word.clone()].to_vec(), begins: word.start > 0, ends: word.end < bytes.len() }
    }

    /// The effect of its word: the phrase's number, and behind it what stands next to the word, see [`Neighbour::in_effect`].
    #[allow(clippy::cast_possible_truncation)] // Policies are far below 2^32 bytes.
    pub(super) fn effect(&self, number: usize) -> Effect {
        let Neighbour(neighbour) = Neighbour::of(self);
        Effect { place: EACH_TIME, bits: u64::from(number as u32) | u64::from(neighbour) << 32 }
    }

    /// Whether it stands around its word, which is at `start..end` of the text: its first word may begin within the text's,
    /// its last one may end there.
    pub(super) fn is_around(&self, text: &[u8], start: usize, end: usize) -> bool {
        let Phrase { bytes, whole, word, .. } = self;
        if *whole {
            let place = if word.start == 0 { end.checked_sub(word.end) } else { start.checked_sub(word.start) };
            return place.is_some_and(|at| text[at..].starts_with(bytes));
        }
        leads(&bytes[word.end..], &text[end..]) && leads(bytes[..word.start].iter().rev(), text[..start].iter().rev())
    }
}

/// What a phrase has next to its word, beyond a blank: up to three bytes of the following word, or else of the one
/// before it backwards, and in the last byte how many of which. Most words that a phrase is looked for around have
/// something else there.
#[derive(Clone, Copy)]
pub(super) struct Neighbour(u32);

impl Neighbour {
    /// Of a phrase's effect, with the phrase's number.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation)] // The halves are what is wanted.
    pub(super) fn in_effect(bits: u64) -> (Self, usize) {
        (Neighbour((bits >> 32) as u32), bits as u32 as usize)
    }

    /// Bytes that are compared at most.
    const MOST: usize = 3;
    /// Beside how many there are: those before the word.
    const BEFORE: u8 = 4;

    #[allow(clippy::cast_possible_truncation)] // Three at the most.
    fn of(phrase: &Phrase) -> Self {
        let Phrase { bytes, word, .. } = phrase;
        let mut neighbour = [0; 4];
        let mut take = |next: &mut dyn Iterator<Item = &u8>, side: u8| {
            let blank = next.next() == Some(&b' ');
            let word = next.take(Self::MOST).take_while(|&&b| blank && is_word(b));
            let count = neighbour.iter_mut().zip(word).map(|(place, &b)| *place = b).count();
            neighbour[Self::MOST] = count as u8 | side;
            count > 0
        };
        if !take(&mut bytes[word.end..].iter(), 0) {
            take(&mut bytes[..word.start].iter().rev(), Self::BEFORE);
        }
        Neighbour(u32::from_le_bytes(neighbour))
    }

    /// What must be [near] the word, as bits of which one suffices.
    ///
    /// [near]: near
    fn awaits(self) -> u32 {
        let [first, _, _, told] = self.0.to_le_bytes();
        let side = BEYOND[usize::from(first)] | BEYOND[usize::from(b' ')];
        match told {
            0 | Self::BEFORE => ANYTHING,
            Self::BEFORE.. => side << 16,
            _ => side,
        }
    }
}

/// What an effect of a word waits for, as bits of which one must be [`near`] the word.
pub(super) fn awaited(effect: Effect) -> u32 {
    if effect.place == EACH_TIME { Neighbour::in_effect(effect.bits).0.awaits() } else { ANYTHING }
}

/// For each byte beyond a blank one of 15 bits, which tells something of what byte it is; none for those that no word begins
/// with. A further blank has its own: the word behind it is looked for closely.
const BEYOND: [u32; 256] = byte_table!(b => {
    let of_word = 1 << ((b & 0x1F) % 14);
    if is_word(b) { of_word } else if is_blank(b) { 1 << 14 } else { 0 }
});

/// Of what an effect waits for that counts wherever the word stands.
const ANYTHING: u32 = 1 << 15;

/// All bits for a blank.
const APART: [u32; 256] = byte_table!(b => if is_blank(b) { u32::MAX } else { 0 });

/// What is near a word of so many bytes, as bits: in the lower half behind it, in the upper one before it.
#[inline(always)]
pub(super) fn near(around: &Around, len: usize) -> u32 {
    let byte = |at: usize| usize::from(around[at % AROUND]);
    let side = |blank: usize, beyond: usize| APART[byte(blank)] & BEYOND[byte(beyond)];
    side(BEFORE + len, BEFORE + len + 1) | side(BEFORE - 1, BEFORE - 2) << 16 | ANYTHING
}

/// What stands next to a word of a text: behind it and, backwards, before it.
pub(super) struct Sides {
    /// Three bytes beyond a blank; zeros, which no needle has, beyond the text and where no blank is.
    next: [u32; 2],
    /// Whether there are two blanks: the next word is looked for closely.
    is_far: [bool; 2],
}

impl Sides {
    /// Of the word at `start..end`.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation)] // The halves are what is wanted.
    pub(super) fn of(text: &[u8], start: usize, end: usize) -> Self {
        let eight = |at: usize| u64::from_le_bytes(*around(text, at, BEFORE, &mut [0; 2 * BEFORE]));
        // The byte next to the word is the lowest.
        let sides = [(eight(end) >> (8 * BEFORE)) as u32, (eight(start) as u32).swap_bytes()];
        let apart = |side: u32| APART[usize::from(side as u8)];
        let next = |side: u32| side >> 8 & apart(side);
        let is_far = |side: u32| apart(side) & apart(side >> 8) != 0;
        Sides { next: sides.map(next), is_far: sides.map(is_far) }
    }

    /// Whether a phrase may be around the word, for all that stands next to it.
    #[inline(always)]
    pub(super) fn may_have(&self, Neighbour(neighbour): Neighbour) -> bool {
        let told = neighbour >> 24;
        let side = usize::from(told & u32::from(Neighbour::BEFORE) != 0);
        let count = told % u32::from(Neighbour::BEFORE);
        let others = (self.next[side] ^ neighbour) & ((1 << (8 * count)) - 1);
        // Without a branch: hardly two words ask the same.
        (others == 0) | self.is_far[side]
    }
}

/// Whether a part of a needle is what the text begins with: blanks are any blanks, the last ones the end of a word.
fn leads<'b>(part: impl IntoIterator<Item = &'b u8>, text: impl IntoIterator<Item = &'b u8>) -> bool {
    let (mut part, mut text) = (part.into_iter().peekable(), text.into_iter().peekable());
    while let Some(&b) = part.next() {
        if !is_blank(b) {
            if text.next() != Some(&b) {
                return false;
            }
            continue;
        }
        while part.next_if(|&&b| is_blank(b)).is_some() {}
        if part.peek().is_none() {
            return text.peek().is_none_or(|&&b| !is_word(b));
        }
        if text.next_if(|&&b| is_blank(b)).is_none() {
            return false;
        }
        while text.next_if(|&&b| is_blank(b)).is_some() {}
    }
    true
}
