//! The words of a lowered text in the sense of Python's `str.split`: whatever stands between blanks, as bytes.

use crate::text::{Text, chars, fold};

/// The blanks among ASCII bytes.
const BLANK: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(byte, 0x09..=0x0D | 0x1C..=0x20);
        byte += 1;
    }
    table
};

/// Whether some word of the lowered text is what is looked for; asks one after the other up to that one.
pub(super) fn any<'t>(text: &'t Text<'_>, mut is_sought: impl FnMut(&'t [u8]) -> bool) -> bool {
    // The folded view of an ASCII text is the lowered text, and tells of another whether it has blanks beyond ASCII.
    let folded = text.folded();
    let bytes = if text.is_ascii() { folded } else { text.lower().as_bytes() };
    if !text.is_ascii() && memchr::memchr(fold::BLANK, folded).is_some() {
        return text.lower().split(chars::is_space).any(|word| !word.is_empty() && is_sought(word.as_bytes()));
    }
    let mut rest = bytes;
    loop {
        let end = rest.iter().position(|&b| BLANK[usize::from(b)]).unwrap_or(rest.len());
        if end > 0 && is_sought(&rest[..end]) {
            return true;
        }
        match rest.get(end + 1..) {
            Some(after) => rest = after,
            None => return false,
        }
    }
}

/// A quick hash of a word. Whoever knows it can make words collide: what relies on it must notice and stay right.
pub(super) fn hash(word: &[u8]) -> u64 {
    let ends = match (word.first_chunk::<4>(), word.last_chunk::<4>()) {
        (Some(first), Some(last)) => u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32,
        _ => word.iter().fold(0, |ends, &b| ends << 8 | u64::from(b)),
    };
    let mut hash = mix(ends ^ (word.len() as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93));
    if word.len() > 8 {
        let (eights, _) = word[4..].as_chunks::<8>();
        for eight in eights {
            hash = mix(hash ^ u64::from_le_bytes(*eight));
        }
        // The bytes after the last eight are among the last eight of the word.
        if let Some(last) = word.last_chunk::<8>() {
            hash = mix(hash ^ u64::from_le_bytes(*last));
        }
    }
    hash
}

#[allow(clippy::cast_possible_truncation)] // Both halves of the product are meant.
fn mix(n: u64) -> u64 {
    let product = u128::from(n ^ 0x2545_F491_4F6C_DD1D) * 0x9E37_79B9_7F4A_7C15;
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Prefilter;
    use std::collections::HashSet;

    #[test]
    fn words_are_those_between_blanks_of_the_lowered_text() {
        for text in [
            "",
            " ",
            "One",
            " A b\t\tC\u{1C}d\n",
            "a\u{B}b\u{C}c\u{1F}d\u{0}e",
            "it’s É\u{85}x",
            "é\u{3000}Z  \u{A0}y",
            "İ K ß",
            "é ",
        ] {
            let none = Prefilter::none();
            let text = Text::new(text, &none);
            let mut words = Vec::new();
            assert!(!any(&text, |word| {
                words.push(word);
                false
            }));
            let lower = chars::lower(text.raw());
            let expected = lower.split(chars::is_space).filter(|w| !w.is_empty()).map(str::as_bytes);
            assert_eq!(words, expected.collect::<Vec<_>>(), "{:?}", text.raw());
        }
        assert!(any(&Text::new("a b c", &Prefilter::none()), |word| word == b"b"));
    }

    #[test]
    fn every_byte_of_a_word_counts_in_its_hash() {
        let mut hashes = HashSet::new();
        for len in 0..40 {
            let word = vec![b'a'; len];
            assert!(hashes.insert(hash(&word)), "{len}");
            for at in 0..len {
                let mut other = word.clone();
                other[at] = b'b';
                assert!(hashes.insert(hash(&other)), "{len} {at}");
            }
        }
    }
}
