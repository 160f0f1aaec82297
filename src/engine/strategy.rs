//! Model-backed strategies without models: who would be asked, and what follows when nobody answers.
//!
//! A section's `strategy` lists modes to escalate to. The runner reaches no model, so the first model mode that the
//! strategy escalates to fails, and its fallback decides; a strategy that does not escalate changes nothing. What is
//! reproduced here is therefore: whether it escalates, which mode fails, and why.

use super::detector::{EvalError, Finding, RuleHit};
use super::section::{admits, iterated};
use crate::api::{Decision, Severity};
use crate::value::{Map, Number, Value};

/// The mode of the rules engine, also a strategy's start.
pub(super) const DETERMINISTIC: &str = "local_deterministic";
const LOCAL_ML: &str = "local_ml";
const LOCAL_EMBEDDING: &str = "local_embedding";
const REMOTE: [&str; 2] = ["remote_llm", "remote_api"];
/// Modes that a model answers.
const MODELS: [&str; 5] = [LOCAL_ML, LOCAL_EMBEDDING, "local_llm", REMOTE[0], REMOTE[1]];

/// A usable strategy of a section.
#[derive(Debug)]
pub(super) struct Strategy {
    /// The first model that would be asked; `None` when the order names only the rules engine.
    attempt: Option<Attempt>,
}

#[derive(Debug)]
struct Attempt {
    mode: &'static str,
    /// `escalate_when.deterministic_score_between`, as given.
    band: Option<Value>,
    fallback: Fallback,
    /// Why the attempt fails: the egress gate's reason, or `<fallback>:<mode>`. An error where the reference cannot
    /// check its egress rules.
    path: Result<String, EvalError>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fallback {
    Deterministic,
    Open,
    Closed,
}

/// What a strategy made of a finding.
#[derive(Debug)]
pub(super) struct Escalated {
    /// The finding that stands.
    pub finding: Finding,
    /// The mode that decided.
    pub mode: &'static str,
    /// Why a model did not.
    pub path: Option<String>,
}

impl Strategy {
    /// The section's strategy, if it has a usable one: an object whose order names a known mode.
    ///
    /// # Errors
    /// When the order, the backends or the runtime policy are such that the reference fails to read them.
    pub(super) fn read(section: &Map, runtime: Option<&Value>) -> Result<Option<Self>, EvalError> {
        let Some(Value::Map(strategy)) = section.get("strategy") else { return Ok(None) };
        let mut modes = Vec::new();
        for mode in iterated(strategy, "order")? {
            match mode {
                Value::Str(name) => {
                    modes.extend(MODELS.into_iter().chain([DETERMINISTIC]).find(|known| *known == name))
                }
                Value::List(_) | Value::Map(_) => {
                    return Err(EvalError::config("strategy.order", &mode, "names of modes"));
                }
                _ => {}
            }
        }
        if modes.is_empty() {
            return Ok(None);
        }
        let empty = Map::new();
        let object = |key, value: Option<&Value>| match value {
            Some(Value::Map(_)) | None => Ok(()),
            Some(other) if !other.truthy() => Ok(()),
            Some(other) => Err(EvalError::config(key, other, "an object")),
        };
        object("backends", section.get("backends"))?;
        object("runtime_policy", runtime)?;
        let runtime = runtime.and_then(Value::as_map).unwrap_or(&empty);
        let Some(mode) = modes.into_iter().find(|mode| *mode != DETERMINISTIC) else {
            return Ok(Some(Strategy { attempt: None }));
        };
        let named = [strategy.get("fallback"), section.get("fallback")].into_iter().flatten().find(|v| v.truthy());
        let fallback = match named.and_then(Value::as_str) {
            Some("fail_open") => Fallback::Open,
            Some("fail_closed") => Fallback::Closed,
            _ => Fallback::Deterministic,
        };
        let band = strategy.get("escalate_when").and_then(|when| when.get("deterministic_score_between"));
        let path = egress_denial(mode, section, runtime)
            .map(|reason| reason.map_or_else(|| format!("{}:{mode}", fallback.name()), str::to_owned));
        Ok(Some(Strategy { attempt: Some(Attempt { mode, band: band.cloned(), fallback, path }) }))
    }

    /// Whether the strategy asks a model: such sections enforce nothing until they are certified.
    pub(super) fn is_model_backed(&self) -> bool {
        self.attempt.is_some()
    }

    /// What becomes of the rules engine's finding.
    ///
    /// # Errors
    /// When the score band or the egress rules cannot be compared.
    pub(super) fn apply(&self, finding: Finding) -> Result<Escalated, EvalError> {
        let stays = |finding, path| Escalated { finding, mode: DETERMINISTIC, path };
        let Some(attempt) = &self.attempt else { return Ok(stays(finding, None)) };
        if !within(attempt.band.as_ref(), finding.risk)? {
            return Ok(stays(finding, None));
        }
        let path = Some(attempt.path.clone()?);
        Ok(match attempt.fallback {
            Fallback::Deterministic => stays(finding, path),
            Fallback::Open => Escalated { finding: Finding::clean(), mode: attempt.mode, path },
            Fallback::Closed => {
                let hit = RuleHit::new("escalation.fail_closed", Severity::High);
                let finding = Finding { risk: 100, ..Finding::of(Decision::Block, vec![hit]) };
                Escalated { finding, mode: attempt.mode, path }
            }
        })
    }
}

impl Fallback {
    const fn name(self) -> &'static str {
        match self {
            Fallback::Deterministic => "fallback_to_deterministic",
            Fallback::Open => "fail_open",
            Fallback::Closed => "fail_closed",
        }
    }
}

/// Whether the risk is one that escalates: within a band of two numbers. Whatever has another length is no band.
fn within(band: Option<&Value>, risk: u8) -> Result<bool, EvalError> {
    let error = |found: &Value| EvalError::config("deterministic_score_between", found, "two numbers");
    match band {
        None | Some(Value::Null) => Ok(true),
        Some(Value::List(ends)) => {
            let [low, high] = ends.as_slice() else { return Ok(true) };
            let risk = Number::Int(i64::from(risk));
            let at_least = risk >= Number::of(low).ok_or_else(|| error(low))?;
            Ok(at_least && risk <= Number::of(high).ok_or_else(|| error(high))?)
        }
        Some(Value::Str(text)) if text.chars().count() != 2 => Ok(true),
        Some(Value::Map(map)) if map.len() != 2 => Ok(true),
        Some(other) => Err(error(other)),
    }
}

/// Why a call of the mode's backend must not leave the boundary, if it would leave it.
fn egress_denial(mode: &str, section: &Map, runtime: &Map) -> Result<Option<&'static str>, EvalError> {
    let Some(backend) = section.get("backends").and_then(|b| b.get(mode)).and_then(Value::as_map) else {
        return Ok(None);
    };
    // Where nothing is said, the default inference address is on this machine.
    let leaves = REMOTE.contains(&mode) || backend.get("in_boundary").is_some_and(|v| !v.truthy() && !v.is_null());
    if !leaves {
        return Ok(None);
    }
    if runtime.get("no_external_calls").is_some_and(Value::truthy) {
        return Ok(Some("no_external_calls"));
    }
    let endpoint = backend.get("endpoint_url").and_then(Value::as_str).unwrap_or("");
    if let Some(allowed) = section.get("egress_allowlist").filter(|v| !v.is_null()) {
        let (host, with_port) = host_of(endpoint);
        let lists = |name: &str| admits(allowed, name, "egress_allowlist");
        if !lists(&host)? && !lists(&with_port)? {
            return Ok(Some("egress_not_allowlisted"));
        }
    }
    if let Some(allowed) = runtime.get("allowed_regions").filter(|v| !v.is_null())
        && !in_region(backend.get("region"), allowed)?
    {
        return Ok(Some("residency_denied"));
    }
    // A benchmark has no audit sink, without which the reference lets nothing out.
    Ok(Some("egress_audit_unconfigured"))
}

fn in_region(region: Option<&Value>, allowed: &Value) -> Result<bool, EvalError> {
    let Some(region) = region.filter(|r| r.truthy()) else { return Ok(false) };
    match (region, allowed) {
        (Value::Str(name), _) => admits(allowed, name, "allowed_regions"),
        (_, Value::List(regions)) => Ok(regions.contains(region)),
        (Value::Bool(_) | Value::Int(_) | Value::BigInt(_) | Value::Float(_), Value::Map(_)) => Ok(false),
        _ => Err(EvalError::config("region", region, "a string")),
    }
}

/// The host of an endpoint in lower case, alone and with its port.
fn host_of(endpoint: &str) -> (String, String) {
    let rest = endpoint.split_once("//").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let authority = authority.rsplit('@').next().unwrap_or("").to_lowercase();
    let host = match authority.strip_prefix('[').and_then(|v6| v6.split_once(']')) {
        Some((v6, _)) => v6,
        None => authority.split(':').next().unwrap_or(""),
    };
    (host.to_owned(), authority)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse_json;

    /// Decision, risk, mode and path.
    type Outcome = (Option<Decision>, u8, &'static str, Option<String>);

    fn apply(section: &str, runtime: &str) -> Result<Outcome, EvalError> {
        let Value::Map(section) = parse_json(section).unwrap() else { panic!("an object") };
        let runtime = parse_json(runtime).unwrap();
        let found = Finding::of(Decision::Block, vec![RuleHit::new("a.b", Severity::High)]);
        let escalated = Strategy::read(&section, Some(&runtime))?.expect("a usable strategy").apply(found)?;
        Ok((escalated.finding.decision, escalated.finding.risk, escalated.mode, escalated.path))
    }

    #[test]
    fn each_fallback_has_its_result() {
        let of = |kind: &str| {
            apply(&format!(r#"{{"strategy": {{"order": ["local_ml"], "fallback": {kind}}}}}"#), "null").unwrap()
        };
        let path = |name: &str| Some(format!("{name}:local_ml"));
        let kept = (Some(Decision::Block), 50, DETERMINISTIC, path("fallback_to_deterministic"));
        assert_eq!(of("null"), kept);
        assert_eq!(of("[\"fail_open\"]"), kept);
        assert_eq!(of("\"fail_open\""), (Some(Decision::Allow), 0, LOCAL_ML, path("fail_open")));
        assert_eq!(of("\"fail_closed\""), (Some(Decision::Block), 100, LOCAL_ML, path("fail_closed")));
    }

    #[test]
    fn a_risk_outside_the_band_does_not_escalate() {
        let of = |band: &str| {
            let when = format!(r#""escalate_when": {{"deterministic_score_between": {band}}}"#);
            apply(&format!(r#"{{"strategy": {{"order": ["local_ml"], "fallback": "fail_open", {when}}}}}"#), "null")
                .map(|(_, risk, ..)| risk)
        };
        for (band, risk) in [("[50, 50]", 0), ("[51, 99]", 50), ("[60, \"x\"]", 50), ("[1]", 0), ("\"abc\"", 0)] {
            assert_eq!(of(band), Ok(risk), "{band}");
        }
        for band in ["5", "\"ab\"", "[\"0\", 100]", "{\"a\": 1, \"b\": 2}"] {
            assert!(of(band).is_err(), "{band}");
        }
    }

    #[test]
    fn orders_without_a_known_mode_are_no_strategy() {
        for order in [r#""local_ml""#, "null", "[]", "[5, \"LOCAL_ML\"]"] {
            let Value::Map(section) = parse_json(&format!(r#"{{"strategy": {{"order": {order}}}}}"#)).unwrap() else {
                panic!("an object")
            };
            assert!(Strategy::read(&section, None).unwrap().is_none(), "{order}");
        }
        assert!(apply(r#"{"strategy": {"order": 5}}"#, "null").is_err());
        assert!(apply(r#"{"strategy": {"order": ["local_ml"]}, "backends": 5}"#, "null").is_err());
        assert!(apply(r#"{"strategy": {"order": ["local_deterministic"]}}"#, "5").is_err());
    }

    #[test]
    fn the_egress_gate_names_the_first_reason() {
        let path = |more: &str, backend: &str, runtime: &str| {
            let backends = format!(r#""backends": {{"remote_llm": {{{backend}}}}}"#);
            apply(&format!(r#"{{"strategy": {{"order": ["remote_llm"]}}, {more}{backends}}}"#), runtime)
                .unwrap()
                .3
                .unwrap()
        };
        let at = r#""endpoint_url": "https://b.example:8443/x""#;
        assert_eq!(path("", at, r#"{"no_external_calls": 1}"#), "no_external_calls");
        assert_eq!(path(r#""egress_allowlist": ["a.example"], "#, at, "null"), "egress_not_allowlisted");
        assert_eq!(path(r#""egress_allowlist": ["b.example:8443"], "#, at, "null"), "egress_audit_unconfigured");
        assert_eq!(path("", r#""region": "us""#, r#"{"allowed_regions": ["eu"]}"#), "residency_denied");
    }
}
