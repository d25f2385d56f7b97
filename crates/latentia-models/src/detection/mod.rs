//! What a model finds unlikely, and what it looks for.

mod explanation;
mod score_quantiles;
mod scores;

pub use explanation::Filters;
pub use score_quantiles::ScoreQuantiles;
