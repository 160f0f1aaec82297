//! Any input ends in a value or an error, and what is written reads back.

use proptest::prelude::*;
use znyx_bench::policy::{LoadOptions, PolicySource, Validation, lint, load, validate, validate_lenient};
use znyx_bench::value::{Key, Map, Value, parse_json, parse_yaml, python_json, write_yaml};

/// Text as policies have it, with what YAML finds special.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_]{1,12}",
        "[ -~]{0,20}",
        "\\PC{0,12}",
        any::<String>(),
        prop::sample::select(vec![
            "",
            "yes",
            "null",
            "~",
            "010",
            "1e3",
            "1_0",
            ".5",
            "-",
            "---",
            "...",
            "<<",
            "=",
            "a: b",
            "a #b",
            "#",
            "'",
            "\"",
            "- a",
            "? a",
            "!x",
            "&a",
            "*a",
            "%",
            "@",
            "`",
            "|",
            ">",
            "{",
            "]",
            " x ",
            "x\n",
            "\n",
            "a\nb",
            "\t",
            "2024-01-01",
            "12:30",
            "\u{85}",
            "\u{2028}",
            "\u{feff}",
            "\u{7f}",
            "\u{10f800}",
        ])
        .prop_map(str::to_owned),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        "[1-9][0-9]{20,40}".prop_map(|digits| Value::integer(false, &digits)),
        any::<f64>().prop_filter("NaN is not equal to itself", |f| !f.is_nan()).prop_map(Value::Float),
        text().prop_map(Value::Str),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
            prop::collection::vec((text(), inner), 0..6).prop_map(|entries| {
                Value::Map(entries.into_iter().map(|(k, v)| (Key::Str(k.into()), v)).collect::<Map>())
            }),
        ]
    })
}

/// A policy whose sections and keys are mostly known ones, with any values.
fn policy() -> impl Strategy<Value = Value> {
    let section = prop::sample::select(vec![
        "pii",
        "secrets",
        "jailbreak",
        "system_prompt_leakage",
        "custom_detectors",
        "quality_scoring",
        "runtime_policy",
        "competitor",
        "on_fail",
        "policy_version",
        "other",
    ]);
    let key = prop::sample::select(vec![
        "enabled",
        "action",
        "stages",
        "strategy",
        "backends",
        "timeout_ms",
        "types",
        "threshold",
        "fingerprints",
        "weights",
        "order",
        "competitor_aliases",
        "name",
        "escalate_when",
        "x",
    ]);
    let body = prop_oneof![
        value(),
        prop::collection::vec((key, value()), 0..6)
            .prop_map(|entries| Value::Map(entries.into_iter().map(|(k, v)| (k.into(), v)).collect::<Map>())),
    ];
    prop::collection::vec((section, body), 0..5)
        .prop_map(|entries| Value::Map(entries.into_iter().map(|(k, v)| (k.into(), v)).collect::<Map>()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn written_yaml_reads_back_equal(value in value()) {
        let yaml = write_yaml(&value);
        let back = parse_yaml(&yaml).map_err(|e| TestCaseError::fail(format!("{e}\n{yaml}")))?;
        prop_assert_eq!(back, value, "{}", yaml);
    }

    #[test]
    fn written_json_reads_back_equal(value in value()) {
        let json = python_json(&value, true);
        prop_assert_eq!(parse_json(&json).unwrap(), value, "{}", json);
    }

    #[test]
    fn any_text_is_yaml_or_an_error_inside_it(text in "[-?:,\\[\\]{}#&*!|>'\"%@` \n\ta-c0-2<=~é]{0,60}") {
        if let Err(e) = parse_yaml(&text) {
            prop_assert!(e.line <= text.lines().count().max(1), "{} in {:?}", e, text);
        }
    }

    #[test]
    fn lenient_validation_keeps_exactly_what_strict_validation_passes(policy in policy()) {
        let report = validate(&policy);
        let map = policy.as_map().unwrap();
        let lenient = validate_lenient(map).unwrap();
        prop_assert_eq!(&lenient.dropped, &report.blockers);
        prop_assert_eq!(lenient.policy.len() == map.len(), report.is_valid());
        let again = validate(&Value::Map(lenient.policy.clone()));
        prop_assert!(again.is_valid(), "{:?}", again.blockers);
        // Converting twice changes nothing more; compared as text because of NaN.
        let twice = Value::Map(validate_lenient(&lenient.policy).unwrap().policy);
        prop_assert_eq!(python_json(&twice, true), python_json(&Value::Map(lenient.policy), true));
        let found = lint(&policy);
        prop_assert!(found.iter().all(|i| matches!(i.code, "contradiction" | "missing_backend")));
    }

    #[test]
    fn without_validation_a_flat_policy_arrives_unchanged(policy in policy()) {
        let json = python_json(&policy, true);
        let options = LoadOptions { validation: Validation::None, ..Default::default() };
        let loaded = load(&PolicySource::Inline(json.clone()), &options).unwrap();
        prop_assert_eq!(python_json(&Value::Map(loaded.policy), true), json);
    }
}

#[test]
fn nesting_up_to_the_limit_is_read_and_beyond_it_refused() {
    let nested = |depth: usize| "- ".repeat(depth) + "x";
    let deep = parse_yaml(&nested(980)).unwrap();
    assert_eq!(parse_yaml(&write_yaml(&deep)).unwrap(), deep);
    assert!(parse_yaml(&nested(981)).unwrap_err().message.contains("nested"));
    let json = format!("{{\"pii\": {}1{}}}", "[".repeat(900), "]".repeat(900));
    assert!(load(&PolicySource::Inline(json.clone()), &LoadOptions::default()).is_err());
    let none = LoadOptions { validation: Validation::None, ..Default::default() };
    assert!(load(&PolicySource::Inline(json), &none).is_ok());
}
