//! `system_prompt_leakage`: output that repeats registered hidden text, known only by keyed hashes of its token runs,
//! or repeats a tool schema that the request itself carries.

use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, RuleId, action_or, int_or, iterated, truthy_or};
use crate::text::{NeedleSet, Text, chars};
use crate::value::{Map, Value, python_json_sorted, python_str};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::borrow::Cow;
use std::collections::HashSet;

/// First 16 bytes of a shingle's HMAC.
type Digest = [u8; 16];

/// Tokens in a shingle unless a fingerprint says otherwise, and always for tool schemas.
const SHINGLE: i64 = 8;
const SCHEMAS: &[&str] = &["tools", "tool_schemas", "functions"];
/// No more tool schemas are looked at.
const MAX_SCHEMAS: usize = 64;

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When `action` is no text, a threshold or shingle size no whole number, or fingerprints or hashes cannot be listed.
pub fn build(section: &Map, _needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let action = action_or(section, "BLOCK")?;
    let mut fingerprints = Vec::new();
    for fingerprint in iterated(section, "fingerprints")? {
        let Value::Map(fingerprint) = fingerprint else { continue };
        if !fingerprint.get("hashes").is_some_and(Value::truthy) {
            continue;
        }
        fingerprints.push(Fingerprint::read(&fingerprint, fingerprints.len())?);
    }
    Ok(Box::new(PromptLeakage {
        warns: matches!(&*action, "WARN" | "ALLOW_WITH_NOTICE"),
        mac: section.get("fingerprint_key").and_then(Value::as_str).and_then(key),
        fingerprints,
        match_threshold: usize::try_from(int_or(section, "match_threshold", 2)?.max(1)).unwrap_or(usize::MAX),
        check_schemas: truthy_or(section, "check_tool_schemas", true),
    }))
}

/// The HMAC under a key written in hex, ready to take a shingle.
fn key(hex: &str) -> Option<Hmac<Sha256>> {
    if hex.is_empty() {
        return None;
    }
    let mut bytes = Vec::with_capacity(hex.len() / 2);
    let mut rest = hex.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if matches!(first, b'\t'..=b'\r' | b' ') {
            continue;
        }
        let (&second, tail) = rest.split_first()?;
        rest = tail;
        bytes.push(nibble(first)? << 4 | nibble(second)?);
    }
    Hmac::new_from_slice(&bytes).ok()
}

fn nibble(b: u8) -> Option<u8> {
    #[allow(clippy::cast_possible_truncation)]
    char::from(b).to_digit(16).map(|d| d as u8)
}

/// A digest as policies write it: 32 lower-case hex digits; nothing else can match.
fn digest(hash: &str) -> Option<Digest> {
    if hash.len() != 32 || !hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut out = Digest::default();
    for (byte, pair) in out.iter_mut().zip(hash.as_bytes().chunks(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(out)
}

struct PromptLeakage {
    warns: bool,
    /// `None`: no usable key, the detector finds nothing.
    mac: Option<Hmac<Sha256>>,
    fingerprints: Vec<Fingerprint>,
    /// How many shingles must be shared; at least 1.
    match_threshold: usize,
    check_schemas: bool,
}

/// A registered hidden text.
struct Fingerprint {
    rule: RuleId,
    shingle: i64,
    hashes: HashSet<Digest>,
}

impl Fingerprint {
    fn read(fingerprint: &Map, number: usize) -> Result<Self, EvalError> {
        let kind = fingerprint.get("kind").filter(|kind| kind.truthy());
        let kind = kind.map_or(Cow::Borrowed("system_prompt"), |kind| Cow::Owned(python_str(kind)));
        let hashes = iterated(fingerprint, "hashes")?;
        if let Some(odd) = hashes.iter().find(|hash| matches!(hash, Value::List(_) | Value::Map(_))) {
            return Err(EvalError::config("hashes", odd, "strings"));
        }
        Ok(Fingerprint {
            rule: format!("system_prompt_leakage.{kind}_{number}").into(),
            shingle: int_or(fingerprint, "min_shingle_tokens", SHINGLE)?,
            hashes: hashes.iter().filter_map(|hash| digest(hash.as_str()?)).collect(),
        })
    }
}

impl Detector for PromptLeakage {
    fn inspect(&self, text: &Text<'_>, request: &Request<'_>) -> Result<Finding, EvalError> {
        let Some(mac) = self.mac.as_ref().filter(|_| !text.raw().is_empty()) else { return Ok(Finding::clean()) };
        let shingles = Shingles::new(mac, text.lower());
        let mut by_size: Vec<(i64, HashSet<Digest>)> = Vec::new();
        let mut shared = |size: i64, with: &HashSet<Digest>| {
            let at = by_size.iter().position(|(n, _)| *n == size).unwrap_or_else(|| {
                by_size.push((size, shingles.digests(size)));
                by_size.len() - 1
            });
            by_size[at].1.iter().filter(|digest| with.contains(*digest)).count()
        };
        let mut hits = Vec::new();
        for fingerprint in &self.fingerprints {
            if shared(fingerprint.shingle, &fingerprint.hashes) >= self.match_threshold {
                hits.push(RuleHit::new(fingerprint.rule.clone(), Severity::High));
            }
        }
        if self.check_schemas
            && let Some(metadata) = request.metadata.map()
            && i64::try_from(shingles.tokens.len()).is_ok_and(|n| n >= SHINGLE)
        {
            for (number, schema) in schemas(metadata).enumerate() {
                let hashes = Shingles::new(mac, &chars::lower(&schema)).digests(SHINGLE);
                if shared(SHINGLE, &hashes) >= self.match_threshold {
                    let rule = format!("system_prompt_leakage.tool_schema_live_{number}");
                    hits.push(RuleHit::new(rule, Severity::High));
                }
            }
        }
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        Ok(Finding::of(if self.warns { Decision::Warn } else { Decision::Block }, hits))
    }
}

/// The tool schemas of a request as text.
fn schemas(metadata: &Map) -> impl Iterator<Item = Cow<'_, str>> {
    let listed: Vec<&Value> = match metadata.first(SCHEMAS, |v| v.truthy().then_some(v)) {
        Some(Value::List(items)) => items.iter().take(MAX_SCHEMAS).collect(),
        Some(Value::Map(map)) => map.iter().map(|(_, v)| v).take(MAX_SCHEMAS).collect(),
        _ => Vec::new(),
    };
    listed.into_iter().filter_map(|entry| match entry {
        Value::Str(text) => entry.as_filled_str().map(|_| Cow::Borrowed(text.as_str())),
        Value::Map(map) => {
            let inner = map.get("function").filter(|f| f.as_map().is_some()).unwrap_or(entry);
            Some(Cow::Owned(python_json_sorted(inner)))
        }
        _ => None,
    })
}

/// A lowered text's tokens, joined by single blanks, so that every run of them is a slice.
struct Shingles<'k> {
    mac: &'k Hmac<Sha256>,
    joined: String,
    /// Where each token begins and ends in `joined`.
    tokens: Vec<(usize, usize)>,
}

impl<'k> Shingles<'k> {
    fn new(mac: &'k Hmac<Sha256>, lowered: &str) -> Self {
        let mut joined = String::with_capacity(lowered.len());
        let mut tokens = Vec::new();
        let pieces = lowered.as_bytes().split(|b| !matches!(b, b'a'..=b'z' | b'0'..=b'9'));
        for token in pieces.filter(|t| !t.is_empty()) {
            if !joined.is_empty() {
                joined.push(' ');
            }
            let start = joined.len();
            joined.extend(token.iter().map(|&b| char::from(b)));
            tokens.push((start, joined.len()));
        }
        Shingles { mac, joined, tokens }
    }

    /// The digests of all runs of `size` tokens; none for a size below 1.
    fn digests(&self, size: i64) -> HashSet<Digest> {
        let Some(size) = usize::try_from(size).ok().filter(|&n| n > 0) else { return HashSet::new() };
        self.tokens
            .windows(size.min(self.tokens.len() + 1))
            .map(|run| {
                let mut mac = self.mac.clone();
                mac.update(&self.joined.as_bytes()[run[0].0..run[size - 1].1]);
                let mut digest = Digest::default();
                digest.copy_from_slice(&mac.finalize().into_bytes()[..16]);
                digest
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;
    use crate::engine::Metadata;
    use crate::text::Prefilter;
    use crate::value::parse_json;

    const KEY: &str = "000102030405060708090a0b0c0d0e0f";
    const OTTO: &str = "You are Otto, a helper for Kiel Harbour. Stay calm & brief!";

    fn hex_digests(text: &str, size: i64) -> Vec<String> {
        let mac = key(KEY).unwrap();
        let digests = Shingles::new(&mac, &chars::lower(text)).digests(size);
        let mut hex: Vec<String> = digests.iter().map(|d| d.iter().map(|b| format!("{b:02x}")).collect()).collect();
        hex.sort();
        hex
    }

    fn rules(config: &str, text: &str, metadata: &str) -> Vec<String> {
        let (Value::Map(mut section), Value::Map(metadata)) =
            (parse_json(config).unwrap(), parse_json(metadata).unwrap())
        else {
            panic!("objects")
        };
        section.insert("fingerprint_key", Value::from(KEY));
        let detector = build(&section, &mut NeedleSet::new()).unwrap();
        let none = Prefilter::none();
        let request = Request { metadata: Metadata::from_map(metadata), ..Request::new(text, Stage::Output) };
        let finding = detector.inspect(&Text::new(text, &none), &request).unwrap();
        let rule = |h: &RuleHit| h.id.as_str().trim_start_matches("system_prompt_leakage.").to_owned();
        finding.hits.iter().map(rule).collect()
    }

    #[test]
    fn digests_are_the_references() {
        assert_eq!(hex_digests("one two three", 3), ["5504c19aac8902859dddb65b0a9bd0cb"]);
        assert_eq!(
            hex_digests(OTTO, 8),
            [
                "2156da5d5a243fd25f86d55403e1609e",
                "640bc0719b584724e86769fa94f69e5c",
                "654db840345baf83f991f2c40dbf58b3",
                "80dc7231272444c25814b57a3d70aa79",
            ]
        );
        assert!(
            hex_digests("Café \u{212A}EY No.42_a B-c d e f g h", 8)
                .contains(&"395cc718efe0583ba97ab9ae7ebcdded".to_owned())
        );
        assert!(hex_digests("one two", 3).is_empty() && hex_digests("one two", 0).is_empty());
    }

    #[test]
    fn two_shared_shingles_are_a_leak() {
        let config = r#"{"fingerprints": [5, {"hashes": ["2156da5d5a243fd25f86d55403e1609e", "640bc0719b584724e86769fa94f69e5c"], "kind": 5}]}"#;
        assert_eq!(rules(config, OTTO, "{}"), ["5_0"]);
        assert!(rules(config, "You are Otto, a helper for Kiel Harbour.", "{}").is_empty());
    }

    #[test]
    fn schemas_are_compared_as_sorted_json() {
        let metadata = r#"{"tools": [7, {"name": "book", "args": {"when": "a\nb", "n": 1.0}}]}"#;
        assert_eq!(rules("{}", "args n 1 0 when a nb name book", metadata), ["tool_schema_live_0"]);
        assert!(rules(r#"{"check_tool_schemas": ""}"#, "args n 1 0 when a nb name book", metadata).is_empty());
    }

    #[test]
    fn keys_are_pairs_of_hex_digits() {
        assert!(key(" 00 0A\t").is_some());
        assert!(["", "0 0", "0", "zz", "00\u{a0}00"].into_iter().all(|k| key(k).is_none()));
    }
}
