//! `semantic_cache_integrity`: an answer served from a semantic cache, judged by the evidence in the metadata: whose
//! entry it is, how alike the questions are, how old it is.

use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, action_or, float_or, int_or, truthy_or};
use crate::text::{NeedleSet, Text, chars};
use crate::value::{Map, Number, Value, python_float};
use std::collections::HashSet;

const BLOCKS: &[&str] = &["semantic_cache", "cache", "llm_cache", "prompt_cache"];
const HIT: &[&str] = &["hit", "cache_hit", "was_hit", "served_from_cache"];
const SIMILARITY: &[&str] = &["similarity", "score", "cosine", "match_score"];
const TENANT: &[&str] = &["tenant_id", "tenant", "org_id", "owner", "customer_id", "namespace"];
const PARTITIONED: &[&str] = &["partitioned", "tenant_partitioned", "scoped", "namespaced"];
const QUERY: &[&str] = &["cached_query", "cached_prompt", "source_query", "key_text", "matched_query"];
const AGE: &[&str] = &["entry_age_seconds", "age_seconds", "ttl_elapsed_seconds"];
/// Words that say nothing about what is asked.
const STOP_WORDS: &str = "the a an is are was were be to of in on for and or my me i you it this that can do does how \
                          what when where why please with from at by";

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When `action` is no text, or a limit does not convert to a number.
pub fn build(section: &Map, _needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    Ok(Box::new(SemanticCache {
        blocks: action_or(section, "WARN")? == "BLOCK",
        block_cross_tenant: truthy_or(section, "block_cross_tenant", true),
        min_similarity: float_or(section, "min_similarity", 0.90)?,
        min_overlap: float_or(section, "min_token_overlap", 0.30)?,
        require_partitioning: truthy_or(section, "require_partitioning", true),
        max_age: int_or(section, "max_entry_age_seconds", 0)?.max(0),
        stop_words: STOP_WORDS.split(' ').collect(),
    }))
}

struct SemanticCache {
    blocks: bool,
    block_cross_tenant: bool,
    min_similarity: f64,
    min_overlap: f64,
    require_partitioning: bool,
    /// Seconds; 0 is no limit.
    max_age: i64,
    stop_words: HashSet<&'static str>,
}

impl Detector for SemanticCache {
    fn inspect(&self, text: &Text<'_>, request: &Request<'_>) -> Result<Finding, EvalError> {
        let Some(metadata) = request.metadata.map() else { return Ok(Finding::clean()) };
        let Some(cache) = metadata.first(BLOCKS, Value::as_map).filter(|c| !c.is_empty()) else {
            return Ok(Finding::clean());
        };
        let similarity = first(cache, SIMILARITY);
        match first(cache, HIT) {
            Some(Value::Bool(false)) => return Ok(Finding::clean()),
            None if similarity.is_none() => return Ok(Finding::clean()),
            _ => {}
        }
        let mut hits = Vec::new();
        let mut hit = |id: &'static str, severity| hits.push(RuleHit::new(id, severity));
        let tenancy = self.tenancy(cache, request.identity.tenant_id);
        if let Some(rule) = tenancy {
            hit(rule, Severity::High);
        }
        let similarity = match similarity {
            Some(value) => real(value)?,
            None => cache.get("distance").map_or(Ok(None), real)?.map(|distance| 1.0 - distance),
        };
        if similarity.is_some_and(|s| s < self.min_similarity) {
            hit("semantic_cache_integrity.low_similarity_hit", Severity::Medium);
        }
        if let Some(query) = first(cache, QUERY).and_then(Value::as_filled_str)
            && self.diverges(text.lower(), &chars::lower(query))
        {
            hit("semantic_cache_integrity.query_divergence", Severity::High);
        }
        if self.max_age != 0
            && let Some(age) = first(cache, AGE)
            && self.is_stale(age)?
        {
            hit("semantic_cache_integrity.stale_cache_entry", Severity::Medium);
        }
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        let blocks = self.blocks || tenancy == Some(CROSS_TENANT) && self.block_cross_tenant;
        Ok(Finding::of(if blocks { Decision::Block } else { Decision::Warn }, hits))
    }
}

const CROSS_TENANT: &str = "semantic_cache_integrity.cross_tenant_cache_hit";

impl SemanticCache {
    /// The rule that the entry's owner breaks, if any.
    fn tenancy(&self, cache: &Map, requesting: &str) -> Option<&'static str> {
        let owner = first(cache, TENANT);
        let requesting = chars::trim(requesting);
        if let Some(owner) = owner.and_then(Value::as_filled_str)
            && !requesting.is_empty()
        {
            return (owner != requesting).then_some(CROSS_TENANT);
        }
        let shared = match first(cache, PARTITIONED) {
            Some(Value::Bool(false)) => true,
            None => owner.is_none(),
            Some(_) => false,
        };
        (self.require_partitioning && shared).then_some("semantic_cache_integrity.unpartitioned_cache")
    }

    fn diverges(&self, lowered: &str, query: &str) -> bool {
        let (asked, cached) = (self.words(lowered), self.words(query));
        if asked.is_empty() || cached.is_empty() {
            return false;
        }
        #[allow(clippy::cast_precision_loss)]
        let overlap = asked.intersection(&cached).count() as f64 / asked.union(&cached).count() as f64;
        overlap < self.min_overlap
    }

    fn words<'t>(&self, lowered: &'t str) -> HashSet<&'t str> {
        lowered
            .split(|c: char| !matches!(c, 'a'..='z' | '0'..='9' | '\''))
            .filter(|w| !w.is_empty() && !self.stop_words.contains(w))
            .collect()
    }

    fn is_stale(&self, age: &Value) -> Result<bool, EvalError> {
        let whole = match age {
            Value::Float(f) if !f.is_finite() => {
                return Err(EvalError::config("entry_age_seconds", age, "a finite one"));
            }
            Value::Float(f) => Number::Float(f.trunc()),
            Value::Int(i) => Number::Int(*i),
            Value::BigInt(digits) => Number::Big(digits.clone()),
            _ => return Ok(false),
        };
        Ok(whole > Number::Int(self.max_age))
    }
}

/// The value under the first key that has one other than null, usable or not.
fn first<'m>(map: &'m Map, keys: &[&str]) -> Option<&'m Value> {
    map.first(keys, |value| (!value.is_null()).then_some(value))
}

/// A number that is no boolean; a whole number beyond the doubles fails.
fn real(value: &Value) -> Result<Option<f64>, EvalError> {
    match value {
        Value::Float(f) => Ok(Some(*f)),
        Value::Int(_) | Value::BigInt(_) => match python_float(value) {
            Some(f) => Ok(Some(f)),
            None => Err(EvalError::config("similarity", value, "one that fits a double")),
        },
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;
    use crate::engine::Metadata;
    use crate::text::Prefilter;
    use crate::value::parse_json;

    fn rules(config: &str, text: &str, metadata: &str) -> Vec<String> {
        let (Value::Map(section), Value::Map(metadata)) = (parse_json(config).unwrap(), parse_json(metadata).unwrap())
        else {
            panic!("objects")
        };
        let detector = build(&section, &mut NeedleSet::new()).unwrap();
        let none = Prefilter::none();
        let request = Request { metadata: Metadata::from_map(metadata), ..Request::new(text, Stage::Input) };
        let finding = detector.inspect(&Text::new(text, &none), &request).unwrap();
        let rule = |h: &RuleHit| h.id.as_str().trim_start_matches("semantic_cache_integrity.").to_owned();
        finding.hits.iter().map(rule).collect()
    }

    #[test]
    fn ones_own_entry_needs_no_partition_flag() {
        assert!(rules("{}", "", r#"{"cache": {"hit": true, "tenant": "benchmark", "scoped": false}}"#).is_empty());
        assert_eq!(rules("{}", "", r#"{"cache": {"hit": true, "tenant": "b"}}"#), ["cross_tenant_cache_hit"]);
        assert_eq!(rules("{}", "", r#"{"cache": {"hit": true}}"#), ["unpartitioned_cache"]);
        assert!(rules("{}", "", r#"{"cache": {"hit": true, "tenant": 5}}"#).is_empty());
    }

    #[test]
    fn the_first_value_counts_even_when_it_is_useless() {
        let own = |rest: &str| format!(r#"{{"cache": {{"hit": 1, "tenant": "benchmark", {rest}}}}}"#);
        assert_eq!(rules("{}", "", &own(r#""score": 0.5"#)), ["low_similarity_hit"]);
        assert!(rules("{}", "", &own(r#""similarity": "x", "score": 0.5, "distance": 1"#)).is_empty());
        assert_eq!(rules("{}", "", &own(r#""distance": 0.2"#)), ["low_similarity_hit"]);
        assert!(rules("{}", "", &own(r#""distance": 0.1"#)).is_empty());
    }

    #[test]
    fn questions_are_compared_by_their_words() {
        let own =
            |query: &str| format!(r#"{{"cache": {{"hit": 1, "tenant": "benchmark", "cached_query": "{query}"}}}}"#);
        assert!(rules("{}", "When does the ferry leave?", &own("ferry leave time")).is_empty());
        assert_eq!(rules("{}", "When does the ferry leave?", &own("opening hours of the bank")), ["query_divergence"]);
        assert!(rules("{}", "what is the", &own("opening hours")).is_empty());
    }

    #[test]
    fn age_counts_whole_seconds() {
        let config = r#"{"max_entry_age_seconds": "60"}"#;
        let own = |age: &str| format!(r#"{{"cache": {{"hit": 1, "tenant": "benchmark", "age_seconds": {age}}}}}"#);
        assert!(rules(config, "", &own("60.9")).is_empty());
        assert_eq!(rules(config, "", &own("61")), ["stale_cache_entry"]);
        assert!(rules(config, "", &own("\"61\"")).is_empty());
    }
}
