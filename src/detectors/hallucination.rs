//! Sentences of an answer that share too few words with the supplied sources.
//!
//! Each sentence with enough words is a claim; its score is the share of its words that any source has.

use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, float_or, int_or};
use crate::text::{NeedleSet, Text, chars};
use crate::value::{Map, Number, Value, python_str};
use std::borrow::Cow;
use std::collections::HashSet;

const UNGROUNDED: &str = "hallucination.ungrounded_claim";
const WEAK: &str = "hallucination.weak_grounding";

/// Share of the threshold below which a claim is ungrounded rather than weak.
const UNGROUNDED_SHARE: f64 = 0.6;
/// Points of risk when every claim is ungrounded, and when every claim is weak.
const UNGROUNDED_POINTS: f64 = 80.0;
const WEAK_POINTS: f64 = 30.0;

/// Where sources are looked for, in this order; the first two may also come from the metadata.
const SOURCE_KEYS: [&str; 3] = ["source_context", "grounding_sources", "context_documents"];
const METADATA_KEYS: usize = 2;

/// Words that say nothing about a source, in order.
#[rustfmt::skip]
const STOPWORDS: &[&str] = &[
    "a", "about", "above", "after", "again", "all", "also", "an", "and", "are", "as", "at", "be", "because", "been",
    "before", "being", "below", "between", "both", "but", "by", "can", "could", "dare", "did", "do", "does", "during",
    "each", "every", "few", "for", "from", "further", "had", "has", "have", "he", "her", "here", "him", "his", "how",
    "i", "if", "in", "into", "is", "it", "its", "just", "may", "me", "might", "more", "most", "my", "need", "no",
    "nor", "not", "of", "off", "on", "once", "only", "or", "other", "ought", "our", "out", "over", "own", "same",
    "shall", "she", "should", "so", "some", "such", "than", "that", "the", "their", "them", "then", "there", "these",
    "they", "this", "those", "through", "to", "too", "under", "used", "very", "was", "we", "were", "what", "when",
    "where", "which", "while", "who", "whom", "why", "will", "with", "would", "you", "your",
];

struct Hallucination {
    blocks: bool,
    /// Share of a claim's words that must be in the sources.
    threshold: Value,
    /// Words that make a sentence a claim.
    min_words: Value,
    /// The policy's values under [`SOURCE_KEYS`].
    configured: [Option<Value>; SOURCE_KEYS.len()],
    /// The sources when the metadata gives none.
    fallback: Option<Sources>,
}

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When a limit for models does not convert to a number, whether or not a model is asked.
pub fn build(section: &Map, _needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    for key in ["min_nli_entailment", "max_nli_contradiction", "min_nli_reverse_entailment", "min_verifier_entailment"]
    {
        float_or(section, key, 0.0)?;
    }
    int_or(section, "nli_passages_per_claim", 0)?;
    let configured = SOURCE_KEYS.map(|key| section.get(key).cloned());
    Ok(Box::new(Hallucination {
        blocks: section.get("action").and_then(Value::as_str) == Some("BLOCK"),
        threshold: section.get("grounding_threshold").cloned().unwrap_or(Value::Float(0.5)),
        min_words: section.get("min_claim_words").cloned().unwrap_or(Value::Int(3)),
        fallback: Sources::of(configured.iter().map(Option::as_ref)),
        configured,
    }))
}

impl Detector for Hallucination {
    fn inspect(&self, text: &Text<'_>, request: &Request<'_>) -> Result<Finding, EvalError> {
        let given = |at: usize| if at < METADATA_KEYS { request.metadata.get(SOURCE_KEYS[at]) } else { None };
        let supplied;
        let sources = if (0..METADATA_KEYS).any(|at| given(at).is_some()) {
            // A key that is present counts, whatever stands there.
            supplied = Sources::of((0..SOURCE_KEYS.len()).map(|at| given(at).or(self.configured[at].as_ref())));
            &supplied
        } else {
            &self.fallback
        };
        sources.as_ref().map_or(Ok(Finding::clean()), |sources| self.judge(text.raw(), sources))
    }
}

impl Hallucination {
    fn judge(&self, text: &str, sources: &Sources) -> Result<Finding, EvalError> {
        let mut hits = Vec::new();
        let (mut claims, mut ungrounded) = (0usize, 0usize);
        for sentence in sentences(text) {
            let lowered = chars::lower(sentence);
            let words: Vec<_> = tokens(&lowered).collect();
            if !self.is_claim(words.len())? {
                continue;
            }
            claims += 1;
            let threshold = self.threshold()?;
            let score = sources.share_of(&words);
            if score < threshold * UNGROUNDED_SHARE {
                ungrounded += 1;
                hits.push(RuleHit::new(UNGROUNDED, Severity::High));
            } else if score < threshold {
                hits.push(RuleHit::new(WEAK, Severity::Medium));
            }
        }
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        let decision = if self.blocks { Decision::Block } else { Decision::Warn };
        let risk = risk(claims, ungrounded, hits.len() - ungrounded);
        Ok(Finding { decision: Some(decision), risk, hits, sanitized: None })
    }

    fn is_claim(&self, words: usize) -> Result<bool, EvalError> {
        let least = Number::of(&self.min_words)
            .ok_or_else(|| EvalError::config("min_claim_words", &self.min_words, "a number"))?;
        Ok(Number::from(words) >= least)
    }

    /// The threshold as a double, for which a whole number may be too large.
    fn threshold(&self) -> Result<f64, EvalError> {
        let wrong = || EvalError::config("grounding_threshold", &self.threshold, "a number that a double can hold");
        let threshold = self.threshold.as_number().ok_or_else(wrong)?;
        let too_large = threshold.is_infinite() && !matches!(self.threshold, Value::Float(_));
        if too_large { Err(wrong()) } else { Ok(threshold) }
    }
}

/// The reference divides first and truncates last, which the last unit of a double can decide.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn risk(claims: usize, ungrounded: usize, weak: usize) -> u8 {
    let share = |n: usize| n as f64 / claims as f64;
    (share(ungrounded) * UNGROUNDED_POINTS + share(weak) * WEAK_POINTS).min(100.0) as u8
}

/// The words of all sources together.
struct Sources {
    words: HashSet<Box<str>>,
}

impl Sources {
    /// The sources in the first truthy value; `None` when it holds no text. Values are never merged.
    fn of<'v>(mut values: impl Iterator<Item = Option<&'v Value>>) -> Option<Self> {
        let texts = match values.find_map(|value| value.filter(|v| v.truthy()))? {
            Value::Str(text) => vec![Cow::Borrowed(text.as_str())],
            Value::List(items) => items
                .iter()
                .map(|item| item.as_str().map_or_else(|| Cow::Owned(python_str(item)), Cow::Borrowed))
                .collect(),
            _ => Vec::new(),
        };
        let mut sources: Option<Sources> = None;
        for text in texts.iter().filter(|text| !chars::trim(text).is_empty()) {
            let words = &mut sources.get_or_insert_with(|| Sources { words: HashSet::new() }).words;
            words.extend(tokens(&chars::lower(text)).map(|word| word.into()));
        }
        sources
    }

    /// The share of the words that a source has; all of them when there is none.
    #[allow(clippy::cast_precision_loss)]
    fn share_of(&self, words: &[Cow<'_, str>]) -> f64 {
        if words.is_empty() {
            return 1.0;
        }
        let known = words.iter().filter(|word| self.words.contains(&***word)).count();
        known as f64 / words.len() as f64
    }
}

/// The parts of a text between blanks that follow a full stop, an exclamation or a question mark.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let text = chars::trim(text);
    let mut cuts = Vec::new();
    let mut before = None;
    for (at, c) in text.char_indices() {
        if matches!(before, Some('.' | '!' | '?')) && chars::is_space(c) {
            cuts.push(at);
        }
        before = Some(c);
    }
    cuts.push(text.len());
    let mut start = 0;
    cuts.into_iter().filter_map(move |end| {
        let sentence = chars::trim(&text[start..end]);
        start = end;
        (!sentence.is_empty()).then_some(sentence)
    })
}

/// The words of a lowered text: ASCII punctuation deleted without a gap, no stop words, no single characters.
fn tokens(lowered: &str) -> impl Iterator<Item = Cow<'_, str>> {
    lowered.split(chars::is_space).filter_map(|piece| {
        let word = if piece.contains(|c: char| c.is_ascii_punctuation()) {
            Cow::Owned(piece.chars().filter(|c| !c.is_ascii_punctuation()).collect())
        } else {
            Cow::Borrowed(piece)
        };
        let counts = word.chars().nth(1).is_some() && STOPWORDS.binary_search(&&*word).is_err();
        counts.then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;
    use crate::engine::Metadata;
    use crate::text::Prefilter;
    use crate::value::parse_json;

    const SOURCE: &str = "The bridge opened in 1875 and has six lanes of traffic";

    fn inspect(section: &str, text: &str, metadata: &str) -> Result<Finding, EvalError> {
        let map = |json: &str| match parse_json(json) {
            Ok(Value::Map(map)) => map,
            other => panic!("{json}: {other:?}"),
        };
        let detector = build(&map(section), &mut NeedleSet::new())?;
        let prefilter = Prefilter::none();
        let request = Request { metadata: Metadata::from_map(map(metadata)), ..Request::new(text, Stage::Output) };
        detector.inspect(&Text::new(text, &prefilter), &request)
    }

    fn rules(text: &str, metadata: &str) -> Vec<String> {
        let finding = inspect("{}", text, metadata).unwrap();
        finding.hits.iter().map(|h| h.id.as_str()["hallucination.".len()..].to_owned()).collect()
    }

    #[test]
    fn claims_are_weak_or_ungrounded_by_the_words_they_share() {
        let metadata = format!(r#"{{"source_context": "{SOURCE}"}}"#);
        assert!(rules("The BRIDGE opened with six towers.", &metadata).is_empty());
        assert_eq!(
            rules("The bridge opened near nine towers. Zebra quantum pineapple!", &metadata),
            ["weak_grounding", "ungrounded_claim"]
        );
        assert!(rules("Zebra quantum. It is.", &metadata).is_empty());
    }

    #[test]
    fn punctuation_glues_and_stop_words_do_not_count() {
        let words = |text: &str| tokens(text).map(Cow::into_owned).collect::<Vec<_>>();
        assert_eq!(
            words("state-of-the-art 3.50 the don't don’t x é. \u{1c}日本。"),
            ["stateoftheart", "350", "dont", "don’t", "日本。"]
        );
    }

    #[test]
    fn sentences_are_cut_at_blanks_after_a_mark() {
        assert_eq!(
            sentences(" Dr. Zulu\nsaid: a.b! “Yes.” no?\u{2003}\n x。 y ").collect::<Vec<_>>(),
            ["Dr.", "Zulu\nsaid: a.b!", "“Yes.” no?", "x。 y"]
        );
    }

    #[test]
    fn only_the_first_truthy_source_counts_and_metadata_replaces_the_policy() {
        let text = "Alpha bravo charlie delta.";
        let risk = |section: &str, metadata: &str| inspect(section, text, metadata).unwrap().risk;
        assert_eq!(risk(r#"{"source_context": [], "grounding_sources": "alpha bravo charlie"}"#, "{}"), 0);
        assert_eq!(risk(r#"{"source_context": "zulu"}"#, "{}"), 80);
        assert_eq!(risk(r#"{"source_context": "zulu"}"#, r#"{"source_context": null}"#), 0);
        assert_eq!(risk(r#"{"source_context": "zulu"}"#, r#"{"source_context": [["alpha", "bravo"]]}"#), 0);
        assert_eq!(risk(r#"{"source_context": " ", "grounding_sources": "zulu"}"#, "{}"), 0);
        assert_eq!(risk(r#"{"context_documents": ["..."]}"#, "{}"), 80);
    }

    #[test]
    fn risks_are_truncated_doubles() {
        assert_eq!(risk(7, 4, 1), 49);
        assert_eq!(risk(9, 3, 1), 29);
        assert_eq!(risk(31, 0, 1), 0);
        assert_eq!(risk(1, 1, 0), 80);
    }

    #[test]
    fn limits_of_the_wrong_kind_fail_where_they_are_used() {
        assert!(inspect(r#"{"min_nli_entailment": "x"}"#, "", "{}").is_err());
        assert!(inspect(r#"{"nli_passages_per_claim": 0.7, "min_claim_words": null}"#, "a b c", "{}").is_ok());
        assert!(inspect(r#"{"source_context": "x", "min_claim_words": null}"#, "", "{}").is_ok());
        assert!(inspect(r#"{"source_context": "x", "min_claim_words": null}"#, "a", "{}").is_err());
        assert!(inspect(r#"{"source_context": "x", "grounding_threshold": "0.5"}"#, "one two", "{}").is_ok());
        assert!(inspect(r#"{"source_context": "x", "grounding_threshold": "0.5"}"#, "red big car", "{}").is_err());
    }

    #[test]
    fn stop_words_are_in_order() {
        assert!(STOPWORDS.is_sorted());
    }
}
