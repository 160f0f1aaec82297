//! Needles as words see them: what a word must have for a needle, and needles of several words, which are looked for
//! around one of them.

use super::fold::{is_blank, is_word};
use super::word_cache::{EACH_TIME, Effect};
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
    #[inline]
    pub(super) fn of(text: &[u8], start: usize, end: usize) -> Self {
        const BLANK: [bool; 256] = byte_table!(b => is_blank(b));
        let four = |at: usize| text.get(at..).and_then(<[u8]>::first_chunk::<4>);
        let gather = |bytes: &mut dyn Iterator<Item = &u8>| [(); 4].map(|()| *bytes.next().unwrap_or(&0));
        let behind = four(end).copied().unwrap_or_else(|| gather(&mut text[end..].iter()));
        let before =
            start.checked_sub(4).and_then(four).map(|&[first, second, third, last]| [last, third, second, first]);
        let before = before.unwrap_or_else(|| gather(&mut text[..start].iter().rev()));
        let is_apart = |[blank, ..]: [u8; 4]| BLANK[usize::from(blank)];
        let next = |side: [u8; 4]| if is_apart(side) { u32::from_le_bytes(side) >> 8 } else { 0 };
        let is_far = |side: [u8; 4]| is_apart(side) & BLANK[usize::from(side[1])];
        Sides { next: [behind, before].map(next), is_far: [behind, before].map(is_far) }
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
