//! Sets of places in a text.

use crate::blocks::{BLOCK, Block, each_block};
use std::ops::{Range, RangeInclusive};

/// Places in a text: before one of its bytes, or behind the last one. A bit for each, from the first that matters on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PlaceSet {
    /// Which 64 places the first bits are for.
    base: usize,
    bits: Vec<u64>,
}

impl PlaceSet {
    /// No places yet: later ones can be added than those given, or the same.
    pub fn from_on(others: &PlaceSet) -> Self {
        PlaceSet { base: others.first().unwrap_or_default(), bits: Vec::new() }
    }

    /// The first 64 places of which there are any.
    fn first(&self) -> Option<usize> {
        Some(self.base + self.bits.iter().position(|&bits| bits != 0)?)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.first().is_none()
    }

    /// Leaves none: as [`PlaceSet::from_on`]. Tells whether there are others.
    pub fn clear_from_on(&mut self, others: &PlaceSet) -> bool {
        let first = others.first();
        self.base = first.unwrap_or_default();
        self.bits.clear();
        first.is_some()
    }

    /// Those of a part of a text for which `bits` gives each block's.
    pub fn of_blocks(text: &[u8], part: Range<usize>, mut bits: impl FnMut(usize, &Block) -> u64) -> Self {
        let base = part.start / BLOCK;
        let mut found = PlaceSet { base, bits: Vec::with_capacity(part.end / BLOCK + 1 - base) };
        each_block(&text[base * BLOCK..part.end], |at, block| found.bits.push(bits(base * BLOCK + at, block)));
        found.cut(part);
        found
    }

    /// All of a part of a text, and that behind it.
    pub fn all(part: Range<usize>) -> Self {
        let mut all = PlaceSet { base: part.start / BLOCK, bits: Vec::new() };
        all.insert_all(part.start..=part.end);
        all
    }

    /// Leaves those in a part.
    fn cut(&mut self, part: Range<usize>) {
        if let Some(first) = self.bits.first_mut() {
            *first &= u64::MAX << (part.start % BLOCK);
        }
        self.bits.truncate(part.end / BLOCK + 1 - self.base);
        if let Some(last) = self.bits.get_mut(part.end / BLOCK - self.base) {
            *last &= (1 << (part.end % BLOCK)) - 1;
        }
    }

    /// Whether a place is one of them.
    pub fn has(&self, place: usize) -> bool {
        let bits = (place / BLOCK).checked_sub(self.base).and_then(|at| self.bits.get(at));
        bits.is_some_and(|bits| bits >> (place % BLOCK) & 1 == 1)
    }

    /// From the first to the last.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        let mut bits = self.bits.iter().copied();
        let (mut first, mut left) = (self.base * BLOCK, bits.next().unwrap_or_default());
        std::iter::from_fn(move || {
            while left == 0 {
                left = bits.next()?;
                first += BLOCK;
            }
            let place = first + left.trailing_zeros() as usize;
            left &= left - 1;
            Some(place)
        })
    }

    /// The bits of the 64 places with this number.
    fn bits_at(&mut self, at: usize) -> &mut u64 {
        let at = at - self.base;
        if at >= self.bits.len() {
            self.bits.resize(at + 1, 0);
        }
        &mut self.bits[at]
    }

    pub fn insert(&mut self, place: usize) {
        *self.bits_at(place / BLOCK) |= 1 << (place % BLOCK);
    }

    pub fn insert_all(&mut self, places: RangeInclusive<usize>) {
        let (first, last) = (*places.start(), *places.end());
        let (from_first, to_last) = (u64::MAX << (first % BLOCK), u64::MAX >> (BLOCK - 1 - last % BLOCK));
        for at in first / BLOCK..=last / BLOCK {
            let from = if at == first / BLOCK { from_first } else { u64::MAX };
            let to = if at == last / BLOCK { to_last } else { u64::MAX };
            *self.bits_at(at) |= from & to;
        }
    }

    /// Adds others, of which the first is not earlier than those that can be added.
    pub fn add(&mut self, others: &PlaceSet) {
        for (at, &bits) in (others.base..).zip(&others.bits).filter(|(_, bits)| **bits != 0) {
            *self.bits_at(at) |= bits;
        }
    }

    /// Leaves out others.
    pub fn remove(&mut self, others: &PlaceSet) {
        for (at, own) in (self.base..).zip(&mut self.bits) {
            *own &= !at.checked_sub(others.base).and_then(|at| others.bits.get(at)).copied().unwrap_or_default();
        }
    }

    /// Takes out the first of them that are near to each other: so it costs little to go on from few, however far away the
    /// next are, and from many at once. There are none before those that were taken `last`.
    pub fn take_near(&mut self, last: &PlaceSet) -> Option<PlaceSet> {
        /// So many times 64 places without one are far.
        const FAR: usize = 64;
        let from = last.base.saturating_sub(self.base);
        let first = from + self.bits.get(from..)?.iter().position(|&bits| bits != 0)?;
        let mut end = first;
        for (at, &bits) in self.bits.iter().enumerate().skip(first) {
            if bits != 0 {
                end = at + 1;
            } else if at - end > FAR {
                break;
            }
        }
        let near = PlaceSet { base: self.base + first, bits: self.bits[first..end].to_vec() };
        self.bits[first..end].fill(0);
        Some(near)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn set_of(places: &BTreeSet<usize>) -> PlaceSet {
        let mut set = PlaceSet::default();
        places.iter().for_each(|&place| set.insert(place));
        set
    }

    fn places_of(set: &PlaceSet) -> BTreeSet<usize> {
        set.iter().collect()
    }

    proptest! {
        #[test]
        fn sets_are_what_their_places_are(
            own in prop::collection::btree_set(0usize..300, 0..20),
            others in prop::collection::btree_set(100usize..300, 0..20),
            range in (100usize..300, 0usize..150),
        ) {
            let (own_set, other_set) = (set_of(&own), set_of(&others));
            prop_assert_eq!(places_of(&own_set), own.clone());
            prop_assert_eq!(own_set.is_empty(), own.is_empty());
            prop_assert!((0..400).all(|place| own_set.has(place) == own.contains(&place)));

            let mut all = own_set.clone();
            all.add(&other_set);
            prop_assert_eq!(places_of(&all), own.union(&others).copied().collect::<BTreeSet<_>>());
            let mut less = own_set.clone();
            less.remove(&other_set);
            prop_assert_eq!(places_of(&less), own.difference(&others).copied().collect::<BTreeSet<_>>());

            let mut run = PlaceSet::from_on(&other_set);
            let first = range.0.max(others.first().copied().unwrap_or_default());
            run.insert_all(first..=first + range.1);
            prop_assert_eq!(places_of(&run), (first..=first + range.1).collect::<BTreeSet<_>>());
        }

        #[test]
        fn near_places_are_taken_together_and_each_once(gaps in prop::collection::vec(1usize..9000, 0..20)) {
            let places: BTreeSet<usize> = gaps.iter().scan(0, |at, gap| { *at += gap; Some(*at) }).collect();
            let (mut left, mut last, mut taken) = (set_of(&places), PlaceSet::default(), Vec::new());
            while let Some(near) = left.take_near(&last) {
                let near_places: Vec<usize> = near.iter().collect();
                prop_assert!(near_places.windows(2).all(|pair| pair[1] - pair[0] < 67 * BLOCK));
                taken.extend(near_places);
                last = near;
            }
            prop_assert!(left.is_empty());
            prop_assert_eq!(taken, places.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_part_has_the_places_of_its_blocks_that_are_in_it() {
        let text: Vec<u8> = (0..300).map(|at| if at % 3 == 0 { b'x' } else { b'y' }).collect();
        for (start, end) in [(0, 0), (0, 64), (1, 63), (63, 65), (64, 128), (70, 299), (128, 300), (300, 300)] {
            let found = PlaceSet::of_blocks(&text, start..end, |_, block| crate::blocks::bits(|at| block[at] == b'x'));
            assert_eq!(places_of(&found), (start..end).filter(|at| at % 3 == 0).collect());
            assert_eq!(places_of(&PlaceSet::all(start..end)), (start..=end).collect());
        }
    }
}
