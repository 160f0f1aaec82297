//! Secrets wrapped in base64: finding the runs, decoding them.

use crate::text::ByteSpan;
use crate::text::token::{ANY, AsciiSet};
use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Fewer characters than this are no candidate.
const MIN_RUN: usize = 24;

/// Padding is judged by [`decode`] itself; unused trailing bits are ignored, as in the reference.
const DECODER: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// Runs of at least [`MIN_RUN`] base64 characters with up to two `=` behind them, except those next to a dot (parts
/// of a JSON Web Token).
pub(super) fn candidates(text: &str) -> impl Iterator<Item = ByteSpan> + '_ {
    let bytes = text.as_bytes();
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let probe = from + MIN_RUN - 1;
            if !AsciiSet::BASE64.has(*bytes.get(probe)?) {
                from = probe + 1;
                continue;
            }
            // The character at the probe is in a run; its beginning is in the stretch not looked at yet.
            let start = probe - bytes[from..probe].iter().rev().take_while(|&&b| AsciiSet::BASE64.has(b)).count();
            let len = AsciiSet::BASE64.run(bytes, start, ANY);
            from = start + len;
            if len < MIN_RUN {
                continue;
            }
            let end = from + bytes[from..].iter().take(2).take_while(|&&b| b == b'=').count();
            from = end;
            let dotted = bytes.get(end) == Some(&b'.') || start.checked_sub(1).map(|i| bytes[i]) == Some(b'.');
            if !dotted {
                return Some(ByteSpan { start, end });
            }
        }
    })
}

/// The bytes that a candidate stands for; `None` when its length and padding do not fit.
pub(super) fn decode(candidate: &str) -> Option<Vec<u8>> {
    let body = candidate.trim_end_matches('=');
    let padding = candidate.len() - body.len();
    let fits = match body.len() % 4 {
        0 => true,
        2 => padding == 2,
        3 => padding == 1,
        _ => false,
    };
    if fits { DECODER.decode(body).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        candidates(text).map(|c| c.of(text)).collect()
    }

    #[test]
    fn runs_of_24_and_more_are_candidates_with_their_padding() {
        let (run, short) = ("a".repeat(24), "b".repeat(23));
        assert_eq!(found(&format!("é{run}=== {short} {short}+{run}/é")).len(), 2);
        assert_eq!(found(&format!("{short}==")), Vec::<&str>::new());
        assert_eq!(found(&format!("é{run}===")), [format!("{run}==")]);
        assert_eq!(found(&format!("{short} {short}-{run}")), [run]);
    }

    #[test]
    fn neighbours_of_a_dot_are_none() {
        let run = "a".repeat(24);
        assert!(found(&format!(".{run} {run}. {run}==.")).is_empty());
    }

    #[test]
    fn padding_must_fit_but_superfluous_padding_of_whole_groups_may_stand() {
        for (text, fits) in [("AAAA", true), ("AAAA=", true), ("AAAA==", true), ("AAA=", true), ("AA==", true)] {
            assert_eq!(decode(text).is_some(), fits, "{text}");
        }
        for text in ["AAA", "AAA==", "AA", "AA=", "AAAAA", "AAAAA=="] {
            assert_eq!(decode(text), None, "{text}");
        }
        assert_eq!(decode("aGlr").as_deref(), Some(b"hik".as_slice()));
        assert_eq!(decode("aG//aR==").map(|d| d.len()), Some(4), "trailing bits are ignored");
    }
}
