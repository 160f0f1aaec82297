//! Where the URLs of a text are.

use crate::text::fold::is_blank;
use crate::text::{CharSpan, Text};
use memchr::memmem;

/// Schemes that may stand before `//` (the others are left outside the match).
const SCHEMES: [&[u8]; 3] = [b"http:", b"https:", b"ftp:"];
const DATA: &[u8] = b"data:";

/// A URL of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Its place.
    pub span: CharSpan,
    /// Whether it is a data URI.
    pub is_data: bool,
}

/// Whether a folded character can be part of a URL.
fn is_body(b: u8) -> bool {
    !is_blank(b) && !matches!(b, b'<' | b'>' | b'"' | b'\'' | b')' | b']' | b'}' | b',' | b';')
}

/// All URLs, left to right: a scheme and `//`, or `//` alone, or `data:`, and everything up to a blank, a quote or
/// a closing bracket; at least one character.
pub(super) fn urls<'t>(text: &'t Text<'_>) -> impl Iterator<Item = Found> + 't {
    let folded = text.folded();
    let mut from = 0;
    // The next place of each kind is kept until the search passes it, so that each byte is searched once a kind.
    let mut slashes: Option<usize> = Some(0);
    let mut data: Option<usize> = Some(0);
    let mut started = false;
    std::iter::from_fn(move || {
        if !started || slashes.is_some_and(|at| at < from) {
            slashes = next_slashes(folded, from);
        }
        if !started || data.is_some_and(|at| at < from) {
            data = next_data(folded, from);
        }
        started = true;
        let hierarchical = slashes.map(|at| at - scheme_before(&folded[from..at]));
        let (start, body) = match (hierarchical, data) {
            (Some(start), Some(at)) if at < start => (at, at + DATA.len()),
            (Some(start), _) => (start, slashes? + 2),
            (None, Some(at)) => (at, at + DATA.len()),
            (None, None) => return None,
        };
        let len = folded[body..].iter().position(|&b| !is_body(b)).unwrap_or(folded.len() - body);
        from = body + len;
        let is_data = Some(start) == data && hierarchical != Some(start);
        Some(Found { span: CharSpan { start, end: from }, is_data })
    })
}

/// The next `//` with a body after it.
fn next_slashes(folded: &[u8], from: usize) -> Option<usize> {
    let mut from = from;
    loop {
        let at = from + memmem::find(&folded[from..], b"//")?;
        if folded.get(at + 2).is_some_and(|&b| is_body(b)) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// The next `data:` with a body after it.
fn next_data(folded: &[u8], from: usize) -> Option<usize> {
    memmem::find_iter(&folded[from..], DATA)
        .map(|at| from + at)
        .find(|at| folded.get(at + DATA.len()).is_some_and(|&b| is_body(b)))
}

/// The length of the scheme that ends `before`; the longest is the one that begins first.
fn scheme_before(before: &[u8]) -> usize {
    SCHEMES.iter().filter(|scheme| before.ends_with(scheme)).map(|scheme| scheme.len()).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Prefilter;

    fn of(text: &str) -> Vec<String> {
        let prefilter = Prefilter::none();
        let text = Text::new(text, &prefilter);
        let mark = |f: Found| format!("{}{}", if f.is_data { "D " } else { "" }, text.slice(f.span));
        urls(&text).map(mark).collect()
    }

    #[test]
    fn urls_reach_from_their_scheme_to_a_blank_quote_or_closing_bracket() {
        assert_eq!(of("see (HTTP://A.b/c?d=[e) or 'ftp://x.'"), ["HTTP://A.b/c?d=[e", "ftp://x."]);
        assert_eq!(of("a http\u{17F}://x\u{2003}b"), ["http\u{17F}://x"]);
        assert_eq!(of("http://\u{1C}x //,"), Vec::<String>::new());
    }

    #[test]
    fn other_schemes_begin_at_their_slashes() {
        assert_eq!(of("sftp://h ws://h //h xhttp://h ///"), ["ftp://h", "//h", "//h", "http://h", "///"]);
    }

    #[test]
    fn data_uris_are_found_inside_words_but_not_inside_urls() {
        assert_eq!(of("metadata:x DATA:y data:"), ["D data:x", "D DATA:y"]);
        assert_eq!(of("http://h/data:x data:http://h"), ["http://h/data:x", "D data:http://h"]);
    }

    #[test]
    fn a_scheme_must_lie_after_the_url_before() {
        assert_eq!(of("//a,http://b"), ["//a", "http://b"]);
        assert_eq!(of("data:x;http://y"), ["D data:x", "http://y"]);
    }
}
