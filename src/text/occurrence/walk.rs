//! Following the steps of an expression through a text: from all places at once, so that it takes linear time.

use super::place_set::PlaceSet;
use super::starts::Starts;
use super::step::{Choice, Lead, Literal, Step};
use crate::text::byte_set::ByteSet;
use crate::text::search::window;
use std::cell::OnceCell;

/// What becomes of negative lookaheads. Passed over, they let more occur: that is asked first, as it takes less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bars {
    Heeded,
    Passed,
}

/// A text through which steps are followed.
pub(super) struct Walk<'t> {
    text: &'t [u8],
    /// They lead no further.
    end: usize,
    bars: Bars,
    backwards: OnceCell<Vec<u8>>,
}

impl<'t> Walk<'t> {
    pub fn new(text: &'t [u8], end: usize, bars: Bars) -> Self {
        Walk { text, end, bars, backwards: OnceCell::new() }
    }

    /// Every place to which the step leads from any of those.
    pub fn reached(&self, step: &Step, from: &PlaceSet) -> PlaceSet {
        let mut reached = PlaceSet::from_on(from);
        self.follow(step, from, &mut reached);
        reached
    }

    /// Adds every place to which the step leads from any of those.
    fn follow(&self, step: &Step, from: &PlaceSet, to: &mut PlaceSet) {
        match step {
            Step::Literal(literal) => {
                let there = from.iter().filter(|&at| self.is_there(literal, at));
                there.for_each(|at| to.insert(at + literal.bytes.len()));
            }
            Step::Byte(set) => {
                from.iter().filter(|&at| self.has(at, set)).for_each(|at| to.insert(at + 1));
            }
            Step::Seq(steps) => self.follow_all(steps, from, to),
            Step::Any(choice) => self.follow_any(choice, from, to),
            Step::Rep { min, max, of } => match &**of {
                Step::Byte(set) => self.follow_run(set, *min as usize, max.map(|max| max as usize), from, to),
                of => self.follow_again(of, *min, *max, from, to),
            },
            Step::Look(look) => from.iter().filter(|&at| look.holds(self.text, at)).for_each(|at| to.insert(at)),
            Step::Not(bar) if self.bars == Bars::Heeded => {
                let barred = self.leads_back(bar);
                from.iter().filter(|&at| !barred.has(self.text.len() - at)).for_each(|at| to.insert(at));
            }
            Step::Not(_) => to.add(from),
        }
    }

    fn has(&self, at: usize, set: &ByteSet) -> bool {
        at < self.end && set.has(self.text[at])
    }

    fn is_there(&self, literal: &Literal, at: usize) -> bool {
        literal.begins(&self.text[at..self.end], window(&self.text[at..]))
    }

    fn follow_all(&self, steps: &[Step], from: &PlaceSet, to: &mut PlaceSet) {
        let [first, between @ .., last] = steps else {
            match steps {
                [step] => self.follow(step, from, to),
                _ => to.add(from),
            }
            return;
        };
        let (mut reached, mut next) = (self.reached(first, from), PlaceSet::default());
        for step in between {
            if !next.clear_from_on(&reached) {
                return;
            }
            self.follow(step, &reached, &mut next);
            std::mem::swap(&mut reached, &mut next);
        }
        self.follow(last, &reached, to);
    }

    fn follow_any(&self, choice: &Choice, from: &PlaceSet, to: &mut PlaceSet) {
        let steps = &choice.steps;
        // Steps that begin at a place, but for those that are literals.
        let mut begun = Vec::new();
        if choice.has_leads() {
            for at in from.iter().take_while(|&at| at < self.end) {
                let (rest, first) = (&self.text[at..self.end], window(&self.text[at..]));
                for Lead { literal, step } in choice.leads(self.text[at]) {
                    if !literal.begins(rest, first) {
                        continue;
                    }
                    match &steps[*step] {
                        Step::Literal(literal) => to.insert(at + literal.bytes.len()),
                        _ => begun.push((*step, at)),
                    }
                }
            }
        }
        begun.sort_unstable();
        for same in begun.chunk_by(|a, b| a.0 == b.0) {
            let mut own = PlaceSet::from_on(from);
            same.iter().for_each(|&(_, at)| own.insert(at));
            self.follow(&steps[same[0].0], &own, to);
        }
        choice.others.iter().for_each(|&other| self.follow(&steps[other], from, to));
    }

    /// Follows a run of these bytes.
    fn follow_run(&self, set: &ByteSet, min: usize, max: Option<usize>, from: &PlaceSet, to: &mut PlaceSet) {
        // Where the run ends in which the place is, and what is added already.
        let (mut end, mut added) = (0, 0);
        for at in from.iter() {
            if at >= end {
                let run = self.text[at..self.end].iter().take_while(|&&b| set.has(b));
                end = at + run.count();
            }
            let last = max.map_or(end, |max| end.min(at + max));
            let first = added.max(at + min);
            if first <= last {
                to.insert_all(first..=last);
                added = last + 1;
            }
        }
    }

    fn follow_again(&self, of: &Step, min: u32, max: Option<u32>, from: &PlaceSet, to: &mut PlaceSet) {
        let mut reached = from.clone();
        for _ in 0..min {
            reached = self.reached(of, &reached);
        }
        let mut all = reached.clone();
        match max {
            Some(max) => {
                // From where it has been with fewer steps it need not go on.
                for _ in min..max {
                    reached = self.reached(of, &reached);
                    reached.remove(&all);
                    if reached.is_empty() {
                        break;
                    }
                    all.add(&reached);
                }
            }
            None => {
                let mut last = PlaceSet::default();
                while let Some(near) = reached.take_near(&last) {
                    let mut next = self.reached(of, &near);
                    next.remove(&all);
                    all.add(&next);
                    reached.add(&next);
                    last = near;
                }
            }
        }
        to.add(&all);
    }

    /// From where the step, which is held backwards, leads anywhere: counted from the end.
    fn leads_back(&self, step: &Step) -> PlaceSet {
        let backwards = self.backwards.get_or_init(|| self.text.iter().rev().copied().collect());
        let walk = Walk::new(backwards, backwards.len(), Bars::Heeded);
        walk.reached(step, &Starts::of(step, false).in_part(backwards, 0..backwards.len()))
    }
}
