//! Word edges as Python sees them, for expressions of the `regex` crate: characters on whose class the two disagree are
//! replaced, in the text, by others of the same length in bytes on which they agree.
//!
//! A pattern may name such a character (a keyword with a combining mark). It then searches a view of its own, in which
//! every named character has a stand-in that stands for nothing else.

use super::caseless;
use super::chars::{self, Class};

/// The stand-in of a character whose class differs between Python (Unicode 14) and the `regex` crate.
#[must_use]
pub fn stand_in(c: char) -> Option<char> {
    if c.is_ascii() {
        // The four separators are blanks to Python only; a tab is the nearest blank of one byte.
        return matches!(c, '\u{1C}'..='\u{1F}').then_some('\t');
    }
    let word = chars::is_word(c);
    (word != regex_syntax::is_word_character(c)).then(|| pool(word, c.len_utf8())[0])
}

/// Characters of so many bytes whose class both agree on, without other cases: the first stands for all that no pattern
/// names, the others each for one that it does.
fn pool(word: bool, bytes: usize) -> &'static [char] {
    match (word, bytes) {
        (_, 1) => &['\t', '\u{B}', '\u{C}', '\n', '\r'],
        (true, 2) => &['ª', 'º', 'ƻ', 'ǀ', 'ǁ', 'ǂ', 'ǃ'],
        (true, 3) => &['あ', 'い', 'う', 'え', 'お', 'か', 'き', 'く', 'け', 'こ', 'さ', 'し', 'す'],
        (true, _) => &['\u{20000}', '\u{20001}', '\u{20002}', '\u{20003}', '\u{20004}', '\u{20005}', '\u{20006}'],
        (false, 2) => &['§', '¦', '¨', '¬', '¯', '´', '¸', '×', '÷', '¢', '¤', '¥'],
        (false, 3) => &['※', '†', '‡', '‖', '‣', '‰', '‱', '⁂', '←', '↑', '→', '↓', '∀', '∂', '∃', '∅'],
        (false, _) => &['\u{1F600}', '\u{1F601}', '\u{1F602}', '\u{1F603}', '\u{1F604}', '\u{1F605}', '\u{1F606}'],
    }
}

/// The characters of a pattern that [`stand_in`] would replace, each with a stand-in of its own.
#[derive(Debug)]
pub struct Named {
    /// A named character (its [`caseless::key`] where case is ignored) and what stands for it.
    pairs: Vec<(char, char)>,
    ignore_case: bool,
}

impl Named {
    /// `None` when the pattern names none. Of more than a pool has room for, the last match nothing.
    #[must_use]
    pub fn of(pattern: &str, ignore_case: bool) -> Option<Self> {
        let mut named = Named { pairs: Vec::new(), ignore_case };
        for c in pattern.chars().filter(|&c| stand_in(c).is_some()) {
            let free = |stand_in: &&char| {
                !pattern.contains(**stand_in) && named.pairs.iter().all(|(_, taken)| taken != *stand_in)
            };
            if named.get(c).is_none()
                && let Some(&own) = pool(chars::is_word(c), c.len_utf8())[1..].iter().find(free)
            {
                named.pairs.push((named.key(c), own));
            }
        }
        (!named.pairs.is_empty()).then_some(named)
    }

    fn key(&self, c: char) -> char {
        if self.ignore_case { caseless::key(c) } else { c }
    }

    fn get(&self, c: char) -> Option<char> {
        let key = self.key(c);
        let own = self.pairs.iter().find(|&&(named, _)| named == key).map(|&(_, own)| own);
        // Both cases of a character may differ in length; places must not move.
        own.filter(|own| own.len_utf8() == c.len_utf8())
    }

    /// The pattern with the stand-ins.
    #[must_use]
    pub fn pattern(&self, pattern: &str) -> String {
        pattern.chars().map(|c| self.get(c).unwrap_or(c)).collect()
    }

    /// A text as the pattern sees it: places in it are places in the text.
    #[must_use]
    pub fn view(&self, text: &str) -> String {
        let taken = |c: char| self.pairs.iter().any(|&(_, own)| own == c);
        let seen = |c: char| match self.get(c).or_else(|| stand_in(c)) {
            Some(other) => other,
            None if taken(c) => pool(chars::class(c) == Class::Word, c.len_utf8())[0],
            None => c,
        };
        text.chars().map(seen).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_ins_have_pythons_class_and_no_other_case() {
        for word in [true, false] {
            for bytes in 1..=4 {
                for &c in pool(word, bytes) {
                    assert_eq!(c.len_utf8(), bytes);
                    let word = word && bytes > 1;
                    assert_eq!((chars::is_word(c), regex_syntax::is_word_character(c)), (word, word), "{c:?}");
                    assert!(c.to_lowercase().eq([c]) && c.to_uppercase().eq([c]) && stand_in(c).is_none(), "{c:?}");
                }
            }
        }
    }

    #[test]
    fn named_characters_stand_for_themselves_alone() {
        let named = Named::of("e\u{301}\u{302}¦ⓐ", true).unwrap();
        let pattern = named.pattern("e\u{301}\u{302}¦ⓐ");
        assert_eq!(pattern, "e¨¬¦†");
        assert_eq!(named.view("e\u{301}\u{302}¦Ⓐ"), pattern);
        assert_eq!(named.view("¨¬†\u{303}ⓑ"), "§§※§※");
        assert!(Named::of("plain é", true).is_none());
    }
}
