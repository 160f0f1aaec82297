//! The table of terms: in the order of evaluation, each with its severity and category.

use crate::api::Severity;
use crate::engine::{EvalError, truthy_or};
use crate::text::chars;
use crate::text::term::Term;
use crate::value::{Map, Value, parse_json};
use indexmap::IndexMap;

/// `base_terms` and the `terms` of each category, [term, severity] pairs in the order of evaluation.
const VOCABULARY: &str = include_str!("vocabulary.json");

/// A category of terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Category {
    Threats,
    SelfHarm,
    ViolenceGraphic,
    DrugAlcohol,
    HateSpeech,
    Grooming,
    ExplicitSexual,
    HarmfulRequests,
}

impl Category {
    /// All categories in the order of evaluation, which is the vocabulary's.
    const ALL: [Category; 8] = [
        Category::Threats,
        Category::SelfHarm,
        Category::ViolenceGraphic,
        Category::DrugAlcohol,
        Category::HateSpeech,
        Category::Grooming,
        Category::ExplicitSexual,
        Category::HarmfulRequests,
    ];

    /// Its name in policies and rule ids.
    pub(super) fn name(self) -> &'static str {
        match self {
            Category::Threats => "threats",
            Category::SelfHarm => "self_harm",
            Category::ViolenceGraphic => "violence_graphic",
            Category::DrugAlcohol => "drug_alcohol",
            Category::HateSpeech => "hate_speech",
            Category::Grooming => "grooming",
            Category::ExplicitSexual => "explicit_sexual",
            Category::HarmfulRequests => "harmful_requests",
        }
    }
}

/// The terms of a policy.
pub(super) struct Table {
    /// In order.
    pub(super) terms: Vec<Term>,
    /// One for each term.
    pub(super) rows: Vec<TableRow>,
    /// Whether a category, by its number, blocks by itself.
    pub(super) forcing: [bool; Category::ALL.len()],
}

/// What is known of a term.
pub(super) struct TableRow {
    /// An error when the policy gives a severity that is no text: it fails once the term hits.
    pub(super) severity: Result<Severity, EvalError>,
    /// Its category, when that is enabled.
    pub(super) category: Option<Category>,
}

impl Table {
    /// The table for a section: base terms, custom terms, keywords, then each enabled category. A term that is there
    /// already keeps its place and takes the later severity and category.
    pub(super) fn read(section: &Map) -> Result<Self, EvalError> {
        let vocabulary = vocabulary();
        let mut table: IndexMap<String, TableRow> = IndexMap::new();
        let mut set = |term: String, severity, category| table.insert(term, TableRow { severity, category });
        for (term, severity) in pairs(&vocabulary, "base_terms") {
            set(term.to_owned(), Ok(severity), None);
        }
        for (term, severity) in custom_terms(section)? {
            set(term, severity, None);
        }
        for term in keywords(section)? {
            set(term, Ok(Severity::Medium), None);
        }
        let settings = section.get("categories").and_then(Value::as_map);
        let mut forcing = [false; Category::ALL.len()];
        let categories = vocabulary.get("categories").and_then(Value::as_list).unwrap_or_default();
        for (category, data) in Category::ALL.into_iter().zip(categories) {
            let data = data.as_map().cloned().unwrap_or_default();
            debug_assert_eq!(data.get("name").and_then(Value::as_str), Some(category.name()));
            let none = Map::new();
            let set_here = match settings.and_then(|s| s.get(category.name())) {
                None => &none,
                Some(Value::Map(own)) => own,
                Some(other) => return Err(EvalError::config(category.name(), other, "an object")),
            };
            let setting = |key, default| truthy_or(set_here, key, truthy_or(&data, default, false));
            if setting("enabled", "enabled_by_default") {
                for (term, severity) in pairs(&data, "terms") {
                    set(term.to_owned(), Ok(severity), Some(category));
                }
            }
            forcing[category as usize] = setting("force_block", "force_block_by_default");
        }
        let (terms, rows) = table.into_iter().map(|(term, row)| (Term::by_space(term), row)).unzip();
        Ok(Table { terms, rows, forcing })
    }
}

fn vocabulary() -> Map {
    match parse_json(VOCABULARY) {
        Ok(Value::Map(map)) => map,
        // A constant; the tests read it.
        _ => unreachable!("the vocabulary is an object"),
    }
}

fn pairs<'v>(data: &'v Map, key: &str) -> impl Iterator<Item = (&'v str, Severity)> {
    data.get(key).and_then(Value::as_list).unwrap_or_default().iter().filter_map(|pair| match pair.as_list()? {
        [term, severity] => Some((term.as_str()?, Severity::from_name(severity.as_str()?)?)),
        _ => None,
    })
}

/// A term of a policy with the severity it is given.
type CustomTerm = (String, Result<Severity, EvalError>);

/// `custom_terms`, lowered.
fn custom_terms(section: &Map) -> Result<Vec<CustomTerm>, EvalError> {
    let terms = match section.get("custom_terms") {
        None => return Ok(Vec::new()),
        Some(Value::Map(terms)) => terms,
        Some(other) => return Err(EvalError::config("custom_terms", other, "an object")),
    };
    let wrong = |value: &Value| EvalError::config("custom_terms", value, "low, medium or high");
    let severity = |value: &Value| match value {
        Value::Str(name) => Severity::from_name(&chars::lower(name)).map(Ok).ok_or_else(|| wrong(value)),
        other => Ok(Err(wrong(other))),
    };
    terms.text_entries().map(|(term, value)| Ok((chars::lower(term).into_owned(), severity(value)?))).collect()
}

/// `keywords`, lowered: the texts of a list, the characters of a text, the keys of an object.
fn keywords(section: &Map) -> Result<Vec<String>, EvalError> {
    let lower = |term: &str| chars::lower(term).into_owned();
    Ok(match section.get("keywords") {
        None => Vec::new(),
        Some(Value::List(terms)) => terms.iter().filter_map(Value::as_str).map(lower).collect(),
        Some(Value::Str(terms)) => terms.chars().map(|c| lower(c.encode_utf8(&mut [0; 4]))).collect(),
        Some(Value::Map(terms)) => terms.text_entries().map(|(term, _)| lower(term)).collect(),
        Some(other) => return Err(EvalError::config("keywords", other, "a list")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_the_vocabulary_is_read() {
        let vocabulary = vocabulary();
        let count = |data: &Map, key: &str| data.get(key).and_then(Value::as_list).map_or(0, <[Value]>::len);
        assert_eq!(pairs(&vocabulary, "base_terms").count(), count(&vocabulary, "base_terms"));
        let categories = vocabulary.get("categories").and_then(Value::as_list).unwrap();
        assert_eq!(categories.len(), Category::ALL.len());
        for (category, data) in Category::ALL.into_iter().zip(categories) {
            let data = data.as_map().unwrap();
            assert_eq!(data.get("name").and_then(Value::as_str), Some(category.name()));
            assert_eq!(pairs(data, "terms").count(), count(data, "terms"));
        }
    }

    #[test]
    fn a_category_takes_over_a_base_term_in_its_place() {
        let table = Table::read(&Map::new()).unwrap();
        assert_eq!(table.terms.len(), 882);
        let at = table.terms.iter().position(|t| t.as_str() == "idiots").unwrap();
        assert!(at < 175);
        assert_eq!(table.rows[at].category, Some(Category::Threats));
        assert!(table.forcing[Category::Threats as usize] && !table.forcing[Category::DrugAlcohol as usize]);
    }
}
