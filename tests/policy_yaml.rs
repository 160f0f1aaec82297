//! The YAML reader against what PyYAML read, and the writer against the reader.

use znyx_bench::value::{Key, Value, canonical_json, parse_json, parse_yaml, write_yaml};

fn vectors(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/data/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    let file = parse_json(&std::fs::read_to_string(path).unwrap()).unwrap();
    file.get("cases").and_then(Value::as_list).unwrap().to_vec()
}

fn text_of<'v>(case: &'v Value, key: &str) -> &'v str {
    case.get(key).and_then(Value::as_str).unwrap()
}

/// A value as the samples spell it: a list of a type letter and the content.
fn typed(value: &Value) -> Value {
    let tagged = |tag: &str, content: Value| Value::List(vec![tag.into(), content]);
    match value {
        Value::Null => Value::List(vec!["n".into()]),
        Value::Bool(_) => tagged("b", value.clone()),
        Value::Int(i) => tagged("i", i.to_string().as_str().into()),
        Value::BigInt(digits) => tagged("i", (&**digits).into()),
        Value::Float(_) => {
            let text = canonical_json(value).replace("Infinity", "inf").replace("NaN", "nan");
            tagged("f", text.as_str().into())
        }
        Value::Str(_) => tagged("s", value.clone()),
        Value::Date(text) => tagged("d", (&**text).into()),
        Value::List(items) => tagged("l", Value::List(items.iter().map(typed).collect())),
        Value::Map(map) => {
            let entry = |(key, value): (&Key, &Value)| {
                let letter = if key.is_odd() { "o" } else { "s" };
                Value::List(vec![tagged(letter, key.as_text().into()), typed(value)])
            };
            tagged("m", Value::List(map.iter().map(entry).collect()))
        }
    }
}

#[test]
fn every_sample_reads_as_pyyaml_reads_it() {
    let cases = vectors("yaml_samples.json");
    assert!(cases.len() > 500);
    for case in &cases {
        let yaml = text_of(case, "yaml");
        match (parse_yaml(yaml), case.get("ok")) {
            (Ok(value), Some(expected)) => assert_eq!(&typed(&value), expected, "{yaml:?}"),
            (Err(_), None) => {}
            (found, expected) => panic!("{yaml:?}: {found:?}, expected {expected:?}"),
        }
    }
}

#[test]
fn every_scalar_of_the_reference_has_its_type() {
    for case in vectors("yaml_scalars.json") {
        let yaml = text_of(&case, "yaml");
        let Some(expected) = case.get("value") else {
            assert!(parse_yaml(yaml).is_err(), "{yaml:?}");
            continue;
        };
        let read = parse_yaml(yaml).unwrap();
        let found = read.get("k").unwrap();
        match text_of(&case, "type") {
            "date" | "datetime" => {
                let iso = text_of(expected, "$date").replace('T', " ");
                assert_eq!(found, &Value::Date(iso.into()), "{yaml:?}");
            }
            "bytes" => assert_eq!(found, &Value::Date("!!binary aGk=".into()), "{yaml:?}"),
            "set" => assert_eq!(found, &Value::Date("!!set {\"a\", \"b\"}".into()), "{yaml:?}"),
            "float" => {
                let named = expected.get("$float").and_then(Value::as_str).map(|s| s.parse().unwrap());
                let number = named.or(expected.as_number()).unwrap();
                assert_eq!(typed(found), typed(&Value::Float(number)), "{yaml:?}");
            }
            _ => assert_eq!(found, expected, "{yaml:?}"),
        }
    }
}

#[test]
fn what_is_written_reads_back_the_same() {
    for case in vectors("yaml_samples.json") {
        if let Ok(value) = parse_yaml(text_of(&case, "yaml")) {
            let written = write_yaml(&value);
            let back = parse_yaml(&written).unwrap_or_else(|e| panic!("{e}\n{written}"));
            assert_eq!(typed(&back), typed(&value), "{written}");
        }
    }
}

#[test]
fn written_yaml_is_block_style_with_keys_in_order() {
    let value = parse_json(
        r#"{"z": {"on": true, "list": [1, {"a": 1e20, "b": []}, ["x", "yes"]]}, "a": "two: parts", "note": "line\nbreak", "empty": {}, "it's": "'q'"}"#,
    )
    .unwrap();
    assert_eq!(
        write_yaml(&value),
        "z:\n  'on': true\n  list:\n  - 1\n  - a: 1.0e+20\n    b: []\n  - - x\n    - 'yes'\na: 'two: parts'\nnote: \"line\\nbreak\"\nempty: {}\nit's: '''q'''\n"
    );
}

#[test]
fn errors_say_line_and_column() {
    for (yaml, line, column) in [
        ("a: 1\nb: [1, 2\n", 2, 9),
        ("a: !custom x", 1, 4),
        ("a: 1\n--- \nb: 2\n", 2, 1),
        ("a: 2024-13-01", 1, 4),
        ("a: *nowhere", 1, 4),
        ("k: v\n? [a]\n: b", 2, 3),
        ("k: \"a\u{2028}b\"", 1, 6),
    ] {
        let e = parse_yaml(yaml).unwrap_err();
        assert_eq!((e.line, e.column), (line, column), "{yaml:?}: {e}");
    }
}

#[test]
fn aliases_cannot_explode_or_loop() {
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 0..12 {
        let row = vec![format!("*a{i}"); 10].join(", ");
        laughs += &format!("b{i}: &a{} [{row}]\n", i + 1);
    }
    assert!(parse_yaml(&laughs).unwrap_err().message.contains("expand"));
    assert!(parse_yaml("a: &a [*a]").unwrap_err().message.contains("contain itself"));
    assert!(parse_yaml("a: &a {<<: *a}").unwrap_err().message.contains("contain itself"));
    assert!(parse_yaml(&"[".repeat(100_000)).is_err());
    assert!(parse_yaml(&"- ".repeat(100_000)).is_err());
}

#[test]
fn brackets_and_quotes_may_continue_in_any_column() {
    let value = parse_yaml("pii: {\n\"enabled\": true,\ntypes: [\na,\nb]}\nnote: \"two\nlines\"\n").unwrap();
    assert_eq!(canonical_json(&value), r#"{"note":"two lines","pii":{"enabled":true,"types":["a","b"]}}"#);
    let e = parse_yaml("pii: {\n\"a\": 1,\n  b: @\n}\n").unwrap_err();
    assert_eq!((e.line, e.column), (3, 6), "{e}");
}
