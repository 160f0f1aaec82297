//! The znyx-bench command.

use anyhow::{Context, bail};
use std::borrow::Cow;
use std::io::Write;
use znyx_bench::api::{Actual, ResultRow, Stage};
use znyx_bench::engine::{Engine, EngineOptions, Identity, Metadata, Request};
use znyx_bench::value::{Value, parse_json};

/// Evaluates a JSONL dataset under a flat JSON policy and writes one result a line.
fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let flag = |name: &str| args.iter().position(|a| a == name).and_then(|i| args.get(i + 1)).context(name.to_owned());
    let policy = std::fs::read_to_string(flag("--policy")?)?;
    let Value::Map(policy) = parse_json(&policy)? else { bail!("the policy must be an object") };
    let engine = Engine::compile(&policy, EngineOptions::default());
    let dataset = std::fs::read_to_string(flag("--dataset")?)?;
    let mut out = std::io::BufWriter::new(std::fs::File::create(flag("--results")?)?);
    for line in dataset.lines().filter(|l| !l.trim().is_empty()) {
        let sample = parse_json(line)?;
        let text = |key: &str| sample.get(key).and_then(Value::as_str);
        let metadata = sample.get("metadata").and_then(Value::as_map);
        let stage = text("context").unwrap_or("input");
        let response = match Stage::from_name(stage) {
            None => Err(znyx_bench::engine::EvalError::new("no such stage")),
            Some(stage) => engine.evaluate(&Request {
                text: text("input_text").unwrap_or(""),
                stage,
                metadata: metadata.map_or_else(Metadata::none, |m| Metadata::from_map(m.clone())),
                identity: Identity { tenant_id: text("tenant_id").unwrap_or("benchmark"), ..Identity::default() },
            }),
        };
        let mut row = ResultRow {
            sample_id: text("id").unwrap_or_default().into(),
            input_text: Cow::Borrowed(""),
            context: stage.into(),
            expected_decision: None,
            expected_rule_hits: None,
            actual_decision: Actual::Error,
            actual_risk_score: 0,
            actual_rule_hits: Vec::new(),
            detector_results: None,
            is_correct: None,
            latency_ms: None,
            latency_us: None,
            metadata: None,
            rule_hits_match: None,
            quality: None,
            sanitized_text: Some(None),
            error: None,
        };
        match response {
            Ok(response) => {
                row.actual_decision = Actual::Decided(response.decision);
                row.actual_risk_score = response.risk_score;
                row.actual_rule_hits = response.hits().map(|h| h.id.to_string().into()).collect();
                row.sanitized_text = Some(response.sanitized_text.map(Cow::Owned));
                row.quality = response.quality;
            }
            Err(e) => row.error = Some(e.to_string().into()),
        }
        serde_json::to_writer(&mut out, &row)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
