//! Where the program prints: colour, width, warnings.

use crate::report::style::{Style, Tone, visible};
use clap::ValueEnum;
use std::io::{IsTerminal, Write};

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Standard output and standard error as they are.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    stdout_color: bool,
    stderr_color: bool,
}

impl Terminal {
    /// Looks at the streams and the environment.
    #[must_use]
    pub fn new(choice: ColorChoice) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty());
        let automatic = |terminal: bool| {
            let dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
            terminal && !set("NO_COLOR") && !dumb
        };
        let color = |terminal| match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => automatic(terminal),
        };
        Terminal {
            stdout_color: color(std::io::stdout().is_terminal()),
            stderr_color: color(std::io::stderr().is_terminal()),
        }
    }

    /// How reports on standard output look. Columns are those of the terminal, else of COLUMNS, else 100.
    #[must_use]
    pub fn style(self) -> Style {
        let asked = || std::env::var("COLUMNS").ok()?.parse::<usize>().ok();
        let width = match std::io::stdout().is_terminal() {
            true => comfy_table::Table::new().width().map(usize::from),
            false => None,
        };
        Style { color: self.stdout_color, width: width.or_else(asked).unwrap_or(100).clamp(40, 400) }
    }

    /// Prints a warning on standard error.
    pub fn warn(self, message: &str) {
        self.say(Tone::Mixed, "warning:", message);
    }

    /// Prints an error on standard error.
    pub fn error(self, message: &str) {
        self.say(Tone::Bad, "error:", message);
    }

    fn say(self, tone: Tone, what: &str, message: &str) {
        let style = Style { color: self.stderr_color, ..Style::default() };
        // Messages quote datasets and policies: nothing in them may steer the terminal.
        let lines: Vec<String> = message.lines().map(visible).collect();
        let _ = writeln!(std::io::stderr(), "{} {}", style.paint(tone, what), lines.join("\n"));
    }
}
