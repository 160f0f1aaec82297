//! Whether the characters in which a text's variant differs from it can be part of any term: a number or an exclamation
//! mark in ordinary text cannot, and what a term matches without them the plain search finds as well.

use crate::text::fold;
use crate::text::search::{GroupFilter, window};
use std::ops::Range;

/// What is known about the patterns, the terms' own variants.
#[derive(Default)]
pub(super) struct Changes {
    /// The groups of three bytes that patterns have.
    triples: GroupFilter<3, 2048>,
    /// Bytes of patterns that have no such group.
    short: Vec<u8>,
    /// A pattern that is empty, or begins or ends with no word character, may match for a changed neighbour.
    pub unsure: bool,
}

/// Where one place in so many has changed, the whole variant is searched sooner than its parts are found.
const DENSE: usize = 4;

impl Changes {
    pub(super) fn new(patterns: &[Vec<u8>], has_empty: bool) -> Self {
        let is_word = |b: Option<&u8>| b.is_some_and(|&b| fold::is_word(b));
        let mut changes = Changes {
            unsure: has_empty || patterns.iter().any(|p| !is_word(p.first()) || !is_word(p.last())),
            ..Changes::default()
        };
        for pattern in patterns {
            pattern.windows(3).for_each(|triple| changes.triples.add(window(triple)));
            if pattern.len() < 3 {
                changes.short.extend(pattern);
            }
        }
        changes
    }

    /// The parts of a variant in which every match lies that has one of the changed places (in order) in it.
    pub(super) fn parts(&self, variant: &[u8], changed: &[usize]) -> Vec<Range<usize>> {
        let mut parts = Vec::<Range<usize>>::new();
        if self.unsure || changed.len() > variant.len() / DENSE {
            parts.push(0..variant.len());
            return parts;
        }
        for &at in changed {
            // Every triple with this place, of which the last begins with it, is in the part before.
            if parts.last().is_some_and(|part| part.contains(&(at + 2))) {
                continue;
            }
            parts.extend(self.part(variant, at));
        }
        parts
    }

    /// The part around a changed place in which every group of three bytes is one that patterns have.
    fn part(&self, variant: &[u8], at: usize) -> Option<Range<usize>> {
        let known = |start: &usize| {
            let triple = variant.get(*start..).filter(|rest| rest.len() >= 3);
            triple.is_some_and(|triple| self.triples.may_have(window(triple)) == 1)
        };
        let triples = at.saturating_sub(2)..=at;
        let part = triples.clone().find(known).map(|first| {
            let last = triples.rev().find(known).unwrap_or(first);
            let start = (0..first).rev().take_while(known).last().unwrap_or(first);
            let last = (last + 1..variant.len()).take_while(known).last().unwrap_or(last);
            start..last + 3
        });
        if !self.short.contains(&variant[at]) {
            return part;
        }
        let (start, end) = (at.saturating_sub(1), variant.len().min(at + 2));
        Some(part.map_or(start..end, |part| start.min(part.start)..end.max(part.end)))
    }
}

/// Adds the places of what changed, behind all those before, and of its neighbours: for these a word's edge may have come
/// or gone.
pub(super) fn mark(places: &mut Vec<usize>, changed: Range<usize>) {
    let unknown = places.last().map_or(0, |last| last + 1);
    places.extend(unknown.max(changed.start.saturating_sub(1))..=changed.end);
}

/// Leaves out a neighbour behind the end of a text of this length.
pub(super) fn unmark(places: &mut Vec<usize>, length: usize) {
    while places.last().is_some_and(|&last| last >= length) {
        places.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_matters_where_its_neighbourhood_is_in_a_pattern() {
        let changes = Changes::new(&[b"idiot".to_vec(), b"x".to_vec()], false);
        assert!(!changes.unsure);
        assert_eq!(changes.parts(b"an idiotic idiot", &[3, 4, 11]), [3..8, 11..16]);
        assert_eq!(changes.parts(b"axbyx", &[1, 4]).first(), Some(&(0..5)), "much of it has changed");
        assert_eq!(changes.parts(b"axbyx and more", &[1, 4]), [0..3, 3..6]);
        assert!(changes.parts(b"an idiot", &[]).is_empty());
        assert!(changes.parts(b"stop i", &[5]).is_empty());
        assert!(Changes::new(&[b"c++".to_vec()], false).unsure && Changes::new(&[], true).unsure);
    }
}
