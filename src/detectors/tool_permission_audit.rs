//! `tool_permission_audit`: declarations of tools that may do too much. A hook of tool registration: no stage of a
//! request runs it.
//!
//! The text that it inspects is the manifest as JSON. Descriptions are never read: what counts is a tool's name, what
//! it lists as its capabilities and scopes, and the parameters it takes.

use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, action_or, iterated, truthy_or};
use crate::text::{FoldedPattern, Gate, NeedleSet, Prefilter, Text, chars};
use crate::value::{Map, Value, parse_json};

/// Between the words of a name: nothing, or one separator.
macro_rules! sep {
    () => {
        r"[_\-\s]?"
    };
}

const OPEN_ENDED: &str = concat!(
    r"\b(?:exec|eval|shell|bash|sh|cmd|command|system|subprocess|spawn|curl|wget|browse|run",
    sep!(),
    r"(?:code|script|shell|command|query)|raw",
    sep!(),
    r"(?:sql|query)|sql",
    sep!(),
    r"query|execute",
    sep!(),
    r"sql|fetch",
    sep!(),
    r"url|http",
    sep!(),
    r"request)\b"
);
const DESTRUCTIVE: &str =
    r"\b(?:delete|destroy|drop|truncate|purge|wipe|erase|remove|revoke|terminate|deprovision|uninstall)\b";
const READING: &str = r"\b(?:read|get|list|fetch|view|search|query|lookup|show|describe|summar)";
const WILDCARD: &str = r"(?:\A|[\s,:])\*\n?\z|:\*|\*:|\b(?:all|everything)\b";
const ADMIN: &str = concat!(r"\b(?:admin|root|superuser|owner|full", sep!(), r"access|write", sep!(), r"all)\b");

const DECLARATIONS: &[&str] = &["tools", "functions", "tool_schemas", "manifest"];
const NAMES: &[&str] = &["name", "tool_name", "function_name", "id"];
const CAPABILITIES: &[&str] = &["capabilities", "operations", "actions", "methods", "verbs"];
const SCOPES: &[&str] = &["scopes", "permissions", "scope", "permission", "grants", "roles", "access"];
/// Parameters that take anything at all unless their schema limits them.
const FREE_PARAMETERS: &[&str] =
    &["command", "cmd", "query", "sql", "script", "code", "path", "file", "filepath", "url", "endpoint", "expression"];
/// What in a parameter's schema limits its values.
const LIMITS: &[&str] = &["enum", "pattern", "const", "format"];
/// Strings nested deeper are not collected.
const MAX_WALK: usize = 6;

/// Makes the audit from its configuration; `enabled` is on unless said otherwise.
///
/// # Errors
/// When `action` is no text or `allowed_tools` cannot be listed.
pub fn build(section: &Map, _needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let on = |key, source: &str| {
        let pattern = truthy_or(section, key, true).then(|| FoldedPattern::with_gate(source, Gate::ALWAYS));
        pattern.transpose().map_err(|e| EvalError::new(e.to_string()))
    };
    let bundling = on("flag_destructive_bundling", DESTRUCTIVE)?.zip(on("flag_destructive_bundling", READING)?);
    let allowed = iterated(section, "allowed_tools")?;
    Ok(Box::new(PermissionAudit {
        enabled: truthy_or(section, "enabled", true),
        blocks: action_or(section, "WARN")? == "BLOCK",
        open_ended: on("flag_open_ended", OPEN_ENDED)?,
        bundling,
        scopes: on("flag_wildcard_scopes", WILDCARD)?.zip(on("flag_wildcard_scopes", ADMIN)?),
        check_parameters: truthy_or(section, "flag_unconstrained_params", true),
        allowed: allowed.iter().filter_map(|name| name.as_str().map(|n| chars::lower(n).into_owned())).collect(),
    }))
}

struct PermissionAudit {
    enabled: bool,
    blocks: bool,
    open_ended: Option<FoldedPattern>,
    /// What destroys, and what reads.
    bundling: Option<(FoldedPattern, FoldedPattern)>,
    /// Scopes of everything, and of administrators.
    scopes: Option<(FoldedPattern, FoldedPattern)>,
    check_parameters: bool,
    /// Lowered names that are not audited.
    allowed: Vec<String>,
}

impl Detector for PermissionAudit {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        let manifest = match parse_json(text.raw()) {
            Ok(manifest) if self.enabled => manifest,
            _ => return Ok(Finding::clean()),
        };
        let mut hits = Vec::new();
        for declaration in declarations(&manifest) {
            self.audit(declaration, &mut hits);
        }
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        Ok(Finding::of(if self.blocks { Decision::Block } else { Decision::Warn }, hits))
    }
}

impl PermissionAudit {
    fn audit(&self, declaration: &Map, hits: &mut Vec<RuleHit>) {
        let body = declaration.get("function").and_then(Value::as_map).unwrap_or(declaration);
        let name = body.first(NAMES, Value::as_str).unwrap_or("");
        if self.allowed.iter().any(|allowed| *allowed == *chars::lower(name)) {
            return;
        }
        let mut hit = |fires: bool, id: &'static str, severity| {
            if fires {
                hits.push(RuleHit::new(id, severity));
            }
        };
        let prefilter = Prefilter::none();
        let mut identity: Vec<&str> = NAMES.iter().filter_map(|key| body.get(key).and_then(Value::as_str)).collect();
        for value in CAPABILITIES.iter().filter_map(|key| body.get(key)) {
            collect_strings(value, 0, &mut identity);
        }
        let identity = identity.join(" ");
        let forms = [Text::new(separated(&identity), &prefilter), Text::new(identity, &prefilter)];
        let names = |pattern: &FoldedPattern| forms.iter().any(|form| pattern.is_match(form));
        hit(self.open_ended.as_ref().is_some_and(names), "tool_permission_audit.open_ended_tool", Severity::High);
        hit(
            self.bundling.as_ref().is_some_and(|(destructive, reading)| names(destructive) && names(reading)),
            "tool_permission_audit.destructive_capability_bundled",
            Severity::High,
        );
        if let Some((wildcard, admin)) = &self.scopes {
            let mut scopes = Vec::new();
            for value in SCOPES.iter().filter_map(|key| body.get(key)) {
                collect_strings(value, 0, &mut scopes);
            }
            let scopes: Vec<Text<'_>> = scopes.into_iter().map(|scope| Text::new(scope, &prefilter)).collect();
            let granted = |pattern: &FoldedPattern| scopes.iter().any(|scope| pattern.is_match(scope));
            hit(granted(wildcard), "tool_permission_audit.wildcard_scope", Severity::High);
            hit(granted(admin), "tool_permission_audit.admin_scope", Severity::High);
        }
        hit(
            self.check_parameters && takes_anything(body),
            "tool_permission_audit.unconstrained_parameter",
            Severity::Medium,
        );
    }
}

/// The tool declarations of a manifest.
fn declarations(manifest: &Value) -> Vec<&Map> {
    match manifest {
        Value::List(items) => items.iter().filter_map(Value::as_map).collect(),
        Value::Map(map) => map
            .first(DECLARATIONS, |value| match value {
                Value::List(items) => Some(items.iter().filter_map(Value::as_map).collect()),
                Value::Map(one) => Some(vec![one]),
                _ => None,
            })
            .unwrap_or_else(|| vec![map]),
        _ => Vec::new(),
    }
}

fn collect_strings<'v>(value: &'v Value, depth: usize, out: &mut Vec<&'v str>) {
    if depth > MAX_WALK {
        return;
    }
    match value {
        Value::Str(text) => out.push(text),
        Value::List(items) => items.iter().for_each(|item| collect_strings(item, depth + 1, out)),
        Value::Map(map) => map.iter().for_each(|(_, item)| collect_strings(item, depth + 1, out)),
        _ => {}
    }
}

/// The text with each run of `_` and `-` as one space.
fn separated(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_run = false;
    for c in text.chars() {
        let separates = matches!(c, '_' | '-');
        if !separates {
            out.push(c);
        } else if !in_run {
            out.push(' ');
        }
        in_run = separates;
    }
    out
}

/// Whether some parameter with a telling name takes any string.
fn takes_anything(body: &Map) -> bool {
    let properties = body.get("parameters").and_then(|p| p.get("properties")).and_then(Value::as_map);
    properties.is_some_and(|properties| {
        properties.iter().any(|(name, spec)| {
            let Some(spec) = spec.as_map() else { return false };
            let text = match spec.get("type") {
                None | Some(Value::Null) => true,
                Some(kind) => kind.as_str() == Some("string"),
            };
            text && FREE_PARAMETERS.contains(&&*chars::lower(name.as_text()))
                && !LIMITS.iter().any(|limit| spec.contains_key(limit))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;
    use crate::value::python_json;

    #[test]
    fn the_measured_examples_hold() {
        let examples = parse_json(include_str!("../../tests/data/vectors/tool_permission_audit.json")).unwrap();
        let examples = examples.get("hook_examples").and_then(Value::as_list).unwrap();
        assert!(examples.len() > 100);
        let none = Prefilter::none();
        for example in examples {
            let config = example.get("config").and_then(Value::as_map).unwrap();
            let manifest = match example.get("manifest").unwrap() {
                Value::Str(text) => text.clone(),
                value => python_json(value, true),
            };
            let audit = build(config, &mut NeedleSet::new()).unwrap();
            let text = Text::new(manifest.as_str(), &none);
            let finding = audit.inspect(&text, &Request::new(&manifest, Stage::Tool)).unwrap();
            let rule = |h: &RuleHit| Value::from(h.id.as_str().trim_start_matches("tool_permission_audit."));
            let expect = example.get("expect").unwrap();
            assert_eq!(
                (finding.decision.unwrap().name(), Value::List(finding.hits.iter().map(rule).collect())),
                (expect.get("decision").and_then(Value::as_str).unwrap(), expect.get("rule_ids").unwrap().clone()),
                "{manifest} under {config:?}"
            );
            assert_eq!(Value::Int(finding.risk.into()), *expect.get("risk_score").unwrap(), "{manifest}");
        }
    }
}
