//! Whether a custom pattern's message can be formatted: Python's `str.format` with the match as `match`.
//!
//! The message itself goes nowhere here, but one that cannot be formatted fails the evaluation.

/// Whether `message` can be formatted with the matched text.
pub(super) fn formats(message: &str, matched: &str) -> bool {
    formatted(message, matched, 2).is_some()
}

/// The formatted message; `None` where Python raises. Fields may stand in format specifications, `depth` deep.
fn formatted(message: &str, matched: &str, depth: u8) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    let mut out = String::new();
    let mut rest = message;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            out.push_str(brace);
            rest = after;
        } else if brace == "{" {
            rest = field(rest, matched, depth, &mut out)?;
        } else {
            return None;
        }
    }
    out.push_str(rest);
    Some(out)
}

/// Formats one replacement field, given what follows its brace; the rest of the message.
fn field<'m>(rest: &'m str, matched: &str, depth: u8, out: &mut String) -> Option<&'m str> {
    let (end, terminator) = name_end(rest)?;
    let value = lookup(&rest[..end], matched)?;
    let mut rest = &rest[end + 1..];
    if terminator == '!' {
        let conversion = rest.chars().next()?;
        rest = &rest[conversion.len_utf8()..];
        if !matches!(conversion, 'r' | 's' | 'a') {
            return None;
        }
        match rest.chars().next()? {
            '}' => {
                out.push_str(&value);
                return Some(&rest[1..]);
            }
            ':' => rest = &rest[1..],
            _ => return None,
        }
    } else if terminator == '}' {
        out.push_str(&value);
        return Some(rest);
    }
    let end = closing_brace(rest)?;
    let specification = &rest[..end];
    let nested = specification.contains('{');
    let expanded = if nested { formatted(specification, matched, depth)? } else { specification.to_owned() };
    is_text_format(&expanded).then(|| out.push_str(&value))?;
    Some(&rest[end + 1..])
}

/// Where a field's name ends, and with what: its closing brace, a conversion or a format specification.
fn name_end(text: &str) -> Option<(usize, char)> {
    let mut in_index = false;
    for (at, c) in text.char_indices() {
        match c {
            ']' => in_index = false,
            _ if in_index => {}
            '[' => in_index = true,
            '{' => return None,
            '}' | ':' | '!' => return Some((at, c)),
            _ => {}
        }
    }
    None
}

/// The brace that closes a format specification.
fn closing_brace(text: &str) -> Option<usize> {
    let mut open = 1;
    for (at, c) in text.char_indices() {
        match c {
            '{' => open += 1,
            '}' if open == 1 => return Some(at),
            '}' => open -= 1,
            _ => {}
        }
    }
    None
}

/// The value of a field: the match, or a character of it.
fn lookup(name: &str, matched: &str) -> Option<String> {
    let mut value = matched.to_owned();
    let mut rest = name.strip_prefix("match")?;
    while !rest.is_empty() {
        let (index, after) = rest.strip_prefix('[')?.split_once(']')?;
        if index.is_empty() || !index.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        value = value.chars().nth(index.parse().ok()?)?.to_string();
        rest = after;
    }
    Some(value)
}

/// Whether a format specification is one that text takes: fill, alignment, width, precision.
fn is_text_format(specification: &str) -> bool {
    let mut rest: &[char] = &specification.chars().collect::<Vec<_>>();
    match rest {
        [_, '<' | '>' | '^', after @ ..] | ['<' | '>' | '^', after @ ..] => rest = after,
        _ => {}
    }
    let digits = |rest: &[char]| rest.iter().take_while(|c| c.is_ascii_digit()).count();
    rest = &rest[digits(rest)..];
    if let ['.', precision @ ..] = rest {
        let length = digits(precision);
        if length == 0 {
            return false;
        }
        rest = &precision[length..];
    }
    matches!(rest, [] | ['s'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_formats_is_formatted() {
        for message in [
            "",
            "plain",
            "{match}",
            "{{x}}",
            "{match!r} {match:>5}",
            "{match[0]}",
            "{match[0][0]}",
            "{match:é<9}",
            "{match:010}",
            "{match:.2s}",
            "{match!s:>9}",
            "{match:}",
            "{match:{{}}}{{",
        ] {
            assert!(formats(message, "abc") != message.contains("{{}}"), "{message}");
        }
    }

    #[test]
    fn what_python_refuses_is_refused() {
        for message in [
            "{",
            "}",
            "{}",
            "{0}",
            "{x}",
            "{ match }",
            "{match",
            "{match.x}",
            "{match[9]}",
            "{match[-1]}",
            "{match[]}",
            "{match[0]x}",
            "{match:d}",
            "{match:=10}",
            "{match:+}",
            "{match:#}",
            "{match:,}",
            "{match:_}",
            "{match!}",
            "{match!z}",
            "{match!ss}",
            "{match:{match}}",
            "{match:05d}",
            "{match:.}",
            "{match{x}}",
        ] {
            assert!(!formats(message, "abc"), "{message}");
        }
        assert!(formats("{match:{match}}", "5"));
    }
}
