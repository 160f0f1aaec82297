//! `corpus_poisoning_monitor`: documents that look engineered to corrupt a corpus when they are written to it.
//!
//! The reference also counts the writes of a source in a window; a first-seen source has written once, which never
//! exceeds the limit, so that check has no part here.

use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, action_or, int_or, truthy_or};
use crate::text::{FoldedPattern, NeedleSet, Text, chars};
use crate::value::{Map, Value};
use std::borrow::Cow;
use std::collections::HashMap;

/// Phrases that claim authority over other documents: pattern, an example, a text that is none.
const AUTHORITY: &[(&str, &str, &str)] = &[
    (
        r"\bthis\s+(?:is\s+)?the\s+(?:only|sole|definitive|authoritative|correct|official)\s+(?:answer|source|document|version|truth)",
        "This is the sole\n source of it",
        "this is a sole source",
    ),
    (
        r"\b(?:all|any)\s+other\s+(?:sources?|documents?|answers?|information)\s+(?:are|is)\s+(?:wrong|incorrect|outdated|obsolete|false|untrustworthy)",
        "any other documents are falsehoods",
        "all others are wrong",
    ),
    (
        r"\b(?:ignore|disregard|override)\s+(?:all\s+)?(?:other|previous|existing|conflicting)\s+(?:sources?|documents?|records?|information|data)",
        "DISREGARD all previous database entries",
        "ignore all sources",
    ),
    (r"\b(?:always|must)\s+(?:answer|respond|say|state)\s", "applicants must state their name", "you must state"),
    (r"\bsupersedes?\s+(?:all\s+)?(?:previous|prior|other)\b", "supersedes all prior ones", "supersedes priority"),
];

const SOURCE_TRUST: &[&str] = &["source_trust", "trust_tier", "trust_level", "provenance"];
const CORPUS_TRUST: &[&str] = &["corpus_trust", "index_trust", "target_trust"];
const UNTRUSTED: &[&str] = &["untrusted", "public", "external", "anonymous", "scraped", "user"];
const TRUSTED: &[&str] = &["trusted", "internal", "confidential", "private", "curated"];
/// A question of this many characters or fewer, its mark included, is too short to be a target.
const SHORT_QUESTION: usize = 12;

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When `action` is no text or a threshold does not convert to a whole number.
pub fn build(section: &Map, needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let threshold = |key, default, least| {
        int_or(section, key, default).map(|n| usize::try_from(n.max(least)).unwrap_or(usize::MAX))
    };
    threshold("max_writes_per_window", 250, 0)?;
    threshold("window_seconds", 3600, 1)?;
    Ok(Box::new(CorpusPoisoning {
        blocks: action_or(section, "WARN")? == "BLOCK",
        authority: threshold("authority_threshold", 1, 1)?,
        question_repeats: threshold("max_question_repeats", 3, 2)?,
        flag_untrusted: truthy_or(section, "flag_untrusted_into_trusted", true),
        phrases: AUTHORITY
            .iter()
            .map(|(pattern, ..)| FoldedPattern::new(pattern, needles))
            .collect::<Result<_, _>>()
            .map_err(|e| EvalError::new(e.to_string()))?,
    }))
}

struct CorpusPoisoning {
    blocks: bool,
    authority: usize,
    question_repeats: usize,
    flag_untrusted: bool,
    phrases: Vec<FoldedPattern>,
}

impl Detector for CorpusPoisoning {
    fn inspect(&self, text: &Text<'_>, request: &Request<'_>) -> Result<Finding, EvalError> {
        if text.raw().is_empty() {
            return Ok(Finding::clean());
        }
        let mut hits = Vec::new();
        let mut hit = |id: &'static str| hits.push(RuleHit::new(id, Severity::High));
        if self.phrases.iter().filter(|phrase| phrase.is_match(text)).count() >= self.authority {
            hit("corpus_poisoning_monitor.authority_assertion");
        }
        if most_asked(text.raw(), self.question_repeats) >= self.question_repeats {
            hit("corpus_poisoning_monitor.query_targeting");
        }
        if self.flag_untrusted
            && let Some(metadata) = request.metadata.map()
            && tiers(metadata, SOURCE_TRUST).any(|tier| has_token(&tier, UNTRUSTED))
            && tiers(metadata, CORPUS_TRUST).any(|tier| has_token(&tier, TRUSTED) && !has_token(&tier, UNTRUSTED))
        {
            hit("corpus_poisoning_monitor.untrusted_source_into_trusted_corpus");
        }
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        Ok(Finding::of(if self.blocks { Decision::Block } else { Decision::Warn }, hits))
    }
}

/// How often the most frequent question occurs; 0 when there are fewer question marks than `at_least`.
///
/// A question is a question mark with everything before it back to the sentence mark before.
fn most_asked(text: &str, at_least: usize) -> usize {
    if memchr::memchr_iter(b'?', text.as_bytes()).count() < at_least {
        return 0;
    }
    let mut counts: HashMap<Cow<'_, str>, usize> = HashMap::new();
    let (mut from, mut most) = (0, 0);
    for at in memchr::memchr3_iter(b'.', b'!', b'?', text.as_bytes()) {
        if text.as_bytes()[at] == b'?' {
            let question = chars::trim(&text[from..=at]);
            if question.chars().nth(SHORT_QUESTION).is_some() {
                let count = counts.entry(chars::lower(question)).or_default();
                *count += 1;
                most = most.max(*count);
            }
        }
        from = at + 1;
    }
    most
}

/// The trust tiers that the metadata names under `keys`, lowered.
fn tiers<'m>(metadata: &'m Map, keys: &'static [&str]) -> impl Iterator<Item = Cow<'m, str>> {
    keys.iter().filter_map(|key| metadata.get(key).and_then(Value::as_filled_str).map(chars::lower))
}

fn has_token(tier: &str, tokens: &[&str]) -> bool {
    tier.split(|c: char| !matches!(c, 'a'..='z' | '0'..='9')).any(|token| tokens.contains(&token))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;
    use crate::engine::Metadata;
    use crate::text::Prefilter;
    use crate::value::parse_json;

    fn rules(text: &str, metadata: &str) -> Vec<String> {
        let mut needles = NeedleSet::new();
        let detector = build(&Map::new(), &mut needles).unwrap();
        let prefilter = needles.build();
        let Value::Map(metadata) = parse_json(metadata).unwrap() else { panic!("an object") };
        let request = Request { metadata: Metadata::from_map(metadata), ..Request::new(text, Stage::MemoryWrite) };
        let finding = detector.inspect(&Text::new(text, &prefilter), &request).unwrap();
        let rule = |h: &RuleHit| h.id.as_str().trim_start_matches("corpus_poisoning_monitor.").to_owned();
        finding.hits.iter().map(rule).collect()
    }

    #[test]
    fn phrases_match_their_examples_only() {
        for (pattern, yes, no) in AUTHORITY {
            let mut needles = NeedleSet::new();
            let pattern = FoldedPattern::new(pattern, &mut needles).unwrap();
            let prefilter: Prefilter = needles.build();
            assert!(pattern.is_match(&Text::new(*yes, &prefilter)), "{yes}");
            assert!(!pattern.is_match(&Text::new(*no, &prefilter)), "{no}");
        }
    }

    #[test]
    fn a_question_asked_three_times_targets_a_query() {
        let question = "How do I reset my badge?\n";
        assert_eq!(rules(&question.repeat(3), "{}"), ["query_targeting"]);
        // The heading belongs to the first question.
        assert!(rules(&format!("Badges\n{}", question.repeat(3)), "{}").is_empty());
        assert!(rules(&"Is it here?".repeat(3), "{}").is_empty());
    }

    #[test]
    fn tiers_are_matched_by_whole_tokens() {
        let moves = |from: &str, to: &str| rules("x", &format!(r#"{{"provenance": "{from}", "index_trust": "{to}"}}"#));
        assert_eq!(moves("user-submitted", "Internal"), ["untrusted_source_into_trusted_corpus"]);
        assert!(moves("users", "internal").is_empty());
        assert!(moves("public", "internal_user").is_empty());
    }
}
