//! What a parsed pattern is made of.

use super::charset::{CharSet, Fold};
use std::sync::Arc;

/// No upper bound of a repetition; also the number from which Python calls a bound too large.
pub(super) const UNBOUNDED: u32 = u32::MAX;

/// A part of a pattern.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// One character of the set.
    Set(Arc<CharSet>),
    /// A place.
    At(At),
    /// One after the other; empty matches the empty text.
    Concat(Vec<Node>),
    /// The first that lets the rest match.
    Alternate(Vec<Node>),
    /// Again and again.
    Repeat { node: Box<Node>, min: u32, max: u32, kind: Kind },
    /// A numbered group.
    Group { index: usize, node: Box<Node> },
    /// What matched first, without a second thought.
    Atomic(Box<Node>),
    /// What stands ahead, or `width` characters behind.
    Look { behind: Option<usize>, negated: bool, node: Box<Node> },
    /// The text of a group again.
    Backref { group: usize, fold: Fold },
    /// One or the other, as the group took part or not.
    Condition { group: usize, yes: Box<Node>, no: Box<Node> },
}

/// A place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// The beginning of the text.
    Start,
    /// The beginning of a line.
    LineStart,
    /// The end of the text or before the newline that ends it.
    End,
    /// The end of a line.
    LineEnd,
    /// The very end of the text.
    VeryEnd,
    /// A word edge or, negated, none; to Python an empty text has neither.
    Edge { negated: bool, ascii: bool },
}

/// How a repetition goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// As often as possible.
    Greedy,
    /// As seldom as possible.
    Lazy,
    /// As often as possible, giving nothing back.
    Possessive,
}

/// Fewest and most characters that something matches; `most` saturates at [`UNBOUNDED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Width {
    /// Fewest.
    pub least: u64,
    /// Most.
    pub most: u64,
}

impl Width {
    const ZERO: Width = Width { least: 0, most: 0 };

    fn either(self, other: Width) -> Width {
        Width { least: self.least.min(other.least), most: self.most.max(other.most) }
    }

    fn capped(self) -> Width {
        let cap = u64::from(UNBOUNDED);
        Width { least: self.least.min(cap - 1), most: self.most.min(cap) }
    }
}

impl Node {
    /// How many characters the part matches, given the widths of the groups.
    pub(super) fn width(&self, groups: &[Option<Width>]) -> Width {
        match self {
            Node::Set(_) => Width { least: 1, most: 1 },
            Node::At(_) | Node::Look { .. } => Width::ZERO,
            Node::Concat(nodes) => {
                let sum = nodes.iter().map(|node| node.width(groups)).fold(Width::ZERO, |sum, width| Width {
                    least: sum.least.saturating_add(width.least),
                    most: sum.most.saturating_add(width.most),
                });
                sum.capped()
            }
            Node::Alternate(nodes) => {
                nodes.iter().map(|node| node.width(groups)).reduce(Width::either).unwrap_or(Width::ZERO)
            }
            Node::Repeat { node, min, max, .. } => {
                let width = node.width(groups);
                let least = width.least.saturating_mul(u64::from(*min));
                Width { least, most: width.most.saturating_mul(u64::from(*max)) }.capped()
            }
            Node::Group { node, .. } | Node::Atomic(node) => node.width(groups),
            Node::Backref { group, .. } => groups.get(*group).copied().flatten().unwrap_or(Width::ZERO),
            Node::Condition { yes, no, .. } => yes.width(groups).either(no.width(groups)),
        }
    }

    /// Whether `found` holds for the part or any part of it.
    pub(super) fn any(&self, found: &dyn Fn(&Node) -> bool) -> bool {
        found(self)
            || match self {
                Node::Set(_) | Node::At(_) | Node::Backref { .. } => false,
                Node::Concat(nodes) | Node::Alternate(nodes) => nodes.iter().any(|node| node.any(found)),
                Node::Repeat { node, .. } | Node::Group { node, .. } | Node::Atomic(node) | Node::Look { node, .. } => {
                    node.any(found)
                }
                Node::Condition { yes, no, .. } => yes.any(found) || no.any(found),
            }
    }
}
