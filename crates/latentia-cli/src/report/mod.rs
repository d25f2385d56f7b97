//! A model as a page: one file with all that it shows, the decoder among it, and no need of a network.
//!
//! - [`Report`]: what is shown; [`Report::page`]: the page, as large as it may be
//! - `contents`: what is in the page beside its arrays, as JSON; `arrays`: numbers as bytes
//! - `decoder`: the operations of the decoder, which the page's own JavaScript runs
//! - `codes`, `shown_examples`, `chain`, `epochs`, `quality`: parts of the contents, each gathered in one place
//! - `page`: HTML, CSS and JavaScript, the files in `page/`, as one text

mod arrays;
mod chain;
mod codes;
mod contents;
mod decoder;
mod epochs;
mod model_report;
mod page;
mod quality;
mod shown_examples;

pub use arrays::base64;
pub use model_report::{Report, Subject};
pub use page::Page;
