use super::*;
use crate::api::{Actual, Decision};
use crate::compare::{FlipKind, Verdict};

fn hostile() -> Comparison {
    let id = "| `x` <script>\x1b[31m\n".to_owned();
    let flip = Flip {
        sample_id: id.clone(),
        sample_id_b: Some(id.repeat(50)),
        kind: FlipKind::Regression,
        error_change: None,
        expected_decision: Some(Decision::Allow),
        a: Actual::Decided(Decision::Allow),
        b: Actual::Error,
        a_risk_score: 0,
        b_risk_score: 0,
        rules_gained: vec![id.repeat(100)],
        rules_lost: vec![],
    };
    let mut c = Comparison { verdict: Verdict::Worse, passed: true, flips: vec![flip], ..Comparison::default() };
    c.notes.push(id.clone());
    c.only_in_a.push(id);
    c
}

fn written(format: CompareFormat) -> String {
    let mut out = Vec::new();
    write_comparison(&hostile(), format, 20, Style { color: false, width: 80 }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn hostile_text_cannot_reach_the_terminal_or_break_a_table() {
    for format in [CompareFormat::Table, CompareFormat::Markdown, CompareFormat::Json, CompareFormat::Jsonl] {
        assert!(!written(format).contains('\x1b'), "{format:?}");
    }
    let markdown = written(CompareFormat::Markdown);
    assert!(!markdown.contains("<script>"), "{markdown}");
    let cells = markdown.lines().find(|line| line.starts_with("| regression")).unwrap();
    assert_eq!(cells.matches('|').count(), 7, "{cells}");
}

#[test]
fn no_line_of_the_table_is_wider_than_the_terminal() {
    let table = written(CompareFormat::Table);
    for line in table.lines().filter(|line| !line.starts_with("note")) {
        assert!(unicode_width::UnicodeWidthStr::width(line) <= 80, "{line}");
    }
}

#[test]
fn small_differences_keep_their_sign_and_none_has_none() {
    assert_eq!(signed(0.01234, 4), "+0.0123");
    assert_eq!(signed(-3.0, 0), "-3");
    assert_eq!(signed(-0.000_01, 4), "0");
}
