use super::super::row::Row;
use super::*;
use proptest::prelude::*;
use proptest::sample::{Index, select};

const LIST: &str = r#"[{"detector_name":"pii","decision":"BLOCK","latency_ms":0,"latency_us":5,"rule_hits":["pii.email"]},{"detector_name":"secrets","decision":"ALLOW","latency_ms":0,"latency_us":17,"rule_hits":[]}]"#;

/// A row with these bytes among its metadata and these after its key `context`.
fn row(metadata: &str, rest: &str) -> String {
    format!(
        r#"{{"sample_id":"s1","metadata":{{{metadata}}},"input_text":"one","context":"input"{rest},"expected_decision":"ALLOW","actual_decision":"BLOCK","actual_risk_score":90,"actual_rule_hits":["pii.email"],"latency_ms":2}}"#
    )
}

fn part(purpose: Purpose) -> Part {
    Part::new(purpose, Figures::All, Bins::default())
}

/// Everything that is kept of the rows.
fn content(part: &Part) -> String {
    let rows: Vec<(&str, &Row)> = (0..part.rows.len()).map(|i| (part.rows.id(i), &part.rows.rows[i])).collect();
    format!("{} {rows:?} {:?} {:?}", part.count, part.figures.finish(None), part.figures.owasp([]))
}

/// Whether the row is added when it is shortened; the outcome is that of the whole row in any case.
fn is_shortened(json: &[u8], purpose: Purpose, parser: &mut RowParser) -> bool {
    let [mut short, mut either, mut whole] = [(); 3].map(|()| part(purpose));
    let shortened = parser.shorten(json).is_some_and(|row| short.add_shortened(&row).is_some());
    let outcome = whole.add_whole(json).map_err(|e| e.to_string());
    assert_eq!(either.add_json(json, parser).map_err(|e| e.to_string()), outcome);
    assert_eq!(content(&either), content(&whole), "{}", String::from_utf8_lossy(json));
    assert!(!shortened || content(&short) == content(&whole));
    shortened
}

#[test]
fn a_row_is_shortened_wherever_its_list_stands() {
    let mut parser = RowParser::default();
    let list = format!(r#","detector_results":{LIST}"#);
    for purpose in [Purpose::Pairing, Purpose::Counting] {
        for json in [
            row("", &list),
            row("", &list.replace(":[", ": [ ").replace(",{", " , {")),
            row("", r#","detector_results":[]"#),
            row("", &list)
                .replacen('{', &format!(r#"{{"detector_results":{LIST},"#), 1)
                .replace(&format!("\"input\"{list}"), "\"input\""),
            row(r#""a":"\"detector_results\":[]""#, &list),
        ] {
            assert!(is_shortened(json.as_bytes(), purpose, &mut parser), "{json}");
        }
    }
}

#[test]
fn a_list_that_is_not_the_rows_own_stays_where_it_is() {
    let mut parser = RowParser::default();
    let list = format!(r#""detector_results":{LIST}"#);
    for json in [
        row(&list, ""),
        row(&list, r#","detector_results":"-""#),
        row(&list, r#","detector_results":null"#),
        row(&list, &format!(",{list}")),
        row("", &format!(",{list},{list}")),
        row("", r#","detector_results":"-""#),
        row("", ""),
        row("", &format!(",{list}]")),
        row("", &format!(r#","{list}"#)),
    ] {
        assert!(!is_shortened(json.as_bytes(), Purpose::Pairing, &mut parser), "{json}");
    }
}

proptest! {
    #[test]
    fn shortened_rows_are_read_as_whole_ones(
        rows in prop::collection::vec(
            (
                select(vec!["", r#""a":1"#, r#""a":"\ud800""#, "LIST", r#""a":{"b":[{LIST}]}"#, r#""a":"LIST""#]),
                select(vec!["", ",LIST", ",LIST,\"x\":NaN", ",LIST,LIST", r#","detector_results":"-""#, ",\"x\":{LIST},LIST"]),
                any::<Index>(),
                any::<Index>(),
                0..5u8,
            ),
            1..20,
        ),
    ) {
        let list = format!(r#""detector_results":{LIST}"#);
        let mut parser = RowParser::default();
        for (metadata, rest, at, byte, change) in rows {
            let mut json = row(&metadata.replace("LIST", &list), &rest.replace("LIST", &list)).into_bytes();
            let at = at.index(json.len());
            match change {
                0 => json[at] = *byte.get(b"\"[]{},:-0\\ \x0c\xe9"),
                1 => json.insert(at, *byte.get(b"\"[]{},:-0\\ \x0c\xe9")),
                2 => { json.remove(at); }
                _ => {}
            }
            is_shortened(&json, Purpose::Pairing, &mut parser);
            is_shortened(&json, Purpose::Counting, &mut parser);
        }
    }
}
