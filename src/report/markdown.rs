//! The report as Markdown, for a comment on a change.

use super::calibration::{HEADINGS, curve_lines};
use super::modes::{NOTHING_SENT, advisory, in_place_of_models, is_plain};
use super::number::percent;
use super::owasp::{exercised, status};
use super::rates::{Verdict, heading, rates, verdict, worst_detectors, worst_rules};
use super::style::{cut, thousands};
use super::table::latency_line;
use super::{Rows, RunFormat, RunReport};
use crate::metrics::Summary;
use crate::runner::Kind;
use std::io::{self, Write};

/// Detectors and rules shown at most.
const MOST_LINES: usize = 15;
/// Columns of a sample's text shown at most.
const TEXT_WIDTH: usize = 160;

/// The report as GitHub-flavoured Markdown.
#[derive(Clone, Copy, Debug)]
pub struct MarkdownReport;

impl RunFormat for MarkdownReport {
    fn write(&self, report: &RunReport<'_>, _: Rows<'_>, out: &mut dyn Write) -> io::Result<()> {
        let (verdict, rest) = verdict(report);
        let mark = match verdict {
            Verdict::Passed => "✅ ",
            Verdict::Failed | Verdict::Unfinished => "❌ ",
            Verdict::Done => "",
        };
        writeln!(out, "### {mark}znyx-bench: {}, {rest}\n", verdict.word().to_lowercase())?;
        let version = report.run.policy_version.as_deref().map_or_else(String::new, |v| format!(" ({})", code(v)));
        writeln!(out, "{} under {}{version}\n", code(&report.run.dataset_id), code(report.policy))?;
        gates(report, out)?;
        if let Some(summary) = report.summary() {
            figures(summary, report.skipped_rows, out)?;
            modes(summary, out)?;
            groups(summary, out)?;
            detectors(summary, out)?;
            rules(summary, out)?;
            owasp(report, out)?;
        }
        samples(report, out)
    }
}

fn gates(report: &RunReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    if report.gates.is_empty() {
        return Ok(());
    }
    writeln!(out, "| gate | outcome | measured |\n|---|---|---|")?;
    for gate in report.gates {
        let outcome = if gate.failed { "❌ failed" } else { "✅ passed" };
        let values: Vec<String> = gate.values.iter().map(|m| format!("{} = {}", code(&m.figure), m.value)).collect();
        writeln!(out, "| fail on {} | {outcome} | {} |", code(&gate.expression), values.join(", "))?;
    }
    writeln!(out)
}

pub(super) fn figures(summary: &Summary, skipped_rows: u64, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "| | value | 95% interval | samples |\n|---|---:|---:|---:|")?;
    for rate in rates(summary) {
        let interval = rate.interval.map(|[lo, hi]| format!("{} to {}", percent(lo), percent(hi)));
        let note = if rate.note.is_empty() { String::new() } else { format!(" ({})", rate.note) };
        let (part, whole) = rate.counts;
        writeln!(
            out,
            "| {} | {} | {} | {} of {}{note} |",
            rate.name,
            rate.value.map_or_else(|| "-".to_owned(), percent),
            interval.unwrap_or_default(),
            thousands(part),
            thousands(whole)
        )?;
    }
    for (name, value) in
        [("f1", summary.rates.f1), ("AUROC", summary.auroc), ("AUPRC", summary.auprc), ("ECE", summary.ece)]
    {
        if let Some(value) = value {
            writeln!(out, "| {name} | {value:.4} | | |")?;
        }
    }
    for (metric, q) in &summary.quality {
        let rest = format!("lowest {:.3}, median {:.3}", q.min, q.p50);
        writeln!(out, "| quality: {} | {:.3} | | {} ({rest}) |", cell(metric, 40), q.mean, thousands(q.count))?;
    }
    if let Some(hits) = &summary.rule_hits {
        let rate = hits.rate.map_or_else(|| "-".to_owned(), percent);
        writeln!(
            out,
            "| expected rules fired | {rate} | | {} of {} |",
            thousands(hits.matched),
            thousands(hits.expected)
        )?;
    }
    let d = &summary.rates.decisions;
    let other = if d.other > 0 { format!(", other {}", thousands(d.other)) } else { String::new() };
    writeln!(
        out,
        "\nDecisions: ALLOW {}, WARN {}, TRANSFORM {}, REDACT {}, BLOCK {}{other}, ERROR {}",
        thousands(d.allow),
        thousands(d.warn),
        thousands(d.transform),
        thousands(d.redact),
        thousands(d.block),
        thousands(summary.rates.errors)
    )?;
    calibration(summary, out)?;
    if let Some(latency) = &summary.latency_ms {
        writeln!(out, "\nLatency per sample: {}", latency_line(latency).replace("   ", ", "))?;
    }
    if skipped_rows > 0 {
        writeln!(out, "\n⚠️ {} rows of the dataset are no samples and were skipped", thousands(skipped_rows))?;
    }
    writeln!(out)
}

fn calibration(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    let (lines, more) = curve_lines(summary.reliability_curve.as_deref());
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n| {} |\n|---|---:|---:|---:|---:|", HEADINGS.join(" | "))?;
    for line in lines {
        writeln!(out, "| {} |", line.join(" | "))?;
    }
    if more > 0 {
        writeln!(out, "\n... and {more} more")?;
    }
    Ok(())
}

fn modes(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    if is_plain(summary) {
        return Ok(());
    }
    writeln!(out, "{NOTHING_SENT}\n")?;
    let lines = in_place_of_models(summary);
    if !lines.is_empty() {
        writeln!(out, "| detector | samples | what decided instead |\n|---|---:|---|")?;
    }
    for line in lines.iter().take(MOST_LINES) {
        writeln!(out, "| {} | {} | {} |", code(line.detector), line.share(), cell(&line.what, TEXT_WIDTH))?;
    }
    if lines.len() > MOST_LINES {
        writeln!(out, "\n... and {} more", lines.len() - MOST_LINES)?;
    }
    if let Some(advisory) = advisory(summary) {
        writeln!(out, "\n{}", cell(&advisory, 1000))?;
    }
    writeln!(out)
}

pub(super) fn groups(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    for (key, values) in &summary.by {
        if values.len() < 2 && key == crate::metrics::CONTEXT_KEY {
            continue;
        }
        writeln!(
            out,
            "| by {} | samples | accuracy | precision | recall | false positives | blocked |",
            cell(key, 40)
        )?;
        writeln!(out, "|---|---:|---:|---:|---:|---:|---:|")?;
        for (value, r) in values.iter().take(MOST_LINES) {
            let show = |rate: Option<f64>| rate.map_or_else(|| "-".to_owned(), percent);
            writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} | {} |",
                cell(value, 60),
                thousands(r.total),
                show(r.accuracy),
                show(r.precision),
                show(r.recall),
                show(r.fp_rate),
                show(r.block_rate)
            )?;
        }
        and_more(values.len(), out)?;
    }
    Ok(())
}

pub(super) fn detectors(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    let detectors = worst_detectors(summary);
    if detectors.is_empty() {
        return Ok(());
    }
    writeln!(out, "| detector | flagged | of | false positives | hits |\n|---|---:|---:|---:|---:|")?;
    for d in detectors.iter().take(MOST_LINES) {
        writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            code(&d.name),
            thousands(d.flagged),
            thousands(d.samples_run),
            thousands(d.false_positives),
            thousands(d.hits)
        )?;
    }
    and_more(detectors.len(), out)
}

pub(super) fn rules(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    let rules = worst_rules(summary);
    if rules.is_empty() {
        return Ok(());
    }
    writeln!(out, "| rule | samples | on ALLOW | alone |\n|---|---:|---:|---:|")?;
    for r in rules.iter().take(MOST_LINES) {
        writeln!(
            out,
            "| {} | {} | {} | {} |",
            code(&r.id),
            thousands(r.samples),
            thousands(r.on_allow),
            thousands(r.alone_on_allow)
        )?;
    }
    and_more(rules.len(), out)
}

fn owasp(report: &RunReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let categories = exercised(report);
    if categories.is_empty() {
        return Ok(());
    }
    writeln!(out, "| OWASP LLM Top 10 | coverage | samples | recall | false negatives | false positives |")?;
    writeln!(out, "|---|---|---:|---:|---:|---:|")?;
    for c in categories {
        let detectors: Vec<String> = c.detectors.iter().map(|d| code(d)).collect();
        let by = if detectors.is_empty() { String::new() } else { format!(": {}", detectors.join(" ")) };
        writeln!(
            out,
            "| {} {} | {}{by} | {} | {} | {} | {} |",
            c.id,
            c.name,
            status(c.status),
            thousands(c.samples),
            c.recall.map_or_else(|| "-".to_owned(), percent),
            thousands(c.false_negatives),
            thousands(c.false_positives)
        )?;
    }
    writeln!(out)
}

fn samples(report: &RunReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    for kind in Kind::ALL {
        let (list, count) = (report.kept.list(kind), report.kept.count(kind));
        if !report.keep.kinds.contains(&kind) || count == 0 {
            continue;
        }
        writeln!(out, "<details><summary>{} ({})</summary>\n", heading(kind), thousands(count))?;
        writeln!(out, "| sample | context | expected | got | rules | text |\n|---|---|---|---|---|---|")?;
        for s in list {
            let rules: Vec<String> = s.rules.iter().map(|r| code(r)).collect();
            writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} |",
                code(&s.id),
                s.context,
                s.expected.map_or("", |d| d.name()),
                s.actual,
                s.error.as_deref().map_or_else(|| rules.join(" "), |e| cell(e, TEXT_WIDTH)),
                cell(&s.text, TEXT_WIDTH)
            )?;
        }
        let hidden = count - list.len() as u64;
        if hidden > 0 {
            writeln!(out, "\n{} more", thousands(hidden))?;
        }
        writeln!(out, "\n</details>\n")?;
    }
    Ok(())
}

fn and_more(all: usize, out: &mut dyn Write) -> io::Result<()> {
    if all > MOST_LINES {
        writeln!(out, "\n... and {} more", all - MOST_LINES)?;
    }
    writeln!(out)
}

/// A text from the dataset or policy as a table cell: on one line, nothing in it read as markup, no one notified.
pub(super) fn cell(text: &str, width: usize) -> String {
    let mut out = String::new();
    for c in cut(text, width).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '!' | ':' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// A text as code, in a table.
pub(super) fn code(text: &str) -> String {
    let text = cut(text, 100);
    let text = text.replace('|', "\\|");
    let fence = if text.contains('`') { "``" } else { "`" };
    let room = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{room}{text}{room}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_read_as_markup() {
        assert_eq!(
            cell("<b>|x|</b>\n@team **hi** [a](http://b)", 80),
            "&lt;b&gt;\\|x\\|&lt;/b&gt;\\\\n&#64;team \\*\\*hi\\*\\* \\[a\\](http\\://b)"
        );
        assert_eq!(code("a`b|c"), "``a`b\\|c``");
        assert_eq!(code("`"), "`` ` ``");
    }
}
