//! The kinds of personal data, in the order in which they are looked for.

use super::Options;
use super::scan;
use crate::api::Severity::{self, High, Low, Medium};
use crate::text::pattern::Places;
use crate::text::token::{ANY, AsciiSet, Form, Piece};
use crate::text::{CharSpan, Text, checksums};
use Form as F;
use Look::{Cased, CasedIn, Folded, FoldedIn, Scan, ScanAs, Token};
use Piece::{Lit, Run};

/// A kind of personal data that a policy can switch on or off.
#[derive(Debug)]
pub(super) struct Kind {
    /// The key under `types`.
    pub name: &'static str,
    /// Whether it is looked for unless the policy says otherwise.
    pub on: bool,
    /// What the matches of its matchers have to do with each other.
    pub together: Together,
    /// Searched one after the other.
    pub matchers: &'static [Matcher],
}

/// How the matches of one kind's matchers live together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Together {
    /// Each by itself.
    All,
    /// The same stretch counts once.
    Distinct,
    /// Those of later matchers count where they do not begin or end within one of the first matcher.
    BesideFirst,
}

/// One search.
#[derive(Debug)]
pub(super) struct Matcher {
    /// The rule.
    pub id: &'static str,
    /// How grave.
    pub severity: Severity,
    /// What stands in the text's place, without brackets.
    pub placeholder: &'static str,
    /// A text with fewer digits (of any script) cannot match.
    pub digits: usize,
    /// What it looks like.
    pub look: Look,
    /// What a match must satisfy besides; one that does not is passed over.
    pub check: Option<Check>,
    /// Texts in which it fires.
    #[cfg(test)]
    pub hits: &'static [&'static str],
    /// Texts in which it does not.
    #[cfg(test)]
    pub misses: &'static [&'static str],
}

/// A further test of a match.
pub(super) type Check = fn(&Text<'_>, CharSpan, &Options) -> bool;

/// How a matcher searches.
#[derive(Clone, Copy, Debug)]
pub(super) enum Look {
    /// A pattern in either case; also for what has no letters at all.
    Folded(&'static str),
    /// A pattern minding case.
    Cased(&'static str),
    /// As [`Look::Cased`], for capitalised words behind a cue; the last word of each cue, as it is written.
    Cued(&'static str, &'static [&'static str]),
    /// As [`Look::Folded`], in some places of the folded view.
    FoldedIn(Places, &'static str),
    /// As [`Look::Cased`], in some places of the text's bytes.
    CasedIn(Places, &'static str),
    /// A literal and runs of characters.
    Token(&'static [Form]),
    /// By hand.
    Scan(fn(&Text<'_>) -> Vec<CharSpan>),
    /// By hand, what [`Look::Folded`] would find.
    ScanAs(fn(&Text<'_>) -> Vec<CharSpan>, &'static str),
}

macro_rules! matcher {
    ($id:literal, $severity:ident, $placeholder:literal, $digits:literal, $look:expr, $check:expr, $hits:expr, $misses:expr) => {
        Matcher {
            id: concat!("pii.", $id),
            severity: $severity,
            placeholder: $placeholder,
            digits: $digits,
            look: $look,
            check: $check,
            #[cfg(test)]
            hits: &$hits,
            #[cfg(test)]
            misses: &$misses,
        }
    };
}
pub(super) use matcher;

/// A kind with one matcher, whose rule is named like the kind.
macro_rules! kind {
    ($name:literal, $on:literal, $severity:ident, $placeholder:literal, $digits:literal, $look:expr, $check:expr, $hits:expr, $misses:expr) => {
        Kind {
            name: $name,
            on: $on,
            together: Together::All,
            matchers: &[matcher!($name, $severity, $placeholder, $digits, $look, $check, $hits, $misses)],
        }
    };
}
pub(super) use kind;

/// A key: a literal and at least so many letters and digits.
const fn key(starts: &'static [&'static str], rest: &'static [Piece]) -> F {
    F::new(starts, rest)
}

const DATE: &str = concat!(
    r"\b(?:0?[1-9]|1[0-2])[/-](?:0?[1-9]|[12][0-9]|3[01])[/-](?:19|20)[0-9]{2}\b",
    r"|\b(?:19|20)[0-9]{2}[/-](?:0?[1-9]|1[0-2])[/-](?:0?[1-9]|[12][0-9]|3[01])\b",
    r"|\b(?:0?[1-9]|[12][0-9]|3[01])[/-](?:0?[1-9]|1[0-2])[/-](?:19|20)[0-9]{2}\b",
    r"|\b(?:january|february|march|april|may|june|july|august|september|october|november|december",
    r"|jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec)",
    r"\s+(?:0?[1-9]|[12][0-9]|3[01])(?:st|nd|rd|th)?,?\s+(?:19|20)[0-9]{2}\b",
    r"|\b(?:0?[1-9]|[12][0-9]|3[01])(?:st|nd|rd|th)?\s+",
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december",
    r"|jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec)\s+(?:19|20)[0-9]{2}\b",
);

// No edge stands before the street type in either: `5 best` is an address, as in the reference.
const FULL_ADDRESS: &str = concat!(
    r"\b\d{1,5}\s+[\w\s]{1,30}(?:street|st|avenue|ave|road|rd|highway|hwy|square|sq|trail|trl|drive|dr|court|ct",
    r"|parkway|pkwy|circle|cir|boulevard|blvd|lane|ln|way)\b[,.\s]+[\w\s]+[,.\s]+[a-z]{2}\s+\d{5}(?:-\d{4})?\b",
);
const SIMPLE_ADDRESS: &str = concat!(
    r"\b\d{1,5}\s+[a-z][a-z\s]{1,30}(?:street|st|avenue|ave|road|rd|highway|hwy|drive|dr|court|ct|boulevard|blvd",
    r"|lane|ln|way|place|pl|circle|cir|parkway|pkwy)\b",
);

const IPV6: &str =
    concat!(r"(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){1,7}:", r"|::(?:[0-9a-f]{1,4}:){0,6}[0-9a-f]{1,4}");

const URL: &str = r#"https?://[^\s<>"']{8,}|\bwww\.[a-z0-9.-]+\.[a-z]{2,}[^\s<>"']*"#;
const USERNAME: &str = r#"@[a-z0-9_]{3,30}\b|(?:username|user\s*name|login|handle)[\s:=]+["']?[a-z0-9_.-]{3,30}["']?"#;

/// Roles that announce a name.
const ROLES: &[&str] = &[
    "patient",
    "client",
    "student",
    "user",
    "member",
    "subscriber",
    "employee",
    "recipient",
    "caller",
    "sender",
    "buyer",
    "seller",
    "applicant",
    "owner",
    "holder",
    "resident",
    "tenant",
];

fn is_phone(text: &Text<'_>, span: CharSpan, _: &Options) -> bool {
    !scan::announced_as(text, span, scan::NOT_A_PHONE)
}

fn is_ssn(text: &Text<'_>, span: CharSpan, _: &Options) -> bool {
    !scan::announced_as(text, span, scan::NOT_AN_SSN) && !scan::is_date(text.slice(span))
}

fn is_ipv4(text: &Text<'_>, span: CharSpan, options: &Options) -> bool {
    let parts: Vec<u32> = text.slice(span).split('.').filter_map(|part| part.parse().ok()).collect();
    let private = match *parts.as_slice() {
        [10 | 127, ..] | [192, 168, ..] | [169, 254, ..] => true,
        [172, second, ..] => (16..=31).contains(&second),
        _ => false,
    };
    parts.iter().all(|&part| part <= 255) && !(private && options.skip_private_ips)
}

fn is_card(text: &Text<'_>, span: CharSpan, options: &Options) -> bool {
    // The reference keeps ASCII digits only before it counts.
    let digits: Vec<u32> = text.slice(span).chars().filter_map(|c| c.to_digit(10)).collect();
    (13..=19).contains(&digits.len()) && (!options.luhn_strict || checksums::luhn(&digits))
}

fn is_plate(text: &Text<'_>, span: CharSpan, _: &Options) -> bool {
    (2..=8).contains(&text.slice(span).chars().filter(|c| !matches!(c, ' ' | '-')).count())
}

/// All kinds but the regional ones.
#[rustfmt::skip]
pub(super) const KINDS: &[Kind] = &[
    kind!("email", true, Medium, "EMAIL", 0, Scan(scan::emails), None, ["joe@x.org"], ["joe@x"]),
    kind!("phone", true, Medium, "PHONE", 10, Scan(scan::phones), Some(is_phone), ["call 555-123-4567"], ["order # 555-123-4567"]),
    Kind { name: "ip_address", on: true, together: Together::All, matchers: &[
        matcher!("ipv4", Low, "IPV4", 4, FoldedIn(scan::ipv4_places, r"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b"), Some(is_ipv4),
            ["8.8.8.8", "0.0.0.0", "100.64.0.1", "172.32.0.1"], ["10.1.2.3", "172.16.0.1", "1.2.3.256", "8.8.8.8a"]),
        matcher!("ipv6", Low, "IPV6", 0, FoldedIn(scan::ipv6_places, IPV6), None, ["2001:db8::1", "std::vector", "1:2:3:4:5:6:7:8"], ["1:2:3", "g::z"]),
    ] },
    kind!("ssn", true, High, "SSN", 9, Scan(scan::ssns), Some(is_ssn), ["123-45-6789"], ["dob: 123-45-6789", "012-31-1999"]),
    Kind { name: "api_key", on: true, together: Together::All, matchers: &[
        matcher!("api_key.stripe", High, "API_KEY", 0, Token(&[key(&["sk_live_", "sk_test_", "pk_live_", "pk_test_"], &[Run(AsciiSet::ALNUM, 24, ANY)])]), None,
            ["pk_test_<24>"], ["rk_test_<24>"]),
        matcher!("api_key.github", High, "API_KEY", 0, Token(&[key(&["ghp_"], &[Run(AsciiSet::ALNUM, 36, ANY)])]), None, ["ghp_<36>"], ["ghp_<35>"]),
        matcher!("api_key.github_oauth", High, "API_KEY", 0, Token(&[key(&["gho_"], &[Run(AsciiSet::ALNUM, 36, ANY)])]), None, ["gho_<36>"], ["gho_<35>"]),
        matcher!("api_key.aws", High, "API_KEY", 0, Token(&[key(&["AKIA"], &[Run(AsciiSet::UPPER_ALNUM, 16, 16)])]), None, ["AKIAABCDEFGHIJKLMNOP"], ["ASIAABCDEFGHIJKLMNOP"]),
        matcher!("api_key.generic_api", High, "API_KEY", 0, Folded(r#"\b(?:api[_-]?key|api[_-]?token)[=:\s]+["']?[a-z0-9_-]{32,}["']?"#), None,
            ["API-key: '<32>'", "apitoken=<40>"], ["my_api_key=<32>", "api_key=<31>"]),
        matcher!("api_key.jwt", Medium, "API_KEY", 0, Token(&[key(&["eyJ"], &[Run(AsciiSet::TOKEN, 1, ANY), Lit(".eyJ"), Run(AsciiSet::TOKEN, 1, ANY), Lit("."), Run(AsciiSet::TOKEN, 1, ANY)])]), None,
            ["eyJx.eyJy.z"], ["eyJx.y.z", "eyJx.eyJy.-"]),
    ] },
    kind!("credit_card", true, High, "CREDIT_CARD", 13, Scan(scan::cards), Some(is_card), ["4111 1111 1111 1111"], ["4111 1111 1111 1112"]),
    kind!("passport", false, High, "PASSPORT", 6, Cased(r"\b[A-Z]{1,2}[0-9]{6,9}\b"), None, ["C1234567"], ["c1234567", "ABC123456"]),
    kind!("drivers_license", false, High, "DRIVERS_LICENSE", 5,
        Cased(r"\b[A-Z]{1,2}[0-9]{5,8}\b|\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b|\b[A-Z][0-9]{3}-[0-9]{3}-[0-9]{2}-[0-9]{3}-[0-9]\b"), None,
        ["D12345", "123-45-6789", "S123-456-78-901-2"], ["D1234", "12-345-6789"]),
    kind!("national_id", false, High, "NATIONAL_ID", 7, Cased(r"\b[A-Z]{2}[0-9]{7,10}[A-Z]?\b"), None, ["AB1234567C"], ["AB123456"]),
    kind!("tax_id", false, High, "TAX_ID", 9, Folded(r"\b9[0-9]{2}-[0-9]{2}-[0-9]{4}\b|\b[0-9]{2}-[0-9]{7}\b"), None,
        ["912-34-5678", "12-3456789"], ["812-34-5678"]),
    kind!("bank_account", true, High, "BANK_ACCOUNT", 8, FoldedIn(scan::account_places, r"\b[0-9]{8,17}\b"), None, ["12345678"], ["1234567", "123456789012345678"]),
    kind!("iban", true, High, "IBAN", 2, CasedIn(scan::iban_places, r"\b[A-Z]{2}[0-9]{2}(?:[\s-]?[A-Z0-9]){11,30}\b"), None,
        ["DE89 3704 0044 0532 0130 00"], ["de89370400440532013000", "DE89 3704 0044"]),
    Kind { name: "address", on: false, together: Together::BesideFirst, matchers: &[
        matcher!("address", Medium, "ADDRESS", 6, Folded(FULL_ADDRESS), None, ["5 Oak Street, Springfield, IL 62704"], ["5 Oak Street, Springfield"]),
        matcher!("address", Medium, "ADDRESS", 1, Folded(SIMPLE_ADDRESS), None, ["5 Oak Street", "5 best"], ["Oak Street", "5 streets"]),
    ] },
    Kind { name: "person_name", on: true, together: Together::Distinct, matchers: &[
        matcher!("person_name", Medium, "PERSON_NAME", 0,
            Look::Cued(r"\b(?:Dear|Hi|Hello|Mr\.?|Ms\.?|Mrs\.?|Dr\.?|Prof\.?)\s+[A-Z][a-z]{1,20}(?:\s+[A-Z][a-z]{1,20}){0,2}\b",
                &["Dear", "Hi", "Hello", "Mr", "Ms", "Mrs", "Dr", "Prof"]), None,
            ["Dear Mr Smith", "Prof. Ann Lee"], ["dear Ann", "Hi ANN"]),
        matcher!("person_name", Medium, "PERSON_NAME", 0,
            Look::Cued(r"\bmy\s+name\s+is\s+[A-Z][a-z]+(?:\s+[A-Z][a-z]+)+\b|\b(?:I'm|Im)\s+[A-Z][a-z]{2,20}(?:\s+[A-Z][a-z]{2,20})+\b",
                &["is", "I'm", "Im"]), None,
            ["my name is Al Bo", "I'm Ann Lee"], ["my name is Al", "My name is Al Bo", "I'm Al Bo"]),
        matcher!("person_name", Medium, "PERSON_NAME", 0,
            Look::Cued(concat!(r"\b(?:patient|client|student|user|member|subscriber|employee|recipient|caller|sender|buyer|seller",
                r"|applicant|owner|holder|resident|tenant)\s+[A-Z][a-z]{2,20}(?:\s+[A-Z][a-z]{2,20}){0,2}\b"),
                ROLES), None,
            ["the user Ann"], ["the user Al", "Patient Ann"]),
    ] },
    kind!("date_of_birth", true, Medium, "DOB", 5, FoldedIn(scan::date_places, DATE), None,
        ["12/31/1999", "1999-1-2", "31/12-2001", "May 1st, 1990", "3rd sep 2020"], ["13/32/1999", "00/1/1999", "sept 1 1990", "1/1/2100"]),
    kind!("medical_record", false, High, "MRN", 0, Folded(r"\b(?:mrn|medical record|patient id)[:#\s]*[a-z0-9]{6,12}\b"), None,
        ["MRN: 123456", "Patient ID#ABCDEF"], ["MRN 12345", "medical  record 123456"]),
    kind!("health_insurance_id", false, High, "HEALTH_INSURANCE", 0, Folded(r"\b(?:member id|policy|insurance id|subscriber)[:#\s]*[a-z0-9]{8,15}\b"), None,
        ["policy document", "Member ID: 12345678"], ["policy doc"]),
    kind!("mac_address", true, Low, "MAC_ADDRESS", 0, FoldedIn(scan::mac_places, r"\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b|\b[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}\b"), None,
        ["aa:BB-cc:dd:ee:ff", "aaaa.bbbb.cccc"], ["aa:bb:cc:dd:ee", "aaaa.bbbb.cccg"]),
    kind!("vin", false, Medium, "VIN", 0, Cased(r"\b[A-HJ-NPR-Z0-9]{17}\b"), None, ["1HGCM82633A004352"], ["1HGCM82633A00435I", "1hgcm82633a004352"]),
    kind!("license_plate", false, Medium, "LICENSE_PLATE", 0, Cased(r"\b[A-Z0-9]{1,4}[\s-]?[A-Z0-9]{2,4}[\s-]?[A-Z0-9]{0,4}\b"), Some(is_plate),
        ["ABC 1234", "USA"], ["ABCD 1234 X", "US", "usa"]),
    kind!("gps_coordinates", true, Medium, "GPS", 4, Folded(r"\[-?\d{1,3}\.\d{1,8},\s*-?\d{1,3}\.\d{1,8}\]"), None,
        ["[40.7, -74.0]", "[٤.٥,1.2]"], ["40.7, -74.0", "[40, 70]"]),
    kind!("imei", true, Medium, "IMEI", 15, FoldedIn(scan::imei_places, r"\b\d{2}-\d{6}-\d{6}-\d\b|\b\d{15}\b"), None,
        ["12-345678-901234-5", "123456789012345"], ["1234567890123456"]),
    kind!("ethereum_address", true, High, "ETHEREUM", 0, Token(&[key(&["0x"], &[Run(AsciiSet::HEX, 40, 40)])]), None, ["0x<h40>"], ["0X<h40>", "0x<h41>"]),
    kind!("bitcoin_address", true, High, "BITCOIN", 0, CasedIn(scan::bitcoin_places, r"\b[13][1-9A-HJ-NP-Za-km-z]{25,34}\b|\bbc1[a-z0-9]{39,59}\b"), None,
        ["1abcdefghijkmnopqrstuvwxyz", "bc1abcdefghijklmnopqrstuvwxyz0123456789abc"], ["2abcdefghijkmnopqrstuvwxyz", "BC1abcdefghijklmnopqrstuvwxyz0123456789abc"]),
    kind!("password", true, High, "PASSWORD", 0,
        Folded(r"(?:password|passcode|passphrase|pin|secret\s+key|api\s+secret|token|credential)s?[\s:=-]{1,5}[a-z0-9!@#$%^&*()\[\]_+=<>?-]{8,80}"), None,
        ["Password: hunter22!", "token authentication", "spin wheel123"], ["password: short", "password"]),
    kind!("url", true, Low, "URL", 0, ScanAs(scan::urls, URL), None,
        ["xhttps://a.bc/def", "www.a.bc/d."], ["http://a.bc", "www.a"]),
    kind!("username", true, Medium, "USERNAME", 0, ScanAs(scan::usernames, USERNAME), None,
        ["@joe", "login page", "User name='joe'"], ["@jo", "@joé", "user: joe"]),
    kind!("masked_number", true, Medium, "MASKED_NUMBER", 4,
        Folded(r"\b(?:xxxx[\s-]){2,3}xxxx[\s-]\d{4}\b|\*{4}[\s-]?\*{4}[\s-]?\*{4}[\s-]?\d{4}\b|\b\d{4}[\s-]\*{4}[\s-]\*{4}[\s-]\d{4}\b"), None,
        ["XXXX-XXXX-xxxx-1234", "************1234", "1234 **** **** 5678"], ["XXXX-XXXX-1234", "****1234"]),
    kind!("user_agent", true, Low, "USER_AGENT", 2, Folded(r"mozilla/\d\.\d\s*\([^)]{10,}\)"), None,
        ["Mozilla/5.0 (X11; Linux x86_64)"], ["Mozilla/5.0 (X11)", "Mozilla 5.0 (X11; Linux x86_64)"]),
];
