//! Every measured verdict of the reference engine under `tests/data/probes/` is reproduced exactly.
//!
//! A probe is a policy, a text with its stage and metadata, and what the reference decided. A file may be absent
//! (nothing of its detector is checked then), but the folder may not be empty.

use rayon::prelude::*;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use znyx_bench::api::{QualityReport, Stage};
use znyx_bench::engine::{Engine, EngineOptions, Hook, Identity, Metadata, Request, Response};
use znyx_bench::value::{Map, Value, parse_json, python_json};

/// Mismatches shown before the rest is only counted.
const SHOWN: usize = 10;

/// One line of a probe file.
struct Probe {
    file: String,
    line: usize,
    body: Value,
}

impl Probe {
    fn expect(&self, key: &str) -> Option<&Value> {
        self.body.get("expect").and_then(|e| e.get(key))
    }
}

#[test]
fn every_probe_gets_the_verdict_of_the_reference() {
    let probes = read_probes(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/probes"));
    assert!(!probes.is_empty(), "no probes under tests/data/probes");
    let mut groups: HashMap<String, Vec<&Probe>> = HashMap::new();
    for probe in &probes {
        // The order of a policy's keys counts: the first reaction that applies is taken.
        groups.entry(python_json(policy_of(probe), true)).or_default().push(probe);
    }
    let mut mismatches: Vec<(&Probe, Vec<String>)> = groups
        .into_par_iter()
        .flat_map_iter(|(_, group)| {
            let engine = policy_of(group[0]).as_map().map(|policy| Engine::compile(policy, EngineOptions::default()));
            group.into_iter().filter_map(move |probe| {
                let differences = compare(probe, &evaluate(engine.as_ref(), probe));
                (!differences.is_empty()).then_some((probe, differences))
            })
        })
        .collect();
    mismatches.sort_by(|(a, _), (b, _)| (&a.file, a.line).cmp(&(&b.file, b.line)));
    assert!(mismatches.is_empty(), "{}", report(&mismatches, probes.len()));
}

fn policy_of(probe: &Probe) -> &Value {
    probe.body.get("policy").unwrap_or(&Value::Null)
}

/// Plugins were measured where a probe says so; elsewhere the reference had none and ignored the policy's.
fn without_unmeasured_plugins(mut body: Value) -> Value {
    if !body.get("plugins").is_some_and(Value::truthy)
        && let Value::Map(probe) = &mut body
        && let Some(Value::Map(policy)) = probe.get_mut("policy")
    {
        policy.remove("custom_detectors");
    }
    body
}

fn read_probes(folder: &Path) -> Vec<Probe> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut probes = Vec::new();
    for path in files.iter().filter(|p| p.extension().is_some_and(|e| e == "jsonl")) {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        for (i, line) in std::fs::read_to_string(path).unwrap().lines().enumerate() {
            let body = parse_json(line).unwrap_or_else(|e| panic!("{file}:{}: {e}", i + 1));
            probes.push(Probe { file: file.clone(), line: i + 1, body: without_unmeasured_plugins(body) });
        }
    }
    probes
}

/// The engine's answer; an error, and a context or metadata that is refused, is `Err`.
fn evaluate(engine: Option<&Engine>, probe: &Probe) -> Result<Response, String> {
    let engine = engine.ok_or("the policy is no object")?;
    let text = |key: &str| probe.body.get(key).and_then(Value::as_str);
    let metadata = match probe.body.get("metadata") {
        None | Some(Value::Null) => Metadata::none(),
        Some(Value::Map(map)) => Metadata::from_map(Map::clone(map)),
        Some(other) => return Err(format!("metadata is {}", other.kind())),
    };
    let stage = text("context").unwrap_or("input");
    let hook = Hook::from_name(stage);
    let request = Request {
        text: text("text").unwrap_or(""),
        stage: match hook {
            Some(_) => Stage::MemoryWrite,
            None => Stage::from_name(stage).ok_or_else(|| format!("no stage {stage:?}"))?,
        },
        metadata,
        identity: Identity { tenant_id: text("tenant_id").unwrap_or("benchmark"), ..Identity::default() },
    };
    if let Some(hook) = hook {
        return engine.evaluate_hook(hook, probe.body.get("manifest"), &request).map_err(|e| e.to_string());
    }
    engine.evaluate(&request).map_err(|e| e.to_string())
}

/// What differs between the expected verdict and the engine's, one line each.
fn compare(probe: &Probe, got: &Result<Response, String>) -> Vec<String> {
    let mut differences = Vec::new();
    let mut differ = |what: &str, want: &dyn std::fmt::Debug, got: &dyn std::fmt::Debug| {
        differences.push(format!("{what}: expected {want:?}, got {got:?}"));
    };
    match (probe.expect("error"), got) {
        (Some(_), Err(_)) => {}
        (Some(error), Ok(got)) => differ("outcome", &error, &got.decision),
        (None, Err(e)) => differ("outcome", &probe.expect("decision"), e),
        (None, Ok(got)) => {
            let want = probe.expect("decision").and_then(Value::as_str);
            if want != Some(got.decision.name()) {
                differ("decision", &want, &got.decision);
            }
            if let Some(want) = probe.expect("risk_score")
                && *want != Value::Int(got.risk_score.into())
            {
                differ("risk", want, &got.risk_score);
            }
            if let Some(want) = probe.expect("rule_ids").and_then(Value::as_list) {
                let hits: Vec<&str> = got.hits().map(|h| h.id.as_str()).collect();
                if want.iter().map(|w| w.as_str().unwrap_or("")).ne(hits.iter().copied()) {
                    differ("rules", &want, &hits);
                }
            }
            if let Some(Value::Str(want)) = probe.expect("sanitized_text")
                && got.sanitized_text.as_ref() != Some(want)
            {
                differ("sanitized text", want, &got.sanitized_text);
            }
            if let Some(want) = probe.expect("quality")
                && flat_expected(want) != got.quality.as_ref().map(flat_report)
            {
                differ("quality", want, &got.quality);
            }
        }
    }
    differences
}

/// Scores by name: the overall one, each metric, each part of a metric. `None` when there is no report.
type Scores = Vec<(String, f64)>;

fn flat_expected(report: &Value) -> Option<Scores> {
    let number = |value: Option<&Value>| value.and_then(Value::as_number).unwrap_or(f64::NAN);
    let report = report.as_map()?;
    let mut scores = vec![("overall".to_owned(), number(report.get("overall_score")))];
    for metric in report.get("scores").and_then(Value::as_list).unwrap_or_default() {
        let name = metric.get("metric").and_then(Value::as_str).unwrap_or_default();
        scores.push((name.to_owned(), number(metric.get("score"))));
        let parts = metric.get("sub_scores").and_then(Value::as_map).into_iter().flat_map(Map::text_entries);
        push_sorted(&mut scores, name, parts.map(|(part, score)| (part, number(Some(score)))));
    }
    Some(scores)
}

fn flat_report(report: &QualityReport) -> Scores {
    let mut scores = vec![("overall".to_owned(), report.overall_score)];
    for metric in &report.scores {
        scores.push((metric.metric.clone(), metric.score));
        let parts = metric.sub_scores.iter().flatten().map(|(part, score)| (part.as_str(), *score));
        push_sorted(&mut scores, &metric.metric, parts);
    }
    scores
}

fn push_sorted<'a>(scores: &mut Scores, metric: &str, parts: impl Iterator<Item = (&'a str, f64)>) {
    let mut parts: Vec<_> = parts.map(|(part, score)| (format!("{metric}.{part}"), score)).collect();
    parts.sort_by(|a, b| a.0.cmp(&b.0));
    scores.append(&mut parts);
}

fn report(mismatches: &[(&Probe, Vec<String>)], total: usize) -> String {
    let mut by_file: Vec<(&str, usize)> = Vec::new();
    for (probe, _) in mismatches {
        match by_file.last_mut() {
            Some((file, n)) if *file == probe.file => *n += 1,
            _ => by_file.push((&probe.file, 1)),
        }
    }
    let mut out = format!("{} of {total} probes differ: {by_file:?}\n", mismatches.len());
    for (probe, differences) in mismatches.iter().take(SHOWN) {
        let _ = writeln!(out, "{}:{}", probe.file, probe.line);
        for difference in differences {
            let _ = writeln!(out, "    {difference}");
        }
        let _ = writeln!(out, "    text {:?}", probe.body.get("text").and_then(Value::as_str));
        let _ = writeln!(out, "    policy {}", python_json(policy_of(probe), true));
    }
    out
}
