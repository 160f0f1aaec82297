//! Which execution modes a detector's rows name: its rules alone, or the fallback of a model that was not asked.

use super::keyed::entry;
use crate::api::DetectorRow;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// The mode of the rules engine, which is a detector's plain one where no fallback is named.
pub const DETERMINISTIC_MODE: &str = "local_deterministic";

/// Counts the modes of one detector. Only a row of another than the plain mode can allocate, and only the first of its
/// mode and fallback.
#[derive(Clone, Debug, Default)]
pub(super) struct ModeCounts {
    plain: u64,
    /// Mode -> fallback -> rows. An empty fallback stands for none.
    other: IndexMap<Box<str>, IndexMap<Box<str>, u64>>,
}

impl ModeCounts {
    pub(super) fn add(&mut self, row: &DetectorRow<'_>) {
        match (&*row.execution_mode, row.fallback_path.as_deref()) {
            (DETERMINISTIC_MODE, None) => self.plain += 1,
            // A row of a CSV file does not say.
            ("", None) => {}
            (mode, path) => *self.of(mode, path.unwrap_or_default()) += 1,
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.plain += other.plain;
        for (mode, paths) in &other.other {
            for (path, n) in paths {
                *self.of(mode, path) += n;
            }
        }
    }

    fn of(&mut self, mode: &str, path: &str) -> &mut u64 {
        let paths = entry(&mut self.other, mode);
        entry(paths, path)
    }

    /// The figures; none where no row says how it ran.
    pub(super) fn figures(&self, detector: &str) -> Option<ExecutionModes> {
        let mut modes: IndexMap<&str, ModeFigures> = IndexMap::new();
        let named = |mode: &str| ModeFigures { name: mode.to_owned(), ..ModeFigures::default() };
        if self.plain > 0 {
            modes.insert(DETERMINISTIC_MODE, ModeFigures { samples: self.plain, ..named(DETERMINISTIC_MODE) });
        }
        for (mode, paths) in &self.other {
            let figures = modes.entry(mode).or_insert_with(|| named(mode));
            for (path, n) in paths {
                figures.samples += n;
                if !path.is_empty() {
                    figures.fallback_paths.insert(path.to_string(), *n);
                }
            }
            figures.fallback_paths.sort_unstable_keys();
        }
        let mut modes: Vec<ModeFigures> = modes.into_values().collect();
        modes.sort_by(|a, b| (a.name != DETERMINISTIC_MODE, &a.name).cmp(&(b.name != DETERMINISTIC_MODE, &b.name)));
        (!modes.is_empty()).then(|| ExecutionModes {
            name: detector.to_owned(),
            fell_back: modes.iter().flat_map(|m| m.fallback_paths.values()).sum(),
            advisory: false,
            modes,
        })
    }
}

/// In which modes a detector ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExecutionModes {
    /// Policy key, or `custom:NAME`.
    pub name: String,
    /// Samples on which a strategy would have asked a model and its fallback decided instead.
    pub fell_back: u64,
    /// Whether its BLOCK and REDACT count as WARN because no scorecard certifies it.
    pub advisory: bool,
    /// One entry a mode, the deterministic one first.
    pub modes: Vec<ModeFigures>,
}

/// How often one mode decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModeFigures {
    /// `local_deterministic`, or the model mode whose fallback decided.
    pub name: String,
    /// Samples.
    pub samples: u64,
    /// Why a model did not answer -> samples; those on which none was to be asked are in no entry.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub fallback_paths: IndexMap<String, u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(mode: &'static str, path: Option<&'static str>) -> DetectorRow<'static> {
        DetectorRow {
            detector_name: "jailbreak".into(),
            decision: None,
            risk_score: 0,
            latency_ms: None,
            latency_us: None,
            execution_mode: mode.into(),
            fallback_path: path.map(Into::into),
            rule_hits: Vec::new(),
            transformed: false,
        }
    }

    #[test]
    fn rows_are_counted_by_mode_and_by_what_stood_in_for_the_model() {
        let rows = [
            row("local_ml", Some("fail_closed:local_ml")),
            row("local_deterministic", None),
            row("local_ml", Some("fail_closed:local_ml")),
            row("local_deterministic", Some("no_external_calls")),
            row("", None),
        ];
        let (mut whole, mut parts) = (ModeCounts::default(), [ModeCounts::default(), ModeCounts::default()]);
        for (i, row) in rows.iter().enumerate() {
            whole.add(row);
            parts[usize::from(i > 1)].add(row);
        }
        let [mut merged, later] = parts;
        merged.merge(&later);
        let figures = whole.figures("jailbreak").unwrap();
        assert_eq!(merged.figures("jailbreak").as_ref(), Some(&figures));
        assert_eq!(
            serde_json::to_string(&figures).unwrap(),
            concat!(
                r#"{"name":"jailbreak","fell_back":3,"advisory":false,"modes":["#,
                r#"{"name":"local_deterministic","samples":2,"fallback_paths":{"no_external_calls":1}},"#,
                r#"{"name":"local_ml","samples":2,"fallback_paths":{"fail_closed:local_ml":2}}]}"#
            )
        );
    }

    #[test]
    fn rows_that_do_not_say_how_they_ran_give_no_figures() {
        let mut counts = ModeCounts::default();
        counts.add(&row("", None));
        assert_eq!(counts.figures("pii"), None);
    }

    #[test]
    fn rows_of_the_plain_mode_leave_no_fallback() {
        let mut counts = ModeCounts::default();
        counts.add(&row("local_deterministic", None));
        let figures = counts.figures("pii").unwrap();
        assert_eq!((figures.fell_back, figures.modes.len(), figures.modes[0].samples), (0, 1, 1));
        assert!(counts.other.capacity() == 0, "nothing was allocated");
    }
}
