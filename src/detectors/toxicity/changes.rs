//! Whether the characters in which a text's variant differs from it can be part of any term: a number or an exclamation
//! mark in ordinary text cannot, and what a term matches without them the plain search finds as well.

use crate::text::fold;
use crate::text::search::{GroupFilter, window};

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

    /// Whether a pattern may match in the variant at one of the places that differ from the text.
    pub(super) fn may_matter(&self, variant: &[u8], changed: &[usize]) -> bool {
        let known = |triple: &[u8]| self.triples.may_have(window(triple)) == 1;
        let matters = |&at: &usize| {
            let around = &variant[at.saturating_sub(2)..variant.len().min(at + 3)];
            self.short.contains(&variant[at]) || around.windows(3).any(known)
        };
        self.unsure || changed.iter().any(matters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_matters_where_its_neighbourhood_is_in_a_pattern() {
        let changes = Changes::new(&[b"idiot".to_vec(), b"x".to_vec()], false);
        assert!(!changes.unsure);
        assert!(changes.may_matter(b"an idiot", &[3]) && changes.may_matter(b"x", &[0]));
        assert!(!changes.may_matter(b"an idiot", &[]) && !changes.may_matter(b"stop i", &[5]));
        assert!(Changes::new(&[b"c++".to_vec()], false).unsure && Changes::new(&[], true).unsure);
    }
}
