//! The detector `copyright`: known openings, licences and notices, lyrics, the policy's own passages, and text that
//! repeats itself.
//!
//! | step | rule | fires on |
//! |---|---|---|
//! | 1 | known_work_match | a passage of `passages.json` in the text without punctuation and case |
//! | 2 | license_violation | a row of [`LICENSES`] whose licence the policy blocks; notices even when it does not |
//! | 3 | lyrics_match | a word of songs and a repeated window of words |
//! | 4 | verbatim_match | a window of words that one of the policy's signatures has too |
//! | 5 | verbatim_match | three different windows of words that come more than once |

mod passages;
mod windows;

use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, text_set, truthy_or};
use crate::text::{FoldedPattern, NeedleSet, Text, chars};
use crate::value::{Map, Value};
use passages::Passages;
use windows::{Signatures, Words};

/// Texts shorter than this, trimmed, are not looked at.
const MIN_LENGTH: usize = 20;
/// The window of lyrics is never longer than this.
const MAX_LYRICS_WINDOW: i64 = 6;
/// So many windows that come again are a repetition.
const MANY_WINDOWS: usize = 3;

/// A notice: its pattern, the licence it stands for, whether it counts when the licence is not blocked, examples that
/// match and that do not.
struct License {
    pattern: &'static str,
    name: &'static str,
    is_notice: bool,
    #[cfg_attr(not(test), allow(dead_code))]
    examples: [&'static str; 2],
}

const fn license(pattern: &'static str, name: &'static str, is_notice: bool, examples: [&'static str; 2]) -> License {
    License { pattern, name, is_notice, examples }
}

#[rustfmt::skip]
const LICENSES: &[License] = &[
    license(r"gnu\s+general\s+public\s+license", "GPL", false, ["the GNU  General\nPublic License", "GNU Public License"]),
    license(r"gpl[-\s]?(?:v|version\s*)?[23]", "GPL", false, ["LGPL-2.1", "GPL, version 2"]),
    license(r"spdx-license-identifier:\s*gpl", "GPL", false, ["SPDX-License-Identifier:GPL", "SPDX-License-Identifier: MIT"]),
    license(r"gnu\s+affero\s+general\s+public\s+license", "AGPL-3.0", false, ["GNU Affero General Public License", "GNU Affero"]),
    license(r"agpl[-\s]?(?:v|version\s*)?3", "AGPL-3.0", false, ["AGPL version 3", "AGPL  3"]),
    license(r"spdx-license-identifier:\s*agpl", "AGPL-3.0", false, ["SPDX-License-Identifier: AGPL", "SPDX: AGPL"]),
    license(r"gnu\s+lesser\s+general\s+public\s+license", "LGPL", false, ["GNU Lesser General Public License", "GNU Lesser"]),
    license(r"server\s+side\s+public\s+license", "SSPL-1.0", false, ["Server Side Public License", "Server-Side Public License"]),
    license(r"sspl[-\s]?(?:v|version\s*)?1", "SSPL-1.0", false, ["SSPLv1", "SSPL 2"]),
    license(r"mozilla\s+public\s+license", "MPL", false, ["Mozilla Public License", "Mozilla License"]),
    license(r"copyright\s+\(c\)\s+\d{4}", "copyright_header", true, ["Copyright (c) 20245", "Copyright (c)2024"]),
    license(r"all\s+rights\s+reserved", "all_rights_reserved", true, ["All rights reserved", "All rights"]),
];

const DEFAULT_BLOCKED: [&str; 4] = ["GPL-2.0", "GPL-3.0", "AGPL-3.0", "SSPL-1.0"];

/// Words of songs: a named part with a number or colon, or an interjection.
const LYRICS: [&str; 2] =
    [r"(?:verse|chorus|bridge|pre-chorus|outro|intro)\s*[\d:]", r"\b(?:oh|ooh|yeah|baby|la la|na na)\b"];

struct Copyright {
    blocks: bool,
    checks_books: bool,
    licenses: Vec<(FoldedPattern, Result<Option<Severity>, EvalError>)>,
    lyrics: Vec<FoldedPattern>,
    /// Words of a window, when the text is cut into windows.
    window: Result<Option<i64>, EvalError>,
    signatures: Option<Windows>,
}

/// What the policy's signatures are looked for by.
enum Windows {
    /// A threshold of zero or less: every text has them.
    Every,
    Shared(Signatures),
}

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When a list is none, or the threshold is no whole number and there are signatures to cut with it.
pub fn build(section: &Map, needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let blocked = text_set(section, "code_license_blocklist")?;
    let severity = |license: &License| -> Result<Option<Severity>, EvalError> {
        let is_blocked = |entry: &str| license.name.starts_with(entry) || entry.starts_with(license.name);
        let (any, odd) = match &blocked {
            None => (DEFAULT_BLOCKED.iter().any(|e| is_blocked(e)), false),
            Some(set) => (set.texts.iter().any(|e| is_blocked(e)), set.has_others),
        };
        match (any, odd, license.is_notice) {
            (true, ..) => Ok(Some(Severity::High)),
            (false, true, _) => Err(EvalError::new("`code_license_blocklist` holds something that is no text")),
            (false, false, notice) => Ok(notice.then_some(Severity::Medium)),
        }
    };
    let mut compile = |pattern| FoldedPattern::new(pattern, needles).map_err(|e| EvalError::new(e.to_string()));
    let checks_lyrics = truthy_or(section, "check_lyrics", true);
    let signatures = signatures(section)?;
    let threshold = Threshold::read(section.get("verbatim_threshold"));
    let signatures = threshold.signatures(&signatures)?;
    let licenses = if truthy_or(section, "check_code_licenses", true) { LICENSES } else { &[] };
    let lyrics: &[&str] = if checks_lyrics { &LYRICS } else { &[] };
    Ok(Box::new(Copyright {
        blocks: section.get("action").and_then(Value::as_str) == Some("BLOCK"),
        checks_books: truthy_or(section, "check_books", true),
        licenses: licenses.iter().map(|l| Ok((compile(l.pattern)?, severity(l)))).collect::<Result<_, EvalError>>()?,
        lyrics: lyrics.iter().map(|pattern| compile(pattern)).collect::<Result<_, _>>()?,
        window: threshold.window(checks_lyrics),
        signatures,
    }))
}

/// `verbatim_threshold`: how many words a window has.
enum Threshold {
    Words(i64),
    /// A number with a fraction cuts nothing, but a text may be too short for it, and a repetition of less than
    /// nothing is not looked for.
    Fraction(f64, EvalError),
    Unusable(EvalError),
}

impl Threshold {
    fn read(value: Option<&Value>) -> Self {
        match value {
            None => Threshold::Words(8),
            Some(Value::Int(n)) => Threshold::Words(*n),
            Some(Value::Bool(b)) => Threshold::Words(i64::from(*b)),
            Some(Value::BigInt(digits)) => Threshold::Words(if digits.starts_with('-') { i64::MIN } else { i64::MAX }),
            Some(other) => {
                let error = EvalError::config("verbatim_threshold", other, "a whole number");
                match other {
                    Value::Float(f) => Threshold::Fraction(*f, error),
                    _ => Threshold::Unusable(error),
                }
            }
        }
    }

    /// The signatures cut into windows; an error where the reference fails to cut one.
    fn signatures(&self, signatures: &[String]) -> Result<Option<Windows>, EvalError> {
        if signatures.is_empty() {
            return Ok(None);
        }
        match self {
            Threshold::Words(n) => Ok(Some(match usize::try_from(*n) {
                Ok(n @ 1..) => Windows::Shared(Signatures::new(signatures, n)),
                _ => Windows::Every,
            })),
            #[allow(clippy::cast_precision_loss)]
            Threshold::Fraction(f, error) => {
                let all_short = signatures.iter().all(|s| (words_of(s).count() as f64) < *f);
                if all_short { Ok(None) } else { Err(error.clone()) }
            }
            Threshold::Unusable(error) => Err(error.clone()),
        }
    }

    /// The window that a text is cut into; `None` when it is not.
    fn window(self, checks_lyrics: bool) -> Result<Option<i64>, EvalError> {
        match self {
            Threshold::Words(n) => Ok(Some(n)),
            Threshold::Fraction(f, error) if checks_lyrics || f > 0.0 => Err(error),
            Threshold::Fraction(..) => Ok(None),
            Threshold::Unusable(error) => Err(error),
        }
    }
}

/// The policy's own passages, without case and punctuation.
fn signatures(section: &Map) -> Result<Vec<String>, EvalError> {
    let of = |text: &str| plain(&chars::lower(text));
    match section.get("custom_signatures") {
        None => Ok(Vec::new()),
        Some(Value::List(items)) => Ok(items.iter().filter_map(Value::as_str).map(of).collect()),
        Some(Value::Str(text)) => Ok(text.chars().map(|c| of(c.encode_utf8(&mut [0; 4]))).collect()),
        Some(Value::Map(map)) => Ok(map.text_entries().map(|(key, _)| of(key)).collect()),
        Some(other) => Err(EvalError::config("custom_signatures", other, "a list of texts")),
    }
}

/// A lowered text without punctuation, blanks made single: what passages and signatures are compared in.
fn plain(lower: &str) -> String {
    let mut out = String::with_capacity(lower.len());
    let mut blank = false;
    for c in lower.chars() {
        if chars::is_space(c) {
            blank = true;
        } else if chars::is_word(c) {
            if blank && !out.is_empty() {
                out.push(' ');
            }
            blank = false;
            out.push(c);
        }
    }
    out
}

/// The words of a plain text.
fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|word| !word.is_empty())
}

impl Detector for Copyright {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        if !chars::is_at_least(chars::trim(text.raw()), MIN_LENGTH) {
            return Ok(Finding::clean());
        }
        let mut hits = Vec::new();
        if self.checks_books {
            let works = Passages::get().works_in(text);
            hits.extend((0..works).map(|_| RuleHit::new("copyright.known_work_match", Severity::High)));
        }
        for (pattern, severity) in &self.licenses {
            if pattern.is_match(text)
                && let Some(severity) = severity.clone()?
            {
                hits.push(RuleHit::new("copyright.license_violation", severity));
            }
        }
        if let Some(window) = self.window.clone()? {
            self.repetitions(text, window, &mut hits);
        }
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        Ok(Finding::of(if self.blocks { Decision::Block } else { Decision::Warn }, hits))
    }
}

impl Copyright {
    /// The steps that compare windows of words.
    fn repetitions(&self, text: &Text<'_>, window: i64, hits: &mut Vec<RuleHit>) {
        let words = Words::of(text);
        let repeats = |n: i64, least| match usize::try_from(n) {
            Ok(n @ 1..) => words.repeat(n, least),
            _ => true,
        };
        // Where no short window comes again no longer one does.
        let again = repeats(window.min(MAX_LYRICS_WINDOW), 1);
        if again && self.lyrics.iter().any(|pattern| pattern.is_match(text)) {
            hits.push(RuleHit::new("copyright.lyrics_match", Severity::Medium));
        }
        let has_signature = match &self.signatures {
            None => false,
            Some(Windows::Every) => true,
            Some(Windows::Shared(signatures)) => signatures.share_window(&plain(text.lower())),
        };
        if has_signature {
            hits.push(RuleHit::new("copyright.verbatim_match", Severity::High));
        }
        if window > 0 && again && repeats(window, MANY_WINDOWS) {
            hits.push(RuleHit::new("copyright.verbatim_match", Severity::Low));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;
    use crate::value::parse_json;

    fn inspect(config: &str, text: &str) -> Result<Finding, EvalError> {
        let Ok(Value::Map(section)) = parse_json(config) else { panic!("{config}") };
        let mut needles = NeedleSet::new();
        let detector = build(&section, &mut needles)?;
        let prefilter = needles.build();
        detector.inspect(&Text::new(text, &prefilter), &Request::new(text, Stage::Output))
    }

    fn hits(config: &str, text: &str) -> Vec<(String, Severity)> {
        let name = |h: &RuleHit| (h.id.as_str()["copyright.".len()..].to_owned(), h.severity);
        inspect(config, text).unwrap().hits.iter().map(name).collect()
    }

    #[test]
    fn every_notice_matches_its_example_only() {
        for license in LICENSES {
            let mut needles = NeedleSet::new();
            let pattern = FoldedPattern::new(license.pattern, &mut needles).unwrap();
            let prefilter = needles.build();
            let [hit, miss] = license.examples;
            assert!(pattern.is_match(&Text::new(hit, &prefilter)), "{}: {hit}", license.pattern);
            assert!(!pattern.is_match(&Text::new(miss, &prefilter)), "{}: {miss}", license.pattern);
        }
    }

    #[test]
    fn works_are_found_without_case_and_punctuation_once_each() {
        let tale = "It was the BEST of times; it was\n the worst of times!";
        assert_eq!(hits("{}", tale), [("known_work_match".into(), Severity::High)]);
        let both = "Happy families are all alike; every unhappy family is unhappy in its own way. \
                    All happy families are alike; each unhappy family is unhappy in its own way.";
        assert_eq!(hits("{}", both).len(), 1);
    }

    #[test]
    fn a_blocked_licence_is_grave_and_an_unblocked_one_nothing_but_a_notice() {
        let high = |n| vec![("license_violation".to_owned(), Severity::High); n];
        assert_eq!(hits("{}", "This file is AGPL-3.0 code."), high(2));
        assert_eq!(hits(r#"{"code_license_blocklist": []}"#, "This file is AGPL-3.0 code."), []);
        assert_eq!(hits("{}", "Please, all rights reserved"), [("license_violation".into(), Severity::Medium)]);
        assert!(inspect(r#"{"code_license_blocklist": [1]}"#, "This file is AGPL-3.0 code.").is_err());
    }

    #[test]
    fn lyrics_need_a_word_of_songs_and_a_repetition() {
        let line = "one two three four five six ";
        assert_eq!(hits("{}", &format!("{line}yeah {line}")), [("lyrics_match".into(), Severity::Medium)]);
        assert!(hits("{}", &format!("{line}{line}")).is_empty());
        assert_eq!(hits(r#"{"verbatim_threshold": 0}"#, "a text of some words, baby")[0].0, "lyrics_match");
    }

    #[test]
    fn signatures_are_compared_by_windows() {
        let config = r#"{"custom_signatures": ["The quick, brown fox jumps over the lazy dog", 5]}"#;
        assert_eq!(hits(config, "so QUICK brown fox jumps over the lazy-dog"), []);
        assert_eq!(
            hits(config, "so quick brown fox jumps over the lazy dog!"),
            [("verbatim_match".into(), Severity::High)]
        );
        let always = r#"{"custom_signatures": [""], "verbatim_threshold": -1}"#;
        assert_eq!(hits(always, "any text of twenty characters").len(), 1);
    }

    #[test]
    fn a_run_of_ten_words_that_comes_again_is_a_repetition() {
        let run = |n: usize| (0..n).map(|i| format!("w{i} ")).collect::<String>();
        assert_eq!(hits("{}", &run(10).repeat(2)), [("verbatim_match".into(), Severity::Low)]);
        assert_eq!(hits("{}", &format!("{0}x {0}", run(9))), []);
    }

    #[test]
    fn a_fraction_harms_only_where_something_is_cut_with_it() {
        let long = "a text of twenty characters";
        assert!(inspect(r#"{"verbatim_threshold": 2.5, "custom_signatures": ["two words"]}"#, "short").is_ok());
        assert!(inspect(r#"{"verbatim_threshold": -1.5, "check_lyrics": false}"#, long).is_ok());
        assert!(inspect(r#"{"verbatim_threshold": NaN, "check_lyrics": false}"#, long).is_ok());
        assert!(inspect(r#"{"verbatim_threshold": 9.0, "check_lyrics": false}"#, long).is_err());
    }

    #[test]
    fn a_threshold_that_is_no_whole_number_fails_beyond_the_shortest_texts() {
        for threshold in ["null", "2.0", "\"3\"", "-1.5"] {
            let config = format!(r#"{{"verbatim_threshold": {threshold}}}"#);
            assert!(inspect(&config, "short").is_ok());
            assert!(inspect(&config, "a text of twenty characters").is_err());
            let config = format!(r#"{{"verbatim_threshold": {threshold}, "custom_signatures": ["two words"]}}"#);
            assert!(inspect(&config, "short").is_err());
        }
    }
}
