//! What a report says where a policy asks models: nothing was sent, and what stood in for the answers.

use super::style::{thousands, visible};
use crate::metrics::{DETERMINISTIC_MODE, ExecutionModes, Summary};

/// What is said first, as nothing else tells a reader that a run with models in its policy used none.
pub const NOTHING_SENT: &str = "No model was asked and nothing was sent anywhere.";

/// A detector that did not simply run its rules, and what it did instead.
pub struct Instead<'s> {
    /// Its policy key.
    pub detector: &'s str,
    /// Samples on which it did so, of those it ran on.
    pub samples: (u64, u64),
    /// What decided.
    pub what: String,
}

/// One entry for each detector and fallback that decided in place of a model, in pipeline order.
pub fn in_place_of_models(summary: &Summary) -> Vec<Instead<'_>> {
    let mut lines = Vec::new();
    for detector in &summary.execution_modes {
        let ran = detector.modes.iter().map(|mode| mode.samples).sum();
        for mode in &detector.modes {
            for (path, &samples) in &mode.fallback_paths {
                let what = in_place(&mode.name, path);
                lines.push(Instead { detector: &detector.name, samples: (samples, ran), what });
            }
        }
    }
    lines
}

/// What decided, in words: the path is `<fallback>:<mode>`, or why the call was not allowed.
fn in_place(mode: &str, path: &str) -> String {
    let (fallback, asked) = path.split_once(':').unwrap_or((path, ""));
    match (mode, fallback, asked) {
        (DETERMINISTIC_MODE, _, "") => format!("its rules in place of a model ({})", visible(path)),
        (DETERMINISTIC_MODE, _, asked) => format!("its rules in place of {}", visible(asked)),
        (mode, "fail_open", m) if m == mode => format!("fail_open in place of {}: ALLOW", visible(mode)),
        (mode, "fail_closed", m) if m == mode => format!("fail_closed in place of {}: BLOCK", visible(mode)),
        (mode, ..) => format!("its fallback in place of {} ({})", visible(mode), visible(path)),
    }
}

/// The detectors that ran and whose BLOCK and REDACT count as WARN, as a sentence; none where there is none.
pub fn advisory(summary: &Summary) -> Option<String> {
    let names: Vec<String> = summary.execution_modes.iter().filter(|d| d.advisory).map(|d| visible(&d.name)).collect();
    (!names.is_empty())
        .then(|| format!("BLOCK and REDACT count as WARN, as no scorecard certifies it: {}", names.join(", ")))
}

/// Whether there is anything to say.
pub fn is_plain(summary: &Summary) -> bool {
    let plain = |d: &ExecutionModes| d.fell_back == 0 && !d.advisory;
    summary.execution_modes.iter().all(plain)
}

impl Instead<'_> {
    /// `1,200 of 1,323`, or `1,200` where it was all of them.
    pub fn share(&self) -> String {
        match self.samples {
            (n, ran) if n == ran => thousands(n),
            (n, ran) => format!("{} of {}", thousands(n), thousands(ran)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fallback_is_told_in_words() {
        for (mode, path, expected) in [
            ("local_deterministic", "fallback_to_deterministic:local_ml", "its rules in place of local_ml"),
            ("local_deterministic", "no_external_calls", "its rules in place of a model (no_external_calls)"),
            ("local_ml", "fail_open:local_ml", "fail_open in place of local_ml: ALLOW"),
            ("local_ml", "fail_closed:local_ml", "fail_closed in place of local_ml: BLOCK"),
            ("remote_llm", "residency_denied", "its fallback in place of remote_llm (residency_denied)"),
        ] {
            assert_eq!(in_place(mode, path), expected);
        }
    }
}
