//! What the sources of a request hold: known URLs, known ids, and all their text as one.

use super::citations::{trim_url, urls};
use crate::engine::EvalError;
use crate::text::chars;
use crate::value::{Map, Value, python_str};
use memchr::memmem;
use std::cell::OnceCell;
use std::collections::HashSet;

/// The evidence that citations are checked against.
#[derive(Debug, Default)]
pub(super) struct Grounding {
    /// URLs of the sources, without trailing punctuation.
    pub urls: HashSet<String>,
    /// Normalised ids and names of the sources.
    pub ids: HashSet<String>,
    /// All text of the sources, normalised.
    pub text: String,
    /// Number of sources, usable or not.
    pub count: usize,
    points: OnceCell<Vec<char>>,
}

/// Whether the reference can walk through `sources`.
///
/// # Errors
/// When it is a truthy value that cannot be iterated over.
pub(super) fn check(sources: Option<&Value>) -> Result<(), EvalError> {
    match sources.filter(|v| v.truthy()) {
        None | Some(Value::List(_) | Value::Str(_) | Value::Map(_)) => Ok(()),
        Some(other) => Err(EvalError::config("grounding_sources", other, "a list")),
    }
}

/// Runs of blanks as one space, none at the ends, lowercased.
pub(super) fn normalize(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(chars::is_space).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    match chars::lower(&out) {
        std::borrow::Cow::Borrowed(_) => out,
        std::borrow::Cow::Owned(lowered) => lowered,
    }
}

impl Grounding {
    /// Collects the evidence of both places where a request may carry it.
    pub fn of(sources: Option<&Value>, context: Option<&Value>) -> Self {
        let mut grounding = Grounding::default();
        let mut text = String::new();
        match sources {
            Some(Value::List(items)) => {
                grounding.count = items.len();
                for item in items {
                    match item {
                        Value::Str(source) => grounding.add_text(source, &mut text),
                        Value::Map(source) => grounding.add_object(source, &mut text),
                        _ => {}
                    }
                }
            }
            // Not meant as sources, but walked through all the same: characters and keys.
            Some(Value::Str(source)) => {
                let mut buffer = [0; 4];
                source.chars().for_each(|c| grounding.add_text(c.encode_utf8(&mut buffer), &mut text));
            }
            Some(Value::Map(source)) => source.iter().for_each(|(key, _)| grounding.add_text(key.as_text(), &mut text)),
            _ => {}
        }
        match context {
            Some(Value::Str(context)) => grounding.add_text(context, &mut text),
            Some(Value::List(items)) => items.iter().for_each(|item| append(&mut text, &python_str(item))),
            _ => {}
        }
        grounding.text = normalize(&text);
        grounding
    }

    fn add_text(&mut self, source: &str, text: &mut String) {
        self.urls.extend(urls(source).map(|url| trim_url(url).to_owned()));
        append(text, source);
    }

    fn add_object(&mut self, source: &Map, text: &mut String) {
        let filled = |key| source.get(key).filter(|v| v.truthy()).map(python_str);
        self.urls.extend(filled("url").map(|url| trim_url(&url).to_owned()));
        self.ids.extend(["source_id", "id", "name"].into_iter().filter_map(filled).map(|id| normalize(&id)));
        ["text", "content", "snippet"].into_iter().filter_map(filled).for_each(|part| append(text, &part));
    }

    /// Whether there is nothing to check against.
    pub fn is_empty(&self) -> bool {
        self.urls.is_empty() && self.ids.is_empty() && self.text.is_empty() && self.count == 0
    }

    /// Whether the sources' text holds a normalised text.
    pub fn holds(&self, normal: &str) -> bool {
        memmem::find(self.text.as_bytes(), normal.as_bytes()).is_some()
    }

    /// The sources' text in code points.
    pub fn points(&self) -> &[char] {
        self.points.get_or_init(|| self.text.chars().collect())
    }
}

fn append(text: &mut String, part: &str) {
    text.push(' ');
    text.push_str(part);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse_json;

    #[test]
    fn objects_give_urls_ids_and_text() {
        let sources = parse_json(
            r#"[{"url": "https://a.b/c.", "id": 5, "name": "N", "source_id": "", "text": " T\n t", "snippet": ["q"]}, "X", 7]"#,
        );
        let context = parse_json(r#"[null, "Y"]"#).unwrap();
        let grounding = Grounding::of(sources.ok().as_ref(), Some(&context));
        assert_eq!(grounding.urls, HashSet::from(["https://a.b/c".to_owned()]));
        assert_eq!(grounding.ids, HashSet::from(["5".to_owned(), "n".to_owned()]));
        assert_eq!(grounding.text, "t t ['q'] x none y");
        assert_eq!(grounding.count, 3);
    }

    #[test]
    fn a_text_in_place_of_the_list_is_its_characters() {
        assert_eq!(Grounding::of(Some(&Value::from("aB")), None).text, "a b");
        assert!(Grounding::of(Some(&Value::from("")), Some(&Value::Int(5))).is_empty());
    }
}
