//! Codes that no example has, to decode.

#[cfg(feature = "train")]
mod code_sample;
#[cfg(feature = "train")]
mod component;
mod generate;
#[cfg(feature = "train")]
mod imputation;
#[cfg(feature = "train")]
mod mixture;

#[cfg(feature = "train")]
pub use mixture::Mixture;
