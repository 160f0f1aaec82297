//! The detector `topic_restriction`: blocks configured topics, or everything that is not about an allowed one.
//!
//! With `allowed_topics` any keyword of any of them admits the text. Without, each blocked topic's first pattern that
//! occurs is judged by the sentence around it ([`sentence`]): where that only informs or warns, the topic is dropped.

mod sentence;

use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, RuleId, items_of, number_or, truthy_or};
use crate::text::term::{Term, TermList};
use crate::text::{CharSpan, NeedleSet, Prefilter, Text, chars};
use crate::value::{Map, Value, parse_json};
use sentence::Classifier;
use std::collections::HashSet;

/// Per topic: its name, whether its context is checked, its phrases and broad terms, in the order of evaluation.
const VOCABULARY: &str = include_str!("vocabulary.json");

/// The risk of a text that is off topic.
const OFF_TOPIC_RISK: u8 = 80;

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When the configuration is one that the reference cannot use.
pub fn build(section: &Map, needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let vocabulary = Vocabulary::read();
    let synonyms = truthy_or(section, "use_synonyms", true);
    let custom = section.get("custom_synonyms");
    let allowed = allowed_topics(section)?;
    if !allowed.is_empty() {
        let mut keywords = Vec::new();
        for topic in &allowed {
            keywords.push(topic.clone());
            if let Some(known) = vocabulary.topic(topic).filter(|_| synonyms) {
                keywords.extend(known.phrases.iter().chain(&known.broad).cloned());
            }
            let words: Vec<&str> = topic.split(chars::is_space).filter(|w| !w.is_empty()).collect();
            if words.len() > 1 {
                keywords.extend(words.into_iter().filter(|w| w.chars().count() >= 3).map(str::to_owned));
            }
            keywords.extend(custom_synonyms(custom, topic)?);
        }
        let keywords = TermList::new(keywords.into_iter().map(Term::by_space).collect(), needles);
        return Ok(Box::new(AllowedTopics { keywords }));
    }
    let mut topics = Vec::new();
    let mut seen = HashSet::new();
    for name in blocked_topics(section, &vocabulary)? {
        // A repeated topic that hit is not tried again, and one that did not would not hit now.
        if !seen.insert(name.clone()) {
            continue;
        }
        let known = vocabulary.topic(&name);
        let mut patterns = vec![name.clone()];
        patterns.extend(known.filter(|_| synonyms).iter().flat_map(|t| t.phrases.iter().cloned()));
        patterns.extend(custom_synonyms(custom, &name)?);
        patterns.extend(known.filter(|_| synonyms).iter().flat_map(|t| t.broad.iter().cloned()));
        topics.push(Topic {
            id: format!("topic.{}", name.replace(' ', "_")).into(),
            context_checked: known.is_none_or(|t| t.context_checked),
            patterns: TermList::new(patterns.into_iter().map(Term::by_space).collect(), needles),
        });
    }
    Ok(Box::new(BlockedTopics {
        topics,
        classifier: truthy_or(section, "context_aware", true).then(Classifier::new),
        block_at: number_or(section, "block_threshold", 40.0),
        no_needles: Prefilter::none(),
    }))
}

/// What the vocabulary has for a topic.
struct KnownTopic {
    name: String,
    context_checked: bool,
    phrases: Vec<String>,
    broad: Vec<String>,
}

struct Vocabulary(Vec<KnownTopic>);

impl Vocabulary {
    fn read() -> Self {
        let texts = |topic: &Value, key: &str| -> Vec<String> {
            let list = topic.get(key).and_then(Value::as_list).unwrap_or_default();
            list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let data = parse_json(VOCABULARY).unwrap_or(Value::Null);
        let topics = data.get("topics").and_then(Value::as_list).unwrap_or_default();
        let topic = |topic: &Value| KnownTopic {
            name: topic.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
            context_checked: topic.get("context_checked").is_some_and(Value::truthy),
            phrases: texts(topic, "phrases"),
            broad: texts(topic, "broad_terms"),
        };
        Vocabulary(topics.iter().map(topic).collect())
    }

    fn topic(&self, name: &str) -> Option<&KnownTopic> {
        self.0.iter().find(|t| t.name == name)
    }
}

fn lowered(key: &str, item: &Value) -> Result<String, EvalError> {
    let text = item.as_str().ok_or_else(|| EvalError::config(key, item, "a list of strings"))?;
    Ok(chars::lower(text).into_owned())
}

/// `allowed_topics`, lowered and trimmed, without blank ones.
fn allowed_topics(section: &Map) -> Result<Vec<String>, EvalError> {
    const KEY: &str = "allowed_topics";
    let Some(value) = section.get(KEY).filter(|v| v.truthy()) else { return Ok(Vec::new()) };
    let mut topics = Vec::new();
    for item in items_of(KEY, value)?.iter().filter(|i| i.truthy()) {
        let topic = chars::trim(&lowered(KEY, item)?).to_owned();
        if !topic.is_empty() {
            topics.push(topic);
        }
    }
    Ok(topics)
}

/// `blocked_topics`, lowered; the vocabulary's topics when there is none.
fn blocked_topics(section: &Map, vocabulary: &Vocabulary) -> Result<Vec<String>, EvalError> {
    const KEY: &str = "blocked_topics";
    match section.get(KEY).filter(|v| v.truthy()) {
        None => Ok(vocabulary.0.iter().map(|t| t.name.clone()).collect()),
        Some(value) => items_of(KEY, value)?.iter().map(|item| lowered(KEY, item)).collect(),
    }
}

/// The policy's own synonyms of a topic, lowered.
fn custom_synonyms(custom: Option<&Value>, topic: &str) -> Result<Vec<String>, EvalError> {
    const KEY: &str = "custom_synonyms";
    let Some(custom) = custom else { return Ok(Vec::new()) };
    match custom {
        Value::Map(map) => map
            .get(topic)
            .map_or(Ok(Vec::new()), |own| items_of(KEY, own)?.iter().map(|item| lowered(KEY, item)).collect()),
        // Only a lookup that finds something fails on a list or a text.
        Value::List(list) if !list.iter().any(|i| i.as_str() == Some(topic)) => Ok(Vec::new()),
        Value::Str(text) if !text.contains(topic) => Ok(Vec::new()),
        other => Err(EvalError::config(KEY, other, "an object")),
    }
}

/// Whitelist mode.
struct AllowedTopics {
    keywords: TermList,
}

impl Detector for AllowedTopics {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        if self.keywords.matches(text).next().is_some() {
            return Ok(Finding::clean());
        }
        let mut finding = Finding::of(Decision::Block, vec![RuleHit::new("topic.off_topic", Severity::High)]);
        finding.risk = OFF_TOPIC_RISK;
        Ok(finding)
    }
}

/// Blocklist mode.
struct BlockedTopics {
    topics: Vec<Topic>,
    /// None: every match is a hit.
    classifier: Option<Classifier>,
    /// A threshold of the wrong kind fails only where it is compared.
    block_at: Result<f64, EvalError>,
    /// Sentences are searched for no needles.
    no_needles: Prefilter,
}

/// A blocked topic.
struct Topic {
    id: RuleId,
    context_checked: bool,
    /// In the order in which they are tried; only the first that occurs counts.
    patterns: TermList,
}

impl Detector for BlockedTopics {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        let mut hits = Vec::new();
        for topic in &self.topics {
            let Some(at) = topic.patterns.matches(text).next() else { continue };
            if self.counts(topic, &topic.patterns.terms()[at], text) {
                hits.push(RuleHit::new(topic.id.clone(), Severity::High));
            }
        }
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        Ok(Finding::block_or_warn(hits, self.block_at.clone()?))
    }
}

impl BlockedTopics {
    fn counts(&self, topic: &Topic, pattern: &Term, text: &Text<'_>) -> bool {
        let Some(classifier) = self.classifier.as_ref().filter(|_| topic.context_checked) else { return true };
        let sentence = Text::new(sentence_of(pattern, text), &self.no_needles);
        classifier.kind(sentence.lower_folded()).counts()
    }
}

/// A sentence longer than this is replaced by a window around the pattern.
const LONG_SENTENCE: usize = 120;
/// What the window keeps on either side of the pattern.
const MARGIN: usize = 60;

/// The sentence around the first place where the lowered text has the pattern as a substring, which may lie inside
/// another word. The place is taken for one of the text itself: with U+0130 before it they differ.
fn sentence_of<'t>(pattern: &Term, text: &'t Text<'_>) -> &'t str {
    let Some(at) = pattern.first_in_lower(text) else { return text.raw() };
    let folded = text.folded();
    let place = at.min(folded.len());
    let ends = |b: &u8| matches!(b, b'.' | b'!' | b'?');
    let start = folded[..place].iter().rposition(ends).map_or(0, |i| i + 1);
    let end = folded[place..].iter().position(ends).map_or(folded.len(), |i| place + i + 1);
    let sentence = chars::trim(text.slice(CharSpan { start, end }));
    if sentence.len() <= LONG_SENTENCE || sentence.chars().nth(LONG_SENTENCE).is_none() {
        return sentence;
    }
    let end = (at + pattern.as_str().chars().count() + MARGIN).min(folded.len());
    let start = at.saturating_sub(MARGIN).min(end);
    chars::trim(text.slice(CharSpan { start, end }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;

    fn inspect(section: &str, text: &str) -> Result<(u8, Vec<String>), EvalError> {
        let Ok(Value::Map(section)) = parse_json(section) else { panic!("{section}") };
        let mut needles = NeedleSet::new();
        let detector = build(&section, &mut needles)?;
        let prefilter = needles.build();
        let finding = detector.inspect(&Text::new(text, &prefilter), &Request::new(text, Stage::Input))?;
        Ok((finding.risk, finding.hits.iter().map(|h| h.id.to_string()).collect()))
    }

    #[test]
    fn the_vocabulary_has_eighteen_topics_with_phrases() {
        let vocabulary = Vocabulary::read();
        assert_eq!(vocabulary.0.len(), 18);
        assert!(vocabulary.0.iter().all(|t| !t.name.is_empty() && !t.phrases.is_empty()));
    }

    #[test]
    fn the_first_pattern_of_a_topic_decides() {
        let hit = |text| inspect("{}", text).unwrap().1;
        assert_eq!(hit("give me a diagnosis please"), ["topic.medical_advice"]);
        assert_eq!(hit("My past notes say political party. Please vote for me."), [""; 0]);
        assert_eq!(hit("My past notes say vote for me. Please tell me about the political party."), ["topic.politics"]);
    }

    #[test]
    fn long_sentences_are_cut_around_the_pattern() {
        let text = format!("history {} give me a diagnosis", "word ".repeat(30));
        assert_eq!(inspect("{}", &text).unwrap().1, ["topic.medical_advice"]);
    }

    #[test]
    fn allowed_topics_refuse_everything_else() {
        let section =
            r#"{"allowed_topics": [" Cooking the books "], "custom_synonyms": {"cooking the books": ["Stew"]}}"#;
        assert_eq!(inspect(section, "a stew").unwrap().0, 0);
        assert_eq!(inspect(section, "the").unwrap().0, 0);
        assert_eq!(inspect(section, "stews").unwrap(), (80, vec!["topic.off_topic".to_owned()]));
    }

    #[test]
    fn wrong_configuration_fails_when_the_reference_does() {
        assert!(inspect(r#"{"allowed_topics": 5}"#, "").is_err());
        assert!(inspect(r#"{"allowed_topics": 0}"#, "").is_ok());
        assert!(inspect(r#"{"blocked_topics": ["zz"], "custom_synonyms": {"zz": null}}"#, "").is_err());
        assert!(inspect(r#"{"blocked_topics": ["zz"], "custom_synonyms": {"yy": null}}"#, "").is_ok());
        assert!(inspect(r#"{"blocked_topics": ["zz"], "block_threshold": null}"#, "zz").is_err());
    }
}
