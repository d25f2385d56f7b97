//! Pictures for people to look at.
//!
//! - [`Picture`]: written as PNG
//! - [`grid`], [`comparison`], [`exact`]: examples as tiles on a sheet
//! - [`reconstruction_pairs`], [`above_each_other`]: examples above what a model makes of them
//! - [`curves`](curves()): windows of series
//! - [`bars`](bars()): columns of text, and a bar for each line
//! - [`ScoresFigure`]: scores and the strangest examples, as SVG
//! - [`PixelLayout`], [`heat_colour`]: the colours of pixels

mod bars;
mod curves;
mod layout;
mod pairs;
mod picture;
mod scores;
mod sheet;
mod text;
mod tile;

pub use bars::{BarLine, bars};
pub use curves::curves;
pub use layout::{PixelLayout, heat_colour};
pub use pairs::{above_each_other, reconstruction_pairs};
pub use picture::Picture;
pub use scores::{ScoresFigure, StrangeExample};
pub use sheet::{COLUMNS, comparison, exact, grid};

#[cfg(test)]
mod tests;
