//! Regular expressions as policies write them: Python's `re` syntax and meaning.
//!
//! A pattern is parsed as Python 3.11 parses it (what that refuses is refused here) and searched by one of two engines.
//! Automata in linear time do almost all; the backtracking engine does the patterns that look around, refer back or
//! give nothing back, and the few texts on which the automata's idea of a place differs from Python's:
//!
//! * word edges beside a character that only one side takes for a word character (a combining accent, say);
//! * `$` before further parts in a text that ends in a newline;
//! * the exact extent of matches that may be empty or of repetitions whose turns may be.

mod ast;
mod backtrack;
mod charset;
mod escape;
mod linear;
mod parse;
mod template;

pub use template::Template;

use super::chars;
use super::literals::Needs;
use super::pattern::count_compiled;
use super::span::ByteSpan;
use ast::Node;
use backtrack::Program;
use linear::{EndUse, Linear};
use std::collections::HashMap;
use std::sync::OnceLock;

/// Why a pattern was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PythonRegexError {
    message: String,
    syntax: bool,
}

impl PythonRegexError {
    /// Whether Python raises its `re.error`; it answers with other exceptions to a repetition that is too large and to
    /// groups nested too deeply, and code that skips bad patterns does not skip those.
    #[must_use]
    pub fn is_syntax(&self) -> bool {
        self.syntax
    }
}

/// A compiled Python regular expression. Its automata are built on first use.
#[derive(Debug)]
pub struct PythonRegex {
    node: Node,
    groups: usize,
    names: HashMap<String, usize>,
    linear: Option<Linear>,
    program: OnceLock<Program>,
    /// Whether the automata find the very spans that Python finds.
    exact_spans: bool,
}

impl PythonRegex {
    /// Compiles `pattern` with Unicode classes and, where asked, IGNORECASE.
    ///
    /// # Errors
    /// Where Python's `re.compile` raises, with the complaint in short. `\N{...}` is refused though Python knows it,
    /// and not as a fault of syntax.
    pub fn compile(pattern: &str, ignore_case: bool) -> Result<Self, PythonRegexError> {
        let parsed = parse::parse(pattern, ignore_case)?;
        let empty_turns = parsed.node.any(&|node| match node {
            Node::Repeat { node, max, .. } => *max > 1 && node.width(&parsed.widths).least == 0,
            _ => false,
        });
        Ok(PythonRegex {
            exact_spans: !empty_turns && parsed.node.width(&parsed.widths).least > 0,
            linear: Linear::new(&parsed.node, parsed.groups),
            program: OnceLock::new(),
            node: parsed.node,
            groups: parsed.groups,
            names: parsed.names,
        })
    }

    /// The automata, unless they would see this text otherwise than Python.
    fn linear_for(&self, text: &str) -> Option<&Linear> {
        let linear = self.linear.as_ref()?;
        let otherwise = text.is_empty()
            || (linear.end == EndUse::Inside && text.ends_with('\n'))
            || (linear.edges && has_disputed(text));
        (!otherwise).then_some(linear)
    }

    fn program(&self) -> &Program {
        self.program.get_or_init(|| {
            count_compiled();
            Program::new(&self.node, self.groups)
        })
    }

    /// Whether the pattern occurs anywhere in the text: Python's `search`.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        let linear = self.linear_for(text).and_then(|linear| linear.is_match(text));
        linear.unwrap_or_else(|| self.program().search(text).next().is_some())
    }

    /// All matches, left to right, empty ones included: Python's `finditer`.
    #[must_use]
    pub fn find_iter(&self, text: &str) -> Vec<ByteSpan> {
        let mut spans = Vec::new();
        self.each_match(text, false, |groups| spans.extend(groups[0]));
        spans
    }

    /// The groups of all matches, group 0 (the match itself) first; `None` for groups that took no part.
    #[must_use]
    pub fn captures_iter(&self, text: &str) -> Vec<Vec<Option<ByteSpan>>> {
        let mut all = Vec::new();
        self.each_match(text, true, |groups| all.push(groups.to_vec()));
        all
    }

    /// Reads a replacement for this pattern in Python's template syntax.
    ///
    /// # Errors
    /// Where Python's `sub` raises: a bad escape, a group that the pattern does not have.
    pub fn template(&self, template: &str) -> Result<Template, String> {
        Template::parse(template, self)
    }

    /// The text with all matches replaced: Python's `sub`.
    #[must_use]
    pub fn replace_all(&self, text: &str, replacement: &Template) -> String {
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        self.each_match(text, replacement.needs_groups(), |groups| {
            if let Some(span) = groups[0] {
                out.push_str(&text[from..span.start]);
                replacement.expand(text, groups, &mut out);
                from = span.end;
            }
        });
        out.push_str(&text[from..]);
        out
    }

    /// What a text needs to match, as the folded view shows it, for
    /// [`NeedleSet::gate_all`](super::NeedleSet::gate_all); nothing where that is not known.
    #[must_use]
    pub fn needs(&self) -> Needs {
        self.linear.as_ref().map(Linear::needs).unwrap_or_default()
    }

    fn each_match(&self, text: &str, groups: bool, mut take: impl FnMut(&[Option<ByteSpan>])) {
        if self.exact_spans
            && let Some(linear) = self.linear_for(text)
        {
            let mut from = 0;
            while let Some(found) = linear.find_at(text, from, groups) {
                let Some(found) = found else { return };
                // Matches are not empty here: the search always gets on.
                from = found[0].map_or(text.len(), |span| span.end);
                take(&found);
            }
            if from > 0 {
                return;
            }
        }
        let mut search = self.program().search(text);
        while let Some(found) = search.next() {
            take(&found);
        }
    }
}

/// Whether the text has a character that is a word character to Python only or to the automata only.
fn has_disputed(text: &str) -> bool {
    text.chars().any(|c| !c.is_ascii() && chars::is_word(c) != regex_syntax::is_word_character(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(pattern: &str, text: &str) -> Vec<String> {
        let regex = PythonRegex::compile(pattern, true).unwrap();
        regex.find_iter(text).into_iter().map(|span| span.of(text).to_owned()).collect()
    }

    #[test]
    fn both_engines_ignore_case_as_python_does() {
        assert_eq!(spans("kiss", "KISS \u{212A}İ\u{17F}s kıss"), ["KISS", "\u{212A}İ\u{17F}s", "kıss"]);
        assert_eq!(spans("(?=k)kiss", "KISS kıss"), ["KISS", "kıss"]);
    }

    #[test]
    fn the_dollar_matches_before_a_final_newline() {
        for pattern in ["a$", "(a)$", "(?:b|a$)", "(?=a)a$", "a$(?:)"] {
            assert_eq!(spans(pattern, "a\na\n"), ["a"], "{pattern}");
        }
        assert_eq!(spans(r"\s$", "a\n"), ["\n"]);
        assert_eq!(spans(r"a$\n", "a\n"), ["a\n"]);
        assert_eq!(spans(r"a\Z", "a\n"), Vec::<String>::new());
        assert_eq!(spans("(?m)a$", "a\na\n"), ["a", "a"]);
    }

    #[test]
    fn empty_matches_may_touch_other_matches_but_not_repeat() {
        assert_eq!(spans("a*", "baac"), ["", "aa", "", ""]);
        assert_eq!(spans("|a", "a"), ["", "a", ""]);
        assert_eq!(spans(r"\b", "ab c").len(), 4);
    }

    #[test]
    fn edges_are_pythons_on_disputed_characters() {
        assert_eq!(spans(r"\be\b", "e\u{301} e² e"), ["e", "e"]);
        assert_eq!(spans(r"\B", ""), Vec::<String>::new());
    }

    #[test]
    fn what_automata_cannot_do_is_done() {
        assert_eq!(spans(r"(?<=\d)[a-z](?!x)", "1a 2bx 3cy"), ["a", "c"]);
        assert_eq!(spans(r"(\w)\1", "aab Bb xyX"), ["aa", "Bb"]);
        assert_eq!(spans(r"(?P<q>['x])?a(?(q)(?P=q)|b)", "'a' ab xaX a"), ["'a'", "ab", "xaX"]);
        assert_eq!(spans(r"a*+a|b", "aaab"), ["b"]);
        assert_eq!(spans(r"(?>a|ab)c|ab", "abc"), ["ab"]);
        assert_eq!(spans(r"(?:a|ab){2}+c?", "ababc aab"), ["aa"]);
        assert_eq!(spans(r"x(?=(?:a|b)*?c)", "xabac xab"), ["x"]);
    }

    #[test]
    fn replacements_are_templates() {
        let regex = PythonRegex::compile(r"(?P<user>\w+)@(\w+)?", true).unwrap();
        let sub = |template: &str| regex.template(template).map(|t| regex.replace_all("joe@x, ann@", &t));
        assert_eq!(sub(r"\2 at \g<user>\n\-\101").unwrap(), "x at joe\n\\-A,  at ann\n\\-A");
        assert_eq!(sub("[R]").unwrap(), "[R], [R]");
        assert_eq!(sub(r"\g<0>!").unwrap(), "joe@x!, ann@!");
        for bad in [r"\3", r"\g<nobody>", r"\g<1", r"\q", "\\"] {
            assert!(sub(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_search_without_end_is_given_up() {
        let regex = PythonRegex::compile(r"(?:a|a|a)*(?=b)c", false).unwrap();
        assert!(!regex.is_match(&"a".repeat(100)));
    }

    #[test]
    fn deep_nesting_ends_in_an_error_and_not_in_the_stack() {
        let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
        let regex = PythonRegex::compile(&nested(480), true).unwrap();
        assert!(regex.is_match("xA") && regex.needs().clauses.is_empty());
        assert_eq!(regex.captures_iter("a")[0].len(), 481);
        assert!(PythonRegex::compile(&format!("{}(?=b)", nested(480)), false).unwrap().is_match("ab"));
        assert!(PythonRegex::compile(&nested(100_000), true).is_err_and(|e| !e.is_syntax()));
        assert!(PythonRegex::compile("a{4294967296}", true).is_err_and(|e| !e.is_syntax()));
        assert!(PythonRegex::compile("(", true).is_err_and(|e| e.is_syntax()));
        assert!(PythonRegex::compile(r"\N", true).is_err_and(|e| e.is_syntax()));
        for named in [r"\N{BULLET}", r"[\N{BULLET}]"] {
            assert!(PythonRegex::compile(named, true).is_err_and(|e| !e.is_syntax()), "{named}");
        }
    }

    #[test]
    fn clauses_are_what_a_match_must_contain() {
        let clauses = |pattern| PythonRegex::compile(pattern, true).unwrap().needs().clauses;
        assert_eq!(clauses(r"HX-\d{4}"), [[b"hx-".to_vec()]]);
        assert_eq!(clauses(r"\d+"), Vec::<Vec<Vec<u8>>>::new());
        assert_eq!(clauses(r"(?=a)abc"), Vec::<Vec<Vec<u8>>>::new());
    }
}
