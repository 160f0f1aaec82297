//! The report that people read on a terminal: the verdict first, then figures, then what is wrong.

use super::calibration::curve_grid;
use super::grid::{Align, Grid};
use super::modes::{NOTHING_SENT, advisory, in_place_of_models, is_plain};
use super::number::{counted, millis, percent};
use super::owasp::{exercised, without_samples};
use super::rates::{Verdict, heading, rates, verdict, worst_detectors, worst_rules};
use super::style::{Style, Tone, cut, thousands};
use super::{Rows, RunFormat, RunReport};
use crate::metrics::{GateOutcome, LatencySummary, Summary};
use crate::runner::{KeptSample, Kind};
use std::io::{self, Write};
use unicode_width::UnicodeWidthStr as _;

/// Detectors and rules shown at most; the files have all.
const MOST_LINES: usize = 10;
/// Values of a group shown at most.
const MOST_VALUES: usize = 20;

/// The report on a terminal.
#[derive(Clone, Copy, Debug)]
pub struct TableReport {
    /// Colours, and columns of the terminal.
    pub style: Style,
}

impl RunFormat for TableReport {
    fn write(&self, report: &RunReport<'_>, _: Rows<'_>, out: &mut dyn Write) -> io::Result<()> {
        self.verdict(report, out)?;
        if let Some(summary) = report.summary() {
            self.gates(report.gates, out)?;
            self.decisions(summary, report.skipped_rows, out)?;
            self.modes(summary, out)?;
            self.figures(summary, out)?;
            self.groups(summary, out)?;
            self.detectors(summary, out)?;
            self.rules(summary, out)?;
            self.owasp(report, out)?;
        }
        self.samples(report, out)?;
        self.ending(report, out)
    }
}

impl TableReport {
    pub(super) fn good(&self, text: &str) -> String {
        self.style.paint(Tone::Good, text)
    }

    fn bad(&self, text: &str) -> String {
        self.style.paint(Tone::Bad, text)
    }

    fn doubtful(&self, text: &str) -> String {
        self.style.paint(Tone::Mixed, text)
    }

    pub(super) fn strong(&self, text: &str) -> String {
        self.style.paint(Tone::Strong, text)
    }

    pub(super) fn faint(&self, text: &str) -> String {
        self.style.paint(Tone::Dim, text)
    }

    fn verdict(&self, report: &RunReport<'_>, out: &mut dyn Write) -> io::Result<()> {
        let (verdict, rest) = verdict(report);
        let word = match verdict {
            Verdict::Passed => self.good(verdict.word()),
            Verdict::Failed | Verdict::Unfinished => self.bad(verdict.word()),
            Verdict::Done => self.strong(verdict.word()),
        };
        writeln!(out, "{word}  {rest}")?;
        let version = match report.run.policy_version.as_deref() {
            Some(version) => format!(" ({version})"),
            None => String::new(),
        };
        let origin = format!("{} under {}{version}", report.run.dataset_id, report.policy);
        writeln!(out, "{}\n", self.faint(&cut(&origin, self.style.width)))
    }

    fn gates(&self, gates: &[GateOutcome], out: &mut dyn Write) -> io::Result<()> {
        if gates.is_empty() {
            return Ok(());
        }
        let mut grid = Grid::new(&[Align::Left, Align::Left, Align::Left]);
        for gate in gates {
            let mark = if gate.failed { self.bad("failed") } else { self.good("passed") };
            let values: Vec<String> = gate.values.iter().map(|m| format!("{} = {}", m.figure, m.value)).collect();
            grid.row([mark, format!("fail on {}", gate.expression), self.faint(&values.join(", "))]);
        }
        self.section("Gates", out)?;
        grid.write(out)?;
        writeln!(out)
    }

    pub(super) fn decisions(&self, summary: &Summary, skipped_rows: u64, out: &mut dyn Write) -> io::Result<()> {
        let d = &summary.rates.decisions;
        let mut parts = Vec::new();
        for (name, n) in
            [("ALLOW", d.allow), ("WARN", d.warn), ("TRANSFORM", d.transform), ("REDACT", d.redact), ("BLOCK", d.block)]
        {
            let part = format!("{name} {}", thousands(n));
            parts.push(if n == 0 { self.faint(&part) } else { part });
        }
        if d.other > 0 {
            parts.push(self.doubtful(&format!("other {}", thousands(d.other))));
        }
        let errors = format!("ERROR {}", thousands(summary.rates.errors));
        parts.push(if summary.rates.errors > 0 { self.bad(&errors) } else { self.faint(&errors) });
        self.section("Decisions", out)?;
        writeln!(out, "  {}", parts.join("   "))?;
        let unlabelled = summary.rates.total - summary.rates.labelled;
        if unlabelled > 0 {
            let text =
                format!("{} without a label, left out of what needs one", counted(unlabelled, "sample", "samples"));
            writeln!(out, "  {}", self.faint(&text))?;
        }
        if skipped_rows > 0 {
            let text =
                format!("{} skipped", counted(skipped_rows, "row that is no sample", "rows that are no samples"));
            writeln!(out, "  {}", self.doubtful(&text))?;
        }
        writeln!(out)
    }

    fn modes(&self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        if is_plain(summary) {
            return Ok(());
        }
        self.section("Models", out)?;
        writeln!(out, "  {NOTHING_SENT}")?;
        let mut grid = Grid::new(&[Align::Left, Align::Right, Align::Left]);
        grid.row(["", "samples", "what decided instead"].map(|h| self.faint(h)));
        let lines = in_place_of_models(summary);
        if lines.is_empty() {
            grid.rows.clear();
        }
        for line in lines.iter().take(MOST_LINES) {
            grid.row([cut(line.detector, self.style.width / 3), line.share(), line.what.clone()]);
        }
        grid.write(out)?;
        self.and_more(lines.len(), MOST_LINES, out)?;
        if let Some(advisory) = advisory(summary) {
            writeln!(out, "  {}", self.doubtful(&advisory))?;
        }
        writeln!(out)
    }

    pub(super) fn figures(&self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        let mut grid = Grid::new(&[Align::Left, Align::Right, Align::Right, Align::Right, Align::Left]);
        let header = ["", "", "95% interval", "samples", ""].map(|h| self.faint(h));
        grid.row(header);
        for rate in rates(summary) {
            let value = rate.value.map_or_else(|| self.faint("undefined"), percent);
            let interval = rate.interval.map(|[lo, hi]| format!("{} to {}", percent(lo), percent(hi)));
            let (part, whole) = rate.counts;
            grid.row([
                rate.name.to_owned(),
                value,
                self.faint(&interval.unwrap_or_default()),
                format!("{} of {}", thousands(part), thousands(whole)),
                rate.note,
            ]);
        }
        let mut single = |name: &str, value: Option<f64>| {
            if let Some(value) = value {
                grid.row([name.to_owned(), format!("{value:.4}"), String::new(), String::new(), String::new()]);
            }
        };
        single("f1", summary.rates.f1);
        single("AUROC", summary.auroc);
        single("AUPRC", summary.auprc);
        single("ECE", summary.ece);
        for (metric, q) in &summary.quality {
            grid.row([
                format!("quality: {metric}"),
                format!("{:.3}", q.mean),
                String::new(),
                thousands(q.count),
                self.faint(&format!("lowest {:.3}, median {:.3}", q.min, q.p50)),
            ]);
        }
        if let Some(hits) = &summary.rule_hits {
            grid.row([
                "expected rules fired".to_owned(),
                hits.rate.map_or_else(|| self.faint("undefined"), percent),
                String::new(),
                format!("{} of {}", thousands(hits.matched), thousands(hits.expected)),
                String::new(),
            ]);
        }
        self.section("Figures", out)?;
        grid.write(out)?;
        writeln!(out)?;
        if let Some(curve) = curve_grid(summary.reliability_curve.as_deref(), |h| self.faint(h)) {
            self.section("Calibration", out)?;
            curve.write(out)?;
            writeln!(out)?;
        }
        if let Some(latency) = &summary.latency_ms {
            self.section("Latency per sample", out)?;
            let speed = match summary.samples_per_second {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                Some(speed) => format!("   {} samples/s", thousands(speed as u64)),
                None => String::new(),
            };
            writeln!(out, "  {}{speed}\n", latency_line(latency))?;
        }
        Ok(())
    }

    pub(super) fn groups(&self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        for (key, values) in &summary.by {
            if values.len() < 2 && key == crate::metrics::CONTEXT_KEY {
                continue;
            }
            let mut grid = Grid::new(&[
                Align::Left,
                Align::Right,
                Align::Right,
                Align::Right,
                Align::Right,
                Align::Right,
                Align::Right,
            ]);
            let header = ["", "samples", "accuracy", "precision", "recall", "false pos.", "blocked"];
            grid.row(header.map(|h| self.faint(h)));
            for (value, r) in values.iter().take(MOST_VALUES) {
                let show = |rate: Option<f64>| rate.map_or_else(|| "-".to_owned(), percent);
                grid.row([
                    cut(value, self.style.width / 3),
                    thousands(r.total),
                    show(r.accuracy),
                    show(r.precision),
                    show(r.recall),
                    show(r.fp_rate),
                    show(r.block_rate),
                ]);
            }
            self.section(&format!("By {}", cut(key, self.style.width / 3)), out)?;
            grid.write(out)?;
            self.and_more(values.len(), MOST_VALUES, out)?;
            writeln!(out)?;
        }
        Ok(())
    }

    pub(super) fn detectors(&self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        if summary.detectors.is_empty() {
            return Ok(());
        }
        let timed = summary.detectors.iter().any(|d| d.latency_ms.is_some());
        let mut grid = Grid::new(&[Align::Left, Align::Right, Align::Right, Align::Right, Align::Right, Align::Right]);
        let header = ["", "flagged", "of", "false pos.", "hits", if timed { "avg / p99 ms" } else { "" }];
        grid.row(header.map(|h| self.faint(h)));
        let detectors = worst_detectors(summary);
        for d in detectors.iter().take(MOST_LINES) {
            let latency = d.latency_ms.map_or_else(String::new, |l| format!("{} / {}", millis(l.avg), millis(l.p99)));
            let false_positives = thousands(d.false_positives);
            grid.row([
                cut(&d.name, self.style.width / 3),
                thousands(d.flagged),
                thousands(d.samples_run),
                if d.false_positives > 0 { self.doubtful(&false_positives) } else { false_positives },
                thousands(d.hits),
                latency,
            ]);
        }
        self.section("Detectors", out)?;
        grid.write(out)?;
        self.and_more(detectors.len(), MOST_LINES, out)?;
        writeln!(out)
    }

    pub(super) fn rules(&self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        if summary.rules.is_empty() {
            return Ok(());
        }
        let labelled = summary.rates.labelled > 0;
        let mut grid = Grid::new(&[Align::Left, Align::Right, Align::Right, Align::Right]);
        let header = match labelled {
            true => ["", "samples", "on ALLOW", "alone"],
            false => ["", "samples", "hits", ""],
        };
        grid.row(header.map(|h| self.faint(h)));
        let rules = worst_rules(summary);
        for r in rules.iter().take(MOST_LINES) {
            let on_allow = thousands(r.on_allow);
            let counts = match labelled {
                true => [if r.on_allow > 0 { self.doubtful(&on_allow) } else { on_allow }, thousands(r.alone_on_allow)],
                false => [thousands(r.hits), String::new()],
            };
            let [second, third] = counts;
            grid.row([cut(&r.id, self.style.width / 2), thousands(r.samples), second, third]);
        }
        self.section("Rules", out)?;
        grid.write(out)?;
        self.and_more(rules.len(), MOST_LINES, out)?;
        writeln!(out)
    }

    fn owasp(&self, report: &RunReport<'_>, out: &mut dyn Write) -> io::Result<()> {
        let categories = exercised(report);
        if categories.is_empty() {
            return Ok(());
        }
        let mut grid = Grid::new(&[Align::Left, Align::Right, Align::Right, Align::Right, Align::Right, Align::Right]);
        grid.row(["", "detectors", "samples", "recall", "false neg.", "false pos."].map(|h| self.faint(h)));
        for c in categories.iter().filter(|c| c.samples > 0) {
            let missed = thousands(c.false_negatives);
            grid.row([
                // The other columns take 54.
                cut(&format!("{} {}", c.id, c.name), self.style.width.saturating_sub(54).max(16)),
                thousands(c.detectors.len() as u64),
                thousands(c.samples),
                c.recall.map_or_else(|| "-".to_owned(), percent),
                if c.false_negatives > 0 { self.doubtful(&missed) } else { missed },
                thousands(c.false_positives),
            ]);
        }
        self.section("OWASP LLM Top 10", out)?;
        grid.write(out)?;
        for (what, covered) in [("covered, without a sample", true), ("not covered", false)] {
            let ids = without_samples(categories, covered);
            if !ids.is_empty() {
                writeln!(out, "  {}", self.faint(&format!("{what}: {ids}")))?;
            }
        }
        writeln!(out)
    }

    fn samples(&self, report: &RunReport<'_>, out: &mut dyn Write) -> io::Result<()> {
        for kind in Kind::ALL {
            let (list, count) = (report.kept.list(kind), report.kept.count(kind));
            if !report.keep.kinds.contains(&kind) || count == 0 {
                continue;
            }
            self.section(&format!("{} ({})", heading(kind), thousands(count)), out)?;
            for sample in list {
                self.sample(sample, out)?;
            }
            let hidden = count - list.len() as u64;
            if hidden > 0 {
                let text = format!("{} not shown; --max-show {count} shows all", thousands(hidden));
                writeln!(out, "  {}", self.faint(&text))?;
            }
            writeln!(out)?;
        }
        Ok(())
    }

    fn sample(&self, sample: &KeptSample, out: &mut dyn Write) -> io::Result<()> {
        let expected = sample.expected.map_or("unlabelled", |d| d.name());
        let mut line = vec![
            self.strong(&cut(&sample.id, self.style.width / 3)),
            self.faint(sample.context),
            format!("expected {expected}, got {}", sample.actual),
        ];
        if sample.error.is_none() {
            line.push(self.faint(&format!("risk {}", sample.risk)));
        }
        if !sample.rules.is_empty() {
            let used = sample.id.width() + sample.context.len() + 50;
            line.push(cut(&sample.rules.join(" "), self.style.width.saturating_sub(used).max(24)));
        }
        writeln!(out, "  {}", line.join("  "))?;
        if let Some(error) = &sample.error {
            writeln!(out, "    {}", self.bad(&cut(error, self.style.width.saturating_sub(4))))?;
        }
        writeln!(out, "    {}", self.faint(&cut(&sample.text, self.style.width.saturating_sub(4))))
    }

    fn ending(&self, report: &RunReport<'_>, out: &mut dyn Write) -> io::Result<()> {
        for name in report.written {
            writeln!(out, "{}", self.faint(&format!("wrote {name}")))?;
        }
        if report.written.is_empty() {
            let text = "--out run.json keeps the run for `znyx-bench compare`; --show all lists every sample";
            writeln!(out, "{}", self.faint(text))?;
        }
        Ok(())
    }

    pub(super) fn section(&self, title: &str, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.strong(title))
    }

    fn and_more(&self, all: usize, shown: usize, out: &mut dyn Write) -> io::Result<()> {
        if all > shown {
            let text = format!("... and {} more (--format json has all)", all - shown);
            writeln!(out, "  {}", self.faint(&text))?;
        }
        Ok(())
    }
}

/// Average, percentiles and maximum.
pub(super) fn latency_line(l: &LatencySummary) -> String {
    let [avg, p50, p95, p99, max] = [l.avg, l.p50, l.p95, l.p99, l.max].map(millis);
    format!("avg {avg} ms   p50 {p50}   p95 {p95}   p99 {p99}   max {max}")
}
