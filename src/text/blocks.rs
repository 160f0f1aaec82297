//! Texts taken 64 bytes at a time, as sets of bits: loops over them branch on what is found, not on bytes.

/// Bytes taken together.
pub const BLOCK: usize = 64;

/// A block of bytes.
pub type Block = [u8; BLOCK];

/// Hands over the blocks of a text from the first byte on, with the place of each; zeros stand behind the text.
pub fn each_block(text: &[u8], mut take: impl FnMut(usize, &Block)) {
    let (blocks, rest) = text.as_chunks();
    for (i, block) in blocks.iter().enumerate() {
        take(i * BLOCK, block);
    }
    take(text.len() - rest.len(), &block_at(text, text.len() - rest.len()));
}

/// The block that begins at a place; zeros stand behind the text.
#[must_use]
#[inline]
pub fn block_at(text: &[u8], at: usize) -> Block {
    let rest = text.get(at..).unwrap_or_default();
    rest.first_chunk().copied().unwrap_or_else(|| {
        let mut block = [0; BLOCK];
        block[..rest.len()].copy_from_slice(rest);
        block
    })
}

/// A bit for each place in a block, the first the lowest: whether `holds` there. Without branches in it the compiler
/// asks for many places at once.
#[must_use]
#[inline(always)]
pub fn bits(holds: impl Fn(usize) -> bool) -> u64 {
    /// Moves the lowest bits of eight bytes into the highest byte, in order.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let mut marks = [0; BLOCK];
    for (at, mark) in marks.iter_mut().enumerate() {
        *mark = u8::from(holds(at));
    }
    let (eights, _) = marks.as_chunks::<8>();
    let byte_of = |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56;
    eights.iter().rev().fold(0, |bits, eight| bits << 8 | byte_of(eight))
}

/// The places of the bits that are set, in order.
pub fn places(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
        bits &= bits - 1;
        Some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_a_text_and_zeros_follow() {
        for len in [0, 1, 63, 64, 65, 128, 200] {
            let text: Vec<u8> = (0..len).map(|i| i as u8 + 1).collect();
            let mut seen = Vec::<u8>::new();
            each_block(&text, |at, block| {
                assert_eq!(at, seen.len());
                assert_eq!(*block, block_at(&text, at));
                seen.extend(block);
            });
            assert!(seen.len() >= len && seen.len() < len + 2 * BLOCK);
            assert_eq!(seen[..len], text);
            assert!(seen[len..].iter().all(|&b| b == 0));
        }
        assert_eq!(block_at(b"abc", 5), [0; BLOCK]);
    }

    #[test]
    fn bits_stand_where_it_holds() {
        let wanted = [0, 1, 7, 8, 31, 62, 63];
        let set = bits(|at| wanted.contains(&at));
        assert_eq!(places(set).collect::<Vec<_>>(), wanted);
        assert_eq!(places(bits(|_| true)).count(), BLOCK);
        assert_eq!(bits(|_| false), 0);
    }
}
