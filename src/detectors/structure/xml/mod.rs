//! A non-validating, namespace-aware check of XML 1.0, as strict as the reference's parser (expat) and as lenient.
//!
//! Entities may not be declared; external parts are named but never loaded. Only the root's expanded name is kept.
//! Elements are kept on a stack of their own, so that nesting costs no call stack.
//!
//! * [`cursor`]: names, literals, references, comments.
//! * [`dtd`]: the document type declaration.
//! * [`token`]: the tokens of that declaration.
//! * [`names`]: the characters of names.

mod cursor;
mod dtd;
mod names;
mod token;

use cursor::{Cursor, Malformed, Name, Read, Reference, attribute_value, is_char};
use dtd::DocumentType;
use std::collections::{HashMap, HashSet};

const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";

/// The expanded name of a well-formed document's root: `local`, or `{namespace}local`. `None` when it is not
/// well-formed.
pub(super) fn root_name(text: &str) -> Option<String> {
    if !text.chars().all(is_char) {
        return None;
    }
    Document::read(text).ok()
}

struct Document<'t> {
    cursor: Cursor<'t>,
    doctype: DocumentType<'t>,
    namespaces: Namespaces,
}

impl<'t> Document<'t> {
    fn read(text: &'t str) -> Read<String> {
        let mut cursor = Cursor::new(text);
        cursor.take("\u{FEFF}");
        let standalone = declaration(&mut cursor)?;
        let mut document =
            Document { cursor, doctype: DocumentType::new(standalone), namespaces: Namespaces::default() };
        document.prolog()?;
        let root = document.elements()?;
        document.epilog()?;
        Ok(root)
    }

    /// Everything before the root.
    fn prolog(&mut self) -> Read<()> {
        let mut has_doctype = false;
        loop {
            self.cursor.blanks();
            if self.cursor.take("<!--") {
                self.cursor.comment()?;
            } else if self.cursor.take("<?") {
                self.cursor.instruction()?;
            } else if !has_doctype && self.cursor.take("<!DOCTYPE") {
                self.doctype.read(&mut self.cursor)?;
                has_doctype = true;
            } else {
                return Ok(());
            }
        }
    }

    /// Everything after the root.
    fn epilog(&mut self) -> Read<()> {
        loop {
            self.cursor.blanks();
            if self.cursor.take("<!--") {
                self.cursor.comment()?;
            } else if self.cursor.take("<?") {
                self.cursor.instruction()?;
            } else {
                return if self.cursor.rest().is_empty() { Ok(()) } else { Err(Malformed) };
            }
        }
    }

    /// The root with all its content.
    fn elements(&mut self) -> Read<String> {
        self.cursor.expect("<")?;
        let (root, open) = self.start_tag()?;
        let mut stack: Vec<Open<'t>> = open.into_iter().collect();
        while let Some(innermost) = stack.last() {
            let text = self.cursor.take_while(|c| !matches!(c, '<' | '&'));
            if memchr::memmem::find(text.as_bytes(), b"]]>").is_some() {
                return Err(Malformed);
            }
            if self.cursor.peek() == Some('&') {
                match self.cursor.reference()? {
                    Reference::Character(_) => {}
                    Reference::Unknown => return Err(Malformed),
                }
            } else if self.cursor.take("</") {
                if self.cursor.name()? != innermost.name {
                    return Err(Malformed);
                }
                self.cursor.blanks();
                self.cursor.expect(">")?;
                self.namespaces.leave(&innermost.bound);
                stack.pop();
            } else if self.cursor.take("<!--") {
                self.cursor.comment()?;
            } else if self.cursor.take("<![CDATA[") {
                self.cursor.until("]]>")?;
            } else if self.cursor.take("<?") {
                self.cursor.instruction()?;
            } else {
                self.cursor.expect("<")?;
                stack.extend(self.start_tag()?.1);
            }
        }
        Ok(root)
    }

    /// A start tag or an empty element whose `<` was taken: its expanded name, and what is open then.
    fn start_tag(&mut self) -> Read<(String, Option<Open<'t>>)> {
        let name = self.cursor.name()?;
        let mut attributes = Vec::new();
        let empty = loop {
            let separated = self.cursor.blanks();
            if self.cursor.take("/>") {
                break true;
            }
            if self.cursor.take(">") {
                break false;
            }
            if !separated {
                return Err(Malformed);
            }
            let attribute = self.cursor.name()?;
            self.cursor.blanks();
            self.cursor.expect("=")?;
            self.cursor.blanks();
            let written = self.cursor.literal()?;
            let value = attribute_value(written, self.doctype.is_lenient())?;
            attributes.push((attribute, self.doctype.normalized(name, attribute, value)));
        };
        let mut seen: HashSet<Name<'t>> = HashSet::with_capacity(attributes.len());
        if !attributes.iter().all(|(attribute, _)| seen.insert(*attribute)) {
            return Err(Malformed);
        }
        let defaults = self.doctype.defaults(name).iter().filter(|(attribute, _)| !seen.contains(attribute));
        attributes.extend(defaults.cloned());
        let (bound, expanded) = self.namespaces.enter(name, &attributes)?;
        if empty {
            self.namespaces.leave(&bound);
            return Ok((expanded, None));
        }
        Ok((expanded, Some(Open { name, bound })))
    }
}

/// An element whose end tag is still to come.
struct Open<'t> {
    name: Name<'t>,
    /// Prefixes that it binds (the empty one is the default namespace).
    bound: Vec<String>,
}

/// The namespaces in force: for each prefix its bindings, innermost last. An empty one means none.
#[derive(Default)]
struct Namespaces {
    bindings: HashMap<String, Vec<String>>,
}

impl Namespaces {
    /// Takes over an element's declarations and expands its name and its attributes' names.
    fn enter(&mut self, name: Name<'_>, attributes: &[(Name<'_>, String)]) -> Read<(Vec<String>, String)> {
        let mut bound = Vec::new();
        for (attribute, uri) in attributes {
            let prefix = match (attribute.prefix, attribute.local) {
                (None, "xmlns") => "",
                (Some("xmlns"), prefix) => prefix,
                _ => continue,
            };
            check_binding(prefix, uri)?;
            self.bindings.entry(prefix.to_owned()).or_default().push(uri.clone());
            bound.push(prefix.to_owned());
        }
        let mut expanded = HashSet::new();
        for (attribute, _) in attributes {
            let Some(prefix) = attribute.prefix.filter(|p| *p != "xmlns") else { continue };
            let uri = self.lookup(prefix).ok_or(Malformed)?;
            if !expanded.insert((uri, attribute.local)) {
                return Err(Malformed);
            }
        }
        let uri = match name.prefix {
            Some(prefix) => Some(self.lookup(prefix).ok_or(Malformed)?),
            None => self.lookup(""),
        };
        let expanded = uri.map_or_else(|| name.local.to_owned(), |uri| format!("{{{uri}}}{}", name.local));
        Ok((bound, expanded))
    }

    fn leave(&mut self, bound: &[String]) {
        for prefix in bound {
            if let Some(bindings) = self.bindings.get_mut(prefix) {
                bindings.pop();
            }
        }
    }

    fn lookup(&self, prefix: &str) -> Option<&str> {
        if prefix == "xml" {
            return Some(XML_NAMESPACE);
        }
        self.bindings.get(prefix)?.last().map(String::as_str).filter(|uri| !uri.is_empty())
    }
}

/// The rules of binding: prefixes cannot be undeclared, the two reserved namespaces belong to their prefixes, and a
/// closing brace would make expanded names ambiguous.
fn check_binding(prefix: &str, uri: &str) -> Read<()> {
    let fine = match prefix {
        "xmlns" => false,
        "xml" => uri == XML_NAMESPACE,
        _ => {
            uri != XML_NAMESPACE
                && uri != XMLNS_NAMESPACE
                && !uri.contains('}')
                && (prefix.is_empty() || !uri.is_empty())
        }
    };
    if fine { Ok(()) } else { Err(Malformed) }
}

/// The XML declaration, if the text begins with one; whether it says `standalone="yes"`. The encoding is ignored: the
/// text is decoded already.
fn declaration(cursor: &mut Cursor<'_>) -> Read<bool> {
    let mut ahead = *cursor;
    if !ahead.take("<?xml") || ahead.peek().is_some_and(names::is_inside) {
        return Ok(false);
    }
    // Any version will do.
    pseudo_attribute(&mut ahead, &["version"])?.ok_or(Malformed)?;
    let mut standalone = false;
    let mut next = pseudo_attribute(&mut ahead, &["encoding", "standalone"])?;
    if let Some(("encoding", encoding)) = next {
        if !encoding.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Err(Malformed);
        }
        next = pseudo_attribute(&mut ahead, &["standalone"])?;
    }
    if let Some((_, value)) = next {
        standalone = match value {
            "yes" => true,
            "no" => false,
            _ => return Err(Malformed),
        };
    }
    ahead.blanks();
    ahead.expect("?>")?;
    *cursor = ahead;
    Ok(standalone)
}

/// One of the declaration's attributes, with the blanks before it; `None` at its end.
fn pseudo_attribute<'t>(cursor: &mut Cursor<'t>, names: &[&'static str]) -> Read<Option<(&'static str, &'t str)>> {
    let separated = cursor.blanks();
    if cursor.rest().starts_with("?>") {
        return Ok(None);
    }
    if !separated {
        return Err(Malformed);
    }
    let written = cursor.take_while(|c| c.is_ascii_alphabetic());
    let name = names.iter().find(|name| **name == written).ok_or(Malformed)?;
    cursor.blanks();
    cursor.expect("=")?;
    cursor.blanks();
    let value = cursor.literal()?;
    let plain = value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    if plain { Ok(Some((name, value))) } else { Err(Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_documents_give_their_root() {
        for (text, root) in [
            ("<a/>", "a"),
            (" \n<!-- x --><?pi y?><a b='1' c = \"&lt;&#65;\">t<b/>&amp;<![CDATA[<&]]></a ><!---->\n", "a"),
            ("\u{FEFF}<?xml version='9.x' encoding=\"bogus\" standalone='no' ?><é.1/>", "é.1"),
            ("<a xmlns='u'/>", "{u}a"),
            ("<p:a xmlns:p='u' xmlns='v' p:b='1' b='2'><c xmlns=''/></p:a>", "{u}a"),
            ("<xml:a xml:lang='x'/>", "{http://www.w3.org/XML/1998/namespace}a"),
            ("<a>]] ></a>", "a"),
            ("<xml/>", "xml"),
        ] {
            assert_eq!(root_name(text).as_deref(), Some(root), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "x",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<a/>x",
            "<a b=1/>",
            "<a b='1'c='2'/>",
            "<a b='1' b='2'/>",
            "<a b='<'/>",
            "<a>&</a>",
            "<a>&nbsp;</a>",
            "<a>]]></a>",
            "<a><!-- -- --></a>",
            "<!--->-->",
            " <?xml version='1.0'?><a/>",
            "<?xml encoding='u' version='1'?><a/>",
            "<?xml version='1.0' standalone='maybe'?><a/>",
            "<?XML x?><a/>",
            "<?a:b ?><a/>",
            "<p:a/>",
            "<a p:b='1'/>",
            "<a:b:c xmlns:a='u'/>",
            "<a xmlns:x='u' xmlns:y='u' x:b='' y:b=''/>",
            "<a xmlns:x=''/>",
            "<a xmlns:xmlns='u'/>",
            "<a xmlns:xml='u'/>",
            "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
            "<a xmlns='x}y'/>",
            "<a>\u{1}</a>",
            "<a>\u{FFFE}</a>",
            "<a/>\u{FEFF}",
            "< a/>",
        ] {
            assert_eq!(root_name(text), None, "{text:?}");
        }
    }

    #[test]
    fn nesting_costs_no_call_stack() {
        let deep = 200_000;
        assert!(root_name(&format!("{}{}", "<a>".repeat(deep), "</a>".repeat(deep))).is_some());
    }
}
