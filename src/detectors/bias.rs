//! The detector `bias`: stereotypes and differential treatment by protected attribute.
//!
//! Packs of phrase patterns, one for each attribute and industry, run in the policy's order over the text; every
//! match is a hit unless what stands before it denies it. A policy may bring patterns of its own.

use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, RuleId};
use crate::text::{CharSpan, FoldedPattern, Gate, NeedleSet, Text, chars, phrase};
use crate::value::{Map, Value};
use Severity::{High, Low, Medium};

/// Shorter texts (in characters, trimmed) are not looked at.
const MIN_LENGTH: usize = 10;
/// How many characters before a match may deny it.
const NEGATION_WINDOW: usize = 80;

/// Protected attribute `gender`.
#[rustfmt::skip]
const GENDER: &[(Severity, &str)] = &[
    (High, "#{women, females, girls} {are, tend_to_be, are_typically, are_naturally} {emotional, irrational, nurturing, submissive, indecisive, gossipy, sensitive, bad_at}"),
    (High, "#{men, males, boys} {are, tend_to_be, are_typically, are_naturally} {logical, rational, strong, dominant, aggressive, better_at, natural_leaders}"),
    (Medium, "#{she, her, woman, female}#<0-30>#{nurse, secretary, assistant, receptionist, teacher, caregiver}#"),
    (High, "#{he, his, man, male}#<0-30>#{engineer, ceo, executive, leader, surgeon, developer, architect}#<0-30>#{while, whereas, but, and}#<0-30>#{she, her, woman, female}#<0-30>#{support, assist, help, admin}"),
    (High, "#{women, girls, females} {shouldn't, should_not, can't, cannot, don't, aren't_able_to} <w+>"),
    (Medium, "#{men, boys, males} {shouldn't, should_not, don't, can't} {cry, show_emotion, be_sensitive, be_nurturing}"),
    (High, "#{women, females, girls} {are_not, aren't, are_never} {suited, fit, good_enough, capable, qualified} {for, to}#"),
];

/// Protected attribute `race`.
#[rustfmt::skip]
const RACE: &[(Severity, &str)] = &[
    (High, "#{asian, asians} {are, tend_to_be} {good_at_math, smart, hardworking, quiet, submissive, model_minority}"),
    (High, "#{black, african<1-1>american} {people, individuals, communities} {are, tend_to_be} {athletic, aggressive, loud, lazy, criminal, dangerous}"),
    (High, "#{hispanic, latino, latina} {people, individuals, communities} {are, tend_to_be} {lazy, illegal, uneducated, hot<1-1>tempered}"),
    (High, "#{white, caucasian} {people, individuals} {are, tend_to_be} {superior, smarter, more_civilized, normal}"),
    (High, "#{diverse, minority} {candidates, candidate, applicants, applicant, employees, employee} {may_not, might_not, probably_won't, tend_to_lack, often_struggle}"),
    (Medium, "#{articulate, well-spoken}#<0-20>#{for_a, considering, despite_being}#"),
    (High, "#{that, this, those, certain} {ethnic, racial} {background, group, community, ethnicity}#<0-60>#{tend_to_be, are_typically, are_generally, are} {less, not, unreliable, untrustworthy, problematic, risky, dangerous}"),
];

/// Protected attribute `age`.
#[rustfmt::skip]
const AGE: &[(Severity, &str)] = &[
    (High, "#{older, elderly, senior} {workers, worker, employees, employee, people, individuals} {can't, cannot, aren't_able_to, struggle_to, are_too_slow_to} {learn, adapt, keep_up, use_technology}"),
    (High, "#{too_old, past_their_prime, over_the_hill} {to, for}#"),
    (Medium, "#{young, younger} {workers, worker, employees, employee, people} {are, tend_to_be} {lazy, entitled, unreliable, irresponsible, immature}"),
    (Medium, "#{millennials, millennial, genz, gen<1-1>z, boomers, boomer} {are, always, never, can't, don't}"),
    (High, "#{people, workers, worker, employees, employee, candidates, candidate, anyone} {over, above, past} <d+> {should not be, shouldn't be, can't be, cannot be, must not be} {hired, employed, considered, recruited}"),
    (High, "#{people, workers, worker, employees, employee, candidates, candidate, those} {over, above, past, age, aged} <d+> <0-60>{can't, cannot, won't, are_unable_to} {learn, adapt, keep_up, use_technology, pick_up}"),
];

/// Protected attribute `disability`.
#[rustfmt::skip]
const DISABILITY: &[(Severity, &str)] = &[
    (High, "#{disabled, handicapped} {people, individuals, workers, worker, employees, employee} {can't, cannot, aren't_able_to, will_never, shouldn't}#"),
    (Medium, "#{suffering_from, afflicted_with, victim_of, confined_to} {a_disability, a_wheelchair, autism, blindness, deafness}"),
    (Medium, "#{normal, healthy} {people, individuals}#<0-20>#{unlike, compared_to, versus}#<0-20>#{disabled, handicapped}"),
    (High, "#{mentall retarded, mentall deficient, mentall defective, mentally retarded, mentally deficient, mentally defective, crippled, lame, deaf_to_reason, blind_to}#"),
];

/// Protected attribute `religion`.
#[rustfmt::skip]
const RELIGION: &[(Severity, &str)] = &[
    (High, "#{muslim, muslims, islam} {are, is, promotes, promote} {violent, terrorist, extremist, backwards, oppressive}"),
    (High, "#{jew, jews, jewish_people} {are, control, run, own} {greedy, cheap, banks, bank, media, the_world}"),
    (High, "#{christian, christians, christianity} {are, is} {ignorant, stupid, anti-science, backwards, bigoted}"),
    (High, "#{hindu, hindus, hinduism} {are, is} {primitive, idol<1-1>worship, backwards, caste}"),
];

/// Industry preset `hr`.
#[rustfmt::skip]
const HR: &[(Severity, &str)] = &[
    (High, "#{culture_fit, cultural_fit}#<0-40>#{might_not, probably_not, unlikely, doesn't_seem}"),
    (High, "#{maternity, pregnancy, pregnant, children, family_planning}#<0-30>#{risk, concern, liability, problem, issue}"),
    (High, "#{name, names} {sound, sounds, seem, seems, appear, appears, look, looks} {foreign, ethnic, unusual, hard_to_pronounce}"),
    (High, "#{she, her, women, female}#<0-30>#{lower, less, reduced} {salary, compensation, pay, rate}"),
    (Medium, "#overqualified#<0-30>#{age, senior, older, experienced}"),
];

/// Industry preset `finance`.
#[rustfmt::skip]
const FINANCE: &[(Severity, &str)] = &[
    (High, "#{neighborhood, zipcode, zip<1-1>code, area, location}#<0-30>#{higher_risk, risky, declined, deny, reject}"),
    (High, "#{single_mother, single_parent, unmarried}#<0-30>#{risk, risky, unreliable, default}"),
    (High, "#{immigrant, foreign, non-citizen}#<0-30>#{higher_risk, risky, untrustworthy, unreliable}"),
];

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

/// What the protected attributes are when the policy does not say.
const ATTRIBUTES: [&str; 5] = ["gender", "race", "age", "disability", "religion"];

fn attribute_pack(name: &str) -> Option<(&'static str, &'static [(Severity, &'static str)])> {
    Some(match name {
        "gender" => ("gender", GENDER),
        "race" => ("race", RACE),
        "age" => ("age", AGE),
        "disability" => ("disability", DISABILITY),
        "religion" => ("religion", RELIGION),
        _ => return None,
    })
}

fn industry_pack(name: &str) -> Option<(&'static str, &'static [(Severity, &'static str)])> {
    match name {
        "hr" => Some(("hr", HR)),
        "finance" => Some(("finance", FINANCE)),
        _ => None,
    }
}

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When the configuration is one that the reference cannot use.
pub fn build(section: &Map, needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let sensitivity = Sensitivity::read(section);
    let mut packs = attributes(section)?;
    packs.extend(industry(section)?);
    let mut rules = Vec::new();
    for (name, lines) in packs {
        for &(severity, line) in lines.iter().filter(|(severity, _)| sensitivity.reports(*severity)) {
            rules.push(Rule {
                severity,
                // The lines are constants that the tests compile.
                pattern: phrase::pattern(line, needles).unwrap_or_else(|e| panic!("{e}")),
                id: id(name, severity),
                negated_id: id(name, Low),
            });
        }
    }
    let negation = phrase::any_source(NEGATION)
        .and_then(|source| FoldedPattern::with_gate(&format!(r"(?:{source})(?:\s+that)?\s*$"), Gate::ALWAYS))
        .unwrap_or_else(|e| panic!("{e}"));
    let blocks = section.get("action").and_then(Value::as_str) == Some("BLOCK");
    Ok(Box::new(Bias { sensitivity, rules, negation, blocks }))
}

fn id(pack: &str, severity: Severity) -> RuleId {
    format!("bias.{pack}_{}", severity.name()).into()
}

type Pack = (&'static str, &'static [(Severity, &'static str)]);

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
    negation: FoldedPattern,
    blocks: bool,
}

/// A pattern that the sensitivity reports.
struct Rule {
    severity: Severity,
    pattern: FoldedPattern,
    id: RuleId,
    /// The id of a denied match, where that is reported.
    negated_id: RuleId,
}

impl Detector for Bias {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        if !chars::is_at_least(chars::trim(text.raw()), MIN_LENGTH) {
            return Ok(Finding::clean());
        }
        let mut hits = Vec::new();
        for rule in &self.rules {
            hits.extend(rule.pattern.find_iter(text).filter_map(|found| self.hit(rule, found, text)));
        }
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        Ok(Finding::of(if self.blocks { Decision::Block } else { Decision::Warn }, hits))
    }
}

impl Bias {
    /// The hit for a match: none when it is denied, unless it was high and even low ones are reported.
    fn hit(&self, rule: &Rule, found: CharSpan, text: &Text<'_>) -> Option<RuleHit> {
        let before = &text.folded()[found.start.saturating_sub(NEGATION_WINDOW)..found.start];
        if !self.negation.regex().is_match(before) {
            return Some(RuleHit::new(rule.id.clone(), rule.severity));
        }
        let lowered = rule.severity == High && self.sensitivity == Sensitivity::All;
        lowered.then(|| RuleHit::new(rule.negated_id.clone(), Low))
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
    fn wrong_configuration_fails_when_the_reference_does() {
        assert!(inspect(r#"{"protected_attributes": null}"#, "").is_err());
        assert!(inspect(r#"{"protected_attributes": [[]]}"#, "").is_err());
        assert!(inspect(r#"{"protected_attributes": "gender"}"#, "").is_ok());
        assert!(inspect(r#"{"industry_preset": ["hr"]}"#, "").is_err());
    }
}
