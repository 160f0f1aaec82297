use super::*;
use proptest::prelude::*;
use proptest::sample::select;

/// What serde makes of the list that the JSON begins with.
fn parsed(json: &[u8]) -> Option<(String, usize)> {
    let mut lists = serde_json::Deserializer::from_slice(json).into_iter::<Vec<DetectorIn<'_>>>();
    let rows: Vec<DetectorRow<'_>> = lists.next()?.ok()?.into_iter().map(DetectorIn::into_row).collect();
    Some((format!("{rows:?}"), lists.byte_offset()))
}

fn read(lists: &mut DetectorLists, json: &[u8]) -> Option<(String, usize)> {
    lists.read(json).map(|(rows, length)| (format!("{rows:?}"), length))
}

const ENTRY: &str =
    r#"{"detector_name":"pii","decision":"ALLOW","latency_ms":0,"latency_us":531,"rule_hits":[],"transformed":false}"#;

/// What the lists have learned to read without parsing.
fn met(lists: &DetectorLists) -> u64 {
    lists.places.iter().map(|place| place.met).sum()
}

#[test]
fn an_entry_that_differs_in_its_times_alone_is_not_parsed() {
    let mut lists = DetectorLists::default();
    for (i, times) in [("0", "531"), ("12", "12034"), ("0", "0"), ("9999999999999999999", "7")].into_iter().enumerate()
    {
        let entry = ENTRY.replace("\"latency_ms\":0", &format!("\"latency_ms\":{}", times.0)).replace("531", times.1);
        let json = format!("[{entry},{}] and more", entry.replace("pii", "secrets"));
        assert_eq!(read(&mut lists, json.as_bytes()), parsed(json.as_bytes()), "{json}");
        assert_eq!(met(&lists), 2 * i as u64);
    }
}

#[test]
fn times_elsewhere_than_in_the_entry_itself_are_text_like_any_other() {
    let mut lists = DetectorLists::default();
    for us in ["1", "2"] {
        let json = format!(r#"[{{"more":{{"latency_us":{us}}},"detector_name":"latency_us\":3","latency_ms":{us}}}]"#);
        assert_eq!(read(&mut lists, json.as_bytes()), parsed(json.as_bytes()));
    }
    assert_eq!(met(&lists), 0);
}

#[test]
fn several_shapes_of_a_place_are_remembered() {
    let mut lists = DetectorLists::default();
    let entries = [ENTRY.to_owned(), ENTRY.replace("ALLOW", "BLOCK"), ENTRY.replace("[]", "[\"pii.email\"]")];
    for i in [0, 1, 2, 0, 2, 1, 1, 0] {
        let json = format!("[{}]", entries[i]);
        assert_eq!(read(&mut lists, json.as_bytes()), parsed(json.as_bytes()));
    }
    assert_eq!(met(&lists), 5);
}

#[test]
fn what_is_never_met_again_is_not_remembered_for_ever() {
    let mut lists = DetectorLists::default();
    for i in 0..200 {
        let json = format!("[{}]", ENTRY.replace("pii", &i.to_string()));
        assert_eq!(read(&mut lists, json.as_bytes()), parsed(json.as_bytes()));
    }
    assert_eq!((lists.places[0].learned, lists.places[0].shapes.len()), (FIRST_SHAPES, MOST_SHAPES));
    let long = format!("[{}]", vec![ENTRY; MOST_PLACES + 1].join(","));
    assert_eq!(read(&mut lists, long.as_bytes()), None);
}

fn entry() -> impl Strategy<Value = String> {
    let name = select(vec![r#""detector_name":"pii""#, r#""detector_name" : "s\u00e9""#, r#""detector_name":7"#]);
    let decision = select(vec![r#","decision":"ALLOW""#, r#","decision":"BLOCK""#, r#","decision":null"#, ""]);
    let number = select(vec!["0", "7", "531", "00", "-0", "1.5", "1e3", "18446744073709551616", "null", "\"3\""]);
    let times = (number.clone(), number, 0..6u8).prop_map(|(ms, us, form)| match form {
        0 => format!(r#","latency_ms":{ms},"latency_us":{us}"#),
        1 => format!(r#", "latency_us": {us} , "latency_ms":{ms}"#),
        2 => format!(r#","latency_us":{us}"#),
        3 => format!(r#","latency_us":{us},"latency_us":{ms}"#),
        4 => format!(r#","x":{{"latency_us":{us}}}, "latency\u005fms":{ms}"#),
        _ => String::new(),
    });
    let end = select(vec!["}", r#","rule_hits":["pii.email"]}"#, r#","rule_hits":null, "x":[1,{}]}"#, "", "]"]);
    prop_oneof![
        9 => (name, decision, times, end).prop_map(|(name, decision, times, end)| format!("{{{name}{decision}{times}{end}")),
        1 => select(vec![r#"["pii","BLOCK",1,2,["x"]]"#, "null", "3", ""]).prop_map(str::to_owned),
    ]
}

fn list() -> impl Strategy<Value = String> {
    let between = select(vec![",", ", ", " ,\n\t", ",\u{c}", "", ",,"]);
    let ends = select(vec![("[", "]"), (" [ ", " ] , 5"), ("[", ""), ("", "]"), ("[", ",]"), ("[\u{a0}", "]")]);
    (prop::collection::vec(entry(), 0..4), between, ends)
        .prop_map(|(entries, between, ends)| format!("{}{}{}", ends.0, entries.join(between), ends.1))
}

proptest! {
    #[test]
    fn lists_are_read_as_serde_reads_them(
        texts in prop::collection::vec(list(), 1..12),
        order in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4u8), 40),
    ) {
        let mut lists = DetectorLists::default();
        for (text, at, change) in order {
            let mut json = text.get(&texts).clone().into_bytes();
            if !json.is_empty() {
                let at = at.index(json.len());
                match change {
                    0 => json[at] = b'1',
                    1 => { json.remove(at); }
                    _ => {}
                }
            }
            prop_assert_eq!(read(&mut lists, &json), parsed(&json), "{}", String::from_utf8_lossy(&json));
        }
    }
}
