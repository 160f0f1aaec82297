//! The bytes of words as numbers, to be compared and hashed at once.

/// Bytes of the longest word that is taken for a number.
pub(super) const LONGEST: usize = 16;

/// For a word of each length the bits that are its bytes'.
pub(super) const BYTES_OF: [[u64; 2]; LONGEST + 1] = {
    let mut masks = [[0; 2]; LONGEST + 1];
    let mut len = 0;
    while len < LONGEST {
        len += 1;
        masks[len] = masks[len - 1];
        masks[len][(len - 1) / 8] |= 0xFF << (8 * ((len - 1) % 8));
    }
    masks
};

/// The bytes of a word of at most [`LONGEST`], and zeros behind them.
#[inline]
pub(super) fn word_at(text: &[u8], start: usize, end: usize) -> [u64; 2] {
    let bytes = match text.get(start..).and_then(<[u8]>::first_chunk) {
        Some(&bytes) => u128::from_le_bytes(bytes),
        None => {
            let mut bytes = [0; LONGEST];
            bytes[..end - start].copy_from_slice(&text[start..end]);
            u128::from_le_bytes(bytes)
        }
    };
    let of_word = &BYTES_OF[end - start];
    #[allow(clippy::cast_possible_truncation)] // The halves are what is wanted.
    [bytes as u64 & of_word[0], (bytes >> 64) as u64 & of_word[1]]
}

/// A hash of a word's bytes: its upper half depends on all of them. By the golden ratio in 64 bits, which is odd and
/// whose bits are well mixed.
#[inline]
pub(super) fn mixed(word: [u64; 2]) -> u64 {
    (word[0] ^ word[1].rotate_left(29)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_its_bytes_wherever_it_stands() {
        let text: Vec<u8> = (1..=3 * LONGEST as u8).collect();
        for start in 0..text.len() {
            for end in start..=text.len().min(start + LONGEST) {
                let [first, last] = word_at(&text, start, end);
                let bytes = [first.to_le_bytes(), last.to_le_bytes()].concat();
                assert_eq!(bytes[..end - start], text[start..end]);
                assert!(bytes[end - start..].iter().all(|&b| b == 0));
            }
        }
    }
}
