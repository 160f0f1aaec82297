//! `compare` as a user meets it: files in, report and exit code out.

use clap::Parser;
use std::path::Path;
use znyx_bench::cli::compare::{CompareArgs, run};
use znyx_bench::compare::{Comparison, RiskShift, compare_binned, compare_files};
use znyx_bench::metrics::WantedBins;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    compare: CompareArgs,
}

struct Outcome {
    code: u8,
    out: String,
    err: String,
}

fn file(name: &str) -> String {
    format!("tests/data/compare/{name}")
}

fn compare(a: &str, b: &str, flags: &[&str]) -> Outcome {
    let args: Vec<String> = ["compare".to_owned(), file(a), file(b), "--color=never".to_owned()]
        .into_iter()
        .chain(flags.iter().map(ToString::to_string))
        .collect();
    let cli = Cli::try_parse_from(args).unwrap_or_else(|e| panic!("{e}"));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = run(&cli.compare, &mut out, &mut err).unwrap();
    Outcome { code, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
}

fn loaded(a: &str, b: &str) -> Comparison {
    compare_files(Path::new(&file(a)), Path::new(&file(b))).unwrap()
}

fn refused(flags: &[&str]) -> String {
    let args = ["compare", "a", "b"].into_iter().chain(flags.iter().copied());
    Cli::try_parse_from(args).map(|_| ()).unwrap_err().to_string()
}

const GATES: [&str; 2] = ["--fail-on=changes.regressions > 3", "--max-block-rate-delta=0.02"];

#[test]
fn the_table_says_the_verdict_first() {
    let outcome = compare("a.run.json", "b.jsonl", &GATES);
    insta::assert_snapshot!(outcome.out);
}

#[test]
fn a_narrow_selection_is_shown() {
    insta::assert_snapshot!(compare("a.run.json", "b.jsonl", &["--max-show=2"]).out);
}

#[test]
fn the_json_report_holds_everything() {
    insta::assert_snapshot!(compare("a.run.json", "b.jsonl", &[&GATES[..], &["--format=json"]].concat()).out);
}

#[test]
fn the_jsonl_report_has_a_change_a_line() {
    insta::assert_snapshot!(compare("a.run.json", "b.jsonl", &[&GATES[..], &["--format=jsonl"]].concat()).out);
}

#[test]
fn the_csv_report_has_a_change_a_row() {
    insta::assert_snapshot!(compare("a.run.json", "b.jsonl", &[&GATES[..], &["--format=csv"]].concat()).out);
}

#[test]
fn the_markdown_report_fits_a_comment() {
    insta::assert_snapshot!(compare("a.run.json", "b.jsonl", &[&GATES[..], &["--format=markdown"]].concat()).out);
}

#[test]
fn summaries_alone_are_compared_by_their_figures() {
    insta::assert_snapshot!(compare("summary_a.json", "summary_b.json", &[]).out);
}

#[test]
fn colours_mark_verdict_and_gates_only_when_asked_for() {
    let plain = compare("a.run.json", "b.jsonl", &GATES).out;
    let coloured = compare("a.run.json", "b.jsonl", &[&GATES[..], &["--color=always"]].concat());
    assert!(!plain.contains('\x1b'));
    assert!(coloured.out.contains("\x1b[1;31mFAIL\x1b[0m"), "{}", coloured.out);
}

#[test]
fn every_kind_of_file_gives_the_same_comparison() {
    let expected = loaded("a.run.json", "b.jsonl");
    for other in ["b.csv", "b.pages.json"] {
        let mut got = loaded("a.run.json", other);
        got.b.file.clone_from(&expected.b.file);
        assert_eq!(got, expected, "{other}");
    }
}

#[test]
fn a_run_does_not_differ_from_itself() {
    let c = loaded("a.run.json", "a.run.json");
    assert_eq!(c.verdict.name(), "unchanged");
    assert_eq!((c.flips.len(), c.block_rate_delta, c.risk_psi), (0, Some(0.0), Some(0.0)));
    assert_eq!(c.significance.unwrap().mcnemar_p, 1.0);
    assert_eq!(compare("a.run.json", "a.run.json", &GATES).code, 0);
}

#[test]
fn swapping_the_sides_turns_every_sign() {
    let (forth, back) = (loaded("a.run.json", "b.jsonl"), loaded("b.jsonl", "a.run.json"));
    let (f, b) = (forth.changes.unwrap(), back.changes.unwrap());
    assert_eq!((f.regressions, f.fixes), (b.fixes, b.regressions));
    assert_eq!((f.new_false_positives, f.new_false_negatives), (b.fixed_false_positives, b.fixed_false_negatives));
    assert_eq!(forth.block_rate_delta, back.block_rate_delta.map(|d| -d));
    assert_eq!(forth.significance.unwrap().mcnemar_p, back.significance.unwrap().mcnemar_p);
}

#[test]
fn samples_are_paired_by_text_where_ids_differ() {
    let c = loaded("a.run.json", "b.jsonl");
    let p = c.pairing.unwrap();
    assert_eq!((p.paired, p.by_id, p.by_text, p.only_in_a, p.only_in_b), (12, 11, 1, 1, 1));
    assert_eq!(c.only_in_a, ["s12"]);
}

#[test]
fn a_failed_gate_is_exit_1_after_the_report() {
    let outcome = compare("a.run.json", "b.jsonl", &["--fail-on", "changes.regressions > 0"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.out.contains("FAIL  changes.regressions > 0"), "{}", outcome.out);
    assert_eq!(outcome.err, "gate failed: changes.regressions > 0 (changes.regressions = 3)\n");
}

#[test]
fn gates_reach_both_sides_the_deltas_and_the_lists() {
    for (gate, code) in [
        ("accuracy < 0.7", 1),
        ("a.accuracy < 0.7", 0),
        ("b.accuracy < 0.7", 1),
        ("accuracy_delta < 0", 1),
        ("deltas.decisions.BLOCK_delta == 1", 1),
        ("rule_changes[\"jailbreak.override\"].gained > 2", 0),
        ("rules['pii.username'].samples == 1", 1),
        ("detector_changes.secrets.gained == 1", 1),
        ("significance.mcnemar_p < 0.05", 0),
        ("latency.p99_ms.delta > 0.1", 1),
        ("pairing.only_in_a > 0", 1),
        ("deltas.rules['pii.iban'].hits_delta == -1", 1),
    ] {
        let outcome = compare("a.run.json", "b.jsonl", &["--fail-on", gate]);
        assert_eq!(outcome.code, code, "{gate}: {}", outcome.err);
    }
}

#[test]
fn the_short_forms_gate_the_candidate() {
    for (flag, code) in [
        ("--max-block-rate-delta=0.02", 1),
        ("--max-block-rate-delta=0.9", 0),
        ("--max-block-rate-delta=-0.5", 1),
        ("--min-accuracy=0.99", 1),
        ("--min-accuracy=0.1", 0),
        ("--max-fp-rate=0.01", 1),
        ("--max-fp-rate=0.9", 0),
        ("--max-fn=0", 1),
        ("--max-fn=1", 0),
    ] {
        let outcome = compare("a.run.json", "b.jsonl", &[flag]);
        assert_eq!(outcome.code, code, "{flag}: {}", outcome.err);
    }
}

#[test]
fn a_figure_that_is_unknown_or_null_is_exit_2_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("report.json");
    let out = format!("--out={}", target.display());
    let unknown = compare("a.run.json", "b.jsonl", &["--fail-on=blok_rate > 1", &out]);
    assert_eq!((unknown.code, unknown.out.as_str()), (2, ""));
    assert!(
        unknown.err.starts_with("error: gate `blok_rate > 1`: there is no figure `blok_rate`; near it: `block_rate`"),
        "{}",
        unknown.err
    );
    let null = compare("summary_b.json", "summary_a.json", &["--fail-on=recall < 0.5", &out]);
    assert_eq!(null.code, 2);
    assert!(null.err.contains("`recall` is undefined in this run (null)"), "{}", null.err);
    assert!(null.err.contains("write `recall ?? 0`"), "{}", null.err);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    assert_eq!(compare("summary_b.json", "summary_a.json", &["--fail-on=recall ?? 1 < 0.5"]).code, 0);
}

#[test]
fn wrong_flags_are_refused_before_anything_is_read() {
    assert!(refused(&["--fail-on", "fp_rate >"]).contains("expected a figure or a number, found the end"));
    assert!(refused(&["--max-fp-rate", "nan"]).contains("expected a finite number such as 0.02"));
    assert!(refused(&["--min-accuracy", "high"]).contains("expected a number such as 0.02"));
    assert!(refused(&["--max-fn", "-1"]).contains("invalid value '-1' for '--max-fn <N>'"));
}

#[test]
fn other_texts_under_the_same_ids_are_exit_5() {
    let outcome = compare("a.run.json", "other_texts.jsonl", &[]);
    assert_eq!((outcome.code, outcome.out.as_str()), (5, ""));
    assert_eq!(
        outcome.err,
        "error: not comparable: 2 sample ids stand for another text (or stage) in b than in a: \"s03\", \"s05\"; \
         compare runs over one dataset, or give samples ids that stay\n"
    );
}

#[test]
fn another_dataset_without_a_common_sample_is_exit_5() {
    let outcome = compare("a.run.json", "other_dataset.run.json", &[]);
    assert_eq!(outcome.code, 5);
    assert_eq!(outcome.err, "error: not comparable: the runs are over different datasets and have no common sample\n");
}

#[test]
fn no_common_sample_is_exit_4() {
    let outcome = compare("a.run.json", "strangers.jsonl", &[]);
    assert_eq!(outcome.code, 4);
    assert_eq!(outcome.err, "error: no common sample: no id and no text of a is in b\n");
}

#[test]
fn a_wrong_file_is_exit_2_and_named() {
    let outcome = compare("a.run.json", "missing.json", &[]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.err.starts_with("error: tests/data/compare/missing.json: No such file"), "{}", outcome.err);
}

#[test]
fn a_report_file_is_written_whole_in_the_format_of_its_name() {
    let dir = tempfile::tempdir().unwrap();
    for (name, start) in [
        ("r.json", "{\n  \"verdict\": \"mixed\""),
        ("r.jsonl", "{\"comparison\":{\"verdict\":\"mixed\""),
        ("r.csv", "kind,sample_id,"),
        ("r.md", "**❌ mixed**"),
        ("r.txt", "MIXED  "),
    ] {
        let path = dir.path().join(name);
        std::fs::write(&path, "old").unwrap();
        let outcome = compare("a.run.json", "b.jsonl", &["--max-fn=0", &format!("--out={}", path.display())]);
        assert_eq!(outcome.code, 1);
        assert!(outcome.out.starts_with("MIXED  "), "{}", outcome.out);
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(written.starts_with(start), "{written}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 5);
}

#[test]
fn quiet_prints_nothing_but_what_failed() {
    let outcome = compare("a.run.json", "b.jsonl", &["--quiet", "--max-fn=0"]);
    assert_eq!((outcome.code, outcome.out.as_str()), (1, ""));
    assert_eq!(outcome.err, "gate failed: false_negatives > 0 (false_negatives = 1)\n");
    let json = compare("a.run.json", "b.jsonl", &["--quiet", "--format=json"]);
    assert!(json.out.starts_with('{'));
}

#[test]
fn a_folder_that_does_not_exist_is_an_error_with_its_name() {
    let args = ["compare", &file("a.run.json"), &file("b.jsonl"), "--out=tests/no/such/r.json"].map(str::to_owned);
    let cli = Cli::try_parse_from(args).unwrap();
    let error = run(&cli.compare, &mut Vec::new(), &mut Vec::new()).unwrap_err();
    assert!(format!("{error:#}").starts_with("writing tests/no/such/r.json: No such file"), "{error:#}");
}

/// A run's rows: every seventh sample is blocked, and those that `odd` says.
fn rows(samples: impl Iterator<Item = u32>, odd: impl Fn(u32) -> bool) -> Vec<String> {
    samples
        .enumerate()
        .map(|(at, i)| {
            let (decision, rules) = if i % 7 == 0 || odd(i) { ("BLOCK", r#"["pii.email"]"#) } else { ("ALLOW", "[]") };
            // Every eleventh id stands for two samples, and some samples have other ids in other places.
            let id = if i % 11 == 1 { i - 1 } else if i % 13 == 0 { at as u32 + 10_000 } else { i };
            format!(
                r#"{{"sample_id": "{id}", "input_text": "text {i}", "expected_decision": "ALLOW", "actual_decision": "{decision}", "actual_rule_hits": {rules}, "latency_us": {}}}"#,
                10 + i % 5
            )
        })
        .collect()
}

#[test]
fn rows_read_in_step_compare_as_rows_that_are_all_held() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    // Enough rows for several blocks, with some moved, some missing and some of b alone.
    let a = rows(0..40_000, |_| false);
    let moved = (0..40_000u32).map(|i| if (20_000..20_100).contains(&i) { 40_099 - i } else { i });
    let b = rows(moved.filter(|i| i % 30_000 != 29_999).chain(50_000..50_010), |i| i % 100 == 3);
    let lines = |name: &str, rows: &[String]| write(name, rows.join("\n") + "\n");
    let list = |name: &str, rows: &[String]| write(name, format!("[{}]", rows.join(",")));
    let mut in_step = compare_files(&lines("a.jsonl", &a), &lines("b.jsonl", &b)).unwrap();
    let mut held = compare_files(&list("a.json", &a), &list("b.json", &b)).unwrap();
    for side in [&mut in_step.a, &mut in_step.b, &mut held.a, &mut held.b] {
        side.file.clear();
    }
    assert!(held.changes.unwrap().total > 300 && held.pairing.unwrap().by_text > 0 && !held.only_in_b.is_empty());
    assert_eq!(in_step, held);
}

#[test]
fn figures_of_scores_are_counted_anew_in_as_many_bins_as_asked_for() {
    let counted = |a: &str, b: &str, flags: &[&str]| -> serde_json::Value {
        serde_json::from_str(&compare(a, b, &[flags, &["--format=json"]].concat()).out).unwrap()
    };
    let ten = counted("a.run.json", "b.jsonl", &[]);
    let asked = counted("a.run.json", "b.jsonl", &["--score-bins=2", "--calibration-bins=4"]);
    for side in ["a", "b"] {
        let summary = &asked[side]["summary"];
        let histogram: Vec<u64> = serde_json::from_value(summary["risk_histogram"].clone()).unwrap();
        let halves: Vec<u64> = serde_json::from_value(ten[side]["summary"]["risk_histogram"].clone()).unwrap();
        assert_eq!(histogram, [halves[..5].iter().sum::<u64>(), halves[5..].iter().sum()], "{side}");
        assert_eq!(summary["reliability_curve"].as_array().unwrap().len(), 4, "{side}");
        // The other figures are those of the file.
        assert_eq!(summary["accuracy"], ten[side]["summary"]["accuracy"], "{side}");
    }
    assert_ne!(asked["risk_psi"], ten["risk_psi"]);
}

#[test]
fn histograms_of_other_bins_are_compared_over_the_rows_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let rows = |risk: u64| -> String {
        (0..4)
            .map(|i| {
                format!("{{\"sample_id\": \"{i}\", \"actual_decision\": \"WARN\", \"actual_risk_score\": {risk}}}\n")
            })
            .collect()
    };
    std::fs::write(path("rows"), rows(80)).unwrap();
    let lines = rows(10).trim().replace('\n', ",");
    let summary = r#"{"total": 4, "accuracy": null, "ece": null, "risk_histogram": [4, 0]}"#;
    std::fs::write(path("run"), format!(r#"{{"id": "r", "results_summary": {summary}, "results": [{lines}]}}"#))
        .unwrap();
    std::fs::write(path("summary"), summary).unwrap();
    let psi = |a: &str, bins: WantedBins| {
        let found = compare_binned(&path(a), &path("rows"), bins).unwrap();
        (found.risk_psi, found.risk_shift, found.notes.iter().any(|note| note.starts_with("no PSI: ")))
    };
    let two = WantedBins { score: Some(2), ..WantedBins::default() };
    let major = Some(RiskShift::Major);
    assert_eq!(psi("run", WantedBins::default()), (Some(27.631), major, false));
    assert_eq!(psi("summary", two), (Some(27.631), major, false));
    assert_eq!(psi("summary", WantedBins::default()), (None, None, true));
}
