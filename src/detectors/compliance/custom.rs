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
        let Some((prohibited, required, keywords)) = patterns(&data, needles)? else { continue };
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

/// What a rule asks: its prohibited claims, its required ones and its keywords.
type Patterns = (Vec<Prohibited>, Vec<Claim>, Vec<Value>);

/// A rule's expressions and keywords; none where the rule is to be skipped.
fn patterns(data: &Map, needles: &mut NeedleSet) -> Result<Option<Patterns>, EvalError> {
    let list = |key| data.get(key).map_or(Some(Vec::new()), |value| items_of(key, value).ok());
    let mut own =
        |pattern: Option<&Value>| pattern.and_then(Value::as_str).map_or(Ok(None), |p| Claim::own(p, needles));
    let Some(entries) = list("prohibited_patterns") else { return Ok(None) };
    let mut prohibited = Vec::new();
    for entry in entries {
        let Some(claim) = own(entry.get("pattern"))? else { return Ok(None) };
        let message = entry.get("message").is_some_and(|m| m.as_str().is_none());
        prohibited.push((claim, message));
    }
    let Some(entries) = list("required_text") else { return Ok(None) };
    let mut required = Vec::new();
    for entry in entries {
        let Some(claim) = own(Some(&entry))? else { return Ok(None) };
        required.push(claim);
    }
    Ok(list("topic_keywords").map(|keywords| (prohibited, required, keywords)))
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
    let items = items_of(KEY, list)?;
    items.iter().filter_map(Value::as_str).filter_map(|claim| Claim::own(claim, needles).transpose()).collect()
}
