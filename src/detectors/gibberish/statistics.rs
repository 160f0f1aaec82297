//! The statistics that tell a text from noise. All are taken of code points.

use super::super::blank_words;
use crate::engine::EvalError;
use crate::text::hash::QuickHash;
use crate::text::{Text, byte_table, chars, fold};
use std::collections::{HashMap, HashSet};

/// How often each byte occurs in a text.
pub(super) struct Histogram([u64; 256]);

impl Histogram {
    pub(super) fn of(text: &Text<'_>) -> Self {
        let mut counts = [0u64; 256];
        for byte in text.raw().bytes() {
            counts[usize::from(byte)] += 1;
        }
        Histogram(counts)
    }

    fn sum(&self, bytes: impl Fn(u8) -> bool) -> u64 {
        (0..=255u8).zip(&self.0).filter(|&(byte, _)| bytes(byte)).map(|(_, count)| count).sum()
    }

    /// No less than the entropy of `length` characters, the blanks left out: as if all beyond ASCII were distinct.
    #[allow(clippy::cast_precision_loss)]
    fn highest_entropy(&self, length: u64) -> f64 {
        let bits = |count: u64| count as f64 * (count as f64).log2();
        let known = (0..128u8).zip(&self.0).filter(|&(byte, &count)| count > 1 && !is_left_out(byte));
        (length as f64).log2() - known.map(|(_, &count)| bits(count)).sum::<f64>() / length as f64
    }
}

/// The blanks that the entropy is asked without.
fn is_left_out(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\t')
}

/// Bits per character of the text without spaces, newlines and tabs; `None` when no more than `min_length` characters
/// are left, or when the entropy cannot exceed `limit`.
pub(super) fn entropy(text: &Text<'_>, histogram: &Histogram, min_length: usize, limit: Option<f64>) -> Option<f64> {
    let length = (text.char_len() as u64).saturating_sub(histogram.sum(is_left_out));
    #[allow(clippy::cast_precision_loss)]
    let float = |n: u64| n as f64;
    if length <= min_length as u64 {
        return None;
    }
    // The margin is far above what sums in another order differ by.
    if limit.is_some_and(|limit| histogram.highest_entropy(length) + 1e-6 < limit) {
        return None;
    }
    let counts = if text.is_ascii() { ascii_counts(text.raw()) } else { wide_counts(text.raw()) };
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

/// The bytes of a folded text that are special, and those of an ASCII text: letters of either case are not.
const SPECIAL: [bool; 256] = byte_table!(b => !b.is_ascii_alphanumeric() && !fold::is_blank(b));

/// The share of characters that are neither letters, numbers nor blanks. An underscore is none of these.
pub(super) fn special_share(text: &Text<'_>, histogram: &Histogram) -> f64 {
    let is_special = |b: u8| SPECIAL[usize::from(b)];
    let count = if text.is_ascii() {
        histogram.sum(is_special)
    } else {
        text.folded().iter().filter(|&&b| is_special(b)).count() as u64
    };
    #[allow(clippy::cast_precision_loss)]
    let share = count as f64 / text.char_len() as f64;
    share
}

/// Whether some token of the lowered text with more than two characters occurs `threshold` times or more. The
/// threshold is compared only where there is a token.
pub(super) fn common_token(text: &Text<'_>, threshold: &Result<f64, EvalError>) -> Result<bool, EvalError> {
    match threshold {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // The numbers of a byte.
        Ok(least) if *least > 1.0 && *least <= 255.0 => Ok(is_token_common(text, least.ceil() as u8)),
        _ => any_token_reaches(text, threshold),
    }
}

/// As [`any_token_reaches`], by counts of hashes.
fn is_token_common(text: &Text<'_>, least: u8) -> bool {
    let mut counts = [0u8; 2048];
    let mut common = None;
    blank_words::any(text, |token| {
        if token.len() < 3 || !text.is_ascii() && char_count(token) < 3 {
            return false;
        }
        #[allow(clippy::cast_possible_truncation)] // The lowest bits count.
        let count = &mut counts[blank_words::hash(token) as usize % 2048];
        *count += 1;
        if *count >= least {
            common = Some(token);
        }
        common.is_some()
    });
    let Some(common) = common else { return false };
    // The count may be that of several tokens.
    let mut own = 0;
    let mut again = |token| {
        own += u8::from(token == common);
        own >= least
    };
    blank_words::any(text, &mut again) || any_token_reaches(text, &Ok(f64::from(least))).is_ok_and(|any| any)
}

/// The characters of UTF-8.
fn char_count(token: &[u8]) -> usize {
    token.iter().filter(|&&b| b & 0xC0 != 0x80).count()
}

fn any_token_reaches(text: &Text<'_>, threshold: &Result<f64, EvalError>) -> Result<bool, EvalError> {
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
    vowels: u64,
    consonants: u64,
}

impl Letters {
    pub(super) fn of(histogram: &Histogram) -> Self {
        let is_vowel = |b: u8| matches!(b.to_ascii_lowercase(), b'a' | b'e' | b'i' | b'o' | b'u');
        let vowels = histogram.sum(is_vowel);
        Letters { vowels, consonants: histogram.sum(|b| b.is_ascii_alphabetic()) - vowels }
    }

    pub(super) fn count(&self) -> u64 {
        self.vowels + self.consonants
    }

    /// Consonants per vowel; with no vowel, the consonants.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn consonants_per_vowel(&self) -> f64 {
        let consonants = self.consonants as f64;
        if self.vowels == 0 { consonants } else { consonants / self.vowels as f64 }
    }
}

/// Whether the share of words (two letters a to z or more, in the lowered text) that are common is `least` (above 0)
/// or more; never without words.
pub(super) fn common_share_reaches(text: &Text<'_>, common: &HashSet<Box<[u8]>, QuickHash>, least: f64) -> bool {
    #[allow(clippy::cast_precision_loss)]
    let reaches = |known: usize, all: usize| known as f64 / all as f64 >= least;
    let view = text.lower_exact();
    let (mut known, mut all) = (0, 0);
    let mut rest = view;
    loop {
        let end = rest.iter().position(|b| !b.is_ascii_lowercase()).unwrap_or(rest.len());
        if end >= 2 {
            all += 1;
            if common.contains(&rest[..end]) {
                known += 1;
                // Should all that is left be words of two letters and none of them common.
                if reaches(known, all + (rest.len() - end) / 3) {
                    return true;
                }
            }
        }
        match rest.get(end + 1..) {
            Some(after) => rest = after,
            None => return all > 0 && reaches(known, all),
        }
    }
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
        let entropy = |text, least, limit| with(text, |t| entropy(t, &Histogram::of(t), least, limit));
        assert_eq!(entropy("abcdabcd", 0, None), Some(2.0));
        assert_eq!(entropy("жбcджбcд \n\t", 7, None), Some(2.0));
        assert_eq!(entropy("abcdabcd", 8, None), None);
        assert_eq!(entropy("abcdabcd", 0, Some(2.1)), None);
        assert_eq!(entropy("abcdabcd", 0, Some(2.0)), Some(2.0));
        assert_eq!(entropy("abcdabcd", 0, Some(1.9)), Some(2.0));
    }

    #[test]
    fn the_bound_is_never_below_the_entropy_and_close_for_ascii() {
        let mut random = 3u64;
        for round in 1..200 {
            let mut text = String::new();
            for _ in 0..round {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push(b"aaaaabcdeefghijk XYZ\n"[(random >> 40) as usize % 21] as char);
                text.push_str(["", "", "é", "日"][if round % 2 == 0 { 0 } else { (random >> 50) as usize % 4 }]);
            }
            with(&text, |t| {
                let histogram = Histogram::of(t);
                let Some(exact) = entropy(t, &histogram, 0, None) else { return };
                let length = t.raw().chars().filter(|c| !matches!(c, ' ' | '\n' | '\t')).count();
                let bound = histogram.highest_entropy(length as u64);
                assert!(bound > exact - 1e-9, "{text:?}");
                assert!(!t.is_ascii() || bound < exact + 1e-9, "{text:?}");
            });
        }
    }

    #[test]
    fn symbols_marks_and_underscores_are_special() {
        let special_share = |text| with(text, |t| special_share(t, &Histogram::of(t)));
        assert_eq!(special_share("ab_ "), 0.25);
        assert_eq!(special_share("aB_-"), 0.5);
        assert_eq!(special_share("½²\u{1C}e\u{301}"), 0.2);
        assert_eq!(special_share("é_\u{A0}D٣"), 0.2);
    }

    #[test]
    fn tokens_count_from_three_characters_on() {
        let stuffed = |text, threshold| with(text, |t| common_token(t, &Ok(threshold))).unwrap();
        assert!(stuffed("The the tHe", 3.0) && !stuffed("The the tHe", 3.5) && !stuffed("of of of", 1.0));
        assert!(stuffed("İİ", 1.0) && stuffed("İİ İİ", 2.0) && !stuffed("éé éé", 2.0));
    }

    #[test]
    fn tokens_are_counted_by_hashes_as_by_themselves() {
        let mut random = 9u64;
        for round in 0..2000u64 {
            let mut next = |below: u64| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (random >> 33) % below
            };
            let text: String = (0..next(300))
                .map(|_| {
                    let word = next(1 + round % 90);
                    let blank = [" ", "\n", "  ", "\u{3000}"][if round % 3 == 0 { next(4) as usize } else { 0 }];
                    format!("{}{word}{blank}", ["ab", "é", "É", ""][(word % 4) as usize])
                })
                .collect();
            for threshold in [1.5, 2.0, 5.0, 9.0, 200.0] {
                with(&text, |t| {
                    let exact = any_token_reaches(t, &Ok(threshold)).unwrap();
                    assert_eq!(common_token(t, &Ok(threshold)).unwrap(), exact, "{threshold} {text}");
                });
            }
        }
    }

    #[test]
    fn letters_and_words_are_ascii() {
        let ratio = |text| with(text, |t| Letters::of(&Histogram::of(t)).consonants_per_vowel());
        assert_eq!(ratio("xyzé"), 3.0);
        assert_eq!(ratio("aAb"), 0.5);
        let common = [Box::from(*b"keep"), Box::from(*b"it")].into_iter().collect();
        let reaches = |text, least| with(text, |t| common_share_reaches(t, &common, least));
        let three_of_five = "\u{212A}eep it a it's xx\u{131}yy";
        assert!(reaches(three_of_five, 0.6) && !reaches(three_of_five, 0.61));
        assert!(reaches("it ab cd ef", 0.25) && !reaches("it ab cd ef", 0.26) && !reaches("a b", 0.1));
        assert!(reaches("ab cd ef it", 0.25) && !reaches("it ab cd ef gh", 0.25) && !reaches("", 0.1));
    }
}
