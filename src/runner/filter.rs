//! Which samples of a dataset are evaluated.

use crate::dataset::Sample;
use crate::value::{Value, parse_json, python_json};
use std::borrow::Cow;

/// Conditions on samples: all groups of `only` must hold and none of `skip`. Conditions on one field are alternatives.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    only: Vec<Condition>,
    skip: Vec<Condition>,
}

/// One condition.
#[derive(Clone, Debug)]
struct Condition {
    field: Field,
    pattern: glob::Pattern,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Field {
    Id,
    Context,
    Metadata(String),
}

/// Why a condition cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{flag} {condition}: {message}")]
pub struct FilterError {
    flag: &'static str,
    condition: String,
    message: String,
}

impl Filter {
    /// A filter from conditions such as `id=card-*`, `context=output`, `metadata.source=support`. Several in one,
    /// separated by commas, are as good as several; a comma without a condition after it belongs to the value.
    ///
    /// # Errors
    /// When a condition names no such field or its pattern is malformed.
    pub fn new<'c>(
        only: impl IntoIterator<Item = &'c str>,
        skip: impl IntoIterator<Item = &'c str>,
    ) -> Result<Self, FilterError> {
        let read = |flag, given: &mut dyn Iterator<Item = &'c str>| -> Result<Vec<Condition>, FilterError> {
            let mut conditions = Vec::new();
            for list in given {
                for condition in split(list) {
                    conditions.push(Condition::parse(&condition).map_err(|message| FilterError {
                        flag,
                        condition,
                        message,
                    })?);
                }
            }
            Ok(conditions)
        };
        Ok(Filter { only: read("--only", &mut only.into_iter())?, skip: read("--skip", &mut skip.into_iter())? })
    }

    /// Whether every sample passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.only.is_empty() && self.skip.is_empty()
    }

    /// Whether the sample is to be evaluated.
    #[must_use]
    pub fn admits(&self, sample: &Sample<'_>) -> bool {
        if self.is_empty() {
            return true;
        }
        let metadata = MetadataView::new(sample);
        let holds = |c: &Condition| c.holds(sample, &metadata);
        let only = self.only.iter().all(|c| self.only.iter().filter(|o| o.field == c.field).any(holds));
        only && !self.skip.iter().any(holds)
    }
}

/// Conditions of a comma list: a part that is no condition of its own goes on with the value before it.
fn split(list: &str) -> Vec<String> {
    let mut conditions: Vec<String> = Vec::new();
    for part in list.split(',') {
        let own = ["id=", "context=", "metadata."].iter().any(|start| part.trim_start().starts_with(start));
        match conditions.last_mut() {
            Some(last) if !own => {
                // `context=input,output`: alternatives for the same field.
                let field = last.split('=').next().unwrap_or_default().to_owned();
                if part.contains('=') {
                    conditions.push(part.trim().to_owned());
                } else {
                    conditions.push(format!("{field}={}", part.trim()));
                }
            }
            _ => conditions.push(part.trim().to_owned()),
        }
    }
    conditions
}

impl Condition {
    fn parse(text: &str) -> Result<Self, String> {
        let expected = "expected id=GLOB, context=NAME or metadata.KEY=VALUE";
        let (field, pattern) = text.split_once('=').ok_or_else(|| expected.to_owned())?;
        let field = match field.trim() {
            "id" => Field::Id,
            "context" => Field::Context,
            other => match other.strip_prefix("metadata.").filter(|key| !key.is_empty()) {
                Some(key) => Field::Metadata(key.to_owned()),
                None => return Err(format!("there is no field {other:?}, {expected}")),
            },
        };
        let pattern = glob::Pattern::new(pattern.trim()).map_err(|e| format!("{e}; write [*] for a star itself"))?;
        Ok(Condition { field, pattern })
    }

    fn holds(&self, sample: &Sample<'_>, metadata: &MetadataView) -> bool {
        match &self.field {
            Field::Id => self.pattern.matches(&sample.id),
            Field::Context => self.pattern.matches(sample.context.name()),
            Field::Metadata(key) => metadata.text(key).is_some_and(|value| self.pattern.matches(&value)),
        }
    }
}

/// A sample's metadata, parsed for filters and groups.
#[derive(Debug)]
pub struct MetadataView(Option<Value>);

impl MetadataView {
    /// Parses the sample's metadata.
    #[must_use]
    pub fn new(sample: &Sample<'_>) -> Self {
        MetadataView(sample.metadata.as_deref().and_then(|raw| parse_json(raw).ok()))
    }

    /// The value under a key, or under a dotted path where no key is written so: texts as they are, everything else as
    /// JSON. None where there is nothing or null.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<Cow<'_, str>> {
        let key = key.strip_prefix("metadata.").unwrap_or(key);
        let root = self.0.as_ref()?;
        let value = root.get(key).or_else(|| key.split('.').try_fold(root, |at, part| at.get(part)))?;
        match value {
            Value::Null => None,
            Value::Str(text) => Some(Cow::Borrowed(text)),
            other => Some(Cow::Owned(python_json(other, false))),
        }
    }
}
