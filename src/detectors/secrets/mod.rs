//! The detector `secrets`: API keys, tokens, private keys, connection strings, and the same wrapped in base64.
//!
//! Every rule of the table is searched in turn, then the base64 runs are decoded and searched. Rules do not exclude
//! each other and a rule hits once for each match.

mod base64;
mod rules;

use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, truthy_or};
use crate::text::token::{AsciiSet, Form};
use crate::text::{
    ByteSpan, CasedPattern, CharSpan, FoldedPattern, Gate, GateList, NeedleSet, Text, TokenPattern, chars,
};
use crate::value::{Key, Map, Value};
use aho_corasick::AhoCorasick;
use rules::{Grammar, RULES, Rule};

/// What decoded base64 may contain to be a secret without further ado.
const DECODED_PREFIXES: [&str; 8] =
    ["sk-", "AIza", "AKIA", "ASIA", "-----BEGIN", "postgres://", "mongodb://", "mysql://"];
const BASE64_ID: &str = "secrets.base64_encoded_secret";
const PLACEHOLDER: &str = "[REDACTED]";

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When `action` is no string.
pub fn build(section: &Map, needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let redacts = match section.get("action") {
        None => false,
        Some(Value::Str(action)) => action.to_uppercase() == "REDACT",
        Some(other) => return Err(EvalError::config("action", other, "a string")),
    };
    let rules = RULES.iter().map(|rule| Ok((rule, Matcher::new(&rule.grammar, needles)?)));
    let rules: Vec<_> = rules.collect::<Result<_, EvalError>>()?;
    Ok(Box::new(Secrets {
        redacts,
        exceptions: section.get("exceptions").map_or(Exceptions::Texts(Vec::new()), Exceptions::new),
        detect_base64: truthy_or(section, "detect_base64", true),
        gates: needles.list(rules.iter().map(|(_, matcher)| matcher.gate()).collect()),
        rules,
        prefixes: AhoCorasick::new(DECODED_PREFIXES).map_err(|e| EvalError::new(e.to_string()))?,
    }))
}

struct Secrets {
    redacts: bool,
    exceptions: Exceptions,
    detect_base64: bool,
    rules: Vec<(&'static Rule, Matcher)>,
    /// Of the rules, in their order.
    gates: GateList,
    prefixes: AhoCorasick,
}

impl Detector for Secrets {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        let mut found: Vec<(&'static str, ByteSpan)> = Vec::new();
        for (rule, matcher) in text.open_of(&self.gates).map(|at| &self.rules[at]) {
            let mut matches = Vec::new();
            matcher.each(text, |span| matches.push(span));
            for span in matches {
                let matched = span.of(text.raw());
                if !self.exceptions.cover(matched)? && rule.check.is_none_or(|check| check(matched)) {
                    found.push((rule.id, span));
                }
            }
        }
        if self.detect_base64 {
            for span in base64::candidates(text) {
                let candidate = span.of(text.raw());
                if let Some(id) = self.encoded(candidate, text)
                    && !self.exceptions.cover(candidate)?
                {
                    found.push((id, span));
                }
            }
        }
        if found.is_empty() {
            return Ok(Finding::clean());
        }
        let sanitized = self.redacts.then(|| {
            let spans: Vec<CharSpan> = found.iter().map(|&(_, span)| text.chars(span)).collect();
            blot_out(text.raw(), spans)
        });
        Ok(Finding {
            decision: Some(if self.redacts { Decision::Redact } else { Decision::Block }),
            risk: 100,
            hits: found.into_iter().map(|(id, _)| RuleHit::new(id, Severity::High)).collect(),
            sanitized,
        })
    }
}

impl Secrets {
    /// The rule id for a base64 run, if it hides a secret.
    fn encoded(&self, candidate: &str, text: &Text<'_>) -> Option<&'static str> {
        let bytes = base64::decode(candidate)?;
        if self.prefixes.is_match(&bytes) {
            return Some(BASE64_ID);
        }
        if bytes.len() < 20 || !is_random(candidate) {
            return None;
        }
        let decoded = text.derive(String::from_utf8_lossy(&bytes));
        self.rules.iter().find(|(_, matcher)| matcher.is_match(&decoded)).map(|(rule, _)| rule.base64_id)
    }
}

/// A rule's grammar, ready to search.
enum Matcher {
    Token(TokenPattern),
    Folded(FoldedPattern),
    Cased(CasedPattern),
    HexWord(AsciiSet, Form),
}

/// Length of the words that [`Grammar::HexWord`] describes.
const HEX_WORD: usize = 32;
const _: () = assert!(HEX_WORD >= crate::text::LONG_RUN);

impl Matcher {
    fn new(grammar: &Grammar, needles: &mut NeedleSet) -> Result<Self, EvalError> {
        let error = |e: crate::text::pattern::PatternError| EvalError::new(e.to_string());
        Ok(match grammar {
            Grammar::Token(forms) => Matcher::Token(TokenPattern::new(forms, needles)),
            Grammar::Folded(pattern) => Matcher::Folded(FoldedPattern::new(pattern, needles).map_err(error)?),
            Grammar::Cased(pattern) => Matcher::Cased(CasedPattern::new(pattern, needles).map_err(error)?),
            Grammar::HexWord(set, rest) => Matcher::HexWord(*set, *rest),
        })
    }

    /// The prefilter gate.
    fn gate(&self) -> Gate {
        match self {
            Matcher::Token(pattern) => pattern.gate(),
            Matcher::Folded(pattern) => pattern.gate(),
            Matcher::Cased(pattern) => pattern.gate(),
            Matcher::HexWord(..) => Gate::ALWAYS,
        }
    }

    /// Hands over all non-overlapping matches, left to right.
    fn each(&self, text: &Text<'_>, take: impl FnMut(ByteSpan)) {
        match self {
            Matcher::Token(pattern) => pattern.find_iter(text).for_each(take),
            Matcher::Folded(pattern) => pattern.find_iter(text).map(|span| text.bytes(span)).for_each(take),
            Matcher::Cased(pattern) => pattern.find_iter(text).for_each(take),
            Matcher::HexWord(set, rest) => hex_words(text, *set, rest).for_each(take),
        }
    }

    fn is_match(&self, text: &Text<'_>) -> bool {
        match self {
            Matcher::Token(pattern) => pattern.is_match(text),
            Matcher::Folded(pattern) => pattern.is_match(text),
            Matcher::Cased(pattern) => pattern.is_match(text),
            Matcher::HexWord(set, rest) => hex_words(text, *set, rest).next().is_some(),
        }
    }
}

/// Words of exactly 32 characters of `set`, letters and digits, between word edges, with what follows them.
fn hex_words<'t>(text: &'t Text<'_>, set: AsciiSet, rest: &'t Form) -> impl Iterator<Item = ByteSpan> + 't {
    let raw = text.raw();
    let words = text.long_runs_of(HEX_WORD, move |b| set.has(b)).filter(|run| run.len() == HEX_WORD);
    words.filter_map(move |word| {
        if chars::word_before(raw, word.start) || chars::word_at(raw, word.end) {
            return None;
        }
        let end = rest.end_from(raw, word.end)?;
        Some(ByteSpan { start: word.start, end })
    })
}

/// Texts that excuse a match which contains one of them.
enum Exceptions {
    /// The texts; one that is no text fails the evaluation once it is asked.
    Texts(Vec<Option<String>>),
    /// A value that cannot be gone through: fails the evaluation once anything matches.
    Unusable,
}

impl Exceptions {
    fn new(value: &Value) -> Self {
        Exceptions::Texts(match value {
            Value::List(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
            // Python goes through a string by its characters and through an object by its keys.
            Value::Str(text) => text.chars().map(|c| Some(c.to_string())).collect(),
            Value::Map(map) => map
                .iter()
                .map(|(key, _)| match key {
                    Key::Str(text) => Some(text.to_string()),
                    Key::Odd(_) => None,
                })
                .collect(),
            _ => return Exceptions::Unusable,
        })
    }

    fn cover(&self, matched: &str) -> Result<bool, EvalError> {
        let Exceptions::Texts(texts) = self else {
            return Err(EvalError::new("`exceptions` must be a list of strings"));
        };
        for text in texts {
            match text {
                Some(text) if matched.contains(text.as_str()) => return Ok(true),
                Some(_) => {}
                None => return Err(EvalError::new("`exceptions` holds something else than a string")),
            }
        }
        Ok(false)
    }
}

/// Whether the Shannon entropy of a text of at least 20 characters reaches 3.5 bits a character.
///
/// Summed in doubles over the characters in order of first appearance, as in the reference: for some texts of
/// exactly 3.5 bits the order decides.
fn is_random(text: &str) -> bool {
    let mut counts = [0u32; 256];
    let mut order = Vec::with_capacity(64);
    for &b in text.as_bytes() {
        if counts[usize::from(b)] == 0 {
            order.push(b);
        }
        counts[usize::from(b)] += 1;
    }
    #[allow(clippy::cast_precision_loss)]
    let length = text.len() as f64;
    let mut entropy = 0.0;
    for b in order {
        let p = f64::from(counts[usize::from(b)]) / length;
        entropy -= p * p.log2();
    }
    text.len() >= 20 && entropy >= 3.5
}

/// Whether the lengths of a token's header and payload are such as base64 can have.
fn is_jwt(token: &str) -> bool {
    token.split('.').take(2).all(|part| part.len() % 4 != 1)
}

/// Replaces the spans one after the other, from the last to the first, each by its place in the ORIGINAL text.
///
/// Overlapping spans are not merged: a replacement cuts the text as it then stands at offsets that were true before
/// it changed, and so loses text behind the placeholder. The reference does that, literally.
fn blot_out(text: &str, mut spans: Vec<CharSpan>) -> String {
    spans.sort_by_key(|span| std::cmp::Reverse(span.start));
    let original: Vec<char> = text.chars().collect();
    // What stands behind the last replaced place, backwards: cutting its front is cutting the vector's end.
    let mut tail: Vec<char> = Vec::new();
    let mut tail_at = original.len();
    for span in spans {
        if span.end >= tail_at {
            tail.truncate(tail.len().saturating_sub(span.end - tail_at));
        } else {
            tail.extend(original[span.end..tail_at].iter().rev());
        }
        tail.extend(PLACEHOLDER.chars().rev());
        tail_at = span.start;
    }
    original[..tail_at].iter().copied().chain(tail.into_iter().rev()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;
    use crate::value::parse_json;

    fn inspect(config: &str, text: &str) -> Result<Finding, EvalError> {
        let Ok(Value::Map(section)) = parse_json(config) else { panic!("{config}") };
        let mut needles = NeedleSet::new();
        let detector = build(&section, &mut needles)?;
        let prefilter = needles.build();
        detector.inspect(&Text::new(text, &prefilter), &Request::new(text, Stage::Input))
    }

    fn ids(text: &str) -> Vec<String> {
        inspect("{}", text).unwrap().hits.iter().map(|h| h.id.to_string()).collect()
    }

    /// `<24>` becomes 24 letters and digits, `<h32>` 32 hex digits.
    fn expand(example: &str) -> String {
        let mut out = String::new();
        let mut rest = example;
        while let Some((before, after)) = rest.split_once('<') {
            let (count, after) = after.split_once('>').unwrap();
            let alphabet = if count.starts_with('h') { "0123456789abcdef" } else { "a1B2c3D4e5F6g7H8i9J0kL" };
            out.push_str(before);
            out.extend(alphabet.chars().cycle().take(count.trim_start_matches('h').parse().unwrap()));
            rest = after;
        }
        out + rest
    }

    #[test]
    fn every_rule_fires_on_its_examples_only() {
        for rule in RULES {
            for example in rule.hits {
                assert!(ids(&expand(example)).iter().any(|id| id == rule.id), "{} misses {example}", rule.id);
            }
            for example in rule.misses {
                assert!(!ids(&expand(example)).iter().any(|id| id == rule.id), "{} hits {example}", rule.id);
            }
        }
    }

    #[test]
    fn one_text_may_hit_several_rules_and_a_rule_several_times() {
        assert_eq!(
            ids(&expand("sk-ant-<24> sk-<24>")),
            ["secrets.openai_key", "secrets.openai_key", "secrets.anthropic_key"]
        );
    }

    #[test]
    fn base64_is_looked_into() {
        let wrap = |text: &str| ::base64::Engine::encode(&::base64::prelude::BASE64_STANDARD, expand(text));
        assert_eq!(ids(&wrap("the key sk-learn and more")), ["secrets.base64_encoded_secret"]);
        assert_eq!(ids(&wrap("token=ghp_<40> and so on")), ["secrets.base64_github_pat_classic"]);
        assert_eq!(ids(&wrap("just some harmless words here")), Vec::<String>::new());
    }

    #[test]
    fn exceptions_are_substrings_and_odd_ones_fail_only_on_a_match() {
        let text = expand("sk-<24>");
        assert!(inspect(r#"{"exceptions": ["a1B2"]}"#, &text).unwrap().hits.is_empty());
        assert!(inspect(r#"{"exceptions": ["zzz"]}"#, &text).unwrap().hits.len() == 1);
        assert!(inspect(r#"{"exceptions": null}"#, "clean").is_ok());
        assert!(inspect(r#"{"exceptions": null}"#, &text).is_err());
        assert!(inspect(r#"{"exceptions": ["zzz", 5]}"#, &text).is_err());
        assert!(inspect(r#"{"action": null}"#, "clean").is_err());
    }

    #[test]
    fn redaction_cuts_by_the_original_offsets() {
        let text = "use sk-ant-abcdefghijklmnopqrstuvwx then keep this trailing sentence intact please";
        let finding = inspect(r#"{"action": "redact"}"#, text).unwrap();
        assert_eq!(finding.sanitized.as_deref(), Some("use [REDACTED]ing sentence intact please"));
        let spans = |pairs: &[(usize, usize)]| pairs.iter().map(|&(start, end)| CharSpan { start, end }).collect();
        assert_eq!(blot_out("é0123456789", spans(&[(2, 3), (5, 6)])), "é0[REDACTED]23[REDACTED]56789");
        assert_eq!(blot_out("0123456789", spans(&[(0, 10), (2, 4), (0, 10)])), "[REDACTED]D]456789");
    }
}
