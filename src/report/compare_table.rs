//! A comparison for people at a terminal.

use super::compare::{
    decision_change, error_sentence, figure_rows, measured, psi_reading, rule_changes, verdict_sentence,
};
use super::style::{Style, Tone, cut, thousands, visible};
use crate::compare::{Comparison, FlipKind, LatencyDrift, NameChange, SideInfo, Verdict};
use comfy_table::{CellAlignment, Table, presets};
use std::fmt::Write as _;

/// Columns of a sample's id at most, so that decisions and rules have room.
fn id_width(style: Style) -> usize {
    (style.width / 4).clamp(8, 32)
}

pub(super) fn table(c: &Comparison, most: usize, style: Style) -> String {
    let mut text = String::new();
    head(&mut text, c, style);
    figures(&mut text, c, style);
    latency(&mut text, c.latency.as_ref(), style);
    gates(&mut text, c, style);
    flips(&mut text, c, most, style);
    names(&mut text, "Rules", &c.rule_changes, most, style);
    names(&mut text, "Detectors", &c.detector_changes, most, style);
    only(&mut text, "baseline", &c.only_in_a, style);
    only(&mut text, "candidate", &c.only_in_b, style);
    for note in &c.notes {
        line(&mut text, &format!("note: {}", visible(note)));
    }
    text
}

fn line(text: &mut String, content: &str) {
    text.push_str(content.trim_end());
    text.push('\n');
}

fn heading(text: &mut String, style: Style, title: &str) {
    text.push('\n');
    line(text, &style.paint(Tone::Strong, title));
}

fn head(text: &mut String, c: &Comparison, style: Style) {
    let tone = match c.verdict {
        Verdict::Better | Verdict::Unchanged => Tone::Good,
        Verdict::Worse => Tone::Bad,
        Verdict::Mixed | Verdict::Changed => Tone::Mixed,
    };
    let word = style.paint(tone, &c.verdict.name().to_uppercase());
    line(text, &format!("{word}  {}", verdict_sentence(c)));
    if let Some(errors) = error_sentence(c) {
        line(text, &errors);
    }
    for (name, side) in [("baseline", &c.a), ("candidate", &c.b)] {
        line(text, &cut(&format!("{name:<9}  {}", describe(side)), style.width));
    }
}

fn describe(side: &SideInfo) -> String {
    let mut parts = vec![side.file.clone()];
    let mut add = |name: &str, value: &Option<String>| {
        if let Some(value) = value {
            parts.push(format!("{name} {value}"));
        }
    };
    add("policy", &side.policy_version);
    add("bundle", &side.bundle_id);
    // The start of a hash is enough to tell policies apart by eye.
    add("hash", &side.policy_hash.as_ref().map(|hash| hash.chars().take(19).collect()));
    if let Some(samples) = side.samples {
        parts.push(format!("{} samples", thousands(samples)));
    }
    parts.join(", ")
}

/// A table without lines, columns two blanks apart, numbers to the right.
fn plain_table(header: &[&str], right: &[usize], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).force_no_tty().set_header(header.iter().map(ToString::to_string));
    table.add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    for &index in right {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

fn figures(text: &mut String, c: &Comparison, style: Style) {
    let rows: Vec<Vec<String>> =
        figure_rows(c).into_iter().map(|row| vec![row.name.to_owned(), row.a, row.b, row.delta]).collect();
    if rows.is_empty() {
        return;
    }
    heading(text, style, "Figures");
    line(text, &plain_table(&["", "baseline", "candidate", "delta"], &[1, 2, 3], rows));
    if let Some((psi, reading)) = psi_reading(c) {
        line(text, &format!("risk scores: {reading}, PSI {psi} (stable below 0.1, major above 0.25)"));
    }
}

fn latency(text: &mut String, drift: Option<&LatencyDrift>, style: Style) {
    let Some(drift) = drift else { return };
    heading(text, style, &format!("Latency of {} paired samples, ms", thousands(drift.pairs)));
    let rows = [("avg", drift.avg_ms), ("p99", drift.p99_ms)].map(|(name, d)| {
        let interval = d.interval.map_or_else(|| "-".to_owned(), |[lo, hi]| format!("{lo:+.3} to {hi:+.3}"));
        vec![name.to_owned(), format!("{:.3}", d.a), format!("{:.3}", d.b), format!("{:+.3}", d.delta), interval]
    });
    let header = ["", "baseline", "candidate", "delta", "95% interval"];
    line(text, &plain_table(&header, &[1, 2, 3, 4], rows.to_vec()));
}

fn gates(text: &mut String, c: &Comparison, style: Style) {
    if c.gates.is_empty() {
        return;
    }
    heading(text, style, "Gates");
    for gate in &c.gates {
        let (tone, word) = if gate.failed { (Tone::Bad, "FAIL") } else { (Tone::Good, "pass") };
        let said = format!("{}   ({})", visible(&gate.expression), visible(&measured(gate)));
        line(text, &format!("{}  {said}", style.paint(tone, word)));
    }
}

fn flips(text: &mut String, c: &Comparison, most: usize, style: Style) {
    if c.flips.is_empty() {
        return;
    }
    let shown = c.flips.len().min(most);
    let title = if shown < c.flips.len() {
        format!("Changed samples (first {shown} of {})", thousands(c.flips.len() as u64))
    } else {
        "Changed samples".to_owned()
    };
    heading(text, style, &title);
    let fixed: Vec<[String; 4]> = c.flips[..shown]
        .iter()
        .map(|flip| {
            [
                kind_words(flip.kind).to_owned(),
                cut(&flip.sample_id, id_width(style)),
                flip.expected_decision.map_or("-", crate::api::Decision::name).to_owned(),
                decision_change(flip),
            ]
        })
        .collect();
    let header = ["kind", "sample", "expected", "decision", "rules"];
    let widest = |column: usize| {
        let cells = fixed.iter().map(|row| unicode_width::UnicodeWidthStr::width(row[column].as_str()));
        cells.chain([header[column].len()]).max().unwrap_or(0) + 2
    };
    let used: usize = (0..4).map(widest).sum();
    let room = style.width.saturating_sub(used).max(16);
    let rows = fixed.into_iter().zip(&c.flips).map(|(row, flip)| {
        let mut row = row.to_vec();
        row.push(cut(&rule_changes(flip), room));
        row
    });
    line(text, &plain_table(&header, &[], rows.collect()));
}

fn kind_words(kind: FlipKind) -> &'static str {
    match kind {
        FlipKind::Regression => "regression",
        FlipKind::Fix => "fix",
        FlipKind::ChangedStillRight => "still right",
        FlipKind::ChangedStillWrong => "still wrong",
        FlipKind::UnlabelledChange => "unlabelled",
    }
}

fn names(text: &mut String, what: &str, changes: &[NameChange], most: usize, style: Style) {
    if changes.is_empty() {
        return;
    }
    let shown = changes.len().min(most);
    let more = if shown < changes.len() { format!(" (first {shown} of {})", changes.len()) } else { String::new() };
    heading(text, style, &format!("{what} on other samples{more}"));
    let rows = changes[..shown].iter().map(|c| {
        vec![cut(&c.id, style.width / 2), format!("+{}", thousands(c.gained)), format!("-{}", thousands(c.lost))]
    });
    line(text, &plain_table(&["", "gained", "lost"], &[1, 2], rows.collect()));
}

fn only(text: &mut String, side: &str, ids: &[String], style: Style) {
    if ids.is_empty() {
        return;
    }
    let mut named = String::new();
    for id in ids {
        if named.len() > style.width {
            break;
        }
        // Writing to a string cannot fail.
        let _ = write!(named, "{}{}", if named.is_empty() { "" } else { ", " }, cut(id, id_width(style)));
    }
    text.push('\n');
    let said = format!("only in the {side}: {} ({named})", thousands(ids.len() as u64));
    line(text, &cut(&said, style.width));
}
