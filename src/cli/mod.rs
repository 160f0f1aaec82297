//! The subcommands, one file each.

pub mod compare;
pub mod lint;
