//! The document type declaration: its grammar is checked, attribute defaults that concern namespaces are kept, entities
//! are refused.
//!
//! A parameter entity's reference may hide further declarations: what follows it is checked but not taken over, unless
//! the document says that it stands alone.

use super::cursor::{Cursor, Malformed, Name, Read, attribute_value};
use super::token::{Token, Word, next};
use std::collections::HashMap;

/// Entities that cannot be declared anew: a declaration of them is read and has no effect.
const PREDEFINED: [&str; 5] = ["amp", "lt", "gt", "quot", "apos"];
/// Types of attributes other than text, enumerations and notations.
const TOKENIZED: [&str; 7] = ["ID", "IDREF", "IDREFS", "ENTITY", "ENTITIES", "NMTOKEN", "NMTOKENS"];

/// What a document type declares that matters for the document.
#[derive(Debug)]
pub(super) struct DocumentType<'t> {
    standalone: bool,
    /// Whether declarations may be hidden in a part that is not read.
    has_hidden_parts: bool,
    /// Whether declarations are still taken over.
    processing: bool,
    /// Whether an attribute of an element is text (and not a list of tokens), by its first declaration.
    is_text: HashMap<(Name<'t>, Name<'t>), bool>,
    /// Defaults of an element's attributes that bind or use a prefix.
    defaults: HashMap<Name<'t>, Vec<(Name<'t>, String)>>,
}

impl<'t> DocumentType<'t> {
    pub(super) fn new(standalone: bool) -> Self {
        DocumentType {
            standalone,
            has_hidden_parts: false,
            processing: true,
            is_text: HashMap::new(),
            defaults: HashMap::new(),
        }
    }

    /// Whether an unknown entity in an attribute may be declared in a part that is not read.
    pub(super) fn is_lenient(&self) -> bool {
        self.has_hidden_parts && !self.standalone
    }

    /// The declared defaults of an element's attributes, as far as they concern namespaces.
    pub(super) fn defaults(&self, element: Name<'t>) -> &[(Name<'t>, String)] {
        self.defaults.get(&element).map_or(&[], Vec::as_slice)
    }

    /// A value as the attribute's declared type has it: all but text lose outer blanks and repeated ones.
    pub(super) fn normalized(&self, element: Name<'t>, attribute: Name<'t>, value: String) -> String {
        if self.is_text.get(&(element, attribute)) == Some(&false) { collapse(&value) } else { value }
    }

    /// Reads the declaration behind `<!DOCTYPE`.
    pub(super) fn read(&mut self, cursor: &mut Cursor<'t>) -> Read<()> {
        if !cursor.blanks() {
            return Err(Malformed);
        }
        name(next(cursor)?)?;
        let mut token = next(cursor)?;
        if let Token::Word(word) = token {
            if plain(word)? == "PUBLIC" {
                public_id(next(cursor)?)?;
            } else if word.text != "SYSTEM" {
                return Err(Malformed);
            }
            literal(next(cursor)?)?;
            self.has_hidden_parts = true;
            token = next(cursor)?;
        }
        if token == Token::OpenBracket {
            self.internal_subset(cursor)?;
            token = next(cursor)?;
        }
        if token == Token::End { Ok(()) } else { Err(Malformed) }
    }

    fn internal_subset(&mut self, cursor: &mut Cursor<'t>) -> Read<()> {
        loop {
            match next(cursor)? {
                Token::CloseBracket => return Ok(()),
                Token::Remark => {}
                Token::ParameterReference => {
                    self.has_hidden_parts = true;
                    self.processing = self.standalone;
                }
                Token::Declaration("ELEMENT") => element(cursor)?,
                Token::Declaration("ATTLIST") => self.attribute_list(cursor)?,
                Token::Declaration("NOTATION") => notation(cursor)?,
                Token::Declaration("ENTITY") => self.entity(cursor)?,
                _ => return Err(Malformed),
            }
        }
    }

    fn attribute_list(&mut self, cursor: &mut Cursor<'t>) -> Read<()> {
        let element = name(next(cursor)?)?;
        loop {
            let attribute = match next(cursor)? {
                Token::End => return Ok(()),
                token => name(token)?,
            };
            let is_text = attribute_type(cursor)?;
            let default = match next(cursor)? {
                Token::Pound("IMPLIED" | "REQUIRED") => None,
                Token::Pound("FIXED") => Some(literal(next(cursor)?)?),
                token => Some(literal(token)?),
            };
            if self.processing {
                self.declare(element, attribute, is_text, default)?;
            }
        }
    }

    /// Takes over an attribute; only its first declaration counts.
    fn declare(&mut self, element: Name<'t>, attribute: Name<'t>, is_text: bool, default: Option<&str>) -> Read<()> {
        let default = default.map(|written| attribute_value(written, self.is_lenient())).transpose()?;
        let first = !self.is_text.contains_key(&(element, attribute));
        self.is_text.entry((element, attribute)).or_insert(is_text);
        let concerns_namespaces = attribute.prefix.is_some() || attribute.local == "xmlns";
        if let Some(value) = default.filter(|_| first && concerns_namespaces) {
            let value = if is_text { value } else { collapse(&value) };
            self.defaults.entry(element).or_default().push((attribute, value));
        }
        Ok(())
    }

    /// An entity's declaration is refused where it would be taken over.
    fn entity(&self, cursor: &mut Cursor<'t>) -> Read<()> {
        let mut token = next(cursor)?;
        let is_parameter = token == Token::Percent;
        if is_parameter {
            token = next(cursor)?;
        }
        let name = plain(word(token)?)?;
        if self.processing && (is_parameter || !PREDEFINED.contains(&name)) {
            return Err(Malformed);
        }
        match next(cursor)? {
            Token::Literal(value) => {
                if self.processing {
                    entity_value(value)?;
                }
                end(cursor)
            }
            Token::Word(kind) => {
                match plain(kind)? {
                    "SYSTEM" => {}
                    "PUBLIC" => public_id(next(cursor)?)?,
                    _ => return Err(Malformed),
                }
                literal(next(cursor)?)?;
                match next(cursor)? {
                    Token::End => Ok(()),
                    Token::Word(word) if !is_parameter && plain(word)? == "NDATA" => {
                        plain(self::word(next(cursor)?)?)?;
                        end(cursor)
                    }
                    _ => Err(Malformed),
                }
            }
            _ => Err(Malformed),
        }
    }
}

/// The content model of an element.
fn element(cursor: &mut Cursor<'_>) -> Read<()> {
    name(next(cursor)?)?;
    match next(cursor)? {
        Token::Word(Word { text: "EMPTY" | "ANY", quantifier: None, .. }) => end(cursor),
        Token::Open => {
            let ahead = next(cursor)?;
            if ahead == Token::Pound("PCDATA") {
                mixed(cursor)?
            } else {
                children(cursor, ahead)?
            }
            end(cursor)
        }
        _ => Err(Malformed),
    }
}

/// `(#PCDATA)`, `(#PCDATA)*` or `(#PCDATA|a|b)*`, behind `#PCDATA`.
fn mixed(cursor: &mut Cursor<'_>) -> Read<()> {
    let mut alone = true;
    loop {
        match next(cursor)? {
            Token::Close(Some('*')) => return Ok(()),
            Token::Close(None) if alone => return Ok(()),
            Token::Or => {
                name(next(cursor)?)?;
            }
            _ => return Err(Malformed),
        }
        alone = false;
    }
}

/// Nested groups behind the first `(`; a group has either commas or bars.
fn children<'t>(cursor: &mut Cursor<'t>, first: Token<'t>) -> Read<()> {
    let mut connectors: Vec<Option<Token<'_>>> = vec![None];
    let mut token = first;
    loop {
        match token {
            Token::Open => {
                connectors.push(None);
                token = next(cursor)?;
                continue;
            }
            Token::Word(word) if word.is_name => {}
            _ => return Err(Malformed),
        }
        loop {
            match next(cursor)? {
                Token::Close(_) => {
                    connectors.pop();
                    if connectors.is_empty() {
                        return Ok(());
                    }
                }
                connector @ (Token::Comma | Token::Or) => {
                    let group = connectors.last_mut().ok_or(Malformed)?;
                    if *group.get_or_insert(connector) != connector {
                        return Err(Malformed);
                    }
                    break;
                }
                _ => return Err(Malformed),
            }
        }
        token = next(cursor)?;
    }
}

/// The type of an attribute; whether it is text.
fn attribute_type(cursor: &mut Cursor<'_>) -> Read<bool> {
    match next(cursor)? {
        Token::Open => alternatives(cursor, false)?,
        Token::Word(word) => match plain(word)? {
            "CDATA" => return Ok(true),
            "NOTATION" if next(cursor)? == Token::Open => alternatives(cursor, true)?,
            kind if TOKENIZED.contains(&kind) => {}
            _ => return Err(Malformed),
        },
        _ => return Err(Malformed),
    }
    Ok(false)
}

/// `a|b)`, behind the `(`.
fn alternatives(cursor: &mut Cursor<'_>, plain_names: bool) -> Read<()> {
    loop {
        let word = word(next(cursor)?)?;
        if word.quantifier.is_some() || plain_names && plain(word).is_err() {
            return Err(Malformed);
        }
        match next(cursor)? {
            Token::Or => {}
            Token::Close(None) => return Ok(()),
            _ => return Err(Malformed),
        }
    }
}

fn notation(cursor: &mut Cursor<'_>) -> Read<()> {
    plain(word(next(cursor)?)?)?;
    match plain(word(next(cursor)?)?)? {
        "SYSTEM" => literal(next(cursor)?).map(drop)?,
        "PUBLIC" => {
            public_id(next(cursor)?)?;
            match next(cursor)? {
                Token::End => return Ok(()),
                token => literal(token).map(drop)?,
            }
        }
        _ => return Err(Malformed),
    }
    end(cursor)
}

/// The text of an entity that is declared without effect.
fn entity_value(value: &str) -> Read<()> {
    let mut cursor = Cursor::new(value);
    loop {
        cursor.take_while(|c| !matches!(c, '&' | '%'));
        match cursor.peek() {
            None => return Ok(()),
            Some('&') => {
                cursor.reference()?;
            }
            Some(_) => return Err(Malformed),
        }
    }
}

fn end(cursor: &mut Cursor<'_>) -> Read<()> {
    if next(cursor)? == Token::End { Ok(()) } else { Err(Malformed) }
}

fn word(token: Token<'_>) -> Read<Word<'_>> {
    if let Token::Word(word) = token { Ok(word) } else { Err(Malformed) }
}

/// A name without a colon and without a quantifier.
fn plain(word: Word<'_>) -> Read<&str> {
    let plain = word.is_name && word.quantifier.is_none() && !word.text.contains(':');
    if plain { Ok(word.text) } else { Err(Malformed) }
}

fn name(token: Token<'_>) -> Read<Name<'_>> {
    let word = word(token)?;
    if word.is_name && word.quantifier.is_none() { Ok(word.name()) } else { Err(Malformed) }
}

fn literal(token: Token<'_>) -> Read<&str> {
    if let Token::Literal(literal) = token { Ok(literal) } else { Err(Malformed) }
}

fn public_id(token: Token<'_>) -> Read<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || " \r\n-'()+,./:=?;!*#@$_%".contains(c);
    if literal(token)?.chars().all(allowed) { Ok(()) } else { Err(Malformed) }
}

/// Without outer blanks, inner runs as one space.
fn collapse(value: &str) -> String {
    value.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::root_name;

    fn root(subset: &str) -> Option<String> {
        root_name(&format!("<!DOCTYPE a [{subset}]><a/>"))
    }

    #[test]
    fn declarations_are_checked_by_their_grammar() {
        for subset in [
            "",
            "<!ELEMENT a EMPTY><!ELEMENT b ANY >",
            "<!ELEMENT a (b?,(c|d)*,e+)?>",
            "<!ELEMENT a (#PCDATA)><!ELEMENT a ( #PCDATA | b | c:d )*>",
            "<!ATTLIST a b CDATA #IMPLIED c (x|1y) 'x' d NOTATION (n) #REQUIRED e ID #FIXED \"v\">",
            "<!NOTATION n SYSTEM 'x'><!NOTATION m PUBLIC 'y'><!NOTATION o PUBLIC 'y' 'z'>",
            "<!-- c --><?p i?> %pe; ",
            "<!ENTITY lt '&#38;#60;'>",
            "%pe;<!ENTITY b 'c'>",
        ] {
            assert_eq!(root(subset).as_deref(), Some("a"), "{subset}");
        }
        for subset in [
            "<!ELEMENT a>",
            "<!ELEMENT a (b,c|d)>",
            "<!ELEMENT a (#PCDATA|b)>",
            "<!ELEMENT a (#PCDATA)?>",
            "<!ELEMENT a ()>",
            "<!ATTLIST a b cdata #IMPLIED>",
            "<!ATTLIST a b CDATA>",
            "<!ATTLIST a b CDATA '<'>",
            "<!ATTLIST a b CDATA '&x;'>",
            "<!NOTATION n 'x'>",
            "<!NOTATION n PUBLIC 'é'>",
            "<!ENTITY b 'c'>",
            "<!ENTITY % lt 'c'>",
            "<!ENTITY b SYSTEM 'c' NDATA n>",
            "<!element a ANY>",
            "text",
            "<b/>",
            "<![IGNORE[]]>",
        ] {
            assert_eq!(root(subset), None, "{subset}");
        }
    }

    #[test]
    fn the_declaration_itself_has_a_name_and_perhaps_an_external_part() {
        for text in ["<!DOCTYPE a><a/>", "<!DOCTYPE a:b[]><a/>", "<!DOCTYPE a PUBLIC 'x' \"y\" [] ><a/>"] {
            assert!(root_name(text).is_some(), "{text}");
        }
        for text in [
            "<!DOCTYPE><a/>",
            "<!doctype a><a/>",
            "<!DOCTYPE a:b:c><a/>",
            "<!DOCTYPE a PUBLIC 'x'><a/>",
            "<!DOCTYPE a SYSTEM 'x'[]]><a/>",
            "<!DOCTYPE a><!DOCTYPE a><a/>",
            "<a/><!DOCTYPE a>",
        ] {
            assert!(root_name(text).is_none(), "{text}");
        }
    }

    #[test]
    fn defaults_may_bind_namespaces() {
        assert_eq!(root("<!ATTLIST a xmlns CDATA 'u'>").as_deref(), Some("{u}a"));
        assert_eq!(root("<!ATTLIST a xmlns NMTOKENS ' u  v '>").as_deref(), Some("{u v}a"));
        assert_eq!(root("<!ATTLIST a p:b CDATA ''>"), None);
        assert_eq!(root("<!ATTLIST a p:b CDATA #IMPLIED>").as_deref(), Some("a"));
    }

    #[test]
    fn unknown_entities_in_attributes_pass_where_they_may_be_declared_elsewhere() {
        assert!(root_name("<!DOCTYPE a SYSTEM 'x'><a b='&n;'/>").is_some());
        assert!(root_name("<?xml version='1.0' standalone='yes'?><!DOCTYPE a SYSTEM 'x'><a b='&n;'/>").is_none());
        assert!(root_name("<!DOCTYPE a SYSTEM 'x'><a>&n;</a>").is_none());
    }
}
