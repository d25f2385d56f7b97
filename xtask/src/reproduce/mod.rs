//! `cargo xtask reproduce`: published results beside ours, by the program itself.

mod chart;
mod command;
mod denoising;
mod lossless;
mod lossy;
pub mod model;
mod preset;
mod probes;
mod samples;
mod series;

pub use command::run;
