//! Long runs of certain bytes, found without looking at every byte.

use std::ops::Range;

/// The maximal runs of at least `min` bytes (`min` at least 1) that all are `member`s, left to right.
///
/// A run that long covers one of every `min`th places, so only those are looked at until one belongs.
pub fn long_runs(text: &[u8], min: usize, member: impl Fn(u8) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut searched = 0;
    let mut probe = min - 1;
    std::iter::from_fn(move || {
        while let Some(&b) = text.get(probe) {
            if !member(b) {
                probe += min;
                continue;
            }
            let start = (searched..probe).rev().find(|&i| !member(text[i])).map_or(searched, |i| i + 1);
            let end = (probe..text.len()).find(|&i| !member(text[i])).unwrap_or(text.len());
            searched = end;
            probe = end + min;
            if end - start >= min {
                return Some(start..end);
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
