//! Placeholders that leave a part of the data to be seen.

use crate::text::chars;

/// The partial replacement of `matched` under its kind's placeholder; `None` where there is only the full one.
pub(super) fn partial(placeholder: &str, matched: &str) -> Option<String> {
    let last = |count: usize| last(matched, count);
    Some(match placeholder {
        "EMAIL" => {
            let (local, domain) = matched.split_once('@')?;
            let first = local.chars().next().map(String::from).unwrap_or_default();
            format!("{first}***@{domain}")
        }
        "PHONE" => format!("(***) ***-{}", last_digits(matched)?),
        "CREDIT_CARD" => format!("****-****-****-{}", last_digits(matched)?),
        "SSN" | "TAX_ID" => format!("***-**-{}", last_digits(matched)?),
        "IPV4" => {
            let mut parts = matched.split('.');
            let (first, second) = (parts.next()?, parts.next()?);
            if parts.count() != 2 {
                return None;
            }
            format!("{first}.{second}.x.x")
        }
        "API_KEY" => {
            if matched.chars().count() <= 8 {
                return None;
            }
            format!("{}...{}", first(matched, 4), last(4))
        }
        "PASSPORT" => format!("***{}", last(3)),
        "DRIVERS_LICENSE" => format!("***{}", last(4)),
        "BANK_ACCOUNT" => format!("****{}", last(4)),
        "IBAN" => {
            let bare: String = matched.chars().filter(|&c| c != '-' && !chars::is_space(c)).collect();
            format!("{}****{}", first(&bare, 2), self::last(&bare, 4))
        }
        "ADDRESS" => "[ADDRESS REDACTED]".to_owned(),
        "DOB" => "**/**/****".to_owned(),
        "MAC_ADDRESS" => {
            let (_, end) = matched.rsplit_once([':', '-'])?;
            format!("**:**:**:**:**:{end}")
        }
        "VIN" => format!("{}{}", "*".repeat(13), last(4)),
        "LICENSE_PLATE" => {
            let bare: String = matched.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
            format!("***{}", self::last(&bare, 2))
        }
        _ => return None,
    })
}

/// The last four ASCII digits, if there are four.
fn last_digits(matched: &str) -> Option<String> {
    let digits: String = matched.chars().filter(char::is_ascii_digit).collect();
    (digits.len() >= 4).then(|| last(&digits, 4).to_owned())
}

fn first(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).map_or(text, |(at, _)| &text[..at])
}

fn last(text: &str, count: usize) -> &str {
    let Some(skip) = count.checked_sub(1) else { return "" };
    text.char_indices().rev().nth(skip).map_or(text, |(at, _)| &text[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_stays_to_be_seen() {
        for (placeholder, matched, expected) in [
            ("EMAIL", "joe@x.org", "j***@x.org"),
            ("PHONE", "+1 555-123-4567", "(***) ***-4567"),
            ("CREDIT_CARD", "4111 1111 1111 1111", "****-****-****-1111"),
            ("TAX_ID", "12-3456789", "***-**-6789"),
            ("IPV4", "8.9.10.11", "8.9.x.x"),
            ("API_KEY", "AKIAABCD1234", "AKIA...1234"),
            ("PASSPORT", "C1234567", "***567"),
            ("BANK_ACCOUNT", "12345678", "****5678"),
            ("IBAN", "DE89 3704 0044 0532 0130 00", "DE****3000"),
            ("DOB", "1/1/1990", "**/**/****"),
            ("MAC_ADDRESS", "aa:bb:cc:dd:ee-ff", "**:**:**:**:**:ff"),
            ("VIN", "1HGCM82633A004352", "*************4352"),
            ("LICENSE_PLATE", "ABC 123 ", "***23"),
        ] {
            assert_eq!(partial(placeholder, matched).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_is_too_short_has_no_part_to_show() {
        for (placeholder, matched) in [
            ("SSN", "٣٣٣-٣٣-345"),
            ("API_KEY", "12345678"),
            ("EMAIL", "joe"),
            ("MAC_ADDRESS", "aa.bb"),
            ("IPV6", "::1"),
        ] {
            assert_eq!(partial(placeholder, matched), None);
        }
    }
}
