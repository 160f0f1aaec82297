//! A quick hash for tables whose keys are ours or the policy's.
//!
//! Not for tables that texts fill without bound: whoever knows the function can make keys collide.

use std::hash::{BuildHasherDefault, Hasher};

/// Builds [`QuickHasher`]s, for `HashMap` and `HashSet`.
pub type QuickHash = BuildHasherDefault<QuickHasher>;

/// Multiplies and folds, eight bytes at a time.
#[derive(Clone, Copy, Debug, Default)]
pub struct QuickHasher(u64);

impl Hasher for QuickHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        let tail = rest.iter().fold(rest.len() as u64, |tail, &byte| tail << 8 | u64::from(byte));
        self.write_u64(tail);
    }

    fn write_u8(&mut self, n: u8) {
        self.write_u64(u64::from(n));
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }

    fn write_u64(&mut self, n: u64) {
        // The golden ratio in 64 bits: odd, and its bits are well mixed.
        self.0 = (self.0 ^ n).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 ^= self.0 >> 32;
    }

    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::hash::BuildHasher;

    #[test]
    fn short_keys_do_not_collide() {
        let hash = QuickHash::default();
        let keys =
            (0..30_000u32).map(|i| format!("{i:x}")).chain(["", "\0", "\0\0", "abcdefgh", "abcdefg"].map(Into::into));
        let keys: Vec<String> = keys.collect();
        let hashes: HashSet<u64> = keys.iter().map(|k| hash.hash_one(k.as_str())).collect();
        assert_eq!(hashes.len(), keys.len());
    }
}
