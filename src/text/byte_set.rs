//! Sets of bytes.

use crate::blocks::places;
use regex_syntax::hir::ClassBytes;

/// A bit for each byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ByteSet([u64; 4]);

impl ByteSet {
    /// Adds one.
    pub fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    /// These and others.
    pub fn with(mut self, others: ByteSet) -> Self {
        self.0.iter_mut().zip(others.0).for_each(|(own, others)| *own |= others);
        self
    }

    /// From the smallest to the greatest.
    #[allow(clippy::cast_possible_truncation)] // Of 64 places.
    pub fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        [0, 64, 128, 192].into_iter().zip(self.0).flat_map(|(first, set)| places(set).map(move |at| at as u8 | first))
    }

    /// Whether a byte is one of them.
    #[inline]
    pub fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }
}

impl From<u8> for ByteSet {
    fn from(byte: u8) -> Self {
        let mut set = ByteSet::default();
        set.insert(byte);
        set
    }
}

impl From<&ClassBytes> for ByteSet {
    fn from(class: &ClassBytes) -> Self {
        let mut set = ByteSet::default();
        class.iter().flat_map(|range| range.start()..=range.end()).for_each(|byte| set.insert(byte));
        set
    }
}
