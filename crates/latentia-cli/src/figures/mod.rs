//! Pictures for people to look at.
//!
//! - [`Picture`]: written as PNG
//! - [`grid`], [`comparison`], [`exact`]: examples as tiles on a sheet
//! - [`picture_of`], [`pairs`](pairs()): examples above what a model makes of them
//! - [`Colours`], [`heat`]: the colours of pixels

mod colours;
mod pairs;
mod picture;
mod sheet;
mod tile;

pub use colours::{Colours, heat};
pub use pairs::{pairs, picture_of};
pub use picture::Picture;
pub use sheet::{COLUMNS, comparison, exact, grid};

#[cfg(test)]
mod tests;
