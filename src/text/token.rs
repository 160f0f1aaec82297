//! Tokens: a known literal at a word edge, then runs of ASCII characters, as keys, ids and numbers are written.
//!
//! The shapes that these patterns describe need no automaton: every run is followed by something its characters
//! cannot be, so only the last run, where a word edge must follow, ever gives characters back. Matching works on the
//! bytes of any text, ASCII or not, at the same speed.

use super::chars;
use super::gates::Gate;
use super::needles::NeedleSet;
use super::span::ByteSpan;
use super::view::Text;
use memchr::memmem::Finder;

/// A set of ASCII characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsciiSet(u128);

impl AsciiSet {
    /// `0-9`.
    pub const DIGIT: Self = Self::EMPTY.with_range(b'0', b'9');
    /// `A-Z`.
    pub const UPPER: Self = Self::EMPTY.with_range(b'A', b'Z');
    /// `a-z`.
    pub const LOWER: Self = Self::EMPTY.with_range(b'a', b'z');
    /// `A-Z a-z 0-9`.
    pub const ALNUM: Self = Self::DIGIT.or(Self::UPPER).or(Self::LOWER);
    /// `A-Z 0-9`.
    pub const UPPER_ALNUM: Self = Self::DIGIT.or(Self::UPPER);
    /// Letters, digits, `_` and `-`.
    pub const TOKEN: Self = Self::ALNUM.with(b"_-");
    /// `0-9 a-f A-F`.
    pub const HEX: Self = Self::LOWER_HEX.with_range(b'A', b'F');
    /// `0-9 a-f`.
    pub const LOWER_HEX: Self = Self::DIGIT.with_range(b'a', b'f');
    /// `A-Z a-z 0-9 + /`.
    pub const BASE64: Self = Self::ALNUM.with(b"+/");

    /// No character.
    pub const EMPTY: Self = AsciiSet(0);

    /// The set and the given characters.
    #[must_use]
    pub const fn with(self, chars: &[u8]) -> Self {
        let mut bits = self.0;
        let mut i = 0;
        while i < chars.len() {
            assert!(chars[i] < 0x80);
            bits |= 1 << chars[i];
            i += 1;
        }
        AsciiSet(bits)
    }

    /// The set without the given characters.
    #[must_use]
    pub const fn without(self, chars: &[u8]) -> Self {
        AsciiSet(self.0 & !Self::EMPTY.with(chars).0)
    }

    /// The set and the characters from `first` to `last`.
    #[must_use]
    pub const fn with_range(self, first: u8, last: u8) -> Self {
        let mut bits = self.0;
        let mut c = first;
        while c <= last {
            bits |= 1 << c;
            c += 1;
        }
        AsciiSet(bits)
    }

    /// The characters of both sets.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        AsciiSet(self.0 | other.0)
    }

    /// Whether the byte is in the set; bytes of other characters never are.
    #[must_use]
    pub const fn has(self, byte: u8) -> bool {
        byte < 0x80 && self.0 >> byte & 1 == 1
    }

    /// How many bytes of the set follow each other from `at`, at most `max`.
    #[must_use]
    pub fn run(self, bytes: &[u8], at: usize, max: usize) -> usize {
        bytes[at..].iter().take(max).take_while(|&&b| self.has(b)).count()
    }
}

/// A part of a token after its literal.
#[derive(Clone, Copy, Debug)]
pub enum Piece {
    /// Exactly this text.
    Lit(&'static str),
    /// As many characters of the set as there are, from the first to the second number of them.
    Run(AsciiSet, usize, usize),
    /// As [`Piece::Run`], of decimal digits of any script.
    Digits(usize, usize),
    /// A separator (quotes, colons, equals signs, blanks; one or more) and then a [`Piece::Run`]; the separator gives
    /// characters back that the run can use when the run is too short.
    Value(AsciiSet, usize, usize),
}

/// No upper bound of a [`Piece`].
pub const ANY: usize = usize::MAX;

/// One way to write a token.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// The literals it may start with, each preceded by a word edge.
    pub starts: &'static [&'static str],
    /// What follows.
    pub rest: &'static [Piece],
    /// Whether it must end at a word edge; a last run gives characters back until it does.
    pub edge_after: bool,
}

impl Form {
    /// A form that ends at a word edge.
    #[must_use]
    pub const fn new(starts: &'static [&'static str], rest: &'static [Piece]) -> Self {
        Form { starts, rest, edge_after: true }
    }
}

/// A case-sensitive token pattern: one or more forms, tried in order at each place.
#[derive(Debug)]
pub struct TokenPattern {
    forms: &'static [Form],
    gate: Gate,
    /// For each start literal of each form: the form's number and the literal's searcher.
    finders: Vec<(usize, Finder<'static>)>,
    /// Whether a failure within a first run dooms all later starts in the same run.
    skips: bool,
}

/// How an attempt at one place ended.
enum Attempt {
    /// A match up to this byte.
    Match(usize),
    /// No match; the first run, had it been long enough, ended here.
    Miss(usize),
}

impl TokenPattern {
    /// Prepares the forms and registers their literals with the prefilter.
    #[must_use]
    pub fn new(forms: &'static [Form], needles: &mut NeedleSet) -> Self {
        let gate = needles.gate(forms.iter().flat_map(|f| f.starts).map(|s| s.to_ascii_lowercase()));
        let starts = forms.iter().enumerate().flat_map(|(i, f)| f.starts.iter().map(move |s| (i, Finder::new(*s))));
        let skips = match forms {
            [Form { starts, rest: [Piece::Run(set, _, ANY), ..], .. }] => {
                starts.iter().all(|s| s.bytes().all(|b| set.has(b)))
            }
            _ => false,
        };
        TokenPattern { forms, gate, finders: starts.collect(), skips }
    }

    /// The prefilter gate.
    #[must_use]
    pub fn gate(&self) -> Gate {
        self.gate
    }

    /// All non-overlapping matches, left to right. Behind a closed gate, where most calls end, nothing is made.
    #[inline]
    pub fn find_iter(&self, text: &Text<'_>) -> std::vec::IntoIter<ByteSpan> {
        let matches: Vec<ByteSpan> =
            if text.is_open(self.gate) { self.matches(text.raw()).collect() } else { Vec::new() };
        matches.into_iter()
    }

    fn matches<'t>(&'t self, raw: &'t str) -> impl Iterator<Item = ByteSpan> + 't {
        let mut ahead: Vec<Option<usize>> = self.finders.iter().map(|(_, f)| f.find(raw.as_bytes())).collect();
        let mut from = 0;
        std::iter::from_fn(move || {
            loop {
                for ((_, finder), next) in self.finders.iter().zip(&mut ahead) {
                    if next.is_some_and(|at| at < from) {
                        *next = finder.find(&raw.as_bytes()[from..]).map(|at| at + from);
                    }
                }
                let at = ahead.iter().copied().flatten().min()?;
                from = at + 1;
                if chars::word_before(raw, at) {
                    continue;
                }
                for ((form, finder), next) in self.finders.iter().zip(&ahead) {
                    if *next != Some(at) {
                        continue;
                    }
                    match self.forms[*form].attempt(raw, at + finder.needle().len()) {
                        Attempt::Match(end) => {
                            from = end;
                            return Some(ByteSpan { start: at, end });
                        }
                        // Later starts in this run see the same end of the run with fewer characters before it.
                        Attempt::Miss(run_end) if self.skips => from = from.max(run_end),
                        Attempt::Miss(_) => {}
                    }
                }
            }
        })
    }

    /// Whether the pattern occurs in the text.
    #[must_use]
    pub fn is_match(&self, text: &Text<'_>) -> bool {
        text.is_open(self.gate) && self.matches(text.raw()).next().is_some()
    }
}

impl Form {
    /// Where the form ends when its start literal ends at byte `at`.
    #[must_use]
    pub fn end_from(&self, raw: &str, at: usize) -> Option<usize> {
        self.rest_from(raw, at, &mut 0)
    }

    /// As [`Form::end_from`], remembering the end of the first run.
    fn attempt(&self, raw: &str, at: usize) -> Attempt {
        let mut first_run = 0;
        match self.rest_from(raw, at, &mut first_run) {
            Some(end) => Attempt::Match(end),
            None => Attempt::Miss(first_run),
        }
    }

    fn rest_from(&self, raw: &str, mut at: usize, first_run: &mut usize) -> Option<usize> {
        let bytes = raw.as_bytes();
        // Where the last run may be cut back to.
        let mut floor = at;
        for (i, piece) in self.rest.iter().enumerate() {
            floor = at;
            match *piece {
                Piece::Lit(lit) => {
                    at += lit.len();
                    floor = at;
                    if !bytes[floor - lit.len()..].starts_with(lit.as_bytes()) {
                        return None;
                    }
                }
                Piece::Run(set, min, max) => {
                    let len = set.run(bytes, at, max);
                    if i == 0 {
                        *first_run = at + len;
                    }
                    if len < min {
                        return None;
                    }
                    floor += min;
                    at += len;
                }
                Piece::Digits(min, max) => {
                    let (least, most) = digits(raw, at, min, max)?;
                    floor = least;
                    at = most;
                }
                Piece::Value(set, min, max) => {
                    let value = value(raw, at, set, min, max)?;
                    floor = value.start + min;
                    at = value.end;
                }
            }
        }
        if !self.edge_after {
            return Some(at);
        }
        (floor..=at).rev().find(|&p| raw.is_char_boundary(p) && chars::edge_at(raw, p))
    }
}

/// The ends of the least and the most of `min..=max` digits of any script at `at`.
fn digits(raw: &str, at: usize, min: usize, max: usize) -> Option<(usize, usize)> {
    let (mut end, mut least) = (at, at);
    let mut count = 0;
    for c in raw[at..].chars().take(max).take_while(|&c| chars::is_digit(c)) {
        end += c.len_utf8();
        count += 1;
        if count == min {
            least = end;
        }
    }
    (count >= min).then_some((least, end))
}

/// The value after a separator at `at`.
fn value(raw: &str, at: usize, set: AsciiSet, min: usize, max: usize) -> Option<ByteSpan> {
    let is_separator = |c: char| matches!(c, '"' | '\'' | ':' | '=') || chars::is_space(c);
    let first = raw[at..].chars().next().filter(|&c| is_separator(c))?;
    let rest = &raw[at + first.len_utf8()..];
    let mut start = raw.len() - rest.trim_start_matches(is_separator).len();
    let bytes = raw.as_bytes();
    let mut len = set.run(bytes, start, max);
    while len < min && start > at + first.len_utf8() && set.has(bytes[start - 1]) {
        start -= 1;
        len += 1;
    }
    (len >= min).then_some(ByteSpan { start, end: start + len })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(forms: &'static [Form], text: &str) -> Vec<String> {
        let mut needles = NeedleSet::new();
        let pattern = TokenPattern::new(forms, &mut needles);
        let prefilter = needles.build();
        pattern.find_iter(&Text::new(text, &prefilter)).map(|m| m.of(text).to_owned()).collect()
    }

    const AT_LEAST: &[Form] = &[Form::new(&["sk-"], &[Piece::Run(AsciiSet::TOKEN, 5, ANY)])];
    const EXACTLY: &[Form] = &[Form::new(&["gl-"], &[Piece::Run(AsciiSet::TOKEN, 5, 5)])];

    #[test]
    fn the_last_run_gives_back_to_a_word_edge() {
        assert_eq!(found(AT_LEAST, "sk-abcde- x"), ["sk-abcde"]);
        assert_eq!(found(AT_LEAST, "sk-abcd- x"), Vec::<String>::new());
        assert_eq!(found(AT_LEAST, "sk-abcde-fé sk-abcdeé"), ["sk-abcde-"]);
        assert_eq!(found(AT_LEAST, "sk-abcde\u{301}"), ["sk-abcde"]);
    }

    #[test]
    fn a_fixed_count_has_nothing_to_give_back() {
        assert_eq!(found(EXACTLY, "gl-abcde gl-abcdef gl-abcde-x gl-abcd-"), ["gl-abcde", "gl-abcde"]);
    }

    #[test]
    fn starts_need_a_word_edge_before_them() {
        assert_eq!(found(AT_LEAST, "task-abcdef ask-sk-abcdef ésk-abcdef _sk-abcdef"), ["sk-abcdef"]);
    }

    #[test]
    fn forms_are_tried_in_order_and_matches_come_left_to_right() {
        const TWO: &[Form] = &[
            Form::new(&["ab."], &[Piece::Run(AsciiSet::ALNUM, 1, ANY), Piece::Lit("."), Piece::Digits(3, ANY)]),
            Form::new(&["ab.", "cd."], &[Piece::Run(AsciiSet::ALNUM, 2, ANY)]),
        ];
        assert_eq!(found(TWO, "cd.xx ab.x.123 ab.xx.12 ab.x.٣٣٣٣"), ["cd.xx", "ab.x.123", "ab.xx", "ab.x.٣٣٣٣"]);
    }

    #[test]
    fn separators_give_back_what_the_value_needs() {
        const KEYED: &[Form] =
            &[Form { starts: &["key"], rest: &[Piece::Value(AsciiSet::ALNUM.with(b"="), 4, ANY)], edge_after: false }];
        assert_eq!(found(KEYED, "key: ==abc; key=abc key \u{3000}abcd="), ["key: ==abc", "key \u{3000}abcd="]);
    }
}
