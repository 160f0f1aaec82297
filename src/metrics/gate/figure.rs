//! Paths into the JSON of a summary.

use serde_json::{Number, Value};
use std::fmt;

/// Names from the top of a summary down to a figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FigurePath(pub(super) Vec<String>);

/// What a path leads to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lookup<'v> {
    Number(&'v Number),
    Null,
    Other(&'static str),
    Missing,
}

impl FigurePath {
    pub(super) fn look_up<'v>(&self, figures: &'v Value) -> Lookup<'v> {
        let mut at = figures;
        for name in &self.0 {
            match step(at, name) {
                Some(next) => at = next,
                None => return Lookup::Missing,
            }
        }
        kind(at)
    }
}

pub(super) fn kind(value: &Value) -> Lookup<'_> {
    match value {
        Value::Number(n) => Lookup::Number(n),
        Value::Null => Lookup::Null,
        Value::Bool(_) => Lookup::Other("true or false"),
        Value::String(_) => Lookup::Other("text"),
        Value::Array(_) => Lookup::Other("a list"),
        Value::Object(_) => Lookup::Other("a group of figures"),
    }
}

fn step<'v>(at: &'v Value, name: &str) -> Option<&'v Value> {
    match at {
        Value::Object(map) => map.get(name),
        Value::Array(list) => list
            .iter()
            .find(|entry| entry_name(entry) == Some(name))
            .or_else(|| name.parse::<usize>().ok().and_then(|i| list.get(i))),
        _ => None,
    }
}

/// What an entry of a list is called.
pub(super) fn entry_name(entry: &Value) -> Option<&str> {
    ["id", "name", "sample_id"].into_iter().find_map(|key| entry.get(key)).and_then(Value::as_str)
}

fn is_plain(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_alphanumeric() || c == '_') && chars.all(is_name_char)
}

pub(super) fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

impl fmt::Display for FigurePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, name) in self.0.iter().enumerate() {
            match (is_plain(name), i) {
                (true, 0) => f.write_str(name)?,
                (true, _) => write!(f, ".{name}")?,
                // A key is quoted as a JSON string, which is how the parser reads it back.
                (false, _) => write!(f, "[{}]", Value::String(name.clone()))?,
            }
        }
        Ok(())
    }
}

/// Up to three figures of `figures` whose path looks like `path`.
pub(super) fn nearest_figures(path: &FigurePath, figures: &Value) -> Vec<String> {
    /// A document with very many figures is searched no further than this: the answer is a hint.
    const MOST: usize = 20_000;
    let mut known = Vec::new();
    collect(figures, &mut Vec::new(), &mut known, MOST);
    let wanted = path.to_string();
    let wanted_last = path.0.last().map_or("", String::as_str);
    let mut ranked: Vec<(usize, &String)> = known
        .iter()
        .map(|(full, last)| {
            // A figure below a group that was named as a whole, or with the right last name, is as near as one typo.
            let inside = full.strip_prefix(&wanted).is_some_and(|rest| rest.starts_with(['.', '[']));
            let distance = if inside { 1 } else { distance(full, &wanted).min(distance(last, wanted_last) + 1) };
            (distance, full)
        })
        .collect();
    ranked.sort_by_key(|(distance, _)| *distance);
    let limit = wanted.chars().count().div_ceil(2).max(2);
    ranked.into_iter().take_while(|(d, _)| *d <= limit).take(3).map(|(_, full)| full.clone()).collect()
}

fn distance(a: &str, b: &str) -> usize {
    rapidfuzz::distance::levenshtein::distance(a.chars(), b.chars())
}

fn collect(at: &Value, path: &mut Vec<String>, known: &mut Vec<(String, String)>, most: usize) {
    let entries: Vec<(String, &Value)> = match at {
        Value::Number(_) | Value::Null if !path.is_empty() && known.len() < most => {
            let last = path.last().cloned().unwrap_or_default();
            known.push((FigurePath(path.clone()).to_string(), last));
            return;
        }
        Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Array(list) => {
            let name = |(i, entry): (usize, _)| (entry_name(entry).map_or_else(|| i.to_string(), str::to_owned), entry);
            list.iter().take(most).enumerate().map(name).collect()
        }
        _ => return,
    };
    for (name, below) in entries {
        if known.len() >= most {
            return;
        }
        path.push(name);
        collect(below, path, known, most);
        path.pop();
    }
}
