//! Rule ids and detector names as numbers.

use std::collections::HashMap;

/// Names, and sets of names, each stored once. Most rows share few sets, so a row needs four bytes for all its rules.
#[derive(Debug)]
pub(super) struct Vocabulary {
    names: Vec<Box<str>>,
    name_numbers: HashMap<Box<str>, u32>,
    sets: Vec<Box<[u32]>>,
    set_numbers: HashMap<Box<[u32]>, u32>,
    scratch: Vec<u32>,
}

impl Default for Vocabulary {
    fn default() -> Self {
        // Set 0 is the empty one, which most rows have.
        Self {
            names: Vec::new(),
            name_numbers: HashMap::new(),
            sets: vec![Box::default()],
            set_numbers: HashMap::from([(Box::default(), 0)]),
            scratch: Vec::new(),
        }
    }
}

impl Vocabulary {
    fn name_number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.name_numbers.get(name) {
            return number;
        }
        // More than 2^32 different rule ids do not fit memory.
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.into());
        self.name_numbers.insert(name.into(), number);
        number
    }

    /// The number of a set of names, repeats and order ignored.
    pub(super) fn set<'n>(&mut self, names: impl Iterator<Item = &'n str>) -> u32 {
        let mut numbers = std::mem::take(&mut self.scratch);
        numbers.clear();
        for name in names {
            numbers.push(self.name_number(name));
        }
        let number = self.set_of_numbers(&mut numbers);
        self.scratch = numbers;
        number
    }

    fn set_of_numbers(&mut self, numbers: &mut Vec<u32>) -> u32 {
        if numbers.is_empty() {
            return 0;
        }
        numbers.sort_unstable();
        numbers.dedup();
        if let Some(&number) = self.set_numbers.get(numbers.as_slice()) {
            return number;
        }
        let number = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
        self.sets.push(numbers.as_slice().into());
        self.set_numbers.insert(numbers.as_slice().into(), number);
        number
    }

    /// Takes over the other's sets; returns the number here of each of its sets.
    pub(super) fn absorb(&mut self, other: &Vocabulary) -> Vec<u32> {
        let names: Vec<u32> = other.names.iter().map(|name| self.name_number(name)).collect();
        let renumbered = |set: &[u32]| set.iter().map(|&n| names[n as usize]).collect();
        other.sets.iter().map(|set| self.set_of_numbers(&mut renumbered(set))).collect()
    }

    pub(super) fn name(&self, number: u32) -> &str {
        &self.names[number as usize]
    }

    /// Names in set `a` that are not in set `b`.
    pub(super) fn minus(&self, a: u32, b: u32) -> impl Iterator<Item = u32> {
        let (a, b) = (&self.sets[a as usize], &self.sets[b as usize]);
        a.iter().copied().filter(|name| b.binary_search(name).is_err())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_the_same_whatever_the_order_and_repeats() {
        let mut v = Vocabulary::default();
        let set = v.set(["b", "a", "b"].into_iter());
        assert_eq!(v.set(["a", "b"].into_iter()), set);
        assert_ne!(v.set(["a"].into_iter()), set);
        assert_eq!(v.set([].into_iter()), 0);
    }

    #[test]
    fn absorbed_sets_keep_their_names() {
        let (mut v, mut other) = (Vocabulary::default(), Vocabulary::default());
        let here = v.set(["x", "a"].into_iter());
        other.set(["zz"].into_iter());
        let there = other.set(["a", "x"].into_iter());
        let numbers = v.absorb(&other);
        assert_eq!(numbers[there as usize], here);
        assert_eq!(numbers[0], 0);
        let lost: Vec<&str> = v.minus(numbers[1], here).map(|n| v.name(n)).collect();
        assert_eq!(lost, ["zz"]);
    }
}
