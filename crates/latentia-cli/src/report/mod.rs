//! A model as a page: one file with all that it shows, the decoder among it, and no need of a network.
//!
//! - [`Report`]: what is shown; [`Report::page`]: the page, as large as it may be
//! - [`Contents`](contents::Contents): what is in the page beside its arrays, as JSON; `arrays`: numbers as bytes
//! - `decoder`: the operations of the decoder, which the page's own JavaScript runs
//! - `codes`, `shown_examples`, `chain`, `quality`: parts of the contents, each gathered in one place
//! - `page`: HTML, CSS and JavaScript, the files in `page/`, as one text

mod arrays;
mod chain;
mod codes;
mod contents;
mod decoder;
mod page;
mod quality;
#[expect(clippy::module_inception, reason = "the folder is named after it")]
mod report;
mod shown_examples;

pub use page::Page;
pub use report::{Report, Subject};
