//! Intent resolution: does the answer have the form that the kind of question asks for?

use super::words::{list_items, pieces, tokens};
use super::{Answer, Scored, share};
use crate::text::{FoldedPattern, Gate, Prefilter, Text, chars};
use std::collections::HashSet;
use std::sync::OnceLock;

/// Words that say nothing about what is asked.
const STOP: &str = "a an the is are was were be in to for of on at by and or but not with how what when where who why \
    do does did can could will would should i me my you your we they it this that";
/// The score of a form that is not checked.
const UNCHECKED: f64 = 0.6;
/// Forms are sought in this many characters of the answer; a yes or no in fewer.
const HEAD: usize = 500;
const YES_NO_HEAD: usize = 200;
/// The reference reads no number of more digits.
const MAX_DIGITS: usize = 4300;

/// The kinds of question in order of precedence, and how they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    List,
    Count,
    YesNo,
    Who,
    When,
    Where,
    Why,
    How,
    What,
    Define,
    Compare,
    General,
}

struct Patterns {
    kinds: Vec<(Kind, FoldedPattern)>,
    /// A `how` that does not begin "how many" has no such thing behind it.
    many: FoldedPattern,
    integer: FoldedPattern,
    yes_no: FoldedPattern,
    date: FoldedPattern,
    steps: FoldedPattern,
    comparing: FoldedPattern,
}

fn patterns() -> &'static Patterns {
    static PATTERNS: OnceLock<Patterns> = OnceLock::new();
    let folded = |source: &str| {
        // Constants: the tests compile them.
        FoldedPattern::with_gate(source, Gate::ALWAYS).expect("a constant pattern is folded")
    };
    PATTERNS.get_or_init(|| Patterns {
        kinds: [
            (Kind::List, r"\b(?:list|enumerate|name|give me|provide)\b.*\b\d+\b"),
            (Kind::Count, r"\bhow many\b"),
            (Kind::YesNo, r"\A(?:is|are|was|were|do|does|did|can|could|will|would|should|has|have)\b"),
            (Kind::Who, r"\bwho\b"),
            (Kind::When, r"\bwhen\b"),
            (Kind::Where, r"\bwhere\b"),
            (Kind::Why, r"\bwhy\b"),
            (Kind::How, r"\bhow\b"),
            (Kind::What, r"\bwhat\b"),
            (Kind::Define, r"\b(?:define|explain|describe)\b"),
            (Kind::Compare, r"\b(?:compare|difference|versus|vs|better)\b"),
        ]
        .into_iter()
        .map(|(kind, source)| (kind, folded(source)))
        .collect(),
        many: folded(r"\A\s+many"),
        integer: folded(r"\b\d+\b"),
        yes_no: folded(
            r"\b(?:yes|correct|indeed|absolutely|certainly|right|true|no|not|incorrect|false|neither|never)\b",
        ),
        date: folded(
            r"\b(?:\d{4}|\d{1,2}/\d{1,2}|january|february|march|april|may|june|july|august|september|october|november|december)\b",
        ),
        steps: folded(r"step \d|first,|1[.)]\s|to do this|you can|you should"),
        comparing: folded(r"while|whereas|on the other hand|in contrast|however|both|differ"),
    })
}

pub(super) fn score(answer: &Answer<'_>) -> Option<Scored> {
    let input = answer.input?;
    let form = form_score(input, answer.output)?;
    let stop: HashSet<&str> = STOP.split_ascii_whitespace().collect();
    let (asked, said) = (chars::lower(input), chars::lower(answer.output));
    let said: HashSet<&str> = tokens(&said).collect();
    let keywords: HashSet<&str> = tokens(&asked).filter(|token| !stop.contains(token)).collect();
    let recall = if keywords.is_empty() {
        1.0
    } else {
        share(keywords.iter().filter(|word| said.contains(*word)).count(), keywords.len())
    };
    Some((0.6 * form + 0.4 * recall, Some(vec![("question_type_score", form), ("keyword_recall", recall)])))
}

/// The kind of question, and for a list how many items it asks for (in digits).
fn kind_of(input: &str) -> (Kind, String) {
    let none = Prefilter::none();
    let text = Text::new(input, &none);
    let patterns = patterns();
    for (kind, pattern) in &patterns.kinds {
        let Some(found) = pattern.find(&text) else { continue };
        match kind {
            Kind::List => {
                let line = &text.folded()[found.start..found.end];
                let Some(number) = patterns.integer.regex().find_iter(line).last() else { continue };
                let start = text.byte_at(found.start + number.start());
                let digits = text.raw()[start..text.byte_at(found.start + number.end())].chars();
                let digits = digits.filter_map(chars::digit_value).filter_map(|d| char::from_digit(d, 10));
                return (Kind::List, digits.collect());
            }
            Kind::How => {
                let counts = |end: usize| patterns.many.occurs_in(&text.folded()[end..]);
                if pattern.find_iter(&text).any(|how| !counts(how.end)) {
                    return (Kind::How, String::new());
                }
            }
            other => return (*other, String::new()),
        }
    }
    (Kind::General, String::new())
}

/// How well the answer's form suits the question; nothing where the reference cannot read the number of items.
fn form_score(input: &str, output: &str) -> Option<f64> {
    let none = Prefilter::none();
    let (kind, number) = kind_of(input);
    if number.len() > MAX_DIGITS {
        return None;
    }
    let raw = Text::new(output, &none);
    let lowered = Text::new(chars::lower(output), &none);
    let head = |text: &Text<'_>, len: usize| text.char_len().min(len);
    let either = |holds: bool, yes: f64, no: f64| if holds { yes } else { no };
    let patterns = patterns();
    Some(match kind {
        Kind::List => {
            let found = match list_items(output) {
                0 => pieces(output),
                items => items,
            };
            // Digits always parse.
            let wanted: f64 = number.parse().unwrap_or(f64::INFINITY);
            let found = share(found, 1);
            if found >= wanted { 1.0 } else { found / wanted }
        }
        Kind::YesNo => {
            let head = &lowered.folded()[..head(&lowered, YES_NO_HEAD)];
            either(patterns.yes_no.occurs_in(head), 1.0, 0.3)
        }
        Kind::Who => either(names_somebody(&output[..raw.byte_at(HEAD)]), 1.0, 0.4),
        Kind::When => either(patterns.date.occurs_in(&lowered.folded()[..head(&lowered, HEAD)]), 1.0, 0.4),
        Kind::Where => either(names_a_place(&output[..raw.byte_at(HEAD)]), 0.8, 0.4),
        Kind::How => either(patterns.steps.occurs_in(&lowered.folded()[..head(&lowered, HEAD)]), 1.0, 0.5),
        Kind::Compare => either(patterns.comparing.occurs_in(lowered.folded()), 1.0, 0.4),
        Kind::Count | Kind::Why | Kind::What | Kind::Define | Kind::General => UNCHECKED,
    })
}

/// Whether two capitalised words stand side by side.
fn names_somebody(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b' ', bytes).any(|at| {
        let before = bytes[..at].iter().rev().take_while(|b| b.is_ascii_lowercase()).count();
        before > 0 && at > before && bytes[at - before - 1].is_ascii_uppercase() && names_begin(&bytes[at + 1..])
    })
}

fn names_a_place(text: &str) -> bool {
    text.as_bytes().windows(2).any(names_begin)
}

/// A capital and a small letter.
fn names_begin(bytes: &[u8]) -> bool {
    matches!(bytes, [first, second, ..] if first.is_ascii_uppercase() && second.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_told_by_their_words() {
        for (input, kind) in [
            ("List the top 5", Kind::List),
            ("How many are there?", Kind::Count),
            ("Is it open?", Kind::YesNo),
            ("Tell me who it is", Kind::Who),
            ("however", Kind::General),
            ("how  many, and how", Kind::How),
            ("how manywhen", Kind::General),
            ("Explain tides", Kind::Define),
            ("rail vs sea", Kind::Compare),
        ] {
            assert_eq!(kind_of(input).0, kind, "{input}");
        }
        assert_eq!(kind_of("name 2 or 3\nof 4").1, "3");
        assert_eq!(kind_of("list ٣").1, "3");
    }

    #[test]
    fn forms_are_checked_in_the_beginning_of_the_answer() {
        let form = |input, output: &str| form_score(input, output).unwrap();
        assert_eq!(form("list 4", "1. a\n2. b"), 0.5);
        assert_eq!(form("Is it?", &format!("{} yes", "x".repeat(200))), 0.3);
        assert_eq!(form("who", "It was Ida Lund"), 1.0);
        assert_eq!(form("who", "It was Ida"), 0.4);
        assert_eq!(form("when", "on 5/6"), 1.0);
        assert_eq!(form("where", "in Oban"), 0.8);
    }
}
