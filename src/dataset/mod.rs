//! Datasets: labelled texts in the formats that users have, read batch by batch in flat memory.
//!
//! A [`Reader`] cuts files into [`Batch`]es of unparsed rows; a [`RowReader`] turns a batch's rows into [`Sample`]s that
//! borrow from it, which is where the work is and what runs in parallel.

mod batch;
mod columns;
mod csv;
mod error;
mod json;
mod jsonl;
mod reader;
mod row;
mod sample;
mod suite;
mod typed;

pub use batch::{BATCH_BYTES, BATCH_ROWS, Batch, Line};
pub use columns::{Column, Columns, Labels};
pub use error::{BadRow, BadRows, DatasetError, LISTED_BAD_ROWS, Place};
pub use reader::{DatasetOptions, Format, Progress, Reader};
pub use row::RowReader;
pub use sample::{Context, Sample, SampleIdentity, Subject};
