//! The detector `toxicity`: abusive, hateful, sexual, self-harm and harmful-request vocabulary.
//!
//! A table of terms (base terms, the policy's own, then each enabled category's) is searched in the text and, to see
//! through evasion, in its normalised variants ([`variants`]). What is found may be exempt by its surroundings
//! ([`exemptions`]). Hits come out in the table's order.

mod changes;
pub(super) mod exemptions;
mod simple;
mod steps;
mod table;
mod unmask;
mod variants;

use crate::api::{Decision, Severity};
use crate::engine::{
    Detector, EvalError, Finding, Request, RuleHit, RuleId, number_or, severity_sum, text_or, truthy_or,
};
use crate::text::NeedleSet;
use crate::text::Text;
use crate::text::term::TermList;
use crate::value::Map;
use exemptions::{Exemptions, Subject};
use table::{Category, Table};
use variants::VariantSearch;

/// The least risk of a block that a forcing category demands.
const FORCED_RISK: u8 = 90;

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When the configuration is one that the reference cannot use.
pub fn build(section: &Map, needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let Table { terms, rows, forcing } = Table::read(section)?;
    let rows: Vec<Row> = rows
        .into_iter()
        .zip(&terms)
        .map(|(row, term)| {
            let name = term.as_str().replace(' ', "_");
            Row {
                id: match row.category {
                    Some(category) => format!("toxicity.{}.{name}", category.name()),
                    None => format!("toxicity.{name}"),
                }
                .into(),
                severity: row.severity,
                category: row.category,
                forcing: row.category.is_some_and(|c| forcing[c as usize]),
            }
        })
        .collect();
    let variants = truthy_or(section, "detect_evasion", true).then(|| VariantSearch::new(&terms, needles));
    Ok(Box::new(Toxicity {
        rows,
        variants,
        terms: TermList::new(terms, needles),
        exemptions: truthy_or(section, "context_aware", true).then(|| Exemptions::new(needles)).transpose()?,
        blocks: text_or(section, "action", "WARN") == "BLOCK",
        block_at: number_or(section, "block_threshold", 40.0),
        warn_at: number_or(section, "warn_threshold", 1.0),
    }))
}

struct Toxicity {
    terms: TermList,
    rows: Vec<Row>,
    variants: Option<VariantSearch>,
    exemptions: Option<Exemptions>,
    blocks: bool,
    /// A threshold of the wrong kind fails only where it is compared.
    block_at: Result<f64, EvalError>,
    warn_at: Result<f64, EvalError>,
}

/// What a term's hit is.
struct Row {
    id: RuleId,
    /// The policy's value may be none; then the hit itself fails.
    severity: Result<Severity, EvalError>,
    category: Option<Category>,
    forcing: bool,
}

impl Detector for Toxicity {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        let mut found: Vec<usize> = self.terms.matches(text).collect();
        if let Some(variants) = &self.variants {
            let raw = found.len();
            variants.search(text, &mut found);
            if found.len() > raw {
                found.sort_unstable();
                found.dedup();
            }
        }
        if found.is_empty() {
            return Ok(Finding::clean());
        }
        let mut scene = self.exemptions.as_ref().map(|e| e.scene(text));
        let mut hits = Vec::new();
        let mut forced = false;
        for at in found {
            let row = &self.rows[at];
            let subject = Subject { term: &self.terms.terms()[at], category: row.category, forcing: row.forcing };
            if scene.as_mut().is_some_and(|scene| scene.exempts(&subject)) {
                continue;
            }
            hits.push(RuleHit::new(row.id.clone(), row.severity.clone()?));
            forced |= row.forcing;
        }
        self.decide(hits, forced)
    }
}

impl Toxicity {
    fn decide(&self, hits: Vec<RuleHit>, forced: bool) -> Result<Finding, EvalError> {
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        let risk = severity_sum(&hits);
        if self.blocks || forced || f64::from(risk) >= self.block_at.clone()? {
            let mut finding = Finding::of(Decision::Block, hits);
            if forced {
                finding.risk = risk.max(FORCED_RISK);
            }
            return Ok(finding);
        }
        if f64::from(risk) >= self.warn_at.clone()? {
            return Ok(Finding::of(Decision::Warn, hits));
        }
        Ok(Finding::clean())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;
    use crate::value::{Value, parse_json};

    fn inspect(section: &str, text: &str) -> Result<(u8, Vec<String>), EvalError> {
        let Ok(Value::Map(section)) = parse_json(section) else { panic!("{section}") };
        let mut needles = NeedleSet::new();
        let detector = build(&section, &mut needles)?;
        let prefilter = needles.build();
        let finding = detector.inspect(&Text::new(text, &prefilter), &Request::new(text, Stage::Input))?;
        Ok((finding.risk, finding.hits.iter().map(|h| h.id.to_string()).collect()))
    }

    fn hits(text: &str) -> Vec<String> {
        inspect("{}", text).unwrap().1
    }

    #[test]
    fn hits_come_in_the_order_of_the_table_and_a_forcing_category_blocks() {
        assert_eq!(hits("you fool, you Nazi"), ["toxicity.nazi", "toxicity.fool"]);
        assert_eq!(inspect("{}", "idiots").unwrap(), (90, vec!["toxicity.threats.idiots".to_owned()]));
    }

    #[test]
    fn evasion_is_seen_through_unless_switched_off() {
        for text in ["1d10t", "you i d i o t you", "zz i_d_i_o_t zz", "i+d+i+o+t", "iiidiot", "\u{456}diot", "ıdiot"] {
            assert_eq!(hits(text), ["toxicity.idiot"], "{text}");
        }
        for text in ["1diot!", "stuupid", "a f a t cat", "idiöt"] {
            assert_eq!(hits(text), [""; 0], "{text}");
        }
        assert_eq!(inspect(r#"{"detect_evasion": false}"#, "1d10t").unwrap().1, [""; 0]);
    }

    #[test]
    fn terms_whose_own_variant_differs_are_found_in_plain_text() {
        assert_eq!(hits("the netflix story"), ["toxicity.explicit_sexual.xxx_story"]);
    }

    #[test]
    fn surroundings_exempt() {
        for text in ["what is an idiot", "for a film he is an idiot", "she said idiot", "he is no idiot", "x 'idiot'"] {
            assert_eq!(hits(text), [""; 0], "{text}");
            assert_eq!(inspect(r#"{"context_aware": 0}"#, text).unwrap().1, ["toxicity.idiot"], "{text}");
        }
    }

    #[test]
    fn the_policys_own_terms_join_the_table() {
        let section = r#"{"custom_terms": {"FOO": "low", "Straße": "High"}, "keywords": ["foo", "bar"]}"#;
        assert_eq!(
            inspect(section, "bar STRAẞE foo").unwrap(),
            (100, vec!["toxicity.foo".into(), "toxicity.straße".into(), "toxicity.bar".into()])
        );
    }

    #[test]
    fn terms_of_the_policy_are_sought_in_variants_too() {
        let hits = |text| inspect(r#"{"keywords": ["ıdıom", "ж к", "n00b", ""]}"#, text).unwrap().1;
        assert_eq!(hits("1d10m"), ["toxicity.ıdıom", "toxicity."]);
        assert_eq!(hits("Ж К"), ["toxicity.ж_к", "toxicity."]);
        assert_eq!(hits("nub"), ["toxicity.n00b", "toxicity."]);
        assert_eq!(hits("$"), ["toxicity."]);
        // In a group of letters that no other term has.
        assert_eq!(inspect(r#"{"keywords": ["zıqwx"]}"#, "you z1qwx").unwrap().1, ["toxicity.zıqwx"]);
    }

    #[test]
    fn wrong_configuration_fails_when_the_reference_does() {
        assert!(inspect(r#"{"custom_terms": null}"#, "").is_err());
        assert!(inspect(r#"{"custom_terms": {"foo": 5}}"#, "bar").is_ok());
        assert!(inspect(r#"{"custom_terms": {"foo": 5}}"#, "foo").is_err());
        assert!(inspect(r#"{"block_threshold": null}"#, "bar").is_ok());
        assert!(inspect(r#"{"block_threshold": null}"#, "idiot").is_err());
    }
}
