//! The detector `competitor`: mentions of competitors by name, alias or misspelling, weighed by their context.

mod context;
mod fuzzy;

use crate::api::Decision;
use crate::engine::{
    Detector, EvalError, Finding, Request, RuleHit, RuleId, holds, items_of, iterated, number_or, text_or, truthy_or,
};
use crate::text::redact::replace_spans;
use crate::text::term::{Term, TermList};
use crate::text::{Gate, NeedleSet, Prefilter, Text, chars};
use crate::value::{Map, Value};
use context::{Context, Contexts};
use fuzzy::FuzzyName;
use std::collections::HashMap;
use std::sync::Arc;

/// What stands in a name's place.
const MASK: &str = "[COMPETITOR]";

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When the configuration is one that the reference cannot use.
pub fn build(section: &Map, needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    const KEY: &str = "competitors";
    let aliases = aliases(section)?;
    let threshold = truthy_or(section, "fuzzy_matching", true).then(|| number_or(section, "fuzzy_threshold", 85.0));
    let mut names = Vec::new();
    let (mut terms, mut owners) = (Vec::new(), Vec::new());
    for item in iterated(section, KEY)? {
        let name = lowered(KEY, &item)?;
        let alias_terms = aliases.get(&name).into_iter().flatten().map(|alias| Term::word(alias.as_str()));
        for term in std::iter::once(Term::word(name.as_str())).chain(alias_terms) {
            terms.push(term);
            owners.push(names.len());
        }
        names.push(Name {
            id: format!("competitor.{}", name.replace(' ', "_")).into(),
            misspelt: threshold.clone().map(|threshold| Ok(Misspelt::new(&name, threshold?, needles))),
            term: Term::word(name),
        });
    }
    let action = match text_or(section, "action", "") {
        "BLOCK" => Decision::Block,
        "RESTRICT" => Decision::Transform,
        _ => Decision::Warn,
    };
    Ok(Box::new(Competitor {
        names,
        terms: TermList::new(terms, needles),
        owners,
        allowed: section.get("allowlist_contexts").cloned(),
        contexts: Contexts::new(),
        action,
        no_needles: Prefilter::none(),
    }))
}

fn lowered(key: &str, item: &Value) -> Result<String, EvalError> {
    let text = item.as_str().ok_or_else(|| EvalError::config(key, item, "a list of strings"))?;
    Ok(chars::lower(text).into_owned())
}

/// `competitor_aliases`, names and aliases lowered; of names that differ only in case the last one's.
fn aliases(section: &Map) -> Result<HashMap<String, Vec<String>>, EvalError> {
    const KEY: &str = "competitor_aliases";
    let aliases = match section.get(KEY) {
        None => return Ok(HashMap::new()),
        Some(Value::Map(aliases)) => aliases,
        Some(other) => return Err(EvalError::config(KEY, other, "an object")),
    };
    let list = |own: &Value| items_of(KEY, own)?.iter().map(|item| lowered(KEY, item)).collect::<Result<_, _>>();
    aliases.text_entries().map(|(name, own)| Ok((chars::lower(name).into_owned(), list(own)?))).collect()
}

struct Competitor {
    /// In the policy's order, repeats included.
    names: Vec<Name>,
    /// Names and aliases.
    terms: TermList,
    /// Which name each term stands for.
    owners: Vec<usize>,
    /// Contexts in which a mention is no hit; a value of the wrong kind fails only where there is a mention.
    allowed: Option<Value>,
    contexts: Contexts,
    action: Decision,
    /// Redacted texts are searched for no needles.
    no_needles: Prefilter,
}

struct Name {
    id: RuleId,
    term: Term,
    /// Where misspellings are looked for. A threshold of the wrong kind fails only where a word is compared.
    misspelt: Option<Result<Misspelt, EvalError>>,
}

/// A name's misspellings.
struct Misspelt {
    name: Arc<FuzzyName>,
    /// Open when a word of the folded view matches.
    gate: Gate,
}

impl Misspelt {
    fn new(name: &str, threshold: f64, needles: &mut NeedleSet) -> Self {
        let name = Arc::new(FuzzyName::new(name, threshold));
        let gate = if name.is_ascii() {
            let name = Arc::clone(&name);
            needles.gate_words(move |word| name.matches(word.len(), word.iter().map(|&b| char::from(b))))
        } else {
            Gate::ALWAYS
        };
        Misspelt { name, gate }
    }

    fn occurs(&self, text: &Text<'_>) -> bool {
        let matches = |word: &str| self.name.matches(word.chars().count(), word.chars());
        if !self.name.is_ascii() {
            return fuzzy::words(text.lower()).any(matches);
        }
        if !text.is_open(self.gate) {
            // The folded view shows some letters as an ASCII one that the lowered text does not: a word has no less in
            // common with the name there, unless lowering ends it.
            return !text.is_ascii()
                && fuzzy::dotted_words(text.raw()).any(|word| fuzzy::words(&chars::lower(word)).any(matches));
        }
        text.is_lowered_by_folding() || fuzzy::words(text.lower()).any(matches)
    }
}

impl Detector for Competitor {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        let mut mentioned = vec![false; self.names.len()];
        for at in self.terms.matches(text) {
            mentioned[self.owners[at]] = true;
        }
        let mut hits = Vec::new();
        let mut redacted = Vec::new();
        for (name, mentioned) in self.names.iter().zip(mentioned) {
            if !mentioned && !name.is_misspelt(text)? {
                continue;
            }
            let context = self.contexts.of(name.term.as_str(), text.lower());
            if !self.allows(context)? {
                hits.push(RuleHit::new(name.id.clone(), context.severity()));
                redacted.push(&name.term);
            }
        }
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        let sanitized = (self.action == Decision::Transform).then(|| self.redact(text.raw(), &redacted));
        Ok(Finding { sanitized, ..Finding::of(self.action, hits) })
    }
}

impl Name {
    fn is_misspelt(&self, text: &Text<'_>) -> Result<bool, EvalError> {
        match &self.misspelt {
            Some(Ok(misspelt)) => Ok(misspelt.occurs(text)),
            Some(Err(e)) if fuzzy::words(text.lower()).next().is_some() => Err(e.clone()),
            _ => Ok(false),
        }
    }
}

impl Competitor {
    /// Whether mentions in the context are allowed.
    fn allows(&self, context: Context) -> Result<bool, EvalError> {
        self.allowed.as_ref().map_or(Ok(false), |allowed| holds("allowlist_contexts", allowed, context.name()))
    }

    /// The text with the names masked, one name after the other.
    fn redact(&self, text: &str, names: &[&Term]) -> String {
        names.iter().fold(text.to_owned(), |text, name| {
            let view = Text::new(text.as_str(), &self.no_needles);
            replace_spans(&text, name.words(&view), MASK)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;
    use crate::value::parse_json;
    use proptest::prelude::*;

    fn inspect(section: &str, text: &str) -> Result<Finding, EvalError> {
        let Ok(Value::Map(section)) = parse_json(section) else { panic!("{section}") };
        let mut needles = NeedleSet::new();
        let detector = build(&section, &mut needles)?;
        let prefilter = needles.build();
        detector.inspect(&Text::new(text, &prefilter), &Request::new(text, Stage::Input))
    }

    fn hits(section: &str, text: &str) -> Vec<String> {
        let finding = inspect(section, text).unwrap();
        finding.hits.iter().map(|h| format!("{} {}", h.id, h.severity.name())).collect()
    }

    #[test]
    fn names_aliases_and_misspellings_are_found() {
        let section = r#"{"competitors": ["Foo Bar", "acme"], "competitor_aliases": {"FOO bar": ["fb"]}}"#;
        assert_eq!(hits(section, "ACME is bad, FB"), ["competitor.foo_bar medium", "competitor.acme high"]);
        assert_eq!(hits(section, "xacme"), ["competitor.acme medium"]);
        let exact = r#"{"competitors": ["acme"], "fuzzy_matching": false}"#;
        assert_eq!(hits(exact, "xacme"), [""; 0]);
    }

    proptest! {
        #[test]
        fn a_misspelling_is_found_wherever_its_words_show_it(text in "[acmeiIıİſsé ,K]{0,12}") {
            for name in ["acme", "misis", "ima", "ıma"] {
                let mut needles = NeedleSet::new();
                let misspelt = Misspelt::new(name, 75.0, &mut needles);
                let prefilter = needles.build();
                let lower = chars::lower(&text);
                let expected =
                    fuzzy::words(&lower).any(|word| misspelt.name.matches(word.chars().count(), word.chars()));
                prop_assert_eq!(misspelt.occurs(&Text::new(text.as_str(), &prefilter)), expected, "{}", name);
            }
        }
    }

    #[test]
    fn mentions_in_allowed_contexts_are_no_hits() {
        let section = r#"{"competitors": ["acme"], "allowlist_contexts": ["technical"]}"#;
        assert_eq!(hits(section, "the acme api"), [""; 0]);
        assert_eq!(hits(section, "acme"), ["competitor.acme medium"]);
    }

    #[test]
    fn restricting_masks_exact_names_only() {
        let section = r#"{"competitors": ["acme", "Foo Bar", "ibım"], "action": "RESTRICT"}"#;
        let finding = inspect(section, "Acme and foo bar FOO BAR acmes IBIM").unwrap();
        assert_eq!(finding.decision, Some(Decision::Transform));
        assert_eq!(finding.sanitized.as_deref(), Some("[COMPETITOR] and [COMPETITOR] [COMPETITOR] acmes [COMPETITOR]"));
        let empty = inspect(r#"{"competitors": [""], "action": "RESTRICT"}"#, "ab c").unwrap();
        assert_eq!(empty.sanitized.as_deref(), Some("[COMPETITOR]ab[COMPETITOR] [COMPETITOR]c[COMPETITOR]"));
    }

    #[test]
    fn wrong_configuration_fails_when_the_reference_does() {
        assert!(inspect(r#"{"competitors": [5]}"#, "").is_err());
        assert!(inspect(r#"{"competitors": 0}"#, "").is_ok());
        assert!(inspect(r#"{"competitors": [], "competitor_aliases": null}"#, "").is_err());
        assert!(inspect(r#"{"competitors": ["acme"], "fuzzy_threshold": null}"#, "a b").is_ok());
        assert!(inspect(r#"{"competitors": ["acme"], "fuzzy_threshold": null}"#, "bla").is_err());
        assert!(inspect(r#"{"competitors": ["acme"], "allowlist_contexts": null}"#, "acme").is_err());
    }
}
