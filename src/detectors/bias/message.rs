//! Whether a custom pattern's message can be formatted: Python's `str.format` with the match as `match`.
//!
//! The message itself goes nowhere here, but one that cannot be formatted fails the evaluation.

/// Whether `message` can be formatted with the matched text.
pub(super) fn formats(message: &str, matched: &str) -> bool {
    formatted(message, matched, 2).is_some()
}

/// The formatted message; `None` where Python raises. Fields may stand in format specifications, `depth` deep.
fn formatted(message: &str, matched: &str, depth: u8) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    let mut out = String::new();
    let mut rest = message;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            out.push_str(brace);
            rest = after;
        } else if brace == "{" {
            rest = field(rest, matched, depth, &mut out)?;
        } else {
            return None;
        }
    }
    out.push_str(rest);
    Some(out)
}

/// Formats one replacement field, given what follows its brace; the rest of the message.
fn field<'m>(rest: &'m str, matched: &str, depth: u8, out: &mut String) -> Option<&'m str> {
    let (end, terminator) = name_end(rest)?;
    let mut value = lookup(&rest[..end], matched)?;
    let mut rest = &rest[end + 1..];
    if terminator == '!' {
        let conversion = rest.chars().next()?;
        rest = &rest[conversion.len_utf8()..];
        if !matches!(conversion, 'r' | 's' | 'a') {
            return None;
        }
        // Any value can be written as text, and then it is one.
        value = Found::Text(value.formatted("")?);
        match rest.chars().next()? {
            '}' => {
                out.push_str(&value.formatted("")?);
                return Some(&rest[1..]);
            }
            ':' => rest = &rest[1..],
            _ => return None,
        }
    } else if terminator == '}' {
        out.push_str(&value.formatted("")?);
        return Some(rest);
    }
    let end = closing_brace(rest)?;
    let specification = &rest[..end];
    let nested = specification.contains('{');
    let expanded = if nested { formatted(specification, matched, depth)? } else { specification.to_owned() };
    out.push_str(&value.formatted(&expanded)?);
    Some(&rest[end + 1..])
}

/// Where a field's name ends, and with what: its closing brace, a conversion or a format specification.
fn name_end(text: &str) -> Option<(usize, char)> {
    let mut in_index = false;
    for (at, c) in text.char_indices() {
        match c {
            ']' => in_index = false,
            _ if in_index => {}
            '[' => in_index = true,
            '{' => return None,
            '}' | ':' | '!' => return Some((at, c)),
            _ => {}
        }
    }
    None
}

/// The brace that closes a format specification.
fn closing_brace(text: &str) -> Option<usize> {
    let mut open = 1;
    for (at, c) in text.char_indices() {
        match c {
            '{' => open += 1,
            '}' if open == 1 => return Some(at),
            '}' => open -= 1,
            _ => {}
        }
    }
    None
}

/// What a field leads to.
#[derive(Clone)]
enum Found {
    Text(String),
    /// A method, bound to the text where that is what it belongs to.
    Method {
        name: String,
        of: Option<String>,
    },
    /// Python's `str` itself.
    Class,
}

/// The public methods of a Python 3.11 text.
const METHODS: &str = "capitalize casefold center count encode endswith expandtabs find format format_map index isalnum \
    isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower \
    lstrip maketrans partition removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split \
    splitlines startswith strip swapcase title translate upper zfill";
/// Those that every value has, in double underscores.
const COMMON: &str = "delattr dir eq format ge getattribute getstate gt hash init init_subclass le lt ne new reduce \
    reduce_ex repr setattr sizeof str subclasshook";
/// Those that a text has besides.
const OF_TEXT: &str = "add contains getitem getnewargs iter len mod mul rmod rmul";
/// The methods of a text that belong to no text, but to its class.
const OF_CLASS: [&str; 4] = ["maketrans", "__new__", "__init_subclass__", "__subclasshook__"];
/// Stands for the wording of documentation, which is not reproduced.
const DOCUMENTATION: &str = "documentation of Python";

/// The value of a field: the match, what its attributes lead to, or a character of a text. Attributes that lead deeper
/// into Python than a text, its methods, its class and their names are taken as missing.
fn lookup(name: &str, matched: &str) -> Option<Found> {
    let mut value = Found::Text(matched.to_owned());
    let mut rest = name.strip_prefix("match")?;
    while !rest.is_empty() {
        if let Some(attribute) = rest.strip_prefix('.') {
            let end = attribute.find(['.', '[']).unwrap_or(attribute.len());
            value = value.attribute(&attribute[..end])?;
            rest = &attribute[end..];
            continue;
        }
        let (index, after) = rest.strip_prefix('[')?.split_once(']')?;
        let Found::Text(text) = &value else { return None };
        if index.is_empty() || !index.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        value = Found::Text(text.chars().nth(index.parse().ok()?)?.to_string());
        rest = after;
    }
    Some(value)
}

impl Found {
    fn attribute(&self, name: &str) -> Option<Found> {
        let one_of = |list: &str, name: &str| list.split_whitespace().any(|known| known == name);
        let inner = name.strip_prefix("__").and_then(|n| n.strip_suffix("__"));
        let is_common = inner.is_some_and(|n| one_of(COMMON, n));
        let is_of_text = is_common || one_of(METHODS, name) || inner.is_some_and(|n| one_of(OF_TEXT, n));
        let method = |of: Option<&str>| {
            let of = of.filter(|_| !OF_CLASS.contains(&name)).map(str::to_owned);
            Some(Found::Method { name: name.to_owned(), of })
        };
        let text = |text: &str| Some(Found::Text(text.to_owned()));
        match (self, name) {
            (Found::Text(_) | Found::Method { .. } | Found::Class, "__doc__") => text(DOCUMENTATION),
            (Found::Text(_), "__class__") => Some(Found::Class),
            (Found::Text(own), _) if is_of_text => method(Some(own)),
            (Found::Class, "__name__" | "__qualname__") => text("str"),
            (Found::Class, "__module__") => text("builtins"),
            (Found::Class, _) if is_of_text => method(None),
            (Found::Method { name: own, .. }, "__name__") => text(own),
            (Found::Method { name: own, .. }, "__qualname__") => text(&format!("str.{own}")),
            (Found::Method { of: Some(of), .. }, "__self__") => text(of),
            (Found::Method { .. }, _) if is_common || name == "__call__" => method(None),
            _ => None,
        }
    }

    /// The text that formatting gives; `None` where Python refuses the specification. Only texts take one.
    fn formatted(self, specification: &str) -> Option<String> {
        match self {
            Found::Text(text) => is_text_format(specification).then_some(text),
            Found::Method { .. } | Found::Class => specification.is_empty().then(|| "<Python>".to_owned()),
        }
    }
}

/// Whether a format specification is one that text takes: fill, alignment, width, precision.
fn is_text_format(specification: &str) -> bool {
    let mut rest: &[char] = &specification.chars().collect::<Vec<_>>();
    match rest {
        [_, '<' | '>' | '^', after @ ..] | ['<' | '>' | '^', after @ ..] => rest = after,
        _ => {}
    }
    let digits = |rest: &[char]| rest.iter().take_while(|c| c.is_ascii_digit()).count();
    rest = &rest[digits(rest)..];
    if let ['.', precision @ ..] = rest {
        let length = digits(precision);
        if length == 0 {
            return false;
        }
        rest = &precision[length..];
    }
    matches!(rest, [] | ['s'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_formats_is_formatted() {
        for message in [
            "",
            "plain",
            "{match}",
            "{{x}}",
            "{match!r} {match:>5}",
            "{match[0]}",
            "{match[0][0]}",
            "{match:é<9}",
            "{match:010}",
            "{match:.2s}",
            "{match!s:>9}",
            "{match:}",
            "{match:{{}}}{{",
            "{match.upper}",
            "{match.upper:}",
            "{match.upper!r:>9}",
            "{match[0].upper}",
            "{match.__class__}",
            "{match.__class__.__name__:>9}",
            "{match.__doc__[0]}",
            "{match.upper.__name__[0]}",
            "{match.casefold.__self__.title}",
            "{match.casefold.__self__[2]}",
            "{match.__len__}",
        ] {
            assert!(formats(message, "abc") != message.contains("{{}}"), "{message}");
        }
    }

    #[test]
    fn what_python_refuses_is_refused() {
        for message in [
            "{",
            "}",
            "{}",
            "{0}",
            "{x}",
            "{ match }",
            "{match",
            "{match.x}",
            "{match.}",
            "{match..upper}",
            "{match.upper:5}",
            "{match.__len__:s}",
            "{match.__class__:>9}",
            "{match.upper.x}",
            "{match.upper[0]}",
            "{match.__class__[0]}",
            "{match.__dict__}",
            "{match.__module__}",
            "{match.maketrans.__self__:>3}",
            "{match.casefold.__self__:d}",
            "{match[9]}",
            "{match[-1]}",
            "{match[]}",
            "{match[0]x}",
            "{match:d}",
            "{match:=10}",
            "{match:+}",
            "{match:#}",
            "{match:,}",
            "{match:_}",
            "{match!}",
            "{match!z}",
            "{match!ss}",
            "{match:{match}}",
            "{match:05d}",
            "{match:.}",
            "{match{x}}",
        ] {
            assert!(!formats(message, "abc"), "{message}");
        }
        assert!(formats("{match:{match}}", "5"));
    }
}
