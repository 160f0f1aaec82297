//! Words and what stands for each, asked for at each word of a text.

use super::hash::QuickHash;
use super::word_cache::{LONGEST, word_at};
use std::collections::HashMap;

/// Slots for each word that is in the table, to be found at once and missed at once.
const SPARSE: usize = 4;

/// Words and a value for each. A word with a zero byte in it is never found.
#[derive(Debug)]
pub struct WordTable<V> {
    /// Those of few bytes, each in the first free slot from its own on; a power of two of them.
    short: Vec<Option<([u64; 2], V)>>,
    long: HashMap<Box<[u8]>, V, QuickHash>,
}

impl<V> WordTable<V> {
    /// A table of these words. Of equal words the last counts.
    #[must_use]
    pub fn new<W: AsRef<[u8]>>(words: impl IntoIterator<Item = (W, V)>) -> Self {
        let words: Vec<(W, V)> = words.into_iter().collect();
        let mut short = Vec::new();
        short.resize_with((SPARSE * words.len()).next_power_of_two(), || None);
        let mut table = WordTable { short, long: HashMap::default() };
        for (word, value) in words {
            let word = word.as_ref();
            if word.contains(&0) {
                continue;
            }
            if word.len() > LONGEST {
                table.long.insert(word.into(), value);
            } else {
                let word = word_at(word, 0, word.len());
                let at = table.slot(word);
                table.short[at] = Some((word, value));
            }
        }
        table
    }

    /// The value of the word at `start..end` of a text, which has no zero byte in it.
    #[must_use]
    #[inline]
    pub fn get(&self, text: &[u8], start: usize, end: usize) -> Option<&V> {
        if end - start > LONGEST {
            return self.long.get(&text[start..end]);
        }
        self.short[self.slot(word_at(text, start, end))].as_ref().map(|(_, value)| value)
    }

    /// The slot that a word has or would have: at least every other slot is free.
    #[inline]
    fn slot(&self, word: [u64; 2]) -> usize {
        let mask = self.short.len() - 1;
        // The golden ratio in 64 bits: the product's highest bits depend on all of the word.
        let mixed = (word[0] ^ word[1].rotate_left(29)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        #[allow(clippy::cast_possible_truncation)] // A few bits are left.
        let mut at = (mixed >> 32) as usize & mask;
        while self.short[at].as_ref().is_some_and(|(known, _)| *known != word) {
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
        assert_eq!((of(b""), of(b"x"), of(b"y")), (Some(1), Some(3), None));
    }
}
