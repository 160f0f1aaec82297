//! Checking a policy against the schema: what blocks publishing, what is merely unknown, and what the lenient loader
//! makes of it.

use super::coerce;
use super::issue::Issue;
use super::schema::{self, Field, Kind, Model, Rule};
use crate::value::{Key, Map, Value, python_json};

/// The outcome of strict validation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Violations of the schema, in schema order. Any of them makes the policy invalid.
    pub blockers: Vec<Issue>,
    /// Unknown top-level keys, in file order.
    pub warnings: Vec<Issue>,
}

impl Report {
    /// Whether the policy may be published: nothing blocks.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.blockers.is_empty()
    }
}

/// What the lenient loader of hierarchical files serves.
#[derive(Clone, Debug, PartialEq)]
pub struct Lenient {
    /// The policy: schema keys first and in schema order, then the others in file order; values converted; sections
    /// with a violation left out whole.
    pub policy: Map,
    /// The violations that made sections drop out.
    pub dropped: Vec<Issue>,
}

/// Strict validation.
#[must_use]
pub fn validate(policy: &Value) -> Report {
    let Value::Map(map) = policy else {
        let message = format!("the policy is {}, expected an object of detector sections", policy.kind());
        return Report { blockers: vec![Issue::new("dict_type", "", message)], warnings: Vec::new() };
    };
    let mut checker = Checker::default();
    for (key, kind) in typed_keys() {
        if let Some(value) = map.get(key) {
            checker.at(key, |this| this.value(kind, true, value));
        }
    }
    for (key, _) in map.iter().filter(|(key, _)| key.is_odd()) {
        checker.at(key.as_text(), |this| this.odd_key());
    }
    Report { blockers: checker.issues, warnings: unknown_keys(map) }
}

/// Lenient validation: never fails on values, only on keys that are not text.
///
/// # Errors
/// The first top-level key that is not text.
pub fn validate_lenient(policy: &Map) -> Result<Lenient, Issue> {
    if let Some((key, _)) = policy.iter().find(|(key, _)| key.is_odd()) {
        return Err(odd_key_issue(key.as_text()));
    }
    let mut checker = Checker::default();
    let mut kept = Map::new();
    for (key, kind) in typed_keys() {
        if let Some(value) = policy.get(key)
            && let Some(converted) = checker.at(key, |this| this.value(kind, true, value))
        {
            kept.insert(key, converted);
        }
    }
    for (key, value) in policy.text_entries().filter(|(key, _)| !is_typed(key)) {
        kept.insert(key, value.clone());
    }
    Ok(Lenient { policy: kept, dropped: checker.issues })
}

#[derive(Clone, Copy)]
enum TopKind {
    Section(&'static schema::Section),
    Plain(Kind),
}

fn typed_keys() -> impl Iterator<Item = (&'static str, TopKind)> {
    let sections = schema::SECTIONS.iter().map(|s| (s.key, TopKind::Section(s)));
    sections.chain(schema::TOP_LEVEL.iter().map(|f| (f.key, TopKind::Plain(f.kind))))
}

fn is_typed(key: &str) -> bool {
    schema::section_named(key).is_some() || schema::TOP_LEVEL.iter().any(|f| f.key == key)
}

fn unknown_keys(map: &Map) -> Vec<Issue> {
    let unknown = |key: &str| !is_typed(key) && !schema::KNOWN_EXTRAS.contains(&key);
    let issue = |key: &str| {
        let hint = super::advice::did_you_mean(key, schema::top_level_keys());
        let message = format!(
            "no detector and no setting has this key; the engine ignores it unless it is a model-backed detector{hint}"
        );
        Issue::new("unknown_key", key, message)
    };
    map.text_entries().filter(|(key, _)| unknown(key)).map(|(key, _)| issue(key)).collect()
}

fn odd_key_issue(key: &str) -> Issue {
    Issue::new("invalid_key", key, format!("the key {key} is not text; put it in quotes"))
}

/// Walks a value along its type, collecting violations; what is returned is the converted value, `None` if anything
/// in it is wrong.
#[derive(Default)]
struct Checker {
    path: String,
    issues: Vec<Issue>,
}

/// Where a type is expected; a section's fields are computed, a model's are listed.
trait Typed {
    fn check(self, checker: &mut Checker, nullable: bool, value: &Value) -> Option<Value>;
}

impl Typed for TopKind {
    fn check(self, checker: &mut Checker, nullable: bool, value: &Value) -> Option<Value> {
        match self {
            TopKind::Plain(kind) => checker.kind(kind, nullable, value),
            TopKind::Section(_) if value.is_null() && nullable => Some(Value::Null),
            TopKind::Section(section) => match value.as_map() {
                Some(map) => checker.object(section.all_fields(), false, map),
                None => checker.fail("model_type", value, "an object"),
            },
        }
    }
}

impl Checker {
    fn at<T>(&mut self, segment: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(segment);
        let result = work(self);
        self.path.truncate(length);
        result
    }

    fn value(&mut self, typed: impl Typed, nullable: bool, value: &Value) -> Option<Value> {
        typed.check(self, nullable, value)
    }

    fn push(&mut self, code: &'static str, message: impl Into<String>) {
        self.issues.push(Issue::new(code, self.path.clone(), message));
    }

    fn fail(&mut self, code: &'static str, value: &Value, expected: &str) -> Option<Value> {
        self.push(code, format!("found {}, expected {expected}", shown(value)));
        None
    }

    fn odd_key(&mut self) {
        let issue = odd_key_issue(self.path.rsplit('.').next().unwrap_or_default());
        self.push(issue.code, issue.message);
    }

    fn kind(&mut self, kind: Kind, nullable: bool, value: &Value) -> Option<Value> {
        if nullable && value.is_null() {
            return Some(Value::Null);
        }
        match kind {
            Kind::Bool => match coerce::bool(value) {
                Ok(b) => Some(Value::Bool(b)),
                Err(code) => self.fail(code, value, "true or false"),
            },
            Kind::Int(least, most) => self.int(least, most, value),
            Kind::Float(least, most) => self.float(least, most, value),
            Kind::Str if value.as_str().is_some() => Some(value.clone()),
            Kind::Str => self.fail("string_type", value, "text (put it in quotes)"),
            Kind::HexKey => self.hex_key(value),
            Kind::OneOf(words) => self.word("literal_error", words, value),
            Kind::Word(words) => self.word("enum", words, value),
            Kind::List(item, rule) => self.list(*item, rule, value),
            Kind::Map(item) => self.map(Some(*item), value),
            Kind::Object => self.map(None, value),
            Kind::Model(model) => self.model(model, value),
        }
    }

    fn int(&mut self, least: Option<i64>, most: Option<i64>, value: &Value) -> Option<Value> {
        let converted = match coerce::int(value) {
            Ok(converted) => converted,
            Err(code) => return self.fail(code, value, "a whole number"),
        };
        // Only the sign of an integer beyond 64 bits matters to a bound.
        let number = match &converted {
            Value::Int(i) => *i,
            Value::BigInt(digits) if digits.starts_with('-') => i64::MIN,
            _ => i64::MAX,
        };
        match (least, most) {
            (Some(least), _) if number < least => {
                self.fail("greater_than_equal", value, &format!("a whole number from {least} up"))
            }
            (_, Some(most)) if number > most => {
                self.fail("less_than_equal", value, &format!("a whole number up to {most}"))
            }
            _ => Some(converted),
        }
    }

    fn float(&mut self, least: Option<f64>, most: Option<f64>, value: &Value) -> Option<Value> {
        let number = match coerce::float(value) {
            Ok(number) => number,
            Err(code) => return self.fail(code, value, "a number"),
        };
        // NaN is outside every bound, and the upper one is looked at first.
        let inside_upper = most.is_none_or(|most| number <= most);
        let inside_lower = least.is_none_or(|least| number >= least);
        if !inside_upper {
            self.fail("less_than_equal", value, &format!("a number up to {}", most.unwrap_or_default()))
        } else if !inside_lower {
            self.fail("greater_than_equal", value, &format!("a number from {} up", least.unwrap_or_default()))
        } else {
            Some(Value::Float(number))
        }
    }

    fn word(&mut self, code: &'static str, words: &[&str], value: &Value) -> Option<Value> {
        match value.as_str() {
            Some(text) if words.contains(&text) => Some(value.clone()),
            text => {
                let hint = text.map(|t| super::advice::did_you_mean(t, words.iter().copied())).unwrap_or_default();
                self.fail(code, value, &format!("one of {}{hint}", words.join(", ")))
            }
        }
    }

    fn hex_key(&mut self, value: &Value) -> Option<Value> {
        let Some(text) = value.as_str() else { return self.fail("string_type", value, "text (put it in quotes)") };
        let good = text.len() >= 32 && text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit());
        if good {
            return Some(value.clone());
        }
        // The value is a secret: its length helps, its letters must not be printed.
        let found = format!("found {} characters", text.chars().count());
        self.push("value_error", format!("{found}, expected an even number of hexadecimal digits, at least 32"));
        None
    }

    fn list(&mut self, item: Kind, rule: Rule, value: &Value) -> Option<Value> {
        let Some(items) = value.as_list() else { return self.fail("list_type", value, "a list") };
        let before = self.issues.len();
        let mut converted = Vec::with_capacity(items.len());
        for (i, entry) in items.iter().enumerate() {
            converted.extend(self.at(&i.to_string(), |this| this.kind(item, false, entry)));
        }
        if self.issues.len() > before {
            return None;
        }
        match rule_broken(rule, &converted) {
            None => Some(Value::List(converted)),
            Some((code, expected)) => self.fail(code, value, expected),
        }
    }

    /// An object with free keys; `item` is the type of its values, if they have one.
    fn map(&mut self, item: Option<Kind>, value: &Value) -> Option<Value> {
        let Some(map) = value.as_map() else { return self.fail("dict_type", value, "an object") };
        let before = self.issues.len();
        let mut converted = Map::new();
        for (key, entry) in map.iter() {
            self.at(key.as_text(), |this| {
                if key.is_odd() {
                    this.odd_key();
                }
                let entry = match item {
                    Some(kind) => this.kind(kind, false, entry),
                    None => Some(entry.clone()),
                };
                if let Some(entry) = entry {
                    converted.insert(key.as_text(), entry);
                }
            });
        }
        (self.issues.len() == before).then_some(Value::Map(converted))
    }

    fn model(&mut self, model: &'static Model, value: &Value) -> Option<Value> {
        match value.as_map() {
            Some(map) => self.object(model.fields.iter().copied(), model.closed, map),
            None => self.fail("model_type", value, "an object"),
        }
    }

    fn object(&mut self, fields: impl Iterator<Item = Field> + Clone, closed: bool, map: &Map) -> Option<Value> {
        let before = self.issues.len();
        let mut converted = Map::new();
        for field in fields.clone() {
            match map.get(field.key) {
                Some(value) => {
                    let value = self.at(field.key, |this| this.kind(field.kind, field.nullable, value));
                    if let Some(value) = value {
                        converted.insert(field.key, value);
                    }
                }
                None if field.required => {
                    self.at(field.key, |this| this.push("missing", "this key is required; add it"));
                }
                None => {}
            }
        }
        for (key, value) in map.iter() {
            match key {
                Key::Odd(text) => self.at(text, Self::odd_key),
                Key::Str(text) if fields.clone().any(|f| f.key == &**text) => {}
                Key::Str(text) if closed => self.at(text, |this| {
                    let hint = super::advice::did_you_mean(text, fields.clone().map(|f| f.key));
                    this.push("extra_forbidden", format!("this object has no such key; remove it{hint}"));
                }),
                Key::Str(text) => drop(converted.insert(&**text, value.clone())),
            }
        }
        (self.issues.len() == before).then_some(Value::Map(converted))
    }
}

fn rule_broken(rule: Rule, items: &[Value]) -> Option<(&'static str, &'static str)> {
    match rule {
        Rule::NotEmpty if items.is_empty() => Some(("value_error", "at least one item, or null for the default")),
        Rule::AtLeastOne if items.is_empty() => Some(("too_short", "at least one item")),
        Rule::NoBlank if items.iter().any(|i| i.as_str().is_some_and(|s| s.trim().is_empty())) => {
            Some(("value_error", "host names without blank entries"))
        }
        Rule::ScoreBand => match items {
            [Value::Int(low), Value::Int(high)] if 0 <= *low && low <= high && *high <= 100 => None,
            _ => Some(("value_error", "two scores from 0 to 100, the lower first")),
        },
        _ => None,
    }
}

/// A value as it is shown in a message: its JSON, shortened, or its kind for long containers.
fn shown(value: &Value) -> String {
    const LONGEST: usize = 60;
    match value {
        Value::Map(map) if !map.is_empty() => "an object".to_owned(),
        Value::List(items) if items.len() > 4 => format!("a list of {} items", items.len()),
        Value::Str(text) if text.chars().count() > LONGEST => {
            format!("{}...", python_json(&text.chars().take(LONGEST).collect::<String>().as_str().into(), false))
        }
        Value::BigInt(digits) if digits.len() > LONGEST => format!("an integer of {} digits", digits.len()),
        Value::List(items) if items.iter().any(|i| matches!(i, Value::Map(_) | Value::List(_))) => "a list".to_owned(),
        other => {
            let json = python_json(other, false);
            if json.chars().count() > LONGEST * 2 { other.kind().to_owned() } else { json }
        }
    }
}
