//! Hints beyond the reference's own findings: near misses of known keys, and values that pass validation but do not do
//! what they say when the engine reads them unconverted.

use super::coerce;
use super::issue::Issue;
use super::schema;
use crate::value::{Map, Value};
use rapidfuzz::distance::osa;

/// `; did you mean ...?` for the known word closest to `found`, or nothing when none is close.
pub(super) fn did_you_mean<'w>(found: &str, known: impl Iterator<Item = &'w str>) -> String {
    closest(found, known).map(|word| format!("; did you mean `{word}`?")).unwrap_or_default()
}

/// The known word at most a third of `found`'s letters away (two edits at most), the closest first.
fn closest<'w>(found: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let length = found.chars().count();
    if !(2..=64).contains(&length) {
        return None;
    }
    let most = (length / 3).min(2);
    let found = found.to_lowercase();
    let distance = |word: &str| osa::distance(found.chars(), word.to_lowercase().chars());
    let similar = known.filter(|word| word.len().abs_diff(length) <= most).map(|word| (distance(word), word));
    similar.filter(|(d, _)| *d <= most).min().map(|(_, word)| word)
}

/// Keys inside detector sections that nothing reads but that look like a key that is read, in file order.
///
/// The reference accepts unknown keys inside a section without a word, so a misspelt threshold is silently without
/// effect. Code `similar_key`.
#[must_use]
pub fn similar_keys(policy: &Value) -> Vec<Issue> {
    let Value::Map(policy) = policy else { return Vec::new() };
    let in_section = |(key, value)| Some((schema::section_named(canonical(key))?, key, Value::as_map(value)?));
    policy.text_entries().filter_map(in_section).flat_map(|(s, key, map)| misspelt(s, key, map)).collect()
}

/// Values that validation accepts and the engine, which gets flat policies and bundles unconverted, takes otherwise; in
/// file order.
///
/// Codes: `text_as_boolean` for an `enabled` such as `"no"`, which switches the detector on; `null_section` for a
/// detector that is null, which makes every evaluation fail; `version_type` for a `policy_version` that is not text,
/// which does the same.
#[must_use]
pub fn raw_values(policy: &Value) -> Vec<Issue> {
    let Value::Map(policy) = policy else { return Vec::new() };
    policy.text_entries().filter_map(|(key, value)| raw_value(key, value)).collect()
}

fn raw_value(key: &str, value: &Value) -> Option<Issue> {
    if key == "policy_version" && value.as_str().is_none() {
        let message = format!("found {}, expected text: every evaluation would fail; put it in quotes", value.kind());
        return Some(Issue::new("version_type", key, message));
    }
    schema::section_named(canonical(key))?;
    if value.is_null() {
        let message = "a detector that is null makes every evaluation fail; remove the key to leave the detector out";
        return Some(Issue::new("null_section", key, message));
    }
    let enabled = value.get("enabled")?;
    let off = matches!(coerce::bool(enabled), Ok(false)) && enabled.truthy();
    off.then(|| {
        let message = format!(
            "the text {} counts as on, because the engine reads it unconverted; write false without quotes",
            crate::value::python_json(enabled, false)
        );
        Issue::new("text_as_boolean", format!("{key}.enabled"), message)
    })
}

/// The section an alias stands for.
fn canonical(key: &str) -> &str {
    match key {
        "tool_governance" => "tools",
        "schema_enforcement" => "structure",
        other => other,
    }
}

fn misspelt(section: &'static schema::Section, name: &str, map: &Map) -> Vec<Issue> {
    let read = |key: &str| schema::known_keys(section).any(|k| k == key);
    map.text_entries()
        .filter(|(key, _)| !read(key))
        .filter_map(|(key, _)| {
            let word = closest(key, schema::known_keys(section))?;
            let message = format!("nothing reads this key; did you mean `{word}`?");
            Some(Issue::new("similar_key", format!("{name}.{key}"), message))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse_json;

    #[test]
    fn only_near_words_are_suggested() {
        let words = || ["pii", "jailbreak", "toxicity"].into_iter();
        assert_eq!(closest("jailbraek", words()), Some("jailbreak"));
        assert_eq!(closest("Toxicity", words()), Some("toxicity"));
        assert_eq!(closest("pi", words()), None);
        assert_eq!(closest("weather", words()), None);
    }

    #[test]
    fn values_that_mislead_the_engine_are_noticed() {
        let policy = parse_json(
            r#"{"policy_version": 7, "pii": {"enabled": "no"}, "bias": null, "toxicity": {"enabled": "yes"}, "x": null,
                "secrets": {"enabled": false}, "tool_governance": {"enabled": "0"}}"#,
        )
        .unwrap();
        let found: Vec<_> = raw_values(&policy).into_iter().map(|i| (i.code, i.loc)).collect();
        assert_eq!(
            found,
            [
                ("version_type", "policy_version".to_owned()),
                ("text_as_boolean", "pii.enabled".to_owned()),
                ("null_section", "bias".to_owned()),
                ("text_as_boolean", "tool_governance.enabled".to_owned()),
            ]
        );
    }

    #[test]
    fn a_misspelt_threshold_is_noticed() {
        let policy = parse_json(r#"{"jailbreak": {"treshold": 5, "note": 1, "keywords": []}, "pii": 3}"#).unwrap();
        let found = similar_keys(&policy);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].loc, "jailbreak.treshold");
        assert!(found[0].message.contains("`threshold`"));
    }
}
