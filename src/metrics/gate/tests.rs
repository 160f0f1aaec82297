use super::*;
use crate::metrics::Bins;
use serde_json::json;

fn figures() -> Value {
    json!({
        "accuracy": 0.9, "recall": null, "fp_rate": 0.02, "false_negatives": 3, "status": "completed", "ok": true,
        "decisions": {"BLOCK": 3, "ALLOW": 7},
        "latency_ms": {"p50": 0.2, "p99": 5.5},
        "intervals": {"fp_rate": [0.01, 0.05], "recall": null},
        "rules": [{"id": "pii.email", "hits": 4}, {"id": "0", "hits": 9}],
        "detectors": [{"name": "jailbreak", "flagged": 2}],
        "by": {"context": {"output": {"recall": 0.8}}, "lang": {"pt-BR": {"fp_rate": 0.5}, "2024": {"fp_rate": 0.1}}}
    })
}

fn failed(expression: &str) -> bool {
    Gate::parse(expression).unwrap().evaluate(&figures()).unwrap().failed
}

fn message(expression: &str) -> String {
    match Gate::parse(expression).and_then(|gate| gate.evaluate(&figures())) {
        Ok(outcome) => panic!("{outcome:?}"),
        Err(e) => e.to_string(),
    }
}

#[test]
fn every_operator_compares() {
    for (expression, expected) in [
        ("fp_rate > 0.01", true),
        ("fp_rate > 0.02", false),
        ("fp_rate >= 0.02", true),
        ("fp_rate < 0.02", false),
        ("fp_rate <= 0.02", true),
        ("fp_rate == 0.02", true),
        ("fp_rate != 0.02", false),
        ("fp_rate>2e-2", false),
        ("fp_rate > -1", true),
        ("0.01 < fp_rate", true),
        ("fp_rate < accuracy", true),
    ] {
        assert_eq!(failed(expression), expected, "{expression}");
    }
}

#[test]
fn figures_are_reached_through_objects_lists_and_odd_names() {
    for expression in [
        "decisions.BLOCK >= 3",
        "latency_ms.p99 > 5",
        "by.context.output.recall < 0.9",
        "rules[\"pii.email\"].hits == 4",
        "rules['pii.email'].hits == 4",
        "[\"rules\"][\"pii.email\"][\"hits\"] == 4",
        "detectors.jailbreak.flagged == 2",
        "by.lang.pt-BR.fp_rate == 0.5",
        "by.lang.2024.fp_rate == 0.1",
        "intervals.fp_rate[1] == 0.05",
        "rules[\"0\"].hits == 9",
    ] {
        assert!(failed(expression), "{expression}");
    }
}

#[test]
fn not_binds_before_and_before_or() {
    assert!(failed("accuracy > 1 and accuracy > 1 or accuracy < 1"));
    assert!(failed("accuracy < 1 or accuracy > 1 and accuracy > 1"));
    assert!(!failed("(accuracy < 1 or accuracy > 1) and accuracy > 1"));
    assert!(failed("not accuracy > 1 and accuracy < 1"));
    assert!(!failed("not (accuracy > 1 or accuracy < 1)"));
    assert!(failed("NOT accuracy > 1 AND NOT not accuracy < 1"));
}

#[test]
fn a_default_stands_in_for_what_is_null_or_unknown_only() {
    assert!(failed("recall ?? 0 < 0.5"));
    assert!(!failed("recall ?? 1 < 0.5"));
    assert!(failed("rules['secrets.key'].hits ?? 0 == 0"));
    assert!(failed("fp_rate ?? 9 < 1"));
}

#[test]
fn an_outcome_lists_each_measured_figure_once_and_in_order() {
    let gate = Gate::parse(" accuracy > 2 and decisions.BLOCK > 1 or accuracy < 0 or recall ?? 0 > 1 ").unwrap();
    let outcome = gate.evaluate(&figures()).unwrap();
    assert_eq!(
        serde_json::to_value(&outcome).unwrap(),
        json!({
            "expression": "accuracy > 2 and decisions.BLOCK > 1 or accuracy < 0 or recall ?? 0 > 1",
            "failed": false,
            "values": [
                {"figure": "accuracy", "value": 0.9},
                {"figure": "decisions.BLOCK", "value": 3},
                {"figure": "recall", "value": 0}
            ]
        })
    );
}

#[test]
fn an_unknown_figure_is_an_error_that_names_the_nearest() {
    assert_eq!(
        message("fp_rat > 0.1"),
        "gate `fp_rat > 0.1`: there is no figure `fp_rat`; near it: `fp_rate`, `by.lang.pt-BR.fp_rate`, `by.lang.2024.fp_rate`"
    );
    assert!(message("p99 > 1").contains("near it: `latency_ms.p99`"), "{}", message("p99 > 1"));
    assert!(message("zzzzzzzzzzzz > 1").ends_with("no figure `zzzzzzzzzzzz`"));
}

#[test]
fn an_unknown_figure_is_an_error_even_where_the_outcome_is_settled() {
    assert!(message("accuracy < 1 or nothing_of_the_kind > 1").contains("nothing_of_the_kind"));
}

#[test]
fn a_null_figure_is_an_error_that_says_how_to_default_it() {
    assert_eq!(
        message("recall < 0.5"),
        "gate `recall < 0.5`: `recall` is undefined in this run (null), so it cannot be compared; write `recall ?? 0` to count it as 0"
    );
}

#[test]
fn what_is_no_number_is_an_error() {
    assert!(message("decisions > 1").contains("`decisions` is a group of figures, not a number; near it: `decisions."));
    assert!(message("status == 1").contains("`status` is text, not a number"));
    assert!(message("ok ?? 0 == 1").contains("`ok` is true or false, not a number"));
    assert!(message("rules > 1").contains("`rules` is a list, not a number"));
}

#[test]
fn a_syntax_error_points_at_the_place() {
    assert_eq!(
        message("fp_rate => 0.01"),
        "cannot read the gate: a single `=` is no comparison; write `==`, `<=` or `>=`\n  fp_rate => 0.01\n          ^"
    );
    assert_eq!(
        message("fp_rate > 0.01 recall < 1"),
        "cannot read the gate: expected `and`, `or` or the end, found `recall`\n  fp_rate > 0.01 recall < 1\n                 ^"
    );
    for (expression, part) in [
        ("", "it is empty"),
        ("fp_rate", "expected a comparison (<, <=, >, >=, ==, !=), found the end"),
        ("fp_rate >", "expected a figure or a number, found the end"),
        ("fp_rate > 1 && recall < 1", "found `&`; write `and`"),
        ("fp_rate > 1 || recall < 1", "found `|`; write `or`"),
        ("! fp_rate > 1", "found `!`; write `not`"),
        ("(fp_rate > 1", "expected `)`, found the end"),
        ("fp_rate > 1)", "expected `and`, `or` or the end, found `)`"),
        ("1 < 2", "this compares two numbers"),
        ("0 < fp_rate < 1", "comparisons do not chain"),
        ("fp_rate > 1.2.3", "`1.2.3` is not a number"),
        ("fp_rate > 1%", "found `%`"),
        ("fp_rate > 1e999", "`1e999` is not a number"),
        ("fp_rate ?? > 1", "expected a number, found `>`"),
        ("rules[\"pii.email\" > 1", "this `[` is not closed"),
        ("rules[\"pii.email > 1", "this quote is not closed"),
        ("rules[pii] > 1", "expected a quoted name or a number after `[`"),
        ("decisions. > 1", "expected a name after `.`"),
    ] {
        assert!(message(expression).contains(part), "{expression}: {}", message(expression));
    }
}

#[test]
fn a_wide_character_moves_the_caret_by_its_width() {
    assert!(message("by.国 = 1").ends_with("\n  by.国 = 1\n        ^"), "{}", message("by.国 = 1"));
}

#[test]
fn deep_nesting_is_refused_and_not_a_crash() {
    let deep = format!("{}fp_rate > 1{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(Gate::parse(&deep).unwrap_err().to_string().contains("nested more than 64 deep"));
    let nots = format!("{}fp_rate > 1", "not ".repeat(100_000));
    assert!(Gate::parse(&nots).is_err());
    let chain = vec!["fp_rate > 1"; 100_000].join(" or ");
    assert!(Gate::parse(&chain).unwrap_err().to_string().contains("more than 256 comparisons"));
}

#[test]
fn the_path_of_a_message_can_be_pasted_into_a_gate() {
    let path = FigurePath(vec!["by".into(), "a \"b\"".into(), "x\\y".into(), "recall".into()]);
    let gate = Gate::parse(&format!("{path} > 1")).unwrap();
    assert_eq!(gate.figures()[0].0, &path);
}

#[test]
fn the_short_forms_are_expressions() {
    for (gate, expected) in [
        (max_block_rate_delta(0.02), "block_rate_delta > 0.02"),
        (min_accuracy(0.9), "accuracy < 0.9"),
        (max_fp_rate(0.01), "fp_rate > 0.01"),
        (max_fn(3), "false_negatives > 3"),
    ] {
        assert_eq!(gate.text(), expected);
        assert_eq!(gate, Gate::parse(expected).unwrap());
    }
}

#[test]
fn figures_that_no_run_can_have_are_found_before_it() {
    let bins = Bins { calibration: 3, score: 12 };
    let check = |text: &str, timing| Gate::parse(text).unwrap().check(&Catalogue::of_summary(timing, bins));
    for possible in [
        "fp_rate > 0.01",
        "recall < 1",
        "by.language.de.recall < 0.5",
        "rules[\"x.y\"].on_allow > 0",
        "detectors.pii.latency_ms.p99 > 1",
        "intervals.recall[0] < 0.5",
        "risk_histogram[11] > 3",
        "reliability_curve[2].accuracy < 0.5",
        "confusion.ALLOW.BLOCK > 0",
        "quality.clarity.mean < 0.5",
        "nonsense ?? 0 > 1",
    ] {
        assert_eq!(check(possible, true), Ok(()), "{possible}");
    }
    let error = check("fp_rat > 0.01", true).unwrap_err().to_string();
    assert!(error.contains("there is no figure `fp_rat`; near it: `fp_rate`"), "{error}");
    for impossible in ["accuracy.x > 1", "risk_histogram[12] > 3", "reliability_curve[3].count > 1"] {
        assert!(check(impossible, true).is_err(), "{impossible}");
    }
    assert!(check("decisions > 1", true).unwrap_err().to_string().contains("a group of figures"));
    assert!(check("latency_ms.p99 > 1", false).unwrap_err().to_string().contains("no figure `latency_ms.p99`"));
    assert!(check("owasp.score < 1", true).is_err());
    let open = Catalogue::of_summary(true, Bins::default()).with_open_key("owasp");
    assert_eq!(Gate::parse("owasp.score < 1").unwrap().check(&open), Ok(()));
}
