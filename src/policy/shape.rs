//! Which of the file shapes an object has, and how the shapes other than the hierarchical one become flat.

use super::bundle::Bundle;
use super::resolve::ResolveError;
use crate::value::{Map, Value};

/// The shapes of a policy file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A published bundle, of the runtime's or the API's form.
    Bundle,
    /// An object with `policies` but no `version`: meant as a bundle, though the runtime does not see one.
    Unversioned,
    /// `default` and `tenants`.
    Hierarchical,
    /// A `detectors` list.
    DetectorList,
    /// Detector key to configuration: what the engine evaluates.
    Flat,
}

impl Shape {
    /// The shape by the look of the top-level keys; the first that fits, in the order of the variants.
    #[must_use]
    pub fn of(object: &Map) -> Self {
        let is_object = |key: &str| matches!(object.get(key), Some(Value::Map(_)));
        if Bundle::looks_like(object) {
            Shape::Bundle
        } else if is_object("policies") {
            Shape::Unversioned
        } else if is_object("default") || is_object("tenants") {
            Shape::Hierarchical
        } else if matches!(object.get("detectors"), Some(Value::List(_))) {
            Shape::DetectorList
        } else {
            Shape::Flat
        }
    }
}

/// A `detectors` list as a flat policy.
///
/// Every object with a name becomes a section with `enabled` (true when absent) and the keys of its `config`, which win.
/// Other items are ignored; a later item with the same name replaces the earlier one.
///
/// # Errors
/// When a `config` is neither an object nor empty.
pub fn flatten_detectors(list: &[Value]) -> Result<Map, ResolveError> {
    let mut flat = Map::new();
    for (i, item) in list.iter().enumerate() {
        let Some(name) = item.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()) else { continue };
        let mut section = Map::new();
        section.insert("enabled", item.get("enabled").cloned().unwrap_or(Value::Bool(true)));
        match item.get("config") {
            Some(Value::Map(config)) => {
                for (key, value) in config.iter() {
                    section.insert(key.clone(), value.clone());
                }
            }
            Some(other) if other.truthy() => {
                let message = format!("found {}, expected an object", other.kind());
                return Err(ResolveError::new(format!("detectors.{i}.config"), message));
            }
            _ => {}
        }
        flat.insert(name, Value::Map(section));
    }
    Ok(flat)
}

/// Walks a dotted path of object keys.
///
/// # Errors
/// At the first missing step, with the keys that are there.
pub fn walk<'v>(document: &'v Value, path: &str) -> Result<&'v Value, ResolveError> {
    let mut node = document;
    let mut walked = String::new();
    for step in path.split('.') {
        node = node.get(step).ok_or_else(|| missing_step(node, &walked, step))?;
        if !walked.is_empty() {
            walked.push('.');
        }
        walked.push_str(step);
    }
    Ok(node)
}

fn missing_step(node: &Value, walked: &str, step: &str) -> ResolveError {
    const SHOWN: usize = 12;
    let message = match node {
        Value::Map(map) if !map.is_empty() => {
            let mut keys: Vec<&str> = map.iter().take(SHOWN).map(|(key, _)| key.as_text()).collect();
            if map.len() > SHOWN {
                keys.push("...");
            }
            format!("there is no key `{step}` here; the keys are {}", keys.join(", "))
        }
        other => format!(
            "there is no key `{step}` here: this is {}",
            if other.as_map().is_some() { "an empty object" } else { other.kind() }
        ),
    };
    ResolveError::new(walked, message)
}

/// The policy that the reference's own benchmark command evaluates: no merging, no validation.
///
/// # Errors
/// A missing step of `scope`, or a node that is not an object.
pub fn benchmark_base(document: &Value, scope: Option<&str>) -> Result<Map, ResolveError> {
    let empty = Value::Map(Map::new());
    // An empty file is an empty policy.
    let document = if document.truthy() { document } else { &empty };
    let node = scope.map_or(Ok(document), |path| walk(document, path))?;
    let Value::Map(map) = node else {
        let message = format!("found {}, expected an object of detector sections", node.kind());
        return Err(ResolveError::new(scope.unwrap_or_default(), message));
    };
    match (map.get("default"), map.get("detectors")) {
        (Some(Value::Map(default)), _) => Ok(default.clone()),
        (_, Some(Value::List(list))) => flatten_detectors(list),
        _ => Ok(map.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse_json;

    fn shape(json: &str) -> Shape {
        Shape::of(parse_json(json).unwrap().as_map().unwrap())
    }

    #[test]
    fn shapes_are_known_by_their_look() {
        assert_eq!(shape(r#"{"version": 1, "policies": {}}"#), Shape::Bundle);
        assert_eq!(shape(r#"{"id": 3, "policies_json": {}}"#), Shape::Bundle);
        assert_eq!(shape(r#"{"policies": {"pii": {}}}"#), Shape::Unversioned);
        assert_eq!(shape(r#"{"default": {}}"#), Shape::Hierarchical);
        assert_eq!(shape(r#"{"tenants": {}}"#), Shape::Hierarchical);
        assert_eq!(shape(r#"{"detectors": []}"#), Shape::DetectorList);
        assert_eq!(shape(r#"{"default": false, "pii": {}}"#), Shape::Flat);
        assert_eq!(shape("{}"), Shape::Flat);
    }

    #[test]
    fn a_missing_step_lists_what_is_there() {
        let document = parse_json(r#"{"tenants": {"acme": {}, "beta": 5}}"#).unwrap();
        assert!(walk(&document, "tenants.acme").is_ok());
        let e = walk(&document, "tenants.other").unwrap_err();
        assert_eq!(e.to_string(), "`tenants`: there is no key `other` here; the keys are acme, beta");
        assert!(walk(&document, "tenants.beta.x").unwrap_err().message.contains("an integer"));
    }

    #[test]
    fn a_config_that_is_no_object_is_refused() {
        let list = parse_json(r#"[{"name": "pii", "config": [1]}]"#).unwrap();
        assert_eq!(flatten_detectors(list.as_list().unwrap()).unwrap_err().path, "detectors.0.config");
    }
}
