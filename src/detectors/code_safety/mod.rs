//! The detector `code_safety`: dangerous code in the code blocks of a text, or in all of it when it has none.
//!
//! Each block is scanned with the rules of its language ([`language`]) and those for SQL ([`rules`]), then with the
//! policy's own banned functions. A rule hits once, however many blocks match it.

mod blocks;
mod language;
mod rules;
mod windows;

use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, truthy_or};
use crate::text::{CasedPattern, GateList, NeedleSet, Text};
use crate::value::{Map, Value};
use language::{Language, Recognizer};
use rules::{Finder, RULES};

const BANNED_FUNCTION: &str = "code.custom_banned_function";

struct CodeSafety {
    blocks: bool,
    recognizer: Recognizer,
    /// The languages to scan, in order, for code of unknown language.
    unknown: Result<Vec<Language>, EvalError>,
    /// Which languages are scanned at all.
    scanned: [bool; Language::ALL.len()],
    finders: Vec<Finder>,
    /// Of the finders, in their order.
    gates: GateList,
    /// The rules that code of each language is scanned with, and of unknown language with each of `unknown`.
    known_rules: [Vec<Row>; Language::ALL.len()],
    unknown_rules: Vec<Vec<Row>>,
    /// Which rules the policy's classes admit.
    admitted: Result<Vec<bool>, EvalError>,
    banned: Result<Vec<Banned>, EvalError>,
}

/// A rule, and the finding that it stands for.
type Row = (usize, usize);

/// The policy's own functions of one language.
struct Banned {
    language: &'static str,
    functions: Result<Vec<(String, CasedPattern)>, EvalError>,
}

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When `languages` cannot be asked whether it holds a language.
pub fn build(section: &Map, needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let named = match section.get("languages") {
        None => Named::List(&[]),
        Some(value) => Named::of(value).ok_or_else(|| EvalError::config("languages", value, "a list of languages"))?,
    };
    let default = section.get("languages").is_none();
    let scanned = Language::ALL.map(|l| if default { l.has_rules() } else { named.has(l.name()) });
    let unknown =
        if default { Ok(Language::ALL.into_iter().filter(|l| l.has_rules()).collect()) } else { named.languages() };
    let admitted = match section.get("vulnerability_classes") {
        None | Some(Value::Null) => Ok(vec![true; RULES.len()]),
        Some(value) => match Named::of(value) {
            Some(classes) => Ok(RULES.iter().map(|rule| classes.has(rule.class)).collect()),
            None => Err(EvalError::config("vulnerability_classes", value, "a list of classes or null")),
        },
    };
    let banned = if truthy_or(section, "block_unsafe_functions", true) {
        banned(section.get("custom_banned_functions"), needles)
    } else {
        Ok(Vec::new())
    };
    let finders: Vec<Finder> = RULES.iter().map(|rule| Finder::new(rule.form, needles)).collect::<Result<_, _>>()?;
    Ok(Box::new(CodeSafety {
        blocks: section.get("action").is_none_or(|action| action.as_str() == Some("BLOCK")),
        recognizer: Recognizer::new(needles)?,
        known_rules: Language::ALL.map(rows),
        unknown_rules: unknown.as_ref().map(|languages| new_rows(languages)).unwrap_or_default(),
        unknown,
        scanned,
        gates: needles.list(finders.iter().map(Finder::gate).collect()),
        finders,
        admitted,
        banned,
    }))
}

/// A value that Python's `in` can ask for a name.
enum Named<'v> {
    List(&'v [Value]),
    /// A text has the names that are substrings of it.
    Text(&'v str),
    Keys(&'v Map),
}

impl<'v> Named<'v> {
    fn of(value: &'v Value) -> Option<Self> {
        match value {
            Value::List(items) => Some(Named::List(items)),
            Value::Str(text) => Some(Named::Text(text)),
            Value::Map(map) => Some(Named::Keys(map)),
            _ => None,
        }
    }

    fn has(&self, name: &str) -> bool {
        match self {
            Named::List(items) => items.iter().any(|v| v.as_str() == Some(name)),
            Named::Text(text) => text.contains(name),
            Named::Keys(map) => map.contains_key(name),
        }
    }

    /// The languages with rules that iterating over the value gives. The characters of a text name none.
    fn languages(&self) -> Result<Vec<Language>, EvalError> {
        let mut languages = Vec::new();
        let mut add = |name: &str| {
            languages.extend(Language::ALL.into_iter().find(|l| l.has_rules() && l.name() == name));
        };
        match self {
            Named::Text(_) => {}
            Named::Keys(map) => map.text_entries().for_each(|(key, _)| add(key)),
            Named::List(items) => {
                for item in *items {
                    match item {
                        Value::Str(name) => add(name),
                        Value::List(_) | Value::Map(_) => {
                            return Err(EvalError::config("languages", item, "the name of a language"));
                        }
                        _ => {}
                    }
                }
            }
        }
        Ok(languages)
    }
}

fn banned(functions: Option<&Value>, needles: &mut NeedleSet) -> Result<Vec<Banned>, EvalError> {
    const KEY: &str = "custom_banned_functions";
    let map = match functions {
        None => return Ok(Vec::new()),
        Some(Value::Map(map)) => map,
        Some(other) => return Err(EvalError::config(KEY, other, "an object of languages and functions")),
    };
    let mut compile = |name: &str| {
        let pattern = format!(r"\b{}\s*\(", regex_syntax::escape(name));
        let pattern = CasedPattern::ignore_case(&pattern, needles).map_err(|e| EvalError::new(e.to_string()))?;
        Ok((name.to_owned(), pattern))
    };
    let mut list = |names: &Value| match names {
        Value::List(items) => items
            .iter()
            .map(|name| compile(name.as_str().ok_or_else(|| EvalError::config(KEY, name, "the name of a function"))?))
            .collect(),
        Value::Str(text) => text.chars().map(|c| compile(c.encode_utf8(&mut [0; 4]))).collect(),
        Value::Map(map) if !map.has_odd_keys() => map.text_entries().map(|(name, _)| compile(name)).collect(),
        other => Err(EvalError::config(KEY, other, "a list of functions")),
    };
    let languages = Language::ALL.into_iter().filter_map(|l| Some((l.name(), map.get(l.name())?)));
    Ok(languages.map(|(language, names)| Banned { language, functions: list(names) }).collect())
}

/// What was found so far, in order of first occurrence.
#[derive(Default)]
struct Found<'d> {
    rules: Vec<usize>,
    functions: Vec<(&'static str, &'d str)>,
    hits: Vec<RuleHit>,
}

impl CodeSafety {
    fn scan_block<'d>(&'d self, hint: &str, code: &Text<'_>, found: &mut Found<'d>) -> Result<(), EvalError> {
        let open: Vec<usize> = code.open_of(&self.gates).collect();
        match Language::of_hint(hint).or_else(|| self.recognizer.recognize(code)) {
            Some(language) if self.scanned[language as usize] => {
                self.scan(language, &self.known_rules[language as usize], &open, code, found)
            }
            Some(_) => Ok(()),
            None => {
                let languages = self.unknown.as_ref().map_err(Clone::clone)?;
                let mut rules = languages.iter().zip(&self.unknown_rules);
                rules.try_for_each(|(&language, rules)| self.scan(language, rules, &open, code, found))
            }
        }
    }

    /// Scans with those of the rules that are `open`.
    fn scan<'d>(
        &'d self,
        language: Language,
        rules: &[Row],
        open: &[usize],
        code: &Text<'_>,
        found: &mut Found<'d>,
    ) -> Result<(), EvalError> {
        let admitted = self.admitted.as_ref().map_err(Clone::clone)?;
        let rules = if open.is_empty() { &[] } else { rules };
        for &(i, key) in rules {
            if open.contains(&i) && admitted[i] && !found.rules.contains(&key) && self.finders[i].is_in(code) {
                found.rules.push(key);
                found.hits.push(RuleHit::new(RULES[i].id, RULES[i].severity));
            }
        }
        for banned in self.banned.as_ref().map_err(Clone::clone)? {
            if banned.language != language.name() {
                continue;
            }
            for (name, pattern) in banned.functions.as_ref().map_err(Clone::clone)? {
                let key = (banned.language, name.as_str());
                if !found.functions.contains(&key) && pattern.is_match(code) {
                    found.functions.push(key);
                    found.hits.push(RuleHit::new(BANNED_FUNCTION, Severity::High));
                }
            }
        }
        Ok(())
    }
}

/// The rules of a language, then those for SQL.
fn rows(language: Language) -> Vec<Row> {
    let of = |language: Language| (0..RULES.len()).filter(move |&i| RULES[i].language == language);
    let sql = (language != Language::Sql).then(|| of(Language::Sql)).into_iter().flatten();
    of(language).chain(sql).map(|i| (i, finding(i))).collect()
}

/// The rules of languages that the same code is scanned with one after the other: what was not found the first time
/// is not looked for again.
fn new_rows(languages: &[Language]) -> Vec<Vec<Row>> {
    let mut findings = Vec::new();
    let mut is_new = |&(_, finding): &Row| {
        let new = !findings.contains(&finding);
        if new {
            findings.push(finding);
        }
        new
    };
    languages.iter().map(|&language| rows(language).into_iter().filter(&mut is_new).collect()).collect()
}

/// The finding that a rule stands for: the concatenation rule of Python and that of SQL are one.
fn finding(rule: usize) -> usize {
    let same = |other: &rules::Rule| matches!((other.form, RULES[rule].form), (rules::Form::Folded(a), rules::Form::Folded(b)) if a == b);
    match RULES[rule].language {
        Language::Sql => RULES.iter().position(|r| r.language == Language::Python && same(r)).unwrap_or(rule),
        _ => rule,
    }
}

impl Detector for CodeSafety {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        let mut found = Found::default();
        for block in blocks::blocks(text.raw()) {
            if block.code.len() == text.raw().len() {
                self.scan_block(&block.hint, text, &mut found)?;
            } else {
                self.scan_block(&block.hint, &text.derive(block.code), &mut found)?;
            }
        }
        if found.hits.is_empty() {
            return Ok(Finding::clean());
        }
        Ok(Finding::of(if self.blocks { Decision::Block } else { Decision::Warn }, found.hits))
    }
}

#[cfg(test)]
mod tests;
