//! The detectors in the order in which every text meets them. Adding a detector is one line here.

use super::detector::Build;
use crate::api::Stage;
#[allow(clippy::wildcard_imports)]
use crate::detectors::*;
use crate::value::{Map, Value};

/// A detector's place in the pipeline.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its key in policies, and the name of its rows.
    pub key: &'static str,
    /// First segment of its rule ids.
    pub prefix: &'static str,
    /// The stages it looks at unless the policy says otherwise, as a set of [`Stage::bit`]s.
    pub stages: u8,
    /// Whether its rewritten text replaces the text for the detectors after it (input and output stage only).
    pub rewrites: bool,
    /// Makes it from its section of the policy.
    pub build: Build,
}

const fn entry(key: &'static str, prefix: &'static str, stages: u8, rewrites: bool, build: Build) -> Entry {
    Entry { key, prefix, stages, rewrites, build }
}

const REWRITES: bool = true;
const READS: bool = false;

const INPUT: u8 = Stage::Input.bit();
const OUTPUT: u8 = Stage::Output.bit();
const RETRIEVAL: u8 = Stage::Retrieval.bit();
const TOOL: u8 = Stage::Tool.bit();
const MEMORY: u8 = Stage::MemoryWrite.bit();
const AGENT: u8 = Stage::AgentPlan.bit() | Stage::AgentLoop.bit();
const IO: u8 = INPUT | OUTPUT;
const CONSUMPTION: u8 = IO | Stage::AgentLoop.bit();
const CORPUS: u8 = MEMORY | RETRIEVAL;
const CACHE: u8 = IO | RETRIEVAL;
const ALL: u8 = CACHE | TOOL | AGENT | MEMORY;

/// The pipeline of the reference, in its fixed order.
#[rustfmt::skip]
pub const PIPELINE: &[Entry] = &[
    entry("abuse", "abuse", IO, READS, abuse::build),
    entry("secrets", "secrets", ALL, READS, secrets::build),
    entry("exfiltration", "exfiltration", ALL, READS, exfiltration::build),
    entry("gibberish", "gibberish", ALL, READS, gibberish::build),
    entry("language", "language", ALL, READS, language::build),
    entry("topic_restriction", "topic", ALL, READS, topic_restriction::build),
    entry("toxicity", "toxicity", ALL, READS, toxicity::build),
    entry("bias", "bias", ALL, READS, bias::build),
    entry("sentiment", "sentiment", ALL, READS, sentiment::build),
    entry("compliance", "compliance", ALL, REWRITES, compliance::build),
    entry("competitor", "competitor", ALL, REWRITES, competitor::build),
    entry("jailbreak", "jailbreak", ALL, READS, jailbreak::build),
    entry("pii", "pii", ALL, REWRITES, pii::build),
    entry("malicious_url", "url", ALL, REWRITES, malicious_url::build),
    entry("copyright", "copyright", OUTPUT, READS, copyright::build),
    entry("code_safety", "code", ALL, READS, code_safety::build),
    entry("hallucination", "hallucination", OUTPUT, READS, hallucination::build),
    entry("sensitive_business_data", "sensitive_business_data", ALL, REWRITES, sensitive_business_data::build),
    entry("citation_integrity", "citation_integrity", OUTPUT, READS, citation_integrity::build),
    entry("system_prompt_leakage", "system_prompt_leakage", OUTPUT, READS, system_prompt_leakage::build),
    entry("numerical_consistency", "numerical_consistency", OUTPUT, READS, numerical_consistency::build),
    entry("document_metadata_leakage", "document_metadata_leakage", ALL, READS, document_metadata_leakage::build),
    entry("retrieval_chunk_injection", "retrieval_chunk_injection", RETRIEVAL, READS, retrieval_chunk_injection::build),
    entry("embedding_integrity", "embedding_integrity", RETRIEVAL, READS, embedding_integrity::build),
    entry("tenant_scope_assertion", "tenant_scope_assertion", RETRIEVAL, READS, tenant_scope_assertion::build),
    entry("retrieval_jamming", "retrieval_jamming", RETRIEVAL, READS, retrieval_jamming::build),
    entry("tool_output_injection", "tool_output_injection", TOOL, READS, tool_output_injection::build),
    entry("excessive_agency", "excessive_agency", AGENT, READS, excessive_agency::build),
    entry("human_approval_gate", "human_approval_gate", AGENT, READS, human_approval_gate::build),
    entry("unbounded_consumption", "unbounded_consumption", CONSUMPTION, READS, unbounded_consumption::build),
    entry("memory_write_poisoning", "memory_write_poisoning", MEMORY, READS, memory_write_poisoning::build),
    entry("corpus_poisoning_monitor", "corpus_poisoning_monitor", CORPUS, READS, corpus_poisoning_monitor::build),
    entry("reasoning_trace_disclosure", "reasoning_trace_disclosure", OUTPUT, READS, reasoning_trace_disclosure::build),
    entry("output_control_char_sanitizer", "output_control_char", OUTPUT, READS, output_control_char_sanitizer::build),
    entry("multimodal_injection", "multimodal_injection", INPUT, READS, multimodal_injection::build),
    entry("semantic_cache_integrity", "semantic_cache_integrity", CACHE, READS, semantic_cache_integrity::build),
    entry("structure", "structure", OUTPUT, READS, structure::build),
    entry("tools", "tools", IO, READS, tools::build),
];

/// Policy keys that stand for a pipeline key when that key itself is absent.
pub const ALIASES: &[(&str, &str)] = &[("tool_governance", "tools"), ("schema_enforcement", "structure")];

/// Detectors of lifecycle hooks: never part of a request's evaluation.
pub const HOOKS: &[&str] = &["mcp_manifest_scanner", "tool_permission_audit"];

/// Keys of the sections that a policy enables, lifecycle hooks included, an alias under the key it stands for.
pub fn enabled_keys(policy: &Map) -> impl Iterator<Item = &str> {
    let enabled = policy.text_entries().filter(|(_, s)| s.get("enabled").is_some_and(Value::truthy));
    enabled.filter_map(|(key, _)| match ALIASES.iter().find(|(alias, _)| *alias == key) {
        None => Some(key),
        Some((_, canonical)) => (!policy.contains_key(canonical)).then_some(*canonical),
    })
}
