//! Variants made in one go, where characters that stand for letters and runs of one character are all that changes: so
//! it is with most texts.

use super::steps::{Unit, has_pair, may_be_spaced, unleet};
use crate::text::blocks::{BLOCK, bits, block_at, places};

/// What stands for a letter: see [`unleet`].
const CHANGING: &[u8; 11] = b"0134578!@$|";

/// A bit for each place of the block that begins at `start` where a lowered text differs from its variants, or the first
/// of three equal characters stands.
fn changes_of(text: &[u8], start: usize) -> u64 {
    let [block, next, after] = [0, 1, 2].map(|ahead| block_at(text, start + ahead));
    let changes = bits(|at| {
        let b = block[at];
        let stands_for_another = CHANGING.iter().fold(false, |any, &c| any | (b == c));
        stands_for_another | ((b == next[at]) & (b == after[at]) & b.collapses())
    });
    // The zeros behind the text are no run.
    let left = text.len() - start;
    if left < BLOCK { changes & ((1 << left) - 1) } else { changes }
}

/// What a double zero stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zeros {
    U,
    TwoO,
}

/// A variant in the making.
pub(super) struct Simple<'t> {
    text: &'t [u8],
    /// Places of the text, in order, that count as changed already; those before `at` are left out.
    differing: &'t [usize],
    zeros: Zeros,
    /// Up to here the text is done.
    at: usize,
    pub variant: Vec<u8>,
    /// The places in the variant that stand for something else than in the text, in order.
    pub changed: Vec<usize>,
}

impl<'t> Simple<'t> {
    /// The variant; `None` where a spaced-out word may come of it.
    fn of(text: &'t [u8], differing: &'t [usize], zeros: Zeros) -> Option<Self> {
        let variant = Vec::with_capacity(text.len());
        let mut simple = Simple { text, differing, zeros, at: 0, variant, changed: Vec::new() };
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
            self.changed.truncate(self.changed.partition_point(|&place| place < last));
            self.changed.push(last);
        }
    }
}

/// The variants of a folded text in lower case where they are made simply, as [`super::steps::variants`] makes them. The
/// places `differing`, in order, are to be counted as changed.
pub(super) fn simple_variants<'t>(text: &'t [u8], differing: &'t [usize]) -> Option<Vec<Simple<'t>>> {
    let letter = |at: usize| text.get(at).is_some_and(u8::is_ascii_lowercase);
    let joins = |plus: usize| letter(plus.wrapping_sub(1)) && letter(plus + 1);
    if memchr::memchr_iter(b'+', text).any(joins) || has_pair(text, *b"()") {
        return None;
    }
    let both: &[Zeros] = if has_pair(text, *b"00") { &[Zeros::U, Zeros::TwoO] } else { &[Zeros::TwoO] };
    both.iter().map(|&zeros| Simple::of(text, differing, zeros)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::steps::{spaced_words, variants};
    use super::*;

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
        let spaced = spaced_words();
        for at in 0..200 {
            for piece in
                ["4", "a4a", "aa4", "4aa", "ss5ss$s", "0000", "uu00", "!!!!!!!!", "...", "1y1", "\n\n\n\n", "ooo00"]
            {
                let mut text = "it is only xy in yx, ".repeat(12);
                text.insert_str(at, piece);
                if let Some(simple) = simple_variants(text.as_bytes(), &[]) {
                    let made: Vec<Vec<u8>> = simple.into_iter().map(|simple| simple.variant).collect();
                    assert_eq!(made, variants(text.as_bytes(), &spaced), "{text}");
                }
            }
        }
    }
}
