//! `excessive_agency`: scores an agent's plan or step by the kinds of action it names.

use super::agent_actions::{self, CATEGORIES, Category};
use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, action_or, iterated, severity_sum};
use crate::text::{CasedPattern, FoldedPattern, Gate, NeedleSet, Text, fold};
use crate::value::{Map, Number, Value};

/// A scope key set to everything. The key has no edge before it; after a `*` a word character must follow.
const BROAD_SCOPE: &str = r#"(?:target|scope|recipients?|resources?|to|on|against)["']?\s*[:=]\s*["']?(?:\*|all|everyone|every[_\s]?(?:one|thing|user)|production|prod|entire|global)\b"#;
/// A lone star between quotes.
const WILDCARD_SCOPE: &str = r#"["']\*["']"#;

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When `action` is no text, or `high_risk_actions` is no list of texts.
pub fn build(section: &Map, needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let blocks = action_or(section, "WARN")? == "BLOCK";
    let limit = |key, default| section.get(key).cloned().unwrap_or(Value::Int(default));
    let actions = iterated(section, "high_risk_actions")?;
    let actions: Option<Vec<&str>> = actions.iter().map(Value::as_str).collect();
    let actions = actions.ok_or_else(|| EvalError::new("`high_risk_actions` must hold only strings"))?;
    let mut folded = |source: &str| FoldedPattern::new(source, needles).map_err(|e| EvalError::new(e.to_string()));
    let broad_scope = folded(BROAD_SCOPE)?;
    let wildcard_scope = folded(WILDCARD_SCOPE)?;
    let categories = CATEGORIES
        .iter()
        .map(|(category, ..)| Ok((rule(*category), agent_actions::pattern(*category, needles)?)))
        .collect::<Result<Vec<_>, EvalError>>()?;
    let folded = [&broad_scope, &wildcard_scope].into_iter().chain(categories.iter().map(|(_, pattern)| pattern));
    let gates = folded.map(|pattern| pattern.loose_gate(needles)).collect();
    Ok(Box::new(ExcessiveAgency {
        blocks,
        block_threshold: limit("block_threshold", 50),
        warn_threshold: limit("warn_threshold", 30),
        categories,
        broad_scope,
        wildcard_scope,
        gates,
        org_actions: org_actions(&actions, needles)?,
    }))
}

fn rule(category: Category) -> RuleHit {
    let (id, severity) = match category {
        Category::Destructive => ("excessive_agency.destructive_action", Severity::High),
        Category::ExternalSideEffect => ("excessive_agency.external_side_effect", Severity::High),
        Category::PrivilegeEscalation => ("excessive_agency.privilege_escalation", Severity::High),
        Category::CodeExecution => ("excessive_agency.code_execution", Severity::High),
        Category::Mutating => ("excessive_agency.mutating_action", Severity::Medium),
    };
    RuleHit::new(id, severity)
}

struct ExcessiveAgency {
    blocks: bool,
    block_threshold: Value,
    warn_threshold: Value,
    categories: Vec<(RuleHit, FoldedPattern)>,
    broad_scope: FoldedPattern,
    wildcard_scope: FoldedPattern,
    /// Of these patterns, for the text as given.
    gates: Vec<Gate>,
    org_actions: Option<OrgActions>,
}

/// The policy's own action words, one pattern for all.
struct OrgActions {
    pattern: CasedPattern,
    /// Opens where a word of some action occurs in the text as given, before separators become blanks.
    gate: Gate,
}

impl Detector for ExcessiveAgency {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        if text.raw().is_empty() || !self.may_match(text) {
            return Ok(Finding::clean());
        }
        let scan = text.derive(agent_actions::scan_text(text));
        let mut hits: Vec<RuleHit> =
            self.categories.iter().filter(|(_, p)| p.is_match(&scan)).map(|(hit, _)| hit.clone()).collect();
        if self.broad_scope.is_match(&scan) {
            hits.push(RuleHit::new("excessive_agency.broad_scope", Severity::Medium));
        }
        if self.wildcard_scope.is_match(&scan) {
            hits.push(RuleHit::new("excessive_agency.wildcard_scope", Severity::Medium));
        }
        if self.org_actions.as_ref().is_some_and(|org| org.pattern.is_match(&scan)) {
            hits.push(RuleHit::new("excessive_agency.org_high_risk_action", Severity::High));
        }
        self.decide(hits)
    }
}

impl ExcessiveAgency {
    fn may_match(&self, text: &Text<'_>) -> bool {
        agent_actions::hides_names(text.raw())
            || self.gates.iter().any(|&gate| text.is_open(gate))
            || self.org_actions.as_ref().is_some_and(|org| text.is_open(org.gate))
    }

    fn decide(&self, hits: Vec<RuleHit>) -> Result<Finding, EvalError> {
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        let risk = Number::Int(i64::from(severity_sum(&hits)));
        let at_least = |key, value: &Value| {
            Number::of(value).map(|at| risk >= at).ok_or_else(|| EvalError::config(key, value, "a number"))
        };
        let decision = if self.blocks && at_least("block_threshold", &self.block_threshold)? {
            Decision::Block
        } else if at_least("warn_threshold", &self.warn_threshold)? {
            Decision::Warn
        } else {
            Decision::Allow
        };
        Ok(Finding::of(decision, hits))
    }
}

fn org_actions(actions: &[&str], needles: &mut NeedleSet) -> Result<Option<OrgActions>, EvalError> {
    if actions.is_empty() {
        return Ok(None);
    }
    let sources: Vec<String> = actions.iter().map(|action| literal(action)).collect();
    let pattern = CasedPattern::ignore_case(&format!(r"\b(?:{})\b", sources.join("|")), needles)
        .map_err(|e| EvalError::new(e.to_string()))?;
    // Parts of the scan text are joined by line feeds and separators become spaces, so only what stands between
    // blanks is surely in the text itself.
    let words = actions.iter().map(|action| {
        let mut folded = Vec::new();
        let longest = action.split([' ', '\n']).max_by_key(|word| word.len()).unwrap_or("");
        fold::fold_into(longest, &mut folded);
        folded
    });
    let gate = needles.gate(words);
    Ok(Some(OrgActions { pattern, gate }))
}

/// A pattern for exactly this text; every way to write an `i` matches every other.
fn literal(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            'i' | 'I' | '\u{130}' | '\u{131}' => out.push_str("[i\u{130}\u{131}]"),
            _ => out.push_str(&regex_syntax::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;
    use crate::value::parse_json;

    fn find(config: &str, text: &str) -> Result<Finding, EvalError> {
        let Value::Map(section) = parse_json(config).unwrap() else { panic!("an object") };
        let mut needles = NeedleSet::new();
        let detector = build(&section, &mut needles)?;
        let prefilter = needles.build();
        detector.inspect(&Text::new(text, &prefilter), &Request::new(text, Stage::AgentPlan))
    }

    fn rules(config: &str, text: &str) -> Vec<String> {
        let finding = find(config, text).unwrap();
        finding.hits.iter().map(|h| h.id.as_str().trim_start_matches("excessive_agency.").to_owned()).collect()
    }

    #[test]
    fn the_join_of_both_copies_makes_phrases() {
        assert_eq!(rules("{}", "email me what to send"), ["external_side_effect"]);
        assert!(rules("{}", "email me what to send.").is_empty());
        assert_eq!(rules("{}", r#"{"action":"send","tool":"email"}"#), ["external_side_effect"]);
        assert!(rules("{}", r#"{"action":"email","tool":"send"}"#).is_empty());
    }

    #[test]
    fn escaped_names_count_only_as_values_of_action_keys() {
        assert_eq!(rules("{}", r#"{"op": "d\u0065lete"}"#), ["destructive_action"]);
        assert!(rules("{}", r#"{"note": "d\u0065lete"}"#).is_empty());
    }

    #[test]
    fn scopes_are_broad_or_wild() {
        assert_eq!(rules("{}", "information: all"), ["broad_scope"]);
        assert_eq!(rules("{}", "target=*prod"), ["broad_scope"]);
        assert!(rules("{}", "target=*").is_empty());
        assert_eq!(rules("{}", r#""target": "*""#), ["wildcard_scope"]);
    }

    #[test]
    fn the_policys_own_actions_match_with_any_separator() {
        let config = r#"{"high_risk_actions": ["close account", "Größe", "c++"]}"#;
        for text in ["close_account", "CLOSE--ACCOUNT", "größe", "c++x"] {
            assert_eq!(rules(config, text), ["org_high_risk_action"], "{text}");
        }
        assert!(rules(config, "close accounts, c++").is_empty());
        assert_eq!(rules(r#"{"high_risk_actions": [""]}"#, "a"), ["org_high_risk_action"]);
        assert!(find(r#"{"high_risk_actions": [5]}"#, "").is_err());
    }

    #[test]
    fn below_the_warning_threshold_the_hits_stay() {
        let finding = find(r#"{"warn_threshold": 31}"#, "update it").unwrap();
        assert_eq!((finding.decision, finding.risk, finding.hits.len()), (Some(Decision::Allow), 30, 1));
        assert!(find(r#"{"warn_threshold": null}"#, "update it").is_err());
        assert!(find(r#"{"warn_threshold": null}"#, "nothing").is_ok());
    }
}
