//! The progress bar on standard error: how far, how fast, how long yet.

use crate::dataset::Progress;
use crate::report::style::thousands;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::Instant;

/// A bar where someone watches, nothing elsewhere.
#[derive(Debug)]
pub struct Bar {
    bar: Option<ProgressBar>,
    bytes: Progress,
    started: Instant,
}

impl Bar {
    /// A bar over a dataset's bytes; hidden unless wanted and standard error is a terminal outside CI.
    #[must_use]
    pub fn new(wanted: bool, bytes: Progress) -> Self {
        let shown = wanted && std::io::stderr().is_terminal() && std::env::var_os("CI").is_none();
        let bar = shown.then(|| {
            let bar = ProgressBar::with_draw_target(bytes.total(), ProgressDrawTarget::stderr_with_hz(8));
            let template = match bytes.total() {
                Some(_) => "{bar:32.green/dim} {percent:>3}%  {msg}  {eta} left",
                None => "{spinner:.green} {msg}  {elapsed}",
            };
            // The template is a constant that parses; were it not, the default bar would do.
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Bar { bar, bytes, started: Instant::now() }
    }

    /// Shows the number of samples done so far.
    pub fn update(&self, samples: u64) {
        let Some(bar) = &self.bar else { return };
        bar.set_position(self.bytes.read());
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let speed = (samples as f64 / self.started.elapsed().as_secs_f64().max(1e-3)) as u64;
        bar.set_message(format!("{} samples  {}/s", thousands(samples), thousands(speed)));
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
