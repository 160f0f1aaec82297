//! What is wrong with a dataset, and where.

use std::fmt;
use std::sync::Arc;

/// Bad rows that a message lists; the rest are counted.
pub const LISTED_BAD_ROWS: usize = 20;

/// Where in a dataset something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line and column of a file, both 1-based; column 0 where the format has none (a CSV record).
    Line {
        /// The file as the user named it.
        file: Arc<str>,
        /// 1-based line.
        line: u64,
        /// 1-based column in characters, 0 for none.
        column: u64,
    },
    /// An item of a list in a file that is read whole.
    Item {
        /// The file as the user named it.
        file: Arc<str>,
        /// Key path of the list.
        list: Arc<str>,
        /// 0-based.
        index: u64,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Line { file, line, column: 0 } => write!(f, "{file}:{line}"),
            Place::Line { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Place::Item { file, list, index } => write!(f, "{file}: {list}[{index}]"),
        }
    }
}

/// A row that is no sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Where.
    pub place: Place,
    /// What was found and what was expected.
    pub message: String,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Bad rows: the first ones in full, the others counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BadRows {
    listed: Vec<BadRow>,
    count: u64,
}

impl BadRows {
    /// Adds one.
    pub fn push(&mut self, row: BadRow) {
        self.count += 1;
        if self.listed.len() < LISTED_BAD_ROWS {
            self.listed.push(row);
        }
    }

    /// Adds those of the part of the dataset that follows.
    pub fn append(&mut self, later: BadRows) {
        self.count += later.count;
        let room = LISTED_BAD_ROWS - self.listed.len();
        self.listed.extend(later.listed.into_iter().take(room));
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The first ones.
    #[must_use]
    pub fn listed(&self) -> &[BadRow] {
        &self.listed
    }
}

impl fmt::Display for BadRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, row) in self.listed.iter().enumerate() {
            write!(f, "{}{row}", if i == 0 { "" } else { "\n" })?;
        }
        let more = self.count - self.listed.len() as u64;
        if more > 0 {
            write!(f, "\n... and {more} more")?;
        }
        Ok(())
    }
}

/// Why a dataset could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A file could not be opened or read.
    #[error("{file}: {source}")]
    Io {
        /// The file as the user named it.
        file: Arc<str>,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file is not what its format says, so that nothing after this place can be read.
    #[error("{place}: {message}")]
    Malformed {
        /// Where.
        place: Place,
        /// What was found and what was expected.
        message: String,
    },
    /// The file as a whole cannot be a dataset.
    #[error("{file}: {message}")]
    Unusable {
        /// The file as the user named it.
        file: Arc<str>,
        /// What was found and what was expected.
        message: String,
    },
    /// The dataset as the user named it cannot be read.
    #[error("{0}")]
    Usage(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_twenty_bad_rows_are_listed_and_the_rest_counted() {
        let row =
            |line| BadRow { place: Place::Line { file: "d.jsonl".into(), line, column: 1 }, message: "bad".to_owned() };
        let mut bad = BadRows::default();
        (1..=15).for_each(|line| bad.push(row(line)));
        let mut later = BadRows::default();
        (16..=30).for_each(|line| later.push(row(line)));
        bad.append(later);
        let text = bad.to_string();
        assert_eq!(bad.count(), 30);
        assert_eq!(text.lines().count(), 21);
        assert!(text.contains("d.jsonl:20:1: bad"));
        assert!(text.ends_with("... and 10 more"));
    }
}
