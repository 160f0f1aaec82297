//! The run itself: a dataset through an engine into rows and figures.
//!
//! The calling thread reads batches and writes results in order; workers do everything between. What is in memory at a
//! time is a fixed number of batches, whatever the dataset's size, and the output does not depend on the number of workers.

mod digest;
mod evaluate;
mod filter;
mod ids;
mod kept;
mod row;
mod staged;

pub use digest::{DatasetHash, sample_digest, sha256_of};
pub use evaluate::{NO_VALUE, Work};
pub use filter::{Filter, FilterError, MetadataView};
pub use ids::DuplicateId;
pub use kept::{Keep, KeptSample, KeptSamples, Kind};
pub use row::{CleanHeads, Evaluated, RowColumns, csv_header, write_csv, write_json};
pub use staged::{Staged, join_lines};

use crate::dataset::{BadRows, Batch, DatasetError, LISTED_BAD_ROWS, Reader};
use crate::metrics::Accumulator;
use evaluate::{Done, Signals};
use ids::IdCheck;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Where rows go, in dataset order.
pub struct RowSinks<'w> {
    /// JSON lines.
    pub json: Option<&'w mut dyn Write>,
    /// CSV records, the header not included.
    pub csv: Option<&'w mut dyn Write>,
}

/// How a run is driven.
pub struct Drive<'d> {
    /// Workers; with one, everything happens on the calling thread.
    pub threads: usize,
    /// The most samples to evaluate.
    pub limit: Option<u64>,
    /// Set from outside to stop: batches under way are finished and counted.
    pub interrupted: &'d AtomicBool,
    /// Told the number of evaluated samples after each batch.
    pub on_progress: &'d mut dyn FnMut(u64),
}

/// What a run comes to.
#[derive(Debug)]
pub struct Outcome {
    /// Figures.
    pub figures: Accumulator,
    /// Hash of what was evaluated.
    pub dataset_hash: String,
    /// Samples evaluated, failed ones included.
    pub samples: u64,
    /// Rows that were no samples and were passed over.
    pub skipped: BadRows,
    /// Samples for the report.
    pub kept: KeptSamples,
    /// Contexts that occurred.
    pub contexts: BTreeSet<&'static str>,
    /// Whether the run was stopped before the dataset's end.
    pub interrupted: bool,
    /// Wall-clock time of reading, evaluating and writing.
    pub elapsed: Duration,
}

/// Why a run came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The dataset is wrong: rows that are no samples, and what ended the reading.
    #[error("{}", dataset_message(bad, fatal.as_ref()))]
    Dataset {
        /// Rows that are no samples.
        bad: BadRows,
        /// What ended the reading before the dataset's end.
        fatal: Option<DatasetError>,
    },
    /// Rows share an id.
    #[error("{}", duplicates_message(pairs, *count))]
    DuplicateIds {
        /// The first such rows.
        pairs: Vec<DuplicateId>,
        /// Rows that repeat an id.
        count: u64,
    },
    /// Rows could not be written, or ids not be kept on disk.
    #[error("cannot write {what}: {source}")]
    Write {
        /// What was being written.
        what: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Repeated evaluations of a sample differed, which the engine promises not to happen.
    #[error("sample {0:?} got different decisions in repeated evaluations; please report this with its text")]
    Unstable(String),
    /// Worker threads could not be started.
    #[error("cannot start the worker threads: {0}")]
    Threads(String),
}

fn dataset_message(bad: &BadRows, fatal: Option<&DatasetError>) -> String {
    let rows = match bad.count() {
        0 => None,
        1 => Some(format!("1 row of the dataset is no sample:\n{bad}")),
        n => Some(format!("{n} rows of the dataset are no samples:\n{bad}")),
    };
    let parts: Vec<String> = rows.into_iter().chain(fatal.map(ToString::to_string)).collect();
    parts.join("\n")
}

fn duplicates_message(pairs: &[DuplicateId], count: u64) -> String {
    let mut text = match count {
        1 => "1 row of the dataset repeats an id:".to_owned(),
        n => format!("{n} rows of the dataset repeat an id:"),
    };
    for pair in pairs {
        text.push_str(&format!("\n{}: the same id as {}", pair.second, pair.first));
    }
    let more = count - pairs.len() as u64;
    if more > 0 {
        text.push_str(&format!("\n... and {more} more"));
    }
    text + "\nids pair the samples of two runs, so each must be unique; --map id=KEY reads them from another key, \
            --map id= numbers the rows instead"
}

/// Runs a dataset through an engine.
///
/// # Errors
/// When the dataset is wrong or rows cannot be written; what went to the sinks until then is to be thrown away.
pub fn run(work: &Work<'_>, reader: &mut Reader, sinks: RowSinks<'_>, drive: Drive<'_>) -> Result<Outcome, RunError> {
    let started = Instant::now();
    let mut joined = Joined {
        sinks,
        keep: work.keep,
        figures: Accumulator::with_bins(work.bins),
        hash: DatasetHash::default(),
        ids: IdCheck::default(),
        bad: BadRows::default(),
        kept: KeptSamples::default(),
        contexts: BTreeSet::new(),
        unstable: None,
    };
    let mut feed = Feed { reader, remaining: drive.limit, ended: false, fatal: None };
    let interrupted = drive.interrupted;
    if drive.threads <= 1 {
        alone(work, &mut feed, &mut joined, drive.interrupted, drive.on_progress)?;
    } else {
        together(work, &mut feed, &mut joined, drive)?;
    }
    // A pipe that ends after the interruption may have been cut off by it, so its end proves nothing.
    let interrupted = interrupted.load(Ordering::Relaxed);
    joined.finish(feed.fatal, work.skip_bad_rows, interrupted, started.elapsed())
}

/// Where batches come from, up to the limit.
struct Feed<'r> {
    reader: &'r mut Reader,
    remaining: Option<u64>,
    ended: bool,
    fatal: Option<DatasetError>,
}

impl Feed<'_> {
    fn next(&mut self, work: &Work<'_>, batch: &mut Batch) -> bool {
        if self.ended {
            return false;
        }
        match self.reader.next_batch(batch) {
            Ok(true) => {}
            Ok(false) => self.ended = true,
            Err(e) => {
                self.fatal = Some(e);
                self.ended = true;
                // Rows before the place that cannot be read have their say.
                return !batch.is_empty();
            }
        }
        if let Some(remaining) = &mut self.remaining
            && !self.ended
        {
            let (rows, samples) = work.rows_for(batch, *remaining);
            batch.truncate(rows);
            *remaining -= samples;
            self.ended = *remaining == 0;
            return !batch.is_empty();
        }
        !self.ended
    }
}

/// Everything on the calling thread.
fn alone(
    work: &Work<'_>,
    feed: &mut Feed<'_>,
    joined: &mut Joined<'_, '_>,
    interrupted: &AtomicBool,
    on_progress: &mut dyn FnMut(u64),
) -> Result<(), RunError> {
    let mut done = Done::default();
    let signals = Signals::default();
    while !interrupted.load(Ordering::Relaxed) && feed.next(work, &mut done.batch) {
        // Straight to all figures: nothing is left to be merged.
        std::mem::swap(&mut done.figures, &mut joined.figures);
        work.process(&mut done, &signals);
        std::mem::swap(&mut done.figures, &mut joined.figures);
        joined.add(&mut done)?;
        signals.kept_full.store(joined.kept.full(joined.keep), Ordering::Relaxed);
        on_progress(joined.figures.total());
    }
    Ok(())
}

/// Batches to workers and back. Each worker has one under way and one waiting.
fn together(
    work: &Work<'_>,
    feed: &mut Feed<'_>,
    joined: &mut Joined<'_, '_>,
    drive: Drive<'_>,
) -> Result<(), RunError> {
    // Deeply nested JSON is read recursively.
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(drive.threads)
        .stack_size(8 << 20)
        .build()
        .map_err(|e| RunError::Threads(e.to_string()))?;
    let most_under_way = 2 * drive.threads as u64 + 1;
    let signals = Signals::default();
    let (results, arrivals) = mpsc::channel();
    pool.in_place_scope_fifo(|scope| {
        let (mut sent, mut written) = (0u64, 0u64);
        let mut early: BTreeMap<u64, Done> = BTreeMap::new();
        let mut spare: Vec<Done> = Vec::new();
        loop {
            while sent - written < most_under_way && !drive.interrupted.load(Ordering::Relaxed) {
                let mut done = spare.pop().unwrap_or_default();
                if !feed.next(work, &mut done.batch) {
                    break;
                }
                let (results, signals, number) = (results.clone(), &signals, sent);
                scope.spawn_fifo(move |_| {
                    let outcome = catch_unwind(AssertUnwindSafe(|| {
                        done.figures = Accumulator::with_bins(work.bins);
                        work.process(&mut done, signals);
                        done
                    }));
                    // The receiver is gone only when writing failed and nobody waits any more.
                    let _ = results.send((number, outcome));
                });
                sent += 1;
            }
            if sent == written {
                return Ok(());
            }
            // Every batch that was sent comes back, a panic included, so this does not wait for ever.
            let Ok((number, outcome)) = arrivals.recv() else { return Ok(()) };
            early.insert(number, outcome.unwrap_or_else(|panic| resume_unwind(panic)));
            while let Some(mut done) = early.remove(&written) {
                joined.figures.merge(&done.figures);
                joined.add(&mut done)?;
                signals.kept_full.store(joined.kept.full(joined.keep), Ordering::Relaxed);
                written += 1;
                spare.push(done);
                (drive.on_progress)(joined.figures.total());
            }
        }
    })
}

/// What batches add up to, in order.
struct Joined<'k, 'w> {
    sinks: RowSinks<'w>,
    keep: &'k Keep,
    figures: Accumulator,
    hash: DatasetHash,
    ids: IdCheck,
    bad: BadRows,
    kept: KeptSamples,
    contexts: BTreeSet<&'static str>,
    unstable: Option<String>,
}

impl Joined<'_, '_> {
    /// Takes over everything of a batch but its figures.
    fn add(&mut self, done: &mut Done) -> Result<(), RunError> {
        let rows = |source| RunError::Write { what: "the result rows", source };
        if let Some(sink) = &mut self.sinks.json {
            sink.write_all(&done.json).map_err(rows)?;
        }
        if let Some(sink) = &mut self.sinks.csv {
            sink.write_all(&done.csv).map_err(rows)?;
        }
        self.hash.add(&done.digests);
        let batch = &done.batch;
        self.ids.add(batch.file(), &done.ids, |line| batch.place(line)).map_err(|source| RunError::Write {
            what: "the ids to a temporary file (its folder is that of TMPDIR, or /tmp)",
            source,
        })?;
        self.bad.append(std::mem::take(&mut done.bad));
        self.kept.append(std::mem::take(&mut done.kept), self.keep);
        self.contexts.append(&mut done.contexts);
        if self.unstable.is_none() {
            self.unstable = done.unstable.take();
        }
        Ok(())
    }

    fn finish(
        self,
        fatal: Option<DatasetError>,
        skip_bad_rows: bool,
        interrupted: bool,
        elapsed: Duration,
    ) -> Result<Outcome, RunError> {
        if fatal.is_some() || (!self.bad.is_empty() && !skip_bad_rows) {
            return Err(RunError::Dataset { bad: self.bad, fatal });
        }
        let (pairs, count) = (self.ids.finish(LISTED_BAD_ROWS)).map_err(|source| RunError::Write {
            what: "the ids to a temporary file (its folder is that of TMPDIR, or /tmp)",
            source,
        })?;
        if count > 0 {
            return Err(RunError::DuplicateIds { pairs, count });
        }
        if let Some(id) = self.unstable {
            return Err(RunError::Unstable(id));
        }
        Ok(Outcome {
            samples: self.figures.total(),
            figures: self.figures,
            dataset_hash: self.hash.finish(),
            skipped: self.bad,
            kept: self.kept,
            contexts: self.contexts,
            interrupted,
            elapsed,
        })
    }
}
