//! Finding the same sample in both runs.

use super::row::{Rows, stable_hash};
use std::collections::HashMap;

/// Which rows belong together, by index.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    /// (row of a, row of b), in a's order.
    pub pairs: Vec<(u32, u32)>,
    pub by_text: u64,
    pub only_in_a: Vec<u32>,
    pub only_in_b: Vec<u32>,
    /// Rows of a whose id stands in b with another text only.
    pub conflicts: Vec<u32>,
}

/// Pairs rows by id and, where ids differ, by text. Repeated ids or texts are paired in order of appearance. A row
/// without a text goes by its id alone.
pub(super) fn pair(a: &Rows, b: &Rows) -> Pairs {
    let mut found = Pairs::default();
    let (mut rest_a, mut rest_b) = (Vec::new(), Vec::new());
    for i in 0..a.len().max(b.len()) {
        if i < a.len() && i < b.len() && same_in_place(a, b, i) {
            found.pairs.push((index(i), index(i)));
            continue;
        }
        if i < a.len() {
            rest_a.push(index(i));
        }
        if i < b.len() {
            rest_b.push(index(i));
        }
    }
    found.match_rest(a, b, rest_a, rest_b);
    found
}

/// The same for rows none of which has its like in its own place.
pub(super) fn pair_rest(a: &Rows, b: &Rows) -> Pairs {
    let mut found = Pairs::default();
    found.match_rest(a, b, (0..index(a.len())).collect(), (0..index(b.len())).collect());
    found
}

/// Whether row `i` of both is of one sample. Two runs over one dataset have the same samples in the same places.
pub(super) fn same_in_place(a: &Rows, b: &Rows, i: usize) -> bool {
    a.id(i) == b.id(i) && same_text(a.rows[i].text, b.rows[i].text)
}

/// Row numbers fit 32 bits: 2^32 rows would need more memory than ids alone leave.
fn index(i: usize) -> u32 {
    u32::try_from(i).unwrap_or(u32::MAX)
}

fn same_text(a: u64, b: u64) -> bool {
    a == b || a == 0 || b == 0
}

/// Rows of b by a hash, first come first served.
struct Waiting {
    by_hash: HashMap<u64, Vec<u32>>,
}

impl Waiting {
    fn new(rows: &[u32], hash: impl Fn(u32) -> u64) -> Self {
        let mut by_hash: HashMap<u64, Vec<u32>> = HashMap::with_capacity(rows.len());
        // Backwards, so that popping takes the first.
        for &row in rows.iter().rev() {
            by_hash.entry(hash(row)).or_default().push(row);
        }
        Self { by_hash }
    }

    fn take(&mut self, hash: u64) -> Option<u32> {
        self.by_hash.get_mut(&hash)?.pop()
    }
}

impl Pairs {
    fn match_rest(&mut self, a: &Rows, b: &Rows, rest_a: Vec<u32>, rest_b: Vec<u32>) {
        let (rest_a, rest_b) = self.match_by_id(a, b, rest_a, rest_b);
        let (rest_a, rest_b) = self.match_by_text(a, b, rest_a, rest_b);
        self.pairs.sort_unstable();
        self.only_in_a = rest_a;
        self.only_in_b = rest_b;
    }

    fn match_by_id(&mut self, a: &Rows, b: &Rows, rest_a: Vec<u32>, rest_b: Vec<u32>) -> (Vec<u32>, Vec<u32>) {
        let id_a = |i: u32| stable_hash(a.id(i as usize));
        let id_b = |j: u32| stable_hash(b.id(j as usize));
        let with_text = |id: u64, text: u64| stable_hash((id, text));
        let mut exact = Waiting::new(&rest_b, |j| with_text(id_b(j), b.rows[j as usize].text));
        let mut taken = vec![false; b.len()];
        let mut pair = |i: u32, j: u32| {
            taken[j as usize] = true;
            self.pairs.push((i, j));
        };
        let left_a: Vec<u32> = rest_a
            .into_iter()
            .filter(|&i| match exact.take(with_text(id_a(i), a.rows[i as usize].text)) {
                Some(j) => {
                    pair(i, j);
                    false
                }
                None => true,
            })
            .collect();
        let left_b: Vec<u32> = rest_b.into_iter().filter(|&j| !taken[j as usize]).collect();
        // What still shares an id has another text, or one side has none to compare.
        let mut same_id = Waiting::new(&left_b, id_b);
        let mut taken = vec![false; b.len()];
        let mut last_a = Vec::new();
        for i in left_a {
            match same_id.take(id_a(i)) {
                Some(j) => {
                    taken[j as usize] = true;
                    if same_text(a.rows[i as usize].text, b.rows[j as usize].text) {
                        self.pairs.push((i, j));
                    } else {
                        self.conflicts.push(i);
                    }
                }
                None => last_a.push(i),
            }
        }
        (last_a, left_b.into_iter().filter(|&j| !taken[j as usize]).collect())
    }

    fn match_by_text(&mut self, a: &Rows, b: &Rows, rest_a: Vec<u32>, rest_b: Vec<u32>) -> (Vec<u32>, Vec<u32>) {
        let text_b = |j: u32| b.rows[j as usize].text;
        let known: Vec<u32> = rest_b.iter().copied().filter(|&j| text_b(j) != 0).collect();
        let mut waiting = Waiting::new(&known, text_b);
        let mut taken = vec![false; b.len()];
        let mut left_a = Vec::new();
        for i in rest_a {
            match waiting.take(a.rows[i as usize].text) {
                Some(j) => {
                    taken[j as usize] = true;
                    self.by_text += 1;
                    self.pairs.push((i, j));
                }
                None => left_a.push(i),
            }
        }
        (left_a, rest_b.into_iter().filter(|&j| !taken[j as usize]).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::row::{NO_LATENCY, Row};
    use super::*;
    use crate::api::{Actual, Decision};

    fn rows(samples: &[(&str, u64)]) -> Rows {
        let mut rows = Rows::default();
        for &(id, text) in samples {
            let actual = Actual::Decided(Decision::Allow);
            rows.push(
                id,
                Row { text, rules: 0, detectors: 0, latency_us: NO_LATENCY, expected: None, actual, risk: 0 },
            );
        }
        rows
    }

    #[test]
    fn rows_are_paired_by_id_in_any_order() {
        let p = pair(&rows(&[("x", 1), ("y", 2), ("z", 3)]), &rows(&[("x", 1), ("z", 3), ("y", 2), ("w", 4)]));
        assert_eq!(p.pairs, [(0, 0), (1, 2), (2, 1)]);
        assert_eq!((p.only_in_a.as_slice(), p.only_in_b.as_slice(), p.by_text), (&[][..], &[3][..], 0));
    }

    #[test]
    fn rows_with_other_ids_are_paired_by_text() {
        let p = pair(&rows(&[("0", 7), ("1", 8)]), &rows(&[("s-8", 8), ("s-7", 7), ("s-9", 9)]));
        assert_eq!((p.pairs.as_slice(), p.by_text), (&[(0, 1), (1, 0)][..], 2));
        assert_eq!(p.only_in_b, [2]);
    }

    #[test]
    fn another_text_under_an_id_is_a_conflict() {
        let p = pair(&rows(&[("x", 1), ("y", 2)]), &rows(&[("x", 1), ("y", 9)]));
        assert_eq!((p.pairs.len(), p.conflicts.as_slice()), (1, &[1][..]));
    }

    #[test]
    fn a_row_without_a_text_goes_by_its_id() {
        let p = pair(&rows(&[("x", 0), ("y", 2)]), &rows(&[("y", 0), ("x", 5)]));
        assert_eq!((p.pairs.as_slice(), p.conflicts.len()), (&[(0, 1), (1, 0)][..], 0));
    }

    #[test]
    fn repeated_ids_are_paired_in_order() {
        let p = pair(&rows(&[("x", 1), ("x", 2), ("x", 1)]), &rows(&[("x", 2), ("x", 1), ("x", 1)]));
        assert_eq!(p.pairs, [(0, 1), (1, 0), (2, 2)]);
        assert!(p.conflicts.is_empty());
    }
}
