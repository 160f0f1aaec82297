//! Which rules a text lets run: the clauses it satisfies, as a whole and stretch by stretch.

use super::literals::MAX_CLAUSES;
use std::ops::Range;

/// The clauses of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    clauses: [u32; MAX_CLAUSES],
    /// How many tokens apart the clauses' literals can be; [`FAR`] for any number.
    reach: u16,
}

/// In place of a clause: satisfied by every text.
const NO_CLAUSE: u32 = u32::MAX;

/// A reach without a limit, or one that is not worth looking at.
const FAR: u16 = u16::MAX;

/// Rules that reach further are seldom ruled out by how far their literals are apart.
const MAX_REACH: u32 = 64;

impl Gate {
    /// A gate that is open for every text: for rules without a literal to look for.
    pub const ALWAYS: Gate = Gate { clauses: [NO_CLAUSE; MAX_CLAUSES], reach: FAR };

    /// A gate of clauses that matches of so many tokens at most satisfy.
    pub(super) fn new(clauses: impl IntoIterator<Item = u32>, tokens: Option<u32>) -> Self {
        let mut gate = Gate::ALWAYS;
        for (place, clause) in gate.clauses.iter_mut().zip(clauses) {
            *place = clause;
        }
        // A literal between two tokens is seen with the one before it, which may stand before the match.
        let reach = tokens.filter(|&tokens| tokens < MAX_REACH && gate.clauses[0] != NO_CLAUSE);
        gate.reach = reach.and_then(|tokens| u16::try_from(tokens + 1).ok()).unwrap_or(FAR);
        gate
    }

    /// Whether its clauses' literals may be as far apart as they like.
    pub(super) fn is_far(&self) -> bool {
        self.reach == FAR
    }

    /// The first clause, the rarest; `None` for a gate that is always open.
    pub(super) fn first(&self) -> Option<u32> {
        Some(self.clauses[0]).filter(|&clause| clause != NO_CLAUSE)
    }

    fn clauses(&self) -> impl Iterator<Item = usize> + Clone + '_ {
        self.clauses.iter().take_while(|&&clause| clause != NO_CLAUSE).map(|&clause| clause as usize)
    }
}

/// Clauses that were registered one after another: for long lists of terms, of which a text satisfies few.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateRun {
    pub(super) first: u32,
    pub(super) len: u32,
}

/// The gates of rules that are asked for together, in order.
#[derive(Clone, Debug)]
pub struct GateList {
    /// For each gate a clause that is satisfied with the gate's first.
    pub(super) run: GateRun,
    pub(super) gates: Vec<Gate>,
}

impl GateList {
    /// The gate of the rule `at`.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<Gate> {
        self.gates.get(at).copied()
    }
}

/// Tokens after which a stretch ends with its block, until a text has too many of them.
const STRETCH: u32 = 28;

/// A text in more stretches than this is divided into half as many.
const MAX_STRETCHES: usize = 256;

/// Which clauses a text satisfies.
#[derive(Clone, Debug, Default)]
pub struct OpenGates {
    /// A bit for each clause that the text satisfies, then as many for each stretch of the text; what stands behind
    /// them is of no interest any more.
    bits: Vec<u64>,
    /// How many numbers hold the bits of a stretch.
    width: usize,
    /// Tokens that each stretch but the last has at least.
    tokens: u32,
    /// Where each stretch begins.
    begins: Vec<usize>,
}

pub(super) fn set(bits: &mut [u64], at: usize) {
    bits[at / 64] |= 1 << (at % 64);
}

#[inline]
fn has(bits: &[u64], at: usize) -> bool {
    bits.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
}

impl OpenGates {
    /// Whether the rule behind `gate` may match.
    #[must_use]
    #[inline]
    pub fn is_open(&self, gate: Gate) -> bool {
        // Nearly every gate is closed by its first clause, the rarest.
        let [first, ..] = gate.clauses;
        (first == NO_CLAUSE || has(&self.bits, first as usize)) && self.satisfies(gate)
    }

    /// The open gates of a list, as places in it, in order.
    pub fn open_of<'g>(&'g self, list: &'g GateList) -> impl Iterator<Item = usize> + 'g {
        self.open_in(list.run).filter(|&at| self.satisfies(list.gates[at]))
    }

    fn satisfies(&self, gate: Gate) -> bool {
        let far = gate.is_far() || gate.clauses[1] == NO_CLAUSE;
        gate.clauses().all(|clause| has(&self.bits, clause)) && (far || self.near(gate).next().is_some())
    }

    fn stretches(&self) -> usize {
        self.begins.len()
    }

    /// How many stretches away from a literal of a match its other literals can be: so many tokens and more are in each
    /// stretch between two that are further apart.
    fn reach(&self, gate: Gate) -> usize {
        (u32::from(gate.reach) / self.tokens) as usize + 1
    }

    /// The stretches in which the first clause, the rarest, is satisfied, and the others as near as a match can reach.
    fn near(&self, gate: Gate) -> impl Iterator<Item = usize> + '_ {
        let reach = self.reach(gate);
        let of = |stretch: usize| &self.bits[(stretch + 1) * self.width..];
        let clauses = gate.clauses;
        (0..self.stretches()).filter(move |&stretch| {
            let satisfied = |clause: u32, reach: usize| {
                let mut around = stretch.saturating_sub(reach)..self.stretches().min(stretch + reach + 1);
                clause == NO_CLAUSE || around.any(|stretch| has(of(stretch), clause as usize))
            };
            let [first, further @ ..] = clauses;
            satisfied(first, 0) && further.iter().all(|&clause| satisfied(clause, reach))
        })
    }

    /// Whether `test` says so of a part of a text of `len` bytes. Whatever the gate, which must not be a [far
    /// one](Gate::is_far), may let match lies in one of the parts, which do not overlap.
    pub(super) fn any_part(&self, gate: Gate, len: usize, mut test: impl FnMut(Range<usize>) -> bool) -> bool {
        // A word is counted where it ends, so a match may begin in the stretch before.
        let reach = self.reach(gate) + 1;
        // The last may begin behind the text, with a block that the text does not fill.
        let begin = |stretch: usize| self.begins.get(stretch).map_or(len, |&begin| begin.min(len));
        let mut part: Option<Range<usize>> = None;
        for stretch in self.near(gate) {
            let (start, end) = (begin(stretch.saturating_sub(reach)), begin(stretch + reach + 1));
            match &mut part {
                Some(part) if start <= part.end => part.end = end,
                _ => {
                    if part.replace(start..end).is_some_and(&mut test) {
                        return true;
                    }
                }
            }
        }
        part.is_some_and(test)
    }

    /// The open gates of a run, as places in it, in order.
    pub fn open_in(&self, run: GateRun) -> impl Iterator<Item = usize> + '_ {
        let (first, end) = (run.first as usize, (run.first + run.len) as usize);
        let word = |at: usize| self.bits.get(at).copied().unwrap_or(0);
        let mut at = first / 64;
        let mut bits = if run.len == 0 { 0 } else { word(at) & u64::MAX << (first % 64) };
        std::iter::from_fn(move || {
            while bits == 0 {
                at += 1;
                if at * 64 >= end {
                    return None;
                }
                bits = word(at);
            }
            let clause = at * 64 + bits.trailing_zeros() as usize;
            bits &= bits - 1;
            (clause < end).then(|| clause - first)
        })
    }
}

/// The gates of a text that is being read.
pub(super) struct Reading {
    open: OpenGates,
    /// Tokens of the last stretch so far.
    read: u32,
}

/// Bytes of a usual token and the blank behind it.
const TOKEN: usize = 6;

impl Reading {
    /// For a text of so many bytes, of which each satisfies these clauses.
    pub(super) fn new(satisfied: &[u64], len: usize) -> Self {
        let width = satisfied.len();
        let stretches = (len / (TOKEN * STRETCH as usize)).min(MAX_STRETCHES);
        let mut bits = Vec::with_capacity(width * (stretches + 2));
        bits.extend_from_slice(satisfied);
        bits.resize(2 * width, 0);
        let mut begins = Vec::with_capacity(stretches + 1);
        begins.push(0);
        Reading { open: OpenGates { bits, width, tokens: STRETCH, begins }, read: 0 }
    }

    /// The clauses of the last stretch.
    pub(super) fn bits(&mut self) -> &mut [u64] {
        let last = self.open.bits.len() - self.open.width;
        &mut self.open.bits[last..]
    }

    /// To be called behind each block with the tokens that begin in it: whether the stretch has enough.
    #[inline]
    pub(super) fn has_read_tokens(&mut self, tokens: u32) -> bool {
        self.read += tokens;
        self.read >= self.open.tokens
    }

    /// Begins a new stretch there.
    #[inline(never)]
    pub(super) fn next_stretch(&mut self, begin: usize) {
        let OpenGates { bits, width, tokens, begins } = &mut self.open;
        let width = *width;
        if begins.len() == MAX_STRETCHES {
            // The first of each pair takes in the second.
            for stretch in 1..=MAX_STRETCHES {
                for at in 0..width {
                    let second = bits[stretch * width + at];
                    let first = &mut bits[stretch.div_ceil(2) * width + at];
                    *first = if stretch % 2 == 1 { second } else { *first | second };
                }
            }
            bits.truncate((MAX_STRETCHES / 2 + 1) * width);
            *begins = begins.iter().copied().step_by(2).collect();
            *tokens *= 2;
        }
        begins.push(begin);
        bits.resize(bits.len() + width, 0);
        self.read = 0;
    }

    /// The gates of the whole text.
    pub(super) fn done(mut self) -> OpenGates {
        let (whole, stretches) = self.open.bits.split_at_mut(self.open.width);
        for stretch in stretches.chunks_exact(whole.len()) {
            whole.iter_mut().zip(stretch).for_each(|(all, bits)| *all |= bits);
        }
        self.open
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Of a text of a clause a token, or none: a gate is open where its clauses are within reach, and may be where
        /// they are not much further apart.
        #[test]
        fn clauses_within_reach_open_a_gate(
            clauses in prop::collection::vec(prop::option::weighted(0.02, 0..130usize), 0..9000),
            pair in (0..130usize, 0..130usize), tokens in 1u32..70
        ) {
            let mut reading = Reading::new(&[0; 3], 0);
            for (at, clause) in clauses.iter().enumerate() {
                if reading.has_read_tokens(1) {
                    reading.next_stretch(at);
                }
                clause.iter().for_each(|&clause| set(reading.bits(), clause));
            }
            let open = reading.done();
            let of = |wanted: usize| -> Vec<usize> { (0..clauses.len()).filter(|&at| clauses[at] == Some(wanted)).collect() };
            let [first, second] = [of(pair.0), of(pair.1)];
            let apart = first.iter().flat_map(|a| second.iter().map(|b| a.abs_diff(*b))).min();
            let gate = Gate::new([pair.0, pair.1].map(|clause| clause as u32), Some(tokens));
            let far = Gate::new([pair.0, pair.1].map(|clause| clause as u32), None);
            prop_assert_eq!(open.is_open(far), apart.is_some());
            if apart.is_some_and(|apart| apart <= tokens as usize) {
                prop_assert!(open.is_open(gate));
            }
            let slack = (tokens + 3 * open.tokens) as usize;
            if tokens < MAX_REACH && apart.is_none_or(|apart| apart > slack) {
                prop_assert!(!open.is_open(gate));
            }
            prop_assert!(open.bits.len() <= (MAX_STRETCHES + 1) * 3);
        }
    }
}
