//! The vocabularies that are part of the program.
//!
//! A vocabulary of phrases is two files: the phrases in the notation of [`crate::text::grammar`], and for each what a
//! text needs for it to occur. The second is worked out from the first, which takes longer than all else that the start
//! of a run does; a test keeps it up to date. Patterns in the source have such a second file too where there are many.

use crate::api::Severity;
use crate::engine::EvalError;
use crate::text::grammar::PhraseSet;
use crate::text::literals::Needs;
use crate::text::pattern::PatternError;
use crate::text::{FoldedPattern, NeedleSet};
use crate::value::{Value, parse_json};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Reads a vocabulary file.
pub(super) fn read(vocabulary: &str) -> Result<Value, EvalError> {
    parse_json(vocabulary).map_err(|e| EvalError::new(format!("vocabulary: {e}")))
}

/// Reads a vocabulary file, or one of needs, as what it is known to hold.
pub(super) fn read_as<T: Deserialize<'static>>(vocabulary: &'static str) -> Result<T, EvalError> {
    serde_json::from_str(vocabulary).map_err(|e| EvalError::new(format!("vocabulary: {e}")))
}

/// A row of a list of phrases.
#[derive(Clone, Copy, Deserialize)]
pub(super) struct Row<'v> {
    /// The rule's name (or whole id, as the vocabulary has it).
    #[serde(alias = "rule")]
    pub name: &'v str,
    /// How grave a hit is.
    pub severity: Severity,
    /// The phrase as it is written.
    #[serde(rename = "match", borrow)]
    pub phrase: &'v RawValue,
}

/// The phrases of rows, each behind a gate of what it needs.
pub(super) fn phrases(
    rows: &[Row<'static>],
    needs: Vec<Needs>,
    needles: &mut NeedleSet,
) -> Result<PhraseSet, EvalError> {
    if rows.len() != needs.len() {
        return Err(EvalError::new(format!("vocabulary: {} needs for {} phrases", needs.len(), rows.len())));
    }
    Ok(PhraseSet::new(rows.iter().map(|row| row.phrase.get()).zip(needs), needles))
}

/// Patterns of the program, each behind a gate of what it needs: so no pattern is parsed before a text has that.
pub(super) fn patterns<'s>(
    sources: impl ExactSizeIterator<Item = &'s str>,
    needs: &'static str,
    needles: &mut NeedleSet,
) -> Result<Vec<FoldedPattern>, EvalError> {
    let needs: Vec<Needs> = read_as(needs)?;
    if sources.len() != needs.len() {
        return Err(EvalError::new(format!("vocabulary: {} needs for {} patterns", needs.len(), sources.len())));
    }
    let pattern = |(source, needs)| FoldedPattern::with_gate(source, needles.gate_all(needs));
    let patterns: Result<_, PatternError> = sources.zip(needs).map(pattern).collect();
    patterns.map_err(|e| EvalError::new(e.to_string()))
}

/// What patterns need, as [`patterns`] is told it.
#[cfg(test)]
pub(super) fn needs_of_patterns<'s>(sources: impl Iterator<Item = &'s str>) -> String {
    let of = |source| FoldedPattern::with_gate(source, crate::text::Gate::ALWAYS).unwrap().needs();
    let lines = sources.map(|source| serde_json::to_string(&of(source)).unwrap());
    format!("[\n{}\n]\n", lines.collect::<Vec<_>>().join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::super::toxicity::exemptions;
    use super::super::{exfiltration, injection_bank, jailbreak};
    use super::*;
    use crate::text::grammar;
    use indexmap::IndexMap;

    /// What the phrases of every list of rows need, a line for each.
    fn needs_of(vocabulary: &'static str) -> String {
        let lists: IndexMap<&str, &RawValue> = read_as(vocabulary).unwrap();
        let lists = lists.into_iter().filter(|(_, list)| list.get().starts_with('['));
        let list = |(name, list): (&str, &'static RawValue)| {
            let rows: Vec<Row<'_>> = read_as(list.get()).unwrap();
            let needs = |row: &Row<'_>| serde_json::to_string(&grammar::needs(row.phrase.get()).unwrap()).unwrap();
            let needs: Vec<String> = rows.iter().map(needs).collect();
            format!("\"{name}\": [\n{}\n]", needs.join(",\n"))
        };
        format!("{{\n{}\n}}\n", lists.map(list).collect::<Vec<_>>().join(",\n"))
    }

    /// With `UPDATE_NEEDS` in the environment the files are written anew.
    #[test]
    fn the_needs_of_phrases_are_up_to_date() {
        for (file, needs, known) in [
            ("exfiltration.needs.json", exfiltration::needs(), exfiltration::NEEDS),
            ("injection_bank.needs.json", needs_of(injection_bank::BANKS), injection_bank::NEEDS),
            ("jailbreak/phrases.needs.json", needs_of(jailbreak::PHRASES), jailbreak::NEEDS),
            ("toxicity/exemptions.needs.json", exemptions::needs(), exemptions::NEEDS),
        ] {
            if std::env::var_os("UPDATE_NEEDS").is_some() {
                let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/detectors/");
                std::fs::write(format!("{directory}{file}"), needs).unwrap();
            } else {
                let command = "UPDATE_NEEDS=1 cargo test the_needs_of_phrases";
                assert!(needs == known, "src/detectors/{file} is out of date: `{command}` writes it anew");
            }
        }
    }

    #[test]
    fn rows_without_their_needs_are_refused() {
        let rows = r#"[{"rule": "a", "severity": "low", "match": "x"}]"#;
        let rows: Vec<Row<'_>> = read_as(rows).unwrap();
        assert_eq!(phrases(&rows, vec![Needs::default()], &mut NeedleSet::new()).unwrap().len(), 1);
        assert!(phrases(&rows, Vec::new(), &mut NeedleSet::new()).is_err());
    }
}
