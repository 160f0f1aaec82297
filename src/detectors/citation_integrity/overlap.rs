//! How much of the shorter of two texts the longer one holds in order: the partial ratio of rapidfuzz.
//!
//! Over every window of the longer text (stretches as long as the shorter text, and shorter stretches at both ends)
//! the score is `(1 - d / m) * 100`, with `m` the two lengths and `d = m - 2 * LCS` the edits without substitution;
//! the ratio is the best score. Only whether it reaches a limit is asked here, which lets most windows be skipped: a
//! window one further on has at most one more character in common.
//!
//! The longest common subsequence is counted with bits, 64 characters of the shorter text at a time (Hyyrö,
//! "Bit-parallel LCS-length computation revisited", 2004).

use std::collections::HashMap;

/// Whether the partial ratio of the texts, as a share, is at least `limit`. Neither text may be empty.
pub(super) fn reaches(a: &[char], b: &[char], limit: f64) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    one_way(short, long, limit) || short.len() == long.len() && one_way(long, short, limit)
}

/// The score of two texts of `m` characters together with `common` of them in common, as a share. The order of the
/// operations decides at equality.
#[allow(clippy::cast_precision_loss)]
fn share(common: usize, m: usize) -> f64 {
    (1.0 - (m - 2 * common) as f64 / m as f64) * 100.0 / 100.0
}

fn one_way(short: &[char], long: &[char], limit: f64) -> bool {
    let pattern = Pattern::new(short);
    let symbols: Vec<Option<usize>> = long.iter().map(|c| pattern.symbols.get(c).copied()).collect();
    ends_reach(&pattern, symbols.iter().copied(), limit) || windows_reach(&pattern, &symbols, limit) || {
        let backwards: Vec<char> = short.iter().rev().copied().collect();
        let pattern = Pattern::new(&backwards);
        let symbols = long.iter().rev().map(|c| pattern.symbols.get(c).copied());
        ends_reach(&pattern, symbols, limit)
    }
}

/// Windows at the beginning that are shorter than the pattern.
fn ends_reach(pattern: &Pattern, symbols: impl Iterator<Item = Option<usize>>, limit: f64) -> bool {
    let mut row = pattern.row();
    symbols.take(pattern.len - 1).enumerate().any(|(i, symbol)| {
        row.push(pattern, symbol);
        share(row.common(), pattern.len + i + 1) >= limit
    })
}

/// Windows as long as the pattern.
fn windows_reach(pattern: &Pattern, symbols: &[Option<usize>], limit: f64) -> bool {
    let Some(needed) = (0..=pattern.len).find(|&common| share(common, 2 * pattern.len) >= limit) else { return false };
    let mut shared = SharedCount::new(pattern, &symbols[..pattern.len]);
    let mut next = 0;
    for start in 0..=symbols.len() - pattern.len {
        if start > 0 {
            shared.slide(symbols[start - 1], symbols[start + pattern.len - 1]);
        }
        if start < next || shared.count < needed {
            continue;
        }
        let mut row = pattern.row();
        symbols[start..start + pattern.len].iter().for_each(|&symbol| row.push(pattern, symbol));
        let common = row.common();
        if common >= needed {
            return true;
        }
        next = start + (needed - common);
    }
    false
}

/// The shorter text: for each of its characters, where it stands, as bits.
struct Pattern {
    len: usize,
    words: usize,
    symbols: HashMap<char, usize>,
    /// How often each symbol occurs.
    counts: Vec<usize>,
    /// `words` words for each symbol.
    places: Vec<u64>,
}

impl Pattern {
    fn new(text: &[char]) -> Self {
        let words = text.len().div_ceil(64);
        let mut pattern =
            Pattern { len: text.len(), words, symbols: HashMap::new(), counts: Vec::new(), places: Vec::new() };
        for (i, &c) in text.iter().enumerate() {
            let symbol = *pattern.symbols.entry(c).or_insert(pattern.counts.len());
            if symbol == pattern.counts.len() {
                pattern.counts.push(0);
                pattern.places.resize(pattern.places.len() + words, 0);
            }
            pattern.counts[symbol] += 1;
            pattern.places[symbol * words + i / 64] |= 1 << (i % 64);
        }
        pattern
    }

    fn row(&self) -> Row {
        Row { bits: vec![u64::MAX; self.words] }
    }
}

/// The state of one LCS computation: a zero bit for each character in common.
struct Row {
    bits: Vec<u64>,
}

impl Row {
    fn push(&mut self, pattern: &Pattern, symbol: Option<usize>) {
        let Some(symbol) = symbol else { return };
        let places = &pattern.places[symbol * pattern.words..(symbol + 1) * pattern.words];
        let mut carry = false;
        for (bits, &places) in self.bits.iter_mut().zip(places) {
            let matched = *bits & places;
            let (sum, over) = bits.overflowing_add(matched);
            let (sum, over_carry) = sum.overflowing_add(u64::from(carry));
            carry = over || over_carry;
            *bits = sum | (*bits - matched);
        }
    }

    fn common(&self) -> usize {
        // Bits beyond the pattern are never matched and stay set.
        self.bits.iter().map(|bits| bits.count_zeros() as usize).sum()
    }
}

/// How many characters a sliding window shares with the pattern when order does not matter: a bound of what they have
/// in common in order.
struct SharedCount<'p> {
    pattern: &'p Pattern,
    window: Vec<usize>,
    count: usize,
}

impl<'p> SharedCount<'p> {
    fn new(pattern: &'p Pattern, window: &[Option<usize>]) -> Self {
        let mut shared = SharedCount { pattern, window: vec![0; pattern.counts.len()], count: 0 };
        window.iter().for_each(|&symbol| shared.enter(symbol));
        shared
    }

    fn enter(&mut self, symbol: Option<usize>) {
        let Some(symbol) = symbol else { return };
        self.count += usize::from(self.window[symbol] < self.pattern.counts[symbol]);
        self.window[symbol] += 1;
    }

    fn slide(&mut self, leaves: Option<usize>, enters: Option<usize>) {
        if let Some(symbol) = leaves {
            self.window[symbol] -= 1;
            self.count -= usize::from(self.window[symbol] < self.pattern.counts[symbol]);
        }
        self.enter(enters);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    /// The definition, window by window, with the textbook LCS.
    fn ratio(a: &[char], b: &[char]) -> f64 {
        fn lcs(a: &[char], b: &[char]) -> usize {
            let mut row = vec![0; b.len() + 1];
            for x in a {
                let mut diagonal = 0;
                for (j, y) in b.iter().enumerate() {
                    let above = row[j + 1];
                    row[j + 1] = if x == y { diagonal + 1 } else { above.max(row[j]) };
                    diagonal = above;
                }
            }
            row[b.len()]
        }
        let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
        let n = short.len();
        let mut windows: Vec<&[char]> = long.windows(n).collect();
        windows.extend((1..n).map(|w| &long[..w]));
        windows.extend((1..n).map(|w| &long[long.len() - w..]));
        windows.iter().map(|w| share(lcs(short, w), n + w.len())).fold(0.0, f64::max)
    }

    #[test]
    fn the_limit_is_reached_exactly_where_the_definition_says() {
        let mut seed = 7u64;
        let mut random = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % below
        };
        for round in 0..300 {
            let letters = 2 + round % 5;
            let mut text = |len: usize| -> Vec<char> { (0..len).map(|_| points("abcdéf")[random(letters)]).collect() };
            let (a, b) = (text(1 + round % 90), text(1 + (round * 7) % 140));
            let want = if a.len() == b.len() { ratio(&a, &b).max(ratio(&b, &a)) } else { ratio(&a, &b) };
            assert!(reaches(&a, &b, want), "{a:?} {b:?} {want}");
            assert!(!reaches(&a, &b, want + 1e-9), "{a:?} {b:?} {want}");
        }
    }

    #[test]
    fn equality_depends_on_the_order_of_operations() {
        assert!(share(9, 40) < 0.45);
        assert!(share(12, 40) >= 0.6);
        assert!(!reaches(&points("abc"), &points("abc"), f64::NAN));
        assert!(reaches(&points("aaaaaaaa"), &points("xx a xx"), 0.0));
    }
}
