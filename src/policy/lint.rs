//! The reference's advisory lint: strategies that cannot run as written.

use super::issue::Issue;
use super::schema::MODES;
use crate::value::{Map, Value};

/// Keys that are never detector sections.
const SKIPPED: &[&str] = &[
    "runtime_policy",
    "policy_version",
    "schema_enforcement",
    "tool_governance",
    "_multilingual",
    "metadata",
    "description",
    "name",
    "version",
    "on_fail",
    "custom_detectors",
    "output_contract",
    "quality_scoring",
];

/// Lints a policy; anything but an object has no findings. Findings are advisory and in file order.
///
/// Codes: `contradiction` for a remote mode while external calls are forbidden (once per section), `missing_backend`
/// for every listed model mode without an entry in `backends`. `enabled` is not looked at.
#[must_use]
pub fn lint(policy: &Value) -> Vec<Issue> {
    let Value::Map(policy) = policy else { return Vec::new() };
    let forbidden = |holder: Option<&Value>| holder.and_then(|h| h.get("no_external_calls")).is_some_and(Value::truthy);
    let no_external_calls =
        forbidden(policy.get("runtime_policy")) || policy.get("no_external_calls").is_some_and(Value::truthy);
    let mut issues = Vec::new();
    for (name, section) in policy.text_entries().filter(|(name, _)| !SKIPPED.contains(name)) {
        if let Some(section) = section.as_map() {
            lint_section(name, section, no_external_calls, &mut issues);
        }
    }
    issues
}

fn lint_section(name: &str, section: &Map, no_external_calls: bool, issues: &mut Vec<Issue>) {
    let Some(strategy) = section.get("strategy").and_then(Value::as_map) else { return };
    let order = strategy.get("order").and_then(Value::as_list).unwrap_or_default();
    let modes: Vec<&str> = order.iter().filter_map(Value::as_str).collect();
    if let Some(remote) = modes.iter().find(|m| matches!(**m, "remote_llm" | "remote_api"))
        && no_external_calls
    {
        let message = format!(
            "`{remote}` needs an external call, which `no_external_calls` forbids; the mode always falls back. Remove one of the two"
        );
        issues.push(Issue::new("contradiction", format!("{name}.strategy.order"), message));
    }
    let backends = section.get("backends");
    for mode in modes.into_iter().filter(|m| MODES.contains(m) && *m != "local_deterministic") {
        if backends.and_then(|b| b.get(mode)).is_none() {
            let message = format!("the order names `{mode}` but no backend is configured for it; it always falls back");
            issues.push(Issue::new("missing_backend", format!("{name}.backends.{mode}"), message));
        }
    }
}
