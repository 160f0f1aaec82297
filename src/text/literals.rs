//! Finds the literals that every match of a pattern must contain, for the prefilter: one of these *and* one of those,
//! not far from each other.
//!
//! Each word of a pattern alone may be common; that all of them occur together is rare. So a pattern is given up to
//! [`MAX_CLAUSES`] clauses, each a set of literals of which at least one must be in the text, chosen by how often
//! they are to be expected in ordinary text, and a reach: how many tokens a match can span.

use super::chars::blank_ranges;
use super::fold::{BLANK, DIGIT, LETTER, SYMBOL, fold_char, is_blank, is_word};
use super::frequency::{self, expected};
use regex_syntax::hir::{Class, ClassUnicodeRange, Hir, HirKind, Look};
use serde::{Deserialize, Serialize};

/// More alternatives than this are not worth tracking exactly.
const MAX_EXACT: usize = 96;
/// Nor are more than this of several words each.
const MAX_PHRASES: usize = 16;
/// Sets of literals larger than this are not looked for.
const MAX_SET: usize = 256;
/// A class of more characters than this is not spelled out.
const MAX_CLASS: usize = 4;
/// A class of more characters than this may have any.
const MAX_KNOWN: u32 = 64;
/// Longer literals are cut: they rule out little more.
const MAX_LEN: usize = 24;
/// More clauses rule out little more.
pub const MAX_CLAUSES: usize = 4;
/// A clause that is expected more often than this in a text rules out too few.
const MAX_EXPECTED: f64 = 3.0;
/// A further clause must be in fewer texts than this to be worth its search.
const MAX_FURTHER: f64 = 0.3;
/// A rule that runs in fewer texts than this needs no further clause.
const RARE: f64 = 1e-5;

/// Literals, as the folded view shows them, of which at least one is in every match. A blank between words is any
/// blanks, and one at an end of a literal of words is the end of a word, whatever ends it.
pub type Clause = Vec<Vec<u8>>;

/// What a text needs for a pattern to match. Written as the tokens and the clauses, whose bytes are the first 256
/// characters of Unicode.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(Option<u32>, Vec<Vec<String>>)", into = "(Option<u32>, Vec<Vec<String>>)")]
pub struct Needs {
    /// The rarest first. Empty when there is no literal that would rule anything out.
    pub clauses: Vec<Clause>,
    /// How many tokens (separated by blanks) a match touches at most; `None` for patterns without a limit.
    pub tokens: Option<u32>,
}

impl Needs {
    /// The same literals, wherever they stand in words and in the text, of several words the rarest.
    #[must_use]
    pub fn anywhere(mut self) -> Self {
        for literal in self.clauses.iter_mut().flatten() {
            let words = literal.split(|&b| is_blank(b));
            *literal = words.max_by_key(|word| frequency::bits(word)).unwrap_or_default().to_vec();
        }
        self.tokens = None;
        self
    }
}

impl From<(Option<u32>, Vec<Vec<String>>)> for Needs {
    fn from((tokens, clauses): (Option<u32>, Vec<Vec<String>>)) -> Self {
        // Characters beyond those 256 are never written.
        let byte = |c: char| u8::try_from(c).unwrap_or(SYMBOL);
        let literal = |text: String| if text.is_ascii() { text.into() } else { text.chars().map(byte).collect() };
        let clause = |texts: Vec<String>| texts.into_iter().map(literal).collect();
        Needs { clauses: clauses.into_iter().map(clause).collect(), tokens }
    }
}

impl From<Needs> for (Option<u32>, Vec<Vec<String>>) {
    fn from(needs: Needs) -> Self {
        let text = |literal: Vec<u8>| literal.into_iter().map(char::from).collect();
        let texts = |clause: Clause| clause.into_iter().map(text).collect();
        (needs.tokens, needs.clauses.into_iter().map(texts).collect())
    }
}

/// A pattern as far as its literals are concerned.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// No characters, of which nothing is known.
    Nothing,
    /// The edge of a word, or of the text or a line.
    Edge,
    /// One of these strings of folded bytes.
    Strings(Clause),
    /// One character.
    Char(Chars),
    /// One or more blanks.
    Blanks,
    Seq(Vec<Part>),
    Any(Vec<Part>),
    Rep {
        min: u32,
        max: Option<u32>,
        of: Box<Part>,
    },
}

/// What is known about the characters of a class.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chars {
    /// Whether some may be blanks.
    blanks: bool,
    /// Whether some may be no blanks.
    others: bool,
    /// Whether some may be word characters.
    words: bool,
}

impl Chars {
    /// Of these folded bytes.
    fn of_bytes(bytes: impl IntoIterator<Item = u8>) -> Self {
        bytes.into_iter().fold(Chars { blanks: false, others: false, words: false }, |known, b| Chars {
            blanks: known.blanks | is_blank(b),
            others: known.others | !is_blank(b),
            words: known.words | is_word(b),
        })
    }
}

/// The edge of a word in a pattern over folded bytes.
pub(super) const FOLDED_EDGE: Look = Look::WordAscii;

/// The edge of a word in a pattern over text.
pub(super) const TEXT_EDGE: Look = Look::WordUnicode;

/// Stands in a string for the edge of a word: no folded byte.
const EDGE: u8 = b'B';

/// Stands in a string for one or more blanks: no folded byte.
const GAP: u8 = b'G';

impl Part {
    /// A pattern in which `edge` asks for the word edges that the folded view shows: [`FOLDED_EDGE`] in one over folded
    /// bytes, [`TEXT_EDGE`] in one over text.
    pub(super) fn of_hir(hir: &Hir, edge: Look) -> Part {
        let each = |parts: &[Hir]| parts.iter().map(|part| Part::of_hir(part, edge)).collect();
        match hir.kind() {
            HirKind::Empty => Part::Nothing,
            HirKind::Look(Look::Start | Look::End | Look::StartLF | Look::EndLF) => Part::Edge,
            HirKind::Look(look) if edge == *look => Part::Edge,
            HirKind::Look(_) => Part::Nothing,
            // A pattern over folded bytes: they are what they are, even where they look like UTF-8.
            HirKind::Literal(literal) if edge == FOLDED_EDGE => Part::Strings(vec![literal.0.to_ascii_lowercase()]),
            HirKind::Literal(literal) => {
                let text = String::from_utf8_lossy(&literal.0);
                match text.chars().map(folded).collect() {
                    Some(bytes) => Part::Strings(vec![bytes]),
                    None => Part::Seq(text.chars().map(Part::of_char).collect()),
                }
            }
            HirKind::Class(class) => Part::of_class(class),
            HirKind::Capture(capture) => Part::of_hir(&capture.sub, edge),
            HirKind::Repetition(repetition) => Part::Rep {
                min: repetition.min,
                max: repetition.max,
                of: Box::new(Part::of_hir(&repetition.sub, edge)),
            },
            HirKind::Concat(parts) => Part::Seq(each(parts)),
            HirKind::Alternation(parts) => Part::Any(each(parts)),
        }
    }

    /// One character of a class.
    pub(super) fn of_class(class: &Class) -> Part {
        match class_strings(class) {
            Some(strings) => Part::Strings(strings),
            None => Part::Char(chars_of(class)),
        }
    }

    fn of_char(c: char) -> Part {
        match folded(c) {
            Some(byte) => Part::Strings(vec![vec![byte]]),
            None => Part::Char(Chars::of_bytes([fold_char(c)])),
        }
    }

    /// What a text needs to match.
    pub(super) fn needs(&self) -> Needs {
        Needs { clauses: choose(self.info(Around::default()).all()), tokens: self.tokens() }
    }

    /// What stands at the beginning, or at the end, of a match.
    fn side(&self, end: bool) -> Side {
        match self {
            Part::Nothing => Side::Through,
            Part::Edge => Side::Edge,
            Part::Strings(strings) => {
                Side::of_any(strings.iter().map(|string| match if end { string.last() } else { string.first() } {
                    None => Side::Through,
                    Some(&b) if is_word(b) => Side::Open,
                    Some(_) => Side::Edge,
                }))
            }
            Part::Char(chars) => {
                if chars.words {
                    Side::Open
                } else {
                    Side::Edge
                }
            }
            Part::Blanks => Side::Edge,
            Part::Seq(parts) if end => Side::of_row(parts.iter().rev().map(|part| part.side(end))),
            Part::Seq(parts) => Side::of_row(parts.iter().map(|part| part.side(end))),
            Part::Any(parts) => Side::of_any(parts.iter().map(|part| part.side(end))),
            Part::Rep { min, of, .. } => match of.side(end) {
                Side::Edge if *min == 0 => Side::Through,
                side => side,
            },
        }
    }

    fn info(&self, around: Around) -> Info {
        match self {
            Part::Nothing | Part::Edge => Info::exactly(vec![around.marked(b"")]),
            Part::Strings(strings) => Info::exactly(strings.iter().map(|string| around.marked(string)).collect()),
            Part::Blanks | Part::Char(Chars { others: false, .. }) => Info::exactly(vec![vec![GAP]]),
            Part::Rep { min: 1.., of, .. } if matches!(**of, Part::Char(Chars { others: false, .. })) => {
                Info::exactly(vec![vec![GAP]])
            }
            Part::Char(_) | Part::Rep { min: 0, max: None | Some(2..), .. } => {
                Info { exact: None, clauses: Vec::new() }
            }
            Part::Seq(parts) => sequence(parts, around),
            Part::Any(parts) => any(parts, around),
            Part::Rep { min: 0, of, .. } => {
                let exact = of.info(around).exact.map(|mut strings| {
                    strings.push(around.marked(b""));
                    strings
                });
                Info { exact, clauses: Vec::new() }
            }
            Part::Rep { min: 1, max: Some(1), of } => of.info(around),
            Part::Rep { of, .. } => Info { exact: None, clauses: of.info(Around { after: false, ..around }).all() },
        }
    }

    /// Whether a match may have a blank in it.
    fn has_blanks(&self) -> bool {
        match self {
            Part::Nothing | Part::Edge => false,
            Part::Strings(strings) => strings.iter().flatten().any(|&b| is_blank(b)),
            Part::Char(chars) => chars.blanks,
            Part::Blanks => true,
            Part::Seq(parts) | Part::Any(parts) => parts.iter().any(Part::has_blanks),
            Part::Rep { of, .. } => of.has_blanks(),
        }
    }

    /// Whether a match has nothing but blanks.
    fn is_blank(&self) -> bool {
        match self {
            Part::Nothing | Part::Edge | Part::Blanks => true,
            Part::Strings(strings) => strings.iter().flatten().all(|&b| is_blank(b)),
            Part::Char(chars) => !chars.others,
            Part::Seq(parts) | Part::Any(parts) => parts.iter().all(Part::is_blank),
            Part::Rep { of, .. } => of.is_blank(),
        }
    }

    /// How many tokens a match touches at most.
    fn tokens(&self) -> Option<u32> {
        if self.is_blank() {
            return Some(0);
        }
        if !self.has_blanks() {
            return Some(1);
        }
        match self {
            Part::Seq(parts) => parts.iter().try_fold(0u32, |sum, part| sum.checked_add(part.tokens()?)),
            Part::Any(parts) => parts.iter().try_fold(0, |most, part| Some(most.max(part.tokens()?))),
            // Every other character may be a blank.
            Part::Rep { max, of, .. } if matches!(**of, Part::Char(_)) => Some((*max)? / 2 + 1),
            Part::Rep { max, of, .. } => of.tokens()?.checked_mul((*max)?),
            Part::Strings(strings) => strings.iter().map(|string| tokens_in(string)).max(),
            Part::Nothing | Part::Edge | Part::Blanks | Part::Char(_) => Some(1),
        }
    }
}

/// At most, of a string.
fn tokens_in(string: &[u8]) -> u32 {
    let tokens = string.split(|&b| is_blank(b)).filter(|token| !token.is_empty()).count();
    u32::try_from(tokens).unwrap_or(u32::MAX)
}

/// What one side of a part has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// If a word begins or ends there, this is its edge.
    Edge,
    /// Perhaps a character of a word.
    Open,
    /// An edge, or nothing: then what stands next decides.
    Through,
}

impl Side {
    /// Of parts in a row, the nearest first.
    fn of_row(mut sides: impl Iterator<Item = Side>) -> Side {
        sides.find(|&side| side != Side::Through).unwrap_or(Side::Through)
    }

    /// Of parts of which one is there.
    fn of_any(mut sides: impl Iterator<Item = Side>) -> Side {
        let Some(first) = sides.next() else { return Side::Through };
        sides.fold(first, |all, side| match (all, side) {
            (Side::Open, _) | (_, Side::Open) => Side::Open,
            (Side::Edge, Side::Edge) => Side::Edge,
            _ => Side::Through,
        })
    }

    /// Whether there is an edge behind the part, given whether there is one before it.
    fn is_edge(self, next: bool) -> bool {
        self == Side::Edge || (self == Side::Through && next)
    }
}

/// Whether the edge of a word is where a part begins and ends.
#[derive(Clone, Copy, Default)]
struct Around {
    before: bool,
    after: bool,
}

impl Around {
    /// The string between its edges.
    fn marked(self, string: &[u8]) -> Vec<u8> {
        let mark = |is_edge: bool| if is_edge { &[EDGE][..] } else { &[] };
        [mark(self.before), string, mark(self.after)].concat()
    }
}

/// What is known about the strings that a part of a pattern matches, as the folded view would show them, with edges.
struct Info {
    /// All strings the part can match, if they are few.
    exact: Option<Clause>,
    /// What every match needs besides.
    clauses: Vec<Ranked>,
}

impl Info {
    fn exactly(strings: Clause) -> Self {
        Info { exact: Some(strings), clauses: Vec::new() }
    }

    /// All that a match needs, the strings too.
    fn all(mut self) -> Vec<Ranked> {
        self.clauses.extend(self.exact.as_ref().and_then(Ranked::of));
        self.clauses
    }
}

fn sequence(parts: &[Part], around: Around) -> Info {
    let edges = edges(parts, around);
    let mut run: Clause = vec![Vec::new()];
    let mut whole = true;
    let mut clauses = Vec::new();
    for (part, edges) in parts.iter().zip(edges.windows(2)) {
        let sub = part.info(Around { before: edges[0], after: edges[1] });
        clauses.extend(sub.clauses);
        match sub.exact {
            Some(exact) if run.len() * exact.len() <= most_of(&run, &exact) => run = cross(&run, &exact),
            exact => {
                whole = false;
                clauses.extend(Ranked::of(&run));
                run = exact.unwrap_or_else(|| vec![Vec::new()]);
            }
        }
    }
    if whole {
        return Info::exactly(run);
    }
    clauses.extend(Ranked::of(&run));
    Info { exact: None, clauses }
}

/// How many strings are worth tracking that begin with one of these and end with one of those: beyond a gap only words.
fn most_of(begins: &Clause, ends: &Clause) -> usize {
    let mut strings = begins.iter().chain(ends);
    if ends[..] == [[GAP]] || !strings.clone().any(|string| string.contains(&GAP)) {
        MAX_EXACT
    } else if strings.all(|string| is_words(string)) {
        MAX_PHRASES
    } else {
        0
    }
}

/// Whether a string has nothing but words, with gaps and blanks between them.
fn is_words(string: &[u8]) -> bool {
    string.iter().all(|&b| is_word(b) || matches!(b, EDGE | GAP | b' '))
}

/// Whether there is an edge before each part, and behind the last one.
fn edges(parts: &[Part], around: Around) -> Vec<bool> {
    let mut edges = vec![around.before; parts.len() + 1];
    for (i, part) in parts.iter().enumerate() {
        edges[i + 1] = part.side(true).is_edge(edges[i]);
    }
    let mut next = around.after;
    edges[parts.len()] |= next;
    for (i, part) in parts.iter().enumerate().rev() {
        next = part.side(false).is_edge(next);
        edges[i] |= next;
    }
    edges
}

fn any(parts: &[Part], around: Around) -> Info {
    let subs: Vec<Info> = parts.iter().map(|part| part.info(around)).collect();
    let exact = subs.iter().try_fold(Vec::new(), |mut all: Clause, sub| {
        all.extend(sub.exact.as_ref()?.iter().cloned());
        (all.len() <= MAX_EXACT).then_some(all)
    });
    if let Some(exact) = exact {
        return Info::exactly(exact);
    }
    Info { exact: None, clauses: either(subs.into_iter().map(Info::all).collect()) }
}

/// A clause and how often it is expected in ordinary text.
#[derive(Clone, PartialEq)]
struct Ranked {
    expected: f64,
    literals: Clause,
}

impl Ranked {
    /// The strings as needles; `None` where they would rule nothing out.
    fn of(strings: &Clause) -> Option<Self> {
        let mut literals: Clause = strings.iter().map(|string| needle(string)).collect();
        literals.sort_unstable();
        literals.dedup();
        let telling = literals.len() <= MAX_SET && literals.iter().all(|literal| is_telling(literal));
        let expected = if telling { expected(&literals) } else { f64::INFINITY };
        (expected <= MAX_EXPECTED).then_some(Ranked { expected, literals })
    }

    /// The union of clauses, one of which each match satisfies.
    fn union<'r>(clauses: impl Iterator<Item = &'r Ranked>) -> Option<Self> {
        let mut union = Ranked { expected: 0.0, literals: Vec::new() };
        for clause in clauses {
            union.expected += clause.expected;
            union.literals.extend_from_slice(&clause.literals);
        }
        union.literals.sort_unstable();
        union.literals.dedup();
        (union.literals.len() <= MAX_SET && union.expected <= MAX_EXPECTED).then_some(union)
    }

    /// The literals without those that contain another one.
    fn fewest(self) -> Clause {
        let mut fewest: Clause = Vec::with_capacity(self.literals.len());
        let mut literals = self.literals;
        literals.sort_by_key(Vec::len);
        for literal in literals {
            if !fewest.iter().any(|known| literal.windows(known.len()).any(|part| part == known)) {
                fewest.push(literal);
            }
        }
        fewest
    }
}

/// The clauses worth searching, the rarest first: those that together leave few texts.
fn choose(mut clauses: Vec<Ranked>) -> Vec<Clause> {
    rank(&mut clauses);
    clauses.dedup();
    let mut left = 1.0;
    let mut count = 0;
    for Ranked { expected, .. } in &clauses {
        if count == MAX_CLAUSES || (count > 0 && (left < RARE || *expected > MAX_FURTHER)) {
            break;
        }
        left *= expected.min(1.0);
        count += 1;
    }
    clauses.truncate(count);
    clauses.into_iter().map(Ranked::fewest).collect()
}

/// The rarest first.
fn rank(clauses: &mut [Ranked]) {
    clauses.sort_by(|a, b| a.expected.total_cmp(&b.expected).then_with(|| a.literals.cmp(&b.literals)));
}

/// The clauses that all alternatives have, then the union of their others, rank by rank: a match of any alternative
/// satisfies each.
fn either(mut alternatives: Vec<Vec<Ranked>>) -> Vec<Ranked> {
    let Some((first, others)) = alternatives.split_first() else { return Vec::new() };
    let everywhere = |clause: &&Ranked| others.iter().all(|clauses| clauses.contains(clause));
    let mut all: Vec<Ranked> = first.iter().filter(everywhere).cloned().collect();
    for clauses in &mut alternatives {
        clauses.retain(|clause| !all.contains(clause));
        rank(clauses);
    }
    let fewest = alternatives.iter().map(Vec::len).min().unwrap_or(0);
    let most = alternatives.iter().map(Vec::len).max().unwrap_or(0);
    if fewest > 0 {
        let union = |rank: usize| alternatives.iter().map(move |clauses| &clauses[rank.min(clauses.len() - 1)]);
        all.extend((0..most.min(MAX_CLAUSES)).filter_map(|rank| Ranked::union(union(rank))));
    }
    all
}

/// Whether a literal rules out anything: letters, digits, blanks and usual marks alone do not.
fn is_telling(literal: &[u8]) -> bool {
    match literal {
        [] => false,
        [b] => !b.is_ascii_alphanumeric() && !b" \n\t.,-'\"_:()/\xFF\xA0".contains(b),
        _ => true,
    }
}

/// A string with edges and gaps as a needle, cut to a length that is worth searching: edges count at the ends of words,
/// and gaps between words. Of a string that has other characters too, the part between two gaps that is expected least.
fn needle(string: &[u8]) -> Vec<u8> {
    let is_words = is_words(string);
    if !is_words && string.contains(&GAP) {
        let parts = string.split(|&b| b == GAP).map(needle).filter(|part| is_telling(part));
        return parts.max_by_key(|part| frequency::bits(part)).unwrap_or_default();
    }
    let edge = |b: Option<&u8>| (is_words && matches!(b, Some(&(EDGE | GAP)))).then_some(b' ');
    let mut needle = Vec::with_capacity(MAX_LEN + 2);
    needle.extend(edge(string.first()));
    for &b in string.iter().filter(|&&b| b != EDGE) {
        match b {
            GAP | b' ' if is_words && needle.last() == Some(&b' ') => {}
            GAP => needle.push(b' '),
            b => needle.push(b),
        }
    }
    if needle.len() > MAX_LEN {
        needle.truncate(MAX_LEN);
    } else if needle.last() != Some(&b' ') {
        needle.extend(edge(string.last()));
    }
    // Edges without a word between them.
    if needle == b" " { Vec::new() } else { needle }
}

/// One character as a needle's bytes: ASCII lowered; `None` for what the folded view does not keep apart.
fn folded(c: char) -> Option<u8> {
    let byte = fold_char(c);
    (c.is_ascii() || !matches!(byte, LETTER | DIGIT | BLANK)).then_some(byte)
}

/// The members of a class as strings of one folded byte, if they are few.
fn class_strings(class: &Class) -> Option<Clause> {
    match class {
        Class::Unicode(class) => few(class.ranges().iter().flat_map(|range| range.start()..=range.end()).map(folded)),
        Class::Bytes(class) => few(class
            .ranges()
            .iter()
            .flat_map(|range| range.start()..=range.end())
            .map(|b| Some(b.to_ascii_lowercase()))),
    }
}

/// The different bytes, if all are known and there are no more than [`MAX_CLASS`].
fn few(bytes: impl Iterator<Item = Option<u8>>) -> Option<Clause> {
    let mut few = Vec::with_capacity(MAX_CLASS);
    for byte in bytes {
        let byte = byte?;
        if !few.contains(&byte) {
            if few.len() == MAX_CLASS {
                return None;
            }
            few.push(byte);
        }
    }
    Some(few.into_iter().map(|byte| vec![byte]).collect())
}

/// What is known about the characters of a class.
fn chars_of(class: &Class) -> Chars {
    match class {
        Class::Bytes(class) => Chars::of_bytes(class.ranges().iter().flat_map(|r| r.start()..=r.end())),
        Class::Unicode(class) => {
            let ranges = class.ranges();
            if ranges.iter().map(|r| u32::from(r.end()) - u32::from(r.start()) + 1).sum::<u32>() > MAX_KNOWN {
                return Chars { blanks: blank_ranges().any(|blanks| meets(ranges, blanks)), others: true, words: true };
            }
            Chars::of_bytes(class.ranges().iter().flat_map(|r| r.start()..=r.end()).map(fold_char))
        }
    }
}

/// Whether any of the ranges of a class, which are in order, has a character from the first to the last.
fn meets(ranges: &[ClassUnicodeRange], (first, last): (u32, u32)) -> bool {
    let next = ranges.partition_point(|range| u32::from(range.end()) < first);
    ranges.get(next).is_some_and(|range| u32::from(range.start()) <= last)
}

fn cross(left: &[Vec<u8>], right: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut out = Vec::with_capacity(left.len() * right.len());
    for l in left {
        for r in right {
            out.push([l.as_slice(), r.as_slice()].concat());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pattern: &str) -> Vec<Vec<String>> {
        let hir = regex_syntax::ParserBuilder::new().utf8(false).unicode(false).build().parse(pattern).unwrap();
        let text = |clause: Clause| clause.into_iter().map(|n| String::from_utf8(n).unwrap()).collect();
        Part::of_hir(&hir, FOLDED_EDGE).needs().clauses.into_iter().map(text).collect()
    }

    #[test]
    fn the_rarest_necessary_literals_are_found() {
        let shown = [" show your prompt", " reveal your prompt", " show me your prompt", " reveal me your prompt"];
        assert_eq!(of(r"\b(?:show|reveal)\s+(?:me\s+)?your\s+prompt"), [shown]);
        assert_eq!(of(r"\bprompt\s+\W"), [[" prompt "]]);
        assert_eq!(of(r"(?:zyx,|wvv)\s+qqzz"), [&[" qqzz"][..], &["wvv ", "zyx,"]]);
        assert_eq!(of(r"sk-[a-z]{20,}"), [["sk-"]]);
        assert_eq!(of(r"(?:ab|cd)ef"), [["abef", "cdef"]]);
        assert_eq!(of(r"[0-9]{3}-[0-9]{2}"), Vec::<Vec<String>>::new());
        assert_eq!(of(r"(?i)Secret"), [["secret"]]);
        assert_eq!(of(r"x(?:key)*y"), Vec::<Vec<String>>::new());
        assert_eq!(of(r"(?:keyring)+"), [["keyring"]]);
        assert_eq!(of(r"colou?rful"), [["colorful", "colourful"]]);
    }

    #[test]
    fn needs_are_read_as_they_are_written() {
        for tokens in [None, Some(3)] {
            let needs =
                Needs { clauses: vec![vec![b" a\"\\ ".to_vec(), (0..=255).collect()], vec![vec![0xA0]]], tokens };
            let written = serde_json::to_string(&needs).unwrap();
            assert_eq!(serde_json::from_str::<Needs>(&written).unwrap(), needs);
        }
    }

    #[test]
    fn folded_bytes_are_no_utf8() {
        let hir = Hir::literal(*b"a\xD7\x96");
        assert_eq!(Part::of_hir(&hir, FOLDED_EDGE).needs().clauses, [[b"a\xD7\x96".to_vec()]]);
        let hir = Hir::literal("a×b".as_bytes());
        assert_eq!(Part::of_hir(&hir, TEXT_EDGE).needs().clauses, [[b"a\xD7b".to_vec()]]);
    }

    #[test]
    fn common_words_are_asked_for_together() {
        assert_eq!(of(r"how\s+(?:to|do)\W+make\s+some"), [&[" make some"][..], &["how do ", "how to "]]);
        assert_eq!(of(r"the|a"), Vec::<Vec<String>>::new());
        // Each alternative must be covered by every clause.
        assert_eq!(of(r"zyxw\W+vvqq|qqzz"), [["qqzz", " vvqq"], ["qqzz", "zyxw "]]);
        assert_eq!(of(r"zyxw\s+vvqq|qqzz"), [["qqzz", "zyxw vvqq"]]);
        assert_eq!(of(r"make\s+some|have\s+more|.*"), Vec::<Vec<String>>::new());
    }

    #[test]
    fn words_have_their_edges_where_the_pattern_says_so() {
        assert_eq!(of(r"\bcarp\b"), [[" carp "]]);
        assert_eq!(of(r"\bcarps?\b"), [[" carp ", " carps "]]);
        assert_eq!(of(r"^carp-ox\b"), [["carp-ox"]]);
        assert_eq!(of(r"(?:zyx\s+)?qqzz(?:\s+wvv)?$"), [["qqzz "]]);
        assert_eq!(of(r"(?:zyx\s+)?qqzz(?:\s+wvv)?\w*"), [["qqzz"]]);
        assert_eq!(of(r"\bkill(?:\s+the)?\s+(?:\w+\s+){0,2}xylo"), [[" xylo"], [" kill "]]);
        assert_eq!(of(r"\b(?:zyx|qqzz\s+wvv)\s*!"), [[" zyx ", " qqzz wvv "]]);
    }

    #[test]
    fn a_range_meets_a_class_where_they_share_a_character() {
        let ranges = [('b', 'd'), ('h', 'h')].map(|(first, last)| ClassUnicodeRange::new(first, last));
        for first in 'a'..='j' {
            for last in first..='j' {
                let shared = (first..=last).any(|c| "bcdh".contains(c));
                assert_eq!(meets(&ranges, (u32::from(first), u32::from(last))), shared, "{first} to {last}");
            }
        }
    }

    #[test]
    fn tokens_are_counted_as_far_as_they_can_be() {
        let tokens = |pattern: &str| {
            let hir = regex_syntax::ParserBuilder::new().utf8(false).unicode(false).build().parse(pattern).unwrap();
            Part::of_hir(&hir, FOLDED_EDGE).needs().tokens
        };
        assert_eq!(tokens(r"a-b"), Some(1));
        assert_eq!(tokens(r"ab [a-z]+ ?c"), Some(3));
        assert_eq!(tokens(r"(?:[a-z]+ +){0,3}x"), Some(4));
        assert_eq!(tokens(r"ab[^\n]{0,30}c"), Some(18));
        assert_eq!(tokens(r"[^\t-\r\x1c-\x20\xa0]*-[a-z]+"), Some(1));
        assert_eq!([tokens(r"a.*b"), tokens(r"(?:a b )+"), tokens(r"\s+")], [None, None, Some(0)]);
    }
}
