//! Misspelt names: a text's words compared with a name.

use crate::text::chars::{self, DOTTED};
use rapidfuzz::distance::lcs_seq::BatchComparator;

/// Shorter words (in characters) are not compared.
const MIN_WORD: usize = 3;
/// A word and a name that agree in so many first characters match whatever the threshold.
const PREFIX: usize = 5;
/// For words up to this length what they must have in common with a name is known beforehand.
const TABLE: usize = 32;

/// The words of a lowered text that are long enough, in order.
pub(super) fn words(lower: &str) -> impl Iterator<Item = &str> {
    lower.split(|c| !chars::is_word(c)).filter(|word| word.chars().nth(MIN_WORD - 1).is_some())
}

/// The words of a text that have a [`DOTTED`] letter in them: lowering leaves a mark of it, where the word then ends.
pub(super) fn dotted_words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let at = rest.find(DOTTED)?;
        let start = rest[..at].trim_end_matches(chars::is_word).len();
        let end = rest[at..].find(|c| !chars::is_word(c)).map_or(rest.len(), |length| at + length);
        let word = &rest[start..end];
        rest = &rest[end..];
        Some(word)
    })
}

/// Which letters of a name stand where does not matter here: a coarse set of them.
#[derive(Debug, Default)]
struct Letters(u64);

impl Letters {
    fn bit(c: u32) -> u64 {
        1 << (c & 63)
    }

    fn of(name: &str) -> Self {
        Letters(name.chars().fold(0, |letters, c| letters | Self::bit(u32::from(c))))
    }

    fn has(&self, c: u32) -> bool {
        self.0 & Self::bit(c) != 0
    }
}

/// Name and threshold to compare with.
pub(super) struct FuzzyName {
    length: usize,
    /// The first five characters of a name that has so many.
    prefix: Option<String>,
    letters: Letters,
    comparator: BatchComparator<char>,
    threshold: f64,
    /// For each length of a word, the least it must have in common with the name; more than its length when no word
    /// of that length is similar enough.
    least: [usize; TABLE],
    ascii: bool,
}

impl FuzzyName {
    pub(super) fn new(name: &str, threshold: f64) -> Self {
        let length = name.chars().count();
        let mut fuzzy = FuzzyName {
            length,
            prefix: (length >= PREFIX).then(|| name.chars().take(PREFIX).collect()),
            letters: Letters::of(name),
            comparator: BatchComparator::new(name.chars()),
            threshold,
            least: [0; TABLE],
            ascii: name.is_ascii(),
        };
        for word in 0..TABLE {
            fuzzy.least[word] = fuzzy.least_common(word);
        }
        fuzzy
    }

    /// Whether the name is ASCII: then a word of the folded view shows whether it matches.
    pub(super) fn is_ascii(&self) -> bool {
        self.ascii
    }

    /// Whether a lowered word of so many characters is long enough and similar enough or begins like the name.
    pub(super) fn matches(&self, length: usize, word: impl DoubleEndedIterator<Item = char> + Clone) -> bool {
        let begins = |prefix: &String| prefix.chars().eq(word.clone().take(PREFIX));
        length >= MIN_WORD && (self.prefix.as_ref().is_some_and(begins) || self.is_like(length, word))
    }

    /// Whether a word is similar enough. What it has in common with the name is no longer than the word's letters
    /// which the name has at all: that rules out most words.
    fn is_like(&self, length: usize, word: impl DoubleEndedIterator<Item = char> + Clone) -> bool {
        let least = self.least.get(length).copied().unwrap_or_else(|| self.least_common(length));
        let Some(mut spare) = length.checked_sub(least) else { return false };
        for c in word.clone() {
            if !self.letters.has(u32::from(c)) {
                match spare.checked_sub(1) {
                    Some(left) => spare = left,
                    None => return false,
                }
            }
        }
        self.comparator.similarity(word) >= least
    }

    /// The least that a word of so many characters must have in common with the name; beyond both when nothing will
    /// do. The score grows with what is in common.
    fn least_common(&self, word: usize) -> usize {
        let most = word.min(self.length);
        let reaches = |common: usize| self.score(word, common) >= self.threshold;
        if !reaches(most) {
            return usize::MAX;
        }
        let (mut low, mut high) = (0, most);
        while low < high {
            let middle = usize::midpoint(low, high);
            if reaches(middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
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
        let name = FuzzyName::new(name, 0.0);
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

    fn matches(name: &str, text: &str, threshold: f64) -> bool {
        let name = FuzzyName::new(name, threshold);
        let lower = chars::lower(text);
        words(&lower).any(|word| name.matches(word.chars().count(), word.chars()))
    }

    #[test]
    fn similar_words_and_shared_beginnings_match() {
        assert!(matches("acme", "an acmee, or so", 85.0) && !matches("acme", "acne", 85.0));
        assert!(matches("microsoft", "a microwave", 100.0) && !matches("micr", "micra", 100.0));
        assert!(matches("ac", "zzz", 0.0) && !matches("ac", "zz", 0.0) && !matches("acme", "acmee", f64::NAN));
    }

    #[test]
    fn words_with_a_dotted_letter_are_found_whole() {
        let dotted = |text| dotted_words(text).collect::<Vec<_>>();
        assert_eq!(dotted("ab İstanbulİ, xİ-yé éİ"), ["İstanbulİ", "xİ", "éİ"]);
        assert_eq!(dotted("ab ı"), [""; 0]);
    }

    #[test]
    fn the_least_in_common_is_what_the_score_asks_for() {
        for threshold in [0.0, 50.0, 85.0, 99.9, 100.0] {
            let name = FuzzyName::new("initech", threshold);
            for word in 0..40 {
                let common = (0..=word.min(7)).find(|&common| name.score(word, common) >= threshold);
                assert_eq!(name.least_common(word), common.unwrap_or(usize::MAX), "{threshold} {word}");
            }
        }
    }

    #[test]
    fn words_of_other_scripts_are_compared_by_their_letters() {
        let matches = |name, text: &str| matches(name, text, 85.0);
        assert!(matches("яндекс", "ЯНДЕКC") && !matches("яндекс", "ятдфкс"));
        assert!(matches("initech", "éinitech") && !matches("ıbm corp", "ibm"));
        assert!(matches("acmes", "ac\u{212A}mes"));
    }
}
