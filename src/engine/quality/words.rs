//! The words and sentences that quality measures count.

use crate::text::chars;
use std::collections::HashSet;
use std::sync::OnceLock;

/// Words that carry no content for groundedness and relevance.
const STOP_A: &str = "a an the is are was were be been being have has had do does did will would shall should may \
    might can could of in to for on with at by from as into through during before after above below between and but \
    or nor not no so yet both either neither each every all any few more most other some such that this these those \
    i me my we our you your he him his she her it its they them their what which who whom how when where why if then \
    than too very also just about up out there here only own same";
/// Words that carry no content for coherence.
const STOP_B: &str = "a an the is are was were be been being have has had do does did will would shall should may \
    might can could of in to for on with at by from as into through during before after above below between and but \
    or not so yet i me my we our you your he him his she her it its they them their";

/// Which words are left out.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stop {
    /// For groundedness and relevance.
    A,
    /// For coherence.
    B,
}

fn stop_words(stop: Stop) -> &'static HashSet<&'static str> {
    static A: OnceLock<HashSet<&'static str>> = OnceLock::new();
    static B: OnceLock<HashSet<&'static str>> = OnceLock::new();
    let (set, words) = match stop {
        Stop::A => (&A, STOP_A),
        Stop::B => (&B, STOP_B),
    };
    set.get_or_init(|| words.split_ascii_whitespace().collect())
}

/// The runs of a-z and 0-9 in a lowered text.
pub(super) fn tokens(lowered: &str) -> impl Iterator<Item = &str> {
    lowered.split(|c: char| !matches!(c, 'a'..='z' | '0'..='9')).filter(|token| !token.is_empty())
}

/// The tokens of a lowered text that carry content.
pub(super) fn content(lowered: &str, stop: Stop) -> impl Iterator<Item = &str> {
    let stop = stop_words(stop);
    tokens(lowered).filter(|token| token.len() > 1 && !stop.contains(token))
}

/// The sentences of a text: split at blanks after a sentence mark, trimmed, none empty.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let text = chars::trim(text);
    let mut sentences = Vec::new();
    let (mut from, mut before) = (0, None);
    for (at, c) in text.char_indices() {
        if chars::is_space(c) && matches!(before, Some('.' | '!' | '?')) {
            sentences.push(chars::trim(&text[from..at]));
            from = at;
        }
        before = Some(c);
    }
    sentences.push(chars::trim(&text[from..]));
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

/// Whether a text has more than `n` code points.
pub(super) fn longer_than(text: &str, n: usize) -> bool {
    text.chars().nth(n).is_some()
}

/// How many pieces a text has when it is split at sentence marks followed by one blank.
pub(super) fn pieces(text: &str) -> usize {
    let mut count = 1;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if matches!(c, '.' | '!' | '?') && chars.next_if(|&next| chars::is_space(next)).is_some() {
            count += 1;
        }
    }
    count
}

/// How many lines begin like items of a list: the larger of numbered and bulleted ones. Blanks before the item and
/// the one behind its mark may be line feeds.
pub(super) fn list_items(text: &str) -> usize {
    numbered(text).max(bulleted(text))
}

/// How many lines begin with a number, a dot or bracket, and a blank.
pub(super) fn numbered(text: &str) -> usize {
    items(text, |rest| {
        let digits = rest.find(|c| !chars::is_digit(c))?;
        (digits > 0 && rest[digits..].starts_with(['.', ')'])).then_some(digits + 1)
    })
}

/// How many lines begin with a dash or star and a blank.
pub(super) fn bulleted(text: &str) -> usize {
    items(text, |rest| rest.starts_with(['-', '*']).then_some(1))
}

/// Counts items whose mark (its length in bytes) stands first on a line after blanks and before one blank.
fn items(text: &str, mark: impl Fn(&str) -> Option<usize>) -> usize {
    let (mut count, mut at) = (0, 0);
    while at < text.len() {
        let rest = text[at..].trim_start_matches(chars::is_space);
        let start = text.len() - rest.len();
        if let Some(len) = mark(rest)
            && rest[len..].starts_with(chars::is_space)
        {
            count += 1;
        }
        match text[start..].find('\n') {
            Some(line) => at = start + line + 1,
            None => break,
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_at_a_mark_and_a_blank() {
        assert_eq!(sentences(" One.  Two!\u{2003}Three?four "), ["One.", "Two!", "Three?four"]);
        assert_eq!(sentences(" \u{1c}"), Vec::<&str>::new());
    }

    #[test]
    fn content_leaves_stop_words_and_single_letters_out() {
        assert_eq!(content("the x café was open, only", Stop::A).collect::<Vec<_>>(), ["caf", "open"]);
        assert_eq!(content("only the x", Stop::B).collect::<Vec<_>>(), ["only"]);
    }

    #[test]
    fn items_may_end_their_mark_with_the_line() {
        assert_eq!(numbered("1. a\n 2)\nb\n3.c\n\n\n4) d"), 3);
        assert_eq!(bulleted("- a\n* b\n-c\n  -\n"), 3);
        assert_eq!(pieces("a. b.c! d?"), 3);
    }
}
