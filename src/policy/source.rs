//! Reading a policy's text: inline JSON or a file, JSON or YAML.

use super::bundle::Bundle;
use super::load::PolicyError;
use crate::value::{Value, parse_json_bytes, parse_yaml};
use std::path::{Path, PathBuf};

/// Where a policy comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicySource {
    /// JSON given directly.
    Inline(String),
    /// A file of JSON or YAML.
    File(PathBuf),
}

impl PolicySource {
    /// A command-line argument: JSON when it starts with `{`, else a path.
    #[must_use]
    pub fn from_arg(arg: &str) -> Self {
        if arg.trim_start().starts_with('{') {
            PolicySource::Inline(arg.to_owned())
        } else {
            PolicySource::File(arg.into())
        }
    }

    /// The name to show: the path as given, or `inline`.
    #[must_use]
    pub fn origin(&self) -> String {
        match self {
            PolicySource::Inline(_) => "inline".to_owned(),
            PolicySource::File(path) => path.display().to_string(),
        }
    }

    /// Reads and parses the text. A file ending in `.json` is JSON; any other is JSON if it starts like it and reads as
    /// such, else YAML.
    ///
    /// # Errors
    /// [`PolicyError::Unreadable`] or [`PolicyError::Syntax`].
    pub fn read(&self) -> Result<Document, PolicyError> {
        let origin = self.origin();
        match self {
            PolicySource::Inline(text) => json(text.as_bytes(), &origin),
            PolicySource::File(path) => {
                let bytes = std::fs::read(path)
                    .map_err(|e| PolicyError::Unreadable { origin: origin.clone(), reason: e.to_string() })?;
                if is_json_path(path) {
                    return json(&bytes, &origin);
                }
                if bytes.trim_ascii_start().starts_with(b"{")
                    && let Ok(document) = json(&bytes, &origin)
                {
                    return Ok(document);
                }
                yaml(&bytes, &origin)
            }
        }
    }
}

/// A parsed policy text.
#[derive(Clone, Debug)]
pub struct Document {
    /// The content; null for an empty YAML file.
    pub value: Value,
    /// Path as given, or `inline`.
    pub origin: String,
    /// Whether it was JSON.
    pub is_json: bool,
}

impl Document {
    /// Whether the content has the look of a bundle.
    #[must_use]
    pub fn is_bundle(&self) -> bool {
        self.value.as_map().is_some_and(Bundle::looks_like)
    }
}

fn is_json_path(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"))
}

fn json(bytes: &[u8], origin: &str) -> Result<Document, PolicyError> {
    match parse_json_bytes(bytes) {
        Ok(value) => Ok(Document { value, origin: origin.to_owned(), is_json: true }),
        Err(e) => Err(PolicyError::syntax(origin, "JSON", e.line, e.column, e.message)),
    }
}

fn yaml(bytes: &[u8], origin: &str) -> Result<Document, PolicyError> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let before = String::from_utf8_lossy(&bytes[..e.valid_up_to()]);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        PolicyError::syntax(origin, "YAML", line, column, "invalid UTF-8; save the file as UTF-8".to_owned())
    })?;
    match parse_yaml(text) {
        Ok(value) => Ok(Document { value, origin: origin.to_owned(), is_json: false }),
        Err(e) => Err(PolicyError::syntax(origin, "YAML", e.line, e.column, e.message)),
    }
}
