//! Charts, drawn by kuva.
//!
//! - [`Chart`]: written as SVG, or as a page
//! - [`ScoresFigure`]: scores and the strangest examples; `histogram`: scores counted, and the range of them that is shown
//! - [`losses`](losses()), [`losses_of`]: the losses of a training run, of several
//! - [`codes`](codes()): codes as points
//! - `words`: texts as kuva takes them

mod chart;
mod codes;
mod histogram;
mod losses;
mod scores;
mod words;

pub use chart::Chart;
pub use codes::codes;
pub use losses::{losses, losses_of};
pub use scores::{ScoresFigure, StrangeExample};

#[cfg(test)]
mod tests;
