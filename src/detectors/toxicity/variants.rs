//! Seeing through evasion: normalised variants of texts and terms, and the search of the ones in the others.
//!
//! A text is decomposed (NFKD) and its look-alike letters replaced; then texts and terms alike are lowered, rid of `+`
//! between letters, of leetspeak, of runs of one character and of separators between single letters. A double zero
//! may stand for `u` or for two `o`, so there may be two variants.

use super::changes::Changes;
use crate::text::blocks::{BLOCK, bits, block_at, each_block, places};
use crate::text::normalize::nfkd;
use crate::text::search::LiteralSearch;
use crate::text::term::{Term, TermList};
use crate::text::words::word_bits;
use crate::text::{FoldedPattern, Gate, NeedleSet, Text, caseless, chars, fold};
use std::collections::HashMap;

/// Letters that look like Latin ones, beyond what NFKD makes of them. Lower case only: this precedes lowering.
const LOOK_ALIKES: &[(char, char)] = &[
    ('\u{430}', 'a'),
    ('\u{435}', 'e'),
    ('\u{43E}', 'o'),
    ('\u{440}', 'p'),
    ('\u{441}', 'c'),
    ('\u{443}', 'y'),
    ('\u{456}', 'i'),
    ('\u{458}', 'j'),
    ('\u{455}', 's'),
    ('\u{4BB}', 'h'),
    ('\u{460}', 'o'),
    ('\u{251}', 'a'),
    ('\u{261}', 'g'),
    ('\u{26A}', 'i'),
    ('\u{1D00}', 'a'),
    ('\u{1D04}', 'c'),
    ('\u{1D05}', 'd'),
    ('\u{1D07}', 'e'),
    ('\u{2010}', '-'),
    ('\u{2012}', '-'),
    ('\u{2013}', '-'),
];

/// What a digit or symbol stands for.
fn unleet(b: u8) -> u8 {
    match b {
        b'0' => b'o',
        b'1' | b'!' => b'i',
        b'3' => b'e',
        b'4' | b'@' => b'a',
        b'5' | b'$' => b's',
        b'7' => b't',
        b'8' => b'b',
        b'|' => b'l',
        _ => b,
    }
}

/// One character of a text being normalised: a byte of an ASCII text or a code point of any other. The same steps
/// serve both, and ASCII texts need not be widened.
trait Unit: Copy + PartialEq {
    fn ascii(b: u8) -> Self;
    /// The ASCII character, if it is one.
    fn as_ascii(self) -> Option<u8>;
    /// The byte of the folded view.
    fn folded(self) -> u8;

    fn is(self, b: u8) -> bool {
        self.as_ascii() == Some(b)
    }

    fn is_latin(self) -> bool {
        self.as_ascii().is_some_and(|b| b.is_ascii_lowercase())
    }
}

impl Unit for u8 {
    fn ascii(b: u8) -> Self {
        b
    }
    fn as_ascii(self) -> Option<u8> {
        Some(self)
    }
    fn folded(self) -> u8 {
        self
    }
}

impl Unit for char {
    fn ascii(b: u8) -> Self {
        char::from(b)
    }
    fn as_ascii(self) -> Option<u8> {
        u8::try_from(self).ok().filter(u8::is_ascii)
    }
    fn folded(self) -> u8 {
        fold::fold_char(self)
    }
}

/// Deletes every `+` between two letters a to z.
fn without_plus<U: Unit>(text: &[U]) -> Vec<U> {
    let between = |i: usize| i > 0 && text[i - 1].is_latin() && text.get(i + 1).is_some_and(|u| u.is_latin());
    text.iter().enumerate().filter(|&(i, u)| !(u.is(b'+') && between(i))).map(|(_, &u)| u).collect()
}

/// Replaces every pair of `pair` by `by`.
fn replace_pairs<U: Unit>(text: &[U], pair: [u8; 2], by: u8) -> Vec<U> {
    let mut out = Vec::with_capacity(text.len());
    let mut i = 0;
    while i < text.len() {
        if text[i].is(pair[0]) && text.get(i + 1).is_some_and(|u| u.is(pair[1])) {
            out.push(U::ascii(by));
            i += 2;
        } else {
            out.push(text[i]);
            i += 1;
        }
    }
    out
}

/// Leaves one of every run of three or more equal characters, newlines excepted.
fn collapse_runs<U: Unit>(text: &[U]) -> Vec<U> {
    let mut out = Vec::with_capacity(text.len());
    for run in text.chunk_by(|a, b| a == b) {
        let collapses = run.len() >= 3 && !run[0].is(b'\n');
        out.extend_from_slice(if collapses { &run[..1] } else { run });
    }
    out
}

/// What separates spaced-out letters.
const fn separates(folded: u8) -> bool {
    fold::is_blank(folded) | (folded == b'-') | (folded == b'_') | (folded == b'.')
}

/// Whether three or more equal characters follow one another anywhere, newlines excepted.
fn has_runs<U: Unit>(text: &[U]) -> bool {
    let thrice = text.iter().zip(text.iter().skip(1)).zip(text.iter().skip(2));
    // Without a way out early, which lets the compiler compare many at once.
    thrice.fold(false, |any, ((a, b), c)| any | ((a == b) & (b == c) & !a.is(b'\n')))
}

/// Whether the bytes `pair` stand next to each other anywhere.
fn has_pair<U: Unit>(text: &[U], pair: [u8; 2]) -> bool {
    text.iter().zip(text.iter().skip(1)).fold(false, |any, (a, b)| any | (a.is(pair[0]) & b.is(pair[1])))
}

/// A bit for each place of the block that begins at `start` where an ASCII text in lower case differs from its variants,
/// or the first of three equal characters stands.
fn changes_of(text: &[u8], start: usize) -> u64 {
    let [block, next, after] = [0, 1, 2].map(|ahead| block_at(text, start + ahead));
    let changes = bits(|at| {
        let b = block[at];
        let stands_for_another = CHANGING.iter().fold(false, |any, &c| any | (b == c));
        stands_for_another | ((b == next[at]) & (b == after[at]) & (b != b'\n'))
    });
    // The zeros behind the text are no run.
    let left = text.len() - start;
    if left < BLOCK { changes & ((1 << left) - 1) } else { changes }
}

/// Whether a spaced-out word may be in a folded text: every such word has a letter between separators.
fn may_be_spaced(folded: &[u8]) -> bool {
    let (mut words_before, mut separators_before) = (0, 0);
    let mut found = false;
    each_block(folded, |block_at, block| {
        let words = word_bits(block);
        let separators = bits(|at| separates(block[at]));
        let amid = (separators << 2 | separators_before >> (BLOCK - 2))
            & (words << 1 | words_before >> (BLOCK - 1))
            & separators;
        (words_before, separators_before) = (words, separators);
        // A text that is found out is read to its end: that takes less than to leave early.
        found = found || places(amid).any(|at| is_amid_letters(folded, block_at + at - 1));
    });
    found
}

/// Whether the single letter at `at`, which has separators on both sides, may be in a spaced-out word: the words before
/// and after the separators are single letters too.
fn is_amid_letters(folded: &[u8], at: usize) -> bool {
    let start = folded[..at].iter().rposition(|&b| !separates(b)).map_or(0, |last| last + 1);
    let end = folded[at + 1..].iter().position(|&b| !separates(b)).map_or(folded.len(), |first| at + 1 + first);
    // An underscore is both, and may be a word or between words.
    if folded[start..end].contains(&b'_') {
        return true;
    }
    let is_word = |at: Option<usize>| at.and_then(|at| folded.get(at)).is_some_and(|&b| fold::is_word(b));
    let before = is_word(start.checked_sub(1)) && !is_word(start.checked_sub(2));
    before && is_word(Some(end)) && !is_word(Some(end + 1))
}

/// The variants of a text that is lowered already, as equal-length sequences of characters and their folded bytes.
fn variants<U: Unit>(lower: &[U], spaced: &FoldedPattern) -> Vec<Vec<U>> {
    let plain = if lower.iter().any(|u| u.is(b'+')) { without_plus(lower) } else { lower.to_vec() };
    let mut bases = Vec::with_capacity(2);
    if has_pair(&plain, *b"00") {
        bases.push(replace_pairs(&plain, [b'0', b'0'], b'u'));
    }
    bases.push(plain);
    for base in &mut bases {
        for unit in base.iter_mut() {
            if let Some(b) = unit.as_ascii() {
                *unit = U::ascii(unleet(b));
            }
        }
        if has_pair(base, *b"()") {
            *base = replace_pairs(base, [b'(', b')'], b'o');
        }
        if has_runs(base) {
            *base = collapse_runs(base);
        }
        join_spaced(base, spaced);
    }
    bases
}

/// Deletes the separators inside spaced-out words: single word characters with separators between them, three of
/// them or more, standing between word edges.
fn join_spaced<U: Unit>(text: &mut Vec<U>, spaced: &FoldedPattern) {
    let folded: Vec<u8> = text.iter().map(|u| u.folded()).collect();
    if !may_be_spaced(&folded) {
        return;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut done = 0;
    for word in spaced.regex().find_iter(&folded) {
        out.extend_from_slice(&text[done..word.start()]);
        out.extend(word.range().filter(|&i| !separates(folded[i])).map(|i| text[i]));
        done = word.end();
    }
    out.extend_from_slice(&text[done..]);
    *text = out;
}

/// What stands for a letter in an ASCII text: see [`unleet`].
const CHANGING: &[u8; 11] = b"0134578!@$|";

/// What a double zero stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zeros {
    U,
    TwoO,
}

/// A variant in the making, of an ASCII text in lower case where characters that stand for letters and runs of one
/// character are all that changes.
struct Simple<'t> {
    text: &'t [u8],
    zeros: Zeros,
    /// Up to here the text is done.
    at: usize,
    variant: Vec<u8>,
    /// The places in the variant that stand for something else than in the text, in order.
    changed: Vec<usize>,
}

impl<'t> Simple<'t> {
    /// The variant; `None` where a spaced-out word may come of it.
    fn of(text: &'t [u8], zeros: Zeros) -> Option<Self> {
        let mut simple = Simple { text, zeros, at: 0, variant: Vec::with_capacity(text.len()), changed: Vec::new() };
        // Before this place a character may be in a run with one that changed.
        let mut settled = 0;
        for start in (0..text.len()).step_by(BLOCK) {
            for place in places(changes_of(text, start)).map(|at| start + at) {
                while simple.at < settled.min(place) {
                    simple.step();
                }
                if simple.at <= place {
                    simple.take_over(place);
                    simple.step();
                    settled = simple.at + 2;
                }
            }
        }
        while simple.at < settled.min(text.len()) {
            simple.step();
        }
        simple.take_over(text.len());
        (!may_be_spaced(&simple.variant)).then_some(simple)
    }

    /// Takes the text over as it is, to `end`.
    fn take_over(&mut self, end: usize) {
        self.variant.extend_from_slice(&self.text[self.at..end]);
        self.at = end;
    }

    /// What stands next, and for how many characters.
    fn next(&self) -> Option<(u8, usize)> {
        match &self.text[self.at..] {
            [] => None,
            [b'0', b'0', ..] if self.zeros == Zeros::U => Some((b'u', 2)),
            [b, ..] => Some((unleet(*b), 1)),
        }
    }

    /// Goes one character on, or behind the run that it completes.
    fn step(&mut self) {
        let Some((unit, len)) = self.next() else { return };
        if unit != self.text[self.at] {
            self.changed.push(self.variant.len());
        }
        self.variant.push(unit);
        self.at += len;
        if unit != b'\n' && self.variant.ends_with(&[unit; 3]) {
            self.variant.truncate(self.variant.len() - 2);
            let left = self.variant.len() - 1;
            self.changed.truncate(self.changed.partition_point(|&place| place < left));
            self.changed.push(left);
            while let Some((_, len)) = self.next().filter(|&(next, _)| next == unit) {
                self.at += len;
            }
        }
    }
}

/// The variants of an ASCII text in lower case where they are made simply.
fn simple_variants(text: &[u8]) -> Option<Vec<Simple<'_>>> {
    let letter = |at: usize| text.get(at).is_some_and(u8::is_ascii_lowercase);
    let joins = |plus: usize| letter(plus.wrapping_sub(1)) && letter(plus + 1);
    if memchr::memchr_iter(b'+', text).any(joins) || has_pair(text, *b"()") {
        return None;
    }
    let both: &[Zeros] = if has_pair(text, *b"00") { &[Zeros::U, Zeros::TwoO] } else { &[Zeros::TwoO] };
    both.iter().map(|&zeros| Simple::of(text, zeros)).collect()
}

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
    /// The text itself, where folding loses something and terms are searched in it one by one.
    text: Option<String>,
    /// The folded view without what only case-insensitive matching takes for an `i`, where that is in the text.
    exact: Option<Vec<u8>>,
}

impl Variant {
    fn of_bytes(folded: Vec<u8>) -> Self {
        Variant { folded, text: None, exact: None }
    }

    fn of_chars(units: Vec<char>, keeps_text: bool) -> Self {
        let folded: Vec<u8> = units.iter().map(|&c| fold::fold_char(c)).collect();
        let exact = units
            .contains(&DOTLESS_I)
            .then(|| units.iter().zip(&folded).map(|(&c, &b)| if c == DOTLESS_I { fold::LETTER } else { b }).collect());
        Variant { folded, text: keeps_text.then(|| units.into_iter().collect()), exact }
    }
}

/// The only letter that is left after decomposition and lowering which matches an ASCII one in either case.
const DOTLESS_I: char = '\u{131}';

impl VariantSearch {
    /// Prepares the search of `terms`.
    pub(super) fn new(terms: &[Term], needles: &mut NeedleSet) -> Self {
        // A constant that the tests compile.
        let spaced = FoldedPattern::with_gate(r"\b\w(?:[\s\-_.]+\w){2,}\b", Gate::ALWAYS);
        let spaced = spaced.unwrap_or_else(|e| panic!("{e}"));
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
            changes: Changes::new(&patterns, singles.iter().any(|(term, _)| term.as_str().is_empty())),
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
        let mut seen = vec![false; self.terms];
        self.patterns.each(folded, &mut |pattern: usize, start: usize| {
            let end = start + self.patterns.literals().get(pattern).len();
            for owner in &self.owners[pattern] {
                let matches =
                    !seen[owner.term] && if owner.substring { exact(start..end) } else { edge(start) && edge(end) };
                if matches {
                    seen[owner.term] = true;
                    found.push(owner.term);
                }
            }
        });
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
            let folded = text.folded();
            if let Some(variants) = simple_variants(folded) {
                let may_match = |simple: &Simple<'_>| self.changes.may_matter(&simple.variant, &simple.changed);
                // A term's own variant in the text may have lost its edges to a changed neighbour.
                let changes = variants.iter().any(|simple| !simple.changed.is_empty());
                let matters = changes && (variants.iter().any(may_match) || self.odd.matches(text).next().is_some());
                return matters.then(|| variants.into_iter().map(|simple| Variant::of_bytes(simple.variant)).collect());
            }
            let variants = variants(folded, &self.spaced);
            let same = variants.len() == 1 && variants[0] == folded;
            return (!same).then(|| variants.into_iter().map(Variant::of_bytes).collect());
        }
        let replaced: String = nfkd(text.raw())
            .chars()
            .map(|c| LOOK_ALIKES.iter().find(|&&(l, _)| l == c).map_or(c, |&(_, latin)| latin))
            .collect();
        let lower: Vec<char> = chars::lower(&replaced).chars().collect();
        let variants = variants(&lower, &self.spaced);
        let keeps_text = !self.singles.is_empty();
        Some(variants.into_iter().map(|units| Variant::of_chars(units, keeps_text)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_spaced_out_word_is_ruled_out_only_where_there_is_none() {
        let spaced = VariantSearch::new(&[], &mut NeedleSet::new()).spaced;
        let alphabet = b"ab. -_,";
        // All texts of six characters.
        for number in 0..alphabet.len().pow(6) {
            let text: Vec<u8> = (0..6).map(|i| alphabet[number / alphabet.len().pow(i) % alphabet.len()]).collect();
            let occurs = spaced.regex().is_match(&text);
            assert!(may_be_spaced(&text) || !occurs, "{:?}", String::from_utf8_lossy(&text));
            assert!(text.contains(&b'_') || may_be_spaced(&text) == occurs, "{:?}", String::from_utf8_lossy(&text));
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
            if let Some(simple) = simple_variants(text.as_bytes()) {
                assert_eq!(all, simple.into_iter().map(|simple| simple.variant).collect::<Vec<_>>(), "{text}");
            }
            for variant in all {
                search.search_variant(&Variant::of_bytes(variant), &mut expected);
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

    #[test]
    fn every_byte_that_changes_is_seen() {
        for b in 1..128 {
            assert_eq!(changes_of(&[b'x', b, b'y'], 0), u64::from(unleet(b) != b) << 1, "{b}");
        }
        let mut text = [b'-'; 3 * BLOCK];
        for (at, b) in text.iter_mut().enumerate() {
            *b = if at % 2 == 0 { b'x' } else { b'y' };
        }
        for at in 0..text.len() - 2 {
            let mut run = text;
            run[at..at + 3].fill(b'z');
            let found: Vec<usize> =
                (0..3).flat_map(|i| places(changes_of(&run, i * BLOCK)).map(move |p| i * BLOCK + p)).collect();
            assert_eq!(found, [at]);
        }
    }

    #[test]
    fn changes_are_made_wherever_they_stand() {
        let spaced = VariantSearch::new(&[], &mut NeedleSet::new()).spaced;
        for at in 0..200 {
            for piece in
                ["4", "a4a", "aa4", "4aa", "ss5ss$s", "0000", "uu00", "!!!!!!!!", "...", "1y1", "\n\n\n\n", "ooo00"]
            {
                let mut text = "it is only xy in yx, ".repeat(12);
                text.insert_str(at, piece);
                if let Some(simple) = simple_variants(text.as_bytes()) {
                    let made: Vec<Vec<u8>> = simple.into_iter().map(|simple| simple.variant).collect();
                    assert_eq!(made, variants(text.as_bytes(), &spaced), "{text}");
                }
            }
        }
    }

    #[test]
    fn plain_texts_are_their_own_variants() {
        for text in ["a plain text, with-out ado", "i am", "x y", "aa\n\n\nb", "(a)", "a, b, c"] {
            assert!(of(text) == [text], "{text}");
        }
    }
}
