//! `output_control_char_sanitizer`: terminal control sequences in model output, found and made visible.
//!
//! Its rule ids begin with `output_control_char`. The rewriting goes in the reference's steps, each over the result
//! of the one before, placeholders included: they can be swallowed by an operating-system command, and a text that
//! holds one is rewritten as if it were the detector's own.

use crate::api::{Decision, Severity};
use crate::blocks;
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, action_or, truthy_or};
use crate::text::{NeedleSet, Text};
use crate::value::{Map, surrogate};
use std::borrow::Cow;
use std::fmt::Write as _;

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When `action` is no text.
pub fn build(section: &Map, _needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let decision = match action_or(section, "REDACT")?.as_str() {
        "BLOCK" => Decision::Block,
        "WARN" => Decision::Warn,
        _ => Decision::Redact,
    };
    Ok(Box::new(ControlChars { decision, allow_colors: truthy_or(section, "allow_color_codes", true) }))
}

struct ControlChars {
    decision: Decision,
    allow_colors: bool,
}

impl Detector for ControlChars {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        let text = text.raw();
        if !is_suspect(text) {
            return Ok(Finding::clean());
        }
        let mut hits = Vec::new();
        let mut hit = |id: &'static str, severity| hits.push(RuleHit::new(id, severity));
        let residual = if self.allow_colors { rewrite(text, colors, |_, _| {}) } else { Cow::Borrowed(text) };
        if occurs(text, |rest| command_intro(rest).is_some_and(|len| rest[len..].starts_with("52;"))) {
            hit("output_control_char.clipboard_hijack", Severity::High);
        } else if occurs(text, |rest| command_intro(rest).is_some()) {
            hit("output_control_char.osc_sequence", Severity::High);
        }
        if occurs(text, |rest| moves_cursor(rest) || lone_returns(rest).is_some()) {
            hit("output_control_char.screen_manipulation", Severity::High);
        } else if !self.allow_colors && occurs(&residual, |rest| sequences(rest).is_some()) {
            hit("output_control_char.ansi_sequence", Severity::Medium);
        }
        if residual.chars().any(is_control) {
            hit("output_control_char.control_characters", Severity::Medium);
        }
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        let mut finding = Finding::of(self.decision, hits);
        if self.decision == Decision::Redact {
            finding.sanitized = Some(make_visible(text, self.allow_colors));
        }
        Ok(finding)
    }
}

/// Whether anything in the text could be a control: most texts end here.
fn is_suspect(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_control = |b: u8| (b < b' ') & (b != b'\t') & (b != b'\n') | (b == 0x7F);
    blocks::any(bytes, is_control)
        // U+0080..U+009F in UTF-8.
        || !text.is_ascii() && memchr::memchr_iter(0xC2, bytes).any(|at| bytes.get(at + 1).is_some_and(|b| *b < 0xA0))
}

fn is_control(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{7F}'..='\u{9F}')
}

/// ESC and `second`, or the one character that stands for both: the length in bytes.
fn intro(rest: &str, second: char, single: char) -> Option<usize> {
    let mut chars = rest.chars();
    match chars.next()? {
        '\u{1B}' if chars.next() == Some(second) => Some(1 + second.len_utf8()),
        c if c == single => Some(c.len_utf8()),
        _ => None,
    }
}

/// The beginning of an operating-system command, in bytes.
fn command_intro(rest: &str) -> Option<usize> {
    intro(rest, ']', '\u{9D}')
}

/// An operating-system command: up to its terminator, another escape or the end of the text.
fn commands(rest: &str) -> Option<usize> {
    let intro = command_intro(rest)?;
    let body = &rest[intro..];
    let end = body.find(['\u{7}', '\u{1B}', '\u{9C}']).unwrap_or(body.len());
    let tail = &body[end..];
    let terminator = match tail.chars().next() {
        Some(c @ ('\u{7}' | '\u{9C}')) => c.len_utf8(),
        Some('\u{1B}') if tail[1..].starts_with('\\') => 2,
        _ => 0,
    };
    Some(intro + end + terminator)
}

/// A control sequence, parameters and the letter that it is known by: its length in bytes and that letter.
fn control_sequence(rest: &str) -> Option<(usize, u8)> {
    let intro = intro(rest, '[', '\u{9B}')?;
    let parameters = rest[intro..].bytes().take_while(|b| matches!(b, b'0'..=b'9' | b';' | b'?')).count();
    let letter = *rest.as_bytes().get(intro + parameters)?;
    letter.is_ascii_alphabetic().then_some((intro + parameters + 1, letter))
}

fn sequences(rest: &str) -> Option<usize> {
    control_sequence(rest).map(|(len, _)| len)
}

/// Whether a control sequence here moves the cursor or erases.
fn moves_cursor(rest: &str) -> bool {
    control_sequence(rest).is_some_and(|(_, letter)| b"ABCDEFGHJKSTfnsu".contains(&letter))
}

/// A colour code: a control sequence without private parameters.
fn colors(rest: &str) -> Option<usize> {
    let (len, letter) = control_sequence(rest)?;
    (letter == b'm' && !rest[..len].contains('?')).then_some(len)
}

fn lone_returns(rest: &str) -> Option<usize> {
    (rest.starts_with('\r') && !rest[1..].starts_with('\n')).then_some(1)
}

fn controls(rest: &str) -> Option<usize> {
    let c = rest.chars().next()?;
    is_control(c).then_some(c.len_utf8())
}

/// Every place where a sequence may begin: a control character or a carriage return.
fn places(text: &str) -> impl Iterator<Item = usize> + '_ {
    text.char_indices().filter(|&(_, c)| c == '\r' || is_control(c)).map(|(at, _)| at)
}

/// Whether something that `begins` accepts begins anywhere.
fn occurs(text: &str, begins: impl Fn(&str) -> bool) -> bool {
    places(text).any(|at| begins(&text[at..]))
}

/// The matches, left to right, without overlaps: where each begins and ends. A matcher answers how many bytes of the
/// rest of the text it matches.
fn find_all<'t>(
    text: &'t str,
    matcher: impl Fn(&str) -> Option<usize> + 't,
) -> impl Iterator<Item = (usize, usize)> + 't {
    let mut from = 0;
    places(text).filter_map(move |at| {
        if at < from {
            return None;
        }
        from = at + matcher(&text[at..])?;
        Some((at, from))
    })
}

/// The text with each match replaced by what `with` writes for it.
fn rewrite<'t>(
    text: &'t str,
    matcher: impl Fn(&str) -> Option<usize> + 't,
    mut with: impl FnMut(&'t str, &mut String),
) -> Cow<'t, str> {
    let mut out = String::new();
    let mut copied = 0;
    for (start, end) in find_all(text, matcher) {
        out.push_str(&text[copied..start]);
        with(&text[start..end], &mut out);
        copied = end;
    }
    if copied == 0 && out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// The text with its sequences and controls spelled out, colour codes kept where they are allowed.
fn make_visible(text: &str, allow_colors: bool) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let text = if allow_colors {
        rewrite(text, colors, |code, out| {
            let _ = write!(out, "\0__SGR{}__\0", kept.len());
            kept.push(code);
        })
    } else {
        Cow::Borrowed(text)
    };
    let text = rewrite(&text, commands, spell).into_owned();
    let text = rewrite(&text, sequences, spell).into_owned();
    let text = rewrite(&text, lone_returns, spell).into_owned();
    let text = keep_placeholders(&text, kept.len());
    let text = rewrite(&text, controls, spell).into_owned();
    restore_colors(&text, &kept)
}

/// Spells a sequence out as Python's `unicode_escape` does.
fn spell(sequence: &str, out: &mut String) {
    for c in sequence.chars() {
        let _ = match c {
            '\\' => out.write_str("\\\\"),
            '\t' => out.write_str("\\t"),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            ' '..='~' => out.write_char(c),
            '\0'..='\u{FF}' => write!(out, "\\x{:02x}", u32::from(c)),
            '\u{100}'..='\u{FFFF}' => write!(out, "\\u{:04x}", u32::from(c)),
            _ => match surrogate::original(c) {
                Some(unit) => write!(out, "\\u{unit:04x}"),
                None => write!(out, "\\U{:08x}", u32::from(c)),
            },
        };
    }
}

/// The number below `count` written at the start of `text`, without leading zeros, and its length.
fn number(text: &str, count: usize) -> Option<(usize, usize)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number = &text[..digits];
    if digits == 0 || digits > 1 && number.starts_with('0') {
        return None;
    }
    number.parse().ok().filter(|&n| n < count).map(|n| (n, digits))
}

/// Renames placeholders so that they survive the spelling out of controls.
///
/// The reference replaces number by number; neighbours may share a NUL, which each replacement puts back, so all are
/// renamed except the second of two equal ones.
fn keep_placeholders(text: &str, count: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    // The last renamed placeholder: its number and where it ended.
    let mut last = (usize::MAX, usize::MAX);
    for (start, _) in text.match_indices("\0__SGR") {
        let Some((n, digits)) = number(&text[start + 6..], count) else { continue };
        let end = start + 6 + digits + 3;
        if !text[start + 6 + digits..].starts_with("__\0") || last == (n, start + 1) {
            continue;
        }
        // A shared NUL is written already.
        let from = if last.1 == start + 1 { start + 1 } else { start };
        out.push_str(&text[copied..from]);
        if from == start {
            out.push('\0');
        }
        let _ = write!(out, "KEEP{n}\0");
        copied = end;
        last = (n, end);
    }
    out.push_str(&text[copied..]);
    out
}

/// Puts the colour codes back.
///
/// The reference replaces number by number, left to right. Two placeholders that share their `\x00` cannot both be
/// replaced: the lower number wins, the left one of equals.
fn restore_colors(text: &str, kept: &[&str]) -> String {
    const EDGE: &str = "\\x00";
    let mut found: Vec<(usize, usize, usize)> = Vec::new();
    for (start, _) in text.match_indices("\\x00KEEP") {
        if let Some((n, digits)) = number(&text[start + 8..], kept.len())
            && text[start + 8 + digits..].starts_with(EDGE)
        {
            found.push((start, start + 8 + digits + EDGE.len(), n));
        }
    }
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by_key(|&i| (found[i].2, i));
    let mut taken = vec![false; found.len()];
    for i in order {
        let free_before = i == 0 || !taken[i - 1] || found[i - 1].1 <= found[i].0;
        let free_after = i + 1 == found.len() || !taken[i + 1] || found[i].1 <= found[i + 1].0;
        taken[i] = free_before && free_after;
    }
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (&(start, end, n), _) in found.iter().zip(taken).filter(|(_, taken)| *taken) {
        out.push_str(&text[copied..start]);
        out.push_str(kept[n]);
        copied = end;
    }
    out.push_str(&text[copied..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;
    use crate::text::Prefilter;
    use crate::value::{Value, parse_json};

    fn find_in(config: &str, text: &str) -> (Vec<String>, Option<String>) {
        let Value::Map(section) = parse_json(config).unwrap() else { panic!("an object") };
        let detector = build(&section, &mut NeedleSet::new()).unwrap();
        let none = Prefilter::none();
        let finding = detector.inspect(&Text::new(text, &none), &Request::new(text, Stage::Output)).unwrap();
        let rule = |h: &RuleHit| h.id.as_str().trim_start_matches("output_control_char.").to_owned();
        (finding.hits.iter().map(rule).collect(), finding.sanitized)
    }

    fn visible(text: &str) -> String {
        find_in("{}", text).1.unwrap_or_else(|| "clean".to_owned())
    }

    #[test]
    fn plain_text_and_allowed_colors_are_clean() {
        for text in ["tab\t and\r\nline", "\u{1B}[1;31mred\u{1B}[0m", "\u{a0}\u{ad}\u{200b}"] {
            assert_eq!(visible(text), "clean");
        }
        assert_eq!(find_in(r#"{"allow_color_codes": 0}"#, "\u{1B}[0m").0, ["ansi_sequence", "control_characters"]);
    }

    #[test]
    fn sequences_are_told_apart() {
        let rules = |text| find_in("{}", text).0;
        assert_eq!(rules("\u{1B}]52;c;aGk=\u{7}"), ["clipboard_hijack", "control_characters"]);
        assert_eq!(rules("\u{9D}0;t\u{1B}]52;c;x"), ["clipboard_hijack", "control_characters"]);
        assert_eq!(rules("\u{1B}]0;t\u{9D}52;c;x"), ["clipboard_hijack", "control_characters"]);
        assert_eq!(rules("\u{1B}]0;title"), ["osc_sequence", "control_characters"]);
        assert_eq!(rules("\u{9B}2J"), ["screen_manipulation", "control_characters"]);
        assert_eq!(rules("50%\r100%"), ["screen_manipulation"]);
        assert_eq!(rules("\u{1B}[?25h"), ["control_characters"]);
    }

    #[test]
    fn what_is_found_is_spelled_out_and_colors_stay() {
        assert_eq!(visible("\u{1B}[31mA\u{8}\u{1B}[0m\\"), "\u{1B}[31mA\\x08\u{1B}[0m\\");
        assert_eq!(visible("\u{1B}]0;é\n日\u{1B}\\x\r"), "\\x1b]0;\\xe9\\n\\u65e5\\x1b\\\\x\\r");
        assert_eq!(visible("\u{1B}]0;😀\u{10F800}"), "\\x1b]0;\\U0001f600\\ud800");
        assert_eq!(visible("\u{1B}]0;t\u{1B}[31mx"), "\\x1b]0;t\\x00__SGR0__\\x00x");
    }

    #[test]
    fn placeholders_in_the_text_become_colors() {
        assert_eq!(visible("\u{1B}[1m\0__SGR0__\0"), "\u{1B}[1m\u{1B}[1m");
        assert_eq!(visible("\u{1B}[1m\0__SGR0__\0__SGR0__\0"), "\u{1B}[1m\u{1B}[1m__SGR0__\\x00");
        assert_eq!(visible("\u{1B}[1m\0__SGR1__\0"), "\u{1B}[1m\\x00__SGR1__\\x00");
        assert_eq!(visible("\u{1B}[1m\u{1B}[2m\0__SGR1__\0__SGR0__\0"), "\u{1B}[1m\u{1B}[2m\\x00KEEP1\u{1B}[1m");
        assert_eq!(visible("\u{1B}[1m\u{8}\\x00KEEP0\\x00"), "\u{1B}[1m\\x08\u{1B}[1m");
    }
}
