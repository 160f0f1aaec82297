//! Rewriting a text so that look-alikes, invisible characters and digits for letters no longer hide a phrase; and
//! the Unicode normal forms of Unicode 14, which this and the look-alike tests of hosts need.

use std::borrow::Cow;
use unicode_normalization::char::decompose_compatible;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkd_quick};

/// Characters that show nothing: zero-width ones and the soft hyphen.
pub const INVISIBLE: [char; 6] = ['\u{200B}', '\u{200C}', '\u{200D}', '\u{2060}', '\u{FEFF}', '\u{AD}'];

/// Characters that Unicode gained after version 14 and that take part in normal forms: to the reference they are
/// unassigned, never change and let no mark pass. (Found by comparing all code points with CPython 3.11.)
#[rustfmt::skip]
const LATER: &[(u32, u32)] = &[
    (0x558, 0x558), (0x58B, 0x58C), (0x5C8, 0x5C9), (0x897, 0x897), (0x1ACF, 0x1AF0), (0x209D, 0x209F),
    (0xA7F1, 0xA7F1), (0x105C9, 0x105C9), (0x105D2, 0x105D2), (0x105DA, 0x105DA), (0x105E4, 0x105E4),
    (0x107BB, 0x107BF), (0x10D69, 0x10D6D), (0x10ECB, 0x10ECF), (0x10EF0, 0x10EFB), (0x10EFD, 0x10EFF),
    (0x11382, 0x11385), (0x1138B, 0x1138B), (0x1138E, 0x1138E), (0x11390, 0x11391), (0x113B8, 0x113B8),
    (0x113BB, 0x113BB), (0x113C2, 0x113C2), (0x113C5, 0x113C5), (0x113C7, 0x113C9), (0x113CE, 0x113D0),
    (0x11F41, 0x11F42), (0x1611E, 0x16129), (0x1612F, 0x1612F), (0x16D63, 0x16D63), (0x16D67, 0x16D6A),
    (0x1B123, 0x1B126), (0x1CCD6, 0x1CCF9), (0x1D127, 0x1D128), (0x1D250, 0x1D252), (0x1D25B, 0x1D25C),
    (0x1D25F, 0x1D25F), (0x1D280, 0x1D281), (0x1D6A6, 0x1D6A6), (0x1DF95, 0x1DF95), (0x1DFCD, 0x1DFFF),
    (0x1E030, 0x1E06D), (0x1E08F, 0x1E08F), (0x1E4EC, 0x1E4EF), (0x1E5EE, 0x1E5EF), (0x1E6E3, 0x1E6E3),
    (0x1E6E6, 0x1E6E6), (0x1E6EE, 0x1E6EF), (0x1E6F5, 0x1E6F5),
];

fn is_later(c: char) -> bool {
    let point = u32::from(c);
    let at = LATER.partition_point(|&(_, last)| last < point);
    LATER.get(at).is_some_and(|&(first, _)| first <= point)
}

/// Hands over what a character becomes in the decomposed compatibility form of Unicode 14.
pub fn decompose(c: char, mut take: impl FnMut(char)) {
    if is_later(c) { take(c) } else { decompose_compatible(c, take) }
}

/// The decomposed compatibility form (NFKD) of Unicode 14.
#[must_use]
pub fn nfkd(text: &str) -> Cow<'_, str> {
    // Later versions only decompose and reorder more: what they leave alone, version 14 does.
    if is_nfkd_quick(text.chars()) == IsNormalized::Yes {
        return Cow::Borrowed(text);
    }
    form(text, |mut piece, out| {
        // An ASCII character is its own form, and nothing moves across it.
        while !piece.is_empty() {
            let (ascii, rest) = piece.split_at(piece.bytes().position(|b| !b.is_ascii()).unwrap_or(piece.len()));
            let (wide, rest) = rest.split_at(rest.bytes().position(|b| b.is_ascii()).unwrap_or(rest.len()));
            out.push_str(ascii);
            out.extend(wide.nfkd());
            piece = rest;
        }
    })
}

/// The composed compatibility form (NFKC) of Unicode 14.
#[must_use]
pub fn nfkc(text: &str) -> Cow<'_, str> {
    form(text, |piece, out| out.extend(piece.nfkc()))
}

fn form(text: &str, normalize: impl Fn(&str, &mut String)) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(is_later) {
        let barrier = piece.char_indices().next_back().filter(|&(_, c)| is_later(c));
        let (known, later) = piece.split_at(barrier.map_or(piece.len(), |(at, _)| at));
        normalize(known, &mut out);
        out.push_str(later);
    }
    Cow::Owned(out)
}

/// What the injection phrases are looked for in besides the text itself: invisible characters removed, NFKD,
/// then look-alikes and digits for letters mapped. Case is kept. `None` when that is the text itself.
#[must_use]
pub fn normalized(text: &str) -> Option<String> {
    if text.is_ascii() {
        let changes = text.bytes().any(|b| leet(char::from(b)).is_some());
        return changes.then(|| text.chars().map(|c| leet(c).unwrap_or(c)).collect());
    }
    let visible: Cow<'_, str> = if text.contains(INVISIBLE) {
        text.chars().filter(|c| !INVISIBLE.contains(c)).collect::<String>().into()
    } else {
        text.into()
    };
    let out: String = nfkd(&visible).chars().map(|c| look_alike(c).or_else(|| leet(c)).unwrap_or(c)).collect();
    (out != text).then_some(out)
}

/// The ASCII character that a character passes for.
const fn look_alike(c: char) -> Option<char> {
    Some(match c {
        '\u{430}' | '\u{251}' | '\u{1D00}' => 'a',
        '\u{435}' | '\u{1D07}' => 'e',
        '\u{43E}' | '\u{460}' => 'o',
        '\u{440}' => 'p',
        '\u{441}' | '\u{1D04}' => 'c',
        '\u{443}' => 'y',
        '\u{456}' | '\u{26A}' => 'i',
        '\u{458}' => 'j',
        '\u{455}' => 's',
        '\u{4BB}' => 'h',
        '\u{261}' => 'g',
        '\u{1D05}' => 'd',
        '\u{2010}'..='\u{2013}' => '-',
        _ => return None,
    })
}

/// The letter that a digit or sign stands for.
const fn leet(c: char) -> Option<char> {
    Some(match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn texts_are_decomposed_as_a_whole(text in "[ae1 \u{e9}\u{300}\u{323}\u{345}\u{1d15e}\u{ac00}\u{fb01}\u{ff21}\u{1e9b}]{0,20}") {
            prop_assert_eq!(nfkd(&text), text.nfkd().collect::<String>());
        }
    }

    #[test]
    fn disguises_come_off() {
        for (text, plain) in [
            ("IGN0RE", "IGNoRE"),
            ("$3cr3t!", "secreti"),
            ("\u{FF49}\u{FF47}\u{FF4E}ore", "ignore"),
            ("\u{456}gn\u{43E}re", "ignore"),
            ("ign\u{200B}ore", "ignore"),
            ("\u{FB01}le", "file"),
            ("\u{17F}", "s"),
            ("\u{130}", "I\u{307}"),
            ("\u{2168}", "IX"),
            ("\u{2460}", "i"),
            ("½", "i\u{2044}2"),
            ("a\u{2011}b", "a-b"),
            ("é", "e\u{301}"),
        ] {
            assert_eq!(normalized(text).as_deref(), Some(plain), "{text:?}");
        }
    }

    #[test]
    fn a_plain_text_has_no_variant() {
        for text in ["", "plain text 2 6 8 9", "\u{410} — \u{200E}", "日本"] {
            assert_eq!(normalized(text), None, "{text:?}");
        }
    }

    #[test]
    fn forms_are_those_of_unicode_14() {
        // U+1E030 decomposes since version 15; U+1E4EC is a mark since 15, here no mark passes it.
        assert_eq!(nfkd("\u{1E030}"), "\u{1E030}");
        assert_eq!(nfkd("a\u{301}\u{1E4EC}\u{323}"), "a\u{301}\u{1E4EC}\u{323}");
        assert_eq!(nfkd("a\u{301}\u{323}"), "a\u{323}\u{301}");
        assert_eq!(nfkc("\u{105D2}\u{307}"), "\u{105D2}\u{307}");
        assert_eq!(nfkc("e\u{301}\u{2100}"), "éa/c");
    }
}
