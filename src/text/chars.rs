//! Python's notions of word character, digit, blank, word edge and lower case.
//!
//! They decide verdicts on non-ASCII text and differ from Rust's and the `regex` crate's: numbers such as a
//! superscript two are word characters, combining marks and joiners are not, and everything is Unicode 14.

use super::unicode14::CLASSES;
use std::borrow::Cow;
use std::sync::OnceLock;

/// The only character whose lower case has another length than itself, or another folded byte.
pub const DOTTED: char = '\u{130}';

/// What a character is to the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A letter, a number that is no decimal digit, or `_`.
    Word,
    /// A decimal digit of any script (category Nd).
    Digit,
    /// A blank: White_Space and U+001C..U+001F.
    Space,
    /// Everything else: punctuation, symbols, marks, joiners, controls, unassigned.
    Other,
}

/// Classes of the basic plane, two stages flattened: one byte a code point, built on first use.
fn basic_plane() -> &'static [Class] {
    static TABLE: OnceLock<Vec<Class>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = vec![Class::Other; 0x1_0000];
        for (c, class) in table.iter_mut().enumerate().take(0x80) {
            #[allow(clippy::cast_possible_truncation)]
            let byte = c as u8;
            *class = ascii_class(byte);
        }
        for &(first, last, class) in CLASSES {
            if first < 0x1_0000 {
                table[first as usize..=last.min(0xFFFF) as usize].fill(class);
            }
        }
        table
    })
}

const fn ascii_class(b: u8) -> Class {
    match b {
        b'0'..=b'9' => Class::Digit,
        b'A'..=b'Z' | b'a'..=b'z' | b'_' => Class::Word,
        b'\t'..=b'\r' | 0x1C..=b' ' => Class::Space,
        _ => Class::Other,
    }
}

/// The class of a character.
#[must_use]
pub fn class(c: char) -> Class {
    let point = u32::from(c);
    if point < 0x80 {
        #[allow(clippy::cast_possible_truncation)]
        return ascii_class(point as u8);
    }
    if point < 0x1_0000 {
        return basic_plane()[point as usize];
    }
    let at = CLASSES.partition_point(|&(_, last, _)| last < point);
    match CLASSES.get(at) {
        Some(&(first, _, class)) if first <= point => class,
        _ => Class::Other,
    }
}

/// Python's `\w`: letters and numbers of every kind and `_`.
#[must_use]
pub fn is_word(c: char) -> bool {
    matches!(class(c), Class::Word | Class::Digit)
}

/// Python's `\d`: decimal digits of every script.
#[must_use]
pub fn is_digit(c: char) -> bool {
    class(c) == Class::Digit
}

/// Python's `\s` and `str.isspace`.
#[must_use]
pub fn is_space(c: char) -> bool {
    class(c) == Class::Space
}

/// The blanks, as ranges of code points.
pub fn blank_ranges() -> impl Iterator<Item = (u32, u32)> {
    let beyond_ascii = CLASSES.iter().filter(|&&(_, _, class)| class == Class::Space).map(|&(from, to, _)| (from, to));
    [(0x09, 0x0D), (0x1C, 0x20)].into_iter().chain(beyond_ascii)
}

/// Digits that are no decimal digits: superscripts, circled and parenthesised ones.
const ODD_DIGITS: [(u32, u32); 20] = [
    (0xB2, 0xB3),
    (0xB9, 0xB9),
    (0x1369, 0x1371),
    (0x19DA, 0x19DA),
    (0x2070, 0x2070),
    (0x2074, 0x2079),
    (0x2080, 0x2089),
    (0x2460, 0x2468),
    (0x2474, 0x247C),
    (0x2488, 0x2490),
    (0x24EA, 0x24EA),
    (0x24F5, 0x24FD),
    (0x24FF, 0x24FF),
    (0x2776, 0x277E),
    (0x2780, 0x2788),
    (0x278A, 0x2792),
    (0x10A40, 0x10A43),
    (0x10E60, 0x10E68),
    (0x11052, 0x1105A),
    (0x1F100, 0x1F10A),
];

/// Python's `str.isdigit` for one character: decimal digits, and those that `int()` refuses (superscripts, circled).
#[must_use]
pub fn is_any_digit(c: char) -> bool {
    let point = u32::from(c);
    is_digit(c) || ODD_DIGITS.iter().any(|&(first, last)| (first..=last).contains(&point))
}

/// The value of a decimal digit of any script: its place in its run of ten.
#[must_use]
pub fn digit_value(c: char) -> Option<u32> {
    if c.is_ascii() {
        return c.to_digit(10);
    }
    let point = u32::from(c);
    let at = CLASSES.partition_point(|&(_, last, _)| last < point);
    match CLASSES.get(at) {
        Some(&(first, _, Class::Digit)) if first <= point => Some((point - first) % 10),
        _ => None,
    }
}

/// Whether the place between two neighbours (`None` at the ends of the text) is a word edge.
#[must_use]
pub fn is_edge(before: Option<char>, after: Option<char>) -> bool {
    before.is_some_and(is_word) != after.is_some_and(is_word)
}

/// The word-edge test at byte `at` of `text`.
#[must_use]
pub fn edge_at(text: &str, at: usize) -> bool {
    is_edge(text[..at].chars().next_back(), text[at..].chars().next())
}

/// Whether a word character stands right before byte `at` of `text`.
#[must_use]
pub fn word_before(text: &str, at: usize) -> bool {
    text[..at].chars().next_back().is_some_and(is_word)
}

/// Whether a word character stands at byte `at` of `text`.
#[must_use]
pub fn word_at(text: &str, at: usize) -> bool {
    text[at..].chars().next().is_some_and(is_word)
}

/// The text without Python blanks at both ends.
#[must_use]
pub fn trim(text: &str) -> &str {
    let ends_in = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    if ends_in(text.as_bytes().first()) && ends_in(text.as_bytes().last()) {
        return text;
    }
    text.trim_matches(is_space)
}

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Portion<'t> {
    /// ASCII characters, as many as stand together.
    Ascii(&'t str),
    /// Any other character.
    Wide(char),
}

/// The parts of a text from left to right: what is asked of each character can often be asked of ASCII ones together.
pub fn portions(text: &str) -> impl Iterator<Item = Portion<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let c = rest.chars().next()?;
        let length =
            if c.is_ascii() { rest.bytes().position(|b| !b.is_ascii()).unwrap_or(rest.len()) } else { c.len_utf8() };
        let (part, after) = rest.split_at(length);
        rest = after;
        Some(if c.is_ascii() { Portion::Ascii(part) } else { Portion::Wide(c) })
    })
}

/// Whether the text has `count` characters or more; looks no further than that.
#[must_use]
pub fn is_at_least(text: &str, count: usize) -> bool {
    /// Bytes of the longest character.
    const LONGEST: usize = 4;
    text.len() / LONGEST >= count || text.chars().nth(count - 1).is_some()
}

/// Python's `str.lower`: full lower-casing with the final-sigma rule; borrowed when nothing changes.
///
/// Letters that Unicode gained after version 14 stay as they are, as in the reference.
#[must_use]
pub fn lower(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    if text.chars().any(cased_after_unicode_14) {
        let mut out = String::with_capacity(text.len());
        for piece in text.split_inclusive(cased_after_unicode_14) {
            let cut = piece.char_indices().next_back().filter(|&(_, c)| cased_after_unicode_14(c));
            let (old, new) = piece.split_at(cut.map_or(piece.len(), |(i, _)| i));
            out.push_str(&old.to_lowercase());
            out.push_str(new);
        }
        return Cow::Owned(out);
    }
    Cow::Owned(text.to_lowercase())
}

/// Python's lowering of one character to one character, as its IGNORECASE does it.
#[must_use]
pub fn simple_lower(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    if c == DOTTED {
        return 'i';
    }
    if cased_after_unicode_14(c) { c } else { c.to_lowercase().next().unwrap_or(c) }
}

/// Characters whose lower case exists only in Unicode versions after 14.
pub(super) fn cased_after_unicode_14(c: char) -> bool {
    c > '\u{1C88}' && class(c) == Class::Other && c.to_lowercase().next() != Some(c)
        // Circled capitals (So) had their lower case long before.
        && !matches!(c, '\u{24B6}'..='\u{24CF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn word_characters_are_pythons() {
        for c in ['a', '_', '7', 'é', '²', '½', 'Ⅷ', '日', '٣', '①'] {
            assert!(is_word(c), "{c:?}");
        }
        for c in ['\u{301}', '\u{200D}', '\u{203F}', 'ⓐ', ' ', '-', '\u{200B}', '😀'] {
            assert!(!is_word(c), "{c:?}");
        }
    }

    #[test]
    fn blanks_include_the_separators_but_not_zero_width_ones() {
        assert!(['\u{1C}', '\u{1F}', '\u{85}', '\u{A0}', '\u{3000}', '\t'].into_iter().all(is_space));
        assert!(!['\u{200B}', '\u{FEFF}', '\u{2060}', '\u{180E}'].into_iter().any(is_space));
    }

    proptest! {
        #[test]
        fn ends_and_lengths_are_those_of_the_characters(text in "[ \\ta\u{1C}\u{A0}é日😀]{0,12}", count in 0..14usize) {
            prop_assert_eq!(trim(&text), text.trim_matches(is_space));
            prop_assert_eq!(is_at_least(&text, count), text.chars().count() >= count);
        }
    }

    #[test]
    fn digits_of_any_script_have_their_value() {
        assert_eq!(digit_value('7'), Some(7));
        assert_eq!(digit_value('٣'), Some(3));
        assert_eq!(digit_value('９'), Some(9));
        assert_eq!(digit_value('\u{1D7DA}'), Some(2));
        assert_eq!(digit_value('²'), None);
        assert!(['7', '٣', '²', '①', '\u{1F100}'].into_iter().all(is_any_digit));
        assert!(!['½', 'Ⅷ', '⑩', 'a', '三'].into_iter().any(is_any_digit));
    }

    #[test]
    fn lowering_is_full_and_knows_the_final_sigma() {
        assert_eq!(lower("ΟΔΟΣ İX"), "οδος i\u{307}x");
        assert_eq!(lower("plain"), "plain");
        assert_eq!(lower("Ⓐ"), "ⓐ");
    }
}
