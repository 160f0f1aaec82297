//! The words of a lowered text in the sense of Python's `str.split`: whatever stands between blanks, as bytes.

use super::chars;
use super::hash::QuickHasher;
use super::word_bytes::{LONGEST, word_at};
use crate::blocks::{Block, bits, each_run};
use std::hash::Hasher;

/// A word: where it stands in the lowered text, and a quick hash of it. Whoever knows the hash can make words collide:
/// what relies on it must notice and stay right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlankWord {
    /// The first byte.
    pub start: usize,
    /// The byte behind the last.
    pub end: usize,
    /// The hash of the bytes.
    pub hash: u64,
}

/// The words of a lowered text, left to right.
#[derive(Clone, Copy, Debug)]
pub struct BlankWords<'t> {
    /// The lowered text.
    pub lower: &'t [u8],
    /// Its words.
    pub words: &'t [BlankWord],
}

impl<'t> BlankWords<'t> {
    /// The bytes of a word.
    #[must_use]
    pub fn bytes(&self, word: &BlankWord) -> &'t [u8] {
        &self.lower[word.start..word.end]
    }
}

/// The words of a lowered text that has no blanks but those of ASCII.
pub(super) fn find(lower: &[u8]) -> Vec<BlankWord> {
    // One word in five or six bytes of ordinary text.
    let mut words = Vec::with_capacity(lower.len() / 5 + 1);
    let is_blank = |b: u8| (b.wrapping_sub(b'\t') < 5) | (b.wrapping_sub(0x1C) < 5);
    let filled = |block: &Block| !bits(|at| is_blank(block[at]));
    each_run(lower, filled, |start, end| words.push(BlankWord { start, end, hash: hash(lower, start, end) }));
    words
}

/// The words of any lowered text.
pub(super) fn find_wide(lower: &str) -> Vec<BlankWord> {
    let mut words = Vec::new();
    let mut start = None;
    let ends = [(lower.len(), ' ')];
    for (at, c) in lower.char_indices().chain(ends) {
        if !chars::is_space(c) {
            start.get_or_insert(at);
        } else if let Some(start) = start.take() {
            words.push(BlankWord { start, end: at, hash: hash(lower.as_bytes(), start, at) });
        }
    }
    words
}

/// The hash of `lower[start..end]`.
#[inline]
fn hash(lower: &[u8], start: usize, end: usize) -> u64 {
    if end - start > LONGEST {
        return hash_of_long(&lower[start..end]);
    }
    // Odd numbers whose bits are well mixed, as in the quick hash.
    let [first, last] = word_at(lower, start, end);
    let mixed = first.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(last.wrapping_mul(0xD134_2543_DE82_EF95));
    mixed ^ mixed >> 32
}

#[cold]
fn hash_of_long(word: &[u8]) -> u64 {
    let mut hasher = QuickHasher::default();
    hasher.write(word);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::super::{Prefilter, Text};
    use super::*;
    use std::collections::HashSet;

    fn words(text: &str) -> Vec<Vec<u8>> {
        let none = Prefilter::none();
        let text = Text::new(text, &none);
        let found = text.blank_words();
        for word in found.words {
            let bytes = found.bytes(word);
            assert_eq!(word.hash, hash(bytes, 0, bytes.len()), "the same wherever it stands");
        }
        found.words.iter().map(|word| found.bytes(word).to_vec()).collect()
    }

    #[test]
    fn words_are_those_between_blanks_of_the_lowered_text() {
        let long = "word ".repeat(30);
        for text in [
            "",
            " ",
            "One",
            " A b\t\tC\u{1C}d\n",
            "a\u{B}b\u{C}c\u{1F}d\u{0}e",
            "\0",
            "it’s É\u{85}x",
            "é\u{3000}Z  \u{A0}y",
            "İ K ß",
            "é ",
            &long,
            long.trim_end(),
        ] {
            let lower = chars::lower(text);
            let expected = lower.split(chars::is_space).filter(|w| !w.is_empty()).map(str::as_bytes);
            assert_eq!(words(text), expected.collect::<Vec<_>>(), "{text:?}");
        }
    }

    #[test]
    fn every_byte_of_a_word_counts_in_its_hash() {
        let mut hashes = HashSet::new();
        for len in 0..40 {
            let word = vec![b'a'; len];
            assert!(hashes.insert(hash(&word, 0, len)), "{len}");
            for at in 0..len {
                let mut other = word.clone();
                other[at] = b'b';
                assert!(hashes.insert(hash(&other, 0, len)), "{len} {at}");
            }
        }
    }
}
