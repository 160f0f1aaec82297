//! Finding the next byte that matters in a long run of bytes that do not.

/// Bytes tested at once.
const STRIDE: usize = 32;

/// Length of the run of bytes at the start of `bytes` that are none of the `stops`.
///
/// `stops` must not branch (`|`, not `||`): then a stride is tested in a few vector instructions, and only the one with
/// a hit byte by byte.
#[inline]
pub(crate) fn run_length(bytes: &[u8], stops: impl Fn(u8) -> bool) -> usize {
    let mut at = 0;
    for stride in bytes.chunks_exact(STRIDE) {
        if stride.iter().fold(false, |any, &b| any | stops(b)) {
            break;
        }
        at += STRIDE;
    }
    at + bytes[at..].iter().position(|&b| stops(b)).unwrap_or(bytes.len() - at)
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
