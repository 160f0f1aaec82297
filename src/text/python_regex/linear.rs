//! From a pattern to automata that search in linear time, where its parts allow that.

use super::ast::{At, Kind, Node, UNBOUNDED};
use super::charset::CharSet;
use crate::text::literals::{Needs, Part, TEXT_EDGE};
use crate::text::pattern::count_compiled;
use crate::text::span::ByteSpan;
use regex_automata::meta::{Config, Regex};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::{
    Capture, Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Dot, Hir, Look, Repetition,
};
use std::sync::OnceLock;

/// A pattern whose automaton would be larger runs on the backtracking engine alone.
const SIZE_LIMIT: usize = 32 << 20;

/// The linear engines of one pattern.
#[derive(Debug)]
pub(super) struct Linear {
    node: Node,
    /// For texts of ASCII characters only: byte classes.
    ascii: OnceLock<Option<Regex>>,
    /// For all texts.
    wide: OnceLock<Option<Regex>>,
    /// Number of groups.
    groups: usize,
    /// Whether the pattern asks for word edges, which Python sees elsewhere in some texts.
    pub edges: bool,
    /// Where the pattern asks for the end of the text.
    pub end: EndUse,
}

/// How a pattern uses `$`, which Python lets stand before a final newline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndUse {
    /// Not at all.
    None,
    /// Only as the last thing: the newline can be matched in its place and taken off afterwards.
    Last,
    /// Before other parts.
    Inside,
}

impl Linear {
    /// The linear form of a pattern; `None` when it looks around, refers back or forbids giving back.
    pub(super) fn new(node: &Node, groups: usize) -> Option<Self> {
        let beyond = |node: &Node| match node {
            Node::Atomic(_) | Node::Look { .. } | Node::Backref { .. } | Node::Condition { .. } => true,
            Node::Repeat { kind, .. } => *kind == Kind::Possessive,
            _ => false,
        };
        if node.any(&beyond) {
            return None;
        }
        let edges = node.any(&|node| matches!(node, Node::At(At::Edge { ascii: false, .. })));
        let end = if !node.any(&|node| matches!(node, Node::At(At::End))) {
            EndUse::None
        } else if end_is_last(node, true) {
            EndUse::Last
        } else {
            EndUse::Inside
        };
        Some(Linear { node: node.clone(), ascii: OnceLock::new(), wide: OnceLock::new(), groups, edges, end })
    }

    /// The automaton for a text, if it could be built.
    fn engine(&self, text: &str) -> Option<&Regex> {
        if text.is_ascii() {
            self.ascii.get_or_init(|| self.build(true)).as_ref()
        } else {
            self.wide.get_or_init(|| self.build(false)).as_ref()
        }
    }

    fn build(&self, ascii: bool) -> Option<Regex> {
        count_compiled();
        let mut newlines = self.groups;
        let hir = hir(&self.node, ascii, &mut newlines);
        Regex::builder()
            .configure(Config::new().nfa_size_limit(Some(SIZE_LIMIT)).utf8_empty(!ascii))
            .syntax(syntax::Config::new().unicode(!ascii).utf8(!ascii))
            .build_from_hir(&hir)
            .ok()
    }

    /// Whether the pattern occurs in the text; `None` when no automaton could be built.
    pub(super) fn is_match(&self, text: &str) -> Option<bool> {
        Some(self.engine(text)?.is_match(Input::new(text)))
    }

    /// The groups of the first match at or after byte `from`, for patterns that never match the empty text; the outer
    /// `None` when no automaton could be built.
    pub(super) fn find_at(&self, text: &str, from: usize, groups: bool) -> Option<Option<Vec<Option<ByteSpan>>>> {
        let engine = self.engine(text)?;
        let input = Input::new(text).range(from..).anchored(Anchored::No);
        let span = |s: regex_automata::Span| ByteSpan { start: s.start, end: s.end };
        if !groups && self.end == EndUse::None {
            return Some(engine.find(input).map(|found| vec![Some(span(found.span()))]));
        }
        let mut captures = engine.create_captures();
        engine.search_captures(&input, &mut captures);
        let Some(mut whole) = captures.get_group(0).map(span) else { return Some(None) };
        // A newline that stood in for `$` is not part of the match.
        if (self.groups..captures.group_len()).any(|group| captures.get_group(group).is_some()) {
            whole.end -= 1;
        }
        let clip = |s: ByteSpan| ByteSpan { start: s.start.min(whole.end), end: s.end.min(whole.end) };
        let rest = (1..self.groups).map(|group| captures.get_group(group).map(span).map(clip));
        Some(Some(std::iter::once(Some(whole)).chain(rest).collect()))
    }

    /// What a text needs to match, as the folded view shows it.
    pub(super) fn needs(&self) -> Needs {
        let mut newlines = self.groups;
        Part::of_hir(&hir(&self.node, false, &mut newlines), TEXT_EDGE).needs()
    }
}

/// Whether every `$` in the part is followed by nothing, given whether the part itself is.
fn end_is_last(node: &Node, last: bool) -> bool {
    match node {
        Node::At(At::End) => last,
        Node::Concat(nodes) => {
            nodes.iter().enumerate().all(|(i, node)| end_is_last(node, last && i + 1 == nodes.len()))
        }
        Node::Alternate(nodes) => nodes.iter().all(|node| end_is_last(node, last)),
        Node::Group { node, .. } => end_is_last(node, last),
        Node::Repeat { node, max, .. } => end_is_last(node, last && *max == 1),
        _ => true,
    }
}

/// The part as the automata's own expression. Groups from `newlines` on stand for a `$` before the final newline.
fn hir(node: &Node, ascii: bool, newlines: &mut usize) -> Hir {
    match node {
        Node::Set(set) => class(set, ascii),
        Node::At(at) => match at {
            At::Start => Hir::look(Look::Start),
            At::LineStart => Hir::look(Look::StartLF),
            At::LineEnd => Hir::look(Look::EndLF),
            At::VeryEnd => Hir::look(Look::End),
            At::End => {
                let newline = Hir::concat(vec![
                    Hir::capture(Capture { index: to_u32(*newlines), name: None, sub: Box::new(Hir::literal(*b"\n")) }),
                    Hir::look(Look::End),
                ]);
                *newlines += 1;
                Hir::alternation(vec![Hir::look(Look::End), newline])
            }
            At::Edge { negated, ascii: narrow } => Hir::look(match (negated, *narrow || ascii) {
                (false, true) => Look::WordAscii,
                (true, true) => Look::WordAsciiNegate,
                (false, false) => Look::WordUnicode,
                (true, false) => Look::WordUnicodeNegate,
            }),
        },
        Node::Concat(nodes) => Hir::concat(nodes.iter().map(|node| hir(node, ascii, newlines)).collect()),
        Node::Alternate(nodes) => Hir::alternation(nodes.iter().map(|node| hir(node, ascii, newlines)).collect()),
        Node::Repeat { node, min, max, kind } => Hir::repetition(Repetition {
            min: *min,
            max: (*max != UNBOUNDED).then_some(*max),
            greedy: *kind == Kind::Greedy,
            sub: Box::new(hir(node, ascii, newlines)),
        }),
        Node::Group { index, node } => {
            let sub = Box::new(hir(node, ascii, newlines));
            Hir::capture(Capture { index: to_u32(*index), name: None, sub })
        }
        // `Linear::new` takes no pattern with these.
        Node::Atomic(_) | Node::Look { .. } | Node::Backref { .. } | Node::Condition { .. } => Hir::fail(),
    }
}

/// Group numbers are far below 2^32: each costs a character of the pattern.
fn to_u32(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn class(set: &CharSet, ascii: bool) -> Hir {
    if ascii {
        let within = set.ranges().iter().filter(|&&(first, _)| first < 0x80);
        #[allow(clippy::cast_possible_truncation)]
        let range = |&(first, last): &(u32, u32)| ClassBytesRange::new(first as u8, last.min(0x7F) as u8);
        return Hir::class(Class::Bytes(ClassBytes::new(within.map(range))));
    }
    if set.ranges() == CharSet::any(true).ranges() {
        return Hir::dot(Dot::AnyChar);
    }
    // No text holds a surrogate itself: ranges are cut around them.
    let scalar = |&(first, last): &(u32, u32)| {
        let first = if (0xD800..=0xDFFF).contains(&first) { 0xE000 } else { first };
        let last = if (0xD800..=0xDFFF).contains(&last) { 0xD7FF } else { last };
        let range = (first <= last).then(|| Some((char::from_u32(first)?, char::from_u32(last)?))).flatten();
        range.map(|(first, last)| ClassUnicodeRange::new(first, last))
    };
    Hir::class(Class::Unicode(ClassUnicode::new(set.ranges().iter().filter_map(scalar))))
}
