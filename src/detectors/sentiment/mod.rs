//! The detector `sentiment`: sarcastic, condescending, passive-aggressive and dismissive phrasing, and a negative
//! balance of words.
//!
//! The tones are phrase patterns of which every match is a hit; the balance is the mean valence of the lexicon's
//! words ([`lexicon`]).

mod lexicon;

use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, holds, number_or};
use crate::text::{FoldedPattern, GateList, NeedleSet, Text, chars, phrase};
use crate::value::{Map, Value};
use Severity::{High, Low, Medium};
use lexicon::Lexicon;

/// Shorter texts (in characters, trimmed) are not looked at.
const MIN_LENGTH: usize = 15;

/// The tones in their fixed order: name, rule, and its lines in the notation of [`phrase`].
type Tone = (&'static str, &'static str, &'static [(Severity, &'static str)]);
#[rustfmt::skip]
const TONES: &[Tone] = &[
    ("sarcastic", "sentiment.sarcastic", &[
        (Medium, "#oh {sure, great, wonderful, fantastic, brilliant, perfect}#"),
        (Medium, "#{right<comma>, right} because#"),
        (Medium, "#how {wonderful, lovely, delightful, nice} {that, of}#"),
        (Low, "#{wow<comma>, wow} {just, really}#"),
        (Medium, "#{yeah<comma>, yeah} {no, right, sure}#"),
        (Medium, "#{shocker, what_a_surprise, color_me_shocked}#"),
        (Medium, "#good_luck_with_that#"),
    ]),
    ("condescending", "sentiment.condescending", &[
        (Medium, "#as i {already, just, previously} {explained, said, told, mentioned}#"),
        (Low, "#{obviously, clearly, evidently}#"),
        (Medium, "#{it's, it_is} [really ][{not that, quite<ws>}]{hard, difficult, complicated, complex}#"),
        (High, "#let me {simplify, dumb it down, dumb this down, break it down for you, break this down for you}#"),
        (Medium, "#{surely, certainly} you {know, understand, realize, can_see}#"),
        (Medium, "#i would have thought {that, you}#"),
        (High, "#{any, every} {child, beginner, novice} {would, could, can} {understand, do, figure}#"),
    ]),
    ("passive_aggressive", "sentiment.passive_aggressive", &[
        (Medium, "#fine.<ws?><eol>"),
        (Medium, "#whatever you {say, think, want, prefer}#"),
        (Medium, "#if {that's, that_is} what you {think, want, believe}#"),
        (Low, "#i guess {so, that's, you're, we}#"),
        (Low, "#no worries#<0-20>#{but, however, though}#"),
        (Low, "#with all due respect#"),
        (Medium, "#per my {last, previous} {email, message, note}#"),
    ]),
    ("dismissive", "sentiment.dismissive", &[
        (High, "#{that's, that_is} not {my, our} {problem, concern, issue}#"),
        (Low, "#{don't, don_not} worry about {it, that}#"),
        (Medium, "#it {doesn't, doesn_not} {matter, make_a_difference}#"),
        (High, "#{just, simply} {deal with it, get over it, move on}#"),
        (High, "#not {my, our} {job, responsibility, department}#"),
        (Medium, "#{you_should_have, you_should've, why_didn't_you}#"),
    ]),
];

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When the configuration is one that the reference cannot use.
pub fn build(section: &Map, needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let mut rules = Vec::new();
    let mut tones_error = None;
    for &(tone, id, lines) in TONES {
        match blocks_tone(section, tone) {
            Ok(true) => rules.extend(lines.iter().map(|&(severity, line)| {
                // The lines are constants that the tests compile.
                let pattern = phrase::pattern(line, needles).unwrap_or_else(|e| panic!("{e}"));
                Rule { pattern, hit: RuleHit::new(id, severity) }
            })),
            Ok(false) => {}
            Err(e) => tones_error = Some(e),
        }
    }
    Ok(Box::new(Sentiment {
        gates: needles.list(rules.iter().map(|rule| rule.pattern.gate()).collect()),
        rules,
        tones_error,
        lexicon: Lexicon::read(section, needles),
        least_score: number_or(section, "min_sentiment_score", -0.3),
        blocks: section.get("action").and_then(Value::as_str) == Some("BLOCK"),
    }))
}

/// Whether `blocked_tones` has the tone; all are blocked when the policy does not say.
fn blocks_tone(section: &Map, tone: &str) -> Result<bool, EvalError> {
    const KEY: &str = "blocked_tones";
    section.get(KEY).map_or(Ok(true), |tones| holds(KEY, tones, tone))
}

struct Sentiment {
    rules: Vec<Rule>,
    /// Of the rules, in their order.
    gates: GateList,
    /// `blocked_tones` of the wrong kind fail only once a text is long enough.
    tones_error: Option<EvalError>,
    lexicon: Lexicon,
    least_score: Result<f64, EvalError>,
    blocks: bool,
}

struct Rule {
    pattern: FoldedPattern,
    hit: RuleHit,
}

impl Detector for Sentiment {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        if !chars::is_at_least(chars::trim(text.raw()), MIN_LENGTH) {
            return Ok(Finding::clean());
        }
        if let Some(e) = &self.tones_error {
            return Err(e.clone());
        }
        let mut hits = Vec::new();
        for rule in text.open_of(&self.gates).map(|at| &self.rules[at]) {
            hits.extend(rule.pattern.find_iter(text).map(|_| rule.hit.clone()));
        }
        if self.lexicon.score(text)? < self.least_score.clone()? {
            hits.push(RuleHit::new("sentiment.excessively_negative", Medium));
        }
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        Ok(Finding::of(if self.blocks { Decision::Block } else { Decision::Warn }, hits))
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
        Ok(finding.hits.iter().map(|h| format!("{} {}", h.id, h.severity.name())).collect())
    }

    #[test]
    fn every_match_of_a_tone_is_a_hit() {
        assert_eq!(
            inspect("{}", "Oh sure, right, because it's quite complex. That's not my problem.\nfine.  \n").unwrap(),
            [
                "sentiment.sarcastic medium",
                "sentiment.sarcastic medium",
                "sentiment.condescending medium",
                "sentiment.passive_aggressive medium",
                "sentiment.dismissive high",
            ]
        );
        assert_eq!(inspect("{}", "it's not that hard, fine. or so").unwrap(), [""; 0]);
    }

    #[test]
    fn the_balance_is_the_last_hit() {
        assert_eq!(
            inspect("{}", "oh sure, a horrible house").unwrap(),
            ["sentiment.sarcastic medium", "sentiment.excessively_negative medium"]
        );
        assert_eq!(inspect("{}", "not terrible, all of it").unwrap(), [""; 0]);
        assert_eq!(inspect(r#"{"min_sentiment_score": 1.01}"#, "a house with a door").unwrap().len(), 1);
    }

    #[test]
    fn wrong_configuration_fails_when_the_reference_does() {
        assert!(inspect(r#"{"blocked_tones": null}"#, "short").is_ok());
        assert!(inspect(r#"{"blocked_tones": null}"#, "a house with a door").is_err());
        assert!(inspect(r#"{"blocked_tones": "xsarcasticx"}"#, "oh great, all of you").is_ok());
        assert!(inspect(r#"{"custom_lexicon": 5}"#, "short").is_ok());
        assert!(inspect(r#"{"custom_lexicon": 5}"#, "a house with a door").is_err());
        assert!(inspect(r#"{"min_sentiment_score": null}"#, "a house with a door").is_err());
    }
}
