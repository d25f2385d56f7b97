//! A picture of scores as SVG: their histogram, and the strangest examples as bars.
//!
//! - [`ScoresFigure`]: what is drawn, and the whole picture
//! - `histogram`: scores counted, and the range of them that is shown; `axis`: round numbers along it
//! - `chart`, `legend`, `strangest`: the parts of the picture; `layout`: where they stand; `markup`: elements of SVG

mod axis;
mod chart;
mod figure;
mod histogram;
mod layout;
mod legend;
mod markup;
mod strangest;

pub use figure::ScoresFigure;
pub use strangest::StrangeExample;

#[cfg(test)]
mod tests;
