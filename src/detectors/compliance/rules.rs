//! The industry rules: topics, prohibited claims, and what counts as a disclaimer.

use super::claim::Claim;
use crate::api::Severity::{High, Medium};
use crate::engine::{EvalError, RuleHit};
use crate::text::term::{Term, TermList};
use crate::text::{FoldedPattern, NeedleSet, Text, phrase};
use crate::value::{Value, parse_json};
use memchr::memmem::Finder;

/// `rules_in_order`, `framework_to_industry`, `ai_disclosure_default_text`.
const VOCABULARY: &str = include_str!("vocabulary.json");

/// Claims that the medical rule prohibits.
const MEDICAL_PROHIBITED: &str = r##"
#{you_have, you_definitely_have, you_clearly_have, you_are_suffering_from} <w+>
#{take, use, consume} <d+><ws?>{mg, ml, mcg, tablets, tablet, pills, pill, capsules, capsule}#
#{guaranteed, certain, definite} {cure, treatment, recovery, remedy}#
#{stop_taking, discontinue, don't_take} {your, the} {medication, medicine, pill, pills}#
"##;

/// What makes the medical rule's disclaimer unnecessary.
const MEDICAL_REQUIRED: &str = r##"
consult {a, your} {doctor, physician, healthcare, medical} {professional, provider, practitioner}
not [a ]{substitute for, replacement for} {professional, medical} [medical ]advice
seek [professional ]medical {advice, attention, help}
for informational purposes only
"##;

/// Claims that the finance rule prohibits.
const FINANCE_PROHIBITED: &str = r##"
#{guaranteed, certain, definite, sure} {return, returns, profit, gain, gains, income}#
#{guaranteed, certain, definite, sure} {investment, strategy, way, method}#
#{double, triple, 10x, multiply} {your, my, their} {money, investment, savings, wealth}#
#to {double, triple, 10x} [{your, my, their}]<ws?>{money, investment, savings}#
#{risk-free, risk_free, no-risk, no_risk, zero-risk, zero_risk} {investment, opportunity, return}#
#{will, going_to, definitely} {go_up, increase, rise, double, triple, 10x}#
#{guaranteed, certain, definite} [to ]{rise, increase, go_up, double, triple, outperform}#
#{can't_lose, impossible_to_lose, never_lose}#
#{buy, sell, short} {now, immediately, today, right_away}#<0-20>#{before, while}#
#which [specific ]{stock, stocks} to buy#
#{tell, advise, recommend} {me, you, them} [which ]{stock, stocks, share, shares, crypto, coin, coins} to {buy, sell, invest}#
"##;

/// What makes the finance rule's disclaimer unnecessary.
const FINANCE_REQUIRED: &str = r##"
past performance {does not, is no} guarantee
not [a ]{financial, investment} advice
consult {a, your} [financial ]{advisor, adviser, professional, planner}
{involve, involves} {risk, risks}
may {lose, result_in_loss, result_in_a_loss}
"##;

/// Claims that the legal rule prohibits.
const LEGAL_PROHIBITED: &str = r##"
#{you_should, you_must, you_need_to} {sue, file, litigate, take_legal_action}#
#{you_will, you'll, you_are_going_to} {win, lose, prevail}#
#{definitely, certainly, clearly} {liable, guilty, negligent, at_fault}#
"##;

/// What makes the legal rule's disclaimer unnecessary.
const LEGAL_REQUIRED: &str = r##"
not [a ]{legal, substitute_for_legal} advice
consult {a, an, your} {attorney, lawyer, legal professional, legal counsel}
for [general ]informational purposes
seek [qualified ]legal {advice, counsel, representation}
"##;

/// Claims that the insurance rule prohibits.
const INSURANCE_PROHIBITED: &str = r##"
#{guaranteed, certain, definite} {coverage, payout, approval}#
#{you_don't_need, skip, avoid} {insurance, coverage}#
"##;

/// What makes the insurance rule's disclaimer unnecessary.
const INSURANCE_REQUIRED: &str = r##"
consult {a, your} {insurance, licensed} {agent, broker, professional, advisor}
{coverage, policie, policies} {vary, differ, depend}
review {your, the} {policy, terms, conditions}
"##;

/// Claims that no text should make.
pub(super) const GENERAL: &str = r##"
#{100%, absolutely, completely} {guaranteed, certain, safe, risk-free, risk_free}#
#{act_now, hurry, limited_time, offer_expires, only_<d+>_left}#
"##;

/// A rule: of an industry or of the policy.
pub(super) struct Rule {
    /// The rule applies to texts that contain one of these.
    pub(super) topic: TermList,
    pub(super) prohibited: Vec<Claim>,
    /// For each prohibited claim of a policy, whether its hit fails for its message.
    pub(super) bad_messages: Vec<bool>,
    /// What makes the disclaimer unnecessary.
    pub(super) required: Vec<Claim>,
    /// A policy's own may be of the wrong kind: an error once it is looked for.
    pub(super) disclaimer: Result<Disclaimer, EvalError>,
    pub(super) prohibited_hit: RuleHit,
    pub(super) missing_hit: RuleHit,
}

/// A disclaimer's text and a search for its lowered form; empty when the rule has none.
pub(super) struct Disclaimer {
    text: String,
    lower: Finder<'static>,
}

impl Rule {
    /// Adds a hit for each prohibited claim in the text.
    pub(super) fn prohibits(&self, text: &Text<'_>, hits: &mut Vec<RuleHit>) -> Result<(), EvalError> {
        for (at, _) in self.prohibited.iter().enumerate().filter(|(_, claim)| claim.occurs_in(text)) {
            if self.bad_messages.get(at) == Some(&true) {
                return Err(EvalError::new("`message` of a prohibited pattern is not a string"));
            }
            hits.push(self.prohibited_hit.clone());
        }
        Ok(())
    }

    /// The rule's disclaimer where the text needs it: it has neither that nor anything like it.
    pub(super) fn missing_disclaimer(&self, text: &Text<'_>) -> Result<Option<&str>, EvalError> {
        if self.disclaimer.as_ref().is_ok_and(|d| d.text.is_empty())
            || self.required.iter().any(|r| r.occurs_in_lower(text))
        {
            return Ok(None);
        }
        let disclaimer = self.disclaimer.as_ref().map_err(Clone::clone)?;
        Ok(disclaimer.lower.find(text.lower().as_bytes()).is_none().then_some(&*disclaimer.text))
    }
}

/// The data of the detector.
pub(super) struct Vocabulary(Value);

impl Vocabulary {
    pub(super) fn read() -> Self {
        Vocabulary(parse_json(VOCABULARY).unwrap_or(Value::Null))
    }

    /// The text that discloses an AI, unless the policy has its own.
    pub(super) fn ai_disclosure(&self) -> &str {
        self.0.get("ai_disclosure_default_text").and_then(Value::as_str).unwrap_or_default()
    }

    /// The industry that a framework or industry name stands for.
    fn industry<'v>(&'v self, name: &'v str) -> &'v str {
        self.0.get("framework_to_industry").and_then(|m| m.get(name)).and_then(Value::as_str).unwrap_or(name)
    }

    /// The rules of an industry, or of the framework or `all` that a name stands for.
    pub(super) fn rules(&self, name: &str, needles: &mut NeedleSet) -> Vec<Rule> {
        let industry = self.industry(name);
        let mut rules = Vec::new();
        for data in self.0.get("rules_in_order").and_then(Value::as_list).unwrap_or_default() {
            let text = |key| data.get(key).and_then(Value::as_str).unwrap_or_default();
            if industry == "all" || industry == text("industry") {
                let keywords = data.get("topic_keywords").and_then(Value::as_list).unwrap_or_default();
                let keywords = keywords.iter().filter_map(Value::as_str).map(Term::substring).collect();
                let (prohibited, required) = lists(text("industry"));
                rules.push(rule(text("name"), keywords, claims(prohibited, needles), needles));
                if let Some(rule) = rules.last_mut() {
                    rule.required = vec![Claim::Phrase(any_of(required, needles))];
                    rule.disclaimer = Ok(Disclaimer::new(text("disclaimer")));
                }
            }
        }
        rules
    }
}

impl Disclaimer {
    pub(super) fn new(text: &str) -> Self {
        let lower = crate::text::chars::lower(text);
        Disclaimer { text: text.to_owned(), lower: Finder::new(lower.as_bytes()).into_owned() }
    }
}

impl Default for Disclaimer {
    fn default() -> Self {
        Self::new("")
    }
}

/// A rule without requirements.
pub(super) fn rule(name: &str, keywords: Vec<Term>, prohibited: Vec<Claim>, needles: &mut NeedleSet) -> Rule {
    Rule {
        topic: TermList::new(keywords, needles),
        prohibited,
        bad_messages: Vec::new(),
        required: Vec::new(),
        disclaimer: Ok(Disclaimer::default()),
        prohibited_hit: RuleHit::new(format!("compliance.prohibited_claim.{name}"), High),
        missing_hit: RuleHit::new(format!("compliance.missing_disclaimer.{name}"), Medium),
    }
}

/// The lists of an industry: prohibited claims, and what makes its disclaimer unnecessary.
fn lists(industry: &str) -> (&'static str, &'static str) {
    match industry {
        "healthcare" => (MEDICAL_PROHIBITED, MEDICAL_REQUIRED),
        "finance" => (FINANCE_PROHIBITED, FINANCE_REQUIRED),
        "legal" => (LEGAL_PROHIBITED, LEGAL_REQUIRED),
        _ => (INSURANCE_PROHIBITED, INSURANCE_REQUIRED),
    }
}

/// A list's lines, each a claim of its own.
pub(super) fn claims(list: &str, needles: &mut NeedleSet) -> Vec<Claim> {
    // The lists are constants that the tests compile.
    let claim = |line| Claim::Phrase(phrase::pattern(line, needles).unwrap_or_else(|e| panic!("{e}")));
    phrase::lines(list).map(claim).collect()
}

/// A list's lines, one claim.
fn any_of(list: &str, needles: &mut NeedleSet) -> FoldedPattern {
    // As above.
    phrase::any_of(list, needles).unwrap_or_else(|e| panic!("{e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frameworks_stand_for_industries() {
        let vocabulary = Vocabulary::read();
        let names = |name: &str| -> Vec<String> {
            let rules = vocabulary.rules(name, &mut NeedleSet::new());
            rules.iter().map(|r| r.prohibited_hit.id.to_string()).collect()
        };
        assert_eq!(names("hipaa"), ["compliance.prohibited_claim.medical_advice"]);
        assert_eq!(names("pci_dss"), names("finance"));
        assert_eq!(names("mixed").len(), 4);
        assert_eq!(names("HIPAA"), [""; 0]);
    }

    #[test]
    fn every_list_compiles() {
        let mut needles = NeedleSet::new();
        let rules = Vocabulary::read().rules("all", &mut needles);
        let prefilter = needles.build();
        let text = Text::new("x", &prefilter);
        for rule in &rules {
            assert!(rule.disclaimer.as_ref().is_ok_and(|d| !d.text.is_empty()));
            assert!(rule.prohibited.iter().chain(&rule.required).all(|claim| !claim.occurs_in(&text)));
        }
    }
}
