//! URLs, source ids and quotes of an answer that the supplied sources do not hold.
//!
//! * [`grounding`]: what the sources say, from metadata or policy.
//! * [`citations`]: what the answer cites.
//! * [`overlap`]: how much of a quote a text holds in order.

mod citations;
mod grounding;
mod overlap;

use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, action_or, float_or, int_or, truthy_or};
use crate::text::{Gate, NeedleSet, Text, chars};
use crate::value::{Map, Value};
use citations::Citations;
use grounding::{Grounding, normalize};

const MISSING: &str = "citation_integrity.missing_sources";
const UNSUPPORTED: &str = "citation_integrity.unsupported_citation";
const UNVERIFIED: &str = "citation_integrity.unverified_quote";

/// Risk from which `action: BLOCK` blocks.
const BLOCK_THRESHOLD: i64 = 60;
/// Share of a quote that a source must hold in order.
const QUOTE_OVERLAP: f64 = 0.6;
/// Entailment that a model layer asks for; without a model it must only be a number.
const NLI_ENTAILMENT: f64 = 0.5;
/// Shorter ids are not looked for inside the sources' text, in code points.
const MIN_ID_IN_TEXT: usize = 3;

struct CitationIntegrity {
    blocks: bool,
    threshold: i64,
    require_sources: bool,
    quote_overlap: f64,
    grounding_sources: Option<Value>,
    source_context: Option<Value>,
    /// Opens for texts that may cite something without a closing mark of [`citations::MARKS`].
    citing: Gate,
}

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When `action` is truthy and no text, or a limit does not convert to a number.
pub fn build(section: &Map, needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let detector = CitationIntegrity {
        blocks: action_or(section, "WARN")? == "BLOCK",
        threshold: int_or(section, "block_threshold", BLOCK_THRESHOLD)?,
        require_sources: truthy_or(section, "require_sources", false),
        quote_overlap: float_or(section, "min_quote_overlap", QUOTE_OVERLAP)?,
        grounding_sources: section.get("grounding_sources").cloned(),
        source_context: section.get("source_context").cloned(),
        citing: needles.gate(citations::NEEDLES),
    };
    float_or(section, "min_nli_entailment", NLI_ENTAILMENT)?;
    Ok(Box::new(detector))
}

impl Detector for CitationIntegrity {
    fn inspect(&self, text: &Text<'_>, request: &Request<'_>) -> Result<Finding, EvalError> {
        if text.raw().is_empty() {
            return Ok(Finding::clean());
        }
        let of = |key, configured| request.metadata.get(key).or(configured);
        let sources = of("grounding_sources", self.grounding_sources.as_ref());
        let context = of("source_context", self.source_context.as_ref());
        grounding::check(sources)?;
        if !citations::MARKS.iter().any(|&mark| text.shape().has(mark)) && !text.is_open(self.citing) {
            return Ok(Finding::clean());
        }
        let citations = Citations::of(text);
        if citations.is_empty() {
            return Ok(Finding::clean());
        }
        let grounding = Grounding::of(sources, context);
        let hits = if !grounding.is_empty() {
            self.unsupported(&citations, &grounding)?
        } else if self.require_sources {
            vec![RuleHit::new(MISSING, Severity::Medium)]
        } else {
            Vec::new()
        };
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        let mut finding = Finding::of(Decision::Warn, hits);
        if self.blocks && i64::from(finding.risk) >= self.threshold {
            finding.decision = Some(Decision::Block);
        }
        Ok(finding)
    }
}

impl CitationIntegrity {
    fn unsupported(&self, citations: &Citations<'_>, grounding: &Grounding) -> Result<Vec<RuleHit>, EvalError> {
        let mut hits = Vec::new();
        for url in &citations.urls {
            if !grounding.urls.contains(*url) && !grounding.holds(&normalize(url)) {
                hits.push(RuleHit::new(UNSUPPORTED, Severity::High));
            }
        }
        for id in &citations.ids {
            if !supports_id(grounding, id)? {
                hits.push(RuleHit::new(UNSUPPORTED, Severity::High));
            }
        }
        for quote in &citations.quotes {
            let quote = normalize(quote);
            let supported = !quote.is_empty() && (grounding.holds(&quote) || self.overlaps(&quote, grounding));
            if !supported {
                hits.push(RuleHit::new(UNVERIFIED, Severity::Medium));
            }
        }
        Ok(hits)
    }

    fn overlaps(&self, quote: &str, grounding: &Grounding) -> bool {
        !grounding.text.is_empty()
            && overlap::reaches(&quote.chars().collect::<Vec<_>>(), grounding.points(), self.quote_overlap)
    }
}

fn supports_id(grounding: &Grounding, id: &str) -> Result<bool, EvalError> {
    if !id.is_empty() && id.chars().all(chars::is_any_digit) {
        // Python's `int()` raises on superscripts and the like.
        let digits = id.chars().map(chars::digit_value).collect::<Option<Vec<_>>>();
        let digits = digits.ok_or_else(|| EvalError::new(format!("the citation {id:?} is no number")))?;
        let number = digits.iter().fold(0u64, |n, &d| n.saturating_mul(10).saturating_add(d.into()));
        return Ok((1..=grounding.count as u64).contains(&number));
    }
    let normal = normalize(id);
    Ok(grounding.ids.contains(&normal)
        || grounding.urls.contains(id)
        || normal.chars().nth(MIN_ID_IN_TEXT - 1).is_some() && grounding.holds(&normal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;
    use crate::engine::Metadata;
    use crate::value::parse_json;

    fn inspect(section: &str, text: &str, metadata: &str) -> Result<Vec<&'static str>, EvalError> {
        let map = |json: &str| match parse_json(json) {
            Ok(Value::Map(map)) => map,
            other => panic!("{json}: {other:?}"),
        };
        let mut needles = NeedleSet::new();
        let detector = build(&map(section), &mut needles)?;
        let prefilter = needles.build();
        let request = Request { metadata: Metadata::from_map(map(metadata)), ..Request::new(text, Stage::Output) };
        let hits = detector.inspect(&Text::new(text, &prefilter), &request)?.hits;
        Ok(hits
            .iter()
            .map(|h| *[MISSING, UNSUPPORTED, UNVERIFIED].iter().find(|r| **r == h.id.as_str()).unwrap())
            .collect())
    }

    #[test]
    fn numbers_count_the_sources() {
        let sources = r#"{"grounding_sources": ["a", null]}"#;
        assert_eq!(inspect("{}", "[1] [02] [٢]", sources).unwrap(), Vec::<&str>::new());
        assert_eq!(inspect("{}", "[0] [3]", sources).unwrap(), [UNSUPPORTED; 2]);
        assert!(inspect("{}", "[²]", sources).is_err());
        assert!(inspect("{}", "[²]", "{}").is_ok());
    }

    #[test]
    fn urls_and_ids_may_be_part_of_a_source() {
        let sources = r#"{"grounding_sources": ["See https://lib.example/report."]}"#;
        assert_eq!(inspect("{}", "https://lib.example/rep, (ref: see  HTTPS)", sources).unwrap(), Vec::<&str>::new());
        assert_eq!(inspect("{}", "https://lib.example/x [ref: se]", sources).unwrap(), [UNSUPPORTED; 2]);
    }

    #[test]
    fn quotes_must_overlap_with_the_sources() {
        let sources = r#"{"source_context": "the dam released forty cubic metres per second"}"#;
        assert_eq!(inspect("{}", "“the dam released FOURTY cubic metres”", sources).unwrap(), Vec::<&str>::new());
        assert_eq!(inspect("{}", "\"zzzzzzzzzzzzzzzzzzzzzzzzz\"", sources).unwrap(), [UNVERIFIED]);
        assert_eq!(inspect("{}", "\"                         \"", sources).unwrap(), [UNVERIFIED]);
    }

    #[test]
    fn sources_may_be_required() {
        let section = r#"{"require_sources": true}"#;
        assert_eq!(inspect(section, "[1] and [2]", "{}").unwrap(), [MISSING]);
        assert_eq!(inspect(section, "nothing cited", "{}").unwrap(), Vec::<&str>::new());
    }

    #[test]
    fn what_the_reference_cannot_use_is_refused() {
        assert!(inspect(r#"{"block_threshold": null}"#, "", "{}").is_err());
        assert!(inspect(r#"{"min_nli_entailment": "x"}"#, "", "{}").is_err());
        assert!(inspect("{}", "plain", r#"{"grounding_sources": 5}"#).is_err());
        assert!(inspect("{}", "", r#"{"grounding_sources": 5}"#).is_ok());
    }
}
