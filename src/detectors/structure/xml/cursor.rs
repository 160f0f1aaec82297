//! A place in an XML text, and what is read alike everywhere: names, blanks, literals, references, comments,
//! processing instructions.

use super::names;

/// The text is not well-formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

pub(super) type Read<T> = Result<T, Malformed>;

/// Reads from left to right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'t> {
    rest: &'t str,
}

/// A qualified name as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name<'t> {
    pub prefix: Option<&'t str>,
    pub local: &'t str,
}

/// What a reference stands for.
pub(super) enum Reference {
    /// A character, given by number or as one of the five predefined entities.
    Character(char),
    /// Any other entity. None can be declared, so none is known.
    Unknown,
}

pub(super) const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Whether XML admits the character at all, literally or by number.
pub(super) const fn is_char(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Cursor { rest: text }
    }

    /// What is not read yet.
    pub(super) fn rest(&self) -> &'t str {
        self.rest
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Takes `mark` if it comes next.
    pub(super) fn take(&mut self, mark: &str) -> bool {
        match self.rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    pub(super) fn expect(&mut self, mark: &str) -> Read<()> {
        if self.take(mark) { Ok(()) } else { Err(Malformed) }
    }

    /// Takes everything up to and including `mark`, and returns what stands before it.
    pub(super) fn until(&mut self, mark: &str) -> Read<&'t str> {
        let at = memchr::memmem::find(self.rest.as_bytes(), mark.as_bytes()).ok_or(Malformed)?;
        let before = &self.rest[..at];
        self.rest = &self.rest[at + mark.len()..];
        Ok(before)
    }

    /// Takes the characters that `accept` accepts.
    pub(super) fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !accept(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Takes blanks; whether there were any.
    pub(super) fn blanks(&mut self) -> bool {
        !self.take_while(is_blank).is_empty()
    }

    /// A name without a colon.
    pub(super) fn plain_name(&mut self) -> Read<&'t str> {
        if self.peek().is_some_and(names::is_start) { Ok(self.take_while(names::is_inside)) } else { Err(Malformed) }
    }

    /// A name with at most one colon, and something on both sides of it.
    pub(super) fn name(&mut self) -> Read<Name<'t>> {
        let first = self.plain_name()?;
        if self.take(":") {
            Ok(Name { prefix: Some(first), local: self.plain_name()? })
        } else {
            Ok(Name { prefix: None, local: first })
        }
    }

    /// A literal in either kind of quotes.
    pub(super) fn literal(&mut self) -> Read<&'t str> {
        match self.peek() {
            Some('"') => {
                self.expect("\"")?;
                self.until("\"")
            }
            Some('\'') => {
                self.expect("'")?;
                self.until("'")
            }
            _ => Err(Malformed),
        }
    }

    /// A reference, whose `&` comes next.
    pub(super) fn reference(&mut self) -> Read<Reference> {
        self.expect("&")?;
        if self.take("#") {
            let radix = if self.take("x") { 16 } else { 10 };
            let digits = self.take_while(|c| c.is_digit(radix));
            self.expect(";")?;
            // More digits than fit are more than any character has; leading zeros do not count.
            let point = u32::from_str_radix(digits.trim_start_matches('0'), radix).map_err(|_| Malformed)?;
            return char::from_u32(point).filter(|&c| is_char(c)).map(Reference::Character).ok_or(Malformed);
        }
        let name = self.plain_name()?;
        self.expect(";")?;
        Ok(match name {
            "amp" => Reference::Character('&'),
            "lt" => Reference::Character('<'),
            "gt" => Reference::Character('>'),
            "quot" => Reference::Character('"'),
            "apos" => Reference::Character('\''),
            _ => Reference::Unknown,
        })
    }

    /// A comment whose `<!--` was taken.
    pub(super) fn comment(&mut self) -> Read<()> {
        self.until("--")?;
        self.expect(">")
    }

    /// A processing instruction whose `<?` was taken. None may be called `xml`: the declaration is read elsewhere.
    pub(super) fn instruction(&mut self) -> Read<()> {
        let target = self.plain_name()?;
        if target.eq_ignore_ascii_case("xml") {
            return Err(Malformed);
        }
        if self.take("?>") {
            return Ok(());
        }
        if !self.blanks() {
            return Err(Malformed);
        }
        self.until("?>").map(drop)
    }
}

/// An attribute's value with references resolved and blanks as spaces. An unknown entity is left out where it may be
/// declared somewhere that is not read (`lenient`), and an error elsewhere.
pub(super) fn attribute_value(written: &str, lenient: bool) -> Read<String> {
    let mut value = String::with_capacity(written.len());
    let mut cursor = Cursor::new(written);
    loop {
        value.extend(cursor.take_while(|c| !matches!(c, '&' | '<')).chars().map(|c| if is_blank(c) { ' ' } else { c }));
        match cursor.peek() {
            None => return Ok(value),
            Some('&') => match cursor.reference()? {
                Reference::Character(c) => value.push(c),
                Reference::Unknown if lenient => {}
                Reference::Unknown => return Err(Malformed),
            },
            Some(_) => return Err(Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_must_be_characters_that_xml_admits() {
        let read = |text: &str| match Cursor::new(text).reference() {
            Ok(Reference::Character(c)) => Some(c),
            _ => None,
        };
        assert_eq!(read("&#x41;"), Some('A'));
        assert_eq!(read("&#0000000000065;"), Some('A'));
        assert_eq!(read("&apos;"), Some('\''));
        for bad in ["&#0;", "&#xD800;", "&#x110000;", "&#xFFFE;", "&#X41;", "&#;", "&#99999999999;", "&amp", "& amp;"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn values_are_normalised() {
        assert_eq!(attribute_value("a\n\t&#10;&lt;", false), Ok("a  \n<".into()));
        assert_eq!(attribute_value("x&n;y", true), Ok("xy".into()));
        assert!(attribute_value("x&n;y", false).is_err() && attribute_value("<", true).is_err());
    }

    #[test]
    fn names_have_one_colon_at_most() {
        assert_eq!(Cursor::new("a:b.c d").name(), Ok(Name { prefix: Some("a"), local: "b.c" }));
        assert!(Cursor::new("a:").name().is_err() && Cursor::new(":a").name().is_err());
    }
}
