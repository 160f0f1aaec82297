//! Groundedness: the share of an answer's claims whose words mostly stand in its sources.

use super::words::{Stop, content, longer_than, sentences};
use super::{Answer, Scored, share};
use crate::text::chars;
use crate::value::{Map, Value, python_str};
use std::collections::HashSet;

/// Sentences of this many characters or fewer are no claims.
const SHORT: usize = 10;
/// The share of a claim's content words that must stand in the sources.
const OVERLAP: f64 = 0.3;

pub(super) fn score(answer: &Answer<'_>) -> Option<Scored> {
    let sources = answer.metadata.map(sources).unwrap_or_default();
    let claims: Vec<&str> = sentences(answer.output).into_iter().filter(|s| longer_than(s, SHORT)).collect();
    if sources.is_empty() || claims.is_empty() {
        return Some((1.0, None));
    }
    let sources: Vec<_> = sources.iter().map(|source| chars::lower(source)).collect();
    let known: HashSet<&str> = sources.iter().flat_map(|source| content(source, Stop::A)).collect();
    let grounded = claims.iter().filter(|claim| is_grounded(claim, &known)).count();
    let parts = vec![("grounded_sentences", share(grounded, 1)), ("total_sentences", share(claims.len(), 1))];
    Some((share(grounded, claims.len()), Some(parts)))
}

fn is_grounded(claim: &str, known: &HashSet<&str>) -> bool {
    let lowered = chars::lower(claim);
    let (mut words, mut found) = (0, 0);
    for word in content(&lowered, Stop::A) {
        words += 1;
        found += usize::from(known.contains(word));
    }
    words > 0 && share(found, words) >= OVERLAP
}

/// The texts of the sources that the metadata names, blank ones left out.
fn sources(metadata: &Map) -> Vec<String> {
    let mut sources: Vec<String> = metadata.get("source_context").map(python_str).into_iter().collect();
    match metadata.get("grounding_sources") {
        None | Some(Value::Null) => {}
        Some(Value::List(items)) => sources.extend(items.iter().map(source_text)),
        Some(one) => sources.push(source_text(one)),
    }
    sources.retain(|source| !chars::trim(source).is_empty());
    sources
}

fn source_text(source: &Value) -> String {
    match source {
        Value::Map(map) => {
            map.first(&["text", "content", "body"], |v| v.truthy().then(|| python_str(v))).unwrap_or_default()
        }
        other => python_str(other),
    }
}
