//! Whether an expression occurs in folded bytes, and nothing else.
//!
//! Expressions behind the prefilter are many and meet few texts each, so at first nothing is compiled: an expression is
//! followed through the text step by step, from all places at once ([`walk`]). To make an automaton takes as long as that
//! in forty texts. It runs in a quarter of the time, so an expression that has met many texts, or a long one, is given one
//! ([`automaton`]).

mod automaton;
mod place_set;
mod starts;
mod step;
mod walk;

pub(super) use step::{Look, Step};

use super::gates::Gate;
use super::pattern::count_compiled;
use super::view::Text;
use automaton::Automaton;
use regex_syntax::hir::{self, Hir};
use starts::Starts;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use walk::{Bars, Walk};

/// An expression that is only asked whether it occurs.
#[derive(Debug)]
pub(super) struct Occurrence {
    /// Without the edge of a word that it may begin with.
    step: Step,
    at_edge: bool,
    starts: Starts,
    has_bars: bool,
    /// Bytes in which it was looked for step by step.
    walked: AtomicUsize,
    /// Of the expression without negative lookaheads.
    automaton: OnceLock<Box<Automaton>>,
}

/// An expression that was looked for in so many bytes is given an automaton: so long does it take to make one.
const MANY_BYTES: usize = 64 << 10;

impl Occurrence {
    /// Of an expression over bytes.
    pub(super) fn new(mut step: Step) -> Self {
        count_compiled();
        let at_edge = step.take_edge();
        Occurrence {
            starts: Starts::of(&step, at_edge),
            has_bars: step.has_bars(),
            walked: AtomicUsize::new(0),
            automaton: OnceLock::new(),
            step,
            at_edge,
        }
    }

    /// Whether the expression occurs in the folded view of a text, of which the gate, that is open, tells in which parts
    /// it can.
    pub(super) fn is_in(&self, text: &Text<'_>, gate: Gate) -> bool {
        let folded = text.folded();
        text.any_part(gate, |part| self.may_be_in(folded, part))
            && (!self.has_bars || self.leads_on(folded, 0..folded.len(), Bars::Heeded))
    }

    /// Whether it occurs in bytes of a folded view.
    pub(super) fn is_in_bytes(&self, bytes: &[u8]) -> bool {
        let part = 0..bytes.len();
        self.may_be_in(bytes, part.clone()) && (!self.has_bars || self.leads_on(bytes, part, Bars::Heeded))
    }

    /// Whether it occurs in a part of the bytes, negative lookaheads passed over; at its ends the bytes around it are seen.
    fn may_be_in(&self, bytes: &[u8], part: Range<usize>) -> bool {
        if matches!(self.starts, Starts::Start) {
            // One place is soon left, while an automaton would look for a beginning in all of the text.
            return self.leads_on(bytes, part, Bars::Passed);
        }
        // That threads may count at the same time does no harm.
        let walked = self.walked.load(Ordering::Relaxed) + part.len();
        if walked > MANY_BYTES {
            return self.automaton.get_or_init(|| Box::new(Automaton::new(&self.expression()))).is_in(bytes, part);
        }
        self.walked.store(walked, Ordering::Relaxed);
        self.leads_on(bytes, part, Bars::Passed)
    }

    /// As [`Occurrence::may_be_in`], step by step.
    fn leads_on(&self, bytes: &[u8], part: Range<usize>, bars: Bars) -> bool {
        let walk = Walk::new(bytes, part.end, bars);
        !walk.reached(&self.step, &self.starts.in_part(bytes, part)).is_empty()
    }

    fn expression(&self) -> Hir {
        let edge = if self.at_edge { Hir::look(hir::Look::WordAscii) } else { Hir::empty() };
        Hir::concat(vec![edge, Hir::from(&self.step)])
    }
}

#[cfg(test)]
mod tests;
