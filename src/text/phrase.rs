//! The line notation of the specification's phrase lists, compiled to the source of a [`super::FoldedPattern`].
//!
//! Lists stay readable as data: one pattern a line, spelled as the words it matches.
//!
//! | written | means |
//! |---|---|
//! | blank | one or more blanks |
//! | `_` | exactly one space |
//! | `{a, b}` | one of the items, the earlier preferred |
//! | `[x]` | `x` or nothing |
//! | `#` | a word edge |
//! | `<w>`, `<w+>` | one word character, one or more |
//! | `<d+>` | one or more digits |
//! | `<i+>` | one or more `i` |
//! | `<ws>`, `<ws?>` | one or more blanks, any number of them |
//! | `<any>` | anything up to the end of the line |
//! | `<0-30>` | 0 to 30 characters of one line |
//! | `<eol>` | the end of a line |
//! | `<comma>`, `<lbrace>` | the characters `,` and U+007B |
//!
//! Everything else is literal.

use super::gates::Gate;
use super::needles::NeedleSet;
use super::pattern::{FoldedPattern, PatternError};

/// The lines of a list: those with something on them that do not begin with `//`.
pub fn lines(list: &str) -> impl Iterator<Item = &str> {
    list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"))
}

/// One pattern of a line, with the gate its literals give.
///
/// # Errors
/// When the line has an unknown `<...>` or its brackets do not pair.
pub fn pattern(line: &str, needles: &mut NeedleSet) -> Result<FoldedPattern, PatternError> {
    FoldedPattern::new(&source(line)?, needles)
}

/// One pattern that matches where any line of a list does, with the gate its literals give.
///
/// # Errors
/// As [`pattern`].
pub fn any_of(list: &str, needles: &mut NeedleSet) -> Result<FoldedPattern, PatternError> {
    FoldedPattern::new(&any_source(list)?, needles)
}

/// As [`any_of`] without a gate: for lists that are asked of sentences and windows, and only once something else was
/// found.
///
/// # Errors
/// As [`pattern`].
pub fn ungated_any_of(list: &str) -> Result<FoldedPattern, PatternError> {
    FoldedPattern::with_gate(&any_source(list)?, Gate::ALWAYS)
}

/// The regular expression of a list: any of its lines.
///
/// # Errors
/// As [`pattern`].
pub fn any_source(list: &str) -> Result<String, PatternError> {
    let sources = lines(list).map(|line| Ok(format!("(?:{})", source(line)?))).collect::<Result<Vec<_>, _>>()?;
    Ok(sources.join("|"))
}

/// The regular expression of a line.
///
/// # Errors
/// As [`pattern`].
pub fn source(line: &str) -> Result<String, PatternError> {
    let error = |message: String| PatternError { pattern: line.to_owned(), message };
    let mut out = String::with_capacity(line.len() * 2);
    let mut open = Vec::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            ' ' => {
                rest = rest.trim_start_matches(' ');
                out.push_str(r"\s+");
            }
            '_' => out.push(' '),
            '#' => out.push_str(r"\b"),
            '{' | '[' => {
                open.push(c);
                out.push_str("(?:");
            }
            '}' | ']' => {
                let opened = open.pop();
                if opened != Some(if c == '}' { '{' } else { '[' }) {
                    return Err(error(format!("{c:?} closes nothing")));
                }
                out.push_str(if c == '}' { ")" } else { ")?" });
            }
            ',' if open.contains(&'{') => {
                rest = rest.trim_start_matches(' ');
                out.push('|');
            }
            '<' => {
                // `=>` and a lone `<` are not names: only what is closed before the next blank or bracket is.
                let end = rest.find('>').ok_or_else(|| error("a `<` without its `>`".into()))?;
                out.push_str(&named(&rest[..end]).ok_or_else(|| error(format!("unknown `<{}>`", &rest[..end])))?);
                rest = &rest[end + 1..];
            }
            _ => out.push_str(&regex_syntax::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    match open.pop() {
        Some(c) => Err(error(format!("{c:?} is not closed"))),
        None => Ok(out),
    }
}

/// What stands for `<name>`.
fn named(name: &str) -> Option<String> {
    Some(match name {
        "w" => r"\w".into(),
        "w+" => r"\w+".into(),
        "d+" => r"\d+".into(),
        "i+" => "i+".into(),
        "ws" => r"\s+".into(),
        "ws?" => r"\s*".into(),
        "any" => ".*".into(),
        "eol" => "(?m:$)".into(),
        "comma" => ",".into(),
        "lbrace" => r"\{".into(),
        _ => {
            let (least, most) = name.split_once('-')?;
            let (least, most): (u8, u8) = (least.parse().ok()?, most.parse().ok()?);
            format!(".{{{least},{most}}}")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Text;

    fn matches(line: &str, text: &str) -> bool {
        let mut needles = NeedleSet::new();
        let pattern = pattern(line, &mut needles).unwrap();
        pattern.is_match(&Text::new(text, &needles.build()))
    }

    #[test]
    fn a_line_reads_as_the_words_it_matches() {
        assert!(matches("#how did [the ]<w+> {happen, come about}#", "How did  THE war come\nabout?"));
        assert!(matches("#how did [the ]<w+> {happen, come about}#", "how did it happen"));
        assert!(!matches("#how did [the ]<w+> {happen, come about}#", "how did it happened"));
        assert!(matches("#{right<comma>, right} because#", "right, because"));
        assert!(matches("#in [{a, my} ]{novel, story}#", "in story"));
        assert!(matches("=><ws?><lbrace>", "() => {"));
        assert!(matches("#mr[.] smith", "mr. smith") && matches("#mr[.] smith", "mr smith"));
        assert!(!matches("you_have", "you  have"));
        assert!(matches("only_<d+>_left", "only 12 left"));
    }

    #[test]
    fn gaps_stay_on_their_line() {
        assert!(matches("#she#<0-5>#nurse#", "she is nurse"));
        assert!(!matches("#she#<0-5>#nurse#", "she\nnurse") && !matches("#she#<0-5>#nurse#", "she is a nurse"));
        assert!(matches("fine.<ws?><eol>", "fine. \n\n x") && !matches("fine.<ws?><eol>", "fine. x"));
    }

    #[test]
    fn lists_skip_notes_and_empty_lines() {
        let pattern = ungated_any_of("// a note\n\nab\n  {c, d}e\n").unwrap();
        assert!(["AB", "de"].iter().all(|t| pattern.is_match(&Text::new(*t, &NeedleSet::new().build()))));
        assert!(!pattern.is_match(&Text::new("a e", &NeedleSet::new().build())));
    }

    #[test]
    fn mistakes_are_refused() {
        for wrong in ["{a, b", "a]", "<what>", "<3", "{a]"] {
            assert!(source(wrong).is_err(), "{wrong}");
        }
    }
}
