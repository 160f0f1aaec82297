//! The detector `bias`: stereotypes and differential treatment by protected attribute.
//!
//! Packs of phrase patterns, one for each attribute and industry, run in the policy's order over the text; every
//! match is a hit unless what stands before it denies it. A policy may bring patterns of its own.

mod message;
mod packs;

use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, RuleId, items_of};
use crate::text::{FoldedPattern, Gate, GateList, NeedleSet, PythonRegex, Text, chars, phrase};
use crate::value::{Map, Value};
use Severity::{High, Low};
use packs::{ATTRIBUTES, Pack, attribute_pack, industry_pack};

/// Shorter texts (in characters, trimmed) are not looked at.
const MIN_LENGTH: usize = 10;
/// How many characters before a match may deny it.
const NEGATION_WINDOW: usize = 80;

/// Denials: the text before a match ends with one, give or take a `that`.
const NEGATION: &str = "
{it's, it_is} {wrong, incorrect, false, a_myth, a_stereotype, untrue, inaccurate} {to_say, to_claim, to_think, to_assume, to_suggest, that}
we_{shouldn't, should_not} {say, assume, think, claim, suggest, believe}
{should, we} avoid {saying, assuming, thinking, claiming, suggesting}
{it_is, it's} {not_true, unfair, biased, prejudiced, stereotypical} {to_say, to_claim, that}
not {true, accurate, correct, fair} {that, to_say}
{don't, dont} {say, think, assume, believe, claim}<ws>[that]
{they, these, this, those, such claim, such claims} {are, is} {not, n't}
{statement, claim, idea, notion, view, belief} [that ]{women, men, people, anyone} {are, is} {not, n't}
";

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When the configuration is one that the reference cannot use.
pub fn build(section: &Map, needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let sensitivity = Sensitivity::read(section);
    let mut packs = attributes(section)?;
    let industry = industry(section);
    packs.extend(industry.iter().flatten());
    let mut rules = Vec::new();
    for (name, lines) in packs {
        for &(severity, line) in lines.iter().filter(|(severity, _)| sensitivity.reports(*severity)) {
            rules.push(Rule {
                severity,
                // The lines are constants that the tests compile.
                pattern: Pattern::Phrase(phrase::pattern(line, needles).unwrap_or_else(|e| panic!("{e}"))),
                id: id(name, severity),
                negated_id: id(name, Low),
            });
        }
    }
    rules.extend(custom(section, needles)?.into_iter().filter(|rule| sensitivity.reports(rule.severity)));
    let negation = phrase::any_source(NEGATION)
        .and_then(|source| FoldedPattern::with_gate(&format!(r"(?:{source})(?:\s+that)?\s*$"), Gate::ALWAYS))
        .unwrap_or_else(|e| panic!("{e}"));
    let blocks = section.get("action").and_then(Value::as_str) == Some("BLOCK");
    let gates = needles.list(rules.iter().map(|rule| rule.pattern.gate()).collect());
    Ok(Box::new(Bias { sensitivity, rules, gates, negation, blocks, industry_error: industry.err() }))
}

fn id(pack: &str, severity: Severity) -> RuleId {
    format!("bias.{pack}_{}", severity.name()).into()
}

/// The packs of `protected_attributes`, in the policy's order, repeats included.
fn attributes(section: &Map) -> Result<Vec<Pack>, EvalError> {
    const KEY: &str = "protected_attributes";
    let wrong = |value: &Value| Err(EvalError::config(KEY, value, "a list of names"));
    let mut packs = Vec::new();
    match section.get(KEY) {
        None => packs.extend(ATTRIBUTES.iter().filter_map(|name| attribute_pack(name))),
        Some(Value::List(names)) => {
            for name in names {
                match name {
                    Value::Str(name) => packs.extend(attribute_pack(name)),
                    Value::List(_) | Value::Map(_) => return wrong(name),
                    _ => {}
                }
            }
        }
        Some(Value::Map(names)) => packs.extend(names.text_entries().filter_map(|(name, _)| attribute_pack(name))),
        // Its characters, none of which is an attribute.
        Some(Value::Str(_)) => {}
        Some(other) => return wrong(other),
    }
    Ok(packs)
}

/// The pack of `industry_preset`.
fn industry(section: &Map) -> Result<Option<Pack>, EvalError> {
    match section.get("industry_preset") {
        Some(Value::Str(name)) => Ok(industry_pack(name)),
        Some(value @ (Value::List(_) | Value::Map(_))) => Err(EvalError::config("industry_preset", value, "a name")),
        _ => Ok(None),
    }
}

/// The rules of `custom_patterns`. An entry without a pattern, with an invalid one or with an unknown severity is
/// skipped.
fn custom(section: &Map, needles: &mut NeedleSet) -> Result<Vec<Rule>, EvalError> {
    const KEY: &str = "custom_patterns";
    let Some(list) = section.get(KEY) else { return Ok(Vec::new()) };
    let mut rules = Vec::new();
    for entry in items_of(KEY, list)? {
        let Value::Map(entry) = entry else { return Err(EvalError::config(KEY, &entry, "a list of objects")) };
        let pattern = match entry.get("pattern") {
            None => continue,
            Some(Value::Str(pattern)) => pattern,
            Some(other) => return Err(EvalError::config("pattern", other, "a string")),
        };
        let severity = match entry.get("severity") {
            None => Some(Severity::Medium),
            Some(name) => name.as_str().and_then(Severity::from_name),
        };
        let regex = match PythonRegex::compile(pattern, true) {
            Ok(regex) => regex,
            Err(e) if e.is_syntax() => continue,
            Err(e) => return Err(EvalError::new(format!("the pattern {pattern:?}: {e}"))),
        };
        let Some(severity) = severity else { continue };
        let gate = needles.gate_all(regex.needs());
        let pattern = Pattern::Own { regex: Box::new(regex), gate, message: entry.get("message").cloned() };
        rules.push(Rule { severity, pattern, id: id("custom", severity), negated_id: id("custom", Low) });
    }
    Ok(rules)
}

/// Which severities are reported.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sensitivity {
    HighOnly,
    MediumAndHigh,
    All,
}

impl Sensitivity {
    fn read(section: &Map) -> Self {
        match section.get("sensitivity").and_then(Value::as_str) {
            Some("low") => Sensitivity::HighOnly,
            Some("high") => Sensitivity::All,
            _ => Sensitivity::MediumAndHigh,
        }
    }

    fn reports(self, severity: Severity) -> bool {
        match self {
            Sensitivity::HighOnly => severity == High,
            Sensitivity::MediumAndHigh => severity != Low,
            Sensitivity::All => true,
        }
    }
}

struct Bias {
    sensitivity: Sensitivity,
    rules: Vec<Rule>,
    /// Of the rules, in their order.
    gates: GateList,
    negation: FoldedPattern,
    blocks: bool,
    /// An `industry_preset` of the wrong kind fails only once a text is long enough.
    industry_error: Option<EvalError>,
}

/// A pattern that the sensitivity reports.
struct Rule {
    severity: Severity,
    pattern: Pattern,
    id: RuleId,
    /// The id of a denied match, where that is reported.
    negated_id: RuleId,
}

enum Pattern {
    /// A line of a pack.
    Phrase(FoldedPattern),
    /// An expression of the policy, in either case. A message that cannot be formatted fails its hits.
    Own { regex: Box<PythonRegex>, gate: Gate, message: Option<Value> },
}

impl Pattern {
    fn gate(&self) -> Gate {
        match self {
            Pattern::Phrase(pattern) => pattern.gate(),
            Pattern::Own { gate, .. } => *gate,
        }
    }
}

impl Detector for Bias {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        if !chars::is_at_least(chars::trim(text.raw()), MIN_LENGTH) {
            return Ok(Finding::clean());
        }
        if let Some(e) = &self.industry_error {
            return Err(e.clone());
        }
        let mut hits = Vec::new();
        for rule in text.open_of(&self.gates).map(|at| &self.rules[at]) {
            match &rule.pattern {
                Pattern::Phrase(pattern) => {
                    hits.extend(pattern.find_iter(text).filter_map(|found| self.hit(rule, found.start, text)));
                }
                Pattern::Own { regex, message, .. } => {
                    for found in regex.find_iter(text.raw()) {
                        let Some(hit) = self.hit(rule, text.chars(found).start, text) else { continue };
                        check_message(message.as_ref(), found.of(text.raw()))?;
                        hits.push(hit);
                    }
                }
            }
        }
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        Ok(Finding::of(if self.blocks { Decision::Block } else { Decision::Warn }, hits))
    }
}

impl Bias {
    /// The hit for a match at code point `start`: none when it is denied, unless it was high and even low ones are reported.
    fn hit(&self, rule: &Rule, start: usize, text: &Text<'_>) -> Option<RuleHit> {
        let before = &text.folded()[start.saturating_sub(NEGATION_WINDOW)..start];
        if !self.negation.occurs_in(before) {
            return Some(RuleHit::new(rule.id.clone(), rule.severity));
        }
        let lowered = rule.severity == High && self.sensitivity == Sensitivity::All;
        lowered.then(|| RuleHit::new(rule.negated_id.clone(), Low))
    }
}

fn check_message(message: Option<&Value>, matched: &str) -> Result<(), EvalError> {
    match message {
        None => Ok(()),
        Some(Value::Str(text)) if message::formats(text, matched) => Ok(()),
        Some(Value::Str(_)) => Err(EvalError::new("`message` may have no other field than {match}")),
        Some(other) => Err(EvalError::config("message", other, "a string")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;
    use crate::value::parse_json;

    fn inspect(section: &str, text: &str) -> Result<Vec<String>, EvalError> {
        let Ok(Value::Map(section)) = parse_json(section) else { panic!("{section}") };
        let mut needles = NeedleSet::new();
        let detector = build(&section, &mut needles)?;
        let prefilter = needles.build();
        let finding = detector.inspect(&Text::new(text, &prefilter), &Request::new(text, Stage::Input))?;
        Ok(finding.hits.iter().map(|h| h.id.to_string()).collect())
    }

    #[test]
    fn every_match_is_a_hit_in_the_order_of_the_packs() {
        let text = "Boys are logical, women are EMOTIONAL, girls are emotionally bad_at x; muslims are violent";
        assert_eq!(
            inspect("{}", text).unwrap(),
            ["bias.gender_high", "bias.gender_high", "bias.gender_high", "bias.religion_high"]
        );
        let section = r#"{"protected_attributes": ["religion", "gender", "x", "religion"]}"#;
        assert_eq!(
            inspect(section, "women are sensitive, jews control banks").unwrap(),
            ["bias.religion_high", "bias.gender_high", "bias.religion_high"]
        );
    }

    #[test]
    fn denied_matches_are_low_or_nothing() {
        let text = "It's wrong to say that women are emotional";
        assert_eq!(inspect("{}", text).unwrap(), [""; 0]);
        assert_eq!(inspect(r#"{"sensitivity": "high"}"#, text).unwrap(), ["bias.gender_low"]);
        assert_eq!(inspect(r#"{"sensitivity": "high"}"#, "don't say that boomers are").unwrap(), [""; 0]);
    }

    #[test]
    fn short_texts_and_unreported_severities_are_skipped() {
        assert_eq!(inspect("{}", "boomers are x").unwrap(), ["bias.age_medium"]);
        assert_eq!(inspect(r#"{"sensitivity": "low"}"#, "boomers are x").unwrap(), [""; 0]);
        assert_eq!(inspect(r#"{"industry_preset": "hr"}"#, "overqualified at that age").unwrap(), ["bias.hr_medium"]);
        assert_eq!(inspect("{}", "  lame    ").unwrap(), [""; 0]);
    }

    #[test]
    fn the_policys_patterns_are_python_expressions() {
        let custom = |entry: &str, text| inspect(&format!(r#"{{"custom_patterns": [{entry}]}}"#), text);
        assert_eq!(custom(r#"{"pattern": "fo+\\b"}"#, "Foo foo food, é foo").unwrap(), ["bias.custom_medium"; 3]);
        assert_eq!(custom(r#"{"pattern": "foo", "severity": "low"}"#, "foo foo foo foo").unwrap(), [""; 0]);
        assert_eq!(custom(r#"{"pattern": "foo"}"#, "éé it's wrong to say foo").unwrap(), [""; 0]);
        for skipped in [r#"{"pattern": "("}"#, r#"{"severity": "high"}"#, r#"{"pattern": "foo", "severity": "LOW"}"#] {
            assert_eq!(custom(skipped, "foo foo foo foo").unwrap(), [""; 0], "{skipped}");
        }
        assert!(custom(r#"{"pattern": 5}"#, "").is_err() && custom("null", "").is_err());
        assert!(custom(r#"{"pattern": "foo", "message": "{x}"}"#, "no such word").is_ok());
        assert!(custom(r#"{"pattern": "foo", "message": "{x}"}"#, "foo foo foo foo").is_err());
        assert!(custom(r#"{"pattern": "foo", "message": 5}"#, "foo foo foo foo").is_err());
    }

    #[test]
    fn wrong_configuration_fails_when_the_reference_does() {
        assert!(inspect(r#"{"protected_attributes": null}"#, "").is_err());
        assert!(inspect(r#"{"protected_attributes": [[]]}"#, "").is_err());
        assert!(inspect(r#"{"protected_attributes": "gender"}"#, "").is_ok());
        assert!(inspect(r#"{"industry_preset": ["hr"]}"#, "").is_ok());
        assert!(inspect(r#"{"industry_preset": ["hr"]}"#, "a longer text").is_err());
    }
}
