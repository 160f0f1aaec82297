//! `znyx-bench run`: a dataset through a policy into rows, figures and a verdict.

use super::exit::{Exit, Failure};
use super::outputs::Outputs;
use super::progress::Bar;
use super::run_args::{OnBadRow, RunArgs};
use super::terminal::Terminal;
use crate::api::{Manifest, Run, RunStatus, Stage};
use crate::dataset::{BATCH_BYTES, Columns, DatasetOptions, Labels, Reader, RowReader};
use crate::engine::Engine;
use crate::engine::pipeline::{HOOKS, enabled_keys};
use crate::metrics::{Catalogue, Gate, GateOutcome, Summary};
use crate::policy::{self, Loaded, PolicySource};
use crate::report::{RunReport, counted};
use crate::runner::{self, Drive, Filter, Keep, Outcome, RunError, Work, sha256_of};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Version of the reference whose verdicts the engine reproduces.
const REFERENCE_VERSION: &str = "1.2.4";

/// Figures that the runner adds to a summary; gates may name them.
const ADDED_FIGURES: [&str; 3] = ["skipped_rows", "unsupported_detectors", "owasp"];

/// Runs.
///
/// # Errors
/// [`Failure`] with its exit code.
pub fn run(args: &RunArgs, terminal: Terminal) -> Result<Exit, Failure> {
    let gates = read_gates(args)?;
    let rows = RowReader {
        columns: Columns::mapped(args.map.iter().map(String::as_str)).map_err(Failure::refused)?,
        labels: Labels::mapped(args.label.iter().map(String::as_str)).map_err(Failure::refused)?,
        default_context: args.context,
    };
    let filter = Filter::new(args.only.iter().map(String::as_str), args.skip.iter().map(String::as_str))
        .map_err(Failure::refused)?;
    let policy = load_policy(args)?;
    if !args.quiet {
        for warning in &policy.warnings {
            terminal.warn(&format!("{}: {warning}", policy.origin));
        }
    }
    let engine = Engine::compile(&policy.policy, args.engine_options().map_err(Failure::refused)?);

    let options = DatasetOptions {
        format: args.dataset_format.map(Into::into),
        positive_decision: args.positive_decision,
        columns: rows.columns.clone(),
    };
    let mut reader = Reader::open(&args.dataset, options).map_err(Failure::refused)?;
    let mut outputs = Outputs::open(args, terminal.style())?;
    let (json, csv) = outputs.wanted();
    let keep = Keep { kinds: args.show.iter().filter_map(|s| s.kind()).collect(), most: args.max_show };
    let work = Work {
        engine: &engine,
        rows: &rows,
        filter: &filter,
        repeat: args.repeat,
        warmup: args.warmup,
        timing: !args.no_timing,
        include_sanitized: args.include_sanitized,
        json,
        csv,
        by: &args.by,
        keep: &keep,
        bins: args.bins.wanted().bins(),
        skip_bad_rows: args.on_bad_row == OnBadRow::Skip,
    };
    let interrupted = interruptible();
    let times = Times::start(args.no_timing);
    let bar = Bar::new(!args.quiet && !args.no_progress, reader.progress());
    let drive = Drive {
        threads: threads(args, reader.progress().total()),
        limit: args.limit,
        interrupted: &interrupted,
        on_progress: &mut |samples| bar.update(samples),
    };
    let outcome = runner::run(&work, &mut reader, outputs.sinks(), drive);
    bar.finish();
    let outcome = outcome.map_err(failure)?;
    refuse_nothing(args, &outcome)?;

    let elapsed = (!args.no_timing).then_some(outcome.elapsed);
    let mut summary = outcome.figures.finish(elapsed);
    for detector in &mut summary.execution_modes {
        detector.advisory = engine.advisory().any(|key| key == detector.name);
    }
    summary.extra.insert("skipped_rows".to_owned(), outcome.skipped.count().into());
    // Every detector of the reference is built in; readers of earlier versions' runs ask for the list.
    summary.extra.insert("unsupported_detectors".to_owned(), serde_json::json!([]));
    let owasp = outcome.figures.owasp(enabled_keys(&policy.policy));
    summary.extra.insert("owasp".to_owned(), serde_json::to_value(&owasp).unwrap_or_default());
    let gates = measure(&gates, &summary)?;
    summary.extra.insert("gates".to_owned(), serde_json::to_value(&gates).unwrap_or_default());
    let errors = summary.rates.errors;
    let too_many_errors = args.max_errors.is_some_and(|most| errors > most);
    let run = document(args, &policy, &reader, &outcome, summary, &times, too_many_errors);
    if !args.quiet {
        say_what_is_doubtful(&engine, &policy, &outcome, terminal);
    }
    let report = RunReport {
        run: &run,
        gates: &gates,
        kept: &outcome.kept,
        keep: &keep,
        policy: &policy.origin,
        owasp: Some(&owasp),
        skipped_rows: outcome.skipped.count(),
        written: &[],
    };
    outputs.write(&report).map_err(|e| Failure::unfinished(format!("cannot write {e}")))?;
    verdict(args, &outcome, errors, &gates)
}

fn read_gates(args: &RunArgs) -> Result<Vec<Gate>, Failure> {
    let gates = args.gates().map_err(Failure::refused)?;
    let known = Catalogue::of_summary(!args.no_timing, args.bins.wanted().bins());
    let catalogue = ADDED_FIGURES.iter().fold(known, |c, key| c.with_open_key(key));
    for gate in &gates {
        gate.check(&catalogue).map_err(Failure::refused)?;
    }
    Ok(gates)
}

fn load_policy(args: &RunArgs) -> Result<Loaded, Failure> {
    let options = args.load_options();
    match (&args.policy, &args.bundle) {
        (Some(_), _) if args.require_signature || args.require_signature_v2 => {
            return Err(Failure::refused("--require-signature applies to a --bundle; a --policy has no signature"));
        }
        (Some(policy), _) => policy::load(&PolicySource::from_arg(policy), &options),
        (None, Some(path)) => {
            let rules = args.signature_rules().map_err(Failure::refused)?;
            policy::load_bundle(&PolicySource::File(path.into()), &rules, &options)
        }
        (None, None) => return Err(Failure::refused("give a policy with --policy or a bundle with --bundle")),
    }
    .map_err(Failure::refused)
}

/// Set when the user or the system asks to stop; asked twice, the program ends at once.
fn interruptible() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    // Fails only where a handler is installed already; then that one is in charge.
    let _ = ctrlc::set_handler(move || {
        if set.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(Exit::Unfinished.code()));
        }
    });
    flag
}

/// As many as asked for or as there are processors, but none for whom a small dataset has no work.
fn threads(args: &RunArgs, bytes: Option<u64>) -> usize {
    let wanted = args
        .threads
        .map_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get), usize::from);
    // Compressed files may hold ten times their size; starting a thread for a few rows more is the lesser waste.
    let batches = bytes.map_or(usize::MAX, |b| usize::try_from(b / (BATCH_BYTES as u64 / 4)).unwrap_or(usize::MAX));
    wanted.min(batches.saturating_add(1))
}

fn failure(error: RunError) -> Failure {
    match error {
        RunError::Dataset { ref bad, .. } => {
            let hint = match bad.is_empty() {
                true => "",
                false => "\nnothing was evaluated; --on-bad-row skip goes on without them",
            };
            Failure::refused(format!("{error}{hint}"))
        }
        RunError::DuplicateIds { .. } => Failure::refused(error),
        RunError::Write { .. } | RunError::Unstable(_) | RunError::Threads(_) => Failure::unfinished(error),
    }
}

/// No sample at all, or none left by the filters.
fn refuse_nothing(args: &RunArgs, outcome: &Outcome) -> Result<(), Failure> {
    if outcome.samples > 0 || outcome.interrupted {
        return Ok(());
    }
    let dataset = args.dataset.join(", ");
    let why = match (args.only.is_empty() && args.skip.is_empty(), outcome.skipped.count()) {
        (false, _) => "--only and --skip leave no sample".to_owned(),
        (true, 0) => "the dataset is empty".to_owned(),
        (true, n) => {
            format!("{} skipped and nothing is left:\n{}", counted(n, "row was", "rows were"), outcome.skipped)
        }
    };
    Err(Failure { exit: Exit::NothingEvaluated, message: format!("{dataset}: nothing was evaluated: {why}") })
}

fn measure(gates: &[Gate], summary: &Summary) -> Result<Vec<GateOutcome>, Failure> {
    let figures = serde_json::to_value(summary).map_err(Failure::unfinished)?;
    gates
        .iter()
        .map(|gate| gate.evaluate(&figures))
        .collect::<Result<_, _>>()
        .map_err(|e| Failure::refused(format!("{e}\nnothing was written")))
}

/// When the run began and ended, unless times are left out.
struct Times {
    started: Option<jiff::Timestamp>,
}

impl Times {
    fn start(left_out: bool) -> Self {
        Times { started: (!left_out).then(jiff::Timestamp::now) }
    }

    fn text(at: jiff::Timestamp) -> String {
        format!("{at:.3}")
    }
}

fn document(
    args: &RunArgs,
    policy: &Loaded,
    reader: &Reader,
    outcome: &Outcome,
    summary: Summary,
    times: &Times,
    too_many_errors: bool,
) -> Run<Summary> {
    let manifest = Manifest {
        runner_version: env!("CARGO_PKG_VERSION").to_owned(),
        engine_version: REFERENCE_VERSION.to_owned(),
        dataset_hash: outcome.dataset_hash.clone(),
        policy_hash: policy.policy_hash.clone(),
        scope: policy.scope.clone(),
        validation: args.validation.name().to_owned(),
        flags: args.flags_that_matter(),
    };
    let finished = times.started.map(|_| jiff::Timestamp::now());
    // Without times the same run has the same id; with them each has its own.
    let identity = serde_json::to_string(&manifest).unwrap_or_default();
    let moment = times.started.map_or_else(String::new, |t| format!("{}:{}", t.as_nanosecond(), std::process::id()));
    let digest = sha256_of(&(identity + &moment));
    Run {
        id: format!("run-{}", &digest["sha256:".len()..][..16]),
        dataset_id: args.dataset_id.clone().unwrap_or_else(|| dataset_id(reader.names())),
        policy_version: policy.policy_version.clone(),
        bundle_id: policy.bundle_id.clone(),
        status: if outcome.interrupted || too_many_errors { RunStatus::Failed } else { RunStatus::Completed },
        total_samples: outcome.samples,
        completed_samples: outcome.samples,
        results_summary: Some(summary),
        started_at: times.started.map(Times::text),
        completed_at: finished.map(Times::text),
        created_at: times.started.map(Times::text),
        manifest: Some(manifest),
    }
}

/// The files' names without their folders.
fn dataset_id(names: &[Arc<str>]) -> String {
    let base = |name: &Arc<str>| name.rsplit(['/', '\\']).next().unwrap_or(name).to_owned();
    match names {
        [one] => base(one),
        [first, .., last] if names.len() > 3 => {
            format!("{} to {} ({} files)", base(first), base(last), names.len())
        }
        some => some.iter().map(base).collect::<Vec<_>>().join(", "),
    }
}

/// Warnings that need the dataset: detectors that had nothing to look at.
fn say_what_is_doubtful(engine: &Engine, policy: &Loaded, outcome: &Outcome, terminal: Terminal) {
    let stages: Vec<Stage> = outcome.contexts.iter().filter_map(|c| Stage::from_name(c)).collect();
    let ingests = outcome.contexts.contains("corpus_ingest");
    let idle: Vec<&str> = (engine.detectors())
        .filter(|key| !stages.iter().any(|stage| engine.runs_at(key, *stage)))
        .filter(|key| !(ingests && *key == "corpus_poisoning_monitor"))
        .collect();
    let contexts: Vec<&str> = outcome.contexts.iter().copied().collect();
    if !idle.is_empty() {
        terminal.warn(&format!(
            "enabled, but without effect on this dataset, whose samples are of the context {}: {}",
            contexts.join(", "),
            idle.join(", ")
        ));
    }
    let enabled =
        |key: &str| policy.policy.get(key).and_then(|s| s.get("enabled")).is_some_and(crate::value::Value::truthy);
    for key in HOOKS.iter().filter(|key| enabled(key)) {
        if !outcome.contexts.contains("tool_registration") {
            terminal.warn(&format!(
                "{key} looks at tool declarations only, and no sample is of the context tool_registration"
            ));
        }
    }
    if outcome.skipped.count() > 0 {
        let n = outcome.skipped.count();
        let rows = counted(n, "row is no sample and was", "rows are no samples and were");
        terminal.warn(&format!("{rows} skipped:\n{}", outcome.skipped));
    }
}

/// The exit code, once everything is written.
fn verdict(args: &RunArgs, outcome: &Outcome, errors: u64, gates: &[GateOutcome]) -> Result<Exit, Failure> {
    let samples = counted(outcome.samples, "sample", "samples");
    if outcome.interrupted {
        return Err(Failure::unfinished(format!(
            "interrupted after {samples}; what was evaluated is written with the status failed"
        )));
    }
    if let Some(most) = args.max_errors.filter(|most| errors > *most) {
        return Err(Failure::unfinished(format!(
            "{errors} of {samples} could not be evaluated, more than the {most} that --max-errors allows; the run is \
             written with the status failed"
        )));
    }
    if errors == outcome.samples {
        return Err(Failure {
            exit: Exit::NothingEvaluated,
            message: format!("none of {samples} could be evaluated; the reasons stand in the results (--show errors)"),
        });
    }
    if gates.iter().any(|g| g.failed) {
        return Ok(Exit::GateFailed);
    }
    Ok(Exit::Success)
}
