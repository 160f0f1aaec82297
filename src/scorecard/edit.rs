//! Writing a stamp into a policy text: the section is changed where it stands, everything else stays as it is.

use super::locate::{self, Content, Entry, Node};
use super::stamp::Stamp;
use super::subject::{Step, Subject};
use crate::policy::Document;
use crate::value::{Map, Value, parse_json, parse_yaml, python_json, write_json_str, write_yaml};

/// A policy text with a stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The text.
    pub text: String,
    /// Whether the file is written anew, without its comments and layout, since its section could not be changed where
    /// it stands.
    pub rewritten: bool,
}

/// Why a policy cannot be stamped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// The section has gone from where it was.
    #[error("the section is no longer where it was in the policy; was the file changed meanwhile?")]
    Moved,
}

/// The text of a policy document with a stamp in the subject's section. What is there of an earlier stamp is replaced
/// in its place; otherwise the stamp is added at the section's end. JSON stays JSON.
///
/// # Errors
/// [`StampError::Moved`] when the document has no such section.
pub fn write_stamp(text: &str, document: &Document, subject: &Subject, stamp: &Stamp) -> Result<Edited, StampError> {
    let (mark, body) = match text.strip_prefix('\u{feff}') {
        Some(body) => ("\u{feff}", body),
        None => ("", text),
    };
    let mut stamped = document.value.clone();
    let section =
        subject.path.iter().try_fold(&mut stamped, |node, step| step.of_mut(node)).ok_or(StampError::Moved)?;
    let Value::Map(section) = section else { return Err(StampError::Moved) };
    for (key, value) in stamp.entries() {
        section.insert(key, value.clone());
    }
    let edited = (stamp.entries().into_iter())
        .try_fold(body.to_owned(), |text, (key, value)| set(&text, document.is_json, &subject.path, key, value));
    let reads_as_meant = |text: &String| {
        let read = if document.is_json { parse_json(text).ok() } else { parse_yaml(text).ok() };
        // As text, since the equality of maps does not look at the order.
        read.is_some_and(|read| write_yaml(&read) == write_yaml(&stamped))
    };
    Ok(match edited.filter(reads_as_meant) {
        Some(edited) => Edited { text: mark.to_owned() + &edited, rewritten: false },
        None if document.is_json => {
            Edited { text: json_text(&stamped, Some(("\n", "", "  "))) + "\n", rewritten: true }
        }
        None => Edited { text: write_yaml(&stamped), rewritten: true },
    })
}

/// The text with `key` set in the object at `path`; none where the place cannot be found.
fn set(text: &str, is_json: bool, path: &[Step], key: &str, value: &Value) -> Option<String> {
    let root = if is_json { locate::json(text).ok() } else { locate::yaml(text) }?;
    let node = root.at(path)?;
    let Content::Object { flow, entries } = &node.content else { return None };
    let writing = Writing { text, is_json, key, value };
    let present = entries.iter().rev().find(|e| e.key == key);
    match (flow, present) {
        (true, _) => writing.in_brackets(node, entries, present),
        (false, _) => writing.in_block(entries, present),
    }
}

/// An entry to be written into a text.
struct Writing<'t> {
    text: &'t str,
    is_json: bool,
    key: &'t str,
    value: &'t Value,
}

impl Writing<'_> {
    fn in_block(&self, entries: &[Entry], present: Option<&Entry>) -> Option<String> {
        let first = entries.first()?;
        let line = &self.text[line_start(self.text, first.start)..first.start];
        // A map may begin behind the dash of its list; its further lines begin below its first key.
        let indent: String = line.chars().map(|_| ' ').collect();
        let newline = if self.text.contains("\r\n") { "\r\n" } else { "\n" };
        let mut entry = Map::new();
        entry.insert(self.key, self.value.clone());
        let lines = write_yaml(&Value::Map(entry));
        let lines = lines.trim_end().replace('\n', &format!("{newline}{indent}"));
        if let Some(present) = present {
            return Some(self.replaced(present.start, present.value.span.end, &lines));
        }
        let last = entries.last()?.value.span.end;
        // The end of a block scalar is the start of the line after it.
        if self.text[..last].ends_with('\n') {
            return Some(self.replaced(last, last, &format!("{indent}{lines}{newline}")));
        }
        let end = self.text[last..].find('\n').map_or(self.text.len(), |at| last + at);
        let end = if self.text[..end].ends_with('\r') { end - 1 } else { end };
        Some(self.replaced(end, end, &format!("{newline}{indent}{lines}")))
    }

    fn in_brackets(&self, node: &Node, entries: &[Entry], present: Option<&Entry>) -> Option<String> {
        let layout = self.layout(node, entries);
        let separator = if self.is_compact(entries) { ":" } else { ": " };
        let mut key = String::new();
        if self.is_json {
            write_json_str(self.key, false, &mut key);
        } else {
            key.push_str(self.key);
        }
        let value = match (layout, separator) {
            (None, ":") => compact_json(self.value),
            (layout, _) => json_text(self.value, layout),
        };
        let entry = format!("{key}{separator}{value}");
        if let Some(present) = present {
            return Some(self.replaced(present.start, present.value.span.end, &entry));
        }
        let gap = match (layout, separator) {
            (Some((newline, indent, _)), _) => format!("{newline}{indent}"),
            (None, ":") => String::new(),
            (None, _) => " ".to_owned(),
        };
        Some(match entries.last() {
            Some(last) => self.replaced(last.value.span.end, last.value.span.end, &format!(",{gap}{entry}")),
            None => self.replaced(node.span.start + 1, node.span.start + 1, &entry),
        })
    }

    fn replaced(&self, from: usize, to: usize, by: &str) -> String {
        format!("{}{by}{}", &self.text[..from], &self.text[to..])
    }

    /// Line end, indent and step of a JSON object whose entries stand on lines of their own.
    fn layout(&self, node: &Node, entries: &[Entry]) -> Option<(&'static str, &str, &str)> {
        let first = entries.first()?;
        let between = &self.text[node.span.start + 1..first.start];
        let at = between.rfind('\n').filter(|_| self.is_json)?;
        let newline = if between[..at].ends_with('\r') { "\r\n" } else { "\n" };
        let indent = &between[at + 1..];
        let outer = &self.text[line_start(self.text, node.span.start)..];
        let outer = &outer[..outer.len() - outer.trim_start_matches([' ', '\t']).len()];
        Some((newline, indent, indent.strip_prefix(outer).unwrap_or("  ")))
    }

    /// Whether the object's values follow their colon directly, as in JSON without blanks.
    fn is_compact(&self, entries: &[Entry]) -> bool {
        let value = entries.first().map(|e| e.value.span.start);
        self.is_json && value.is_some_and(|start| self.text[..start].ends_with(':'))
    }
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// The value as JSON: on lines of their own with a layout (line end, indent, step), else on one line.
fn json_text(value: &Value, layout: Option<(&str, &str, &str)>) -> String {
    let Some((newline, indent, step)) = layout else { return python_json(value, false) };
    let inner = format!("{indent}{step}");
    let deeper = Some((newline, &*inner, step));
    let (open, items, close) = match value {
        Value::Map(map) if !map.is_empty() => {
            let entry = |(key, value): (&crate::value::Key, &Value)| {
                let mut text = String::new();
                write_json_str(key.as_text(), false, &mut text);
                format!("{text}: {}", json_text(value, deeper))
            };
            ('{', map.iter().map(entry).collect::<Vec<_>>(), '}')
        }
        Value::List(items) if !items.is_empty() => {
            ('[', items.iter().map(|item| json_text(item, deeper)).collect(), ']')
        }
        scalar => return python_json(scalar, false),
    };
    format!("{open}{newline}{inner}{}{newline}{indent}{close}", items.join(&format!(",{newline}{inner}")))
}

/// One line without blanks.
fn compact_json(value: &Value) -> String {
    match value {
        Value::Map(map) => {
            let entry = |(key, value): (&crate::value::Key, &Value)| {
                let mut text = String::new();
                write_json_str(key.as_text(), false, &mut text);
                format!("{text}:{}", compact_json(value))
            };
            format!("{{{}}}", map.iter().map(entry).collect::<Vec<_>>().join(","))
        }
        other => python_json(other, false),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::metrics::{ModelIdentity, ScorecardBuilder, Tier};
    use crate::policy::PolicySource;
    use crate::scorecard::ScorecardReport;

    /// A report on no samples.
    pub(in crate::scorecard) fn report(passed: bool) -> ScorecardReport {
        let now = "2026-06-01T00:00:00Z".parse().unwrap();
        let model = ModelIdentity { model_version: "m@1".into(), ..ModelIdentity::default() };
        let scorecard = ScorecardBuilder::default().finish(model, None, now);
        let mut enforcement = scorecard.judge(Tier::Enforcement, now).unwrap();
        enforcement.passed = passed;
        let advisory = scorecard.judge(Tier::Advisory, now).unwrap();
        ScorecardReport { detector: "toxicity".into(), scorecard, advisory, enforcement, reliability_curve: None }
    }

    /// The text with a short stamp (the figures cut down to one).
    fn stamped(name: &str, text: &str, scope: Option<&str>) -> Edited {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let document = PolicySource::File(path).read().unwrap();
        let subject = Subject::find(&document.value, scope, "toxicity").unwrap();
        let mut stamp = Stamp::new(&report(false), "d.jsonl", None);
        let mut figures = Map::new();
        figures.insert("validated_at", "2026-06-01T00:00:00+00:00".into());
        figures.insert("ece", Value::Float(0.25));
        stamp.scorecard = Value::Map(figures);
        write_stamp(text, &document, &subject, &stamp).unwrap()
    }

    fn in_place(name: &str, text: &str) -> String {
        let edited = stamped(name, text, None);
        assert!(!edited.rewritten, "{}", edited.text);
        edited.text
    }

    #[test]
    fn yaml_keeps_comments_order_quotes_and_layout() {
        let text = "# top\ndefault:\n    toxicity:   # mine\n        enabled: yes\n        strategy: {order: [local_ml]}   # last\n\n    # next\n    pii: {enabled: 'x'}\n";
        assert_eq!(
            in_place("p.yaml", text),
            "# top\ndefault:\n    toxicity:   # mine\n        enabled: yes\n        strategy: {order: [local_ml]}   # last\n        _scorecard_gate:\n          enforcement_passed: false\n        _scorecard:\n          validated_at: '2026-06-01T00:00:00+00:00'\n          ece: 0.25\n\n    # next\n    pii: {enabled: 'x'}\n"
        );
    }

    #[test]
    fn a_second_stamp_replaces_the_first_in_its_place() {
        let text = "toxicity:\n  _scorecard_gate: {enforcement_passed: true, sig: x}  # by me\n  action: BLOCK\n  _scorecard:\n    f1: 1\n\n    old: 2 # gone\n  enabled: true\n";
        let once = in_place("p.yaml", text);
        assert_eq!(
            once,
            "toxicity:\n  _scorecard_gate:\n    enforcement_passed: false  # by me\n  action: BLOCK\n  _scorecard:\n    validated_at: '2026-06-01T00:00:00+00:00'\n    ece: 0.25 # gone\n  enabled: true\n"
        );
        assert_eq!(in_place("p.yaml", &once), once);
    }

    #[test]
    fn yaml_in_brackets_in_lists_with_windows_line_ends_and_without_a_last_one() {
        assert_eq!(
            in_place("p.yaml", "toxicity: {enabled: true,}  # é\n"),
            "toxicity: {enabled: true, _scorecard_gate: {\"enforcement_passed\": false}, _scorecard: {\"validated_at\": \"2026-06-01T00:00:00+00:00\", \"ece\": 0.25},}  # é\n"
        );
        assert_eq!(
            in_place("p.yaml", "a: é\r\ntoxicity:\r\n  action: BLOCK\r\nb: 1\r\n"),
            "a: é\r\ntoxicity:\r\n  action: BLOCK\r\n  _scorecard_gate:\r\n    enforcement_passed: false\r\n  _scorecard:\r\n    validated_at: '2026-06-01T00:00:00+00:00'\r\n    ece: 0.25\r\nb: 1\r\n"
        );
        let list = "detectors:\n- config:\n    action: BLOCK\n  name: toxicity\n- name: pii";
        assert_eq!(
            in_place("p.yml", list),
            "detectors:\n- config:\n    action: BLOCK\n    _scorecard_gate:\n      enforcement_passed: false\n    _scorecard:\n      validated_at: '2026-06-01T00:00:00+00:00'\n      ece: 0.25\n  name: toxicity\n- name: pii"
        );
        assert!(in_place("p.yaml", "toxicity:\n  a: 1").ends_with("a: 1\n  _scorecard_gate:\n    enforcement_passed: false\n  _scorecard:\n    validated_at: '2026-06-01T00:00:00+00:00'\n    ece: 0.25"));
    }

    #[test]
    fn a_block_scalar_or_nothing_at_the_end_of_a_section_stays() {
        for last in [
            "|\n    text\n    more",
            "|+\n    text\n\n",
            ">-\n    folded\n    text\n",
            "",
            "~",
            "\"a\n    b\"",
            "plain\n    text",
        ] {
            let text = format!("toxicity:\n  action: BLOCK\n  note: {last}\npii: {{}}\n");
            let edited = stamped("p.yaml", &text, None);
            assert!(edited.text.starts_with(&text[..text.find("pii").unwrap()].trim_end()[..20]), "{}", edited.text);
            assert!(!edited.rewritten, "{last:?}: {}", edited.text);
        }
    }

    #[test]
    fn an_aliased_section_is_written_out_so_that_the_other_keeps_its_own() {
        let edited = stamped("p.yaml", "bias: &b {action: BLOCK}  # shared\ntoxicity: *b\n", None);
        assert!(edited.rewritten);
        assert_eq!(
            edited.text,
            "bias:\n  action: BLOCK\ntoxicity:\n  action: BLOCK\n  _scorecard_gate:\n    enforcement_passed: false\n  _scorecard:\n    validated_at: '2026-06-01T00:00:00+00:00'\n    ece: 0.25\n"
        );
        // The other way round, too: what is anchored here would change the alias.
        assert!(stamped("p.yaml", "toxicity: &b\n  action: BLOCK\nbias: *b\n", None).rewritten);
    }

    #[test]
    fn json_stays_json_in_its_own_layout() {
        assert_eq!(
            in_place("p.json", "{\n\t\"toxicity\": {\n\t\t\"enabled\": true\n\t},\n\t\"n\": 1.50\n}\n"),
            "{\n\t\"toxicity\": {\n\t\t\"enabled\": true,\n\t\t\"_scorecard_gate\": {\n\t\t\t\"enforcement_passed\": false\n\t\t},\n\t\t\"_scorecard\": {\n\t\t\t\"validated_at\": \"2026-06-01T00:00:00+00:00\",\n\t\t\t\"ece\": 0.25\n\t\t}\n\t},\n\t\"n\": 1.50\n}\n"
        );
        assert_eq!(
            in_place("p.json", r#"{"toxicity":{"a":1e3,"_scorecard_gate":{}},"b":[]}"#),
            r#"{"toxicity":{"a":1e3,"_scorecard_gate":{"enforcement_passed":false},"_scorecard":{"validated_at":"2026-06-01T00:00:00+00:00","ece":0.25}},"b":[]}"#
        );
        assert_eq!(
            in_place("p.json", "\u{feff}{\"toxicity\": {}}"),
            "\u{feff}{\"toxicity\": {\"_scorecard_gate\": {\"enforcement_passed\": false}, \"_scorecard\": {\"validated_at\": \"2026-06-01T00:00:00+00:00\", \"ece\": 0.25}}}"
        );
    }

    #[test]
    fn a_document_without_the_section_is_refused() {
        let document = Document { value: parse_json("{}").unwrap(), origin: "p".into(), is_json: true };
        let subject = Subject::find(&parse_json(r#"{"toxicity": {}}"#).unwrap(), None, "toxicity").unwrap();
        let stamp = Stamp::new(&report(true), "d", None);
        assert_eq!(write_stamp("{}", &document, &subject, &stamp), Err(StampError::Moved));
    }
}
