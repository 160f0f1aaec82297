//! The scorecard of one detector over a labelled dataset, and the stamp that lets it enforce: the reference's own
//! `benchmark` command as far as it is deterministic.
//!
//! It reads policies and datasets by rules of its own, which are not those of `run`. No model is ever called: a
//! model-backed detector is measured on its deterministic layer and what its fallbacks make of it.

mod dataset;
mod edit;
mod locate;
mod measure;
mod stamp;
mod subject;

pub use dataset::{LabelledSample, SampleError, read_samples};
pub use edit::{Edited, StampError, write_stamp};
pub use measure::{Failed, Measurement, ScorecardReport, measure};
pub use stamp::Stamp;
pub use subject::{Step, Subject, SubjectError};
