//! A text and the views of it that detectors ask for, each computed at most once and only when asked for.

use super::blank_words::{self, BlankWord, BlankWords};
use super::chars::{self, Class, DOTTED, Portion, portions};
use super::edges;
use super::fold::{BLANK, LETTER, fold_ascii, fold_into};
use super::gates::{Gate, GateList, GateRun, OpenGates};
use super::letters;
use super::needles::Prefilter;
use super::runs::long_runs;
use super::span::{ByteSpan, CharSpan};
use crate::blocks::{count, has_run};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

/// So many letters and digits together are no word of ordinary text.
pub const LONG_RUN: usize = 16;

/// Small letters that case-insensitive matching takes for an ASCII one.
const LOOK_ALIKES: [char; 2] = ['\u{131}', '\u{17F}'];

/// A text under evaluation.
#[derive(Debug)]
pub struct Text<'a> {
    raw: Cow<'a, str>,
    ascii: bool,
    prefilter: &'a Prefilter,
    folded: OnceCell<Vec<u8>>,
    cased: OnceCell<Vec<u8>>,
    open: OnceCell<OpenGates>,
    lower: OnceCell<Option<String>>,
    lower_folded: OnceCell<Option<Vec<u8>>>,
    lower_exact: OnceCell<Option<Vec<u8>>>,
    blank_words: OnceCell<Vec<BlankWord>>,
    letters: OnceCell<Vec<u8>>,
    edges: OnceCell<Option<String>>,
    offsets: OnceCell<Vec<u32>>,
    digits: OnceCell<usize>,
    long_runs: OnceCell<Vec<Range<usize>>>,
    normalized: OnceCell<Option<Box<Text<'a>>>>,
}

impl<'a> Text<'a> {
    /// A text that `prefilter` will scan when the first rule asks.
    #[must_use]
    pub fn new(raw: impl Into<Cow<'a, str>>, prefilter: &'a Prefilter) -> Self {
        let raw = raw.into();
        Text {
            ascii: raw.is_ascii(),
            raw,
            prefilter,
            folded: OnceCell::new(),
            cased: OnceCell::new(),
            open: OnceCell::new(),
            lower: OnceCell::new(),
            lower_folded: OnceCell::new(),
            lower_exact: OnceCell::new(),
            blank_words: OnceCell::new(),
            letters: OnceCell::new(),
            edges: OnceCell::new(),
            offsets: OnceCell::new(),
            digits: OnceCell::new(),
            long_runs: OnceCell::new(),
            normalized: OnceCell::new(),
        }
    }

    /// A further text (a decoded or normalised variant, a part) searched for the same rules.
    #[must_use]
    pub fn derive<'b>(&'b self, raw: impl Into<Cow<'b, str>>) -> Text<'b> {
        Text::new(raw, self.prefilter)
    }

    /// The text as given.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// Whether every character is ASCII: then bytes, characters and folded bytes have the same places.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.ascii
    }

    /// Length in code points.
    #[must_use]
    pub fn char_len(&self) -> usize {
        if self.ascii { self.raw.len() } else { self.folded().len() }
    }

    /// Length in code points of what stands between the blanks at the text's ends.
    #[must_use]
    pub fn trimmed_len(&self) -> usize {
        let trimmed = chars::trim(&self.raw);
        if self.ascii { trimmed.len() } else { trimmed.chars().count() }
    }

    /// The folded view: one byte a character, see [`super::fold`].
    #[must_use]
    pub fn folded(&self) -> &[u8] {
        self.folded.get_or_init(|| {
            let mut out = Vec::new();
            if self.ascii {
                fold_ascii(&self.raw, &mut out);
            } else {
                fold_into(&self.raw, &mut out);
            }
            out
        })
    }

    /// As [`Text::folded`], with ASCII letters in their own case: other letters and digits stand as `_`, blanks as
    /// 0xA0, everything else as 0xFF. For patterns that name ASCII characters (not `_`), blanks and edges.
    #[must_use]
    pub fn cased(&self) -> &[u8] {
        self.cased.get_or_init(|| {
            let byte = |c: char| match chars::class(c) {
                Class::Word | Class::Digit => b'_',
                Class::Space => BLANK,
                Class::Other => super::fold::SYMBOL,
            };
            let mut bytes = Vec::with_capacity(self.raw.len());
            for portion in portions(&self.raw) {
                match portion {
                    Portion::Ascii(ascii) => bytes.extend_from_slice(ascii.as_bytes()),
                    Portion::Wide(c) => bytes.push(byte(c)),
                }
            }
            bytes
        })
    }

    /// Python's `str.lower()` of the text. Its code points may be more than the text's (U+0130).
    #[must_use]
    pub fn lower(&self) -> &str {
        let lowered = self.lower.get_or_init(|| match chars::lower(&self.raw) {
            Cow::Borrowed(_) => None,
            Cow::Owned(lowered) => Some(lowered),
        });
        lowered.as_deref().unwrap_or(&self.raw)
    }

    /// The words between the blanks of [`Text::lower`].
    #[must_use]
    pub fn blank_words(&self) -> BlankWords<'_> {
        // The folded view of an ASCII text is the lowered text, and tells of another whether it has blanks beyond ASCII.
        let (lower, wide) = if self.ascii {
            (self.folded(), false)
        } else {
            (self.lower().as_bytes(), memchr::memchr(BLANK, self.folded()).is_some())
        };
        let words = self
            .blank_words
            .get_or_init(|| if wide { blank_words::find_wide(self.lower()) } else { blank_words::find(lower) });
        BlankWords { lower, words }
    }

    /// The letters a to z of [`Text::lower_exact`], without what stands between them.
    #[must_use]
    pub fn letters(&self) -> &[u8] {
        self.letters.get_or_init(|| letters::letters(self.lower_exact()))
    }

    /// The text without disguises, see [`super::normalize::normalized`]; `None` when that is the text itself.
    #[must_use]
    pub fn normalized(&self) -> Option<&Text<'a>> {
        self.normalized
            .get_or_init(|| {
                super::normalize::normalized(&self.raw).map(|plain| Box::new(Text::new(plain, self.prefilter)))
            })
            .as_deref()
    }

    /// The folded view of [`Text::lower`], for patterns that ignore case: one byte for each of its code points.
    #[must_use]
    pub fn lower_folded(&self) -> &[u8] {
        let view = self.lower_folded.get_or_init(|| {
            (!self.ascii && self.raw.contains(DOTTED)).then(|| {
                let mut out = Vec::new();
                fold_into(self.lower(), &mut out);
                out
            })
        });
        view.as_deref().unwrap_or_else(|| self.folded())
    }

    /// As [`Text::lower_folded`], for what minds case: an ASCII letter stands only where the lowered text has it,
    /// not where case-insensitive matching would take another letter for it (U+0131, U+017F).
    #[must_use]
    pub fn lower_exact(&self) -> &[u8] {
        let view = self.lower_exact.get_or_init(|| {
            (!self.ascii && self.has_look_alikes()).then(|| {
                let chars = self.lower().chars();
                chars
                    .zip(self.lower_folded())
                    .map(|(c, &b)| if LOOK_ALIKES.contains(&c) { LETTER } else { b })
                    .collect()
            })
        });
        view.as_deref().unwrap_or_else(|| self.lower_folded())
    }

    /// Whether [`Text::folded`] shows all that [`Text::lower_exact`] does: then the one is the other.
    #[must_use]
    pub fn is_lowered_by_folding(&self) -> bool {
        self.ascii || !(self.raw.contains(DOTTED) || self.has_look_alikes())
    }

    /// Whether any of [`LOOK_ALIKES`] occurs. One by one they are searched for in many bytes at once.
    fn has_look_alikes(&self) -> bool {
        LOOK_ALIKES.iter().any(|&c| self.raw.contains(c))
    }

    /// The text with each character on whose class Python and the `regex` crate disagree replaced by one of the
    /// same length in bytes that both class as Python does: places in it are places in the text.
    #[must_use]
    pub fn edge_view(&self) -> &str {
        let view = self.edges.get_or_init(|| {
            if self.raw.chars().all(|c| edges::stand_in(c).is_none()) {
                return None;
            }
            Some(self.raw.chars().map(|c| edges::stand_in(c).unwrap_or(c)).collect())
        });
        view.as_deref().unwrap_or(&self.raw)
    }

    /// Whether the prefilter lets the rule behind `gate` run.
    #[must_use]
    #[inline]
    pub fn is_open(&self, gate: Gate) -> bool {
        gate == Gate::ALWAYS || self.open.get_or_init(|| self.prefilter.scan(self.folded())).is_open(gate)
    }

    /// Whether `test` says so of a part of the folded view, of those in which what is behind the open `gate` can match:
    /// the whole view where the gate does not tell.
    pub fn any_part(&self, gate: Gate, mut test: impl FnMut(Range<usize>) -> bool) -> bool {
        let len = self.folded().len();
        match self.open.get() {
            Some(open) if !gate.is_far() => open.any_part(gate, len, test),
            _ => test(0..len),
        }
    }

    /// The gates of a run that the prefilter opens, as places in the run, in order.
    pub fn open_in(&self, run: GateRun) -> impl Iterator<Item = usize> + '_ {
        self.open.get_or_init(|| self.prefilter.scan(self.folded())).open_in(run)
    }

    /// The gates of a list that the prefilter opens, as places in the list, in order.
    pub fn open_of<'g>(&'g self, list: &'g GateList) -> impl Iterator<Item = usize> + 'g {
        self.open.get_or_init(|| self.prefilter.scan(self.folded())).open_of(list)
    }

    /// Byte offsets of all code points, plus the length.
    fn offsets(&self) -> &[u32] {
        self.offsets.get_or_init(|| {
            #[allow(clippy::cast_possible_truncation)]
            let at = |i: usize| i as u32;
            self.raw.char_indices().map(|(i, _)| at(i)).chain([at(self.raw.len())]).collect()
        })
    }

    /// The byte where code point `index` begins (the length in bytes for the length in code points and beyond).
    #[must_use]
    pub fn byte_at(&self, index: usize) -> usize {
        if self.ascii {
            return index.min(self.raw.len());
        }
        let offsets = self.offsets();
        offsets[index.min(offsets.len() - 1)] as usize
    }

    /// The code point that begins at (or spans) byte `byte`.
    #[must_use]
    pub fn char_at(&self, byte: usize) -> usize {
        if self.ascii {
            return byte;
        }
        self.offsets().partition_point(|&o| (o as usize) < byte)
    }

    /// A span in bytes.
    #[must_use]
    pub fn bytes(&self, span: CharSpan) -> ByteSpan {
        ByteSpan { start: self.byte_at(span.start), end: self.byte_at(span.end) }
    }

    /// A span in code points.
    #[must_use]
    pub fn chars(&self, span: ByteSpan) -> CharSpan {
        CharSpan { start: self.char_at(span.start), end: self.char_at(span.end) }
    }

    /// The text of a span of code points.
    #[must_use]
    pub fn slice(&self, span: CharSpan) -> &str {
        self.bytes(span).of(&self.raw)
    }

    /// Where [`LONG_RUN`] or more letters, digits, `+` and `/` (of ASCII) stand together, as places of bytes, left to
    /// right: only there are keys, addresses and encoded texts.
    #[must_use]
    pub fn long_runs(&self) -> &[Range<usize>] {
        let member = |b: u8| b.is_ascii_alphanumeric() | (b == b'+') | (b == b'/');
        let bytes = self.raw.as_bytes();
        self.long_runs.get_or_init(|| match has_run(bytes, LONG_RUN, member) {
            true => long_runs(bytes, LONG_RUN, member).collect(),
            false => Vec::new(),
        })
    }

    /// The maximal runs of at least `min` bytes (not fewer than [`LONG_RUN`]) of a kind that all of [`Text::long_runs`]
    /// consist of, left to right.
    pub fn long_runs_of<'t>(
        &'t self,
        min: usize,
        member: impl Fn(u8) -> bool + Copy + 't,
    ) -> impl Iterator<Item = Range<usize>> + 't {
        debug_assert!(min >= LONG_RUN);
        let long = self.long_runs().iter().filter(move |long| long.len() >= min);
        long.flat_map(move |long| {
            let runs = long_runs(&self.raw.as_bytes()[long.clone()], min, member);
            runs.map(|run| long.start + run.start..long.start + run.end)
        })
    }

    /// Which bytes occur and how many digits: rules out most rules that have no literal.
    #[must_use]
    pub fn shape(&self) -> Shape<'_> {
        Shape { folded: self.folded(), digits: *self.digits.get_or_init(|| count_digits(self.folded())) }
    }
}

/// What can be said quickly about a folded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape<'t> {
    folded: &'t [u8],
    /// Number of digits, of any script.
    pub digits: usize,
}

impl Shape<'_> {
    /// Whether the folded text has this byte anywhere. Each time a search, but one that takes many bytes at once.
    #[must_use]
    pub fn has(&self, byte: u8) -> bool {
        memchr::memchr(byte, self.folded).is_some()
    }
}

fn count_digits(folded: &[u8]) -> usize {
    count(folded, |b| b.is_ascii_digit() | (b == super::fold::DIGIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_convert_both_ways() {
        let none = Prefilter::none();
        let text = Text::new("aé日😀z", &none);
        assert_eq!(text.char_len(), 5);
        for (index, byte) in [(0, 0), (1, 1), (2, 3), (3, 6), (4, 10), (5, 11)] {
            assert_eq!(text.byte_at(index), byte);
            assert_eq!(text.char_at(byte), index);
        }
        assert_eq!(text.slice(CharSpan { start: 1, end: 3 }), "é日");
    }

    #[test]
    fn the_edge_view_keeps_places_and_gives_python_edges() {
        let none = Prefilter::none();
        let text = Text::new("x² e\u{301} a\u{200D}b ⓐ \u{1C}", &none);
        let view = text.edge_view();
        assert_eq!(view.len(), text.raw().len());
        for ((i, c), (j, stand_in)) in text.raw().char_indices().zip(view.char_indices()) {
            assert_eq!(i, j);
            assert_eq!(
                chars::is_word(c),
                c.is_ascii() && chars::is_word(c) || regex_syntax::is_word_character(stand_in)
            );
        }
    }

    #[test]
    fn lowered_views_count_the_code_points_of_the_lowered_text() {
        let none = Prefilter::none();
        let text = Text::new("İ Aı\u{17F}\u{212A}é", &none);
        assert_eq!(text.folded(), b"i aiskL");
        assert_eq!(text.lower_folded(), b"i\xFF aiskL");
        assert_eq!(text.lower_exact(), b"i\xFF aLLkL");
    }

    #[test]
    fn blanks_at_the_ends_do_not_count() {
        let none = Prefilter::none();
        for (text, len) in [("", 0), (" \n", 0), (" a b ", 3), ("\u{3000}é b\u{85}", 3)] {
            assert_eq!(Text::new(text, &none).trimmed_len(), len, "{text:?}");
        }
    }

    #[test]
    fn shape_knows_bytes_and_digits() {
        let none = Prefilter::none();
        let text = Text::new("ab 12345 DEADBEEF00 x٣", &none);
        let shape = text.shape();
        assert_eq!(shape.digits, 8);
        assert_eq!(Text::new("7".repeat(1000), &none).shape().digits, 1000);
        assert!(shape.has(b'1') && !shape.has(b'9') && shape.has(super::super::fold::DIGIT));
    }
}
