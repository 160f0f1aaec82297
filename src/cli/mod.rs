//! The command line: one file per subcommand. Nothing outside this room prints or exits.

mod exit;
mod outputs;
mod progress;
mod run;
mod run_args;
mod terminal;

pub use exit::{EXIT_CODES, Exit, Failure};
pub use run_args::RunArgs;
pub use terminal::{ColorChoice, Terminal};

use clap::{Parser, Subcommand};

/// Benchmark guardrail policies: what a policy wrongly blocks, what it lets through, and what it costs
#[derive(Debug, Parser)]
#[command(name = "znyx-bench", version, after_help = EXIT_CODES, max_term_width = 100, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// When to colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(after_help = EXIT_CODES)]
    Run(Box<RunArgs>),
}

/// Reads the command line, does what it says and returns the exit code.
#[must_use]
pub fn main() -> Exit {
    let cli = Cli::parse();
    let terminal = Terminal::new(cli.color);
    let outcome = match &cli.command {
        Command::Run(args) => run::run(args, terminal),
    };
    outcome.unwrap_or_else(|failure| {
        terminal.error(&failure.message);
        failure.exit
    })
}
