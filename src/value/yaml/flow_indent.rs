//! Continuation lines of brackets and quotes that stand too far left for YAML 1.2.
//!
//! YAML 1.1 as PyYAML reads it lets the lines inside `[...]`, `{...}` and quotes start in any column. Their leading
//! blanks carry no meaning, so a copy of the text with these lines pushed right reads the same and satisfies the
//! stricter parser.

use super::YamlError;

/// The pushed copy of a text.
pub(super) struct Indented {
    pub(super) text: String,
    by: usize,
    /// By line, from zero: whether it was pushed.
    pushed: Vec<bool>,
}

impl Indented {
    /// An error of the copy, at its place in the original.
    pub(super) fn original_place(&self, mut e: YamlError) -> YamlError {
        if self.pushed.get(e.line.wrapping_sub(1)) == Some(&true) {
            e.column = e.column.saturating_sub(self.by).max(1);
        }
        e
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Within {
    /// Block context or brackets; the scanner stands where a token may start.
    Token,
    /// Text without quotes.
    Plain,
    Single,
    Double,
    /// A `|` or `>` scalar under a line with this indent.
    Block(usize),
}

/// A copy with the continuation lines pushed right, or `None` when there is no such line.
pub(super) fn indented(text: &str) -> Option<Indented> {
    let leading = |line: &str| line.bytes().take_while(|&b| b == b' ').count();
    let by = text.lines().map(leading).max().unwrap_or(0) + 1;
    let mut within = Within::Token;
    let mut depth = 0usize;
    let mut out = String::with_capacity(text.len() * 2);
    let mut pushed = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Within::Block(parent) = within {
            if line.trim().is_empty() || leading(line) > parent {
                out.push_str(line);
                pushed.push(false);
                continue;
            }
            within = Within::Token;
        }
        let push = depth > 0 || matches!(within, Within::Single | Within::Double);
        if push {
            out.extend(std::iter::repeat_n(' ', by));
        }
        out.push_str(line);
        pushed.push(push);
        if within == Within::Plain {
            within = Within::Token;
        }
        within = scan_line(line, leading(line), within, &mut depth);
    }
    pushed.contains(&true).then_some(Indented { text: out, by, pushed })
}

/// What the scanner is within at the end of `line`.
fn scan_line(line: &str, indent: usize, mut within: Within, depth: &mut usize) -> Within {
    let mut chars = line.trim_end_matches(['\n', '\r']).chars().peekable();
    let mut after_blank = true;
    while let Some(c) = chars.next() {
        match within {
            Within::Double if c == '\\' => drop(chars.next()),
            Within::Double if c == '"' => within = Within::Token,
            Within::Single if c == '\'' && chars.next_if_eq(&'\'').is_none() => within = Within::Token,
            Within::Single | Within::Double | Within::Block(_) => {}
            Within::Token | Within::Plain if c == '#' && after_blank => return Within::Token,
            Within::Token | Within::Plain if *depth > 0 && matches!(c, ',' | '[' | ']' | '{' | '}') => {
                within = Within::Token;
                match c {
                    '[' | '{' => *depth += 1,
                    ']' | '}' => *depth -= 1,
                    _ => {}
                }
            }
            Within::Token => match c {
                '[' | '{' => *depth += 1,
                '"' => within = Within::Double,
                '\'' => within = Within::Single,
                '|' | '>' if *depth == 0 => return Within::Block(indent),
                ' ' | '\t' => {}
                '-' | '?' | ':' if chars.peek().is_none_or(|&next| next == ' ') => {}
                // Anchors and tags stand before the token proper.
                '&' | '!' => while chars.next_if(|&c| c != ' ').is_some() {},
                _ => within = Within::Plain,
            },
            Within::Plain => {
                if c == ':' && chars.peek().is_none_or(|&next| next == ' ') {
                    within = Within::Token;
                }
            }
        }
        after_blank = matches!(c, ' ' | '\t');
    }
    within
}
