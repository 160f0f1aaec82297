//! What a policy adds: rules of its own, and prohibited claims.

use super::claim::Claim;
use super::rules::{Disclaimer, Rule, rule};
use crate::engine::{EvalError, items_of};
use crate::text::NeedleSet;
use crate::text::chars;
use crate::text::term::Term;
use crate::value::{Map, Value, python_str};

/// The rules of `custom_rules`. One with an invalid expression, or with lists of the wrong kind, is skipped whole.
pub(super) fn rules(section: &Map, needles: &mut NeedleSet) -> Result<Vec<Rule>, EvalError> {
    const KEY: &str = "custom_rules";
    let Some(list) = section.get(KEY) else { return Ok(Vec::new()) };
    let mut rules = Vec::new();
    for data in items_of(KEY, list)? {
        let Value::Map(data) = data else { return Err(EvalError::config(KEY, &data, "a list of objects")) };
        let Some((prohibited, required, keywords)) = patterns(&data, needles) else { continue };
        let keywords = keywords.iter().map(keyword).collect::<Result<_, _>>()?;
        let name = data.get("name").map_or("custom".into(), python_str);
        let (prohibited, bad_messages) = prohibited.into_iter().unzip();
        rules.push(Rule {
            required,
            bad_messages,
            disclaimer: disclaimer(&data),
            ..rule(&name, keywords, prohibited, needles)
        });
    }
    Ok(rules)
}

/// A prohibited claim, and whether its message is of the wrong kind: then its hit fails.
type Prohibited = (Claim, bool);

/// A rule's expressions and keywords.
fn patterns(data: &Map, needles: &mut NeedleSet) -> Option<(Vec<Prohibited>, Vec<Claim>, Vec<Value>)> {
    let list = |key| data.get(key).map_or(Some(Vec::new()), |value| items_of(key, value).ok());
    let mut prohibited = Vec::new();
    for entry in list("prohibited_patterns")? {
        let claim = Claim::own(entry.get("pattern")?.as_str()?, needles)?;
        let message = entry.get("message").is_some_and(|m| m.as_str().is_none());
        prohibited.push((claim, message));
    }
    let mut required = Vec::new();
    for entry in list("required_text")? {
        required.push(Claim::own(entry.as_str()?, needles)?);
    }
    Some((prohibited, required, list("topic_keywords")?))
}

fn keyword(value: &Value) -> Result<Term, EvalError> {
    let text = value.as_str().ok_or_else(|| EvalError::config("topic_keywords", value, "a list of strings"))?;
    Ok(Term::substring(chars::lower(text)))
}

/// A rule's disclaimer: an error, raised only once it is looked for, where it is neither text nor falsy.
fn disclaimer(data: &Map) -> Result<Disclaimer, EvalError> {
    const KEY: &str = "disclaimer_text";
    match data.get(KEY).filter(|v| v.truthy()) {
        None => Ok(Disclaimer::default()),
        Some(Value::Str(text)) => Ok(Disclaimer::new(text)),
        Some(other) => Err(EvalError::config(KEY, other, "a string")),
    }
}

/// The expressions of `prohibited_claims`; invalid ones and other values are skipped.
pub(super) fn claims(section: &Map, needles: &mut NeedleSet) -> Result<Vec<Claim>, EvalError> {
    const KEY: &str = "prohibited_claims";
    let Some(list) = section.get(KEY) else { return Ok(Vec::new()) };
    Ok(items_of(KEY, list)?.iter().filter_map(|claim| Claim::own(claim.as_str()?, needles)).collect())
}
