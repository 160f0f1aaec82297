//! Rewriting stretches of a text.

use super::span::ByteSpan;
use std::borrow::Cow;

/// Keeps of overlapping items the one that begins first, of those the longest, of those the first in order; sorted by
/// place. An empty stretch at the end of a kept one stays.
pub fn keep_leftmost_longest<T>(items: &mut Vec<T>, span: impl Fn(&T) -> ByteSpan) {
    items.sort_by_key(|item| (span(item).start, std::cmp::Reverse(span(item).end)));
    let mut end = 0;
    items.retain(|item| {
        let kept = span(item).start >= end;
        if kept {
            end = span(item).end;
        }
        kept
    });
}

/// The text with each stretch replaced. The stretches must be in order and not overlap.
#[must_use]
pub fn replace<'r>(text: &str, replacements: impl IntoIterator<Item = (ByteSpan, Cow<'r, str>)>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (span, replacement) in replacements {
        out.push_str(&text[from..span.start]);
        out.push_str(&replacement);
        from = span.end;
    }
    out.push_str(&text[from..]);
    out
}

/// The text with each stretch replaced by the same words. The stretches must be in order and not overlap.
#[must_use]
pub fn replace_spans(text: &str, spans: impl IntoIterator<Item = ByteSpan>, with: &str) -> String {
    replace(text, spans.into_iter().map(|span| (span, Cow::Borrowed(with))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(spans: &[(usize, usize)]) -> Vec<(usize, usize)> {
        let mut spans = spans.to_vec();
        keep_leftmost_longest(&mut spans, |&(start, end)| ByteSpan { start, end });
        spans
    }

    #[test]
    fn the_leftmost_then_the_longest_is_kept() {
        assert_eq!(kept(&[(5, 8), (0, 3), (0, 4), (3, 6), (4, 5)]), [(0, 4), (4, 5), (5, 8)]);
        assert_eq!(kept(&[(0, 0), (0, 2), (2, 2), (2, 2)]), [(0, 2), (2, 2), (2, 2)]);
    }

    #[test]
    fn stretches_are_replaced_in_place() {
        let spans = [(1, 3), (4, 4)].map(|(start, end)| (ByteSpan { start, end }, Cow::Borrowed("_")));
        assert_eq!(replace("aéb-c", spans), "a_b_-c");
    }
}
