//! Task adherence: does the answer keep to the constraints that the question states?

use super::words::{bulleted, list_items, numbered, pieces};
use super::{Answer, Scored, share};
use crate::text::{FoldedPattern, Gate, Prefilter, Text, chars};
use crate::value::{Number, Value, python_int};
use std::sync::OnceLock;

/// A constraint of a type that nobody checks counts half.
const UNKNOWN: f64 = 0.5;

/// The type of constraints on the answer's form; the value names it.
const FORMAT: &str = "format";
/// Formats that a question can ask for, and how it says so.
const FORMATS: &[(&str, &str)] = &[
    ("json", r"\b(?:in json|as json|json format|json output)\b"),
    ("table", r"\b(?:as a table|in table format|table form)\b"),
    ("bullet_points", r"\b(?:in bullet points|as bullet points|bulleted list)\b"),
    ("numbered_list", r"\b(?:numbered list|as a numbered list|in a numbered list)\b"),
    ("markdown", r"\b(?:in markdown|as markdown|markdown format)\b"),
    ("csv", r"\b(?:in csv|as csv|csv format)\b"),
    ("code", r"\b(?:in code|as code|code block|code snippet)\b"),
];
/// Constraints with a number: the first of each kind counts.
const NUMBERED: &[(&str, &str)] = &[
    ("max_words", r"(?:in|under|less than|at most|no more than)\s+(\d+)\s+words?\b"),
    ("min_words", r"(?:at least|minimum|no less than|more than)\s+(\d+)\s+words?\b"),
    ("sentence_count", r"(?:in|exactly|using)\s+(\d+)\s+sentence"),
    ("min_items", r"(?:list|give|provide|name)\s+(\d+)\b"),
];
/// Constraints with a text: all of each kind count.
const QUOTED: &[(&str, &str)] = &[
    ("include", r#"(?:include|mention|must contain|make sure to mention)\s+["']?([^"',\n]+)"#),
    ("exclude", r#"(?:do not mention|don't mention|exclude|avoid mentioning|without mentioning)\s+["']?([^"',\n]+)"#),
];

type Table = Vec<(&'static str, FoldedPattern)>;

fn tables() -> &'static [Table; 3] {
    static TABLES: OnceLock<[Table; 3]> = OnceLock::new();
    TABLES.get_or_init(|| {
        [FORMATS, NUMBERED, QUOTED].map(|rows| {
            let rows = rows.iter().map(|&(name, source)| {
                // Constants: the tests compile them.
                (name, FoldedPattern::with_gate(source, Gate::ALWAYS).expect("a constant pattern is folded"))
            });
            rows.collect()
        })
    })
}

struct Constraint {
    kind: String,
    value: Value,
}

pub(super) fn score(answer: &Answer<'_>) -> Option<Scored> {
    let constraints = constraints(answer)?;
    if constraints.is_empty() {
        return Some((1.0, None));
    }
    let earned =
        constraints.iter().try_fold(0.0, |earned, constraint| Some(earned + satisfied(constraint, answer.output)?))?;
    let count = share(constraints.len(), 1);
    Some((earned / count, Some(vec![("satisfied", earned), ("total_constraints", count)])))
}

/// The constraints that question and metadata state; nothing where the reference fails to read them.
fn constraints(answer: &Answer<'_>) -> Option<Vec<Constraint>> {
    let none = Prefilter::none();
    let text = Text::new(chars::lower(answer.input?), &none);
    let [formats, counts, quotes] = tables();
    let mut constraints = Vec::new();
    let mut add = |kind: &str, value| constraints.push(Constraint { kind: kind.to_owned(), value });
    let group = |captures: &regex::bytes::Captures<'_>| {
        let group = captures.get(1).map_or(0..0, |m| m.range());
        text.raw()[text.byte_at(group.start)..text.byte_at(group.end)].to_owned()
    };
    for (kind, pattern) in formats {
        if pattern.is_match(&text) {
            add(FORMAT, Value::from(*kind));
        }
    }
    for (kind, pattern) in counts {
        if let Some(captures) = pattern.regex().captures(text.folded()) {
            add(kind, Value::Int(python_int(&Value::Str(group(&captures)))?));
        }
    }
    for (kind, pattern) in quotes {
        for captures in pattern.regex().captures_iter(text.folded()) {
            add(kind, Value::from(chars::trim(&group(&captures))));
        }
    }
    match answer.metadata.and_then(|m| m.get("constraints")) {
        None | Some(Value::Str(_) | Value::Map(_)) => {}
        Some(Value::List(items)) => {
            for item in items.iter().filter_map(Value::as_map) {
                let kind = item.get("type").map_or("custom", |kind| kind.as_str().unwrap_or(""));
                add(kind, item.get("value").cloned().unwrap_or(Value::Null));
            }
        }
        Some(_) => return None,
    }
    Some(constraints)
}

/// What a constraint earns; nothing where its value makes the reference fail.
fn satisfied(constraint: &Constraint, output: &str) -> Option<f64> {
    let value = &constraint.value;
    let number = || Number::of(value);
    let holds = match &*constraint.kind {
        FORMAT => has_format(value.as_str().unwrap_or(""), output),
        "max_words" => Number::from(words(output)) <= number()?,
        "min_words" => Number::from(words(output)) >= number()?,
        "sentence_count" => {
            let count = share(pieces(chars::trim(output)), 1);
            (count - number()?.to_f64()).abs() <= 1.0
        }
        "min_items" => Number::from(list_items(output)) >= number()?,
        "include" => chars::lower(output).contains(&*chars::lower(value.as_str()?)),
        "exclude" => !chars::lower(output).contains(&*chars::lower(value.as_str()?)),
        _ => return Some(UNKNOWN),
    };
    Some(f64::from(u8::from(holds)))
}

/// Whether the answer has the named form; unknown ones are had by any.
fn has_format(format: &str, output: &str) -> bool {
    match format {
        "json" => chars::trim(output).starts_with(['{', '[']) || output.contains("```json"),
        "table" => output.contains('|') && output.contains('-'),
        "bullet_points" => bulleted(output) > 0,
        "numbered_list" => numbered(output) > 0,
        "markdown" => has_markdown(output),
        "csv" => is_csv(output),
        "code" => output.contains("```") || has_indented(output),
        _ => true,
    }
}

fn words(text: &str) -> usize {
    text.split(chars::is_space).filter(|word| !word.is_empty()).count()
}

/// Whether a line begins with hashes and a blank, with bold text or with a fence.
fn has_markdown(text: &str) -> bool {
    text.split_inclusive('\n').any(|line| {
        let rest = line.trim_start_matches('#');
        rest.len() < line.len() && rest.starts_with(chars::is_space)
            || line.starts_with("**")
            || line.starts_with("```")
    })
}

/// More than one line, and a comma in each of the first three.
fn is_csv(text: &str) -> bool {
    let lines: Vec<&str> = chars::trim(text).split('\n').take(3).collect();
    lines.len() > 1 && lines.iter().all(|line| line.contains(','))
}

/// Whether something follows four blanks or more from the start of a line; line feeds are blanks.
fn has_indented(text: &str) -> bool {
    let mut from_line_start = Some(0usize);
    for c in text.chars() {
        if c == '\n' {
            from_line_start = Some(from_line_start.map_or(0, |n| n + 1));
        } else if chars::is_space(c) {
            from_line_start = from_line_start.map(|n| n + 1);
        } else if from_line_start.is_some_and(|n| n >= 4) {
            return true;
        } else {
            from_line_start = None;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stated(input: &str) -> Vec<(String, Value)> {
        let answer = Answer { output: "", input: Some(input), metadata: None };
        constraints(&answer).unwrap().into_iter().map(|c| (c.kind, c.value)).collect()
    }

    #[test]
    fn constraints_are_read_from_the_question() {
        assert_eq!(
            stated("No more than 5 words, in JSON"),
            [
                ("format".to_owned(), Value::from("json")),
                ("max_words".to_owned(), Value::Int(5)),
                ("min_words".to_owned(), Value::Int(5)),
            ]
        );
        assert_eq!(
            stated("Do not mention \"Rain\" today"),
            [("include".to_owned(), Value::from("rain")), ("exclude".to_owned(), Value::from("rain"))]
        );
    }

    #[test]
    fn blank_lines_count_as_indentation() {
        assert!(has_indented("a\n\n\n\n\nb") && has_indented("    x") && !has_indented("a    b\n   c"));
        assert!(has_markdown("x\n## y") && has_markdown("#\n") && has_markdown("a\n**b**"));
        assert!(!has_markdown("#y") && !has_markdown("a **b** ```"));
    }
}
