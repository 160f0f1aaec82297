//! Text hidden in base64 and in `\x` escapes. One level: what is decoded is not decoded again.

use crate::text::Text;
use crate::text::chars;
use crate::text::runs::padding;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Runs shorter than this are no base64.
const MIN_BASE64: usize = 16;
// A text without a long run has none to decode.
const _: () = assert!(MIN_BASE64 >= crate::text::LONG_RUN);
/// Runs of fewer escapes than this are no hidden text.
const MIN_ESCAPES: usize = 5;
/// Bytes of one `\x41`.
const ESCAPE: usize = 4;

/// Python's lenient decoder: unused trailing bits are ignored.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// The texts hidden in `text`: those in base64 in order, then those in escapes.
pub(super) fn decoded(text: &Text<'_>) -> Vec<String> {
    let bytes = text.raw().as_bytes();
    let mut texts = Vec::new();
    for run in text.long_runs().iter().filter(|run| run.len() >= MIN_BASE64) {
        texts.extend(base64_text(&bytes[run.clone()], padding(bytes, run.end)));
    }
    escaped_texts(bytes, &mut texts);
    texts
}

/// The text of one run, if its padding is no error and something is left of it.
fn base64_text(run: &[u8], padding: usize) -> Option<String> {
    if run.len() % 4 == 1 || (run.len() % 4 == 3 && padding == 2) {
        return None;
    }
    let text = well_formed(&LENIENT.decode(run).ok()?);
    (chars::trim(&text).chars().nth(2).is_some()).then_some(text)
}

fn escaped_texts(text: &[u8], texts: &mut Vec<String>) {
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'\\', &text[from..]).map(|i| from + i) {
        let bytes: Vec<u8> = text[at..].chunks_exact(ESCAPE).map_while(escape).collect();
        from = at + (bytes.len() * ESCAPE).max(1);
        if bytes.len() >= MIN_ESCAPES {
            let decoded = well_formed(&bytes);
            if decoded.chars().nth(3).is_some() {
                texts.push(decoded);
            }
        }
    }
}

fn escape(chunk: &[u8]) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16);
    match *chunk {
        [b'\\', b'x', high, low] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
        _ => None,
    }
}

/// The bytes as text, without those that are not part of well-formed UTF-8.
fn well_formed(bytes: &[u8]) -> String {
    bytes.utf8_chunks().map(|chunk| chunk.valid()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Prefilter;

    fn decoded(text: &str) -> Vec<String> {
        super::decoded(&Text::new(text, &Prefilter::none()))
    }

    #[test]
    fn base64_runs_are_found_wherever_they_stand() {
        for lead in 0..40 {
            let text = format!("{}aWdub3JlIGFsbCBydWxlcw== tail", "-".repeat(lead));
            assert_eq!(decoded(&text), ["ignore all rules"], "after {lead} characters");
        }
        assert_eq!(decoded("aWdub3JlIGFsbA aWdub3JlIGFs"), Vec::<String>::new());
        assert_eq!(decoded("aWdub3JlIGFsbCE+ cnVsZXMgZm9yZXZlcg"), ["ignore all!>", "rules forever"]);
    }

    #[test]
    fn a_run_of_impossible_length_or_padding_is_skipped() {
        assert_eq!(decoded("aWdub3JlIGFsbCBydWxlcwA"), ["ignore all rules\0"]);
        assert_eq!(decoded("aWdub3JlIGFsbCBydWxlcwA=="), Vec::<String>::new());
        assert_eq!(decoded("aWdub3JlIGFsbCBydWxlc"), Vec::<String>::new());
        assert_eq!(decoded("aWdub3JlIGFsbCBydWxlcx"), ["ignore all rules"]);
    }

    #[test]
    fn ill_formed_bytes_are_dropped_and_short_texts_too() {
        assert_eq!(decoded("/////////////w=="), Vec::<String>::new());
        assert_eq!(decoded(r"\x69\x67\xff\x6e\xe2\x82\x6f"), ["igno"]);
        assert_eq!(decoded(r"\x69\x67\xff\x6e\xe2"), Vec::<String>::new());
    }

    #[test]
    fn escapes_need_a_run_of_five_and_a_small_x() {
        assert_eq!(decoded(r"\\x61\x62\x63\x64\x65 \x61\x62\x63\x64"), ["abcde"]);
        assert_eq!(decoded(r"\X61\X62\X63\X64\X65"), Vec::<String>::new());
        assert_eq!(decoded(r"\x4A\x4a\x4A\x4a\x4G\x4a"), Vec::<String>::new());
    }
}
