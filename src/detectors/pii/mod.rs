//! The detector `pii`: personal data, found by kind and redacted, blocked or only reported.
//!
//! Kinds are searched in the order of [`KINDS`] and [`REGIONAL`], then the policy's own patterns. Each match is a hit;
//! the matches whose kind is to be redacted are then joined into one rewritten text.

mod kinds;
mod partial;
mod regional;
mod scan;

use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, RuleId, severity_sum, truthy_or};
use crate::text::pattern::{PatternError, Places};
use crate::text::{
    ByteSpan, CasedPattern, CharSpan, FoldedPattern, Gate, GateList, NeedleSet, PythonRegex, Text, TokenPattern, redact,
};
use crate::value::{Map, Value};
use kinds::{Check, KINDS, Kind, Look, Together};
use regional::REGIONAL;
use scan::Cues;
use std::borrow::Cow;
use std::collections::HashSet;

/// What is done with the matches of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Redact,
    Block,
    Allow,
}

impl Action {
    /// The action that a policy's value means; what it does not know is a redaction.
    fn of(value: &Value) -> Self {
        let name = value.as_str().map(|s| crate::text::chars::trim(s).to_uppercase());
        match name.as_deref() {
            Some("BLOCK" | "DENY") => Action::Block,
            Some("ALLOW" | "WARN" | "LOG" | "NONE") => Action::Allow,
            _ => Action::Redact,
        }
    }
}

/// What the checks of single kinds depend on.
#[derive(Clone, Copy, Debug)]
struct Options {
    skip_private_ips: bool,
    luhn_strict: bool,
}

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When `types` or `patterns` is of the wrong kind, or a pattern has a repetition too large for Python.
pub fn build(section: &Map, needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let default = section.get("action").map_or(Action::Redact, Action::of);
    let mut kinds = Vec::new();
    let mut actions: Vec<(&'static str, Action)> = Vec::new();
    for kind in KINDS.iter().chain(REGIONAL) {
        let (on, action) = setting(section, kind, default)?;
        actions.push((kind.name, action));
        if on {
            kinds.push(Search::new(kind, action, needles)?);
        }
    }
    let action_of = |name: &str| actions.iter().find(|(kind, _)| *kind == name).map_or(default, |&(_, action)| action);
    let patterns = match section.get("patterns") {
        None => Vec::new(),
        Some(Value::Map(patterns)) => custom_patterns(patterns, action_of, needles)?,
        Some(other) => return Err(EvalError::config("patterns", other, "an object")),
    };
    let gates = kinds.iter().flat_map(|kind| &kind.matchers).map(|matcher| matcher.pattern.gate()).collect();
    Ok(Box::new(Pii {
        gates: needles.list(gates),
        kinds,
        patterns,
        default,
        partial: section.get("redaction_strategy").is_some_and(|v| v.as_str() == Some("partial")),
        options: Options {
            skip_private_ips: truthy_or(section, "skip_private_ips", true),
            luhn_strict: truthy_or(section, "luhn_strict", true),
        },
    }))
}

/// Whether a kind is looked for and what is done with it.
fn setting(section: &Map, kind: &Kind, default: Action) -> Result<(bool, Action), EvalError> {
    let wrong = |value: &Value| Err(EvalError::config("types", value, "an object of type names"));
    let named = match section.get("types") {
        None => None,
        Some(Value::Map(types)) => types.get(kind.name),
        // Python asks these whether they hold the name, and fails when it then looks the name up.
        Some(names @ Value::List(items)) if items.iter().any(|v| v.as_str() == Some(kind.name)) => return wrong(names),
        Some(names @ Value::Str(text)) if text.contains(kind.name) => return wrong(names),
        Some(Value::List(_) | Value::Str(_)) => None,
        Some(other) => return wrong(other),
    };
    match named {
        None => Ok((kind.on, default)),
        Some(Value::Bool(on)) => Ok((*on, default)),
        Some(Value::Map(own)) => {
            Ok((truthy_or(own, "enabled", kind.on), own.get("action").map_or(default, Action::of)))
        }
        Some(other) => Err(EvalError::config(kind.name, other, "a boolean or an object")),
    }
}

/// The policy's own patterns; those that are no expressions are left out.
fn custom_patterns(
    patterns: &Map,
    action_of: impl Fn(&str) -> Action,
    needles: &mut NeedleSet,
) -> Result<Vec<CustomPattern>, EvalError> {
    let mut custom = Vec::new();
    for (name, pattern) in patterns.iter() {
        let name = name.as_text();
        let Some(pattern) = pattern.as_str() else { continue };
        match PythonRegex::compile(pattern, true) {
            Ok(regex) => custom.push(CustomPattern {
                id: format!("pii.custom.{name}").into(),
                placeholder: name.to_owned(),
                gate: needles.gate_all(regex.needs()),
                regex,
                action: action_of(name),
            }),
            Err(e) if e.is_syntax() => {}
            Err(e) => return Err(EvalError::new(format!("the pattern {pattern:?}: {e}"))),
        }
    }
    Ok(custom)
}

struct Pii {
    kinds: Vec<Search>,
    /// Of the kinds' matchers, in order.
    gates: GateList,
    patterns: Vec<CustomPattern>,
    default: Action,
    partial: bool,
    options: Options,
}

struct CustomPattern {
    id: RuleId,
    placeholder: String,
    gate: Gate,
    regex: PythonRegex,
    action: Action,
}

/// A kind that the policy looks for.
struct Search {
    action: Action,
    together: Together,
    matchers: Vec<Compiled>,
}

struct Compiled {
    id: &'static str,
    severity: Severity,
    placeholder: String,
    digits: usize,
    pattern: Pattern,
    check: Option<Check>,
}

enum Pattern {
    Folded(FoldedPattern),
    Cased(CasedPattern),
    /// A pattern and the last words of its cues.
    Cued(CasedPattern, Cues),
    Token(TokenPattern),
    FoldedIn(FoldedPattern, Places),
    CasedIn(CasedPattern, Places),
    Scan(fn(&Text<'_>) -> Vec<CharSpan>, Gate),
}

impl Search {
    fn new(kind: &Kind, action: Action, needles: &mut NeedleSet) -> Result<Self, EvalError> {
        let compiled = kind.matchers.iter().map(|matcher| {
            Ok(Compiled {
                id: matcher.id,
                severity: matcher.severity,
                placeholder: match matcher.placeholder {
                    "" => kind.name.to_ascii_uppercase(),
                    placeholder => placeholder.to_owned(),
                },
                digits: matcher.digits,
                pattern: Pattern::new(&matcher.look, needles)?,
                check: matcher.check,
            })
        });
        let matchers = compiled.collect::<Result<_, EvalError>>()?;
        Ok(Search { action, together: kind.together, matchers })
    }
}

impl Pattern {
    fn new(look: &Look, needles: &mut NeedleSet) -> Result<Self, EvalError> {
        let error = |e: PatternError| EvalError::new(e.to_string());
        let folded = |pattern, needles: &mut _| FoldedPattern::new(pattern, needles).map_err(error);
        let cased = |pattern, needles: &mut _| CasedPattern::new(pattern, needles).map_err(error);
        Ok(match *look {
            Look::Folded(pattern) => Pattern::Folded(folded(pattern, needles)?),
            Look::Cased(pattern) => Pattern::Cased(cased(pattern, needles)?),
            Look::Cued(pattern, cues) => Pattern::Cued(cased(pattern, needles)?, Cues::new(cues)),
            Look::FoldedIn(places, pattern) => Pattern::FoldedIn(folded(pattern, needles)?, places),
            Look::CasedIn(places, pattern) => Pattern::CasedIn(cased(pattern, needles)?, places),
            Look::Token(forms) => Pattern::Token(TokenPattern::new(forms, needles)),
            Look::Scan(scan) => Pattern::Scan(scan, Gate::ALWAYS),
            Look::ScanAs(scan, pattern) => Pattern::Scan(scan, folded(pattern, needles)?.gate()),
        })
    }

    /// The prefilter gate.
    fn gate(&self) -> Gate {
        match self {
            Pattern::Folded(pattern) | Pattern::FoldedIn(pattern, _) => pattern.gate(),
            Pattern::Cased(pattern) | Pattern::Cued(pattern, _) | Pattern::CasedIn(pattern, _) => pattern.gate(),
            Pattern::Token(pattern) => pattern.gate(),
            Pattern::Scan(_, gate) => *gate,
        }
    }

    /// All non-overlapping matches, left to right, in a text for which the gate is open.
    fn find_all(&self, text: &Text<'_>) -> Vec<CharSpan> {
        match self {
            Pattern::Folded(pattern) => pattern.find_iter(text).collect(),
            Pattern::Cased(pattern) => pattern.find_iter(text).map(|span| text.chars(span)).collect(),
            Pattern::Cued(pattern, cues) if cues.are_in(text) => {
                pattern.find_iter(text).map(|span| text.chars(span)).collect()
            }
            Pattern::Token(pattern) => pattern.find_iter(text).map(|span| text.chars(span)).collect(),
            Pattern::FoldedIn(pattern, places) => pattern.find_in(text, *places),
            Pattern::CasedIn(pattern, places) => {
                pattern.find_in(text, *places).into_iter().map(|span| text.chars(span)).collect()
            }
            Pattern::Scan(scan, _) => scan(text),
            Pattern::Cued(..) => Vec::new(),
        }
    }
}

/// A match to be redacted.
struct Stretch<'p> {
    span: ByteSpan,
    placeholder: &'p str,
}

impl Detector for Pii {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        let mut hits = Vec::new();
        let mut stretches = Vec::new();
        let mut blocks = false;
        let mut open = text.open_of(&self.gates).peekable();
        let mut end = 0;
        for kind in &self.kinds {
            let start = end;
            end += kind.matchers.len();
            let before = hits.len();
            let open = std::iter::from_fn(|| open.next_if(|&at| at < end)).map(|at| at - start);
            self.search(kind, open, text, |matcher, span| {
                hits.push(RuleHit::new(matcher.id, matcher.severity));
                if kind.action == Action::Redact {
                    stretches.push(Stretch { span: text.bytes(span), placeholder: &matcher.placeholder });
                }
            });
            blocks |= kind.action == Action::Block && hits.len() > before;
        }
        for custom in self.patterns.iter().filter(|custom| text.is_open(custom.gate)) {
            for span in custom.regex.find_iter(text.raw()) {
                hits.push(RuleHit::new(custom.id.clone(), Severity::High));
                blocks |= self.default == Action::Block;
                if custom.action == Action::Redact {
                    stretches.push(Stretch { span, placeholder: &custom.placeholder });
                }
            }
        }
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        let (decision, sanitized) = if blocks {
            (Decision::Block, None)
        } else if stretches.is_empty() {
            (Decision::Allow, None)
        } else {
            (Decision::Redact, Some(self.rewrite(text.raw(), stretches)))
        };
        Ok(Finding { decision: Some(decision), risk: severity_sum(&hits), hits, sanitized })
    }
}

impl Pii {
    /// Hands over the accepted matches of a kind, of which these matchers may match.
    fn search<'k>(
        &self,
        kind: &'k Search,
        open: impl Iterator<Item = usize>,
        text: &Text<'_>,
        mut take: impl FnMut(&'k Compiled, CharSpan),
    ) {
        let mut seen: Option<HashSet<CharSpan>> = None;
        let mut first: Vec<CharSpan> = Vec::new();
        for (i, matcher) in open.map(|at| (at, &kind.matchers[at])) {
            if matcher.digits > 0 && text.shape().digits < matcher.digits {
                continue;
            }
            for span in matcher.pattern.find_all(text) {
                if matcher.check.is_some_and(|check| !check(text, span, &self.options)) {
                    continue;
                }
                let counts = match kind.together {
                    Together::All => true,
                    Together::Distinct => seen.get_or_insert_default().insert(span),
                    Together::BesideFirst => i == 0 || !touches(&first, span),
                };
                if counts {
                    take(matcher, span);
                }
                if i == 0 && kind.together == Together::BesideFirst {
                    first.push(span);
                }
            }
        }
    }

    fn rewrite(&self, raw: &str, mut stretches: Vec<Stretch<'_>>) -> String {
        redact::keep_leftmost_longest(&mut stretches, |stretch| stretch.span);
        let replacements = stretches.iter().map(|stretch| {
            let part = if self.partial { partial::partial(stretch.placeholder, stretch.span.of(raw)) } else { None };
            (stretch.span, Cow::Owned(part.unwrap_or_else(|| format!("[{}]", stretch.placeholder))))
        });
        redact::replace(raw, replacements)
    }
}

/// Whether a stretch begins or ends within one of the others, which are in order.
fn touches(others: &[CharSpan], span: CharSpan) -> bool {
    let next = others.partition_point(|other| other.end <= span.start);
    let begins = others.get(next).is_some_and(|other| other.start <= span.start);
    let next = others.partition_point(|other| other.end < span.end);
    let ends = others.get(next).is_some_and(|other| other.start < span.end);
    begins || ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;
    use crate::value::parse_json;
    use proptest::prelude::*;

    fn inspect(config: &str, text: &str) -> Result<Finding, EvalError> {
        let Ok(Value::Map(section)) = parse_json(config) else { panic!("{config}") };
        let mut needles = NeedleSet::new();
        let detector = build(&section, &mut needles)?;
        let prefilter = needles.build();
        detector.inspect(&Text::new(text, &prefilter), &Request::new(text, Stage::Input))
    }

    /// `<24>` becomes 24 letters and digits, `<h32>` 32 hex digits, so that no file holds what looks like a key.
    fn expand(example: &str) -> String {
        let mut out = String::new();
        let mut rest = example;
        while let Some((before, after)) = rest.split_once('<') {
            let (count, after) = after.split_once('>').unwrap();
            let alphabet = if count.starts_with('h') { "0123456789abcdef" } else { "a1B2c3D4e5F6g7H8i9J0kL" };
            out.push_str(before);
            out.extend(alphabet.chars().cycle().take(count.trim_start_matches('h').parse().unwrap()));
            rest = after;
        }
        out + rest
    }

    #[test]
    fn every_matcher_fires_on_its_examples_only() {
        for kind in KINDS.iter().chain(REGIONAL) {
            for matcher in kind.matchers {
                let alone = Kind { name: kind.name, on: true, together: Together::All, matchers: &[] };
                let mut needles = NeedleSet::new();
                let mut search = Search::new(&alone, Action::Redact, &mut needles).unwrap();
                search.matchers = vec![Compiled {
                    id: matcher.id,
                    severity: matcher.severity,
                    placeholder: String::new(),
                    digits: matcher.digits,
                    pattern: Pattern::new(&matcher.look, &mut needles).unwrap(),
                    check: matcher.check,
                }];
                let gates = needles.list(vec![search.matchers[0].pattern.gate()]);
                let prefilter = needles.build();
                let pii = Pii {
                    kinds: Vec::new(),
                    gates: gates.clone(),
                    patterns: Vec::new(),
                    default: Action::Redact,
                    partial: false,
                    options: Options { skip_private_ips: true, luhn_strict: true },
                };
                let fires = |example: &str| {
                    let mut count = 0;
                    let text = Text::new(expand(example), &prefilter);
                    pii.search(&search, text.open_of(&gates), &text, |_, _| count += 1);
                    count > 0
                };
                for hit in matcher.hits {
                    assert!(fires(hit), "{} misses {hit:?}", matcher.id);
                    assert!(fires(&format!("é\u{2003}{hit}\u{2003}é")), "{} misses {hit:?} among others", matcher.id);
                }
                for miss in matcher.misses {
                    assert!(!fires(miss), "{} hits {miss:?}", matcher.id);
                }
            }
        }
    }

    #[test]
    fn the_longest_of_overlapping_matches_is_redacted() {
        let finding = inspect("{}", "card 4111 1111 1111 1111, joe@example.com").unwrap();
        assert_eq!(finding.sanitized.as_deref(), Some("card [CREDIT_CARD], [EMAIL]"));
        let ids: Vec<_> = finding.hits.iter().map(|hit| hit.id.as_str()).collect();
        assert_eq!(ids, ["pii.email", "pii.credit_card", "pii.username"]);
        assert_eq!(finding.risk, 100);
    }

    /// Cues that overlap others are passed over: none of a match may be.
    #[test]
    fn every_name_has_a_cue() {
        let pieces = [
            "Mr",
            "Mrs",
            ".",
            " ",
            "Ann Lee",
            "I'm",
            "Im",
            "my name is",
            "user",
            "owner",
            "tenant",
            "Hi",
            "x",
            "\u{a0}",
        ];
        let cued = KINDS.iter().flat_map(|kind| kind.matchers).filter_map(|matcher| match matcher.look {
            Look::Cued(pattern, words) => Some((regex::Regex::new(pattern).unwrap(), Cues::new(words))),
            _ => None,
        });
        let cued: Vec<_> = cued.collect();
        let none = crate::text::Prefilter::none();
        let mut found = 0;
        for number in 0..pieces.len().pow(4) {
            let text: String = (0..4).map(|i| pieces[number / pieces.len().pow(i) % pieces.len()]).collect();
            for (pattern, cues) in cued.iter().filter(|(pattern, _)| pattern.is_match(&text)) {
                assert!(cues.are_in(&Text::new(text.as_str(), &none)), "{text:?} {pattern}");
                found += 1;
            }
        }
        assert!(found > 500, "{found}");
    }

    #[test]
    fn actions_go_by_kind() {
        let decide = |config| inspect(config, "joe@x.org 8.8.8.8").map(|f| (f.decision, f.sanitized));
        let redacted = |text: &str| Ok((Some(Decision::Redact), Some(text.to_owned())));
        assert_eq!(decide("{}"), redacted("[EMAIL] [IPV4]"));
        assert_eq!(decide(r#"{"types": {"email": {"action": "log"}}}"#), redacted("joe@x.org [IPV4]"));
        assert_eq!(decide(r#"{"types": {"email": {"action": " deny "}}}"#), Ok((Some(Decision::Block), None)));
        assert_eq!(decide(r#"{"action": "ALLOW"}"#), Ok((Some(Decision::Allow), None)));
        assert_eq!(decide(r#"{"action": "ALLOW", "types": {"email": {"action": null}}}"#), redacted("[EMAIL] 8.8.8.8"));
        assert_eq!(
            decide(r#"{"types": {"email": false}, "redaction_strategy": "partial"}"#),
            redacted("joe@x.org 8.8.x.x")
        );
    }

    #[test]
    fn custom_patterns_take_the_default_action_or_that_of_their_namesake() {
        let of = |config| inspect(config, "ticket HX-1").map(|f| (f.decision, f.sanitized));
        assert_eq!(
            of(r#"{"patterns": {"hx": "hx-\\d", "bad": "(", "worse": 5}}"#),
            Ok((Some(Decision::Redact), Some("ticket [hx]".to_owned())))
        );
        assert_eq!(
            of(r#"{"patterns": {"email": "hx"}, "types": {"email": {"action": "BLOCK"}}}"#),
            Ok((Some(Decision::Allow), None))
        );
        assert_eq!(of(r#"{"patterns": {"hx": "hx"}, "action": "BLOCK"}"#), Ok((Some(Decision::Block), None)));
        assert!(of(r#"{"patterns": null}"#).is_err());
    }

    #[test]
    fn types_of_the_wrong_kind_fail() {
        for config in
            [r#"{"types": null}"#, r#"{"types": ["email"]}"#, r#"{"types": "email"}"#, r#"{"types": {"url": 1}}"#]
        {
            assert!(inspect(config, "").is_err(), "{config}");
        }
        assert!(inspect(r#"{"types": ["other"]}"#, "").is_ok());
    }

    #[test]
    fn a_name_is_reported_once_and_a_simple_address_not_within_a_full_one() {
        let count = |config: &str, text: &str| inspect(config, text).unwrap().hits.len();
        assert_eq!(count("{}", "Dear Ann Lee"), 1);
        let address = r#"{"types": {"address": true, "url": false}}"#;
        assert_eq!(count(address, "5 Oak Street, Springfield, IL 62704"), 1);
        assert_eq!(count(address, "5 Oak Street"), 1);
    }

    #[test]
    fn touching_is_beginning_or_ending_within() {
        let span = |start, end| CharSpan { start, end };
        let others = [span(2, 5), span(8, 9)];
        for (start, end, expected) in
            [(0, 2, false), (0, 3, true), (4, 7, true), (5, 8, false), (5, 9, true), (0, 12, false), (2, 12, true)]
        {
            assert_eq!(touches(&others, span(start, end)), expected, "{start}..{end}");
        }
    }

    /// Pieces of texts of which many are nearly what is looked for.
    fn piece() -> impl Strategy<Value = String> {
        let exact = prop::sample::select(vec![
            " ", " ", "  ", "\u{a0}", "\n", "1", "22", "1999", "2001-", "/", "-", ".", ":", "::", "ff", "May ", "jan",
            "3rd ", "1st, ", ",", "@", "joe_", "Login", "user", "name", "handle", "=", "'", "\"", "http", "HTTPS",
            "://", "www.", "x", "é", "٣", "<", "AB12", "bc1", "_",
        ]);
        let long = [
            r"[0-9]{1,3}(\.[0-9]{1,3}){2,4}",
            r"[0-9a-fA-F]{1,4}(:[0-9a-f]{1,4}){3,8}",
            r"[0-9a-f]{2}([:-][0-9a-fA-F]{2}){4,6}|[0-9a-f]{4}([.][0-9a-f]{3,4}){2}",
            r"[0-9]{2}-?[0-9]{6}-?[0-9]{5,6}-?[0-9]",
            r"[0-9]{7,19}",
            r"[A-Z]{1,3}[0-9]{2}([ -]?[A-Z0-9]){9,14}",
            r"[13a][1-9A-HJ-NP-Za-km-z]{24,34}",
            r"[A-Za-z0-9/?.,-]{8,12}",
        ];
        let long = long.map(|pattern| proptest::string::string_regex(pattern).unwrap());
        prop_oneof![4 => exact.prop_map(str::to_owned), 1 => proptest::strategy::Union::new(long)]
    }

    proptest! {
        /// What is searched by hand or in places is what the pattern would find in the whole text.
        #[test]
        fn short_ways_find_what_patterns_find(pieces in prop::collection::vec(piece(), 0..25)) {
            let raw = pieces.concat();
            for matcher in KINDS.iter().flat_map(|kind| kind.matchers) {
                let whole = match matcher.look {
                    Look::FoldedIn(_, pattern) | Look::ScanAs(_, pattern) => Look::Folded(pattern),
                    Look::CasedIn(_, pattern) => Look::Cased(pattern),
                    _ => continue,
                };
                let found = |look: &Look| {
                    let mut needles = NeedleSet::new();
                    let pattern = Pattern::new(look, &mut needles).unwrap();
                    let prefilter = needles.build();
                    let text = Text::new(raw.as_str(), &prefilter);
                    if text.is_open(pattern.gate()) { pattern.find_all(&text) } else { Vec::new() }
                };
                prop_assert_eq!(found(&matcher.look), found(&whole), "{} in {:?}", matcher.id, raw);
            }
        }
    }
}
