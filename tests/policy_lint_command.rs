//! The `lint` subcommand through its entry point.

use clap::Parser;
use std::path::Path;
use znyx_bench::cli::lint::{LintArgs, run};
use znyx_bench::value::{Value, parse_json};

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: LintArgs,
}

/// Exit code and output of `lint` with these arguments.
fn lint(args: &[&str]) -> (u8, String) {
    let command = Command::parse_from([&["lint"], args].concat());
    let mut out = Vec::new();
    let code = run(&command.args, &mut out).unwrap();
    (code, String::from_utf8(out).unwrap())
}

fn write(dir: &Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn vector(name: &str) -> String {
    format!("{}/tests/data/vectors/bundles/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_clean_policy_is_ok() {
    let (code, out) = lint(&[r#"{"pii": {"enabled": true}}"#]);
    assert_eq!((code, out.as_str()), (0, "inline: ok\n1 file: 0 errors, 0 warnings, 0 lint findings\n"));
}

#[test]
fn findings_are_grouped_by_file_with_severity_code_and_place() {
    let dir = tempfile::tempdir().unwrap();
    let bad = write(
        dir.path(),
        "bad.json",
        r#"{"pii": {"enabled": "maybe", "strategy": {"order": ["local_ml"]}}, "jailbraek": {}, "bias": {"sensitivty": "high"}}"#,
    );
    let (code, out) = lint(&[&bad, "{\"pii\": {\"enabled\": true}}"]);
    assert_eq!(code, 2);
    assert_eq!(
        out.replace(dir.path().to_str().unwrap(), "DIR"),
        "DIR/bad.json\n  \
         error    bool_parsing     pii.enabled: found \"maybe\", expected true or false\n  \
         warning  unknown_key      jailbraek: no detector and no setting has this key; the engine ignores it unless it is a model-backed detector; did you mean `jailbreak`?\n  \
         lint     similar_key      bias.sensitivty: nothing reads this key; did you mean `sensitivity`?\n  \
         lint     missing_backend  pii.backends.local_ml: the order names `local_ml` but no backend is configured for it; it always falls back\n\
         inline: ok\n\
         2 files: 1 error, 1 warning, 2 lint findings\n"
    );
}

#[test]
fn warnings_fail_only_when_denied() {
    for policy in [r#"{"my_key": 1}"#, r#"{"pii": {"enabled": "no"}}"#] {
        assert_eq!(lint(&[policy]).0, 0, "{policy}");
        assert_eq!(lint(&[policy, "--deny-warnings"]).0, 2, "{policy}");
    }
    assert_eq!(lint(&[r#"{"pii": {"enabled": true}}"#, "--deny-warnings"]).0, 0);
}

#[test]
fn json_has_one_entry_per_file() {
    let dir = tempfile::tempdir().unwrap();
    let broken = write(dir.path(), "broken.yaml", "a: [1");
    let (code, out) = lint(&["--format", "json", &broken, r#"{"x": {}, "pii": 3}"#]);
    assert_eq!(code, 2);
    let json = parse_json(&out).unwrap();
    let files = json.get("files").and_then(Value::as_list).unwrap();
    assert_eq!(files.len(), 2);
    let first = |file: &Value, group: &str, key: &str| {
        let issues = file.get(group).and_then(Value::as_list).unwrap();
        issues[0].get(key).and_then(Value::as_str).unwrap().to_owned()
    };
    assert_eq!(files[0].get("path").and_then(Value::as_str), Some(broken.as_str()));
    assert_eq!(first(&files[0], "blockers", "code"), "syntax");
    assert!(first(&files[0], "blockers", "message").starts_with("line 1, column "));
    assert_eq!(files[1].get("valid"), Some(&Value::Bool(false)));
    assert_eq!(first(&files[1], "blockers", "loc"), "pii");
    assert_eq!(first(&files[1], "warnings", "code"), "unknown_key");
    assert_eq!(files[1].get("lint").and_then(Value::as_list).map(<[Value]>::len), Some(0));
}

#[test]
fn every_level_of_a_hierarchical_file_is_checked() {
    let dir = tempfile::tempdir().unwrap();
    let file = write(
        dir.path(),
        "tree.yaml",
        "default:\n  pii: {strategy: {order: [local_ml]}}\nextra: 1\ntenants:\n  acme:\n    pii: {backends: {local_ml: {task: x}}}\n    apps:\n      bot: {bias: {enabled: 'off', action: [1]}}\n  beta: null\n",
    );
    let (code, out) = lint(&[&file]);
    assert_eq!(code, 2);
    for line in [
        "error    string_type      tenants.acme.apps.bot.bias.action: found [1], expected text",
        "error    structure        tenants.beta: found null, expected an object",
        "warning  unknown_key      extra: nothing reads a key beside `default` and `tenants`",
        "lint     text_as_boolean  tenants.acme.apps.bot.bias.enabled: the text \"off\" counts as on",
        "lint     missing_backend  default.pii.backends.local_ml:",
    ] {
        assert!(out.contains(line), "{line:?} is missing in\n{out}");
    }
    assert!(!out.contains("tenants.acme.pii"), "the tenant brings the backend that the default lacks\n{out}");
    let (code, out) = lint(&[&file, "--tenant", "acme", "--app", "shop"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("unmatched_scope"), "{out}");
}

#[test]
fn bundles_are_checked_for_hash_and_signature() {
    let dir = tempfile::tempdir().unwrap();
    let index = parse_json(&std::fs::read_to_string(vector("index.json")).unwrap()).unwrap();
    let pem = |key: &str| index.get("public_keys").and_then(|k| k.get(key)).and_then(Value::as_str).unwrap().to_owned();
    let key_a = write(dir.path(), "a.pem", &pem("A"));
    let signed = vector("b01_signed_single.json");
    assert_eq!(lint(&["--bundle", &signed]).0, 0);
    assert_eq!(lint(&["--bundle", &signed, "--public-key", &key_a]).0, 0);
    assert_eq!(lint(&["--bundle", &signed, "--public-key", &pem("A")]).0, 0, "the key itself may be given");
    for (args, code) in [
        (vec!["--bundle", &signed, "--public-key", &pem("B")], "bundle_signature"),
        (vec!["--bundle", &signed, "--require-signature"], "bundle_signature"),
        (vec!["--bundle", &vector("b02_tampered_policies.json")], "bundle_hash"),
        (vec!["--bundle", &vector("b12_version_2.json")], "bundle_version"),
        (vec!["--bundle", &vector("b13_plain_policy.json")], "bundle_field"),
        (vec![&*vector("b02_tampered_policies.json")], "bundle_hash"),
        (vec!["--tenant", "acme", &*vector("b02_tampered_policies.json")], "bundle_hash"),
    ] {
        let (exit, out) = lint(&args);
        assert_eq!(exit, 2, "{args:?}\n{out}");
        assert!(out.contains(code), "{args:?}\n{out}");
    }
}

#[test]
fn unreadable_files_are_findings_and_the_others_are_still_checked() {
    let (code, out) = lint(&["/no/such/file.yaml", r#"{"pii": {}}"#]);
    assert_eq!(code, 2);
    assert!(out.contains("error    unreadable"), "{out}");
    assert!(out.contains("inline: ok"), "{out}");
}

#[test]
fn control_characters_of_a_file_do_not_reach_the_terminal() {
    let (_, out) = lint(&["{\"\\u001b[31mred\": 1}"]);
    assert!(!out.contains('\u{1b}'), "{out:?}");
    assert!(out.contains("\\u{1b}[31mred"), "{out}");
}
