//! Codes that no example has, to decode.

mod generate;
mod mixture;

pub use mixture::Mixture;
