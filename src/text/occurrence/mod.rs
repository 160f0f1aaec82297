//! Whether an expression occurs in folded bytes, and nothing else.
//!
//! Expressions behind the prefilter are many and meet few texts each, so there is nothing to compile: an expression is
//! followed through the text step by step, from all places at once ([`walk`]). The automata of the `regex` crate would
//! take as long to be made as forty texts take here.

mod byte_set;
mod place_set;
mod starts;
mod step;
mod walk;

pub(super) use step::{Look, Step};

use super::gates::Gate;
use super::pattern::count_compiled;
use super::view::Text;
use starts::Starts;
use std::ops::Range;
use walk::{Bars, Walk};

/// An expression that is only asked whether it occurs.
#[derive(Debug)]
pub(super) struct Occurrence {
    step: Step,
    starts: Starts,
    has_bars: bool,
}

impl Occurrence {
    /// Of an expression over bytes.
    pub(super) fn new(mut step: Step) -> Self {
        count_compiled();
        let at_edge = step.take_edge();
        Occurrence { starts: Starts::of(&step, at_edge), has_bars: step.has_bars(), step }
    }

    /// Whether the expression occurs in the folded view of a text, of which the gate, that is open, tells in which parts
    /// it can.
    pub(super) fn is_in(&self, text: &Text<'_>, gate: Gate) -> bool {
        let folded = text.folded();
        text.any_part(gate, |part| self.is_in_part(folded, part, Bars::Passed))
            && (!self.has_bars || self.is_in_part(folded, 0..folded.len(), Bars::Heeded))
    }

    /// Whether it occurs in bytes of a folded view.
    pub(super) fn is_in_bytes(&self, bytes: &[u8]) -> bool {
        self.is_in_part(bytes, 0..bytes.len(), Bars::Heeded)
    }

    /// Whether it occurs in a part of the bytes; at its ends the bytes around it are seen.
    fn is_in_part(&self, bytes: &[u8], part: Range<usize>, bars: Bars) -> bool {
        let walk = Walk::new(bytes, part.end, bars);
        let (mut start, mut len) = (part.start, FIRST_PIECE);
        loop {
            let end = part.end.min(start + len);
            if !walk.from(&self.step, &self.starts.in_part(bytes, start..end)).is_empty() {
                return true;
            }
            if end == part.end {
                return false;
            }
            (start, len) = (end, 2 * len);
        }
    }
}

/// So many places are where an occurrence is looked for at first, then twice as many and so on: what stands at the beginning
/// of a long text is found soon, and an expression without a limit is not followed through the text many times.
const FIRST_PIECE: usize = 4096;

#[cfg(test)]
mod tests;
