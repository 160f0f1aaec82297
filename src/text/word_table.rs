//! Words and what stands for each, asked for at each word of a text.

use super::hash::QuickHash;
use super::word_bytes::{LONGEST, mixed, word_at};
use std::collections::HashMap;

/// Slots for each word that is in the table, to be found at once and missed at once.
const SPARSE: usize = 4;

/// Words and a value for each. The empty word and those with a zero byte in them are never found.
#[derive(Debug)]
pub struct WordTable<V> {
    /// For the first and the last byte of short words, as [`ends_of`] tells them, the lengths of those that are in the
    /// table, as bits: most other words show by these alone.
    lengths: Box<[u32; ENDS]>,
    /// Words of few bytes, each in the first free slot from its own on; a power of two of them.
    short: Vec<[u64; 2]>,
    /// The value for each slot.
    values: Vec<Option<V>>,
    long: HashMap<Box<[u8]>, V, QuickHash>,
}

/// How many kinds of ends there are.
const ENDS: usize = 1 << 10;

/// What kind of ends a word has: the letters a to z differ in their lowest five bits.
#[inline]
fn ends_of(first: u8, last: u8) -> usize {
    usize::from(first & 0x1F) << 5 | usize::from(last & 0x1F)
}

/// What a slot without a word holds.
const FREE: [u64; 2] = [0; 2];

impl<V> WordTable<V> {
    /// A table of these words. Of equal words the last counts.
    #[must_use]
    pub fn new<W: AsRef<[u8]>>(words: impl IntoIterator<Item = (W, V)>) -> Self {
        let words: Vec<(W, V)> = words.into_iter().collect();
        let slots = (SPARSE * words.len()).next_power_of_two();
        let mut values = Vec::new();
        values.resize_with(slots, || None);
        let lengths = Box::new([0; ENDS]);
        let mut table = WordTable { lengths, short: vec![FREE; slots], values, long: HashMap::default() };
        for (word, value) in words {
            let word = word.as_ref();
            if word.is_empty() || word.contains(&0) {
                continue;
            }
            if word.len() > LONGEST {
                table.long.insert(word.into(), value);
            } else {
                table.lengths[ends_of(word[0], word[word.len() - 1])] |= 1 << word.len();
                let word = word_at(word, 0, word.len());
                let at = table.slot(word);
                table.short[at] = word;
                table.values[at] = Some(value);
            }
        }
        table
    }

    /// The value of the word at `start..end` of a text, which has no zero byte in it.
    #[must_use]
    #[inline]
    pub fn get(&self, text: &[u8], start: usize, end: usize) -> Option<&V> {
        if end - start > LONGEST {
            return self.get_long(&text[start..end]);
        }
        let (first, last) = (text.get(start)?, text.get(end.checked_sub(1)?)?);
        if self.lengths[ends_of(*first, *last)] >> (end - start) & 1 == 0 {
            return None;
        }
        let word = word_at(text, start, end);
        let at = self.slot(word);
        if self.short[at] == FREE { None } else { self.values[at].as_ref() }
    }

    #[cold]
    fn get_long(&self, word: &[u8]) -> Option<&V> {
        self.long.get(word)
    }

    /// The slot that a word has or would have: at least every other slot is free.
    #[inline]
    fn slot(&self, word: [u64; 2]) -> usize {
        let mask = self.short.len() - 1;
        #[allow(clippy::cast_possible_truncation)] // A few bits are left.
        let mut at = (mixed(word) >> 32) as usize & mask;
        while self.short[at] != FREE && self.short[at] != word {
            at = (at + 1) & mask;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_its_value_and_no_other_word_has_one() {
        for count in [0, 1, 2, 500] {
            let words: Vec<String> = (0..count).map(|n: usize| "ab".repeat(n % 12) + &n.to_string()).collect();
            let table = WordTable::new(words.iter().zip(0..));
            let text = words.concat() + " and what is behind";
            let mut start = 0;
            for (n, word) in words.iter().enumerate() {
                let end = start + word.len();
                assert_eq!(table.get(text.as_bytes(), start, end), Some(&n));
                assert_eq!(table.get(word.as_bytes(), 0, word.len()), Some(&n));
                start = end;
            }
            for other in ["", "a", "sixteen_bytes_xy", "seventeen_bytes_x"] {
                assert_eq!(table.get(other.as_bytes(), 0, other.len()), None);
            }
        }
        let odd = WordTable::new([("", 1), ("x", 2), ("x", 3), ("y\0", 4)]);
        let of = |word: &[u8]| odd.get(word, 0, word.len()).copied();
        assert_eq!((of(b""), of(b"x"), of(b"y")), (None, Some(3), None));
    }
}
