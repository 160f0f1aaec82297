//! The command line: one file per subcommand. Nothing outside this room prints or exits.

mod bins;
pub mod compare;
mod exit;
mod judge;
pub mod lint;
pub mod metrics;
mod outputs;
mod progress;
mod run;
mod run_args;
pub mod scorecard;
mod terminal;

pub use bins::BinArgs;
pub use exit::{EXIT_CODES, Exit, Failure};
pub use run_args::RunArgs;
pub use terminal::{ColorChoice, Terminal};

use clap::{Parser, Subcommand};
use std::io::{self, Write};
use std::process::ExitCode;

/// Benchmark guardrail policies: what a policy wrongly blocks, what it lets through, and what it costs
#[derive(Debug, Parser)]
#[command(name = "znyx-bench", version, after_help = EXIT_CODES, max_term_width = 100, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Evaluate a dataset under a policy
    #[command(after_help = EXIT_CODES)]
    Run(Box<RunArgs>),
    /// Compare two runs: deltas, flips, and whether the second may replace the first
    #[command(after_help = EXIT_CODES)]
    Compare(Box<compare::CompareArgs>),
    /// Count the figures of result rows anew, those of another guardrail too
    #[command(after_help = EXIT_CODES)]
    Metrics(Box<metrics::MetricsArgs>),
    /// Check policies and bundles without evaluating anything
    #[command(after_help = EXIT_CODES)]
    Lint(Box<lint::LintArgs>),
    /// Certify one detector over labelled samples and stamp the verdict into the policy
    // As in the reference's command, a flag that is given twice counts as last given.
    #[command(after_help = scorecard::SCORECARD_EXIT_CODES, args_override_self = true)]
    Scorecard(Box<scorecard::ScorecardArgs>),
}

/// Reads the command line, does what it says and returns the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match &cli.command {
        Command::Run(args) => {
            let terminal = Terminal::new(args.color);
            let outcome = run::run(args, terminal);
            outcome
                .unwrap_or_else(|failure| {
                    terminal.error(&failure.message);
                    failure.exit
                })
                .into()
        }
        Command::Compare(args) => printed(|out| compare::run(args, out, &mut io::stderr()), Exit::Unfinished),
        Command::Metrics(args) => printed(|out| metrics::run(args, out), Exit::Unfinished),
        Command::Lint(args) => printed(|out| lint::run(args, out), Exit::Refused),
        Command::Scorecard(args) => printed(|out| scorecard::run(args, out, &mut io::stderr()), Exit::GateFailed),
    }
}

/// Runs a subcommand that prints on standard output; `otherwise` is what an error of its own means.
fn printed(command: impl FnOnce(&mut dyn Write) -> anyhow::Result<u8>, otherwise: Exit) -> ExitCode {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let code = command(&mut out).and_then(|code| match out.flush() {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(e.into()),
        _ => Ok(code),
    });
    match code {
        Ok(code) => ExitCode::from(code),
        // Whoever reads has seen enough.
        Err(e) if is_broken_pipe(&e) => Exit::Success.into(),
        Err(e) => {
            Terminal::new(ColorChoice::Auto).error(&format!("{e:#}"));
            otherwise.into()
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|e| e.downcast_ref::<io::Error>()).any(|e| e.kind() == io::ErrorKind::BrokenPipe)
}
