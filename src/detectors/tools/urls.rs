//! The URL allowlist: every URL in the arguments must lead to an allowed host.

use super::names::set_of;
use crate::engine::EvalError;
use crate::text::chars;
use crate::value::{Map, Value};
use unicode_normalization::UnicodeNormalization;

/// The allowed domains; empty means no check.
pub(super) struct Domains {
    allowed: Vec<String>,
    /// An entry that is no text makes the reference give up on every URL that no entry before it allows.
    odd: bool,
}

impl Domains {
    pub(super) fn new(section: &Map) -> Result<Self, EvalError> {
        let entries = section.get("domain_allowlist").map_or(Ok(Vec::new()), |v| set_of("domain_allowlist", v))?;
        Ok(Domains {
            odd: entries.iter().any(|entry| entry.as_str().is_none()),
            allowed: entries.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }

    /// Whether a URL anywhere in the values leads elsewhere.
    pub(super) fn block(&self, value: &Value) -> bool {
        if self.odd || self.allowed.is_empty() {
            return false;
        }
        match value {
            Value::Str(text) => hosts(text).any(|host| !self.allow(&host)),
            Value::List(items) => items.iter().any(|item| self.block(item)),
            Value::Map(map) => map.iter().any(|(_, item)| self.block(item)),
            _ => false,
        }
    }

    fn allow(&self, host: &str) -> bool {
        let below = |domain: &String| host.strip_suffix(domain.as_str()).is_some_and(|head| head.ends_with('.'));
        self.allowed.iter().any(|domain| host == domain || below(domain))
    }
}

/// The hosts of the URLs in a text; URLs without one are left out.
fn hosts(text: &str) -> impl Iterator<Item = String> {
    let mut floor = 0;
    memchr::memmem::find_iter(text.as_bytes(), b"://").filter_map(move |at| {
        // Behind a scheme with a long s the reference finds a URL, but no host in it.
        let head = text.get(floor..at)?;
        let plain = head.strip_suffix(['s', 'S']).unwrap_or(head);
        let scheme = |head: &str| head.len() >= 4 && head.as_bytes()[head.len() - 4..].eq_ignore_ascii_case(b"http");
        let long = head.strip_suffix('\u{17F}').is_some_and(scheme);
        if !long && !scheme(plain) && !scheme(head) {
            return None;
        }
        let rest = &text[at + 3..];
        let stops = |c: char| "<>\"{}|\\^`[]".contains(c) || chars::is_space(c);
        let len = rest.find(stops).unwrap_or(rest.len());
        if len == 0 {
            return None;
        }
        floor = at + 3 + len;
        if long { None } else { host(&rest[..len]) }
    })
}

/// The host in what follows `://`.
fn host(rest: &str) -> Option<String> {
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    if !authority.is_ascii() && hides_a_delimiter(authority) {
        return None;
    }
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let name = place.split_once(':').map_or(place, |(name, _)| name);
    let (name, zone) = name.split_at(name.find('%').unwrap_or(name.len()));
    let host = format!("{}{zone}", chars::lower(name));
    (!host.is_empty()).then_some(host)
}

/// Whether compatibility normalisation would put a delimiter into the authority: Python refuses such URLs.
fn hides_a_delimiter(authority: &str) -> bool {
    let plain: String = authority.chars().filter(|c| !matches!(c, '@' | ':' | '#' | '?')).collect();
    let normal: String = plain.nfkc().collect();
    normal != plain && normal.contains(['/', '?', '#', '@', ':'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse_json;

    fn blocks(section: &str, args: &str) -> bool {
        let Ok(Value::Map(section)) = parse_json(section) else { panic!("{section}") };
        Domains::new(&section).unwrap().block(&parse_json(args).unwrap())
    }

    #[test]
    fn hosts_are_read_as_python_reads_them() {
        let all = |text: &str| hosts(text).collect::<Vec<_>>();
        assert_eq!(all("HTTPS://u:p@A.b:80/x http://c.d?e xhttp://E%F2.g"), ["a.b", "c.d", "e%F2.g"]);
        assert_eq!(all("http:///x http://@/ http://:80 ftp://a http\u{17F}://b http:// c"), Vec::<String>::new());
        assert_eq!(all("http://a\u{2100}b http://é.ü"), ["é.ü"]);
        assert_eq!(all("http://ahttp://b.c"), ["ahttp"]);
    }

    #[test]
    fn domains_allow_themselves_and_what_is_below_them() {
        let section = r#"{"domain_allowlist": ["b.c"]}"#;
        assert!(!blocks(section, r#"{"u": "http://b.c http://a.b.c/"}"#));
        assert!(blocks(section, r#"{"u": ["x", {"v": "http://ab.c"}]}"#));
        assert!(!blocks(section, r#"{"http://x.y": 1}"#));
        assert!(blocks(r#"{"domain_allowlist": ["B.c"]}"#, r#"["http://B.c"]"#));
        assert!(!blocks(r#"{"domain_allowlist": []}"#, r#"["http://B.c"]"#));
    }

    #[test]
    fn an_entry_that_is_no_text_disarms_the_check() {
        assert!(!blocks(r#"{"domain_allowlist": ["x", 5]}"#, r#"["http://a.b"]"#));
        let Ok(Value::Map(null)) = parse_json(r#"{"domain_allowlist": null}"#) else { unreachable!() };
        assert!(Domains::new(&null).is_err());
    }
}
