//! The znyx-bench command.
fn main() {}
