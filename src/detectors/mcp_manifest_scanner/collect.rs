//! What is looked at in a manifest: its texts, the permissions it asks for, the places it sends to.

use crate::text::chars;
use crate::value::{Map, Value, python_str};

/// Deeper values are not visited.
const MAX_DEPTH: usize = 40;
/// Once so many characters are collected, no further text is.
const MAX_TEXT: usize = 200_000;

#[rustfmt::skip]
const PERMISSION_KEYS: &[&str] = &[
    "permissions", "scopes", "required_permissions", "perms", "required_scopes", "capabilities", "capability",
    "grants", "grant", "allow", "allowed", "allowed_operations", "access",
];

#[rustfmt::skip]
const EGRESS_KEYS: &[&str] = &[
    "domains", "domain", "endpoints", "endpoint", "hosts", "host", "urls", "url", "uri", "uris", "egress", "address",
    "base_url", "base_uri", "server_url", "server", "callback", "callback_url", "webhook", "webhook_url", "webhooks",
    "proxy", "proxy_url", "redirect", "redirect_uri", "redirect_url", "notify", "notify_url", "sink", "destination",
    "destination_url", "fetch_url", "request_url", "target", "remote_host", "backend", "api_host", "upstream",
    "origin", "gateway", "service_url", "ip_address", "host_url", "dest",
];

/// What the values under a key are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    Permission,
    Egress,
}

/// What was collected from a manifest, in document order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Collected {
    /// Keys and texts, joined by line feeds.
    pub text: String,
    pub permissions: Vec<String>,
    pub egress: Vec<String>,
}

impl Collected {
    pub(super) fn from(manifest: &Value) -> Self {
        match manifest {
            Value::Map(map) => {
                let mut walk = Walk::default();
                walk.object(map, 0, Class::Plain);
                walk.collected
            }
            // Only an object has structure to the reference; of anything else it looks at the printed form.
            other => Collected { text: python_str(other), ..Collected::default() },
        }
    }
}

#[derive(Default)]
struct Walk {
    collected: Collected,
    characters: usize,
    parts: usize,
}

impl Walk {
    fn object(&mut self, map: &Map, depth: usize, class: Class) {
        for (key, value) in map.iter() {
            let key = key.as_text();
            self.text(key, class);
            let lowered = chars::lower(key);
            let inner = if PERMISSION_KEYS.contains(&&*lowered) {
                Class::Permission
            } else if EGRESS_KEYS.contains(&&*lowered) {
                Class::Egress
            } else {
                class
            };
            self.value(value, depth + 1, inner);
        }
    }

    fn value(&mut self, value: &Value, depth: usize, class: Class) {
        if depth > MAX_DEPTH {
            return;
        }
        match value {
            Value::Map(map) => self.object(map, depth, class),
            Value::List(items) => items.iter().for_each(|item| self.value(item, depth + 1, class)),
            Value::Str(text) => self.text(text, class),
            _ => {}
        }
    }

    fn text(&mut self, text: &str, class: Class) {
        match class {
            Class::Plain => {}
            Class::Permission => self.collected.permissions.push(text.to_owned()),
            Class::Egress => self.collected.egress.push(text.to_owned()),
        }
        if self.characters < MAX_TEXT {
            if self.parts > 0 {
                self.collected.text.push('\n');
            }
            self.collected.text.push_str(text);
            self.characters += text.chars().count();
            self.parts += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse_json;

    fn of(manifest: &str) -> Collected {
        Collected::from(&parse_json(manifest).unwrap())
    }

    #[test]
    fn keys_and_texts_come_in_document_order() {
        let collected = of(r#"{"a": "b", "c": [1, "d", {"e": null}], "f": true}"#);
        assert_eq!(collected.text, "a\nb\nc\nd\ne\nf");
        assert!(collected.permissions.is_empty() && collected.egress.is_empty());
    }

    #[test]
    fn classes_go_down_and_keys_below_them_count() {
        let collected = of(r#"{"Scopes": {"read": ["x"], "url": "h"}, "server": {"port": 80}, "other": "z"}"#);
        assert_eq!(collected.permissions, ["read", "x", "url"]);
        assert_eq!(collected.egress, ["h", "port"]);
    }

    #[test]
    fn what_is_no_object_is_only_text() {
        assert_eq!(of(r#""plain""#).text, "plain");
        assert_eq!(of(r#"[{"url": "x"}]"#), Collected { text: "[{'url': 'x'}]".into(), ..Collected::default() });
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let deep = |n: usize| format!("{}\"x\"{}", "{\"k\": ".repeat(n), "}".repeat(n));
        assert_eq!(of(&deep(40)).text.matches('x').count(), 1);
        assert_eq!(of(&deep(41)).text.matches('x').count(), 0);
        let long = format!(r#"{{"a": "{}", "b": "c", "url": "h"}}"#, "é".repeat(199_998));
        assert!(of(&long).text.ends_with("\nb"));
        assert_eq!(of(&long).egress, ["h"]);
    }
}
