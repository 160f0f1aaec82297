//! The dataset's hash: over what is evaluated, not over the file, so that a compressed or reordered-column copy of a
//! dataset is the same dataset.

use crate::dataset::{Sample, Subject};
use crate::value::{Value, canonical_json, run_length};
use sha2::{Digest, Sha256};

/// SHA-256 over everything of a sample that can change its verdict or its figures.
#[must_use]
pub fn sample_digest(sample: &Sample<'_>) -> [u8; 32] {
    let mut hash = Fields::default();
    hash.field(Some(&sample.id));
    hash.field(Some(sample.context.name()));
    hash.field(Some(&sample.text));
    hash.field(sample.expected_decision.map(|d| d.name()));
    match &sample.expected_rule_hits {
        None => hash.field(None),
        Some(ids) => {
            hash.bytes(&(ids.len() as u64).to_le_bytes());
            ids.iter().for_each(|id| hash.field(Some(id)));
        }
    }
    hash.json(sample.metadata.as_deref());
    if let Subject::Enriched(metadata) = &sample.subject {
        hash.field(Some(&canonical_json(&Value::Map(metadata.clone()))));
    }
    let identity = &sample.identity;
    for part in [&identity.tenant_id, &identity.app_id, &identity.agent_id, &identity.env, &identity.session_id] {
        hash.field(part.as_deref());
    }
    hash.finish()
}

/// Most fields have a few bytes: they are gathered, for the hash takes long to begin.
struct Fields {
    hash: Sha256,
    gathered: [u8; 256],
    len: usize,
}

impl Default for Fields {
    fn default() -> Self {
        Fields { hash: Sha256::new(), gathered: [0; 256], len: 0 }
    }
}

impl Fields {
    fn bytes(&mut self, bytes: &[u8]) {
        if self.len + bytes.len() > self.gathered.len() {
            self.hash.update(&self.gathered[..self.len]);
            self.len = 0;
        }
        if bytes.len() > self.gathered.len() {
            self.hash.update(bytes);
        } else {
            self.gathered[self.len..self.len + bytes.len()].copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }

    fn finish(mut self) -> [u8; 32] {
        self.hash.update(&self.gathered[..self.len]);
        self.hash.finalize().into()
    }

    /// Length first, so that no two lists of fields look alike; an absent one has a length that no text has.
    fn field(&mut self, text: Option<&str>) {
        self.bytes(&text.map_or(u64::MAX, |t| t.len() as u64).to_le_bytes());
        self.bytes(text.unwrap_or("").as_bytes());
    }

    /// JSON without the blanks between its tokens, which differ from file to file. No length can stand before it; the
    /// end is told by a byte that no JSON has.
    fn json(&mut self, text: Option<&str>) {
        let blank = |b: u8| (b == b' ') | (b == b'\t') | (b == b'\n') | (b == b'\r');
        let mut rest = text.unwrap_or("null").as_bytes();
        let mut quoted = false;
        while !rest.is_empty() {
            let run = match quoted {
                true => run_length(rest, |b| (b == b'"') | (b == b'\\')),
                false => run_length(rest, |b| (b == b'"') | blank(b)),
            };
            let kept = match rest.get(run) {
                Some(b'"') => {
                    quoted = !quoted;
                    run + 1
                }
                Some(b'\\') => rest.len().min(run + 2),
                _ => run,
            };
            self.bytes(&rest[..kept]);
            rest = &rest[kept..];
            let blanks = if quoted { 0 } else { rest.iter().take_while(|b| blank(**b)).count() };
            rest = &rest[blanks..];
        }
        self.bytes(&[0]);
    }
}

/// Joins the samples' digests, in dataset order.
#[derive(Clone, Debug, Default)]
pub struct DatasetHash(Sha256);

impl DatasetHash {
    /// Adds the digests of consecutive samples.
    pub fn add(&mut self, digests: &[[u8; 32]]) {
        digests.iter().for_each(|d| self.0.update(d));
    }

    /// `sha256:` and the hash in hexadecimal.
    #[must_use]
    pub fn finish(self) -> String {
        tagged(self.0)
    }
}

/// `sha256:` and the hash of a text in hexadecimal.
#[must_use]
pub fn sha256_of(text: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(text.as_bytes());
    tagged(hash)
}

fn tagged(hash: Sha256) -> String {
    use std::fmt::Write as _;
    hash.finalize().iter().fold(String::from("sha256:"), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_between_tokens_do_not_count_and_those_in_strings_do() {
        let digest = |json: &str| {
            let mut fields = Fields::default();
            fields.json(Some(json));
            fields.finish()
        };
        assert_eq!(digest(r#"{"a":[1,"x y"],"b\"":2}"#), digest("{\"a\": [1,\n \"x y\"],\t\"b\\\"\": 2}"));
        assert_ne!(digest(r#"{"a":"x y"}"#), digest(r#"{"a":"xy"}"#));
        assert_ne!(digest(r#"{"a":"\" "}"#), digest(r#"{"a":"\""}"#));
    }
}
