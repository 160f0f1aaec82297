//! Reading YAML the way PyYAML's safe loader does (YAML 1.1 types), and writing it back.
//!
//! `saphyr-parser` finds the structure; what a scalar means, merge keys, tags and odd keys are decided here.
//!
//! Where the two part on purpose or by the parser's nature (measured with PyYAML 6.0.2):
//! - accepted here, an error there: tabs as separators, an anchor defined twice, keys over several lines inside
//!   brackets, a colon without a key before it;
//! - refused here, read there: U+0085, U+2028 and U+2029 (line ends only in YAML 1.1), `\uD800`..`\uDFFF` escapes, a
//!   byte-order mark inside the text, `[-]` and `{a:{b: c}}`;
//! - read differently: an anchor may hold punctuation here, so `&a: b` is an anchor named `a:`.
//!
//! A `<<` list of maps follows the YAML merge rule, the earlier map wins; PyYAML 6.0.4 alone lets the later one win.

mod compose;
mod flow_indent;
mod scalar;
mod write;

pub use write::write_yaml;

use super::Value;

/// What is wrong with a YAML text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct YamlError {
    /// What was found and what was expected.
    pub message: String,
    /// 1-based line.
    pub line: usize,
    /// 1-based column in characters.
    pub column: usize,
}

impl YamlError {
    /// The parser places what is missing at the end on a line of its own; the end of the last line is more helpful.
    fn within(mut self, text: &str) -> Self {
        let count = text.lines().count();
        if self.line > count && count > 0 {
            self.line = count;
            self.column = text.lines().last().map_or(0, |line| line.chars().count()) + 1;
        }
        self
    }
}

/// Parses one YAML document; an empty text is null.
///
/// Dates become [`Value::Date`]; binary data and sets, which no policy can use, become a `Date` holding their YAML
/// (`!!binary aGk=`). A key that is not text becomes [`super::Key::Odd`].
///
/// # Errors
/// [`YamlError`] at the first place that is not YAML, uses an unknown tag or an unhashable key, or starts a second
/// document; and when aliases expand to an unreasonable size or into themselves.
pub fn parse_yaml(text: &str) -> Result<Value, YamlError> {
    check_characters(text)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    read(text).map_err(|e| e.within(text))
}

fn read(text: &str) -> Result<Value, YamlError> {
    let composed = match compose::compose(text) {
        // YAML 1.2 wants continuation lines of brackets and quotes indented, PyYAML does not.
        Err(first) if first.message.starts_with("invalid indentation") => match flow_indent::indented(text) {
            Some(copy) => compose::compose(&copy.text).map_err(|e| copy.original_place(e))?,
            None => return Err(first),
        },
        other => other?,
    };
    composed.map_or(Ok(Value::Null), |graph| graph.construct())
}

/// YAML refuses most control characters anywhere, also inside quotes. The three exotic line ends are refused too: YAML
/// 1.1 breaks lines there, YAML 1.2 does not, so the text would mean two things.
fn check_characters(text: &str) -> Result<(), YamlError> {
    let refused = |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}');
    match text.find(refused) {
        None => Ok(()),
        Some(at) => {
            let before = &text[..at];
            let code = text[at..].chars().next().map_or(0, u32::from);
            Err(YamlError {
                message: format!(
                    "the character U+{code:04X} is not allowed in YAML; write it as \"\\u{code:04x}\" in double quotes"
                ),
                line: before.matches('\n').count() + 1,
                column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
            })
        }
    }
}
