//! What detectors share about text: its views, Python's character rules, patterns, and the prefilter.

/// A table of what an expression of a byte is for each byte, computed by the compiler: for loops over whole texts.
macro_rules! byte_table {
    ($b:ident => $value:expr) => {{
        let mut table = [{
            let $b = 0u8;
            $value
        }; 256];
        let mut at = 1;
        while at < 256 {
            #[allow(clippy::cast_possible_truncation)]
            let $b = at as u8;
            table[at] = $value;
            at += 1;
        }
        table
    }};
}
pub(crate) use byte_table;

pub mod blank_words;
mod byte_set;
pub mod caseless;
pub mod chars;
pub mod checksums;
mod edges;
pub mod fold;
mod frequency;
pub mod gates;
pub mod grammar;
pub mod hash;
mod joints;
pub mod letters;
pub mod literals;
mod needle_words;
pub mod needles;
pub mod normalize;
mod occurrence;
pub mod pattern;
pub mod phrase;
pub mod python_regex;
pub mod redact;
pub mod runs;
pub mod search;
pub mod span;
pub mod term;
pub mod token;
mod unicode14;
mod view;
mod word_bytes;
mod word_cache;
pub mod word_table;
pub mod words;

pub use gates::{Gate, GateList, GateRun};
pub use needles::{NeedleSet, Prefilter};
pub use pattern::{CasedPattern, FoldedPattern, compiled_patterns};
pub use python_regex::{PythonRegex, PythonRegexError};
pub use span::{ByteSpan, CharSpan};
pub use token::TokenPattern;
pub use view::{LONG_RUN, Shape, Text};
