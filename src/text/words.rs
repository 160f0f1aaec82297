//! The words of a folded text: maximal runs of word characters.

use super::fold::is_word;

/// Bytes looked at together.
const BLOCK: usize = 64;

/// 1 for each word byte.
const WORD: [u8; 256] = byte_table!(b => is_word(b) as u8);

/// Hands over where each word begins and ends, left to right. The loop branches on words, not on bytes.
pub fn each_word(folded: &[u8], mut take: impl FnMut(usize, usize)) {
    let mut start = 0;
    let mut inside = 0;
    let mut block_at = 0;
    let mut edges_of = |block: &[u8; BLOCK]| {
        let bits = word_bits(block);
        let mut edges = bits ^ (bits << 1 | inside);
        inside = bits >> (BLOCK - 1);
        while edges != 0 {
            let at = edges.trailing_zeros() as usize;
            if bits >> at & 1 == 1 {
                start = block_at + at;
            } else {
                take(start, block_at + at);
            }
            edges &= edges - 1;
        }
        block_at += BLOCK;
    };
    let (blocks, rest) = folded.as_chunks();
    blocks.iter().for_each(&mut edges_of);
    // Behind the text stands what ends a word.
    let mut last = [0; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    edges_of(&last);
}

/// A bit for each byte, the first byte's the lowest: whether it is a word character's.
fn word_bits(block: &[u8; BLOCK]) -> u64 {
    /// Moves the lowest bits of eight bytes into the highest byte, in order.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let marks = block.map(|b| WORD[usize::from(b)]);
    let (eights, _) = marks.as_chunks::<8>();
    let byte_of = |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56;
    eights.iter().rev().fold(0, |bits, eight| bits << 8 | byte_of(eight))
}

#[cfg(test)]
mod tests {
    use super::*;
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

    proptest! {
        #[test]
        fn words_are_what_splitting_gives(text in "[ab ,]{0,300}") {
            let expected: Vec<&[u8]> =
                text.as_bytes().split(|&b| !is_word(b)).filter(|word| !word.is_empty()).collect();
            prop_assert_eq!(words(text.as_bytes()), expected);
        }
    }
}
