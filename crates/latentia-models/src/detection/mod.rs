//! What a model finds unlikely, and what it looks for.

mod explanation;
mod scores;

pub use explanation::Filters;
