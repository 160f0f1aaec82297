//! What the exit code says. Scripts rely on it, so a number never changes its meaning.

use std::fmt;
use std::process::ExitCode;

/// How the program ended. Output files are written before the code is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, and every gate passed.
    Success = 0,
    /// 1: done, outputs are complete, and a gate failed.
    GateFailed = 1,
    /// 2: the command line, a policy, a bundle, a dataset or a run file is wrong or refused; nothing was written.
    Refused = 2,
    /// 3: the run could not be finished: input or output failed, it was interrupted, or more samples than allowed could
    /// not be evaluated. Earlier outputs are untouched, what is complete is marked as not completed.
    Unfinished = 3,
    /// 4: nothing was evaluated: an empty dataset, filters that leave nothing, or errors only. Never success.
    NothingEvaluated = 4,
    /// 5: two runs that cannot be compared.
    NotComparable = 5,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

/// Exit codes as `--help` lists them.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  done, every gate passed
  1  done, outputs complete, a gate failed
  2  the command line, a policy, a bundle, a dataset or a run file is wrong or refused; nothing was written
  3  the run could not be finished (input or output, interrupted, more errors than --max-errors); what is complete is
     marked as not completed
  4  nothing was evaluated (empty dataset, filters that leave nothing, errors only)
  5  two runs that cannot be compared";

/// Why the program ends without success.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What to tell the user.
    pub message: String,
}

impl Failure {
    /// Something given is wrong or refused.
    pub fn refused(message: impl fmt::Display) -> Self {
        Failure { exit: Exit::Refused, message: message.to_string() }
    }

    /// The run could not be finished.
    pub fn unfinished(message: impl fmt::Display) -> Self {
        Failure { exit: Exit::Unfinished, message: message.to_string() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
