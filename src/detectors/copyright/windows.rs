//! Windows of words: which sequences of n words come twice, or stand in another text too.
//!
//! A window gets a number; equal windows have equal numbers. Numbers of windows of 1, 2, 4, ... words are made of pairs
//! of numbers half as long, and a window of any length of a few of those: time grows with the logarithm of the length
//! only, and nothing is ever mistaken for something else as with hashes.

use crate::text::Text;
use crate::text::blank_words::{BlankWord, BlankWords};
use std::collections::HashMap;
use std::hash::Hash;

/// Longer windows are not counted by their hashes: every window that comes again is compared word by word.
const MAX_HASHED: usize = 16;
/// Windows that most texts have at most; a power of two.
const FEW: usize = 256;
/// So many taken slots in a row are no accident of hashing.
const MAX_PROBES: usize = 32;

/// Numbers the pairs of one step, the same pair always alike. `None`: a pair that cannot match anything.
trait Pairs {
    fn number(&mut self, step: usize, pair: (u32, u32)) -> Option<u32>;
}

/// The numbers of all windows of `n` words (at least 1), given the numbers of the words. `None` inside: the window
/// has no number.
fn windows(words: &[Option<u32>], n: usize, pairs: &mut impl Pairs) -> Vec<Option<u32>> {
    if words.len() < n {
        return Vec::new();
    }
    let count = words.len() - n + 1;
    // `power` numbers the windows of 2^k words; `made` those of the words of n taken so far.
    let mut power = words.to_vec();
    let mut power_len = 1;
    let mut made: Option<(Vec<Option<u32>>, usize)> = None;
    let mut step = 0;
    let mut left = n;
    loop {
        if left & 1 == 1 {
            made = Some(match made {
                None => (power[..count].to_vec(), power_len),
                Some((mut numbers, len)) => {
                    for (i, number) in numbers.iter_mut().enumerate() {
                        *number = number.zip(power[i + len]).and_then(|pair| pairs.number(step, pair));
                    }
                    step += 1;
                    (numbers, len + power_len)
                }
            });
        }
        left >>= 1;
        if left == 0 {
            break;
        }
        let doubled = power.len() - power_len;
        for i in 0..doubled {
            power[i] = power[i].zip(power[i + power_len]).and_then(|pair| pairs.number(step, pair));
        }
        power.truncate(doubled);
        step += 1;
        power_len *= 2;
    }
    made.map_or_else(Vec::new, |(numbers, _)| numbers)
}

/// Gives every new pair a new number.
#[derive(Debug, Default)]
struct Learned {
    steps: Vec<HashMap<(u32, u32), u32>>,
}

impl Pairs for Learned {
    fn number(&mut self, step: usize, pair: (u32, u32)) -> Option<u32> {
        if self.steps.len() <= step {
            self.steps.resize_with(step + 1, HashMap::new);
        }
        let known = &mut self.steps[step];
        let next = u32::try_from(known.len()).ok()?;
        Some(*known.entry(pair).or_insert(next))
    }
}

/// Knows the pairs that were learned and no others.
struct Known<'l>(&'l Learned);

impl Pairs for Known<'_> {
    fn number(&mut self, step: usize, pair: (u32, u32)) -> Option<u32> {
        self.0.steps.get(step)?.get(&pair).copied()
    }
}

/// Numbers words in order of first occurrence.
fn number_words<W: Hash + Eq>(words: impl Iterator<Item = W>, numbers: &mut HashMap<W, u32>) -> Vec<Option<u32>> {
    words
        .map(|word| {
            let next = u32::try_from(numbers.len()).ok()?;
            Some(*numbers.entry(word).or_insert(next))
        })
        .collect()
}

/// The words of a lowered text, and what windows of them come again.
pub(super) struct Words<'t>(BlankWords<'t>);

impl<'t> Words<'t> {
    pub(super) fn of(text: &'t Text<'_>) -> Self {
        Words(text.blank_words())
    }

    /// Whether at least `least` (1 or more) different windows of `n` words (at least 1) come more than once.
    pub(super) fn repeat(&self, n: usize, least: usize) -> bool {
        if self.0.words.len() <= n {
            return false;
        }
        self.repeat_by_hashes(n, least, |word| word.hash).unwrap_or_else(|| {
            let words: Vec<&[u8]> = self.0.words.iter().map(|word| self.0.bytes(word)).collect();
            repeated(&words, n) >= least
        })
    }

    /// Whether the windows of `n` words at two places are the same.
    fn are_same(&self, n: usize, a: usize, b: usize) -> bool {
        let window = |at: usize| self.0.words[at..at + n].iter().map(|word| self.0.bytes(word));
        window(a).eq(window(b))
    }

    /// As [`Words::repeat`], by a table of the windows' hashes; `None` when hashes collide, as only words made for it
    /// do, or when windows are too long to compare.
    fn repeat_by_hashes(&self, n: usize, least: usize, hash_of: impl Fn(&BlankWord) -> u64) -> Option<bool> {
        let words = self.0.words;
        if n > MAX_HASHED || u32::try_from(words.len()).is_err() {
            return None;
        }
        let count = words.len() + 1 - n;
        // In most texts nothing comes again, which is found without the hashes so far.
        let (mut few, mut many) = ([0; 2 * FEW], Vec::new());
        let table = if count <= FEW {
            &mut few[..]
        } else {
            many.resize((2 * count).next_power_of_two(), 0);
            &mut many[..]
        };
        if !has_twins(window_hashes(words, n, &hash_of), table) {
            return Some(false);
        }
        // The hashes so far, and in the table the number after that of the window: zero is free.
        let mut hashes: Vec<u64> = Vec::with_capacity(count);
        let mut table = vec![0u32; (2 * count).next_power_of_two()];
        let mask = table.len() - 1;
        let mut found: Vec<usize> = Vec::new();
        for (window, hash) in window_hashes(words, n, &hash_of).enumerate() {
            let mut at = slot_of(hash) & mask;
            let mut probes = 0;
            loop {
                let Some(earlier) = (table[at] as usize).checked_sub(1) else {
                    table[at] = u32::try_from(window + 1).ok()?;
                    break;
                };
                if hashes[earlier] == hash {
                    if !self.are_same(n, earlier, window) {
                        return None;
                    }
                    if !found.contains(&earlier) {
                        found.push(earlier);
                        if found.len() >= least {
                            return Some(true);
                        }
                    }
                    break;
                }
                at = (at + 1) & mask;
                probes += 1;
                if probes > MAX_PROBES {
                    return None;
                }
            }
            hashes.push(hash);
        }
        Some(false)
    }
}

/// The hashes of all windows of `n` words (at least 1, no more than there are).
fn window_hashes(words: &[BlankWord], n: usize, hash_of: impl Fn(&BlankWord) -> u64) -> impl Iterator<Item = u64> {
    /// An odd number whose powers tell the words of a window by their places.
    const STEP: u64 = 0xD134_2543_DE82_EF95;
    let first_weight = (1..n).fold(1u64, |weight, _| weight.wrapping_mul(STEP));
    let (leading, last) = words.split_at(n - 1);
    let mut before = leading.iter().fold(0u64, |hash, word| hash.wrapping_add(hash_of(word)).wrapping_mul(STEP));
    last.iter().zip(words).map(move |(new, old)| {
        let hash = before.wrapping_add(hash_of(new));
        before = hash.wrapping_sub(hash_of(old).wrapping_mul(first_weight)).wrapping_mul(STEP);
        hash
    })
}

/// Where a hash is looked for in a table: the lowest bits count.
#[allow(clippy::cast_possible_truncation)]
fn slot_of(hash: u64) -> usize {
    (hash ^ hash >> 32) as usize
}

/// Whether two hashes may be the same, given a table of zeros with twice as many places, a power of two. Halves are
/// compared, so that seldom two differ and are taken for the same.
fn has_twins(hashes: impl Iterator<Item = u64>, table: &mut [u32]) -> bool {
    let mask = table.len() - 1;
    hashes.into_iter().any(|hash| {
        #[allow(clippy::cast_possible_truncation)]
        let half = (hash >> 32) as u32 | 1;
        for probe in 0..MAX_PROBES {
            let slot = &mut table[slot_of(hash).wrapping_add(probe) & mask];
            if *slot == 0 {
                *slot = half;
                return false;
            }
            if *slot == half {
                return true;
            }
        }
        true
    })
}

/// How many different windows of `n` words (at least 1) come more than once.
fn repeated<W: Hash + Eq + Copy>(words: &[W], n: usize) -> usize {
    let mut numbers = HashMap::with_capacity(words.len());
    let words = number_words(words.iter().copied(), &mut numbers);
    let mut times = vec![0u32; numbers.len()];
    for word in words.iter().flatten() {
        times[*word as usize] += 1;
    }
    // A window that comes again consists of words that do; in most texts no n of them stand together.
    let again = |word: &Option<u32>| word.filter(|&w| times[w as usize] > 1);
    let kept: Vec<Option<u32>> = words.iter().map(again).collect();
    if !kept.split(Option::is_none).any(|run| run.len() >= n) {
        return 0;
    }
    let mut counts: HashMap<u32, u32> = HashMap::new();
    for window in windows(&kept, n, &mut Learned::default()).into_iter().flatten() {
        *counts.entry(window).or_default() += 1;
    }
    counts.values().filter(|&&times| times > 1).count()
}

/// Texts whose windows are looked for in others.
#[derive(Debug)]
pub(super) struct Signatures {
    n: usize,
    words: HashMap<String, u32>,
    learned: Learned,
    /// Whether any text has a window at all.
    any: bool,
}

impl Signatures {
    /// The windows of `n` words (at least 1) of texts of words that are separated by single blanks.
    pub(super) fn new(texts: &[String], n: usize) -> Self {
        let mut learned = Learned::default();
        let mut any = false;
        let mut words: HashMap<&str, u32> = HashMap::new();
        for text in texts {
            let words = number_words(super::words_of(text), &mut words);
            any |= !windows(&words, n, &mut learned).is_empty();
        }
        let words = words.into_iter().map(|(word, number)| (word.to_owned(), number)).collect();
        Signatures { n, words, learned, any }
    }

    /// Whether a text has one of the windows.
    pub(super) fn share_window(&self, text: &str) -> bool {
        if !self.any {
            return false;
        }
        let words: Vec<Option<u32>> = super::words_of(text).map(|word| self.words.get(word).copied()).collect();
        windows(&words, self.n, &mut Known(&self.learned)).iter().any(Option::is_some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Prefilter;
    use std::collections::HashSet;

    #[test]
    fn repeated_windows_are_those_of_the_definition() {
        let mut random = 11u64;
        for round in 0..2000 {
            let mut next = |below: u64| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (random >> 33) % below
            };
            let words: Vec<String> = (0..next(40)).map(|_| next(1 + round % 7).to_string()).collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            for n in [1, 2, 3, 5, 6, 7, 8, 13] {
                let mut times: HashMap<&[&str], usize> = HashMap::new();
                words.windows(n).for_each(|w| *times.entry(w).or_default() += 1);
                let count = times.values().filter(|&&t| t > 1).count();
                assert_eq!(repeated(&words, n), count, "{n} of {words:?}");
                let none = Prefilter::none();
                let text = Text::new(words.join(" "), &none);
                for least in 1..5 {
                    assert_eq!(Words::of(&text).repeat(n, least), count >= least, "{least} of {n} of {words:?}");
                }
            }
        }
    }

    #[test]
    fn words_that_collide_are_told_apart() {
        let none = Prefilter::none();
        let text = Text::new("a b c d e f g h i j ".repeat(2), &none);
        let words = Words::of(&text);
        assert_eq!(words.repeat_by_hashes(3, 8, |word| word.hash), Some(true));
        assert_eq!(words.repeat_by_hashes(3, 9, |word| word.hash), Some(false));
        assert_eq!(words.repeat_by_hashes(3, 1, |_| 7), None);
        assert!(words.repeat(3, 8) && !words.repeat(3, 9));
        assert_eq!(words.repeat_by_hashes(MAX_HASHED + 1, 1, |word| word.hash), None);
        let many: String = (0..2 * FEW).map(|n| format!("w{n} ")).collect();
        for (text, again) in [(many.clone(), false), (format!("{many} x w8 w9 w10"), true)] {
            let text = Text::new(text, &none);
            assert_eq!(Words::of(&text).repeat_by_hashes(3, 1, |word| word.hash), Some(again));
        }
        assert!(!words.repeat(20, 1) && !words.repeat(usize::MAX, 1));
    }

    #[test]
    fn shared_windows_are_those_of_the_definition() {
        let mut random = 5u64;
        let mut next = |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % below
        };
        for _ in 0..1000 {
            let mut text = || (0..next(25)).map(|_| next(3).to_string()).collect::<Vec<_>>().join(" ");
            let (signatures, other) = (vec![text(), text()], text());
            for n in [1, 2, 3, 4, 5, 6, 8] {
                let of = |text: &str| -> HashSet<Vec<String>> {
                    let words: Vec<String> = super::super::words_of(text).map(str::to_owned).collect();
                    words.windows(n).map(<[String]>::to_vec).collect()
                };
                let shared = signatures.iter().any(|s| !of(s).is_disjoint(&of(&other)));
                assert_eq!(
                    Signatures::new(&signatures, n).share_window(&other),
                    shared,
                    "{n} {signatures:?} {other:?}"
                );
            }
        }
    }
}
