//! The letters a to z of a text, without what stands between them.

use super::blocks::{Block, bits, each_run};

/// Bytes that are copied at a time: few words are longer.
const PIECE: usize = 16;

/// A bit for each letter a to z of a block.
#[must_use]
#[inline]
pub fn letter_bits(block: &Block) -> u64 {
    bits(|at| block[at].wrapping_sub(b'a') < 26)
}

/// The letters a to z of a lowered view, one after the other.
#[must_use]
pub(super) fn letters(view: &[u8]) -> Vec<u8> {
    let mut letters = vec![0; view.len() + PIECE];
    let mut len = 0;
    each_run(view, letter_bits, |mut start, end| {
        let run_end = len + (end - start);
        while len < run_end {
            let room = letters[len..].first_chunk_mut::<PIECE>();
            if let (Some(from), Some(to)) = (view[start..].first_chunk::<PIECE>(), room) {
                // What is copied too much the next run overwrites.
                *to = *from;
                (start, len) = (start + PIECE, len + PIECE);
            } else {
                letters[len..run_end].copy_from_slice(&view[start..end]);
                break;
            }
        }
        len = run_end;
    });
    letters.truncate(len);
    letters
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn long_runs_are_copied_whole() {
        for len in [0, 1, 15, 16, 17, 31, 32, 33, 64, 1000] {
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
