//! Rewriting a text span by span.

use super::span::ByteSpan;

/// The text with each span replaced by `with`. Spans must be in order and must not overlap.
#[must_use]
pub fn replace_spans(text: &str, spans: impl IntoIterator<Item = ByteSpan>, with: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for span in spans {
        out.push_str(&text[at..span.start]);
        out.push_str(with);
        at = span.end;
    }
    out.push_str(&text[at..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_between_spans_stays() {
        let spans = [ByteSpan { start: 0, end: 1 }, ByteSpan { start: 3, end: 5 }];
        assert_eq!(replace_spans("aé日", [], "x"), "aé日");
        assert_eq!(replace_spans("a--bcd", spans, "[X]"), "[X]--[X]d");
    }
}
