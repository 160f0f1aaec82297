//! Needles as words see them: what a word must have for a needle, and needles of several words, which are looked for
//! around one of them.

use super::fold::{is_blank, is_word};
use super::word_bytes::LONGEST;
use crate::blocks::around;
use std::ops::Range;

/// A word that is remembered and what is next to it: [`BEFORE`] bytes before it, and as many behind it.
pub(super) type Around = [u8; AROUND];

/// Bytes before a word that count.
pub(super) const BEFORE: usize = 4;

/// A power of two, for quick access.
pub(super) const AROUND: usize = (LONGEST + 2 * BEFORE).next_power_of_two();

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

/// A phrase, and what it has next to its word, beyond a blank: up to three bytes of the following word, or else of the one
/// before it backwards. Most words that a phrase is looked for around have something else there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Beside {
    /// The bytes, and which bits of them count.
    next: u32,
    mask: u32,
    /// The phrase's number, and in the highest bit whether the bytes are before the word.
    phrase: u32,
}

impl Beside {
    /// In place of one.
    pub(super) const NONE: Self = Beside { next: 0, mask: 0, phrase: 0 };

    /// Bytes that are compared at most.
    const MOST: usize = 3;
    const BEFORE: u32 = 1 << 31;

    /// Of the phrase with this number.
    #[allow(clippy::cast_possible_truncation)] // Policies are far below 2^31 bytes.
    pub(super) fn of(phrase: &Phrase, number: usize) -> Self {
        let Phrase { bytes, word, .. } = phrase;
        let beside = |next: &mut dyn Iterator<Item = &u8>, phrase: u32| {
            let blank = next.next() == Some(&b' ');
            let (mut bytes, mut mask) = ([0; 4], [0; 4]);
            for (at, &b) in next.take(Self::MOST).take_while(|&&b| blank && is_word(b)).enumerate() {
                (bytes[at], mask[at]) = (b, u8::MAX);
            }
            Beside { next: u32::from_le_bytes(bytes), mask: u32::from_le_bytes(mask), phrase }
        };
        let behind = beside(&mut bytes[word.end..].iter(), number as u32);
        if behind.mask != 0 {
            return behind;
        }
        beside(&mut bytes[..word.start].iter().rev(), number as u32 | Self::BEFORE)
    }

    /// The phrase's number.
    pub(super) fn phrase(self) -> usize {
        (self.phrase & !Self::BEFORE) as usize
    }

    /// What must be [near] the word, as bits of which one suffices.
    ///
    /// [near]: near
    pub(super) fn awaits(self) -> u32 {
        let [first, ..] = self.next.to_le_bytes();
        let side = BEYOND[usize::from(first)] | BEYOND[usize::from(b' ')];
        match (self.mask, self.phrase & Self::BEFORE) {
            (0, _) => ANYTHING,
            (_, 0) => side,
            _ => side << 16,
        }
    }
}

/// For each byte beyond a blank one of 15 bits, which tells something of what byte it is; none for those that no word begins
/// with. A further blank has its own: the word behind it is looked for closely.
const BEYOND: [u32; 256] = byte_table!(b => {
    let of_word = 1 << ((b & 0x1F) % 14);
    if is_word(b) { of_word } else if is_blank(b) { 1 << 14 } else { 0 }
});

/// Of what an effect waits for that counts wherever the word stands.
pub(super) const ANYTHING: u32 = 1 << 15;

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
    /// Which bits of them count: none where two blanks are, so that the next word is looked for closely.
    mask: [u32; 2],
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
        Sides {
            next: sides.map(|side| side >> 8 & apart(side)),
            mask: sides.map(|side| !(apart(side) & apart(side >> 8))),
        }
    }

    /// Whether a phrase may be around the word, for all that stands next to it.
    #[inline(always)]
    pub(super) fn may_have(&self, Beside { next, mask, phrase }: Beside) -> bool {
        // Without a branch: hardly two words ask the same.
        let side = usize::from(phrase & Beside::BEFORE != 0);
        (self.next[side] ^ next) & mask & self.mask[side] == 0
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_next_to_a_word_is_told_by_its_bits_and_bytes() {
        let beside = |bytes: &str, word: &str| {
            let at = bytes.find(word).expect("the word");
            let phrase = Phrase { bytes: bytes.into(), whole: false, word: at..at + word.len(), opens: Vec::new() };
            Beside::of(&phrase, 7)
        };
        let phrases = [beside("how to make", "how"), beside("how to make", "make"), beside("a-how", "how")];
        for (text, expected) in [
            ("how to make", [true, false, true]),
            ("how tomake", [true, false, true]),
            ("how tx", [false, false, true]),
            ("how", [false, false, true]),
            ("how  to", [true, false, true]),
            ("to how", [false, true, true]),
            ("to  how", [false, true, true]),
            ("x how", [false, false, true]),
            ("how\tto", [true, false, true]),
            ("how-to how-to", [false, false, true]),
        ] {
            let at = text.find("how").expect("the word");
            let (mut room, bytes) = ([0; AROUND], text.as_bytes());
            let (near, sides) = (near(around(bytes, at, BEFORE, &mut room), 3), Sides::of(bytes, at, at + 3));
            assert_eq!(phrases.map(|phrase| sides.may_have(phrase)), expected, "{text}");
            for (phrase, expected) in phrases.into_iter().zip(expected) {
                assert!(!expected || phrase.awaits() & near != 0, "{text}");
            }
        }
        assert_eq!(phrases.map(Beside::phrase), [7; 3]);
    }
}
