//! The detector `embedding_integrity`: retrieved text that looks made to deceive an embedding model.
//!
//! | rule | fires on |
//! |---|---|
//! | keyword_stuffing | one word that makes up too much of the text |
//! | hidden_text | invisible characters, by share or number |
//! | raw_vector | a list of sixteen or more decimal fractions |
//! | base64_blob | a run of 512 or more base64 characters |

use crate::api::Severity;
use crate::engine::{Blocking, Detector, EvalError, Finding, Request, RuleHit, float_or, int_or};
use crate::text::normalize::INVISIBLE;
use crate::text::runs::long_runs;
use crate::text::{FoldedPattern, Gate, NeedleSet, Text, chars};
use crate::value::Map;
use std::collections::HashMap;

/// Shorter runs of word characters are not counted.
const MIN_WORD: usize = 3;
/// So many invisible characters are too many in a text of any length.
const MANY_HIDDEN: usize = 20;
const BLOB: usize = 512;
/// A number: optional minus, digits, a point, digits. Sixteen, with commas between.
const VECTOR: &str = r"-?\d*\.\d+(?:\s*,\s*-?\d*\.\d+){15}";
const VECTOR_NUMBERS: usize = 16;

struct EmbeddingIntegrity {
    blocking: Blocking,
    max_repetition: f64,
    min_words: i64,
    max_hidden: f64,
    vector: FoldedPattern,
}

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When the configuration is one that the reference cannot use.
pub fn build(section: &Map, _needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    Ok(Box::new(EmbeddingIntegrity {
        blocking: Blocking::read(section, 50)?,
        max_repetition: float_or(section, "max_repetition_ratio", 0.30)?,
        min_words: int_or(section, "min_tokens_for_repetition", 20)?,
        max_hidden: float_or(section, "max_hidden_char_ratio", 0.05)?,
        vector: FoldedPattern::with_gate(VECTOR, Gate::ALWAYS).map_err(|e| EvalError::new(e.to_string()))?,
    }))
}

impl Detector for EmbeddingIntegrity {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        if text.raw().is_empty() {
            return Ok(Finding::clean());
        }
        let mut hits = Vec::new();
        if self.is_stuffed(text)? {
            hits.push(RuleHit::new("embedding_integrity.keyword_stuffing", Severity::Medium));
        }
        if self.hides(text) {
            hits.push(RuleHit::new("embedding_integrity.hidden_text", Severity::High));
        }
        let shape = text.shape();
        if shape.has(b'.') && shape.has(b',') && shape.digits >= VECTOR_NUMBERS && self.vector.is_match(text) {
            hits.push(RuleHit::new("embedding_integrity.raw_vector", Severity::High));
        }
        let is_base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
        if long_runs(text.raw().as_bytes(), BLOB, is_base64).next().is_some() {
            hits.push(RuleHit::new("embedding_integrity.base64_blob", Severity::Medium));
        }
        self.blocking.decide(hits)
    }
}

impl EmbeddingIntegrity {
    #[allow(clippy::cast_precision_loss)]
    fn is_stuffed(&self, text: &Text<'_>) -> Result<bool, EvalError> {
        let mut counts: HashMap<std::borrow::Cow<'_, str>, usize> = HashMap::new();
        let mut words = 0usize;
        // Words are cut first and lowered each by itself: U+0130 stays one character of its word.
        for word in text.raw().split(|c| !chars::is_word(c)).filter(|w| w.chars().nth(MIN_WORD - 1).is_some()) {
            words += 1;
            *counts.entry(chars::lower(word)).or_default() += 1;
        }
        if i64::try_from(words).unwrap_or(i64::MAX) < self.min_words {
            return Ok(false);
        }
        let most = counts.values().max().ok_or_else(|| {
            EvalError::new("`min_tokens_for_repetition` admits a text without words, which has no most frequent one")
        })?;
        Ok(*most as f64 / words as f64 > self.max_repetition)
    }

    #[allow(clippy::cast_precision_loss)]
    fn hides(&self, text: &Text<'_>) -> bool {
        if text.is_ascii() {
            return false;
        }
        let hidden = text.raw().chars().filter(|c| INVISIBLE.contains(c)).count();
        hidden > 0 && (hidden as f64 / text.char_len() as f64 > self.max_hidden || hidden >= MANY_HIDDEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Decision, Stage};
    use crate::value::{Value, parse_json};

    fn inspect(config: &str, text: &str) -> Result<Finding, EvalError> {
        let Ok(Value::Map(section)) = parse_json(config) else { panic!("{config}") };
        let mut needles = NeedleSet::new();
        let detector = build(&section, &mut needles)?;
        let prefilter = needles.build();
        detector.inspect(&Text::new(text, &prefilter), &Request::new(text, Stage::Retrieval))
    }

    fn fires(rule: &str, text: &str) -> bool {
        inspect("{}", text).unwrap().hits.iter().any(|h| h.id.as_str() == format!("embedding_integrity.{rule}"))
    }

    #[test]
    fn a_word_may_make_up_three_tenths_of_the_text() {
        let text = |stuffed: usize| format!("{}{}", "Buy ".repeat(stuffed), "one two abc def ghi jkl mno ".repeat(2));
        assert!(fires("keyword_stuffing", &text(7)));
        assert!(!fires("keyword_stuffing", &text(6)));
        assert!(!fires("keyword_stuffing", &"buy ".repeat(19)));
    }

    #[test]
    fn words_are_lowered_one_by_one() {
        let rest: String = (10..30).map(|i| format!("w{i} ")).collect();
        // The sigma of the first is final in its word.
        assert!(fires("keyword_stuffing", &format!("{}{}{rest}", "ΑΒΣ'Α ".repeat(7), "αβς ".repeat(7))));
        assert!(!fires("keyword_stuffing", &format!("{}{}{rest}", "ΑΒΣ'Α ".repeat(7), "αβσ ".repeat(7))));
    }

    #[test]
    fn invisible_characters_are_measured_by_share_and_number() {
        assert!(!fires("hidden_text", &format!("{}\u{200B}", "x".repeat(19))));
        assert!(fires("hidden_text", &format!("{}\u{AD}", "x".repeat(18))));
        assert!(fires("hidden_text", &format!("{}{}", "x".repeat(10_000), "\u{2060}".repeat(20))));
        assert!(!fires("hidden_text", "x\u{200E}"));
    }

    #[test]
    fn a_vector_is_sixteen_fractions() {
        let vector = |number: &str, n: usize| vec![number; n].join(" , ");
        assert!(fires("raw_vector", &vector("-.5", 16)));
        assert!(fires("raw_vector", &vector("٣.٣", 17)));
        assert!(!fires("raw_vector", &vector("0.5", 15)));
        assert!(!fires("raw_vector", &vector("1", 20)));
        assert!(!fires("raw_vector", &vector("- .5", 20)));
    }

    #[test]
    fn a_blob_is_a_run_of_512() {
        assert!(fires("base64_blob", &format!(" {}=", "aA+/".repeat(128))));
        assert!(!fires("base64_blob", &format!("{}-{}", "a".repeat(511), "a".repeat(511))));
    }

    #[test]
    fn odd_configurations_fail_as_in_the_reference() {
        assert!(inspect(r#"{"min_tokens_for_repetition": 0}"#, "hi").is_err());
        assert!(inspect(r#"{"min_tokens_for_repetition": 0}"#, "").is_ok());
        assert!(inspect(r#"{"max_repetition_ratio": null}"#, "").is_err());
        let block = r#"{"action": "block"}"#;
        assert_eq!(inspect(block, "a\u{200B}").unwrap().decision, Some(Decision::Block));
    }
}
