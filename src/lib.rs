//! Benchmark runner for guardrail policies.
//!
//! The library does everything and prints nothing; `main.rs` is a thin binary over it. Data moves one way: a dataset
//! and a policy go in, rows and a summary come out, reports and gates read those.

pub mod api;
pub mod blocks;
pub mod cli;
pub mod compare;
pub mod dataset;
pub mod detectors;
pub mod engine;
pub mod metrics;
pub mod policy;
pub mod report;
pub mod runner;
pub mod scorecard;
pub mod text;
pub mod value;
