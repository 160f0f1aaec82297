//! The policy's custom detectors: plugins that run after the pipeline, on the text as it then stands.
//!
//! Of the reference's plugins only `regex` can say anything offline: `webhook` and `remote` need a service, others are
//! Python files. Plugins are always on.

use super::detector::{EvalError, Finding, RuleHit, RuleId};
use super::laps::Laps;
use super::response::DetectorOutcome;
use super::section;
use crate::api::{Decision, Severity, Stage};
use crate::text::{Gate, NeedleSet, PythonRegex, Text};
use crate::value::{Map, Value};

/// An entry of `custom_detectors`, compiled.
pub(super) struct CustomStep {
    stages: Result<u8, EvalError>,
    rules: Result<RegexRules, EvalError>,
}

/// What the regex plugin looks for.
#[derive(Default)]
struct RegexRules {
    rules: Vec<Rule>,
    /// `None` for an action that is no decision: then a match discards the result.
    action: Option<Decision>,
}

struct Rule {
    regex: PythonRegex,
    gate: Gate,
    /// `None` when the rule's id, message or score make a match discard the entry's result.
    hit: Option<(RuleId, Severity, f64)>,
}

/// Compiles the policy's entries, in order; entries that can never say anything are left out.
///
/// # Errors
/// When `custom_detectors` is no list: then every evaluation fails.
pub(super) fn compile(policy: &Map, needles: &mut NeedleSet) -> Result<Vec<CustomStep>, EvalError> {
    let entries = match policy.get("custom_detectors").filter(|v| v.truthy()) {
        None => &[],
        Some(Value::List(entries)) => entries.as_slice(),
        Some(other) => return Err(EvalError::config("custom_detectors", other, "a list of objects")),
    };
    let step = |entry: &Value| match entry {
        Value::Map(entry) if entry.get("name").and_then(Value::as_str) == Some(REGEX) => Some(CustomStep {
            stages: section::stages(entry, Stage::Input.bit() | Stage::Output.bit()),
            rules: match entry.get("config").filter(|v| v.truthy()) {
                None => Ok(RegexRules::default()),
                Some(Value::Map(config)) => Ok(RegexRules::new(config, needles).unwrap_or_default()),
                Some(other) => Err(EvalError::config("config", other, "an object")),
            },
        }),
        Value::Map(_) => None,
        other => {
            let error = EvalError::config("custom_detectors", other, "a list of objects");
            Some(CustomStep { stages: Err(error.clone()), rules: Err(error) })
        }
    };
    Ok(entries.iter().filter_map(step).collect())
}

const REGEX: &str = "regex";

/// Runs the entries of a stage; a BLOCK ends them.
///
/// # Errors
/// When an entry is one that the reference cannot use.
pub(super) fn run(
    steps: &[CustomStep],
    text: &Text<'_>,
    stage: Stage,
    laps: &mut Laps,
    outcomes: &mut Vec<DetectorOutcome>,
) -> Result<(), EvalError> {
    for step in steps {
        if step.stages.as_ref().map_err(Clone::clone)? & stage.bit() == 0 {
            continue;
        }
        let rules = step.rules.as_ref().map_err(Clone::clone)?;
        let finding = rules.inspect(text);
        let latency = laps.lap();
        let Some(finding) = finding else { continue };
        let blocks = finding.decision == Some(Decision::Block);
        outcomes.push(DetectorOutcome::new(format!("custom:{REGEX}").into(), finding, false, latency));
        if blocks {
            break;
        }
    }
    Ok(())
}

impl RegexRules {
    /// `None` when the plugin would raise before it matched anything, or may not run: its result is discarded.
    fn new(config: &Map, needles: &mut NeedleSet) -> Option<Self> {
        // A service's address needs an audited way out, even for this plugin.
        if ["url", "endpoint_url"].iter().any(|key| config.get(key).is_some_and(Value::truthy)) {
            return None;
        }
        let Some(Value::List(entries)) = config.get("rules") else { return None };
        let mut rules = Vec::new();
        for entry in entries {
            let entry = entry.as_map()?;
            let pattern = entry.get("pattern").map_or(Some(""), Value::as_str)?;
            let severity = match entry.get("severity").map_or(Some("medium"), Value::as_str)? {
                "low" => Severity::Low,
                "medium" => Severity::Medium,
                "high" => Severity::High,
                _ => return None,
            };
            let regex = match PythonRegex::compile(pattern, true) {
                Ok(regex) => regex,
                Err(e) if e.is_syntax() => continue,
                Err(_) => return None,
            };
            let id = match entry.get("id") {
                None => Some(format!("regex_{}", pattern.chars().take(20).collect::<String>())),
                Some(id) => id.as_str().map(str::to_owned),
            };
            let score = entry.get("score").map_or(Some(50.0), Value::as_number);
            let said = entry.get("message").is_none_or(|message| message.as_str().is_some());
            let hit = id.zip(score).filter(|_| said).map(|(id, score)| (RuleId::from(id), severity, score));
            rules.push(Rule { gate: needles.gate_all(regex.needs()), regex, hit });
        }
        let action = config.get("action").map_or(Some("WARN"), Value::as_str).and_then(Decision::from_name);
        Some(RegexRules { rules, action })
    }

    /// The result, if there is one to record.
    fn inspect(&self, text: &Text<'_>) -> Option<Finding> {
        let mut hits = Vec::new();
        let mut risk = 0.0;
        for rule in self.rules.iter().filter(|rule| text.is_open(rule.gate)) {
            if rule.regex.is_match(text.raw()) {
                let (id, severity, score) = rule.hit.clone()?;
                hits.push(RuleHit::new(id, severity));
                // Not `max`: a score that is no number never counts.
                if score > risk {
                    risk = score;
                }
            }
        }
        if hits.is_empty() || risk > 100.0 || risk.fract() != 0.0 {
            return None;
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let risk = risk as u8;
        Some(Finding { decision: Some(self.action?), risk, hits, sanitized: None })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Engine, EngineOptions, Request};
    use super::*;
    use crate::value::parse_json;

    fn evaluate(entries: &str, text: &str) -> Result<(Decision, u8, Vec<String>), EvalError> {
        let policy = format!(r#"{{"custom_detectors": {entries}}}"#);
        let Ok(Value::Map(policy)) = parse_json(&policy) else { panic!("{policy}") };
        let response =
            Engine::compile(&policy, EngineOptions::default()).evaluate(&Request::new(text, Stage::Input))?;
        let ids = response.hits().map(|hit| hit.id.to_string()).collect();
        Ok((response.decision, response.risk_score, ids))
    }

    fn rules(rules: &str, text: &str) -> (Decision, u8, Vec<String>) {
        evaluate(&format!(r#"[{{"name": "regex", "config": {{"rules": {rules}}}}}]"#), text).unwrap()
    }

    #[test]
    fn matching_rules_hit_in_order_and_the_highest_score_is_the_risk() {
        let found = rules(
            r#"[{"pattern": "PUMP", "id": "a", "score": 20}, {"pattern": "a{,2}x", "score": 60.0}, {"pattern": "z", "score": 90}]"#,
            "a pump, x",
        );
        assert_eq!(found, (Decision::Warn, 60, vec!["a".to_owned(), "regex_a{,2}x".to_owned()]));
    }

    #[test]
    fn what_the_plugin_raises_on_discards_its_result() {
        let clean = (Decision::Allow, 0, Vec::new());
        for bad in [
            r#"[{"pattern": "pump"}, {"pattern": "no", "severity": "HIGH"}]"#,
            r#"[{"pattern": "pump", "score": "70"}]"#,
            r#"[{"pattern": "pump", "score": 101}]"#,
            r#"[{"pattern": "pump", "score": 0.5}]"#,
            r#"[{"pattern": "pump", "id": null}]"#,
            r#"[{"pattern": "pump", "message": 5}]"#,
            r#"[{"pattern": "pump"}, {"pattern": 5}]"#,
            r#"[{"pattern": "pump"}, "pump"]"#,
            r#"{"pattern": "pump"}"#,
            "null",
        ] {
            assert_eq!(rules(bad, "pump"), clean, "{bad}");
        }
        let skipped =
            r#"[{"pattern": "("}, {"pattern": "no", "id": 5, "score": "x"}, {"pattern": "pump", "score": -1}]"#;
        assert_eq!(rules(skipped, "pump"), (Decision::Warn, 0, vec!["regex_pump".to_owned()]));
    }

    #[test]
    fn a_block_ends_the_entries_and_other_names_say_nothing() {
        let entry = |id: &str, action: &str| {
            format!(
                r#"{{"name": "regex", "config": {{"action": "{action}", "rules": [{{"pattern": "", "id": "{id}"}}]}}}}"#
            )
        };
        let two = format!("[{}, {}]", entry("a", "BLOCK"), entry("b", "WARN"));
        assert_eq!(evaluate(&two, ""), Ok((Decision::Block, 50, vec!["a".to_owned()])));
        let allowed = format!(r#"[{{"name": "Regex"}}, {{}}, {}, {}]"#, entry("a", "ALLOW"), entry("b", "block"));
        assert_eq!(evaluate(&allowed, ""), Ok((Decision::Allow, 50, vec!["a".to_owned()])));
    }

    #[test]
    fn entries_that_are_no_objects_fail_once_they_are_reached() {
        for bad in ["5", "[5]", "{\"regex\": {}}", "[null]", r#"[{"name": "regex", "stages": 5}]"#] {
            assert!(evaluate(bad, "").is_err(), "{bad}");
        }
        for nothing in ["null", "[]", "0", r#"[{"name": "regex", "config": {"url": "u", "rules": [{}]}}]"#] {
            assert_eq!(evaluate(nothing, ""), Ok((Decision::Allow, 0, Vec::new())), "{nothing}");
        }
    }
}
