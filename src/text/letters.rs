//! The letters a to z of a text, without what stands between them.

use crate::blocks::{Block, bits};

/// A bit for each letter a to z of a block.
#[must_use]
#[inline]
pub fn letter_bits(block: &Block) -> u64 {
    bits(|at| block[at].wrapping_sub(b'a') < 26)
}

/// The letters a to z of a lowered view, one after the other. Byte by byte, without a branch: ends of words cannot be
/// guessed.
#[must_use]
pub(super) fn letters(view: &[u8]) -> Vec<u8> {
    /// No more bytes than a `u8` counts: a place that a `u8` gives is always one of the room's. A multiple of eight.
    const PIECE: usize = 248;
    const ROOM: usize = 1 << u8::BITS;
    let mut letters = vec![0; view.len() + ROOM];
    let mut len = 0;
    for piece in view.chunks(PIECE) {
        let Some(room) = letters[len..].first_chunk_mut::<ROOM>() else { break };
        let mut taken = 0u8;
        let mut take = |byte: u8| {
            room[usize::from(taken)] = byte;
            taken += u8::from(byte.wrapping_sub(b'a') < 26);
        };
        let (eights, rest) = piece.as_chunks::<8>();
        eights.iter().for_each(|eight| eight.iter().for_each(|&byte| take(byte)));
        rest.iter().for_each(|&byte| take(byte));
        len += usize::from(taken);
    }
    letters.truncate(len);
    letters
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pieces_follow_one_another() {
        for len in [0, 1, 7, 8, 247, 248, 249, 495, 496, 1000] {
            assert_eq!(letters(&vec![b'x'; len]), vec![b'x'; len]);
            assert_eq!(letters(&vec![b'X'; len]), b"");
            let view = [vec![b'a'; len], b"--".to_vec(), vec![b'b'; len], b" c.".to_vec()].concat();
            assert_eq!(letters(&view), [vec![b'a'; len], vec![b'b'; len], b"c".to_vec()].concat());
        }
    }

    proptest! {
        #[test]
        fn letters_are_those_of_the_view(text in "([a-z]{1,40}|[^a-z]){0,40}") {
            let view = text.as_bytes();
            let expected: Vec<u8> = view.iter().copied().filter(u8::is_ascii_lowercase).collect();
            prop_assert_eq!(letters(view), expected);
        }
    }
}
