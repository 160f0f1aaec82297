//! Where an expression may begin: what is found out about its first bytes beforehand, so that few places are left from
//! which it is followed.

use super::place_set::PlaceSet;
use super::step::Step;
use crate::blocks::{BLOCK, Block, bits, edges, places};
use crate::text::byte_set::ByteSet;
use crate::text::fold::is_word;
use crate::text::search::window;
use crate::text::words::word_bits;
use std::ops::Range;

/// The first bytes of an expression, as far as they are told: what each may be.
pub(super) type Head = Vec<ByteSet>;

/// How many bytes of a head count.
pub(super) const HEAD: usize = 3;

/// Where an expression may begin.
#[derive(Debug)]
pub(super) enum Starts {
    /// It may be empty.
    Anywhere,
    /// At the start of the text.
    Start,
    At(Spot, Box<Heads>),
}

/// What is known of the places where an expression begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    Any,
    /// The edge of a word.
    Edge,
    /// The beginning of a word.
    Word,
}

impl Starts {
    /// Of a step that stands at the edge of a word, or anywhere. One at an edge is not empty.
    pub fn of(step: &Step, at_edge: bool) -> Self {
        if step.begins_at_start() {
            return Starts::Start;
        }
        let mut heads = Vec::new();
        if step.add_heads(&mut heads) {
            return Starts::Anywhere;
        }
        let begins_word = |head: &Head| head.first().is_some_and(|first| first.iter().all(is_word));
        let spot = match at_edge {
            false => Spot::Any,
            true if heads.iter().all(begins_word) => Spot::Word,
            true => Spot::Edge,
        };
        Starts::At(spot, Heads::of(heads))
    }

    /// The places in a part of a text.
    pub fn in_part(&self, text: &[u8], part: Range<usize>) -> PlaceSet {
        let (spot, heads) = match self {
            Starts::Anywhere => return PlaceSet::all(part),
            Starts::Start => return if part.start == 0 { PlaceSet::all(0..0) } else { PlaceSet::default() },
            Starts::At(spot, heads) => (spot, heads),
        };
        // 1 when a word goes on into the block, else 0.
        let block_at = part.start / BLOCK * BLOCK;
        let mut open = u64::from(block_at.checked_sub(1).is_some_and(|before| is_word(text[before])));
        let mut spots = |block: &Block| match spot {
            Spot::Any => u64::MAX,
            Spot::Edge => edges(word_bits(block), &mut open),
            Spot::Word => {
                let members = word_bits(block);
                edges(members, &mut open) & members
            }
        };
        PlaceSet::of_blocks(text, part, |at, block| heads.among(spots(block) & heads.first_in(block, *spot), text, at))
    }
}

/// Several heads.
#[derive(Debug)]
pub(super) struct Heads {
    /// Their first bytes, if those are few; any one of them in place of further ones.
    few: Option<[u8; FEW]>,
    /// For each byte, as the first, the second and so on, the groups of which a head has it there, as bits.
    groups: [[u8; 256]; HEAD],
}

/// First bytes that are compared one by one.
const FEW: usize = 6;

impl Heads {
    fn of(mut heads: Vec<Head>) -> Box<Self> {
        // Neighbours in this order have the most in common.
        heads.sort_unstable();
        let first: Vec<u8> = heads
            .iter()
            .flat_map(|head| head.first().copied())
            .fold(ByteSet::default(), ByteSet::with)
            .iter()
            .collect();
        let few = (1..=FEW).contains(&first.len()).then(|| std::array::from_fn(|at| first[at.min(first.len() - 1)]));
        let mut tables = Box::new(Heads { few, groups: [[0; 256]; HEAD] });
        let groups = u8::BITS as usize;
        for (number, head) in heads.iter().enumerate() {
            let group = 1 << (number * groups / heads.len());
            for (at, table) in tables.groups.iter_mut().enumerate() {
                match head.get(at) {
                    Some(set) => set.iter().for_each(|byte| table[usize::from(byte)] |= group),
                    None => table.iter_mut().for_each(|groups| *groups |= group),
                }
            }
        }
        tables
    }

    /// The places of a block, as bits, where a head may begin: more than that among few.
    fn first_in(&self, block: &Block, spot: Spot) -> u64 {
        match (self.few, spot) {
            (Some(few), _) => bits(|at| few.iter().fold(false, |any, &b| any | (block[at] == b))),
            (None, Spot::Any) => bits(|at| self.groups[0][usize::from(block[at])] != 0),
            (None, Spot::Edge | Spot::Word) => u64::MAX,
        }
    }

    /// Of the places of a block, as bits, those where a head may be.
    fn among(&self, of_block: u64, text: &[u8], block_at: usize) -> u64 {
        let [first, second, third] = &self.groups;
        let may_be = |place: &usize| {
            let [a, b, c, _] = window(text.get(block_at + place..).unwrap_or_default()).to_le_bytes().map(usize::from);
            first[a] & second[b] & third[c] != 0
        };
        places(of_block).filter(may_be).fold(0, |bits, place| bits | 1 << place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(source: &str, at_edge: bool, text: &str, part: Range<usize>) -> Vec<usize> {
        let expression = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(source).unwrap();
        Starts::of(&Step::from(&expression), at_edge).in_part(text.as_bytes(), part).iter().collect()
    }

    #[test]
    fn an_expression_begins_where_its_first_bytes_and_edges_are() {
        let text = "how shower, what (how) wha";
        for (source, at_edge, expected) in [
            ("how", false, &[0, 5, 18][..]),
            ("how", true, &[0, 18]),
            ("how|wh[ae]t|er", false, &[0, 5, 8, 12, 18, 23]),
            ("how|wh[ae]t|er", true, &[0, 12, 18, 23]),
            (r"\(|,", true, &[10]),
            (r"[^a-z]how", false, &[3, 10, 11, 16, 17, 21, 22]),
            ("x?(?:sh|h)", false, &[0, 4, 5, 13, 18, 24]),
        ] {
            assert_eq!(starts(source, at_edge, text, 0..text.len()), expected, "{source}");
        }
        assert_eq!(starts("how", true, text, 5..20), [18], "a word that began before the part");
        assert_eq!(starts(r"\A(?:how|x)", false, text, 0..text.len()), [0]);
        assert!(starts(r"^how|^x", false, text, 5..text.len()).is_empty());
        assert_eq!(starts(r"^how|x", false, text, 0..text.len()), [0, 5, 18]);
        assert_eq!(starts("x?", false, text, 24..26), [24, 25, 26], "what may be empty is anywhere");
    }

    #[test]
    fn many_first_bytes_are_looked_up_and_few_compared() {
        let text = "abxcd efgh,ijk.lm abq ".repeat(9);
        for pairs in [&["ab", "cd", "qq"][..], &["ab", "bx", "cd", "ef", "gh", "ij", "jk", "lm", "qq"]] {
            for at_edge in [false, true] {
                let is_start = |at: &usize| {
                    let at_start = *at == 0 || !text.as_bytes()[at - 1].is_ascii_alphabetic();
                    pairs.iter().any(|pair| text[*at..].starts_with(pair)) && (at_start || !at_edge)
                };
                let expected: Vec<usize> = (0..text.len()).filter(is_start).collect();
                assert_eq!(starts(&pairs.join("|"), at_edge, &text, 0..text.len()), expected, "{pairs:?}");
            }
        }
    }
}
