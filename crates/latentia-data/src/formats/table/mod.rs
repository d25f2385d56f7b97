//! From rows of text to columns with names, kinds and gaps, whatever file they come from.
//!
//! ```text
//! Records ── first rows ──> guess ─┐
//!    │                             ├─> Plan ──> a ColumnReader each ── all rows ──> judge ──> Dataset
//!    └────── names ──> matching ───┘             (read again where a guess was wrong)
//! ```

mod column_reader;
mod extra_column;
mod guess;
mod judge;
mod matching;
mod notes;
mod plan;
mod read;
mod records;
mod row_parser;
mod times;
mod truth;

pub(crate) use read::read;
pub(crate) use records::{INDEX, NOT_UTF8, Records, parse_number};
pub(crate) use row_parser::RowParser;
pub use times::check_times;
#[cfg(feature = "parquet")]
pub(crate) use truth::{boolean, is_pair};
