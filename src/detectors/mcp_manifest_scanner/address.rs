//! IP addresses in every notation that the reference takes for one, and which of them are internal.

use crate::text::chars;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

/// An IP address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    V4(Ipv4Addr),
    V6 { address: Ipv6Addr, zone: Option<String> },
}

impl Address {
    /// The address that a host is: a dotted quad, IPv6 with or without brackets and zone, or one to four numbers of
    /// which the last fills what is left (`127.1`, `0x7f000001`).
    pub(super) fn parse(host: &str) -> Option<Self> {
        let host = host.trim_matches(['[', ']']);
        Self::literal(host).or_else(|| legacy(host).map(Address::V4))
    }

    /// A dotted quad or IPv6.
    fn literal(host: &str) -> Option<Self> {
        if let Ok(address) = host.parse() {
            return Some(Address::V4(address));
        }
        v6(host)
    }

    /// Whether the address is none of the public internet.
    pub(super) fn is_internal(&self) -> bool {
        match self {
            Address::V4(address) => {
                let address = u32::from(*address);
                INTERNAL_V4.iter().any(|&([a, b, c, d], bits)| {
                    (address ^ u32::from_be_bytes([a, b, c, d])).checked_shr(32 - bits).unwrap_or(0) == 0
                })
            }
            Address::V6 { address, .. } => {
                let groups = address.segments();
                let global = groups[0] >> 13 == 1
                    // 2001::/23 and 2001:db8::/32 are set aside.
                    && !(groups[0] == 0x2001 && (groups[1] >> 9 == 0 || groups[1] == 0xDB8));
                let site_local = groups[0] >> 6 == 0xFEC0 >> 6;
                !global && !site_local
            }
        }
    }

    /// The address as rule ids show it: IPv6 without dotted parts.
    pub(super) fn print(&self) -> String {
        match self {
            Address::V4(address) => address.to_string(),
            Address::V6 { address, zone } => {
                let mut out = print_v6(address.segments());
                if let Some(zone) = zone {
                    let _ = write!(out, "%{zone}");
                }
                out
            }
        }
    }
}

/// IPv6 with an optional zone.
pub(super) fn v6(host: &str) -> Option<Address> {
    let (address, zone) = match host.split_once('%') {
        Some((address, zone)) if !zone.is_empty() && !zone.contains('%') => (address, Some(zone.to_owned())),
        Some(_) => return None,
        None => (host, None),
    };
    Some(Address::V6 { address: address.parse().ok()?, zone })
}

#[rustfmt::skip]
const INTERNAL_V4: &[([u8; 4], u32)] = &[
    ([0, 0, 0, 0], 8), ([10, 0, 0, 0], 8), ([127, 0, 0, 0], 8), ([169, 254, 0, 0], 16), ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 29), ([192, 0, 0, 170], 31), ([192, 0, 2, 0], 24), ([192, 168, 0, 0], 16), ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24), ([203, 0, 113, 0], 24), ([224, 0, 0, 0], 4), ([240, 0, 0, 0], 4),
];

/// Groups in hexadecimal, the longest run of two or more zeros (the first of equals) as `::`.
fn print_v6(groups: [u16; 8]) -> String {
    let mut longest = 0..0;
    let mut at = 0;
    while at < groups.len() {
        let zeros = groups[at..].iter().take_while(|&&g| g == 0).count();
        if zeros >= 2 && zeros > longest.len() {
            longest = at..at + zeros;
        }
        at += zeros.max(1);
    }
    let join = |groups: &[u16]| groups.iter().map(|g| format!("{g:x}")).collect::<Vec<_>>().join(":");
    if longest.is_empty() {
        return join(&groups);
    }
    format!("{}::{}", join(&groups[..longest.start]), join(&groups[longest.end..]))
}

/// The old notation: 1 to 4 numbers, hexadecimal after `0x`, octal after `0`; all but the last are bytes.
fn legacy(host: &str) -> Option<Ipv4Addr> {
    let parts: Vec<&str> = host.split('.').take(5).collect();
    if parts.len() > 4 {
        return None;
    }
    let (last, bytes) = parts.split_last()?;
    let mut address = 0u64;
    for part in bytes {
        address = address << 8 | number(part).filter(|n| *n <= 255)?;
    }
    let left = 8 * (4 - bytes.len());
    let last = number(last).filter(|n| n >> left == 0)?;
    u32::try_from(address << left | last).ok().map(Ipv4Addr::from)
}

fn number(part: &str) -> Option<u64> {
    let lowered = part.to_ascii_lowercase();
    if lowered.starts_with("0x") {
        whole(&lowered, 16)
    } else if part.len() > 1 && part.starts_with('0') {
        whole(&lowered, 8)
    } else {
        whole(&lowered, 10)
    }
}

/// Python's `int(text, radix)` where it is not negative: outer blanks, a sign, a prefix, digits of any script, single
/// underscores between digits. What exceeds 64 bits is its largest number.
fn whole(text: &str, radix: u32) -> Option<u64> {
    let text = chars::trim(text);
    let (negative, text) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let prefix = match radix {
        16 => "0x",
        8 => "0o",
        _ => "",
    };
    let unprefixed = text.strip_prefix(prefix).filter(|_| !prefix.is_empty());
    // After a prefix an underscore may come first.
    let digits = unprefixed.map_or(text, |rest| rest.strip_prefix('_').unwrap_or(rest));
    if digits.is_empty() || digits.starts_with('_') || digits.ends_with('_') || digits.contains("__") {
        return None;
    }
    let mut value = 0u64;
    for c in digits.chars().filter(|&c| c != '_') {
        let digit = chars::digit_value(c).or_else(|| c.to_digit(36)).filter(|d| *d < radix)?;
        value = value.saturating_mul(radix.into()).saturating_add(digit.into());
    }
    (!negative || value == 0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(host: &str) -> Option<String> {
        Address::parse(host).map(|a| a.print())
    }

    #[test]
    fn addresses_are_taken_in_every_notation() {
        for (host, address) in [
            ("10.0.0.1", "10.0.0.1"),
            ("127.1", "127.0.0.1"),
            ("0x7f.1", "127.0.0.1"),
            ("017700000001", "127.0.0.1"),
            ("2852039166", "169.254.169.254"),
            ("8080", "0.0.31.144"),
            ("1.2", "1.0.0.2"),
            ("+5", "0.0.0.5"),
            ("1_0", "0.0.0.10"),
            ("0o17", "0.0.0.15"),
            ("٣", "0.0.0.3"),
            ("[::1]", "::1"),
            ("::ffff:169.254.169.254", "::ffff:a9fe:a9fe"),
            ("fe80::1%eth0", "fe80::1%eth0"),
            ("1:0:0:2:0:0:3:4", "1::2:0:0:3:4"),
            ("2001:DB8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ] {
            assert_eq!(print(host).as_deref(), Some(address), "{host}");
        }
        for host in
            ["", "256.1.1.1.1", "1.2.3.256", "4294967296", "08", "-5", "1__0", "a", "fe80::1%", "0x", "1.2.3.4.5"]
        {
            assert_eq!(print(host), None, "{host}");
        }
    }

    #[test]
    fn internal_is_what_the_public_internet_does_not_route() {
        let internal = |host| Address::parse(host).unwrap().is_internal();
        assert!(
            ["10.9.9.9", "172.31.0.1", "192.0.0.7", "192.0.0.171", "198.19.0.1", "255.1.1.1", "0.1.1.1"]
                .into_iter()
                .all(internal)
        );
        assert!(!["100.64.0.1", "172.32.0.1", "192.0.0.8", "198.20.0.1", "8.8.8.8"].into_iter().any(internal));
        assert!(["::", "fe80::1", "2001:1ff::", "2001:db8::1", "::ffff:8.8.8.8", "4000::"].into_iter().all(internal));
        assert!(!["2001:200::", "2001:db9::", "3fff::", "fec0::1"].into_iter().any(internal));
    }
}
