//! The detector `language`: identifies a text's language and holds it against lists of allowed and blocked ones.
//!
//! A script that is no Latin and frequent enough decides; else the text's most frequent trigrams are compared with a
//! profile of each language ([`identify`]).

mod identify;

use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, float_or, holds, number_or, text_or, truthy_or};
use crate::text::{NeedleSet, Text};
use crate::value::{Map, Value};
use identify::{Identifier, Scripts, UNKNOWN};

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When `min_confidence` does not convert to a number.
pub fn build(section: &Map, _needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let identifier = Identifier::new();
    let lists = Lists {
        allowed: section.get("allowed_languages").filter(|v| !v.is_null()).cloned(),
        blocked: section.get("blocked_languages").cloned(),
    };
    Ok(Box::new(Language {
        told: lists.told(identifier.languages()),
        identifier,
        lists,
        blocks: text_or(section, "action", "BLOCK") == "BLOCK",
        mixed: truthy_or(section, "detect_mixed", false),
        min_length: number_or(section, "min_text_length", 20.0),
        min_confidence: float_or(section, "min_confidence", 0.5)?,
    }))
}

struct Language {
    identifier: Identifier,
    blocks: bool,
    lists: Lists,
    /// The identifier's languages that the lists tell of, as bits; `None` when they tell of unknown ones, or fail.
    told: Option<u16>,
    mixed: bool,
    min_length: Result<f64, EvalError>,
    min_confidence: f64,
}

impl Detector for Language {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        #[allow(clippy::cast_precision_loss)]
        if text.raw().is_empty() || (text.trimmed_len() as f64) < self.min_length.clone()? {
            return Ok(Finding::clean());
        }
        let scripts = Scripts::of(text, &self.identifier);
        let mut hits = Vec::new();
        if !self.lists.are_none() && !self.is_none_told(text, &scripts) {
            let (code, confidence) = self.identifier.identify(text, &scripts);
            let code = if confidence < self.min_confidence { UNKNOWN } else { code };
            self.lists.tell(code, &mut hits)?;
        }
        if self.mixed && scripts.is_mixed(&self.identifier) {
            hits.push(RuleHit::new("language.mixed_content", Severity::Medium));
        }
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        let risk: u8 = hits.iter().map(|h| if h.severity == Severity::High { 60 } else { 20 }).sum();
        let decision = if self.blocks { Decision::Block } else { Decision::Warn };
        Ok(Finding { risk: risk.min(100), ..Finding::of(decision, hits) })
    }
}

impl Language {
    /// Whether the lists tell nothing of the text for certain, whatever language it is in.
    fn is_none_told(&self, text: &Text<'_>, scripts: &Scripts) -> bool {
        self.told.is_some_and(|told| self.identifier.is_none_of(told, text, scripts, self.min_confidence))
    }
}

/// The policy's lists of languages.
struct Lists {
    allowed: Option<Value>,
    blocked: Option<Value>,
}

impl Lists {
    fn are_none(&self) -> bool {
        self.allowed.is_none() && self.blocked.is_none()
    }

    /// Adds what the lists say of a language's code.
    fn tell(&self, code: &str, hits: &mut Vec<RuleHit>) -> Result<(), EvalError> {
        if let Some(blocked) = &self.blocked
            && holds("blocked_languages", blocked, code)?
        {
            hits.push(RuleHit::new("language.blocked_language", Severity::High));
        }
        if let Some(allowed) = &self.allowed
            && code != UNKNOWN
            && !holds("allowed_languages", allowed, code)?
        {
            hits.push(RuleHit::new("language.not_in_allowed", Severity::High));
        }
        Ok(())
    }

    /// The languages that the lists say something of, as bits; `None` when they do of unknown ones, or fail.
    fn told<'l>(&self, languages: impl Iterator<Item = &'l str>) -> Option<u16> {
        let tells = |code: &str| {
            let mut hits = Vec::new();
            self.tell(code, &mut hits).ok().map(|()| !hits.is_empty())
        };
        if tells(UNKNOWN)? {
            return None;
        }
        languages.enumerate().try_fold(0, |told, (i, code)| Some(told | u16::from(tells(code)?) << i))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;
    use crate::value::parse_json;

    const RUSSIAN: &str = "Привет, как дела? Это русский текст для проверки.";

    fn inspect(section: &str, text: &str) -> Result<(u8, Vec<String>), EvalError> {
        let Ok(Value::Map(section)) = parse_json(section) else { panic!("{section}") };
        let mut needles = NeedleSet::new();
        let detector = build(&section, &mut needles)?;
        let prefilter = needles.build();
        let finding = detector.inspect(&Text::new(text, &prefilter), &Request::new(text, Stage::Input))?;
        Ok((finding.risk, finding.hits.iter().map(|h| h.id.to_string()).collect()))
    }

    #[test]
    fn lists_are_held_against_the_code() {
        let hits = |section, text| inspect(section, text).unwrap();
        assert_eq!(hits(r#"{"blocked_languages": ["ru"]}"#, RUSSIAN), (60, vec!["language.blocked_language".into()]));
        assert_eq!(
            hits(r#"{"blocked_languages": ["ru"], "allowed_languages": [], "detect_mixed": true}"#, RUSSIAN),
            (
                100,
                vec![
                    "language.blocked_language".into(),
                    "language.not_in_allowed".into(),
                    "language.mixed_content".into()
                ]
            )
        );
        assert_eq!(hits(r#"{"allowed_languages": ["en"]}"#, "the quick brown fox jumps over it").0, 0);
        assert_eq!(hits(r#"{"blocked_languages": ["unknown"]}"#, "the quick brown fox jumps over it").0, 60);
        assert_eq!(hits(r#"{"blocked_languages": ["ru"], "min_confidence": "1_0.5"}"#, RUSSIAN).0, 0);
    }

    #[test]
    fn wrong_configuration_fails_when_the_reference_does() {
        assert!(inspect(r#"{"min_confidence": null}"#, "").is_err());
        assert!(inspect(r#"{"blocked_languages": null}"#, "short").is_ok());
        assert!(inspect(r#"{"blocked_languages": null}"#, RUSSIAN).is_err());
        assert!(inspect(r#"{"allowed_languages": 5}"#, "the quick brown fox jumps").is_ok());
        assert!(inspect(r#"{"allowed_languages": 5}"#, RUSSIAN).is_err());
    }
}
