//! A comparison as a comment on a pull request.

use super::compare::{error_sentence, figure_rows, measured, psi_reading, verdict_sentence};
use super::style::{cut, thousands, visible};
use crate::compare::{Comparison, Flip, NameChange, Verdict};
use std::fmt::Write as _;

/// Columns of an id or a list of rules at most.
const CELL_WIDTH: usize = 80;

pub(super) fn markdown(c: &Comparison, most: usize) -> String {
    let mut text = String::new();
    let mark = match (c.passed, c.verdict) {
        (false, _) => "❌",
        (true, Verdict::Worse | Verdict::Mixed) => "⚠️",
        (true, _) => "✅",
    };
    push(&mut text, &format!("**{mark} {}**: {}", c.verdict.name(), verdict_sentence(c)));
    if let Some(errors) = error_sentence(c) {
        push(&mut text, &errors);
    }
    gates(&mut text, c);
    figures(&mut text, c);
    flips(&mut text, c, most);
    names(&mut text, "Rules on other samples", &c.rule_changes, most);
    names(&mut text, "Detectors on other samples", &c.detector_changes, most);
    for (side, ids) in [("baseline", &c.only_in_a), ("candidate", &c.only_in_b)] {
        if !ids.is_empty() {
            push(&mut text, &format!("Samples only in the {side}: {}", thousands(ids.len() as u64)));
        }
    }
    for note in &c.notes {
        push(&mut text, &format!("> {}", escaped(note)));
    }
    text
}

/// A paragraph.
fn push(text: &mut String, paragraph: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(paragraph);
    text.push('\n');
}

fn row(text: &mut String, cells: &[String]) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

fn header(text: &mut String, cells: &[(&str, bool)]) {
    row(text, &cells.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>());
    row(text, &cells.iter().map(|(_, right)| if *right { "---:" } else { "---" }.to_owned()).collect::<Vec<_>>());
}

fn gates(text: &mut String, c: &Comparison) {
    if c.gates.is_empty() {
        return;
    }
    text.push('\n');
    header(text, &[("gate", false), ("fails when", false), ("measured", false)]);
    for gate in &c.gates {
        let word = if gate.failed { "❌ failed" } else { "✅ passed" };
        row(text, &[word.to_owned(), code(&gate.expression, usize::MAX / 4), code(&measured(gate), usize::MAX / 4)]);
    }
}

fn figures(text: &mut String, c: &Comparison) {
    let rows = figure_rows(c);
    if rows.is_empty() {
        return;
    }
    text.push('\n');
    header(text, &[("figure", false), ("baseline", true), ("candidate", true), ("delta", true)]);
    for figure in rows {
        row(text, &[figure.name.to_owned(), figure.a, figure.b, figure.delta]);
    }
    if let Some((psi, reading)) = psi_reading(c) {
        row(text, &["risk scores, PSI".to_owned(), String::new(), String::new(), format!("{psi} ({reading})")]);
    }
    if let Some(drift) = &c.latency {
        for (name, d) in [("avg", drift.avg_ms), ("p99", drift.p99_ms)] {
            let interval = d.interval.map_or_else(String::new, |[lo, hi]| format!(" ({lo:+.3} to {hi:+.3})"));
            let name = format!("latency {name}, paired, ms");
            row(text, &[name, format!("{:.3}", d.a), format!("{:.3}", d.b), format!("{:+.3}{interval}", d.delta)]);
        }
    }
}

fn details(text: &mut String, summary: &str, body: &str) {
    push(text, &format!("<details><summary>{summary}</summary>\n\n{body}\n</details>"));
}

fn flips(text: &mut String, c: &Comparison, most: usize) {
    if c.flips.is_empty() {
        return;
    }
    let mut body = String::new();
    header(
        &mut body,
        &[
            ("kind", false),
            ("sample", false),
            ("expected", false),
            ("baseline", false),
            ("candidate", false),
            ("rules", false),
        ],
    );
    for flip in c.flips.iter().take(most) {
        let expected = flip.expected_decision.map_or("-", crate::api::Decision::name);
        row(
            &mut body,
            &[
                flip.kind.name().replace('_', " "),
                code(&flip.sample_id, CELL_WIDTH),
                expected.to_owned(),
                flip.a.to_string(),
                flip.b.to_string(),
                rules(flip),
            ],
        );
    }
    let more = if c.flips.len() > most { format!(", first {most} shown") } else { String::new() };
    details(text, &format!("{} changed samples{more}", thousands(c.flips.len() as u64)), &body);
}

fn rules(flip: &Flip) -> String {
    let changes = super::compare::rule_changes(flip);
    if changes.is_empty() { String::new() } else { code(&changes, CELL_WIDTH) }
}

fn names(text: &mut String, title: &str, changes: &[NameChange], most: usize) {
    if changes.is_empty() {
        return;
    }
    let mut body = String::new();
    header(&mut body, &[("", false), ("gained", true), ("lost", true)]);
    for change in changes.iter().take(most) {
        row(&mut body, &[code(&change.id, CELL_WIDTH), format!("+{}", change.gained), format!("-{}", change.lost)]);
    }
    let more = if changes.len() > most { format!(", first {most} of {} shown", changes.len()) } else { String::new() };
    details(text, &format!("{title}{more}"), &body);
}

/// Text from outside, where it can neither end its cell nor become markup.
fn code(text: &str, width: usize) -> String {
    format!("<code>{}</code>", html(&cut(text, width)))
}

fn escaped(text: &str) -> String {
    html(&visible(text))
}

/// As HTML, with the characters that mean something to Markdown as entities too: tags do not switch Markdown off.
fn html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '~' | '@' | '#' | ':' | '!' => {
                let _ = write!(safe, "&#{};", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    safe
}
