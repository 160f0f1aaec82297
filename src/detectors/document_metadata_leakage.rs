//! Leftovers of documents: revision and comment markup, property fields, internal paths, hidden text.
//!
//! Four rules, each at most one hit, in the order of [`RULES`]. Three are patterns; hidden text is a run of invisible
//! characters or a single one that turns the reading direction.

use crate::api::Severity;
use crate::engine::{Blocking, Detector, EvalError, Finding, Request, RuleHit};
use crate::text::fold::SYMBOL;
use crate::text::{CasedPattern, FoldedPattern, NeedleSet, Text};
use crate::value::Map;

/// Risk from which `action: BLOCK` blocks.
const BLOCK_THRESHOLD: i64 = 60;

/// Ids and severities, in the order in which they are reported.
const RULES: [(&str, Severity); 4] = [
    ("document_metadata_leakage.revision_markup", Severity::High),
    ("document_metadata_leakage.document_properties", Severity::Medium),
    ("document_metadata_leakage.internal_path", Severity::Medium),
    ("document_metadata_leakage.hidden_text", Severity::High),
];

/// Word-processor elements, XML comments, RTF control words, bracketed review notes.
const MARKUP: &str = concat!(
    r"<w:(?:ins|del|comment|commentrangestart|commentrangeend|commentreference)\b",
    r"|(?s:<!--.*?-->)",
    r"|\\(?:revised|deleted|revauth|annotation)\b",
    r"|\[(?:comment|tracked changes?)\b[^\]]*\]",
);

/// A field of a document's properties with a value.
const PROPERTY: &str = concat!(
    r"\b(?:last\s+modified\s+by|author|creator|company|manager|revision\s+number|total\s+editing\s+time)",
    r"\s*[:=]\s*\S",
);

/// A Windows profile, a network share, a Mac profile.
const PATH: &str = concat!(r"[A-Za-z]:\\Users\\[^\\\s]+\\", r"|\\\\[A-Za-z0-9._-]+\\[^\\\s]", r"|/Users/[^/\s]+/",);

struct DocumentMetadataLeakage {
    blocking: Blocking,
    markup: FoldedPattern,
    property: FoldedPattern,
    path: CasedPattern,
}

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When `action` is truthy and no text.
pub fn build(section: &Map, needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let wrong = |e: crate::text::pattern::PatternError| EvalError::new(e.to_string());
    Ok(Box::new(DocumentMetadataLeakage {
        blocking: Blocking::read(section, BLOCK_THRESHOLD)?,
        markup: FoldedPattern::new(MARKUP, needles).map_err(wrong)?,
        property: FoldedPattern::new(PROPERTY, needles).map_err(wrong)?,
        path: CasedPattern::new(PATH, needles).map_err(wrong)?,
    }))
}

impl Detector for DocumentMetadataLeakage {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        let fired =
            [self.markup.is_match(text), self.property.is_match(text), self.path.is_match(text), has_hidden_text(text)];
        let hits = RULES.iter().zip(fired).filter(|(_, fired)| *fired);
        self.blocking.decide(hits.map(|(&(id, severity), _)| RuleHit::new(id, severity)).collect())
    }
}

/// Two invisible characters in a row (one alone joins emoji), or one that overrides the reading direction.
fn has_hidden_text(text: &Text<'_>) -> bool {
    if text.is_ascii() || !text.shape().has(SYMBOL) {
        return false;
    }
    let mut after_invisible = false;
    text.raw().chars().any(|c| {
        let invisible = matches!(c, '\u{200B}'..='\u{200D}' | '\u{FEFF}');
        let hides = invisible && after_invisible || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        after_invisible = invisible;
        hides
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;

    fn fired(text: &str) -> Vec<String> {
        let mut needles = NeedleSet::new();
        let detector = build(&Map::new(), &mut needles).unwrap();
        let prefilter = needles.build();
        let finding = detector.inspect(&Text::new(text, &prefilter), &Request::new(text, Stage::Input)).unwrap();
        finding.hits.iter().map(|h| h.id.as_str().rsplit('.').next().unwrap_or("").to_owned()).collect()
    }

    #[test]
    fn each_rule_fires_on_its_examples_and_not_beside_them() {
        for (rule, must, must_not) in [
            (
                "revision_markup",
                &["<W:INS >", "<w:commentRangeEnd/>", "a <!-- b\n -->", "<!---->", r"{\Revised", "[tracked change x\n]"]
                    as &[&str],
                &["<w:inserted>", "<w:comments>", "<!--->", "<!-- open", r"\deletedx", "[comment", "[comments]"]
                    as &[&str],
            ),
            (
                "document_properties",
                &["Author: Bob", "co-author = x", "last\n modified\u{2003}by:\n\nx", "Author::"],
                &["coauthor: x", "Authors: x", "Author: ", "author"],
            ),
            (
                "internal_path",
                &[r"C:\Users\bob\x", r"\\srv-1\share", "https://x/Users/bob/"],
                &[r"c:\users\bob\", r"\\srv\", "/Users//", "/users/bob/", r"\\srv é\x"],
            ),
            (
                "hidden_text",
                &["a\u{200B}\u{FEFF}b", "a\u{202E}b", "\u{2066}"],
                &["a\u{200B}b\u{200B}", "👨\u{200D}👩\u{200D}👧", "\u{200E}\u{2060}\u{AD}"],
            ),
        ] {
            for text in must {
                assert_eq!(fired(text), [rule], "{text:?}");
            }
            for text in must_not {
                assert!(fired(text).is_empty(), "{text:?}: {:?}", fired(text));
            }
        }
    }

    #[test]
    fn every_rule_can_be_ruled_out_by_its_literals() {
        let mut needles = NeedleSet::new();
        let gates = [
            FoldedPattern::new(MARKUP, &mut needles).unwrap().gate(),
            FoldedPattern::new(PROPERTY, &mut needles).unwrap().gate(),
            CasedPattern::new(PATH, &mut needles).unwrap().gate(),
        ];
        assert!(!gates.contains(&crate::text::Gate::ALWAYS));
    }
}
