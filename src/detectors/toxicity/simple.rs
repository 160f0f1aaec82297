//! Variants made in one go, with the places in which they differ from the text: so it is with most texts.

use super::changes::{mark, unmark};
use super::steps::{Unit, has_pair, may_be_spaced, separates, unleet};
use crate::blocks::{BLOCK, bits, places, window, within};
use crate::text::FoldedPattern;
use crate::text::fold::LETTER;
use std::borrow::Cow;

/// What stands for a letter, see [`unleet`], besides most digits.
const CHANGING: &[u8; 4] = b"!@$|";

/// A bit for each place of the block that begins at `start` where a lowered text may differ from its variants: a digit,
/// or what else may stand for a letter, or the first of three equal characters.
fn changes_of(text: &[u8], start: usize) -> u64 {
    let mut room = [0; BLOCK + 2];
    let window = window(text, start, &mut room);
    // Whoever asks sorts out runs that count for more than one character. Only those of letters beyond ASCII are left
    // out here: whole texts consist of them.
    let changes = bits(|at| {
        let [b, next, after] = [window[at], window[at + 1], window[at + 2]];
        let stands_for_another = CHANGING.iter().fold(b.wrapping_sub(b'0') < 9, |any, &c| any | (b == c));
        let begins_pair = (b == b'(') & (next == b')');
        stands_for_another | begins_pair | ((b == next) & (b == after) & (b != LETTER))
    });
    changes & within(text, start)
}

/// What a double zero stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zeros {
    U,
    TwoO,
}

/// A variant of a text.
pub(super) struct Made<'t> {
    /// Its folded view.
    pub variant: Cow<'t, [u8]>,
    /// The places in it, in order, of what was something else in the text, perhaps with their neighbours.
    pub changed: Vec<usize>,
}

/// A variant in the making.
struct Simple<'t> {
    text: &'t [u8],
    /// Places of the text, in order, that count as changed already; those before `at` are left out.
    differing: &'t [usize],
    zeros: Zeros,
    /// Up to here the text is done.
    at: usize,
    variant: Vec<u8>,
    changed: Vec<usize>,
}

impl<'t> Simple<'t> {
    fn new(text: &'t [u8], differing: &'t [usize], zeros: Zeros) -> Self {
        Simple { text, differing, zeros, at: 0, variant: Vec::with_capacity(text.len()), changed: Vec::new() }
    }

    fn made<'m>(self) -> Made<'m> {
        Made { variant: Cow::Owned(self.variant), changed: self.changed }
    }

    /// Puts letters for what stands for them and one character for each run.
    fn replace<'m>(mut self) -> Made<'m> {
        // Before this place a character may be in a run with one that changed.
        let mut settled = 0;
        for start in (0..self.text.len()).step_by(BLOCK) {
            for place in places(changes_of(self.text, start)).map(|at| start + at) {
                while self.at < settled.min(place) {
                    self.step();
                }
                if self.at <= place {
                    self.take_over(place);
                    self.step();
                    settled = self.at + 2;
                }
            }
        }
        while self.at < settled.min(self.text.len()) {
            self.step();
        }
        self.take_over(self.text.len());
        self.made()
    }

    /// Deletes the separators inside spaced-out words.
    fn join<'m>(mut self, spaced: &FoldedPattern) -> Made<'m> {
        for word in spaced.regex().find_iter(self.text) {
            self.take_over(word.start());
            while self.next_differing(word.end()).is_some() {}
            let start = self.variant.len();
            self.variant.extend(self.text[word.range()].iter().filter(|&&b| !separates(b)));
            self.at = word.end();
            mark(&mut self.changed, start..self.variant.len());
        }
        self.take_over(self.text.len());
        unmark(&mut self.changed, self.variant.len());
        self.made()
    }

    /// Takes the text over as it is, to `end`.
    fn take_over(&mut self, end: usize) {
        while let Some(differs) = self.next_differing(end) {
            self.changed.push(self.variant.len() + differs - self.at);
        }
        self.variant.extend_from_slice(&self.text[self.at..end]);
        self.at = end;
    }

    /// The next place before `end` that counts as changed already.
    fn next_differing(&mut self, end: usize) -> Option<usize> {
        let (first, rest) = self.differing.split_first().filter(|&(&first, _)| first < end)?;
        self.differing = rest;
        Some(*first)
    }

    /// What stands next, and for how many characters.
    fn next(&self) -> Option<(u8, usize)> {
        match &self.text[self.at..] {
            [] => None,
            [b'0', b'0', ..] if self.zeros == Zeros::U => Some((b'u', 2)),
            [b'(', b')', ..] => Some((b'o', 2)),
            [b, ..] => Some((unleet(*b), 1)),
        }
    }

    /// Goes one character on, or behind the run that it completes.
    fn step(&mut self) {
        let Some((unit, len)) = self.next() else { return };
        let mut changes = unit != self.text[self.at];
        self.variant.push(unit);
        self.at += len;
        if unit.collapses() && self.variant.ends_with(&[unit; 3]) {
            self.variant.truncate(self.variant.len() - 2);
            while let Some((_, len)) = self.next().filter(|&(next, _)| next == unit) {
                self.at += len;
            }
            changes = true;
        }
        while self.next_differing(self.at).is_some() {
            changes = true;
        }
        if changes {
            let last = self.variant.len() - 1;
            // A run that became one character takes its places with it.
            while self.changed.pop_if(|place| *place >= last).is_some() {}
            self.changed.push(last);
        }
    }
}

/// The variant of a text in which letters stand for single characters and nothing else is changed: so it is with most
/// texts. `None` where more is.
fn patched<'t>(text: &'t [u8], differing: &[usize], zeros: Zeros) -> Option<Made<'t>> {
    let mut variant = Cow::Borrowed(text);
    let mut changed = Vec::new();
    for start in (0..text.len()).step_by(BLOCK) {
        for place in places(changes_of(text, start)).map(|at| start + at) {
            let b = text[place];
            let pair = [b, text.get(place + 1).copied().unwrap_or_default()];
            if pair == *b"()" || pair == *b"00" && zeros == Zeros::U {
                return None;
            }
            let letter = unleet(b);
            if letter != b {
                variant.to_mut()[place] = letter;
                changed.push(place);
            }
            if is_in_run(&variant, place) {
                return None;
            }
        }
    }
    if !differing.is_empty() {
        changed.extend(differing);
        changed.sort_unstable();
        changed.dedup();
    }
    Some(Made { variant, changed })
}

/// Whether the character at a place is one of three that count for one.
fn is_in_run(text: &[u8], place: usize) -> bool {
    let b = text[place];
    let same = |at: Option<usize>| at.and_then(|at| text.get(at)) == Some(&b);
    let (before, behind) = (same(place.checked_sub(1)), same(Some(place + 1)));
    let runs = before && (behind || same(place.checked_sub(2))) || behind && same(Some(place + 2));
    runs && b.collapses()
}

/// The variants of a folded text in lower case, as [`super::steps::variants`] makes them; `None` where a `+` is deleted
/// first. The places `differing`, in order, are to be counted as changed.
pub(super) fn simple_variants<'t>(
    text: &'t [u8],
    differing: &[usize],
    spaced: &FoldedPattern,
) -> Option<Vec<Made<'t>>> {
    let letter = |at: usize| text.get(at).is_some_and(u8::is_ascii_lowercase);
    let joins = |plus: usize| letter(plus.wrapping_sub(1)) && letter(plus + 1);
    if memchr::memchr_iter(b'+', text).any(joins) {
        return None;
    }
    let both: &[Zeros] = if has_pair(text, *b"00") { &[Zeros::U, Zeros::TwoO] } else { &[Zeros::TwoO] };
    let variant = |&zeros: &Zeros| {
        let made = patched(text, differing, zeros).unwrap_or_else(|| Simple::new(text, differing, zeros).replace());
        if may_be_spaced(&made.variant) { Simple::new(&made.variant, &made.changed, zeros).join(spaced) } else { made }
    };
    Some(both.iter().map(variant).collect())
}

#[cfg(test)]
mod tests {
    use super::super::steps::{spaced_words, variants};
    use super::*;

    #[test]
    fn every_byte_that_changes_is_seen() {
        for b in 1..128 {
            let may_change = unleet(b) != b || matches!(b, b'2' | b'6');
            assert_eq!(changes_of(&[b'x', b, b'y'], 0), u64::from(may_change) << 1, "{b}");
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
        let spaced = spaced_words();
        for at in 0..200 {
            for piece in [
                "4", "a4a", "aa4", "4aa", "ss5ss$s", "0000", "uu00", "!!!!!!!!", "...", "1y1", "\n\n\n\n", "ooo00",
                "()", "oo()0", "a b c", " x._y-z ",
            ] {
                let mut text = "it is only xy in yx, ".repeat(12);
                text.insert_str(at, piece);
                if let Some(simple) = simple_variants(text.as_bytes(), &[], &spaced) {
                    let made: Vec<Vec<u8>> = simple.into_iter().map(|simple| simple.variant.into_owned()).collect();
                    assert_eq!(made, variants(text.as_bytes(), &spaced), "{text}");
                }
            }
        }
    }
}
