//! The host that a value of a manifest names, be it a URL, a host with a port, or a bare address.

use super::address::{self, Address};
use crate::detectors::malicious_url::host::hides_delimiter;
use crate::text::chars;

/// What may follow a host in prose.
const PUNCTUATION: [char; 7] = ['.', ',', ';', '!', '?', '\'', '"'];
const BRACKETS: [char; 2] = ['[', ']'];

fn without_punctuation(text: &str) -> &str {
    text.trim_end_matches(PUNCTUATION)
}

/// The host of a value, lowered; `None` when it names none.
pub(super) fn host(value: &str) -> Option<String> {
    let value = chars::trim(value);
    if value.is_empty() {
        return None;
    }
    if !value.contains("://") {
        let bare = [value, without_punctuation(value)].into_iter().map(|v| v.trim_matches(BRACKETS));
        if let Some(address) = bare.into_iter().find(|v| Address::parse(v).is_some()) {
            return Some(chars::lower(address).into_owned());
        }
    }
    let trimmed = without_punctuation(value);
    url_host(value).or_else(|| if trimmed == value { None } else { url_host(trimmed) }).or_else(|| {
        let first = trimmed.split('/').next().unwrap_or_default().trim_matches(BRACKETS);
        finished(first.split(':').next().unwrap_or_default())
    })
}

/// Without trailing punctuation, lowered; `None` when nothing is left.
fn finished(host: &str) -> Option<String> {
    let host = without_punctuation(host);
    (!host.is_empty()).then(|| chars::lower(host).into_owned())
}

/// The host of a URL as Python's `urllib.parse` splits it; a value without `://` is taken for an authority.
fn url_host(value: &str) -> Option<String> {
    let url = if value.contains("://") { value.to_owned() } else { format!("//{value}") };
    let url = url.trim_start_matches(|c| c <= ' ').replace(['\t', '\r', '\n'], "");
    let rest = without_scheme(&url).strip_prefix("//")?;
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    if authority.contains('[') != authority.contains(']') || hides_delimiter(authority) {
        return None;
    }
    if let Some((_, bracketed)) = authority.split_once('[') {
        let bracketed = bracketed.split(']').next().unwrap_or_default();
        if address::v6(bracketed).is_none() && !is_future_address(bracketed) {
            return None;
        }
    }
    let after_user = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match after_user.split_once('[') {
        Some((_, bracketed)) => bracketed.split(']').next(),
        None => after_user.split(':').next(),
    };
    finished(host.unwrap_or_default())
}

/// What follows a scheme (a letter, then letters, digits, `+ - .`) and its colon; everything when there is none.
fn without_scheme(url: &str) -> &str {
    match url.split_once(':') {
        Some((scheme, rest))
            if scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')) =>
        {
            rest
        }
        _ => url,
    }
}

/// `v`, hexadecimal digits, a dot and anything: what brackets may hold beside IPv6.
fn is_future_address(text: &str) -> bool {
    text.strip_prefix('v').and_then(|rest| rest.split_once('.')).is_some_and(|(digits, rest)| {
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit()) && !rest.is_empty() && !rest.contains('\n')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_in_urls_authorities_and_bare_addresses() {
        for (value, expected) in [
            (" https://U:p@API.Example.com:443/x?y ", Some("api.example.com")),
            ("api.example.com/v1", Some("api.example.com")),
            ("host:8080", Some("host")),
            ("::1", Some("::1")),
            ("[FE80::1]", Some("fe80::1")),
            ("10.0.0.1.", Some("10.0.0.1")),
            ("http://[::1]:80/", Some("::1")),
            ("http://a\tb.com", Some("ab.com")),
            ("example.com.", Some("example.com")),
            ("http://[x]/", Some("http")),
            ("[v1.x]:80", Some("v1.x")),
            ("a]b", Some("a]b")),
            ("/path", None),
            ("...", None),
            (" ", None),
        ] {
            assert_eq!(host(value).as_deref(), expected, "{value:?}");
        }
    }
}
