//! Secrets wrapped in base64: finding the runs, decoding them.

use crate::text::runs::padding;
use crate::text::{ByteSpan, Text};
use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Fewer characters than this are no candidate.
const MIN_RUN: usize = 24;
const _: () = assert!(MIN_RUN >= crate::text::LONG_RUN);

/// Padding is judged by [`decode`] itself; unused trailing bits are ignored, as in the reference.
const DECODER: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// Runs of at least [`MIN_RUN`] base64 characters with up to two `=` behind them, except those next to a dot (parts
/// of a JSON Web Token).
pub(super) fn candidates<'t>(text: &'t Text<'_>) -> impl Iterator<Item = ByteSpan> + 't {
    let bytes = text.raw().as_bytes();
    let runs = text.long_runs().iter().filter(|run| run.len() >= MIN_RUN);
    runs.filter_map(|run| {
        let (start, end) = (run.start, run.end + padding(bytes, run.end));
        let dotted = bytes.get(end) == Some(&b'.') || start.checked_sub(1).map(|i| bytes[i]) == Some(b'.');
        (!dotted).then_some(ByteSpan { start, end })
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
    use crate::text::Prefilter;

    fn found(text: &str) -> Vec<&str> {
        candidates(&Text::new(text, &Prefilter::none())).map(|c| c.of(text)).collect()
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
