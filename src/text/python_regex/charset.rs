//! Sets of characters with Python's classes and Python's idea of ignoring case.
//!
//! Under IGNORECASE Python lowers the text's character (one code point to one code point) and asks whether the lowered
//! set has it; a few lower-case letters that share a capital stand for each other besides ([`SHARED_CAPITALS`]).

use crate::text::chars::{self, Class};
use crate::text::unicode14::CLASSES;
use crate::value::surrogate;
use std::sync::OnceLock;

const LAST: u32 = 0x10_FFFF;
/// No character beyond this one has case.
const LAST_CAPITAL: char = '\u{1E943}';
/// First code point beyond the basic plane.
const ASTRAL: u32 = 0x1_0000;

/// How letters compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    /// As they are.
    Exact,
    /// ASCII letters in either case.
    Ascii,
    /// All letters in either case.
    Unicode,
}

/// A class of Python's: `\d`, `\s`, `\w`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Category {
    Digit,
    Space,
    Word,
}

/// A part of a bracketed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A character (by code point: a lone surrogate is one to Python).
    Char(u32),
    /// From the first to the second.
    Range(u32, u32),
    /// A class or its negation, of ASCII characters only or of all.
    Category { category: Category, negated: bool, ascii: bool },
}

/// A set of code points: disjoint ranges in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CharSet {
    ranges: Vec<(u32, u32)>,
    ascii: u128,
}

impl CharSet {
    fn new(mut ranges: Vec<(u32, u32)>) -> Self {
        // Lone surrogates stand in a text as their stand-ins.
        let shift = u32::from(surrogate::stand_in(0xD800)) - 0xD800;
        let surrogates = |&(first, last): &(u32, u32)| (first.max(0xD800), last.min(0xDFFF));
        let halves: Vec<_> = ranges.iter().map(surrogates).filter(|(first, last)| first <= last).collect();
        ranges.extend(halves.into_iter().map(|(first, last)| (first + shift, last + shift)));
        ranges.sort_unstable();
        let mut joined: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match joined.last_mut() {
                Some(previous) if first <= previous.1.saturating_add(1) => previous.1 = previous.1.max(last),
                _ => joined.push((first, last)),
            }
        }
        let ascii = (0..128u32).filter(|&c| find(&joined, c)).fold(0, |bits, c| bits | 1 << c);
        CharSet { ranges: joined, ascii }
    }

    /// One character under `fold`.
    pub(super) fn of_char(point: u32, fold: Fold) -> Self {
        Self::of_ranges(vec![(point, point)], fold)
    }

    /// Every character but those of `self`.
    pub(super) fn negated(&self) -> Self {
        let mut gaps = Vec::with_capacity(self.ranges.len() + 1);
        let mut from = 0;
        for &(first, last) in &self.ranges {
            if first > from {
                gaps.push((from, first - 1));
            }
            from = last + 1;
        }
        if from <= LAST {
            gaps.push((from, LAST));
        }
        Self::new(gaps)
    }

    /// Everything but the newline, or everything.
    pub(super) fn any(newline_too: bool) -> Self {
        Self::new(if newline_too { vec![(0, LAST)] } else { vec![(0, 9), (11, LAST)] })
    }

    /// A bracketed set under `fold`.
    pub(super) fn of_items(items: &[Item], negated: bool, fold: Fold) -> Self {
        let mut ranges = Vec::new();
        // What is beyond the basic plane Python does not lower when it is part of a set.
        let mut unlowered = Vec::new();
        for &item in items {
            match item {
                Item::Char(c) if fold == Fold::Unicode && c >= ASTRAL => unlowered.push((c, c)),
                Item::Char(c) => ranges.push((c, c)),
                Item::Range(first, last) if fold == Fold::Unicode && last >= ASTRAL => {
                    unlowered.push((first, last));
                    ranges.extend((first < ASTRAL).then_some((first, ASTRAL - 1)));
                    let capital_inside = |&&(capital, _): &&(u32, u32)| (first..=last).contains(&capital);
                    unlowered.extend(capitals().iter().filter(capital_inside).map(|&(_, small)| (small, small)));
                }
                Item::Range(first, last) => ranges.push((first, last)),
                Item::Category { category, negated, ascii } => {
                    let set = Self::category(category, ascii);
                    ranges.extend(if negated { set.negated().ranges } else { set.ranges });
                }
            }
        }
        let mut set = Self::of_ranges(ranges, fold);
        if !unlowered.is_empty() {
            let mut all = set.ranges;
            all.extend(with_capitals(Self::new(unlowered)).ranges);
            set = Self::new(all);
        }
        if negated { set.negated() } else { set }
    }

    fn of_ranges(ranges: Vec<(u32, u32)>, fold: Fold) -> Self {
        let set = Self::new(ranges);
        match fold {
            Fold::Exact => set,
            Fold::Ascii => {
                let mut ranges = set.ranges.clone();
                for c in (b'a'..=b'z').filter(|&c| set.has(u32::from(c)) || set.has(u32::from(c.to_ascii_uppercase())))
                {
                    ranges.extend([c, c.to_ascii_uppercase()].map(|c| (u32::from(c), u32::from(c))));
                }
                Self::new(ranges)
            }
            Fold::Unicode => {
                let mut ranges = set.ranges.clone();
                ranges.extend(capitals().iter().filter(|&&(c, _)| set.has(c)).map(|&(_, small)| (small, small)));
                let lowered = Self::new(ranges);
                let mut ranges = lowered.ranges.clone();
                for group in SHARED_CAPITALS.iter().filter(|group| group.iter().any(|&c| lowered.has(u32::from(c)))) {
                    ranges.extend(group.iter().map(|&c| (u32::from(c), u32::from(c))));
                }
                with_capitals(Self::new(ranges))
            }
        }
    }

    /// The characters of a class, of ASCII only or of Unicode 14.
    pub(super) fn category(category: Category, ascii: bool) -> Self {
        let within = |class: Class| match category {
            Category::Digit => class == Class::Digit,
            Category::Space => class == Class::Space,
            Category::Word => matches!(class, Class::Word | Class::Digit),
        };
        if ascii {
            // Python's ASCII blanks leave out the four separators.
            let of = |c: char| within(chars::class(c)) && !('\x1C'..='\x1F').contains(&c);
            let members = ('\0'..='\x7F').filter(|&c| of(c)).map(u32::from);
            return Self::new(members.map(|c| (c, c)).collect());
        }
        static SETS: [OnceLock<CharSet>; 3] = [const { OnceLock::new() }; 3];
        let set = SETS[category as usize].get_or_init(|| {
            let ascii = ('\0'..='\x7F').filter(|&c| within(chars::class(c))).map(|c| (u32::from(c), u32::from(c)));
            let beyond = CLASSES.iter().filter(|&&(_, _, class)| within(class)).map(|&(first, last, _)| (first, last));
            Self::new(ascii.chain(beyond).collect())
        });
        set.clone()
    }

    /// Whether the set has the code point.
    pub(super) fn has(&self, point: u32) -> bool {
        if point < 128 { self.ascii >> point & 1 == 1 } else { find(&self.ranges, point) }
    }

    /// The ranges, in ascending order.
    pub(super) fn ranges(&self) -> &[(u32, u32)] {
        &self.ranges
    }

    /// The characters of both sets.
    pub(super) fn union(&self, other: &Self) -> Self {
        Self::new([self.ranges.as_slice(), &other.ranges].concat())
    }
}

fn find(ranges: &[(u32, u32)], point: u32) -> bool {
    let at = ranges.partition_point(|&(_, last)| last < point);
    ranges.get(at).is_some_and(|&(first, _)| first <= point)
}

/// The characters whose lowered form is in the set of lowered characters.
fn with_capitals(lowered: CharSet) -> CharSet {
    let mut ranges = lowered.ranges.clone();
    ranges.extend(capitals().iter().filter(|&&(_, small)| lowered.has(small)).map(|&(c, _)| (c, c)));
    let all = CharSet::new(ranges);
    // A capital that stands in the set without its small letter is never met: the text's characters are lowered.
    let dead: Vec<(u32, u32)> =
        capitals().iter().filter(|&&(c, small)| all.has(c) && !lowered.has(small)).map(|&(c, _)| (c, c)).collect();
    if dead.is_empty() {
        return all;
    }
    let mut kept = all.negated().ranges;
    kept.extend(dead);
    CharSet::new(kept).negated()
}

/// Every character with a small letter of its own, and that letter.
fn capitals() -> &'static [(u32, u32)] {
    static CAPITALS: OnceLock<Vec<(u32, u32)>> = OnceLock::new();
    CAPITALS.get_or_init(|| {
        let pair = |c: char| Some((u32::from(c), u32::from(chars::simple_lower(c)))).filter(|(c, small)| c != small);
        ('\0'..=LAST_CAPITAL).filter_map(pair).collect()
    })
}

/// Small letters that have the same capital: each also matches the others under IGNORECASE.
const SHARED_CAPITALS: &[&[char]] = &[
    &['i', '\u{131}'],
    &['s', '\u{17F}'],
    &['\u{B5}', '\u{3BC}'],
    &['\u{345}', '\u{3B9}', '\u{1FBE}'],
    &['\u{390}', '\u{1FD3}'],
    &['\u{3B0}', '\u{1FE3}'],
    &['\u{3B2}', '\u{3D0}'],
    &['\u{3B5}', '\u{3F5}'],
    &['\u{3B8}', '\u{3D1}'],
    &['\u{3BA}', '\u{3F0}'],
    &['\u{3C0}', '\u{3D6}'],
    &['\u{3C1}', '\u{3F1}'],
    &['\u{3C2}', '\u{3C3}'],
    &['\u{3C6}', '\u{3D5}'],
    &['\u{432}', '\u{1C80}'],
    &['\u{434}', '\u{1C81}'],
    &['\u{43E}', '\u{1C82}'],
    &['\u{441}', '\u{1C83}'],
    &['\u{442}', '\u{1C84}', '\u{1C85}'],
    &['\u{44A}', '\u{1C86}'],
    &['\u{463}', '\u{1C87}'],
    &['\u{A64B}', '\u{1C88}'],
    &['\u{1E61}', '\u{1E9B}'],
    &['\u{FB05}', '\u{FB06}'],
];

#[cfg(test)]
mod tests {
    use super::*;

    fn has(set: &CharSet, text: &str) -> Vec<bool> {
        text.chars().map(|c| set.has(u32::from(c))).collect()
    }

    #[test]
    fn ignoring_case_is_pythons() {
        let set = |c: char| CharSet::of_char(u32::from(c), Fold::Unicode);
        assert_eq!(has(&set('I'), "iIıİj"), [true, true, true, true, false]);
        assert_eq!(has(&set('\u{212A}'), "kK\u{212A}"), [true; 3]);
        assert_eq!(has(&set('ß'), "ßẞs"), [true, true, false]);
        assert_eq!(has(&set('ς'), "ςσΣ"), [true; 3]);
        assert_eq!(has(&CharSet::of_char(u32::from('k'), Fold::Ascii), "kK\u{212A}"), [true, true, false]);
    }

    #[test]
    fn sets_lower_their_ranges() {
        let set = CharSet::of_items(&[Item::Range(u32::from('H'), u32::from('J'))], false, Fold::Unicode);
        assert_eq!(has(&set, "hijHIJkıİ"), [true, true, true, true, true, true, false, true, true]);
        let negated = CharSet::of_items(&[Item::Range(u32::from('H'), u32::from('J'))], true, Fold::Unicode);
        assert_eq!(has(&negated, "iıkK"), [false, false, true, true]);
    }

    #[test]
    fn categories_are_unicode_or_ascii() {
        let set = |category, ascii| CharSet::category(category, ascii);
        assert_eq!(has(&set(Category::Word, false), "é²_\u{301}"), [true, true, true, false]);
        assert_eq!(has(&set(Category::Word, true), "éa"), [false, true]);
        assert_eq!(has(&set(Category::Space, false), "\x1C\u{3000}"), [true, true]);
        assert_eq!(has(&set(Category::Space, true), "\x1C\x0B"), [false, true]);
    }

    #[test]
    fn the_complement_of_the_complement_is_the_set() {
        let set = CharSet::of_items(&[Item::Char(0), Item::Range(65, 90), Item::Char(0x1_0FFF)], false, Fold::Exact);
        assert_eq!(set.negated().negated(), set);
        assert!(!set.negated().has(0) && set.negated().has(1));
    }
}
