//! Seeing through evasion: normalised variants of texts and terms, and the search of the ones in the others.
//!
//! A text is decomposed (NFKD) and its look-alike letters replaced; then texts and terms alike are lowered, rid of `+`
//! between letters, of leetspeak, of runs of one character and of separators between single letters. A double zero
//! may stand for `u` or for two `o`, so there may be two variants.

use super::changes::Changes;
use super::simple::simple_variants;
use super::steps::{spaced_words, variants};
use super::unmask::{DOTLESS_I, Unmasked, unmasked};
use crate::text::search::LiteralSearch;
use crate::text::term::{Term, TermList};
use crate::text::{FoldedPattern, NeedleSet, Text, caseless, fold};
use std::collections::HashMap;
use std::ops::Range;

/// The search of the terms' variants in the texts' variants.
pub(super) struct VariantSearch {
    spaced: FoldedPattern,
    /// How many terms there are.
    terms: usize,
    patterns: LiteralSearch,
    changes: Changes,
    /// For each pattern: the terms it is a variant of.
    owners: Vec<Vec<Owner>>,
    /// Variants that are empty or not ASCII: the policy's own. Searched one by one.
    singles: Vec<(Term, usize)>,
    /// Variants that differ from their terms: these may occur in a text that normalisation leaves as it is.
    odd: TermList,
    odd_owners: Vec<usize>,
}

/// A term that a pattern is a variant of.
struct Owner {
    term: usize,
    /// Whether it matches without word edges.
    substring: bool,
}

/// A text's variant, ready for the search.
struct Variant {
    /// The folded view.
    folded: Vec<u8>,
    /// Where to search: the plain search finds what is elsewhere.
    parts: Vec<Range<usize>>,
    /// The text itself, where folding loses something and terms are searched in it one by one.
    text: Option<String>,
    /// The folded view without what only case-insensitive matching takes for an `i`, where that is in the text.
    exact: Option<Vec<u8>>,
}

impl Variant {
    /// A variant that is its folded view, to be searched in some parts.
    fn of_bytes(folded: Vec<u8>, parts: Vec<Range<usize>>) -> Self {
        Variant { folded, parts, text: None, exact: None }
    }

    fn of_chars(units: Vec<char>, keeps_text: bool) -> Self {
        let folded: Vec<u8> = units.iter().map(|&c| fold::fold_char(c)).collect();
        let exact = units
            .contains(&DOTLESS_I)
            .then(|| units.iter().zip(&folded).map(|(&c, &b)| if c == DOTLESS_I { fold::LETTER } else { b }).collect());
        let text = keeps_text.then(|| units.into_iter().collect());
        Variant { text, exact, ..Variant::whole(folded) }
    }

    /// A variant that is its folded view.
    fn whole(folded: Vec<u8>) -> Self {
        let all = 0..folded.len();
        Variant::of_bytes(folded, vec![all])
    }
}

/// Whether the term may match in an ASCII text.
fn may_be_ascii(term: &Term) -> bool {
    term.as_str().chars().all(|c| caseless::key(c).is_ascii())
}

impl VariantSearch {
    /// Prepares the search of `terms`.
    pub(super) fn new(terms: &[Term], needles: &mut NeedleSet) -> Self {
        let spaced = spaced_words();
        let (mut patterns, mut owners) = (Vec::<Vec<u8>>::new(), Vec::<Vec<Owner>>::new());
        let mut index = HashMap::<Vec<u8>, usize>::new();
        let (mut singles, mut odd, mut odd_owners) = (Vec::new(), Vec::new(), Vec::new());
        for (at, term) in terms.iter().enumerate() {
            let lower: Vec<char> = term.as_str().chars().collect();
            let mut forms = variants(&lower, &spaced);
            forms.dedup();
            for form in forms {
                let form: String = form.into_iter().collect();
                let substring = term.is_substring();
                let variant = if substring { Term::substring(form) } else { Term::word(form) };
                if variant.as_str() != term.as_str() {
                    odd.push(variant.clone());
                    odd_owners.push(at);
                }
                if !variant.as_str().is_ascii() || variant.as_str().is_empty() {
                    singles.push((variant, at));
                    continue;
                }
                let pattern = *index.entry(variant.as_str().as_bytes().to_vec()).or_insert_with_key(|bytes| {
                    patterns.push(bytes.clone());
                    owners.push(Vec::new());
                    patterns.len() - 1
                });
                owners[pattern].push(Owner { term: at, substring });
            }
        }
        VariantSearch {
            spaced,
            terms: terms.len(),
            changes: Changes::new(&patterns, singles.iter().any(|(term, _)| may_be_ascii(term))),
            patterns: LiteralSearch::new(&patterns),
            owners,
            singles,
            odd: TermList::new(odd, needles),
            odd_owners,
        }
    }

    /// Adds the places of the terms that are found in the text's variants. Those that the plain search finds may be
    /// missing.
    pub(super) fn search(&self, text: &Text<'_>, found: &mut Vec<usize>) {
        match self.of_text(text) {
            None => found.extend(self.odd.matches(text).map(|at| self.odd_owners[at])),
            Some(variants) => {
                for variant in &variants {
                    self.search_variant(variant, found);
                }
            }
        }
    }

    fn search_variant(&self, variant: &Variant, found: &mut Vec<usize>) {
        let folded = &variant.folded;
        let edge = |at: usize| {
            let before = at.checked_sub(1).is_some_and(|i| fold::is_word(folded[i]));
            before != folded.get(at).is_some_and(|&b| fold::is_word(b))
        };
        let exact = |range: std::ops::Range<usize>| {
            variant.exact.as_ref().is_none_or(|exact| exact[range.clone()] == folded[range])
        };
        let mut seen = Vec::new();
        let mut take = |pattern: usize, start: usize| {
            seen.resize(self.terms, false);
            let end = start + self.patterns.literals().get(pattern).len();
            for owner in &self.owners[pattern] {
                let matches =
                    !seen[owner.term] && if owner.substring { exact(start..end) } else { edge(start) && edge(end) };
                if matches {
                    seen[owner.term] = true;
                    found.push(owner.term);
                }
            }
        };
        for part in &variant.parts {
            self.patterns.each(&folded[part.clone()], &mut |pattern, at| take(pattern, part.start + at));
        }
        if self.singles.is_empty() {
            return;
        }
        // Without a text of its own the folded view is ASCII, and is the text.
        let text = variant.text.as_deref().or_else(|| std::str::from_utf8(folded).ok()).unwrap_or_default();
        for (term, at) in &self.singles {
            let single = term.as_str();
            if if term.is_substring() { text.contains(single) } else { caseless::has_word(text, single) } {
                found.push(*at);
            }
        }
    }

    /// The text's variants; `None` when there is one only and it is the lowered text, or differs from it where no term
    /// can be.
    fn of_text(&self, text: &Text<'_>) -> Option<Vec<Variant>> {
        if text.is_ascii() {
            return self.of_folded(text, text.folded(), &[]);
        }
        if self.singles.is_empty()
            && let Some(Unmasked { folded, differing }) = Unmasked::of(text.raw())
        {
            return self.of_folded(text, &folded, &differing);
        }
        let lower: Vec<char> = unmasked(text.raw()).chars().collect();
        let keeps_text = !self.singles.is_empty();
        let variants = variants(&lower, &self.spaced);
        Some(variants.into_iter().map(|units| Variant::of_chars(units, keeps_text)).collect())
    }

    /// As [`VariantSearch::of_text`] by the folded view of the lowered text, which differs from the text's own in some
    /// places.
    fn of_folded(&self, text: &Text<'_>, folded: &[u8], differing: &[usize]) -> Option<Vec<Variant>> {
        let Some(simple) = simple_variants(folded, differing, &self.spaced) else {
            let variants = variants(folded, &self.spaced);
            let same = variants.len() == 1 && variants[0] == folded && differing.is_empty();
            return (!same).then(|| variants.into_iter().map(Variant::whole).collect());
        };
        // A spaced-out word may leave nothing behind but a shorter text.
        if simple.iter().all(|made| made.changed.is_empty() && made.variant.len() == folded.len()) {
            return None;
        }
        // A term's own variant in the text may have lost its edges to a changed neighbour.
        if self.odd.matches(text).next().is_some() {
            return Some(simple.into_iter().map(|made| Variant::whole(made.variant.into_owned())).collect());
        }
        let partly = simple.into_iter().map(|made| {
            let parts = self.changes.parts(&made.variant, &made.changed);
            Variant::of_bytes(made.variant.into_owned(), parts)
        });
        let mut variants: Vec<Variant> = partly.collect();
        variants.retain(|variant| !variant.parts.is_empty());
        (!variants.is_empty()).then_some(variants)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> Vec<String> {
        // A term that is not ASCII makes the search keep the texts.
        let mut search = VariantSearch::new(&[Term::word("é")], &mut NeedleSet::new());
        search.changes.unsure = true;
        let prefilter = NeedleSet::new().build();
        let text = Text::new(text, &prefilter);
        match search.of_text(&text) {
            None => vec![text.lower().to_owned()],
            Some(variants) => {
                variants.into_iter().map(|v| v.text.unwrap_or_else(|| String::from_utf8(v.folded).unwrap())).collect()
            }
        }
    }

    #[test]
    fn the_steps_follow_one_another() {
        assert_eq!(of("F+o+O+ +x"), ["foo+ +x"]);
        assert_eq!(of("f00l 000"), ["ful uo", "fool o"]);
        assert_eq!(of("0134578@$!|()"), ["oieastbasilo"]);
        assert_eq!(of("aaa bb  \n\n\n..."), ["a bb  \n\n\n."]);
        assert_eq!(of("a b-c de, f. g _h"), ["abc de, fgh"]);
        assert_eq!(of("\u{456}d\u{456}\u{43E}t É ﬁ Ａ"), ["idiot e\u{301} fi a"]);
    }

    #[test]
    fn an_ascii_text_and_its_wide_twin_have_the_same_variants() {
        for text in ["a_b_c", "__a_ _b", "x.y.z w", "k k k 00", "1 2 3 four ...", "a- b -c-d", "_ _ _", "a b c_d"] {
            let wide = of(&format!("{text} \u{301}"));
            assert_eq!(of(text).iter().map(|v| format!("{v} \u{301}")).collect::<Vec<_>>(), wide, "{text}");
        }
    }

    #[test]
    fn changes_are_passed_over_only_where_no_term_is() {
        let terms = ["idiot", "fat", "as", "so sick", "b1d"].map(Term::by_space);
        let prefilter_of = |terms: &[Term]| {
            let mut needles = NeedleSet::new();
            let search = VariantSearch::new(terms, &mut needles);
            let list = TermList::new(terms.to_vec(), &mut needles);
            (search, list, needles.build())
        };
        let (search, list, prefilter) = prefilter_of(&terms);
        assert!(!search.changes.unsure);
        let pieces = [
            "1d10t", "f4t", "a5", "s0 s1ck", "bid", "b1d", "idiot", "!", "1990", " ", "7", "x", "so sick!", ", ",
            "aaa", "s", "..", "@@", "00", "0", "u", "+",
        ];
        for number in 0..pieces.len().pow(3) {
            let text: String =
                (0..3).map(|i| pieces[number / pieces.len().pow(i) % pieces.len()]).collect::<Vec<_>>().concat();
            let view = Text::new(text.as_str(), &prefilter);
            let mut found: Vec<usize> = list.matches(&view).collect();
            search.search(&view, &mut found);
            let mut expected: Vec<usize> = list.matches(&view).collect();
            let all = variants(text.as_bytes(), &search.spaced);
            if let Some(simple) = simple_variants(text.as_bytes(), &[], &search.spaced) {
                let simple: Vec<Vec<u8>> = simple.into_iter().map(|simple| simple.variant.into_owned()).collect();
                assert_eq!(all, simple, "{text}");
            }
            for variant in all {
                search.search_variant(&Variant::whole(variant), &mut expected);
            }
            for found in [&mut found, &mut expected] {
                found.sort_unstable();
                found.dedup();
            }
            assert_eq!(found, expected, "{text}");
        }
        assert!(search.of_text(&Text::new("it was 1990... stop!!!", &prefilter)).is_none());
        let (unsure, ..) = prefilter_of(&[Term::word("x!?")]);
        assert!(unsure.changes.unsure);
    }

    proptest! {
        /// The search by folded bytes finds what the search by characters does.
        #[test]
        fn a_text_is_searched_by_its_folded_view(
            pieces in prop::collection::vec(prop::sample::select(&[
                "idiot", "fat", "so", "sick", "as", " ", "b1d", "é", "\u{456}", "i", "d", "o", "t", "1", "4", "!", "\u{301}",
                "\u{440}", "ж", "Ж", "\u{AC00}", ".", "_", "\u{17F}", "\u{130}", "\u{131}", "\u{2121}", "\u{2026}", "ﬁ",
                "\u{FF21}", "\u{A0}", "0", "x", "xxx", "+", "\u{B2}", "\u{663}", "()", "s", "\u{1D4B2}", "日", "\u{2019}",
            ][..]), 0..12)
        ) {
            let terms = ["idiot", "fat", "as", "so sick", "b1d", "o", "xxx sick", "ab"].map(Term::by_space);
            let mut needles = NeedleSet::new();
            let search = VariantSearch::new(&terms, &mut needles);
            let list = TermList::new(terms.to_vec(), &mut needles);
            let prefilter = needles.build();
            let text = Text::new(pieces.concat(), &prefilter);
            let plain: Vec<usize> = list.matches(&text).collect();
            let (mut found, mut expected) = (plain.clone(), plain);
            search.search(&text, &mut found);
            for units in variants(&unmasked(text.raw()).chars().collect::<Vec<_>>(), &search.spaced) {
                search.search_variant(&Variant::of_chars(units, true), &mut expected);
            }
            for found in [&mut found, &mut expected] {
                found.sort_unstable();
                found.dedup();
            }
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn plain_texts_are_their_own_variants() {
        for text in ["a plain text, with-out ado", "i am", "x y", "aa\n\n\nb", "(a)", "a, b, c"] {
            assert!(of(text) == [text], "{text}");
        }
    }
}
