//! Python's case-insensitive comparison of single characters, for literal text that is not ASCII.
//!
//! ASCII literals are searched on the folded view instead; this is for what policies bring along.

use super::chars::{cased_after_unicode_14, is_edge};
use super::span::ByteSpan;

/// Characters that Python's IGNORECASE takes for another one although their lower cases differ, and the lower case
/// that stands for both. Measured over all code points against CPython 3.11.
const ODD: &[(char, char)] = &[
    ('\u{131}', 'i'),
    ('\u{17F}', 's'),
    ('\u{B5}', '\u{3BC}'),
    ('\u{345}', '\u{3B9}'),
    ('\u{1FBE}', '\u{3B9}'),
    ('\u{1FD3}', '\u{390}'),
    ('\u{1FE3}', '\u{3B0}'),
    ('\u{3D0}', '\u{3B2}'),
    ('\u{3F5}', '\u{3B5}'),
    ('\u{3D1}', '\u{3B8}'),
    ('\u{3F0}', '\u{3BA}'),
    ('\u{3D6}', '\u{3C0}'),
    ('\u{3F1}', '\u{3C1}'),
    ('\u{3C2}', '\u{3C3}'),
    ('\u{3D5}', '\u{3C6}'),
    ('\u{1C80}', '\u{432}'),
    ('\u{1C81}', '\u{434}'),
    ('\u{1C82}', '\u{43E}'),
    ('\u{1C83}', '\u{441}'),
    ('\u{1C84}', '\u{442}'),
    ('\u{1C85}', '\u{442}'),
    ('\u{1C86}', '\u{44A}'),
    ('\u{1C87}', '\u{463}'),
    ('\u{1C88}', '\u{A64B}'),
    ('\u{1E9B}', '\u{1E61}'),
    ('\u{FB05}', '\u{FB06}'),
];

/// The character that stands for all those which IGNORECASE takes for `c`: two characters match when their keys do.
#[must_use]
pub fn key(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    if cased_after_unicode_14(c) {
        return c;
    }
    let lower = c.to_lowercase().next().unwrap_or(c);
    ODD.iter().find(|&&(odd, _)| odd == lower).map_or(lower, |&(_, stand_in)| stand_in)
}

/// Whether `term` occurs in `text` in either case with a word edge on both sides (an empty term: whether the text
/// has a word edge). Time is proportional to the text times the term.
#[must_use]
pub fn has_word(text: &str, term: &str) -> bool {
    words(text, term).next().is_some()
}

/// The places where `term` occurs in `text` in either case with a word edge on both sides, left to right, not
/// overlapping; of an empty term, all word edges.
pub fn words(text: &str, term: &str) -> impl Iterator<Item = ByteSpan> {
    let term: Vec<char> = term.chars().map(key).collect();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at <= text.len() {
            let start = at;
            let after = text[start..].chars().next();
            at += after.map_or(1, char::len_utf8);
            if !is_edge(text[..start].chars().next_back(), after) {
                continue;
            }
            if let Some(length) = begins_with(&text[start..], &term) {
                at = at.max(start + length);
                return Some(ByteSpan { start, end: start + length });
            }
        }
        None
    })
}

/// The length in bytes of what matches the keys `term` at the start of `text`, if a word edge follows it. The edge
/// before it is there already.
fn begins_with(text: &str, term: &[char]) -> Option<usize> {
    let mut last = None;
    let mut chars = text.chars();
    for &wanted in term {
        last = Some(chars.next().filter(|&c| key(c) == wanted)?);
    }
    let length = text.len() - chars.as_str().len();
    (term.is_empty() || is_edge(last, chars.next())).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_case_is_pythons() {
        for (a, b) in [('İ', 'ı'), ('I', 'ı'), ('ß', 'ẞ'), ('ς', 'Σ'), ('µ', 'Μ'), ('K', '\u{212A}'), ('ͅ', 'Ι')]
        {
            assert_eq!(key(a), key(b), "{a:?} {b:?}");
        }
        assert_ne!(key('é'), key('e'));
    }

    #[test]
    fn words_stand_between_edges() {
        assert!(has_word("Это ДУРАК!", "дурак"));
        assert!(!has_word("дураки", "дурак"));
        assert!(has_word("x e\u{301}", "e\u{301}") == is_edge(Some('\u{301}'), None));
        assert!(has_word("naïve", "NAÏVE") && has_word("a", "") && !has_word("--", ""));
        assert!(has_word("ёёё ёё", "ёё"));
        let spans = |text, term| words(text, term).map(|s| (s.start, s.end)).collect::<Vec<_>>();
        assert_eq!(spans("é É éé", "é"), [(0, 2), (3, 5)]);
        assert_eq!(spans("ab c", ""), [(0, 0), (2, 2), (3, 3), (4, 4)]);
    }
}
