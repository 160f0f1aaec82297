//! Reports of runs and comparisons, one file a format.

pub mod compare;
mod compare_markdown;
mod compare_table;
pub mod style;
