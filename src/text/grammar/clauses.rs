//! Which literals a phrase needs, for the prefilter.

use super::Node;
use crate::text::literals::{Clause, choose, either};

/// Sets of literals larger than this are not spelled out.
const MAX_SET: usize = 96;

/// What is known about a part.
struct Info {
    /// All strings the part can match, if they are few and have no blank in them.
    exact: Option<Clause>,
    /// Sets of literals of which one each is in every match.
    clauses: Vec<Clause>,
}

/// The clauses of a phrase, the rarest first; empty when no literal is worth looking for.
pub(super) fn clauses(node: &Node) -> Vec<Clause> {
    let Info { exact, mut clauses } = info(node);
    clauses.extend(exact);
    choose(clauses)
}

fn empty() -> Clause {
    vec![Vec::new()]
}

fn info(node: &Node) -> Info {
    match node {
        Node::Edge | Node::Start | Node::End | Node::Not(_) => Info { exact: Some(empty()), clauses: Vec::new() },
        Node::Set(_) => Info { exact: None, clauses: Vec::new() },
        Node::Text(bytes) if bytes.contains(&b' ') => {
            let clauses = bytes.split(|&b| b == b' ').map(|word| vec![word.to_vec()]).collect();
            Info { exact: None, clauses }
        }
        Node::Text(bytes) => Info { exact: Some(vec![bytes.clone()]), clauses: Vec::new() },
        Node::Seq(parts) => sequence(parts),
        Node::Any(parts) => alternatives(parts),
        Node::Rep { min: 0, max: Some(1), of } => {
            let exact = info(of).exact.map(|mut set| {
                set.push(Vec::new());
                set
            });
            Info { exact, clauses: Vec::new() }
        }
        Node::Rep { min: 0, .. } => Info { exact: None, clauses: Vec::new() },
        Node::Rep { of, .. } => {
            let Info { exact, mut clauses } = info(of);
            clauses.extend(exact);
            Info { exact: None, clauses }
        }
    }
}

fn sequence(parts: &[Node]) -> Info {
    let mut clauses = Vec::new();
    let mut whole = true;
    let mut run = empty();
    for part in parts {
        // A text with blanks joins its first and last word to its neighbours.
        if let Node::Text(bytes) = part
            && bytes.contains(&b' ')
        {
            whole = false;
            let words: Vec<&[u8]> = bytes.split(|&b| b == b' ').collect();
            if let [first, inner @ .., last] = words.as_slice() {
                clauses.push(cross(&run, &[first.to_vec()]));
                clauses.extend(inner.iter().map(|w| vec![w.to_vec()]));
                run = vec![last.to_vec()];
            }
            continue;
        }
        let sub = info(part);
        clauses.extend(sub.clauses);
        match sub.exact {
            Some(exact) if run.len() * exact.len() <= MAX_SET => run = cross(&run, &exact),
            exact => {
                whole = false;
                clauses.push(std::mem::replace(&mut run, exact.unwrap_or_else(empty)));
            }
        }
    }
    if whole {
        Info { exact: Some(run), clauses }
    } else {
        clauses.push(run);
        Info { exact: None, clauses }
    }
}

fn cross(left: &[Vec<u8>], right: &[Vec<u8>]) -> Clause {
    left.iter().flat_map(|l| right.iter().map(move |r| [l.as_slice(), r].concat())).collect()
}

fn alternatives(parts: &[Node]) -> Info {
    let subs: Vec<Info> = parts.iter().map(info).collect();
    let exact = subs.iter().try_fold(Vec::new(), |mut all: Clause, sub| {
        all.extend(sub.exact.as_ref()?.iter().cloned());
        (all.len() <= MAX_SET).then_some(all)
    });
    if exact.is_some() {
        return Info { exact, clauses: Vec::new() };
    }
    let alternatives = subs.into_iter().map(|sub| sub.clauses.into_iter().chain(sub.exact).collect()).collect();
    Info { exact: None, clauses: either(alternatives) }
}
