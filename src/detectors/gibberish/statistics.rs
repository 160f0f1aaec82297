//! The statistics that tell a text from noise. All are taken of code points.

use crate::engine::EvalError;
use crate::text::hash::QuickHash;
use crate::text::{Text, chars};
use std::collections::{HashMap, HashSet};

/// Bits per character of the text without spaces, newlines and tabs; `None` when no more than `min_length` characters
/// are left, or when so few are distinct that the entropy cannot exceed `limit`.
pub(super) fn entropy(text: &Text<'_>, min_length: usize, limit: Option<f64>) -> Option<f64> {
    let counts = if text.is_ascii() { ascii_counts(text.raw()) } else { wide_counts(text.raw()) };
    let length: u64 = counts.iter().sum();
    #[allow(clippy::cast_precision_loss)]
    let float = |n: u64| n as f64;
    if length <= min_length as u64 {
        return None;
    }
    // Evenly used characters have the highest entropy; the margin is far above rounding.
    let most = float(counts.len() as u64).log2() + 1e-6;
    if limit.is_some_and(|limit| most < limit) {
        return None;
    }
    // In the order of first appearance, as the reference sums.
    let mut entropy = 0.0;
    for count in counts {
        let share = float(count) / float(length);
        entropy -= share * share.log2();
    }
    Some(entropy)
}

fn ascii_counts(text: &str) -> Vec<u64> {
    let mut counts = [0u64; 128];
    let mut order = Vec::with_capacity(64);
    for byte in text.bytes().filter(|b| !matches!(b, b' ' | b'\n' | b'\t')) {
        let count = &mut counts[usize::from(byte & 0x7F)];
        if *count == 0 {
            order.push(byte);
        }
        *count += 1;
    }
    order.into_iter().map(|byte| counts[usize::from(byte)]).collect()
}

fn wide_counts(text: &str) -> Vec<u64> {
    let mut places = HashMap::new();
    let mut counts = Vec::new();
    for c in text.chars().filter(|c| !matches!(c, ' ' | '\n' | '\t')) {
        let place = *places.entry(c).or_insert_with(|| {
            counts.push(0);
            counts.len() - 1
        });
        counts[place] += 1;
    }
    counts
}

/// The share of characters that are neither letters, numbers nor blanks. An underscore is none of these.
pub(super) fn special_share(text: &Text<'_>) -> f64 {
    let special = |c: char| c == '_' || !chars::is_word(c) && !chars::is_space(c);
    let (count, all) = if text.is_ascii() {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'\t'..=b'\r' | 0x1C..=b' ');
        (text.raw().bytes().filter(|b| !plain(b)).count(), text.raw().len())
    } else {
        (text.raw().chars().filter(|&c| special(c)).count(), text.char_len())
    };
    #[allow(clippy::cast_precision_loss)]
    let share = count as f64 / all as f64;
    share
}

/// Whether some token of the lowered text with more than two characters occurs `threshold` times or more. The
/// threshold is compared only where there is a token.
pub(super) fn common_token(text: &Text<'_>, threshold: &Result<f64, EvalError>) -> Result<bool, EvalError> {
    let mut counts: HashMap<&str, u32> = HashMap::new();
    for token in text.lower().split(chars::is_space).filter(|t| !t.is_empty()) {
        let threshold = threshold.clone()?;
        if !chars::is_at_least(token, 3) {
            continue;
        }
        let count = counts.entry(token).or_insert(0);
        *count = count.saturating_add(1);
        if f64::from(*count) >= threshold {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How many ASCII vowels and consonants a text has.
pub(super) struct Letters {
    vowels: usize,
    consonants: usize,
}

impl Letters {
    pub(super) fn of(text: &Text<'_>) -> Self {
        let letters = text.raw().bytes().filter(u8::is_ascii_alphabetic);
        let (mut vowels, mut all) = (0, 0);
        for letter in letters {
            vowels += usize::from(matches!(letter.to_ascii_lowercase(), b'a' | b'e' | b'i' | b'o' | b'u'));
            all += 1;
        }
        Letters { vowels, consonants: all - vowels }
    }

    pub(super) fn count(&self) -> usize {
        self.vowels + self.consonants
    }

    /// Consonants per vowel; with no vowel, the consonants.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn consonants_per_vowel(&self) -> f64 {
        let consonants = self.consonants as f64;
        if self.vowels == 0 { consonants } else { consonants / self.vowels as f64 }
    }
}

/// The share of words (two letters a to z or more, in the lowered text) that are common; 0 without words.
pub(super) fn word_share(text: &Text<'_>, common: &HashSet<Box<[u8]>, QuickHash>) -> f64 {
    let words = text.lower_exact().split(|b| !b.is_ascii_lowercase()).filter(|w| w.len() >= 2);
    let (mut known, mut all) = (0u32, 0u32);
    for word in words {
        known = known.saturating_add(u32::from(common.contains(word)));
        all = all.saturating_add(1);
    }
    if all == 0 { 0.0 } else { f64::from(known) / f64::from(all) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Prefilter;

    fn with<T>(text: &str, f: impl FnOnce(&Text<'_>) -> T) -> T {
        f(&Text::new(text, &Prefilter::none()))
    }

    #[test]
    fn entropy_is_bits_per_character() {
        assert_eq!(with("abcdabcd", |t| entropy(t, 0, None)), Some(2.0));
        assert_eq!(with("жбcджбcд \n\t", |t| entropy(t, 7, None)), Some(2.0));
        assert_eq!(with("abcdabcd", |t| entropy(t, 8, None)), None);
        assert_eq!(with("abcdabcd", |t| entropy(t, 0, Some(2.1))), None);
    }

    #[test]
    fn symbols_marks_and_underscores_are_special() {
        assert_eq!(with("ab_ ", special_share), 0.25);
        assert_eq!(with("½²\u{1C}e\u{301}", special_share), 0.2);
    }

    #[test]
    fn tokens_count_from_three_characters_on() {
        let stuffed = |text, threshold| with(text, |t| common_token(t, &Ok(threshold))).unwrap();
        assert!(stuffed("The the tHe", 3.0) && !stuffed("The the tHe", 3.5) && !stuffed("of of of", 1.0));
        assert!(stuffed("İİ", 1.0));
    }

    #[test]
    fn letters_and_words_are_ascii() {
        assert_eq!(with("xyzé", |t| Letters::of(t).consonants_per_vowel()), 3.0);
        assert_eq!(with("aab", |t| Letters::of(t).consonants_per_vowel()), 0.5);
        let common = [Box::from(*b"keep"), Box::from(*b"it")].into_iter().collect();
        assert_eq!(with("\u{212A}eep it a it's xx\u{131}yy", |t| word_share(t, &common)), 0.6);
    }
}
