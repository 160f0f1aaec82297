//! A worker's part: one batch parsed, evaluated, counted and written into memory.

use super::digest::sample_digest;
use super::filter::{Filter, MetadataView};
use super::ids::id_hash;
use super::kept::{Keep, KeptSamples};
use super::row::{CleanHeads, Evaluated, RowColumns, write_csv, write_json};
use crate::api::{Actual, DetectorRow, Stage};
use crate::dataset::{BATCH_BYTES, BadRows, Batch, Context, Line, RowReader, Sample, Subject};
use crate::engine::{Engine, EvalError, Identity, Metadata, Request, Response};
use crate::metrics::{Accumulator, Bins, Label, SampleOutcome, rules_match};
use crate::value::parse_json;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::{Duration, Instant};

/// The value of a group key on samples that have none.
pub const NO_VALUE: &str = "(none)";

/// How samples are evaluated and what is kept of them.
#[derive(Debug)]
pub struct Work<'p> {
    /// The compiled policy.
    pub engine: &'p Engine,
    /// How rows are read.
    pub rows: &'p RowReader,
    /// Which are evaluated.
    pub filter: &'p Filter,
    /// Measured evaluations of each sample, at least 1.
    pub repeat: u32,
    /// Evaluations of each sample before the measured ones.
    pub warmup: u32,
    /// Whether times are measured and written.
    pub timing: bool,
    /// Whether rows have the rewritten text.
    pub include_sanitized: bool,
    /// Whether JSON rows are wanted.
    pub json: bool,
    /// Whether CSV rows are wanted.
    pub csv: bool,
    /// Metadata keys by whose values figures are grouped.
    pub by: &'p [String],
    /// Samples to keep for the report.
    pub keep: &'p Keep,
    /// Bins of the figures of the risk score.
    pub bins: Bins,
    /// Whether a row that is no sample is passed over and counted; else it ends the run.
    pub skip_bad_rows: bool,
}

/// What the calling thread and the workers tell each other while batches are under way.
#[derive(Debug, Default)]
pub struct Signals {
    /// A row was no sample and ends the run: rows are only checked from now on.
    pub faulty: AtomicBool,
    /// Kinds of samples of which the report has all it shows, a bit each.
    pub kept_full: AtomicU8,
}

/// What came of a batch. Its buffers are reused for a later one.
#[derive(Debug, Default)]
pub struct Done {
    /// The batch itself.
    pub batch: Batch,
    /// JSON rows.
    pub json: Vec<u8>,
    /// CSV rows.
    pub csv: Vec<u8>,
    heads: CleanHeads,
    /// Figures to which its samples are added.
    pub figures: Accumulator,
    /// Digest of each evaluated sample.
    pub digests: Vec<[u8; 32]>,
    /// Id of each sample, also of those the filter left out.
    pub ids: Vec<(u64, Line)>,
    /// Rows that are no samples.
    pub bad: BadRows,
    /// Samples for the report.
    pub kept: KeptSamples,
    /// Contexts that occurred among the evaluated samples.
    pub contexts: BTreeSet<&'static str>,
    /// A sample whose decisions differed between repeats.
    pub unstable: Option<String>,
}

impl Done {
    fn reset(&mut self) {
        empty(&mut self.json);
        empty(&mut self.csv);
        self.digests.clear();
        self.ids.clear();
        self.contexts.clear();
        self.bad = BadRows::default();
        self.kept = KeptSamples::default();
        self.unstable = None;
    }
}

/// The most that a row buffer keeps from one batch to the next: one enormous row must not be held for good.
const KEPT_BUFFER: usize = 8 * BATCH_BYTES;

/// Samples that are taken through the parts of the work together: the processor forgets the instructions of one part
/// over those of the others.
const TOGETHER: usize = 16;

fn empty(buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.shrink_to(KEPT_BUFFER);
}

impl Work<'_> {
    /// Does everything for the batch in `done`.
    pub fn process(&self, done: &mut Done, signals: &Signals) {
        done.reset();
        let kept_full = signals.kept_full.load(Ordering::Relaxed);
        let batch = std::mem::take(&mut done.batch);
        let mut samples = Vec::with_capacity(TOGETHER);
        for (line, row) in batch.samples(self.rows) {
            match row {
                Err(bad) => {
                    done.bad.push(bad);
                    if !self.skip_bad_rows {
                        signals.faulty.store(true, Ordering::Relaxed);
                    }
                }
                Ok(sample) => {
                    done.ids.push((id_hash(&sample.id), line));
                    if !signals.faulty.load(Ordering::Relaxed) && self.filter.admits(&sample) {
                        samples.push(sample);
                    }
                }
            }
            if samples.len() == TOGETHER {
                self.samples(&samples, kept_full, done);
                samples.clear();
            }
        }
        self.samples(&samples, kept_full, done);
        drop(samples);
        done.batch = batch;
    }

    /// How many rows of the batch it takes to get `wanted` samples past the filter, and how many samples those have.
    #[must_use]
    pub fn rows_for(&self, batch: &Batch, wanted: u64) -> (usize, u64) {
        let mut got = 0;
        for (i, (_, row)) in batch.samples(self.rows).enumerate() {
            got += u64::from(row.is_ok_and(|sample| self.filter.admits(&sample)));
            if got == wanted {
                return (i + 1, got);
            }
        }
        (batch.len(), got)
    }

    /// Everything for some samples, one part of the work for all of them before the next part.
    fn samples(&self, samples: &[Sample<'_>], kept_full: u8, done: &mut Done) {
        for sample in samples {
            done.digests.push(sample_digest(sample));
            done.contexts.insert(sample.context.name());
        }
        let measured: Vec<Measured> = samples.iter().map(|sample| self.measure(sample)).collect();
        let rows: Vec<Evaluated<'_>> =
            samples.iter().zip(&measured).map(|(sample, measured)| self.row(sample, measured)).collect();
        if done.unstable.is_none() {
            let unstable = samples.iter().zip(&measured).find(|(_, measured)| measured.unstable);
            done.unstable = unstable.map(|(sample, _)| sample.id.to_string());
        }
        for row in &rows {
            if self.json {
                write_json(row, &mut done.heads, &mut done.json);
            }
            if self.csv {
                let columns = RowColumns { timing: self.timing, sanitized: self.include_sanitized };
                write_csv(row, columns, &mut done.heads, &mut done.csv);
            }
        }
        for row in &rows {
            done.kept.add(row, self.keep, kept_full);
            self.count(row, &mut done.figures);
        }
    }

    fn count(&self, row: &Evaluated<'_>, figures: &mut Accumulator) {
        // Most metadata names no category, and then need not be parsed.
        let is_tagged = row.sample.metadata.as_deref().is_some_and(|raw| raw.contains("\"owasp\""));
        let metadata = (is_tagged || !self.by.is_empty()).then(|| MetadataView::new(row.sample));
        let owasp = metadata.as_ref().filter(|_| is_tagged).and_then(|m| m.text("owasp"));
        let values: Vec<Cow<'_, str>> = (self.by.iter())
            .map(|key| metadata.as_ref().and_then(|m| m.text(key)).unwrap_or(Cow::Borrowed(NO_VALUE)))
            .collect();
        let groups: Vec<(&str, &str)> = self.by.iter().map(String::as_str).zip(values.iter().map(|v| &**v)).collect();
        figures.add(&SampleOutcome {
            context: row.sample.context.name(),
            expected: row.sample.expected_decision.map(Label::from),
            expected_rule_hits: row.sample.expected_rule_hits.as_deref(),
            rule_hits_match: row.rule_hits_match,
            actual: row.actual.into(),
            risk: Some(f64::from(row.risk)),
            rule_ids: &row.rule_ids,
            detectors: &row.detectors,
            latency_us: row.latency_us,
            groups: &groups,
            quality: row.quality.as_ref(),
            owasp: owasp.as_deref(),
        });
    }

    /// Evaluates a sample as often as asked; of several, the one with the median time is kept.
    fn measure(&self, sample: &Sample<'_>) -> Measured {
        for _ in 0..self.warmup {
            let _ = self.evaluate(sample);
        }
        let mut runs: Vec<Timed> = (0..self.repeat.max(1)).map(|_| self.timed(sample)).collect();
        let first = verdict(&runs[0].response);
        let unstable = runs[1..].iter().any(|r| verdict(&r.response) != first);
        runs.sort_by_key(|r| r.latency);
        let upper = runs[runs.len() / 2].latency;
        let kept = runs.swap_remove((runs.len() - 1) / 2);
        Measured { latency: (kept.latency + upper) / 2, response: kept.response, unstable }
    }

    fn timed(&self, sample: &Sample<'_>) -> Timed {
        let started = self.timing.then(Instant::now);
        let response = self.evaluate(sample);
        Timed { latency: started.map_or(Duration::ZERO, |s| s.elapsed()), response }
    }

    fn evaluate(&self, sample: &Sample<'_>) -> Result<Response, EvalError> {
        // A fault in the engine must cost one sample, not the run.
        catch_unwind(AssertUnwindSafe(|| evaluate(self.engine, sample)))
            .unwrap_or_else(|_| Err(EvalError::new("the engine failed on this sample; please report it with the text")))
    }

    fn row<'s>(&self, sample: &'s Sample<'s>, measured: &'s Measured) -> Evaluated<'s> {
        let micros = |latency: Duration| self.timing.then(|| u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
        let mut row = Evaluated {
            sample,
            actual: Actual::Error,
            risk: 0,
            rule_ids: Vec::new(),
            detectors: Vec::new(),
            latency_us: micros(measured.latency),
            rule_hits_match: None,
            quality: None,
            sanitized: self.include_sanitized.then_some(None),
            error: None,
        };
        match &measured.response {
            Err(e) => row.error = Some(e.to_string()),
            Ok(response) => {
                row.actual = Actual::Decided(response.decision);
                row.risk = response.risk_score;
                row.rule_ids = response.hits().map(|hit| Cow::Borrowed(hit.id.as_str())).collect();
                row.detectors = (response.detectors.iter())
                    .map(|d| DetectorRow {
                        detector_name: Cow::Borrowed(&d.name),
                        decision: d.finding.decision,
                        risk_score: d.finding.risk,
                        latency_ms: None,
                        latency_us: micros(d.latency),
                        execution_mode: Cow::Borrowed(d.execution_mode),
                        fallback_path: d.fallback_path.as_deref().map(Cow::Borrowed),
                        rule_hits: d.finding.hits.iter().map(|hit| Cow::Borrowed(hit.id.as_str())).collect(),
                        transformed: d.transformed,
                    })
                    .collect();
                row.quality.clone_from(&response.quality);
                if self.include_sanitized {
                    row.sanitized = Some(response.sanitized_text.clone());
                }
            }
        }
        row.rule_hits_match = sample.expected_rule_hits.as_ref().map(|e| rules_match(e, &row.rule_ids));
        row
    }
}

struct Timed {
    latency: Duration,
    response: Result<Response, EvalError>,
}

struct Measured {
    latency: Duration,
    response: Result<Response, EvalError>,
    unstable: bool,
}

/// What must not differ between two evaluations of one sample.
fn verdict(response: &Result<Response, EvalError>) -> Option<(crate::api::Decision, u8, Vec<&str>)> {
    let response = response.as_ref().ok()?;
    Some((response.decision, response.risk_score, response.hits().map(|h| h.id.as_str()).collect()))
}

fn evaluate(engine: &Engine, sample: &Sample<'_>) -> Result<Response, EvalError> {
    let raw_metadata = || sample.metadata.as_deref().map_or_else(|| Ok(Metadata::none()), Metadata::from_json);
    let (text, metadata) = match &sample.subject {
        Subject::Enriched(metadata) => (&*sample.text, Metadata::from_map(metadata.clone())),
        Subject::ToolCall { result, .. } => (&**result, raw_metadata()?),
        Subject::Text | Subject::Manifest(_) => (&*sample.text, raw_metadata()?),
    };
    let own = &sample.identity;
    let benchmark = Identity::default();
    let request = Request {
        text,
        stage: match sample.context {
            Context::Stage(stage) => stage,
            // A hook has none, and what looks at its text asks for none.
            Context::Hook(_) => Stage::MemoryWrite,
        },
        metadata,
        identity: Identity {
            tenant_id: own.tenant_id.as_deref().unwrap_or(benchmark.tenant_id),
            app_id: own.app_id.as_deref().unwrap_or(benchmark.app_id),
            agent_id: own.agent_id.as_deref().unwrap_or(benchmark.agent_id),
            env: own.env.as_deref().unwrap_or(benchmark.env),
            session_id: own.session_id.as_deref().or(benchmark.session_id),
        },
    };
    match (sample.context, &sample.subject) {
        (Context::Hook(hook), Subject::Manifest(raw)) => {
            engine.evaluate_hook(hook, parse_json(raw).ok().as_ref(), &request)
        }
        (Context::Hook(hook), _) => engine.evaluate_hook(hook, None, &request),
        (_, Subject::ToolCall { name, args, .. }) => engine.evaluate_tool_call(name, args, &request),
        _ => engine.evaluate(&request),
    }
}
