//! Which key or header of a row means what, and what its labels mean.

use super::error::DatasetError;
use crate::api::Decision;

/// What a row can say about a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Column {
    Id,
    InputText,
    OutputText,
    Context,
    ExpectedDecision,
    ExpectedRuleHits,
    Metadata,
    TenantId,
    AppId,
    AgentId,
    Env,
    SessionId,
    Manifest,
    ToolName,
    ToolArgs,
    ToolResult,
    Chunks,
    ScopeEnforcedInQuery,
    Plan,
    Action,
    Iteration,
    MaxIterations,
    MemoryKey,
    MemoryValue,
}

impl Column {
    /// Number of columns.
    pub const COUNT: usize = Self::ALL.len();

    /// All columns, with the names under which they are found, the API's own first.
    pub const ALL: [(Column, &'static [&'static str]); 24] = [
        (Column::Id, &["id"]),
        (Column::InputText, &["input_text", "text", "prompt"]),
        (Column::OutputText, &["output_text"]),
        (Column::Context, &["context"]),
        (Column::ExpectedDecision, &["expected_decision", "expected", "label"]),
        (Column::ExpectedRuleHits, &["expected_rule_hits", "expected_rules"]),
        (Column::Metadata, &["metadata"]),
        (Column::TenantId, &["tenant_id"]),
        (Column::AppId, &["app_id"]),
        (Column::AgentId, &["agent_id"]),
        (Column::Env, &["env"]),
        (Column::SessionId, &["session_id"]),
        (Column::Manifest, &["manifest"]),
        (Column::ToolName, &["tool_name"]),
        (Column::ToolArgs, &["tool_args"]),
        (Column::ToolResult, &["tool_result"]),
        (Column::Chunks, &["chunks"]),
        (Column::ScopeEnforcedInQuery, &["scope_enforced_in_query"]),
        (Column::Plan, &["plan"]),
        (Column::Action, &["action"]),
        (Column::Iteration, &["iteration"]),
        (Column::MaxIterations, &["max_iterations"]),
        (Column::MemoryKey, &["memory_key"]),
        (Column::MemoryValue, &["memory_value"]),
    ];

    /// The API's name of the column.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1[0]
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, names)| names[0] == name).map(|(column, _)| *column)
    }
}

/// Where the value of a key goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// To a column. Of several keys for one column the lowest rank that is not blank wins.
    Column(Column, u8),
    /// Into the metadata, under the name with this number.
    Metadata(usize),
}

/// Which keys of a row are read, and as what.
#[derive(Clone, Debug)]
pub struct Columns {
    /// Searched in order: some thirty lengths are compared sooner than a key is hashed.
    targets: Vec<(Box<str>, Target)>,
    metadata_names: Vec<Box<str>>,
}

impl Default for Columns {
    fn default() -> Self {
        let mut columns = Columns { targets: Vec::new(), metadata_names: Vec::new() };
        for (column, names) in Column::ALL {
            for (rank, name) in (0u8..).zip(names) {
                columns.put(name, Target::Column(column, rank));
            }
        }
        for name in ["language", "lang"] {
            columns.put_into_metadata("language", name);
        }
        columns
    }
}

impl Columns {
    /// The default columns changed by mappings `column=key`: the column is then read from that key (or keys, where it is
    /// mapped more than once) only; an empty key leaves the column out. `metadata.NAME=key` puts a key's value into the
    /// metadata.
    ///
    /// # Errors
    /// When a mapping has no `=` or names no column.
    pub fn mapped<'m>(mappings: impl IntoIterator<Item = &'m str>) -> Result<Self, DatasetError> {
        let mut columns = Self::default();
        let mut remapped: Vec<Column> = Vec::new();
        for mapping in mappings {
            let Some((to, from)) = mapping.split_once('=').map(|(to, from)| (to.trim(), from.trim())) else {
                return Err(DatasetError::Usage(format!(
                    "--map {mapping}: expected COLUMN=KEY, such as input_text=prompt"
                )));
            };
            if let Some(name) = to.strip_prefix("metadata.").filter(|n| !n.is_empty()) {
                columns.put_into_metadata(name, from);
                continue;
            }
            let Some(column) = Column::from_name(to) else {
                let known: Vec<_> = Column::ALL.iter().map(|(c, _)| c.name()).collect();
                return Err(DatasetError::Usage(format!(
                    "--map {mapping}: there is no column {to:?}; the columns are {} and metadata.NAME",
                    known.join(", ")
                )));
            };
            if !remapped.contains(&column) {
                columns.targets.retain(|(_, target)| !matches!(target, Target::Column(c, _) if *c == column));
            }
            let rank = u8::try_from(remapped.iter().filter(|c| **c == column).count()).unwrap_or(u8::MAX);
            remapped.push(column);
            if !from.is_empty() {
                columns.put(from, Target::Column(column, rank));
            }
        }
        Ok(columns)
    }

    fn put_into_metadata(&mut self, name: &str, key: &str) {
        let index = self.metadata_names.iter().position(|n| **n == *name).unwrap_or_else(|| {
            self.metadata_names.push(name.into());
            self.metadata_names.len() - 1
        });
        self.put(key, Target::Metadata(index));
    }

    fn put(&mut self, key: &str, target: Target) {
        match self.targets.iter_mut().find(|(k, _)| **k == *key) {
            Some((_, old)) => *old = target,
            None => self.targets.push((key.into(), target)),
        }
    }

    pub(super) fn target(&self, key: &str) -> Option<Target> {
        self.targets.iter().find(|(k, _)| **k == *key).map(|(_, target)| *target)
    }

    pub(super) fn metadata_name(&self, index: usize) -> &str {
        &self.metadata_names[index]
    }

    /// The keys from which `column` is read, first choice first.
    #[must_use]
    pub fn keys_of(&self, column: Column) -> Vec<&str> {
        let mut keys: Vec<(u8, &str)> = (self.targets.iter())
            .filter_map(|(key, target)| match target {
                Target::Column(c, rank) if *c == column => Some((*rank, &**key)),
                _ => None,
            })
            .collect();
        keys.sort_unstable();
        keys.into_iter().map(|(_, key)| key).collect()
    }
}

/// What foreign labels mean.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    given: Vec<(Box<str>, Option<Decision>)>,
}

impl Labels {
    /// Labels from mappings `label=DECISION`; the decision `NONE` means unlabelled.
    ///
    /// # Errors
    /// When a mapping has no `=` or no decision.
    pub fn mapped<'m>(mappings: impl IntoIterator<Item = &'m str>) -> Result<Self, DatasetError> {
        let mut labels = Self::default();
        for mapping in mappings {
            let expected = "expected LABEL=DECISION, such as unsafe=BLOCK, with a decision of \
                            ALLOW, WARN, BLOCK, REDACT, TRANSFORM or NONE (unlabelled)";
            let (label, decision) = mapping
                .rsplit_once('=')
                .ok_or_else(|| DatasetError::Usage(format!("--label {mapping}: {expected}")))?;
            let decision = decision.trim().to_ascii_uppercase();
            let decision = match (&*decision, Decision::from_name(&decision)) {
                ("NONE", _) => None,
                (_, Some(decision)) => Some(decision),
                (_, None) => return Err(DatasetError::Usage(format!("--label {mapping}: {expected}"))),
            };
            labels.given.push((label.trim().into(), decision));
        }
        Ok(labels)
    }

    /// What a label means: a given one first (exactly as written, else in any case), then a decision in any case.
    /// `None` for a label that means nothing.
    #[must_use]
    pub fn decision(&self, label: &str) -> Option<Option<Decision>> {
        let label = label.trim();
        let given = (self.given.iter().find(|(l, _)| **l == *label))
            .or_else(|| self.given.iter().find(|(l, _)| l.eq_ignore_ascii_case(label)));
        match given {
            Some((_, decision)) => Some(*decision),
            None => Decision::from_name(&label.to_ascii_uppercase()).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_in_their_own_order() {
        for (i, (column, _)) in Column::ALL.iter().enumerate() {
            assert_eq!(*column as usize, i);
        }
    }

    #[test]
    fn a_mapped_column_is_read_from_its_new_key_only() {
        let columns = Columns::mapped(["input_text=question", "input_text=query", "id="]).unwrap();
        assert_eq!(columns.keys_of(Column::InputText), ["question", "query"]);
        assert_eq!(columns.target("text"), None);
        assert!(columns.keys_of(Column::Id).is_empty());
        assert_eq!(columns.keys_of(Column::ExpectedDecision), ["expected_decision", "expected", "label"]);
    }

    #[test]
    fn a_mapping_to_no_column_names_the_columns() {
        let message = Columns::mapped(["texte=prompt"]).unwrap_err().to_string();
        assert!(message.contains("no column \"texte\"") && message.contains("input_text"), "{message}");
        assert!(Columns::mapped(["prompt"]).unwrap_err().to_string().contains("COLUMN=KEY"));
    }

    #[test]
    fn labels_are_read_as_given_and_otherwise_as_decisions() {
        let labels = Labels::mapped(["safe=ALLOW", "1=block", "unsure=NONE", "Safe=WARN"]).unwrap();
        assert_eq!(labels.decision("safe"), Some(Some(Decision::Allow)));
        assert_eq!(labels.decision("Safe"), Some(Some(Decision::Warn)));
        assert_eq!(labels.decision("SAFE"), Some(Some(Decision::Allow)));
        assert_eq!(labels.decision(" 1 "), Some(Some(Decision::Block)));
        assert_eq!(labels.decision("unsure"), Some(None));
        assert_eq!(labels.decision("redact"), Some(Some(Decision::Redact)));
        assert_eq!(labels.decision("maybe"), None);
        assert!(Labels::mapped(["safe=FINE"]).is_err());
    }
}
