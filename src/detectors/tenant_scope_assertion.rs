//! `tenant_scope_assertion`: do the retrieved chunks in the metadata belong to the requesting tenant? The text plays
//! no part.

use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, action_or, truthy_or};
use crate::text::{NeedleSet, Text, chars};
use crate::value::{Map, Value};

/// Where a request's retrieval evidence may stand; the first object wins, even an empty one.
const BLOCKS: &[&str] = &["retrieval", "rag", "retrieval_context"];
/// Where chunks may stand; the first list wins, even an empty one.
const CHUNKS: &[&str] = &["chunks", "documents", "results", "hits", "sources"];
/// Who owns a chunk, most specific first.
const OWNERS: &[&str] = &["tenant_id", "tenant", "org_id", "owner", "customer_id", "namespace"];
/// Flags that say the query itself was limited to the tenant.
const SCOPED: &[&str] =
    &["scope_enforced_in_query", "scoped_query", "prefilter", "filter_in_query", "tenant_filter_in_query"];

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When `action` is no text.
pub fn build(section: &Map, _needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    Ok(Box::new(TenantScope {
        blocks: action_or(section, "WARN")? == "BLOCK",
        block_cross_tenant: truthy_or(section, "block_cross_tenant", true),
        require_tags: truthy_or(section, "require_tenant_tags", true),
        require_scoping: truthy_or(section, "require_query_scoping", true),
    }))
}

struct TenantScope {
    blocks: bool,
    block_cross_tenant: bool,
    require_tags: bool,
    require_scoping: bool,
}

impl Detector for TenantScope {
    fn inspect(&self, _text: &Text<'_>, request: &Request<'_>) -> Result<Finding, EvalError> {
        let Some(metadata) = request.metadata.map() else { return Ok(Finding::clean()) };
        let block = metadata.first(BLOCKS, Value::as_map).unwrap_or(metadata);
        let listed = block.first(CHUNKS, Value::as_list).unwrap_or_default();
        let expected = chars::trim(request.identity.tenant_id);
        let (mut chunks, mut untagged, mut hits) = (0usize, false, Vec::new());
        for chunk in listed.iter().filter_map(Value::as_map) {
            chunks += 1;
            match owner(chunk) {
                None => untagged = true,
                Some(owner) if !expected.is_empty() && owner != expected => {
                    hits.push(RuleHit::new("tenant_scope_assertion.cross_tenant_chunk", Severity::High));
                }
                Some(_) => {}
            }
        }
        let cross_tenant = !hits.is_empty();
        if untagged && self.require_tags {
            hits.push(RuleHit::new("tenant_scope_assertion.unattributed_chunk", Severity::High));
        }
        if self.require_scoping && chunks > 0 {
            let mut flags = SCOPED.iter().filter_map(|key| block.get(key)).peekable();
            if flags.peek().is_some() && !flags.any(Value::truthy) {
                hits.push(RuleHit::new("tenant_scope_assertion.post_retrieval_filtering", Severity::Medium));
            }
        }
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        let blocks = self.blocks || cross_tenant && self.block_cross_tenant;
        Ok(Finding::of(if blocks { Decision::Block } else { Decision::Warn }, hits))
    }
}

/// The owner that a chunk names, itself or in its `metadata`, key by key.
fn owner(chunk: &Map) -> Option<&str> {
    let nested = chunk.get("metadata").and_then(Value::as_map);
    OWNERS.iter().find_map(|key| {
        let own = chunk.get(key).and_then(Value::as_filled_str);
        own.or_else(|| nested?.get(key).and_then(Value::as_filled_str))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;
    use crate::engine::{Identity, Metadata};
    use crate::text::Prefilter;
    use crate::value::parse_json;

    fn decide(metadata: &str) -> (Option<Decision>, Vec<String>) {
        let detector = build(&Map::new(), &mut NeedleSet::new()).unwrap();
        let none = Prefilter::none();
        let Value::Map(metadata) = parse_json(metadata).unwrap() else { panic!("an object") };
        let request = Request {
            metadata: Metadata::from_map(metadata),
            identity: Identity { tenant_id: " acme ", ..Identity::default() },
            ..Request::new("", Stage::Retrieval)
        };
        let finding = detector.inspect(&Text::new("", &none), &request).unwrap();
        let rule = |h: &RuleHit| h.id.as_str().trim_start_matches("tenant_scope_assertion.").to_owned();
        (finding.decision, finding.hits.iter().map(rule).collect())
    }

    #[test]
    fn every_foreign_chunk_is_a_hit_of_its_own() {
        let (decision, rules) = decide(r#"{"chunks": [{"tenant": "b"}, {"tenant": "acme"}, {"owner": "c"}]}"#);
        assert_eq!(decision, Some(Decision::Block));
        assert_eq!(rules, ["cross_tenant_chunk", "cross_tenant_chunk"]);
    }

    #[test]
    fn a_nested_tenant_id_comes_before_the_chunks_own_tenant() {
        assert_eq!(
            decide(r#"{"chunks": [{"tenant": "acme", "metadata": {"tenant_id": "b"}}]}"#).1,
            ["cross_tenant_chunk"]
        );
    }

    #[test]
    fn untagged_chunks_and_falsy_flags_warn() {
        assert_eq!(
            decide(r#"{"rag": {"results": [{"tenant_id": 5}], "prefilter": 0}}"#),
            (Some(Decision::Warn), vec!["unattributed_chunk".to_owned(), "post_retrieval_filtering".to_owned()])
        );
    }

    #[test]
    fn an_empty_block_hides_the_rest() {
        assert!(decide(r#"{"retrieval": {}, "chunks": [{"tenant": "b"}]}"#).1.is_empty());
        assert_eq!(decide(r#"{"retrieval": null, "chunks": [{"tenant": "b"}]}"#).1.len(), 1);
    }
}
