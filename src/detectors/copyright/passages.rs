//! The passages of known works: which of them a text without case and punctuation has.

use super::super::vocabulary::read;
use super::plain;
use crate::text::Text;
use crate::value::Value;
use memchr::memmem;
use std::sync::OnceLock;

const PASSAGES: &str = include_str!("passages.json");

/// So many neighbouring letters of a passage are looked for first ...
const GRAM: usize = 8;
/// ... at every such place of a text's letters. Every passage has the letters for both.
const STRIDE: usize = 12;
/// Words of 64 bits in the filter of grams: a power of two.
const FILTER: usize = 512;

/// The passages, and for each the number of its work in order of first appearance.
pub(super) struct Passages {
    passages: Vec<String>,
    works: Vec<usize>,
    /// Each passage without blanks.
    letters: Vec<Vec<u8>>,
    /// The grams that begin at the first [`STRIDE`] letters of each passage, sorted, with the passage and the place.
    grams: Vec<(u64, usize, usize)>,
    /// A bit for the hash of each gram.
    filter: Box<[u64; FILTER]>,
}

impl Passages {
    pub(super) fn get() -> &'static Self {
        static PARSED: OnceLock<Passages> = OnceLock::new();
        PARSED.get_or_init(|| {
            let vocabulary = read(PASSAGES).unwrap_or(Value::Null);
            let rows = vocabulary.get("passages_in_order").and_then(Value::as_list).unwrap_or_default();
            let row = |row: &Value| match (row.get("work"), row.get("passage")) {
                (Some(Value::Int(work)), Some(Value::Str(passage))) => Some((*work, passage.clone())),
                _ => None,
            };
            let rows: Vec<(i64, String)> = rows.iter().filter_map(row).collect();
            let works = rows.iter().map(|(work, _)| rows.iter().position(|(w, _)| w == work).unwrap_or(0)).collect();
            let letters: Vec<Vec<u8>> = rows.iter().map(|(_, p)| p.bytes().filter(|&b| b != b' ').collect()).collect();
            let mut grams = Vec::new();
            let mut filter = Box::new([0; FILTER]);
            for (passage, letters) in letters.iter().enumerate() {
                for place in 0..STRIDE {
                    let Some(gram) = letters.get(place..).and_then(|rest| rest.first_chunk::<GRAM>()) else { break };
                    let gram = u64::from_le_bytes(*gram);
                    grams.push((gram, passage, place));
                    let (word, bit) = filter_place(gram);
                    filter[word] |= 1 << bit;
                }
            }
            grams.sort_unstable();
            let passages = rows.into_iter().map(|(_, passage)| passage).collect();
            Passages { passages, works, letters, grams, filter }
        })
    }

    /// How many different works a text has a passage of.
    pub(super) fn works_in(&self, text: &Text<'_>) -> usize {
        if self.may_be_in(text) { self.works_in_plain(&plain(text.lower())) } else { 0 }
    }

    /// How many different works a plain text has a passage of.
    fn works_in_plain(&self, plain: &str) -> usize {
        let mut found = vec![false; self.works.len()];
        for (passage, &work) in self.passages.iter().zip(&self.works) {
            found[work] |= memmem::find(plain.as_bytes(), passage.as_bytes()).is_some();
        }
        found.into_iter().filter(|&f| f).count()
    }

    /// Whether the letters of a passage, all of them a to z, are in the text one after the other, whatever stands
    /// between them. Of a passage anywhere one of its first places is a multiple of the stride, so no other places are
    /// looked at.
    fn may_be_in(&self, text: &Text<'_>) -> bool {
        let letters = text.letters();
        letters.chunks(STRIDE).enumerate().any(|(i, chunk)| {
            let Some(gram) = chunk.first_chunk::<GRAM>() else { return false };
            let gram = u64::from_le_bytes(*gram);
            let (word, bit) = filter_place(gram);
            self.filter[word] >> bit & 1 == 1 && self.is_at(letters, i * STRIDE, gram)
        })
    }

    /// Whether a passage has this gram where the letters have it at `at`.
    fn is_at(&self, letters: &[u8], at: usize, gram: u64) -> bool {
        let first = self.grams.partition_point(|&(known, ..)| known < gram);
        let mut same = self.grams[first..].iter().take_while(|&&(known, ..)| known == gram);
        same.any(|&(_, passage, place)| {
            at.checked_sub(place).is_some_and(|start| letters[start..].starts_with(&self.letters[passage]))
        })
    }
}

fn filter_place(gram: u64) -> (usize, u32) {
    // The golden ratio: the product's highest bits depend on all of the gram.
    let hash = gram.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - 6 - FILTER.ilog2());
    #[allow(clippy::cast_possible_truncation)] // Fifteen bits.
    let (word, bit) = ((hash >> 6) as usize, (hash & 63) as u32);
    (word & (FILTER - 1), bit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Prefilter;

    #[test]
    fn every_passage_is_long_enough_to_be_met_by_the_stride() {
        let passages = Passages::get();
        assert_eq!(passages.works.len(), 34);
        for letters in &passages.letters {
            assert!(letters.len() >= STRIDE + GRAM - 1, "{:?}", String::from_utf8_lossy(letters));
            assert!(letters.iter().all(u8::is_ascii_lowercase));
        }
    }

    #[test]
    fn passages_are_found_wherever_they_stand_and_however_they_are_pointed() {
        let passages = Passages::get();
        let vocabulary = read(PASSAGES).unwrap();
        let none = Prefilter::none();
        for (i, row) in vocabulary.get("passages_in_order").and_then(Value::as_list).unwrap().iter().enumerate() {
            let passage = row.get("passage").and_then(Value::as_str).unwrap();
            for lead in 0..STRIDE + 2 {
                let lead = "éx_3456789abcdefg".chars().take(lead).collect::<String>();
                let shout = passage.to_uppercase().replace(' ', " \u{3000}'");
                let pointed = passage.chars().map(|c| format!("{c}\u{301}")).collect::<String>();
                let cut = &passage[1..];
                let glued = passage.replacen(' ', "", 1);
                let kelvin = passage.replace('k', "\u{212A}").replace('s', "\u{17F}");
                for text in [passage, &shout, &pointed, cut, &glued, &kelvin] {
                    let text = format!("{lead} {text} b");
                    let expected = passages.works_in_plain(&plain(&crate::text::chars::lower(&text)));
                    assert_eq!(passages.works_in(&Text::new(text.as_str(), &none)), expected, "{i}: {text}");
                }
                assert_eq!(passages.works_in(&Text::new(format!("{lead}{shout}"), &none)), 1, "{i}");
            }
        }
    }
}
