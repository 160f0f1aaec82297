//! Coherence: do sentences follow from one another, without repeating themselves?

use super::words::{Stop, content, longer_than, sentences};
use super::{Answer, Scored, mean, share};
use crate::text::chars;
use std::collections::{BTreeSet, HashSet};

/// Sentences of this many characters or fewer do not count.
const SHORT: usize = 5;
/// The score of a single sentence.
const SINGLE: f64 = 0.8;
/// Parts of words that link sentences. The reference's list is longer, but with words such as `a` and `in` sought as
/// parts of words, these decide.
const LINKS: &[&str] = &[
    "a", "in", "on", "for", "the", "first", "hence", "however", "likewise", "moreover", "next", "result", "third",
    "though", "thus", "while",
];

pub(super) fn score(answer: &Answer<'_>) -> Option<Scored> {
    let sentences: Vec<_> =
        sentences(answer.output).into_iter().filter(|s| longer_than(s, SHORT)).map(chars::lower).collect();
    let [_, later @ ..] = sentences.as_slice() else { return Some((SINGLE, None)) };
    if later.is_empty() {
        return Some((SINGLE, None));
    }
    let linked = later.iter().filter(|s| LINKS.iter().any(|link| s.contains(link))).count();
    let discourse = share(linked, later.len());
    let topics: Vec<BTreeSet<&str>> = sentences.iter().map(|s| content(s, Stop::B).collect()).collect();
    let shared: Vec<f64> = topics
        .windows(2)
        .map(|pair| match pair[0].union(&pair[1]).count() {
            0 => 0.0,
            all => share(pair[0].intersection(&pair[1]).count(), all),
        })
        .collect();
    let continuity = mean(&shared);
    let distinct: HashSet<&BTreeSet<&str>> = topics.iter().collect();
    let repetition = share(distinct.len(), topics.len());
    let parts =
        vec![("discourse_markers", discourse), ("topic_continuity", continuity), ("repetition_penalty", repetition)];
    Some((0.3 * discourse + 0.4 * continuity + 0.3 * repetition, Some(parts)))
}
