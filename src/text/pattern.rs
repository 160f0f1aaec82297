//! Regular expressions with Python's meaning of `\w \d \s \b`, behind the prefilter, compiled on first use.
//!
//! Patterns are written in the syntax of the `regex` crate; the four classes mean what they mean in Python. Two
//! kinds, for the two ways the reference matches:
//!
//! * [`FoldedPattern`] ignores case and runs on the folded view: its places are code points.
//! * [`CasedPattern`] minds case (or ignores it with non-ASCII literals) and runs on the text itself: bytes.

use super::edges::Named;
use super::gates::Gate;
use super::literals::{FOLDED_EDGE, Needs, Part, TEXT_EDGE};
use super::needles::NeedleSet;
use super::occurrence::{Occurrence, Step};
use super::span::{ByteSpan, CharSpan};
use super::view::Text;
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind};
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The compiled size that one pattern may take. Generous: patterns are our own or were parsed by a policy's author.
const SIZE_LIMIT: usize = 64 << 20;

static COMPILED: AtomicU64 = AtomicU64::new(0);

/// Patterns compiled by this program so far, by all engines together. Patterns wait for the first text that may have a
/// match, so plain texts leave the number as it is. What is only asked whether it occurs counts when it is read, not when it
/// is given an automaton.
#[must_use]
pub fn compiled_patterns() -> u64 {
    COMPILED.load(Ordering::Relaxed)
}

/// To be called wherever a pattern is compiled on first use.
pub(super) fn count_compiled() {
    COMPILED.fetch_add(1, Ordering::Relaxed);
}

/// What is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("pattern {pattern:?}: {message}")]
pub struct PatternError {
    /// The pattern as written.
    pub pattern: String,
    /// The parser's complaint.
    pub message: String,
}

/// A case-insensitive pattern over the folded view.
///
/// Literals are written in lower case; punctuation of [`super::fold::PUNCTUATION`] may be used literally.
/// Other non-ASCII literals cannot be told apart in the folded view and are refused.
#[derive(Debug)]
pub struct FoldedPattern {
    source: String,
    gate: Gate,
    /// For who asks only whether it occurs. Boxed: it is large, and most patterns never have one.
    occurrence: OnceLock<Box<Occurrence>>,
    regex: OnceLock<regex::bytes::Regex>,
}

impl FoldedPattern {
    /// Checks the pattern and registers its literals with the prefilter; compiling waits for the first text that
    /// opens the gate.
    ///
    /// # Errors
    /// When the pattern does not parse, or has a capital or a non-ASCII letter.
    pub fn new(pattern: &str, needles: &mut NeedleSet) -> Result<Self, PatternError> {
        let source = folded_source(pattern)?;
        let hir = parse(&source, false, false).map_err(|message| PatternError { pattern: pattern.into(), message })?;
        let gate = needles.gate_all(Part::of_hir(&hir, FOLDED_EDGE).needs());
        Ok(FoldedPattern { source, gate, occurrence: OnceLock::new(), regex: OnceLock::new() })
    }

    /// As [`FoldedPattern::new`], with the gate given instead of derived: for patterns whose needles are known, or
    /// which run only on parts of a text where the prefilter does not look.
    ///
    /// # Errors
    /// When the pattern has a capital or a non-ASCII letter.
    pub fn with_gate(pattern: &str, gate: Gate) -> Result<Self, PatternError> {
        let source = folded_source(pattern)?;
        Ok(FoldedPattern { source, gate, occurrence: OnceLock::new(), regex: OnceLock::new() })
    }

    /// The prefilter gate.
    #[must_use]
    pub fn gate(&self) -> Gate {
        self.gate
    }

    /// A gate for texts of which the pattern is to search a copy with other characters between the words: it needs
    /// the same literals, wherever they stand.
    pub fn loose_gate(&self, needles: &mut NeedleSet) -> Gate {
        needles.gate_all(self.needs().anywhere())
    }

    /// What a text needs for the pattern to match.
    pub fn needs(&self) -> Needs {
        Part::of_hir(&self.parsed(), FOLDED_EDGE).needs()
    }

    /// The compiled expression over folded bytes, for windows and anchored searches.
    pub fn regex(&self) -> &regex::bytes::Regex {
        self.regex.get_or_init(|| {
            count_compiled();
            regex::bytes::RegexBuilder::new(&self.source)
                .unicode(false)
                .size_limit(SIZE_LIMIT)
                .build()
                // `new` parsed it; `with_gate` patterns are constants that the tests compile.
                .unwrap_or_else(|e| panic!("pattern {:?}: {e}", self.source))
        })
    }

    fn occurrence(&self) -> &Occurrence {
        self.occurrence.get_or_init(|| Box::new(Occurrence::new(Step::from(&self.parsed()))))
    }

    fn parsed(&self) -> Hir {
        // As in [`FoldedPattern::regex`].
        parse(&self.source, false, false).unwrap_or_else(|e| panic!("pattern {:?}: {e}", self.source))
    }

    /// Whether the pattern occurs in the text.
    #[must_use]
    pub fn is_match(&self, text: &Text<'_>) -> bool {
        text.is_open(self.gate) && self.occurrence().is_in(text, self.gate)
    }

    /// Whether the pattern occurs in bytes of a folded view, whatever the gate.
    #[must_use]
    pub fn occurs_in(&self, folded: &[u8]) -> bool {
        self.occurrence().is_in_bytes(folded)
    }

    /// All non-overlapping matches, left to right. Behind a closed gate, where most calls end, nothing is made.
    #[inline]
    pub fn find_iter(&self, text: &Text<'_>) -> std::vec::IntoIter<CharSpan> {
        if text.is_open(self.gate) { self.matches(text).into_iter() } else { Vec::new().into_iter() }
    }

    /// All non-overlapping matches, left to right, of a pattern that matches only in such places of the folded view.
    #[must_use]
    pub fn find_in(&self, text: &Text<'_>, places: Places) -> Vec<CharSpan> {
        if !text.is_open(self.gate) {
            return Vec::new();
        }
        places(text).into_iter().flat_map(|place| matches_in(self.regex(), text.folded(), place)).collect()
    }

    fn matches(&self, text: &Text<'_>) -> Vec<CharSpan> {
        matches_in_parts(self.regex(), text.folded(), text, self.gate)
    }

    /// The first match.
    #[must_use]
    pub fn find(&self, text: &Text<'_>) -> Option<CharSpan> {
        let found = text.is_open(self.gate).then(|| self.regex().find(text.folded()))??;
        Some(CharSpan { start: found.start(), end: found.end() })
    }
}

/// Where a pattern can match in a text at all: places in order that do not overlap, each with a byte more behind what can
/// be the end of a match, so that edges are seen. No match may be empty.
pub type Places = fn(&Text<'_>) -> Vec<Range<usize>>;

/// A pattern over the text itself, minding case unless built with [`CasedPattern::ignore_case`].
#[derive(Debug)]
pub struct CasedPattern {
    pattern: String,
    wide_source: String,
    ignore_case: bool,
    gate: Gate,
    /// Whether the pattern can be searched in [`Text::cased`]: it names ASCII characters and blanks only, not `_`.
    narrow: bool,
    /// Whether it asks for digits of any script.
    any_digit: bool,
    /// The characters it names that [`Text::edge_view`] would replace.
    named: Option<Named>,
    /// Byte classes and ASCII word edges, the fastest automaton: for ASCII texts and for [`Text::cased`].
    ascii: OnceLock<regex::bytes::Regex>,
    /// For other texts: Unicode classes over [`Text::edge_view`].
    wide: OnceLock<regex::Regex>,
}

/// How a [`CasedPattern`] searches a text.
enum Way<'t> {
    /// These bytes are the text.
    Ascii(&'t [u8]),
    /// These bytes stand for its code points.
    Narrow(&'t [u8]),
    /// As text.
    Wide(&'t str),
    /// As text that only this pattern sees so.
    Own(String),
}

impl CasedPattern {
    /// Checks the pattern and registers its literals with the prefilter.
    ///
    /// # Errors
    /// When the pattern does not parse.
    pub fn new(pattern: &str, needles: &mut NeedleSet) -> Result<Self, PatternError> {
        Self::build(pattern, false, needles)
    }

    /// A pattern in either case that has non-ASCII literals; ASCII ones belong in a [`FoldedPattern`].
    /// ASCII `i` also matches U+0130 and U+0131.
    ///
    /// # Errors
    /// When the pattern does not parse.
    pub fn ignore_case(pattern: &str, needles: &mut NeedleSet) -> Result<Self, PatternError> {
        Self::build(pattern, true, needles)
    }

    fn build(pattern: &str, ignore_case: bool, needles: &mut NeedleSet) -> Result<Self, PatternError> {
        let error = |message| PatternError { pattern: pattern.into(), message };
        let read = |pattern: &str| {
            let source = wide_source(pattern, ignore_case)?;
            let hir = parse(&source, true, false)?;
            Ok((source, hir))
        };
        let (wide_source, hir) = read(pattern).map_err(error)?;
        let gate = needles.gate_all(Part::of_hir(&hir, TEXT_EDGE).needs());
        let named = Named::of(pattern, ignore_case);
        let wide_source = match &named {
            Some(named) => read(&named.pattern(pattern)).map_err(error)?.0,
            None => wide_source,
        };
        let narrow = pattern.is_ascii()
            && !ignore_case
            && parse(&ascii_source(pattern), false, false).is_ok_and(|hir| is_narrow(&hir));
        Ok(CasedPattern {
            pattern: pattern.to_owned(),
            wide_source,
            ignore_case,
            gate,
            narrow,
            any_digit: pattern.contains(r"\d"),
            named,
            ascii: OnceLock::new(),
            wide: OnceLock::new(),
        })
    }

    fn way<'t>(&self, text: &'t Text<'_>) -> Way<'t> {
        // A non-ASCII literal may match ASCII in either case (the dotless i an `i`): the wide expression knows.
        if text.is_ascii() && (!self.ignore_case || self.pattern.is_ascii()) {
            Way::Ascii(text.raw().as_bytes())
        } else if self.narrow && !(self.any_digit && text.shape().has(super::fold::DIGIT)) {
            Way::Narrow(text.cased())
        } else if let Some(named) = &self.named {
            Way::Own(named.view(text.raw()))
        } else {
            Way::Wide(text.edge_view())
        }
    }

    /// The prefilter gate.
    #[must_use]
    pub fn gate(&self) -> Gate {
        self.gate
    }

    fn ascii(&self) -> &regex::bytes::Regex {
        self.ascii.get_or_init(|| {
            count_compiled();
            regex::bytes::RegexBuilder::new(&ascii_source(&self.pattern))
                .unicode(!self.pattern.is_ascii())
                .case_insensitive(self.ignore_case)
                .size_limit(SIZE_LIMIT)
                .build()
                // `build` parsed the pattern; only its classes are narrower here.
                .unwrap_or_else(|e| panic!("pattern {:?}: {e}", self.pattern))
        })
    }

    fn wide(&self) -> &regex::Regex {
        self.wide.get_or_init(|| {
            count_compiled();
            regex::RegexBuilder::new(&self.wide_source)
                .size_limit(SIZE_LIMIT)
                .build()
                // `build` parsed this very source.
                .unwrap_or_else(|e| panic!("pattern {:?}: {e}", self.pattern))
        })
    }

    /// Whether the pattern occurs in the text.
    #[must_use]
    pub fn is_match(&self, text: &Text<'_>) -> bool {
        text.is_open(self.gate)
            && match self.way(text) {
                Way::Ascii(bytes) | Way::Narrow(bytes) => {
                    text.any_part(self.gate, |part| self.ascii().is_match_at(&bytes[..part.end], part.start))
                }
                Way::Wide(view) => self.wide().is_match(view),
                Way::Own(view) => self.wide().is_match(&view),
            }
    }

    /// The first match at or after byte `from`, with the text before it seen as context.
    #[must_use]
    pub fn find_at(&self, text: &Text<'_>, from: usize) -> Option<ByteSpan> {
        if !text.is_open(self.gate) || from > text.raw().len() {
            return None;
        }
        let span = |(start, end)| ByteSpan { start, end };
        match self.way(text) {
            Way::Ascii(bytes) => self.ascii().find_at(bytes, from).map(|m| span((m.start(), m.end()))),
            Way::Narrow(bytes) => {
                let found = self.ascii().find_at(bytes, text.char_at(from))?;
                Some(text.bytes(CharSpan { start: found.start(), end: found.end() }))
            }
            Way::Wide(view) => self.wide().find_at(view, from).map(|m| span((m.start(), m.end()))),
            Way::Own(view) => self.wide().find_at(&view, from).map(|m| span((m.start(), m.end()))),
        }
    }

    /// All non-overlapping matches, left to right. Behind a closed gate, where most calls end, nothing is made.
    #[inline]
    pub fn find_iter(&self, text: &Text<'_>) -> std::vec::IntoIter<ByteSpan> {
        if text.is_open(self.gate) { self.matches(text).into_iter() } else { Vec::new().into_iter() }
    }

    /// All non-overlapping matches, left to right, of a pattern that matches only in such places of the text's bytes.
    #[must_use]
    pub fn find_in(&self, text: &Text<'_>, places: Places) -> Vec<ByteSpan> {
        let places = if text.is_open(self.gate) { places(text) } else { Vec::new() };
        if places.is_empty() {
            return Vec::new();
        }
        match self.way(text) {
            Way::Ascii(bytes) | Way::Narrow(bytes) => {
                let parts = places.into_iter().map(|place| text.chars(ByteSpan { start: place.start, end: place.end }));
                let matches = parts.flat_map(|part| matches_in(self.ascii(), bytes, part.start..part.end));
                matches.map(|span| text.bytes(span)).collect()
            }
            Way::Wide(_) | Way::Own(_) => self.matches(text),
        }
    }

    fn matches(&self, text: &Text<'_>) -> Vec<ByteSpan> {
        let of_text = |m: regex::Match<'_>| ByteSpan { start: m.start(), end: m.end() };
        match self.way(text) {
            Way::Ascii(bytes) | Way::Narrow(bytes) => {
                let matches = matches_in_parts(self.ascii(), bytes, text, self.gate);
                matches.into_iter().map(|span| text.bytes(span)).collect()
            }
            Way::Wide(view) => self.wide().find_iter(view).map(of_text).collect(),
            Way::Own(view) => self.wide().find_iter(&view).map(of_text).collect(),
        }
    }

    /// The groups of the first match, by number; group 0 is the match.
    #[must_use]
    pub fn captures(&self, text: &Text<'_>) -> Option<Vec<Option<ByteSpan>>> {
        if !text.is_open(self.gate) {
            return None;
        }
        let of_text = |groups: regex::Captures<'_>| {
            groups.iter().map(|g| g.map(|m| ByteSpan { start: m.start(), end: m.end() })).collect()
        };
        Some(match self.way(text) {
            Way::Ascii(bytes) => {
                let groups = self.ascii().captures(bytes)?;
                groups.iter().map(|g| g.map(|m| ByteSpan { start: m.start(), end: m.end() })).collect()
            }
            Way::Narrow(bytes) => {
                let groups = self.ascii().captures(bytes)?;
                let span = |m: regex::bytes::Match<'_>| text.bytes(CharSpan { start: m.start(), end: m.end() });
                groups.iter().map(|g| g.map(span)).collect()
            }
            Way::Wide(view) => of_text(self.wide().captures(view)?),
            Way::Own(view) => of_text(self.wide().captures(&view)?),
        })
    }
}

/// All non-overlapping matches, left to right, in bytes that stand for the text's code points, one each: searched where
/// the gate, which is open, lets any be.
fn matches_in_parts(regex: &regex::bytes::Regex, bytes: &[u8], text: &Text<'_>, gate: Gate) -> Vec<CharSpan> {
    let mut matches = Vec::new();
    text.any_part(gate, |part| {
        if part == (0..bytes.len()) {
            matches.extend(regex.find_iter(bytes).map(|found| CharSpan { start: found.start(), end: found.end() }));
        } else {
            matches.extend(matches_in(regex, bytes, part));
        }
        false
    });
    matches
}

/// All matches in a part of the bytes, none of which is empty. The bytes before the part are seen, those behind it not.
fn matches_in(regex: &regex::bytes::Regex, bytes: &[u8], part: Range<usize>) -> impl Iterator<Item = CharSpan> {
    let mut at = part.start;
    std::iter::from_fn(move || {
        let found = regex.find_at(&bytes[..part.end], at)?;
        at = found.end();
        Some(CharSpan { start: found.start(), end: found.end() })
    })
}

/// Whether no part of the pattern can tell apart what [`Text::cased`] does not keep apart: beyond ASCII it knows
/// blanks only, and `_` there may be any letter.
fn is_narrow(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => literal.0.iter().all(|&b| b.is_ascii() && b != b'_'),
        HirKind::Class(Class::Bytes(class)) => {
            let has = |b: u8| class.ranges().iter().any(|r| r.start() <= b && b <= r.end());
            !has(b'_') && (0x80..=0xFF).all(|b| !has(b) || (b == super::fold::BLANK && has(b' ')))
        }
        HirKind::Class(Class::Unicode(_)) => false,
        HirKind::Repetition(repetition) => is_narrow(&repetition.sub),
        HirKind::Capture(capture) => is_narrow(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(is_narrow),
    }
}

fn parse(source: &str, unicode: bool, ignore_case: bool) -> Result<Hir, String> {
    regex_syntax::ParserBuilder::new()
        .unicode(unicode)
        .utf8(unicode)
        .case_insensitive(ignore_case)
        .build()
        .parse(source)
        .map_err(|e| match e {
            regex_syntax::Error::Parse(e) => e.kind().to_string(),
            regex_syntax::Error::Translate(e) => e.kind().to_string(),
            e => e.to_string(),
        })
}

/// The classes of one dialect: what stands inside brackets, and for a negated class the whole bracket.
struct Classes {
    digit: &'static str,
    space: &'static str,
    word: &'static str,
}

const FOLDED: Classes = Classes { digit: "0-9D", space: r"\t-\r\x1c-\x20\xa0", word: "0-9A-Za-z_" };
const ASCII: Classes = Classes { digit: "0-9", space: r"\t-\r\x1c-\x20\xa0", word: "0-9A-Za-z_" };

/// Rewrites `\d \s \w` and their negations; hands every other character to `other`.
fn translate(
    pattern: &str,
    classes: &Classes,
    mut other: impl FnMut(char, &mut String) -> Result<(), String>,
) -> Result<String, String> {
    let mut out = String::with_capacity(pattern.len() * 2);
    let mut depth = 0usize;
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let Some(escaped) = chars.next() else { return Err("ends in a backslash".into()) };
                let (set, negated) = match escaped {
                    'd' => (classes.digit, false),
                    's' => (classes.space, false),
                    'w' => (classes.word, false),
                    'D' => (classes.digit, true),
                    'S' => (classes.space, true),
                    'W' => (classes.word, true),
                    _ => {
                        out.push('\\');
                        out.push(escaped);
                        continue;
                    }
                };
                match (negated, depth) {
                    (true, _) => out.extend(["[^", set, "]"]),
                    (false, 0) => out.extend(["[", set, "]"]),
                    (false, _) => out.push_str(set),
                }
            }
            '[' => {
                depth += 1;
                out.push(c);
            }
            ']' => {
                depth = depth.saturating_sub(1);
                out.push(c);
            }
            _ => other(c, &mut out)?,
        }
    }
    Ok(out)
}

fn folded_source(pattern: &str) -> Result<String, PatternError> {
    translate(pattern, &FOLDED, |c, out| {
        if c.is_ascii_uppercase() {
            return Err(format!("the capital {c:?} cannot occur in the folded view"));
        }
        if c.is_ascii() {
            out.push(c);
            return Ok(());
        }
        match super::fold::PUNCTUATION.iter().find(|&&(p, _)| p == c) {
            Some((_, byte)) => out.push_str(&format!("\\x{byte:02x}")),
            None => return Err(format!("{c:?} has no byte of its own in the folded view")),
        }
        Ok(())
    })
    .map_err(|message| PatternError { pattern: pattern.to_owned(), message })
}

fn ascii_source(pattern: &str) -> String {
    let source = translate(pattern, &ASCII, |c, out| {
        out.push(c);
        Ok(())
    })
    .unwrap_or_default();
    // With non-ASCII literals the expression keeps Unicode mode, where the edge must be asked for in bytes.
    if pattern.is_ascii() { source } else { source.replace(r"\b", r"(?-u:\b)").replace(r"\B", r"(?-u:\B)") }
}

/// The source for non-ASCII texts. Under IGNORECASE every class that has both cases of `i`, literals included, gains
/// the dotted and the dotless Turkish i, as in Python.
fn wide_source(pattern: &str, ignore_case: bool) -> Result<String, String> {
    if !ignore_case {
        return Ok(pattern.to_owned());
    }
    Ok(with_turkish_i(&parse(pattern, true, true)?).to_string())
}

/// The dotted capital and the dotless small i.
const TURKISH: [char; 2] = ['\u{130}', '\u{131}'];

fn with_turkish_i(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            let has = |c: char| class.ranges().iter().any(|r| r.start() <= c && c <= r.end());
            let mut class = class.clone();
            if has('i') && has('I') {
                class.push(ClassUnicodeRange::new('\u{130}', '\u{131}'));
            }
            Hir::class(Class::Unicode(class))
        }
        // In a literal the two stand by themselves: to the crate they have no other case.
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(text) if text.contains(TURKISH) => Hir::concat(
                text.chars()
                    .map(|c| {
                        let range = |c| ClassUnicodeRange::new(c, c);
                        let ranges = if TURKISH.contains(&c) {
                            ['i', 'I', '\u{130}', '\u{131}'].map(range)
                        } else {
                            [range(c); 4]
                        };
                        Hir::class(Class::Unicode(ClassUnicode::new(ranges)))
                    })
                    .collect(),
            ),
            _ => hir.clone(),
        },
        HirKind::Repetition(repetition) => {
            let mut repetition = repetition.clone();
            repetition.sub = Box::new(with_turkish_i(&repetition.sub));
            Hir::repetition(repetition)
        }
        HirKind::Capture(capture) => {
            let mut capture = capture.clone();
            capture.sub = Box::new(with_turkish_i(&capture.sub));
            Hir::capture(capture)
        }
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(with_turkish_i).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(with_turkish_i).collect()),
        _ => hir.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn folded(pattern: &str, texts: &[&str]) -> Vec<bool> {
        let mut needles = NeedleSet::new();
        let pattern = FoldedPattern::new(pattern, &mut needles).unwrap();
        let prefilter = needles.build();
        texts.iter().map(|t| pattern.is_match(&Text::new(*t, &prefilter))).collect()
    }

    fn cased(pattern: &str, texts: &[&str]) -> Vec<bool> {
        let mut needles = NeedleSet::new();
        let pattern = CasedPattern::new(pattern, &mut needles).unwrap();
        let prefilter = needles.build();
        texts.iter().map(|t| pattern.is_match(&Text::new(*t, &prefilter))).collect()
    }

    #[test]
    fn folded_patterns_ignore_case_as_python_does() {
        assert_eq!(
            folded(
                r"\bkiss\s+me\b",
                &["KISS me", "\u{212A}\u{131}\u{17F}s\u{2003}me", "kiss meé", "kiss me\u{301}", "kiss me²"]
            ),
            [true, true, false, true, false]
        );
    }

    #[test]
    fn folded_patterns_name_punctuation_and_refuse_what_the_view_cannot_tell() {
        assert_eq!(folded("can[’']t", &["Can’t", "can't", "can´t"]), [true, true, false]);
        assert!(FoldedPattern::new("é", &mut NeedleSet::new()).is_err());
        assert!(FoldedPattern::new("A", &mut NeedleSet::new()).is_err());
        assert!(FoldedPattern::new("(", &mut NeedleSet::new()).is_err());
    }

    #[test]
    fn classes_are_pythons_in_both_kinds() {
        let texts = ["x٣", "x3", "x²", "x \u{1C}"];
        assert_eq!(folded(r"x\d", &texts), [true, true, false, false]);
        assert_eq!(cased(r"x\d", &texts), [true, true, false, false]);
        assert_eq!(cased(r"x\w", &texts), [true, true, true, false]);
        assert_eq!(cased(r"x [\s.]", &texts), [false, false, false, true]);
        assert_eq!(folded(r"x[^\W\d]", &texts), [false, false, true, false]);
    }

    #[test]
    fn cased_patterns_have_python_edges() {
        assert_eq!(
            cased(r"\bsk-[a-z]{3,}\b", &["sk-abc", "sk-abcé", "sk-abc\u{301}", "ésk-abc", "SK-abc", "sk-ab²"]),
            [true, false, true, false, false, false]
        );
    }

    #[test]
    fn patterns_of_ascii_characters_see_the_same_in_other_texts() {
        let mut needles = NeedleSet::new();
        let pattern = CasedPattern::new(r"\b[A-Z]{2}\s?\d{2}\b", &mut needles).unwrap();
        assert!(pattern.narrow && pattern.any_digit);
        for wide in [r"[A-Z_]", r"\w", r"[^a]", "a_b", r"\S", "é"] {
            assert!(!CasedPattern::new(wide, &mut needles).unwrap().narrow, "{wide}");
        }
        let prefilter = needles.build();
        let found = |text: &str| {
            let text = Text::new(text, &prefilter);
            pattern.find_iter(&text).map(|m| m.of(text.raw()).to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(found("é AB\u{3000}12 éAB12 AB12² AB12\u{301} ab12"), ["AB\u{3000}12", "AB12"]);
        assert_eq!(found("AB٣4 AB12"), ["AB٣4", "AB12"]);
        let text = Text::new("éAB12 AB12", &prefilter);
        assert_eq!(pattern.find_at(&text, 2).map(|m| m.start), Some(7));
    }

    #[test]
    fn the_turkish_i_matches_under_ignore_case() {
        let mut needles = NeedleSet::new();
        let pattern = CasedPattern::ignore_case("ñi[h-j]", &mut needles).unwrap();
        let prefilter = needles.build();
        assert!(pattern.is_match(&Text::new("Ñİİ", &prefilter)));
        assert!(!pattern.is_match(&Text::new("Ñİk", &prefilter)));
    }

    #[test]
    fn marks_that_a_pattern_names_are_found_and_edges_are_pythons() {
        let mut needles = NeedleSet::new();
        let plain = CasedPattern::ignore_case("i\u{307}ptal\u{2DFF}", &mut needles).unwrap();
        let edged = CasedPattern::ignore_case("\\be\u{301}x\\b", &mut needles).unwrap();
        let prefilter = needles.build();
        assert!(plain.is_match(&Text::new("x I\u{307}PTAL\u{2DFF}y", &prefilter)));
        assert!(!plain.is_match(&Text::new("x I\u{306}PTAL\u{2DFF}y", &prefilter)));
        let found = |text| edged.find_iter(&Text::new(text, &prefilter)).map(|m| m.start).collect::<Vec<_>>();
        // To Python a mark ends a word, also behind the pattern.
        assert_eq!(found("E\u{301}X\u{301} e\u{302}x e\u{301}xé ée\u{301}x"), [0]);
        assert_eq!(found("a\u{301}e\u{301}x"), [3]);
    }

    #[test]
    fn the_turkish_letters_of_a_pattern_match_an_ascii_i() {
        for literal in ["ıx", "İx"] {
            let mut needles = NeedleSet::new();
            let pattern = CasedPattern::ignore_case(literal, &mut needles).unwrap();
            let prefilter = needles.build();
            for text in ["ix", "IX", "ıx", "İX"] {
                assert!(pattern.is_match(&Text::new(text, &prefilter)), "{literal} {text}");
            }
        }
    }

    proptest! {
        /// Long texts are searched only where the literals of a pattern are near to each other.
        #[test]
        fn matches_are_found_where_their_literals_are(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "alpha", "beta", r"\b", r"\s+", r"\s*", r"(?:\w+\s+){0,9}", r"(?:\s+\S+){0,30}", r"[^\n]{0,9}", r"\w*",
                    "(?:alpha|beta)", "-?", "$", r"(?:\s+the)?",
                ]),
                1..6,
            ),
            words in prop::collection::vec(
                prop_oneof![
                    30 => prop::sample::select(vec![" the", " xalpha-", ", ", "  ", "\n", " wordsofmanymanyletters", "."]),
                    1 => prop::sample::select(vec![" alpha", " beta", "alpha beta", "beta\n"]),
                ],
                0..1500
            ),
            end in prop::sample::select(vec!["", "é"]),
        ) {
            let mut needles = NeedleSet::new();
            let Ok(pattern) = FoldedPattern::new(&parts.concat(), &mut needles) else { return Ok(()) };
            let Ok(cased) = CasedPattern::new(&parts.concat(), &mut needles) else { return Ok(()) };
            let prefilter = needles.build();
            let text = Text::new(words.concat() + end, &prefilter);
            let found: Vec<_> = cased.find_iter(&text).map(|span| span.start..span.end).collect();
            let expected: Vec<_> = cased.wide().find_iter(text.edge_view()).map(|found| found.range()).collect();
            prop_assert_eq!(cased.is_match(&text), !expected.is_empty(), "{}", parts.concat());
            prop_assert_eq!(found, expected, "{}", parts.concat());
            prop_assert_eq!(pattern.is_match(&text), pattern.regex().is_match(text.folded()), "{}", parts.concat());
            let found: Vec<_> = pattern.find_iter(&text).map(|span| span.start..span.end).collect();
            let expected: Vec<_> = pattern.regex().find_iter(text.folded()).map(|found| found.range()).collect();
            prop_assert_eq!(found, expected, "{}", parts.concat());
        }

        /// Whether by edges, by what is optional or by how far apart its literals are: a gate closes on no match.
        #[test]
        fn gates_are_open_where_patterns_match(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "ab", "car", "do", "é", "-", " ", r"\b", r"\b", r"\s+", r"\s*", r"\w+", r"\w*", r"\s", "s?", r"(?:\s+the)?",
                    "(?:car|ab)", r"(?:do|car\s+ab|\bab)", r"(?:\w+\s+){0,2}", r"(?:ab\b\s*){2,3}", r"[^\n]{0,9}", r".*", "^", "$",
                ]),
                1..8,
            ),
            words in prop::collection::vec(
                prop::sample::select(vec!["ab", "car", "cars", "do", "the", "xab", "é", "-", ",", " ", " ", " ", "\n", "\u{a0}"]), 0..120
            ),
        ) {
            let (source, text) = (parts.concat(), words.concat());
            let mut needles = NeedleSet::new();
            let folded = FoldedPattern::new(&source.replace('é', ""), &mut needles);
            let cased = CasedPattern::new(&source, &mut needles);
            let (Ok(folded), Ok(cased)) = (folded, cased) else { return Ok(()) };
            let prefilter = needles.build();
            let text = Text::new(text.as_str(), &prefilter);
            if folded.regex().is_match(text.folded()) {
                prop_assert!(text.is_open(folded.gate()), "{source:?} in {:?}", text.raw());
            }
            if cased.wide().is_match(text.edge_view()) {
                prop_assert!(text.is_open(cased.gate()), "{source:?} in {:?}", text.raw());
            }
        }
    }
}
