//! Lists of literal terms, matched the two ways the reference matches them, behind the shared prefilter.

use super::caseless;
use super::fold::is_word;
use super::gates::GateRun;
use super::needles::NeedleSet;
use super::span::{ByteSpan, CharSpan};
use super::view::Text;
use memchr::memmem;

/// Longer needles are cut: a longer one rules out little more and makes the automaton larger.
const NEEDLE_LEN: usize = 24;

/// A literal term, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    text: Box<str>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Substring,
    Word,
}

impl Term {
    /// A term that matches as a plain substring of the lowered text.
    #[must_use]
    pub fn substring(text: impl Into<Box<str>>) -> Self {
        Term { text: text.into(), kind: Kind::Substring }
    }

    /// A term that matches the original text in either case, with a word edge on both sides. An edge needs a word
    /// character on exactly one side; the empty term matches wherever there is an edge.
    #[must_use]
    pub fn word(text: impl Into<Box<str>>) -> Self {
        Term { text: text.into(), kind: Kind::Word }
    }

    /// The usual rule: a term with a space is a substring, any other a word.
    #[must_use]
    pub fn by_space(text: impl Into<Box<str>>) -> Self {
        let text = text.into();
        let kind = if text.contains(' ') { Kind::Substring } else { Kind::Word };
        Term { text, kind }
    }

    /// The term's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the term matches as a plain substring.
    #[must_use]
    pub fn is_substring(&self) -> bool {
        self.kind == Kind::Substring
    }

    /// What must be in the folded view for the term to match; empty when nothing can be said.
    ///
    /// Every ASCII stretch of the lowered text is one of the folded view too: U+0130, which lowers to two code
    /// points, folds to the first of them.
    fn needle(&self) -> &[u8] {
        if self.text.is_ascii() { &self.text.as_bytes()[..self.text.len().min(NEEDLE_LEN)] } else { &[] }
    }

    /// Whether the term occurs in the text.
    #[must_use]
    pub fn occurs_in(&self, text: &Text<'_>) -> bool {
        match self.kind {
            Kind::Substring => self.first_in_lower(text).is_some(),
            Kind::Word if !self.text.is_ascii() => caseless::has_word(text.raw(), &self.text),
            Kind::Word => has_word(text.folded(), self.text.as_bytes()),
        }
    }

    /// The code point of the lowered text at which the term first occurs as a plain substring.
    #[must_use]
    pub fn first_in_lower(&self, text: &Text<'_>) -> Option<usize> {
        if self.text.is_ascii() {
            return memmem::find(text.lower_exact(), self.text.as_bytes());
        }
        let at = memmem::find(text.lower().as_bytes(), self.text.as_bytes())?;
        Some(text.lower()[..at].chars().count())
    }

    /// The places where the term stands as a word: in either case, with a word edge on both sides, left to right, not
    /// overlapping.
    #[must_use]
    pub fn words(&self, text: &Text<'_>) -> Vec<ByteSpan> {
        if self.text.is_empty() || !self.text.is_ascii() {
            return caseless::words(text.raw(), &self.text).collect();
        }
        let spans = words(text.folded(), self.text.as_bytes());
        spans.map(|start| text.bytes(CharSpan { start, end: start + self.text.len() })).collect()
    }

    /// As [`Term::occurs_in`], knowing that the prefilter found the term's needle.
    fn confirmed_in(&self, text: &Text<'_>) -> bool {
        let certain = self.is_substring() && text.is_ascii() && (1..=NEEDLE_LEN).contains(&self.text.len());
        certain && self.text.is_ascii() || self.occurs_in(text)
    }
}

/// Whether an ASCII term (in lower case) occurs in a folded view with a word edge on both sides.
#[must_use]
pub fn has_word(folded: &[u8], term: &[u8]) -> bool {
    if term.is_empty() { folded.iter().any(|&b| is_word(b)) } else { words(folded, term).next().is_some() }
}

/// Where a non-empty ASCII term (in lower case) stands in a folded view with a word edge on both sides.
fn words<'t>(folded: &'t [u8], term: &'t [u8]) -> impl Iterator<Item = usize> + 't {
    let starts_as_word = term.first().is_some_and(|&b| is_word(b));
    let ends_as_word = term.last().is_some_and(|&b| is_word(b));
    let finder = memmem::Finder::new(term);
    let mut from = 0;
    std::iter::from_fn(move || {
        while let Some(found) = finder.find(folded.get(from..)?) {
            let (start, end) = (from + found, from + found + term.len());
            let before = start.checked_sub(1).is_some_and(|i| is_word(folded[i]));
            let after = folded.get(end).is_some_and(|&b| is_word(b));
            if before != starts_as_word && after != ends_as_word {
                from = end;
                return Some(start);
            }
            from = start + 1;
        }
        None
    })
}

/// Terms in order, each behind a gate of its own.
#[derive(Debug)]
pub struct TermList {
    terms: Vec<Term>,
    gates: GateRun,
}

impl TermList {
    /// Registers the terms with the prefilter.
    #[must_use]
    pub fn new(terms: Vec<Term>, needles: &mut NeedleSet) -> Self {
        let gates = needles.run(terms.iter().map(Term::needle));
        TermList { terms, gates }
    }

    /// The terms.
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// The places of the terms that occur in the text, in the list's order.
    pub fn matches<'t>(&'t self, text: &'t Text<'_>) -> impl Iterator<Item = usize> + 't {
        text.open_in(self.gates).filter(|&at| self.terms[at].confirmed_in(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matching(terms: &[&str], text: &str) -> Vec<usize> {
        let mut needles = NeedleSet::new();
        let list = TermList::new(terms.iter().map(|t| Term::by_space(*t)).collect(), &mut needles);
        let prefilter = needles.build();
        let text = Text::new(text, &prefilter);
        list.matches(&text).collect()
    }

    #[test]
    fn words_need_edges_and_spaced_terms_do_not() {
        assert_eq!(matching(&["fat", "so fat", "at"], "ALSO FATTER"), [1]);
        assert_eq!(matching(&["fat", "so fat", "at"], "so  fat, fa\u{200B}t"), [0]);
        assert_eq!(matching(&["c++"], "c++ daily"), Vec::<usize>::new());
        assert_eq!(matching(&["c++"], "c++x"), [0]);
    }

    #[test]
    fn either_case_is_for_words_only() {
        assert_eq!(matching(&["idiot", "kill me", "kiss"], "ıdİot kıll me \u{212A}i\u{17F}s"), [0, 2]);
        assert_eq!(matching(&["kill me"], "\u{212A}ILL ME"), [0]);
        assert_eq!(matching(&["hi x"], "HİX Hİ X"), Vec::<usize>::new());
    }

    #[test]
    fn terms_of_policies_may_be_anything() {
        assert_eq!(matching(&["", "дурак", "ты дурак", "日本"], "Ты ДУРАК 日本"), [0, 1, 2, 3]);
        assert_eq!(matching(&["", "日本"], "-- 日本語"), [0]);
        assert_eq!(matching(&[""], "?!"), Vec::<usize>::new());
        assert_eq!(
            matching(&["a long term beyond the cut of needles"], "a long term beyond the cut of needle"),
            [0; 0]
        );
    }

    #[test]
    fn first_places_count_code_points_of_the_lowered_text() {
        let prefilter = NeedleSet::new().build();
        let text = Text::new("İé xAb ab", &prefilter);
        assert_eq!(Term::word("ab").first_in_lower(&text), Some(5));
        assert_eq!(Term::word("é").first_in_lower(&text), Some(2));
    }
}
