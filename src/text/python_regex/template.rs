//! Python's replacement templates: `\1`, `\g<name>` and the usual escapes.

use super::PythonRegex;
use crate::text::span::ByteSpan;

/// A replacement, read for one pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Group(usize),
}

impl Template {
    /// Reads a template.
    pub(super) fn parse(template: &str, regex: &PythonRegex) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut chars = template.chars().peekable();
        let octal = |c: &char| ('0'..='7').contains(c);
        while let Some(c) = chars.next() {
            if c != '\\' {
                text.push(c);
                continue;
            }
            let group = match chars.next() {
                None => return Err("bad escape (end of pattern)".into()),
                Some('g') => named_group(&mut chars, regex)?,
                Some('0') => {
                    let mut value = 0;
                    for _ in 0..2 {
                        value = value * 8 + chars.next_if(octal).map_or(0, |c| c.to_digit(8).unwrap_or(0));
                    }
                    text.extend(char::from_u32(value));
                    continue;
                }
                Some(first @ '1'..='9') => {
                    let mut digits = first.to_string();
                    digits.extend(chars.next_if(char::is_ascii_digit));
                    if digits.len() == 2
                        && digits.chars().all(|c| octal(&c))
                        && let Some(third) = chars.next_if(octal)
                    {
                        digits.push(third);
                        let value = u32::from_str_radix(&digits, 8).ok().filter(|&value| value <= 0o377);
                        text.extend(value.and_then(char::from_u32));
                        if value.is_none() {
                            return Err("octal escape value outside of range 0-0o377".into());
                        }
                        continue;
                    }
                    digits.parse().map_err(|_| "invalid group reference")?
                }
                Some(c) => {
                    match c {
                        'a' => text.push('\x07'),
                        'b' => text.push('\x08'),
                        'f' => text.push('\x0C'),
                        'n' => text.push('\n'),
                        'r' => text.push('\r'),
                        't' => text.push('\t'),
                        'v' => text.push('\x0B'),
                        '\\' => text.push('\\'),
                        c if c.is_ascii_alphabetic() => return Err(format!("bad escape \\{c}")),
                        c => text.extend(['\\', c]),
                    }
                    continue;
                }
            };
            if group >= regex.groups {
                return Err(format!("invalid group reference {group}"));
            }
            if !text.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut text)));
            }
            parts.push(Part::Group(group));
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok(Template { parts })
    }

    /// Whether the template refers to groups.
    pub(super) fn needs_groups(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Group(_)))
    }

    /// Appends the replacement for a match; a group that took no part is empty.
    pub(super) fn expand(&self, text: &str, groups: &[Option<ByteSpan>], out: &mut String) {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Group(group) => {
                    out.push_str(groups.get(*group).copied().flatten().map_or("", |span| span.of(text)));
                }
            }
        }
    }
}

/// The group of `<name>` or `<number>`.
fn named_group(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, regex: &PythonRegex) -> Result<usize, String> {
    if chars.next_if_eq(&'<').is_none() {
        return Err("missing <".into());
    }
    let mut name = String::new();
    loop {
        match chars.next() {
            None => return Err("missing >, unterminated name".into()),
            Some('>') => break,
            Some(c) => name.push(c),
        }
    }
    let number = || name.parse().ok().filter(|_| name.bytes().all(|b| b.is_ascii_digit()));
    regex.names.get(&name).copied().or_else(number).ok_or_else(|| format!("unknown group name {name:?}"))
}
