//! The detector `malicious_url`: URLs that are on a list, hide where they lead or imitate a known host; data URIs.
//!
//! | file | what |
//! |---|---|
//! | `find` | where the URLs are |
//! | `host` | the host of a URL, lists of hosts, look-alikes |
//! | `redact` | the text without its URLs |
//!
//! The checks of a host are in [`MaliciousUrl::check`], in the order of their hits.

mod find;
pub(crate) mod host;
mod redact;

use super::vocabulary::read;
use crate::api::{Decision, Severity};
use crate::engine::{Detector, EvalError, Finding, Request, RuleHit, TextSet, number_or, text_set, truthy_or};
use crate::text::{Gate, NeedleSet, Text};
use crate::value::{Map, Value};
use host::{HostList, LookAlikes};

const VOCABULARY: &str = include_str!("vocabulary.json");

struct MaliciousUrl {
    decision: Decision,
    gate: Gate,
    blocklist: HostList,
    allowlist: HostList,
    shorteners: HostList,
    suspicious_tlds: TextSet,
    look_alikes: LookAlikes,
    /// Popular domains that are no text fail where a host is compared with them.
    odd_popular: bool,
    blocks_ip: bool,
    blocks_shorteners: bool,
    checks_data: bool,
    max_depth: Result<f64, EvalError>,
}

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When one of the lists is none.
pub fn build(section: &Map, needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    let vocabulary = read(VOCABULARY)?;
    let built_in = |key: &str| {
        let items = vocabulary.get(key).and_then(Value::as_list).unwrap_or_default();
        let texts = items.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        TextSet { texts, has_others: false }
    };
    let hosts = |key| Ok::<_, EvalError>(HostList::new(text_set(section, key)?.unwrap_or_default().texts));
    let popular = text_set(section, "popular_domains")?.unwrap_or_else(|| built_in("popular_domains"));
    let homoglyphs = vocabulary.get("homoglyphs_by_code_point").and_then(Value::as_map);
    let homoglyphs = homoglyphs.into_iter().flat_map(Map::text_entries).filter_map(|(point, letters)| {
        let c = u32::from_str_radix(point, 16).ok().and_then(char::from_u32)?;
        Some((c, letters.as_str()?.to_owned()))
    });
    Ok(Box::new(MaliciousUrl {
        decision: match section.get("action").and_then(Value::as_str) {
            Some("REDACT") => Decision::Redact,
            Some("BLOCK") => Decision::Block,
            _ => Decision::Warn,
        },
        gate: needles.gate(["//", "data:"]),
        blocklist: hosts("domain_blocklist")?,
        allowlist: hosts("domain_allowlist")?,
        shorteners: HostList::new(built_in("shorteners").texts),
        suspicious_tlds: text_set(section, "suspicious_tlds")?.unwrap_or_else(|| built_in("suspicious_tlds")),
        look_alikes: LookAlikes { popular: popular.texts, homoglyphs: homoglyphs.collect() },
        odd_popular: popular.has_others,
        blocks_ip: truthy_or(section, "block_ip_urls", true),
        blocks_shorteners: truthy_or(section, "block_shorteners", true),
        checks_data: truthy_or(section, "check_data_uris", true),
        max_depth: number_or(section, "max_subdomain_depth", 3.0),
    }))
}

impl MaliciousUrl {
    fn check(&self, host: &str, hits: &mut Vec<RuleHit>) -> Result<(), EvalError> {
        let mut hit = |id: &'static str, severity| hits.push(RuleHit::new(id, severity));
        if self.allowlist.has(host) {
            return Ok(());
        }
        if self.blocklist.has(host) {
            hit("url.blocklisted", Severity::High);
            return Ok(());
        }
        if self.blocks_ip && host::is_ip(host) {
            hit("url.ip_based", Severity::Medium);
        }
        if self.blocks_shorteners && self.shorteners.has(host) {
            hit("url.shortener", Severity::Medium);
        }
        if self.suspicious_tlds.texts.iter().any(|tld| host.ends_with(tld.as_str())) {
            hit("url.suspicious_tld", Severity::Low);
        } else if self.suspicious_tlds.has_others {
            return Err(EvalError::new("`suspicious_tlds` holds something that is no text"));
        }
        if host.split('.').any(|label| label.starts_with("xn--")) {
            hit("url.punycode", Severity::Medium);
        }
        if self.look_alikes.imitates(host) {
            hit("url.homoglyph", Severity::High);
        } else if self.odd_popular {
            return Err(EvalError::new("`popular_domains` holds something that is no text"));
        }
        #[allow(clippy::cast_precision_loss)]
        let labels = host.split('.').count() as f64;
        if labels > self.max_depth.clone()? + 2.0 {
            hit("url.excessive_subdomains", Severity::Medium);
        }
        Ok(())
    }
}

impl Detector for MaliciousUrl {
    fn inspect(&self, text: &Text<'_>, _request: &Request<'_>) -> Result<Finding, EvalError> {
        if !text.is_open(self.gate) {
            return Ok(Finding::clean());
        }
        let mut hits = Vec::new();
        let mut spans = Vec::new();
        for url in find::urls(text) {
            let span = text.bytes(url.span);
            spans.push(span);
            if url.is_data {
                if self.checks_data {
                    hits.push(RuleHit::new("url.data_uri", Severity::High));
                }
            } else if let Some(host) = host::host(span.of(text.raw())) {
                self.check(&host, &mut hits)?;
            }
        }
        if hits.is_empty() {
            return Ok(Finding::clean());
        }
        let mut finding = Finding::of(self.decision, hits);
        if self.decision == Decision::Redact {
            finding.sanitized = Some(redact::redact(text.raw(), &spans));
        }
        Ok(finding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Stage;
    use crate::value::parse_json;

    fn inspect(config: &str, text: &str) -> Result<Finding, EvalError> {
        let Ok(Value::Map(section)) = parse_json(config) else { panic!("{config}") };
        let mut needles = NeedleSet::new();
        let detector = build(&section, &mut needles)?;
        let prefilter = needles.build();
        detector.inspect(&Text::new(text, &prefilter), &Request::new(text, Stage::Input))
    }

    fn rules(config: &str, text: &str) -> Vec<String> {
        inspect(config, text).unwrap().hits.iter().map(|h| h.id.as_str()["url.".len()..].to_owned()).collect()
    }

    #[test]
    fn each_check_has_its_rule() {
        for (text, rule) in [
            ("http://1.2.3.4/", "ip_based"),
            ("http://x.bit.ly/", "shortener"),
            ("http://portal.tk", "suspicious_tld"),
            ("http://a.xn--b.de", "punycode"),
            ("http://paypa1.com", "homoglyph"),
            ("http://p\u{430}ypal.com", "homoglyph"),
            ("http://a.b.c.d.e.de", "excessive_subdomains"),
            ("metadata:x", "data_uri"),
        ] {
            assert_eq!(rules("{}", text), [rule], "{text}");
        }
        assert_eq!(rules("{}", "http://example.org/1.2.3.4 https://bit.ly. google.co.uk"), Vec::<String>::new());
    }

    #[test]
    fn the_allowlist_wins_over_the_blocklist_over_the_rest() {
        let config = r#"{"domain_blocklist": ["bit.ly"], "domain_allowlist": ["ok.bit.ly"]}"#;
        assert_eq!(rules(config, "http://bit.ly http://ok.bit.ly http://bit.ly"), ["blocklisted", "blocklisted"]);
    }

    #[test]
    fn redaction_takes_all_urls_once_one_is_bad() {
        let finding = inspect(r#"{"action": "REDACT"}"#, "http://a.de http://b.tk").unwrap();
        assert_eq!(finding.decision, Some(Decision::Redact));
        assert_eq!(finding.sanitized.as_deref(), Some("[URL REDACTED] [URL REDACTED]"));
        assert_eq!(inspect(r#"{"action": "REDACT"}"#, "http://a.de").unwrap(), Finding::clean());
    }

    #[test]
    fn odd_lists_fail_where_the_reference_uses_them() {
        assert!(inspect(r#"{"domain_blocklist": null}"#, "x").is_err());
        assert!(inspect(r#"{"popular_domains": [[]]}"#, "x").is_err());
        assert!(inspect(r#"{"popular_domains": [5]}"#, "x").is_ok());
        assert!(inspect(r#"{"popular_domains": [5]}"#, "//x").is_err());
        assert!(inspect(r#"{"suspicious_tlds": [5, ".tk"]}"#, "//x.tk").is_ok());
        assert!(inspect(r#"{"max_subdomain_depth": null}"#, "//x").is_err());
        assert!(inspect(r#"{"max_subdomain_depth": null}"#, "data:x").is_ok());
    }
}
