//! Texts taken 64 bytes at a time, as sets of bits: loops over them branch on what is found, not on bytes.

use wide::u8x64;

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
    take(text.len() - rest.len(), window(rest, 0, &mut [0; BLOCK]));
}

/// Hands over where each run of certain bytes begins and ends, left to right. `members` gives a bit for each byte of a
/// block that belongs.
#[inline]
pub fn each_run(text: &[u8], members: impl Fn(&Block) -> u64, mut take: impl FnMut(usize, usize)) {
    let mut runs = Runs::default();
    each_block(text, |block_at, block| {
        runs.ended(block_at, members(block) & within(text, block_at), &mut take);
    });
}

/// The bits of a block's places that are in the text: the zeros behind it are not.
#[must_use]
#[inline]
pub fn within(text: &[u8], block_at: usize) -> u64 {
    let left = text.len() - block_at;
    if left < BLOCK { (1 << left) - 1 } else { u64::MAX }
}

/// A bit for each place of a block where a run begins or has ended, given the bits of its members. `open` is 1 when the last
/// run goes on into the block, else 0, and then tells so of the next.
#[must_use]
#[inline]
pub fn edges(members: u64, open: &mut u64) -> u64 {
    let edges = members ^ (members << 1 | *open);
    *open = members >> (BLOCK - 1);
    edges
}

/// Runs of bytes, found block by block.
#[derive(Debug, Default)]
pub struct Runs {
    /// Where the last one began.
    start: usize,
    /// 1 when it goes on, else 0.
    open: u64,
}

impl Runs {
    /// Hands over where the runs that end in the next block begin and end, left to right; `members` are the block's bits.
    #[inline]
    pub fn ended(&mut self, block_at: usize, members: u64, mut take: impl FnMut(usize, usize)) {
        let before = members << 1 | self.open;
        let (mut starts, mut ends) = (members & !before, before & !members);
        // Behind the block when no further run begins.
        let mut next_start = || {
            let start = block_at + starts.trailing_zeros() as usize;
            starts &= starts.wrapping_sub(1);
            start
        };
        let mut start = if self.open == 0 { next_start() } else { self.start };
        while ends != 0 {
            take(start, block_at + ends.trailing_zeros() as usize);
            ends &= ends - 1;
            start = next_start();
        }
        self.start = start;
        self.open = members >> (BLOCK - 1);
    }
}

/// Where runs of bytes begin and end, in turns, found block by block: as [`Runs`], for those who take many at once. They
/// are noted without a branch on where they are.
#[derive(Debug)]
pub struct Edges {
    /// Those so far; what stands behind them is of no interest.
    at: Box<[usize; Edges::ROOM]>,
    len: usize,
    /// 1 when the last run goes on, else 0.
    open: u64,
}

impl Default for Edges {
    fn default() -> Self {
        Edges { at: Box::new([0; Edges::ROOM]), len: 0, open: 0 }
    }
}

impl Edges {
    /// Edges that are enough to be taken together.
    const MANY: usize = 512;
    /// A block more, and the beginning of a run that goes on.
    const ROOM: usize = Edges::MANY + BLOCK + 1;
    /// Runs that have ended at most.
    pub const MOST_RUNS: usize = Edges::ROOM / 2;

    /// Notes those of the next block, of which `members` are the bits. There must not be [many](Self::are_many) yet.
    #[inline]
    pub fn note(&mut self, block_at: usize, members: u64) {
        /// As many as most blocks have, or half of them.
        const SOME: usize = 8;
        let mut edges = edges(members, &mut self.open);
        let count = edges.count_ones() as usize;
        for some in self.at[self.len..][..BLOCK].chunks_exact_mut(SOME).take(count.div_ceil(SOME)) {
            for at in some {
                *at = block_at + edges.trailing_zeros() as usize;
                edges &= edges.wrapping_sub(1);
            }
        }
        self.len += count;
    }

    /// Whether there are so many that the runs are to be taken now.
    #[must_use]
    #[inline]
    pub fn are_many(&self) -> bool {
        self.len >= Self::MANY
    }

    /// Where each run that has ended begins and ends, left to right.
    #[must_use]
    #[inline]
    pub fn runs(&self) -> &[[usize; 2]] {
        self.at[..self.len].as_chunks().0
    }

    /// Forgets the runs that have ended.
    #[inline]
    pub fn clear_runs(&mut self) {
        // Where the last one begins.
        self.at[0] = self.at[self.len.saturating_sub(1)];
        self.len %= 2;
    }

    /// Forgets everything, for another text.
    pub fn clear(&mut self) {
        (self.len, self.open) = (0, 0);
    }
}

/// How many bytes `holds` accepts: counted in bytes, of which the processor adds many at once.
#[must_use]
#[inline]
pub fn count(text: &[u8], holds: impl Fn(u8) -> bool) -> usize {
    /// A byte can hold the count of so many.
    const PIECE: usize = 3 * BLOCK;
    let of_piece = |piece: &[u8]| piece.iter().fold(0u8, |count, &b| count + u8::from(holds(b)));
    text.chunks(PIECE).map(|piece| usize::from(of_piece(piece))).sum()
}

/// Whether `holds` accepts `min` (at least 1, at most [`BLOCK`]) bytes together anywhere.
#[must_use]
#[inline]
pub fn has_run(text: &[u8], min: usize, holds: impl Fn(u8) -> bool) -> bool {
    let mut before = 0;
    let mut found = false;
    each_block(text, |at, block| {
        let members = bits(|at| holds(block[at])) & within(text, at);
        found |= before + members.trailing_ones() as usize >= min;
        before = if members == u64::MAX { before + BLOCK } else { members.leading_ones() as usize };
        // A bit for each place where so many begin; each time twice as many, or as many as are missing.
        let (mut begin, mut length) = (members, 1);
        while length < min {
            let more = length.min(min - length);
            begin &= begin >> more;
            length += more;
        }
        found |= begin != 0;
    });
    found
}

/// Whether `holds` accepts some byte: asked of many at once.
#[must_use]
#[inline]
pub fn any(text: &[u8], holds: impl Fn(u8) -> bool) -> bool {
    text.chunks(4 * BLOCK).any(|piece| piece.iter().fold(false, |any, &b| any | holds(b)))
}

/// The bytes from a place on; zeros stand behind the text. Most are the text's own; `room` is for those that are not.
#[must_use]
#[inline]
pub fn window<'t, const N: usize>(text: &'t [u8], at: usize, room: &'t mut [u8; N]) -> &'t [u8; N] {
    let rest = text.get(at..).unwrap_or_default();
    rest.first_chunk().unwrap_or_else(|| {
        let (here, behind) = room.split_at_mut(rest.len());
        here.copy_from_slice(rest);
        behind.fill(0);
        room
    })
}

/// The bytes around a place, from so many `before` it on; zeros stand before and behind the text. Most are the text's
/// own; `room` is for those that are not.
#[must_use]
#[inline]
pub fn around<'t, const N: usize>(text: &'t [u8], at: usize, before: usize, room: &'t mut [u8; N]) -> &'t [u8; N] {
    let own = at.checked_sub(before).and_then(|start| text.get(start..)).and_then(<[u8]>::first_chunk);
    own.unwrap_or_else(|| gathered(text, at, before, room))
}

#[cold]
fn gathered<'t, const N: usize>(text: &[u8], at: usize, before: usize, room: &'t mut [u8; N]) -> &'t [u8; N] {
    let missing = before.saturating_sub(at);
    let bytes = &text[(at + missing - before).min(text.len())..];
    let bytes = &bytes[..bytes.len().min(N - missing)];
    room.fill(0);
    room[missing..][..bytes.len()].copy_from_slice(bytes);
    room
}

/// A bit for each place in a block, the first the lowest: whether `holds` there. Without branches in it the compiler
/// asks for many places at once.
#[must_use]
#[inline(always)]
pub fn bits(holds: impl Fn(usize) -> bool) -> u64 {
    let mut marks = [0; BLOCK];
    for (at, mark) in marks.iter_mut().enumerate() {
        *mark = if holds(at) { u8::MAX } else { 0 };
    }
    u8x64::from(marks).to_bitmask()
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
                assert_eq!(block, window(&text, at, &mut [1; BLOCK]));
                seen.extend(block);
            });
            assert!(seen.len() >= len && seen.len() < len + 2 * BLOCK);
            assert_eq!(seen[..len], text);
            assert!(seen[len..].iter().all(|&b| b == 0));
        }
        assert_eq!(window(b"abc", 1, &mut [1; 4]), b"bc\0\0");
        assert_eq!(window(b"abc", 5, &mut [1; 4]), &[0; 4]);
    }

    #[test]
    fn zeros_stand_around_a_text() {
        let text: Vec<u8> = (1..=20).collect();
        for at in 0..24 {
            let mut room = [9; 8];
            let expected =
                std::array::from_fn(|i| (at + i).checked_sub(3).and_then(|at| text.get(at)).map_or(0, |&b| b));
            assert_eq!(around(&text, at, 3, &mut room), &expected, "{at}");
        }
        assert_eq!(around(b"", 0, 4, &mut [1; 8]), &[0; 8]);
    }

    #[test]
    fn runs_end_with_the_text_and_go_on_over_blocks() {
        let runs = |text: &[u8]| {
            let mut runs = Vec::new();
            each_run(text, |block| bits(|at| block[at] == b'x'), |start, end| runs.push((start, end)));
            runs
        };
        assert_eq!(runs(b""), []);
        let mut all = Vec::new();
        each_run(&[0; 70], |_| u64::MAX, |start, end| all.push((start, end)));
        assert_eq!(all, [(0, 70)]);
        for len in [1, 63, 64, 65, 200] {
            let text = [vec![b'x'; len], vec![b'-'], vec![b'x'; len]].concat();
            assert_eq!(runs(&text), [(0, len), (len + 1, 2 * len + 1)]);
        }
    }

    #[test]
    fn edges_are_where_runs_begin_and_end() {
        let mut edges = Edges::default();
        for len in [0, 1, 63, 64, 65, 200, 2000] {
            for step in [2, 3, 7, 64, 100] {
                let text: Vec<u8> = (0..len).map(|i| if i % step < step / 2 { b'x' } else { b'-' }).collect();
                let members = |block: &Block| bits(|at| block[at] == b'x');
                let (mut expected, mut found) = (Vec::new(), Vec::<[usize; 2]>::new());
                each_run(&text, members, |start, end| expected.push([start, end]));
                edges.clear();
                each_block(&text, |at, block| {
                    edges.note(at, members(block));
                    if edges.are_many() || at % 256 == 0 {
                        found.extend(edges.runs());
                        edges.clear_runs();
                    }
                });
                found.extend(edges.runs());
                assert_eq!(found, expected, "{len} {step}");
            }
        }
    }

    #[test]
    fn more_are_counted_than_a_byte_holds() {
        let text = [vec![b'x'; 300], vec![b'y'; 300]].concat();
        assert_eq!(count(&text, |b| b == b'x'), 300);
        assert_eq!(count(&text, |_| true), 600);
        assert_eq!(count(b"", |_| true), 0);
        assert!(any(&text, |b| b == b'y') && !any(&text, |b| b == b'z') && !any(b"", |_| true));
    }

    #[test]
    fn runs_of_a_length_are_found_wherever_they_stand() {
        for min in [1, 2, 5, 16, 63, 64] {
            for at in (0..140).step_by(7) {
                for len in [min - 1, min, min + 1] {
                    let text = [vec![b'-'; at], vec![b'x'; len], b"-x-".to_vec(), vec![b'-'; 150 - at]].concat();
                    assert_eq!(has_run(&text, min, |b| b == b'x'), len >= min || min == 1, "{min} {at} {len}");
                    assert_eq!(has_run(&text[..at + len], min, |b| b == b'x'), len >= min, "{min} {at} {len}");
                }
            }
        }
        assert!(has_run(&[b'x'; 300], 64, |b| b == b'x') && !has_run(b"", 1, |_| true));
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
