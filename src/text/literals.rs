//! Finds the literals that every match of a pattern must contain, for the prefilter: one of these *and* one of those.
//!
//! Each word of a pattern alone may be common; that all of them occur is rare. So a pattern is given up to
//! [`MAX_CLAUSES`] clauses, each a set of literals of which at least one must be in the text, chosen by how often
//! they are to be expected in ordinary text.

use super::frequency::expected;
use regex_syntax::hir::{Class, Hir, HirKind};

/// More alternatives than this are not worth tracking exactly.
const MAX_EXACT: usize = 64;
/// Sets of literals larger than this are not looked for.
const MAX_SET: usize = 256;
/// A class of more characters than this is not spelled out.
const MAX_CLASS: usize = 4;
/// Longer literals are cut: they rule out little more.
const MAX_LEN: usize = 24;
/// More clauses rule out little more.
pub const MAX_CLAUSES: usize = 3;
/// A clause that is expected more often than this in a text rules out too few.
const MAX_EXPECTED: f64 = 3.0;
/// A further clause must be in fewer texts than this to be worth its search.
const MAX_FURTHER: f64 = 0.7;
/// A rule that runs in fewer texts than this needs no further clause.
const RARE: f64 = 1e-5;

/// Literals, as the folded view shows them, of which at least one is in every match.
pub type Clause = Vec<Vec<u8>>;

/// What is known about the strings that a part of a pattern matches, as the folded view would show them.
struct Info {
    /// All strings the part can match, if they are few.
    exact: Option<Clause>,
    /// Sets of literals of which one each is in every match; empty where `exact` says more.
    clauses: Vec<Clause>,
}

/// The clauses of a pattern, the rarest first. Empty when there is no literal that would rule anything out.
#[must_use]
pub fn clauses(hir: &Hir) -> Vec<Clause> {
    let Info { exact, mut clauses } = info(hir);
    clauses.extend(exact);
    choose(clauses)
}

/// The clauses worth searching, the rarest first: those that together leave few texts.
#[must_use]
pub fn choose(clauses: Vec<Clause>) -> Vec<Clause> {
    let mut ranked = ranked(clauses);
    let mut left = 1.0;
    let mut count = 0;
    for (cost, _) in &ranked {
        if count == MAX_CLAUSES || (count > 0 && (left < RARE || *cost > MAX_FURTHER)) {
            break;
        }
        left *= cost.min(1.0);
        count += 1;
    }
    ranked.truncate(count);
    ranked.into_iter().map(|(_, clause)| clause).collect()
}

/// The clauses that rule anything out, tidied, the rarest first, with how often each is expected.
fn ranked(mut clauses: Vec<Clause>) -> Vec<(f64, Clause)> {
    clauses.iter_mut().for_each(tidy);
    clauses.sort();
    clauses.dedup();
    let cost = |clause: &Clause| {
        let rules_out = clause.len() <= MAX_SET && clause.iter().all(|literal| is_telling(literal));
        if rules_out { expected(clause) } else { f64::INFINITY }
    };
    let mut ranked: Vec<(f64, Clause)> = clauses.into_iter().map(|clause| (cost(&clause), clause)).collect();
    ranked.retain(|(cost, _)| *cost <= MAX_EXPECTED);
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    ranked
}

/// Whether a literal rules out anything: letters, digits, blanks and usual marks alone do not.
fn is_telling(literal: &[u8]) -> bool {
    match literal {
        [] => false,
        [b] => !b.is_ascii_alphanumeric() && !b" \n\t.,-'\"_:()/\xFF\xA0".contains(b),
        _ => true,
    }
}

/// Cuts literals to a length that is worth searching and drops those that contain another one.
fn tidy(clause: &mut Clause) {
    for literal in clause.iter_mut() {
        literal.truncate(MAX_LEN);
    }
    clause.sort();
    clause.dedup();
    if clause.len() <= MAX_SET {
        let all = clause.clone();
        clause.retain(|l| !all.iter().any(|other| other.len() < l.len() && memchr::memmem::find(l, other).is_some()));
    }
}

/// The union of alternatives' clauses, rank by rank: a match of any alternative satisfies each.
pub(super) fn either(alternatives: Vec<Vec<Clause>>) -> Vec<Clause> {
    let ranked: Vec<Vec<(f64, Clause)>> = alternatives.into_iter().map(ranked).collect();
    if ranked.iter().any(Vec::is_empty) {
        return Vec::new();
    }
    let ranks = ranked.iter().map(Vec::len).max().unwrap_or(0).min(MAX_CLAUSES);
    let of_rank = |rank: usize| ranked.iter().flat_map(|r| r[rank.min(r.len() - 1)].1.iter().cloned()).collect();
    (0..ranks).map(of_rank).collect()
}

/// One character as a needle's bytes: ASCII lowered; `None` for what the folded view does not keep apart.
fn folded(c: char) -> Option<u8> {
    let byte = super::fold::fold_char(c);
    (c.is_ascii() || !matches!(byte, super::fold::LETTER | super::fold::DIGIT | super::fold::BLANK)).then_some(byte)
}

fn info(hir: &Hir) -> Info {
    let nothing = Info { exact: None, clauses: Vec::new() };
    let exactly = |set| Info { exact: Some(set), clauses: Vec::new() };
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => exactly(vec![Vec::new()]),
        HirKind::Literal(literal) => {
            let bytes: Option<Vec<u8>> = match std::str::from_utf8(&literal.0) {
                Ok(text) => text.chars().map(folded).collect(),
                // A pattern over folded bytes: they are what they are.
                Err(_) => Some(literal.0.iter().map(u8::to_ascii_lowercase).collect()),
            };
            bytes.map_or(nothing, |bytes| exactly(vec![bytes]))
        }
        HirKind::Class(class) => Info { exact: class_strings(class), clauses: Vec::new() },
        HirKind::Capture(capture) => info(&capture.sub),
        HirKind::Repetition(repetition) => {
            let sub = info(&repetition.sub);
            match (repetition.min, repetition.max) {
                (0, Some(1)) => Info {
                    exact: sub.exact.map(|mut set| {
                        set.push(Vec::new());
                        set
                    }),
                    clauses: Vec::new(),
                },
                (0, _) => nothing,
                (1, Some(1)) => sub,
                _ => Info { exact: None, clauses: sub.clauses.into_iter().chain(sub.exact).collect() },
            }
        }
        HirKind::Concat(parts) => concat(parts),
        HirKind::Alternation(parts) => alternation(parts),
    }
}

fn class_strings(class: &Class) -> Option<Vec<Vec<u8>>> {
    let mut out = Vec::new();
    match class {
        Class::Unicode(class) => {
            for range in class.ranges() {
                for c in range.start()..=range.end() {
                    let byte = folded(c)?;
                    if !out.contains(&vec![byte]) {
                        out.push(vec![byte]);
                    }
                    if out.len() > MAX_CLASS {
                        return None;
                    }
                }
            }
        }
        Class::Bytes(class) => {
            for range in class.ranges() {
                for b in range.start()..=range.end() {
                    let byte = b.to_ascii_lowercase();
                    if !out.contains(&vec![byte]) {
                        out.push(vec![byte]);
                    }
                    if out.len() > MAX_CLASS {
                        return None;
                    }
                }
            }
        }
    }
    Some(out)
}

fn concat(parts: &[Hir]) -> Info {
    let mut run: Clause = vec![Vec::new()];
    let mut whole = true;
    let mut clauses = Vec::new();
    for part in parts {
        let sub = info(part);
        clauses.extend(sub.clauses);
        match sub.exact {
            Some(exact) if run.len() * exact.len() <= MAX_EXACT => run = cross(&run, &exact),
            exact => {
                whole = false;
                clauses.push(std::mem::replace(&mut run, exact.unwrap_or_else(|| vec![Vec::new()])));
            }
        }
    }
    if whole {
        return Info { exact: Some(run), clauses: Vec::new() };
    }
    clauses.push(run);
    Info { exact: None, clauses }
}

fn cross(left: &[Vec<u8>], right: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut out = Vec::with_capacity(left.len() * right.len());
    for l in left {
        for r in right {
            out.push([l.as_slice(), r.as_slice()].concat());
        }
    }
    out
}

fn alternation(parts: &[Hir]) -> Info {
    let subs: Vec<Info> = parts.iter().map(info).collect();
    let exact = subs.iter().try_fold(Vec::new(), |mut all: Clause, sub| {
        all.extend(sub.exact.as_ref()?.iter().cloned());
        (all.len() <= MAX_EXACT).then_some(all)
    });
    if exact.is_some() {
        return Info { exact, clauses: Vec::new() };
    }
    let alternatives = subs.into_iter().map(|sub| sub.clauses.into_iter().chain(sub.exact).collect()).collect();
    Info { exact: None, clauses: either(alternatives) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pattern: &str) -> Vec<Vec<String>> {
        let hir = regex_syntax::ParserBuilder::new().utf8(false).unicode(false).build().parse(pattern).unwrap();
        let text = |clause: Clause| clause.into_iter().map(|n| String::from_utf8(n).unwrap()).collect();
        clauses(&hir).into_iter().map(text).collect()
    }

    #[test]
    fn the_rarest_necessary_literals_are_found() {
        assert_eq!(of(r"\b(?:show|reveal)\s+(?:me\s+)?your\s+prompt")[0], ["prompt"]);
        assert_eq!(of(r"sk-[a-z]{20,}"), [["sk-"]]);
        assert_eq!(of(r"(?:ab|cd)ef"), [["abef", "cdef"]]);
        assert_eq!(of(r"[0-9]{3}-[0-9]{2}"), Vec::<Vec<String>>::new());
        assert_eq!(of(r"(?i)Secret"), [["secret"]]);
        assert_eq!(of(r"x(?:key)*y"), Vec::<Vec<String>>::new());
        assert_eq!(of(r"(?:keyring)+"), [["keyring"]]);
        assert_eq!(of(r"colou?rful"), [["colorful", "colourful"]]);
    }

    #[test]
    fn common_words_are_asked_for_together() {
        assert_eq!(of(r"how\s+(?:to|do)\s+make\s+some"), [["make"], ["some"], ["how"]]);
        assert_eq!(of(r"\bthe\b"), Vec::<Vec<String>>::new());
        // Each alternative must be covered by every clause.
        assert_eq!(of(r"zyxw\s+vvqq|qqzz"), [["qqzz", "vvqq"], ["qqzz", "zyxw"]]);
        assert_eq!(of(r"make\s+some|have\s+more|.*"), Vec::<Vec<String>>::new());
    }
}
