//! The words of a folded text: maximal runs of word characters.

use super::fold::{DIGIT, LETTER};
use crate::blocks::{Block, bits, each_run};

/// Hands over where each word begins and ends, left to right.
#[inline]
pub fn each_word(folded: &[u8], take: impl FnMut(usize, usize)) {
    each_run(folded, word_bits, take);
}

/// A bit for each word character ([`super::fold::is_word`]) of a block.
#[must_use]
pub fn word_bits(block: &Block) -> u64 {
    bits(|at| {
        let b = block[at];
        (b.wrapping_sub(b'a') < 26) | (b.wrapping_sub(b'0') < 10) | (b == b'_') | (b == LETTER) | (b == DIGIT)
    })
}

#[cfg(test)]
mod tests {
    use super::super::fold::is_word;
    use super::*;
    use crate::blocks::BLOCK;
    use proptest::prelude::*;

    fn words(folded: &[u8]) -> Vec<&[u8]> {
        let mut words = Vec::new();
        each_word(folded, |start, end| words.push(&folded[start..end]));
        words
    }

    #[test]
    fn words_end_with_the_text_and_go_on_over_blocks() {
        assert_eq!(words(b"a bc_1,L"), [&b"a"[..], b"bc_1", b"L"]);
        assert_eq!(words(b""), [b""; 0]);
        assert_eq!(words(&[b'x'; 200]), [[b'x'; 200]]);
        assert_eq!(words(&[b'x'; 64]), [[b'x'; 64]]);
    }

    #[test]
    fn a_word_byte_is_one_wherever_it_is_asked() {
        for b in 0..=u8::MAX {
            assert_eq!(word_bits(&[b; BLOCK]), if is_word(b) { u64::MAX } else { 0 }, "{b}");
        }
    }

    proptest! {
        #[test]
        fn words_are_what_splitting_gives(text in "[ab ,]{0,300}") {
            let expected: Vec<&[u8]> =
                text.as_bytes().split(|&b| !is_word(b)).filter(|word| !word.is_empty()).collect();
            prop_assert_eq!(words(text.as_bytes()), expected);
        }
    }
}
