//! Finding the next byte that matters in a long run of bytes that do not.

/// Bytes tested at once: those of a vector register.
const STRIDE: usize = 16;

/// Length of the run of bytes at the start of `bytes` that are none of the `stops`.
///
/// `stops` must not branch (`|`, not `||`): then a stride is tested in a few vector instructions.
#[inline]
pub(crate) fn run_length(bytes: &[u8], stops: impl Fn(u8) -> bool) -> usize {
    let (strides, rest) = bytes.as_chunks::<STRIDE>();
    for (i, stride) in strides.iter().enumerate() {
        let hits = u128::from_le_bytes(stride.map(|b| u8::from(stops(b))));
        if hits != 0 {
            return i * STRIDE + hits.trailing_zeros() as usize / 8;
        }
    }
    let tail = bytes.len() - rest.len();
    tail + rest.iter().position(|&b| stops(b)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_ends_at_the_first_stop_wherever_that_is() {
        for len in 0..100 {
            for at in 0..=len {
                let mut bytes = vec![b'a'; len];
                bytes[at..].fill(b'!');
                assert_eq!(run_length(&bytes, |b| b == b'!'), at, "{len}");
            }
        }
    }
}
