//! The detector `jailbreak`: phrases of jailbreaks, prompt injections and harmful requests, also in base64 and
//! `\x` escapes.
//!
//! | step | what |
//! |---|---|
//! | decode | base64 runs and `\x` runs of the text become texts of their own ([`decode`]); any one is a hit |
//! | match | each text meets the phrases of `phrases.json` in their order, then the policy's keywords; an id hits once |
//! | suppress | contexts of the original text take back the hits that they explain ([`SUPPRESSIONS`]) |
//! | role-play | mere role-play is no hit when nothing in the text speaks of a model without rules |
//!
//! The detector's conversation history adds nothing for a first-seen conversation, which every sample is.

mod decode;

use super::vocabulary::{Row, phrases, read_as};
use crate::api::Severity;
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, RuleId, truthy_or};
use crate::text::grammar::PhraseSet;
use crate::text::literals::Needs;
use crate::text::{CasedPattern, NeedleSet, Text};
use crate::value::{Map, Value};
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) const PHRASES: &str = include_str!("phrases.json");

/// What each phrase needs.
pub(super) const NEEDS: &str = include_str!("phrases.needs.json");

/// The phrases as they are written.
#[derive(Deserialize)]
struct Vocabulary<'v> {
    /// Names and phrases.
    #[serde(borrow)]
    contexts: IndexMap<&'v str, &'v RawValue>,
    matchers: Vec<Row<'v>>,
}

/// What the phrases with a gate need.
#[derive(Deserialize)]
struct VocabularyNeeds {
    matchers: Vec<Needs>,
}

/// Contexts of the original text (any of them, by name) and the rules whose hits they take back.
const SUPPRESSIONS: &[(&[&str], &[&str])] = &[
    (
        &["definitional_question"],
        &[
            "jailbreak.specific_crime/harmful_act_key",
            "jailbreak.first-person_harm_how-to",
            "jailbreak.harm-person_statement",
            "jailbreak.euphemistic_harm_how-to",
            "jailbreak.elimination_of_people",
            "jailbreak.euphemistic_life_termination",
        ],
    ),
    (
        &["historical_question"],
        &[
            "jailbreak.harm-person_statement",
            "jailbreak.kill_a_person_intent",
            "jailbreak.shooting_a_public_official",
            "jailbreak.shooting_official_2",
            "jailbreak.harm_people_at_location",
        ],
    ),
    (
        &["fictional_location", "non_human_group"],
        &[
            "jailbreak.group_rights_restriction_(why_",
            "jailbreak.can_you_list_discrimination_re",
            "jailbreak.why_is_it_best_for_group_discr",
            "jailbreak.why_is_it_best_that_group_(fra",
            "jailbreak.group_inferiority_claim",
            "jailbreak.explain_group_exclusion",
            "jailbreak.why_should_group_be_discrimina",
            "jailbreak.advocating_rights_removal",
        ],
    ),
    (
        &["multiple_choice"],
        &[
            "jailbreak.unauthorized_hacking_request",
            "jailbreak.hacking_how-to",
            "jailbreak.vulnerability_exploitation_req",
            "jailbreak.vulnerability_exploitation_str",
        ],
    ),
    (&["task_template"], &["jailbreak.markdown_injection_attempt"]),
];

/// Hits that mean nothing by themselves, unless the text matches [`DANGEROUS_MODIFIER`].
const ROLE_PLAY: &[&str] = &[
    "jailbreak.role-play_jailbreak_attempt",
    "jailbreak.role-play_attempt",
    "jailbreak.role_confusion_attempt",
    "jailbreak.identity_replacement_jailbreak",
    "jailbreak.narrative_jailbreak_attempt",
    "jailbreak.hypothetical_framing_jailbreak",
    "jailbreak.persistent_persona_override",
];

const DANGEROUS_MODIFIER: &str = "dangerous_modifier";
const ENCODED: &str = "jailbreak.encoded_content";
const KEYWORD: &str = "jailbreak.multilingual_jailbreak_keyword";

/// A rule: several phrases may stand for one.
struct Rule {
    id: RuleId,
    severity: Severity,
    /// Contexts of which any takes the rule's hit back, as a set of bits (places in `Jailbreak::contexts`).
    suppressed_by: u32,
    role_play: bool,
}

struct Jailbreak {
    phrases: PhraseSet,
    /// The rule of each phrase.
    rule_of: Vec<u16>,
    rules: Vec<Rule>,
    contexts: PhraseSet,
    dangerous_modifier: usize,
    keywords: Vec<Keyword>,
    keyword_rule: u16,
    encoded_rule: u16,
    decodes: bool,
    threshold: Value,
}

/// A phrase of the policy: a plain substring in either case.
enum Keyword {
    /// The empty text is in every text.
    Everywhere,
    Pattern(CasedPattern),
}

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When the configuration is one that the reference cannot use.
pub fn build(section: &Map, needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    Ok(Box::new(Jailbreak::new(section, needles)?))
}

impl Jailbreak {
    fn new(section: &Map, needles: &mut NeedleSet) -> Result<Self, EvalError> {
        let Vocabulary { contexts, matchers } = read_as(PHRASES)?;
        let needs: VocabularyNeeds = read_as(NEEDS)?;
        let context = |name: &str| contexts.get_index_of(name);

        let mut rules = Vec::new();
        let mut places = std::collections::HashMap::new();
        let mut rule = |id: &str, severity| {
            *places.entry(id.to_owned()).or_insert_with(|| {
                let suppressed_by = SUPPRESSIONS
                    .iter()
                    .filter(|(_, rules)| rules.contains(&id))
                    .flat_map(|(contexts, _)| contexts.iter().filter_map(|c| context(c)))
                    .fold(0, |set, c| set | 1 << c);
                let id = RuleId::from(id.to_owned());
                let role_play = ROLE_PLAY.contains(&id.as_str());
                rules.push(Rule { id, severity, suppressed_by, role_play });
                #[allow(clippy::cast_possible_truncation)]
                let place = (rules.len() - 1) as u16;
                place
            })
        };
        let rule_of = matchers.iter().map(|m| rule(m.name, m.severity)).collect();
        let keyword_rule = rule(KEYWORD, Severity::High);
        let encoded_rule = rule(ENCODED, Severity::Medium);
        Ok(Jailbreak {
            phrases: phrases(&matchers, needs.matchers, needles)?,
            rule_of,
            rules,
            dangerous_modifier: context(DANGEROUS_MODIFIER).unwrap_or(usize::MAX),
            contexts: PhraseSet::ungated(contexts.values().map(|phrase| phrase.get())),
            keywords: keywords(section, needles)?,
            keyword_rule,
            encoded_rule,
            decodes: truthy_or(section, "detect_encoding", true),
            threshold: section.get("threshold").cloned().unwrap_or(Value::Int(50)),
        })
    }

    /// Adds the rules that a text matches and that are not among the hits yet.
    fn collect(&self, text: &Text<'_>, hits: &mut Vec<u16>) {
        for i in self.phrases.candidates(text) {
            let rule = self.rule_of[i];
            if !hits.contains(&rule) && self.phrases.has(i, text) {
                hits.push(rule);
            }
        }
        if !hits.contains(&self.keyword_rule) && self.keywords.iter().any(|k| k.is_in(text)) {
            hits.push(self.keyword_rule);
        }
    }

    /// Takes back what the original text explains.
    fn suppress(&self, text: &Text<'_>, hits: &mut Vec<u16>) {
        let asked = hits.iter().fold(0, |set, &r| set | self.rules[usize::from(r)].suppressed_by);
        let holds = (0..self.contexts.len())
            .filter(|&c| asked & 1 << c != 0 && self.contexts.occurs(c, text))
            .fold(0u32, |set, c| set | 1 << c);
        hits.retain(|&r| self.rules[usize::from(r)].suppressed_by & holds == 0);
        if hits.iter().all(|&r| self.rules[usize::from(r)].role_play)
            && !hits.is_empty()
            && !self.contexts.occurs(self.dangerous_modifier, text)
        {
            hits.clear();
        }
    }
}

impl Detector for Jailbreak {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        let decoded = if self.decodes { decode::decoded(text) } else { Vec::new() };
        let mut hits = Vec::new();
        if !decoded.is_empty() {
            hits.push(self.encoded_rule);
        }
        self.collect(text, &mut hits);
        for decoded in decoded {
            self.collect(&text.derive(decoded), &mut hits);
        }
        self.suppress(text, &mut hits);
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        let threshold = self
            .threshold
            .as_number()
            .ok_or_else(|| EvalError::config("jailbreak.threshold", &self.threshold, "a number"))?;
        let hits = hits.iter().map(|&r| &self.rules[usize::from(r)]).map(|r| RuleHit::new(r.id.clone(), r.severity));
        Ok(Finding::block_or_warn(hits.collect(), threshold))
    }
}

impl Keyword {
    fn new(keyword: &str, needles: &mut NeedleSet) -> Result<Self, EvalError> {
        if keyword.is_empty() {
            return Ok(Keyword::Everywhere);
        }
        CasedPattern::ignore_case(&regex_syntax::escape(keyword), needles)
            .map(Keyword::Pattern)
            .map_err(|e| EvalError::new(e.to_string()))
    }

    fn is_in(&self, text: &Text<'_>) -> bool {
        match self {
            Keyword::Everywhere => true,
            Keyword::Pattern(pattern) => pattern.is_match(text),
        }
    }
}

/// The policy's own phrases. The reference iterates over whatever stands there: a text gives its characters, an
/// object its keys; what is not text is skipped.
fn keywords(section: &Map, needles: &mut NeedleSet) -> Result<Vec<Keyword>, EvalError> {
    match section.get("keywords") {
        None => Ok(Vec::new()),
        Some(Value::List(items)) => items.iter().filter_map(Value::as_str).map(|k| Keyword::new(k, needles)).collect(),
        Some(Value::Str(text)) => text.chars().map(|c| Keyword::new(c.encode_utf8(&mut [0; 4]), needles)).collect(),
        Some(Value::Map(map)) => map.text_entries().map(|(k, _)| Keyword::new(k, needles)).collect(),
        Some(other) => Err(EvalError::config("jailbreak.keywords", other, "a list of texts")),
    }
}

#[cfg(test)]
mod tests;
