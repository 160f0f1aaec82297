//! Numbers and texts as people read them.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// 1234567 as `1,234,567`.
#[must_use]
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count with its noun.
#[must_use]
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}

/// A share as a percentage: one decimal, more where the share is small but not nothing.
#[must_use]
pub fn percent(rate: f64) -> String {
    let p = rate * 100.0;
    if p > 0.0 && p < 0.1 { format!("{p:.3}%") } else { format!("{p:.1}%") }
}

/// Milliseconds with as many decimals as say something.
#[must_use]
pub fn millis(ms: f64) -> String {
    match ms {
        m if m >= 100.0 => format!("{m:.0}"),
        m if m >= 1.0 => format!("{m:.1}"),
        m => format!("{m:.3}"),
    }
}

/// The text on one line with everything visible: control and other invisible characters as their code point (a line
/// break as `⏎`, a tab as `→`), cut to `width` columns with `…` at the end.
#[must_use]
pub fn visible(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    // Room for the mark of a cut is kept until the text's end is in sight.
    let mut fits_with_mark = 0;
    for c in text.chars() {
        let shown = visible_char(c);
        let columns = match &shown {
            Some(code) => code.width(),
            None => c.width().unwrap_or(0),
        };
        if used + columns > width {
            out.truncate(fits_with_mark);
            out.push('…');
            return out;
        }
        match shown {
            Some(code) => out.push_str(&code),
            None => out.push(c),
        }
        used += columns;
        if used < width {
            fits_with_mark = out.len();
        }
    }
    out
}

/// How a character that cannot be seen is shown; none for those that can.
fn visible_char(c: char) -> Option<String> {
    if let Some(unit) = crate::value::surrogate::original(c) {
        return Some(format!("<{unit:04X}>"));
    }
    match c {
        '\n' => Some("⏎".to_owned()),
        '\t' => Some("→".to_owned()),
        '\r' => Some("␍".to_owned()),
        _ if c.is_control() || is_invisible(c) => Some(format!("<{:04X}>", u32::from(c))),
        _ => None,
    }
}

/// Zero-width and direction-changing characters, tags and variation selectors: what attacks hide in.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Columns of a text without escape sequences.
#[must_use]
pub fn columns(text: &str) -> usize {
    text.width()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_easily() {
        assert_eq!([grouped(0), grouped(999), grouped(1_234_567)], ["0", "999", "1,234,567"]);
        assert_eq!([percent(0.0), percent(0.0004), percent(0.25), percent(1.0)], ["0.0%", "0.040%", "25.0%", "100.0%"]);
        assert_eq!([millis(0.0214), millis(4.26), millis(1234.5)], ["0.021", "4.3", "1234"]);
    }

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_eq!(visible("a\u{200b}b\nc\t\u{1b}[31m", 80), "a<200B>b⏎c→<001B>[31m");
        assert_eq!(visible("\u{202e}cod.exe", 80), "<202E>cod.exe");
    }

    #[test]
    fn texts_are_cut_to_columns_not_characters() {
        assert_eq!(visible("abcdef", 6), "abcdef");
        assert_eq!(visible("abcdefg", 6), "abcde…");
        assert_eq!(visible("漢字漢字", 8), "漢字漢字");
        assert_eq!(visible("漢字漢字漢", 8), "漢字漢…");
        assert_eq!(visible("abc\u{1}d", 6), "abc…");
    }
}
