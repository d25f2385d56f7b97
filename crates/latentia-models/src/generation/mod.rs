//! Codes that no example has, to decode.

mod code_sample;
mod component;
mod generate;
mod mixture;

pub use mixture::Mixture;
