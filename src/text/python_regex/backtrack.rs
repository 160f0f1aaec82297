//! The engine for what automata cannot do: looking around, referring back, refusing to give back.
//!
//! It tries alternatives in Python's order and takes them back one by one, over an explicit stack, so the text's length
//! is no matter of the call stack. What Python would spend hours on is given up after a number of steps.

use super::ast::{At, Kind, Node, UNBOUNDED};
use super::charset::{CharSet, Fold};
use crate::text::chars;
use crate::text::span::ByteSpan;
use std::sync::Arc;

/// Steps that a search may take: this many, and [`STEPS_PER_BYTE`] more for each byte of the text.
const STEPS: usize = 20_000_000;
const STEPS_PER_BYTE: usize = 100;

/// No place: a group that took no part.
const UNSET: usize = usize::MAX;

/// One step of the compiled pattern. Targets are indices of steps.
#[derive(Debug)]
enum Step {
    Set(Arc<CharSet>),
    At(At),
    /// First one way, then the other.
    Split {
        first: usize,
        second: usize,
    },
    Jump(usize),
    /// Writes the place into a slot.
    Save(usize),
    /// One character of the set again and again.
    Run {
        set: Arc<CharSet>,
        min: u32,
        max: u32,
        kind: Kind,
    },
    /// Sets a loop's counter to zero.
    LoopStart(usize),
    /// Decides whether to go on with a loop's body, which is the next step, or past it.
    Loop {
        id: usize,
        min: u32,
        max: u32,
        lazy: bool,
        exit: usize,
    },
    /// A further turn of a lazy loop, whose body is `body`.
    LoopAgain {
        id: usize,
        body: usize,
    },
    /// From here to the matching [`Step::AtomicEnd`] the first success counts.
    AtomicStart,
    AtomicEnd,
    /// A look around, `behind` characters back; goes on after `end`.
    LookStart {
        behind: usize,
        negated: bool,
        end: usize,
    },
    LookEnd {
        negated: bool,
    },
    Backref {
        group: usize,
        fold: Fold,
    },
    /// Goes on if the group took part, else to `no`.
    Condition {
        group: usize,
        no: usize,
    },
    Fail,
    Match,
}

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Program {
    steps: Vec<Step>,
    groups: usize,
    loops: usize,
    /// The characters a match can begin with, where they are known.
    first: Option<CharSet>,
}

/// The search took more steps than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TooManySteps;

impl Program {
    /// Compiles a pattern with so many groups.
    pub(super) fn new(node: &Node, groups: usize) -> Self {
        let first = match first_set(node) {
            First::Of(set) => Some(set),
            First::Anything | First::Nothing => None,
        };
        let mut program = Program { steps: Vec::new(), groups, loops: 0, first };
        program.push(node);
        program.steps.push(Step::Match);
        program
    }

    fn push(&mut self, node: &Node) {
        match node {
            Node::Set(set) => self.steps.push(Step::Set(Arc::clone(set))),
            Node::At(at) => self.steps.push(Step::At(*at)),
            Node::Concat(nodes) => nodes.iter().for_each(|node| self.push(node)),
            Node::Alternate(nodes) => self.push_alternatives(nodes),
            Node::Repeat { node, min, max, kind } => self.push_repeat(node, *min, *max, *kind),
            Node::Group { index, node } => {
                self.steps.push(Step::Save(2 * index));
                self.push(node);
                self.steps.push(Step::Save(2 * index + 1));
            }
            Node::Atomic(node) => {
                self.steps.push(Step::AtomicStart);
                self.push(node);
                self.steps.push(Step::AtomicEnd);
            }
            Node::Look { behind, negated, node } => {
                let at = self.hole();
                self.push(node);
                self.steps.push(Step::LookEnd { negated: *negated });
                let end = self.steps.len();
                self.steps[at] = Step::LookStart { behind: behind.unwrap_or(0), negated: *negated, end };
            }
            Node::Backref { group, fold } => self.steps.push(Step::Backref { group: *group, fold: *fold }),
            Node::Condition { group, yes, no } => {
                let at = self.hole();
                self.push(yes);
                let jump = self.hole();
                self.steps[at] = Step::Condition { group: *group, no: self.steps.len() };
                self.push(no);
                self.steps[jump] = Step::Jump(self.steps.len());
            }
        }
    }

    /// A step to be filled in later.
    fn hole(&mut self) -> usize {
        self.steps.push(Step::Fail);
        self.steps.len() - 1
    }

    fn push_alternatives(&mut self, nodes: &[Node]) {
        let mut jumps = Vec::new();
        for (i, node) in nodes.iter().enumerate() {
            if i + 1 == nodes.len() {
                self.push(node);
                break;
            }
            let split = self.hole();
            self.push(node);
            jumps.push(self.hole());
            self.steps[split] = Step::Split { first: split + 1, second: self.steps.len() };
        }
        for jump in jumps {
            self.steps[jump] = Step::Jump(self.steps.len());
        }
    }

    fn push_repeat(&mut self, node: &Node, min: u32, max: u32, kind: Kind) {
        if let Node::Set(set) = node {
            self.steps.push(Step::Run { set: Arc::clone(set), min, max, kind });
            return;
        }
        let id = self.loops;
        self.loops += 1;
        let possessive = kind == Kind::Possessive;
        if possessive {
            self.steps.push(Step::AtomicStart);
        }
        self.steps.push(Step::LoopStart(id));
        let at = self.hole();
        if possessive {
            // Each turn is final by itself as well.
            self.steps.push(Step::AtomicStart);
        }
        self.push(node);
        if possessive {
            self.steps.push(Step::AtomicEnd);
        }
        self.steps.push(Step::Jump(at));
        let lazy = kind == Kind::Lazy;
        if lazy {
            self.steps.push(Step::LoopAgain { id, body: at + 1 });
        }
        self.steps[at] = Step::Loop { id, min, max, lazy, exit: self.steps.len() };
        if possessive {
            self.steps.push(Step::AtomicEnd);
        }
    }

    /// A search of the text, match by match.
    pub(super) fn search<'m>(&'m self, text: &'m str) -> Search<'m> {
        let machine = Machine {
            program: self,
            text,
            slots: Vec::new(),
            loops: vec![(0, UNSET); self.loops],
            stack: Vec::new(),
            atoms: Vec::new(),
            left: STEPS.saturating_add(text.len().saturating_mul(STEPS_PER_BYTE)),
        };
        Search { machine, from: 0, advance: false }
    }
}

/// The matches of a text, left to right.
pub(super) struct Search<'m> {
    machine: Machine<'m>,
    from: usize,
    /// The last match was empty: the next one must not be empty at the same place.
    advance: bool,
}

impl Search<'_> {
    /// The groups of the next match; the matches end early when the steps are spent.
    pub(super) fn next(&mut self) -> Option<Vec<Option<ByteSpan>>> {
        let text = self.machine.text;
        let from = self.from;
        let starts = text[from..].char_indices().map(|(i, c)| (from + i, Some(c))).chain([(text.len(), None)]);
        for (start, c) in starts {
            let first = self.machine.program.first.as_ref();
            if first.is_some_and(|first| !c.is_some_and(|c| first.has(u32::from(c)))) {
                continue;
            }
            let not_empty_at = (self.advance && start == from).then_some(start);
            if let Some(end) = self.machine.run(start, not_empty_at).ok()? {
                self.from = end;
                self.advance = start == end;
                let slots = &mut self.machine.slots;
                (slots[0], slots[1]) = (start, end);
                let group = |slot: &[usize]| match *slot {
                    [start, end] if start != UNSET && end != UNSET && start <= end => Some(ByteSpan { start, end }),
                    _ => None,
                };
                return Some(slots.chunks(2).map(group).collect());
            }
        }
        None
    }
}

/// What to do when an alternative fails, from the top of the stack.
#[derive(Debug)]
enum Undo {
    /// Go on here.
    Resume { step: usize, at: usize },
    /// A run that may give back one more character, down to `least`.
    GiveBack { step: usize, least: usize, at: usize },
    /// A lazy run that may take one more character.
    TakeMore { step: usize, at: usize, left: u32 },
    /// The slot held this before.
    Slot { slot: usize, before: usize },
    /// The loop's counter and last place were these before.
    Loop { id: usize, before: (u32, usize) },
    /// An atomic part or a look around was entered.
    Atom,
}

struct Machine<'m> {
    program: &'m Program,
    text: &'m str,
    /// Start and end of each group, [`UNSET`] for groups that took no part.
    slots: Vec<usize>,
    /// For each loop: turns taken, and where the last turn beyond the minimum began.
    loops: Vec<(u32, usize)>,
    stack: Vec<Undo>,
    /// For each atomic part or look around that is open: height of the stack and place at its beginning.
    atoms: Vec<(usize, usize)>,
    left: usize,
}

impl Machine<'_> {
    fn char_at(&self, at: usize) -> Option<char> {
        self.text[at..].chars().next()
    }

    fn char_before(&self, at: usize) -> Option<char> {
        self.text[..at].chars().next_back()
    }

    fn spend(&mut self, steps: usize) -> Result<(), TooManySteps> {
        self.left = self.left.checked_sub(steps).ok_or(TooManySteps)?;
        Ok(())
    }

    /// The end of the match that begins at `start`; an empty one at `not_empty_at` does not count.
    fn run(&mut self, start: usize, not_empty_at: Option<usize>) -> Result<Option<usize>, TooManySteps> {
        self.slots.clear();
        self.slots.resize(2 * self.program.groups, UNSET);
        self.stack.clear();
        self.atoms.clear();
        let mut step = 0;
        let mut at = start;
        loop {
            self.spend(1)?;
            let went_on = match &self.program.steps[step] {
                Step::Match if not_empty_at != Some(at) => return Ok(Some(at)),
                Step::Match | Step::Fail => None,
                Step::Set(set) => {
                    let c = self.char_at(at).filter(|&c| set.has(u32::from(c)));
                    c.map(|c| (step + 1, at + c.len_utf8()))
                }
                Step::At(place) => self.is_at(*place, at).then_some((step + 1, at)),
                Step::Split { first, second } => {
                    self.stack.push(Undo::Resume { step: *second, at });
                    Some((*first, at))
                }
                Step::Jump(to) => Some((*to, at)),
                Step::Save(slot) => {
                    self.stack.push(Undo::Slot { slot: *slot, before: self.slots[*slot] });
                    self.slots[*slot] = at;
                    Some((step + 1, at))
                }
                Step::Run { set, min, max, kind } => {
                    self.run_of(set, *min, *max, *kind, step + 1, at)?.map(|at| (step + 1, at))
                }
                Step::LoopStart(id) => {
                    self.set_loop(*id, (0, UNSET));
                    Some((step + 1, at))
                }
                Step::Loop { id, min, max, lazy, exit } => {
                    let (turns, last) = self.loops[*id];
                    if turns < *min {
                        self.set_loop(*id, (turns + 1, last));
                        Some((step + 1, at))
                    } else if (turns >= *max && *max != UNBOUNDED) || at == last {
                        Some((*exit, at))
                    } else if *lazy {
                        self.stack.push(Undo::Resume { step: *exit - 1, at });
                        Some((*exit, at))
                    } else {
                        self.stack.push(Undo::Resume { step: *exit, at });
                        self.set_loop(*id, (turns.saturating_add(1), at));
                        Some((step + 1, at))
                    }
                }
                Step::LoopAgain { id, body } => {
                    let turns = self.loops[*id].0;
                    self.set_loop(*id, (turns.saturating_add(1), at));
                    Some((*body, at))
                }
                Step::AtomicStart => {
                    self.open_atom(at);
                    Some((step + 1, at))
                }
                Step::AtomicEnd => {
                    self.close_atom();
                    Some((step + 1, at))
                }
                Step::LookStart { behind, negated, end } => self
                    .look(*behind, *negated, *end, at)
                    .map(|(inside, to)| (if inside { step + 1 } else { *end }, to)),
                Step::LookEnd { negated: false } => {
                    let began = self.close_atom();
                    Some((step + 1, began))
                }
                Step::LookEnd { negated: true } => {
                    self.undo_atom();
                    None
                }
                Step::Backref { group, fold } => self.same_again(*group, *fold, at)?.map(|at| (step + 1, at)),
                Step::Condition { group, no } => {
                    let took_part = self.slots[2 * group + 1] != UNSET;
                    Some((if took_part { step + 1 } else { *no }, at))
                }
            };
            match went_on.or_else(|| self.undo()) {
                Some(next) => (step, at) = next,
                None => return Ok(None),
            }
        }
    }

    /// Takes back what was tried last: where to go on.
    fn undo(&mut self) -> Option<(usize, usize)> {
        loop {
            match self.stack.pop()? {
                Undo::Resume { step, at } => return Some((step, at)),
                Undo::GiveBack { step, least, at } => {
                    let at = at - self.char_before(at).map_or(0, char::len_utf8);
                    if at > least {
                        self.stack.push(Undo::GiveBack { step, least, at });
                    }
                    return Some((step, at));
                }
                Undo::TakeMore { step, at, left } => {
                    let Step::Run { set, .. } = &self.program.steps[step - 1] else { continue };
                    let Some(c) = self.char_at(at).filter(|&c| set.has(u32::from(c))) else { continue };
                    let at = at + c.len_utf8();
                    if left > 1 {
                        let left = if left == UNBOUNDED { left } else { left - 1 };
                        self.stack.push(Undo::TakeMore { step, at, left });
                    }
                    return Some((step, at));
                }
                Undo::Slot { slot, before } => self.slots[slot] = before,
                Undo::Loop { id, before } => self.loops[id] = before,
                Undo::Atom => {
                    self.atoms.pop();
                }
            }
        }
    }

    fn set_loop(&mut self, id: usize, to: (u32, usize)) {
        self.stack.push(Undo::Loop { id, before: self.loops[id] });
        self.loops[id] = to;
    }

    fn open_atom(&mut self, at: usize) {
        self.atoms.push((self.stack.len(), at));
        self.stack.push(Undo::Atom);
    }

    /// Forgets the alternatives within the innermost atomic part, keeps what it changed; where it began.
    fn close_atom(&mut self) -> usize {
        // Steps nest as groups do: an end is only reached through its start.
        let (height, at) = self.atoms.pop().unwrap_or((0, 0));
        let mut kept = height;
        for i in height..self.stack.len() {
            if matches!(self.stack[i], Undo::Slot { .. } | Undo::Loop { .. }) {
                self.stack.swap(kept, i);
                kept += 1;
            }
        }
        self.stack.truncate(kept);
        at
    }

    /// Forgets the innermost look around and takes back what it changed.
    fn undo_atom(&mut self) {
        let (height, _) = self.atoms.pop().unwrap_or((0, 0));
        while self.stack.len() > height {
            match self.stack.pop() {
                Some(Undo::Slot { slot, before }) => self.slots[slot] = before,
                Some(Undo::Loop { id, before }) => self.loops[id] = before,
                _ => {}
            }
        }
        // Below lies the way on for a look around that does not match; this one did.
        self.stack.pop();
    }

    /// Enters a look around: whether inside or, when there is not so much text behind, past it, and where.
    fn look(&mut self, behind: usize, negated: bool, end: usize, at: usize) -> Option<(bool, usize)> {
        let mut from = at;
        for _ in 0..behind {
            match self.char_before(from) {
                Some(c) => from -= c.len_utf8(),
                None => return negated.then_some((false, at)),
            }
        }
        if negated {
            self.stack.push(Undo::Resume { step: end, at });
        }
        self.open_atom(at);
        Some((true, from))
    }

    /// Takes a run of characters: where it ends for now, the alternatives noted for the step `then`.
    fn run_of(
        &mut self,
        set: &CharSet,
        min: u32,
        max: u32,
        kind: Kind,
        then: usize,
        at: usize,
    ) -> Result<Option<usize>, TooManySteps> {
        let wanted = if kind == Kind::Lazy { min } else { max };
        let (mut end, mut least, mut count) = (at, at, 0u32);
        for c in self.text[at..].chars() {
            if (count >= wanted && wanted != UNBOUNDED) || !set.has(u32::from(c)) {
                break;
            }
            end += c.len_utf8();
            count = count.saturating_add(1);
            if count == min {
                least = end;
            }
        }
        self.spend(end - at)?;
        if count < min {
            return Ok(None);
        }
        match kind {
            Kind::Greedy if end > least => self.stack.push(Undo::GiveBack { step: then, least, at: end }),
            Kind::Lazy if max > min => {
                let left = if max == UNBOUNDED { UNBOUNDED } else { max - min };
                self.stack.push(Undo::TakeMore { step: then, at: end, left });
            }
            _ => {}
        }
        Ok(Some(end))
    }

    /// Where the text of a group, met again at `at`, ends.
    fn same_again(&mut self, group: usize, fold: Fold, at: usize) -> Result<Option<usize>, TooManySteps> {
        let (start, end) = (self.slots[2 * group], self.slots[2 * group + 1]);
        if start == UNSET || end == UNSET || end < start {
            return Ok(None);
        }
        let text = self.text;
        let wanted = &text[start..end];
        self.spend(wanted.len())?;
        if fold == Fold::Exact {
            return Ok(text[at..].starts_with(wanted).then_some(at + wanted.len()));
        }
        let lower = |c: char| if fold == Fold::Ascii { c.to_ascii_lowercase() } else { chars::simple_lower(c) };
        let mut place = at;
        for c in wanted.chars() {
            match self.char_at(place) {
                Some(other) if lower(other) == lower(c) => place += other.len_utf8(),
                _ => return Ok(None),
            }
        }
        Ok(Some(place))
    }

    fn is_at(&self, place: At, at: usize) -> bool {
        let rest = &self.text[at..];
        match place {
            At::Start => at == 0,
            At::LineStart => at == 0 || self.text.as_bytes()[at - 1] == b'\n',
            At::End => rest.is_empty() || rest == "\n",
            At::LineEnd => rest.is_empty() || rest.starts_with('\n'),
            At::VeryEnd => rest.is_empty(),
            At::Edge { negated, ascii } => {
                let word = |c: char| if ascii { c.is_ascii_alphanumeric() || c == '_' } else { chars::is_word(c) };
                let edge = self.char_before(at).is_some_and(word) != self.char_at(at).is_some_and(word);
                !self.text.is_empty() && edge != negated
            }
        }
    }
}

/// The characters that a match of a part can begin with.
enum First {
    /// These.
    Of(CharSet),
    /// Any: nothing is known.
    Anything,
    /// The part takes no character itself: what follows decides.
    Nothing,
}

fn first_set(node: &Node) -> First {
    match node {
        Node::Set(set) => First::Of((**set).clone()),
        Node::At(_) | Node::Look { .. } => First::Nothing,
        Node::Concat(nodes) => {
            nodes.iter().map(first_set).find(|first| !matches!(first, First::Nothing)).unwrap_or(First::Nothing)
        }
        Node::Alternate(nodes) => {
            let all = nodes.iter().map(first_set).reduce(|all, first| match (all, first) {
                (First::Of(a), First::Of(b)) => First::Of(a.union(&b)),
                _ => First::Anything,
            });
            all.unwrap_or(First::Nothing)
        }
        Node::Repeat { node, min, .. } if *min > 0 => first_set(node),
        Node::Group { node, .. } | Node::Atomic(node) => first_set(node),
        Node::Repeat { .. } | Node::Backref { .. } | Node::Condition { .. } => First::Anything,
    }
}
