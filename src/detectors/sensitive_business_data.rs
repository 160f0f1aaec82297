//! Confidential business phrases: deals, internal pricing, roadmap, customer lists, and what the policy adds.
//!
//! A phrase is literal text in either case between word edges. One hit for each category with a phrase in the text,
//! in category order: the built-in ones (the policy may replace or empty them), then the policy's own.

use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, RuleId, action_or, int_or, iterated};
use crate::text::redact::replace_spans;
use crate::text::{ByteSpan, CasedPattern, FoldedPattern, NeedleSet, Text, chars};
use crate::value::{Key, Map, Value};
use memchr::memmem;

/// Risk from which BLOCK and REDACT apply.
const THRESHOLD: i64 = 60;
/// What stands in for a redacted phrase.
const MASK: &str = "[REDACTED]";

const BUILT_IN: [(&str, &[&str]); 4] = [
    (
        "mergers_acquisitions",
        &[
            "due diligence",
            "letter of intent",
            "term sheet",
            "definitive agreement",
            "merger agreement",
            "acquisition target",
            "divestiture",
            "pre-announcement",
        ],
    ),
    (
        "internal_pricing",
        &[
            "wholesale price",
            "cost basis",
            "internal pricing",
            "unpublished pricing",
            "price floor",
            "discount tier",
            "rate card",
            "margin structure",
        ],
    ),
    (
        "roadmap",
        &[
            "product roadmap",
            "internal roadmap",
            "unreleased feature",
            "unannounced launch",
            "launch date",
            "confidential roadmap",
        ],
    ),
    (
        "customer_list",
        &["customer list", "client list", "account list", "book of business", "customer database", "prospect list"],
    ),
];

struct SensitiveBusinessData {
    action: Action,
    severity: Severity,
    threshold: i64,
    /// Lowercased; one of them in the lowercased text lets it pass.
    allowed: Vec<memmem::Finder<'static>>,
    categories: Vec<Category>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Block,
    Redact,
    Warn,
}

struct Category {
    rule: RuleId,
    phrases: Vec<Phrase>,
}

/// A phrase as it is looked for and as it is redacted. The reference trims it only for looking: a phrase configured
/// with blanks around it is found, but seldom redacted.
struct Phrase {
    trimmed: Literal,
    untrimmed: Option<Literal>,
}

/// A literal in either case between word edges.
enum Literal {
    Ascii(FoldedPattern),
    Wide(CasedPattern),
}

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When `action`, `block_threshold`, `categories`, a phrase or an allowed text is of a kind that the reference cannot
/// use.
pub fn build(section: &Map, needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let action = match action_or(section, "WARN")?.as_str() {
        "BLOCK" => Action::Block,
        "REDACT" => Action::Redact,
        _ => Action::Warn,
    };
    let severity = section.get("severity").and_then(Value::as_str).map(str::to_lowercase);
    let allowed = filled_texts("allowlist", &iterated(section, "allowlist")?)?;
    Ok(Box::new(SensitiveBusinessData {
        action,
        severity: severity.and_then(|s| Severity::from_name(&s)).unwrap_or(Severity::Medium),
        threshold: int_or(section, "block_threshold", THRESHOLD)?,
        allowed: allowed.iter().map(|text| memmem::Finder::new(&*chars::lower(text)).into_owned()).collect(),
        categories: categories(section, needles)?,
    }))
}

fn categories(section: &Map, needles: &mut NeedleSet) -> Result<Vec<Category>, EvalError> {
    let none = Map::new();
    let configured = match section.get("categories").filter(|v| v.truthy()) {
        None => &none,
        Some(Value::Map(map)) => map,
        Some(other) => return Err(EvalError::config("categories", other, "an object")),
    };
    let mut placed = Vec::new();
    for (place, (name, phrases)) in BUILT_IN.into_iter().enumerate() {
        if !configured.contains_key(name) {
            placed.push((place, Category::new(name, phrases.iter().copied(), needles)?));
        }
    }
    // A replaced built-in category keeps its place.
    let place = |name: &str| BUILT_IN.iter().position(|(built_in, _)| *built_in == name).unwrap_or(BUILT_IN.len());
    for (name, phrases) in configured.iter() {
        let name = name.as_text();
        let alone = Map::from_iter([(Key::from(name), phrases.clone())]);
        let phrases = filled_texts(name, &iterated(&alone, name)?)?;
        placed.push((place(name), Category::new(name, phrases.iter().map(String::as_str), needles)?));
    }
    placed.sort_by_key(|(place, _)| *place);
    Ok(placed.into_iter().map(|(_, category)| category).collect())
}

/// The texts of a list that hold more than blanks; falsy entries of any kind are skipped.
fn filled_texts(key: &str, items: &[Value]) -> Result<Vec<String>, EvalError> {
    let mut texts = Vec::new();
    for item in items.iter().filter(|item| item.truthy()) {
        let text = item.as_str().ok_or_else(|| EvalError::config(key, item, "a list of strings"))?;
        if !chars::trim(text).is_empty() {
            texts.push(text.to_owned());
        }
    }
    Ok(texts)
}

impl Category {
    fn new<'p>(name: &str, phrases: impl Iterator<Item = &'p str>, needles: &mut NeedleSet) -> Result<Self, EvalError> {
        let phrases = phrases.map(|phrase| Phrase::new(phrase, needles)).collect::<Result<_, _>>()?;
        Ok(Category { rule: format!("sensitive_business_data.{name}").into(), phrases })
    }
}

impl Phrase {
    fn new(phrase: &str, needles: &mut NeedleSet) -> Result<Self, EvalError> {
        let trimmed = chars::trim(phrase);
        Ok(Phrase {
            trimmed: Literal::new(trimmed, needles)?,
            untrimmed: if trimmed == phrase { None } else { Some(Literal::new(phrase, needles)?) },
        })
    }

    fn redact(&self, text: &Text<'_>) -> String {
        let spans = self.untrimmed.as_ref().unwrap_or(&self.trimmed).spans(text);
        replace_spans(text.raw(), spans, MASK)
    }
}

impl Literal {
    fn new(literal: &str, needles: &mut NeedleSet) -> Result<Self, EvalError> {
        // Python takes both Turkish letters for an `i`, the regex crate neither.
        let literal = literal.replace(['\u{130}', '\u{131}'], "i");
        let pattern = |literal: &str| format!(r"\b{}\b", regex::escape(literal));
        let built = if literal.is_ascii() {
            FoldedPattern::new(&pattern(&literal.to_ascii_lowercase()), needles).map(Literal::Ascii)
        } else {
            CasedPattern::ignore_case(&pattern(&literal), needles).map(Literal::Wide)
        };
        built.map_err(|e| EvalError::new(e.to_string()))
    }

    fn is_in(&self, text: &Text<'_>) -> bool {
        match self {
            Literal::Ascii(pattern) => pattern.is_match(text),
            Literal::Wide(pattern) => pattern.is_match(text),
        }
    }

    fn spans(&self, text: &Text<'_>) -> Vec<ByteSpan> {
        match self {
            Literal::Ascii(pattern) => pattern.find_iter(text).map(|span| text.bytes(span)).collect(),
            Literal::Wide(pattern) => pattern.find_iter(text).collect(),
        }
    }
}

impl Detector for SensitiveBusinessData {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        let mut hits = Vec::new();
        let mut found = Vec::new();
        for category in &self.categories {
            let before = found.len();
            found.extend(category.phrases.iter().filter(|phrase| phrase.trimmed.is_in(text)));
            if found.len() > before {
                hits.push(RuleHit::new(category.rule.clone(), self.severity));
            }
        }
        if hits.is_empty() || self.allowed.iter().any(|allowed| allowed.find(text.lower().as_bytes()).is_some()) {
            return Ok(Finding::clean());
        }
        let mut finding = Finding::of(Decision::Warn, hits);
        if i64::from(finding.risk) >= self.threshold {
            match self.action {
                Action::Warn => {}
                Action::Block => finding.decision = Some(Decision::Block),
                Action::Redact => {
                    finding.decision = Some(Decision::Redact);
                    finding.sanitized = Some(redact(text, &found));
                }
            }
        }
        Ok(finding)
    }
}

/// One phrase after the other, each over what the ones before it left.
fn redact(text: &Text<'_>, phrases: &[&Phrase]) -> String {
    let mut redacted = text.raw().to_owned();
    for phrase in phrases {
        redacted = phrase.redact(&text.derive(redacted.as_str()));
    }
    redacted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;
    use crate::value::parse_json;

    fn inspect(section: &str, text: &str) -> Result<Finding, EvalError> {
        let Ok(Value::Map(section)) = parse_json(section) else { panic!("{section}") };
        let mut needles = NeedleSet::new();
        let detector = build(&section, &mut needles)?;
        let prefilter = needles.build();
        detector.inspect(&Text::new(text, &prefilter), &Request::new(text, Stage::Input))
    }

    fn rules(section: &str, text: &str) -> Vec<String> {
        let finding = inspect(section, text).unwrap();
        finding.hits.iter().map(|h| h.id.as_str()["sensitive_business_data.".len()..].to_owned()).collect()
    }

    #[test]
    fn every_built_in_phrase_fires_in_either_case_between_edges() {
        for (category, phrases) in BUILT_IN {
            for phrase in phrases {
                assert_eq!(rules("{}", &format!("({})", phrase.to_uppercase())), [category]);
                assert!(rules("{}", &format!("{phrase}s")).is_empty());
                assert!(rules("{}", &format!("é{phrase}")).is_empty());
            }
        }
    }

    #[test]
    fn a_replaced_category_keeps_its_place_and_new_ones_follow() {
        let section =
            r#"{"categories": {"z": ["falcon"], "roadmap": ["blue sky"], "customer_list": [], "a": ["falcon"]}}"#;
        assert_eq!(
            rules(section, "Falcon, blue SKY, client list, rate card"),
            ["internal_pricing", "roadmap", "z", "a"]
        );
    }

    #[test]
    fn phrases_in_any_script_ignore_case() {
        assert_eq!(rules(r#"{"categories": {"x": ["проект İL"]}}"#, "ПРОЕКТ ıl!"), ["x"]);
        assert_eq!(rules(r#"{"categories": {"x": ["c++"]}}"#, "c++x"), ["x"]);
        assert!(rules(r#"{"categories": {"x": ["c++"]}}"#, "c++ daily").is_empty());
    }

    #[test]
    fn redaction_replaces_every_occurrence_of_every_phrase() {
        let section = r#"{"action": "redact", "block_threshold": "30", "categories": {"x": [" fig "]}}"#;
        let finding = inspect(section, "Term sheet, é term SHEET: rate card, fig").unwrap();
        assert_eq!(finding.decision, Some(Decision::Redact));
        assert_eq!(finding.sanitized.as_deref(), Some("[REDACTED], é [REDACTED]: [REDACTED], fig"));
        assert_eq!(inspect(section, "nothing").unwrap(), Finding::clean());
    }

    #[test]
    fn an_allowed_text_lets_everything_pass() {
        assert!(rules(r#"{"allowlist": ["", "  ", "PUBLIC rel"]}"#, "public release of the rate card").is_empty());
        assert_eq!(rules(r#"{"allowlist": ["release "]}"#, "rate card release"), ["internal_pricing"]);
    }

    #[test]
    fn what_the_reference_cannot_use_is_refused() {
        for section in [
            r#"{"action": 5}"#,
            r#"{"block_threshold": null}"#,
            r#"{"block_threshold": "60.5"}"#,
            r#"{"categories": 5}"#,
            r#"{"categories": {"x": 5}}"#,
            r#"{"categories": {"x": [5]}}"#,
            r#"{"allowlist": ["x", 5]}"#,
        ] {
            assert!(inspect(section, "").is_err(), "{section}");
        }
    }
}
