//! Taking the URLs out of a text.
//!
//! The reference replaces the URLs one after the other, each everywhere: also inside longer ones that were found.
//! A few are replaced in just that way. For many that would be a pass over the text each, so the same is worked out
//! where the URLs stand: see [`replace_many`].

use crate::text::ByteSpan;
use std::collections::{HashMap, HashSet};

const REDACTED: &str = "[URL REDACTED]";
/// Up to so many different URLs are replaced one after the other.
const FEW: usize = 64;

/// The text with every URL of `spans` (in order, not overlapping) replaced wherever it occurs.
pub(super) fn redact(text: &str, spans: &[ByteSpan]) -> String {
    let mut seen = HashSet::new();
    let distinct: Vec<&str> = spans.iter().map(|s| s.of(text)).filter(|url| seen.insert(*url)).collect();
    // A URL that ends as the replacement begins may reach into one; then only doing it in turn tells.
    let reaches = || distinct.iter().any(|url| ["[", "[U", "[UR", "[URL"].iter().any(|end| url.ends_with(end)));
    if distinct.len() <= FEW || (distinct.len().saturating_mul(text.len()) <= IN_TURN && reaches()) {
        return distinct.iter().fold(text.to_owned(), |text, url| text.replace(url, REDACTED));
    }
    replace_many(text, spans, &distinct)
}

/// Bytes that replacing one after the other may search even so, where the outcome could differ.
const IN_TURN: usize = 1 << 30;

/// An occurrence of a URL: the URL's place in the order of replacement, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Occurrence {
    rank: usize,
    start: usize,
    end: usize,
}

/// A URL can only occur inside a found one: where another could begin in it, and no longer than it. So each found URL
/// is settled by itself, its occurrences in the order of replacement, those that an earlier one broke left out.
fn replace_many(text: &str, spans: &[ByteSpan], distinct: &[&str]) -> String {
    let hashes = PrefixHashes::new(text.as_bytes());
    let mut ranks: HashMap<(usize, u64), usize> = HashMap::with_capacity(distinct.len());
    for (rank, url) in distinct.iter().enumerate() {
        ranks.insert((url.len(), hash(url.as_bytes())), rank);
    }
    let mut lengths: Vec<usize> = distinct.iter().map(|url| url.len()).collect();
    lengths.sort_unstable();
    lengths.dedup();

    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for span in spans {
        let mut occurrences = Vec::new();
        for start in beginnings(text.as_bytes(), *span) {
            for &len in lengths.iter().take_while(|&&len| len <= span.end - start) {
                if let Some(&rank) = ranks.get(&(len, hashes.of(start, start + len)))
                    && text.as_bytes()[start..start + len] == *distinct[rank].as_bytes()
                {
                    occurrences.push(Occurrence { rank, start, end: start + len });
                }
            }
        }
        for taken in settle(occurrences) {
            out.push_str(&text[copied..taken.start]);
            out.push_str(REDACTED);
            copied = taken.end;
        }
    }
    out.push_str(&text[copied..]);
    out
}

/// The occurrences that are replaced, in the order of their places.
fn settle(mut occurrences: Vec<Occurrence>) -> Vec<Occurrence> {
    occurrences.sort_unstable();
    let mut taken: std::collections::BTreeMap<usize, Occurrence> = std::collections::BTreeMap::new();
    for occurrence in occurrences {
        let before = taken.range(..occurrence.end).next_back();
        if before.is_none_or(|(_, other)| other.end <= occurrence.start) {
            taken.insert(occurrence.start, occurrence);
        }
    }
    taken.into_values().collect()
}

/// The places in a found URL where a URL can begin.
fn beginnings(text: &[u8], span: ByteSpan) -> Vec<usize> {
    let url = &text[span.start..span.end];
    let mut places = vec![span.start];
    for at in 1..url.len() {
        let rest = &url[at..];
        let begins = rest.starts_with(b"//")
            || matches!(rest[0], b'h' | b'H' | b'f' | b'F' | b'd' | b'D') && rest.iter().take(8).any(|&b| b == b':');
        if begins {
            places.push(span.start + at);
        }
    }
    places
}

/// The hash of every stretch of a text, from one pass.
struct PrefixHashes {
    /// Hash of the first so many bytes.
    prefixes: Vec<u64>,
    powers: Vec<u64>,
}

const BASE: u64 = 0x9E37_79B9_7F4A_7C15;

fn step(hash: u64, byte: u8) -> u64 {
    hash.wrapping_mul(BASE).wrapping_add(u64::from(byte) + 1)
}

fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |h, &b| step(h, b))
}

impl PrefixHashes {
    fn new(text: &[u8]) -> Self {
        let mut prefixes = Vec::with_capacity(text.len() + 1);
        let mut powers = Vec::with_capacity(text.len() + 1);
        let (mut hash, mut power) = (0u64, 1u64);
        prefixes.push(hash);
        powers.push(power);
        for &b in text {
            hash = step(hash, b);
            power = power.wrapping_mul(BASE);
            prefixes.push(hash);
            powers.push(power);
        }
        PrefixHashes { prefixes, powers }
    }

    fn of(&self, start: usize, end: usize) -> u64 {
        self.prefixes[end].wrapping_sub(self.prefixes[start].wrapping_mul(self.powers[end - start]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Prefilter, Text};

    fn spans(text: &str) -> Vec<ByteSpan> {
        let prefilter = Prefilter::none();
        let text = Text::new(text, &prefilter);
        super::super::find::urls(&text).map(|f| text.bytes(f.span)).collect()
    }

    #[test]
    fn urls_are_replaced_inside_longer_ones() {
        let of = |text: &str| redact(text, &spans(text));
        assert_eq!(of("http://a.tk and http://a.tk/x"), "[URL REDACTED] and [URL REDACTED]/x");
        assert_eq!(of("//a.tk http://a.tk"), "[URL REDACTED] http:[URL REDACTED]");
        assert_eq!(of("x data:y é"), "x [URL REDACTED] é");
    }

    #[test]
    fn many_are_replaced_as_if_one_after_the_other() {
        let mut random = 3u64;
        let parts = ["http://", "//", "//a", "https://a", "data:", "a", "b", "é", " ", " ", "/", "ftp:", ","];
        for _ in 0..3000 {
            let mut text = String::new();
            for _ in 0..40 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push_str(parts[(random >> 33) as usize % parts.len()]);
            }
            let spans = spans(&text);
            let mut seen = HashSet::new();
            let distinct: Vec<&str> = spans.iter().map(|s| s.of(&text)).filter(|url| seen.insert(*url)).collect();
            let one_by_one = distinct.iter().fold(text.clone(), |text, url| text.replace(url, REDACTED));
            assert_eq!(replace_many(&text, &spans, &distinct), one_by_one, "{text:?}");
        }
    }
}
