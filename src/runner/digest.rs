//! The dataset's hash: over what is evaluated, not over the file, so that a compressed or reordered-column copy of a
//! dataset is the same dataset.

use crate::dataset::{Sample, Subject};
use crate::value::{Value, canonical_json};
use sha2::{Digest, Sha256};

/// SHA-256 over everything of a sample that can change its verdict or its figures.
#[must_use]
pub fn sample_digest(sample: &Sample<'_>) -> [u8; 32] {
    let mut hash = Fields::new();
    hash.field(Some(&sample.id));
    hash.field(Some(sample.context.name()));
    hash.field(Some(&sample.text));
    hash.field(sample.expected_decision.map(|d| d.name()));
    match &sample.expected_rule_hits {
        None => hash.field(None),
        Some(ids) => {
            hash.number(ids.len() as u64);
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

/// The hash of many fields, most of them short: these are collected before they are hashed.
struct Fields {
    hash: Sha256,
    pending: [u8; 256],
    len: usize,
}

impl Fields {
    fn new() -> Self {
        Fields { hash: Sha256::new(), pending: [0; 256], len: 0 }
    }

    #[inline]
    fn add(&mut self, bytes: &[u8]) {
        if let Some(room) = self.pending.get_mut(self.len..self.len + bytes.len()) {
            room.copy_from_slice(bytes);
            self.len += bytes.len();
            return;
        }
        self.hash.update(&self.pending[..self.len]);
        self.len = 0;
        self.hash.update(bytes);
    }

    #[inline]
    fn number(&mut self, number: u64) {
        match self.pending.get_mut(self.len..).and_then(<[u8]>::first_chunk_mut) {
            Some(room) => {
                *room = number.to_le_bytes();
                self.len += room.len();
            }
            None => self.add(&number.to_le_bytes()),
        }
    }

    fn finish(mut self) -> [u8; 32] {
        self.hash.update(&self.pending[..self.len]);
        self.hash.finalize().into()
    }

    /// Length first, so that no two lists of fields look alike; an absent one has a length that no text has.
    fn field(&mut self, text: Option<&str>) {
        self.number(text.map_or(u64::MAX, |t| t.len() as u64));
        if let Some(text) = text {
            self.add(text.as_bytes());
        }
    }

    /// JSON without the blanks between its tokens, which differ from file to file. No length can stand before it; the
    /// end is told by a byte that no JSON has.
    fn json(&mut self, text: Option<&str>) {
        let bytes = text.unwrap_or("null").as_bytes();
        let (mut start, mut at, mut quoted) = (0, 0, false);
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'"' => quoted = !quoted,
                b'\\' if quoted => at += 1,
                b' ' | b'\t' | b'\n' | b'\r' if !quoted => {
                    self.add(&bytes[start..at]);
                    start = at + 1;
                }
                _ => {}
            }
            at += 1;
        }
        self.add(&bytes[start..]);
        self.add(&[0]);
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
            let mut fields = Fields::new();
            fields.json(Some(json));
            fields.finish()
        };
        assert_eq!(digest(r#"{"a":[1,"x y"],"b\"":2}"#), digest("{\"a\": [1,\n \"x y\"],\t\"b\\\"\": 2}"));
        assert_ne!(digest(r#"{"a":"x y"}"#), digest(r#"{"a":"xy"}"#));
        assert_ne!(digest(r#"{"a":"\" "}"#), digest(r#"{"a":"\""}"#));
    }

    #[test]
    fn fields_are_hashed_in_order_however_long_they_are() {
        for lengths in [[0, 3, 250], [255, 1, 1], [256, 0, 9], [3, 1000, 3], [1000, 255, 256]] {
            let fields = lengths.map(|len| "x".repeat(len));
            let (mut collected, mut whole) = (Fields::new(), Sha256::new());
            for field in &fields {
                collected.field(Some(field));
                whole.update((field.len() as u64).to_le_bytes());
                whole.update(field);
            }
            assert_eq!(collected.finish(), <[u8; 32]>::from(whole.finalize()), "{lengths:?}");
        }
    }
}
