//! Where the entries of an object stand in a JSON or YAML text, so that one section can be changed and the rest of the
//! file left as its author wrote it.
//!
//! This only points; whoever edits by it reads the result back and compares. So a text that is read differently here
//! than by the real readers costs the layout, never the content.

use super::subject::Step;
use crate::value::{JsonError, JsonReader};
use saphyr_parser::{Event, Parser, ScalarStyle};
use std::ops::Range;

/// A value in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its bytes, to the end of its last content; brackets included.
    pub span: Range<usize>,
    /// What it is.
    pub content: Content,
}

/// What a value is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Text, a number, or a reference to another place.
    Leaf,
    /// A list.
    List(Vec<Node>),
    /// An object, in brackets or in YAML's block style.
    Object {
        /// Whether it stands in brackets.
        flow: bool,
        /// In order, repeats included.
        entries: Vec<Entry>,
    },
}

/// An entry of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key as it reads.
    pub key: String,
    /// Byte at which the key begins.
    pub start: usize,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The value that the steps lead to; of a repeated key the last.
    #[must_use]
    pub fn at(&self, path: &[Step]) -> Option<&Node> {
        path.iter().try_fold(self, |node, step| match (step, &node.content) {
            (Step::Key(key), Content::Object { entries, .. }) => {
                entries.iter().rev().find(|e| e.key == *key).map(|e| &e.value)
            }
            (Step::Item(index), Content::List(items)) => items.get(*index),
            _ => None,
        })
    }
}

/// The places of a JSON text.
///
/// # Errors
/// When it is not JSON.
pub fn json(text: &str) -> Result<Node, JsonError> {
    let mut reader = JsonReader::new(text);
    json_node(&mut reader, text)
}

fn json_node(reader: &mut JsonReader<'_>, text: &str) -> Result<Node, JsonError> {
    let first = reader.peek();
    let start = reader.offset();
    let content = match first {
        Some(b'{') => {
            let mut entries = Vec::new();
            let mut from = start + 1;
            reader.object(|reader, key| {
                // Between the bracket or the last value and this key there are only blanks and a comma.
                let quote = text[from..].find('"').map_or(from, |at| from + at);
                let value = json_node(reader, text)?;
                from = value.span.end;
                entries.push(Entry { key: key.into_owned(), start: quote, value });
                Ok(())
            })?;
            Content::Object { flow: true, entries }
        }
        Some(b'[') => {
            let mut items = Vec::new();
            reader.array(|reader| {
                items.push(json_node(reader, text)?);
                Ok(())
            })?;
            Content::List(items)
        }
        _ => {
            reader.skip()?;
            Content::Leaf
        }
    };
    Ok(Node { span: start..reader.offset(), content })
}

/// The places of a YAML text without byte-order mark; none where it cannot be read or is empty.
#[must_use]
pub fn yaml(text: &str) -> Option<Node> {
    let bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let byte = |index: usize| bytes[index.min(bytes.len() - 1)];
    let mut open: Vec<Open> = Vec::new();
    let mut parser = Parser::new_from_str(text);
    loop {
        let (event, span) = parser.next_event()?.ok()?;
        let start = byte(span.start.index());
        let span = start..byte(span.end.index()).max(start);
        let done = match event {
            Event::Scalar(value, style, ..) => {
                // The parser counts the blanks before a comment to a scalar without quotes.
                let written =
                    if style == ScalarStyle::Plain { text[span.clone()].trim_end().len() } else { span.len() };
                Done { node: leaf(text, span.start..span.start + written, &open), key: value.into_owned() }
            }
            Event::Alias(_) => Done { node: Node { span, content: Content::Leaf }, key: String::new() },
            Event::SequenceStart(..) => {
                open.push(Open::new(text, span, Content::List(Vec::new())));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::new(text, span, Content::Object { flow: false, entries: Vec::new() }));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => Done { node: open.pop()?.close(text), key: String::new() },
            Event::StreamEnd => return None,
            _ => continue,
        };
        match open.last_mut() {
            None => return Some(done.node),
            Some(parent) => parent.add(done),
        }
    }
}

/// A value that is complete, and the text that it is as a key.
struct Done {
    node: Node,
    key: String,
}

/// A scalar. One that is not written has its place behind the colon of its key.
fn leaf(text: &str, span: Range<usize>, open: &[Open]) -> Node {
    let span = match open.last().and_then(|o| o.key.as_ref()) {
        Some((_, key)) if span.is_empty() => {
            let colon = text[key.end..].find(':').map_or(key.end, |at| key.end + at + 1);
            colon..colon
        }
        _ => span,
    };
    Node { span, content: Content::Leaf }
}

/// A container whose end has not been seen.
struct Open {
    start: usize,
    end: usize,
    flow: bool,
    content: Content,
    /// A key that waits for its value.
    key: Option<(String, Range<usize>)>,
}

impl Open {
    fn new(text: &str, span: Range<usize>, mut content: Content) -> Self {
        let brackets = !span.is_empty() && text[span.clone()].starts_with(['{', '[']);
        if let Content::Object { flow, .. } = &mut content {
            *flow = brackets;
        }
        Open { start: span.start, end: span.end, flow: brackets, content, key: None }
    }

    fn add(&mut self, done: Done) {
        self.end = self.end.max(done.node.span.end);
        match (&mut self.content, self.key.take()) {
            (Content::List(items), _) => items.push(done.node),
            (Content::Object { .. }, None) => self.key = Some((done.key, done.node.span)),
            (Content::Object { entries, .. }, Some((key, at))) => {
                entries.push(Entry { key, start: at.start, value: done.node });
            }
            (Content::Leaf, _) => {}
        }
    }

    /// The parser counts a comment to the bracket before it, so the bracket is looked for.
    fn close(self, text: &str) -> Node {
        let mut end = self.end;
        let mut in_comment = false;
        for (at, c) in text[end..].char_indices().take_while(|_| self.flow) {
            match c {
                '\n' => in_comment = false,
                '#' => in_comment = true,
                '}' | ']' if !in_comment => {
                    end = self.end + at + 1;
                    break;
                }
                _ => {}
            }
        }
        Node { span: self.start..end, content: self.content }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Step {
        Step::Key(text.to_owned())
    }

    fn entries<'t>(text: &'t str, node: &Node) -> Vec<&'t str> {
        match &node.content {
            Content::Object { entries, .. } => entries.iter().map(|e| &text[e.start..e.value.span.end]).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn entries_of_block_and_flow_maps_are_found() {
        let text = "# é\ndefault:\n  pii:   # here\n    a: 1  # one\n    'b': [x,\n      y]\n    c:\n    d: |\n      t\n      u\n\n  \
                    bias: {a: {b: 1}, c: \"}\"}\nlist:\n- name: x\n  config: {}\n";
        let root = yaml(text).unwrap();
        let pii = root.at(&[key("default"), key("pii")]).unwrap();
        assert_eq!(entries(text, pii)[..3], ["a: 1", "'b': [x,\n      y]", "c:"]);
        assert!(matches!(pii.content, Content::Object { flow: false, .. }));
        let bias = root.at(&[key("default"), key("bias")]).unwrap();
        assert_eq!(entries(text, bias), ["a: {b: 1}", "c: \"}\""]);
        assert_eq!(&text[bias.span.clone()], "{a: {b: 1}, c: \"}\"}");
        let config = root.at(&[key("list"), Step::Item(0), key("config")]).unwrap();
        assert_eq!(&text[config.span.clone()], "{}");
        assert!(root.at(&[key("default"), Step::Item(0)]).is_none());
    }

    #[test]
    fn entries_of_json_objects_are_found_and_the_last_of_a_repeated_key_counts() {
        let text = "{\"a\": {\"x\": [1, {\"y\": 2}]}, \"a\": {\"k\\\"\": \"v,\" , \"z\" : null}}";
        let root = json(text).unwrap();
        assert_eq!(entries(text, root.at(&[key("a")]).unwrap()), [r#""k\"": "v,""#, r#""z" : null"#]);
    }
}
