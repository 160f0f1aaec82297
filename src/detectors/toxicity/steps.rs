//! The steps in which a lowered text or term is normalised, one after the other: rid of `+` between letters, of
//! leetspeak, of runs of one character and of separators between single letters.

use crate::blocks::{BLOCK, bits, each_block, places};
use crate::text::fold::{self, DIGIT, LETTER};
use crate::text::{FoldedPattern, Gate};

/// What a digit or symbol stands for.
pub(super) fn unleet(b: u8) -> u8 {
    match b {
        b'0' => b'o',
        b'1' | b'!' => b'i',
        b'3' => b'e',
        b'4' | b'@' => b'a',
        b'5' | b'$' => b's',
        b'7' => b't',
        b'8' => b'b',
        b'|' => b'l',
        _ => b,
    }
}

/// One character of a text being normalised: a byte of the folded view or a code point. The same steps serve both, and
/// few texts need to be widened.
pub(super) trait Unit: Copy + PartialEq {
    fn ascii(b: u8) -> Self;
    /// The ASCII character, if it is one.
    fn as_ascii(self) -> Option<u8>;
    /// The byte of the folded view.
    fn folded(self) -> u8;
    /// Whether a run of it counts for one.
    fn collapses(self) -> bool;

    fn is(self, b: u8) -> bool {
        self.as_ascii() == Some(b)
    }

    fn is_latin(self) -> bool {
        self.as_ascii().is_some_and(|b| b.is_ascii_lowercase())
    }
}

impl Unit for u8 {
    /// Bytes that stand for many characters make no run: [`super::unmask`] sees to theirs. The smaller of the two that
    /// are ASCII differs from the other in one bit.
    fn collapses(self) -> bool {
        self.is_ascii() & (self | (LETTER - DIGIT) != LETTER) & (self != b'\n')
    }

    fn ascii(b: u8) -> Self {
        b
    }
    fn as_ascii(self) -> Option<u8> {
        Some(self)
    }
    fn folded(self) -> u8 {
        self
    }
}

impl Unit for char {
    fn collapses(self) -> bool {
        self != '\n'
    }

    fn ascii(b: u8) -> Self {
        char::from(b)
    }
    fn as_ascii(self) -> Option<u8> {
        u8::try_from(self).ok().filter(u8::is_ascii)
    }
    fn folded(self) -> u8 {
        fold::fold_char(self)
    }
}

/// Deletes every `+` between two letters a to z.
fn without_plus<U: Unit>(text: &[U]) -> Vec<U> {
    let between = |i: usize| i > 0 && text[i - 1].is_latin() && text.get(i + 1).is_some_and(|u| u.is_latin());
    text.iter().enumerate().filter(|&(i, u)| !(u.is(b'+') && between(i))).map(|(_, &u)| u).collect()
}

/// Replaces every pair of `pair` by `by`.
fn replace_pairs<U: Unit>(text: &[U], pair: [u8; 2], by: u8) -> Vec<U> {
    let mut out = Vec::with_capacity(text.len());
    let mut i = 0;
    while i < text.len() {
        if text[i].is(pair[0]) && text.get(i + 1).is_some_and(|u| u.is(pair[1])) {
            out.push(U::ascii(by));
            i += 2;
        } else {
            out.push(text[i]);
            i += 1;
        }
    }
    out
}

/// Leaves one of every run of three or more equal characters, newlines excepted.
fn collapse_runs<U: Unit>(text: &[U]) -> Vec<U> {
    let mut out = Vec::with_capacity(text.len());
    for run in text.chunk_by(|a, b| a == b) {
        let collapses = run.len() >= 3 && run[0].collapses();
        out.extend_from_slice(if collapses { &run[..1] } else { run });
    }
    out
}

/// What separates spaced-out letters.
pub(super) const fn separates(folded: u8) -> bool {
    fold::is_blank(folded) | (folded == b'-') | (folded == b'_') | (folded == b'.')
}

/// Whether three or more equal characters follow one another anywhere, newlines excepted.
fn has_runs<U: Unit>(text: &[U]) -> bool {
    let thrice = text.iter().zip(text.iter().skip(1)).zip(text.iter().skip(2));
    // Without a way out early, which lets the compiler compare many at once.
    thrice.fold(false, |any, ((a, b), c)| any | ((a == b) & (b == c) & a.collapses()))
}

/// Whether the bytes `pair` stand next to each other anywhere.
pub(super) fn has_pair<U: Unit>(text: &[U], pair: [u8; 2]) -> bool {
    text.iter().zip(text.iter().skip(1)).fold(false, |any, (a, b)| any | (a.is(pair[0]) & b.is(pair[1])))
}

/// Whether a spaced-out word may be in a folded text: every such word has a letter between separators.
pub(super) fn may_be_spaced(folded: &[u8]) -> bool {
    // All that separates and is no letter, and more, so that it takes few questions. An underscore is both.
    let may_separate = |b: u8| (b <= b' ') | (b.wrapping_sub(b'-') < 2) | (b == fold::BLANK);
    let (mut separators_before, mut no_letters_before) = (0, 0);
    let mut found = false;
    each_block(folded, |block_at, block| {
        let no_letters = bits(|at| may_separate(block[at]));
        let separators = no_letters | bits(|at| block[at] == b'_');
        let behind_one = (separators << 2 | separators_before >> (BLOCK - 2))
            & !(no_letters << 1 | no_letters_before >> (BLOCK - 1));
        let amid = behind_one & separators;
        (separators_before, no_letters_before) = (separators, no_letters);
        // A text that is found out is read to its end: that takes less than to leave early.
        found = found || places(amid).any(|at| is_amid_letters(folded, block_at + at - 1));
    });
    found
}

/// Whether the character at `at`, which may have separators on both sides, may be in a spaced-out word: it is a letter,
/// and the words before and after the separators are single letters too.
fn is_amid_letters(folded: &[u8], at: usize) -> bool {
    if !fold::is_word(folded[at]) {
        return false;
    }
    let start = folded[..at].iter().rposition(|&b| !separates(b)).map_or(0, |last| last + 1);
    let end = folded[at + 1..].iter().position(|&b| !separates(b)).map_or(folded.len(), |first| at + 1 + first);
    // An underscore is both, and may be a word or between words.
    if folded[start..end].contains(&b'_') {
        return true;
    }
    let is_word = |at: Option<usize>| at.and_then(|at| folded.get(at)).is_some_and(|&b| fold::is_word(b));
    let before = is_word(start.checked_sub(1)) && !is_word(start.checked_sub(2));
    before && is_word(Some(end)) && !is_word(Some(end + 1))
}

/// The variants of a text that is lowered already.
pub(super) fn variants<U: Unit>(lower: &[U], spaced: &FoldedPattern) -> Vec<Vec<U>> {
    let plain = if lower.iter().any(|u| u.is(b'+')) { without_plus(lower) } else { lower.to_vec() };
    let mut bases = Vec::with_capacity(2);
    if has_pair(&plain, *b"00") {
        bases.push(replace_pairs(&plain, [b'0', b'0'], b'u'));
    }
    bases.push(plain);
    for base in &mut bases {
        for unit in base.iter_mut() {
            if let Some(b) = unit.as_ascii() {
                *unit = U::ascii(unleet(b));
            }
        }
        if has_pair(base, *b"()") {
            *base = replace_pairs(base, [b'(', b')'], b'o');
        }
        if has_runs(base) {
            *base = collapse_runs(base);
        }
        join_spaced(base, spaced);
    }
    bases
}

/// The expression of a spaced-out word.
pub(super) fn spaced_words() -> FoldedPattern {
    // A constant that the tests compile.
    FoldedPattern::with_gate(r"\b\w(?:[\s\-_.]+\w){2,}\b", Gate::ALWAYS).unwrap_or_else(|e| panic!("{e}"))
}

/// Deletes the separators inside spaced-out words: single word characters with separators between them, three of
/// them or more, standing between word edges.
fn join_spaced<U: Unit>(text: &mut Vec<U>, spaced: &FoldedPattern) {
    let folded: Vec<u8> = text.iter().map(|u| u.folded()).collect();
    if !may_be_spaced(&folded) {
        return;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut done = 0;
    for word in spaced.regex().find_iter(&folded) {
        out.extend_from_slice(&text[done..word.start()]);
        out.extend(word.range().filter(|&i| !separates(folded[i])).map(|i| text[i]));
        done = word.end();
    }
    out.extend_from_slice(&text[done..]);
    *text = out;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spaced_out_word_is_ruled_out_only_where_there_is_none() {
        let spaced = spaced_words();
        let alphabet = b"ab. -_,";
        // All texts of six characters.
        for number in 0..alphabet.len().pow(6) {
            let text: Vec<u8> = (0..6).map(|i| alphabet[number / alphabet.len().pow(i) % alphabet.len()]).collect();
            let occurs = spaced.regex().is_match(&text);
            assert!(may_be_spaced(&text) || !occurs, "{:?}", String::from_utf8_lossy(&text));
            assert!(text.contains(&b'_') || may_be_spaced(&text) == occurs, "{:?}", String::from_utf8_lossy(&text));
        }
    }
}
