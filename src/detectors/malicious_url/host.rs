//! The host of a URL as Python's `urllib.parse` sees it, and what can be said about one.

use crate::text::{chars, normalize};
use std::collections::{HashMap, HashSet};

/// The host of a URL that was found in a text, lowered; `None` where the reference finds none.
pub(super) fn host(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("//")?;
    // U+017F passes for an s in the search but makes no scheme.
    if !scheme.is_ascii() {
        return None;
    }
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    if authority.contains('[') || hides_delimiter(authority) {
        return None;
    }
    let after_user = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = after_user.split_once(':').map_or(after_user, |(host, _)| host);
    (!host.is_empty()).then(|| chars::lower(host).into_owned())
}

/// Whether the compatibility form of an authority has delimiters that the authority itself has not: Python refuses
/// those.
pub(crate) fn hides_delimiter(authority: &str) -> bool {
    if authority.is_ascii() {
        return false;
    }
    let bare: String = authority.chars().filter(|c| !matches!(c, '@' | ':' | '#' | '?')).collect();
    let composed = normalize::nfkc(&bare);
    composed != bare && composed.contains(['/', '?', '#', '@', ':'])
}

/// A list of hosts; a host is on it with all its subdomains.
#[derive(Debug, Default)]
pub(super) struct HostList {
    entries: HashSet<String>,
    longest: usize,
}

impl HostList {
    pub(super) fn new(entries: Vec<String>) -> Self {
        let longest = entries.iter().map(String::len).max().unwrap_or(0);
        HostList { entries: entries.into_iter().collect(), longest }
    }

    /// Whether the host is an entry or ends with a dot and an entry.
    pub(super) fn has(&self, host: &str) -> bool {
        if self.entries.is_empty() {
            return false;
        }
        if self.entries.contains(host) {
            return true;
        }
        // Dots too far from the end for any entry are passed over: the cost stays that of the longest entry.
        let near = host.len().saturating_sub(self.longest + 1);
        host.bytes().enumerate().skip(near).any(|(at, b)| b == b'.' && self.entries.contains(&host[at + 1..]))
    }
}

/// Whether a host is four groups of one to three digits of any script.
pub(super) fn is_ip(host: &str) -> bool {
    let is_group = |group: &str| (1..=3).contains(&group.chars().count()) && group.chars().all(chars::is_digit);
    // Each group has at most three characters of four bytes.
    host.len() <= 4 * 12 + 3 && host.split('.').count() == 4 && host.split('.').all(is_group)
}

/// The last two labels of a host.
fn base(host: &str) -> &str {
    match host.rmatch_indices('.').nth(1) {
        Some((at, _)) => &host[at + 1..],
        None => host,
    }
}

/// Tells hosts that look like a popular domain.
#[derive(Debug)]
pub(super) struct LookAlikes {
    pub popular: Vec<String>,
    pub homoglyphs: HashMap<char, String>,
}

impl LookAlikes {
    /// Whether the host imitates a popular domain.
    pub(super) fn imitates(&self, host: &str) -> bool {
        let composed = normalize::nfkc(host);
        let mut plain = String::with_capacity(composed.len());
        for c in composed.chars() {
            match self.homoglyphs.get(&c) {
                Some(letters) => plain.push_str(letters),
                None => plain.push(c),
            }
        }
        let base = base(&plain);
        let one_edit = |popular: &str| is_one_edit_away(base, popular);
        if plain == host {
            return self.popular.iter().any(|p| one_edit(p));
        }
        self.popular.iter().any(|p| *p == plain || *p == base || one_edit(p))
    }
}

/// Whether the Levenshtein distance of two texts, in code points, is exactly one.
fn is_one_edit_away(a: &str, b: &str) -> bool {
    // One code point is at most four bytes.
    if a.len().abs_diff(b.len()) > 4 {
        return false;
    }
    let common = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).map(|(x, _)| x.len_utf8()).sum::<usize>();
    let (a, b) = (&a[common..], &b[common..]);
    let without_first = |text: &str| text.chars().next().map(|c| text[c.len_utf8()..].to_owned());
    match (without_first(a), without_first(b)) {
        (None, None) => false,
        (Some(a), None) => a.is_empty(),
        (None, Some(b)) => b.is_empty(),
        (Some(shorter_a), Some(shorter_b)) => shorter_a == shorter_b || shorter_a == b || a == shorter_b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_stands_between_user_and_port() {
        let of = |url| host(url);
        assert_eq!(of("http://U@me@A.B:80:x/c@d").as_deref(), Some("a.b"));
        assert_eq!(of("//h?x").as_deref(), Some("h"));
        assert_eq!(of("ftp://h\\x.").as_deref(), Some("h\\x."));
        assert_eq!(of("http:///x"), None);
        assert_eq!(of("http://[::1]/"), None);
        assert_eq!(of("http\u{17F}://h"), None);
        assert_eq!(of("http://a\u{2100}b"), None);
        assert_eq!(of("http://\u{130}").as_deref(), Some("i\u{307}"));
    }

    #[test]
    fn a_list_holds_subdomains_too() {
        let list = HostList::new(vec!["a.tk".into(), "x".into()]);
        assert!(list.has("a.tk") && list.has("b.a.tk") && list.has("b.x"));
        assert!(!list.has("ba.tk") && !list.has("a.tk.") && !list.has(""));
        assert!(HostList::new(vec![String::new()]).has("h."));
    }

    #[test]
    fn addresses_have_four_groups_of_digits() {
        assert!(is_ip("1.22.333.999") && is_ip("١.1.1.1"));
        assert!(!is_ip("1.1.1") && !is_ip("1.1.1.1111") && !is_ip("1.1.1.") && !is_ip("1.1.1.1.1"));
    }

    #[test]
    fn one_edit_is_one_letter_more_less_or_other() {
        for (a, b) in [("ab", "abc"), ("abc", "ac"), ("abc", "axc"), ("", "x"), ("é", "e")] {
            assert!(is_one_edit_away(a, b) && is_one_edit_away(b, a), "{a} {b}");
        }
        for (a, b) in [("ab", "ab"), ("ab", "ba"), ("abc", "a"), ("", "")] {
            assert!(!is_one_edit_away(a, b), "{a} {b}");
        }
    }
}
