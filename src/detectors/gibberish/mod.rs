//! The detector `gibberish`: texts that look random, adversarial or stuffed.
//!
//! Six statistics of the text ([`statistics`]), each at most one hit: invisible characters, entropy, the share of
//! symbols, repeated tokens, consonants per vowel, and the share of common English words.

mod statistics;

use crate::api::Severity::{High, Medium};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, number_or, text_or, truthy_or};
use crate::text::word_table::WordTable;
use crate::text::{NeedleSet, Text};
use crate::value::{Map, Value, parse_json};
use statistics::{Histogram, Letters, common_share_reaches, common_token, entropy, special_share};

/// `invisible_code_points` (hexadecimal, some of them ranges) and `common_words`.
const VOCABULARY: &str = include_str!("vocabulary.json");

/// Entropy is asked of texts with more characters than this, blanks left out.
const MIN_ENTROPY_LENGTH: usize = 20;
/// The letter statistics are asked of texts with more ASCII letters than this.
const MIN_LETTERS: u64 = 20;
/// Words are looked up in texts with more ASCII letters than this.
const MIN_WORD_LETTERS: u64 = 30;
/// More consonants per vowel than this are incoherent ...
const MAX_CONSONANTS: f64 = 6.0;
/// ... and so are fewer than this, unless there is none.
const MIN_CONSONANTS: f64 = 0.3;
/// The least share of words that must be common ones.
const MIN_COMMON: f64 = 0.15;

/// Makes the detector from its section of the policy.
///
/// # Errors
/// Never: a number of the wrong kind fails where it is compared.
pub fn build(section: &Map, _needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let vocabulary = parse_json(VOCABULARY).unwrap_or(Value::Null);
    let list = |key| vocabulary.get(key).and_then(Value::as_list).unwrap_or_default();
    let texts = |key| list(key).iter().filter_map(Value::as_str);
    let point = |hex| char::from_u32(u32::from_str_radix(hex, 16).ok()?);
    let invisible = texts("invisible_code_points").filter_map(|points| {
        let (first, last) = points.split_once('-').unwrap_or((points, points));
        Some((point(first)?, point(last)?))
    });
    Ok(Box::new(Gibberish {
        blocks: text_or(section, "action", "BLOCK") == "BLOCK",
        min_length: number_or(section, "min_text_length", 10.0),
        invisible: truthy_or(section, "detect_invisible_chars", true).then(|| invisible.collect()),
        max_entropy: number_or(section, "entropy_threshold", 5.5),
        max_special: number_or(section, "max_special_char_ratio", 0.4),
        repetition: truthy_or(section, "detect_token_stuffing", true)
            .then(|| number_or(section, "repetition_threshold", 5.0)),
        common_words: WordTable::new(texts("common_words").map(|word| (word, ()))),
    }))
}

struct Gibberish {
    blocks: bool,
    min_length: Result<f64, EvalError>,
    /// First and last characters.
    invisible: Option<Vec<(char, char)>>,
    max_entropy: Result<f64, EvalError>,
    max_special: Result<f64, EvalError>,
    repetition: Option<Result<f64, EvalError>>,
    common_words: WordTable<()>,
}

impl Detector for Gibberish {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        #[allow(clippy::cast_precision_loss)]
        if text.raw().is_empty() || (text.trimmed_len() as f64) < self.min_length.clone()? {
            return Ok(Finding::clean());
        }
        let mut hits = Vec::new();
        let mut hit = |id, severity| hits.push(RuleHit::new(id, severity));
        if !text.is_ascii() && self.invisible.as_ref().is_some_and(|ranges| holds_any(text.raw(), ranges)) {
            hit("gibberish.invisible_chars", High);
        }
        let histogram = Histogram::of(text);
        if let Some(entropy) = entropy(text, &histogram, MIN_ENTROPY_LENGTH, self.max_entropy.as_ref().ok().copied())
            && entropy > self.max_entropy.clone()?
        {
            hit("gibberish.high_entropy", Medium);
        }
        if special_share(text, &histogram) > self.max_special.clone()? {
            hit("gibberish.excessive_special_chars", Medium);
        }
        if let Some(threshold) = &self.repetition
            && common_token(text, threshold)?
        {
            hit("gibberish.token_stuffing", Medium);
        }
        let letters = Letters::of(&histogram);
        if letters.count() > MIN_LETTERS {
            let ratio = letters.consonants_per_vowel();
            if ratio > MAX_CONSONANTS || ratio > 0.0 && ratio < MIN_CONSONANTS {
                hit("gibberish.incoherent", Medium);
            }
        }
        if letters.count() > MIN_WORD_LETTERS && !common_share_reaches(text, &self.common_words, MIN_COMMON) {
            hit("gibberish.no_recognizable_words", High);
        }
        Ok(Finding::block_or_warn(hits, if self.blocks { 0.0 } else { f64::INFINITY }))
    }
}

fn holds_any(text: &str, ranges: &[(char, char)]) -> bool {
    text.contains(|c: char| !c.is_ascii() && ranges.iter().any(|&(first, last)| (first..=last).contains(&c)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;

    fn inspect(section: &str, text: &str) -> Result<Vec<String>, EvalError> {
        let Ok(Value::Map(section)) = parse_json(section) else { panic!("{section}") };
        let mut needles = NeedleSet::new();
        let detector = build(&section, &mut needles)?;
        let prefilter = needles.build();
        let finding = detector.inspect(&Text::new(text, &prefilter), &Request::new(text, Stage::Input))?;
        Ok(finding.hits.iter().map(|h| h.id.to_string()).collect())
    }

    #[test]
    fn each_rule_has_its_text() {
        for (text, rule) in [
            ("a soft\u{AD}hyphen here", "gibberish.invisible_chars"),
            ("a\u{202C}mark to the right", "gibberish.invisible_chars"),
            ("abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789", "gibberish.high_entropy"),
            ("##!! ##!! ab cd", "gibberish.excessive_special_chars"),
            ("buy it, buy it, buy it, buy it, buy it", "gibberish.token_stuffing"),
            ("bcdfg hjklm npqrs tvwxz bcdfg", "gibberish.incoherent"),
            ("zaba doba zaku lomo nari peku zaba tolo mika", "gibberish.no_recognizable_words"),
        ] {
            let hits = inspect("{}", text).unwrap();
            assert!(hits.iter().any(|h| h == rule), "{text}: {hits:?}");
        }
        assert_eq!(inspect("{}", "A calm letter about bread and the rivers of this land.").unwrap(), [""; 0]);
        assert_eq!(inspect("{}", "##!!").unwrap(), [""; 0]);
    }

    #[test]
    fn numbers_of_the_wrong_kind_fail_where_they_are_compared() {
        assert!(inspect(r#"{"min_text_length": null}"#, "").is_ok());
        assert!(inspect(r#"{"min_text_length": null}"#, "x").is_err());
        assert!(inspect(r#"{"entropy_threshold": "x"}"#, "abcdefghij klm").is_ok());
        assert!(inspect(r#"{"entropy_threshold": "x"}"#, "abcdefghij klm abcdefghij klm").is_err());
        assert!(inspect(r#"{"repetition_threshold": "x"}"#, "ab cd ef gh ij").is_err());
        let off = r#"{"repetition_threshold": "x", "detect_token_stuffing": false}"#;
        assert!(inspect(off, "ab cd ef gh ij").is_ok());
    }
}
