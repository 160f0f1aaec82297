//! The statistics that tell a text from noise. All are taken of code points.

use crate::blocks::{self, BLOCK, Runs, each_block, window};
use crate::engine::EvalError;
use crate::text::blank_words::BlankWord;
use crate::text::letters::letter_bits;
use crate::text::word_table::WordTable;
use crate::text::{Text, chars, fold};
use std::collections::HashMap;
use std::ops::RangeInclusive;

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

    fn sum(&self, bytes: &[u8]) -> u64 {
        bytes.iter().map(|&byte| self.0[usize::from(byte)]).sum()
    }

    fn range(&self, bytes: RangeInclusive<u8>) -> u64 {
        self.0[usize::from(*bytes.start())..=usize::from(*bytes.end())].iter().sum()
    }

    /// How many letters of ASCII there are.
    fn letters(&self) -> u64 {
        self.range(b'a'..=b'z') + self.range(b'A'..=b'Z')
    }

    /// Whether the entropy of `length` characters, the blanks left out, cannot exceed `limit`: seldom more is known of
    /// a text than how many different characters it has.
    fn cannot_exceed(&self, length: u64, limit: f64) -> bool {
        // Far above what sums in another order differ by.
        const MARGIN: f64 = 1e-6;
        #[allow(clippy::cast_precision_loss)]
        let of_equal = (self.most_distinct(length) as f64).log2();
        of_equal + MARGIN < limit || self.highest_entropy(length) + MARGIN < limit
    }

    /// No less than the number of distinct characters among `length`, the blanks left out: as if all beyond ASCII were
    /// distinct.
    fn most_distinct(&self, length: u64) -> u64 {
        let ascii = &self.0[..128];
        let beyond = length + self.sum(LEFT_OUT) - ascii.iter().sum::<u64>();
        let occurs = |count: &u64| u64::from(*count > 0);
        let left_out = LEFT_OUT.iter().map(|&byte| occurs(&self.0[usize::from(byte)])).sum::<u64>();
        beyond + ascii.iter().map(occurs).sum::<u64>() - left_out
    }

    /// No less than the entropy of `length` characters, the blanks left out: as if all beyond ASCII were distinct.
    #[allow(clippy::cast_precision_loss)]
    fn highest_entropy(&self, length: u64) -> f64 {
        let bits = |count: u64| count as f64 * (count as f64).log2();
        let known = (0..128u8).zip(&self.0).filter(|&(byte, &count)| count > 1 && !LEFT_OUT.contains(&byte));
        (length as f64).log2() - known.map(|(_, &count)| bits(count)).sum::<f64>() / length as f64
    }
}

/// The blanks that the entropy is asked without.
const LEFT_OUT: &[u8] = b" \n\t";

/// Bits per character of the text without spaces, newlines and tabs; `None` when no more than `min_length` characters
/// are left, or when the entropy cannot exceed `limit`.
pub(super) fn entropy(text: &Text<'_>, histogram: &Histogram, min_length: usize, limit: Option<f64>) -> Option<f64> {
    let length = (text.char_len() as u64).saturating_sub(histogram.sum(LEFT_OUT));
    #[allow(clippy::cast_precision_loss)]
    let float = |n: u64| n as f64;
    if length <= min_length as u64 {
        return None;
    }
    if limit.is_some_and(|limit| histogram.cannot_exceed(length, limit)) {
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

/// The share of characters that are neither letters, numbers nor blanks. An underscore is none of these.
pub(super) fn special_share(text: &Text<'_>, histogram: &Histogram) -> f64 {
    let count = if text.is_ascii() {
        let numbers = histogram.range(b'0'..=b'9');
        let blanks = histogram.range(b'\t'..=b'\r') + histogram.range(0x1C..=b' ');
        text.raw().len() as u64 - histogram.letters() - numbers - blanks
    } else {
        // Capitals stand for letters and digits beyond ASCII.
        blocks::count(text.folded(), |b| !(b.is_ascii_alphanumeric() | fold::is_blank(b))) as u64
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
    /// So many counts that are of several tokens are no accident, or the text is long.
    const MANY_MIXED: u8 = 8;
    let mut counts = [0u8; 2048];
    let mut mixed = 0;
    let tokens = text.blank_words();
    let is_short =
        |token: &BlankWord| token.end - token.start < 3 || !text.is_ascii() && char_count(tokens.bytes(token)) < 3;
    for (at, token) in tokens.words.iter().enumerate().filter(|(_, token)| !is_short(token)) {
        #[allow(clippy::cast_possible_truncation)] // The lowest bits count.
        let count = &mut counts[token.hash as usize % 2048];
        *count = count.saturating_add(1);
        if *count >= least {
            let is_same = |other: &&BlankWord| other.hash == token.hash && tokens.bytes(other) == tokens.bytes(token);
            if tokens.words[..=at].iter().filter(is_same).count() >= usize::from(least) {
                return true;
            }
            mixed += 1;
            if mixed > MANY_MIXED {
                return any_token_reaches(text, &Ok(f64::from(least))).is_ok_and(|any| any);
            }
        }
    }
    false
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
        let vowels = histogram.sum(b"aeiouAEIOU");
        Letters { vowels, consonants: histogram.letters() - vowels }
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
pub(super) fn common_share_reaches(text: &Text<'_>, common: &WordTable<()>, least: f64) -> bool {
    let view = text.lower_exact();
    let all = count_words(view);
    #[allow(clippy::cast_precision_loss)]
    let reaches = |known: usize| known as f64 / all as f64 >= least;
    let (mut runs, mut known, mut room) = (Runs::default(), 0, [0; BLOCK]);
    // The zeros behind the view end its last word.
    (0..=view.len()).step_by(BLOCK).any(|at| {
        runs.ended(at, letter_bits(window(view, at, &mut room)), |start, end| {
            known += usize::from(end - start >= 2 && common.get(view, start, end).is_some());
        });
        reaches(known)
    })
}

/// How many runs of two letters a to z or more a text has.
fn count_words(view: &[u8]) -> usize {
    let mut count = 0;
    // Whether the two bytes before are letters, the nearer first.
    let (mut before, mut second_before) = (0, 0);
    each_block(view, |_, block| {
        let letters = letter_bits(block);
        let shifted = letters << 1 | before;
        let second_letters = letters & shifted & !(letters << 2 | before << 1 | second_before);
        count += second_letters.count_ones() as usize;
        before = letters >> (BLOCK - 1);
        second_before = letters >> (BLOCK - 2) & 1;
    });
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Prefilter;
    use proptest::prelude::*;
    use std::collections::HashSet;

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
                let distinct: HashSet<char> = t.raw().chars().filter(|c| !matches!(c, ' ' | '\n' | '\t')).collect();
                assert!(histogram.most_distinct(length as u64) >= distinct.len() as u64, "{text:?}");
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

    proptest! {
        #[test]
        fn words_are_counted_as_they_stand(text in "[ab A1]{0,300}") {
            let words = text.split(|c: char| !c.is_ascii_lowercase()).filter(|word| word.len() >= 2);
            prop_assert_eq!(count_words(text.as_bytes()), words.count());
        }
    }

    proptest! {
        #[test]
        fn the_share_is_that_of_the_words_as_they_stand(text in "([ab]{1,3} ?|A|[a-z]{20}|1){0,90}", least in 0.01..1.0f64) {
            let common = WordTable::new([("ab", ()), ("ba", ()), ("a", ()), ("bab", ())]);
            let lower = text.to_lowercase();
            let words = lower.split(|c: char| !c.is_ascii_lowercase()).filter(|word| word.len() >= 2);
            let known = words.clone().filter(|word| ["ab", "ba", "bab"].contains(word)).count();
            let expected = known as f64 / words.count() as f64 >= least;
            prop_assert_eq!(with(&text, |t| common_share_reaches(t, &common, least)), expected);
        }
    }

    #[test]
    fn letters_and_words_are_ascii() {
        let ratio = |text| with(text, |t| Letters::of(&Histogram::of(t)).consonants_per_vowel());
        assert_eq!(ratio("xyzé"), 3.0);
        assert_eq!(ratio("aAb"), 0.5);
        let common = WordTable::new([("keep", ()), ("it", ())]);
        let reaches = |text, least| with(text, |t| common_share_reaches(t, &common, least));
        let three_of_five = "\u{212A}eep it a it's xx\u{131}yy";
        assert!(reaches(three_of_five, 0.6) && !reaches(three_of_five, 0.61));
        assert!(reaches("it ab cd ef", 0.25) && !reaches("it ab cd ef", 0.26) && !reaches("a b", 0.1));
        assert!(reaches("ab cd ef it", 0.25) && !reaches("it ab cd ef gh", 0.25) && !reaches("", 0.1));
    }
}
