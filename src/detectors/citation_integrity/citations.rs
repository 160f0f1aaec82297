//! What an answer cites: URLs, source ids in brackets, long quotes.
//!
//! The reference's patterns backtrack; these scanners find the same matches in one pass over the folded view, whose
//! places are code points.

use crate::text::fold::is_blank;
use crate::text::{CharSpan, Text, chars, fold};
use std::collections::HashSet;

/// What introduces a labelled id.
const LABELS: [&[u8]; 3] = [b"source", b"ref", b"cite"];
/// Longest id, in code points.
const MAX_ID: usize = 80;
/// Shortest quote, in code points.
const MIN_QUOTE: usize = 20;
/// The curly quotes' bytes in the folded view.
const OPEN: u8 = 0x93;
const CLOSE: u8 = 0x94;

/// Everything an answer cites, in the reference's order.
#[derive(Debug, Default)]
pub(super) struct Citations<'t> {
    /// URLs without trailing punctuation, first occurrences only.
    pub urls: Vec<&'t str>,
    /// Ids, one spelling of each.
    pub ids: Vec<&'t str>,
    /// Quotes, repeats included.
    pub quotes: Vec<&'t str>,
}

/// Every text that cites something has one of these in its folded view, or one of [`MARKS`].
pub(super) const NEEDLES: [&str; 4] = ["://", "(source", "(ref", "(cite"];
/// Closing marks of ids and quotes.
pub(super) const MARKS: [u8; 3] = [b']', b'"', CLOSE];

impl<'t> Citations<'t> {
    /// Finds all citations of a text.
    pub fn of(text: &'t Text<'_>) -> Self {
        let mut seen = HashSet::new();
        let urls = urls(text.raw()).map(trim_url).filter(|url| seen.insert(*url)).collect();
        let folded = text.folded();
        let labelled = labelled(folded).into_iter().chain(parenthesised(folded)).map(|id| chars::trim(text.slice(id)));
        let bracketed = bracketed(folded).into_iter().map(|id| text.slice(id)).filter(|id| looks_like_id(id));
        let mut seen = HashSet::new();
        let ids = labelled.chain(bracketed).filter(|id| seen.insert(chars::lower(id).into_owned())).collect();
        Citations { urls, ids, quotes: quotes(folded).into_iter().map(|quote| text.slice(quote)).collect() }
    }

    /// Whether nothing is cited.
    pub fn is_empty(&self) -> bool {
        self.urls.is_empty() && self.ids.is_empty() && self.quotes.is_empty()
    }
}

/// The URLs of a text as they stand, left to right: `http` or `https` in either case, then everything up to a blank or
/// a closing mark.
pub(super) fn urls(text: &str) -> impl Iterator<Item = &str> {
    let mut floor = 0;
    memchr::memmem::find_iter(text.as_bytes(), b"://").filter_map(move |at| {
        let head = text.get(floor..at)?;
        // `s` also matches U+017F.
        let plain = head.strip_suffix(['s', 'S', '\u{17F}']).unwrap_or(head);
        let scheme = [plain, head].into_iter().find(|head| ends_with_http(head))?;
        let start = floor + scheme.len() - "http".len();
        let rest = &text[at + 3..];
        let stops = |c: char| matches!(c, ')' | ']' | '"' | '\'' | '>') || chars::is_space(c);
        let len = rest.find(stops).unwrap_or(rest.len());
        if len == 0 {
            return None;
        }
        floor = at + 3 + len;
        Some(&text[start..floor])
    })
}

fn ends_with_http(head: &str) -> bool {
    let bytes = head.as_bytes();
    bytes.len() >= 4 && bytes[bytes.len() - 4..].eq_ignore_ascii_case(b"http")
}

/// A URL without the punctuation of the sentence around it.
pub(super) fn trim_url(url: &str) -> &str {
    url.trim_end_matches(['.', ',', ')', ';'])
}

/// The end of the label that begins at `at`, its plural `s` not included.
fn label_end(folded: &[u8], at: usize) -> Option<usize> {
    LABELS.iter().find(|label| folded[at..].starts_with(label)).map(|label| at + label.len())
}

fn skip_blanks(folded: &[u8], at: usize) -> usize {
    at + folded[at..].iter().take_while(|&&b| is_blank(b)).count()
}

fn is_mark(folded: &[u8], at: usize) -> bool {
    matches!(folded.get(at), Some(b':' | b'='))
}

/// The id that begins as late as `latest` and no earlier than `earliest`, up to `close`, if its length fits.
///
/// The blanks before an id are taken greedily, but an id has at least one character: where nothing else is left, it is
/// the last one that the part before it could give back.
fn id_before(folded: &[u8], close: u8, earliest: usize, latest: usize) -> Option<CharSpan> {
    let window = &folded[latest..folded.len().min(latest + MAX_ID + 1)];
    let end = latest + window.iter().position(|&b| b == close)?;
    let start = latest.min(end.checked_sub(1)?);
    (start >= earliest && end - start <= MAX_ID).then_some(CharSpan { start, end })
}

/// Ids such as `[source: x]`.
fn labelled(folded: &[u8]) -> Vec<CharSpan> {
    scan(folded, b'[', |at| {
        let label = label_end(folded, at)?;
        let mark = skip_blanks(folded, label + usize::from(folded.get(label) == Some(&b's')));
        if !is_mark(folded, mark) {
            return None;
        }
        id_before(folded, b']', mark + 1, skip_blanks(folded, mark + 1))
    })
}

/// Ids such as `(ref x)`: the mark is optional, and so is a blank, hence `(reference 7)` cites `erence 7`.
fn parenthesised(folded: &[u8]) -> Vec<CharSpan> {
    scan(folded, b'(', |at| {
        let label = label_end(folded, at)?;
        let mark = skip_blanks(folded, label + usize::from(folded.get(label) == Some(&b's')));
        let latest = if is_mark(folded, mark) { skip_blanks(folded, mark + 1) } else { mark };
        id_before(folded, b')', label, latest)
    })
}

/// Tries `matcher` behind each `open`, and goes on after what it matched and its closing mark.
fn scan(folded: &[u8], open: u8, matcher: impl Fn(usize) -> Option<CharSpan>) -> Vec<CharSpan> {
    let mut floor = 0;
    memchr::memchr_iter(open, folded)
        .filter_map(|at| {
            let id = if at < floor { None } else { matcher(at + 1) }?;
            floor = id.end + 1;
            Some(id)
        })
        .collect()
}

/// Anything without blanks in square brackets; an opening bracket may be part of it.
fn bracketed(folded: &[u8]) -> Vec<CharSpan> {
    let mut ids = Vec::new();
    let mut floor = 0;
    let mut stop = 0;
    for at in memchr::memchr_iter(b'[', folded) {
        if at < floor {
            continue;
        }
        let start = at + 1;
        if stop < start {
            stop = start + folded[start..].iter().take_while(|&&b| b != b']' && !is_blank(b)).count();
        }
        if folded.get(stop) == Some(&b']') && (1..=MAX_ID).contains(&(stop - start)) {
            ids.push(CharSpan { start, end: stop });
            floor = stop + 1;
        }
    }
    ids
}

/// Whether what stands in brackets reads as an id: a number, or something with a digit or one of `/_:-.`, but no URL
/// and no labelled id.
fn looks_like_id(id: &str) -> bool {
    let mut folded = Vec::new();
    fold::fold_into(id, &mut folded);
    if folded.starts_with(b"http") || is_label(&folded) {
        return false;
    }
    id.chars().all(chars::is_any_digit)
        || id.chars().any(|c| matches!(c, '/' | '_' | ':' | '-' | '.') || chars::is_digit(c))
}

/// Whether a text begins with a label, its plural included, and a word edge.
fn is_label(folded: &[u8]) -> bool {
    label_end(folded, 0).is_some_and(|end| {
        let plural = end + usize::from(folded.get(end) == Some(&b's'));
        folded.get(plural).is_none_or(|&b| !b.is_ascii_alphanumeric() && b != b'_')
    })
}

/// Long stretches between quotation marks; a closing mark of one that was too short may open the next.
fn quotes(folded: &[u8]) -> Vec<CharSpan> {
    let mut quotes = Vec::new();
    let mut floor = 0;
    let mut close = 0;
    for at in memchr::memchr2_iter(b'"', OPEN, folded) {
        if at < floor {
            continue;
        }
        let start = at + 1;
        if close < start {
            match memchr::memchr2(b'"', CLOSE, &folded[start..]) {
                Some(found) => close = start + found,
                None => break,
            }
        }
        if close - start >= MIN_QUOTE {
            quotes.push(CharSpan { start, end: close });
            floor = close + 1;
        }
    }
    quotes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Prefilter;

    fn ids(text: &str) -> Vec<String> {
        let prefilter = Prefilter::none();
        let text = Text::new(text, &prefilter);
        Citations::of(&text).ids.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn urls_end_before_closing_marks_and_lose_punctuation() {
        let found: Vec<&str> =
            urls("HTTPS://a.b/c). (http\u{17F}://x;, shttp://y] http:// https://\"").map(trim_url).collect();
        assert_eq!(found, ["HTTPS://a.b/c", "http\u{17F}://x", "http://y"]);
        assert_eq!(urls("xhttp://ahttp://b c").collect::<Vec<_>>(), ["http://ahttp://b"]);
        assert_eq!(urls("httphttps://a é://https://b").collect::<Vec<_>>(), ["https://a", "https://b"]);
    }

    #[test]
    fn labelled_ids_give_back_what_an_empty_one_needs() {
        assert_eq!(ids("[ref: A] [Sources = b ] [c\u{130}te:c]"), ["A", "b", "c"]);
        assert_eq!(ids("[ref: ]"), [""]);
        assert!(ids("[ref:] [refs a] [source]").is_empty());
        assert_eq!(ids(&format!("[ref: {}]", "a".repeat(80))), ["a".repeat(80)]);
        assert!(ids(&format!("[ref: {}]", "a".repeat(81))).is_empty());
        assert_eq!(ids(&format!("[ref:{}a]", " ".repeat(90))), ["a"]);
    }

    #[test]
    fn parentheses_need_no_mark() {
        assert_eq!(ids("(reference 12) (cited in X) (sources) (ref)"), ["erence 12", "d in X", "s"]);
        assert_eq!(ids("(ref ) (cite:) (ref\n:\nx)"), ["", ":", "x"]);
    }

    #[test]
    fn brackets_hold_ids_with_digits_or_marks() {
        assert_eq!(ids("[[1]] arr[0] [12:30] [m/s] [ref1] [cite_9]"), ["[1", "0", "12:30", "m/s", "ref1", "cite_9"]);
        assert!(ids("[note] [1, 2] [ref-1] [sources/9] [http1] [a²] []").is_empty());
        assert_eq!(ids("[²] [a٣] [X-1] [x-1]"), ["²", "a٣", "X-1"]);
        assert!(ids(&format!("[{}]", "a1".repeat(41))).is_empty());
    }

    #[test]
    fn quotes_are_twenty_characters_or_more() {
        let prefilter = Prefilter::none();
        let found = |text: &str| Citations::of(&Text::new(text, &prefilter)).quotes.len();
        assert_eq!(found(&format!("\"{}\"", "é".repeat(20))), 1);
        assert_eq!(found(&format!("\"{}\"", "é".repeat(19))), 0);
        assert_eq!(found("\"ab\" a long text in between \"cd\""), 1);
        assert_eq!(found("“aaaaaaaaaaaaaaaaaaaaaaaa“ bbbbbbb”"), 1);
        assert_eq!(found("”aaaaaaaaaaaaaaaaaaaaaaaa”"), 0);
    }

    #[test]
    fn every_citation_has_a_needle() {
        for text in
            ["http://x", "[1]", "(ref x)", "(\u{17F}ource x)", "[ref: x]", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""]
        {
            let mut folded = Vec::new();
            fold::fold_into(text, &mut folded);
            let has_needle = NEEDLES.iter().any(|n| memchr::memmem::find(&folded, n.as_bytes()).is_some());
            assert!(has_needle || MARKS.iter().any(|mark| folded.contains(mark)), "{text}");
        }
    }
}
