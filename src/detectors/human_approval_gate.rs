//! `human_approval_gate`: high-impact agent actions need a human approval in the metadata, signed where the policy
//! says so.

use super::agent_actions::{self, Category};
use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, action_or, int_or, iterated, truthy_or};
use crate::text::{FoldedPattern, Gate, NeedleSet, Text, chars};
use crate::value::{Map, Number, Value, surrogate};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

/// The categories that can be gated: name in policies, rule, whether gated by default.
const GATES: &[(&str, Category, &str, bool)] = &[
    ("destructive_action", Category::Destructive, "human_approval_gate.unapproved_destructive_action", true),
    ("external_side_effect", Category::ExternalSideEffect, "human_approval_gate.unapproved_external_side_effect", true),
    (
        "privilege_escalation",
        Category::PrivilegeEscalation,
        "human_approval_gate.unapproved_privilege_escalation",
        true,
    ),
    ("code_execution", Category::CodeExecution, "human_approval_gate.unapproved_code_execution", true),
    ("mutating_action", Category::Mutating, "human_approval_gate.unapproved_mutating_action", false),
];

const BLOCKS: &[&str] = &["approval", "human_approval"];
const APPROVERS: &[&str] = &["approved_by", "approver", "approver_id", "approver_email"];
const FLAGS: &[&str] = &["human_approved", "approved", "is_approved"];
const TOKENS: &[&str] = &["token", "signature", "approval_token", "hmac"];
const TIMES: &[&str] = &["issued_at", "approved_at", "timestamp", "iat"];
/// An approval may be issued this many seconds in the future: clocks differ.
const CLOCK_SKEW: i64 = 60;

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When `action` is no text, `max_approval_age_seconds` no whole number, or `gated_categories` no list.
pub fn build(section: &Map, needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let named = iterated(section, "gated_categories")?;
    let default = !section.get("gated_categories").is_some_and(Value::truthy);
    let gates = GATES
        .iter()
        .filter(|(name, _, _, on)| if default { *on } else { named.iter().any(|n| n.as_str() == Some(name)) })
        .map(|(_, category, rule, _)| {
            let pattern = agent_actions::pattern(*category, needles)?;
            Ok(Gated { rule, gate: pattern.loose_gate(needles), pattern })
        })
        .collect::<Result<_, EvalError>>()?;
    Ok(Box::new(ApprovalGate {
        blocks: action_or(section, "BLOCK")? == "BLOCK",
        gates,
        require_approver: truthy_or(section, "require_approver_identity", true),
        require_signature: truthy_or(section, "require_signed_approval", false),
        secret: section.get("signing_secret").cloned().unwrap_or(Value::Null),
        max_age: int_or(section, "max_approval_age_seconds", 900)?.max(0),
    }))
}

/// Actions that need an approval.
struct Gated {
    rule: &'static str,
    pattern: FoldedPattern,
    /// Of the pattern, for the text as given.
    gate: Gate,
}

struct ApprovalGate {
    blocks: bool,
    gates: Vec<Gated>,
    require_approver: bool,
    require_signature: bool,
    secret: Value,
    /// Seconds; 0 is no limit.
    max_age: i64,
}

impl Detector for ApprovalGate {
    fn inspect(&self, text: &Text<'_>, request: &Request<'_>) -> Result<Finding, EvalError> {
        if text.raw().is_empty() || !self.may_match(text) {
            return Ok(Finding::clean());
        }
        let scan = text.derive(agent_actions::scan_text(text));
        let actions: Vec<&'static str> =
            self.gates.iter().filter(|gated| gated.pattern.is_match(&scan)).map(|gated| gated.rule).collect();
        if actions.is_empty() {
            return Ok(Finding::clean());
        }
        let evidence = Evidence::read(request.metadata.map())?;
        let mut hits = Vec::new();
        let mut approved = evidence.approved;
        if self.require_signature
            && let Some(rule) = self.signature_problem(text.raw(), &evidence)?
        {
            hits.push(RuleHit::new(rule, Severity::High));
            approved = false;
        }
        if !approved {
            hits.extend(actions.into_iter().map(|rule| RuleHit::new(rule, Severity::High)));
        } else if self.require_approver && evidence.approver.is_none() {
            hits.push(RuleHit::new("human_approval_gate.anonymous_approval", Severity::Medium));
        }
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        Ok(Finding::of(if self.blocks { Decision::Block } else { Decision::Warn }, hits))
    }
}

impl ApprovalGate {
    fn may_match(&self, text: &Text<'_>) -> bool {
        agent_actions::hides_names(text.raw()) || self.gates.iter().any(|gated| text.is_open(gated.gate))
    }

    /// The first thing wrong with the approval's signature.
    fn signature_problem(&self, text: &str, evidence: &Evidence<'_>) -> Result<Option<&'static str>, EvalError> {
        if !self.secret.truthy() {
            return Ok(Some("human_approval_gate.approval_signing_unconfigured"));
        }
        let (Some(token), Some(issued)) = (evidence.token, &evidence.issued_at) else {
            return Ok(Some("human_approval_gate.unsigned_approval"));
        };
        if self.max_age != 0 {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
            let now = i64::try_from(now).unwrap_or(i64::MAX);
            let oldest = Number::Int(now.saturating_sub(self.max_age));
            if *issued < oldest || *issued > Number::Int(now + CLOCK_SKEW) {
                return Ok(Some("human_approval_gate.expired_approval"));
            }
        }
        let Some(secret) = self.secret.as_str().filter(|s| !surrogate::is_in(s)) else {
            return Err(EvalError::config("signing_secret", &self.secret, "a string that UTF-8 can hold"));
        };
        if !token.is_ascii() {
            return Err(EvalError::new("the approval's token must be ASCII"));
        }
        let issued = match issued {
            Number::Int(i) => i.to_string(),
            Number::Big(digits) => digits.to_string(),
            // Truncated when it was read.
            Number::Float(f) => format!("{f:.0}"),
        };
        let expected = signature(secret, text, &issued, evidence.approver.unwrap_or(""));
        Ok((token != expected).then_some("human_approval_gate.invalid_approval_signature"))
    }
}

/// The token that approves `text`: what the reference's own signing makes.
fn signature(secret: &str, text: &str, issued: &str, approver: &str) -> String {
    let words: Vec<&str> = text.split(chars::is_space).filter(|w| !w.is_empty()).collect();
    let digest = Sha256::digest(words.join(" "));
    let message = format!("{}.{issued}.{approver}", hex(&digest));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(message.as_bytes());
    hex(&mac.finalize().into_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// What the metadata says about an approval.
struct Evidence<'m> {
    approved: bool,
    approver: Option<&'m str>,
    token: Option<&'m str>,
    issued_at: Option<Number>,
}

impl<'m> Evidence<'m> {
    fn read(metadata: Option<&'m Map>) -> Result<Self, EvalError> {
        let Some(metadata) = metadata else {
            return Ok(Evidence { approved: false, approver: None, token: None, issued_at: None });
        };
        let block = metadata.first(BLOCKS, Value::as_map);
        let scopes = || block.into_iter().chain([metadata]);
        let text = |keys: &[&str]| scopes().find_map(|scope| scope.first(keys, Value::as_filled_str));
        let time = scopes().find_map(|scope| {
            scope.first(TIMES, |v| matches!(v, Value::Int(_) | Value::BigInt(_) | Value::Float(_)).then_some(v))
        });
        let issued_at = match time {
            Some(Value::Float(f)) if !f.is_finite() => {
                return Err(EvalError::new("an approval's time must be a finite number"));
            }
            Some(Value::Float(f)) => Some(Number::Float(f.trunc())),
            other => other.and_then(Number::of),
        };
        Ok(Evidence {
            approved: scopes().any(|scope| FLAGS.iter().any(|key| scope.get(key).is_some_and(says_yes))),
            approver: text(APPROVERS),
            token: text(TOKENS),
            issued_at,
        })
    }
}

fn says_yes(value: &Value) -> bool {
    match value {
        Value::Str(text) => ["true", "yes", "y", "1", "approved"].contains(&&*chars::lower(chars::trim(text))),
        _ => Number::of(value).is_some_and(|n| n == Number::Int(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;
    use crate::engine::Metadata;
    use crate::value::parse_json;

    fn find(config: &str, text: &str, metadata: &str) -> Result<Vec<String>, EvalError> {
        let (Value::Map(section), Value::Map(metadata)) = (parse_json(config).unwrap(), parse_json(metadata).unwrap())
        else {
            panic!("objects")
        };
        let mut needles = NeedleSet::new();
        let detector = build(&section, &mut needles)?;
        let prefilter = needles.build();
        let request = Request { metadata: Metadata::from_map(metadata), ..Request::new(text, Stage::AgentPlan) };
        let finding = detector.inspect(&Text::new(text, &prefilter), &request)?;
        let rule = |h: &RuleHit| h.id.as_str().trim_start_matches("human_approval_gate.").to_owned();
        Ok(finding.hits.iter().map(rule).collect())
    }

    fn rules(config: &str, text: &str, metadata: &str) -> Vec<String> {
        find(config, text, metadata).unwrap()
    }

    #[test]
    fn a_name_alone_approves_nothing_and_a_flag_alone_is_anonymous() {
        let text = "delete the backup";
        assert_eq!(rules("{}", text, r#"{"approver": "Ida"}"#), ["unapproved_destructive_action"]);
        assert_eq!(rules("{}", text, r#"{"approved": 1.0}"#), ["anonymous_approval"]);
        assert!(rules("{}", text, r#"{"approval": {"approved": " YES "}, "approver": "Ida"}"#).is_empty());
        assert!(rules("{}", "look around", "{}").is_empty());
    }

    #[test]
    fn only_named_categories_are_gated() {
        let config = r#"{"gated_categories": ["mutating_action", "broad_scope"]}"#;
        assert_eq!(rules(config, "delete or update", "{}"), ["unapproved_mutating_action"]);
        assert!(rules(r#"{"gated_categories": "destructive_action"}"#, "delete", "{}").is_empty());
        assert!(find(r#"{"gated_categories": 5}"#, "", "{}").is_err());
    }

    #[test]
    fn a_signature_covers_text_time_and_approver() {
        let config = r#"{"require_signed_approval": true, "signing_secret": "k", "max_approval_age_seconds": 0}"#;
        let token = signature("k", "delete  it", "5", "Ida");
        let evidence = |token: &str| {
            format!(r#"{{"approval": {{"approved": true, "approver": "Ida", "iat": 5.9, "token": "{token}"}}}}"#)
        };
        assert!(rules(config, "delete\nit", &evidence(&token)).is_empty());
        assert_eq!(
            rules(config, "delete It", &evidence(&token)),
            ["invalid_approval_signature", "unapproved_destructive_action"]
        );
        assert!(find(config, "delete it", &evidence("é")).is_err());
        let aged = config.replace('0', "10");
        assert_eq!(rules(&aged, "delete it", &evidence(&token))[0], "expired_approval");
    }

    #[test]
    fn what_is_missing_for_a_signature_is_named() {
        let config = r#"{"require_signed_approval": true}"#;
        assert_eq!(rules(config, "delete", r#"{"approved": true}"#)[0], "approval_signing_unconfigured");
        let config = r#"{"require_signed_approval": true, "signing_secret": "k"}"#;
        assert_eq!(rules(config, "delete", r#"{"approved": true, "token": "t"}"#)[0], "unsigned_approval");
    }
}
