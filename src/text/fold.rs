//! The folded view of a text: one byte for each character, so that case-insensitive patterns run on plain bytes.
//!
//! Under the reference's case-insensitive matching, what a pattern written in ASCII can tell apart about a text is
//! very little: which ASCII character stands where (capitals aside), and for the rest whether it is a letter, a
//! digit, a blank or a symbol. The folded view keeps exactly that in one byte a character:
//!
//! | character | byte |
//! |---|---|
//! | ASCII | itself, capitals lowered |
//! | U+0130 and U+0131, U+017F, U+212A | `i`, `s`, `k`: what Python's IGNORECASE lets them match |
//! | other letters and numbers | `L`, a word byte no lowered text can hold |
//! | other decimal digits | `D` |
//! | other blanks | 0xA0 |
//! | punctuation that patterns name (dashes, quotes, currency ...) | its own byte, see [`PUNCTUATION`] |
//! | everything else | 0xFF |
//!
//! Every byte is one code point, so places in the folded view are the reference's own offsets, windows of n
//! characters are slices, and a byte automaton with ASCII word edges gives Python's Unicode answers.

use super::chars::{Class, Portion, class, portions};

/// Stands for a non-ASCII letter or number.
pub const LETTER: u8 = b'L';
/// Stands for a non-ASCII decimal digit.
pub const DIGIT: u8 = b'D';
/// Stands for a non-ASCII blank.
pub const BLANK: u8 = 0xA0;
/// Stands for any other non-ASCII character.
pub const SYMBOL: u8 = 0xFF;

/// Non-ASCII punctuation and symbols that keep an identity of their own (the bytes follow Windows-1252).
pub const PUNCTUATION: &[(char, u8)] = &[
    ('€', 0x80),
    ('‚', 0x82),
    ('„', 0x84),
    ('…', 0x85),
    ('†', 0x86),
    ('‰', 0x89),
    ('‹', 0x8B),
    ('‘', 0x91),
    ('’', 0x92),
    ('“', 0x93),
    ('”', 0x94),
    ('•', 0x95),
    ('–', 0x96),
    ('—', 0x97),
    ('™', 0x99),
    ('›', 0x9B),
    ('¡', 0xA1),
    ('¢', 0xA2),
    ('£', 0xA3),
    ('¤', 0xA4),
    ('¥', 0xA5),
    ('§', 0xA7),
    ('©', 0xA9),
    ('«', 0xAB),
    ('®', 0xAE),
    ('°', 0xB0),
    ('±', 0xB1),
    ('¶', 0xB6),
    ('·', 0xB7),
    ('»', 0xBB),
    ('¿', 0xBF),
    ('×', 0xD7),
    ('÷', 0xF7),
];

/// The folded byte of a character.
#[must_use]
pub fn fold_char(c: char) -> u8 {
    if c.is_ascii() {
        #[allow(clippy::cast_possible_truncation)]
        return (u32::from(c) as u8).to_ascii_lowercase();
    }
    match c {
        '\u{130}' | '\u{131}' => b'i',
        '\u{17F}' => b's',
        '\u{212A}' => b'k',
        _ => match class(c) {
            Class::Word => LETTER,
            Class::Digit => DIGIT,
            Class::Space => BLANK,
            Class::Other => PUNCTUATION.iter().find(|&&(p, _)| p == c).map_or(SYMBOL, |&(_, b)| b),
        },
    }
}

/// Whether a folded byte stands for a word character.
#[must_use]
pub const fn is_word(byte: u8) -> bool {
    WORD[byte as usize]
}

const WORD: [bool; 256] = byte_table!(b => matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | LETTER | DIGIT));

/// Whether a folded byte stands for a blank.
#[must_use]
pub const fn is_blank(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | 0x1C..=b' ' | BLANK)
}

/// Appends the folded view of `text` to `out`.
pub fn fold_into(text: &str, out: &mut Vec<u8>) {
    out.reserve(text.len());
    for portion in portions(text) {
        match portion {
            Portion::Ascii(ascii) => fold_ascii(ascii, out),
            Portion::Wide(c) => out.push(fold_char(c)),
        }
    }
}

/// As [`fold_into`] for an ASCII text.
pub fn fold_ascii(text: &str, out: &mut Vec<u8>) {
    let from = out.len();
    out.extend_from_slice(text.as_bytes());
    out[from..].make_ascii_lowercase();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_one_byte() {
        let text = "Ab ² é\u{301} ٣ \u{2003} İıſK – 😀";
        let mut folded = Vec::new();
        fold_into(text, &mut folded);
        assert_eq!(folded.len(), text.chars().count());
        assert_eq!(folded, b"ab L L\xFF D \xA0 iisk \x96 \xFF");
    }

    #[test]
    fn punctuation_keeps_its_identity_and_never_hides_a_letter() {
        for &(c, b) in PUNCTUATION {
            assert_eq!(class(c), Class::Other, "{c:?}");
            assert_eq!(fold_char(c), b);
        }
    }
}
