//! Which parts of a text are code: fenced blocks, else indented ones, else all of it.

use crate::text::chars;
use memchr::memmem::Finder;
use std::sync::OnceLock;

/// A piece of code and the language named at its fence (lowered, empty when none is).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block<'t> {
    pub hint: String,
    pub code: &'t str,
}

const FENCE: &str = "```";
const SPACES: &str = "    ";
/// An indented run with fewer units than this is prose.
const MIN_UNITS: usize = 3;

/// The code of a text; never empty.
pub(super) fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut found = fenced(text);
    if found.is_empty() {
        found = indented(text);
    }
    if found.is_empty() {
        found.push(Block { hint: String::new(), code: text });
    }
    found
}

/// Fence, word characters, line feed, code up to the next fence.
fn fenced(text: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    if memchr::memchr(b'`', text.as_bytes()).is_none() {
        return found;
    }
    let mut from = 0;
    while let Some(open) = text[from..].find(FENCE).map(|at| from + at) {
        let named = open + FENCE.len();
        let rest = text[named..].trim_start_matches(chars::is_word);
        let Some(code) = rest.strip_prefix('\n') else {
            // Of four backticks the last three may be the fence.
            from = open + 1;
            continue;
        };
        // Without a closing fence here, no later opening one has any either.
        let Some(len) = code.find(FENCE) else { break };
        let hint = &text[named..text.len() - rest.len()];
        found.push(Block { hint: chars::lower(hint).into_owned(), code: &code[..len] });
        from = text.len() - code.len() + len + FENCE.len();
    }
    found
}

/// Runs of lines that begin with a tab or four spaces.
fn indented(text: &str) -> Vec<Block<'_>> {
    static INDENT: OnceLock<Finder<'static>> = OnceLock::new();
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let spaces = INDENT.get_or_init(|| Finder::new(SPACES));
    if spaces.find(bytes).is_none() && memchr::memchr(b'\t', bytes).is_none() {
        return found;
    }
    let mut run: Option<(usize, usize)> = None;
    let mut at = 0;
    let mut close = |run: &mut Option<(usize, usize)>, end: usize| {
        if let Some((start, units)) = run.take()
            && units >= MIN_UNITS
        {
            found.push(Block { hint: String::new(), code: &text[start..end] });
        }
    };
    for line in text.split_inclusive('\n') {
        match units(line.strip_suffix('\n').unwrap_or(line)) {
            0 => close(&mut run, at),
            n => {
                let (_, units) = run.get_or_insert((at, 0));
                *units += n;
            }
        }
        at += line.len();
    }
    close(&mut run, at);
    found
}

/// How many times an indent and one more character fit into a line that begins with one: the reference's pattern can
/// take a line for several.
fn units(line: &str) -> usize {
    let unit = |rest: &str| {
        let indent = [SPACES, "\t"].into_iter().find(|indent| rest.starts_with(indent))?;
        rest[indent.len()..].chars().next().map(|c| indent.len() + c.len_utf8())
    };
    let Some(first) = unit(line) else { return 0 };
    let mut count = 1;
    let mut rest = &line[first..];
    while let Some(c) = rest.chars().next() {
        match unit(rest) {
            Some(len) => {
                count += 1;
                rest = &rest[len..];
            }
            None => rest = &rest[c.len_utf8()..],
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<(String, &str)> {
        blocks(text).into_iter().map(|b| (b.hint, b.code)).collect()
    }

    #[test]
    fn fences_hold_their_code_and_hint() {
        assert_eq!(of("a ```Py\nx = 1\n``` b ```\n```"), [("py".into(), "x = 1\n"), (String::new(), "")]);
        assert_eq!(of("````sh\nls```"), [("sh".into(), "ls")]);
    }

    #[test]
    fn a_closing_fence_opens_the_prose_after_a_fence_that_was_none() {
        assert_eq!(of("```c++\nx\n```\nprose ```"), [(String::new(), "prose ")]);
        assert_eq!(of("```py x\n``"), [(String::new(), "```py x\n``")]);
        assert_eq!(of("```py\nx"), [(String::new(), "```py\nx")]);
    }

    #[test]
    fn indented_lines_are_code_from_three_units_on() {
        assert_eq!(of("p\n    a\n\tb\n    c\nq"), [(String::new(), "    a\n\tb\n    c\n")]);
        assert_eq!(of("p\n    a\n    b\nq"), [(String::new(), "p\n    a\n    b\nq")]);
        assert_eq!(of("\ta\tb\tc"), [(String::new(), "\ta\tb\tc")]);
        assert_eq!(of("              a"), [(String::new(), "              a")]);
        assert_eq!(of("    a\n    \n    b\n    c").len(), 1);
    }
}
