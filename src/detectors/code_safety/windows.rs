//! Two patterns with counted gaps in either order, by hand: as expressions they would need an automaton state for
//! every set of open gaps.

use crate::text::fold::is_blank;
use std::sync::OnceLock;

/// Longest gap.
const GAP: usize = 200;
/// Longest list of arguments.
const ARGUMENTS: usize = 100;
const STATEMENTS: [&[u8]; 4] = [b"select", b"insert", b"update", b"delete"];

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

/// The length of the statement word that begins at `at` and ends in an edge.
fn statement(code: &[u8], at: usize) -> Option<usize> {
    let word = STATEMENTS.iter().find(|word| code[at..].starts_with(word))?;
    let end = at + word.len();
    code.get(end).is_none_or(|&b| !is_word(b)).then_some(word.len())
}

/// Where an opening parenthesis ends after optional blanks.
fn parenthesis(code: &[u8], at: usize) -> Option<usize> {
    let open = (at..code.len()).find(|&i| !is_blank(code[i]))?;
    (code[open] == b'(').then_some(open + 1)
}

/// A quote, a statement, up to 200 characters, `%s`, up to 200 more, `%` and a parenthesis; no other quote between.
pub(super) fn quoted_format(code: &[u8]) -> bool {
    let is_quote = |b: u8| matches!(b, b'"' | b'\'');
    let quotes = memchr::memchr2_iter(b'"', b'\'', code);
    quotes.filter_map(|quote| Some(quote + 1 + statement(code, quote + 1)?)).any(|start| {
        let end = (start..code.len()).find(|&i| is_quote(code[i])).unwrap_or(code.len());
        let gaps = &code[start..end];
        // Where the second gap begins: of several `%s`, after the latest.
        let mut open: Option<usize> = None;
        for at in 0..gaps.len().min(2 * GAP + 3) {
            if gaps[at] == b'%' && open.is_some_and(|o| at >= o && at - o <= GAP) && parenthesis(gaps, at + 1).is_some()
            {
                return true;
            }
            if at >= 1 && gaps[at - 1] == b'%' && gaps[at] == b's' && at - 1 <= GAP {
                open = Some(at + 1);
            }
        }
        false
    })
}

/// `.format(`, up to 100 characters, `)`, up to 200 characters but `;`, a statement.
pub(super) fn formatted_statement(code: &[u8]) -> bool {
    static FORMAT: OnceLock<memchr::memmem::Finder<'static>> = OnceLock::new();
    let format = FORMAT.get_or_init(|| memchr::memmem::Finder::new(b".format"));
    let mut closed: Option<usize> = None;
    let mut calls = format.find_iter(code).filter_map(|at| {
        let arguments = parenthesis(code, at + b".format".len())?;
        let end = code[arguments..].iter().take(ARGUMENTS + 1).position(|&b| b == b')')?;
        Some(arguments + end + 1)
    });
    // Two calls may share a parenthesis, but ends never go back.
    let mut next = calls.next();
    for at in 0..code.len() {
        while next.is_some_and(|end| end <= at) {
            closed = next.or(closed);
            next = calls.next();
        }
        if closed.is_some_and(|end| at - end <= GAP) && statement(code, at).is_some() {
            return true;
        }
        if code[at] == b';' {
            closed = None;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::bytes::Regex;

    fn agree(scan: fn(&[u8]) -> bool, pattern: &str, parts: &[&str]) {
        let regex = regex::bytes::RegexBuilder::new(pattern).unicode(false).size_limit(1 << 26).build().unwrap();
        let mut random = 7u64;
        for _ in 0..6000 {
            let mut code = String::new();
            for _ in 0..12 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let part = parts[(random >> 33) as usize % parts.len()];
                code.push_str(part);
                if (random >> 20).is_multiple_of(5) {
                    code.push_str(&"x".repeat((random >> 40) as usize % 210));
                }
            }
            assert_eq!(scan(code.as_bytes()), Regex::is_match(&regex, code.as_bytes()), "{code:?}");
        }
    }

    #[test]
    fn quoted_formats_are_those_of_the_expression() {
        let pattern = r#"["'](?:select|insert|update|delete)\b[^"']{0,200}%s[^"']{0,200}%[\t-\r\x1c-\x20\xa0]*\("#;
        agree(quoted_format, pattern, &["'select", "\"delete", " ", "%s", "%", "% (", "%(", "'", ";", "%s%s", "\n"]);
    }

    #[test]
    fn formatted_statements_are_those_of_the_expression() {
        let pattern = r"\.format[\t-\r\x1c-\x20\xa0]*\([^)]{0,100}\)[^;]{0,200}(?:select|insert|update|delete)\b";
        agree(formatted_statement, pattern, &[".format(", ".format (x)", ")", ";", " ", "select", "update ", "x", "("]);
    }
}
