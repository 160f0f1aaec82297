//! Finding the next byte that matters in a long run of bytes that do not.

use crate::blocks::{BLOCK, Block, bits};

/// The bytes that end a run: those named, and all below a bound.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stops<const N: usize> {
    pub bytes: [u8; N],
    pub below: u8,
}

/// Bytes among which a stop is looked for at once.
const WORD: usize = 8;

const ONES: u64 = u64::from_ne_bytes([1; WORD]);
const HIGH: u64 = u64::from_ne_bytes([0x80; WORD]);

impl<const N: usize> Stops<N> {
    /// Length of the run of bytes at the start of `bytes` that are no stops.
    #[inline]
    pub fn run_length(self, bytes: &[u8]) -> usize {
        let mut at = 0;
        for block in bytes.as_chunks::<BLOCK>().0 {
            let stops = self.places(block);
            if stops != 0 {
                return at + stops.trailing_zeros() as usize;
            }
            at += BLOCK;
        }
        for word in bytes[at..].as_chunks::<WORD>().0 {
            let hits = self.hits(u64::from_le_bytes(*word));
            if hits != 0 {
                return at + hits.trailing_zeros() as usize / 8;
            }
            at += WORD;
        }
        match bytes.last_chunk::<WORD>() {
            // No stop stands before `at`.
            Some(last) if at < bytes.len() => match self.hits(u64::from_le_bytes(*last)) {
                0 => bytes.len(),
                hits => bytes.len() - WORD + hits.trailing_zeros() as usize / 8,
            },
            _ => at + bytes[at..].iter().position(|&b| self.has(b)).unwrap_or(bytes.len() - at),
        }
    }

    /// A bit for each place of a block where a stop stands.
    #[inline]
    pub fn places(self, block: &Block) -> u64 {
        bits(|at| self.has(block[at]))
    }

    fn has(self, byte: u8) -> bool {
        self.bytes.iter().fold(byte < self.below, |hit, &stop| hit | (byte == stop))
    }

    /// The lowest byte with its highest bit set is where the first stop stands; zero when there is none. (A byte above a
    /// zero byte may look like one to the subtraction's borrow, which is why only the lowest counts.)
    fn hits(self, word: u64) -> u64 {
        let zero_bytes = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
        let below = word.wrapping_sub(ONES * u64::from(self.below)) & !word & HIGH;
        self.bytes.iter().fold(below, |hits, &stop| hits | zero_bytes(word ^ (ONES * u64::from(stop))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_ends_at_the_first_stop_wherever_that_is() {
        let stops = Stops { bytes: [b'"', b'\\', 0xF4], below: 0x20 };
        for stop in [b'"', b'\\', 0xF4, 0, 0x1F] {
            for len in 0..100 {
                for at in 0..=len {
                    let mut bytes = vec![b'a'; len];
                    bytes[at..].fill(stop);
                    assert_eq!(stops.run_length(&bytes), at, "{stop} {len}");
                }
            }
        }
    }

    #[test]
    fn no_other_byte_ends_a_run() {
        let stops = Stops { bytes: [b'"', b'\\'], below: 0x20 };
        let others: Vec<u8> = (0x20..=0xFF).filter(|b| !stops.bytes.contains(b)).collect();
        for start in 0..40 {
            assert_eq!(stops.run_length(&others[start..]), others.len() - start);
        }
        assert_eq!(Stops { bytes: [b','], below: 0 }.run_length(&[0; 50]), 50);
    }
}
