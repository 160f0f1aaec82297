//! The first steps of normalising a text that is not ASCII: decomposed (NFKD), its look-alike letters replaced, lowered.
//!
//! For ASCII terms it is enough to know the folded view of what comes of it, and what comes of a character is the same
//! wherever it stands but for the order of marks and the form of a sigma, which no folded view shows. So it is looked
//! up, in pages of 256 characters of which most texts need a few.

use super::changes::{mark, unmark};
use crate::text::chars::{self, Portion, portions};
use crate::text::fold::{self, DIGIT, LETTER};
use crate::text::normalize::{decompose, nfkd};
use std::borrow::Cow;
use std::sync::OnceLock;

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

/// The only letter that is left after decomposition and lowering which matches an ASCII one in either case.
pub(super) const DOTLESS_I: char = '\u{131}';

/// A text decomposed, without look-alikes, lowered.
pub(super) fn unmasked(text: &str) -> String {
    let replaced: String = nfkd(text).chars().map(latin).collect();
    chars::lower(&replaced).into_owned()
}

/// The letter that a character looks like, or itself.
fn latin(c: char) -> char {
    let look_alike = LOOK_ALIKES.iter().find(|&&(look_alike, _)| !c.is_ascii() && look_alike == c);
    look_alike.map_or(c, |&(_, latin)| latin)
}

/// The folded view of an unmasked text.
#[derive(Debug, Default)]
pub(super) struct Unmasked {
    /// The folded view.
    pub folded: Vec<u8>,
    /// The places, in order, of what a term could tell from the text's own folded view, and of its neighbours, as a
    /// word's edge may have come or gone there.
    pub differing: Vec<usize>,
}

impl Unmasked {
    /// `None` where one byte a character does not tell enough: a dotless i stands somewhere, or a letter or digit that
    /// is not ASCII three times in a row.
    pub(super) fn of(text: &str) -> Option<Self> {
        let mut unmasked = Unmasked { folded: Vec::with_capacity(text.len()), differing: Vec::new() };
        let mut run = Run::default();
        for portion in portions(text) {
            match portion {
                Portion::Ascii(ascii) => {
                    run = Run::default();
                    fold::fold_ascii(ascii, &mut unmasked.folded);
                }
                Portion::Wide(c) => unmasked.take(c, &mut run)?,
            }
        }
        unmark(&mut unmasked.differing, unmasked.folded.len());
        Some(unmasked)
    }

    fn take(&mut self, c: char, run: &mut Run) -> Option<()> {
        let start = self.folded.len();
        let outcome = outcome(c);
        for &(unit, byte) in outcome.units.iter() {
            if unit == DOTLESS_I || run.is_long(unit, byte) {
                return None;
            }
            self.folded.push(byte);
        }
        if outcome.differs {
            mark(&mut self.differing, start..self.folded.len());
        }
        Some(())
    }
}

/// How often the last letter or digit that is not ASCII stands there.
#[derive(Default)]
struct Run {
    unit: char,
    length: usize,
}

impl Run {
    /// Whether a letter or digit stands three times in a row with this one.
    fn is_long(&mut self, unit: char, byte: u8) -> bool {
        if !matches!(byte, LETTER | DIGIT) {
            *self = Run::default();
        } else if self.unit == unit {
            self.length += 1;
        } else {
            *self = Run { unit, length: 1 };
        }
        self.length >= 3
    }
}

/// What comes of a character.
struct Outcome<'p> {
    /// The characters and their folded bytes.
    units: Cow<'p, [(char, u8)]>,
    /// Whether a term could tell them from the character's own folded byte.
    differs: bool,
}

impl Outcome<'static> {
    fn new(c: char) -> Self {
        // The two small sigmas are one in a run: which one a capital becomes depends on where it stands.
        let unit = |c: char| if c == 'ς' { 'σ' } else { c };
        let mut units = Vec::new();
        decompose(c, |c| {
            let c = unit(chars::simple_lower(latin(c)));
            units.push((c, fold::fold_char(c)));
        });
        let own = fold::fold_char(c);
        // Case-insensitive matching takes some characters for an ASCII letter, comparing as it is written does not.
        Outcome { differs: own.is_ascii_lowercase() || units.iter().any(|&(_, byte)| byte != own), units: units.into() }
    }
}

/// What comes of the characters of a page.
struct Page {
    /// For each character where its units are, how many, and whether they differ.
    characters: Vec<(u16, u8, bool)>,
    units: Vec<(char, u8)>,
}

/// Characters of a page.
const PAGE: usize = 256;

/// The pages of the two planes that texts are written in.
static PAGES: [OnceLock<Page>; 512] = [const { OnceLock::new() }; 512];

impl Page {
    #[allow(clippy::cast_possible_truncation)] // No character has more than 18 units.
    fn new(number: usize) -> Self {
        let mut page = Page { characters: Vec::with_capacity(PAGE), units: Vec::with_capacity(PAGE) };
        for point in number * PAGE..(number + 1) * PAGE {
            // A surrogate, which is no character, does not come up.
            let outcome = Outcome::new(char::from_u32(point as u32).unwrap_or_default());
            page.characters.push((page.units.len() as u16, outcome.units.len() as u8, outcome.differs));
            page.units.extend_from_slice(&outcome.units);
        }
        page
    }
}

/// What comes of a character, from its page.
fn outcome(c: char) -> Outcome<'static> {
    let (number, at) = (c as usize / PAGE, c as usize % PAGE);
    let Some(page) = PAGES.get(number) else { return Outcome::new(c) };
    let page = page.get_or_init(|| Page::new(number));
    let (first, len, differs) = page.characters[at];
    let units = &page.units[usize::from(first)..][..usize::from(len)];
    Outcome { units: Cow::Borrowed(units), differs }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn folded(text: &str) -> Vec<u8> {
        let mut folded = Vec::new();
        fold::fold_into(text, &mut folded);
        folded
    }

    /// Whether a letter or digit that is not ASCII stands three times in a row.
    fn has_long_run(text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        chars.windows(3).any(|w| w[0] == w[1] && w[0] == w[2] && matches!(fold::fold_char(w[0]), LETTER | DIGIT))
    }

    #[test]
    fn every_character_becomes_what_it_does_in_a_text() {
        for c in '\u{80}'..=char::MAX {
            let text = format!("x{c}y");
            let Some(found) = Unmasked::of(&text) else {
                assert!(unmasked(&text).contains(DOTLESS_I), "{c:?}");
                continue;
            };
            assert_eq!(found.folded, folded(&unmasked(&text)), "{c:?}");
            let own = folded(&text)[1];
            let inside = &found.folded[1..found.folded.len() - 1];
            let same = inside.iter().all(|&byte| byte == own) && !own.is_ascii_lowercase();
            assert_eq!(found.differing.is_empty(), same, "{c:?}");
        }
    }

    #[test]
    fn characters_that_change_places_are_symbols() {
        for c in '\0'..=char::MAX {
            if unicode_normalization::char::canonical_combining_class(c) != 0 {
                assert_eq!(fold::fold_char(c), fold::SYMBOL, "{c:?}");
            }
        }
    }

    #[test]
    fn differences_have_their_neighbours_with_them() {
        let of = |text: &str| Unmasked::of(text).unwrap().differing;
        assert_eq!(of("aé b"), [0, 1, 2, 3]);
        assert_eq!(of("é"), [0, 1]);
        assert_eq!(of("дж \u{201C}x\u{201D} \u{AC00}"), [0; 0]);
        assert_eq!(of("x \u{17F} x \u{456}"), [1, 2, 3, 5, 6]);
    }

    proptest! {
        #[test]
        fn texts_become_what_their_characters_do(
            text in "[ab Ж\u{e9}\u{300}\u{323}\u{345}\u{1d15e}\u{fb01}\u{ff21}\u{1e9b}\u{130}\u{131}Σςσ\u{2026}٣\u{1E030}\u{1E4EC}\u{440}日\u{2F800}]{0,20}"
        ) {
            let plain = unmasked(&text);
            match Unmasked::of(&text) {
                Some(found) => {
                    prop_assert_eq!(found.folded, folded(&plain));
                    prop_assert!(!plain.contains(DOTLESS_I) && !has_long_run(&plain));
                }
                None => prop_assert!(plain.contains(DOTLESS_I) || has_long_run(&plain.replace('ς', "σ"))),
            }
        }
    }
}
