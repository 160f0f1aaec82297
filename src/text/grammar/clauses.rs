//! Which literals a phrase needs, for the prefilter: one of these *and* one of those.
//!
//! A phrase of several words separated by blanks has no long literal, and each of its words alone is common; that
//! all of them occur is rare. So a phrase is given up to [`MAX_CLAUSES`] clauses, each a set of literals of which
//! at least one must be in the text.

use super::Node;

/// More clauses rule out little more.
const MAX_CLAUSES: usize = 3;
/// Sets of literals larger than this are not spelled out.
const MAX_SET: usize = 96;
/// Longer literals are cut: they rule out little more.
const MAX_LEN: usize = 12;
/// Words of every other English text: finding one rules out nothing.
const COMMON: &[&[u8]] = &[
    b"all", b"and", b"any", b"are", b"can", b"for", b"has", b"how", b"its", b"not", b"one", b"out", b"own", b"the",
    b"use", b"was", b"who", b"you", b"from", b"have", b"that", b"this", b"what", b"when", b"with", b"your",
];

type Clause = Vec<Vec<u8>>;

/// What is known about a part.
struct Info {
    /// All strings the part can match, if they are few and have no blank in them.
    exact: Option<Clause>,
    /// Sets of literals of which one each is in every match, the best first.
    clauses: Vec<Clause>,
}

/// The clauses of a phrase, the one that rules out most first; empty when no literal is worth looking for.
pub(super) fn clauses(node: &Node) -> Vec<Clause> {
    let Info { exact, mut clauses } = info(node);
    clauses.extend(exact);
    best(clauses)
}

/// How much a literal rules out: nothing for common words and less than three letters.
fn worth(literal: &[u8]) -> usize {
    let letters = literal.iter().all(u8::is_ascii_alphanumeric);
    match literal.len() {
        0 => 0,
        1 | 2 if letters || literal.iter().all(|b| b" '-.,\"\n".contains(b)) => 0,
        n if COMMON.contains(&literal) => n - 2,
        n => n.min(MAX_LEN),
    }
}

fn clause_worth(clause: &Clause) -> usize {
    if clause.len() > MAX_SET { 0 } else { clause.iter().map(|l| worth(l)).min().unwrap_or(0) }
}

/// The best few clauses, without those worth nothing.
fn best(mut clauses: Vec<Clause>) -> Vec<Clause> {
    for clause in &mut clauses {
        for literal in clause.iter_mut() {
            literal.truncate(MAX_LEN);
        }
        clause.sort();
        clause.dedup();
        // What contains another literal of the set opens the gate with it.
        if clause.len() > 1 {
            let all = clause.clone();
            clause
                .retain(|l| !all.iter().any(|other| other.len() < l.len() && memchr::memmem::find(l, other).is_some()));
        }
    }
    clauses.retain(|c| clause_worth(c) > 0);
    clauses.sort_by_key(|c| (std::cmp::Reverse(clause_worth(c)), c.len()));
    clauses.dedup();
    clauses.truncate(MAX_CLAUSES);
    clauses
}

fn empty() -> Clause {
    vec![Vec::new()]
}

fn info(node: &Node) -> Info {
    match node {
        Node::Edge | Node::Start | Node::End | Node::Not(_) => Info { exact: Some(empty()), clauses: Vec::new() },
        Node::Set { .. } => Info { exact: None, clauses: Vec::new() },
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
            Info { exact: None, clauses: best(clauses) }
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
        Info { exact: Some(run), clauses: best(clauses) }
    } else {
        clauses.push(run);
        Info { exact: None, clauses: best(clauses) }
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
    let ranked: Vec<Vec<Clause>> = subs
        .into_iter()
        .map(|Info { exact, mut clauses }| {
            clauses.extend(exact);
            best(clauses)
        })
        .collect();
    let shared = ranked.iter().map(Vec::len).min().unwrap_or(0);
    let clauses = (0..shared).map(|rank| ranked.iter().flat_map(|r| r[rank].iter().cloned()).collect()).collect();
    Info { exact: None, clauses: best(clauses) }
}
