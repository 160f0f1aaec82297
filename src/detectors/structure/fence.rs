//! The first fenced code block of a text.

use crate::text::chars;
use memchr::memmem;

const FENCE: &str = "```";
const CLOSE: &str = "\n```";

/// The body of the first fenced block: three backquotes, perhaps `json`, blanks of which one is a line feed, the
/// shortest body, a line feed and three backquotes.
///
/// The reference takes the last line feed of the blanks that lets the rest match: where nothing but the fence follows
/// the blanks, the last line feed itself closes the block.
pub(super) fn body(text: &str) -> Option<&str> {
    let last_close = memmem::rfind(text.as_bytes(), CLOSE.as_bytes())?;
    let mut from = 0;
    while let Some(found) = memmem::find(&text.as_bytes()[from..], FENCE.as_bytes()) {
        let open = from + found;
        // A longer row of backquotes may open at any of them.
        from = open + 1;
        let after = &text[open + FENCE.len()..];
        let blanks_start = open + FENCE.len() + if after.starts_with("json") { "json".len() } else { 0 };
        let rest = &text[blanks_start..];
        let blanks = &rest[..rest.find(|c| !chars::is_space(c)).unwrap_or(rest.len())];
        let Some(last) = blanks.rfind('\n') else { continue };
        let before = blanks[..last].rfind('\n');
        let start =
            [Some(last), before].into_iter().flatten().map(|at| blanks_start + at + 1).find(|&s| s <= last_close);
        if let Some(start) = start {
            let end = memmem::find(&text.as_bytes()[start..], CLOSE.as_bytes())?;
            return Some(&text[start..start + end]);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_fence_counts() {
        assert_eq!(body("a ```json\n{}\n``` ```\n1\n```"), Some("{}"));
        assert_eq!(body("```\u{2003}\n \n 1 \n\n```"), Some(" 1 \n"));
        assert_eq!(body("````\n1\n````"), Some("1"));
        assert_eq!(body("```\n\n```"), Some(""));
        assert_eq!(body("```python\nx\n```\ny\n```"), Some("y"));
    }

    #[test]
    fn other_forms_are_no_fence() {
        for text in
            ["```\n```", "```JSON\n1\n```", "```json 1\n```", "```json\n1\n ```", "```json\n1```", "```json5\n1\n```"]
        {
            assert_eq!(body(text), None, "{text:?}");
        }
    }
}
