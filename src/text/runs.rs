//! Long runs of certain bytes, found without looking at every byte.

use std::ops::Range;

/// The maximal runs of at least `min` bytes (`min` at least 1) that all are `member`s, left to right.
///
/// Where a run that long would have to end, the bytes are looked at backwards; the first that is no member tells where
/// the next can end at the earliest.
pub fn long_runs(text: &[u8], min: usize, member: impl Fn(u8) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut end = min;
    std::iter::from_fn(move || {
        loop {
            let start = end - min;
            match text.get(start..end)?.iter().rposition(|&b| !member(b)) {
                Some(before) => end = start + before + 1 + min,
                None => {
                    let run = start..end + text[end..].iter().take_while(|&&b| member(b)).count();
                    end = run.end + 1 + min;
                    return Some(run);
                }
            }
        }
    })
}

/// How many bytes pad the base64 that ends at a place: two at most.
#[must_use]
pub fn padding(text: &[u8], at: usize) -> usize {
    text[at..].iter().take(2).take_while(|&&b| b == b'=').count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn runs_are_found_wherever_they_begin() {
        for lead in 0..12 {
            let text = format!("{}aaaaa-aaaa-{}", "-".repeat(lead), "a".repeat(7));
            let runs: Vec<_> = long_runs(text.as_bytes(), 5, |b| b == b'a').collect();
            assert_eq!(runs, [lead..lead + 5, lead + 11..lead + 18], "after {lead}");
        }
        assert_eq!(long_runs(b"aaaa", 5, |b| b == b'a').count(), 0);
        assert_eq!(long_runs(b"a-a", 1, |b| b == b'a').count(), 2);
    }

    proptest! {
        #[test]
        fn runs_are_those_that_a_look_at_every_byte_finds(text in "[ab]{0,40}", min in 1..6usize) {
            let text = text.as_bytes();
            let expected: Vec<Range<usize>> = (0..text.len())
                .filter(|&start| text[start] == b'a' && (start == 0 || text[start - 1] == b'b'))
                .map(|start| start..start + text[start..].iter().take_while(|&&b| b == b'a').count())
                .filter(|run| run.len() >= min)
                .collect();
            prop_assert_eq!(long_runs(text, min, |b| b == b'a').collect::<Vec<_>>(), expected);
        }
    }
}
