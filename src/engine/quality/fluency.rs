//! Fluency: lengths and endings of sentences, punctuation, and variety of words.

use super::words::sentences;
use super::{Answer, Scored, mean, share};
use crate::text::chars;
use std::collections::HashSet;

/// The score of a text without sentences.
const NOTHING: f64 = 0.5;
/// Words of a sentence of good length.
const GOOD_LENGTH: std::ops::RangeInclusive<usize> = 3..=80;
/// How much lengths should vary: standard deviation over mean.
const GOOD_VARIATION: std::ops::RangeInclusive<f64> = 0.2..=0.8;
/// Sentences of this many words or fewer may repeat none.
const FEW_WORDS: usize = 3;

pub(super) fn score(answer: &Answer<'_>) -> Option<Scored> {
    let sentences = sentences(answer.output);
    if sentences.is_empty() {
        return Some((NOTHING, None));
    }
    let length = length(&sentences);
    let completeness = mean(&sentences.iter().map(|s| completeness(s)).collect::<Vec<_>>());
    let punctuation = punctuation(answer.output);
    let variety = mean(&sentences.iter().map(|s| variety(s)).collect::<Vec<_>>());
    let parts = vec![
        ("sentence_length", length),
        ("completeness", completeness),
        ("punctuation", punctuation),
        ("word_variety", variety),
    ];
    Some((0.3 * length + 0.3 * completeness + 0.2 * punctuation + 0.2 * variety, Some(parts)))
}

/// The share of sentences of good length, and a little more when lengths vary well.
fn length(sentences: &[&str]) -> f64 {
    let counts: Vec<usize> =
        sentences.iter().map(|s| s.split(chars::is_space).filter(|w| !w.is_empty()).count()).collect();
    let good = share(counts.iter().filter(|n| GOOD_LENGTH.contains(n)).count(), counts.len());
    let lengths: Vec<f64> = counts.iter().map(|&n| share(n, 1)).collect();
    let mean = mean(&lengths);
    if counts.len() < 2 || mean <= 0.0 {
        return good;
    }
    let squares: f64 = lengths.iter().map(|n| (n - mean).powi(2)).sum();
    let deviation = (squares / share(counts.len() - 1, 1)).sqrt();
    if GOOD_VARIATION.contains(&(deviation / mean)) { (good + 0.1).min(1.0) } else { good }
}

/// 1 for a sentence that begins and ends like one, half for one that only ends so.
fn completeness(sentence: &str) -> f64 {
    if !sentence.ends_with(['.', '!', '?']) {
        return 0.0;
    }
    let begins = |c: char| c.is_uppercase() || chars::is_any_digit(c) || matches!(c, '"' | '\'' | '(');
    if sentence.starts_with(begins) { 1.0 } else { 0.5 }
}

fn is_mark(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | ',' | ';' | ':')
}

/// The share of four checks that the text passes.
fn punctuation(text: &str) -> f64 {
    let crowded = text.as_bytes().windows(2).any(|pair| is_mark(char::from(pair[0])) && pair[1].is_ascii_alphabetic());
    let mut run = 0;
    let excessive = text.replace("...", "").chars().any(|c| {
        run = if is_mark(c) { run + 1 } else { 0 };
        run == 3
    });
    let count = |mark| memchr::memchr_iter(mark, text.as_bytes()).count();
    let unbalanced = count(b'"') % 2 == 1 || count(b'(') != count(b')');
    let failed = [text.contains("  "), crowded, excessive, unbalanced].into_iter().filter(|f| *f).count();
    1.0 - 0.25 * share(failed, 1)
}

/// The share of different words in a sentence.
fn variety(sentence: &str) -> f64 {
    let lowered = chars::lower(sentence);
    let words: Vec<&str> = lowered.split(|c: char| !c.is_ascii_lowercase()).filter(|w| !w.is_empty()).collect();
    if words.len() <= FEW_WORDS {
        return 1.0;
    }
    share(words.iter().collect::<HashSet<_>>().len(), words.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failed_check_of_punctuation_costs_a_quarter() {
        assert_eq!(punctuation("Fine... (really)."), 1.0);
        assert_eq!(punctuation("a  b"), 0.75);
        assert_eq!(punctuation("a.b"), 0.75);
        assert_eq!(punctuation("what?!?"), 0.75);
        assert_eq!(punctuation("\"(  x.y....,,"), 0.0);
    }

    #[test]
    fn complete_sentences_begin_with_a_capital_a_digit_or_a_quote() {
        assert_eq!(["É.", "²x!", "(a)?", "a.", "A"].map(completeness), [1.0, 1.0, 1.0, 0.5, 0.0]);
    }
}
