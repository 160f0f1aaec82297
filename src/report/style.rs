//! Making text from datasets safe and short enough for a terminal or a page.

use std::fmt::Write as _;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// How a report for people may look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether colours may be used.
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, width: 120 }
    }
}

/// What a piece of a report says, told by colour where there is any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// As it should not be.
    Bad,
    /// Neither.
    Mixed,
    /// A heading.
    Strong,
    /// Less important than the rest.
    Dim,
}

impl Style {
    /// The text in the colour of its tone; unchanged without colours.
    #[must_use]
    pub fn paint(self, tone: Tone, text: &str) -> String {
        if !self.color {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "1;32",
            Tone::Bad => "1;31",
            Tone::Mixed => "1;33",
            Tone::Strong => "1",
            Tone::Dim => "2",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// The text with what a terminal or a reader would not see made visible: control characters, separators of lines and
/// paragraphs, marks that turn the direction of writing, and characters of no width, as `\u{...}`; newline, return and
/// tab as `\n`, `\r` and `\t`.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if is_hidden(c) => {
                // Writing to a string cannot fail.
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    shown
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The visible text, cut to `width` columns with an ellipsis at the end where it is longer. Never cuts through a
/// character that is made of several.
#[must_use]
pub fn cut(text: &str, width: usize) -> String {
    // No more than this many characters can be shown; the rest of a long text is not looked at.
    let head: String = text.chars().take(width.saturating_mul(2).saturating_add(2)).collect();
    let shown = visible(&head);
    if shown.width() <= width && head.len() == text.len() {
        return shown;
    }
    let mut kept = String::new();
    let mut used = 0;
    for piece in shown.graphemes(true) {
        let columns = piece.width().max(piece.chars().filter_map(|c| c.width()).max().unwrap_or(0));
        if used + columns + 1 > width {
            break;
        }
        used += columns;
        kept.push_str(piece);
    }
    if width > 0 {
        kept.push('…');
    }
    kept
}

/// A whole number with commas between its thousands.
#[must_use]
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_eq!(visible("a\x1b[31m\n\t\u{202e}\u{200b}é"), "a\\u{1b}[31m\\n\\t\\u{202e}\\u{200b}é");
    }

    #[test]
    fn long_text_is_cut_to_columns() {
        assert_eq!(cut("hello", 5), "hello");
        assert_eq!(cut("hello!", 5), "hell…");
        assert_eq!(cut("日本語です", 5), "日本…");
        assert_eq!(cut("ab\n", 4), "ab\\n");
        assert_eq!(cut("abc", 0), "");
        assert_eq!(cut(&"x".repeat(1_000_000), 3), "xx…");
    }

    #[test]
    fn a_combined_character_is_not_cut_through() {
        assert_eq!(cut("ae\u{301}bcd", 3), "ae\u{301}…");
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn without_colour_text_is_plain() {
        assert_eq!(Style::default().paint(Tone::Bad, "x"), "x");
        assert_eq!(Style { color: true, width: 80 }.paint(Tone::Bad, "x"), "\x1b[1;31mx\x1b[0m");
    }
}
