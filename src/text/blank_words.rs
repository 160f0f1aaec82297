//! The words of a lowered text in the sense of Python's `str.split`: whatever stands between blanks, as bytes.

use crate::text::hash::QuickHasher;
use crate::text::{Text, byte_table, chars, fold};
use std::hash::Hasher;

/// The blanks among the bytes of UTF-8.
const BLANK: [bool; 256] = byte_table!(b => b.is_ascii() && fold::is_blank(b));

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
    let mut hasher = QuickHasher::default();
    hasher.write(word);
    hasher.finish()
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
