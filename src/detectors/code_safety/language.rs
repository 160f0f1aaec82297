//! Which language a piece of code is in.

use crate::engine::EvalError;
use crate::text::{CasedPattern, FoldedPattern, Gate, NeedleSet, Text};

/// A language whose code is looked at; the last four have rules for SQL in them only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Python,
    JavaScript,
    Sql,
    Shell,
    Go,
    Java,
    Php,
    Ruby,
}

impl Language {
    /// All languages that a policy may name.
    pub(super) const ALL: [Language; 8] = [
        Language::Python,
        Language::JavaScript,
        Language::Sql,
        Language::Shell,
        Language::Go,
        Language::Java,
        Language::Php,
        Language::Ruby,
    ];

    /// Its name in policies.
    pub(super) fn name(self) -> &'static str {
        match self {
            Language::Python => "python",
            Language::JavaScript => "javascript",
            Language::Sql => "sql",
            Language::Shell => "shell",
            Language::Go => "go",
            Language::Java => "java",
            Language::Php => "php",
            Language::Ruby => "ruby",
        }
    }

    /// Whether it has rules of its own: code in no known language is scanned as each of these.
    pub(super) fn has_rules(self) -> bool {
        matches!(self, Language::Python | Language::JavaScript | Language::Sql | Language::Shell)
    }

    /// The language of a fence's hint.
    pub(super) fn of_hint(hint: &str) -> Option<Self> {
        Some(match hint {
            "python" | "py" | "python3" => Language::Python,
            "javascript" | "js" | "typescript" | "ts" | "jsx" | "tsx" => Language::JavaScript,
            "sql" | "mysql" | "postgresql" | "postgres" | "sqlite" => Language::Sql,
            "bash" | "sh" | "shell" | "zsh" => Language::Shell,
            "go" | "golang" => Language::Go,
            "java" => Language::Java,
            "php" => Language::Php,
            "ruby" | "rb" => Language::Ruby,
            _ => return None,
        })
    }
}

/// Recognises the language of code without a hint.
#[derive(Debug)]
pub(super) struct Recognizer {
    /// Words without which the Python pattern cannot match: `from` alone is in every other text.
    python_words: Gate,
    python: CasedPattern,
    javascript: CasedPattern,
    sql: FoldedPattern,
    shell: CasedPattern,
}

impl Recognizer {
    pub(super) fn new(needles: &mut NeedleSet) -> Result<Self, EvalError> {
        let broken = |e: crate::text::pattern::PatternError| EvalError::new(e.to_string());
        Ok(Recognizer {
            python_words: needles.gate(["import", "def"]),
            python: CasedPattern::new(r"\bimport\s+\w|from\s+\w+\s+import|def\s+\w+\s*\(", needles).map_err(broken)?,
            javascript: CasedPattern::new(
                r"\bfunction\s+\w|const\s+\w+\s*=|=>\s*\{|require\(|import\s+.*from",
                needles,
            )
            .map_err(broken)?,
            sql: FoldedPattern::new(r"\bselect\b.*\bfrom\b|\binsert\s+into\b|\bupdate\b.*\bset\b", needles)
                .map_err(broken)?,
            shell: CasedPattern::new(r"(?m:^)#!/bin/(?:ba)?sh|(?m:^)\s*(?:if|for|while)\s+\[", needles)
                .map_err(broken)?,
        })
    }

    pub(super) fn recognize(&self, code: &Text<'_>) -> Option<Language> {
        if code.is_open(self.python_words) && self.python.is_match(code) {
            Some(Language::Python)
        } else if self.javascript.is_match(code) {
            Some(Language::JavaScript)
        } else if self.sql.is_match(code) {
            Some(Language::Sql)
        } else if (code.shape().has(b'[') || code.shape().has(b'#')) && self.shell.is_match(code) {
            Some(Language::Shell)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_recognised_by_the_first_pattern_that_fits() {
        let mut needles = NeedleSet::new();
        let recognizer = Recognizer::new(&mut needles).unwrap();
        let prefilter = needles.build();
        for (code, language) in [
            ("please import the data", Some(Language::Python)),
            ("import a from \"b\"", Some(Language::Python)),
            ("from x  import y", Some(Language::Python)),
            ("undef f(", Some(Language::Python)),
            ("Import the data", None),
            ("import {a} from \"b\"", Some(Language::JavaScript)),
            ("x =>  {", Some(Language::JavaScript)),
            ("const é = 1", Some(Language::JavaScript)),
            ("SELECT one FROM list", Some(Language::Sql)),
            ("select one\nfrom list", None),
            ("a\n  if [ -f x ]", Some(Language::Shell)),
            ("#!/bin/sh", Some(Language::Shell)),
            (" #!/bin/sh", None),
            ("plain words", None),
        ] {
            assert_eq!(recognizer.recognize(&Text::new(code, &prefilter)), language, "{code:?}");
        }
    }
}
