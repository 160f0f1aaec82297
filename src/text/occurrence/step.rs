//! Expressions over bytes, in the form in which they are followed through a text.

use super::starts::{HEAD, Head};
use crate::text::byte_set::ByteSet;
use crate::text::fold::is_word;
use crate::text::search::window;
use regex_syntax::hir::{self, Class, ClassBytes, ClassBytesRange, Hir, HirKind, Repetition};

/// A part of an expression: it leads from places in a text to others.
#[derive(Clone, Debug)]
pub(in crate::text) enum Step {
    /// These bytes.
    Literal(Literal),
    /// One of these bytes.
    Byte(ByteSet),
    /// One after the other.
    Seq(Vec<Step>),
    Any(Choice),
    /// So many times the same, as often as one likes where there is no greatest number.
    Rep {
        min: u32,
        max: Option<u32>,
        of: Box<Step>,
    },
    /// Leads no further: stays where the bytes around are so.
    Look(Look),
    /// A negative lookahead: stays where the step, which is held backwards, does not lead on.
    Not(Box<Step>),
}

/// Bytes that are to stand somewhere.
#[derive(Clone, Debug)]
pub(in crate::text) struct Literal {
    pub(super) bytes: Vec<u8>,
    /// The first four, and which bits of them count where there are fewer.
    first: u32,
    mask: u32,
}

impl Literal {
    /// Whether the bytes begin the text; `first` is the [`window`] there.
    #[inline]
    pub(super) fn begins(&self, text: &[u8], first: u32) -> bool {
        (first ^ self.first) & self.mask == 0 && text.starts_with(&self.bytes)
    }
}

impl From<Vec<u8>> for Literal {
    fn from(bytes: Vec<u8>) -> Self {
        let mask = window(&vec![u8::MAX; bytes.len()]);
        Literal { first: window(&bytes) & mask, mask, bytes }
    }
}

/// What is asked of the bytes around a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::text) enum Look {
    WordEdge,
    NoWordEdge,
    Start,
    End,
    LineStart,
    LineEnd,
}

impl Look {
    /// Whether it is so.
    pub(super) fn holds(self, text: &[u8], at: usize) -> bool {
        let before = at.checked_sub(1).map(|before| text[before]);
        let behind = text.get(at).copied();
        let is_edge = || before.is_some_and(is_word) != behind.is_some_and(is_word);
        match self {
            Look::WordEdge => is_edge(),
            Look::NoWordEdge => !is_edge(),
            Look::Start => before.is_none(),
            Look::End => behind.is_none(),
            Look::LineStart => before.is_none_or(|b| b == b'\n'),
            Look::LineEnd => behind.is_none_or(|b| b == b'\n'),
        }
    }

    fn backwards(self) -> Self {
        match self {
            Look::WordEdge | Look::NoWordEdge => self,
            Look::Start => Look::End,
            Look::End => Look::Start,
            Look::LineStart => Look::LineEnd,
            Look::LineEnd => Look::LineStart,
        }
    }
}

impl From<hir::Look> for Look {
    fn from(look: hir::Look) -> Self {
        match look {
            hir::Look::WordAscii => Look::WordEdge,
            hir::Look::WordAsciiNegate => Look::NoWordEdge,
            hir::Look::Start => Look::Start,
            hir::Look::End => Look::End,
            hir::Look::StartLF => Look::LineStart,
            hir::Look::EndLF => Look::LineEnd,
            // Patterns are constants that the tests read.
            _ => unreachable!("{look:?} has no meaning in the folded view"),
        }
    }
}

impl From<Look> for hir::Look {
    fn from(look: Look) -> Self {
        match look {
            Look::WordEdge => hir::Look::WordAscii,
            Look::NoWordEdge => hir::Look::WordAsciiNegate,
            Look::Start => hir::Look::Start,
            Look::End => hir::Look::End,
            Look::LineStart => hir::Look::StartLF,
            Look::LineEnd => hir::Look::EndLF,
        }
    }
}

/// One of several steps.
#[derive(Clone, Debug)]
pub(in crate::text) struct Choice {
    pub(super) steps: Vec<Step>,
    /// Of the steps that begin with a literal, by its first byte.
    leads: Vec<Lead>,
    /// For each byte where the leads that begin with it end, those that begin with the one before it having ended.
    ends: Box<[u16; 256]>,
    /// All others.
    pub(super) others: Vec<usize>,
}

/// What a step begins with.
#[derive(Clone, Debug)]
pub(super) struct Lead {
    pub literal: Literal,
    pub step: usize,
}

impl Choice {
    fn new(steps: Vec<Step>) -> Self {
        let (mut leads, mut others) = (Vec::new(), Vec::new());
        for (step, lead) in steps.iter().map(Step::first_literal).enumerate() {
            match lead {
                // More are not counted.
                Some(literal) if !literal.bytes.is_empty() && leads.len() < usize::from(u16::MAX) => {
                    leads.push(Lead { literal: literal.clone(), step });
                }
                _ => others.push(step),
            }
        }
        leads.sort_by_key(|lead| lead.literal.bytes[0]);
        let mut ends = Box::new([0; 256]);
        leads.iter().for_each(|lead| ends[usize::from(lead.literal.bytes[0])] += 1);
        let mut end = 0;
        for own in ends.iter_mut() {
            end += *own;
            *own = end;
        }
        Choice { steps, leads, ends, others }
    }

    /// Whether any step begins with a literal.
    pub(super) fn has_leads(&self) -> bool {
        !self.leads.is_empty()
    }

    /// Of the steps that begin with a literal of which this byte is the first.
    #[inline]
    pub(super) fn leads(&self, first: u8) -> &[Lead] {
        let end = |byte: u8| usize::from(self.ends[usize::from(byte)]);
        let start = first.checked_sub(1).map_or(0, end);
        &self.leads[start..end(first)]
    }
}

impl Step {
    /// These bytes.
    pub(in crate::text) fn literal(bytes: Vec<u8>) -> Step {
        Step::Literal(bytes.into())
    }

    /// One byte of a class.
    pub(in crate::text) fn of_class(class: &ClassBytes) -> Step {
        Step::Byte(ByteSet::from(class))
    }

    /// One of several steps.
    pub(in crate::text) fn any(steps: Vec<Step>) -> Step {
        let bytes = steps.iter().map(Step::as_byte).try_fold(ByteSet::default(), |all, byte| Some(all.with(byte?)));
        bytes.map_or_else(|| Step::Any(Choice::new(steps)), Step::Byte)
    }

    pub(in crate::text) fn repeated(self, min: u32, max: Option<u32>) -> Step {
        Step::Rep { min, max, of: Box::new(self) }
    }

    /// The negative lookahead for this step; `None` when there is another in it: that cannot be asked backwards.
    pub(in crate::text) fn barred(&self) -> Option<Step> {
        Some(Step::Not(Box::new(self.backwards()?)))
    }

    /// The same in a text that is read backwards.
    fn backwards(&self) -> Option<Step> {
        Some(match self {
            Step::Literal(literal) => Step::literal(literal.bytes.iter().rev().copied().collect()),
            Step::Byte(set) => Step::Byte(*set),
            Step::Seq(steps) => Step::Seq(steps.iter().rev().map(Step::backwards).collect::<Option<_>>()?),
            Step::Any(choice) => Step::any(choice.steps.iter().map(Step::backwards).collect::<Option<_>>()?),
            Step::Rep { min, max, of } => of.backwards()?.repeated(*min, *max),
            Step::Look(look) => Step::Look(look.backwards()),
            Step::Not(_) => return None,
        })
    }

    /// Adds what may be the first bytes and tells whether there may be none, or none are told.
    pub(super) fn add_heads(&self, heads: &mut Vec<Head>) -> bool {
        match self {
            Step::Literal(Literal { bytes, .. }) => {
                heads.push(bytes.iter().take(HEAD).map(|&byte| byte.into()).collect());
                bytes.is_empty()
            }
            Step::Byte(set) => {
                heads.push(vec![*set]);
                false
            }
            Step::Seq(steps) => steps.iter().all(|step| step.add_heads(heads)),
            // All of them add theirs.
            Step::Any(choice) => choice.steps.iter().fold(false, |any, step| step.add_heads(heads) | any),
            Step::Rep { min, of, .. } => of.add_heads(heads) | (*min == 0),
            Step::Look(_) | Step::Not(_) => true,
        }
    }

    /// Whether it may lead on without a byte, or that is not told.
    fn may_be_empty(&self) -> bool {
        self.add_heads(&mut Vec::new())
    }

    /// The bytes of which it is one, if it is a single byte.
    fn as_byte(&self) -> Option<ByteSet> {
        match self {
            Step::Byte(set) => Some(*set),
            Step::Literal(Literal { bytes, .. }) => match bytes[..] {
                [byte] => Some(byte.into()),
                _ => None,
            },
            _ => None,
        }
    }

    /// What it begins with, if that is a literal.
    fn first_literal(&self) -> Option<&Literal> {
        match self {
            Step::Literal(literal) => Some(literal),
            Step::Seq(steps) => steps.first()?.first_literal(),
            _ => None,
        }
    }

    /// Whether it begins nowhere but at the start of the text.
    pub(super) fn begins_at_start(&self) -> bool {
        match self {
            Step::Look(look) => *look == Look::Start,
            Step::Seq(steps) => steps.first().is_some_and(Step::begins_at_start),
            Step::Any(choice) => choice.steps.iter().all(Step::begins_at_start),
            _ => false,
        }
    }

    /// Takes away the edge of a word that it begins with; `false` when it does not, or may be nothing but that.
    pub(super) fn take_edge(&mut self) -> bool {
        let Step::Seq(steps) = self else { return false };
        let takes = matches!(&**steps, [Step::Look(Look::WordEdge), rest @ ..] if !rest.iter().all(Step::may_be_empty));
        if takes {
            steps.remove(0);
        }
        takes
    }

    /// Whether there is a negative lookahead anywhere.
    pub(in crate::text) fn has_bars(&self) -> bool {
        match self {
            Step::Not(_) => true,
            Step::Seq(steps) | Step::Any(Choice { steps, .. }) => steps.iter().any(Step::has_bars),
            Step::Rep { of, .. } => of.has_bars(),
            Step::Literal(_) | Step::Byte(_) | Step::Look(_) => false,
        }
    }
}

impl From<&Hir> for Step {
    /// Of an expression over bytes.
    fn from(expression: &Hir) -> Self {
        let each = |parts: &[Hir]| parts.iter().map(Step::from).collect();
        match expression.kind() {
            HirKind::Empty => Step::Seq(Vec::new()),
            HirKind::Literal(literal) => Step::literal(literal.0.to_vec()),
            HirKind::Class(Class::Bytes(class)) => Step::of_class(class),
            // Expressions over bytes have no others but of ASCII.
            HirKind::Class(Class::Unicode(class)) => {
                Step::of_class(&class.to_byte_class().unwrap_or_else(|| unreachable!("{class:?} is not of bytes")))
            }
            HirKind::Capture(capture) => Step::from(&*capture.sub),
            HirKind::Repetition(Repetition { min, max, sub, .. }) => Step::from(&**sub).repeated(*min, *max),
            HirKind::Concat(parts) => Step::Seq(each(parts)),
            HirKind::Alternation(parts) => Step::any(each(parts)),
            HirKind::Look(look) => Step::Look((*look).into()),
        }
    }
}

impl From<&Step> for Hir {
    /// Without negative lookaheads.
    fn from(step: &Step) -> Self {
        let each = |steps: &[Step]| steps.iter().map(Hir::from).collect();
        match step {
            Step::Literal(literal) => Hir::literal(literal.bytes.clone()),
            Step::Byte(set) => {
                Hir::class(Class::Bytes(ClassBytes::new(set.iter().map(|byte| ClassBytesRange::new(byte, byte)))))
            }
            Step::Seq(steps) => Hir::concat(each(steps)),
            Step::Any(choice) => Hir::alternation(each(&choice.steps)),
            Step::Rep { min, max, of } => {
                Hir::repetition(Repetition { min: *min, max: *max, greedy: true, sub: Box::new(Hir::from(&**of)) })
            }
            Step::Look(look) => Hir::look((*look).into()),
            Step::Not(_) => Hir::empty(),
        }
    }
}
