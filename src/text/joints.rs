//! The search of literals that are not all word characters: they need a look only where such a character stands.
//!
//! Each literal is represented by up to four neighbouring bytes of which one, the joint, is no word character. How
//! many of the bytes stand before the joint is the literal's class; the classes that are tried at a byte of a text are
//! those of literals that have it for their joint, and next to it what the text has there.

use super::fold::is_word;
use super::frequency;
use super::search::{Grams, Literals, Owner, window};
use crate::blocks::around;

/// Literals to look for at joints.
#[derive(Debug, Default)]
pub struct JointSearch {
    literals: Literals,
    classes: Vec<Class>,
    /// For each byte, the joint that it may be, from 1 on; 0 for none.
    of_byte: JointOf,
    joints: Vec<Joint>,
}

/// Which joint each byte is.
#[derive(Debug)]
struct JointOf([u8; 256]);

impl Default for JointOf {
    fn default() -> Self {
        JointOf([0; 256])
    }
}

/// The classes, as bits, of the literals with a joint: by the byte before it and by the one behind it.
#[derive(Debug)]
struct Joint {
    before: [u16; 256],
    behind: [u16; 256],
}

impl Joint {
    const NONE: Self = Joint { before: [0; 256], behind: [0; 256] };

    /// Adds the class of a literal that has its joint at `at`; where it begins or ends with that, any byte may stand there.
    fn add(&mut self, class: u16, literal: &[u8], at: usize) {
        let sides = [(&mut self.before, at.checked_sub(1)), (&mut self.behind, Some(at + 1))];
        for (classes, place) in sides {
            match place.and_then(|place| literal.get(place)) {
                Some(&byte) => classes[usize::from(byte)] |= class,
                None => classes.iter_mut().for_each(|classes| *classes |= class),
            }
        }
    }
}

/// Literals with so many bytes before and behind their joints in the bytes that represent them.
#[derive(Debug)]
struct Class {
    before: usize,
    /// Of a window of four bytes, those that count.
    mask: u32,
    grams: Grams<4, 256>,
}

/// Bytes before a joint that can be in the group that represents a literal, with those behind it and itself as many.
const REACH: usize = 4;

impl JointSearch {
    /// Prepares the search. Each literal must hold a byte that is no word character.
    #[allow(clippy::cast_possible_truncation)] // Policies are far below 2^32 bytes.
    pub fn new<L: AsRef<[u8]>>(literals: &[L]) -> Self {
        let mut search = JointSearch::default();
        // The bytes before the joint and in all that make a class, and the groups of each class.
        let (mut kinds, mut groups) = (Vec::new(), Vec::<Vec<(u32, Owner)>>::new());
        for (at, literal) in literals.iter().map(AsRef::as_ref).enumerate() {
            search.literals.push(literal);
            let Some((joint, before, group)) = representative(literal) else { continue };
            let kind = (before, group.len());
            let class = kinds.iter().position(|known| *known == kind).unwrap_or_else(|| {
                kinds.push(kind);
                groups.push(Vec::new());
                kinds.len() - 1
            });
            let owner = Owner { literal: at as u32, before: (joint - before) as u32, len: literal.len() as u32 };
            groups[class].push((window(group), owner));
            search.joint(literal[joint]).add(1 << class, literal, joint);
        }
        let class =
            |((before, len), groups)| Class { before, mask: u32::MAX >> (32 - 8 * len), grams: Grams::build(groups) };
        search.classes = kinds.into_iter().zip(groups).map(class).collect();
        search
    }

    /// The literals.
    pub fn literals(&self) -> &Literals {
        &self.literals
    }

    /// The joint that a byte is from now on.
    #[allow(clippy::cast_possible_truncation)] // There are not so many that are no word characters.
    fn joint(&mut self, byte: u8) -> &mut Joint {
        let JointSearch { joints, of_byte: JointOf(of_byte), .. } = self;
        let place = &mut of_byte[usize::from(byte)];
        if *place == 0 {
            joints.push(Joint::NONE);
            *place = joints.len() as u8;
        }
        &mut joints[usize::from(*place) - 1]
    }

    /// Whether a literal may have this byte for its joint.
    #[must_use]
    #[inline]
    pub fn may_be_at(&self, byte: u8) -> bool {
        self.of_byte.0[usize::from(byte)] != 0
    }

    /// The classes of literals that may have their joint at `at`, as bits: told by the bytes next to it.
    #[must_use]
    #[inline]
    pub fn classes_at(&self, text: &[u8], at: usize) -> u16 {
        let joint = usize::from(self.of_byte.0[usize::from(text[at])]);
        let Some(Joint { before, behind }) = joint.checked_sub(1).and_then(|joint| self.joints.get(joint)) else {
            return 0;
        };
        // Beyond the text stands a zero.
        let byte = |at: Option<usize>| at.and_then(|at| text.get(at)).copied().unwrap_or(0);
        before[usize::from(byte(at.checked_sub(1)))] & behind[usize::from(byte(Some(at + 1)))]
    }

    /// Hands on the literals of these classes with their joint at `at`, and the bytes where they begin. Where several
    /// bytes of a literal are no word characters it is found at one of them.
    #[inline]
    pub fn at(&self, text: &[u8], at: usize, mut classes: u16, found: &mut impl FnMut(usize, usize)) {
        let around = u64::from_le_bytes(*around(text, at, REACH, &mut [0; 2 * REACH]));
        while classes != 0 {
            let class = &self.classes[classes.trailing_zeros() as usize];
            classes &= classes - 1;
            #[allow(clippy::cast_possible_truncation)] // The lower half is meant.
            let window = (around >> (8 * (REACH - class.before))) as u32 & class.mask;
            if let Some(place) = at.checked_sub(class.before) {
                self.literals.compare(class.grams.owners(window), text, place, found);
            }
        }
    }
}

/// What represents a literal: its joint, how many bytes before that, and all the bytes.
fn representative(literal: &[u8]) -> Option<(usize, usize, &[u8])> {
    let len = literal.len().min(4);
    let joints = literal.iter().enumerate().filter(|&(_, &b)| !is_word(b));
    let groups = joints.flat_map(|(joint, _)| {
        (0..len).filter_map(move |before| {
            let start = joint.checked_sub(before)?;
            Some((joint, before, literal.get(start..start + len)?))
        })
    });
    // Each class costs a look, so what can be in the usual one is, however common.
    groups.max_by_key(|&(_, before, group)| (before == 1 && len == 4, frequency::bits(group)))
}

#[cfg(test)]
mod tests {
    use super::super::search::tests::occurrences;
    use super::*;
    use proptest::prelude::*;

    fn found(literals: &[&str], text: &str) -> Vec<(usize, usize)> {
        let search = JointSearch::new(literals);
        let mut found = Vec::new();
        for at in (0..text.len()).filter(|&at| !is_word(text.as_bytes()[at])) {
            let classes = search.classes_at(text.as_bytes(), at);
            assert!(classes == 0 || search.may_be_at(text.as_bytes()[at]));
            search.at(text.as_bytes(), at, classes, &mut |literal, start| found.push((literal, start)));
        }
        found.sort_unstable();
        found
    }

    #[test]
    fn literals_are_found_at_both_ends_of_a_text() {
        assert_eq!(found(&["-", "a-", "-b", "a-b", "xxa-b"], "a-b"), [(0, 1), (1, 0), (2, 1), (3, 0)]);
        assert_eq!(found(&["a-b-c-d-e", "--"], "a-b-c-d-e a-b-c-d-"), [(0, 0)]);
        assert_eq!(found(&["a-\0"], "a-"), []);
    }

    proptest! {
        #[test]
        fn every_occurrence_is_found_and_nothing_else(
            literals in prop::collection::vec("[ab]{0,3}[-.][ab-]{0,5}", 0..20), text in "[ab.-]{0,60}"
        ) {
            let literals: Vec<&str> = literals.iter().map(String::as_str).collect();
            prop_assert_eq!(found(&literals, &text), occurrences(&literals, &text));
        }
    }
}
