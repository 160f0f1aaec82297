use super::*;
use crate::api::Stage;
use crate::value::parse_json;

fn inspect(config: &str, text: &str) -> Result<Finding, EvalError> {
    let Ok(Value::Map(section)) = parse_json(config) else { panic!("{config}") };
    let mut needles = NeedleSet::new();
    let detector = build(&section, &mut needles)?;
    let prefilter = needles.build();
    detector.inspect(&Text::new(text, &prefilter), &Request::new(text, Stage::Input))
}

fn classes(config: &str, text: &str) -> Vec<String> {
    inspect(config, text).unwrap().hits.iter().map(|h| h.id.as_str()["code.".len()..].to_owned()).collect()
}

#[test]
fn prose_is_scanned_as_every_language() {
    assert_eq!(classes("{}", "eval(x)"), ["command_injection", "command_injection"]);
    assert_eq!(classes("{}", "it costs $50"), ["command_injection"]);
    assert_eq!(classes("{}", "import the eval(x)"), ["command_injection"]);
    assert_eq!(classes("{}", ""), Vec::<String>::new());
}

#[test]
fn a_concatenated_statement_is_one_finding_in_python_and_sql_and_another_in_javascript() {
    assert_eq!(classes("{}", "```sql\n'select x' + y```"), ["sql_injection"]);
    assert_eq!(classes("{}", "```py\n'select x' + y```"), ["sql_injection"]);
    assert_eq!(classes("{}", "```js\n'select x' + y```"), ["sql_injection", "sql_injection"]);
    assert_eq!(classes("{}", "'select x' + y"), ["sql_injection", "sql_injection"]);
}

#[test]
fn only_blocks_are_scanned_once_there_is_one() {
    assert_eq!(classes("{}", "eval(x) ```rust\n``` os.system(x)"), Vec::<String>::new());
    assert_eq!(classes("{}", "```php\nx or 1 = 1\n```"), Vec::<String>::new());
    assert_eq!(classes(r#"{"languages": ["php"]}"#, "```php\nx or 1 = 1\n```"), ["sql_injection"]);
}

#[test]
fn classes_select_rules_but_not_banned_functions() {
    let config = r#"{"vulnerability_classes": ["xss"], "custom_banned_functions": {"python": ["foo", "FOO"]}}"#;
    assert_eq!(classes(config, "```py\nos.system(foo(1))\n```"), ["custom_banned_function", "custom_banned_function"]);
    assert_eq!(classes(r#"{"vulnerability_classes": "a xss"}"#, "a.innerHTML= eval(x)"), ["xss"]);
}

#[test]
fn odd_configurations_fail_where_they_are_used() {
    assert!(inspect(r#"{"languages": null}"#, "").is_err());
    assert!(inspect(r#"{"languages": [["python"]]}"#, "").is_err());
    assert!(inspect(r#"{"languages": [["python"]]}"#, "```py\n```").is_ok());
    assert!(inspect(r#"{"vulnerability_classes": 0}"#, "").is_err());
    assert!(inspect(r#"{"custom_banned_functions": {"javascript": [5]}}"#, "```py\n```").is_ok());
    assert!(inspect(r#"{"custom_banned_functions": {"javascript": [5]}}"#, "").is_err());
    assert!(inspect(r#"{"custom_banned_functions": null, "block_unsafe_functions": 0}"#, "").is_ok());
}

#[test]
fn any_action_but_block_warns() {
    assert_eq!(inspect("{}", "eval(x)").unwrap().decision, Some(Decision::Block));
    assert_eq!(inspect(r#"{"action": null}"#, "eval(x)").unwrap().decision, Some(Decision::Warn));
}
