//! Phrase grammars: the JSON notation in which the injection and jailbreak vocabularies are written, compiled to
//! expressions over the folded view.
//!
//! | form | meaning |
//! |---|---|
//! | `"text"` | those characters in either case; each U+0020 stands for one or more blanks |
//! | `[a, b]` | a, then b |
//! | `{"any": [..]}` | one of |
//! | `{"opt": x}`, `{"rep": [m, n], "of": x}` | x or nothing; x at least m and at most n times (`null`: no limit) |
//! | `{"ch": [..]}`, `{"ch_not": [..]}` | one character in, or not in, the set |
//! | `{"not": x}` | no width: x must not match from here on |
//! | `"~name"` | an edge, a class of characters, or a usual repetition of one: see [`Node::named`] |
//!
//! Only whether a phrase occurs is ever asked. Hundreds of phrases are part of the program and most texts have the
//! literals of none, so a phrase is not even read before a text has all its literals for the first time. Which literals
//! those are ([`needs`]) stands beside each vocabulary, worked out beforehand.

use super::gates::{Gate, GateList};
use super::literals::{Needs, Part};
use super::needles::NeedleSet;
use super::occurrence::{Look, Occurrence, Step};
use super::{Text, fold};
use crate::value::{Value, parse_json};
use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange};
use std::sync::OnceLock;

/// What is wrong with a grammar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("phrase grammar: {0}")]
pub struct GrammarError(String);

/// Members of the character classes in the folded view, as ranges.
const WORD: &[(u8, u8)] = &[(b'0', b'9'), (b'A', b'Z'), (b'_', b'_'), (b'a', b'z')];
const SPACE: &[(u8, u8)] = &[(b'\t', b'\r'), (0x1C, b' '), (fold::BLANK, fold::BLANK)];
const DIGIT: &[(u8, u8)] = &[(b'0', b'9'), (fold::DIGIT, fold::DIGIT)];
const LINE_FEED: &[(u8, u8)] = &[(b'\n', b'\n')];

/// A part of a phrase.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    /// Folded characters; a U+0020 is one or more blanks.
    Text(Vec<u8>),
    /// One folded byte.
    Set(ClassBytes),
    Seq(Vec<Node>),
    Any(Vec<Node>),
    Rep {
        min: u32,
        max: Option<u32>,
        of: Box<Node>,
    },
    Edge,
    Start,
    End,
    Not(Box<Node>),
}

/// What a text needs for a phrase to occur.
///
/// # Errors
/// When the phrase is not in the notation.
pub fn needs(phrase: &str) -> Result<Needs, GrammarError> {
    Ok(Node::parse(phrase)?.part().needs())
}

impl Node {
    fn parse(phrase: &str) -> Result<Node, GrammarError> {
        Self::read(&parse_json(phrase).map_err(|e| GrammarError(e.to_string()))?)
    }

    fn read(value: &Value) -> Result<Node, GrammarError> {
        match value {
            Value::Str(text) => match text.strip_prefix('~') {
                Some(name) => Self::named(name),
                None => Ok(Node::Text(text.chars().map(literal).collect::<Result<_, _>>()?)),
            },
            Value::List(parts) => Ok(Node::Seq(parts.iter().map(Self::read).collect::<Result<_, _>>()?)),
            Value::Map(form) => {
                if let Some(Value::List(parts)) = form.get("any") {
                    Ok(Node::Any(parts.iter().map(Self::read).collect::<Result<_, _>>()?))
                } else if let Some(part) = form.get("opt") {
                    Ok(Self::read(part)?.times(0, Some(1)))
                } else if let (Some(Value::List(bounds)), Some(part)) = (form.get("rep"), form.get("of")) {
                    let (min, max) = bounds_of(bounds)?;
                    Ok(Self::read(part)?.times(min, max))
                } else if let Some(Value::List(members)) = form.get("ch") {
                    set(members, false)
                } else if let Some(Value::List(members)) = form.get("ch_not") {
                    set(members, true)
                } else if let Some(part) = form.get("not") {
                    Ok(Node::Not(Box::new(Self::read(part)?)))
                } else {
                    Err(GrammarError(format!("an object with none of any, opt, rep, ch, ch_not, not: {form:?}")))
                }
            }
            other => Err(GrammarError(format!("{}, expected text, a list or an object", other.kind()))),
        }
    }

    /// The parts with a name: `edge`, `start`, `end`; `any` (all but a line feed), `word`, `digit`, `space`,
    /// `nonspace`, with `*` or `+` after some; `stem` (the rest of a word); `words:m-n` and `tokens:m-n` (fillers,
    /// each with blanks after it).
    fn named(name: &str) -> Result<Node, GrammarError> {
        let one = |members, negated| Node::Set(class(members, negated));
        Ok(match name {
            "edge" => Node::Edge,
            "start" => Node::Start,
            "end" => Node::End,
            "any" => one(LINE_FEED, true),
            "word" => one(WORD, false),
            "digit" => one(DIGIT, false),
            "space" => one(SPACE, false),
            "nonspace" => one(SPACE, true),
            "space*" => one(SPACE, false).times(0, None),
            "stem" => one(WORD, false).times(0, None),
            "word+" => one(WORD, false).times(1, None),
            "nonspace*" => one(SPACE, true).times(0, None),
            "nonspace+" => one(SPACE, true).times(1, None),
            _ => {
                let (filler, bounds) = match name.split_once(':') {
                    Some(("words", bounds)) => (one(WORD, false), bounds),
                    Some(("tokens", bounds)) => (one(SPACE, true), bounds),
                    _ => return Err(GrammarError(format!("no part is called ~{name}"))),
                };
                let (min, max) = bounds
                    .split_once('-')
                    .and_then(|(m, n)| Some((m.parse().ok()?, n.parse().ok()?)))
                    .ok_or_else(|| GrammarError(format!("~{name}: expected two counts, as in ~words:0-3")))?;
                Node::Seq(vec![filler.times(1, None), one(SPACE, false).times(1, None)]).times(min, Some(max))
            }
        })
    }

    fn times(self, min: u32, max: Option<u32>) -> Node {
        Node::Rep { min, max, of: Box::new(self) }
    }

    /// What the prefilter is told; every "not" is left out.
    fn part(&self) -> Part {
        let each = |parts: &[Node]| parts.iter().map(Node::part).collect();
        match self {
            Node::Text(bytes) => Part::Seq(
                texts(bytes)
                    .map(|part| match part {
                        b" " => Part::Blanks,
                        _ => Part::Strings(vec![part.to_vec()]),
                    })
                    .collect(),
            ),
            Node::Set(class) => Part::of_class(&Class::Bytes(class.clone())),
            Node::Seq(parts) => Part::Seq(each(parts)),
            Node::Any(parts) => Part::Any(each(parts)),
            Node::Rep { min, max, of } => Part::Rep { min: *min, max: *max, of: Box::new(of.part()) },
            Node::Edge | Node::Start | Node::End => Part::Edge,
            Node::Not(_) => Part::Nothing,
        }
    }

    /// The expression over folded bytes.
    fn step(&self) -> Result<Step, GrammarError> {
        let each = |parts: &[Node]| parts.iter().map(Node::step).collect::<Result<_, _>>();
        Ok(match self {
            Node::Text(bytes) => Step::Seq(
                texts(bytes)
                    .map(|part| match part {
                        b" " => Step::of_class(&class(SPACE, false)).repeated(1, None),
                        _ => Step::literal(part.to_vec()),
                    })
                    .collect(),
            ),
            Node::Set(class) => Step::of_class(class),
            Node::Seq(parts) => Step::Seq(each(parts)?),
            Node::Any(parts) => Step::any(each(parts)?),
            Node::Rep { min, max, of } => of.step()?.repeated(*min, *max),
            Node::Edge => Step::Look(Look::WordEdge),
            Node::Start => Step::Look(Look::Start),
            Node::End => Step::Seq(vec![Step::literal(b"\n".to_vec()).repeated(0, Some(1)), Step::Look(Look::End)]),
            Node::Not(part) => {
                let barred = part.step()?.barred();
                barred.ok_or_else(|| GrammarError("a \"not\" may not stand in another".into()))?
            }
        })
    }
}

/// The parts of a text: each blank, and what stands between them.
fn texts(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.chunk_by(|a, b| *a != b' ' && *b != b' ')
}

fn class(members: &[(u8, u8)], negated: bool) -> ClassBytes {
    let mut class = ClassBytes::new(members.iter().map(|&(first, last)| ClassBytesRange::new(first, last)));
    if negated {
        class.negate();
    }
    class
}

/// The folded byte of a literal character, if it has one of its own.
fn literal(c: char) -> Result<u8, GrammarError> {
    match fold::fold_char(c) {
        fold::BLANK | fold::SYMBOL => Err(c),
        fold::LETTER | fold::DIGIT if !c.is_ascii() => Err(c),
        byte => Ok(byte),
    }
    .map_err(|c| GrammarError(format!("{c:?} cannot be told from other characters in the folded view")))
}

fn bounds_of(bounds: &[Value]) -> Result<(u32, Option<u32>), GrammarError> {
    let count = |v: &Value| if let Value::Int(i) = v { u32::try_from(*i).ok() } else { None };
    match bounds {
        [min, Value::Null] => count(min).map(|min| (min, None)),
        [min, max] => count(min).zip(count(max)).map(|(min, max)| (min, Some(max))),
        _ => None,
    }
    .ok_or_else(|| GrammarError(format!("rep: {bounds:?}, expected two counts, the second may be null")))
}

fn set(items: &[Value], negated: bool) -> Result<Node, GrammarError> {
    let mut members = Vec::new();
    for item in items {
        match item.as_str() {
            Some("~space") => members.extend_from_slice(SPACE),
            Some("~word") => members.extend_from_slice(WORD),
            Some(text) if text.chars().count() == 1 => {
                for c in text.chars() {
                    let byte = literal(c)?;
                    members.push((byte, byte));
                }
            }
            _ => return Err(GrammarError(format!("{item:?} in a set of characters"))),
        }
    }
    Ok(Node::Set(class(&members, negated)))
}

/// One phrase.
#[derive(Debug)]
struct Phrase {
    source: &'static str,
    occurrence: OnceLock<Box<Occurrence>>,
}

impl Phrase {
    fn new(source: &'static str) -> Self {
        Phrase { source, occurrence: OnceLock::new() }
    }

    /// Whether it occurs in a text in which the gate, which is open, lets it.
    fn occurs(&self, text: &Text<'_>, gate: Gate) -> bool {
        let read = || {
            // Phrases are part of the program; the tests read every one.
            Phrase::read(self.source).unwrap_or_else(|e| panic!("phrase {}: {e}", self.source))
        };
        self.occurrence.get_or_init(read).is_in(text, gate)
    }

    fn read(source: &str) -> Result<Box<Occurrence>, GrammarError> {
        Ok(Box::new(Occurrence::new(Node::parse(source)?.step()?)))
    }
}

/// Phrases that are asked for together, in a fixed order. They must be in the notation: what is not is found out only
/// when a text asks for it.
#[derive(Debug)]
pub struct PhraseSet {
    phrases: Vec<Phrase>,
    /// A gate for each phrase, unless they were not registered.
    gates: Option<GateList>,
}

impl PhraseSet {
    /// Registers with the prefilter what each phrase [needs](needs).
    pub fn new(phrases: impl IntoIterator<Item = (&'static str, Needs)>, needles: &mut NeedleSet) -> Self {
        let (sources, needs): (Vec<_>, Vec<_>) = phrases.into_iter().unzip();
        let gates = needs.into_iter().map(|needs| needles.gate_all(needs)).collect();
        PhraseSet { gates: Some(needles.list(gates)), ..Self::ungated(sources) }
    }

    /// Phrases that are asked for so rarely that the prefilter need not look for their literals.
    pub fn ungated(phrases: impl IntoIterator<Item = &'static str>) -> Self {
        PhraseSet { phrases: phrases.into_iter().map(Phrase::new).collect(), gates: None }
    }

    /// How many phrases there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.phrases.len()
    }

    /// Whether there are no phrases.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.phrases.is_empty()
    }

    /// Whether the phrase `index` occurs in the text.
    #[must_use]
    pub fn occurs(&self, index: usize, text: &Text<'_>) -> bool {
        text.is_open(self.gate(index)) && self.has(index, text)
    }

    /// Whether the phrase `index`, one of the candidates, occurs in the text.
    #[must_use]
    pub fn has(&self, index: usize, text: &Text<'_>) -> bool {
        self.phrases.get(index).is_some_and(|phrase| phrase.occurs(text, self.gate(index)))
    }

    fn gate(&self, index: usize) -> Gate {
        self.gates.as_ref().and_then(|gates| gates.get(index)).unwrap_or(Gate::ALWAYS)
    }

    /// The phrases that the prefilter does not rule out, in order.
    pub fn candidates<'s>(&'s self, text: &'s Text<'_>) -> impl Iterator<Item = usize> + 's {
        let open = self.gates.iter().flat_map(|gates| text.open_of(gates));
        let all = if self.gates.is_none() { 0..self.phrases.len() } else { 0..0 };
        open.chain(all)
    }

    /// The phrases that occur in the text, in order.
    pub fn occurring<'s>(&'s self, text: &'s Text<'_>) -> impl Iterator<Item = usize> + 's {
        self.candidates(text).filter(|&i| self.has(i, text))
    }
}

#[cfg(test)]
mod tests;
