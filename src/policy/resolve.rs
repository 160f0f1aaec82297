//! Hierarchical files: `default`, then tenant, app, agent and environment, merged into one policy.

use super::bundle::sha256;
use super::issue::Issue;
use super::scope::Scope;
use super::validate::validate_lenient;
use crate::value::{Map, Value, canonical_json};

/// Keys that hold the next level; a merge skips them at every depth.
pub(super) const SCOPE_WORDS: [&str; 4] = ["apps", "agents", "envs", "tenants"];

/// Why a tree of policies cannot be resolved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", if path.is_empty() { String::new() } else { format!("`{path}`: ") })]
pub struct ResolveError {
    /// Key path of the culprit; empty for the whole file.
    pub path: String,
    /// What was found and what was expected.
    pub message: String,
}

impl ResolveError {
    pub(crate) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        ResolveError { path: path.into(), message: message.into() }
    }

    fn kind(path: impl Into<String>, value: &Value, expected: &str) -> Self {
        Self::new(path, format!("found {}, expected {expected}", value.kind()))
    }
}

/// A resolved policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// The merged policy, without the `policy_version` the runtime adds.
    pub policy: Map,
    /// First 16 hexadecimal digits of the SHA-256 of the policy's canonical JSON.
    pub policy_version: String,
    /// Sections that lenient validation left out, with the key path in the file.
    pub dropped: Vec<Issue>,
}

/// Whether `default` and tenants are validated leniently and converted, as the runtime does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Levels {
    /// As the runtime: converted values, sections with a violation left out. Apps, agents and environments stay raw.
    Converted,
    /// As written.
    Raw,
}

/// One level that takes part in a resolution.
#[derive(Clone, Debug)]
pub struct Level<'v> {
    /// Key path in the file.
    pub path: String,
    /// The level as written, with the scope words that hold deeper levels.
    pub raw: &'v Map,
    /// Whether the runtime validates and converts this level.
    pub converted: bool,
}

/// Resolves a hierarchical document for a scope. Empty parts of the scope end the descent.
///
/// # Errors
/// [`ResolveError`] where the runtime's loader or resolver fails: a level that is not an object, a key that is not text
/// in a validated level, a date or mixed keys in the result.
pub fn resolve(document: &Value, scope: &Scope, levels: Levels) -> Result<Resolved, ResolveError> {
    let tree = tree_of(document)?;
    if levels == Levels::Converted {
        check_all_tenants(tree)?;
    }
    let mut policy = Map::new();
    let mut dropped = Vec::new();
    for level in levels_of(tree, scope)? {
        if level.converted && levels == Levels::Converted {
            let lenient = validate_lenient(level.raw).map_err(|e| ResolveError::new(&*level.path, e.to_string()))?;
            dropped.extend(lenient.dropped.into_iter().map(|issue| issue.under(&level.path)));
            merge_level(&mut policy, &lenient.policy, &level.path);
        } else {
            merge_level(&mut policy, level.raw, &level.path);
        }
    }
    let policy_version = policy_version(&policy)?;
    Ok(Resolved { policy, policy_version, dropped })
}

/// `default` is taken whole; only what is merged over it loses its scope words.
fn merge_level(policy: &mut Map, level: &Map, path: &str) {
    if path == "default" {
        *policy = level.clone();
    } else {
        merge(policy, level);
    }
}

/// The top object of a hierarchical file; an empty file is an empty object.
fn tree_of(document: &Value) -> Result<&Map, ResolveError> {
    static EMPTY: std::sync::LazyLock<Map> = std::sync::LazyLock::new(Map::new);
    match document {
        Value::Map(map) => Ok(map),
        Value::Null => Ok(&EMPTY),
        other => Err(ResolveError::kind("", other, "an object with `default` and `tenants`")),
    }
}

/// The runtime validates every tenant when it loads the file, so one bad tenant fails all scopes.
fn check_all_tenants(tree: &Map) -> Result<(), ResolveError> {
    let Some(Value::Map(tenants)) = tree.get("tenants") else { return Ok(()) };
    for (name, tenant) in tenants.iter() {
        if let Value::Map(tenant) = tenant {
            validate_lenient(tenant)
                .map_err(|e| ResolveError::new(format!("tenants.{}", name.as_text()), e.to_string()))?;
        }
    }
    Ok(())
}

/// The levels that a scope selects, widest first. Names without an entry are skipped.
///
/// # Errors
/// [`ResolveError`] when something on the way is not an object.
pub fn levels_of<'v>(tree: &'v Map, scope: &Scope) -> Result<Vec<Level<'v>>, ResolveError> {
    let mut levels = Vec::new();
    if let Some(default) = tree.get("default") {
        let Value::Map(raw) = default else { return Err(ResolveError::kind("default", default, "an object")) };
        levels.push(Level { path: "default".to_owned(), raw, converted: true });
    }
    let names = [("tenants", &scope.tenant), ("apps", &scope.app), ("agents", &scope.agent), ("envs", &scope.env)];
    let (mut holder, mut path) = (tree, String::new());
    for (word, name) in names {
        let Some(group) = holder.get(word) else { break };
        let group_path = join(&path, word);
        let Value::Map(group) = group else {
            return Err(ResolveError::kind(group_path, group, "an object by name; remove the key if there are none"));
        };
        let Some(entry) = group.get(name).filter(|_| !name.is_empty()) else { break };
        path = join(&group_path, name);
        let Value::Map(raw) = entry else {
            return Err(ResolveError::kind(path, entry, "an object; write {} for an empty one"));
        };
        levels.push(Level { path: path.clone(), raw, converted: word == "tenants" });
        holder = raw;
    }
    Ok(levels)
}

fn join(path: &str, segment: &str) -> String {
    if path.is_empty() { segment.to_owned() } else { format!("{path}.{segment}") }
}

/// Merges `over` into `base`: objects merge, anything else replaces, scope words are skipped at every depth where the
/// base has an object; an object that is new to the base is copied whole.
pub fn merge(base: &mut Map, over: &Map) {
    for (key, value) in over.iter() {
        if !key.is_odd() && SCOPE_WORDS.contains(&key.as_text()) {
            continue;
        }
        match (base.get_key_mut(key), value) {
            (Some(Value::Map(below)), Value::Map(above)) => merge(below, above),
            (Some(place), _) => *place = value.clone(),
            (None, _) => drop(base.insert(key.clone(), value.clone())),
        }
    }
}

/// The version of a policy as the runtime computes it for hierarchical files: 16 hexadecimal digits.
///
/// # Errors
/// When the policy has no canonical JSON in Python: it holds a date, or an object mixes text keys with others.
pub fn policy_version(policy: &Map) -> Result<String, ResolveError> {
    check_hashable(policy, "")?;
    let hash = sha256(canonical_json(&Value::Map(policy.clone())).as_bytes());
    Ok(hash["sha256:".len()..][..16].to_owned())
}

/// Refuses what Python cannot write as key-sorted JSON.
pub(crate) fn check_hashable(policy: &Map, path: &str) -> Result<(), ResolveError> {
    let odd = policy.iter().filter(|(key, _)| key.is_odd()).count();
    if odd > 0
        && odd < policy.len()
        && let Some((key, _)) = policy.iter().find(|(key, _)| key.is_odd())
    {
        let message = "this key is not text while its neighbours are; put it in quotes";
        return Err(ResolveError::new(join(path, key.as_text()), message));
    }
    for (key, value) in policy.iter() {
        check_value_hashable(value, &join(path, key.as_text()))?;
    }
    Ok(())
}

fn check_value_hashable(value: &Value, path: &str) -> Result<(), ResolveError> {
    match value {
        Value::Date(text) => {
            Err(ResolveError::new(path, format!("{text} is {}; put it in quotes to make it text", value.kind())))
        }
        Value::Map(map) => check_hashable(map, path),
        Value::List(items) => {
            items.iter().enumerate().try_for_each(|(i, item)| check_value_hashable(item, &join(path, &i.to_string())))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{parse_json, parse_yaml};

    fn map(json: &str) -> Map {
        parse_json(json).unwrap().as_map().unwrap().clone()
    }

    #[test]
    fn objects_merge_and_the_rest_replaces() {
        let mut base = map(r#"{"a": {"x": 1, "l": [1]}, "b": 2, "c": {"d": 1}}"#);
        merge(&mut base, &map(r#"{"a": {"l": [2], "apps": {}, "y": null}, "c": 3, "apps": {}, "new": {"apps": 1}}"#));
        assert_eq!(base, map(r#"{"a": {"x": 1, "l": [2], "y": null}, "b": 2, "c": 3, "new": {"apps": 1}}"#));
    }

    #[test]
    fn the_empty_policy_has_a_well_known_version() {
        assert_eq!(policy_version(&Map::new()).unwrap(), "44136fa355b3678a");
    }

    #[test]
    fn what_cannot_be_hashed_is_named_by_path() {
        let policy = parse_yaml("pii: {since: [2024-01-01]}").unwrap();
        assert_eq!(policy_version(policy.as_map().unwrap()).unwrap_err().path, "pii.since.0");
        let policy = parse_yaml("vendor: {1: a, b: c}").unwrap();
        assert_eq!(policy_version(policy.as_map().unwrap()).unwrap_err().path, "vendor.1");
    }
}
