//! Misspelt names: a text's words compared with a name.

use crate::text::chars;
use rapidfuzz::distance::lcs_seq::BatchComparator;

/// Shorter words (in characters) are not compared.
const MIN_WORD: usize = 3;
/// A word and a name that agree in so many first characters match whatever the threshold.
const PREFIX: usize = 5;

/// The words of a lowered text that are long enough, in order.
pub(super) struct Words<'t>(Vec<Word<'t>>);

struct Word<'t> {
    text: &'t str,
    /// In characters.
    length: usize,
}

impl<'t> Words<'t> {
    pub(super) fn of(lower: &'t str) -> Self {
        let words = lower.split(|c| !chars::is_word(c)).map(|text| Word { text, length: text.chars().count() });
        Words(words.filter(|w| w.length >= MIN_WORD).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A name to compare with.
pub(super) struct FuzzyName {
    length: usize,
    /// The first five characters of a name that has so many.
    prefix: Option<String>,
    /// Which letters it has, see [`letter_bit`].
    letters: u64,
    comparator: BatchComparator<char>,
}

/// One of 64 classes of characters: a coarse test of which letters a name has.
fn letter_bit(c: char) -> u64 {
    1 << (u32::from(c) & 63)
}

impl FuzzyName {
    pub(super) fn new(name: &str) -> Self {
        let length = name.chars().count();
        FuzzyName {
            length,
            prefix: (length >= PREFIX).then(|| name.chars().take(PREFIX).collect()),
            letters: name.chars().fold(0, |letters, c| letters | letter_bit(c)),
            comparator: BatchComparator::new(name.chars()),
        }
    }

    /// Whether any of the words is similar enough or begins like the name.
    pub(super) fn matches(&self, words: &Words<'_>, threshold: f64) -> bool {
        words.0.iter().any(|word| self.begins(word) || self.is_like(word, threshold))
    }

    fn begins(&self, word: &Word<'_>) -> bool {
        self.prefix.as_ref().is_some_and(|prefix| word.text.starts_with(prefix.as_str()))
    }

    /// Whether a word is similar enough. What it has in common with the name is no longer than the shorter of them,
    /// nor than the word's letters which the name has at all: that rules out most words.
    fn is_like(&self, word: &Word<'_>, threshold: f64) -> bool {
        let reaches = |common| self.score(word.length, common) >= threshold;
        let shorter = word.length.min(self.length);
        reaches(shorter)
            && reaches(shorter.min(word.text.chars().filter(|&c| self.letters & letter_bit(c) != 0).count()))
            && reaches(self.comparator.similarity(word.text.chars()))
    }

    /// The similarity, 0 to 100, of the name and a word that have a common subsequence of `common` characters: what
    /// insertions and deletions leave of both (rapidfuzz's `ratio`, in its own order of operations).
    fn score(&self, word: usize, common: usize) -> f64 {
        let both = self.length + word;
        if both == 0 {
            return 100.0;
        }
        #[allow(clippy::cast_precision_loss)]
        let share = (both - 2 * common) as f64 / both as f64;
        (1.0 - share) * 100.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(name: &str, word: &str) -> f64 {
        let name = FuzzyName::new(name);
        name.score(word.chars().count(), name.comparator.similarity(word.chars()))
    }

    #[test]
    fn scores_are_those_of_rapidfuzz() {
        for (name, word, expected) in [
            ("acme", "acm", 85.714_285_714_285_72),
            ("acme", "acne", 75.0),
            ("acme", "acmee", 88.888_888_888_888_89),
            ("initech", "initec", 92.307_692_307_692_3),
            ("ibm", "ibn", 66.666_666_666_666_67),
            ("café", "cafe", 75.0),
        ] {
            assert_eq!(score(name, word), expected, "{name} {word}");
        }
    }

    #[test]
    fn similar_words_and_shared_beginnings_match() {
        let matches = |name, text, threshold| FuzzyName::new(name).matches(&Words::of(text), threshold);
        assert!(matches("acme", "an acmee, or so", 85.0) && !matches("acme", "acne", 85.0));
        assert!(matches("microsoft", "a microwave", 100.0) && !matches("micr", "micra", 100.0));
        assert!(matches("ac", "zzz", 0.0) && !matches("ac", "zz", 0.0) && !matches("acme", "acmee", f64::NAN));
    }
}
