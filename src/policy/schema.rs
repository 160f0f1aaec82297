//! The typed schema of a policy as data: every section, its keys, their types and bounds.
//!
//! Order matters twice: violations are reported in this order, and a section that is coerced gets its keys in this
//! order. Defaults are not part of it, because they are never filled in: a detector decides what an absent key means.

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A boolean, or a number or word that stands for one.
    Bool,
    /// An integer within inclusive bounds.
    Int(Option<i64>, Option<i64>),
    /// A number within inclusive bounds.
    Float(Option<f64>, Option<f64>),
    /// Text; nothing is converted to it.
    Str,
    /// One of these words exactly.
    OneOf(&'static [&'static str]),
    /// One of these words, as a list item with its own error code.
    Word(&'static [&'static str]),
    /// A list of one type, with a rule about the whole.
    List(&'static Kind, Rule),
    /// An object with free keys and one type of value.
    Map(&'static Kind),
    /// Any object.
    Object,
    /// An object with known keys.
    Model(&'static Model),
    /// Text that is a hexadecimal key.
    HexKey,
}

/// What must hold for a list as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Nothing.
    Free,
    /// Not empty.
    NotEmpty,
    /// At least one item (a different error code than [`Rule::NotEmpty`]).
    AtLeastOne,
    /// No blank text.
    NoBlank,
    /// Two scores, 0..=100, ascending.
    ScoreBand,
}

/// A key of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// The key.
    pub key: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether null is allowed.
    pub nullable: bool,
    /// Whether the key must be there.
    pub required: bool,
}

/// An object with known keys.
#[derive(Debug, PartialEq)]
pub struct Model {
    /// Keys in order.
    pub fields: &'static [Field],
    /// Whether other keys are refused.
    pub closed: bool,
}

/// What a detector section allows as `action`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Any text or null.
    Any,
    /// Any text.
    Text,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

/// A detector section: the common keys, an action, and keys of its own.
#[derive(Debug)]
pub struct Section {
    /// The policy key.
    pub key: &'static str,
    /// What `action` may be.
    pub action: Action,
    /// Keys of this section only.
    pub fields: &'static [Field],
}

impl Section {
    /// All keys with their types, common keys first, in schema order.
    pub fn all_fields(&self) -> impl Iterator<Item = Field> + Clone + '_ {
        let action = match self.action {
            Action::Any => nullable("action", Kind::Str),
            Action::Text => plain("action", Kind::Str),
            Action::OneOf(words) => plain("action", Kind::OneOf(words)),
        };
        let common = COMMON.iter().map(move |f| if f.key == "action" { action } else { *f });
        common.chain(self.fields.iter().copied())
    }
}

/// Where a sample is looked at.
pub const STAGES: &[&str] = &["input", "output", "retrieval", "tool", "agent_plan", "agent_loop", "memory_write"];
/// How a strategy may run a detector.
pub const MODES: &[&str] =
    &["local_deterministic", "local_ml", "local_embedding", "local_llm", "remote_llm", "remote_api"];
const FALLBACKS: &[&str] = &["fail_open", "fail_closed", "fallback_to_deterministic"];
const BLOCK_WARN: Action = Action::OneOf(&["BLOCK", "WARN"]);

const fn plain(key: &'static str, kind: Kind) -> Field {
    Field { key, kind, nullable: false, required: false }
}
const fn nullable(key: &'static str, kind: Kind) -> Field {
    Field { key, kind, nullable: true, required: false }
}
const fn required(key: &'static str, kind: Kind) -> Field {
    Field { key, kind, nullable: false, required: true }
}
const fn flag(key: &'static str) -> Field {
    plain(key, Kind::Bool)
}
const fn int(key: &'static str) -> Field {
    plain(key, Kind::Int(None, None))
}
const fn int_from(key: &'static str, least: i64) -> Field {
    plain(key, Kind::Int(Some(least), None))
}
const fn percent(key: &'static str) -> Field {
    plain(key, Kind::Int(Some(0), Some(100)))
}
const fn number(key: &'static str) -> Field {
    plain(key, Kind::Float(None, None))
}
const fn number_from(key: &'static str, least: f64) -> Field {
    plain(key, Kind::Float(Some(least), None))
}
const fn share(key: &'static str) -> Field {
    plain(key, Kind::Float(Some(0.0), Some(1.0)))
}
const fn text(key: &'static str) -> Field {
    plain(key, Kind::Str)
}
const fn optional_text(key: &'static str) -> Field {
    nullable(key, Kind::Str)
}
const fn texts(key: &'static str) -> Field {
    nullable(key, TEXTS)
}

const TEXTS: Kind = Kind::List(&Kind::Str, Rule::Free);
const NOT_NEGATIVE: Kind = Kind::Int(Some(0), None);
const STAGE_LIST: Kind = Kind::List(&Kind::Word(STAGES), Rule::NotEmpty);

/// The keys that every detector section has, in order.
pub static COMMON: &[Field] = &[
    flag("enabled"),
    optional_text("action"),
    nullable("stages", STAGE_LIST),
    nullable("strategy", Kind::Model(&STRATEGY)),
    nullable("backends", Kind::Model(&BACKENDS)),
    nullable("timeout_ms", NOT_NEGATIVE),
    nullable("fallback", Kind::OneOf(FALLBACKS)),
    nullable("egress_allowlist", Kind::List(&Kind::Str, Rule::NoBlank)),
    nullable("redact_before_egress", Kind::Model(&REDACT_BEFORE_EGRESS)),
];

static STRATEGY: Model = Model {
    closed: true,
    fields: &[
        nullable("order", Kind::List(&Kind::Word(MODES), Rule::NotEmpty)),
        nullable("escalate_when", Kind::Model(&ESCALATE_WHEN)),
        nullable("fallback", Kind::OneOf(FALLBACKS)),
        nullable("timeout_ms", NOT_NEGATIVE),
        nullable("additive", Kind::Bool),
    ],
};

static ESCALATE_WHEN: Model = Model {
    closed: true,
    fields: &[
        nullable("deterministic_score_between", Kind::List(&Kind::Int(None, None), Rule::ScoreBand)),
        nullable("ml_confidence_below", Kind::Float(Some(0.0), Some(1.0))),
    ],
};

static BACKENDS: Model = Model {
    closed: true,
    fields: &[
        nullable("local_deterministic", Kind::Model(&BACKEND)),
        nullable("local_ml", Kind::Model(&BACKEND)),
        nullable("local_embedding", Kind::Model(&BACKEND)),
        nullable("local_llm", Kind::Model(&BACKEND)),
        nullable("remote_llm", Kind::Model(&BACKEND)),
        nullable("remote_api", Kind::Model(&BACKEND)),
    ],
};

static BACKEND: Model = Model {
    closed: true,
    fields: &[
        optional_text("endpoint_url"),
        optional_text("model_id"),
        optional_text("revision"),
        optional_text("sha256"),
        optional_text("task"),
        nullable("threshold", Kind::Float(Some(0.0), Some(1.0))),
        optional_text("provider"),
        optional_text("judge_id"),
        optional_text("model"),
        nullable("members", Kind::Int(Some(1), None)),
        nullable("method", Kind::OneOf(&["majority", "weighted"])),
        nullable("judge", Kind::Bool),
        nullable("timeout_ms", NOT_NEGATIVE),
        optional_text("auth_type"),
        optional_text("auth_value"),
        optional_text("region"),
        nullable("in_boundary", Kind::Bool),
        optional_text("action"),
        nullable("provider_config", Kind::Object),
        optional_text("rubric_name"),
    ],
};

static REDACT_BEFORE_EGRESS: Model = Model { closed: true, fields: &[flag("pii"), flag("secrets"), texts("custom")] };

static FINGERPRINT: Model = Model {
    closed: false,
    fields: &[
        required("hashes", Kind::List(&Kind::Str, Rule::AtLeastOne)),
        int_from("min_shingle_tokens", 8),
        plain("kind", Kind::OneOf(&["system_prompt", "tool_schema", "policy_text"])),
    ],
};

static FINGERPRINT_ITEM: Kind = Kind::Model(&FINGERPRINT);
static CUSTOM_DETECTOR_ITEM: Kind = Kind::Model(&CUSTOM_DETECTOR);

static OUTPUT_CONTRACT: Model = Model {
    closed: false,
    fields: &[
        flag("enabled"),
        optional_text("schema_name"),
        nullable("schema_version", Kind::Int(None, None)),
        nullable("json_schema", Kind::Object),
        optional_text("on_fail"),
        flag("field_level_errors"),
    ],
};

static QUALITY_SCORING: Model = Model {
    closed: false,
    fields: &[
        flag("enabled"),
        texts("metrics"),
        nullable("weights", Kind::Map(&Kind::Float(None, None))),
        nullable("thresholds", Kind::Map(&Kind::Float(None, None))),
    ],
};

static CUSTOM_DETECTOR: Model = Model {
    closed: false,
    fields: &[
        required("name", Kind::Str),
        optional_text("type"),
        nullable("config", Kind::Object),
        optional_text("on_fail"),
        nullable("stages", STAGE_LIST),
    ],
};

static RUNTIME_POLICY: Model = Model {
    closed: false,
    fields: &[
        flag("no_external_calls"),
        nullable("max_model_detector_latency_ms", NOT_NEGATIVE),
        texts("allowed_regions"),
        optional_text("data_residency"),
    ],
};

/// The typed keys beside the detector sections, in order; they come after the sections.
pub static TOP_LEVEL: &[Field] = &[
    nullable("output_contract", Kind::Model(&OUTPUT_CONTRACT)),
    nullable("quality_scoring", Kind::Model(&QUALITY_SCORING)),
    nullable("custom_detectors", Kind::List(&CUSTOM_DETECTOR_ITEM, Rule::Free)),
    optional_text("on_fail"),
    nullable("runtime_policy", Kind::Model(&RUNTIME_POLICY)),
];

/// Top-level keys that are known without having a type.
pub const KNOWN_EXTRAS: &[&str] = &[
    "policy_version",
    "schema_enforcement",
    "tool_governance",
    "_multilingual",
    "metadata",
    "description",
    "name",
    "version",
];

/// The detector sections, in order.
#[rustfmt::skip]
pub static SECTIONS: &[Section] = &[
    Section { key: "secrets", action: Action::Any, fields: &[texts("exceptions"), flag("detect_base64")] },
    Section { key: "pii", action: Action::Text, fields: &[
        text("redaction_strategy"), flag("skip_private_ips"), nullable("types", Kind::Map(&Kind::Object)),
    ] },
    Section { key: "jailbreak", action: Action::Any, fields: &[int("threshold"), flag("detect_encoding"), flag("track_conversation")] },
    Section { key: "toxicity", action: Action::Text, fields: &[
        nullable("custom_terms", Kind::Map(&Kind::Str)), flag("detect_evasion"), flag("context_aware"),
    ] },
    Section { key: "topic_restriction", action: Action::Text, fields: &[
        texts("blocked_topics"), texts("allowed_topics"), flag("use_synonyms"), flag("context_aware"),
    ] },
    Section { key: "competitor", action: Action::Text, fields: &[
        texts("competitors"), flag("fuzzy_matching"), int("fuzzy_threshold"), texts("allowlist_contexts"),
        nullable("competitor_aliases", Kind::Map(&TEXTS)),
    ] },
    Section { key: "exfiltration", action: Action::Any, fields: &[int("block_threshold")] },
    Section { key: "tools", action: Action::Any, fields: &[
        texts("allowed"), texts("denied"), nullable("schemas", Kind::Map(&Kind::Object)), texts("domain_allowlist"),
        int("max_arg_size"),
    ] },
    Section { key: "structure", action: Action::Any, fields: &[
        optional_text("expected_format"), nullable("json_schema", Kind::Object), optional_text("xml_root"),
        optional_text("schema_name"),
    ] },
    Section { key: "abuse", action: Action::Any, fields: &[
        int("max_chars_input"), int("max_chars_output"), int("max_tool_args_size"), int("rate_limit_per_minute"),
        int("prompt_flood_threshold"), int("prompt_flood_window"),
    ] },
    Section { key: "gibberish", action: Action::Text, fields: &[
        number("entropy_threshold"), number("max_special_char_ratio"), flag("detect_invisible_chars"),
        flag("detect_token_stuffing"), int("repetition_threshold"),
    ] },
    Section { key: "language", action: Action::Text, fields: &[
        texts("allowed_languages"), texts("blocked_languages"), flag("detect_mixed"), int("min_text_length"),
        number("min_confidence"),
    ] },
    Section { key: "bias", action: Action::Text, fields: &[texts("protected_attributes"), text("sensitivity"), text("industry_preset")] },
    Section { key: "sentiment", action: Action::Text, fields: &[texts("blocked_tones"), number("min_sentiment_score")] },
    Section { key: "compliance", action: Action::Text, fields: &[
        text("industry"), flag("ai_disclosure"), optional_text("ai_disclosure_text"), texts("prohibited_claims"),
        texts("required_disclaimers"),
    ] },
    Section { key: "malicious_url", action: Action::Text, fields: &[
        flag("block_ip_urls"), flag("block_shorteners"), flag("check_data_uris"), texts("domain_blocklist"),
        texts("domain_allowlist"), int("max_subdomain_depth"),
    ] },
    Section { key: "copyright", action: Action::Text, fields: &[
        int("verbatim_threshold"), flag("check_code_licenses"), texts("code_license_blocklist"), flag("check_lyrics"),
        flag("check_books"),
    ] },
    Section { key: "code_safety", action: Action::Text, fields: &[
        texts("languages"), flag("block_unsafe_functions"), flag("check_sql_injection"), flag("check_xss"),
        flag("check_command_injection"), flag("check_path_traversal"),
    ] },
    Section { key: "hallucination", action: Action::Text, fields: &[text("method"), number("grounding_threshold"), int("min_claim_words")] },
    Section { key: "sensitive_business_data", action: Action::Text, fields: &[
        nullable("categories", Kind::Map(&TEXTS)), texts("allowlist"), int("block_threshold"), text("severity"),
    ] },
    Section { key: "citation_integrity", action: BLOCK_WARN, fields: &[
        percent("block_threshold"), flag("require_sources"), share("min_quote_overlap"),
    ] },
    Section { key: "system_prompt_leakage", action: BLOCK_WARN, fields: &[
        nullable("fingerprint_key", Kind::HexKey),
        nullable("fingerprints", Kind::List(&FINGERPRINT_ITEM, Rule::Free)),
        int_from("match_threshold", 1), flag("check_tool_schemas"),
    ] },
    Section { key: "retrieval_chunk_injection", action: BLOCK_WARN, fields: &[percent("block_threshold")] },
    Section { key: "embedding_integrity", action: BLOCK_WARN, fields: &[
        percent("block_threshold"), share("max_repetition_ratio"), int_from("min_tokens_for_repetition", 1),
        share("max_hidden_char_ratio"),
    ] },
    Section { key: "tool_output_injection", action: BLOCK_WARN, fields: &[percent("block_threshold")] },
    Section { key: "unbounded_consumption", action: BLOCK_WARN, fields: &[
        int_from("max_session_tokens", 0), number_from("max_session_cost_usd", 0.0), int_from("max_iterations", 1),
        int_from("max_tool_depth", 1), int_from("session_window_seconds", 1),
        int_from("max_thinking_tokens_per_request", 0), int_from("max_session_thinking_tokens", 0),
        number_from("max_thinking_to_input_ratio", 0.0), int_from("ratio_min_thinking_tokens", 0),
        int_from("max_repeated_states", 2), int_from("max_tracked_states", 1),
    ] },
    Section { key: "excessive_agency", action: BLOCK_WARN, fields: &[
        percent("block_threshold"), percent("warn_threshold"), texts("high_risk_actions"),
    ] },
    Section { key: "memory_write_poisoning", action: BLOCK_WARN, fields: &[percent("block_threshold")] },
    Section { key: "mcp_manifest_scanner", action: BLOCK_WARN, fields: &[
        percent("block_threshold"), texts("allowed_domains"), texts("dangerous_permissions"),
    ] },
    Section { key: "tool_permission_audit", action: BLOCK_WARN, fields: &[
        flag("flag_open_ended"), flag("flag_destructive_bundling"), flag("flag_wildcard_scopes"),
        flag("flag_unconstrained_params"), texts("allowed_tools"),
    ] },
    Section { key: "human_approval_gate", action: BLOCK_WARN, fields: &[texts("gated_categories"), flag("require_approver_identity")] },
    Section { key: "tenant_scope_assertion", action: BLOCK_WARN, fields: &[
        flag("block_cross_tenant"), flag("require_tenant_tags"), flag("require_query_scoping"),
    ] },
    Section { key: "retrieval_jamming", action: BLOCK_WARN, fields: &[
        int_from("refusal_threshold", 1), number_from("dominance_ratio", 1.0), int_from("min_chunks_for_dominance", 3),
        int_from("min_content_words", 0),
    ] },
    Section { key: "reasoning_trace_disclosure", action: BLOCK_WARN, fields: &[
        flag("require_trace_scanned"), flag("flag_tool_arguments"), int_from("min_trace_chars", 0),
    ] },
    Section { key: "output_control_char_sanitizer", action: Action::OneOf(&["BLOCK", "WARN", "REDACT"]), fields: &[flag("allow_color_codes")] },
    Section { key: "multimodal_injection", action: BLOCK_WARN, fields: &[flag("flag_unextracted_media"), int_from("match_threshold", 1)] },
    Section { key: "corpus_poisoning_monitor", action: BLOCK_WARN, fields: &[
        int_from("authority_threshold", 1), int_from("max_question_repeats", 2), flag("flag_untrusted_into_trusted"),
        int_from("max_writes_per_window", 0), int_from("window_seconds", 1),
    ] },
    Section { key: "semantic_cache_integrity", action: Action::Any, fields: &[
        flag("block_cross_tenant"), share("min_similarity"), share("min_token_overlap"), flag("require_partitioning"),
        int_from("max_entry_age_seconds", 0),
    ] },
    Section { key: "numerical_consistency", action: BLOCK_WARN, fields: &[percent("block_threshold")] },
    Section { key: "document_metadata_leakage", action: BLOCK_WARN, fields: &[percent("block_threshold")] },
];

/// Keys that detectors read although the schema has no type for them, by section.
#[rustfmt::skip]
const UNTYPED: &[(&str, &[&str])] = &[
    ("abuse", &["repetitive_content_threshold"]),
    ("gibberish", &["min_text_length"]),
    ("topic_restriction", &["custom_synonyms", "block_threshold"]),
    ("toxicity", &["keywords", "categories", "block_threshold", "warn_threshold"]),
    ("bias", &["custom_patterns"]),
    ("sentiment", &["custom_lexicon"]),
    ("compliance", &["framework", "custom_rules"]),
    ("jailbreak", &["keywords"]),
    ("pii", &["luhn_strict", "patterns"]),
    ("malicious_url", &["suspicious_tlds", "popular_domains"]),
    ("copyright", &["custom_signatures"]),
    ("code_safety", &["vulnerability_classes", "custom_banned_functions"]),
    ("hallucination", &["source_field", "source_context", "grounding_sources", "context_documents"]),
    ("citation_integrity", &["source_context", "grounding_sources", "min_nli_entailment"]),
    ("human_approval_gate", &["require_signed_approval", "signing_secret", "max_approval_age_seconds"]),
    ("reasoning_trace_disclosure", &["flag_logprobs", "logprob_gated_envs"]),
    ("structure", &["schema"]),
    ("tools", &["allowed_tools", "blocked_tools"]),
];

/// Keys that the engine reads in any section although they have no type.
const UNTYPED_ANYWHERE: &[&str] = &["_scorecard_gate", "_scorecard", "on_fail", "on_fail_config", "nli"];

/// The section of this key.
#[must_use]
pub fn section_named(key: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|s| s.key == key)
}

/// Every key that something reads inside a section.
pub fn known_keys(section: &'static Section) -> impl Iterator<Item = &'static str> {
    let own = UNTYPED.iter().filter(|(key, _)| *key == section.key).flat_map(|(_, keys)| keys.iter().copied());
    section.all_fields().map(|f| f.key).chain(own).chain(UNTYPED_ANYWHERE.iter().copied())
}

/// Every top-level key that has a meaning.
pub fn top_level_keys() -> impl Iterator<Item = &'static str> {
    let sections = SECTIONS.iter().map(|s| s.key);
    sections.chain(TOP_LEVEL.iter().map(|f| f.key)).chain(KNOWN_EXTRAS.iter().copied())
}
