//! Finds the literals that every match of a pattern must contain, for the prefilter.

use regex_syntax::hir::{Class, Hir, HirKind};

/// More alternatives than this are not worth tracking exactly.
const MAX_EXACT: usize = 64;
/// A class of more characters than this is not spelled out.
const MAX_CLASS: usize = 4;
/// Longer literals are cut: a longer needle rules out little more and makes the automaton larger.
const MAX_LEN: usize = 24;

/// What is known about the strings that a part of a pattern matches, as the folded view would show them.
struct Info {
    /// All strings the part can match, if they are few.
    exact: Option<Vec<Vec<u8>>>,
    /// Literals of which at least one is in every match.
    required: Option<Vec<Vec<u8>>>,
}

/// The needles of a pattern: every match contains at least one of them (in lower case). Empty when there is no
/// literal that would rule anything out.
#[must_use]
pub fn needles(hir: &Hir) -> Vec<Vec<u8>> {
    let info = info(hir);
    let best = better(info.exact, info.required);
    let mut needles = best.filter(|set| worth(set) > 0).unwrap_or_default();
    needles.sort();
    needles.dedup();
    needles
}

/// How much a set of needles rules out: nothing for letters, digits or blanks alone; else the shortest length.
fn worth(set: &[Vec<u8>]) -> usize {
    let of = |needle: &Vec<u8>| match needle.as_slice() {
        [] => 0,
        [b] => usize::from(!b.is_ascii_alphanumeric() && !b" \n\t.,-'\"_:()/\xFF\xA0".contains(b)),
        [_, _] if needle.iter().all(|b| b" \n\t\xFF\xA0".contains(b)) => 0,
        _ => needle.len().min(8),
    };
    if set.len() > 4 * MAX_EXACT { 0 } else { set.iter().map(of).min().unwrap_or(0) }
}

fn better(a: Option<Vec<Vec<u8>>>, b: Option<Vec<Vec<u8>>>) -> Option<Vec<Vec<u8>>> {
    match (a, b) {
        (Some(a), Some(b)) => {
            let rank = |set: &Vec<Vec<u8>>| (worth(set), usize::MAX - set.len());
            Some(if rank(&b) > rank(&a) { b } else { a })
        }
        (a, b) => a.or(b),
    }
}

/// One character as a needle's bytes: ASCII lowered; `None` for what the folded view does not keep apart.
fn folded(c: char) -> Option<u8> {
    let byte = super::fold::fold_char(c);
    (c.is_ascii() || !matches!(byte, super::fold::LETTER | super::fold::DIGIT | super::fold::BLANK)).then_some(byte)
}

fn info(hir: &Hir) -> Info {
    let nothing = Info { exact: None, required: None };
    let empty = || Info { exact: Some(vec![Vec::new()]), required: None };
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => empty(),
        HirKind::Literal(literal) => {
            let bytes: Option<Vec<u8>> = match std::str::from_utf8(&literal.0) {
                Ok(text) => text.chars().map(folded).collect(),
                // A pattern over folded bytes: they are what they are.
                Err(_) => Some(literal.0.iter().map(u8::to_ascii_lowercase).collect()),
            };
            bytes.map_or(nothing, |bytes| Info { exact: Some(vec![bytes]), required: None })
        }
        HirKind::Class(class) => Info { exact: class_strings(class), required: None },
        HirKind::Capture(capture) => info(&capture.sub),
        HirKind::Repetition(repetition) => {
            let sub = info(&repetition.sub);
            match (repetition.min, repetition.max) {
                (0, Some(1)) => Info {
                    exact: sub.exact.map(|mut set| {
                        set.push(Vec::new());
                        set
                    }),
                    required: None,
                },
                (0, _) => nothing,
                (1, Some(1)) => sub,
                _ => Info { exact: None, required: better(sub.exact, sub.required) },
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
    let mut exact: Option<Vec<Vec<u8>>> = Some(vec![Vec::new()]);
    let mut whole = true;
    let mut required = None;
    for part in parts {
        let sub = info(part);
        let joined = match (&exact, &sub.exact) {
            (Some(left), Some(right)) if left.len() * right.len() <= MAX_EXACT => Some(cross(left, right)),
            _ => None,
        };
        required = better(sub.required, required);
        if joined.is_none() {
            whole = false;
            required = better(exact.take(), required);
            exact = sub.exact;
        } else {
            exact = joined;
        }
        if exact.is_none() {
            exact = Some(vec![Vec::new()]);
        }
    }
    if whole { Info { exact, required } } else { Info { exact: None, required: better(exact, required) } }
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
    let exact: Option<Vec<Vec<u8>>> = subs.iter().try_fold(Vec::new(), |mut all, sub| {
        all.extend(sub.exact.as_ref()?.iter().cloned());
        (all.len() <= MAX_EXACT).then_some(all)
    });
    let required = subs.into_iter().try_fold(Vec::new(), |mut all, sub| {
        let best = better(sub.exact, sub.required).filter(|set| worth(set) > 0)?;
        all.extend(best);
        Some(all)
    });
    Info { exact, required }
}

/// Cuts needles to a length that is worth searching and drops those that contain another one.
#[must_use]
pub fn shorten(mut needles: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    for needle in &mut needles {
        needle.truncate(MAX_LEN);
    }
    needles.sort();
    needles.dedup();
    let all = needles.clone();
    needles.retain(|n| !all.iter().any(|other| other.len() < n.len() && memchr::memmem::find(n, other).is_some()));
    needles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pattern: &str) -> Vec<String> {
        let hir = regex_syntax::ParserBuilder::new().utf8(false).unicode(false).build().parse(pattern).unwrap();
        shorten(needles(&hir)).into_iter().map(|n| String::from_utf8(n).unwrap()).collect()
    }

    #[test]
    fn the_longest_necessary_literals_are_found() {
        assert_eq!(of(r"\b(?:show|reveal)\s+(?:me\s+)?your\s+prompt"), ["prompt"]);
        assert_eq!(of(r"sk-[a-z]{20,}"), ["sk-"]);
        assert_eq!(of(r"(?:ab|cd)ef"), ["abef", "cdef"]);
        assert_eq!(of(r"[0-9]{3}-[0-9]{2}"), Vec::<String>::new());
        assert_eq!(of(r"(?i)Secret"), ["secret"]);
        assert_eq!(of(r"x(?:key)*y"), Vec::<String>::new());
        assert_eq!(of(r"(?:key)+"), ["key"]);
        assert_eq!(of(r"colou?r"), ["color", "colour"]);
    }
}
