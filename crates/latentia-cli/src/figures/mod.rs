//! Pictures for people to look at.
//!
//! - [`Picture`]: written as PNG
//! - [`Sheet`], [`exact`]: examples as tiles with words around them; `curves`: windows of series
//! - [`reconstruction_pairs`], [`above_each_other`]: examples above what a model makes of them; [`mixed`]: which examples
//! - [`bars`](bars()): columns of text, and a bar for each line
//! - [`Chart`]: [`ScoresFigure`], [`losses`](losses()), [`losses_of`], [`codes`](codes()), written as SVG
//! - [`PixelLayout`], [`heat_colour`]: the colours of pixels

mod bars;
mod charts;
mod curves;
mod layout;
mod pairs;
mod picture;
mod sheet;
mod text;
mod tile;

pub use bars::{BarLine, bars};
pub use charts::{Chart, ScoresFigure, StrangeExample, codes, losses, losses_of};
pub use layout::{PixelLayout, heat_colour};
pub use pairs::{above_each_other, mixed, reconstruction_pairs};
pub use picture::Picture;

pub use sheet::{COLUMNS, Sheet, exact};

#[cfg(test)]
mod tests;
